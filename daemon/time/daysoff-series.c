/* Repetitions of days and hours off. Dates are asked of the rule a month at a time, so that neither
 * a rare rule nor a frequent one costs more than its months; hours are walked from instance to
 * instance around the instant in question. */
#include "time/daysoff-parts.h"

enum { WORD = 64 };

/* --- months ----------------------------------------------------------------------------------- */

static struct month month_at(int year, int month)
{
	struct month m = {.year = year, .month = month, .length = month_days(year, month)};

	m.first = date_from_ymd(year, month, 1);
	m.first_weekday = date_weekday(m.first);
	return m;
}

static struct month month_after(const struct month *m)
{
	struct month next = {.year = m->month < 12 ? m->year : m->year + 1,
		.month = m->month < 12 ? m->month + 1 : 1,
		.first = m->first + m->length,
		.first_weekday = (m->first_weekday + m->length) % 7};

	next.length = month_days(next.year, next.month);
	return next;
}

/* The dates of a month as bits 0.., as far as they lie in [first, last]. */
static uint32_t dates_clip(uint32_t bits, const struct month *m, int64_t first, int64_t last)
{
	int64_t before = first - m->first, after = m->first + 31 - last;

	if (before > 31 || after > 31)
		return 0;
	if (before > 0)
		bits = (uint32_t)(UINT64_C(0xffffffff) << before & bits);
	if (after > 0)
		bits &= (uint32_t)(UINT64_C(0xffffffff) >> after);
	return bits;
}

/* Begin dates in a month, without those that are excluded; bit 0 is the 1st. The rule has no
 * positions, and the series only whole dates. */
static uint32_t series_month(const struct off_series *s, const struct month *m)
{
	uint32_t bits = rule_month_dates(s->rule, m) >> 1;
	size_t i = 0;

	if (!bits)
		return 0;
	bits = dates_clip(bits, m, s->first_date, s->last_date);
	if (s->n_excluded)
		i = local_ranges_from(s->excluded, s->n_excluded, m->first * DAY_S);
	for (; bits && i < s->n_excluded; i++) {
		int64_t first = local_date(s->excluded[i].from + DAY_S - 1);

		if (first >= m->first + m->length)
			break;
		bits &= ~dates_clip(bits, m, first, local_date(s->excluded[i].until - 1));
	}
	return bits;
}

/* Whether the rule has a date in [first, last] at all, whatever is excluded. */
static bool series_is_near(const struct off_series *s, int32_t first, int32_t last)
{
	int year, month, day;
	struct month m;

	if (s->rule->n_positions || last - first > 62)
		return true;
	first = MAX_OF(first, DATE_FIRST);
	date_to_ymd(first, &year, &month, &day);
	for (m = month_at(year, month); m.first <= last && m.year <= YEAR_LAST;
		m = month_after(&m)) {
		if (dates_clip(rule_month_dates(s->rule, &m) >> 1, &m, first, last))
			return true;
	}
	return false;
}

/* --- instances -------------------------------------------------------------------------------- */

/* The first instance at or after a local time, or NO_SLOT. */
static int64_t series_next(const struct off_series *s, int64_t local)
{
	for (;;) {
		const struct local_range *range;

		local = local > s->last ? NO_SLOT : rule_next_local(s->rule, NULL, local);
		if (local > s->last)
			return NO_SLOT;
		range = local_ranges_find(s->excluded, s->n_excluded, local);
		if (!range)
			return local;
		local = range->until;
	}
}

/* Whether it is dates to whoever asks. */
static bool is_dates(const struct off_series *s, const struct zone *zone)
{
	return s->dates || (s->midnights && (!s->zone || zone_equal(s->zone, zone)));
}

void series_around(const struct off_series *s, const struct zone *zone, int64_t utc,
	void (*on_instance)(void *owner, const struct instance *in), void *owner)
{
	const struct zone *own = s->zone ? s->zone : zone;
	int64_t end = zone_to_local(own, utc, NULL) + SLACK_S;
	int64_t local = end - 2 * SLACK_S - s->length.wall - s->length.exact;

	if (local > s->last || is_dates(s, zone) ||
		!series_is_near(s, local_date(local), local_date(end)))
		return;
	for (; (local = series_next(s, local)) <= end; local++) {
		struct instance in = off_instance(own, local, &s->length);

		on_instance(owner, &in);
	}
}

struct wanted {
	const struct zone *zone;
	int32_t date;
	bool found;
};

static void on_wanted(void *owner, const struct instance *in)
{
	struct wanted *wanted = owner;
	int32_t first, last;

	wanted->found |= off_is_whole(wanted->zone, in, &first, &last) && first <= wanted->date &&
			 wanted->date <= last;
}

