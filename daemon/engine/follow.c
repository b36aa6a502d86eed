/* Nudges, escalations and snoozed messages, by the resolver's rules. Owns the heap of what waits for
 * an answer. Never sends by itself: it records a delivery and hands it over. */
#include "engine/follow.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/report.h"

#include <errno.h>
#include <stdio.h>
#include <uthash.h>

enum {
	RUN_SLICE = 64,
	AGAIN_MS = 5000, /* the store did not work: once more */
	WAIT_MAX_S = 7 * 86400,
	WEEK_SILENT_MS = 5 * 86400000, /* from here on it is a week of work */
	ESCALATION_PASS = 2000, /* of word about somebody's silence: no clock and no hand has it */
};

struct entry {
	struct follow *follow;
	struct heap_node node; /* key: follow_at */
	struct id id;
	uint64_t series; /* hash of reminder, recipient, subject */
	char *reminder, *recipient;
	int64_t from_at; /* nudges count from here */
	int nudges;
	bool snoozed, busy; /* busy: a step of it is on its way to the store */
	UT_hash_handle hh, hh_series;
};

struct follow {
	struct follow_settings settings;
	struct model *model;
	struct heap heap;
	struct entry *by_id, *by_series;
};

/* What the next slot takes the place of. Whoever meets another one this time is asked about that one
 * alone. */
static uint64_t series_of(const struct follow *follow, const struct occurrence *occurrence)
{
	const struct reminder *reminder = model_reminder(follow->model, occurrence->key.reminder);
	bool by_about = occurrence->key.about && !(reminder && reminder->pair);

	return HASH_OF(occurrence->key.reminder, occurrence->key.recipient,
		by_about ? occurrence->key.about : "");
}

struct follow *follow_new(const struct follow_settings *settings)
{
	struct follow *follow = mem_new(sizeof(*follow));

	follow->settings = *settings;
	return follow;
}

static void entry_free(struct entry *entry)
{
	struct follow *follow = entry->follow;

	heap_remove(&follow->heap, &entry->node);
	HASH_DELETE(hh, follow->by_id, entry);
	HASH_DELETE(hh_series, follow->by_series, entry);
	free(entry->reminder);
	free(entry->recipient);
	free(entry);
}

void follow_free(struct follow *follow)
{
	struct entry *entry, *next;

	if (!follow)
		return;
	HASH_ITER(hh, follow->by_id, entry, next)
		entry_free(entry);
	heap_free(&follow->heap);
	model_unref(follow->model);
	free(follow);
}

void follow_use_model(struct follow *follow, struct model *model)
{
	struct model *old = follow->model;

	follow->model = model_ref(model);
	model_unref(old);
}

static struct entry *find(struct follow *follow, struct id id)
{
	struct entry *entry;

	HASH_FIND(hh, follow->by_id, id.bytes, sizeof(id.bytes), entry);
	return entry;
}

int64_t follow_next_at(const struct follow *follow)
{
	struct heap_node *first = heap_first(&follow->heap);

	return first ? first->key : TIME_NEVER;
}

size_t follow_count(const struct follow *follow)
{
	return HASH_COUNT(follow->by_id);
}

static struct entry *entry_new(struct follow *follow, const struct occurrence *occurrence)
{
	struct entry *entry = mem_new(sizeof(*entry));

	entry->follow = follow;
	entry->id = occurrence->id;
	entry->series = series_of(follow, occurrence);
	entry->reminder = str_new(occurrence->key.reminder);
	entry->recipient = str_new(occurrence->key.recipient);
	entry->from_at = occurrence_sent_at(occurrence);
	entry->nudges = occurrence->nudges;
	entry->snoozed = occurrence->answer == ANSWER_SNOOZE;
	HASH_ADD_KEYPTR(hh, follow->by_id, entry->id.bytes, sizeof(entry->id.bytes), entry);
	HASH_ADD(hh_series, follow->by_series, series, sizeof(entry->series), entry);
	return entry;
}

/* ---- changes of an occurrence without a message ---- */

static void on_closed(void *owner, const struct store_result *result)
{
	struct follow *follow = owner;

	if (result->error)
		follow->settings.on_store_error(follow->settings.owner, result->error);
}

static void record_follow(
	struct follow *follow, const struct entry *entry, enum occurrence_state state, int64_t at)
{
	struct change *change = change_new();

	change_follow_occurrence(change, entry->id, state, at, entry->nudges);
	store_apply(follow->settings.store, change, on_closed, follow);
}

