/* The real engine on a simulated clock, told what happens to it: one command a line on stdin, JSON
 * lines on stdout, and a line {"ok": ...} at the end of each. Owns the clock, the loop and the engine
 * of the present world. Judges nothing: what should have happened is said elsewhere, by somebody who
 * knows nothing of the engine. Commands and their words: see `commands` below. */
#include "doubles.h"

#include "base/random.h"
#include "base/str.h"
#include "engine/dispatch_internal.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdio.h>

enum { WORDS = 8, RECEIVED_KEPT = 64, TURNS_MAX = 1000000, PAGE = 10000 };

static struct {
	char *plugins, folder[256];
	struct event_base *loop;
	struct clock *clock;
	struct engine *engine;
	struct id received[RECEIVED_KEPT];
	size_t n_received;
	bool answered;
	bool forgetful; /* dispatch has room for three messages: the rest stays in the store */
	int error;
} sim;

/* ---- saying ---- */

static void say(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	puts(text);
	free(text);
	json_decref(object);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *id_text(struct id id)
{
	char text[ID_TEXT];

	id_write(id, text);
	return json_string(text);
}

/* TIME_NEVER is null. */
static json_t *instant(int64_t at)
{
	return at == TIME_NEVER ? json_null() : json_integer(at);
}

static void say_ok(bool ok)
{
	say(json_pack("{sb sI sb sb}", "ok", ok, "t", (json_int_t)clock_now(sim.clock), "dead",
		doubles.dead, "runs", sim.engine != NULL));
	fflush(stdout);
}

static void on_event(void *owner unused_arg, const char *event, const char *message,
	const struct log_field *fields)
{
	const char *reminder = NULL;

	if (doubles.dead || (!str_eq(event, "missed") && !str_eq(event, "caught_up") &&
				    !str_eq(event, "mark_reset") && !str_eq(event, "store_failed")))
		return;
	for (; fields->key; fields++)
		if (str_eq(fields->key, "NUDGED_REMINDER"))
			reminder = fields->value;
	say(json_pack("{ss sI so ss}", "e", event, "t", (json_int_t)clock_now(sim.clock),
		"reminder", text_or_null(reminder), "message", message));
}

static void on_message(const char *channel, const char *answer, const json_t *data)
{
	const json_t *items = json_object_get(data, "items"), *item;
	json_t *ids = json_array(), *titles = json_array();
	size_t i;

	json_array_foreach(items, i, item)
	{
		json_t *occurrence = json_object_get(item, "occurrence");

		json_array_append(ids, occurrence);
		json_array_append(titles, json_object_get(item, "title"));
		if (id_read(json_string_value(occurrence),
			    &sim.received[sim.n_received % RECEIVED_KEPT]) == 0)
			sim.n_received++;
	}
	say(json_pack("{ss sI ss ss sO sO so so}", "e", "got", "t",
		(json_int_t)clock_now(sim.clock), "channel", channel, "answer", answer, "person",
		json_object_get(data, "person"), "delivery", json_object_get(data, "delivery"),
		"items", ids, "titles", titles));
}

/* ---- time ---- */

static bool is_busy(void)
{
	return store_pending(sim.engine->store) || dispatch_in_flight(sim.engine->dispatch) ||
	       sim.engine->dispatch->asking || planner_is_busy(sim.engine->planner);
}

/* Nothing of the process is left: also not what still waits on its loop. */
static void process_end(void)
{
	engine_free(sim.engine);
	sim.engine = NULL;
	if (sim.loop)
		event_base_free(sim.loop);
	sim.loop = NULL;
}

/* Until all that this instant asks for is done; or the process has died in the middle of it. */
static void settle(void)
{
	int quiet = 0;

	for (int turns = 0; sim.engine && quiet < 3; turns++) {
		assert(turns < TURNS_MAX);
		/* Its pause after a failure is one of the real world's seconds. */
		if (sim.engine->store_error && !doubles.dead)
			event_active(sim.engine->recover, 0, 0);
		event_base_loop(sim.loop, EVLOOP_NONBLOCK);
		quiet = is_busy() || sim.engine->store_error ? 0 : quiet + 1;
		if (!doubles.dead)
			continue;
		process_end();
		say(json_pack("{ss sI so}", "e", "died", "t", (json_int_t)clock_now(sim.clock),
			"durable", id_text(doubles.durable)));
	}
}

/* When dispatch has something to do by itself: its own timer is that of the real world. */
static int64_t dispatch_next_at(void)
{
	int64_t now = clock_now(sim.clock), next = dispatch_next_ms(sim.engine->dispatch);

	return next == TIME_NEVER ? next : now + MAX_OF(next, 1);
}

static void advance(int64_t to)
{
	bool was_running = sim.engine;

	settle();
	while (sim.engine) {
		int64_t alarm = clock_next_alarm(sim.clock);
		int64_t next = MIN_OF(alarm, dispatch_next_at());

		if (next > to)
			break;
		clock_advance(sim.clock, MAX_OF(next, clock_now(sim.clock)));
		dispatch_review(sim.engine->dispatch);
		settle();
	}
	/* Where it dies, time stands still for the teller. */
	if (sim.engine || !was_running)
		clock_advance(sim.clock, to);
}

/* ---- what people do ---- */

static void on_done(void *owner unused_arg, int error, const char *why)
{
	sim.answered = true;
	sim.error = error;
}

static bool wait_for_answer(void)
{
	while (!sim.answered && !doubles.dead)
		event_base_loop(sim.loop, EVLOOP_NONBLOCK);
	settle();
	return sim.answered && sim.error == 0;
}

static int64_t number(const char *text)
{
	int64_t value;

	if (str_eq(text, "never"))
		return TIME_NEVER;
	return text && str_to_int64(text, &value) == 0 ? value : 0;
}

static bool answer(struct id id, char **words)
{
	sim.answered = false;
	engine_answer(sim.engine, id, answer_from_name(words[2]), number(words[3]), NULL, SHARES,
		on_done, NULL);
	wait_for_answer();
	say(json_pack("{ss sI so ss sI si}", "e", "answered", "t", (json_int_t)clock_now(sim.clock),
		"occurrence", id_text(id), "answer", words[2], "snooze",
		(json_int_t)number(words[3]), "error", sim.answered ? sim.error : -EIO));
	return true;
}

static bool do_answer(char **words)
{
	size_t kept = MIN_OF(sim.n_received, (size_t)RECEIVED_KEPT);
	int64_t back = number(words[1]);

	if (!kept)
		return true;
	return answer(
		sim.received[(sim.n_received - 1 - (size_t)back % kept) % RECEIVED_KEPT], words);
}

static bool do_reply(char **words)
{
	struct id id;

	return words[1] && id_read(words[1], &id) == 0 && answer(id, words);
}

static bool do_pause(char **words)
{
	sim.answered = false;
	engine_pause(sim.engine, words[1], number(words[2]), "a rest", on_done, NULL);
	return wait_for_answer();
}

static bool do_resume(char **words)
{
	sim.answered = false;
	engine_resume(sim.engine, words[1], on_done, NULL);
	return wait_for_answer();
}

static bool do_receiver(char **words)
{
	for (int i = 0; i < RECEIVERS; i++) {
		if (!str_eq(words[2], receiver_names[i]))
			continue;
		doubles_set_receiver(words[1], i);
		dispatch_review(sim.engine->dispatch);
		settle();
		return true;
	}
	return false;
}

/* ---- life ---- */

static void say_complaints(struct complaints *complaints, const char *error)
{
	for (size_t i = 0; i < complaints->count; i++)
		if (!complaints->list[i].warning)
			say(json_pack("{ss si ss}", "e", "complaint", "line",
				complaints->list[i].line, "message", complaints->list[i].message));
	if (error)
		say(json_pack("{ss ss}", "e", "error", "message", error));
	complaints_clear(complaints);
}

static bool do_start(char **words unused_arg)
{
	auto_free char *config = str_printf("%s/nudged.conf", sim.folder);
	struct engine_settings settings = {.config_file = config,
		.plugin_folder = sim.plugins,
		.state = sim.folder,
		.loop = event_base_new(),
		.clock = sim.clock};
	struct complaints complaints = {0};
	auto_free char *error = NULL;
	char mark[32];

	sim.loop = settings.loop;
	doubles_revive();
	doubles_read_value("mark", mark, sizeof(mark));
	say(json_pack("{ss sI ss}", "e", "starting", "t", (json_int_t)clock_now(sim.clock), "mark",
		mark));
	if (engine_new(&settings, &sim.engine, &complaints, &error) < 0) {
		say_complaints(&complaints, error);
		process_end();
		return false;
	}
	complaints_clear(&complaints);
	if (sim.forgetful)
		sim.engine->dispatch->limits =
			(struct dispatch_limits){.jobs = 3, .lane_least = 2, .batch = 2};
	engine_start(sim.engine);
	settle();
	return true;
}

static bool do_reload(char **words unused_arg)
{
	struct complaints complaints = {0};
	int r = engine_reload(sim.engine, &complaints);

	say_complaints(&complaints, NULL);
	settle();
	return r == 0;
}

static void on_stopped(void *owner unused_arg)
{
	sim.answered = true;
}

static bool do_stop(char **words unused_arg)
{
	sim.answered = false;
	engine_stop(sim.engine, 10000, on_stopped, NULL);
	while (!sim.answered && !doubles.dead)
		event_base_loop(sim.loop, EVLOOP_ONCE);
	process_end();
	return true;
}

/* At once, wherever it stands. */
static bool do_kill(char **words unused_arg)
{
	doubles.dead = true;
	settle();
	return true;
}

static bool do_die(char **words)
{
	for (int i = 0; i < DEATHS; i++)
		if (str_eq(words[1], death_names[i])) {
			doubles_set_death(i, (int)number(words[2]));
			return true;
		}
	return false;
}

static bool do_advance(char **words)
{
	advance(number(words[1]));
	return true;
}

static bool do_step(char **words)
{
	clock_step(sim.clock, number(words[1]));
	settle();
	return true;
}

static bool do_end(char **words unused_arg)
{
	process_end();
	if (sim.clock)
		clock_free(sim.clock);
	sim.clock = NULL;
	doubles_reset();
	return true;
}

/* begin FOLDER INSTANT SEED */
static bool do_begin(char **words)
{
	do_end(words);
	snprintf(sim.folder, sizeof(sim.folder), "%s", words[1]);
	random_seed((uint64_t)number(words[3]));
	sim.n_received = 0;
	sim.forgetful = number(words[3]) % 3 == 0;
	sim.clock = clock_new_simulated(number(words[2]));
	doubles.clock = sim.clock;
	return true;
}

/* ---- asking ---- */

static bool on_planned(void *owner unused_arg, const struct planned *planned)
{
	auto_free char *room = planned->room ? str_printf("room:%s", planned->room->id) : NULL;

	say(json_pack("{ss ss ss so sI sI sI sI si ss ss}", "e", "planned", "reminder",
		planned->reminder->id, "recipient", room ? room : planned->person->id, "about",
		text_or_null(planned->about ? planned->about->id : NULL), "local",
		(json_int_t)(rule_is_elapsed(planned->reminder->rule) ? planned->slot.utc
								      : planned->slot.local),
		"due", (json_int_t)planned->due_at, "send", (json_int_t)planned->send_at, "fire",
		(json_int_t)planned->fire_at, "pass", planned->slot.pass, "decision",
		decision_names[planned->decision], "rule", rule_id_names[planned->rule]));
	return true;
}

/* preview FROM TO: local dates as days of the epoch. */
static bool do_preview(char **words)
{
	struct preview_query query = {.from = (int32_t)number(words[1]),
		.to = (int32_t)number(words[2]),
		.skipped = true};

	resolver_preview(sim.engine->model, engine_view(sim.engine), &query, on_planned, NULL);
	return true;
}

static void say_occurrence(const struct occurrence *o)
{
	say(json_pack("{ss so sI ss ss so sI si sI sI ss ss ss so si ss so}", "e", "occurrence",
		"id", id_text(o->id), "made", (json_int_t)id_time(o->id), "reminder",
		o->key.reminder, "recipient", o->key.recipient, "about", text_or_null(o->key.about),
		"local", (json_int_t)o->key.local, "pass", o->key.pass, "due",
		(json_int_t)o->due_at, "planned", (json_int_t)o->planned_at, "state",
		occurrence_state_names[o->state], "decision", decision_names[o->decision], "rule",
		o->rule, "follow", instant(o->follow_at), "nudges", o->nudges, "answer",
		answer_names[o->answer], "answered", instant(o->answered_at)));
}

static void say_delivery(const struct delivery *d)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(ids, id_text(d->items[i]->id));
	say(json_pack("{ss so ss ss ss si sI sI sI ss si sI si so so}", "e", "delivery", "id",
		id_text(d->id), "channel", d->channel, "recipient", d->recipient, "purpose",
		purpose_names[d->purpose], "budget", d->budget_date, "created",
		(json_int_t)d->created_at, "not_before", (json_int_t)d->not_before_at, "expire",
		(json_int_t)d->expire_at, "state", delivery_state_names[d->state], "attempts",
		d->attempts, "next", (json_int_t)d->next_at, "status", d->status, "reason",
		text_or_null(d->reason), "items", ids));
}

