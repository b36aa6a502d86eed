/* The tables, the steps that lead to them, and the text of every statement. Owns no state.
 *
 * Laid out for appending: ids and key hashes begin with a time, so new rows and index entries stand
 * at the end; what one gets on a day stands together there, so a burst at nine o'clock that comes in
 * that order touches few pages. Partial indexes hold only what is open. */
#include "port/store_sqlite.h"

#include <errno.h>

enum { DAY_MS = 86400000 };

#define REKEY                                                                                      \
	"UPDATE OR REPLACE occurrence"                                                             \
	" SET key = occurrence_key(reminder, recipient, about, local, pass),"                      \
	" place = occurrence_place(id, recipient, local)"
const char store_sqlite_mend[] = REKEY ", share = iif(share BETWEEN 0 AND 4, share, 0)";
static_assert(SHARE_ME == 0 && SHARES == 5, "the mending knows the shares");

/* `key` is occurrence_key_hash(), `place` store_sqlite_own_place(). `items` are the ids
 * of a delivery's occurrences in their order, 16 bytes each, and `carried` is the same the other way
 * round; where a delivery's only occurrence is the id before its own, `items` is x'01' and `carried`
 * has nothing. Instants are NULL for "never"; due_at, planned_at, created_at, not_before_at, expire_at
 * and, of what is closed, next_at are written by store_sqlite_shorten(). */
const char *const store_sqlite_steps[] = {
	"CREATE TABLE occurrence ("
	"  id BLOB NOT NULL PRIMARY KEY, key BLOB NOT NULL, place INTEGER NOT NULL,"
	"  recipient TEXT NOT NULL, reminder TEXT NOT NULL, about TEXT,"
	"  local INTEGER NOT NULL, pass INTEGER NOT NULL, kind TEXT,"
	"  due_at INTEGER NOT NULL, planned_at INTEGER,"
	"  state INTEGER NOT NULL, decision INTEGER NOT NULL, rule TEXT,"
	"  about_name TEXT, title TEXT, text TEXT,"
	"  follow_at INTEGER, nudges INTEGER NOT NULL,"
	"  answer INTEGER NOT NULL, answer_text TEXT, answered_at INTEGER"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX occurrence_key ON occurrence (key);"
	"CREATE INDEX occurrence_place ON occurrence (place);"
	"CREATE INDEX occurrence_closed ON occurrence (due_at) WHERE state <> 0;"
	"CREATE INDEX occurrence_follow ON occurrence (id) WHERE follow_at IS NOT NULL;"
	"CREATE TABLE delivery ("
	"  id BLOB NOT NULL PRIMARY KEY, channel TEXT NOT NULL, recipient TEXT NOT NULL,"
	"  purpose INTEGER NOT NULL, budget_date INTEGER,"
	"  created_at INTEGER, not_before_at INTEGER, expire_at INTEGER,"
	"  state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER,"
	"  status INTEGER NOT NULL, reason TEXT, receipt TEXT, fallback TEXT,"
	"  items BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX delivery_open ON delivery (id) WHERE state <= 1;"
	"CREATE INDEX delivery_budget ON delivery (budget_date) WHERE budget_date IS NOT NULL;"
	"CREATE TABLE carried ("
	"  occurrence BLOB NOT NULL, delivery BLOB NOT NULL, PRIMARY KEY (occurrence, delivery)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE pause ("
	"  what TEXT NOT NULL PRIMARY KEY, since_at INTEGER, until_at INTEGER, reason TEXT"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE begin (what TEXT NOT NULL PRIMARY KEY, at INTEGER) STRICT, WITHOUT ROWID;"
	"CREATE TABLE value (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
	"  STRICT, WITHOUT ROWID;",
	/* What ended without having arrived. Not "IN": it would be looked up in a table that is
	 * made anew for each row that is written. */
	"CREATE INDEX delivery_dead ON delivery (id) WHERE (state = 3 OR state = 4 OR state = 6);",
	/* Open deliveries in the order in which their channel takes them; held ones, without an
	 * instant, come first. The index alone answers which are open. */
	"ALTER TABLE delivery ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;"
	"UPDATE delivery SET next_at = NULL WHERE state = 0;"
	"DROP INDEX delivery_open;"
	"CREATE INDEX delivery_open ON delivery (channel, next_at, id, state) WHERE state <= 1;",
	/* Pruning walks from the oldest id. */
	"DROP INDEX occurrence_closed;",
	/* From here on items may say "the one before", which an older nudged would not understand. */
	"",
	/* One index tells what is known, and what a recipient has of a day. */
	"DROP INDEX occurrence_key;"
	"DROP INDEX occurrence_place;" REKEY ";"
	"CREATE UNIQUE INDEX occurrence_key ON occurrence (key);"
	"CREATE INDEX occurrence_place ON occurrence (place) WHERE place <> 0;",
	/* Nor instants that are near to their id, and usual words (store_sqlite_short.c). */
	"",
	"ALTER TABLE occurrence ADD COLUMN share INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE occurrence ADD COLUMN personal INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE kept ("
	"  person TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
	"  PRIMARY KEY (person, name)"
	") STRICT, WITHOUT ROWID;",
};
const int store_sqlite_version = ARRAY_LEN(store_sqlite_steps);

