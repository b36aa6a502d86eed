/* The components of a calendar file: events and time zones are gathered, all others are walked
 * over, and damage in their nesting is put up with. Decides nothing about days. */
#include "time/ical.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum place { OUTSIDE, IN_CALENDAR, IN_EVENT, IN_ZONE, IN_OBSERVANCE };

struct walk {
	struct ical *ical;
	enum place place;
	int skipping; /* components that are none of our business, within the place */
	int skip_line;
	struct ical_event event;
	int zone, zone_line; /* the VTIMEZONE that is being read */
	struct ical_slice observances;
	struct ical_observance observance;
	size_t calendar_first; /* the first event of this VCALENDAR */
	bool cancels;          /* METHOD:CANCEL */
	bool too_many;
};

/* --- values ----------------------------------------------------------------------------------- */

static void time_warn(struct walk *walk, const struct ical_line *line, const char *what)
{
	char shown[40];

	ical_name_clean(line->value, shown, sizeof(shown));
	ical_warn(walk->ical, ICAL_BAD_TIME, line->number, "%s: \"%s\" is no time that exists: %s",
		line->name, shown, what);
}

/* The zone that a line gives to its times. */
static int line_zone(struct walk *walk, const struct ical_line *line)
{
	return line->tzid && *line->tzid ? ical_zone_find(walk->ical, line->tzid, line->number)
					 : ICAL_ZONE_NONE;
}

static int one_time(const char **at, int zone, const struct ical_line *line, struct ical_time *ret)
{
	bool utc;
	int r = ical_time_take(at, ret, &utc);

	if (r < 0)
		return r;
	if (line->type && ical_is(line->type, "DATE") && !ret->is_date) {
		ret->is_date = true;
		ret->local = local_date(ret->local) * DAY_S;
	}
	if (!ret->is_date)
		ret->zone = utc ? ICAL_ZONE_UTC : zone;
	return 0;
}

static bool single_time(
	struct walk *walk, const struct ical_line *line, const char *what, struct ical_time *ret)
{
	const char *at = line->value + strspn(line->value, " ");
	int r = one_time(&at, line_zone(walk, line), line, ret);

	if (!r && at[strspn(at, " \t")])
		r = -EINVAL;
	if (r < 0)
		time_warn(walk, line, what);
	return r == 0;
}

static bool dates_full(struct walk *walk)
{
	walk->too_many |=
		walk->ical->n_exdates + walk->ical->n_rdates + walk->ical->n_zone_rdates >=
		ICAL_DATES_MAX;
	return walk->too_many;
}

/* "20261224,20261226T180000/PT1H": each handed to put; `/` and what follows to put as well. */
static void time_list(struct walk *walk, const struct ical_line *line,
	int (*put)(struct walk *walk, const struct ical_line *line, struct ical_time time,
		const char **at))
{
	const char *at = line->value;
	int zone = line_zone(walk, line);

	while (*at && !dates_full(walk)) {
		struct ical_time time;
		int r = one_time(&at, zone, line, &time);

		if (!r)
			r = put(walk, line, time, &at);
		at += strspn(at, " ");
		if (!r && *at && *at != ',')
			r = -EINVAL;
		if (r < 0)
			time_warn(walk, line, "it is left out");
		at += strcspn(at, ",");
		at += *at == ',';
	}
}

static int put_exdate(
	struct walk *walk, const struct ical_line *line, struct ical_time time, const char **at)
{
	struct ical *ical = walk->ical;

	ARRAY_GROW(ical->exdates, ical->n_exdates, ical->room_exdates);
	ical->exdates[ical->n_exdates++] = time;
	walk->event.exdates.count++;
	return 0;
}

static int put_rdate(
	struct walk *walk, const struct ical_line *line, struct ical_time time, const char **at)
{
	struct ical *ical = walk->ical;
	struct ical_rdate rdate = {.start = time};
	int r = 0;

	if (**at == '/') {
		(*at)++;
		rdate.kind = scan_is_digit(**at) ? RDATE_WITH_END : RDATE_WITH_SPAN;
		r = rdate.kind == RDATE_WITH_END ? one_time(at, time.zone, line, &rdate.end)
						 : ical_span_take(at, &rdate.span);
	}
	if (r < 0)
		return r;
	ARRAY_GROW(ical->rdates, ical->n_rdates, ical->room_rdates);
	ical->rdates[ical->n_rdates++] = rdate;
	walk->event.rdates.count++;
	return 0;
}

