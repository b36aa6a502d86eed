/* From a decision to words: fills templates and prompts once, when the occurrence is recorded (and
 * in previews: the same function). Pure but for the link, which the caller gives. */
#pragma once

#include "engine/resolver.h"

/* What a message may lead to; each may be NULL. */
struct compose_links {
	const char *answer_url;
	/* The person's own page (owned), asked for where the words lead to it. */
	char *(*practice_url)(void *owner, const struct person *person);
	void *owner;
};

/* Title and text, owned by the caller, never NULL. links may be NULL. */
void compose_message(const struct planned *planned, const struct compose_links *links,
	char **ret_title, char **ret_text);
/* The prompt that the message takes its words from, and the language they are in; NULL: it is not
 * from a pack. */
const struct prompt *compose_prompt(
	const struct planned *planned, const struct language **ret_language);
