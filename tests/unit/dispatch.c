/* Channels that are slow, broken or limited, on a simulated clock: what goes when, and by which. */
#include "engine_help.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, ARRIVALS_MAX = 256, PATH = 16 };
static const int64_t NOON = INT64_C(1780488000000); /* 2026-06-03T12:00:00Z, a Wednesday */

struct arrival {
	char path[PATH], id[ID_TEXT];
	int64_t at;
	int status;
};

struct desk {
	struct bed bed;
	struct arrival list[ARRIVALS_MAX];
	int count;
	int (*reply)(const struct desk *desk, const char *path);
};

static int on_message(void *owner, const char *path, const json_t *data)
{
	struct desk *desk = owner;
	struct arrival *arrival = &desk->list[desk->count];

	assert_true(desk->count < ARRIVALS_MAX);
	snprintf(arrival->path, sizeof(arrival->path), "%s", path);
	snprintf(arrival->id, sizeof(arrival->id), "%s",
		json_string_value(json_object_get(data, "delivery")));
	arrival->at = clock_now(desk->bed.clock);
	arrival->status = desk->reply(desk, path);
	desk->count++;
	return arrival->status;
}

static int count_at(const struct desk *desk, const char *path)
{
	int count = 0;

	for (int i = 0; i < desk->count; i++)
		count += str_eq(desk->list[i].path, path);
	return count;
}

/* Everybody gets one at 12:00:10. */
static void desk_open(struct desk *desk, int people, const char *via, const char *more,
	int (*reply)(const struct desk *desk, const char *path))
{
	struct buf text = BUF_MAX(1 << 16);

	*desk = (struct desk){.reply = reply};
	bed_open(&desk->bed, NOON, on_message, desk);
	buf_printf(&text, "timezone = \"UTC\"; state = \"state\"; daily_limit = 0;\nchannels = (");
	for (int i = 0; i < 2; i++)
		buf_printf(&text,
			"%s{ id = \"%s\"; plugin = \"webhook\"; url = \"http://127.0.0.1:%d/%s\"; "
			"allow_private = true; %s }",
			i ? "," : "", i ? "second" : "first", desk->bed.port,
			i ? "second" : "first", more);
	buf_printf(&text, ");\npeople = (");
	for (int i = 0; i < people; i++)
		buf_printf(&text, "%s{ id = \"p%d\"; via = [ %s ]; }", i ? "," : "", i, via);
	buf_printf(&text,
		");\nreminders = ( { id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ]; "
		"calendar = \"12:00:10\"; } );\n");
	bed_write(&desk->bed, buf_str(&text));
	buf_free(&text);
	bed_start(&desk->bed);
}

static int accept_all(const struct desk *desk, const char *path)
{
	return 200;
}

static int first_is_down(const struct desk *desk, const char *path)
{
	return str_eq(path, "/first") ? 500 : 200;
}

static int first_is_gone(const struct desk *desk, const char *path)
{
	return str_eq(path, "/first") ? 410 : 200;
}

static void run_until(struct desk *desk, int64_t at)
{
	while (clock_now(desk->bed.clock) < at)
		bed_step(&desk->bed, SECOND_MS / 2);
}

static void each_is_sent_once_and_never_early(void **state)
{
	struct desk desk;

	desk_open(&desk, 20, "\"first\"", "", accept_all);
	run_until(&desk, NOON + 9 * SECOND_MS);
	assert_int_equal(desk.count, 0);
	run_until(&desk, NOON + MINUTE_MS);
	assert_int_equal(desk.count, 20);
	for (int i = 0; i < desk.count; i++)
		assert_true(desk.list[i].at == NOON + 10 * SECOND_MS);
	bed_close(&desk.bed);
}

static void a_rate_is_kept(void **state)
{
	struct desk desk;

	desk_open(&desk, 20, "\"first\"", "rate = \"2/s\";", accept_all);
	run_until(&desk, NOON + MINUTE_MS);
	assert_int_equal(desk.count, 20);
	for (int i = 0; i < desk.count; i++) {
		int in_a_second = 0;

		for (int j = i; j < desk.count; j++)
			in_a_second += desk.list[j].at < desk.list[i].at + SECOND_MS;
		assert_in_range(in_a_second, 1, 4); /* a full bucket, then two a second */
	}
	assert_true(desk.list[19].at >= NOON + 18 * SECOND_MS);
	bed_close(&desk.bed);
}

static void a_channel_that_fails_for_five_minutes_is_passed_over(void **state)
{
	struct desk desk;
	int64_t at;

	desk_open(&desk, 3, "\"first\", \"second\"", "retry_max = \"10s\";", first_is_down);
	run_until(&desk, NOON + 5 * MINUTE_MS);
	assert_int_equal(count_at(&desk, "/second"), 0);
	assert_true(count_at(&desk, "/first") > 6);
	run_until(&desk, NOON + 6 * MINUTE_MS);
	assert_int_equal(count_at(&desk, "/second"), 3);
	at = desk.list[desk.count - 1].at;
	assert_true(at >= NOON + 5 * MINUTE_MS + 10 * SECOND_MS);
	assert_true(at <= NOON + 5 * MINUTE_MS + 25 * SECOND_MS);
	bed_close(&desk.bed);
}

static void without_another_channel_it_is_tried_until_it_expires(void **state)
{
	struct desk desk;

	desk_open(&desk, 1, "\"first\"", "retry_max = \"1min\";", first_is_down);
	run_until(&desk, NOON + 61 * MINUTE_MS);
	assert_int_equal(dispatch_waiting(desk.bed.engine->dispatch), 0);
	assert_true(desk.list[desk.count - 1].at < NOON + 60 * MINUTE_MS + 10 * SECOND_MS);
	assert_true(desk.list[desk.count - 1].at > NOON + 55 * MINUTE_MS);
	for (int i = 0; i < desk.count; i++)
		assert_string_equal(desk.list[i].id, desk.list[0].id);
	bed_close(&desk.bed);
}

static void expire_is_the_last_word(void **state)
{
	struct desk desk;

	desk_open(&desk, 1, "\"first\"", "retry_max = \"5s\"; expire = \"2min\";", first_is_down);
	run_until(&desk, NOON + 20 * MINUTE_MS);
	assert_true(desk.list[desk.count - 1].at <= NOON + 2 * MINUTE_MS + 10 * SECOND_MS);
	assert_true(desk.list[desk.count - 1].at >= NOON + MINUTE_MS);
	bed_close(&desk.bed);
}

static void a_channel_that_is_gone_is_passed_over_at_once(void **state)
{
	struct desk desk;

	desk_open(&desk, 1, "\"first\", \"second\"", "", first_is_gone);
	run_until(&desk, NOON + 12 * SECOND_MS);
	assert_int_equal(count_at(&desk, "/first"), 1);
	assert_int_equal(count_at(&desk, "/second"), 1);
	bed_close(&desk.bed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_sent_once_and_never_early),
		cmocka_unit_test(a_rate_is_kept),
		cmocka_unit_test(a_channel_that_fails_for_five_minutes_is_passed_over),
		cmocka_unit_test(without_another_channel_it_is_tried_until_it_expires),
		cmocka_unit_test(expire_is_the_last_word),
		cmocka_unit_test(a_channel_that_is_gone_is_passed_over_at_once),
	};
	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
