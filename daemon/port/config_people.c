/* People, with their teams and roles: entries become persons in two passes, since a manager may
 * stand further down. Complains about whatever an entry names that is not there. */
#include "port/config_parts.h"

#include <stdio.h>

/* ---- teams and roles: they exist once somebody has them ---- */

static const struct team *take_team(struct loader *loader, const char *id)
{
	struct model *model = loader->model;
	struct team *team = index_find(&loader->teams, id);

	if (team)
		return team;
	team = mem_new(sizeof(*team));
	team->id = str_new(id);
	team->index = model->n_teams;
	ARRAY_GROW(model->teams, model->n_teams, loader->teams_room);
	model->teams[model->n_teams++] = team;
	index_put(&loader->teams, team);
	return team;
}

static struct role *add_role(struct loader *loader, const char *id, struct where where)
{
	struct model *model = loader->model;
	struct role *role = mem_new(sizeof(*role));

	role->id = str_new(id);
	role->index = model->n_roles;
	role->where = where;
	ARRAY_GROW(model->roles, model->n_roles, loader->roles_room);
	model->roles[model->n_roles++] = role;
	return role;
}

static void build_role(struct loader *loader, struct role_entry *entry)
{
	const struct role *twin;
	struct role *role;

	if (!entry->id)
		return;
	role = add_role(loader, entry->id, entry->entry.where);
	role->name = str_new(entry->name ? entry->name : entry->id);
	role->objectives = entry->objectives.list;
	role->n_objectives = entry->objectives.count;
	role->mentored = entry->mentored;
	entry->objectives.list = NULL;
	entry->objectives.count = 0;
	twin = index_put(&loader->roles, role);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_role, entry, "id"), "role",
			role->id, twin->where);
}

static const struct role *take_role(struct loader *loader, struct where where, const char *id)
{
	struct role *role = id ? index_find(&loader->roles, id) : NULL;

	if (role || !id)
		return role;
	if (loader->roles_are_listed) {
		complain(loader, where, "there is no role \"%s\"%s", id,
			config_suggest(
				loader, id, (void **)loader->model->roles, loader->model->n_roles));
		return NULL;
	}
	role = add_role(loader, id, where);
	role->name = str_new(id);
	index_put(&loader->roles, role);
	return role;
}

/* ---- the first pass: what needs nobody else ---- */

static void take_teams(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	person->teams = mem_new_array(entry->teams.count, sizeof(*person->teams));
	for (size_t i = 0; i < entry->teams.count; i++) {
		const char *id = entry->teams.list[i];
		const struct team *team;

		if (!str_is_id(id)) {
			complain(loader,
				((struct where){entry->entry.where.file, entry->teams.lines[i]}),
				"\"teams\": \"%.80s\" is not an id", id);
			continue;
		}
		team = take_team(loader, id);
		if (!person_in_team(person, team))
			person->teams[person->n_teams++] = team;
	}
}

static void take_away(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	person->away = mem_new_array(entry->away.count, sizeof(*person->away));
	for (size_t i = 0; i < entry->away.count; i++) {
		const struct away_entry *away = entries_at(&keys_away, &entry->away, i);

		if (!entry_has(&keys_away, away, "from") || !entry_has(&keys_away, away, "until"))
			continue;
		if (away->from > away->until)
			complain(loader, away->entry.where, "this absence ends before it begins");
		person->away[person->n_away++] = (struct away){away->from, away->until};
	}
}

static char *take(char **text)
{
	char *taken = *text;

	*text = NULL;
	return taken;
}

static void take_foci(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	person->foci = mem_new_array(entry->focus.count, sizeof(*person->foci));
	for (size_t i = 0; i < entry->focus.count; i++) {
		struct focus_entry *focus = entries_at(&keys_focus, &entry->focus, i);

		person->foci[person->n_foci++] = (struct focus){.where = focus->entry.where,
			.skill = take(&focus->skill),
			.why = take(&focus->why),
			.goal = take(&focus->goal),
			.cue = take(&focus->cue),
			.act = take(&focus->act),
			.measure = take(&focus->measure),
			.has_from = entry_has(&keys_focus, focus, "from"),
			.has_until = entry_has(&keys_focus, focus, "until"),
			.from = focus->from,
			.until = focus->until};
		if (person->foci[i].has_from && person->foci[i].has_until &&
			focus->from > focus->until)
			complain(loader, focus->entry.where, "this focus ends before it begins");
	}
}

static void take_place(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	const struct place *place = index_find(&loader->places, entry->place);

	if (entry->place && !place)
		complain(loader, entry_where(&keys_person, entry, "place"),
			"there is no place \"%s\"%s", entry->place,
			config_suggest(loader, entry->place, (void **)loader->model->places + 1,
				loader->model->n_places - 1));
	person->place = place ? place : loader->model->places[0];
}

static void take_addresses(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	const struct config_needs *needs = loader->needs;

	person->addresses = mem_new_array(entry->address.count, sizeof(*person->addresses));
	for (size_t i = 0; i < entry->address.count; i++) {
		struct where where = {entry->entry.where.file, entry->address.lines[i]};
		const char *name = entry->address.names[i], *text = entry->address.list[i];
		const struct channel *channel = index_find(&loader->channels, name);
		const char *why;

		if (!channel) {
			complain(loader, where, "\"address\": there is no channel \"%.80s\"%s",
				name,
				config_suggest(loader, name, (void **)loader->model->channels,
					loader->model->n_channels));
			continue;
		}
		/* A channel that does not work has complaints of its own. */
		why = loader->channel_works[channel->index]
			      ? needs->check_address(needs->owner, channel, text)
			      : NULL;
		if (why)
			complain(loader, where, "the address \"%.80s\" of \"%s\" for %s: %s", text,
				person->id, name, why);
		person->addresses[person->n_addresses++] = (struct address){channel, str_new(text)};
	}
}

