/* What the reader and the writer of cron expressions share. Private to cron*.c. */
#pragma once

#include "time/rule-parts.h"

#include "base/buf.h"

enum cron_field {
	CRON_SECOND,
	CRON_MINUTE,
	CRON_HOUR,
	CRON_DAY,
	CRON_MONTH,
	CRON_WEEKDAY, /* read as 0 to 7, kept as 1 to 7 */
	CRON_YEAR,
	CRON_FIELDS,
};
enum { CRON_SUNDAY = 7, CRON_NTH_MAX = 5 };

struct cron_field_info {
	const char *name, *expected;
	int min, max;             /* of what is read */
	int count;                /* of the values that are kept */
	const char *const *names; /* NULL, or of min and the values after it */
};
extern const struct cron_field_info cron_fields[CRON_FIELDS];

/* Whether the day of month, and the day of week, is anything but *. */
bool cron_has_days(const struct date_set *set);
bool cron_has_weekdays(const struct date_set *set);
/* "5", or "5-9"; by name where there are names. */
void cron_range_write(struct buf *text, enum cron_field f, int first, int last);
/* The canonical text, from nothing but what was filled in: rules that are equal have the same. Owned
 * by the caller. */
char *cron_write(const struct rule_values *v);
