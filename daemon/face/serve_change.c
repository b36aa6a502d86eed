/* Methods that change something: answers, deliveries, pauses, and the care of the store. Reads
 * parameters and words the refusals; what is allowed, the engine decides. */
#include "face/serve.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/channels.h"
#include "engine/compose.h"
#include "engine/engine.h"
#include "face/shape.h"
#include "face/until.h"
#include "port/store.h"
#include "time/span.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGES_SHOWN = 100, MENDED_MOST = 500 };

static void refuse_error(struct call *call, int error, const char *why)
{
	if (why)
		call_refuse(call, "%s", why);
	else if (error == -ENOENT)
		call_refuse(call, "there is none by that name");
	else
		call_refuse(call, "it was not recorded: %s", strerror(-error));
}

static void on_done(void *owner, int error, const char *why)
{
	struct call *call = owner;

	if (!call_resume(call))
		return;
	if (error)
		refuse_error(call, error, why);
	else
		call_reply(call, NULL);
}

static void on_summary(void *owner, int error, const char *why)
{
	struct call *call = owner;

	if (!call_resume(call))
		return;
	if (error)
		refuse_error(call, error, why);
	else
		call_reply(call, json_pack("{so}", "summary", shape_text(why ? why : "")));
}

/* False after refusing. */
static bool read_id(struct call *call, const char *name, struct id *ret)
{
	if (id_read(call_text(call, name), ret) == 0 && !id_none(*ret))
		return true;
	call_refuse(call, "\"%s\" is not the id of %s %s", call_text(call, name),
		*name == 'o' ? "an" : "a", name);
	return false;
}

void serve_answer(struct call *call)
{
	enum answer answer = answer_from_name(call_text(call, "answer"));
	const char *span = call_text(call, "span"), *text = call_text(call, "text");
	const char *share = call_text(call, "share");
	struct id occurrence;
	int64_t snooze_s = 0;

	if (!read_id(call, "occurrence", &occurrence))
		return;
	if (answer == ANSWER_NONE) {
		call_refuse(call, "an answer is done, stuck, snooze, skip, less or stop");
		return;
	}
	if ((answer == ANSWER_SNOOZE) != (span != NULL)) {
		call_refuse(call,
			span ? "a span goes with snooze only" : "snooze needs a span, such as 2h");
		return;
	}
	if (span && span_parse_s(span, &snooze_s, NULL) < 0) {
		call_refuse(call, "\"%s\" is not a span of time: write 30min, 2h or 1d", span);
		return;
	}
	if (share && share_from_name(share) == SHARES) {
		call_refuse(call, "share is me, partner, mentor, manager or team");
		return;
	}
	call_wait(call);
	engine_answer(call_engine(call), occurrence, answer, snooze_s, text, share_from_name(share),
		on_done, call);
}

/* ---- send ---- */

static void add_message(const struct engine *engine, json_t *list, const struct planned *planned)
{
	const struct person *person = planned->person;
	const struct channel *const *via = planned->reminder->n_via ? planned->reminder->via
					   : person                 ? person->via
								    : NULL;
	const char *channel = planned->room ? planned->room->id : NULL;
	auto_free char *title = NULL, *text = NULL;

	if (person && planned->reminder->n_via + person->n_via)
		channel = via[0]->id;
	compose_masked(planned, engine_view(engine), &title, &text);
	json_array_append_new(list,
		json_pack("{so so so so so}", "person", shape_text(person ? person->id : NULL),
			"about", shape_text(planned->about ? planned->about->id : NULL), "channel",
			shape_text(channel), "title", shape_text(title), "text", shape_text(text)));
}

static struct planned planned_now(
	const struct reminder *reminder, const struct place *place, int64_t now_at)
{
	struct planned planned = {.reminder = reminder,
		.place = place,
		.due_at = now_at,
		.send_at = now_at,
		.fire_at = now_at};

	planned.slot.utc = now_at / 1000;
	planned.slot.local = zone_to_local(resolver_zone(reminder, place), planned.slot.utc, NULL);
	return planned;
}

static void reply_dry_run(
	struct call *call, const struct reminder *reminder, const struct person *only)
{
	const struct model *model = engine_model(call_engine(call));
	int64_t now_at = clock_now(engine_clock(call_engine(call)));
	json_t *list = json_array();
	auto_free char *summary = NULL;
	size_t count = 0;

	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct pair *pair = &reminder->pairs[i];
		const struct person *person = model->people[pair->recipient];
		struct planned planned = planned_now(reminder, person->place, now_at);

