/* The record of practice: from what somebody was asked and answered to what may be said of it.
 * Forgiving by design: a day away, paused or skipped counts for nothing, one missed day is mended by
 * the next practice, being stuck is practice, and no curve ever reaches its top.
 *
 * Facts are those of one person (of one reminder, or of all of them, as the caller likes), in order
 * of date, several a day allowed. Today is an argument; nothing here is kept. */
#pragma once

#include "model/record.h"
#include "time/civil.h"

struct practice_fact {
	int32_t date;       /* nominal local date */
	bool asked;         /* false: left out, whatever the reason (away, paused, a holiday...) */
	enum answer answer; /* NONE and SNOOZE: silence, once the day is over */
};

enum {
	PRACTICE_WINDOW = 28, /* days that a rate is of, unless the caller has another wish */
	PRACTICE_BREAK = 14,  /* days without practice, after which there is a return */
	PRACTICE_ENOUGH = 8,  /* asked so often in a window, a plateau can be told */
};

enum plateau {
	PLATEAU_NONE,
	PLATEAU_SAME,   /* one and the same answer for a whole window */
	PLATEAU_SILENT, /* no answer for a whole window */
};

struct practice {
	/* Of the window, today included: how often asked (that is over, or answered), and what came
	 * of it. `skipped` holds skip, less and stop. */
	int asked, done, stuck, skipped, silent;
	int rate; /* percent of done and stuck in what was asked and not skipped; -1: nothing was */
	enum plateau plateau;
	/* Of all facts: */
	int practices;       /* done and stuck */
	int streak, longest; /* days of practice in a row */
	bool mendable;       /* the last day that counts was missed: the next practice mends it */
	int32_t first, last; /* days of practice; INT32_MAX and INT32_MIN: none */
};

void practice_count(const struct practice_fact *facts, size_t count, int32_t today, int window_days,
	struct practice *ret);

/* How far so many practices have come on a way without an end: percent, at most 99. */
int practice_curve(int practices);
/* The number of practices that is celebrated next: 10, 25, 50, 100, and each further hundred. */
int practice_next_count(int practices);

struct celebration {
	enum celebrated {
		CELEBRATED_COUNT,   /* number: of practices, all in all */
		CELEBRATED_RETURN,  /* number: days of the break */
		CELEBRATED_QUARTER, /* number: of practices in the quarter that ended */
		CELEBRATIONS,
	} what;
	int number;
	int32_t date; /* when it was */
};

/* What happened later than `since` and not later than `until`, at most one of each kind: the greatest
 * number, the last return, the last quarter that ended. Facts from a quarter and a break before
 * `since` are wanted, and `before` is how many practices came ahead of the first of them. */
size_t practice_celebrations(const struct practice_fact *facts, size_t count, int before,
	int32_t since, int32_t until, struct celebration ret[static CELEBRATIONS]);
