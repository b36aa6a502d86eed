/* Calendar files (.ics): holidays of places, absences of people. Each file is read once, however
 * many name it, under the same trust as the configuration itself; what is odd in one is a warning
 * with its line, what is no calendar a complaint. The one part of a model that is read again while
 * it is in use: a file that then is missing or broken leaves what was known. */
#include "port/config_parts.h"

#include <errno.h>
#include <sodium.h>

struct reading {
	struct loader *loader;
	const char *file;
};

static void on_warning(void *owner, int line, const char *message)
{
	struct reading *reading = owner;

	warn(reading->loader, ((struct where){reading->file, line}), "%s", message);
}

/* 1: read; 0: the content is what it was; negative after complaining. */
static int calendar_read(struct loader *loader, struct calendar_file *calendar)
{
	struct reading reading = {loader, calendar->path};
	cleanup(buf_free) struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX);
	unsigned char digest[sizeof(calendar->digest)];
	struct daysoff *daysoff;
	const char *message;
	int line, r;

	if (!config_file_read(loader, calendar->path, calendar->where, &text, NULL))
		return -EIO;
	crypto_generichash(
		digest, sizeof(digest), (const unsigned char *)text.data, text.len, NULL, 0);
	if (calendar->daysoff && memcmp(digest, calendar->digest, sizeof(digest)) == 0)
		return 0;
	r = daysoff_parse(text.data, text.len, on_warning, &reading, &daysoff, &line, &message);
	if (r < 0) {
		complain(loader, ((struct where){calendar->path, line}), "%s", message);
		return r;
	}
	memcpy(calendar->digest, digest, sizeof(digest));
	daysoff_free(calendar->daysoff);
	calendar->daysoff = daysoff;
	return 1;
}

/* The file of a path, read when it is new; NULL when it could not be read. */
static const struct calendar_file *calendar_take(
	struct loader *loader, struct where where, const char *path)
{
	struct model *model = loader->model;
	auto_free char *full = config_path(loader, path);
	struct calendar_file *calendar = index_find(&loader->calendars, full);

	if (!calendar) {
		calendar = mem_new(sizeof(*calendar));
		calendar->path = str_new(full);
		calendar->where = where;
		ARRAY_GROW(model->calendars, model->n_calendars, loader->calendars_room);
		model->calendars[model->n_calendars++] = calendar;
		index_put(&loader->calendars, calendar);
		(void)calendar_read(loader, calendar);
	}
	return calendar->daysoff ? calendar : NULL;
}

const struct calendar_file **config_calendars(
	struct loader *loader, const char *file, const struct words *paths, size_t *ret_count)
{
	const struct calendar_file **list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < paths->count; i++) {
		const struct calendar_file *calendar = calendar_take(
			loader, (struct where){file, paths->lines[i]}, paths->list[i]);

		if (!calendar)
			continue;
		list = mem_resize(list, n + 1, sizeof(*list));
		list[n++] = calendar;
	}
	*ret_count = n;
	return list;
}

static void on_date(void *owner, int32_t date, const char *name unused_arg)
{
	workdays_add_off(owner, date);
}

void config_workdays_build(struct place *place)
{
	workdays_free(place->workdays);
	place->workdays = NULL;
	place->workdays_hash = workdays_hash(NULL);
	if (!place->hours && !place->n_holidays)
		return;
	place->workdays = workdays_new(place->hours ? week_days(place->hours) : WORKDAYS_MON_FRI);
	for (size_t i = 0; i < place->n_holidays; i++)
		daysoff_each(place->holidays[i]->daysoff, place->zone, 0,
			date_from_ymd(2199, 12, 31), on_date, place->workdays);
	place->workdays_hash = workdays_hash(place->workdays);
}

bool config_refresh_calendars(struct model *model, struct complaints *complaints)
{
	struct loader loader = {.complaints = complaints, .model = model};
	bool changed = false;

	for (size_t i = 0; i < model->n_calendars; i++)
		changed |= calendar_read(&loader, model->calendars[i]) > 0;
	for (size_t i = 0; changed && i < model->n_places; i++)
		if (model->places[i]->n_holidays)
			config_workdays_build(model->places[i]);
	return changed;
}
