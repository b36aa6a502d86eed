/* Phrases: what each means, the one spelling it has, what it is counted from, and what is said to
 * whoever writes one that is not understood. */
#include "rule_help.h"

#include "base/str.h"

#include <errno.h>

/* The first local times of 2026 and later, as "01-05 09:00 ...", with the year when it changes. */
static void slots_write(
	const struct rule *rule, const struct workdays *workdays, size_t count, char *text)
{
	int64_t after = date_from_ymd(2026, 1, 1) * DAY_S - 1;
	int year = 2026;
	struct slot slot;

	text[0] = '\0';
	for (size_t i = 0; i < count && rule_next(rule, utc, workdays, after, &slot); i++) {
		struct civil c = civil_unpack(slot.local);

		text += sprintf(text, "%s", i ? " " : "");
		if (c.year != year)
			text += sprintf(text, "%d-", c.year);
		text += sprintf(text, "%02d-%02d %02d:%02d", c.month, c.day, c.hour, c.minute);
		if (c.second)
			text += sprintf(text, ":%02d", c.second);
		year = c.year;
		after = slot.utc;
	}
}

static void slots_expect(const char *phrase, const struct rule *rule,
	const struct workdays *workdays, const char *slots)
{
	char found[512];
	size_t count = 0;

	for (const char *c = slots; *c; c++)
		count += *c == ':' && c[3] != ':';
	slots_write(rule, workdays, count, found);
	if (strcmp(found, slots) != 0)
		fail_msg("%s\n found %s\nwanted %s", phrase, found, slots);
}

/* The canonical text is as given, and means the same. */
static void written_expect(const char *phrase, const struct rule *rule,
	const struct rule_options *options, const char *as)
{
	auto_free char *written = rule_write(rule), *again_written = NULL;
	struct rule *again;

	if (strcmp(written, as) != 0)
		fail_msg("%s\n written %s\n  wanted %s", phrase, written, as);
	again = rule_taken(RULE_WHEN, written, options);
	again_written = rule_write(again);
	assert_string_equal(again_written, written);
	if (!rule_equal(rule, again))
		fail_msg("%s is not the same as %s", phrase, written);
	rule_unref(again);
}

struct row {
	const char *phrase, *written, *slots; /* written NULL: as the phrase */
};

static void rows_check(const struct row *rows, size_t count, const struct rule_options *options)
{
	for (size_t i = 0; i < count; i++) {
		struct rule *rule = rule_taken(RULE_WHEN, rows[i].phrase, options);

		written_expect(rows[i].phrase, rule, options,
			rows[i].written ? rows[i].written : rows[i].phrase);
		slots_expect(rows[i].phrase, rule, NULL, rows[i].slots);
		rule_unref(rule);
	}
}

static void days_of_the_week_are_understood(void **state)
{
	static const struct row rows[] = {
		{"weekdays at 09:00", NULL, "01-01 09:00 01-02 09:00 01-05 09:00"},
		{"every weekday at 9:00", "weekdays at 09:00",
			"01-01 09:00 01-02 09:00 01-05 09:00"},
		{"Monday to Friday at 9:00", "weekdays at 09:00",
			"01-01 09:00 01-02 09:00 01-05 09:00"},
		{"weekends at 10:00", NULL, "01-03 10:00 01-04 10:00 01-10 10:00"},
		{"Sat and Sun at 10am", "weekends at 10:00", "01-03 10:00 01-04 10:00 01-10 10:00"},
		{"every day at 09:00", NULL, "01-01 09:00 01-02 09:00 01-03 09:00"},
		{"daily at 9:00", "every day at 09:00", "01-01 09:00"},
		{"each day, 9:00", "every day at 09:00", "01-01 09:00"},
		{"weekdays and weekends at 9:00", "every day at 09:00", "01-01 09:00"},
		{"every working day at 09:00", NULL, "01-01 09:00 01-02 09:00 01-05 09:00"},
		{"working days at 9:00", "every working day at 09:00", "01-01 09:00"},
		{"Business days at 9:00", "every working day at 09:00", "01-01 09:00"},
		{"workdays at 9:00", "every working day at 09:00", "01-01 09:00"},
		{"Mondays at 9:00", "every Monday at 09:00", "01-05 09:00 01-12 09:00"},
		{"on Monday at 9:00", "every Monday at 09:00", "01-05 09:00 01-12 09:00"},
		{"weekly on Mon at 9:00", "every Monday at 09:00", "01-05 09:00"},
		{"every week on Monday at 9:00", "every Monday at 09:00", "01-05 09:00"},
		{"every Monday, Wednesday and Friday at 09:00 and 13:30", NULL,
			"01-02 09:00 01-02 13:30 01-05 09:00 01-05 13:30 01-07 09:00"},
		{"FRI,wed,  and Mon at 13:30 , 9:00",
			"every Monday, Wednesday and Friday at 09:00 and 13:30",
			"01-02 09:00 01-02 13:30 01-05 09:00"},
		{"Tuesday to Thursday at 09:00", NULL, "01-01 09:00 01-06 09:00 01-07 09:00"},
		{"Tue-Thu 9:00", "Tuesday to Thursday at 09:00", "01-01 09:00 01-06 09:00"},
		{"Tue \xe2\x80\x93 Thurs 9:00", "Tuesday to Thursday at 09:00",
			"01-01 09:00 01-06 09:00"},
		{"Tues through Thur 9:00", "Tuesday to Thursday at 09:00",
			"01-01 09:00 01-06 09:00"},
		{"Saturday to Monday at 9:00", "every Monday, Saturday and Sunday at 09:00",
			"01-03 09:00 01-04 09:00 01-05 09:00 01-10 09:00"},
		{"Monday to Saturday at 09:00", NULL,
			"01-01 09:00 01-02 09:00 01-03 09:00 01-05 09:00"},
		{"every Monday and Tuesday at 09:00", NULL, "01-05 09:00 01-06 09:00 01-12 09:00"},
		{"weekdays and Saturday at 9:00", "Monday to Saturday at 09:00", "01-01 09:00"},
		{"every Monday in June and July at 09:00", NULL,
			"06-01 09:00 06-08 09:00 06-15 09:00"},
		{"Mondays at 9:00 in Jun, Jul", "every Monday in June and July at 09:00",
			"06-01 09:00"},
		{"at 9:00 on Mondays, in June to July", "every Monday in June and July at 09:00",
			"06-01 09:00"},
		{"weekdays in November to January at 9:00",
			"weekdays in January, November and December at 09:00", "01-01 09:00"},
		{"every day in February at 09:00", NULL, "02-01 09:00 02-02 09:00"},
	};

	rows_check(rows, ARRAY_LEN(rows), NULL);
}

