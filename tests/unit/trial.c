/* The hold-out: who is in it, and what a difference is worth. */
#include "base/str.h"
#include "model/trial.h"
#include "time/civil.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The examples of R. G. Newcombe, Statistics in Medicine 17 (1998), table II, method 10. */
static const struct {
	struct trial_group with, without;
	double low, high;
} EXAMPLES[] = {
	{{70, 56}, {80, 48}, 0.0524, 0.3339},
	{{10, 9}, {10, 3}, 0.1705, 0.8090},
	{{7, 6}, {7, 2}, 0.0582, 0.8062},
	{{56, 5}, {29, 0}, -0.0381, 0.1926},
	{{10, 0}, {20, 0}, -0.1611, 0.2775},
	{{10, 0}, {10, 0}, -0.2775, 0.2775},
	{{10, 10}, {20, 0}, 0.6791, 1.0000},
	{{10, 10}, {10, 0}, 0.6075, 1.0000},
};

static void differences_have_the_published_bounds(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(EXAMPLES); i++) {
		struct trial_difference d;

		trial_compare(EXAMPLES[i].with, EXAMPLES[i].without, &d);
		if (fabs(d.low / 100 - EXAMPLES[i].low) > 0.00006 ||
			fabs(d.high / 100 - EXAMPLES[i].high) > 0.00006)
			fail_msg("row %zu: %f to %f", i, d.low, d.high);
		/* Turned round, it is the same with the other sign. */
		trial_compare(EXAMPLES[i].without, EXAMPLES[i].with, &d);
		assert_true(fabs(d.high / -100 - EXAMPLES[i].low) < 0.00006);
		assert_true(d.low <= d.value && d.value <= d.high);
	}
}

static void a_sentence_claims_no_more_than_it_knows(void **state)
{
	static const struct {
		struct trial_group with, without;
		const char *said;
	} rows[] = {
		{{0, 0}, {0, 0}, "too few to tell: 0 with and 0 without it, and 20 of each"},
		{{500, 400}, {19, 3}, "too few to tell: 500 with and 19 without it"},
		{{19, 3}, {500, 400}, "too few to tell"},
		{{70, 56}, {80, 48},
			"56 of 70 with it, 48 of 80 without: +20 points (95 %: +5 to +33), it "
			"helps"},
		{{80, 48}, {70, 56}, "-20 points (95 %: -33 to -5), it does harm"},
		{{20, 12}, {20, 10}, "+10 points (95 %: -19 to +37), that may be chance"},
		{{20, 0}, {20, 0}, "+0 points (95 %: -16 to +16), that may be chance"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[TRIAL_TEXT];

		trial_write(rows[i].with, rows[i].without, text);
		if (!strstr(text, rows[i].said))
			fail_msg("\"%s\", not \"%s\"", text, rows[i].said);
	}
}

static void a_person_counts_once(void **state)
{
	struct trial_group group = {0};

	trial_add(&group, 0, 0);
	assert_int_equal(group.people, 0);
	trial_add(&group, 13, 6);
	trial_add(&group, 13, 7);
	trial_add(&group, 2, 1);
	trial_add(&group, 1, 0);
	assert_int_equal(group.people, 4);
	assert_int_equal(group.done, 2);
}

static void the_hold_out_is_a_fair_share_that_changes_with_the_quarter(void **state)
{
	int32_t date = date_from_ymd(2026, 11, 22), next = date_from_ymd(2027, 1, 1);
	int out = 0, both = 0, other = 0;

	for (int i = 0; i < 10000; i++) {
		char person[24];
		bool held;

		snprintf(person, sizeof(person), "p%d", i);
		held = trial_holds_out("tea", 20, person, date);
		assert_false(trial_holds_out("tea", 0, person, date));
		/* All through the quarter, and a larger share holds the smaller one. */
		assert_int_equal(
			held, trial_holds_out("tea", 20, person, date_from_ymd(2026, 10, 1)));
		assert_int_equal(held, trial_holds_out("tea", 20, person, next - 1));
		assert_true(!held || trial_holds_out("tea", 50, person, date));
		out += held;
		both += held && trial_holds_out("tea", 20, person, next);
		other += held && trial_holds_out("coffee", 20, person, date);
	}
	/* Ten thousand by 0.2: 2000, give or take five deviations of 40; both: 400, of 20. */
	assert_in_range(out, 1800, 2200);
	assert_in_range(both, 300, 500);
	assert_in_range(other, 300, 500);
}

static void quarters_begin_on_their_first_day(void **state)
{
	static const int rows[][4] = {
		{1, 1, 1, 1}, {3, 31, 1, 1}, {4, 1, 4, 1}, {9, 30, 7, 1}, {12, 31, 10, 1}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(trial_quarter(date_from_ymd(2026, rows[i][0], rows[i][1])),
			date_from_ymd(2026, rows[i][2], rows[i][3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_have_the_published_bounds),
		cmocka_unit_test(a_sentence_claims_no_more_than_it_knows),
		cmocka_unit_test(a_person_counts_once),
		cmocka_unit_test(the_hold_out_is_a_fair_share_that_changes_with_the_quarter),
		cmocka_unit_test(quarters_begin_on_their_first_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
