/* Discord's webhooks: one room. The titles are the content, which notifications show; the texts are
 * embeds. Nobody is mentioned by a message, whatever it says: allowed_mentions is empty. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Documented, in UTF-16 units: content 2000; embeds 10, of 6000 together, title 256, text 4096. */
enum {
	CONTENT_MAX = 1900,
	EMBEDS_MAX = 10,
	ALL_MAX = 5900,
	TITLE_MAX = 256,
	TEXT_MAX = 4000,
	DUE_MAX = 48,
};

static const struct escape markdown = {
	.entities = "", .backslashed = "\\`*_[]<>~|#", .broken = "@", .lines = true};

/* With the time in each reader's own zone. */
static json_t *make_text(const struct letter *letter, const struct nudged_item *item, size_t max)
{
	int64_t due = letter_due(letter, item);
	struct page page = {.unit = UNIT_UTF16, .max = max};
	char time[DUE_MAX] = "";

	if (due >= 0)
		snprintf(time, sizeof(time), "\n<t:%lld:f>", (long long)due);
	page_write(&page, letter_text(item), max > DUE_MAX ? max - DUE_MAX : 0, &markdown, "\n");
	page_put(&page, page.used ? time : time + (*time != 0));
	return json_take(body_take(&page.body));
}

static size_t count_json(const json_t *text)
{
	return text ? text_count(json_string_value(text), UNIT_UTF16) : 0;
}

static json_t *make_embed(const struct letter *letter, const struct nudged_item *item, size_t share)
{
	size_t half = share / 2 < TITLE_MAX ? share / 2 : TITLE_MAX;
	bool titled = letter->delivery->count > 1 && !text_is_blank(item->title);
	json_t *embed = json_object(), *text;

	if (titled)
		json_object_set_new(embed, "title",
			json_take(text_fit(item->title, half, UNIT_UTF16, &markdown)));
	share -= count_json(json_object_get(embed, "title"));
	text = make_text(letter, item, share < TEXT_MAX ? share : TEXT_MAX);
	if (count_json(text))
		json_object_set(embed, "description", text);
	json_decref(text);
	return embed;
}

static json_t *make_embeds(const struct letter *letter)
{
	size_t count = letter->delivery->count, left = ALL_MAX;
	json_t *embeds = json_array();

	for (size_t i = 0; i < count && i < EMBEDS_MAX; i++) {
		size_t rest = (count < EMBEDS_MAX ? count : EMBEDS_MAX) - i;
		json_t *embed = make_embed(letter, letter->delivery->items[i], left / rest);

		left -= count_json(json_object_get(embed, "title")) +
			count_json(json_object_get(embed, "description"));
		if (json_object_size(embed))
			json_array_append(embeds, embed);
		json_decref(embed);
	}
	return embeds;
}

/* What no embed has room for is counted. */
static json_t *make_content(const struct letter *letter)
{
	char *titles = letter_title(letter, CONTENT_MAX, UNIT_UTF16, &markdown);
	size_t count = letter->delivery->count;
	struct body content = {0};
	char more[48];

	if (titles && *titles) {
		body_put(&content, "**");
		body_put(&content, titles);
		body_put(&content, "**");
	}
	if (count > EMBEDS_MAX) {
		snprintf(more, sizeof(more), "\nand %zu more", count - EMBEDS_MAX);
		body_put(&content, more);
	}
	free(titles);
	return json_take(body_take(&content));
}

static char *encode(const struct letter *letter)
{
	return body_of_json(json_pack("{s:o, s:o, s:{s:[]}}", "content", make_content(letter),
		"embeds", make_embeds(letter), "allowed_mentions", "parse"));
}

static const struct meaning words[] = {
	{"10015", NUDGED_REFUSED_DESTINATION, true}, /* unknown webhook */
	{"50027", NUDGED_REFUSED_DESTINATION, true}, /* invalid token */
	{"50035", NUDGED_REFUSED_PAYLOAD},           /* invalid form */
	{"50006", NUDGED_REFUSED_PAYLOAD},           /* empty */
	{"40333", NUDGED_MISCONFIGURED, true},       /* blocked between here and there */
	{"220001", NUDGED_MISCONFIGURED, true},      /* a forum: add ?thread_id= to the URL */
	{NULL},
};

const struct dialect dialect_discord = {
	.name = "discord",
	.reach = REACH_ROOM,
	.rate = 0.5, /* 30 a minute for each webhook */
	.query = "wait=true",
	.encode = encode,
	.proof = "id",
	.codes = {"code"},
	.meanings = words,
};
