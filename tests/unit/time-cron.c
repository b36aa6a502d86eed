/* Cron expressions: what each is written as, what is refused, where and with which advice, what is
 * equal, what is warned of, and the examples of the Open Cron Pattern Specification. */
#include "rule_help.h"

#include "base/str.h"

#include <errno.h>

/* "2026-03-29T01:00:00Z 2026-...": the slots in UTC after a time. */
static void expect(
	const char *text, const struct rule_options *options, const char *after, const char *slots)
{
	struct rule *rule = rule_taken(RULE_CRON, text, options);
	char found[512] = "";
	struct slot slot;
	size_t wanted = 1;
	bool has_offset;
	int64_t at;

	assert_int_equal(civil_parse(after, &at, &has_offset), 0);
	for (const char *c = slots; *c; c++)
		wanted += *c == ' ';
	for (size_t i = 0; i < wanted && rule_next(rule, utc, NULL, at, &slot); i++) {
		size_t used = strlen(found);
		char one[CIVIL_TEXT];

		utc_write(slot.utc, one);
		snprintf(found + used, sizeof(found) - used, "%s%s", used ? " " : "", one);
		at = slot.utc;
	}
	if (strcmp(found, slots) != 0)
		fail_msg("%s\n found %s\nwanted %s", text, found, slots);
	rule_unref(rule);
}

