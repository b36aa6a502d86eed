/* A general matching by augmenting paths (Edmonds' blossoms), begun from a round-robin so that most
 * rounds need no repair. First it is decided who is paired at all, then with whom: an odd one is chosen
 * by fairness, and among those who are left repeats are the fewest that there can be. Knows nothing of
 * people, time or the record. */
#include "model/pairing.h"

#include <string.h>

#define NOBODY PAIRING_ALONE

struct pairing *pairing_new(size_t count)
{
	struct pairing *pairing = mem_new(sizeof(*pairing));

	pairing->count = count;
	pairing->wishes = mem_new_array(count * count, sizeof(*pairing->wishes));
	pairing->odd_since = mem_new_array(count, sizeof(*pairing->odd_since));
	for (size_t i = 0; i < count; i++)
		pairing->odd_since[i] = INT64_MIN;
	return pairing;
}

void pairing_free(struct pairing *pairing)
{
	if (!pairing)
		return;
	free(pairing->wishes);
	free(pairing->odd_since);
	free(pairing);
}

void pairing_wish(struct pairing *pairing, size_t a, size_t b, uint8_t wish)
{
	assert(a != b && a < pairing->count && b < pairing->count);
	pairing->wishes[a * pairing->count + b] = wish;
	pairing->wishes[b * pairing->count + a] = wish;
}

/* One search for a way to pair somebody more. */
struct search {
	const struct pairing *pairing;
	size_t count;
	uint8_t least; /* wishes below this one do not count */
	bool *out;     /* who takes no part in the search; NULL: nobody */
	size_t *mates;
	size_t *from; /* along the alternating tree */
	size_t *base; /* of the blossom that each is in */
	bool *outer;  /* reached over an even number of steps */
	bool *marked;
	size_t *queue;
	size_t n_queue;
};

static bool can_meet(const struct search *search, size_t a, size_t b)
{
	return a != b && !(search->out && search->out[b]) &&
	       pairing_wish_of(search->pairing, a, b) >= search->least;
}

/* ---- blossoms ---- */

/* Where the ways of two outer ones back to the root come together. */
static size_t find_common(struct search *search, size_t a, size_t b)
{
	memset(search->marked, 0, search->count * sizeof(*search->marked));
	for (;;) {
		a = search->base[a];
		search->marked[a] = true;
		if (search->mates[a] == NOBODY)
			break;
		a = search->from[search->mates[a]];
	}
	for (b = search->base[b]; !search->marked[b];
		b = search->base[search->from[search->mates[b]]])
		;
	return b;
}

static void mark_way(struct search *search, size_t who, size_t common, size_t child)
{
	while (search->base[who] != common) {
		size_t mate = search->mates[who];

		search->marked[search->base[who]] = search->marked[search->base[mate]] = true;
		search->from[who] = child;
		child = mate;
		who = search->from[mate];
	}
}

/* An odd circle becomes one: whoever is in it can be reached over an even number of steps. */
static void contract(struct search *search, size_t a, size_t b)
{
	size_t common = find_common(search, a, b);

	memset(search->marked, 0, search->count * sizeof(*search->marked));
	mark_way(search, a, common, b);
	mark_way(search, b, common, a);
	for (size_t i = 0; i < search->count; i++) {
		if (!search->marked[search->base[i]])
			continue;
		search->base[i] = common;
		if (!search->outer[i]) {
			search->outer[i] = true;
			search->queue[search->n_queue++] = i;
		}
	}
}

/* ---- the search ---- */

static void search_begin(struct search *search, size_t root)
{
	for (size_t i = 0; i < search->count; i++) {
		search->from[i] = NOBODY;
		search->base[i] = i;
	}
	memset(search->outer, 0, search->count * sizeof(*search->outer));
	search->outer[root] = true;
	search->queue[0] = root;
	search->n_queue = 1;
}

/* Looks at one who is reachable: somebody without a mate ends the search. */
static size_t look_from(struct search *search, size_t who, size_t root)
{
	for (size_t other = 0; other < search->count; other++) {
		if (search->base[who] == search->base[other] || search->mates[who] == other ||
			!can_meet(search, who, other))
			continue;
		if (search->outer[other]) {
			contract(search, who, other);
		} else if (other != root && search->from[other] == NOBODY) {
			search->from[other] = who;
			if (search->mates[other] == NOBODY)
				return other;
			search->outer[search->mates[other]] = true;
			search->queue[search->n_queue++] = search->mates[other];
		}
	}
	return NOBODY;
}

/* Somebody without a mate to whom a way leads from the root, or NOBODY: then `outer` says who could
 * stay alone in the root's place. */
static size_t search_run(struct search *search, size_t root)
{
	search_begin(search, root);
	for (size_t i = 0; i < search->n_queue; i++) {
		size_t found = look_from(search, search->queue[i], root);

		if (found != NOBODY)
			return found;
	}
	return NOBODY;
}

/* Turns over the way that leads from the root to who has no mate. */
static void turn_over(struct search *search, size_t who)
{
	while (who != NOBODY) {
		size_t to = search->from[who], next = search->mates[to];

		search->mates[who] = to;
		search->mates[to] = who;
		who = next;
	}
}

/* ---- steps ---- */

