/* The store's door: durable state behind a handful of verbs. Two stores stand behind it: SQLite
 * (one connection, EXCLUSIVE, WAL, synchronous=FULL, on a thread of its own) and memory (the
 * reference). One conformance suite runs against both.
 *
 * Writing: the caller fills a `change` with verbs; the whole change is applied in one durable
 * transaction or not at all. Changes are applied in the order they were submitted; several waiting
 * ones share one commit. Reading and writing answer by a completion on the loop, never from inside
 * the call. After a failed commit the store holds: every change answers its -errno (-ENOSPC, -EIO,
 * -EROFS...) and nothing of it is kept; the caller may submit it again; the store recovers by itself
 * when the disk does.
 *
 * Whoever hears the answer to a question has been told before of every change that it shows.
 *
 * Threads: every function is called on the loop's thread. */
#pragma once

#include "model/record.h"

struct event_base;
struct store;

/* What became of a damaged database. */
struct store_aside {
	const char *path; /* where it is now; its log is PATH-wal */
	const char *why;
	bool replaced;  /* somebody had put another database in its place */
	bool log_whole; /* otherwise some of what was written last is missing, and the mark is old */
	bool has_mark, has_link_key;
	struct store_salvaged {
		size_t rows;
		bool whole; /* every row could be read, up to a ceiling */
	} values, begins, pauses, kept, occurrences, deliveries, carried;
};

struct store_settings {
	const char *kind;   /* "sqlite" or "memory" */
	const char *folder; /* of sqlite: the state folder; made with 0700 when it is missing */
	struct event_base *loop;
	int64_t now_at; /* names what is set aside */
	/* Each may be NULL. While it is opened: */
	void (*on_aside)(void *owner, const struct store_aside *aside);
	/* Once, on the loop: the database is damaged. Nothing more is recorded; the next start sets it
	 * aside. */
	void (*on_damaged)(void *owner);
	void *owner;
};

/* Opens, locks, checks, migrates; blocking, for the start. A damaged database is set aside, and a new
 * one holds what could be read of it. 0 or -errno with a sentence for people that says what to do
 * (owned by the caller): -EBUSY names the process that holds the folder, -EPERM a folder of another
 * owner or one that others can write, -ENOTSUP another program's or a newer database. */
int store_open(
	const struct store_settings *settings, struct store **ret, char **ret_error) must_check;
/* Finishes what was submitted (completions are not called any more), then closes. */
void store_close(struct store *store);

/* ---- changes ---- */

struct change;

struct change *change_new(void);
void change_free(struct change *change);
size_t change_size(const struct change *change); /* verbs in it */

/* Records one occurrence, unless its key is known already: then it, and its place in any delivery of
 * the same change, is left out and reported by store_result.known. Copies. */
void change_record_occurrence(struct change *change, const struct occurrence *occurrence);
/* Records a delivery with the ids of its items. When every item of it was left out as known, so is
 * the delivery (reported in store_result.dropped). An item may also be an occurrence recorded
 * earlier (nudges). Copies. */
void change_record_delivery(struct change *change, const struct delivery *delivery);
/* Adds an occurrence to a held delivery and moves its instants. One that was left out as known joins
 * nothing; when the delivery is held no longer, the whole change fails with -ESTALE. */
void change_join_delivery(struct change *change, struct id delivery, struct id occurrence,
	int64_t not_before_at, int64_t expire_at);
/* State, attempts, starts, next_at, not_before_at, expire_at, channel, status, reason, receipt,
 * fallback of a known delivery, as in the record. One that is gone (pruned, forgotten) is passed over. */
void change_settle_delivery(struct change *change, const struct delivery *delivery);
/* The same for one that may be closed: an administrator sends it again. The other one leaves closed
 * ones as they are. */
void change_reopen_delivery(struct change *change, const struct delivery *delivery);
/* state, follow_at and nudges of an occurrence. One that is gone is passed over. */
void change_follow_occurrence(struct change *change, struct id occurrence,
	enum occurrence_state state, int64_t follow_at, int nudges);
/* Records an answer; state becomes ANSWERED, follow_at as given (snooze) or TIME_NEVER. text may be
 * NULL: then an earlier text stays, and with share SHARES an earlier share. -ENOENT when there is no
 * such occurrence. */
void change_answer_occurrence(struct change *change, struct id occurrence, enum answer answer,
	const char *text, enum share share, int64_t answered_at, int64_t follow_at);
/* `what` is all, person:ID, team:ID, reminder:ID, channel:ID, or stop:PERSON:REMINDER,
 * less:PERSON:REMINDER (answers), fade:PERSON:REMINDER (how far it has faded). until_at may be
 * TIME_NEVER. Replaces an earlier one. */
void change_put_pause(struct change *change, const char *what, int64_t since_at, int64_t until_at,
	const char *reason);
void change_remove_pause(struct change *change, const char *what);
/* When a reminder ("reminder:ID") or person ("person:ID") was first accepted; the earliest instant
 * stays. */
void change_begin(struct change *change, const char *what, int64_t at);
/* What is kept for one person and seen by nobody else: a preference, a personal focus. value NULL
 * removes it. */
void change_keep(struct change *change, const char *person, const char *name, const char *value);
/* A named value: marks, keys. value NULL removes it. */
void change_set_value(struct change *change, const char *name, const char *value);

struct store_result {
	int error;      /* 0 or -errno */
	size_t n_known; /* occurrences left out, by id */
	const struct id *known;
	size_t n_dropped; /* deliveries left out, by id */
	const struct id *dropped;
	size_t count; /* of prune and forget: rows removed */
	struct store_removed {
		size_t occurrences, deliveries, pauses, begins, kept;
	} removed; /* of forget */
};

