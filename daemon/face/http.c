/* One request a connection, with every limit that a listener on a hostile network needs. Owns
 * connections and their deadlines; knows no page. Never logs what a visitor sent. */
#include "face/http.h"

#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum stage {
	IN_HEADER,
	IN_BODY,
	AT_WORK,  /* the owner makes the answer */
	ANSWERED, /* goes when the answer is written */
	LINGERS,  /* answered before all was read: a reset would destroy the answer on its way */
};

struct http_visit {
	TAILQ_ENTRY(http_visit) of_server; /* the oldest first */
	struct http_server *server;        /* NULL: the visitor has gone; freed by http_answer() */
	struct bufferevent *bev;
	struct event *deadline;
	enum stage stage;
	char *header; /* request line and header fields, cut up in place */
	char *body;
	size_t body_len;
	bool close_whole; /* nothing of the request is left unread */
	bool owed;        /* refused because its owner took too long, who will answer yet */
	struct http_request request;
};

struct http_server {
	struct http_settings settings;
	struct evconnlistener *listener;
	struct event *rest;
	TAILQ_HEAD(visits, http_visit) visits;
	size_t n_visits;
};

static void visit_free(struct http_visit *visit)
{
	free(visit->header);
	free(visit->body);
	free(visit);
}

/* The connection goes; the visit stays while its owner still works for it. */
static void visit_close(struct http_visit *visit)
{
	struct http_server *server = visit->server;

	TAILQ_REMOVE(&server->visits, visit, of_server);
	server->n_visits--;
	event_free(visit->deadline);
	bufferevent_free(visit->bev);
	visit->server = NULL;
	if (visit->stage != AT_WORK && !visit->owed)
		visit_free(visit);
}

/* ---- answering ---- */

