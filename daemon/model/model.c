/* One accepted configuration and what can be asked of it. Owns every part from the channels to the
 * prompt packs, and the indices by id. Never reads a file, never changes once it is built. */
#include "model/model.h"
#include "base/str.h"
#include "model/index.h"

#include <stdlib.h>

const char *const relation_names[6] = {"", "self", "manager", "mentor", "partner", NULL};
const char *const kind_names[KINDS + 1] = {"practice", "feedback", "checkin", "celebrate",
	"opportunity", "renewal", "digest", "note", NULL};
const char *const catch_up_names[4] = {"latest", "none", "all", NULL};

struct indices {
	struct index channels, places, teams, roles, people, reminders, packs;
};

struct model *model_new(void)
{
	struct model *model = mem_new(sizeof(*model));

	model->refs = 1;
	return model;
}

struct model *model_ref(struct model *model)
{
	assert(model->refs > 0);
	model->refs++;
	return model;
}

static void free_strings(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void free_channel(struct channel *channel)
{
	for (size_t i = 0; i < channel->n_settings; i++) {
		free(channel->settings[i].name);
		free(channel->settings[i].text);
		secret_free(channel->settings[i].secret);
	}
	free(channel->settings);
	free(channel->id);
	free(channel->plugin);
	free(channel->ca_file);
	free(channel->client_cert);
	free(channel->proxy);
	free(channel);
}

static void free_calendar(struct calendar_file *calendar)
{
	daysoff_free(calendar->daysoff);
	free(calendar->path);
	free(calendar);
}

static void free_place(struct place *place)
{
	free(place->holidays);
	workdays_free(place->workdays);
	free(place->id);
	zone_unref(place->zone);
	week_free(place->hours);
	week_free(place->quiet);
	free(place);
}

static void free_language(struct language *language)
{
	free(language->id);
	free(language);
}

static void free_team(struct team *team)
{
	free(team->id);
	free(team);
}

static void free_role(struct role *role)
{
	free(role->id);
	free(role->name);
	free_strings(role->objectives, role->n_objectives);
	free(role);
}

void focus_clear(struct focus *focus)
{
	free(focus->skill);
	free(focus->why);
	free(focus->goal);
	free(focus->cue);
	free(focus->act);
	free(focus->measure);
}

static void free_person(struct person *person)
{
	for (size_t i = 0; i < person->n_addresses; i++)
		free(person->addresses[i].text);
	for (size_t i = 0; i < person->n_foci; i++)
		focus_clear(&person->foci[i]);
	free(person->id);
	free(person->name);
	free(person->teams);
	free(person->addresses);
	free(person->via);
	free(person->away);
	free(person->absence);
	free(person->foci);
	free(person);
}

static void free_reminder(struct reminder *reminder)
{
	free(reminder->id);
	free(reminder->schedule);
	rule_unref(reminder->rule);
	free(reminder->pairs);
	free(reminder->rooms);
	free(reminder->via);
	template_free(reminder->title);
	template_free(reminder->text);
	free(reminder);
}

#define FREE_ALL(list, count, free_one)                                                            \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < (count); i_++)                                            \
			free_one((list)[i_]);                                                      \
		free(list);                                                                        \
	} while (0)

static void free_indices(struct indices *indices)
{
	if (!indices)
		return;
	index_free(&indices->channels);
	index_free(&indices->places);
	index_free(&indices->teams);
	index_free(&indices->roles);
	index_free(&indices->people);
	index_free(&indices->reminders);
	index_free(&indices->packs);
	free(indices);
}

static void free_model(struct model *model)
{
	free_indices(model->by_name);
	FREE_ALL(model->reminders, model->n_reminders, free_reminder);
	FREE_ALL(model->people, model->n_people, free_person);
	FREE_ALL(model->roles, model->n_roles, free_role);
	FREE_ALL(model->teams, model->n_teams, free_team);
	FREE_ALL(model->calendars, model->n_calendars, free_calendar);
	FREE_ALL(model->places, model->n_places, free_place);
	FREE_ALL(model->channels, model->n_channels, free_channel);
	FREE_ALL(model->packs, model->n_packs, prompt_pack_free);
	FREE_ALL(model->languages, model->n_languages, free_language);
	FREE_ALL(model->files, model->n_files, free);
	zone_unref(model->zone);
	secret_free(model->link_key);
	secret_free(model->heartbeat_url);
	for (size_t i = 0; i < model->n_alert_via; i++)
		free(model->alert_via[i].address);
	free(model->alert_via);
	free(model->file);
	free(model->state);
	free(model->store);
	free(model->control);
	free(model->listen);
	free(model->listen_admin);
	free(model->public_url);
	free(model->vision);
	free(model->prompts);
	free(model->people_file);
	free(model);
}

void model_unref(struct model *model)
{
	if (!model)
		return;
	assert(model->refs > 0);
	if (--model->refs == 0)
		free_model(model);
}

/* ---- zones ---- */

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (struct zone *const *)a,
		  y = (uintptr_t) * (struct zone *const *)b;

	return x < y ? -1 : x > y;
}

struct zone **model_zones(const struct model *model, size_t *ret_count)
{
	struct zone **list = mem_new_array(1 + model->n_places + model->n_reminders, sizeof(*list));
	size_t count = 0, unique = 0;

	list[count++] = model->zone;
	for (size_t i = 0; i < model->n_places; i++)
		list[count++] = model->places[i]->zone;
	for (size_t i = 0; i < model->n_reminders; i++)
		list[count++] = rule_own_zone(model->reminders[i]->rule);
	qsort(list, count, sizeof(*list), by_address);
	for (size_t i = 0; i < count; i++)
		if (list[i] && (!unique || list[i] != list[unique - 1]))
			list[unique++] = list[i];
	*ret_count = unique;
	return list;
}

