/* More than memory has room for, receivers that break and come back, and messages that end the
 * process: what goes when, on a simulated clock. */
#include "engine_help.h"

#include "engine/dispatch_internal.h"

#include <sys/resource.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, ARRIVALS_MAX = 4096, PEOPLE_MAX = 100 };
static const int64_t NOON = INT64_C(1780488000000); /* 2026-06-03T12:00:00Z, a Wednesday */

struct arrival {
	char person[16], id[ID_TEXT], occurrence[ID_TEXT];
	bool first; /* by the channel of that name */
	int64_t at;
	int status;
};

static struct {
	struct bed bed;
	struct arrival list[ARRIVALS_MAX];
	int count;
	int status; /* of the first channel: 0 is silence */
	bool both;  /* of the second, too */
	const char *poison;
	bool few_later;     /* p0 to p9 are told to come again */
	size_t most;        /* jobs in memory, ever */
	size_t most_flying; /* transfers at once */
	struct dispatch_limits limits;
} desk;

static int on_message(void *owner, const char *path, const json_t *data)
{
	struct arrival *arrival = &desk.list[desk.count++];
	const json_t *person = json_object_get(json_object_get(data, "person"), "id");
	size_t jobs = HASH_COUNT(desk.bed.engine->dispatch->jobs);

	assert_true(desk.count < ARRIVALS_MAX);
	snprintf(arrival->person, sizeof(arrival->person), "%s", json_string_value(person));
	snprintf(arrival->id, sizeof(arrival->id), "%s",
		json_string_value(json_object_get(data, "delivery")));
	snprintf(arrival->occurrence, sizeof(arrival->occurrence), "%s",
		json_string_value(json_object_get(data, "occurrence")));
	arrival->at = clock_now(desk.bed.clock);
	arrival->first = str_eq(path, "/first");
	arrival->status = arrival->first || desk.both ? desk.status : 200;
	if (desk.poison && str_eq(arrival->person, desk.poison))
		arrival->status = 0;
	if (desk.few_later && strlen(arrival->person) == 2)
		arrival->status = 408;
	desk.most = MAX_OF(desk.most, jobs);
	desk.most_flying = MAX_OF(
		desk.most_flying, desk.bed.engine->dispatch->lanes[!arrival->first]->in_flight);
	return arrival->status;
}

static void desk_start(void)
{
	bed_launch(&desk.bed);
	desk.bed.engine->dispatch->limits = desk.limits;
}

/* By a configuration of its own: the channels by name, both of this desk, and the rest. */
static void desk_open_with(int status, const char *more, const char *people, const char *reminders,
	struct dispatch_limits limits)
{
	auto_free char *text = NULL;

	memset(&desk, 0, sizeof(desk));
	desk.status = status;
	desk.limits = limits;
	bed_open(&desk.bed, NOON, on_message, NULL);
	text = str_printf(
		"timezone = \"UTC\"; state = \"state\"; daily_limit = 0;\n"
		"channels = ({ id = \"first\"; plugin = \"webhook\"; allow_private = true;"
		" url = \"http://127.0.0.1:%d/first\"; %s },"
		" { id = \"second\"; plugin = \"webhook\"; allow_private = true;"
		" url = \"http://127.0.0.1:%d/second\"; %s });\n"
		"people = (%s);\nreminders = (%s);\n",
		desk.bed.port, more, desk.bed.port, more, people, reminders);
	bed_write(&desk.bed, text);
	desk_start();
}

#define EVERY_TEN_MINUTES                                                                          \
	"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ]; calendar = "               \
	"\"*:00/10:10\"; }"

