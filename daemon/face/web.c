/* The public listener's pages and what a posted form means. Owns no record: it asks the engine. GET
 * and HEAD only look, since mail gateways and chat previews follow every link. Never logs an
 * answer's words, a token or a visitor. */
#include "face/web.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/form.h"
#include "face/http.h"
#include "face/listen.h"
#include "face/web_parts.h"
#include "model/link.h"
#include "port/store.h"
#include "time/span.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TEXT_MAX = 4000, /* bytes of an answer's words */
	ITEMS_MAX = 20,  /* on one page */
	WORDS_MAX = 65536,
	CARRIERS_MAX = 20,
};

/* One answer link under way, while the engine looks or records. */
struct asked {
	struct engine *engine;
	struct http_visit *visit;
	struct id occurrence;
	int64_t expires_s;
	enum answer answer; /* ANSWER_NONE: only looking */
	char *span;
	struct occurrence *items[ITEMS_MAX]; /* the linked one first; owned */
	size_t count, bytes;                 /* of their words */
};

static void asked_free(struct asked *asked)
{
	for (size_t i = 0; i < asked->count; i++)
		occurrence_free(asked->items[i]);
	free(asked->span);
	free(asked);
}

void web_answer_html(
	struct http_visit *visit, int status, const char *extra, const struct buf *html)
{
	struct http_reply reply = {.status = status,
		.type = "text/html; charset=utf-8",
		.extra = extra,
		.body = buf_str(html),
		.body_len = html->len};

	http_answer(visit, &reply);
}

static void answer_page(
	struct http_visit *visit, int status, const char *extra, const struct page *page)
{
	cleanup(buf_free) struct buf body = BUF_MAX(PAGE_MAX);

	page_write(&body, page);
	web_answer_html(visit, status, extra, &body);
}

void web_answer_plain(struct http_visit *visit, int status, const char *notice)
{
	static const struct {
		int status;
		const char *heading, *extra;
	} refusals[] = {
		{400, "That did not arrive as it should", NULL},
		{403, "This link is not one of ours", NULL},
		{404, "There is nothing here", NULL},
		{405, "This page only shows and takes answers", "Allow: GET, HEAD, POST\r\n"},
		{408, "That took too long", NULL},
		{410, "This link has expired", NULL},
		{411, "That did not arrive as it should", NULL},
		{413, "That is too long", NULL},
		{431, "That is too long", NULL},
		{503, "Nothing can be recorded just now", "Retry-After: 60\r\n"},
		{505, "This speaks HTTP/1.1", NULL},
	};
	struct page page = {.notice = notice};

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].status == status) {
			page.heading = refusals[i].heading;
			answer_page(visit, status, refusals[i].extra, &page);
			return;
		}
	assert(!"a refusal without its words");
}

void web_answer_error(struct http_visit *visit, int error, const char *why)
{
	web_answer_plain(visit,
		error == -ENOENT   ? 404
		: error == -EINVAL ? 400
				   : 503,
		error == -EINVAL ? why : NULL);
}

static void on_refusal(void *owner, struct http_visit *visit, int status)
{
	web_answer_plain(visit, status, NULL);
}

/* ---- looking, and showing what was recorded ---- */

static void show_items(struct asked *asked)
{
	struct page_item items[ITEMS_MAX];
	struct readers readers;
	struct page page = {.items = items, .n_items = asked->count, .readers = &readers};
	const char *title = page_title(asked->items[0]);
	auto_free char *notice = NULL;

	readers_of(asked->engine, asked->items[0]->key.recipient, &readers);
	for (size_t i = 0; i < asked->count; i++) {
		items[i].occurrence = asked->items[i];
		/* None outlives the link that led here. */
		link_write(engine_link_key(asked->engine), asked->items[i]->id, asked->expires_s,
			items[i].token);
	}
	page.heading = asked->count == 1 ? title : "Your practice";
	if (asked->answer != ANSWER_NONE)
		notice = page_thanks(asked->count == 1 ? NULL : title, asked->answer, asked->span);
	page.notice = notice;
	page.offers_link = engine_can_send_link(asked->engine, asked->items[0]->key.recipient);
	answer_page(asked->visit, 200, NULL, &page);
	readers_clear(&readers);
	asked_free(asked);
}

static bool is_shown(const struct asked *asked, const struct occurrence *occurrence)
{
	for (size_t i = 0; i < asked->count; i++)
		if (id_eq(asked->items[i]->id, occurrence->id))
			return true;
	return false;
}

