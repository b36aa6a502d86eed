/* What the parts of the webhook plugin share: what a dialect is, the writers of bodies, and the list
 * of dialects. One more is one file, webhook_NAME.c with its `dialect_NAME`, and one row in DIALECTS. */
#pragma once

#include "nudged-plugin.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define DIALECTS(X)                                                                                \
	X(generic)                                                                                 \
	X(slack)                                                                                   \
	X(teams)                                                                                   \
	X(discord)                                                                                 \
	X(mattermost)                                                                              \
	X(rocketchat)                                                                              \
	X(googlechat)                                                                              \
	X(matrix)                                                                                  \
	X(zulip)                                                                                   \
	X(ntfy)                                                                                    \
	X(gotify)                                                                                  \
	X(telegram)                                                                                \
	X(webex)

/* ---- bodies: bytes that grow ---- */

struct body {
	char *text; /* ends with NUL once something is in it */
	size_t len, room;
	bool failed; /* no memory, or a text that is no UTF-8 */
};

bool body_reserve(struct body *body, size_t len);
void body_add(struct body *body, const char *bytes, size_t len);
void body_put(struct body *body, const char *text);
/* With every byte but letters, digits and -._~ as %XX. */
void body_put_encoded(struct body *body, const char *text);
char *body_take(struct body *body); /* owned; NULL: it failed */
json_t *json_take(char *text);      /* a JSON string of what it frees, or NULL */
char *body_of_json(json_t *json);   /* takes the tree, which may be NULL: then NULL */

/* ---- pages: a text within a service's limit, escaped for it ---- */

/* What a service counts: the bytes, the characters or the UTF-16 units of what it gets, or the
 * characters of what its readers see, with its escapes undone. */
enum unit { UNIT_BYTES, UNIT_CHARACTERS, UNIT_UTF16, UNIT_SHOWN };

/* How a text of somebody's becomes only text there. */
struct escape {
	const char *entities;    /* of & < > ": these as &amp; and so on */
	const char *backslashed; /* these after a backslash */
	const char *
		broken; /* these before a zero-width space: where nothing else keeps @all from ringing */
	bool lines; /* the first character of a line may make a list, a heading or code of it */
};

struct page {
	struct body body;
	enum unit unit;
	size_t used, max; /* in units */
};

/* Markup of our own; false and nothing written: no room for it. */
bool page_put(struct page *page, const char *markup);
/* The text in at most `max` units of what room there is, with `newline` for each line feed. What does not
 * fit is cut between the characters that readers see, before it is escaped, and ends with "…". False: cut. */
bool page_write(struct page *page, const char *text, size_t max, const struct escape *escape,
	const char *newline);
size_t page_left(const struct page *page);

extern const struct escape escape_nothing;
/* A text that fits in `max`, to be freed. */
char *text_fit(const char *text, size_t max, enum unit unit, const struct escape *escape);
size_t text_count(const char *text, enum unit unit);
/* Bytes of the character that readers see as one: with its marks, joiners and variations. */
/* Whether a character belongs to the one before it (webhook_marks.c). */
bool mark_is(uint32_t character);
size_t text_cluster(const char *text);
bool text_is_blank(const char *text);

/* ---- letters: a delivery on its way through one channel ---- */

struct letter {
	const struct nudged_delivery *delivery;
	const char *target; /* of a dialect with addresses; else NULL */
	bool room;          /* others read it too */
};

/* The item's text, or what stands for it where title and text are blank. */
const char *letter_text(const struct nudged_item *item);
/* The link for answers, or NULL: a room has none. */
const char *letter_link(const struct letter *letter, const struct nudged_item *item);
/* When the item was due, where the message is minutes late or early; else -1. */
int64_t letter_due(const struct letter *letter, const struct nudged_item *item);

/* How a service writes a message of several items as one text. */
struct style {
	const struct escape *escape;
	enum unit unit;
	size_t max;
	const char *strong, *strong_end;
	const char *newline;         /* "\n" when NULL */
	bool titled;                 /* a single item's title stands elsewhere */
	const char *link, *link_end; /* around the link of an item; NULL: it has buttons */
};

