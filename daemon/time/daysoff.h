/* Days and hours off, as a calendar file (.ics, RFC 5545) tells them: the holidays of a place, the
 * absences of a person. The file is untrusted input.
 *
 * What an event means here: one without a time of day, and one from local midnight to local
 * midnight, is off on those whole dates; any other is off from its start to its end. Events that
 * are CANCELLED do not count; RRULE, RDATE, EXDATE and RECURRENCE-ID do; alarms, attendees, TRANSP
 * and whatever else a calendar says are none of our business. Times are in UTC, in a zone by its tz
 * name, in a zone that the file itself defines (VTIMEZONE), or floating: then those of `zone` below.
 * Immutable once parsed. */
#pragma once

#include "time/zone.h"

struct daysoff;

/* Damage that is tolerated: what was wrong and what was made of it. Lent for the call. */
typedef void (*daysoff_on_warning)(void *owner, int line, const char *message);

enum { DAYSOFF_BYTES_MAX = 8 << 20, DAYSOFF_EVENTS_MAX = 50000 };

/* 0, or -EINVAL with a sentence and its line (0: the whole) when this is no calendar, -EFBIG beyond
 * the ceilings. An event that cannot be understood is left out with a warning. */
int daysoff_parse(const char *bytes, size_t len, daysoff_on_warning on_warning, void *owner,
	struct daysoff **ret, int *ret_line, const char **ret_message) must_check;
void daysoff_free(struct daysoff *daysoff);          /* NULL is fine */
size_t daysoff_count(const struct daysoff *daysoff); /* events, each repetition rule once */

/* Whether a local date is off as a whole: what it is called ("" without a name; lent), else NULL.
 * zone is where the dates of events at a time of day are looked at. */
const char *daysoff_date(const struct daysoff *daysoff, const struct zone *zone, int32_t date);
/* Whether an instant lies in an event that has hours: its name, and when it ends (seconds, UTC);
 * else NULL. Of several the one that ends last. */
const char *daysoff_at(
	const struct daysoff *daysoff, const struct zone *zone, int64_t utc, int64_t *ret_until);
/* Every date in [from, to] that is off as a whole, each perhaps more than once. */
void daysoff_each(const struct daysoff *daysoff, const struct zone *zone, int32_t from, int32_t to,
	void (*on_date)(void *owner, int32_t date, const char *name), void *owner);
