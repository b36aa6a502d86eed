/* Pictures of a fixed preview: whole texts, as somebody would see them, and what holds for every
 * width. */
#include "base/str.h"
#include "face/dates.h"
#include "face/picture.h"
#include "face/terminal.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What happens on some dates; all others are empty, and weekends are off. */
static const char facts[] =
	"["
	"{'date':'2026-12-01','messages':3,'people':1,'send':2,'merged':2,'over':1,'groups':["
	" {'time':'09:00','reminder':'practice','decision':'send','people':['ana'],'count':1},"
	" {'time':'11:00','reminder':'one-on-one','decision':'send','people':['ana'],'count':1,"
	"  'about':'bo'},"
	" {'time':'15:00','reminder':'stretch','decision':'merged','people':['ana'],'count':1,"
	"  'reason':'4 planned that day, 3 the limit: one message at 15:00'},"
	" {'time':'15:00','reminder':'weekly-review','decision':'merged','people':['ana'],"
	"  'count':1,'reason':'4 planned that day, 3 the limit: one message at 15:00'}]},"
	"{'date':'2026-12-03','messages':2,'people':1,'send':1,'shifted':1,'groups':["
	" {'time':'08:30','reminder':'fr\xc3\xbch\xc3\xbc"
	"bung','decision':'shifted','people':['ana'],'count':1,"
	"  'reason':'07:00 is outside working hours: moved to 08:30'},"
	" {'time':'09:00','reminder':'practice','decision':'send','people':['ana','bo','cy'],"
	"  'count':4}]},"
	"{'date':'2026-12-04','messages':0,'skipped':1,'groups':["
	" {'time':'23:00','reminder':'nightly','decision':'skipped','people':['ana'],'count':1,"
	"  'reason':'23:00 is outside working hours'}]},"
	"{'date':'2026-12-08','messages':8,'people':1,'send':8,'groups':["
	" {'time':'09:00','reminder':'a','decision':'send','people':['ana'],'count':1},"
	" {'time':'10:00','reminder':'b','decision':'send','people':['ana'],'count':1},"
	" {'time':'11:00','reminder':'c','decision':'send','people':['ana'],'count':1},"
	" {'time':'12:00','reminder':'d','decision':'send','people':['ana'],'count':1},"
	" {'time':'13:00','reminder':'e','decision':'send','people':['ana'],'count':1},"
	" {'time':'14:00','reminder':'f','decision':'send','people':['ana'],'count':1},"
	" {'time':'15:00','reminder':'g','decision':'send','people':['ana'],'count':1}],"
	" 'more':1},"
	"{'date':'2026-12-25','off':true,'holiday':'Christmas Day'},"
	"{'date':'2026-12-28','holiday':'Boxing Day (london)'}"
	"]";

static json_t *read_json(const char *text)
{
	auto_free char *copy = str_new(text);
	json_error_t error;
	json_t *value;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	value = json_loads(copy, 0, &error);
	if (!value)
		fail_msg("%s", error.text);
	return value;
}

static json_t *make_days(const char *from, const char *to)
{
	json_t *days = json_array(), *known = read_json(facts), *fact;
	int32_t first, last;
	size_t i;

	assert_int_equal(date_parse(from, &first), 0);
	assert_int_equal(date_parse(to, &last), 0);
	for (int32_t date = first; date <= last; date++) {
		char text[CIVIL_TEXT];
		json_t *day;

		date_write(date, text);
		day = json_pack("{ss sb}", "date", text, "off", date_weekday(date) >= 5);
		json_array_foreach(known, i,
			fact) if (str_eq(json_string_value(json_object_get(fact, "date")), text))
			json_object_update(day, fact);
		json_array_append_new(days, day);
	}
	json_decref(known);
	return days;
}

static char *draw(json_t *days, enum picture_view view, size_t width, bool colours)
{
	struct picture_style style = {.view = view, .width = width, .colours = colours};
	cleanup(buf_free) struct buf out = BUF_MAX(1 << 20);

	assert_int_equal(date_parse("2026-12-03", &style.today), 0);
	picture_draw(days, &style, &out);
	assert_false(out.overflow);
	json_decref(days);
	return buf_take(&out);
}

static void expect(char *picture, const char *wanted)
{
	if (!str_eq(picture, wanted))
		fprintf(stderr, "---- drawn:\n%s---- wanted:\n%s----\n", picture, wanted);
	assert_string_equal(picture, wanted);
	free(picture);
}