/* Each person gets one at 12:00:10; those with an even number by the second channel alone. */
static void desk_open(int people, bool mixed, const char *more, struct dispatch_limits limits)
{
	cleanup(buf_free) struct buf list = BUF_MAX(1 << 16);

	for (int i = 0; i < people; i++)
		buf_printf(&list, "%s{ id = \"p%d\"; via = [ \"%s\" ]; }", i ? "," : "", i,
			mixed && i % 2 == 0 ? "second" : "first");
	desk_open_with(200, more, buf_str(&list),
		"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ];"
		" calendar = \"12:00:10\"; }",
		limits);
}

static void run_until(int64_t at)
{
	while (clock_now(desk.bed.clock) < at)
		bed_step(&desk.bed, SECOND_MS / 2);
}

static int count_of(bool first, int status)
{
	int count = 0;

	for (int i = 0; i < desk.count; i++)
		count += desk.list[i].first == first && desk.list[i].status == status;
	return count;
}

/* Everybody has been told once. */
static void assert_each_once(int people)
{
	int told[PEOPLE_MAX] = {0};

	for (int i = 0; i < desk.count; i++)
		told[atoi(desk.list[i].person + 1)] += desk.list[i].status == 200;
	for (int i = 0; i < people; i++)
		assert_int_equal(told[i], 1);
}

static void close_desk(void)
{
	bed_close(&desk.bed);
}

static const struct dispatch_limits SMALL = {.jobs = 6, .lane_least = 2, .batch = 3};
static const struct dispatch_limits LARGE = {.jobs = 1000, .lane_least = 100, .batch = 100};

static void what_memory_has_no_room_for_goes_in_its_turn(void **state)
{
	desk_open(60, false, "concurrency = 2;", SMALL);
	run_until(NOON + 11 * SECOND_MS);
	assert_each_once(60);
	assert_true(desk.most <= SMALL.jobs + SMALL.batch);
	assert_int_equal(dispatch_waiting(desk.bed.engine->dispatch), 0);
	close_desk();
}

static void a_backlog_of_one_channel_leaves_room_for_another(void **state)
{
	desk_open(80, true, "concurrency = 2;", SMALL);
	desk.status = 503;
	run_until(NOON + 15 * SECOND_MS);
	assert_int_equal(count_of(false, 200), 40);
	assert_int_equal(dispatch_waiting(desk.bed.engine->dispatch), 40);
	desk.status = 200;
	run_until(NOON + 3 * MINUTE_MS);
	assert_each_once(80);
	close_desk();
}

static void those_that_wait_make_room_for_those_that_do_not(void **state)
{
	desk_open(40, false, "retry_base = \"30min\";", SMALL);
	desk.few_later = true;
	run_until(NOON + 15 * SECOND_MS);
	assert_int_equal(count_of(true, 200), 30);
	assert_true(count_of(true, 408) >= 10); /* one may have come again */
	assert_int_equal(dispatch_waiting(desk.bed.engine->dispatch), 10);
	close_desk();
}

static void a_start_fetches_what_the_end_left(void **state)
{
	desk_open(40, false, "", SMALL);
	desk.status = 503;
	run_until(NOON + 20 * SECOND_MS);
	engine_free(desk.bed.engine);
	desk.status = 200;
	desk_start();
	assert_true(dispatch_waiting(desk.bed.engine->dispatch) <= 40);
	run_until(NOON + 2 * MINUTE_MS);
	assert_each_once(40);
	close_desk();
}

/* ---- the breaker ---- */

static void a_receiver_that_fails_is_left_alone_but_for_probes(void **state)
{
	uint64_t failed = report_count(EVENT_CHANNEL_FAILED);
	uint64_t recovered = report_count(EVENT_CHANNEL_RECOVERED);
	int before, probes;

	desk_open(30, false, "concurrency = 4;", LARGE);
	desk.status = 500;
	run_until(NOON + 2 * MINUTE_MS);
	before = desk.count;
	assert_int_equal(report_count(EVENT_CHANNEL_FAILED), failed + 1);
	/* The first few, what was under way with them, and then one at a time. */
	assert_in_range(before, 5 + 3, 5 + 3 + 14);
	run_until(NOON + 12 * MINUTE_MS);
	probes = desk.count - before;
	assert_in_range(probes, 10, 21); /* half a minute to a minute apart */
	for (int i = before + 1; i < desk.count; i++)
		assert_true(desk.list[i].at - desk.list[i - 1].at >= 29 * SECOND_MS);
	desk.status = 200;
	run_until(NOON + 14 * MINUTE_MS);
	assert_each_once(30);
	assert_int_equal(report_count(EVENT_CHANNEL_FAILED), failed + 1);
	assert_int_equal(report_count(EVENT_CHANNEL_RECOVERED), recovered + 1);
	close_desk();
}

