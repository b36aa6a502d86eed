/* The inside of a rule: what the parsers fill in and next.c reads. Private to time/.
 *
 * A rule is a predicate on dates, a period that thins it out, a set of times of day, and the
 * limits around them. Every form a user can write fits in here. */
#pragma once

#include "time/rule.h"
#include "time/scan.h"

enum { YEAR_FIRST = 1970, YEAR_LAST = 2199 };
#define LOCAL_FIRST INT64_C(0)
#define LOCAL_LAST INT64_C(7258118399) /* 2199-12-31T23:59:59 */
#define NO_SLOT INT64_MAX

enum {
	NEAR_LAST_BIT = 0,   /* in near_workdays: the month's last working day */
	TIMES_LISTED = 1440, /* a FIXED set this small is kept as a list */
};

/* Two groups, days of the month and weekdays, each unrestricted when it is empty; a date is in when
 * both groups take it, or, with `either`, when one that is restricted does. */
struct date_set {
	uint64_t years[4];                /* bit year - YEAR_FIRST */
	uint64_t nth[7], nth_from_end[7]; /* [weekday], bit n - 1: the nth of the month or year */
	uint32_t days, days_from_end;     /* bit 1..31; from the end, 1 is the last day */
	uint32_t near_workdays;           /* bit 1..31: the working day nearest to it, same month */
	uint16_t months;                  /* bit 1..12 */
	uint8_t weekdays;                 /* bit 0..6 */
	bool nth_in_year;
	bool either;
	bool workdays_only; /* of all those, the working days of the place */
};

enum period_unit { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR, PERIOD_QUARTER };

struct period {
	enum period_unit unit;
	int interval;                  /* 1: every */
	int32_t anchor;                /* a date in a period that counts */
	int week_start;                /* 0 = Monday */
	int anchor_year, anchor_month; /* of the anchor */
};

/* FIXED is a sorted list of seconds of the day, or three masks when it would be long; WILD is
 * always three masks. */
struct time_set {
	uint64_t minutes, seconds;
	uint32_t hours;
	bool wild;
};

enum rule_kind {
	KIND_DATES,   /* dates and times, then extra instants */
	KIND_LISTED,  /* extra instants only */
	KIND_ELAPSED, /* every_s from the anchor, in UTC */
	KIND_ONCE,    /* the anchor, a UTC instant */
};

/* Plain values, compared as bytes: zeroed at birth, assigned one by one. */
struct rule_values {
	enum rule_form form;
	enum rule_kind kind;
	struct date_set dates;
	struct period period;
	struct time_set times;
	uint32_t month_masks[4][7]; /* [length - 28][weekday of the 1st]: days of such a month */
	int64_t first_local, last_local; /* window of nominal local times, inclusive */
	int64_t base_last;               /* COUNT: the last slot of dates and times, inclusive */
	int64_t first_utc, last_utc;     /* window of instants, inclusive */
	int64_t every_s, anchor;
	bool whole_dates;  /* positions choose dates, with all their times, not slots */
	bool anchored;     /* an elapsed interval begins at its anchor; else it has no beginning */
	bool anchor_local; /* the anchor is a local time */
	enum dst_gap dst_gap;
	enum dst_overlap dst_overlap;
	enum short_month short_month;
};

struct rule {
	struct rule_values v;
	unsigned refs;
	char *text;          /* canonical */
	const char *warning; /* static, or NULL */
	struct zone *zone;
	int32_t *times;            /* FIXED list, ascending; NULL: the masks */
	int *positions;            /* BYSETPOS */
	int64_t *extra, *excluded; /* local times, ascending */
	struct date_range *except; /* ascending, apart */
	size_t n_times, n_positions, n_extra, n_excluded, n_except;
};

/* What every parser gets. `start` is read from the options already. */
struct draft {
	struct rule *rule;
	const struct rule_options *options;
	struct scan scan;
	bool has_start, start_is_utc;
	int64_t start;
	int count; /* of COUNT; 0: none */
};

/* Each fills draft->rule, its canonical text included: 0 or -EINVAL with the error filled in. */
int calendar_parse(struct draft *draft) must_check;
int cron_parse(struct draft *draft) must_check;
int rrule_parse(struct draft *draft) must_check;
int every_parse(struct draft *draft) must_check;
int at_parse(struct draft *draft) must_check;
int when_parse(struct draft *draft) must_check;
/* The phrase of a rule that when_parse() filled in: one spelling for all that mean it. */
char *when_write(const struct rule *rule);

static inline void date_set_all(struct date_set *set)
{
	set->months = 0x1ffe;
	for (size_t i = 0; i < ARRAY_LEN(set->years); i++)
		set->years[i] = UINT64_MAX;
}
/* One time of day. */
void times_set_one(struct rule *rule, int32_t second);
/* Start as a local time, for the forms whose calendar it anchors; an instant that ends in Z makes
 * UTC the rule's own zone. */
int draft_need_local_start(struct draft *draft, const char *form) must_check;

/* The masks of months from the date predicate; rule_parse() does it behind the parser. */
void rule_masks_fill(struct rule_values *v);

/* next.c: whether it has numbered weekdays, such as the second Tuesday. */
bool date_set_has_nth(const struct date_set *set);
/* The days of a month shape that the set takes, without years, months or the period. */
uint32_t date_set_month(const struct rule_values *v, int length, int first_weekday);
struct month {
	int year, month, length;
	int32_t first;     /* its first date */
	int first_weekday; /* of that date */
};
/* The dates of a month that the predicate and the period take, as bits 1..length: before set
 * positions, lists, window and count. */
uint32_t rule_month_dates(const struct rule *rule, const struct month *m);
/* The first nominal local time >= local, or NO_SLOT. */
int64_t rule_next_local(const struct rule *rule, const struct workdays *workdays, int64_t local);
/* The same without extra and excluded instants, window and count. */
int64_t rule_next_base(const struct rule *rule, const struct workdays *workdays, int64_t local);
/* The range of `except` that covers the date, or NULL. */
const struct date_range *rule_except_at(const struct rule *rule, int32_t date);
