/* What is told, and when: events become topics, a topic is something that is wrong, or a count; what
 * changed is told in one message after a moment, and after that seldom. Owns the topics. The words are
 * our own: of an event's message only those about the store and the configuration are repeated. */
#include "base/buf.h"
#include "engine/alert_internal.h"
#include "time/civil.h"

#include <stdio.h>
#include <unistd.h>

enum {
	GATHER_MS = 2000,  /* trouble seldom comes alone */
	SPACING_MS = 5000, /* between messages */
	LONG_SPACING_MS = 300 * 1000,
	FEW_AN_HOUR = 20, /* messages; from there on the long spacing */
	HOUR_MS = 3600 * 1000,
	STATES_AN_HOUR = 6, /* of one topic that comes and goes */
	COUNTS_AN_HOUR = 1,
	TOPICS_MAX = 64,
	LINES_MAX = 20, /* topics in one message */
	TEXT_MAX = 16384,
	TITLE_MAX = 1000,
	WHEN_TEXT = 24,
};

/* In the order in which they stand in a message. */
enum topic_kind {
	TOPIC_STORE,
	TOPIC_ASIDE,
	TOPIC_CHANNEL,
	TOPIC_QUARANTINED,
	TOPIC_EXPIRED,
	TOPIC_REFUSED,
	TOPIC_RELOAD,
};

struct topic {
	enum topic_kind kind;
	char *channel;  /* NULL: of the whole daemon */
	char *words;    /* of the last event; NULL: not to be repeated */
	unsigned count; /* since it was last told */
	bool wrong, told_wrong;
	int64_t since_at;   /* the first of the count, or the beginning of what is wrong */
	int64_t first_mono; /* of what is not told yet */
	struct hour hour;
	struct id last; /* delivery: each is one, however much it carries */
};

/* ---- what is heard ---- */

static const struct {
	enum event_id event;
	enum topic_kind kind;
	enum { GOES_WRONG, GOES_RIGHT, COUNTS } what;
} heard[] = {
	{EVENT_STORE_FAILED, TOPIC_STORE, GOES_WRONG},
	{EVENT_STORE_RECOVERED, TOPIC_STORE, GOES_RIGHT},
	{EVENT_STORE_SET_ASIDE, TOPIC_ASIDE, COUNTS},
	{EVENT_CHANNEL_FAILED, TOPIC_CHANNEL, GOES_WRONG},
	{EVENT_CHANNEL_RECOVERED, TOPIC_CHANNEL, GOES_RIGHT},
	{EVENT_QUARANTINED, TOPIC_QUARANTINED, COUNTS},
	{EVENT_EXPIRED, TOPIC_EXPIRED, COUNTS},
	{EVENT_REFUSED, TOPIC_REFUSED, COUNTS},
	{EVENT_RELOAD_REFUSED, TOPIC_RELOAD, COUNTS},
};

static int64_t now_mono(const struct alert *alert)
{
	return clock_mono(alert->settings.clock);
}

static bool is_of_deliveries(const struct topic *topic)
{
	return topic->kind == TOPIC_QUARANTINED || topic->kind == TOPIC_EXPIRED ||
	       topic->kind == TOPIC_REFUSED;
}

static int limit_of(const struct topic *topic)
{
	return is_of_deliveries(topic) ? COUNTS_AN_HOUR : STATES_AN_HOUR;
}

static bool is_pending(const struct topic *topic)
{
	return topic->count || topic->wrong != topic->told_wrong;
}

/* Nothing is lost when it is forgotten. */
static bool is_spent(const struct alert *alert, const struct topic *topic)
{
	return !is_pending(topic) && !topic->wrong &&
	       now_mono(alert) - topic->hour.since_mono >= HOUR_MS;
}

static int64_t ready_mono(const struct topic *topic)
{
	int64_t ready = topic->first_mono + GATHER_MS;

	return topic->hour.told < limit_of(topic) ? ready
						  : MAX_OF(ready, topic->hour.since_mono + HOUR_MS);
}

static void topic_clear(struct topic *topic)
{
	free(topic->channel);
	free(topic->words);
	*topic = (struct topic){0};
}

