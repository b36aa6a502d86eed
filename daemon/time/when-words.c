/* Tokens of phrases and the vocabulary. A word means one thing wherever it stands; whatever people
 * say that means two things is here too, with what to say instead. Owns nothing: tokens point into
 * the text. */
#include "time/when-words.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MESSAGE_MAX = sizeof(((struct rule_error *)NULL)->message), QUOTED_MAX = 24 };

#define HINT_TIME "give a time of day such as 9:00, 9am, 1:30 pm or noon"
#define HINT_TWICE                                                                                 \
	"that is twice in one, or one in two: say \"every 2\" and the unit, or name the days"
#define HINT_OFTEN "name the days: \"every Monday and Thursday\", \"every month on the 15th\""
#define HINT_ONCE "a phrase repeats: for once write a date such as \"on 24 December 2026\""
#define HINT_SHIFT "what a holiday does is said by the key \"shift\", or by \"working day\""
#define HINT_EXCEPT "say the days that are wanted; single dates belong to the key \"except\""
#define HINT_LIMITS "the first and the last date belong to the keys \"start\" and \"until\""

static const struct {
	const char *text;
	enum word word;
	int value;
	const char *hint;
} vocabulary[] = {
	{"monday", WORD_WEEKDAY, 0, NULL},
	{"mondays", WORD_WEEKDAY, 0, NULL},
	{"mon", WORD_WEEKDAY, 0, NULL},
	{"tuesday", WORD_WEEKDAY, 1, NULL},
	{"tuesdays", WORD_WEEKDAY, 1, NULL},
	{"tue", WORD_WEEKDAY, 1, NULL},
	{"tues", WORD_WEEKDAY, 1, NULL},
	{"wednesday", WORD_WEEKDAY, 2, NULL},
	{"wednesdays", WORD_WEEKDAY, 2, NULL},
	{"wed", WORD_WEEKDAY, 2, NULL},
	{"thursday", WORD_WEEKDAY, 3, NULL},
	{"thursdays", WORD_WEEKDAY, 3, NULL},
	{"thu", WORD_WEEKDAY, 3, NULL},
	{"thur", WORD_WEEKDAY, 3, NULL},
	{"thurs", WORD_WEEKDAY, 3, NULL},
	{"friday", WORD_WEEKDAY, 4, NULL},
	{"fridays", WORD_WEEKDAY, 4, NULL},
	{"fri", WORD_WEEKDAY, 4, NULL},
	{"saturday", WORD_WEEKDAY, 5, NULL},
	{"saturdays", WORD_WEEKDAY, 5, NULL},
	{"sat", WORD_WEEKDAY, 5, NULL},
	{"sunday", WORD_WEEKDAY, 6, NULL},
	{"sundays", WORD_WEEKDAY, 6, NULL},
	{"sun", WORD_WEEKDAY, 6, NULL},
	{"january", WORD_MONTH, 1, NULL},
	{"jan", WORD_MONTH, 1, NULL},
	{"february", WORD_MONTH, 2, NULL},
	{"feb", WORD_MONTH, 2, NULL},
	{"march", WORD_MONTH, 3, NULL},
	{"mar", WORD_MONTH, 3, NULL},
	{"april", WORD_MONTH, 4, NULL},
	{"apr", WORD_MONTH, 4, NULL},
	{"may", WORD_MONTH, 5, NULL},
	{"june", WORD_MONTH, 6, NULL},
	{"jun", WORD_MONTH, 6, NULL},
	{"july", WORD_MONTH, 7, NULL},
	{"jul", WORD_MONTH, 7, NULL},
	{"august", WORD_MONTH, 8, NULL},
	{"aug", WORD_MONTH, 8, NULL},
	{"september", WORD_MONTH, 9, NULL},
	{"sep", WORD_MONTH, 9, NULL},
	{"sept", WORD_MONTH, 9, NULL},
	{"october", WORD_MONTH, 10, NULL},
	{"oct", WORD_MONTH, 10, NULL},
	{"november", WORD_MONTH, 11, NULL},
	{"nov", WORD_MONTH, 11, NULL},
	{"december", WORD_MONTH, 12, NULL},
	{"dec", WORD_MONTH, 12, NULL},
	{"first", WORD_ORDINAL, 1, NULL},
	{"second", WORD_ORDINAL, 2, NULL},
	{"third", WORD_ORDINAL, 3, NULL},
	{"fourth", WORD_ORDINAL, 4, NULL},
	{"fifth", WORD_ORDINAL, 5, NULL},
	{"sixth", WORD_ORDINAL, 6, NULL},
	{"seventh", WORD_ORDINAL, 7, NULL},
	{"eighth", WORD_ORDINAL, 8, NULL},
	{"ninth", WORD_ORDINAL, 9, NULL},
	{"tenth", WORD_ORDINAL, 10, NULL},
	{"eleventh", WORD_ORDINAL, 11, NULL},
	{"twelfth", WORD_ORDINAL, 12, NULL},
	{"fifteenth", WORD_ORDINAL, 15, NULL},
	{"twentieth", WORD_ORDINAL, 20, NULL},
	{"thirtieth", WORD_ORDINAL, 30, NULL},
	{"one", WORD_NUMBER, 1, NULL},
	{"two", WORD_NUMBER, 2, NULL},
	{"three", WORD_NUMBER, 3, NULL},
	{"four", WORD_NUMBER, 4, NULL},
	{"five", WORD_NUMBER, 5, NULL},
	{"six", WORD_NUMBER, 6, NULL},
	{"seven", WORD_NUMBER, 7, NULL},
	{"eight", WORD_NUMBER, 8, NULL},
	{"nine", WORD_NUMBER, 9, NULL},
	{"ten", WORD_NUMBER, 10, NULL},
	{"eleven", WORD_NUMBER, 11, NULL},
	{"twelve", WORD_NUMBER, 12, NULL},
	{"midnight", WORD_TIME, 0, NULL},
	{"noon", WORD_TIME, 12 * 3600, NULL},
	{"midday", WORD_TIME, 12 * 3600, NULL},
	{"and", WORD_AND, 0, NULL},
	{"at", WORD_AT, 0, NULL},
	{"between", WORD_BETWEEN, 0, NULL},
	{"daily", WORD_DAILY, 0, NULL},
	{"day", WORD_DAY, 0, NULL},
	{"days", WORD_DAY, 0, NULL},
	{"every", WORD_EVERY, 0, NULL},
	{"each", WORD_EVERY, 0, NULL},
	{"fortnight", WORD_FORTNIGHT, 0, NULL},
	{"fortnights", WORD_FORTNIGHT, 0, NULL},
	{"fortnightly", WORD_FORTNIGHTLY, 0, NULL},
	{"from", WORD_FROM, 0, NULL},
	{"hour", WORD_HOUR, 0, NULL},
	{"hours", WORD_HOUR, 0, NULL},
	{"in", WORD_IN, 0, NULL},
	{"last", WORD_LAST, 0, NULL},
	{"minute", WORD_MINUTE, 0, NULL},
	{"minutes", WORD_MINUTE, 0, NULL},
	{"min", WORD_MINUTE, 0, NULL},
	{"mins", WORD_MINUTE, 0, NULL},
	{"month", WORD_MONTHS, 0, NULL},
	{"months", WORD_MONTHS, 0, NULL},
	{"monthly", WORD_MONTHLY, 0, NULL},
	{"of", WORD_OF, 0, NULL},
	{"on", WORD_ON, 0, NULL},
	{"other", WORD_OTHER, 0, NULL},
	{"quarter", WORD_QUARTER, 0, NULL},
	{"quarterly", WORD_QUARTERLY, 0, NULL},
	{"to", WORD_TO, 0, NULL},
	{"through", WORD_TO, 0, NULL},
	{"until", WORD_UNTIL, 0, HINT_LIMITS},
	{"till", WORD_UNTIL, 0, HINT_LIMITS},
	{"week", WORD_WEEK, 0, NULL},
	{"weeks", WORD_WEEK, 0, NULL},
	{"weekday", WORD_WEEKDAYS, 0, NULL},
	{"weekdays", WORD_WEEKDAYS, 0, NULL},
	{"weekend", WORD_WEEKEND, 0, NULL},
	{"weekends", WORD_WEEKEND, 0, NULL},
	{"weekly", WORD_WEEKLY, 0, NULL},
	{"workday", WORD_WORKDAY, 0, NULL},
	{"workdays", WORD_WORKDAY, 0, NULL},
	{"working", WORD_WORKING, 0, NULL},
	{"work", WORD_WORKING, 0, NULL},
	{"business", WORD_WORKING, 0, NULL},
	{"year", WORD_YEARS, 0, NULL},
	{"years", WORD_YEARS, 0, NULL},
	{"yearly", WORD_YEARLY, 0, NULL},
	{"annually", WORD_YEARLY, 0, NULL},
	/* known, and refused with what to say */
	{"morning", WORD_UNKNOWN, 0, HINT_TIME},
	{"mornings", WORD_UNKNOWN, 0, HINT_TIME},
	{"afternoon", WORD_UNKNOWN, 0, HINT_TIME},
	{"afternoons", WORD_UNKNOWN, 0, HINT_TIME},
	{"evening", WORD_UNKNOWN, 0, HINT_TIME},
	{"evenings", WORD_UNKNOWN, 0, HINT_TIME},
	{"night", WORD_UNKNOWN, 0, HINT_TIME},
	{"o'clock", WORD_UNKNOWN, 0, HINT_TIME},
	{"oclock", WORD_UNKNOWN, 0, HINT_TIME},
	{"biweekly", WORD_UNKNOWN, 0, HINT_TWICE},
	{"bimonthly", WORD_UNKNOWN, 0, HINT_TWICE},
	{"biannually", WORD_UNKNOWN, 0, HINT_TWICE},
	{"today", WORD_UNKNOWN, 0, HINT_ONCE},
	{"tomorrow", WORD_UNKNOWN, 0, HINT_ONCE},
	{"next", WORD_UNKNOWN, 0, HINT_ONCE},
	{"once", WORD_UNKNOWN, 0, HINT_OFTEN},
	{"twice", WORD_UNKNOWN, 0, HINT_OFTEN},
	{"hourly", WORD_UNKNOWN, 0, "say \"every hour from 9:00 to 17:00\""},
	{"holiday", WORD_UNKNOWN, 0, HINT_SHIFT},
	{"holidays", WORD_UNKNOWN, 0, HINT_SHIFT},
	{"except", WORD_UNKNOWN, 0, HINT_EXCEPT},
	{"not", WORD_UNKNOWN, 0, HINT_EXCEPT},
	{"but", WORD_UNKNOWN, 0, HINT_EXCEPT},
	{"or", WORD_UNKNOWN, 0, "say \"and\": all that a phrase names happens"},
	{"starting", WORD_UNKNOWN, 0, HINT_LIMITS},
	{"beginning", WORD_UNKNOWN, 0, "say \"first day of the month\", or \"first working day\""},
	{"ending", WORD_UNKNOWN, 0, HINT_LIMITS},
	{"end", WORD_UNKNOWN, 0, "say \"last day of the month\", or \"last working day\""},
};

