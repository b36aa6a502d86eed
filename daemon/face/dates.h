/* Dates as people say them to a tool. */
#pragma once

#include "time/civil.h"

/* "2026-12-24", "today", "tomorrow", "yesterday", or so many days or weeks after `base` ("+7d", "-1w").
 * 0 or -EINVAL. */
int dates_read(const char *text, int32_t today, int32_t base, int32_t *ret) must_check;
/* What to write instead, for complaints. */
#define DATES_HINT "write 2026-12-24, today, tomorrow, yesterday or +7d"
