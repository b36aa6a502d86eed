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

/* What people, places and packs speak: a tag of BCP 47 in lower case, as "de" or "pt-br". One object
 * for each tag of a model, which owns it. */
struct language {
	char *id;
	uint32_t index;
	bool has_packs;               /* some pack is written in it */
	const struct language *wider; /* "pt" of "pt-br"; NULL */
};

/* A pack in another language. */
struct translation {
	const struct language *language;
	const char *file; /* lent by the model */
	int line;
	struct prompt *prompts; /* in the order of the pack; id NULL: not translated */
};

enum { PACK_PROMPTS_MAX = 1000 };

/* A pack is never empty. */
struct prompt_pack {
	char *id;
	uint32_t index;
	const char *file; /* lent by the model */
	int line;
	const struct language *language; /* that of `prompts` */
	char *summary;
	struct prompt *prompts;
	size_t count;
	struct translation *translations;
	size_t n_translations;
};

void prompt_pack_free(struct prompt_pack *pack);
/* The prompt of the ordinal-th slot (0, 1, 2 ...) of a series for one person: goes through a seeded
 * order of the whole pack before any repeats, and shows at least half of the pack between two
 * showings of one, also at the seam between two rounds. `seed` is a hash of (reminder, person,
 * subject). The language has no say in it: the place in the pack is the same in all of them. */
size_t prompt_pick(const struct prompt_pack *pack, uint64_t seed, uint64_t ordinal);
/* The prompt at a place of the pack in a language (NULL: any), in a wider one that has it ("de" for
 * "de-at"), or as the pack has it; *ret_language is what it is in. */
const struct prompt *prompt_in(const struct prompt_pack *pack, size_t place,
	const struct language *language, const struct language **ret_language);
/* The prompt as text: cue and act on a line, the question on its own. Uses `values` for names. An act
 * that begins with a small (Latin) letter goes on from its cue after a comma, another one after a colon. */
void prompt_render(
	const struct prompt *prompt, const char *const values[TEMPLATE_NAMES], struct buf *out);
