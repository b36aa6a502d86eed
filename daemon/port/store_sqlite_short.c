/* What is written shorter than it is meant, and the functions that SQL has for it. Owns nothing.
 *
 * Nearly every delivery carries one occurrence, and was made right after it: its id is the next one.
 * Such a row says so by one byte, and "carried" has no row for it. Nearly every instant is near the one
 * in the row's id: it is written as what it is later. */
#include "port/store_sqlite.h"

#include <errno.h>

/* Less than this is later than the id; an instant that is less itself, in January 1970, stands above. */
#define NEAR (INT64_C(1) << 31)
#define EARLY (INT64_C(1) << 62)

const char store_sqlite_usual_rule[] = "schedule: on schedule";
const char store_sqlite_usual_reason[] = "delivered";

static const uint8_t alone[] = {1};

static bool is_near(int64_t at)
{
	return at > -NEAR && at < NEAR;
}

int64_t store_sqlite_shorten(int64_t at, const struct id *id)
{
	int64_t later;

	if (!__builtin_sub_overflow(at, id_time(*id), &later) && is_near(later))
		return later;
	return is_near(at) ? at + EARLY : at;
}

int64_t store_sqlite_lengthen(int64_t stored, const struct id *id)
{
	if (is_near(stored))
		return id_time(*id) + stored;
	return stored > 0 && is_near(stored - EARLY) ? stored - EARLY : stored;
}

bool store_sqlite_is_alone(const struct id *delivery, const struct id *items, size_t count)
{
	return count == 1 && id_eq(*delivery, id_after(items[0]));
}

void store_sqlite_write_items(
	sqlite3_context *to, const struct id *delivery, const struct id *items, size_t count)
{
	if (store_sqlite_is_alone(delivery, items, count))
		sqlite3_result_blob(to, alone, sizeof(alone), SQLITE_STATIC);
	else
		sqlite3_result_blob(to, count ? (const void *)items : "",
			(int)(count * sizeof(*items)), SQLITE_STATIC);
}

int store_sqlite_read_items(sqlite3_stmt *row, int at, const struct id *delivery, struct items *ret)
{
	size_t len = (size_t)sqlite3_column_bytes(row, at);
	const void *bytes = sqlite3_column_blob(row, at);

	if (len == sizeof(alone) && memcmp(bytes, alone, sizeof(alone)) == 0) {
		ret->before = id_before(*delivery);
		ret->ids = &ret->before;
		ret->count = 1;
		return 0;
	}
	if (len % sizeof(struct id) != 0)
		return -EBADMSG;
	ret->ids = bytes;
	ret->count = len / sizeof(struct id);
	return 0;
}

/* ---- functions: of what is no id or text, they make NULL ---- */

static bool read_id(sqlite3_value *from, struct id *ret)
{
	if (sqlite3_value_bytes(from) != sizeof(ret->bytes))
		return false;
	memcpy(ret->bytes, sqlite3_value_blob(from), sizeof(ret->bytes));
	return true;
}

/* id_after(ID) */
static void call_id_after(sqlite3_context *to, int argc unused_arg, sqlite3_value **argv)
{
	struct id id;

	if (!read_id(argv[0], &id))
		return;
	id = id_after(id);
	sqlite3_result_blob(to, id.bytes, sizeof(id.bytes), SQLITE_TRANSIENT);
}

/* instant(ID, STORED) */
static void call_instant(sqlite3_context *to, int argc unused_arg, sqlite3_value **argv)
{
	struct id id;

	if (read_id(argv[0], &id) && sqlite3_value_type(argv[1]) == SQLITE_INTEGER)
		sqlite3_result_int64(to, store_sqlite_lengthen(sqlite3_value_int64(argv[1]), &id));
}

/* occurrence_key(REMINDER, RECIPIENT, ABOUT, LOCAL, PASS) */
static void call_key(sqlite3_context *to, int argc unused_arg, sqlite3_value **argv)
{
	struct occurrence_key key = {
		.reminder = (char *)sqlite3_value_text(argv[0]),
		.recipient = (char *)sqlite3_value_text(argv[1]),
		.about = (char *)sqlite3_value_text(argv[2]),
		.local = sqlite3_value_int64(argv[3]),
		.pass = sqlite3_value_int(argv[4]),
	};
	uint8_t hash[OCCURRENCE_HASH];

	if (!key.reminder || !key.recipient)
		return;
	occurrence_key_hash(&key, hash);
	sqlite3_result_blob(to, hash, sizeof(hash), SQLITE_TRANSIENT);
}

/* occurrence_place(ID, RECIPIENT, LOCAL) */
static void call_place(sqlite3_context *to, int argc unused_arg, sqlite3_value **argv)
{
	const char *recipient = (const char *)sqlite3_value_text(argv[1]);
	struct id id;

	if (read_id(argv[0], &id) && recipient)
		sqlite3_result_int64(
			to, store_sqlite_own_place(id, recipient, sqlite3_value_int64(argv[2])));
}

int store_sqlite_offer_functions(sqlite3 *db)
{
	static const struct {
		const char *name;
		int argc;
		void (*call)(sqlite3_context *to, int argc, sqlite3_value **argv);
	} functions[] = {
		{"id_after", 1, call_id_after},
		{"instant", 2, call_instant},
		{"occurrence_key", 5, call_key},
		{"occurrence_place", 3, call_place},
	};
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int code = SQLITE_OK;

	for (size_t i = 0; i < ARRAY_LEN(functions) && code == SQLITE_OK; i++)
		code = sqlite3_create_function(db, functions[i].name, functions[i].argc, flags,
			NULL, functions[i].call, NULL, NULL);
	return store_sqlite_error(db, code);
}
