/* Sending by hand: a reminder goes now, outside its schedule and the daily limit. Digests are read
 * first, some recipients at a time. Owns what is on its way to the store. */
#include "engine/digest.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdio.h>

enum {
	MANUAL_PASS = 2, /* the pass of a slot that no clock named */
	SEND_SLICE = 256,
	READ_STEP = 128, /* recipients whose digests are read at once */
};

/* One change of a sending: what it recorded goes, whatever becomes of the others. */
struct sending {
	struct asked *asked;
	struct digest *digest; /* what was read for it, lent; NULL: it is no digest */
	struct change *change;
	struct delivery **list;
	size_t count, capacity;
};

static bool was_dropped(const struct store_result *result, struct id delivery)
{
	for (size_t i = 0; i < result->n_dropped; i++)
		if (id_eq(result->dropped[i], delivery))
			return true;
	return false;
}

static void tell_sent(const struct delivery *delivery)
{
	const struct occurrence *item = delivery->items[0];
	struct subject subject = {.reminder = item->key.reminder,
		.person = item->key.recipient,
		.channel = delivery->channel,
		.due_at = item->due_at};

	subject.occurrence = item->id;
	subject.delivery = delivery->id;
	report(EVENT_RECORDED, &subject, "%s for %s: sent by hand", item->key.reminder,
		item->key.recipient);
}

static void on_sent_stored(void *owner, const struct store_result *result)
{
	struct sending *sending = owner;
	struct asked *asked = sending->asked;
	auto_free char *why = NULL;

	for (size_t i = 0; i < sending->count; i++) {
		if (result->error || was_dropped(result, sending->list[i]->id)) {
			delivery_free(sending->list[i]);
			continue;
		}
		asked->count++;
		tell_sent(sending->list[i]);
		dispatch_submit(asked->engine->dispatch, sending->list[i]);
	}
	if (result->error) {
		asked->error = result->error;
		engine_store_failed(asked->engine, result->error);
	}
	free(sending->list);
	free(sending);
	if (--asked->pending)
		return;
	why = str_printf("%zu %s%s", asked->count, asked->count == 1 ? "delivery" : "deliveries",
		asked->error ? ": the store cannot record the rest" : "");
	asked_end(asked, asked->error, why);
}

static struct sending *sending_new(struct asked *asked)
{
	struct sending *sending = mem_new(sizeof(*sending));

	sending->asked = asked;
	sending->change = change_new();
	asked->pending++;
	return sending;
}

static void sending_submit(struct sending *sending)
{
	store_apply(sending->asked->engine->store, sending->change, on_sent_stored, sending);
}

/* Submits it, and begins another. */
static struct sending *sending_again(struct sending *sending)
{
	struct sending *next = sending_new(sending->asked);

	next->digest = sending->digest;
	sending_submit(sending);
	return next;
}

/* Records one message of it, and begins another change when this one is large. */
static struct sending *send_planned(struct sending *sending, struct planned *planned)
{
	struct engine *engine = sending->asked->engine;
	size_t ways = planner_ways(planned);
	struct occurrence *occurrence;

	if (!ways)
		return sending;
	occurrence =
		planner_make_occurrence(engine->planner, planned, planned->due_at, sending->digest);
	occurrence->follow_at = TIME_NEVER;
	change_record_occurrence(sending->change, occurrence);
	for (size_t i = 0; i < ways; i++) {
		struct delivery *delivery = planner_make_delivery(
			engine->model, planned, PURPOSE_MANUAL, planned->due_at, i);

		delivery_add_item(delivery, occurrence);
		change_record_delivery(sending->change, delivery);
		ARRAY_GROW(sending->list, sending->count, sending->capacity);
		sending->list[sending->count++] = delivery;
	}
	occurrence_free(occurrence);
	if (sending->count < SEND_SLICE)
		return sending;
	return sending_again(sending);
}

static struct planned manual_plan(
	const struct reminder *reminder, const struct place *place, int64_t now)
{
	struct planned planned = {.reminder = reminder,
		.place = place,
		.due_at = now,
		.send_at = now,
		.fire_at = now};

	planned.slot.utc = now / 1000;
	planned.slot.local = zone_to_local(place->zone, now / 1000, NULL);
	/* Each asking is an occurrence of its own, also within one second. */
	planned.slot.pass = MANUAL_PASS + (int)(now % 1000);
	snprintf(planned.detail, sizeof(planned.detail), "sent by hand");
	return planned;
}

