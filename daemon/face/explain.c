/* Explains decisions. Decides nothing itself: it asks the resolver that decided, walks the same order
 * of rules, and lets the record win over it wherever something was recorded. */
#include "face/explain.h"

#include "base/str.h"
#include "face/shape.h"

#include <stdio.h>

enum { SLOTS_MOST = 100 /* of one date: more is read by nobody */ };

static const struct person *find_person(const struct explain_query *query)
{
	return model_person(query->model, query->person);
}

static const struct channel *find_room(
	const struct explain_query *query, const struct reminder *reminder)
{
	const char *id = str_starts(query->person, "room:") ? query->person + 5 : NULL;

	for (size_t i = 0; id && i < reminder->n_rooms; i++)
		if (str_eq(reminder->rooms[i]->id, id))
			return reminder->rooms[i];
	return NULL;
}

char *explain_check(const struct explain_query *query)
{
	const struct reminder *reminder = model_reminder(query->model, query->reminder);

	if (!reminder)
		return str_printf("there is no reminder \"%s\"", query->reminder);
	if (find_person(query) || find_room(query, reminder))
		return NULL;
	if (str_starts(query->person, "room:"))
		return str_printf("%s does not go to %s", query->reminder, query->person);
	return str_printf("there is no person \"%s\"", query->person);
}

/* ---- steps ---- */

struct facts {
	const struct explain_query *query;
	const struct planned *planned;
};

static void add_step(json_t *steps, const char *rule, const char *result, const char *detail)
{
	json_array_append_new(steps, json_pack("{ss ss so}", "rule", rule, "result", result,
					     "detail", shape_text(detail)));
}

/* What a rule looked at, when it did not decide. */
static char *describe_passed(const struct facts *facts, enum rule_id rule)
{
	const struct planned *planned = facts->planned;
	const struct place *place = planned->place;

	switch (rule) {
	case BY_HOURS:
		if (planned->reminder->anywhere)
			return str_new("the reminder says anywhere");
		return str_new(
			place->hours ? "inside the working hours" : "no working hours are set");
	case BY_QUIET:
		if (planned->reminder->anywhere)
			return str_new("the reminder says anywhere");
		return str_new(place->quiet ? "outside the quiet hours" : "no quiet hours are set");
	case BY_GAP:
		return str_new("the zone has this time");
	case BY_HOLIDAY:
		return str_new(place->n_holidays ? "no holiday" : "no holidays are set");
	case BY_DAY_OFF:
		return str_new("no shift off such a day is asked for, or it is a working day");
	case BY_AWAY:
		return str_new("not away on that date");
	case BY_ABOUT_AWAY:
		return str_new(
			planned->about ? "the subject is not away" : "nobody else is the subject");
	case BY_LIMIT:
		return facts->query->model->daily_limit && planned->person
			       ? str_printf("within %d messages a day",
					 facts->query->model->daily_limit)
			       : str_new("no daily limit here");
	case BY_NOT_BEGUN:
		return str_new(facts->query->view
				       ? "the reminder and the person are known since before"
				       : "not known from the configuration alone");
	case BY_SUPERSEDED:
		return str_new("no later slot takes its place");
	default:
		return str_new(facts->query->view ? "none holds it"
						  : "not known from the configuration alone");
	}
}

static char *describe_schedule(const struct planned *planned)
{
	const struct reminder *reminder = planned->reminder;
	char local[CIVIL_TEXT], utc[CIVIL_TEXT];

	local_write(planned->slot.local, local);
	utc_write(planned->slot.utc, utc);
	return str_printf("%s = \"%s\" names %s in %s, which is %s",
		rule_form_names[reminder->form], reminder->schedule, local,
		zone_name(resolver_zone(reminder, planned->place)), utc);
}

