/* The next slot: next date of the predicate, times of that date, resolution in the zone. Pure and
 * bounded: a date search walks at most the months until 2199, by masks. Allocates nothing. */
#include "time/rule-parts.h"

#define MASK_MONTH(length) ((uint32_t)((UINT64_C(2) << (length)) - 2)) /* bits 1..length */

/* Larger than any difference between two offsets of one zone. */
#define OFFSETS_APART (4 * DAY_S)

static int64_t modulo(int64_t a, int64_t n)
{
	int64_t rest = a % n;

	return rest < 0 ? rest + n : rest;
}

/* --- the days of a month ---------------------------------------------------------------------- */

static struct month month_of(int32_t date, int *ret_day)
{
	struct month m;

	date_to_ymd(date, &m.year, &m.month, ret_day);
	m.length = month_days(m.year, m.month);
	m.first = date - (*ret_day - 1);
	m.first_weekday = date_weekday(m.first);
	return m;
}

static void month_advance(struct month *m)
{
	m->first += m->length;
	m->first_weekday = (m->first_weekday + m->length) % 7;
	if (++m->month > 12) {
		m->month = 1;
		m->year++;
	}
	m->length = month_days(m->year, m->month);
}

static uint32_t weekdays_of_month(uint8_t weekdays, int first_weekday)
{
	/* Five weeks of the mask, shifted so that bit 1 is the first of the month. */
	uint64_t weeks = weekdays;

	weeks |= weeks << 7 | weeks << 14 | weeks << 21 | weeks << 28 | weeks << 35;
	return (uint32_t)(weeks >> first_weekday << 1);
}

/* The working day nearest to a day without leaving the month. */
static uint32_t near_workday(int day, int length, int first_weekday)
{
	int weekday = (first_weekday + day - 1) % 7;

	if (weekday == 5)
		day += day > 1 ? -1 : 2;
	else if (weekday == 6)
		day += day < length ? 1 : -2;
	return UINT32_C(1) << day;
}

static uint32_t days_group(const struct rule_values *v, int length, int first_weekday)
{
	const struct date_set *set = &v->dates;
	uint32_t mask = set->days;

	if (v->short_month == SHORT_MONTH_LAST_DAY && set->days & ~MASK_MONTH(length))
		mask |= UINT32_C(1) << length;
	for (int day = 1; (set->days_from_end | set->near_workdays) && day <= length; day++) {
		if (set->days_from_end >> (length + 1 - day) & 1)
			mask |= UINT32_C(1) << day;
		if (set->near_workdays >> day & 1)
			mask |= near_workday(day, length, first_weekday);
	}
	if (set->near_workdays >> NEAR_LAST_BIT & 1) {
		int weekday = (first_weekday + length - 1) % 7;

		mask |= UINT32_C(1) << (length - (weekday > 4 ? weekday - 4 : 0));
	}
	return mask;
}

bool date_set_has_nth(const struct date_set *set)
{
	for (int w = 0; w < 7; w++) {
		if (set->nth[w] | set->nth_from_end[w])
			return true;
	}
	return false;
}

/* Plain weekdays, and the numbered ones counted in a span of `total` days in which the 1st of the
 * month is day number `before`. */
static uint32_t weekdays_group(
	const struct date_set *set, int length, int first_weekday, int before, int total)
{
	uint32_t mask = weekdays_of_month(set->weekdays, first_weekday);

	for (int day = 1; day <= length; day++) {
		int w = (first_weekday + day - 1) % 7, index = before + day - 1;

		if (set->nth[w] >> (index / 7) & 1 ||
			set->nth_from_end[w] >> ((total - 1 - index) / 7) & 1)
			mask |= UINT32_C(1) << day;
	}
	return mask;
}

static uint32_t groups_join(const struct rule_values *v, struct month m, int before, int total)
{
	const struct date_set *set = &v->dates;
	bool by_day = set->days || set->days_from_end || set->near_workdays;
	bool by_weekday = set->weekdays || date_set_has_nth(set);
	uint32_t days = 0, weekdays = 0, all = MASK_MONTH(m.length);

	if (by_day)
		days = days_group(v, m.length, m.first_weekday);
	if (by_weekday)
		weekdays = weekdays_group(set, m.length, m.first_weekday, before, total);
	if (by_day && by_weekday)
		return (set->either ? days | weekdays : days & weekdays) & all;
	return (by_day ? days : by_weekday ? weekdays : all) & all;
}

