/* A damaged database is set aside, and a new one begun in its place with what could be saved.
 *
 * Two renames take the damaged files out of the way (`nudged.db.damaged` and its log): they need no
 * room, also work while the database is open, and are remembered by the folder itself. While the old
 * name is free, the work is not done: whoever starts next goes on with it. In the end the files get
 * names that tell when. None is ever deleted. */
#include "port/store_sqlite.h"
#include "time/civil.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OFTEN = 3, /* set aside as often within this time, the disk is what is damaged */
	OFTEN_S = 3600,
	STAMP = 16, /* 20260603T075955Z */
};

static const char mark[] = ".damaged";

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static char *waiting_path(const struct sqlite *s, bool log)
{
	return str_printf("%s%s%s", s->path, mark, log ? "-wal" : "");
}

/* What is not there needs no moving; what stands in the way is not replaced. */
static int move(const char *from, const char *to)
{
	if (!exists(from))
		return 0;
	if (exists(to))
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

int store_sqlite_put_away(struct sqlite *s)
{
	auto_free char *database = waiting_path(s, false), *log = waiting_path(s, true);
	int error = move(s->path, database);

	return error ? error : move(s->log_path, log);
}

/* ---- names that tell when ---- */

static void write_stamp(int64_t at_s, char stamp[static CIVIL_TEXT])
{
	char text[CIVIL_TEXT];
	size_t len = 0;

	utc_write(at_s, text);
	for (const char *from = text; *from; from++) {
		if (*from != '-' && *from != ':')
			stamp[len++] = *from;
	}
	stamp[len] = 0;
}

/* When the file of this name was set aside, in seconds; INT64_MIN: it is another file. */
static int64_t read_stamp(const char *name)
{
	static const char start[] = "nudged.db.damaged-";
	struct civil at;
	char end;

	if (!str_starts(name, start) ||
		sscanf(name + sizeof(start) - 1, "%4d%2d%2dT%2d%2d%2dZ%c", &at.year, &at.month,
			&at.day, &at.hour, &at.minute, &at.second, &end) != 6 ||
		!ymd_exists(at.year, at.month, at.day))
		return INT64_MIN;
	return civil_pack(&at);
}

static int check_often(struct sqlite *s, int64_t now_s, char **ret_error)
{
	DIR *folder = opendir(s->folder);
	struct dirent *entry;
	int lately = 0;

	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		int64_t at = read_stamp(entry->d_name);

		lately += at > now_s - OFTEN_S && at < now_s + OFTEN_S;
	}
	closedir(folder);
	if (lately < OFTEN)
		return 0;
	*ret_error = str_printf(
		"%s is damaged again, and was set aside %d times within an hour: the disk or the "
		"memory of this machine cannot be trusted; mend that, then move "
		"%s.damaged-* to another folder",
		s->path, lately, s->path);
	return -EIO;
}

/* Gives the files that wait their last names; *ret is the database's, owned by the caller. */
static int name_files(struct sqlite *s, int64_t now_s, char **ret)
{
	auto_free char *database = waiting_path(s, false), *log = waiting_path(s, true);
	char *path = NULL, *path_log = NULL;
	int error;

	do {
		char stamp[CIVIL_TEXT];

		free(path);
		free(path_log);
		write_stamp(now_s++, stamp);
		path = str_printf("%s%s-%s", s->path, mark, stamp);
		path_log = str_printf("%s-wal", path);
	} while (exists(path) || exists(path_log));
	error = move(log, path_log);
	if (!error)
		error = move(database, path);
	if (!error)
		error = store_sqlite_sync(s->folder, O_RDONLY | O_DIRECTORY);
	free(path_log);
	if (error)
		free(path);
	else
		*ret = path;
	return error;
}

/* ---- the work ---- */

static int begin_anew(struct sqlite *s, struct store_aside *aside, char **ret_error)
{
	auto_free char *database = waiting_path(s, false), *log = waiting_path(s, true);
	/* Between the two renames somebody may have been killed. */
	int error = exists(log) ? 0 : move(s->log_path, log);

	if (!error && exists(s->log_path))
		error = -EEXIST;
	if (error) {
		*ret_error = store_sqlite_explain(s->log_path, "cannot move", error);
		return error;
	}
	return store_sqlite_make(s, database, aside, ret_error);
}

static int finish(struct sqlite *s, const struct store_settings *settings,
	struct store_aside *aside, char **ret_error)
{
	auto_free char *path = NULL;
	int error = 0;

	if (exists(s->path))
		aside->replaced = true;
	else
		error = begin_anew(s, aside, ret_error);
	if (error)
		return error;
	error = name_files(s, settings->now_at / 1000, &path);
	if (error) {
		*ret_error = store_sqlite_explain(s->folder, "cannot rename in", error);
		return error;
	}
	aside->path = path;
	if (settings->on_aside)
		settings->on_aside(settings->owner, aside);
	return 0;
}

int store_sqlite_set_aside(struct sqlite *s, const struct store_settings *settings, const char *why,
	bool log_whole, char **ret_error)
{
	struct store_aside aside = {.why = why, .log_whole = log_whole};
	int error = check_often(s, settings->now_at / 1000, ret_error);

	if (error)
		return error;
	error = store_sqlite_put_away(s);
	if (error) {
		*ret_error = store_sqlite_explain(s->path, "cannot move", error);
		return error;
	}
	return finish(s, settings, &aside, ret_error);
}

/* What an earlier process put away, and did not live to replace. */
static int go_on(struct sqlite *s, const struct store_settings *settings, char **ret_error)
{
	auto_free char *database = waiting_path(s, false), *log = waiting_path(s, true);
	struct store_aside aside = {.why = "damage was found in it while nudged ran"};
	const char *why;
	int error = exists(s->path) ? 0 : check_often(s, settings->now_at / 1000, ret_error);

	if (error)
		return error;
	error = store_sqlite_check_files(database, log, &aside.log_whole, &why);
	if (error) {
		*ret_error = store_sqlite_explain(database, "cannot read", error);
		return error;
	}
	if (why)
		aside.why = why;
	return finish(s, settings, &aside, ret_error);
}

int store_sqlite_settle_files(
	struct sqlite *s, const struct store_settings *settings, char **ret_error)
{
	auto_free char *database = waiting_path(s, false), *log = waiting_path(s, true);
	const char *why;
	bool log_whole;
	int error;

	if (exists(database) || exists(log))
		return go_on(s, settings, ret_error);
	error = store_sqlite_check_files(s->path, s->log_path, &log_whole, &why);
	if (error) {
		*ret_error = store_sqlite_explain(s->path, "cannot read", error);
		return error;
	}
	if (why)
		return store_sqlite_set_aside(s, settings, why, log_whole, ret_error);
	return exists(s->path) ? 0 : store_sqlite_make(s, NULL, NULL, ret_error);
}
