/* Files that change while the daemon runs: the zones and calendars of the model are read again, and
 * what was reckoned by them is reckoned anew. A file that cannot be used leaves what was read before
 * in force. Owns the watch. Decides nothing about slots: that is the planner's. */
#include "engine/engine_internal.h"
#include "port/watch.h"

#include <errno.h>

/* A package replaces hundreds of files in a second; who copies a file takes a moment. */
enum { QUIET_MS = 2000, AT_MOST_MS = 10000 };

/* ---- zones ---- */

static bool *find_trouble(struct files *files, const char *zone)
{
	for (size_t i = 0; i < files->n_zones; i++)
		if (str_eq(files->zones[i].name, zone))
			return &files->zones[i].unusable;
	ARRAY_GROW(files->zones, files->n_zones, files->zones_capacity);
	files->zones[files->n_zones] = (struct zone_state){.name = str_new(zone)};
	return &files->zones[files->n_zones++].unusable;
}

static const char *trouble_of(int error)
{
	switch (error) {
	case -ENOENT:
		return "is gone";
	case -EBADMSG:
		return "is damaged";
	case -EFBIG:
		return "is too large";
	default:
		return strerror(-error);
	}
}

static void tell_zone(struct files *files, const char *zone, int result)
{
	bool *unusable = find_trouble(files, zone), was = *unusable;

	*unusable = result < 0;
	if (result < 0 && !was)
		report(EVENT_FILE_UNUSABLE, NULL,
			"the file of the time zone %s %s: what was read from it before stays in "
			"force",
			zone, trouble_of(result));
	else if (result > 0)
		report(EVENT_FILE_CHANGED, NULL,
			"the time zone %s has new rules: its slots are reckoned anew", zone);
	else if (result == 0 && was)
		report(EVENT_FILE_CHANGED, NULL,
			"the file of the time zone %s can be used again, and says what it said "
			"before",
			zone);
}

struct reading {
	const char *zone;
	int result;
};

static int by_zone(const void *a, const void *b)
{
	return strcmp(((const struct reading *)a)->zone, ((const struct reading *)b)->zone);
}

/* True when one of them says something new. */
static bool read_zones(struct engine *engine)
{
	size_t count;
	auto_free struct zone **zones = model_zones(engine->model, &count);
	auto_free struct reading *readings = mem_new_array(count, sizeof(*readings));
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		readings[i] = (struct reading){zone_name(zones[i]), zone_reload(zones[i])};
		changed |= readings[i].result > 0;
	}
	if (count)
		qsort(readings, count, sizeof(*readings), by_zone);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !str_eq(readings[i].zone, readings[i - 1].zone))
			tell_zone(&engine->files, readings[i].zone, readings[i].result);
	return changed;
}

/* ---- calendars ---- */

static bool is_among(const struct complaints *complaints, const struct complaint *wanted)
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *known = &complaints->list[i];

		if (known->line == wanted->line && str_eq(known->file, wanted->file) &&
			str_eq(known->message, wanted->message))
			return true;
	}
	return false;
}

/* What was said when they were read before is not said again. */
static void tell_complaints(const struct complaints *before, const struct complaints *now)
{
	for (size_t i = 0; i < now->count; i++) {
		auto_free char *line = complaint_write(&now->list[i]);

		if (is_among(before, &now->list[i]))
			continue;
		if (now->list[i].warning)
			log_warning("%s", line);
		else
			report(EVENT_FILE_UNUSABLE, NULL,
				"%s: what was read from it before stays in force", line);
	}
}

static bool read_calendars(struct engine *engine, bool zones_changed)
{
	struct complaints now = {0}, *before = &engine->files.complaints;
	bool changed = config_refresh_calendars(engine->model, &now);

	tell_complaints(before, &now);
	if (changed && !zones_changed)
		report(EVENT_FILE_CHANGED, NULL,
			"a calendar of days off says something else now: what it concerns is "
			"reckoned anew");
	else if (before->errors && !now.errors)
		report(EVENT_FILE_CHANGED, NULL,
			"the calendars of days off can be used again, and say what they said "
			"before");
	complaints_clear(before);
	*before = now;
	return changed;
}

