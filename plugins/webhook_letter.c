/* A delivery as one text: each item with its title, its text and its link, none of which can crowd out
 * the other items. Owns nothing. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LATE_S = 300,
	TITLE_MAX = 200, /* units */
	ITEM_MIN = 60,   /* units that an item must have to be worth its place */
	MORE_MAX = 32,   /* of "and N more" */
	LINK_URL_MAX = 1500,
};

const char *letter_text(const struct nudged_item *item)
{
	return text_is_blank(item->text) && text_is_blank(item->title) ? item->reminder
								       : item->text;
}

const char *letter_link(const struct letter *letter, const struct nudged_item *item)
{
	const char *url = item->answer_url;

	if (letter->room || !letter->delivery->person || !url || strlen(url) > LINK_URL_MAX ||
		strpbrk(url, " \t\r\n\"<>|&\\^`{}()[]*"))
		return NULL;
	return url;
}

int64_t letter_due(const struct letter *letter, const struct nudged_item *item)
{
	int64_t off = letter->delivery->first - item->due;

	return off >= LATE_S || off <= -LATE_S ? item->due : -1;
}

static size_t count_link(const struct page *page, const struct style *style, const char *url)
{
	if (!url || !style->link)
		return 0;
	return text_count(style->newline, page->unit) + text_count(style->link, page->unit) +
	       text_count(url, page->unit) + text_count(style->link_end, page->unit);
}

static void put_title(struct page *page, const struct style *style, const char *title, size_t most)
{
	size_t strong =
		text_count(style->strong, page->unit) + text_count(style->strong_end, page->unit);

	title += strspn(title, " \t\r\n");
	if (text_is_blank(title) || most <= strong)
		return;
	most -= strong;
	page_put(page, style->strong);
	page_write(page, title, most < TITLE_MAX ? most : TITLE_MAX, style->escape, " ");
	page_put(page, style->strong_end);
}

/* In at most `share` units, of which the link has its own. */
static void put_item(struct page *page, const struct letter *letter, const struct style *style,
	const struct nudged_item *item, size_t share)
{
	const char *url = letter_link(letter, item), *text = letter_text(item);
	size_t end = page->used + share, link = count_link(page, style, url);
	bool titled = !style->titled || letter->delivery->count > 1;

	if (link > share)
		link = 0;
	if (titled)
		put_title(page, style, item->title, (share - link) / 2);
	if (!text_is_blank(text) && page->used + link < end) {
		if (titled && !text_is_blank(item->title))
			page_put(page, style->newline);
		if (page->used + link < end)
			page_write(
				page, text, end - link - page->used, style->escape, style->newline);
	}
	if (!link)
		return;
	page_put(page, style->newline);
	page_put(page, style->link);
	page_put(page, url);
	page_put(page, style->link_end);
}

char *letter_write(const struct letter *letter, const struct style *given)
{
	struct style style = *given;
	struct page page = {.unit = style.unit, .max = style.max};
	size_t count = letter->delivery->count;
	char more[MORE_MAX];

	style.newline = style.newline ? style.newline : "\n";
	for (size_t i = 0; i < count; i++) {
		/* What this one leaves is the next one's. */
		const struct nudged_item *item = letter->delivery->items[i];
		size_t left = page_left(&page), share = left / (count - i);
		size_t least = ITEM_MIN + count_link(&page, &style, letter_link(letter, item));

		if (count > 1 && share < least)
			share = left > least + MORE_MAX || i + 1 == count ? least : 0;
		if (!share || share > left) {
			snprintf(more, sizeof(more), "and %zu more", count - i);
			page_put(&page, style.newline);
			page_put(&page, more);
			break;
		}
		if (i && page_put(&page, style.newline) && page_put(&page, style.newline))
			share -= 2 * text_count(style.newline, page.unit);
		put_item(&page, letter, &style, item, share);
	}
	return body_take(&page.body);
}

char *letter_title(
	const struct letter *letter, size_t max, enum unit unit, const struct escape *escape)
{
	struct page page = {.unit = unit, .max = max};

	for (size_t i = 0; i < letter->delivery->count; i++) {
		const char *title = letter->delivery->items[i]->title;

		title += strspn(title, " \t\r\n");
		if (text_is_blank(title))
			continue;
		if (page.used && !page_put(&page, " \xc2\xb7 "))
			break;
		page_write(&page, title, max, escape, " ");
	}
	return body_take(&page.body);
}

char *letter_write_titled(const struct letter *letter, const struct style *style, size_t title_max,
	json_t **ret_title)
{
	char *title = letter_title(letter, title_max, style->unit, &escape_nothing);
	char *text = letter_write(letter, style);

	if (text && title && text_is_blank(text)) { /* it may not be empty */
		free(text);
		text = title;
		title = NULL;
	}
	*ret_title = title && *title ? json_string(title) : NULL;
	free(title);
	return text;
}
