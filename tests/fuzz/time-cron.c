/* Cron expressions: the first byte says with which policies. Equal rules have one text. */
#include "time-rule.h"

static void text_is_normal(const char *text, const struct rule_options *options)
{
	struct rule *rule, *again;
	char *written, *rewritten;

	if (rule_parse(RULE_CRON, text, options, &rule, NULL) < 0)
		return;
	written = rule_write(rule);
	FUZZ_CHECK(rule_parse(RULE_CRON, written, options, &again, NULL) == 0);
	rewritten = rule_write(again);
	FUZZ_CHECK(str_eq(written, rewritten));
	FUZZ_CHECK(!rule_warning(rule) == !rule_warning(again));
	free(written);
	free(rewritten);
	rule_unref(rule);
	rule_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = {NULL, "2026-01-31T02:30", "2026-04-24T00:30:00Z"};
	struct rule_options options = {0};
	char *text;

	if (!size)
		return 0;
	options.start = starts[data[0] % 3];
	options.short_month = (enum short_month)(data[0] / 3 % 3);
	options.dst_overlap = (enum dst_overlap)(data[0] / 9 % 3);
	options.dst_gap = data[0] & 64 ? DST_GAP_SKIP : DST_GAP_AFTER;
	text = str_new_n((const char *)data + 1, size - 1);
	rule_fuzz(RULE_CRON, text, &options);
	text_is_normal(text, &options);
	free(text);
	return 0;
}
