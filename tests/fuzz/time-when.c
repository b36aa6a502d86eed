/* Phrases. The first byte says with which policies, and whether the rest is text or, so that
 * sentences come about, one word a byte. A phrase has one spelling, which is its own. */
#include "time-rule.h"

#include "base/buf.h"

static const char *const words[] = {"every", "other", "on", "the", "of", "in", "at", "and", ",",
	"-", "to", "until", "from", "between", "day", "days", "week", "weeks", "month", "months",
	"quarter", "year", "years", "hours", "minutes", "fortnight", "weekday", "weekdays",
	"weekend", "working", "workday", "last", "first", "second", "third", "1st", "2nd", "5th",
	"15th", "31st", "100th", "366th", "daily", "weekly", "fortnightly", "monthly", "quarterly",
	"yearly", "Monday", "Tue", "Wednesdays", "friday", "Sat", "Sunday", "January", "feb", "May",
	"June", "december", "1", "2", "3", "6", "24", "29", "31", "999", "2026", "2028", "9:00",
	"13:30:15", "9am", "noon", "midnight", "23:59", "0", "twice", "x", "two", "p.m."};

static char *sentence(const uint8_t *data, size_t size)
{
	struct buf text = BUF_MAX(8192);

	for (size_t i = 0; i < size; i++)
		buf_printf(&text, "%s ", words[data[i] % ARRAY_LEN(words)]);
	return buf_take(&text);
}

static void spelling_check(const char *text, const struct rule_options *options)
{
	struct rule *rule, *again;
	char *written, *rewritten;

	if (rule_parse(RULE_WHEN, text, options, &rule, NULL) < 0)
		return;
	written = rule_write(rule);
	FUZZ_CHECK(rule_parse(RULE_WHEN, written, options, &again, NULL) == 0);
	rewritten = rule_write(again);
	FUZZ_CHECK(strcmp(written, rewritten) == 0);
	free(rewritten);
	free(written);
	rule_unref(again);
	rule_unref(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = {
		NULL, "2026-01-31T02:30", "2026-04-24", "2026-04-24T00:30Z"};
	struct rule_options options = {0};
	char *text;

	if (!size)
		return 0;
	options.start = starts[data[0] & 3];
	options.short_month = (enum short_month)(data[0] / 4 % 3);
	options.dst_overlap = (enum dst_overlap)(data[0] / 12 % 3);
	options.dst_gap = data[0] & 64 ? DST_GAP_SKIP : DST_GAP_AFTER;
	text = data[0] & 128 ? sentence(data + 1, size - 1)
			     : str_new_n((const char *)data + 1, size - 1);
	rule_fuzz(RULE_WHEN, text, &options);
	spelling_check(text, &options);
	free(text);
	return 0;
}
