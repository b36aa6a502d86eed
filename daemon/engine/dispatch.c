/* Lanes, pacing and sending. Owns the open deliveries that are in memory, and the transfers of them.
 * Sends only while the store can record what becomes of it. Each turn begins with another lane and
 * gives each a share, so that none waits for the others. */
#include "base/str.h"
#include "engine/dispatch_internal.h"
#include "engine/follow.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

enum {
	LINK_LIFE_S = 30 * 86400,
	PUMP_SLICE = 512, /* transfers started a turn: I/O goes between */
	LANE_SLICE = 128, /* by one lane */
	ALONE_MS = 1000,  /* until a suspect looks again whether it may go */
	UNSETTLED_MAX = 8192,
};

int64_t dispatch_now(const struct dispatch *dispatch)
{
	return clock_now(dispatch->settings.clock);
}

int64_t dispatch_mono(const struct dispatch *dispatch)
{
	return clock_mono(dispatch->settings.clock);
}

void dispatch_wake(struct dispatch *dispatch)
{
	event_active(dispatch->pump, 0, 0);
}

/* ---- lanes ---- */

struct lane *lane_find(struct lane **lanes, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(lanes[i]->id, id))
			return lanes[i];
	return NULL;
}

void lane_free(struct lane *lane)
{
	if (lane->account)
		account_close(lane->account);
	outlet_close(lane->outlet);
	heap_free(&lane->waiting);
	free(lane->reason);
	free(lane->id);
	free(lane);
}

void lane_release(struct lane *lane)
{
	if (lane->retired && !lane->in_flight)
		lane_free(lane);
}

static void on_room(void *owner)
{
	struct lane *lane = owner;

	dispatch_wake(lane->dispatch);
}

int lane_open(struct dispatch *dispatch, const struct channel *channel, struct lane **ret,
	char **ret_error)
{
	struct lane *lane = mem_new(sizeof(*lane));
	struct account_settings account = {.id = channel->id,
		.concurrency = channel->concurrency,
		.timeout_ms = channel->timeout_ms,
		.allow_private = channel->allow_private,
		.ca_file = channel->ca_file,
		.client_cert = channel->client_cert,
		.proxy = channel->proxy};
	int r;

	lane->dispatch = dispatch;
	lane->channel = channel;
	lane->id = str_new(channel->id);
	lane->policy = (struct retry_policy){channel->retry_base_ms, channel->retry_max_ms};
	TAILQ_INIT(&lane->ready);
	r = channels_open_outlet(
		dispatch->settings.channels, channel, false, &lane->outlet, ret_error);
	if (r < 0) {
		lane_free(lane);
		return r;
	}
	lane->account = account_open(dispatch->courier, &account);
	account_on_room(lane->account, on_room, lane);
	lane->rate = channel->rate < 0 ? outlet_default_rate(lane->outlet) : channel->rate;
	lane->tokens = MAX_OF(lane->rate, 1);
	lane->tokens_mono = dispatch_mono(dispatch);
	*ret = lane;
	return 0;
}

/* A token bucket that holds one second's worth. */
static bool lane_take_token(struct lane *lane)
{
	double most = MAX_OF(lane->rate, 1);
	int64_t now;

	if (lane->rate <= 0)
		return true;
	now = dispatch_mono(lane->dispatch);
	lane->tokens += (double)(now - lane->tokens_mono) * lane->rate / 1000;
	lane->tokens_mono = now;
	if (lane->tokens > most)
		lane->tokens = most;
	if (lane->tokens < 1)
		return false;
	lane->tokens -= 1;
	return true;
}

