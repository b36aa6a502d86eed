/* What is kept for people: recorded first, then known. Decides nothing about what it means. */
#include "engine/engine_internal.h"
#include "model/kept.h"

#include <errno.h>

struct keeping {
	struct engine *engine;
	engine_on_done on_done;
	void *owner;
	char *person, *name, *value;
	int error; /* of a refusal, with its sentence */
	char *why;
};

static void keeping_end(struct keeping *keeping, int error, const char *why)
{
	keeping->on_done(keeping->owner, error, why);
	free(keeping->person);
	free(keeping->name);
	free(keeping->value);
	free(keeping->why);
	free(keeping);
}

static void on_kept(void *owner, const struct store_result *result)
{
	struct keeping *keeping = owner;

	if (keeping->error) {
		keeping_end(keeping, keeping->error, keeping->why);
		return;
	}
	if (result->error) {
		engine_store_failed(keeping->engine, result->error);
		keeping_end(keeping, result->error, "it could not be kept; try again later");
		return;
	}
	known_keep(keeping->engine->known, keeping->person, keeping->name, keeping->value);
	keeping_end(keeping, 0, NULL);
}

static void refuse(struct keeping *keeping, int error, char *why)
{
	keeping->error = error;
	keeping->why = why;
}

void engine_keep(struct engine *engine, const char *person, const char *name, const char *value,
	engine_on_done on_done, void *owner)
{
	struct keeping *keeping = mem_new(sizeof(*keeping));
	struct change *change = change_new();
	char *why = value ? kept_why_not(name, value) : NULL;

	*keeping = (struct keeping){.engine = engine,
		.on_done = on_done,
		.owner = owner,
		.person = str_new(person),
		.name = str_new(name),
		.value = str_new(value)};
	if (!model_person(engine->model, person))
		refuse(keeping, -ENOENT, str_printf("no such person: %s", person));
	else if (why)
		refuse(keeping, -EINVAL, str_new(why));
	else if (kept_note_of(name))
		refuse(keeping, -EINVAL, str_new("that is a note of nudged's own"));
	else if (!known_can_keep(engine->known, person, name))
		refuse(keeping, -EINVAL, str_new("too much is kept for this person already"));
	else
		change_keep(change, person, name, value);
	free(why);
	/* A refusal, too, is answered on a later turn of the loop. */
	store_apply(engine->store, change, on_kept, keeping);
}

const char *engine_kept(const struct engine *engine, const char *person, const char *name)
{
	return known_kept(engine->known, person, name);
}

bool engine_kept_at(const struct engine *engine, const char *person, size_t index,
	const char **ret_name, const char **ret_value)
{
	return known_kept_at(engine->known, person, index, ret_name, ret_value);
}

int64_t engine_begun(const struct engine *engine, const char *person)
{
	return known_person_begun(engine->known, person);
}
