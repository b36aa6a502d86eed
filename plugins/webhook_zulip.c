/* Zulip: a bot that writes to persons, or with a fixed target under a topic of a channel. A form, not
 * JSON. Its Markdown knows no escapes, so what would mention, link or mark up is followed by a character
 * without width. */
#include "webhook.h"

#include <stdlib.h>
#include <string.h>

enum { TOPIC_MAX = 60, TARGET_MAX = 320 };

static const struct escape markdown = {
	.entities = "", .backslashed = "", .broken = "@*`~#]|$", .lines = false};

static const struct style style = {
	.escape = &markdown,
	.unit = UNIT_CHARACTERS,
	.max = 10000,
	.strong = "**",
	.strong_end = "**",
	.link = "[Answer](",
	.link_end = ")",
};

static void add_field(struct body *body, const char *name, const char *value)
{
	if (body->len)
		body_put(body, "&");
	body_put(body, name);
	body_put(body, "=");
	body_put_encoded(body, value);
}

/* "#CHANNEL>TOPIC", as Zulip itself writes it. */
static void add_channel(struct body *body, const char *target)
{
	const char *topic = strchr(target, '>');
	char *channel = strndup(target + 1, (size_t)(topic - target - 1));

	add_field(body, "type", "stream");
	add_field(body, "to", channel ? channel : "");
	add_field(body, "topic", topic + 1);
	free(channel);
}

static void add_person(struct body *body, const char *target)
{
	bool number = target[strspn(target, "0123456789")] == 0;
	json_t *list = number ? json_pack("[I]", (json_int_t)strtoll(target, NULL, 10))
			      : json_pack("[s]", target);
	char *text = body_of_json(list);

	add_field(body, "type", "direct");
	add_field(body, "to", text ? text : "");
	free(text);
}

static char *encode(const struct letter *letter)
{
	char *content = letter_write(letter, &style);
	struct body body = {0};

	if (!content)
		return NULL;
	if (*letter->target == '#' && strchr(letter->target, '>'))
		add_channel(&body, letter->target);
	else
		add_person(&body, letter->target);
	add_field(&body, "content", content);
	free(content);
	return body_take(&body);
}

static const char *check_target(const char *target, bool room)
{
	const char *topic = strchr(target, '>');

	if (strlen(target) > TARGET_MAX)
		return "is too long";
	if (*target != '#')
		return strchr(target, '@') || target[strspn(target, "0123456789")] == 0
			       ? NULL
			       : "a person at Zulip is an email address or a user id";
	if (!room)
		return "is a channel that others read, too: give it in the channel's \"to\"";
	if (!topic || topic == target + 1 || !topic[1])
		return "a channel at Zulip is written #CHANNEL>TOPIC";
	return text_count(topic + 1, UNIT_CHARACTERS) <= TOPIC_MAX
		       ? NULL
		       : "a topic has at most 60 characters";
}

static const struct meaning words[] = {
	{"RATE_LIMIT_HIT", NUDGED_RETRY, true},
	{"INVALID_API_KEY", NUDGED_MISCONFIGURED, true},
	{"UNAUTHENTICATED", NUDGED_MISCONFIGURED, true},
	{"UNAUTHORIZED", NUDGED_MISCONFIGURED, true},
	{"USER_DEACTIVATED", NUDGED_MISCONFIGURED, true},
	{"REALM_DEACTIVATED", NUDGED_MISCONFIGURED, true},
	{"STREAM_DOES_NOT_EXIST", NUDGED_REFUSED_DESTINATION},
	{"NONEXISTENT_SUBDOMAIN", NUDGED_MISCONFIGURED, true},
	{NULL},
};

const struct dialect dialect_zulip = {
	.name = "zulip",
	.reach = REACH_ADDRESS,
	.login = LOGIN_TOKEN,
	.needs_secret = true,
	.secret_has = ":",
	.secret_help = "the bot's email address, a colon and its API key",
	.rate = 200.0 / 60,
	.path = "/api/v1/messages",
	.type = "application/x-www-form-urlencoded",
	.encode = encode,
	.check_target = check_target,
	.proof = "result",
	.proof_value = "success",
	.receipt = "id",
	.codes = {"code"},
	.meanings = words,
};
