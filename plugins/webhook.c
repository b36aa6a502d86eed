/* The webhook plugin: HTTP in the dialect of the receiver. A dialect's row says what a service is, what
 * it needs and what its answers mean; its encoder how a message looks there. Here is what they share:
 * settings, targets, URLs, logins and signatures. Signs by OpenSSL, which knows the processor's instructions for SHA-256: libsodium's takes as
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
	OUR_HEADERS = 5,
	ECHO_MIN = 6, /* shorter pieces of a URL are words, and no secrets */
	MAC_SIZE = 32,
	SIGNATURE_MAX = 128,
	SECRET_MAX = 4096,
};

struct hook {
	const struct dialect *dialect;
	char *url;
	char *secret; /* of a service with logins */
	char *login;  /* the header it makes, or NULL */
	char *to;     /* the fixed target, or with ADDRESS in it; NULL: the address is the target */
	bool room;    /* others read it too */
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

#define DIALECT_ROW(NAME) &dialect_##NAME,
#define DIALECT_NAME(NAME) " " #NAME
static const struct dialect *const dialects[] = {DIALECTS(DIALECT_ROW)};
static const char dialect_names[] = DIALECTS(DIALECT_NAME);

static const struct dialect *dialect_find(const char *name)
{
	for (size_t i = 0; i < COUNT(dialects); i++)
		if (strcmp(dialects[i]->name, name) == 0)
			return dialects[i];
	return NULL;
}

/* ---- settings ---- */

static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "url", NUDGED_OPTION_URL, NULL, NULL, 1,
		"where to post: https://, or http:// with allow_private"},
	{sizeof(struct nudged_option), "dialect", NUDGED_OPTION_CHOICE, dialect_names + 1,
		"generic", 0, "the service that receives"},
	{sizeof(struct nudged_option), "secret", NUDGED_OPTION_SECRET, NULL, NULL, 0,
		"signs each request (whsec_ and the base64 of 24 to 64 random bytes), or logs in: "
		"a token"},
	{sizeof(struct nudged_option), "headers", NUDGED_OPTION_HEADERS, NULL, NULL, 0,
		"headers to add, as \"Name: value\""},
	{sizeof(struct nudged_option), "to", NUDGED_OPTION_STRING, NULL, NULL, 0,
		"one room for all, such as a chat id; or a target with {{address}} of each person "
		"in it"},
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
			"\"%.40s\" is not a dialect of this release; it has:%s", name,
			dialect_names);
		return;
	}
	if (hook->dialect->with_secret && find(opening->settings, "secret"))
		hook->dialect = hook->dialect->with_secret;
	hook->room = hook->dialect->reach == REACH_ROOM;
}

static const char address_name[] = "{{address}}";

/* The target of an address: `to` with the address in it, or the address; or the fixed `to`. False: none. */
static bool find_target(const struct hook *hook, const char *address, struct body *out)
{
	const char *name = hook->to ? strstr(hook->to, address_name) : NULL;

	if (name && address) {
		body_add(out, hook->to, (size_t)(name - hook->to));
		body_put(out, address);
		body_put(out, name + strlen(address_name));
	} else if (address || (hook->to && !name)) {
		body_put(out, address ? address : hook->to); /* a room that moved has an address */
	}
	return out->len;
}

/* NULL when fine, else why not. */
static const char *check_target(const struct hook *hook, const char *address)
{
	struct body target = {0};
	const char *why = "is empty or holds control characters";

	if (find_target(hook, address, &target) && !has_control(target.text))
		why = hook->dialect->check_target(target.text, hook->room);
	free(target.text);
	return why;
}

