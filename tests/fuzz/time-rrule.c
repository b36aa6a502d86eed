/* Recurrence rules: the first byte says with which policies, the second where they start. */
#include "time-rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = {"2024-02-29T02:30:00", "2026-01-31T00:00",
		"1997-05-19T09:00:00Z", "2026-08-10T23:59:59"};
	static const char *const added[] = {"2026-04-24T00:30"};
	static const struct date_range except[] = {{20500, 20510}, {20505, 20600}};
	struct rule_options options = {0};
	char *text;

	if (size < 2)
		return 0;
	options.start = starts[data[1] & 3];
	options.short_month = (enum short_month)(data[0] % 3);
	options.dst_overlap = (enum dst_overlap)(data[0] / 3 % 3);
	options.dst_gap = data[0] & 64 ? DST_GAP_SKIP : DST_GAP_AFTER;
	options.rdate = options.exdate = added;
	options.n_rdate = data[1] >> 2 & 1;
	options.n_exdate = data[1] >> 3 & 1;
	options.except = except;
	options.n_except = data[1] >> 4 & 1 ? 2 : 0;
	text = str_new_n((const char *)data + 2, size - 2);
	rule_fuzz(RULE_RRULE, text, &options);
	free(text);
	return 0;
}
