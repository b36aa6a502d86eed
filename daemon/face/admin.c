/* The administrator's listener. Owns the counts of the last day by the hour: differences of the
 * engine's own counts, taken when an hour ends and when somebody looks. Changes nothing. */
#include "face/admin.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/http.h"
#include "face/listen.h"
#include "face/metrics.h"
#include "face/organiser.h"
#include "face/page.h"
#include "port/store.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <unistd.h>

enum { HOUR_S = 3600 };

struct admin {
	struct engine *engine;
	struct http_server *server;
	char *headers, *path;
	bool is_tcp;
	struct event *hour_ends;
	int64_t hour; /* under way, of the local clock, since 1970 */
	struct engine_status seen;
	struct organiser_hour hours[ORGANISER_HOURS]; /* by hour modulo their number */
};

/* ---- hours ---- */

static int64_t local_now(const struct admin *admin)
{
	return zone_to_local(engine_model(admin->engine)->zone,
		clock_now(engine_clock(admin->engine)) / 1000, NULL);
}

static struct organiser_hour *hour_at(struct admin *admin, int64_t hour)
{
	return &admin->hours[(size_t)(hour % ORGANISER_HOURS)];
}

static void begin_hour(struct admin *admin, int64_t hour)
{
	*hour_at(admin, hour) = (struct organiser_hour){.known = true};
}

/* What was counted since the last look belongs to the hour that was under way then. The hours between,
 * of a machine that slept or a clock that was set, stay unknown. */
static void look(struct admin *admin)
{
	int64_t hour = local_now(admin) / HOUR_S;
	struct organiser_hour *at = hour_at(admin, admin->hour);
	struct engine_status now;

	engine_status(admin->engine, &now);
	at->recorded += now.recorded - admin->seen.recorded;
	at->delivered += now.delivered - admin->seen.delivered;
	at->answered += now.answered - admin->seen.answered;
	admin->seen = now;
	if (hour < admin->hour || hour >= admin->hour + ORGANISER_HOURS)
		memset(admin->hours, 0, sizeof(admin->hours));
	for (int64_t between = admin->hour + 1;
		between < hour && between < admin->hour + ORGANISER_HOURS; between++)
		*hour_at(admin, between) = (struct organiser_hour){0};
	if (hour != admin->hour)
		begin_hour(admin, hour);
	admin->hour = hour;
}

static void wait_for_hour(struct admin *admin)
{
	const struct timeval left = {HOUR_S - local_now(admin) % HOUR_S, 0};

	evtimer_add(admin->hour_ends, &left);
}

static void on_hour(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	look(data);
	wait_for_hour(data);
}

/* ---- what is asked for ---- */

static void answer_text(struct http_visit *visit, int status, const char *extra, const char *type,
	const struct buf *text)
{
	struct http_reply reply = {.status = text->overflow ? 500 : status,
		.type = type,
		.extra = extra,
		.body = buf_str(text),
		.body_len = text->len};

	http_answer(visit, &reply);
}

static void answer_words(struct http_visit *visit, int status, const char *words)
{
	cleanup(buf_free) struct buf text = BUF_MAX(1024);

	buf_printf(&text, "%s\n", words);
	answer_text(visit, status, status == 405 ? "Allow: GET, HEAD\r\n" : NULL,
		"text/plain; charset=utf-8", &text);
}

static void on_refusal(void *owner unused_arg, struct http_visit *visit, int status)
{
	answer_words(visit, status, status == 503 ? "not just now" : "that is no request of ours");
}

struct asked {
	struct admin *admin;
	struct http_visit *visit;
};

static struct asked *asked_new(struct admin *admin, struct http_visit *visit)
{
	struct asked *asked = mem_new(sizeof(*asked));

	*asked = (struct asked){admin, visit};
	return asked;
}

static void on_counted(void *owner, int error, size_t count)
{
	struct asked *asked = owner;
	cleanup(buf_free) struct buf text = BUF_MAX(METRICS_MAX);

	metrics_write(&text, asked->admin->engine, error ? -1 : (int64_t)count);
	answer_text(asked->visit, 200, NULL, metrics_type, &text);
	free(asked);
}