/* The pairs from one to before another. */
static struct sending *send_to_people(struct sending *sending, const struct reminder *reminder,
	const struct person *only, int64_t now, size_t from, size_t to)
{
	const struct engine *engine = sending->asked->engine;
	const struct model *model = engine->model;

	for (size_t i = from; i < to; i++) {
		const struct pair *pair = &reminder->pairs[i];
		const struct person *person = model->people[pair->recipient];
		struct planned planned = manual_plan(reminder, person->place, now);

		if ((only && only != person) || known_is_forgotten(engine->known, person->id))
			continue;
		planned.person = person;
		if (reminder->has_about)
			planned.about = model->people[pair->subject];
		sending = send_planned(sending, &planned);
	}
	return sending;
}

static struct sending *send_to_rooms(
	struct sending *sending, const struct reminder *reminder, int64_t now)
{
	for (size_t i = 0; i < reminder->n_rooms; i++) {
		struct planned planned = manual_plan(reminder, reminder->place, now);

		planned.room = reminder->rooms[i];
		sending = send_planned(sending, &planned);
	}
	return sending;
}

/* The last change of it. */
static void end_sending(struct sending *sending, bool any)
{
	struct asked *asked = sending->asked;

	if (any || sending->count) {
		sending_submit(sending);
		return;
	}
	change_free(sending->change);
	free(sending);
	asked->pending = 0;
	asked_refuse(asked, -EINVAL, str_new("it reaches nobody: no recipient with a channel"));
}

/* ---- digests ---- */

struct summing {
	struct sending *sending;
	struct model *model; /* its own reference: a reload may come in between */
	const struct reminder *reminder;
	const struct person *only;
	struct digest *digest;
	int64_t now;
	size_t next, end; /* pairs */
	bool any;
};

static void summing_end(struct summing *summing, int error)
{
	struct asked *asked = summing->sending->asked;

	if (error && !asked->error)
		asked->error = error;
	end_sending(summing->sending, summing->any || error);
	digest_free(summing->digest);
	model_unref(summing->model);
	free(summing);
}

static void read_more(struct summing *summing);

static void on_read(void *owner, int error)
{
	struct summing *summing = owner;
	const struct reminder *reminder = summing->reminder;

	if (!error && summing->sending->asked->engine->model != summing->model)
		error = -EAGAIN; /* it was for others, perhaps */
	if (error) {
		summing_end(summing, error);
		return;
	}
	summing->sending->digest = summing->digest;
	if (!summing->only && summing->next == 0)
		summing->sending = send_to_rooms(summing->sending, reminder, summing->now);
	summing->sending = send_to_people(summing->sending, reminder, summing->only, summing->now,
		summing->next, summing->end);
	if (summing->sending->count) {
		summing->sending = sending_again(summing->sending);
		summing->any = true;
	}
	summing->next = summing->end;
	if (summing->next == reminder->n_pairs)
		summing_end(summing, 0);
	else
		read_more(summing);
}

static void read_more(struct summing *summing)
{
	const struct reminder *reminder = summing->reminder;
	struct engine *engine = summing->sending->asked->engine;
	size_t wanted = 0;

	digest_free(summing->digest);
	summing->digest =
		digest_new(summing->model, engine->store, known_view(engine->known), summing->now);
	if (!summing->only && summing->next == 0)
		digest_want(summing->digest, reminder, NULL);
	for (summing->end = summing->next; summing->end < reminder->n_pairs && wanted < READ_STEP;
		summing->end++) {
		const struct person *person =
			summing->model->people[reminder->pairs[summing->end].recipient];

		if (summing->only && summing->only != person)
			continue;
		digest_want(summing->digest, reminder, person);
		wanted++;
	}
	digest_read(summing->digest, on_read, summing);
}

static void send_digest(struct asked *asked, const struct reminder *reminder,
	const struct person *only, int64_t now)
{
	struct summing *summing = mem_new(sizeof(*summing));

	*summing = (struct summing){.sending = sending_new(asked),
		.model = model_ref(asked->engine->model),
		.reminder = reminder,
		.only = only,
		.now = now};
	read_more(summing);
}

void engine_send(struct engine *engine, const char *reminder_id, const char *person_id,
	engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);
	const struct reminder *reminder = model_reminder(engine->model, reminder_id);
	const struct person *person = person_id ? model_person(engine->model, person_id) : NULL;
	int64_t now = clock_now(engine->clock);
	struct sending *sending;

	if (!reminder || (person_id && !person)) {
		asked_refuse(asked, -ENOENT,
			str_printf("no such %s: %s", reminder ? "person" : "reminder",
				reminder ? person_id : reminder_id));
		return;
	}
	if (resolver_why_not_by_hand(reminder, person)) {
		asked_refuse(asked, -EINVAL, str_new(resolver_why_not_by_hand(reminder, person)));
		return;
	}
	if (reminder->digest) {
		send_digest(asked, reminder, person, now);
		return;
	}
	sending = send_to_people(sending_new(asked), reminder, person, now, 0, reminder->n_pairs);
	if (!person)
		sending = send_to_rooms(sending, reminder, now);
	end_sending(sending, asked->pending > 1);
}
