/* Forecasts of rounds, one for each reminder that was asked about: its people with what is kept of
 * them, and each round that was decided on the way. Owns these; never writes, reads no clock. Everything
 * that is dear is bounded by COST_MOST: what lies further ahead is not known. */
#include "engine/rounds.h"

#include "base/buf.h"
#include "base/str.h"
#include "model/pairing.h"

#include <stdio.h>
#include <uthash.h>

#define COST_MOST INT64_C(400000000)

enum {
	TURN_COST = 4096,  /* of a round without pairs */
	SEEK_MOST = 200,   /* slots that are looked through for one that a clock moved */
	MEET_S = 30 * 60,  /* what two need of working hours in common */
	MEET_DAYS = 7,     /* ... within so many days of the round */
	MEETS_MOST = 200,  /* windows that are looked at for it */
	NAME_MAX_LEN = 80, /* "pair." and an id */
	VALUE_MAX = 2000,
};

/* Instead of the number of a member. */
enum { OTHER_ALONE = INT32_MAX - 2, OTHER_GONE, OTHER_NONE };
#define AGAIN (UINT32_C(1) << 31)

/* A round is known by its nominal time and its pass. */
static int64_t key_of(const struct place_slot *slot)
{
	int64_t local = rule_is_elapsed(slot->reminder->rule) ? slot->slot.utc : slot->slot.local;

	return local * 2 + (slot->slot.pass & 1);
}

struct met {
	int64_t key;
	uint32_t other; /* a member, or OTHER_GONE */
};

struct member {
	const struct person *person;
	int64_t last; /* turn: the key of the last one, or since when they wait. pair: when they were
			 left alone; INT64_MIN: never */
	struct met *met; /* the newest first; with themselves: they had the turn */
	size_t n_met;
};

struct round {
	int64_t key;
	uint32_t holder;  /* turn: a member, or OTHER_NONE */
	uint32_t *others; /* pair: by member, with AGAIN */
};

struct cursor {
	struct place_slot next;
	bool more;
};

/* How a place sees the round that is being decided. */
struct sight {
	bool looked, has;
	struct place_slot slot;
};

struct forecast {
	const struct reminder *reminder;
	struct rounds *owner;
	struct member *members; /* in order of the people's index */
	size_t n_members;
	uint32_t *order; /* turn: who waits the longest first; pair: by id */
	struct cursor *cursors;
	size_t n_cursors;
	struct sight *sights; /* by place */
	signed char *meets;   /* by two places, of one round; -1: not looked at */
	size_t n_places;
	struct round *list; /* in order of key */
	size_t count, capacity;
	int64_t cost;
	UT_hash_handle hh;
};

struct rounds {
	const struct view *view;
	int64_t decided_at;
	struct forecast *forecasts;
};

struct rounds *rounds_new(const struct view *view)
{
	struct rounds *rounds = mem_new(sizeof(*rounds));

	rounds->view = view;
	rounds->decided_at = TIME_NEVER;
	return rounds;
}

static void forecast_free(struct forecast *forecast)
{
	for (size_t i = 0; i < forecast->count; i++)
		free(forecast->list[i].others);
	for (size_t i = 0; i < forecast->n_members; i++)
		free(forecast->members[i].met);
	free(forecast->list);
	free(forecast->members);
	free(forecast->order);
	free(forecast->cursors);
	free(forecast->sights);
	free(forecast->meets);
	free(forecast);
}

void rounds_forget(struct rounds *rounds)
{
	struct forecast *forecast, *next;

	HASH_ITER(hh, rounds->forecasts, forecast, next) {
		HASH_DEL(rounds->forecasts, forecast);
		forecast_free(forecast);
	}
}

void rounds_free(struct rounds *rounds)
{
	if (!rounds)
		return;
	rounds_forget(rounds);
	free(rounds);
}

void rounds_begin(struct rounds *rounds, int64_t decided_at)
{
	rounds_forget(rounds);
	rounds->decided_at = decided_at;
}

/* ---- people, and what is kept of them ---- */

static uint32_t member_of(const struct forecast *forecast, const struct person *person)
{
	size_t low = 0, high = forecast->n_members;

	while (person && low < high) {
		size_t middle = (low + high) / 2;

		if (forecast->members[middle].person->index < person->index)
			low = middle + 1;
		else
			high = middle;
	}
	if (person && low < forecast->n_members && forecast->members[low].person == person)
		return low;
	return OTHER_GONE;
}

