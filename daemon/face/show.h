/* Members of replies as people read them. */
#pragma once

#include "base/mem.h"

#include <jansson.h>

/* A text member, or "-" when it is not there; lent by the object. */
const char *show_member(const json_t *object, const char *name);
char *show_number(const json_t *object, const char *name); /* owned */
/* An RFC 3339 instant as the local time of whoever reads; "-" for none. Owned. */
char *show_time(const json_t *text);
/* Several lines, cleaned for a terminal, each indented. */
void show_text(const char *text);
/* The decisions of a preview as a timeline: a head for each date. */
void show_timeline(const json_t *list, char last_date[static 11]);
void show_explanation(const json_t *explanation);
