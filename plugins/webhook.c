/* The webhook plugin: JSON over HTTP in the dialect of the receiver. A row of `dialects` says what a
 * service is; its encoder says how a message looks there, its judge what an answer means. Every text is
 * escaped by jansson; text is cut to the service's limits first and escaped for it after.
 * Never sends, never keeps anything between calls but its settings. */
#include "nudged-plugin.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	/* The Standard Webhooks key: 24 to 64 bytes. */
	KEY_MIN = 24,
	KEY_MAX = 64,
	HEADERS_MAX = 32,
	OUR_HEADERS = 4,
	REASON_MAX = 200,
	SHOWN_BODY_MAX = 100,
	ECHO_MIN = 6, /* shorter pieces of a URL are words, and no secrets */
};

struct hook {
	const struct dialect *dialect;
	char *url;
	bool signs;
	crypto_auth_hmacsha256_state key; /* ready for the first byte of a message */
	size_t header_count;
	char *headers[HEADERS_MAX];
};

struct dialect {
	const char *name;
	bool is_room;
	bool takes_secret;
	bool drops_duplicates; /* by an id of ours: an attempt without an answer may be repeated */
	double rate;           /* messages a second the service documents; 0: none */
	/* The body, to be freed, or NULL when it cannot be expressed. */
	char *(*encode)(const struct nudged_delivery *delivery);
	/* Judges an answer by what its body says; false: judge by the status alone. */
	bool (*judge_body)(const struct nudged_response *response, struct nudged_verdict *verdict);
};

/* ---- generic: the daemon's own body, signed by Standard Webhooks ---- */

static void write_time(int64_t at, char text[static 32])
{
	time_t t = at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "1970-01-01T00:00:00Z");
}

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new_nocheck(object, key, value);
}

static int set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, text ? json_string(text) : json_null());
}

/* The body that is sent most is put together without a tree, which cost a quarter of a message;
 * every text in it is still escaped by jansson. */
struct body {
	char *text;
	size_t len, room;
	bool failed; /* no memory, or a text that is no UTF-8 */
};

static int append(const char *bytes, size_t len, void *owner)
{
	struct body *body = owner;
	size_t room = body->room ? body->room : 1024;
	char *text = body->text;

	while (room < body->len + len + 1)
		room *= 2;
	if (room != body->room)
		text = realloc(body->text, room);
	if (!text) {
		body->failed = true;
		return -1;
	}
	body->text = text;
	body->room = room;
	memcpy(body->text + body->len, bytes, len);
	body->len += len;
	body->text[body->len] = 0;
	return 0;
}

static void put(struct body *body, const char *json)
{
	append(json, strlen(json), body);
}

/* The key with what stands before it, then the text in quotes, or null. */
static void put_text(struct body *body, const char *key, const char *text)
{
	json_t *string = text ? json_string(text) : json_null();

	put(body, key);
	if (!string || json_dump_callback(string, append, body, JSON_ENCODE_ANY) < 0)
		body->failed = true;
	json_decref(string);
}

static void put_someone(struct body *body, const char *key, const char *id, const char *name)
{
	put(body, key);
	if (!id) {
		put(body, "null");
		return;
	}
	put_text(body, "{\"id\":", id);
	put_text(body, ",\"name\":", name ? name : id);
	put(body, "}");
}

/* The members of an item, without the braces. */
static void put_item(struct body *body, const struct nudged_item *item)
{
	char due[32];

	write_time(item->due, due);
	put_text(body, "\"occurrence\":", item->occurrence);
	put_text(body, ",\"reminder\":", item->reminder);
	put_text(body, ",\"kind\":", item->kind);
	put_text(body, ",\"due\":", due);
	put_someone(body, ",\"about\":", item->about, item->about_name);
	put_text(body, ",\"title\":", item->title);
	put_text(body, ",\"text\":", item->text);
	if (item->answer_url)
		put_text(body, ",\"answer_url\":", item->answer_url);
}

static const char *purpose_name(enum nudged_purpose purpose)
{
	static const char *const names[] = {
		[NUDGED_REMIND] = "remind",
		[NUDGED_NUDGE] = "nudge",
		[NUDGED_ESCALATE] = "escalate",
		[NUDGED_TEST] = "test",
	};

	return (unsigned)purpose < COUNT(names) ? names[purpose] : "remind";
}

/* The first item is repeated beside the list, for receivers that know only one. */
static void put_items(struct body *body, const struct nudged_delivery *delivery)
{
	struct body first = {0};

	put_item(&first, delivery->items[0]);
	body->failed |= first.failed;
	if (!first.failed) {
		append(first.text, first.len, body);
		put(body, ",\"items\":[{");
		append(first.text, first.len, body);
	}
	free(first.text);
	for (size_t i = 1; i < delivery->count; i++) {
		put(body, "},{");
		put_item(body, delivery->items[i]);
	}
	put(body, "}]");
}

