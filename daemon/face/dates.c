/* Reads dates as people say them. Pure: what today is, the caller knows. */
#include "face/dates.h"

#include "base/str.h"

#include <errno.h>

enum { SPAN_DIGITS = 5, WEEK = 7 };

static int read_span(const char *text, int32_t base, int32_t *ret)
{
	size_t digits = strspn(text + 1, "0123456789");
	const char *unit = text + 1 + digits;
	int32_t days;

	if (!digits || digits > SPAN_DIGITS || (!str_eq(unit, "d") && !str_eq(unit, "w")))
		return -EINVAL;
	days = (int32_t)strtol(text + 1, NULL, 10) * (*unit == 'w' ? WEEK : 1);
	*ret = *text == '-' ? base - days : base + days;
	return 0;
}

int dates_read(const char *text, int32_t today, int32_t base, int32_t *ret)
{
	static const char *const names[] = {"yesterday", "today", "tomorrow"};

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (str_eq(text, names[i])) {
			*ret = today + i - 1;
			return 0;
		}
	}
	if (*text == '+' || *text == '-')
		return read_span(text, base, ret);
	return date_parse(text, ret) < 0 ? -EINVAL : 0;
}