static void five_weeks_of_one_person_in_eighty_columns(void **state)
{
	expect(draw(make_days("2026-11-30", "2027-01-03"), PICTURE_MONTH, 80, false),
		"                       November 2026 to January 2027\n"
		"Mon       │Tue       │Wed       │Thu       │Fri       │Sat       │Sun\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"30 Nov    │1 Dec    !│2         │[3]       │4       x1│5 ~       │6 ~\n"
		"          │09:00 pra…│          │08:30>frü…│          │          │\n"
		"          │11:00 one…│          │09:00 pra…│          │          │\n"
		"          │15:00+str…│          │          │          │          │\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"7         │8         │9         │10        │11        │12 ~      │13 ~\n"
		"          │09:00 a   │          │          │          │          │\n"
		"          │10:00 b   │          │          │          │          │\n"
		"          │11:00 c   │          │          │          │          │\n"
		"          │12:00 d   │          │          │          │          │\n"
		"          │13:00 e   │          │          │          │          │\n"
		"          │3 more    │          │          │          │          │\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"14        │15        │16        │17        │18        │19 ~      │20 ~\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"21        │22        │23        │24        │25 ~Chris…│26 ~      │27 ~\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"28 Boxing…│29        │30        │31        │1 Jan     │2 ~       │3 ~\n"
		"\n"
		"13 messages, 1 moved, 2 gathered in one with others, 1 not sent\n"
		"! more than the daily limit   > moved   + several in one message   x not sent\n"
		"~ day off   [ ] today\n");
}

static void forty_columns_are_enough_for_numbers(void **state)
{
	expect(draw(make_days("2026-11-30", "2026-12-13"), PICTURE_MONTH, 40, false),
		"    November to December 2026\n"
		"Mon │Tue │Wed │Thu │Fri │Sat │Sun\n"
		"────┼────┼────┼────┼────┼────┼────\n"
		"30  │1   │2   │[3] │4   │5~  │6~\n"
		"    │3!+ │    │2>  │x   │    │\n"
		"────┼────┼────┼────┼────┼────┼────\n"
		"7   │8   │9   │10  │11  │12~ │13~\n"
		"    │8   │    │    │    │    │\n"
		"\n"
		"13 messages, 1 moved, 2 gathered in one\n"
		"with others, 1 not sent\n"
		"1, 2 messages\n"
		"! more than the daily limit   > moved\n"
		"+ several in one message   x not sent\n"
		"~ day off   [ ] today\n");
}

static void sixty_columns_are_enough_for_times(void **state)
{
	expect(draw(make_days("2026-11-30", "2026-12-13"), PICTURE_MONTH, 60, false),
		"               November to December 2026\n"
		"Mon    │Tue    │Wed    │Thu    │Fri    │Sat    │Sun\n"
		"───────┼───────┼───────┼───────┼───────┼───────┼───────\n"
		"30     │1     !│2      │[3]    │4    x1│5 ~    │6 ~\n"
		"       │09:00  │       │08:30> │       │       │\n"
		"       │11:00  │       │09:00  │       │       │\n"
		"       │15:00+ │       │       │       │       │\n"
		"───────┼───────┼───────┼───────┼───────┼───────┼───────\n"
		"7      │8      │9      │10     │11     │12 ~   │13 ~\n"
		"       │09:00  │       │       │       │       │\n"
		"       │10:00  │       │       │       │       │\n"
		"       │11:00  │       │       │       │       │\n"
		"       │12:00  │       │       │       │       │\n"
		"       │13:00  │       │       │       │       │\n"
		"       │3 more │       │       │       │       │\n"
		"\n"
		"13 messages, 1 moved, 2 gathered in one with others, 1 not\n"
		"sent\n"
		"! more than the daily limit   > moved\n"
		"+ several in one message   x not sent   ~ day off\n"
		"[ ] today\n");
}