static void write_name(const struct reminder *reminder, char name[static NAME_MAX_LEN])
{
	snprintf(name, NAME_MAX_LEN, "%s.%s", reminder->turn ? "turn" : "pair", reminder->id);
}

static const char *kept_of(const struct forecast *forecast, const struct person *person)
{
	const struct view *view = forecast->owner->view;
	char name[NAME_MAX_LEN];

	write_name(forecast->reminder, name);
	return view && view->kept ? view->kept(view->owner, person, name) : NULL;
}

/* In its place among the others, of which the oldest is let go. */
static void add_met(struct member *member, int64_t key, uint32_t other)
{
	size_t at = 0;

	while (at < member->n_met && member->met[at].key > key)
		at++;
	if (at == REMINDER_MEMORY_MAX || (at < member->n_met && member->met[at].key == key))
		return;
	member->n_met = MIN_OF(member->n_met + 1, (size_t)REMINDER_MEMORY_MAX);
	memmove(&member->met[at + 1], &member->met[at],
		(member->n_met - 1 - at) * sizeof(*member->met));
	member->met[at] = (struct met){key, other};
}

/* "KEY:ID KEY:- ...": whom they met, or themselves when they had the turn; and when they were left
 * alone. */
static void read_met(const struct forecast *forecast, const struct model *model, uint32_t number)
{
	struct member *member = &forecast->members[number];
	const char *kept = kept_of(forecast, member->person), *next;

	member->met = mem_new_array(REMINDER_MEMORY_MAX, sizeof(*member->met));
	for (const char *at = kept ? kept : ""; *at; at = next) {
		size_t len = strcspn(at, " "), colon = strcspn(at, ":");
		auto_free char *key_text = str_new_n(at, MIN_OF(colon, len)), *id = NULL;
		int64_t key;

		next = at + len + strspn(at + len, " ");
		if (colon >= len || str_to_int64(key_text, &key) < 0)
			continue;
		id = str_new_n(at + colon + 1, len - colon - 1);
		if (str_eq(id, "-"))
			member->last = MAX_OF(member->last, key);
		else
			add_met(member, key, member_of(forecast, model_person(model, id)));
	}
}

/* Who never had a turn waits since they were first known. */
static int64_t waits_since(const struct forecast *forecast, const struct member *member)
{
	const struct view *view = forecast->owner->view;
	int64_t begun = view && view->begun
				? view->begun(view->owner, forecast->reminder, member->person)
				: INT64_MIN;

	if (member->n_met)
		return member->met[0].key;
	return begun == INT64_MIN ? begun : begun / 1000 * 2;
}

static int by_waiting(const void *a, const void *b, void *data)
{
	const struct member *members = data;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (members[x].last != members[y].last)
		return members[x].last < members[y].last ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int by_person_id(const void *a, const void *b, void *data)
{
	const struct member *members = data;

	return strcmp(
		members[*(const uint32_t *)a].person->id, members[*(const uint32_t *)b].person->id);
}

static void gather_members(struct forecast *forecast, const struct model *model)
{
	const struct reminder *reminder = forecast->reminder;

	forecast->members = mem_new_array(reminder->n_pairs, sizeof(*forecast->members));
	forecast->order = mem_new_array(reminder->n_pairs, sizeof(*forecast->order));
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		forecast->order[i] = i;
		forecast->members[i].person = model->people[reminder->pairs[i].recipient];
	}
	forecast->n_members = reminder->n_pairs;
	for (uint32_t i = 0; i < forecast->n_members; i++) {
		struct member *member = &forecast->members[i];

		member->last = INT64_MIN;
		read_met(forecast, model, i);
		if (reminder->turn)
			member->last = waits_since(forecast, member);
	}
	qsort_r(forecast->order, forecast->n_members, sizeof(*forecast->order),
		reminder->turn ? by_waiting : by_person_id, forecast->members);
}

static void set_cursors(struct forecast *forecast, const struct model *model)
{
	auto_free bool *has_people = mem_new_array(model->n_places, sizeof(*has_people));

	forecast->n_places = model->n_places;
	forecast->sights = mem_new_array(model->n_places, sizeof(*forecast->sights));
	forecast->meets = mem_new_array(model->n_places * model->n_places, 1);
	forecast->cursors = mem_new_array(model->n_places, sizeof(*forecast->cursors));
	for (size_t i = 0; i < forecast->n_members; i++)
		has_people[forecast->members[i].person->place->index] = true;
	for (size_t p = 0; p < model->n_places; p++) {
		struct cursor *cursor = &forecast->cursors[forecast->n_cursors];

		if (!has_people[p])
			continue;
		cursor->more = resolver_first(forecast->reminder, model->places[p],
			forecast->owner->decided_at, &cursor->next);
		forecast->n_cursors++;
	}
}