static char *generic_encode(const struct nudged_delivery *delivery)
{
	struct body body = {0};
	char first[32], attempt[48];

	write_time(delivery->first, first);
	snprintf(attempt, sizeof(attempt), ",\"attempt\":%d", delivery->attempt);
	put_text(&body, "{\"type\":\"nudged.reminder\",\"timestamp\":", first);
	put_text(&body, ",\"data\":{\"delivery\":", delivery->id);
	put(&body, attempt);
	put_text(&body, ",\"purpose\":", purpose_name(delivery->purpose));
	put_someone(&body, ",\"person\":", delivery->person, delivery->person_name);
	put(&body, ",");
	put_items(&body, delivery);
	put(&body, "}}");
	if (!body.failed)
		return body.text;
	free(body.text);
	return NULL;
}

/* "v1," and the base64 of HMAC-SHA256 over id.timestamp.body, of the very buffer that is sent. */
static void sign(const struct hook *hook, const char *id, const char *timestamp, const char *body,
	size_t len, char *out, size_t out_size)
{
	crypto_auth_hmacsha256_state state = hook->key;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char encoded[sodium_base64_ENCODED_LEN(sizeof(mac), sodium_base64_VARIANT_ORIGINAL)];

	crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, strlen(timestamp));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, len);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2base64(
		encoded, sizeof(encoded), mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, out_size, "webhook-signature: v1,%s", encoded);
}

/* ---- slack: an incoming webhook, one shared room ---- */

/* Documented limits, in characters. */
enum {
	SLACK_FALLBACK_MAX = 4000,
	SLACK_HEADER_MAX = 150,
	SLACK_SECTION_MAX = 3000,
	SLACK_BLOCKS_MAX = 50,
	SLACK_BLOCKS_AN_ITEM = 3,
	SLACK_URL_MAX = 3000,
};

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == 0;
}

/* Bytes of at most max characters, never inside one. */
static size_t cut(const char *text, size_t max)
{
	size_t characters = 0, i = 0;

	for (; text[i]; i++)
		if (((unsigned char)text[i] & 0xC0) != 0x80 && characters++ == max)
			return i;
	return i;
}

/* Appends text of at most max characters, an ellipsis for what was cut, with the three characters
 * escaped that mean something to Slack: no mention, link or channel can come from a user's text. */
static void slack_write(FILE *out, const char *text, size_t max)
{
	size_t len = cut(text, max);
	bool whole = text[len] == 0;

	if (!whole)
		len = cut(text, max - 1);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '&')
			fputs("&amp;", out);
		else if (text[i] == '<')
			fputs("&lt;", out);
		else if (text[i] == '>')
			fputs("&gt;", out);
		else
			fputc(text[i], out);
	}
	if (!whole)
		fputs("…", out);
}

/* A text object; characters that are markup elsewhere are only text in "plain_text". */
static json_t *slack_text(const char *type, const char *text, size_t max)
{
	char *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&escaped, &size);
	json_t *object = json_object();
	int r = 0;

	slack_write(out, text, max);
	fclose(out);
	r |= set_text(object, "type", type);
	r |= set_text(object, "text", escaped);
	if (strcmp(type, "plain_text") == 0)
		r |= set(object, "emoji", json_false());
	free(escaped);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static int slack_add_block(json_t *blocks, const char *type, json_t *text)
{
	json_t *block = json_object();
	int r = set_text(block, "type", type);

	r |= set(block, "text", text);
	if (r == 0)
		return json_array_append_new(blocks, block);
	json_decref(block);
	return -1;
}

static int slack_add_link(json_t *blocks, const char *url)
{
	char link[SLACK_URL_MAX + 32];
	json_t *text;

	if (strlen(url) > SLACK_URL_MAX || strpbrk(url, "<>|& "))
		return 0;
	snprintf(link, sizeof(link), "<%s|Answer>", url);
	text = json_object();
	if (set_text(text, "type", "mrkdwn") < 0 || set_text(text, "text", link) < 0) {
		json_decref(text);
		return -1;
	}
	return slack_add_block(blocks, "section", text);
}

static int slack_add_item(json_t *blocks, const struct nudged_item *item)
{
	int r = 0;

	if (!is_blank(item->title))
		r |= slack_add_block(
			blocks, "header", slack_text("plain_text", item->title, SLACK_HEADER_MAX));
	if (!is_blank(item->text) || is_blank(item->title))
		r |= slack_add_block(blocks, "section",
			slack_text("plain_text", is_blank(item->text) ? item->reminder : item->text,
				SLACK_SECTION_MAX));
	if (item->answer_url)
		r |= slack_add_link(blocks, item->answer_url);
	return r;
}

