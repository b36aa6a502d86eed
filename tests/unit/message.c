/* Copies and checks of what crosses between plugins and the courier. */
#include "model/message.h"

/* A row changes one member of something that is fine. */
#pragma GCC diagnostic ignored "-Woverride-init"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static const char *why_http(struct nudged_http http)
{
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	const char *why = NULL;
	struct nudged_request *copy;

	http.size = sizeof(http);
	copy = request_copy(&request, &why);
	assert_true((copy == NULL) == (why != NULL));
	free(copy);
	return why;
}

static const char *why_mail(struct nudged_mail mail)
{
	struct nudged_request request = {sizeof(request), NUDGED_MAIL, {.mail = &mail}};
	const char *why = NULL;
	struct nudged_request *copy;

	mail.size = sizeof(mail);
	copy = request_copy(&request, &why);
	assert_true((copy == NULL) == (why != NULL));
	free(copy);
	return why;
}

static const struct nudged_part part = {sizeof(part), "text/plain; charset=utf-8", "hello", 5};
static const struct nudged_part *const parts[] = {&part};

#define MAIL(...)                                                                                  \
	((struct nudged_mail){.url = "smtp://relay.example.org:587",                               \
		.sender = "a@example.org",                                                         \
		.recipient = "b@example.org",                                                      \
		.parts = parts,                                                                    \
		.part_count = 1,                                                                   \
		__VA_ARGS__})
#define HTTP(...)                                                                                  \
	((struct nudged_http){.method = "POST", .url = "https://host.example.org/in", __VA_ARGS__})
#define HEADER(text)                                                                               \
	.header_count = 1, .headers = (const char *const[])                                        \
	{                                                                                          \
		text                                                                               \
	}

static void copies_are_deep(void **state)
{
	char url[] = "https://host/x", header[] = "X-One: 1", body[] = "{}";
	const char *headers[] = {header};
	struct nudged_http http = {sizeof(http), "PUT", url, 1, headers, body, 2};
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	const char *why;
	struct nudged_request *copy = request_copy(&request, &why);

	assert_non_null(copy);
	memset(url, 'z', sizeof(url) - 1);
	memset(header, 'z', sizeof(header) - 1);
	memset(body, 'z', sizeof(body) - 1);
	headers[0] = NULL;
	assert_string_equal(copy->http->method, "PUT");
	assert_string_equal(copy->http->url, "https://host/x");
	assert_string_equal(copy->http->headers[0], "X-One: 1");
	assert_int_equal(copy->http->body_len, 2);
	assert_memory_equal(copy->http->body, "{}", 2);
	free(copy);
}

static void mail_copies_are_deep(void **state)
{
	struct nudged_mail mail = MAIL(HEADER("Subject: x"), .user = "u", .password = "p");
	struct nudged_request request = {sizeof(request), NUDGED_MAIL, {.mail = &mail}};
	const char *why;
	struct nudged_request *copy;

	mail.size = sizeof(mail);
	copy = request_copy(&request, &why);
	assert_non_null(copy);
	assert_ptr_not_equal(copy->mail->parts[0], &part);
	assert_string_equal(copy->mail->parts[0]->data, "hello");
	assert_string_equal(copy->mail->password, "p");
	assert_null(copy->mail->token);
	free(copy);
}

static void a_smaller_struct_is_read_no_further(void **state)
{
	struct nudged_http http = HTTP(HEADER(NULL), .body_len = 99999);
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	const char *why;
	struct nudged_request *copy;

	http.size = offsetof(struct nudged_http, header_count);
	copy = request_copy(&request, &why);
	assert_non_null(copy);
	assert_int_equal(copy->http->header_count, 0);
	assert_int_equal(copy->http->body_len, 0);
	free(copy);
}

static void http_is_checked(void **state)
{
	static char large[MESSAGE_URL_MAX + 100] = "https://h/";

	memset(large + 10, 'x', sizeof(large) - 11);
	assert_null(why_http(HTTP(.body_len = 0)));
	assert_null(why_http(HTTP(.url = "HTTP://host")));
	assert_null(why_http(HTTP(.url = "https://[::1]:8443/a?b=c%20d#e")));
	assert_non_null(why_http(HTTP(.url = "smtp://host")));
	assert_non_null(why_http(HTTP(.url = "https://")));
	assert_non_null(why_http(HTTP(.url = "https://a@b/")));
	assert_non_null(why_http(HTTP(.url = "https://a/b\r\nX: y")));
	assert_non_null(why_http(HTTP(.url = "https://a/b c")));
	assert_non_null(why_http(HTTP(.url = large)));
	assert_non_null(why_http(HTTP(.method = "DELETE")));
	assert_non_null(why_http(HTTP(.body_len = 1)));
	assert_null(why_http(HTTP(HEADER("X-A: b\tc"))));
	assert_null(why_http(HTTP(HEADER("X-A: \xc3\xa9"))));
	assert_non_null(why_http(HTTP(HEADER("X-A: b\nX-B: c"))));
	assert_non_null(why_http(HTTP(HEADER("X-A: b\r"))));
	assert_non_null(why_http(HTTP(HEADER("X-A: \x7f"))));
	assert_non_null(why_http(HTTP(HEADER("X A: b"))));
	assert_non_null(why_http(HTTP(HEADER(": b"))));
	assert_non_null(why_http(HTTP(HEADER("nothing"))));
	assert_non_null(why_http(HTTP(HEADER("transfer-ENCODING: chunked"))));
	assert_non_null(why_http(HTTP(.header_count = 1)));
}