/* Monotonic ms until which the lane must rest; 0: it need not. */
static int64_t lane_rest_until(struct lane *lane)
{
	const struct dispatch *dispatch = lane->dispatch;
	int64_t until = dispatch->settings.paused_until(dispatch->settings.owner, lane->id);
	int64_t now;

	if (!until && !lane->paused_mono && !lane->breaker.open)
		return 0;
	now = dispatch_mono(dispatch);
	if (until > dispatch_now(dispatch))
		return until == TIME_NEVER ? TIME_NEVER : now + (until - dispatch_now(dispatch));
	until = MAX_OF(lane->paused_mono, lane->breaker.probe_mono);
	return until > now ? until : 0;
}

/* ---- sending ---- */

int64_t dispatch_link_expiry_s(int64_t created_at)
{
	return created_at / 1000 + LINK_LIFE_S;
}

static char **make_urls(const struct job *job)
{
	const struct dispatch *dispatch = job->dispatch;
	const struct delivery *delivery = job->delivery;
	const char *base = dispatch->model->public_url;
	char **urls = mem_new_array(delivery->count, sizeof(*urls));
	char token[LINK_TOKEN + 1];

	if (!base || outlet_is_room(job->lane->outlet) || str_starts(delivery->recipient, "room:"))
		return urls;
	for (size_t i = 0; i < delivery->count; i++) {
		link_write(dispatch->settings.link_key, delivery->items[i]->id,
			dispatch_link_expiry_s(delivery->created_at), token);
		urls[i] = str_printf("%s/a/%s", base, token);
	}
	return urls;
}

static int job_encode(struct job *job, struct nudged_request **ret, char **ret_error)
{
	const struct person *person = job_person(job);
	const char *address = job->address;
	char **urls = make_urls(job);
	auto_free struct nudged_delivery *view = NULL;
	int r;

	if (!address && person)
		address = person_address(person, job->lane->channel);
	view = channels_view_delivery(job->delivery, person ? person->name : NULL, address,
		(const char *const *)urls, dispatch_now(job->dispatch));
	r = outlet_encode(job->lane->outlet, view, ret, ret_error);
	for (size_t i = 0; i < job->delivery->count; i++)
		free(urls[i]);
	free(urls);
	return r;
}

/* Whether an attempt that failed speaks of the receiver, and not of this message alone: nothing
 * answered, the server is in trouble, or it wants nobody just now. */
static bool receiver_fails(const struct nudged_response *response, const struct verdict *verdict)
{
	if (verdict->outcome != NUDGED_RETRY)
		return verdict->outcome == NUDGED_UNKNOWN;
	if (response->transport != NUDGED_ARRIVED && response->transport != NUDGED_BODY_TOO_LARGE)
		return true;
	if (verdict->delay_ms >= 0)
		return false; /* it works, and asks for time */
	return verdict->whole_destination ||
	       (response->protocol == NUDGED_HTTP && response->status >= 500);
}

static void on_response(void *owner, const struct nudged_response *response)
{
	struct job *job = owner;
	struct lane *lane = job->lane;
	struct verdict verdict = {0};

	outlet_judge(lane->outlet, response, &verdict);
	job->transfer = NULL;
	job->delivery->status = response->status;
	job_leave_queue(job);
	/* What was accepted is delivered, whatever the configuration says by now. */
	if (verdict.outcome == NUDGED_SENT || job_check_way(job))
		settle_verdict(job, &verdict, receiver_fails(response, &verdict));
	verdict_clear(&verdict);
	lane_release(lane);
}

/* One that was being sent when the process ended goes while no other such one is under way, so that
 * the innocent are not counted with it. */
static bool must_wait_for_turn(const struct job *job)
{
	const struct job *alone = job->dispatch->alone;

	return job_goes_alone(job) && alone && alone != job && job_is_in_flight(alone);
}

/* Its start is recorded before it is made. */
static bool suspect_may_go(struct job *job)
{
	if (must_wait_for_turn(job)) {
		job_make_wait(job, dispatch_now(job->dispatch) + ALONE_MS);
		return false;
	}
	if (job_goes_alone(job))
		job->dispatch->alone = job;
	if (!job->marked)
		settle_start(job);
	return job->marked;
}

