/* Slots in order of time, what is due of them, and what downtime leaves. */
#include "model_help.h"

#include "engine/agenda.h"

static const int64_t NOON = INT64_C(1780488000000); /* 2026-06-03T12:00:00Z */
enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static int64_t always(void *owner, const struct reminder *reminder, const struct person *person)
{
	return owner ? *(int64_t *)owner : INT64_MIN;
}

static const struct view view = {.begun = always};

#define PERSON(id, place) "{ id = \"" id "\"; via = [ \"hook\" ]; place = \"" place "\"; }"
#define PLACES "{ id = \"p\"; timezone = \"UTC\"; }, { id = \"q\"; timezone = \"Asia/Kathmandu\"; }"
#define EVERY(id, time, more)                                                                      \
	"{ id = \"" id "\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ]; calendar = \"" time   \
	"\"; " more " }"

struct missed {
	size_t count, calls;
	bool stands;
};

static void on_missed(void *owner, const struct agenda_entry *entry, size_t count,
	const struct place_slot *newest)
{
	struct missed *missed = owner;

	missed->count += count;
	missed->calls++;
	missed->stands = newest != NULL;
}

static void people_of_a_place_share_an_entry(void **state)
{
	struct model *model =
		model_of("", PLACES, PERSON("a", "p") "," PERSON("b", "p") "," PERSON("c", "q"),
			EVERY("r", "09:00", "") "," EVERY("s", "10:00", ""));
	struct agenda *agenda = agenda_new(model, &view, NOON);

	assert_int_equal(agenda->count, 4);
	assert_int_equal(agenda->schedules, 6);
	/* Kathmandu's 09:00 comes first: 03:15 UTC of the next day. */
	assert_true(agenda_next_at(agenda) == NOON + 15 * HOUR_MS + 15 * MINUTE_MS);
	agenda_free(agenda);
	model_unref(model);
}

static void what_is_due_comes_in_order_and_only_once(void **state)
{
	struct model *model = model_of("", PLACES, PERSON("a", "p"),
		EVERY("r", "*:0/20:00", "") "," EVERY("s", "12:20", ""));
	struct agenda *agenda = agenda_new(model, &view, NOON);
	struct due_list due = {0};

	agenda_take_due(agenda, NOON + 40 * MINUTE_MS, false, &due, on_missed, NULL);
	assert_int_equal(due.count, 3); /* 12:20 twice, 12:40; the mark itself is decided */
	for (size_t i = 1; i < due.count; i++)
		assert_true(due.list[i - 1].slot.send_at <= due.list[i].slot.send_at);
	due.count = 0;
	agenda_take_due(agenda, NOON + 59 * MINUTE_MS, false, &due, on_missed, NULL);
	assert_int_equal(due.count, 0);
	agenda_take_due(agenda, NOON + 60 * MINUTE_MS, false, &due, on_missed, NULL);
	assert_int_equal(due.count, 1);
	free(due.list);
	agenda_free(agenda);
	model_unref(model);
}

