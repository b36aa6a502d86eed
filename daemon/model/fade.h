/* Fading: the longer somebody goes on answering what a reminder asks, the less often it asks; one that
 * stays without an answer brings all of them back. Gaps double and stay even: every one, every 2nd,
 * every 4th... Pure arithmetic; where it is kept, and which slot is which, is for others. */
#pragma once

#include "model/record.h"

/* What a reminder says of it. */
struct fading {
	int after; /* answers in a row before each doubling; 0: it does not fade */
	int most;  /* never less often than every so many slots: 1, 2, 4... */
};

/* How far it has come with one person. */
struct fade {
	int row;       /* done and stuck in a row, without a miss */
	int64_t asked; /* nominal local time of the last message */
	enum fade_last {
		FADE_ASKED,    /* no answer to it yet: at the next slot it is a miss */
		FADE_ANSWERED, /* done or stuck */
		FADE_PASSED,   /* skip, less, stop: neither adds nor takes */
		FADE_LASTS,
	} last;
};

/* Of how many slots one is sent: 1, 2, 4... */
int fade_every(const struct fading *fading, const struct fade *fade);
/* A slot is sent. False: it, or a later one, was already. */
bool fade_ask(struct fade *fade, int64_t local);
/* The message of a slot was answered. False: nothing changes. Only the last one counts. */
bool fade_answer(struct fade *fade, int64_t local, enum answer answer);

/* The largest `most` that leaves no more than a span between two messages; 0: the rule has more than
 * 24 slots a day, and is not counted. */
int fade_most(const struct rule *rule, const struct zone *zone, int64_t at_least_s);

enum { FADE_TEXT = 64 };
/* "4 in a row; answered 2026-11-23T09:00:00": as it is kept, and shown. */
void fade_write(const struct fade *fade, char text[static FADE_TEXT]);
int fade_read(const char *text, struct fade *ret) must_check; /* 0 or -EINVAL */