struct page {
	struct id last;
	size_t count;
	bool done;
};

static void on_occurrences(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct page *page = owner;

	for (size_t i = 0; i < count; i++)
		say_occurrence(list[i]);
	*page = (struct page){.last = count ? list[count - 1]->id : page->last, count, true};
}

static void on_deliveries(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct page *page = owner;

	for (size_t i = 0; i < count; i++)
		say_delivery(list[i]);
	*page = (struct page){.last = count ? list[count - 1]->id : page->last, count, true};
}

static void dump(bool of_deliveries)
{
	struct page page = {0};

	do {
		struct store_query query = {.after = page.last, .limit = PAGE};

		page.done = false;
		if (of_deliveries)
			store_find_deliveries(sim.engine->store, &query, on_deliveries, &page);
		else
			store_find_occurrences(sim.engine->store, &query, on_occurrences, &page);
		while (!page.done)
			event_base_loop(sim.loop, EVLOOP_NONBLOCK);
	} while (page.count == PAGE);
}

static bool do_dump(char **words unused_arg)
{
	dump(false);
	dump(true);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(char **words);
	bool needs_engine;
} commands[] = {
	{"begin", do_begin, false},      /* FOLDER INSTANT SEED */
	{"start", do_start, false},      /* reads FOLDER/nudged.conf */
	{"advance", do_advance, false},  /* INSTANT */
	{"step", do_step, false},        /* INSTANT: the clock is set, or the machine slept */
	{"reload", do_reload, true},     /* reads FOLDER/nudged.conf again */
	{"stop", do_stop, true},         /* as on SIGTERM */
	{"kill", do_kill, true},         /* as by SIGKILL */
	{"die", do_die, true},           /* DEATH N */
	{"answer", do_answer, true},     /* HOW-MANY-BACK ANSWER SNOOZE-SECONDS */
	{"reply", do_reply, true},       /* OCCURRENCE ANSWER SNOOZE-SECONDS */
	{"pause", do_pause, true},       /* WHAT UNTIL|never */
	{"resume", do_resume, true},     /* WHAT */
	{"receiver", do_receiver, true}, /* CHANNEL MOOD */
	{"preview", do_preview, true},   /* DAY DAY */
	{"dump", do_dump, true},         /* everything that is recorded */
	{"end", do_end, false},
};

static bool run(char *line)
{
	char *words[WORDS] = {NULL}, *rest = line;
	int n = 0;

	while (n < WORDS && (words[n] = strsep(&rest, " ")))
		n++;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (str_eq(words[0], commands[i].name))
			return (sim.engine || !commands[i].needs_engine) && commands[i].run(words);
	return false;
}

int main(int argc, char **argv)
{
	char line[1024];
	char *slash = strrchr(argv[0], '/');

	sim.plugins = str_printf("%.*s/../plugins", (int)(slash - argv[0]), argv[0]);
	log_open("simulator", getenv("TEST_LOG") ? LOG_DEBUG : LOG_EMERG);
	doubles.on_message = on_message;
	report_listen(on_event, NULL);
	while (fgets(line, sizeof(line), stdin)) {
		bool ok;

		line[strcspn(line, "\n")] = 0;
		ok = run(line);
		if (sim.clock)
			say_ok(ok);
		else
			puts("{\"ok\":true}"), fflush(stdout);
	}
	do_end(NULL);
	free(sim.plugins);
	return 0;
}
