/* Slack: incoming webhooks, which are one shared room each, and a bot that writes to persons. Texts are
 * plain_text objects, where no markup is any. Both answer in words, with statuses that vary. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new_nocheck(object, key, value);
}

static int set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, text ? json_string(text) : json_null());
}

/* Documented limits, in characters. */
enum {
	SLACK_FALLBACK_MAX = 4000,
	SLACK_HEADER_MAX = 150,
	SLACK_SECTION_MAX = 3000,
	SLACK_BLOCKS_MAX = 50,
	SLACK_URL_MAX = 3000,
};

/* The three characters that mean something to Slack: no mention, link or channel comes from a text. */
static const struct escape slack_escape = {.entities = "&<>", .backslashed = "", .broken = ""};

/* A text object; characters that are markup elsewhere are only text in "plain_text". */
static json_t *slack_text(const char *type, const char *text, size_t max)
{
	char *escaped = text_fit(text, max, UNIT_SHOWN, &slack_escape);
	json_t *object = json_object();
	int r = 0;

	r |= set_text(object, "type", type);
	r |= set_text(object, "text", escaped);
	if (strcmp(type, "plain_text") == 0)
		r |= set(object, "emoji", json_false());
	free(escaped);
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static int slack_add_block(json_t *blocks, const char *type, json_t *text)
{
	json_t *block = json_object();
	int r = set_text(block, "type", type);

	r |= set(block, "text", text);
	if (r == 0)
		return json_array_append_new(blocks, block);
	json_decref(block);
	return -1;
}

static int slack_add_markup(json_t *blocks, const char *markup)
{
	return slack_add_block(
		blocks, "section", json_pack("{s:s, s:s}", "type", "mrkdwn", "text", markup));
}

static int slack_add_link(json_t *blocks, const char *url)
{
	char link[SLACK_URL_MAX + 32];

	snprintf(link, sizeof(link), "<%s|Answer>", url);
	return slack_add_markup(blocks, link);
}

/* In each reader's own time. */
static int slack_add_due(json_t *blocks, int64_t due)
{
	char text[128], plain[48] = "";
	struct tm tm;

	if (gmtime_r(&(time_t){due}, &tm))
		strftime(plain, sizeof(plain), "%Y-%m-%d %H:%M UTC", &tm);
	snprintf(text, sizeof(text), "<!date^%lld^{date_short_pretty} {time}|%s>", (long long)due,
		plain);
	return slack_add_markup(blocks, text);
}

static int slack_add_item(
	json_t *blocks, const struct letter *letter, const struct nudged_item *item)
{
	const char *url = letter_link(letter, item), *text = letter_text(item);
	int64_t due = letter_due(letter, item);
	int r = 0;

	if (!text_is_blank(item->title))
		r |= slack_add_block(
			blocks, "header", slack_text("plain_text", item->title, SLACK_HEADER_MAX));
	if (!text_is_blank(text))
		r |= slack_add_block(
			blocks, "section", slack_text("plain_text", text, SLACK_SECTION_MAX));
	if (due >= 0)
		r |= slack_add_due(blocks, due);
	if (url)
		r |= slack_add_link(blocks, url);
	return r;
}

static int slack_add_blocks(json_t *body, const struct letter *letter)
{
	const struct nudged_delivery *delivery = letter->delivery;
	json_t *blocks = json_array();
	int r = set(body, "blocks", blocks);
	char more[64];

	for (size_t i = 0; i < delivery->count && r == 0; i++) {
		const struct nudged_item *item = delivery->items[i];
		size_t left = SLACK_BLOCKS_MAX - 1 - json_array_size(blocks);

		if (left < 2u + (letter_due(letter, item) >= 0) + !!letter_link(letter, item)) {
			snprintf(more, sizeof(more), "and %zu more", delivery->count - i);
			return slack_add_block(blocks, "section",
				slack_text("plain_text", more, SLACK_SECTION_MAX));
		}
		r = slack_add_item(blocks, letter, item);
	}
	return r;
}

/* The fallback feeds notifications and screen readers. */
static const struct style slack_fallback = {
	.escape = &slack_escape,
	.unit = UNIT_SHOWN,
	.max = SLACK_FALLBACK_MAX,
	.strong = "",
	.strong_end = "",
};

static char *encode(const struct letter *letter)
{
	json_t *body = json_object();
	char *fallback = letter_write(letter, &slack_fallback);
	int r = set_text(body, "text", fallback);

	free(fallback);
	r |= slack_add_blocks(body, letter);
	r |= set(body, "unfurl_links", json_false());
	r |= set(body, "unfurl_media", json_false());
	if (letter->target)
		r |= set_text(body, "channel", letter->target);
	if (r == 0)
		return body_of_json(body);
	json_decref(body);
	return NULL;
}

/* Slack says in words what it means, with statuses that vary. */
static const struct meaning hook_words[] = {
	{"invalid_payload", NUDGED_REFUSED_PAYLOAD},
	{"invalid_blocks", NUDGED_REFUSED_PAYLOAD},
	{"no_text", NUDGED_REFUSED_PAYLOAD},
	{"too_many_attachments", NUDGED_REFUSED_PAYLOAD},
	{"user_not_found", NUDGED_REFUSED_PAYLOAD},
	{"action_prohibited", NUDGED_REFUSED_DESTINATION, true},
	{"posting_to_general_channel_denied", NUDGED_REFUSED_DESTINATION, true},
	{"team_disabled", NUDGED_REFUSED_DESTINATION, true},
	{"invalid_token", NUDGED_REFUSED_DESTINATION, true},
	{"channel_not_found", NUDGED_REFUSED_DESTINATION, true},
	{"channel_is_archived", NUDGED_REFUSED_DESTINATION, true},
	{"no_service", NUDGED_REFUSED_DESTINATION, true},
	{"no_active_hooks", NUDGED_REFUSED_DESTINATION, true},
	{"no_team", NUDGED_REFUSED_DESTINATION, true},
	{"rollup_error", NUDGED_RETRY},
	{NULL},
};

/* Of chat.postMessage, which answers 200 whatever it means. */
static const struct meaning bot_words[] = {
	{"channel_not_found", NUDGED_REFUSED_DESTINATION},
	{"user_not_found", NUDGED_REFUSED_DESTINATION},
	{"user_disabled", NUDGED_REFUSED_DESTINATION},
	{"not_in_channel", NUDGED_REFUSED_DESTINATION},
	{"is_archived", NUDGED_REFUSED_DESTINATION},
	{"cannot_dm_bot", NUDGED_REFUSED_DESTINATION},
	{"messages_tab_disabled", NUDGED_REFUSED_DESTINATION},
	{"restricted_action", NUDGED_REFUSED_DESTINATION},
	{"invalid_auth", NUDGED_MISCONFIGURED, true},
	{"not_authed", NUDGED_MISCONFIGURED, true},
	{"account_inactive", NUDGED_MISCONFIGURED, true},
	{"token_revoked", NUDGED_MISCONFIGURED, true},
	{"token_expired", NUDGED_MISCONFIGURED, true},
	{"no_permission", NUDGED_MISCONFIGURED, true},
	{"missing_scope", NUDGED_MISCONFIGURED, true},
	{"not_allowed_token_type", NUDGED_MISCONFIGURED, true},
	{"access_denied", NUDGED_MISCONFIGURED, true},
	{"msg_too_long", NUDGED_REFUSED_PAYLOAD},
	{"msg_blocks_too_long", NUDGED_REFUSED_PAYLOAD},
	{"no_text", NUDGED_REFUSED_PAYLOAD},
	{"invalid_blocks", NUDGED_REFUSED_PAYLOAD},
	{"invalid_blocks_format", NUDGED_REFUSED_PAYLOAD},
	{"invalid_arguments", NUDGED_REFUSED_PAYLOAD},
	{"invalid_json", NUDGED_REFUSED_PAYLOAD},
	{"ratelimited", NUDGED_RETRY, true},
	{"rate_limited", NUDGED_RETRY, true},
	{"message_limit_exceeded", NUDGED_RETRY, true},
	{"internal_error", NUDGED_RETRY},
	{"fatal_error", NUDGED_RETRY},
	{"service_unavailable", NUDGED_RETRY},
	{"request_timeout", NUDGED_RETRY},
	{"team_added_to_org", NUDGED_RETRY},
	{NULL},
};

static const char *check_target(const char *target, bool room)
{
	static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (room && *target == '#' && target[1])
		return NULL;
	if (strchr(room ? "CGD" : "UWD", *target) && strlen(target) >= 3 &&
		strspn(target, known) == strlen(target))
		return NULL;
	return room ? "a Slack channel is an id such as C024BE91L, or #name"
		    : "a person at Slack is a member id such as U024BE7LH";
}

static const struct dialect bot = {
	.name = "slack",
	.reach = REACH_ADDRESS,
	.login = LOGIN_TOKEN,
	.needs_secret = true,
	.secret_has = "xox",
	.secret_help =
		"the bot's token, xoxb-..., for https://slack.com/api/chat.postMessage: the URL "
		"of an incoming webhook is a secret by itself",
	.rate = 1,
	.path = "/api/chat.postMessage",
	.type = "application/json; charset=utf-8",
	.encode = encode,
	.check_target = check_target,
	.proof = "ok",
	.receipt = "ts",
	.codes = {"error"},
	.meanings = bot_words,
};

const struct dialect dialect_slack = {
	.name = "slack",
	.reach = REACH_ROOM,
	.rate = 1,
	.encode = encode,
	.ok = "ok",
	.meanings = hook_words,
	.with_secret = &bot,
};
