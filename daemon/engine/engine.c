/* The engine's life: parts in starting order, one alarm for everything that has an instant, what to
 * do when the clock was set or the store fails, reload, drain. Owns all parts. Decides nothing about
 * people: that is the resolver's. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sodium.h>

/* A value that is there from a start to an orderly end. */
#define RUNNING "running"

enum {
	MISSED_AFTER_MS = 60 * 1000,  /* later than this, time was not watched */
	MARK_AHEAD_MS = 86400 * 1000, /* a mark further ahead of the clock is reset */
	SET_BACK_MS = 60 * 1000,      /* less is not worth a word */
	OVERDUE_MS = 60 * 1000,       /* later than this, planning does not turn */
	RECOVER_S = 5,
	DRAIN_LOOK_MS = 20,
};

struct clock *engine_clock(const struct engine *engine)
{
	return engine->clock;
}

const struct model *engine_model(const struct engine *engine)
{
	return engine->model;
}

const struct view *engine_view(const struct engine *engine)
{
	return known_view(engine->known);
}

const struct link_key *engine_link_key(const struct engine *engine)
{
	return &engine->link_key;
}

/* ---- the alarm ---- */

void engine_set_alarm(struct engine *engine)
{
	int64_t at;

	if (!engine->running || planner_is_busy(engine->planner))
		return;
	at = MIN_OF(planner_next_at(engine->planner), hold_next_at(engine));
	at = MIN_OF(at, follow_next_at(engine->follow));
	if (engine->store_error)
		at = TIME_NEVER;
	if (alarm_set(engine->alarm, at) < 0)
		log_error("the timer could not be set: %m");
}

/* What is due goes in this order: new slots, then the messages that waited for them, then nudges,
 * which may join those. */
void engine_run(struct engine *engine)
{
	bool missed = engine->missed;

	if (!engine->running || engine->store_error || planner_is_busy(engine->planner))
		return;
	engine->missed = false;
	planner_run(engine->planner, missed);
}

static void on_rest(void *owner)
{
	struct engine *engine = owner;

	/* A pass under way may still add to what is due now. */
	if (!engine->store_error && !planner_is_busy(engine->planner)) {
		hold_release_due(engine);
		follow_run(engine->follow);
	}
	engine_set_alarm(engine);
	files_on_rest(engine);
}

static void on_accepted(void *owner, const struct store_result *result)
{
	if (result->error)
		engine_store_failed(owner, result->error);
}

/* The mark far ahead of the clock: the clock was wrong then, or is now. Recorded, so that another
 * start counts from here and not from its own instant. */
static void check_mark(struct engine *engine)
{
	int64_t now = clock_now(engine->clock), mark = planner_mark(engine->planner);
	struct change *change;

	if (mark <= now + MARK_AHEAD_MS || planner_is_busy(engine->planner))
		return;
	report(EVENT_MARK_RESET, NULL,
		"everything up to %lld h from now was decided already: the clock was ahead; "
		"starting "
		"again from now",
		(long long)(mark - now) / 3600000);
	change = change_new();
	known_begin_by(engine->known, now, change);
	planner_write_mark(engine->planner, change, now);
	store_apply(engine->store, change, on_accepted, engine);
	planner_use_model(engine->planner, engine->model, now);
}

static void report_clock(struct engine *engine)
{
	int64_t back = planner_mark(engine->planner) - clock_now(engine->clock);

	if (back > SET_BACK_MS && back <= MARK_AHEAD_MS)
		report(EVENT_CLOCK_SET, NULL,
			"the clock was set back: what is due in the next %lld min was decided "
			"already, and is not repeated",
			(long long)back / 60000);
	else
		report(EVENT_CLOCK_SET, NULL, "the clock was set, or the machine resumed");
}

static void on_ring(void *owner, bool clock_set)
{
	struct engine *engine = owner;
	int64_t next = planner_next_at(engine->planner);

	if (clock_set) {
		report_clock(engine);
		engine->missed = true;
		check_mark(engine);
		dispatch_review(engine->dispatch);
	} else if (next != TIME_NEVER && clock_now(engine->clock) - next > MISSED_AFTER_MS) {
		engine->missed = true;
	}
	engine_run(engine);
}

