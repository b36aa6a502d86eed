/* What waits in the store and not in memory. A channel's lane holds a window of its open deliveries;
 * the rest stays where it was recorded, and comes in the order of its next try as room is made.
 *
 * A shelf keeps one place: whatever of its channel is not in memory lies after it. The rows that an
 * answer brings are as old as the question, so what ended or was taken back in between (`gone`) is
 * left out, and settlements go to the store before the question does. */
#include "base/str.h"
#include "engine/dispatch_internal.h"
#include "engine/follow.h"

enum {
	AHEAD_MS = 60 * 1000, /* what is due later than this need not be in memory */
	QUARANTINE_AFTER = 3, /* starts that ended with the process */
	ASK_AGAIN_MS = 2000,
};

struct point {
	int64_t at;
	struct id id;
};

struct shelf {
	struct dispatch *dispatch;
	char *channel;
	struct point after; /* nothing up to here is on the shelf */
	struct point low;   /* the first that was put on it since the question was asked */
	size_t count;       /* about so many are on it */
	size_t asked;       /* for so many, last */
	int64_t look_at;    /* its first is not due before */
	int64_t ask_mono;   /* not again before, after an error */
	bool asking, more;
	UT_hash_handle hh;
};

struct gone {
	struct id id;
	UT_hash_handle hh;
};

const struct dispatch_limits dispatch_limits = {.jobs = 100000, .lane_least = 1024, .batch = 1024};

static const struct point nowhere = {.at = TIME_NEVER};

/* ---- places ---- */

static bool is_before(const struct point *a, const struct point *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return memcmp(&a->id, &b->id, sizeof(a->id)) < 0;
}

/* So that this delivery lies after it. */
static void lower(struct point *place, const struct delivery *delivery)
{
	const struct point its = {delivery->next_at, delivery->id};

	if (!is_before(place, &its))
		*place = (struct point){.at = delivery->next_at};
}

/* ---- what has ended while a question is under way ---- */

void shelves_note_gone(struct dispatch *dispatch, struct id id)
{
	struct gone *gone;

	if (!dispatch->asking)
		return;
	HASH_FIND(hh, dispatch->gone, id.bytes, sizeof(id.bytes), gone);
	if (gone)
		return;
	gone = mem_new(sizeof(*gone));
	gone->id = id;
	HASH_ADD_KEYPTR(hh, dispatch->gone, gone->id.bytes, sizeof(gone->id.bytes), gone);
}

static bool is_gone(const struct dispatch *dispatch, struct id id)
{
	struct gone *gone;

	HASH_FIND(hh, dispatch->gone, id.bytes, sizeof(id.bytes), gone);
	return gone != NULL;
}

static void forget_gone(struct dispatch *dispatch)
{
	struct gone *gone, *next;

	HASH_ITER(hh, dispatch->gone, gone, next) {
		HASH_DEL(dispatch->gone, gone);
		free(gone);
	}
}

/* ---- shelves ---- */

static struct shelf *shelf_find(const struct dispatch *dispatch, const char *channel)
{
	struct shelf *shelf;

	HASH_FIND_STR(dispatch->shelves, channel, shelf);
	return shelf;
}

static struct shelf *shelf_get(struct dispatch *dispatch, const char *channel)
{
	struct shelf *shelf = shelf_find(dispatch, channel);

	if (shelf)
		return shelf;
	shelf = mem_new(sizeof(*shelf));
	shelf->dispatch = dispatch;
	shelf->channel = str_new(channel);
	shelf->after = shelf->low = nowhere;
	HASH_ADD_KEYPTR(hh, dispatch->shelves, shelf->channel, strlen(shelf->channel), shelf);
	return shelf;
}

void dispatch_add_backlog(struct dispatch *dispatch, const char *channel, size_t count)
{
	struct shelf *shelf = shelf_get(dispatch, channel);

	shelf->after = (struct point){.at = INT64_MIN};
	shelf->count = count;
	shelf->more = count > 0;
	dispatch_wake(dispatch);
}

/* Leaves a recorded delivery to the store. */
static void shelf_put(struct shelf *shelf, const struct delivery *delivery)
{
	if (!shelf->more) {
		shelf->after = nowhere;
		shelf->look_at = delivery->next_at;
	}
	lower(&shelf->after, delivery);
	lower(&shelf->low, delivery);
	shelf->look_at = MIN_OF(shelf->look_at, delivery->next_at);
	shelf->more = true;
	shelf->count++;
}

static bool shelf_is_due(const struct shelf *shelf)
{
	return shelf->more && shelf->look_at <= dispatch_now(shelf->dispatch) + AHEAD_MS;
}

/* What a lane may have in memory, whatever the others hold. */
static size_t least_of(const struct dispatch *dispatch)
{
	size_t share = dispatch->limits.jobs / MAX_OF(dispatch->n_lanes, 1);

	return MAX_OF(MIN_OF(dispatch->limits.lane_least, share), (size_t)2);
}

/* What is put aside by a pause does not count: it must not keep others from going. */
static size_t held_by(const struct lane *lane)
{
	return lane ? lane->n_jobs - lane->n_aside : 0;
}

