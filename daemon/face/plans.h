/* The questions of preview, calendar and explain: to the daemon or, with -c, to the configuration alone.
 * Private to the verbs of plans*.c. */
#pragma once

#include "face/tool.h"

struct range {
	int32_t from, to; /* local dates, inclusive */
};

/* The reader's own today: what "today" means to who types it. */
int32_t plans_today(void);
/* From --from and --to, `days` long without the latter: TOOL_DONE, or TOOL_USAGE after saying why. */
int plans_read_range(const struct tool *tool, int days, struct range *ret);
/* Every decision, as lists of "Planned" objects. TOOL_DONE, or another status after saying why. */
int plans_ask(const struct tool *tool, const struct range *range,
	void (*on_list)(void *owner, json_t *list), void *owner);
/* Every date, as lists of "Day" objects, without a text composed. */
int plans_count(const struct tool *tool, const struct range *range,
	void (*on_list)(void *owner, json_t *list), void *owner);