uint32_t date_set_month(const struct rule_values *v, int length, int first_weekday)
{
	struct month m = {.length = length, .first_weekday = first_weekday};

	return groups_join(v, m, 0, length);
}

static bool month_counts(const struct rule_values *v, int year, int month)
{
	const struct period *p = &v->period;
	unsigned y = (unsigned)(year - YEAR_FIRST);

	if (!(v->dates.months >> month & 1) || y > YEAR_LAST - YEAR_FIRST ||
		!(v->dates.years[y / 64] >> (y % 64) & 1))
		return false;
	if (p->interval == 1 || p->unit < PERIOD_MONTH)
		return true;
	if (p->unit == PERIOD_YEAR)
		return (year - p->anchor_year) % p->interval == 0;
	return ((year - p->anchor_year) * 12 + month - p->anchor_month) % p->interval == 0;
}

/* Days of the month that lie in a counting day or week of the period. */
static uint32_t period_days(const struct period *p, const struct month *m)
{
	uint32_t mask = 0;
	bool weeks = p->unit == PERIOD_WEEK;
	int step = weeks ? p->interval * 7 : p->interval;
	int32_t begin =
		weeks ? p->anchor - (date_weekday(p->anchor) - p->week_start + 7) % 7 : p->anchor;
	int rest = (m->first - begin) % step, day = 1 - (rest < 0 ? rest + step : rest);
	uint64_t width = weeks ? 0x7f : 1;

	for (; day <= m->length; day += step) {
		if (day > 0)
			mask |= (uint32_t)(width << day);
		else if (day > -7)
			mask |= (uint32_t)(width >> -day);
	}
	return mask & MASK_MONTH(m->length);
}

/* Whether the weekdays let the 1st be, where they and the days of the month are both asked for. */
static bool first_has_weekday(const struct date_set *set, const struct month *m)
{
	if (set->either || !(set->weekdays || date_set_has_nth(set)))
		return true;
	if (set->nth_in_year)
		return !set->weekdays || set->weekdays >> m->first_weekday & 1;
	return weekdays_group(set, m->length, m->first_weekday, 0, m->length) & 2;
}

/* short_month = next_day: the 1st stands for a day that the month before did not have. */
static bool first_stands_in(const struct rule_values *v, const struct month *m)
{
	int year = m->month > 1 ? m->year : m->year - 1, month = m->month > 1 ? m->month - 1 : 12;

	return v->dates.days & ~MASK_MONTH(month_days(year, month)) &&
	       month_counts(v, year, month) && first_has_weekday(&v->dates, m);
}

static uint32_t month_mask(
	const struct rule_values *v, const struct workdays *workdays, const struct month *m)
{
	uint32_t mask = 0;

	if (month_counts(v, m->year, m->month)) {
		if (v->dates.nth_in_year) {
			int32_t new_year = date_from_ymd(m->year, 1, 1);

			mask = groups_join(v, *m, m->first - new_year,
				date_from_ymd(m->year + 1, 1, 1) - new_year);
		} else {
			mask = v->month_masks[m->length - 28][m->first_weekday];
		}
	}
	if (v->short_month == SHORT_MONTH_NEXT_DAY && first_stands_in(v, m))
		mask |= 2;
	if (mask && v->dates.workdays_only)
		mask &= workdays_month(workdays, m->first, m->length);
	if (mask && v->period.interval > 1 && v->period.unit < PERIOD_MONTH)
		mask &= period_days(&v->period, m);
	return mask;
}

uint32_t rule_month_dates(const struct rule *rule, const struct month *m)
{
	return month_mask(&rule->v, NULL, m);
}

/* The first date >= date that is in, or INT32_MAX. */
static int32_t next_date(const struct rule_values *v, const struct workdays *workdays, int32_t date)
{
	int day;
	struct month m = month_of(date, &day);
	uint32_t mask = month_mask(v, workdays, &m) >> day << day;

	while (!mask) {
		month_advance(&m);
		if (m.year > YEAR_LAST)
			return INT32_MAX;
		mask = month_mask(v, workdays, &m);
	}
	return m.first + __builtin_ctz(mask) - 1;
}

/* --- the times of a day ----------------------------------------------------------------------- */

