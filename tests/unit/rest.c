/* Days of rest: holidays, shift, absence by calendar, times that the clock leaves out. Tables of
 * weeks, decided. June 2026: the 1st is a Monday. */
#include "model_help.h"

#include "engine/resolver.h"

enum { LINES_MAX = 4096 };

static char folder[] = "/tmp/nudged-rest-XXXXXX";

static const char HOLIDAYS[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
			       "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260604\r\n"
			       "SUMMARY:Corpus Christi\r\nEND:VEVENT\r\n"
			       "BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260610T120000\r\n"
			       "DTEND:20260610T150000\r\nSUMMARY:Moving house\r\nEND:VEVENT\r\n"
			       "BEGIN:VEVENT\r\nUID:3\r\nDTSTART;VALUE=DATE:20260615\r\n"
			       "DTEND;VALUE=DATE:20260618\r\nSUMMARY:Retreat\r\nEND:VEVENT\r\n"
			       "BEGIN:VEVENT\r\nUID:4\r\nDTSTART:20260623T230000\r\n"
			       "DTEND:20260624T003000\r\nSUMMARY:Fireworks\r\nEND:VEVENT\r\n"
			       "BEGIN:VEVENT\r\nUID:5\r\nDTSTART:20261025T004500Z\r\n"
			       "DTEND:20261025T014410Z\r\nSUMMARY:Clocks\r\nEND:VEVENT\r\n"
			       "END:VCALENDAR\r\n";

static const char ABSENCE[] =
	"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260608\r\nSUMMARY:Leave\r\nEND:VEVENT\r\n"
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260609T090000\r\nDTEND:20260609T093030\r\n"
	"SUMMARY:Dentist\r\nEND:VEVENT\r\n"
	"BEGIN:VEVENT\r\nUID:3\r\nDTSTART:20260609T093000\r\nDTEND:20260609T100000\r\n"
	"SUMMARY:Chemist\r\nEND:VEVENT\r\n"
	"BEGIN:VEVENT\r\nUID:4\r\nDTSTART:20260611T080000\r\nDTEND:20260611T170000\r\n"
	"SUMMARY:Course\r\nEND:VEVENT\r\n"
	"BEGIN:VEVENT\r\nUID:5\r\nDTSTART:20260612T103000\r\nDTEND:20260612T110030\r\n"
	"SUMMARY:Bank\r\nEND:VEVENT\r\n"
	"BEGIN:VEVENT\r\nUID:6\r\nDTSTART:20260607T220000\r\nDTEND:20260608T003000\r\n"
	"SUMMARY:Night train\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static void write_file(const char *name, const char *text)
{
	auto_free char *path = str_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

/* "04 09:00 skipped(holiday)", ...: the day and time it goes, in order. */
static bool add_line(void *owner, const struct planned *planned)
{
	char local[CIVIL_TEXT], *text = owner, *end = text + strlen(text);

	local_write(zone_to_local(planned->place->zone, planned->send_at / 1000, NULL), local);
	snprintf(end, LINES_MAX - (size_t)(end - text), "%s%.2s %.5s %s%s%s%s", text[0] ? ", " : "",
		local + 8, local + 11, decision_names[planned->decision],
		planned->rule == BY_SCHEDULE ? "" : "(",
		planned->rule == BY_SCHEDULE ? "" : rule_id_names[planned->rule],
		planned->rule == BY_SCHEDULE ? "" : ")");
	return true;
}

static struct model *model_with(const char *place, const char *person, const char *reminder)
{
	auto_free char *places =
		str_printf("{ id = \"p\"; holidays = [ \"%s/holidays.ics\" ]; %s }", folder, place);
	auto_free char *people =
		str_printf("{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; %s }", person);
	auto_free char *reminders = str_printf("{ id = \"r\"; kind = \"note\"; text = \"x\"; "
					       "to = [ \"ana\" ]; %s }",
		reminder);

	return model_of("daily_limit = 0;", places, people, reminders);
}

static void preview(struct model *model, int from, int to, char text[static LINES_MAX])
{
	struct preview_query query = {.skipped = true, .person = model_person(model, "ana")};

	query.from = date_from_ymd(2026, 6, from);
	query.to = date_from_ymd(2026, 6, to);
	text[0] = 0;
	resolver_preview(model, NULL, &query, add_line, text);
}

#define HOURS "hours = \"Mon..Fri 08:00-18:00\";"

static const struct {
	const char *place, *reminder;
	int from, to;
	const char *said;
} WEEKS[] = {
	/* Without shift a holiday leaves it out, and a weekend is a matter of hours. */
	{"", "calendar = \"09:00\";", 3, 7,
		"03 09:00 send, 04 09:00 skipped(holiday), 05 09:00 send, 06 09:00 send, 07 09:00 "
		"send"},
	{HOURS, "calendar = \"09:00\";", 3, 7,
		"03 09:00 send, 04 09:00 skipped(holiday), 05 09:00 send, 06 09:00 skipped(hours), "
		"07 09:00 skipped(hours)"},
	{HOURS, "calendar = \"Sun 09:00\"; grace = \"1d\";", 7, 8, "08 08:00 shifted(hours)"},
	/* What hours push into a holiday goes on to the day after, within its grace. */
	{HOURS, "calendar = \"*-*-03 20:00\"; grace = \"2d\";", 3, 5, "05 08:00 shifted(hours)"},
	{HOURS, "calendar = \"*-*-03 20:00\"; grace = \"12h\";", 3, 5, "03 20:00 skipped(hours)"},
	/* none: as on any other day. anywhere: the same, unless shift is given. */
	{HOURS, "calendar = \"*-*-04 09:00\"; shift = \"none\";", 4, 4, "04 09:00 send"},
	{HOURS, "calendar = \"*-*-04 20:00\"; anywhere = true;", 4, 4, "04 20:00 send"},
	{HOURS, "calendar = \"*-*-04 20:00\"; anywhere = true; shift = \"after\";", 4, 5,
		"05 20:00 shifted(holiday)"},
	/* skip: also the weekend, with hours and without. */
	{HOURS, "calendar = \"09:00\"; shift = \"skip\";", 4, 6,
		"04 09:00 skipped(holiday), 05 09:00 send, 06 09:00 skipped(day-off)"},
	{"", "calendar = \"*-*-06 09:00\"; shift = \"skip\";", 6, 6, "06 09:00 skipped(day-off)"},
	{"hours = \"Tue..Sat 08:00-18:00\";", "calendar = \"Sat,Mon 09:00\"; shift = \"skip\";", 6,
		8, "06 09:00 send, 08 09:00 skipped(day-off)"},
	/* after and before: the nearest working day, same time; the hours of that day hold. */
	{HOURS, "calendar = \"*-*-04 09:00\"; shift = \"after\";", 4, 6,
		"05 09:00 shifted(holiday)"},
	{HOURS, "calendar = \"*-*-04 09:00\"; shift = \"before\";", 1, 6,
		"03 09:00 shifted(holiday)"},
	{HOURS, "calendar = \"*-*-07 09:00\"; shift = \"after\";", 5, 8,
		"08 09:00 shifted(day-off)"},
	{HOURS, "calendar = \"*-*-07 09:00\"; shift = \"before\";", 5, 8,
		"05 09:00 shifted(day-off)"},
	{HOURS, "calendar = \"*-*-16 09:00\"; shift = \"before\";", 10, 20,
		"12 09:00 shifted(holiday)"},
	{HOURS, "calendar = \"*-*-16 09:00\"; shift = \"after\";", 10, 20,
		"18 09:00 shifted(holiday)"},
	{HOURS, "calendar = \"*-*-07 07:30\"; shift = \"after\";", 5, 8,
		"08 08:00 shifted(day-off)"},
	{HOURS, "calendar = \"*-*-07 20:00\"; shift = \"before\"; grace = \"5d\";", 4, 9,
		"05 20:00 skipped(hours)"},
	/* Several that move to one minute are one, and a day's own slot stands for all. */
	{HOURS, "calendar = \"Sat,Sun 09:00\"; shift = \"after\";", 6, 8,
		"06 09:00 skipped(superseded), 08 09:00 shifted(day-off)"},
	{HOURS, "calendar = \"Sat,Sun 09:00\"; shift = \"before\";", 5, 8,
		"05 09:00 shifted(day-off), 05 09:00 skipped(superseded)"},
	{HOURS, "calendar = \"09,11:00\"; shift = \"after\";", 6, 8,
		"06 09:00 skipped(superseded), 06 11:00 skipped(superseded), 07 09:00 "
		"skipped(superseded), 07 11:00 skipped(superseded), 08 09:00 send, 08 11:00 send"},
	{HOURS, "calendar = \"Fri,Sat,Sun 09,11:00\"; shift = \"before\";", 5, 8,
		"05 09:00 send, 05 09:00 skipped(superseded), 05 09:00 skipped(superseded), 05 "
		"11:00 "
		"send, 05 11:00 skipped(superseded), 05 11:00 skipped(superseded)"},
	{HOURS, "calendar = \"Sat,Sun 09,11:00\"; shift = \"before\";", 5, 8,
		"05 09:00 shifted(day-off), 05 09:00 skipped(superseded), 05 11:00 "
		"shifted(day-off), "
		"05 11:00 skipped(superseded)"},
	/* Also where the hours of that day bring them together. */
	{HOURS, "calendar = \"Sat,Sun 07:00,30\"; shift = \"before\"; grace = \"2h\";", 5, 8,
		"05 08:00 shifted(day-off), 05 08:00 skipped(superseded), 05 08:00 "
		"skipped(superseded), 05 08:00 skipped(superseded)"},
	{HOURS, "calendar = \"Fri,Sat 07:00\"; shift = \"before\"; grace = \"2h\";", 5, 8,
		"05 08:00 shifted(hours), 05 08:00 skipped(superseded)"},
	/* A holiday that has hours closes the place meanwhile. */
	{HOURS, "calendar = \"*-*-10 11,12,14,15:00\"; grace = \"1h\";", 10, 10,
		"10 11:00 send, 10 12:00 skipped(holiday), 10 14:00 skipped(superseded), 10 15:00 "
		"send"},
	{HOURS, "calendar = \"*-*-10 14:30\"; grace = \"1h\";", 10, 10,
		"10 15:00 shifted(holiday)"},
	{HOURS, "calendar = \"*-*-10 14:30\"; shift = \"none\";", 10, 10, "10 14:30 send"},
	/* A look from the day on which it goes finds what moved there. */
	{"", "calendar = \"*-*-23 23:30\"; grace = \"2h\";", 24, 24, "24 00:30 shifted(holiday)"},
	{"", "calendar = \"*-*-16 09:00\"; shift = \"after\"; anywhere = true;", 18, 18,
		"18 09:00 shifted(holiday)"},
	/* Working days are those of the place. */
	{HOURS, "calendar = \"*-*-04,07 09:00\"; shift = \"after\"; until = \"2026-06-04\";", 1, 30,
		"05 09:00 shifted(holiday)"},
};

static void a_place_rests(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(WEEKS); i++) {
		struct model *model = model_with(WEEKS[i].place, "", WEEKS[i].reminder);
		char text[LINES_MAX];

		preview(model, WEEKS[i].from, WEEKS[i].to, text);
		if (strcmp(text, WEEKS[i].said))
			fail_msg("%s / %s: %s, not %s", WEEKS[i].place, WEEKS[i].reminder, text,
				WEEKS[i].said);
		model_unref(model);
	}
}

/* The agenda's way: however the range is cut, each slot is met once, and none behind another. */
static void slots_come_in_the_order_in_which_they_go(void **state)
{
	static const char *const shifts[] = {"before", "after", "skip", "none"};

	for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
		auto_free char *reminder = str_printf(
			"calendar = \"*-*-* 09,11:30,17:00\"; shift = \"%s\";", shifts[i]);
		struct model *model = model_with(HOURS, "", reminder);
		struct place_slot slot;
		int64_t after = INT64_C(1780272000), last = 0; /* 2026-06-01 */

		for (int n = 0; n < 300; n++) {
			assert_true(resolver_next(
				model->reminders[0], model_place(model, "p"), after, &slot));
			assert_true(slot.slot.utc > after);
			assert_true(slot.send_at >= last || slot.decision == DECISION_SKIPPED);
			if (slot.decision != DECISION_SKIPPED)
				last = slot.send_at;
			after = slot.slot.utc;
		}
		model_unref(model);
	}
}

