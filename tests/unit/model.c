/* What can be asked of a model: by id, who is what to whom, foci and absences at their edges, pairs
 * of one recipient. */
#include "model/index.h"
#include "model/model.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct thing {
	char *id;
	int number;
};

static void an_index_finds_what_was_put_and_nothing_else(void **state)
{
	struct index index = {0};
	struct thing *things = mem_new_array(5000, sizeof(*things));
	struct thing twin = {"t42", 0};

	assert_null(index_find(&index, "t1"));
	for (int i = 0; i < 5000; i++) {
		things[i] = (struct thing){str_printf("t%d", i), i};
		assert_null(index_put(&index, &things[i]));
	}
	assert_ptr_equal(index_put(&index, &twin), &things[42]);
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(index_find(&index, things[i].id), &things[i]);
	assert_null(index_find(&index, "t5000"));
	assert_null(index_find(&index, ""));
	assert_null(index_find(&index, NULL));
	assert_int_equal(index.count, 5000);
	index_free(&index);
	for (int i = 0; i < 5000; i++)
		free(things[i].id);
	free(things);
}

static struct person *add_person(struct model *model, const char *id)
{
	struct person *person = mem_new(sizeof(*person));

	person->id = str_new(id);
	person->name = str_new(id);
	person->index = model->n_people;
	model->people = mem_resize(model->people, model->n_people + 1, sizeof(person));
	model->people[model->n_people++] = person;
	return person;
}

static void a_model_goes_with_its_last_reference(void **state)
{
	struct model *model = model_new();

	add_person(model, "ana");
	add_person(model, "bo");
	assert_null(model_person(model, "ana"));
	model_build_index(model);
	assert_ptr_equal(model_person(model, "bo"), model->people[1]);
	add_person(model, "cy");
	model_build_index(model);
	assert_ptr_equal(model_person(model, "cy"), model->people[2]);
	assert_null(model_person(model, "di"));
	assert_null(model_channel(model, "ana"));
	assert_ptr_equal(model_ref(model), model);
	model_unref(model);
	assert_string_equal(model_person(model, "ana")->name, "ana");
	model_unref(model);
	model_unref(NULL);
}

static void relations_are_seen_from_the_person(void **state)
{
	struct person sam = {.id = "sam"}, li = {.id = "li"}, bo = {.id = "bo"};
	struct person ana = {.id = "ana", .manager = &sam, .mentor = &li, .partner = &bo};

	assert_ptr_equal(person_related(&ana, RELATION_SELF), &ana);
	assert_ptr_equal(person_related(&ana, RELATION_MANAGER), &sam);
	assert_ptr_equal(person_related(&ana, RELATION_MENTOR), &li);
	assert_ptr_equal(person_related(&ana, RELATION_PARTNER), &bo);
	assert_null(person_related(&ana, RELATION_NONE));
	assert_null(person_related(&sam, RELATION_MANAGER));
}

static void a_focus_and_an_absence_hold_on_their_first_and_last_day(void **state)
{
	struct focus foci[] = {
		{.skill = "first", .has_from = true, .has_until = true, .from = 10, .until = 20},
		{.skill = "second", .has_from = true, .from = 20},
	};
	struct away away[] = {{5, 5}, {30, 40}};
	struct person ana = {.foci = foci, .n_foci = 2, .away = away, .n_away = 2};

	assert_null(person_focus(&ana, 9));
	assert_ptr_equal(person_focus(&ana, 10), &foci[0]);
	assert_ptr_equal(person_focus(&ana, 20), &foci[0]);
	assert_ptr_equal(person_focus(&ana, 21), &foci[1]);
	assert_false(person_is_away(&ana, 4));
	assert_true(person_is_away(&ana, 5));
	assert_false(person_is_away(&ana, 6));
	assert_true(person_is_away(&ana, 30));
	assert_true(person_is_away(&ana, 40));
	assert_false(person_is_away(&ana, 41));
}

static void an_address_belongs_to_its_channel(void **state)
{
	struct channel mail = {.id = "mail"}, hook = {.id = "hook"};
	struct address addresses[] = {{&mail, "ana@x.example"}};
	struct person ana = {.addresses = addresses, .n_addresses = 1};

	assert_string_equal(person_address(&ana, &mail), "ana@x.example");
	assert_null(person_address(&ana, &hook));
}

static void the_pairs_of_a_recipient_stand_together(void **state)
{
	struct pair pairs[] = {{1, 0}, {1, 7}, {4, 4}, {9, 0}, {9, 1}, {9, 2}};
	struct reminder reminder = {.pairs = pairs, .n_pairs = ARRAY_LEN(pairs)};
	static const struct {
		uint32_t recipient;
		size_t first, count;
	} rows[] = {{0, 0, 0}, {1, 0, 2}, {2, 0, 0}, {4, 2, 1}, {9, 3, 3}, {10, 0, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct person person = {.index = rows[i].recipient};
		size_t count = 99;
		const struct pair *found = reminder_pairs_of(&reminder, &person, &count);

		assert_int_equal(count, rows[i].count);
		assert_ptr_equal(found, count ? pairs + rows[i].first : NULL);
	}
}

/* Against a walk through the whole list: every list of up to six pairs of few recipients, those that
 * begin like one to everybody among them. */
static void pairs_are_found_in_every_small_list(void **state)
{
	enum { PAIRS = 6, RECIPIENTS = 5 };

	for (uint32_t code = 0; code < 15625; code++) {
		struct pair pairs[PAIRS];
		struct reminder reminder = {.pairs = pairs};
		uint32_t rest = code, last = 0;

		for (; reminder.n_pairs < PAIRS; rest /= RECIPIENTS) {
			last += rest % RECIPIENTS;
			pairs[reminder.n_pairs] = (struct pair){last, (uint32_t)reminder.n_pairs};
			reminder.n_pairs++;
		}
		for (uint32_t index = 0; index < last + 2; index++) {
			struct person person = {.index = index};
			size_t count, first = 0, wanted = 0;
			const struct pair *found = reminder_pairs_of(&reminder, &person, &count);

			while (first < PAIRS && pairs[first].recipient != index)
				first++;
			for (size_t i = first; i < PAIRS; i++)
				wanted += pairs[i].recipient == index;
			assert_int_equal(count, wanted);
			assert_ptr_equal(found, wanted ? pairs + first : NULL);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_finds_what_was_put_and_nothing_else),
		cmocka_unit_test(a_model_goes_with_its_last_reference),
		cmocka_unit_test(relations_are_seen_from_the_person),
		cmocka_unit_test(a_focus_and_an_absence_hold_on_their_first_and_last_day),
		cmocka_unit_test(an_address_belongs_to_its_channel),
		cmocka_unit_test(the_pairs_of_a_recipient_stand_together),
		cmocka_unit_test(pairs_are_found_in_every_small_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
