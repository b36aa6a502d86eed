/* The control socket: Varlink calls (JSON objects, each ended by a NUL byte) of nudgectl and of any
 * other Varlink client. See verbs_service.h for what can be asked.
 *
 * Everything is bounded: 64 KiB a request, a fixed number of connections, an idle limit for each,
 * and no reply is made while the one before waits for a slow reader. */
#pragma once

#include "base/mem.h"

struct control;
struct engine;
struct event_base;

enum {
	CONTROL_REQUEST_MAX = 65536, /* bytes, without the NUL */
	CONTROL_CONNECTIONS = 64,
};

/* Listens on the descriptor a service manager passed (taken over, also on failure), or, with fd -1,
 * binds `path` with mode 0660: what a dead daemon left there is replaced, the socket of a living
 * one and anything that is no socket are refused. 0, or -errno with a sentence (owned by the
 * caller): -EADDRINUSE when somebody answers there. */
int control_open(struct event_base *loop, struct engine *engine, const char *path, int fd,
	struct control **ret, char **ret_error) must_check;
/* Closes every connection; removes the socket file if we made it. NULL is fine. */
void control_close(struct control *control);