static void a_person_is_absent_by_calendar(void **state)
{
	static const struct {
		const char *reminder;
		int from, to;
		const char *said;
	} days[] = {
		{"calendar = \"08:00\";", 8, 9, "08 08:00 skipped(away), 09 08:00 send"},
		/* Two absences in a row, and a message waits for the end of both. */
		{"calendar = \"*-*-09 09:15\";", 9, 9, "09 10:00 shifted(away)"},
		{"calendar = \"*-*-09 09:15\"; grace = \"44min\";", 9, 9, "09 09:15 skipped(away)"},
		{"calendar = \"*-*-09 10:00\";", 9, 9, "09 10:00 send"},
		{"calendar = \"*-*-11 09:00\";", 11, 11, "11 09:00 skipped(away)"},
		{"calendar = \"*-*-11 16:30\";", 11, 11, "11 17:00 shifted(away)"},
		/* Whole minutes; and no further into a day of absence. */
		{"calendar = \"*-*-12 10:50\";", 12, 12, "12 11:01 shifted(away)"},
		{"calendar = \"*-*-07 23:00\"; grace = \"2h\"; anywhere = true;", 7, 8,
			"07 23:00 skipped(away)"},
	};
	auto_free char *person = str_printf("absence = [ \"%s/absence.ics\" ];", folder);

	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		struct model *model = model_with(HOURS, person, days[i].reminder);
		char text[LINES_MAX];

		preview(model, days[i].from, days[i].to, text);
		if (strcmp(text, days[i].said))
			fail_msg("%s: %s, not %s", days[i].reminder, text, days[i].said);
		model_unref(model);
	}
}

