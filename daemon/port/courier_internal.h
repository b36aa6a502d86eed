/* Between the courier and its two kinds of transfer. Nobody else includes this. */
#pragma once

#include "base/buf.h"
#include "port/courier.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <sys/queue.h>

LIST_HEAD(account_list, account);
LIST_HEAD(transfer_list, transfer);
TAILQ_HEAD(transfer_queue, transfer);

struct courier {
	struct event_base *loop;
	struct account_list accounts;
	size_t in_flight;
};

/* One of curl's multi handles, with its timer on the loop. */
struct hub {
	struct account *account;
	CURLM *multi;
	struct event timer;
	bool sockets_rest; /* between two transfers, their events stay */
};

/* A socket of curl's, found by its descriptor. */
struct watch {
	struct event event;
	short what; /* EV_READ, EV_WRITE; 0: not added */
	bool open;  /* by our own hand */
	bool rests; /* added, and no transfer asks for it */
};

/* Each account has hubs of its own: connections, TLS sessions and the decision about private addresses
 * are never shared with another channel. */
struct account {
	LIST_ENTRY(account) link; /* in courier->accounts */
	struct courier *courier;
	struct account_settings settings; /* texts are owned */
	struct hub hub;                   /* of all its HTTP */
	struct event later;               /* results and room that must not be told inside a call */
	struct watch **watches;           /* by descriptor */
	size_t watch_count;
	struct transfer_list under_way, idle;
	struct transfer_queue refused; /* never handed to curl; told by `later` */
	size_t in_flight;
	bool reached; /* the host's name was resolved and a connection made */
	bool had_room;
	bool closing;
	int busy; /* depth of our own calls that still use the account */
	void (*on_room)(void *owner);
	void *on_room_owner;
};

enum { HEADER_NODES_MAX = MESSAGE_HEADERS_MAX + 4 };

struct transfer {
	LIST_ENTRY(transfer) link;          /* in account->under_way or ->idle */
	TAILQ_ENTRY(transfer) refused_link; /* in account->refused */
	struct account *account;
	CURL *easy;
	int protocol; /* what easy is set up for; -1: nothing */
	struct nudged_request *request;
	courier_on_done on_done;
	void *owner;
	struct curl_slist nodes[HEADER_NODES_MAX]; /* point into the request: nothing is copied */
	char *url;                                 /* what easy has now */
	struct buf body;
	bool refused;        /* in account->refused */
	bool started;        /* connected: the request was about to be sent */
	bool opened, barred; /* a socket was allowed; one was not */
	bool too_large;
	bool resent;             /* on a fresh connection, because a kept one was dead */
	long sent_before;        /* curl's count of request bytes when the connection stood */
	struct session *session; /* of mail: NULL until it carries one */
	char why[CURL_ERROR_SIZE];
};

/* ---- courier_address.c ---- */

bool address_is_barred(const struct curl_sockaddr *address);

/* ---- courier_hub.c ---- */

void hub_open(struct hub *hub, struct account *account, int connections);
void hub_close(struct hub *hub);
/* A socket opened by our own hand; and closed, before its descriptor can become somebody else's. */
void account_open_socket(struct account *account, int fd);
int account_close_socket(struct account *account, int fd);
void account_free_watches(struct account *account);

/* ---- courier.c ---- */

/* Collects what ended. Only while account->busy. */
void hub_drain(struct hub *hub);
/* What may only happen at the end of a turn: news of room, and the end of a closed account. The account
 * may be gone afterwards. */
void account_settle(struct account *account);
/* Tells the owner. Only while account->busy: the owner may close the account. */
void transfer_end(struct transfer *transfer, CURLcode code);
/* The transport of a transfer that ended with `code` before anything of the request was sent. */
enum nudged_transport transport_before_sending(const struct transfer *transfer, CURLcode code);
void transfer_set_url(struct transfer *transfer, const char *url);

/* ---- courier_http.c ---- */

/* Sets up a fresh easy handle, then one request on it. False: cannot be sent. */
void http_prepare(struct transfer *transfer);
bool http_load(struct transfer *transfer);
/* A kept connection turned out to be dead: nothing came back, and a fresh one must be tried. */
bool http_must_resend(struct transfer *transfer, CURLcode code);
void http_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response);

/* ---- courier_mail.c ---- */

void mail_prepare(struct transfer *transfer);
/* Starts it, on the kept connection where there is one. False: cannot be sent. */
bool mail_begin(struct transfer *transfer);
/* curl made the connection, or could not. Only while account->busy. */
void mail_connected(struct transfer *transfer, CURLcode code);
void mail_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response);
/* Its mail is over: the connection stays for the next one when nothing is left unsaid on it. */
void mail_release(struct transfer *transfer);
/* Says good-bye where that takes no time, and frees the session. */
void mail_close(struct transfer *transfer);

#define EASY_SET(easy, option, value)                                                              \
	do {                                                                                       \
		CURLcode set_result_ = curl_easy_setopt((easy), (option), (value));                \
		assert(set_result_ == CURLE_OK);                                                   \
		(void)set_result_;                                                                 \
	} while (0)
