/* Binds the sockets that the faces listen on. Owns none of them. */
#include "face/listen.h"

#include "base/str.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What would be right, behind the error's own words. */
static const char *advice(int error)
{
	switch (error) {
	case -ENOENT:
		return ": its folder must exist";
	case -EADDRINUSE:
		return ": another program listens there; stop it, or name another port";
	case -EADDRNOTAVAIL:
		return ": no network card of this machine has that address";
	case -EACCES:
		return ": nudged's user may not; ports below 1024 are for root";
	}
	return "";
}

static int set_error(char **ret_error, int error, const char *format, ...) printf_like(3, 4);
static int set_error(char **ret_error, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_error, format, args) < 0)
		mem_gone();
	va_end(args);
	return error;
}

/* A socket file is in the way: is somebody behind it? 0 when it is gone now. */
static int clear_stale(const struct sockaddr_un *address, char **ret_error)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, error;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : set_error(ret_error, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return set_error(ret_error, -EEXIST,
			"%s exists and is no socket: name another path, or move it away", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(ret_error, -errno, "cannot make a socket: %s", strerror(errno));
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	if (error != ECONNREFUSED)
		return set_error(ret_error, -EADDRINUSE,
			"%s: another daemon answers there: stop it, or name another path", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return set_error(ret_error, -errno, "cannot remove the old socket %s: %s", path,
			strerror(errno));
	return 0;
}

int listen_unix(const char *path, mode_t mode, int *ret_fd, char **ret_error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t before;
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return set_error(ret_error, -ENAMETOOLONG,
			"%s: a socket's path has at most %zu characters", path,
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	r = clear_stale(&address, ret_error);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return set_error(ret_error, -errno, "cannot make a socket: %s", strerror(errno));
	before = umask(~mode & 0777);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(before);
	if (r < 0) {
		close(fd);
		return set_error(ret_error, r, "cannot listen on %s: %s%s", path, strerror(-r),
			r == -ENOENT ? advice(r) : "");
	}
	*ret_fd = fd;
	return 0;
}

/* Splits at the last colon; the brackets of an IPv6 address go. */
static bool split(const char *address, char **ret_host, char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	int64_t port;

	if (!len || str_to_int64(colon + 1, &port) < 0 || port < 0 || port > 65535)
		return false;
	if (address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	*ret_host = str_new_n(address, len);
	*ret_port = str_new(colon + 1);
	return true;
}

static int bind_one(const struct addrinfo *info)
{
	int on = 1, error;
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int listen_tcp(const char *address, int *ret_fd, char **ret_error)
{
	struct addrinfo wanted = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	auto_free char *host = NULL, *port = NULL;
	struct addrinfo *found;
	int r;

	if (!split(address, &host, &port))
		return set_error(ret_error, -EINVAL,
			"\"%s\" is no address to listen on: write host:port or unix:PATH", address);
	r = getaddrinfo(host, port, &wanted, &found);
	if (r)
		return set_error(ret_error, -EADDRNOTAVAIL, "%s: %s", address, gai_strerror(r));
	r = bind_one(found);
	freeaddrinfo(found);
	if (r < 0)
		return set_error(ret_error, r, "cannot listen on %s: %s%s", address, strerror(-r),
			advice(r));
	*ret_fd = r;
	return 0;
}

int listen_any(const char *address, mode_t mode, int *ret_fd, char **ret_path, char **ret_error)
{
	int r;

	if (!str_starts(address, "unix:"))
		return listen_tcp(address, ret_fd, ret_error);
	r = listen_unix(address + 5, mode, ret_fd, ret_error);
	if (r == 0)
		*ret_path = str_new(address + 5);
	return r;
}
