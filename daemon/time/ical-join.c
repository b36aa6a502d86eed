/* From the events of a file to days and hours off: which version of an event counts, what its
 * repetition leaves out, and everything that happens once as sorted lists. */
#include "time/daysoff-parts.h"
#include "time/ical.h"

#include "base/str.h"

#include <limits.h>
#include <string.h>

struct join {
	struct ical *ical;
	struct daysoff *off;
	struct ical_event **sorted; /* by UID, single changed dates after what they change */
	size_t room_dates, room_hours, room_series;
	struct buf names;
};

/* --- when an event is ------------------------------------------------------------------------- */

/* Its digits in the zone of another time, or as they stand where one of both has no zone. */
static int64_t local_in(
	const struct ical *ical, const struct ical_time *time, const struct zone *zone)
{
	const struct zone *own = ical_zone_of(ical, time);

	if (time->is_date || !own || !zone || own == zone)
		return time->local;
	return zone_to_local(zone, off_utc(own, time->local), NULL);
}

/* From start to end. Where both say the same time of day, whole days are meant, whatever the clock
 * does in between. */
static struct off_length between(
	const struct ical *ical, const struct ical_time *start, const struct ical_time *end)
{
	const struct zone *zone = ical_zone_of(ical, start);
	int64_t wall = local_in(ical, end, zone) - start->local;

	if (start->is_date || !zone || wall % DAY_S == 0)
		return (struct off_length){.wall = wall};
	return (struct off_length){
		.exact = off_utc(zone, start->local + wall) - off_utc(zone, start->local)};
}

static int64_t length_about(const struct off_length *length)
{
	return length->wall + length->exact;
}

/* False, after a warning, for an event that ends before it begins. */
static bool event_length(struct join *join, const struct ical_event *e, struct off_length *ret)
{
	if (e->has_end)
		*ret = between(join->ical, &e->start, &e->end);
	else
		*ret = e->length;
	if (length_about(ret) < 0) {
		ical_warn(join->ical, ICAL_BAD_LENGTH, e->line,
			"an event ends before it begins: %s",
			e->start.is_date ? "taken as one day" : "it is left out");
		if (!e->start.is_date)
			return false;
		*ret = (struct off_length){0};
	}
	if (e->start.is_date) {
		int64_t days = (length_about(ret) + DAY_S - 1) / DAY_S;

		*ret = (struct off_length){.wall = MAX_OF(days, 1) * DAY_S};
	}
	return true;
}

/* --- events that happen once ------------------------------------------------------------------ */

static void once_dates(struct join *join, int64_t local, int64_t wall, uint32_t name)
{
	struct daysoff *off = join->off;
	int64_t first = MAX_OF(local, LOCAL_FIRST), last = MIN_OF(local + wall - 1, LOCAL_LAST);

	if (first > last)
		return;
	ARRAY_GROW(off->dates, off->n_dates, join->room_dates);
	off->dates[off->n_dates++] = (struct off_dates){local_date(first), local_date(last), name};
}

static void once_hours(struct join *join, const struct zone *zone, int64_t local,
	struct off_length length, uint32_t name)
{
	struct daysoff *off = join->off;
	struct off_hours hours = {.from = local,
		.until = local + length_about(&length),
		.length = length,
		.name = name,
		.floating = !zone};

	if (zone) {
		hours.from = off_utc(zone, local);
		hours.until = off_utc(zone, local + length.wall) + length.exact;
	}
	if (hours.until <= hours.from || hours.until < LOCAL_FIRST - DAY_S ||
		hours.from > LOCAL_LAST + DAY_S)
		return;
	ARRAY_GROW(off->hours, off->n_hours, join->room_hours);
	off->hours[off->n_hours++] = hours;
}

static void once(struct join *join, const struct ical_time *start, int64_t local,
	struct off_length length, uint32_t name)
{
	if (start->is_date)
		once_dates(join, local, length.wall, name);
	else
		once_hours(join, ical_zone_of(join->ical, start), local, length, name);
}

/* --- exceptions ------------------------------------------------------------------------------- */

