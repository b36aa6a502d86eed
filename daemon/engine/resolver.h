/* The resolver: who gets what, when, whether, and why. One set of pure functions used by the live
 * run, preview, explain and the calendar feed, so that the preview is what is sent.
 *
 * The order of the rules: schedule, gap, begun, holiday, day off, hours, quiet, superseded (place);
 * paused, stopped, less, away, declined, fade (person); turn (all recipients); daily limit (the
 * person's whole day). Time is always an argument. */
#pragma once

#include "model/model.h"
#include "base/clock.h"
#include "model/record.h"

enum rule_id {
	BY_SCHEDULE,   /* nothing stood in the way */
	BY_GAP,        /* the clock leaves this time out, or the zone this date */
	BY_NOT_BEGUN,  /* earlier than the first acceptance of reminder or person */
	BY_HOLIDAY,    /* a holiday of the place, or hours that its calendar closes */
	BY_DAY_OFF,    /* a weekday without work, where the reminder's shift asks for one with */
	BY_HOURS,      /* outside the place's working hours */
	BY_QUIET,      /* inside the place's quiet hours */
	BY_SUPERSEDED, /* another slot of the same reminder goes at the same minute */
	BY_PAUSE,
	BY_STOPPED,    /* the person answered stop */
	BY_LESS,       /* the person answered less: every second one */
	BY_AWAY,       /* recipient */
	BY_ABOUT_AWAY, /* subject */
	BY_DECLINED,   /* the person takes no part in pairs, or is nobody's partner */
	BY_HOLD_OUT,   /* the person is in its hold-out this quarter */
	BY_FADE,       /* the person answers by themselves: every so manieth */
	BY_TURN,       /* it goes to another one of its recipients */
	BY_LIMIT,      /* the daily limit */
	BY_GRACE,      /* too late */
	BY_CATCH_UP,   /* missed, and a later one stands for it */
	BY_NO_CHANNEL, /* the person has no channel it could go through */
	RULE_IDS,
};
extern const char *const rule_id_names[RULE_IDS + 1]; /* "schedule", "hours", ... */

/* What is known beside the configuration. NULL members: nothing is known (preview from the
 * configuration alone). */
struct view {
	void *owner;
	/* When it was first accepted, ms; INT64_MIN: always there. person NULL: the reminder alone.
	 */
	int64_t (*begun)(void *owner, const struct reminder *reminder, const struct person *person);
	/* A pause that covers the instant: its reason (lent until the next call), else NULL.
	 * *ret_rule is BY_PAUSE, BY_STOPPED or BY_LESS; *ret_since when it began. person NULL:
	 * rooms. */
	const char *(*paused)(void *owner, const struct reminder *reminder,
		const struct person *person, int64_t at, enum rule_id *ret_rule,
		int64_t *ret_since);
	/* How far a reminder that fades has done so for the person; false: not at all yet. May be
	 * NULL. */
	bool (*faded)(void *owner, const struct reminder *reminder, const struct person *person,
		struct fade *ret);
	/* What is kept for the person under a name (lent), or NULL. May be NULL. */
	const char *(*kept)(void *owner, const struct person *person, const char *name);
	/* Of reminders with turns or pairs; NULL: every slot is for all. */
	struct rounds *rounds;
	/* Whether the person asked to be forgotten: nothing is planned for or about them. May be NULL. */
	bool (*forgotten)(void *owner, const struct person *person);
	/* The person's own focus of a local date, which nobody else is shown; lent until the next
	 * turn of the loop; NULL: none. May be NULL. */
	const struct focus *(*personal)(void *owner, const struct person *person, int32_t date);
};

bool view_has_forgotten(const struct view *view, const struct person *person);

/* Of how many slots of a reminder the person gets one: 1, 2, 4... *ret: how far it has faded. */
int resolver_every(const struct view *view, const struct reminder *reminder,
	const struct person *person, struct fade *ret);

/* One slot of a reminder as its place sees it. */
struct place_slot {
	const struct reminder *reminder;
	const struct place *place;
	struct slot slot;
	int64_t due_at;  /* ms */
	int64_t send_at; /* ms; of a skipped one: due_at, or where it would have moved back to */
	enum decision decision; /* SEND, SHIFTED or SKIPPED */
	enum rule_id rule;
};

/* The zone that decides for a reminder at a place. */
const struct zone *resolver_zone(const struct reminder *reminder, const struct place *place);
/* The first slot whose slot.utc is later than after_utc (seconds), with the place's rules applied.
 * False when the schedule has ended. send_at never decreases from one slot to the next, but for
 * skipped ones. */
bool resolver_next(const struct reminder *reminder, const struct place *place, int64_t after_utc,
	struct place_slot *ret);
