/* Methods that ask the resolver: preview, and explain with the record. Slices the work: one piece of
 * one date a turn, and none while the reader is slow. */
#include "face/serve.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/explain.h"
#include "face/shape.h"
#include "face/tally.h"
#include "port/store.h"

#include <stdio.h>

enum {
	PREVIEW_DAYS = 400,
	PIECE_BYTES = 1 << 20, /* about so much text in one reply */
	OBJECT_BYTES = 300,    /* of an object beside its text */
	RECORDS_MOST = 100,    /* of one reminder for one recipient on one date */
	DELIVERIES_MOST = 500,
};

/* ---- preview ---- */

struct preview {
	struct model *model;
	const struct view *view;
	struct preview_query query; /* from: the date under way; to: the last one */
	size_t done;                /* decisions of this date that are sent already */
	size_t seen;
	json_t *piece;
	size_t bytes;        /* of the piece, about */
	struct tally *tally; /* counts only */
};

static void preview_free(void *state)
{
	struct preview *preview = state;

	json_decref(preview->piece);
	if (preview->tally)
		tally_free(preview->tally);
	model_unref(preview->model);
	free(preview);
}

static void on_object(void *owner, json_t *object)
{
	struct preview *preview = owner;

	preview->bytes += OBJECT_BYTES + json_string_length(json_object_get(object, "title")) +
			  json_string_length(json_object_get(object, "text"));
	json_array_append_new(preview->piece, object);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct preview *preview = owner;

	if (preview->seen++ < preview->done)
		return true;
	if (preview->bytes >= PIECE_BYTES)
		return false;
	preview->done++;
	shape_planned(planned, preview->view, "live", on_object, preview);
	return true;
}

static void on_day(void *owner, json_t *day)
{
	*(json_t **)owner = json_pack("{s[o]}", "days", day);
}

/* One date a turn: each is a summary, however many its people are. */
static void count_step(struct call *call)
{
	struct preview *preview = call_state(call);
	int32_t date = preview->query.from++;
	json_t *day = NULL;

	if (engine_model(call_engine(call)) != preview->model) {
		call_refuse(call, "the configuration was reloaded meanwhile: ask again");
		return;
	}
	tally_days(preview->tally, date, date, on_day, &day);
	if (date == preview->query.to)
		call_reply(call, day);
	else
		call_send(call, day);
}

/* A date is computed anew for each of its pieces: that costs time only to who asks for much, and no
 * memory at all while a reader is slow. */
static void preview_step(struct call *call)
{
	struct preview *preview = call_state(call);
	const struct engine *engine = call_engine(call);
	struct preview_query date = preview->query;
	json_t *piece;

	if (engine_model(engine) != preview->model) {
		call_refuse(call, "the configuration was reloaded meanwhile: ask again");
		return;
	}
	date.to = date.from;
	preview->seen = preview->bytes = 0;
	preview->piece = json_array();
	resolver_preview(preview->model, engine_view(engine), &date, on_planned, preview);
	piece = preview->piece;
	preview->piece = NULL;
	if (preview->bytes < PIECE_BYTES) {
		preview->query.from++;
		preview->done = 0;
	}
	piece = json_pack("{so}", "planned", piece);
	if (preview->query.from > preview->query.to)
		call_reply(call, piece);
	else
		call_send(call, piece);
}

static bool read_preview(struct call *call, struct preview_query *ret)
{
	const struct model *model = engine_model(call_engine(call));
	const char *person = call_text(call, "person"), *reminder = call_text(call, "reminder");

	if (date_parse(call_text(call, "from"), &ret->from) < 0 ||
		date_parse(call_text(call, "to"), &ret->to) < 0) {
		call_refuse(call, "from and to are dates, such as 2026-12-24");
		return false;
	}
	if (ret->to < ret->from || ret->to - ret->from >= PREVIEW_DAYS) {
		call_refuse(call, "to must not be before from, nor %d days later", PREVIEW_DAYS);
		return false;
	}
	ret->person = person ? model_person(model, person) : NULL;
	ret->reminder = reminder ? model_reminder(model, reminder) : NULL;
	ret->skipped = call_flag(call, "skipped");
	if (person && !ret->person)
		call_refuse(call, "there is no person \"%s\"", person);
	else if (reminder && !ret->reminder)
		call_refuse(call, "there is no reminder \"%s\"", reminder);
	else
		return true;
	return false;
}

