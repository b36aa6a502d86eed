/* Values of calendar properties: times, durations, offsets, texts. Bounded: no number has more than
 * nine digits, no length reaches further than the years we know. */
#include "time/ical.h"

#include "base/str.h"

#include <errno.h>

/* No event is longer than all the time we know. */
#define LENGTH_MAX (400 * 366 * DAY_S)

static bool digits_take(const char **at, int count, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!scan_is_digit((*at)[i]))
			return false;
		value = value * 10 + ((*at)[i] - '0');
	}
	*at += count;
	*ret = value;
	return true;
}

/* "T180000", also "T1800"; 24:00 is the end of the day, and second 60 the one before. */
static bool clock_take(const char **at, int64_t *ret)
{
	int hour, minute, second = 0;

	if (!digits_take(at, 2, &hour) || !digits_take(at, 2, &minute))
		return false;
	if (scan_is_digit(**at) && !digits_take(at, 2, &second))
		return false;
	*ret = hour * 3600 + minute * 60 + MIN_OF(second, 59);
	return minute <= 59 && second <= 60 && *ret <= DAY_S;
}

int ical_time_take(const char **at, struct ical_time *ret, bool *ret_utc)
{
	const char *p = *at;
	struct civil civil = {0};
	int64_t clock = 0;
	bool is_date, utc;

	if (!digits_take(&p, 4, &civil.year) || !digits_take(&p, 2, &civil.month) ||
		!digits_take(&p, 2, &civil.day))
		return -EINVAL;
	is_date = (*p | 0x20) != 't';
	if (!is_date) {
		p++;
		if (!clock_take(&p, &clock))
			return -EINVAL;
	}
	if (!ymd_exists(civil.year, civil.month, civil.day))
		return -ERANGE;
	utc = !is_date && (*p | 0x20) == 'z';
	*at = p + utc;
	*ret_utc = utc;
	*ret = (struct ical_time){
		.local = civil_pack(&civil) + clock, .zone = ICAL_ZONE_NONE, .is_date = is_date};
	return 0;
}

int ical_length_take(const char **at, struct off_length *ret)
{
	static const struct {
		char unit;
		bool in_time;
		int64_t seconds;
	} units[] = {{'w', false, 7 * DAY_S}, {'d', false, DAY_S}, {'h', true, 3600},
		{'m', true, 60}, {'s', true, 1}};
	struct off_length length = {0};
	const char *p = *at + (**at == '+');
	bool in_time = false;
	int number, count = 0;

	if ((*p++ | 0x20) != 'p')
		return -EINVAL;
	for (;; count++) {
		size_t i = 0;

		if ((*p | 0x20) == 't' && !in_time) {
			in_time = true;
			p++;
		}
		if (!scan_number(&p, &number))
			break;
		while (i < ARRAY_LEN(units) &&
			(units[i].unit != (*p | 0x20) || units[i].in_time != in_time))
			i++;
		if (i == ARRAY_LEN(units))
			return -EINVAL;
		*(in_time ? &length.exact : &length.wall) += number * units[i].seconds;
		if (length.wall > LENGTH_MAX || length.exact > LENGTH_MAX)
			return -EINVAL;
		p++;
	}
	if (!count)
		return -EINVAL;
	*at = p;
	*ret = length;
	return 0;
}

int ical_offset_parse(const char *text, int32_t *ret)
{
	int sign = *text == '-' ? -1 : 1, hours, minutes, seconds = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!digits_take(&text, 2, &hours) || !digits_take(&text, 2, &minutes))
		return -EINVAL;
	if (*text && !digits_take(&text, 2, &seconds))
		return -EINVAL;
	if (*text || hours > 24 || minutes > 59 || seconds > 59)
		return -EINVAL;
	*ret = sign * (hours * 3600 + minutes * 60 + seconds);
	return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

/* How many bytes the code point at `at` has; 0: it is none. */
static size_t code_point_len(const char *at)
{
	for (size_t len = 1; len <= 4; len++) {
		if (str_is_utf8(at, len))
			return len;
		if (!at[len])
			break;
	}
	return 0;
}

/* What would break a line, hide or turn what stands around it: C0, DEL, C1, the line and paragraph
 * separators, and the marks that change the direction of writing. */
static bool is_control(const char *at, size_t len)
{
	unsigned char a = (unsigned char)at[0], b = (unsigned char)at[1];

	if (len == 1)
		return a < 0x20 || a == 0x7f;
	if (len == 2)
		return a == 0xc2 && b < 0xa0;
	return len == 3 && a == 0xe2 &&
	       ((b == 0x80 && (unsigned char)at[2] >= 0xa8 && (unsigned char)at[2] <= 0xae) ||
		       (b == 0x81 && (unsigned char)at[2] >= 0xa6 && (unsigned char)at[2] <= 0xa9));
}

bool ical_name_clean(const char *text, char *out, size_t size)
{
	size_t used = 0;
	bool valid = true, gap = false;

	while (*text) {
		size_t len;
		bool escaped = text[0] == '\\' && text[1];

		text += escaped;
		len = code_point_len(text);
		if (!len) {
			valid = false;
			text++;
			continue;
		}
		if (*text == ' ' || is_control(text, len) || (escaped && (*text | 0x20) == 'n')) {
			gap = used > 0;
		} else {
			if (used + gap + len >= size)
				break;
			if (gap)
				out[used++] = ' ';
			memcpy(out + used, text, len);
			used += len;
			gap = false;
		}
		text += len;
	}
	out[used] = '\0';
	return valid;
}
