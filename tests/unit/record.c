/* Records: names, copies that share nothing, and an identity that must never change. */
#include "base/clock.h"
#include "base/str.h"
#include "model/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void every_state_has_a_name(void **state)
{
	const struct {
		const char *const *names;
		int count;
	} tables[] = {
		{occurrence_state_names, OCCURRENCE_STATES},
		{answer_names, ANSWERS},
		{decision_names, DECISIONS},
		{delivery_state_names, DELIVERY_STATES},
		{purpose_names, PURPOSES},
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		for (int j = 0; j < tables[i].count; j++)
			assert_non_null(tables[i].names[j]);
		assert_null(tables[i].names[tables[i].count]);
	}
}

static void answers_are_found_by_name(void **state)
{
	for (int i = 0; i < ANSWERS; i++)
		assert_int_equal(answer_from_name(answer_names[i]), i);
	assert_int_equal(answer_from_name("Done"), ANSWER_NONE);
	assert_int_equal(answer_from_name(""), ANSWER_NONE);
	assert_int_equal(answer_from_name(NULL), ANSWER_NONE);
}

static void open_means_that_something_is_still_to_do(void **state)
{
	for (int i = 0; i < DELIVERY_STATES; i++)
		assert_int_equal(delivery_is_open(i), i == DELIVERY_HELD || i == DELIVERY_WAITING);
}

static char *hash_of(
	const char *reminder, const char *recipient, const char *about, int64_t local, int pass)
{
	const struct occurrence_key key = {
		(char *)reminder, (char *)recipient, (char *)about, local, pass};
	uint8_t hash[OCCURRENCE_HASH];
	char *text = mem_new(2 * OCCURRENCE_HASH + 1);

	occurrence_key_hash(&key, hash);
	str_hex(hash, sizeof(hash), text);
	return text;
}

static void identities_are_the_same_for_ever(void **state)
{
	/* Stores out there hold these bytes. */
	auto_free char *first = hash_of("scales", "ana", NULL, 1790000000, 0);
	auto_free char *second = hash_of("retro", "room:chat", "ben", -1, 1);

	assert_string_equal(first, "50edd5cd982f281369b9b350fa");
	assert_string_equal(second, "0000f047a2d2d2d0767ab57af6");
}

static void identities_differ_in_every_part(void **state)
{
	char *hashes[] = {
		hash_of("ab", "c", NULL, 5, 0),
		hash_of("a", "bc", NULL, 5, 0),
		hash_of("ab", "c", "", 5, 0),
		hash_of("ab", "", "c", 5, 0),
		hash_of("ab", "c", NULL, 6, 0),
		hash_of("ab", "c", NULL, 5, 1),
		hash_of("ab", "c", NULL, 5, 2),
		hash_of("ab", "c", NULL, 5, 258),
		hash_of("ab", "c", NULL, 5, 2000),
	};

	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(hashes[i], hashes[j]);
	}
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
		free(hashes[i]);
}

static void a_later_day_stands_after_an_earlier_one(void **state)
{
	auto_free char *early = hash_of("z", "z", "z", INT64_C(256) * 86400 - 1, 1);
	auto_free char *late = hash_of("a", "a", NULL, INT64_C(256) * 86400, 0);

	assert_true(strcmp(early, late) < 0);
	assert_true(str_starts(early, "00ff"));
	assert_true(str_starts(late, "0100"));
}

static void what_one_gets_on_a_day_stands_together(void **state)
{
	static const struct {
		int64_t local;
		const char *day;
	} rows[] = {{0, "0000"}, {-1, "0000"}, {86399, "0000"}, {86400, "0001"},
		{INT64_C(65535) * 86400, "ffff"}, {INT64_C(65536) * 86400, "ffff"},
		{INT64_MAX, "ffff"}, {INT64_MIN, "0000"}};
	uint8_t start[OCCURRENCE_DAY];
	char text[2 * OCCURRENCE_DAY + 1];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *key = hash_of("r", "ana", NULL, rows[i].local, 0);

		occurrence_key_day(occurrence_day(rows[i].local), "ana", start);
		str_hex(start, sizeof(start), text);
		assert_true(str_starts(key, text));
		assert_true(str_starts(text, rows[i].day));
	}
	assert_int_equal(record_place("ana") >> 8, start[2] << 16 | start[3] << 8 | start[4]);
}

static void days_are_whole_before_1970_too(void **state)
{
	assert_int_equal(occurrence_day(-1), -1);
	assert_int_equal(occurrence_day(-86400), -1);
	assert_int_equal(occurrence_day(-86401), -2);
	assert_int_equal(occurrence_day(86399), 0);
}

static void copies_share_nothing(void **state)
{
	struct occurrence occurrence = {
		.key = {(char *)"r", (char *)"ana", (char *)"ben", 5, 1},
		.kind = (char *)"k",
		.rule = (char *)"ru",
		.about_name = (char *)"Ben",
		.title = (char *)"t",
		.text = (char *)"x",
		.answer_text = (char *)"a",
		.nudges = 3,
	};
	struct delivery *first = mem_new(sizeof(*first)), *second;

	first->channel = str_new("chat");
	first->recipient = str_new("ana");
	first->reason = str_new("why");
	first->receipt = str_new("id");
	first->fallback = str_new("mail");
	first->attempts = 7;
	delivery_add_item(first, &occurrence);
	delivery_add_item(first, &occurrence);
	second = delivery_copy(first);
	delivery_free(first);
	assert_int_equal(second->count, 2);
	assert_int_equal(second->attempts, 7);
	assert_string_equal(second->channel, "chat");
	assert_string_equal(second->fallback, "mail");
	assert_string_equal(second->items[1]->key.about, "ben");
	assert_string_equal(second->items[1]->answer_text, "a");
	assert_int_equal(second->items[1]->nudges, 3);
	assert_ptr_not_equal(second->items[0]->text, second->items[1]->text);
	delivery_free(second);
	delivery_free(NULL);
	occurrence_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_a_name),
		cmocka_unit_test(answers_are_found_by_name),
		cmocka_unit_test(open_means_that_something_is_still_to_do),
		cmocka_unit_test(identities_are_the_same_for_ever),
		cmocka_unit_test(identities_differ_in_every_part),
		cmocka_unit_test(a_later_day_stands_after_an_earlier_one),
		cmocka_unit_test(what_one_gets_on_a_day_stands_together),
		cmocka_unit_test(days_are_whole_before_1970_too),
		cmocka_unit_test(copies_share_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
