/* Inside the public listener: web.c (opening, what is asked for, answer links) and web_me*.c (people's
 * own pages). */
#pragma once

#include "face/http.h"
#include "face/page.h"

struct engine;
struct form;

struct web {
	struct engine *engine;
	struct http_server *server;
	char *headers;
	char *path; /* of the unix socket we made; NULL: none */
};

/* `extra` header lines may be NULL. */
void web_answer_html(
	struct http_visit *visit, int status, const char *extra, const struct buf *html);
/* A refusal; notice may be NULL. */
void web_answer_plain(struct http_visit *visit, int status, const char *notice);
/* The same for what a verb of the engine failed with. */
void web_answer_error(struct http_visit *visit, int error, const char *why);
/* Whether a browser says that a page of somebody else's posts here. */
bool web_is_foreign(const struct web *web, const struct http_request *request);

/* What the form of an answer says. */
struct web_wish {
	enum answer answer;
	int64_t span_s;
	const char *span, *text; /* lent by the form; NULL: none */
	enum share share;        /* SHARES: it does not say */
};
/* NULL, or why the form makes no sense. */
const char *web_read_wish(const struct form *form, struct web_wish *ret);
/* One line, without the control characters a browser would not send. False: more than 4,000 bytes. */
bool web_clean_text(char *text);

/* Everything that is recorded about a person, as a file for themselves. */
void web_serve_export(struct engine *engine, struct http_visit *visit, const char *person);
/* The link to the recipient's own page, sent to them. */
void web_send_link(struct engine *engine, struct http_visit *visit, struct id occurrence);
/* rest: what follows /me/ */
void web_serve_me(struct web *web, struct http_visit *visit, const struct http_request *request,
	const char *rest);