static void forget_spent(struct alert *alert)
{
	size_t left = 0;

	for (size_t i = 0; i < alert->n_topics; i++) {
		if (is_spent(alert, &alert->topics[i]))
			topic_clear(&alert->topics[i]);
		else
			alert->topics[left++] = alert->topics[i];
	}
	alert->n_topics = left;
}

/* NULL: there is no more room. */
static struct topic *find_topic(struct alert *alert, enum topic_kind kind, const char *channel)
{
	struct topic *topic;

	for (size_t i = 0; i < alert->n_topics; i++) {
		topic = &alert->topics[i];
		if (topic->kind == kind && str_eq(topic->channel, channel))
			return topic;
	}
	if (alert->n_topics == TOPICS_MAX)
		forget_spent(alert);
	if (alert->n_topics == TOPICS_MAX)
		return NULL;
	ARRAY_GROW(alert->topics, alert->n_topics, alert->topics_room);
	topic = &alert->topics[alert->n_topics++];
	*topic = (struct topic){.kind = kind, .channel = str_new(channel)};
	return topic;
}

static void add_trouble(struct alert *alert, struct topic *topic, const char *message)
{
	if (!topic->count++ && !topic->wrong && !topic->told_wrong)
		topic->since_at = clock_now(alert->settings.clock);
	if (topic->kind != TOPIC_CHANNEL && !is_of_deliveries(topic)) {
		free(topic->words);
		topic->words = str_new(message);
	}
}

static void on_event(
	void *owner, enum event_id event, const struct subject *subject, const char *message)
{
	struct alert *alert = owner;
	struct topic *topic;
	bool was_pending;
	size_t i = 0;

	while (heard[i].event != event)
		i++;
	if (!id_none(subject->delivery) && !subject->is_final)
		return;
	topic = find_topic(alert, heard[i].kind, subject->channel);
	if (!topic) {
		alert->untold++;
		return;
	}
	if (!id_none(subject->delivery) && id_eq(subject->delivery, topic->last))
		return;
	topic->last = subject->delivery;
	was_pending = is_pending(topic);
	if (heard[i].what != GOES_RIGHT)
		add_trouble(alert, topic, message);
	if (heard[i].what != COUNTS)
		topic->wrong = heard[i].what == GOES_WRONG;
	if (!was_pending)
		topic->first_mono = now_mono(alert);
	alert_set_alarm(alert);
}

bool alert_is_broken(const struct alert *alert, const char *channel)
{
	for (size_t i = 0; i < alert->n_topics; i++)
		if (alert->topics[i].kind == TOPIC_CHANNEL && alert->topics[i].wrong &&
			str_eq(alert->topics[i].channel, channel))
			return true;
	return false;
}

/* ---- the words ---- */

/* "14:03", or with its date when that is not today's. */
static void write_when(const struct alert *alert, int64_t at, char text[static WHEN_TEXT])
{
	const struct zone *zone = alert->model->zone;
	int64_t now = zone_to_local(zone, clock_now(alert->settings.clock) / 1000, NULL);
	int64_t local = zone_to_local(zone, at / 1000, NULL);
	struct civil civil = civil_unpack(local);

	if (local_date(local) == local_date(now))
		snprintf(text, WHEN_TEXT, "%02d:%02d", civil.hour, civil.minute);
	else
		snprintf(text, WHEN_TEXT, "%04d-%02d-%02d %02d:%02d", civil.year % 10000,
			civil.month, civil.day, civil.hour, civil.minute);
}

static void write_state(struct buf *out, const struct topic *topic, const char *when)
{
	if (topic->kind == TOPIC_CHANNEL)
		buf_printf(out, "channel %s", topic->channel);
	else
		buf_add_str(out, "the store");
	if (topic->wrong == topic->told_wrong)
		buf_printf(out, " failed %u time%s since %s, and %s now", topic->count,
			topic->count == 1 ? "" : "s", when,
			topic->wrong ? "does not work" : "works");
	else if (topic->wrong)
		buf_printf(out, " does not %s since %s",
			topic->kind == TOPIC_CHANNEL ? "work" : "record", when);
	else
		buf_printf(out, " %s again; it did not since %s",
			topic->kind == TOPIC_CHANNEL ? "works" : "records", when);
}

