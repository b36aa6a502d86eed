/* From a decision to words. */
#include "model_help.h"

#include "engine/compose.h"

#define PEOPLE                                                                                     \
	"{ id = \"ana\"; name = \"Ana Ruiz\"; via = [ \"hook\" ]; place = \"p\"; manager = "       \
	"\"sam\"; role = \"backend\"; "                                                            \
	"focus = ( { skill = \"code review\"; cue = \"after stand-up\"; act = \"review one "       \
	"change\"; "                                                                               \
	"from = \"2026-06-01\"; until = \"2026-06-30\"; } ); }, "                                  \
	"{ id = \"sam\"; name = \"Sam\"; via = [ \"hook\" ]; place = \"p\"; }, "                   \
	"{ id = \"bo\"; name = \"Bo\"; via = [ \"hook\" ]; place = \"p\"; manager = \"sam\"; "     \
	"role = "                                                                                  \
	"\"guest\"; }"
#define ROLES                                                                                      \
	"roles = ( { id = \"backend\"; name = \"Backend\"; objectives = [ \"calm deploys\", "      \
	"\"short incidents\", \"clear interfaces\" ]; }, { id = \"guest\"; name = \"Guest\"; } "   \
	"); "
#define PLACE "{ id = \"p\"; timezone = \"Europe/London\"; }"

static const struct {
	const char *reminder, *who, *title, *text;
} ROWS[] = {
	{"title = \"Practice: {{focus.skill}}\"; text = \"{{focus.cue}}: {{focus.act}}.\"; to = [ "
	 "\"ana\" ];",
		"ana", "Practice: code review", "after stand-up: review one change."},
	/* Somebody else's focus is nobody's business. */
	{"text = \"{{#focus}}{{focus.skill}}{{/focus}}{{^focus}}none{{/focus}}\"; to = [ \"sam\" "
	 "];",
		"sam", "", "none"},
	/* About somebody: their name, their focus. */
	{"text = \"{{person.name}}, about {{about.name}}: {{focus.skill}}\"; about = [ \"ana\" ]; "
	 "to = [ "
	 "\"manager\" ];",
		"sam", "", "Sam, about Ana Ruiz: code review"},
	/* The slot's local time. */
	{"text = \"{{due.date}} {{due.time}} {{reminder.id}} {{reminder.kind}}\"; to = [ \"ana\" "
	 "];",
		"ana", "", "2026-06-03 09:00 r note"},
	{"text = \"Answer: {{answer_url}}\"; to = [ \"ana\" ];", "ana", "", "Answer: https://a/1"},
	{"text = \"Yours: {{practice_url}}\"; to = [ \"ana\" ];", "ana", "",
		"Yours: https://me/ana"},
	/* The objectives of a role take turns. */
	{"text = \"{{#role}}As {{role.name}}: {{/role}}{{role.objective}}\"; to = [ \"ana\" ];",
		"ana", "", "As Backend: calm deploys"},
	{"text = \"{{#role}}{{role.name}}{{/role}}{{^role}}no role{{/role}}\"; to = [ \"sam\" ];",
		"sam", "", "no role"},
	{"text = \"{{role.name}}{{#role.objective}}: {{role.objective}}{{/role.objective}}\"; "
	 "about = [ "
	 "\"bo\" ]; to = [ \"manager\" ];",
		"sam", "", "Guest"},
	{"text = \"{{#vision}}For: {{vision}}{{/vision}}\"; to = [ \"ana\" ];", "ana", "",
		"For: calm days"},
	{"title = \"One line only\"; text = \"two\\nlines\\n\\n\"; to = [ \"ana\" ];", "ana",
		"One line only", "two\nlines"},
};

static char *practice_url(void *owner, const struct person *person)
{
	return str_printf("https://me/%s", person->id);
}

static const struct compose_links links = {"https://a/1", practice_url, NULL};

static bool keep(void *owner, const struct planned *planned)
{
	*(struct planned *)owner = *planned;
	return true;
}

