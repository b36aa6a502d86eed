/* What people ask of the engine: answers, sends, retries, pauses, tests, reading the record. Each is
 * recorded before it is confirmed. Owns the requests under way. */
#include "engine/engine_internal.h"
#include "model/kept.h"

#include <errno.h>
#include <stdio.h>

#define DROPPED "dropped by an administrator"

enum {
	SNOOZE_MIN_S = 60,
	SNOOZE_MAX_S = 30 * 86400,
	ANSWER_TEXT_MAX = 4000,
	REASON_MAX = 200,
	RETRY_LIFE_MS = 3600 * 1000,
	COUNT_LIMIT_S =
		2, /* a status is asked for when things are bad: it does not wait for them */
};

struct asked *asked_new(struct engine *engine, engine_on_done on_done, void *owner)
{
	struct asked *asked = mem_new(sizeof(*asked));

	asked->engine = engine;
	asked->on_done = on_done;
	asked->owner = owner;
	return asked;
}

void asked_end(struct asked *asked, int error, const char *why)
{
	asked->on_done(asked->owner, error, why);
	occurrence_free(asked->occurrence);
	free(asked->text);
	free(asked->what);
	free(asked->fade);
	free(asked->deliveries);
	free(asked);
}

static void on_refused(void *owner, const struct store_result *result unused_arg)
{
	struct asked *asked = owner;
	char *why = asked->text;

	asked->text = NULL;
	asked_end(asked, asked->error, why);
	free(why);
}

void asked_refuse(struct asked *asked, int error, char *why)
{
	free(asked->text);
	asked->text = why;
	asked->error = error;
	store_apply(asked->engine->store, change_new(), on_refused, asked);
}

/* ---- answers ---- */

static void after_answer(struct engine *engine, const struct occurrence *occurrence,
	enum answer answer, int64_t follow_at)
{
	const char *person = occurrence->key.recipient, *reminder = occurrence->key.reminder;
	struct subject subject = {
		.reminder = reminder, .person = person, .due_at = occurrence->due_at};

	subject.occurrence = occurrence->id;
	report(EVENT_ANSWERED, &subject, "%s: %s answered %s", reminder, person,
		answer_names[answer]);
	follow_answered(engine->follow, occurrence, follow_at);
	dispatch_drop_answered(engine->dispatch, occurrence, "answered");
	hold_answered(engine, occurrence);
	engine_set_alarm(engine);
}

/* less and stop are kept as pauses of one reminder for one person; any other answer takes nothing
 * back: `nudgectl resume` does. */
static void record_wish(struct asked *asked, struct change *change)
{
	const struct occurrence_key *key = &asked->occurrence->key;
	int64_t now = clock_now(asked->engine->clock);

	if (asked->answer != ANSWER_LESS && asked->answer != ANSWER_STOP)
		return;
	asked->what =
		str_printf("%s:%s:%s", answer_names[asked->answer], key->recipient, key->reminder);
	change_put_pause(change, asked->what, now, TIME_NEVER, "their own answer");
}

/* An answer makes a reminder rarer that fades. */
static void record_fade(struct asked *asked, struct change *change)
{
	const struct engine *engine = asked->engine;
	const struct occurrence_key *key = &asked->occurrence->key;
	const struct reminder *reminder = model_reminder(engine->model, key->reminder);
	struct fade fade;

	if (!reminder || !reminder->fading.after || key->about)
		return;
	known_fade(engine->known, key->recipient, key->reminder, &fade);
	if (!fade_answer(&fade, key->local, asked->answer))
		return;
	asked->fade = known_fade_name(key->recipient, key->reminder);
	fade_write(&fade, asked->fade_text);
	change_put_pause(
		change, asked->fade, clock_now(engine->clock), TIME_NEVER, asked->fade_text);
}

static bool is_practice(enum answer answer)
{
	return answer == ANSWER_DONE || answer == ANSWER_STUCK;
}

/* Counts at once, so that answers under way at one time see each other. */
static void count_practice(struct known *known, const char *person, int step, char text[static 24])
{
	const char *kept = known_kept(known, person, KEPT_PRACTISED);
	int64_t count = 0;

	if (kept && str_to_int64(kept, &count) < 0)
		count = 0;
	count = MAX_OF(MIN_OF(count + step, INT32_MAX), 0);
	snprintf(text, 24, "%lld", (long long)count);
	known_keep(known, person, KEPT_PRACTISED, text);
}

