/* "Until when" and "since when", as people say it: a date (its first minute), a local time, an instant, or a span from
 * now. */
#pragma once

#include "time/zone.h"

/* NULL with the instant (ms, later than now_at), or why not (static text). */
const char *until_parse(
	const char *text, const struct zone *zone, int64_t now_at, int64_t *ret_at) must_check;
/* The same backwards: earlier than now_at, and a span is so long ago. */
const char *since_parse(
	const char *text, const struct zone *zone, int64_t now_at, int64_t *ret_at) must_check;
