/* What the courier promises its caller: room, the order of calls, cancelling, closing. Real transfers
 * are proved against real peers; here a listening socket that nobody serves is enough. */
#include "port/courier.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct event_base *loop;
	struct courier *courier;
	struct account *account;
	int listener;
	char url[64];
	int done, rooms;
	enum nudged_transport transport;
	bool close_in_done;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(f->listener, 16), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
	f->loop = event_base_new();
	assert_int_equal(courier_new(f->loop, &f->courier), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	courier_free(f->courier);
	event_base_free(f->loop);
	close(f->listener);
	free(f);
	return 0;
}

static void open_account(struct fixture *f, int concurrency, int64_t timeout_ms)
{
	f->account = account_open(f->courier, &(struct account_settings){.id = "test",
						      .concurrency = concurrency,
						      .timeout_ms = timeout_ms,
						      .allow_private = true});
}

static struct nudged_request *make_request(const char *url)
{
	struct nudged_http http = {sizeof(http), "POST", url, 0, NULL, "{}", 2};
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	const char *why;

	return request_copy(&request, &why);
}

static void on_done(void *owner, const struct nudged_response *response)
{
	struct fixture *f = owner;

	f->done++;
	f->transport = response->transport;
	if (f->close_in_done)
		account_close(f->account);
}

static void on_room(void *owner)
{
	struct fixture *f = owner;

	f->rooms++;
}

static void run_until_done(struct fixture *f, int done)
{
	while (f->done < done)
		event_base_loop(f->loop, EVLOOP_ONCE);
}

static void the_first_transfer_goes_alone_until_it_connected(void **state)
{
	struct fixture *f = *state;

	open_account(f, 4, 30000);
	account_on_room(f->account, on_room, f);
	courier_send(f->account, make_request(f->url), on_done, f);
	assert_false(account_has_room(f->account));
	while (!f->rooms)
		event_base_loop(f->loop, EVLOOP_ONCE);
	assert_true(account_has_room(f->account));
	assert_int_equal(f->done, 0);
	courier_send(f->account, make_request(f->url), on_done, f);
	courier_send(f->account, make_request(f->url), on_done, f);
	assert_true(account_has_room(f->account));
	courier_send(f->account, make_request(f->url), on_done, f);
	assert_false(account_has_room(f->account));
	assert_int_equal(courier_in_flight(f->courier), 4);
	account_close(f->account);
}

static void nothing_is_told_inside_the_call(void **state)
{
	struct fixture *f = *state;
	struct nudged_part part = {sizeof(part), "text/plain", "x", 1};
	const struct nudged_part *parts[] = {&part};
	struct nudged_mail mail = {.size = sizeof(mail),
		.url = "smtp://192.0.2.1:9",
		.plain = 1,
		.sender = "a@b",
		.recipient = "c@d",
		.part_count = 1,
		.parts = parts};
	struct nudged_request request = {sizeof(request), NUDGED_MAIL, {.mail = &mail}};
	const char *why;

	/* Clear text on an account that does not allow it is refused without a connection. */
	f->account = account_open(f->courier,
		&(struct account_settings){.id = "test", .concurrency = 1, .timeout_ms = 1000});
	courier_send(f->account, request_copy(&request, &why), on_done, f);
	assert_int_equal(f->done, 0);
	run_until_done(f, 1);
	assert_int_equal(f->transport, NUDGED_FORBIDDEN);
	account_close(f->account);
}

static void a_cancelled_transfer_is_never_told(void **state)
{
	struct fixture *f = *state;
	struct transfer *transfer;

	open_account(f, 1, 30000);
	account_on_room(f->account, on_room, f);
	transfer = courier_send(f->account, make_request(f->url), on_done, f);
	event_base_loop(f->loop, EVLOOP_NONBLOCK);
	transfer_cancel(transfer);
	assert_int_equal(courier_in_flight(f->courier), 0);
	assert_int_equal(f->rooms, 0);
	while (!f->rooms)
		event_base_loop(f->loop, EVLOOP_ONCE);
	assert_int_equal(f->done, 0);
	account_close(f->account);
}

static void an_account_may_be_closed_by_its_last_answer(void **state)
{
	struct fixture *f = *state;

	open_account(f, 1, 200);
	f->close_in_done = true;
	courier_send(f->account, make_request(f->url), on_done, f);
	run_until_done(f, 1);
	assert_int_equal(f->transport, NUDGED_NO_ANSWER);
	assert_int_equal(courier_in_flight(f->courier), 0);
}

static void a_closed_account_finishes_what_is_under_way(void **state)
{
	struct fixture *f = *state;

	open_account(f, 1, 200);
	courier_send(f->account, make_request(f->url), on_done, f);
	account_close(f->account);
	run_until_done(f, 1);
	assert_int_equal(courier_in_flight(f->courier), 0);
}

static void freeing_the_courier_cancels_the_rest(void **state)
{
	struct fixture *f = *state;

	open_account(f, 1, 30000);
	courier_send(f->account, make_request(f->url), on_done, f);
	event_base_loop(f->loop, EVLOOP_NONBLOCK);
	/* the rest is the sanitizer's */
}

/* ---- mail ---- */