static const struct {
	const char *text, *written;
} forms[] = {
	{"0 9 * * 1-5", "0 9 * * MON-FRI"},
	{" 00\t09  * * mon-Fri ", "0 9 * * MON-FRI"},
	{"0 0 9 * * 1,2", "0 9 * * MON,TUE"},
	{"0 0 9 * * * 1970-2199", "0 9 * * *"},
	{"5-5,7 9 * * *", "5,7 9 * * *"},
	{"30 0 9 * * *", "30 0 9 * * *"},
	{"0 0 9 * * * 2026,2027", "0 0 9 * * * 2026,2027"},
	{"0 0 9 * * * 2026-2032/2", "0 0 9 * * * 2026-2032/2"},
	{"0 0 9 * * * */2", "0 0 9 * * * */2"},
	{"0 0 9 * * * 2199", "0 0 9 * * * 2199"},
	/* Weekdays. */
	{"0 9 * * 0", "0 9 * * SUN"},
	{"0 9 * * 7", "0 9 * * SUN"},
	{"0 9 * * 0,7", "0 9 * * SUN"},
	{"0 9 * * FRI-SUN", "0 9 * * FRI-SUN"},
	{"0 9 * * 5-7", "0 9 * * FRI-SUN"},
	{"0 9 * * SUN-TUE", "0 9 * * MON,TUE,SUN"},
	{"0 9 * * 0-6", "0 9 * * MON-SUN"},
	{"0 9 * * 0-7", "0 9 * * MON-SUN"},
	{"0 9 * * 0-SUN", "0 9 * * MON-SUN"},
	{"0 9 * * */2", "0 9 * * TUE,THU,SAT,SUN"},
	{"0 9 * * */7", "0 9 * * SUN"},
	{"0 9 * * 1-7/2", "0 9 * * MON,WED,FRI,SUN"},
	{"0 9 * * *,1", "0 9 * * MON-SUN"},
	{"0 9 * * MON-SAT/3", "0 9 * * MON,THU"},
	/* Dates. */
	{"0 9 1-31 * *", "0 9 1-31 * *"},
	{"0 9 *,5 * *", "0 9 1-31 * *"},
	{"0 9 */2 * *", "0 9 */2 * *"},
	{"0 9 1-31/2 * *", "0 9 */2 * *"},
	{"0 9 2-20/6 * *", "0 9 2-20/6 * *"},
	{"0 9 1-21/10 * *", "0 9 1,11,21 * *"},
	{"0 9 */31 * *", "0 9 1 * *"},
	{"0 9 1-26/5 * *", "0 9 1-26/5 * *"},
	{"0 9 */5 * *", "0 9 */5 * *"},
	{"0 9 */8 * *", "0 9 */8 * *"},
	{"0 9 */10 * *", "0 9 */10 * *"},
	{"0 9 */15 * *", "0 9 1,16,31 * *"},
	{"0 9 2-20/9 * *", "0 9 2,11,20 * *"},
	{"0 9 2-20/5 * *", "0 9 2-17/5 * *"},
	{"0 9 1 1,2,3,12 *", "0 9 1 JAN-MAR,DEC *"},
	{"0 9 1 */3 *", "0 9 1 */3 *"},
	{"0 9 1 1,4,7,10 *", "0 9 1 */3 *"},
	{"0 9 1 mar-dec/3 *", "0 9 1 MAR-DEC/3 *"},
	{"0 9 1 */6 *", "0 9 1 JAN,JUL *"},
	{"0 9 1 1-12 *", "0 9 1 * *"},
	{"0 9 L * *", "0 9 L * *"},
	{"0 9 l,15w,1,L,2W * *", "0 9 1,2W,15W,L * *"},
	{"0 9 lw * *", "0 9 LW * *"},
	/* Numbered weekdays. */
	{"0 9 * * 2#3", "0 9 * * TUE#3"},
	{"0 9 * * 5L", "0 9 * * FRI#L"},
	{"0 9 * * fril", "0 9 * * FRI#L"},
	{"0 9 * * 7#l,0#5,MON", "0 9 * * MON,SUN#5,SUN#L"},
	{"0 9 * * MON#1,MON,MON#L", "0 9 * * MON"},
	{"0 9 * * MON#3,MON#1", "0 9 * * MON#1,MON#3"},
	/* AND and OR. */
	{"0 9 1 * MON", "0 9 1 * MON"},
	{"0 9 1 * +MON", "0 9 1 * +MON"},
	{"0 9 LW * +FRI#L,1", "0 9 LW * +MON,FRI#L"},
	{"0 9 1 * +*", "0 9 1 * *"},
	{"0 9 * * +MON", "0 9 * * MON"},
	/* FIXED and WILD times. */
	{"* * * * *", "* * * * *"},
	{"*/1 * * * *", "* * * * *"},
	{"0-59 * * * *", "* * * * *"},
	{"0-59 9 * * *", "0-59 9 * * *"},
	{"0-59/1 9 * * *", "* 9 * * *"},
	{"*/15 9 * * *", "*/15 9 * * *"},
	{"0-45/15 9 * * *", "*/15 9 * * *"},
	{"0,15,30,45 9 * * *", "0,15,30,45 9 * * *"},
	{"0,15,30,45 * * * *", "*/15 * * * *"},
	{"15,45 * * * *", "15,45 * * * *"},
	{"15-59/30 9 * * *", "15-45/30 9 * * *"},
	{"5-59/15 9 * * *", "5-50/15 9 * * *"},
	{"*/15,7 9 * * *", "0,7,15,30,45 9-9/1 * * *"},
	{"*/15,7 9-17 * * *", "0,7,15,30,45 9-17/1 * * *"},
	{"0 9-17/1 * * *", "0 9-17/1 * * *"},
	{"0 9-17/20 * * *", "0 9-9/1 * * *"},
	{"0 9-10/1 * * *", "0 9-9/1,10 * * *"},
	{"0 8-18/2 * * *", "0 8-18/2 * * *"},
	{"* 8-16/4 * * *", "* 8-16/4 * * *"},
	{"* 8-12/4 * * *", "* 8,12 * * *"},
	{"* */12 * * *", "* */12 * * *"},
	{"15,45 */12 * * *", "15,45 */12 * * *"},
	{"15-45/30 8-18/2 * * *", "15,45 8-18/2 * * *"},
	{"15-45/30 8-18/10 * * *", "15-45/30 8,18 * * *"},
	{"0,1,3 8-18/10 * * *", "0,1,3 8-18/10 * * *"},
	{"*/60 9 * * *", "0 9-9/1 * * *"},
	{"*/60 0 9 * * *", "0 9-9/1 * * *"},
	{"*/20 0 9 * * *", "*/20 0 9 * * *"},
	{"* 0 9 * * *", "* 0 9 * * *"},
	{"0-59 0 9 * * *", "0-59 0 9 * * *"},
	{"0-58 0 9 * * *", "0-58 0 9 * * *"},
	{"5-20/15 0 9 * * *", "5-20/15 0 9 * * *"},
	/* Names. */
	{"@yearly", "0 0 1 JAN *"},
	{"@annually", "0 0 1 JAN *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * SUN"},
	{"@daily", "0 0 * * *"},
	{" @Midnight ", "0 0 * * *"},
	{"@HOURLY", "0 * * * *"},
};

