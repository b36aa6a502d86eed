/* Preferences and personal foci as texts. Pure, owns nothing. A focus is JSON from a person's own form or
 * from a store of unknown origin: bounded, strict, and never taken in part. */
#include "model/kept.h"

#include "base/str.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 300 };

static const struct {
	const char *name;
	const char *words[6]; /* the values that it may have, NULL; none: a number */
} names[] = {
	{"celebrate", {"me", "partner", "team", "off"}},
	{KEPT_PLATEAU, {"yes", "no"}},
	{"pair", {"yes", "no"}},
	{"partner", {"yes", "no"}},
	{"share", {"me", "partner", "mentor", "manager", "team"}},
	{"link", {NULL}},
	{KEPT_PRACTISED, {NULL}},
};

static char *list_words(const char *const *words)
{
	char list[80] = "";
	char *end = list;

	for (size_t i = 0; words[i]; i++)
		end += snprintf(end, sizeof(list) - (size_t)(end - list), "%s%s",
			!i             ? ""
			: words[i + 1] ? ", "
				       : " or ",
			words[i]);
	return str_new(list);
}

static char *why_not_number(const char *name, const char *value)
{
	int64_t number;

	if (str_to_int64(value, &number) == 0 && number >= 0 && number <= INT32_MAX)
		return NULL;
	return str_printf("\"%s\" is a number from 0 to 2147483647", name);
}

static char *why_not_word(size_t at, const char *value)
{
	auto_free char *words = NULL;

	if (!names[at].words[0])
		return why_not_number(names[at].name, value);
	for (size_t i = 0; names[at].words[i]; i++)
		if (str_eq(value, names[at].words[i]))
			return NULL;
	words = list_words(names[at].words);
	return str_printf("\"%s\" is %s", names[at].name, words);
}

void kept_focus_name(int number, char name[static KEPT_NAME])
{
	snprintf(name, KEPT_NAME, "focus.%d", number);
}

int kept_focus_number(const char *name)
{
	char known[KEPT_NAME];

	for (int i = 1; i <= KEPT_FOCI; i++) {
		kept_focus_name(i, known);
		if (str_eq(name, known))
			return i;
	}
	return 0;
}

const char *kept_note_of(const char *name)
{
	const char *id = str_starts(name, "turn.") || str_starts(name, "pair.") ? name + 5 : NULL;

	return id && str_is_id(id) ? id : NULL;
}

char *kept_why_not(const char *name, const char *value)
{
	struct focus focus;
	char *why;

	if (strlen(value) > KEPT_VALUE_MAX)
		return str_printf("it is too long: %d bytes at most", KEPT_VALUE_MAX);
	if (kept_note_of(name))
		return str_is_printable(value, strlen(value), false)
			       ? NULL
			       : str_new("a note is one line");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(name, names[i].name))
			return why_not_word(i, value);
	if (!kept_focus_number(name))
		return str_new(
			"what can be kept is celebrate, plateau, pair, partner, share, link, "
			"practised and focus.1 to focus.5");
	if (focus_parse(value, &focus, &why) < 0)
		return why;
	focus_clear(&focus);
	return NULL;
}

/* ---- a focus ---- */

static const struct member {
	const char *name;
	size_t at; /* of a char * in the focus */
} members[] = {
	{"skill", offsetof(struct focus, skill)},
	{"why", offsetof(struct focus, why)},
	{"goal", offsetof(struct focus, goal)},
	{"cue", offsetof(struct focus, cue)},
	{"act", offsetof(struct focus, act)},
	{"measure", offsetof(struct focus, measure)},
};

/* NULL, or what is wrong with it. */
static const char *why_not_line(const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value))
		return "is not a text";
	if (strlen(text) > LINE_MAX_BYTES)
		return "is too long: 300 bytes at most";
	return str_is_printable(text, strlen(text), false) ? NULL : "must be one line";
}

/* An empty line is the same as none: a form sends all its fields. */
static const char *take_line(const json_t *value, const struct member *member, struct focus *focus)
{
	const char *why = why_not_line(value);

	if (!why && json_string_length(value))
		*(char **)((char *)focus + member->at) = str_new(json_string_value(value));
	return why;
}

static const char *take_date(const json_t *value, bool *ret_has, int32_t *ret)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value))
		return "is not a date: write 2026-12-24";
	if (!*text)
		return NULL;
	*ret_has = date_parse(text, ret) == 0;
	return *ret_has ? NULL : "is not a date: write 2026-12-24";
}

static const char *take_member(const char *name, const json_t *value, struct focus *focus)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (str_eq(name, members[i].name))
			return take_line(value, &members[i], focus);
	return str_eq(name, "from") ? take_date(value, &focus->has_from, &focus->from)
				    : take_date(value, &focus->has_until, &focus->until);
}

static bool is_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (str_eq(name, members[i].name))
			return true;
	return str_eq(name, "from") || str_eq(name, "until");
}

/* The sentence, or NULL when the focus is whole. */
static char *take_members(const json_t *object, struct focus *focus)
{
	const char *name, *why;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		if (!is_member(name))
			return str_new("a focus has skill, why, goal, cue, act, measure, from and "
				       "until, and nothing else");
		why = take_member(name, value, focus);
		if (why)
			return str_printf("\"%s\" %s", name, why);
	}
	if (!focus->skill)
		return str_new("a focus needs a \"skill\"");
	if (focus->has_from && focus->has_until && focus->from > focus->until)
		return str_new("this focus ends before it begins");
	return NULL;
}

int focus_parse(const char *json, struct focus *ret, char **ret_why)
{
	struct focus focus = {.skill = NULL};
	size_t len = strlen(json);
	json_t *object =
		len > KEPT_VALUE_MAX ? NULL : json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	char *why = json_is_object(object) ? take_members(object, &focus)
					   : str_new("a focus is a JSON object");

	json_decref(object);
	if (why) {
		focus_clear(&focus);
		*ret_why = why;
		return -EINVAL;
	}
	*ret = focus;
	return 0;
}
