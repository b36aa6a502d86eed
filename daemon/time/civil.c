/* Gregorian arithmetic and the text of dates and local times. Owns nothing, knows no zone, reads
 * no clock. Years are counted from 1 March inside, so that the leap day comes last. */
#include "time/civil.h"

#include <errno.h>
#include <stdio.h>

/* Days from 1 March of the year -12000 (30 whole cycles of 400 years before the year 0) to
 * 1970-01-01: added first, so that no division meets a negative number. */
#define DAYS_BEFORE_1970 5102378
#define CYCLE_YEARS 12000

const char *const weekday_names[8] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", NULL};

static bool year_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int month_days(int year, int month)
{
	static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	assert(month >= 1 && month <= 12);
	return days[month] + (month == 2 && year_is_leap(year));
}

bool ymd_exists(int year, int month, int day)
{
	return year >= -9999 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= month_days(year, month);
}

int32_t date_from_ymd(int year, int month, int day)
{
	int y = year + CYCLE_YEARS - (month <= 2);
	int m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - DAYS_BEFORE_1970;
}

void date_to_ymd(int32_t date, int *ret_year, int *ret_month, int *ret_day)
{
	int32_t n = date + DAYS_BEFORE_1970;
	int32_t century = (4 * n + 3) / 146097;
	int32_t in_century = n - century * 146097 / 4;
	int32_t year = (4 * in_century + 3) / 1461;
	int32_t in_year = in_century - 1461 * year / 4;
	int32_t month = (5 * in_year + 2) / 153;

	*ret_day = in_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = century * 100 + year - CYCLE_YEARS + (month >= 10);
}

int date_weekday(int32_t date)
{
	/* 1970-01-01 was a Thursday; whole weeks are added so that the sum is never negative. */
	return (int)((uint32_t)(date + 3 + 7 * 800000) % 7);
}

int64_t civil_pack(const struct civil *civil)
{
	return date_from_ymd(civil->year, civil->month, civil->day) * DAY_S + civil->hour * 3600 +
	       civil->minute * 60 + civil->second;
}

struct civil civil_unpack(int64_t local)
{
	struct civil civil;
	int32_t second = local_second_of_day(local);

	date_to_ymd(local_date(local), &civil.year, &civil.month, &civil.day);
	civil.hour = second / 3600;
	civil.minute = second / 60 % 60;
	civil.second = second % 60;
	return civil;
}

/* Exactly n digits; moves *at past them. */
static bool digits_take(const char **at, int n, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += n;
	*ret = value;
	return true;
}

static bool char_take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static int ymd_take(const char **at, struct civil *civil)
{
	if (!digits_take(at, 4, &civil->year) || !char_take(at, '-') ||
		!digits_take(at, 2, &civil->month) || !char_take(at, '-') ||
		!digits_take(at, 2, &civil->day))
		return -EINVAL;
	return ymd_exists(civil->year, civil->month, civil->day) ? 0 : -ERANGE;
}

static int hms_take(const char **at, struct civil *civil)
{
	if (!digits_take(at, 2, &civil->hour) || !char_take(at, ':') ||
		!digits_take(at, 2, &civil->minute))
		return -EINVAL;
	civil->second = 0;
	if (char_take(at, ':') && !digits_take(at, 2, &civil->second))
		return -EINVAL;
	return civil->hour <= 23 && civil->minute <= 59 && civil->second <= 59 ? 0 : -ERANGE;
}

/* Nothing, "Z" or "+01:00"; seconds east. */
static int offset_take(const char **at, bool *ret_has, int32_t *ret_offset)
{
	int hours, minutes, sign = **at == '-' ? -1 : 1;

	*ret_has = **at != '\0';
	*ret_offset = 0;
	if (!**at || char_take(at, 'Z') || char_take(at, 'z'))
		return 0;
	if (!char_take(at, '+') && !char_take(at, '-'))
		return -EINVAL;
	if (!digits_take(at, 2, &hours) || !char_take(at, ':') || !digits_take(at, 2, &minutes))
		return -EINVAL;
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	return hours <= 23 && minutes <= 59 ? 0 : -ERANGE;
}

int date_parse(const char *text, int32_t *ret)
{
	struct civil civil;

	if (ymd_take(&text, &civil) < 0 || *text)
		return -EINVAL;
	*ret = date_from_ymd(civil.year, civil.month, civil.day);
	return 0;
}

int civil_parse(const char *text, int64_t *ret, bool *ret_has_offset)
{
	struct civil civil;
	int32_t offset;
	bool has_offset;
	int date_r = ymd_take(&text, &civil), time_r, offset_r;

	if (date_r == -EINVAL || (!char_take(&text, 'T') && !char_take(&text, ' ')))
		return -EINVAL;
	time_r = hms_take(&text, &civil);
	if (time_r == -EINVAL)
		return -EINVAL;
	offset_r = offset_take(&text, &has_offset, &offset);
	if (offset_r == -EINVAL || *text)
		return -EINVAL;
	if (date_r < 0 || time_r < 0 || offset_r < 0)
		return -ERANGE;
	*ret = civil_pack(&civil) - offset;
	*ret_has_offset = has_offset;
	return 0;
}

/* Digits by hand: every message carries a handful of times, and printf costs ten times as much. */
static char *write_digits(char *at, unsigned value, int digits, char after)
{
	for (int i = digits; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	at[digits] = after;
	return at + digits + 1;
}

static char *write_ymd(char *at, int year, int month, int day, char after)
{
	if (year < 0)
		*at++ = '-';
	at = write_digits(at, (unsigned)(year < 0 ? -year : year), 4, '-');
	at = write_digits(at, (unsigned)month, 2, '-');
	return write_digits(at, (unsigned)day, 2, after);
}

void date_write(int32_t date, char text[static CIVIL_TEXT])
{
	int year, month, day;

	date_to_ymd(date, &year, &month, &day);
	write_ymd(text, year, month, day, 0);
}

/* With `after` in place of the final NUL; gives the place behind it. */
static char *write_local(char *at, int64_t local, char after)
{
	struct civil c = civil_unpack(local);

	at = write_ymd(at, c.year, c.month, c.day, 'T');
	at = write_digits(at, (unsigned)c.hour, 2, ':');
	at = write_digits(at, (unsigned)c.minute, 2, ':');
	return write_digits(at, (unsigned)c.second, 2, after);
}

void local_write(int64_t local, char text[static CIVIL_TEXT])
{
	write_local(text, local, 0);
}

void utc_write(int64_t utc, char text[static CIVIL_TEXT])
{
	*write_local(text, utc, 'Z') = 0;
}

void local_write_offset(int64_t local, int32_t offset, char text[static CIVIL_TEXT])
{
	char plain[CIVIL_TEXT];
	unsigned size = offset < 0 ? -(unsigned)offset : (unsigned)offset;
	unsigned hours = size / 3600 % 100, minutes = size / 60 % 60, seconds = size % 60;
	char sign = offset < 0 ? '-' : '+';

	local_write(local, plain);
	if (seconds)
		snprintf(text, CIVIL_TEXT, "%.20s%c%02u:%02u:%02u", plain, sign, hours, minutes,
			seconds);
	else
		snprintf(text, CIVIL_TEXT, "%.20s%c%02u:%02u", plain, sign, hours, minutes);
}