/* How often somebody practised is counted as they answer: the record of it is not kept for ever. */
static void record_practice(struct asked *asked, struct change *change)
{
	const struct occurrence *was = asked->occurrence;
	const char *person = was->key.recipient;
	int step = is_practice(asked->answer) - is_practice(was->answer);
	char text[24];

	if (!step || was->key.about || !str_eq(was->kind, kind_names[KIND_PRACTICE]) ||
		!known_can_keep(asked->engine->known, person, KEPT_PRACTISED))
		return;
	asked->practised = step;
	count_practice(asked->engine->known, person, step, text);
	change_keep(change, person, KEPT_PRACTISED, text);
}

/* Nothing of the answer was kept. */
static void uncount_practice(const struct asked *asked)
{
	char text[24];

	if (asked->practised)
		count_practice(asked->engine->known, asked->occurrence->key.recipient,
			-asked->practised, text);
}

static void on_answer_stored(void *owner, const struct store_result *result)
{
	struct asked *asked = owner;
	struct engine *engine = asked->engine;

	if (result->error) {
		engine_store_failed(engine, result->error);
		follow_not_answered(engine->follow, asked->id);
		uncount_practice(asked);
		asked_end(
			asked, result->error, "the answer could not be recorded; try again later");
		return;
	}
	if (asked->what)
		known_pause(engine->known, asked->what, clock_now(engine->clock), TIME_NEVER,
			"their own answer");
	if (asked->fade)
		known_pause(engine->known, asked->fade, clock_now(engine->clock), TIME_NEVER,
			asked->fade_text);
	after_answer(engine, asked->occurrence, asked->answer, asked->follow_at);
	asked_end(asked, 0, NULL);
}

unsigned engine_shares(const struct engine *engine, const char *id)
{
	const struct person *person = model_person(engine->model, id);
	unsigned shares = 1u << SHARE_ME;

	if (!person)
		return shares;
	if (person->partner)
		shares |= 1u << SHARE_PARTNER;
	if (person->mentor)
		shares |= 1u << SHARE_MENTOR;
	if (person->manager)
		shares |= 1u << SHARE_MANAGER;
	if (person->n_teams)
		shares |= 1u << SHARE_TEAM;
	return shares;
}

enum share engine_usual_share(const struct engine *engine, const char *person)
{
	enum share share = share_from_name(known_kept(engine->known, person, "share"));

	return engine_shares(engine, person) >> share & 1 ? share : SHARE_ME;
}

/* Settles who may see the text; false when they have nobody of that name. */
static bool settle_share(struct asked *asked)
{
	const char *person = asked->occurrence->key.recipient;

	if (asked->share == SHARES && asked->text)
		asked->share = engine_usual_share(asked->engine, person);
	return asked->share == SHARES || engine_shares(asked->engine, person) >> asked->share & 1;
}

static void on_answer_found(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct asked *asked = owner;
	struct change *change;

	if (error || !count) {
		asked_end(asked, error ? error : -ENOENT, error ? NULL : "no such occurrence");
		return;
	}
	if (list[0]->state == OCCURRENCE_SKIPPED || str_starts(list[0]->key.recipient, "room:")) {
		asked_end(asked, -EINVAL, "this occurrence cannot be answered");
		return;
	}
	asked->occurrence = occurrence_copy(list[0]);
	if (!settle_share(asked)) {
		auto_free char *why = str_printf("%s has no %s to share it with",
			asked->occurrence->key.recipient, share_names[asked->share]);

		asked_end(asked, -EINVAL, why);
		return;
	}
	change = change_new();
	change_answer_occurrence(change, asked->id, asked->answer, asked->text, asked->share,
		clock_now(asked->engine->clock), asked->follow_at);
	record_wish(asked, change);
	record_fade(asked, change);
	record_practice(asked, change);
	follow_answering(asked->engine->follow, asked->id);
	store_apply(asked->engine->store, change, on_answer_stored, asked);
}

static const char *why_not_answer(enum answer answer, int64_t snooze_s, const char *text)
{
	if (answer == ANSWER_NONE || answer >= ANSWERS)
		return "an answer is one of done, stuck, snooze, skip, less, stop";
	if (answer == ANSWER_SNOOZE && (snooze_s < SNOOZE_MIN_S || snooze_s > SNOOZE_MAX_S))
		return "a snooze lasts from 1 minute to 30 days";
	if (text && (strlen(text) > ANSWER_TEXT_MAX || !str_is_utf8(text, strlen(text)) ||
			    !str_is_printable(text, strlen(text), true)))
		return "the text must be UTF-8 of at most 4000 bytes, without control characters";
	return NULL;
}

