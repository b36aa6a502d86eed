/* The one table of metrics. Reads the engine's own counts, asks nobody else, keeps nothing. */
#include "face/metrics.h"

#include "base/clock.h"

#include <inttypes.h>

const char metrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

static void begin_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# TYPE nudged_%s %s\n# HELP nudged_%s %s\n", name, type, name, help);
}

static void add_counters(struct buf *out, const struct engine_status *status)
{
	const struct {
		const char *name, *help;
		uint64_t value;
	} counters[] = {
		{"recorded", "Occurrences that came due and were recorded.", status->recorded},
		{"delivered", "Messages that a receiver accepted.", status->delivered},
		{"retried", "Attempts that failed and are made again.", status->retried},
		{"refused", "Messages that a receiver refused for good.", status->refused},
		{"expired", "Messages given up because they would come too late.", status->expired},
		{"cancelled", "Messages taken back before they were accepted.", status->cancelled},
		{"answered", "Answers recorded.", status->answered},
		{"nudged", "Nudges sent to who had not answered.", status->nudged},
		{"skipped", "Slots that were decided not to be sent.", status->skipped},
		{"missed", "Slots that passed while nothing ran.", status->missed},
		{"alerted", "Alerts about nudged itself that were sent.", status->alerted},
		{"alert_failures", "Alerts that could not be sent.", status->alert_failed},
	};

	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		begin_family(out, counters[i].name, "counter", counters[i].help);
		buf_printf(
			out, "nudged_%s_total %" PRIu64 "\n", counters[i].name, counters[i].value);
	}
}

static void add_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	begin_family(out, name, "gauge", help);
	buf_printf(out, "nudged_%s %" PRId64 "\n", name, value);
}

static void add_gauges(struct buf *out, const struct engine_status *status, int64_t dead)
{
	add_gauge(out, "people", "People of the configuration.", (int64_t)status->people);
	add_gauge(out, "reminders", "Reminders of the configuration.", (int64_t)status->reminders);
	add_gauge(out, "channels", "Channels of the configuration.", (int64_t)status->channels);
	add_gauge(out, "schedules", "One reminder for one recipient each.",
		(int64_t)status->schedules);
	add_gauge(out, "held", "Messages that gather what is merged into them.",
		(int64_t)status->held);
	add_gauge(out, "waiting", "Messages that wait for their turn.", (int64_t)status->waiting);
	add_gauge(out, "in_flight", "Messages on their way.", (int64_t)status->in_flight);
	add_gauge(out, "follow_ups", "Nudges and escalations that lie ahead.",
		(int64_t)status->follow_ups);
	add_gauge(out, "store_works", "1: what is due can be recorded; 0: nothing is sent.",
		!status->store_error);
	if (dead >= 0)
		add_gauge(out, "dead_letters",
			"Messages that died and that nobody retried or dropped; at most 1000 are "
			"counted.",
			dead);
	add_gauge(out, "start_time_seconds", "When it started.", status->started_at / 1000);
	if (status->next_at != TIME_NEVER)
		add_gauge(out, "next_due_seconds", "When the next slot comes due.",
			status->next_at / 1000);
	if (status->heartbeat_is_on)
		add_gauge(out, "heartbeat_seconds", "When the last heartbeat was heard; 0: never.",
			status->heartbeat_at / 1000);
}

enum of_channel { CHANNEL_WAITING, CHANNEL_IN_FLIGHT, CHANNEL_WORKS, OF_CHANNEL };

static int64_t of_channel(const struct channel_status *status, enum of_channel what)
{
	if (what == CHANNEL_WAITING)
		return (int64_t)status->waiting;
	return what == CHANNEL_IN_FLIGHT ? (int64_t)status->in_flight : !status->broken;
}

/* The id of a channel is an id of the configuration: nothing in it needs an escape. */
static void add_channels(struct buf *out, const struct engine *engine)
{
	static const struct {
		const char *name, *help;
	} families[OF_CHANNEL] = {
		[CHANNEL_WAITING] = {"channel_waiting", "Messages that wait for this channel."},
		[CHANNEL_IN_FLIGHT] = {"channel_in_flight", "Messages on their way through it."},
		[CHANNEL_WORKS] = {"channel_works", "0: it failed so often that only probes go."},
	};
	struct channel_status status;

	for (int what = 0; what < OF_CHANNEL; what++) {
		begin_family(out, families[what].name, "gauge", families[what].help);
		for (size_t i = 0; engine_channel_status(engine, i, &status); i++)
			buf_printf(out, "nudged_%s{channel=\"%s\"} %" PRId64 "\n",
				families[what].name, status.id,
				of_channel(&status, (enum of_channel)what));
	}
}

void metrics_write(struct buf *out, const struct engine *engine, int64_t dead)
{
	struct engine_status status;

	engine_status(engine, &status);
	begin_family(out, "build", "info", "Which nudged this is.");
	buf_add_str(out, "nudged_build_info{version=\"" NUDGED_VERSION "\"} 1\n");
	add_counters(out, &status);
	add_gauges(out, &status, dead);
	add_channels(out, engine);
	buf_add_str(out, "# EOF\n");
}