static void times_of_the_day_are_understood(void **state)
{
	static const struct row rows[] = {
		{"daily at 9am", "every day at 09:00", "01-01 09:00"},
		{"daily at 9 AM", "every day at 09:00", "01-01 09:00"},
		{"daily at 9:30 pm", "every day at 21:30", "01-01 21:30"},
		{"daily at 9:30p.m.", "every day at 21:30", "01-01 21:30"},
		{"daily at 12am, 12pm", "every day at 00:00 and 12:00", "01-01 00:00 01-01 12:00"},
		{"daily at 12:15 am", "every day at 00:15", "01-01 00:15"},
		{"daily at noon", "every day at 12:00", "01-01 12:00"},
		{"daily at midnight and midday", "every day at 00:00 and 12:00", "01-01 00:00"},
		{"daily at 09:00:30", "every day at 09:00:30", "01-01 09:00:30"},
		{"daily at 0:00, 23:59:59", "every day at 00:00 and 23:59:59",
			"01-01 00:00 01-01 23:59:59"},
		{"daily at 17:00, 9:00, and 9:00", "every day at 09:00 and 17:00",
			"01-01 09:00 01-01 17:00"},
		{"at 9:00 daily", "every day at 09:00", "01-01 09:00"},
		{"9:00 and 17:00 every Monday", "every Monday at 09:00 and 17:00", "01-05 09:00"},
		{"at 9:00, every Monday", "every Monday at 09:00", "01-05 09:00"},
		{"at 9:00 on every Monday", "every Monday at 09:00", "01-05 09:00"},
		{"every 2 hours from 09:00 to 17:00", NULL,
			"01-01 09:00 01-01 11:00 01-01 13:00 01-01 15:00 01-01 17:00 01-02 09:00"},
		{"every 30 minutes between 9:00 and 12:00", "every 30 minutes from 09:00 to 12:00",
			"01-01 09:00 01-01 09:30 01-01 10:00"},
		{"every 30 mins from 9:00 until noon in May",
			"every day in May every 30 minutes from 09:00 to 12:00",
			"05-01 09:00 05-01 09:30"},
		{"every hour from 9:00 to 17:30", "every hour from 09:00 to 17:00",
			"01-01 09:00 01-01 10:00"},
		{"every two hours from 9am-5pm on weekdays",
			"weekdays every 2 hours from 09:00 to 17:00", "01-01 09:00 01-01 11:00"},
		{"weekdays, every minute from 9:00 to 9:02", "weekdays at 09:00, 09:01 and 09:02",
			"01-01 09:00 01-01 09:01 01-01 09:02 01-02 09:00"},
		{"daily at 9:00, 9:01, 9:02, 9:03", "every minute from 09:00 to 09:03",
			"01-01 09:00"},
		{"daily at 8:00, 9:30, 11:00, 12:30", "every 90 minutes from 08:00 to 12:30",
			"01-01 08:00"},
		{"daily at 9:00:00, 9:00:20, 9:00:40, 9:01",
			"every day at 09:00, 09:00:20, 09:00:40 and 09:01",
			"01-01 09:00 01-01 09:00:20"},
		{"every minute from 0:00 to 23:59", "every minute from 00:00 to 23:59",
			"01-01 00:00 01-01 00:01"},
		{"last day of the month every 2 hours from 09:00 to 15:00", NULL,
			"01-31 09:00 01-31 11:00 01-31 13:00 01-31 15:00 02-28 09:00"},
		{"every hour from 9:00 to 9:00", "every day at 09:00", "01-01 09:00"},
		{"every 48 hours from 9:00 to 17:00", "every day at 09:00", "01-01 09:00"},
	};

	rows_check(rows, ARRAY_LEN(rows), NULL);
}

