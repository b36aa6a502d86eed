/* The heap of next slots. Owns entries and their member lists. Never decides about people. */
#include "engine/agenda.h"

#include <string.h>

enum { CATCH_UP_NEWEST = 1000 };

static void entry_schedule(struct agenda *agenda, struct agenda_entry *entry, bool more)
{
	if (more)
		heap_put(&agenda->heap, &entry->node, entry->next.send_at);
	else
		heap_remove(&agenda->heap, &entry->node);
}

/* The first slot decided after decided_at; one that was moved may itself lie before it. */
void agenda_restart(struct agenda *agenda, struct agenda_entry *entry, int64_t decided_at)
{
	entry_schedule(agenda, entry,
		resolver_first(entry->reminder, entry->place, decided_at, &entry->next));
}

static void count_members(
	const struct model *model, const struct reminder *reminder, size_t *counts)
{
	for (size_t i = 0; i < reminder->n_pairs; i++)
		if (i == 0 || reminder->pairs[i].recipient != reminder->pairs[i - 1].recipient)
			counts[model->people[reminder->pairs[i].recipient]->place->index]++;
}

static void fill_members(
	const struct model *model, const struct reminder *reminder, struct agenda_entry **of_place)
{
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		uint32_t who = reminder->pairs[i].recipient;
		struct agenda_entry *entry = of_place[model->people[who]->place->index];

		if (i == 0 || who != reminder->pairs[i - 1].recipient)
			entry->members[entry->n_members++] = who;
	}
}

/* counts[reminder][place]; the entries come out in order of place, then reminder. */
static void make_entries(struct agenda *agenda, size_t *counts)
{
	const struct model *model = agenda->model;
	size_t places = model->n_places;

	for (size_t p = 0; p < places; p++) {
		agenda->first_of_place[p] = agenda->count;
		for (size_t r = 0; r < model->n_reminders; r++) {
			struct reminder *reminder = model->reminders[r];
			bool rooms = reminder->n_rooms && reminder->place->index == p;
			struct agenda_entry *entry = &agenda->entries[agenda->count];

			if (!counts[r * places + p] && !rooms)
				continue;
			agenda->count++;
			entry->reminder = reminder;
			entry->place = model->places[p];
			entry->rooms = rooms;
			entry->members = mem_new_array(counts[r * places + p], sizeof(uint32_t));
			agenda->schedules +=
				counts[r * places + p] + (rooms ? reminder->n_rooms : 0);
		}
	}
	agenda->first_of_place[places] = agenda->count;
}

static void fill_entries(struct agenda *agenda)
{
	const struct model *model = agenda->model;
	size_t places = model->n_places;
	struct agenda_entry **table =
		mem_new_array(model->n_reminders * places, sizeof(struct agenda_entry *));

	for (size_t i = 0; i < agenda->count; i++) {
		struct agenda_entry *entry = &agenda->entries[i];

		table[entry->reminder->index * places + entry->place->index] = entry;
	}
	for (size_t r = 0; r < model->n_reminders; r++)
		fill_members(model, model->reminders[r], &table[r * places]);
	free(table);
}

struct agenda *agenda_new(const struct model *model, const struct view *view, int64_t mark_at)
{
	struct agenda *agenda = mem_new(sizeof(*agenda));
	size_t cells = model->n_reminders * model->n_places, used = 0;
	size_t *counts = mem_new_array(cells, sizeof(*counts));

	agenda->model = model;
	agenda->first_of_place = mem_new_array(model->n_places + 1, sizeof(size_t));
	for (size_t r = 0; r < model->n_reminders; r++)
		count_members(model, model->reminders[r], &counts[r * model->n_places]);
	for (size_t i = 0; i < cells; i++)
		used += counts[i] > 0;
	agenda->entries = mem_new_array(used + model->n_reminders, sizeof(*agenda->entries));
	make_entries(agenda, counts);
	fill_entries(agenda);
	free(counts);
	for (size_t i = 0; i < agenda->count; i++) {
		struct agenda_entry *entry = &agenda->entries[i];
		int64_t begun = view->begun(view->owner, entry->reminder, NULL);

		agenda_restart(agenda, entry, MAX_OF(mark_at, begun));
	}
	return agenda;
}

void agenda_free(struct agenda *agenda)
{
	if (!agenda)
		return;
	heap_free(&agenda->heap);
	for (size_t i = 0; i < agenda->count; i++)
		free(agenda->entries[i].members);
	free(agenda->entries);
	free(agenda->first_of_place);
	free(agenda);
}