/* ---- the store in trouble ---- */

static void on_probe(void *owner, const struct store_result *result)
{
	struct engine *engine = owner;
	struct timeval again = {.tv_sec = RECOVER_S};

	if (engine->damaged)
		return;
	if (result->error || planner_is_busy(engine->planner)) {
		evtimer_add(engine->recover, &again);
		return;
	}
	engine->store_error = 0;
	report(EVENT_STORE_RECOVERED, NULL, "the store records again");
	planner_use_model(engine->planner, engine->model, planner_mark(engine->planner));
	engine->missed = true;
	dispatch_hold(engine->dispatch, !engine->running); /* who stops starts nothing new */
	engine_run(engine);
}

static void on_recover(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct engine *engine = data;
	struct change *change = change_new();

	change_set_value(change, RUNNING, "1");
	store_apply(engine->store, change, on_probe, engine);
}

void engine_store_failed(struct engine *engine, int error)
{
	struct timeval soon = {.tv_sec = RECOVER_S};

	if (engine->store_error || error == -EBADMSG) /* damage is told by the store itself */
		return;
	engine->store_error = error;
	report(EVENT_STORE_FAILED, NULL,
		"the store in %s cannot record: %s; nothing new is sent until it can",
		engine->state, strerror(-error));
	dispatch_hold(engine->dispatch, true);
	evtimer_add(engine->recover, &soon);
}

static void on_store_error(void *owner, int error)
{
	engine_store_failed(owner, error);
}

static void on_dispatch_store(void *owner, int error)
{
	if (error)
		engine_store_failed(owner, error);
}

/* ---- what the parts ask ---- */

void engine_take_delivery(struct engine *engine, struct delivery *delivery)
{
	if (delivery->state == DELIVERY_HELD) {
		hold_put(engine, delivery);
		engine_set_alarm(engine);
	} else {
		dispatch_submit(engine->dispatch, delivery);
	}
}

static void on_recorded(void *owner, struct delivery *delivery)
{
	engine_take_delivery(owner, delivery);
}

static void on_follow(void *owner, const struct occurrence *occurrence)
{
	struct engine *engine = owner;

	follow_put(engine->follow, occurrence);
	engine_set_alarm(engine);
}

static void on_faded(void *owner, const char *what, int64_t since_at, const char *text)
{
	known_pause(((struct engine *)owner)->known, what, since_at, TIME_NEVER, text);
}

static void on_held_moved(void *owner, struct delivery *delivery)
{
	hold_move(owner, delivery);
}

static char *answer_url(void *owner, struct id occurrence, int64_t created_at)
{
	const struct engine *engine = owner;
	char token[LINK_TOKEN + 1];

	if (!engine->model->public_url)
		return NULL;
	link_write(&engine->link_key, occurrence, dispatch_link_expiry_s(created_at), token);
	return str_printf("%s/a/%s", engine->model->public_url, token);
}

static char *practice_url(void *owner, const struct person *person)
{
	return engine_person_url(owner, person, LINK_PAGE);
}

static void keep(
	void *owner, struct change *change, const char *person, const char *name, const char *value)
{
	struct engine *engine = owner;

	known_note(engine->known, engine->model, change, person, name, value);
}

static int64_t paused_until(void *owner, const char *channel)
{
	const struct engine *engine = owner;

	return known_channel_paused_until(engine->known, channel);
}

static int64_t held_until(void *owner, const struct delivery *delivery)
{
	const struct engine *engine = owner;

	if (!known_pauses(engine->known))
		return 0;
	return known_delivery_paused_until(engine->known, delivery,
		model_person(engine->model, delivery->recipient), clock_now(engine->clock));
}

/* ---- whether it turns, for those outside ---- */

/* A long pass is no trouble while it decides something. */
static bool stands_still(struct engine *engine)
{
	uint64_t decided = report_count(EVENT_RECORDED) + report_count(EVENT_SKIPPED) +
			   report_count(EVENT_MISSED);
	bool busy = planner_is_busy(engine->planner);
	bool stands = busy && engine->was_busy && decided == engine->decided;

	engine->decided = decided;
	engine->was_busy = busy;
	return stands;
}

