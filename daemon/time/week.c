/* Weekly windows as one bit for each minute of the week. Pure; the week begins on Monday 00:00
 * local time. */
#include "time/week.h"

#include "time/scan.h"

#include <errno.h>
#include <string.h>

enum { DAY_MINUTES = 1440, WEEK_MINUTES = 7 * DAY_MINUTES, WORDS = (WEEK_MINUTES + 63) / 64 };

struct week {
	uint64_t bits[WORDS]; /* bits past WEEK_MINUTES stay clear */
	uint8_t days;
};

static bool minute_in(const struct week *week, int minute)
{
	return week->bits[minute / 64] >> (minute % 64) & 1;
}

static void window_add(struct week *week, uint8_t days, int start, int end)
{
	week->days |= days;
	for (int w = 0; w < 7; w++) {
		if (!(days >> w & 1))
			continue;
		for (int m = start; m < end; m++) {
			int minute = (w * DAY_MINUTES + m) % WEEK_MINUTES;

			week->bits[minute / 64] |= UINT64_C(1) << (minute % 64);
		}
	}
}

/* "08:30", "8:30"; 24:00 only where `end` says so. Minutes of the day, or -1. */
static int clock_take(const char **at, bool end)
{
	const char *p = *at;
	int hour, minute;

	if (!scan_number(&p, &hour) || p - *at > 2 || *p != ':' || !scan_is_digit(p[1]) ||
		!scan_is_digit(p[2]) || scan_is_digit(p[3]))
		return -1;
	minute = (p[1] - '0') * 10 + (p[2] - '0');
	if (minute > 59 || hour > 24 || (hour == 24 && (minute || !end)))
		return -1;
	*at = p + 3;
	return hour * 60 + minute;
}

/* One window; *days is what the window before it named, for "Mon 08:00-12:00,13:00-17:00". */
static const char *window_take(const char **at, uint8_t *days, struct week *week)
{
	uint8_t named = 0;
	const char *wrong;
	int start, end;

	*at += strspn(*at, " \t");
	wrong = weekdays_take(at, &named);
	if (wrong)
		return wrong;
	if (named)
		*days = named;
	*at += strspn(*at, " \t");
	start = clock_take(at, false);
	if (start < 0)
		return "expected a start such as 08:30";
	if (**at != '-')
		return "expected - between start and end, as in 08:30-18:00";
	(*at)++;
	end = clock_take(at, true);
	if (end < 0)
		return "expected an end such as 18:00 (at most 24:00)";
	window_add(week, *days, start, end > start ? end : end + DAY_MINUTES);
	*at += strspn(*at, " \t");
	return NULL;
}

int week_parse(const char *text, struct week **ret, int *ret_column, const char **ret_message)
{
	struct week *week = mem_new(sizeof(*week));
	const char *at = text, *wrong;
	uint8_t days = 0x7f;

	for (;;) {
		wrong = window_take(&at, &days, week);
		if (wrong || !*at)
			break;
		if (*at != ',' && *at != ';') {
			wrong = "expected ; between windows";
			break;
		}
		if (*at++ == ';')
			days = 0x7f;
	}
	if (wrong) {
		free(week);
		if (ret_column)
			*ret_column = (int)(at - text) + 1;
		if (ret_message)
			*ret_message = wrong;
		return -EINVAL;
	}
	*ret = week;
	return 0;
}

void week_free(struct week *week)
{
	free(week);
}

uint8_t week_days(const struct week *week)
{
	return week->days;
}

static int minute_of_week(int64_t local)
{
	return date_weekday(local_date(local)) * DAY_MINUTES + local_second_of_day(local) / 60;
}

bool week_contains(const struct week *week, int64_t local)
{
	return minute_in(week, minute_of_week(local));
}

int64_t week_next(const struct week *week, int64_t local, bool wanted)
{
	int64_t start = local + (60 - local_second_of_day(local) % 60) % 60;
	int minute = minute_of_week(start);

	for (int passed = 0; passed < WEEK_MINUTES;) {
		int at = (minute + passed) % WEEK_MINUTES, bit = at % 64;
		uint64_t word = wanted ? week->bits[at / 64] : ~week->bits[at / 64];
		int in_word = MIN_OF(64, WEEK_MINUTES - at / 64 * 64) - bit;

		word >>= bit;
		if (word && __builtin_ctzll(word) < in_word) {
			passed += __builtin_ctzll(word);
			return start + (int64_t)passed * 60;
		}
		passed += in_word;
	}
	return INT64_MAX;
}
