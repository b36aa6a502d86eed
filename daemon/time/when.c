/* Phrases: English for managers, a closed grammar, never a guess. Fills a rule in; what a rule means
 * is written back by when-write.c. Case, extra spaces and commas between parts do not matter.
 *
 *   phrase    = days [in] times [in] | times [on] days [in] | spread [in]
 *   times     = [at] TIME {, TIME} | spread
 *   spread    = every [N] hours|minutes from TIME to|until TIME
 *             | every [N] hours|minutes between TIME and TIME
 *   TIME      = 9:00 | 09:00:30 | 9am | 9:30 pm | noon | midnight
 *   in        = in months
 *   months    = MONTH [to MONTH] {, MONTH [to MONTH]}
 *   days      = [on] weekdays [again] | [on] working
 *             | [on] selection of | [on] dates [again]
 *             | [on] every EACH | PERIODLY
 *   weekdays  = span {, span}
 *   span      = WEEKDAY [to WEEKDAY] | weekdays | weekends
 *   working   = working|work|business day(s) | workday(s)
 *   EACH      = day | weekdays | working | selection of | dates
 *             | other WEEKDAYS | NTH WEEKDAYS
 *             | [count] days
 *             | [count] weeks|fortnights on (weekdays | selection [of])
 *             | [count] months on selection [of]
 *             | quarter on selection [of]
 *             | [count] years on (dates | selection [of])
 *   PERIODLY  = daily
 *             | weekly|fortnightly|monthly|quarterly|yearly on ...
 *   count     = N | NTH | other
 *   again     = every [count] weeks|fortnights|months|quarter|years
 *   selection = group {, group}
 *   group     = number {, number} [kind]
 *   number    = NTH [to NTH] | last | NTH [to] last
 *   kind      = day | weekday | working | WEEKDAY {, WEEKDAY}
 *   of        = of|in months | of|in week|month|quarter|year
 *             | of again | again
 *   dates     = date {, date}
 *   date      = DAYS [of] months [YEAR] | MONTH DAYS [YEAR]
 *   DAYS      = N {, N} | NTH {, NTH}
 *   NTH       = first | second | 3rd | 15th ...
 *   N         = 2 | two | 90 ...
 *
 * A list's comma is a comma or "and" or both; "the" may stand anywhere.
 *
 * Every second Tuesday is every 2 weeks; the second Tuesday of something says of what. A repeat that
 * is longer than its unit counts from the first match at or after start; without start days and
 * weeks count from Monday 1970-01-05, months and years from January 1970, and the rule warns. */
#include "time/when-parts.h"

#include <errno.h>
#include <string.h>

enum {
	TIMES_WRITTEN_MAX = 96, /* those of a list; a spread may have one a minute */
	EPOCH_MONDAY = 4,       /* 1970-01-05 */
};

#define GIVE_START "give start to choose"
#define ONE_A_MONTH "for one a month say \"of the month\""

/* --- times ------------------------------------------------------------------------------------ */

static bool times_ahead(struct phrase *p)
{
	return words_at(&p->words, WORD_BIT(WORD_AT) | WORD_BIT(WORD_TIME));
}

static int time_list_take(struct phrase *p)
{
	struct words *w = &p->words;
	struct token time;
	int r;

	(void)words_take(w, WORD_AT, NULL);
	do {
		if (!words_take(w, WORD_TIME, &time))
			return words_fail(w);
		if (p->n_times == TIMES_WRITTEN_MAX)
			return phrase_fail(p, time.at,
				"too many times: say every 10 minutes from 9:00 to 17:00");
		p->times[p->n_times++] = time.value;
		r = words_list(w, WORD_BIT(WORD_TIME),
			SET_WEEKDAYS | SET_WORKING | SET_ORDINALS | WORD_BIT(WORD_EVERY) |
				WORD_BIT(WORD_ON));
	} while (r > 0);
	if (!r && words_at(w, WORD_BIT(WORD_AND)))
		return phrase_fail(p, w->now.at,
			"other days at other times are a schedule of their own: write a reminder "
			"for each");
	p->n_times = phrase_sort(p->times, p->n_times);
	return r;
}