static void close_entry(struct entry *entry)
{
	record_follow(entry->follow, entry, OCCURRENCE_CLOSED, TIME_NEVER);
	entry_free(entry);
}

static void postpone(struct entry *entry, int64_t at)
{
	record_follow(
		entry->follow, entry, entry->snoozed ? OCCURRENCE_ANSWERED : OCCURRENCE_OPEN, at);
	heap_put(&entry->follow->heap, &entry->node, at);
}

static struct entry *find_older(struct follow *follow, uint64_t series, int64_t from_at)
{
	struct entry *entry;

	HASH_FIND(hh_series, follow->by_series, &series, sizeof(series), entry);
	return entry && entry->from_at < from_at ? entry : NULL;
}

void follow_put(struct follow *follow, const struct occurrence *occurrence)
{
	uint64_t series = series_of(follow, occurrence);
	struct entry *older;

	if (find(follow, occurrence->id))
		return;
	/* A snooze of an earlier one may stand beside the newest. */
	while ((older = find_older(follow, series, occurrence_sent_at(occurrence))))
		close_entry(older);
	heap_put(&follow->heap, &entry_new(follow, occurrence)->node, occurrence->follow_at);
}

void follow_answering(struct follow *follow, struct id occurrence)
{
	struct entry *entry = find(follow, occurrence);

	if (!entry)
		return;
	entry->busy = false;
	heap_remove(&follow->heap, &entry->node);
}

void follow_not_answered(struct follow *follow, struct id occurrence)
{
	struct entry *entry = find(follow, occurrence);

	if (entry)
		heap_put(&follow->heap, &entry->node, clock_now(follow->settings.clock) + AGAIN_MS);
}

void follow_answered(struct follow *follow, const struct occurrence *occurrence, int64_t follow_at)
{
	struct entry *entry = find(follow, occurrence->id);

	if (follow_at == TIME_NEVER) {
		if (entry)
			entry_free(entry);
		return;
	}
	if (!entry)
		entry = entry_new(follow, occurrence);
	entry->snoozed = true;
	heap_put(&follow->heap, &entry->node, follow_at);
}

bool follow_is_escalation(const struct occurrence *item)
{
	return item->key.pass == ESCALATION_PASS;
}

struct change *follow_closing(const struct occurrence *item)
{
	struct change *change;

	if (!follow_is_escalation(item))
		return NULL;
	change = change_new();
	change_follow_occurrence(change, item->id, OCCURRENCE_CLOSED, TIME_NEVER, 0);
	return change;
}

bool follow_is_needless(const struct occurrence *item, const struct occurrence *answered)
{
	if (id_eq(item->id, answered->id))
		return true;
	return follow_is_escalation(item) && item->key.local == answered->key.local &&
	       str_eq(item->key.reminder, answered->key.reminder) &&
	       str_eq(item->key.about, answered->key.recipient);
}

/* A snooze that has come back was answered, and is to be sent all the same. */
bool follow_was_answered(const struct occurrence *item)
{
	if (follow_is_escalation(item))
		return item->state == OCCURRENCE_CLOSED;
	return item->state == OCCURRENCE_ANSWERED &&
	       (item->answer != ANSWER_SNOOZE || item->follow_at != TIME_NEVER);
}

void follow_forget_person(struct follow *follow, const char *person)
{
	struct entry *entry, *next;

	HASH_ITER(hh, follow->by_id, entry, next)
		if (str_eq(entry->recipient, person))
			entry_free(entry);
}

/* ---- one step: a nudge or an escalation ---- */

/* What one step is about, while it is on its way through the store. */
struct step {
	struct follow *follow;
	struct model *model;
	struct id id;
	const struct reminder *reminder;
	const struct person *person; /* who has not answered */
	const struct person *to;     /* who is told */
	bool escalates;
	enum extra extra; /* where the day's limit has room for it: */
	int64_t send_at;
	int32_t date;
	int64_t next_follow_at;
	struct delivery *delivery;  /* recorded by this step; NULL: it joined another */
	struct occurrence *telling; /* what the message says */
	int32_t joined_date;        /* of the held message that took it; INT32_MIN: none */
};

static void step_free(struct step *step)
{
	occurrence_free(step->telling);
	model_unref(step->model);
	free(step);
}