void engine_answer(struct engine *engine, struct id occurrence, enum answer answer,
	int64_t snooze_s, const char *text, enum share share, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);
	const char *why = why_not_answer(answer, snooze_s, text);

	if (why) {
		asked_refuse(asked, -EINVAL, str_new(why));
		return;
	}
	asked->id = occurrence;
	asked->answer = answer;
	asked->text = str_new(text);
	asked->share = share;
	asked->follow_at = TIME_NEVER;
	if (answer == ANSWER_SNOOZE)
		asked->follow_at = clock_now(engine->clock) + snooze_s * 1000;
	store_find_occurrences(engine->store, &(struct store_query){.id = occurrence, .limit = 1},
		on_answer_found, asked);
}

/* ---- deliveries by hand ---- */

static void tell_resubmitted(const struct delivery *delivery)
{
	struct subject subject = {.person = delivery->recipient,
		.channel = delivery->channel,
		.delivery = delivery->id};

	report(EVENT_RESUBMITTED, &subject, "a message for %s by %s is tried once more, by hand",
		delivery->recipient, delivery->channel);
}

static void on_retry_stored(void *owner, const struct store_result *result)
{
	struct asked *asked = owner;

	if (result->error) {
		delivery_free(asked->deliveries[0]);
		asked_end(asked, result->error, "the store cannot record it");
		return;
	}
	tell_resubmitted(asked->deliveries[0]);
	dispatch_submit(asked->engine->dispatch, asked->deliveries[0]);
	asked_end(asked, 0, "tried again");
}

/* NULL: it can be tried. Owned. */
static char *why_not_retry(const struct delivery *delivery)
{
	if (delivery->state == DELIVERY_DELIVERED)
		return str_new("it was delivered");
	if (delivery->state == DELIVERY_HELD)
		return str_new("it waits for its time");
	if (delivery->state == DELIVERY_CANCELLED)
		return str_printf("it was cancelled (%s), and is not wanted any more",
			delivery->reason ? delivery->reason : "without a reason");
	return NULL;
}

static void on_retry_found(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct asked *asked = owner;
	struct engine *engine = asked->engine;
	int64_t now = clock_now(engine->clock);
	struct delivery *again;
	struct change *change;
	auto_free char *why = NULL;

	if (error || !count) {
		asked_end(asked, error ? error : -ENOENT, error ? NULL : "no such delivery");
		return;
	}
	why = why_not_retry(list[0]);
	if (why) {
		asked_end(asked, -EINVAL, why);
		return;
	}
	if (list[0]->state == DELIVERY_WAITING) {
		tell_resubmitted(list[0]);
		dispatch_pull(engine->dispatch, list[0]->id);
		asked_end(asked, 0, "tried at once");
		return;
	}
	again = delivery_copy(list[0]);
	again->state = DELIVERY_WAITING;
	again->next_at = now;
	again->attempts = 0;
	again->expire_at = now + RETRY_LIFE_MS;
	ARRAY_GROW(asked->deliveries, asked->count, asked->capacity);
	asked->deliveries[asked->count++] = again;
	change = change_new();
	change_reopen_delivery(change, again);
	store_apply(engine->store, change, on_retry_stored, asked);
}

void engine_retry(struct engine *engine, struct id delivery, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);

	if (dispatch_hurry(engine->dispatch, delivery)) {
		tell_resubmitted(dispatch_find(engine->dispatch, delivery));
		asked_refuse(asked, 0, str_new("tried at once"));
		return;
	}
	store_find_deliveries(engine->store, &(struct store_query){.id = delivery, .limit = 1},
		on_retry_found, asked);
}

static void on_dropped(void *owner, const struct store_result *result)
{
	asked_end(owner, result->error, result->error ? "the store cannot record it" : "dropped");
}