/* How what is wanted is called; NULL: not worth naming. */
static const char *const names[WORDS] = {
	[WORD_NUMBER] = "a number",
	[WORD_YEAR] = "a year",
	[WORD_ORDINAL] = "first or 15th",
	[WORD_TIME] = "a time such as 9:00",
	[WORD_WEEKDAY] = "a weekday",
	[WORD_MONTH] = "a month such as June",
	[WORD_EVERY] = "every",
	[WORD_DAILY] = "daily",
	[WORD_HOUR] = "hours",
	[WORD_MINUTE] = "minutes",
	[WORD_DAY] = "day",
	[WORD_WEEK] = "week",
	[WORD_MONTHS] = "month",
	[WORD_QUARTER] = "quarter",
	[WORD_YEARS] = "year",
	[WORD_WEEKDAYS] = "weekdays",
	[WORD_WEEKEND] = "weekends",
	[WORD_WORKING] = "working day",
	[WORD_LAST] = "last",
	[WORD_OTHER] = "other",
	[WORD_OF] = "of",
	[WORD_ON] = "on",
	[WORD_AT] = "at",
	[WORD_IN] = "in",
	[WORD_FROM] = "from",
	[WORD_BETWEEN] = "between",
	[WORD_TO] = "to",
	[WORD_AND] = "and",
};

