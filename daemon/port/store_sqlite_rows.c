/* The table "change", which stands in no database: the records of the change that is being written,
 * one row each. One statement then writes all of them, and SQLite keeps its place in each index
 * from one row to the next. Owns nothing; shows what struct sqlite.rows names. */
#include "port/store_sqlite.h"

#include <stddef.h>

struct rows_table {
	sqlite3_vtab base;
	const struct sqlite *owner;
};

struct rows_cursor {
	sqlite3_vtab_cursor base;
	const struct rows *rows;
	size_t at;   /* the verb */
	size_t item; /* of ROWS_CARRIED: of its items */
};

static int on_connect(sqlite3 *db, void *owner, int argc unused_arg,
	const char *const *argv unused_arg, sqlite3_vtab **ret, char **ret_error unused_arg)
{
	struct rows_table *table;
	int code = sqlite3_declare_vtab(db,
		"CREATE TABLE x (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15,"
		" c16, c17, c18, c19, c20, c21, c22, c23, c24)");

	if (code != SQLITE_OK)
		return code;
	table = mem_new(sizeof(*table));
	table->owner = owner;
	*ret = &table->base;
	return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

static int on_best_index(sqlite3_vtab *table unused_arg, sqlite3_index_info *info)
{
	info->estimatedCost = 1000;
	return SQLITE_OK;
}

static int on_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct rows_cursor *cursor = mem_new(sizeof(*cursor));

	cursor->rows = &((struct rows_table *)base)->owner->rows;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static const struct verb *verb_of(const struct rows_cursor *cursor)
{
	return change_verb(cursor->rows->change, cursor->at);
}

static bool is_row(const struct rows_cursor *cursor)
{
	const struct verb *verb = verb_of(cursor);

	switch (cursor->rows->what) {
	case ROWS_OCCURRENCES:
		return verb->kind == VERB_RECORD_OCCURRENCE;
	case ROWS_DELIVERIES:
		return verb->kind == VERB_RECORD_DELIVERY;
	default:
		return verb->kind == VERB_RECORD_DELIVERY &&
		       cursor->item < verb->delivery.record.count &&
		       !store_sqlite_is_alone(&verb->delivery.record.id, verb->delivery.items,
			       verb->delivery.record.count);
	}
}

/* To the first row at or after the place. */
static void find_row(struct rows_cursor *cursor)
{
	while (cursor->at < cursor->rows->to && !is_row(cursor)) {
		cursor->at++;
		cursor->item = 0;
	}
}

static int on_filter(sqlite3_vtab_cursor *base, int number unused_arg, const char *text unused_arg,
	int argc unused_arg, sqlite3_value **argv unused_arg)
{
	struct rows_cursor *cursor = (struct rows_cursor *)base;

	cursor->at = cursor->rows->from;
	cursor->item = 0;
	find_row(cursor);
	return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
	struct rows_cursor *cursor = (struct rows_cursor *)base;

	if (cursor->rows->what == ROWS_CARRIED)
		cursor->item++;
	else
		cursor->at++;
	find_row(cursor);
	return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
	const struct rows_cursor *cursor = (struct rows_cursor *)base;

	return cursor->at >= cursor->rows->to;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct rows_cursor *)base)->at;
	return SQLITE_OK;
}

/* ---- columns, in the order of the statements ---- */

static void give_blob(sqlite3_context *to, const void *bytes, size_t len)
{
	sqlite3_result_blob(to, len ? bytes : "", (int)len, SQLITE_STATIC);
}

enum form {
	AN_ID,
	A_TEXT,
	A_RULE,
	A_REASON,
	AN_INT,
	A_FLAG,
	A_LONG,
	AN_INSTANT,
	A_NEAR_ONE,
	A_DUE,
	A_NEXT_ONE,
	A_DATE,
};

struct column {
	enum form form;
	size_t at; /* in the record */
};

static_assert(offsetof(struct occurrence, id) == 0 && offsetof(struct delivery, id) == 0,
	"a record begins with its id");

static const struct column of_occurrence[] = {{AN_ID, offsetof(struct occurrence, id)},
	{A_TEXT, offsetof(struct occurrence, key.recipient)},
	{A_TEXT, offsetof(struct occurrence, key.reminder)},
	{A_TEXT, offsetof(struct occurrence, key.about)},
	{A_LONG, offsetof(struct occurrence, key.local)},
	{AN_INT, offsetof(struct occurrence, key.pass)},
	{A_TEXT, offsetof(struct occurrence, kind)}, {A_DUE, offsetof(struct occurrence, due_at)},
	{A_NEAR_ONE, offsetof(struct occurrence, planned_at)},
	{AN_INT, offsetof(struct occurrence, state)},
	{AN_INT, offsetof(struct occurrence, decision)},
	{A_RULE, offsetof(struct occurrence, rule)},
	{A_TEXT, offsetof(struct occurrence, about_name)},
	{A_TEXT, offsetof(struct occurrence, title)}, {A_TEXT, offsetof(struct occurrence, text)},
	{AN_INSTANT, offsetof(struct occurrence, follow_at)},
	{AN_INT, offsetof(struct occurrence, nudges)},
	{AN_INT, offsetof(struct occurrence, answer)},
	{A_TEXT, offsetof(struct occurrence, answer_text)},
	{AN_INSTANT, offsetof(struct occurrence, answered_at)},
	{AN_INT, offsetof(struct occurrence, share)},
	{A_FLAG, offsetof(struct occurrence, personal)}};

