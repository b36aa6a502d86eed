/* Inside the pages: what all of them share. Everything that is not ours goes through page_escape(). */
#pragma once

#include "base/buf.h"
#include "face/readers.h"

/* The head, the style, and the heading; notice: what just happened, or NULL. */
struct page_frame {
	const char *heading, *notice;
	bool wide;
};
void page_begin(struct buf *out, const struct page_frame *frame);
void page_end(struct buf *out);
/* The only way for what comes from a configuration, a person or the outside. NULL: nothing. */
void page_escape(struct buf *out, const char *text);
/* What is answered with, without <form>; `suffix` tells the fields of several forms apart. */
void page_add_answers(struct buf *out, const struct occurrence *occurrence,
	const struct readers *readers, const char *suffix);
void page_add_date(struct buf *out, int32_t date); /* "Mon 23 November" */
/* A form of a person's own page: `deed` is what it asks for. */
void page_begin_form(struct buf *out, const char *deed);
