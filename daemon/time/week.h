/* Weekly windows: when a place works ("Mon..Fri 08:30-18:00") and when it must not be disturbed
 * ("19:00-08:00", over midnight; "Sat,Sun 00:00-24:00"). Pure; local civil time. */
#pragma once

#include "time/civil.h"

struct week; /* immutable */

/* Windows separated by ";" or ",": [DAYS] HH:MM-HH:MM, DAYS as in calendar events. A window without
 * days takes those of the window before it after a ",", and every day after a ";" or at the start.
 * An end at or before its start is on the next day (the days name the day it starts on). "24:00" is
 * allowed as an end. 0, or -EINVAL with a column (1-based) and a message (static text). */
int week_parse(
	const char *text, struct week **ret, int *ret_column, const char **ret_message) must_check;
void week_free(struct week *week);
/* Whether a local time lies inside a window; start inclusive, end exclusive. */
bool week_contains(const struct week *week, int64_t local);
/* The weekdays on which a window starts: bit 0 = Monday .. 6. */
uint8_t week_days(const struct week *week);
/* The first whole minute >= local that is inside (wanted) or outside (!wanted), within 14 days; or
 * INT64_MAX. */
int64_t week_next(const struct week *week, int64_t local, bool wanted);
