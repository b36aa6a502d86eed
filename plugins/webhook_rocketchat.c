/* Rocket.Chat's incoming integrations: one room, Markdown of its own, in which only a few characters can
 * be escaped; the others that would make a mention or a link are followed by one without width. */
#include "webhook.h"

static const struct escape markdown = {
	.entities = "", .backslashed = "`*_~#", .broken = "@<]|", .lines = false};

static const struct style style = {
	.escape = &markdown,
	.unit = UNIT_UTF16,
	.max = 5000, /* the default of a server */
	.strong = "*",
	.strong_end = "*",
};

static char *encode(const struct letter *letter)
{
	return body_of_json(json_pack("{s:o}", "text", json_take(letter_write(letter, &style))));
}

/* An integration that was switched off says so in words that sound transient. */
static const struct meaning words[] = {
	{"Service Unavailable", NUDGED_REFUSED_DESTINATION, true},
	{"Invalid integration id or token provided.", NUDGED_REFUSED_DESTINATION, true},
	{"invalid-channel", NUDGED_REFUSED_DESTINATION, true},
	{NULL},
};

const struct dialect dialect_rocketchat = {
	.name = "rocketchat",
	.reach = REACH_ROOM,
	.encode = encode,
	.proof = "success",
	.codes = {"error"},
	.meanings = words,
};
