/* The record of practice, from lines of days: one letter is one day. */
#include "model/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FACTS_MAX = 1000 };

/* d done, s stuck, k skip, l less, z snoozed, . no answer, a left out, - nothing that day; letters in
 * brackets are of one day. */
static size_t facts_of(const char *days, int32_t first, struct practice_fact *facts)
{
	static const struct {
		char letter;
		bool asked;
		enum answer answer;
	} letters[] = {{'d', true, ANSWER_DONE}, {'s', true, ANSWER_STUCK},
		{'k', true, ANSWER_SKIP}, {'l', true, ANSWER_LESS}, {'z', true, ANSWER_SNOOZE},
		{'.', true, ANSWER_NONE}, {'a', false, ANSWER_NONE}};
	bool same_day = false;
	size_t count = 0;

	for (int32_t date = first; *days; days++) {
		same_day = *days == '[' || (same_day && *days != ']');
		for (size_t i = 0; i < ARRAY_LEN(letters); i++)
			if (*days == letters[i].letter)
				facts[count++] = (struct practice_fact){
					date, letters[i].asked, letters[i].answer};
		date += !same_day;
	}
	return count;
}

#define DAY 20000 /* 2024-10-04 */

/* ---- streaks: the last letter is yesterday, unless it says otherwise ---- */

static const struct {
	const char *days;
	int streak, longest;
	bool mendable;
} STREAKS[] = {
	{"", 0, 0, false},
	{"d", 1, 1, false},
	{"ddd", 3, 3, false},
	{"dsd", 3, 3, false},
	/* One miss is mended, two are not; what was is still the longest. */
	{"dd.", 2, 2, true},
	{"dd.d", 3, 3, false},
	{"dd..", 0, 2, false},
	{"ddd..d", 1, 3, false},
	{"dd.d.d", 4, 4, false},
	{"d.d..dd", 2, 2, false},
	{"z", 0, 0, false},
	{"dzd", 2, 2, false},
	{"dz.", 0, 1, false},
	/* Neither absence nor a skip nor a day without a question counts. */
	{"ddaaad", 3, 3, false},
	{"dd.aaa", 2, 2, true},
	{"dd.a.", 0, 2, false},
	{"ddkkkd", 3, 3, false},
	{"dlkd", 2, 2, false},
	{"dd--d", 3, 3, false},
	{".....", 0, 0, false},
	{".d", 1, 1, false},
	/* Several a day are one day: the best of it. */
	{"[d.][.d][dd]", 3, 3, false},
	{"d[.k]d", 2, 2, false},
	{"d[..].", 0, 1, false},
	{"d[.k].d", 2, 2, false},
	{"d[.a].d", 1, 1, false},
};

static void a_streak_forgives_one_miss_and_every_absence(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(STREAKS); i++) {
		struct practice_fact facts[FACTS_MAX];
		size_t count = facts_of(STREAKS[i].days, DAY, facts);
		struct practice practice;

		practice_count(facts, count, DAY + 100, PRACTICE_WINDOW, &practice);
		if (practice.streak != STREAKS[i].streak ||
			practice.longest != STREAKS[i].longest ||
			practice.mendable != STREAKS[i].mendable)
			fail_msg("%s: %d, longest %d%s", STREAKS[i].days, practice.streak,
				practice.longest, practice.mendable ? ", mendable" : "");
	}
}

static void today_is_not_missed_before_it_is_over(void **state)
{
	struct practice_fact facts[FACTS_MAX];
	size_t count = facts_of("d..", DAY, facts);
	struct practice practice;

	practice_count(facts, count, DAY + 2, PRACTICE_WINDOW, &practice);
	assert_int_equal(practice.streak, 1);
	assert_true(practice.mendable);
	assert_int_equal(practice.asked, 2);
	assert_int_equal(practice.silent, 1);
	practice_count(facts, count, DAY + 3, PRACTICE_WINDOW, &practice);
	assert_int_equal(practice.streak, 0);
	assert_int_equal(practice.asked, 3);
	assert_int_equal(practice.silent, 2);
	facts[2].answer = ANSWER_DONE;
	practice_count(facts, count, DAY + 2, PRACTICE_WINDOW, &practice);
	assert_int_equal(practice.streak, 2);
	assert_int_equal(practice.rate, 66);
}

/* ---- rates ---- */

