/* The table behind model_person() and its sisters. Owns its slots, never what they point to. Grows
 * by doubling at half full, so a probe is short; nothing is ever removed. */
#include "model/index.h"
#include "base/random.h"
#include "base/str.h"

static const char *object_id(const void *object)
{
	return *(char *const *)object;
}

/* The slot that holds the id, or the free one where it belongs. */
static size_t find_slot(void *const *slots, size_t room, const char *id)
{
	size_t at = HASH_OF(id) & (room - 1);

	while (slots[at] && strcmp(object_id(slots[at]), id) != 0)
		at = (at + 1) & (room - 1);
	return at;
}

static void grow(struct index *index)
{
	size_t room = index->room ? index->room * 2 : 16;
	void **slots = mem_new_array(room, sizeof(*slots));

	for (size_t i = 0; i < index->room; i++) {
		void *object = index->slots[i];

		if (object)
			slots[find_slot(slots, room, object_id(object))] = object;
	}
	free(index->slots);
	index->slots = slots;
	index->room = room;
}

void index_free(struct index *index)
{
	free(index->slots);
	*index = (struct index){0};
}

void *index_put(struct index *index, void *object)
{
	size_t at;

	assert(object_id(object));
	if (2 * (index->count + 1) > index->room)
		grow(index);
	at = find_slot(index->slots, index->room, object_id(object));
	if (index->slots[at])
		return index->slots[at];
	index->slots[at] = object;
	index->count++;
	return NULL;
}

void *index_find(const struct index *index, const char *id)
{
	if (!index->room || !id)
		return NULL;
	return index->slots[find_slot(index->slots, index->room, id)];
}