static const struct row of_the_month[] = {
	{"1st and 15th of the month at 09:00", NULL, "01-01 09:00 01-15 09:00 02-01 09:00"},
	{"on the fifteenth, 1st of every month at 9:00", "1st and 15th of the month at 09:00",
		"01-01 09:00 01-15 09:00"},
	{"monthly on the 15th at 9:00", "15th of the month at 09:00", "01-15 09:00 02-15 09:00"},
	{"every month on the 15th of the month at 9:00", "15th of the month at 09:00",
		"01-15 09:00"},
	{"every 15th of the month at 9:00", "15th of the month at 09:00", "01-15 09:00"},
	{"on the 15th every month at 9:00", "15th of the month at 09:00", "01-15 09:00"},
	{"every second day of the month at 9:00", "2nd of the month at 09:00",
		"01-02 09:00 02-02 09:00"},
	{"31st of the month at 09:00", NULL, "01-31 09:00 03-31 09:00 05-31 09:00"},
	{"1st to 3rd of the month at 9:00", "1st, 2nd and 3rd of the month at 09:00",
		"01-01 09:00 01-02 09:00 01-03 09:00 02-01 09:00"},
	{"last day of the month at 16:00", NULL, "01-31 16:00 02-28 16:00 03-31 16:00"},
	{"2nd to last day of the month at 09:00", NULL, "01-30 09:00 02-27 09:00"},
	{"second-to-last day of the month at 9:00", "2nd to last day of the month at 09:00",
		"01-30 09:00"},
	{"2nd last day of the month at 9:00", "2nd to last day of the month at 09:00",
		"01-30 09:00"},
	{"31st to last day of the month at 09:00", NULL, "01-01 09:00 03-01 09:00"},
	{"1st, 2nd to last and last day of the month at 09:00", NULL,
		"01-01 09:00 01-30 09:00 01-31 09:00"},
	{"last day of February at 09:00", NULL, "02-28 09:00 2027-02-28 09:00 2028-02-29 09:00"},
	{"last of February at 9:00", "last day of February at 09:00", "02-28 09:00"},
	{"15th of the month at 9:00 in May", "every year on 15 May at 09:00", "05-15 09:00"},
	{"first Monday of the month at 09:00", NULL, "01-05 09:00 02-02 09:00 03-02 09:00"},
	{"1st Mon in the month at 9:00", "first Monday of the month at 09:00", "01-05 09:00"},
	{"every first Monday of the month at 9:00", "first Monday of the month at 09:00",
		"01-05 09:00"},
	{"every month on the first Monday at 9:00", "first Monday of the month at 09:00",
		"01-05 09:00"},
	{"second and fourth Tuesday of the month at 09:00", NULL,
		"01-13 09:00 01-27 09:00 02-10 09:00"},
	{"fifth Friday of the month at 09:00", NULL, "01-30 09:00 05-29 09:00"},
	{"last Friday of the month at 09:00", NULL, "01-30 09:00 02-27 09:00"},
	{"second to last Friday of the month at 09:00", NULL, "01-23 09:00 02-20 09:00"},
	{"third Friday of the month at 09:00", NULL, "01-16 09:00 02-20 09:00"},
	{"every third Friday of the month at 9:00", "third Friday of the month at 09:00",
		"01-16 09:00"},
	{"first Monday and Thursday of the month at 09:00", NULL,
		"01-01 09:00 01-05 09:00 02-02 09:00"},
	{"last Friday and first Monday of the month at 9:00",
		"first Monday and last Friday of the month at 09:00", "01-05 09:00 01-30 09:00"},
	{"first and last Monday and third Friday of the month at 09:00", NULL,
		"01-05 09:00 01-16 09:00 01-26 09:00"},
	{"first Monday of January, April and July at 09:00", NULL,
		"01-05 09:00 04-06 09:00 07-06 09:00"},
	{"first Monday in June at 9:00", "first Monday of June at 09:00", "06-01 09:00"},
	{"first working day of the month at 09:00", NULL, "01-01 09:00 02-02 09:00 03-02 09:00"},
	{"last working day of the month at 16:00 and 17:00",
		"last working day of the month at 16:00 and 17:00",
		"01-30 16:00 01-30 17:00 02-27 16:00"},
	{"third working day of the month at 09:00", NULL, "01-05 09:00 02-04 09:00"},
	{"2nd last working day of the month at 9:00",
		"second to last working day of the month at 09:00", "01-29 09:00 02-26 09:00"},
	{"last, 1st and 6th work day of the month at 9:00",
		"first, 6th and last working day of the month at 09:00",
		"01-01 09:00 01-08 09:00 01-30 09:00"},
	{"last working day of March at 09:00", NULL,
		"03-31 09:00 2027-03-31 09:00 2028-03-31 09:00"},
	{"last working day of the month in March at 9:00", "last working day of March at 09:00",
		"03-31 09:00"},
	{"first weekday of the month at 09:00", NULL, "01-01 09:00 02-02 09:00"},
};

static void days_of_the_month_are_understood(void **state)
{
	rows_check(of_the_month, ARRAY_LEN(of_the_month), NULL);
}

static void days_of_other_units_are_understood(void **state)
{
	static const struct row rows[] = {
		{"first Monday of the quarter at 10:00", NULL,
			"01-05 10:00 04-06 10:00 07-06 10:00 10-05 10:00"},
		{"quarterly on the first Monday at 10:00", "first Monday of the quarter at 10:00",
			"01-05 10:00"},
		{"every quarter on the first Monday at 10:00",
			"first Monday of the quarter at 10:00", "01-05 10:00"},
		{"first Monday every quarter at 10:00", "first Monday of the quarter at 10:00",
			"01-05 10:00"},
		{"last working day of the quarter at 10:00", NULL,
			"03-31 10:00 06-30 10:00 09-30 10:00 12-31 10:00"},
		{"first and last Friday of the quarter at 10:00", NULL,
			"01-02 10:00 03-27 10:00 04-03 10:00"},
		{"13th Thursday of the quarter at 10:00", NULL,
			"03-26 10:00 06-25 10:00 09-24 10:00"},
		{"14th Thursday of the quarter at 10:00", NULL, "12-31 10:00 2027-09-30 10:00"},
		{"last day of the quarter at 10:00", NULL, "03-31 10:00 06-30 10:00"},
		{"15th of the quarter at 10:00", "15th day of the quarter at 10:00",
			"01-15 10:00 04-15 10:00"},
		{"40th weekday of the quarter at 10:00", NULL, "02-25 10:00 05-26 10:00"},
		{"first working day of the week at 09:00", NULL, "01-05 09:00 01-12 09:00"},
		{"every week on the last working day at 9:00",
			"last working day of the week at 09:00", "01-02 09:00 01-09 09:00"},
		{"second weekday of the week at 09:00", NULL, "01-06 09:00 01-13 09:00"},
		{"first working day of the year at 09:00", NULL,
			"01-01 09:00 2027-01-01 09:00 2028-01-03 09:00"},
		{"last Friday of the year at 09:00", NULL, "12-25 09:00 2027-12-31 09:00"},
		{"yearly on the 100th day at 9:00", "100th day of the year at 09:00",
			"04-10 09:00 2027-04-10 09:00"},
		{"last day of the year at 09:00", NULL, "12-31 09:00 2027-12-31 09:00"},
		{"366th day of the year at 09:00", NULL, "2028-12-31 09:00 2032-12-31 09:00"},
		{"first to third Monday of the year at 9:00",
			"first, second and third Monday of the year at 09:00",
			"01-05 09:00 01-12 09:00 01-19 09:00 2027-01-04 09:00"},
	};

	rows_check(rows, ARRAY_LEN(rows), NULL);
}

