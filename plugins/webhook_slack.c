/* Slack's incoming webhooks: one shared room. Every text is cut to Slack's limits first, escaped for
 * its markup, and escaped again by jansson. Judges by the words of the answer. Owns nothing. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	SLACK_BLOCKS_AN_ITEM = 3,
	SLACK_URL_MAX = 3000,
};

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == 0;
}

/* Bytes of at most max characters, never inside one. */
static size_t cut(const char *text, size_t max)
{
	size_t characters = 0, i = 0;

	for (; text[i]; i++)
		if (((unsigned char)text[i] & 0xC0) != 0x80 && characters++ == max)
			return i;
	return i;
}

/* Appends text of at most max characters, an ellipsis for what was cut, with the three characters
 * escaped that mean something to Slack: no mention, link or channel can come from a user's text. */
static void slack_write(FILE *out, const char *text, size_t max)
{
	size_t len = cut(text, max);
	bool whole = text[len] == 0;

	if (!whole)
		len = cut(text, max - 1);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '&')
			fputs("&amp;", out);
		else if (text[i] == '<')
			fputs("&lt;", out);
		else if (text[i] == '>')
			fputs("&gt;", out);
		else
			fputc(text[i], out);
	}
	if (!whole)
		fputs("…", out);
}

/* A text object; characters that are markup elsewhere are only text in "plain_text". */
static json_t *slack_text(const char *type, const char *text, size_t max)
{
	char *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&escaped, &size);
	json_t *object = json_object();
	int r = 0;

	slack_write(out, text, max);
	fclose(out);
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

static int slack_add_link(json_t *blocks, const char *url)
{
	char link[SLACK_URL_MAX + 32];
	json_t *text;

	if (strlen(url) > SLACK_URL_MAX || strpbrk(url, "<>|& "))
		return 0;
	snprintf(link, sizeof(link), "<%s|Answer>", url);
	text = json_object();
	if (set_text(text, "type", "mrkdwn") < 0 || set_text(text, "text", link) < 0) {
		json_decref(text);
		return -1;
	}
	return slack_add_block(blocks, "section", text);
}

static int slack_add_item(json_t *blocks, const struct nudged_item *item)
{
	int r = 0;

	if (!is_blank(item->title))
		r |= slack_add_block(
			blocks, "header", slack_text("plain_text", item->title, SLACK_HEADER_MAX));
	if (!is_blank(item->text) || is_blank(item->title))
		r |= slack_add_block(blocks, "section",
			slack_text("plain_text", is_blank(item->text) ? item->reminder : item->text,
				SLACK_SECTION_MAX));
	if (item->answer_url)
		r |= slack_add_link(blocks, item->answer_url);
	return r;
}

static int slack_add_blocks(json_t *body, const struct nudged_delivery *delivery)
{
	json_t *blocks = json_array();
	int r = set(body, "blocks", blocks);
	char more[64];

	for (size_t i = 0; i < delivery->count && r == 0; i++) {
		size_t left = SLACK_BLOCKS_MAX - 1 - json_array_size(blocks);

		if (left < SLACK_BLOCKS_AN_ITEM) {
			snprintf(more, sizeof(more), "and %zu more", delivery->count - i);
			return slack_add_block(blocks, "section",
				slack_text("plain_text", more, SLACK_SECTION_MAX));
		}
		r = slack_add_item(blocks, delivery->items[i]);
	}
	return r;
}

/* The fallback feeds notifications and screen readers. */
static int slack_add_fallback(json_t *body, const struct nudged_delivery *delivery)
{
	char *plain = NULL, *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&plain, &size);
	int r;

	for (size_t i = 0; i < delivery->count; i++) {
		const struct nudged_item *item = delivery->items[i];
		const char *text =
			is_blank(item->text) && is_blank(item->title) ? item->reminder : item->text;

		fprintf(out, "%s%s%s%s", i ? "\n\n" : "", item->title,
			*item->title && *text ? "\n" : "", text);
	}
	fclose(out);
	out = open_memstream(&escaped, &size);
	slack_write(out, plain, SLACK_FALLBACK_MAX);
	fclose(out);
	r = set_text(body, "text", escaped);
	free(plain);
	free(escaped);
	return r;
}

char *slack_encode(const struct nudged_delivery *delivery)
{
	json_t *body = json_object();
	int r = slack_add_fallback(body, delivery);
	char *text;

	r |= slack_add_blocks(body, delivery);
	r |= set(body, "unfurl_links", json_false());
	r |= set(body, "unfurl_media", json_false());
	text = r == 0 ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

/* Slack says in words what it means, with statuses that vary. */
static const struct {
	const char *word;
	enum nudged_outcome outcome;
} slack_words[] = {
	{"ok", NUDGED_SENT},
	{"invalid_payload", NUDGED_REFUSED_PAYLOAD},
	{"invalid_blocks", NUDGED_REFUSED_PAYLOAD},
	{"no_text", NUDGED_REFUSED_PAYLOAD},
	{"too_many_attachments", NUDGED_REFUSED_PAYLOAD},
	{"user_not_found", NUDGED_REFUSED_PAYLOAD},
	{"action_prohibited", NUDGED_REFUSED_DESTINATION},
	{"posting_to_general_channel_denied", NUDGED_REFUSED_DESTINATION},
	{"team_disabled", NUDGED_REFUSED_DESTINATION},
	{"invalid_token", NUDGED_REFUSED_DESTINATION},
	{"channel_not_found", NUDGED_REFUSED_DESTINATION},
	{"channel_is_archived", NUDGED_REFUSED_DESTINATION},
	{"no_service", NUDGED_REFUSED_DESTINATION},
	{"no_active_hooks", NUDGED_REFUSED_DESTINATION},
	{"no_team", NUDGED_REFUSED_DESTINATION},
	{"rollup_error", NUDGED_RETRY},
};

bool slack_judge_body(const struct nudged_response *response, struct nudged_verdict *verdict)
{
	const char *body = response->body;
	size_t len = response->body_len;

	while (len && (body[len - 1] == '\n' || body[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < COUNT(slack_words); i++) {
		if (strlen(slack_words[i].word) != len || memcmp(body, slack_words[i].word, len))
			continue;
		if (slack_words[i].outcome == NUDGED_SENT && response->status != 200)
			break;
		verdict->outcome = slack_words[i].outcome;
		return true;
	}
	if (response->status / 100 != 2)
		return false;
	verdict->outcome = len ? NUDGED_MISCONFIGURED : NUDGED_UNKNOWN;
	verdict->reason = len ? "the answer is not Slack's \"ok\": is this the right URL?"
			      : "the answer was cut before Slack's \"ok\"";
	return true;
}
