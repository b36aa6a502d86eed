/* Zones as sorted arrays of transitions, with the footer's yearly rules written out until 2201, so
 * that a look-up is one binary search and nothing else. The reading of files is tzif.c's.
 * Never touches TZ, tzset() or the C library's own zone. */
#include "time/zone.h"

#include "base/buf.h"
#include "base/str.h"
#include "time/tzif.h"

#include <errno.h>
#include <string.h>

enum { ZONE_FILE_MAX = 256 * 1024, ZONE_NAME_MAX = 64 };

struct zone {
	unsigned refs;
	char *name;
	unsigned revision;
	size_t count;
	int64_t *at;     /* instants of the transitions, ascending */
	int64_t *local;  /* the first local time that transition i makes special: a gap's or an
			  * overlap's begin; ascending */
	int32_t *offset; /* count + 1: offset[i] holds before at[i], offset[count] at the end */
};

/* How many of the ascending values are <= x. */
static size_t count_not_above(const int64_t *values, size_t count, int64_t x)
{
	const int64_t *base = values;

	while (count > 0) {
		size_t half = count / 2;

		if (base[half] <= x) {
			base += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return (size_t)(base - values);
}

static bool name_is_safe(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	if (strstr(name, "..") || str_starts(name, "right/") || str_starts(name, "posix/"))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			!strchr("_+-/.", c))
			return false;
	}
	return name[0] != '.';
}

struct zone *zone_new(const char *name, const struct tzif *tzif)
{
	static unsigned revisions;
	struct zone *zone = mem_new(sizeof(*zone));

	zone->refs = 1;
	zone->name = str_new(name);
	zone->revision = ++revisions;
	zone->count = tzif->count;
	zone->at = mem_new_array(tzif->count, sizeof(*zone->at));
	zone->local = mem_new_array(tzif->count, sizeof(*zone->local));
	zone->offset = mem_new_array(tzif->count + 1, sizeof(*zone->offset));
	zone->offset[0] = tzif->first_offset;
	for (size_t i = 0; i < tzif->count; i++) {
		zone->at[i] = tzif->changes[i].at;
		zone->offset[i + 1] = tzif->changes[i].offset;
		zone->local[i] = zone->at[i] + MIN_OF(zone->offset[i], zone->offset[i + 1]);
	}
	return zone;
}

int zone_parse(const char *name, const void *bytes, size_t len, struct zone **ret)
{
	struct tzif tzif;
	int r = tzif_read(bytes, len, &tzif);

	if (r < 0)
		return r;
	*ret = zone_new(name, &tzif);
	tzif_free(&tzif);
	return 0;
}

char *zone_path(const char *name)
{
	const char *folder = getenv("TZDIR");

	if (str_eq(name, "UTC") || !name_is_safe(name))
		return NULL;
	return str_printf("%s/%s", str_empty(folder) ? "/usr/share/zoneinfo" : folder, name);
}

int zone_load(const char *name, struct zone **ret)
{
	cleanup(buf_free) struct buf bytes = BUF_MAX(ZONE_FILE_MAX);
	auto_free char *path = zone_path(name);
	int r;

	if (str_eq(name, "UTC")) {
		static const struct tzif utc;

		*ret = zone_new(name, &utc);
		return 0;
	}
	if (!path)
		return -EINVAL;
	r = buf_read_file(&bytes, path);
	if (r == -EISDIR || r == -ENOTDIR)
		return -ENOENT;
	return r < 0 ? r : zone_parse(name, bytes.data, bytes.len, ret);
}

/* Content, without who holds it. */
static void swap_content(struct zone *a, struct zone *b)
{
	struct zone x = *a, y = *b;

	*a = y;
	*b = x;
	a->refs = x.refs;
	a->name = x.name;
	b->refs = y.refs;
	b->name = y.name;
}

int zone_reload(struct zone *zone)
{
	struct zone *fresh;
	bool same;
	int r = zone_load(zone->name, &fresh);

	if (r < 0)
		return r;
	same = zone_equal(zone, fresh);
	if (!same)
		swap_content(zone, fresh);
	zone_unref(fresh);
	return !same;
}

struct zone *zone_ref(struct zone *zone)
{
	zone->refs++;
	return zone;
}

void zone_unref(struct zone *zone)
{
	if (!zone || --zone->refs)
		return;
	free(zone->name);
	free(zone->at);
	free(zone->local);
	free(zone->offset);
	free(zone);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

unsigned zone_revision(const struct zone *zone)
{
	return zone->revision;
}

bool zone_equal(const struct zone *a, const struct zone *b)
{
	return a == b ||
	       (a->count == b->count &&
		       memcmp(a->offset, b->offset, (a->count + 1) * sizeof(*a->offset)) == 0 &&
		       (!a->count || memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0));
}

int64_t zone_to_local(const struct zone *zone, int64_t utc, int32_t *ret_offset)
{
	int32_t offset = zone->offset[count_not_above(zone->at, zone->count, utc)];

	if (ret_offset)
		*ret_offset = offset;
	return utc + offset;
}

enum zone_fit zone_to_utc(
	const struct zone *zone, int64_t local, int64_t *ret_first, int64_t *ret_second)
{
	size_t i = count_not_above(zone->local, zone->count, local);
	int32_t before, after = zone->offset[i];

	if (i > 0) {
		before = zone->offset[i - 1];
		if (local < zone->at[i - 1] + MAX_OF(before, after)) {
			*ret_first = after > before ? zone->at[i - 1] : local - before;
			*ret_second = after > before ? zone->at[i - 1] : local - after;
			return after > before ? ZONE_GAP : ZONE_OVERLAP;
		}
	}
	*ret_first = *ret_second = local - after;
	return ZONE_UNIQUE;
}

struct zone_stretch zone_stretch_at(const struct zone *zone, int64_t utc)
{
	size_t i = count_not_above(zone->at, zone->count, utc);

	return (struct zone_stretch){
		.from = i > 0 ? zone->at[i - 1] : ZONE_BEGIN,
		.until = i < zone->count ? zone->at[i] : ZONE_END,
		.offset = zone->offset[i],
		.before = zone->offset[i > 0 ? i - 1 : 0],
		.after = zone->offset[i < zone->count ? i + 1 : i],
	};
}
