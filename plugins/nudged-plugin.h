/* nudged-plugin.h: the contract between nudged and a channel plugin. See nudged-plugin(7).
 *
 * A plugin turns a delivery into a request and a response into a verdict. Both are pure: a plugin
 * never opens a socket, a file or a thread, never waits, and never sees libcurl or the event loop.
 * It exports one symbol, `nudged_plugin`.
 *
 * Ownership: everything given to a plugin is lent for the length of the call. Everything a plugin
 * gives back goes through the sink, which copies at once. No memory crosses in either direction;
 * only the context of open() belongs to the plugin until close().
 *
 * Every struct that crosses begins with its size in bytes, so that either side may be newer: read no
 * member beyond the size the other side gave. Text is UTF-8, NUL-terminated, never NULL where a
 * member does not say "or NULL". Times are seconds since the Unix epoch, UTC. */
#ifndef NUDGED_PLUGIN_H
#define NUDGED_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NUDGED_PLUGIN_ABI 1u

/* ---- options: what the channel's configuration may say beside the keys every channel has ---- */

enum nudged_option_type {
	NUDGED_OPTION_STRING, /* a line of text */
	NUDGED_OPTION_SECRET, /* shown as *** everywhere; credential: and file: are read by nudged */
	NUDGED_OPTION_URL,    /* a secret too: webhook URLs carry tokens */
	NUDGED_OPTION_CHOICE,  /* one of `choices`, separated by spaces */
	NUDGED_OPTION_HEADERS, /* a list of "Name: value" lines */
	NUDGED_OPTION_BOOL,    /* "true" or "false" */
};

struct nudged_option {
	uint32_t size;
	const char *name;
	enum nudged_option_type type;
	const char *choices;       /* or NULL */
	const char *default_value; /* or NULL: none */
	int required;
	const char *help; /* one line, ends without a full stop */
};

struct nudged_setting {
	uint32_t size;
	const char *name;
	const char *value; /* of HEADERS: lines separated by \n */
};

struct nudged_settings {
	uint32_t size;
	const char *channel; /* the channel's id */
	size_t count;
	const struct nudged_setting *settings; /* only those given or with a default */
	/* What of the common keys a plugin must know. */
	int allow_private; /* plain http:// and mail without TLS are acceptable */
	int check_only;    /* secrets may be absent or stand-ins: check the form of the rest */
};

/* ---- delivery: one message to one person (or room), carrying one or more items ---- */

struct nudged_item {
	uint32_t size;
	const char *occurrence; /* id, or NULL in a test message */
	const char *reminder;   /* id */
	const char *kind;       /* practice, feedback, checkin, celebrate, opportunity, ... */
	int64_t due;            /* the nominal slot */
	const char *about;      /* id of the subject, or NULL */
	const char *about_name; /* or NULL */
	const char *title;      /* one line, may be empty */
	const char *text;       /* plain text, lines separated by \n */
	const char *answer_url; /* or NULL */
};

enum nudged_purpose { NUDGED_REMIND, NUDGED_NUDGE, NUDGED_ESCALATE, NUDGED_TEST };

struct nudged_delivery {
	uint32_t size;
	const char *id; /* the same on every attempt; [a-z0-9], no dot */
	int attempt;    /* 1.. */
	int64_t now;    /* of this attempt */
	int64_t first;  /* when the message was composed: the same on every attempt */
	enum nudged_purpose purpose;
	const char *person;      /* id, or NULL for a room */
	const char *person_name; /* or NULL */
	const char *address;     /* the person's address on this channel, or NULL */
	size_t count;            /* at least 1 */
	const struct nudged_item *const *items;
};

/* ---- request: what encode() asks nudged to carry ---- */

enum nudged_protocol { NUDGED_HTTP, NUDGED_MAIL };

struct nudged_http {
	uint32_t size;
	const char *method; /* POST or PUT */
	const char *url;
	size_t header_count;
	const char *const *headers; /* "Name: value"; no CR, LF or NUL */
	const void *body;
	size_t body_len;
};

struct nudged_part {
	uint32_t size;
	const char *type; /* "text/plain; charset=utf-8" */
	const void *data; /* lines may end in \n: nudged makes them CRLF */
	size_t len;
};

struct nudged_mail {
	uint32_t size;
	const char *url; /* smtp://host:port[/ehlo-name] (STARTTLS required) or smtps://host:port */
	int plain;       /* no TLS at all: only with allow_private and without a password */
	const char *user;      /* or NULL */
	const char *password;  /* or NULL */
	const char *token;     /* XOAUTH2 bearer, or NULL */
	const char *sender;    /* envelope: bare address */
	const char *recipient; /* envelope: one bare address, ASCII like the sender */
	size_t header_count;
	const char *const *headers; /* complete, encoded and folded: "Subject: =?UTF-8?..." */
	size_t part_count;
	const struct nudged_part *const *parts; /* several: multipart/alternative in this order */
};

