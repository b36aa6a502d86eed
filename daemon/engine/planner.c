/* Passes over what is due. A pass takes the due slots, walks place by place and person by person in
 * slices, and ends when every slice is durable; then the high-water mark moves. A crash inside a pass
 * repeats it from the old mark: what was recorded is known by its key and left out. */
#include "base/clock.h"
#include "engine/digest.h"
#include "engine/planner_internal.h"
#include "engine/report.h"
#include "engine/rounds.h"

#include <event2/event.h>
#include <stdio.h>

enum {
	STEP = 512,        /* decisions of a turn: transfers go on beside it */
	SLICE_FIRST = 256, /* decisions recorded at once: few at first, so that sending begins, */
	SLICE_MOST = 4096, /* then more and more: a commit touches some pages of many */
	SLICES_PENDING_MAX = 4, /* slices waiting for the store: bounds memory */
	READ_STEP = 128,        /* people whose digests are read at once */
};

static void pass_free(struct pass *pass)
{
	slice_drop(pass->slice);
	model_unref(pass->model);
	free(pass->due.list);
	free(pass->people);
	free(pass->slots);
	plan_free(&pass->plan);
	agenda_free(pass->old_agenda);
	digest_free(pass->digest);
	free(pass);
}

int32_t planner_date_at(const struct place *place, int64_t at)
{
	return local_date(zone_to_local(place->zone, at / 1000, NULL));
}

int64_t planner_later_day(const struct place *place, const struct reminder *reminder, int32_t date,
	int32_t second_of_day)
{
	int64_t first, second, at;
	enum rule_id rule;

	zone_to_utc(place->zone, (int64_t)date * DAY_S + second_of_day, &first, &second);
	at = resolver_allowed_at(place, reminder, first * 1000, 7 * DAY_S, &rule);
	return at == TIME_NEVER ? first * 1000 : at;
}

bool planner_is_used_up(const struct planner *planner, const struct person *person, int32_t date)
{
	const struct ledger_day *day = ledger_find(planner->ledger, person->id, date);

	return day && !day->held && day->used >= planner->model->daily_limit;
}

/* ---- groups: what is due in one place ---- */

