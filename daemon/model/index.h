/* Objects found by id in O(1): open addressing over pointers, 8 to 16 bytes an entry. The first
 * member of every object must be its `char *id`, which may not change while it is in. Lends. */
#pragma once

#include "base/mem.h"

struct index {
	void **slots;
	size_t count, room;
};

void index_free(struct index *index); /* forgets the objects, frees the table */
/* Puts the object in and gives NULL, or gives the one that has its id already. */
void *index_put(struct index *index, void *object);
void *index_find(const struct index *index, const char *id); /* NULL: none */
