/* Inside the planner: one pass over what is due, in slices. Shared by planner.c (passes), planner_slice.c
 * (what of a pass is recorded at once) and planner_make.c (records). */
#pragma once

#include "engine/planner.h"

struct event;
struct slice;

struct planner {
	struct planner_settings settings;
	struct ledger *ledger;
	struct model *model;
	struct agenda *agenda;
	int64_t mark_at;
	struct pass *pass; /* NULL: at rest */
	struct event *step;
	bool stopped;
};

struct member {
	uint32_t place; /* where the store keeps what the person gets */
	uint32_t number;
};

struct pass {
	struct model *model;     /* its own reference: a reload may come in between */
	int64_t from_at, now_at; /* decides (from_at, now_at] */
	struct due_list due;
	size_t group, group_end; /* due[group .. group_end) are of one place */
	struct member *people;   /* of the group, sorted, without doubles */
	size_t n_people, next_person, people_capacity;
	struct place_slot *slots; /* the group's, then the rest of the day */
	size_t n_slots, n_due_slots, slots_capacity;
	int32_t date;
	struct plan plan;
	struct slice *slice; /* grows until it is worth a commit; NULL: none */
	size_t slice_size;
	size_t pending;
	int error;
	bool all_made, marked;
	int64_t mark_at;       /* everything up to here is decided when it ends */
	bool digests;          /* the group is of digests: they come last, and read first */
	bool rooms;            /* of the group: still to be planned */
	struct digest *digest; /* what was read for the people before facts_end, and for rooms */
	size_t facts_end;
	bool reading, is_read; /* is_read: for whoever is next */
	struct pass *below;    /* one that waits, between two readings, until this one is done */
	struct agenda *old_agenda; /* a reload came in between: what due points into */
};

int32_t planner_date_at(const struct place *place, int64_t at);
/* The first allowed minute from a time of day on: the date may be a later one, after a weekend. */
int64_t planner_later_day(const struct place *place, const struct reminder *reminder, int32_t date,
	int32_t second_of_day);
/* Nothing more can go on a date. One to come may be full, too, for whoever has moved west since it
 * was there. */
bool planner_is_used_up(const struct planner *planner, const struct person *person, int32_t date);
/* A slice of the pass is durable, or with an error nothing of it is kept. */
void planner_slice_stored(struct planner *planner, struct pass *pass, int error);

/* planner_slice.c: of the pass under way */
struct slice *slice_new(struct planner *planner);
void slice_drop(struct slice *slice);          /* one that the store never saw; NULL is fine */
void slice_submit(struct slice *slice);        /* takes it; then planner_slice_stored() */
size_t slice_count(const struct slice *slice); /* occurrences */
struct change *slice_change(struct slice *slice);
/* Decides what is due for one person; for the rooms of the group. */
void slice_plan_person(struct slice *slice, const struct person *person);
void slice_plan_rooms(struct slice *slice);
/* Keeps whose turn it is, and who meets whom, of what is due in the group: with the first messages that
 * say so. */
void slice_settle_rounds(struct slice *slice);
