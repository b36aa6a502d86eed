/* Whether reminders help at all: of those who would get one, some do not for a quarter, and both groups
 * are compared by what they answer to another reminder that all of them get. Who is in which group is
 * a hash; the comparison counts each person once. Pure. */
#pragma once

#include "base/mem.h"

#include <stdint.h>

enum {
	TRIAL_PERCENT_MOST = 50,
	TRIAL_ENOUGH = 20, /* people in each group, before a difference is told */
};

/* Whether a reminder leaves a person out in the quarter of a local date. */
bool trial_holds_out(const char *reminder, int percent, const char *person, int32_t date);
/* The first day of the quarter. */
int32_t trial_quarter(int32_t date);

struct trial_group {
	int people; /* who were asked at least once */
	int done;   /* of them, who did it at least every second time that they were asked */
};
/* One more person of a group, who was asked so often. */
void trial_add(struct trial_group *group, int asked, int done);

/* Percentage points between the rates of two groups, first less second, with the bounds between which
 * the true difference lies 95 times in 100 (Wilson's interval of each rate, joined by Newcombe's
 * method 10). Neither group may be empty. */
struct trial_difference {
	double value, low, high;
};
void trial_compare(
	struct trial_group with, struct trial_group without, struct trial_difference *ret);

enum { TRIAL_TEXT = 200 };
/* A sentence of it for people: what is known, or that it is too early to tell. */
void trial_write(struct trial_group with, struct trial_group without, char text[static TRIAL_TEXT]);
