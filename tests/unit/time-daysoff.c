/* Calendars of days off: what counts, what is put up with and with which warning, what is refused.
 * Each row is a calendar's inside and the dates and hours that come of it. */
#include "time/daysoff.h"

#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define EVENT(inside) "BEGIN:VEVENT\nUID:1\nSUMMARY:Off\n" inside "\nEND:VEVENT\n"

static struct buf warnings;

static void on_warning(void *owner, int line, const char *message)
{
	buf_printf(&warnings, "%d: %s\n", line, message);
}

static struct daysoff *parsed(const char *bytes, size_t len)
{
	struct daysoff *off = NULL;
	const char *message = NULL;
	int line = -1;

	buf_free(&warnings);
	warnings.max = 10000;
	if (daysoff_parse(bytes, len, on_warning, NULL, &off, &line, &message) < 0)
		fail_msg("line %d: %s", line, message);
	return off;
}

static struct daysoff *inside(const char *inside)
{
	char *text = str_printf("BEGIN:VCALENDAR\nVERSION:2.0\n%sEND:VCALENDAR\n", inside);
	struct daysoff *off = parsed(text, strlen(text));

	free(text);
	return off;
}

static struct zone *zone_of(const char *name)
{
	struct zone *zone = NULL;

	if (zone_load(name, &zone) < 0)
		fail_msg("no zone %s", name);
	return zone;
}

/* All of a stretch of years, each date asked for alone: "2026-12-24 2026-12-25". */
static void expect_dates(const struct daysoff *off, const char *zone_name, const char *dates)
{
	struct zone *zone = zone_of(zone_name);
	cleanup(buf_free) struct buf found = BUF_MAX(10000);
	int32_t date = date_from_ymd(2024, 1, 1), end = date_from_ymd(2030, 1, 1);

	for (; date < end; date++) {
		char text[CIVIL_TEXT];

		if (!daysoff_date(off, zone, date))
			continue;
		date_write(date, text);
		buf_printf(&found, "%s%s", found.len ? " " : "", text);
	}
	zone_unref(zone);
	assert_string_equal(buf_str(&found), dates);
}

static int64_t instant(const char *text)
{
	int64_t value;
	bool has_offset;

	assert_int_equal(civil_parse(text, &value, &has_offset), 0);
	return value;
}

/* "2026-12-24T08:00:00Z", or "" where nothing holds the instant. */
static void expect_until(
	const struct daysoff *off, const char *zone_name, const char *at, const char *until)
{
	struct zone *zone = zone_of(zone_name);
	char text[CIVIL_TEXT] = "";
	int64_t end;

	if (daysoff_at(off, zone, instant(at), &end))
		utc_write(end, text);
	zone_unref(zone);
	if (strcmp(text, until) != 0)
		fail_msg("at %s: until \"%s\" instead of \"%s\"", at, text, until);
}

static void whole_dates_count(void **state)
{
	static const struct {
		const char *inside, *dates, *warning;
	} rows[] = {
		{EVENT("DTSTART;VALUE=DATE:20261224"), "2026-12-24", ""},
		{EVENT("dtstart;value=date:20261224\r\nDtend;Value=Date:20261226"),
			"2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nDURATION:P2D"), "2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART:20261224\nDTEND:20261224"), "2026-12-24", ""},
		{EVENT("DTSTART:20261224T000000\nDTEND:20261226T000000"), "2026-12-24 2026-12-25",
			""},
		{EVENT("DTSTART:20261223T230000Z\nDTEND:20261224T230000Z"), "2026-12-24", ""},
		{EVENT("DTSTART:20261224T090000\nDTEND:20261226T000000"), "", ""},
		{EVENT("DTSTART;VALUE=DATE:20241224\nRRULE:FREQ=YEARLY;COUNT=3"),
			"2024-12-24 2025-12-24 2026-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20241224\nRRULE:UNTIL=20271224;FREQ=YEARLY\n"
		       "EXDATE;VALUE=DATE:20251224"),
			"2024-12-24 2026-12-24 2027-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20291230\nDTEND;VALUE=DATE:20300103\n"
		       "RRULE:FREQ=YEARLY"),
			"2029-12-30 2029-12-31", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED"), "", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYWEEKNO=52"), "2026-12-24",
			"7: this RRULE is not understood (BYWEEKNO is not supported: use BYMONTH "
			"and BYDAY): only the first date counts\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct daysoff *off = inside(rows[i].inside);

		expect_dates(off, "Europe/Berlin", rows[i].dates);
		assert_string_equal(buf_str(&warnings), rows[i].warning);
		daysoff_free(off);
	}
}

static void hours_count_where_they_are(void **state)
{
	struct daysoff *off = inside(EVENT("DTSTART;TZID=Europe/Berlin:20260701T090000\n"
					   "DTEND;TZID=Europe/Berlin:20260701T123000\n"
					   "RRULE:FREQ=WEEKLY;BYDAY=WE"));

	expect_until(off, "Asia/Tokyo", "2026-07-01T06:59:59Z", "");
	expect_until(off, "Asia/Tokyo", "2026-07-01T07:00:00Z", "2026-07-01T10:30:00Z");
	expect_until(off, "Asia/Tokyo", "2026-07-01T10:30:00Z", "");
	expect_until(off, "Asia/Tokyo", "2026-12-02T08:00:00Z", "2026-12-02T11:30:00Z");
	daysoff_free(off);
	off = inside(EVENT("DTSTART:20260701T220000\nDTEND:20260702T060000"));
	expect_until(off, "Asia/Tokyo", "2026-07-01T13:00:00Z", "2026-07-01T21:00:00Z");
	expect_until(off, "America/New_York", "2026-07-02T09:59:59Z", "2026-07-02T10:00:00Z");
	daysoff_free(off);
}

static void what_is_no_calendar_is_refused(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
		{"", 0},
		{"\n\nhello\n", 3},
		{"<!DOCTYPE html>", 1},
		{"BEGIN:VCARD\nEND:VCARD\n", 1},
		{"\xff\xfe"
		 "B",
			1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct daysoff *off;
		const char *message = NULL;
		int line = -1;

		assert_int_equal(daysoff_parse(rows[i].text, strlen(rows[i].text), NULL, NULL, &off,
					 &line, &message),
			-EINVAL);
		assert_int_equal(line, rows[i].line);
		assert_non_null(message);
	}
}

static int warnings_free(void **state)
{
	buf_free(&warnings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_dates_count),
		cmocka_unit_test(hours_count_where_they_are),
		cmocka_unit_test(what_is_no_calendar_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, warnings_free);
}
