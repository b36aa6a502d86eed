/* Templates. Owns the compiled form: a copy of the source and a flat list of steps, in which a
 * section knows where it ends. Rendering is one walk without recursion or allocation of its own; a
 * value is copied as it is and never read as a template again. Never escapes: the plugin does. */
#include "model/template.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>

enum { SECTIONS_MAX = 16, NAME_SHOWN = 48 };

const char *const template_names[TEMPLATE_NAMES + 1] = {
	[NAME_PERSON_ID] = "person.id",
	[NAME_PERSON_NAME] = "person.name",
	[NAME_ABOUT] = "about",
	[NAME_ABOUT_ID] = "about.id",
	[NAME_ABOUT_NAME] = "about.name",
	[NAME_FOCUS] = "focus",
	[NAME_FOCUS_SKILL] = "focus.skill",
	[NAME_FOCUS_WHY] = "focus.why",
	[NAME_FOCUS_GOAL] = "focus.goal",
	[NAME_FOCUS_CUE] = "focus.cue",
	[NAME_FOCUS_ACT] = "focus.act",
	[NAME_FOCUS_MEASURE] = "focus.measure",
	[NAME_ROLE] = "role",
	[NAME_ROLE_NAME] = "role.name",
	[NAME_ROLE_OBJECTIVE] = "role.objective",
	[NAME_REMINDER_ID] = "reminder.id",
	[NAME_REMINDER_KIND] = "reminder.kind",
	[NAME_DUE_DATE] = "due.date",
	[NAME_DUE_TIME] = "due.time",
	[NAME_ANSWER_URL] = "answer_url",
	[NAME_PRACTICE_URL] = "practice_url",
	[NAME_VISION] = "vision",
	[NAME_DIGEST] = "digest",
	[NAME_PROMPT] = "prompt",
	[NAME_PROMPT_TITLE] = "prompt.title",
	[NAME_PROMPT_CUE] = "prompt.cue",
	[NAME_PROMPT_ACT] = "prompt.act",
	[NAME_PROMPT_QUESTION] = "prompt.question",
};

enum op { OP_TEXT, OP_VALUE, OP_IF, OP_UNLESS };

struct step {
	enum op op;
	enum template_name name;
	size_t from; /* text: where in the source */
	size_t len;  /* text: bytes; sections: the step after their end */
};

struct template
{
	char *source;
	struct step *steps;
	size_t count, capacity;
	uint32_t used; /* a bit for each name */
};
static_assert(TEMPLATE_NAMES <= 32, "one bit for each name");

struct open_section {
	size_t step; /* its OP_IF or OP_UNLESS */
	size_t at;   /* its tag in the source */
};

struct parser {
	struct template *template;
	const char *text;
	size_t len, pos;
	struct open_section open[SECTIONS_MAX];
	size_t depth;
	struct template_error *error;
};

struct tag {
	size_t at, end; /* from the first brace to behind the last one */
	char sigil;     /* '#', '^', '/' or 0 */
	enum template_name name;
};

/* Fills in the error with the line and column (in characters) of a place in the source. */
static int printf_like(3, 4) parser_fail(struct parser *parser, size_t at, const char *format, ...)
{
	struct template_error error = {.line = 1, .column = 1};
	va_list args;

	for (size_t i = 0; i < at; i++) {
		if (parser->text[i] == '\n') {
			error.line++;
			error.column = 1;
		} else if ((parser->text[i] & 0xC0) != 0x80) {
			error.column++;
		}
	}
	va_start(args, format);
	vsnprintf(error.message, sizeof(error.message), format, args);
	va_end(args);
	*parser->error = error;
	return -EINVAL;
}

static struct step *parser_add(struct parser *parser, enum op op, enum template_name name)
{
	struct template *template = parser->template;
	struct step *step;

	ARRAY_GROW(template->steps, template->count, template->capacity);
	step = &template->steps[template->count++];
	*step = (struct step){.op = op, .name = name};
	if (op != OP_TEXT)
		template->used |= UINT32_C(1) << name;
	return step;
}

static void parser_add_text(struct parser *parser, size_t from, size_t end)
{
	struct step *step;

	if (from >= end)
		return;
	step = parser_add(parser, OP_TEXT, 0);
	step->from = from;
	step->len = end - from;
}

