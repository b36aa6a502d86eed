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

enum job_phase {
	JOB_READY,
	JOB_WAITING,
	JOB_FLYING,  /* a transfer is under way */
	JOB_MARKING, /* its start is being recorded, because it may have ended the process before */
	JOB_CHECKED, /* the store is asked whether it is still wanted */
	JOB_ENDED,   /* in no queue */
};

struct job {
	struct dispatch *dispatch;
	struct delivery *delivery;
	struct lane *lane;
	enum job_phase phase;
	struct heap_node wait; /* in lane->waiting by next_at */
	TAILQ_ENTRY(job) in_ready;
	struct transfer *transfer;
	bool aside;    /* waits for the end of a pause, not for another try */
	bool suspect;  /* open when the process ended by itself: it may be why */
	bool marked;   /* this start of a suspect is recorded */
	int unknowns;  /* attempts that got no answer */
	char *address; /* the receiver said: moved */
	UT_hash_handle hh;
};
TAILQ_HEAD(job_queue, job);

/* Closed while the receiver works. Open: nothing goes but one probe at a time, at growing distances,
 * until an answer comes that only a working receiver gives. */
struct breaker {
	bool open;
	int failures;        /* in a row */
	int trips;           /* probes that failed since it opened */
	int64_t opened_mono; /* since when it is open */
	int64_t probe_mono;  /* the next one is not before */
	int64_t opened_at;   /* by the clock, for people */
};

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
	size_t n_jobs, n_aside; /* in memory; of these, put aside by a pause */
	size_t most; /* transfers at once: its concurrency, or its share of what all may */
	double tokens, rate;
	int64_t tokens_mono, paused_mono; /* ms; the receiver asked for time until then */
	struct breaker breaker;
	char *reason; /* of the last failure */
	bool retired;
	bool handed_over; /* what waits went by other channels already */
};

/* How many open deliveries are in memory, about 1.5 KB each; the rest stays in the store. */
struct dispatch_limits {
	size_t jobs;       /* all lanes together */
	size_t lane_least; /* that each may have, whatever the others hold */
	size_t batch;      /* asked for at once: the store does nothing else meanwhile */
};
extern const struct dispatch_limits dispatch_limits;

struct dispatch {
	struct dispatch_settings settings;
	struct dispatch_limits limits;
	struct courier *courier;
	struct model *model;
	struct lane **lanes;
	size_t n_lanes;
	struct job *jobs; /* by delivery id */
	struct event *pump, *timer;
	bool held;
	size_t in_flight;
	struct settlement *settlement; /* gathers this turn's outcomes */
	LIST_HEAD(, settlement) settlements;
	size_t settling;             /* settlements on their way to the store */
	size_t unsettled;            /* outcomes not yet durable */
	LIST_HEAD(, flight) flights; /* notes under way */
	size_t unrecorded;           /* settlements that failed, and will be submitted again */
	size_t turn;                 /* the lane that is first in the next turn */
	struct job *alone;           /* the suspect under way that was being sent at a crash */
	int64_t suspect_by;          /* recorded by then: a suspect */
	/* dispatch_shelf.c */
	struct shelf *shelves; /* by channel */
	struct gone *gone;     /* ended while a question is under way */
	LIST_HEAD(, check) checks;
	size_t asking;      /* questions under way */
	bool asked_in_vain; /* what they bring may be out of date: they are asked again */
};

int64_t dispatch_now(const struct dispatch *dispatch);
int64_t dispatch_mono(const struct dispatch *dispatch);
/* Until it has something to do by itself; TIME_NEVER: nothing. */
int64_t dispatch_next_ms(const struct dispatch *dispatch);
void dispatch_wake(struct dispatch *dispatch); /* pump at the end of this turn */
/* Takes the delivery, outside the queues. */
struct job *job_new(struct dispatch *dispatch, struct delivery *delivery);
struct job *job_find(const struct dispatch *dispatch, struct id id);
void job_set_lane(struct job *job, struct lane *lane);
/* Into the queue that fits its next try. */
void job_enter(struct job *job);
/* Its time has come: ready, or gone by its next channel where this one has been broken for long. */
void job_come_due(struct job *job);
void job_leave_queue(struct job *job);
void job_make_ready(struct job *job);
void job_make_first(struct job *job);               /* ready, before all others */
void job_put_aside(struct job *job, int64_t until); /* because of a pause */
void job_make_fly(struct job *job, enum job_phase phase);
void job_make_wait(struct job *job, int64_t next_at);
/* The channel a delivery can go to next, taken off its fallback list; NULL: none left. */
struct lane *job_next_lane(struct job *job);
/* Whether the model still has the person, the reminder and the channel of a job outside the queues;
 * moves it to its channel's present lane. False: it was settled instead. */
