/* Weekly windows: the next minute inside or outside is what a walk over the minutes finds. */
#include "time-rule.h"

#include "time/week.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = str_new_n((const char *)data, size);
	const int64_t start = INT64_C(1767225600) / 60 * 60;
	const char *message = NULL;
	struct week *week;
	int column = -1;

	if (week_parse(text, &week, &column, &message) < 0) {
		FUZZ_CHECK(message && column >= 1 && column <= (int)strlen(text) + 1);
		free(text);
		return 0;
	}
	for (int wanted = 0; wanted < 2; wanted++) {
		int64_t found = week_next(week, start + size * 97 * 60, wanted);
		int64_t at = start + (int64_t)size * 97 * 60, end = at + 14 * DAY_S;

		while (at < end && week_contains(week, at) != wanted)
			at += 60;
		FUZZ_CHECK(found == (at < end ? at : INT64_MAX));
	}
	week_free(week);
	free(text);
	return 0;
}
