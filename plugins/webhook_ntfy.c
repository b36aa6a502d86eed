/* ntfy: each person has a topic. Plain text, for which there is no markup; answers are buttons. JSON goes
 * to the root of the server: below a topic it would be the message itself. */
#include "webhook.h"

#include <stdlib.h>
#include <string.h>

/* A message may have 4,096 bytes, a request twice as many; more becomes an attachment. */
enum { TEXT_BYTES = 4000, TEXT_BYTES_LESS = 2500, REQUEST_BYTES = 8000, TITLE_BYTES = 250 };
enum { ACTIONS_MAX = 3, LABEL_MAX = 40, TOPIC_MAX = 64, DAY_RETRY_S = 3600 };

static json_t *make_action(const struct nudged_item *item, const char *url, bool alone)
{
	const char *title = alone || text_is_blank(item->title) ? "Answer" : item->title;

	return json_pack("{s:s, s:o, s:s, s:b}", "action", "view", "label",
		json_take(text_fit(title, LABEL_MAX, UNIT_CHARACTERS, &escape_nothing)), "url", url,
		"clear", 1);
}

static void add_actions(json_t *body, const struct letter *letter)
{
	json_t *actions = json_array();

	for (size_t i = 0; i < letter->delivery->count; i++) {
		const struct nudged_item *item = letter->delivery->items[i];
		const char *url = letter_link(letter, item);

		if (!url || json_array_size(actions) == ACTIONS_MAX)
			continue;
		if (!json_array_size(actions))
			json_object_set_new(body, "click", json_string(url));
		json_array_append_new(
			actions, make_action(item, url, letter->delivery->count == 1));
	}
	if (json_array_size(actions))
		json_object_set(body, "actions", actions);
	json_decref(actions);
}

static char *encode_within(const struct letter *letter, size_t max)
{
	const struct style style = {
		.escape = &escape_nothing,
		.unit = UNIT_BYTES,
		.max = max,
		.strong = "",
		.strong_end = "",
		.titled = true,
		/* Beyond as many as there are buttons. */
		.link = letter->delivery->count > ACTIONS_MAX ? "Answer: " : NULL,
		.link_end = "",
	};
	json_t *title, *body;
	char *text = letter_write_titled(letter, &style, TITLE_BYTES, &title);

	body = json_pack("{s:s, s:o, s:o*}", "topic", letter->target, "message", json_take(text),
		"title", title);
	if (body)
		add_actions(body, letter);
	return body_of_json(body);
}

static char *encode(const struct letter *letter)
{
	char *body = encode_within(letter, TEXT_BYTES);

	if (!body || strlen(body) <= REQUEST_BYTES)
		return body;
	free(body);
	return encode_within(letter, TEXT_BYTES_LESS);
}

static const char *check_target(const char *target, bool room)
{
	size_t len =
		strspn(target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return !target[len] && len >= 1 && len <= TOPIC_MAX
		       ? NULL
		       : "a topic of ntfy has 1 to 64 letters, digits, _ and -";
}

static const struct meaning words[] = {
	{"40009", NUDGED_REFUSED_DESTINATION},      /* no such topic is possible */
	{"40010", NUDGED_REFUSED_DESTINATION},      /* a topic of its own */
	{"40101", NUDGED_MISCONFIGURED, true},      /* who is this */
	{"40301", NUDGED_REFUSED_DESTINATION},      /* not to this topic */
	{"42908", NUDGED_RETRY, true, DAY_RETRY_S}, /* the messages of a day */
	{NULL},
};

const struct dialect dialect_ntfy = {
	.name = "ntfy",
	.reach = REACH_ADDRESS,
	.login = LOGIN_TOKEN,
	.secret_help = "an access token, or a user, a colon and a password",
	.rate = 0.2, /* 60 at once, then one in five seconds */
	.encode = encode,
	.check_target = check_target,
	.proof = "id",
	.codes = {"code"},
	.meanings = words,
};
