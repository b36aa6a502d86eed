/* The one spelling of a phrase, from what its rule means: days, then "in" months, then times. It
 * parses back to an equal rule. Commas join all but the last of a list, "and" the last. */
#include "time/rule-parts.h"

#include "base/buf.h"

#include <string.h>

enum { TEXT_MAX = 4096, SPREAD_MIN = 4, WORDED_MAX = 5, WEEKEND = 0x60, MONTHS_ALL = 0x1ffe };

static const char *const full_weekdays[] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char *const full_months[] = {NULL, "January", "February", "March", "April", "May",
	"June", "July", "August", "September", "October", "November", "December"};
static const char *const units[] = {[PERIOD_DAY] = "day",
	[PERIOD_WEEK] = "week",
	[PERIOD_MONTH] = "month",
	[PERIOD_YEAR] = "year",
	[PERIOD_QUARTER] = "quarter"};

/* Before item i of n. */
static void join(struct buf *text, size_t i, size_t n)
{
	if (i)
		buf_add_str(text, i + 1 == n ? " and " : ", ");
}

/* --- lists ------------------------------------------------------------------------------------ */

static void months_write(struct buf *text, uint16_t months)
{
	size_t i = 0, n = (size_t)__builtin_popcount(months);

	for (int month = 1; month <= 12; month++) {
		if (!(months >> month & 1))
			continue;
		join(text, i++, n);
		buf_add_str(text, full_months[month]);
	}
}

static void names_write(struct buf *text, uint8_t weekdays)
{
	size_t i = 0, n = (size_t)__builtin_popcount(weekdays);

	for (int day = 0; day < 7; day++) {
		if (!(weekdays >> day & 1))
			continue;
		join(text, i++, n);
		buf_add_str(text, full_weekdays[day]);
	}
}

/* One run of three days or more is a range; false when the names have to be listed. */
static bool range_write(struct buf *text, uint8_t weekdays)
{
	int first = __builtin_ctz(weekdays), count = __builtin_popcount(weekdays);

	if (weekdays == WORKDAYS_MON_FRI || weekdays == WEEKEND) {
		buf_add_str(text, weekdays == WEEKEND ? "weekends" : "weekdays");
		return true;
	}
	if (count < 3 || weekdays >> first != (1 << count) - 1)
		return false;
	buf_printf(text, "%s to %s", full_weekdays[first], full_weekdays[first + count - 1]);
	return true;
}

/* Numbers of days in a month are digits, other small ones are words. */
static void number_write(struct buf *text, int number, bool digits)
{
	static const char *const words[WORDED_MAX + 1] = {
		NULL, "first", "second", "third", "fourth", "fifth"};
	static const char *const suffixes[] = {"th", "st", "nd", "rd"};
	int n = number < 0 ? -number : number;

	if (number == -1) {
		buf_add_str(text, "last");
		return;
	}
	if (n <= WORDED_MAX && !digits)
		buf_add_str(text, words[n]);
	else
		buf_printf(
			text, "%d%s", n, n / 10 % 10 == 1 || n % 10 > 3 ? "th" : suffixes[n % 10]);
	if (number < 0)
		buf_add_str(text, " to last");
}

/* Bit n of `bits`: the nth; of `from_end`: the nth from the end. */
static void bits_write(struct buf *text, uint64_t bits, uint64_t from_end, bool digits)
{
	size_t i = 0, n = (size_t)(__builtin_popcountll(bits) + __builtin_popcountll(from_end));

	for (int number = 1; number < 64; number++) {
		if (!(bits >> number & 1))
			continue;
		join(text, i++, n);
		number_write(text, number, digits);
	}
	for (int number = 63; number > 0; number--) {
		if (!(from_end >> number & 1))
			continue;
		join(text, i++, n);
		number_write(text, -number, digits);
	}
}

/* --- days ------------------------------------------------------------------------------------- */