/* ---- taking changes ---- */

/* True when something of it is to be reckoned anew. */
static bool read_files(struct engine *engine)
{
	bool zones = read_zones(engine);

	/* A calendar's times were turned into dates by the rules of a zone: it is read whole. */
	for (size_t i = 0; zones && i < engine->model->n_calendars; i++)
		memset(engine->model->calendars[i]->digest, 0,
			sizeof(engine->model->calendars[i]->digest));
	return read_calendars(engine, zones) || zones;
}

/* What is due by the old content goes first: it is on time, and a pass must not see two contents. */
void files_take_changes(struct engine *engine)
{
	engine->files.pending = planner_is_busy(engine->planner) ||
				planner_next_at(engine->planner) <= clock_now(engine->clock);
	if (!engine->files.pending && read_files(engine)) {
		planner_use_model(engine->planner, engine->model, planner_mark(engine->planner));
		engine->missed = true;
	}
	engine_run(engine);
	engine_set_alarm(engine);
}

void files_on_rest(struct engine *engine)
{
	if (engine->files.pending && !planner_is_busy(engine->planner))
		files_take_changes(engine);
}

static void on_change(void *owner, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		log_debug("changed, or perhaps: %s", paths[i]);
	files_take_changes(owner);
}

/* ---- watching ---- */

static void on_trouble(void *owner unused_arg, const char *path, int error)
{
	log_warning("changes of files such as %s are taken at the next reload only: %s%s", path,
		error == -E2BIG ? "they are too many to watch" : strerror(-error),
		error == -ENOSPC ? " (raise fs.inotify.max_user_watches)" : "");
}

static void open_watch(struct engine *engine)
{
	struct watch_settings settings = {.loop = engine->loop,
		.quiet_ms = QUIET_MS,
		.at_most_ms = AT_MOST_MS,
		.owner = engine,
		.on_change = on_change,
		.on_trouble = on_trouble};
	int r = watch_new(&settings, &engine->files.watch);

	if (r < 0)
		log_warning("changes of time zones and calendars are taken at the next reload "
			    "only: %s%s",
			strerror(-r), r == -EMFILE ? " (raise fs.inotify.max_user_instances)" : "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of the model's zones and calendars, each once; count of them, owned. */
static char **list_files(const struct model *model, size_t *ret_count)
{
	size_t n_zones, count = 0, unique = 0;
	auto_free struct zone **zones = model_zones(model, &n_zones);
	char **paths = mem_new_array(n_zones + model->n_calendars, sizeof(*paths));

	for (size_t i = 0; i < n_zones; i++) {
		char *path = zone_path(zone_name(zones[i]));

		if (path)
			paths[count++] = path;
	}
	for (size_t i = 0; i < model->n_calendars; i++)
		paths[count++] = str_new(model->calendars[i]->path);
	if (count)
		qsort(paths, count, sizeof(*paths), by_text);
	for (size_t i = 0; i < count; i++) {
		if (unique && str_eq(paths[i], paths[unique - 1]))
			free(paths[i]);
		else
			paths[unique++] = paths[i];
	}
	*ret_count = unique;
	return paths;
}

void files_watch(struct engine *engine)
{
	size_t count;
	char **paths = list_files(engine->model, &count);

	if (!engine->files.watch)
		open_watch(engine);
	if (engine->files.watch)
		watch_set(engine->files.watch, (const char *const *)paths, count);
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
	/* They may have changed between being read and being watched. */
	files_take_changes(engine);
}

void files_close(struct engine *engine)
{
	struct files *files = &engine->files;

	watch_free(files->watch);
	for (size_t i = 0; i < files->n_zones; i++)
		free(files->zones[i].name);
	free(files->zones);
	complaints_clear(&files->complaints);
}
