/* Offsets by the name of a zone, in a hash. Owns them; lends nothing. Never reads a zone's file. */
#include "engine/zones.h"

#include "base/str.h"
#include "engine/resolver.h"
#include "port/store.h"

#include <stdio.h>
#include <uthash.h>

enum { SHIFT_MAX_S = 86400 }; /* whatever a file says, no more is decided again */

struct shown {
	char *name;
	int32_t offset;
	bool stored; /* the store has it */
	UT_hash_handle hh;
};

struct zones {
	struct shown *shown;
};

struct zones *zones_new(void)
{
	return mem_new(sizeof(struct zones));
}

static void drop(struct zones *zones, struct shown *shown)
{
	HASH_DEL(zones->shown, shown);
	free(shown->name);
	free(shown);
}

static void clear(struct zones *zones)
{
	struct shown *shown, *next;

	HASH_ITER(hh, zones->shown, shown, next)
		drop(zones, shown);
}

void zones_free(struct zones *zones)
{
	if (!zones)
		return;
	clear(zones);
	free(zones);
}

static struct shown *find(const struct zones *zones, const char *name)
{
	struct shown *shown;

	HASH_FIND_STR(zones->shown, name, shown);
	return shown;
}

static void keep(struct zones *zones, const char *name, int32_t offset, bool stored)
{
	struct shown *shown = find(zones, name);

	if (!shown) {
		shown = mem_new(sizeof(*shown));
		shown->name = str_new(name);
		HASH_ADD_KEYPTR(hh, zones->shown, shown->name, strlen(shown->name), shown);
	}
	shown->offset = offset;
	shown->stored = stored;
}

void zones_load(struct zones *zones, const char *name, const char *value)
{
	int64_t offset;

	if (str_to_int64(value, &offset) == 0 && offset > -SHIFT_MAX_S && offset < SHIFT_MAX_S)
		keep(zones, name + strlen(ZONES_PREFIX), (int32_t)offset, true);
}

static int32_t offset_at(const struct zone *zone, int64_t at)
{
	int32_t offset;

	(void)zone_to_local(zone, at / 1000, &offset);
	return offset;
}

static void write_one(struct change *change, const char *zone, const char *value)
{
	auto_free char *name = str_printf(ZONES_PREFIX "%s", zone);

	change_set_value(change, name, value);
}

void zones_write(const struct zones *zones, const struct model *model, int64_t mark_at,
	struct change *change)
{
	struct zones *now = zones_new();
	char text[16];

	zones_fill(now, model, mark_at);
	for (const struct shown *new = now->shown; new; new = new->hh.next) {
		const struct shown *old = find(zones, new->name);

		snprintf(text, sizeof(text), "%d", new->offset);
		if (!old || !old->stored || old->offset != new->offset)
			write_one(change, new->name, text);
	}
	for (const struct shown *old = zones->shown; old; old = old->hh.next)
		if (!find(now, old->name))
			write_one(change, old->name, NULL);
	zones_free(now);
}

static void note(struct zones *zones, const struct model *model, int64_t mark_at, bool stored)
{
	size_t count;
	auto_free struct zone **list = model_zones(model, &count);

	for (size_t i = 0; i < count; i++)
		if (!find(zones, zone_name(list[i])))
			keep(zones, zone_name(list[i]), offset_at(list[i], mark_at), stored);
}

void zones_note(struct zones *zones, const struct model *model, int64_t mark_at, bool stored)
{
	clear(zones);
	note(zones, model, mark_at, stored);
}

void zones_fill(struct zones *zones, const struct model *model, int64_t mark_at)
{
	note(zones, model, mark_at, false);
}

static int64_t shift_ms(const struct zones *zones, const struct zone *zone, int64_t mark_at)
{
	const struct shown *shown = find(zones, zone_name(zone));
	int64_t shift_s = shown ? offset_at(zone, mark_at) - shown->offset : 0;

	return MIN_OF(MAX_OF(shift_s, 0), SHIFT_MAX_S) * 1000;
}

int64_t zones_decided_at(const struct zones *zones, const struct reminder *reminder,
	const struct place *place, int64_t mark_at)
{
	const struct zone *own = rule_own_zone(reminder->rule);
	int64_t shift = shift_ms(zones, place->zone, mark_at);

	/* Elapsed time knows no zone; only hours can move it. */
	if (rule_is_elapsed(reminder->rule) && !resolver_reach_s(reminder, place))
		return mark_at;
	return mark_at - (own ? MAX_OF(shift, shift_ms(zones, own, mark_at)) : shift);
}
