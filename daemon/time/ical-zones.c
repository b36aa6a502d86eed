/* TZID: the system's zone of that name, else what a VTIMEZONE of the same file says, written out
 * until 2199. A file may name few zones, and their rules are paid from its work. */
#include "time/ical.h"

#include "base/str.h"
#include "time/tzif.h"

#include <string.h>

enum { CHANGES_MAX = 4000 };

int ical_zone_find(struct ical *ical, const char *tzid, int line)
{
	for (size_t i = 0; i < ical->n_zones; i++) {
		if (str_eq(ical_text(ical, ical->zones[i].name), tzid))
			return (int)i;
	}
	if (ical->n_zones == ICAL_ZONES_MAX) {
		ical_warn(ical, ICAL_BAD_ZONE, line,
			"more than %d time zones in one file: taken as the local time of whoever "
			"is asked about",
			ICAL_ZONES_MAX);
		return ICAL_ZONE_NONE;
	}
	ARRAY_GROW(ical->zones, ical->n_zones, ical->room_zones);
	ical->zones[ical->n_zones] = (struct ical_zone){.name = ical_string_add(ical, tzid)};
	return (int)ical->n_zones++;
}

int ical_zone_use(struct ical *ical, const char *tzid, int line)
{
	int zone = ical_zone_find(ical, tzid, line);

	if (zone >= 0 && !ical->zones[zone].line)
		ical->zones[zone].line = line;
	return zone;
}

const struct zone *ical_zone_of(const struct ical *ical, const struct ical_time *time)
{
	if (time->zone == ICAL_ZONE_UTC)
		return ical->utc;
	return time->zone == ICAL_ZONE_NONE ? NULL : ical->zones[time->zone].zone;
}

/* --- the system's ----------------------------------------------------------------------------- */

/* Some programs put a path of their own before the name: /mozilla.org/20050126_1/Europe/Berlin. */
static struct zone *system_zone(const char *tzid)
{
	struct zone *zone = NULL;
	const char *tail = tzid + strlen(tzid);

	if (*tzid != '/')
		return zone_load(tzid, &zone) < 0 ? NULL : zone;
	for (int parts = 0; tail > tzid && parts < 3; tail--) {
		if (tail[-1] == '/' && ++parts && zone_load(tail, &zone) == 0)
			return zone;
	}
	return NULL;
}

/* --- the file's own --------------------------------------------------------------------------- */

struct onset {
	struct tzif_change change;
	int32_t from;
};

struct onsets {
	struct onset *list;
	size_t count, room;
};

static void onset_add(struct onsets *onsets, const struct ical_observance *o, int64_t local)
{
	if (onsets->count == CHANGES_MAX)
		return;
	ARRAY_GROW(onsets->list, onsets->count, onsets->room);
	onsets->list[onsets->count++] = (struct onset){{local - o->from, o->to}, o->from};
}

static void observance_walk(
	struct ical *ical, const struct ical_observance *o, struct onsets *onsets)
{
	const struct ical_time start = {.local = o->start, .zone = ICAL_ZONE_NONE};
	struct ical_rule rule;
	int64_t local = o->start, last;

	if (!ical_rule_parse(ical, o->line, ical_text(ical, o->rrule), &start, NULL, &rule)) {
		onset_add(onsets, o, o->start);
		return;
	}
	last = rule.until_is_utc ? rule.until + o->from : rule.until;
	/* A rule that goes on beyond 1970 says all that is asked for; its first onset, in 1601 with
	 * some writers, would only stand in the order of the others. */
	if (o->start < LOCAL_FIRST && last < LOCAL_FIRST)
		onset_add(onsets, o, o->start);
	for (; ical->work > 0; ical->work--, local++) {
		local = rule_next_local(rule.rule, NULL, local);
		if (local == NO_SLOT || local > last)
			break;
		onset_add(onsets, o, local);
	}
	rule_unref(rule.rule);
}

static int onset_order(const void *a, const void *b)
{
	const struct onset *x = a, *y = b;

	return x->change.at < y->change.at ? -1 : x->change.at > y->change.at;
}

/* NULL when its observances say nothing that makes a zone. */
static struct zone *file_zone(struct ical *ical, const struct ical_zone *z)
{
	struct onsets onsets = {0};
	struct tzif tzif;
	struct zone *zone = NULL;

	for (size_t i = 0; i < z->observances.count; i++) {
		const struct ical_observance *o = &ical->observances[z->observances.first + i];

		if (o->rrule)
			observance_walk(ical, o, &onsets);
		else
			onset_add(&onsets, o, o->start);
		for (size_t k = 0; k < o->rdates.count; k++)
			onset_add(&onsets, o, ical->zone_rdates[o->rdates.first + k]);
	}
	if (!onsets.count)
		return NULL;
	qsort(onsets.list, onsets.count, sizeof(*onsets.list), onset_order);
	tzif = (struct tzif){.first_offset = onsets.list[0].from,
		.changes = mem_new_array(onsets.count, sizeof(*tzif.changes))};
	for (size_t i = 0; i < onsets.count; i++) {
		/* The same onset twice, as a start and as an RDATE, is one. */
		if (!tzif.count || tzif.changes[tzif.count - 1].at != onsets.list[i].change.at)
			tzif.changes[tzif.count++] = onsets.list[i].change;
	}
	if (tzif_tidy(&tzif))
		zone = zone_new(ical_text(ical, z->name), &tzif);
	tzif_free(&tzif);
	free(onsets.list);
	return zone;
}

void ical_zones_open(struct ical *ical)
{
	for (size_t i = 0; i < ical->n_zones; i++) {
		struct ical_zone *z = &ical->zones[i];
		char shown[60];

		if (!z->line)
			continue;
		z->zone = system_zone(ical_text(ical, z->name));
		if (!z->zone && z->defined)
			z->zone = file_zone(ical, z);
		if (z->zone)
			continue;
		ical_name_clean(ical_text(ical, z->name), shown, sizeof(shown));
		ical_warn(ical, ICAL_BAD_ZONE, z->line,
			"the time zone \"%s\" is neither known here nor defined in the file: taken "
			"as "
			"the local time of whoever is asked about",
			shown);
	}
}
