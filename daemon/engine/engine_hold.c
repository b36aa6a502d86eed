/* Held messages: recorded, and gathering occurrences until their time. Owns them until they are
 * released to dispatch. The release itself is recorded first. */
#include "engine/engine_internal.h"

struct hold {
	struct heap_node node;
	struct engine *engine;
	struct delivery *delivery;
};

static struct hold *find(const struct engine *engine, struct id id)
{
	for (size_t i = 0; i < engine->holds.count; i++) {
		struct hold *hold = container_of(engine->holds.nodes[i], struct hold, node);

		if (id_eq(hold->delivery->id, id))
			return hold;
	}
	return NULL;
}

void hold_put(struct engine *engine, struct delivery *delivery)
{
	struct hold *hold = mem_new(sizeof(*hold));

	assert(delivery->state == DELIVERY_HELD);
	hold->engine = engine;
	hold->delivery = delivery;
	heap_put(&engine->holds, &hold->node, delivery->not_before_at);
}

void hold_move(struct engine *engine, struct delivery *delivery)
{
	struct hold *hold = find(engine, delivery->id);

	/* One that is not here yet is still on its way through the store. */
	if (hold)
		heap_put(&engine->holds, &hold->node, delivery->not_before_at);
}

int64_t hold_next_at(const struct engine *engine)
{
	struct heap_node *first = heap_first(&engine->holds);

	return first ? first->key : TIME_NEVER;
}

const struct delivery *hold_find(const struct engine *engine, struct id id)
{
	struct hold *hold = find(engine, id);

	return hold ? hold->delivery : NULL;
}

static void on_released(void *owner, const struct store_result *result)
{
	struct hold *hold = owner;
	struct engine *engine = hold->engine;

	if (result->error) {
		hold->delivery->state = DELIVERY_HELD;
		heap_put(&engine->holds, &hold->node, clock_now(engine->clock) + 5000);
		engine_store_failed(engine, result->error);
		return;
	}
	dispatch_submit(engine->dispatch, hold->delivery);
	free(hold);
	engine_set_alarm(engine);
}

/* What is left of a reminder that is gone is as any other. */
static int priority_of(const struct engine *engine, const struct occurrence *item)
{
	enum { USUAL = 3 };
	const struct reminder *reminder = model_reminder(engine->model, item->key.reminder);

	return reminder ? reminder->priority : USUAL;
}

/* It reads as one list, what matters most first; of equals what came first. */
static void put_in_order(const struct engine *engine, struct delivery *delivery)
{
	for (size_t i = 1; i < delivery->count; i++) {
		struct occurrence *item = delivery->items[i];
		size_t at = i;

		for (; at &&
			priority_of(engine, delivery->items[at - 1]) < priority_of(engine, item);
			at--)
			delivery->items[at] = delivery->items[at - 1];
		delivery->items[at] = item;
	}
}

void hold_release_due(struct engine *engine)
{
	struct heap_node *first;
	int64_t now = clock_now(engine->clock);

	while ((first = heap_first(&engine->holds)) && first->key <= now) {
		struct hold *hold = container_of(first, struct hold, node);
		struct change *change = change_new();

		heap_remove(&engine->holds, first);
		ledger_close_held(engine->ledger, hold->delivery);
		put_in_order(engine, hold->delivery);
		hold->delivery->state = DELIVERY_WAITING;
		hold->delivery->next_at = now;
		change_settle_delivery(change, hold->delivery);
		store_apply(engine->store, change, on_released, hold);
	}
}

static void on_cancelled(void *owner, const struct store_result *result)
{
	if (result->error)
		engine_store_failed(owner, result->error);
}

static void cancel(struct hold *hold, const char *reason)
{
	struct engine *engine = hold->engine;
	struct change *change = change_new();
	struct subject subject = {.person = hold->delivery->recipient,
		.channel = hold->delivery->channel,
		.delivery = hold->delivery->id};

	heap_remove(&engine->holds, &hold->node);
	ledger_take_back(engine->ledger, hold->delivery);
	hold->delivery->state = DELIVERY_CANCELLED;
	free(hold->delivery->reason);
	hold->delivery->reason = str_new(reason);
	change_settle_delivery(change, hold->delivery);
	store_apply(engine->store, change, on_cancelled, engine);
	report(EVENT_CANCELLED, &subject, "a held message for %s: %s", hold->delivery->recipient,
		reason);
	delivery_free(hold->delivery);
	free(hold);
}

bool hold_cancel(struct engine *engine, struct id id, const char *reason)
{
	struct hold *hold = find(engine, id);

	if (hold)
		cancel(hold, reason);
	return hold != NULL;
}

void hold_cancel_person(struct engine *engine, const char *person, const char *reason)
{
	for (size_t i = engine->holds.count; i-- > 0;) {
		struct hold *hold = container_of(engine->holds.nodes[i], struct hold, node);

		if (!str_eq(hold->delivery->recipient, person))
			continue;
		cancel(hold, reason);
		i = engine->holds.count; /* the heap has changed its order */
	}
}

static void on_closed(void *owner, const struct store_result *result)
{
	if (result->error)
		engine_store_failed(owner, result->error);
}

/* A nudge's answer is in the record; that word to somebody else is needless must be, too. */
static void drop_item(
	struct engine *engine, struct delivery *delivery, const struct occurrence *item)
{
	struct change *closing = follow_closing(item);

	if (closing)
		store_apply(engine->store, closing, on_closed, engine);
	delivery_drop_item(delivery, item->id);
}

void hold_answered(struct engine *engine, const struct occurrence *answered)
{
	for (size_t i = engine->holds.count; i-- > 0;) {
		struct hold *hold = container_of(engine->holds.nodes[i], struct hold, node);
		struct delivery *delivery = hold->delivery;

		for (size_t j = delivery->count; j-- > 0;)
			if (follow_is_needless(delivery->items[j], answered))
				drop_item(engine, delivery, delivery->items[j]);
		if (delivery->count)
			continue;
		cancel(hold, "answered");
		i = engine->holds.count;
	}
}

void hold_drop_answered(struct engine *engine, struct delivery *delivery)
{
	for (size_t j = delivery->count; j-- > 0;)
		if (follow_was_answered(delivery->items[j]))
			delivery_drop_item(delivery, delivery->items[j]->id);
	if (!delivery->count)
		hold_cancel(engine, delivery->id, "answered");
}

void hold_review(struct engine *engine)
{
	for (size_t i = engine->holds.count; i-- > 0;) {
		struct hold *hold = container_of(engine->holds.nodes[i], struct hold, node);

		if (model_person(engine->model, hold->delivery->recipient))
			continue;
		cancel(hold, "the person was removed from the configuration");
		i = engine->holds.count;
	}
}

void hold_free_all(struct engine *engine)
{
	struct heap_node *first;

	while ((first = heap_first(&engine->holds))) {
		struct hold *hold = container_of(first, struct hold, node);

		heap_remove(&engine->holds, first);
		delivery_free(hold->delivery);
		free(hold);
	}
	heap_free(&engine->holds);
}