/* In the order in which rows are read. */
#define OCCURRENCE                                                                                 \
	"id, recipient, reminder, about, local, pass, kind, due_at, planned_at, state, decision,"  \
	" rule, about_name, title, text, follow_at, nudges, answer, answer_text, answered_at,"     \
	" share, personal"
#define DELIVERY                                                                                   \
	"id, channel, recipient, purpose, budget_date, created_at, not_before_at, expire_at,"      \
	" state, attempts, next_at, status, reason, receipt, fallback, items, starts"

#define FACT                                                                                       \
	"id, recipient, reminder, about, local, due_at, kind, state, decision, answer,"            \
	" answered_at, share, answer_text, nudges, key"

/* What a recipient has of one day: told by three days of keys, or by the place. */
#define OF_DAY                                                                                     \
	"SELECT " OCCURRENCE " FROM occurrence WHERE id IN (SELECT id"                             \
	" FROM (VALUES (?6, ?7), (?8, ?9), (?10, ?11)) CROSS JOIN occurrence"                      \
	" INDEXED BY occurrence_key"                                                               \
	" WHERE key BETWEEN column1 AND column2 AND id > ?3 AND id < ?4"                           \
	" UNION ALL SELECT id FROM occurrence INDEXED BY occurrence_place"                         \
	" WHERE place <> 0 AND place = ?5 AND id > ?3 AND id < ?4) AND recipient = ?1 ORDER BY id"

