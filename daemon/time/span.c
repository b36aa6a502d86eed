/* Elapsed spans of time in words. Pure; knows neither months nor years, which have no fixed
 * length. */
#include "time/span.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MS_MAX (INT64_C(36525) * 86400 * 1000) /* 100 years */

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{"ms", 1},
	{"msec", 1},
	{"s", 1000},
	{"sec", 1000},
	{"second", 1000},
	{"seconds", 1000},
	{"m", 60000},
	{"min", 60000},
	{"minute", 60000},
	{"minutes", 60000},
	{"h", 3600000},
	{"hr", 3600000},
	{"hour", 3600000},
	{"hours", 3600000},
	{"d", 86400000},
	{"day", 86400000},
	{"days", 86400000},
	{"w", 604800000},
	{"week", 604800000},
	{"weeks", 604800000},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Milliseconds of the unit at *at, 0 when there is none of that name. */
static int64_t unit_take(const char **at)
{
	size_t len = 0;

	while (is_letter((*at)[len]))
		len++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strlen(units[i].name) == len && strncmp(units[i].name, *at, len) == 0) {
			*at += len;
			return units[i].ms;
		}
	}
	return 0;
}

/* One "90min" or "1.5h". A bare number is seconds when it is the whole text. */
static int term_take(const char **at, bool first, int64_t *ret_ms)
{
	int64_t whole = 0, fraction = 0, scale = 1, unit, part;

	if (!is_digit(**at))
		return -EINVAL;
	for (; is_digit(**at); (*at)++) {
		whole = whole * 10 + (**at - '0');
		if (whole > MS_MAX)
			return -ERANGE;
	}
	if (**at == '.' && is_digit((*at)[1])) {
		for ((*at)++; is_digit(**at); (*at)++) {
			if (scale < 1000000) {
				fraction = fraction * 10 + (**at - '0');
				scale *= 10;
			}
		}
	}
	*at += strspn(*at, " \t");
	unit = first && !**at ? 1000 : unit_take(at);
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &part) || part > MS_MAX)
		return -ERANGE;
	*ret_ms = part + (fraction * unit + scale - 1) / scale;
	return 0;
}

int span_parse_ms(const char *text, int64_t *ret_ms, int *ret_column)
{
	const char *at = text + strspn(text, " \t");
	int64_t total = 0;
	int r = *at ? 0 : -EINVAL;

	for (bool first = true; *at && !r; first = false) {
		int64_t part = 0;

		r = term_take(&at, first, &part);
		if (r < 0)
			break;
		total += part;
		if (total > MS_MAX)
			r = -ERANGE;
		else
			at += strspn(at, " \t");
	}
	if (r < 0) {
		if (ret_column)
			*ret_column = (int)(at - text) + 1;
		return r;
	}
	*ret_ms = total;
	return 0;
}

int span_parse_s(const char *text, int64_t *ret_s, int *ret_column)
{
	int64_t ms;
	int r = span_parse_ms(text, &ms, ret_column);

	if (r < 0)
		return r;
	*ret_s = (ms + 999) / 1000;
	return 0;
}

void span_write(int64_t seconds, char text[static SPAN_TEXT])
{
	static const struct {
		const char *name;
		int64_t s;
	} steps[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	/* Unsigned, because the size of INT64_MIN has no signed form. */
	uint64_t left = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
	size_t used = 0;

	if (seconds < 0)
		used += (size_t)snprintf(text, SPAN_TEXT, "-");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		uint64_t n = left / (uint64_t)steps[i].s;

		if (!n && !(seconds == 0 && steps[i].s == 1))
			continue;
		left %= (uint64_t)steps[i].s;
		used += (size_t)snprintf(text + used, SPAN_TEXT - used, "%s%llu%s",
			used > (seconds < 0) ? " " : "", (unsigned long long)n, steps[i].name);
	}
}