static void all_that_waited_goes_when_the_receiver_is_back(void **state)
{
	desk_open(5, false, "retry_base = \"30min\";", LARGE);
	desk.status = 500;
	run_until(NOON + 3 * MINUTE_MS);
	desk.status = 200;
	run_until(NOON + 5 * MINUTE_MS);
	assert_each_once(5);
	close_desk();
}

static void what_comes_later_does_not_wait_for_a_broken_channel(void **state)
{
	int late;

	desk_open_with(503, "",
		"{ id = \"p0\"; via = [\"first\", \"second\"]; },"
		" { id = \"p1\"; via = [\"first\", \"second\"]; },"
		" { id = \"p2\"; via = [\"first\"]; }",
		EVERY_TEN_MINUTES, LARGE);
	run_until(NOON + 9 * MINUTE_MS);
	assert_int_equal(count_of(false, 200), 2);
	/* One may be the next probe; the others need not try what is known not to work. */
	run_until(NOON + 10 * MINUTE_MS + 12 * SECOND_MS);
	late = count_of(false, 200) - 2;
	assert_in_range(late, 1, 2);
	run_until(NOON + 12 * MINUTE_MS);
	assert_int_equal(count_of(false, 200), 4);
	close_desk();
}

/* A failure or two are not a channel that does not work: the next message tries it again. */
static void a_failure_long_ago_sends_nobody_elsewhere(void **state)
{
	desk_open_with(503, "retry_base = \"1h\"; expire = \"1min\";",
		"{ id = \"p0\"; via = [\"first\", \"second\"]; }", EVERY_TEN_MINUTES, LARGE);
	run_until(NOON + 2 * MINUTE_MS);
	assert_in_range(count_of(true, 503), 1, 3); /* nearly always one: fewer than break it */
	assert_int_equal(count_of(false, 200), 1);
	desk.status = 200;
	run_until(NOON + 11 * MINUTE_MS);
	assert_int_equal(count_of(true, 200), 1);
	assert_int_equal(count_of(false, 200), 1);
	close_desk();
}

static void on_reasons(void *owner, int error, struct delivery *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i]->state == DELIVERY_EXPIRED && !list[i]->attempts)
			++*(int *)owner, assert_non_null(strstr(list[i]->reason, "answered 500"));
}

static void what_was_never_tried_says_that_its_channel_did_not_work(void **state)
{
	int untried = 0;

	desk_open(30, false, "concurrency = 1; expire = \"1min\";", LARGE);
	desk.status = 500;
	run_until(NOON + 20 * MINUTE_MS);
	store_find_deliveries(
		desk.bed.engine->store, &(struct store_query){.limit = 100}, on_reasons, &untried);
	bed_settle(&desk.bed);
	assert_true(untried > 5);
	close_desk();
}

static int count_people(void)
{
	bool seen[PEOPLE_MAX] = {0};
	int count = 0;

	for (int i = 0; i < desk.count; i++) {
		bool *one = &seen[atoi(desk.list[i].person + 1)];

		count += !*one;
		*one = true;
	}
	return count;
}

/* It puts one message off, and so it answers: those that were not tried go, and those that were keep
 * to their own times. */
