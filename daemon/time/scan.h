/* What the parsers of schedules share: a place in a text, complaints with a column, weekdays. */
#pragma once

#include "time/rule.h"

struct scan {
	const char *text; /* where column 1 is */
	const char *at;
	struct rule_error *error; /* may be NULL */
};

/* Fills the error in; always -EINVAL. `where` lies in the text; NULL: the whole text. */
int scan_fail(struct scan *scan, const char *where, const char *format, ...) printf_like(3, 4);

static inline bool scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool scan_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/* 1 to 9 digits; false leaves the place where it was. */
bool scan_number(const char **at, int *ret);

/* "Mon", "monday,Wed..Fri", ...: names or ranges with commas, and, like systemd, a comma at the
 * end. *ret_mask has bit w for weekday w (0 = Monday), 0 when the text does not begin with a
 * weekday. NULL, or what is wrong, with *at at the place. */
const char *weekdays_take(const char **at, uint8_t *ret_mask);
enum { WEEKDAYS_TEXT = 32 };
/* "Mon..Fri", "Mon,Wed"; three or more in a row are a range. */
void weekdays_write(uint8_t mask, char text[static WEEKDAYS_TEXT]);
