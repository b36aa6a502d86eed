/* The preview: walks local dates and asks the resolver for each person, as the live run does. Owns
 * nothing after it returns. Never reads a clock or the store: what is known comes by the view. */
#include "engine/rounds.h"

enum { PREVIEW_DAYS_MAX = 400 };

/* One (reminder, place) on its way through the dates. */
struct walk {
	const struct reminder *reminder;
	const struct place *place;
	struct place_slot next;
	bool more;
};

struct walker {
	const struct model *model;
	const struct view *view;
	const struct preview_query *query;
	struct walk *walks; /* in order of place, then reminder */
	size_t count, capacity;
	struct place_slot *day; /* of one place */
	size_t n_day, day_capacity;
	const struct person **people; /* in order of place */
	size_t *first_of_place;       /* n_places + 1 */
	struct plan plan;
	bool (*on_planned)(void *owner, const struct planned *planned);
	void *owner;
	bool stopped;
};

static int32_t slot_date(const struct walk *walk)
{
	return local_date(zone_to_local(walk->place->zone, walk->next.send_at / 1000, NULL));
}

static void walk_add(
	struct walker *walker, const struct reminder *reminder, const struct place *place)
{
	int64_t first, second;
	struct walk *walk;

	ARRAY_GROW(walker->walks, walker->count, walker->capacity);
	walk = &walker->walks[walker->count];
	*walk = (struct walk){.reminder = reminder, .place = place};
	zone_to_utc(place->zone, (int64_t)walker->query->from * DAY_S, &first, &second);
	walk->more = resolver_first(reminder, place, first * 1000 - 1, &walk->next);
	if (walk->more)
		walker->count++;
}

/* Whether the reminder has anything to say at the place in this preview. */
static bool concerns(const struct walker *walker, const struct reminder *reminder,
	const struct place *place, const bool *has_people)
{
	const struct preview_query *query = walker->query;

	size_t pairs;

	if (query->reminder && query->reminder != reminder && !walker->model->daily_limit)
		return false;
	if (query->person) {
		reminder_pairs_of(reminder, query->person, &pairs);
		return pairs && has_people[place->index];
	}
	if (reminder->n_rooms && reminder->place == place)
		return true;
	return reminder->n_pairs && has_people[place->index];
}

static bool shown(const struct walker *walker, const struct person *person)
{
	return !walker->query->person || walker->query->person == person;
}

static void sort_people(struct walker *walker, bool *has_people)
{
	const struct model *model = walker->model;
	size_t *first = walker->first_of_place;
	auto_free size_t *at = mem_new_array(model->n_places, sizeof(*at));

	for (size_t i = 0; i < model->n_people; i++)
		if (shown(walker, model->people[i]))
			first[model->people[i]->place->index + 1]++;
	for (size_t p = 0; p < model->n_places; p++) {
		has_people[p] = first[p + 1] > 0;
		first[p + 1] += first[p];
		at[p] = first[p];
	}
	for (size_t i = 0; i < model->n_people; i++)
		if (shown(walker, model->people[i]))
			walker->people[at[model->people[i]->place->index]++] = model->people[i];
}

static int by_fire_time(const void *a, const void *b)
{
	const struct place_slot *x = a, *y = b;

	if (x->send_at != y->send_at)
		return x->send_at < y->send_at ? -1 : 1;
	return x->reminder->index < y->reminder->index ? -1
						       : x->reminder->index > y->reminder->index;
}

static void gather_day(struct walker *walker, size_t *walk, const struct place *place, int32_t date)
{
	walker->n_day = 0;
	for (; *walk < walker->count && walker->walks[*walk].place == place; (*walk)++) {
		struct walk *w = &walker->walks[*walk];

		while (w->more && slot_date(w) <= date) {
			ARRAY_GROW(walker->day, walker->n_day, walker->day_capacity);
			walker->day[walker->n_day++] = w->next;
			w->more = resolver_follow(&w->next, &w->next);
		}
	}
	if (walker->n_day)
		qsort(walker->day, walker->n_day, sizeof(*walker->day), by_fire_time);
}