static int put_zone_rdate(
	struct walk *walk, const struct ical_line *line, struct ical_time time, const char **at)
{
	struct ical *ical = walk->ical;

	ARRAY_GROW(ical->zone_rdates, ical->n_zone_rdates, ical->room_zone_rdates);
	ical->zone_rdates[ical->n_zone_rdates++] = time.local;
	walk->observance.rdates.count++;
	return 0;
}

/* --- properties of an event ------------------------------------------------------------------- */

static void on_start(struct walk *walk, const struct ical_line *line)
{
	struct ical_event *e = &walk->event;

	e->has_start = single_time(walk, line, "the event is left out", &e->start);
	e->broken |= !e->has_start;
}

static void on_end(struct walk *walk, const struct ical_line *line)
{
	walk->event.has_end = single_time(walk, line, "taken as not given", &walk->event.end);
}

static void on_duration(struct walk *walk, const struct ical_line *line)
{
	const char *at = line->value;

	walk->event.has_span = ical_span_take(&at, &walk->event.span) == 0 && !*at;
	if (!walk->event.has_span)
		ical_warn(walk->ical, ICAL_BAD_LENGTH, line->number,
			"DURATION must look like PT90M or P2D: taken as not given");
}

static void on_rrule(struct walk *walk, const struct ical_line *line)
{
	if (walk->event.rrule) {
		ical_warn(walk->ical, ICAL_BAD_RULE, line->number,
			"a second RRULE in one event: only the first one counts");
		return;
	}
	walk->event.rrule = ical_string_add(walk->ical, line->value);
	walk->event.rrule_line = line->number;
}

static void on_exrule(struct walk *walk, const struct ical_line *line)
{
	ical_warn(walk->ical, ICAL_BAD_RULE, line->number,
		"EXRULE is not understood: the dates that it takes out stay in");
}

static void on_exdate(struct walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_exdate);
}

static void on_rdate(struct walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_rdate);
}

static void on_uid(struct walk *walk, const struct ical_line *line)
{
	walk->event.uid = ical_string_add(walk->ical, line->value);
}

static void on_summary(struct walk *walk, const struct ical_line *line)
{
	char name[ICAL_NAME_MAX];

	if (!ical_name_clean(line->value, name, sizeof(name)))
		ical_warn(walk->ical, ICAL_BAD_NAME, line->number,
			"SUMMARY is no valid UTF-8: \"%s\" is what is left of it", name);
	walk->event.name = ical_string_add(walk->ical, name);
}

static void on_sequence(struct walk *walk, const struct ical_line *line)
{
	if (str_to_int64(line->value, &walk->event.sequence) < 0)
		walk->event.sequence = 0;
}

static void on_status(struct walk *walk, const struct ical_line *line)
{
	walk->event.cancelled =
		ical_is(line->value, "CANCELLED") || ical_is(line->value, "CANCELED");
}

static void on_recurrence(struct walk *walk, const struct ical_line *line)
{
	struct ical_event *e = &walk->event;

	e->is_override = single_time(walk, line, "the event is left out", &e->recurrence);
	e->broken |= !e->is_override;
	if (line->range)
		ical_warn(walk->ical, ICAL_BAD_RULE, line->number,
			"RECURRENCE-ID with RANGE is not understood: it changes this one date "
			"only");
}

/* --- properties of an observance -------------------------------------------------------------- */

static void on_zone_start(struct walk *walk, const struct ical_line *line)
{
	struct ical_time time;

	walk->observance.has_start = single_time(walk, line, "the zone is left out", &time);
	walk->observance.start = time.local;
}

static void on_offset_from(struct walk *walk, const struct ical_line *line)
{
	walk->observance.has_from = ical_offset_parse(line->value, &walk->observance.from) == 0;
}

static void on_offset_to(struct walk *walk, const struct ical_line *line)
{
	walk->observance.has_to = ical_offset_parse(line->value, &walk->observance.to) == 0;
}

static void on_zone_rrule(struct walk *walk, const struct ical_line *line)
{
	walk->observance.rrule = ical_string_add(walk->ical, line->value);
	walk->observance.line = line->number;
}

static void on_zone_rdate(struct walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_zone_rdate);
}

static void on_zone_id(struct walk *walk, const struct ical_line *line)
{
	walk->zone = ical_zone_find(walk->ical, line->value, line->number);
}