bool job_check_way(struct job *job) must_check;
bool job_is_in_flight(const struct job *job);
/* A suspect that was being sent already at an earlier crash, too. */
bool job_goes_alone(const struct job *job);
/* Takes an item out that nobody needs any more. False: it is the last one, and stays, so that the end of
 * the message can be told. */
bool job_drop_item(struct job *job, size_t at) must_check;
/* When it was the one that goes alone: the next one may. */
void job_end_turn(struct job *job);
void job_free(struct job *job);
struct delivery *job_take(struct job *job); /* the same, but that the delivery is the caller's */
struct lane *lane_find(struct lane **lanes, size_t count, const char *id);
int lane_open(struct dispatch *dispatch, const struct channel *channel, struct lane **ret,
	char **ret_error) must_check;
void lane_free(struct lane *lane);
void lane_release(struct lane *lane); /* frees a retired lane without transfers */
const struct person *job_person(const struct job *job);

void dispatch_cancel_notes(struct dispatch *dispatch);

/* What became of an attempt; failing: it tells that the receiver does not work, not that it will not
 * take this message. */
void settle_verdict(struct job *job, const struct verdict *verdict, bool failing);
/* Records that it is being started; when that is durable it is ready again, and marked. */
void settle_start(struct job *job);
void settle_quarantined(struct job *job);
/* Ends a job without an attempt; a failure (refused, expired) tries the fallback first. */
void settle_failure(
	struct job *job, enum delivery_state state, enum event_id event, const char *reason);
/* dispatch_breaker.c: an attempt failed that speaks of the receiver. */
enum fault {
	FAULT_PASSING, /* opens it when it comes several times in a row */
	FAULT_SETTING, /* TLS, login: somebody has to mend it, here or there */
	FAULT_GONE,    /* it wants nothing more from us */
};
void breaker_fail(struct lane *lane, enum fault fault, const char *reason);
/* The receiver works. takes: it also takes messages now, and need not be given time. */
void breaker_close(struct lane *lane, bool takes);
void breaker_find_probe(struct lane *lane);
bool lane_may_probe(const struct lane *lane);
/* Monotonic ms at which a channel that does not work has had its time; TIME_NEVER: it works. */
int64_t lane_gives_up_at(const struct lane *lane);
bool lane_gave_up(const struct lane *lane);
/* To the next channel of its way, with time enough to try it; false: there is none. */
bool settle_elsewhere(struct job *job, enum event_id event, const char *reason);
/* The same because its channel has been broken for long. */
bool settle_around(struct job *job);
/* Its time is over. */
void settle_expired(struct job *job);
/* What was tried or is due goes by its next channel, where it has one. */
void settle_hand_over(struct lane *lane);
void settle_cancelled(struct job *job, const char *reason);
void settle_flush(struct dispatch *dispatch);
/* The last: what is on its way to the store is recorded, and nobody hears of it. */
void settle_free_all(struct dispatch *dispatch);
/* When the one before is answered, or nothing more comes: what gathers meanwhile shares a commit. */
void settle_flush_soon(struct dispatch *dispatch);

/* dispatch_shelf.c: whether a recorded delivery is left to the store: there is no room, or others
 * wait there before it. */
bool shelf_takes(struct dispatch *dispatch, const struct lane *lane,
	const struct delivery *delivery) must_check;
/* The same for a job outside the queues whose next try is recorded; it is freed then. */
bool shelf_takes_back(struct job *job) must_check;
void shelves_note_gone(struct dispatch *dispatch, struct id id); /* it ended, or was taken back */
void shelves_review(struct dispatch *dispatch); /* asks for what there is room for */
int64_t shelves_next_ms(const struct dispatch *dispatch);
size_t shelf_count(const struct dispatch *dispatch, const char *channel);
size_t shelves_count(const struct dispatch *dispatch);
void shelves_free(struct dispatch *dispatch);
