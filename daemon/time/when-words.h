/* The words of phrases: a text as tokens, and complaints that say what would be understood.
 *
 * A parser asks with words_take() for one word after the other; what it asks for in vain is
 * remembered until a word is taken, so that words_fail() can name all that would have been right at
 * that place. "the" is skipped wherever it stands. Private to when.c. */
#pragma once

#include "time/scan.h"

enum word {
	WORD_END,
	WORD_COMMA,
	WORD_DASH,
	WORD_UNKNOWN,
	/* with a value */
	WORD_NUMBER,  /* 0..999 */
	WORD_YEAR,    /* four digits */
	WORD_ORDINAL, /* 1.. */
	WORD_TIME,    /* second of the day */
	WORD_WEEKDAY, /* 0 = Monday */
	WORD_MONTH,   /* 1..12 */
	/* alone, in the order in which a complaint names them */
	WORD_EVERY,
	WORD_DAILY,
	WORD_HOUR,
	WORD_MINUTE,
	WORD_DAY,
	WORD_WEEK,
	WORD_MONTHS, /* the unit */
	WORD_QUARTER,
	WORD_YEARS,    /* the unit */
	WORD_WEEKDAYS, /* Monday to Friday */
	WORD_WEEKEND,
	WORD_WORKING,
	WORD_LAST,
	WORD_OTHER,
	WORD_OF,
	WORD_ON,
	WORD_AT,
	WORD_IN,
	WORD_FROM,
	WORD_BETWEEN,
	WORD_TO,
	WORD_AND,
	/* alone, other ways to say one of those */
	WORD_FORTNIGHT,
	WORD_FORTNIGHTLY,
	WORD_MONTHLY,
	WORD_QUARTERLY,
	WORD_UNTIL,
	WORD_WEEKLY,
	WORD_WORKDAY,
	WORD_YEARLY,
	WORDS,
};

#define WORD_BIT(word) (UINT64_C(1) << (word))

struct token {
	enum word word;
	int value;
	const char *at;
	size_t len;
	const char *hint; /* what is wrong with it, or what to say instead; NULL: nothing */
};

struct words {
	struct scan *scan;
	struct token now;
	uint64_t wanted; /* asked for at this place */
};

void words_begin(struct words *words, struct scan *scan);
void words_advance(struct words *words);
static inline bool words_at(struct words *words, uint64_t set)
{
	words->wanted |= set;
	return set >> words->now.word & 1;
}
/* Advances when the word is there; the token passed is in *ret_token, which may be NULL. */
bool words_take(struct words *words, enum word word, struct token *ret_token);
/* Whether a list goes on: 1 behind the comma or "and" and at one of `elements`; 0 when it ends here
 * (a comma, or "and" before one of `others`, is left); -EINVAL for an "and" before anything else. */
int words_list(struct words *words, uint64_t elements, uint64_t others) must_check;
/* The complaint at this place: always -EINVAL. */
int words_fail(struct words *words);
