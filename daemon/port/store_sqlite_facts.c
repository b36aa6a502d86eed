/* Facts in the order of the key index: a range for each recipient of each day, or for all that is asked
 * for. Owns nothing; a slice at a time. */
#include "port/store_sqlite.h"

#include <errno.h>

enum {
	SLICE_ROWS = 2000, /* looked at in one call, or ranges without a row */
	KEY_COLUMN = 14,
};

static int lend_fact(sqlite3_stmt *row, struct fact *ret)
{
	const struct id id = column_id(row, 0);
	struct fact f = {
		.id = id,
		.recipient = (const char *)sqlite3_column_text(row, 1),
		.reminder = (const char *)sqlite3_column_text(row, 2),
		.about = (const char *)sqlite3_column_text(row, 3),
		.local = sqlite3_column_int64(row, 4),
		.due_at = column_near(row, 5, &id),
		.kind = (const char *)sqlite3_column_text(row, 6),
		.state = sqlite3_column_int(row, 7),
		.decision = sqlite3_column_int(row, 8),
		.answer = sqlite3_column_int(row, 9),
		.answered_at = column_at(row, 10),
		.share = sqlite3_column_int(row, 11),
		.words = (const char *)sqlite3_column_text(row, 12),
		.nudges = sqlite3_column_int(row, 13),
	};

	if (id_none(f.id) || !f.recipient || !f.reminder || f.state >= OCCURRENCE_STATES ||
		f.decision >= DECISIONS || f.answer >= ANSWERS || f.share >= SHARES)
		return -EBADMSG;
	*ret = f;
	return 0;
}

/* The key in a column; -EBADMSG when it holds none. */
static int read_key(sqlite3_stmt *row, int at, uint8_t ret[static OCCURRENCE_HASH])
{
	if (sqlite3_column_bytes(row, at) != OCCURRENCE_HASH)
		return -EBADMSG;
	memcpy(ret, sqlite3_column_blob(row, at), OCCURRENCE_HASH);
	return 0;
}

/* What stands behind the cursor up to `last`: the number of rows, or -errno. */
static int look_at_range(
	struct sqlite *s, struct fact_find *find, const uint8_t last[static OCCURRENCE_HASH])
{
	sqlite3_stmt *rows = sql(s, SQL_FACTS);
	uint8_t from[OCCURRENCE_HASH];
	int seen = 0, found = 1;

	memcpy(from, find->cursor, sizeof(from));
	sqlite3_bind_blob(rows, 1, from, sizeof(from), SQLITE_STATIC);
	sqlite3_bind_blob(rows, 2, last, OCCURRENCE_HASH, SQLITE_STATIC);
	sqlite3_bind_int(rows, 3, SLICE_ROWS);
	while (found > 0 && !fact_find_has_enough(find)) {
		struct fact fact;

		found = store_sqlite_step(s, rows);
		if (found <= 0)
			break;
		seen++;
		found = lend_fact(rows, &fact);
		if (!found)
			found = read_key(rows, KEY_COLUMN, find->cursor);
		if (!found)
			fact_find_look(find, &fact);
		found = found ? found : 1;
	}
	sqlite3_reset(rows);
	return found < 0 ? found : seen;
}

static void write_day(int64_t day, uint8_t key[static 2])
{
	key[0] = (uint8_t)(day >> 8);
	key[1] = (uint8_t)day;
}

static int64_t day_of(const uint8_t key[static 2])
{
	return key[0] << 8 | key[1];
}

/* Moves the cursor before the first key that is behind it: 1, 0 (there is none) or -errno. */
static int skip_to_next(struct sqlite *s, struct fact_find *find)
{
	sqlite3_stmt *row = sql(s, SQL_NEXT_KEY);
	uint8_t next[OCCURRENCE_HASH];
	int found, error;

	sqlite3_bind_blob(row, 1, find->cursor, OCCURRENCE_HASH, SQLITE_STATIC);
	found = store_sqlite_step(s, row);
	if (found <= 0)
		return found;
	error = read_key(row, 0, next);
	sqlite3_reset(row);
	if (error)
		return error;
	if (day_of(next) > day_of(find->cursor)) {
		memset(find->cursor, 0, sizeof(find->cursor));
		write_day(day_of(next), find->cursor);
	}
	return 1;
}

/* The recipients of the cursor's day from the cursor on: ranges and rows looked at, or -errno. */
static int look_at_places(struct sqlite *s, struct fact_find *find)
{
	int seen = 0;

	for (size_t i = 0; i < find->query.n_recipients && seen < SLICE_ROWS; i++) {
		const uint8_t *place = find->places[i].start + 2;
		int order = memcmp(place, find->cursor + 2, OCCURRENCE_DAY - 2), found;
		uint8_t last[OCCURRENCE_HASH];

		if (order < 0)
			continue;
		if (order > 0) {
			memset(find->cursor + 2, 0, OCCURRENCE_HASH - 2);
			memcpy(find->cursor + 2, place, OCCURRENCE_DAY - 2);
		}
		memset(last, 0xFF, sizeof(last));
		memcpy(last, find->cursor, OCCURRENCE_DAY);
		found = look_at_range(s, find, last);
		if (found < 0 || fact_find_has_enough(find))
			return found;
		seen += found + 1;
		if (found < SLICE_ROWS)
			memcpy(find->cursor, last, sizeof(last));
	}
	if (seen < SLICE_ROWS)
		memset(find->cursor + 2, 0xFF, OCCURRENCE_HASH - 2);
	return seen;
}

static int walk_places(struct sqlite *s, struct fact_find *find, int64_t last_day)
{
	for (int looked = 0; looked < SLICE_ROWS;) {
		int seen, found = skip_to_next(s, find);

		if (found <= 0 || day_of(find->cursor) > last_day)
			return MIN_OF(found, 0);
		seen = look_at_places(s, find);
		if (seen < 0 || fact_find_has_enough(find))
			return MIN_OF(seen, 0);
		looked += seen + 1;
	}
	return 1;
}

static int walk_all(struct sqlite *s, struct fact_find *find, int64_t last_day)
{
	uint8_t last[OCCURRENCE_HASH];
	int seen;

	memset(last, 0xFF, sizeof(last));
	write_day(last_day, last);
	seen = look_at_range(s, find, last);
	if (seen < 0)
		return seen;
	return seen == SLICE_ROWS && !fact_find_has_enough(find);
}

/* Behind the page before, or before the first day. */
static int start(struct sqlite *s, struct fact_find *find, int64_t first_day)
{
	sqlite3_stmt *row = sql(s, SQL_KEY);
	int found;

	find->started = true;
	write_day(first_day, find->cursor);
	if (id_none(find->query.after))
		return 0;
	bind_id(row, 1, &find->query.after);
	found = store_sqlite_step(s, row);
	if (found <= 0)
		return found ? found : -ESTALE;
	found = read_key(row, 0, find->cursor);
	sqlite3_reset(row);
	return found;
}

int store_sqlite_find_facts(void *context, struct fact_find *find)
{
	struct sqlite *s = context;
	int64_t first_day, last_day;
	int error = store_sqlite_connect(s);

	fact_find_days(find, &first_day, &last_day);
	if (error || first_day > last_day)
		return error;
	if (!find->started)
		error = start(s, find, first_day);
	if (error)
		return error;
	return find->query.n_recipients ? walk_places(s, find, last_day)
					: walk_all(s, find, last_day);
}
