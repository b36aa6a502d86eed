/* Calendar events, and the two plain forms: the first byte says which, and with which policies. */
#include "time-rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rule_form forms[] = {RULE_CALENDAR, RULE_CALENDAR, RULE_EVERY, RULE_AT};
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
	rule_fuzz(forms[data[0] & 3], text, &options);
	free(text);
	return 0;
}
