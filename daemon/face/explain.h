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

/* The nominal local dates whose records such an explanation needs: of the slots that the date names,
 * and of those that are sent on it. */
void explain_dates(const struct explain_query *query, int32_t *ret_from, int32_t *ret_to);

/* The steps of one decision; day_planned is what its person's day holds. */
json_t *explain_steps(
	const struct explain_query *query, const struct planned *planned, size_t day_planned);
void explain_add_step(json_t *steps, const char *rule, const char *result, const char *detail);