/* Jitter spreads from where the absence ends. */
static void jitter_comes_after_an_absence(void **state)
{
	auto_free char *person = str_printf("absence = [ \"%s/absence.ics\" ];", folder);
	struct model *model =
		model_with(HOURS, person, "calendar = \"*-*-09 09:15\"; jitter = \"20min\";");
	char text[LINES_MAX];

	preview(model, 9, 9, text);
	assert_true(strcmp(text, "09 10:00 shifted(away)") >= 0);
	assert_true(strcmp(text, "09 10:20 shifted(away)") <= 0);
	model_unref(model);
}

static int64_t begun_on_friday(
	void *owner, const struct reminder *reminder, const struct person *person)
{
	return INT64_C(1780655400) * 1000; /* 2026-06-05T10:30:00Z */
}

/* A slot of Saturday that would have gone on Friday, before anybody knew of it. */
static void what_would_have_gone_before_it_began_is_not_sent(void **state)
{
	const struct view view = {.begun = begun_on_friday};
	struct model *model =
		model_with(HOURS, "", "calendar = \"*-*-06 09,11:00\"; shift = \"before\";");
	struct preview_query query = {.skipped = true,
		.person = model_person(model, "ana"),
		.from = date_from_ymd(2026, 6, 5),
		.to = date_from_ymd(2026, 6, 6)};
	char text[LINES_MAX] = "";

	resolver_preview(model, &view, &query, add_line, text);
	assert_string_equal(text, "05 09:00 skipped(not-begun), 05 11:00 shifted(day-off)");
	model_unref(model);
}

