/* Who receives and whom it is about: `to` and `about` become rooms and a sorted list of pairs, once,
 * while loading. Linear in the number of pairs, which has a ceiling. */
#include "port/config_parts.h"

enum {
	PAIRS_MAX = 20000000, /* of all reminders: 160 MB */
};

enum who_kind { WHO_NOBODY, WHO_ALL, WHO_PERSON, WHO_TEAM, WHO_ROLE, WHO_ROOM, WHO_RELATION };

struct who {
	enum who_kind kind;
	union {
		const struct person *person;
		const struct team *team;
		const struct role *role;
		const struct channel *room;
		enum relation relation;
	};
};

struct expansion {
	struct loader *loader;
	const struct reminder_entry *entry;
	struct reminder *reminder;
	struct who *to, *about;
	size_t n_to, n_about;
	struct pair *pairs;
	size_t n_pairs, pairs_room;
};

/* ---- reading one item ---- */

static enum relation relation_from_name(const char *name)
{
	for (int i = RELATION_SELF; relation_names[i]; i++) {
		if (str_eq(relation_names[i], name))
			return i;
	}
	return RELATION_NONE;
}

static struct who nobody(struct loader *loader, struct where where, const char *key,
	const char *what, const char *id, void *const *objects, size_t n)
{
	complain(loader, where, "\"%s\": there is no %s \"%.80s\"%s", key, what, id,
		config_suggest(loader, id, objects, n));
	return (struct who){WHO_NOBODY};
}

static struct who read_prefixed(
	struct loader *loader, struct where where, const char *key, const char *text)
{
	const struct model *model = loader->model;
	const char *id = strchr(text, ':') + 1;
	struct who who = {WHO_NOBODY};

	if (str_starts(text, "team:")) {
		who = (struct who){WHO_TEAM, .team = index_find(&loader->teams, id)};
		return who.team ? who
				: nobody(loader, where, key, "team", id, (void **)model->teams,
					  model->n_teams);
	}
	if (str_starts(text, "role:")) {
		who = (struct who){WHO_ROLE, .role = index_find(&loader->roles, id)};
		return who.role ? who
				: nobody(loader, where, key, "role", id, (void **)model->roles,
					  model->n_roles);
	}
	if (str_starts(text, "room:") && str_eq(key, "to")) {
		who = (struct who){WHO_ROOM, .room = index_find(&loader->channels, id)};
		return who.room ? who
				: nobody(loader, where, key, "channel", id,
					  (void **)model->channels, model->n_channels);
	}
	complain(loader, where, "\"%s\" cannot be \"%.80s\": it is an id, team:T, role:R%s", key,
		text, str_eq(key, "to") ? ", room:CHANNEL or all" : " or all");
	return who;
}

static struct who read_who(
	struct loader *loader, struct where where, const char *key, const char *text)
{
	enum relation relation = relation_from_name(text);
	const struct person *person;

	if (str_eq(text, "all"))
		return (struct who){WHO_ALL};
	if (relation != RELATION_NONE && str_eq(key, "to"))
		return (struct who){WHO_RELATION, .relation = relation};
	if (strchr(text, ':'))
		return read_prefixed(loader, where, key, text);
	person = index_find(&loader->people_by_id, text);
	if (person)
		return (struct who){WHO_PERSON, .person = person};
	if (index_find(&loader->teams, text))
		complain(loader, where, "\"%s\": there is no person \"%s\"; the team is team:%s",
			key, text, text);
	else
		return nobody(loader, where, key, "person", text, (void **)loader->model->people,
			loader->model->n_people);
	return (struct who){WHO_NOBODY};
}

static struct who *read_list(struct loader *loader, const struct reminder_entry *entry,
	const char *key, const struct words *words, size_t *ret_count)
{
	struct who *list = mem_new_array(words->count, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < words->count; i++) {
		struct where where = {entry->entry.where.file, words->lines[i]};
		struct who who = read_who(loader, where, key, words->list[i]);

		if (who.kind == WHO_RELATION && !entry_has(&keys_reminder, entry, "about"))
			complain(loader, where,
				"\"to\": \"%s\" is seen from whom it is about: say so with "
				"\"about\"",
				words->list[i]);
		else if (who.kind != WHO_NOBODY)
			list[count++] = who;
	}
	*ret_count = count;
	return list;
}

