/* The rules of who, when, whether and why. Owns nothing but a memo of slot numbers (the same
 * content gives the same number, so it can never be wrong). Never reads a clock, the store or a
 * file. */
#include "engine/resolver.h"
#include "base/random.h"
#include "base/str.h"

#include <stdio.h>

const char *const rule_id_names[RULE_IDS + 1] = {"schedule", "not-begun", "hours", "quiet",
	"superseded", "paused", "stopped", "less", "away", "about-away", "limit", "grace",
	"catch-up", "no-channel", NULL};

enum { ORDINAL_MEMO = 4096, SLOTS_A_DAY_COUNTED = 24 };

const struct zone *resolver_zone(const struct reminder *reminder, const struct place *place)
{
	const struct zone *own = rule_own_zone(reminder->rule);

	return own ? own : place->zone;
}

/* The first allowed local minute at or after local, or INT64_MAX. */
static int64_t allowed_local(const struct place *place, int64_t local, enum rule_id *ret_rule)
{
	enum rule_id rule = BY_SCHEDULE;

	/* Hours and quiet hours push each other forward; each step passes a whole window, and a
	 * week has few, so that 64 steps without rest mean: never. */
	for (int step = 0; step < 64; step++) {
		enum rule_id by = BY_SCHEDULE;
		int64_t next = local;

		if (place->hours && !week_contains(place->hours, local)) {
			by = BY_HOURS;
			next = week_next(place->hours, local, true);
		} else if (place->quiet && week_contains(place->quiet, local)) {
			by = BY_QUIET;
			next = week_next(place->quiet, local, false);
		}
		if (by == BY_SCHEDULE) {
			*ret_rule = rule;
			return local;
		}
		if (rule == BY_SCHEDULE)
			rule = by;
		if (next == INT64_MAX)
			break;
		local = next;
	}
	*ret_rule = rule;
	return INT64_MAX;
}

int64_t resolver_allowed_at(const struct place *place, bool anywhere, int64_t at, int64_t limit_s,
	enum rule_id *ret_rule)
{
	int64_t local, allowed, first, second;

	*ret_rule = BY_SCHEDULE;
	if (anywhere || (!place->hours && !place->quiet))
		return at;
	local = zone_to_local(place->zone, at / 1000, NULL);
	allowed = allowed_local(place, local, ret_rule);
	if (allowed == local)
		return at;
	if (allowed == INT64_MAX)
		return TIME_NEVER;
	zone_to_utc(place->zone, allowed, &first, &second);
	if (first * 1000 < at)
		first = second;
	if (first * 1000 < at || first * 1000 - at > limit_s * 1000)
		return TIME_NEVER;
	return first * 1000;
}

static int64_t slot_allowed_at(const struct reminder *reminder, const struct place *place,
	int64_t utc, enum rule_id *ret_rule)
{
	return resolver_allowed_at(
		place, reminder->anywhere, utc * 1000, reminder->grace_s, ret_rule);
}

bool resolver_next(const struct reminder *reminder, const struct place *place, int64_t after_utc,
	struct place_slot *ret)
{
	const struct zone *zone = resolver_zone(reminder, place);
	struct place_slot slot = {.reminder = reminder, .place = place};
	struct slot later;
	enum rule_id rule;

	if (!rule_next(reminder->rule, zone, place->workdays, after_utc, &slot.slot))
		return false;
	slot.due_at = slot.slot.utc * 1000;
	slot.send_at = slot_allowed_at(reminder, place, slot.slot.utc, &slot.rule);
	slot.decision = slot.send_at == slot.due_at ? DECISION_SEND : DECISION_SHIFTED;
	if (slot.send_at == TIME_NEVER) {
		slot.decision = DECISION_SKIPPED;
		slot.send_at = slot.due_at;
	} else if (slot.decision == DECISION_SHIFTED &&
		   rule_next(reminder->rule, zone, place->workdays, slot.slot.utc, &later) &&
		   slot_allowed_at(reminder, place, later.utc, &rule) == slot.send_at) {
		slot.decision = DECISION_SKIPPED;
		slot.rule = BY_SUPERSEDED;
		slot.send_at = slot.due_at;
	}
	*ret = slot;
	return true;
}

int64_t resolver_reach_s(const struct reminder *reminder, const struct place *place)
{
	if (reminder->anywhere || (!place->hours && !place->quiet))
		return 0;
	return reminder->grace_s;
}

/* ---- rotation ---- */