static int32_t masks_next(const struct time_set *t, int32_t from)
{
	int hour = from / 3600, minute = from / 60 % 60, second = from % 60;
	int first_minute = __builtin_ctzll(t->minutes), first_second = __builtin_ctzll(t->seconds);
	uint64_t rest;

	if (t->hours >> hour & 1) {
		rest = t->minutes >> minute & 1 ? t->seconds >> second : 0;
		if (rest)
			return from + __builtin_ctzll(rest);
		rest = t->minutes >> minute >> 1;
		if (rest)
			return hour * 3600 + (minute + 1 + __builtin_ctzll(rest)) * 60 +
			       first_second;
	}
	rest = t->hours >> hour >> 1;
	if (!rest)
		return -1;
	return (hour + 1 + __builtin_ctzll(rest)) * 3600 + first_minute * 60 + first_second;
}

/* The first time of day >= from, or -1. */
static int32_t times_next(const struct rule *rule, int32_t from)
{
	size_t low = 0, high = rule->n_times;

	if (!rule->times)
		return masks_next(&rule->v.times, from);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rule->times[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rule->n_times ? rule->times[low] : -1;
}

static int64_t dates_next(const struct rule *rule, const struct workdays *workdays, int64_t local)
{
	int32_t date = local_date(local), found = next_date(&rule->v, workdays, date), second;

	if (found == INT32_MAX)
		return NO_SLOT;
	second = times_next(rule, found > date ? 0 : local_second_of_day(local));
	if (second < 0) {
		found = next_date(&rule->v, workdays, date + 1);
		if (found == INT32_MAX)
			return NO_SLOT;
		second = times_next(rule, 0);
	}
	return found * DAY_S + second;
}

/* --- set positions ---------------------------------------------------------------------------- */

enum { PERIOD_MONTHS = 12 };

/* The dates of one period as masks of its months. */
struct expansion {
	int32_t first[PERIOD_MONTHS]; /* first date of the month */
	uint32_t mask[PERIOD_MONTHS];
	int months, total;
};

static void period_bounds(
	const struct period *p, int32_t date, int32_t *ret_first, int32_t *ret_last)
{
	int year, month, day;

	date_to_ymd(date, &year, &month, &day);
	*ret_first = *ret_last = date;
	switch (p->unit) {
	case PERIOD_DAY:
		break;
	case PERIOD_WEEK:
		*ret_first = date - (date_weekday(date) - p->week_start + 7) % 7;
		*ret_last = *ret_first + 6;
		break;
	case PERIOD_MONTH:
		*ret_first = date - (day - 1);
		*ret_last = *ret_first + month_days(year, month) - 1;
		break;
	case PERIOD_QUARTER:
		month -= (month - 1) % 3;
		*ret_first = date_from_ymd(year, month, 1);
		*ret_last = date_from_ymd(year, month + 2, month_days(year, month + 2));
		break;
	case PERIOD_YEAR:
		*ret_first = date_from_ymd(year, 1, 1);
		*ret_last = date_from_ymd(year, 12, 31);
		break;
	}
}

static void period_expand(const struct rule *rule, const struct workdays *workdays, int32_t first,
	int32_t last, struct expansion *ret)
{
	int day;
	struct month m = month_of(first, &day);

	ret->months = ret->total = 0;
	for (; m.first <= last; month_advance(&m)) {
		uint32_t mask = month_mask(&rule->v, workdays, &m);

		if (m.first < first)
			mask &= ~MASK_MONTH(first - m.first);
		if (last - m.first + 1 < m.length)
			mask &= MASK_MONTH(last - m.first + 1);
		ret->first[ret->months] = m.first;
		ret->mask[ret->months++] = mask;
		ret->total += __builtin_popcount(mask);
	}
}

static int32_t expansion_date(const struct expansion *e, int index)
{
	for (int i = 0; i < e->months; i++) {
		uint32_t mask = e->mask[i];
		int here = __builtin_popcount(mask);

		if (index >= here) {
			index -= here;
			continue;
		}
		while (index-- > 0)
			mask &= mask - 1;
		return e->first[i] + __builtin_ctz(mask) - 1;
	}
	assert(!"the index lies inside the expansion");
	return INT32_MAX;
}

/* The first time >= local of a date that begins at midnight, or one before local. */
static int64_t date_slot(const struct rule *rule, int64_t midnight, int64_t local)
{
	int32_t second = times_next(rule, (int32_t)MIN_OF(MAX_OF(local - midnight, 0), DAY_S - 1));

	return second < 0 ? midnight : midnight + second;
}

/* The first selected slot >= local of one period, or NO_SLOT. */
static int64_t positions_in(const struct rule *rule, const struct expansion *e, int64_t local)
{
	int times = rule->v.whole_dates ? 1 : (int)rule->n_times, total = e->total * times;
	int64_t best = NO_SLOT;

	for (size_t i = 0; i < rule->n_positions; i++) {
		int position = rule->positions[i];
		int index = position > 0 ? position - 1 : total + position;
		int64_t slot;

		if (index < 0 || index >= total)
			continue;
		slot = expansion_date(e, index / times) * DAY_S;
		if (rule->v.whole_dates)
			slot = date_slot(rule, slot, local);
		else
			slot += rule->times[index % times];
		if (slot >= local && slot < best)
			best = slot;
	}
	return best;
}

static int64_t positions_next(
	const struct rule *rule, const struct workdays *workdays, int64_t local)
{
	int32_t date = local_date(local), first, last;

	for (;;) {
		struct expansion e;
		int64_t found;

		/* Straight to the next period that has a date at all. */
		period_bounds(&rule->v.period, date, &first, &last);
		period_expand(rule, workdays, first, last, &e);
		found = e.total ? positions_in(rule, &e, local) : NO_SLOT;
		if (found != NO_SLOT)
			return found;
		date = next_date(&rule->v, workdays, last + 1);
		if (date == INT32_MAX)
			return NO_SLOT;
	}
}

/* --- nominal local times ---------------------------------------------------------------------- */

int64_t rule_next_base(const struct rule *rule, const struct workdays *workdays, int64_t local)
{
	if (rule->v.kind != KIND_DATES || local > LOCAL_LAST)
		return NO_SLOT;
	local = MAX_OF(local, LOCAL_FIRST);
	return rule->n_positions ? positions_next(rule, workdays, local)
				 : dates_next(rule, workdays, local);
}

/* The index of the first value >= local. */
static size_t list_search(const int64_t *list, size_t count, int64_t local)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (list[middle] < local)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct date_range *rule_except_at(const struct rule *rule, int32_t date)
{
	size_t low = 0, high = rule->n_except;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rule->except[middle].last < date)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rule->n_except && rule->except[low].first <= date ? &rule->except[low] : NULL;
}

