/* Passes over what is due. A pass takes the due slots, walks place by place and person by person in
 * slices, and ends when every slice is durable; then the high-water mark moves. A crash inside a pass
 * repeats it from the old mark: what was recorded is known by its key and left out. */
#include "base/clock.h"
#include "base/str.h"
#include "engine/known.h"
#include "engine/planner_internal.h"
#include "engine/report.h"

#include <event2/event.h>
#include <stdio.h>

enum {
	STEP = 512,        /* decisions of a turn: transfers go on beside it */
	SLICE_FIRST = 256, /* decisions recorded at once: few at first, so that sending begins, */
	SLICE_MOST = 4096, /* then more and more: a commit touches some pages of many */
	SLICES_PENDING_MAX = 4, /* slices waiting for the store: bounds memory */
	MERGED_MS = 900000,     /* at least, from when a merged message goes until it expires */
};

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

struct member {
	uint32_t place; /* where the store keeps what the person gets */
	uint32_t number;
};

struct pass {
	struct model *model;     /* its own reference: a reload may come in between */
	int64_t from_at, now_at; /* decides (from_at, now_at] */
	struct due_list due;
	size_t group, group_end; /* due[group .. group_end) are of one place */
	struct member *people;   /* of the group, sorted, without doubles */
	size_t n_people, next_person, people_capacity;
	struct place_slot *slots; /* the group's, then the rest of the day */
	size_t n_slots, n_due_slots, slots_capacity;
	int32_t date;
	struct plan plan;
	struct slice *slice; /* grows until it is worth a commit; NULL: none */
	size_t slice_size;
	size_t pending;
	int error;
	bool all_made, marked;
	struct agenda *old_agenda; /* a reload came in between: what due points into */
};

static void slice_drop(struct slice *slice);

static void pass_free(struct pass *pass)
{
	slice_drop(pass->slice);
	model_unref(pass->model);
	free(pass->due.list);
	free(pass->people);
	free(pass->slots);
	plan_free(&pass->plan);
	agenda_free(pass->old_agenda);
	free(pass);
}

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
static void slice_drop(struct slice *slice)
{
	if (!slice)
		return;
	slice_undo(slice);
	change_free(slice->change);
	slice_free(slice);
}

static void pass_end(struct planner *planner);

static void on_slice_stored(void *owner, const struct store_result *result)
{
	struct slice *slice = owner;
	struct planner *planner = slice->planner;
	struct pass *pass = slice->pass;

	if (result->error) {
		slice_drop(pass->slice);
		pass->slice = NULL;
		slice_undo(slice);
		pass->error = result->error;
		pass->all_made = true;
	} else {
		slice_accept(slice, result);
	}
	slice_free(slice);
	pass->pending--;
	if (!pass->all_made || (!pass->pending && !pass->error && !pass->marked))
		event_active(planner->step, 0, 0);
	else if (!pass->pending)
		pass_end(planner);
}

static struct slice *slice_new(struct planner *planner)
{
	struct slice *slice = mem_new(sizeof(*slice));

	slice->planner = planner;
	slice->pass = planner->pass;
	slice->change = change_new();
	return slice;
}

static void slice_submit(struct slice *slice)
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

	if (!planned->reminder->fading.after || !planned->person || planned->about)
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

static int32_t local_date_at(const struct place *place, int64_t at)
{
	return local_date(zone_to_local(place->zone, at / 1000, NULL));
}

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

/* The first allowed minute from a time of day on: the date may be a later one, after a weekend. */
static int64_t on_a_later_day(const struct place *place, const struct reminder *reminder,
	int32_t date, int32_t second_of_day)
{
	int64_t first, second, at;
	enum rule_id rule;

	zone_to_utc(place->zone, (int64_t)date * DAY_S + second_of_day, &first, &second);
	at = resolver_allowed_at(place, reminder, first * 1000, 7 * DAY_S, &rule);
	return at == TIME_NEVER ? first * 1000 : at;
}

/* Nothing more can go on a date. One to come may be full, too, for whoever has moved west since it
 * was there. */
static bool is_used_up(const struct planner *planner, const struct person *person, int32_t date)
{
	const struct ledger_day *day = ledger_find(planner->ledger, person->id, date);

	return day && !day->held && day->used >= planner->model->daily_limit;
}

