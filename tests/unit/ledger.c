/* What a person's days have used. */
#include "engine/ledger.h"
#include "model/record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_day_is_made_once_and_found_again(void **state)
{
	struct ledger *ledger = ledger_new();

	assert_null(ledger_find(ledger, "ana", 100));
	ledger_day(ledger, "ana", 100)->used = 2;
	assert_int_equal(ledger_day(ledger, "ana", 100)->used, 2);
	assert_int_equal(ledger_find(ledger, "ana", 100)->used, 2);
	assert_null(ledger_find(ledger, "ana", 101));
	assert_null(ledger_find(ledger, "bo", 100));
	ledger_free(ledger);
}

static void days_to_come_do_not_push_out_today(void **state)
{
	struct ledger *ledger = ledger_new();

	ledger_day(ledger, "ana", 99)->used = 9;
	ledger_day(ledger, "ana", 100)->used = 1;
	ledger_day(ledger, "ana", 103)->used = 3;
	ledger_day(ledger, "ana", 101)->used = 2;
	ledger_day(ledger, "ana", 104);
	ledger_day(ledger, "ana", 105);
	assert_int_equal(ledger_day(ledger, "ana", 102)->used, 0);
	assert_int_equal(ledger_find(ledger, "ana", 100)->used, 1);
	assert_int_equal(ledger_find(ledger, "ana", 101)->used, 2);
	assert_int_equal(ledger_find(ledger, "ana", 103)->used, 3);
	assert_null(ledger_find(ledger, "ana", 99));
	ledger_free(ledger);
}

static void what_gathers_is_kept_when_the_clock_goes_back(void **state)
{
	struct ledger *ledger = ledger_new();
	struct delivery delivery = {.recipient = (char *)"ana", .budget_date = 101};

	for (int32_t date = 101; date < 107; date++)
		ledger_day(ledger, "ana", date)->used = 1;
	ledger_day(ledger, "ana", 101)->held = &delivery;
	assert_int_equal(ledger_day(ledger, "ana", 100)->used, 0);
	assert_ptr_equal(ledger_find(ledger, "ana", 101)->held, &delivery);
	assert_null(ledger_find(ledger, "ana", 102));
	ledger_close_held(ledger, &delivery);
	ledger_free(ledger);
}

static void a_budget_tells_what_is_held(void **state)
{
	struct ledger *ledger = ledger_new();
	struct ledger_day *day = ledger_day(ledger, "ana", 100);
	struct delivery delivery = {
		.recipient = (char *)"ana", .budget_date = 100, .not_before_at = 777};
	struct budget budget = ledger_budget(NULL, 3);

	assert_int_equal(budget.limit, 3);
	assert_int_equal(budget.used, 0);
	day->join_next = true; /* of nothing held */
	assert_false(ledger_budget(day, 3).join_next);
	day->used = 2;
	day->held = &delivery;
	budget = ledger_budget(day, 3);
	assert_int_equal(budget.used, 2);
	assert_true(budget.has_held && budget.join_next && budget.held_at == 777);
	ledger_close_held(
		ledger, &(struct delivery){.recipient = (char *)"ana", .budget_date = 100});
	assert_ptr_equal(day->held, &delivery);
	ledger_close_held(ledger, &delivery);
	assert_null(day->held);
	assert_int_equal(day->used, 2);
	ledger_free(ledger);
}

static void what_never_goes_gives_its_room_back(void **state)
{
	struct ledger *ledger = ledger_new();
	struct ledger_day *day = ledger_day(ledger, "ana", 100);
	struct delivery held = {.recipient = (char *)"ana", .budget_date = 100}, other = held;
	struct delivery uncounted = {.recipient = (char *)"ana", .budget_date = INT32_MIN};

	day->used = 2;
	day->held = &held;
	ledger_take_back(ledger, &uncounted);
	assert_int_equal(day->used, 2);
	ledger_take_back(ledger, &other);
	assert_int_equal(day->used, 1);
	assert_ptr_equal(day->held, &held);
	ledger_take_back(ledger, &held);
	assert_int_equal(day->used, 0);
	assert_null(day->held);
	ledger_take_back(ledger, &held); /* of a day that was forgotten meanwhile */
	assert_int_equal(day->used, 0);
	held.budget_date = 101;
	ledger_take_back(ledger, &held);
	assert_null(ledger_find(ledger, "ana", 101));
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_is_made_once_and_found_again),
		cmocka_unit_test(days_to_come_do_not_push_out_today),
		cmocka_unit_test(what_gathers_is_kept_when_the_clock_goes_back),
		cmocka_unit_test(a_budget_tells_what_is_held),
		cmocka_unit_test(what_never_goes_gives_its_room_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