		if ((only && person != only) || count++ >= MESSAGES_SHOWN)
			continue;
		planned.person = person;
		if (reminder->has_about && pair->subject != pair->recipient)
			planned.about = model->people[pair->subject];
		add_message(call_engine(call), list, &planned);
	}
	for (size_t i = 0; !only && i < reminder->n_rooms; i++) {
		struct planned planned = planned_now(reminder, reminder->place, now_at);

		planned.room = reminder->rooms[i];
		if (count++ < MESSAGES_SHOWN)
			add_message(call_engine(call), list, &planned);
	}
	summary = str_printf("%zu message%s would go%s", count, count == 1 ? "" : "s",
		count > MESSAGES_SHOWN ? "; the first 100 are shown" : "");
	call_reply(call, json_pack("{ss so}", "summary", summary, "messages", list));
}

void serve_send(struct call *call)
{
	const struct model *model = engine_model(call_engine(call));
	const char *id = call_text(call, "reminder"), *to = call_text(call, "person");
	const struct reminder *reminder = model_reminder(model, id);
	const struct person *person = to ? model_person(model, to) : NULL;
	size_t pairs = 0;

	if (!reminder) {
		call_refuse(call, "there is no reminder \"%s\"", id);
		return;
	}
	if (to && !person) {
		call_refuse(call, "there is no person \"%s\"", to);
		return;
	}
	if (person)
		reminder_pairs_of(reminder, person, &pairs);
	if (person && !pairs) {
		call_refuse(call, "%s does not go to %s", id, to);
		return;
	}
	if (resolver_why_not_by_hand(reminder, person)) {
		call_refuse(call, "%s: %s", id, resolver_why_not_by_hand(reminder, person));
		return;
	}
	if (call_flag(call, "dry_run")) {
		reply_dry_run(call, reminder, person);
		return;
	}
	call_wait(call);
	engine_send(call_engine(call), id, to, on_summary, call);
}

/* ---- deliveries ---- */

/* One of several, on its way through the engine. */
struct mended {
	struct batch *batch;
	const char *id; /* lent by the call's parameters */
};

struct batch {
	struct call *call;
	size_t pending, done;
	json_t *refused;
	struct mended list[];
};

static void batch_add_refused(struct batch *batch, const char *id, const char *reason)
{
	json_array_append_new(batch->refused,
		json_pack("{so so}", "delivery", shape_text(id), "reason", shape_text(reason)));
}

static void batch_release(struct batch *batch)
{
	if (--batch->pending)
		return;
	if (call_resume(batch->call))
		call_reply(batch->call, json_pack("{sI so}", "done", (json_int_t)batch->done,
						"refused", batch->refused));
	else
		json_decref(batch->refused);
	free(batch);
}

static void on_mended(void *owner, int error, const char *why)
{
	struct mended *mended = owner;
	struct batch *batch = mended->batch;

	if (error)
		batch_add_refused(batch, mended->id, why ? why : strerror(-error));
	else
		batch->done++;
	batch_release(batch);
}

typedef void (*mend_one)(
	struct engine *engine, struct id delivery, engine_on_done on_done, void *owner);

static void mend_list(struct call *call, const json_t *list, mend_one mend)
{
	size_t count = json_array_size(list);
	struct batch *batch = mem_new(sizeof(*batch) + count * sizeof(batch->list[0]));
	struct id id;

	batch->call = call;
	batch->refused = json_array();
	batch->pending = 1;
	call_wait(call);
	for (size_t i = 0; i < count; i++) {
		struct mended *mended = &batch->list[i];

		*mended = (struct mended){batch, json_string_value(json_array_get(list, i))};
		batch->pending++;
		if (id_read(mended->id, &id) < 0 || id_none(id)) {
			batch_add_refused(batch, mended->id, "that is not the id of a delivery");
			batch_release(batch);
		} else {
			mend(call_engine(call), id, on_mended, mended);
		}
	}
	batch_release(batch);
}

static void mend(struct call *call, mend_one mend_it)
{
	const json_t *list = call_list(call, "deliveries");
	struct id delivery;

	if ((list != NULL) == (call_text(call, "delivery") != NULL)) {
		call_refuse(call, "name one delivery, or a list of them");
	} else if (json_array_size(list) > MENDED_MOST) {
		call_refuse(call, "at most %d deliveries at once", MENDED_MOST);
	} else if (list) {
		mend_list(call, list, mend_it);
	} else if (read_id(call, "delivery", &delivery)) {
		call_wait(call);
		mend_it(call_engine(call), delivery, on_done, call);
	}
}

void serve_retry(struct call *call)
{
	mend(call, engine_retry);
}

void serve_drop(struct call *call)
{
	mend(call, engine_drop);
}

/* ---- pauses ---- */

