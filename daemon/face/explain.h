/* Why something was, was not, will or will not be sent: the record where there is one, else the
 * resolver, step by step. The same for the daemon and for `nudgectl explain -c`. */
#pragma once

#include "engine/resolver.h"

#include <jansson.h>

struct explain_query {
	const struct model *model;
	const struct view *view; /* NULL: the configuration alone */
	const char *person;      /* an id, or "room:CHANNEL" */
	const char *reminder;
	int32_t date; /* local, of the recipient's place */
	int64_t now_at;
};

/* What is known of the past; members may be NULL. */
struct explain_record {
	json_t *occurrences; /* as shape_occurrence() gives them */
	json_t *deliveries;
};

/* NULL when the question makes sense, else why not (owned). */
char *explain_check(const struct explain_query *query) must_check;
/* A new "Explanation" object. */
json_t *explain(const struct explain_query *query, const struct explain_record *record);