/* --- tokens ----------------------------------------------------------------------------------- */

/* The dash that word processors put between two weekdays. */
static const char long_dash[] = "\xe2\x80\x93";

static bool dash_at(const char *at)
{
	return *at == '-' || strncmp(at, long_dash, strlen(long_dash)) == 0;
}

static size_t word_length(const char *at)
{
	size_t len = 0;

	while (scan_is_letter(at[len]) || at[len] == '\'' ||
		((unsigned char)at[len] >= 0x80 && !dash_at(at + len)))
		len++;
	return len;
}

static void word_read(struct token *token)
{
	token->len = word_length(token->at);
	for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++) {
		const char *text = vocabulary[i].text;

		if ((token->at[0] | 0x20) != text[0] || strlen(text) != token->len ||
			strncasecmp(text, token->at, token->len) != 0)
			continue;
		token->word = vocabulary[i].word;
		token->value = vocabulary[i].value;
		token->hint = vocabulary[i].hint;
		return;
	}
}

/* "am", "p.m.", also after spaces: 'a', 'p' or 0. */
static char half_take(const char **at)
{
	const char *p = *at + strspn(*at, " \t");
	char half = (char)(*p | 0x20);

	if (half != 'a' && half != 'p')
		return 0;
	p += p[1] == '.' ? 2 : 1;
	if ((*p | 0x20) != 'm' || scan_is_letter(p[1]))
		return 0;
	*at = p + (p[1] == '.' ? 2 : 1);
	return half;
}

