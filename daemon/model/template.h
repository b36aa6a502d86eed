/* Message templates: a subset of mustache, compiled once. `{{name}}`, `{{#section}}...{{/section}}`
 * (when it is there), `{{^section}}...{{/section}}` (when it is not). No partials, no lambdas, no
 * HTML: the result is plain text, and the plugin alone escapes it.
 *
 * A name that cannot exist is an error at load, with its column. A name that may be absent renders
 * as nothing. */
#pragma once

#include "base/buf.h"

enum template_name {
	NAME_PERSON_ID,
	NAME_PERSON_NAME,
	NAME_ABOUT, /* section: there is a subject other than the person */
	NAME_ABOUT_ID,
	NAME_ABOUT_NAME,
	NAME_FOCUS, /* section: the subject has a focus */
	NAME_FOCUS_SKILL,
	NAME_FOCUS_WHY,
	NAME_FOCUS_GOAL,
	NAME_FOCUS_CUE,
	NAME_FOCUS_ACT,
	NAME_FOCUS_MEASURE,
	NAME_ROLE, /* section: the subject has a role */
	NAME_ROLE_NAME,
	NAME_ROLE_OBJECTIVE, /* section and value: one of them, each in its turn */
	NAME_REMINDER_ID,
	NAME_REMINDER_KIND,
	NAME_DUE_DATE, /* 2026-11-23, local */
	NAME_DUE_TIME, /* 09:00, local */
	NAME_ANSWER_URL,
	NAME_PRACTICE_URL, /* the recipient's own page */
	NAME_VISION,       /* section and value */
	NAME_DIGEST,       /* section and value: what a digest sums up */
	NAME_PROMPT,       /* section and value: the whole prompt, as text */
	NAME_PROMPT_TITLE,
	NAME_PROMPT_CUE,
	NAME_PROMPT_ACT,
	NAME_PROMPT_QUESTION,
	TEMPLATE_NAMES,
};
extern const char *const template_names[TEMPLATE_NAMES + 1]; /* "person.id" ..., NULL */

struct template;

struct template_error {
	int line, column; /* 1-based */
	char message[160];
};

enum { TEMPLATE_MAX = 65536, RENDERED_MAX = 65536 };

/* 0, or -EINVAL with the error. */
int template_compile(
	const char *text, struct template **ret, struct template_error *ret_error) must_check;
void template_free(struct template *template); /* NULL is fine */
const char *template_source(const struct template *template);
/* Whether it uses a name or a name below it ("focus" covers "focus.skill"). */
bool template_uses(const struct template *template, enum template_name name);
/* Whether it shows a name below this one ("about.name" below "about") outside of a section that asks
 * for it, so that a gap is left where it is absent. */
bool template_needs(const struct template *template, enum template_name name);
/* Whether it has words of their own for when this name is absent, and shows no gap then. */
bool template_minds(const struct template *template, enum template_name name);
/* values[NAME] is lent; NULL: absent. A section is there when its value is non-NULL and not "". */
void template_render(
	const struct template *template, const char *const values[TEMPLATE_NAMES], struct buf *out);