const char *engine_why_not_turning(void *owner)
{
	struct engine *engine = owner;

	if (engine->store_error)
		return "the store cannot record";
	if (dispatch_is_held(engine->dispatch))
		return "nothing is sent at present";
	if (planner_next_at(engine->planner) < clock_now(engine->clock) - OVERDUE_MS ||
		stands_still(engine))
		return "what is due is not decided";
	return NULL;
}

/* Who is told of trouble, and of none, by the model in force. */
static void watch_over(struct engine *engine)
{
	int r = heartbeat_use_model(engine->heartbeat, engine->model);

	if (r < 0)
		log_error("there is no heartbeat: %s", strerror(-r));
	alert_use_model(engine->alert, engine->dispatch, engine->model);
}

/* ---- loading what is open ---- */

struct loading {
	struct engine *engine;
	int64_t mark_at;
	char *key;
	struct delivery **held;
	size_t count, capacity;
	bool unclean; /* the last run ended without saying so */
};

static void load_value(void *owner, const char *name, const char *value)
{
	struct loading *loading = owner;

	if (str_eq(name, "mark") && str_to_int64(value, &loading->mark_at) < 0)
		loading->mark_at = 0;
	loading->unclean |= str_eq(name, RUNNING);
	if (str_starts(name, FORGOTTEN))
		known_mark(loading->engine->known, name);
	if (str_starts(name, ZONES_PREFIX))
		zones_load(loading->engine->zones, name, value);
	if (str_eq(name, "link-key")) {
		free(loading->key);
		loading->key = str_new(value);
	}
}

static void load_begin(void *owner, const char *what, int64_t at)
{
	known_begin(((struct loading *)owner)->engine->known, what, at);
}

static void load_pause(
	void *owner, const char *what, int64_t since_at, int64_t until_at, const char *reason)
{
	known_pause(((struct loading *)owner)->engine->known, what, since_at, until_at, reason);
}

static void load_held(void *owner, const struct delivery *delivery)
{
	struct loading *loading = owner;

	ARRAY_GROW(loading->held, loading->count, loading->capacity);
	loading->held[loading->count++] = delivery_copy(delivery);
}

static void load_backlog(void *owner, const char *channel, size_t waiting)
{
	dispatch_add_backlog(((struct loading *)owner)->engine->dispatch, channel, waiting);
}

static void load_kept(void *owner, const char *person, const char *name, const char *value)
{
	known_keep(((struct loading *)owner)->engine->known, person, name, value);
}

static void load_follow(void *owner, const struct occurrence *occurrence)
{
	follow_put(((struct loading *)owner)->engine->follow, occurrence);
}

/* The earliest date that it is anywhere: whoever moves west meets a date again, and what it has used. */
static int32_t first_current_date(const struct engine *engine)
{
	return local_date(clock_now(engine->clock) / 1000) - 1;
}

static bool is_current(const struct engine *engine, const char *recipient, int32_t date)
{
	return date >= first_current_date(engine) && model_person(engine->model, recipient);
}

static void load_budget(void *owner, const char *recipient, int32_t date,
	struct id delivery unused_arg, enum delivery_state state unused_arg)
{
	struct engine *engine = ((struct loading *)owner)->engine;

	if (is_current(engine, recipient, date))
		ledger_day(engine->ledger, recipient, date)->used++;
}

/* The held message of a day takes what is still merged into it. */
static void take_held(struct engine *engine, struct delivery *delivery)
{
	struct ledger_day *day;

	if (is_current(engine, delivery->recipient, delivery->budget_date)) {
		day = ledger_day(engine->ledger, delivery->recipient, delivery->budget_date);
		day->held = delivery;
		day->join_next = delivery->purpose != PURPOSE_REMIND;
	}
	engine_take_delivery(engine, delivery);
	hold_drop_answered(engine, delivery);
}

/* The link key: from the configuration, else made once and kept in the store. */
static int set_link_key(struct engine *engine, const char *kept, struct change *change)
{
	unsigned char bytes[LINK_KEY];
	char text[2 * LINK_KEY + 1];

	if (engine->model->link_key)
		return link_key_derive(secret_reveal(engine->model->link_key), &engine->link_key);
	if (!kept) {
		randombytes_buf(bytes, sizeof(bytes));
		str_hex(bytes, sizeof(bytes), text);
		change_set_value(change, "link-key", text);
		kept = text;
	}
	return link_key_derive(kept, &engine->link_key);
}

