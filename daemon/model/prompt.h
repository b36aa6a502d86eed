/* Prompt packs: the questions and acts of one theme, and which of them a slot shows. The choice is a
 * function of identity and slot, so that a preview shows what will be sent. */
#pragma once

#include "model/template.h"

struct prompt {
	char *id;
	struct template *title;    /* NULL: none */
	struct template *cue;      /* when to do it */
	struct template *act;      /* the one thing to do */
	struct template *question; /* what to ask afterwards */
};

/* A pack is never empty. */
struct prompt_pack {
	char *id;
	uint32_t index;
	const char *file; /* lent by the model */
	int line;
	char *summary;
	struct prompt *prompts;
	size_t count;
};

void prompt_pack_free(struct prompt_pack *pack);
/* The prompt of the ordinal-th slot (0, 1, 2 ...) of a series for one person: goes through a seeded
 * order of the whole pack before any repeats, and shows at least half of the pack between two
 * showings of one, also at the seam between two rounds. `seed` is a hash of (reminder, person,
 * subject). */
const struct prompt *prompt_pick(const struct prompt_pack *pack, uint64_t seed, uint64_t ordinal);
/* The prompt as text: cue and act on a line, the question on its own. Uses `values` for names. An act
 * that begins with a small letter goes on from its cue after a comma, another one after a colon. */
void prompt_render(
	const struct prompt *prompt, const char *const values[TEMPLATE_NAMES], struct buf *out);