/* Grace is real time: in the night of the gap two hours and a half of the clock are one and a half. */
static void grace_counts_elapsed_time(void **state)
{
	static const struct {
		const char *grace, *said;
	} rows[] = {{"90min", "29 03:30 shifted(quiet)"}, {"89min", "29 01:00 skipped(quiet)"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *reminder =
			str_printf("at = \"2026-03-29T01:00\"; grace = \"%s\";", rows[i].grace);
		struct model *model = model_with(
			"timezone = \"Europe/Berlin\"; quiet = \"00:30-03:30\";", "", reminder);
		struct preview_query query = {.skipped = true,
			.person = model_person(model, "ana"),
			.from = date_from_ymd(2026, 3, 29),
			.to = date_from_ymd(2026, 3, 29)};
		char text[LINES_MAX] = "";

		resolver_preview(model, NULL, &query, add_line, text);
		assert_string_equal(text, rows[i].said);
		model_unref(model);
	}
}

static bool keep_detail(void *owner, const struct planned *planned)
{
	snprintf(owner, LINES_MAX, "%s", planned->detail);
	return true;
}

/* In Berlin the clock goes from 03:00 back to 02:00 at 01:00Z of 2026-10-25; an hour around it is
 * off, from 02:45 to 02:45. */
static void an_hour_that_comes_twice_is_allowed_by_its_own_instant(void **state)
{
	static const struct {
		bool event;
		const char *place;
		int from, to; /* minutes of that date in UTC; -1: never */
		enum rule_id rule;
	} cases[] = {
		{true, "", 30, 30, BY_SCHEDULE},
		{true, "", 50, 105, BY_HOLIDAY},
		{true, "", 90, 105, BY_HOLIDAY},
		{true, "", 105, 105, BY_SCHEDULE},
		{true, "hours = \"00:00-02:30\";", 40, -1, BY_HOURS},
		{true, "quiet = \"00:00-24:00\";", 40, -1, BY_QUIET},
		{true, "hours = \"00:00-02:50\";", 55, 105, BY_HOLIDAY},
		{false, "hours = \"00:00-02:30\";", 40, 60, BY_HOURS},
		{false, "quiet = \"02:30-08:00\";", 40, 60, BY_QUIET},
	};
	int64_t day = (int64_t)date_from_ymd(2026, 10, 25) * DAY_S;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *calendar =
			str_printf("holidays = [ \"%s/holidays.ics\" ];", folder);
		auto_free char *place =
			str_printf("{ id = \"p\"; timezone = \"Europe/Berlin\"; %s %s }",
				cases[i].event ? calendar : "", cases[i].place);
		struct model *model = model_of("daily_limit = 0;", place,
			"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; }",
			"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"ana\" ]; "
			"calendar = \"02:30\"; }");
		enum rule_id rule;
		int64_t at = resolver_allowed_at(model_person(model, "ana")->place,
			model->reminders[0], (day + cases[i].from * 60) * 1000, 2 * 3600, &rule);

		assert_int_equal(
			at, cases[i].to < 0 ? TIME_NEVER : (day + cases[i].to * 60) * 1000);
		assert_int_equal(rule, cases[i].rule);
		model_unref(model);
	}
}