static void on_method(struct walk *walk, const struct ical_line *line)
{
	walk->cancels = ical_is(line->value, "CANCEL");
}

static const struct {
	enum place place;
	const char *name;
	void (*on)(struct walk *walk, const struct ical_line *line);
} properties[] = {
	{IN_CALENDAR, "METHOD", on_method},
	{IN_EVENT, "DTSTART", on_start},
	{IN_EVENT, "DTEND", on_end},
	{IN_EVENT, "DURATION", on_duration},
	{IN_EVENT, "RRULE", on_rrule},
	{IN_EVENT, "EXRULE", on_exrule},
	{IN_EVENT, "EXDATE", on_exdate},
	{IN_EVENT, "RDATE", on_rdate},
	{IN_EVENT, "UID", on_uid},
	{IN_EVENT, "SUMMARY", on_summary},
	{IN_EVENT, "SEQUENCE", on_sequence},
	{IN_EVENT, "STATUS", on_status},
	{IN_EVENT, "RECURRENCE-ID", on_recurrence},
	{IN_ZONE, "TZID", on_zone_id},
	{IN_OBSERVANCE, "DTSTART", on_zone_start},
	{IN_OBSERVANCE, "TZOFFSETFROM", on_offset_from},
	{IN_OBSERVANCE, "TZOFFSETTO", on_offset_to},
	{IN_OBSERVANCE, "RRULE", on_zone_rrule},
	{IN_OBSERVANCE, "RDATE", on_zone_rdate},
};

/* --- components ------------------------------------------------------------------------------- */

static void event_end(struct walk *walk)
{
	struct ical *ical = walk->ical;
	struct ical_event *e = &walk->event;

	if (!e->has_start && !e->broken)
		ical_warn(ical, ICAL_BAD_TIME, e->line, "an event without DTSTART is left out");
	if (!e->has_start || e->broken)
		return;
	if (ical->n_events == DAYSOFF_EVENTS_MAX) {
		walk->too_many = true;
		return;
	}
	e->order = ical->n_events;
	ARRAY_GROW(ical->events, ical->n_events, ical->room_events);
	ical->events[ical->n_events++] = *e;
}

static void observance_end(struct walk *walk)
{
	struct ical *ical = walk->ical;
	const struct ical_observance *o = &walk->observance;

	if (!o->has_start || !o->has_from || !o->has_to) {
		ical_warn(ical, ICAL_BAD_ZONE, o->line,
			"a part of a VTIMEZONE without DTSTART, TZOFFSETFROM or TZOFFSETTO is left "
			"out");
		return;
	}
	ARRAY_GROW(ical->observances, ical->n_observances, ical->room_observances);
	ical->observances[ical->n_observances++] = *o;
	walk->observances.count++;
}

/* The first definition of a zone counts. */
static void zone_end(struct walk *walk)
{
	struct ical_zone *zone;

	if (walk->zone < 0)
		return;
	zone = &walk->ical->zones[walk->zone];
	if (!zone->defined) {
		zone->defined = true;
		zone->observances = walk->observances;
	}
}

static void calendar_end(struct walk *walk)
{
	for (size_t i = walk->calendar_first; walk->cancels && i < walk->ical->n_events; i++)
		walk->ical->events[i].cancelled = true;
}

static const enum place outer_of[] = {
	[OUTSIDE] = OUTSIDE,
	[IN_CALENDAR] = OUTSIDE,
	[IN_EVENT] = IN_CALENDAR,
	[IN_ZONE] = IN_CALENDAR,
	[IN_OBSERVANCE] = IN_ZONE,
};

static const struct {
	const char *name;
	enum place place;
	void (*on_end)(struct walk *walk);
} components[] = {
	{"VCALENDAR", IN_CALENDAR, calendar_end},
	{"VEVENT", IN_EVENT, event_end},
	{"VTIMEZONE", IN_ZONE, zone_end},
	{"STANDARD", IN_OBSERVANCE, observance_end},
	{"DAYLIGHT", IN_OBSERVANCE, observance_end},
};

static void place_begin(struct walk *walk, enum place place, int line)
{
	struct ical *ical = walk->ical;

	walk->place = place;
	walk->skipping = 0;
	if (place == IN_CALENDAR) {
		walk->calendar_first = ical->n_events;
		walk->cancels = false;
	} else if (place == IN_EVENT) {
		walk->event = (struct ical_event){.line = line,
			.exdates.first = ical->n_exdates,
			.rdates.first = ical->n_rdates};
	} else if (place == IN_ZONE) {
		walk->zone = ICAL_ZONE_NONE;
		walk->observances = (struct ical_slice){.first = ical->n_observances};
	} else {
		walk->observance =
			(struct ical_observance){.line = line, .rdates.first = ical->n_zone_rdates};
	}
}

