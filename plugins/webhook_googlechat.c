/* Google Chat's webhooks: one space. A card, whose texts are a subset of HTML without mentions, and a
 * plain text for notifications. A repeated requestId gives the first message again. */
#include "webhook.h"

#include <stdlib.h>

/* A message may have 32,000 bytes; quotes and backslashes count twice in JSON. */
enum { TEXT_BYTES = 10000, TITLE_BYTES = 200, FALLBACK_BYTES = 1500, SECTIONS_MAX = 50 };

static const struct escape html = {.entities = "&<>\"", .backslashed = "", .broken = ""};

static json_t *make_section(
	const struct letter *letter, const struct nudged_item *item, size_t most)
{
	json_t *section = json_object(), *widgets = json_array();
	const char *text = letter_text(item);

	json_object_set_new(section, "widgets", widgets);
	if (!text_is_blank(item->title))
		json_object_set_new(section, "header",
			json_take(text_fit(item->title, TITLE_BYTES, UNIT_BYTES, &html)));
	json_array_append_new(
		widgets, json_pack("{s:{s:o}}", "textParagraph", "text",
				 json_take(text_fit(text_is_blank(text) ? "\xc2\xa0" : text, most,
					 UNIT_BYTES, &html))));
	return section;
}

static json_t *make_sections(const struct letter *letter)
{
	size_t count = letter->delivery->count;
	json_t *sections = json_array();

	/* Equal shares: what a short one leaves is not needed. */
	for (size_t i = 0; i < count && i < SECTIONS_MAX; i++)
		json_array_append_new(sections,
			make_section(letter, letter->delivery->items[i],
				TEXT_BYTES / (count < SECTIONS_MAX ? count : SECTIONS_MAX)));
	return sections;
}

static const struct style fallback = {
	.escape = &escape_nothing,
	.unit = UNIT_BYTES,
	.max = FALLBACK_BYTES,
	.strong = "",
	.strong_end = "",
};

static char *encode(const struct letter *letter)
{
	return body_of_json(json_pack("{s:o, s:[{s:s, s:{s:o}}]}", "fallbackText",
		json_take(letter_write(letter, &fallback)), "cardsV2", "cardId", "nudged", "card",
		"sections", make_sections(letter)));
}

const struct dialect dialect_googlechat = {
	.name = "googlechat",
	.reach = REACH_ROOM,
	.drops_duplicates = true,
	.rate = 1, /* 60 a minute for each space, shared by all who write there */
	.query = "requestId={id}",
	.encode = encode,
	.proof = "name",
};