/* The same slots in the order in which they are decided: by send_at, then by their own instant. The
 * first one with a send_at later than after_at (ms), and the one that follows another. What moves
 * back to a working day comes before what is sent later on that day. */
bool resolver_first(const struct reminder *reminder, const struct place *place, int64_t after_at,
	struct place_slot *ret);
bool resolver_follow(const struct place_slot *after, struct place_slot *ret);
/* Seconds before an instant at which resolver_next must start so as to meet every slot that is sent
 * after the instant. */
int64_t resolver_reach_s(const struct reminder *reminder, const struct place *place);
/* The first instant >= at (ms) at which the place may be disturbed by the reminder (NULL: by one
 * that says nothing special), within limit_s; else TIME_NEVER. *ret_rule: BY_SCHEDULE when it is
 * `at` itself, else the first that stood in the way: a holiday, a day off, hours or quiet hours. */
int64_t resolver_allowed_at(const struct place *place, const struct reminder *reminder, int64_t at,
	int64_t limit_s, enum rule_id *ret_rule);

/* One decision for one (reminder, recipient or room, subject, slot). */
struct planned {
	const struct reminder *reminder;
	const struct place *place;
	const struct person *person; /* NULL: a room */
	const struct person *about;  /* NULL when the subject is the person */
	const struct channel *room;  /* NULL: a person */
	struct slot slot;
	int64_t due_at, send_at; /* ms; send_at of a merged one: when its message goes */
	int64_t fire_at;         /* ms: when the decision is taken */
	enum decision decision;
	enum rule_id rule;
	bool meets_again; /* of pairs: within the reminder's memory */
	int every;        /* of so many slots the person gets one (less, fade); 0: of each */
	uint32_t message; /* those of one person's day with the same number go as one message */
	int day_planned, day_limit; /* of BY_LIMIT: what the person's day holds, and may hold */
	char detail[120];           /* the rule in words, with its facts */
};

/* What a person's day has used of the daily limit already. */
struct budget {
	int limit;       /* 0: none */
	int used;        /* messages recorded for this date, the held one included */
	bool has_held;   /* an open message gathers what is merged */
	bool join_next;  /* ... and it waits for the next planned message to go with */
	int64_t held_at; /* when it goes, ms */
};

struct plan {
	struct planned *list;
	size_t count, capacity;
	bool terse;      /* detail is left empty where planned_describe() can write it later */
	bool bystanders; /* also those whose turn it is not */
};
void plan_clear(struct plan *plan);
void plan_free(struct plan *plan); /* for cleanup() */
/* Writes the detail of a terse plan. */
void planned_describe(struct planned *planned);

/* Decides for one person: slots are the place's, in order of fire time, all of the local day that
 * is still to be decided. Appends to the plan: one entry for each (slot, subject) that the person
 * gets, in the same order. */
void resolver_plan_person(const struct model *model, const struct person *person,
	const struct place_slot *slots, size_t count, const struct view *view,
	const struct budget *budget, struct plan *plan);
/* Whether a person would get the slot by every rule before turns. */
bool resolver_reaches(
	const struct place_slot *slot, const struct person *person, const struct view *view);
/* NULL, or why it cannot be sent by hand to the person (NULL: to all of it); static. */
const char *resolver_why_not_by_hand(const struct reminder *reminder, const struct person *person);
/* The rooms of one slot. */
void resolver_plan_rooms(const struct place_slot *slot, const struct view *view, struct plan *plan);

/* The number of slots of the reminder in the slot's local year before it, for rotation; of elapsed
 * intervals a number that grows by one with each slot, and of schedules of more than 24 a day the
 * minutes since the epoch. */
uint64_t resolver_ordinal(
	const struct reminder *reminder, const struct place *place, const struct slot *slot);

/* All decisions of a range of local dates, in order of send_at within each date: for preview, feed
 * and explain. on_planned returns false to stop. */
struct preview_query {
	int32_t from, to;                /* local dates, inclusive; at most 400 days */
	const struct person *person;     /* NULL: everybody, and rooms */
	const struct reminder *reminder; /* NULL: all. The others still count for the daily limit */
	/* Also those that are not sent; where a person is asked for, also when it is not their turn. */
	bool skipped;
	/* To count: without words (see planned_describe()), and unordered but for this: what a
	 * person gets on a date comes together. */
	bool terse;
	/* After each date, with the owner of on_planned; NULL: nobody wants to know. */
	void (*on_date)(void *owner, int32_t date);
};
void resolver_preview(const struct model *model, const struct view *view,
	const struct preview_query *query,
	bool (*on_planned)(void *owner, const struct planned *planned), void *owner);
