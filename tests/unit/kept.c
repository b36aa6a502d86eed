/* What may be kept for a person, what is known of it, and how a personal focus is read. */
#include "base/str.h"
#include "engine/known.h"
#include "model/kept.h"
#include "port/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_value_fits_its_name_or_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *name, *value, *why; /* NULL: it can be kept */
	} rows[] = {
		{"celebrate", "me", NULL},
		{"celebrate", "off", NULL},
		{"celebrate", "loud", "\"celebrate\" is me, partner, team or off"},
		{"plateau", "yes", NULL},
		{"plateau", "", "\"plateau\" is yes or no"},
		{"pair", "no", NULL},
		{"share", "manager", NULL},
		{"share", "all", "\"share\" is me, partner, mentor, manager or team"},
		{"link", "0", NULL},
		{"link", "2147483647", NULL},
		{"link", "2147483648", "\"link\" is a number"},
		{"link", "-1", "\"link\" is a number"},
		{"focus.1", "{\"skill\":\"fugues\"}", NULL},
		{"focus.5", "{\"skill\":\"fugues\"}", NULL},
		{"partner", "no", NULL},
		{"partner", "maybe", "\"partner\" is yes or no"},
		{"turn.lead", "3560608800:bo", NULL},
		{"pair.coffee", "3560608800:bo 3559399200:-", NULL},
		{"pair.coffee", "3560608800:bo\n", "a note is one line"},
		{"turn.", "1", "what can be kept is"},
		{"turn.Lead", "1", "what can be kept is"},
		{"focus.0", "{\"skill\":\"fugues\"}", "what can be kept is"},
		{"focus.6", "{\"skill\":\"fugues\"}", "what can be kept is"},
		{"focus.1", "{}", "a focus needs a \"skill\""},
		{"Share", "me", "what can be kept is"},
		{"", "", "what can be kept is"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *why = kept_why_not(rows[i].name, rows[i].value);

		if (!rows[i].why)
			assert_null(why);
		else
			assert_true(why && str_starts(why, rows[i].why));
	}
}

static void a_focus_is_read_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{"", "a focus is a JSON object"},
		{"[]", "a focus is a JSON object"},
		{"{\"skill\":\"a\"} x", "a focus is a JSON object"},
		{"{\"skill\":\"a\",\"skill\":\"b\"}", "a focus is a JSON object"},
		{"{\"skill\":\"\xFF\"}", "a focus is a JSON object"},
		{"{\"skill\":\"\"}", "a focus needs"},
		{"{\"skill\":1}", "\"skill\" is not a text"},
		{"{\"skill\":null}", "\"skill\" is not a text"},
		{"{\"skill\":\"a\\nb\"}", "\"skill\" must be one line"},
		{"{\"skill\":\"a\\u0007b\"}", "\"skill\" must be one line"},
		{"{\"skill\":\"a\",\"colour\":\"b\"}", "a focus has skill, why,"},
		{"{\"skill\":\"a\",\"from\":\"soon\"}", "\"from\" is not a date"},
		{"{\"skill\":\"a\",\"until\":20}", "\"until\" is not a date"},
		{"{\"skill\":\"a\",\"until\":\"2026-02-30\"}", "\"until\" is not a date"},
		{"{\"skill\":\"a\",\"from\":\"2026-02-02\",\"until\":\"2026-02-01\"}",
			"this focus ends before it begins"},
	};
	auto_free char *deep = mem_new(KEPT_VALUE_MAX + 2);
	struct focus focus = {.skill = (char *)"untouched"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *why = NULL;

		assert_int_equal(focus_parse(rows[i].json, &focus, &why), -EINVAL);
		assert_true(str_starts(why, rows[i].why));
		free(why);
	}
	for (int i = 0; i <= KEPT_VALUE_MAX; i++) {
		char *why = NULL;

		deep[i] = '[';
		assert_int_equal(focus_parse(deep, &focus, &why), -EINVAL);
		free(why);
	}
	assert_string_equal(focus.skill, "untouched");
}

