/* Gotify: an application's token posts to the devices of whoever owns it, so a channel is one person's.
 * Plain text, said to be plain: there is no markup and no button. */
#include "webhook.h"

enum { TEXT_BYTES = 16000, TITLE_BYTES = 250, PRIORITY = 5 /* rings */ };

static const struct style style = {
	.escape = &escape_nothing,
	.unit = UNIT_BYTES,
	.max = TEXT_BYTES,
	.strong = "",
	.strong_end = "",
	.titled = true,
	.link = "Answer: ",
	.link_end = "",
};

static char *encode(const struct letter *letter)
{
	const char *url = letter_link(letter, letter->delivery->items[0]);
	json_t *title, *extras, *body;
	char *text = letter_write_titled(letter, &style, TITLE_BYTES, &title);

	extras = json_pack("{s:{s:s}}", "client::display", "contentType", "text/plain");
	if (url)
		json_object_set_new(extras, "client::notification",
			json_pack("{s:{s:s}}", "click", "url", url));
	body = json_pack("{s:o, s:o*, s:i, s:o}", "message", json_take(text), "title", title,
		"priority", PRIORITY, "extras", extras);
	return body_of_json(body);
}

const struct dialect dialect_gotify = {
	.name = "gotify",
	.reach = REACH_ANYBODY,
	.login = LOGIN_KEY,
	.needs_secret = true,
	.secret_help = "the application's token",
	.path = "/message",
	.encode = encode,
	.proof = "id",
};
