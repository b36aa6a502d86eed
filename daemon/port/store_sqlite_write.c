/* The verbs of a change in SQL. Owns nothing; a change is whole or not at all by the savepoint that
 * frames it. */
#include "port/store_sqlite.h"

#include <errno.h>

/* How far back an item is looked for among what the same change recorded: it is nearly always the
 * last one. */
enum {
	LOOK_BACK = 16,
	WORTH_IT = 4, /* occurrences, to write them by one statement */
};

/* Runs a statement that reads the table "change" over some verbs of it. */
static int write_rows(struct sqlite *s, enum statement which, const struct rows *rows)
{
	int error;

	s->rows = *rows;
	error = store_sqlite_run(s, sql(s, which));
	s->rows = (struct rows){0};
	return error;
}

static int record_occurrence(struct sqlite *s, const struct change *change, size_t at,
	const struct verb *verb, struct outcome *outcome)
{
	const struct rows row = {change, ROWS_OCCURRENCES, at, at + 1, NULL};
	int error = write_rows(s, SQL_RECORD_OCCURRENCE, &row);

	if (!error)
		id_list_add(sqlite3_changes(s->db) ? &outcome->recorded : &outcome->known,
			verb->occurrence.record.id);
	return error;
}

/* 1 when the occurrence is in the store and was not left out of this change; 0 or -errno. */
static int is_kept(struct sqlite *s, const struct outcome *outcome, const struct id *occurrence)
{
	sqlite3_stmt *statement = sql(s, SQL_HAS_OCCURRENCE);
	int found;

	for (size_t i = 0; i < MIN_OF(outcome->recorded.count, (size_t)LOOK_BACK); i++) {
		if (id_eq(outcome->recorded.ids[outcome->recorded.count - 1 - i], *occurrence))
			return 1;
	}
	if (id_list_has(&outcome->known, *occurrence))
		return 0;
	bind_id(statement, 1, occurrence);
	found = store_sqlite_step(s, statement);
	sqlite3_reset(statement);
	return found;
}

static int carry(struct sqlite *s, const struct id *occurrence, const struct id *delivery)
{
	sqlite3_stmt *statement = sql(s, SQL_CARRY);

	bind_id(statement, 1, occurrence);
	bind_id(statement, 2, delivery);
	return store_sqlite_run(s, statement);
}

static int choose_items(
	struct sqlite *s, const struct verb *verb, struct outcome *outcome, struct id_list *items)
{
	for (size_t i = 0; i < verb->delivery.record.count; i++) {
		const struct id *item = &verb->delivery.items[i];
		int kept = id_list_has(items, *item) ? 0 : is_kept(s, outcome, item);

		if (kept < 0)
			return kept;
		if (kept)
			id_list_add(items, *item);
	}
	return 0;
}

static int carry_items(struct sqlite *s, const struct id *delivery, const struct id_list *items)
{
	int error = 0;

	if (store_sqlite_is_alone(delivery, items->ids, items->count))
		return 0;
	for (size_t i = 0; i < items->count && !error; i++)
		error = carry(s, &items->ids[i], delivery);
	return error;
}

static int record_delivery(struct sqlite *s, const struct change *change, size_t at,
	const struct verb *verb, struct outcome *outcome)
{
	cleanup(id_list_free) struct id_list items = {0};
	const struct delivery *record = &verb->delivery.record;
	const struct rows row = {change, ROWS_DELIVERIES, at, at + 1, &items};
	int error = choose_items(s, verb, outcome, &items);

	if (error)
		return error;
	if (record->count > 0 && items.count == 0) {
		id_list_add(&outcome->dropped, record->id);
		return 0;
	}
	error = carry_items(s, &record->id, &items);
	return error ? error : write_rows(s, SQL_RECORD_DELIVERY, &row);
}

/* The items of a delivery that is held; -ESTALE when it is not. */
static int held_items(struct sqlite *s, const struct id *delivery, struct id_list *items)
{
	sqlite3_stmt *statement = sql(s, SQL_GET_ITEMS);
	struct items held;
	int error = -ESTALE, found;

	bind_id(statement, 1, delivery);
	found = store_sqlite_step(s, statement);
	if (found < 0)
		return found;
	if (found && sqlite3_column_int(statement, 1) == DELIVERY_HELD) {
		error = store_sqlite_read_items(statement, 0, delivery, &held);
		for (size_t i = 0; !error && i < held.count; i++)
			id_list_add(items, held.ids[i]);
	}
	sqlite3_reset(statement);
	return error;
}

