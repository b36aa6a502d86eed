/* The planner: turns due slots into recorded occurrences and deliveries. Walks the people of a place
 * in slices, asks the resolver for each one's day, writes the decision to the store, and hands what
 * was really recorded to the engine. Owns the agenda, the ledger and the high-water mark. */
#pragma once

#include "engine/agenda.h"
#include "engine/ledger.h"
#include "engine/zones.h"
#include "port/store.h"

struct planner;
struct event_base;

struct planner_settings {
	struct event_base *loop;
	struct clock *clock;
	struct store *store;
	const struct view *view;
	struct zones *zones; /* lent; the planner keeps them in step with the mark */
	void *owner;
	/* A value to be kept of a person, in the change that makes it true. */
	void (*keep)(void *owner, struct change *change, const char *person, const char *name,
		const char *value);
	/* A link for an occurrence to be composed with, or NULL (owned by the caller of it). */
	char *(*answer_url)(void *owner, struct id occurrence, int64_t created_at);
	/* The same of the person's own page. */
	char *(*practice_url)(void *owner, const struct person *person);
	/* Takes a recorded delivery (HELD or WAITING). */
	void (*on_recorded)(void *owner, struct delivery *delivery);
	/* An occurrence with a follow-up was recorded; it is lent. */
	void (*on_follow)(void *owner, const struct occurrence *occurrence);
	/* A pause of that name was recorded with what is sent: how far it has faded. */
	void (*on_faded)(void *owner, const char *what, int64_t since_at, const char *text);
	/* The held delivery now goes at its not_before_at, which has changed. */
	void (*on_held_moved)(void *owner, struct delivery *delivery);
	/* Everything due is decided and recorded: set the alarm anew. */
	void (*on_rest)(void *owner);
	/* The store refused (-errno): nothing of the slice is kept; planner_restart() when it works. */
	void (*on_store_error)(void *owner, int error);
};

struct planner *planner_new(const struct planner_settings *settings, struct ledger *ledger);
void planner_free(struct planner *planner);

/* A new model, or a model whose zones have changed: everything decided up to mark_at stays so, by
 * the local time that it had. Keeps a reference. */
void planner_use_model(struct planner *planner, struct model *model, int64_t mark_at);
/* The instant up to which everything is decided, ms. */
int64_t planner_mark(const struct planner *planner);
/* Writes a mark up to which everything is decided by the model as it is. */
void planner_write_mark(const struct planner *planner, struct change *change, int64_t mark_at);
int64_t planner_next_at(const struct planner *planner); /* TIME_NEVER: nothing */
size_t planner_schedules(const struct planner *planner);
bool planner_is_busy(const struct planner *planner);
/* Decides everything due by now; missed: see agenda_take_due(). Nothing when it is busy. */
void planner_run(struct planner *planner, bool missed);
void planner_stop(struct planner *planner); /* takes up nothing new */

/* When an extra message (a nudge) for a person may go: now, with the next planned message of that
 * local day, or tomorrow's first. */
enum extra { EXTRA_NOW, EXTRA_WITH_NEXT, EXTRA_TOMORROW };
enum extra planner_place_extra(struct planner *planner, const struct person *person, int64_t now_at,
	int64_t *ret_at, int32_t *ret_date);

/* The delivery of one planned decision, made by the planner's rules for channels and expiry (its
 * items are the caller's to add); NULL: no channel can take it. */
struct delivery *planner_make_delivery(const struct model *model, const struct planned *planned,
	enum purpose purpose, int64_t created_at, size_t way);
/* How many deliveries at once one message to a person is (via_all), else 1. */
size_t planner_ways(const struct planned *planned);
/* The occurrence of a decision, composed. */
struct digest;
/* digest has read what this one needs, if it is a digest; NULL otherwise. */
struct occurrence *planner_make_occurrence(struct planner *planner, const struct planned *planned,
	int64_t created_at, struct digest *digest);