/* Behind "every N" and at the unit: hours or minutes. */
static int spread_take(struct phrase *p, const struct token *number, int n)
{
	struct words *w = &p->words;
	int step = words_at(w, WORD_BIT(WORD_HOUR)) ? n * 3600 : n * 60;
	struct token first, last;
	bool between;
	int r;

	words_advance(w);
	between = words_take(w, WORD_BETWEEN, NULL);
	if ((!between && !words_take(w, WORD_FROM, NULL)) || !words_take(w, WORD_TIME, &first))
		return words_fail(w);
	if (between ? !words_take(w, WORD_AND, NULL)
		    : !words_take(w, WORD_TO, NULL) && !words_take(w, WORD_UNTIL, NULL) &&
				!words_take(w, WORD_DASH, NULL))
		return words_fail(w);
	if (!words_take(w, WORD_TIME, &last))
		return words_fail(w);
	if (last.value < first.value)
		return phrase_fail(p, last.at,
			"ends before it begins: a spread of times stays inside one day");
	r = phrase_check_interval(p, number->at, n);
	if (r < 0)
		return r;
	for (int32_t time = first.value; time <= last.value; time += step)
		p->times[p->n_times++] = time;
	return 0;
}

/* --- every ------------------------------------------------------------------------------------ */

/* Behind "every [N] UNIT". */
static int repeat_take(struct phrase *p, enum period_unit unit, int interval)
{
	struct words *w = &p->words;
	struct period *period = &p->rule->v.period;
	static const char *const which[] = {
		[PERIOD_WEEK] = "say on which day here: \"on Monday\", \"on Tuesday and Thursday\"",
		[PERIOD_MONTH] = "say on which day here: \"on the 15th\", \"on the last Friday\"",
		[PERIOD_QUARTER] =
			"say on which day here: \"on the first Monday\", \"on the last day\"",
		[PERIOD_YEAR] = "say on which day here: \"on 24 December\", \"on the last Friday "
				"of June\""};
	uint64_t plain = unit == PERIOD_WEEK ? SET_WEEKDAYS : unit == PERIOD_YEAR ? SET_DATES : 0;

	period->unit = unit;
	period->interval = interval;
	if (unit == PERIOD_DAY)
		return 0;
	if (!words_take(w, WORD_ON, NULL))
		return phrase_fail_days(p, which[unit]);
	if (words_at(w, SET_ORDINALS))
		return phrase_selection_on(p, unit, interval);
	if (!words_at(w, plain))
		return words_fail(w);
	return unit == PERIOD_WEEK ? phrase_weekdays(p, &p->rule->v.dates.weekdays)
				   : phrase_dates(p, false);
}

/* "every second Tuesday", "every other Monday and Thursday" */
static int weeks_of_names(struct phrase *p, int interval, uint8_t weekdays)
{
	p->rule->v.period.unit = PERIOD_WEEK;
	p->rule->v.period.interval = interval;
	p->rule->v.dates.weekdays = weekdays;
	return 0;
}

/* "every" is followed by "second", "15th" or "last". */
static int every_ordinal_take(struct phrase *p)
{
	struct words *w = &p->words;
	const struct group *group = p->groups;
	struct words ahead = *w;
	struct token number;
	enum period_unit unit;
	int times;
	int r;

	if (words_take(&ahead, WORD_ORDINAL, &number) && phrase_unit(&ahead, &unit, &times)) {
		/* "every second day of the month" is a selection. */
		if (unit != PERIOD_DAY || !words_at(&ahead, WORD_BIT(WORD_OF))) {
			*w = ahead;
			r = phrase_check_interval(p, number.at, number.value * times);
			return r < 0 ? r : repeat_take(p, unit, number.value * times);
		}
	}
	r = phrase_selection(p);
	if (r < 0)
		return r;
	if (p->n_groups == 1 && group->kind == DAYS_NAMED && group->count == 1 &&
		group->numbers[0] > 1 && !words_at(w, WORD_BIT(WORD_OF))) {
		p->like_nth = group->numbers[0] > 2;
		return weeks_of_names(p, group->numbers[0], group->weekdays);
	}
	return phrase_selection_of(p);
}

/* "every" is followed by "other" or a number. */
static int every_number_take(struct phrase *p)
{
	struct words *w = &p->words;
	struct token number = w->now;
	int n = phrase_interval(w), times;
	enum period_unit unit;
	uint8_t weekdays = 0;
	int r;

	if (number.word == WORD_OTHER && words_at(w, WORD_BIT(WORD_WEEKDAY))) {
		r = phrase_weekdays(p, &weekdays);
		return r < 0 ? r : weeks_of_names(p, 2, weekdays);
	}
	if (phrase_unit(w, &unit, &times)) {
		r = phrase_check_interval(p, number.at, n * times);
		return r < 0 ? r : repeat_take(p, unit, n * times);
	}
	if (!p->n_times && words_at(w, WORD_BIT(WORD_HOUR) | WORD_BIT(WORD_MINUTE)))
		return spread_take(p, &number, n);
	return words_fail(w);
}

