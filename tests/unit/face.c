/* The two listeners against an engine that answers when the test says so: what becomes of visitors and
 * callers while it takes its time, fails, or they leave first. */
#include "base/clock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/control.h"
#include "face/form.h"
#include "face/table.h"
#include "face/until.h"
#include "face/web.h"
#include "port/store.h"

#include <errno.h>
#include <event2/event.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the engine that waits ---- */

static struct {
	struct clock *clock;
	struct link_key key;
	struct model *model;
	struct occurrence occurrence;
	/* What was asked last and is not answered yet. */
	engine_on_done on_done;
	void (*on_found)(void *owner, int error, struct occurrence *const *list, size_t count);
	store_on_deliveries on_messages;
	void *owner;
	enum answer answer;
	char text[64];
} fake;

struct clock *engine_clock(const struct engine *engine)
{
	return fake.clock;
}

bool engine_can_send_link(const struct engine *engine, const char *person)
{
	return false;
}

const struct link_key *engine_link_key(const struct engine *engine)
{
	return &fake.key;
}

void engine_answer(struct engine *engine, struct id occurrence, enum answer answer,
	int64_t snooze_s, const char *text, enum share share, engine_on_done on_done, void *owner)
{
	fake.on_done = on_done;
	fake.owner = owner;
	fake.answer = answer;
	snprintf(fake.text, sizeof(fake.text), "%s", text ? text : "(none)");
}

void engine_find_occurrences(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct occurrence *const *list, size_t count),
	void *owner)
{
	fake.on_found = on_done;
	fake.owner = owner;
}

void engine_find_deliveries(struct engine *engine, const struct store_query *query,
	void (*on_done)(void *owner, int error, struct delivery *const *list, size_t count),
	void *owner)
{
	fake.on_messages = on_done;
	fake.owner = owner;
}

const struct model *engine_model(const struct engine *engine)
{
	return fake.model;
}

unsigned engine_shares(const struct engine *engine, const char *person)
{
	return 1u << SHARE_ME;
}

enum share engine_usual_share(const struct engine *engine, const char *person)
{
	return SHARE_ME;
}

/* The messages that it came in are none, so what is looked for is asked for alone. */
static void complete_find(int error, size_t count)
{
	struct occurrence *list[] = {&fake.occurrence};
	store_on_deliveries on_messages = fake.on_messages;
	store_on_occurrences on_found;

	fake.on_messages = NULL;
	if (on_messages)
		on_messages(fake.owner, 0, NULL, 0);
	on_found = fake.on_found;
	fake.on_found = NULL;
	on_found(fake.owner, error, list, count);
}

static void complete_done(int error, const char *why)
{
	engine_on_done on_done = fake.on_done;

	fake.on_done = NULL;
	on_done(fake.owner, error, why);
}

