/* The inside of days off: what ical-join.c fills in and daysoff.c asks. Private to time/. Never
 * changed once it is joined. Names are offsets into one block. */
#pragma once

#include "time/daysoff.h"
#include "time/rule-parts.h"

enum { DATE_FIRST = 0, DATE_LAST = 84005 /* 2199-12-31 */ };

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
	struct zone *zone; /* NULL: dates, or floating */
	int64_t last;      /* the last local time that counts */
	struct off_length length;
	struct local_range *excluded; /* ascending and apart */
	size_t n_excluded;
	uint32_t name;
	bool dates;
};

struct daysoff {
	size_t count;
	char *names;
	struct off_dates *dates;
	struct off_hours *hours; /* by from */
	struct off_series *series;
	size_t n_dates, n_hours, n_series;
};

/* RFC 5545 3.3.5: of a local time that the clock leaves out the offset before the gap counts; of one
 * that comes twice the first. */
int64_t off_utc(const struct zone *zone, int64_t local);
/* The range that holds a local time, or NULL. */
const struct local_range *local_ranges_find(
	const struct local_range *ranges, size_t count, int64_t local);
