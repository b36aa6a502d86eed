/* Days and hours off of calendars, for the oracle: on stdin again and again a line
 * `BYTES ZONE FROM TO STEP` (dates, seconds) and so many bytes of a calendar; on stdout a line for
 * each warning, for each date off, and for each instant of that step at which `until` of the event
 * that holds it is another than before; then a line with a full stop. The ways to ask for dates are
 * held against each other on the way. */
#include "base/buf.h"
#include "time/daysoff.h"

#include <stdio.h>
#include <string.h>

enum { DATES_MAX = 90000 };

static void on_warning(void *owner, int line, const char *message)
{
	printf("warning %d %s\n", line, message);
}

static void on_date(void *owner, int32_t date, const char *name)
{
	const char **names = owner;

	names[date] = name;
}

static void dates_print(
	const struct daysoff *off, const struct zone *zone, int32_t from, int32_t to)
{
	auto_free const char **names = mem_new_array(DATES_MAX, sizeof(*names));

	daysoff_each(off, zone, from, to, on_date, names);
	for (int32_t date = from; date <= to; date++) {
		const char *name = daysoff_date(off, zone, date);
		char text[CIVIL_TEXT];

		date_write(date, text);
		if (!name != !names[date])
			printf("differs %s\n", text);
		if (name)
			printf("date %s %s\n", text, name);
	}
}

static void hours_print(
	const struct daysoff *off, const struct zone *zone, int64_t from, int64_t to, int64_t step)
{
	int64_t before = 0;

	for (int64_t at = from; at < to; at += step) {
		int64_t until = 0;

		if (!daysoff_at(off, zone, at, &until))
			until = 0;
		if (until != before)
			printf("at %lld %lld\n", (long long)at, (long long)until);
		before = until;
	}
}

static bool answer(size_t len, const char *zone_id, const char *first, const char *last, int step)
{
	auto_free char *bytes = mem_new(len + 1);
	const char *message;
	struct daysoff *off;
	struct zone *zone;
	int32_t from, to;
	int line;

	if (fread(bytes, 1, len, stdin) != len || date_parse(first, &from) < 0 ||
		date_parse(last, &to) < 0 || zone_load(zone_id, &zone) < 0)
		return false;
	if (daysoff_parse(bytes, len, on_warning, NULL, &off, &line, &message) < 0) {
		printf("refused %d %s\n.\n", line, message);
	} else {
		dates_print(off, zone, from, to);
		hours_print(off, zone, from * DAY_S, (to + 1) * DAY_S, step);
		daysoff_free(off);
		puts(".");
	}
	fflush(stdout);
	zone_unref(zone);
	return true;
}

int main(void)
{
	char zone[64], from[16], to[16];
	size_t len;
	int step;

	while (scanf("%zu %63s %15s %15s %d%*1[\n]", &len, zone, from, to, &step) == 5)
		if (len > DAYSOFF_BYTES_MAX || !answer(len, zone, from, to, step))
			return 1;
	return 0;
}
