/* What is known beside the configuration: when reminders and people were first accepted, what is
 * paused, and what is kept for each person. Filled from the store at start, kept in step with it, and shown to the resolver as its
 * view. */
#pragma once

#include "engine/engine.h"

struct known;
struct change;

struct known *known_new(void);
void known_free(struct known *known);
const struct view *known_view(const struct known *known);

/* "reminder:ID" or "person:ID"; an earlier value stays. */
void known_begin(struct known *known, const char *what, int64_t at);
/* When a person was first accepted; TIME_NEVER: never. */
int64_t known_person_begun(const struct known *known, const char *person);
/* Everything of the model that was never accepted before begins now: also written to the change. */
void known_accept(
	struct known *known, const struct model *model, int64_t now_at, struct change *change);
/* One of fade:PERSON:REMINDER is how far that reminder has faded, in its reason. */
void known_pause(struct known *known, const char *what, int64_t since_at, int64_t until_at,
	const char *reason);
/* Nothing began later than now: the clock was ahead then. Also written to the change. */
void known_begin_by(struct known *known, int64_t now_at, struct change *change);
bool known_resume(struct known *known, const char *what); /* false: it was not paused */
bool known_pauses(const struct known *known);             /* anything at all */
/* How far a reminder has faded for a person; false: nothing was kept of it, and *ret is as at the
 * beginning. */
bool known_fade(
	const struct known *known, const char *person, const char *reminder, struct fade *ret);
/* How many reminders of how many people leave something out at present. */
size_t known_thinned(const struct known *known, const struct model *model);
/* The name of the pause that keeps it; owned by the caller. */
char *known_fade_name(const char *person, const char *reminder);
bool known_find_pause(const struct known *known, const char *what, struct pause_status *ret);
/* The pause that follows the one called `after`, NULL: the first; false: there is none. */
bool known_next_pause(const struct known *known, const char *after, struct pause_status *ret);
/* What is kept for a person under a name (lent until it is kept anew), or NULL. */
const char *known_kept(const struct known *known, const char *person, const char *name);
/* The same by number from 0 on, in the order of names; false beyond the last one. */
bool known_kept_at(const struct known *known, const char *person, size_t index,
	const char **ret_name, const char **ret_value);
/* The first of the personal foci that covers the date; lent until it is kept anew. */
const struct focus *known_focus(const struct known *known, const char *person, int32_t date);
/* Whether there is room for one more name. */
bool known_can_keep(const struct known *known, const char *person, const char *name);
/* value NULL removes it. What is above the ceilings, or no value of that name, is not kept: the store
 * may be a stranger's. */
void known_keep(struct known *known, const char *person, const char *name, const char *value);
/* Keeps a note of nudged's own about a person (see model/kept.h), also in the change. Notes of reminders
 * that are gone make room for it. */
void known_note(struct known *known, const struct model *model, struct change *change,
	const char *person, const char *name, const char *value);
/* Everything about one person. */
void known_forget(struct known *known, const char *person);
/* The mark of somebody who asked to be forgotten, by its name in the store; and whether a person is
 * marked. */
void known_mark(struct known *known, const char *name);
void known_unmark(struct known *known, const char *name);
bool known_is_forgotten(const struct known *known, const char *person);
/* Until when an open delivery must wait because everything, its person (NULL: a room), a team of
 * theirs, or each reminder in it is paused, ms; 0: it need not. */
int64_t known_delivery_paused_until(const struct known *known, const struct delivery *delivery,
	const struct person *person, int64_t at);
/* Until when a channel is paused, ms; 0: it is not. */
int64_t known_channel_paused_until(const struct known *known, const char *channel);
