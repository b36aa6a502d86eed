/* The only source of time. Real, or simulated for tests: then it moves only when told to.
 *
 * Absolute instants outside time/ are int64_t milliseconds since the Unix epoch, UTC, and are named
 * `..._at`; spans are named `..._s` or `..._ms`. time/ computes in whole seconds and says so. */
#pragma once

#include "base/mem.h"

#define TIME_NEVER INT64_MAX

struct clock;
struct alarm;
struct event_base;

struct clock *clock_new_real(void);
struct clock *clock_new_simulated(int64_t start_at);
void clock_free(struct clock *clock); /* after its alarms */

int64_t clock_now(const struct clock *clock);  /* wall clock, ms; may jump */
int64_t clock_mono(const struct clock *clock); /* monotonic, ms: for waits and rates */
bool clock_is_simulated(const struct clock *clock);

/* Simulated only. Moves to `at`, ringing every alarm on the way in order of time. */
void clock_advance(struct clock *clock, int64_t at);
/* Simulated only. The instant of the next alarm, or TIME_NEVER. */
int64_t clock_next_alarm(const struct clock *clock);
/* Simulated only. Sets the wall clock like an administrator would: alarms hear clock_set = true. */
void clock_step(struct clock *clock, int64_t at);

/* One wake-up at an absolute instant of the wall clock. on_ring is called on the loop, at or after
 * the instant, never before; with clock_set when the clock was set or the machine resumed: then
 * nothing can be said about the instant, recompute and set it again. */
int alarm_new(struct clock *clock, struct event_base *loop,
	void (*on_ring)(void *owner, bool clock_set), void *owner, struct alarm **ret) must_check;
void alarm_free(struct alarm *alarm);
/* Replaces the instant; TIME_NEVER disarms (clock jumps are still heard). */
int alarm_set(struct alarm *alarm, int64_t at) must_check;
