/* One HTTP request on an easy handle: what is set once, what changes, and what its end means.
 * Nothing of the request is copied: curl reads headers and body where they lie. */
#include "port/courier_internal.h"

#include <string.h>
#include <strings.h>

void http_prepare(struct transfer *transfer)
{
	const struct account_settings *settings = &transfer->account->settings;
	CURL *easy = transfer->easy;

	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, settings->allow_private ? "https,http" : "https");
	EASY_SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	/* One request a connection at a time: what was sent, and what was not, is then known. */
	EASY_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	EASY_SET(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
	EASY_SET(easy, CURLOPT_USERAGENT, "nudged/" NUDGED_VERSION);
	EASY_SET(easy, CURLOPT_PATH_AS_IS, 1L);
	EASY_SET(easy, CURLOPT_POST, 1L);
}

static bool has_header(const struct nudged_http *http, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < http->header_count; i++)
		if (strncasecmp(http->headers[i], name, len) == 0 && http->headers[i][len] == ':')
			return true;
	return false;
}

/* Links a header as curl's list; gives the next free place. */
static size_t link_header(struct transfer *transfer, size_t n, const char *header)
{
	assert(n < HEADER_NODES_MAX);
	transfer->nodes[n] = (struct curl_slist){(char *)header, NULL};
	if (n)
		transfer->nodes[n - 1].next = &transfer->nodes[n];
	return n + 1;
}

static size_t link_headers(struct transfer *transfer, size_t count, const char *const *headers)
{
	size_t n = 0;

	while (n < count)
		n = link_header(transfer, n, headers[n]);
	return n;
}

bool http_load(struct transfer *transfer)
{
	const struct nudged_http *http = transfer->request->http;
	CURL *easy = transfer->easy;
	size_t n = link_headers(transfer, http->header_count, http->headers);

	/* An empty value removes what curl would add: it waits a second for "100 Continue". */
	n = link_header(transfer, n, "Expect:");
	if (!has_header(http, "Content-Type"))
		n = link_header(transfer, n, "Content-Type:");
	EASY_SET(easy, CURLOPT_FRESH_CONNECT, transfer->resent ? 1L : 0L);
	transfer_set_url(transfer, http->url);
	EASY_SET(easy, CURLOPT_HTTPHEADER, transfer->nodes);
	if (strcmp(http->method, "GET") == 0) {
		EASY_SET(easy, CURLOPT_HTTPGET, 1L);
		return true;
	}
	EASY_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->body_len);
	EASY_SET(easy, CURLOPT_POSTFIELDS, http->body ? http->body : "");
	EASY_SET(easy, CURLOPT_CUSTOMREQUEST, strcmp(http->method, "POST") ? http->method : NULL);
	return true;
}

static bool http_was_sent(const struct transfer *transfer)
{
	long sent = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
	return transfer->started && sent > transfer->sent_before;
}

/* Receivers hang up on idle connections whenever they like, and the news may cross with a request.
 * curl repeats such a request only with a handle that never carried one before. */
bool http_must_resend(struct transfer *transfer, CURLcode code)
{
	long status = 0, connects = 1;

	if (transfer->resent || !transfer->started)
		return false;
	if (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR && code != CURLE_GOT_NOTHING)
		return false;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
	return status == 0 && connects == 0;
}

/* A status line is an answer even when the rest was cut: whatever the receiver did is done. Without
 * one, it depends on whether a byte of the request left. */
static enum nudged_transport http_transport(struct transfer *transfer, CURLcode code, long status)
{
	if (transfer->too_large)
		return NUDGED_BODY_TOO_LARGE;
	if (status >= 200)
		return NUDGED_ARRIVED;
	if (http_was_sent(transfer))
		return NUDGED_NO_ANSWER;
	return transport_before_sending(transfer, code);
}

void http_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	response->transport = http_transport(transfer, code, status);
	response->status = status >= 200 ? (int)status : 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &wait);
	if (wait > 0)
		response->retry_after = wait;
}
