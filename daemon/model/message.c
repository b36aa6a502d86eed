/* What crosses between plugins, the courier and the engine: deep copies and the checks that no
 * request may skip. Owns nothing after it returns; trusts no byte that a plugin gave, including the
 * sizes of its structs. Never sends, never judges. */
#include "model/message.h"

#include "base/buf.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const outcome_names[NUDGED_UNKNOWN + 2] = {
	[NUDGED_SENT] = "sent",
	[NUDGED_RETRY] = "retry",
	[NUDGED_MOVED] = "moved",
	[NUDGED_REFUSED_PAYLOAD] = "refused payload",
	[NUDGED_REFUSED_DESTINATION] = "refused destination",
	[NUDGED_MISCONFIGURED] = "misconfigured",
	[NUDGED_UNKNOWN] = "unknown",
};

enum {
	SHOWN_MAX = 200,     /* characters of a plugin's words that people see */
	MAIL_LINE_MAX = 998, /* RFC 5322, 2.1.1, without CRLF */
	ADDRESS_MAX = 254,   /* RFC 5321, 4.5.3.1.3, without the brackets */
	LOCAL_PART_MAX = 64, /* RFC 5321, 4.5.3.1.1 */
	DELAY_MAX_S = 31 * 86400,
};

/* ---- structs of another size ---- */

/* Copies as much of a struct as its writer had; members it did not know are zero. */
static void struct_view(void *to, size_t size, const void *from)
{
	uint32_t given;

	memcpy(&given, from, sizeof(given));
	memset(to, 0, size);
	memcpy(to, from, MIN_OF((size_t)given, size));
}

/* ---- checks ---- */

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7F)
			return true;
	return false;
}

static const char *check_url(const char *url, const char *const *schemes)
{
	const char *authority = NULL;
	size_t len;

	if (str_empty(url))
		return "the request has no URL";
	len = strlen(url);
	if (len > MESSAGE_URL_MAX)
		return "the URL is longer than 8192 bytes";
	if (has_control(url) || strpbrk(url, " \\") || !str_is_utf8(url, len))
		return "the URL holds a space, a backslash, a control character or bad UTF-8";
	for (; *schemes && !authority; schemes++)
		if (strncasecmp(url, *schemes, strlen(*schemes)) == 0)
			authority = url + strlen(*schemes);
	if (!authority)
		return "the URL's scheme is not one that this kind of request may use";
	len = strcspn(authority, "/?#");
	if (!len)
		return "the URL has no host";
	if (memchr(authority, '@', len))
		return "the URL holds a user name";
	return NULL;
}

static size_t header_name_length(const char *header)
{
	/* token of RFC 9110, 5.6.2; the same set is safe in mail */
	static const bool token[256] = {['!'] = 1,
		['#'] = 1,
		['$'] = 1,
		['%'] = 1,
		['&'] = 1,
		['\''] = 1,
		['*'] = 1,
		['+'] = 1,
		['-'] = 1,
		['.'] = 1,
		['^'] = 1,
		['_'] = 1,
		['`'] = 1,
		['|'] = 1,
		['~'] = 1,
		['0' ... '9'] = 1,
		['a' ... 'z'] = 1,
		['A' ... 'Z'] = 1};
	size_t len = 0;

	while (token[(unsigned char)header[len]])
		len++;
	return len;
}

/* The names that nudged writes itself, by their lengths. */
struct own_name {
	size_t len;
	const char *name;
};

static const char *check_header_name(const char *header, size_t size, const struct own_name *ours)
{
	size_t len;

	if (size > MESSAGE_HEADER_MAX)
		return "a header is longer than 8192 bytes";
	len = header_name_length(header);
	if (!len || header[len] != ':')
		return "a header is not of the form \"Name: value\"";
	for (; ours->name; ours++)
		if (ours->len == len && strncasecmp(header, ours->name, len) == 0)
			return "a header is one that nudged writes itself";
	return NULL;
}

static const char *check_http_header(const char *header)
{
	static const struct own_name ours[] = {{4, "Host"}, {14, "Content-Length"},
		{17, "Transfer-Encoding"}, {10, "Connection"}, {6, "Expect"}, {7, "Upgrade"},
		{2, "TE"}, {7, "Trailer"}, {0, NULL}};
	size_t size = strlen(header);
	const char *why = check_header_name(header, size, ours);

	if (why)
		return why;
	if (!str_is_printable(header, size, false))
		return "a header holds a line break or a control character";
	if (!str_is_utf8(header, size))
		return "a header is not valid UTF-8";
	return NULL;
}