struct nudged_request {
	uint32_t size;
	enum nudged_protocol protocol;
	union {
		const struct nudged_http *http;
		const struct nudged_mail *mail;
	};
};

/* ---- response and verdict ---- */

enum nudged_transport {
	NUDGED_ARRIVED,    /* the receiver answered: see status */
	NUDGED_NOT_SENT,   /* nothing reached it, or the end of a mail did not: no name, no route */
	NUDGED_NO_ANSWER,  /* bytes were sent, no answer came */
	NUDGED_TLS_FAILED, /* certificate or protocol; or STARTTLS was not offered */
	NUDGED_LOGIN_REFUSED,  /* by the mail server, permanently */
	NUDGED_FORBIDDEN,      /* nudged itself refused: private address, bad request */
	NUDGED_BODY_TOO_LARGE, /* the answer was cut at 64 KiB; status is still true */
};

/* Of mail: which step the status answers. A 5xx after SENDER or LOGIN concerns the account, after
 * RECIPIENT the address, after CONTENT the message. */
enum nudged_stage {
	NUDGED_STAGE_NONE,
	NUDGED_STAGE_CONNECT, /* greeting, EHLO, STARTTLS */
	NUDGED_STAGE_LOGIN,
	NUDGED_STAGE_SENDER,
	NUDGED_STAGE_RECIPIENT,
	NUDGED_STAGE_CONTENT, /* DATA and the final dot */
};

struct nudged_response {
	uint32_t size;
	enum nudged_protocol protocol;
	enum nudged_transport transport;
	int status;           /* HTTP status, or SMTP reply code; 0: none */
	const char *enhanced; /* SMTP enhanced code "5.7.1", or NULL */
	int64_t retry_after;  /* seconds asked for by the Retry-After header, or -1 */
	const void *body;     /* at most 64 KiB; of mail: the last reply line; of NOT_SENT and
				 TLS_FAILED: why, in words */
	size_t body_len;
	enum nudged_stage stage;
};

enum nudged_outcome {
	NUDGED_SENT,
	NUDGED_RETRY,               /* later, with back-off or `delay` */
	NUDGED_MOVED,               /* once more, at once, to `address` */
	NUDGED_REFUSED_PAYLOAD,     /* this message will never be taken */
	NUDGED_REFUSED_DESTINATION, /* this address or channel will take nothing any more */
	NUDGED_MISCONFIGURED,       /* an administrator must act: TLS, login, redirect */
	NUDGED_UNKNOWN,             /* sent, no answer: it may or may not have arrived */
};

struct nudged_verdict {
	uint32_t size;
	enum nudged_outcome outcome;
	double delay;          /* seconds to wait at least; negative: none said */
	int whole_destination; /* the delay or refusal holds for the channel, not just this message */
	int safe_to_repeat;    /* of UNKNOWN: the receiver drops duplicates by id */
	const char *receipt;   /* the receiver's own id, or NULL */
	const char *address;   /* of MOVED */
	const char *reason;    /* short, for people; no secrets; or NULL */
};

/* ---- the sink: how a plugin gives something back; each call copies ---- */

struct nudged_sink {
	uint32_t size;
	void *owner;
	/* Exactly once in encode(). */
	void (*request)(void *owner, const struct nudged_request *request);
	/* Exactly once in judge(). */
	void (*verdict)(void *owner, const struct nudged_verdict *verdict);
	/* Any number of times in open(): a complaint about a setting (name or NULL); makes open fail. */
	void (*complain)(void *owner, const char *setting, const char *message);
};

struct nudged_plugin {
	uint32_t abi;     /* NUDGED_PLUGIN_ABI */
	uint32_t size;    /* sizeof(struct nudged_plugin) */
	const char *name; /* as in `plugin = "NAME"` */
	const char *version;
	const char *summary; /* one line */
	size_t option_count;
	const struct nudged_option *options;
	/* 0, or -1 after complaining. *ret_context may stay NULL. */
	int (*open)(const struct nudged_settings *settings, const struct nudged_sink *sink,
		void **ret_context);
	void (*close)(void *context);
	/* 1: the target is one shared room (takes `room:` only); 0: persons. */
	int (*is_room)(void *context);
	/* 1: a person needs an address on this channel. */
	int (*needs_address)(void *context);
	/* NULL when fine, else why this address can't be used (static text). */
	const char *(*check_address)(void *context, const char *address);
	/* Documented limit of the service in messages a second, 0: none. */
	double (*default_rate)(void *context);
	/* 0, or -1: this delivery cannot be expressed (nothing given to the sink). */
	int (*encode)(void *context, const struct nudged_delivery *delivery,
		const struct nudged_sink *sink);
	int (*judge)(void *context, const struct nudged_response *response,
		const struct nudged_sink *sink);
	/* Reserved for services with buttons; NULL. */
	int (*receive)(void *context, const struct nudged_request *request,
		const struct nudged_sink *sink);
};

#ifdef __cplusplus
}
#endif
#endif
