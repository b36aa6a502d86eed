/* What is known of days and hours off, and the answers: by binary search where an event happens
 * once, by one look at the rule where it repeats. Nothing is written out beforehand. */
#include "time/daysoff-parts.h"

#include "time/ical.h"

#include <errno.h>
#include <string.h>

/* The most a local time may be away from UTC, and a zone's clock may jump, by far. */
#define SLACK_S (DAY_S + 3600)

int daysoff_parse(const char *bytes, size_t len, daysoff_on_warning on_warning, void *owner,
	struct daysoff **ret, int *ret_line, const char **ret_message)
{
	cleanup(ical_free) struct ical ical = {.on_warning = on_warning,
		.owner = owner,
		.work = ICAL_WORK_BASE + (int64_t)len,
		.strings = BUF_MAX(4 * DAYSOFF_BYTES_MAX)};
	int r;

	if (len > DAYSOFF_BYTES_MAX) {
		*ret_line = 0;
		*ret_message = "larger than 8 MiB";
		return -EFBIG;
	}
	buf_add(&ical.strings, "", 1);
	r = zone_load("UTC", &ical.utc);
	assert(!r);
	r = ical_read(&ical, bytes, len, ret_line, ret_message);
	if (r < 0)
		return r;
	ical_zones_open(&ical);
	*ret = ical_join(&ical);
	return 0;
}

void daysoff_free(struct daysoff *off)
{
	if (!off)
		return;
	for (size_t i = 0; i < off->n_series; i++) {
		rule_unref(off->series[i].rule);
		zone_unref(off->series[i].zone);
		free(off->series[i].excluded);
	}
	free(off->names);
	free(off->dates);
	free(off->hours);
	free(off->series);
	free(off);
}

size_t daysoff_count(const struct daysoff *off)
{
	return off->count;
}

int64_t off_utc(const struct zone *zone, int64_t local)
{
	int64_t first, second;

	if (zone_to_utc(zone, local, &first, &second) == ZONE_GAP)
		return local - zone_stretch_at(zone, first).before;
	return first;
}

const struct local_range *local_ranges_find(
	const struct local_range *ranges, size_t count, int64_t local)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ranges[middle].until <= local)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ranges[low].from <= local ? &ranges[low] : NULL;
}

/* --- one event in the zone of whoever asks ---------------------------------------------------- */

/* The first instant of a date. */
static int64_t date_begin(const struct zone *zone, int32_t date)
{
	int64_t first, second;

	zone_to_utc(zone, date * DAY_S, &first, &second);
	return first;
}

/* Whether it goes from local midnight to local midnight: then over which dates. */
static bool is_whole(
	const struct zone *zone, int64_t from, int64_t until, int32_t *ret_first, int32_t *ret_last)
{
	int32_t first = local_date(zone_to_local(zone, from, NULL));
	int32_t end = local_date(zone_to_local(zone, until, NULL));

	if (end <= first || date_begin(zone, first) != from || date_begin(zone, end) != until)
		return false;
	*ret_first = first;
	*ret_last = end - 1;
	return true;
}

/* An instance of something at a time of day, as instants. */
struct instance {
	int64_t from, until;
};

static struct instance instance_of(
	const struct zone *zone, int64_t local, const struct off_length *length)
{
	return (struct instance){
		off_utc(zone, local), off_utc(zone, local + length->wall) + length->exact};
}

static struct instance hours_instance(const struct off_hours *h, const struct zone *zone)
{
	return h->floating ? instance_of(zone, h->from, &h->length)
			   : (struct instance){h->from, h->until};
}

/* Whether an event of this length can be whole dates at all: give or take a jump of the clock. */
static bool may_be_whole(const struct off_length *length)
{
	int64_t rest = (length->wall + length->exact) % DAY_S;

	return MIN_OF(rest, DAY_S - rest) <= 3 * 3600;
}

/* --- events that happen once ------------------------------------------------------------------ */

