/* The agenda: the next slot of every (reminder, place), in order of time. People of a place share
 * the work of computing it, so a million schedules are a few thousand entries. Owns its entries;
 * borrows the model. Knows nothing of the store. */
#pragma once

#include "base/heap.h"
#include "engine/resolver.h"

struct agenda_entry {
	struct heap_node node; /* key: when the next slot is to be decided, ms */
	const struct reminder *reminder;
	const struct place *place;
	struct place_slot next;
	uint32_t *members; /* indices of the people of this place that receive it, sorted */
	size_t n_members;
	bool rooms; /* the reminder's rooms are served here */
};

struct agenda {
	const struct model *model;
	struct heap heap;
	struct agenda_entry *entries; /* in order of place, then reminder */
	size_t count;
	size_t *first_of_place; /* n_places + 1 */
	size_t schedules;       /* (reminder, recipient) pairs and rooms */
};

/* Everything that is to be decided after mark_at (ms). A reminder that began later starts there. */
struct agenda *agenda_new(const struct model *model, const struct view *view, int64_t mark_at);
/* Starts one entry anew: what is to be decided after decided_at (ms), which may lie before the mark. */
void agenda_restart(struct agenda *agenda, struct agenda_entry *entry, int64_t decided_at);
void agenda_free(struct agenda *agenda); /* NULL is fine */
/* The instant of the first entry, or TIME_NEVER. */
int64_t agenda_next_at(const struct agenda *agenda);

/* What of an entry is due. */
struct due {
	struct agenda_entry *entry;
	struct place_slot slot;
};
struct due_list {
	struct due *list;
	size_t count, capacity;
};

/* Takes everything due at or before now_at, in order of place, then time, and moves the entries on.
 * missed: the time since the mark was not watched (start, resume, a clock that was set): catch_up
 * decides then, and on_missed hears how many slots were let go (AGENDA_COUNTED: so many or more),
 * and which one stands for them. Bounded work, however long it was. */
enum { AGENDA_COUNTED = 100000 };
void agenda_take_due(struct agenda *agenda, int64_t now_at, bool missed, struct due_list *due,
	void (*on_missed)(void *owner, const struct agenda_entry *entry, size_t count,
		const struct place_slot *newest),
	void *owner);

/* Appends the slots of a place later than after_at that go before the end of the local date. */
void agenda_rest_of_day(const struct agenda *agenda, const struct place *place, int64_t after_at,
	int32_t date, struct place_slot **list, size_t *count, size_t *capacity);