int64_t agenda_next_at(const struct agenda *agenda)
{
	struct heap_node *first = heap_first(&agenda->heap);

	return first ? first->key : TIME_NEVER;
}

static void due_add(struct due_list *due, struct agenda_entry *entry, const struct place_slot *slot)
{
	ARRAY_GROW(due->list, due->count, due->capacity);
	due->list[due->count++] = (struct due){.entry = entry, .slot = *slot};
}

/* After unwatched time: keeps the newest `keep` of what was missed, tells of the others. */
static void keep_newest(struct due_list *due, size_t first, size_t keep, size_t *ret_let_go)
{
	size_t count = due->count - first;

	*ret_let_go = count > keep ? count - keep : 0;
	if (*ret_let_go) {
		memmove(due->list + first, due->list + first + *ret_let_go,
			keep * sizeof(*due->list));
		due->count = first + keep;
	}
}

static void take_entry(struct agenda *agenda, struct agenda_entry *entry, int64_t now_at,
	bool missed, struct due_list *due,
	void (*on_missed)(void *owner, const struct agenda_entry *entry, size_t count,
		const struct place_slot *newest),
	void *owner)
{
	static const size_t keep[] = {
		[CATCH_UP_LATEST] = 1, [CATCH_UP_NONE] = 0, [CATCH_UP_ALL] = CATCH_UP_NEWEST};
	int64_t recent = now_at / 1000 - entry->reminder->grace_s -
			 resolver_reach_s(entry->reminder, entry->place) - 1;
	size_t first = due->count, let_go = 0, overflow = 0, seen = 0;
	struct place_slot newest = entry->next;
	bool more = true;

	while (more && entry->next.send_at <= now_at) {
		newest = entry->next;
		if (missed && newest.decision == DECISION_SKIPPED)
			overflow++;
		else
			due_add(due, entry, &newest);
		more = resolver_follow(&newest, &entry->next);
		/* However long nudged was away: memory for twice what can be kept, at most. */
		if (missed && due->count - first >= 2 * CATCH_UP_NEWEST) {
			keep_newest(due, first, CATCH_UP_NEWEST, &let_go);
			overflow += let_go;
		}
		/* Ten years of every second are not counted: what no grace can save is leapt over. */
		if (missed && ++seen == AGENDA_COUNTED && recent > newest.slot.utc)
			more = resolver_first(
				entry->reminder, entry->place, recent * 1000, &entry->next);
	}
	entry_schedule(agenda, entry, more);
	if (!missed)
		return;
	keep_newest(due, first, keep[entry->reminder->catch_up], &let_go);
	if (let_go + overflow)
		on_missed(owner, entry, let_go + overflow,
			due->count > first ? &due->list[due->count - 1].slot : NULL);
}

static int by_place_and_time(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	if (x->entry->place != y->entry->place)
		return x->entry->place->index < y->entry->place->index ? -1 : 1;
	if (x->slot.send_at != y->slot.send_at)
		return x->slot.send_at < y->slot.send_at ? -1 : 1;
	if (x->slot.slot.utc != y->slot.slot.utc)
		return x->slot.slot.utc < y->slot.slot.utc ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

void agenda_take_due(struct agenda *agenda, int64_t now_at, bool missed, struct due_list *due,
	void (*on_missed)(void *owner, const struct agenda_entry *entry, size_t count,
		const struct place_slot *newest),
	void *owner)
{
	struct heap_node *first;

	while ((first = heap_first(&agenda->heap)) && first->key <= now_at)
		take_entry(agenda, container_of(first, struct agenda_entry, node), now_at, missed,
			due, on_missed, owner);
	if (due->count)
		qsort(due->list, due->count, sizeof(*due->list), by_place_and_time);
}

void agenda_rest_of_day(const struct agenda *agenda, const struct place *place, int64_t after_at,
	int32_t date, struct place_slot **list, size_t *count, size_t *capacity)
{
	int64_t end, second;

	zone_to_utc(place->zone, ((int64_t)date + 1) * DAY_S, &end, &second);
	for (size_t i = agenda->first_of_place[place->index];
		i < agenda->first_of_place[place->index + 1]; i++) {
		const struct agenda_entry *entry = &agenda->entries[i];
		struct place_slot slot = entry->next;
		bool more = heap_has(&entry->node);

		while (more && slot.send_at < end * 1000) {
			if (slot.send_at > after_at && entry->n_members) {
				ARRAY_GROW(*list, *count, *capacity);
				(*list)[(*count)++] = slot;
			}
			more = resolver_follow(&slot, &slot);
		}
	}
}
