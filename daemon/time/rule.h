/* Schedules: every form a user can write becomes one immutable rule; next() is three pure
 * functions: next date of the predicate, times of that date, resolution in the zone.
 *
 * Forms: calendar (systemd.time(7) calendar events), cron, rrule (RFC 5545), when (English), every,
 * at. Nothing here reads a clock or the environment, and no file but that of a zone a text names.
 * Whole seconds. No instant after 2199.
 *
 * Daylight saving: a FIXED time (no * and no / in hours, minutes, seconds; and every `when`,
 * `rrule`, `at`) in a gap fires at the first instant after it if that is the same local date, else
 * it is dropped; in an overlap at its first pass. A WILD time is skipped in a gap and fires in both
 * passes. Elapsed intervals are UTC arithmetic. dst_gap and dst_overlap override FIXED. */
#pragma once

#include "time/workdays.h"
#include "time/zone.h"

enum rule_form {
	RULE_CALENDAR,
	RULE_CRON,
	RULE_RRULE,
	RULE_WHEN,
	RULE_EVERY,
	RULE_AT,
	RULE_FORMS,
};
extern const char *const rule_form_names[RULE_FORMS + 1]; /* "calendar" ..., NULL */

enum dst_gap { DST_GAP_AFTER, DST_GAP_SKIP };
enum dst_overlap { DST_OVERLAP_FIRST, DST_OVERLAP_LAST, DST_OVERLAP_BOTH };
enum short_month { SHORT_MONTH_OMIT, SHORT_MONTH_LAST_DAY, SHORT_MONTH_NEXT_DAY };

struct date_range {
	int32_t first, last; /* both inclusive */
};

/* What the other keys of a reminder say about its schedule. Zero is the default of each. */
struct rule_options {
	const char *start; /* local time or instant; NULL: none */
	bool has_from, has_until;
	int32_t from, until; /* local dates, inclusive */
	const struct date_range *except;
	size_t n_except;
	enum dst_gap dst_gap;
	enum dst_overlap dst_overlap;
	enum short_month short_month;
	/* rrule only: local times as text, besides what the rule says. */
	const char *const *rdate, *const *exdate;
	size_t n_rdate, n_exdate;
};

struct rule_error {
	int column; /* 1-based, 0 = the whole text */
	char message[256];
};

struct rule;

/* One slot. Its identity is (local, pass); for elapsed intervals local is the UTC instant itself.
 */
struct slot {
	int64_t local; /* nominal local time, civil seconds */
	int64_t utc;   /* when it happens, seconds */
	int pass;      /* 0, or 1 in the second pass of an overlap */
	bool missing;  /* rule_next_named() only: the clock left it out, and it does not fire */
};

/* 0, or -EINVAL with the error filled in. A rule that can never fire is an error. */
int rule_parse(enum rule_form form, const char *text, const struct rule_options *options,
	struct rule **ret, struct rule_error *ret_error) must_check;
struct rule *rule_ref(struct rule *rule);
void rule_unref(struct rule *rule); /* NULL is fine */

/* The zone the text itself names ("... Europe/Berlin"), or NULL. It wins over any other. Lent; the
 * rule shares it, and never changes it. */
struct zone *rule_own_zone(const struct rule *rule);
bool rule_is_elapsed(const struct rule *rule);
/* What whoever wrote it may not have meant, or NULL; static. */
const char *rule_warning(const struct rule *rule);
/* The seconds between the slots of an elapsed interval; 0: it is none. */
int64_t rule_period_s(const struct rule *rule);
/* The canonical form: parses back to the same rule. Owned by the caller. */
char *rule_write(const struct rule *rule);
bool rule_equal(const struct rule *a, const struct rule *b);

/* The first slot strictly later than after_utc, in the rule's own zone or else in `zone`; phrases
 * that speak of working days mean those of `workdays` (NULL: Monday to Friday).
 * True, or false when the schedule has ended. ret->utc > after_utc always. */
bool rule_next(const struct rule *rule, const struct zone *zone, const struct workdays *workdays,
	int64_t after_utc, struct slot *ret) must_check;
/* The same with the FIXED slots that a gap swallows (dst_gap = skip, or a date that the zone does
 * not have): `missing`, at the first instant after the gap; of several in one gap the first, and
 * none when another slot fires there. For the record, which says of each slot what became of it. */
bool rule_next_named(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int64_t after_utc, struct slot *ret) must_check;

/* Why a rule names no time on a local date. */
enum silence {
	SILENCE_NONE,     /* it names one */
	SILENCE_RULE,     /* its days are others */
	SILENCE_BEFORE,   /* the date is before its first one, *ret_date */
	SILENCE_OVER,     /* after its last one */
	SILENCE_EXCEPT,   /* `except` has the date, up to *ret_date */
	SILENCE_EXCLUDED, /* `exdate` has all of its times */
};
/* *ret_date is set only where the reason speaks of one. */
enum silence rule_silence(const struct rule *rule, const struct zone *zone,
	const struct workdays *workdays, int32_t date, int32_t *ret_date) must_check;
/* The first and the last date it may name a time on, by all that limits it: INT32_MIN, INT32_MAX where
 * nothing does; and how many ranges of dates are excepted in between. */
void rule_limits(
	const struct rule *rule, int32_t *ret_first, int32_t *ret_last, size_t *ret_excepts);