int64_t rule_next_local(const struct rule *rule, const struct workdays *workdays, int64_t local)
{
	local = MAX_OF(local, rule->v.first_local);
	for (;;) {
		int64_t best = local <= rule->v.base_last ? rule_next_base(rule, workdays, local)
							  : NO_SLOT;
		const struct date_range *range = NULL;
		size_t i;

		if (best > rule->v.base_last)
			best = NO_SLOT;
		if (rule->n_extra) {
			i = list_search(rule->extra, rule->n_extra, local);
			if (i < rule->n_extra)
				best = MIN_OF(best, rule->extra[i]);
		}
		if (best > rule->v.last_local)
			return NO_SLOT;
		if (rule->n_except)
			range = rule_except_at(rule, local_date(best));
		if (range) {
			local = (range->last + 1) * DAY_S;
			continue;
		}
		i = list_search(rule->excluded, rule->n_excluded, best);
		if (i == rule->n_excluded || rule->excluded[i] != best)
			return best;
		local = best + 1;
	}
}

/* --- resolution in the zone ------------------------------------------------------------------- */

/* Remembers that no slot lies in [origin, found), so that a walk over several stretches searches
 * the calendar once. */
struct search {
	const struct rule *rule;
	const struct workdays *workdays;
	int64_t origin, found;
};

static int64_t search_from(struct search *search, int64_t local)
{
	if (local < search->origin || local > search->found) {
		search->found = rule_next_local(search->rule, search->workdays, local);
		search->origin = local;
	}
	return search->found;
}

/* A FIXED slot in the gap before a stretch fires at its first instant, if the date is the same. */
static bool gap_slot(struct search *search, const struct zone_stretch *s, struct slot *ret)
{
	int64_t end = s->from + s->offset, begin = s->from + s->before, found;

	begin = MAX_OF(begin, local_date(end) * DAY_S);
	if (begin >= end)
		return false;
	found = search_from(search, begin);
	if (found >= end)
		return false;
	*ret = (struct slot){.local = found, .utc = s->from};
	return true;
}

