/* Dates and local times as numbers (proleptic Gregorian). Pure arithmetic, no zone.
 *
 * A local time is int64_t seconds since 1970-01-01T00:00:00 as if that were UTC ("civil seconds");
 * a date is int32_t days since 1970-01-01. Years -9999..9999 are accepted, schedules end in 2199. */
#pragma once

#include "base/mem.h"

#define DAY_S INT64_C(86400)

struct civil {
	int year, month, day;     /* month 1..12, day 1..31 */
	int hour, minute, second; /* 0..23, 0..59, 0..59 */
};

int32_t date_from_ymd(int year, int month, int day); /* the day must exist */
void date_to_ymd(int32_t date, int *ret_year, int *ret_month, int *ret_day);
int date_weekday(int32_t date); /* 0 = Monday .. 6 = Sunday */
int month_days(int year, int month);
bool ymd_exists(int year, int month, int day);

int64_t civil_pack(const struct civil *civil);
struct civil civil_unpack(int64_t local);
static inline int32_t local_date(int64_t local)
{
	return (int32_t)((local >= 0 ? local : local - (DAY_S - 1)) / DAY_S);
}
static inline int32_t local_second_of_day(int64_t local)
{
	return (int32_t)(local - (int64_t)local_date(local) * DAY_S);
}

extern const char *const weekday_names[8]; /* "Mon" .. "Sun", NULL */

/* "2026-12-24": 0 or -EINVAL. */
int date_parse(const char *text, int32_t *ret) must_check;
/* "2026-12-24T18:00", "2026-12-24T18:00:00", also with a space for the T, then optionally "Z" or
 * "+01:00". *ret_has_offset tells which of the two *ret is: a local time, or a UTC instant (both in
 * seconds). 0, -EINVAL, or -ERANGE for a date that does not exist. */
int civil_parse(const char *text, int64_t *ret, bool *ret_has_offset) must_check;

enum { CIVIL_TEXT = 32 };
void date_write(int32_t date, char text[static CIVIL_TEXT]);   /* 2026-12-24 */
void local_write(int64_t local, char text[static CIVIL_TEXT]); /* 2026-12-24T18:00:00 */
void utc_write(int64_t utc, char text[static CIVIL_TEXT]);     /* 2026-12-24T17:00:00Z */
/* 2026-12-24T18:00:00+01:00; offset in seconds east (written to the minute, to the second when it
 * is not a whole minute). */
void local_write_offset(int64_t local, int32_t offset, char text[static CIVIL_TEXT]);