/* The zone in which `until` is meant; false after refusing what cannot be paused. */
static bool read_what(struct call *call, const char *what, const struct zone **ret_zone)
{
	const struct model *model = engine_model(call_engine(call));
	const char *id = strchr(what, ':');
	const struct person *person;

	*ret_zone = model->zone;
	if (str_eq(what, "all"))
		return true;
	id = id ? id + 1 : "";
	if (str_starts(what, "person:") && (person = model_person(model, id))) {
		*ret_zone = person->place->zone;
		return true;
	}
	if ((str_starts(what, "team:") && model_team(model, id)) ||
		(str_starts(what, "reminder:") && model_reminder(model, id)) ||
		(str_starts(what, "channel:") && model_channel(model, id)))
		return true;
	call_refuse(call,
		"there is no \"%s\" to pause: write all, person:ID, team:ID, reminder:ID or "
		"channel:ID",
		what);
	return false;
}

void serve_pause(struct call *call)
{
	const char *what = call_text(call, "what"), *until = call_text(call, "until");
	const char *reason = call_text(call, "reason"), *why;
	int64_t now_at = clock_now(engine_clock(call_engine(call))), until_at = TIME_NEVER;
	const struct zone *zone;

	if (!read_what(call, what, &zone))
		return;
	if (!*reason) {
		call_refuse(call, "say why: the reason is shown to whoever asks later");
		return;
	}
	why = until ? until_parse(until, zone, now_at, &until_at) : NULL;
	if (why) {
		call_refuse(call, "until \"%s\": %s", until, why);
		return;
	}
	call_wait(call);
	engine_pause(call_engine(call), what, until_at, reason, on_done, call);
}

void serve_resume(struct call *call)
{
	const char *what = call_text(call, "what");

	call_wait(call);
	if (str_starts(what, FORGOTTEN))
		engine_remember(call_engine(call), what + strlen(FORGOTTEN), on_done, call);
	else
		engine_resume(call_engine(call), what, on_done, call);
}

/* ---- care ---- */

static void on_tested(void *owner, int error, const char *request, const char *verdict)
{
	struct call *call = owner;

	if (!call_resume(call))
		return;
	if (error)
		refuse_error(call, error, verdict ? verdict : request);
	else
		call_reply(call, json_pack("{so so}", "request", shape_text(request ? request : ""),
					 "verdict", shape_text(verdict)));
}

void serve_test_channel(struct call *call)
{
	call_wait(call);
	engine_test_channel(call_engine(call), call_text(call, "channel"),
		call_text(call, "address"), call_flag(call, "send"), on_tested, call);
}

static json_t *complaint_texts(const struct complaints *complaints, bool warnings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < complaints->count; i++) {
		auto_free char *text = complaint_write(&complaints->list[i]);

		if (complaints->list[i].warning || !warnings)
			json_array_append_new(list, shape_text(text));
	}
	return list;
}

void serve_reload(struct call *call)
{
	cleanup(complaints_clear) struct complaints complaints = {0};

	if (engine_reload(call_engine(call), &complaints) < 0)
		call_refuse_list(call, "the configuration is refused; the old one stays",
			complaint_texts(&complaints, false));
	else
		call_reply(call, json_pack("{so}", "warnings", complaint_texts(&complaints, true)));
}

void serve_backup(struct call *call)
{
	const char *file = call_text(call, "file");

	/* The daemon's working folder is nobody's business. */
	if (*file != '/') {
		call_refuse(call, "the file's path must begin with /");
		return;
	}
	call_wait(call);
	engine_backup(call_engine(call), file, on_done, call);
}

void serve_forget(struct call *call)
{
	const char *person = call_text(call, "person");

	if (!str_is_id(person)) {
		call_refuse(call, "\"%s\" cannot be a person's id", person);
		return;
	}
	call_wait(call);
	engine_forget(call_engine(call), person, on_summary, call);
}

/* ---- links of persons ---- */

/* The person may have left the configuration meanwhile. */
static void reply_links(struct call *call)
{
	const struct engine *engine = call_engine(call);
	const char *id = call_text(call, "person");
	const struct person *person = model_person(engine_model(engine), id);
	auto_free char *page = person ? engine_person_url(engine, person, LINK_PAGE) : NULL;
	auto_free char *calendar = person ? engine_person_url(engine, person, LINK_CALENDAR) : NULL;

	if (!person)
		call_refuse(call, "there is no person \"%s\"", id);
	else if (!page)
		call_refuse(call, "there is no \"listen\" in the configuration, so no page either");
	else
		call_reply(call, json_pack("{ss ss}", "page", page, "calendar", calendar));
}

static void on_renewed(void *owner, int error, const char *why)
{
	struct call *call = owner;

	if (!call_resume(call))
		return;
	if (error)
		refuse_error(call, error, why);
	else
		reply_links(call);
}

void serve_link(struct call *call)
{
	if (!call_flag(call, "new")) {
		reply_links(call);
		return;
	}
	call_wait(call);
	engine_renew_links(call_engine(call), call_text(call, "person"), on_renewed, call);
}
