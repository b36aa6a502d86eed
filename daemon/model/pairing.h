/* Who meets whom in a round of pairs: a matching of as many as possible, then fair to whoever was the
 * odd one before, then with as few repeats as possible. Pure: the same question gives the same pairs. */
#pragma once

#include "base/mem.h"

enum {
	PAIRING_NEVER = 0, /* they cannot meet */
	PAIRING_FRESH =
		255, /* nothing speaks against it; below: they met, the higher the longer ago */
};

/* The people of a round, in an order that stays the same from round to round: then nobody meets
 * anybody again before all others had their turn, as long as nobody comes or goes. */
struct pairing {
	size_t count;
	uint64_t number; /* of the round: each begins with another turn of the round-robin */
	uint8_t *wishes; /* count x count, symmetric */
	/* When each was last left alone: the later, the sooner they get somebody. INT64_MIN: never. */
	int64_t *odd_since;
};

struct pairing *pairing_new(size_t count);
void pairing_free(struct pairing *pairing);
/* For both sides. */
void pairing_wish(struct pairing *pairing, size_t a, size_t b, uint8_t wish);
static inline uint8_t pairing_wish_of(const struct pairing *pairing, size_t a, size_t b)
{
	return pairing->wishes[a * pairing->count + b];
}

#define PAIRING_ALONE SIZE_MAX
/* ret_mates[i] is whom i meets, or PAIRING_ALONE. */
void pairing_solve(const struct pairing *pairing, size_t *ret_mates);
