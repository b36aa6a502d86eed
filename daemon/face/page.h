/* The pages that people see behind an answer link: made here, whole, without script. */
#pragma once

#include "base/buf.h"
#include "model/record.h"

enum { PAGE_MAX = 512 * 1024 };

struct page {
	const char *heading;
	const char *notice;                  /* what just happened, or NULL */
	const struct occurrence *occurrence; /* its title, text and form, or NULL */
};

void page_write(struct buf *out, const struct page *page);
/* What was recorded, in warm and plain words; `span` is what a snooze asked for. Owned. */
char *page_thanks(enum answer answer, const char *span);
/* The header lines of every reply: nothing is kept, nothing is told, nothing but the one style sheet is
 * taken from anywhere. Owned. */
char *page_headers(void);