/* NULL: nobody, also where the partner does not want to be one. */
static const struct person *escalation_target(
	const struct follow *follow, const struct reminder *reminder, const struct person *person)
{
	const struct view *view = follow->settings.view;
	enum relation relation = reminder->nudge.escalate_relation;
	const struct person *to = person_related(person, relation);

	if (reminder->nudge.escalate_person)
		return reminder->nudge.escalate_person;
	if (to && relation == RELATION_PARTNER && view->kept &&
		str_eq(view->kept(view->owner, to, "partner"), "no"))
		return NULL;
	return to;
}

/* The instant of the step after this one: due + after x (n + 1), and never two steps at once. */
static int64_t next_step_at(const struct entry *entry, const struct reminder *reminder, int64_t now)
{
	const struct nudge *nudge = &reminder->nudge;
	bool escalates = nudge->escalate_person || nudge->escalate_relation != RELATION_NONE;
	int done = entry->nudges + 1;
	int64_t at = entry->from_at + nudge->after_s * 1000 * (done + 1);

	if (entry->snoozed || done > nudge->at_most || (done == nudge->at_most && !escalates))
		return TIME_NEVER;
	return MAX_OF(at, now + nudge->after_s * 1000 / 2);
}

static void tell_step(const struct step *step, const struct occurrence *occurrence)
{
	struct subject subject = {.reminder = step->reminder->id,
		.person = step->to->id,
		.occurrence = occurrence->id,
		.due_at = occurrence->due_at};

	if (step->delivery)
		subject.delivery = step->delivery->id;
	if (step->escalates)
		report(EVENT_ESCALATED, &subject, "%s: %s is told that %s has not answered",
			step->reminder->id, step->to->id, step->person->id);
	else
		report(EVENT_NUDGED, &subject, "%s: %s is asked again", step->reminder->id,
			step->to->id);
}

static struct ledger_day *joined_day(const struct step *step)
{
	if (step->joined_date == INT32_MIN)
		return NULL;
	return ledger_find(step->follow->settings.ledger, step->to->id, step->joined_date);
}

/* The store did not keep it: nor does the ledger, nor the message that it joined. */
static void uncount(struct step *step)
{
	struct ledger_day *joined = joined_day(step);

	if (step->delivery)
		ledger_take_back(step->follow->settings.ledger, step->delivery);
	if (joined && joined->held)
		delivery_drop_item(joined->held, step->telling->id);
	delivery_free(step->delivery);
	step->delivery = NULL;
}

/* An answer came while the message was being recorded: it is taken back before it goes. */
static void take_back(struct step *step)
{
	struct change *change = change_new();

	step->delivery->state = DELIVERY_CANCELLED;
	free(step->delivery->reason);
	step->delivery->reason = str_new("answered meanwhile");
	change_settle_delivery(change, step->delivery);
	store_apply(step->follow->settings.store, change, on_closed, step->follow);
	uncount(step);
}

/* The entry whose step is under way; NULL when an answer came in between. */
static struct entry *find_stepping(struct follow *follow, struct id id)
{
	struct entry *entry = find(follow, id);

	return entry && entry->busy ? entry : NULL;
}

static void on_step_stored(void *owner, const struct store_result *result)
{
	struct step *step = owner;
	struct follow *follow = step->follow;
	struct entry *entry = find_stepping(follow, step->id);

	if (entry)
		entry->busy = false;
	if (result->error) {
		uncount(step);
		if (entry) /* once more, when the store works */
			heap_put(&follow->heap, &entry->node,
				clock_now(follow->settings.clock) + AGAIN_MS);
		/* The message that it joined was not kept: the store is well. */
		if (result->error == -ESTALE)
			follow->settings.on_rest(follow->settings.owner);
		else
			follow->settings.on_store_error(follow->settings.owner, result->error);
		step_free(step);
		return;
	}
	/* They were told so already: of two occurrences that one person left unanswered. */
	if (result->n_known || result->n_dropped)
		uncount(step);
	else if (step->delivery && !entry)
		take_back(step);
	else if (step->delivery)
		follow->settings.on_recorded(follow->settings.owner, step->delivery);
	if (entry) {
		entry->nudges++;
		if (step->next_follow_at == TIME_NEVER)
			entry_free(entry);
		else
			heap_put(&follow->heap, &entry->node, step->next_follow_at);
	}
	step_free(step);
	follow->settings.on_rest(follow->settings.owner);
}