static const struct column of_delivery[] = {{AN_ID, offsetof(struct delivery, id)},
	{A_TEXT, offsetof(struct delivery, channel)},
	{A_TEXT, offsetof(struct delivery, recipient)},
	{AN_INT, offsetof(struct delivery, purpose)},
	{A_DATE, offsetof(struct delivery, budget_date)},
	{A_NEAR_ONE, offsetof(struct delivery, created_at)},
	{A_NEAR_ONE, offsetof(struct delivery, not_before_at)},
	{A_NEAR_ONE, offsetof(struct delivery, expire_at)},
	{AN_INT, offsetof(struct delivery, state)}, {AN_INT, offsetof(struct delivery, attempts)},
	{A_NEXT_ONE, offsetof(struct delivery, next_at)},
	{AN_INT, offsetof(struct delivery, status)}, {A_REASON, offsetof(struct delivery, reason)},
	{A_TEXT, offsetof(struct delivery, receipt)}, {A_TEXT, offsetof(struct delivery, fallback)},
	{AN_INT, offsetof(struct delivery, starts)}};

static_assert(sizeof(enum occurrence_state) == sizeof(int) && sizeof(enum purpose) == sizeof(int),
	"states and purposes are read as int");

static void give_short(sqlite3_context *to, const char *text, const char *usual)
{
	sqlite3_result_text(to, shorten_text(text, usual), -1, SQLITE_STATIC);
}

/* By the id that it is near to, or NULL. */
static void give_instant(sqlite3_context *to, int64_t at, const struct id *id)
{
	if (at != INT64_MAX)
		sqlite3_result_int64(to, id ? store_sqlite_shorten(at, id) : at);
}

static void give(sqlite3_context *to, const void *record, const struct column *column)
{
	const void *at = (const char *)record + column->at;

	switch (column->form) {
	case AN_ID:
		give_blob(to, at, sizeof(struct id));
		return;
	case A_TEXT: /* NULL gives NULL */
		sqlite3_result_text(to, *(char *const *)at, -1, SQLITE_STATIC);
		return;
	case A_RULE:
		give_short(to, *(char *const *)at, store_sqlite_usual_rule);
		return;
	case A_REASON:
		give_short(to, *(char *const *)at, store_sqlite_usual_reason);
		return;
	case AN_INT:
		sqlite3_result_int(to, *(const int *)at);
		return;
	case A_FLAG:
		sqlite3_result_int(to, *(const bool *)at);
		return;
	case A_LONG:
		sqlite3_result_int64(to, *(const int64_t *)at);
		return;
	case AN_INSTANT:
		give_instant(to, *(const int64_t *)at, NULL);
		return;
	case A_NEAR_ONE:
		give_instant(to, *(const int64_t *)at, record);
		return;
	case A_DUE: /* never NULL */
		sqlite3_result_int64(to, store_sqlite_shorten(*(const int64_t *)at, record));
		return;
	case A_NEXT_ONE: /* the open ones are in order of it */
		give_instant(to, *(const int64_t *)at,
			delivery_is_open(((const struct delivery *)record)->state) ? NULL : record);
		return;
	case A_DATE:
		if (*(const int32_t *)at != INT32_MIN)
			sqlite3_result_int(to, *(const int32_t *)at);
		return;
	}
}

static void give_occurrence(sqlite3_context *to, const struct verb *verb, size_t column)
{
	const struct occurrence *o = &verb->occurrence.record;

	if (column < ARRAY_LEN(of_occurrence))
		give(to, o, &of_occurrence[column]);
	else if (column == ARRAY_LEN(of_occurrence))
		give_blob(to, verb->occurrence.hash, OCCURRENCE_HASH);
	else
		sqlite3_result_int64(
			to, store_sqlite_own_place(o->id, o->key.recipient, o->key.local));
}

static void give_delivery(sqlite3_context *to, const struct rows_cursor *cursor, size_t column)
{
	const struct verb *verb = verb_of(cursor);
	const struct id_list *kept = cursor->rows->items;

	if (column < ARRAY_LEN(of_delivery))
		give(to, &verb->delivery.record, &of_delivery[column]);
	else if (kept)
		store_sqlite_write_items(to, &verb->delivery.record.id, kept->ids, kept->count);
	else
		store_sqlite_write_items(to, &verb->delivery.record.id, verb->delivery.items,
			verb->delivery.record.count);
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
	const struct rows_cursor *cursor = (struct rows_cursor *)base;
	const struct verb *verb = verb_of(cursor);
	const struct id *id;

	if (cursor->rows->what == ROWS_OCCURRENCES) {
		give_occurrence(to, verb, (size_t)column);
	} else if (cursor->rows->what == ROWS_DELIVERIES) {
		give_delivery(to, cursor, (size_t)column);
	} else {
		id = column ? &verb->delivery.record.id : &verb->delivery.items[cursor->item];
		give_blob(to, id->bytes, sizeof(id->bytes));
	}
	return SQLITE_OK;
}

int store_sqlite_offer_rows(struct sqlite *s)
{
	static const sqlite3_module module = {.xConnect = on_connect,
		.xBestIndex = on_best_index,
		.xDisconnect = on_disconnect,
		.xOpen = on_open,
		.xClose = on_close,
		.xFilter = on_filter,
		.xNext = on_next,
		.xEof = on_eof,
		.xColumn = on_column,
		.xRowid = on_rowid};

	return store_sqlite_error(s->db, sqlite3_create_module(s->db, "change", &module, s));
}