/* ---- by id ---- */

#define PUT_ALL(index, list, count)                                                                \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < (count); i_++) {                                          \
			if ((list)[i_]->id)                                                        \
				index_put(&(index), (list)[i_]);                                   \
		}                                                                                  \
	} while (0)

void model_build_index(struct model *model)
{
	struct indices *indices = mem_new(sizeof(*indices));

	PUT_ALL(indices->channels, model->channels, model->n_channels);
	PUT_ALL(indices->places, model->places, model->n_places);
	PUT_ALL(indices->teams, model->teams, model->n_teams);
	PUT_ALL(indices->roles, model->roles, model->n_roles);
	PUT_ALL(indices->people, model->people, model->n_people);
	PUT_ALL(indices->reminders, model->reminders, model->n_reminders);
	PUT_ALL(indices->packs, model->packs, model->n_packs);
	free_indices(model->by_name);
	model->by_name = indices;
}

#define FIND(member, id)                                                                           \
	(model->by_name ? index_find(&((struct indices *)model->by_name)->member, id) : NULL)

struct channel *model_channel(const struct model *model, const char *id)
{
	return FIND(channels, id);
}

struct place *model_place(const struct model *model, const char *id)
{
	return FIND(places, id);
}

struct team *model_team(const struct model *model, const char *id)
{
	return FIND(teams, id);
}

struct role *model_role(const struct model *model, const char *id)
{
	return FIND(roles, id);
}

struct person *model_person(const struct model *model, const char *id)
{
	return FIND(people, id);
}

struct reminder *model_reminder(const struct model *model, const char *id)
{
	return FIND(reminders, id);
}

struct prompt_pack *model_pack(const struct model *model, const char *id)
{
	return FIND(packs, id);
}

/* ---- what a person is ---- */

const struct language *reminder_language(
	const struct reminder *reminder, const struct person *person, const struct place *place)
{
	if (reminder->language)
		return reminder->language;
	return person && person->language ? person->language : place->language;
}

bool person_in_team(const struct person *person, const struct team *team)
{
	for (size_t i = 0; i < person->n_teams; i++) {
		if (person->teams[i] == team)
			return true;
	}
	return false;
}

const struct person *person_related(const struct person *person, enum relation relation)
{
	switch (relation) {
	case RELATION_SELF:
		return person;
	case RELATION_MANAGER:
		return person->manager;
	case RELATION_MENTOR:
		return person->mentor;
	case RELATION_PARTNER:
		return person->partner;
	case RELATION_NONE:
		break;
	}
	return NULL;
}

const char *person_address(const struct person *person, const struct channel *channel)
{
	for (size_t i = 0; i < person->n_addresses; i++) {
		if (person->addresses[i].channel == channel)
			return person->addresses[i].text;
	}
	return NULL;
}

bool focus_covers(const struct focus *focus, int32_t date)
{
	return (!focus->has_from || date >= focus->from) &&
	       (!focus->has_until || date <= focus->until);
}

const struct focus *person_focus(const struct person *person, int32_t date)
{
	for (size_t i = 0; i < person->n_foci; i++)
		if (focus_covers(&person->foci[i], date))
			return &person->foci[i];
	return NULL;
}

/* The first calendar that knows the date wins: its name for it, or NULL. */
static const char *date_off(const struct calendar_file *const *calendars, size_t count,
	const struct zone *zone, int32_t date)
{
	const char *name = NULL;

	for (size_t i = 0; i < count && !name; i++)
		name = daysoff_date(calendars[i]->daysoff, zone, date);
	return name;
}

static const char *instant_off(const struct calendar_file *const *calendars, size_t count,
	const struct zone *zone, int64_t utc, int64_t *ret_until)
{
	const char *name = NULL;

	for (size_t i = 0; i < count && !name; i++)
		name = daysoff_at(calendars[i]->daysoff, zone, utc, ret_until);
	return name;
}

bool person_is_away(const struct person *person, int32_t date)
{
	for (size_t i = 0; i < person->n_away; i++) {
		if (date >= person->away[i].from && date <= person->away[i].until)
			return true;
	}
	return person->n_absence &&
	       date_off(person->absence, person->n_absence, person->place->zone, date);
}

bool person_is_out(const struct person *person, int64_t utc, int64_t *ret_until)
{
	return person->n_absence &&
	       instant_off(person->absence, person->n_absence, person->place->zone, utc, ret_until);
}

const char *place_holiday(const struct place *place, int32_t date)
{
	return date_off(place->holidays, place->n_holidays, place->zone, date);
}

const char *place_closed_at(const struct place *place, int64_t utc, int64_t *ret_until)
{
	return instant_off(place->holidays, place->n_holidays, place->zone, utc, ret_until);
}

/* The first pair whose recipient is not below the index. */
static size_t first_pair(const struct reminder *reminder, uint32_t recipient)
{
	const struct pair *pairs = reminder->pairs;
	size_t low = 0, high = reminder->n_pairs;

	/* What everybody gets has each one's pair at their own index. */
	if (recipient < high && pairs[recipient].recipient == recipient &&
		(!recipient || pairs[recipient - 1].recipient < recipient))
		return recipient;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pairs[middle].recipient < recipient)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct pair *reminder_pairs_of(
	const struct reminder *reminder, const struct person *recipient, size_t *ret_count)
{
	size_t first = first_pair(reminder, recipient->index), end = first;

	while (end < reminder->n_pairs && reminder->pairs[end].recipient == recipient->index)
		end++;
	*ret_count = end - first;
	return *ret_count ? reminder->pairs + first : NULL;
}