/* Of the engine's other verbs the methods table only needs that they exist. */
#define UNUSED_VERB(type, name, ...)                                                               \
	type name(__VA_ARGS__)                                                                     \
	{                                                                                          \
		fail_msg("%s was asked", #name);                                                   \
		abort();                                                                           \
	}
UNUSED_VERB(const struct view *, engine_view, const struct engine *engine)
UNUSED_VERB(void, engine_status, const struct engine *engine, struct engine_status *ret)
UNUSED_VERB(void, engine_count_dead, struct engine *engine, engine_on_count on_done, void *owner)
UNUSED_VERB(bool, engine_channel_status, const struct engine *engine, size_t index,
	struct channel_status *ret)
UNUSED_VERB(const struct person *, engine_link_person, struct engine *engine, const char *token,
	enum link_purpose purpose)
UNUSED_VERB(char *, engine_person_url, const struct engine *engine, const struct person *person,
	enum link_purpose purpose)
UNUSED_VERB(bool, engine_find_pause, const struct engine *engine, const char *what,
	struct pause_status *ret)
UNUSED_VERB(void, engine_set_pace, struct engine *engine, const char *person, const char *reminder,
	enum answer answer, engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_find_facts, struct engine *engine, const struct fact_query *query,
	void (*on_done)(void *owner, int error, const struct fact *facts, size_t count),
	void *owner)
UNUSED_VERB(const char *, engine_kept, const struct engine *engine, const char *person,
	const char *name)
UNUSED_VERB(void, engine_keep, struct engine *engine, const char *person, const char *name,
	const char *value, engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_forget_self, struct engine *engine, const char *person,
	engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_remember, struct engine *engine, const char *person,
	engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_send_link, struct engine *engine, const char *person,
	engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_renew_links, struct engine *engine, const char *person,
	engine_on_done on_done, void *owner)
UNUSED_VERB(bool, engine_next_pause, const struct engine *engine, const char *after,
	struct pause_status *ret)
UNUSED_VERB(bool, engine_fade, const struct engine *engine, const struct person *person,
	const struct reminder *reminder, struct fade *ret)
UNUSED_VERB(void, engine_send, struct engine *engine, const char *reminder, const char *person,
	engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_drop, struct engine *engine, struct id delivery, engine_on_done on_done,
	void *owner)
UNUSED_VERB(void, engine_pause, struct engine *engine, const char *what, int64_t until_at,
	const char *reason, engine_on_done on_done, void *owner)
UNUSED_VERB(void, engine_resume, struct engine *engine, const char *what, engine_on_done on_done,
	void *owner)
UNUSED_VERB(void, engine_test_channel, struct engine *engine, const char *channel,
	const char *address, bool send, engine_on_test on_done, void *owner)
UNUSED_VERB(void, engine_backup, struct engine *engine, const char *path, engine_on_done on_done,
	void *owner)
UNUSED_VERB(void, engine_forget, struct engine *engine, const char *person, engine_on_done on_done,
	void *owner)
UNUSED_VERB(bool, engine_kept_at, const struct engine *engine, const char *person, size_t index,
	const char **ret_name, const char **ret_value)
UNUSED_VERB(int64_t, engine_begun, const struct engine *engine, const char *person)
UNUSED_VERB(int, engine_reload, struct engine *engine, struct complaints *complaints)

void engine_retry(struct engine *engine, struct id delivery, engine_on_done on_done, void *owner)
{
	fake.on_done = on_done;
	fake.owner = owner;
}

static engine_on_event watcher;
static void *watcher_owner;

void engine_watch(struct engine *engine, engine_on_event on_event, void *owner)
{
	watcher = on_event;
	watcher_owner = owner;
}

void engine_unwatch(struct engine *engine, engine_on_event on_event, void *owner)
{
	assert_ptr_equal(owner, watcher_owner);
	watcher = NULL;
}

/* ---- the listeners ---- */

static char folder[] = "/tmp/nudged-face-XXXXXX";
static char *control_path, *web_path;
static struct event_base *loop;
static struct control *control;
static struct web *web;

static int open_all(void **state)
{
	auto_free char *error = NULL, *listen = NULL;

	if (!mkdtemp(folder) || sodium_init() < 0)
		return -1;
	control_path = str_printf("%s/control", folder);
	web_path = str_printf("%s/web", folder);
	listen = str_printf("unix:%s", web_path);
	fake.model = model_new();
	model_build_index(fake.model);
	fake.occurrence.key.recipient = (char *)"ana";
	fake.clock = clock_new_simulated(INT64_C(1800000000000));
	fake.occurrence.title = (char *)"One <small> thing";
	fake.occurrence.text = (char *)"Try it";
	loop = event_base_new();
	return link_key_derive("a secret of the tests", &fake.key) ||
			       control_open(loop, NULL, control_path, -1, &control, &error) ||
			       web_open(loop, NULL, listen, -1, &web, &error)
		       ? -1
		       : 0;
}

static int close_all(void **state)
{
	control_close(control);
	web_close(web);
	event_base_free(loop);
	model_unref(fake.model);
	clock_free(fake.clock);
	free(control_path);
	free(web_path);
	return rmdir(folder); /* both took their socket files with them */
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(loop, EVLOOP_NONBLOCK);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int say(const char *path, const char *text, size_t len)
{
	int fd = connect_to(path);

	assert_int_equal(send(fd, text, len, 0), (ssize_t)len);
	turn();
	return fd;
}

static const char *hear(int fd)
{
	static char text[65536];
	ssize_t n;

	turn();
	n = recv(fd, text, sizeof(text) - 1, 0);
	text[MAX_OF(n, 0)] = '\0';
	return text;
}

static int ask_web(const char *method, const char *form)
{
	char token[LINK_TOKEN], text[1024];

	link_write(&fake.key, (struct id){{1}}, INT64_C(1800000001), token);
	snprintf(text, sizeof(text),
		"%s /a/%s HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		method, token, strlen(form), form);
	return say(web_path, text, strlen(text));
}

static void expect_status(int fd, int status)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	assert_memory_equal(hear(fd), line, strlen(line));
	close(fd);
	turn();
}

/* ---- pages ---- */

static void an_answer_is_confirmed_only_when_it_is_recorded(void **state)
{
	int fd = ask_web("POST", "answer=stuck&text=a+line");

	assert_int_equal(fake.answer, ANSWER_STUCK);
	assert_string_equal(fake.text, "a line");
	assert_string_equal(hear(fd), "");
	complete_done(0, NULL);
	assert_string_equal(hear(fd), "");
	complete_find(0, 1);
	expect_status(fd, 200);
}

static void a_store_that_holds_is_503_and_says_when_to_come_back(void **state)
{
	static const int errors[] = {-ENOSPC, -EIO, -EROFS, -EBUSY};

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		int fd = ask_web("POST", "answer=done");
		const char *reply;

		complete_done(errors[i], "internal words");
		reply = hear(fd);
		assert_non_null(strstr(reply, "HTTP/1.1 503 "));
		assert_non_null(strstr(reply, "\r\nRetry-After: 60\r\n"));
		assert_null(strstr(reply, "internal words"));
		close(fd);
		turn();
	}
}

static void what_the_engine_refuses_is_the_forms_fault_or_nothing(void **state)
{
	int fd = ask_web("POST", "answer=done");

	complete_done(-EINVAL, "not <this>");
	assert_non_null(strstr(hear(fd), "not &lt;this&gt;"));
	close(fd);
	fd = ask_web("POST", "answer=done");
	complete_done(-ENOENT, NULL);
	expect_status(fd, 404);
	fd = ask_web("GET", "");
	complete_find(-EIO, 0);
	expect_status(fd, 503);
}

static void an_answer_recorded_but_gone_from_view_is_still_confirmed(void **state)
{
	int fd = ask_web("POST", "answer=done");

	complete_done(0, NULL);
	complete_find(-EIO, 0);
	expect_status(fd, 200);
}

static void a_visitor_who_leaves_before_the_engine_answers_costs_nothing(void **state)
{
	for (int i = 0; i < 3; i++) {
		int fd = ask_web(i ? "POST" : "GET", i ? "answer=done" : "");

		shutdown(fd, SHUT_RDWR);
		close(fd);
		turn();
		if (i)
			complete_done(i == 2 ? -EIO : 0, NULL);
		if (i < 2)
			complete_find(0, 1);
		turn();
	}
}

static void the_listener_may_close_while_the_engine_works(void **state)
{
	auto_free char *error = NULL, *listen = str_printf("unix:%s", web_path);
	int fd = ask_web("POST", "answer=done");

	web_close(web);
	complete_done(0, NULL);
	complete_find(0, 1);
	close(fd);
	assert_int_equal(web_open(loop, NULL, listen, -1, &web, &error), 0);
	expect_status(say(web_path, "GET /healthz HTTP/1.1\r\n\r\n", 25), 200);
}

/* ---- calls ---- */

#define RETRY                                                                                      \
	"{\"method\":\"org.nudged.Retry\",\"parameters\":{\"delivery\":"                           \
	"\"01h0000000000000000000000a\"}}"

static void a_call_waits_for_the_engine_and_the_next_one_for_it(void **state)
{
	int fd = say(control_path, RETRY "\0" RETRY, sizeof(RETRY "\0" RETRY));
	engine_on_done first = fake.on_done;

	assert_string_equal(hear(fd), "");
	complete_done(0, NULL);
	assert_string_equal(hear(fd), "{\"parameters\":{}}");
	assert_ptr_equal(fake.on_done, first); /* the second one was asked now */
	complete_done(-EINVAL, "it is closed");
	assert_string_equal(hear(fd),
		"{\"error\":\"org.nudged.Refused\",\"parameters\":{\"reason\":\"it is closed\"}}");
	close(fd);
	turn();
}

static void a_caller_who_leaves_before_the_engine_answers_costs_nothing(void **state)
{
	int fd = say(control_path, RETRY, sizeof(RETRY));

	shutdown(fd, SHUT_RDWR);
	close(fd);
	turn();
	complete_done(0, NULL);
	turn();
}

static void the_control_socket_may_close_while_the_engine_works(void **state)
{
	auto_free char *error = NULL;
	int fd = say(control_path, RETRY, sizeof(RETRY));

	control_close(control);
	complete_done(-EIO, NULL);
	close(fd);
	assert_int_equal(control_open(loop, NULL, control_path, -1, &control, &error), 0);
}

static void a_watcher_who_leaves_is_forgotten(void **state)
{
	static const char call[] = "{\"method\":\"org.nudged.Watch\",\"more\":true}";
	int fd = say(control_path, call, sizeof(call));

	assert_non_null(watcher);
	watcher(watcher_owner, "delivered", "n\xc3\xa4h \xff", NULL);
	assert_non_null(strstr(hear(fd), "\"message\":\"n\xc3\xa4h \xef\xbf\xbd\""));
	close(fd);
	turn();
	assert_null(watcher);
}

static void a_watcher_who_does_not_read_loses_events_and_is_told_how_many(void **state)
{
	static const char call[] = "{\"method\":\"org.nudged.Watch\",\"more\":true}";
	auto_free char *long_text = mem_new(1001);
	int fd = say(control_path, call, sizeof(call));
	bool told = false;

	memset(long_text, 'x', 1000);
	for (int i = 0; i < 20000; i++) /* 20 MB, of which a quarter of one may wait */
		watcher(watcher_owner, "delivered", long_text, NULL);
	for (int i = 0; i < 2000 && !told; i++) {
		const char *text = hear(fd);

		watcher(watcher_owner, "delivered", "again", NULL);
		for (ssize_t at = 0; at < 65000 && !told; at += (ssize_t)strlen(text + at) + 1)
			told = strstr(text + at, "\"lost\":") != NULL;
	}
	assert_true(told);
	close(fd);
	turn();
}

/* ---- parts ---- */

static void until_is_a_date_a_time_an_instant_or_a_span(void **state)
{
	static const struct {
		const char *text;
		int64_t at_s; /* 0: refused */
	} rows[] = {{"2027-03-28", 1806192000}, {"2027-03-28T18:00", 1806253200},
		{"2027-03-28T18:00:00Z", 1806256800}, {"2h", 1800007200}, {"1w", 1800604800},
		{"2027-01-01", 0}, {"0s", 0}, {"soon", 0}, {"", 0}, {"2027-02-30", 0}};
	struct zone *zone;

	assert_int_equal(zone_load("Europe/London", &zone), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t at = 0;
		const char *why = until_parse(rows[i].text, zone, INT64_C(1800000000000), &at);

		assert_int_equal(why == NULL, rows[i].at_s != 0);
		assert_int_equal(at, rows[i].at_s * 1000);
	}
	zone_unref(zone);
}

static void a_form_of_any_bytes_is_read_or_refused(void **state)
{
	static const char whole[] =
		"--b\r\nContent-Disposition: form-data; name=\"answer\"\r\n\r\ndone\r\n"
		"--b\r\nContent-Disposition: form-data; name=text\r\n\r\n\r\n--b--";
	struct form form = {.count = 0};

	assert_int_equal(
		form_parse("multipart/form-data; boundary=b", whole, strlen(whole), &form), 0);
	assert_string_equal(form_get(&form, "answer"), "done");
	assert_string_equal(form_get(&form, "text"), "");
	form_clear(&form);
	for (size_t len = 0; len < strlen(whole); len++) {
		auto_free char *exact = mem_copy(whole, len + 1);

		exact = mem_resize(exact, len ? len : 1, 1); /* what is read beyond it is found */
		assert_int_equal(
			form_parse("multipart/form-data; boundary=b", exact, len, &form), -EINVAL);
	}
}

static void a_table_measures_what_a_terminal_shows(void **state)
{
	assert_int_equal(terminal_measure(""), 0);
	assert_int_equal(terminal_measure("Nyström"), 7);
	assert_int_equal(terminal_measure("日本"), 4);
}

static void nothing_that_steers_a_terminal_leaves_a_table(void **state)
{
	static const char evil[] = "a\033]0;t\a\xc2\x9b"
				   "31m\r\nb\x7f",
			  broken[] = "x\xff\033";
	struct table *table = table_new(2, NULL);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	TABLE_ADD(table, SHADE_BAD, evil, broken);
	TABLE_ADD(table, SHADE_BAD, "wide", NULL);
	table_print(table, out);
	table_print_line(out, SHADE_STRONG, evil);
	fclose(out);
	assert_string_equal(
		text, "a?]0;t??31m? b?  (not text)\nwide             -\na?]0;t??31m? b?\n");
	table_free(table);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_confirmed_only_when_it_is_recorded),
		cmocka_unit_test(a_store_that_holds_is_503_and_says_when_to_come_back),
		cmocka_unit_test(what_the_engine_refuses_is_the_forms_fault_or_nothing),
		cmocka_unit_test(an_answer_recorded_but_gone_from_view_is_still_confirmed),
		cmocka_unit_test(a_visitor_who_leaves_before_the_engine_answers_costs_nothing),
		cmocka_unit_test(the_listener_may_close_while_the_engine_works),
		cmocka_unit_test(a_call_waits_for_the_engine_and_the_next_one_for_it),
		cmocka_unit_test(a_caller_who_leaves_before_the_engine_answers_costs_nothing),
		cmocka_unit_test(the_control_socket_may_close_while_the_engine_works),
		cmocka_unit_test(a_watcher_who_leaves_is_forgotten),
		cmocka_unit_test(a_watcher_who_does_not_read_loses_events_and_is_told_how_many),
		cmocka_unit_test(until_is_a_date_a_time_an_instant_or_a_span),
		cmocka_unit_test(a_form_of_any_bytes_is_read_or_refused),
		cmocka_unit_test(a_table_measures_what_a_terminal_shows),
		cmocka_unit_test(nothing_that_steers_a_terminal_leaves_a_table),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, open_all, close_all);
}
