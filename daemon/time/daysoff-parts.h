/* The inside of days off: what ical-join.c fills in, and what daysoff.c and daysoff-series.c ask.
 * Private to time/. Never changed once it is joined. Names are offsets into one block. */
#pragma once

#include "time/daysoff.h"
#include "time/rule-parts.h"

enum { DATE_FIRST = 0, DATE_LAST = 84005 /* 2199-12-31 */ };

/* The most a local time may be away from UTC, and a zone's clock may jump, by far. */
#define SLACK_S (DAY_S + 3600)

/* Whole dates; ascending and apart, so that a date is in at most one. */
struct off_dates {
	int32_t first, last;
	uint32_t name;
};

/* From a start by the wall clock, then in elapsed seconds. */
struct off_length {
	int64_t wall, exact;
};

/* One event at a time of day. Floating: from and until are local times, still to be looked up. */
struct off_hours {
	int64_t from, until; /* until is exclusive */
	int64_t reach;       /* the latest until of this one and all before it */
	struct off_length length;
	uint32_t name;
	bool floating;
};

struct local_range {
	int64_t from, until; /* until is exclusive */
};

/* A repetition: instances are local times in its zone, in that of whoever asks, or dates. */
struct off_series {
	struct rule *rule;
	struct zone *zone;             /* NULL: dates, or floating */
	int64_t last;                  /* the last local time that counts */
	int32_t first_date, last_date; /* of the rule, as far as it counts */
	struct off_length length;
	struct local_range *excluded; /* ascending and apart */
	size_t n_excluded;
	uint32_t name;
	bool dates;     /* no time of day at all */
	bool midnights; /* whole dates wherever its zone is that of whoever asks */
};

struct daysoff {
	size_t count;
	char *names;
	struct off_dates *dates;
	struct off_hours *hours; /* by from */
	struct off_series *series;
	size_t n_dates, n_hours, n_series;
};

/* Something at a time of day, as instants. */
struct instance {
	int64_t from, until; /* until is exclusive */
};

/* RFC 5545 3.3.5: of a local time that the clock leaves out the offset before the gap counts; of one
 * that comes twice the first. */
int64_t off_utc(const struct zone *zone, int64_t local);
/* The first instant of a date. */
int64_t off_date_begin(const struct zone *zone, int32_t date);
struct instance off_instance(
	const struct zone *zone, int64_t local, const struct off_length *length);
/* Whether it goes from local midnight to local midnight: then over which dates. */
bool off_is_whole(
	const struct zone *zone, const struct instance *in, int32_t *ret_first, int32_t *ret_last);
/* Whether an event of this length can be whole dates at all: give or take a jump of the clock. */
bool off_may_be_whole(const struct off_length *length);
/* Of ascending ranges the first that ends after a local time; the one that holds it, or NULL. */
size_t local_ranges_from(const struct local_range *ranges, size_t count, int64_t local);
const struct local_range *local_ranges_find(
	const struct local_range *ranges, size_t count, int64_t local);

/* --- daysoff-series.c: repetitions ------------------------------------------------------------ */

bool series_has_date(const struct off_series *s, const struct zone *zone, int32_t date);
/* Each instance at a time of day that may hold an instant. */
void series_around(const struct off_series *s, const struct zone *zone, int64_t utc,
	void (*on_instance)(void *owner, const struct instance *in), void *owner);

/* A set of dates that tells each new one once. */
struct date_marks {
	int32_t from, to; /* what is asked for */
	uint64_t *seen;   /* also those that are not asked for */
	void (*on_date)(void *owner, int32_t date, const char *name);
	void *owner;
	const char *name; /* of what is being marked */
};
void marks_range(struct date_marks *marks, int32_t first, int32_t last);
void series_mark_all(const struct daysoff *off, const struct zone *zone, struct date_marks *marks);
