/* A preview by the day: how much is sent, to how many, what stands out. Asks the resolver and never
 * composes a text, so that a year of ten thousand people is counted in seconds. The same for the
 * daemon and for `nudgectl preview -c`. */
#pragma once

#include "engine/resolver.h"

#include <jansson.h>

struct tally;

/* The model, and what the query lends, outlive the tally. Of the query: person and reminder. */
struct tally *tally_new(const struct model *model, const struct view *view,
	const struct person *person, const struct reminder *reminder);
void tally_free(struct tally *tally);
/* A new "Day" object (see face/methods.c) of each local date from one to another; taken. */
void tally_days(struct tally *tally, int32_t from, int32_t to,
	void (*on_day)(void *owner, json_t *day), void *owner);
