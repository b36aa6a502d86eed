/* Which showing of its pack a message is: numbers over years, of thinned reminders too. */
#include "model_help.h"

#include "engine/wording.h"

static const struct {
	const char *schedule;
	int skipped_most; /* numbers left out over New Year */
} RULES[] = {
	{"calendar = \"Mon..Fri 09:00\";", 3},
	{"calendar = \"Tue,Thu 15:30\";", 4},
	{"calendar = \"Mon 09,15:00\";", 6},
	{"calendar = \"*:00\";", 60},
	{"when = \"last working day of the month at 15:00\";", 3},
	{"rrule = \"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU\"; start = \"2026-12-01T11:00\";", 4},
	{"rrule = \"FREQ=YEARLY\"; start = \"2026-03-01T11:00\";", 3},
	{"cron = \"0 9 1,15 * *\";", 3},
};

/* Of every `every`-th slot for four years. */
static void check_rule(const struct model *model, int every, int skipped_most)
{
	const struct reminder *reminder = model->reminders[0];
	const struct place *place = model_place(model, "p");
	struct planned planned = {.reminder = reminder, .place = place, .every = every};
	uint64_t last = 0;
	int64_t year = 0;

	planned.slot.utc = INT64_C(1780444800);
	for (int n = 0; n < 4 * 260 && rule_next(reminder->rule, resolver_zone(reminder, place),
					       place->workdays, planned.slot.utc, &planned.slot);) {
		int y, month, day;
		uint64_t number;

		if (resolver_ordinal(reminder, place, &planned.slot) % (uint64_t)every)
			continue;
		date_to_ymd(local_date(planned.slot.local), &y, &month, &day);
		number = wording_number(&planned);
		if (n++ && y == year)
			assert_int_equal(number, last + 1);
		else if (n > 1)
			assert_in_range(number, last + 1, last + 1 + (uint64_t)skipped_most);
		last = number;
		year = y;
	}
}

static void numbers_grow_by_one_and_a_little_more_over_new_year(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(RULES); i++) {
		auto_free char *text = str_printf(
			"{ id = \"a\"; %s to = [ \"ana\" ]; text = \"x\"; }", RULES[i].schedule);
		struct model *model =
			model_of("", "{ id = \"p\"; hours = \"Mon..Fri 09:00-17:00\"; }",
				"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; }", text);

		for (int every = 1; every <= 8; every *= 2)
			check_rule(model, every, RULES[i].skipped_most);
		model_unref(model);
	}
}

static void elapsed_intervals_have_no_new_year(void **state)
{
	struct model *model = model_of("", "{ id = \"p\"; }",
		"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; }",
		"{ id = \"a\"; every = \"90min\"; to = [ \"ana\" ]; text = \"x\"; }");

	for (int every = 1; every <= 4; every *= 2)
		check_rule(model, every, 0);
	model_unref(model);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_grow_by_one_and_a_little_more_over_new_year),
		cmocka_unit_test(elapsed_intervals_have_no_new_year),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	return failed;
}
