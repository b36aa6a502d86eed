/* Between the store's door and the stores behind it: what a change holds, what becomes of it, and
 * the synchronous verbs that an implementation offers. store.c alone calls them, one at a time; of
 * a threaded implementation only on the store's own thread, but for open, load and close. */
#pragma once

#include "base/arena.h"
#include "port/store.h"

enum verb_kind {
	VERB_RECORD_OCCURRENCE,
	VERB_RECORD_DELIVERY,
	VERB_JOIN,
	VERB_SETTLE,
	VERB_REOPEN,
	VERB_FOLLOW,
	VERB_ANSWER,
	VERB_PUT_PAUSE,
	VERB_REMOVE_PAUSE,
	VERB_BEGIN,
	VERB_KEEP,
	VERB_SET_VALUE,
	VERBS,
};

/* One verb; its texts belong to the change. */
struct verb {
	enum verb_kind kind;
	union {
		struct {
			struct occurrence record;
			uint8_t hash[OCCURRENCE_HASH];
		} occurrence;
		/* record.items is NULL: items are ids here; record.count says how many. */
		struct {
			struct delivery record;
			const struct id *items;
		} delivery; /* also of settle and reopen, then without items */
		struct {
			struct id delivery, occurrence;
			int64_t not_before_at, expire_at;
		} join;
		struct {
			struct id occurrence;
			enum occurrence_state state;
			int64_t follow_at;
			int nudges;
		} follow;
		struct {
			struct id occurrence;
			enum answer answer;
			const char *text;
			enum share share;
			int64_t answered_at, follow_at;
		} answer;
		struct {
			const char *what, *reason;
			int64_t since_at, until_at;
		} pause; /* also of remove: what */
		struct {
			const char *what;
			int64_t at;
		} begin;
		struct {
			const char *person, *name, *value;
		} keep;
		struct {
			const char *name, *value;
		} value;
	};
};

/* The verbs in order; each is lent while the change lives. */
size_t change_count(const struct change *change);
const struct verb *change_verb(const struct change *change, size_t at);

/* Growing list of ids. */
struct id_list {
	struct id *ids;
	size_t count, capacity;
};
void id_list_add(struct id_list *list, struct id id);
bool id_list_has(const struct id_list *list, struct id id);
void id_list_free(struct id_list *list);

/* What becomes of one piece of work. */
struct outcome {
	int error;
	struct id_list known, dropped;
	struct id_list recorded; /* occurrences; an implementation may leave it empty */
	size_t count;
	struct store_removed removed;
};

/* A question under way: it may take several slices, so that a long walk holds up no commit. */
struct store_find {
	struct store_query query; /* limit is set; its texts are owned */
	bool of_deliveries;
	void **rows; /* struct occurrence * or struct delivery *, owned */
	size_t count, capacity;
	bool started;     /* from here on: the implementation's own place in its walk */
	struct id cursor; /* the last row looked at */
	int64_t day;
};
void store_find_add(struct store_find *find, void *row);
/* The conditions that can be told from the row. */
bool store_query_wants_occurrence(
	const struct store_query *query, const struct occurrence *occurrence);
bool store_query_wants_delivery(const struct store_query *query, const struct delivery *delivery);
/* The one that takes the items of it. */
bool store_query_wants_items(const struct store_query *query, const struct delivery *delivery);

/* A question for facts under way. Its order is that of keys: by nominal day, then by what
 * record_place() makes of the recipient, as far as the key tells it. */
struct fact_find {
	struct fact_query query; /* limit is set; recipients is NULL; its reminder is owned */
	struct fact_place {
		uint8_t start[OCCURRENCE_DAY]; /* of a key; the day stands open */
		char *recipient;
	} * places; /* in order; owned */
	struct fact *facts;
	size_t count, capacity;
	struct arena texts; /* of the facts */
	bool started;       /* from here on: the place in the walk */
	uint8_t cursor
		[OCCURRENCE_HASH]; /* the last key looked at, or before all that is asked for */
};
/* Copies the query; its recipients in the order of the walk. */
void fact_find_set(struct fact_find *find, const struct fact_query *query);
void fact_find_clear(struct fact_find *find);
/* The days of keys, first and last one, that can hold what is asked for; first > last: none. */
void fact_find_days(const struct fact_find *find, int64_t *ret_first, int64_t *ret_last);
bool fact_find_has_enough(const struct fact_find *find);
/* Takes a copy when it is asked for. */
void fact_find_look(struct fact_find *find, const struct fact *fact);

struct store_kind {
	const char *name;
	bool threaded;
	int (*open)(const struct store_settings *settings, void **ret, char **ret_error);
	void (*close)(void *context);
	/* One transaction: begin, any number of pieces of work, then commit or roll back. */
	int (*begin)(void *context);
	/* Each applies one piece of work whole or not at all. How it fared stands in the outcome; a
	 * negative result says more: that the transaction itself is lost. */
	int (*apply)(void *context, const struct change *change, struct outcome *outcome);
	int (*prune)(void *context, int64_t before_at, size_t limit, struct outcome *outcome);
	int (*forget)(void *context, const char *person, struct outcome *outcome);
	int (*commit)(void *context);
	/* After any failure above, and before anything else: afterwards nothing of the transaction
	 * is kept, also not on the disk. */
	void (*roll_back)(void *context);
	/* Outside a transaction. */
	int (*find)(void *context, struct store_find *find);      /* 1: call again for more */
	int (*find_facts)(void *context, struct fact_find *find); /* likewise */
	int (*backup)(void *context, const char *path);
	int (*load)(void *context, int32_t budget_since, const struct store_visitor *visitor,
		void *owner);
	/* Care that nobody waits for, after a commit was answered. May be NULL. */
	void (*tend)(void *context);
};

extern const struct store_kind store_memory, store_sqlite;
