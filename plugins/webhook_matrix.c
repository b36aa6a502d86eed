/* Matrix: a bot that writes notices into rooms, for a person the room that they share. The transaction id
 * is the delivery's, so that the home server drops what is sent twice. No mention rings: m.mentions is
 * empty. */
#include "webhook.h"

#include <string.h>

/* An event may have 65,536 bytes; quotes and backslashes count twice in JSON. */
enum { PLAIN_BYTES = 10000, HTML_BYTES = 20000, ID_MAX = 255 };

static const struct escape html = {.entities = "&<>\"", .backslashed = "", .broken = ""};

static const struct style plain_style = {
	.escape = &escape_nothing,
	.unit = UNIT_BYTES,
	.max = PLAIN_BYTES,
	.strong = "",
	.strong_end = "",
	.link = "Answer: ",
	.link_end = "",
};
static const struct style html_style = {
	.escape = &html,
	.unit = UNIT_BYTES,
	.max = HTML_BYTES,
	.strong = "<strong>",
	.strong_end = "</strong>",
	.newline = "<br>",
	.link = "<a href=\"",
	.link_end = "\">Answer</a>",
};

static char *encode(const struct letter *letter)
{
	return body_of_json(json_pack("{s:s, s:o, s:s, s:o, s:{}}", "msgtype", "m.notice", "body",
		json_take(letter_write(letter, &plain_style)), "format", "org.matrix.custom.html",
		"formatted_body", json_take(letter_write(letter, &html_style)), "m.mentions"));
}

static const char *check_target(const char *target, bool room)
{
	if (*target == '!' && target[1] && strlen(target) <= ID_MAX && !strpbrk(target, " \t/?#"))
		return NULL;
	return "a Matrix room is named by its id, such as !abc123:example.org (Settings, Advanced)";
}

static const struct meaning words[] = {
	{"M_FORBIDDEN", NUDGED_REFUSED_DESTINATION},
	{"M_NOT_FOUND", NUDGED_REFUSED_DESTINATION},
	{"M_UNKNOWN_TOKEN", NUDGED_MISCONFIGURED, true},
	{"M_MISSING_TOKEN", NUDGED_MISCONFIGURED, true},
	{"M_USER_DEACTIVATED", NUDGED_MISCONFIGURED, true},
	{"M_USER_SUSPENDED", NUDGED_MISCONFIGURED, true},
	{"M_USER_LOCKED", NUDGED_MISCONFIGURED, true},
	{"M_CONSENT_NOT_GIVEN", NUDGED_MISCONFIGURED, true},
	{"M_UNRECOGNIZED", NUDGED_MISCONFIGURED, true},
	{"M_TOO_LARGE", NUDGED_REFUSED_PAYLOAD},
	{"M_BAD_JSON", NUDGED_REFUSED_PAYLOAD},
	{"M_NOT_JSON", NUDGED_REFUSED_PAYLOAD},
	{"M_INVALID_PARAM", NUDGED_REFUSED_PAYLOAD},
	{"M_LIMIT_EXCEEDED", NUDGED_RETRY, true},
	{NULL},
};

const struct dialect dialect_matrix = {
	.name = "matrix",
	.reach = REACH_ADDRESS,
	.login = LOGIN_TOKEN,
	.needs_secret = true,
	.secret_help = "the access token of the account that writes",
	.drops_duplicates = true,
	.path = "/_matrix/client/v3/rooms/{to}/send/m.room.message/{id}",
	.method = "PUT",
	.encode = encode,
	.check_target = check_target,
	.proof = "event_id",
	.codes = {"errcode"},
	.meanings = words,
};
