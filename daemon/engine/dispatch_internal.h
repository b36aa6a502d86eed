/* Inside dispatch: lanes and jobs. Shared by dispatch.c (queues, pacing, sending), dispatch_lanes.c
 * (lanes of a model), dispatch_settle.c (verdicts, states, grouped settlement) and dispatch_note.c
 * (messages that are not in the store). */
#pragma once

#include "base/heap.h"
#include "engine/dispatch.h"
#include "engine/report.h"
#include "model/retry.h"

#include <sys/queue.h>
#include <uthash.h>

struct event;

enum job_phase { JOB_READY, JOB_WAITING, JOB_FLYING, JOB_ENDED };

struct job {
	struct dispatch *dispatch;
	struct delivery *delivery;
	struct lane *lane;
	enum job_phase phase;
	struct heap_node wait; /* in lane->waiting by next_at */
	TAILQ_ENTRY(job) in_ready;
	struct transfer *transfer;
	bool paused;   /* waits for the end of a pause, not for another try */
	int unknowns;  /* attempts that got no answer */
	char *address; /* the receiver said: moved */
	UT_hash_handle hh;
};
TAILQ_HEAD(job_queue, job);

struct lane {
	struct dispatch *dispatch;
	const struct channel *channel; /* lent by dispatch->model; a retired lane keeps its own */
	char *id;
	struct outlet *outlet;
	struct account *account;
	struct retry_policy policy;
	struct job_queue ready;
	struct heap waiting;
	size_t n_ready, in_flight;
	double tokens, rate;
	int64_t tokens_mono, paused_mono; /* ms */
	int64_t broken_mono;              /* since when nothing arrives; 0: it works */
	char *reason;                     /* of the last failure */
	bool failing, retired;
	bool handed_over; /* what waits went by other channels already */
};

struct dispatch {
	struct dispatch_settings settings;
	struct courier *courier;
	struct model *model;
	struct lane **lanes;
	size_t n_lanes;
	struct job *jobs; /* by delivery id */
	struct event *pump, *timer;
	bool held;
	size_t in_flight;
	struct settlement *settlement; /* gathers this turn's outcomes */
	size_t unsettled;              /* outcomes not yet durable */
	LIST_HEAD(, flight) flights;   /* notes under way */
};

int64_t dispatch_now(const struct dispatch *dispatch);
void dispatch_wake(struct dispatch *dispatch); /* pump at the end of this turn */
void job_leave_queue(struct job *job);
void job_make_ready(struct job *job);
void job_make_wait(struct job *job, int64_t next_at);
/* The channel a delivery can go to next, taken off its fallback list; NULL: none left. */
struct lane *job_next_lane(struct job *job);
/* Whether the model still has the person, the reminder and the channel of a job outside the queues;
 * moves it to its channel's present lane. False: it was settled instead. */
bool job_check_way(struct job *job) must_check;
void job_free(struct job *job);
struct lane *lane_find(struct lane **lanes, size_t count, const char *id);
int lane_open(struct dispatch *dispatch, const struct channel *channel, struct lane **ret,
	char **ret_error) must_check;
void lane_free(struct lane *lane);
void lane_release(struct lane *lane); /* frees a retired lane without transfers */
const struct person *job_person(const struct job *job);

/* Without telling their owners. */
void dispatch_cancel_notes(struct dispatch *dispatch);

/* What became of an attempt. */
void settle_verdict(struct job *job, const struct verdict *verdict);
/* Ends a job without an attempt; a failure (refused, expired) tries the fallback first. */
void settle_failure(
	struct job *job, enum delivery_state state, enum event_id event, const char *reason);
/* Monotonic ms at which a channel that does not work has had its time; TIME_NEVER: it works. */
int64_t lane_gives_up_at(const struct lane *lane);
/* What was tried or is due goes by its next channel, where it has one. */
void settle_hand_over(struct lane *lane);
void settle_cancelled(struct job *job, const char *reason);
void settle_flush(struct dispatch *dispatch);
