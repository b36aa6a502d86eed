/* The SQLite store's connection: opened, configured, committed, given up and opened again.
 *
 * A failed write is never tried again on the same descriptors: the connection is closed, what the
 * failed commit left in the log is cut off, and the next piece of work opens the database anew. It
 * takes nothing more until the log could be copied into the database once: a disk that cannot do
 * that cannot be trusted with another record. */
#include "port/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOG_BYTES = 64 << 20, /* copied into the database from here on */
	BUSY_MS = 2000,
};

static const char settings_text[] =
	"PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA cache_size = -24576;" /* KiB */
	"PRAGMA journal_size_limit = 67108864;"
	"PRAGMA wal_autocheckpoint = 0;" /* we do it, after the answers are out */
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA secure_delete = FAST;";

static const struct {
	int code, error;
} errors[] = {
	{SQLITE_OK, 0},
	{SQLITE_ROW, 0},
	{SQLITE_DONE, 0},
	{SQLITE_CONSTRAINT, -EEXIST},
	{SQLITE_FULL, -ENOSPC},
	{SQLITE_READONLY, -EROFS},
	{SQLITE_CORRUPT, -EBADMSG},
	{SQLITE_NOTADB, -EBADMSG},
	{SQLITE_NOMEM, -ENOMEM},
	{SQLITE_TOOBIG, -E2BIG},
	{SQLITE_BUSY, -EBUSY},
	{SQLITE_LOCKED, -EBUSY},
	{SQLITE_PERM, -EACCES},
};

int store_sqlite_error(sqlite3 *db, int code)
{
	int error;

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		if (errors[i].code == (code & 0xFF))
			return errors[i].error;
	}
	error = db ? sqlite3_system_errno(db) : 0;
	return error ? -error : -EIO;
}

int store_sqlite_step(struct sqlite *s, sqlite3_stmt *statement)
{
	int error, code, cause;

	errno = 0;
	code = sqlite3_step(statement);
	cause = errno;
	if (code == SQLITE_ROW)
		return 1;
	error = store_sqlite_error(s->db, code);
	/* SQLite forgets the cause of an error that it meets while it ends a statement. */
	if (error == -EIO && cause)
		error = -cause;
	sqlite3_reset(statement);
	return error;
}

int store_sqlite_run(struct sqlite *s, sqlite3_stmt *statement)
{
	int error;

	do
		error = store_sqlite_step(s, statement);
	while (error > 0);
	return error;
}

struct id column_id(sqlite3_stmt *statement, int at)
{
	struct id id = {0};

	if (sqlite3_column_bytes(statement, at) == sizeof(id.bytes))
		memcpy(id.bytes, sqlite3_column_blob(statement, at), sizeof(id.bytes));
	return id;
}

/* ---- opening and giving up ---- */

static int on_commit(void *owner, sqlite3 *db, const char *name, int frames)
{
	struct sqlite *s = owner;

	s->log_frames = frames;
	return SQLITE_OK;
}

/* Copies the log into the database; then nothing in the log is needed any more. */
static int copy_log(struct sqlite *s)
{
	int in_log, copied;
	int code =
		sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);

	if (code == SQLITE_OK && in_log != copied)
		return -EBUSY;
	if (code == SQLITE_OK)
		s->log_frames = 0;
	return store_sqlite_error(s->db, code);
}

/* A commit whose sync failed may stand in the log whole, and would come back when it is read again.
 * Only what was answered may: the rest is cut off. */
