/* Weekly windows. 2026-11-23 is a Monday. */
#include "time/week.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static int64_t at(const char *text)
{
	int64_t local;
	bool has_offset;

	assert_int_equal(civil_parse(text, &local, &has_offset), 0);
	return local;
}

static bool in(const char *windows, const char *local)
{
	struct week *week;
	bool inside;

	assert_int_equal(week_parse(windows, &week, NULL, NULL), 0);
	inside = week_contains(week, at(local));
	week_free(week);
	return inside;
}

static void windows_hold_what_they_name(void **state)
{
	static const struct {
		const char *windows, *local;
		bool inside;
	} rows[] = {
		{"Mon..Fri 08:30-18:00", "2026-11-23T08:29:59", false},
		{"Mon..Fri 08:30-18:00", "2026-11-23T08:30", true},
		{"Mon..Fri 08:30-18:00", "2026-11-27T17:59:59", true},
		{"Mon..Fri 08:30-18:00", "2026-11-27T18:00", false},
		{"Mon..Fri 08:30-18:00", "2026-11-28T12:00", false},
		{"19:00-08:00", "2026-11-23T07:59", true},
		{"19:00-08:00", "2026-11-23T08:00", false},
		{"19:00-08:00", "2026-11-23T23:00", true},
		{"Sun 22:00-06:00", "2026-11-23T05:00", true},
		{"Sun 22:00-06:00", "2026-11-24T05:00", false},
		{"Sun 22:00-06:00", "2026-11-22T05:00", false},
		{"Sat,Sun 00:00-24:00", "2026-11-29T23:59", true},
		{"Sat,Sun 00:00-24:00", "2026-11-30T00:00", false},
		{"Sat,Sun 00:00-24:00; Mon 9:00-10:00", "2026-11-30T09:30", true},
		{"Mon 9:00-12:00,13:00-17:00", "2026-11-23T13:30", true},
		{"Mon 9:00-12:00,13:00-17:00", "2026-11-24T13:30", false},
		{"Mon 9:00-12:00;13:00-17:00", "2026-11-24T13:30", true},
		{"Fri..Mon 9:00-10:00", "2026-11-29T09:30", true},
		{"Fri..Mon 9:00-10:00", "2026-11-25T09:30", false},
		{"09:00-09:00", "2026-11-25T03:00", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (in(rows[i].windows, rows[i].local) != rows[i].inside)
			fail_msg("%s at %s", rows[i].windows, rows[i].local);
	}
}

static void the_next_minute_inside_or_outside_is_found(void **state)
{
	static const struct {
		const char *windows, *from;
		bool wanted;
		const char *next;
	} rows[] = {
		{"Mon..Fri 08:30-18:00", "2026-11-27T18:00", true, "2026-11-30T08:30"},
		{"Mon..Fri 08:30-18:00", "2026-11-27T09:00:01", true, "2026-11-27T09:01"},
		{"Mon..Fri 08:30-18:00", "2026-11-27T17:59:01", true, "2026-11-30T08:30"},
		{"Mon..Fri 08:30-18:00", "2026-11-27T09:00", false, "2026-11-27T18:00"},
		{"19:00-08:00", "2026-11-29T23:00", false, "2026-11-30T08:00"},
		{"Mon 00:00-00:01", "2026-11-23T00:01", true, "2026-11-30T00:00"},
		{"Sun 23:59-24:00", "2026-11-23T00:00", true, "2026-11-29T23:59"},
		{"00:00-24:00", "2026-11-23T00:01", false, NULL},
		{"00:00-24:00", "1969-12-31T23:59:59", true, "1970-01-01T00:00"},
	};
	char text[CIVIL_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct week *week;
		int64_t found;

		assert_int_equal(week_parse(rows[i].windows, &week, NULL, NULL), 0);
		found = week_next(week, at(rows[i].from), rows[i].wanted);
		if (!rows[i].next) {
			assert_true(found == INT64_MAX);
		} else {
			local_write(found, text);
			text[16] = '\0';
			assert_string_equal(text, rows[i].next);
		}
		week_free(week);
	}
}

static void what_is_wrong_has_a_column(void **state)
{
	static const struct {
		const char *windows;
		int column;
	} rows[] = {
		{"", 1},
		{"Mon..Fri", 9},
		{"Mon..Fry 08:00-09:00", 6},
		{"25:00-26:00", 1},
		{"08:00", 6},
		{"08:00-24:01", 7},
		{"24:00-08:00", 1},
		{"08:00-09:00 Mon", 13},
		{"08:00-09:00;", 13},
		{"8:0-9:00", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct week *week = NULL;
		const char *message = NULL;
		int column = 0;

		assert_int_equal(week_parse(rows[i].windows, &week, &column, &message), -EINVAL);
		assert_int_equal(column, rows[i].column);
		assert_non_null(message);
		assert_null(week);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_hold_what_they_name),
		cmocka_unit_test(the_next_minute_inside_or_outside_is_found),
		cmocka_unit_test(what_is_wrong_has_a_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