static int join(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	cleanup(id_list_free) struct id_list items = {0};
	sqlite3_stmt *update = sql(s, SQL_JOIN);
	int error = is_kept(s, outcome, &verb->join.occurrence);

	if (error <= 0)
		return error;
	error = held_items(s, &verb->join.delivery, &items);
	if (error)
		return error;
	if (!id_list_has(&items, verb->join.occurrence))
		id_list_add(&items, verb->join.occurrence);
	/* The one that it had may be known by the delivery's row alone. */
	if (items.count == 2)
		error = carry(s, &items.ids[0], &verb->join.delivery);
	if (!error)
		error = carry(s, &verb->join.occurrence, &verb->join.delivery);
	if (error)
		return error;
	bind_id(update, 1, &verb->join.delivery);
	sqlite3_bind_blob(update, 2, items.ids, items.count * sizeof(struct id), SQLITE_STATIC);
	bind_near(update, 3, verb->join.not_before_at, &verb->join.delivery);
	bind_near(update, 4, verb->join.expire_at, &verb->join.delivery);
	return store_sqlite_run(s, update);
}

static int settle(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	const struct delivery *d = &verb->delivery.record;
	sqlite3_stmt *update = sql(s, SQL_SETTLE);

	bind_id(update, 1, &d->id);
	sqlite3_bind_int(update, 2, d->state);
	sqlite3_bind_int(update, 3, d->attempts);
	if (delivery_is_open(d->state)) /* these are in order of it */
		bind_at(update, 4, d->next_at);
	else
		bind_near(update, 4, d->next_at, &d->id);
	bind_near(update, 5, d->not_before_at, &d->id);
	bind_text(update, 6, d->channel);
	sqlite3_bind_int(update, 7, d->status);
	bind_text(update, 8, shorten_text(d->reason, store_sqlite_usual_reason));
	bind_text(update, 9, d->receipt);
	bind_text(update, 10, d->fallback);
	bind_near(update, 11, d->expire_at, &d->id);
	sqlite3_bind_int(update, 12, d->starts);
	sqlite3_bind_int(update, 13, verb->kind == VERB_REOPEN);
	return store_sqlite_run(s, update);
}

static int follow(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *update = sql(s, SQL_FOLLOW);

	bind_id(update, 1, &verb->follow.occurrence);
	sqlite3_bind_int(update, 2, verb->follow.state);
	bind_at(update, 3, verb->follow.follow_at);
	sqlite3_bind_int(update, 4, verb->follow.nudges);
	return store_sqlite_run(s, update);
}

static int answer(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *update = sql(s, SQL_ANSWER);
	int error;

	bind_id(update, 1, &verb->answer.occurrence);
	sqlite3_bind_int(update, 2, verb->answer.answer);
	bind_text(update, 3, verb->answer.text);
	bind_at(update, 4, verb->answer.answered_at);
	bind_at(update, 5, verb->answer.follow_at);
	if (verb->answer.share == SHARES)
		sqlite3_bind_null(update, 6);
	else
		sqlite3_bind_int(update, 6, verb->answer.share);
	error = store_sqlite_run(s, update);
	if (!error && sqlite3_changes(s->db) == 0)
		return -ENOENT;
	return error;
}

static int put_pause(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *insert = sql(s, SQL_PUT_PAUSE);

	bind_text(insert, 1, verb->pause.what);
	bind_at(insert, 2, verb->pause.since_at);
	bind_at(insert, 3, verb->pause.until_at);
	bind_text(insert, 4, verb->pause.reason);
	return store_sqlite_run(s, insert);
}

static int remove_pause(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *statement = sql(s, SQL_REMOVE_PAUSE);

	bind_text(statement, 1, verb->pause.what);
	return store_sqlite_run(s, statement);
}

static int begin(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *insert = sql(s, SQL_PUT_BEGIN);

	bind_text(insert, 1, verb->begin.what);
	bind_at(insert, 2, verb->begin.at);
	return store_sqlite_run(s, insert);
}

static int keep(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *statement = sql(s, verb->keep.value ? SQL_PUT_KEPT : SQL_REMOVE_KEPT);

	bind_text(statement, 1, verb->keep.person);
	bind_text(statement, 2, verb->keep.name);
	if (verb->keep.value)
		bind_text(statement, 3, verb->keep.value);
	return store_sqlite_run(s, statement);
}

