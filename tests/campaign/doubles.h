/* What stands in for the machine around the engine: a store that outlives it, receivers that fail
 * when told to, and death at an instant that is chosen. They take the place of the SQLite store and
 * of the courier when the simulator is linked. */
#pragma once

#include "base/clock.h"
#include "base/id.h"

#include <event2/event.h>
#include <jansson.h>

/* When the process dies: at its n-th commit from now, just before or after it is durable, or when
 * the n-th message was accepted and nothing of it is recorded. */
enum death { DEATH_NONE, DEATH_BEFORE_COMMIT, DEATH_AFTER_COMMIT, DEATH_ACCEPTED, DEATHS };
extern const char *const death_names[DEATHS + 1];

/* What a receiver does with a message. */
enum receiver {
	RECEIVER_OK,
	RECEIVER_BUSY,
	RECEIVER_GONE,
	RECEIVER_AWAY,
	RECEIVER_SILENT,
	RECEIVERS
};
extern const char *const receiver_names[RECEIVERS + 1];

struct doubles {
	const struct clock *clock;
	enum death death;
	int dies_in;
	bool dead;                  /* nothing is recorded any more, and nothing leaves */
	struct id applied, durable; /* the newest occurrence: tried, and recorded */
	void (*on_message)(const char *channel, const char *answer, const json_t *data);
};
extern struct doubles doubles;

/* An empty disk, and receivers that work. */
void doubles_reset(void);
void doubles_set_death(enum death death, int in);
void doubles_revive(void);
/* False: there is no such receiver. All channels are known by their first use. */
void doubles_set_receiver(const char *channel, enum receiver receiver);
/* What is on the disk under a name; lent. */
void doubles_read_value(const char *name, char *ret, size_t size);
