/* Mattermost's incoming webhooks: one room, Markdown. A mention is text after @, so each @ is followed by
 * a character without width; < and > are entities, since Slack's <!channel> is understood, too. */
#include "webhook.h"

static const struct escape markdown = {
	.entities = "&<>", .backslashed = "\\`*_[]~|#", .broken = "@", .lines = true};

static const struct style style = {
	.escape = &markdown,
	.unit = UNIT_CHARACTERS,
	.max = 16383, /* more becomes several posts */
	.strong = "**",
	.strong_end = "**",
};

static char *encode(const struct letter *letter)
{
	return body_of_json(json_pack("{s:o}", "text", json_take(letter_write(letter, &style))));
}

const struct dialect dialect_mattermost = {
	.name = "mattermost",
	.reach = REACH_ROOM,
	.rate = 10,
	.encode = encode,
	.ok = "ok",
};
