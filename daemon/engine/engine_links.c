/* Links of persons: whose page or calendar a token opens, and what to give to somebody. Owns an index
 * of the model's people by the keyed hash in their links, made when it is first needed: a visitor costs
 * one look-up and one signature, however many people there are. Never logs a link. */
#include "engine/engine_internal.h"

#include <inttypes.h>

/* Open addressing, at most half full; a slot is a person's place in the model plus one. */
struct link_index {
	size_t mask;
	uint32_t slots[];
};

static struct link_index *index_new(const struct link_key *key, const struct model *model)
{
	struct link_index *index;
	size_t size = 16;

	while (size < model->n_people * 2)
		size *= 2;
	index = mem_new(sizeof(*index) + size * sizeof(index->slots[0]));
	index->mask = size - 1;
	for (size_t i = 0; i < model->n_people; i++) {
		size_t at = link_tag(key, model->people[i]->id) & index->mask;

		while (index->slots[at])
			at = (at + 1) & index->mask;
		index->slots[at] = (uint32_t)i + 1;
	}
	return index;
}

/* What makes older links of a person void: it is part of each. */
static int64_t link_number(const struct engine *engine, const char *person)
{
	const char *kept = known_kept(engine->known, person, "link");
	int64_t number;

	return kept && str_to_int64(kept, &number) == 0 ? number : 0;
}

void links_forget(struct engine *engine)
{
	free(engine->links);
	engine->links = NULL;
}

const struct person *engine_link_person(
	struct engine *engine, const char *token, enum link_purpose purpose)
{
	const struct link_key *key = &engine->link_key;
	uint64_t tag;

	if (!link_read_tag(token, &tag))
		return NULL;
	if (!engine->links)
		engine->links = index_new(key, engine->model);
	for (size_t at = tag & engine->links->mask; engine->links->slots[at];
		at = (at + 1) & engine->links->mask) {
		const struct person *person = engine->model->people[engine->links->slots[at] - 1];

		if (link_tag(key, person->id) == tag &&
			!known_is_forgotten(engine->known, person->id) &&
			link_is_of(
				key, token, purpose, person->id, link_number(engine, person->id)))
			return person;
	}
	return NULL;
}

char *engine_person_url(
	const struct engine *engine, const struct person *person, enum link_purpose purpose)
{
	char token[LINK_PERSON_TOKEN];

	if (!engine->model->public_url)
		return NULL;
	link_write_person(
		&engine->link_key, purpose, person->id, link_number(engine, person->id), token);
	return str_printf("%s/me/%s%s", engine->model->public_url, token,
		purpose == LINK_CALENDAR ? ".ics" : "");
}

void engine_renew_links(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner)
{
	auto_free char *number = str_printf("%" PRId64, link_number(engine, person) + 1);

	engine_keep(engine, person, "link", number, on_done, owner);
}