static void any_answer_of_a_working_receiver_closes_the_breaker(void **state)
{
	int tried;

	desk_open(30, false, "retry_base = \"1h\"; concurrency = 4;", LARGE);
	desk.status = 500;
	run_until(NOON + 11 * SECOND_MS);
	assert_true(desk.bed.engine->dispatch->lanes[0]->breaker.open);
	tried = count_people();
	assert_true(tried >= 5);
	desk.status = 408;
	desk.count = 0;
	run_until(NOON + 90 * SECOND_MS);
	assert_false(desk.bed.engine->dispatch->lanes[0]->breaker.open);
	assert_in_range(desk.count, 30 - tried, 30 - tried + 4);
	close_desk();
}

static void where_the_next_try_is_too_late_there_is_one_before(void **state)
{
	desk_open(1, false, "retry_base = \"1h\"; expire = \"10min\";", LARGE);
	desk.status = 408;
	run_until(NOON + 3 * MINUTE_MS);
	desk.status = 200;
	run_until(NOON + 10 * MINUTE_MS + 10 * SECOND_MS);
	assert_each_once(1);
	close_desk();
}

static void channels_share_what_the_process_may_open(void **state)
{
	struct rlimit before, few;

	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){1112, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	desk_open(1, false, "concurrency = 1000;", LARGE);
	/* Of 1112, 512 are for everything else. */
	assert_int_equal(desk.bed.engine->dispatch->lanes[0]->most, 300);
	assert_int_equal(desk.bed.engine->dispatch->lanes[1]->most, 300);
	close_desk();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	desk_open(20, false, "concurrency = 7;", LARGE);
	assert_int_equal(desk.bed.engine->dispatch->lanes[0]->most, 7);
	desk.bed.engine->dispatch->lanes[0]->most = 2;
	run_until(NOON + 12 * SECOND_MS);
	assert_each_once(20);
	assert_int_equal(desk.most_flying, 2);
	close_desk();
}

static void one_message_that_fails_does_not_break_its_channel(void **state)
{
	uint64_t failed = report_count(EVENT_CHANNEL_FAILED);

	desk_open(30, false, "concurrency = 1;", LARGE);
	desk.status = 400; /* refused one by one: the receiver works */
	run_until(NOON + MINUTE_MS);
	assert_int_equal(desk.count, 30);
	assert_int_equal(report_count(EVENT_CHANNEL_FAILED), failed);
	close_desk();
}

static void a_receiver_that_wants_nothing_is_asked_every_five_minutes(void **state)
{
	desk_open(8, false, "concurrency = 1;", LARGE);
	desk.status = 410;
	run_until(NOON + 11 * MINUTE_MS);
	assert_int_equal(desk.count, 3);
	for (int i = 1; i < desk.count; i++)
		assert_true(desk.list[i].at - desk.list[i - 1].at >= 5 * MINUTE_MS);
	close_desk();
}

/* ---- by hand ---- */

static struct delivery *found;

static void on_found(void *owner, int error, struct delivery *const *list, size_t count)
{
	/* The last that is not in memory: far from its turn. */
	while (count && job_find(desk.bed.engine->dispatch, list[count - 1]->id))
		count--;
	assert_true(count > 0);
	found = delivery_copy(list[count - 1]);
}

static void on_done(void *owner, int error, const char *why)
{
	*(int *)owner = error;
}

static struct id find_last(void)
{
	struct store_query query = {.open_only = true, .limit = 1000};
	struct id id;

	store_find_deliveries(desk.bed.engine->store, &query, on_found, NULL);
	bed_settle(&desk.bed);
	id = found->id;
	delivery_free(found);
	return id;
}

static bool has_arrived(struct id id)
{
	char text[ID_TEXT];

	id_write(id, text);
	for (int i = 0; i < desk.count; i++)
		if (str_eq(desk.list[i].id, text) && desk.list[i].status == 200)
			return true;
	return false;
}