static struct forecast *forecast_of(
	struct rounds *rounds, const struct model *model, const struct reminder *reminder)
{
	struct forecast *forecast;

	HASH_FIND_PTR(rounds->forecasts, &reminder, forecast);
	if (forecast)
		return forecast;
	forecast = mem_new(sizeof(*forecast));
	forecast->reminder = reminder;
	forecast->owner = rounds;
	gather_members(forecast, model);
	if (rounds->decided_at != TIME_NEVER)
		set_cursors(forecast, model);
	HASH_ADD_PTR(rounds->forecasts, reminder, forecast);
	return forecast;
}

/* ---- who is there ---- */

/* The slot of this key as a place sees it. */
static bool find_slot(const struct forecast *forecast, const struct place *place, int64_t key,
	struct place_slot *ret)
{
	const struct reminder *reminder = forecast->reminder;
	int64_t local = (key - (key & 1)) / 2, first = local, second = local, at;

	if (!rule_is_elapsed(reminder->rule))
		zone_to_utc(resolver_zone(reminder, place), local, &first, &second);
	at = MIN_OF(first, second) - 1;
	for (int i = 0; i < SEEK_MOST && resolver_next(reminder, place, at, ret); i++) {
		if (key_of(ret) == key)
			return true;
		at = ret->slot.utc;
		if (at > MAX_OF(first, second) + DAY_S)
			break;
	}
	return false;
}

static struct sight *sight_of(struct forecast *forecast, const struct place *place, int64_t key)
{
	struct sight *sight = &forecast->sights[place->index];

	if (!sight->looked) {
		sight->looked = true;
		sight->has = find_slot(forecast, place, key, &sight->slot);
	}
	return sight;
}

/* Whether a member's place has not come to the round yet, so that they can be told something else. */
static bool is_untold(struct forecast *forecast, const struct member *member, int64_t key)
{
	const struct sight *sight = sight_of(forecast, member->person->place, key);

	return sight->has && sight->slot.send_at > forecast->owner->decided_at;
}

/* Whether a member could still get this round's message. */
static bool is_there(struct forecast *forecast, const struct member *member, int64_t key)
{
	return is_untold(forecast, member, key) &&
	       resolver_reaches(&forecast->sights[member->person->place->index].slot,
		       member->person, forecast->owner->view);
}

/* ---- turns ---- */

/* To the end of those who wait; an earlier round than the last one's may be decided after it. */
static void requeue(struct forecast *forecast, size_t from)
{
	uint32_t who = forecast->order[from];
	size_t to = from;

	for (; to + 1 < forecast->n_members; to++) {
		if (by_waiting(&forecast->order[to + 1], &who, forecast->members) > 0)
			break;
		forecast->order[to] = forecast->order[to + 1];
	}
	forecast->order[to] = who;
}

static bool had_turn(const struct member *member, int64_t key)
{
	for (size_t i = 0; i < member->n_met && member->met[i].key >= key; i++)
		if (member->met[i].key == key)
			return true;
	return false;
}

static uint32_t find_holder(const struct forecast *forecast, int64_t key)
{
	for (uint32_t i = 0; i < forecast->n_members; i++)
		if (had_turn(&forecast->members[i], key))
			return i;
	return OTHER_NONE;
}

static void decide_turn(struct forecast *forecast, struct round *round)
{
	round->holder = find_holder(forecast, round->key);
	for (size_t i = 0; i < forecast->n_members && round->holder == OTHER_NONE; i++) {
		struct member *member = &forecast->members[forecast->order[i]];

		if (!is_there(forecast, member, round->key))
			continue;
		round->holder = forecast->order[i];
		add_met(member, round->key, round->holder);
		member->last = member->met[0].key;
		requeue(forecast, i);
	}
}

/* ---- pairs ---- */