static bool has_room(const struct dispatch *dispatch, const struct lane *lane)
{
	return HASH_COUNT(dispatch->jobs) < dispatch->limits.jobs ||
	       held_by(lane) < least_of(dispatch);
}

/* How many are worth asking for. */
static size_t room_for_more(const struct dispatch *dispatch, const struct lane *lane)
{
	size_t least = least_of(dispatch);

	if (HASH_COUNT(dispatch->jobs) + dispatch->limits.batch <= dispatch->limits.jobs)
		return dispatch->limits.batch;
	return held_by(lane) <= least / 2 ? least - held_by(lane) : 0;
}

bool shelf_takes(
	struct dispatch *dispatch, const struct lane *lane, const struct delivery *delivery)
{
	struct shelf *shelf = shelf_find(dispatch, delivery->channel);

	if (has_room(dispatch, lane) && !(shelf && shelf_is_due(shelf)))
		return false;
	shelf_put(shelf_get(dispatch, delivery->channel), delivery);
	return true;
}

bool shelf_takes_back(struct job *job)
{
	struct shelf *shelf = shelf_find(job->dispatch, job->lane->id);

	if (!shelf || !shelf_is_due(shelf) || job->unknowns || job->address)
		return false;
	shelf_put(shelf, job->delivery);
	job_free(job);
	return true;
}

/* ---- taking from the shelf ---- */

/* Leaves out what was answered, by the record, while nobody held the message; one sent by hand is left
 * whole. An answer that is given later than the row was read is told of later, too: it finds the job.
 * False: nothing of it is wanted. */
static bool drop_answered(struct job *job)
{
	const struct delivery *delivery = job->delivery;

	for (size_t i = delivery->count; i-- > 0 && delivery->purpose != PURPOSE_MANUAL;)
		if (follow_was_answered(delivery->items[i]) && !job_drop_item(job, i))
			return false;
	return true;
}

/* The one that an escalation speaks of may have been answered while nobody knew of the escalation. */
struct check {
	struct dispatch *dispatch;
	struct id id;
	struct id item; /* the escalation */
	LIST_ENTRY(check) link;
};

static bool check_originals(struct job *job, size_t from);

static void check_free(struct check *check)
{
	LIST_REMOVE(check, link);
	free(check);
}

static bool is_answered(
	const struct occurrence *item, struct occurrence *const *occurrences, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (occurrences[i]->state == OCCURRENCE_ANSWERED &&
			follow_is_needless(item, occurrences[i]))
			return true;
	return false;
}

static void on_original(void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct check *check = owner;
	struct job *job = job_find(check->dispatch, check->id);
	struct id item = check->item;
	bool wanted = true;
	size_t at = 0;

	check_free(check);
	if (!job || job->phase != JOB_CHECKED)
		return;
	while (at < job->delivery->count && !id_eq(job->delivery->items[at]->id, item))
		at++;
	/* An answer may have taken it out meanwhile, and moved the rest: then they are looked at anew. */
	if (at == job->delivery->count)
		at = 0;
	else if (!error && is_answered(job->delivery->items[at], occurrences, count))
		wanted = job_drop_item(job, at);
	else
		at++;
	if (wanted && check_originals(job, at))
		return;
	job_leave_queue(job);
	if (wanted)
		job_enter(job);
	else
		settle_cancelled(job, "answered");
}

/* Asks for what the next escalation of the message speaks of. False: there is none, at `from` or
 * after it. */
static bool check_originals(struct job *job, size_t from)
{
	struct dispatch *dispatch = job->dispatch;
	const struct delivery *delivery = job->delivery;
	const struct occurrence_key *key;
	struct check *check;

	while (from < delivery->count &&
		!(follow_is_escalation(delivery->items[from]) && delivery->items[from]->key.about))
		from++;
	if (from == delivery->count)
		return false;
	key = &delivery->items[from]->key;
	job->phase = JOB_CHECKED;
	check = mem_new(sizeof(*check));
	*check = (struct check){
		.dispatch = dispatch, .id = delivery->id, .item = delivery->items[from]->id};
	LIST_INSERT_HEAD(&dispatch->checks, check, link);
	store_find_occurrences(dispatch->settings.store,
		&(struct store_query){.recipient = key->about,
			.reminder = key->reminder,
			.has_local = true,
			.local_from = key->local,
			.local_to = key->local + 1},
		on_original, check);
	return true;
}

static void take(struct dispatch *dispatch, const struct delivery *row)
{
	struct job *job = job_new(dispatch, delivery_copy(row));

	job->suspect = row->created_at <= dispatch->suspect_by;
	if (!job_check_way(job))
		return;
	if (!drop_answered(job))
		settle_cancelled(job, "answered");
	else if (job->suspect && row->starts >= QUARANTINE_AFTER)
		settle_quarantined(job);
	else if (!check_originals(job, 0))
		job_enter(job);
}