const char *const store_sqlite_texts[STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLL_BACK] = "ROLLBACK",
	[SQL_SAVEPOINT] = "SAVEPOINT change",
	[SQL_RELEASE] = "RELEASE change",
	[SQL_UNDO] = "ROLLBACK TO change",

	[SQL_RECORD_OCCURRENCE] =
		"INSERT INTO occurrence (" OCCURRENCE
		", key, place) SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14,"
		" c15, c16, c17, c18, c19, c20, c21, c22, c23, c24 FROM change WHERE true"
		" ON CONFLICT (key) DO NOTHING",
	[SQL_HAS_OCCURRENCE] = "SELECT 1 FROM occurrence WHERE id = ?1",
	[SQL_FOLLOW] =
		"UPDATE occurrence SET state = ?2, follow_at = ?3, nudges = ?4 WHERE id = ?1",
	[SQL_ANSWER] = "UPDATE occurrence SET state = 1, answer = ?2,"
		       " answer_text = coalesce(?3, answer_text), answered_at = ?4, follow_at = ?5,"
		       " share = coalesce(?6, share) WHERE id = ?1",
	[SQL_RECORD_DELIVERY] =
		"INSERT INTO delivery (id, channel, recipient, purpose, budget_date, created_at,"
		" not_before_at, expire_at, state, attempts, next_at, status, reason, receipt,"
		" fallback, starts, items) SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11,"
		" c12, c13, c14, c15, c16, c17 FROM change",
	[SQL_CARRY] = "INSERT OR IGNORE INTO carried (occurrence, delivery) VALUES (?1, ?2)",
	[SQL_CARRY_ALL] = "INSERT OR IGNORE INTO carried (occurrence, delivery)"
			  " SELECT c1, c2 FROM change",
	[SQL_GET_ITEMS] = "SELECT items, state FROM delivery WHERE id = ?1",
	[SQL_SET_ITEMS] = "UPDATE delivery SET items = ?2 WHERE id = ?1",
	[SQL_JOIN] =
		"UPDATE delivery SET items = ?2, not_before_at = ?3, expire_at = ?4 WHERE id = ?1",
	[SQL_SETTLE] = "UPDATE delivery SET state = ?2, attempts = ?3, next_at = ?4,"
		       " not_before_at = ?5, channel = ?6, status = ?7, reason = ?8, receipt = ?9,"
		       " fallback = ?10, expire_at = ?11, starts = ?12 WHERE id = ?1"
		       " AND (state <= 1 OR ?13)",
	[SQL_PUT_PAUSE] = "INSERT OR REPLACE INTO pause VALUES (?1, ?2, ?3, ?4)",
	[SQL_REMOVE_PAUSE] = "DELETE FROM pause WHERE what = ?1",
	[SQL_PUT_BEGIN] = "INSERT INTO begin VALUES (?1, ?2)"
			  " ON CONFLICT (what) DO UPDATE SET at = min(at, excluded.at)",
	[SQL_PUT_KEPT] = "INSERT OR REPLACE INTO kept VALUES (?1, ?2, ?3)",
	[SQL_REMOVE_KEPT] = "DELETE FROM kept WHERE person = ?1 AND name = ?2",
	[SQL_PUT_VALUE] = "INSERT OR REPLACE INTO value VALUES (?1, ?2)",
	[SQL_REMOVE_VALUE] = "DELETE FROM value WHERE name = ?1",

	[SQL_GET_OCCURRENCE] = "SELECT " OCCURRENCE " FROM occurrence WHERE id = ?1",
	[SQL_OCCURRENCES_UP] =
		"SELECT " OCCURRENCE " FROM occurrence WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SQL_OCCURRENCES_DOWN] =
		"SELECT " OCCURRENCE " FROM occurrence WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[SQL_OCCURRENCES_OF_DAY_UP] = OF_DAY " LIMIT ?2",
	[SQL_OCCURRENCES_OF_DAY_DOWN] = OF_DAY " DESC LIMIT ?2",
	[SQL_DAY_UP] = "SELECT id FROM occurrence WHERE id >= ?1 ORDER BY id LIMIT 1",
	[SQL_DAY_DOWN] = "SELECT id FROM occurrence WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_GET_DELIVERY] = "SELECT " DELIVERY " FROM delivery WHERE id = ?1",
	[SQL_DELIVERIES_UP] =
		"SELECT " DELIVERY " FROM delivery WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SQL_DELIVERIES_DOWN] =
		"SELECT " DELIVERY " FROM delivery WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[SQL_OPEN_DELIVERIES_UP] =
		"SELECT " DELIVERY " FROM delivery WHERE id IN (SELECT id FROM delivery"
		" INDEXED BY delivery_open WHERE state <= 1 AND id > ?1 ORDER BY id LIMIT ?2)"
		" ORDER BY id",
	[SQL_OPEN_DELIVERIES_DOWN] =
		"SELECT " DELIVERY " FROM delivery WHERE id IN (SELECT id FROM delivery"
		" INDEXED BY delivery_open WHERE state <= 1 AND id < ?1 ORDER BY id DESC LIMIT ?2)"
		" ORDER BY id DESC",
	[SQL_OPEN_CHANNELS] = "SELECT channel FROM delivery INDEXED BY delivery_open"
			      " WHERE state <= 1 AND channel > ?1 ORDER BY channel LIMIT 1",
	[SQL_COUNT_WAITING] = "SELECT count(*) FROM delivery INDEXED BY delivery_open"
			      " WHERE state <= 1 AND channel = ?1 AND next_at IS NOT NULL",
	[SQL_WAITING] = "SELECT " DELIVERY " FROM delivery INDEXED BY delivery_open"
			" WHERE state <= 1 AND state = 1 AND channel = ?1"
			" AND (next_at, id) > (?2, ?3) ORDER BY next_at, id LIMIT ?4",
	[SQL_HELD] = "SELECT " DELIVERY " FROM delivery INDEXED BY delivery_open"
		     " WHERE state <= 1 AND channel = ?1 AND next_at IS NULL ORDER BY id",
	[SQL_DEAD_DELIVERIES_UP] =
		"SELECT " DELIVERY " FROM delivery INDEXED BY delivery_dead"
		" WHERE (state = 3 OR state = 4 OR state = 6) AND id > ?1 ORDER BY id LIMIT ?2",
	[SQL_DEAD_DELIVERIES_DOWN] = "SELECT " DELIVERY " FROM delivery INDEXED BY delivery_dead"
				     " WHERE (state = 3 OR state = 4 OR state = 6) AND id < ?1 "
				     "ORDER BY id DESC LIMIT ?2",
	[SQL_FOLLOWS] = "SELECT " OCCURRENCE " FROM occurrence INDEXED BY occurrence_follow"
			" WHERE follow_at IS NOT NULL ORDER BY id",
	[SQL_BUDGETS] = "SELECT recipient, budget_date, id, state FROM delivery"
			" INDEXED BY delivery_budget WHERE budget_date >= ?1 AND state <> 5",
	[SQL_VALUES] = "SELECT name, value FROM value",
	[SQL_BEGINS] = "SELECT what, at FROM begin",
	[SQL_PAUSES] = "SELECT what, since_at, until_at, reason FROM pause",
	[SQL_KEPT] = "SELECT person, name, value FROM kept",
	[SQL_KEY] = "SELECT key FROM occurrence WHERE id = ?1",
	[SQL_NEXT_KEY] = "SELECT key FROM occurrence WHERE key > ?1 ORDER BY key LIMIT 1",
	[SQL_FACTS] = "SELECT " FACT " FROM occurrence INDEXED BY occurrence_key"
		      " WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3",

	[SQL_PRUNABLE] =
		"SELECT id FROM occurrence WHERE id < ?1 AND instant(id, due_at) < ?2 AND "
		"follow_at IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM carried JOIN delivery"
		" ON delivery.id = carried.delivery WHERE carried.occurrence = occurrence.id"
		" AND delivery.state <= 1) AND NOT EXISTS (SELECT 1 FROM delivery"
		" WHERE delivery.id = id_after(occurrence.id) AND items = x'01'"
		" AND delivery.state <= 1) ORDER BY id LIMIT ?3",
	[SQL_OCCURRENCES_ABOUT] = "SELECT id FROM occurrence WHERE recipient = ?1 OR about = ?1",
	[SQL_DELIVERIES_TO] = "SELECT id FROM delivery WHERE recipient = ?1",
	[SQL_CARRIERS] =
		"SELECT delivery FROM carried WHERE occurrence = ?1 UNION ALL"
		" SELECT id FROM delivery WHERE id = id_after(?1) AND items = x'01' ORDER BY 1",
	[SQL_DROP_OCCURRENCE] = "DELETE FROM occurrence WHERE id = ?1",
	[SQL_DROP_CARRIED] = "DELETE FROM carried WHERE occurrence = ?1",
	[SQL_DROP_CARRIER] = "DELETE FROM carried WHERE occurrence = ?1 AND delivery = ?2",
	[SQL_DROP_DELIVERY] = "DELETE FROM delivery WHERE id = ?1",
	[SQL_FORGET_PAUSES] = "DELETE FROM pause WHERE what = 'person:' || ?1"
			      " OR substr(what, 1, length(?1) + 6) IN ('stop:' || ?1 || ':', "
			      "'less:' || ?1 || ':', 'fade:' || ?1 || ':')",
	[SQL_FORGET_BEGINS] = "DELETE FROM begin WHERE what = 'person:' || ?1"
			      " OR substr(what, 1, length(?1) + 6) IN ('stop:' || ?1 || ':', "
			      "'less:' || ?1 || ':')",
	[SQL_FORGET_KEPT] = "DELETE FROM kept WHERE person = ?1",
	[SQL_BACKUP] = "VACUUM INTO ?1",
};