static void take_via(struct loader *loader, const struct person_entry *entry, struct person *person)
{
	person->via = config_via(loader, &keys_person, entry, &entry->via, &person->n_via);
	loader->via_is_wrong[person->index] = entry->via.count && !person->n_via;
	for (size_t i = 0; i < person->n_via; i++) {
		if (person->via[i]->needs_address && !person_address(person, person->via[i]))
			complain(loader, entry_where(&keys_person, entry, "via"),
				"\"%s\" has no address on the channel \"%s\"", person->id,
				person->via[i]->id);
	}
}

static void build_person(struct loader *loader, struct person_entry *entry)
{
	struct model *model = loader->model;
	struct person *person = mem_new(sizeof(*person));
	const struct person *twin;

	person->id = str_new(entry->id);
	person->name = str_new(entry->name ? entry->name : entry->id);
	person->index = model->n_people;
	person->where = entry->entry.where;
	person->via_all = entry->via_all;
	model->people[model->n_people++] = person;
	twin = index_put(&loader->people_by_id, person);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_person, entry, "id"), "person",
			person->id, twin->where);
	take_place(loader, entry, person);
	person->language = config_language(
		loader, entry_where(&keys_person, entry, "language"), entry->language);
	person->role = take_role(loader, entry_where(&keys_person, entry, "role"), entry->role);
	take_teams(loader, entry, person);
	take_away(loader, entry, person);
	person->absence = config_calendars(
		loader, entry->entry.where.file, &entry->absence, &person->n_absence);
	take_foci(loader, entry, person);
	take_addresses(loader, entry, person);
	take_via(loader, entry, person);
}

/* ---- the second pass: who is what to whom ---- */

static const struct person *take_person(struct loader *loader, const struct person_entry *entry,
	const char *key, const char *id, const struct person *self)
{
	const struct person *other = index_find(&loader->people_by_id, id);

	if (id && !other)
		complain(loader, entry_where(&keys_person, entry, key),
			"\"%s\" of \"%s\": there is no person \"%s\"%s", key, self->id, id,
			config_suggest(loader, id, (void **)loader->model->people,
				loader->model->n_people));
	else if (other && str_eq(other->id, self->id))
		complain(loader, entry_where(&keys_person, entry, key),
			"\"%s\" cannot be their own %s", self->id, key);
	return other;
}

static void relate_person(
	struct loader *loader, const struct person_entry *entry, struct person *person)
{
	person->manager = take_person(loader, entry, "manager", entry->manager, person);
	person->mentor = take_person(loader, entry, "mentor", entry->mentor, person);
	person->partner = take_person(loader, entry, "partner", entry->partner, person);
}

/* ---- who belongs to what ---- */

enum { NO_GROUP = -1 };

/* The n-th team of a person, or the only role. */
static int64_t group_of(const struct person *person, size_t n, bool by_role)
{
	if (by_role)
		return n == 0 && person->role ? (int64_t)person->role->index : NO_GROUP;
	return n < person->n_teams ? (int64_t)person->teams[n]->index : NO_GROUP;
}

static struct members list_members(const struct model *model, size_t n_groups, bool by_role)
{
	struct members members = {.first = mem_new_array(n_groups + 2, sizeof(size_t))};
	size_t *next = members.first + 1; /* ends as the first of the group after */
	int64_t group;

	for (size_t i = 0; i < model->n_people; i++) {
		for (size_t n = 0; (group = group_of(model->people[i], n, by_role)) >= 0; n++)
			members.first[group + 2]++;
	}
	for (size_t g = 2; g < n_groups + 2; g++)
		members.first[g] += members.first[g - 1];
	members.list = mem_new_array(members.first[n_groups + 1], sizeof(*members.list));
	for (size_t i = 0; i < model->n_people; i++) {
		for (size_t n = 0; (group = group_of(model->people[i], n, by_role)) >= 0; n++)
			members.list[next[group]++] = i;
	}
	return members;
}

void config_people_build(struct loader *loader)
{
	struct model *model = loader->model;
	struct entries *roles = &loader->top.roles, *people = &loader->top.people;
	size_t n = 0;

	loader->roles_are_listed = roles->count > 0;
	for (size_t i = 0; i < roles->count; i++)
		build_role(loader, entries_at(&keys_role, roles, i));
	model->people = mem_new_array(people->count, sizeof(*model->people));
	loader->via_is_wrong = mem_new_array(people->count, sizeof(*loader->via_is_wrong));
	for (size_t i = 0; i < people->count; i++) {
		struct person_entry *entry = entries_at(&keys_person, people, i);

		if (entry->id)
			build_person(loader, entry);
	}
	for (size_t i = 0; i < people->count; i++) {
		const struct person_entry *entry = entries_at(&keys_person, people, i);

		if (entry->id)
			relate_person(loader, entry, model->people[n++]);
	}
	loader->of_teams = list_members(model, model->n_teams, false);
	loader->of_roles = list_members(model, model->n_roles, true);
}
