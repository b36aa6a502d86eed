/* The table of events and its one sink. Owns the counters and the list of listeners. */
#include "engine/report.h"
#include "base/buf.h"
#include "time/civil.h"

#include <stdio.h>
#include <sys/queue.h>

/* name, MESSAGE_ID (random, for ever), priority. */
static const struct {
	const char *name;
	const char *message_id;
	int priority;
} events[EVENTS] = {
	[EVENT_STARTED] = {"started", "0d5a3c1f6b7e4f0e9a52c6d1b8e3f701", LOG_NOTICE},
	[EVENT_STOPPED] = {"stopped", "4c1e8a90d27b4b3c8f65e1a7c0d9b302", LOG_NOTICE},
	[EVENT_RELOADED] = {"reloaded", "8b7f2d3e51ac49d6a0e4f9c2b6d1e803", LOG_NOTICE},
	[EVENT_RELOAD_REFUSED] = {"reload_refused", "c29e6f14b8d04a7f93b1d5e8a7c0f604", LOG_ERR},
	[EVENT_RECORDED] = {"recorded", "1f83b6d2c94e4e7ab5c8f0d3e6a9b105", LOG_INFO},
	[EVENT_DELIVERED] = {"delivered", "5e0c9a7d3b6f41f8a2d4c7e9b1f0a806", LOG_INFO},
	[EVENT_RETRY] = {"retry", "9a4d1e7c6f2b4c05b8e3a6f9d0c7b207", LOG_WARNING},
	[EVENT_REFUSED] = {"refused", "d7b2f5a80e9c4316a4c1e8b3f6d9a508", LOG_ERR},
	[EVENT_EXPIRED] = {"expired", "2c6e9b1d7f3a4a84b0d5f8e1c7a3b609", LOG_ERR},
	[EVENT_QUARANTINED] = {"quarantined", "4b8e0d6f2a7c4d19b3f5c1e9a6d80c41", LOG_ERR},
	[EVENT_CANCELLED] = {"cancelled", "6f1a4c8e0b7d45d2a9e6b3c1f8d0e710", LOG_NOTICE},
	[EVENT_ANSWERED] = {"answered", "a3e8d0b6c5f14b97b2c9e7a1d4f6b811", LOG_INFO},
	[EVENT_NUDGED] = {"nudged", "e5b9f2c7a1d64e38a8f0c6d3b7e1a912", LOG_INFO},
	[EVENT_ESCALATED] = {"escalated", "3d7a0f6e9c2b4f51b6a4e8d1c0f7b913", LOG_NOTICE},
	[EVENT_SKIPPED] = {"skipped", "7e2c5b9a8f1d4063a1d7f4e0b6c3a914", LOG_INFO},
	[EVENT_MISSED] = {"missed", "b8f4e1d0c7a64d29b3e5a9c6f2d8b015", LOG_WARNING},
	[EVENT_CAUGHT_UP] = {"caught_up", "f0d6a3c9b5e74183a7b2e1f8d4c0a116", LOG_NOTICE},
	[EVENT_PAUSED] = {"paused", "48a1c7e3d9f04b6ab0f5d2e8c6b9a217", LOG_NOTICE},
	[EVENT_RESUMED] = {"resumed", "8c5e0b2f7a6d4dc1a4e9f3b7d1c8a318", LOG_NOTICE},
	[EVENT_CHANNEL_FAILED] = {"channel_failed", "c1f7d4a96e0b4275b9c3e6a8f5d2b419", LOG_ERR},
	[EVENT_CHANNEL_RECOVERED] = {"channel_recovered", "06b3e8f5d1c94e0fa6d8b4c2e7a9f520",
		LOG_NOTICE},
	[EVENT_STORE_FAILED] = {"store_failed", "5a9d2c6b0f8e4ba3b1c7f6e4d3a0b621", LOG_CRIT},
	[EVENT_STORE_RECOVERED] = {"store_recovered", "9e4f7b1a3d6c4059a2e8d0c5f9b7a722",
		LOG_NOTICE},
	[EVENT_STORE_SET_ASIDE] = {"store_set_aside", "6423bc11d1e58e880b858a95162fe310", LOG_CRIT},
	[EVENT_CLOCK_SET] = {"clock_set", "d2a8c5e0f7b14d6eb4a9c3f1e6d0b823", LOG_NOTICE},
	[EVENT_MARK_RESET] = {"mark_reset", "17c0e9b4a6f34a82b7d5e2c8f3a1b924", LOG_WARNING},
	[EVENT_PRUNED] = {"pruned", "6b3f8d1e5c0a4794a0c6b9e7d2f4ba25", LOG_INFO},
	[EVENT_FILE_CHANGED] = {"file_changed", "3458f8fad2a449d4ab13e6e355eae0df", LOG_NOTICE},
	[EVENT_FILE_UNUSABLE] = {"file_unusable", "0b9a8827ff354681b67537990ab9262c", LOG_ERR},
	[EVENT_RESUBMITTED] = {"resubmitted", "ad503b88a6d3ea8b168a58b880007661", LOG_NOTICE},
	[EVENT_ALERTED] = {"alerted", "e1f4ee40153cc571dd4997fcf418b4e5", LOG_NOTICE},
	[EVENT_ALERT_FAILED] = {"alert_failed", "f4aca35be90b074a7dc4876b7c5c1e5b", LOG_ERR},
	[EVENT_HEARTBEAT_FAILED] = {"heartbeat_failed", "c8c509a48cea81935215b499ed75c62e",
		LOG_ERR},
	[EVENT_HEARTBEAT_RECOVERED] = {"heartbeat_recovered", "99fc43bbdb277be02dcbb9ecc8ad5d65",
		LOG_NOTICE},
};