uint64_t resolver_ordinal(
	const struct reminder *reminder, const struct place *place, const struct slot *slot)
{
	static struct {
		uint64_t key;
		int64_t utc;
		uint64_t ordinal;
	} memo[ORDINAL_MEMO];
	const struct zone *zone = resolver_zone(reminder, place);
	int year, month, day;
	char number[24];
	struct slot step = {0};
	uint64_t key, ordinal = 0;
	int64_t from, first, second;

	if (rule_is_elapsed(reminder->rule))
		return hash_parts((const char *const[]){reminder->id, NULL}) +
		       (uint64_t)slot->utc / 60;
	date_to_ymd(local_date(slot->local), &year, &month, &day);
	snprintf(number, sizeof(number), "%d %llx", year, (long long)reminder->changed_hash);
	key = HASH_OF(reminder->id, number, zone_name(zone));
	zone_to_utc(zone, (int64_t)date_from_ymd(year, 1, 1) * DAY_S, &first, &second);
	from = first - 1;
	if (memo[key % ORDINAL_MEMO].key == key && memo[key % ORDINAL_MEMO].utc <= slot->utc) {
		from = memo[key % ORDINAL_MEMO].utc;
		ordinal = memo[key % ORDINAL_MEMO].ordinal;
		if (from == slot->utc)
			return ordinal;
		ordinal++;
	}
	while (rule_next(reminder->rule, zone, place->workdays, from, &step) &&
		step.utc < slot->utc) {
		if (++ordinal > SLOTS_A_DAY_COUNTED * 366)
			return (uint64_t)slot->utc / 60;
		from = step.utc;
	}
	memo[key % ORDINAL_MEMO].key = key;
	memo[key % ORDINAL_MEMO].utc = slot->utc;
	memo[key % ORDINAL_MEMO].ordinal = ordinal;
	return ordinal;
}

/* ---- plans ---- */

void plan_clear(struct plan *plan)
{
	plan->count = 0;
}

void plan_free(struct plan *plan)
{
	free(plan->list);
	*plan = (struct plan){0};
}

static struct planned *plan_add(struct plan *plan, const struct place_slot *slot)
{
	struct planned *planned;

	ARRAY_GROW(plan->list, plan->count, plan->capacity);
	planned = &plan->list[plan->count++];
	planned->reminder = slot->reminder;
	planned->place = slot->place;
	planned->person = planned->about = NULL;
	planned->room = NULL;
	planned->slot = slot->slot;
	planned->due_at = slot->due_at;
	planned->send_at = planned->fire_at = slot->send_at;
	planned->decision = slot->decision;
	planned->rule = slot->rule;
	planned->message = 0;
	planned->detail[0] = 0;
	return planned;
}

enum { CLOCK_TEXT = 6 };

static void clock_text(const struct place *place, int64_t at, char text[static CLOCK_TEXT])
{
	char local[CIVIL_TEXT];

	local_write(zone_to_local(place->zone, at / 1000, NULL), local);
	memcpy(text, local + strlen(local) - 8, 5);
	text[5] = 0;
}

/* The place's decision in words. */
static void describe_place(struct planned *planned)
{
	char due[CLOCK_TEXT], send[CLOCK_TEXT];
	const char *what =
		planned->rule == BY_HOURS ? "outside working hours" : "inside quiet hours";

	if (planned->rule == BY_SCHEDULE) {
		strcpy(planned->detail, "on schedule");
		return;
	}
	if (planned->rule == BY_SUPERSEDED) {
		snprintf(planned->detail, sizeof(planned->detail),
			"a later slot of this reminder moves to the same minute");
		return;
	}
	clock_text(planned->place, planned->due_at, due);
	clock_text(planned->place, planned->send_at, send);
	if (planned->decision == DECISION_SHIFTED)
		snprintf(planned->detail, sizeof(planned->detail), "%s is %s: moved to %s", due,
			what, send);
	else
		snprintf(planned->detail, sizeof(planned->detail),
			"%s is %s, and no allowed minute follows within its grace", due, what);
}

static void skip_because(
	struct planned *planned, enum rule_id rule, const char *words, const char *reason)
{
	planned->decision = DECISION_SKIPPED;
	planned->rule = rule;
	planned->send_at = planned->fire_at;
	snprintf(planned->detail, sizeof(planned->detail), "%s%s%.80s", words, *reason ? ": " : "",
		reason);
}

static int32_t date_at(const struct person *person, int64_t at)
{
	return local_date(zone_to_local(person->place->zone, at / 1000, NULL));
}

static bool held_by_view(struct planned *planned, const struct view *view)
{
	enum rule_id rule = BY_PAUSE;
	int64_t since = 0;
	const char *reason;

	if (view->begun &&
		planned->due_at <= view->begun(view->owner, planned->reminder, planned->person)) {
		skip_because(planned, BY_NOT_BEGUN, "before it was first accepted", "");
		return true;
	}
	if (!view->paused)
		return false;
	reason = view->paused(
		view->owner, planned->reminder, planned->person, planned->fire_at, &rule, &since);
	if (!reason)
		return false;
	if (rule == BY_LESS) {
		if (resolver_ordinal(planned->reminder, planned->place, &planned->slot) % 2 == 0)
			return false;
		skip_because(planned, rule, "every second one, since \"less\" was answered", "");
	} else if (rule == BY_STOPPED) {
		skip_because(planned, rule, "\"stop\" was answered", "");
	} else {
		skip_because(planned, rule, "paused", reason);
	}
	return true;
}