static void addresses_are_bare(void **state)
{
	static const char *const bad[] = {"", "b", "b@", "@c", "B <b@c>", "b@c>",
		"b@c\r\nRCPT TO:<d@e>", "b@c\n", "b@c d@e", "b@c,d@e", "b@c@d", ".b@c", "b.@c",
		"b..b@c", "\"b\"@c", "\xc3\xa9@c", "b@.c", "b@-c"};

	assert_null(why_mail(MAIL(.plain = 0)));
	assert_null(why_mail(MAIL(.recipient = "a.b+c=d@sub.example.org")));
	assert_non_null(why_mail(MAIL(.recipient = "b@ex\xc3\xa4mple.org")));
	assert_null(why_mail(MAIL(.recipient = "b@xn--exmple-cua.org")));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_non_null(why_mail(MAIL(.recipient = bad[i])));
		assert_non_null(why_mail(MAIL(.sender = bad[i])));
	}
}

static void mail_headers_are_checked(void **state)
{
	static char line[1100] = "Subject: ";

	memset(line + 9, 'x', sizeof(line) - 10);
	assert_null(why_mail(MAIL(HEADER("Subject: a\r\n b"))));
	assert_null(why_mail(MAIL(HEADER("Subject: a\r\n\tb\r\n c"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\r\nBcc: b"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\n b"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\r b"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\r\n"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\r\n "))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: a\r\n \r\n b"))));
	assert_non_null(why_mail(MAIL(HEADER("Subject: \xc3\xa9"))));
	assert_non_null(why_mail(MAIL(HEADER("bcc: eve@example.org"))));
	assert_non_null(why_mail(MAIL(HEADER("Content-Type: text/html"))));
	assert_non_null(why_mail(MAIL(HEADER(line))));
	line[9 + 989] = 0; /* 998 with its name */
	assert_null(why_mail(MAIL(HEADER(line))));
	line[9 + 989] = 'x';
	line[9 + 990] = 0;
	assert_non_null(why_mail(MAIL(HEADER(line))));
}

static void mail_logins_are_checked(void **state)
{
	assert_null(why_mail(MAIL(.user = "u", .password = "p")));
	assert_non_null(why_mail(MAIL(.password = "p")));
	assert_non_null(why_mail(MAIL(.user = "u\r\n", .password = "p")));
	assert_non_null(why_mail(MAIL(.plain = 1, .user = "u", .password = "p")));
	assert_non_null(why_mail(MAIL(.plain = 1, .user = "u", .token = "t")));
	assert_non_null(why_mail(MAIL(.plain = 1, .url = "smtps://host")));
	assert_null(why_mail(MAIL(.plain = 1)));
	assert_non_null(why_mail(MAIL(.url = "https://host")));
}

static void mail_parts_are_checked(void **state)
{
	struct nudged_part bad = part;
	const struct nudged_part *const list[] = {&bad};
	const struct nudged_part *const none[] = {NULL};

	bad.data = "\xff\xfe";
	bad.len = 2;
	assert_non_null(why_mail(MAIL(.parts = list)));
	bad.data = "a\0b";
	bad.len = 3;
	assert_non_null(why_mail(MAIL(.parts = list)));
	bad = part;
	bad.type = "text/plain\r\nX: y";
	assert_non_null(why_mail(MAIL(.parts = list)));
	bad.type = "text";
	assert_non_null(why_mail(MAIL(.parts = list)));
	assert_non_null(why_mail(MAIL(.parts = none)));
	assert_non_null(why_mail(MAIL(.part_count = 0)));
	assert_non_null(why_mail(MAIL(.part_count = 9)));
}

static void verdicts_are_cleaned(void **state)
{
	static char reason[4000];
	struct nudged_verdict from = {.size = sizeof(from),
		.outcome = NUDGED_RETRY,
		.delay = 1.5,
		.whole_destination = 7,
		.receipt = "a\r\nb\xff",
		.reason = reason};
	struct verdict verdict;

	for (size_t i = 0; i + 2 < sizeof(reason); i += 2)
		memcpy(reason + i, "\xc3\xa9", 2);
	verdict_copy(&from, &verdict);
	assert_int_equal(verdict.delay_ms, 1500);
	assert_true(verdict.whole_destination);
	assert_false(verdict.safe_to_repeat);
	assert_string_equal(verdict.receipt, "a  b?");
	assert_int_equal(strlen(verdict.reason), 400);
	verdict_clear(&verdict);
	from = (struct nudged_verdict){
		.size = offsetof(struct nudged_verdict, delay), .outcome = NUDGED_UNKNOWN};
	verdict_copy(&from, &verdict);
	assert_int_equal(verdict.outcome, NUDGED_UNKNOWN);
	verdict_clear(&verdict);
	from = (struct nudged_verdict){.size = sizeof(from),
		.outcome = NUDGED_MOVED,
		.delay = -1,
		.address = "c@example.org"};
	verdict_copy(&from, &verdict);
	assert_string_equal(verdict.address, "c@example.org");
	assert_int_equal(verdict.delay_ms, -1);
	verdict_clear(&verdict);
}

static void every_outcome_has_a_name(void **state)
{
	for (int i = 0; i <= NUDGED_UNKNOWN; i++)
		assert_non_null(outcome_names[i]);
	assert_null(outcome_names[NUDGED_UNKNOWN + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(mail_copies_are_deep),
		cmocka_unit_test(a_smaller_struct_is_read_no_further),
		cmocka_unit_test(http_is_checked),
		cmocka_unit_test(addresses_are_bare),
		cmocka_unit_test(mail_headers_are_checked),
		cmocka_unit_test(mail_logins_are_checked),
		cmocka_unit_test(mail_parts_are_checked),
		cmocka_unit_test(verdicts_are_cleaned),
		cmocka_unit_test(every_outcome_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