static void an_expression_is_written_in_one_form(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct rule *rule, *again;
		char *written;

		rule = rule_taken(RULE_CRON, forms[i].text, NULL);
		written = rule_write(rule);
		assert_string_equal(written, forms[i].written);
		again = rule_taken(RULE_CRON, written, NULL);
		assert_true(rule_equal(rule, again));
		rule_unref(rule);
		rule_unref(again);
		free(written);
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		for (size_t j = 0; j < ARRAY_LEN(forms); j++) {
			struct rule *a = rule_taken(RULE_CRON, forms[i].text, NULL),
				    *b = rule_taken(RULE_CRON, forms[j].text, NULL);

			/* Equal rules have one text. */
			assert_int_equal(
				rule_equal(a, b), str_eq(forms[i].written, forms[j].written));
			rule_unref(a);
			rule_unref(b);
		}
	}
}

static const struct {
	const char *text;
	int column;
	const char *says;
} refusals[] = {
	{"", 0, "empty: write a cron expression such as 0 9 * * MON-FRI"},
	{" \t ", 0, "empty"},
	{"0", 2, "1 field: write minute, hour, day of month, month and day of week"},
	{"0 9 * * ", 9, "4 fields: write"},
	{"0 0 9 * * * 2026 x", 18, "more than 7 fields"},
	{"0 9 * * 1 root mail -s x", 21, "leave a command out"},
	{"0 9 * * 1 /usr/bin/mail", 11, "leave the command out"},
	{"CRON_TZ=Europe/Berlin 0 9 * * *", 1, "leave the variable out"},
	{"@reboot", 1, "@reboot is not a time"},
	{"  @REBOOT", 3, "@reboot is not a time"},
	{"@every 5m", 1, "for intervals use every"},
	{"@dail", 1, "expected @yearly"},
	{"@dailyy", 1, "expected @yearly"},
	{"@daily 9", 7, "@daily stands alone"},
	/* What others know. */
	{"0 9 ? * MON", 5, "write *"},
	{"? 9 * * MON", 1, "write *"},
	{"0 9 * * MON?", 12, "write *"},
	{"5/15 * * * *", 1, "minute: a step needs a range or *: write 5-59/15"},
	{"0 1,5/2,6 * * *", 5, "hour: a step needs a range or *: write 5-23/2"},
	{"0 0 9 * * * 2026/2", 13, "write 2026-2199/2"},
	{"0 9 * JAN/2 *", 7, "write JAN-12/2"},
	{"5/0 * * * *", 3, "a step is 1 to 60, not 0"},
	{"5/x * * * *", 3, "expected the number of a step"},
	{"/15 * * * *", 1, "as in */15"},
	{"0 9 * * 1 x=y", 11, "day of week: expected"},
	{"0~59 9 * * *", 2, "jitter"},
	{"~ 9 * * *", 1, "jitter"},
	{"H 9 * * *", 1, "jitter"},
	{"h/15 9 * * *", 1, "jitter"},
	{"0 9 L-2 * *", 5, "use calendar, as in *-*~03 09:00"},
	{"0 9 LW-2 * *", 7, "day of month: expected 1 to 31, L, LW or *, not \"-2\""},
	/* Values. */
	{"60 9 * * *", 1, "minute: 60 is not in 0..59"},
	{"0 24 * * *", 3, "hour: 24 is not in 0..23"},
	{"60 0 9 * * *", 1, "second: 60 is not in 0..59"},
	{"0 9 0 * *", 5, "day of month: 0 is not in 1..31"},
	{"0 9 1,32 * *", 7, "day of month: 32 is not in 1..31"},
	{"0 9 32W * *", 5, "day of month: 32 is not in 1..31"},
	{"0 9 * 13 *", 7, "month: 13 is not in 1..12"},
	{"0 9 * 0 *", 7, "month: 0 is not in 1..12"},
	{"0 9 * * 8", 9, "day of week: 8 is not in 0..7"},
	{"0 9 * * 5-8", 11, "day of week: 8 is not in 0..7"},
	{"0 0 9 * * * 1969", 13, "year: 1969 is not in 1970..2199"},
	{"0 0 9 * * * 2026-2200", 18, "year: 2200 is not in 1970..2199"},
	{"1234567890 9 * * *", 1, "minute: the number is too long"},
	{"-1 9 * * *", 1, "minute: expected 0 to 59 or *, not \"-1\""},
	{"0 9 * JANUARY *", 7, "month: expected 1 to 12, JAN to DEC or *, not \"JANUARY\""},
	{"0 9 * MON *", 7, "month: expected"},
	{"0 9 * JANL *", 10, "L is the last day"},
	{"0 9 * * JAN", 9, "day of week: expected 0 to 7, SUN to SAT or *"},
	{"0 9 MON * *", 5, "day of month: expected"},
	{"0 0 9 * * * x", 13, "year: expected 1970 to 2199"},
	{"nine 9 * * *", 1, "minute: expected 0 to 59 or *, not \"nine\""},
	{"\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251a\303\251"
	 " 9 * * "
	 "*",
		1, "\303\251a\""},
	/* Lists, ranges and steps. */
	{"1,,2 9 * * *", 3, "minute: expected"},
	{"1, 9 * * *", 3, "minute: expected 0 to 59 or *"},
	{",1 9 * * *", 1, "minute: expected"},
	{"1-2-3 9 * * *", 4, "minute: expected"},
	{"1- 9 * * *", 3, "minute: expected"},
	{"*5 9 * * *", 2, "minute: expected"},
	{"*-5 9 * * *", 2, "minute: expected"},
	{"0 22-2 * * *", 3, "hour: a range rises: write 22-23,0-2"},
	{"59-0 9 * * *", 1, "minute: a range rises: write 59,0"},
	{"0 9 * DEC-FEB *", 7, "month: a range rises: write DEC,JAN-FEB"},
	{"0 9 * * fri-mon", 9, "day of week: a range rises: write FRI-SAT,SUN-MON"},
	{"0 9 * * 5-0", 9, "day of week: a range rises: write FRI-SAT,SUN"},
	{"0 9 * * 7-1", 9, "day of week: a range rises: write SUN-MON"},
	{"0 9 * * SUN-SUN", 9, "write SUN, or *"},
	{"*/0 9 * * *", 3, "minute: a step is 1 to 60, not 0"},
	{"*/61 9 * * *", 3, "minute: a step is 1 to 60, not 61"},
	{"*/61 0 9 * * *", 3, "second: a step is 1 to 60, not 61"},
	{"0 */25 * * *", 5, "hour: a step is 1 to 24, not 25"},
	{"0 9 1-9/32 * *", 9, "day of month: a step is 1 to 31, not 32"},
	{"0 9 * */13 *", 9, "month: a step is 1 to 12, not 13"},
	{"0 9 * * */8", 11, "day of week: a step is 1 to 7, not 8"},
	{"0 0 9 * * * */231", 15, "year: a step is 1 to 230, not 231"},
	{"*/ 9 * * *", 3, "expected the number of a step"},
	{"*/x 9 * * *", 3, "expected the number of a step"},
	{"*/5/5 9 * * *", 4, "step"},
	/* L, W, # and + in the wrong place. */
	{"L 9 * * *", 1, "L is the last day"},
	{"0 9 * * L", 9, "as in FRI#L"},
	{"0 9 1L * *", 6, "L is the last day"},
	{"0 9 LL * *", 6, "L is the last day"},
	{"0 9 LW,1 * *", 5, "LW stands alone"},
	{"0 9 1,LW * *", 7, "LW stands alone"},
	{"0 9 W * *", 5, "as in 15W"},
	{"0 9 1-5W * *", 5, "W follows one day"},
	{"0 9 */2W * *", 5, "W follows one day"},
	{"0 9 *W * *", 5, "W follows one day"},
	{"0 9 * * 1W", 10, "W follows one day"},
	{"0 9 15WW * *", 8, "W follows one day"},
	{"0 9 1#1 * *", 6, "# follows one day"},
	{"0 9 * * MON-WED#1", 16, "# follows one day of the week: write each"},
	{"0 9 * * 1-5L", 12, "L follows one day of the week: write each"},
	{"0 9 * * *#1", 10, "# follows one day of the week"},
	{"0 9 * * MON#0", 13, "# takes 1 to 5 or L"},
	{"0 9 * * MON#6", 13, "# takes 1 to 5 or L"},
	{"0 9 * * MON#", 13, "# takes 1 to 5 or L"},
	{"0 9 * * MON#LL", 14, "L is the last day"},
	{"0 9 * * MON#1#2", 14, "# follows one day"},
	{"0 9 * * MON#1-3", 14, "day of week: expected"},
	{"0 9 +1 * *", 5, "as in 0 9 1 * +MON"},
	{"0 9 * * MON,+TUE", 13, "as in 0 9 1 * +MON"},
	{"0 9 * * ++MON", 10, "as in 0 9 1 * +MON"},
	{"0 9 1 * +", 10, "day of week: expected"},
	/* No such time. */
	{"0 9 31 2 *", 0, "never fires"},
	{"0 9 30 2 +MON", 0, "never fires"},
	{"0 9 30W 2 *", 0, "never fires"},
	{"0 0 9 29 2 * 2100", 0, "never fires"},
};

