/* Alerts and the heartbeat on a simulated clock: what is told when, how often at most, to whom, and
 * when the heart does not beat. The messages go through the real courier to a receiver on the loop. */
#include "engine_help.h"

#include "engine/alert_internal.h"
#include "engine/dispatch_internal.h"

#define NOON INT64_C(1796472000000) /* 2026-12-05T12:00:00Z, a Saturday */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, HEARD_MAX = 400 };

static struct bed bed;
static struct {
	char *path, *title, *text, *id;
} heard[HEARD_MAX];
static size_t n_heard, n_beats;
static int answer_ops, answer_beat;

static int on_message(void *owner, const char *path, const json_t *data)
{
	assert_true(n_heard < HEARD_MAX);
	if (str_eq(path, "/hook")) /* tea */
		return 200;
	heard[n_heard].path = str_new(path);
	heard[n_heard].title = str_new(json_string_value(json_object_get(data, "title")));
	heard[n_heard].text = str_new(json_string_value(json_object_get(data, "text")));
	heard[n_heard].id = str_new(json_string_value(json_object_get(data, "delivery")));
	n_heard++;
	return str_eq(path, "/ops") ? answer_ops : 200;
}

static void on_beat(struct evhttp_request *request, void *data)
{
	assert_int_equal(evhttp_request_get_command(request), EVHTTP_REQ_GET);
	n_beats++;
	evhttp_send_reply(request, answer_beat, "said", NULL);
}

static void forget_heard(void)
{
	for (size_t i = 0; i < n_heard; i++) {
		free(heard[i].path);
		free(heard[i].title);
		free(heard[i].text);
		free(heard[i].id);
	}
	n_heard = 0;
}

static void calm(void)
{
	bed_settle(&bed);
	while (!LIST_EMPTY(&bed.engine->dispatch->flights))
		event_base_loop(bed.loop, EVLOOP_ONCE);
}

static void pass(int64_t ms)
{
	int64_t end = clock_now(bed.clock) + ms, next;

	while ((next = clock_next_alarm(bed.clock)) <= end) {
		clock_advance(bed.clock, MAX_OF(next, clock_now(bed.clock)));
		calm();
	}
	clock_advance(bed.clock, end);
	calm();
}

static void write_config(const char *top)
{
	auto_free char *text = str_printf(
		"state = \"%s/state\"; daily_limit = 0; %s\n"
		"channels = (\n"
		"{ id = \"ops\"; plugin = \"webhook\"; url = \"http://127.0.0.1:%d/ops\"; "
		"allow_private = true; retry_base = \"1s\"; retry_max = \"1min\"; },\n"
		"{ id = \"night\"; plugin = \"webhook\"; url = \"http://127.0.0.1:%d/night\"; "
		"allow_private = true; },\n"
		"{ id = \"hook\"; plugin = \"webhook\"; url = \"http://127.0.0.1:%d/hook\"; "
		"allow_private = true; } );\n"
		"people = ( { id = \"ana\"; via = [ \"hook\" ]; } );\n"
		"reminders = ( { id = \"tea\"; kind = \"note\"; calendar = \"*:0/30\"; to = [ "
		"\"ana\" ]; text = \"Tea\"; } );\n",
		bed.folder, top, bed.port, bed.port, bed.port);

	bed_write(&bed, text);
}

static void open_with(const char *top)
{
	answer_ops = answer_beat = 200;
	n_beats = 0;
	bed_open(&bed, NOON, on_message, NULL);
	evhttp_set_cb(bed.http, "/beat", on_beat, NULL);
	write_config(top);
	bed_start(&bed);
}

static int open_both(void **state)
{
	open_with("alert_via = [ \"ops\", \"night\" ];");
	return 0;
}

static int open_one(void **state)
{
	open_with("alert_via = \"ops\";");
	return 0;
}

static int close_it(void **state)
{
	forget_heard();
	bed_close(&bed);
	return 0;
}

static void channel(enum event_id event, const char *id)
{
	struct subject subject = {.channel = id};

	report(event, &subject, "words of a receiver");
}

static void delivery(enum event_id event, const char *id, int64_t number, bool is_final)
{
	struct subject subject = {.channel = id, .is_final = is_final};

	subject.delivery.bytes[15] = (uint8_t)number;
	subject.delivery.bytes[14] = (uint8_t)(1 + (number >> 8));
	report(event, &subject, "words of a receiver");
}

static size_t heard_by(const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < n_heard; i++)
		count += str_eq(heard[i].path, path);
	return count;
}

static const char *last_text(void)
{
	assert_true(n_heard > 0);
	return heard[n_heard - 1].text;
}