static void words_come_from_the_person_the_subject_and_the_slot(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		auto_free char *reminder =
			str_printf("{ id = \"r\"; kind = \"note\"; calendar = \"09:00\"; %s }",
				ROWS[i].reminder);
		struct model *model =
			model_of("vision = \"calm days\"; " ROLES, PLACE, PEOPLE, reminder);
		struct preview_query query = {.person = model_person(model, ROWS[i].who)};
		struct planned planned = {0};
		auto_free char *title = NULL, *text = NULL;

		assert_int_equal(date_parse("2026-06-03", &query.from), 0);
		query.to = query.from;
		resolver_preview(model, NULL, &query, keep, &planned);
		assert_non_null(planned.reminder);
		compose_message(&planned, &links, &title, &text);
		assert_string_equal(title, ROWS[i].title);
		assert_string_equal(text, ROWS[i].text);
		model_unref(model);
	}
}

static void a_focus_ends_on_its_last_day(void **state)
{
	static const struct {
		const char *date, *text;
	} rows[] = {{"2026-05-31", "none"}, {"2026-06-01", "code review"},
		{"2026-06-30", "code review"}, {"2026-07-01", "none"}};
	struct model *model = model_of(ROLES, PLACE, PEOPLE,
		"{ id = \"r\"; kind = \"note\"; calendar = \"23:30\"; to = [ \"ana\" ]; text = "
		"\"{{#focus}}{{focus.skill}}{{/focus}}{{^focus}}none{{/focus}}\"; }");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct preview_query query = {.person = model_person(model, "ana")};
		struct planned planned = {0};
		auto_free char *title = NULL, *text = NULL;

		assert_int_equal(date_parse(rows[i].date, &query.from), 0);
		query.to = query.from;
		resolver_preview(model, NULL, &query, keep, &planned);
		compose_message(&planned, NULL, &title, &text);
		assert_string_equal(text, rows[i].text);
	}
	model_unref(model);
}

/* Plans the reminder for ana on a date; its words by what she keeps. */
static bool compose_on(const struct model *model, const struct view *view, const char *date,
	char **ret_title, char **ret_text)
{
	struct preview_query query = {.person = model_person(model, "ana")};
	struct planned planned = {0};

	assert_int_equal(date_parse(date, &query.from), 0);
	query.to = query.from;
	resolver_preview(model, NULL, &query, keep, &planned);
	assert_non_null(planned.reminder);
	return compose_personal(&planned, view, NULL, ret_title, ret_text);
}

static void objectives_take_turns_from_slot_to_slot(void **state)
{
	static const char *const dates[] = {"2026-06-01", "2026-06-02", "2026-06-03"};
	struct model *model = model_of(ROLES, PLACE, PEOPLE,
		"{ id = \"r\"; kind = \"note\"; calendar = \"09:00\"; to = [ \"ana\" ]; text = "
		"\"{{role.objective}}\"; }");
	char *texts[ARRAY_LEN(dates)];

	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		auto_free char *title = NULL;

		assert_false(compose_on(model, NULL, dates[i], &title, &texts[i]));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(texts[i], texts[j]);
	}
	for (size_t i = 0; i < ARRAY_LEN(dates); i++)
		free(texts[i]);
	model_unref(model);
}

static const struct focus *own_focus(void *owner, const struct person *person, int32_t date)
{
	static const struct focus focus = {.skill = (char *)"fugues", .act = (char *)"one voice"};

	return &focus;
}

