/* The pages that people see behind an answer link: made here, whole, without script. */
#pragma once

#include "base/buf.h"
#include "face/readers.h"
#include "model/link.h"

enum { PAGE_MAX = 512 * 1024 };

/* One thing to answer, with a form of its own. */
struct page_item {
	const struct occurrence *occurrence;
	char token[LINK_TOKEN]; /* where its form goes to, beside this page */
};

struct page {
	const char *heading;
	const char *notice; /* what just happened, or NULL */
	const struct page_item *items;
	size_t n_items;
	const struct readers *readers; /* NULL without items */
	bool offers_link;              /* to send the person the link to their own page */
};

/* What it is called above its form. Lent. */
const char *page_title(const struct occurrence *occurrence);
void page_write(struct buf *out, const struct page *page);
/* What was recorded, in warm and plain words; `span` is what a snooze asked for; title NULL: there is
 * no doubt what it is about. Owned. */
char *page_thanks(const char *title, enum answer answer, const char *span);
/* The header lines of every reply: nothing is kept, nothing is told, nothing but the one style sheet is
 * taken from anywhere. Owned. */
char *page_headers(void);
