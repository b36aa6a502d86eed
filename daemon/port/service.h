/* The door to the service manager: readiness, status, reload, watchdog, passed sockets,
 * credentials.
 *
 * Every call is harmless where no manager started us (no $NOTIFY_SOCKET, no sockets, no
 * credentials), and none fails the daemon: a manager that does not listen is its own problem. */
#pragma once

#include "base/mem.h"

/* Started, or the reload is over: `systemctl start` and `systemctl reload` return now. */
void service_ready(void);
/* The line that `systemctl status` shows; control characters become spaces. */
void service_status(const char *format, ...) printf_like(1, 2);
/* A reload begins; service_ready() must follow, also when the new configuration is refused. */
void service_reloading(void);
void service_stopping(void);

/* Within how many ms the manager wants to hear service_watchdog_ping(), or 0: it does not watch
 * this process. Ping at half of it, from the loop, so that a stuck loop is seen. */
int64_t service_watchdog_ms(void);
void service_watchdog_ping(void);

/* Takes the next listening stream socket passed under this name (FileDescriptorName= of a socket
 * unit): non-blocking, closed on exec, owned by the caller. -ENOENT: none (left); -EINVAL: what was
 * passed under the name is no listening stream socket (it is closed). */
int service_take_socket(const char *name) must_check;
/* Closes the sockets nobody took; gives how many. Call once, when everybody has taken theirs. */
int service_close_sockets(void);

/* The path of a credential: $CREDENTIALS_DIRECTORY/name. -EINVAL: no possible name of one;
 * -ENXIO: we were given no credentials at all; -ENOENT: not this one. */
int service_find_credential(const char *name, char **ret_path) must_check;
