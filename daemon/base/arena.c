/* Copies in blocks that grow at the end. Owns the blocks; nothing is given back before all is. */
#include "base/arena.h"

#include <stddef.h>
#include <string.h>

enum {
	FIRST_SIZE = 512, /* an arena of one small copy should not cost a large block */
	BLOCK_SIZE = 16384,
};

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

void *arena_keep(struct arena *arena, const void *bytes, size_t size)
{
	struct arena_block *b = arena->blocks;
	size_t aligned = (size + 15) & ~(size_t)15;
	void *place;

	if (!b || b->size - b->used < aligned) {
		size_t room = MAX_OF(aligned, (size_t)(b ? BLOCK_SIZE : FIRST_SIZE));

		b = mem_resize(NULL, 1, sizeof(*b) + room);
		b->size = room;
		b->used = 0;
		b->next = arena->blocks;
		arena->blocks = b;
	}
	place = b->bytes + b->used;
	b->used += aligned;
	return memcpy(place, bytes, size);
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_keep(arena, text, strlen(text) + 1) : NULL;
}

void arena_free(struct arena *arena)
{
	for (struct arena_block *b = arena->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	arena->blocks = NULL;
}