/* What happened, as the middle of a sentence. */
static void write_what(const struct alert *alert, const struct topic *topic, struct buf *out)
{
	const char *s = topic->count == 1 ? "" : "s";
	char when[WHEN_TEXT];

	write_when(alert, topic->since_at, when);
	switch (topic->kind) {
	case TOPIC_STORE:
	case TOPIC_CHANNEL:
		write_state(out, topic, when);
		return;
	case TOPIC_ASIDE:
		buf_printf(out, "the database was damaged and was set aside at %s", when);
		return;
	case TOPIC_QUARANTINED:
		buf_printf(out, "%u message%s by %s %s quarantined since %s", topic->count, s,
			topic->channel, *s ? "were" : "was", when);
		return;
	case TOPIC_EXPIRED:
		buf_printf(out, "%u message%s by %s expired since %s", topic->count, s,
			topic->channel, when);
		return;
	case TOPIC_REFUSED:
		buf_printf(out, "%u message%s by %s %s refused for good since %s", topic->count, s,
			topic->channel, *s ? "were" : "was", when);
		return;
	case TOPIC_RELOAD:
		buf_printf(out, "a new configuration was refused %u time%s since %s", topic->count,
			s, when);
	}
}

/* What can be done about it, as sentences. */
static void write_advice(const struct topic *topic, struct buf *out)
{
	switch (topic->kind) {
	case TOPIC_STORE:
		if (topic->wrong)
			buf_printf(out,
				" In its own words: %s. Look at the space and the health of that "
				"disk; nudged tries again by itself.",
				topic->words);
		return;
	case TOPIC_CHANNEL:
		if (topic->wrong)
			buf_printf(out,
				" \"nudgectl status\" says why, \"nudgectl test-channel %s "
				"--send\" tries it.",
				topic->channel);
		return;
	case TOPIC_ASIDE:
		buf_printf(out, " In its own words: %s.", topic->words);
		return;
	case TOPIC_QUARANTINED:
	case TOPIC_EXPIRED:
	case TOPIC_REFUSED:
		buf_printf(out, " \"nudgectl deliveries --dead --channel %s\" lists them.",
			topic->channel);
		return;
	case TOPIC_RELOAD:
		buf_printf(out, " In its own words: %s. \"nudged --check\" names the lines.",
			topic->words);
	}
}

static int by_kind(const void *a, const void *b)
{
	const struct topic *const *x = a, *const *y = b;

	return (int)(*x)->kind - (int)(*y)->kind;
}

static char *make_title(const struct alert *alert, struct topic *const *list, size_t count)
{
	struct buf title = BUF_MAX(TITLE_MAX);
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	buf_printf(&title, "nudged on %s: ", *host ? host : "this machine");
	write_what(alert, list[0], &title);
	if (count > 1)
		buf_printf(&title, "; and %zu more", count - 1);
	return buf_take(&title);
}

static char *make_text(const struct alert *alert, struct topic *const *list, size_t count)
{
	struct buf text = BUF_MAX(TEXT_MAX);
	size_t shown = MIN_OF(count, (size_t)LINES_MAX), at;

	for (size_t i = 0; i < shown; i++) {
		at = text.len;
		write_what(alert, list[i], &text);
		if (text.data[at] >= 'a' && text.data[at] <= 'z')
			text.data[at] += 'A' - 'a';
		buf_add_char(&text, '.');
		write_advice(list[i], &text);
		buf_add_char(&text, '\n');
	}
	if (count > shown || alert->untold)
		buf_printf(&text, "And %zu more: \"nudgectl status\" shows how things are.\n",
			count - shown + alert->untold);
	buf_printf(&text, "Times are those of %s.\n", zone_name(alert->model->zone));
	return buf_take(&text);
}

/* ---- telling ---- */

static void hour_count(struct hour *hour, int64_t now)
{
	if (!hour->told || now - hour->since_mono >= HOUR_MS)
		*hour = (struct hour){.since_mono = now};
	hour->told++;
}

static void mark_told(struct alert *alert, struct topic *topic)
{
	hour_count(&topic->hour, now_mono(alert));
	topic->count = 0;
	topic->told_wrong = topic->wrong;
}

static void tell(struct alert *alert, struct topic **list, size_t count)
{
	auto_free char *title = NULL, *text = NULL;

	qsort(list, count, sizeof(struct topic *), by_kind);
	title = make_title(alert, list, count);
	text = make_text(alert, list, count);
	for (size_t i = 0; i < count; i++)
		mark_told(alert, list[i]);
	alert->untold = 0;
	hour_count(&alert->hour, now_mono(alert));
	alert->told_mono = now_mono(alert);
	post_letter(alert, title, text);
}

