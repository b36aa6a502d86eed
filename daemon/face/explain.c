/* Explains a date: the slots that it names, wherever they went, and those that are sent on it, wherever
 * they came from. Decides nothing itself: it asks the resolver that decided, and lets the record win
 * over it wherever something was recorded. */
#include "face/explain.h"

#include "base/str.h"
#include "face/shape.h"

#include <stdio.h>

enum {
	SLOTS_MOST = 100,  /* of one date: more is read by nobody */
	DATES_MOST = 8,    /* on which slots of one date are decided */
	WALK_MOST = 20000, /* slots that are looked through for them */
};

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

/* The place that the question is about. */
static const struct place *place_of(const struct explain_query *query)
{
	const struct person *person = find_person(query);

	return person ? person->place : model_reminder(query->model, query->reminder)->place;
}

static int32_t date_at(const struct place *place, int64_t at)
{
	return local_date(zone_to_local(place->zone, at / 1000, NULL));
}

/* ---- what the resolver says ---- */

struct found {
	struct planned planned;
	int date; /* which of the dates */
};

struct walk {
	const struct explain_query *query;
	const struct explain_record *record;
	const struct reminder *reminder;
	const struct place *place;
	const struct channel *room;
	int32_t dates[DATES_MOST];
	int n_dates, date;              /* the one under way */
	size_t day_planned[DATES_MOST]; /* of the person: what is sent, of all reminders */
	struct found *found;
	size_t count;
	bool cut; /* there are more */
	json_t *slots;
};

static void add_date(struct walk *walk, int32_t date)
{
	for (int i = 0; i < walk->n_dates; i++)
		if (walk->dates[i] == date)
			return;
	if (walk->n_dates < DATES_MOST)
		walk->dates[walk->n_dates++] = date;
}

/* The date itself, and those to which slots of it are moved. */
static void find_dates(struct walk *walk)
{
	int64_t at, second;
	struct place_slot slot;

	add_date(walk, walk->query->date);
	zone_to_utc(walk->place->zone, walk->query->date * DAY_S, &at, &second);
	at--;
	for (int i = 0; i < WALK_MOST && resolver_next(walk->reminder, walk->place, at, &slot) &&
			date_at(walk->place, slot.due_at) <= walk->query->date;
		i++) {
		add_date(walk, date_at(walk->place, slot.send_at));
		at = slot.slot.utc;
	}
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct walk *walk = owner;

	if (planned->person && planned->decision != DECISION_SKIPPED)
		walk->day_planned[walk->date]++;
	if (planned->reminder != walk->reminder || (walk->room && planned->room != walk->room))
		return true;
	if (walk->dates[walk->date] != walk->query->date &&
		date_at(walk->place, planned->due_at) != walk->query->date)
		return true;
	walk->cut = walk->count == SLOTS_MOST;
	if (!walk->cut)
		walk->found[walk->count++] = (struct found){*planned, walk->date};
	return !walk->cut;
}

static int by_due(const void *a, const void *b)
{
	const struct planned *x = &((const struct found *)a)->planned,
			     *y = &((const struct found *)b)->planned;

	if (x->due_at != y->due_at)
		return x->due_at < y->due_at ? -1 : 1;
	return strcmp(x->about ? x->about->id : "", y->about ? y->about->id : "");
}

static void gather(struct walk *walk, const struct explain_query *query)
{
	struct preview_query preview = {.person = find_person(query), .skipped = true};

	walk->query = query;
	walk->reminder = model_reminder(query->model, query->reminder);
	walk->room = find_room(query, walk->reminder);
	walk->place = place_of(query);
	walk->found = mem_new_array(SLOTS_MOST, sizeof(*walk->found));
	/* Without a limit nobody else's reminders matter. */
	preview.reminder = query->model->daily_limit ? NULL : walk->reminder;
	find_dates(walk);
	for (walk->date = 0; walk->date < walk->n_dates && !walk->cut; walk->date++) {
		preview.from = preview.to = walk->dates[walk->date];
		resolver_preview(query->model, query->view, &preview, on_planned, walk);
	}
	if (walk->count)
		qsort(walk->found, walk->count, sizeof(*walk->found), by_due);
}