static void what_waits_in_the_store_can_be_dropped_and_hurried(void **state)
{
	int dropped = 1, hurried = 1;
	struct id id;

	desk_open(40, false, "rate = \"1/s\";", SMALL);
	run_until(NOON + 12 * SECOND_MS);
	id = find_last();
	engine_retry(desk.bed.engine, id, on_done, &hurried);
	bed_settle(&desk.bed);
	assert_int_equal(hurried, 0);
	assert_non_null(job_find(desk.bed.engine->dispatch, id));
	id = find_last();
	engine_drop(desk.bed.engine, id, on_done, &dropped);
	bed_settle(&desk.bed);
	assert_int_equal(dropped, 0);
	run_until(NOON + 2 * MINUTE_MS);
	assert_int_equal(count_of(true, 200), 39);
	assert_false(has_arrived(id));
	close_desk();
}

/* ---- answers to what waits in the store ---- */

/* Four people get one at 12:00:10; a minute later they are asked again, and one more minute later a
 * fifth is told of each. */
static void open_with_nudges(void)
{
	desk_open_with(200, "",
		"{ id = \"p0\"; via = [\"first\"]; }, { id = \"p1\"; via = [\"first\"]; },"
		" { id = \"p2\"; via = [\"first\"]; }, { id = \"p3\"; via = [\"first\"]; },"
		" { id = \"p4\"; via = [\"first\"]; }",
		"{ id = \"r\"; kind = \"checkin\"; text = \"x\";"
		" to = [ \"p0\", \"p1\", \"p2\", \"p3\" ]; calendar = \"12:00:10\";"
		" nudge = { after = \"1min\"; at_most = 1; escalate = \"p4\"; }; }",
		(struct dispatch_limits){.jobs = 2, .lane_least = 2, .batch = 2});
	run_until(NOON + 11 * SECOND_MS);
	assert_int_equal(count_of(true, 200), 4);
}

/* Everybody's first message, by person. */
static struct id occurrence_of(const char *person)
{
	struct id id = {0};

	for (int i = 0; i < 4; i++)
		if (str_eq(desk.list[i].person, person))
			assert_int_equal(id_read(desk.list[i].occurrence, &id), 0);
	return id;
}

/* Somebody whose message is not in memory: the position of it among the open ones in the store. */
static void on_listed(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct delivery **ret = owner;

	for (size_t i = 0; i < count; i++)
		if (!*ret && !job_find(desk.bed.engine->dispatch, list[i]->id))
			*ret = delivery_copy(list[i]);
}

static struct delivery *find_shelved(void)
{
	struct delivery *shelved = NULL;

	store_find_deliveries(desk.bed.engine->store,
		&(struct store_query){.open_only = true, .limit = 100}, on_listed, &shelved);
	bed_settle(&desk.bed);
	assert_non_null(shelved);
	return shelved;
}

static void answer(struct id occurrence)
{
	int error = 1;

	engine_answer(desk.bed.engine, occurrence, ANSWER_DONE, 0, NULL, SHARES, on_done, &error);
	bed_settle(&desk.bed);
	assert_int_equal(error, 0);
}

static void a_nudge_in_the_store_is_stopped_by_an_answer(void **state)
{
	uint64_t cancelled = report_count(EVENT_CANCELLED);
	struct delivery *nudge;

	open_with_nudges();
	desk.status = 503;
	run_until(NOON + 75 * SECOND_MS);
	nudge = find_shelved();
	assert_int_equal(nudge->purpose, PURPOSE_NUDGE);
	answer(occurrence_of(nudge->recipient));
	desk.count = 0;
	desk.status = 200;
	run_until(NOON + 110 * SECOND_MS);
	assert_int_equal(count_of(true, 200), 3);
	for (int i = 0; i < desk.count; i++)
		assert_string_not_equal(desk.list[i].person, nudge->recipient);
	assert_int_equal(report_count(EVENT_CANCELLED), cancelled + 1);
	delivery_free(nudge);
	close_desk();
}