static void add_item(struct asked *asked, const struct occurrence *occurrence)
{
	size_t bytes = occurrence->text ? strlen(occurrence->text) : 0;

	if (asked->count && (asked->count == ITEMS_MAX || asked->bytes + bytes > WORDS_MAX))
		return;
	asked->items[asked->count++] = occurrence_copy(occurrence);
	asked->bytes += bytes;
}

/* What is recorded is recorded, also when it can't be shown any more. */
static void show_thanks(struct asked *asked)
{
	auto_free char *notice = page_thanks(NULL, asked->answer, asked->span);
	const struct page page = {.heading = "Your practice", .notice = notice};

	answer_page(asked->visit, 200, NULL, &page);
	asked_free(asked);
}

static void on_alone(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct asked *asked = owner;

	if (!error && count) {
		add_item(asked, list[0]);
		show_items(asked);
	} else if (asked->answer != ANSWER_NONE) {
		show_thanks(asked);
	} else {
		web_answer_plain(asked->visit, error ? 503 : 404, NULL);
		asked_free(asked);
	}
}

/* Adds the linked one. False: no message carries it. */
static bool add_linked(struct asked *asked, struct delivery *const *list, size_t count)
{
	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; i < list[n]->count; i++)
			if (id_eq(list[n]->items[i]->id, asked->occurrence)) {
				add_item(asked, list[n]->items[i]);
				return true;
			}
	return false;
}

/* What came to the same person with the linked one. A message that still gathers has not come. */
static void on_messages(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct asked *asked = owner;

	if (error || !add_linked(asked, list, count)) {
		engine_find_occurrences(asked->engine,
			&(struct store_query){.id = asked->occurrence, .limit = 1}, on_alone,
			asked);
		return;
	}
	for (size_t n = 0; n < count; n++) {
		if (list[n]->state == DELIVERY_HELD || list[n]->state == DELIVERY_CANCELLED)
			continue;
		for (size_t i = 0; i < list[n]->count; i++) {
			const struct occurrence *item = list[n]->items[i];

			if (str_eq(item->key.recipient, asked->items[0]->key.recipient) &&
				!is_shown(asked, item))
				add_item(asked, item);
		}
	}
	show_items(asked);
}

/* One question brings all of it: with a slow disk each may wait for a sync or two. */
static void look(struct asked *asked)
{
	struct store_query query = {
		.carries = asked->occurrence, .newest_first = true, .limit = CARRIERS_MAX};

	engine_find_deliveries(asked->engine, &query, on_messages, asked);
}

static void on_recorded(void *owner, int error, const char *why)
{
	struct asked *asked = owner;

	if (!error) {
		look(asked);
		return;
	}
	web_answer_error(asked->visit, error, why);
	asked_free(asked);
}

/* ---- a posted form ---- */