/* The instant, or a later one that keeps the distance from the last message. */
static int64_t spaced_mono(const struct alert *alert, int64_t ready)
{
	int64_t spacing = alert->hour.told < FEW_AN_HOUR ? SPACING_MS : LONG_SPACING_MS;

	return alert->hour.told ? MAX_OF(ready, alert->told_mono + spacing) : ready;
}

static void tell_ready(struct alert *alert)
{
	struct topic *list[TOPICS_MAX];
	int64_t now = now_mono(alert);
	size_t count = 0;

	if (spaced_mono(alert, now) > now)
		return;
	for (size_t i = 0; i < alert->n_topics; i++)
		if (is_pending(&alert->topics[i]) && ready_mono(&alert->topics[i]) <= now)
			list[count++] = &alert->topics[i];
	if (count)
		tell(alert, list, count);
}

static int64_t next_mono(const struct alert *alert)
{
	int64_t next = TIME_NEVER;

	for (size_t i = 0; i < alert->n_topics; i++)
		if (is_pending(&alert->topics[i]))
			next = MIN_OF(next, ready_mono(&alert->topics[i]));
	if (next != TIME_NEVER)
		next = spaced_mono(alert, next);
	return MIN_OF(next, post_next_mono(alert));
}

void alert_set_alarm(struct alert *alert)
{
	int64_t next = next_mono(alert), at = TIME_NEVER;

	if (next != TIME_NEVER)
		at = clock_now(alert->settings.clock) + MAX_OF(next - now_mono(alert), 1);
	if (alarm_set(alert->alarm, at) < 0)
		log_error("the timer of alerts could not be set: %m");
}

static void on_ring(void *owner, bool clock_set unused_arg)
{
	struct alert *alert = owner;

	tell_ready(alert);
	post_run(alert);
	alert_set_alarm(alert);
}

/* ---- life ---- */

static void forget_topics(struct alert *alert)
{
	for (size_t i = 0; i < alert->n_topics; i++)
		topic_clear(&alert->topics[i]);
	alert->n_topics = 0;
	alert->untold = 0;
}

static void listen_for(struct alert *alert, struct model *model)
{
	struct report_tap tap = {.on_event = on_event, .owner = alert};

	model_ref(model);
	model_unref(alert->model);
	alert->model = model;
	for (size_t i = 0; i < ARRAY_LEN(heard); i++)
		tap.events |= UINT64_C(1) << heard[i].event;
	if (!model->n_alert_via)
		forget_topics(alert);
	report_tap(model->n_alert_via ? &tap : NULL);
}

int alert_new(const struct alert_settings *settings, struct model *model, struct alert **ret)
{
	struct alert *alert = mem_new(sizeof(*alert));
	int r;

	alert->settings = *settings;
	LIST_INIT(&alert->ways);
	r = alarm_new(settings->clock, settings->loop, on_ring, alert, &alert->alarm);
	if (r < 0) {
		free(alert);
		return r;
	}
	listen_for(alert, model);
	*ret = alert;
	return 0;
}

/* A channel that the new model changed or removed begins anew, and tells nothing of its past. */
static void review_channels(struct alert *alert)
{
	for (size_t i = 0; i < alert->n_topics; i++) {
		struct topic *topic = &alert->topics[i];

		if (topic->kind == TOPIC_CHANNEL && topic->wrong &&
			!dispatch_is_failing(alert->dispatch, topic->channel)) {
			topic->wrong = topic->told_wrong = false;
			topic->count = 0;
		}
	}
}

void alert_use_model(struct alert *alert, struct dispatch *dispatch, struct model *model)
{
	alert->dispatch = dispatch;
	listen_for(alert, model);
	post_use_model(alert);
	review_channels(alert);
	alert_set_alarm(alert);
}

void alert_free(struct alert *alert)
{
	if (!alert)
		return;
	report_tap(NULL);
	post_free(alert);
	forget_topics(alert);
	free(alert->topics);
	alarm_free(alert->alarm);
	model_unref(alert->model);
	free(alert);
}
