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

static void on_any_date(void *owner, int32_t date, const char *name)
{
	bool *seen = owner;

	assert_false(seen[date]);
	seen[date] = true;
}

/* All of a stretch of years, each date asked for alone, and all at once: "2026-12-24 2026-12-25". */
static void expect_dates(const struct daysoff *off, const char *zone_name, const char *dates)
{
	struct zone *zone = zone_of(zone_name);
	cleanup(buf_free) struct buf found = BUF_MAX(10000);
	int32_t date = date_from_ymd(2024, 1, 1), end = date_from_ymd(2030, 1, 1);
	auto_free bool *seen = mem_new_array((size_t)end, sizeof(*seen));

	daysoff_each(off, zone, date, end - 1, on_any_date, seen);
	for (; date < end; date++) {
		char text[CIVIL_TEXT];

		assert_int_equal(seen[date], daysoff_date(off, zone, date) != NULL);
		if (!seen[date])
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

struct row {
	const char *inside, *dates, *warnings;
};

static void expect_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct daysoff *off = inside(rows[i].inside);

		expect_dates(off, "Europe/Berlin", rows[i].dates);
		assert_string_equal(buf_str(&warnings), rows[i].warnings);
		daysoff_free(off);
	}
}

static void whole_dates_count(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART;VALUE=DATE:20261224"), "2026-12-24", ""},
		{EVENT("dtstart;value=date:20261224\r\nDtend;Value=Date:20261226"),
			"2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nDURATION:P2D"), "2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nDURATION:PT25H"), "2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART:20261224\nDTEND:20261224"), "2026-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224T090000\nDTEND;VALUE=DATE:20261225T090000"),
			"2026-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20261224\nDTEND:20261225T120000"),
			"2026-12-24 2026-12-25", ""},
		{EVENT("DTSTART:20261224T000000\nDTEND:20261226T000000"), "2026-12-24 2026-12-25",
			""},
		{EVENT("DTSTART:20261224T000000\nDTEND:20261225T240000"), "2026-12-24 2026-12-25",
			""},
		{EVENT("DTSTART:20261224T0000\nDTEND;VALUE=DATE:20261225"), "2026-12-24", ""},
		{EVENT("DTSTART:20261223T230000Z\nDTEND:20261224T230000Z"), "2026-12-24", ""},
		/* A day of 23 hours and one of 25. */
		{EVENT("DTSTART:20260328T230000Z\nDURATION:PT23H"), "2026-03-29", ""},
		{EVENT("DTSTART;TZID=Europe/Berlin:20261025T000000\nDURATION:P1D"), "2026-10-25",
			""},
		{EVENT("DTSTART;TZID=Europe/Berlin:20261025T000000\nDURATION:PT24H"), "", ""},
		{EVENT("DTSTART:20261224T090000\nDTEND:20261226T000000"), "", ""},
		{EVENT("DTSTART:20261224T000000\nDTEND:20261225T000001"), "", ""},
		{EVENT("DTSTART:20261224T000000\nDTEND:20261224T000000"), "", ""},
		{EVENT("DTSTART:20261224T000000"), "", ""},
		{EVENT("DTSTART:20261224T000000\nRRULE:FREQ=YEARLY"), "", ""},
		/* A leap second is the one before it. */
		{EVENT("DTSTART:20261224T000000\nDTEND:20261224T235960"), "", ""},
		{EVENT("DTSTART:19691231\nDTEND:19700102")
				EVENT("DTSTART:22000101\nDTEND:99991231"),
			"", "9: the event of line 3 has the same UID and SEQUENCE: both count\n"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void repetitions_count(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART;VALUE=DATE:20241224\nRRULE:FREQ=YEARLY;COUNT=3"),
			"2024-12-24 2025-12-24 2026-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20241224\nRRULE:UNTIL=20271224;FREQ=YEARLY\nEXDATE;"
		       "VALUE=DATE:20251224"),
			"2024-12-24 2026-12-24 2027-12-24", ""},
		{EVENT("DTSTART;VALUE=DATE:20291230\nDTEND;VALUE=DATE:20300103\nRRULE:FREQ=YEARLY"),
			"2029-12-30 2029-12-31", ""},
		{EVENT("DTSTART;VALUE=DATE:19000601\nRRULE:FREQ=YEARLY;INTERVAL=5"), "2025-06-01",
			""},
		{EVENT("DTSTART;VALUE=DATE:20250601\nDTEND;VALUE=DATE:20250711\nRRULE:FREQ=YEARLY;"
		       "BYMONTH=6;BYDAY=1SU;UNTIL=20250630\n"
		       "EXDATE:20250601"),
			"", ""},
		/* The first date counts though the rule does not name it, and UNTIL before it takes all away. */
		{EVENT("DTSTART:20241225\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;UNTIL=2025"),
			"2024-12-25",
			"7: this RRULE is not understood (UNTIL must be a time that exists, such "
			"as 20261224T180000Z): only "
			"the first date counts\n"},
		{EVENT("DTSTART:20241225\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;UNTIL="
		       "20251231"),
			"2024-12-25 2024-12-31 2025-12-31", ""},
		{EVENT("DTSTART:20241225\nRRULE:FREQ=YEARLY;UNTIL=20241224"), "", ""},
		{EVENT("DTSTART:20241225\nRRULE:FREQ=YEARLY;UNTIL=20251225T120000Z"),
			"2024-12-25 2025-12-25", ""},
		/* An hour in a rule of dates is to be ignored. */
		{EVENT("DTSTART:20241225\nRRULE:FREQ=YEARLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0;COUNT="
		       "2"),
			"2024-12-25 2025-12-25", ""},
		{EVENT("DTSTART:20241225T000000\nDTEND:20241226T000000\nRRULE:FREQ=YEARLY;COUNT=2"),
			"2024-12-25 2025-12-25", ""},
		{EVENT("DTSTART;TZID=Europe/Berlin:20250330T000000\nDTEND;TZID=Europe/"
		       "Berlin:20250331T000000\n"
		       "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20260328T230000Z"),
			"2025-03-30 2026-03-29", ""},
		{EVENT("DTSTART:20250101T230000Z\nDURATION:P1D\nRRULE:FREQ=MONTHLY;COUNT=8"),
			"2025-01-02 2025-02-02 2025-03-02", ""},
		{EVENT("DTSTART:20240229\nRRULE:FREQ=YEARLY;SKIP=FORWARD;COUNT=3"),
			"2024-02-29 2025-03-01 2026-03-01", ""},
		{EVENT("DTSTART:20250131\nRRULE:FREQ=MONTHLY;SKIP=FORWARD;COUNT=3"),
			"2025-01-31 2025-03-01 2025-03-31", ""},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void repetitions_last_several_days(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART:20250131\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;"
		       "COUNT=3\nDURATION:P2D"),
			"2025-01-31 2025-02-01 2025-02-28 2025-03-01 2025-03-31 2025-04-01", ""},
		{EVENT("DTSTART:20250101\nDURATION:P40D\nRRULE:FREQ=MONTHLY;COUNT=1"),
			"2025-01-01 2025-01-02 2025-01-03 2025-01-04 2025-01-05 2025-01-06 "
			"2025-01-07 2025-01-08 2025-01-09 "
			"2025-01-10 2025-01-11 2025-01-12 2025-01-13 2025-01-14 2025-01-15 "
			"2025-01-16 2025-01-17 2025-01-18 "
			"2025-01-19 2025-01-20 2025-01-21 2025-01-22 2025-01-23 2025-01-24 "
			"2025-01-25 2025-01-26 2025-01-27 "
			"2025-01-28 2025-01-29 2025-01-30 2025-01-31 2025-02-01 2025-02-02 "
			"2025-02-03 2025-02-04 2025-02-05 "
			"2025-02-06 2025-02-07 2025-02-08 2025-02-09",
			""},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void single_dates_are_added_and_taken_out(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART:20250101\nRDATE:20250105,20250107\nRDATE;VALUE=DATE:"
		       "20250110\nEXDATE:20250101,20250107"),
			"2025-01-05 2025-01-10", ""},
		{EVENT("DTSTART:20250101\nRDATE:20250105T090000"), "2025-01-01 2025-01-05", ""},
		{EVENT("DTSTART:20250101T000000\nDURATION:P1D\nRDATE;VALUE=DATE:20250105"),
			"2025-01-01 2025-01-05", ""},
		{EVENT("DTSTART:20250101T090000\nRDATE;VALUE=PERIOD:20250104T230000Z/"
		       "P1D,20250106T000000/20250108T000000"),
			"2025-01-05 2025-01-06 2025-01-07", ""},
		{EVENT("DTSTART;TZID=Europe/"
		       "Berlin:20250101T000000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=5\n"
		       "EXDATE:20250101T230000Z\nEXDATE;VALUE=DATE:20250104\nEXDATE;TZID=Asia/"
		       "Tokyo:20250105T080000"),
			"2025-01-01 2025-01-03", ""},
		{EVENT("DTSTART:20250101T000000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=3\n"
		       "EXDATE:20250102T090000,20250103T000000"),
			"2025-01-01 2025-01-02", ""},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20250102T090000Z"),
			"2025-01-01 2025-01-03 2025-01-04", ""},
		{EVENT("DTSTART:20250101\nRDATE:20250105,soon,20250107"),
			"2025-01-01 2025-01-05 2025-01-07",
			"7: RDATE: \"20250105,soon,20250107\" is no time that exists: it is left "
			"out\n"},
		{EVENT("DTSTART:20250101\nEXDATE:20250230"), "2025-01-01",
			"7: EXDATE: \"20250230\" is no time that exists: it is left out\n"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void the_latest_version_counts(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART:20250101\nSTATUS:CANCELLED"), "", ""},
		{"METHOD:CANCEL\n" EVENT("DTSTART:20250101"), "", ""},
		{"METHOD:PUBLISH\n" EVENT("DTSTART:20250101"), "2025-01-01", ""},
		{EVENT("DTSTART:20250101\nSEQUENCE:2") EVENT("DTSTART:20250201\nSEQUENCE:10")
				EVENT("DTSTART:20250301"),
			"2025-02-01", ""},
		{EVENT("DTSTART:20250101\nSEQUENCE:2")
				EVENT("DTSTART:20250201\nSEQUENCE:3\nSTATUS:CANCELLED"),
			"", ""},
		{EVENT("DTSTART:20250101\nSTATUS:CANCELLED") EVENT("DTSTART:20250201\nSEQUENCE:1"),
			"2025-02-01", ""},
		{EVENT("DTSTART:20250101") "BEGIN:VEVENT\nDTSTART:20250201\nEND:VEVENT\nBEGIN:"
					   "VEVENT\nDTSTART:20250301\nEND:VEVENT\n",
			"2025-01-01 2025-02-01 2025-03-01", ""},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=4") EVENT(
			 "RECURRENCE-ID:20250102\nDTSTART:20250110")
				EVENT("RECURRENCE-ID:20250103\nDTSTART:20250103\nSTATUS:CANCELLED"),
			"2025-01-01 2025-01-04 2025-01-10", ""},
		/* The change stands before what it changes, and a later one replaces it. */
		{EVENT("RECURRENCE-ID:20250102\nDTSTART:20250110\nSEQUENCE:1")
				EVENT("RECURRENCE-ID:20250102\nDTSTART:20250111\nSEQUENCE:2")
					EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=3"),
			"2025-01-01 2025-01-03 2025-01-11", ""},
		{EVENT("RECURRENCE-ID:20250102\nDTSTART:20250110\nRRULE:FREQ=DAILY;COUNT=3"),
			"2025-01-10", ""},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY\nSTATUS:CANCELLED")
				EVENT("RECURRENCE-ID:20250102\nDTSTART:20250110"),
			"", ""},
		{EVENT("DTSTART;TZID=Europe/"
		       "Berlin:20250101T000000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=2")
				EVENT("RECURRENCE-ID:20250101T230000Z\nDTSTART:20250110"),
			"2025-01-01 2025-01-10", ""},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
			 "RECURRENCE-ID;RANGE=THISANDFUTURE:20250102\nDTSTART:20250110"),
			"2025-01-01 2025-01-10",
			"12: RECURRENCE-ID with RANGE is not understood: it changes this one date "
			"only\n"},
		/* The same twice is one, with its changes. */
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=3")
				EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=3")
					EVENT("RECURRENCE-ID:20250102\nDTSTART:20250110"),
			"2025-01-01 2025-01-03 2025-01-10", ""},
		{EVENT("DTSTART:20250101") EVENT("DTSTART:20250201"), "2025-01-01 2025-02-01",
			"8: the event of line 3 has the same UID and SEQUENCE: both count\n"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void damage_is_put_up_with(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART:20250101\nhello\n=\nSUMMARY"), "2025-01-01",
			"7: no line of a calendar, such as SUMMARY:Holiday: passed over\n"
			"8: no line of a calendar, such as SUMMARY:Holiday: passed over\n"
			"9: no line of a calendar, such as SUMMARY:Holiday: passed over\n"},
		{EVENT("DTSTART:20250101\nX-A;B:\nX-C;D=\"e:f"), "2025-01-01",
			"7: no line of a calendar, such as SUMMARY:Holiday: passed over\n"
			"8: no line of a calendar, such as SUMMARY:Holiday: passed over\n"},
		{EVENT("DTSTART:20250230"), "",
			"6: DTSTART: \"20250230\" is no time that exists: the event is left out\n"},
		{EVENT("DTSTART:20250201T250000"), "",
			"6: DTSTART: \"20250201T250000\" is no time that exists: the event is left "
			"out\n"},
		{EVENT("DTSTART:20250201 or so"), "",
			"6: DTSTART: \"20250201 or so\" is no time that exists: the event is left "
			"out\n"},
		{EVENT("X-NO:start"), "", "3: an event without DTSTART is left out\n"},
		{EVENT("DTSTART:20250101\nDTEND:20241231"), "2025-01-01",
			"3: an event ends before it begins: taken as one day\n"},
		{EVENT("DTSTART:20250101T090000\nDTEND:20241231T080000"), "",
			"3: an event ends before it begins: it is left out\n"},
		{EVENT("DTSTART:20250101\nDTEND:later"), "2025-01-01",
			"7: DTEND: \"later\" is no time that exists: taken as not given\n"},
		{EVENT("DTSTART:20250101\nDURATION:-P2D"), "2025-01-01",
			"7: DURATION must look like PT90M or P2D: taken as not given\n"},
		{EVENT("DTSTART:20250101\nDURATION:P999999999W"), "2025-01-01",
			"7: DURATION must look like PT90M or P2D: taken as not given\n"},
		{EVENT("DTSTART:20250101\nRECURRENCE-ID:never"), "",
			"7: RECURRENCE-ID: \"never\" is no time that exists: the event is left "
			"out\n"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void of_rules_beyond_us_the_first_date_counts(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYWEEKNO=52"), "2026-12-24",
			"7: this RRULE is not understood (BYWEEKNO is not supported here: use "
			"BYMONTH "
			"and BYDAY): only the first "
			"date counts\n"},
		{EVENT("DTSTART:20250101T090000\nRRULE:FREQ=HOURLY"), "",
			"7: this RRULE is not understood (FREQ: nothing finer than DAILY: use "
			"every or calendar): only the "
			"first date counts\n"},
		{EVENT("DTSTART:20250101\nRRULE:INTERVAL=2"), "2025-01-01",
			"7: this RRULE is not understood (FREQ is missing): only the first date "
			"counts\n"},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;BYMONTH=1;BYSETPOS=1"), "2025-01-01",
			"7: this RRULE is not understood (BYSETPOS belongs to MONTHLY and YEARLY "
			"here): only the first date counts\n"},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=300000"), "2025-01-01",
			"7: this RRULE is not understood (too many long rules in one file): only "
			"the first date counts\n"},
		{EVENT("DTSTART:19650101\nRRULE:FREQ=YEARLY;COUNT=70"), "",
			"7: this RRULE is not understood (COUNT is not counted from before 1970): "
			"only the first date counts\n"},
		{EVENT("DTSTART:20250101T090000\nDURATION:P101D\nRRULE:FREQ=DAILY"), "",
			"8: this RRULE is not understood (it overlaps itself more than 100 times): "
			"only the first date counts\n"},
		{EVENT("DTSTART:20250101T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMINUTE=0,1;"
		       "BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12"),
			"",
			"8: this RRULE is not understood (it has more than 24 times a day): only "
			"the first date counts\n"},
		{EVENT("DTSTART:20250101\nRRULE:FREQ=YEARLY;COUNT=2\nRRULE:FREQ=DAILY;COUNT="
		       "2\nEXRULE:FREQ=YEARLY"),
			"2025-01-01 2026-01-01",
			"8: a second RRULE in one event: only the first one counts\n"
			"9: EXRULE is not understood: the dates that it takes out stay in\n"},
		{EVENT("DTSTART:20250101\nSEQUENCE:many"), "2025-01-01", ""},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void nesting_is_mended(void **state)
{
	static const struct row rows[] = {
		{EVENT("DTSTART:20250101\nBEGIN:VALARM\nDTSTART:20250505\nBEGIN:X-DEEP\nDTSTART:"
		       "20250505\nEND:X-DEEP\n"
		       "DTSTART:20250505\nEND:VALARM\nDTEND:20250103"),
			"2025-01-01 2025-01-02", ""},
		{"BEGIN:VTODO\nDTSTART:20250505\nEND:VTODO\n" EVENT("DTSTART:20250101"),
			"2025-01-01", ""},
		{EVENT("DTSTART:20250101\nBEGIN:VALARM"), "2025-01-01",
			"8: what begins in line 7 has no END: passed over\n"},
		{"BEGIN:VTODO\n" EVENT("DTSTART:20250101"), "2025-01-01",
			"4: what begins in line 3 has no END: passed over\n"},
		{"BEGIN:VEVENT\nDTSTART:20250505\n" EVENT("DTSTART:20250101"), "2025-01-01",
			"5: the event that begins in line 3 has no END:VEVENT: it is left out\n"},
		{"BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\n" EVENT("DTSTART:20250101"),
			"2025-01-01",
			"6: END:STANDARD or END:DAYLIGHT is missing before this line\n"
			"6: END:VTIMEZONE is missing before this line\n"},
		{"END:VALARM\nEND:VEVENT\n" EVENT("DTSTART:20250101"), "2025-01-01",
			"3: this END ends nothing\n4: this END ends nothing\n"},
		{EVENT("DTSTART:20250101") "END:VCALENDAR\nBEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:"
					   "VEVENT\nUID:2\nDTSTART:20250102\n"
					   "END:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:"
					   "VEVENT\nUID:3\nDTSTART:20250103\nEND:VEVENT\n",
			"2025-01-01 2025-01-03", ""},
		{EVENT("DTSTART:20250101") "BEGIN:VCALENDAR\n", "2025-01-01",
			"8: END:VCALENDAR is missing before this line\n"},
		{EVENT("DTSTART:20250101") "BEGIN:VEVENT\nDTSTART:20250102\n", "2025-01-01",
			"10: the event that begins in line 8 has no END:VEVENT: it is left out\n"},
	};

	expect_rows(rows, ARRAY_LEN(rows));
}

