/* Text on a terminal: how wide it is there, how it is cut and wrapped at characters, what a terminal
 * may be shown at all, and in which colours. */
#pragma once

#include "base/buf.h"

#include <stdio.h>

enum { TERMINAL_LEAST = 40, TERMINAL_USUAL = 80 };

enum shade { SHADE_PLAIN, SHADE_STRONG, SHADE_DIM, SHADE_GOOD, SHADE_WARN, SHADE_BAD };

/* Columns of the terminal behind `out`: as $COLUMNS says, else as it says itself, at least
 * TERMINAL_LEAST. 0: it is no terminal, or nobody knows. */
size_t terminal_width(FILE *out);
/* The same for a picture, which has to have a width: $COLUMNS and TERMINAL_USUAL also without a
 * terminal. */
size_t terminal_picture_width(FILE *out);
/* Whether it is a terminal with colours, and NO_COLOR is not set. */
bool terminal_has_colours(FILE *out);

/* Columns that a text takes; text is valid UTF-8 without controls, as terminal_clean() gives it. */
size_t terminal_measure(const char *text);
/* What a terminal may be shown: no controls, no bytes that are no text. Owned. */
char *terminal_clean(const char *text);
/* The text, cut with an ellipsis where it takes more than so many columns. */
void terminal_add_cut(struct buf *out, const char *text, size_t columns);
/* The same, filled up with spaces to exactly so many columns, in a shade when `colours`. */
void terminal_add_field(
	struct buf *out, bool colours, enum shade shade, const char *text, size_t columns);
/* The text at column `indent`, where the line is already, broken at spaces before `width` columns (0:
 * never) and indented there; without a newline at its end. */
void terminal_add_wrapped(struct buf *out, const char *text, size_t indent, size_t width);
/* A line in a shade, as it is. */
void terminal_print(FILE *out, enum shade shade, const char *line);
/* Cleaned, and as many lines as it takes on a terminal. */
void terminal_print_wrapped(FILE *out, enum shade shade, const char *text);
