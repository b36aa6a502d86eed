/* From a decision to words: fills templates and prompts once, when the occurrence is recorded (and
 * in previews: the same function). Pure but for the link, which the caller gives. */
#pragma once

#include "engine/resolver.h"

/* What the decision does not know; each may be NULL. */
struct compose_links {
	const char *answer_url;
	/* The person's own page (owned), asked for where the words lead to it. */
	char *(*practice_url)(void *owner, const struct person *person);
	void *owner;
	/* What a digest sums up; NULL: it is not read yet, and the text says so. */
	const char *digest;
};

/* Title and text, owned by the caller, never NULL. links may be NULL. */
void compose_message(const struct planned *planned, const struct compose_links *links,
	char **ret_title, char **ret_text);
/* The same with the person's own focus, where the file gives none for the date: in what is theirs alone,
 * by ways that are theirs alone. True: something of it is in the words, which nobody else is shown. */
bool compose_personal(const struct planned *planned, const struct view *view,
	const struct compose_links *links, char **ret_title, char **ret_text);
/* The same, and in place of such words, that they are personal: for whoever else asks. */
void compose_masked(
	const struct planned *planned, const struct view *view, char **ret_title, char **ret_text);
/* What stands in their place. */
#define COMPOSE_MASK "(personal)"
/* Whether one of the ways of a person's message ends where others read, too. */
bool compose_reaches_others(const struct planned *planned);
/* The prompt that the message takes its words from, and the language they are in; NULL: it is not
 * from a pack. */
const struct prompt *compose_prompt(
	const struct planned *planned, const struct language **ret_language);
