/* The control socket: accepts, tells peers apart, frames messages, and hands each call to its
 * method. Owns listener, connections and their limits. Decides nothing about what a call means, and
 * never makes more output while a reader is slow. */
#include "face/control.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "face/call.h"
#include "face/conn.h"
#include "face/listen.h"
#include "face/methods.h"
#include "face/shape.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	OUTPUT_ROOM = 256 * 1024, /* waiting for a slow reader; then streams stop */
	IDLE_S = 60,              /* without a request, or without the reader taking anything */
	BACKLOG = 128,
	GROUPS_MAX = 1024,
};

struct conn {
	TAILQ_ENTRY(conn) of_control; /* oldest first */
	struct control *control;
	struct bufferevent *bev;
	struct event *kick;
	struct peer peer;
	struct call *call; /* under way, or NULL */
	bool ended;        /* the peer sends no more */
};

struct control {
	struct event_base *loop;
	struct engine *engine;
	struct evconnlistener *listener;
	struct event *rest; /* until the listener tries again */
	char *path;         /* to be removed at the end; NULL when it was passed to us */
	bool has_group;
	gid_t group; /* whose members may come in, because the socket's mode says so */
	bool everybody;
	TAILQ_HEAD(conns, conn) conns;
	size_t n_conns;
};

static void conn_free(struct conn *conn)
{
	struct control *control = conn->control;

	if (conn->call)
		call_hang_up(conn->call);
	TAILQ_REMOVE(&control->conns, conn, of_control);
	control->n_conns--;
	event_free(conn->kick);
	bufferevent_free(conn->bev);
	free(conn);
}

void conn_write(struct conn *conn, json_t *message)
{
	auto_free char *text = json_dumps(message, JSON_COMPACT);

	assert(text);
	json_decref(message);
	bufferevent_write(conn->bev, text, strlen(text) + 1);
}

bool conn_is_full(const struct conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev)) >= OUTPUT_ROOM;
}

void conn_kick(struct conn *conn)
{
	static const struct timeval now = {0, 0};

	/* A timer, not event_active(): what is activated inside a turn starves the sockets. */
	event_add(conn->kick, &now);
}

void conn_call_ended(struct conn *conn)
{
	conn->call = NULL;
	conn_kick(conn);
}

/* Who changed something is worth an entry; what was asked is not repeated: it may be private. */
static void log_change(const struct conn *conn, const struct method *method)
{
	log_notice("control: uid %u, pid %d asked for %s", (unsigned)conn->peer.uid,
		(int)conn->peer.pid, method->name);
}

static void refuse_call(struct conn *conn, const char *error, const char *name, const char *value)
{
	json_t *parameters = json_object();

	if (name)
		json_object_set_new(parameters, name, shape_text(value));
	conn_write(conn, json_pack("{ss so}", "error", error, "parameters", parameters));
}

/* The envelope: {"method":"I.M","parameters":{},"more":true,"oneway":true}. False: close it. */
static bool take_call(struct conn *conn, json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "method"));
	json_t *parameters = json_object_get(message, "parameters");
	struct call_request request = {
		.more = json_is_true(json_object_get(message, "more")),
		.oneway = json_is_true(json_object_get(message, "oneway")),
		.peer = conn->peer,
	};
	const char *error, *field = NULL;

	if (!name || (parameters && !json_is_object(parameters)))
		return false;
	request.parameters = parameters ? json_incref(parameters) : json_object();
	error = methods_find(name, &request, &request.method, &field);
	if (error) {
		json_decref(request.parameters);
		if (!request.oneway)
			refuse_call(conn, error, methods_error_field(error), field);
		return true;
	}
	if (request.method->changes)
		log_change(conn, request.method);
	conn->call = call_new(conn->control->engine, conn, &request);
	request.method->serve(conn->call);
	return true;
}

/* One message, if there is a whole one: 1 taken, 0 not yet, -1 close the connection. */
static int take_message(struct conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);
	struct evbuffer_ptr end = evbuffer_search(input, "", 1, NULL);
	auto_free char *text = NULL;
	json_error_t error;
	json_t *message;
	bool fine;

	if (end.pos < 0)
		return evbuffer_get_length(input) > CONTROL_REQUEST_MAX ? -1 : 0;
	if (end.pos > CONTROL_REQUEST_MAX)
		return -1;
	text = mem_new((size_t)end.pos + 1);
	evbuffer_remove(input, text, (size_t)end.pos + 1);
	message = json_loadb(text, (size_t)end.pos, JSON_REJECT_DUPLICATES, &error);
	if (!message)
		return -1;
	fine = take_call(conn, message);
	json_decref(message);
	return fine ? 1 : -1;
}

/* Goes on wherever this connection is: a stream's next piece, the next request, or its end. */
static void proceed(struct conn *conn)
{
	if (conn_is_full(conn))
		return;
	if (conn->call && conn->ended && call_is_endless(conn->call)) {
		conn_free(conn);
		return;
	}
	if (conn->call) {
		call_step(conn->call);
		return;
	}
	switch (take_message(conn)) {
	case 1:
		conn_kick(conn);
		return;
	case -1:
		log_debug("control: pid %d sent what is no request", (int)conn->peer.pid);
		conn_free(conn);
		return;
	}
	if (conn->ended && evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0)
		conn_free(conn);
}