/* Hands out what is planned so far. */
static void emit(struct walker *walker)
{
	const struct preview_query *query = walker->query;

	for (size_t i = 0; i < walker->plan.count && !walker->stopped; i++) {
		const struct planned *planned = &walker->plan.list[i];

		if (query->reminder && planned->reminder != query->reminder)
			continue;
		if (!query->skipped && planned->decision == DECISION_SKIPPED)
			continue;
		walker->stopped = !walker->on_planned(walker->owner, planned);
	}
	plan_clear(&walker->plan);
}

/* To count, a person's decisions are handed out before the next one's are made: a whole day of
 * thousands is more than a processor's cache. */
static void plan_place(struct walker *walker, const struct place *place)
{
	struct budget budget = {.limit = walker->model->daily_limit};

	for (size_t i = walker->first_of_place[place->index];
		i < walker->first_of_place[place->index + 1]; i++) {
		resolver_plan_person(walker->model, walker->people[i], walker->day, walker->n_day,
			walker->view, &budget, &walker->plan);
		if (walker->query->terse)
			emit(walker);
	}
	if (walker->query->person)
		return;
	for (size_t i = 0; i < walker->n_day; i++)
		if (walker->day[i].reminder->n_rooms && walker->day[i].reminder->place == place)
			resolver_plan_rooms(&walker->day[i], walker->view, &walker->plan);
	if (walker->query->terse)
		emit(walker);
}

static int by_send_time(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	if (x->send_at != y->send_at)
		return x->send_at < y->send_at ? -1 : 1;
	if (x->person != y->person && x->person && y->person)
		return x->person->index < y->person->index ? -1 : 1;
	if (x->reminder != y->reminder)
		return x->reminder->index < y->reminder->index ? -1 : 1;
	return x->due_at < y->due_at ? -1 : x->due_at > y->due_at;
}

static void emit_day(struct walker *walker)
{
	if (walker->plan.count)
		qsort(walker->plan.list, walker->plan.count, sizeof(*walker->plan.list),
			by_send_time);
	emit(walker);
}

/* From the configuration alone nobody had a turn yet, and it begins with the year. */
static struct rounds *rounds_of_year(const struct view *view, int32_t date)
{
	struct rounds *rounds = rounds_new(view);
	int year, month, day;

	date_to_ymd(date, &year, &month, &day);
	rounds_begin(rounds, ((int64_t)date_from_ymd(year, 1, 1) - 1) * DAY_S * 1000);
	return rounds;
}

void resolver_preview(const struct model *model, const struct view *view,
	const struct preview_query *query,
	bool (*on_planned)(void *owner, const struct planned *planned), void *owner)
{
	struct view known = view ? *view : (struct view){0};
	struct rounds *own = known.rounds ? NULL : rounds_of_year(view, query->from);
	struct walker walker = {.model = model,
		.view = &known,
		.query = query,
		.plan.terse = query->terse,
		.plan.bystanders = query->skipped && query->person,
		.on_planned = on_planned,
		.owner = owner};
	auto_free bool *has_people = mem_new_array(model->n_places, sizeof(*has_people));
	int32_t to = MIN_OF(query->to, query->from + PREVIEW_DAYS_MAX);

	known.rounds = known.rounds ? known.rounds : own;
	walker.people = mem_new_array(model->n_people, sizeof(*walker.people));
	walker.first_of_place = mem_new_array(model->n_places + 1, sizeof(size_t));
	sort_people(&walker, has_people);
	for (size_t p = 0; p < model->n_places; p++)
		for (size_t r = 0; r < model->n_reminders; r++)
			if (concerns(&walker, model->reminders[r], model->places[p], has_people))
				walk_add(&walker, model->reminders[r], model->places[p]);
	for (int32_t date = query->from; date <= to && !walker.stopped; date++) {
		size_t walk = 0;

		for (size_t p = 0; p < model->n_places; p++) {
			gather_day(&walker, &walk, model->places[p], date);
			if (walker.n_day)
				plan_place(&walker, model->places[p]);
		}
		emit_day(&walker);
		if (query->on_date && !walker.stopped)
			query->on_date(owner, date);
	}
	plan_free(&walker.plan);
	free(walker.walks);
	free(walker.day);
	free(walker.people);
	free(walker.first_of_place);
	rounds_free(own);
}
