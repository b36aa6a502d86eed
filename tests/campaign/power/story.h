/* The story that the busy store lives: change n records occurrence and delivery n, and goes on with
 * earlier ones. From the number of changes alone follows what the database holds. */
#pragma once

#include "model/record.h"

enum {
	STORY_TRIED = 2,    /* changes later, a delivery was tried */
	STORY_ENDED = 5,    /* and ended */
	STORY_ANSWERED = 9, /* and its occurrence was answered, with the number of that change */
	STORY_TEXT_MAX = 6000,
};
enum story_kind { STORY_OCCURRENCE = 1, STORY_DELIVERY };

struct id story_id(enum story_kind kind, int n);
/* What they point to is constant, or in `text`. */
void story_occurrence(int n, char text[static STORY_TEXT_MAX], struct occurrence *ret);
/* So many changes after it was recorded; without items. */
void story_delivery(int n, int age, struct delivery *ret);
