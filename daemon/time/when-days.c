/* The days of phrases: weekdays, months, what is chosen of a week, month, quarter or year, dates.
 * Fills the rule's date predicate, period and positions in. */
#include "time/when-parts.h"

#include <errno.h>

/* --- months and weekdays ---------------------------------------------------------------------- */

/* A rising range that may run over the end of its cycle. */
static uint32_t range_bits(int first, int last, int low, int high)
{
	uint32_t bits = 0;

	for (int i = first;; i = i == high ? low : i + 1) {
		bits |= UINT32_C(1) << i;
		if (i == last)
			return bits;
	}
}

static bool to_take(struct words *w)
{
	return words_take(w, WORD_TO, NULL) || words_take(w, WORD_DASH, NULL);
}

/* "and July 1": a month that begins a date of its own. */
static bool month_date_ahead(const struct words *w)
{
	struct words ahead = *w;

	(void)words_take(&ahead, WORD_COMMA, NULL);
	(void)words_take(&ahead, WORD_AND, NULL);
	return words_take(&ahead, WORD_MONTH, NULL) &&
	       words_at(&ahead, WORD_BIT(WORD_NUMBER) | WORD_BIT(WORD_ORDINAL));
}

int phrase_months(struct phrase *p, uint16_t *months)
{
	struct words *w = &p->words;
	struct token first, last;
	int r;

	*months = 0;
	do {
		if (!words_take(w, WORD_MONTH, &first))
			return words_fail(w);
		last = first;
		if (to_take(w) && !words_take(w, WORD_MONTH, &last))
			return words_fail(w);
		*months |= (uint16_t)range_bits(first.value, last.value, 1, 12);
		if (month_date_ahead(w))
			return 0;
		r = words_list(
			w, WORD_BIT(WORD_MONTH), WORD_BIT(WORD_NUMBER) | WORD_BIT(WORD_ORDINAL));
	} while (r > 0);
	return r;
}

static int weekday_span_take(struct phrase *p, uint8_t *weekdays)
{
	struct words *w = &p->words;
	struct token first, last;

	if (words_take(w, WORD_WEEKDAYS, NULL)) {
		*weekdays |= WORKDAYS_MON_FRI;
		return 0;
	}
	if (words_take(w, WORD_WEEKEND, NULL)) {
		*weekdays |= WEEKDAYS_WEEKEND;
		return 0;
	}
	if (!words_take(w, WORD_WEEKDAY, &first))
		return words_fail(w);
	last = first;
	if (to_take(w) && !words_take(w, WORD_WEEKDAY, &last))
		return words_fail(w);
	*weekdays |= (uint8_t)range_bits(first.value, last.value, 0, 6);
	return 0;
}

int phrase_weekdays(struct phrase *p, uint8_t *weekdays)
{
	int r;

	do {
		r = weekday_span_take(p, weekdays);
		if (!r)
			r = words_list(&p->words, SET_WEEKDAYS, 0);
	} while (r > 0);
	return r;
}

int phrase_working(struct phrase *p)
{
	struct words *w = &p->words;

	if (words_take(w, WORD_WORKDAY, NULL))
		return 0;
	if (!words_take(w, WORD_WORKING, NULL) || !words_take(w, WORD_DAY, NULL))
		return words_fail(w);
	return 0;
}

/* --- selections ------------------------------------------------------------------------------- */

static int number_add(struct phrase *p, struct group *group, int number, const char *at)
{
	if (group->count == NUMBERS_MAX)
		return phrase_fail(p, at, "too many numbers in one list");
	group->numbers[group->count++] = number;
	group->last_at = at;
	return 0;
}

/* "2nd", "1st to 5th", "last", "2nd to last", "second-last" */
static int number_take(struct phrase *p, struct group *group)
{
	struct words *w = &p->words;
	struct token first, last;
	bool to;
	int r = 0;

	if (words_take(w, WORD_LAST, &first))
		return number_add(p, group, -1, first.at);
	if (!words_take(w, WORD_ORDINAL, &first))
		return words_fail(w);
	to = words_take(w, WORD_DASH, NULL);
	to |= words_take(w, WORD_TO, NULL);
	to |= words_take(w, WORD_DASH, NULL);
	if (words_take(w, WORD_LAST, NULL))
		return number_add(p, group, -first.value, first.at);
	if (!to)
		return number_add(p, group, first.value, first.at);
	if (!words_take(w, WORD_ORDINAL, &last))
		return words_fail(w);
	if (last.value <= first.value)
		return phrase_fail(p, last.at, "the range must rise, as in 1st to 5th");
	for (int n = first.value; n <= last.value && !r; n++)
		r = number_add(p, group, n, last.at);
	return r;
}

