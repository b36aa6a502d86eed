/* Why a date is silent: every limit of a schedule alone and two together, on the days around its edge. */
#include "base/str.h"
#include "time/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const names[] = {"none", "rule", "before", "over", "except", "excluded"};

static int32_t date_of(const char *text)
{
	int32_t date;

	assert_int_equal(date_parse(text, &date), 0);
	return date;
}

struct row {
	enum rule_form form;
	const char *text, *start;
	const char *from, *until, *except_first, *except_last, *rdate, *exdate;
	const char *date, *wanted; /* "before 2026-11-23": the reason and its date */
};

#define WEEKDAYS RULE_CALENDAR, "Mon..Fri 09:00", NULL
#define TUESDAYS RULE_RRULE, "FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-11-03T09:00"

/* 2026-11-23 is a Monday. */
static const struct row rows[] = {
	{WEEKDAYS, .date = "2026-11-23", .wanted = "none"},
	{WEEKDAYS, .date = "2026-11-22", .wanted = "rule"},
	{WEEKDAYS, .from = "2026-11-23", .date = "2026-11-23", .wanted = "none"},
	{WEEKDAYS, .from = "2026-11-23", .date = "2026-11-22", .wanted = "before 2026-11-23"},
	{WEEKDAYS, .from = "2026-11-23", .date = "2026-11-20", .wanted = "before 2026-11-23"},
	{WEEKDAYS, .until = "2026-11-23", .date = "2026-11-23", .wanted = "none"},
	{WEEKDAYS, .until = "2026-11-23", .date = "2026-11-24", .wanted = "over 2026-11-23"},
	{WEEKDAYS, .until = "2026-11-23", .date = "2026-11-29", .wanted = "over 2026-11-23"},
	{WEEKDAYS, .except_first = "2026-11-23", .except_last = "2026-11-27", .date = "2026-11-23",
		.wanted = "except 2026-11-27"},
	{WEEKDAYS, .except_first = "2026-11-23", .except_last = "2026-11-27", .date = "2026-11-27",
		.wanted = "except 2026-11-27"},
	{WEEKDAYS, .except_first = "2026-11-23", .except_last = "2026-11-27", .date = "2026-11-20",
		.wanted = "none"},
	{WEEKDAYS, .except_first = "2026-11-21", .except_last = "2026-11-22", .date = "2026-11-21",
		.wanted = "rule"},
	{WEEKDAYS, .until = "2026-11-22", .except_first = "2026-11-23", .except_last = "2026-11-23",
		.date = "2026-11-23", .wanted = "over 2026-11-22"},
	{RULE_CALENDAR, "2026-11-23 09:00", NULL, .date = "2026-11-23", .wanted = "none"},
	{RULE_CALENDAR, "2026-11-23 09:00", NULL, .date = "2026-11-24", .wanted = "rule"},
	{TUESDAYS, .date = "2026-11-02", .wanted = "before 2026-11-03"},
	{TUESDAYS, .date = "2026-11-03", .wanted = "none"},
	{TUESDAYS, .date = "2026-11-04", .wanted = "rule"},
	{TUESDAYS, .date = "2026-11-17", .wanted = "none"},
	{TUESDAYS, .date = "2026-11-18", .wanted = "over 2026-11-17"},
	{TUESDAYS, .date = "2026-11-24", .wanted = "over 2026-11-17"},
	{TUESDAYS, .rdate = "2026-11-26T09:00", .date = "2026-11-24", .wanted = "over 2026-11-17"},
	{TUESDAYS, .rdate = "2026-11-26T09:00", .date = "2026-11-25", .wanted = "rule"},
	{TUESDAYS, .rdate = "2026-11-26T09:00", .date = "2026-11-26", .wanted = "none"},
	{TUESDAYS, .rdate = "2026-11-26T09:00", .date = "2026-11-27", .wanted = "over 2026-11-26"},
	{TUESDAYS, .exdate = "2026-11-10T09:00", .date = "2026-11-10", .wanted = "excluded"},
	{TUESDAYS, .exdate = "2026-11-10T09:00", .date = "2026-11-17", .wanted = "none"},
	{RULE_RRULE, "FREQ=DAILY;BYHOUR=8", "2026-11-03T09:00", .date = "2026-11-03",
		.wanted = "before 2026-11-03"},
	{RULE_RRULE, "FREQ=DAILY;BYHOUR=10;UNTIL=20261105T093000", "2026-11-03T09:00",
		.date = "2026-11-05", .wanted = "over 2026-11-05"},
	{RULE_RRULE, "FREQ=DAILY;BYHOUR=10;UNTIL=20261105T093000", "2026-11-03T09:00",
		.date = "2026-11-06", .wanted = "over 2026-11-05"},
	{RULE_RRULE, "FREQ=DAILY;UNTIL=20261106T000000", "2026-11-03T00:00", .date = "2026-11-06",
		.wanted = "none"},
	{RULE_RRULE, "FREQ=DAILY;UNTIL=20261105T093000Z", "2026-11-03T09:00Z", .date = "2026-11-06",
		.wanted = "over 2026-11-05"},
	{RULE_CALENDAR, "Mon..Fri 09:00", "2026-11-23T09:00Z", .date = "2026-11-20",
		.wanted = "before 2026-11-23"},
	{RULE_RRULE, "FREQ=DAILY", "2026-11-03T09:00Z", .date = "2026-11-02",
		.wanted = "before 2026-11-03"},
	{RULE_EVERY, "36h", "2026-11-03T09:00Z", .until = "2026-11-05", .date = "2026-11-06",
		.wanted = "over 2026-11-05"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .date = "2026-11-02",
		.wanted = "before 2026-11-03"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .date = "2026-11-03", .wanted = "none"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .date = "2026-11-05", .wanted = "rule"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .date = "2026-11-06", .wanted = "none"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .until = "2026-11-05", .date = "2026-11-06",
		.wanted = "over 2026-11-05"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .from = "2026-11-06", .date = "2026-11-04",
		.wanted = "before 2026-11-06"},
	{RULE_EVERY, "36h", "2026-11-03T09:00", .except_first = "2026-11-06",
		.except_last = "2026-11-06", .date = "2026-11-06", .wanted = "except 2026-11-06"},
	{RULE_EVERY, "90min", NULL, .date = "2026-11-06", .wanted = "none"},
	{RULE_AT, "2026-11-23T09:00", NULL, .date = "2026-11-23", .wanted = "none"},
	{RULE_AT, "2026-11-23T09:00", NULL, .date = "2026-11-24", .wanted = "over 2026-11-23"},
	{RULE_AT, "2026-11-23T09:00Z", NULL, .date = "2026-11-23", .wanted = "none"},
	{RULE_AT, "2026-11-23T09:00Z", NULL, .date = "2026-11-22", .wanted = "rule"},
};

