/* Properties of events and time zones: one row of a table each, into what is being gathered. All
 * others are none of our business. Decides nothing about days. */
#include "time/ical.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

/* --- values ----------------------------------------------------------------------------------- */

static void time_warn(struct ical_walk *walk, const struct ical_line *line, const char *what)
{
	char shown[40];

	ical_name_clean(line->value, shown, sizeof(shown));
	ical_warn(walk->ical, ICAL_BAD_TIME, line->number, "%s: \"%s\" is no time that exists: %s",
		line->name, shown, what);
}

/* The zone that a line gives to its times. */
static int line_zone(struct ical_walk *walk, const struct ical_line *line)
{
	return line->tzid && *line->tzid ? ical_zone_use(walk->ical, line->tzid, line->number)
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

static bool single_time(struct ical_walk *walk, const struct ical_line *line, const char *what,
	struct ical_time *ret)
{
	const char *at = line->value + strspn(line->value, " ");
	int r = one_time(&at, line_zone(walk, line), line, ret);

	if (!r && at[strspn(at, " \t")])
		r = -EINVAL;
	if (r < 0)
		time_warn(walk, line, what);
	return r == 0;
}

static bool dates_full(struct ical_walk *walk)
{
	walk->too_many |=
		walk->ical->n_exdates + walk->ical->n_rdates + walk->ical->n_zone_rdates >=
		ICAL_DATES_MAX;
	return walk->too_many;
}

/* "20261224,20261226T180000/PT1H": each handed to put; `/` and what follows to put as well. */
static void time_list(struct ical_walk *walk, const struct ical_line *line,
	int (*put)(struct ical_walk *walk, const struct ical_line *line, struct ical_time time,
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

static int put_exdate(struct ical_walk *walk, const struct ical_line *line, struct ical_time time,
	const char **at)
{
	struct ical *ical = walk->ical;

	ARRAY_GROW(ical->exdates, ical->n_exdates, ical->room_exdates);
	ical->exdates[ical->n_exdates++] = time;
	walk->event.exdates.count++;
	return 0;
}

static int put_rdate(struct ical_walk *walk, const struct ical_line *line, struct ical_time time,
	const char **at)
{
	struct ical *ical = walk->ical;
	struct ical_rdate rdate = {.start = time};
	int r = 0;

	if (**at == '/') {
		(*at)++;
		rdate.kind = scan_is_digit(**at) ? RDATE_WITH_END : RDATE_WITH_LENGTH;
		r = rdate.kind == RDATE_WITH_END ? one_time(at, time.zone, line, &rdate.end)
						 : ical_length_take(at, &rdate.length);
	}
	if (r < 0)
		return r;
	ARRAY_GROW(ical->rdates, ical->n_rdates, ical->room_rdates);
	ical->rdates[ical->n_rdates++] = rdate;
	walk->event.rdates.count++;
	return 0;
}

static int put_zone_rdate(struct ical_walk *walk, const struct ical_line *line,
	struct ical_time time, const char **at)
{
	struct ical *ical = walk->ical;

	ARRAY_GROW(ical->zone_rdates, ical->n_zone_rdates, ical->room_zone_rdates);
	ical->zone_rdates[ical->n_zone_rdates++] = time.local;
	walk->observance.rdates.count++;
	return 0;
}

/* --- properties of an event ------------------------------------------------------------------- */

static void on_start(struct ical_walk *walk, const struct ical_line *line)
{
	struct ical_event *e = &walk->event;

	e->has_start = single_time(walk, line, "the event is left out", &e->start);
	e->broken |= !e->has_start;
}

static void on_end(struct ical_walk *walk, const struct ical_line *line)
{
	walk->event.has_end = single_time(walk, line, "taken as not given", &walk->event.end);
}

static void on_duration(struct ical_walk *walk, const struct ical_line *line)
{
	const char *at = line->value;

	walk->event.has_length = ical_length_take(&at, &walk->event.length) == 0 && !*at;
	if (!walk->event.has_length)
		ical_warn(walk->ical, ICAL_BAD_LENGTH, line->number,
			"DURATION must look like PT90M or P2D: taken as not given");
}

static void on_rrule(struct ical_walk *walk, const struct ical_line *line)
{
	if (walk->event.rrule) {
		ical_warn(walk->ical, ICAL_BAD_RULE, line->number,
			"a second RRULE in one event: only the first one counts");
		return;
	}
	walk->event.rrule = ical_string_add(walk->ical, line->value);
	walk->event.rrule_line = line->number;
}

static void on_exrule(struct ical_walk *walk, const struct ical_line *line)
{
	ical_warn(walk->ical, ICAL_BAD_RULE, line->number,
		"EXRULE is not understood: the dates that it takes out stay in");
}

static void on_exdate(struct ical_walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_exdate);
}

static void on_rdate(struct ical_walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_rdate);
}

static void on_uid(struct ical_walk *walk, const struct ical_line *line)
{
	walk->event.uid = ical_string_add(walk->ical, line->value);
}

static void on_summary(struct ical_walk *walk, const struct ical_line *line)
{
	char name[ICAL_NAME_MAX];

	if (!ical_name_clean(line->value, name, sizeof(name)))
		ical_warn(walk->ical, ICAL_BAD_NAME, line->number,
			"SUMMARY is no valid UTF-8: \"%s\" is what is left of it", name);
	walk->event.name = ical_string_add(walk->ical, name);
}

static void on_sequence(struct ical_walk *walk, const struct ical_line *line)
{
	if (str_to_int64(line->value, &walk->event.sequence) < 0)
		walk->event.sequence = 0;
}

static void on_status(struct ical_walk *walk, const struct ical_line *line)
{
	walk->event.cancelled =
		ical_is(line->value, "CANCELLED") || ical_is(line->value, "CANCELED");
}

static void on_recurrence(struct ical_walk *walk, const struct ical_line *line)
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

static void on_zone_start(struct ical_walk *walk, const struct ical_line *line)
{
	struct ical_time time;

	walk->observance.has_start = single_time(walk, line, "the zone is left out", &time);
	walk->observance.start = time.local;
}

static void on_offset_from(struct ical_walk *walk, const struct ical_line *line)
{
	walk->observance.has_from = ical_offset_parse(line->value, &walk->observance.from) == 0;
}

static void on_offset_to(struct ical_walk *walk, const struct ical_line *line)
{
	walk->observance.has_to = ical_offset_parse(line->value, &walk->observance.to) == 0;
}

static void on_zone_rrule(struct ical_walk *walk, const struct ical_line *line)
{
	walk->observance.rrule = ical_string_add(walk->ical, line->value);
	walk->observance.line = line->number;
}

static void on_zone_rdate(struct ical_walk *walk, const struct ical_line *line)
{
	time_list(walk, line, put_zone_rdate);
}

static void on_zone_id(struct ical_walk *walk, const struct ical_line *line)
{
	walk->zone = ical_zone_find(walk->ical, line->value, line->number);
}

static void on_method(struct ical_walk *walk, const struct ical_line *line)
{
	walk->cancels = ical_is(line->value, "CANCEL");
}

static const struct {
	enum ical_place place;
	const char *name;
	void (*on)(struct ical_walk *walk, const struct ical_line *line);
} properties[] = {
	{ICAL_IN_CALENDAR, "METHOD", on_method},
	{ICAL_IN_EVENT, "DTSTART", on_start},
	{ICAL_IN_EVENT, "DTEND", on_end},
	{ICAL_IN_EVENT, "DURATION", on_duration},
	{ICAL_IN_EVENT, "RRULE", on_rrule},
	{ICAL_IN_EVENT, "EXRULE", on_exrule},
	{ICAL_IN_EVENT, "EXDATE", on_exdate},
	{ICAL_IN_EVENT, "RDATE", on_rdate},
	{ICAL_IN_EVENT, "UID", on_uid},
	{ICAL_IN_EVENT, "SUMMARY", on_summary},
	{ICAL_IN_EVENT, "SEQUENCE", on_sequence},
	{ICAL_IN_EVENT, "STATUS", on_status},
	{ICAL_IN_EVENT, "RECURRENCE-ID", on_recurrence},
	{ICAL_IN_ZONE, "TZID", on_zone_id},
	{ICAL_IN_OBSERVANCE, "DTSTART", on_zone_start},
	{ICAL_IN_OBSERVANCE, "TZOFFSETFROM", on_offset_from},
	{ICAL_IN_OBSERVANCE, "TZOFFSETTO", on_offset_to},
	{ICAL_IN_OBSERVANCE, "RRULE", on_zone_rrule},
	{ICAL_IN_OBSERVANCE, "RDATE", on_zone_rdate},
};

void ical_property_take(struct ical_walk *walk, const struct ical_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
		if (properties[i].place == walk->place && ical_is(properties[i].name, line->name))
			properties[i].on(walk, line);
	}
}