static void word_of_silence_in_the_store_is_stopped_by_an_answer(void **state)
{
	uint64_t cancelled = report_count(EVENT_CANCELLED);
	struct delivery *word;
	char text[ID_TEXT];

	open_with_nudges();
	run_until(NOON + 75 * SECOND_MS);
	desk.status = 503;
	run_until(NOON + 140 * SECOND_MS);
	word = find_shelved();
	assert_int_equal(word->purpose, PURPOSE_ESCALATE);
	answer(occurrence_of(word->items[0]->key.about));
	id_write(word->id, text);
	desk.count = 0;
	desk.status = 200;
	run_until(NOON + 240 * SECOND_MS);
	assert_int_equal(count_of(true, 200), 3);
	for (int i = 0; i < desk.count; i++)
		assert_string_not_equal(desk.list[i].id, text);
	assert_int_equal(report_count(EVENT_CANCELLED), cancelled + 1);
	delivery_free(word);
	close_desk();
}

/* ---- what happens while the store is asked ---- */

/* Four messages: one has gone, and the others are in memory and wait for the rate. */
static struct dispatch *open_slowly(void)
{
	desk_open(4, false, "rate = \"1/min\";", LARGE);
	run_until(NOON + 11 * SECOND_MS);
	assert_int_equal(desk.count, 1);
	assert_int_equal(HASH_COUNT(desk.bed.engine->dispatch->jobs), 3);
	return desk.bed.engine->dispatch;
}

/* The question brings all of them once more, as they are now. */
static void ask_again(struct dispatch *dispatch)
{
	dispatch_add_backlog(dispatch, "first", 4);
	shelves_review(dispatch);
	assert_int_equal(dispatch->asking, 1);
	usleep(20000); /* it is not kept for what comes later */
}

static void assert_two_more_came(const char *without)
{
	desk.bed.engine->dispatch->lanes[0]->rate = 0;
	run_until(NOON + 20 * SECOND_MS);
	assert_int_equal(desk.count, 3);
	for (int i = 0; i < desk.count; i++)
		assert_string_not_equal(desk.list[i].person, without);
	close_desk();
}

static void what_ends_meanwhile_does_not_come_back(void **state)
{
	struct dispatch *dispatch = open_slowly();
	auto_free char *person = str_new(dispatch->jobs->delivery->recipient);

	ask_again(dispatch);
	assert_true(dispatch_cancel(dispatch, dispatch->jobs->delivery->id, "a test"));
	assert_two_more_came(person);
}

/* Records what a job says of its next try, as settling it would. */
static void record_next_try(struct job *job, int64_t at)
{
	struct change *change = change_new();

	job->delivery->next_at = at;
	change_settle_delivery(change, job->delivery);
	store_apply(desk.bed.engine->store, change, NULL, NULL);
}

static void what_is_put_back_meanwhile_is_found_again(void **state)
{
	struct dispatch *dispatch = open_slowly();
	struct job *early = dispatch->jobs, *late = early->hh.next;
	auto_free char *person = str_new(early->delivery->recipient);
	int times = 0;

	record_next_try(late, NOON + 50 * SECOND_MS);
	bed_settle(&desk.bed);
	ask_again(dispatch);
	/* What was asked for ends with the late one, and the early one goes between. */
	job_leave_queue(early);
	record_next_try(early, NOON + 20 * SECOND_MS);
	assert_true(shelf_takes_back(early));
	dispatch->lanes[0]->rate = 0;
	run_until(NOON + 30 * SECOND_MS);
	for (int i = 0; i < desk.count; i++)
		times += str_eq(desk.list[i].person, person);
	assert_int_equal(times, 1);
	close_desk();
}

