/* Inside the SQLite store: one connection, its kept statements, and what its parts share. Everything
 * here runs on the store's thread (or, for open, load and close, while that thread rests). */
#pragma once

#include "base/str.h"
#include "port/store_work.h"

#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x6E647564 /* "ndud", in the file's header */
#define STORE_PAGE_TEXT "4096"
enum {
	STORE_PAGE =
		4096, /* bytes, of a new database: a commit writes some pages that are half full */
	SQLITE_LOG_HEADER = 32, /* bytes; of SQLite's file format */
	SQLITE_LOG_FRAME = 24,
};

/* The kept statements; their texts stand beside the tables, in store_sqlite_schema.c. */
enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLL_BACK,
	SQL_SAVEPOINT,
	SQL_RELEASE,
	SQL_UNDO,

	SQL_RECORD_OCCURRENCE,
	SQL_HAS_OCCURRENCE,
	SQL_FOLLOW,
	SQL_ANSWER,
	SQL_RECORD_DELIVERY,
	SQL_CARRY,
	SQL_CARRY_ALL,
	SQL_GET_ITEMS,
	SQL_SET_ITEMS,
	SQL_JOIN,
	SQL_SETTLE,
	SQL_PUT_PAUSE,
	SQL_REMOVE_PAUSE,
	SQL_PUT_BEGIN,
	SQL_PUT_KEPT,
	SQL_REMOVE_KEPT,
	SQL_PUT_VALUE,
	SQL_REMOVE_VALUE,

	SQL_GET_OCCURRENCE,
	SQL_OCCURRENCES_UP,
	SQL_OCCURRENCES_DOWN,
	SQL_OCCURRENCES_OF_DAY_UP,
	SQL_OCCURRENCES_OF_DAY_DOWN,
	SQL_DAY_UP,
	SQL_DAY_DOWN,
	SQL_GET_DELIVERY,
	SQL_DELIVERIES_UP,
	SQL_DELIVERIES_DOWN,
	SQL_OPEN_DELIVERIES_UP,
	SQL_OPEN_DELIVERIES_DOWN,
	SQL_DEAD_DELIVERIES_UP,
	SQL_DEAD_DELIVERIES_DOWN,
	SQL_OPEN_CHANNELS,
	SQL_COUNT_WAITING,
	SQL_WAITING,
	SQL_HELD,
	SQL_FOLLOWS,
	SQL_BUDGETS,
	SQL_VALUES,
	SQL_BEGINS,
	SQL_PAUSES,
	SQL_KEPT,
	SQL_KEY,
	SQL_NEXT_KEY,
	SQL_FACTS,

	SQL_PRUNABLE,
	SQL_OCCURRENCES_ABOUT,
	SQL_DELIVERIES_TO,
	SQL_CARRIERS,
	SQL_DROP_OCCURRENCE,
	SQL_DROP_CARRIED,
	SQL_DROP_CARRIER,
	SQL_DROP_DELIVERY,
	SQL_FORGET_PAUSES,
	SQL_FORGET_BEGINS,
	SQL_FORGET_KEPT,
	SQL_BACKUP,
	STATEMENTS,
};

/* What the table "change" shows: the rows of one kind in verbs [from, to). */
struct rows {
	const struct change *change;
	enum { ROWS_OCCURRENCES, ROWS_DELIVERIES, ROWS_CARRIED } what;
	size_t from, to;
	const struct id_list *items; /* of the one delivery; NULL: its own */
};

struct sqlite {
	char *folder, *path, *log_path;
	int lock_fd;
	sqlite3 *db; /* NULL after a failure, until the next piece of work opens it again */
	sqlite3_stmt *statements[STATEMENTS];
	struct rows rows;
	/* Frames of the write-ahead log that belong to answered commits and are not yet known to
	 * stand in the database itself. */
	int64_t log_frames;
	int64_t page; /* bytes; older databases have larger ones */
	bool settled; /* since it was opened, the log has been copied into the database once */
	bool uncut;   /* what a failed commit left in the log must be cut off before opening */
	bool damaged; /* found out while it runs: put away, and of no use until the next start */
};

