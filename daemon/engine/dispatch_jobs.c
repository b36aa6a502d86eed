/* Jobs: one open delivery each, in memory and in at most one queue of its lane. The only place that
 * moves a job between queues, and that keeps a lane's counts. */
#include "base/str.h"
#include "engine/dispatch_internal.h"
#include "engine/follow.h"

struct job *job_find(const struct dispatch *dispatch, struct id id)
{
	struct job *job;

	HASH_FIND(hh, dispatch->jobs, id.bytes, sizeof(id.bytes), job);
	return job;
}

struct job *job_new(struct dispatch *dispatch, struct delivery *delivery)
{
	struct job *job = mem_new(sizeof(*job));

	job->dispatch = dispatch;
	job->delivery = delivery;
	job->phase = JOB_ENDED;
	HASH_ADD_KEYPTR(hh, dispatch->jobs, delivery->id.bytes, sizeof(delivery->id.bytes), job);
	return job;
}

bool job_is_in_flight(const struct job *job)
{
	return job->phase == JOB_FLYING || job->phase == JOB_MARKING;
}

bool job_goes_alone(const struct job *job)
{
	return job->suspect && job->delivery->starts > job->marked;
}

bool job_drop_item(struct job *job, size_t at)
{
	const struct occurrence *item = job->delivery->items[at];
	struct change *closing = follow_closing(item);

	if (closing)
		store_apply(job->dispatch->settings.store, closing, NULL, NULL);
	if (job->delivery->count == 1)
		return false;
	delivery_drop_item(job->delivery, item->id);
	return true;
}

void job_end_turn(struct job *job)
{
	struct job *other, *next;

	if (job->dispatch->alone != job)
		return;
	job->dispatch->alone = NULL;
	HASH_ITER(hh, job->dispatch->jobs, other, next) {
		if (other->phase == JOB_WAITING && !other->aside && job_goes_alone(other)) {
			job_leave_queue(other);
			job_make_first(other);
			return;
		}
	}
}

struct delivery *job_take(struct job *job)
{
	struct dispatch *dispatch = job->dispatch;
	struct delivery *delivery = job->delivery;

	assert(job->phase == JOB_ENDED);
	job_end_turn(job);
	shelves_note_gone(dispatch, delivery->id);
	job_set_lane(job, NULL);
	HASH_DEL(dispatch->jobs, job);
	free(job->address);
	free(job);
	return delivery;
}

void job_free(struct job *job)
{
	delivery_free(job_take(job));
}

const struct person *job_person(const struct job *job)
{
	return model_person(job->dispatch->model, job->delivery->recipient);
}

void job_set_lane(struct job *job, struct lane *lane)
{
	assert(job->phase == JOB_ENDED);
	if (job->lane)
		job->lane->n_jobs--;
	job->lane = lane;
	if (lane)
		lane->n_jobs++;
}

void job_leave_queue(struct job *job)
{
	if (job->phase == JOB_READY) {
		TAILQ_REMOVE(&job->lane->ready, job, in_ready);
		job->lane->n_ready--;
	} else if (job->phase == JOB_WAITING) {
		heap_remove(&job->lane->waiting, &job->wait);
		job->lane->n_aside -= job->aside;
	} else if (job_is_in_flight(job)) {
		job->lane->in_flight--;
		job->dispatch->in_flight--;
	}
	job->aside = false;
	job->phase = JOB_ENDED;
}

void job_make_ready(struct job *job)
{
	assert(job->phase == JOB_ENDED);
	job->phase = JOB_READY;
	TAILQ_INSERT_TAIL(&job->lane->ready, job, in_ready);
	job->lane->n_ready++;
	dispatch_wake(job->dispatch);
}

void job_make_first(struct job *job)
{
	job_make_ready(job);
	TAILQ_REMOVE(&job->lane->ready, job, in_ready);
	TAILQ_INSERT_HEAD(&job->lane->ready, job, in_ready);
}

void job_make_wait(struct job *job, int64_t next_at)
{
	assert(job->phase == JOB_ENDED);
	job->phase = JOB_WAITING;
	heap_put(&job->lane->waiting, &job->wait, next_at);
	dispatch_wake(job->dispatch);
}

void job_put_aside(struct job *job, int64_t until)
{
	job_make_wait(job, until);
	job->aside = true;
	job->lane->n_aside++;
}

void job_make_fly(struct job *job, enum job_phase phase)
{
	assert(job->phase == JOB_ENDED);
	job->phase = phase;
	job->lane->in_flight++;
	job->dispatch->in_flight++;
}

void job_enter(struct job *job)
{
	if (job->delivery->next_at > dispatch_now(job->dispatch))
		job_make_wait(job, job->delivery->next_at);
	else
		job_come_due(job);
}

void job_come_due(struct job *job)
{
	if (!lane_gave_up(job->lane) || lane_may_probe(job->lane) || !settle_around(job))
		job_make_ready(job);
}

struct lane *job_next_lane(struct job *job)
{
	struct dispatch *dispatch = job->dispatch;
	const struct person *person = job_person(job);

	while (!str_empty(job->delivery->fallback)) {
		char *list = job->delivery->fallback;
		size_t len = strcspn(list, " ");
		auto_free char *id = str_new_n(list, len);
		struct lane *lane = lane_find(dispatch->lanes, dispatch->n_lanes, id);

		job->delivery->fallback = list[len] ? str_new(list + len + 1) : NULL;
		free(list);
		if (lane && (!outlet_needs_address(lane->outlet) ||
				    (person && person_address(person, lane->channel))))
			return lane;
	}
	return NULL;
}
