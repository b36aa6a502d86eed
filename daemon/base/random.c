/* Chance and stable hashes. Owns the seeded generator's state (the loop's thread only). */
#include "base/random.h"

#include <sodium.h>
#include <string.h>

static uint64_t state;
static bool seeded;

void random_seed(uint64_t seed)
{
	state = seed;
	seeded = true;
}

/* splitmix64: enough for back-off and simulations. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint64_t random_below(uint64_t bound)
{
	assert(bound > 0);
	if (!seeded) {
		randombytes_buf(&state, sizeof(state));
		seeded = true;
	}
	state += UINT64_C(0x9E3779B97F4A7C15);
	return (uint64_t)(((unsigned __int128)mix(state) * bound) >> 64);
}

void random_secret_bytes(void *bytes, size_t len)
{
	randombytes_buf(bytes, len);
}

uint64_t hash_parts(const char *const *parts)
{
	/* FNV-1a over length and bytes of each part, finished by a mixer: stable across machines.
	 */
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (; *parts; parts++) {
		size_t len = strlen(*parts);

		for (int i = 0; i < 4; i++)
			h = (h ^ (len >> (8 * i) & 255)) * UINT64_C(0x100000001B3);
		for (size_t i = 0; i < len; i++)
			h = (h ^ (unsigned char)(*parts)[i]) * UINT64_C(0x100000001B3);
	}
	return mix(h);
}
