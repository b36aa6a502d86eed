/* The webhook plugin: JSON over HTTP in the dialect of the receiver. A row of `dialects` says what a
 * service is; its encoder says how a message looks there, its judge what an answer means. Every text
 * that needs it is escaped by jansson; text is cut to the service's limits first and escaped for it
 * after. Signs by OpenSSL, which knows the processor's instructions for SHA-256: libsodium's takes as
 * long as all of curl. Never sends, never keeps anything between calls but its settings. */
#include "webhook.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/* The Standard Webhooks key: 24 to 64 bytes. */
	KEY_MIN = 24,
	KEY_MAX = 64,
	HEADERS_MAX = 32,
	OUR_HEADERS = 4,
	REASON_MAX = 200,
	SHOWN_BODY_MAX = 100,
	ECHO_MIN = 6, /* shorter pieces of a URL are words, and no secrets */
	MAC_SIZE = 32,
	SIGNATURE_MAX = 128,
};

struct hook {
	const struct dialect *dialect;
	char *url;
	EVP_MAC_CTX *mac; /* HMAC-SHA256 with the key; NULL: nothing is signed */
	size_t header_count;
	char *headers[HEADERS_MAX];
};

/* "v1," and the base64 of HMAC-SHA256 over id.timestamp.body, of the very buffer that is sent. */
static void sign(const struct hook *hook, const char *id, const char *timestamp, const char *body,
	size_t len, char out[static SIGNATURE_MAX])
{
	static const char name[] = "webhook-signature: v1,";
	unsigned char mac[MAC_SIZE];
	size_t size;

	/* Without a key: the one it has. Fails only where memory is gone. */
	if (!EVP_MAC_init(hook->mac, NULL, 0, NULL) ||
		!EVP_MAC_update(hook->mac, (const unsigned char *)id, strlen(id)) ||
		!EVP_MAC_update(hook->mac, (const unsigned char *)".", 1) ||
		!EVP_MAC_update(hook->mac, (const unsigned char *)timestamp, strlen(timestamp)) ||
		!EVP_MAC_update(hook->mac, (const unsigned char *)".", 1) ||
		!EVP_MAC_update(hook->mac, (const unsigned char *)body, len) ||
		!EVP_MAC_final(hook->mac, mac, &size, sizeof(mac)))
		abort();
	memcpy(out, name, strlen(name));
	EVP_EncodeBlock((unsigned char *)out + strlen(name), mac, (int)size);
}

/* ---- the table ---- */

static const struct dialect dialects[] = {
	{"generic", false, true, true, 0, generic_encode, NULL},
	{"slack", true, false, false, 1, slack_encode, slack_judge_body},
};
#define DIALECT_NAMES "generic slack"

static const struct dialect *dialect_find(const char *name)
{
	for (size_t i = 0; i < COUNT(dialects); i++)
		if (strcmp(dialects[i].name, name) == 0)
			return &dialects[i];
	return NULL;
}

/* ---- settings ---- */

static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "url", NUDGED_OPTION_URL, NULL, NULL, 1,
		"where to post: https://, or http:// with allow_private"},
	{sizeof(struct nudged_option), "dialect", NUDGED_OPTION_CHOICE, DIALECT_NAMES, "generic", 0,
		"the service that receives"},
	{sizeof(struct nudged_option), "secret", NUDGED_OPTION_SECRET, NULL, NULL, 0,
		"signs each request: whsec_ and the base64 of 24 to 64 random bytes"},
	{sizeof(struct nudged_option), "headers", NUDGED_OPTION_HEADERS, NULL, NULL, 0,
		"headers to add, as \"Name: value\""},
	{sizeof(struct nudged_option), "to", NUDGED_OPTION_STRING, NULL, NULL, 0,
		"the target of each person, for dialects that have one"},
};

/* Settings may be of another stride than ours. */
static const char *find(const struct nudged_settings *settings, const char *name)
{
	const char *at = (const char *)settings->settings;

	for (size_t i = 0; i < settings->count; i++) {
		const struct nudged_setting *setting = (const void *)at;

		if (strcmp(setting->name, name) == 0)
			return setting->value;
		at += setting->size;
	}
	return NULL;
}

struct opening {
	const struct nudged_settings *settings;
	const struct nudged_sink *sink;
	bool failed;
};

static void __attribute__((format(printf, 3, 4)))
complain(struct opening *opening, const char *setting, const char *format, ...)
{
	char message[REASON_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	opening->sink->complain(opening->sink->owner, setting, message);
	opening->failed = true;
}

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7F)
			return true;
	return false;
}

