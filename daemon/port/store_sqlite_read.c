/* Questions: rows into records, the walks behind find, and everything for a start. Owns nothing.
 * What stands in the file is not trusted: a value that no record can hold is damage. */
#include "port/store_sqlite.h"
#include "base/str.h"

#include <errno.h>

enum {
	SLICE_ROWS = 2000, /* looked at in one call of find */
};

static char *column_lent(sqlite3_stmt *row, int at)
{
	return (char *)sqlite3_column_text(row, at);
}

/* A record whose texts belong to the row: good until the next step. */
static int lend_occurrence(sqlite3_stmt *row, struct occurrence *ret)
{
	const struct id id = column_id(row, 0);
	struct occurrence o = {
		.id = id,
		.key.recipient = column_lent(row, 1),
		.key.reminder = column_lent(row, 2),
		.key.about = column_lent(row, 3),
		.key.local = sqlite3_column_int64(row, 4),
		.key.pass = sqlite3_column_int(row, 5),
		.kind = column_lent(row, 6),
		.due_at = column_near(row, 7, &id),
		.planned_at = column_near(row, 8, &id),
		.state = sqlite3_column_int(row, 9),
		.decision = sqlite3_column_int(row, 10),
		.rule = (char *)column_usual(row, 11, store_sqlite_usual_rule),
		.about_name = column_lent(row, 12),
		.title = column_lent(row, 13),
		.text = column_lent(row, 14),
		.follow_at = column_at(row, 15),
		.nudges = sqlite3_column_int(row, 16),
		.answer = sqlite3_column_int(row, 17),
		.answer_text = column_lent(row, 18),
		.answered_at = column_at(row, 19),
		.share = sqlite3_column_int(row, 20),
		.personal = sqlite3_column_int(row, 21),
	};

	if (id_none(o.id) || !o.key.recipient || !o.key.reminder || o.state >= OCCURRENCE_STATES ||
		o.decision >= DECISIONS || o.answer >= ANSWERS || o.share >= SHARES)
		return -EBADMSG;
	*ret = o;
	return 0;
}

static int lend_delivery(sqlite3_stmt *row, struct delivery *ret)
{
	const struct id id = column_id(row, 0);
	bool is_open = delivery_is_open(sqlite3_column_int(row, 8));
	struct delivery d = {
		.id = id,
		.channel = column_lent(row, 1),
		.recipient = column_lent(row, 2),
		.purpose = sqlite3_column_int(row, 3),
		.budget_date = sqlite3_column_type(row, 4) == SQLITE_NULL
				       ? INT32_MIN
				       : sqlite3_column_int(row, 4),
		.created_at = column_near(row, 5, &id),
		.not_before_at = column_near(row, 6, &id),
		.expire_at = column_near(row, 7, &id),
		.state = sqlite3_column_int(row, 8),
		.attempts = sqlite3_column_int(row, 9),
		.next_at = is_open ? column_at(row, 10) : column_near(row, 10, &id),
		.status = sqlite3_column_int(row, 11),
		.reason = (char *)column_usual(row, 12, store_sqlite_usual_reason),
		.receipt = column_lent(row, 13),
		.fallback = column_lent(row, 14),
		.starts = sqlite3_column_int(row, 16),
	};

	if (id_none(d.id) || !d.channel || !d.recipient || d.state >= DELIVERY_STATES ||
		d.purpose >= PURPOSES)
		return -EBADMSG;
	*ret = d;
	return 0;
}

static int add_items(struct sqlite *s, const struct items *items, struct delivery *delivery)
{
	sqlite3_stmt *row = sql(s, SQL_GET_OCCURRENCE);

	for (size_t i = 0; i < items->count; i++) {
		struct occurrence lent;
		int found;

		bind_id(row, 1, &items->ids[i]);
		found = store_sqlite_step(s, row);
		if (found > 0) {
			found = lend_occurrence(row, &lent);
			if (!found)
				delivery_add_item(delivery, &lent);
			sqlite3_reset(row);
		}
		if (found < 0)
			return found;
	}
	return 0;
}

/* An owned copy of what is lent, with its items. */
static int keep_delivery(
	struct sqlite *s, sqlite3_stmt *row, const struct delivery *lent, struct delivery **ret)
{
	struct delivery *delivery;
	struct items items;
	int error = store_sqlite_read_items(row, 15, &lent->id, &items);

