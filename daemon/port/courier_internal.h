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

/* A socket of curl's, found by its descriptor. */
struct watch {
	struct event event;
	short what;          /* EV_READ, EV_WRITE; 0: not added */
	bool open;           /* by our own hand */
	bool rests;          /* added, and no transfer asks for it */
	uint64_t opened_for; /* the turn of the transfer that opened it */
};

/* Each account has a multi handle of its own: connections, TLS sessions and the decision about
 * private addresses are never shared with another channel. */
struct account {
	LIST_ENTRY(account) link; /* in courier->accounts */
	struct courier *courier;
	struct account_settings settings; /* texts are owned */
	CURLM *multi;
	struct event timer;
	struct event later;     /* results and room that must not be told inside a call */
	struct watch **watches; /* by descriptor */
	size_t watch_count;
	struct transfer_list under_way, idle;
	struct transfer_queue refused; /* never handed to curl; told by `later` */
	size_t in_flight;
	uint64_t turns; /* transfers begun */
	bool reached;   /* the host's name was resolved and a connection made */
	bool had_room;
	bool closing;
	int busy;          /* depth of our own calls that still use the account */
	int mail_security; /* enum mail_security: fixed by the first mail */
	void (*on_room)(void *owner);
	void *on_room_owner;
};

enum mail_security { MAIL_SECURITY_OPEN, MAIL_SECURITY_TLS, MAIL_SECURITY_PLAIN };

enum { HEADER_NODES_MAX = MESSAGE_HEADERS_MAX + 4, REPLY_MAX = 512 };

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
	struct curl_slist recipient;
	char *url; /* what easy has now */
	struct buf body;
	bool in_multi;
	uint64_t turn;       /* which of the account's transfers this is */
	bool started;        /* connected: the request was about to be sent */
	bool opened, barred; /* a socket was allowed; one was not */
	bool too_large;
	bool resent;                 /* on a fresh connection, because a kept one was dead */
	long sent_before;            /* curl's count of request bytes when the connection stood */
	bool stalled;                /* mail: no reply in time */
	char self[INET6_ADDRSTRLEN]; /* our end of the connection, when `started` */
	int self_port;
	/* mail */
	curl_mime *mime;
	struct event stall;
	int status;  /* of the last reply */
	int replies; /* complete ones since `started` */
	char reply[REPLY_MAX];
	char enhanced[16];
	char why[CURL_ERROR_SIZE];
};

/* Sets up a fresh easy handle for the protocol, then one request on it. False: cannot be sent. */
void http_prepare(struct transfer *transfer);
bool http_load(struct transfer *transfer);
/* A kept connection turned out to be dead: nothing came back, and a fresh one must be tried. */
bool http_must_resend(struct transfer *transfer, CURLcode code);
void http_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response);
void mail_prepare(struct transfer *transfer);
bool mail_load(struct transfer *transfer);
void mail_unload(struct transfer *transfer);
void mail_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response);

/* The transport of a transfer that ended with `code` before anything of the request was sent. */
enum nudged_transport transport_before_sending(const struct transfer *transfer, CURLcode code);
/* Links the request's headers, in order, as curl's list; then one more at place n. Both give the next
 * free place. */
size_t transfer_link_headers(struct transfer *transfer, size_t count, const char *const *headers);
size_t transfer_link_header(struct transfer *transfer, size_t n, const char *header);
void transfer_set_url(struct transfer *transfer, const char *url);
/* Ends a transfer that took too long, from outside curl's callbacks; account and transfer may be
 * gone afterwards. */
void transfer_give_up(struct transfer *transfer);
/* Shuts its connection, so that curl can neither write there nor wait on it. */
void transfer_hang_up(struct transfer *transfer);

#define EASY_SET(easy, option, value)                                                              \
	do {                                                                                       \
		CURLcode set_result_ = curl_easy_setopt((easy), (option), (value));                \
		assert(set_result_ == CURLE_OK);                                                   \
		(void)set_result_;                                                                 \
	} while (0)
