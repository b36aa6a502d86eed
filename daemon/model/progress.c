/* Counting of practice. Pure: facts go in, numbers come out. A day is the unit of streaks and breaks,
 * an occurrence that of rates and counts. */
#include "model/progress.h"
#include "model/trial.h"

enum {
	CURVE_TOP = 99,
	CURVE_STEPS_MOST = 400, /* it stands at its top long before */
	COUNT_STEP = 100,
};

/* exp(-1/60): sixty practices, a quarter of working days, lead 63 % of the way. */
#define CURVE_LEFT_OF_EACH 0.98347145382161749

static bool is_practice(enum answer answer)
{
	return answer == ANSWER_DONE || answer == ANSWER_STUCK;
}

static bool is_silence(enum answer answer)
{
	return answer == ANSWER_NONE || answer == ANSWER_SNOOZE;
}

/* ---- days ---- */

enum day { DAY_RESTS, DAY_PRACTISED, DAY_MISSED };

/* What a day was, of the facts from *at on, which is moved past it. One practice makes a day of
 * practice, one "skip" a day of rest. */
static enum day next_day(const struct practice_fact *facts, size_t count, size_t *at, int32_t today)
{
	int32_t date = facts[*at].date;
	bool practised = false, rested = false, silent = false;

	for (; *at < count && facts[*at].date == date; ++*at) {
		const struct practice_fact *fact = &facts[*at];

		if (!fact->asked)
			continue;
		practised |= is_practice(fact->answer);
		silent |= is_silence(fact->answer) && date < today;
		rested |= !is_practice(fact->answer) && !is_silence(fact->answer);
	}
	if (practised)
		return DAY_PRACTISED;
	return silent && !rested ? DAY_MISSED : DAY_RESTS;
}

/* Two missed days running end a streak; one is mended by the practice that follows it. */
static void count_days(
	const struct practice_fact *facts, size_t count, int32_t today, struct practice *practice)
{
	int missed = 0;

	for (size_t at = 0; at < count;) {
		int32_t date = facts[at].date;
		enum day day = next_day(facts, count, &at, today);

		if (day == DAY_MISSED && ++missed > 1)
			practice->streak = 0;
		if (day != DAY_PRACTISED)
			continue;
		missed = 0;
		practice->streak++;
		practice->longest = MAX_OF(practice->longest, practice->streak);
		practice->first = MIN_OF(practice->first, date);
		practice->last = date;
	}
	practice->mendable = missed == 1 && practice->streak > 0;
}

/* ---- occurrences ---- */

static void count_answer(struct practice *practice, enum answer answer)
{
	practice->asked++;
	if (answer == ANSWER_DONE)
		practice->done++;
	else if (answer == ANSWER_STUCK)
		practice->stuck++;
	else if (is_silence(answer))
		practice->silent++;
	else
		practice->skipped++;
}

/* Told only of a window that was filled from its first week on. */
static enum plateau plateau_of(const struct practice *practice, bool whole)
{
	int practised = practice->done + practice->stuck;

	if (!whole || practice->asked < PRACTICE_ENOUGH)
		return PLATEAU_NONE;
	if (practice->silent == practice->asked)
		return PLATEAU_SILENT;
	if (practised < PRACTICE_ENOUGH || practice->skipped)
		return PLATEAU_NONE;
	return practice->done == practised || practice->stuck == practised ? PLATEAU_SAME
									   : PLATEAU_NONE;
}

void practice_count(const struct practice_fact *facts, size_t count, int32_t today, int window_days,
	struct practice *ret)
{
	struct practice practice = {.rate = -1, .first = INT32_MAX, .last = INT32_MIN};
	int32_t begin = today - window_days; /* the last day before the window */
	bool whole = false;
	int counted;

	for (size_t i = 0; i < count; i++) {
		const struct practice_fact *fact = &facts[i];

		assert(i == 0 || facts[i - 1].date <= fact->date);
		practice.practices += fact->asked && is_practice(fact->answer);
		if (!fact->asked || fact->date <= begin || fact->date > today ||
			(fact->date == today && is_silence(fact->answer)))
			continue;
		count_answer(&practice, fact->answer);
		whole |= fact->date <= begin + 7;
	}
	counted = practice.asked - practice.skipped;
	if (counted)
		practice.rate = (practice.done + practice.stuck) * 100 / counted;
	practice.plateau = plateau_of(&practice, whole);
	count_days(facts, count, today, &practice);
	*ret = practice;
}

int practice_curve(int practices)
{
	double left = 1;

	for (int i = 0; i < MIN_OF(practices, CURVE_STEPS_MOST); i++)
		left *= CURVE_LEFT_OF_EACH;
	return MIN_OF((int)((1 - left) * 100), CURVE_TOP);
}

/* ---- celebrations ---- */

int practice_next_count(int practices)
{
	static const int counts[] = {10, 25, 50, COUNT_STEP};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		if (practices < counts[i])
			return counts[i];
	return (practices / COUNT_STEP + 1) * COUNT_STEP;
}

static int practices_between(
	const struct practice_fact *facts, size_t count, int32_t first, int32_t last)
{
	int practices = 0;

	for (size_t i = 0; i < count; i++)
		practices += facts[i].asked && is_practice(facts[i].answer) &&
			     facts[i].date >= first && facts[i].date <= last;
	return practices;
}

/* The quarter that ended last: on `until` itself at the latest. */
static bool find_quarter(const struct practice_fact *facts, size_t count, int32_t since,
	int32_t until, struct celebration *ret)
{
	int32_t end = trial_quarter(until + 1) - 1;
	int practices = practices_between(facts, count, trial_quarter(end), end);

	*ret = (struct celebration){CELEBRATED_QUARTER, practices, end};
	return practices && end > since;
}

size_t practice_celebrations(const struct practice_fact *facts, size_t count, int before,
	int32_t since, int32_t until, struct celebration ret[static CELEBRATIONS])
{
	struct celebration reached = {.what = CELEBRATED_COUNT},
			   returned = {.what = CELEBRATED_RETURN};
	int practices = before;
	int32_t last = INT32_MIN;
	size_t n = 0;

	for (size_t i = 0; i < count && facts[i].date <= until; i++) {
		int32_t date = facts[i].date;
		bool fresh = date > since;

		if (!facts[i].asked || !is_practice(facts[i].answer))
			continue;
		practices++;
		if (practice_next_count(practices - 1) == practices && fresh)
			reached = (struct celebration){CELEBRATED_COUNT, practices, date};
		if (last != INT32_MIN && date - last > PRACTICE_BREAK && fresh)
			returned = (struct celebration){CELEBRATED_RETURN, date - last - 1, date};
		last = date;
	}
	if (returned.number)
		ret[n++] = returned;
	if (reached.number)
		ret[n++] = reached;
	n += find_quarter(facts, count, since, until, &ret[n]);
	return n;
}
