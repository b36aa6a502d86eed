/* Days off by files, for a tool without a configuration. Owns what it read, and the working days of the
 * zone that was asked for last. */
#include "face/holidays.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/table.h"
#include "time/daysoff.h"

#include <errno.h>

struct holidays {
	struct daysoff **list;
	size_t count, capacity;
	struct workdays *workdays;
	char *zone; /* of the workdays */
};

struct holidays *holidays_new(void)
{
	return mem_new(sizeof(struct holidays));
}

void holidays_free(struct holidays *holidays)
{
	if (!holidays)
		return;
	for (size_t i = 0; i < holidays->count; i++)
		daysoff_free(holidays->list[i]);
	free(holidays->list);
	workdays_free(holidays->workdays);
	free(holidays->zone);
	free(holidays);
}

static void say(const char *file, int line, const char *kind, const char *message)
{
	auto_free char *text = line ? str_printf("%s:%d: %s%s", file, line, kind, message)
				    : str_printf("%s: %s%s", file, kind, message);

	table_print_line(stderr, SHADE_PLAIN, text);
}

static void on_warning(void *owner, int line, const char *message)
{
	say(owner, line, "warning: ", message);
}

int holidays_add(struct holidays *holidays, const char *file)
{
	cleanup(buf_free) struct buf text = BUF_MAX(DAYSOFF_BYTES_MAX);
	struct daysoff *daysoff;
	const char *message;
	int line = 0, r = buf_read_file(&text, file);

	if (r < 0) {
		say(file, 0, "", r == -EFBIG ? "larger than a calendar may be" : strerror(-r));
		return r;
	}
	r = daysoff_parse(
		buf_str(&text), text.len, on_warning, (void *)file, &daysoff, &line, &message);
	if (r < 0) {
		say(file, line, "", message);
		return r;
	}
	ARRAY_GROW(holidays->list, holidays->count, holidays->capacity);
	holidays->list[holidays->count++] = daysoff;
	return 0;
}

static void on_date(void *owner, int32_t date, const char *name unused_arg)
{
	workdays_add_off(owner, date);
}

const struct workdays *holidays_workdays(struct holidays *holidays, const struct zone *zone)
{
	if (!holidays->count)
		return NULL;
	if (str_eq(holidays->zone, zone_name(zone)))
		return holidays->workdays;
	workdays_free(holidays->workdays);
	free(holidays->zone);
	holidays->zone = str_new(zone_name(zone));
	holidays->workdays = workdays_new(WORKDAYS_MON_FRI);
	for (size_t i = 0; i < holidays->count; i++)
		daysoff_each(holidays->list[i], zone, 0, date_from_ymd(2199, 12, 31), on_date,
			holidays->workdays);
	return holidays->workdays;
}
