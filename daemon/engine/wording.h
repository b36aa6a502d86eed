/* Which showing of its pack a message is. */
#pragma once

#include "engine/resolver.h"

/* A number for prompt_pick() that grows from message to message, by one nearly always: within a year by
 * the slots before it, over New Year by how many slots the rule has a year, and of what is thinned out
 * (less, fade) by what is left. So no prompt comes back soon, whatever the calendar does. */
uint64_t wording_number(const struct planned *planned);
