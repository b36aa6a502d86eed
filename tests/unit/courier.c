/* What the courier promises its caller: room, the order of calls, cancelling, closing. Real transfers
 * are proved against real peers; here a listening socket that nobody serves is enough. */
#include "port/courier.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
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
		.url = "smtp://127.0.0.1:9",
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

int main(void)
{
#define PROVE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PROVE(the_first_transfer_goes_alone_until_it_connected),
		PROVE(nothing_is_told_inside_the_call),
		PROVE(a_cancelled_transfer_is_never_told),
		PROVE(an_account_may_be_closed_by_its_last_answer),
		PROVE(a_closed_account_finishes_what_is_under_way),
		PROVE(freeing_the_courier_cancels_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
