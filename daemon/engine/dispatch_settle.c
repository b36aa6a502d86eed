/* Verdicts become states, and states become durable. The only place that writes a delivery's state
 * after it was recorded. Owns the settlements under way; a settlement that could not be recorded is
 * submitted again until it is. */
#include "base/random.h"
#include "base/str.h"
#include "engine/dispatch_internal.h"

#include <event2/event.h>
#include <stdio.h>

enum {
	SETTLE_GROUP = 256,
	SETTLE_AGAIN_S = 2,
	FALLBACK_TIME_MS = 15 * 60 * 1000,
	UNKNOWN_REPEATS = 1,
	LAST_TRY_MS = 60 * 1000, /* less is not worth another try */
};

/* What is to be recorded: of jobs that ended the delivery itself, of others an outline. */
struct settlement {
	struct dispatch *dispatch;
	struct delivery **list;
	size_t count, capacity;
	struct event *again;
	bool failed;
	LIST_ENTRY(settlement) link;
};

static void settlement_free(struct settlement *settlement)
{
	LIST_REMOVE(settlement, link);
	for (size_t i = 0; i < settlement->count; i++)
		delivery_free(settlement->list[i]);
	free(settlement->list);
	if (settlement->again)
		event_free(settlement->again);
	free(settlement);
}

static void settlement_submit(struct settlement *settlement);

static void on_again(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	settlement_submit(data);
}

static void on_start_recorded(struct dispatch *dispatch, struct id id)
{
	struct job *job = job_find(dispatch, id);
	struct lane *lane;

	if (!job || job->phase != JOB_MARKING)
		return;
	lane = job->lane;
	job->marked = true;
	job_leave_queue(job);
	if (job_check_way(job))
		job_make_first(job);
	lane_release(lane);
}

static void on_settled(void *owner, const struct store_result *result)
{
	struct settlement *settlement = owner;
	struct dispatch *dispatch = settlement->dispatch;
	struct timeval later = {.tv_sec = SETTLE_AGAIN_S};

	dispatch->settling--;
	dispatch->settings.on_store(dispatch->settings.owner, result->error);
	dispatch->unrecorded += (result->error != 0) - settlement->failed;
	settlement->failed = result->error != 0;
	if (result->error) {
		if (!settlement->again)
			settlement->again =
				evtimer_new(dispatch->settings.loop, on_again, settlement);
		evtimer_add(settlement->again, &later);
		return;
	}
	dispatch->unsettled -= settlement->count;
	for (size_t i = 0; i < settlement->count; i++)
		if (settlement->list[i]->starts)
			on_start_recorded(dispatch, settlement->list[i]->id);
	settlement_free(settlement);
	dispatch_wake(dispatch);
}

static void settlement_submit(struct settlement *settlement)
{
	struct change *change = change_new();

	settlement->dispatch->settling++;
	for (size_t i = 0; i < settlement->count; i++)
		change_settle_delivery(change, settlement->list[i]);
	store_apply(settlement->dispatch->settings.store, change, on_settled, settlement);
}

void settle_flush(struct dispatch *dispatch)
{
	struct settlement *settlement = dispatch->settlement;

	dispatch->settlement = NULL;
	if (settlement)
		settlement_submit(settlement);
}

void settle_free_all(struct dispatch *dispatch)
{
	struct settlement *settlement;

	while ((settlement = LIST_FIRST(&dispatch->settlements)))
		settlement_free(settlement);
}

void settle_flush_soon(struct dispatch *dispatch)
{
	if (!dispatch->settling || !dispatch->in_flight)
		settle_flush(dispatch);
}

/* The delivery without its items: the record has them. */
static struct delivery *delivery_outline(const struct delivery *delivery)
{
	struct delivery outline = *delivery;

	outline.count = 0;
	outline.items = NULL;
	return delivery_copy(&outline);
}

/* Takes the delivery. */
static void settle_add(struct dispatch *dispatch, struct delivery *delivery)
{
	struct settlement *settlement = dispatch->settlement;

	if (!settlement) {
		settlement = dispatch->settlement = mem_new(sizeof(*settlement));
		settlement->dispatch = dispatch;
		LIST_INSERT_HEAD(&dispatch->settlements, settlement, link);
	}
	ARRAY_GROW(settlement->list, settlement->count, settlement->capacity);
	settlement->list[settlement->count++] = delivery;
	dispatch->unsettled++;
	if (settlement->count >= SETTLE_GROUP)
		settle_flush(dispatch);
	else
		dispatch_wake(dispatch);
}

static void settle_record(struct job *job)
{
	settle_add(job->dispatch, delivery_outline(job->delivery));
}

void settle_start(struct job *job)
{
	job_make_fly(job, JOB_MARKING);
	job->delivery->starts++;
	settle_record(job);
}

static void set_reason(struct delivery *delivery, const char *reason)
{
	char *copy = str_new(reason); /* it may be the old one */

	free(delivery->reason);
	delivery->reason = copy;
}