static bool is_alone(const struct search *search, size_t who)
{
	return search->mates[who] == NOBODY && !(search->out && search->out[who]);
}

/* As many pairs as there can be. Nobody who has a mate loses one, but for another. */
static void pair_all(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		size_t found;

		if (!is_alone(search, i))
			continue;
		found = search_run(search, i);
		if (found != NOBODY)
			turn_over(search, found);
	}
}

/* Of those who could stay alone in the root's place, whom it is the longest since. */
static size_t find_substitute(const struct search *search, size_t root)
{
	const int64_t *odd_since = search->pairing->odd_since;
	size_t found = root;

	for (size_t i = 0; i < search->count; i++)
		if (search->outer[i] && odd_since[i] < odd_since[found])
			found = i;
	return found;
}

/* Whoever is alone for want of another changes places with somebody who was not so lately. */
static void make_fair(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		size_t substitute, mate;

		if (!is_alone(search, i) || search_run(search, i) != NOBODY)
			continue;
		substitute = find_substitute(search, i);
		if (substitute == i)
			continue;
		mate = search->mates[substitute];
		search->mates[substitute] = NOBODY;
		turn_over(search, mate);
	}
}

/* Two who are alone and can meet, do: whose last meeting is the longest ago. */
static void pair_again(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		size_t best = NOBODY;

		for (size_t k = 0; k < search->count && is_alone(search, i); k++)
			if (is_alone(search, k) && can_meet(search, i, k) &&
				(best == NOBODY ||
					pairing_wish_of(search->pairing, i, k) >
						pairing_wish_of(search->pairing, i, best)))
				best = k;
		if (best != NOBODY) {
			search->mates[i] = best;
			search->mates[best] = i;
		}
	}
}

/* ---- where it begins ---- */

/* Whom one meets in a turn of the round-robin of an even number; the last one stands still. */
static size_t robin_mate(size_t who, size_t turn, size_t even)
{
	size_t circle = even - 1;

	if (who == circle)
		return turn * (even / 2) % circle;
	return (2 * who) % circle == turn ? circle : (turn + circle - who) % circle;
}

static bool is_fresh(const struct pairing *pairing, size_t who, size_t mate)
{
	return mate < pairing->count && pairing_wish_of(pairing, who, mate) == PAIRING_FRESH;
}

/* The turn in which the most do not meet again; of several the round's own, or what follows it. */
static size_t best_turn(const struct pairing *pairing, size_t even)
{
	enum { TURNS_MOST = 64 }; /* of many people nearly every turn is a good one */
	size_t best = 0, most = 0;

	for (size_t n = 0; n + 1 < even && n < TURNS_MOST && most < pairing->count / 2 * 2; n++) {
		size_t turn = (pairing->number + n) % (even - 1), fresh = 0;

		for (size_t i = 0; i < pairing->count; i++)
			fresh += is_fresh(pairing, i, robin_mate(i, turn, even));
		if (fresh > most) {
			best = turn;
			most = fresh;
		}
	}
	return best;
}

/* Takes the pairs of a turn of the round-robin that need no repair. */
static void begin_with_robin(struct search *search)
{
	const struct pairing *pairing = search->pairing;
	size_t even = pairing->count + pairing->count % 2, best = best_turn(pairing, even);

	for (size_t i = 0; i < pairing->count; i++) {
		size_t mate = robin_mate(i, best, even);

		if (is_fresh(pairing, i, mate))
			search->mates[i] = mate;
	}
}

/* ---- all of it ---- */

static void choose_who(struct search *search)
{
	search->least = PAIRING_FRESH;
	pair_all(search);
	make_fair(search);
	search->least = PAIRING_NEVER + 1;
	pair_all(search);
	make_fair(search);
}

/* Among those who are paired at all: the fewest repeats. */
static void choose_whom(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		search->out[i] = search->mates[i] == NOBODY;
	for (size_t i = 0; i < search->count; i++) {
		size_t mate = search->mates[i];

		if (mate != NOBODY && pairing_wish_of(search->pairing, i, mate) != PAIRING_FRESH)
			search->mates[i] = search->mates[mate] = NOBODY;
	}
	search->least = PAIRING_FRESH;
	pair_all(search);
	search->least = PAIRING_NEVER + 1;
	pair_again(search);
	pair_all(search);
}

void pairing_solve(const struct pairing *pairing, size_t *ret_mates)
{
	size_t count = pairing->count;
	auto_free size_t *from = NULL, *base = NULL, *queue = NULL;
	auto_free bool *outer = mem_new_array(count, sizeof(bool));
	auto_free bool *marked = mem_new_array(count, sizeof(bool));
	auto_free bool *out = mem_new_array(count, sizeof(bool));
	struct search search = {.pairing = pairing,
		.count = count,
		.mates = ret_mates,
		.outer = outer,
		.marked = marked,
		.out = out};

	from = search.from = mem_new_array(count, sizeof(*from));
	base = search.base = mem_new_array(count, sizeof(*base));
	queue = search.queue = mem_new_array(count, sizeof(*queue));
	for (size_t i = 0; i < count; i++)
		ret_mates[i] = NOBODY;
	begin_with_robin(&search);
	choose_who(&search);
	choose_whom(&search);
}
