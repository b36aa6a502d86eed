/* One beat: ask the engine, write, ask the monitor. Owns its courier, which is open only while there is
 * a URL. Says once that it fails, and once that it does not any more. */
#include "engine/heartbeat.h"
#include "base/clock.h"
#include "base/str.h"
#include "engine/report.h"
#include "port/courier.h"
#include "time/civil.h"

#include <errno.h>
#include <stdio.h>

enum { TIMEOUT_MS = 8000 };

/* What needs a URL. */
struct monitor {
	struct secret *url;
	bool allow_private;
	int64_t every_ms, next_mono;
	struct alarm *alarm;
	struct courier *courier;
	struct account *account;
	struct transfer *transfer;
};

struct heartbeat {
	struct heartbeat_settings settings;
	struct monitor *monitor; /* NULL: there is no URL */
	bool writing;
	int64_t last_at;
	char *reason; /* NULL: it does not fail */
};

static void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->transfer)
		transfer_cancel(monitor->transfer);
	account_close(monitor->account);
	courier_free(monitor->courier);
	alarm_free(monitor->alarm);
	secret_free(monitor->url);
	free(monitor);
}

static void fails(struct heartbeat *heartbeat, const char *reason)
{
	if (!heartbeat->reason)
		report(EVENT_HEARTBEAT_FAILED, NULL, "no heartbeat: %s", reason);
	if (!str_eq(heartbeat->reason, reason)) {
		free(heartbeat->reason);
		heartbeat->reason = str_new(reason);
	}
}

static void is_heard(struct heartbeat *heartbeat)
{
	heartbeat->last_at = clock_now(heartbeat->settings.clock);
	if (!heartbeat->reason)
		return;
	report(EVENT_HEARTBEAT_RECOVERED, NULL, "the heartbeat is heard again");
	free(heartbeat->reason);
	heartbeat->reason = NULL;
}

static void on_response(void *owner, const struct nudged_response *response)
{
	struct heartbeat *heartbeat = owner;
	char words[80] = "the monitor could not be reached";

	heartbeat->monitor->transfer = NULL;
	if (response->status / 100 == 2) {
		is_heard(heartbeat);
		return;
	}
	if (response->transport == NUDGED_TLS_FAILED)
		snprintf(words, sizeof(words), "the monitor's certificate is not acceptable");
	else if (response->transport == NUDGED_FORBIDDEN)
		snprintf(words, sizeof(words),
			"its address is private: heartbeat_allow_private is not set");
	else if (response->transport == NUDGED_NO_ANSWER)
		snprintf(words, sizeof(words), "the monitor did not answer");
	else if (response->status)
		snprintf(words, sizeof(words), "the monitor answered %d%s", response->status,
			response->status / 100 == 3 ? ", a redirect: give its final URL" : "");
	fails(heartbeat, words);
}

static void ask_monitor(struct heartbeat *heartbeat)
{
	struct monitor *monitor = heartbeat->monitor;
	const char *why;
	struct nudged_request *request = request_get(secret_reveal(monitor->url), &why);

	if (request)
		monitor->transfer = courier_send(monitor->account, request, on_response, heartbeat);
	else
		fails(heartbeat, why);
}

static void on_written(void *owner, const struct store_result *result)
{
	struct heartbeat *heartbeat = owner;

	heartbeat->writing = false;
	if (result->error)
		heartbeat->settings.on_store_error(heartbeat->settings.owner, result->error);
	if (!heartbeat->monitor)
		return;
	if (result->error)
		fails(heartbeat, "the store cannot record");
	else if (account_has_room(heartbeat->monitor->account))
		ask_monitor(heartbeat);
}