static void on_dead(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct asked *asked = owner;
	struct admin *admin = asked->admin;
	cleanup(buf_free) struct buf html = BUF_MAX(PAGE_MAX);
	struct organiser organiser = {
		.engine = admin->engine, .dead = list, .n_dead = count, .store_error = error};

	look(admin);
	for (int i = 0; i < ORGANISER_HOURS; i++) {
		organiser.hours[i] = *hour_at(admin, admin->hour + 1 + i);
		organiser.hours[i].hour = (int)((admin->hour + 1 + i) % 24);
	}
	organiser_write(&html, &organiser);
	answer_text(asked->visit, 200, NULL, "text/html; charset=utf-8", &html);
	free(asked);
}

static void serve_page(struct admin *admin, struct http_visit *visit)
{
	const struct store_query query = {
		.dead_only = true, .newest_first = true, .limit = ORGANISER_DEAD};

	engine_find_deliveries(admin->engine, &query, on_dead, asked_new(admin, visit));
}

/* A page of elsewhere whose name was bent to point here sends that name. */
static bool is_bent(const struct admin *admin, const struct http_request *request)
{
	const char *host = request->host;
	auto_free char *name =
		host ? str_new_n(host, strcspn(host, *host == '[' ? "]" : ":")) : NULL;
	struct in_addr v4;

	if (!admin->is_tcp || !host || str_eq(name, "localhost") || str_eq(name, "[::1"))
		return false;
	return inet_pton(AF_INET, name, &v4) != 1 || ntohl(v4.s_addr) >> 24 != IN_LOOPBACKNET;
}

static void on_request(void *owner, struct http_visit *visit, const struct http_request *request)
{
	struct admin *admin = owner;

	if (is_bent(admin, request))
		answer_words(visit, 403, "ask for it by a loopback address or localhost");
	else if (request->method != HTTP_GET && request->method != HTTP_HEAD)
		answer_words(visit, 405, "this only shows");
	else if (str_eq(request->path, "/metrics"))
		engine_count_dead(admin->engine, on_counted, asked_new(admin, visit));
	else if (str_eq(request->path, "/"))
		serve_page(admin, visit);
	else if (str_eq(request->path, "/healthz"))
		answer_words(visit, 200, "ok");
	else
		answer_words(visit, 404, "there are / and /metrics");
}

/* ---- opening ---- */

int admin_open(struct event_base *loop, struct engine *engine, const char *listen, int fd,
	struct admin **ret, char **ret_error)
{
	struct admin *admin = mem_new(sizeof(*admin));
	struct http_settings settings = {
		.loop = loop, .on_request = on_request, .on_refusal = on_refusal, .owner = admin};
	int r = fd < 0 ? listen_any(listen, 0660, &fd, &admin->path, ret_error) : 0;

	if (r < 0) {
		free(admin);
		return r;
	}
	admin->engine = engine;
	admin->headers = page_headers();
	admin->is_tcp = listen && !str_starts(listen, "unix:");
	admin->hour_ends = evtimer_new(loop, on_hour, admin);
	settings.fd = fd;
	settings.headers = admin->headers;
	r = http_open(&settings, &admin->server);
	if (r < 0) {
		*ret_error = str_printf("cannot listen on %s: %s",
			listen ? listen : "the passed socket", strerror(-r));
		admin_close(admin);
		return r;
	}
	engine_status(engine, &admin->seen);
	admin->hour = local_now(admin) / HOUR_S;
	begin_hour(admin, admin->hour);
	wait_for_hour(admin);
	*ret = admin;
	return 0;
}

void admin_close(struct admin *admin)
{
	if (!admin)
		return;
	if (admin->server)
		http_close(admin->server);
	if (admin->hour_ends)
		event_free(admin->hour_ends);
	if (admin->path)
		unlink(admin->path);
	free(admin->path);
	free(admin->headers);
	free(admin);
}