static void the_reason_names_what_decided(void **state)
{
	static const struct {
		const char *place, *reminder, *detail;
		int day;
	} rows[] = {
		{HOURS, "calendar = \"*-*-04 09:00\";", "2026-06-04 is a holiday (Corpus Christi)",
			4},
		{HOURS, "calendar = \"*-*-04 09:00\"; shift = \"after\";",
			"2026-06-04 is a holiday (Corpus Christi): moved to 2026-06-05 09:00", 5},
		{HOURS, "calendar = \"*-*-07 09:00\"; shift = \"before\";",
			"2026-06-07 is no working day: moved to 2026-06-05 09:00", 5},
		{HOURS, "calendar = \"*-*-10 14:30\";",
			"14:30 is a holiday (Moving house): moved to 15:00", 10},
		{HOURS, "calendar = \"*-*-09 07:30\";",
			"07:30 is outside working hours: moved to 08:00", 9},
		{"timezone = \"Europe/Berlin\";", "at = \"2026-03-29T02:30\"; dst_gap = \"skip\";",
			"2026-03-29T02:30:00 does not exist in Europe/Berlin: the clock leaves it "
			"out",
			-63},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct model *model = model_with(rows[i].place, "", rows[i].reminder);
		char text[LINES_MAX] = "";
		int32_t date = date_from_ymd(2026, 5, 31) + rows[i].day;
		struct preview_query query = {.skipped = true, .from = date, .to = date};

		resolver_preview(model, NULL, &query, keep_detail, text);
		assert_string_equal(text, rows[i].detail);
		model_unref(model);
	}
}

