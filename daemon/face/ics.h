/* An iCalendar file (RFC 5545) of what will be sent: an event for each decision of a preview that is
 * not skipped. */
#pragma once

#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>

struct ics;

/* A file of at most `max` bytes, stamped with now. */
struct ics *ics_new(int64_t now_s, size_t max);
void ics_free(struct ics *ics);
void ics_add(struct ics *ics, const json_t *planned); /* as shape_planned() gives them */
/* 0, or -EFBIG when it grew beyond its maximum: then nothing is printed. */
int ics_print(struct ics *ics, FILE *out) must_check;
