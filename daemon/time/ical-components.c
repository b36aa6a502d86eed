/* The components of a calendar file: events and time zones are gathered, all others are walked
 * over, and damage in their nesting is put up with. Says what is no calendar at all. */
#include "time/ical.h"

#include <errno.h>
#include <string.h>

/* --- components ------------------------------------------------------------------------------- */

static void event_end(struct ical_walk *walk)
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

static void observance_end(struct ical_walk *walk)
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
static void zone_end(struct ical_walk *walk)
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

static void calendar_end(struct ical_walk *walk)
{
	for (size_t i = walk->calendar_first; walk->cancels && i < walk->ical->n_events; i++)
		walk->ical->events[i].cancelled = true;
}

static const enum ical_place outer_of[] = {
	[ICAL_OUTSIDE] = ICAL_OUTSIDE,
	[ICAL_IN_CALENDAR] = ICAL_OUTSIDE,
	[ICAL_IN_EVENT] = ICAL_IN_CALENDAR,
	[ICAL_IN_ZONE] = ICAL_IN_CALENDAR,
	[ICAL_IN_OBSERVANCE] = ICAL_IN_ZONE,
};

static const struct {
	const char *name;
	enum ical_place place;
	void (*on_end)(struct ical_walk *walk);
} components[] = {
	{"VCALENDAR", ICAL_IN_CALENDAR, calendar_end},
	{"VEVENT", ICAL_IN_EVENT, event_end},
	{"VTIMEZONE", ICAL_IN_ZONE, zone_end},
	{"STANDARD", ICAL_IN_OBSERVANCE, observance_end},
	{"DAYLIGHT", ICAL_IN_OBSERVANCE, observance_end},
};

static void place_begin(struct ical_walk *walk, enum ical_place place, int line)
{
	struct ical *ical = walk->ical;

	walk->place = place;
	walk->skipping = 0;
	if (place == ICAL_IN_CALENDAR) {
		walk->calendar_first = ical->n_events;
		walk->cancels = false;
	} else if (place == ICAL_IN_EVENT) {
		walk->event = (struct ical_event){.line = line,
			.exdates.first = ical->n_exdates,
			.rdates.first = ical->n_rdates};
	} else if (place == ICAL_IN_ZONE) {
		walk->zone = ICAL_ZONE_NONE;
		walk->observances = (struct ical_slice){.first = ical->n_observances};
	} else {
		walk->observance =
			(struct ical_observance){.line = line, .rdates.first = ical->n_zone_rdates};
	}
}

static bool is_within(enum ical_place place, enum ical_place outer)
{
	while (place != ICAL_OUTSIDE && place != outer)
		place = outer_of[place];
	return place == outer;
}

/* Goes out to a place around this one; whatever is left that way has no END. */
static void leave_to(struct ical_walk *walk, enum ical_place outer, int line)
{
	while (walk->place != outer || walk->skipping) {
		if (walk->skipping)
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"what begins in line %d has no END: passed over", walk->skip_line);
		else if (walk->place == ICAL_IN_EVENT)
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"the event that begins in line %d has no END:VEVENT: it is left "
				"out",
				walk->event.line);
		else
			ical_warn(walk->ical, ICAL_BAD_NESTING, line,
				"%s is missing before this line",
				walk->place == ICAL_IN_CALENDAR ? "END:VCALENDAR"
				: walk->place == ICAL_IN_ZONE   ? "END:VTIMEZONE"
								: "END:STANDARD or END:DAYLIGHT");
		if (!walk->skipping && walk->place == ICAL_IN_CALENDAR)
			calendar_end(walk);
		if (!walk->skipping)
			walk->place = outer_of[walk->place];
		walk->skipping = 0;
	}
}

static void on_begin(struct ical_walk *walk, const struct ical_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		enum ical_place place = components[i].place;

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

static void on_component_end(struct ical_walk *walk, const struct ical_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		enum ical_place place = components[i].place;

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

static void line_take(struct ical_walk *walk, const struct ical_line *line)
{
	if (!line->name) {
		ical_warn(walk->ical, ICAL_BAD_LINE, line->number,
			"no line of a calendar, such as SUMMARY:Holiday: passed over");
	} else if (ical_is(line->name, "BEGIN")) {
		on_begin(walk, line);
	} else if (ical_is(line->name, "END")) {
		on_component_end(walk, line);
	} else if (!walk->skipping) {
		ical_property_take(walk, line);
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
	struct ical_walk walk = {.ical = ical};
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
		leave_to(&walk, ICAL_OUTSIDE, reader.line - 1);
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