/* The order in which the resolver asks: each rule passes, decides, or is not reached. */
static json_t *walk_rules(const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	bool skipped = planned->decision == DECISION_SKIPPED;
	auto_free char *schedule = describe_schedule(planned);
	json_t *steps = json_array();

	add_step(steps, "schedule", "passes", schedule);
	for (enum rule_id rule = BY_GAP; rule <= BY_LIMIT; rule++) {
		auto_free char *passed = describe_passed(facts, rule);

		if (rule == planned->rule)
			add_step(steps, rule_id_names[rule], "decides", planned->detail);
		else if (skipped && rule > planned->rule)
			add_step(steps, rule_id_names[rule], "not reached", "");
		else
			add_step(steps, rule_id_names[rule], "passes", passed);
	}
	if (planned->rule > BY_LIMIT)
		add_step(steps, rule_id_names[planned->rule], "decides", planned->detail);
	return steps;
}

/* ---- slots ---- */

static json_t *deliveries_of(const json_t *deliveries, const char *occurrence)
{
	json_t *list = json_array(), *delivery, *item;
	size_t i, k;

	json_array_foreach(deliveries, i, delivery)
	{
		json_array_foreach(json_object_get(delivery, "occurrences"), k, item)
		{
			if (str_eq(json_string_value(item), occurrence))
				json_array_append(list, delivery);
		}
	}
	return list;
}

static json_t *add_recorded(
	json_t *slots, const json_t *deliveries, json_t *occurrence, const char *local)
{
	const char *id = json_string_value(json_object_get(occurrence, "occurrence"));
	json_t *steps = json_array(), *mine = deliveries_of(deliveries, id), *delivery;
	size_t i;

	add_step(steps, "record", "decides",
		json_string_value(json_object_get(occurrence, "reason")));
	json_array_foreach(mine, i, delivery)
	{
		auto_free char *detail = str_printf("on %s after %d attempt(s)%s%s",
			json_string_value(json_object_get(delivery, "channel")),
			(int)json_integer_value(json_object_get(delivery, "attempts")),
			json_is_string(json_object_get(delivery, "reason")) ? ": " : "",
			json_is_string(json_object_get(delivery, "reason"))
				? json_string_value(json_object_get(delivery, "reason"))
				: "");

		add_step(steps, json_string_value(json_object_get(delivery, "purpose")),
			json_string_value(json_object_get(delivery, "state")), detail);
	}
	if (json_is_string(json_object_get(occurrence, "answer")))
		add_step(steps, "answer", json_string_value(json_object_get(occurrence, "answer")),
			"");
	json_array_append_new(
		slots, json_pack("{ss sO so sO sO sO sO so sO so}", "basis", "record", "due",
			       json_object_get(occurrence, "due"), "local", shape_text(local),
			       "about", json_object_get(occurrence, "about"), "decision",
			       json_object_get(occurrence, "decision"), "reason",
			       json_object_get(occurrence, "reason"), "at",
			       json_object_get(occurrence, "planned"), "steps", steps, "occurrence",
			       occurrence, "deliveries", mine));
	return slots;
}

struct walk {
	const struct explain_query *query;
	const struct explain_record *record;
	const struct channel *room;
	json_t *slots;
	bool cut; /* there are more */
};

static json_t *find_record(const struct walk *walk, const struct planned *planned)
{
	json_t *due = shape_time(planned->due_at), *occurrence, *found = NULL;
	const char *about = planned->about ? planned->about->id : NULL;
	size_t i;

	json_array_foreach(walk->record ? walk->record->occurrences : NULL, i, occurrence)
	{
		const char *was = json_string_value(json_object_get(occurrence, "about"));

		if (json_equal(json_object_get(occurrence, "due"), due) &&
			(!was || !about || str_eq(was, about)))
			found = occurrence;
	}
	json_decref(due);
	return found;
}