/* What the message says: the occurrence again, or word to somebody else about it. */
static struct occurrence *word_nudge(
	const struct reminder *reminder, const struct occurrence *original)
{
	bool meets = reminder->pair && original->about_name;
	auto_free char *title = meets ? str_printf("Did you meet %s yet?", original->about_name)
				      : str_printf("Still open: %s",
						str_empty(original->title) ? original->key.reminder
									   : original->title);
	struct occurrence again = *original;

	again.title = title;
	return occurrence_copy(&again);
}

/* Silence is told, and nothing of what was asked: its words may name a focus of the person's own. */
static char *word_silence(const struct step *step, const struct occurrence *original, int64_t now)
{
	bool checks_in = step->reminder->kind == KIND_CHECKIN;
	bool long_ago = now - occurrence_sent_at(original) >= WEEK_SILENT_MS;

	return str_printf("No %s from %s %s", checks_in ? "check-in" : "answer", step->person->name,
		checks_in && long_ago ? "this week" : "yet");
}

static struct occurrence *word_escalation(
	const struct step *step, const struct occurrence *original, int64_t now)
{
	struct occurrence *telling = mem_new(sizeof(*telling));
	int64_t asked = zone_to_local(step->to->place->zone, original->due_at / 1000, NULL);
	char local[CIVIL_TEXT];

	local_write(asked, local);
	local[16] = 0;
	local[10] = ' ';
	telling->id = id_new(now);
	telling->key = (struct occurrence_key){.reminder = str_new(step->reminder->id),
		.recipient = str_new(step->to->id),
		.about = str_new(step->person->id),
		.local = original->key.local,
		.pass = ESCALATION_PASS};
	telling->kind = str_new(kind_names[KIND_CHECKIN]);
	telling->due_at = original->due_at;
	telling->planned_at = now;
	telling->state = OCCURRENCE_OPEN;
	telling->rule = str_new("schedule: no answer after every nudge");
	telling->about_name = str_new(step->person->name);
	telling->follow_at = TIME_NEVER;
	telling->title = word_silence(step, original, now);
	telling->text = str_printf(
		"%s was asked on %s %s (\"%s\"), and nothing was heard since. There may be every "
		"good reason for that. A friendly word from you may help more than one more "
		"message.",
		step->person->name, weekday_names[date_weekday(local_date(asked))], local,
		step->reminder->id);
	return telling;
}

/* The planner's decision in the shape that makes deliveries. */
static struct planned plan_of(
	const struct step *step, const struct occurrence *original, int64_t now)
{
	return (struct planned){.reminder = step->reminder,
		.place = step->to->place,
		.person = step->to,
		.slot = {.local = original->key.local, .pass = original->key.pass},
		.due_at = original->due_at,
		.send_at = step->send_at,
		.fire_at = now};
}

static void make_message(struct step *step, struct change *change,
	const struct occurrence *original, const struct occurrence *item, int64_t now)
{
	struct follow *follow = step->follow;
	struct planned planned = plan_of(step, original, now);
	struct ledger_day *day = NULL;

	if (step->model->daily_limit)
		day = ledger_day(follow->settings.ledger, step->to->id, step->date);
	if (day && day->held && step->extra != EXTRA_NOW) {
		if (delivery_has_item(day->held, item->id))
			return;
		change_join_delivery(change, day->held->id, item->id, day->held->not_before_at,
			day->held->expire_at);
		delivery_add_item(day->held, item);
		step->joined_date = step->date;
		return;
	}
	step->delivery = planner_make_delivery(
		step->model, &planned, step->escalates ? PURPOSE_ESCALATE : PURPOSE_NUDGE, now, 0);
	delivery_add_item(step->delivery, item);
	if (day) {
		step->delivery->budget_date = step->date;
		day->used++;
	}
	if (day && step->extra != EXTRA_NOW) {
		step->delivery->state = DELIVERY_HELD;
		day->held = step->delivery;
		day->join_next = true;
	}
	change_record_delivery(change, step->delivery);
}

static bool is_away(const struct person *person, int64_t at)
{
	return person_is_away(
		person, local_date(zone_to_local(person->place->zone, at / 1000, NULL)));
}

/* Left out (away, paused): the next one may come in its time. */
static void leave_out(struct entry *entry, const struct reminder *reminder, int64_t now)
{
	int64_t next = next_step_at(entry, reminder, now);

	entry->nudges++;
	if (next == TIME_NEVER)
		close_entry(entry);
	else
		postpone(entry, next);
}

/* Where the day's limit puts it off, it may come to a day of absence: false. */
static bool find_place(struct step *step, int64_t now)
{
	step->extra = planner_place_extra(
		step->follow->settings.planner, step->to, now, &step->send_at, &step->date);
	return !is_away(step->to, step->send_at) && !is_away(step->person, step->send_at);
}