static void dates_are_understood(void **state)
{
	static const struct row rows[] = {
		{"every year on 24 December at 18:00", NULL, "12-24 18:00 2027-12-24 18:00"},
		{"on 24 December at 18:00", "every year on 24 December at 18:00", "12-24 18:00"},
		{"on December 24 at 6pm", "every year on 24 December at 18:00", "12-24 18:00"},
		{"Dec 24th, 18:00", "every year on 24 December at 18:00", "12-24 18:00"},
		{"the 24th of December at 18:00", "every year on 24 December at 18:00",
			"12-24 18:00"},
		{"yearly on the 24th of December at 18:00", "every year on 24 December at 18:00",
			"12-24 18:00"},
		{"annually on December 24 at 18:00", "every year on 24 December at 18:00",
			"12-24 18:00"},
		{"every 24 December at 18:00", "every year on 24 December at 18:00", "12-24 18:00"},
		{"every December 24 at 18:00", "every year on 24 December at 18:00", "12-24 18:00"},
		{"24 December every year at 18:00", "every year on 24 December at 18:00",
			"12-24 18:00"},
		{"every 24, 31 December at 18:00", "every year on 24 and 31 December at 18:00",
			"12-24 18:00 12-31 18:00"},
		{"24th and 31st December every year at 18:00",
			"every year on 24 and 31 December at 18:00", "12-24 18:00 12-31 18:00"},
		{"every year on 29 February at 09:00", NULL, "2028-02-29 09:00 2032-02-29 09:00"},
		{"on 31 and 24 December at 18:00", "every year on 24 and 31 December at 18:00",
			"12-24 18:00 12-31 18:00"},
		{"December 24, 31 and December 26 at 18:00",
			"every year on 24, 26 and 31 December at 18:00", "12-24 18:00 12-26 18:00"},
		{"1st and 15th of January, April and July at 09:00", NULL,
			"01-01 09:00 01-15 09:00 04-01 09:00"},
		{"1 January, 1 April and July 1 at 9:00", "1st of January, April and July at 09:00",
			"01-01 09:00 04-01 09:00 07-01 09:00"},
		{"1 January to April at 9:00", "1st of January, February, March and April at 09:00",
			"01-01 09:00 02-01 09:00"},
		{"on 24 December 2026 at 18:00", NULL, "12-24 18:00"},
		{"December 24th, 2026 at 18:00 and 19:00", "on 24 December 2026 at 18:00 and 19:00",
			"12-24 18:00 12-24 19:00"},
		{"24th of December 2026 at 18:00", "on 24 December 2026 at 18:00", "12-24 18:00"},
		{"6 January 2027, 24 December 2026 and 24 December 2026 at noon",
			"on 24 December 2026 and 6 January 2027 at 12:00",
			"12-24 12:00 2027-01-06 12:00"},
		{"on 29 February 2028 at 09:00", NULL, "2028-02-29 09:00"},
	};

	rows_check(rows, ARRAY_LEN(rows), NULL);
}

static const struct row repeats[] = {
	{"every second Tuesday at 09:00 and 13:30", NULL, "01-06 09:00 01-06 13:30 01-20 09:00"},
	{"every other Tuesday at 9:00", "every second Tuesday at 09:00", "01-06 09:00 01-20 09:00"},
	{"every other week on Tuesday at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"every 2 weeks on Tuesday at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"every 2nd week on Tuesday at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"fortnightly on Tuesdays at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"every fortnight on Tuesday at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"Tuesdays every 2 weeks at 9:00", "every second Tuesday at 09:00",
		"01-06 09:00 01-20 09:00"},
	{"every third Friday at 9:00", "every 3 weeks on Friday at 09:00",
		"01-09 09:00 01-30 09:00"},
	{"every 2 weeks on Monday and Thursday at 09:00", NULL,
		"01-05 09:00 01-08 09:00 01-19 09:00"},
	{"every other Mon and Thu at 9:00", "every 2 weeks on Monday and Thursday at 09:00",
		"01-05 09:00"},
	{"every 2 weeks on weekdays at 09:00", NULL, "01-05 09:00 01-06 09:00 01-07 09:00"},
	{"every 3 weeks on Monday to Sunday at 09:00", NULL, "01-05 09:00 01-06 09:00"},
	{"every 4 weeks on the first working day at 09:00", NULL, "01-19 09:00 02-16 09:00"},
	{"every 2 fortnights on Monday at 9:00", "every 4 weeks on Monday at 09:00",
		"01-19 09:00 02-16 09:00"},
	{"every 2 days at 09:00", NULL, "01-01 09:00 01-03 09:00 01-05 09:00"},
	{"every other day at 9:00", "every 2 days at 09:00", "01-01 09:00 01-03 09:00"},
	{"every second day at 9:00", "every 2 days at 09:00", "01-01 09:00 01-03 09:00"},
	{"every three days at 8:00", "every 3 days at 08:00", "01-02 08:00 01-05 08:00"},
	{"every 2 days every 2 hours from 09:00 to 15:00", NULL, "01-01 09:00 01-01 11:00"},
	{"every 3 days in May at 08:00", NULL, "05-02 08:00 05-05 08:00"},
	{"every 2 months on the 15th at 09:00", NULL, "01-15 09:00 03-15 09:00"},
	{"every other month on the 1st and last day at 9:00",
		"every 2 months on the 1st and last day at 09:00",
		"01-01 09:00 01-31 09:00 03-01 09:00"},
	{"15th of every second month at 9:00", "every 2 months on the 15th at 09:00",
		"01-15 09:00 03-15 09:00"},
	{"every 6 months on the first Monday at 09:00", NULL, "01-05 09:00 07-06 09:00"},
	{"every 5 months on the last working day at 09:00", NULL, "04-30 09:00 09-30 09:00"},
	{"every 2 years on 24 December at 18:00", NULL, "12-24 18:00 2028-12-24 18:00"},
	{"every second year on the last Friday of March at 9:00",
		"every 2 years on the last Friday of March at 09:00",
		"03-27 09:00 2028-03-31 09:00"},
	{"every 2 years on the 1st of January and July at 09:00", NULL,
		"01-01 09:00 07-01 09:00 2028-01-01 09:00"},
	{"every 2 years on the last working day of March at 09:00", NULL,
		"03-31 09:00 2028-03-31 09:00"},
	{"every 2 years on the first working day at 09:00", NULL, "01-01 09:00 2028-01-03 09:00"},
	{"last day of every 3rd year at 9:00", "every 3 years on the last day at 09:00",
		"2027-12-31 09:00 2030-12-31 09:00"},
};

