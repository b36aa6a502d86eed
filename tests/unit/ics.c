/* Calendar files: what is folded where, what is left out, and what is too much. */
#include "base/buf.h"
#include "base/str.h"
#include "face/ics.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *make_planned(const char *title, const char *decision, const char *due)
{
	return json_pack("{ss ss ss ss ss ss ss ss}", "at", due, "due", due, "reminder", "r",
		"person", "p", "title", title, "text", "", "decision", decision, "reason", "why");
}

static void add(struct ics *ics, const char *title, const char *decision, const char *due)
{
	json_t *planned = make_planned(title, decision, due);

	ics_add(ics, planned);
	json_decref(planned);
}

static char *print(struct ics *ics, int wanted)
{
	const struct buf *out = NULL;
	char *text;

	assert_int_equal(ics_end(ics, &out), wanted);
	text = str_new(out ? buf_str(out) : "");
	ics_free(ics);
	return text;
}

/* Every width of a title around the fold, in one, two, three and four bytes a character. */
static void lines_are_folded_at_75_octets_between_characters(void **state)
{
	static const char *const letters[] = {"a", "\xc3\xb6", "\xe2\x98\x95", "\xf0\x9f\x99\x82"};

	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		for (size_t count = 1; count < 160; count++) {
			struct ics *ics = ics_new(0, 1 << 20);
			char title[700] = "", *text, *line, *rest, *at;
			cleanup(buf_free) struct buf whole = BUF_MAX(4096);

			for (size_t k = 0; k < count; k++)
				strcat(title, letters[i]);
			add(ics, title, "send", "2026-11-23T09:00:00Z");
			text = rest = print(ics, 0);
			at = strstr(text, "SUMMARY:");
			assert_non_null(at);
			while ((line = strsep(&rest, "\n"))) {
				size_t len = strlen(line);

				assert_true(!len || line[len - 1] == '\r');
				assert_true(len <= 76);
				assert_true(str_is_utf8(line, len));
				if (line < at)
					continue;
				if (line != at && *line != ' ')
					break;
				buf_add(&whole, line + (line != at), len - 1 - (line != at));
			}
			assert_string_equal(buf_str(&whole) + strlen("SUMMARY:"), title);
			free(text);
		}
	}
}

static void only_what_is_sent_is_an_event_and_says_why_it_moved(void **state)
{
	struct ics *ics = ics_new(1000000000, 1 << 20);
	char *text;

	add(ics, "", "skipped", "2026-11-23T09:00:00Z");
	add(ics, "", "shifted", "2026-11-24T09:00:00Z");
	add(ics, "", "send", "2026-11-25T09:00:00Z");
	text = print(ics, 0);
	assert_null(strstr(text, "20261123T090000Z"));
	assert_non_null(strstr(text, "DTSTAMP:20010909T014640Z\r\nDTSTART:20261124T090000Z\r\n"
				     "SUMMARY:r\r\nDESCRIPTION:(shifted: why)\r\n"));
	assert_non_null(strstr(text, "DTSTART:20261125T090000Z\r\nSUMMARY:r\r\nDESCRIPTION:\r\n"));
	free(text);
}

static void what_is_too_much_is_not_printed_at_all(void **state)
{
	struct ics *ics = ics_new(0, 400);
	char *text;

	add(ics, "one", "send", "2026-11-23T09:00:00Z");
	add(ics, "two", "send", "2026-11-24T09:00:00Z");
	text = print(ics, -EFBIG);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_folded_at_75_octets_between_characters),
		cmocka_unit_test(only_what_is_sent_is_an_event_and_says_why_it_moved),
		cmocka_unit_test(what_is_too_much_is_not_printed_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