/* ---- sets of people ---- */

struct crowd {
	uint32_t *list; /* indices */
	size_t count, capacity;
};

static void add_one(struct crowd *crowd, uint32_t index)
{
	ARRAY_GROW(crowd->list, crowd->count, crowd->capacity);
	crowd->list[crowd->count++] = index;
}

static void add_members(struct crowd *crowd, const struct members *members, uint32_t group)
{
	for (size_t i = members->first[group]; i < members->first[group + 1]; i++)
		add_one(crowd, members->list[i]);
}

static void add_who(const struct loader *loader, struct crowd *crowd, const struct who *who)
{
	switch (who->kind) {
	case WHO_ALL:
		for (size_t i = 0; i < loader->model->n_people; i++)
			add_one(crowd, i);
		return;
	case WHO_PERSON:
		add_one(crowd, who->person->index);
		return;
	case WHO_TEAM:
		add_members(crowd, &loader->of_teams, who->team->index);
		return;
	case WHO_ROLE:
		add_members(crowd, &loader->of_roles, who->role->index);
		return;
	default:
		return; /* rooms and relations are seen to elsewhere */
	}
}

static int compare_indices(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The people any item of the list means, each once, in order of index. */
static const struct person **collect(
	const struct loader *loader, const struct who *list, size_t count, size_t *ret_count)
{
	struct crowd crowd = {0};
	const struct person **people;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		add_who(loader, &crowd, &list[i]);
	if (count > 1 && crowd.count)
		qsort(crowd.list, crowd.count, sizeof(*crowd.list), compare_indices);
	people = mem_new_array(crowd.count, sizeof(*people));
	for (size_t i = 0; i < crowd.count; i++) {
		if (i == 0 || crowd.list[i] != crowd.list[i - 1])
			people[n++] = loader->model->people[crowd.list[i]];
	}
	free(crowd.list);
	*ret_count = n;
	return people;
}

static void add_pair(
	struct expansion *x, const struct person *recipient, const struct person *subject)
{
	ARRAY_GROW(x->pairs, x->n_pairs, x->pairs_room);
	x->pairs[x->n_pairs++] = (struct pair){recipient->index, subject->index};
}

static void warn_unrelated(struct expansion *x, enum relation relation,
	const struct person **subjects, size_t n_subjects)
{
	struct names names = {0};

	for (size_t i = 0; i < n_subjects; i++) {
		if (!person_related(subjects[i], relation))
			config_names_add(&names, subjects[i]->id);
	}
	if (names.count)
		warn(x->loader, entry_where(&keys_reminder, x->entry, "to"),
			"nobody is asked about %s: no %s is given there", config_names(&names),
			relation_names[relation]);
}

static void pair_relations(struct expansion *x, const struct person **subjects, size_t n_subjects)
{
	for (size_t i = 0; i < x->n_to; i++) {
		if (x->to[i].kind != WHO_RELATION)
			continue;
		x->reminder->to_partner |= x->to[i].relation == RELATION_PARTNER;
		warn_unrelated(x, x->to[i].relation, subjects, n_subjects);
		for (size_t j = 0; j < n_subjects; j++) {
			const struct person *other = person_related(subjects[j], x->to[i].relation);

			if (other)
				add_pair(x, other, subjects[j]);
		}
	}
}

static bool fits_ceiling(struct expansion *x, size_t recipients, size_t subjects)
{
	if (!recipients || subjects <= PAIRS_MAX / recipients)
		return true;
	complain(x->loader, entry_where(&keys_reminder, x->entry, "to"),
		"%zu recipients about %zu people each are more than %d messages", recipients,
		subjects, PAIRS_MAX);
	return false;
}

static void pair_all(struct expansion *x)
{
	size_t n_recipients, n_subjects;
	auto_free const struct person **recipients =
		collect(x->loader, x->to, x->n_to, &n_recipients);
	auto_free const struct person **subjects =
		collect(x->loader, x->about, x->n_about, &n_subjects);

	if (!fits_ceiling(x, n_recipients, x->reminder->has_about ? n_subjects : 1))
		return;
	if (!x->reminder->has_about) {
		for (size_t i = 0; i < n_recipients; i++)
			add_pair(x, recipients[i], recipients[i]);
		return;
	}
	for (size_t i = 0; i < n_recipients; i++) {
		for (size_t j = 0; j < n_subjects; j++)
			add_pair(x, recipients[i], subjects[j]);
	}
	pair_relations(x, subjects, n_subjects);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->recipient != y->recipient)
		return x->recipient < y->recipient ? -1 : 1;
	return x->subject < y->subject ? -1 : x->subject > y->subject;
}

