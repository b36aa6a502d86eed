/* The retry policy: its window, its spread and what a receiver may ask. */
#include "model/retry.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct retry_policy POLICY = {.base_ms = 1000, .max_ms = 3600000};

static void the_window_doubles_up_to_the_cap(void **state)
{
	static const struct {
		int attempts;
		int64_t longest_ms;
	} ROWS[] = {{1, 1000}, {2, 2000}, {3, 4000}, {12, 2048000}, {13, 3600000}, {64, 3600000},
		{65, 3600000}, {INT32_MAX, 3600000}};

	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		int attempts = ROWS[i].attempts;
		int64_t longest = retry_delay_ms(&POLICY, attempts, -1, UINT32_MAX);

		assert_int_equal(longest, ROWS[i].longest_ms);
		assert_int_equal(retry_delay_ms(&POLICY, attempts, -1, 0), 0);
		assert_int_equal(
			retry_delay_ms(&POLICY, attempts, -1, UINT32_C(1) << 31), longest / 2);
	}
}

static void the_spread_is_even(void **state)
{
	int64_t sum = 0;
	int in_first_quarter = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		int64_t wait = retry_delay_ms(&POLICY, 4, -1, UINT32_MAX / 1000 * i);

		assert_in_range(wait, 0, 8000);
		sum += wait;
		in_first_quarter += wait < 2000;
	}
	assert_in_range(sum / 1000, 3950, 4050);
	assert_in_range(in_first_quarter, 245, 255);
}

static void a_receiver_is_never_asked_sooner_than_it_said(void **state)
{
	for (int attempts = 1; attempts < 70; attempts++) {
		for (uint32_t i = 0; i < 16; i++) {
			uint32_t chance = UINT32_MAX / 15 * i;
			int64_t wait = retry_delay_ms(&POLICY, attempts, 60000, chance);

			assert_true(wait >= 60000);
			assert_true(wait >= retry_delay_ms(&POLICY, attempts, -1, chance));
		}
	}
	/* Longer than the cap: the receiver knows better. */
	assert_true(retry_delay_ms(&POLICY, 1, 7200000, 0) == 7200000);
}

static void those_sent_away_together_do_not_come_back_together(void **state)
{
	assert_int_equal(retry_delay_ms(&POLICY, 1, 60000, 0), 60000);
	assert_int_equal(retry_delay_ms(&POLICY, 1, 60000, UINT32_MAX), 61000);
}

static void extremes_do_not_overflow(void **state)
{
	const struct retry_policy huge = {.base_ms = INT64_MAX, .max_ms = INT64_MAX};
	const struct retry_policy none = {0};

	assert_true(retry_delay_ms(&huge, 1, -1, UINT32_MAX) > INT64_MAX / 2);
	assert_true(retry_delay_ms(&huge, 40, INT64_MAX, UINT32_MAX) == INT64_MAX);
	assert_int_equal(retry_delay_ms(&none, 5, -1, UINT32_MAX), 0);
	assert_int_equal(retry_delay_ms(&none, 5, 0, UINT32_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_doubles_up_to_the_cap),
		cmocka_unit_test(the_spread_is_even),
		cmocka_unit_test(a_receiver_is_never_asked_sooner_than_it_said),
		cmocka_unit_test(those_sent_away_together_do_not_come_back_together),
		cmocka_unit_test(extremes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