/* The first range that ends at or after the date. */
static size_t dates_search(const struct daysoff *off, int32_t date)
{
	size_t low = 0, high = off->n_dates;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (off->dates[middle].last < date)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many begin before an instant, as far as can be said without a zone. */
static size_t hours_search(const struct daysoff *off, int64_t before)
{
	size_t low = 0, high = off->n_hours;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (off->hours[middle].from < before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The event that is one or more whole dates with this one among them, or NULL. */
static const struct off_hours *hours_on_date(
	const struct daysoff *off, const struct zone *zone, int32_t date)
{
	int64_t begin = date_begin(zone, date);
	int32_t first, last;

	for (size_t i = hours_search(off, begin + SLACK_S); i-- > 0;) {
		const struct off_hours *h = &off->hours[i];
		struct instance in;

		if (h->reach < begin - SLACK_S)
			break;
		if (h->until < begin - SLACK_S || !may_be_whole(&h->length))
			continue;
		in = hours_instance(h, zone);
		if (is_whole(zone, in.from, in.until, &first, &last) && first <= date &&
			date <= last)
			return h;
	}
	return NULL;
}

/* --- repetitions ------------------------------------------------------------------------------ */

/* The first instance at or after a local time, or NO_SLOT. */
static int64_t series_next(const struct off_series *s, int64_t local)
{
	for (;;) {
		const struct local_range *range;

		local = local > s->last ? NO_SLOT : rule_next_local(s->rule, NULL, local);
		if (local > s->last)
			return NO_SLOT;
		range = local_ranges_find(s->excluded, s->n_excluded, local);
		if (!range)
			return local;
		local = range->until;
	}
}

/* The instances of hours that may touch an instant. */
struct series_walk {
	const struct off_series *series;
	const struct zone *zone;
	int64_t local, end;
};

static struct series_walk series_around(
	const struct off_series *s, const struct zone *zone, int64_t utc)
{
	const struct zone *own = s->zone ? s->zone : zone;
	int64_t local = zone_to_local(own, utc, NULL);

	return (struct series_walk){.series = s,
		.zone = own,
		.local = local - s->length.wall - s->length.exact - SLACK_S,
		.end = local + SLACK_S};
}

static bool series_step(struct series_walk *walk, struct instance *ret)
{
	int64_t local = series_next(walk->series, walk->local);

	if (local > walk->end)
		return false;
	*ret = instance_of(walk->zone, local, &walk->series->length);
	walk->local = local + 1;
	return true;
}

static bool series_has_date(const struct off_series *s, const struct zone *zone, int32_t date)
{
	struct series_walk walk;
	struct instance in;
	int32_t first, last;

	if (s->dates)
		return series_next(s, date * DAY_S - s->length.wall + 1) <= date * DAY_S;
	if (!may_be_whole(&s->length))
		return false;
	walk = series_around(s, zone, date_begin(zone, date));
	while (series_step(&walk, &in)) {
		if (is_whole(zone, in.from, in.until, &first, &last) && first <= date &&
			date <= last)
			return true;
	}
	return false;
}

/* --- the questions ---------------------------------------------------------------------------- */

const char *daysoff_date(const struct daysoff *off, const struct zone *zone, int32_t date)
{
	const struct off_hours *hours;
	size_t i;

	if (date < DATE_FIRST || date > DATE_LAST)
		return NULL;
	i = dates_search(off, date);
	if (i < off->n_dates && off->dates[i].first <= date)
		return off->names + off->dates[i].name;
	hours = hours_on_date(off, zone, date);
	if (hours)
		return off->names + hours->name;
	for (i = 0; i < off->n_series; i++) {
		if (series_has_date(&off->series[i], zone, date))
			return off->names + off->series[i].name;
	}
	return NULL;
}

/* Of what holds the instant and has hours, the one that ends last. */
struct latest {
	const struct zone *zone;
	int64_t utc, until;
	const char *name;
};

static void latest_take(struct latest *latest, const struct instance *in, const char *name)
{
	int32_t first, last;

	if (in->from <= latest->utc && latest->utc < in->until && in->until > latest->until &&
		!is_whole(latest->zone, in->from, in->until, &first, &last)) {
		latest->until = in->until;
		latest->name = name;
	}
}

const char *daysoff_at(
	const struct daysoff *off, const struct zone *zone, int64_t utc, int64_t *ret_until)
{
	struct latest latest = {.zone = zone, .utc = utc, .until = INT64_MIN};

	for (size_t i = hours_search(off, utc + SLACK_S); i-- > 0;) {
		const struct off_hours *h = &off->hours[i];
		struct instance in;

		if (h->reach < utc - SLACK_S)
			break;
		if (h->until < utc - SLACK_S)
			continue;
		in = hours_instance(h, zone);
		latest_take(&latest, &in, off->names + h->name);
	}
	for (size_t i = 0; i < off->n_series; i++) {
		const struct off_series *s = &off->series[i];
		struct series_walk walk;
		struct instance in;

		if (s->dates)
			continue;
		walk = series_around(s, zone, utc);
		while (series_step(&walk, &in))
			latest_take(&latest, &in, off->names + s->name);
	}
	if (latest.name)
		*ret_until = latest.until;
	return latest.name;
}

struct each {
	const struct zone *zone;
	int32_t from, to;
	void (*on_date)(void *owner, int32_t date, const char *name);
	void *owner;
};

static void each_range(const struct each *each, int32_t first, int32_t last, const char *name)
{
	first = MAX_OF(first, each->from);
	last = MIN_OF(last, each->to);
	for (; first <= last; first++)
		each->on_date(each->owner, first, name);
}

static void each_series(const struct each *each, const struct off_series *s, const char *name)
{
	int32_t days = (int32_t)(s->length.wall / DAY_S), first, last;
	struct series_walk walk;
	struct instance in;
	int64_t local = (each->from - days + 1) * DAY_S;

	if (s->dates) {
		for (; (local = series_next(s, local)) < (each->to + 1) * DAY_S; local += DAY_S)
			each_range(each, local_date(local), local_date(local) + days - 1, name);
		return;
	}
	if (!may_be_whole(&s->length))
		return;
	walk = series_around(s, each->zone, date_begin(each->zone, each->from));
	walk.end = (each->to + 2) * DAY_S;
	while (series_step(&walk, &in)) {
		if (is_whole(each->zone, in.from, in.until, &first, &last))
			each_range(each, first, last, name);
	}
}

void daysoff_each(const struct daysoff *off, const struct zone *zone, int32_t from, int32_t to,
	void (*on_date)(void *owner, int32_t date, const char *name), void *owner)
{
	const struct each each = {zone, MAX_OF(from, (int32_t)DATE_FIRST),
		MIN_OF(to, (int32_t)DATE_LAST), on_date, owner};
	int32_t first, last;

	if (each.from > each.to)
		return;
	for (size_t i = dates_search(off, each.from);
		i < off->n_dates && off->dates[i].first <= each.to; i++)
		each_range(&each, off->dates[i].first, off->dates[i].last,
			off->names + off->dates[i].name);
	for (size_t i = 0; i < off->n_hours; i++) {
		const struct off_hours *h = &off->hours[i];
		struct instance in;

		if (!may_be_whole(&h->length))
			continue;
		in = hours_instance(h, zone);
		if (is_whole(zone, in.from, in.until, &first, &last))
			each_range(&each, first, last, off->names + h->name);
	}
	for (size_t i = 0; i < off->n_series; i++)
		each_series(&each, &off->series[i], off->names + off->series[i].name);
}
