/* Inside the planner: one pass over what is due, in slices. Shared by planner.c (passes and slices)
 * and planner_make.c (records). */
#pragma once

#include "engine/planner.h"

struct event;

struct planner {
	struct planner_settings settings;
	struct ledger *ledger;
	struct model *model;
	struct agenda *agenda;
	int64_t mark_at;
	struct pass *pass; /* NULL: at rest */
	struct event *step;
	bool stopped;
};
