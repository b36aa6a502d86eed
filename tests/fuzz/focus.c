/* A personal focus: one with a skill, each line bounded and printable, or a sentence. */
#include "base/str.h"
#include "model/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void check_line(const char *text)
{
	if (!text)
		return;
	FUZZ_CHECK(*text && strlen(text) <= 300);
	FUZZ_CHECK(str_is_utf8(text, strlen(text)) && str_is_printable(text, strlen(text), false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = str_new_n((const char *)data, size);
	auto_free char *why = NULL;
	struct focus focus;

	if (focus_parse(text, &focus, &why) < 0) {
		FUZZ_CHECK(why && str_is_utf8(why, strlen(why)));
		return 0;
	}
	FUZZ_CHECK(focus.skill && !why);
	FUZZ_CHECK(!focus.has_from || !focus.has_until || focus.from <= focus.until);
	check_line(focus.skill);
	check_line(focus.why);
	check_line(focus.goal);
	check_line(focus.cue);
	check_line(focus.act);
	check_line(focus.measure);
	focus_clear(&focus);
	return 0;
}
