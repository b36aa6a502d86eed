/* Days off as one bit a date: ten kilobytes a place hold every date a schedule can name, and a month
 * is one shift. */
#include "time/workdays.h"

enum { FIRST_DATE = 0, LAST_DATE = 84005 /* 2199-12-31 */, WORD = 64 };

struct workdays {
	uint8_t weekdays;
	uint64_t off[(LAST_DATE + 1) / WORD + 2]; /* a spare word: a month is read across two */
};

struct workdays *workdays_new(uint8_t weekdays)
{
	struct workdays *workdays = mem_new(sizeof(*workdays));

	workdays->weekdays = weekdays & 0x7f ? weekdays & 0x7f : WORKDAYS_MON_FRI;
	return workdays;
}

void workdays_free(struct workdays *workdays)
{
	free(workdays);
}

static bool is_known(int32_t date)
{
	return date >= FIRST_DATE && date <= LAST_DATE;
}

void workdays_add_off(struct workdays *workdays, int32_t date)
{
	if (is_known(date))
		workdays->off[date / WORD] |= UINT64_C(1) << (date % WORD);
}

uint64_t workdays_hash(const struct workdays *workdays)
{
	uint64_t hash = workdays ? workdays->weekdays : WORKDAYS_MON_FRI;

	for (size_t i = 0; workdays && i < ARRAY_LEN(workdays->off); i++)
		hash = (hash ^ workdays->off[i]) * UINT64_C(0xFF51AFD7ED558CCD) + (hash >> 29);
	return hash;
}

bool workdays_has_weekday(const struct workdays *workdays, int weekday)
{
	return (workdays ? workdays->weekdays : WORKDAYS_MON_FRI) >> weekday & 1;
}

bool workdays_has(const struct workdays *workdays, int32_t date)
{
	if (workdays && is_known(date) && workdays->off[date / WORD] >> (date % WORD) & 1)
		return false;
	return workdays_has_weekday(workdays, date_weekday(date));
}

uint32_t workdays_month(const struct workdays *workdays, int32_t first, int length)
{
	uint64_t weeks = workdays ? workdays->weekdays : WORKDAYS_MON_FRI, off = 0;

	if (workdays && is_known(first)) {
		off = workdays->off[first / WORD] >> (first % WORD);
		if (first % WORD)
			off |= workdays->off[first / WORD + 1] << (WORD - first % WORD);
	}
	weeks |= weeks << 7 | weeks << 14 | weeks << 21 | weeks << 28 | weeks << 35;
	weeks = weeks >> date_weekday(first) & ~off & ((UINT64_C(1) << length) - 1);
	return (uint32_t)(weeks << 1);
}

int32_t workdays_nearest(const struct workdays *workdays, int32_t date, int step)
{
	for (int i = 0; i <= WORKDAYS_REACH; i++, date += step)
		if (workdays_has(workdays, date))
			return date;
	return INT32_MAX;
}
