/* Chance and hashes. Chance is for back-off and secrets; whatever a preview must show (wording,
 * jitter, fading) is a hash of the identity instead. */
#pragma once

#include "base/mem.h"

/* Uniform in [0, bound); bound > 0. Seeded runs repeat: for tests and simulations. */
uint64_t random_below(uint64_t bound);
void random_seed(uint64_t seed);
/* Never seeded: keys, ids. */
void random_secret_bytes(void *bytes, size_t len);

/* A stable 64-bit hash of the parts (each part is length-prefixed, so "ab","c" is not "a","bc").
 * parts ends with NULL. Not for security. The same on every machine and for ever. */
uint64_t hash_parts(const char *const *parts);
#define HASH_OF(...) hash_parts((const char *const[]){__VA_ARGS__, NULL})
