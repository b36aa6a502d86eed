/* Counts a day's decisions into one object: sums, what is sent when (those of the same minute,
 * reminder and decision together), and the people whose daily limit it reaches. Owns its groups;
 * decides nothing, reads no clock. */
#include "face/tally.h"

#include "base/str.h"
#include "face/shape.h"

#include <stdio.h>

enum {
	GROUPS_MOST = 60, /* shown of one day; the rest is counted */
	NAMES_MOST = 3,   /* of people in a group */
	LIMITS_MOST = 10, /* of a day, the worst */
	MEMO = 256,
};

/* Occurrences of the same minute, reminder, subject and decision. */
struct group {
	const struct reminder *reminder;
	const struct person *about; /* NULL also: several */
	enum decision decision;
	enum rule_id rule;
	int minute; /* local, of the day */
	int count;
	int n_names;
	const char *names[NAMES_MOST];
	char *reason; /* of the first */
};

/* Somebody whose day holds more than the limit. */
struct excess {
	const struct person *person;
	int planned, together;
	int minute;
};

struct tally {
	const struct model *model;
	const struct view *view;
	const struct person *person;
	const struct reminder *reminder;
	bool *places; /* [index]: somebody there is concerned */

	void (*on_day)(void *owner, json_t *day);
	void *owner;

	/* Of the date under way. */
	int64_t decisions[DECISIONS], messages, people, over, ungrouped;
	int64_t *by_reminder; /* [index]: what is sent */
	struct group *groups;
	size_t count, capacity;
	int memo[MEMO]; /* the group that was hit last, by a hash of its minute and reminder */
	struct excess limits[LIMITS_MOST];
	size_t n_limits;

	/* The person or room under way: their decisions come together. */
	const struct person *who;
	int sent, merged; /* of what was asked for */
	int planned, together, together_minute;
	/* The minute of an instant, remembered: all of a place have the same few. */
	struct {
		const struct zone *zone;
		int64_t at;
		int minute;
	} minutes[MEMO];
};

/* ---- who is concerned ---- */

static void mark_places(struct tally *tally)
{
	const struct model *model = tally->model;

	for (size_t r = 0; r < model->n_reminders; r++) {
		const struct reminder *reminder = model->reminders[r];

		if (tally->reminder && tally->reminder != reminder)
			continue;
		if (reminder->n_rooms && !tally->person)
			tally->places[reminder->place->index] = true;
		for (size_t i = 0; i < reminder->n_pairs; i++) {
			const struct person *person = model->people[reminder->pairs[i].recipient];

			if (!tally->person || tally->person == person)
				tally->places[person->place->index] = true;
		}
	}
}

struct tally *tally_new(const struct model *model, const struct view *view,
	const struct person *person, const struct reminder *reminder)
{
	struct tally *tally = mem_new(sizeof(*tally));

	tally->model = model;
	tally->view = view;
	tally->person = person;
	tally->reminder = reminder;
	tally->places = mem_new_array(model->n_places, sizeof(*tally->places));
	tally->by_reminder = mem_new_array(model->n_reminders, sizeof(*tally->by_reminder));
	mark_places(tally);
	return tally;
}

static void forget_day(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		free(tally->groups[i].reason);
	tally->count = tally->n_limits = 0;
	tally->messages = tally->people = tally->over = tally->ungrouped = 0;
	memset(tally->decisions, 0, sizeof(tally->decisions));
	memset(tally->by_reminder, 0, tally->model->n_reminders * sizeof(*tally->by_reminder));
	memset(tally->memo, 0, sizeof(tally->memo));
	tally->who = NULL;
	tally->sent = tally->merged = tally->planned = tally->together = 0;
}

void tally_free(struct tally *tally)
{
	forget_day(tally);
	free(tally->groups);
	free(tally->by_reminder);
	free(tally->places);
	free(tally);
}

/* ---- counting ---- */

static int minute_of(struct tally *tally, const struct place *place, int64_t at)
{
	size_t slot = ((uint64_t)at / 1000 / 60 * 31 + (uint64_t)at / 1000 + place->index) % MEMO;

	if (tally->minutes[slot].zone != place->zone || tally->minutes[slot].at != at) {
		tally->minutes[slot].zone = place->zone;
		tally->minutes[slot].at = at;
		tally->minutes[slot].minute =
			local_second_of_day(zone_to_local(place->zone, at / 1000, NULL)) / 60;
	}
	return tally->minutes[slot].minute;
}