static void a_wide_terminal_shows_whole_names(void **state)
{
	expect(draw(make_days("2026-11-30", "2026-12-13"), PICTURE_MONTH, 150, false),
		"                                                            November to December "
		"2026\n"
		"Mon                 │Tue                 │Wed                 │Thu                "
		" │Fri                 │Sat                 │Sun\n"
		"────────────────────┼────────────────────┼────────────────────┼───────────────────"
		"─┼────────────────────┼────────────────────┼────────────────────\n"
		"30 Nov              │1 Dec              !│2                   │[3]                "
		" │4                 x1│5 ~                 │6 ~\n"
		"                    │09:00 practice      │                    │08:30>frühübung    "
		" │                    │                    │\n"
		"                    │11:00 one-on-one    │                    │09:00 4x practice  "
		" │                    │                    │\n"
		"                    │15:00+stretch, week…│                    │                   "
		" │                    │                    │\n"
		"────────────────────┼────────────────────┼────────────────────┼───────────────────"
		"─┼────────────────────┼────────────────────┼────────────────────\n"
		"7                   │8                   │9                   │10                 "
		" │11                  │12 ~                │13 ~\n"
		"                    │09:00 a             │                    │                   "
		" │                    │                    │\n"
		"                    │10:00 b             │                    │                   "
		" │                    │                    │\n"
		"                    │11:00 c             │                    │                   "
		" │                    │                    │\n"
		"                    │12:00 d             │                    │                   "
		" │                    │                    │\n"
		"                    │13:00 e             │                    │                   "
		" │                    │                    │\n"
		"                    │3 more              │                    │                   "
		" │                    │                    │\n"
		"\n"
		"13 messages, 1 moved, 2 gathered in one with others, 1 not sent\n"
		"! more than the daily limit   > moved   + several in one message   x not sent   ~ "
		"day off   [ ] today\n");
}

static void a_week_is_a_timeline_in_eighty_columns(void **state)
{
	expect(draw(make_days("2026-11-30", "2026-12-08"), PICTURE_WEEK, 80, false),
		"Mon 30 November 2026\n"
		"Tue 1 December 2026  !\n"
		"  09:00   practice                ana\n"
		"  11:00   one-on-one              ana about bo\n"
		"  15:00 + stretch, weekly-review  ana  4 planned that day, 3 the limit: one mes…\n"
		"Wed 2 December 2026\n"
		"[Thu 3 December 2026]\n"
		"  08:30 > frühübung               ana  07:00 is outside working hours: moved to…\n"
		"  09:00   practice                ana, bo, cy and 1 more\n"
		"Fri 4 December 2026\n"
		"  23:00 x nightly                 ana  23:00 is outside working hours\n"
		"Sat 5 December 2026  ~ day off\n"
		"Sun 6 December 2026  ~ day off\n"
		"Mon 7 December 2026\n"
		"Tue 8 December 2026\n"
		"  09:00   a                       ana\n"
		"  10:00   b                       ana\n"
		"  11:00   c                       ana\n"
		"  12:00   d                       ana\n"
		"  13:00   e                       ana\n"
		"  14:00   f                       ana\n"
		"  15:00   g                       ana\n"
		"  and 1 more\n"
		"\n"
		"13 messages, 1 moved, 2 gathered in one with others, 1 not sent\n"
		"! more than the daily limit   > moved   + several in one message   x not sent\n"
		"~ day off   [ ] today\n");
}

static void a_week_stands_side_by_side_where_there_is_room(void **state)
{
	expect(draw(make_days("2026-11-30", "2026-12-06"), PICTURE_WEEK, 140, false),
		"Mon 30 Nov         │Tue 1 Dec         !│Wed 2 Dec          │[Thu 3 Dec]        "
		"│Fri 4 Dec          │Sat 5 Dec ~        │Sun 6 Dec ~\n"
		"                   │09:00 practice     │                   │08:30>frühübung    "
		"│23:00xnightly      │                   │\n"
		"                   │11:00 one-on-one   │                   │09:00 4x practice  │  "
		"                 │                   │\n"
		"                   │15:00+stretch, wee…│                   │                   │  "
		"                 │                   │\n"
		"\n"
		"5 messages, 1 moved, 2 gathered in one with others, 1 not sent\n"
		"! more than the daily limit   > moved   + several in one message   x not sent   ~ "
		"day off   [ ] today\n");
}

static void a_narrow_week_is_cut_at_characters(void **state)
{
	expect(draw(make_days("2026-12-03", "2026-12-03"), PICTURE_WEEK, 40, false),
		"[Thu 3 December 2026]\n"
		"  08:30 > frühübung  ana  07:00 is outs…\n"
		"  09:00   practice   ana, bo, cy and 1 …\n"
		"\n"
		"2 messages, 1 moved\n"
		"> moved   [ ] today\n");
}

