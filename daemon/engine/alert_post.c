/* The ways of alerts: one small queue each, tried by the retry policy of its channel, a bounded number
 * of times. Owns the letters. A letter that is given up is an event in the journal and a line in the
 * next letter; it is never the reason for another one. */
#include "base/random.h"
#include "engine/alert_internal.h"

enum { TRIES_MAX = 10, QUEUED_MAX = 8, UNKNOWN_TRIES_MAX = 2 };

static int64_t now_mono(const struct alert *alert)
{
	return clock_mono(alert->settings.clock);
}

static void letter_drop(struct way *way)
{
	struct letter *letter = STAILQ_FIRST(&way->letters);

	STAILQ_REMOVE_HEAD(&way->letters, in_way);
	way->queued--;
	free(letter->title);
	free(letter->text);
	free(letter);
}

static void way_free(struct way *way)
{
	if (way->flight)
		dispatch_cancel_note(way->flight);
	while (!STAILQ_EMPTY(&way->letters))
		letter_drop(way);
	LIST_REMOVE(way, link);
	free(way->channel);
	free(way->address);
	free(way);
}

static void give_up(struct way *way, const char *reason)
{
	struct subject subject = {
		.channel = way->channel, .attempt = STAILQ_FIRST(&way->letters)->tries};

	report(EVENT_ALERT_FAILED, &subject, "an alert by %s did not get through: %s (\"%s\")",
		way->channel, reason, STAILQ_FIRST(&way->letters)->title);
	way->lost++;
	letter_drop(way);
}

static void arrived(struct way *way)
{
	struct subject subject = {
		.channel = way->channel, .attempt = STAILQ_FIRST(&way->letters)->tries};

	report(EVENT_ALERTED, &subject, "told by %s: \"%s\"", way->channel,
		STAILQ_FIRST(&way->letters)->title);
	way->lost = 0;
	letter_drop(way);
}

static void try_again(struct way *way, const struct verdict *verdict)
{
	const struct letter *letter = STAILQ_FIRST(&way->letters);

	way->next_mono = now_mono(way->alert) + retry_delay_ms(&way->policy, letter->tries,
							verdict->delay_ms,
							(uint32_t)random_below(UINT64_C(1) << 32));
}

static bool is_worth_a_try(const struct letter *letter, const struct verdict *verdict)
{
	int most = TRIES_MAX;

	if (verdict->outcome == NUDGED_UNKNOWN && !verdict->safe_to_repeat)
		most = UNKNOWN_TRIES_MAX;
	return letter->tries < most &&
	       (verdict->outcome == NUDGED_RETRY || verdict->outcome == NUDGED_UNKNOWN ||
		       verdict->outcome == NUDGED_MISCONFIGURED);
}

static void on_note(void *owner, const struct verdict *verdict, int status unused_arg)
{
	struct way *way = owner;

	way->flight = NULL;
	if (verdict->outcome == NUDGED_SENT)
		arrived(way);
	else if (is_worth_a_try(STAILQ_FIRST(&way->letters), verdict))
		try_again(way, verdict);
	else
		give_up(way, outcome_names[verdict->outcome]);
	alert_set_alarm(way->alert);
}

static char *with_losses(const struct way *way, const char *text)
{
	if (!way->lost)
		return str_new(text);
	return str_printf("%s\n(%u message%s before this one did not get through here.)", text,
		way->lost, way->lost == 1 ? "" : "s");
}

static void way_try(struct way *way)
{
	struct letter *letter = STAILQ_FIRST(&way->letters);
	auto_free char *text = with_losses(way, letter->text), *error = NULL;
	struct note note = {.channel = way->channel,
		.address = way->address,
		.reminder = "nudged",
		.title = letter->title,
		.text = text,
		.id = letter->id,
		.attempt = ++letter->tries,
		.created_at = letter->created_at};

	way->next_mono = 0;
	if (dispatch_send_note(way->alert->dispatch, &note, on_note, way, &way->flight, &error) < 0)
		give_up(way, error);
}

void post_run(struct alert *alert)
{
	struct way *way;

	LIST_FOREACH(way, &alert->ways, link) {
		while (!way->flight && way->queued && way->next_mono <= now_mono(alert))
			way_try(way);
	}
}

int64_t post_next_mono(const struct alert *alert)
{
	int64_t next = TIME_NEVER;
	const struct way *way;

	LIST_FOREACH(way, &alert->ways, link) {
		if (!way->flight && way->queued)
			next = MIN_OF(next, way->next_mono);
	}
	return next;
}

/* The oldest makes room, unless it is on its way. */
static bool make_room(struct way *way)
{
	if (way->queued < QUEUED_MAX)
		return true;
	if (way->flight) {
		way->lost++;
		return false;
	}
	give_up(way, "there are newer ones");
	return true;
}

static void way_put(struct way *way, const char *title, const char *text)
{
	struct letter *letter;

	if (!make_room(way))
		return;
	letter = mem_new(sizeof(*letter));
	letter->title = str_new(title);
	letter->text = str_new(text);
	letter->created_at = clock_now(way->alert->settings.clock);
	letter->id = id_new(letter->created_at);
	STAILQ_INSERT_TAIL(&way->letters, letter, in_way);
	way->queued++;
}

void post_letter(struct alert *alert, const char *title, const char *text)
{
	bool any_works = false;
	struct way *way;

	LIST_FOREACH(way, &alert->ways, link)
		any_works |= !alert_is_broken(alert, way->channel);
	LIST_FOREACH(way, &alert->ways, link) {
		if (!any_works || !alert_is_broken(alert, way->channel))
			way_put(way, title, text);
	}
	post_run(alert);
}

static struct way *find_way(struct alert *alert, const struct alert_way *wanted)
{
	struct way *way;

	LIST_FOREACH(way, &alert->ways, link) {
		if (str_eq(way->channel, wanted->channel->id) &&
			str_eq(way->address, wanted->address))
			return way;
	}
	way = mem_new(sizeof(*way));
	way->alert = alert;
	way->channel = str_new(wanted->channel->id);
	way->address = str_new(wanted->address);
	STAILQ_INIT(&way->letters);
	LIST_INSERT_HEAD(&alert->ways, way, link);
	return way;
}

void post_use_model(struct alert *alert)
{
	const struct model *model = alert->model;
	struct way *way, *next;

	LIST_FOREACH(way, &alert->ways, link)
		way->kept = false;
	for (size_t i = 0; i < model->n_alert_via; i++) {
		const struct channel *channel = model->alert_via[i].channel;

		way = find_way(alert, &model->alert_via[i]);
		way->kept = true;
		way->policy = (struct retry_policy){channel->retry_base_ms, channel->retry_max_ms};
	}
	for (way = LIST_FIRST(&alert->ways); way; way = next) {
		next = LIST_NEXT(way, link);
		if (!way->kept)
			way_free(way);
	}
}

void post_free(struct alert *alert)
{
	while (!LIST_EMPTY(&alert->ways))
		way_free(LIST_FIRST(&alert->ways));
}