/* The URL is a secret: a complaint never repeats it. */
static void open_url(struct opening *opening, struct hook *hook)
{
	const char *url = find(opening->settings, "url"), *host;
	bool plain;

	if (opening->settings->check_only && (!url || !strstr(url, "://")))
		return;
	if (!url || !*url) {
		complain(opening, "url", "a webhook needs a url, such as https://host/path");
		return;
	}
	plain = strncasecmp(url, "http://", 7) == 0;
	if (!plain && strncasecmp(url, "https://", 8) != 0) {
		complain(opening, "url", "must begin with https://");
		return;
	}
	host = url + (plain ? 7 : 8);
	if (plain && !opening->settings->allow_private)
		complain(opening, "url",
			"http:// is not encrypted: use https://, or set "
			"allow_private = true for a receiver of your own network");
	else if (has_control(url) || strpbrk(url, " \\"))
		complain(opening, "url", "must not hold spaces, backslashes or control characters");
	else if (memchr(host, '@', strcspn(host, "/?#")))
		complain(opening, "url", "must not hold a user name or password: use headers");
	else if (!strcspn(host, "/?#:"))
		complain(opening, "url", "has no host");
	else
		hook->url = strdup(url);
}

static void open_dialect(struct opening *opening, struct hook *hook)
{
	const char *name = find(opening->settings, "dialect");

	hook->dialect = dialect_find(name ? name : "generic");
	if (!hook->dialect) {
		complain(opening, "dialect",
			"\"%.40s\" is not a dialect of this release; it has: %s", name,
			DIALECT_NAMES);
		return;
	}
	if (find(opening->settings, "to"))
		complain(opening, "to", "the dialect %s has no targets for each person",
			hook->dialect->name);
	if (find(opening->settings, "secret") && !hook->dialect->takes_secret)
		complain(opening, "secret", "the dialect %s does not sign: its URL is the secret",
			hook->dialect->name);
}

static bool key_decode(const char *text, unsigned char *key, size_t *ret_len)
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING};

	for (size_t i = 0; i < COUNT(variants); i++) {
		const char *end = NULL;

		if (sodium_base642bin(key, KEY_MAX, text, strlen(text), NULL, ret_len, &end,
			    variants[i]) == 0 &&
			!*end && *ret_len >= KEY_MIN)
			return true;
	}
	return false;
}

/* Ready for the first byte of a message. */
static void take_key(struct hook *hook, const unsigned char *key, size_t len)
{
	char digest[] = "SHA256";
	const OSSL_PARAM how[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	hook->mac = EVP_MAC_CTX_new(hmac);
	if (!hook->mac || !EVP_MAC_init(hook->mac, key, len, how))
		abort();
	EVP_MAC_free(hmac);
}

static void open_secret(struct opening *opening, struct hook *hook)
{
	static const char prefix[] = "whsec_";
	const char *text = find(opening->settings, "secret");
	unsigned char key[KEY_MAX];
	size_t len = 0;
	bool prefixed;

	if (!text)
		return;
	prefixed = strncmp(text, prefix, strlen(prefix)) == 0;
	if (opening->settings->check_only && !prefixed)
		return;
	if (key_decode(text + (prefixed ? strlen(prefix) : 0), key, &len))
		take_key(hook, key, len);
	else
		complain(opening, "secret",
			"must be whsec_ and the base64 of 24 to 64 bytes: echo "
			"whsec_$(openssl rand -base64 32)");
	sodium_memzero(key, sizeof(key));
}

static void open_header(struct opening *opening, struct hook *hook, const char *line, size_t len)
{
	/* Written here, by nudged, or by the connection. */
	static const char *const taken[] = {"content-type", "webhook-id", "webhook-timestamp",
		"webhook-signature", "host", "content-length", "transfer-encoding", "connection",
		"expect", "upgrade", "te", "trailer"};
	size_t name = strcspn(line, ": \t");

	if (!name || name >= len || line[name] != ':') {
		complain(opening, "headers", "\"%.*s\" is not of the form \"Name: value\"",
			(int)(name < 40 ? name : 40), line);
		return;
	}
	for (size_t i = 0; i < COUNT(taken); i++)
		if (strlen(taken[i]) == name && strncasecmp(taken[i], line, name) == 0)
			complain(opening, "headers", "%s is written by nudged itself", taken[i]);
	if (hook->header_count == HEADERS_MAX) {
		complain(opening, "headers", "more than %d", HEADERS_MAX);
		return;
	}
	hook->headers[hook->header_count] = strndup(line, len);
	if (has_control(hook->headers[hook->header_count]))
		complain(opening, "headers", "%.*s holds a control character", (int)name, line);
	hook->header_count++;
}

static void open_headers(struct opening *opening, struct hook *hook)
{
	const char *line = find(opening->settings, "headers");

	while (line && *line) {
		size_t len = strcspn(line, "\n");

		open_header(opening, hook, line, len);
		line += len + (line[len] == '\n');
	}
}

static void webhook_close(void *context)
{
	struct hook *hook = context;

	for (size_t i = 0; i < hook->header_count; i++) {
		sodium_memzero(hook->headers[i], strlen(hook->headers[i]));
		free(hook->headers[i]);
	}
	if (hook->url)
		sodium_memzero(hook->url, strlen(hook->url));
	free(hook->url);
	EVP_MAC_CTX_free(hook->mac);
	sodium_memzero(hook, sizeof(*hook));
	free(hook);
}

static int webhook_open(
	const struct nudged_settings *settings, const struct nudged_sink *sink, void **ret_context)
{
	struct opening opening = {settings, sink, false};
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook || sodium_init() < 0)
		abort();
	open_url(&opening, hook);
	open_dialect(&opening, hook);
	open_secret(&opening, hook);
	open_headers(&opening, hook);
	if (opening.failed) {
		webhook_close(hook);
		return -1;
	}
	*ret_context = hook;
	return 0;
}