static void job_start(struct job *job)
{
	struct lane *lane = job->lane;
	struct nudged_request *request;
	auto_free char *error = NULL;

	job_leave_queue(job);
	if (dispatch_now(job->dispatch) >= job->delivery->expire_at) {
		settle_expired(job);
		return;
	}
	if (job->suspect && !suspect_may_go(job))
		return;
	job->delivery->attempts++;
	if (job_encode(job, &request, &error) < 0) {
		settle_failure(job, DELIVERY_REFUSED, EVENT_REFUSED, error);
		return;
	}
	job_make_fly(job, JOB_FLYING);
	job->transfer = courier_send(lane->account, request, on_response, job);
}

static void lane_wake_waiting(struct lane *lane)
{
	struct heap_node *first;
	int64_t now = dispatch_now(lane->dispatch);

	while ((first = heap_first(&lane->waiting)) && first->key <= now) {
		struct job *job = container_of(first, struct job, wait);

		job_leave_queue(job);
		job_come_due(job);
	}
}

/* Puts a job aside that is for somebody, or about something, that is paused. What an administrator
 * sends by hand goes all the same. */
static bool job_is_put_aside(struct job *job)
{
	struct dispatch *dispatch = job->dispatch;
	const struct delivery *delivery = job->delivery;
	int64_t until;

	if (delivery->purpose == PURPOSE_MANUAL)
		return false;
	until = dispatch->settings.held_until(dispatch->settings.owner, delivery);
	if (!until || until <= dispatch_now(dispatch))
		return false;
	job_leave_queue(job);
	job_put_aside(job, MIN_OF(until, delivery->expire_at));
	return true;
}

static bool lane_may_start(struct lane *lane)
{
	return !lane_rest_until(lane) && (!lane->breaker.open || !lane->in_flight) &&
	       lane->in_flight < lane->most && account_has_room(lane->account) &&
	       lane_take_token(lane);
}

/* How many were started. Expired ones need no room: they leave even while the lane rests. */
static int lane_pump(struct lane *lane, int slice)
{
	struct job *job;
	int started = 0;

	lane_wake_waiting(lane);
	settle_hand_over(lane);
	breaker_find_probe(lane);
	while ((job = TAILQ_FIRST(&lane->ready)) && started < slice) {
		bool expired = dispatch_now(lane->dispatch) >= job->delivery->expire_at;

		if (!expired && job_is_put_aside(job))
			continue;
		if (!expired && !lane_may_start(lane))
			break;
		started++;
		job_start(job);
	}
	return started;
}

/* ms until the lane has something to do by itself, or TIME_NEVER. */
static int64_t lane_next_ms(struct lane *lane)
{
	struct heap_node *first = heap_first(&lane->waiting);
	struct job *ready = TAILQ_FIRST(&lane->ready);
	int64_t now = dispatch_now(lane->dispatch), next = TIME_NEVER, rest;

	if (first)
		next = MAX_OF(first->key - now, 0);
	if ((first || ready) && lane->breaker.open && !lane->handed_over)
		next = MIN_OF(
			next, MAX_OF(lane_gives_up_at(lane) - dispatch_mono(lane->dispatch), 0));
	rest = lane_rest_until(lane);
	if (first && lane->breaker.open && rest && rest != TIME_NEVER)
		next = MIN_OF(next, rest - dispatch_mono(lane->dispatch));
	if (!ready)
		return next;
	next = MIN_OF(next, MAX_OF(ready->delivery->expire_at - now, 0));
	if (rest && rest != TIME_NEVER)
		next = MIN_OF(next, rest - dispatch_mono(lane->dispatch));
	else if (!rest && lane->rate > 0 && lane->tokens < 1)
		next = MIN_OF(next, (int64_t)((1 - lane->tokens) * 1000 / lane->rate) + 1);
	return next;
}

