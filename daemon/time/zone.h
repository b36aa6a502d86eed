/* Time zones from TZif files (RFC 9636): our own reader, because TZ and tzset() are global to the
 * process and libcurl's resolver threads read the environment.
 *
 * The file is untrusted input. What a zone says is replaced by zone_reload() alone, for all who hold
 * it at once. All times in whole seconds. */
#pragma once

#include "time/civil.h"

struct zone;

enum zone_fit {
	ZONE_UNIQUE,  /* one instant: first == second */
	ZONE_GAP,     /* none: first = second = the first instant after the gap */
	ZONE_OVERLAP, /* two: first < second */
};

/* Reads NAME below the folder ($TZDIR, else /usr/share/zoneinfo). Names with "..", a leading "/",
 * "right/" or "posix/" are refused. "UTC" needs no file.
 * 0, -ENOENT (no such zone), -EINVAL (bad name), -EBADMSG (the file is damaged), -EFBIG. */
int zone_load(const char *name, struct zone **ret) must_check;
/* The file of a zone, owned by the caller; NULL: a name that has none ("UTC"), or a bad one. */
char *zone_path(const char *name) must_check;
/* Reads the file again: 1 when it says something else now, 0 when it says the same, or what
 * zone_load() says of a file that cannot be used: then the old content stays. */
int zone_reload(struct zone *zone) must_check;
/* From memory, for tests and fuzzing: 0 or -EBADMSG. */
int zone_parse(const char *name, const void *bytes, size_t len, struct zone **ret) must_check;
/* From changes that are in order (tzif_tidy()); they are copied. */
struct tzif;
struct zone *zone_new(const char *name, const struct tzif *tzif);
struct zone *zone_ref(struct zone *zone);
void zone_unref(struct zone *zone); /* NULL is fine */

const char *zone_name(const struct zone *zone);
/* A number of its own for each content that was ever read: for what is kept beside a zone. */
unsigned zone_revision(const struct zone *zone);
/* True when both map every instant alike (same transitions, same footer). */
bool zone_equal(const struct zone *a, const struct zone *b);

/* The local time at an instant; *ret_offset (may be NULL) is in seconds east of UTC. */
int64_t zone_to_local(const struct zone *zone, int64_t utc, int32_t *ret_offset);
/* The instant or instants of a local time. */
enum zone_fit zone_to_utc(
	const struct zone *zone, int64_t local, int64_t *ret_first, int64_t *ret_second);

/* The stretch of one offset around an instant. Its neighbours tell what the boundaries are: a gap
 * where the offset grows, an overlap where it shrinks. At either end of all time the neighbour is
 * the stretch itself, and the boundary ZONE_BEGIN or ZONE_END. */
#define ZONE_BEGIN (-(INT64_C(1) << 60))
#define ZONE_END (INT64_C(1) << 60)
struct zone_stretch {
	int64_t from, until; /* instants; until is exclusive */
	int32_t offset, before, after;
};
struct zone_stretch zone_stretch_at(const struct zone *zone, int64_t utc);
