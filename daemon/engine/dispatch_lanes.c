/* Lanes come from the model and are exchanged with it: an unchanged channel keeps its connections
 * and its queue, a changed one starts anew, a removed one hands its deliveries on. Also the test
 * message, which takes a channel's way without being recorded. */
#include "base/str.h"
#include "engine/dispatch_internal.h"

#include <errno.h>
#include <stdio.h>

static bool setting_equal(const struct setting *a, const struct setting *b)
{
	return str_eq(a->name, b->name) && str_eq(a->text, b->text) &&
	       secret_equal(a->secret, b->secret);
}

static bool channel_equal(const struct channel *a, const struct channel *b)
{
	if (!str_eq(a->plugin, b->plugin) || a->n_settings != b->n_settings || a->rate != b->rate ||
		a->concurrency != b->concurrency || a->timeout_ms != b->timeout_ms ||
		a->retry_base_ms != b->retry_base_ms || a->retry_max_ms != b->retry_max_ms ||
		a->allow_private != b->allow_private || !str_eq(a->ca_file, b->ca_file) ||
		!str_eq(a->client_cert, b->client_cert) || !str_eq(a->proxy, b->proxy))
		return false;
	for (size_t i = 0; i < a->n_settings; i++)
		if (!setting_equal(&a->settings[i], &b->settings[i]))
			return false;
	return true;
}

static void lanes_free(struct lane **lanes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lanes[i])
			lane_free(lanes[i]);
	free(lanes);
}

/* Opens a lane for each channel that is new or changed; the others stay NULL. */
static int open_new_lanes(
	struct dispatch *dispatch, struct model *model, struct lane ***ret, char **ret_error)
{
	struct lane **lanes = mem_new_array(model->n_channels, sizeof(*lanes));
	int r;

	for (size_t i = 0; i < model->n_channels; i++) {
		struct lane *old =
			lane_find(dispatch->lanes, dispatch->n_lanes, model->channels[i]->id);

		if (old && channel_equal(old->channel, model->channels[i]))
			continue;
		r = lane_open(dispatch, model->channels[i], &lanes[i], ret_error);
		if (r < 0) {
			lanes_free(lanes, model->n_channels);
			return r;
		}
	}
	*ret = lanes;
	return 0;
}

/* Why the new model has no use for an open delivery, or NULL. */
static const char *why_removed(const struct model *model, const struct delivery *delivery)
{
	if (!str_starts(delivery->recipient, "room:") && !model_person(model, delivery->recipient))
		return "the person was removed from the configuration";
	for (size_t i = 0; i < delivery->count; i++)
		if (model_reminder(model, delivery->items[i]->key.reminder))
			return NULL;
	return delivery->count ? "the reminder was removed from the configuration" : NULL;
}

/* A delivery whose channel is gone goes by what its person has now. */
static void offer_other_ways(struct job *job)
{
	const struct person *person = job_person(job);
	struct buf ways = BUF_MAX(4096);

	if (!person || !str_empty(job->delivery->fallback))
		return;
	for (size_t i = 0; i < person->n_via; i++)
		buf_printf(&ways, "%s%s", i ? " " : "", person->via[i]->id);
	free(job->delivery->fallback);
	job->delivery->fallback = buf_take(&ways);
}

bool job_check_way(struct job *job)
{
	struct dispatch *dispatch = job->dispatch;
	const char *why = why_removed(dispatch->model, job->delivery);

	assert(job->phase == JOB_ENDED);
	job->lane = lane_find(dispatch->lanes, dispatch->n_lanes, job->delivery->channel);
	if (why) {
		settle_cancelled(job, why);
		return false;
	}
	if (!job->lane) {
		offer_other_ways(job);
		settle_failure(job, DELIVERY_CANCELLED, EVENT_CANCELLED, "its channel was removed");
		return false;
	}
	return true;
}

static void job_review(struct job *job)
{
	enum job_phase phase = job->phase;

	if (phase == JOB_FLYING)
		return; /* it finishes on its old lane */
	job_leave_queue(job);
	if (!job_check_way(job))
		return;
	if (phase == JOB_WAITING)
		job_make_wait(job, job->wait.key);
	else
		job_make_ready(job);
}