static int webhook_is_room(void *context)
{
	return ((struct hook *)context)->dialect->is_room;
}

static double webhook_default_rate(void *context)
{
	return ((struct hook *)context)->dialect->rate;
}

/* ---- encode ---- */

static int webhook_encode(
	void *context, const struct nudged_delivery *delivery, const struct nudged_sink *sink)
{
	const struct hook *hook = context;
	const char *headers[OUR_HEADERS + HEADERS_MAX];
	char id[128], timestamp[64], signature[SIGNATURE_MAX];
	struct nudged_http http = {.size = sizeof(http), .method = "POST"};
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	char *body = hook->url && delivery->count ? hook->dialect->encode(delivery) : NULL;

	if (!body)
		return -1;
	http.url = hook->url;
	http.body = body;
	http.body_len = strlen(body);
	headers[http.header_count++] = "Content-Type: application/json";
	if (hook->dialect->takes_secret) {
		snprintf(id, sizeof(id), "webhook-id: %s", delivery->id);
		snprintf(timestamp, sizeof(timestamp), "webhook-timestamp: %lld",
			(long long)delivery->now);
		headers[http.header_count++] = id;
		headers[http.header_count++] = timestamp;
	}
	if (hook->mac) {
		sign(hook, delivery->id, strchr(timestamp, ' ') + 1, body, http.body_len,
			signature);
		headers[http.header_count++] = signature;
	}
	for (size_t i = 0; i < hook->header_count; i++)
		headers[http.header_count++] = hook->headers[i];
	http.headers = headers;
	sink->request(sink->owner, &request);
	free(body);
	return 0;
}

/* ---- judge ---- */

static void write_cause(
	const char *what, const struct nudged_response *response, char reason[REASON_MAX + 1])
{
	snprintf(reason, REASON_MAX + 1, "%s%s%.*s", what, response->body_len ? ": " : "",
		(int)(response->body_len < SHOWN_BODY_MAX ? response->body_len : SHOWN_BODY_MAX),
		(const char *)response->body);
}

/* False: the receiver answered, and its answer decides. */
static bool judge_transport(const struct hook *hook, const struct nudged_response *response,
	struct nudged_verdict *verdict, char reason[REASON_MAX + 1])
{
	verdict->reason = reason;
	switch (response->transport) {
	case NUDGED_ARRIVED:
	case NUDGED_BODY_TOO_LARGE:
		verdict->reason = NULL;
		return false;
	case NUDGED_NOT_SENT:
		verdict->outcome = NUDGED_RETRY;
		write_cause("the receiver could not be reached", response, reason);
		return true;
	case NUDGED_TLS_FAILED:
		verdict->outcome = NUDGED_MISCONFIGURED;
		write_cause("the receiver's TLS certificate or protocol is not acceptable",
			response, reason);
		verdict->whole_destination = 1;
		return true;
	case NUDGED_FORBIDDEN:
		verdict->outcome = NUDGED_MISCONFIGURED;
		verdict->reason =
			"nudged refused the address: private ones need allow_private = true";
		verdict->whole_destination = 1;
		return true;
	default:
		verdict->outcome = NUDGED_UNKNOWN;
		verdict->safe_to_repeat = hook->dialect->drops_duplicates;
		verdict->reason = "sent, but no answer came";
		return true;
	}
}