/* The day is full and nothing gathers: tomorrow's first takes it. */
static struct ledger_day *carry_over(
	struct planner *planner, struct planned *planned, struct ledger_day *day)
{
	int64_t local = zone_to_local(planned->place->zone, planned->fire_at / 1000, NULL);
	int32_t date = day->date;

	do {
		planned->send_at = on_a_later_day(
			planned->place, planned->reminder, date + 1, local_second_of_day(local));
		date = local_date_at(planned->place, planned->send_at);
	} while (is_used_up(planner, planned->person, date));
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
	occurrence = planner_make_occurrence(planner, planned, slice->pass->now_at);
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

static void plan_person(struct slice *slice, const struct person *person)
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

		if (planned->fire_at > pass->now_at)
			continue;
		judge_lateness(planned, pass->now_at);
		record_planned(slice, planned, day, limit);
	}
	if (budget.has_held && !budget.join_next && day->held)
		wait_for_rest(slice, day);
}

static void plan_rooms(struct slice *slice)
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

/* ---- groups: what is due in one place ---- */

static int by_place(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void gather_members(struct pass *pass, const struct agenda_entry *entry)
{
	while (pass->people_capacity < pass->n_people + entry->n_members) {
		pass->people_capacity = MAX_OF(pass->people_capacity * 2, (size_t)64);
		pass->people =
			mem_resize(pass->people, pass->people_capacity, sizeof(*pass->people));
	}
	for (size_t i = 0; i < entry->n_members; i++) {
		uint32_t number = entry->members[i];

		pass->people[pass->n_people++] =
			(struct member){record_place(pass->model->people[number]->id), number};
	}
}

/* In the order in which the store keeps what they get: a commit then touches few of its pages. */
static void gather_people(struct pass *pass)
{
	size_t unique = 0;

	pass->n_people = pass->next_person = 0;
	for (size_t i = pass->group; i < pass->group_end; i++) {
		const struct agenda_entry *entry = pass->due.list[i].entry;

		if (i == pass->group || pass->due.list[i - 1].entry != entry)
			gather_members(pass, entry);
	}
	if (pass->n_people)
		qsort(pass->people, pass->n_people, sizeof(*pass->people), by_place);
	for (size_t i = 0; i < pass->n_people; i++)
		if (i == 0 || pass->people[i].number != pass->people[unique - 1].number)
			pass->people[unique++] = pass->people[i];
	pass->n_people = unique;
}

static void gather_slots(struct planner *planner, struct pass *pass)
{
	const struct place *place = pass->due.list[pass->group].entry->place;

	pass->n_slots = 0;
	for (size_t i = pass->group; i < pass->group_end; i++) {
		ARRAY_GROW(pass->slots, pass->n_slots, pass->slots_capacity);
		pass->slots[pass->n_slots++] = pass->due.list[i].slot;
	}
	pass->date = local_date_at(place, pass->now_at);
	if (pass->model->daily_limit && planner->agenda->model == pass->model)
		agenda_rest_of_day(planner->agenda, place, pass->now_at, pass->date, &pass->slots,
			&pass->n_slots, &pass->slots_capacity);
}

/* False when there is no further group. */
static bool next_group(struct planner *planner, struct pass *pass)
{
	const struct place *place;

	pass->group = pass->group_end;
	if (pass->group == pass->due.count)
		return false;
	place = pass->due.list[pass->group].entry->place;
	while (pass->group_end < pass->due.count &&
		pass->due.list[pass->group_end].entry->place == place)
		pass->group_end++;
	gather_people(pass);
	gather_slots(planner, pass);
	return true;
}

static void write_mark(const struct planner *planner, const struct model *model,
	struct change *change, int64_t mark_at)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)mark_at);
	change_set_value(change, "mark", text);
	zones_write(planner->settings.zones, model, mark_at, change);
}

void planner_write_mark(const struct planner *planner, struct change *change, int64_t mark_at)
{
	write_mark(planner, planner->model, change, mark_at);
}

/* Only when every slice before it is durable. */
static void set_mark(const struct planner *planner, struct pass *pass, struct change *change)
{
	write_mark(planner, pass->model, change, pass->now_at);
	pass->marked = true;
}

static void pass_submit(struct pass *pass)
{
	struct slice *slice = pass->slice;

	pass->slice = NULL;
	pass->slice_size = MIN_OF(pass->slice_size * 2, (size_t)SLICE_MOST);
	slice_submit(slice);
}