static bool belongs(const struct group *group, const struct planned *planned, int minute)
{
	return group->reminder == planned->reminder && group->minute == minute &&
	       group->decision == planned->decision && group->rule == planned->rule;
}

static char *describe(const struct planned *planned)
{
	struct planned copy = *planned;

	planned_describe(&copy);
	return str_new(copy.detail);
}

static struct group *find_group(struct tally *tally, const struct planned *planned, int minute)
{
	int *memo = &tally->memo[((size_t)minute * 31 + planned->reminder->index) % MEMO];
	struct group *group;

	if ((size_t)*memo < tally->count && belongs(&tally->groups[*memo], planned, minute))
		return &tally->groups[*memo];
	for (size_t i = 0; i < tally->count; i++) {
		if (belongs(&tally->groups[i], planned, minute)) {
			*memo = (int)i;
			return &tally->groups[i];
		}
	}
	if (tally->count == GROUPS_MOST)
		return NULL;
	ARRAY_GROW(tally->groups, tally->count, tally->capacity);
	group = &tally->groups[tally->count++];
	*group = (struct group){.reminder = planned->reminder,
		.about = planned->about,
		.decision = planned->decision,
		.rule = planned->rule,
		.minute = minute,
		.reason = describe(planned)};
	return group;
}

static void add_to_group(struct tally *tally, const struct planned *planned, int minute)
{
	struct group *group = find_group(tally, planned, minute);

	if (!group) {
		tally->ungrouped++;
		return;
	}
	if (group->about != planned->about)
		group->about = NULL;
	group->count++;
	if (group->n_names < NAMES_MOST)
		group->names[group->n_names++] =
			planned->person ? planned->person->id : planned->room->id;
}

/* Keeps the worst, in the order in which they came where they are equal. */
static void add_excess(struct tally *tally, struct excess excess)
{
	size_t at = tally->n_limits;

	tally->over++;
	while (at && tally->limits[at - 1].planned < excess.planned)
		at--;
	if (at == LIMITS_MOST)
		return;
	tally->n_limits = MIN_OF(tally->n_limits + 1, (size_t)LIMITS_MOST);
	memmove(&tally->limits[at + 1], &tally->limits[at],
		(tally->n_limits - 1 - at) * sizeof(excess));
	tally->limits[at] = excess;
}

static void finish_person(struct tally *tally)
{
	int limit = tally->model->daily_limit;

	tally->people += tally->who && tally->sent;
	tally->messages += tally->sent - tally->merged + (tally->merged > 0);
	if (tally->who && tally->sent && limit && tally->planned > limit)
		add_excess(tally, (struct excess){tally->who, tally->planned, tally->together,
					  tally->together_minute});
	tally->sent = tally->merged = tally->planned = tally->together = 0;
}

static void add_shown(struct tally *tally, const struct planned *planned, int minute)
{
	bool sent = planned->decision != DECISION_SKIPPED;

	tally->decisions[planned->decision]++;
	tally->sent += sent;
	tally->merged += planned->decision == DECISION_MERGED;
	tally->by_reminder[planned->reminder->index] += sent;
	add_to_group(tally, planned, minute);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct tally *tally = owner;
	bool sent = planned->decision != DECISION_SKIPPED;
	int minute;

	if (planned->person != tally->who) {
		finish_person(tally);
		tally->who = planned->person;
	}
	minute = minute_of(tally, planned->place, sent ? planned->send_at : planned->due_at);
	tally->planned += sent;
	if (planned->decision == DECISION_MERGED) {
		tally->together++;
		tally->together_minute = minute;
	}
	if (!tally->reminder || planned->reminder == tally->reminder)
		add_shown(tally, planned, minute);
	return true;
}

/* ---- days off ---- */

/* Whether everybody concerned has the day off, and what it is called: of one place only, with that
 * place. NULL where it has no name. Owned. */