static int slack_add_blocks(json_t *body, const struct nudged_delivery *delivery)
{
	json_t *blocks = json_array();
	int r = set(body, "blocks", blocks);
	char more[64];

	for (size_t i = 0; i < delivery->count && r == 0; i++) {
		size_t left = SLACK_BLOCKS_MAX - 1 - json_array_size(blocks);

		if (left < SLACK_BLOCKS_AN_ITEM) {
			snprintf(more, sizeof(more), "and %zu more", delivery->count - i);
			return slack_add_block(blocks, "section",
				slack_text("plain_text", more, SLACK_SECTION_MAX));
		}
		r = slack_add_item(blocks, delivery->items[i]);
	}
	return r;
}

/* The fallback feeds notifications and screen readers. */
static int slack_add_fallback(json_t *body, const struct nudged_delivery *delivery)
{
	char *plain = NULL, *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&plain, &size);
	int r;

	for (size_t i = 0; i < delivery->count; i++) {
		const struct nudged_item *item = delivery->items[i];
		const char *text =
			is_blank(item->text) && is_blank(item->title) ? item->reminder : item->text;

		fprintf(out, "%s%s%s%s", i ? "\n\n" : "", item->title,
			*item->title && *text ? "\n" : "", text);
	}
	fclose(out);
	out = open_memstream(&escaped, &size);
	slack_write(out, plain, SLACK_FALLBACK_MAX);
	fclose(out);
	r = set_text(body, "text", escaped);
	free(plain);
	free(escaped);
	return r;
}

static char *slack_encode(const struct nudged_delivery *delivery)
{
	json_t *body = json_object();
	int r = slack_add_fallback(body, delivery);
	char *text;

	r |= slack_add_blocks(body, delivery);
	r |= set(body, "unfurl_links", json_false());
	r |= set(body, "unfurl_media", json_false());
	text = r == 0 ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

/* Slack says in words what it means, with statuses that vary. */
static const struct {
	const char *word;
	enum nudged_outcome outcome;
} slack_words[] = {
	{"ok", NUDGED_SENT},
	{"invalid_payload", NUDGED_REFUSED_PAYLOAD},
	{"invalid_blocks", NUDGED_REFUSED_PAYLOAD},
	{"no_text", NUDGED_REFUSED_PAYLOAD},
	{"too_many_attachments", NUDGED_REFUSED_PAYLOAD},
	{"user_not_found", NUDGED_REFUSED_PAYLOAD},
	{"action_prohibited", NUDGED_REFUSED_DESTINATION},
	{"posting_to_general_channel_denied", NUDGED_REFUSED_DESTINATION},
	{"team_disabled", NUDGED_REFUSED_DESTINATION},
	{"invalid_token", NUDGED_REFUSED_DESTINATION},
	{"channel_not_found", NUDGED_REFUSED_DESTINATION},
	{"channel_is_archived", NUDGED_REFUSED_DESTINATION},
	{"no_service", NUDGED_REFUSED_DESTINATION},
	{"no_active_hooks", NUDGED_REFUSED_DESTINATION},
	{"no_team", NUDGED_REFUSED_DESTINATION},
	{"rollup_error", NUDGED_RETRY},
};

static bool slack_judge_body(const struct nudged_response *response, struct nudged_verdict *verdict)
{
	const char *body = response->body;
	size_t len = response->body_len;

	while (len && (body[len - 1] == '\n' || body[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < COUNT(slack_words); i++) {
		if (strlen(slack_words[i].word) != len || memcmp(body, slack_words[i].word, len))
			continue;
		if (slack_words[i].outcome == NUDGED_SENT && response->status != 200)
			break;
		verdict->outcome = slack_words[i].outcome;
		return true;
	}
	if (response->status / 100 != 2)
		return false;
	verdict->outcome = len ? NUDGED_MISCONFIGURED : NUDGED_UNKNOWN;
	verdict->reason = len ? "the answer is not Slack's \"ok\": is this the right URL?"
			      : "the answer was cut before Slack's \"ok\"";
	return true;
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
	if (key_decode(text + (prefixed ? strlen(prefix) : 0), key, &len)) {
		crypto_auth_hmacsha256_init(&hook->key, key, len);
		sodium_memzero(key, sizeof(key));
		hook->signs = true;
	} else {
		complain(opening, "secret",
			"must be whsec_ and the base64 of 24 to 64 bytes: echo "
			"whsec_$(openssl rand -base64 32)");
	}
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
	char id[128], timestamp[64], signature[128];
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
	if (hook->signs) {
		sign(hook, delivery->id, strchr(timestamp, ' ') + 1, body, http.body_len, signature,
			sizeof(signature));
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
	if (response->retry_after >= 0)
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