/* Two places of one zone number the slots of working days each by their own. */
static void a_slots_number_follows_the_working_days_of_its_place(void **state)
{
	auto_free char *places = str_printf("{ id = \"p\"; holidays = [ \"%s/holidays.ics\" ]; }, "
					    "{ id = \"q\"; }",
		folder);
	struct model *model = model_of("daily_limit = 0;", places,
		"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; }",
		"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"ana\" ]; "
		"when = \"every working day at 9:00\"; }");
	int64_t after = INT64_C(1780617600); /* 2026-06-05 */
	uint64_t ordinals[2];

	for (int i = 0; i < 2; i++) {
		const struct place *place = model_place(model, i ? "q" : "p");
		struct place_slot slot;

		assert_true(resolver_next(model->reminders[0], place, after, &slot));
		ordinals[i] = resolver_ordinal(model->reminders[0], place, &slot.slot);
	}
	assert_int_equal(ordinals[1], ordinals[0] + 1);
	model_unref(model);
}

/* A date that the zone does not have: told of once, and the slots around it come as ever. */
static void a_lost_day_is_told_of(void **state)
{
	struct model *model = model_with(
		"timezone = \"Pacific/Apia\";", "", "calendar = \"09,13:00\"; shift = \"none\";");
	const struct reminder *reminder = model->reminders[0];
	int64_t after = INT64_C(1325192399); /* 2011-12-29 20:59:59 UTC, 10:59:59 there */
	static const struct {
		const char *local;
		bool missing;
	} expected[] = {{"2011-12-29T13:00:00", false}, {"2011-12-30T09:00:00", true},
		{"2011-12-31T09:00:00", false}, {"2011-12-31T13:00:00", false}};

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		struct place_slot slot;
		char local[CIVIL_TEXT];

		assert_true(resolver_next(reminder, model_place(model, "p"), after, &slot));
		local_write(slot.slot.local, local);
		assert_string_equal(local, expected[i].local);
		assert_int_equal(
			slot.decision, expected[i].missing ? DECISION_SKIPPED : DECISION_SEND);
		assert_int_equal(slot.rule, expected[i].missing ? BY_GAP : BY_SCHEDULE);
		after = slot.slot.utc;
	}
	model_unref(model);
}

static int set_up(void **state)
{
	assert_non_null(mkdtemp(folder));
	write_file("holidays.ics", HOLIDAYS);
	write_file("absence.ics", ABSENCE);
	return 0;
}

static int tear_down(void **state)
{
	auto_free char *holidays = str_printf("%s/holidays.ics", folder);
	auto_free char *absence = str_printf("%s/absence.ics", folder);

	unlink(holidays);
	unlink(absence);
	rmdir(folder);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_rests),
		cmocka_unit_test(slots_come_in_the_order_in_which_they_go),
		cmocka_unit_test(a_person_is_absent_by_calendar),
		cmocka_unit_test(jitter_comes_after_an_absence),
		cmocka_unit_test(what_would_have_gone_before_it_began_is_not_sent),
		cmocka_unit_test(grace_counts_elapsed_time),
		cmocka_unit_test(an_hour_that_comes_twice_is_allowed_by_its_own_instant),
		cmocka_unit_test(the_reason_names_what_decided),
		cmocka_unit_test(a_slots_number_follows_the_working_days_of_its_place),
		cmocka_unit_test(a_lost_day_is_told_of),
	};
	int r;

	model_begin(argv[0]);
	r = cmocka_run_group_tests(tests, set_up, tear_down);
	model_end();
	return r;
}