static void tell(struct job *job, enum event_id event, const char *words)
{
	const struct delivery *delivery = job->delivery;

	for (size_t i = 0; i < delivery->count; i++) {
		const struct occurrence *item = delivery->items[i];
		struct subject subject = {.reminder = item->key.reminder,
			.person = delivery->recipient,
			.channel = delivery->channel,
			.occurrence = item->id,
			.delivery = delivery->id,
			.attempt = delivery->attempts,
			.status = delivery->status,
			.due_at = item->due_at,
			.is_final = !delivery_is_open(delivery->state)};

		report(event, &subject, "%s for %s by %s: %s", item->key.reminder,
			delivery->recipient, delivery->channel, words);
	}
}

static void job_end(
	struct job *job, enum delivery_state state, enum event_id event, const char *words)
{
	struct dispatch *dispatch = job->dispatch;

	job->delivery->state = state;
	job->delivery->starts = 0;
	tell(job, event, words);
	set_reason(job->delivery, words);
	settle_add(dispatch, job_take(job));
}

bool settle_elsewhere(struct job *job, enum event_id event, const char *reason)
{
	int64_t now = dispatch_now(job->dispatch);
	struct lane *next = job_next_lane(job);

	if (!next)
		return false;
	tell(job, event, reason);
	free(job->delivery->channel);
	job->delivery->channel = str_new(next->id);
	job_set_lane(job, next);
	job->delivery->attempts = 0;
	job->delivery->starts = 0;
	job->unknowns = 0;
	job->delivery->state = DELIVERY_WAITING;
	job->delivery->next_at = now;
	job->delivery->expire_at = MAX_OF(job->delivery->expire_at, now + FALLBACK_TIME_MS);
	set_reason(job->delivery, reason);
	settle_record(job);
	job_make_ready(job);
	return true;
}

bool settle_around(struct job *job)
{
	return settle_elsewhere(job, EVENT_RETRY, "its channel has not worked for 5 minutes");
}

void settle_expired(struct job *job)
{
	const struct lane *lane = job->lane;
	auto_free char *broken = NULL;
	const char *reason = job->delivery->reason ? job->delivery->reason : "its time had passed";

	if (lane->breaker.open && !job->delivery->attempts) {
		broken = str_printf("its channel did not work until its time had passed: %s",
			lane->reason ? lane->reason : "");
		reason = broken;
	}
	settle_failure(job, DELIVERY_EXPIRED, EVENT_EXPIRED, reason);
}

void settle_failure(
	struct job *job, enum delivery_state state, enum event_id event, const char *reason)
{
	if (!settle_elsewhere(job, event, reason))
		job_end(job, state, event, reason);
}

static void hand_over_queued(struct job *job)
{
	enum job_phase phase = job->phase;
	int64_t next_at = job->delivery->next_at;

	if (str_empty(job->delivery->fallback) ||
		(phase == JOB_WAITING && !job->delivery->attempts))
		return;
	job_leave_queue(job);
	if (settle_around(job))
		return;
	if (phase == JOB_WAITING)
		job_make_wait(job, next_at);
	else
		job_make_ready(job);
}

void settle_hand_over(struct lane *lane)
{
	struct job *job, *next;

	if (lane->handed_over || !lane_gave_up(lane))
		return;
	lane->handed_over = true;
	HASH_ITER(hh, lane->dispatch->jobs, job, next)
		if (job->lane == lane && (job->phase == JOB_READY || job->phase == JOB_WAITING))
			hand_over_queued(job);
}

void settle_cancelled(struct job *job, const char *reason)
{
	job_end(job, DELIVERY_CANCELLED, EVENT_CANCELLED, reason);
}

void settle_quarantined(struct job *job)
{
	auto_free char *reason = str_printf("nudged ended %d times while it was being sent; "
					    "`nudgectl retry` sends it all the same",
		job->delivery->starts);

	job_end(job, DELIVERY_QUARANTINED, EVENT_QUARANTINED, reason);
}

/* The receiver asks all of its channel to wait. */
static void rest_lane(struct lane *lane, int64_t asked_ms)
{
	int64_t wait = retry_delay_ms(
		&lane->policy, 1, asked_ms, (uint32_t)random_below(UINT64_C(1) << 32));

	lane->paused_mono = MAX_OF(lane->paused_mono, dispatch_mono(lane->dispatch) + wait);
}

/* When to try again. Where the time ends before, once more in what is left of it: the channel may
 * work by then. At or after the expiry: not at all. */
