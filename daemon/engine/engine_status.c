/* How the engine is, for whoever asks. Counts what died by asking the store, and waits for that only a
 * little. Changes nothing. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <event2/event.h>

/* A status is asked for when things are bad: it does not wait for them. */
enum { COUNT_LIMIT_S = 2 };

struct counting {
	struct event *limit;
	engine_on_count on_done; /* NULL: answered already */
	void *owner;
};

static void counted(struct counting *counting, int error, size_t count)
{
	engine_on_count on_done = counting->on_done;

	counting->on_done = NULL;
	if (on_done)
		on_done(counting->owner, error, count);
}

static void on_count_limit(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	counted(data, -ETIME, 0);
}

static void on_dead_found(
	void *owner, int error, struct delivery *const *list unused_arg, size_t count)
{
	struct counting *counting = owner;

	event_free(counting->limit);
	counted(counting, error, count);
	free(counting);
}

void engine_count_dead(struct engine *engine, engine_on_count on_done, void *owner)
{
	const struct store_query query = {.dead_only = true, .limit = ENGINE_DEAD_COUNTED};
	const struct timeval limit = {.tv_sec = COUNT_LIMIT_S};
	struct counting *counting = mem_new(sizeof(*counting));

	counting->on_done = on_done;
	counting->owner = owner;
	counting->limit = evtimer_new(engine->loop, on_count_limit, counting);
	evtimer_add(counting->limit, &limit);
	store_find_deliveries(engine->store, &query, on_dead_found, counting);
}

/* ---- status ---- */

void engine_status(const struct engine *engine, struct engine_status *ret)
{
	struct heartbeat_status heartbeat;

	heartbeat_status(engine->heartbeat, &heartbeat);
	*ret = (struct engine_status){.started_at = engine->started_at,
		.reloaded_at = engine->reloaded_at,
		.next_at = planner_next_at(engine->planner),
		.people = engine->model->n_people,
		.reminders = engine->model->n_reminders,
		.channels = engine->model->n_channels,
		.schedules = planner_schedules(engine->planner),
		.held = engine->holds.count,
		.waiting = dispatch_waiting(engine->dispatch),
		.in_flight = dispatch_in_flight(engine->dispatch),
		.follow_ups = follow_count(engine->follow),
		.thinned = known_thinned(engine->known, engine->model),
		.recorded = report_count(EVENT_RECORDED),
		.delivered = report_count(EVENT_DELIVERED),
		.retried = report_count(EVENT_RETRY),
		.refused = report_count(EVENT_REFUSED),
		.expired = report_count(EVENT_EXPIRED),
		.cancelled = report_count(EVENT_CANCELLED),
		.answered = report_count(EVENT_ANSWERED),
		.nudged = report_count(EVENT_NUDGED),
		.skipped = report_count(EVENT_SKIPPED),
		.missed = report_count(EVENT_MISSED),
		.alerted = report_count(EVENT_ALERTED),
		.alert_failed = report_count(EVENT_ALERT_FAILED),
		.store_error = engine->store_error,
		.heartbeat_is_on = heartbeat.is_on,
		.heartbeat_at = heartbeat.last_at,
		.heartbeat_reason = heartbeat.reason};
}

bool engine_channel_status(const struct engine *engine, size_t index, struct channel_status *ret)
{
	return dispatch_channel_status(engine->dispatch, index, ret);
}
