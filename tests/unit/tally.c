/* Counting a day: what goes into which sum, which decisions stand together, and who is told of. The
 * decisions come from the test and not from the resolver. */
#include "face/tally.h"

#include "base/buf.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LIMIT = 3, DATE = 20789 /* 2026-12-02 */, PEOPLE = 16, REMINDERS = 4, ROWS_MOST = 400 };

static struct row {
	int person; /* -1: a room */
	int reminder, about;
	int minute;
	enum decision decision;
	enum rule_id rule;
} rows[ROWS_MOST];
static size_t n_rows;

static struct person people[PEOPLE];
static struct reminder reminders[REMINDERS];
static struct person *people_list[PEOPLE];
static struct reminder *reminders_list[REMINDERS];
static char names[PEOPLE][16];
static struct place place, elsewhere = {.index = 1};
static struct place *places_list[] = {&place, &elsewhere};
static struct channel room = {.id = "lobby"};
static struct model model = {.daily_limit = LIMIT,
	.people = people_list,
	.n_people = PEOPLE,
	.reminders = reminders_list,
	.n_reminders = REMINDERS,
	.places = places_list,
	.n_places = 2};

void resolver_preview(const struct model *of, const struct view *view,
	const struct preview_query *query,
	bool (*on_planned)(void *owner, const struct planned *planned), void *owner)
{
	assert_true(query->terse && query->skipped);
	for (int32_t date = query->from; date <= query->to; date++) {
		for (size_t i = 0; i < n_rows; i++) {
			const struct row *row = &rows[i];
			int64_t at = (date * DAY_S + row->minute * 60) * 1000;
			struct planned planned = {.reminder = &reminders[row->reminder],
				.place = &place,
				.person = row->person < 0 ? NULL : &people[row->person],
				.room = row->person < 0 ? &room : NULL,
				.about = row->about ? &people[row->about] : NULL,
				.due_at = at,
				.send_at = at,
				.decision = row->decision,
				.rule = row->rule};

			snprintf(planned.detail, sizeof(planned.detail), "by %s",
				rule_id_names[row->rule]);
			if (!query->reminder || query->reminder == planned.reminder)
				assert_true(on_planned(owner, &planned));
		}
		query->on_date(owner, date);
	}
}

static int open_model(void **state)
{
	static char ids[REMINDERS][2] = {"a", "b", "c", "d"};

	for (int i = 0; i < REMINDERS; i++) {
		reminders[i] = (struct reminder){.id = ids[i], .index = (uint32_t)i};
		reminders_list[i] = &reminders[i];
	}
	for (int i = 0; i < PEOPLE; i++) {
		snprintf(names[i], sizeof(names[i]), "p%02d", i);
		people[i] = (struct person){.id = names[i], .index = (uint32_t)i, .place = &place};
		people_list[i] = &people[i];
	}
	return zone_load("UTC", &place.zone);
}

static int close_model(void **state)
{
	zone_unref(place.zone);
	return 0;
}

static int start(void **state)
{
	n_rows = 0;
	return 0;
}

static void add(int person, int reminder, int minute, enum decision decision, enum rule_id rule)
{
	assert_true(n_rows < ROWS_MOST);
	rows[n_rows++] = (struct row){person, reminder, 0, minute, decision, rule};
}

/* A person's day over the limit: one alone, the others in one. */
static void add_full(int person, int planned)
{
	add(person, 0, 540, DECISION_SEND, BY_SCHEDULE);
	add(person, 1, 541, DECISION_SEND, BY_SCHEDULE);
	for (int i = 2; i < planned; i++)
		add(person, 2, 900, DECISION_MERGED, BY_LIMIT);
}

static void keep_day(void *owner, json_t *day)
{
	json_decref(*(json_t **)owner);
	*(json_t **)owner = day;
}

static json_t *count(const struct reminder *reminder)
{
	struct tally *tally = tally_new(&model, NULL, NULL, reminder);
	json_t *day = NULL;

	/* The day before goes through the same tally and leaves nothing behind. */
	tally_days(tally, DATE - 1, DATE, keep_day, &day);
	tally_free(tally);
	assert_string_equal(json_string_value(json_object_get(day, "date")), "2026-12-02");
	return day;
}