/* It waits in the store for its turn, or is dead: then it is seen now, and says what it was. */
static void drop_recorded(struct asked *asked, const struct delivery *found)
{
	struct engine *engine = asked->engine;
	struct delivery *dropped;
	struct subject subject = {
		.person = found->recipient, .channel = found->channel, .delivery = found->id};
	struct change *change;

	if (dispatch_cancel(engine->dispatch, found->id, DROPPED)) {
		asked_end(asked, 0, "dropped");
		return;
	}
	dropped = delivery_copy(found);
	dropped->state = DELIVERY_CANCELLED;
	free(dropped->reason);
	dropped->reason = delivery_is_dead(found->state)
				  ? str_printf("%s; it was %s: %s", DROPPED,
					    delivery_state_names[found->state],
					    found->reason ? found->reason : "without a reason")
				  : str_new(DROPPED);
	dispatch_withdraw(engine->dispatch, found->id);
	change = change_new();
	change_reopen_delivery(change, dropped);
	store_apply(engine->store, change, on_dropped, asked);
	report(EVENT_CANCELLED, &subject, "a message for %s: %s", found->recipient, DROPPED);
	delivery_free(dropped);
}

static void on_drop_found(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct asked *asked = owner;
	auto_free char *why = NULL;

	if (!error && count &&
		(list[0]->state == DELIVERY_WAITING || delivery_is_dead(list[0]->state))) {
		drop_recorded(asked, list[0]);
		return;
	}
	if (!error && count)
		why = str_printf("it is %s already", delivery_state_names[list[0]->state]);
	asked_end(asked,
		error   ? error
		: count ? -EINVAL
			: -ENOENT,
		count ? why : "no such delivery");
}

void engine_drop(struct engine *engine, struct id delivery, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);

	if (dispatch_cancel(engine->dispatch, delivery, DROPPED) ||
		hold_cancel(engine, delivery, DROPPED)) {
		asked_refuse(asked, 0, str_new("dropped"));
		return;
	}
	store_find_deliveries(engine->store, &(struct store_query){.id = delivery, .limit = 1},
		on_drop_found, asked);
}

/* ---- pauses ---- */

/* NULL when `what` names something that is there. */
static char *why_not_pause(const struct model *model, const char *what)
{
	const char *id = strchr(what, ':');

	if (str_eq(what, "all"))
		return NULL;
	id = id ? id + 1 : "";
	if ((str_starts(what, "person:") && model_person(model, id)) ||
		(str_starts(what, "team:") && model_team(model, id)) ||
		(str_starts(what, "reminder:") && model_reminder(model, id)) ||
		(str_starts(what, "channel:") && model_channel(model, id)))
		return NULL;
	if (str_starts(what, "person:") || str_starts(what, "team:") ||
		str_starts(what, "reminder:") || str_starts(what, "channel:"))
		return str_printf("nothing of that name: %s", what);
	return str_new("pause all, person:ID, team:ID, reminder:ID or channel:ID");
}

struct pausing {
	struct asked *asked;
	char *what, *reason;
	int64_t since_at, until_at;
	bool resumes;
};

static void pausing_free(struct pausing *pausing)
{
	free(pausing->what);
	free(pausing->reason);
	free(pausing);
}

static void on_pause_stored(void *owner, const struct store_result *result)
{
	struct pausing *pausing = owner;
	struct engine *engine = pausing->asked->engine;
	struct subject subject = {0};

	if (result->error) {
		asked_end(pausing->asked, result->error, "the store cannot record it");
		pausing_free(pausing);
		return;
	}
	if (pausing->resumes) {
		known_resume(engine->known, pausing->what);
		report(EVENT_RESUMED, &subject, "%s goes on", pausing->what);
	} else {
		known_pause(engine->known, pausing->what, pausing->since_at, pausing->until_at,
			pausing->reason);
		report(EVENT_PAUSED, &subject, "%s rests: %s", pausing->what, pausing->reason);
	}
	dispatch_review(engine->dispatch);
	asked_end(pausing->asked, 0, NULL);
	pausing_free(pausing);
}

void engine_pause(struct engine *engine, const char *what, int64_t until_at, const char *reason,
	engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);
	int64_t now = clock_now(engine->clock);
	char *why = why_not_pause(engine->model, what);
	struct pausing *pausing;
	struct change *change;

	if (!why && until_at <= now)
		why = str_new("the pause would end in the past");
	if (!why && (str_empty(reason) || strlen(reason) > REASON_MAX))
		why = str_new("a pause needs a reason of at most 200 bytes");
	if (why) {
		asked_refuse(asked, -EINVAL, why);
		return;
	}
	pausing = mem_new(sizeof(*pausing));
	*pausing = (struct pausing){.asked = asked,
		.what = str_new(what),
		.reason = str_new(reason),
		.since_at = now,
		.until_at = until_at};
	change = change_new();
	change_put_pause(change, what, now, until_at, reason);
	store_apply(engine->store, change, on_pause_stored, pausing);
}