static void downtime_leaves_what_catch_up_says(void **state)
{
	static const struct {
		const char *more;
		int64_t hours;
		size_t due, missed;
		bool stands;
	} rows[] = {
		{"", 2, 1, 5, true},
		{"catch_up = \"latest\";", 2, 1, 5, true},
		{"catch_up = \"none\";", 2, 0, 6, false},
		{"catch_up = \"all\";", 2, 6, 0, false},
		/* The newest 1,000 of 3 x 24 x 30, the rest counted. */
		{"catch_up = \"all\";", 24 * 30, 1000, 1160, true},
		{"", 24 * 30, 1, 2159, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *reminder = str_printf(EVERY("r", "*:0/20:00", "%s"), rows[i].more);
		struct model *model = model_of("", PLACES, PERSON("a", "p"), reminder);
		struct agenda *agenda = agenda_new(model, &view, NOON);
		struct due_list due = {0};
		struct missed missed = {0};
		int64_t now = NOON + rows[i].hours * HOUR_MS;

		agenda_take_due(agenda, now, true, &due, on_missed, &missed);
		assert_int_equal(due.count, rows[i].due);
		assert_int_equal(missed.count, rows[i].missed);
		assert_int_equal(missed.stands, rows[i].stands);
		if (due.count)
			assert_true(due.list[due.count - 1].slot.due_at == now);
		assert_true(agenda_next_at(agenda) == now + 20 * MINUTE_MS);
		free(due.list);
		agenda_free(agenda);
		model_unref(model);
	}
}

/* Counting every second of ten years one by one would hold the loop for ten seconds. */
static void years_of_seconds_are_leapt_over(void **state)
{
	struct model *model = model_of("", PLACES, PERSON("a", "p"), EVERY("r", "*:*:*", ""));
	struct agenda *agenda = agenda_new(model, &view, NOON);
	struct due_list due = {0};
	struct missed missed = {0};
	int64_t now = NOON + INT64_C(10) * 365 * 24 * HOUR_MS;

	agenda_take_due(agenda, now, true, &due, on_missed, &missed);
	assert_int_equal(due.count, 1);
	assert_true(due.list[0].slot.due_at == now);
	assert_true(missed.count >= AGENDA_COUNTED && missed.count < 2 * AGENDA_COUNTED);
	assert_true(missed.stands);
	assert_true(agenda_next_at(agenda) == now + 1000);
	free(due.list);
	agenda_free(agenda);
	model_unref(model);
}

static void a_reminder_starts_where_it_began(void **state)
{
	int64_t begun_at = NOON + 50 * MINUTE_MS;
	struct view later = {.owner = &begun_at, .begun = always};
	struct model *model = model_of("", PLACES, PERSON("a", "p"), EVERY("r", "*:0/20:00", ""));
	struct agenda *agenda = agenda_new(model, &later, NOON);

	assert_true(agenda_next_at(agenda) == NOON + HOUR_MS);
	agenda_free(agenda);
	model_unref(model);
}

static void a_slot_that_was_moved_over_the_mark_is_still_to_come(void **state)
{
	struct model *model = model_of("", "{ id = \"p\"; quiet = \"11:30-12:30\"; }",
		PERSON("a", "p"), EVERY("r", "11:45", ""));
	struct agenda *agenda = agenda_new(model, &view, NOON);

	assert_true(agenda_next_at(agenda) == NOON + 30 * MINUTE_MS);
	agenda_free(agenda);
	model_unref(model);
}

static void the_rest_of_the_day_ends_at_local_midnight(void **state)
{
	struct model *model = model_of("", PLACES, PERSON("c", "q"),
		EVERY("r", "*:0/30:00", "") "," EVERY("s", "23:59", ""));
	const struct place *place = model_place(model, "q");
	struct agenda *agenda = agenda_new(model, &view, NOON); /* 17:45 in Kathmandu */
	struct place_slot *list = NULL;
	size_t count = 0, capacity = 0;
	int32_t date = local_date(zone_to_local(place->zone, NOON / 1000, NULL));

	agenda_rest_of_day(agenda, place, NOON, date, &list, &count, &capacity);
	assert_int_equal(count, 13); /* 18:00 .. 23:30, and 23:59 */
	for (size_t i = 0; i < count; i++)
		assert_true(list[i].send_at > NOON);
	free(list);
	agenda_free(agenda);
	model_unref(model);
}

static void a_schedule_that_has_ended_is_never_due(void **state)
{
	struct model *model = model_of("", PLACES, PERSON("a", "p"),
		"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ]; at = "
		"\"2026-06-03T12:10\"; }");
	struct agenda *agenda = agenda_new(model, &view, NOON);
	struct due_list due = {0};

	agenda_take_due(agenda, NOON + HOUR_MS, false, &due, on_missed, NULL);
	assert_int_equal(due.count, 1);
	assert_true(agenda_next_at(agenda) == TIME_NEVER);
	free(due.list);
	agenda_free(agenda);
	model_unref(model);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_of_a_place_share_an_entry),
		cmocka_unit_test(what_is_due_comes_in_order_and_only_once),
		cmocka_unit_test(downtime_leaves_what_catch_up_says),
		cmocka_unit_test(years_of_seconds_are_leapt_over),
		cmocka_unit_test(a_reminder_starts_where_it_began),
		cmocka_unit_test(a_slot_that_was_moved_over_the_mark_is_still_to_come),
		cmocka_unit_test(the_rest_of_the_day_ends_at_local_midnight),
		cmocka_unit_test(a_schedule_that_has_ended_is_never_due),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	return failed;
}
