/* Copies that live and go together: many small ones, without a header each. */
#pragma once

#include "base/mem.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* zeroed: empty */
};

/* A copy, aligned for anything. */
void *arena_keep(struct arena *arena, const void *bytes, size_t size);
char *arena_text(struct arena *arena, const char *text); /* NULL gives NULL */
void arena_free(struct arena *arena);