/* "24 December", "24 and 31 December", where a number could be a count as well. */
static bool date_ahead(const struct words *w)
{
	struct words ahead = *w;

	return words_take(&ahead, WORD_NUMBER, NULL) &&
	       words_at(&ahead, WORD_BIT(WORD_MONTH) | WORD_BIT(WORD_OF) | WORD_BIT(WORD_COMMA) |
					WORD_BIT(WORD_AND));
}

static int every_working_take(struct phrase *p)
{
	p->rule->v.dates.workdays_only = true;
	return phrase_working(p);
}

/* Behind "every"; it may turn out to be a spread of times. */
static int every_take(struct phrase *p)
{
	struct words *w = &p->words;
	enum period_unit unit;
	int times;

	if (words_at(w, WORD_BIT(WORD_MONTH)) || date_ahead(w))
		return phrase_dates(p, false);
	if (words_at(w, WORD_BIT(WORD_OTHER) | WORD_BIT(WORD_NUMBER)))
		return every_number_take(p);
	if (words_at(w, SET_ORDINALS))
		return every_ordinal_take(p);
	if (words_at(w, SET_WORKING))
		return every_working_take(p);
	if (words_at(w, SET_WEEKDAYS))
		return phrase_weekdays(p, &p->rule->v.dates.weekdays);
	if (words_take(w, WORD_QUARTER, NULL))
		return repeat_take(p, PERIOD_QUARTER, 1);
	if (phrase_unit(w, &unit, &times))
		return repeat_take(p, unit, times);
	if (!p->n_times && words_at(w, WORD_BIT(WORD_HOUR) | WORD_BIT(WORD_MINUTE)))
		return spread_take(p, &w->now, 1);
	return words_fail(w);
}

/* --- the whole phrase ------------------------------------------------------------------------- */

