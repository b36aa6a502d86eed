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
	TIMES_MAX = 24,  /* in one day */
	DEPTH_MAX = 100, /* instances at one time */
	POSITIONS_COST_MONTH = 6000,
	POSITIONS_COST_YEAR = 2000,
	NTH_COST = 4000,
	INTERVAL_COST = 500,
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

static const char *work_pay(struct ical *ical, int64_t cost)
{
	if (cost > ical->work)
		return "too many long rules in one file";
	ical->work -= cost;
	return NULL;
}

/* What reading it costs: COUNT is counted, and set positions are looked for. */
static const char *reading_pay(struct ical *ical, const char *freq, int count, bool positions)
{
	int64_t cost = count;

	if (positions && part_is(freq, "YEARLY"))
		cost += POSITIONS_COST_YEAR;
	else if (positions && part_is(freq, "MONTHLY"))
		cost += POSITIONS_COST_MONTH;
	else if (positions)
		return "BYSETPOS belongs to MONTHLY and YEARLY here";
	return work_pay(ical, cost);
}

/* RFC 5545 3.3.10: to be ignored where DTSTART is a date. */
static bool is_time_of_day(const char *part)
{
	return part_is(part, "BYHOUR=") || part_is(part, "BYMINUTE=") || part_is(part, "BYSECOND=");
}

/* The text as rule_parse() wants it; what is wrong, or NULL. */
static const char *rule_rewrite(struct ical *ical, const char *text, bool dates,
	char out[RULE_LEN_MAX + 16], struct ical_rule *rule)
{
	const char *freq = NULL, *wrong = NULL;
	size_t used = 0, len;
	bool positions = false;
	int count = 0;

	if (strlen(text) > RULE_LEN_MAX)
		return "it is longer than 4000 bytes";
	out[0] = '\0';
	for (const char *at = text; at && !wrong; at = strchr(at, ';')) {
		const char *digits;

		at += *at == ';';
		digits = at + strlen("COUNT=");
		len = strcspn(at, ";");
		if (part_is(at, "COUNT=") && !scan_number(&digits, &count))
			count = INT_MAX;
		positions |= part_is(at, "BYSETPOS=");
		if (part_is(at, "FREQ=") && !freq)
			freq = at + strlen("FREQ=");
		else if (part_is(at, "UNTIL="))
			wrong = until_take(at + strlen("UNTIL="), rule);
		else if (len && !(dates && is_time_of_day(at)))
			used += (size_t)sprintf(out + used, ";%.*s", (int)len, at);
	}
	if (wrong || !freq)
		return wrong ? wrong : "FREQ is missing";
	len = strcspn(freq, ";");
	memmove(out + strlen("FREQ=") + len, out, used + 1);
	memcpy(out, "FREQ=", strlen("FREQ="));
	memcpy(out + strlen("FREQ="), freq, len);
	return reading_pay(ical, freq, count, positions);
}

/* --- what asking it would cost ---------------------------------------------------------------- */

/* The most dates of one month. */
static int64_t a_month(const struct rule *rule)
{
	int most = 0;

	for (int length = 0; length < 4; length++) {
		for (int w = 0; w < 7; w++)
			most = MAX_OF(most, __builtin_popcount(rule->v.month_masks[length][w]));
	}
	return rule->v.dates.nth_in_year ? 31 : most;
}

/* Instances of one repetition may overlap, but not so many that each question would walk them. */
static bool is_too_deep(const struct rule *rule, const struct off_length *length)
{
	int64_t days = (length->wall + length->exact) / DAY_S + 1;
	int64_t dates = MIN_OF(days, a_month(rule) * (days / 28 + 2));

	return dates * (int64_t)rule->n_times > DEPTH_MAX;
}

/* Rules whose months are not answered from a table; and events at a time of day that may be whole
 * dates to somebody, whose instances are walked one by one. */
static int64_t asking_cost(
	const struct rule *rule, const struct ical_time *start, const struct off_length *length)
{
	const struct period *p = &rule->v.period;
	int64_t cost = 0, years = YEAR_LAST - YEAR_FIRST + 1;

	if (rule->v.dates.nth_in_year)
		cost += NTH_COST;
	if (p->interval > 1 && p->unit < PERIOD_MONTH)
		cost += INTERVAL_COST;
	if (!start->is_date && length && off_may_be_whole(length))
		cost += years * __builtin_popcount(rule->v.dates.months) * a_month(rule) *
			(int64_t)rule->n_times / p->interval;
	return cost;
}

static const char *rule_check(struct ical *ical, const struct rule *rule,
	const struct ical_time *start, const struct off_length *length)
{
	if (!rule->n_times || rule->n_times > TIMES_MAX)
		return "it has more than 24 times a day";
	if (length && is_too_deep(rule, length))
		return "it overlaps itself more than 100 times";
	return work_pay(ical, asking_cost(rule, start, length));
}

bool ical_rule_parse(struct ical *ical, int line, const char *text, const struct ical_time *start,
	const struct off_length *length, struct ical_rule *ret)
{
	char rewritten[RULE_LEN_MAX + 16], start_text[CIVIL_TEXT];
	const struct rule_options options = {.start = start_text};
	struct ical_rule rule = {.until = INT64_MAX};
	struct rule_error error = {0};
	char shown[sizeof(error.message)];
	const char *wrong = rule_rewrite(ical, text, start->is_date, rewritten, &rule);

	local_write(start->local, start_text);
	if (!wrong && start->local < LOCAL_FIRST && strcasestr(text, "COUNT="))
		wrong = "COUNT is not counted from before 1970";
	if (!wrong && rule_parse(RULE_RRULE, rewritten, &options, &rule.rule, &error) < 0) {
		ical_name_clean(error.message, shown, sizeof(shown));
		wrong = shown;
	}
	if (!wrong)
		wrong = rule_check(ical, rule.rule, start, length);
	if (wrong) {
		ical_warn(ical, ICAL_BAD_RULE, line,
			"this RRULE is not understood (%s): only the first date counts", wrong);
		rule_unref(rule.rule);
		return false;
	}
	*ret = rule;
	return true;
}