	if (error)
		return error;
	delivery = delivery_copy(lent);
	error = add_items(s, &items, delivery);
	if (error) {
		delivery_free(delivery);
		return error;
	}
	*ret = delivery;
	return 0;
}

/* Looks at one row; adds it when it is asked for. */
static int look(struct sqlite *s, sqlite3_stmt *row, struct store_find *find)
{
	struct occurrence occurrence;
	struct delivery delivery, *kept;
	int error;

	find->cursor = column_id(row, 0);
	if (!find->of_deliveries) {
		error = lend_occurrence(row, &occurrence);
		if (!error && store_query_wants_occurrence(&find->query, &occurrence))
			store_find_add(find, occurrence_copy(&occurrence));
		return error;
	}
	error = lend_delivery(row, &delivery);
	if (error || !store_query_wants_delivery(&find->query, &delivery))
		return error;
	error = keep_delivery(s, row, &delivery, &kept);
	if (error)
		return error;
	if (store_query_wants_items(&find->query, kept))
		store_find_add(find, kept);
	else
		delivery_free(kept);
	return 0;
}

/* Looks at the rows of a statement until it or the question has had enough. The number of rows, or
 * -errno. */
static int look_at_rows(struct sqlite *s, sqlite3_stmt *rows, struct store_find *find)
{
	int seen = 0, found = 1;

	while (found > 0 && find->count < find->query.limit) {
		found = store_sqlite_step(s, rows);
		if (found > 0) {
			int error = look(s, rows, find);

			seen++;
			if (error) {
				found = error;
				break;
			}
		}
	}
	sqlite3_reset(rows);
	return found < 0 ? found : seen;
}

static bool has_enough(const struct store_find *find)
{
	return find->count >= find->query.limit;
}

static int find_one(struct sqlite *s, struct store_find *find)
{
	sqlite3_stmt *row = sql(s, find->of_deliveries ? SQL_GET_DELIVERY : SQL_GET_OCCURRENCE);
	int found;

	bind_id(row, 1, &find->query.id);
	found = look_at_rows(s, row, find);
	return MIN_OF(found, 0);
}

/* Few: a message and its nudges. */
static int find_carriers(struct sqlite *s, struct store_find *find)
{
	cleanup(id_list_free) struct id_list carriers = {0};
	int found = store_sqlite_list_carriers(s, &find->query.carries, &carriers);

	for (size_t i = 0; i < carriers.count && found >= 0 && !has_enough(find); i++) {
		size_t at = find->query.newest_first ? carriers.count - 1 - i : i;

		bind_id(sql(s, SQL_GET_DELIVERY), 1, &carriers.ids[at]);
		found = look_at_rows(s, sql(s, SQL_GET_DELIVERY), find);
	}
	return MIN_OF(found, 0);
}

/* In the order of ids, a slice at a time. */
static int walk(struct sqlite *s, struct store_find *find)
{
	static const enum statement ways[4][2] = {
		{SQL_OCCURRENCES_UP, SQL_OCCURRENCES_DOWN},
		{SQL_DELIVERIES_UP, SQL_DELIVERIES_DOWN},
		{SQL_OPEN_DELIVERIES_UP, SQL_OPEN_DELIVERIES_DOWN},
		{SQL_DEAD_DELIVERIES_UP, SQL_DEAD_DELIVERIES_DOWN},
	};
	int kind = !find->of_deliveries    ? 0
		   : find->query.open_only ? 2
		   : find->query.dead_only ? 3
					   : 1;
	sqlite3_stmt *rows = sql(s, ways[kind][find->query.newest_first]);
	int seen;

	bind_id(rows, 1, &find->cursor);
	sqlite3_bind_int(rows, 2, SLICE_ROWS);
	seen = look_at_rows(s, rows, find);
	if (seen < 0)
		return seen;
	return seen == SLICE_ROWS && !has_enough(find);
}

/* The next day, from find->day on, that has an occurrence at all: 1, 0 or -errno. */
static int next_day(struct sqlite *s, struct store_find *find)
{
	bool down = find->query.newest_first;
	sqlite3_stmt *row = sql(s, down ? SQL_DAY_DOWN : SQL_DAY_UP);
	struct id edge = store_sqlite_day_first(find->day + down);
	int found;

	bind_id(row, 1, &edge);
	found = store_sqlite_step(s, row);
	if (found > 0) {
		find->day = store_sqlite_day(column_id(row, 0));
		sqlite3_reset(row);
	}
	return found;
}