static bool is_within(enum place place, enum place outer)
{
	while (place != OUTSIDE && place != outer)
		place = outer_of[place];
	return place == outer;
}

/* Goes out to a place around this one; whatever is left that way has no END. */
static void leave_to(struct walk *walk, enum place outer, int line)
{
	while (walk->place != outer || walk->skipping) {
		if (walk->skipping)
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"what begins in line %d has no END: passed over", walk->skip_line);
		else if (walk->place == IN_EVENT)
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"the event that begins in line %d has no END:VEVENT: it is left "
				"out",
				walk->event.line);
		else
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"an END:%s is missing before this line",
				walk->place == IN_CALENDAR ? "VCALENDAR" : "VTIMEZONE");
		if (!walk->skipping && walk->place == IN_CALENDAR)
			calendar_end(walk);
		if (!walk->skipping)
			walk->place = outer_of[walk->place];
		walk->skipping = 0;
	}
}

static void on_begin(struct walk *walk, const struct ical_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		enum place place = components[i].place;

		if (ical_is(line->value, components[i].name) &&
			is_within(walk->place, outer_of[place])) {
			leave_to(walk, outer_of[place], line->number);
			place_begin(walk, place, line->number);
			return;
		}
	}
	if (!walk->skipping++)
		walk->skip_line = line->number;
}

static void on_component_end(struct walk *walk, const struct ical_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		enum place place = components[i].place;

		if (ical_is(line->value, components[i].name) && is_within(walk->place, place)) {
			leave_to(walk, place, line->number);
			components[i].on_end(walk);
			walk->place = outer_of[place];
			return;
		}
	}
	if (walk->skipping)
		walk->skipping--;
	else
		ical_warn(walk->ical, ICAL_BAD_NESTING, line->number, "this END ends nothing");
}

static void line_take(struct walk *walk, const struct ical_line *line)
{
	if (!line->name) {
		ical_warn(walk->ical, ICAL_BAD_LINE, line->number,
			"no line of a calendar, such as SUMMARY:Holiday: passed over");
	} else if (ical_is(line->name, "BEGIN")) {
		on_begin(walk, line);
	} else if (ical_is(line->name, "END")) {
		on_component_end(walk, line);
	} else if (!walk->skipping) {
		for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
			if (properties[i].place == walk->place &&
				ical_is(properties[i].name, line->name))
				properties[i].on(walk, line);
		}
	}
}

/* --- the file --------------------------------------------------------------------------------- */

/* NULL, or why this cannot be a calendar; the line is its first. */
static const char *not_a_calendar(const char *bytes, size_t len, const struct ical_line *line)
{
	if (len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
		return "this is UTF-16 text: save the calendar as UTF-8";
	if (len && bytes[0] == '<')
		return "this is a web page or XML, no calendar: fetch the file with .ics at its "
		       "end, signed in if need be";
	if (!line->name || !ical_is(line->name, "BEGIN") || !ical_is(line->value, "VCALENDAR"))
		return "no calendar file: its first line must be BEGIN:VCALENDAR";
	return NULL;
}

int ical_read(
	struct ical *ical, const char *bytes, size_t len, int *ret_line, const char **ret_message)
{
	struct walk walk = {.ical = ical};
	struct ical_reader reader;
	struct ical_line line;
	const char *wrong = "the file is empty: a calendar begins with BEGIN:VCALENDAR";
	int r = -EINVAL;

	ical_reader_init(&reader, bytes, len);
	if (ical_line_next(&reader, &line))
		wrong = not_a_calendar(bytes, len, &line);
	else
		line.number = 0;
	if (!wrong) {
		do
			line_take(&walk, &line);
		while (!walk.too_many && ical_line_next(&reader, &line));
		leave_to(&walk, OUTSIDE, reader.line - 1);
		if (walk.too_many) {
			r = -EFBIG;
			wrong = "more than 50000 events, or 200000 dates in RDATE and EXDATE";
		}
	}
	buf_free(&reader.text);
	if (!wrong)
		return 0;
	*ret_line = line.number;
	*ret_message = wrong;
	return r;
}