/* ---- schema ---- */

extern const char *const store_sqlite_texts[STATEMENTS];
/* The steps from nothing to the newest schema; step n leads from version n to n + 1. */
extern const char *const store_sqlite_steps[];
extern const int store_sqlite_version;
/* Where the occurrences of a recipient stand that were recorded on this day, and whose key does not
 * tell: both by one integer, which is never 0. Days are those of UTC, inside the id. */
int64_t store_sqlite_place(int64_t day, const char *recipient);
/* The same of an occurrence; 0 where its key tells: it was recorded on its nominal day or beside. */
int64_t store_sqlite_own_place(struct id id, const char *recipient, int64_t local);
int64_t store_sqlite_day(struct id id);
/* The least id of a day, and the greatest; none before 1970. */
struct id store_sqlite_day_first(int64_t day);
struct id store_sqlite_day_last(int64_t day);
/* Says anew of all occurrences what an older or damaged database may have wrong: where they stand, and
 * (if anybody at all) who may see the words of an answer. */
extern const char store_sqlite_mend[];
/* Brings the database to `version` by the steps; each step is one transaction. A database of another
 * program, or newer than version, is refused with a sentence. 0 or -errno. */
int store_sqlite_migrate(sqlite3 *db, const char *path, const char *const *steps, int version,
	char **ret_error) must_check;

/* ---- the folder ---- */

/* Makes, checks and locks the folder, and checks whose the database in it is. */
int store_sqlite_take_folder(struct sqlite *s, char **ret_error) must_check;
/* An empty file in it that only we can read. */
int store_sqlite_make_private(struct sqlite *s, const char *name, char **ret_error) must_check;
/* Makes a file or folder durable; flags of open(). */
int store_sqlite_sync(const char *path, int flags) must_check;
/* "X: what the error is: what to do", owned by the caller. */
char *store_sqlite_explain(const char *path, const char *doing, int error);

/* ---- damage ---- */

/* *ret_why: how the files show damage, static; NULL when they don't. *ret_log_whole: the log has all
 * that was written to it. 0, or -errno when they cannot be read. */
int store_sqlite_check_files(const char *path, const char *log_path, bool *ret_log_whole,
	const char **ret_why) must_check;
/* What can be checked in a moment of the open database: 0, -EBADMSG or another -errno. */
int store_sqlite_check_inside(struct sqlite *s) must_check;
/* Moves database and log out of the way, for whoever starts next to set aside. */
int store_sqlite_put_away(struct sqlite *s) must_check;
/* Sets a damaged, closed database aside and begins a new one; tells settings->on_aside. */
int store_sqlite_set_aside(struct sqlite *s, const struct store_settings *settings, const char *why,
	bool log_whole, char **ret_error) must_check;
/* Before it is opened: goes on with what was being set aside, sets aside what shows damage, and makes
 * the database when there is none. */
int store_sqlite_settle_files(
	struct sqlite *s, const struct store_settings *settings, char **ret_error) must_check;
/* Makes the database where none is: empty, or (with aside) from what can be read of a damaged one. */
int store_sqlite_make(struct sqlite *s, const char *damaged, struct store_aside *aside,
	char **ret_error) must_check;

/* ---- the connection ---- */

/* Opens it when it is not open. */
int store_sqlite_connect(struct sqlite *s) must_check;
/* Before statements are prepared. */
int store_sqlite_offer_rows(struct sqlite *s) must_check;
/* -errno of a result code; 0 of OK, ROW and DONE. */
int store_sqlite_error(sqlite3 *db, int code);
/* The first number that the text gives: 0 or -errno. */
int store_sqlite_get_number(sqlite3 *db, const char *text, int64_t *ret) must_check;
/* Runs the statement to its end, and makes it ready for the next use. */
int store_sqlite_run(struct sqlite *s, sqlite3_stmt *statement) must_check;
static inline sqlite3_stmt *sql(struct sqlite *s, enum statement which)
{
	return s->statements[which];
}
/* One row more: 1; none: 0, and the statement is ready for the next use; or -errno, likewise. */
int store_sqlite_step(struct sqlite *s, sqlite3_stmt *statement) must_check;