static int engine_load(struct engine *engine, char **ret_error)
{
	struct loading loading = {.engine = engine};
	const struct store_visitor visitor = {.value = load_value,
		.begin = load_begin,
		.pause = load_pause,
		.kept = load_kept,
		.held = load_held,
		.backlog = load_backlog,
		.follow = load_follow,
		.budget = load_budget};
	int64_t now = clock_now(engine->clock);
	struct change *change = change_new();
	int r = store_load(engine->store, first_current_date(engine), &visitor, &loading);

	if (r == 0)
		r = set_link_key(engine, loading.key, change);
	if (r < 0) {
		*ret_error = str_printf(
			"the store in %s cannot be read: %s", engine->state, strerror(-r));
		change_free(change);
	} else {
		known_begin_by(engine->known, now, change);
		known_accept(engine->known, engine->model, now, change);
		planner_use_model(
			engine->planner, engine->model, loading.mark_at ? loading.mark_at : now);
		change_set_value(change, RUNNING, "1");
		if (loading.unclean)
			dispatch_suspect(engine->dispatch, now);
		if (!loading.mark_at)
			planner_write_mark(engine->planner, change, now);
		store_apply(engine->store, change, on_accepted, engine);
		r = dispatch_use_model(engine->dispatch, engine->model, ret_error);
		if (r == 0)
			watch_over(engine);
	}
	for (size_t i = 0; i < loading.count; i++) {
		if (r == 0)
			take_held(engine, loading.held[i]);
		else
			delivery_free(loading.held[i]);
	}
	engine->loaded = r == 0;
	free(loading.held);
	free(loading.key);
	return r;
}

/* ---- starting ---- */

static int make_parts(struct engine *engine)
{
	struct planner_settings planner = {.loop = engine->loop,
		.clock = engine->clock,
		.store = engine->store,
		.view = known_view(engine->known),
		.zones = engine->zones,
		.owner = engine,
		.keep = keep,
		.answer_url = answer_url,
		.practice_url = practice_url,
		.on_recorded = on_recorded,
		.on_follow = on_follow,
		.on_faded = on_faded,
		.on_held_moved = on_held_moved,
		.on_rest = on_rest,
		.on_store_error = on_store_error};
	struct dispatch_settings dispatch = {.loop = engine->loop,
		.clock = engine->clock,
		.channels = engine->channels,
		.store = engine->store,
		.link_key = &engine->link_key,
		.owner = engine,
		.paused_until = paused_until,
		.held_until = held_until,
		.on_store = on_dispatch_store};
	struct follow_settings follow = {.loop = engine->loop,
		.clock = engine->clock,
		.store = engine->store,
		.view = known_view(engine->known),
		.ledger = engine->ledger,
		.owner = engine,
		.on_recorded = on_recorded,
		.on_store_error = on_store_error,
		.on_rest = on_rest};
	struct heartbeat_settings heartbeat = {.loop = engine->loop,
		.clock = engine->clock,
		.store = engine->store,
		.owner = engine,
		.why_not = engine_why_not_turning,
		.on_store_error = on_store_error};
	int r = dispatch_new(&dispatch, &engine->dispatch);

	if (r < 0)
		return r;
	engine->planner = planner_new(&planner, engine->ledger);
	follow.planner = engine->planner;
	engine->follow = follow_new(&follow);
	follow_use_model(engine->follow, engine->model);
	engine->heartbeat = heartbeat_new(&heartbeat);
	engine->recover = evtimer_new(engine->loop, on_recover, engine);
	care_open(engine);
	return alarm_new(engine->clock, engine->loop, on_ring, engine, &engine->alarm);
}

static const char *choose_state(const struct engine_settings *settings, const struct model *model)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (settings->state)
		return settings->state;
	if (model->state)
		return model->state;
	return str_empty(folder) ? "/var/lib/nudged" : folder;
}

