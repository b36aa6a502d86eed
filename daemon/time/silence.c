/* Why a date is silent: the same limits as next.c applies, asked in the order in which people look for
 * them. Pure, and slow: for explanations, never for a search. */
#include "time/rule-parts.h"

/* One local date as nominal times and as instants; the ends are exclusive. */
struct day {
	int64_t from, to, utc_from, utc_to;
};

static struct day day_of(const struct zone *zone, int32_t date)
{
	struct day day = {.from = date * DAY_S, .to = (date + 1) * DAY_S};
	int64_t second;

	(void)zone_to_utc(zone, day.from, &day.utc_from, &second);
	(void)zone_to_utc(zone, day.to, &day.utc_to, &second);
	return day;
}

static bool is_elapsed(const struct rule *rule)
{
	return rule->v.kind == KIND_ELAPSED || rule->v.kind == KIND_ONCE;
}

static int32_t date_at(const struct zone *zone, int64_t utc)
{
	return local_date(zone_to_local(zone, utc, NULL));
}

/* The instant at which an interval begins, or INT64_MIN. */
static int64_t anchor_of(const struct rule *rule, const struct zone *zone)
{
	int64_t anchor = rule->v.anchor, second;

	if (rule->v.kind != KIND_ELAPSED || !rule->v.anchored)
		return INT64_MIN;
	if (rule->v.anchor_local)
		(void)zone_to_utc(zone, rule->v.anchor, &anchor, &second);
	return anchor;
}

static bool is_before(
	const struct rule *rule, const struct zone *zone, const struct day *day, int32_t *ret_date)
{
	int64_t anchor = anchor_of(rule, zone);

	if (rule->v.first_local >= day->to)
		*ret_date = local_date(rule->v.first_local);
	else if (rule->v.first_utc >= day->utc_to)
		*ret_date = date_at(zone, rule->v.first_utc);
	else if (anchor >= day->utc_to)
		*ret_date = date_at(zone, anchor);
	else
		return false;
	return true;
}

/* The last nominal time that COUNT and the like leave, or that is listed beside them. */
static int64_t last_counted(const struct rule *rule)
{
	int64_t last = rule->v.kind == KIND_LISTED ? INT64_MIN : rule->v.base_last;

	if (is_elapsed(rule))
		return INT64_MAX;
	return rule->n_extra ? MAX_OF(last, rule->extra[rule->n_extra - 1]) : last;
}

static bool is_over(
	const struct rule *rule, const struct zone *zone, const struct day *day, int32_t *ret_date)
{
	int64_t counted = last_counted(rule);

	if (rule->v.last_local < day->from)
		*ret_date = local_date(rule->v.last_local);
	else if (rule->v.last_utc < day->utc_from)
		*ret_date = date_at(zone, rule->v.last_utc);
	else if (counted < day->from)
		*ret_date = local_date(counted);
	else
		return false;
	return true;
}

/* The first nominal time of the date when nothing is counted, excepted or excluded, or NO_SLOT. */
static int64_t first_named(
	const struct rule *rule, const struct workdays *workdays, const struct day *day)
{
	int64_t first = rule_next_base(rule, workdays, day->from);

	for (size_t i = 0; i < rule->n_extra; i++)
		if (rule->extra[i] >= day->from)
			first = MIN_OF(first, rule->extra[i]);
	return first < day->to ? first : NO_SLOT;
}

static enum silence within(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, const struct day *day, int32_t *ret_date)
{
	int64_t first;
	struct slot slot;

	if (is_elapsed(rule))
		return rule_next(rule, zone, workdays, day->utc_from - 1, &slot) &&
				       slot.utc < day->utc_to
			       ? SILENCE_NONE
			       : SILENCE_RULE;
	if (rule_next_local(rule, workdays, day->from) < day->to)
		return SILENCE_NONE;
	first = first_named(rule, workdays, day);
	if (first == NO_SLOT)
		return SILENCE_RULE;
	/* On its first and on its last date a limit may take times as well. */
	if (first < rule->v.first_local) {
		*ret_date = local_date(rule->v.first_local);
		return SILENCE_BEFORE;
	}
	if (first > MIN_OF(rule->v.last_local, rule->v.base_last)) {
		*ret_date = local_date(MIN_OF(rule->v.last_local, rule->v.base_last));
		return SILENCE_OVER;
	}
	return SILENCE_EXCLUDED;
}

enum silence rule_silence(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int32_t date, int32_t *ret_date)
{
	const struct date_range *range = rule_except_at(rule, date);
	struct day day;

	zone = rule->zone ? rule->zone : zone;
	day = day_of(zone, date);
	if (is_before(rule, zone, &day, ret_date))
		return SILENCE_BEFORE;
	if (is_over(rule, zone, &day, ret_date))
		return SILENCE_OVER;
	if (range && (is_elapsed(rule) || first_named(rule, workdays, &day) != NO_SLOT)) {
		*ret_date = range->last;
		return SILENCE_EXCEPT;
	}
	return within(rule, zone, workdays, &day, ret_date);
}

void rule_limits(
	const struct rule *rule, int32_t *ret_first, int32_t *ret_last, size_t *ret_excepts)
{
	bool begins = rule->v.first_local > LOCAL_FIRST, ends = rule->v.last_local < LOCAL_LAST;

	*ret_first = begins ? local_date(rule->v.first_local) : INT32_MIN;
	*ret_last = ends ? local_date(rule->v.last_local) : INT32_MAX;
	*ret_excepts = rule->n_except;
}