static void sort_pairs(struct expansion *x)
{
	size_t kept = 0;
	bool sorted = true;

	for (size_t i = 1; sorted && i < x->n_pairs; i++)
		sorted = compare_pairs(&x->pairs[i - 1], &x->pairs[i]) < 0;
	if (!sorted)
		qsort(x->pairs, x->n_pairs, sizeof(*x->pairs), compare_pairs);
	for (size_t i = 0; i < x->n_pairs; i++) {
		if (i == 0 || compare_pairs(&x->pairs[i - 1], &x->pairs[i]) != 0)
			x->pairs[kept++] = x->pairs[i];
	}
	x->n_pairs = kept;
}

/* ---- rooms ---- */

static bool has_room(const struct reminder *reminder, const struct channel *room)
{
	for (size_t i = 0; i < reminder->n_rooms; i++) {
		if (reminder->rooms[i] == room)
			return true;
	}
	return false;
}

static void take_rooms(struct expansion *x)
{
	struct where where = entry_where(&keys_reminder, x->entry, "to");
	struct reminder *reminder = x->reminder;

	reminder->rooms = mem_new_array(x->n_to, sizeof(*reminder->rooms));
	for (size_t i = 0; i < x->n_to; i++) {
		const struct channel *room = x->to[i].kind == WHO_ROOM ? x->to[i].room : NULL;

		if (!room)
			continue;
		if (room->needs_address)
			complain(x->loader, where,
				"room:%s: this channel reaches people by their addresses, it is no "
				"room",
				room->id);
		else if (!has_room(reminder, room))
			reminder->rooms[reminder->n_rooms++] = room;
	}
	if (reminder->has_about && x->n_to && reminder->n_rooms == x->n_to)
		complain(x->loader, entry_where(&keys_reminder, x->entry, "about"),
			"\"about\" means nothing to a room");
}

void config_who_expand(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct expansion x = {.loader = loader, .entry = entry, .reminder = reminder};

	x.to = read_list(loader, entry, "to", &entry->to, &x.n_to);
	x.about = read_list(loader, entry, "about", &entry->about, &x.n_about);
	take_rooms(&x);
	pair_all(&x);
	sort_pairs(&x);
	reminder->pairs = mem_resize(x.pairs, x.n_pairs, sizeof(*x.pairs));
	reminder->n_pairs = x.n_pairs;
	loader->n_pairs = MIN_OF(loader->n_pairs + x.n_pairs, PAIRS_MAX);
	if (entry_has(&keys_reminder, entry, "to") && entry->to.count == 0)
		complain(loader, entry_where(&keys_reminder, entry, "to"), "\"to\" names nobody");
	else if (x.n_to == entry->to.count && x.n_about == entry->about.count && x.n_to &&
		 !reminder->n_rooms && !reminder->n_pairs)
		warn(loader, entry_where(&keys_reminder, entry, "to"),
			"the reminder \"%s\" reaches nobody", reminder->id);
	free(x.to);
	free(x.about);
}