void engine_resume(struct engine *engine, const char *what, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);
	struct pause_status status;
	struct pausing *pausing;
	struct change *change;

	if (!known_find_pause(engine->known, what, &status)) {
		asked_refuse(asked, -ENOENT, str_printf("%s is not paused", what));
		return;
	}
	pausing = mem_new(sizeof(*pausing));
	*pausing = (struct pausing){.asked = asked, .what = str_new(what), .resumes = true};
	change = change_new();
	change_remove_pause(change, what);
	store_apply(engine->store, change, on_pause_stored, pausing);
}

bool engine_next_pause(const struct engine *engine, const char *after, struct pause_status *ret)
{
	return known_next_pause(engine->known, after, ret);
}

bool engine_fade(const struct engine *engine, const struct person *person,
	const struct reminder *reminder, struct fade *ret)
{
	return known_fade(engine->known, person->id, reminder->id, ret);
}

/* ---- a test message ---- */

struct testing {
	engine_on_test on_done;
	void *owner;
	char *shown;
};

static void on_tested(void *owner, const struct verdict *verdict, int status)
{
	struct testing *testing = owner;
	int error = !verdict ? -ECANCELED : verdict->outcome == NUDGED_SENT ? 0 : -EREMOTEIO;
	auto_free char *words =
		verdict ? str_printf("%s%s%s (status %d)", outcome_names[verdict->outcome],
				  verdict->reason ? ": " : "",
				  verdict->reason ? verdict->reason : "", status)
			: str_new("nudged stops");

	testing->on_done(testing->owner, error, testing->shown, words);
	free(testing->shown);
	free(testing);
}

void engine_test_channel(struct engine *engine, const char *channel, const char *address, bool send,
	engine_on_test on_done, void *owner)
{
	int64_t now = clock_now(engine->clock);
	const struct note note = {.channel = channel,
		.address = address,
		.reminder = "test",
		.title = "A test from nudged",
		.text = "If you can read this, the channel works.",
		.id = id_new(now),
		.attempt = 1,
		.created_at = now,
		.is_test = true};
	struct testing *testing;
	auto_free char *error = NULL, *shown = NULL;
	int r = dispatch_show_note(engine->dispatch, &note, &shown, &error);

	if (r == 0 && send) {
		testing = mem_new(sizeof(*testing));
		*testing = (struct testing){.on_done = on_done, .owner = owner};
		testing->shown = str_new(shown);
		r = dispatch_send_note(engine->dispatch, &note, on_tested, testing, NULL, &error);
		if (r == 0)
			return;
		free(testing->shown);
		free(testing);
	}
	on_done(owner, r, r < 0 ? NULL : shown, r < 0 ? error : NULL);
}

/* ---- reading ---- */

void engine_find_occurrences(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct occurrence *const *list, size_t count),
	void *owner)
{
	store_find_occurrences(engine->store, query, on_done, owner);
}

void engine_find_deliveries(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct delivery *const *list, size_t count),
	void *owner)
{
	store_find_deliveries(engine->store, query, on_done, owner);
}

static void on_backed_up(void *owner, const struct store_result *result)
{
	struct asked *asked = owner;
	auto_free char *why = NULL;

	if (result->error)
		why = str_printf("cannot write the backup to %s: %s", asked->what,
			result->error == -EEXIST ? "it exists already, and is never overwritten"
						 : strerror(-result->error));
	asked_end(asked, result->error, why);
}

void engine_find_facts(struct engine *engine, const struct fact_query *query,
	void (*on_done)(void *owner, int error, const struct fact *facts, size_t count),
	void *owner)
{
	store_find_facts(engine->store, query, on_done, owner);
}

void engine_backup(struct engine *engine, const char *path, engine_on_done on_done, void *owner)
{
	struct asked *asked = asked_new(engine, on_done, owner);

	if (path[0] != '/')
		asked_refuse(asked, -EINVAL, str_new("a backup needs an absolute path"));
	else {
		asked->what = str_new(path);
		store_backup(engine->store, path, on_backed_up, asked);
	}
}

void engine_watch(struct engine *engine unused_arg, engine_on_event on_event, void *owner)
{
	report_listen(on_event, owner);
}

void engine_unwatch(struct engine *engine unused_arg, engine_on_event on_event, void *owner)
{
	report_unlisten(on_event, owner);
}