static int64_t next_try_at(const struct job *job, const struct verdict *verdict)
{
	const struct delivery *delivery = job->delivery;
	uint32_t chance = (uint32_t)random_below(UINT64_C(1) << 32);
	int64_t now = dispatch_now(job->dispatch), left = delivery->expire_at - now;
	int64_t wait = retry_delay_ms(
		&job->lane->policy, MAX_OF(delivery->attempts, 1), verdict->delay_ms, chance);

	if (wait >= left && verdict->delay_ms < left && left > LAST_TRY_MS)
		wait = MAX_OF(
			left / 2 + (int64_t)random_below((uint64_t)left / 4), verdict->delay_ms);
	return now + wait;
}

static void retry_later(struct job *job, const struct verdict *verdict, const char *reason)
{
	struct delivery *delivery = job->delivery;
	int64_t at = next_try_at(job, verdict), wait = at - dispatch_now(job->dispatch);
	char words[400];

	if (verdict->whole_destination && verdict->delay_ms >= 0)
		rest_lane(job->lane, verdict->delay_ms);
	if (lane_gave_up(job->lane) && settle_elsewhere(job, EVENT_RETRY, reason))
		return;
	if (at >= delivery->expire_at) {
		snprintf(words, sizeof(words), "given up after %d attempts: %s", delivery->attempts,
			reason);
		settle_failure(job, DELIVERY_EXPIRED, EVENT_EXPIRED, words);
		return;
	}
	delivery->state = DELIVERY_WAITING;
	delivery->next_at = at;
	set_reason(delivery, reason);
	snprintf(words, sizeof(words), "again in %lld.%lld s: %s", (long long)wait / 1000,
		(long long)wait % 1000 / 100, reason);
	tell(job, EVENT_RETRY, words);
	settle_record(job);
	if (!shelf_takes_back(job))
		job_make_wait(job, at);
}

/* Sent, and no answer: it may have arrived. Repeated freely only where the receiver drops doubles.
 */
static void no_answer(struct job *job, const struct verdict *verdict, const char *reason)
{
	if (verdict->safe_to_repeat || job->unknowns++ < UNKNOWN_REPEATS)
		retry_later(job, verdict, reason);
	else
		settle_failure(job, DELIVERY_EXPIRED, EVENT_EXPIRED,
			"sent, but no answer came: not repeated again, it may have arrived");
}

static void moved(struct job *job, const struct verdict *verdict, const char *reason)
{
	if (job->address || str_empty(verdict->address)) {
		settle_failure(job, DELIVERY_REFUSED, EVENT_REFUSED, reason);
		return;
	}
	job->address = str_new(verdict->address);
	job_make_ready(job);
}

/* What the attempt says of the receiver. */
static void hear_lane(
	struct lane *lane, const struct verdict *verdict, bool failing, const char *reason)
{
	if (verdict->outcome == NUDGED_REFUSED_DESTINATION && verdict->whole_destination)
		breaker_fail(lane, FAULT_GONE, reason);
	else if (verdict->outcome == NUDGED_MISCONFIGURED)
		breaker_fail(lane, FAULT_SETTING, reason);
	else if (failing)
		breaker_fail(lane, FAULT_PASSING, reason);
	else
		breaker_close(lane, verdict->outcome != NUDGED_RETRY);
}

/* A receiver may repeat what it was sent: of a message that is personal only its status is told. */
static bool may_quote(const struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++)
		if (delivery->items[i]->personal)
			return delivery->status == 0; /* they are our own words: nothing answered */
	return true;
}

void settle_verdict(struct job *job, const struct verdict *verdict, bool failing)
{
	struct lane *lane = job->lane;
	const char *reason = verdict->reason ? verdict->reason : outcome_names[verdict->outcome];
	char unquoted[48];

	if (!may_quote(job->delivery)) {
		snprintf(unquoted, sizeof(unquoted), "the receiver answered %d",
			job->delivery->status);
		reason = unquoted;
	}
	hear_lane(lane, verdict, failing, reason);
	job->suspect = false;
	job->delivery->starts = 0;
	job_end_turn(job);
	switch (verdict->outcome) {
	case NUDGED_SENT:
		free(job->delivery->receipt);
		job->delivery->receipt = str_new(verdict->receipt);
		job_end(job, DELIVERY_DELIVERED, EVENT_DELIVERED, "delivered");
		return;
	case NUDGED_RETRY:
		retry_later(job, verdict, reason);
		return;
	case NUDGED_MOVED:
		moved(job, verdict, reason);
		return;
	case NUDGED_UNKNOWN:
		no_answer(job, verdict, reason);
		return;
	case NUDGED_REFUSED_DESTINATION:
		settle_failure(job, DELIVERY_REFUSED, EVENT_REFUSED, reason);
		return;
	case NUDGED_MISCONFIGURED:
		if (str_empty(job->delivery->fallback))
			retry_later(job, verdict, reason);
		else
			settle_failure(job, DELIVERY_REFUSED, EVENT_REFUSED, reason);
		return;
	case NUDGED_REFUSED_PAYLOAD:
		break;
	}
	settle_failure(job, DELIVERY_REFUSED, EVENT_REFUSED, reason);
}