struct listener {
	report_on_event on_event;
	void *owner;
	LIST_ENTRY(listener) link;
};
static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);
static struct report_tap tap;
static uint64_t counts[EVENTS];
_Static_assert(EVENTS <= 64, "a tap has a bit for each");

void report_listen(report_on_event on_event, void *owner)
{
	struct listener *listener = mem_new(sizeof(*listener));

	listener->on_event = on_event;
	listener->owner = owner;
	LIST_INSERT_HEAD(&listeners, listener, link);
}

void report_unlisten(report_on_event on_event, void *owner)
{
	struct listener *listener;

	LIST_FOREACH(listener, &listeners, link) {
		if (listener->on_event == on_event && listener->owner == owner) {
			LIST_REMOVE(listener, link);
			free(listener);
			return;
		}
	}
}

void report_tap(const struct report_tap *new)
{
	tap = new ? *new : (struct report_tap){0};
}

static bool is_tapped(enum event_id event)
{
	return tap.events >> event & 1;
}

uint64_t report_count(enum event_id event)
{
	return counts[event];
}

static void tell(enum event_id event, const struct log_field *fields, const char *message)
{
	struct listener *listener, *next;

	log_entry(events[event].priority, fields, "%s", message);
	for (listener = LIST_FIRST(&listeners); listener; listener = next) {
		next = LIST_NEXT(listener, link);
		listener->on_event(listener->owner, events[event].name, message, fields);
	}
}

static const char *number_or_null(int64_t value, char text[24])
{
	if (!value)
		return NULL;
	snprintf(text, 24, "%lld", (long long)value);
	return text;
}

static const char *id_or_null(struct id id, char text[static ID_TEXT])
{
	if (id_none(id))
		return NULL;
	id_write(id, text);
	return text;
}

void report(enum event_id event, const struct subject *subject, const char *format, ...)
{
	static const struct subject nobody;
	const struct subject *s = subject ? subject : &nobody;
	cleanup(buf_free) struct buf message = BUF_MAX(4096);
	char occurrence[ID_TEXT], delivery[ID_TEXT], attempt[24], status[24], due[CIVIL_TEXT];
	va_list args;

	counts[event]++;
	if (!log_wants(events[event].priority) && LIST_EMPTY(&listeners) && !is_tapped(event))
		return;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	if (s->due_at)
		utc_write(s->due_at / 1000, due);
	struct log_field fields[] = {
		{"MESSAGE_ID", events[event].message_id},
		{"NUDGED_EVENT", events[event].name},
		{"NUDGED_REMINDER", s->reminder},
		{"NUDGED_PERSON", s->person},
		{"NUDGED_OCCURRENCE", id_or_null(s->occurrence, occurrence)},
		{"NUDGED_DELIVERY", id_or_null(s->delivery, delivery)},
		{"NUDGED_CHANNEL", s->channel},
		{"NUDGED_ATTEMPT", number_or_null(s->attempt, attempt)},
		{"NUDGED_STATUS", number_or_null(s->status, status)},
		{"NUDGED_DUE", s->due_at ? due : NULL},
		{NULL, NULL},
	};
	tell(event, fields, buf_str(&message));
	if (is_tapped(event))
		tap.on_event(tap.owner, event, s, buf_str(&message));
}