/* The rules of one person, after the place's. */
static void decide_person(struct planned *planned, const struct view *view)
{
	describe_place(planned);
	if (view && held_by_view(planned, view))
		return;
	if (planned->decision == DECISION_SKIPPED)
		return;
	if (person_is_away(planned->person, date_at(planned->person, planned->fire_at)))
		skip_because(planned, BY_AWAY, "away that day", "");
	else if (planned->about &&
		 person_is_away(planned->about, date_at(planned->about, planned->fire_at)))
		skip_because(planned, BY_ABOUT_AWAY, "away that day", planned->about->name);
}

/* Spreads people over the reminder's jitter, by identity, inside the allowed minutes. */
static void add_jitter(struct planned *planned)
{
	char local[24];
	enum rule_id rule;
	int64_t at;

	if (!planned->reminder->jitter_s || planned->decision == DECISION_SKIPPED)
		return;
	snprintf(local, sizeof(local), "%lld", (long long)planned->slot.local);
	at = planned->fire_at +
	     (int64_t)(HASH_OF(planned->reminder->id, planned->person->id, local) %
		       (uint64_t)(planned->reminder->jitter_s * 1000));
	if (resolver_allowed_at(planned->place, planned->reminder->anywhere, at, 0, &rule) == at)
		planned->send_at = at;
}

/* Higher priority first, then earlier, then by id: a total order. */
static int by_importance(const void *a, const void *b)
{
	const struct planned *x = *(struct planned *const *)a, *y = *(struct planned *const *)b;
	int order;

	if (x->reminder->priority != y->reminder->priority)
		return y->reminder->priority - x->reminder->priority;
	if (x->due_at != y->due_at)
		return x->due_at < y->due_at ? -1 : 1;
	order = strcmp(x->reminder->id, y->reminder->id);
	if (order)
		return order;
	if (x->about != y->about)
		return strcmp(x->about ? x->about->id : "", y->about ? y->about->id : "");
	return x->slot.pass - y->slot.pass;
}

static void merge(struct planned **rest, size_t count, size_t planned, const struct budget *budget)
{
	int64_t at = budget->has_held && !budget->join_next ? budget->held_at : 0;
	char when[CLOCK_TEXT];

	for (size_t i = 0; i < count; i++)
		at = MAX_OF(at, rest[i]->send_at);
	clock_text(rest[0]->place, at, when);
	for (size_t i = 0; i < count; i++) {
		rest[i]->decision = DECISION_MERGED;
		rest[i]->rule = BY_LIMIT;
		rest[i]->send_at = at;
		rest[i]->message = rest[0]->message;
		snprintf(rest[i]->detail, sizeof(rest[i]->detail),
			"%zu planned that day, %d the limit: one message at %s", planned,
			budget->limit, when);
	}
}

/* The daily limit (of k planned over a limit L: the L-1 most important alone, the rest as one
 * message at the last one's time), with what the day has used already. */
static void apply_limit(struct planned *list, size_t count, const struct budget *budget)
{
	struct planned **sorted;
	size_t sendable = 0;
	int left = budget->limit - budget->used + (budget->has_held && budget->join_next);
	bool gathers = budget->has_held && !budget->join_next;
	size_t alone;

	for (size_t i = 0; i < count; i++) {
		list[i].message = i + 1;
		sendable += list[i].decision != DECISION_SKIPPED;
	}
	if (!budget->limit || (left > 0 && sendable <= (size_t)left) || !sendable)
		return;
	sorted = mem_new_array(sendable, sizeof(*sorted));
	for (size_t i = 0, n = 0; i < count; i++)
		if (list[i].decision != DECISION_SKIPPED)
			sorted[n++] = &list[i];
	qsort(sorted, sendable, sizeof(*sorted), by_importance);
	alone = MAX_OF(gathers ? left : left - 1, 0);
	if (alone < sendable)
		merge(sorted + alone, sendable - alone, sendable, budget);
	free(sorted);
}

void resolver_plan_person(const struct model *model, const struct person *person,
	const struct place_slot *slots, size_t count, const struct view *view,
	const struct budget *budget, struct plan *plan)
{
	size_t before = plan->count;

	for (size_t i = 0; i < count; i++) {
		size_t n;
		const struct pair *pair = reminder_pairs_of(slots[i].reminder, person, &n);

		for (size_t j = 0; j < n; j++) {
			struct planned *planned = plan_add(plan, &slots[i]);

			planned->person = person;
			if (slots[i].reminder->has_about)
				planned->about = model->people[pair[j].subject];
			decide_person(planned, view);
			add_jitter(planned);
		}
	}
	apply_limit(plan->list + before, plan->count - before, budget);
}

void resolver_plan_rooms(const struct place_slot *slot, const struct view *view, struct plan *plan)
{
	for (size_t i = 0; i < slot->reminder->n_rooms; i++) {
		struct planned *planned = plan_add(plan, slot);

		planned->room = slot->reminder->rooms[i];
		planned->message = plan->count;
		describe_place(planned);
		if (view)
			held_by_view(planned, view);
	}
}
