/* What the files that read phrases share: what was read so far, and the productions of days. The
 * grammar stands in when.c. Each production returns 0 or -EINVAL with the error filled in. */
#pragma once

#include "time/rule-parts.h"
#include "time/when-words.h"

enum {
	WEEKDAYS_MON_SUN = 0x7f,
	WEEKDAYS_WEEKEND = 0x60,
	MONTHS_ALL = 0x1ffe,
	NUMBERS_MAX = 64, /* in a list of first, second, ... */
	GROUPS_MAX = 8,
	DATES_ONCE_MAX = 40,
	INTERVAL_MAX = 999,
};

#define SET_WEEKDAYS (WORD_BIT(WORD_WEEKDAY) | WORD_BIT(WORD_WEEKDAYS) | WORD_BIT(WORD_WEEKEND))
#define SET_ORDINALS (WORD_BIT(WORD_ORDINAL) | WORD_BIT(WORD_LAST))
#define SET_DATES (WORD_BIT(WORD_NUMBER) | WORD_BIT(WORD_MONTH))
#define SET_WORKING (WORD_BIT(WORD_WORKING) | WORD_BIT(WORD_WORKDAY))

enum days_kind { DAYS_UNSAID, DAYS_ALL, DAYS_WEEKDAYS, DAYS_WORKING, DAYS_NAMED, DAYS_KINDS };

/* "first and third Monday" */
struct group {
	int numbers[NUMBERS_MAX]; /* negative: from the end */
	int count;
	enum days_kind kind;
	uint8_t weekdays;
	const char *at, *last_at;
};

/* What a selection is of. */
struct span {
	enum period_unit unit;
	int interval;
	uint16_t months;
	const char *at;
};

/* What was read so far; weekdays, working days and the period are in the rule already. */
struct phrase {
	struct words words;
	struct rule *rule;
	struct group groups[GROUPS_MAX];
	int n_groups;
	int32_t times[TIMES_LISTED];
	size_t n_times;
	uint32_t yearly[13]; /* [month]: days, of dates without a year */
	int32_t once[DATES_ONCE_MAX];
	size_t n_once;
	bool no_filter; /* "in June" would say nothing clear of these days */
	bool like_nth;  /* "every third Friday" */
};

static inline int phrase_fail(struct phrase *p, const char *at, const char *what)
{
	return scan_fail(p->words.scan, at, "%s", what);
}
/* The days are not said in full: `what` to say, when the times or the end follow. */
int phrase_fail_days(struct phrase *p, const char *what);

int phrase_months(struct phrase *p, uint16_t *months);
int phrase_weekdays(struct phrase *p, uint8_t *weekdays);
int phrase_working(struct phrase *p);
int phrase_selection(struct phrase *p);
/* A selection was read, and nothing has said yet of what. */
int phrase_selection_of(struct phrase *p);
/* Behind "every 2 months on": a selection of that unit, which may say so. */
int phrase_selection_on(struct phrase *p, enum period_unit unit, int interval);
int phrase_dates(struct phrase *p, bool may_be_once);
/* "every 2 weeks" behind weekdays, "every year" behind dates; nothing is fine. */
int phrase_repeat_behind(struct phrase *p, enum period_unit unit);
/* "fortnights" is 2 times a week; false when there is no unit here. */
bool phrase_unit(struct words *w, enum period_unit *unit, int *times);
/* "other", "2", "second": how many of a unit; 1 when nothing says it. */
int phrase_interval(struct words *w);
int phrase_check_interval(struct phrase *p, const char *at, int interval);
/* Sorts, each number once: how many are left. */
size_t phrase_sort(int *list, size_t count);
