/* Forgetting people: what the store has of them goes, what is on its way to them is taken back, and a
 * hashed mark stays. Who is marked gets nothing and is not spoken of, also while the configuration still
 * names them. Never names them in the log. */
#include "engine/engine_internal.h"

#include <errno.h>

static void on_forgotten(void *owner, const struct store_result *result)
{
	struct asked *asked = owner;
	const struct store_removed *removed = &result->removed;
	auto_free char *why = str_printf(
		"%zu rows removed: %zu occurrences, %zu deliveries, %zu pauses and opt-outs, %zu "
		"beginnings, %zu kept values",
		result->count, removed->occurrences, removed->deliveries, removed->pauses,
		removed->begins, removed->kept);

	char mark[FORGOTTEN_NAME];

	store_forgotten_name(asked->what, mark);
	if (result->error)
		known_unmark(asked->engine->known, mark);
	else
		known_forget(asked->engine->known, asked->what);
	asked_end(asked, result->error, result->error ? "the store cannot record it" : why);
}

static void cancel_of_person(struct engine *engine, const char *person)
{
	dispatch_cancel_person(engine->dispatch, person, "the person is forgotten");
	hold_cancel_person(engine, person, "the person is forgotten");
	follow_forget_person(engine->follow, person);
}

/* From here on nothing new is planned for them. */
static void forget(struct asked *asked, const char *person)
{
	struct engine *engine = asked->engine;
	char mark[FORGOTTEN_NAME];

	store_forgotten_name(person, mark);
	known_mark(engine->known, mark);
	cancel_of_person(engine, person);
	asked->what = str_new(person);
	store_forget(engine->store, person, on_forgotten, asked);
}

void engine_forget(struct engine *engine, const char *person, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);

	if (model_person(engine->model, person)) {
		asked_refuse(asked, -EBUSY,
			str_printf("%s is still in the configuration: remove them there and reload "
				   "first",
				person));
		return;
	}
	forget(asked, person);
}

void engine_forget_self(
	struct engine *engine, const char *person, engine_on_done on_done, void *owner)
{
	forget(asked_new(engine, on_done, owner), person);
}

/* ---- the way back ---- */

static void on_remembered(void *owner, const struct store_result *result)
{
	struct asked *asked = owner;
	char mark[FORGOTTEN_NAME];

	if (!result->error) {
		store_forgotten_name(asked->what, mark);
		known_unmark(asked->engine->known, mark);
		known_begin(asked->engine->known, asked->text, asked->follow_at);
	}
	asked_end(asked, result->error, result->error ? "the store cannot record it" : NULL);
}

void engine_remember(struct engine *engine, const char *person, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);
	char mark[FORGOTTEN_NAME];
	struct change *change;

	if (!known_is_forgotten(engine->known, person)) {
		asked_refuse(asked, -ENOENT, str_printf("%s is not forgotten", person));
		return;
	}
	store_forgotten_name(person, mark);
	asked->what = str_new(person);
	asked->text = str_printf("person:%s", person);
	asked->follow_at = clock_now(engine->clock);
	change = change_new();
	change_set_value(change, mark, NULL);
	change_begin(change, asked->text, asked->follow_at);
	store_apply(engine->store, change, on_remembered, asked);
}
