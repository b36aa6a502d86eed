/* Nanoseconds for one next instant, the zone asked both ways, of twelve shapes in the mandatory zones:
 * each is walked from its own last answer. Prints `SHAPE ZONE NANOSECONDS`, the least disturbed of a
 * few rounds, then what a million different schedules take after a clock step.
 * With an argument: the shapes as other programs read them, `SHAPE CRON|- RRULE|-`, tab-separated. */
#include "base/str.h"
#include "time/rule.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 5, STEPS = 10000, MANY_RULES = 50000, MANY_ZONES = 20 };

#define START "2026-01-06T10:00"
#define BEGIN INT64_C(1767225600) /* 2026-01-01 */

static const struct {
	const char *name;
	enum rule_form form;
	const char *text, *cron, *rrule;
} shapes[] = {
	{"daily", RULE_CALENDAR, "09:00", "0 9 * * *", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0"},
	{"weekdays", RULE_CRON, "0 9 * * MON-FRI", "0 9 * * 1-5",
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0"},
	{"three_a_day", RULE_CALENDAR, "9,13,17:30", "30 9,13,17 * * *",
		"FREQ=DAILY;BYHOUR=9,13,17;BYMINUTE=30"},
	{"every_20_minutes", RULE_CALENDAR, "*:0/20", "*/20 * * * *", NULL},
	{"every_90_minutes", RULE_EVERY, "90min", NULL, NULL},
	{"two_weeks", RULE_RRULE, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", NULL,
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"},
	{"second_tuesday", RULE_RRULE, "FREQ=MONTHLY;BYDAY=2TU", "0 10 * * 2#2",
		"FREQ=MONTHLY;BYDAY=2TU"},
	{"first_and_15th", RULE_CALENDAR, "*-*-1,15 10:00", "0 10 1,15 * *",
		"FREQ=MONTHLY;BYMONTHDAY=1,15"},
	{"last_day", RULE_CRON, "0 10 L * *", "0 10 L * *", "FREQ=MONTHLY;BYMONTHDAY=-1"},
	{"last_workday", RULE_RRULE, "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", NULL,
		"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
	{"yearly", RULE_CALENDAR, "*-12-24 18:00", "0 18 24 12 *",
		"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24;BYHOUR=18"},
	{"quarterly_monday", RULE_RRULE, "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO", NULL,
		"FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO"},
};

static const char *const zones[] = {"America/New_York", "Europe/Berlin", "Europe/Dublin",
	"Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "America/St_Johns",
	"Pacific/Apia", "Pacific/Chatham", "Asia/Kathmandu", "UTC"};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static struct rule *parsed(enum rule_form form, const char *text)
{
	const struct rule_options options = {.start = START};
	struct rule_error error;
	struct rule *rule;

	if (rule_parse(form, text, &options, &rule, &error) == 0)
		return rule;
	fprintf(stderr, "%s: %s\n", text, error.message);
	exit(1);
}

static struct zone *loaded(const char *name)
{
	struct zone *zone;

	if (zone_load(name, &zone) == 0)
		return zone;
	fprintf(stderr, "%s: no such zone\n", name);
	exit(1);
}

static double round_ns(const struct rule *rule, const struct zone *zone)
{
	int64_t after = BEGIN, started = now_ns();
	struct slot slot;

	for (int i = 0; i < STEPS; i++)
		after = rule_next(rule, zone, NULL, after, &slot) ? slot.utc : BEGIN;
	return (double)(now_ns() - started) / STEPS;
}

static void measure_shapes(void)
{
	for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
		struct zone *zone = loaded(zones[z]);

		for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
			struct rule *rule = parsed(shapes[i].form, shapes[i].text);
			double best = 0;

			for (int r = 0; r < ROUNDS; r++) {
				double ns = round_ns(rule, zone);

				best = r && best < ns ? best : ns;
			}
			printf("%s %s %.1f\n", shapes[i].name, zones[z], best);
			rule_unref(rule);
		}
		zone_unref(zone);
	}
}

/* No two with the same rule and zone, so nothing is shared: the worst that can be asked for. */
static void measure_million(void)
{
	static const char *const days[] = {"Mon..Fri", "Tue", "Mon,Thu", "Fri"};
	static struct rule *rules[MANY_RULES];
	struct zone *many[MANY_ZONES];
	int64_t started, sum = 0;
	struct slot slot;

	for (int z = 0; z < MANY_ZONES; z++)
		many[z] = loaded(zones[z % (int)ARRAY_LEN(zones)]);
	for (int i = 0; i < MANY_RULES; i++) {
		auto_free char *text = str_printf(
			"%s %02d:%02d:%02d", days[i % 4], i / 3600 % 24, i / 60 % 60, i % 60);

		rules[i] = parsed(RULE_CALENDAR, text);
	}
	started = now_ns();
	for (int z = 0; z < MANY_ZONES; z++) {
		for (int i = 0; i < MANY_RULES; i++) {
			if (rule_next(rules[i], many[z], NULL, BEGIN, &slot))
				sum += slot.utc;
		}
	}
	printf("recompute_million_different_s %.3f\n", (double)(now_ns() - started) / 1e9);
	assert(sum > BEGIN);
	for (int i = 0; i < MANY_RULES; i++)
		rule_unref(rules[i]);
	for (int z = 0; z < MANY_ZONES; z++)
		zone_unref(many[z]);
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		measure_shapes();
		measure_million();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		printf("%s\t%s\t%s\n", shapes[i].name, shapes[i].cron ? shapes[i].cron : "-",
			shapes[i].rrule ? shapes[i].rrule : "-");
	return 0;
}