/* Folded lines are CRLF and a blank, and never blank as a whole (RFC 5322, 2.2.3). */
static const char *check_mail_header(const char *header)
{
	static const struct own_name ours[] = {{12, "Content-Type"},
		{25, "Content-Transfer-Encoding"}, {12, "MIME-Version"}, {3, "Bcc"},
		{11, "Return-Path"}, {0, NULL}};
	const char *why = check_header_name(header, strlen(header), ours);
	size_t line = 0;

	if (why)
		return why;
	for (const unsigned char *p = (const unsigned char *)header; *p; p++, line++) {
		if (p[0] == '\r' && p[1] == '\n' && (p[2] == ' ' || p[2] == '\t')) {
			size_t blanks = strspn((const char *)p + 2, " \t");

			if (!p[2 + blanks] || p[2 + blanks] == '\r')
				return "a header is folded into an empty line";
			p++;
			line = (size_t)-1;
		} else if ((*p < 0x20 && *p != '\t') || *p >= 0x7F) {
			return "a header holds a line break, a control character or bytes that are "
			       "not ASCII";
		}
		if (line + 1 > MAIL_LINE_MAX && line != (size_t)-1)
			return "a header line is longer than 998 bytes";
	}
	return NULL;
}

static const char *check_headers(
	size_t count, const char *const *headers, const char *(*check)(const char *header))
{
	if (count > MESSAGE_HEADERS_MAX)
		return "the request has more than 64 headers";
	if (count && !headers)
		return "a header is missing";
	for (size_t i = 0; i < count; i++) {
		const char *why = headers[i] ? check(headers[i]) : "a header is missing";

		if (why)
			return why;
	}
	return NULL;
}

static bool is_plain_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x7F)
		text++;
	return !*text;
}

/* Bare, dot-atom, ASCII: an international domain is written in its xn-- form. */
static bool address_is_bare(const char *address)
{
	static const char atext[] = "!#$%&'*+-/=?^_`{|}~.0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *at;
	size_t local;

	if (str_empty(address) || strlen(address) > ADDRESS_MAX || has_control(address) ||
		!is_plain_ascii(address))
		return false;
	local = strspn(address, atext);
	at = address + local;
	if (!local || local > LOCAL_PART_MAX || *at != '@' || !at[1])
		return false;
	if (address[0] == '.' || at[-1] == '.' || strstr(address, ".."))
		return false;
	return !strpbrk(at + 1, "@<>()[],;:\\\" ") && at[1] != '.' && at[1] != '-';
}

static const char *check_part(const struct nudged_part *part)
{
	if (str_empty(part->type) || has_control(part->type) || strlen(part->type) > 255 ||
		!strchr(part->type, '/'))
		return "a part has no usable type";
	if (!is_plain_ascii(part->type))
		return "a part's type is not ASCII";
	if (part->len && !part->data)
		return "a part has no data";
	if (strncasecmp(part->type, "text/", 5) == 0 && part->len &&
		(!str_is_utf8(part->data, part->len) || memchr(part->data, 0, part->len)))
		return "a part's text is not valid UTF-8";
	return NULL;
}

static const char *check_parts(const struct nudged_mail *mail)
{
	size_t sum = 0;

	if (!mail->part_count || mail->part_count > MESSAGE_PARTS_MAX || !mail->parts)
		return "the mail has no parts, or more than 8";
	for (size_t i = 0; i < mail->part_count; i++) {
		struct nudged_part part;
		const char *why;

		if (!mail->parts[i])
			return "a part is missing";
		struct_view(&part, sizeof(part), mail->parts[i]);
		why = check_part(&part);
		if (why)
			return why;
		if (part.len > MESSAGE_BODY_MAX || (sum += part.len) > MESSAGE_BODY_MAX)
			return "the mail is larger than 1 MiB";
	}
	return NULL;
}

static const char *check_http(const struct nudged_http *http)
{
	static const char *const schemes[] = {"https://", "http://", NULL};
	const char *why;

	if (!http->method || (strcmp(http->method, "POST") && strcmp(http->method, "PUT")))
		return "the request's method is neither POST nor PUT";
	why = check_url(http->url, schemes);
	if (why)
		return why;
	if (http->body_len > MESSAGE_BODY_MAX)
		return "the body is larger than 1 MiB";
	if (http->body_len && !http->body)
		return "the request has no body";
	return check_headers(http->header_count, http->headers, check_http_header);
}