/* Whether people of two places work at the same time for long enough, soon after an instant. */
static bool places_meet(const struct place *a, const struct place *b, int64_t from_at)
{
	int64_t at = from_at, until = from_at + MEET_DAYS * DAY_S * 1000;

	for (int i = 0; i < MEETS_MOST && at < until; i++) {
		const struct place *const places[] = {a, b, a, b};
		int64_t moved = at;
		enum rule_id rule;

		/* At the beginning of half an hour, then at its last minute. */
		for (size_t k = 0; k < ARRAY_LEN(places); k++) {
			int64_t later = k < 2 ? 0 : (MEET_S - 60) * 1000;
			int64_t allowed = resolver_allowed_at(
				places[k], NULL, moved + later, MEET_DAYS * DAY_S, &rule);

			if (allowed == TIME_NEVER)
				return false;
			moved = k < 2 || allowed != moved + later ? MAX_OF(allowed, moved) : moved;
		}
		if (moved == at)
			return true;
		at = moved;
	}
	return false;
}

static bool can_meet(struct forecast *forecast, const struct person *a, const struct person *b)
{
	size_t x = a->place->index, y = b->place->index;
	signed char *meets = &forecast->meets[MIN_OF(x, y) * forecast->n_places + MAX_OF(x, y)];

	if (*meets < 0)
		*meets = places_meet(a->place, b->place,
			MAX_OF(forecast->sights[x].slot.send_at, forecast->sights[y].slot.send_at));
	return *meets;
}

static uint8_t wish_of(const struct forecast *forecast, const struct member *member, uint32_t other)
{
	size_t memory = MIN_OF(member->n_met, (size_t)forecast->reminder->memory);

	for (size_t i = 0; i < memory; i++)
		if (member->met[i].other == other)
			return i + 1;
	return PAIRING_FRESH;
}

/* What is kept of a round. */
static uint32_t recall(const struct member *member, int64_t key)
{
	for (size_t i = 0; i < member->n_met; i++)
		if (member->met[i].key == key)
			return member->met[i].other;
	return member->last == key ? OTHER_ALONE : OTHER_NONE;
}

/* Whether what was decided of a member still holds: somebody was told, or both are there. */
static bool holds(struct forecast *forecast, uint32_t number, uint32_t other, int64_t key)
{
	const struct member *member = &forecast->members[number];
	const struct member *mate = other < forecast->n_members ? &forecast->members[other] : NULL;

	if (!is_untold(forecast, member, key) || (mate && !is_untold(forecast, mate, key)))
		return true;
	return mate && is_there(forecast, member, key) && is_there(forecast, mate, key);
}

static void take_back(struct member *member, int64_t key)
{
	for (size_t i = 0; i < member->n_met; i++) {
		if (member->met[i].key != key)
			continue;
		member->n_met--;
		memmove(&member->met[i], &member->met[i + 1],
			(member->n_met - i) * sizeof(*member->met));
	}
}

/* What was decided at an earlier place stays, as far as it can. */
static void take_decided(struct forecast *forecast, struct round *round)
{
	for (uint32_t i = 0; i < forecast->n_members; i++) {
		uint32_t other = recall(&forecast->members[i], round->key);

		round->others[i] = other == OTHER_NONE || holds(forecast, i, other, round->key)
					   ? other
					   : OTHER_NONE;
	}
	for (uint32_t i = 0; i < forecast->n_members; i++)
		if (round->others[i] == OTHER_NONE)
			take_back(&forecast->members[i], round->key);
}

/* Everybody else who is there, by id. */
static size_t gather_people(struct forecast *forecast, const struct round *round, uint32_t *who)
{
	size_t count = 0;

	for (size_t i = 0; i < forecast->n_members; i++) {
		uint32_t number = forecast->order[i];

		if (round->others[number] == OTHER_NONE &&
			is_there(forecast, &forecast->members[number], round->key))
			who[count++] = number;
	}
	return count;
}

/* Of the few whom each has met: whoever met later counts. */
static void ask_again(
	const struct forecast *forecast, struct pairing *pairing, const uint32_t *who, size_t count)
{
	auto_free size_t *seats = mem_new_array(forecast->n_members, sizeof(*seats));

	for (size_t i = 0; i < count; i++)
		seats[who[i]] = i + 1;
	for (size_t i = 0; i < count; i++) {
		const struct member *member = &forecast->members[who[i]];

		for (size_t k = 0; k < member->n_met; k++) {
			uint32_t other = member->met[k].other;
			size_t seat = other < forecast->n_members ? seats[other] : 0;
			uint8_t wish = seat && seat != i + 1 ? wish_of(forecast, member, other) : 0;

			if (wish && pairing_wish_of(pairing, i, seat - 1) > wish)
				pairing_wish(pairing, i, seat - 1, wish);
		}
	}
}

