/* The asking half of the control socket: finds the socket, sends one call, hands out the replies. What
 * cannot be asked ends in a sentence that says which socket, and what to do. */
#include "face/tool.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/control.h"
#include "face/table.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	REPLY_MAX = 64 << 20, /* bytes; the daemon's replies are far smaller */
	WAIT_S = 30,          /* for the next piece of a reply */
	WAIT_COPY_S = 1800,   /* for a backup, which is as slow as the disk */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* As given, as the given configuration says, or the usual one. Owned; NULL after a complaint. */
static char *find_socket(const struct tool *tool)
{
	struct offline offline = {0};
	const char *file = tool->config;
	char *path;

	if (tool->control)
		return str_new(tool->control);
	if (!file && (access(TOOL_CONTROL, F_OK) == 0 || access(TOOL_CONFIG, R_OK) < 0))
		return str_new(TOOL_CONTROL);
	if (offline_load(tool, file ? file : TOOL_CONFIG, true, &offline) != TOOL_DONE)
		return NULL;
	path = str_new(offline.model->control ? offline.model->control : TOOL_CONTROL);
	offline_clear(&offline);
	return path;
}

static int no_daemon(const struct tool *tool, const char *path, int error)
{
	const char *advice = "is nudged running? Start it, or name its socket with --control PATH";

	if (error == EACCES)
		advice = "only root and members of the socket's group may ask";
	fprintf(stderr, "nudgectl: no daemon answers on %s (%s): %s%s\n", path, strerror(error),
		advice,
		tool->verb->needs == NEEDS_EITHER
			? "; with -c FILE the configuration alone can answer"
			: "");
	return TOOL_NO_DAEMON;
}

static int wait_s(const struct tool *tool)
{
	return str_eq(tool->verb->method, "Backup") ? WAIT_COPY_S : WAIT_S;
}

static int connect_socket(const struct tool *tool, const char *path, int *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {wait_s(tool), 0};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return no_daemon(tool, path, ENAMETOOLONG);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		close_fd(&fd);
		return no_daemon(tool, path, error);
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (!str_eq(tool->verb->method, "Watch"))
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	*ret = fd;
	return TOOL_DONE;
}

static bool send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* The next message, owned; or NULL with -EAGAIN after too long a wait, -ECONNRESET when the
 * connection ended first, -EBADMSG where it is none. */
static json_t *receive(int fd, struct buf *input, int *ret_error)
{
	char piece[16384];
	size_t searched = 0;

	for (;;) {
		const char *end = input->len > searched
					  ? memchr(input->data + searched, 0, input->len - searched)
					  : NULL;
		ssize_t n;

		if (end) {
			size_t len = (size_t)(end - input->data);
			json_t *message =
				json_loadb(input->data, len, JSON_REJECT_DUPLICATES, NULL);

			*ret_error = -EBADMSG;
			buf_consume(input, len + 1);
			return message;
		}
		searched = input->len;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		*ret_error = input->overflow        ? -EBADMSG
			     : n == 0               ? -ECONNRESET
			     : errno == EWOULDBLOCK ? -EAGAIN
						    : -errno;
		if (n <= 0 || input->overflow)
			return NULL;
		buf_add(input, piece, (size_t)n);
	}
}

/* Something answered the connection, but not the question. */
static int report_silence(const struct tool *tool, const char *path, int error)
{
	if (error == -EBADMSG)
		return tool_refuse("%s: what answers there is not nudged", path);
	if (error == -EAGAIN)
		tool_refuse("%s: no answer within %d s; it is not known whether the daemon "
			    "has done it",
			path, wait_s(tool));
	else if (error == -ECONNRESET)
		tool_refuse("%s: the daemon ended the connection without an answer; it is not "
			    "known whether it has done it",
			path);
	else
		tool_refuse("%s: %s", path, strerror(-error));
	return TOOL_NO_DAEMON;
}

static int report_error(const char *error, const json_t *parameters)
{
	const char *reason = json_string_value(json_object_get(parameters, "reason"));
	const char *wrong = json_string_value(json_object_get(parameters, "parameter"));
	const json_t *complaint;
	size_t i;

	json_array_foreach(json_object_get(parameters, "complaints"), i,
		complaint) if (json_is_string(complaint))
		table_print_line(stderr, SHADE_PLAIN, json_string_value(complaint));
	if (reason)
		return tool_refuse("%s", reason);
	return tool_refuse("the daemon answers %s%s%s: is it of another version?", error,
		wrong ? " about " : "", wrong ? wrong : "");
}

int client_ask(const struct tool *tool, const char *method, json_t *parameters, bool more,
	void (*on_reply)(void *owner, json_t *reply), void *owner)
{
	auto_free char *full = str_printf("org.nudged.%s", method);
	json_t *call =
		json_pack("{ss so sb}", "method", full, "parameters", parameters, "more", more);
	auto_free char *text = json_dumps(call, JSON_COMPACT), *path = find_socket(tool);
	cleanup(buf_free) struct buf input = BUF_MAX(REPLY_MAX);
	cleanup(close_fd) int fd = -1;
	int status = path ? connect_socket(tool, path, &fd) : TOOL_REFUSED;
	bool goes_on = status == TOOL_DONE;

	json_decref(call);
	if (goes_on && strlen(text) > CONTROL_REQUEST_MAX)
		return tool_refuse("that is longer than the %d bytes that the daemon takes",
			CONTROL_REQUEST_MAX);
	if (goes_on && !send_all(fd, text, strlen(text) + 1))
		return no_daemon(tool, path, errno);
	while (goes_on) {
		int reason = 0;
		json_t *reply = receive(fd, &input, &reason), *answer;
		const char *error = json_string_value(json_object_get(reply, "error"));

		if (reply && !error && !json_is_object(json_object_get(reply, "parameters"))) {
			json_decref(reply);
			reply = NULL;
			reason = -EBADMSG;
		}
		if (!reply)
			return report_silence(tool, path, reason);
		answer = json_object_get(reply, "parameters");
		if (error)
			status = report_error(error, answer);
		else if (on_reply)
			on_reply(owner, answer);
		goes_on = !error && json_is_true(json_object_get(reply, "continues"));
		json_decref(reply);
	}
	return status;
}
