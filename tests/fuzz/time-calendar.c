/* Calendar events, and the two plain forms: the first byte says which, and with which policies. */
#include "time-rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rule_form forms[] = {RULE_CALENDAR, RULE_CALENDAR, RULE_EVERY, RULE_AT};
	struct rule_options options;
	char *text;

	if (!size)
		return 0;
	text = policies_and_text(data, size, &options);
	rule_fuzz(forms[data[0] & 3], text, &options);
	free(text);
	return 0;
}