static void on_kick(evutil_socket_t fd, short events, void *owner)
{
	proceed(owner);
}

static void on_input(struct bufferevent *bev, void *owner)
{
	struct conn *conn = owner;

	if (!conn->call)
		proceed(conn);
}

static void on_drained(struct bufferevent *bev, void *owner)
{
	proceed(owner);
}

static void on_event(struct bufferevent *bev, short events, void *owner)
{
	struct conn *conn = owner;

	if (events & BEV_EVENT_TIMEOUT && events & BEV_EVENT_READING && conn->call) {
		bufferevent_enable(bev, EV_READ); /* it waits for us, not we for it */
		return;
	}
	/* Who has said everything may still wait for the reply; who watches has left. */
	if (events & BEV_EVENT_EOF && !(conn->call && call_is_endless(conn->call))) {
		conn->ended = true;
		conn_kick(conn);
		return;
	}
	conn_free(conn);
}

/* ---- who may come in ---- */

static bool in_groups(int fd, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool may_enter(const struct control *control, int fd, struct peer *ret)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return false;
	*ret = (struct peer){.uid = who.uid, .pid = who.pid};
	if (who.uid == 0 || who.uid == geteuid() || control->everybody)
		return true;
	return control->has_group && (who.gid == control->group || in_groups(fd, control->group));
}

/* Room for one more: the one that has been idle longest goes. */
static bool make_room(struct control *control)
{
	struct conn *conn;

	if (control->n_conns < CONTROL_CONNECTIONS)
		return true;
	TAILQ_FOREACH(conn, &control->conns, of_control)
		if (!conn->call) {
			conn_free(conn);
			return true;
		}
	return false;
}

static void on_connect(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *address, int len, void *owner)
{
	static const struct timeval idle = {IDLE_S, 0};
	struct control *control = owner;
	struct conn *conn;
	struct peer peer;

	if (!may_enter(control, fd, &peer) || !make_room(control)) {
		close(fd);
		return;
	}
	conn = mem_new(sizeof(*conn));
	conn->control = control;
	conn->peer = peer;
	conn->bev = bufferevent_socket_new(control->loop, fd, BEV_OPT_CLOSE_ON_FREE);
	conn->kick = evtimer_new(control->loop, on_kick, conn);
	if (!conn->bev || !conn->kick)
		mem_gone();
	TAILQ_INSERT_TAIL(&control->conns, conn, of_control);
	control->n_conns++;
	bufferevent_setcb(conn->bev, on_input, on_drained, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, CONTROL_REQUEST_MAX + 1);
	bufferevent_set_timeouts(conn->bev, &idle, &idle);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

/* Out of descriptors, most likely: the listener rests for a second instead of spinning. */
static void on_accept_error(struct evconnlistener *listener, void *owner)
{
	static const struct timeval rest = {1, 0};
	struct control *control = owner;

	log_warning("control: cannot accept a connection: %s", strerror(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	event_add(control->rest, &rest);
}

static void on_rested(evutil_socket_t fd, short events, void *owner)
{
	struct control *control = owner;

	evconnlistener_enable(control->listener);
}

/* ---- opening ---- */

/* Whom the file's mode lets in; the passed socket's file tells too. */
static void read_mode(struct control *control, int fd)
{
	struct sockaddr_un address = {0};
	socklen_t len = sizeof(address) - 1;
	struct stat st;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
		address.sun_family != AF_UNIX || !address.sun_path[0] ||
		stat(address.sun_path, &st) < 0)
		return;
	control->has_group = st.st_mode & S_IWGRP;
	control->group = st.st_gid;
	control->everybody = st.st_mode & S_IWOTH;
}

int control_open(struct event_base *loop, struct engine *engine, const char *path, int fd,
	struct control **ret, char **ret_error)
{
	struct control *control;
	bool ours = fd < 0;
	int r;

	if (ours) {
		r = listen_unix(path, 0660, &fd, ret_error);
		if (r < 0)
			return r;
	}
	control = mem_new(sizeof(*control));
	control->loop = loop;
	control->engine = engine;
	control->path = ours ? str_new(path) : NULL;
	TAILQ_INIT(&control->conns);
	read_mode(control, fd);
	/* A passed socket listens already; a second listen() changes nothing. */
	control->listener = evconnlistener_new(loop, on_connect, control,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!control->listener) {
		r = -errno;
		*ret_error = str_printf("cannot listen on %s: %s", path, strerror(errno));
		close(fd);
		control_close(control);
		return r;
	}
	control->rest = evtimer_new(loop, on_rested, control);
	if (!control->rest)
		mem_gone();
	evconnlistener_set_error_cb(control->listener, on_accept_error);
	*ret = control;
	return 0;
}

void control_close(struct control *control)
{
	struct conn *conn;

	if (!control)
		return;
	while ((conn = TAILQ_FIRST(&control->conns)))
		conn_free(conn);
	if (control->rest)
		event_free(control->rest);
	if (control->listener)
		evconnlistener_free(control->listener);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
}