static void a_focus_says_what_it_says(void **state)
{
	struct focus focus;
	char *why;

	assert_int_equal(
		focus_parse("{\"skill\":\"fugues \xC3\xA9\",\"why\":\"joy\",\"goal\":\"\","
			    "\"cue\":\"at tea\",\"act\":\"one voice\",\"measure\":\"no stops\","
			    "\"from\":\"2026-02-01\",\"until\":\"\"}",
			&focus, &why),
		0);
	assert_string_equal(focus.skill, "fugues \xC3\xA9");
	assert_string_equal(focus.why, "joy");
	assert_null(focus.goal);
	assert_string_equal(focus.cue, "at tea");
	assert_string_equal(focus.act, "one voice");
	assert_string_equal(focus.measure, "no stops");
	assert_true(focus.has_from && !focus.has_until);
	assert_int_equal(focus.from, date_from_ymd(2026, 2, 1));
	focus_clear(&focus);
}

static void what_is_kept_is_known_until_it_is_removed_or_forgotten(void **state)
{
	struct known *known = known_new();
	const char *name, *value;

	assert_null(known_kept(known, "ana", "share"));
	known_keep(known, "ana", "share", "team");
	known_keep(known, "ana", "pair", "no");
	known_keep(known, "ana", "celebrate", "off");
	known_keep(known, "ana", "share", "mentor");
	known_keep(known, "bo", "pair", "no");
	assert_string_equal(known_kept(known, "ana", "share"), "mentor");
	assert_true(known_kept_at(known, "ana", 1, &name, &value));
	assert_string_equal(name, "pair");
	assert_true(known_kept_at(known, "ana", 2, &name, &value));
	assert_string_equal(value, "mentor");
	assert_false(known_kept_at(known, "ana", 3, &name, &value));
	known_keep(known, "ana", "pair", NULL);
	known_keep(known, "ana", "link", NULL);
	assert_null(known_kept(known, "ana", "pair"));
	assert_string_equal(known_kept(known, "ana", "share"), "mentor");
	assert_string_equal(known_kept(known, "bo", "pair"), "no");
	/* A stranger's store may hold anything. */
	known_keep(known, "ana", "share", "everybody");
	known_keep(known, "ana", "colour", "red");
	assert_string_equal(known_kept(known, "ana", "share"), "mentor");
	assert_false(known_kept_at(known, "ana", 2, &name, &value));

	known_begin(known, "person:ana", 5);
	known_pause(known, "stop:ana:r", 1, TIME_NEVER, "x");
	known_pause(known, "person:bo", 1, TIME_NEVER, "x");
	known_forget(known, "ana");
	assert_false(known_kept_at(known, "ana", 0, &name, &value));
	assert_string_equal(known_kept(known, "bo", "pair"), "no");
	assert_false(known_resume(known, "stop:ana:r"));
	assert_true(known_resume(known, "person:bo"));
	known_free(known);
}

/* Of reminders that come and go. */
static void notes_leave_room_for_what_a_person_chooses(void **state)
{
	static struct reminder lead = {.id = "lead"};
	struct known *known = known_new();
	struct model *model = model_new();
	struct change *change = change_new();
	const char *name, *value;
	size_t count = 0;

	model->reminders = mem_new_array(1, sizeof(*model->reminders));
	model->reminders[0] = &lead;
	model->n_reminders = 1;
	model_build_index(model);
	known_keep(known, "ana", "pair", "no");
	known_note(known, model, change, "ana", "turn.lead", "1:ana");
	for (int i = 0; i < 200; i++) {
		auto_free char *gone = str_printf("turn.gone-%d", i);

		known_note(known, model, change, "ana", gone, "2:ana");
		assert_string_equal(known_kept(known, "ana", gone), "2:ana");
		assert_true(known_can_keep(known, "ana", "celebrate"));
	}
	known_note(known, model, change, "ana", "turn.lead", "3:ana");
	assert_string_equal(known_kept(known, "ana", "turn.lead"), "3:ana");
	assert_string_equal(known_kept(known, "ana", "pair"), "no");
	while (known_kept_at(known, "ana", count, &name, &value))
		count++;
	assert_true(count <= KEPT_NAMES_MAX - 16);
	assert_true(change_size(change) > 202); /* what made room was removed from the store, too */
	change_free(change);
	model->n_reminders = 0;
	model_unref(model);
	known_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_fits_its_name_or_is_refused_with_a_sentence),
		cmocka_unit_test(a_focus_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_focus_says_what_it_says),
		cmocka_unit_test(notes_leave_room_for_what_a_person_chooses),
		cmocka_unit_test(what_is_kept_is_known_until_it_is_removed_or_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
