/* The inside of the .ics reader (RFC 5545): content lines, values, zones, rules, events, and what
 * is gathered from one file before daysoff.c knows it. Private to time/.
 *
 * Everything that a hostile file could make large is bounded: strings by the file, events and
 * dates by their ceilings, and the work of repetitions by `work`. */
#pragma once

#include "base/buf.h"
#include "time/daysoff-parts.h"

enum ical_damage {
	ICAL_BAD_LINE,
	ICAL_BAD_NESTING,
	ICAL_BAD_TIME,
	ICAL_BAD_LENGTH,
	ICAL_BAD_RULE,
	ICAL_BAD_ZONE,
	ICAL_BAD_UID,
	ICAL_BAD_NAME,
	ICAL_DAMAGES,
};

enum {
	ICAL_WARNINGS_EACH = 5, /* of one kind */
	ICAL_ZONES_MAX = 256,
	ICAL_DATES_MAX = 200000, /* of all EXDATE and RDATE together */
	ICAL_NAME_MAX = 120,
	ICAL_WORK_BASE = 200000, /* steps of about 100 ns; one more for each byte of the file */
};

/* Zones of a time value; from ICAL_ZONE_FILE on an index into ical->zones. */
enum { ICAL_ZONE_NONE = -1, ICAL_ZONE_UTC = -2, ICAL_ZONE_FILE = 0 };

/* A date, or a date and time, as its digits say it. */
struct ical_time {
	int64_t local;
	int zone; /* none: a date, or floating */
	bool is_date;
};

struct ical_rdate {
	struct ical_time start, end;
	struct off_length length;
	enum { RDATE_AS_EVENT, RDATE_WITH_LENGTH, RDATE_WITH_END } kind;
};

/* Some of the list of a file that belong together. */
struct ical_slice {
	size_t first, count;
};

/* Offsets into ical->strings; 0 is the empty string. */
typedef uint32_t ical_string;

struct ical_event {
	int line; /* of BEGIN */
	ical_string uid, name;
	int64_t sequence;
	struct ical_time start, end, recurrence;
	struct off_length length;
	bool has_start, has_end, has_length, is_override, cancelled, broken;
	ical_string rrule;
	int rrule_line;
	struct ical_slice exdates, rdates;
	size_t order; /* of reading */
};

struct ical_observance {
	int line;
	bool has_start, has_from, has_to;
	int64_t start;
	int32_t from, to; /* seconds east */
	ical_string rrule;
	struct ical_slice rdates; /* in zone_rdates */
};

struct ical_zone {
	ical_string name;
	int line; /* where it is first used; 0: nowhere */
	bool defined;
	struct ical_slice observances;
	struct zone *zone; /* after ical_zones_open(); NULL: nobody knows it, so floating */
};

struct ical {
	daysoff_on_warning on_warning;
	void *owner;
	int warned[ICAL_DAMAGES];
	int64_t work;
	struct buf strings;
	struct zone *utc;
	struct ical_zone *zones;
	struct ical_observance *observances;
	int64_t *zone_rdates;
	struct ical_event *events;
	struct ical_time *exdates;
	struct ical_rdate *rdates;
	size_t n_zones, room_zones, n_observances, room_observances, n_zone_rdates,
		room_zone_rdates, n_events, room_events, n_exdates, room_exdates, n_rdates,
		room_rdates;
};

void ical_warn(struct ical *ical, enum ical_damage kind, int line, const char *format, ...)
	printf_like(4, 5);
void ical_free(struct ical *ical); /* for cleanup() */
ical_string ical_string_add(struct ical *ical, const char *text);
static inline const char *ical_text(const struct ical *ical, ical_string string)
{
	return ical->strings.data + string;
}

/* --- ical-lines.c: content lines --------------------------------------------------------------- */

struct ical_reader {
	const char *at, *end;
	int line; /* the next physical one */
	struct buf text;
};

/* One unfolded line, cut into its parts; lent until the next. */
struct ical_line {
	int number;
	const char *name; /* NULL: no content line */
	char *value;
	const char *tzid, *type, *range; /* parameters TZID, VALUE, RANGE; NULL: not given */
};

void ical_reader_init(struct ical_reader *reader, const char *bytes, size_t len);
/* The next line that is not blank; false at the end. */
bool ical_line_next(struct ical_reader *reader, struct ical_line *ret) must_check;
bool ical_is(const char *a, const char *b); /* the same word, in any case */

/* --- ical-values.c: what stands behind the colon ----------------------------------------------- */

/* A date or a date and time at *at, which moves behind it; *ret_utc: it ends in Z. */
int ical_time_take(const char **at, struct ical_time *ret, bool *ret_utc) must_check;
/* "P1DT2H"; -EINVAL also when negative. */
int ical_length_take(const char **at, struct off_length *ret) must_check;
/* "+0100", "-043000" as seconds east. */
int ical_offset_parse(const char *text, int32_t *ret) must_check;
/* A name for people out of TEXT: escapes undone, control characters and line ends as one space,
 * invalid UTF-8 left out, at most `size` - 1 bytes. False when something was invalid. */
bool ical_name_clean(const char *text, char *out, size_t size);

/* --- ical-zones.c: TZID and VTIMEZONE ---------------------------------------------------------- */

/* The index of a TZID, which is noted when it is new; ICAL_ZONE_NONE beyond the ceiling. */
int ical_zone_find(struct ical *ical, const char *tzid, int line);
/* The same for a time that is in this zone. */
int ical_zone_use(struct ical *ical, const char *tzid, int line);
/* Once all is read: every TZID becomes a zone, of the system or of the file. */
void ical_zones_open(struct ical *ical);
/* NULL: floating. */
const struct zone *ical_zone_of(const struct ical *ical, const struct ical_time *time);

/* --- ical-rules.c: RRULE ----------------------------------------------------------------------- */

struct ical_rule {
	struct rule *rule;
	int64_t until; /* INT64_MAX: no end */
	bool until_is_utc;
};
/* Of an event that begins there and lasts so long; without a length: the onsets of a zone. False,
 * after a warning, for what we do not understand. */
bool ical_rule_parse(struct ical *ical, int line, const char *text, const struct ical_time *start,
	const struct off_length *length, struct ical_rule *ret) must_check;

/* --- ical-properties.c: what is inside the components ------------------------------------------ */

enum ical_place { ICAL_OUTSIDE, ICAL_IN_CALENDAR, ICAL_IN_EVENT, ICAL_IN_ZONE, ICAL_IN_OBSERVANCE };

struct ical_walk {
	struct ical *ical;
	enum ical_place place;
	int skipping; /* components that are none of our business, within the place */
	int skip_line;
	struct ical_event event;
	int zone; /* the VTIMEZONE that is being read */
	struct ical_slice observances;
	struct ical_observance observance;
	size_t calendar_first; /* the first event of this VCALENDAR */
	bool cancels;          /* METHOD:CANCEL */
	bool too_many;
};

void ical_property_take(struct ical_walk *walk, const struct ical_line *line);

/* --- ical-components.c: the components ------------------------------------------------------------- */

/* Gathers what a file says: 0, -EINVAL, -EFBIG as daysoff_parse(). */
int ical_read(struct ical *ical, const char *bytes, size_t len, int *ret_line,
	const char **ret_message) must_check;

/* --- ical-join.c: from events to days and hours ------------------------------------------------ */

struct daysoff *ical_join(struct ical *ical);
