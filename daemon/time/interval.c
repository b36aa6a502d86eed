/* The two plain forms: `every`, an elapsed interval or a calendar period counted from start, and
 * `at`, one time. */
#include "time/rule-parts.h"

#include "base/str.h"
#include "time/span.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Units whose length in seconds a calendar decides. */
static const struct {
	const char *name;
	int days, months;
} calendar_units[] = {
	{"d", 1, 0},
	{"day", 1, 0},
	{"days", 1, 0},
	{"w", 7, 0},
	{"week", 7, 0},
	{"weeks", 7, 0},
	{"M", 0, 1},
	{"month", 0, 1},
	{"months", 0, 1},
	{"y", 0, 12},
	{"year", 0, 12},
	{"years", 0, 12},
};

enum { PERIOD_MAX_DAYS = 36525, PERIOD_MAX_MONTHS = 1200 };

struct amount {
	int64_t days, months;
	bool clock; /* has hours, minutes or seconds */
};

/* Adds up "2 weeks 1 day". Words that are not of the calendar only set `clock`: span.c knows them.
 */
static int amount_take(struct scan *scan, struct amount *amount)
{
	while (*scan->at) {
		const char *number = scan->at;
		int n = 0;
		size_t len = 0, i;

		if (!scan_number(&scan->at, &n))
			return scan_fail(
				scan, number, "expected a number with a unit, such as 90min");
		scan->at += strspn(scan->at, " ");
		while (scan_is_letter(scan->at[len]))
			len++;
		for (i = 0; i < ARRAY_LEN(calendar_units); i++) {
			if (strlen(calendar_units[i].name) == len &&
				strncmp(calendar_units[i].name, scan->at, len) == 0)
				break;
		}
		if (i == ARRAY_LEN(calendar_units)) {
			amount->clock = true;
			scan->at += len + (len == 0 && *scan->at == '.');
		} else {
			amount->days += (int64_t)n * calendar_units[i].days;
			amount->months += (int64_t)n * calendar_units[i].months;
			scan->at += len;
		}
		if (!len && *scan->at && !scan_is_digit(*scan->at))
			return scan_fail(
				scan, scan->at, "expected a unit such as min, hours or days");
		scan->at += strspn(scan->at, " ");
	}
	return 0;
}

/* Never days: those would be a calendar period. */
static char *elapsed_write(int64_t s)
{
	if (s % 3600 == 0)
		return str_printf("%lldh", (long long)s / 3600);
	if (s % 60 == 0)
		return str_printf("%lldmin", (long long)s / 60);
	if (s < 3600)
		return str_printf("%llds", (long long)s);
	return str_printf("%lldmin %llds", (long long)s / 60, (long long)s % 60);
}

static int every_elapsed(struct draft *draft)
{
	struct rule *rule = draft->rule;
	int column;
	int64_t ms;
	int r = span_parse_ms(draft->scan.text, &ms, &column);

	if (r == -ERANGE)
		return scan_fail(&draft->scan, NULL, "longer than 100 years");
	if (r < 0)
		return scan_fail(&draft->scan, draft->scan.text + column - 1,
			"expected a span such as 90min, 2h 30min or 2 weeks");
	if (ms < 1000 || ms % 1000)
		return scan_fail(
			&draft->scan, NULL, "an interval is a whole number of seconds, at least 1");
	rule->v.kind = KIND_ELAPSED;
	rule->v.every_s = ms / 1000;
	rule->v.anchored = draft->has_start;
	rule->v.anchor = draft->has_start ? draft->start : 0;
	rule->v.anchor_local = draft->has_start && !draft->start_is_utc;
	rule->text = elapsed_write(rule->v.every_s);
	return 0;
}

static char *period_write(int64_t n, const char *unit)
{
	return str_printf("%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

static int every_period(struct draft *draft, const struct amount *amount)
{
	struct rule *rule = draft->rule;
	int r = draft_need_local_start(draft, "an interval of days, weeks, months or years");

	if (r < 0)
		return r;
	if (amount->days > PERIOD_MAX_DAYS || amount->months > PERIOD_MAX_MONTHS)
		return scan_fail(&draft->scan, NULL, "longer than 100 years");
	if (amount->days + amount->months == 0)
		return scan_fail(&draft->scan, NULL, "an interval of nothing never ends");
	date_set_all(&rule->v.dates);
	times_set_one(rule, local_second_of_day(draft->start));
	rule->v.period.anchor = local_date(draft->start);
	if (amount->days) {
		rule->v.period.unit = PERIOD_DAY;
		rule->v.period.interval = (int)amount->days;
		rule->text = amount->days % 7 ? period_write(amount->days, "day")
					      : period_write(amount->days / 7, "week");
	} else {
		rule->v.period.unit = PERIOD_MONTH;
		rule->v.period.interval = (int)amount->months;
		rule->v.dates.days = UINT32_C(1) << civil_unpack(draft->start).day;
		rule->text = amount->months % 12 ? period_write(amount->months, "month")
						 : period_write(amount->months / 12, "year");
	}
	return 0;
}

int every_parse(struct draft *draft)
{
	struct amount amount = {0};
	struct scan scan = draft->scan;
	int r;

	scan.at += strspn(scan.at, " ");
	if (!*scan.at)
		return scan_fail(&scan, NULL, "empty: write an interval such as 90min or 2 weeks");
	r = amount_take(&scan, &amount);
	if (r < 0)
		return r;
	if (amount.clock && (amount.days || amount.months))
		return scan_fail(&scan, NULL,
			"mixes calendar units with hours: write hours only, such as 36h");
	if (amount.days && amount.months)
		return scan_fail(&scan, NULL, "mixes months with days: write one of the two");
	return amount.clock ? every_elapsed(draft) : every_period(draft, &amount);
}

int at_parse(struct draft *draft)
{
	struct rule *rule = draft->rule;
	char text[CIVIL_TEXT];
	bool is_utc;
	int64_t at;
	int r = civil_parse(draft->scan.text, &at, &is_utc);

	if (r == -ERANGE)
		return scan_fail(&draft->scan, NULL,
			"there is no such date or time: write it as 2026-12-24T18:00");
	if (r < 0)
		return scan_fail(&draft->scan, NULL,
			"expected a time such as 2026-12-24T18:00, with Z or +01:00 for an "
			"instant");
	if (at < LOCAL_FIRST || at > LOCAL_LAST)
		return scan_fail(
			&draft->scan, NULL, "the year must be %d to %d", YEAR_FIRST, YEAR_LAST);
	if (is_utc) {
		rule->v.kind = KIND_ONCE;
		rule->v.anchor = at;
		utc_write(at, text);
	} else {
		rule->v.kind = KIND_LISTED;
		rule->extra = mem_copy(&at, sizeof(at));
		rule->n_extra = 1;
		local_write(at, text);
	}
	rule->text = str_new(text);
	return 0;
}
