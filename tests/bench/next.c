/* Nanoseconds for one next instant, the zone asked both ways: each schedule is walked from its own
 * last answer. Prints `NAME NANOSECONDS`, the least disturbed of nine rounds; `next_ns` is the daily
 * rule. */
#include "time/rule.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 9, STEPS = 60000 };

static const struct {
	const char *name;
	enum rule_form form;
	const char *text, *zone;
} rows[] = {
	{"next_ns", RULE_CALENDAR, "09:00", "Europe/Berlin"},
	{"next_weekdays_ns", RULE_CALENDAR, "Mon..Fri 09:00", "America/New_York"},
	{"next_utc_ns", RULE_CALENDAR, "09:00", "UTC"},
	{"next_wild_ns", RULE_CALENDAR, "*:0/20", "Europe/Berlin"},
	{"next_second_tuesday_ns", RULE_RRULE, "FREQ=MONTHLY;BYDAY=2TU", "Europe/London"},
	{"next_two_weeks_ns", RULE_RRULE, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "Europe/London"},
	{"next_last_workday_ns", RULE_RRULE, "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
		"Europe/London"},
	{"next_yearly_ns", RULE_CALENDAR, "*-03-01 10:00", "Australia/Lord_Howe"},
	{"next_leap_monday_ns", RULE_CALENDAR, "Mon *-02-29 10:00", "Europe/Berlin"},
	{"next_elapsed_ns", RULE_EVERY, "90min", "Europe/Berlin"},
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static double round_ns(const struct rule *rule, const struct zone *zone)
{
	const int64_t begin = 1767225600; /* 2026-01-01 */
	int64_t after = begin, started = now_ns();
	struct slot slot;

	for (int i = 0; i < STEPS; i++)
		after = rule_next(rule, zone, NULL, after, &slot) ? slot.utc : begin;
	return (double)(now_ns() - started) / STEPS;
}

int main(void)
{
	const struct rule_options options = {.start = "2026-01-06T10:00"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule_error error;
		struct rule *rule;
		struct zone *zone;
		double best = 0;

		if (zone_load(rows[i].zone, &zone) < 0 ||
			rule_parse(rows[i].form, rows[i].text, &options, &rule, &error) < 0)
			return 1;
		for (int r = 0; r < ROUNDS; r++) {
			double ns = round_ns(rule, zone);

			best = r && best < ns ? best : ns;
		}
		printf("%s %.0f\n", rows[i].name, best);
		rule_unref(rule);
		zone_unref(zone);
	}
	return 0;
}