int64_t store_sqlite_place(int64_t day, const char *recipient)
{
	return (day + 1) << 32 | record_place(recipient);
}

int64_t store_sqlite_own_place(struct id id, const char *recipient, int64_t local)
{
	int64_t day = store_sqlite_day(id), nominal = occurrence_day(local);
	bool is_told =
		nominal >= MAX_OF(day - 1, INT64_C(0)) && nominal <= MIN_OF(day + 1, UINT16_MAX);

	return is_told ? 0 : store_sqlite_place(day, recipient);
}

struct id store_sqlite_day_first(int64_t day)
{
	return id_first(MIN_OF(day * DAY_MS, INT64_C(0xFFFFFFFFFFFF)));
}

struct id store_sqlite_day_last(int64_t day)
{
	struct id last = id_first((day + 1) * DAY_MS - 1);

	if (day < 0)
		return (struct id){0};
	memset(last.bytes + 6, 0xFF, sizeof(last.bytes) - 6);
	return last;
}

int64_t store_sqlite_day(struct id id)
{
	return id_time(id) / DAY_MS;
}

int store_sqlite_get_number(sqlite3 *db, const char *text, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW
		       ? 0
		       : store_sqlite_error(db, code == SQLITE_DONE ? SQLITE_CORRUPT : code);
}

