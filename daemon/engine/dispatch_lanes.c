/* Lanes come from the model and are exchanged with it: an unchanged channel keeps its connections
 * and its queue, a changed one starts anew, a removed one hands its deliveries on. */
#include "base/str.h"
#include "engine/dispatch_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
	TRANSFERS_MAX = 8192, /* of all lanes at once */
	FILES_KEPT = 512,     /* descriptors for everything else */
};

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

	job_set_lane(job, lane_find(dispatch->lanes, dispatch->n_lanes, job->delivery->channel));
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
	bool aside = job->aside;

	if (phase == JOB_FLYING || phase == JOB_MARKING)
		return; /* it finishes on its old lane */
	job_leave_queue(job);
	if (!job_check_way(job))
		return;
	if (aside)
		job_put_aside(job, job->wait.key);
	else if (phase == JOB_WAITING)
		job_make_wait(job, job->wait.key);
	else if (phase == JOB_CHECKED)
		job->phase = phase;
	else
		job_make_ready(job);
}

/* All lanes together have so many transfers at most; where their concurrencies come to more, each
 * has its share, and none can take another's. */
static void share_transfers(struct dispatch *dispatch)
{
	struct rlimit files = {.rlim_cur = 1024};
	size_t wanted = 0, all;

	getrlimit(RLIMIT_NOFILE, &files);
	all = MIN_OF((size_t)TRANSFERS_MAX, files.rlim_cur > 2 * FILES_KEPT
						    ? (size_t)files.rlim_cur - FILES_KEPT
						    : (size_t)FILES_KEPT);
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		wanted += dispatch->lanes[i]->channel->concurrency;
	for (size_t i = 0; i < dispatch->n_lanes; i++) {
		struct lane *lane = dispatch->lanes[i];
		size_t own = lane->channel->concurrency;

		lane->most = wanted <= all ? own : MAX_OF(own * all / wanted, (size_t)1);
	}
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
	share_transfers(dispatch);
	HASH_ITER(hh, dispatch->jobs, job, next)
		job_review(job);
	for (size_t i = 0; i < n_old; i++)
		lane_release(old[i]);
	free(old);
	model_unref(old_model);
	dispatch_wake(dispatch);
	return 0;
}
