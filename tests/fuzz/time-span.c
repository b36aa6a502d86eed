/* Spans: what is written parses back to the same. */
#include "time-rule.h"

#include "time/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = str_new_n((const char *)data, size), written[SPAN_TEXT];
	int64_t seconds = -1, again = -1, ms = -1;
	int column = -1;

	if (span_parse_s(text, &seconds, &column) == 0) {
		FUZZ_CHECK(seconds >= 0 && span_parse_ms(text, &ms, NULL) == 0);
		FUZZ_CHECK((ms + 999) / 1000 == seconds);
		span_write(seconds, written);
		FUZZ_CHECK(span_parse_s(written, &again, NULL) == 0 && again == seconds);
	} else {
		FUZZ_CHECK(column >= 1 && column <= (int)strlen(text) + 1);
	}
	free(text);
	return 0;
}