static void beat(struct heartbeat *heartbeat)
{
	struct change *change;
	const char *why = heartbeat->settings.why_not(heartbeat->settings.owner);
	char now[CIVIL_TEXT];

	if (!why && heartbeat->writing)
		why = "the store has not recorded anything since the last one";
	if (why) {
		fails(heartbeat, why);
		return;
	}
	utc_write(clock_now(heartbeat->settings.clock) / 1000, now);
	change = change_new();
	change_set_value(change, "heartbeat", now);
	heartbeat->writing = true;
	store_apply(heartbeat->settings.store, change, on_written, heartbeat);
}

static void set_alarm(const struct heartbeat *heartbeat)
{
	const struct clock *clock = heartbeat->settings.clock;
	const struct monitor *monitor = heartbeat->monitor;
	int64_t wait_ms = MAX_OF(monitor->next_mono - clock_mono(clock), 1);

	if (alarm_set(monitor->alarm, clock_now(clock) + wait_ms) < 0)
		log_error("the timer of the heartbeat could not be set: %m");
}

static void on_ring(void *owner, bool clock_set unused_arg)
{
	struct heartbeat *heartbeat = owner;
	int64_t now = clock_mono(heartbeat->settings.clock);

	if (heartbeat->monitor->next_mono <= now) {
		heartbeat->monitor->next_mono = now + heartbeat->monitor->every_ms;
		beat(heartbeat);
	}
	set_alarm(heartbeat);
}

/* ---- life ---- */

struct heartbeat *heartbeat_new(const struct heartbeat_settings *settings)
{
	struct heartbeat *heartbeat = mem_new(sizeof(*heartbeat));

	heartbeat->settings = *settings;
	return heartbeat;
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
	monitor_free(heartbeat->monitor);
	heartbeat->monitor = NULL;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	heartbeat_stop(heartbeat);
	free(heartbeat->reason);
	free(heartbeat);
}

static int monitor_open(
	struct heartbeat *heartbeat, const struct model *model, struct monitor **ret)
{
	const struct account_settings settings = {.id = "heartbeat",
		.concurrency = 1,
		.timeout_ms = TIMEOUT_MS,
		.allow_private = model->heartbeat_allow_private};
	const char *url = secret_reveal(model->heartbeat_url);
	struct monitor *monitor = mem_new(sizeof(*monitor));
	int r = alarm_new(heartbeat->settings.clock, heartbeat->settings.loop, on_ring, heartbeat,
		&monitor->alarm);

	monitor->url = secret_new(url, strlen(url));
	monitor->allow_private = model->heartbeat_allow_private;
	if (r == 0)
		r = courier_new(heartbeat->settings.loop, &monitor->courier);
	if (r < 0) {
		monitor_free(monitor);
		return r;
	}
	monitor->account = account_open(monitor->courier, &settings);
	*ret = monitor;
	return 0;
}

static bool is_same(const struct monitor *monitor, const struct model *model)
{
	return monitor && secret_equal(monitor->url, model->heartbeat_url) &&
	       monitor->allow_private == model->heartbeat_allow_private;
}

int heartbeat_use_model(struct heartbeat *heartbeat, const struct model *model)
{
	struct monitor *monitor = NULL;
	int r;

	if (!is_same(heartbeat->monitor, model)) {
		if (model->heartbeat_url) {
			r = monitor_open(heartbeat, model, &monitor);
			if (r < 0)
				return r;
		}
		monitor_free(heartbeat->monitor);
		heartbeat->monitor = monitor;
		heartbeat->last_at = 0;
		free(heartbeat->reason);
		heartbeat->reason = NULL;
	}
	if (!heartbeat->monitor)
		return 0;
	heartbeat->monitor->every_ms = model->heartbeat_every_s * 1000;
	heartbeat->monitor->next_mono = clock_mono(heartbeat->settings.clock);
	set_alarm(heartbeat);
	return 0;
}

void heartbeat_status(const struct heartbeat *heartbeat, struct heartbeat_status *ret)
{
	*ret = (struct heartbeat_status){.is_on = heartbeat->monitor != NULL,
		.last_at = heartbeat->last_at,
		.reason = heartbeat->reason};
}
