/* Rounds: whom a slot is for, where it is not for all of its recipients. A reminder with `turn` gives
 * each slot to the one who has waited the longest; one with `pair` makes pairs of whoever is there.
 * Each nominal time is one round, wherever its people are: it is decided when the first of their
 * places comes to it, and everybody gets it by their own clock.
 *
 * What was decided is kept by person ("turn.REMINDER", "pair.REMINDER"), in the change that records the
 * messages; what is to come is forecast from it, by the same rules, so that a preview shows it. */
#pragma once

#include "engine/resolver.h"

struct rounds;

/* view: lent, of what is known beside the configuration; its own `rounds` is not looked at. */
struct rounds *rounds_new(const struct view *view);
void rounds_free(struct rounds *rounds); /* NULL is fine */
/* Everything up to decided_at (ms) is decided; what comes later is forecast. Before the first call
 * nothing is. */
void rounds_begin(struct rounds *rounds, int64_t decided_at);
/* Something that is known has changed, or a model goes: forecasts are made anew. */
void rounds_forget(struct rounds *rounds);

/* Whose turn a slot is; NULL: nobody's that is known. */
const struct person *rounds_turn(
	struct rounds *rounds, const struct model *model, const struct place_slot *slot);

enum meeting_fit {
	MEETING_WITH,  /* other */
	MEETING_AGAIN, /* other, whom they met within the reminder's memory: nobody else was left */
	MEETING_ALONE, /* nobody is left for them */
	MEETING_NONE,  /* they have no part in this round, or it is not known any more */
};
struct meeting {
	enum meeting_fit fit;
	const struct person *other;
};
struct meeting rounds_meeting(struct rounds *rounds, const struct model *model,
	const struct place_slot *slot, const struct person *person);

/* Hands out what is to be kept of a slot, now that it is due at its place. Values are lent. */
void rounds_settle(struct rounds *rounds, const struct model *model, const struct place_slot *slot,
	void (*keep)(void *owner, const char *person, const char *name, const char *value),
	void *owner);
