/* Slices: what a pass records at once. Asks the resolver for one person's day, turns what is due of it
 * into occurrences and deliveries, and takes all of it back when the store refuses. Owns what it made
 * until it is recorded. */
#include "base/clock.h"
#include "base/str.h"
#include "engine/known.h"
#include "engine/planner_internal.h"
#include "engine/report.h"
#include "engine/rounds.h"

#include <stdio.h>

enum { MERGED_MS = 900000 }; /* at least, from when a merged message goes until it expires */

/* What of a slice must be undone when the store knew it already. */
struct made {
	struct delivery *delivery;
	bool gathers; /* recorded with the slice's end: what joins it until then is an item of it */
};

/* An item that was added to a held message: taken out again when the store refuses the slice. */
struct joined {
	struct delivery *held;
	struct id occurrence;
};

/* How far a reminder has faded for a person, now that it asks once more. */
struct faded {
	char *what;
	char text[FADE_TEXT];
};

struct slice {
	struct planner *planner;
	struct pass *pass;
	struct change *change;
	struct made *made;
	size_t n_made, made_capacity;
	struct occurrence **occurrences;
	size_t n_occurrences, occurrences_capacity;
	struct joined *joined;
	size_t n_joined, joined_capacity;
	struct faded *faded;
	size_t n_faded, faded_capacity;
};

/* ---- a slice ---- */

