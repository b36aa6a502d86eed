/* Passes with digests: they are read before they are planned, and hold nothing up. */
#include "passes_help.h"

#define SUM(id, time)                                                                              \
	"{ id = \"" id                                                                             \
	"\"; kind = \"digest\"; digest = \"own\"; to = [ \"all\" ]; calendar = \"" time "\"; }"

static const struct told *told_of(const char *person, const char *reminders)
{
	for (size_t i = 0; i < n_told; i++)
		if (str_eq(told[i].person, person) && str_eq(told[i].reminders, reminders))
			return &told[i];
	fail_msg("%s was not told %s", person, reminders);
	return NULL;
}

static void assert_before(
	const char *person, const char *what, const char *other, const char *later)
{
	assert_true(strcmp(told_of(person, what)->first, told_of(other, later)->first) < 0);
}

static void digests_come_after_all_that_is_due_with_them(void **state)
{
	static const char *const stores[] = {"memory", "sqlite"};

	for (size_t i = 0; i < ARRAY_LEN(stores); i++) {
		open_house(stores[i], "", SUM("a", "14:30") "," DAILY("r", "14:30", ""), NOON);
		step_to(NOON + 30 * MINUTE_MS);
		assert_before("bo", "r", "ana", "a");
		assert_before("ana", "r", "bo", "a");
		assert_told("ana: a, ana: r, bo: a, bo: r");
		close_house();
	}
}

/* Half past two; stops when the digests of the first place are being read. */
static void begin_reading(void)
{
	clock_step(bed.clock, NOON + 30 * MINUTE_MS);
	while (!bed.engine->planner->pass || !bed.engine->planner->pass->reading)
		event_base_loop(bed.loop, EVLOOP_ONCE);
}

#define APART                                                                                      \
	"{ id = \"ana\"; place = \"home\"; via = [ \"hook\" ]; },"                                 \
	"{ id = \"bo\"; place = \"open\"; via = [ \"hook\" ]; }"

static void what_falls_due_between_two_readings_goes_first(void **state)
{
	static const char *const stores[] = {"memory", "sqlite"};

	for (size_t i = 0; i < ARRAY_LEN(stores); i++) {
		int64_t mark_at;

		people = APART;
		open_house(stores[i], "daily_limit = 2;",
			SUM("a", "14:30") "," DAILY("s", "14:31", ""), NOON);
		mark_at = planner_mark(bed.engine->planner);
		begin_reading();
		clock_step(bed.clock, NOON + 31 * MINUTE_MS);
		bed_settle(&bed);
		assert_before("ana", "a", "bo", "s");
		assert_before("bo", "s", "bo", "a");
		assert_told("ana: a, ana: s, bo: a, bo: s");
		assert_int_equal(
			ledger_day(bed.engine->ledger, "bo", local_date(NOON / 1000))->used, 2);
		assert_int_equal(planner_mark(bed.engine->planner), NOON + 31 * MINUTE_MS);
		/* And a crash that repeats all of it sends nothing twice. */
		if (i == 1) {
			take_mark_back(mark_at);
			bed_restart(&bed);
			assert_told("");
		}
		close_house();
	}
}

static void a_reload_while_digests_are_read_loses_nothing(void **state)
{
	people = APART;
	open_house(
		"sqlite", "daily_limit = 2;", SUM("a", "14:30") "," DAILY("s", "14:31", ""), NOON);
	begin_reading();
	use_reminders(SUM("a", "14:30") "," DAILY("s", "14:31", "") "," DAILY("t", "14:32", ""));
	assert_told("ana: a, bo: a");
	step_to(NOON + 32 * MINUTE_MS);
	assert_told("ana: s t, bo: s t");
	close_house();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_come_after_all_that_is_due_with_them),
		cmocka_unit_test(what_falls_due_between_two_readings_goes_first),
		cmocka_unit_test(a_reload_while_digests_are_read_loses_nothing),
	};
	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
