/* Arithmetic of the hold-out. A person counts once, however often they were asked: many answers of few
 * people are no large number. */
#include "model/trial.h"
#include "base/random.h"
#include "time/civil.h"

#include <math.h>
#include <stdio.h>

enum { MONTHS = 3 };

/* The 97.5th percentile of the normal distribution. */
#define Z 1.959963984540054

int32_t trial_quarter(int32_t date)
{
	int year, month, day;

	date_to_ymd(date, &year, &month, &day);
	return date_from_ymd(year, (month - 1) / MONTHS * MONTHS + 1, 1);
}

bool trial_holds_out(const char *reminder, int percent, const char *person, int32_t date)
{
	char quarter[CIVIL_TEXT];

	if (!percent)
		return false;
	date_write(trial_quarter(date), quarter);
	return HASH_OF("hold-out", reminder, person, quarter) % 100 < (uint64_t)percent;
}

void trial_add(struct trial_group *group, int asked, int done)
{
	if (!asked)
		return;
	group->people++;
	group->done += done * 2 >= asked;
}

static void wilson(struct trial_group group, double *ret_rate, double *ret_low, double *ret_high)
{
	double n = group.people, p = group.done / n;
	double middle = p + Z * Z / (2 * n);
	double half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));

	*ret_rate = p;
	*ret_low = (middle - half) / (1 + Z * Z / n);
	*ret_high = (middle + half) / (1 + Z * Z / n);
}

void trial_compare(
	struct trial_group with, struct trial_group without, struct trial_difference *ret)
{
	double p1, low1, high1, p2, low2, high2;

	assert(with.people > 0 && without.people > 0);
	wilson(with, &p1, &low1, &high1);
	wilson(without, &p2, &low2, &high2);
	ret->value = 100 * (p1 - p2);
	ret->low = ret->value - 100 * sqrt((p1 - low1) * (p1 - low1) + (high2 - p2) * (high2 - p2));
	ret->high =
		ret->value + 100 * sqrt((high1 - p1) * (high1 - p1) + (p2 - low2) * (p2 - low2));
}

void trial_write(struct trial_group with, struct trial_group without, char text[static TRIAL_TEXT])
{
	struct trial_difference d;
	const char *verdict;

	if (with.people < TRIAL_ENOUGH || without.people < TRIAL_ENOUGH) {
		snprintf(text, TRIAL_TEXT,
			"too few to tell: %d with and %d without it, and %d of each are needed",
			with.people, without.people, TRIAL_ENOUGH);
		return;
	}
	trial_compare(with, without, &d);
	verdict = d.low > 0 ? "it helps" : d.high < 0 ? "it does harm" : "that may be chance";
	snprintf(text, TRIAL_TEXT,
		"%d of %d with it, %d of %d without: %+.0f points (95 %%: %+.0f to %+.0f), %s",
		with.done, with.people, without.done, without.people, d.value, d.low, d.high,
		verdict);
}
