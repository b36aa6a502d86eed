/* Webex: a bot that writes to persons, or with a fixed target into a room. Markdown, in which < begins a
 * mention, and the same as plain text for whatever shows no Markdown. */
#include "webhook.h"

#include <string.h>

static const struct escape markdown = {
	.entities = "&<>", .backslashed = "\\`*_[]~|#", .broken = "", .lines = true};

/* A message may have 7,439 bytes. */
static const struct style style = {
	.escape = &markdown,
	.unit = UNIT_BYTES,
	.max = 7400,
	.strong = "**",
	.strong_end = "**",
	.newline = "  \n",
	.link = "[Answer](",
	.link_end = ")",
};
static const struct style plain_style = {
	.escape = &escape_nothing,
	.unit = UNIT_BYTES,
	.max = 7400,
	.strong = "",
	.strong_end = "",
	.link = "Answer: ",
	.link_end = "",
};

static char *encode(const struct letter *letter)
{
	const char *kind = strchr(letter->target, '@') ? "toPersonEmail"
			   : letter->room              ? "roomId"
						       : "toPersonId";

	return body_of_json(json_pack("{s:s, s:o, s:o}", kind, letter->target, "markdown",
		json_take(letter_write(letter, &style)), "text",
		json_take(letter_write(letter, &plain_style))));
}

static const char *check_target(const char *target, bool room)
{
	bool email = strchr(target, '@');

	if (strpbrk(target, " \t<>"))
		return "must not hold spaces or brackets";
	if (room)
		return email ? "is one person's: leave \"to\" out" : NULL;
	return email || strlen(target) >= 40
		       ? NULL
		       : "a person at Webex is an email address or a person id";
}

const struct dialect dialect_webex = {
	.name = "webex",
	.reach = REACH_ADDRESS,
	.login = LOGIN_TOKEN,
	.needs_secret = true,
	.secret_help = "the bot's access token",
	.path = "/v1/messages",
	.encode = encode,
	.check_target = check_target,
	.proof = "id",
};