/* The first slot that the gap before a stretch swallows, unless another fires at its end. */
static bool missing_slot(struct search *search, const struct zone_stretch *s, struct slot *ret)
{
	int64_t end = s->from + s->offset, found = search_from(search, s->from + s->before);

	if (found >= end || rule_next_local(search->rule, search->workdays, end) == end)
		return false;
	*ret = (struct slot){.local = found, .utc = s->from, .missing = true};
	return true;
}

static bool next_civil(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int64_t utc, bool named, struct slot *ret)
{
	bool wild = rule->v.times.wild && rule->v.kind == KIND_DATES;
	struct search search = {rule, workdays, INT64_MAX, INT64_MIN};

	for (;;) {
		struct zone_stretch s = zone_stretch_at(zone, utc);
		int64_t begin = utc + s.offset, end = s.until + s.offset, found;

		if (utc == s.from && s.before < s.offset && !wild) {
			if (rule->v.dst_gap == DST_GAP_AFTER && gap_slot(&search, &s, ret))
				return true;
			if (named && missing_slot(&search, &s, ret))
				return true;
		}
		if (!wild && rule->v.dst_overlap == DST_OVERLAP_FIRST && s.before > s.offset)
			begin = MAX_OF(begin, s.from + s.before);
		if (!wild && rule->v.dst_overlap == DST_OVERLAP_LAST && s.after < s.offset)
			end = s.until + s.after;
		found = search_from(&search, begin);
		if (found < end) {
			bool second = s.before > s.offset && found < s.from + s.before;

			*ret = (struct slot){
				.local = found, .utc = found - s.offset, .pass = second};
			return true;
		}
		if (s.until == ZONE_END || (found == NO_SLOT && s.after >= s.offset))
			return false;
		/* Far slots: leave out the stretches between, but never an overlap that repeats
		 * local times from before the search began. */
		utc = s.until;
		if (found != NO_SLOT && utc + s.after >= search.origin)
			utc = MAX_OF(utc, found - OFFSETS_APART);
	}
}

/* Elapsed intervals: the first instant >= utc of the arithmetic series. */
static int64_t elapsed_at(const struct rule_values *v, int64_t anchor, int64_t utc)
{
	if (v->kind == KIND_ONCE)
		return utc <= anchor ? anchor : NO_SLOT;
	if (v->anchored && utc < anchor)
		return anchor;
	return utc + modulo(anchor - utc, v->every_s);
}

static bool next_elapsed(
	const struct rule *rule, const struct zone *zone, int64_t utc, struct slot *ret)
{
	int64_t anchor = rule->v.anchor, second;

	if (rule->v.anchor_local)
		(void)zone_to_utc(zone, rule->v.anchor, &anchor, &second);
	for (;;) {
		int64_t at = elapsed_at(&rule->v, anchor, utc), local, resume;
		const struct date_range *range;

		if (at == NO_SLOT)
			return false;
		local = zone_to_local(zone, at, NULL);
		if (local > rule->v.last_local)
			return false;
		range = rule_except_at(rule, local_date(local));
		if (local >= rule->v.first_local && !range) {
			*ret = (struct slot){.local = at, .utc = at};
			return true;
		}
		resume = range ? (range->last + 1) * DAY_S : rule->v.first_local;
		(void)zone_to_utc(zone, resume, &resume, &second);
		utc = MAX_OF(at + 1, resume);
	}
}

static bool next_slot(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int64_t after_utc, bool named, struct slot *ret)
{
	bool elapsed = rule->v.kind == KIND_ELAPSED || rule->v.kind == KIND_ONCE, found;
	struct slot slot;
	int64_t utc;

	if (after_utc >= LOCAL_LAST + OFFSETS_APART)
		return false;
	utc = MAX_OF(after_utc, LOCAL_FIRST - OFFSETS_APART) + 1;
	utc = MAX_OF(utc, rule->v.first_utc);
	if (rule->zone)
		zone = rule->zone;
	found = elapsed ? next_elapsed(rule, zone, utc, &slot)
			: next_civil(rule, zone, workdays, utc, named, &slot);
	if (!found || slot.utc > rule->v.last_utc)
		return false;
	assert(slot.utc > after_utc);
	*ret = slot;
	return true;
}

bool rule_next(const struct rule *rule, const struct zone *zone, const struct workdays *workdays,
	int64_t after_utc, struct slot *ret)
{
	return next_slot(rule, zone, workdays, after_utc, false, ret);
}

bool rule_next_named(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int64_t after_utc, struct slot *ret)
{
	return next_slot(rule, zone, workdays, after_utc, true, ret);
}