/* A target that names no address is one shared room. */
static void open_to(struct opening *opening, struct hook *hook)
{
	const char *to = find(opening->settings, "to"), *name, *why;

	if (!to || !hook->dialect)
		return;
	if (hook->dialect->reach != REACH_ADDRESS) {
		complain(opening, "to", "the dialect %s%s has no targets for each person",
			hook->dialect->name, hook->dialect->with_secret ? " without a secret" : "");
		return;
	}
	name = strstr(to, "{{");
	if (name && (strncmp(name, address_name, strlen(address_name)) != 0 ||
			    strstr(name + 2, "{{"))) {
		complain(opening, "to",
			"\"%.40s\" can't be in a target: {{address}} can, once, for each person's "
			"address on this channel",
			name);
		return;
	}
	hook->room = !name;
	hook->to = strdup(to);
	why = check_target(hook, name ? "1" : NULL);
	if (why)
		complain(opening, "to", "\"%.40s\": %s", to, why);
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

static void open_key(struct opening *opening, struct hook *hook, const char *text)
{
	static const char prefix[] = "whsec_";
	unsigned char key[KEY_MAX];
	size_t len = 0;
	bool prefixed = strncmp(text, prefix, strlen(prefix)) == 0;

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

static char *make_basic(const char *secret)
{
	static const char name[] = "Authorization: Basic ";
	char *header = malloc(sizeof(name) + (strlen(secret) + 2) / 3 * 4);

	if (!header)
		abort();
	strcpy(header, name);
	EVP_EncodeBlock((unsigned char *)header + strlen(name), (const unsigned char *)secret,
		(int)strlen(secret));
	return header;
}

static char *make_login(const struct dialect *dialect, const char *secret)
{
	bool basic = strchr(secret, ':');
	char *header = NULL;

	switch (dialect->login) {
	case LOGIN_TOKEN:
		if (basic)
			return make_basic(secret);
		if (asprintf(&header, "Authorization: Bearer %s", secret) < 0)
			abort();
		return header;
	case LOGIN_KEY:
		if (asprintf(&header, "X-Gotify-Key: %s", secret) < 0)
			abort();
		return header;
	default:
		return NULL;
	}
}

/* A token: never repeated in a complaint. */
static void open_token(struct opening *opening, struct hook *hook, const char *text)
{
	const struct dialect *dialect = hook->dialect;

	if (opening->settings->check_only && !*text)
		return;
	if (!*text || strlen(text) > SECRET_MAX || has_control(text) || strchr(text, ' ') ||
		(dialect->secret_has && !strstr(text, dialect->secret_has)))
		complain(opening, "secret", "must be %s", dialect->secret_help);
	hook->secret = strdup(text);
	hook->login = make_login(dialect, text);
}

static void open_secret(struct opening *opening, struct hook *hook)
{
	const char *text = find(opening->settings, "secret");
	const struct dialect *dialect = hook->dialect;

	if (!dialect)
		return;
	if (!text && dialect->needs_secret && !opening->settings->check_only)
		complain(opening, "secret", "the dialect %s needs one: %s", dialect->name,
			dialect->secret_help);
	if (!text)
		return;
	if (dialect->login == LOGIN_NONE)
		complain(opening, "secret", "the dialect %s does not sign: its URL is the secret",
			dialect->name);
	else if (dialect->login == LOGIN_SIGN)
		open_key(opening, hook, text);
	else
		open_token(opening, hook, text);
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

static void wipe(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

static void webhook_close(void *context)
{
	struct hook *hook = context;

	for (size_t i = 0; i < hook->header_count; i++)
		wipe(hook->headers[i]);
	wipe(hook->url);
	wipe(hook->secret);
	wipe(hook->login);
	free(hook->to);
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
	open_to(&opening, hook);
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
	return ((struct hook *)context)->room;
}

static int webhook_needs_address(void *context)
{
	const struct hook *hook = context;

	return hook->dialect->reach == REACH_ADDRESS && !hook->room;
}

static const char *webhook_check_address(void *context, const char *address)
{
	return webhook_needs_address(context) ? check_target(context, address) : NULL;
}

static double webhook_default_rate(void *context)
{
	const struct hook *hook = context;

	return hook->room && hook->dialect->room_rate > 0 ? hook->dialect->room_rate
							  : hook->dialect->rate;
}

/* ---- encode ---- */

static void put_filled(
	const struct hook *hook, const struct letter *letter, const char *path, struct body *out)
{
	const struct {
		const char *name, *value;
	} parts[] = {{"{to}", letter->target}, {"{id}", letter->delivery->id}};

	for (; *path; path++) {
		bool filled = false;

		if (strncmp(path, "{secret}", 8) == 0) {
			body_put(out, hook->secret ? hook->secret : "");
			path += 7;
			continue;
		}
		for (size_t i = 0; i < COUNT(parts) && !filled; i++) {
			size_t len = strlen(parts[i].name);

			if (strncmp(path, parts[i].name, len) != 0)
				continue;
			body_put_encoded(out, parts[i].value ? parts[i].value : "");
			path += len - 1;
			filled = true;
		}
		if (!filled)
			body_add(out, path, 1);
	}
}

/* The URL with the service's path, unless it ends so already, and its query. */
static void put_url(const struct hook *hook, const struct letter *letter, struct body *out)
{
	const char *path = hook->dialect->path, *query = hook->dialect->query;
	size_t len = strlen(hook->url);

	body_put(out, hook->url);
	if (path && !(len > strlen(path) && strcmp(hook->url + len - strlen(path), path) == 0)) {
		while (out->len && out->text[out->len - 1] == '/')
			out->len--;
		put_filled(hook, letter, path, out);
	}
	if (query) {
		body_put(out, strchr(out->text, '?') ? "&" : "?");
		put_filled(hook, letter, query, out);
	}
}

struct envelope {
	char type[96], id[128], timestamp[64], signature[SIGNATURE_MAX];
	const char *headers[OUR_HEADERS + HEADERS_MAX];
};

static void write_headers(const struct hook *hook, const struct nudged_delivery *delivery,
	struct nudged_http *http, struct envelope *envelope)
{
	const struct dialect *dialect = hook->dialect;
	const char **headers = envelope->headers;
	size_t n = 0;

	snprintf(envelope->type, sizeof(envelope->type), "Content-Type: %s",
		dialect->type ? dialect->type : "application/json");
	headers[n++] = envelope->type;
	if (dialect->login == LOGIN_SIGN) {
		snprintf(envelope->id, sizeof(envelope->id), "webhook-id: %s", delivery->id);
		snprintf(envelope->timestamp, sizeof(envelope->timestamp),
			"webhook-timestamp: %lld", (long long)delivery->now);
		headers[n++] = envelope->id;
		headers[n++] = envelope->timestamp;
	}
	if (hook->mac) {
		sign(hook, delivery->id, strchr(envelope->timestamp, ' ') + 1, http->body,
			http->body_len, envelope->signature);
		headers[n++] = envelope->signature;
	}
	if (hook->login)
		headers[n++] = hook->login;
	for (size_t i = 0; i < hook->header_count; i++)
		headers[n++] = hook->headers[i];
	http->headers = headers;
	http->header_count = n;
}

static int send_letter(
	const struct hook *hook, const struct letter *letter, const struct nudged_sink *sink)
{
	struct nudged_http http = {.size = sizeof(http),
		.method = hook->dialect->method ? hook->dialect->method : "POST"};
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	struct envelope envelope;
	struct body url = {0};
	char *body = hook->dialect->encode(letter);

	if (body) {
		put_url(hook, letter, &url);
		http.url = url.text;
		http.body = body;
		http.body_len = strlen(body);
		write_headers(hook, letter->delivery, &http, &envelope);
		sink->request(sink->owner, &request);
	}
	wipe(url.text);
	free(body);
	return body ? 0 : -1;
}

static int webhook_encode(
	void *context, const struct nudged_delivery *delivery, const struct nudged_sink *sink)
{
	const struct hook *hook = context;
	struct body target = {0};
	struct letter letter = {.delivery = delivery, .room = hook->room};
	int r = -1;

	if (!hook->url || !delivery->count)
		return -1;
	if (hook->dialect->reach != REACH_ADDRESS ||
		find_target(hook, delivery->address, &target)) {
		letter.target = target.text;
		r = send_letter(hook, &letter, sink);
	}
	free(target.text);
	return r;
}

/* ---- judge ---- */

static bool holds(const struct nudged_response *response, const char *text, size_t len)
{
	return memmem(response->body, response->body_len, text, len);
}

static bool holds_value(const struct nudged_response *response, const char *text)
{
	return text && strlen(text) >= ECHO_MIN && holds(response, text, strlen(text));
}

/* Many receivers repeat what they were asked, and the URL, the secret and the headers are secrets: an
 * answer with a piece of them is shown to nobody. */
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
		if (holds_value(response, value))
			return true;
	}
	return holds_value(response, hook->secret) ||
	       (hook->login && holds_value(response, strrchr(hook->login, ' ') + 1));
}

static int webhook_judge(
	void *context, const struct nudged_response *response, const struct nudged_sink *sink)
{
	const struct hook *hook = context;
	struct judgement judgement;
	bool may_show = response->body && hook->url && !is_echo(hook, response);

	judge_response(hook->dialect, hook->room, response, may_show, &judgement);
	sink->verdict(sink->owner, &judgement.verdict);
	free(judgement.address);
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
	.needs_address = webhook_needs_address,
	.check_address = webhook_check_address,
	.default_rate = webhook_default_rate,
	.encode = webhook_encode,
	.judge = webhook_judge,
};
