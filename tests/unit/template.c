/* Templates: what is rendered, and what is said about each mistake. */
#include "model/template.h"

#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const VALUES[TEMPLATE_NAMES] = {
	[NAME_PERSON_NAME] = "Ana Ruiz",
	[NAME_ABOUT_NAME] = "",
	[NAME_FOCUS] = "yes",
	[NAME_FOCUS_SKILL] = "code review",
	[NAME_FOCUS_ACT] = "read {{person.name}} & <b>\"quote\"</b>",
	[NAME_PROMPT] = "Look again.",
};

static struct template *compiled(const char *text)
{
	struct template *template = NULL;
	struct template_error error;

	if (template_compile(text, &template, &error) < 0)
		fail_msg("%s: %d:%d: %s", text, error.line, error.column, error.message);
	return template;
}

static const struct {
	const char *text, *shown;
} RENDERED[] = {
	{"", ""},
	{"plain { one } brace", "plain { one } brace"},
	{"Hello {{person.name}}!", "Hello Ana Ruiz!"},
	{"{{ person.name\t}}", "Ana Ruiz"},
	{"[{{about.name}}][{{focus.why}}]", "[][]"},
	{"{{focus.act}}", "read {{person.name}} & <b>\"quote\"</b>"},
	{"{{#focus}}on {{focus.skill}}{{/focus}}{{^focus}}none{{/focus}}.", "on code review."},
	{"{{#about}}x{{/about}}{{^about}}y{{/about}}", "y"},
	{"{{#about.name}}x{{/about.name}}{{^about.name}}y{{/about.name}}", "y"},
	{"{{#prompt}}{{prompt}}{{/prompt}}", "Look again."},
	{"{{#focus}}a{{#about}}b{{/about}}c{{^about}}d{{/about}}e{{/focus}}f", "acdef"},
	{"{{^focus}}a{{#focus}}b{{/focus}}c{{/focus}}d", "d"},
	{"{{#focus}}{{/focus}}{{#about}}{{/about}}", ""},
	/* A section's tag alone on a line takes the line with it; a value's does not. */
	{"a\n{{#focus}}\nb\n{{/focus}}\nc\n", "a\nb\nc\n"},
	{"a\n  {{#about}}  \nb\n\t{{/about}}\nc", "a\nc"},
	{"{{#focus}}\r\nb\r\n{{/focus}}", "b\r\n"},
	{"a\n{{person.name}}\nb", "a\nAna Ruiz\nb"},
	{"a\n{{#focus}} b\n{{/focus}}", "a\n b\n"},
	{"{{#focus}}\n{{#focus}}\nx\n{{/focus}}\n{{/focus}}\n", "x\n"},
	{"{{focus.skill}}{{#focus}}\n{{/focus}}.", "code review\n."},
	{"é {{person.name}} 日本", "é Ana Ruiz 日本"},
};

static void a_template_is_rendered(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(RENDERED); i++) {
		struct template *template = compiled(RENDERED[i].text);
		struct buf out = BUF_MAX(RENDERED_MAX);

		template_render(template, VALUES, &out);
		assert_string_equal(buf_str(&out), RENDERED[i].shown);
		assert_string_equal(template_source(template), RENDERED[i].text);
		buf_free(&out);
		template_free(template);
	}
}

static const struct {
	const char *text;
	int line, column;
	const char *said;
} WRONG[] = {
	{"{{person.nam}}", 1, 3, "unknown name \"person.nam\": did you mean \"person.name\"?"},
	{"Hi,\n{{ skill }}", 2, 4, "unknown name \"skill\": did you mean \"focus.skill\"?"},
	{"{{weather}}", 1, 3, "unknown name \"weather\""},
	{"{{focus.weather}}", 1, 3, "unknown name"},
	{"{{}}", 1, 3, "a name is missing"},
	{"{{#}}x{{/}}", 1, 4, "a name is missing"},
	{"{{Person.Name}}", 1, 3, "lower case"},
	{"{{person name}}", 1, 3, "lower case"},
	{"{{\x1b[31m}}", 1, 3, "lower case"},
	{"é{{person.name", 1, 2, "}} is missing"},
	{"{{person.name}", 1, 1, "}} is missing"},
	{"{{person.name\n}}", 1, 1, "}} is missing"},
	{"{{person.{{name}}", 1, 1, "}} is missing"},
	{"{{", 1, 1, "}} is missing"},
	{"{{{person.name}}}", 1, 1, "two braces are enough"},
	{"{{person.name}}}", 1, 16, "one } too many"},
	{"日本 }} x", 1, 4, "}} without a {{"},
	{"{{>page}}", 1, 3, "is not known"},
	{"{{! why }}", 1, 3, "is not known"},
	{"{{=<% %>=}}", 1, 3, "is not known"},
	{"{{&person.name}}", 1, 3, "is not known"},
	{"a\nb {{#focus}} c", 2, 3, "{{/focus}} is missing"},
	{"{{#focus}}{{#about}}{{/about}}", 1, 1, "{{/focus}} is missing"},
	{"{{/focus}}", 1, 1, "was not opened"},
	{"{{#focus}}{{/about}}", 1, 11, "{{/about}} stands where {{/focus}} is expected"},
	{"\n\n{{focus}}", 3, 1, "\"focus\" is a section"},
	{"{{about}}", 1, 1, "\"about\" is a section"},
	{"\xff", 1, 1, "not valid UTF-8"},
};