static int cut_log(struct sqlite *s)
{
	int64_t size = s->log_frames
			       ? SQLITE_LOG_HEADER + s->log_frames * (SQLITE_LOG_FRAME + s->page)
			       : 0;
	struct stat st;

	s->uncut = true;
	if (stat(s->log_path, &st) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else if (st.st_size > size && truncate(s->log_path, size) < 0) {
		return -errno;
	}
	s->uncut = false;
	return 0;
}

static void disconnect(struct sqlite *s, bool failed)
{
	int code;

	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	if (failed && s->db) /* there may be no memory for one that did not open */
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	code = sqlite3_close(s->db);
	assert(code == SQLITE_OK);
	s->db = NULL;
	s->settled = false;
}

static int prepare_statements(struct sqlite *s)
{
	for (int i = 0; i < STATEMENTS; i++) {
		int code = sqlite3_prepare_v3(s->db, store_sqlite_texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);

		if (code != SQLITE_OK)
			return store_sqlite_error(s->db, code);
	}
	return 0;
}

/* The log must be a write-ahead log: anything else would break every promise below. */
static int choose_log(struct sqlite *s)
{
	sqlite3_stmt *statement = NULL;
	int error = 0,
	    code = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		error = store_sqlite_error(s->db, code);
	else if (!str_eq((const char *)sqlite3_column_text(statement, 0), "wal"))
		error = -EOPNOTSUPP;
	sqlite3_finalize(statement);
	return error;
}

static int connect_database(struct sqlite *s, char **ret_error)
{
	int error,
		code = sqlite3_open_v2(s->path, &s->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(s->db, BUSY_MS);
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		code = sqlite3_exec(s->db, settings_text, NULL, NULL, NULL);
	}
	error = store_sqlite_error(s->db, code);
	if (!error)
		error = store_sqlite_offer_functions(s->db);
	if (error) {
		*ret_error = store_sqlite_explain(s->path, "cannot open", error);
		return error;
	}
	/* Nothing is written before it is known to be ours. */
	error = store_sqlite_migrate(
		s->db, s->path, store_sqlite_steps, store_sqlite_version, ret_error);
	if (error)
		return error;
	error = choose_log(s);
	if (!error)
		error = store_sqlite_get_number(s->db, "PRAGMA page_size", &s->page);
	if (!error)
		error = store_sqlite_offer_rows(s);
	if (!error)
		error = prepare_statements(s);
	if (error)
		*ret_error = store_sqlite_explain(s->path, "cannot open", error);
	else
		sqlite3_wal_hook(s->db, on_commit, s);
	return error;
}

/* A log that could not be made: SQLite, which then tried to read it, says that it is not there. */
static int explain_log(struct sqlite *s, char **ret_error)
{
	int error, fd = open(s->log_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0) {
		close(fd);
		return -ENOENT;
	}
	error = -errno;
	free(*ret_error);
	*ret_error = store_sqlite_explain(s->log_path, "cannot make", error);
	return error;
}

static int connect_or_say(struct sqlite *s, char **ret_error)
{
	int error;

	if (s->uncut) {
		error = cut_log(s);
		if (error) {
			*ret_error = store_sqlite_explain(s->log_path, "cannot cut", error);
			return error;
		}
	}
	error = connect_database(s, ret_error);
	if (error)
		disconnect(s, true);
	return error == -ENOENT ? explain_log(s, ret_error) : error;
}

int store_sqlite_connect(struct sqlite *s)
{
	auto_free char *sentence = NULL;

	if (s->damaged)
		return -EBADMSG;
	return s->db ? 0 : connect_or_say(s, &sentence);
}

/* Passes the error on. Damage is remembered by the folder, so that the next start sets it aside
 * whatever that start would see of it. */
static int noted(struct sqlite *s, int error)
{
	if (error != -EBADMSG || s->damaged)
		return error;
	s->damaged = true;
	if (store_sqlite_put_away(s) == 0) {
		free(s->log_path);
		s->log_path = str_printf("%s.damaged-wal", s->path);
	}
	return error;
}

static void sqlite_close(void *context)
{
	struct sqlite *s = context;

	if (s->db)
		disconnect(s, s->damaged);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->folder);
	free(s->path);
	free(s->log_path);
	free(s);
}

static int connect_and_check(struct sqlite *s, char **ret_error)
{
	int error = connect_or_say(s, ret_error);

	if (error)
		return error;
	error = store_sqlite_check_inside(s);
	if (error) {
		*ret_error = store_sqlite_explain(s->path, "cannot read", error);
		disconnect(s, true);
	}
	return error;
}