/* One recipient's of find->day that are beyond the cursor; their number, or -errno. */
static int look_at_day(struct sqlite *s, struct store_find *find)
{
	bool down = find->query.newest_first;
	sqlite3_stmt *rows = sql(s, down ? SQL_OCCURRENCES_OF_DAY_DOWN : SQL_OCCURRENCES_OF_DAY_UP);
	struct id after = down ? store_sqlite_day_last(find->day - 1) : find->cursor;
	struct id before = down ? find->cursor : store_sqlite_day_first(find->day + 1);
	uint8_t keys[6][OCCURRENCE_HASH];

	bind_text(rows, 1, find->query.recipient);
	sqlite3_bind_int(rows, 2, SLICE_ROWS);
	bind_id(rows, 3, &after);
	bind_id(rows, 4, &before);
	sqlite3_bind_int64(rows, 5, store_sqlite_place(find->day, find->query.recipient));
	/* From the least to the greatest key of the day before, of the day, of the next. */
	for (int i = 0; i < 6; i++) {
		memset(keys[i], i % 2 ? 0xFF : 0, OCCURRENCE_HASH);
		occurrence_key_day(find->day - 1 + i / 2, find->query.recipient, keys[i]);
		sqlite3_bind_blob(rows, 6 + i, keys[i], OCCURRENCE_HASH, SQLITE_STATIC);
	}
	return look_at_rows(s, rows, find);
}

/* One recipient's, a day at a time: ids grow with days, so this is the order of ids too. */
static int walk_days(struct sqlite *s, struct store_find *find)
{
	bool down = find->query.newest_first;

	for (int looked = 0; looked < SLICE_ROWS;) {
		int seen, found = next_day(s, find);

		if (found <= 0)
			return found;
		seen = look_at_day(s, find);
		if (seen < 0 || has_enough(find))
			return MIN_OF(seen, 0);
		if (seen < SLICE_ROWS)
			find->day += down ? -1 : 1;
		looked += seen + 1;
	}
	return 1;
}

/* One slice: who asks wants to have the next ones soon, and few. */
static int walk_waiting(struct sqlite *s, struct store_find *find)
{
	sqlite3_stmt *rows = sql(s, SQL_WAITING);
	struct delivery lent, *kept;
	int found, error = 0;

	bind_text(rows, 1, find->query.channel);
	sqlite3_bind_int64(rows, 2, find->query.after_at);
	bind_id(rows, 3, &find->query.after);
	sqlite3_bind_int(rows, 4, (int)find->query.limit);
	while (!error && (found = store_sqlite_step(s, rows)) != 0) {
		error = found < 0 ? found : lend_delivery(rows, &lent);
		if (!error)
			error = keep_delivery(s, rows, &lent, &kept);
		if (!error)
			store_find_add(find, kept);
	}
	sqlite3_reset(rows);
	return error;
}

static void start_find(struct store_find *find)
{
	const struct store_query *query = &find->query;

	find->started = true;
	find->cursor = query->after;
	if (query->newest_first && id_none(query->after))
		memset(find->cursor.bytes, 0xFF, sizeof(find->cursor.bytes));
	find->day = store_sqlite_day(find->cursor);
}

int store_sqlite_find(void *context, struct store_find *find)
{
	struct sqlite *s = context;
	int error = store_sqlite_connect(s);

	if (error)
		return error;
	if (!find->started)
		start_find(find);
	if (!id_none(find->query.id))
		return find_one(s, find);
	if (find->query.by_next)
		return walk_waiting(s, find);
	if (!id_none(find->query.carries) && find->of_deliveries)
		return find_carriers(s, find);
	if (find->query.recipient && !find->of_deliveries)
		return walk_days(s, find);
	return walk(s, find);
}

/* ---- for the start ---- */

struct load {
	struct sqlite *s;
	const struct store_visitor *visitor;
	void *owner;
};

static int load_value(const struct load *load, sqlite3_stmt *row)
{
	load->visitor->value(load->owner, column_lent(row, 0), column_lent(row, 1));
	return 0;
}

static int load_begin(const struct load *load, sqlite3_stmt *row)
{
	load->visitor->begin(load->owner, column_lent(row, 0), column_at(row, 1));
	return 0;
}