static void expect_text(const char *words)
{
	if (!strstr(last_text(), words))
		fail_msg("expected: %s\nin: %s", words, last_text());
}

/* ---- when ---- */

static void trouble_is_gathered_for_a_moment(void **state)
{
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(1999);
	assert_int_equal(n_heard, 0);
	report(EVENT_RELOAD_REFUSED, NULL, "3 errors");
	delivery(EVENT_EXPIRED, "hook", 1, true);
	pass(1);
	assert_int_equal(n_heard, 1);
	assert_true(str_starts(heard[0].title, "nudged on "));
	assert_true(str_ends(heard[0].title, ": channel hook does not work since 12:00"));
	assert_non_null(strstr(last_text(), "Channel hook does not work since 12:00. \"nudgectl "
					    "status\" says why, \"nudgectl test-channel hook"));
	assert_null(strstr(last_text(), "receiver"));
	pass(5000);
	assert_int_equal(n_heard, 2);
	assert_string_equal(last_text(),
		"1 message by hook expired since 12:00. \"nudgectl deliveries --dead --channel "
		"hook\" lists them.\n"
		"A new configuration was refused 1 time since 12:00. In its own words: 3 errors. "
		"\"nudged --check\" names the lines.\n"
		"Times are those of UTC.\n");
	assert_true(str_ends(heard[1].title, "; and 1 more"));
	pass(HOUR);
	assert_int_equal(n_heard, 2);
}

static void messages_keep_their_distance(void **state)
{
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(2000);
	channel(EVENT_CHANNEL_RECOVERED, "hook");
	pass(4999);
	assert_int_equal(n_heard, 1);
	pass(1);
	assert_int_equal(n_heard, 2);
	expect_text("Channel hook works again; it did not since 12:00.");
	assert_null(strstr(last_text(), "test-channel"));
}

static void what_came_and_went_meanwhile_is_told_as_that(void **state)
{
	for (int i = 0; i < 3; i++) {
		channel(EVENT_CHANNEL_FAILED, "hook");
		channel(EVENT_CHANNEL_RECOVERED, "hook");
	}
	pass(2000);
	assert_int_equal(n_heard, 1);
	expect_text("Channel hook failed 3 times since 12:00, and works now.");
	report(EVENT_STORE_FAILED, NULL, "no space");
	pass(MINUTE);
	expect_text("The store does not record since 12:00. In its own words: no space. Look");
	report(EVENT_STORE_RECOVERED, NULL, "x");
	report(EVENT_STORE_FAILED, NULL, "a read-only disk");
	pass(MINUTE);
	expect_text("The store failed 1 time since 12:00, and does not work now.");
	expect_text("a read-only disk");
	pass(HOUR);
	report(EVENT_STORE_RECOVERED, NULL, "x");
	pass(MINUTE);
	expect_text("The store records again; it did not since 12:00.");
	assert_int_equal(n_heard, 4);
}

static void what_comes_and_goes_for_ever_is_told_six_times_an_hour(void **state)
{
	for (int i = 0; i < 150; i++) { /* 50 minutes */
		channel(EVENT_CHANNEL_FAILED, "hook");
		pass(10 * SECOND);
		channel(EVENT_CHANNEL_RECOVERED, "hook");
		pass(10 * SECOND);
	}
	assert_int_equal(n_heard, 6);
	pass(11 * MINUTE);
	assert_int_equal(n_heard, 7);
	expect_text("Channel hook failed 147 times since 12:01, and works now.");
	pass(2 * HOUR);
	assert_int_equal(n_heard, 7);
}

static void deliveries_are_counted_once_each_and_told_once_an_hour(void **state)
{
	for (int i = 0; i < 3; i++)
		delivery(EVENT_EXPIRED, "hook", 7, true); /* it carried three */
	delivery(EVENT_EXPIRED, "hook", 8, false);        /* it goes by another channel */
	delivery(EVENT_REFUSED, "hook", 9, true);
	delivery(EVENT_QUARANTINED, "hook", 10, true);
	delivery(EVENT_EXPIRED, "night", 11, true);
	pass(2000);
	assert_int_equal(n_heard, 1);
	expect_text("1 message by hook was quarantined since 12:00. \"nudgectl deliveries --dead "
		    "--channel hook\" lists them.");
	expect_text("1 message by hook expired since 12:00.");
	expect_text("1 message by night expired since 12:00.");
	expect_text("1 message by hook was refused for good since 12:00.");
	for (int i = 0; i < 300; i++)
		delivery(EVENT_EXPIRED, "hook", 100 + i, true);
	pass(HOUR - 1);
	assert_int_equal(n_heard, 1);
	pass(1);
	assert_int_equal(n_heard, 2);
	expect_text("300 messages by hook expired since 12:00.");
	pass(3 * HOUR);
	delivery(EVENT_REFUSED, "hook", 1000, true);
	pass(2000);
	expect_text("1 message by hook was refused for good since 16:00.");
	assert_int_equal(n_heard, 3);
}