static int open_store(
	struct engine *engine, const struct engine_settings *settings, char **ret_error)
{
	struct store_settings store = {.kind = engine->model->store,
		.loop = engine->loop,
		.now_at = clock_now(engine->clock),
		.on_aside = damage_on_aside,
		.on_damaged = damage_on_found,
		.owner = engine};

	engine->state = str_new(choose_state(settings, engine->model));
	store.folder = engine->state;
	return store_open(&store, &engine->store, ret_error);
}

/* Before the store, whose opening may already be worth an alert. */
static int open_alerts(struct engine *engine, char **ret_error)
{
	const struct alert_settings settings = {.loop = engine->loop, .clock = engine->clock};
	int r = alert_new(&settings, engine->model, &engine->alert);

	if (r < 0)
		*ret_error = str_printf("starting: %s", strerror(-r));
	return r;
}

static int try_new(const struct engine_settings *settings, struct engine **ret,
	struct complaints *complaints, char **ret_error)
{
	struct engine *engine = mem_new(sizeof(*engine));
	struct config_needs needs;
	int r;

	engine->loop = settings->loop;
	engine->clock = settings->clock;
	engine->on_failed = settings->on_failed;
	engine->owner = settings->owner;
	engine->config_file = str_new(settings->config_file);
	engine->channels = channels_new(settings->plugin_folder);
	engine->known = known_new();
	engine->ledger = ledger_new();
	engine->zones = zones_new();
	needs = channels_needs(engine->channels, clock_now(engine->clock) / 1000);
	r = config_load(settings->config_file, &needs, false, &engine->model, complaints);
	if (r == 0)
		r = open_alerts(engine, ret_error);
	if (r == 0)
		r = open_store(engine, settings, ret_error);
	if (r == 0) {
		r = make_parts(engine);
		if (r < 0)
			*ret_error = str_printf("starting: %s", strerror(-r));
	}
	if (r == 0)
		r = engine_load(engine, ret_error);
	if (r < 0) {
		engine_free(engine);
		return r;
	}
	*ret = engine;
	return 0;
}

int engine_new(const struct engine_settings *settings, struct engine **ret,
	struct complaints *complaints, char **ret_error)
{
	int r = try_new(settings, ret, complaints, ret_error);

	if (r != -EBADMSG)
		return r;
	/* Damage that only reading everything showed: opened again, the store sets it aside. */
	free(*ret_error);
	*ret_error = NULL;
	complaints_clear(complaints);
	return try_new(settings, ret, complaints, ret_error);
}

void engine_start(struct engine *engine)
{
	engine->started_at = clock_now(engine->clock);
	engine->running = true;
	engine->missed = true;
	check_mark(engine);
	care_start(engine);
	files_watch(engine);
}

/* ---- reload ---- */

static void refuse_change(struct complaints *complaints, const struct model *now, const char *key,
	const char *old_value, const char *new_value)
{
	if (!str_eq(old_value, new_value))
		complaints_add(complaints, false, (struct where){.file = now->file},
			"`%s` changed from \"%s\" to \"%s\": that needs a restart", key,
			old_value ? old_value : "", new_value ? new_value : "");
}

static int check_reload(
	const struct model *old, const struct model *now, struct complaints *complaints)
{
	size_t before = complaints->errors;

	refuse_change(complaints, now, "state", old->state, now->state);
	refuse_change(complaints, now, "store", old->store, now->store);
	refuse_change(complaints, now, "control", old->control, now->control);
	refuse_change(complaints, now, "listen", old->listen, now->listen);
	refuse_change(complaints, now, "listen_admin", old->listen_admin, now->listen_admin);
	return complaints->errors > before ? -EINVAL : 0;
}

/* Up to when the old configuration had nothing left to decide: a slot that only the new one has in
 * that time was never promised. */
static int64_t watched_until(const struct engine *engine, int64_t now)
{
	int64_t mark = planner_mark(engine->planner), next = planner_next_at(engine->planner);

	if (planner_is_busy(engine->planner))
		return mark;
	return MAX_OF(mark, MIN_OF(now, next - 1));
}

