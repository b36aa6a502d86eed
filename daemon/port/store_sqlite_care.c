/* Removing what is old or not wanted any more, and copying the store beside itself. Owns nothing but
 * the copy while it is being made: under another name until it is whole. */
#include "port/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

/* All ids that a statement gives; it is ready for the next use then. */
static int collect(struct sqlite *s, sqlite3_stmt *rows, struct id_list *ids)
{
	int found;

	while ((found = store_sqlite_step(s, rows)) > 0)
		id_list_add(ids, column_id(rows, 0));
	return found;
}

static int run_with_id(struct sqlite *s, enum statement which, const struct id *id)
{
	bind_id(sql(s, which), 1, id);
	return store_sqlite_run(s, sql(s, which));
}

static int get_items(struct sqlite *s, const struct id *delivery, struct id_list *items)
{
	sqlite3_stmt *row = sql(s, SQL_GET_ITEMS);
	struct items found;
	int error;

	bind_id(row, 1, delivery);
	error = store_sqlite_step(s, row);
	if (error <= 0)
		return error;
	error = store_sqlite_read_items(row, 0, delivery, &found);
	for (size_t i = 0; !error && i < found.count; i++)
		id_list_add(items, found.ids[i]);
	sqlite3_reset(row);
	return error;
}

/* Takes the occurrence out of the delivery; one that carries nothing more goes. */
static int take_out(
	struct sqlite *s, const struct id *delivery, const struct id *occurrence, size_t *dropped)
{
	cleanup(id_list_free) struct id_list items = {0};
	sqlite3_stmt *update = sql(s, SQL_SET_ITEMS);
	int error = get_items(s, delivery, &items);
	size_t left = 0;

	if (error)
		return error;
	for (size_t i = 0; i < items.count; i++) {
		if (!id_eq(items.ids[i], *occurrence))
			items.ids[left++] = items.ids[i];
	}
	if (left == 0) {
		(*dropped)++;
		return run_with_id(s, SQL_DROP_DELIVERY, delivery);
	}
	bind_id(update, 1, delivery);
	sqlite3_bind_blob(update, 2, items.ids, left * sizeof(struct id), SQLITE_STATIC);
	return store_sqlite_run(s, update);
}

int store_sqlite_list_carriers(struct sqlite *s, const struct id *occurrence, struct id_list *ret)
{
	bind_id(sql(s, SQL_CARRIERS), 1, occurrence);
	return collect(s, sql(s, SQL_CARRIERS), ret);
}

static int remove_occurrence(struct sqlite *s, const struct id *occurrence, size_t *dropped)
{
	cleanup(id_list_free) struct id_list carriers = {0};
	int error = store_sqlite_list_carriers(s, occurrence, &carriers);

	for (size_t i = 0; i < carriers.count && !error; i++)
		error = take_out(s, &carriers.ids[i], occurrence, dropped);
	if (!error)
		error = run_with_id(s, SQL_DROP_CARRIED, occurrence);
	if (!error)
		error = run_with_id(s, SQL_DROP_OCCURRENCE, occurrence);
	return error;
}

int store_sqlite_prune(void *context, int64_t before_at, size_t limit, struct outcome *outcome)
{
	cleanup(id_list_free) struct id_list old = {0};
	struct sqlite *s = context;
	struct id recorded_before = id_first(before_at);
	sqlite3_stmt *rows = sql(s, SQL_PRUNABLE);
	size_t dropped = 0;
	int error = store_sqlite_enter(s);

	if (error)
		return error;
	bind_id(rows, 1, &recorded_before);
	sqlite3_bind_int64(rows, 2, before_at);
	sqlite3_bind_int64(rows, 3, MIN_OF(limit, (size_t)INT32_MAX));
	error = collect(s, rows, &old);
	for (size_t i = 0; i < old.count && !error; i++)
		error = remove_occurrence(s, &old.ids[i], &dropped);
	outcome->count = old.count;
	return store_sqlite_leave(s, error, outcome);
}