static inline void bind_id(sqlite3_stmt *statement, int at, const struct id *id)
{
	sqlite3_bind_blob(statement, at, id->bytes, sizeof(id->bytes), SQLITE_STATIC);
}
static inline void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}
/* Instants: NULL stands for "never". */
static inline void bind_at(sqlite3_stmt *statement, int at, int64_t instant)
{
	if (instant == INT64_MAX)
		sqlite3_bind_null(statement, at);
	else
		sqlite3_bind_int64(statement, at, instant);
}
static inline int64_t column_at(sqlite3_stmt *statement, int at)
{
	return sqlite3_column_type(statement, at) == SQLITE_NULL
		       ? INT64_MAX
		       : sqlite3_column_int64(statement, at);
}
/* An id; none when the column does not hold one. */
struct id column_id(sqlite3_stmt *statement, int at);

/* ---- what is written shorter ---- */

/* An instant beside the one in the row's id. */
int64_t store_sqlite_shorten(int64_t at, const struct id *id);
int64_t store_sqlite_lengthen(int64_t stored, const struct id *id);
static inline void bind_near(sqlite3_stmt *statement, int at, int64_t instant, const struct id *id)
{
	bind_at(statement, at, instant == INT64_MAX ? instant : store_sqlite_shorten(instant, id));
}
static inline int64_t column_near(sqlite3_stmt *statement, int at, const struct id *id)
{
	int64_t stored = column_at(statement, at);

	return stored == INT64_MAX ? stored : store_sqlite_lengthen(stored, id);
}

/* The words that most rows have are written as none at all, which stand for nothing else: no record
 * has an empty rule or reason. */
extern const char store_sqlite_usual_rule[], store_sqlite_usual_reason[];
static inline const char *shorten_text(const char *text, const char *usual)
{
	return text && strcmp(text, usual) == 0 ? "" : str_empty(text) ? NULL : text;
}
static inline const char *column_usual(sqlite3_stmt *statement, int at, const char *usual)
{
	const char *text = (const char *)sqlite3_column_text(statement, at);

	return text && !*text ? usual : text;
}

/* What a delivery carries. */

struct items {
	const struct id *ids; /* lent by the row, or `before` */
	size_t count;
	struct id before;
};
/* Whether its row says all, and "carried" nothing. */
bool store_sqlite_is_alone(const struct id *delivery, const struct id *items, size_t count);
void store_sqlite_write_items(
	sqlite3_context *to, const struct id *delivery, const struct id *items, size_t count);
/* 0, or -EBADMSG; *ret must not be moved. */
int store_sqlite_read_items(
	sqlite3_stmt *row, int at, const struct id *delivery, struct items *ret) must_check;
/* The functions that the statements call, before these are prepared. */
int store_sqlite_offer_functions(sqlite3 *db) must_check;

/* ---- the verbs ---- */

int store_sqlite_apply(void *context, const struct change *change, struct outcome *outcome);
/* The frame around each piece of work that is whole or not at all. leave() takes the work's result;
 * it answers 0 when the transaction can go on, whatever became of the work. */
int store_sqlite_enter(struct sqlite *s) must_check;
int store_sqlite_leave(struct sqlite *s, int error, struct outcome *outcome) must_check;

/* The deliveries that carry an occurrence, in the order of ids. */
int store_sqlite_list_carriers(
	struct sqlite *s, const struct id *occurrence, struct id_list *ret) must_check;
int store_sqlite_find(void *context, struct store_find *find);
int store_sqlite_find_facts(void *context, struct fact_find *find);
int store_sqlite_load(
	void *context, int32_t budget_since, const struct store_visitor *visitor, void *owner);
int store_sqlite_prune(void *context, int64_t before_at, size_t limit, struct outcome *outcome);
int store_sqlite_forget(void *context, const char *person, struct outcome *outcome);
int store_sqlite_backup(void *context, const char *path);