static bool login_is_clean(const char *text)
{
	return !text || (strlen(text) <= MESSAGE_HEADER_MAX && !has_control(text));
}

static const char *check_mail(const struct nudged_mail *mail)
{
	static const char *const schemes[] = {"smtps://", "smtp://", NULL};
	const char *why = check_url(mail->url, schemes);

	if (why)
		return why;
	if (!address_is_bare(mail->sender))
		return "the sender is not one bare mail address";
	if (!address_is_bare(mail->recipient))
		return "the recipient is not one bare mail address";
	if (!login_is_clean(mail->user) || !login_is_clean(mail->password) ||
		!login_is_clean(mail->token))
		return "the login holds a line break or a control character";
	if ((mail->password || mail->token) && str_empty(mail->user))
		return "there is a password but no user";
	if (mail->plain && (mail->password || mail->token))
		return "a password would cross the network in clear text";
	if (mail->plain && strncasecmp(mail->url, "smtps:", 6) == 0)
		return "smtps:// can't be without TLS";
	why = check_headers(mail->header_count, mail->headers, check_mail_header);
	return why ? why : check_parts(mail);
}

/* ---- copies in one allocation: laid out twice, the first time only to measure ---- */

struct pen {
	char *base; /* NULL: measuring */
	size_t used;
};

static void *pen_take(struct pen *pen, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	void *at;

	pen->used = (pen->used + align - 1) & ~(align - 1);
	at = pen->base ? pen->base + pen->used : NULL;
	pen->used += size;
	return at;
}

/* With a NUL after the bytes; NULL stays NULL. */
static const void *pen_bytes(struct pen *pen, const void *bytes, size_t len)
{
	char *at = pen->base ? pen->base + pen->used : NULL;

	if (!bytes && !len)
		return NULL;
	pen->used += len + 1;
	if (at) {
		if (len)
			memcpy(at, bytes, len);
		at[len] = 0;
	}
	return at;
}

static const char *pen_text(struct pen *pen, const char *text)
{
	return text ? pen_bytes(pen, text, strlen(text)) : NULL;
}

static const char *const *pen_texts(struct pen *pen, size_t count, const char *const *texts)
{
	const char **at = pen_take(pen, count * sizeof(*at));

	for (size_t i = 0; i < count; i++) {
		const char *text = pen_text(pen, texts[i]);

		if (at)
			at[i] = text;
	}
	return at;
}

static struct nudged_request *lay_http(struct pen *pen, const struct nudged_http *from)
{
	struct nudged_request *request = pen_take(pen, sizeof(*request));
	struct nudged_http *http = pen_take(pen, sizeof(*http));
	struct nudged_http copy = *from;

	copy.size = sizeof(copy);
	copy.headers = pen_texts(pen, from->header_count, from->headers);
	copy.method = pen_text(pen, from->method);
	copy.url = pen_text(pen, from->url);
	copy.body = pen_bytes(pen, from->body, from->body_len);
	if (!request)
		return NULL;
	*http = copy;
	*request = (struct nudged_request){sizeof(*request), NUDGED_HTTP, {.http = http}};
	return request;
}

static const struct nudged_part *const *lay_parts(struct pen *pen, const struct nudged_mail *from)
{
	const struct nudged_part **parts = pen_take(pen, from->part_count * sizeof(*parts));

	for (size_t i = 0; i < from->part_count; i++) {
		struct nudged_part *at = pen_take(pen, sizeof(*at));
		struct nudged_part part;

		struct_view(&part, sizeof(part), from->parts[i]);
		part.size = sizeof(part);
		part.type = pen_text(pen, part.type);
		part.data = pen_bytes(pen, part.data, part.len);
		if (parts) {
			*at = part;
			parts[i] = at;
		}
	}
	return parts;
}

static struct nudged_request *lay_mail(struct pen *pen, const struct nudged_mail *from)
{
	struct nudged_request *request = pen_take(pen, sizeof(*request));
	struct nudged_mail *mail = pen_take(pen, sizeof(*mail));
	struct nudged_mail copy = *from;

	copy.size = sizeof(copy);
	copy.headers = pen_texts(pen, from->header_count, from->headers);
	copy.parts = lay_parts(pen, from);
	copy.url = pen_text(pen, from->url);
	copy.user = pen_text(pen, from->user);
	copy.password = pen_text(pen, from->password);
	copy.token = pen_text(pen, from->token);
	copy.sender = pen_text(pen, from->sender);
	copy.recipient = pen_text(pen, from->recipient);
	if (!request)
		return NULL;
	*mail = copy;
	*request = (struct nudged_request){sizeof(*request), NUDGED_MAIL, {.mail = mail}};
	return request;
}