/* The last letter is of today; the window has seven days. */
static const struct {
	const char *days;
	int asked, done, stuck, skipped, silent, rate;
} RATES[] = {
	{"", 0, 0, 0, 0, 0, -1},
	{"aaaaaaa", 0, 0, 0, 0, 0, -1},
	{"kkkkkkk", 7, 0, 0, 7, 0, -1},
	{"ddddddd", 7, 7, 0, 0, 0, 100},
	{"dsdsdsd", 7, 4, 3, 0, 0, 100},
	{"d.d.d.d", 7, 4, 0, 0, 3, 57},
	{".......", 6, 0, 0, 0, 6, 0},
	{"ddaaaa.", 2, 2, 0, 0, 0, 100},
	{"d.klzzd", 7, 2, 0, 2, 3, 40},
	{"....ddddddd", 7, 7, 0, 0, 0, 100},
	{"dddd......d", 7, 1, 0, 0, 6, 14},
	{"[dd][..]-----", 4, 2, 0, 0, 2, 50},
};

static void a_rate_is_of_what_was_asked_in_its_window(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(RATES); i++) {
		struct practice_fact facts[FACTS_MAX];
		size_t count = facts_of(RATES[i].days, DAY, facts);
		int32_t today = DAY + 6;
		struct practice p;

		if (strlen(RATES[i].days) == 11)
			today = DAY + 10;
		practice_count(facts, count, today, 7, &p);
		if (p.asked != RATES[i].asked || p.done != RATES[i].done ||
			p.stuck != RATES[i].stuck || p.skipped != RATES[i].skipped ||
			p.silent != RATES[i].silent || p.rate != RATES[i].rate)
			fail_msg("%s: asked %d, done %d, stuck %d, skipped %d, silent %d, %d %%",
				RATES[i].days, p.asked, p.done, p.stuck, p.skipped, p.silent,
				p.rate);
	}
}

static void the_whole_record_has_its_ends_and_its_sum(void **state)
{
	struct practice_fact facts[FACTS_MAX];
	size_t count = facts_of("-.d[ds]ka.s-", DAY, facts);
	struct practice practice;

	practice_count(facts, count, DAY + 300, PRACTICE_WINDOW, &practice);
	assert_int_equal(practice.practices, 4);
	assert_int_equal(practice.first, DAY + 2);
	assert_int_equal(practice.last, DAY + 7);
	assert_int_equal(practice.asked, 0);
	assert_int_equal(practice.rate, -1);
	practice_count(NULL, 0, DAY, PRACTICE_WINDOW, &practice);
	assert_int_equal(practice.first, INT32_MAX);
	assert_int_equal(practice.last, INT32_MIN);
}

/* ---- plateaus: windows of ten days, the last letter is of yesterday ---- */

static const struct {
	const char *days;
	enum plateau plateau;
} PLATEAUS[] = {
	{"ddddddddd", PLATEAU_SAME},
	{"sssssssss", PLATEAU_SAME},
	{"dddddsddd", PLATEAU_NONE},
	{"dddd.dddd", PLATEAU_SAME},
	{"ddd..dddd", PLATEAU_NONE}, /* seven are too few */
	{"ddddkdddd", PLATEAU_NONE},
	{".........", PLATEAU_SILENT},
	{"zz.......", PLATEAU_SILENT},
	{"........-", PLATEAU_SILENT},
	{".......--", PLATEAU_NONE},
	{"....d....", PLATEAU_NONE},
	{"aaaaaaaaa", PLATEAU_NONE},
	/* Not from the beginning of the window on: it began later. */
	{"-------[dddddddd]d", PLATEAU_NONE},
	{"------[dddddddd]dd", PLATEAU_SAME},
};

static void a_plateau_fills_its_window(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(PLATEAUS); i++) {
		struct practice_fact facts[FACTS_MAX];
		size_t count = facts_of(PLATEAUS[i].days, DAY, facts);
		struct practice practice;

		practice_count(facts, count, DAY + 9, 10, &practice);
		if (practice.plateau != PLATEAUS[i].plateau)
			fail_msg("%s: %d", PLATEAUS[i].days, practice.plateau);
	}
}

/* ---- the curve ---- */