static int set_value(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	sqlite3_stmt *statement = sql(s, verb->value.value ? SQL_PUT_VALUE : SQL_REMOVE_VALUE);

	bind_text(statement, 1, verb->value.name);
	if (verb->value.value)
		bind_text(statement, 2, verb->value.value);
	return store_sqlite_run(s, statement);
}

static int (*const verbs[VERBS])(
	struct sqlite *s, const struct verb *verb, struct outcome *outcome) = {
	[VERB_JOIN] = join,
	[VERB_SETTLE] = settle,
	[VERB_REOPEN] = settle,
	[VERB_FOLLOW] = follow,
	[VERB_ANSWER] = answer,
	[VERB_PUT_PAUSE] = put_pause,
	[VERB_REMOVE_PAUSE] = remove_pause,
	[VERB_BEGIN] = begin,
	[VERB_KEEP] = keep,
	[VERB_SET_VALUE] = set_value,
};

/* ---- all at once ---- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

static bool grows(const struct id *before, const struct id *id)
{
	return !before || memcmp(before->bytes, id->bytes, sizeof(id->bytes)) < 0;
}

/* Whether each delivery's items are different ones, and all recorded by the change itself, so that
 * nothing need be looked up. New ids grow; where they do not, some are not found. */
static bool is_self_contained(const struct verb *verb, const struct id_list *recorded)
{
	const struct id *before = NULL;

	for (size_t i = 0; i < verb->delivery.record.count; i++) {
		const struct id *item = &verb->delivery.items[i];

		if (!grows(before, item) ||
			!bsearch(item, recorded->ids, recorded->count, sizeof(*item), compare_ids))
			return false;
		before = item;
	}
	return true;
}

/* Lists what the change records; false where verb by verb is the way. */
static bool list_recorded(const struct change *change, struct id_list *recorded)
{
	for (size_t i = 0; i < change_count(change); i++) {
		const struct verb *verb = change_verb(change, i);

		if (verb->kind == VERB_RECORD_OCCURRENCE)
			id_list_add(recorded, verb->occurrence.record.id);
	}
	if (recorded->count < WORTH_IT)
		return false;
	for (size_t i = 0; i < change_count(change); i++) {
		const struct verb *verb = change_verb(change, i);

		if (verb->kind == VERB_RECORD_DELIVERY && !is_self_contained(verb, recorded))
			return false;
	}
	return true;
}

/* All records of the change in three statements: 1, or -errno; 0 where an occurrence was known, and
 * nothing of it may stay. */
static int record_all(struct sqlite *s, const struct change *change)
{
	cleanup(id_list_free) struct id_list recorded = {0};
	struct rows rows = {.change = change, .what = ROWS_OCCURRENCES, .to = change_count(change)};
	int error;

	if (!list_recorded(change, &recorded))
		return 0;
	error = write_rows(s, SQL_RECORD_OCCURRENCE, &rows);
	if (!error && (size_t)sqlite3_changes(s->db) < recorded.count) {
		error = store_sqlite_run(s, sql(s, SQL_UNDO));
		return error;
	}
	rows.what = ROWS_DELIVERIES;
	if (!error)
		error = write_rows(s, SQL_RECORD_DELIVERY, &rows);
	rows.what = ROWS_CARRIED;
	if (!error)
		error = write_rows(s, SQL_CARRY_ALL, &rows);
	return error ? error : 1;
}

static int apply_verb(
	struct sqlite *s, const struct change *change, size_t at, struct outcome *outcome)
{
	const struct verb *verb = change_verb(change, at);

	if (verb->kind == VERB_RECORD_OCCURRENCE)
		return record_occurrence(s, change, at, verb, outcome);
	if (verb->kind == VERB_RECORD_DELIVERY)
		return record_delivery(s, change, at, verb, outcome);
	return verbs[verb->kind](s, verb, outcome);
}

int store_sqlite_apply(void *context, const struct change *change, struct outcome *outcome)
{
	struct sqlite *s = context;
	int error = store_sqlite_enter(s), recorded;

	if (error)
		return error;
	recorded = record_all(s, change);
	if (recorded < 0)
		error = recorded;
	for (size_t i = 0; i < change_count(change) && !error; i++) {
		enum verb_kind kind = change_verb(change, i)->kind;

		if (!recorded || (kind != VERB_RECORD_OCCURRENCE && kind != VERB_RECORD_DELIVERY))
			error = apply_verb(s, change, i, outcome);
	}
	return store_sqlite_leave(s, error, outcome);
}
