/* What stands in the way of messages, as JSON: pauses, and for one person also what they asked for and
 * how far reminders have faded. Every function gives a new reference. */
#pragma once

#include "engine/engine.h"

#include <jansson.h>

json_t *standing_pauses(const struct engine *engine);
/* What they keep: preferences and personal foci. */
json_t *standing_kept(const struct engine *engine, const char *person);
/* What is about this person, who may have left the configuration. */
json_t *standing_of(const struct engine *engine, const char *person);
