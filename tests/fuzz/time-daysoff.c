/* Calendars of days off: the first byte says which inside the rest is put into, if into any; all
 * questions are asked of what was taken, and their answers must agree. */
#include "base/buf.h"
#include "base/str.h"
#include "time/daysoff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

enum { FROM = 20000, TO = 22000, DATES = 84006, NAME_MAX_BYTES = 120, WARNINGS_MAX = 100 };

static int warnings;

static void text_check(const char *text, size_t max)
{
	FUZZ_CHECK(strlen(text) < max && str_is_utf8(text, strlen(text)) &&
		   str_is_printable(text, strlen(text), false));
}

static void on_warning(void *owner, int line, const char *message)
{
	FUZZ_CHECK(line > 0 && ++warnings < WARNINGS_MAX && *message);
	text_check(message, 500);
}

static void on_date(void *owner, int32_t date, const char *name)
{
	uint8_t *seen = owner;

	FUZZ_CHECK(date >= FROM && date <= TO && !seen[date]);
	text_check(name, NAME_MAX_BYTES);
	seen[date] = 1;
}

static void questions_ask(const struct daysoff *off, const struct zone *zone)
{
	static uint8_t seen[DATES];

	memset(seen, 0, sizeof(seen));
	daysoff_each(off, zone, FROM, TO, on_date, seen);
	for (int32_t date = FROM; date <= TO; date += 1 + date % 29)
		FUZZ_CHECK(!daysoff_date(off, zone, date) == !seen[date]);
	for (int64_t utc = FROM * DAY_S; utc < TO * DAY_S; utc += 1234567) {
		int64_t until, later;
		const char *name = daysoff_at(off, zone, utc, &until);

		if (!name)
			continue;
		text_check(name, NAME_MAX_BYTES);
		FUZZ_CHECK(until > utc);
		/* Until its end something holds. */
		FUZZ_CHECK(daysoff_at(off, zone, until - 1, &later) && later >= until);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const heads[] = {"", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20250101T000000\nDTEND:20250102T000000\n"
		"RRULE:FREQ=",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=x:20250101T000000\nDURATION:PT1H\n"
		"RRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\n"};
	static struct zone *zones[2];
	struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX);
	struct daysoff *off = NULL;
	const char *message = NULL;
	int line = -1;

	if (!zones[0] && (zone_load("Africa/Cairo", &zones[0]) < 0 ||
				 zone_load("Pacific/Apia", &zones[1]) < 0))
		abort();
	if (!size)
		return 0;
	buf_add_str(&text, heads[data[0] % ARRAY_LEN(heads)]);
	buf_add(&text, data + 1, size - 1);
	warnings = 0;
	if (daysoff_parse(buf_str(&text), text.len, on_warning, NULL, &off, &line, &message) < 0) {
		FUZZ_CHECK(line >= 0 && message && *message);
	} else {
		FUZZ_CHECK(daysoff_count(off) <= DAYSOFF_EVENTS_MAX);
		for (size_t i = 0; i < ARRAY_LEN(zones); i++)
			questions_ask(off, zones[i]);
	}
	daysoff_free(off);
	buf_free(&text);
	return 0;
}