static json_t *make_crowd(void)
{
	json_t *days = make_days("2026-12-21", "2026-12-27");

	json_object_update_new(json_array_get(days, 0),
		read_json("{'messages':9812,'people':4900,'send':12000,'shifted':7,'merged':30,"
			  "'skipped':1500,'over':4,'reminders':{'practice':9000,'feedback':812,"
			  "'a':1,'b':2,'c':3,'d':4,'e':5},'groups':[{'time':'09:00','count':4900,"
			  "'reminder':'practice','decision':'send','people':['ana','bo','cy']}]}"));
	json_object_update_new(json_array_get(days, 1),
		read_json("{'messages':1234567,'people':5,'reminders':{'practice':1234567}}"));
	return days;
}

static void many_people_are_counted(void **state)
{
	expect(draw(make_crowd(), PICTURE_MONTH, 80, false),
		"                               December 2026\n"
		"Mon       │Tue       │Wed       │Thu       │Fri       │Sat       │Sun\n"
		"──────────┼──────────┼──────────┼──────────┼──────────┼──────────┼──────────\n"
		"21 Dec!>+ │22        │23        │24        │25 ~Chris…│26 ~      │27 ~\n"
		"9,812     │1,234,567 │          │          │          │          │\n"
		"9,000 pra…│1M practi…│          │          │          │          │\n"
		"812 feedb…│          │          │          │          │          │\n"
		"5 e       │          │          │          │          │          │\n"
		"4 d       │          │          │          │          │          │\n"
		"3 more    │          │          │          │          │          │\n"
		"\n"
		"1,244,379 messages, 7 moved, 30 gathered in one with others, 1,500 not sent\n"
		"! more than the daily limit   > moved   + several in one message   x not sent\n"
		"~ day off\n");
	expect(draw(make_crowd(), PICTURE_MONTH, 40, false),
		"          December 2026\n"
		"Mon │Tue │Wed │Thu │Fri │Sat │Sun\n"
		"────┼────┼────┼────┼────┼────┼────\n"
		"21  │22  │23  │24  │25~ │26~ │27~\n"
		"9k!>│1M  │    │    │    │    │\n"
		"\n"
		"1,244,379 messages, 7 moved, 30 gathered\n"
		"in one with others, 1,500 not sent\n"
		"1, 2 messages\n"
		"! more than the daily limit   > moved\n"
		"+ several in one message   x not sent\n"
		"~ day off\n");
}

static void a_long_range_is_drawn_month_by_month(void **state)
{
	char *picture = draw(make_days("2026-11-20", "2027-01-10"), PICTURE_MONTH, 80, false);
	const char *november = strstr(picture, "November 2026\n"),
		   *december = strstr(picture, "December 2026\n"),
		   *january = strstr(picture, "January 2027\n");

	assert_true(november && december && january);
	assert_true(november < december && december < january);
	/* The first days of December are not drawn in November's last week. */
	assert_non_null(strstr(picture, "\n30        \xe2\x94\x82          \xe2\x94\x82"));
	assert_non_null(strstr(picture, "\n          \xe2\x94\x82"
					"1        !\xe2\x94\x82"
					"2 "));
	free(picture);
}

/* ---- where one way to draw ends and another begins ---- */

static bool has(char *picture, const char *text)
{
	bool found = strstr(picture, text) != NULL;

	free(picture);
	return found;
}

static void six_weeks_are_one_picture_and_a_day_more_are_months(void **state)
{
	assert_true(has(draw(make_days("2026-11-30", "2027-01-10"), PICTURE_MONTH, 80, false),
		"November 2026 to January 2027\n"));
	assert_true(has(draw(make_days("2026-11-30", "2027-01-11"), PICTURE_MONTH, 80, false),
		"  December 2026\n"));
}

static void ten_dates_stand_side_by_side_and_more_week_by_week(void **state)
{
	/* Ten cells of 17 columns and nine bars. */
	assert_true(has(draw(make_days("2026-11-30", "2026-12-09"), PICTURE_WEEK, 179, false),
		"Wed 9 Dec\n"));
	assert_false(has(draw(make_days("2026-11-30", "2026-12-09"), PICTURE_WEEK, 178, false),
		"Wed 9 Dec\n"));
	assert_true(has(draw(make_days("2026-11-30", "2026-12-10"), PICTURE_WEEK, 125, false),
		"\nMon 7 Dec"));
}

/* One date with these members. */
static json_t *make_day(const char *text)
{
	json_t *days = make_days("2026-12-02", "2026-12-02");

	json_object_update_new(json_array_get(days, 0), read_json(text));
	return days;
}