static void what_is_no_expression_is_refused_at_its_column(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct rule_error error = {.column = -1};
		struct rule *rule = NULL;

		assert_int_equal(
			rule_parse(RULE_CRON, refusals[i].text, NULL, &rule, &error), -EINVAL);
		if (error.column != refusals[i].column || !strstr(error.message, refusals[i].says))
			fail_msg(
				"%s: column %d: %s", refusals[i].text, error.column, error.message);
		assert_null(rule);
	}
}

static void days_of_the_month_or_of_the_week_are_warned_of(void **state)
{
	static const struct {
		const char *text;
		bool warned;
	} rows[] = {
		{"0 9 1 * MON", true},
		{"0 9 */2 * */2", true},
		{"0 9 1-31 * MON", true},
		{"0 9 L * MON#1", true},
		{"0 9 LW * 5L", true},
		{"0 9 1 * *", false},
		{"0 9 * * MON", false},
		{"0 9 1 * +MON", false},
		{"0 9 1 * +*", false},
		{"@monthly", false},
	};
	struct rule *rule;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *warning;

		rule = rule_taken(RULE_CRON, rows[i].text, NULL);
		warning = rule_warning(rule);
		assert_int_equal(warning != NULL, rows[i].warned);
		if (warning)
			assert_non_null(strstr(warning, "put + before the day of week"));
		rule_unref(rule);
	}
	assert_int_equal(rule_parse(RULE_CALENDAR, "Mon *-*-01", NULL, &rule, NULL), 0);
	assert_null(rule_warning(rule));
	rule_unref(rule);
}

