/* Places and the zones they share: each zone file is read once a load, however many name it. */
#include "port/config_parts.h"

#include <errno.h>

static const char *zone_trouble(int r)
{
	switch (r) {
	case -ENOENT:
		return "there is no such time zone; write it as Europe/London";
	case -EINVAL:
		return "this cannot be the name of a time zone; write it as Europe/London";
	case -EBADMSG:
		return "its file is damaged";
	case -EFBIG:
		return "its file is too large";
	default:
		return strerror(-r);
	}
}

struct zone *config_zone(struct loader *loader, struct where where, const char *name)
{
	struct zone *zone;
	int r;

	for (size_t i = 0; i < loader->n_zones; i++) {
		if (str_eq(zone_name(loader->zones[i]), name))
			return zone_ref(loader->zones[i]);
	}
	r = zone_load(name, &zone);
	if (r < 0) {
		complain(loader, where, "\"timezone\" cannot be \"%.80s\": %s", name,
			zone_trouble(r));
		return NULL;
	}
	ARRAY_GROW(loader->zones, loader->n_zones, loader->zones_room);
	loader->zones[loader->n_zones++] = zone;
	return zone_ref(zone);
}

static struct week *read_week(
	struct loader *loader, struct where where, const char *name, const char *text)
{
	struct week *week = NULL;
	const char *message;
	int column;

	if (text && week_parse(text, &week, &column, &message) < 0) {
		complain(loader, where, "\"%s\", column %d: %s", name, column, message);
		return NULL;
	}
	return week;
}

static void add_place(struct loader *loader, struct place *place)
{
	struct model *model = loader->model;

	place->index = model->n_places;
	model->places = mem_resize(model->places, model->n_places + 1, sizeof(place));
	model->places[model->n_places++] = place;
}

static void build_place(struct loader *loader, const struct place_entry *entry)
{
	struct place *place = mem_new(sizeof(*place));
	const struct place *twin;

	place->id = str_new(entry->id);
	place->where = entry->entry.where;
	if (entry->timezone)
		place->zone = config_zone(
			loader, entry_where(&keys_place, entry, "timezone"), entry->timezone);
	else if (loader->model->zone)
		place->zone = zone_ref(loader->model->zone);
	place->hours =
		read_week(loader, entry_where(&keys_place, entry, "hours"), "hours", entry->hours);
	place->quiet =
		read_week(loader, entry_where(&keys_place, entry, "quiet"), "quiet", entry->quiet);
	place->holidays = config_calendars(
		loader, entry->entry.where.file, &entry->holidays, &place->n_holidays);
	place->language = entry->language ? config_language(loader,
						    entry_where(&keys_place, entry, "language"),
						    entry->language)
					  : loader->model->places[0]->language;
	/* Without a zone the load fails anyway. */
	if (place->zone)
		config_workdays_build(place);
	add_place(loader, place);
	twin = index_put(&loader->places, place);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_place, entry, "id"), "place",
			place->id, twin->where);
}

void config_places_build(struct loader *loader)
{
	const struct entries *entries = &loader->top.places;
	struct place *everywhere = mem_new(sizeof(*everywhere));
	struct model *model = loader->model;

	model->zone = config_zone(loader,
		loader->top_where[section_key(&keys_top, "timezone") - keys_top.keys],
		loader->top.timezone);
	everywhere->zone = model->zone ? zone_ref(model->zone) : NULL;
	everywhere->language =
		config_language(loader, config_top_where(loader, "language"), loader->top.language);
	add_place(loader, everywhere);
	for (size_t i = 0; i < entries->count; i++) {
		const struct place_entry *entry = entries_at(&keys_place, entries, i);

		if (entry->id)
			build_place(loader, entry);
	}
}