static void a_personal_focus_is_in_what_is_for_its_owner_alone(void **state)
{
	static const struct {
		const char *reminder, *date, *title, *text;
		bool personal, shared;
	} rows[] = {
		{"to = [ \"ana\" ]; title = \"Now\"; text = \"{{focus.skill}}, {{focus.act}}\";",
			"2026-07-01", "Now", "fugues, one voice", true},
		{"to = [ \"ana\" ]; title = \"{{focus.skill}}\"; text = \"Go\";", "2026-07-01",
			"fugues", "Go", true},
		/* That there is one is told by a section, too. */
		{"to = [ \"ana\" ]; title = \"Now\"; text = \"{{#focus}}yours{{/focus}}\";",
			"2026-07-01", "Now", "yours", true},
		{"to = [ \"ana\" ]; title = \"Now\"; text = \"Go\";", "2026-07-01", "Now", "Go",
			false},
		/* The file's own comes first. */
		{"to = [ \"ana\" ]; title = \"Now\"; text = \"{{focus.skill}}\";", "2026-06-30",
			"Now", "code review", false},
		/* Where others read. */
		{"to = [ \"ana\" ]; via = [ \"hook\" ]; title = \"Now\"; text = "
		 "\"{{focus.skill}}\";",
			"2026-07-01", "Now", "", false, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static const struct view view = {.personal = own_focus};
		auto_free char *reminder =
			str_printf("{ id = \"r\"; kind = \"note\"; calendar = \"09:00\"; %s }",
				rows[i].reminder);
		struct model *model = model_of(ROLES, PLACE, PEOPLE, reminder);
		auto_free char *title = NULL, *text = NULL;

		model_channel(model, "hook")->shared = rows[i].shared;
		assert_int_equal(
			compose_on(model, &view, rows[i].date, &title, &text), rows[i].personal);
		assert_string_equal(title, rows[i].title);
		assert_string_equal(text, rows[i].text);
		model_unref(model);
	}
}

static void nobody_else_is_shown_it(void **state)
{
	static const struct view view = {.personal = own_focus};
	struct model *model = model_of(ROLES, PLACE, PEOPLE,
		"{ id = \"r\"; kind = \"note\"; calendar = \"09:00\"; to = [ \"manager\", \"self\" "
		"]; "
		"about = [ \"ana\" ]; text = \"{{focus.skill}}\"; }");
	struct preview_query query = {.person = model_person(model, "sam")};
	struct planned planned = {0};
	auto_free char *title = NULL, *text = NULL;

	assert_int_equal(date_parse("2026-07-01", &query.from), 0);
	query.to = query.from;
	resolver_preview(model, NULL, &query, keep, &planned);
	assert_string_equal(planned.person->id, "sam");
	assert_false(compose_personal(&planned, &view, NULL, &title, &text));
	assert_string_equal(text, "");
	free(title);
	free(text);
	query.person = model_person(model, "ana");
	resolver_preview(model, NULL, &query, keep, &planned);
	assert_true(compose_personal(&planned, &view, NULL, &title, &text));
	assert_string_equal(text, "fugues");
	free(title);
	free(text);
	compose_masked(&planned, &view, &title, &text);
	assert_string_equal(title, COMPOSE_MASK);
	assert_string_equal(text, COMPOSE_MASK);
	model_unref(model);
}

static void a_long_title_is_cut_between_characters(void **state)
{
	struct buf reminder = BUF_MAX(10000);
	struct model *model;
	struct preview_query query = {0};
	struct planned planned = {0};
	auto_free char *title = NULL, *text = NULL;

	buf_printf(&reminder, "{ id = \"r\"; kind = \"note\"; calendar = \"09:00\"; to = [ \"ana\" "
			      "]; title = \"x");
	for (int i = 0; i < 300; i++)
		buf_printf(&reminder, "é");
	buf_printf(&reminder, "\"; text = \"y\"; }");
	model = model_of(ROLES, PLACE, PEOPLE, buf_str(&reminder));
	assert_int_equal(date_parse("2026-06-03", &query.from), 0);
	query.to = query.from;
	resolver_preview(model, NULL, &query, keep, &planned);
	compose_message(&planned, NULL, &title, &text);
	assert_true(strlen(title) <= 400 && strlen(title) >= 396);
	assert_true(str_is_utf8(title, strlen(title)));
	buf_free(&reminder);
	model_unref(model);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_from_the_person_the_subject_and_the_slot),
		cmocka_unit_test(a_focus_ends_on_its_last_day),
		cmocka_unit_test(objectives_take_turns_from_slot_to_slot),
		cmocka_unit_test(a_personal_focus_is_in_what_is_for_its_owner_alone),
		cmocka_unit_test(nobody_else_is_shown_it),
		cmocka_unit_test(a_long_title_is_cut_between_characters),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	return failed;
}
