/* Methods that read: status, the record, events as they happen, and a person's own export. Owns
 * nothing of the record; never shows an answer's words but in the export. */
#include "face/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/shape.h"
#include "face/standing.h"
#include "face/until.h"
#include "port/store.h"

#include <stdio.h>

enum {
	LIST_LEAST = 1,
	LIST_DEFAULT = 50,
	LIST_MOST = 1000,
	EXPORT_PAGE = 20, /* with their texts: bounds one reply */
};

/* ---- status ---- */

static json_t *shape_counts(const struct engine_status *status)
{
	return json_pack("{sI sI sI sI sI sI sI sI sI sI sI sI sI sI sI sI}", "held",
		(json_int_t)status->held, "waiting", (json_int_t)status->waiting, "in_flight",
		(json_int_t)status->in_flight, "follow_ups", (json_int_t)status->follow_ups,
		"recorded", (json_int_t)status->recorded, "delivered",
		(json_int_t)status->delivered, "retried", (json_int_t)status->retried, "refused",
		(json_int_t)status->refused, "expired", (json_int_t)status->expired, "cancelled",
		(json_int_t)status->cancelled, "answered", (json_int_t)status->answered, "nudged",
		(json_int_t)status->nudged, "skipped", (json_int_t)status->skipped, "missed",
		(json_int_t)status->missed, "alerted", (json_int_t)status->alerted, "alert_failed",
		(json_int_t)status->alert_failed);
}

static json_t *shape_channels(const struct engine *engine)
{
	json_t *list = json_array();
	struct channel_status status;

	for (size_t i = 0; engine_channel_status(engine, i, &status); i++) {
		int64_t until = status.paused_until_at ? status.paused_until_at : TIME_NEVER;

		json_array_append_new(list,
			json_pack("{so so sI sI so sb so so}", "id", shape_text(status.id),
				"plugin", shape_text(status.plugin), "waiting",
				(json_int_t)status.waiting, "in_flight",
				(json_int_t)status.in_flight, "paused_until", shape_time(until),
				"broken", status.broken, "broken_since",
				shape_time(status.broken ? status.broken_since_at : TIME_NEVER),
				"reason", shape_text(status.reason)));
	}
	return list;
}

static json_t *shape_heartbeat(const struct engine_status *status)
{
	if (!status->heartbeat_is_on)
		return json_null();
	return json_pack("{so sb so}", "last",
		shape_time(status->heartbeat_at ? status->heartbeat_at : TIME_NEVER), "ok",
		!status->heartbeat_reason, "reason", shape_text(status->heartbeat_reason));
}

static void on_dead_counted(void *owner, int error, size_t count)
{
	struct call *call = owner;
	const struct engine *engine = call_engine(call);
	struct engine_status status = {0};
	json_t *object;

	if (!call_resume(call))
		return;
	engine_status(engine, &status);
	object = json_pack("{ss so so so sI sI sI sI so so so so so so}", "version", NUDGED_VERSION,
		"started", shape_time(status.started_at), "reloaded",
		shape_time(status.reloaded_at ? status.reloaded_at : TIME_NEVER), "next",
		shape_time(status.next_at), "people", (json_int_t)status.people, "reminders",
		(json_int_t)status.reminders, "schedules", (json_int_t)status.schedules, "thinned",
		(json_int_t)status.thinned, "counts", shape_counts(&status), "store",
		status.store_error ? json_string(strerror(-status.store_error)) : json_null(),
		"dead", error ? json_null() : json_integer((json_int_t)count), "heartbeat",
		shape_heartbeat(&status), "channels", shape_channels(engine), "pauses",
		standing_pauses(engine));
	call_reply(call, json_pack("{so}", "status", object));
}

/* What the store says may be late or not come: the rest is told all the same. */
void serve_status(struct call *call)
{
	call_wait(call);
	engine_count_dead(call_engine(call), on_dead_counted, call);
}

/* ---- the record ---- */

/* What both lists ask for; false after refusing. */
static bool read_query(struct call *call, struct store_query *ret)
{
	int64_t limit = call_number(call, "limit", LIST_DEFAULT);

	if (limit < LIST_LEAST || limit > LIST_MOST) {
		call_refuse(call, "limit is a number from %d to %d", LIST_LEAST, LIST_MOST);
		return false;
	}
	*ret = (struct store_query){
		.recipient = call_text(call, "person"),
		.reminder = call_text(call, "reminder"),
		.channel = call_text(call, "channel"),
		.open_only = !call_flag(call, "all"),
		.newest_first = true,
		.limit = (size_t)limit,
	};
	return true;
}

static void on_occurrences(
	void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct call *call = owner;
	json_t *list;

	if (!call_resume_with(call, error))
		return;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, shape_occurrence(occurrences[i]));
	call_reply(call, json_pack("{so}", "occurrences", list));
}

void serve_list(struct call *call)
{
	struct store_query query;

	if (!read_query(call, &query))
		return;
	call_wait(call);
	engine_find_occurrences(call_engine(call), &query, on_occurrences, call);
}

/* The bits of "waiting,held"; false after refusing. */
static bool read_states(struct call *call, unsigned *ret)
{
	const char *text = call_text(call, "state");

	*ret = 0;
	while (text && *text) {
		size_t len = strcspn(text, ",");
		int state = 0;

		while (state < DELIVERY_STATES &&
			(strlen(delivery_state_names[state]) != len ||
				memcmp(text, delivery_state_names[state], len) != 0))
			state++;
		if (state == DELIVERY_STATES) {
			call_refuse(call,
				"\"%.*s\" is no state: there are held, waiting, delivered, "
				"refused, "
				"expired, cancelled and quarantined",
				(int)len, text);
			return false;
		}
		*ret |= 1u << state;
		text += len + (text[len] == ',');
	}
	return true;
}