static enum nudged_outcome outcome_of_status(int status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
		return NUDGED_RETRY;
	case 401:
	case 403:
	case 404:
	case 410:
		return NUDGED_REFUSED_DESTINATION;
	case 407:
		return NUDGED_MISCONFIGURED;
	}
	switch (status / 100) {
	case 2:
		return NUDGED_SENT;
	case 3:
		return NUDGED_MISCONFIGURED;
	case 4:
		return NUDGED_REFUSED_PAYLOAD;
	default:
		return NUDGED_RETRY;
	}
}

static bool holds(const struct nudged_response *response, const char *text, size_t len)
{
	return memmem(response->body, response->body_len, text, len);
}

/* Many receivers repeat what they were asked, and the URL and the headers are secrets: an answer
 * with a piece of them is shown to nobody. */
static bool is_echo(const struct hook *hook, const struct nudged_response *response)
{
	const char *host = strstr(hook->url, "://");
	const char *at = host ? host + 3 + strcspn(host + 3, "/?") : "";
	const char *user = host ? memchr(host + 3, '@', at - host - 3) : NULL;

	if (user && holds(response, host + 3, user - host - 3))
		return true;
	while (*at) {
		size_t len = strcspn(++at, "/?&=#");

		if (len >= ECHO_MIN && holds(response, at, len))
			return true;
		at += len;
	}
	for (size_t i = 0; i < hook->header_count; i++) {
		const char *value = strchr(hook->headers[i], ':');

		value = value ? value + 1 + strspn(value + 1, " ") : hook->headers[i];
		if (strlen(value) >= ECHO_MIN && holds(response, value, strlen(value)))
			return true;
	}
	return false;
}

/* The first line of an answer often says what was wrong; a page of HTML does not. */
static void write_reason(
	const struct hook *hook, const struct nudged_response *response, char *reason, size_t size)
{
	const char *body = response->body;
	size_t len = 0;

	while (body && len < response->body_len && len < SHOWN_BODY_MAX && body[len] != '\n' &&
		body[len] != '\r' && body[len])
		len++;
	if (response->status / 100 == 3)
		snprintf(reason, size, "the receiver answered %d, a redirect: give its final URL",
			response->status);
	else if (response->status == 404 || response->status == 410)
		snprintf(reason, size, "the receiver answered %d: is this the right URL?",
			response->status);
	else if (len && body[0] != '<' && !is_echo(hook, response))
		snprintf(reason, size, "the receiver answered %d: %.*s", response->status, (int)len,
			body);
	else
		snprintf(reason, size, "the receiver answered %d", response->status);
}

static void judge_answer(const struct hook *hook, const struct nudged_response *response,
	struct nudged_verdict *verdict)
{
	if (!hook->dialect->judge_body || !hook->dialect->judge_body(response, verdict))
		verdict->outcome = outcome_of_status(response->status);
	if (verdict->outcome == NUDGED_REFUSED_DESTINATION ||
		verdict->outcome == NUDGED_MISCONFIGURED)
		verdict->whole_destination = 1;
	if (verdict->outcome != NUDGED_RETRY)
		return;
	verdict->delay = hint_delay(response);
	if (response->retry_after >= 0 && response->retry_after > verdict->delay)
		verdict->delay = response->retry_after;
	verdict->whole_destination = response->status == 429 || response->status == 503;
}

static int webhook_judge(
	void *context, const struct nudged_response *response, const struct nudged_sink *sink)
{
	const struct hook *hook = context;
	char reason[REASON_MAX + 1];
	struct nudged_verdict verdict = {.size = sizeof(verdict), .delay = -1};

	if (!judge_transport(hook, response, &verdict, reason)) {
		judge_answer(hook, response, &verdict);
		if (!verdict.reason && verdict.outcome != NUDGED_SENT) {
			write_reason(hook, response, reason, sizeof(reason));
			verdict.reason = reason;
		}
	}
	sink->verdict(sink->owner, &verdict);
	return 0;
}

extern const struct nudged_plugin nudged_plugin;
const struct nudged_plugin nudged_plugin = {
	.abi = NUDGED_PLUGIN_ABI,
	.size = sizeof(struct nudged_plugin),
	.name = "webhook",
	.version = "0.1.0",
	.summary = "JSON over HTTP, for your own receiver or a chat service",
	.option_count = COUNT(options),
	.options = options,
	.open = webhook_open,
	.close = webhook_close,
	.is_room = webhook_is_room,
	.default_rate = webhook_default_rate,
	.encode = webhook_encode,
	.judge = webhook_judge,
};