/* "daily", "weekly on ..."; 1 when there is none. */
static int shorthand_take(struct phrase *p)
{
	static const struct {
		enum word word;
		enum period_unit unit;
		int interval;
	} rows[] = {
		{WORD_DAILY, PERIOD_DAY, 1},
		{WORD_WEEKLY, PERIOD_WEEK, 1},
		{WORD_FORTNIGHTLY, PERIOD_WEEK, 2},
		{WORD_MONTHLY, PERIOD_MONTH, 1},
		{WORD_QUARTERLY, PERIOD_QUARTER, 1},
		{WORD_YEARLY, PERIOD_YEAR, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (words_take(&p->words, rows[i].word, NULL))
			return repeat_take(p, rows[i].unit, rows[i].interval);
	}
	return 1;
}

static int days_take(struct phrase *p)
{
	struct words *w = &p->words;
	int r = shorthand_take(p);

	if (r <= 0)
		return r;
	(void)words_take(w, WORD_ON, NULL);
	if (words_take(w, WORD_EVERY, NULL))
		return every_take(p);
	if (words_at(w, SET_WORKING))
		return every_working_take(p);
	if (words_at(w, SET_WEEKDAYS)) {
		r = phrase_weekdays(p, &p->rule->v.dates.weekdays);
		return r < 0 ? r : phrase_repeat_behind(p, PERIOD_WEEK);
	}
	if (words_at(w, SET_DATES))
		return phrase_dates(p, true);
	if (!words_at(w, SET_ORDINALS))
		return words_fail(w);
	r = phrase_selection(p);
	return r < 0 ? r : phrase_selection_of(p);
}

static int filter_take(struct phrase *p, bool *filtered)
{
	struct words *w = &p->words, ahead = *w;

	if (*filtered || p->no_filter)
		return 0;
	(void)words_at(w, WORD_BIT(WORD_IN));
	(void)words_take(&ahead, WORD_COMMA, NULL);
	if (!words_take(&ahead, WORD_IN, NULL))
		return 0;
	*w = ahead;
	*filtered = true;
	return phrase_months(p, &p->rule->v.dates.months);
}

static int times_take(struct phrase *p)
{
	struct words *w = &p->words;
	struct token number = {0};
	int n = 1;

	(void)words_take(w, WORD_COMMA, NULL);
	if (w->now.word == WORD_END)
		return phrase_fail(
			p, w->now.at, "no time of day is given: end with one such as \"at 9:00\"");
	if (w->now.word == WORD_FROM || w->now.word == WORD_BETWEEN)
		return phrase_fail(
			p, w->now.at, "say how often here: \"every hour from 9:00 to 17:00\"");
	if (times_ahead(p))
		return time_list_take(p);
	if (!words_take(w, WORD_EVERY, NULL))
		return words_fail(w);
	if (words_take(w, WORD_NUMBER, &number))
		n = number.value;
	if (!words_at(w, WORD_BIT(WORD_HOUR) | WORD_BIT(WORD_MINUTE)))
		return words_fail(w);
	return spread_take(p, &number, n);
}

/* Days that follow the times. */
static int late_days_take(struct phrase *p, bool spread)
{
	struct words *w = &p->words;

	(void)words_take(w, WORD_COMMA, NULL);
	/* "every 2 hours from 9:00 to 17:00" is every day. */
	if (spread && words_at(w, WORD_BIT(WORD_END) | WORD_BIT(WORD_IN)))
		return 0;
	return days_take(p);
}

static int phrase_take(struct phrase *p)
{
	struct words *w = &p->words;
	bool filtered = false;
	int r;

	if (w->now.word == WORD_END)
		return scan_fail(
			w->scan, NULL, "empty: write a phrase such as \"weekdays at 9:00\"");
	if (times_ahead(p)) {
		r = time_list_take(p);
		if (!r)
			r = late_days_take(p, false);
	} else {
		r = days_take(p);
		if (!r && p->n_times)
			r = late_days_take(p, true);
	}
	if (!r)
		r = filter_take(p, &filtered);
	if (!r && !p->n_times)
		r = times_take(p);
	if (!r)
		r = filter_take(p, &filtered);
	if (!r && w->now.word != WORD_END)
		r = words_fail(w);
	return r;
}

/* --- the rule --------------------------------------------------------------------------------- */

/* Dates that have a year: each with each of the times. */
static void once_fill(struct phrase *p)
{
	struct rule *rule = p->rule;

	p->n_once = phrase_sort(p->once, p->n_once);
	rule->v.kind = KIND_LISTED;
	rule->extra = mem_new_array(p->n_once * p->n_times, sizeof(*rule->extra));
	for (size_t i = 0; i < p->n_once; i++) {
		for (size_t j = 0; j < p->n_times; j++)
			rule->extra[rule->n_extra++] = p->once[i] * DAY_S + p->times[j];
	}
}

/* The first match at or after start is in a day, week, month or year that counts. */
static int anchor_fill(struct phrase *p, struct draft *draft)
{
	struct rule *rule = draft->rule;
	struct period *period = &rule->v.period;
	int interval = period->interval;
	int64_t first;

	if (p->like_nth)
		rule->warning = "counts weeks; " ONE_A_MONTH;
	if (!draft->has_start) {
		period->anchor = period->unit <= PERIOD_WEEK ? EPOCH_MONDAY : 0;
		rule->warning =
			period->unit > PERIOD_WEEK ? "counted from January 1970: " GIVE_START
			: p->like_nth ? "counts weeks, from Monday 5 January 1970: " GIVE_START
					"; " ONE_A_MONTH
				      : "counted from Monday 5 January 1970: " GIVE_START;
		return 0;
	}
	if (draft->start_is_utc)
		return scan_fail(&draft->scan, NULL,
			"start of a phrase that counts must be a local time: leave the offset out");
	rule_masks_fill(&rule->v);
	period->interval = 1;
	first = rule_next_base(rule, NULL, draft->start);
	period->interval = interval;
	if (first == NO_SLOT)
		first = LOCAL_LAST; /* and it never fires */
	period->anchor = local_date(first);
	/* The 1st that stands for the 31st belongs to the month before. */
	if (rule->v.short_month == SHORT_MONTH_NEXT_DAY && rule->v.dates.days &&
		!(rule->v.dates.days >> civil_unpack(first).day & 1))
		period->anchor--;
	return 0;
}

static int rule_fill(struct phrase *p, struct draft *draft)
{
	struct rule *rule = p->rule;
	struct rule_values *v = &rule->v;

	if (p->n_once) {
		once_fill(p);
		return 0;
	}
	rule->times = mem_copy(p->times, p->n_times * sizeof(*p->times));
	rule->n_times = p->n_times;
	if (v->dates.weekdays == WEEKDAYS_MON_SUN)
		v->dates.weekdays = 0;
	if (v->period.interval > 1)
		return anchor_fill(p, draft);
	if (!rule->n_positions)
		v->period.unit = PERIOD_DAY;
	return 0;
}

int when_parse(struct draft *draft)
{
	auto_free struct phrase *p = mem_new(sizeof(*p));
	int r;

	p->rule = draft->rule;
	date_set_all(&p->rule->v.dates);
	words_begin(&p->words, &draft->scan);
	r = phrase_take(p);
	if (!r)
		r = rule_fill(p, draft);
	if (r < 0)
		return r;
	p->rule->text = when_write(p->rule);
	return 0;
}