static void slice_free(struct slice *slice)
{
	for (size_t i = 0; i < slice->n_occurrences; i++)
		occurrence_free(slice->occurrences[i]);
	free(slice->occurrences);
	free(slice->made);
	for (size_t i = 0; i < slice->n_faded; i++)
		free(slice->faded[i].what);
	free(slice->faded);
	free(slice->joined);
	free(slice);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* A pass that is repeated after trouble with the store finds thousands that are known: no search may
 * look at each. */
static struct id *ids_in_order(const struct id *list, size_t count)
{
	struct id *copy = mem_new_array(MAX_OF(count, (size_t)1), sizeof(*copy));

	if (count) {
		memcpy(copy, list, count * sizeof(*copy));
		qsort(copy, count, sizeof(*copy), by_id);
	}
	return copy;
}

static bool is_in(struct id id, const struct id *ordered, size_t count)
{
	return bsearch(&id, ordered, count, sizeof(id), by_id);
}

static void drop_items(struct delivery *delivery, const struct id *ordered, size_t count)
{
	for (size_t i = delivery->count; i-- > 0 && count;)
		if (is_in(delivery->items[i]->id, ordered, count))
			delivery_drop_item(delivery, delivery->items[i]->id);
}

static void tell_recorded(const struct occurrence *occurrence)
{
	struct subject subject = {.reminder = occurrence->key.reminder,
		.person = occurrence->key.recipient,
		.occurrence = occurrence->id,
		.due_at = occurrence->due_at};
	bool skipped = occurrence->state == OCCURRENCE_SKIPPED;

	report(skipped ? EVENT_SKIPPED : EVENT_RECORDED, &subject, "%s for %s: %s (%s)",
		occurrence->key.reminder, occurrence->key.recipient,
		decision_names[occurrence->decision], occurrence->rule);
}

static void slice_accept(struct slice *slice, const struct store_result *result)
{
	const struct planner_settings *settings = &slice->planner->settings;
	auto_free struct id *known = ids_in_order(result->known, result->n_known);
	auto_free struct id *dropped = ids_in_order(result->dropped, result->n_dropped);

	for (size_t i = 0; i < slice->n_occurrences; i++) {
		const struct occurrence *occurrence = slice->occurrences[i];

		if (is_in(occurrence->id, known, result->n_known))
			continue;
		tell_recorded(occurrence);
		if (occurrence->follow_at != TIME_NEVER)
			settings->on_follow(settings->owner, occurrence);
	}
	for (size_t i = 0; i < slice->n_faded; i++)
		settings->on_faded(settings->owner, slice->faded[i].what, slice->pass->now_at,
			slice->faded[i].text);
	for (size_t i = 0; i < slice->n_joined; i++)
		if (is_in(slice->joined[i].occurrence, known, result->n_known))
			delivery_drop_item(slice->joined[i].held, slice->joined[i].occurrence);
	for (size_t i = 0; i < slice->n_made; i++) {
		struct delivery *delivery = slice->made[i].delivery;

		if (is_in(delivery->id, dropped, result->n_dropped)) {
			ledger_take_back(slice->planner->ledger, delivery);
			delivery_free(delivery);
			continue;
		}
		drop_items(delivery, known, result->n_known);
		settings->on_recorded(settings->owner, delivery);
	}
}

static void slice_undo(struct slice *slice)
{
	for (size_t i = 0; i < slice->n_joined; i++)
		delivery_drop_item(slice->joined[i].held, slice->joined[i].occurrence);
	for (size_t i = 0; i < slice->n_made; i++) {
		ledger_take_back(slice->planner->ledger, slice->made[i].delivery);
		delivery_free(slice->made[i].delivery);
	}
}

/* Of one that the store never saw. */
void slice_drop(struct slice *slice)
{
	if (!slice)
		return;
	slice_undo(slice);
	change_free(slice->change);
	slice_free(slice);
}

static void on_slice_stored(void *owner, const struct store_result *result)
{
	struct slice *slice = owner;
	struct planner *planner = slice->planner;
	struct pass *pass = slice->pass;

	if (result->error) {
		slice_drop(pass->slice);
		pass->slice = NULL;
		slice_undo(slice);
	} else {
		slice_accept(slice, result);
	}
	slice_free(slice);
	planner_slice_stored(planner, pass, result->error);
}

size_t slice_count(const struct slice *slice)
{
	return slice->n_occurrences;
}

struct change *slice_change(struct slice *slice)
{
	return slice->change;
}

struct slice *slice_new(struct planner *planner)
{
	struct slice *slice = mem_new(sizeof(*slice));

	slice->planner = planner;
	slice->pass = planner->pass;
	slice->change = change_new();
	return slice;
}

void slice_submit(struct slice *slice)
{
	for (size_t i = 0; i < slice->n_made; i++)
		if (slice->made[i].gathers)
			change_record_delivery(slice->change, slice->made[i].delivery);
	slice->pass->pending++;
	store_apply(slice->planner->settings.store, slice->change, on_slice_stored, slice);
}

static void slice_keep(struct slice *slice, struct occurrence *occurrence)
{
	ARRAY_GROW(slice->occurrences, slice->n_occurrences, slice->occurrences_capacity);
	slice->occurrences[slice->n_occurrences++] = occurrence;
	change_record_occurrence(slice->change, occurrence);
}

static void slice_made(struct slice *slice, struct delivery *delivery, bool gathers)
{
	ARRAY_GROW(slice->made, slice->n_made, slice->made_capacity);
	slice->made[slice->n_made++] = (struct made){.delivery = delivery, .gathers = gathers};
}

/* From now on it waits for an answer: without one, the next slot goes whatever the row was. */
static void note_asked(
	struct slice *slice, const struct planned *planned, const struct occurrence *occurrence)
{
	const struct view *view = slice->planner->settings.view;
	struct faded *faded;
	struct fade fade;

	if (!planned->reminder->fading.after || !planned->person)
		return;
	view->faded(view->owner, planned->reminder, planned->person, &fade);
	if (!fade_ask(&fade, occurrence->key.local))
		return;
	ARRAY_GROW(slice->faded, slice->n_faded, slice->faded_capacity);
	faded = &slice->faded[slice->n_faded++];
	faded->what = known_fade_name(planned->person->id, planned->reminder->id);
	fade_write(&fade, faded->text);
	change_put_pause(slice->change, faded->what, slice->pass->now_at, TIME_NEVER, faded->text);
}

/* ---- one person ---- */

/* A message of its own: one delivery, or one on each channel. Uses one of the day's budget. */
static void make_alone(struct slice *slice, const struct planned *planned,
	struct occurrence *occurrence, struct ledger_day *day)
{
	struct pass *pass = slice->pass;
	size_t ways = planner_ways(planned);

	for (size_t i = 0; i < ways; i++) {
		struct delivery *delivery = planner_make_delivery(
			pass->model, planned, PURPOSE_REMIND, pass->now_at, i);

		delivery_share_item(delivery, occurrence);
		if (day && i == 0)
			delivery->budget_date = day->date;
		change_record_delivery(slice->change, delivery);
		slice_made(slice, delivery, false);
	}
	if (day)
		day->used++;
}

/* Whether it was opened by this slice. If all that it held was known, it would not be there to be
 * joined. */
static bool gathers_here(const struct slice *slice, const struct delivery *held)
{
	for (size_t i = slice->n_made; i-- > 0;)
		if (slice->made[i].delivery == held)
			return slice->made[i].gathers;
	return false;
}

/* The open message of the day takes one more. */
static void join_held(struct slice *slice, const struct planned *planned,
	struct occurrence *occurrence, struct ledger_day *day)
{
	struct delivery *held = day->held;
	int64_t at = MAX_OF(held->not_before_at, planned->send_at);
	int64_t expire_at = MAX_OF(held->expire_at, at + MERGED_MS);
	const struct planner_settings *settings = &slice->planner->settings;

	delivery_share_item(held, occurrence);
	held->not_before_at = held->next_at = at;
	held->expire_at = expire_at;
	if (day->join_next)
		day->join_next = false;
	if (gathers_here(slice, held))
		return;
	change_join_delivery(slice->change, held->id, occurrence->id, at, expire_at);
	ARRAY_GROW(slice->joined, slice->n_joined, slice->joined_capacity);
	slice->joined[slice->n_joined++] =
		(struct joined){.held = held, .occurrence = occurrence->id};
	settings->on_held_moved(settings->owner, held);
}

/* Opens the message that gathers the day's rest. */
static void open_held(struct slice *slice, const struct planned *planned,
	struct occurrence *occurrence, struct ledger_day *day)
{
	struct pass *pass = slice->pass;
	struct delivery *delivery =
		planner_make_delivery(pass->model, planned, PURPOSE_REMIND, pass->now_at, 0);

	delivery->state = DELIVERY_HELD;
	delivery->budget_date = day->date;
	delivery_share_item(delivery, occurrence);
	slice_made(slice, delivery, true);
	day->held = delivery;
	day->join_next = false;
	day->used++;
}

/* The day is full and nothing gathers: tomorrow's first takes it. */
static struct ledger_day *carry_over(
	struct planner *planner, struct planned *planned, struct ledger_day *day)
{
	int64_t local = zone_to_local(planned->place->zone, planned->fire_at / 1000, NULL);
	int32_t date = day->date;

	do {
		planned->send_at = planner_later_day(
			planned->place, planned->reminder, date + 1, local_second_of_day(local));
		date = planner_date_at(planned->place, planned->send_at);
	} while (planner_is_used_up(planner, planned->person, date));
	snprintf(planned->detail, sizeof(planned->detail), "the day's limit is used: tomorrow");
	return ledger_day(planner->ledger, planned->person->id, date);
}

static void make_merged(struct slice *slice, struct planned *planned, struct occurrence *occurrence,
	struct ledger_day *day)
{
	if (day->held)
		join_held(slice, planned, occurrence, day);
	else
		open_held(slice, planned, occurrence, day);
}

static bool day_is_full(const struct planned *planned, const struct ledger_day *day, int limit)
{
	return planned->decision == DECISION_MERGED && !day->held && day->used >= limit;
}

static void record_planned(
	struct slice *slice, struct planned *planned, struct ledger_day *day, int limit)
{
	struct planner *planner = slice->planner;
	struct occurrence *occurrence;
	bool sent = planned->decision != DECISION_SKIPPED;

	if (sent && !planned->room && !planner_ways(planned)) {
		planned->decision = DECISION_SKIPPED;
		planned->rule = BY_NO_CHANNEL;
		snprintf(planned->detail, sizeof(planned->detail), "no channel reaches the person");
		sent = false;
	}
	if (sent && day && day_is_full(planned, day, limit))
		day = carry_over(planner, planned, day);
	occurrence =
		planner_make_occurrence(planner, planned, slice->pass->now_at, slice->pass->digest);
	slice_keep(slice, occurrence);
	if (!sent)
		return;
	note_asked(slice, planned, occurrence);
	if (day && (planned->decision == DECISION_MERGED || (day->held && day->join_next)))
		make_merged(slice, planned, occurrence, day);
	else
		make_alone(slice, planned, occurrence, day);
}

/* Too late even for its grace: skipped, but recorded. */
static void judge_lateness(struct planned *planned, int64_t now_at)
{
	if (planned->decision == DECISION_SKIPPED ||
		now_at - planned->fire_at <= planned->reminder->grace_s * 1000)
		return;
	planned->decision = DECISION_SKIPPED;
	planned->rule = BY_GRACE;
	planned->send_at = planned->fire_at;
	snprintf(planned->detail, sizeof(planned->detail), "%lld min late, over its grace",
		(long long)(now_at - planned->fire_at) / 60000);
}

/* What will gather in the open message today was promised to it: it does not go before. */
static void wait_for_rest(struct slice *slice, const struct ledger_day *day)
{
	const struct planner_settings *settings = &slice->planner->settings;
	const struct plan *plan = &slice->pass->plan;
	struct delivery *held = day->held;
	int64_t at = held->not_before_at;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->list[i].decision == DECISION_MERGED)
			at = MAX_OF(at, plan->list[i].send_at);
	if (at == held->not_before_at || gathers_here(slice, held))
		return;
	held->not_before_at = held->next_at = at;
	held->expire_at = MAX_OF(held->expire_at, at + MERGED_MS);
	settings->on_held_moved(settings->owner, held);
}