static void add_planned(struct walk *walk, const struct planned *planned, const char *local)
{
	bool sent = planned->decision != DECISION_SKIPPED;
	bool past = walk->query->view && planned->fire_at < walk->query->now_at;
	struct facts facts = {walk->query, planned};
	json_t *steps = walk_rules(&facts);
	const char *reason = *planned->detail ? planned->detail : rule_id_names[planned->rule];

	if (past)
		add_step(steps, "record", "decides",
			"its time is over and nothing was recorded: nudged did not know this "
			"reminder "
			"and person then, or what was kept of it is past its `keep`");
	json_array_append_new(walk->slots,
		json_pack("{ss so so so ss so so so}", "basis",
			!walk->query->view ? "config"
			: past             ? "unrecorded"
					   : "live",
			"due", shape_time(planned->due_at), "local", shape_text(local), "about",
			shape_text(planned->about ? planned->about->id : NULL), "decision",
			past ? "skipped" : decision_names[planned->decision], "reason",
			shape_text(past ? "nothing was recorded" : reason), "at",
			sent && !past ? shape_time(planned->send_at) : json_null(), "steps",
			steps));
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct walk *walk = owner;
	json_t *recorded;
	char local[CIVIL_TEXT];
	int64_t civil;
	int32_t offset;

	if (walk->room && planned->room != walk->room)
		return true;
	walk->cut = json_array_size(walk->slots) == SLOTS_MOST;
	if (walk->cut)
		return false;
	civil = zone_to_local(
		resolver_zone(planned->reminder, planned->place), planned->due_at / 1000, &offset);
	local_write_offset(civil, offset, local);
	recorded = find_record(walk, planned);
	if (recorded) {
		add_recorded(walk->slots, walk->record->deliveries, recorded, local);
	} else {
		add_planned(walk, planned, local);
	}
	return true;
}

/* Records that no slot of today's configuration explains: it was different then, or it was a manual
 * send. */
static void add_left_over(struct walk *walk)
{
	json_t *occurrence, *slot;
	size_t i, k;

	json_array_foreach(walk->record ? walk->record->occurrences : NULL, i, occurrence)
	{
		bool shown = false;

		json_array_foreach(walk->slots, k, slot) shown |=
			json_object_get(slot, "occurrence") == occurrence;
		if (!shown)
			add_recorded(walk->slots, walk->record->deliveries, occurrence,
				json_string_value(json_object_get(occurrence, "due")));
	}
}

static json_t *find_next(const struct explain_query *query, const struct reminder *reminder)
{
	const struct person *person = find_person(query);
	const struct place *place = person ? person->place : reminder->place;
	const struct zone *zone = resolver_zone(reminder, place);
	struct place_slot slot;
	int64_t first, second;

	zone_to_utc(zone, (int64_t)(query->date + 1) * DAY_S, &first, &second);
	if (!resolver_next(reminder, place, first - 1, &slot))
		return json_null();
	return shape_time(slot.due_at);
}

static char *summarize(const struct walk *walk, const struct reminder *reminder)
{
	size_t count = json_array_size(walk->slots), pairs = 0;
	const json_t *first = json_array_get(walk->slots, 0);
	const struct person *person = find_person(walk->query);
	char date[CIVIL_TEXT];

	date_write(walk->query->date, date);
	if (person)
		reminder_pairs_of(reminder, person, &pairs);
	if (!count && person && !pairs)
		return str_printf("%s is not among the recipients of %s", person->id, reminder->id);
	if (!count)
		return str_printf("%s = \"%s\" names no time on %s",
			rule_form_names[reminder->form], reminder->schedule, date);
	if (count > 1)
		return str_printf("%zu decisions on %s%s", count, date,
			walk->cut ? ", and more that are not shown" : "");
	return str_printf("%s: %s", json_string_value(json_object_get(first, "decision")),
		json_string_value(json_object_get(first, "reason")));
}

json_t *explain(const struct explain_query *query, const struct explain_record *record)
{
	const struct reminder *reminder = model_reminder(query->model, query->reminder);
	struct walk walk = {.query = query, .record = record, .slots = json_array()};
	struct preview_query preview = {.from = query->date,
		.to = query->date,
		.person = find_person(query),
		.reminder = reminder,
		.skipped = true};
	auto_free char *summary = NULL;
	char date[CIVIL_TEXT];

	walk.room = find_room(query, reminder);
	resolver_preview(query->model, query->view, &preview, on_planned, &walk);
	add_left_over(&walk);
	summary = summarize(&walk, reminder);
	date_write(query->date, date);
	return json_pack("{ss ss ss so so so}", "person", query->person, "reminder",
		query->reminder, "date", date, "summary", shape_text(summary), "slots", walk.slots,
		"next", find_next(query, reminder));
}