int64_t dispatch_next_ms(const struct dispatch *dispatch)
{
	int64_t next = shelves_next_ms(dispatch);

	for (size_t i = 0; i < dispatch->n_lanes; i++)
		next = MIN_OF(next, lane_next_ms(dispatch->lanes[i]));
	return next;
}

static void dispatch_set_timer(struct dispatch *dispatch)
{
	int64_t next = dispatch_next_ms(dispatch);
	struct timeval delay;

	if (next == TIME_NEVER || dispatch->held) {
		evtimer_del(dispatch->timer);
		return;
	}
	next = MIN_OF(MAX_OF(next, 1), INT64_C(86400000));
	delay = (struct timeval){.tv_sec = next / 1000, .tv_usec = next % 1000 * 1000};
	evtimer_add(dispatch->timer, &delay);
}

static void dispatch_turn(struct dispatch *dispatch)
{
	int left = PUMP_SLICE;
	bool more = false;

	for (size_t i = 0; i < dispatch->n_lanes; i++) {
		struct lane *lane = dispatch->lanes[(dispatch->turn + i) % dispatch->n_lanes];
		int slice = MIN_OF(left, LANE_SLICE), started = lane_pump(lane, slice);

		left -= started;
		more |= started == slice;
	}
	dispatch->turn++;
	if (more)
		dispatch_wake(dispatch);
}

static void on_pump(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct dispatch *dispatch = data;

	if (!dispatch->held && !dispatch->unrecorded && dispatch->unsettled < UNSETTLED_MAX) {
		dispatch_turn(dispatch);
		shelves_review(dispatch);
	}
	settle_flush_soon(dispatch);
	dispatch_set_timer(dispatch);
}

/* ---- life ---- */

int dispatch_new(const struct dispatch_settings *settings, struct dispatch **ret)
{
	struct dispatch *dispatch = mem_new(sizeof(*dispatch));
	int r;

	dispatch->settings = *settings;
	r = courier_new(settings->loop, &dispatch->courier);
	if (r < 0) {
		free(dispatch);
		return r;
	}
	dispatch->pump = event_new(settings->loop, -1, 0, on_pump, dispatch);
	dispatch->timer = evtimer_new(settings->loop, on_pump, dispatch);
	dispatch->limits = dispatch_limits;
	dispatch->suspect_by = INT64_MIN;
	LIST_INIT(&dispatch->checks);
	LIST_INIT(&dispatch->settlements);
	*ret = dispatch;
	return 0;
}

void dispatch_free(struct dispatch *dispatch)
{
	struct job *job, *next;

	if (!dispatch)
		return;
	settle_flush(dispatch);
	dispatch_cancel_notes(dispatch);
	HASH_ITER(hh, dispatch->jobs, job, next) {
		struct lane *lane = job->lane;

		if (job->transfer)
			transfer_cancel(job->transfer);
		job_leave_queue(job);
		job_free(job);
		lane_release(lane);
	}
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		lane_free(dispatch->lanes[i]);
	free(dispatch->lanes);
	shelves_free(dispatch);
	settle_free_all(dispatch);
	courier_free(dispatch->courier);
	event_free(dispatch->pump);
	event_free(dispatch->timer);
	model_unref(dispatch->model);
	free(dispatch);
}

void dispatch_submit(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane = lane_find(dispatch->lanes, dispatch->n_lanes, delivery->channel);
	struct job *job;

	assert(delivery->state == DELIVERY_WAITING);
	if (job_find(dispatch, delivery->id) || shelf_takes(dispatch, lane, delivery)) {
		delivery_free(delivery);
		dispatch_wake(dispatch);
		return;
	}
	job = job_new(dispatch, delivery);
	if (job_check_way(job))
		job_enter(job);
}

void dispatch_suspect(struct dispatch *dispatch, int64_t recorded_by)
{
	dispatch->suspect_by = recorded_by;
}

void dispatch_withdraw(struct dispatch *dispatch, struct id id)
{
	shelves_note_gone(dispatch, id);
}