static int kind_take(struct phrase *p, struct group *group)
{
	struct words *w = &p->words;
	struct token weekday;
	int r;

	if (words_take(w, WORD_DAY, NULL)) {
		group->kind = DAYS_ALL;
		return 0;
	}
	if (words_take(w, WORD_WEEKDAYS, NULL)) {
		group->kind = DAYS_WEEKDAYS;
		return 0;
	}
	if (words_at(w, SET_WORKING)) {
		group->kind = DAYS_WORKING;
		return phrase_working(p);
	}
	if (!words_at(w, WORD_BIT(WORD_WEEKDAY)))
		return 0;
	group->kind = DAYS_NAMED;
	do {
		if (!words_take(w, WORD_WEEKDAY, &weekday))
			return words_fail(w);
		group->weekdays |= (uint8_t)(1 << weekday.value);
		r = words_list(w, WORD_BIT(WORD_WEEKDAY), SET_ORDINALS);
	} while (r > 0);
	return r;
}

int phrase_selection(struct phrase *p)
{
	int r;

	do {
		struct group *group = &p->groups[p->n_groups];

		if (p->n_groups == GROUPS_MAX)
			return phrase_fail(p, p->words.now.at, "too many days in one phrase");
		p->n_groups++;
		group->at = p->words.now.at;
		do {
			r = number_take(p, group);
			if (!r)
				r = words_list(&p->words, SET_ORDINALS, 0);
		} while (r > 0);
		if (!r)
			r = kind_take(p, group);
		if (!r)
			r = words_list(&p->words, SET_ORDINALS, 0);
	} while (r > 0);
	return r;
}

/* How many there can be of a kind in a unit; 0: that is not said so. */
static const short most[DAYS_KINDS][PERIOD_QUARTER + 1] = {
	[DAYS_ALL] = {[PERIOD_MONTH] = 31, [PERIOD_QUARTER] = 92, [PERIOD_YEAR] = 366},
	[DAYS_WEEKDAYS] = {[PERIOD_WEEK] = 5,
		[PERIOD_MONTH] = 23,
		[PERIOD_QUARTER] = 66,
		[PERIOD_YEAR] = 262},
	[DAYS_WORKING] = {[PERIOD_WEEK] = 7,
		[PERIOD_MONTH] = 31,
		[PERIOD_QUARTER] = 92,
		[PERIOD_YEAR] = 366},
	[DAYS_NAMED] = {[PERIOD_MONTH] = 5, [PERIOD_QUARTER] = 14, [PERIOD_YEAR] = 53},
};

static int numbers_check(struct phrase *p, const struct group *group, enum period_unit unit)
{
	static const char *const units[] = {[PERIOD_WEEK] = "week",
		[PERIOD_MONTH] = "month",
		[PERIOD_YEAR] = "year",
		[PERIOD_QUARTER] = "quarter"};

	if (!most[group->kind][unit])
		return phrase_fail(p, group->at,
			"a day of the week has a name: say Monday, or first working day");
	for (int i = 0; i < group->count; i++) {
		int n = group->numbers[i] < 0 ? -group->numbers[i] : group->numbers[i];

		if (n > most[group->kind][unit])
			return scan_fail(p->words.scan, group->at,
				"a %s has at most %d of these, not %d", units[unit],
				most[group->kind][unit], n);
	}
	return 0;
}

static int int_order(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

size_t phrase_sort(int *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), int_order);
	for (size_t i = 0; i < count; i++) {
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	}
	return kept;
}

static void positions_fill(struct rule *rule, struct group *group)
{
	size_t kept = phrase_sort(group->numbers, (size_t)group->count);

	rule->positions = mem_copy(group->numbers, kept * sizeof(*group->numbers));
	rule->n_positions = kept;
	rule->v.whole_dates = true;
	rule->v.dates.workdays_only = group->kind == DAYS_WORKING;
	rule->v.dates.weekdays = group->kind == DAYS_WEEKDAYS ? WORKDAYS_MON_FRI : group->weekdays;
}

static void month_days_fill(struct date_set *set, const struct group *group)
{
	for (int i = 0; i < group->count; i++) {
		if (group->numbers[i] > 0)
			set->days |= UINT32_C(1) << group->numbers[i];
		else
			set->days_from_end |= UINT32_C(1) << -group->numbers[i];
	}
}