static int take_step(sqlite3 *db, const char *step, int version)
{
	char *text = str_printf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d;"
				" PRAGMA user_version = %d; COMMIT",
		step, STORE_APPLICATION_ID, version);
	int code = sqlite3_exec(db, text, NULL, NULL, NULL);

	free(text);
	if (code == SQLITE_OK)
		return 0;
	code = store_sqlite_error(db, code);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

/* -ENOTSUP with a sentence when this is not a database of ours that we can read. */
static int check_origin(const char *path, int64_t application, int64_t tables, int64_t found,
	int version, char **ret_error)
{
	if (application != STORE_APPLICATION_ID &&
		(application != 0 || tables != 0 || found != 0)) {
		*ret_error = str_printf("%s is a database of another program: move it away, or use "
					"another state folder",
			path);
		return -ENOTSUP;
	}
	if (found > version) {
		*ret_error =
			str_printf("%s was written by a newer nudged (schema %d, this one knows "
				   "%d): install that version, or use another state folder",
				path, (int)found, version);
		return -ENOTSUP;
	}
	return 0;
}

int store_sqlite_migrate(
	sqlite3 *db, const char *path, const char *const *steps, int version, char **ret_error)
{
	int64_t application, found, tables;
	int error = store_sqlite_get_number(db, "PRAGMA application_id", &application);

	if (!error)
		error = store_sqlite_get_number(db, "PRAGMA user_version", &found);
	if (!error)
		error = store_sqlite_get_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (!error) {
		error = check_origin(path, application, tables, found, version, ret_error);
		if (error)
			return error;
	}
	for (int64_t at = error ? version : found; at < version && !error; at++)
		error = take_step(db, steps[at], at + 1);
	if (error)
		*ret_error = store_sqlite_explain(path, "cannot read", error);
	return error;
}