/* The occurrence as the store has it: still open, or snoozed. */
static void on_found(void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct step *step = owner;
	struct follow *follow = step->follow;
	struct entry *entry = find_stepping(follow, step->id);
	const struct occurrence *original = count ? occurrences[0] : NULL;
	int64_t now = clock_now(follow->settings.clock);
	struct change *change;
	struct occurrence *item;

	if (error || !entry || !original ||
		(original->state != OCCURRENCE_OPEN && !entry->snoozed)) {
		if (entry && error)
			heap_put(&follow->heap, &entry->node, now + AGAIN_MS);
		if (entry)
			entry->busy = false;
		if (entry && !error)
			entry_free(entry);
		step_free(step);
		return;
	}
	if (!find_place(step, now)) {
		entry->busy = false;
		leave_out(entry, step->reminder, now);
		step_free(step);
		return;
	}
	change = change_new();
	step->next_follow_at = next_step_at(entry, step->reminder, now);
	item = step->escalates ? word_escalation(step, original, now)
			       : word_nudge(step->reminder, original);
	if (step->escalates)
		change_record_occurrence(change, item);
	change_follow_occurrence(change, step->id,
		entry->snoozed ? OCCURRENCE_ANSWERED : OCCURRENCE_OPEN, step->next_follow_at,
		entry->nudges + 1);
	step->telling = item;
	make_message(step, change, original, item, now);
	tell_step(step, original);
	store_apply(follow->settings.store, change, on_step_stored, step);
}

static bool can_reach(const struct reminder *reminder, const struct person *person)
{
	struct planned planned = {.reminder = reminder, .person = person};

	return planner_ways(&planned) > 0;
}

/* The resolver's rules for one more message: false when this step is left out. *ret_at: when. */
static bool may_step(const struct follow *follow, const struct reminder *reminder,
	const struct person *person, const struct person *to, int64_t now, int64_t *ret_at)
{
	const struct view *view = follow->settings.view;
	enum rule_id rule = BY_PAUSE;
	int64_t since, back;

	*ret_at = resolver_allowed_at(to->place, reminder, now, WAIT_MAX_S, &rule);
	if (*ret_at != TIME_NEVER && person_is_out(to, *ret_at / 1000, &back))
		*ret_at = resolver_allowed_at(to->place, reminder, back * 1000, WAIT_MAX_S, &rule);
	if (*ret_at == TIME_NEVER || !can_reach(reminder, to))
		return false;
	if (view->paused(view->owner, reminder, to, now, &rule, &since) && rule != BY_LESS)
		return false;
	/* Days of absence do not count against anybody. */
	return !is_away(to, *ret_at) && !is_away(person, *ret_at);
}

static void run_entry(struct follow *follow, struct entry *entry, int64_t now)
{
	const struct reminder *reminder = model_reminder(follow->model, entry->reminder);
	const struct person *person = model_person(follow->model, entry->recipient);
	bool escalates;
	const struct person *to;
	struct step *step;
	int64_t at;

	heap_remove(&follow->heap, &entry->node);
	if (!reminder || !person || (!reminder->nudge.after_s && !entry->snoozed)) {
		close_entry(entry);
		return;
	}
	escalates = !entry->snoozed && entry->nudges >= reminder->nudge.at_most;
	to = escalates ? escalation_target(follow, reminder, person) : person;
	if (!to) {
		close_entry(entry);
		return;
	}
	if (!may_step(follow, reminder, person, to, now, &at)) {
		leave_out(entry, reminder, now);
		return;
	}
	if (at > now) {
		postpone(entry, at);
		return;
	}
	entry->busy = true;
	step = mem_new(sizeof(*step));
	*step = (struct step){.follow = follow,
		.model = model_ref(follow->model),
		.id = entry->id,
		.reminder = reminder,
		.person = person,
		.to = to,
		.escalates = escalates,
		.joined_date = INT32_MIN};
	store_find_occurrences(follow->settings.store,
		&(struct store_query){.id = entry->id, .limit = 1}, on_found, step);
}

void follow_run(struct follow *follow)
{
	int64_t now = clock_now(follow->settings.clock);
	struct heap_node *first;
	int slice = RUN_SLICE;

	while (slice-- > 0 && (first = heap_first(&follow->heap)) && first->key <= now)
		run_entry(follow, container_of(first, struct entry, node), now);
}