static void a_file_that_ends_too_early_is_read(void **state)
{
	static const char text[] = "\xef\xbb\xbf\r\n begin:vcalendar\r\n\tbegin:vevent\r\n";
	static const char cut[] =
		"\xef\xbb\xbf\r\nbegin:vcalendar\r\nbegin:vevent\r\ndtst\r\n art:2025\r\n\t0101\r\n"
		"end:vevent\r\nbegin:vevent\r\ndtstart:20250102";
	struct daysoff *off = parsed(cut, sizeof(cut) - 1);
	const char *message;
	int line;

	expect_dates(off, "UTC", "2025-01-01");
	assert_int_equal(daysoff_count(off), 1);
	assert_string_equal(buf_str(&warnings),
		"9: the event that begins in line 8 has no END:VEVENT: it is left out\n"
		"9: END:VCALENDAR is missing before this line\n");
	daysoff_free(off);
	assert_int_equal(
		daysoff_parse(text, sizeof(text) - 1, NULL, NULL, &off, &line, &message), -EINVAL);
}

static void names_are_fit_for_people(void **state)
{
#define X10 "xxxxxxxxxx"
#define X110 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
	static const struct {
		const char *summary, *name;
		bool warned;
	} rows[] = {
		{"Day off", "Day off", false},
		{"  Christmas\\, and\\n the\\Nrest\\; \\\\o\\/  ", "Christmas, and the rest; \\o/",
			false},
		{"Bell\a and \x1b[31m red\x7f", "Bell and [31m red", false},
		{"Next\xc2\x85line \xe2\x80\xa8 and \xe2\x80\xaeturned\xe2\x81\xa9",
			"Next line and turned", false},
		{"Stra\xc3\x9f"
		 "e \xe2\x98\x80 \xf0\x9f\x8e\x84",
			"Stra\xc3\x9f"
			"e \xe2\x98\x80 \xf0\x9f\x8e\x84",
			false},
		{"Latin \xfc"
		 "ber \xc3",
			"Latin ber", true},
		{"\xed\xa0\x80\xc0\xafok", "ok", true},
		{X110 "12345678\xc3\xa4"
		      "b",
			X110 "12345678", false},
		{X110 "1234567\xc3\xa4"
		      "b",
			X110 "1234567\xc3\xa4", false},
		{"", "", false},
		{"ends in a \\", "ends in a \\", false},
	};
	struct zone *utc = zone_of("UTC");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = str_printf("BEGIN:VEVENT\nDTSTART:20250101\nSUMMARY;LANGUAGE=\"a;b:"
					"c\":%s\nEND:VEVENT\n",
			rows[i].summary);
		struct daysoff *off = inside(text);

		assert_string_equal(
			daysoff_date(off, utc, date_from_ymd(2025, 1, 1)), rows[i].name);
		assert_int_equal(warnings.len > 0, rows[i].warned);
		assert_true(str_is_utf8(buf_str(&warnings), warnings.len));
		daysoff_free(off);
		free(text);
	}
	zone_unref(utc);
}