/* The whole message as one text of at most style->max, to be freed. */
char *letter_write(const struct letter *letter, const struct style *style);
/* The same for a service with a title of its own, which is NULL where there is none. */
char *letter_write_titled(const struct letter *letter, const struct style *style, size_t title_max,
	json_t **ret_title);
/* All titles in one line, to be freed. */
char *letter_title(
	const struct letter *letter, size_t max, enum unit unit, const struct escape *escape);

/* ---- dialects ---- */

enum reach {
	REACH_ANYBODY, /* whoever reads what the URL takes */
	REACH_ROOM,    /* the URL is one shared room */
	REACH_ADDRESS, /* each person by an address; with a fixed `to`, one shared room */
};

enum login {
	LOGIN_NONE,  /* the URL is the secret */
	LOGIN_SIGN,  /* Standard Webhooks */
	LOGIN_TOKEN, /* Authorization: Bearer, or Basic when the secret is NAME:PASSWORD */
	LOGIN_KEY,   /* X-Gotify-Key */
	LOGIN_PATH,  /* a part of the path */
};

/* What a service says in an answer, and what that means. */
struct meaning {
	const char *word;
	enum nudged_outcome outcome;
	bool whole; /* it concerns all of the channel, not this message or address alone */
	int delay;  /* seconds, where the service says none and means more than the usual */
};

struct dialect {
	const char *name;
	enum reach reach;
	enum login login;
	bool needs_secret;
	const char *secret_has;  /* a mark of the right sort of secret, or NULL */
	const char *secret_help; /* what it is: "the bot's token", or NULL */
	bool drops_duplicates; /* by an id of ours: an attempt without an answer may be repeated */
	double rate;           /* messages a second the service documents; 0: none */
	double room_rate;      /* the same for one room, where that is less */
	/* Added to the URL unless it ends so: {to}, {id} and {secret} are filled in. */
	const char *path, *query;
	const char *method, *type; /* POST and application/json when NULL */
	/* The body, to be freed, or NULL when it cannot be expressed. */
	char *(*encode)(const struct letter *letter);
	/* NULL when fine, else why this target is none, as static text. */
	const char *(*check_target)(const char *target, bool room);
	/* An answer of 2xx is a success when its body is `ok`, or JSON with the member `proof`: true, a
	 * text or a number; both NULL: whatever it says. */
	const char *ok, *proof;
	const char *proof_value; /* of a text: this one; any when NULL */
	const char *receipt;     /* the member with its own id; `proof` when NULL */
	/* The members of the JSON that may say what is wrong, by a word of `meanings`; without any, the
	 * whole body is the word. */
	const char *codes[2];
	const struct meaning *meanings; /* ends without a word */
	bool words_within;              /* the words are parts of what the members say */
	/* Where it lives on, or NULL, to be freed. */
	char *(*find_new_address)(const json_t *answer);
	/* The same service with a `secret`, where that is another way in; or NULL. */
	const struct dialect *with_secret;
};

#define DIALECT_DECLARE(NAME) extern const struct dialect dialect_##NAME;
DIALECTS(DIALECT_DECLARE)

/* ---- judging (webhook_judge.c) ---- */

/* Judges what came back. `may_show` says whether a piece of the answer may be shown: it may hold
 * secrets. Fills in `reason` and `receipt`, which the verdict then lends. */
enum { REASON_MAX = 200, RECEIPT_MAX = 255 };
struct judgement {
	struct nudged_verdict verdict;
	char reason[REASON_MAX + 1];
	char receipt[RECEIPT_MAX + 1];
	char *address;
};
void judge_response(const struct dialect *dialect, bool room,
	const struct nudged_response *response, bool may_show, struct judgement *judgement);

/* Seconds that a JSON body asks for, or a negative number: it says nothing. */
double hint_delay(const struct nudged_response *response);