static int load_pause(const struct load *load, sqlite3_stmt *row)
{
	load->visitor->pause(load->owner, column_lent(row, 0), column_at(row, 1), column_at(row, 2),
		column_lent(row, 3));
	return 0;
}

static int load_kept(const struct load *load, sqlite3_stmt *row)
{
	load->visitor->kept(
		load->owner, column_lent(row, 0), column_lent(row, 1), column_lent(row, 2));
	return 0;
}

static int load_delivery(const struct load *load, sqlite3_stmt *row)
{
	struct delivery lent, *delivery;
	int error = lend_delivery(row, &lent);

	if (!error)
		error = keep_delivery(load->s, row, &lent, &delivery);
	if (error)
		return error;
	load->visitor->held(load->owner, delivery);
	delivery_free(delivery);
	return 0;
}

static int load_follow(const struct load *load, sqlite3_stmt *row)
{
	struct occurrence lent;
	int error = lend_occurrence(row, &lent);

	if (!error)
		load->visitor->follow(load->owner, &lent);
	return error;
}

static int load_budget(const struct load *load, sqlite3_stmt *row)
{
	int state = sqlite3_column_int(row, 3);

	if (!column_lent(row, 0) || state < 0 || state >= DELIVERY_STATES)
		return -EBADMSG;
	load->visitor->budget(load->owner, column_lent(row, 0), sqlite3_column_int(row, 1),
		column_id(row, 2), state);
	return 0;
}

static int load_rows(const struct load *load, sqlite3_stmt *rows,
	int (*load_row)(const struct load *load, sqlite3_stmt *row))
{
	int found, error = 0;

	while (!error && (found = store_sqlite_step(load->s, rows)) != 0)
		error = found < 0 ? found : load_row(load, rows);
	sqlite3_reset(rows);
	return error;
}

static int tell_backlog(const struct load *load, const char *channel)
{
	sqlite3_stmt *row = sql(load->s, SQL_COUNT_WAITING);
	int found;

	if (!load->visitor->backlog)
		return 0;
	bind_text(row, 1, channel);
	found = store_sqlite_step(load->s, row);
	if (found > 0)
		load->visitor->backlog(load->owner, channel, sqlite3_column_int64(row, 0));
	sqlite3_reset(row);
	return MIN_OF(found, 0);
}

/* The channels that have open deliveries, one at a time: each is told, and its held ones are given. */
static int load_open(const struct load *load)
{
	auto_free char *channel = str_new("");
	int found, error = 0;

	while (!error) {
		sqlite3_stmt *row = sql(load->s, SQL_OPEN_CHANNELS);

		bind_text(row, 1, channel);
		found = store_sqlite_step(load->s, row);
		if (found <= 0)
			return found;
		free(channel);
		channel = str_new(column_lent(row, 0));
		sqlite3_reset(row);
		error = tell_backlog(load, channel);
		if (error || !load->visitor->held)
			continue;
		bind_text(sql(load->s, SQL_HELD), 1, channel);
		error = load_rows(load, sql(load->s, SQL_HELD), load_delivery);
	}
	return error;
}

int store_sqlite_load(
	void *context, int32_t budget_since, const struct store_visitor *visitor, void *owner)
{
	const struct load load = {.s = context, .visitor = visitor, .owner = owner};
	sqlite3_stmt *budgets;
	int error = store_sqlite_connect(load.s);

	if (!error && visitor->value)
		error = load_rows(&load, sql(load.s, SQL_VALUES), load_value);
	if (!error && visitor->begin)
		error = load_rows(&load, sql(load.s, SQL_BEGINS), load_begin);
	if (!error && visitor->pause)
		error = load_rows(&load, sql(load.s, SQL_PAUSES), load_pause);
	if (!error && visitor->kept)
		error = load_rows(&load, sql(load.s, SQL_KEPT), load_kept);
	if (!error && (visitor->held || visitor->backlog))
		error = load_open(&load);
	if (!error && visitor->follow)
		error = load_rows(&load, sql(load.s, SQL_FOLLOWS), load_follow);
	if (!error && visitor->budget) {
		budgets = sql(load.s, SQL_BUDGETS);
		sqlite3_bind_int(budgets, 1, budget_since);
		error = load_rows(&load, budgets, load_budget);
	}
	return error;
}
