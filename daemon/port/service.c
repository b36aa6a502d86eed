/* What we tell systemd and what it handed us, over libsystemd. Owns the passed sockets until they
 * are taken. Never decides when to speak: the loop and the reload do. $NOTIFY_SOCKET stays in the
 * environment (we start no programs); $LISTEN_FDS leaves it with the first look. */
#include "port/service.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_MAX = 512, CREDENTIAL_NAME_MAX = 255 };

static void tell(const char *state)
{
	int r = sd_notify(false, state);

	if (r < 0)
		log_debug("the service manager did not take \"%s\": %s", state, strerror(-r));
}

void service_ready(void)
{
	tell("READY=1");
}

void service_stopping(void)
{
	tell("STOPPING=1");
}

/* A manager with Type=notify-reload (253 and later) needs the instant to tell this reload from an
 * older one; 252 ignores the field. */
void service_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(state);
}

/* A line feed would begin a variable of its own: READY=1 by the name of a channel, say. */
void service_status(const char *format, ...)
{
	char text[STATUS_MAX + 2]; /* one byte more than we keep: shows where the cut falls */
	char state[sizeof(text) + sizeof("STATUS=")];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[str_utf8_cut(text, strlen(text), STATUS_MAX)] = '\0';
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	}
	snprintf(state, sizeof(state), "STATUS=%s", text);
	tell(state);
}

int64_t service_watchdog_ms(void)
{
	uint64_t period_us;

	if (sd_watchdog_enabled(false, &period_us) <= 0)
		return 0;
	return MAX_OF((int64_t)(period_us / 1000), 1);
}

void service_watchdog_ping(void)
{
	tell("WATCHDOG=1");
}

/* ---- sockets ---- */

static struct {
	bool looked;
	int count;    /* descriptors passed, from SD_LISTEN_FDS_START on */
	char **names; /* count of them; NULL: taken */
} passed;

static void look_for_sockets(void)
{
	int r;

	if (passed.looked)
		return;
	passed.looked = true;
	r = sd_listen_fds_with_names(true, &passed.names);
	if (r < 0)
		log_debug("the passed sockets cannot be read: %s", strerror(-r));
	passed.count = MAX_OF(r, 0);
}

static int prepare_socket(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, true) <= 0)
		return -EINVAL;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int service_take_socket(const char *name)
{
	look_for_sockets();
	for (int i = 0; i < passed.count; i++) {
		int fd = SD_LISTEN_FDS_START + i, r;

		if (!str_eq(passed.names[i], name))
			continue;
		free(passed.names[i]);
		passed.names[i] = NULL;
		r = prepare_socket(fd);
		if (r < 0) {
			close(fd);
			return r;
		}
		return fd;
	}
	return -ENOENT;
}

int service_close_sockets(void)
{
	int closed = 0;

	look_for_sockets();
	for (int i = 0; i < passed.count; i++) {
		if (!passed.names[i])
			continue;
		log_debug("nobody wants the passed socket \"%s\"", passed.names[i]);
		free(passed.names[i]);
		passed.names[i] = NULL;
		close(SD_LISTEN_FDS_START + i);
		closed++;
	}
	free(passed.names);
	passed.names = NULL;
	passed.count = 0;
	return closed;
}

/* ---- credentials ---- */

static bool is_credential_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > CREDENTIAL_NAME_MAX || str_eq(name, ".") || str_eq(name, ".."))
		return false;
	return !strchr(name, '/') && str_is_printable(name, len, false);
}

int service_find_credential(const char *name, char **ret_path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	auto_free char *path = NULL;

	if (!is_credential_name(name))
		return -EINVAL;
	if (str_empty(folder) || folder[0] != '/')
		return -ENXIO;
	path = str_printf("%s/%s", folder, name);
	if (access(path, F_OK) < 0)
		return -errno;
	*ret_path = path;
	path = NULL;
	return 0;
}
