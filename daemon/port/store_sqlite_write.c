/* The verbs of a change in SQL. Owns nothing; a change is whole or not at all by the savepoint that
 * frames it. */
#include "port/store_sqlite.h"

#include <errno.h>

/* How far back an item is looked for among what the same change recorded: it is nearly always the
 * last one. */
enum { LOOK_BACK = 16 };

static int record_occurrence(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	const struct occurrence *o = &verb->occurrence.record;
	sqlite3_stmt *insert = sql(s, SQL_RECORD_OCCURRENCE);
	int error;

	bind_id(insert, 1, &o->id);
	bind_text(insert, 2, o->key.recipient);
	bind_text(insert, 3, o->key.reminder);
	bind_text(insert, 4, o->key.about);
	sqlite3_bind_int64(insert, 5, o->key.local);
	sqlite3_bind_int(insert, 6, o->key.pass);
	bind_text(insert, 7, o->kind);
	sqlite3_bind_int64(insert, 8, o->due_at);
	bind_at(insert, 9, o->planned_at);
	sqlite3_bind_int(insert, 10, o->state);
	sqlite3_bind_int(insert, 11, o->decision);
	bind_text(insert, 12, o->rule);
	bind_text(insert, 13, o->about_name);
	bind_text(insert, 14, o->title);
	bind_text(insert, 15, o->text);
	bind_at(insert, 16, o->follow_at);
	sqlite3_bind_int(insert, 17, o->nudges);
	sqlite3_bind_int(insert, 18, o->answer);
	bind_text(insert, 19, o->answer_text);
	bind_at(insert, 20, o->answered_at);
	sqlite3_bind_blob(insert, 21, verb->occurrence.hash, OCCURRENCE_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(
		insert, 22, store_sqlite_place(store_sqlite_day(o->id), o->key.recipient));
	error = store_sqlite_run(s, insert);
	if (!error)
		id_list_add(sqlite3_changes(s->db) ? &outcome->recorded : &outcome->known, o->id);
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

static int insert_delivery(struct sqlite *s, const struct delivery *d, const struct id_list *items)
{
	sqlite3_stmt *insert = sql(s, SQL_RECORD_DELIVERY);

	bind_id(insert, 1, &d->id);
	bind_text(insert, 2, d->channel);
	bind_text(insert, 3, d->recipient);
	sqlite3_bind_int(insert, 4, d->purpose);
	if (d->budget_date == INT32_MIN)
		sqlite3_bind_null(insert, 5);
	else
		sqlite3_bind_int(insert, 5, d->budget_date);
	bind_at(insert, 6, d->created_at);
	bind_at(insert, 7, d->not_before_at);
	bind_at(insert, 8, d->expire_at);
	sqlite3_bind_int(insert, 9, d->state);
	sqlite3_bind_int(insert, 10, d->attempts);
	bind_at(insert, 11, d->next_at);
	sqlite3_bind_int(insert, 12, d->status);
	bind_text(insert, 13, d->reason);
	bind_text(insert, 14, d->receipt);
	bind_text(insert, 15, d->fallback);
	sqlite3_bind_blob(insert, 16, items->count ? (const void *)items->ids : "",
		items->count * sizeof(struct id), SQLITE_STATIC);
	sqlite3_bind_int(insert, 17, d->starts);
	return store_sqlite_run(s, insert);
}

static int record_items(
	struct sqlite *s, const struct verb *verb, struct outcome *outcome, struct id_list *items)
{
	for (size_t i = 0; i < verb->delivery.record.count; i++) {
		const struct id *item = &verb->delivery.items[i];
		int error = id_list_has(items, *item) ? 0 : is_kept(s, outcome, item);

		if (error == 0)
			continue;
		if (error > 0)
			error = carry(s, item, &verb->delivery.record.id);
		if (error)
			return error;
		id_list_add(items, *item);
	}
	return 0;
}

static int record_delivery(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	cleanup(id_list_free) struct id_list items = {0};
	const struct delivery *record = &verb->delivery.record;
	int error = record_items(s, verb, outcome, &items);

	if (error)
		return error;
	if (record->count > 0 && items.count == 0) {
		id_list_add(&outcome->dropped, record->id);
		return 0;
	}
	return insert_delivery(s, record, &items);
}

/* The items of a delivery that is held; -ESTALE when it is not. */
static int held_items(struct sqlite *s, const struct id *delivery, struct id_list *items)
{
	sqlite3_stmt *statement = sql(s, SQL_GET_ITEMS);
	int found;

	bind_id(statement, 1, delivery);
	found = store_sqlite_step(s, statement);
	if (found < 0)
		return found;
	if (found && sqlite3_column_int(statement, 1) == DELIVERY_HELD) {
		const struct id *ids = sqlite3_column_blob(statement, 0);

		for (size_t i = 0; i < sqlite3_column_bytes(statement, 0) / sizeof(*ids); i++)
			id_list_add(items, ids[i]);
	} else {
		found = 0;
	}
	sqlite3_reset(statement);
	return found ? 0 : -ESTALE;
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
	error = carry(s, &verb->join.occurrence, &verb->join.delivery);
	if (error)
		return error;
	bind_id(update, 1, &verb->join.delivery);
	sqlite3_bind_blob(update, 2, items.ids, items.count * sizeof(struct id), SQLITE_STATIC);
	bind_at(update, 3, verb->join.not_before_at);
	bind_at(update, 4, verb->join.expire_at);
	return store_sqlite_run(s, update);
}

static int settle(struct sqlite *s, const struct verb *verb, struct outcome *outcome)
{
	const struct delivery *d = &verb->delivery.record;
	sqlite3_stmt *update = sql(s, SQL_SETTLE);

	bind_id(update, 1, &d->id);
	sqlite3_bind_int(update, 2, d->state);
	sqlite3_bind_int(update, 3, d->attempts);
	bind_at(update, 4, d->next_at);
	bind_at(update, 5, d->not_before_at);
	bind_text(update, 6, d->channel);
	sqlite3_bind_int(update, 7, d->status);
	bind_text(update, 8, d->reason);
	bind_text(update, 9, d->receipt);
	bind_text(update, 10, d->fallback);
	bind_at(update, 11, d->expire_at);
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
	[VERB_RECORD_OCCURRENCE] = record_occurrence,
	[VERB_RECORD_DELIVERY] = record_delivery,
	[VERB_JOIN] = join,
	[VERB_SETTLE] = settle,
	[VERB_REOPEN] = settle,
	[VERB_FOLLOW] = follow,
	[VERB_ANSWER] = answer,
	[VERB_PUT_PAUSE] = put_pause,
	[VERB_REMOVE_PAUSE] = remove_pause,
	[VERB_BEGIN] = begin,
	[VERB_SET_VALUE] = set_value,
};

int store_sqlite_apply(void *context, const struct change *change, struct outcome *outcome)
{
	struct sqlite *s = context;
	int error = store_sqlite_enter(s);

	if (error)
		return error;
	for (size_t i = 0; i < change_count(change) && !error; i++) {
		const struct verb *verb = change_verb(change, i);

		error = verbs[verb->kind](s, verb, outcome);
	}
	return store_sqlite_leave(s, error, outcome);
}