void serve_preview(struct call *call)
{
	struct preview_query query = {0};
	struct preview *preview;

	if (!read_preview(call, &query))
		return;
	preview = mem_new(sizeof(*preview));
	preview->model = model_ref((struct model *)engine_model(call_engine(call)));
	preview->view = engine_view(call_engine(call));
	preview->query = query;
	if (call_flag(call, "counts"))
		preview->tally = tally_new(preview->model, engine_view(call_engine(call)),
			query.person, query.reminder);
	call_stream(call, preview->tally ? count_step : preview_step, preview, preview_free);
}

/* ---- explain ---- */

static struct explain_query explain_query_of(const struct call *call)
{
	const struct engine *engine = call_engine(call);
	struct explain_query query = {
		.model = engine_model(engine),
		.view = engine_view(engine),
		.person = call_text(call, "person"),
		.reminder = call_text(call, "reminder"),
		.now_at = clock_now(engine_clock(call_engine(call))),
	};

	if (date_parse(call_text(call, "date"), &query.date) < 0)
		query.date = INT32_MIN;
	return query;
}

/* The configuration may have changed while the store answered: everything is looked up again. */
static void finish_explain(struct call *call, const struct explain_record *record)
{
	struct explain_query query = explain_query_of(call);
	auto_free char *why = explain_check(&query);

	if (why)
		call_refuse(call, "%s", why);
	else
		call_reply(call, json_pack("{so}", "explanation", explain(&query, record)));
}

static void explain_state_free(void *state)
{
	json_decref(state);
}

static void on_explain_deliveries(
	void *owner, int error, struct delivery *const *deliveries, size_t count)
{
	struct call *call = owner;
	struct explain_record record = {0};

	if (!call_resume(call))
		return;
	record.occurrences = call_state(call);
	record.deliveries = json_array();
	for (size_t i = 0; !error && i < count; i++)
		json_array_append_new(record.deliveries, shape_delivery(deliveries[i]));
	if (error)
		call_refuse(call, "the store did not answer: %s", strerror(-error));
	else
		finish_explain(call, &record);
	json_decref(record.deliveries);
}

/* Deliveries are made with or after their occurrence, and ids grow with time. */
static struct id just_before(struct id id)
{
	memset(id.bytes + 6, 0, sizeof(id.bytes) - 6);
	return id;
}

static void on_explain_occurrences(
	void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct call *call = owner;
	struct store_query query = {.limit = DELIVERIES_MOST};
	json_t *list;

	if (!call_resume_with(call, error))
		return;
	if (!count) {
		finish_explain(call, NULL);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, shape_occurrence(occurrences[i]));
	call_keep(call, list, explain_state_free);
	query.recipient = call_text(call, "person");
	query.after = just_before(occurrences[0]->id);
	call_wait(call);
	engine_find_deliveries(call_engine(call), &query, on_explain_deliveries, call);
}

/* The dates as the record counts: nominal local time, of elapsed intervals the instant itself. */
static void set_range(const struct explain_query *query, struct store_query *record)
{
	const struct reminder *reminder = model_reminder(query->model, query->reminder);
	const struct person *person = model_person(query->model, query->person);
	const struct zone *zone = resolver_zone(reminder, person ? person->place : reminder->place);
	int32_t from, to;
	int64_t ignored;

	explain_dates(query, &from, &to);
	record->has_local = true;
	record->local_from = from * DAY_S;
	record->local_to = (to + 1) * DAY_S;
	if (rule_is_elapsed(reminder->rule)) {
		zone_to_utc(zone, record->local_from, &record->local_from, &ignored);
		zone_to_utc(zone, record->local_to, &record->local_to, &ignored);
	}
}

void serve_explain(struct call *call)
{
	struct explain_query query = explain_query_of(call);
	struct store_query record = {.limit = RECORDS_MOST};
	auto_free char *why = NULL;

	if (query.date == INT32_MIN) {
		call_refuse(
			call, "\"%s\" is not a date, such as 2026-12-24", call_text(call, "date"));
		return;
	}
	why = explain_check(&query);
	if (why) {
		call_refuse(call, "%s", why);
		return;
	}
	record.recipient = query.person;
	record.reminder = query.reminder;
	set_range(&query, &record);
	call_wait(call);
	engine_find_occurrences(call_engine(call), &record, on_explain_occurrences, call);
}