static void what_ended_just_before_does_not_come_back(void **state)
{
	struct dispatch *dispatch = open_slowly();
	auto_free char *person = str_new(dispatch->jobs->delivery->recipient);

	/* In one turn: that it ended is not on its way to the store yet. */
	assert_true(dispatch_cancel(dispatch, dispatch->jobs->delivery->id, "a test"));
	ask_again(dispatch);
	assert_two_more_came(person);
}

static void on_forgotten(void *owner, const struct store_result *result)
{
	assert_int_equal(result->error, 0);
}

/* As if it had been in the store alone: nothing in memory ends with it. */
static void lose(struct dispatch *dispatch, struct job *job)
{
	size_t asking = dispatch->asking;

	job_leave_queue(job);
	dispatch->asking = 0;
	job_free(job);
	dispatch->asking = asking;
}

static void who_is_forgotten_meanwhile_gets_nothing(void **state)
{
	struct dispatch *dispatch = open_slowly();
	auto_free char *person = str_new(dispatch->jobs->delivery->recipient);

	ask_again(dispatch);
	lose(dispatch, dispatch->jobs);
	dispatch_cancel_person(dispatch, person, "a test");
	store_forget(desk.bed.engine->store, person, on_forgotten, NULL);
	assert_two_more_came(person);
}

/* ---- history ---- */

static void a_slice_of_history_is_as_large_as_others_can_wait_for(void **state)
{
	size_t slice = 100;

	for (int i = 0; i < 10; i++)
		slice = care_next_slice(slice, 20);
	assert_int_equal(slice, 2000);
	slice = care_next_slice(slice, 21);
	assert_int_equal(slice, 1000);
	for (int i = 0; i < 10; i++)
		slice = care_next_slice(slice, 5000);
	assert_int_equal(slice, 10);
}

/* ---- messages that end the process ---- */

/* As a crash would leave it: nothing says that it ended. */
static void crash(void)
{
	desk.bed.engine->loaded = false;
	engine_free(desk.bed.engine);
}

/* Until the poison is under way. */
static void run_to_poison(void)
{
	int before = desk.count;

	while (clock_now(desk.bed.clock) < NOON + 5 * MINUTE_MS) {
		for (int turn = 0; turn < 200; turn++) {
			dispatch_review(desk.bed.engine->dispatch);
			event_base_loop(desk.bed.loop, EVLOOP_NONBLOCK);
			bed_turn(&desk.bed);
			for (; before < desk.count; before++)
				if (!desk.list[before].status)
					return;
		}
		clock_advance(desk.bed.clock, clock_now(desk.bed.clock) + SECOND_MS);
	}
	fail_msg("the poison never went");
}

static void what_ends_the_process_three_times_is_quarantined(void **state)
{
	uint64_t quarantined = report_count(EVENT_QUARANTINED);
	int poisoned = 0;

	desk_open(20, false, "concurrency = 4; timeout = \"10min\";", LARGE);
	desk.poison = "p7";
	for (int round = 0; round < 4; round++) {
		run_to_poison();
		crash();
		desk_start();
	}
	run_until(NOON + 10 * MINUTE_MS);
	assert_int_equal(report_count(EVENT_QUARANTINED), quarantined + 1);
	for (int i = 0; i < desk.count; i++)
		poisoned += str_eq(desk.list[i].person, "p7");
	/* Once unwatched, and three times with its start on record. */
	assert_int_equal(poisoned, 4);
	assert_int_equal(dispatch_waiting(desk.bed.engine->dispatch), 0);
	close_desk();
}

/* Everything hangs at every end: one of them is watched at a time. */
static void the_innocent_are_not_counted_with_it(void **state)
{
	uint64_t quarantined = report_count(EVENT_QUARANTINED);

	desk_open(12, false, "concurrency = 4; timeout = \"10min\";", LARGE);
	desk.status = 0;
	for (int round = 0; round < 5; round++) {
		int before = desk.count;

		while (desk.count < before + 1)
			run_to_poison();
		/* The others that may be under way with it. */
		for (int turn = 0; turn < 200; turn++) {
			dispatch_review(desk.bed.engine->dispatch);
			event_base_loop(desk.bed.loop, EVLOOP_NONBLOCK);
			bed_turn(&desk.bed);
		}
		crash();
		desk_start();
	}
	desk.status = 200;
	run_until(NOON + 20 * MINUTE_MS);
	assert_in_range(report_count(EVENT_QUARANTINED) - quarantined, 0, 1);
	assert_true(count_of(true, 200) >= 11);
	close_desk();
}