static int reload(struct engine *engine, struct complaints *complaints)
{
	int64_t now = clock_now(engine->clock), mark_at;
	struct config_needs needs = channels_needs(engine->channels, now / 1000);
	struct model *model, *old = engine->model;
	struct change *change;
	auto_free char *error = NULL;
	int r;

	if (!engine->running) {
		complaints_add(complaints, false, (struct where){.file = engine->config_file},
			"nudged is stopping; the next start takes the change");
		return -EBUSY;
	}
	files_take_changes(engine);
	r = config_load(engine->config_file, &needs, false, &model, complaints);
	if (r < 0)
		return r;
	r = check_reload(old, model, complaints);
	if (r == 0) {
		r = dispatch_use_model(engine->dispatch, model, &error);
		if (r < 0)
			complaints_add(complaints, false, (struct where){.file = model->file}, "%s",
				error);
	}
	if (r < 0) {
		model_unref(model);
		return -EINVAL;
	}
	mark_at = watched_until(engine, now);
	change = change_new();
	known_accept(engine->known, model, now, change);
	if (!planner_is_busy(engine->planner))
		planner_write_mark(engine->planner, change, mark_at);
	store_apply(engine->store, change, on_accepted, engine);
	engine->model = model;
	planner_use_model(engine->planner, model, mark_at);
	follow_use_model(engine->follow, model);
	hold_review(engine);
	watch_over(engine);
	if (model->link_key)
		r = link_key_derive(secret_reveal(model->link_key), &engine->link_key);
	links_forget(engine);
	model_unref(old);
	engine->reloaded_at = now;
	files_watch(engine);
	return r;
}

int engine_reload(struct engine *engine, struct complaints *complaints)
{
	int r = reload(engine, complaints);

	if (r < 0)
		report(EVENT_RELOAD_REFUSED, NULL,
			"the new configuration has %zu error%s; the old one stays",
			complaints->errors, complaints->errors == 1 ? "" : "s");
	else
		report(EVENT_RELOADED, NULL, "%zu reminders for %zu people",
			engine->model->n_reminders, engine->model->n_people);
	return r;
}

/* ---- stopping ---- */

static void on_drain_look(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct engine *engine = data;
	struct timeval soon = {.tv_usec = DRAIN_LOOK_MS * 1000};
	bool busy = dispatch_in_flight(engine->dispatch) || store_pending(engine->store) ||
		    planner_is_busy(engine->planner);

	if (busy && clock_mono(engine->clock) < engine->stop_by_mono)
		evtimer_add(engine->stop_timer, &soon);
	else
		engine->on_stopped(engine->stop_owner);
}

void engine_stop(
	struct engine *engine, int64_t limit_ms, void (*on_stopped)(void *owner), void *owner)
{
	engine->running = false;
	engine->on_stopped = on_stopped;
	engine->stop_owner = owner;
	engine->stop_by_mono = clock_mono(engine->clock) + limit_ms;
	heartbeat_stop(engine->heartbeat);
	planner_stop(engine->planner);
	dispatch_hold(engine->dispatch, true);
	engine->stop_timer = evtimer_new(engine->loop, on_drain_look, engine);
	on_drain_look(-1, 0, engine);
}

/* The next start need not look for what ended this run. */
static void say_ended(struct engine *engine)
{
	struct change *change = change_new();

	change_set_value(change, RUNNING, NULL);
	store_apply(engine->store, change, NULL, NULL);
}

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	event_release(engine->recover);
	care_close(engine);
	event_release(engine->stop_timer);
	if (engine->alarm)
		alarm_free(engine->alarm);
	files_close(engine);
	heartbeat_free(engine->heartbeat);
	alert_free(engine->alert);
	follow_free(engine->follow);
	planner_free(engine->planner);
	dispatch_free(engine->dispatch);
	hold_free_all(engine);
	if (engine->loaded)
		say_ended(engine);
	if (engine->store)
		store_close(engine->store);
	ledger_free(engine->ledger);
	zones_free(engine->zones);
	known_free(engine->known);
	links_forget(engine);
	invites_free(engine);
	model_unref(engine->model);
	channels_free(engine->channels);
	free(engine->config_file);
	free(engine->state);
	sodium_memzero(&engine->link_key, sizeof(engine->link_key));
	free(engine);
}