static void take_rows(struct shelf *shelf, struct delivery *const *rows, size_t count)
{
	struct dispatch *dispatch = shelf->dispatch;
	struct point last = shelf->after;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct delivery *row = rows[i];

		if (row->next_at > dispatch_now(dispatch) + AHEAD_MS)
			break;
		last = (struct point){row->next_at, row->id};
		if (job_find(dispatch, row->id) || is_gone(dispatch, row->id))
			continue;
		shelf->count -= shelf->count > 0;
		take(dispatch, row);
	}
	shelf->after = is_before(&shelf->low, &last) ? shelf->low : last;
	shelf->more = count == shelf->asked || i < count || shelf->low.at != TIME_NEVER;
	shelf->look_at = i < count ? rows[i]->next_at : shelf->after.at;
	if (shelf->low.at != TIME_NEVER)
		shelf->look_at = MIN_OF(shelf->look_at, shelf->low.at);
	if (!shelf->more)
		shelf->count = 0;
}

/* Whether what an answer brings may be used; the last answer forgets what happened meanwhile. */
static bool answer_counts(const struct dispatch *dispatch, int error)
{
	return !error && !dispatch->unrecorded && !dispatch->asked_in_vain;
}

static void end_question(struct dispatch *dispatch)
{
	if (--dispatch->asking == 0) {
		forget_gone(dispatch);
		dispatch->asked_in_vain = false;
	}
	dispatch_wake(dispatch);
}

static void on_rows(void *owner, int error, struct delivery *const *rows, size_t count)
{
	struct shelf *shelf = owner;
	struct dispatch *dispatch = shelf->dispatch;

	shelf->asking = false;
	if (answer_counts(dispatch, error)) {
		take_rows(shelf, rows, count);
	} else {
		shelf->ask_mono = error ? dispatch_mono(dispatch) + ASK_AGAIN_MS : 0;
		if (is_before(&shelf->low, &shelf->after))
			shelf->after = shelf->low;
	}
	end_question(dispatch);
}

static void on_pulled(void *owner, int error, struct delivery *const *rows, size_t count)
{
	struct dispatch *dispatch = owner;

	if (count && rows[0]->state == DELIVERY_WAITING && answer_counts(dispatch, error) &&
		!is_gone(dispatch, rows[0]->id) && !dispatch_hurry(dispatch, rows[0]->id)) {
		rows[0]->next_at = dispatch_now(dispatch);
		take(dispatch, rows[0]);
	}
	end_question(dispatch);
}

void dispatch_pull(struct dispatch *dispatch, struct id id)
{
	settle_flush(dispatch);
	dispatch->asking++;
	store_find_deliveries(dispatch->settings.store, &(struct store_query){.id = id, .limit = 1},
		on_pulled, dispatch);
}

static void shelf_ask(struct shelf *shelf, size_t limit)
{
	struct dispatch *dispatch = shelf->dispatch;

	settle_flush(dispatch);
	shelf->asked = limit;
	shelf->asking = true;
	shelf->low = nowhere;
	dispatch->asking++;
	store_find_deliveries(dispatch->settings.store,
		&(struct store_query){.channel = shelf->channel,
			.by_next = true,
			.after_at = shelf->after.at,
			.after = shelf->after.id,
			.limit = limit},
		on_rows, shelf);
}

void shelves_review(struct dispatch *dispatch)
{
	struct shelf *shelf, *next;

	HASH_ITER(hh, dispatch->shelves, shelf, next) {
		struct lane *lane = lane_find(dispatch->lanes, dispatch->n_lanes, shelf->channel);
		size_t room = room_for_more(dispatch, lane);

		if (room && !shelf->asking && shelf_is_due(shelf) &&
			dispatch_mono(dispatch) >= shelf->ask_mono)
			shelf_ask(shelf, room);
	}
}

int64_t shelves_next_ms(const struct dispatch *dispatch)
{
	int64_t next = TIME_NEVER, now = dispatch_now(dispatch);
	struct shelf *shelf, *following;

	HASH_ITER(hh, dispatch->shelves, shelf, following) {
		if (!shelf->more || shelf->asking)
			continue;
		if (!shelf_is_due(shelf))
			next = MIN_OF(next, shelf->look_at - AHEAD_MS - now);
		else if (shelf->ask_mono > dispatch_mono(dispatch))
			next = MIN_OF(next, shelf->ask_mono - dispatch_mono(dispatch));
	}
	return next;
}

size_t shelf_count(const struct dispatch *dispatch, const char *channel)
{
	const struct shelf *shelf = shelf_find(dispatch, channel);

	return shelf && shelf->more ? shelf->count : 0;
}

size_t shelves_count(const struct dispatch *dispatch)
{
	struct shelf *shelf, *next;
	size_t count = 0;

	HASH_ITER(hh, dispatch->shelves, shelf, next)
		count += shelf->more ? shelf->count : 0;
	return count;
}

void shelves_free(struct dispatch *dispatch)
{
	struct shelf *shelf, *next;
	struct check *check;

	forget_gone(dispatch);
	while ((check = LIST_FIRST(&dispatch->checks)))
		check_free(check);
	HASH_ITER(hh, dispatch->shelves, shelf, next) {
		HASH_DEL(dispatch->shelves, shelf);
		free(shelf->channel);
		free(shelf);
	}
}
