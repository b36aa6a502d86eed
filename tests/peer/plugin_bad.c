/* A plugin that misbehaves: its setting `do` chooses how, in open(), encode() and judge(). The files
 * beside it include it with a wrong ABI, a wrong size or a missing function. */
#include "nudged-plugin.h"

#include <stdlib.h>
#include <string.h>

#ifndef BAD_ABI
#define BAD_ABI NUDGED_PLUGIN_ABI
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(struct nudged_plugin)
#endif
#ifndef BAD_ENCODE
#define BAD_ENCODE bad_encode
#endif

static char act[64];

static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "do", NUDGED_OPTION_STRING, NULL, NULL, 1,
		"what to do wrong"},
};

static int bad_open(
	const struct nudged_settings *settings, const struct nudged_sink *sink, void **ret_context)
{
	for (size_t i = 0; i < settings->count; i++)
		strncpy(act, settings->settings[i].value, sizeof(act) - 1);
	if (strcmp(act, "fail without a word") == 0)
		return -1;
	if (strcmp(act, "complain and succeed") == 0)
		sink->complain(sink->owner, "do", "bad \x01 bytes \xff here\r\n");
	return 0;
}

static void bad_close(void *context)
{
}

static void give(const struct nudged_sink *sink, struct nudged_http *http)
{
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = http}};

	if (strcmp(act, "unknown protocol") == 0)
		request.protocol = 77;
	if (strcmp(act, "short request") == 0)
		request.size = 4;
	sink->request(sink->owner, strcmp(act, "null request") == 0 ? NULL : &request);
	if (strcmp(act, "twice") == 0)
		sink->request(sink->owner, &request);
}

static __attribute__((unused)) int bad_encode(
	void *context, const struct nudged_delivery *delivery, const struct nudged_sink *sink)
{
	static char large[(1 << 20) + 1];
	const char *headers[100] = {"X-One: 1"};
	struct nudged_http http = {.size = sizeof(http),
		.method = "POST",
		.url = "http://127.0.0.1:9/",
		.header_count = 1,
		.headers = headers,
		.body = "{}",
		.body_len = 2};

	if (strcmp(act, "never") == 0)
		return 0;
	if (strcmp(act, "line break in a header") == 0)
		headers[0] = "X-One: 1\r\nX-Two: 2";
	if (strcmp(act, "bad text in a header") == 0)
		headers[0] = "X-One: \xff";
	if (strcmp(act, "null header") == 0)
		headers[0] = NULL;
	if (strcmp(act, "length of its own") == 0)
		headers[0] = "content-length: 1";
	if (strcmp(act, "too many headers") == 0)
		http.header_count = 100;
	if (strcmp(act, "bad text in the URL") == 0)
		http.url = "http://127.0.0.1:9/\xff";
	if (strcmp(act, "line break in the URL") == 0)
		http.url = "http://127.0.0.1:9/\r\nX: y";
	if (strcmp(act, "file URL") == 0)
		http.url = "file:///etc/passwd";
	if (strcmp(act, "no URL") == 0)
		http.url = NULL;
	if (strcmp(act, "GET") == 0)
		http.method = "GET";
	if (strcmp(act, "body too large") == 0) {
		http.body = large;
		http.body_len = sizeof(large);
	}
	if (strcmp(act, "short struct") == 0)
		http.size = offsetof(struct nudged_http, url);
	give(sink, &http);
	return strcmp(act, "give and fail") == 0 ? -1 : 0;
}

static int bad_judge(
	void *context, const struct nudged_response *response, const struct nudged_sink *sink)
{
	struct nudged_verdict verdict = {.size = sizeof(verdict),
		.outcome = NUDGED_SENT,
		.receipt = "a\x1b[31m\xff",
		.delay = -1};

	if (strcmp(act, "no verdict") == 0)
		return 0;
	if (strcmp(act, "no such verdict") == 0)
		verdict.outcome = 99;
	if (strcmp(act, "moved nowhere") == 0)
		verdict.outcome = NUDGED_MOVED;
	if (strcmp(act, "delay without end") == 0) {
		verdict.outcome = NUDGED_RETRY;
		verdict.delay = 1e300;
	}
	if (strcmp(act, "delay that is no number") == 0) {
		verdict.outcome = NUDGED_RETRY;
		verdict.delay = __builtin_nan("");
	}
	if (strcmp(act, "request as verdict") == 0)
		sink->request(sink->owner, NULL);
	else
		sink->verdict(sink->owner, &verdict);
	if (strcmp(act, "two verdicts") == 0)
		sink->verdict(sink->owner, &verdict);
	return 0;
}

extern const struct nudged_plugin nudged_plugin;
const struct nudged_plugin nudged_plugin = {
	.abi = BAD_ABI,
	.size = BAD_SIZE,
	.name = "plugin-bad",
	.version = "1",
	.summary = "does what it should not",
	.option_count = 1,
	.options = options,
	.open = bad_open,
	.close = bad_close,
	.encode = BAD_ENCODE,
	.judge = bad_judge,
};
