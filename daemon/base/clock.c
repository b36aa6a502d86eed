/* Clock and alarms. The real alarm is one timerfd that the kernel cancels when the clock is set
 * (TFD_TIMER_CANCEL_ON_SET); a simulated one is a list entry. Never uses libevent's timers, which
 * are coarse, monotonic and blind to suspend. */
#include "base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct clock {
	bool simulated;
	int64_t now, mono;
	LIST_HEAD(, alarm) alarms; /* simulated only */
};

struct alarm {
	struct clock *clock;
	void (*on_ring)(void *owner, bool clock_set);
	void *owner;
	int64_t at;
	int fd; /* -1 when simulated */
	struct event *event;
	LIST_ENTRY(alarm) in_clock;
};

struct clock *clock_new_real(void)
{
	return mem_new(sizeof(struct clock));
}

struct clock *clock_new_simulated(int64_t start_at)
{
	struct clock *clock = mem_new(sizeof(*clock));

	clock->simulated = true;
	clock->now = start_at;
	LIST_INIT(&clock->alarms);
	return clock;
}

void clock_free(struct clock *clock)
{
	if (clock)
		assert(LIST_EMPTY(&clock->alarms));
	free(clock);
}

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now(const struct clock *clock)
{
	return clock->simulated ? clock->now : read_ms(CLOCK_REALTIME);
}

int64_t clock_mono(const struct clock *clock)
{
	return clock->simulated ? clock->mono : read_ms(CLOCK_MONOTONIC);
}

bool clock_is_simulated(const struct clock *clock)
{
	return clock->simulated;
}

static struct alarm *clock_first(const struct clock *clock)
{
	struct alarm *alarm, *first = NULL;

	LIST_FOREACH(alarm, &clock->alarms, in_clock)
		if (alarm->at != TIME_NEVER && (!first || alarm->at < first->at))
			first = alarm;
	return first;
}

int64_t clock_next_alarm(const struct clock *clock)
{
	struct alarm *first = clock_first(clock);

	return first ? first->at : TIME_NEVER;
}

void clock_advance(struct clock *clock, int64_t at)
{
	struct alarm *alarm;

	assert(clock->simulated);
	while ((alarm = clock_first(clock)) && alarm->at <= at) {
		if (alarm->at > clock->now) {
			clock->mono += alarm->at - clock->now;
			clock->now = alarm->at;
		}
		alarm->at = TIME_NEVER;
		alarm->on_ring(alarm->owner, false);
	}
	if (at > clock->now) {
		clock->mono += at - clock->now;
		clock->now = at;
	}
}

void clock_step(struct clock *clock, int64_t at)
{
	struct alarm *alarm, *next;

	assert(clock->simulated);
	clock->now = at;
	for (alarm = LIST_FIRST(&clock->alarms); alarm; alarm = next) {
		next = LIST_NEXT(alarm, in_clock);
		alarm->on_ring(alarm->owner, true);
	}
}

static void on_timer(evutil_socket_t fd, short unused_arg what, void *data)
{
	struct alarm *alarm = data;
	uint64_t expirations;
	ssize_t n = read(fd, &expirations, sizeof(expirations));

	if (n < 0 && errno != ECANCELED)
		return;
	alarm->on_ring(alarm->owner, n < 0);
}

static int alarm_open_timer(struct alarm *alarm, struct event_base *loop)
{
	alarm->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (alarm->fd < 0)
		return -errno;
	alarm->event = event_new(loop, alarm->fd, EV_READ | EV_PERSIST, on_timer, alarm);
	if (!alarm->event || event_add(alarm->event, NULL) < 0)
		return -ENOMEM;
	return alarm_set(alarm, TIME_NEVER);
}

int alarm_new(struct clock *clock, struct event_base *loop,
	void (*on_ring)(void *owner, bool clock_set), void *owner, struct alarm **ret)
{
	struct alarm *alarm = mem_new(sizeof(*alarm));
	int r;

	*alarm = (struct alarm){
		.clock = clock, .on_ring = on_ring, .owner = owner, .at = TIME_NEVER, .fd = -1};
	if (clock->simulated) {
		LIST_INSERT_HEAD(&clock->alarms, alarm, in_clock);
	} else {
		r = alarm_open_timer(alarm, loop);
		if (r < 0) {
			alarm_free(alarm);
			return r;
		}
	}
	*ret = alarm;
	return 0;
}

void alarm_free(struct alarm *alarm)
{
	if (!alarm)
		return;
	if (alarm->clock->simulated)
		LIST_REMOVE(alarm, in_clock);
	if (alarm->event)
		event_free(alarm->event);
	if (alarm->fd >= 0)
		close(alarm->fd);
	free(alarm);
}

int alarm_set(struct alarm *alarm, int64_t at)
{
	/* An instant in the far future keeps the timer armed, so that a set clock is heard. */
	int64_t ms = at == TIME_NEVER ? INT64_C(253402300799000) : MAX_OF(at, 1);
	struct itimerspec when = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

	alarm->at = at;
	if (alarm->clock->simulated)
		return 0;
	/* ECANCELED here means: armed, and the clock was set before this call (timerfd_create(2)).
	 * The instant is absolute, so it still holds. */
	if (timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL) <
			0 &&
		errno != ECANCELED)
		return -errno;
	return 0;
}