static int remove_delivery(struct sqlite *s, const struct id *delivery)
{
	cleanup(id_list_free) struct id_list items = {0};
	sqlite3_stmt *drop = sql(s, SQL_DROP_CARRIER);
	int error = get_items(s, delivery, &items);

	for (size_t i = 0; i < items.count && !error; i++) {
		bind_id(drop, 1, &items.ids[i]);
		bind_id(drop, 2, delivery);
		error = store_sqlite_run(s, drop);
	}
	return error ? error : run_with_id(s, SQL_DROP_DELIVERY, delivery);
}

static int forget_rows(struct sqlite *s, const char *person, struct store_removed *removed)
{
	cleanup(id_list_free) struct id_list occurrences = {0}, deliveries = {0};
	int error;

	bind_text(sql(s, SQL_OCCURRENCES_ABOUT), 1, person);
	error = collect(s, sql(s, SQL_OCCURRENCES_ABOUT), &occurrences);
	for (size_t i = 0; i < occurrences.count && !error; i++)
		error = remove_occurrence(s, &occurrences.ids[i], &removed->deliveries);
	if (error)
		return error;
	bind_text(sql(s, SQL_DELIVERIES_TO), 1, person);
	error = collect(s, sql(s, SQL_DELIVERIES_TO), &deliveries);
	for (size_t i = 0; i < deliveries.count && !error; i++)
		error = remove_delivery(s, &deliveries.ids[i]);
	removed->occurrences += occurrences.count;
	removed->deliveries += deliveries.count;
	return error;
}

static int forget_notes(struct sqlite *s, const char *person, struct store_removed *removed)
{
	const struct {
		enum statement which;
		size_t *count;
	} notes[] = {{SQL_FORGET_PAUSES, &removed->pauses}, {SQL_FORGET_BEGINS, &removed->begins},
		{SQL_FORGET_KEPT, &removed->kept}};
	char name[FORGOTTEN_NAME];
	sqlite3_stmt *mark = sql(s, SQL_PUT_VALUE);
	int error = 0;

	for (size_t i = 0; i < ARRAY_LEN(notes) && !error; i++) {
		bind_text(sql(s, notes[i].which), 1, person);
		error = store_sqlite_run(s, sql(s, notes[i].which));
		*notes[i].count += sqlite3_changes(s->db);
	}
	if (error)
		return error;
	store_forgotten_name(person, name);
	bind_text(mark, 1, name);
	bind_text(mark, 2, "1");
	return store_sqlite_run(s, mark);
}

int store_sqlite_forget(void *context, const char *person, struct outcome *outcome)
{
	struct sqlite *s = context;
	int error = store_sqlite_enter(s);

	if (error)
		return error;
	error = forget_rows(s, person, &outcome->removed);
	if (!error)
		error = forget_notes(s, person, &outcome->removed);
	return store_sqlite_leave(s, error, outcome);
}

/* ---- the copy ---- */

/* An empty file that only we can read; SQLite fills an empty file. */
static int make_part(const char *part)
{
	int error, fd;

	if (unlink(part) < 0 && errno != ENOENT)
		return -errno;
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = fchmod(fd, 0600) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* Gives the finished copy its name, unless that exists, and makes that durable. */
static int publish(const char *part, const char *path)
{
	auto_free char *copy = str_new(path);
	int error = store_sqlite_sync(part, O_RDONLY);

	if (!error && link(part, path) < 0)
		error = -errno;
	return error ? error : store_sqlite_sync(dirname(copy), O_RDONLY | O_DIRECTORY);
}

int store_sqlite_backup(void *context, const char *path)
{
	struct sqlite *s = context;
	auto_free char *part = str_printf("%s.part", path);
	int error = store_sqlite_connect(s);

	if (error)
		return error;
	if (path[0] != '/')
		return -EINVAL;
	if (access(path, F_OK) == 0)
		return -EEXIST;
	error = make_part(part);
	if (error)
		return error;
	bind_text(sql(s, SQL_BACKUP), 1, part);
	error = store_sqlite_run(s, sql(s, SQL_BACKUP));
	if (!error)
		error = publish(part, path);
	unlink(part);
	return error;
}