static void expect(json_t *day, const char *wanted)
{
	static const char *const sums[] = {
		"messages", "people", "send", "shifted", "merged", "skipped", "over", "more"};
	char told[128] = "";

	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%lld", i ? " " : "",
			(long long)json_integer_value(json_object_get(day, sums[i])));
	assert_string_equal(told, wanted);
}

/* "09:00 a send 2 p00,p01": the groups, one a line. */
static void expect_groups(json_t *day, const char *wanted)
{
	cleanup(buf_free) struct buf told = BUF_MAX(8192);
	json_t *group, *name;
	size_t i, k;

	json_array_foreach(json_object_get(day, "groups"), i, group)
	{
		const char *about = json_string_value(json_object_get(group, "about"));

		buf_printf(&told, "%s %s %s %d ", json_string_value(json_object_get(group, "time")),
			json_string_value(json_object_get(group, "reminder")),
			json_string_value(json_object_get(group, "reason")),
			(int)json_integer_value(json_object_get(group, "count")));
		json_array_foreach(json_object_get(group, "people"), k, name)
			buf_printf(&told, "%s%s", k ? "," : "", json_string_value(name));
		buf_printf(&told, "%s%s\n", about ? " about " : "", about ? about : "");
	}
	assert_string_equal(buf_str(&told), wanted);
}

static void a_merged_message_is_one_and_a_skipped_one_is_none(void **state)
{
	json_t *day;

	add_full(0, 5);
	add(1, 0, 540, DECISION_SKIPPED, BY_AWAY);
	add(2, 0, 540, DECISION_SHIFTED, BY_HOURS);
	add(-1, 3, 600, DECISION_SEND, BY_SCHEDULE);
	day = count(NULL);
	expect(day, "5 2 3 1 3 1 1 0");
	json_decref(day);
}

static void only_more_than_the_limit_is_told(void **state)
{
	json_t *day, *limit;

	for (int i = 0; i < LIMIT; i++)
		add(0, i, 540 + i, DECISION_SEND, BY_SCHEDULE);
	add(0, 3, 700, DECISION_SKIPPED, BY_AWAY);
	add_full(1, LIMIT + 1);
	day = count(NULL);
	expect(day, "6 2 5 0 2 1 1 0");
	limit = json_array_get(json_object_get(day, "limits"), 0);
	assert_string_equal(json_string_value(json_object_get(limit, "person")), "p01");
	assert_int_equal(json_integer_value(json_object_get(limit, "planned")), 4);
	assert_int_equal(json_integer_value(json_object_get(limit, "limit")), 3);
	assert_int_equal(json_integer_value(json_object_get(limit, "together")), 2);
	assert_string_equal(json_string_value(json_object_get(limit, "at")), "15:00");
	json_decref(day);
}

static void the_worst_ten_are_told_and_all_are_counted(void **state)
{
	static const char wanted[] = "p03p07p00p01p02p04p05p06p08p09";
	char told[64] = "";
	json_t *day, *limit;
	size_t i;

	for (int person = 0; person < 12; person++)
		add_full(person, person == 3 ? 7 : person == 7 ? 6 : 5);
	day = count(NULL);
	json_array_foreach(json_object_get(day, "limits"), i, limit)
		strcat(told, json_string_value(json_object_get(limit, "person")));
	assert_string_equal(told, wanted);
	assert_int_equal(json_integer_value(json_object_get(day, "over")), 12);
	json_decref(day);
}

static void of_one_reminder_the_others_count_for_the_limit_alone(void **state)
{
	json_t *day;

	add_full(0, 5);
	add(1, 0, 540, DECISION_SEND, BY_SCHEDULE);
	for (int i = 0; i < 5; i++)
		add(2, 1, 540 + i, DECISION_SEND, BY_SCHEDULE);
	day = count(&reminders[0]);
	expect(day, "2 2 2 0 0 0 1 0");
	expect_groups(day, "09:00 a by schedule 2 p00,p01\n");
	json_decref(day);
}