static struct nudged_request *copy_http(const struct nudged_http *from, const char **ret_why)
{
	struct nudged_http http;
	struct pen pen = {0};

	struct_view(&http, sizeof(http), from);
	*ret_why = check_http(&http);
	if (*ret_why)
		return NULL;
	(void)lay_http(&pen, &http);
	pen = (struct pen){.base = mem_new(pen.used)};
	return lay_http(&pen, &http);
}

static struct nudged_request *copy_mail(const struct nudged_mail *from, const char **ret_why)
{
	struct nudged_mail mail;
	struct pen pen = {0};

	struct_view(&mail, sizeof(mail), from);
	*ret_why = check_mail(&mail);
	if (*ret_why)
		return NULL;
	(void)lay_mail(&pen, &mail);
	pen = (struct pen){.base = mem_new(pen.used)};
	return lay_mail(&pen, &mail);
}

struct nudged_request *request_copy(const struct nudged_request *request, const char **ret_why)
{
	struct nudged_request view;

	*ret_why = "the request is empty";
	if (!request)
		return NULL;
	struct_view(&view, sizeof(view), request);
	if (!view.http)
		return NULL;
	if (view.protocol == NUDGED_HTTP)
		return copy_http(view.http, ret_why);
	if (view.protocol == NUDGED_MAIL)
		return copy_mail(view.mail, ret_why);
	*ret_why = "the request's protocol is neither HTTP nor mail";
	return NULL;
}

struct nudged_request *request_get(const char *url, const char **ret_why)
{
	static const char method[] = "GET";
	const struct nudged_http http = {.size = sizeof(http), .method = "POST", .url = url};
	const struct nudged_request request = {
		.size = sizeof(request), .protocol = NUDGED_HTTP, .http = &http};
	struct nudged_request *copy = request_copy(&request, ret_why);

	if (copy)
		((struct nudged_http *)copy->http)->method = method;
	return copy;
}

/* ---- verdicts ---- */

char *message_clean(const char *text)
{
	struct buf out = BUF_MAX(SHOWN_MAX * 4);
	size_t characters = 0;

	if (!text)
		return NULL;
	for (const char *p = text; *p && characters < SHOWN_MAX; characters++) {
		size_t len = 1;

		while (len < 4 && ((unsigned char)p[len] & 0xC0) == 0x80)
			len++;
		if (!str_is_utf8(p, len)) {
			buf_add_char(&out, '?');
			len = 1;
		} else if ((unsigned char)*p < 0x20 || *p == 0x7F) {
			buf_add_char(&out, ' ');
		} else {
			buf_add(&out, p, len);
		}
		p += len;
	}
	return buf_take(&out);
}

static bool address_is_usable(const char *address)
{
	return !str_empty(address) && strlen(address) <= SHOWN_MAX && !has_control(address) &&
	       str_is_utf8(address, strlen(address));
}

void verdict_copy(const struct nudged_verdict *from, struct verdict *ret)
{
	struct nudged_verdict view;

	struct_view(&view, sizeof(view), from);
	*ret = (struct verdict){.outcome = view.outcome, .delay_ms = -1};
	if ((unsigned)view.outcome > NUDGED_UNKNOWN) {
		ret->outcome = NUDGED_MISCONFIGURED;
		ret->reason = str_new("the plugin gave a verdict that does not exist");
		return;
	}
	if (view.outcome == NUDGED_MOVED && !address_is_usable(view.address)) {
		ret->outcome = NUDGED_MISCONFIGURED;
		ret->reason = str_new("the plugin gave no usable new address");
		return;
	}
	if (isfinite(view.delay) && view.delay >= 0)
		ret->delay_ms = (int64_t)(MIN_OF(view.delay, DELAY_MAX_S) * 1000 + 0.5);
	ret->whole_destination = view.whole_destination != 0;
	ret->safe_to_repeat = view.safe_to_repeat != 0;
	ret->receipt = message_clean(view.receipt);
	ret->address = view.outcome == NUDGED_MOVED ? str_new(view.address) : NULL;
	ret->reason = message_clean(view.reason);
}

void verdict_clear(struct verdict *verdict)
{
	free(verdict->receipt);
	free(verdict->address);
	free(verdict->reason);
	*verdict = (struct verdict){.delay_ms = -1};
}