/* False after refusing. */
static bool read_since(struct call *call, int64_t *ret)
{
	const struct engine *engine = call_engine(call);
	const char *text = call_text(call, "since");
	const char *why = NULL;

	if (text)
		why = since_parse(
			text, engine_model(engine)->zone, clock_now(engine_clock(engine)), ret);
	if (why)
		call_refuse(call, "since \"%s\": %s", text, why);
	return !why;
}

/* False after refusing. */
static bool read_after(struct call *call, struct id *ret)
{
	const char *text = call_text(call, "after");

	if (!text || (id_read(text, ret) == 0 && !id_none(*ret)))
		return true;
	call_refuse(call, "after \"%s\": that is not the id of a delivery", text);
	return false;
}

/* One more than is shown was asked for: whether there is another page. */
static void on_deliveries(void *owner, int error, struct delivery *const *deliveries, size_t count)
{
	struct call *call = owner;
	size_t most;
	json_t *list;

	if (!call_resume_with(call, error))
		return;
	most = (size_t)call_number(call, "limit", LIST_DEFAULT);
	list = json_array();
	for (size_t i = 0; i < MIN_OF(count, most); i++)
		json_array_append_new(list, shape_delivery(deliveries[i]));
	call_reply(call, json_pack("{so so}", "deliveries", list, "more",
				 count > most ? shape_id(deliveries[most - 1]->id) : json_null()));
}

void serve_deliveries(struct call *call)
{
	struct store_query query;

	if (!read_query(call, &query) || !read_states(call, &query.states) ||
		!read_since(call, &query.created_at) || !read_after(call, &query.after))
		return;
	query.dead_only = call_flag(call, "dead");
	if (query.states || query.dead_only || call_text(call, "since"))
		query.open_only = false;
	query.limit++;
	call_wait(call);
	engine_find_deliveries(call_engine(call), &query, on_deliveries, call);
}

/* ---- watch ---- */

struct watch {
	struct call *call;
	int64_t lost; /* events a slow reader did not get */
};

static void on_watch_event(
	void *owner, const char *event, const char *message, const struct log_field *fields)
{
	struct watch *watch = owner;
	json_t *object;

	if (call_is_full(watch->call)) {
		watch->lost++;
		return;
	}
	if (watch->lost) {
		call_send(watch->call, json_pack("{sI}", "lost", (json_int_t)watch->lost));
		watch->lost = 0;
	}
	object = json_object();
	for (; fields && fields->key; fields++)
		if (fields->value)
			json_object_set_new(object, fields->key, shape_text(fields->value));
	call_send(watch->call, json_pack("{so so so}", "event", shape_text(event), "message",
				       shape_text(message), "fields", object));
}

static void on_watch_gone(void *state)
{
	struct watch *watch = state;

	engine_unwatch(call_engine(watch->call), on_watch_event, watch);
	free(watch);
}

void serve_watch(struct call *call)
{
	struct watch *watch = mem_new(sizeof(*watch));

	watch->call = call;
	call_stay(call, watch, on_watch_gone);
	engine_watch(call_engine(call), on_watch_event, watch);
}

/* ---- export ---- */

struct export
{
	struct id after;
	bool deliveries; /* the occurrences are through */
};

static struct store_query export_query(const struct call *call, const struct export *export)
{
	return (struct store_query){
		.recipient = call_text(call, "person"),
		.after = export->after,
		.limit = EXPORT_PAGE,
	};
}

static void on_export_occurrences(
	void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct call *call = owner;
	struct export *export;
	json_t *list;

	if (!call_resume_with(call, error))
		return;
	export = call_state(call);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, shape_occurrence_private(occurrences[i]));
	export->deliveries = count < EXPORT_PAGE;
	export->after = export->deliveries ? (struct id){0} : occurrences[count - 1]->id;
	call_send(call, json_pack("{so}", "occurrences", list));
}

static void end_export(struct call *call, json_t *deliveries)
{
	const struct engine *engine = call_engine(call);
	const char *person = call_text(call, "person");

	call_reply(call, json_pack("{so so so so}", "deliveries", deliveries, "pauses",
				 standing_of(engine, person), "kept", standing_kept(engine, person),
				 "begun", shape_time(engine_begun(engine, person))));
}

static void on_export_deliveries(
	void *owner, int error, struct delivery *const *deliveries, size_t count)
{
	struct call *call = owner;
	struct export *export;
	json_t *list;

	if (!call_resume_with(call, error))
		return;
	export = call_state(call);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, shape_delivery(deliveries[i]));
	if (count == EXPORT_PAGE) {
		export->after = deliveries[count - 1]->id;
		call_send(call, json_pack("{so}", "deliveries", list));
		return;
	}
	end_export(call, list);
}

static void export_step(struct call *call)
{
	const struct export *export = call_state(call);
	struct store_query query = export_query(call, export);

	call_wait(call);
	if (export->deliveries)
		engine_find_deliveries(call_engine(call), &query, on_export_deliveries, call);
	else
		engine_find_occurrences(call_engine(call), &query, on_export_occurrences, call);
}

void serve_export(struct call *call)
{
	/* A person who has left the configuration may still be in the record. */
	if (!str_is_id(call_text(call, "person"))) {
		call_refuse(call, "\"%s\" cannot be a person's id", call_text(call, "person"));
		return;
	}
	call_stream(call, export_step, mem_new(sizeof(struct export)), free);
}
