/* The server's half of HTTP for small pages: one request a connection, answered and closed, so that
 * nothing of one visitor can reach into the next one's. Everything is bounded (see web.h); what is
 * not plain HTTP/1.0 or 1.1 with a Content-Length is refused with the status that says so.
 *
 * Why not libevent's evhttp: 2.1 has no cap on connections, does not say when a header is complete or
 * a connection has ended (the deadlines need both), and answers some refusals without our headers. */
#pragma once

#include "base/buf.h"

struct event_base;
struct http_server;
struct http_visit; /* one request, to be answered exactly once */

enum {
	HTTP_HEADER_MAX = 8192,
	HTTP_BODY_MAX = 16384,
	HTTP_CONNECTIONS = 1024,
	HTTP_HEADER_S = 5,
	HTTP_WHOLE_S = 15,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_request {
	enum http_method method;
	const char *path;         /* begins with /; as sent, without the query */
	const char *content_type; /* "" when absent */
	/* Where a browser says that it comes from; NULL: it does not say. */
	const char *host, *origin, *fetch_site;
	const char *body; /* NUL-terminated besides */
	size_t body_len;
};

struct http_reply {
	int status;
	const char *type;  /* Content-Type */
	const char *extra; /* more header lines, each ended by CRLF; NULL: none */
	const void *body;
	size_t body_len;
};

/* The request is lent until http_answer(). */
typedef void (*http_on_request)(
	void *owner, struct http_visit *visit, const struct http_request *request);
/* Words the refusals that the server itself makes (400, 408, 413 ...). */
typedef void (*http_on_refusal)(void *owner, struct http_visit *visit, int status);

struct http_settings {
	struct event_base *loop;
	int fd;              /* bound or listening; taken over, also on failure */
	const char *headers; /* on every reply; each line ended by CRLF; lent */
	http_on_request on_request;
	http_on_refusal on_refusal;
	void *owner;
};

int http_open(const struct http_settings *settings, struct http_server **ret) must_check;
void http_close(struct http_server *server); /* visits not answered yet may still be answered */
/* Ends the visit; harmless when the visitor has gone. */
void http_answer(struct http_visit *visit, const struct http_reply *reply);