static void numbered_weekdays_fill(struct date_set *set, const struct group *group)
{
	for (int day = 0; day < 7; day++) {
		for (int i = 0; i < group->count && group->weekdays >> day & 1; i++) {
			int n = group->numbers[i];

			if (n > 0)
				set->nth[day] |= UINT64_C(1) << (n - 1);
			else
				set->nth_from_end[day] |= UINT64_C(1) << (-n - 1);
		}
	}
}

/* The groups become dates of each week, month, quarter or year of the span. */
static int selection_fill(struct phrase *p, const struct span *span)
{
	struct rule_values *v = &p->rule->v;
	struct group *group = p->groups;
	bool months = span->unit == PERIOD_MONTH || span->months != MONTHS_ALL;
	bool many = p->n_groups > 1 || (group->weekdays & (group->weekdays - 1)) != 0;

	v->period.unit = span->unit;
	v->period.interval = span->interval;
	v->dates.months = span->months;
	for (int i = 0; i < p->n_groups; i++) {
		int r;

		if (p->groups[i].kind == DAYS_UNSAID)
			p->groups[i].kind = DAYS_ALL;
		r = numbers_check(p, &p->groups[i], months ? PERIOD_MONTH : span->unit);
		if (r < 0)
			return r;
		if (p->n_groups > 1 && (p->groups[i].kind != DAYS_NAMED || !months))
			return phrase_fail(p, p->groups[i].at,
				"days chosen in two ways are two schedules: write a reminder for "
				"each");
	}
	if (months && group->kind == DAYS_ALL) {
		month_days_fill(&v->dates, group);
		return 0;
	}
	if (months && group->kind == DAYS_NAMED) {
		for (int i = 0; i < p->n_groups; i++)
			numbered_weekdays_fill(&v->dates, &p->groups[i]);
		return 0;
	}
	if (many)
		return phrase_fail(p, group->at,
			"one weekday at a time of a quarter or year: write a reminder for each");
	if (span->unit == PERIOD_YEAR && span->months != MONTHS_ALL &&
		(span->months & (span->months - 1)))
		return phrase_fail(p, span->at, "one month at a time when years are left out");
	positions_fill(p->rule, group);
	return 0;
}

/* --- dates ------------------------------------------------------------------------------------ */

static int date_numbers_take(struct phrase *p, uint32_t *days, const char **ret_last)
{
	struct words *w = &p->words;
	uint64_t same = WORD_BIT(w->now.word); /* 1, 2 or 1st, 2nd */
	struct token day;
	int r;

	do {
		if (!words_take(w, WORD_NUMBER, &day) && !words_take(w, WORD_ORDINAL, &day))
			return words_fail(w);
		if (day.value < 1 || day.value > 31)
			return phrase_fail(p, day.at, "a month has no such day");
		*days |= UINT32_C(1) << day.value;
		*ret_last = day.at;
		r = words_list(w, same, WORD_BIT(WORD_MONTH));
	} while (r > 0);
	return r;
}

static int date_store(
	struct phrase *p, int month, int day, const struct token *year, const char *at)
{
	int32_t date;

	if (day > month_days(2000, month) || (year && !ymd_exists(year->value, month, day)))
		return phrase_fail(p, at, "there is no such date");
	if (!year) {
		p->yearly[month] |= UINT32_C(1) << day;
		return 0;
	}
	if (year->value < YEAR_FIRST || year->value > YEAR_LAST)
		return scan_fail(p->words.scan, year->at, "the year must be %d to %d", YEAR_FIRST,
			YEAR_LAST);
	date = date_from_ymd(year->value, month, day);
	if (p->n_once == DATES_ONCE_MAX)
		return phrase_fail(p, at, "too many dates in one phrase");
	p->once[p->n_once++] = date;
	return 0;
}

/* Days and months are read; a year may follow. */
static int dates_store(struct phrase *p, uint32_t days, uint16_t months, const char *at)
{
	struct words ahead = p->words;
	struct token year;
	bool has_year;
	int r = 0;

	(void)words_take(&ahead, WORD_COMMA, NULL);
	has_year = words_take(&ahead, WORD_YEAR, &year);
	if (has_year)
		p->words = ahead;
	for (int month = 1; month <= 12; month++) {
		for (int day = 1; day <= 31 && !r; day++) {
			if (months >> month & 1 && days >> day & 1)
				r = date_store(p, month, day, has_year ? &year : NULL, at);
		}
	}
	return r;
}

static int date_take(struct phrase *p)
{
	struct words *w = &p->words;
	struct token month;
	uint32_t days = 0;
	uint16_t months;
	const char *at = w->now.at;
	int r;

	if (words_take(w, WORD_MONTH, &month)) {
		months = (uint16_t)(1 << month.value);
		r = date_numbers_take(p, &days, &at);
	} else {
		r = date_numbers_take(p, &days, &at);
		(void)(!r && words_take(w, WORD_OF, NULL));
		if (!r)
			r = phrase_months(p, &months);
	}
	return r < 0 ? r : dates_store(p, days, months, at);
}