bool series_has_date(const struct off_series *s, const struct zone *zone, int32_t date)
{
	struct wanted wanted = {zone, date, false};
	int32_t first = date - (int32_t)(s->length.wall / DAY_S) + 1;
	int year, month, day;
	struct month m;

	if (!is_dates(s, zone)) {
		if (off_may_be_whole(&s->length))
			series_around(s, zone, off_date_begin(zone, date), on_wanted, &wanted);
		return wanted.found;
	}
	if (first > s->last_date)
		return false;
	if (s->rule->n_positions)
		return series_next(s, first * DAY_S) < (date + 1) * DAY_S;
	first = MAX_OF(first, DATE_FIRST);
	date_to_ymd(first, &year, &month, &day);
	for (m = month_at(year, month); m.first <= date; m = month_after(&m)) {
		if (dates_clip(series_month(s, &m), &m, first, date))
			return true;
	}
	return false;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Bit i for each base + i that is not seen yet. */
static uint64_t marks_left(const struct date_marks *marks, int32_t base)
{
	const uint64_t *word = marks->seen + base / WORD;
	int shift = base % WORD;

	return ~(word[0] >> shift | (shift ? word[1] << (WORD - shift) : 0));
}

/* Marks base + i for each bit i. */
static void marks_bits(struct date_marks *marks, int32_t base, uint64_t bits)
{
	uint64_t *word = marks->seen + base / WORD;
	int shift = base % WORD;

	bits &= marks_left(marks, base);
	if (!bits)
		return;
	word[0] |= bits << shift;
	if (shift)
		word[1] |= bits >> (WORD - shift);
	for (; bits; bits &= bits - 1)
		marks->on_date(marks->owner, base + __builtin_ctzll(bits), marks->name);
}

void marks_range(struct date_marks *marks, int32_t first, int32_t last)
{
	first = MAX_OF(first, DATE_FIRST);
	last = MIN_OF(last, DATE_LAST);
	for (; first <= last; first += WORD)
		marks_bits(marks, first,
			UINT64_MAX >> (last - first < WORD - 1 ? WORD - 1 - (last - first) : 0));
}

/* The begin dates of one month, each with the days that follow it. */
static void marks_month(
	struct date_marks *marks, const struct month *m, uint32_t begins, int32_t days)
{
	uint64_t bits = begins;

	if (!begins)
		return;
	/* Longer than a month: no hole is left between them. */
	if (days > 31) {
		marks_range(marks, m->first + __builtin_ctz(begins),
			m->first + 31 - __builtin_clz(begins) + days - 1);
		return;
	}
	for (int32_t done = 1; done < days; done += MIN_OF(done, days - done))
		bits |= bits << MIN_OF(done, days - done);
	marks_bits(marks, m->first, bits);
}

enum { YEARS = YEAR_LAST - YEAR_FIRST + 1 };

static void months_mark(
	const struct off_series *s, struct date_marks *marks, const struct month *all)
{
	int32_t days = (int32_t)(s->length.wall / DAY_S);
	uint16_t months = s->rule->v.dates.months;
	int first_year, last_year, month, day;

	int32_t first = MAX_OF(s->first_date, marks->from - days - 31);
	int32_t last = MIN_OF(s->last_date, marks->to);

	if (last < first)
		return;
	/* Moved to the next day, a date may be in a month that the rule does not name. */
	if (s->rule->v.short_month == SHORT_MONTH_NEXT_DAY)
		months = 0x1ffe;
	date_to_ymd(first, &first_year, &month, &day);
	date_to_ymd(last, &last_year, &month, &day);
	for (int year = first_year; year <= last_year; year++) {
		for (unsigned rest = months; rest; rest &= rest - 1) {
			const struct month *m =
				&all[(year - YEAR_FIRST) * 12 + __builtin_ctz(rest) - 1];

			/* Where all is marked, nobody need be asked. */
			if (days > 31 || marks_left(marks, m->first))
				marks_month(marks, m, series_month(s, m), days);
		}
	}
}

static void instances_mark(
	const struct off_series *s, const struct zone *zone, struct date_marks *marks)
{
	const struct zone *own = s->zone ? s->zone : zone;
	bool dates = is_dates(s, zone);
	int64_t local = marks->from * DAY_S - s->length.wall - s->length.exact - SLACK_S;
	int64_t end = marks->to * DAY_S + DAY_S + SLACK_S;

	for (; (local = series_next(s, local)) < end; local++) {
		struct instance in = off_instance(own, local, &s->length);
		int32_t first = local_date(local), last = local_date(local + s->length.wall - 1);

		if (dates || off_is_whole(zone, &in, &first, &last))
			marks_range(marks, first, last);
	}
}

void series_mark_all(const struct daysoff *off, const struct zone *zone, struct date_marks *marks)
{
	auto_free struct month *all = mem_new_array(YEARS * 12, sizeof(*all));

	all[0] = month_at(YEAR_FIRST, 1);
	for (size_t i = 1; i < YEARS * 12; i++)
		all[i] = month_after(&all[i - 1]);
	for (size_t i = 0; i < off->n_series; i++) {
		const struct off_series *s = &off->series[i];

		marks->name = off->names + s->name;
		if (is_dates(s, zone) && !s->rule->n_positions)
			months_mark(s, marks, all);
		else if (is_dates(s, zone) || off_may_be_whole(&s->length))
			instances_mark(s, zone, marks);
	}
}
