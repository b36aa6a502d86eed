/* Microsoft Teams by the Workflows app: one room, an Adaptive Card. Texts are runs of rich text, in
 * which there is no Markdown and no mention, a block for each line, since a run has no line ends. An
 * answer of 202 says only that the flow has begun. */
#include "webhook.h"

#include <stdlib.h>
#include <string.h>

/* 28 KB in all, by whatever Teams measures; 20 KB are safe. */
enum { TEXT_BYTES = 6000, TITLE_BYTES = 400, FALLBACK_BYTES = 1200, LINES_MAX = 50 };

struct card {
	json_t *blocks;
	size_t left; /* bytes of text */
	bool failed;
};

static void add_line(struct card *card, const char *line, size_t len, bool strong, bool first)
{
	json_t *run = json_pack("{s:s, s:s%}", "type", "TextRun", "text", line, len);
	json_t *block = json_pack("{s:s, s:[o]}", "type", "RichTextBlock", "inlines", run);

	if (strong)
		json_object_set_new(run, "weight", json_string("Bolder"));
	if (!first)
		json_object_set_new(block, "spacing", json_string("None"));
	card->failed |= !block || json_array_append_new(card->blocks, block) < 0;
}

/* Past as many lines as a card can carry, they follow one another in the last. */
static void add_text(struct card *card, const char *text, size_t most, bool strong)
{
	char *fit =
		text_fit(text, most < card->left ? most : card->left, UNIT_BYTES, &escape_nothing);
	bool first = true;

	card->left -= fit ? strlen(fit) : 0;
	for (char *at = fit; at && *at;) {
		bool last = json_array_size(card->blocks) >= LINES_MAX;
		size_t len = last ? strlen(at) : strcspn(at, "\n");

		for (size_t i = 0; i < len; i++)
			if (at[i] == '\n')
				at[i] = ' ';
		if (len)
			add_line(card, at, len, strong, first);
		first = false;
		at += len + (at[len] == '\n');
	}
	free(fit);
}

static json_t *make_blocks(const struct letter *letter)
{
	struct card card = {.blocks = json_array(), .left = TEXT_BYTES};
	size_t count = letter->delivery->count;

	for (size_t i = 0; i < count; i++) {
		const struct nudged_item *item = letter->delivery->items[i];

		if (!text_is_blank(item->title))
			add_text(&card, item->title, TITLE_BYTES, true);
		if (!text_is_blank(letter_text(item)))
			add_text(&card, letter_text(item), card.left / (count - i), false);
	}
	if (!card.failed)
		return card.blocks;
	json_decref(card.blocks);
	return NULL;
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
	json_t *card = json_pack("{s:s, s:s, s:s, s:o, s:o}", "$schema",
		"http://adaptivecards.io/schemas/adaptive-card.json", "type", "AdaptiveCard",
		"version", "1.4", "fallbackText", json_take(letter_write(letter, &fallback)),
		"body", make_blocks(letter));

	return body_of_json(json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message",
		"attachments", "contentType", "application/vnd.microsoft.card.adaptive",
		"contentUrl", "content", card));
}

const struct dialect dialect_teams = {
	.name = "teams",
	.reach = REACH_ROOM,
	.rate = 4,
	.encode = encode,
};