static void folded_and_odd_bytes_are_read(void **state)
{
	static const char text[] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Stra\xc3\r\n \x9f"
				   "e\0x\n\n  \nDTSTART:20250101\nEND:VEVENT\nEND:VCALENDAR";
	struct zone *utc = zone_of("UTC");
	struct daysoff *off = parsed(text, sizeof(text) - 1);

	assert_string_equal(daysoff_date(off, utc, date_from_ymd(2025, 1, 1)), "Stra\xc3\x9f"
									       "e x");
	assert_string_equal(buf_str(&warnings), "");
	daysoff_free(off);
	zone_unref(utc);
}

#define OWN_ZONE(name, more)                                                                       \
	"BEGIN:VTIMEZONE\nTZID:" name "\n"                                                         \
	"BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"          \
	"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"                                  \
	"BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"          \
	"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3" more "\nEND:DAYLIGHT\nEND:VTIMEZONE\n"

/* Asked in Tokyo. */
static const struct {
	const char *inside, *at, *until, *warnings;
} zone_rows[] = {
	{EVENT("DTSTART;TZID=America/New_York:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T13:30:00Z", "2026-07-01T14:00:00Z", ""},
	{EVENT("DTSTART;TZID=/mozilla.org/20050126_1/America/"
	       "New_York:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T13:30:00Z", "2026-07-01T14:00:00Z", ""},
	{EVENT("DTSTART;TZID=\"/x/America/Argentina/"
	       "Ushuaia\":20260701T090000\nDURATION:PT1H"),
		"2026-07-01T12:30:00Z", "2026-07-01T13:00:00Z", ""},
	{EVENT("DTSTART;TZID=Own:20260701T090000\nDURATION:PT1H") OWN_ZONE("Own", ""),
		"2026-07-01T07:30:00Z", "2026-07-01T08:00:00Z", ""},
	{OWN_ZONE("Own", "") EVENT("DTSTART;TZID=Own:20260101T090000\nDURATION:PT1H"),
		"2026-01-01T08:30:00Z", "2026-01-01T09:00:00Z", ""},
	{OWN_ZONE("Own", ";UNTIL=20250330T010000Z")
			EVENT("DTSTART;TZID=Own:20250701T090000\nDURATION:PT1H"),
		"2025-07-01T07:30:00Z", "2025-07-01T08:00:00Z", ""},
	{OWN_ZONE("Own", ";UNTIL=20250330T010000Z")
			EVENT("DTSTART;TZID=Own:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T08:30:00Z", "2026-07-01T09:00:00Z", ""},
	{OWN_ZONE("Own", "\nRDATE:20260210T020000")
			EVENT("DTSTART;TZID=Own:20260211T090000\nDURATION:PT1H"),
		"2026-02-11T07:30:00Z", "2026-02-11T08:00:00Z", ""},
	/* Before the first onset that counts. */
	{"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n"
	 "TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
	 "BEGIN:DAYLIGHT\nDTSTART:16020101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"
	 "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n" EVENT(
		 "DTSTART;TZID=Own:19700115T090000\nDURATION:PT1H"),
		"1970-01-15T08:30:00Z", "1970-01-15T09:00:00Z", ""},
	{"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n"
	 "TZOFFSETTO:+0100\nRRULE:FREQ=HOURLY\nEND:STANDARD\nEND:VTIMEZONE\n" EVENT(
		 "DTSTART;TZID=Own:20260115T090000\nDURATION:PT1H"),
		"2026-01-15T08:30:00Z", "2026-01-15T09:00:00Z",
		"9: this RRULE is not understood (FREQ: nothing finer than DAILY: use every or "
		"calendar): only the first date counts\n"},
	/* The system knows Tokyo better than this file. */
	{OWN_ZONE("Asia/Tokyo", "") EVENT("DTSTART;TZID=Asia/Tokyo:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T00:30:00Z", "2026-07-01T01:00:00Z", ""},
	{OWN_ZONE("Own", "") OWN_ZONE("Own", ";UNTIL=19800101T000000Z")
			EVENT("DTSTART;TZID=Own:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T07:30:00Z", "2026-07-01T08:00:00Z", ""},
	{EVENT("DTSTART;TZID=Asia/Tokyo:20260701T090000Z\nDURATION:PT1H"), "2026-07-01T09:30:00Z",
		"2026-07-01T10:00:00Z", ""},
	{"BEGIN:VTIMEZONE\nTZID:Fixed\nBEGIN:STANDARD\nDTSTART:"
	 "19700101T000000\nTZOFFSETFROM:+000000\nTZOFFSETTO:-013015\n"
	 "END:STANDARD\nEND:VTIMEZONE\n" EVENT("DTSTART;TZID=Fixed:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T10:31:00Z", "2026-07-01T11:30:15Z", ""},
	{EVENT("DTSTART;TZID=Mars/Base:20260701T090000\nDURATION:PT1H"), "2026-07-01T00:30:00Z",
		"2026-07-01T01:00:00Z",
		"6: the time zone \"Mars/Base\" is neither known here nor defined in the "
		"file: taken as the local time of "
		"whoever is asked about\n"},
	{"BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:"
	 "x\nTZOFFSETTO:+0100\nEND:STANDARD\n"
	 "END:VTIMEZONE\n" EVENT("DTSTART;TZID=Own:20260701T090000\nDURATION:PT1H"),
		"2026-07-01T00:30:00Z", "2026-07-01T01:00:00Z",
		"5: a part of a VTIMEZONE without DTSTART, TZOFFSETFROM or TZOFFSETTO is "
		"left out\n"
		"14: the time zone \"Own\" is neither known here nor defined in the file: "
		"taken as the local time of "
		"whoever is asked about\n"},
};

static void zones_are_those_of_the_system_or_of_the_file(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(zone_rows); i++) {
		struct daysoff *off = inside(zone_rows[i].inside);

		assert_string_equal(buf_str(&warnings), zone_rows[i].warnings);
		expect_until(off, "Asia/Tokyo", zone_rows[i].at, zone_rows[i].until);
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
	/* Of several the one that ends last, and no whole date among them. */
	off = inside("BEGIN:VEVENT\nDTSTART:20260701T080000Z\nDTEND:20260701T120000Z\nEND:VEVENT\n"
		     "BEGIN:VEVENT\nDTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nEND:VEVENT\n"
		     "BEGIN:VEVENT\nDTSTART:20260701T000000\nDTEND:20260702T000000\nEND:VEVENT\n"
		     "BEGIN:VEVENT\nDTSTART:20260701T110000Z\nDTEND:20260701T130000Z\nRRULE:FREQ="
		     "YEARLY\n"
		     "END:VEVENT\n");
	expect_until(off, "UTC", "2026-07-01T07:00:00Z", "");
	expect_until(off, "UTC", "2026-07-01T09:30:00Z", "2026-07-01T12:00:00Z");
	expect_until(off, "UTC", "2026-07-01T11:30:00Z", "2026-07-01T13:00:00Z");
	assert_int_equal(daysoff_count(off), 4);
	daysoff_free(off);
	/* One that began long before another that is over. */
	off = inside(
		"BEGIN:VEVENT\nDTSTART:20260701T080000Z\nDTEND:20260731T120000Z\nEND:VEVENT\n"
		"BEGIN:VEVENT\nDTSTART:20260705T090000Z\nDTEND:20260705T100000Z\nEND:VEVENT\n");
	expect_until(off, "UTC", "2026-07-20T00:00:00Z", "2026-07-31T12:00:00Z");
	expect_until(off, "UTC", "2026-08-20T00:00:00Z", "");
	daysoff_free(off);
	/* Over midnight, in a gap by the offset before it, and for its own hours where the clock repeats. */
	off = inside(EVENT("DTSTART;TZID=Europe/Berlin:20260328T023000\nDTEND;TZID=Europe/"
			   "Berlin:20260328T033000\n"
			   "RRULE:FREQ=DAILY;COUNT=2"));
	expect_until(off, "UTC", "2026-03-28T02:00:00Z", "2026-03-28T02:30:00Z");
	expect_until(off, "UTC", "2026-03-29T01:29:59Z", "");
	expect_until(off, "UTC", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z");
	daysoff_free(off);
	off = inside(EVENT("DTSTART;TZID=Europe/Berlin:20261024T220000\nDTEND;TZID=Europe/"
			   "Berlin:20261025T060000"));
	expect_until(off, "UTC", "2026-10-25T04:59:59Z", "2026-10-25T05:00:00Z");
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

static void warnings_of_one_kind_are_few(void **state)
{
	cleanup(buf_free) struct buf text = BUF_MAX(10000);
	struct daysoff *off;
	int lines = 0;

	for (int i = 0; i < 100; i++)
		buf_add_str(&text, "nonsense\n");
	off = inside(buf_str(&text));
	for (const char *at = buf_str(&warnings); (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 5);
	assert_non_null(
		strstr(buf_str(&warnings), "7: no line of a calendar, such as SUMMARY:Holiday: "
					   "passed over (more of this kind are "
					   "not listed)\n"));
	daysoff_free(off);
}

/* Rules that cost more than a look are paid from what a file of this size has. */
static void long_rules_are_few_in_a_file(void **state)
{
	static const struct {
		const char *times;
		int fine, too_many;
	} rows[] = {
		{"DTSTART:20250101\nRRULE:FREQ=YEARLY;BYDAY=10MO", 40, 80},
		{"DTSTART:20250101\nRRULE:FREQ=DAILY;INTERVAL=2", 350, 800},
		{"DTSTART:20250101\nRRULE:FREQ=DAILY;COUNT=9000", 20, 30},
		{"DTSTART:20250101\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", 30, 60},
		{"DTSTART:20250101\nRRULE:FREQ=YEARLY;BYDAY=MO,TU;BYSETPOS=-1", 90, 200},
		{"DTSTART:20250101T000000Z\nDURATION:P1D\nRRULE:FREQ=DAILY", 2, 4},
		{"DTSTART:20250101T000000Z\nDURATION:P1D\nRRULE:FREQ=YEARLY", 400, 1500},
		{"DTSTART:20250101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY", 2000, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int k = 0; k < 2; k++) {
			cleanup(buf_free) struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX);
			int count = k ? rows[i].too_many : rows[i].fine;
			struct daysoff *off;

			for (int n = 0; n < count; n++)
				buf_printf(&text, "BEGIN:VEVENT\n%s\nEND:VEVENT\n", rows[i].times);
			off = inside(buf_str(&text));
			assert_int_equal(daysoff_count(off), count);
			if ((warnings.len > 0) != (k && count))
				fail_msg("%d times %s: %s", count, rows[i].times,
					buf_str(&warnings));
			daysoff_free(off);
		}
	}
}

static void ceilings_are_kept(void **state)
{
	cleanup(buf_free) struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX + 1);
	struct daysoff *off;
	const char *message;
	int line;

	buf_add_str(&text, "BEGIN:VCALENDAR\n");
	for (int i = 0; i < DAYSOFF_EVENTS_MAX; i++)
		buf_add_str(&text, "BEGIN:VEVENT\nDTSTART:20250101\nEND:VEVENT\n");
	off = parsed(text.data, text.len);
	assert_int_equal(daysoff_count(off), DAYSOFF_EVENTS_MAX);
	daysoff_free(off);
	buf_add_str(&text, "BEGIN:VEVENT\nDTSTART:20250101\nEND:VEVENT\nEND:VCALENDAR\n");
	assert_int_equal(
		daysoff_parse(text.data, text.len, NULL, NULL, &off, &line, &message), -EFBIG);
	assert_int_equal(line, 3 * (DAYSOFF_EVENTS_MAX + 1) + 1);

	buf_reset(&text);
	buf_add_str(&text, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20250101\nRDATE:20250101");
	for (int i = 0; i < 200000; i++)
		buf_add_str(&text, ",20250101");
	assert_int_equal(
		daysoff_parse(text.data, text.len, NULL, NULL, &off, &line, &message), -EFBIG);
	assert_int_equal(line, 4);

	buf_reset(&text);
	buf_add_str(&text, "BEGIN:VCALENDAR\nX:");
	while (text.len <= DAYSOFF_BYTES_MAX)
		buf_add_char(&text, 'x');
	assert_int_equal(
		daysoff_parse(text.data, text.len, NULL, NULL, &off, &line, &message), -EFBIG);
	assert_int_equal(line, 0);
}

static void on_date(void *owner, int32_t date, const char *name)
{
	char text[CIVIL_TEXT];

	date_write(date, text);
	buf_printf(owner, "%s %s\n", text, name);
}

static void each_date_is_told_with_the_name_of_what_began_first(void **state)
{
	struct zone *berlin = zone_of("Europe/Berlin");
	cleanup(buf_free) struct buf found = BUF_MAX(10000);
	struct daysoff *off = inside(
		"BEGIN:VEVENT\nSUMMARY:Long\nDTSTART:20250103\nDTEND:20250106\nEND:VEVENT\n"
		"BEGIN:VEVENT\nSUMMARY:Longer\nDTSTART:20250104\nDTEND:20250108\nEND:VEVENT\n"
		"BEGIN:VEVENT\nSUMMARY:Inside\nDTSTART:20250104\nEND:VEVENT\n"
		"BEGIN:VEVENT\nSUMMARY:Late\nDTSTART:20250109T230000Z\nDURATION:P1D\nEND:VEVENT\n"
		"BEGIN:VEVENT\nSUMMARY:Weekly\nDTSTART:20250101\nRRULE:FREQ=WEEKLY;COUNT=3\n"
		"END:VEVENT\n");

	daysoff_each(off, berlin, date_from_ymd(2025, 1, 2), date_from_ymd(2025, 1, 14), on_date,
		&found);
	assert_string_equal(buf_str(&found),
		"2025-01-03 Long\n2025-01-04 Long\n2025-01-05 Long\n"
		"2025-01-06 Longer\n2025-01-07 Longer\n2025-01-10 Late\n"
		"2025-01-08 Weekly\n");
	daysoff_free(off);
	/* A long repetition reaches beyond two months that are all off. */
	off = inside("BEGIN:VEVENT\nSUMMARY:Long\nDTSTART:20250101\nDTEND:20250311\nEND:VEVENT\n"
		     "BEGIN:VEVENT\nSUMMARY:On\nDTSTART:20250131\nDURATION:P40D\n"
		     "RRULE:FREQ=YEARLY\nEND:VEVENT\n");
	buf_reset(&found);
	daysoff_each(off, berlin, date_from_ymd(2025, 3, 10), date_from_ymd(2025, 3, 31), on_date,
		&found);
	assert_string_equal(buf_str(&found), "2025-03-10 Long\n2025-03-11 On\n");
	daysoff_free(off);
	off = inside(EVENT("DTSTART:20250104"));
	buf_reset(&found);
	daysoff_each(off, berlin, 3, 2, on_date, &found);
	assert_string_equal(buf_str(&found), "");
	assert_null(daysoff_date(off, berlin, INT32_MIN));
	assert_null(daysoff_date(off, berlin, INT32_MAX));
	assert_string_equal(daysoff_date(off, berlin, date_from_ymd(2025, 1, 4)), "Off");
	daysoff_free(off);
	zone_unref(berlin);
	daysoff_free(NULL);
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
		cmocka_unit_test(repetitions_count),
		cmocka_unit_test(repetitions_last_several_days),
		cmocka_unit_test(single_dates_are_added_and_taken_out),
		cmocka_unit_test(the_latest_version_counts),
		cmocka_unit_test(damage_is_put_up_with),
		cmocka_unit_test(of_rules_beyond_us_the_first_date_counts),
		cmocka_unit_test(nesting_is_mended),
		cmocka_unit_test(a_file_that_ends_too_early_is_read),
		cmocka_unit_test(names_are_fit_for_people),
		cmocka_unit_test(folded_and_odd_bytes_are_read),
		cmocka_unit_test(zones_are_those_of_the_system_or_of_the_file),
		cmocka_unit_test(hours_count_where_they_are),
		cmocka_unit_test(what_is_no_calendar_is_refused),
		cmocka_unit_test(warnings_of_one_kind_are_few),
		cmocka_unit_test(long_rules_are_few_in_a_file),
		cmocka_unit_test(ceilings_are_kept),
		cmocka_unit_test(each_date_is_told_with_the_name_of_what_began_first),
	};

	return cmocka_run_group_tests(tests, NULL, warnings_free);
}
