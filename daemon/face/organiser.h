/* The organiser's page: whether the programme runs, and what needs a hand. Shows no text of a message,
 * nobody's answer, and no address whole. */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"
#include "model/record.h"

enum { ORGANISER_HOURS = 24, ORGANISER_DEAD = 50 };

/* What happened in an hour of the local clock. */
struct organiser_hour {
	int hour; /* 0..23 */
	bool known;
	uint64_t recorded, delivered, answered;
};

struct organiser {
	const struct engine *engine;
	struct organiser_hour hours[ORGANISER_HOURS]; /* the last one is under way */
	struct delivery *const *dead;
	size_t n_dead;
	int store_error; /* why the dead letters are not known; 0 */
};
void organiser_write(struct buf *out, const struct organiser *organiser);
/* "a***@example.org"; the same for each address inside a sentence. Owned; NULL gives NULL. */
char *organiser_mask(const char *text);