static char *find_day_off(const struct tally *tally, int32_t date, bool *ret_off)
{
	size_t places = 0, off = 0;
	char *name = NULL;

	if (tally->person && person_is_away(tally->person, date)) {
		*ret_off = true;
		return str_new("away");
	}
	for (size_t i = 0; i < tally->model->n_places; i++) {
		const struct place *place = tally->model->places[i];
		const char *holiday;

		if (!tally->places[i])
			continue;
		places++;
		off += place->workdays && !workdays_has(place->workdays, date);
		holiday = name ? NULL : place_holiday(place, date);
		if (!str_empty(holiday))
			name = str_printf("%s%s%s%s", holiday, tally->person ? "" : " (",
				tally->person ? ""
				: place->id   ? place->id
					      : "elsewhere",
				tally->person ? "" : ")");
	}
	*ret_off = places && off == places;
	return name;
}

/* ---- the object ---- */

static json_t *shape_minute(int minute)
{
	char text[24];

	snprintf(text, sizeof(text), "%02d:%02d", minute / 60, minute % 60);
	return json_string(text);
}

static int by_time(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute - y->minute;
	if (x->decision != y->decision)
		return (int)x->decision - (int)y->decision;
	return x->reminder->index < y->reminder->index ? -1 : x->reminder != y->reminder;
}

static json_t *shape_groups(struct tally *tally)
{
	json_t *list = json_array();

	if (tally->count)
		qsort(tally->groups, tally->count, sizeof(*tally->groups), by_time);
	for (size_t i = 0; i < tally->count; i++) {
		const struct group *group = &tally->groups[i];
		json_t *names = json_array();

		for (int k = 0; k < group->n_names; k++)
			json_array_append_new(names, shape_text(group->names[k]));
		json_array_append_new(list,
			json_pack("{so so ss so so si so}", "time", shape_minute(group->minute),
				"reminder", shape_text(group->reminder->id), "decision",
				decision_names[group->decision], "reason",
				shape_text(group->reason), "about",
				shape_text(group->about ? group->about->id : NULL), "count",
				group->count, "people", names));
	}
	return list;
}

static json_t *shape_limits(const struct tally *tally)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tally->n_limits; i++) {
		const struct excess *excess = &tally->limits[i];

		json_array_append_new(list,
			json_pack("{so si si si so}", "person", shape_text(excess->person->id),
				"planned", excess->planned, "limit", tally->model->daily_limit,
				"together", excess->together, "at",
				excess->together ? shape_minute(excess->minute) : json_null()));
	}
	return list;
}

static json_t *shape_reminders(const struct tally *tally)
{
	json_t *object = json_object();

	for (size_t i = 0; i < tally->model->n_reminders; i++)
		if (tally->by_reminder[i])
			json_object_set_new(object, tally->model->reminders[i]->id,
				json_integer(tally->by_reminder[i]));
	return object;
}

static json_t *shape_day(struct tally *tally, int32_t date)
{
	char text[CIVIL_TEXT];
	bool off;
	auto_free char *holiday = find_day_off(tally, date, &off);

	date_write(date, text);
	return json_pack("{ss sI sI sI sI sI sI sI sb so so sI so so}", "date", text, "messages",
		tally->messages, "people", tally->people, "send", tally->decisions[DECISION_SEND],
		"shifted", tally->decisions[DECISION_SHIFTED], "merged",
		tally->decisions[DECISION_MERGED], "skipped", tally->decisions[DECISION_SKIPPED],
		"over", tally->over, "off", off, "holiday", shape_text(holiday), "groups",
		shape_groups(tally), "more", tally->ungrouped, "reminders", shape_reminders(tally),
		"limits", shape_limits(tally));
}

static void on_date(void *owner, int32_t date)
{
	struct tally *tally = owner;

	finish_person(tally);
	tally->on_day(tally->owner, shape_day(tally, date));
	forget_day(tally);
}

void tally_days(struct tally *tally, int32_t from, int32_t to,
	void (*on_day)(void *owner, json_t *day), void *owner)
{
	/* Without a limit nobody else's reminders matter, and the resolver need not look at them. */
	const struct preview_query query = {.from = from,
		.to = to,
		.person = tally->person,
		.reminder = tally->model->daily_limit ? NULL : tally->reminder,
		.skipped = true,
		.terse = true,
		.on_date = on_date};

	tally->on_day = on_day;
	tally->owner = owner;
	resolver_preview(tally->model, tally->view, &query, on_planned, tally);
}
