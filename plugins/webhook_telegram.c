/* Telegram: a bot that writes to persons who once wrote to it, or with a fixed target into a group. HTML,
 * since one character less escaped in its Markdown refuses the message. Answers are buttons where
 * Telegram takes their links. A group that became a supergroup has moved. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUTTONS_MAX = 20, LABEL_MAX = 40, DIGITS_MAX = 18 };

static const struct escape html = {.entities = "&<>\"", .backslashed = "", .broken = "@"};

static const struct style plain_style = {
	.escape = &html,
	.unit = UNIT_UTF16,
	.max = 4096,
	.strong = "<b>",
	.strong_end = "</b>",
};

/* Only of a public address: anything else refuses the message. */
static bool takes_buttons(const struct letter *letter)
{
	for (size_t i = 0; i < letter->delivery->count; i++) {
		const char *url = letter_link(letter, letter->delivery->items[i]);

		if (url && strncmp(url, "https://", 8) != 0)
			return false;
	}
	return letter->delivery->count <= BUTTONS_MAX;
}

static json_t *make_buttons(const struct letter *letter)
{
	bool alone = letter->delivery->count == 1;
	json_t *rows = json_array();

	for (size_t i = 0; i < letter->delivery->count; i++) {
		const struct nudged_item *item = letter->delivery->items[i];
		const char *url = letter_link(letter, item);
		const char *title = alone || text_is_blank(item->title) ? "Answer" : item->title;

		if (url)
			json_array_append_new(rows, json_pack("[{s:o, s:s}]", "text",
							    json_take(text_fit(title, LABEL_MAX,
								    UNIT_UTF16, &escape_nothing)),
							    "url", url));
	}
	if (json_array_size(rows))
		return json_pack("{s:o}", "inline_keyboard", rows);
	json_decref(rows);
	return NULL;
}

static json_t *make_chat(const char *target)
{
	char *end;
	long long number = strtoll(target, &end, 10);

	return *end ? json_string(target) : json_integer(number);
}

static char *encode(const struct letter *letter)
{
	struct style style = plain_style;
	bool buttons = takes_buttons(letter);

	if (!buttons) {
		style.link = "<a href=\"";
		style.link_end = "\">Answer</a>";
	}
	return body_of_json(json_pack("{s:o, s:o, s:s, s:{s:b}, s:o*}", "chat_id",
		make_chat(letter->target), "text", json_take(letter_write(letter, &style)),
		"parse_mode", "HTML", "link_preview_options", "is_disabled", 1, "reply_markup",
		buttons ? make_buttons(letter) : NULL));
}

static const char *check_target(const char *target, bool room)
{
	const char *number = target + (room && *target == '-');
	size_t digits = strspn(number, "0123456789");

	if (digits && digits <= DIGITS_MAX && !number[digits])
		return NULL;
	if (room && *target == '@' && target[1])
		return NULL;
	return room ? "a chat at Telegram is a number, such as -1001234567890, or @channel"
		    : "a person at Telegram is a number, the id of the chat with the bot";
}

static char *find_new_address(const json_t *answer)
{
	const json_t *id =
		json_object_get(json_object_get(answer, "parameters"), "migrate_to_chat_id");
	char *text = NULL;

	if (!json_is_integer(id) ||
		asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(id)) < 0)
		return NULL;
	return text;
}

static const struct meaning words[] = {
	{"bot was blocked by the user", NUDGED_REFUSED_DESTINATION},
	{"user is deactivated", NUDGED_REFUSED_DESTINATION},
	{"chat not found", NUDGED_REFUSED_DESTINATION},
	{"group chat was deleted", NUDGED_REFUSED_DESTINATION},
	{"bot was kicked", NUDGED_REFUSED_DESTINATION},
	{"bot is not a member", NUDGED_REFUSED_DESTINATION},
	{"bot can't", NUDGED_REFUSED_DESTINATION},
	{"not enough rights", NUDGED_REFUSED_DESTINATION},
	{"Unauthorized", NUDGED_MISCONFIGURED, true},
	{"Not Found", NUDGED_MISCONFIGURED, true}, /* the token in the path */
	{NULL},
};

const struct dialect dialect_telegram = {
	.name = "telegram",
	.reach = REACH_ADDRESS,
	.login = LOGIN_PATH,
	.needs_secret = true,
	.secret_has = ":",
	.secret_help = "the bot's token, such as 123456:ABC-DEF",
	.rate = 30,
	.room_rate = 20.0 / 60,
	.path = "/bot{secret}/sendMessage",
	.encode = encode,
	.check_target = check_target,
	.proof = "ok",
	.codes = {"description"},
	.meanings = words,
	.words_within = true,
	.find_new_address = find_new_address,
};