bool web_clean_text(char *text)
{
	if (strlen(text) > TEXT_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	return true;
}

const char *web_read_wish(const struct form *form, struct web_wish *ret)
{
	const char *answer = form_get(form, "answer"), *span = form_get(form, "for");
	const char *text = form_get(form, "text");
	const char *share = form_get(form, "share");
	struct web_wish wish = {.share = share_from_name(share)};

	/* RFC 8058: what mail programs post when somebody presses their "unsubscribe". */
	if (!answer && str_eq(form_get(form, "List-Unsubscribe"), "One-Click"))
		answer = "stop";
	wish.answer = answer ? answer_from_name(answer) : ANSWER_NONE;
	if (wish.answer == ANSWER_NONE)
		return "An answer is done, stuck, snooze, skip, less or stop.";
	if (wish.answer == ANSWER_SNOOZE) {
		if (!span || span_parse_s(span, &wish.span_s, NULL) < 0)
			return "Say for how long, such as 30min or 2h.";
		wish.span = span;
	}
	if (text && !web_clean_text((char *)text))
		return "The text is too long: 4,000 bytes at most.";
	if (share && wish.share == SHARES)
		return "A line is for me, partner, mentor, manager or team.";
	wish.text = str_empty(text) ? NULL : text;
	*ret = wish;
	return NULL;
}

static void take_answer(struct asked *asked, const struct http_request *request)
{
	cleanup(form_clear) struct form form = {.count = 0};
	struct web_wish wish = {0};
	const char *why;

	if (form_parse(request->content_type, request->body, request->body_len, &form) < 0) {
		why = "The form could not be read.";
	} else if (str_eq(form_get(&form, "do"), "link")) {
		web_send_link(asked->engine, asked->visit, asked->occurrence);
		asked_free(asked);
		return;
	} else {
		why = web_read_wish(&form, &wish);
	}
	if (why) {
		web_answer_plain(asked->visit, 400, why);
		asked_free(asked);
		return;
	}
	asked->answer = wish.answer;
	asked->span = str_new(wish.span);
	engine_answer(asked->engine, asked->occurrence, wish.answer, wish.span_s, wish.text,
		wish.share, on_recorded, asked);
}

static void serve_answer_link(struct web *web, struct http_visit *visit,
	const struct http_request *request, const char *token)
{
	int64_t now_s = clock_now(engine_clock(web->engine)) / 1000;
	struct asked *asked;
	struct id occurrence;

	switch (link_read(engine_link_key(web->engine), token, now_s, &occurrence)) {
	case LINK_FORGED:
		web_answer_plain(visit, 403, NULL);
		return;
	case LINK_EXPIRED:
		web_answer_plain(visit, 410, NULL);
		return;
	case LINK_GOOD:
		break;
	}
	asked = mem_new(sizeof(*asked));
	asked->engine = web->engine;
	asked->visit = visit;
	asked->occurrence = occurrence;
	asked->expires_s = link_expiry_s(token);
	if (request->method == HTTP_POST)
		take_answer(asked, request);
	else
		look(asked);
}

static void serve_health(struct http_visit *visit, const struct http_request *request)
{
	struct http_reply reply = {
		.status = 200, .type = "text/plain; charset=utf-8", .body = "ok\n", .body_len = 3};

	if (request->method == HTTP_GET || request->method == HTTP_HEAD) {
		http_answer(visit, &reply);
		return;
	}
	reply.status = 405;
	reply.extra = "Allow: GET, HEAD\r\n";
	reply.body_len = 0;
	http_answer(visit, &reply);
}

/* Since no page of ours says where it comes from, a browser's Origin may be "null": then the other
 * field tells. What says nothing is no browser. */
bool web_is_foreign(const struct web *web, const struct http_request *request)
{
	const char *site = request->fetch_site, *origin = request->origin;
	const char *base = engine_model(web->engine)->public_url;
	size_t len = origin ? strlen(origin) : 0;

	if (site)
		return !str_eq(site, "same-origin") && !str_eq(site, "none");
	if (!origin || str_eq(origin, "null"))
		return false;
	if (base && strncmp(base, origin, len) == 0 && (!base[len] || base[len] == '/'))
		return false;
	origin = strstr(origin, "://");
	return !origin || !str_eq(origin + 3, request->host);
}

static void on_request(void *owner, struct http_visit *visit, const struct http_request *request)
{
	struct web *web = owner;

	if (str_eq(request->path, "/healthz"))
		serve_health(visit, request);
	else if (str_starts(request->path, "/me/"))
		web_serve_me(web, visit, request, request->path + 4);
	else if (!str_starts(request->path, "/a/") || strchr(request->path + 3, '/'))
		web_answer_plain(visit, 404, NULL);
	else if (request->method == HTTP_OTHER)
		web_answer_plain(visit, 405, NULL);
	else
		serve_answer_link(web, visit, request, request->path + 3);
}

/* ---- opening ---- */

int web_open(struct event_base *loop, struct engine *engine, const char *listen, int fd,
	struct web **ret, char **ret_error)
{
	struct web *web = mem_new(sizeof(*web));
	struct http_settings settings = {
		.loop = loop, .on_request = on_request, .on_refusal = on_refusal, .owner = web};
	int r = fd < 0 ? listen_any(listen, 0660, &fd, &web->path, ret_error) : 0;

	if (r < 0) {
		free(web);
		return r;
	}
	web->engine = engine;
	web->headers = page_headers();
	settings.fd = fd;
	settings.headers = web->headers;
	r = http_open(&settings, &web->server);
	if (r < 0) {
		*ret_error = str_printf("cannot listen on %s: %s",
			listen ? listen : "the passed socket", strerror(-r));
		web_close(web);
		return r;
	}
	*ret = web;
	return 0;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	if (web->server)
		http_close(web->server);
	if (web->path)
		unlink(web->path);
	free(web->path);
	free(web->headers);
	free(web);
}
