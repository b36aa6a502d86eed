/* The breaker of a lane. A receiver that fails several times in a row, or says that it will take
 * nothing, is left alone: one probe at a time, at distances that double to a minute, until it
 * answers as a working one does. That it broke is said once, and that it works again once. */
#include "base/random.h"
#include "base/str.h"
#include "engine/dispatch_internal.h"

enum {
	BREAK_AFTER = 5,          /* failures in a row */
	PROBE_MAX_MS = 60 * 1000, /* between probes of what cannot be reached */
	GONE_PAUSE_MS =
		5 * 60 * 1000,      /* between probes of what refuses everything: some count them */
	GIVE_UP_MS = 5 * 60 * 1000, /* a channel that does not work, for those with another */
};

static void set_reason(struct lane *lane, const char *reason)
{
	char *copy = str_new(reason);

	free(lane->reason);
	lane->reason = copy;
}

static void open_breaker(struct lane *lane, const char *reason)
{
	struct subject subject = {.channel = lane->id};

	if (lane->breaker.open)
		return;
	lane->breaker.open = true;
	lane->breaker.trips = 0;
	lane->breaker.opened_at = dispatch_now(lane->dispatch);
	lane->breaker.opened_mono = dispatch_mono(lane->dispatch);
	report(EVENT_CHANNEL_FAILED, &subject, "channel %s does not work: %s", lane->id, reason);
}

/* Until the next probe: full jitter, so that many daemons do not knock together; but at least half,
 * because a probe costs somebody's message an attempt. */
static int64_t probe_delay_ms(struct lane *lane)
{
	struct retry_policy policy = {
		lane->policy.base_ms, MIN_OF(lane->policy.max_ms, (int64_t)PROBE_MAX_MS)};
	uint32_t chance = (uint32_t)random_below(UINT64_C(1) << 31) | UINT32_C(1) << 31;

	return retry_delay_ms(&policy, MAX_OF(lane->breaker.trips, 1), -1, chance);
}

void breaker_fail(struct lane *lane, enum fault fault, const char *reason)
{
	struct breaker *breaker = &lane->breaker;
	int64_t now = dispatch_mono(lane->dispatch);

	set_reason(lane, reason);
	breaker->failures++;
	if (fault == FAULT_PASSING && !breaker->open && breaker->failures < BREAK_AFTER)
		return;
	/* What was under way when it opened, or a probe that was overtaken. */
	if (breaker->open && breaker->probe_mono > now)
		return;
	open_breaker(lane, reason);
	breaker->trips++;
	breaker->probe_mono = now + (fault == FAULT_GONE ? GONE_PAUSE_MS : probe_delay_ms(lane));
}

/* Whether it waits for the receiver alone: it was tried, and by the clock as it is now its time has
 * come. */
static bool waits_for_receiver(const struct job *job)
{
	const struct delivery *delivery = job->delivery;

	return !job->aside && delivery->attempts &&
	       delivery->not_before_at <= dispatch_now(job->dispatch);
}

/* What waits for another try waited for the receiver: now it need not. */
static void wake_retries(struct lane *lane)
{
	struct job **list = mem_new_array(lane->waiting.count + 1, sizeof(struct job *));
	size_t count = 0;

	for (size_t i = 0; i < lane->waiting.count; i++) {
		struct job *job = container_of(lane->waiting.nodes[i], struct job, wait);

		if (waits_for_receiver(job))
			list[count++] = job;
	}
	for (size_t i = 0; i < count; i++) {
		job_leave_queue(list[i]);
		job_make_ready(list[i]);
	}
	free(list);
}

void breaker_close(struct lane *lane, bool takes)
{
	struct subject subject = {.channel = lane->id};
	bool was_open = lane->breaker.open;

	lane->breaker = (struct breaker){0};
	lane->handed_over = false;
	free(lane->reason);
	lane->reason = NULL;
	if (!was_open)
		return;
	report(EVENT_CHANNEL_RECOVERED, &subject, "channel %s works again", lane->id);
	if (takes)
		wake_retries(lane);
}

/* Open, and the next that goes is the probe. */
bool lane_may_probe(const struct lane *lane)
{
	int64_t now = dispatch_mono(lane->dispatch);

	return lane->breaker.open && !lane->in_flight && lane->breaker.probe_mono <= now &&
	       lane->paused_mono <= now;
}

/* A probe is due and nobody is ready for it: whoever would be tried again next is tried now. */
void breaker_find_probe(struct lane *lane)
{
	struct heap_node *first = heap_first(&lane->waiting);
	struct job *job;

	if (!first || !TAILQ_EMPTY(&lane->ready) || !lane_may_probe(lane))
		return;
	job = container_of(first, struct job, wait);
	if (!waits_for_receiver(job))
		return;
	job_leave_queue(job);
	job_make_ready(job);
}

int64_t lane_gives_up_at(const struct lane *lane)
{
	return lane->breaker.open ? lane->breaker.opened_mono + GIVE_UP_MS : TIME_NEVER;
}

bool lane_gave_up(const struct lane *lane)
{
	return dispatch_mono(lane->dispatch) >= lane_gives_up_at(lane);
}
