/* RRULE of a calendar file as one of our rules. UNTIL is kept apart, because it may be in another
 * zone than the rule, and FREQ is put first. Hostile rules are bounded: COUNT and BYSETPOS, which
 * cost more than one look, are paid from the work of the file. */
#include "time/ical.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	RULE_LEN_MAX = 4000,
	TIMES_MAX = 24, /* in one day */
	POSITIONS_COST_MONTH = 3000,
	POSITIONS_COST_YEAR = 1000,
};

static bool part_is(const char *at, const char *name)
{
	return strncasecmp(at, name, strlen(name)) == 0;
}

/* What is wrong with UNTIL, or NULL. */
static const char *until_take(const char *at, struct ical_rule *rule)
{
	struct ical_time until;
	int r = ical_time_take(&at, &until, &rule->until_is_utc);

	if (r < 0 || (*at && *at != ';'))
		return "UNTIL must be a time that exists, such as 20261224T180000Z";
	rule->until = until.is_date ? until.local + DAY_S - 1 : until.local;
	return NULL;
}

/* Rules that have to be walked for their answers. */
static const char *work_pay(struct ical *ical, const char *freq, int count, bool positions)
{
	int64_t cost = count;

	if (positions && part_is(freq, "YEARLY"))
		cost += POSITIONS_COST_YEAR;
	else if (positions && part_is(freq, "MONTHLY"))
		cost += POSITIONS_COST_MONTH;
	else if (positions)
		return "BYSETPOS belongs to MONTHLY and YEARLY here";
	if (cost > ical->work)
		return "too many long rules in one file";
	ical->work -= cost;
	return NULL;
}

/* The text as rule_parse() wants it; what is wrong, or NULL. */
static const char *rule_rewrite(
	struct ical *ical, const char *text, char out[RULE_LEN_MAX + 16], struct ical_rule *rule)
{
	const char *freq = NULL, *wrong = NULL;
	int count = 0;
	bool positions = false;
	size_t used = 0;

	if (strlen(text) > RULE_LEN_MAX)
		return "it is longer than 4000 bytes";
	for (const char *at = text; at && !wrong; at = strchr(at, ';')) {
		size_t len;
		const char *digits;

		at += *at == ';';
		len = strcspn(at, ";");
		if (part_is(at, "FREQ=") && !freq) {
			freq = at + 5;
			continue;
		}
		if (part_is(at, "UNTIL=")) {
			wrong = until_take(at + 6, rule);
			continue;
		}
		if (part_is(at, "COUNT=")) {
			digits = at + 6;
			if (!scan_number(&digits, &count))
				count = INT_MAX;
		}
		positions |= part_is(at, "BYSETPOS=");
		if (len)
			used += (size_t)sprintf(out + used, ";%.*s", (int)len, at);
	}
	if (!wrong)
		wrong = freq ? work_pay(ical, freq, count, positions) : "FREQ is missing";
	if (!wrong) {
		size_t len = strcspn(freq, ";");

		memmove(out + 5 + len, out, used + 1);
		memcpy(out, "FREQ=", 5);
		memcpy(out + 5, freq, len);
		out[5 + len + used] = '\0';
	}
	return wrong;
}

bool ical_rule_parse(
	struct ical *ical, int line, const char *text, int64_t start, struct ical_rule *ret)
{
	char rewritten[RULE_LEN_MAX + 16], start_text[CIVIL_TEXT];
	const struct rule_options options = {.start = start_text};
	struct ical_rule rule = {.until = INT64_MAX};
	struct rule_error error = {0};
	char shown[sizeof(error.message)];
	const char *wrong = rule_rewrite(ical, text, rewritten, &rule);

	local_write(start, start_text);
	if (!wrong && start < LOCAL_FIRST && strcasestr(text, "COUNT="))
		wrong = "COUNT is not counted from before 1970";
	if (!wrong && rule_parse(RULE_RRULE, rewritten, &options, &rule.rule, &error) < 0) {
		ical_name_clean(error.message, shown, sizeof(shown));
		wrong = shown;
	}
	if (!wrong && rule.rule->n_times > TIMES_MAX) {
		rule_unref(rule.rule);
		wrong = "it has more than 24 times a day";
	}
	if (wrong) {
		ical_warn(ical, ICAL_BAD_RULE, line,
			"this RRULE is not understood (%s): only the first date counts", wrong);
		return false;
	}
	*ret = rule;
	return true;
}