static void four_people_are_few_and_five_are_many(void **state)
{
	assert_false(has(draw(make_day("{'messages':4,'people':4}"), PICTURE_MONTH, 80, false),
		"\u25024  "));
	assert_true(has(draw(make_day("{'messages':5,'people':5}"), PICTURE_MONTH, 80, false),
		"\u25025  "));
}

static void what_is_merged_at_a_minute_stays_apart_from_what_is_not(void **state)
{
	static const char day[] =
		"{'groups':[{'time':'15:00','reminder':'alone','decision':'send','count':1},"
		"{'time':'15:00','reminder':'a','decision':'merged','count':1},"
		"{'time':'15:00','reminder':'b','decision':'merged','count':1},"
		"{'time':'15:30','reminder':'c','decision':'merged','count':1}]}";
	char *picture = draw(make_day(day), PICTURE_WEEK, 80, false);

	assert_non_null(strstr(picture, "\n  15:00   alone   and 1 more\n  15:00 + a, b "));
	assert_non_null(strstr(picture, "\n  15:30 + c "));
	free(picture);
}

static void a_cell_shows_six_lines_before_it_counts_the_rest(void **state)
{
	static const char six[] = "{'groups':["
				  "{'time':'01:00','reminder':'r','decision':'send'},"
				  "{'time':'02:00','reminder':'r','decision':'send'},"
				  "{'time':'03:00','reminder':'r','decision':'send'},"
				  "{'time':'04:00','reminder':'r','decision':'send'},"
				  "{'time':'05:00','reminder':'r','decision':'send'},"
				  "{'time':'06:00','reminder':'r','decision':'send'}";
	auto_free char *exactly = str_printf("%s]}", six);
	auto_free char *more =
		str_printf("%s,{'time':'07:00','reminder':'r','decision':'send'}]}", six);

	assert_true(has(draw(make_day(exactly), PICTURE_MONTH, 80, false), "06:00 r"));
	assert_false(has(draw(make_day(more), PICTURE_MONTH, 80, false), "06:00 r"));
	assert_true(has(draw(make_day(more), PICTURE_MONTH, 80, false), "2 more"));
}

static void a_holiday_leaves_its_cell_room_for_the_signs(void **state)
{
	static const char day[] = "{'off':true,'holiday':'Dies Natalis','skipped':2,'over':1}";

	assert_true(has(
		draw(make_day(day), PICTURE_MONTH, 125, false), "\u25022 Dec ~Dies\u2026 ! x2"));
}

/* Takes the colours out. */
static char *strip(const char *text)
{
	char *plain = str_new(text), *to = plain;

	for (; *text; text++)
		if (*text == '\033')
			text += strcspn(text, "m");
		else
			*to++ = *text;
	*to = '\0';
	return plain;
}

static void check_width(const char *picture, size_t width)
{
	auto_free char *copy = str_new(picture);
	char *rest = copy, *line;

	assert_true(str_is_utf8(picture, strlen(picture)));
	while ((line = strsep(&rest, "\n")))
		if (terminal_measure(line) > width)
			fail_msg("wider than %zu: %s", width, line);
}

static void every_width_holds_and_colours_add_nothing_but_colour(void **state)
{
	for (size_t width = TERMINAL_LEAST; width <= 240; width++) {
		for (enum picture_view view = PICTURE_WEEK; view <= PICTURE_MONTH; view++) {
			char *plain =
				draw(make_days("2026-11-30", "2026-12-27"), view, width, false);
			char *coloured =
				draw(make_days("2026-11-30", "2026-12-27"), view, width, true);
			char *crowd = draw(make_crowd(), view, width, false),
			     *stripped = strip(coloured);

			check_width(plain, width);
			check_width(crowd, width);
			assert_string_not_equal(coloured, plain);
			for (char *line = plain, *bare = stripped; *line && *bare;
				line += strcspn(line, "\n"), bare += strcspn(bare, "\n")) {
				size_t len = strcspn(line, "\n");

				assert_memory_equal(line, bare, len);
				assert_int_equal(
					strspn(bare + len, " "), strcspn(bare + len, "\n"));
				line += strspn(line, "\n");
				bare += strspn(bare, "\n");
			}
			free(plain);
			free(coloured);
			free(crowd);
			free(stripped);
		}
	}
}

static void nothing_gives_no_picture(void **state)
{
	char *picture = draw(json_array(), PICTURE_MONTH, 80, false);

	assert_string_equal(picture, "");
	free(picture);
}

