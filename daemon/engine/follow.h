/* Follow-up: who has not answered is nudged, at most so often, then somebody else is told; an answer
 * stops it at once, and so does the reminder's next slot. Owns one entry for each occurrence whose
 * follow_at is set; the record of it is in the store. */
#pragma once

#include "engine/planner.h"

struct follow;

struct follow_settings {
	struct event_base *loop;
	struct clock *clock;
	struct store *store;
	const struct view *view;
	struct planner *planner;
	struct ledger *ledger;
	void *owner;
	/* Takes a recorded delivery (HELD or WAITING). */
	void (*on_recorded)(void *owner, struct delivery *delivery);
	void (*on_store_error)(void *owner, int error);
	void (*on_rest)(void *owner); /* set the alarm anew */
};

struct follow *follow_new(const struct follow_settings *settings);
void follow_free(struct follow *follow);
/* Keeps a reference; what the model does not know any more is closed when its time comes. */
void follow_use_model(struct follow *follow, struct model *model);
/* A recorded occurrence whose follow_at is set, lent. Closes an older one of the same series, in the
 * store too. */
void follow_put(struct follow *follow, const struct occurrence *occurrence);
/* An answer is on its way to the store: no step may be recorded after it. Then follow_answered(), or,
 * when it could not be recorded, follow_not_answered(). */
void follow_answering(struct follow *follow, struct id occurrence);
void follow_not_answered(struct follow *follow, struct id occurrence);
/* It was answered. follow_at: TIME_NEVER, or when it comes again (snooze). */
void follow_answered(struct follow *follow, const struct occurrence *occurrence, int64_t follow_at);
/* Whether an item of a message that has not gone yet is needless after the answer: the occurrence
 * itself, or word to somebody else about it. */
bool follow_is_needless(const struct occurrence *item, const struct occurrence *answered);
/* Whether the record says that there was an answer to what a nudge or an escalation asks. */
bool follow_was_answered(const struct occurrence *item);
/* Whether it tells somebody of another's silence. */
bool follow_is_escalation(const struct occurrence *item);
/* The change that closes such word, because nobody needs it any more; NULL: it is none. */
struct change *follow_closing(const struct occurrence *item);
void follow_forget_person(struct follow *follow, const char *person);
int64_t follow_next_at(const struct follow *follow);
size_t follow_count(const struct follow *follow);
/* Starts what is due by now; bounded work a turn. */
void follow_run(struct follow *follow);
