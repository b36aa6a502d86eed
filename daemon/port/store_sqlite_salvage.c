/* A new database, and into it what can still be read of a damaged one: row by row, from both ends of
 * each table towards the damage. Changes nothing of the damaged files. Rows that no record can hold
 * are left behind. The new one stands under another name until it is whole and durable. */
#include "port/store_sqlite.h"
#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_MAX = 100000, COLUMNS_MAX = 32 }; /* of a table; the newest */

struct salvage {
	sqlite3 *from, *to;
	sqlite3_stmt *rows, *insert;
	bool log_whole;
	int error; /* of the new database: the end of it */
};

/* What the log alone knew may be missing. Then the mark and what was open are older than what was
 * done since, and to go by them would do it again. */
static const struct table {
	const char *name, *key, *condition;
	bool needs_log;
	size_t counted_at;
} tables[] = {
	{"value", "name", "name <> 'mark' OR :log", false, offsetof(struct store_aside, values)},
	{"begin", "what", "1", false, offsetof(struct store_aside, begins)},
	{"pause", "what", "1", false, offsetof(struct store_aside, pauses)},
	{"kept", "person", "1", false, offsetof(struct store_aside, kept)},
	{"occurrence", "id",
		"length(id) = 16 AND state >= 0 AND state < :occurrence_states AND decision >= 0"
		" AND decision < :decisions AND answer >= 0 AND answer < :answers",
		false, offsetof(struct store_aside, occurrences)},
	{"delivery", "id",
		"length(id) = 16 AND state >= 0 AND state < :delivery_states AND purpose >= 0"
		" AND purpose < :purposes AND (length(items) % 16 = 0 OR items = x'01')",
		true, offsetof(struct store_aside, deliveries)},
	{"carried", "occurrence", "1", true, offsetof(struct store_aside, carried)},
};

static void bind_named(sqlite3_stmt *statement, const char *name, int64_t value)
{
	int at = sqlite3_bind_parameter_index(statement, name);

	if (at)
		sqlite3_bind_int64(statement, at, value);
}

static int prepare_rows(struct salvage *salvage, const struct table *table, const char *order)
{
	auto_free char *text = str_printf("SELECT * FROM %s WHERE %s ORDER BY %s %s LIMIT %d",
		table->name, table->condition, table->key, order, ROWS_MAX);
	int code = sqlite3_prepare_v2(salvage->from, text, -1, &salvage->rows, NULL);

	if (code != SQLITE_OK)
		return code;
	bind_named(salvage->rows, ":log", salvage->log_whole);
	bind_named(salvage->rows, ":occurrence_states", OCCURRENCE_STATES);
	bind_named(salvage->rows, ":decisions", DECISIONS);
	bind_named(salvage->rows, ":answers", ANSWERS);
	bind_named(salvage->rows, ":delivery_states", DELIVERY_STATES);
	bind_named(salvage->rows, ":purposes", PURPOSES);
	return SQLITE_OK;
}

/* The names of columns come from the damaged file. */
static bool is_column(const char *name)
{
	for (const char *at = name; *at; at++) {
		if (!islower((unsigned char)*at) && *at != '_')
			return false;
	}
	return *name;
}

/* An older database has fewer columns: those that it has are named. */
static int prepare_insert(struct salvage *salvage, const struct table *table)
{
	cleanup(buf_free) struct buf names = BUF_MAX(4096), marks = BUF_MAX(4096);
	auto_free char *text = NULL;
	int columns = sqlite3_column_count(salvage->rows);

	for (int i = 0; i < MIN_OF(columns, COLUMNS_MAX); i++) {
		const char *name = sqlite3_column_name(salvage->rows, i);

		if (!is_column(name))
			return SQLITE_CORRUPT;
		buf_printf(&names, "%s%s", i ? ", " : "", name);
		buf_add_str(&marks, i ? ", ?" : "?");
	}
	text = str_printf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", table->name, buf_str(&names),
		buf_str(&marks));
	return sqlite3_prepare_v2(salvage->to, text, -1, &salvage->insert, NULL);
}

/* A row that the new table refuses stays behind; anything else is the end of the new database. */
static void copy_row(struct salvage *salvage, struct store_salvaged *table)
{
	int code;

	for (int i = 0; i < sqlite3_bind_parameter_count(salvage->insert); i++)
		sqlite3_bind_value(salvage->insert, i + 1, sqlite3_column_value(salvage->rows, i));
	code = sqlite3_step(salvage->insert);
	if (code == SQLITE_DONE)
		table->rows += sqlite3_changes(salvage->to);
	else if ((code & 0xFF) != SQLITE_CONSTRAINT && (code & 0xFF) != SQLITE_MISMATCH)
		salvage->error = store_sqlite_error(salvage->to, code);
	sqlite3_reset(salvage->insert);
}

static bool copy_rows(struct salvage *salvage, const struct table *table, const char *order,
	struct store_salvaged *ret)
{
	int code = prepare_rows(salvage, table, order);

	if (code == SQLITE_OK)
		code = prepare_insert(salvage, table);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(salvage->rows);
		if (code == SQLITE_ROW)
			copy_row(salvage, ret);
		if (salvage->error)
			break;
	}
	sqlite3_finalize(salvage->rows);
	sqlite3_finalize(salvage->insert);
	salvage->rows = salvage->insert = NULL;
	return code == SQLITE_DONE;
}