static void a_day_later_the_date_stands_with_the_time(void **state)
{
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(13 * HOUR);
	channel(EVENT_CHANNEL_RECOVERED, "hook");
	pass(MINUTE);
	expect_text("it did not since 2026-12-05 12:00.");
}

static void after_twenty_messages_in_an_hour_they_come_seldom(void **state)
{
	char id[16];

	for (int i = 0; i < 60; i++) { /* 10 minutes, each another channel */
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_FAILED, id);
		pass(10 * SECOND);
	}
	assert_int_equal(n_heard, 21);
	expect_text("Channel c20 does not work");
	pass(HOUR);
	assert_int_equal(n_heard, 22);
}

static void more_trouble_than_fits_is_counted(void **state)
{
	char id[16];

	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_FAILED, id);
	}
	report(EVENT_STORE_FAILED, NULL, "no space");
	pass(2000);
	assert_int_equal(n_heard, 1);
	expect_text("Channel c0 does not work");
	expect_text("Channel c19 does not work");
	assert_null(strstr(last_text(), "Channel c20 "));
	expect_text("And 81 more: \"nudgectl status\" shows how things are.");
	assert_int_equal(bed.engine->alert->n_topics, 64);
	/* What is over makes room. */
	for (int i = 0; i < 64; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_RECOVERED, id);
	}
	pass(3 * HOUR);
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(MINUTE);
	expect_text("Channel hook does not work since 15:00.");
	assert_null(strstr(last_text(), "And "));
	assert_int_equal(bed.engine->alert->n_topics, 1);
}

static void twenty_lines_are_a_message(void **state)
{
	char id[16];

	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_FAILED, id);
	}
	pass(MINUTE);
	expect_text("Channel c19 does not work");
	assert_null(strstr(last_text(), "And "));
	for (int i = 20; i < 41; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_FAILED, id);
	}
	pass(MINUTE);
	expect_text("Channel c39 does not work");
	expect_text("And 1 more: ");
	pass(MINUTE);
	assert_int_equal(n_heard, 2);
}

static void the_store_comes_first(void **state)
{
	report(EVENT_RELOAD_REFUSED, NULL, "x");
	channel(EVENT_CHANNEL_FAILED, "hook");
	report(EVENT_STORE_SET_ASIDE, NULL, "it is now elsewhere");
	report(EVENT_STORE_FAILED, NULL, "no space");
	pass(2000);
	assert_true(str_starts(last_text(), "The store does not record since 12:00."));
	expect_text("The database was damaged and was set aside at 12:00. In its own words: it is "
		    "now elsewhere.");
	assert_true(strstr(last_text(), "set aside") < strstr(last_text(), "Channel hook"));
	assert_true(strstr(last_text(), "Channel hook") < strstr(last_text(), "A new config"));
	assert_true(str_ends(heard[0].title, "; and 3 more"));
}

/* ---- to whom ---- */

static void each_is_told_and_the_broken_one_is_passed_over(void **state)
{
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(MINUTE);
	assert_int_equal(heard_by("/ops"), 1);
	assert_int_equal(heard_by("/night"), 1);
	channel(EVENT_CHANNEL_FAILED, "ops");
	pass(MINUTE);
	assert_int_equal(heard_by("/ops"), 1);
	assert_int_equal(heard_by("/night"), 2);
	expect_text("Channel ops does not work");
	channel(EVENT_CHANNEL_FAILED, "night"); /* none works: each is tried */
	pass(MINUTE);
	assert_int_equal(heard_by("/ops"), 2);
	assert_int_equal(heard_by("/night"), 3);
	channel(EVENT_CHANNEL_RECOVERED, "ops");
	pass(MINUTE);
	assert_int_equal(heard_by("/ops"), 3);
	assert_int_equal(heard_by("/night"), 3);
}

