/* Rules: what is written back, what is equal, what is refused and where, and the policies that no
 * oracle of another program knows. */
#include "time/rule.h"

#include "base/str.h"
#include "time/rule-parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct zone *berlin;

static int berlin_open(void **state)
{
	/* A file of its own would be long: the footer alone says what these tests need. */
	static const char bytes[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				    "\0\0\016\020\0\0CET\0"
				    "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				    "\0\0\016\020\0\0CET\0"
				    "\nCET-1CEST,M3.5.0,M10.5.0/3\n";

	return zone_parse("Test/Berlin", bytes, sizeof(bytes) - 1, &berlin);
}

static int berlin_close(void **state)
{
	zone_unref(berlin);
	return 0;
}

static int64_t instant(const char *text)
{
	int64_t value;
	bool has_offset;

	assert_int_equal(civil_parse(text, &value, &has_offset), 0);
	return value;
}

static struct rule *parsed(
	enum rule_form form, const char *text, const struct rule_options *options)
{
	struct rule_error error = {0};
	struct rule *rule = NULL;

	if (rule_parse(form, text, options, &rule, &error) < 0)
		fail_msg("%s: column %d: %s", text, error.column, error.message);
	return rule;
}

/* "2026-03-29T01:00:00Z 2026-..." : the slots of a rule in Berlin. */
static void expect(enum rule_form form, const char *text, const struct rule_options *options,
	const char *after, const char *slots)
{
	struct rule *rule = parsed(form, text, options);
	int64_t utc = instant(after);
	char found[512] = "";
	struct slot slot;
	size_t wanted = 1;

	for (const char *c = slots; *c; c++)
		wanted += *c == ' ';
	for (size_t i = 0; i < wanted && rule_next(rule, berlin, NULL, utc, &slot); i++) {
		char one[CIVIL_TEXT];
		size_t used = strlen(found);

		utc_write(slot.utc, one);
		snprintf(found + used, sizeof(found) - used, "%s%s", used ? " " : "", one);
		utc = slot.utc;
	}
	if (strcmp(found, slots) != 0)
		fail_msg("%s\n found %s\nwanted %s", text, found, slots);
	rule_unref(rule);
}

static void rules_are_written_in_one_form(void **state)
{
	static const struct {
		enum rule_form form;
		const char *text, *written;
	} rows[] = {
		{RULE_CALENDAR, "mon-fri 9:00", "Mon..Fri *-*-* 09:00:00"},
		{RULE_CALENDAR, "Sun,Sat  8:5", "Sat,Sun *-*-* 08:05:00"},
		{RULE_CALENDAR, "quarterly", "*-01,04,07,10-01 00:00:00"},
		{RULE_CALENDAR, "12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00"},
		{RULE_CALENDAR, "*:2/3", "*-*-* *:02/3:00"},
		{RULE_CALENDAR, "9..17/1:00", "*-*-* 09..17/1:00:00"},
		{RULE_CALENDAR, "9..9/2:00", "*-*-* 09..09/2:00:00"},
		{RULE_CALENDAR, "*-*~1..6/2", "*-*~01..05/2 00:00:00"},
		{RULE_CALENDAR, "daily utc", "*-*-* 00:00:00 UTC"},
		{RULE_RRULE, "rrule:freq=weekly;wkst=su;byday=tu,mo;interval=2;",
			"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;WKST=SU"},
		{RULE_RRULE, "FREQ=MONTHLY;BYDAY=-1FR,+1FR;BYMONTHDAY=-1,3,1",
			"FREQ=MONTHLY;BYMONTHDAY=1,3,-1;BYDAY=1FR,-1FR"},
		{RULE_RRULE, "FREQ=DAILY;UNTIL=20300101t090000z;BYHOUR=9,8;BYMINUTE=30",
			"FREQ=DAILY;UNTIL=20300101T090000Z;BYHOUR=8,9;BYMINUTE=30"},
		{RULE_RRULE, "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1,1;RSCALE=GREGORIAN;SKIP=OMIT",
			"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1;SKIP=OMIT"},
		{RULE_RRULE, "RSCALE=GREGORIAN;BYDAY=+1MO,-2SU;FREQ=MONTHLY",
			"FREQ=MONTHLY;BYDAY=1MO,-2SU"},
		{RULE_EVERY, "1h 30min", "90min"},
		{RULE_EVERY, "7200", "2h"},
		{RULE_EVERY, "36h", "36h"},
		{RULE_EVERY, "90s", "90s"},
		{RULE_EVERY, "876599h 59min 59s", "52595999min 59s"},
		{RULE_EVERY, "14d", "2 weeks"},
		{RULE_EVERY, "7 days", "1 week"},
		{RULE_EVERY, "1w 1 day", "8 days"},
		{RULE_EVERY, "12 months", "1 year"},
		{RULE_EVERY, "1M", "1 month"},
		{RULE_AT, "2026-12-24 18:00", "2026-12-24T18:00:00"},
		{RULE_AT, "2026-12-24T18:00+01:00", "2026-12-24T17:00:00Z"},
	};
	const struct rule_options options = {.start = "2026-01-06T10:00"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule *rule = parsed(rows[i].form, rows[i].text, &options), *again;
		char *written = rule_write(rule);

		assert_string_equal(written, rows[i].written);
		again = parsed(rows[i].form, written, &options);
		assert_true(rule_equal(rule, again));
		rule_unref(rule);
		rule_unref(again);
		free(written);
	}
}

static void options_make_a_different_rule(void **state)
{
	static const struct date_range except[] = {{20000, 20001}};
	static const char *const dates[] = {"2026-03-01T09:00"};
	const struct rule_options rows[] = {
		{.start = "2026-01-06T10:00"},
		{.start = "2026-01-07T10:00"},
		{.start = "2026-01-06T10:00", .has_from = true, .from = 20500},
		{.start = "2026-01-06T10:00", .has_until = true, .until = 22000},
		{.start = "2026-01-06T10:00", .except = except, .n_except = 1},
		{.start = "2026-01-06T10:00", .rdate = dates, .n_rdate = 1},
		{.start = "2026-01-06T10:00", .exdate = dates, .n_exdate = 1},
		{.start = "2026-01-06T10:00", .dst_gap = DST_GAP_SKIP},
		{.start = "2026-01-06T10:00", .dst_overlap = DST_OVERLAP_BOTH},
		{.start = "2026-01-06T10:00", .short_month = SHORT_MONTH_LAST_DAY},
		{.start = "2026-01-06T10:00Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t j = 0; j < ARRAY_LEN(rows); j++) {
			struct rule *a = parsed(RULE_RRULE, "FREQ=DAILY", &rows[i]);
			struct rule *b = parsed(RULE_RRULE, "FREQ=DAILY", &rows[j]);

			assert_int_equal(rule_equal(a, b), i == j);
			rule_unref(a);
			rule_unref(b);
		}
	}
}

static void what_cannot_be_is_refused_at_its_column(void **state)
{
	static const struct {
		enum rule_form form;
		const char *text;
		int r, column;
		const char *says;
	} rows[] = {
		{RULE_CALENDAR, "Mon..Fri 25:00", -EINVAL, 10, "hour 25 is not in 0..23"},
		{RULE_CALENDAR, "Mon Tue 9:00", -EINVAL, 5, "expected"},
		{RULE_CALENDAR, "Mon,Tue Wed", -EINVAL, 9, "comma"},
		{RULE_CALENDAR, "Mon..Fri 09:00 Europe/Lndon", -EINVAL, 16, "no time zone"},
		{RULE_CALENDAR, "*:*/5", -EINVAL, 4, "stands alone"},
		{RULE_CALENDAR, "*:0/90", -EINVAL, 3, "use every"},
		{RULE_CALENDAR, "9:00:00.5", -EINVAL, 8, "whole seconds"},
		{RULE_CALENDAR, "*-02-30", -EINVAL, 0, "never fires"},
		{RULE_CALENDAR, "2026-02-29 10:00", -EINVAL, 0, "never fires"},
		{RULE_CALENDAR, "", -EINVAL, 0, "empty"},
		{RULE_EVERY, "1d", -EINVAL, 0, "start"},
		{RULE_EVERY, "1d 12h", -EINVAL, 0, "36h"},
		{RULE_EVERY, "1 month 2 days", -EINVAL, 0, "mixes"},
		{RULE_EVERY, "0s", -EINVAL, 0, "whole number"},
		{RULE_EVERY, "500ms", -EINVAL, 0, "whole number"},
		{RULE_EVERY, "2 fortnights", -EINVAL, 3, "span"},
		{RULE_EVERY, "often", -EINVAL, 1, "number"},
		{RULE_AT, "2026-02-30T10:00", -EINVAL, 0, "no such date"},
		{RULE_AT, "tomorrow", -EINVAL, 0, "2026-12-24T18:00"},
		{RULE_AT, "2200-01-01T00:00", -EINVAL, 0, "2199"},
		{RULE_RRULE, "FREQ=DAILY", -EINVAL, 0, "start"},
		{RULE_RRULE, "FREQ=DAILY;BYSECOND=1", -EINVAL, 12, "BYSECOND"},
		{RULE_RRULE, "DTSTART;TZID=Europe/London:20260106T110000", -EINVAL, 1, "start ="},
		{RULE_RRULE, "DTSTART:20260106T110000", -EINVAL, 1, "start ="},
		{RULE_RRULE, "EXDATE:20260106T110000", -EINVAL, 1, "exdate"},
		{RULE_RRULE, "FREQ=WEEKLY;BYDAY=XX", -EINVAL, 19, "MO"},
		{RULE_RRULE, "FREQ=WEEKLY;FREQ=DAILY", -EINVAL, 13, "twice"},
		{RULE_RRULE, "BYDAY=1MO;FREQ=WEEKLY", -EINVAL, 7, "numbers"},
		{RULE_RRULE, "BYDAY=1MO;FREQ=HOURLY", -EINVAL, 16, "finer"},
		{RULE_RRULE, "BYMONTHDAY=1,-29;FREQ=MONTHLY;SKIP=FORWARD", -EINVAL, 12, "-29"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule_error error = {.column = -1};
		struct rule *rule = NULL;

		assert_int_equal(
			rule_parse(rows[i].form, rows[i].text, NULL, &rule, &error), rows[i].r);
		if (error.column != rows[i].column || !strstr(error.message, rows[i].says))
			fail_msg("%s: column %d: %s", rows[i].text, error.column, error.message);
		assert_null(rule);
	}
}

static void a_schedule_that_its_limits_leave_empty_is_refused(void **state)
{
	static const struct date_range all[] = {{20800, 21000}, {21001, 90000}};
	const struct rule_options until = {.has_until = true, .until = 20810};
	const struct rule_options both = {
		.has_from = true, .from = 20820, .has_until = true, .until = 20810};
	const struct rule_options except = {
		.has_from = true, .from = 20800, .except = all, .n_except = 2};
	const struct rule_options late = {.start = "2200-01-01T00:00"};
	struct rule *rule = NULL;

	assert_int_equal(rule_parse(RULE_AT, "2026-12-24T18:00", &until, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_AT, "2026-12-24T18:00Z", &until, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_CALENDAR, "daily", &both, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_CALENDAR, "daily", &except, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_EVERY, "90min", &both, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_EVERY, "90min", &late, &rule, NULL), -EINVAL);
	assert_int_equal(rule_parse(RULE_EVERY, "2 weeks", &late, &rule, NULL), -EINVAL);
	assert_null(rule);
}

/* Nothing is known of the years before 1970, so nothing can be counted there. */
static void a_count_cannot_begin_before_1970(void **state)
{
	const struct rule_options before = {.start = "1969-12-31T09:00"};
	const struct rule_options first = {.start = "1970-01-01T09:00"};
	struct rule_error error = {0};
	struct rule *rule = NULL;

	assert_int_equal(
		rule_parse(RULE_RRULE, "FREQ=YEARLY;COUNT=3", &before, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "must not lie before 1970"));
	assert_int_equal(
		rule_parse(RULE_RRULE, "FREQ=YEARLY;INTERVAL=2", &before, &rule, &error), 0);
	rule_unref(rule);
	assert_int_equal(rule_parse(RULE_RRULE, "FREQ=YEARLY;COUNT=3", &first, &rule, &error), 0);
	rule_unref(rule);
}

static void a_gap_and_an_overlap_follow_the_policies(void **state)
{
	const struct rule_options skip = {.dst_gap = DST_GAP_SKIP},
				  last = {.dst_overlap = DST_OVERLAP_LAST};
	const struct rule_options both = {.dst_overlap = DST_OVERLAP_BOTH};
	struct rule *rule = parsed(RULE_CALENDAR, "2:30", &both);
	struct slot slot;

	expect(RULE_CALENDAR, "2:30", NULL, "2026-03-28T12:00Z",
		"2026-03-29T01:00:00Z 2026-03-30T00:30:00Z");
	expect(RULE_CALENDAR, "2:00,15,30", NULL, "2026-03-28T12:00Z",
		"2026-03-29T01:00:00Z 2026-03-30T00:00:00Z");
	expect(RULE_CALENDAR, "2,3:00", NULL, "2026-03-28T12:00Z",
		"2026-03-29T01:00:00Z 2026-03-30T00:00:00Z");
	expect(RULE_CALENDAR, "2:30", &skip, "2026-03-28T12:00Z", "2026-03-30T00:30:00Z");
	expect(RULE_CALENDAR, "*:30", NULL, "2026-03-29T00:00Z",
		"2026-03-29T00:30:00Z 2026-03-29T01:30:00Z");
	expect(RULE_CALENDAR, "2:30", NULL, "2026-10-24T12:00Z",
		"2026-10-25T00:30:00Z 2026-10-26T01:30:00Z");
	expect(RULE_CALENDAR, "2:30", &last, "2026-10-24T12:00Z",
		"2026-10-25T01:30:00Z 2026-10-26T01:30:00Z");
	expect(RULE_CALENDAR, "2:30", &both, "2026-10-24T12:00Z",
		"2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-26T01:30:00Z");
	expect(RULE_CALENDAR, "2026-10-25 2:30", &both, "2026-10-24T12:00Z",
		"2026-10-25T00:30:00Z 2026-10-25T01:30:00Z");
	expect(RULE_CALENDAR, "*-10-25 2:30", &both, "2026-10-24T12:00Z",
		"2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2027-10-25T00:30:00Z");
	expect(RULE_CALENDAR, "*:30", &last, "2026-10-25T00:00Z",
		"2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-25T02:30:00Z");
	assert_true(rule_next(rule, berlin, NULL, instant("2026-10-25T00:30Z"), &slot));
	assert_int_equal(slot.pass, 1);
	assert_int_equal(slot.local, instant("2026-10-25T02:30"));
	rule_unref(rule);
}

static void intervals_count_from_their_start(void **state)
{
	const struct rule_options local = {.start = "2026-03-28T10:00"};
	const struct rule_options utc = {.start = "2026-03-28T10:00Z"};
	const struct rule_options window = {.has_from = true, .from = date_from_ymd(2026, 3, 29)};

	expect(RULE_EVERY, "24h", NULL, "2026-03-28T12:00Z",
		"2026-03-29T00:00:00Z 2026-03-30T00:00:00Z");
	expect(RULE_EVERY, "24h", &local, "2026-03-01T12:00Z",
		"2026-03-28T09:00:00Z 2026-03-29T09:00:00Z 2026-03-30T09:00:00Z");
	expect(RULE_EVERY, "1d", &local, "2026-03-01T12:00Z",
		"2026-03-28T09:00:00Z 2026-03-29T08:00:00Z 2026-03-30T08:00:00Z");
	expect(RULE_EVERY, "1d", &utc, "2026-03-01T12:00Z",
		"2026-03-28T10:00:00Z 2026-03-29T10:00:00Z");
	expect(RULE_EVERY, "2 weeks", &local, "2026-03-28T09:00Z", "2026-04-11T08:00:00Z");
	expect(RULE_EVERY, "5h", &utc, "2026-03-28T10:00Z", "2026-03-28T15:00:00Z");
	expect(RULE_EVERY, "5h", &window, "2026-03-20T10:00Z", "2026-03-29T01:00:00Z");
}

static void short_months_follow_the_policy(void **state)
{
	const struct rule_options last = {
		.start = "2026-01-31T10:00", .short_month = SHORT_MONTH_LAST_DAY};
	const struct rule_options next = {
		.start = "2026-01-31T10:00", .short_month = SHORT_MONTH_NEXT_DAY};
	const struct rule_options omit = {.start = "2026-01-31T10:00"};

	expect(RULE_EVERY, "1 month", &omit, "2026-02-01T00:00Z",
		"2026-03-31T08:00:00Z 2026-05-31T08:00:00Z");
	expect(RULE_EVERY, "1 month", &last, "2026-02-01T00:00Z",
		"2026-02-28T09:00:00Z 2026-03-31T08:00:00Z 2026-04-30T08:00:00Z");
	expect(RULE_EVERY, "1 month", &next, "2026-02-01T00:00Z",
		"2026-03-01T09:00:00Z 2026-03-31T08:00:00Z 2026-05-01T08:00:00Z");
	expect(RULE_CALENDAR, "*-02-29 12:00", &next, "2026-02-01T00:00Z",
		"2026-03-01T11:00:00Z 2027-03-01T11:00:00Z 2028-02-29T11:00:00Z");
	expect(RULE_CALENDAR, "*-*-* 12:00", &next, "2026-02-28T12:00Z", "2026-03-01T11:00:00Z");
}

static void what_is_excepted_does_not_fire(void **state)
{
	const struct date_range except[] = {{date_from_ymd(2026, 1, 8), date_from_ymd(2026, 1, 9)},
		{date_from_ymd(2026, 1, 6), date_from_ymd(2026, 1, 7)},
		{date_from_ymd(2026, 1, 9), date_from_ymd(2026, 1, 12)}};
	const struct rule_options options = {.except = except,
		.n_except = 3,
		.has_until = true,
		.until = date_from_ymd(2026, 1, 13)};

	expect(RULE_CALENDAR, "12:00", &options, "2026-01-04T12:00Z",
		"2026-01-05T11:00:00Z 2026-01-13T11:00:00Z");
	expect(RULE_EVERY, "12h", &options, "2026-01-05T02:00Z",
		"2026-01-05T12:00:00Z 2026-01-13T00:00:00Z 2026-01-13T12:00:00Z");
}

static void nothing_happens_after_2199(void **state)
{
	struct rule *rule = parsed(RULE_CALENDAR, "daily", NULL);
	struct slot slot;

	expect(RULE_CALENDAR, "daily", NULL, "2199-12-30T12:00Z", "2199-12-30T23:00:00Z");
	assert_false(rule_next(rule, berlin, NULL, instant("2199-12-30T23:00Z"), &slot));
	assert_false(rule_next(rule, berlin, NULL, INT64_MAX, &slot));
	assert_true(rule_next(rule, berlin, NULL, INT64_MIN, &slot));
	assert_int_equal(slot.local, 0);
	rule_unref(rule);
}

static void days_of_working_weeks_can_be_held(void **state)
{
	/* What no form here can say yet is held all the same: LW, 15W, and the OR of cron. */
	struct rule_values v = {0};

	v.dates.near_workdays = 1 | 1 << 15;
	/* A month of 31 days that begins on a Saturday: 15 is a Saturday, 31 a Monday. */
	assert_int_equal(date_set_month(&v, 31, 5), UINT32_C(1) << 14 | UINT32_C(1) << 31);
	/* One of 30 days that begins on a Saturday: the last day is a Sunday. */
	assert_int_equal(date_set_month(&v, 30, 5), 1 << 14 | 1 << 28);
	v.dates.near_workdays = 1 << 1;
	assert_int_equal(date_set_month(&v, 30, 5), 1 << 3);
	assert_int_equal(date_set_month(&v, 30, 6), 1 << 2);
	v.dates.near_workdays = 0;
	v.dates.days = 1 << 13;
	v.dates.weekdays = 1 << 4;
	assert_int_equal(date_set_month(&v, 28, 0), 0);
	v.dates.either = true;
	assert_int_equal(date_set_month(&v, 28, 0), 1 << 5 | 1 << 12 | 1 << 13 | 1 << 19 | 1 << 26);
}

static void only_the_second_showing_of_a_time_is_the_second_pass(void **state)
{
	static const struct rule_options both = {.dst_overlap = DST_OVERLAP_BOTH};
	struct rule *rule = parsed(RULE_CALENDAR, "02:30,45", &both);
	int64_t after = instant("2026-10-24T22:00:00Z");
	struct slot slot;

	/* 25 October: 2:30 and 2:45, each twice; then the 26th. */
	for (size_t i = 0; i < 6; i++) {
		assert_true(rule_next(rule, berlin, NULL, after, &slot));
		assert_int_equal(slot.pass, i == 2 || i == 3);
		after = slot.utc;
	}
	rule_unref(rule);
}

static void a_second_after_an_excluded_one_there_may_be_a_slot(void **state)
{
	static const char *const excluded[] = {"2026-01-07T10:00:00"};
	static const char *const added[] = {"2026-01-07T10:00:01"};
	struct rule_options options = {.start = "2026-01-06T10:00",
		.exdate = excluded,
		.n_exdate = 1,
		.rdate = added,
		.n_rdate = 1};

	expect(RULE_RRULE, "FREQ=DAILY", &options, "2026-01-06T00:00:00Z",
		"2026-01-06T09:00:00Z 2026-01-07T09:00:01Z 2026-01-08T09:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_written_in_one_form),
		cmocka_unit_test(options_make_a_different_rule),
		cmocka_unit_test(what_cannot_be_is_refused_at_its_column),
		cmocka_unit_test(a_schedule_that_its_limits_leave_empty_is_refused),
		cmocka_unit_test(a_count_cannot_begin_before_1970),
		cmocka_unit_test(a_gap_and_an_overlap_follow_the_policies),
		cmocka_unit_test(intervals_count_from_their_start),
		cmocka_unit_test(short_months_follow_the_policy),
		cmocka_unit_test(what_is_excepted_does_not_fire),
		cmocka_unit_test(nothing_happens_after_2199),
		cmocka_unit_test(days_of_working_weeks_can_be_held),
		cmocka_unit_test(only_the_second_showing_of_a_time_is_the_second_pass),
		cmocka_unit_test(a_second_after_an_excluded_one_there_may_be_a_slot),
	};

	return cmocka_run_group_tests(tests, berlin_open, berlin_close);
}