static struct pairing *ask(struct forecast *forecast, const uint32_t *who, size_t count)
{
	struct pairing *pairing = pairing_new(count);

	for (size_t i = 0; i < count; i++) {
		const struct member *member = &forecast->members[who[i]];

		pairing->odd_since[i] = member->last;
		for (size_t k = i + 1; k < count; k++)
			if (can_meet(forecast, member->person, forecast->members[who[k]].person))
				pairing_wish(pairing, i, k, PAIRING_FRESH);
	}
	ask_again(forecast, pairing, who, count);
	return pairing;
}

static void note_pair(struct forecast *forecast, struct round *round, uint32_t a, uint32_t b)
{
	bool again = wish_of(forecast, &forecast->members[a], b) != PAIRING_FRESH ||
		     wish_of(forecast, &forecast->members[b], a) != PAIRING_FRESH;

	round->others[a] = b | (again ? AGAIN : 0);
	round->others[b] = a | (again ? AGAIN : 0);
	add_met(&forecast->members[a], round->key, b);
	add_met(&forecast->members[b], round->key, a);
}

/* Of the round, as one of its people counts them. */
static uint64_t number_of(const struct forecast *forecast, uint32_t who)
{
	const struct place *place = forecast->members[who].person->place;

	return resolver_ordinal(
		forecast->reminder, place, &forecast->sights[place->index].slot.slot);
}

static void decide_pairs(struct forecast *forecast, struct round *round)
{
	auto_free uint32_t *who = mem_new_array(forecast->n_members, sizeof(*who));
	auto_free size_t *mates = mem_new_array(forecast->n_members, sizeof(*mates));
	struct pairing *pairing;
	size_t count;

	round->others = mem_new_array(forecast->n_members, sizeof(*round->others));
	take_decided(forecast, round);
	count = gather_people(forecast, round, who);
	pairing = ask(forecast, who, count);
	if (count)
		pairing->number = number_of(forecast, who[0]);
	pairing_solve(pairing, mates);
	for (size_t i = 0; i < count; i++) {
		if (mates[i] == PAIRING_ALONE) {
			round->others[who[i]] = OTHER_ALONE;
			forecast->members[who[i]].last = round->key;
		} else if (mates[i] > i) {
			note_pair(forecast, round, who[i], who[mates[i]]);
		}
	}
	pairing_free(pairing);
}

/* ---- rounds in their order ---- */

