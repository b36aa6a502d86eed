/* Inside digests. Shared by digest.c (what is read) and digest_words.c (what is said). */
#pragma once

#include "base/buf.h"
#include "engine/digest.h"
#include "model/progress.h"

#include <uthash.h>

/* One occurrence of somebody, as much of it as a digest needs. */
struct said {
	int64_t due_at;
	int32_t date; /* where they are */
	bool practice, asked;
	enum answer answer;
	enum share share; /* who may read the words */
	char *words;      /* NULL: none, or nobody but themselves may read them */
};

struct member {
	const struct person *person;
	bool reads;        /* gets a digest that quotes what others wrote for them */
	struct said *list; /* in order of due_at, when it has been read */
	size_t count, capacity;
	UT_hash_handle hh;
};

/* What a place has before it. */
struct outlook {
	struct place_slot *slots; /* in order of send_at */
	size_t count, capacity;
	bool known;
};

enum {
	DIGEST_DAYS = PRACTICE_WINDOW, /* that a person's record is looked at */
	DIGEST_TEAM_DAYS = 7,          /* that a team's total is of */
};

/* How a reminder fares in all. */
struct fare {
	int asked, practised, skipped, less, stop; /* of what is over, in the last four weeks */
	/* Of one that others are measured by, and by people: in the quarter. */
	struct measured {
		uint16_t asked, done;
	} * people;
};

struct digest {
	struct model *model;
	struct store *store;
	const struct view *view;
	int64_t now_at;
	struct member *members;
	struct outlook *outlooks; /* by place */
	struct fare *fares;       /* by reminder; NULL: nobody asks for all of them */
	bool cut;                 /* the record was cleared while it was read */
	/* While it reads: */
	const struct member *next, *end; /* who is asked for at present: [next, end) */
	struct id after;                 /* their next page */
	void (*on_done)(void *owner, int error);
	void *owner;
	bool reading, orphan;
};

/* The programme: of everybody, page by page; then digest_programme_end(). */
void digest_programme_begin(struct digest *digest);
void digest_programme_ask(struct digest *digest);
void digest_programme_end(struct digest *digest, int error);
void digest_programme_free(struct digest *digest);
void digest_write_programme(const struct digest *digest, int32_t today, struct buf *out);

/* NULL: nothing was read of them. */
const struct member *digest_member(const struct digest *digest, const struct person *person);
