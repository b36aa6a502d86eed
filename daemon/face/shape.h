/* Records and decisions as JSON, the same on the control socket and in the offline verbs. Every
 * function gives a new reference. Text that is no UTF-8 is shown with replacement characters. */
#pragma once

#include "engine/resolver.h"
#include "base/clock.h"

#include <jansson.h>

json_t *shape_text(const char *text); /* NULL gives null */
json_t *shape_time(int64_t at);       /* ms; "2026-11-23T09:00:00Z"; null for never */
json_t *shape_id(struct id id);

/* Everything but what somebody answered in words. */
json_t *shape_occurrence(const struct occurrence *occurrence);
/* The same with the words: for the person's own export only. */
json_t *shape_occurrence_private(const struct occurrence *occurrence);
json_t *shape_delivery(const struct delivery *delivery);

/* A decision as `preview` shows it: one object for each channel it goes to (a skipped one: one
 * object). basis is "live" or "config". */
void shape_planned(const struct planned *planned, const struct view *view, const char *basis,
	void (*on_object)(void *owner, json_t *object), void *owner);