static void repeats_without_start_count_from_1970(void **state)
{
	rows_check(repeats, ARRAY_LEN(repeats), NULL);
	for (size_t i = 0; i < ARRAY_LEN(repeats); i++) {
		struct rule *rule = rule_taken(RULE_WHEN, repeats[i].phrase, NULL);

		if (!rule_warning(rule) || !strstr(rule_warning(rule), " January 1970: give start"))
			fail_msg("%s says nothing of 1970", repeats[i].phrase);
		rule_unref(rule);
	}
}

static void repeats_count_from_the_first_match_at_or_after_start(void **state)
{
	static const struct {
		const char *start, *phrase, *slots;
	} rows[] = {
		{"2026-01-07", "every second Tuesday at 09:00", "01-13 09:00 01-27 09:00"},
		{"2026-01-06", "every second Tuesday at 09:00", "01-06 09:00 01-20 09:00"},
		{"2026-01-06T09:00", "every second Tuesday at 09:00", "01-06 09:00 01-20 09:00"},
		{"2026-01-06T09:01", "every second Tuesday at 09:00", "01-13 09:00 01-27 09:00"},
		{"2026-01-06T09:01", "every second Tuesday at 09:00 and 13:30",
			"01-06 13:30 01-20 09:00"},
		{"2026-01-08", "every 2 weeks on Monday and Thursday at 09:00",
			"01-08 09:00 01-19 09:00 01-22 09:00"},
		{"2026-01-09", "every 2 weeks on Monday and Thursday at 09:00",
			"01-12 09:00 01-15 09:00 01-26 09:00"},
		{"2026-01-06T10:00", "every 3 days at 08:00", "01-07 08:00 01-10 08:00"},
		{"2026-01-06", "every 3 days at 08:00", "01-06 08:00 01-09 08:00"},
		{"2026-02-16", "every 2 months on the 15th at 09:00", "03-15 09:00 05-15 09:00"},
		{"2026-02-15", "every 2 months on the 15th at 09:00", "02-15 09:00 04-15 09:00"},
		{"2026-02-03", "every 6 months on the first Monday at 09:00",
			"03-02 09:00 09-07 09:00"},
		{"2027-01-01", "every 2 years on 24 December at 18:00",
			"2027-12-24 18:00 2029-12-24 18:00"},
		{"2026-05-30", "every 3 days in June at 08:00", "06-01 08:00 06-04 08:00"},
		{"2026-02-10", "every 2 months on the 31st at 09:00",
			"03-31 09:00 05-31 09:00 07-31 09:00 2027-01-31 09:00"},
		/* It begins there, and counts nothing. */
		{"2026-02-10", "every Tuesday at 09:00", "02-10 09:00 02-17 09:00"},
		{"2026-02-10T09:00Z", "weekdays at 09:00", "02-10 09:00 02-11 09:00"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct rule_options options = {.start = rows[i].start};
		struct rule *rule = rule_taken(RULE_WHEN, rows[i].phrase, &options);

		written_expect(rows[i].phrase, rule, &options, rows[i].phrase);
		slots_expect(rows[i].phrase, rule, NULL, rows[i].slots);
		assert_null(rule_warning(rule));
		rule_unref(rule);
	}
}

static void what_reads_two_ways_is_warned_of(void **state)
{
	static const struct {
		const char *phrase, *start, *says;
	} rows[] = {
		{"weekdays at 9:00", NULL, NULL},
		{"every Friday at 9:00", NULL, NULL},
		{"third Friday of the month at 9:00", NULL, NULL},
		{"every second Friday at 9:00", NULL, "Monday 5 January 1970"},
		{"every second Friday at 9:00", "2026-01-01", NULL},
		{"every third Friday at 9:00", NULL,
			"1970: give start to choose; for one a month say"},
		{"every third Friday at 9:00", "2026-01-01",
			"for one a month say \"of the month\""},
		{"every 3 weeks on Friday at 9:00", "2026-01-01", NULL},
		{"every 2 months on the 1st at 9:00", NULL, "January 1970"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct rule_options options = {.start = rows[i].start};
		struct rule *rule = rule_taken(RULE_WHEN, rows[i].phrase, &options);
		const char *warning = rule_warning(rule);

		if (!warning != !rows[i].says || (warning && !strstr(warning, rows[i].says)))
			fail_msg("%s: %s", rows[i].phrase, warning);
		rule_unref(rule);
	}
}

static void short_months_follow_the_policy(void **state)
{
	static const struct {
		enum short_month short_month;
		const char *start, *phrase, *slots;
	} rows[] = {
		{SHORT_MONTH_OMIT, NULL, "31st of the month at 09:00", "01-31 09:00 03-31 09:00"},
		{SHORT_MONTH_LAST_DAY, NULL, "31st of the month at 09:00",
			"01-31 09:00 02-28 09:00 03-31 09:00"},
		{SHORT_MONTH_NEXT_DAY, NULL, "31st of the month at 09:00",
			"01-31 09:00 03-01 09:00 03-31 09:00"},
		{SHORT_MONTH_LAST_DAY, NULL, "every year on 29 February at 09:00",
			"02-28 09:00 2027-02-28 09:00 2028-02-29 09:00"},
		{SHORT_MONTH_NEXT_DAY, NULL, "every year on 29 February at 09:00",
			"03-01 09:00 2027-03-01 09:00 2028-02-29 09:00"},
		/* The 1st of March is February's: February counts, March does not. */
		{SHORT_MONTH_NEXT_DAY, "2026-02-10", "every 2 months on the 31st at 09:00",
			"03-01 09:00 05-01 09:00 07-01 09:00 08-31 09:00"},
		{SHORT_MONTH_NEXT_DAY, "2026-02-10", "every 2 months on the 1st and 31st at 09:00",
			"03-01 09:00 03-31 09:00 05-01 09:00"},
		{SHORT_MONTH_NEXT_DAY, NULL, "last day of the month at 09:00",
			"01-31 09:00 02-28 09:00"},
		{SHORT_MONTH_NEXT_DAY, NULL, "last working day of the month at 09:00",
			"01-30 09:00 02-27 09:00"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct rule_options options = {
			.start = rows[i].start, .short_month = rows[i].short_month};
		struct rule *rule = rule_taken(RULE_WHEN, rows[i].phrase, &options);

		slots_expect(rows[i].phrase, rule, NULL, rows[i].slots);
		rule_unref(rule);
	}
}

static void working_days_are_those_of_the_place(void **state)
{
	static const struct row rows[] = {
		{"every working day at 09:00", NULL,
			"01-04 09:00 01-05 09:00 01-06 09:00 01-08 09:00"},
		{"weekdays at 09:00", NULL, "01-01 09:00 01-02 09:00 01-05 09:00"},
		{"first working day of the month at 09:00", NULL,
			"01-04 09:00 02-01 09:00 03-01 09:00"},
		{"last working day of the month at 09:00 and 10:00", NULL,
			"01-28 09:00 01-28 10:00 02-26 09:00 02-26 10:00"},
		{"fourth working day of the month at 09:00", NULL, "01-08 09:00 02-04 09:00"},
		{"first working day of the week at 09:00", NULL,
			"01-05 09:00 01-12 09:00 01-19 09:00"},
		{"last working day of the week at 09:00", NULL, "01-04 09:00 01-11 09:00"},
		{"first working day of the quarter at 09:00", NULL, "01-04 09:00 04-01 09:00"},
		{"first working day of the year at 09:00", NULL, "01-04 09:00 2027-01-03 09:00"},
	};
	/* Sunday to Thursday, though weeks begin on Monday; three days of January are off. */
	struct workdays *workdays = workdays_new(0x4f);

	workdays_add_off(workdays, date_from_ymd(2026, 1, 1));
	workdays_add_off(workdays, date_from_ymd(2026, 1, 7));
	workdays_add_off(workdays, date_from_ymd(2026, 1, 29));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rule *rule = rule_taken(RULE_WHEN, rows[i].phrase, NULL);

		slots_expect(rows[i].phrase, rule, workdays, rows[i].slots);
		rule_unref(rule);
	}
	workdays_free(workdays);
}

static const struct {
	const char *text;
	int column;
	const char *says;
} refusals[] = {
	{"", 0, "empty: write a phrase such as \"weekdays at 9:00\""},
	{"   ", 0, "empty"},
	{"every mnth on Monday at 9:00", 7,
		"\"mnth\" is not understood here, perhaps month; one of: hours, minutes, "
		"day, "
		"week, month, quarter, year, weekdays"},
	{"every 3 mnths", 9, "perhaps months; one of: hours, minutes, day, week, month, year"},
	{"x", 1, "one of: every, daily, weekdays, weekends, working day, last, on, at, "},
	{"Mondays in Jly at 9:00", 12, "perhaps july; it must be: a month such as June"},
	{"every 3", 8, "the phrase ends too soon; one of: hours, minutes, day, week"},
	{"working at 9:00", 9, "it must be: day"},
	{"Monday to 9:00", 11, "it must be: a weekday"},
	{"June to 9:00", 6, "one of: a number, first or 15th"},
	{"last day of June to 9:00", 21, "it must be: a month such as June"},
	{"\x01 at 9:00", 1, "\"?\" is not understood"},
	{"w\xc3\xb6rktag at 9:00", 1, "\"w\xc3\xb6rktag\" is not understood here"},
	{"wwwwwwwwwwwwwwwwwwwwwwww\xc3\xb6rktag at 9:00", 1, "\"wwwwwwwwwwwwwwwwwwwwwwww...\" is"},
	{"weekdays at 9:00.", 17, "\".\" is not understood here"},
	/* times */
	{"every Monday", 13, "no time of day is given: end with one such as \"at 9:00\""},
	{"every Monday,", 14, "no time of day is given"},
	{"Mondays at 9", 12, "\"9\" may be morning or evening: write 9:00, 9am or 9pm"},
	{"Mondays at 13", 12, "it must be: a time such as 9:00"},
	{"Mondays at", 11, "the phrase ends too soon; it must be: a time such as 9:00"},
	{"Mondays at 24:00", 12, "\"24:00\": there is no such time: write 9:00"},
	{"Mondays at 9:60", 12, "there is no such time"},
	{"Mondays at 9:5", 12, "there is no such time"},
	{"Mondays at 9:000", 12, "there is no such time"},
	{"Mondays at 9:00:60", 12, "\"9:00:60\": there is no such time"},
	{"Mondays at 0:30am", 12, "\"0:30am\": there is no such time"},
	{"Mondays at 13 pm", 12, "\"13 pm\": there is no such time"},
	{"Mondays at 9.30", 12, "\"9.30\": write times as 9:30"},
	{"on 24/12 at 9:00", 4, "\"24/12\": write times as 9:30, and dates as 24 December"},
	{"on 2026-12-24 at 9:00", 4, "dates as 24 December 2026"},
	{"Mondays at 9:00 and Tuesdays at 10:00", 17, "a schedule of their own"},
	{"Mondays at 9:00 and on Tuesdays at 10:00", 17, "a schedule of their own"},
	{"Mondays at 9:00 and soon", 21, "\"soon\" is not understood here, perhaps noon; one of: "},
	{"9:00", 5, "the phrase ends too soon; one of: every, daily, weekdays"},
	{"9:00 at noon on Mondays", 6, "one of: every, daily"},
	{"weekdays from 9:00 to 17:00", 10, "say how often here: \"every hour from 9:00"},
	{"weekdays between 9:00 and 17:00", 10, "say how often here"},
	{"every 2 hours", 14, "one of: from, between"},
	{"every 2 hours from 9:00", 24, "it must be: to"},
	{"every 2 hours from 17:00 to 9:00", 29, "ends before it begins"},
	{"every 0 hours from 9:00 to 17:00", 7, "every 0 of a unit never advances"},
	{"weekdays every 0 minutes from 9:00 to 17:00", 16, "never advances"},
	{"weekdays every 2 days from 9:00 to 17:00", 18, "one of: hours, minutes"},
	{"every 2 hours from 9:00 to 17:00 every 2 hours from 9:00 to 17:00", 42,
		"one of: day, week"},
	{"every morning at 9", 7, "\"morning\": give a time of day"},
	/* days that are not said in full */
	{"first Monday at 9:00", 14, "say of what here: \"of the month\""},
	{"on the 15th, 9:00", 12, "say of what here"},
	{"last day", 9, "say of what here"},
	{"first Monday before noon", 14, "one of: of, in, and"},
	{"every week at 9:00", 12, "say on which day here: \"on Monday\""},
	{"every 2 months at 9:00", 16, "say on which day here: \"on the 15th\""},
	{"quarterly, 9:00", 10, "say on which day here: \"on the first Monday\""},
	{"every year at 9:00", 12, "say on which day here: \"on 24 December\""},
	{"every year on the 15th at 9:00", 24, "one of: day, weekdays, working day, last, of"},
	{"every quarter on the 15th at 9:00", 27, "one of: day, weekdays, working day"},
	{"every month on Monday at 9:00", 16, "one of: last, first or 15th"},
	{"every week on 15 May at 9:00", 15, "one of: weekdays, weekends, last"},
	{"every first Monday at 9:00", 20, "say of what here"},
	{"every second working day at 9:00", 26, "say of what here"},
	{"every other weekday at 9:00", 13, "one of: hours, minutes, day, week"},
	/* what cannot be chosen together, or at all */
	{"first day of the week at 9:00", 1, "a day of the week has a name"},
	{"first Monday of the week at 9:00", 1, "a day of the week has a name"},
	{"6th Monday of the month at 9:00", 1, "a month has at most 5 of these, not 6"},
	{"8th to last working day of the week at 9:00", 1, "a week has at most 7"},
	{"93rd day of the quarter at 9:00", 1, "a quarter has at most 92"},
	{"367th day of the year at 9:00", 1, "a year has at most 366"},
	{"32nd of the month at 9:00", 1, "a month has at most 31"},
	{"24th and 31 December at 9:00", 10, "one of: last, first or 15th"},
	{"24 and 31st December at 9:00", 8, "one of: a number, a month such as June"},
	{"32nd of May at 9:00", 1, "a month has no such day"},
	{"on 32 May at 9:00", 4, "a month has no such day"},
	{"on 0 May at 9:00", 4, "a month has no such day"},
	{"on 30 February at 9:00", 4, "there is no such date"},
	{"on the 31st of June at 9:00", 8, "there is no such date"},
	{"on 29 February 2027 at 9:00", 4, "there is no such date"},
	{"on 24 December 2200 at 9:00", 16, "the year must be 1970 to 2199"},
	{"on 24 December 1969 at 9:00", 16, "the year must be 1970 to 2199"},
	{"31st of April and June at 9:00", 0, "never fires"},
	{"11st of the month at 9:00", 1, "\"11st\": write it as 1st"},
	{"0th of the month at 9:00", 1, "write it as 1st"},
	{"3rd to 3rd of the month at 9:00", 8, "the range must rise"},
	{"5th to 3rd of the month at 9:00", 8, "the range must rise"},
	{"last day and first Monday of the month at 9:00", 1, "days chosen in two ways"},
	{"first Monday and last Friday of the quarter at 9:00", 1, "days chosen in two ways"},
	{"first Monday and Friday of the quarter at 9:00", 1, "one weekday at a time"},
	{"24 December and 6 January at 9:00", 17, "different days of different months"},
	{"24 December 2026 and 31 December at 9:00", 22, "give all of the dates a year, or none"},
	{"every year on 24 December 2026 at 9:00", 15, "leave out the year"},
	{"24 December 2026 every year at 9:00", 24, "one of: hours, minutes"},
	{"every 2 months on the first Monday of the quarter at 9:00", 43, "one unit at a time"},
	{"every 2 months on the first Monday of June at 9:00", 39, "one unit at a time"},
	{"every 2 weeks on the first working day of every 2 weeks at 9:00", 43,
		"one unit at a time"},
	{"every 2 years on the last working day of March and May at 9:00", 42,
		"one month at a time"},
	{"Tuesdays every 2 months at 9:00", 10, "weekdays repeat by weeks"},
	{"24 December every week at 9:00", 13, "dates repeat by years"},
	{"first Monday of every 2 months in June at 9:00", 32, "one of: every, at"},
	{"first Monday of the quarter in June at 9:00", 29, "one of: every, at"},
	{"Mondays in June at 9:00 in July", 25, "is not understood here"},
	/* numbers */
	{"every 0 days at 9:00", 7, "never advances"},
	{"every 0 weeks on Monday at 9:00", 7, "never advances"},
	{"every 600 fortnights on Monday at 9:00", 7, "longer than 999"},
	{"first Monday of every 0 months at 9:00", 17, "never advances"},
	{"every 1000 days at 9:00", 7, "\"1000\" is not understood here"},
	{"every 99999 days at 9:00", 7, "\"99999\": no number here is that large"},
	/* what people say */
	{"biweekly on Monday at 9:00", 1, "say \"every 2\" and the unit"},
	{"twice a week at 9:00", 1, "name the days"},
	{"tomorrow at 9:00", 1, "\"on 24 December 2026\""},
	{"end of month at 9:00", 1, "say \"last day of the month\""},
	{"hourly", 1, "say \"every hour from 9:00 to 17:00\""},
	{"Mondays except holidays at 9:00", 9, "the key \"except\""},
	{"Mondays or Fridays at 9:00", 9, "say \"and\""},
	{"Mondays at 9:00 starting 1 June", 17, "\"start\" and \"until\""},
	{"Mondays at 9:00 until June", 17, "\"until\": the first and the last date belong to"},
	{"beginning of the month at 9:00", 1, "say \"first day of the month\""},
	{"every holiday at 9:00", 7, "the key \"shift\""},
};

static void what_is_not_understood_is_refused_at_its_column(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct rule_error error = {.column = -1};
		struct rule *rule = NULL;

		if (rule_parse(RULE_WHEN, refusals[i].text, NULL, &rule, &error) != -EINVAL)
			fail_msg("%s is taken", refusals[i].text);
		if (error.column != refusals[i].column || !strstr(error.message, refusals[i].says))
			fail_msg(
				"%s: column %d: %s", refusals[i].text, error.column, error.message);
		assert_null(rule);
	}
}

static void what_is_too_much_is_refused(void **state)
{
	char text[4096];
	struct rule_error error;
	struct rule *rule;
	size_t used;

	used = (size_t)sprintf(text, "daily at 0:00");
	for (int minute = 1; minute <= 96; minute++)
		used += (size_t)sprintf(text + used, ",%d:%02d:07", minute / 60, minute % 60);
	assert_int_equal(rule_parse(RULE_WHEN, text, NULL, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many times"));
	used = (size_t)sprintf(text, "1 May 2026");
	for (int year = 2027; year <= 2066; year++)
		used += (size_t)sprintf(text + used, ", 1 May %d", year);
	sprintf(text + used, " at 9:00");
	assert_int_equal(rule_parse(RULE_WHEN, text, NULL, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many dates"));
	used = (size_t)sprintf(text, "last");
	for (int i = 0; i < 64; i++)
		used += (size_t)sprintf(text + used, ", last");
	assert_int_equal(rule_parse(RULE_WHEN, text, NULL, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many numbers"));
	used = 0;
	for (int i = 0; i < 9; i++)
		used += (size_t)sprintf(text + used, "%slast Friday", i ? ", " : "");
	assert_int_equal(rule_parse(RULE_WHEN, text, NULL, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many days"));
}

static void a_repeat_is_anchored_in_local_time(void **state)
{
	const struct rule_options utc_start = {.start = "2026-01-06T09:00Z"};
	const struct rule_options late = {.start = "2199-12-31T23:00"};
	struct rule_error error;
	struct rule *rule = NULL;

	assert_int_equal(
		rule_parse(RULE_WHEN, "every 2 days at 9:00", &utc_start, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "leave the offset out"));
	assert_int_equal(
		rule_parse(RULE_WHEN, "every 2 days at 9:00", &late, &rule, &error), -EINVAL);
	assert_non_null(strstr(error.message, "never fires"));
	assert_null(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_of_the_week_are_understood),
		cmocka_unit_test(times_of_the_day_are_understood),
		cmocka_unit_test(days_of_the_month_are_understood),
		cmocka_unit_test(days_of_other_units_are_understood),
		cmocka_unit_test(dates_are_understood),
		cmocka_unit_test(repeats_without_start_count_from_1970),
		cmocka_unit_test(repeats_count_from_the_first_match_at_or_after_start),
		cmocka_unit_test(what_reads_two_ways_is_warned_of),
		cmocka_unit_test(short_months_follow_the_policy),
		cmocka_unit_test(working_days_are_those_of_the_place),
		cmocka_unit_test(what_is_not_understood_is_refused_at_its_column),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test(a_repeat_is_anchored_in_local_time),
	};

	return cmocka_run_group_tests(tests, utc_open, utc_close);
}
