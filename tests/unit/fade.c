/* Fading: rows of slots and answers, and how often a reminder asks after each. */
#include "base/str.h"
#include "model/fade.h"
#include "rule_help.h"

/* One letter a slot that is sent: d done, s stuck, k skip, l less, . no answer. */
static const struct {
	int after, most;
	const char *slots;
	int every;
} ROWS[] = {
	{0, 8, "ddddddddd", 1},
	{4, 8, "", 1},
	{4, 8, "ddd", 1},
	{4, 8, "dddd", 2},
	{4, 8, "dsds", 2},
	{4, 8, "ddddddd", 2},
	{4, 8, "dddddddd", 4},
	{4, 8, "dddddddddddd", 8},
	{4, 8, "dddddddddddddddddddddddd", 8}, /* never beyond */
	{4, 1, "dddddddddddd", 1},
	{1, 4, "d", 2},
	{1, 4, "ddd", 4},
	{1, 64, "dddddddddd", 64},
	/* A miss brings all of them back, and the row begins anew. */
	{4, 8, "dddddddd.", 1},
	{4, 8, "dddddddd.d", 1},
	{4, 8, "dddddddd.dddd", 2},
	{4, 8, ".", 1},
	/* Who declines has answered: it is neither a step nor a miss. */
	{4, 8, "ddkdd", 2},
	{4, 8, "dddk", 1},
	{4, 8, "ddddl", 2},
};

static void a_row_of_answers_thins_out_and_a_miss_brings_all_back(void **state)
{
	static const struct {
		char letter;
		enum answer answer;
	} letters[] = {
		{'d', ANSWER_DONE}, {'s', ANSWER_STUCK}, {'k', ANSWER_SKIP}, {'l', ANSWER_LESS}};

	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		const struct fading fading = {ROWS[i].after, ROWS[i].most};
		struct fade fade = {.asked = INT64_MIN, .last = FADE_PASSED};
		int64_t local = 0;

		for (const char *slot = ROWS[i].slots; *slot; slot++) {
			local += 86400;
			assert_true(fade_ask(&fade, local));
			assert_int_equal(fade_every(&fading, &fade), 1);
			for (size_t k = 0; k < ARRAY_LEN(letters); k++)
				if (*slot == letters[k].letter)
					assert_true(fade_answer(&fade, local, letters[k].answer));
		}
		if (fade_every(&fading, &fade) != ROWS[i].every)
			fail_msg("%d of %s: every %d", ROWS[i].after, ROWS[i].slots,
				fade_every(&fading, &fade));
	}
}

static void a_change_of_mind_counts_once(void **state)
{
	struct fade fade = {.row = 3, .asked = 50, .last = FADE_ANSWERED};

	assert_true(fade_ask(&fade, 100));
	assert_true(fade_answer(&fade, 100, ANSWER_DONE));
	assert_int_equal(fade.row, 4);
	assert_false(fade_answer(&fade, 100, ANSWER_STUCK));
	assert_int_equal(fade.row, 4);
	assert_true(fade_answer(&fade, 100, ANSWER_SKIP));
	assert_int_equal(fade.row, 3);
	assert_false(fade_answer(&fade, 100, ANSWER_LESS));
	assert_true(fade_answer(&fade, 100, ANSWER_DONE));
	assert_int_equal(fade.row, 4);
}

static void only_an_answer_to_the_last_message_counts(void **state)
{
	struct fade fade = {.row = 3, .asked = 100, .last = FADE_ASKED};

	assert_false(fade_answer(&fade, 99, ANSWER_DONE));
	assert_false(fade_answer(&fade, 100, ANSWER_SNOOZE));
	assert_false(fade_answer(&fade, 100, ANSWER_NONE));
	assert_int_equal(fade.row, 3);
	/* The same slot again, after a crash: what was answered meanwhile stays so. */
	assert_true(fade_answer(&fade, 100, ANSWER_DONE));
	assert_false(fade_ask(&fade, 100));
	assert_false(fade_ask(&fade, 60));
	assert_int_equal(fade.last, FADE_ANSWERED);
	assert_int_equal(fade.row, 4);
	/* But a clock that was a year ahead does not hold it for a year. */
	fade.asked = 100 + 365 * INT64_C(86400);
	assert_true(fade_ask(&fade, 100));
	assert_int_equal(fade.row, 4);
}

static void it_is_kept_as_text(void **state)
{
	static const char *const bad[] = {"", "x", "4", "4 in a row;", "4 in a row; answered",
		"-4 in a row; answered 2026-11-23T09:00:00",
		"4 in a row; eaten 2026-11-23T09:00:00", "4 in a row; answered 2026-11-31T09:00:00",
		"4 in a row; answered 2026-11-23T09:00:00Z",
		"4 in a row; answered 2026-11-23T09:00:00 ",
		"99999999999 in a row; asked 2026-11-23T09:00:00"};

	for (enum fade_last last = 0; last < FADE_LASTS; last++) {
		struct fade fade = {4, INT64_C(1795424400) + last, last}, back;
		char text[FADE_TEXT];

		fade_write(&fade, text);
		if (last == FADE_ANSWERED)
			assert_string_equal(text, "4 in a row; answered 2026-11-23T09:00:01");
		assert_int_equal(fade_read(text, &back), 0);
		assert_int_equal(back.row, 4);
		assert_int_equal(back.last, last);
		assert_int_equal(back.asked, fade.asked);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fade fade = {.row = 77};

		if (fade_read(bad[i], &fade) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(fade.row, 77);
	}
}

static void the_gap_stays_within_its_span(void **state)
{
	static const struct {
		enum rule_form form;
		const char *text;
		int days, most;
	} rows[] = {
		{RULE_CALENDAR, "Mon..Fri 09:00", 14, 8},
		{RULE_CALENDAR, "Mon..Fri 09:00", 7, 4},
		{RULE_CALENDAR, "09:00", 14, 8},
		{RULE_CALENDAR, "09:00", 16, 16},
		{RULE_CALENDAR, "09:00", 1, 1},
		{RULE_CALENDAR, "Mon 09:00", 14, 2},
		{RULE_CALENDAR, "Mon 09:00", 13, 1},
		{RULE_CALENDAR, "*-*-01 09:00", 14, 1},
		{RULE_CALENDAR, "*:00", 14, 64},
		{RULE_CALENDAR, "*:00,30", 14, 0},
		{RULE_AT, "2030-01-01T09:00", 14, 1},
		{RULE_EVERY, "12h", 14, 16},
		{RULE_EVERY, "30min", 14, 0},
	};
	static const struct rule_options options;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule *rule = rule_taken(rows[i].form, rows[i].text, &options);
		int most = fade_most(rule, utc, rows[i].days * INT64_C(86400));

		if (most != rows[i].most)
			fail_msg("%s in %d days: %d", rows[i].text, rows[i].days, most);
		rule_unref(rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_of_answers_thins_out_and_a_miss_brings_all_back),
		cmocka_unit_test(a_change_of_mind_counts_once),
		cmocka_unit_test(only_an_answer_to_the_last_message_counts),
		cmocka_unit_test(it_is_kept_as_text),
		cmocka_unit_test_setup_teardown(the_gap_stays_within_its_span, utc_open, utc_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