/* Serves one connection after the other, and keeps what it heard. */
struct post_office {
	pthread_t thread;
	int listener, connections;
	const char *silent_at; /* a command's beginning, heard once, or NULL */
	char heard[4096];
};

static void answer_line(struct post_office *office, FILE *peer, const char *line)
{
	static bool content;

	strcat(office->heard, line);
	if (content && strcmp(line, ".\r\n") != 0)
		return;
	if (office->silent_at && str_starts(line, office->silent_at)) {
		__atomic_store_n(&office->silent_at, NULL, __ATOMIC_RELEASE);
		return;
	}
	content = strcmp(line, "DATA\r\n") == 0;
	fprintf(peer, content ? "354 go on\r\n" : "250 fine\r\n");
	fflush(peer);
}

static void *serve_mail(void *owner)
{
	struct post_office *office = owner;
	char line[1024];
	int fd;

	while ((fd = accept(office->listener, NULL, NULL)) >= 0) {
		FILE *peer = fdopen(fd, "r+");

		office->connections++;
		fputs("220 host\r\n", peer);
		fflush(peer);
		while (fgets(line, sizeof(line), peer))
			answer_line(office, peer, line);
		fclose(peer);
	}
	return NULL;
}

static struct nudged_request *make_mail(const char *url, const char *user)
{
	struct nudged_part part = {sizeof(part), "text/plain", "x", 1};
	const struct nudged_part *parts[] = {&part};
	static const char *const headers[] = {".Dot: first"};
	struct nudged_mail mail = {.size = sizeof(mail),
		.url = url,
		.header_count = 1,
		.headers = headers,
		.plain = 1,
		.user = user,
		.sender = "a@example.org",
		.recipient = "x@y",
		.part_count = 1,
		.parts = parts};
	struct nudged_request request = {sizeof(request), NUDGED_MAIL, {.mail = &mail}};
	const char *why;
	struct nudged_request *copy = request_copy(&request, &why);

	assert_non_null(copy);
	return copy;
}

static void open_office(struct fixture *f, struct post_office *office)
{
	office->listener = f->listener;
	assert_int_equal(pthread_create(&office->thread, NULL, serve_mail, office), 0);
	open_account(f, 1, 30000);
}

static void close_office(struct fixture *f, struct post_office *office)
{
	account_close(f->account);
	shutdown(f->listener, SHUT_RDWR);
	assert_int_equal(pthread_join(office->thread, NULL), 0);
}

static struct transfer *send_mail(struct fixture *f, const char *user)
{
	char url[64];

	snprintf(url, sizeof(url), "smtp%s", strchr(f->url, ':'));
	return courier_send(f->account, make_mail(url, user), on_done, f);
}

/* Each goes when the one before it is over. */
static void carry_mails(struct fixture *f, size_t count, const char *const *users)
{
	for (size_t i = 0; i < count; i++) {
		send_mail(f, users[i]);
		run_until_done(f, i + 1);
		assert_int_equal(f->transport, NUDGED_ARRIVED);
	}
}

static void a_mail_connection_is_for_one_login(void **state)
{
	static const char *const users[] = {"ana", "ana", "bo", NULL, NULL};
	struct post_office office = {0};

	open_office(*state, &office);
	carry_mails(*state, ARRAY_LEN(users), users);
	close_office(*state, &office);
	assert_int_equal(office.connections, 3);
}

static void a_mail_is_said_in_order_and_ends_with_good_bye(void **state)
{
	struct post_office office = {0};

	open_office(*state, &office);
	carry_mails(*state, 1, (const char *const[]){NULL});
	close_office(*state, &office);
	assert_non_null(strstr(office.heard,
		"MAIL FROM:<a@example.org>\r\nRCPT TO:<x@y>\r\nDATA\r\n..Dot: first\r\n"));
	assert_non_null(strstr(office.heard, "\r\n.\r\nQUIT\r\n"));
}

static void a_mail_cancelled_in_the_middle_takes_its_connection_with_it(void **state)
{
	struct post_office office = {.silent_at = "RCPT"};
	struct fixture *f = *state;
	struct transfer *transfer;

	open_office(f, &office);
	transfer = send_mail(f, NULL);
	while (__atomic_load_n(&office.silent_at, __ATOMIC_ACQUIRE))
		event_base_loop(f->loop, EVLOOP_NONBLOCK);
	transfer_cancel(transfer);
	carry_mails(f, 1, (const char *const[]){NULL});
	close_office(f, &office);
	assert_int_equal(office.connections, 2);
}

int main(void)
{
#define PROVE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PROVE(the_first_transfer_goes_alone_until_it_connected),
		PROVE(nothing_is_told_inside_the_call),
		PROVE(a_cancelled_transfer_is_never_told),
		PROVE(an_account_may_be_closed_by_its_last_answer),
		PROVE(a_closed_account_finishes_what_is_under_way),
		PROVE(a_mail_connection_is_for_one_login),
		PROVE(a_mail_cancelled_in_the_middle_takes_its_connection_with_it),
		PROVE(a_mail_is_said_in_order_and_ends_with_good_bye),
		PROVE(freeing_the_courier_cancels_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