static int by_place(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void add_members(struct pass *pass, const uint32_t *members, size_t count)
{
	while (pass->people_capacity < pass->n_people + count) {
		pass->people_capacity = MAX_OF(pass->people_capacity * 2, (size_t)64);
		pass->people =
			mem_resize(pass->people, pass->people_capacity, sizeof(*pass->people));
	}
	for (size_t i = 0; i < count; i++)
		pass->people[pass->n_people++] = (struct member){
			record_place(pass->model->people[members[i]]->id), members[i]};
}

/* Of a place's people those whom the slot may concern: where it goes in turn, one at most. */
static void gather_members(const struct planner *planner, struct pass *pass, const struct due *due)
{
	struct rounds *rounds = planner->settings.view->rounds;
	const struct person *holder;

	if (!due->slot.reminder->turn || !rounds) {
		add_members(pass, due->entry->members, due->entry->n_members);
		return;
	}
	holder = rounds_turn(rounds, pass->model, &due->slot);
	if (holder && holder->place == due->slot.place)
		add_members(pass, &holder->index, 1);
}

/* In the order in which the store keeps what they get: a commit then touches few of its pages. */
static void gather_people(const struct planner *planner, struct pass *pass)
{
	size_t unique = 0;

	pass->n_people = pass->next_person = 0;
	for (size_t i = pass->group; i < pass->group_end; i++) {
		const struct due *due = &pass->due.list[i];

		if (i == pass->group || due[-1].entry != due->entry || due->slot.reminder->turn)
			gather_members(planner, pass, due);
	}
	if (pass->n_people)
		qsort(pass->people, pass->n_people, sizeof(*pass->people), by_place);
	for (size_t i = 0; i < pass->n_people; i++)
		if (i == 0 || pass->people[i].number != pass->people[unique - 1].number)
			pass->people[unique++] = pass->people[i];
	pass->n_people = unique;
}

static bool is_digest(const struct due *due)
{
	return due->entry->reminder->digest != DIGEST_NONE;
}

/* What is read first comes last: nothing else waits for it. */
static void put_digests_last(struct due_list *due)
{
	struct due *digests = mem_new_array(MAX_OF(due->count, (size_t)1), sizeof(*digests));
	size_t kept = 0, n = 0;

	for (size_t i = 0; i < due->count; i++) {
		if (is_digest(&due->list[i]))
			digests[n++] = due->list[i];
		else
			due->list[kept++] = due->list[i];
	}
	if (n)
		memcpy(due->list + kept, digests, n * sizeof(*digests));
	free(digests);
}

/* A day is planned with its digests, though they are recorded after the rest. */
static void add_digests_of_place(struct pass *pass, const struct place *place)
{
	for (size_t i = pass->group_end; i < pass->due.count; i++) {
		const struct due *due = &pass->due.list[i];

		if (due->entry->place != place || !is_digest(due))
			continue;
		ARRAY_GROW(pass->slots, pass->n_slots, pass->slots_capacity);
		pass->slots[pass->n_slots++] = due->slot;
	}
}

static void gather_slots(struct planner *planner, struct pass *pass)
{
	const struct place *place = pass->due.list[pass->group].entry->place;

	pass->n_slots = 0;
	for (size_t i = pass->group; i < pass->group_end; i++) {
		ARRAY_GROW(pass->slots, pass->n_slots, pass->slots_capacity);
		pass->slots[pass->n_slots++] = pass->due.list[i].slot;
	}
	pass->date = planner_date_at(place, pass->now_at);
	if (!pass->digests)
		add_digests_of_place(pass, place);
	if (pass->model->daily_limit && planner->agenda->model == pass->model)
		agenda_rest_of_day(planner->agenda, place, pass->mark_at, pass->date, &pass->slots,
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
	pass->digests = is_digest(&pass->due.list[pass->group]);
	while (pass->group_end < pass->due.count &&
		pass->due.list[pass->group_end].entry->place == place &&
		is_digest(&pass->due.list[pass->group_end]) == pass->digests)
		pass->group_end++;
	gather_people(planner, pass);
	gather_slots(planner, pass);
	pass->is_read = false;
	return true;
}

/* ---- digests: what they sum up is read before they are planned ---- */

static void pass_end(struct planner *planner);

static void on_read(void *owner, int error)
{
	struct planner *planner = owner;
	struct pass *pass = planner->pass;

	pass->reading = false;
	pass->is_read = true;
	if (error) {
		pass->error = error;
		pass->all_made = true;
		pass_end(planner);
		return;
	}
	event_active(planner->step, 0, 0);
}

static void want(struct pass *pass, const struct person *person)
{
	size_t n;

	for (size_t i = pass->group; i < pass->group_end; i++) {
		const struct reminder *reminder = pass->due.list[i].entry->reminder;

		if (person && reminder_pairs_of(reminder, person, &n) && n)
			digest_want(pass->digest, reminder, person);
		else if (!person && pass->due.list[i].entry->rooms)
			digest_want(pass->digest, reminder, NULL);
	}
}

/* Of the next people, and of the rooms of the group. */
static void read_some(struct planner *planner, struct pass *pass)
{
	digest_free(pass->digest);
	pass->digest = digest_new(
		pass->model, planner->settings.store, planner->settings.view, pass->now_at);
	if (pass->rooms)
		want(pass, NULL);
	pass->facts_end = MIN_OF(pass->next_person + READ_STEP, pass->n_people);
	for (size_t i = pass->next_person; i < pass->facts_end; i++)
		want(pass, pass->model->people[pass->people[i].number]);
	pass->reading = true;
	digest_read(pass->digest, on_read, planner);
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
	write_mark(planner, pass->model, change, pass->mark_at);
	pass->marked = true;
}

static void pass_submit(struct pass *pass)
{
	struct slice *slice = pass->slice;

	pass->slice = NULL;
	pass->slice_size = MIN_OF(pass->slice_size * 2, (size_t)SLICE_MOST);
	slice_submit(slice);
}

/* A pass that waits for this one writes the mark, when it ends itself. */
static bool writes_mark(const struct pass *pass)
{
	return !pass->below && !pass->marked;
}

/* Some people of one place. */
static void plan_some(struct planner *planner, struct pass *pass)
{
	struct slice *slice = pass->slice ? pass->slice : slice_new(planner);
	size_t enough = slice_count(slice) + STEP, people = STEP;
	size_t end = pass->digests ? pass->facts_end : pass->n_people;

	pass->slice = slice;
	if (pass->rooms) {
		slice_settle_rounds(slice);
		slice_plan_rooms(slice);
	}
	pass->rooms = false;
	while (pass->next_person < end && people-- && slice_count(slice) < enough)
		slice_plan_person(
			slice, pass->model->people[pass->people[pass->next_person++].number]);
	pass->all_made = pass->next_person == pass->n_people && pass->group_end == pass->due.count;
	if (pass->all_made && !pass->pending && writes_mark(pass))
		set_mark(planner, pass, slice_change(slice));
	pass->is_read = pass->next_person < end;
	if (pass->all_made || slice_count(slice) >= pass->slice_size)
		pass_submit(pass);
	if (!pass->all_made && pass->pending < SLICES_PENDING_MAX)
		event_active(planner->step, 0, 0);
}

static void begin_pass(struct planner *planner, bool missed);

/* Between two readings nothing of the pass is on its way: what has become due meanwhile goes first. */
static void read_or_give_way(struct planner *planner, struct pass *pass)
{
	if (pass->slice)
		pass_submit(pass);
	if (pass->pending)
		return;
	if (!pass->below && !planner->stopped &&
		agenda_next_at(planner->agenda) <= clock_now(planner->settings.clock))
		begin_pass(planner, false);
	else
		read_some(planner, pass);
}

static void pass_step(struct planner *planner)
{
	struct pass *pass = planner->pass;

	if (pass->next_person == pass->n_people && !pass->rooms)
		pass->rooms = next_group(planner, pass);
	if (pass->digests && !pass->is_read)
		read_or_give_way(planner, pass);
	else
		plan_some(planner, pass);
}

static void on_step(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct planner *planner = data;
	struct pass *pass = planner->pass;

	if (!pass || pass->reading || pass->pending >= SLICES_PENDING_MAX)
		return;
	if (!pass->all_made) {
		pass_step(planner);
	} else if (!pass->pending && writes_mark(pass) && !pass->error) {
		struct slice *slice = slice_new(planner);

		set_mark(planner, pass, slice_change(slice));
		slice_submit(slice);
	}
}

static void begin_rounds(const struct planner *planner, int64_t decided_at)
{
	if (planner->settings.view->rounds)
		rounds_begin(planner->settings.view->rounds, decided_at);
}

/* The pass below goes on, with what this one has decided; after a failure it has failed, too. */
static void go_on_below(struct planner *planner, struct pass *done)
{
	struct pass *pass = planner->pass = done->below;

	pass->mark_at = MAX_OF(pass->mark_at, done->mark_at);
	if (done->error) {
		pass->error = done->error;
		pass->all_made = true;
		pass_free(done);
		pass_end(planner);
		return;
	}
	pass_free(done);
	begin_rounds(planner, pass->mark_at);
	gather_slots(planner, pass);
	event_active(planner->step, 0, 0);
}

static void pass_end(struct planner *planner)
{
	struct pass *pass = planner->pass;
	int error = pass->error;

	if (pass->below) {
		go_on_below(planner, pass);
		return;
	}
	if (!error)
		zones_note(planner->settings.zones, pass->model, pass->mark_at, true);
	/* After a failure all of it is to be decided again, whatever a reload made of the mark. */
	planner->mark_at = error ? pass->from_at : MAX_OF(planner->mark_at, pass->mark_at);
	begin_rounds(planner, planner->mark_at);
	planner->pass = NULL;
	pass_free(pass);
	if (error)
		planner->settings.on_store_error(planner->settings.owner, error);
	else
		planner->settings.on_rest(planner->settings.owner);
}

void planner_slice_stored(struct planner *planner, struct pass *pass, int error)
{
	if (error) {
		pass->error = error;
		pass->all_made = true;
	}
	pass->pending--;
	if (!pass->all_made || (!pass->pending && !pass->error && writes_mark(pass)))
		event_active(planner->step, 0, 0);
	else if (!pass->pending)
		pass_end(planner);
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
	struct pass *pass;

	if (!planner)
		return;
	event_free(planner->step);
	while ((pass = planner->pass)) {
		planner->pass = pass->below;
		pass_free(pass);
	}
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
	struct pass *pass = planner->pass;

	/* Up to the new mark the old model has decided. */
	if (old && !planner->pass && mark_at != planner->mark_at)
		zones_note(planner->settings.zones, old, mark_at, false);
	if (pass && pass->below && !pass->below->old_agenda)
		pass = pass->below;
	if (pass && !pass->old_agenda)
		pass->old_agenda = planner->agenda;
	else
		agenda_free(planner->agenda);
	/* A pass under way may still fail: then everything since the durable mark is decided anew. */
	if (!planner->pass) {
		planner->mark_at = mark_at;
		begin_rounds(planner, mark_at);
	} else if (planner->settings.view->rounds) {
		rounds_forget(planner->settings.view->rounds);
	}
	planner->model = model_ref(model);
	planner->agenda = agenda_new(model, planner->settings.view, mark_at);
	zones_fill(planner->settings.zones, model, mark_at);
	reach_back(planner, mark_at);
	model_unref(old);
}

int64_t planner_mark(const struct planner *planner)
{
	return planner->pass ? planner->pass->mark_at : planner->mark_at;
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

/* What was let go is no round: the first one is that of the first slot that is due. */
static int64_t before_due(const struct due_list *due, int64_t now_at)
{
	int64_t at = now_at;

	for (size_t i = 0; i < due->count; i++)
		at = MIN_OF(at, due->list[i].slot.send_at - 1);
	return at;
}

static void begin_pass(struct planner *planner, bool missed)
{
	int64_t now = clock_now(planner->settings.clock);
	struct pass *pass = mem_new(sizeof(*pass));

	pass->below = planner->pass;
	pass->model = model_ref(planner->model);
	pass->from_at = planner->mark_at;
	pass->now_at = pass->mark_at = now;
	pass->slice_size = SLICE_FIRST;
	planner->pass = pass;
	agenda_take_due(planner->agenda, now, missed, &pass->due, on_missed, planner);
	begin_rounds(planner, before_due(&pass->due, now));
	put_digests_last(&pass->due);
	event_active(planner->step, 0, 0);
}

void planner_run(struct planner *planner, bool missed)
{
	if (planner->pass || planner->stopped)
		return;
	if (agenda_next_at(planner->agenda) > clock_now(planner->settings.clock))
		planner->settings.on_rest(planner->settings.owner);
	else
		begin_pass(planner, missed);
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
	return first != TIME_NEVER ? first : planner_later_day(place, NULL, date, second_of_day);
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
		*ret_date = planner_date_at(place, *ret_at);
	} while (planner_is_used_up(planner, person, *ret_date));
	return EXTRA_TOMORROW;
}
