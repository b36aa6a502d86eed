/* The courier: carries requests over libcurl's multi handle on the loop. It queues nothing: at most
 * `concurrency` transfers an account are in its hands, and the caller keeps the rest. Never retries,
 * never judges, never logs a URL.
 *
 * Refuses by itself: redirects, netrc, cookies, proxies of the environment, private addresses unless
 * the account allows them, answers over 64 KiB (cut). Every transfer has a deadline. */
#pragma once

#include "model/message.h"

struct courier;
struct account;  /* one channel's way out: its connections, TLS and limits */
struct transfer; /* one request under way */
struct event_base;

struct account_settings {
	const char *id;     /* the channel's, for debug lines */
	int concurrency;    /* 1..1000: connections and transfers at once */
	int64_t timeout_ms; /* whole transfer; mail: each reply, with 10 min after the final dot */
	bool allow_private;
	const char *ca_file;     /* NULL: the system's */
	const char *client_cert; /* NULL or a PEM file with certificate and key */
	const char *proxy;       /* NULL: none at all */
};

int courier_new(struct event_base *loop, struct courier **ret) must_check;
void courier_free(struct courier *courier); /* cancels what is left; accounts are closed before */

struct account *account_open(struct courier *courier, const struct account_settings *settings);
/* Transfers under way finish on it; it goes when the last one has. */
void account_close(struct account *account);
/* Whether one more transfer may start now: below its concurrency, and not while the first transfer
 * to a host that was not reached yet is alone under way. */
bool account_has_room(const struct account *account);

typedef void (*courier_on_done)(void *owner, const struct nudged_response *response);

/* Takes the request. on_done is called once, on the loop, never from inside this call, unless the
 * transfer is cancelled. May only be called when account_has_room(). */
struct transfer *courier_send(struct account *account, struct nudged_request *request,
	courier_on_done on_done, void *owner);
void transfer_cancel(struct transfer *transfer);
size_t courier_in_flight(const struct courier *courier);
/* Called when an account that had no room has some again. */
void account_on_room(struct account *account, void (*on_room)(void *owner), void *owner);