static void what_differs_in_time_reminder_decision_or_rule_stands_apart(void **state)
{
	json_t *day;

	add(0, 0, 540, DECISION_SEND, BY_SCHEDULE);
	add(1, 0, 540, DECISION_SHIFTED, BY_HOURS);
	add(2, 0, 540, DECISION_SHIFTED, BY_QUIET);
	add(3, 0, 541, DECISION_SEND, BY_SCHEDULE);
	add(4, 1, 540, DECISION_SEND, BY_SCHEDULE);
	for (int person = 5; person < 9; person++)
		add(person, 0, 540, DECISION_SEND, BY_SCHEDULE);
	day = count(NULL);
	expect_groups(day, "09:00 a by schedule 5 p00,p05,p06\n"
			   "09:00 b by schedule 1 p04\n"
			   "09:00 a by hours 1 p01\n"
			   "09:00 a by quiet 1 p02\n"
			   "09:01 a by schedule 1 p03\n");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(day, "reminders"), "a")), 8);
	assert_null(json_object_get(json_object_get(day, "reminders"), "d"));
	json_decref(day);
}

static void a_subject_is_told_when_it_is_the_same_for_all(void **state)
{
	json_t *day;

	add(0, 0, 540, DECISION_SEND, BY_SCHEDULE);
	add(1, 0, 540, DECISION_SEND, BY_SCHEDULE);
	add(0, 1, 540, DECISION_SEND, BY_SCHEDULE);
	add(0, 1, 540, DECISION_SEND, BY_SCHEDULE);
	rows[0].about = rows[1].about = rows[2].about = 4;
	rows[3].about = 5;
	day = count(NULL);
	expect_groups(
		day, "09:00 a by schedule 2 p00,p01 about p04\n09:00 b by schedule 2 p00,p00\n");
	json_decref(day);
}

static void sixty_groups_are_shown_and_the_rest_is_counted(void **state)
{
	json_t *day;

	for (int minute = 0; minute < 100; minute++)
		add(0, 0, minute, DECISION_SEND, BY_SCHEDULE);
	day = count(NULL);
	expect(day, "100 1 100 0 0 0 1 40");
	assert_int_equal(json_array_size(json_object_get(day, "groups")), 60);
	json_decref(day);
}

static void a_day_is_off_when_it_is_for_everybody_concerned(void **state)
{
	struct pair pairs[2] = {{0, 0}};
	struct workdays *workdays = workdays_new(0x1f);
	json_t *day;

	workdays_add_off(workdays, DATE);
	place.workdays = workdays;
	day = count(NULL);
	assert_true(json_is_false(json_object_get(day, "off"))); /* nobody is concerned */
	json_decref(day);
	reminders[0].pairs = pairs;
	reminders[0].n_pairs = 1;
	day = count(NULL);
	assert_true(json_is_true(json_object_get(day, "off")));
	json_decref(day);
	people[1].place = &elsewhere;
	pairs[1].recipient = 1;
	reminders[0].n_pairs = 2;
	day = count(NULL);
	assert_true(json_is_false(json_object_get(day, "off"))); /* elsewhere they work */
	json_decref(day);
	elsewhere.workdays = workdays;
	day = count(NULL);
	assert_true(json_is_true(json_object_get(day, "off")));
	json_decref(day);
	place.workdays = NULL;
	day = count(NULL);
	assert_true(json_is_false(json_object_get(day, "off")));
	json_decref(day);
	reminders[0].n_pairs = 0;
	people[1].place = &place;
	workdays_free(workdays);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(a_merged_message_is_one_and_a_skipped_one_is_none),
		TEST(only_more_than_the_limit_is_told),
		TEST(the_worst_ten_are_told_and_all_are_counted),
		TEST(of_one_reminder_the_others_count_for_the_limit_alone),
		TEST(what_differs_in_time_reminder_decision_or_rule_stands_apart),
		TEST(a_subject_is_told_when_it_is_the_same_for_all),
		TEST(sixty_groups_are_shown_and_the_rest_is_counted),
		TEST(a_day_is_off_when_it_is_for_everybody_concerned),
	};

	return cmocka_run_group_tests(tests, open_model, close_model);
}
