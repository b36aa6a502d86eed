/* What is known of days and hours off, and the answers: by binary search where an event happens
 * once, by one look at the rule where it repeats. Nothing is written out beforehand. */
#include "time/daysoff-parts.h"

#include "time/ical.h"

#include <errno.h>
#include <string.h>

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

size_t local_ranges_from(const struct local_range *ranges, size_t count, int64_t local)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ranges[middle].until <= local)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct local_range *local_ranges_find(
	const struct local_range *ranges, size_t count, int64_t local)
{
	size_t i = local_ranges_from(ranges, count, local);

	return i < count && ranges[i].from <= local ? &ranges[i] : NULL;
}

int64_t off_date_begin(const struct zone *zone, int32_t date)
{
	int64_t first, second;

	zone_to_utc(zone, date * DAY_S, &first, &second);
	return first;
}

struct instance off_instance(
	const struct zone *zone, int64_t local, const struct off_length *length)
{
	return (struct instance){
		off_utc(zone, local), off_utc(zone, local + length->wall) + length->exact};
}

bool off_is_whole(
	const struct zone *zone, const struct instance *in, int32_t *ret_first, int32_t *ret_last)
{
	int32_t first = local_date(zone_to_local(zone, in->from, NULL));
	int32_t end = local_date(zone_to_local(zone, in->until, NULL));

	if (end <= first || off_date_begin(zone, first) != in->from ||
		off_date_begin(zone, end) != in->until)
		return false;
	*ret_first = first;
	*ret_last = end - 1;
	return true;
}

bool off_may_be_whole(const struct off_length *length)
{
	enum { JUMP_S = 3 * 3600 };
	int64_t all = length->wall + length->exact;

	return all >= DAY_S - JUMP_S && (all + JUMP_S) % DAY_S <= 2 * JUMP_S;
}

static struct instance hours_instance(const struct off_hours *h, const struct zone *zone)
{
	return h->floating ? off_instance(zone, h->from, &h->length)
			   : (struct instance){h->from, h->until};
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
	int64_t begin = off_date_begin(zone, date);
	int32_t first, last;

	for (size_t i = hours_search(off, begin + SLACK_S); i-- > 0;) {
		const struct off_hours *h = &off->hours[i];
		struct instance in;

		if (h->reach < begin - SLACK_S)
			break;
		if (h->until < begin - SLACK_S || !off_may_be_whole(&h->length))
			continue;
		in = hours_instance(h, zone);
		if (off_is_whole(zone, &in, &first, &last) && first <= date && date <= last)
			return h;
	}
	return NULL;
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

enum { SEEN_WORDS = (DATE_LAST + 1) / 64 + 3 };

/* Of what holds the instant and has hours, the one that ends last. */
struct latest {
	const struct zone *zone;
	int64_t utc, until;
	const char *name, *asked; /* of that one; of the one at hand */
};

static void latest_take(struct latest *latest, const struct instance *in)
{
	int32_t first, last;

	if (in->from <= latest->utc && latest->utc < in->until && in->until > latest->until &&
		!off_is_whole(latest->zone, in, &first, &last)) {
		latest->until = in->until;
		latest->name = latest->asked;
	}
}

static void on_instance(void *owner, const struct instance *in)
{
	latest_take(owner, in);
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
		latest.asked = off->names + h->name;
		latest_take(&latest, &in);
	}
	for (size_t i = 0; i < off->n_series; i++) {
		latest.asked = off->names + off->series[i].name;
		if (!off->series[i].dates)
			series_around(&off->series[i], zone, utc, on_instance, &latest);
	}
	if (latest.name)
		*ret_until = latest.until;
	return latest.name;
}

static void hours_mark(const struct daysoff *off, const struct zone *zone, struct date_marks *marks)
{
	for (size_t i = 0; i < off->n_hours; i++) {
		const struct off_hours *h = &off->hours[i];
		struct instance in;
		int32_t first, last;

		if (!off_may_be_whole(&h->length))
			continue;
		in = hours_instance(h, zone);
		marks->name = off->names + h->name;
		if (off_is_whole(zone, &in, &first, &last))
			marks_range(marks, first, last);
	}
}

/* Only what lies in [from, to] is new. */
static uint64_t *seen_new(int32_t from, int32_t to)
{
	uint64_t *seen = mem_new_array(SEEN_WORDS, sizeof(*seen));

	memset(seen, 0xff, SEEN_WORDS * sizeof(*seen));
	for (int32_t date = from; date <= to; date++)
		seen[date / 64] &= ~(UINT64_C(1) << (date % 64));
	return seen;
}

void daysoff_each(const struct daysoff *off, const struct zone *zone, int32_t from, int32_t to,
	void (*on_date)(void *owner, int32_t date, const char *name), void *owner)
{
	struct date_marks marks = {.from = MAX_OF(from, (int32_t)DATE_FIRST),
		.to = MIN_OF(to, (int32_t)DATE_LAST),
		.on_date = on_date,
		.owner = owner};
	auto_free uint64_t *seen = seen_new(marks.from, marks.to);

	if (marks.from > marks.to)
		return;
	marks.seen = seen;
	for (size_t i = 0; i < off->n_dates; i++) {
		marks.name = off->names + off->dates[i].name;
		marks_range(&marks, off->dates[i].first, off->dates[i].last);
	}
	hours_mark(off, zone, &marks);
	series_mark_all(off, zone, &marks);
}
