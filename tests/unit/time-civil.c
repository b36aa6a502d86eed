/* Dates, local times and spans: tables of texts and numbers, and a walk over every day. */
#include "time/civil.h"
#include "time/span.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void every_day_of_five_centuries_is_counted(void **state)
{
	int year = 1800, month = 1, day = 1;
	int32_t first = date_from_ymd(year, month, day);

	assert_int_equal(date_from_ymd(1970, 1, 1), 0);
	for (int32_t date = first; year < 2300; date++) {
		int y, m, d;

		date_to_ymd(date, &y, &m, &d);
		assert_int_equal(y, year);
		assert_int_equal(m, month);
		assert_int_equal(d, day);
		assert_int_equal(date_from_ymd(y, m, d), date);
		assert_int_equal(date_weekday(date + 1), (date_weekday(date) + 1) % 7);
		if (++day > month_days(year, month)) {
			day = 1;
			if (++month > 12) {
				month = 1;
				year++;
			}
		}
	}
	assert_int_equal(date_weekday(date_from_ymd(2026, 11, 23)), 0);
	assert_int_equal(date_weekday(date_from_ymd(-9999, 1, 1)), 0);
}

static void dates_before_1970_are_whole_days(void **state)
{
	assert_int_equal(local_date(-1), -1);
	assert_int_equal(local_second_of_day(-1), DAY_S - 1);
	assert_int_equal(local_date(-DAY_S), -1);
	assert_int_equal(local_second_of_day(-DAY_S), 0);
}

static void local_times_are_read(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
		bool has_offset;
	} rows[] = {
		{"1970-01-01T00:00", 0, 0, false},
		{"1970-01-02 00:00:01", 0, 86401, false},
		{"2026-12-24T18:00:00Z", 0, 1798135200, true},
		{"2026-12-24T18:00+01:00", 0, 1798131600, true},
		{"2026-12-24T18:00:00-03:30", 0, 1798147800, true},
		{"2024-02-29T00:00", 0, 1709164800, false},
		{"2026-02-29T00:00", -ERANGE, 0, false},
		{"2026-13-01T00:00", -ERANGE, 0, false},
		{"2026-12-24T24:00", -ERANGE, 0, false},
		{"2026-12-24T23:60", -ERANGE, 0, false},
		{"2026-12-24T23:59:60", -ERANGE, 0, false},
		{"2026-12-24T18:00+24:00", -ERANGE, 0, false},
		{"2026-12-24", -EINVAL, 0, false},
		{"2026-12-24T", -EINVAL, 0, false},
		{"2026-12-24T18", -EINVAL, 0, false},
		{"2026-12-24T18:00:00.5", -EINVAL, 0, false},
		{"2026-12-24T18:00 ", -EINVAL, 0, false},
		{"2026-12-24T18:00+01", -EINVAL, 0, false},
		{"2026-12-24x18:00", -EINVAL, 0, false},
		{"26-12-24T18:00", -EINVAL, 0, false},
		{"", -EINVAL, 0, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = 7;
		bool has_offset = false;

		assert_int_equal(civil_parse(rows[i].text, &value, &has_offset), rows[i].r);
		assert_int_equal(value, rows[i].r ? 7 : rows[i].value);
		assert_int_equal(has_offset, rows[i].has_offset);
	}
}

static void times_are_written(void **state)
{
	char text[CIVIL_TEXT];
	int32_t date = 5;

	utc_write(1798135200, text);
	assert_string_equal(text, "2026-12-24T18:00:00Z");
	local_write_offset(1798135200, 3600, text);
	assert_string_equal(text, "2026-12-24T18:00:00+01:00");
	local_write_offset(1798135200, -12600, text);
	assert_string_equal(text, "2026-12-24T18:00:00-03:30");
	local_write_offset(0, -2670, text);
	assert_string_equal(text, "1970-01-01T00:00:00-00:44:30");
	date_write(date_from_ymd(2199, 12, 31), text);
	assert_string_equal(text, "2199-12-31");
	assert_int_equal(date_parse(text, &date), 0);
	assert_int_equal(date, date_from_ymd(2199, 12, 31));
	assert_int_equal(date_parse("2026-02-30", &date), -EINVAL);
	assert_int_equal(date_parse("2026-02-03x", &date), -EINVAL);
}

static void spans_are_read(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t ms;
		int column;
	} rows[] = {
		{"90min", 0, 5400000, 0},
		{"2h 30s", 0, 7230000, 0},
		{"2h30s", 0, 7230000, 0},
		{" 1d ", 0, 86400000, 0},
		{"2 weeks", 0, 1209600000, 0},
		{"90", 0, 90000, 0},
		{"1.5h", 0, 5400000, 0},
		{"500ms", 0, 500, 0},
		{"0s", 0, 0, 0},
		{"1hr 1hour 1 hours 1h", 0, 14400000, 0},
		{"", -EINVAL, 0, 1},
		{"2h 30", -EINVAL, 0, 6},
		{"2 fortnights", -EINVAL, 0, 3},
		{"1 month", -EINVAL, 0, 3},
		{"min", -EINVAL, 0, 1},
		{"-1h", -EINVAL, 0, 1},
		{"5M", -EINVAL, 0, 2},
		{"101 weeks 36525d", -ERANGE, 0, 0},
		{"99999999999999999999s", -ERANGE, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms = 7;
		int column = 0;

		assert_int_equal(span_parse_ms(rows[i].text, &ms, &column), rows[i].r);
		assert_int_equal(ms, rows[i].r ? 7 : rows[i].ms);
		if (rows[i].r == -EINVAL)
			assert_int_equal(column, rows[i].column);
	}
}

static void spans_are_written_in_a_form_that_is_read(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {{0, "0s"}, {59, "59s"}, {9000, "2h 30min"}, {86400, "1d"}, {7776000, "90d"},
		{90061, "1d 1h 1min 1s"}, {-90, "-1min 30s"}};
	char text[SPAN_TEXT];
	int64_t s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		span_write(rows[i].s, text);
		assert_string_equal(text, rows[i].text);
		if (rows[i].s >= 0) {
			assert_int_equal(span_parse_s(text, &s, NULL), 0);
			assert_int_equal(s, rows[i].s);
		}
	}
	assert_int_equal(span_parse_s("1ms", &s, NULL), 0);
	assert_int_equal(s, 1);
	span_write(INT64_MIN, text);
	assert_int_equal(text[0], '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_five_centuries_is_counted),
		cmocka_unit_test(dates_before_1970_are_whole_days),
		cmocka_unit_test(local_times_are_read),
		cmocka_unit_test(times_are_written),
		cmocka_unit_test(spans_are_read),
		cmocka_unit_test(spans_are_written_in_a_form_that_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