static struct rule *parse(const struct row *row)
{
	struct date_range except;
	struct rule_options options = {.start = row->start,
		.has_from = row->from,
		.has_until = row->until,
		.except = &except,
		.n_except = row->except_first != NULL,
		.rdate = &row->rdate,
		.n_rdate = row->rdate != NULL,
		.exdate = &row->exdate,
		.n_exdate = row->exdate != NULL};
	struct rule_error error;
	struct rule *rule;

	if (row->from)
		options.from = date_of(row->from);
	if (row->until)
		options.until = date_of(row->until);
	if (row->except_first)
		except = (struct date_range){date_of(row->except_first), date_of(row->except_last)};
	if (rule_parse(row->form, row->text, &options, &rule, &error) < 0)
		fail_msg("%s: %s", row->text, error.message);
	return rule;
}

static void every_limit_is_named_on_the_days_around_it(void **state)
{
	struct zone *utc;

	assert_int_equal(zone_load("UTC", &utc), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule *rule = parse(&rows[i]);
		int32_t limit = INT32_MIN;
		enum silence why = rule_silence(rule, utc, NULL, date_of(rows[i].date), &limit);
		char date[CIVIL_TEXT] = "";
		auto_free char *told = NULL;

		if (limit != INT32_MIN)
			date_write(limit, date);
		told = str_printf("%s%s%s", names[why], *date ? " " : "", date);
		if (!str_eq(told, rows[i].wanted))
			fail_msg("row %zu, %s on %s: %s, not %s", i, rows[i].text, rows[i].date,
				told, rows[i].wanted);
		rule_unref(rule);
	}
	zone_unref(utc);
}

static void limits_are_those_of_the_keys(void **state)
{
	static const struct row all = {WEEKDAYS, .from = "2026-11-23", .until = "2026-12-23",
		.except_first = "2026-11-25", .except_last = "2026-11-26"};
	static const struct row none = {WEEKDAYS};
	struct rule *rule = parse(&all);
	int32_t first, last;
	size_t excepts;

	rule_limits(rule, &first, &last, &excepts);
	assert_int_equal(first, date_of("2026-11-23"));
	assert_int_equal(last, date_of("2026-12-23"));
	assert_int_equal(excepts, 1);
	rule_unref(rule);
	rule = parse(&none);
	rule_limits(rule, &first, &last, &excepts);
	assert_int_equal(first, INT32_MIN);
	assert_int_equal(last, INT32_MAX);
	assert_int_equal(excepts, 0);
	rule_unref(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_is_named_on_the_days_around_it),
		cmocka_unit_test(limits_are_those_of_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