/* Some people of one place. */
static void pass_step(struct planner *planner)
{
	struct pass *pass = planner->pass;
	struct slice *slice = pass->slice ? pass->slice : slice_new(planner);
	size_t enough = slice->n_occurrences + STEP, people = STEP;

	pass->slice = slice;
	if (pass->next_person == pass->n_people && next_group(planner, pass))
		plan_rooms(slice);
	while (pass->next_person < pass->n_people && people-- && slice->n_occurrences < enough)
		plan_person(slice, pass->model->people[pass->people[pass->next_person++].number]);
	pass->all_made = pass->next_person == pass->n_people && pass->group_end == pass->due.count;
	if (pass->all_made && !pass->pending)
		set_mark(planner, pass, slice->change);
	if (pass->all_made || slice->n_occurrences >= pass->slice_size)
		pass_submit(pass);
	if (!pass->all_made && pass->pending < SLICES_PENDING_MAX)
		event_active(planner->step, 0, 0);
}

static void on_step(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct planner *planner = data;
	struct pass *pass = planner->pass;

	if (!pass || pass->pending >= SLICES_PENDING_MAX)
		return;
	if (!pass->all_made) {
		pass_step(planner);
	} else if (!pass->pending && !pass->marked && !pass->error) {
		struct slice *slice = slice_new(planner);

		set_mark(planner, pass, slice->change);
		slice_submit(slice);
	}
}

static void pass_end(struct planner *planner)
{
	struct pass *pass = planner->pass;
	int error = pass->error;

	if (!error)
		zones_note(planner->settings.zones, pass->model, pass->now_at, true);
	/* After a failure all of it is to be decided again, whatever a reload made of the mark. */
	planner->mark_at = error ? pass->from_at : MAX_OF(planner->mark_at, pass->now_at);
	planner->pass = NULL;
	pass_free(pass);
	if (error)
		planner->settings.on_store_error(planner->settings.owner, error);
	else
		planner->settings.on_rest(planner->settings.owner);
}

/* ---- life ---- */

struct planner *planner_new(const struct planner_settings *settings, struct ledger *ledger)
{
	struct planner *planner = mem_new(sizeof(*planner));

	planner->settings = *settings;
	planner->ledger = ledger;
	planner->step = event_new(settings->loop, -1, 0, on_step, planner);
	return planner;
}

void planner_free(struct planner *planner)
{
	if (!planner)
		return;
	event_free(planner->step);
	if (planner->pass)
		pass_free(planner->pass);
	agenda_free(planner->agenda);
	model_unref(planner->model);
	free(planner);
}

/* Where a clock went forward by new rules, what it leapt over is due now. */
static void reach_back(struct planner *planner, int64_t mark_at)
{
	const struct view *view = planner->settings.view;

	for (size_t i = 0; i < planner->agenda->count; i++) {
		struct agenda_entry *entry = &planner->agenda->entries[i];
		int64_t begun = view->begun(view->owner, entry->reminder, NULL);
		int64_t decided_at = zones_decided_at(
			planner->settings.zones, entry->reminder, entry->place, mark_at);

		if (decided_at < mark_at && begun < mark_at)
			agenda_restart(planner->agenda, entry, MAX_OF(decided_at, begun));
	}
}

void planner_use_model(struct planner *planner, struct model *model, int64_t mark_at)
{
	struct model *old = planner->model;

	/* Up to the new mark the old model has decided. */
	if (old && !planner->pass && mark_at != planner->mark_at)
		zones_note(planner->settings.zones, old, mark_at, false);
	if (planner->pass && !planner->pass->old_agenda)
		planner->pass->old_agenda = planner->agenda;
	else
		agenda_free(planner->agenda);
	/* A pass under way may still fail: then everything since the durable mark is decided anew. */
	if (!planner->pass)
		planner->mark_at = mark_at;
	planner->model = model_ref(model);
	planner->agenda = agenda_new(model, planner->settings.view, mark_at);
	zones_fill(planner->settings.zones, model, mark_at);
	reach_back(planner, mark_at);
	model_unref(old);
}

int64_t planner_mark(const struct planner *planner)
{
	return planner->pass ? planner->pass->now_at : planner->mark_at;
}

int64_t planner_next_at(const struct planner *planner)
{
	return planner->pass || planner->stopped ? TIME_NEVER : agenda_next_at(planner->agenda);
}

