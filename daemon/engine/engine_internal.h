/* Inside the engine: its parts. Shared by engine.c (life, alarm, store trouble), engine_files.c
 * (files that change), engine_damage.c (a damaged database), engine_hold.c (messages that gather) engine_status.c (how it is) and engine_verbs.c (what people ask of
 * it). */
#pragma once

#include "base/clock.h"
#include "base/heap.h"
#include "base/str.h"
#include "engine/alert.h"
#include "engine/dispatch.h"
#include "engine/engine.h"
#include "engine/follow.h"
#include "engine/heartbeat.h"
#include "engine/known.h"
#include "engine/planner.h"
#include "engine/report.h"

struct event;
struct watch;

struct zone_state {
	char *name;
	bool unusable; /* its file, when it was last read */
};

struct files {
	struct watch *watch; /* NULL: the kernel has no room for it */
	bool pending;        /* a change waits for the planner's rest */
	struct zone_state *zones;
	size_t n_zones, zones_capacity;
	struct complaints complaints; /* of the calendars, when they were last read */
};

struct engine {
	struct event_base *loop;
	struct clock *clock;
	char *config_file, *state;
	struct model *model;
	struct channels *channels;
	struct store *store;
	struct known *known;
	struct ledger *ledger;
	struct zones *zones;
	struct files files;
	struct planner *planner;
	struct follow *follow;
	struct dispatch *dispatch;
	struct alert *alert;
	struct heartbeat *heartbeat;
	uint64_t decided; /* occurrences, when the heartbeat looked last */
	bool was_busy;    /* the planner then */
	struct alarm *alarm;
	struct heap holds; /* of struct hold, by not_before_at */
	struct link_key link_key;
	struct invites *invites;  /* links sent to people; NULL: none yet */
	struct link_index *links; /* people by what is in their links; NULL: not asked for yet */
	int64_t started_at, reloaded_at;
	bool loaded;
	bool running, missed; /* missed: unwatched time lies before the next run */
	int store_error;
	bool damaged; /* the database: it stays so until the next start */
	void (*on_failed)(void *owner);
	void *owner;
	struct event *recover, *stop_timer;
	struct care {
		struct event *timer;
		size_t slice; /* occurrences removed at once */
		int64_t asked_mono;
	} care;
	int64_t stop_by_mono;
	void (*on_stopped)(void *owner);
	void *stop_owner;
};

void engine_set_alarm(struct engine *engine);
void engine_run(struct engine *engine); /* decides what is due */
void engine_store_failed(struct engine *engine, int error);
/* For the heartbeat: NULL, or why the engine does not turn. Looks at what moved since the last time. */
const char *engine_why_not_turning(void *owner);
/* A recorded delivery finds its place: held, or dispatched. */
void engine_take_delivery(struct engine *engine, struct delivery *delivery);

/* engine_damage.c: the store's words about a damaged database, and ours */
struct store_aside;
void damage_on_aside(void *owner, const struct store_aside *aside);
void damage_on_found(void *owner);

/* engine_care.c */
void care_open(struct engine *engine);
void care_start(struct engine *engine);
void care_close(struct engine *engine);
/* How many to remove at once, after a slice that took so long. */
size_t care_next_slice(size_t slice, int64_t took_ms);

/* engine_files.c */
void files_watch(struct engine *engine); /* the model's files; a new model's after a reload */
/* Reads them again, at the planner's next rest. */
void files_take_changes(struct engine *engine);
void files_on_rest(struct engine *engine);
void files_close(struct engine *engine);

/* engine_links.c: the people or the key have changed */
void links_forget(struct engine *engine);

/* engine_invite.c */
void invites_free(struct engine *engine);

/* engine_hold.c */
void hold_put(struct engine *engine, struct delivery *delivery);
void hold_move(struct engine *engine, struct delivery *delivery); /* its instant has changed */
int64_t hold_next_at(const struct engine *engine);
void hold_release_due(struct engine *engine);
bool hold_cancel(struct engine *engine, struct id id, const char *reason);
void hold_cancel_person(struct engine *engine, const char *person, const char *reason);
const struct delivery *hold_find(const struct engine *engine, struct id id);
/* Takes what an answer made needless out of messages that have not gone yet. */
void hold_answered(struct engine *engine, const struct occurrence *answered);
/* The same after a restart, by the record. */
void hold_drop_answered(struct engine *engine, struct delivery *delivery);
void hold_review(struct engine *engine); /* after a reload */
void hold_free_all(struct engine *engine);

/* engine_verbs.c: one request of somebody, on its way through the store */
struct asked {
	struct engine *engine;
	engine_on_done on_done;
	void *owner;
	struct id id;
	enum answer answer;
	enum share share;
	int64_t follow_at;
	char *text, *what;
	char *fade,
		fade_text[FADE_TEXT]; /* how far it has faded with this answer; NULL: as before */
	int practised;                /* how many practices more it makes: 1, 0 or -1 */
	struct occurrence *occurrence;
	struct delivery **deliveries;
	size_t count, capacity, pending;
	int error;
};

struct asked *asked_new(struct engine *engine, engine_on_done on_done, void *owner);
/* Answers it, and frees it. */
void asked_end(struct asked *asked, int error, const char *why);
/* The same on the loop's next turn: completions never come from inside the call. Takes why. */
void asked_refuse(struct asked *asked, int error, char *why);