void slice_plan_person(struct slice *slice, const struct person *person)
{
	struct planner *planner = slice->planner;
	struct pass *pass = slice->pass;
	int limit = pass->model->daily_limit;
	struct ledger_day *day = limit ? ledger_day(planner->ledger, person->id, pass->date) : NULL;
	struct budget budget = ledger_budget(day, limit);

	plan_clear(&pass->plan);
	resolver_plan_person(pass->model, person, pass->slots, pass->n_slots,
		planner->settings.view, &budget, &pass->plan);
	for (size_t i = 0; i < pass->plan.count; i++) {
		struct planned *planned = &pass->plan.list[i];

		if (planned->fire_at > pass->now_at ||
			(planned->reminder->digest != DIGEST_NONE) != pass->digests)
			continue;
		judge_lateness(planned, pass->now_at);
		record_planned(slice, planned, day, limit);
	}
	if (budget.has_held && !budget.join_next && day->held)
		wait_for_rest(slice, day);
}

void slice_plan_rooms(struct slice *slice)
{
	struct pass *pass = slice->pass;

	plan_clear(&pass->plan);
	for (size_t i = pass->group; i < pass->group_end; i++)
		if (pass->due.list[i].entry->rooms)
			resolver_plan_rooms(&pass->due.list[i].slot, slice->planner->settings.view,
				&pass->plan);
	for (size_t i = 0; i < pass->plan.count; i++) {
		judge_lateness(&pass->plan.list[i], pass->now_at);
		record_planned(slice, &pass->plan.list[i], NULL, 0);
	}
}

static void keep(void *owner, const char *person, const char *name, const char *value)
{
	const struct slice *slice = owner;
	const struct planner_settings *settings = &slice->planner->settings;

	settings->keep(settings->owner, slice->change, person, name, value);
}

/* What is too late for its grace was nobody's turn. */
void slice_settle_rounds(struct slice *slice)
{
	const struct pass *pass = slice->pass;
	struct rounds *rounds = slice->planner->settings.view->rounds;

	for (size_t i = pass->group; i < pass->group_end && rounds; i++) {
		const struct place_slot *slot = &pass->due.list[i].slot;

		if ((slot->reminder->turn || slot->reminder->pair) &&
			slot->decision != DECISION_SKIPPED &&
			pass->now_at - slot->send_at <= slot->reminder->grace_s * 1000)
			rounds_settle(rounds, pass->model, slot, keep, slice);
	}
}
