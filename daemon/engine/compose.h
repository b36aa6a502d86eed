/* From a decision to words: fills templates and prompts once, when the occurrence is recorded (and
 * in previews: the same function). Pure but for the link, which the caller gives. */
#pragma once

#include "engine/resolver.h"

/* Title and text, owned by the caller, never NULL. answer_url may be NULL. */
void compose_message(
	const struct planned *planned, const char *answer_url, char **ret_title, char **ret_text);
/* The prompt that the message takes its words from, and the language they are in; NULL: it is not
 * from a pack. */
const struct prompt *compose_prompt(
	const struct planned *planned, const struct language **ret_language);