const struct delivery *dispatch_find(const struct dispatch *dispatch, struct id id)
{
	struct job *job = job_find(dispatch, id);

	return job ? job->delivery : NULL;
}

bool dispatch_hurry(struct dispatch *dispatch, struct id id)
{
	struct job *job = job_find(dispatch, id);

	if (job && job->phase == JOB_WAITING) {
		job_leave_queue(job);
		job_make_ready(job);
	}
	return job != NULL;
}

static void job_cancel(struct job *job, const char *reason)
{
	struct lane *lane = job->lane;

	if (job->transfer)
		transfer_cancel(job->transfer);
	job->transfer = NULL;
	job_leave_queue(job);
	settle_cancelled(job, reason);
	lane_release(lane);
}

bool dispatch_cancel(struct dispatch *dispatch, struct id id, const char *reason)
{
	struct job *job = job_find(dispatch, id);

	if (job)
		job_cancel(job, reason);
	return job != NULL;
}

void dispatch_drop_answered(
	struct dispatch *dispatch, const struct occurrence *answered, const char *reason)
{
	struct job *job, *next;

	HASH_ITER(hh, dispatch->jobs, job, next) {
		if (job->transfer || job->delivery->purpose == PURPOSE_MANUAL)
			continue;
		for (size_t i = job->delivery->count; i-- > 0;) {
			if (!follow_is_needless(job->delivery->items[i], answered) ||
				job_drop_item(job, i))
				continue;
			job_cancel(job, reason);
			break;
		}
	}
}

void dispatch_cancel_person(struct dispatch *dispatch, const char *person, const char *reason)
{
	struct job *job, *next;

	dispatch->asked_in_vain |= dispatch->asking > 0;
	HASH_ITER(hh, dispatch->jobs, job, next)
		if (str_eq(job->delivery->recipient, person))
			job_cancel(job, reason);
}

void dispatch_hold(struct dispatch *dispatch, bool held)
{
	dispatch->held = held;
	dispatch_wake(dispatch);
}

void dispatch_review(struct dispatch *dispatch)
{
	struct job *job, *next;

	HASH_ITER(hh, dispatch->jobs, job, next) {
		if (!job->aside)
			continue;
		job_leave_queue(job);
		job_make_ready(job);
	}
	dispatch_wake(dispatch);
}

size_t dispatch_waiting(const struct dispatch *dispatch)
{
	return HASH_COUNT(dispatch->jobs) - dispatch->in_flight + shelves_count(dispatch);
}

size_t dispatch_in_flight(const struct dispatch *dispatch)
{
	return dispatch->in_flight + dispatch->unsettled;
}

bool dispatch_is_held(const struct dispatch *dispatch)
{
	return dispatch->held;
}

bool dispatch_is_failing(const struct dispatch *dispatch, const char *channel)
{
	const struct lane *lane = lane_find(dispatch->lanes, dispatch->n_lanes, channel);

	return lane && lane->breaker.open;
}

bool dispatch_channel_status(
	const struct dispatch *dispatch, size_t index, struct channel_status *ret)
{
	struct lane *lane;
	int64_t rest;

	if (index >= dispatch->n_lanes)
		return false;
	lane = dispatch->lanes[index];
	rest = lane_rest_until(lane);
	*ret = (struct channel_status){.id = lane->id,
		.plugin = lane->channel->plugin,
		.waiting = lane->n_ready + lane->waiting.count + shelf_count(dispatch, lane->id),
		.broken = lane->breaker.open,
		.broken_since_at = lane->breaker.opened_at,
		.in_flight = lane->in_flight,
		.reason = lane->reason ? lane->reason : ""};
	if (rest)
		ret->paused_until_at = rest == TIME_NEVER ? TIME_NEVER
							  : dispatch_now(dispatch) + rest -
								    dispatch_mono(dispatch);
	return true;
}
