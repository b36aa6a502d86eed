/* An intrusive binary min-heap ordered by a 64-bit key (usually an instant in ms). The heap owns
 * its array, never its nodes. All operations are O(log n). */
#pragma once

#include "base/mem.h"

struct heap_node {
	int64_t key;
	size_t at; /* place in the array + 1; 0 = not in a heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count, capacity;
};

void heap_free(struct heap *heap); /* forgets the nodes, frees the array */
/* Puts the node in, or moves it when it is in already. */
void heap_put(struct heap *heap, struct heap_node *node, int64_t key);
void heap_remove(struct heap *heap, struct heap_node *node); /* no-op when it is not in */
struct heap_node *heap_first(const struct heap *heap);       /* NULL when empty; lent */
static inline bool heap_has(const struct heap_node *node)
{
	return node->at != 0;
}