static void what_does_not_get_through_is_bounded_and_told_later(void **state)
{
	uint64_t failed = report_count(EVENT_ALERT_FAILED);
	const struct way *way = LIST_FIRST(&bed.engine->alert->ways);
	char id[16];
	size_t tries;

	answer_ops = 503;
	channel(EVENT_CHANNEL_FAILED, "c0");
	pass(2 * HOUR);
	assert_int_equal(n_heard, 10);
	for (size_t i = 1; i < n_heard; i++)
		assert_string_equal(heard[i].id, heard[0].id);
	assert_int_equal(report_count(EVENT_ALERT_FAILED), failed + 1);
	for (int i = 1; i <= 30; i++) { /* faster than it is given up */
		snprintf(id, sizeof(id), "c%d", i);
		channel(EVENT_CHANNEL_FAILED, id);
		pass(6 * SECOND);
		assert_true(way->queued <= 8);
	}
	pass(3 * HOUR);
	assert_int_equal(way->queued, 0);
	assert_true(report_count(EVENT_ALERT_FAILED) > failed + 20);
	tries = n_heard;
	answer_ops = 200;
	report(EVENT_RELOAD_REFUSED, NULL, "x");
	pass(MINUTE);
	assert_int_equal(n_heard, tries + 1);
	expect_text("messages before this one did not get through here.)");
	report(EVENT_RELOAD_REFUSED, NULL, "x");
	pass(MINUTE);
	assert_null(strstr(last_text(), "did not get through"));
}

static void what_is_refused_is_not_tried_again(void **state)
{
	answer_ops = 404;
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(HOUR);
	assert_int_equal(n_heard, 1);
}

static void without_anybody_nothing_is_heard_of(void **state)
{
	struct complaints complaints = {0};

	write_config("alert_via = \"night\";");
	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(MINUTE);
	assert_int_equal(heard_by("/night"), 1);
	/* A reload finds the channel working: of its past nothing more is told. */
	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	channel(EVENT_CHANNEL_RECOVERED, "hook");
	pass(MINUTE);
	assert_int_equal(n_heard, 1);
	write_config("");
	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	channel(EVENT_CHANNEL_FAILED, "hook");
	report(EVENT_STORE_FAILED, NULL, "x");
	pass(MINUTE);
	assert_int_equal(n_heard, 1);
	assert_int_equal(bed.engine->alert->n_topics, 0);
	complaints_clear(&complaints);
}

static void a_reload_drops_what_is_under_way_to_who_is_not_told_any_more(void **state)
{
	struct complaints complaints = {0};

	answer_ops = 503;
	channel(EVENT_CHANNEL_FAILED, "hook");
	pass(2000);
	assert_int_equal(n_heard, 1);
	write_config("alert_via = \"night\";");
	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	pass(HOUR);
	assert_int_equal(heard_by("/ops"), 1);
	complaints_clear(&complaints);
}

/* ---- the heart ---- */

static int open_heart(void **state)
{
	bed_open(&bed, NOON + 1, on_message, NULL);
	evhttp_set_cb(bed.http, "/beat", on_beat, NULL);
	n_beats = 0;
	answer_beat = answer_ops = 200;
	{
		auto_free char *top =
			str_printf("heartbeat_url = \"http://127.0.0.1:%d/beat\"; "
				   "heartbeat_allow_private = true; heartbeat_every = \"1min\";",
				bed.port);

		write_config(top);
	}
	bed_start(&bed);
	return 0;
}

/* Until the heart has beaten so often; the monitor's answer is heard then, too. */
static void wait_beats(size_t count)
{
	for (int i = 0; n_beats < count; i++) {
		assert_true(i < 100000);
		event_base_loop(bed.loop, EVLOOP_ONCE);
	}
	calm();
}

static struct heartbeat_status heart(void)
{
	struct heartbeat_status status;

	heartbeat_status(bed.engine->heartbeat, &status);
	return status;
}

static void wait_heard(int64_t at)
{
	for (int i = 0; heart().last_at < at; i++) {
		assert_true(i < 100000);
		event_base_loop(bed.loop, EVLOOP_ONCE);
	}
}

static void the_heart_beats_at_once_and_then_every_minute(void **state)
{
	pass(10);
	wait_beats(1);
	wait_heard(NOON);
	assert_null(heart().reason);
	pass(MINUTE - 20);
	assert_int_equal(n_beats, 1);
	pass(20);
	wait_beats(2);
	wait_heard(NOON + MINUTE);
	for (size_t i = 3; i < 10; i++) {
		pass(MINUTE);
		wait_beats(i);
		wait_heard(NOON + (int64_t)(i - 1) * MINUTE);
	}
	assert_int_equal(n_beats, 9);
}

static void expect_no_beat(const char *reason)
{
	size_t before = n_beats;

	pass(MINUTE);
	assert_int_equal(n_beats, before);
	assert_non_null(heart().reason);
	assert_string_equal(heart().reason, reason);
}

static void beat_again(void)
{
	size_t before = n_beats;

	pass(MINUTE);
	wait_beats(before + 1);
	wait_heard(clock_now(bed.clock) - MINUTE);
	assert_null(heart().reason);
}

