/* An iCalendar file (RFC 5545) of what will be sent: an event for each decision of a preview that is
 * not skipped. */
#pragma once

#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>

struct ics;

struct ics *ics_new(int64_t now_s);
void ics_free(struct ics *ics);
void ics_add(struct ics *ics, const json_t *planned); /* as shape_planned() gives them */
void ics_print(struct ics *ics, FILE *out);
