/* What pages show that is counted or hidden first: progress from facts, addresses that are masked. */
#include "base/str.h"
#include "face/me.h"
#include "face/organiser.h"
#include "port/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TODAY = 20780 /* 2026-11-23, a Monday */ };

static struct fact fact_of(int32_t date, const char *kind, enum answer answer, bool skipped)
{
	return (struct fact){.local = date * DAY_S + 9 * 3600,
		.kind = kind,
		.answer = answer,
		.state = skipped                 ? OCCURRENCE_SKIPPED
			 : answer == ANSWER_NONE ? OCCURRENCE_OPEN
						 : OCCURRENCE_ANSWERED};
}

static void days_of_practice_are_counted_where_they_belong(void **state)
{
	const struct fact facts[] = {fact_of(TODAY - 84, "practice", ANSWER_DONE, false),
		fact_of(TODAY - 3, "practice", ANSWER_STUCK, false),
		fact_of(TODAY - 2, "practice", ANSWER_NONE, true),
		fact_of(TODAY - 1, "practice", ANSWER_SKIP, false),
		fact_of(TODAY, "practice", ANSWER_DONE, false),
		fact_of(TODAY, "practice", ANSWER_DONE, false),
		fact_of(TODAY, "note", ANSWER_DONE, false),
		fact_of(TODAY, NULL, ANSWER_DONE, false)};
	struct me_progress progress;
	const struct me_day *days = progress.days;

	me_count_progress(facts, ARRAY_LEN(facts), TODAY, &progress);
	assert_int_equal(date_weekday(progress.first), 0);
	assert_int_equal(TODAY - progress.first, (ME_WEEKS - 1) * 7);
	assert_int_equal(days[0].practised, 1);
	assert_int_equal(days[TODAY - 3 - progress.first].practised, 1);
	assert_int_equal(days[TODAY - 2 - progress.first].asked, 0);
	assert_int_equal(days[TODAY - 1 - progress.first].asked, 1);
	assert_int_equal(days[TODAY - 1 - progress.first].practised, 0);
	assert_int_equal(days[TODAY - progress.first].practised, 2);
	assert_int_equal(progress.practice.practices, 4);
	me_count_progress(facts, 0, TODAY, &progress);
	assert_int_equal(progress.practice.practices, 0);
}

static void facts_of_other_days_and_of_the_future_do_no_harm(void **state)
{
	const struct fact facts[] = {fact_of(INT32_MIN / 2, "practice", ANSWER_DONE, false),
		fact_of(TODAY - 85, "practice", ANSWER_DONE, false),
		fact_of(TODAY + 1, "practice", ANSWER_DONE, false),
		fact_of(TODAY + 100000, "practice", ANSWER_DONE, false)};
	struct me_progress progress;
	int shown = 0;

	me_count_progress(facts, ARRAY_LEN(facts), TODAY, &progress);
	for (size_t i = 0; i < ARRAY_LEN(progress.days); i++)
		shown += progress.days[i].asked;
	assert_int_equal(shown, 0);
}

static void an_address_keeps_its_first_letter_and_its_house(void **state)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {{"ana@example.org", "a***@example.org"},
		{"550 no such user <ana.ruiz@example.org>: gone",
			"550 no such user <a***@example.org>: gone"},
		{"a@b, cc@d;ee@f", "a***@b, c***@d;e***@f"}, {"@here", "***@here"},
		{"\xc3\xa4na@example.org", "\xc3\xa4***@example.org"}, {"no address", "no address"},
		{"", ""}, {"@", "***@"}, {"x@@y", "x***@@y"}};

	assert_null(organiser_mask(NULL));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *masked = organiser_mask(rows[i].text);

		assert_string_equal(masked, rows[i].masked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_of_practice_are_counted_where_they_belong),
		cmocka_unit_test(facts_of_other_days_and_of_the_future_do_no_harm),
		cmocka_unit_test(an_address_keeps_its_first_letter_and_its_house),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
