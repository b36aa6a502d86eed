/* An iCalendar file (RFC 5545) of what will be sent: an event for each decision of a preview that is
 * not skipped. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

struct ics;

/* A file of at most `max` bytes, stamped with now. */
struct ics *ics_new(int64_t now_s, size_t max);
void ics_free(struct ics *ics);
void ics_add(struct ics *ics, const json_t *planned); /* as shape_planned() gives them */
/* Ends it. 0 with the text, lent, or -EFBIG when it grew beyond its maximum. */
int ics_end(struct ics *ics, const struct buf **ret) must_check;
