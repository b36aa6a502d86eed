/* What every fuzz target of rules asks of a rule that was taken. */
#pragma once

#include "base/str.h"
#include "time/rule.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* The first byte says with which policies, the rest is a text, owned by the caller. */
static inline char *policies_and_text(
	const uint8_t *data, size_t size, struct rule_options *ret_options)
{
	static const char *const starts[] = {NULL, "2026-01-31T02:30", "2026-04-24T00:30:00Z"};

	*ret_options = (struct rule_options){.start = starts[data[0] % 3],
		.short_month = (enum short_month)(data[0] / 3 % 3),
		.dst_overlap = (enum dst_overlap)(data[0] / 9 % 3),
		.dst_gap = data[0] & 64 ? DST_GAP_SKIP : DST_GAP_AFTER};
	return str_new_n((const char *)data + 1, size - 1);
}

/* Ten slots rise strictly and are the slots their local times name. */
static void rule_walk(const struct rule *rule, const struct zone *zone, int64_t after)
{
	const struct zone *shown = rule_own_zone(rule) ? rule_own_zone(rule) : zone;
	struct slot slot;

	for (int i = 0; i < 10 && rule_next(rule, zone, NULL, after, &slot); i++) {
		int64_t local = zone_to_local(shown, slot.utc, NULL), first, second;

		FUZZ_CHECK(slot.utc > after);
		if (rule_is_elapsed(rule))
			FUZZ_CHECK(slot.local == slot.utc);
		else if (zone_to_utc(shown, slot.local, &first, &second) == ZONE_GAP)
			FUZZ_CHECK(slot.utc == first);
		else
			FUZZ_CHECK(slot.local == local);
		after = slot.utc;
	}
}

static void rule_fuzz(enum rule_form form, const char *text, const struct rule_options *options)
{
	static struct zone *zone;
	struct rule_error error = {.column = -1};
	struct rule *rule, *again;
	char *written;

	if (!zone && zone_load("Africa/Cairo", &zone) < 0)
		abort();
	if (rule_parse(form, text, options, &rule, &error) < 0) {
		FUZZ_CHECK(error.column >= 0 && error.column <= (int)strlen(text) + 1);
		FUZZ_CHECK(error.message[0]);
		return;
	}
	rule_walk(rule, zone, INT64_MIN);
	rule_walk(rule, zone, 1777000000);
	written = rule_write(rule);
	FUZZ_CHECK(rule_parse(form, written, options, &again, &error) == 0);
	FUZZ_CHECK(rule_equal(rule, again));
	free(written);
	rule_unref(again);
	rule_unref(rule);
}