static int open_files(struct sqlite *s, const struct store_settings *settings, char **ret_error)
{
	int error = store_sqlite_take_folder(s, ret_error);

	if (!error)
		error = store_sqlite_settle_files(s, settings, ret_error);
	if (!error)
		error = connect_and_check(s, ret_error);
	if (error != -EBADMSG)
		return error;
	free(*ret_error);
	*ret_error = NULL;
	error = store_sqlite_set_aside(s, settings, "SQLite finds it malformed", true, ret_error);
	return error ? error : connect_or_say(s, ret_error);
}

static int sqlite_open(const struct store_settings *settings, void **ret, char **ret_error)
{
	struct sqlite *s = mem_new(sizeof(*s));
	int error;

	sqlite3_config(
		SQLITE_CONFIG_MEMSTATUS, 0); /* spares a lock; refused when already running */
	s->lock_fd = -1;
	s->folder = str_new(settings->folder);
	s->path = str_printf("%s/nudged.db", s->folder);
	s->log_path = str_printf("%s-wal", s->path);
	error = open_files(s, settings, ret_error);
	if (error) {
		sqlite_close(s);
		return error;
	}
	*ret = s;
	return 0;
}

/* ---- transactions ---- */

static int sqlite_begin(void *context)
{
	struct sqlite *s = context;
	int error = store_sqlite_connect(s);

	if (!error && !s->settled) {
		error = copy_log(s);
		s->settled = !error;
	}
	return noted(s, error ? error : store_sqlite_run(s, sql(s, SQL_BEGIN)));
}

static int sqlite_commit(void *context)
{
	struct sqlite *s = context;

	return noted(s, store_sqlite_run(s, sql(s, SQL_COMMIT)));
}

static void sqlite_roll_back(void *context)
{
	struct sqlite *s = context;
	int error = 0;

	if (!s->db)
		return;
	if (!sqlite3_get_autocommit(s->db))
		error = store_sqlite_run(s, sql(s, SQL_ROLL_BACK));
	disconnect(s, true);
	/* What cannot be cut now is cut before it is opened again. */
	error = cut_log(s);
	(void)error;
}

static void sqlite_tend(void *context)
{
	struct sqlite *s = context;

	if (s->db && s->log_frames * s->page >= LOG_BYTES && noted(s, copy_log(s)) < 0)
		disconnect(s, true);
}

/* What an interrupted piece of work can be blamed for; everything else is the disk's, and concerns
 * the whole transaction. */
static bool is_own_failure(int error)
{
	return error == -EEXIST || error == -ENOENT || error == -ESTALE || error == -E2BIG;
}

int store_sqlite_enter(struct sqlite *s)
{
	return store_sqlite_run(s, sql(s, SQL_SAVEPOINT));
}

int store_sqlite_leave(struct sqlite *s, int error, struct outcome *outcome)
{
	if (!error)
		error = store_sqlite_run(s, sql(s, SQL_RELEASE));
	outcome->error = noted(s, error);
	if (!error)
		return 0;
	if (!is_own_failure(error) || sqlite3_get_autocommit(s->db))
		return error;
	error = store_sqlite_run(s, sql(s, SQL_UNDO));
	return error ? error : store_sqlite_run(s, sql(s, SQL_RELEASE));
}

/* ---- questions ---- */

static int sqlite_find(void *context, struct store_find *find)
{
	return noted(context, store_sqlite_find(context, find));
}

static int sqlite_find_facts(void *context, struct fact_find *find)
{
	return noted(context, store_sqlite_find_facts(context, find));
}

static int sqlite_backup(void *context, const char *path)
{
	return noted(context, store_sqlite_backup(context, path));
}

static int sqlite_load(
	void *context, int32_t budget_since, const struct store_visitor *visitor, void *owner)
{
	return noted(context, store_sqlite_load(context, budget_since, visitor, owner));
}

const struct store_kind store_sqlite = {
	.name = "sqlite",
	.threaded = true,
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.apply = store_sqlite_apply,
	.prune = store_sqlite_prune,
	.forget = store_sqlite_forget,
	.commit = sqlite_commit,
	.roll_back = sqlite_roll_back,
	.find = sqlite_find,
	.find_facts = sqlite_find_facts,
	.backup = sqlite_backup,
	.load = sqlite_load,
	.tend = sqlite_tend,
};
