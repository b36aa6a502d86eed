/* What each zone's clock showed at the mark, so that a change of its rules loses no slot: where the
 * clock goes forward by new rules, a slot that lay ahead of the mark may now lie behind it. Kept in
 * the store beside the mark, because rules are also replaced while nudged is down. */
#pragma once

#include "model/model.h"

struct zones;
struct change;

#define ZONES_PREFIX "zone:"

struct zones *zones_new(void);
void zones_free(struct zones *zones); /* NULL is fine */
/* A value of the store whose name begins with the prefix. */
void zones_load(struct zones *zones, const char *name, const char *value);
/* The offsets at a new mark, by the model's zones as they decided up to it: into the change. */
void zones_write(const struct zones *zones, const struct model *model, int64_t mark_at,
	struct change *change);
/* The same here. stored: the change that has them is durable. */
void zones_note(struct zones *zones, const struct model *model, int64_t mark_at, bool stored);
/* Zones that are new in the model. */
void zones_fill(struct zones *zones, const struct model *model, int64_t mark_at);
/* Up to when the slots of a reminder at a place are decided: the mark (ms), or so much earlier as a
 * clock of theirs went forward by a change of rules. */
int64_t zones_decided_at(const struct zones *zones, const struct reminder *reminder,
	const struct place *place, int64_t mark_at);