static int range_order(const void *a, const void *b)
{
	const struct local_range *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* The local times of a repetition that EXDATE or RECURRENCE-ID names: one, or those of a date. */
static struct local_range named_range(
	const struct ical *ical, const struct ical_event *e, const struct ical_time *time)
{
	int64_t local;

	if (e->start.is_date || time->is_date) {
		local = local_date(time->local) * DAY_S;
		return (struct local_range){local, local + DAY_S};
	}
	local = local_in(ical, time, ical_zone_of(ical, &e->start));
	return (struct local_range){local, local + 1};
}

static struct local_range *excluded_list(struct join *join, const struct ical_event *e,
	struct ical_event *const *overrides, size_t n_overrides, size_t *ret_count)
{
	size_t count = e->exdates.count + n_overrides, kept = 0;
	struct local_range *list = mem_new_array(count + 1, sizeof(*list));

	for (size_t i = 0; i < e->exdates.count; i++)
		list[i] = named_range(join->ical, e, &join->ical->exdates[e->exdates.first + i]);
	for (size_t i = 0; i < n_overrides; i++)
		list[e->exdates.count + i] = named_range(join->ical, e, &overrides[i]->recurrence);
	qsort(list, count, sizeof(*list), range_order);
	for (size_t i = 0; i < count; i++) {
		if (kept && list[i].from <= list[kept - 1].until)
			list[kept - 1].until = MAX_OF(list[kept - 1].until, list[i].until);
		else
			list[kept++] = list[i];
	}
	*ret_count = kept;
	return list;
}

/* --- an event with all that belongs to it ----------------------------------------------------- */

static uint32_t name_add(struct join *join, ical_string name)
{
	uint32_t at = (uint32_t)join->names.len;
	const char *text = ical_text(join->ical, name);

	if (!*text)
		return 0;
	buf_add(&join->names, text, strlen(text) + 1);
	return at;
}

/* False when the rule cannot be had. */
static bool series_add(struct join *join, const struct ical_event *e, struct off_series *series)
{
	struct ical *ical = join->ical;
	struct zone *zone = (struct zone *)ical_zone_of(ical, &e->start);
	struct ical_rule rule;

	if (!ical_rule_parse(ical, e->rrule_line, ical_text(ical, e->rrule), &e->start,
		    &series->length, &rule))
		return false;
	series->last = rule.until;
	if (rule.until_is_utc && zone)
		series->last = zone_to_local(zone, rule.until, NULL);
	else if (e->start.is_date && rule.until != INT64_MAX)
		series->last = (local_date(rule.until) + 1) * DAY_S - 1;
	series->first_date = local_date(rule.rule->v.first_local);
	series->last_date =
		local_date(MIN_OF(MIN_OF(series->last, LOCAL_LAST), rule.rule->v.base_last));
	series->rule = rule.rule;
	series->zone = zone ? zone_ref(zone) : NULL;
	series->dates = e->start.is_date;
	series->midnights = rule.rule->n_times == 1 && e->start.local % DAY_S == 0 &&
			    series->length.exact == 0 && series->length.wall > 0 &&
			    series->length.wall % DAY_S == 0;
	ARRAY_GROW(join->off->series, join->off->n_series, join->room_series);
	join->off->series[join->off->n_series++] = *series;
	return true;
}

static bool is_excluded(const struct off_series *series, int64_t local)
{
	return local_ranges_find(series->excluded, series->n_excluded, local) != NULL;
}

static void rdates_join(
	struct join *join, const struct ical_event *e, const struct off_series *series)
{
	for (size_t i = 0; i < e->rdates.count; i++) {
		const struct ical_rdate *r = &join->ical->rdates[e->rdates.first + i];
		struct ical_time start = r->start;
		struct off_length length = series->length;

		/* Dates of an event that has hours happen at its time of day. */
		if (start.is_date && !e->start.is_date) {
			start = e->start;
			start.local = r->start.local + local_second_of_day(e->start.local);
		} else if (e->start.is_date) {
			start.local = local_date(start.local) * DAY_S;
			start.is_date = true;
		} else if (r->kind == RDATE_WITH_END) {
			length = between(join->ical, &start, &r->end);
		} else if (r->kind == RDATE_WITH_LENGTH) {
			length = r->length;
		}
		if (!is_excluded(series,
			    local_in(join->ical, &start, ical_zone_of(join->ical, &e->start))))
			once(join, &start, start.local, length, series->name);
	}
}

static void event_join(struct join *join, const struct ical_event *e,
	struct ical_event *const *overrides, size_t n_overrides)
{
	struct off_series series = {0};
	bool repeats = false;

	if (!event_length(join, e, &series.length))
		return;
	join->off->count++;
	series.name = name_add(join, e->name);
	series.excluded = excluded_list(join, e, overrides, n_overrides, &series.n_excluded);
	if (e->rrule && !e->is_override)
		repeats = series_add(join, e, &series);
	/* The first date counts also where the rule does not name it. */
	if (!repeats || (e->start.local <= series.last &&
				(e->start.local < LOCAL_FIRST ||
					rule_next_local(series.rule, NULL, e->start.local) !=
						e->start.local))) {
		if (!is_excluded(&series, e->start.local))
			once(join, &e->start, e->start.local, series.length, series.name);
	}
	rdates_join(join, e, &series);
	if (!repeats)
		free(series.excluded);
}

/* --- which version counts --------------------------------------------------------------------- */

static int event_order(const void *a, const void *b, void *owner)
{
	const struct ical_event *x = *(struct ical_event *const *)a,
				*y = *(struct ical_event *const *)b;
	const struct ical *ical = owner;
	int r = strcmp(ical_text(ical, x->uid), ical_text(ical, y->uid));

	if (r || x->is_override != y->is_override)
		return r ? r : x->is_override - y->is_override;
	if (x->is_override && x->recurrence.local != y->recurrence.local)
		return x->recurrence.local < y->recurrence.local ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence > y->sequence ? -1 : 1;
	return x->order > y->order ? -1 : 1;
}

/* Files that were put together from several exports hold some events twice. */
static bool is_copy(const struct ical *ical, const struct ical_event *a, const struct ical_event *b)
{
	return a->start.local == b->start.local && a->start.zone == b->start.zone &&
	       str_eq(ical_text(ical, a->rrule), ical_text(ical, b->rrule));
}

/* One UID: masters, highest SEQUENCE first, then changed dates, each in its latest version first.
 */
static void uid_join(struct join *join, struct ical_event **list, size_t count)
{
	struct ical *ical = join->ical;
	size_t masters = 0, newest = 0, changes = 0;
	struct ical_event **changed;

	while (masters < count && !list[masters]->is_override)
		masters++;
	while (newest < masters && list[newest]->sequence == list[0]->sequence) {
		if (list[newest++]->cancelled)
			return;
	}
	changed = list + masters;
	for (size_t i = 0; i < count - masters; i++) {
		if (!changes ||
			changed[i]->recurrence.local != changed[changes - 1]->recurrence.local)
			changed[changes++] = changed[i];
	}
	for (size_t i = 0; i < newest; i++) {
		if (i && is_copy(ical, list[i], list[0]))
			continue;
		if (i)
			ical_warn(ical, ICAL_BAD_UID, list[0]->line,
				"the event of line %d has the same UID and SEQUENCE: both count",
				list[i]->line);
		/* Changes belong to one of them: with more, each would repeat all. */
		event_join(join, list[i], changed, i ? 0 : changes);
	}
	for (size_t i = 0; i < changes; i++) {
		if (!changed[i]->cancelled)
			event_join(join, changed[i], NULL, 0);
	}
}

/* --- lists ------------------------------------------------------------------------------------ */

static int dates_order(const void *a, const void *b)
{
	const struct off_dates *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

/* Each date to the event that began first. */
static void dates_finish(struct daysoff *off)
{
	size_t kept = 0;
	int32_t covered = INT32_MIN;

	if (off->n_dates)
		qsort(off->dates, off->n_dates, sizeof(*off->dates), dates_order);
	for (size_t i = 0; i < off->n_dates; i++) {
		struct off_dates d = off->dates[i];

		d.first = MAX_OF(d.first, covered + 1);
		if (d.first > d.last)
			continue;
		covered = d.last;
		off->dates[kept++] = d;
	}
	off->n_dates = kept;
	off->dates = mem_resize(off->dates, kept, sizeof(*off->dates));
}

static int hours_order(const void *a, const void *b)
{
	const struct off_hours *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static void hours_finish(struct daysoff *off)
{
	int64_t reach = INT64_MIN;

	if (off->n_hours)
		qsort(off->hours, off->n_hours, sizeof(*off->hours), hours_order);
	for (size_t i = 0; i < off->n_hours; i++)
		off->hours[i].reach = reach = MAX_OF(reach, off->hours[i].until);
	off->hours = mem_resize(off->hours, off->n_hours, sizeof(*off->hours));
}

struct daysoff *ical_join(struct ical *ical)
{
	struct join join = {.ical = ical,
		.off = mem_new(sizeof(*join.off)),
		.names = BUF_MAX(2 * DAYSOFF_BYTES_MAX)};
	struct ical_event **list = mem_new_array(ical->n_events + 1, sizeof(*list));
	size_t count;

	buf_add(&join.names, "", 1);
	for (size_t i = 0; i < ical->n_events; i++)
		list[i] = &ical->events[i];
	qsort_r(list, ical->n_events, sizeof(*list), event_order, ical);
	for (size_t i = 0; i < ical->n_events; i += count) {
		const char *uid = ical_text(ical, list[i]->uid);

		for (count = 1; *uid && i + count < ical->n_events; count++) {
			if (!str_eq(uid, ical_text(ical, list[i + count]->uid)))
				break;
		}
		uid_join(&join, list + i, count);
	}
	free(list);
	dates_finish(join.off);
	hours_finish(join.off);
	join.off->series =
		mem_resize(join.off->series, join.off->n_series, sizeof(*join.off->series));
	join.off->names = mem_resize(join.names.data, join.names.len, 1);
	return join.off;
}