/* The positive ones first, which rise, then those from the end. */
static void positions_write(struct buf *text, const struct rule *rule)
{
	const struct date_set *set = &rule->v.dates;
	size_t n = rule->n_positions, first = 0;

	while (first < n && rule->positions[first] < 0)
		first++;
	for (size_t i = 0; i < n; i++) {
		join(text, i, n);
		number_write(text, rule->positions[(first + i) % n], false);
	}
	if (set->workdays_only)
		buf_add_str(text, " working day");
	else if (set->weekdays == WORKDAYS_MON_FRI)
		buf_add_str(text, " weekday");
	else if (set->weekdays)
		buf_printf(text, " %s", full_weekdays[__builtin_ctz(set->weekdays)]);
	else
		buf_add_str(text, " day");
}

/* "first and third Monday and last Friday": weekdays with the same numbers are one group. */
static void numbered_write(struct buf *text, const struct date_set *set)
{
	uint8_t done = 0;

	for (int day = 0; day < 7; day++) {
		uint8_t same = 0;

		if (done >> day & 1 || !(set->nth[day] | set->nth_from_end[day]))
			continue;
		for (int other = day; other < 7; other++) {
			if (set->nth[other] == set->nth[day] &&
				set->nth_from_end[other] == set->nth_from_end[day])
				same |= (uint8_t)(1 << other);
		}
		if (done)
			buf_add_str(text, " and ");
		bits_write(text, set->nth[day] << 1, set->nth_from_end[day] << 1, false);
		buf_add_char(text, ' ');
		names_write(text, same);
		done |= same;
	}
}

static void selection_write(struct buf *text, const struct rule *rule)
{
	const struct date_set *set = &rule->v.dates;

	if (rule->n_positions) {
		positions_write(text, rule);
	} else if (set->days || set->days_from_end) {
		bits_write(text, set->days, set->days_from_end, true);
		if (set->days_from_end)
			buf_add_str(text, " day");
	} else {
		numbered_write(text, set);
	}
}

/* Days of one month that have numbers only are a date: "24 and 31 December". */
static bool is_date(const struct rule *rule)
{
	const struct date_set *set = &rule->v.dates;

	return set->days && !set->days_from_end && set->months != MONTHS_ALL &&
	       !(set->months & (set->months - 1));
}

static void date_days_write(struct buf *text, const struct date_set *set)
{
	size_t i = 0, n = (size_t)__builtin_popcount(set->days);

	for (int day = 1; day <= 31; day++) {
		if (!(set->days >> day & 1))
			continue;
		join(text, i++, n);
		buf_printf(text, "%d", day);
	}
	buf_printf(text, " %s", full_months[__builtin_ctz(set->months)]);
}

static bool is_selection(const struct rule *rule)
{
	const struct date_set *set = &rule->v.dates;

	return rule->n_positions || set->days || set->days_from_end || date_set_has_nth(set);
}

static void every_write(struct buf *text, const struct period *period)
{
	if (period->interval == 1)
		buf_printf(text, "every %s", units[period->unit]);
	else
		buf_printf(text, "every %d %ss", period->interval, units[period->unit]);
}

/* What is chosen of a week, month, quarter, year or of named months. */
static void chosen_write(struct buf *text, const struct rule *rule)
{
	const struct period *period = &rule->v.period;
	enum period_unit unit = rule->n_positions ? period->unit : PERIOD_MONTH;

	if (is_date(rule)) {
		every_write(
			text, &(struct period){.unit = PERIOD_YEAR, .interval = period->interval});
		buf_add_str(text, " on ");
		date_days_write(text, &rule->v.dates);
		return;
	}
	if (period->interval > 1) {
		every_write(text, period);
		buf_add_str(text, " on the ");
	}
	selection_write(text, rule);
	if (rule->v.dates.months != MONTHS_ALL) {
		buf_add_str(text, " of ");
		months_write(text, rule->v.dates.months);
	} else if (period->interval == 1) {
		buf_printf(text, " of the %s", units[unit]);
	}
}

static void weekdays_phrase_write(struct buf *text, const struct rule *rule)
{
	const struct period *period = &rule->v.period;
	uint8_t weekdays = rule->v.dates.weekdays;
	bool one = !(weekdays & (weekdays - 1));

	if (period->interval == 2 && one) {
		buf_printf(text, "every second %s", full_weekdays[__builtin_ctz(weekdays)]);
		return;
	}
	if (period->interval > 1) {
		every_write(text, period);
		buf_add_str(text, " on ");
	}
	if (range_write(text, weekdays))
		return;
	if (period->interval == 1)
		buf_add_str(text, "every ");
	names_write(text, weekdays);
}