static bool two_digits_take(const char **at, int *ret)
{
	const char *p = *at;

	if (*p != ':' || !scan_is_digit(p[1]) || !scan_is_digit(p[2]) || scan_is_digit(p[3]))
		return false;
	*ret = (p[1] - '0') * 10 + p[2] - '0';
	*at = p + 3;
	return true;
}

/* What follows the hour; `at` is behind it. */
static void time_read(struct token *token, int hour, const char *at)
{
	int minute = 0, second = 0;
	bool good = true;
	char half;

	if (*at == ':')
		good = two_digits_take(&at, &minute);
	if (good && *at == ':')
		good = two_digits_take(&at, &second);
	half = half_take(&at);
	token->len = (size_t)(at - token->at);
	if (!good || minute > 59 || second > 59 || (half ? hour < 1 || hour > 12 : hour > 23)) {
		token->hint = "there is no such time: write 9:00, 17:30, 9am or 5:30 pm";
		return;
	}
	if (half)
		hour = hour % 12 + (half == 'p' ? 12 : 0);
	token->word = WORD_TIME;
	token->value = (hour * 60 + minute) * 60 + second;
}

static const char *ordinal_suffix(int n)
{
	static const char *const suffixes[] = {"th", "st", "nd", "rd"};

	return n / 10 % 10 == 1 || n % 10 > 3 ? "th" : suffixes[n % 10];
}

/* "1st"; false when no such suffix follows the number. */
static bool ordinal_read(struct token *token, int n, const char *at)
{
	static const char *const suffixes[] = {"st", "nd", "rd", "th"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (strncasecmp(at, suffixes[i], 2) != 0 || scan_is_letter(at[2]))
			continue;
		token->len = (size_t)(at + 2 - token->at);
		token->value = n;
		if (n > 0 && strcmp(suffixes[i], ordinal_suffix(n)) == 0)
			token->word = WORD_ORDINAL;
		else
			token->hint = "write it as 1st, 2nd, 3rd, 4th, 11th, 21st";
		return true;
	}
	return false;
}

static void number_read(struct token *token)
{
	const char *at = token->at;
	int n = 0;

	token->len = strspn(at, "0123456789");
	if (token->len > 4 || !scan_number(&at, &n)) {
		token->hint = "no number here is that large";
	} else if (*at == ':' || half_take(&(const char *){at})) {
		time_read(token, n, at);
	} else if ((*at == '.' || *at == '/' || *at == '-') && scan_is_digit(at[1])) {
		token->len = strspn(token->at, "0123456789./-:");
		token->hint = "write times as 9:30, and dates as 24 December 2026";
	} else if (!ordinal_read(token, n, at)) {
		token->word = token->len == 4 ? WORD_YEAR : WORD_NUMBER;
		token->value = n;
	}
}

static void token_read(struct token *token)
{
	char c = *token->at;

	*token = (struct token){.word = WORD_UNKNOWN, .at = token->at, .len = 1};
	if (!c) {
		token->word = WORD_END;
		token->len = 0;
	} else if (c == ',') {
		token->word = WORD_COMMA;
	} else if (dash_at(token->at)) {
		token->word = WORD_DASH;
		token->len = c == '-' ? 1 : strlen(long_dash);
	} else if (scan_is_digit(c)) {
		number_read(token);
	} else if (word_length(token->at)) {
		word_read(token);
	}
}