static void it_does_not_beat_while_nothing_turns(void **state)
{
	uint64_t failed = report_count(EVENT_HEARTBEAT_FAILED);
	uint64_t recovered = report_count(EVENT_HEARTBEAT_RECOVERED);

	pass(10);
	wait_beats(1);
	wait_heard(NOON);
	dispatch_hold(bed.engine->dispatch, true);
	expect_no_beat("nothing is sent at present");
	expect_no_beat("nothing is sent at present");
	assert_int_equal(report_count(EVENT_HEARTBEAT_FAILED), failed + 1);
	dispatch_hold(bed.engine->dispatch, false);
	beat_again();
	assert_int_equal(report_count(EVENT_HEARTBEAT_RECOVERED), recovered + 1);
	bed.engine->store_error = -ENOSPC;
	expect_no_beat("the store cannot record");
	bed.engine->store_error = 0;
	beat_again();
	/* Planning does not go on: after half an hour something is due, and a minute later late. */
	bed.engine->running = false;
	pass(26 * MINUTE);
	bed.engine->running = false;
	pass(MINUTE);
	expect_no_beat("what is due is not decided");
	bed.engine->running = true;
	engine_run(bed.engine);
	bed_settle(&bed);
	beat_again();
}

static void a_pass_that_decides_nothing_is_noticed_at_the_second_look(void **state)
{
	pass(10);
	wait_beats(1);
	wait_heard(NOON);
	clock_advance(bed.clock, NOON + 30 * MINUTE); /* its slices wait for the store */
	assert_true(planner_is_busy(bed.engine->planner));
	bed.engine->was_busy = false;
	assert_null(engine_why_not_turning(bed.engine));
	assert_string_equal(engine_why_not_turning(bed.engine), "what is due is not decided");
	bed.engine->decided--;
	assert_null(engine_why_not_turning(bed.engine));
	calm();
	wait_beats(2);
}

static void it_does_not_beat_before_the_store_has_recorded(void **state)
{
	pass(10);
	wait_beats(1);
	wait_heard(NOON);
	clock_advance(
		bed.clock, NOON + MINUTE + 10); /* asks the store, which has no time to answer */
	clock_advance(bed.clock, NOON + 2 * MINUTE + 10);
	assert_string_equal(
		heart().reason, "the store has not recorded anything since the last one");
	assert_int_equal(n_beats, 1);
	wait_beats(2);
	wait_heard(NOON + 2 * MINUTE);
}

static void without_an_address_there_is_no_alarm(void **state)
{
	struct complaints complaints = {0};

	pass(10);
	wait_beats(1);
	wait_heard(NOON);
	write_config("");
	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	calm();
	assert_false(heart().is_on);
	assert_int_equal(clock_next_alarm(bed.clock), NOON + 30 * MINUTE); /* the next slot */
	complaints_clear(&complaints);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			trouble_is_gathered_for_a_moment, open_one, close_it),
		cmocka_unit_test_setup_teardown(messages_keep_their_distance, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			what_came_and_went_meanwhile_is_told_as_that, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			what_comes_and_goes_for_ever_is_told_six_times_an_hour, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			deliveries_are_counted_once_each_and_told_once_an_hour, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			a_day_later_the_date_stands_with_the_time, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			after_twenty_messages_in_an_hour_they_come_seldom, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			more_trouble_than_fits_is_counted, open_one, close_it),
		cmocka_unit_test_setup_teardown(twenty_lines_are_a_message, open_one, close_it),
		cmocka_unit_test_setup_teardown(the_store_comes_first, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			each_is_told_and_the_broken_one_is_passed_over, open_both, close_it),
		cmocka_unit_test_setup_teardown(
			what_does_not_get_through_is_bounded_and_told_later, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			what_is_refused_is_not_tried_again, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			without_anybody_nothing_is_heard_of, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			a_reload_drops_what_is_under_way_to_who_is_not_told_any_more, open_one,
			close_it),
		cmocka_unit_test_setup_teardown(
			the_heart_beats_at_once_and_then_every_minute, open_heart, close_it),
		cmocka_unit_test_setup_teardown(
			it_does_not_beat_while_nothing_turns, open_heart, close_it),
		cmocka_unit_test_setup_teardown(
			a_pass_that_decides_nothing_is_noticed_at_the_second_look, open_heart,
			close_it),
		cmocka_unit_test_setup_teardown(
			it_does_not_beat_before_the_store_has_recorded, open_heart, close_it),
		cmocka_unit_test_setup_teardown(
			without_an_address_there_is_no_alarm, open_heart, close_it),
	};
	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
