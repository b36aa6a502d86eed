/* Scanning shared by the parsers of schedules and weekly windows. Owns nothing. */
#include "time/scan.h"

#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int scan_fail(struct scan *scan, const char *where, const char *format, ...)
{
	va_list args;

	if (!scan->error)
		return -EINVAL;
	scan->error->column = where ? (int)(where - scan->text) + 1 : 0;
	va_start(args, format);
	vsnprintf(scan->error->message, sizeof(scan->error->message), format, args);
	va_end(args);
	str_utf8_mend(scan->error->message);
	return -EINVAL;
}

bool scan_number(const char **at, int *ret)
{
	const char *p = *at;
	int value = 0;

	while (scan_is_digit(*p) && p - *at < 9)
		value = value * 10 + (*p++ - '0');
	if (p == *at || scan_is_digit(*p))
		return false;
	*at = p;
	*ret = value;
	return true;
}

/* 0..6, or -1: no weekday here. */
static int weekday_take(const char **at)
{
	static const char *const full[7] = {
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
	size_t len = 0;

	while (scan_is_letter((*at)[len]))
		len++;
	for (int w = 0; w < 7; w++) {
		if ((len == 3 && strncasecmp(*at, weekday_names[w], 3) == 0) ||
			(len == strlen(full[w]) && strncasecmp(*at, full[w], len) == 0)) {
			*at += len;
			return w;
		}
	}
	return -1;
}

const char *weekdays_take(const char **at, uint8_t *ret_mask)
{
	uint8_t mask = 0;
	int first = weekday_take(at), last;

	while (first >= 0) {
		last = first;
		if (strncmp(*at, "..", 2) == 0 || **at == '-') {
			*at += **at == '-' ? 1 : 2;
			last = weekday_take(at);
			if (last < 0)
				return "a weekday such as Fri must end the range";
		}
		for (int w = first;; w = (w + 1) % 7) {
			mask |= (uint8_t)(1 << w);
			if (w == last)
				break;
		}
		if (**at != ',')
			break;
		(*at)++;
		if (!**at || **at == ' ')
			break;
		first = weekday_take(at);
		if (first < 0)
			return "expected a weekday such as Mon after the comma";
	}
	if (mask && **at && **at != ' ')
		return "weekdays are joined with , or .. and end with a space";
	*ret_mask = mask;
	return NULL;
}

void weekdays_write(uint8_t mask, char text[static WEEKDAYS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (int w = 0; w < 7; w++) {
		int last = w;

		if (!(mask >> w & 1))
			continue;
		while (last < 6 && mask >> (last + 1) & 1)
			last++;
		if (last < w + 2)
			last = w;
		used += (size_t)snprintf(text + used, WEEKDAYS_TEXT - used, "%s%s%s%s",
			used ? "," : "", weekday_names[w], last > w ? ".." : "",
			last > w ? weekday_names[last] : "");
		w = last;
	}
}
