/* The administrator's listener: metrics in the text format of OpenMetrics at /metrics, and the
 * organiser's page at /. Both only show. On a unix socket or a loopback address, never on the public
 * listener, and with the same limits as that (face/http.h). */
#pragma once

#include "base/mem.h"

struct admin;
struct engine;
struct event_base;

/* Listens on the descriptor a service manager passed (taken over, also on failure), or, with fd -1,
 * on `listen`: "127.0.0.1:port", "[::1]:port" or "unix:PATH" (mode 0660). 0, or -errno with a sentence
 * (owned by the caller). */
int admin_open(struct event_base *loop, struct engine *engine, const char *listen, int fd,
	struct admin **ret, char **ret_error) must_check;
void admin_close(struct admin *admin); /* NULL is fine */