void explain_dates(const struct explain_query *query, int32_t *ret_from, int32_t *ret_to)
{
	struct walk walk = {0};
	bool elapsed;

	gather(&walk, query);
	elapsed = rule_is_elapsed(walk.reminder->rule);
	*ret_from = *ret_to = query->date;
	for (size_t i = 0; i < walk.count; i++) {
		const struct slot *slot = &walk.found[i].planned.slot;
		int32_t date =
			elapsed ? date_at(walk.place, slot->utc * 1000) : local_date(slot->local);

		*ret_from = MIN_OF(*ret_from, date);
		*ret_to = MAX_OF(*ret_to, date);
	}
	free(walk.found);
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

	explain_add_step(steps, "record", "decides",
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

		explain_add_step(steps, json_string_value(json_object_get(delivery, "purpose")),
			json_string_value(json_object_get(delivery, "state")), detail);
	}
	if (json_is_string(json_object_get(occurrence, "answer")))
		explain_add_step(steps, "answer",
			json_string_value(json_object_get(occurrence, "answer")), "");
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

static void add_planned(struct walk *walk, const struct found *found, const char *local)
{
	const struct planned *planned = &found->planned;
	bool sent = planned->decision != DECISION_SKIPPED;
	bool past = walk->query->view && planned->fire_at < walk->query->now_at;
	json_t *steps = explain_steps(walk->query, planned, walk->day_planned[found->date]);

	if (past)
		explain_add_step(steps, "record", "decides",
			"its time is over and nothing was recorded: nudged did not know this "
			"reminder and person then, or what was kept of it is past its `keep`");
	json_array_append_new(walk->slots,
		json_pack("{ss so so so ss so so so}", "basis",
			!walk->query->view ? "config"
			: past             ? "unrecorded"
					   : "live",
			"due", shape_time(planned->due_at), "local", shape_text(local), "about",
			shape_text(planned->about ? planned->about->id : NULL), "decision",
			past ? "skipped" : decision_names[planned->decision], "reason",
			shape_text(past ? "nothing was recorded" : planned->detail), "at",
			sent && !past ? shape_time(planned->send_at) : json_null(), "steps",
			steps));
}

static void add_found(struct walk *walk, const struct found *found)
{
	const struct planned *planned = &found->planned;
	json_t *recorded = find_record(walk, planned);
	char local[CIVIL_TEXT];
	int32_t offset;
	int64_t civil = zone_to_local(
		resolver_zone(planned->reminder, planned->place), planned->due_at / 1000, &offset);

	local_write_offset(civil, offset, local);
	if (recorded)
		add_recorded(walk->slots, walk->record->deliveries, recorded, local);
	else
		add_planned(walk, found, local);
}

static bool is_on_date(const struct walk *walk, const json_t *occurrence, const char *name)
{
	const char *text = json_string_value(json_object_get(occurrence, name));
	const struct zone *zone = resolver_zone(walk->reminder, walk->place);
	bool has_offset;
	int64_t utc;

	if (!text || civil_parse(text, &utc, &has_offset) < 0)
		return false;
	return date_at(walk->place, utc * 1000) == walk->query->date ||
	       local_date(zone_to_local(zone, utc, NULL)) == walk->query->date;
}

/* Records that no slot of today's configuration explains: it was different then, or it was a manual
 * send. */
static void add_left_over(struct walk *walk)
{
	json_t *occurrence, *slot;
	size_t i, k;

	json_array_foreach(walk->record ? walk->record->occurrences : NULL, i, occurrence)
	{
		bool shown = !is_on_date(walk, occurrence, "due") &&
			     !is_on_date(walk, occurrence, "planned");

		json_array_foreach(walk->slots, k, slot) shown |=
			json_object_get(slot, "occurrence") == occurrence;
		if (!shown)
			add_recorded(walk->slots, walk->record->deliveries, occurrence,
				json_string_value(json_object_get(occurrence, "due")));
	}
}

/* ---- the whole ---- */

static bool find_next(const struct walk *walk, struct place_slot *ret)
{
	int64_t first, second;

	zone_to_utc(resolver_zone(walk->reminder, walk->place),
		(int64_t)(walk->query->date + 1) * DAY_S, &first, &second);
	return resolver_next(walk->reminder, walk->place, first - 1, ret);
}

/* Why the schedule names no time on the date. */
static char *describe_silence(const struct walk *walk, const char *date)
{
	const struct reminder *reminder = walk->reminder;
	const struct zone *zone = resolver_zone(reminder, walk->place);
	auto_free char *form =
		str_printf("%s = \"%s\"", rule_form_names[reminder->form], reminder->schedule);
	char other[CIVIL_TEXT];
	int32_t limit = walk->query->date;
	enum silence why = rule_silence(
		reminder->rule, zone, walk->place->workdays, walk->query->date, &limit);

	date_write(limit, other);
	switch (why) {
	case SILENCE_BEFORE:
		return str_printf("%s begins on %s", form, other);
	case SILENCE_OVER:
		return str_printf("%s ended on %s", form, other);
	case SILENCE_EXCEPT:
		return str_printf("except has %s%s%s", date, limit > walk->query->date ? ".." : "",
			limit > walk->query->date ? other : "");
	case SILENCE_EXCLUDED:
		return str_printf("exdate takes out all that %s names on %s", form, date);
	default:
		return str_printf("%s names no time on %s", form, date);
	}
}

static char *summarize_nothing(const struct walk *walk, const char *date)
{
	auto_free char *why = describe_silence(walk, date);
	struct place_slot slot;
	char next[CIVIL_TEXT];
	int32_t offset;
	int64_t local;

	if (!find_next(walk, &slot))
		return str_printf("%s; there is no time after that date", why);
	local = zone_to_local(
		resolver_zone(walk->reminder, walk->place), slot.due_at / 1000, &offset);
	local_write_offset(local, offset, next);
	return str_printf("%s; the next is %s", why, next);
}

static char *summarize(const struct walk *walk)
{
	size_t count = json_array_size(walk->slots), pairs = 0;
	const json_t *first = json_array_get(walk->slots, 0);
	const struct person *person = find_person(walk->query);
	char date[CIVIL_TEXT];

	date_write(walk->query->date, date);
	if (person)
		reminder_pairs_of(walk->reminder, person, &pairs);
	if (!count && person && !pairs)
		return str_printf(
			"%s is not among the recipients of %s", person->id, walk->reminder->id);
	if (!count)
		return summarize_nothing(walk, date);
	if (count > 1)
		return str_printf("%zu decisions on %s%s", count, date,
			walk->cut ? ", and more that are not shown" : "");
	return str_printf("%s: %s", json_string_value(json_object_get(first, "decision")),
		json_string_value(json_object_get(first, "reason")));
}

json_t *explain(const struct explain_query *query, const struct explain_record *record)
{
	struct walk walk = {.record = record, .slots = json_array()};
	auto_free char *summary = NULL;
	struct place_slot next;
	char date[CIVIL_TEXT];

	gather(&walk, query);
	for (size_t i = 0; i < walk.count; i++)
		add_found(&walk, &walk.found[i]);
	free(walk.found);
	add_left_over(&walk);
	summary = summarize(&walk);
	date_write(query->date, date);
	return json_pack("{ss ss ss so so so}", "person", query->person, "reminder",
		query->reminder, "date", date, "summary", shape_text(summary), "slots", walk.slots,
		"next", find_next(&walk, &next) ? shape_time(next.due_at) : json_null());
}
