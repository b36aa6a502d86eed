/* Care of the record: history older than `keep` is removed in slices. A slice holds up other commits
 * while it runs, so its size follows from how long the last one was on its way. */
#include "engine/engine_internal.h"

#include <event2/event.h>

enum {
	FIRST_S = 60,
	EVERY_S = 6 * 3600,
	NEXT_S = 1,
	SLICE_FIRST = 100,
	SLICE_LEAST = 10,
	SLICE_MOST = 2000,
	SLOW_MS = 20, /* what others may wait for it */
};

size_t care_next_slice(size_t slice, int64_t took_ms)
{
	if (took_ms > SLOW_MS)
		return MAX_OF(slice / 2, (size_t)SLICE_LEAST);
	return MIN_OF(slice * 2, (size_t)SLICE_MOST);
}

static void care_later(struct engine *engine, int64_t seconds)
{
	struct timeval later = {.tv_sec = seconds};

	evtimer_add(engine->care.timer, &later);
}

static void on_pruned(void *owner, const struct store_result *result)
{
	struct engine *engine = owner;
	struct care *care = &engine->care;
	bool more = result->count >= care->slice;

	if (result->error) {
		care_later(engine, EVERY_S);
		return;
	}
	if (result->count)
		report(EVENT_PRUNED, NULL, "%zu occurrences older than `keep` were removed",
			result->count);
	if (more)
		care->slice =
			care_next_slice(care->slice, clock_mono(engine->clock) - care->asked_mono);
	care_later(engine, more ? NEXT_S : EVERY_S);
}

static void on_care(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct engine *engine = data;

	engine->care.asked_mono = clock_mono(engine->clock);
	store_prune(engine->store, clock_now(engine->clock) - engine->model->keep_s * 1000,
		engine->care.slice, on_pruned, engine);
}

void care_open(struct engine *engine)
{
	engine->care.slice = SLICE_FIRST;
	engine->care.timer = evtimer_new(engine->loop, on_care, engine);
}

void care_start(struct engine *engine)
{
	care_later(engine, FIRST_S);
}

void care_close(struct engine *engine)
{
	if (engine->care.timer)
		event_free(engine->care.timer);
}
