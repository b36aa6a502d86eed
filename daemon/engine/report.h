/* Events: the one table of what nudged tells the journal, and the one function that tells it. Each
 * event has a MESSAGE_ID with an entry in units/nudged.catalog that says what to do. Listeners
 * (nudgectl watch) hear the same. Never an answer's text, never a secret. */
#pragma once

#include "base/id.h"
#include "base/log.h"

enum event_id {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_RELOADED,
	EVENT_RELOAD_REFUSED,
	EVENT_RECORDED,
	EVENT_DELIVERED,
	EVENT_RETRY,
	EVENT_REFUSED,
	EVENT_EXPIRED,
	EVENT_QUARANTINED,
	EVENT_CANCELLED,
	EVENT_ANSWERED,
	EVENT_NUDGED,
	EVENT_ESCALATED,
	EVENT_SKIPPED,
	EVENT_MISSED,
	EVENT_CAUGHT_UP,
	EVENT_PAUSED,
	EVENT_RESUMED,
	EVENT_CHANNEL_FAILED,
	EVENT_CHANNEL_RECOVERED,
	EVENT_STORE_FAILED,
	EVENT_STORE_RECOVERED,
	EVENT_STORE_SET_ASIDE,
	EVENT_CLOCK_SET,
	EVENT_MARK_RESET,
	EVENT_PRUNED,
	EVENT_FILE_CHANGED,
	EVENT_FILE_UNUSABLE,
	EVENT_RESUBMITTED,
	EVENT_ALERTED,
	EVENT_ALERT_FAILED,
	EVENT_HEARTBEAT_FAILED,
	EVENT_HEARTBEAT_RECOVERED,
	EVENTS,
};

/* The object of an event: whatever applies; the rest zero. */
struct subject {
	const char *reminder, *person, *channel;
	struct id occurrence, delivery;
	int attempt, status;
	int64_t due_at; /* ms; 0: none */
	bool is_final;  /* of a delivery: it ended so */
};

typedef void (*report_on_event)(
	void *owner, const char *event, const char *message, const struct log_field *fields);
void report_listen(report_on_event on_event, void *owner);
void report_unlisten(report_on_event on_event, void *owner);

/* One more listener, for some events only (bits): what nudged does about its own trouble. It hears
 * them also where their priority is not logged. NULL: nobody. */
struct report_tap {
	uint64_t events;
	void (*on_event)(void *owner, enum event_id event, const struct subject *subject,
		const char *message);
	void *owner;
};
void report_tap(const struct report_tap *tap);

void report(enum event_id event, const struct subject *subject, const char *format, ...)
	printf_like(3, 4);
/* How often an event was reported since the start (also when its priority was not logged). */
uint64_t report_count(enum event_id event);