/* ---- dates, and text on a terminal ---- */

static void dates_are_read_as_people_say_them(void **state)
{
	static const struct {
		const char *text;
		int date;
	} rows[] = {
		{"today", 1000},
		{"tomorrow", 1001},
		{"yesterday", 999},
		{"+7d", 2007},
		{"-1w", 1993},
		{"+2w", 2014},
		{"+0d", 2000},
		{"1970-02-01", 31},
	};
	static const char *const wrong[] = {"", "+", "+d", "+7", "7d", "+7m", "+7dd", "+-7d",
		"+ 7d", "+123456d", "soon", "Today", "2026-02-30", "2026-1-1"};
	int32_t date = 5;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(dates_read(rows[i].text, 1000, 2000, &date), 0);
		assert_int_equal(date, rows[i].date);
	}
	date = 5;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(dates_read(wrong[i], 1000, 2000, &date), -EINVAL);
		assert_int_equal(date, 5);
	}
}

static void text_is_cut_at_characters_and_columns(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *wanted;
	} rows[] = {
		{"Nystr\xc3\xb6m", 7, "Nystr\xc3\xb6m"},
		{"Nystr\xc3\xb6m", 6, "Nystr\xe2\x80\xa6"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 6, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, "\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, "\xe6\x97\xa5\xe2\x80\xa6"},
		{"ab", 1, "\xe2\x80\xa6"},
		{"ab", 0, ""},
		{"", 0, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf_free) struct buf out = BUF_MAX(100);

		terminal_add_cut(&out, rows[i].text, rows[i].columns);
		assert_string_equal(buf_str(&out), rows[i].wanted);
		buf_reset(&out);
		terminal_add_field(&out, false, SHADE_BAD, rows[i].text, rows[i].columns);
		assert_int_equal(terminal_measure(buf_str(&out)), rows[i].columns);
	}
}

static void text_is_wrapped_at_words_under_its_own_beginning(void **state)
{
	static const struct {
		const char *text;
		size_t indent, width;
		const char *wanted;
	} rows[] = {
		{"one two three four five six seven", 2, 30,
			"one two three four five six\n  seven"},
		{"one two three four five six", 2, 30, "one two three four five six"},
		{"abcdefghijklmnopqrstuvwxyzabcdefgh", 4, 30,
			"abcdefghijklmnopqrstuvwxyz\n    abcdefgh"},
		{"one two   three", 0, 30, "one two   three"},
		{"one two three four five     six seven", 0, 25,
			"one two three four five\nsix seven"},
		{"right at the edge of it", 36, 40, "\n    right at the edge of it"},
		{"anything at all", 36, 0, "anything at all"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf_free) struct buf out = BUF_MAX(200);

		terminal_add_wrapped(&out, rows[i].text, rows[i].indent, rows[i].width);
		assert_string_equal(buf_str(&out), rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_weeks_of_one_person_in_eighty_columns),
		cmocka_unit_test(forty_columns_are_enough_for_numbers),
		cmocka_unit_test(sixty_columns_are_enough_for_times),
		cmocka_unit_test(a_wide_terminal_shows_whole_names),
		cmocka_unit_test(a_week_is_a_timeline_in_eighty_columns),
		cmocka_unit_test(a_week_stands_side_by_side_where_there_is_room),
		cmocka_unit_test(a_narrow_week_is_cut_at_characters),
		cmocka_unit_test(many_people_are_counted),
		cmocka_unit_test(a_long_range_is_drawn_month_by_month),
		cmocka_unit_test(six_weeks_are_one_picture_and_a_day_more_are_months),
		cmocka_unit_test(ten_dates_stand_side_by_side_and_more_week_by_week),
		cmocka_unit_test(four_people_are_few_and_five_are_many),
		cmocka_unit_test(what_is_merged_at_a_minute_stays_apart_from_what_is_not),
		cmocka_unit_test(a_cell_shows_six_lines_before_it_counts_the_rest),
		cmocka_unit_test(a_holiday_leaves_its_cell_room_for_the_signs),
		cmocka_unit_test(every_width_holds_and_colours_add_nothing_but_colour),
		cmocka_unit_test(nothing_gives_no_picture),
		cmocka_unit_test(dates_are_read_as_people_say_them),
		cmocka_unit_test(text_is_cut_at_characters_and_columns),
		cmocka_unit_test(text_is_wrapped_at_words_under_its_own_beginning),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