static void copy_table(
	struct salvage *salvage, const struct table *table, struct store_salvaged *ret)
{
	if (table->needs_log && !salvage->log_whole)
		return;
	ret->whole = copy_rows(salvage, table, "DESC", ret);
	if (!ret->whole && !salvage->error)
		(void)copy_rows(salvage, table, "ASC", ret);
}

static bool has_value(sqlite3 *db, const char *name)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (sqlite3_prepare_v2(db, "SELECT 1 FROM value WHERE name = ?1", -1, &statement, NULL) ==
		SQLITE_OK) {
		bind_text(statement, 1, name);
		found = sqlite3_step(statement) == SQLITE_ROW;
	}
	sqlite3_finalize(statement);
	return found;
}

static int copy_tables(struct salvage *salvage, struct store_aside *aside)
{
	int code = sqlite3_exec(salvage->to, "BEGIN", NULL, NULL, NULL);

	for (size_t i = 0; i < ARRAY_LEN(tables) && code == SQLITE_OK && !salvage->error; i++)
		copy_table(salvage, &tables[i],
			(struct store_salvaged *)((char *)aside + tables[i].counted_at));
	if (code == SQLITE_OK && !salvage->error)
		code = sqlite3_exec(salvage->to, store_sqlite_mend, NULL, NULL, NULL);
	/* Whether somebody answered since is not known: nobody is asked again for what they did. */
	if (code == SQLITE_OK && !salvage->error && !salvage->log_whole)
		code = sqlite3_exec(
			salvage->to, "UPDATE occurrence SET follow_at = NULL", NULL, NULL, NULL);
	if (code == SQLITE_OK && !salvage->error)
		code = sqlite3_exec(salvage->to, "COMMIT", NULL, NULL, NULL);
	aside->has_mark = has_value(salvage->to, "mark");
	aside->has_link_key = has_value(salvage->to, "link-key");
	return salvage->error ? salvage->error : store_sqlite_error(salvage->to, code);
}

/* NULL when nothing of it can be read at all. */
static sqlite3 *open_damaged(const char *path)
{
	struct stat st;
	sqlite3 *db = NULL;

	/* SQLite would take away the log of an empty database. */
	if (stat(path, &st) < 0 || st.st_size == 0)
		return NULL;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
			SQLITE_OK &&
		sqlite3_exec(db,
			"PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
			"PRAGMA cell_size_check = ON; PRAGMA query_only = ON",
			NULL, NULL, NULL) == SQLITE_OK) {
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return db;
	}
	sqlite3_close(db);
	return NULL;
}

static int salvage_from(const char *damaged, sqlite3 *to, struct store_aside *aside)
{
	struct salvage salvage = {.to = to, .log_whole = aside->log_whole};
	int error;

	salvage.from = open_damaged(damaged);
	if (!salvage.from)
		return 0;
	error = copy_tables(&salvage, aside);
	sqlite3_close(salvage.from);
	return error;
}

/* ---- the new database ---- */

static int fill(struct sqlite *s, const char *path, const char *damaged, struct store_aside *aside,
	char **ret_error)
{
	sqlite3 *db = NULL;
	int error, code = sqlite3_open_v2(
			   path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db,
			"PRAGMA page_size = " STORE_PAGE_TEXT
			"; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
			NULL, NULL, NULL);
	error = store_sqlite_error(db, code);
	if (!error)
		error = store_sqlite_offer_functions(db);
	if (!error)
		error = store_sqlite_migrate(
			db, s->path, store_sqlite_steps, store_sqlite_version, ret_error);
	if (!error && damaged)
		error = salvage_from(damaged, db, aside);
	sqlite3_close(db);
	return error;
}

/* Written through a log from the first opening on, by the two version bytes of the file format: SQLite
 * itself would change them by way of a journal, which is a file more and has no room on some disks. */
static int mark_for_log(const char *path)
{
	static const uint8_t versions[] = {2, 2};
	int error, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	error = pwrite(fd, versions, sizeof(versions), 18) == sizeof(versions) ? 0 : -errno;
	close(fd);
	return error;
}

int store_sqlite_make(
	struct sqlite *s, const char *damaged, struct store_aside *aside, char **ret_error)
{
	auto_free char *path = str_printf("%s.new", s->path);
	int error = 0;

	if (unlink(path) < 0 && errno != ENOENT)
		error = -errno;
	if (!error)
		error = store_sqlite_make_private(s, "nudged.db.new", ret_error);
	if (!error)
		error = fill(s, path, damaged, aside, ret_error);
	if (!error)
		error = mark_for_log(path);
	if (!error)
		error = store_sqlite_sync(path, O_RDONLY);
	if (!error && rename(path, s->path) < 0)
		error = -errno;
	if (!error)
		error = store_sqlite_sync(s->folder, O_RDONLY | O_DIRECTORY);
	if (error) {
		unlink(path);
		if (!*ret_error)
			*ret_error = store_sqlite_explain(s->path, "cannot make", error);
	}
	return error;
}
