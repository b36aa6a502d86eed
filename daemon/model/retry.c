/* The retry policy: arithmetic alone. Chance and time are arguments; it knows nothing of
 * deliveries. */
#include "model/retry.h"

/* Uniform over [0, limit], both ends included. */
static int64_t spread(int64_t limit, uint32_t chance)
{
	return (int64_t)(((unsigned __int128)limit + 1) * chance >> 32);
}

/* base * 2^(attempts - 1), or the cap. */
static int64_t window_ms(const struct retry_policy *policy, int attempts)
{
	int doublings = attempts - 1;

	if (doublings > 62 || policy->base_ms > policy->max_ms >> doublings)
		return policy->max_ms;
	return policy->base_ms << doublings;
}

int64_t retry_delay_ms(
	const struct retry_policy *policy, int attempts, int64_t asked_ms, uint32_t chance)
{
	int64_t wait_ms, least_ms;

	assert(attempts >= 1);
	assert(policy->base_ms >= 0 && policy->max_ms >= 0);
	wait_ms = spread(window_ms(policy, attempts), chance);
	if (asked_ms < 0)
		return wait_ms;
	/* All whom one answer sent away would come back at the same instant: spread them, too. */
	if (__builtin_add_overflow(asked_ms, spread(policy->base_ms, chance), &least_ms))
		least_ms = INT64_MAX;
	return MAX_OF(wait_ms, least_ms);
}