/* Where the round of a key is in the list, or would be. */
static size_t seat_of(const struct forecast *forecast, int64_t key)
{
	size_t low = 0, high = forecast->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (forecast->list[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct round *find_round(const struct forecast *forecast, int64_t key)
{
	size_t at = seat_of(forecast, key);

	return at < forecast->count && forecast->list[at].key == key ? &forecast->list[at] : NULL;
}

static void decide(struct forecast *forecast, int64_t key)
{
	struct round round = {.key = key, .holder = OTHER_NONE};
	size_t at = seat_of(forecast, key);
	int64_t members = (int64_t)forecast->n_members;

	if (find_round(forecast, key))
		return;
	memset(forecast->sights, 0, forecast->n_places * sizeof(*forecast->sights));
	memset(forecast->meets, -1, forecast->n_places * forecast->n_places);
	if (forecast->reminder->turn)
		decide_turn(forecast, &round);
	else
		decide_pairs(forecast, &round);
	forecast->cost += TURN_COST + (forecast->reminder->pair ? members * members : members);
	ARRAY_GROW(forecast->list, forecast->count, forecast->capacity);
	memmove(&forecast->list[at + 1], &forecast->list[at],
		(forecast->count - at) * sizeof(*forecast->list));
	forecast->list[at] = round;
	forecast->count++;
}

static struct cursor *first_cursor(const struct forecast *forecast)
{
	struct cursor *first = NULL;

	for (size_t i = 0; i < forecast->n_cursors; i++) {
		struct cursor *cursor = &forecast->cursors[i];

		if (cursor->more && (!first || cursor->next.send_at < first->next.send_at))
			first = cursor;
	}
	return first;
}

/* Decides every round that any place comes to by then. */
static void advance(struct forecast *forecast, int64_t until_at)
{
	struct cursor *cursor;

	while ((cursor = first_cursor(forecast)) && cursor->next.send_at <= until_at &&
		forecast->cost < COST_MOST) {
		decide(forecast, key_of(&cursor->next));
		cursor->more = resolver_follow(&cursor->next, &cursor->next);
	}
}

static struct forecast *look_ahead(
	struct rounds *rounds, const struct model *model, const struct place_slot *slot)
{
	struct forecast *forecast = forecast_of(rounds, model, slot->reminder);

	advance(forecast, slot->send_at);
	return forecast;
}

/* ---- answers ---- */

const struct person *rounds_turn(
	struct rounds *rounds, const struct model *model, const struct place_slot *slot)
{
	struct forecast *forecast = look_ahead(rounds, model, slot);
	const struct round *round = find_round(forecast, key_of(slot));
	uint32_t holder = round ? round->holder : find_holder(forecast, key_of(slot));

	return holder == OTHER_NONE ? NULL : forecast->members[holder].person;
}

struct meeting rounds_meeting(struct rounds *rounds, const struct model *model,
	const struct place_slot *slot, const struct person *person)
{
	struct forecast *forecast = look_ahead(rounds, model, slot);
	const struct round *round = find_round(forecast, key_of(slot));
	uint32_t number = member_of(forecast, person), other;

	if (number == OTHER_GONE)
		return (struct meeting){MEETING_NONE};
	other = round ? round->others[number] : recall(&forecast->members[number], key_of(slot));
	if ((other & ~AGAIN) < forecast->n_members)
		return (struct meeting){other & AGAIN ? MEETING_AGAIN : MEETING_WITH,
			forecast->members[other & ~AGAIN].person};
	return (struct meeting){other == OTHER_ALONE ? MEETING_ALONE : MEETING_NONE};
}

/* ---- what is kept ---- */

static void write_met(const struct forecast *forecast, const struct member *member, struct buf *out)
{
	for (size_t i = 0; i < member->n_met; i++) {
		if (member->met[i].other >= forecast->n_members)
			continue;
		buf_printf(out, "%s%lld:%s", out->len ? " " : "", (long long)member->met[i].key,
			forecast->members[member->met[i].other].person->id);
	}
	if (forecast->reminder->pair && member->last != INT64_MIN)
		buf_printf(out, "%s%lld:-", out->len ? " " : "", (long long)member->last);
}

/* Of all of the round, so that each place finds what another one has decided. */
static void settle_pairs(const struct forecast *forecast, const struct round *round,
	const struct place *place,
	void (*keep)(void *owner, const char *person, const char *name, const char *value),
	void *owner)
{
	char name[NAME_MAX_LEN];

	write_name(forecast->reminder, name);
	for (uint32_t i = 0; i < forecast->n_members; i++) {
		const struct member *member = &forecast->members[i];
		cleanup(buf_free) struct buf value = BUF_MAX(VALUE_MAX);

		write_met(forecast, member, &value);
		/* The change before may have been lost on its way to the store. */
		if (member->person->place == place
				? round->others[i] != OTHER_NONE
				: !str_eq(buf_str(&value), kept_of(forecast, member->person)))
			keep(owner, member->person->id, name, buf_str(&value));
	}
}

void rounds_settle(struct rounds *rounds, const struct model *model, const struct place_slot *slot,
	void (*keep)(void *owner, const char *person, const char *name, const char *value),
	void *owner)
{
	const struct forecast *forecast;
	const struct member *holder;
	const struct round *round;
	cleanup(buf_free) struct buf value = BUF_MAX(VALUE_MAX);
	char name[NAME_MAX_LEN];

	/* One that has looked further ahead knows of meetings that are still to come. */
	rounds_forget(rounds);
	forecast = look_ahead(rounds, model, slot);
	round = find_round(forecast, key_of(slot));
	if (!round)
		return;
	if (slot->reminder->pair) {
		settle_pairs(forecast, round, slot->place, keep, owner);
		return;
	}
	holder = round->holder == OTHER_NONE ? NULL : &forecast->members[round->holder];
	/* One elsewhere has the turn when it is time there. */
	if (!holder || holder->person->place != slot->place)
		return;
	write_name(slot->reminder, name);
	write_met(forecast, holder, &value);
	keep(owner, holder->person->id, name, buf_str(&value));
}