int dispatch_use_model(struct dispatch *dispatch, struct model *model, char **ret_error)
{
	struct lane **lanes, **old = dispatch->lanes;
	struct model *old_model = dispatch->model;
	size_t n_old = dispatch->n_lanes;
	struct job *job, *next;
	int r = open_new_lanes(dispatch, model, &lanes, ret_error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_old; i++)
		old[i]->retired = true;
	for (size_t i = 0; i < model->n_channels; i++) {
		if (lanes[i])
			continue;
		lanes[i] = lane_find(old, n_old, model->channels[i]->id);
		lanes[i]->retired = false;
		lanes[i]->channel = model->channels[i];
	}
	dispatch->lanes = lanes;
	dispatch->n_lanes = model->n_channels;
	dispatch->model = model_ref(model);
	HASH_ITER(hh, dispatch->jobs, job, next)
		job_review(job);
	for (size_t i = 0; i < n_old; i++)
		lane_release(old[i]);
	free(old);
	model_unref(old_model);
	dispatch_wake(dispatch);
	return 0;
}

/* ---- a test message ---- */

struct test {
	struct dispatch *dispatch;
	struct outlet *outlet;
	struct account *account;
	char *shown;
	engine_on_test on_done;
	void *owner;
};

static void test_free(struct test *test)
{
	account_close(test->account);
	outlet_close(test->outlet);
	free(test->shown);
	free(test);
}

static void on_test_response(void *owner, const struct nudged_response *response)
{
	struct test *test = owner;
	struct verdict verdict = {0};
	auto_free char *words = NULL;

	outlet_judge(test->outlet, response, &verdict);
	words = str_printf("%s%s%s (status %d)", outcome_names[verdict.outcome],
		verdict.reason ? ": " : "", verdict.reason ? verdict.reason : "", response->status);
	test->on_done(
		test->owner, verdict.outcome == NUDGED_SENT ? 0 : -EREMOTEIO, test->shown, words);
	verdict_clear(&verdict);
	test_free(test);
}

/* The first person with an address there, so that a test needs none. */
static const char *any_address(const struct model *model, const struct channel *channel)
{
	for (size_t i = 0; i < model->n_people; i++)
		if (person_address(model->people[i], channel))
			return person_address(model->people[i], channel);
	return NULL;
}

static struct nudged_delivery *test_message(struct dispatch *dispatch, const char *address)
{
	int64_t now = dispatch_now(dispatch);
	static struct occurrence item;
	static struct occurrence *items[] = {&item};
	static struct delivery delivery;

	item = (struct occurrence){.key = {.reminder = (char *)"test"},
		.kind = (char *)"note",
		.due_at = now,
		.title = (char *)"A test from nudged",
		.text = (char *)"If you can read this, the channel works."};
	delivery = (struct delivery){.id = id_new(now),
		.recipient = (char *)"test",
		.purpose = PURPOSE_MANUAL,
		.created_at = now,
		.attempts = 1,
		.count = 1,
		.items = items};
	return channels_view_delivery(&delivery, NULL, address, NULL, now);
}

int dispatch_test(struct dispatch *dispatch, const char *channel, const char *address, bool send,
	engine_on_test on_done, void *owner)
{
	const struct channel *target = model_channel(dispatch->model, channel);
	struct test *test;
	struct nudged_request *request = NULL;
	auto_free struct nudged_delivery *message = NULL;
	auto_free char *error = NULL;
	struct lane *lane;
	int r;

	if (!target)
		return -ENOENT;
	test = mem_new(sizeof(*test));
	*test = (struct test){.dispatch = dispatch, .on_done = on_done, .owner = owner};
	r = lane_open(dispatch, target, &lane, &error);
	if (r == 0) {
		/* A lane of its own, taken apart: the test must not wait for the channel's queue.
		 */
		test->outlet = lane->outlet;
		test->account = lane->account;
		lane->outlet = NULL;
		lane->account = NULL;
		account_on_room(test->account, NULL, NULL);
		lane_free(lane);
		message = test_message(
			dispatch, address ? address : any_address(dispatch->model, target));
		message->purpose = NUDGED_TEST;
		r = outlet_encode(test->outlet, message, &request, &error);
	}
	if (r < 0) {
		on_done(owner, r, NULL, error);
		if (test->account)
			test_free(test);
		else
			free(test);
		return 0;
	}
	test->shown = channels_show_request(request);
	if (send) {
		courier_send(test->account, request, on_test_response, test);
		return 0;
	}
	on_done(owner, 0, test->shown, NULL);
	free(request);
	test_free(test);
	return 0;
}