void words_advance(struct words *words)
{
	struct token *now = &words->now;

	do {
		now->at += now->len;
		now->at += strspn(now->at, " \t");
		token_read(now);
	} while (now->len == 3 && strncasecmp(now->at, "the", 3) == 0);
	words->wanted = 0;
}

void words_begin(struct words *words, struct scan *scan)
{
	*words = (struct words){.scan = scan, .now = {.at = scan->at}};
	words_advance(words);
}

bool words_take(struct words *words, enum word word, struct token *ret_token)
{
	if (!words_at(words, WORD_BIT(word)))
		return false;
	if (ret_token)
		*ret_token = words->now;
	words_advance(words);
	return true;
}

int words_list(struct words *words, uint64_t elements, uint64_t others)
{
	struct words ahead = *words;
	bool comma = words_take(&ahead, WORD_COMMA, NULL);
	bool joined = words_take(&ahead, WORD_AND, NULL);

	if (comma || joined) {
		if (elements >> ahead.now.word & 1) {
			*words = ahead;
			return 1;
		}
		if (joined && !(others >> ahead.now.word & 1)) {
			*words = ahead;
			words->wanted = elements | others;
			return words_fail(words);
		}
	}
	words->wanted |= WORD_BIT(WORD_AND);
	return 0;
}

/* --- complaints ------------------------------------------------------------------------------- */

/* "first, last": the names of what is wanted, as many as there is room for. */
static int wanted_write(uint64_t wanted, char *text, size_t room)
{
	size_t used = 0;
	int count = 0;

	text[0] = '\0';
	for (int i = 0; i < WORDS; i++) {
		/* Single words first, then what stands for many. */
		int word = (i + WORD_EVERY) % WORDS;
		size_t len = names[word] ? strlen(names[word]) : 0;

		if (!len || !(wanted >> word & 1))
			continue;
		if (used + len + 8 > room) {
			snprintf(text + used, room - used, ", ...");
			return count + 1;
		}
		used += (size_t)snprintf(
			text + used, room - used, "%s%s", count ? ", " : "", names[word]);
		count++;
	}
	return count;
}

/* What may have been meant by a word that is not known, or NULL. */
static const char *near_word(const struct words *words, const struct token *token)
{
	const char *candidates[ARRAY_LEN(vocabulary) + 1];
	char text[QUOTED_MAX + 1] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++) {
		if (words->wanted >> vocabulary[i].word & 1)
			candidates[n++] = vocabulary[i].text;
	}
	candidates[n] = NULL;
	for (size_t i = 0; i < token->len && i < QUOTED_MAX; i++)
		text[i] = (char)(scan_is_letter(token->at[i]) ? token->at[i] | 0x20 : token->at[i]);
	return str_nearest(text, candidates);
}

int words_fail(struct words *words)
{
	const struct token *now = &words->now;
	char quoted[QUOTED_MAX + 8], wanted[MESSAGE_MAX - QUOTED_MAX - 64];
	const char *near;
	int count = wanted_write(words->wanted, wanted, sizeof(wanted));
	const char *of = count > 1 ? "; one of: " : count ? "; it must be: " : "";
	size_t len = str_utf8_cut(now->at, now->len, QUOTED_MAX);

	snprintf(quoted, sizeof(quoted), "%.*s%s", (int)len, now->at, len < now->len ? "..." : "");
	for (char *c = quoted; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
	if (now->word == WORD_END)
		return scan_fail(words->scan, now->at, "the phrase ends too soon%s%s", of, wanted);
	if (now->hint)
		return scan_fail(words->scan, now->at, "\"%s\": %s", quoted, now->hint);
	if (now->word == WORD_NUMBER && words->wanted & WORD_BIT(WORD_TIME) && now->value >= 1 &&
		now->value <= 12)
		return scan_fail(words->scan, now->at,
			"\"%s\" may be morning or evening: write %s:00, %sam or %spm", quoted,
			quoted, quoted, quoted);
	near = now->word == WORD_UNKNOWN && len == now->len ? near_word(words, now) : NULL;
	return scan_fail(words->scan, now->at, "\"%s\" is not understood here%s%s%s%s", quoted,
		near ? ", perhaps " : "", near ? near : "", of, wanted);
}
