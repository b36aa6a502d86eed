/* When to try again: the pure policy. Full jitter over a doubling base with a cap, never less than
 * what the receiver asked for, never beyond the expiry. */
#pragma once

#include "base/mem.h"

struct retry_policy {
	int64_t base_ms, max_ms;
};

/* attempts: made so far, >= 1. asked_ms: the receiver's Retry-After, or -1. chance: uniform in
 * [0, 2^32). The wait in ms, >= 0; what was asked for is spread over one base on top, so that those
 * sent away together do not come back together. Pure. */
int64_t retry_delay_ms(
	const struct retry_policy *policy, int attempts, int64_t asked_ms, uint32_t chance);