static void the_curve_rises_and_never_reaches_the_top(void **state)
{
	/* floor(100 * (1 - exp(-n / 60))), by another's arithmetic. */
	static const int points[][2] = {{0, 0}, {1, 1}, {10, 15}, {30, 39}, {42, 50}, {60, 63},
		{120, 86}, {240, 98}, {276, 98}, {277, 99}, {400, 99}, {100000, 99},
		{INT32_MAX, 99}, {-5, 0}};
	int last = 0;

	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		assert_int_equal(practice_curve(points[i][0]), points[i][1]);
	for (int n = 0; n < 1000; n++) {
		assert_true(practice_curve(n) >= last);
		last = practice_curve(n);
	}
}

/* ---- celebrations ---- */

static void counts_come_at_their_steps(void **state)
{
	static const int steps[][2] = {{0, 10}, {9, 10}, {10, 25}, {24, 25}, {25, 50}, {50, 100},
		{99, 100}, {100, 200}, {199, 200}, {200, 300}, {1234, 1300}};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		assert_int_equal(practice_next_count(steps[i][0]), steps[i][1]);
}

/* Days from 2026-09-21 on; the tenth is the 30th, the end of a quarter. */
static const struct {
	const char *days;
	int before, since, until; /* since and until: days of the line, 0 the first */
	const char *said;
} CELEBRATIONS_OF[] = {
	{"", 0, -1, 5, ""},
	{"d", 0, -1, 5, ""},
	{"d", 9, -1, 5, "count 10 on 0; "},
	{"s", 24, -1, 5, "count 25 on 0; "},
	{"k", 9, -1, 5, ""},
	{"a", 9, -1, 5, ""},
	{"dd", 9, 0, 5, ""}, /* told already */
	{"dd", 8, 0, 5, "count 10 on 1; "},
	{"dd", 8, -1, 0, ""}, /* not yet */
	/* Of two the greater one. */
	{"[dddddddddd][ddddddddddddddd]", 0, -1, 5, "count 25 on 1; "},
	/* The end of a quarter, with something in it. */
	{"d", 0, -1, 8, ""},
	{"d", 0, -1, 9, "quarter 1 on 9; "},
	{"dd--s", 0, 5, 12, "quarter 3 on 9; "},
	{"dd--s", 0, 9, 12, ""},
	{"----------d", 0, 5, 12, ""},
	{"d---------d", 0, 5, 12, "quarter 1 on 9; "},
	/* A return: more than fourteen days after the practice before. */
	{"d-------------d", 0, 12, 14, ""},
	{"d--------------d", 0, 12, 15, "return 14 on 15; "},
	{"d..............d", 0, 12, 15, "return 14 on 15; "},
	{"d--------------d", 0, 15, 20, ""},
	{"---------------d", 0, 12, 15, ""}, /* the first one is no return */
	{"d--------------d", 8, 5, 15, "return 14 on 15; count 10 on 15; quarter 1 on 9; "},
};

static void what_was_reached_is_celebrated_once(void **state)
{
	static const char *const names[] = {"count", "return", "quarter"};
	int32_t first = date_from_ymd(2026, 9, 21);

	for (size_t i = 0; i < ARRAY_LEN(CELEBRATIONS_OF); i++) {
		struct practice_fact facts[FACTS_MAX];
		size_t count = facts_of(CELEBRATIONS_OF[i].days, first, facts);
		struct celebration list[CELEBRATIONS];
		char said[200] = "";
		size_t n = practice_celebrations(facts, count, CELEBRATIONS_OF[i].before,
			first + CELEBRATIONS_OF[i].since, first + CELEBRATIONS_OF[i].until, list);

		for (size_t k = 0; k < n; k++)
			snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %d on %d; ",
				names[list[k].what], list[k].number, list[k].date - first);
		if (strcmp(said, CELEBRATIONS_OF[i].said))
			fail_msg("%s from %d: %s, not %s", CELEBRATIONS_OF[i].days,
				CELEBRATIONS_OF[i].before, said, CELEBRATIONS_OF[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_streak_forgives_one_miss_and_every_absence),
		cmocka_unit_test(today_is_not_missed_before_it_is_over),
		cmocka_unit_test(a_rate_is_of_what_was_asked_in_its_window),
		cmocka_unit_test(the_whole_record_has_its_ends_and_its_sum),
		cmocka_unit_test(a_plateau_fills_its_window),
		cmocka_unit_test(the_curve_rises_and_never_reaches_the_top),
		cmocka_unit_test(counts_come_at_their_steps),
		cmocka_unit_test(what_was_reached_is_celebrated_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