typedef void (*store_on_done)(void *owner, const struct store_result *result);

/* Takes the change. on_done may be NULL. */
void store_apply(struct store *store, struct change *change, store_on_done on_done, void *owner);
/* Changes submitted and not yet answered. */
size_t store_pending(const struct store *store);

/* ---- reading ---- */

struct store_visitor {
	/* Each may be NULL. What is given is lent. */
	void (*value)(void *owner, const char *name, const char *value);
	void (*begin)(void *owner, const char *what, int64_t at);
	void (*pause)(void *owner, const char *what, int64_t since_at, int64_t until_at,
		const char *reason);
	void (*kept)(void *owner, const char *person, const char *name, const char *value);
	void (*held)(void *owner, const struct delivery *held);
	/* A channel that has open deliveries, in the order of names, each once, and how many of them
	 * wait: these are there to be asked for (store_query.by_next). */
	void (*backlog)(void *owner, const char *channel, size_t waiting);
	void (*follow)(void *owner, const struct occurrence *occurrence); /* follow_at is set */
	/* Deliveries that use a daily limit on or after the date given to store_load: any state but
	 * cancelled. */
	void (*budget)(void *owner, const char *recipient, int32_t date, struct id delivery,
		enum delivery_state state);
};

/* Everything the engine needs to go on where it stopped; blocking, for the start. -EBADMSG: damage was
 * found; closed and opened again, the store has set the database aside. */
int store_load(struct store *store, int32_t budget_since, const struct store_visitor *visitor,
	void *owner) must_check;

struct store_query {
	/* Every given condition must hold; zero or NULL: not asked. */
	struct id id;    /* this one */
	struct id after; /* what follows this one in the order asked for: the next page */
	const char *recipient;
	const char *reminder; /* of deliveries: among what they carry */
	const char *channel;  /* deliveries only */
	struct id carries;    /* deliveries only: those that carry this occurrence */
	bool open_only;
	bool dead_only;     /* deliveries only: refused, expired or quarantined */
	unsigned states;    /* deliveries only: bits of enum delivery_state */
	int64_t created_at; /* deliveries only: made at this instant or later */
	bool has_local;
	int64_t local_from, local_to; /* nominal local time, [from, to); occurrences only */
	bool newest_first;
	/* Deliveries only: the waiting ones of `channel` in the order of (next_at, id), those that
	 * follow (after_at, after). Nothing else is asked then. */
	bool by_next;
	int64_t after_at;
	size_t limit; /* at most 10,000; 0: 100 */
};

typedef void (*store_on_occurrences)(
	void *owner, int error, struct occurrence *const *occurrences, size_t count);
typedef void (*store_on_deliveries)(
	void *owner, int error, struct delivery *const *deliveries, size_t count);

/* What is handed to the completion is lent. */
void store_find_occurrences(struct store *store, const struct store_query *query,
	store_on_occurrences on_done, void *owner);
void store_find_deliveries(struct store *store, const struct store_query *query,
	store_on_deliveries on_done, void *owner);

/* What became of an occurrence, without the words of its message. Texts are lent. */
struct fact {
	struct id id;
	const char *recipient, *reminder, *about; /* about: NULL, as in the key */
	int64_t local;                            /* nominal */
	int64_t due_at;
	const char *kind; /* NULL: it was recorded without */
	enum occurrence_state state;
	enum decision decision;
	enum answer answer;
	int64_t answered_at;
	enum share share;
	const char *words; /* of the answer; for those alone whom `share` names. NULL: none */
	int nudges;
};

enum { FACT_RECIPIENTS_MAX = 1000, FACTS_MAX = 65536 };

struct fact_query {
	const char *const *recipients; /* in any order; without any: everybody, rooms as well */
	size_t n_recipients;           /* at most FACT_RECIPIENTS_MAX */
	const char *reminder;          /* NULL: each */
	int64_t local_from, local_to;  /* nominal local time, [from, to) */
	size_t limit;                  /* at most FACTS_MAX; 0: so many */
	struct id after; /* the next page: what follows this fact; -ESTALE when it is gone */
};

typedef void (*store_on_facts)(void *owner, int error, const struct fact *facts, size_t count);

/* Facts in the order of nominal days; of a day, each recipient's stand together. What is handed to the
 * completion is lent. */
void store_find_facts(
	struct store *store, const struct fact_query *query, store_on_facts on_done, void *owner);

/* ---- care ---- */

/* A consistent copy (VACUUM INTO, mode 0600) beside the running store; -EEXIST when there is one. */
void store_backup(struct store *store, const char *path, store_on_done on_done, void *owner);
/* Removes at most `limit` occurrences (with their deliveries), the oldest first, that were recorded and
 * due before the instant, answered or not, and have neither a follow-up ahead of them nor an open
 * delivery; call again while result.count equals limit. */
void store_prune(
	struct store *store, int64_t before_at, size_t limit, store_on_done on_done, void *owner);
/* Everything about one person: removes it, and leaves a hashed mark, a value under this name:
 * "forgotten:" and 32 hexadecimal digits. result.count: rows removed. */
#define FORGOTTEN "forgotten:"
enum { FORGOTTEN_NAME = 43 };
void store_forgotten_name(const char *person, char name[static FORGOTTEN_NAME]);
void store_forget(struct store *store, const char *person, store_on_done on_done, void *owner);
