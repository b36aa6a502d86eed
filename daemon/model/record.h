/* What the store keeps and the engine moves: occurrences and deliveries, and the tables of their
 * states. An occurrence is what a person answers; a delivery is one message on one channel carrying
 * 1..n occurrences. Both are plain records: strings are owned, NULL means "none". A copy of an
 * occurrence is one block with its texts, so of these only answer_text may be replaced. */
#pragma once

#include "base/id.h"
#include "time/rule.h"

/* The identity of an occurrence: unique for ever, also across moves, renames and reloads. */
struct occurrence_key {
	char *reminder;
	char *recipient; /* a person's id, or "room:CHANNEL" */
	char *about;     /* the subject's id, or NULL */
	int64_t local; /* nominal local time in civil seconds; elapsed intervals: the UTC second */
	int pass;      /* 0, or 1 of an hour that comes again; more: no clock named it */
};

enum { OCCURRENCE_HASH = 13, OCCURRENCE_DAY = 5 };
/* occurrence_key_day() of its nominal day, then 8 bytes of a hash over all of it: so what a recipient
 * gets on a day lies together in the store, and new keys stand at the end. */
void occurrence_key_hash(const struct occurrence_key *key, uint8_t hash[static OCCURRENCE_HASH]);
/* 2 bytes of the day (the first or last one for what is beyond 1970 to 2149), and 3 of
 * record_place(), big-endian. */
void occurrence_key_day(int64_t day, const char *recipient, uint8_t start[static OCCURRENCE_DAY]);
/* Days since 1970 of a nominal time. */
int64_t occurrence_day(int64_t local);

/* Whether what is paused or begun is this person's: "person:ID", "stop:ID:...", "less:ID:..." or
 * "fade:ID:...". */
bool note_is_of(const char *what, const char *person);

/* The order in which the store likes to get what is due to many on one day. */
uint32_t record_place(const char *recipient);

enum occurrence_state {
	OCCURRENCE_OPEN,     /* recorded, and it can be answered */
	OCCURRENCE_ANSWERED, /* closed by an answer; a change of mind is allowed */
	OCCURRENCE_CLOSED,   /* a newer slot took its place, or its follow-up ended */
	OCCURRENCE_SKIPPED,  /* decided not to send: see rule */
	OCCURRENCE_STATES,
};
extern const char *const occurrence_state_names[OCCURRENCE_STATES + 1];

enum answer {
	ANSWER_NONE,
	ANSWER_DONE,
	ANSWER_STUCK,
	ANSWER_SNOOZE,
	ANSWER_SKIP,
	ANSWER_LESS,
	ANSWER_STOP,
	ANSWERS,
};
extern const char *const answer_names[ANSWERS + 1]; /* "none", "done", ... */
/* By name, or ANSWER_NONE. */
enum answer answer_from_name(const char *name);

/* Who may see the words of an answer. SHARES itself stands for "as it was". */
enum share { SHARE_ME, SHARE_PARTNER, SHARE_MENTOR, SHARE_MANAGER, SHARE_TEAM, SHARES };
extern const char *const share_names[SHARES + 1]; /* "me", "partner", ... */
/* By name, or SHARES. */
enum share share_from_name(const char *name);

enum decision { DECISION_SEND, DECISION_SHIFTED, DECISION_MERGED, DECISION_SKIPPED, DECISIONS };
extern const char *const decision_names[DECISIONS + 1];

struct occurrence {
	struct id id;
	struct occurrence_key key;
	char *kind;
	int64_t due_at;     /* the slot's instant */
	int64_t planned_at; /* when it was decided to go */
	enum occurrence_state state;
	enum decision decision;
	char *rule; /* the rule that decided, in words */
	char *about_name;
	char *title; /* rendered once, when recorded */
	char *text;
	int64_t follow_at; /* the next nudge or escalation; TIME_NEVER: none */
	int nudges;        /* nudges sent so far */
	enum answer answer;
	char *answer_text; /* private: never logged, shown to whom `share` names alone */
	enum share share;
	bool personal; /* title and text hold what is private: shown to the recipient alone */
	int64_t answered_at;
	bool in_one_block; /* its texts, but for answer_text, are not freed by themselves */
	unsigned shares;   /* owners beside the first; of one thread */
};

enum delivery_state {
	DELIVERY_HELD,        /* gathers occurrences until not_before_at */
	DELIVERY_WAITING,     /* recorded; next try at next_at */
	DELIVERY_DELIVERED,   /* the receiver accepted it */
	DELIVERY_REFUSED,     /* it never will */
	DELIVERY_EXPIRED,     /* too late to be of use */
	DELIVERY_CANCELLED,   /* the person, the reminder or an administrator took it back */
	DELIVERY_QUARANTINED, /* it was being sent at each of several crashes */
	DELIVERY_STATES,
};
extern const char *const delivery_state_names[DELIVERY_STATES + 1];
static inline bool delivery_is_open(enum delivery_state state)
{
	return state <= DELIVERY_WAITING;
}
/* Ended without having arrived, and nobody has said that this is fine. */
static inline bool delivery_is_dead(enum delivery_state state)
{
	return state == DELIVERY_REFUSED || state == DELIVERY_EXPIRED ||
	       state == DELIVERY_QUARANTINED;
}

enum purpose { PURPOSE_REMIND, PURPOSE_NUDGE, PURPOSE_ESCALATE, PURPOSE_MANUAL, PURPOSES };
extern const char *const purpose_names[PURPOSES + 1];

struct delivery {
	struct id id;
	char *channel;
	char *recipient; /* a person's id, or "room:CHANNEL" */
	enum purpose purpose;
	int32_t budget_date; /* local date whose daily limit it uses; INT32_MIN: none */
	int64_t created_at;
	int64_t not_before_at;
	int64_t expire_at;
	enum delivery_state state;
	int attempts;              /* made so far */
	int starts;                /* made since the last outcome, each cut off by a crash */
	int64_t next_at;           /* of the next attempt; TIME_NEVER: held */
	int status;                /* last reply code; 0 none */
	char *reason;              /* why it is in this state, for people */
	char *receipt;             /* the receiver's own id */
	char *fallback;            /* channels still to try, separated by spaces; NULL none */
	size_t count;              /* items */
	struct occurrence **items; /* owned: what is sent */
};

/* What nudges count from: the slot, or the later instant that it was moved or merged to. */
static inline int64_t occurrence_sent_at(const struct occurrence *occurrence)
{
	return occurrence->planned_at > occurrence->due_at ? occurrence->planned_at
							   : occurrence->due_at;
}

void occurrence_free(struct occurrence *occurrence);
void delivery_free(struct delivery *delivery);
struct occurrence *occurrence_copy(const struct occurrence *occurrence);
/* One owner more, who frees it, too. What is shared is not changed any more. */
struct occurrence *occurrence_share(struct occurrence *occurrence);
struct delivery *delivery_copy(const struct delivery *delivery);
/* Adds the occurrence to the delivery's items: a copy, or a share of it. */
void delivery_add_item(struct delivery *delivery, const struct occurrence *occurrence);
void delivery_share_item(struct delivery *delivery, struct occurrence *occurrence);
bool delivery_has_item(const struct delivery *delivery, struct id occurrence);
void delivery_drop_item(struct delivery *delivery, struct id occurrence);
