/* A store on a loop, with calls that wait for their answers, and records as lines of text. */
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "port/store.h"

#include <errno.h>
#include <event2/event.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { KEPT_IDS = 64, NOON = 1000000 };

struct bed {
	const char *kind;
	char *folder;
	struct event_base *loop;
	struct store *store;
	bool answered;
	int error;
	size_t count, n_known, n_dropped;
	struct store_removed removed;
	struct id known[KEPT_IDS], dropped[KEPT_IDS];
	struct buf rows;
};

static inline int bed_remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void bed_open(struct bed *bed)
{
	struct store_settings settings = {
		.kind = bed->kind, .folder = bed->folder, .loop = bed->loop};
	char *error = NULL;

	if (store_open(&settings, &bed->store, &error) < 0)
		fail_msg("%s", error);
}

static inline struct bed *bed_new(const char *kind)
{
	char folder[] = "/tmp/nudged-store-XXXXXX";
	struct bed *bed = mem_new(sizeof(*bed));

	bed->kind = kind;
	assert_non_null(mkdtemp(folder));
	bed->folder = str_new(folder);
	bed->loop = event_base_new();
	bed->rows = BUF_MAX(64 << 20);
	return bed;
}

static inline void bed_free(struct bed *bed)
{
	store_close(bed->store);
	event_base_free(bed->loop);
	nftw(bed->folder, bed_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(bed->folder);
	buf_free(&bed->rows);
	free(bed);
}

static inline void bed_reopen(struct bed *bed)
{
	store_close(bed->store);
	bed->store = NULL;
	bed_open(bed);
}

static inline void bed_wait(struct bed *bed)
{
	assert_false(bed->answered); /* never from inside the call */
	while (!bed->answered)
		event_base_loop(bed->loop, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
	bed->answered = false;
}

static inline void bed_on_done(void *owner, const struct store_result *result)
{
	struct bed *bed = owner;

	bed->answered = true;
	bed->error = result->error;
	bed->count = result->count;
	bed->removed = result->removed;
	bed->n_known = result->n_known;
	bed->n_dropped = result->n_dropped;
	assert_true(result->n_known <= KEPT_IDS && result->n_dropped <= KEPT_IDS);
	for (size_t i = 0; i < result->n_known; i++)
		bed->known[i] = result->known[i];
	for (size_t i = 0; i < result->n_dropped; i++)
		bed->dropped[i] = result->dropped[i];
}

static inline int bed_apply(struct bed *bed, struct change *change)
{
	store_apply(bed->store, change, bed_on_done, bed);
	bed_wait(bed);
	return bed->error;
}

static inline int bed_prune(struct bed *bed, int64_t before_at, size_t limit)
{
	store_prune(bed->store, before_at, limit, bed_on_done, bed);
	bed_wait(bed);
	return bed->error;
}

static inline int bed_forget(struct bed *bed, const char *person)
{
	store_forget(bed->store, person, bed_on_done, bed);
	bed_wait(bed);
	return bed->error;
}

static inline int bed_backup(struct bed *bed, const char *path)
{
	store_backup(bed->store, path, bed_on_done, bed);
	bed_wait(bed);
	return bed->error;
}

/* ---- records as text ---- */

static inline void write_occurrence(struct buf *to, const struct occurrence *o)
{
	char id[ID_TEXT];

	id_write(o->id, id);
	buf_printf(to,
		"occurrence %s %s %s %s %jd %d %s due %jd planned %jd %s %s %s %s %s %s follow %jd "
		"%d "
		"%s %s %jd for %s%s\n",
		id, o->key.reminder, o->key.recipient, o->key.about ? o->key.about : "-",
		(intmax_t)o->key.local, o->key.pass, o->kind ? o->kind : "-", (intmax_t)o->due_at,
		(intmax_t)o->planned_at, occurrence_state_names[o->state],
		decision_names[o->decision], o->rule ? o->rule : "-",
		o->about_name ? o->about_name : "-", o->title ? o->title : "-",
		o->text ? o->text : "-", (intmax_t)o->follow_at, o->nudges, answer_names[o->answer],
		o->answer_text ? o->answer_text : "-", (intmax_t)o->answered_at,
		share_names[o->share], o->personal ? " personal" : "");
}

static inline void write_delivery(struct buf *to, const struct delivery *d)
{
	char id[ID_TEXT];

	id_write(d->id, id);
	buf_printf(to, "delivery %s %s %s %s %d %jd %jd %jd %s %d %d %jd %d %s %s %s: ", id,
		d->channel, d->recipient, purpose_names[d->purpose], d->budget_date,
		(intmax_t)d->created_at, (intmax_t)d->not_before_at, (intmax_t)d->expire_at,
		delivery_state_names[d->state], d->attempts, d->starts, (intmax_t)d->next_at,
		d->status, d->reason ? d->reason : "-", d->receipt ? d->receipt : "-",
		d->fallback ? d->fallback : "-");
	for (size_t i = 0; i < d->count; i++)
		write_occurrence(to, d->items[i]);
	buf_add_str(to, "\n");
}

static inline void bed_on_occurrences(
	void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct bed *bed = owner;

	bed->answered = true;
	bed->error = error;
	bed->count = count;
	for (size_t i = 0; i < count; i++)
		write_occurrence(&bed->rows, occurrences[i]);
}

static inline void bed_on_deliveries(
	void *owner, int error, struct delivery *const *deliveries, size_t count)
{
	struct bed *bed = owner;

	bed->answered = true;
	bed->error = error;
	bed->count = count;
	for (size_t i = 0; i < count; i++)
		write_delivery(&bed->rows, deliveries[i]);
}

static inline void write_fact(struct buf *to, const struct fact *f)
{
	char id[ID_TEXT];

	id_write(f->id, id);
	buf_printf(to, "fact %s %s %s %s %jd due %jd %s %s %s %s %jd for %s: %s %d\n", id,
		f->recipient, f->reminder, f->about ? f->about : "-", (intmax_t)f->local,
		(intmax_t)f->due_at, f->kind ? f->kind : "-", occurrence_state_names[f->state],
		decision_names[f->decision], answer_names[f->answer], (intmax_t)f->answered_at,
		share_names[f->share], f->words ? f->words : "-", f->nudges);
}

static inline void bed_on_facts(void *owner, int error, const struct fact *facts, size_t count)
{
	struct bed *bed = owner;

	bed->answered = true;
	bed->error = error;
	bed->count = count;
	for (size_t i = 0; i < count; i++)
		write_fact(&bed->rows, &facts[i]);
	bed->known[0] = count ? facts[count - 1].id : (struct id){0};
}

/* The facts as text, lent until the next question; bed->known[0] is the last one's id. */
static inline const char *bed_facts(struct bed *bed, const struct fact_query *query)
{
	buf_reset(&bed->rows);
	store_find_facts(bed->store, query, bed_on_facts, bed);
	bed_wait(bed);
	return buf_str(&bed->rows);
}

/* The rows as text, lent until the next question; bed->count says how many. */
static inline const char *bed_occurrences(struct bed *bed, const struct store_query *query)
{
	buf_reset(&bed->rows);
	store_find_occurrences(bed->store, query, bed_on_occurrences, bed);
	bed_wait(bed);
	assert_int_equal(bed->error, 0);
	return buf_str(&bed->rows);
}

static inline const char *bed_deliveries(struct bed *bed, const struct store_query *query)
{
	buf_reset(&bed->rows);
	store_find_deliveries(bed->store, query, bed_on_deliveries, bed);
	bed_wait(bed);
	assert_int_equal(bed->error, 0);
	return buf_str(&bed->rows);
}

static inline void write_value(void *owner, const char *name, const char *value)
{
	buf_printf(owner, "value %s=%s\n", name, value);
}

static inline void write_begin(void *owner, const char *what, int64_t at)
{
	buf_printf(owner, "begin %s %jd\n", what, (intmax_t)at);
}

static inline void write_pause(
	void *owner, const char *what, int64_t since_at, int64_t until_at, const char *reason)
{
	buf_printf(owner, "pause %s %jd %jd %s\n", what, (intmax_t)since_at, (intmax_t)until_at,
		reason ? reason : "-");
}

static inline void write_kept(void *owner, const char *person, const char *name, const char *value)
{
	buf_printf(owner, "kept %s %s=%s\n", person, name, value);
}

static inline void write_held(void *owner, const struct delivery *delivery)
{
	assert_true(delivery->next_at == TIME_NEVER);
	buf_add_str(owner, "held ");
	write_delivery(owner, delivery);
}

static inline void write_backlog(void *owner, const char *channel, size_t waiting)
{
	buf_printf(owner, "backlog %s %zu\n", channel, waiting);
}

static inline void write_follow(void *owner, const struct occurrence *occurrence)
{
	buf_add_str(owner, "follow ");
	write_occurrence(owner, occurrence);
}

static inline void write_budget(void *owner, const char *recipient, int32_t date,
	struct id delivery, enum delivery_state state)
{
	/* In any order: compared as a set, so only counted here. */
	int64_t *sum = owner;

	*sum += 1000 + date * 31 + delivery.bytes[15] * 7 + state + strlen(recipient);
}

/* Everything a start would hear and every row, as text the caller owns. */
static inline char *bed_dump(struct bed *bed)
{
	static const struct store_visitor visitor = {
		.value = write_value,
		.begin = write_begin,
		.pause = write_pause,
		.kept = write_kept,
		.held = write_held,
		.backlog = write_backlog,
		.follow = write_follow,
	};
	static const struct store_visitor budgets = {.budget = write_budget};
	const struct store_query all = {.limit = 10000};
	const struct store_query chat = {.channel = "chat", .by_next = true, .limit = 10000};
	struct buf dump = BUF_MAX(64 << 20);
	int64_t sum = 0;

	assert_int_equal(store_load(bed->store, INT32_MIN, &visitor, &dump), 0);
	assert_int_equal(store_load(bed->store, 15, &budgets, &sum), 0);
	buf_printf(&dump, "budgets %jd\n", (intmax_t)sum);
	buf_add_str(&dump, bed_occurrences(bed, &all));
	buf_add_str(&dump, bed_deliveries(bed, &all));
	buf_add_str(&dump, bed_deliveries(bed, &chat));
	return buf_take(&dump);
}

/* ---- records ---- */

static inline struct occurrence make_occurrence(
	const char *reminder, const char *person, int64_t local)
{
	return (struct occurrence){
		.id = id_new(NOON + local),
		.key = {.reminder = (char *)reminder, .recipient = (char *)person, .local = local},
		.due_at = local * 1000,
		.planned_at = local * 1000 + 5,
		.follow_at = TIME_NEVER,
		.answered_at = TIME_NEVER,
		.title = (char *)"scales",
		.text = (char *)"ten minutes",
	};
}

/* Carries up to two occurrences (NULL: none); items are lent, delivery.items is static. */
static inline struct delivery make_delivery(
	const char *person, struct occurrence *first, struct occurrence *second)
{
	static struct occurrence *items[2];

	items[0] = first;
	items[1] = second;
	return (struct delivery){
		.id = id_new(NOON),
		.channel = (char *)"chat",
		.recipient = (char *)person,
		.budget_date = INT32_MIN,
		.created_at = 7,
		.not_before_at = 8,
		.expire_at = 9,
		.state = DELIVERY_WAITING,
		.next_at = 10,
		.count = !!first + !!second,
		.items = items,
	};
}

/* Records one occurrence with its delivery; the delivery's id. */
static inline struct id bed_record(
	struct bed *bed, struct occurrence *occurrence, enum delivery_state state)
{
	struct change *change = change_new();
	struct delivery delivery = make_delivery(occurrence->key.recipient, occurrence, NULL);

	delivery.state = state;
	change_record_occurrence(change, occurrence);
	change_record_delivery(change, &delivery);
	assert_int_equal(bed_apply(bed, change), 0);
	return delivery.id;
}

/* ---- one test against each store ---- */

static inline int open_sqlite(void **state)
{
	struct bed *bed = bed_new("sqlite");

	bed_open(bed);
	*state = bed;
	return 0;
}

static inline int open_memory(void **state)
{
	struct bed *bed = bed_new("memory");

	bed_open(bed);
	*state = bed;
	return 0;
}

static inline int close_bed(void **state)
{
	bed_free(*state);
	return 0;
}

static inline size_t count_occurrences(struct bed *bed)
{
	bed_occurrences(bed, &(struct store_query){.limit = 10000});
	return bed->count;
}

static inline size_t count_deliveries(struct bed *bed)
{
	bed_deliveries(bed, &(struct store_query){.limit = 10000});
	return bed->count;
}

#define AGAINST_EACH(test)                                                                         \
	{#test " (memory)", test, open_memory, close_bed, NULL},                                   \
	{                                                                                          \
#test " (sqlite)", test, open_sqlite, close_bed, NULL                              \
	}