static void a_mistake_is_named_with_its_place(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		struct template *untouched = (void *)&WRONG[i], *template = untouched;
		struct template_error error;

		assert_int_equal(template_compile(WRONG[i].text, &template, &error), -EINVAL);
		assert_ptr_equal(template, untouched);
		if (!strstr(error.message, WRONG[i].said) || error.line != WRONG[i].line ||
			error.column != WRONG[i].column)
			fail_msg("%s: %d:%d: %s", WRONG[i].text, error.line, error.column,
				error.message);
		assert_true(str_is_printable(error.message, strlen(error.message), false));
	}
}

static char *nested(int depth)
{
	struct buf text = BUF_MAX(TEMPLATE_MAX);

	for (int i = 0; i < depth; i++)
		buf_add_str(&text, i % 2 ? "{{^about}}" : "{{#focus}}");
	buf_add_str(&text, "deep");
	for (int i = depth; i-- > 0;)
		buf_add_str(&text, i % 2 ? "{{/about}}" : "{{/focus}}");
	return buf_take(&text);
}

static void sections_nest_sixteen_deep_and_no_deeper(void **state)
{
	auto_free char *most = nested(16);
	auto_free char *more = nested(17);
	struct template *template = compiled(most);
	struct template_error error;
	struct buf out = BUF_MAX(16);

	template_render(template, VALUES, &out);
	assert_string_equal(buf_str(&out), "deep");
	buf_free(&out);
	template_free(template);
	assert_int_equal(template_compile(more, &template, &error), -EINVAL);
	assert_non_null(strstr(error.message, "more than 16"));
}

static void a_template_has_a_ceiling(void **state)
{
	auto_free char *text = mem_new(TEMPLATE_MAX + 2);
	struct template *template;
	struct template_error error;

	memset(text, 'x', TEMPLATE_MAX + 1);
	assert_int_equal(template_compile(text, &template, &error), -EINVAL);
	assert_non_null(strstr(error.message, "longer than"));
	text[TEMPLATE_MAX] = 0;
	assert_int_equal(template_compile(text, &template, &error), 0);
	template_free(template);
}

static void rendering_stops_at_the_ceiling_of_its_buffer(void **state)
{
	struct template *template = compiled("{{person.name}}{{person.name}}");
	struct buf out = BUF_MAX(10);

	template_render(template, VALUES, &out);
	assert_true(out.overflow);
	assert_string_equal(buf_str(&out), "Ana Ruiz");
	buf_free(&out);
	template_free(template);
}

static void a_template_tells_what_it_uses(void **state)
{
	struct template *template = compiled("{{#about}}{{focus.skill}}{{/about}}{{answer_url}}");

	assert_true(template_uses(template, NAME_ABOUT));
	assert_true(template_uses(template, NAME_FOCUS));
	assert_true(template_uses(template, NAME_FOCUS_SKILL));
	assert_true(template_uses(template, NAME_ANSWER_URL));
	assert_false(template_uses(template, NAME_FOCUS_ACT));
	assert_false(template_uses(template, NAME_ABOUT_NAME));
	assert_false(template_uses(template, NAME_PROMPT));
	assert_false(template_uses(template, NAME_PERSON_NAME));
	template_free(template);
	template_free(NULL);
}

static void a_template_tells_what_it_cannot_do_without(void **state)
{
	static const struct {
		const char *text;
		bool needs_about;
	} rows[] = {
		{"Ask {{about.name}}.", true},
		{"Ask {{about.id}}.", true},
		{"Ask {{#about}}{{about.name}}{{/about}}{{^about}}somebody{{/about}}.", false},
		{"Ask {{#about}}{{about.name}}{{/about}}. {{about.name}}", true},
		{"Ask {{#about.name}}{{about.name}}{{/about.name}}.", false},
		{"Ask {{^about}}{{about.name}}{{/about}}.", true},
		{"Ask {{#focus}}{{about.name}}{{/focus}}.", true},
		{"Ask {{#about}}{{#focus}}{{about.name}}{{/focus}}{{/about}}.", false},
		{"Ask {{person.name}}{{focus.skill}}.", false},
		{"Ask.", false},
		{"", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct template *template = compiled(rows[i].text);

		assert_int_equal(template_needs(template, NAME_ABOUT), rows[i].needs_about);
		template_free(template);
	}
}

static void every_name_is_known_and_has_its_own_value(void **state)
{
	for (int i = 0; i < TEMPLATE_NAMES; i++) {
		const char *values[TEMPLATE_NAMES] = {[NAME_ABOUT] = NULL};
		char text[128];
		struct template *template;
		struct buf out = BUF_MAX(64);

		values[i] = "here";
		snprintf(text, sizeof(text), "{{#%s}}yes{{/%s}}", template_names[i],
			template_names[i]);
		template = compiled(text);
		template_render(template, values, &out);
		assert_string_equal(buf_str(&out), "yes");
		buf_free(&out);
		template_free(template);
	}
	assert_null(template_names[TEMPLATE_NAMES]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_is_rendered),
		cmocka_unit_test(a_mistake_is_named_with_its_place),
		cmocka_unit_test(sections_nest_sixteen_deep_and_no_deeper),
		cmocka_unit_test(a_template_has_a_ceiling),
		cmocka_unit_test(rendering_stops_at_the_ceiling_of_its_buffer),
		cmocka_unit_test(a_template_tells_what_it_uses),
		cmocka_unit_test(a_template_tells_what_it_cannot_do_without),
		cmocka_unit_test(every_name_is_known_and_has_its_own_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
