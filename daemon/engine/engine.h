/* The engine: owns the accepted model, the store, the agenda, dispatch and follow-up, and offers
 * what the faces need. Everything runs on the loop; answers come by completions, never from inside
 * the call. Strings given to completions are lent for the call. */
#pragma once

#include "engine/resolver.h"
#include "model/link.h"
#include "port/config.h"

struct engine;
struct event_base;
struct clock;

struct engine_settings {
	const char *config_file;
	const char *state; /* NULL: the configuration's, else $STATE_DIRECTORY */
	const char *plugin_folder;
	struct event_base *loop;
	struct clock *clock;
	/* What it cannot go on with; it has said so, and wants to be stopped and started anew. */
	void (*on_failed)(void *owner);
	void *owner;
};

/* Loads configuration and plugins, opens the store, reads what is open. 0, or -errno with
 * complaints or (when there are none) a sentence in *ret_error (owned). Nothing is sent before
 * engine_start. */
int engine_new(const struct engine_settings *settings, struct engine **ret,
	struct complaints *complaints, char **ret_error) must_check;
void engine_start(struct engine *engine);
/* Stops planning; deliveries under way get up to limit_ms; then on_stopped. */
void engine_stop(
	struct engine *engine, int64_t limit_ms, void (*on_stopped)(void *owner), void *owner);
void engine_free(struct engine *engine);

/* Takes the new configuration whole (0) or not at all (-EINVAL with complaints). */
int engine_reload(struct engine *engine, struct complaints *complaints) must_check;

const struct model *engine_model(const struct engine *engine); /* lent until the loop's next turn */
struct clock *engine_clock(const struct engine *engine);
const struct view *engine_view(const struct engine *engine);
const struct link_key *engine_link_key(const struct engine *engine);

/* Whose link this is, lent until the loop's next turn; NULL: nobody's, or an older one that was made
 * void. */
const struct person *engine_link_person(
	struct engine *engine, const char *token, enum link_purpose purpose);
/* A person's own page, or the calendar of it. NULL without a listener; owned. */
char *engine_person_url(
	const struct engine *engine, const struct person *person, enum link_purpose purpose);

struct engine_status {
	int64_t started_at, reloaded_at;
	int64_t next_at; /* the next planned slot; TIME_NEVER: none */
	size_t people, reminders, channels, schedules;
	size_t held, waiting, in_flight, follow_ups;
	size_t thinned; /* reminders of people that leave something out: see fade */
	uint64_t recorded, delivered, retried, refused, expired, cancelled, answered, nudged,
		skipped, missed; /* since the start */
	uint64_t alerted, alert_failed;
	int store_error; /* 0, or the -errno that holds dispatch */
	bool heartbeat_is_on;
	int64_t heartbeat_at;         /* of the last one that was heard; 0: none */
	const char *heartbeat_reason; /* why the last one was not; NULL: it was */
};
void engine_status(const struct engine *engine, struct engine_status *ret);

enum { ENGINE_DEAD_COUNTED = 1000 };
/* How many deliveries were refused, expired or quarantined and neither retried nor dropped; more than
 * ENGINE_DEAD_COUNTED count as so many. -ETIME where the store does not answer soon. */
typedef void (*engine_on_count)(void *owner, int error, size_t count);
void engine_count_dead(struct engine *engine, engine_on_count on_done, void *owner);

struct channel_status {
	const char *id, *plugin;
	size_t waiting, in_flight;
	int64_t paused_until_at; /* 0: not paused; broken: the next probe */
	bool broken;             /* nothing goes but probes */
	int64_t broken_since_at;
	const char *reason; /* of the last failure, or "" */
};
/* index < number of channels; false beyond. */
bool engine_channel_status(const struct engine *engine, size_t index, struct channel_status *ret);

/* error: 0; -ENOENT; -EINVAL (with why); -EBUSY; or the store's -errno. why may be NULL. */
typedef void (*engine_on_done)(void *owner, int error, const char *why);

/* snooze_s: with ANSWER_SNOOZE only, 60 s .. 30 days. text may be NULL; at most 4,000 bytes UTF-8.
 * share: who else may see the text; SHARES: as it was and, with a text, what the person keeps as their
 * usual choice. -EINVAL when they have nobody of that name. */
void engine_answer(struct engine *engine, struct id occurrence, enum answer answer,
	int64_t snooze_s, const char *text, enum share share, engine_on_done on_done, void *owner);
/* The choices a person has: bits of enum share; SHARE_ME always. person: an id, also an unknown one. */
unsigned engine_shares(const struct engine *engine, const char *person);
/* What the person chose to be asked first: their kept choice, where they have it, else SHARE_ME. */
enum share engine_usual_share(const struct engine *engine, const char *person);

