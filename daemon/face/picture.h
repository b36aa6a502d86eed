/* A preview as a calendar: weeks as a timeline or side by side, months as weeks below each other. Pure:
 * from the days, a width and a date that is today to a text. Readable without colour. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

enum picture_view {
	PICTURE_WEEK,  /* every message has its line */
	PICTURE_MONTH, /* weeks as rows; several months where the range is longer than six weeks */
};

/* Up to so many dates a picture is a week's unless it is told otherwise. */
enum { PICTURE_WEEK_DAYS = 10 };

struct picture_style {
	enum picture_view view;
	size_t width; /* columns; at least 40 */
	bool colours;
	int32_t today; /* local date */
};

/* days: "Day" objects (see face/methods.c), one for each date of a range, in order. */
void picture_draw(const json_t *days, const struct picture_style *style, struct buf *out);