/* The known name that was probably meant: one that ends in ".word", else the nearest one. */
static const char *name_meant(const char *word)
{
	for (size_t i = 0; i < TEMPLATE_NAMES; i++) {
		const char *dot = strchr(template_names[i], '.');

		if (dot && str_eq(dot + 1, word))
			return template_names[i];
	}
	return str_nearest(word, template_names);
}

static int parser_name(struct parser *parser, size_t from, size_t end, enum template_name *ret)
{
	auto_free char *word = str_new_n(parser->text + from, MIN_OF(end - from, NAME_SHOWN));
	const char *meant;

	if (from == end)
		return parser_fail(parser, from, "a name is missing between {{ and }}");
	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyz_.")])
		return parser_fail(parser, from,
			"a name is made of lower case letters, dots and _, as in {{person.name}}");
	for (size_t i = 0; i < TEMPLATE_NAMES; i++) {
		if (str_eq(template_names[i], word)) {
			*ret = i;
			return 0;
		}
	}
	meant = name_meant(word);
	if (!meant)
		return parser_fail(parser, from, "unknown name \"%s\"", word);
	return parser_fail(parser, from, "unknown name \"%s\": did you mean \"%s\"?", word, meant);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Reads the tag that begins at a place in the source. */
static int parser_tag(struct parser *parser, size_t at, struct tag *ret)
{
	const char *text = parser->text;
	struct tag tag = {.at = at};
	size_t from = at + 2, end, close;

	if (text[from] == '{')
		return parser_fail(
			parser, tag.at, "two braces are enough: nothing is escaped here");
	close = from + strcspn(text + from, "{}\n");
	if (text[close] != '}' || text[close + 1] != '}')
		return parser_fail(parser, tag.at, "this {{ is not closed: }} is missing");
	if (text[close + 2] == '}')
		return parser_fail(parser, close + 2, "one } too many: put a space before it");
	tag.end = close + 2;
	while (is_blank(text[from]))
		from++;
	if (text[from] && strchr("&>!=", text[from]))
		return parser_fail(parser, from,
			"{{%c is not known: there are {{name}}, {{#name}}, {{^name}} and {{/name}}",
			text[from]);
	if (text[from] && strchr("#^/", text[from]))
		tag.sigil = text[from++];
	while (is_blank(text[from]))
		from++;
	for (end = close; end > from && is_blank(text[end - 1]);)
		end--;
	if (parser_name(parser, from, end, &tag.name) < 0)
		return -EINVAL;
	*ret = tag;
	return 0;
}

/* A section's tag alone on its line takes the line with it, as in mustache. */
static void tag_take_line(const struct parser *parser, struct tag *tag, size_t *text_end)
{
	const char *text = parser->text;
	size_t at = tag->at, end = tag->end;

	while (at > parser->pos && is_blank(text[at - 1]))
		at--;
	if (at > 0 && text[at - 1] != '\n')
		return;
	while (is_blank(text[end]))
		end++;
	if (text[end] == '\r' && text[end + 1] == '\n')
		end++;
	if (text[end] && text[end] != '\n')
		return;
	*text_end = at;
	tag->end = text[end] ? end + 1 : end;
}

static int parser_open(struct parser *parser, const struct tag *tag)
{
	if (parser->depth == SECTIONS_MAX)
		return parser_fail(
			parser, tag->at, "more than %d sections inside each other", SECTIONS_MAX);
	parser->open[parser->depth++] =
		(struct open_section){.step = parser->template->count, .at = tag->at};
	parser_add(parser, tag->sigil == '#' ? OP_IF : OP_UNLESS, tag->name);
	return 0;
}

static int parser_close(struct parser *parser, const struct tag *tag)
{
	const char *name = template_names[tag->name];
	struct step *opened;

	if (!parser->depth)
		return parser_fail(
			parser, tag->at, "{{/%s}} closes a section that was not opened", name);
	opened = &parser->template->steps[parser->open[parser->depth - 1].step];
	if (opened->name != tag->name)
		return parser_fail(parser, tag->at, "{{/%s}} stands where {{/%s}} is expected",
			name, template_names[opened->name]);
	opened->len = parser->template->count;
	parser->depth--;
	return 0;
}

static int parser_value(struct parser *parser, const struct tag *tag)
{
	static const struct {
		enum template_name section;
		const char *part;
	} sections[] = {
		{NAME_ABOUT, "about.name"}, {NAME_FOCUS, "focus.skill"}, {NAME_ROLE, "role.name"}};
	const char *name = template_names[tag->name];

	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (tag->name == sections[i].section)
			return parser_fail(parser, tag->at,
				"\"%s\" is a section, {{#%s}}...{{/%s}}: its parts are texts, as "
				"{{%s}}",
				name, name, name, sections[i].part);
	parser_add(parser, OP_VALUE, tag->name);
	return 0;
}

/* The next {{ or }} from parser->pos on, or the end. */
static size_t parser_next_braces(const struct parser *parser)
{
	for (const char *p = parser->text + parser->pos;; p++) {
		p += strcspn(p, "{}");
		if (!*p || p[0] == p[1])
			return p - parser->text;
	}
}

/* The text up to the next tag, and the tag. */
static int parser_step(struct parser *parser)
{
	size_t braces = parser_next_braces(parser), text_end = braces;
	struct tag tag = {.end = parser->len};

	if (parser->text[braces] == '}')
		return parser_fail(parser, braces, "}} without a {{ before it");
	if (braces < parser->len && parser_tag(parser, braces, &tag) < 0)
		return -EINVAL;
	if (tag.sigil)
		tag_take_line(parser, &tag, &text_end);
	parser_add_text(parser, parser->pos, text_end);
	parser->pos = tag.end;
	if (braces == parser->len)
		return 0;
	if (tag.sigil == '/')
		return parser_close(parser, &tag);
	return tag.sigil ? parser_open(parser, &tag) : parser_value(parser, &tag);
}

static int parser_run(struct parser *parser)
{
	const struct open_section *open;
	const char *name;

	if (parser->len > TEMPLATE_MAX)
		return parser_fail(parser, 0, "longer than %d bytes", TEMPLATE_MAX);
	if (!str_is_utf8(parser->text, parser->len))
		return parser_fail(parser, 0, "not valid UTF-8");
	while (parser->pos < parser->len)
		if (parser_step(parser) < 0)
			return -EINVAL;
	if (!parser->depth)
		return 0;
	open = &parser->open[parser->depth - 1];
	name = template_names[parser->template->steps[open->step].name];
	return parser_fail(
		parser, open->at, "this section is not closed: {{/%s}} is missing", name);
}

int template_compile(const char *text, struct template **ret, struct template_error *ret_error)
{
	struct template_error error;
	struct parser parser = {.len = strlen(text), .error = &error};

	parser.template = mem_new(sizeof(*parser.template));
	parser.template->source = str_new(text);
	parser.text = parser.template->source;
	if (parser_run(&parser) < 0) {
		*ret_error = error;
		template_free(parser.template);
		return -EINVAL;
	}
	*ret = parser.template;
	return 0;
}

void template_free(struct template *template)
{
	if (!template)
		return;
	free(template->source);
	free(template->steps);
	free(template);
}

const char *template_source(const struct template *template)
{
	return template->source;
}

/* Whether a name is another one or below it. */
static bool name_is_of(enum template_name name, enum template_name parent)
{
	size_t len = strlen(template_names[parent]);

	return str_starts(template_names[name], template_names[parent]) &&
	       (!template_names[name][len] || template_names[name][len] == '.');
}

bool template_uses(const struct template *template, enum template_name name)
{
	for (size_t i = 0; i < TEMPLATE_NAMES; i++) {
		if ((template->used >> i & 1) && name_is_of(i, name))
			return true;
	}
	return false;
}

bool template_needs(const struct template *template, enum template_name name)
{
	for (size_t i = 0; i < template->count;) {
		const struct step *step = &template->steps[i++];

		if (step->op == OP_TEXT || !name_is_of(step->name, name))
			continue;
		if (step->op == OP_VALUE)
			return true;
		if (step->op == OP_IF)
			i = step->len;
	}
	return false;
}

bool template_minds(const struct template *template, enum template_name name)
{
	for (size_t i = 0; i < template->count; i++)
		if (template->steps[i].op == OP_UNLESS && template->steps[i].name == name)
			return !template_needs(template, name);
	return false;
}

void template_render(
	const struct template *template, const char *const values[TEMPLATE_NAMES], struct buf *out)
{
	for (size_t i = 0; i < template->count && !out->overflow;) {
		const struct step *step = &template->steps[i++];
		const char *value = values[step->name];

		if (step->op == OP_TEXT)
			buf_add(out, template->source + step->from, step->len);
		else if (step->op == OP_VALUE)
			buf_add_str(out, value ? value : "");
		else if (str_empty(value) == (step->op == OP_IF))
			i = step->len;
	}
}
