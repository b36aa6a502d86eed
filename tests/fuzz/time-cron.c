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
	struct rule_options options;
	char *text;

	if (!size)
		return 0;
	text = policies_and_text(data, size, &options);
	rule_fuzz(RULE_CRON, text, &options);
	text_is_normal(text, &options);
	free(text);
	return 0;
}
