/* Binary heap of borrowed nodes; owns the array of pointers only. */
#include "base/heap.h"

static void heap_place(struct heap *heap, size_t i, struct heap_node *node)
{
	heap->nodes[i] = node;
	node->at = i + 1;
}

static void heap_up(struct heap *heap, size_t i)
{
	struct heap_node *node = heap->nodes[i];

	while (i > 0 && heap->nodes[(i - 1) / 2]->key > node->key) {
		heap_place(heap, i, heap->nodes[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_place(heap, i, node);
}

static void heap_down(struct heap *heap, size_t i)
{
	struct heap_node *node = heap->nodes[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
			heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (heap->nodes[child]->key >= node->key)
			break;
		heap_place(heap, i, heap->nodes[child]);
		i = child;
	}
	heap_place(heap, i, node);
}

void heap_free(struct heap *heap)
{
	for (size_t i = 0; i < heap->count; i++)
		heap->nodes[i]->at = 0;
	free(heap->nodes);
	*heap = (struct heap){0};
}

void heap_put(struct heap *heap, struct heap_node *node, int64_t key)
{
	if (!node->at) {
		ARRAY_GROW(heap->nodes, heap->count, heap->capacity);
		heap_place(heap, heap->count++, node);
	}
	assert(heap->nodes[node->at - 1] == node);
	node->key = key;
	heap_up(heap, node->at - 1);
	heap_down(heap, node->at - 1);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	size_t i = node->at;

	if (!i)
		return;
	assert(heap->nodes[i - 1] == node);
	node->at = 0;
	if (--heap->count == i - 1)
		return;
	heap_place(heap, i - 1, heap->nodes[heap->count]);
	heap_up(heap, i - 1);
	heap_down(heap, heap->nodes[i - 1]->at - 1);
}

struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}