static const char *status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {{200, "OK"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {408, "Request Timeout"}, {410, "Gone"},
		{411, "Length Required"}, {413, "Content Too Large"},
		{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
		{503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	assert(!"a status without its text");
	return "";
}

void http_answer(struct http_visit *visit, const struct http_reply *reply)
{
	struct evbuffer *output;

	if (!visit->server) {
		visit_free(visit);
		return;
	}
	if (visit->owed) {
		visit->owed = false;
		return;
	}
	output = bufferevent_get_output(visit->bev);
	evbuffer_add_printf(output,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n%s%s\r\n",
		reply->status, status_text(reply->status), reply->type, reply->body_len,
		visit->server->settings.headers, reply->extra ? reply->extra : "");
	if (visit->request.method != HTTP_HEAD)
		evbuffer_add(output, reply->body, reply->body_len);
	visit->stage = ANSWERED;
}

static void refuse(struct http_visit *visit, int status)
{
	visit->stage = AT_WORK;
	visit->server->settings.on_refusal(visit->server->settings.owner, visit, status);
}

/* ---- reading ---- */

static bool is_token(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
			return false;
	return true;
}

static int read_request_line(struct http_visit *visit, char *line)
{
	char *path = strchr(line, ' '), *version = path ? strchr(path + 1, ' ') : NULL;

	if (!version)
		return 400;
	*path++ = '\0';
	*version++ = '\0';
	if (!is_token(line) || *path != '/' || !str_is_printable(path, strlen(path), false))
		return 400;
	if (!str_eq(version, "HTTP/1.1") && !str_eq(version, "HTTP/1.0"))
		return str_starts(version, "HTTP/") ? 505 : 400;
	path[strcspn(path, "?")] = '\0';
	visit->request.path = path;
	visit->request.method = str_eq(line, "GET")    ? HTTP_GET
				: str_eq(line, "HEAD") ? HTTP_HEAD
				: str_eq(line, "POST") ? HTTP_POST
						       : HTTP_OTHER;
	return 0;
}

struct fields {
	const char *length, *type, *expect, *host, *origin, *fetch_site;
	bool chunked, twice;
};

static void take_field(struct fields *fields, const char *name, const char *value)
{
	const struct {
		const char *name, **place;
	} known[] = {{"Content-Length", &fields->length}, {"Content-Type", &fields->type},
		{"Expect", &fields->expect}, {"Host", &fields->host}, {"Origin", &fields->origin},
		{"Sec-Fetch-Site", &fields->fetch_site}};

	fields->chunked |= strcasecmp(name, "Transfer-Encoding") == 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcasecmp(name, known[i].name) == 0) {
			fields->twice |= known[i].place == &fields->length && fields->length;
			*known[i].place = value;
		}
}

static int read_field(struct fields *fields, char *line)
{
	char *value = strchr(line, ':'), *end;

	if (!value)
		return 400;
	*value++ = '\0';
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (!is_token(line) || !str_is_printable(value, strlen(value), false))
		return 400;
	take_field(fields, line, value);
	return 0;
}

/* Digits only: strtol's signs and spaces are how requests get smuggled. */
static int read_length(const struct fields *fields, size_t *ret)
{
	int64_t length = 0;

	if (fields->chunked)
		return 411;
	if (!fields->length)
		return 0;
	if (fields->twice || !*fields->length ||
		fields->length[strspn(fields->length, "0123456789")])
		return 400;
	if (str_to_int64(fields->length, &length) < 0 || length > HTTP_BODY_MAX)
		return 413;
	*ret = (size_t)length;
	return 0;
}

/* 0, or the status of the refusal. */
static int read_header(struct http_visit *visit)
{
	struct fields fields = {.type = ""};
	char *line = visit->header, *next;
	int status = 0;

	for (bool first = true; line && *line && !status; line = next, first = false) {
		next = strstr(line, "\r\n");
		if (next) {
			*next = '\0';
			next += 2;
		}
		status = first ? read_request_line(visit, line) : read_field(&fields, line);
	}
	if (!visit->request.path && !status)
		status = 400;
	if (!status)
		status = read_length(&fields, &visit->body_len);
	if (!status && visit->request.method == HTTP_POST && !fields.length)
		status = 411;
	visit->request.content_type = fields.type;
	visit->request.host = fields.host;
	visit->request.origin = fields.origin;
	visit->request.fetch_site = fields.fetch_site;
	if (!status && fields.expect && visit->body_len)
		bufferevent_write(visit->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	return status;
}

static void set_deadline(struct http_visit *visit, int seconds)
{
	const struct timeval limit = {seconds, 0};

	event_add(visit->deadline, &limit);
}

static void take_body(struct http_visit *visit)
{
	struct evbuffer *input = bufferevent_get_input(visit->bev);

	if (evbuffer_get_length(input) < visit->body_len)
		return;
	visit->body = mem_new(visit->body_len + 1);
	evbuffer_remove(input, visit->body, visit->body_len);
	visit->request.body = visit->body;
	visit->request.body_len = visit->body_len;
	visit->close_whole = true;
	visit->stage = AT_WORK;
	visit->server->settings.on_request(visit->server->settings.owner, visit, &visit->request);
}

static void take_header(struct http_visit *visit)
{
	struct evbuffer *input = bufferevent_get_input(visit->bev);
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	int status;

	if (end.pos > HTTP_HEADER_MAX ||
		(end.pos < 0 && evbuffer_get_length(input) > HTTP_HEADER_MAX)) {
		refuse(visit, 431);
		return;
	}
	if (end.pos < 0)
		return;
	visit->header = mem_new((size_t)end.pos + 1);
	evbuffer_remove(input, visit->header, (size_t)end.pos);
	evbuffer_drain(input, 4);
	status = strlen(visit->header) == (size_t)end.pos ? read_header(visit) : 400;
	if (status) {
		refuse(visit, status);
		return;
	}
	visit->stage = IN_BODY;
	set_deadline(visit, HTTP_WHOLE_S - HTTP_HEADER_S);
	take_body(visit);
}

static void on_input(struct bufferevent *bev, void *owner)
{
	struct http_visit *visit = owner;

	if (visit->stage == IN_HEADER)
		take_header(visit);
	else if (visit->stage == IN_BODY)
		take_body(visit);
	else if (visit->stage != AT_WORK)
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
}

static void on_written(struct bufferevent *bev, void *owner)
{
	struct http_visit *visit = owner;

	if (visit->stage != ANSWERED)
		return;
	if (visit->close_whole) {
		visit_close(visit);
		return;
	}
	visit->stage = LINGERS;
	shutdown(bufferevent_getfd(bev), SHUT_WR);
	evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
	set_deadline(visit, 1);
}

static void on_event(struct bufferevent *bev, short events, void *owner)
{
	struct http_visit *visit = owner;
	bool asked = visit->stage == AT_WORK || visit->stage == ANSWERED;

	/* Who closed its half after asking still reads. */
	if (!(events & BEV_EVENT_EOF && asked))
		visit_close(visit);
}

static void on_deadline(evutil_socket_t fd, short events, void *owner)
{
	struct http_visit *visit = owner;

	if (visit->stage == IN_HEADER || visit->stage == IN_BODY) {
		set_deadline(visit, 1);
		refuse(visit, 408);
	} else if (visit->stage == AT_WORK && !visit->owed) {
		/* A disk that hangs: who waits hears so. The answer still comes, to nobody. */
		set_deadline(visit, 1);
		refuse(visit, 503);
		visit->owed = true;
	} else {
		visit_close(visit);
	}
}

/* ---- listening ---- */

static void on_connect(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *address, int len, void *owner)
{
	struct http_server *server = owner;
	struct http_visit *visit = mem_new(sizeof(*visit));

	if (server->n_visits == HTTP_CONNECTIONS)
		visit_close(TAILQ_FIRST(&server->visits));
	visit->server = server;
	visit->bev = bufferevent_socket_new(server->settings.loop, fd, BEV_OPT_CLOSE_ON_FREE);
	visit->deadline = evtimer_new(server->settings.loop, on_deadline, visit);
	if (!visit->bev || !visit->deadline)
		mem_gone();
	TAILQ_INSERT_TAIL(&server->visits, visit, of_server);
	server->n_visits++;
	bufferevent_setcb(visit->bev, on_input, on_written, on_event, visit);
	bufferevent_setwatermark(visit->bev, EV_READ, 0, HTTP_HEADER_MAX + HTTP_BODY_MAX);
	set_deadline(visit, HTTP_HEADER_S);
	bufferevent_enable(visit->bev, EV_READ | EV_WRITE);
}

static void on_accept_error(struct evconnlistener *listener, void *owner)
{
	static const struct timeval rest = {1, 0};
	struct http_server *server = owner;

	log_warning("listener: cannot accept a connection: %s", strerror(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	event_add(server->rest, &rest);
}

static void on_rested(evutil_socket_t fd, short events, void *owner)
{
	struct http_server *server = owner;

	evconnlistener_enable(server->listener);
}

int http_open(const struct http_settings *settings, struct http_server **ret)
{
	struct http_server *server = mem_new(sizeof(*server));
	int r;

	server->settings = *settings;
	TAILQ_INIT(&server->visits);
	server->listener = evconnlistener_new(settings->loop, on_connect, server,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, SOMAXCONN, settings->fd);
	if (!server->listener) {
		r = -errno;
		close(settings->fd);
		free(server);
		return r;
	}
	server->rest = evtimer_new(settings->loop, on_rested, server);
	if (!server->rest)
		mem_gone();
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	*ret = server;
	return 0;
}

void http_close(struct http_server *server)
{
	struct http_visit *visit;

	evconnlistener_free(server->listener);
	event_free(server->rest);
	while ((visit = TAILQ_FIRST(&server->visits)))
		visit_close(visit);
	free(server);
}