static void a_suspect_that_is_not_taken_holds_no_other(void **state)
{
	desk_open(20, true, "concurrency = 4; timeout = \"10min\";", LARGE);
	desk.status = 0;
	desk.both = true;
	for (int round = 1; round <= 2; round++) {
		do
			run_to_poison();
		while (count_of(true, 0) < 4 * round || count_of(false, 0) < 4 * round);
		crash();
		desk_start();
	}
	desk.status = 503;
	desk.both = false;
	run_until(clock_now(desk.bed.clock) + 3 * SECOND_MS);
	assert_int_equal(count_of(false, 200), 10);
	close_desk();
}

static void after_an_orderly_end_nobody_is_suspected(void **state)
{
	desk_open(20, false, "", LARGE);
	desk.status = 503;
	run_until(NOON + 15 * SECOND_MS);
	engine_free(desk.bed.engine);
	desk_start();
	assert_true(desk.bed.engine->dispatch->suspect_by == INT64_MIN);
	crash();
	desk_start();
	assert_true(desk.bed.engine->dispatch->suspect_by != INT64_MIN);
	desk.status = 200;
	run_until(NOON + 3 * MINUTE_MS);
	assert_each_once(20);
	close_desk();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_memory_has_no_room_for_goes_in_its_turn),
		cmocka_unit_test(a_backlog_of_one_channel_leaves_room_for_another),
		cmocka_unit_test(those_that_wait_make_room_for_those_that_do_not),
		cmocka_unit_test(a_start_fetches_what_the_end_left),
		cmocka_unit_test(a_receiver_that_fails_is_left_alone_but_for_probes),
		cmocka_unit_test(all_that_waited_goes_when_the_receiver_is_back),
		cmocka_unit_test(what_comes_later_does_not_wait_for_a_broken_channel),
		cmocka_unit_test(a_failure_long_ago_sends_nobody_elsewhere),
		cmocka_unit_test(what_was_never_tried_says_that_its_channel_did_not_work),
		cmocka_unit_test(any_answer_of_a_working_receiver_closes_the_breaker),
		cmocka_unit_test(where_the_next_try_is_too_late_there_is_one_before),
		cmocka_unit_test(channels_share_what_the_process_may_open),
		cmocka_unit_test(one_message_that_fails_does_not_break_its_channel),
		cmocka_unit_test(a_receiver_that_wants_nothing_is_asked_every_five_minutes),
		cmocka_unit_test(what_waits_in_the_store_can_be_dropped_and_hurried),
		cmocka_unit_test(a_nudge_in_the_store_is_stopped_by_an_answer),
		cmocka_unit_test(word_of_silence_in_the_store_is_stopped_by_an_answer),
		cmocka_unit_test(what_ends_meanwhile_does_not_come_back),
		cmocka_unit_test(what_is_put_back_meanwhile_is_found_again),
		cmocka_unit_test(what_ended_just_before_does_not_come_back),
		cmocka_unit_test(who_is_forgotten_meanwhile_gets_nothing),
		cmocka_unit_test(a_slice_of_history_is_as_large_as_others_can_wait_for),
		cmocka_unit_test(what_ends_the_process_three_times_is_quarantined),
		cmocka_unit_test(the_innocent_are_not_counted_with_it),
		cmocka_unit_test(a_suspect_that_is_not_taken_holds_no_other),
		cmocka_unit_test(after_an_orderly_end_nobody_is_suspected),
	};
	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