/* Keeps a value for a person of the configuration (see model/kept.h); NULL removes it. -ENOENT: no such
 * person; -EINVAL: not that value. */
void engine_keep(struct engine *engine, const char *person, const char *name, const char *value,
	engine_on_done on_done, void *owner);
/* By number from 0 on, in the order of names; false beyond the last one. Lent as by engine_kept(). */
bool engine_kept_at(const struct engine *engine, const char *person, size_t index,
	const char **ret_name, const char **ret_value);
/* When a person was first accepted, ms; TIME_NEVER: never. */
int64_t engine_begun(const struct engine *engine, const char *person);
/* Lent until the loop's next turn; NULL: nothing is kept under the name. */
const char *engine_kept(const struct engine *engine, const char *person, const char *name);
/* Makes the links that a person has void; new ones are made from now on. */
void engine_renew_links(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner);
/* Sends somebody the link to their own page, once an hour at most: -EBUSY; -EINVAL where there is no
 * address of theirs. */
void engine_send_link(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner);
bool engine_can_send_link(const struct engine *engine, const char *person);
/* Sends a reminder now, outside its schedule and the daily limit; person NULL: to all of it. why
 * tells how many deliveries. */
void engine_send(struct engine *engine, const char *reminder, const char *person,
	engine_on_done on_done, void *owner);
/* An expired, refused or quarantined delivery once more (a new expiry); a waiting one at once. */
void engine_retry(struct engine *engine, struct id delivery, engine_on_done on_done, void *owner);
/* An open delivery is cancelled, and one that died, which is then counted no more. Others are refused
 * with -EINVAL. */
void engine_drop(struct engine *engine, struct id delivery, engine_on_done on_done, void *owner);

struct pause_status {
	const char *what, *reason;
	int64_t since_at, until_at;
};
void engine_pause(struct engine *engine, const char *what, int64_t until_at, const char *reason,
	engine_on_done on_done, void *owner);
void engine_resume(struct engine *engine, const char *what, engine_on_done on_done, void *owner);
/* How far a reminder has faded for a person; false: nothing was kept of it. */
bool engine_fade(const struct engine *engine, const struct person *person,
	const struct reminder *reminder, struct fade *ret);
/* The pause that follows the one called `after`, NULL: the first; false: there is none. */
bool engine_next_pause(const struct engine *engine, const char *after, struct pause_status *ret);
/* The pause of exactly that name, also "less:PERSON:REMINDER" and "stop:PERSON:REMINDER". */
bool engine_find_pause(const struct engine *engine, const char *what, struct pause_status *ret);
/* How often a reminder comes to a person from now on: as planned (ANSWER_NONE), ANSWER_LESS or
 * ANSWER_STOP. */
void engine_set_pace(struct engine *engine, const char *person, const char *reminder,
	enum answer answer, engine_on_done on_done, void *owner);

/* The request a channel would make of a test message, secrets masked, and, with send, what became
 * of it. address NULL: the first person's on that channel. */
typedef void (*engine_on_test)(void *owner, int error, const char *request, const char *verdict);
void engine_test_channel(struct engine *engine, const char *channel, const char *address, bool send,
	engine_on_test on_done, void *owner);

/* Reading the record: see port/store.h for queries. */
struct store_query;
void engine_find_occurrences(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct occurrence *const *list, size_t count),
	void *owner);
void engine_find_deliveries(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct delivery *const *list, size_t count),
	void *owner);
/* Facts for progress and digests: see port/store.h. */
struct fact_query;
struct fact;
void engine_find_facts(struct engine *engine, const struct fact_query *query,
	void (*on_done)(void *owner, int error, const struct fact *facts, size_t count),
	void *owner);
void engine_backup(struct engine *engine, const char *path, engine_on_done on_done, void *owner);
/* Only who has left the configuration: -EBUSY. */
void engine_forget(struct engine *engine, const char *person, engine_on_done on_done, void *owner);
/* Because they asked for it themselves: the configuration may still name them, and they get nothing. */
void engine_forget_self(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner);
/* Takes the mark of a forgotten person away: they begin anew. -ENOENT: they are not marked. */
void engine_remember(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner);

/* Hears every event as it is logged (name, and the journal's fields); for `nudgectl watch`. */
struct log_field;
typedef void (*engine_on_event)(
	void *owner, const char *event, const char *message, const struct log_field *fields);
void engine_watch(struct engine *engine, engine_on_event on_event, void *owner);
void engine_unwatch(struct engine *engine, engine_on_event on_event, void *owner);
