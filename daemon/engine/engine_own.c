/* What people ask of the engine for themselves, from their own page. Each wish is recorded before it is
 * confirmed. Owns the wishes under way; never logs why somebody has one. */
#include "engine/engine_internal.h"

#include <errno.h>

#define OWN_WISH "their own wish"

bool engine_find_pause(const struct engine *engine, const char *what, struct pause_status *ret)
{
	return known_find_pause(engine->known, what, ret);
}

/* ---- how often a reminder comes ---- */

struct pace {
	struct engine *engine;
	char *less, *stop; /* the pauses that stand for either */
	enum answer answer;
	int64_t since_at;
	engine_on_done on_done;
	void *owner;
	int error;
};

static void pace_end(struct pace *pace, int error)
{
	pace->on_done(pace->owner, error, NULL);
	free(pace->less);
	free(pace->stop);
	free(pace);
}

static void on_pace_refused(void *owner, const struct store_result *result unused_arg)
{
	struct pace *pace = owner;

	pace_end(pace, pace->error);
}

static void on_pace_stored(void *owner, const struct store_result *result)
{
	struct pace *pace = owner;
	struct known *known = pace->engine->known;
	const char *wished = pace->answer == ANSWER_LESS   ? pace->less
			     : pace->answer == ANSWER_STOP ? pace->stop
							   : NULL;

	if (result->error) {
		engine_store_failed(pace->engine, result->error);
		pace_end(pace, result->error);
		return;
	}
	known_resume(known, pace->less);
	known_resume(known, pace->stop);
	if (wished) {
		known_pause(known, wished, pace->since_at, TIME_NEVER, OWN_WISH);
		report(EVENT_PAUSED, NULL, "%s: %s", wished, OWN_WISH);
	} else {
		report(EVENT_RESUMED, NULL, "%s goes on", pace->less + strlen("less:"));
	}
	dispatch_review(pace->engine->dispatch);
	pace_end(pace, 0);
}

void engine_set_pace(struct engine *engine, const char *person, const char *reminder,
	enum answer answer, engine_on_done on_done, void *owner)
{
	struct pace *pace = mem_new(sizeof(*pace));
	struct change *change = change_new();

	assert(answer == ANSWER_NONE || answer == ANSWER_LESS || answer == ANSWER_STOP);
	*pace = (struct pace){.engine = engine,
		.less = str_printf("less:%s:%s", person, reminder),
		.stop = str_printf("stop:%s:%s", person, reminder),
		.answer = answer,
		.since_at = clock_now(engine->clock),
		.on_done = on_done,
		.owner = owner};
	if (!model_person(engine->model, person) || !model_reminder(engine->model, reminder)) {
		pace->error = -ENOENT;
		store_apply(engine->store, change, on_pace_refused, pace);
		return;
	}
	change_remove_pause(change, pace->less);
	change_remove_pause(change, pace->stop);
	if (answer != ANSWER_NONE)
		change_put_pause(change, answer == ANSWER_LESS ? pace->less : pace->stop,
			pace->since_at, TIME_NEVER, OWN_WISH);
	store_apply(engine->store, change, on_pace_stored, pace);
}
