/* Spans of time as in systemd.time(7): "90min", "2h 30s", "1d", "2 weeks"; a bare number is
 * seconds. Written back in canonical form. */
#pragma once

#include "base/mem.h"

enum { SPAN_TEXT = 64 };

/* Elapsed seconds: units s, sec, second(s), m, min, minute(s), h, hr, hour(s), d, day(s), w,
 * week(s), also ms (rounded up to whole seconds when ret_ms is NULL). Months and years are not spans
 * here. 0, -EINVAL (*ret_column, 1-based, may be NULL), -ERANGE (over 100 years). */
int span_parse_s(const char *text, int64_t *ret_s, int *ret_column) must_check;
int span_parse_ms(const char *text, int64_t *ret_ms, int *ret_column) must_check;
void span_write(int64_t seconds, char text[static SPAN_TEXT]); /* "2h 30min", "0s" */
