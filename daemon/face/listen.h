/* Listening sockets of the faces: non-blocking, closed on exec, bound but left to the caller to
 * listen on. Errors are sentences, owned by the caller. */
#pragma once

#include "base/mem.h"

#include <sys/stat.h>

/* A unix socket with this mode from its first moment. What a dead daemon left there is replaced; a
 * living one's (-EADDRINUSE) and anything that is no socket (-EEXIST) are refused. */
int listen_unix(const char *path, mode_t mode, int *ret_fd, char **ret_error) must_check;
/* "host:port" or "[v6]:port". */
int listen_tcp(const char *address, int *ret_fd, char **ret_error) must_check;
/* Either of them: "unix:PATH" has its path in *ret_path (owned), to be removed at the end. */
int listen_any(const char *address, mode_t mode, int *ret_fd, char **ret_path,
	char **ret_error) must_check;