static void plain_write(struct buf *text, const struct rule *rule)
{
	const struct period *period = &rule->v.period;
	const struct date_set *set = &rule->v.dates;

	if (set->workdays_only)
		buf_add_str(text, "every working day");
	else if (set->weekdays)
		weekdays_phrase_write(text, rule);
	else if (period->unit == PERIOD_WEEK)
		buf_printf(text, "every %d weeks on Monday to Sunday", period->interval);
	else
		every_write(text, period);
	if (set->months != MONTHS_ALL) {
		buf_add_str(text, " in ");
		months_write(text, set->months);
	}
}

/* --- times ------------------------------------------------------------------------------------ */

static void time_write(struct buf *text, int32_t second)
{
	buf_printf(text, "%02d:%02d", second / 3600, second / 60 % 60);
	if (second % 60)
		buf_printf(text, ":%02d", second % 60);
}

/* The step of times that are evenly spread by whole minutes, or 0. */
static int32_t spread_step(const int32_t *times, size_t n)
{
	int32_t step = n >= SPREAD_MIN ? times[1] - times[0] : 0;

	for (size_t i = 1; i < n; i++) {
		if (times[i] - times[i - 1] != step)
			return 0;
	}
	return step % 60 ? 0 : step;
}

static void spread_write(struct buf *text, const int32_t *times, size_t n, int32_t step)
{
	bool hours = step % 3600 == 0;
	int count = hours ? step / 3600 : step / 60;

	buf_add_str(text, "every ");
	if (count > 1)
		buf_printf(text, "%d ", count);
	buf_printf(text, "%s%s from ", hours ? "hour" : "minute", count > 1 ? "s" : "");
	time_write(text, times[0]);
	buf_add_str(text, " to ");
	time_write(text, times[n - 1]);
}

static void times_write(struct buf *text, const int32_t *times, size_t n)
{
	int32_t step = spread_step(times, n);

	if (step) {
		spread_write(text, times, n, step);
		return;
	}
	buf_add_str(text, "at ");
	for (size_t i = 0; i < n; i++) {
		join(text, i, n);
		time_write(text, times[i]);
	}
}

/* --- the whole phrase ------------------------------------------------------------------------- */

/* Instants are dates times times. */
static void once_write(struct buf *text, const struct rule *rule)
{
	int32_t times[TIMES_LISTED];
	size_t n_times = 0, n_dates;

	while (n_times < rule->n_extra &&
		local_date(rule->extra[n_times]) == local_date(rule->extra[0])) {
		times[n_times] = local_second_of_day(rule->extra[n_times]);
		n_times++;
	}
	n_dates = rule->n_extra / n_times;
	buf_add_str(text, "on ");
	for (size_t i = 0; i < n_dates; i++) {
		struct civil c = civil_unpack(rule->extra[i * n_times]);

		join(text, i, n_dates);
		buf_printf(text, "%d %s %d", c.day, full_months[c.month], c.year);
	}
	buf_add_char(text, ' ');
	times_write(text, times, n_times);
}

/* "every 2 hours from 09:00 to 17:00" needs no "every day". */
static bool is_spread_of_every_day(const struct rule *rule)
{
	const struct rule_values *v = &rule->v;

	return v->period.interval == 1 && !v->dates.weekdays && !v->dates.workdays_only &&
	       v->dates.months == MONTHS_ALL && spread_step(rule->times, rule->n_times);
}

char *when_write(const struct rule *rule)
{
	struct buf text = BUF_MAX(TEXT_MAX);

	if (rule->v.kind == KIND_LISTED) {
		once_write(&text, rule);
		return buf_take(&text);
	}
	if (is_selection(rule))
		chosen_write(&text, rule);
	else if (!is_spread_of_every_day(rule))
		plain_write(&text, rule);
	if (text.len)
		buf_add_char(&text, ' ');
	times_write(&text, rule->times, rule->n_times);
	assert(!text.overflow);
	return buf_take(&text);
}