/* Each after 2026-08-01T00:00:30Z, a Saturday. */
static void the_examples_of_the_specification_fire_when_it_says(void **state)
{
	static const struct {
		const char *text, *slots;
	} rows[] = {
		/* 1.0: the fields, lists, ranges, steps, and the OR of both days. */
		{"0 12 1 * MON", "2026-08-01T12:00:00Z 2026-08-03T12:00:00Z 2026-08-10T12:00:00Z"},
		{"5-59/15 * * * *", "2026-08-01T00:05:00Z 2026-08-01T00:20:00Z "
				    "2026-08-01T00:35:00Z 2026-08-01T00:50:00Z "
				    "2026-08-01T01:05:00Z"},
		{"0,15,30,45 * * * *", "2026-08-01T00:15:00Z 2026-08-01T00:30:00Z"},
		{"0 9-17 * * *", "2026-08-01T09:00:00Z 2026-08-01T10:00:00Z"},
		{"* * * * *", "2026-08-01T00:01:00Z 2026-08-01T00:02:00Z"},
		/* 1.1: names. */
		{"@yearly", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z"},
		{"@annually", "2027-01-01T00:00:00Z"},
		{"@monthly", "2026-09-01T00:00:00Z 2026-10-01T00:00:00Z"},
		{"@weekly", "2026-08-02T00:00:00Z 2026-08-09T00:00:00Z"},
		{"@daily", "2026-08-02T00:00:00Z 2026-08-03T00:00:00Z"},
		{"@midnight", "2026-08-02T00:00:00Z"},
		{"@hourly", "2026-08-01T01:00:00Z 2026-08-01T02:00:00Z"},
		/* 1.2: seconds and years. */
		{"* * * * * *", "2026-08-01T00:00:31Z 2026-08-01T00:00:32Z"},
		{"0 15 10 * * * 2027", "2027-01-01T10:15:00Z 2027-01-02T10:15:00Z"},
		{"0 0 12 1 1 * 2029-2030", "2029-01-01T12:00:00Z 2030-01-01T12:00:00Z"},
		{"0 0 0 1 1 * */2", "2028-01-01T00:00:00Z 2030-01-01T00:00:00Z"},
		{"0 0 0 1 1 * 1971-2199/2", "2027-01-01T00:00:00Z 2029-01-01T00:00:00Z"},
		/* 1.3: L, # and W. */
		{"0 0 L * *", "2026-08-31T00:00:00Z 2026-09-30T00:00:00Z"},
		{"0 0 L 2 *", "2027-02-28T00:00:00Z 2028-02-29T00:00:00Z"},
		{"0 0 * * 5L", "2026-08-28T00:00:00Z 2026-09-25T00:00:00Z"},
		{"0 0 * * FRI#L", "2026-08-28T00:00:00Z 2026-09-25T00:00:00Z"},
		{"0 0 * * 2#3", "2026-08-18T00:00:00Z 2026-09-15T00:00:00Z"},
		{"0 0 * * MON#1", "2026-08-03T00:00:00Z 2026-09-07T00:00:00Z"},
		{"0 12 15W * *", "2026-08-14T12:00:00Z 2026-09-15T12:00:00Z 2026-10-15T12:00:00Z "
				 "2026-11-16T12:00:00Z"},
		{"0 12 1W * *", "2026-08-03T12:00:00Z 2026-09-01T12:00:00Z"},
		{"0 12 31W * *", "2026-08-31T12:00:00Z 2026-10-30T12:00:00Z 2026-12-31T12:00:00Z "
				 "2027-01-29T12:00:00Z"},
		{"0 12 LW * *", "2026-08-31T12:00:00Z 2026-09-30T12:00:00Z 2026-10-30T12:00:00Z"},
		/* 1.4: the AND of both days. */
		{"0 12 1 * +MON", "2027-02-01T12:00:00Z 2027-03-01T12:00:00Z 2027-11-01T12:00:00Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(rows[i].text, NULL, "2026-08-01T00:00:30Z", rows[i].slots);
}

static void a_short_month_follows_the_policy(void **state)
{
	const struct rule_options last = {.short_month = SHORT_MONTH_LAST_DAY};
	const struct rule_options next = {.short_month = SHORT_MONTH_NEXT_DAY};

	expect("0 9 31 * *", &last, "2026-02-01T00:00Z",
		"2026-02-28T09:00:00Z 2026-03-31T09:00:00Z");
	expect("0 9 31 * *", &next, "2026-02-01T00:00Z",
		"2026-03-01T09:00:00Z 2026-03-31T09:00:00Z");
	/* 2026-05-01 is a Friday, 2026-07-01 a Wednesday, 2026-12-01 a Tuesday. */
	expect("0 9 31 4-12 FRI#5", &next, "2026-04-01T00:00Z",
		"2026-05-01T09:00:00Z 2026-05-29T09:00:00Z 2026-05-31T09:00:00Z "
		"2026-07-01T09:00:00Z");
	expect("0 9 31 4-12 +WED", &next, "2026-04-01T00:00Z", "2026-07-01T09:00:00Z");
	expect("0 9 31 4-12 +TUE#1", &next, "2026-04-01T00:00Z",
		"2026-12-01T09:00:00Z 2029-05-01T09:00:00Z");
}

static void the_longest_expression_is_written_and_read(void **state)
{
	struct rule *rule, *again;
	char text[4096], *written;
	size_t used = 0;

	/* Every second value of all, spelled out, and all that L, W and # can add. */
	for (int n = 0; n < 60; n += 1 + n % 3)
		used += (size_t)sprintf(text + used, "%s%d", n ? "," : "", n);
	used += (size_t)sprintf(text + used, " ");
	for (int n = 0; n < 60; n += 1 + n % 3)
		used += (size_t)sprintf(text + used, "%s%d", n ? "," : "", n);
	used += (size_t)sprintf(text + used, " *,1 L");
	for (int n = 1; n <= 31; n++)
		used += (size_t)sprintf(text + used, ",%dW", n);
	for (int n = 1; n <= 31; n += 1 + n % 3)
		used += (size_t)sprintf(text + used, ",%d", n);
	used += (size_t)sprintf(text + used, " * 0L");
	for (int w = 0; w < 7; w++)
		for (int n = 1; n <= 5; n++)
			used += (size_t)sprintf(text + used, ",%d#%d,%dL", w, n, w);
	for (int n = 1970; n <= 2199; n += 1 + n % 3)
		used += (size_t)sprintf(text + used, "%s%d", n > 1970 ? "," : " ", n);
	rule = rule_taken(RULE_CRON, text, NULL);
	written = rule_write(rule);
	again = rule_taken(RULE_CRON, written, NULL);
	assert_true(rule_equal(rule, again));
	free(written);
	rule_unref(rule);
	rule_unref(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expression_is_written_in_one_form),
		cmocka_unit_test(what_is_no_expression_is_refused_at_its_column),
		cmocka_unit_test(days_of_the_month_or_of_the_week_are_warned_of),
		cmocka_unit_test(the_examples_of_the_specification_fire_when_it_says),
		cmocka_unit_test(a_short_month_follows_the_policy),
		cmocka_unit_test(the_longest_expression_is_written_and_read),
	};

	return cmocka_run_group_tests(tests, utc_open, utc_close);
}