/* Dates without a year are days times months, or they are not one schedule. */
static int yearly_fill(struct phrase *p, const char *at)
{
	struct date_set *set = &p->rule->v.dates;

	set->months = 0;
	for (int month = 1; month <= 12; month++) {
		if (!p->yearly[month])
			continue;
		if (set->days && set->days != p->yearly[month])
			return phrase_fail(p, at,
				"different days of different months are two schedules: write a "
				"reminder for each");
		set->days = p->yearly[month];
		set->months |= (uint16_t)(1 << month);
	}
	return 0;
}

/* At the separator, or the end, behind the first date; `at` is the last one. */
static int more_dates_take(struct phrase *p, const char *at, bool may_be_once)
{
	struct words *w = &p->words;
	int r;

	while ((r = words_list(w, SET_DATES | WORD_BIT(WORD_ORDINAL), 0)) > 0) {
		at = w->now.at;
		r = date_take(p);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	p->no_filter = true;
	if (!p->n_once) {
		r = yearly_fill(p, at);
		return r < 0 || !may_be_once ? r : phrase_repeat_behind(p, PERIOD_YEAR);
	}
	if (!may_be_once)
		return phrase_fail(
			p, at, "every year or once: leave out the year, or \"every year\"");
	for (int month = 1; month <= 12; month++) {
		if (p->yearly[month])
			return phrase_fail(p, at, "give all of the dates a year, or none");
	}
	return 0;
}

int phrase_dates(struct phrase *p, bool may_be_once)
{
	const char *at = p->words.now.at;
	int r = date_take(p);

	return r < 0 ? r : more_dates_take(p, at, may_be_once);
}

/* "24th and 31st" were read as a selection, and a month follows. */
static int selection_is_dates(struct phrase *p, bool may_be_once)
{
	const struct group *group = p->groups;
	uint32_t days = 0;
	uint16_t months;
	int r;

	for (int i = 0; i < group->count; i++) {
		if (group->numbers[i] > 31)
			return phrase_fail(p, group->at, "a month has no such day");
		days |= UINT32_C(1) << group->numbers[i];
	}
	r = phrase_months(p, &months);
	if (!r && !(months & (months - 1)))
		r = dates_store(p, days, months, group->last_at);
	else if (!r)
		for (int month = 1; month <= 12; month++)
			p->yearly[month] = months >> month & 1 ? days : 0;
	return r < 0 ? r : more_dates_take(p, group->at, may_be_once);
}

/* --- what a selection is of ------------------------------------------------------------------- */

int phrase_fail_days(struct phrase *p, const char *what)
{
	const uint64_t next = WORD_BIT(WORD_AT) | WORD_BIT(WORD_TIME) | WORD_BIT(WORD_COMMA) |
			      WORD_BIT(WORD_EVERY) | WORD_BIT(WORD_END);

	return next >> p->words.now.word & 1 ? phrase_fail(p, p->words.now.at, what)
					     : words_fail(&p->words);
}

int phrase_check_interval(struct phrase *p, const char *at, int interval)
{
	if (interval < 1)
		return phrase_fail(p, at, "every 0 of a unit never advances");
	if (interval > INTERVAL_MAX)
		return scan_fail(p->words.scan, at, "longer than %d of a unit", INTERVAL_MAX);
	return 0;
}

bool phrase_unit(struct words *w, enum period_unit *unit, int *times)
{
	static const struct {
		enum word word;
		enum period_unit unit;
		int times;
	} units[] = {
		{WORD_DAY, PERIOD_DAY, 1},
		{WORD_WEEK, PERIOD_WEEK, 1},
		{WORD_FORTNIGHT, PERIOD_WEEK, 2},
		{WORD_MONTHS, PERIOD_MONTH, 1},
		{WORD_YEARS, PERIOD_YEAR, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (words_take(w, units[i].word, NULL)) {
			*unit = units[i].unit;
			*times = units[i].times;
			return true;
		}
	}
	return false;
}

int phrase_interval(struct words *w)
{
	struct token number;

	if (words_take(w, WORD_OTHER, NULL))
		return 2;
	if (words_take(w, WORD_NUMBER, &number) || words_take(w, WORD_ORDINAL, &number))
		return number.value;
	return 1;
}

/* Behind "of". */
static int of_take(struct phrase *p, struct span *span)
{
	struct words *w = &p->words;
	struct token every;
	int times = 1;

	span->at = w->now.at;
	if (words_take(w, WORD_EVERY, &every))
		span->interval = phrase_interval(w);
	else if (words_at(w, WORD_BIT(WORD_MONTH))) {
		span->unit = PERIOD_MONTH;
		return phrase_months(p, &span->months);
	}
	if (span->interval == 1 && words_take(w, WORD_QUARTER, NULL)) {
		span->unit = PERIOD_QUARTER;
		return 0;
	}
	if (words_at(w, WORD_BIT(WORD_DAY)) || !phrase_unit(w, &span->unit, &times))
		return words_fail(w);
	span->interval *= times;
	return phrase_check_interval(p, span->at, span->interval);
}

/* "every year", "every second week" */
static bool every_unit_ahead(const struct words *w)
{
	struct words ahead = *w;

	if (!words_take(&ahead, WORD_EVERY, NULL))
		return false;
	(void)phrase_interval(&ahead);
	return words_at(&ahead, WORD_BIT(WORD_WEEK) | WORD_BIT(WORD_FORTNIGHT) |
					WORD_BIT(WORD_MONTHS) | WORD_BIT(WORD_QUARTER) |
					WORD_BIT(WORD_YEARS));
}

int phrase_repeat_behind(struct phrase *p, enum period_unit unit)
{
	struct span span = {.unit = unit, .interval = 1, .months = MONTHS_ALL};
	int r;

	if (!every_unit_ahead(&p->words))
		return 0;
	r = of_take(p, &span);
	if (r < 0)
		return r;
	if (span.unit != unit)
		return phrase_fail(p, span.at,
			unit == PERIOD_WEEK ? "weekdays repeat by weeks: say \"every 2 weeks\""
					    : "dates repeat by years: say \"every year\"");
	p->rule->v.period.unit = unit;
	p->rule->v.period.interval = span.interval;
	return 0;
}

static bool selection_is_plain_days(const struct phrase *p)
{
	for (int i = 0; i < p->groups[0].count; i++) {
		if (p->groups[0].numbers[i] < 0)
			return false;
	}
	return p->n_groups == 1 && p->groups[0].kind == DAYS_UNSAID;
}

static void filter_judge(struct phrase *p, const struct span *span)
{
	p->no_filter =
		span->months != MONTHS_ALL || span->interval > 1 || span->unit != PERIOD_MONTH;
}

int phrase_selection_of(struct phrase *p)
{
	struct words *w = &p->words;
	struct span span = {.unit = PERIOD_MONTH, .interval = 1, .months = MONTHS_ALL};
	int r;

	if (selection_is_plain_days(p) && words_at(w, WORD_BIT(WORD_MONTH)))
		return selection_is_dates(p, true);
	if (!every_unit_ahead(w) && !words_take(w, WORD_OF, NULL) && !words_take(w, WORD_IN, NULL))
		return phrase_fail_days(
			p, "say of what here: \"of the month\", \"of the quarter\", \"of June\"");
	if (selection_is_plain_days(p) && words_at(w, WORD_BIT(WORD_MONTH)))
		return selection_is_dates(p, true);
	r = of_take(p, &span);
	filter_judge(p, &span);
	return r < 0 ? r : selection_fill(p, &span);
}

int phrase_selection_on(struct phrase *p, enum period_unit unit, int interval)
{
	struct words *w = &p->words;
	struct span said = {.unit = unit, .interval = 1, .months = MONTHS_ALL, .at = w->now.at};
	bool of;
	int r = phrase_selection(p);

	if (r < 0)
		return r;
	if (unit == PERIOD_YEAR && selection_is_plain_days(p)) {
		(void)words_take(w, WORD_OF, NULL);
		return words_at(w, WORD_BIT(WORD_MONTH)) ? selection_is_dates(p, false)
							 : words_fail(w);
	}
	if (unit == PERIOD_QUARTER && selection_is_plain_days(p))
		return words_fail(w);
	of = words_take(w, WORD_OF, NULL) || words_take(w, WORD_IN, NULL);
	if (of) {
		r = of_take(p, &said);
		if (r < 0)
			return r;
		if (said.interval > 1 ||
			(said.months == MONTHS_ALL ? said.unit != unit : unit != PERIOD_YEAR))
			return phrase_fail(p, said.at,
				"one unit at a time: leave this one out, or the one before");
	}
	if (said.months != MONTHS_ALL && interval > 1)
		said.unit = PERIOD_YEAR;
	said.interval = interval;
	filter_judge(p, &said);
	return selection_fill(p, &said);
}
