/* Milliseconds from the bytes of a calendar of 5,000 yearly events to all its days off, 1970 to
 * 2199, as a place needs them. Prints `ics_load_ms MILLISECONDS`, the least disturbed of nine. */
#include "base/buf.h"
#include "time/daysoff.h"
#include "time/workdays.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 9, EVENTS = 5000 };

static void calendar_write(struct buf *text)
{
	buf_add_str(text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n");
	for (int i = 0; i < EVENTS; i++)
		buf_printf(text,
			"BEGIN:VEVENT\r\nUID:%d@bench.example\r\nDTSTAMP:20260101T000000Z\r\n"
			"SUMMARY:Holiday number %d\\, of a long list\r\n"
			"DTSTART;VALUE=DATE:20%02d%02d%02d\r\nRRULE:FREQ=YEARLY\r\n"
			"TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n",
			i, i, i % 27, i % 12 + 1, i % 28 + 1);
	buf_add_str(text, "END:VCALENDAR\r\n");
}

static void on_date(void *owner, int32_t date, const char *name)
{
	workdays_add_off(owner, date);
}

static double round_ms(const struct buf *text, const struct zone *zone)
{
	struct workdays *workdays = workdays_new(0);
	struct daysoff *off;
	struct timespec begin, end;
	const char *message;
	int line;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (daysoff_parse(text->data, text->len, NULL, NULL, &off, &line, &message) < 0)
		exit(1);
	daysoff_each(off, zone, INT32_MIN, INT32_MAX, on_date, workdays);
	clock_gettime(CLOCK_MONOTONIC, &end);
	daysoff_free(off);
	workdays_free(workdays);
	return (double)(end.tv_sec - begin.tv_sec) * 1e3 +
	       (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

int main(void)
{
	struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX);
	struct zone *zone;
	double best = 0;

	if (zone_load("Europe/Berlin", &zone) < 0)
		return 1;
	calendar_write(&text);
	for (int i = 0; i < ROUNDS; i++) {
		double ms = round_ms(&text, zone);

		best = i && best < ms ? best : ms;
	}
	printf("ics_load_ms %.1f\n", best);
	zone_unref(zone);
	buf_free(&text);
	return 0;
}