size_t planner_schedules(const struct planner *planner)
{
	return planner->agenda->schedules;
}

bool planner_is_busy(const struct planner *planner)
{
	return planner->pass != NULL;
}

void planner_stop(struct planner *planner)
{
	planner->stopped = true;
}

static void on_missed(void *owner unused_arg, const struct agenda_entry *entry, size_t count,
	const struct place_slot *newest)
{
	struct subject subject = {
		.reminder = entry->reminder->id, .due_at = newest ? newest->due_at : 0};

	report(EVENT_MISSED, &subject, "%s: %zu%s slots were missed in %s and are not sent",
		entry->reminder->id, count, count >= AGENDA_COUNTED - 1 ? " or more" : "",
		entry->place->id ? entry->place->id : "the default place");
	if (newest)
		report(EVENT_CAUGHT_UP, &subject, "%s: one message stands for what was missed",
			entry->reminder->id);
}

void planner_run(struct planner *planner, bool missed)
{
	int64_t now = clock_now(planner->settings.clock);
	struct pass *pass;

	if (planner->pass || planner->stopped)
		return;
	if (agenda_next_at(planner->agenda) > now) {
		planner->settings.on_rest(planner->settings.owner);
		return;
	}
	pass = planner->pass = mem_new(sizeof(*pass));
	pass->model = model_ref(planner->model);
	pass->from_at = planner->mark_at;
	pass->now_at = now;
	pass->slice_size = SLICE_FIRST;
	agenda_take_due(planner->agenda, now, missed, &pass->due, on_missed, planner);
	event_active(planner->step, 0, 0);
}

/* ---- extras ---- */

/* The first message still planned for the person today, or TIME_NEVER, and how many there are. */
static int64_t next_planned(struct planner *planner, const struct person *person, int64_t now_at,
	int32_t date, size_t *ret)
{
	struct place_slot *slots = NULL;
	size_t count = 0, capacity = 0;
	struct plan plan = {0};
	struct budget none = {0};
	int64_t first = TIME_NEVER;

	agenda_rest_of_day(planner->agenda, person->place, now_at, date, &slots, &count, &capacity);
	resolver_plan_person(
		planner->model, person, slots, count, planner->settings.view, &none, &plan);
	*ret = 0;
	for (size_t i = 0; i < plan.count; i++) {
		if (plan.list[i].decision == DECISION_SKIPPED)
			continue;
		first = MIN_OF(first, plan.list[i].send_at);
		(*ret)++;
	}
	plan_free(&plan);
	free(slots);
	return first;
}

/* The first message planned for a date to come; without any, about the same time on that date. */
static int64_t first_of_date(
	struct planner *planner, const struct person *person, int32_t date, int32_t second_of_day)
{
	const struct place *place = person->place;
	int64_t begin, second, first;
	size_t planned;

	zone_to_utc(place->zone, (int64_t)date * DAY_S, &begin, &second);
	first = next_planned(planner, person, begin * 1000 - 1, date, &planned);
	return first != TIME_NEVER ? first : on_a_later_day(place, NULL, date, second_of_day);
}

enum extra planner_place_extra(struct planner *planner, const struct person *person, int64_t now_at,
	int64_t *ret_at, int32_t *ret_date)
{
	const struct place *place = person->place;
	int limit = planner->model->daily_limit;
	int64_t local = zone_to_local(place->zone, now_at / 1000, NULL), first;
	struct ledger_day *day;
	size_t planned;

	*ret_at = now_at;
	*ret_date = local_date(local);
	if (!limit)
		return EXTRA_NOW;
	day = ledger_day(planner->ledger, person->id, *ret_date);
	first = next_planned(planner, person, now_at, *ret_date, &planned);
	/* On a day that is full nothing planned goes any more: it is carried over, too. */
	if (day->held || (first != TIME_NEVER && day->used < limit)) {
		*ret_at = day->held ? day->held->not_before_at : first;
		return EXTRA_WITH_NEXT;
	}
	if (day->used < limit)
		return EXTRA_NOW;
	do {
		*ret_at = first_of_date(planner, person, *ret_date + 1, local_second_of_day(local));
		*ret_date = local_date_at(place, *ret_at);
	} while (is_used_up(planner, person, *ret_date));
	return EXTRA_TOMORROW;
}
