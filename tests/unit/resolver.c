/* Who, when, whether and why: tables of days, decided. */
#include "model_help.h"

#include "engine/resolver.h"

enum { LINES_MAX = 4096 };

struct lines {
	char text[LINES_MAX];
	struct model *model;
};

/* "a 09:00 send", "b 11:00 merged(limit)", "c skipped(away)": in order. */
static bool add_line(void *owner, const struct planned *planned)
{
	struct lines *lines = owner;
	char local[CIVIL_TEXT], *end = lines->text + strlen(lines->text);
	size_t room = LINES_MAX - strlen(lines->text);

	local_write(zone_to_local(planned->place->zone, planned->send_at / 1000, NULL), local);
	snprintf(end, room, "%s%s %.5s %s%s%s%s", lines->text[0] ? ", " : "", planned->reminder->id,
		local + 11, decision_names[planned->decision],
		planned->rule == BY_SCHEDULE ? "" : "(",
		planned->rule == BY_SCHEDULE ? "" : rule_id_names[planned->rule],
		planned->rule == BY_SCHEDULE ? "" : ")");
	return true;
}

static void preview(struct model *model, const struct view *view, const char *date,
	const char *person, struct lines *lines)
{
	struct preview_query query = {.skipped = true, .person = model_person(model, person)};

	assert_int_equal(date_parse(date, &query.from), 0);
	query.to = query.from;
	lines->text[0] = 0;
	resolver_preview(model, view, &query, add_line, lines);
}

#define ANA "{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; }"
#define AT(id, time, more)                                                                         \
	"{ id = \"" id "\"; kind = \"note\"; text = \"x\"; to = [ \"ana\" ]; calendar = \"" time   \
	"\"; " more " }"

/* ---- hours, quiet, grace, superseded ---- */

static const struct {
	const char *place, *reminders, *said;
} DAYS[] = {
	{"", AT("a", "09:00", ""), "a 09:00 send"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "08:00", ""), "a 08:30 shifted(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "08:30", ""), "a 08:30 send"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "07:29", ""), "a 07:29 skipped(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "07:30", ""), "a 08:30 shifted(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "07:29", "grace = \"61min\";"),
		"a 08:30 shifted(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "18:00", ""), "a 18:00 skipped(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\";", AT("a", "07:29", "anywhere = true;"), "a 07:29 send"},
	{"quiet = \"12:00-13:00\";", AT("a", "12:00", ""), "a 13:00 shifted(quiet)"},
	{"quiet = \"12:00-13:00\";", AT("a", "13:00", ""), "a 13:00 send"},
	{"quiet = \"12:00-13:00\";", AT("a", "12:00", "grace = \"59min\";"),
		"a 12:00 skipped(quiet)"},
	{"quiet = \"19:00-08:00\";", AT("a", "07:59", ""), "a 08:00 shifted(quiet)"},
	/* Quiet hours at the beginning of working hours: one pushes into the other. */
	{"hours = \"Mon..Fri 08:30-18:00\"; quiet = \"08:00-09:00\";", AT("a", "08:15", ""),
		"a 09:00 shifted(hours)"},
	{"hours = \"Mon..Fri 08:30-18:00\"; quiet = \"08:00-09:00\";", AT("a", "08:45", ""),
		"a 09:00 shifted(quiet)"},
	/* Several that move to one minute are one: the last. */
	{"quiet = \"12:00-13:00\";", AT("a", "12:10,20,30:00", ""),
		"a 12:10 skipped(superseded), a 12:20 skipped(superseded), a 13:00 shifted(quiet)"},
	{"quiet = \"12:00-13:00\";", AT("a", "12,13:00", ""),
		"a 12:00 skipped(superseded), a 13:00 send"},
};

static void a_place_decides(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(DAYS); i++) {
		char place[200];
		struct model *model;
		struct lines lines;

		snprintf(place, sizeof(place), "{ id = \"p\"; %s }", DAYS[i].place);
		model = model_of("daily_limit = 0;", place, ANA, DAYS[i].reminders);
		preview(model, NULL, "2026-06-03", "ana", &lines);
		if (strcmp(lines.text, DAYS[i].said))
			fail_msg("%s / %s: %s, not %s", DAYS[i].place, DAYS[i].reminders,
				lines.text, DAYS[i].said);
		model_unref(model);
	}
}

/* ---- the daily limit ---- */

static const struct {
	int limit;
	const char *reminders, *said;
} LIMITS[] = {
	{0, AT("a", "09:00", "") "," AT("b", "10:00", ""), "a 09:00 send, b 10:00 send"},
	{2, AT("a", "09:00", "") "," AT("b", "10:00", ""), "a 09:00 send, b 10:00 send"},
	{2, AT("a", "09:00", "") "," AT("b", "10:00", "") "," AT("c", "11:00", ""),
		"a 09:00 send, b 11:00 merged(limit), c 11:00 merged(limit)"},
	{1, AT("a", "09:00", ""), "a 09:00 send"},
	{1, AT("a", "09:00", "") "," AT("b", "10:00", ""),
		"a 10:00 merged(limit), b 10:00 merged(limit)"},
	/* The more important one goes alone, wherever in the day; the rest waits for its last. */
	{2, AT("a", "09:00", "") "," AT("b", "10:00", "") "," AT("c", "11:00", "priority = 5;"),
		"a 10:00 merged(limit), b 10:00 merged(limit), c 11:00 send"},
	{3,
		AT("a", "09:00", "priority = 1;") "," AT("b", "10:00", "priority = 4;") "," AT(
			"c", "11:00", "") "," AT("d", "12:00", "priority = 2;"),
		"b 10:00 send, c 11:00 send, a 12:00 merged(limit), d 12:00 merged(limit)"},
	/* Of equals the earlier goes alone; what is skipped counts for nothing. */
	{2, AT("b", "09:00", "") "," AT("a", "09:30", "") "," AT("c", "10:00", ""),
		"b 09:00 send, a 10:00 merged(limit), c 10:00 merged(limit)"},
	{2, AT("a", "03:00", "") "," AT("b", "10:00", "") "," AT("c", "11:00", ""),
		"a 03:00 skipped(quiet), b 10:00 send, c 11:00 send"},
};

static void the_daily_limit_merges_the_least_important(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(LIMITS); i++) {
		char top[40];
		struct model *model;
		struct lines lines;

		snprintf(top, sizeof(top), "daily_limit = %d;", LIMITS[i].limit);
		model = model_of(
			top, "{ id = \"p\"; quiet = \"00:00-08:00\"; }", ANA, LIMITS[i].reminders);
		preview(model, NULL, "2026-06-03", "ana", &lines);
		if (strcmp(lines.text, LIMITS[i].said))
			fail_msg("row %zu: %s, not %s", i, lines.text, LIMITS[i].said);
		model_unref(model);
	}
}

/* What is left of a day that has used some already: messages that go alone, and the merged one's
 * minute (or 0). Slots at 13, 14 and 15 h. */
static const struct {
	int limit, used, held_hour;
	bool join_next;
	int alone, merged_hour;
} USED[] = {
	{3, 0, 0, false, 3, 0},
	{3, 1, 0, false, 1, 15},
	{3, 2, 0, false, 0, 15},
	{3, 3, 0, false, 0, 15},
	{4, 1, 0, false, 3, 0},
	{4, 2, 0, false, 1, 15},
	/* A message gathers already: the rest joins it. */
	{3, 1, 12, false, 2, 15},
	{3, 1, 18, false, 2, 18},
	{3, 3, 16, false, 0, 16},
	/* A nudge waits to go with the next one: that one costs nothing more. */
	{3, 1, 13, true, 3, 0},
	{3, 2, 13, true, 1, 15},
	{3, 3, 13, true, 0, 15},
};

static void what_a_day_has_used_counts(void **state)
{
	struct model *model =
		model_of("daily_limit = 3;", "{ id = \"p\"; }", ANA, AT("a", "13,14,15:00", ""));
	const struct place *place = model_place(model, "p");
	struct place_slot slots[3];
	int64_t after = INT64_C(1780444800); /* 2026-06-03T00:00Z */

	for (int i = 0; i < 3; i++) {
		assert_true(resolver_next(model->reminders[0], place, after, &slots[i]));
		after = slots[i].slot.utc;
	}
	for (size_t i = 0; i < ARRAY_LEN(USED); i++) {
		int64_t day = INT64_C(1780444800000), hour = 3600000;
		struct budget budget = {.limit = USED[i].limit,
			.used = USED[i].used,
			.has_held = USED[i].held_hour > 0,
			.join_next = USED[i].join_next,
			.held_at = day + USED[i].held_hour * hour};
		struct plan plan = {0};
		int alone = 0, merged = 0;

		resolver_plan_person(model, model->people[0], slots, 3, NULL, &budget, &plan);
		assert_int_equal(plan.count, 3);
		for (size_t j = 0; j < plan.count; j++) {
			alone += plan.list[j].decision == DECISION_SEND;
			if (plan.list[j].decision == DECISION_MERGED)
				merged = (int)((plan.list[j].send_at - day) / hour);
		}
		if (alone != USED[i].alone || merged != USED[i].merged_hour)
			fail_msg("row %zu: %d alone, merged at %d", i, alone, merged);
		plan_free(&plan);
	}
	model_unref(model);
}

/* ---- what is known: begun, paused, stopped, less ---- */

struct known_of {
	enum rule_id rule;
	const char *reason;
	int64_t begun_at;
};

static int64_t begun(void *owner, const struct reminder *reminder, const struct person *person)
{
	return ((struct known_of *)owner)->begun_at;
}

static const char *paused(void *owner, const struct reminder *reminder, const struct person *person,
	int64_t at, enum rule_id *ret_rule, int64_t *ret_since)
{
	struct known_of *known = owner;

	*ret_rule = known->rule;
	*ret_since = 0;
	return known->reason;
}

static void what_is_known_of_a_person_decides(void **state)
{
	static const struct {
		struct known_of known;
		const char *said;
	} rows[] = {
		{{BY_PAUSE, NULL, INT64_MIN}, "a 09:00 send"},
		{{BY_PAUSE, "a course", INT64_MIN}, "a 09:00 skipped(paused)"},
		{{BY_STOPPED, "", INT64_MIN}, "a 09:00 skipped(stopped)"},
		{{BY_PAUSE, NULL, INT64_C(1780477200000)}, "a 09:00 skipped(not-begun)"},
		{{BY_PAUSE, NULL, INT64_C(1780477199999)}, "a 09:00 send"},
	};
	struct model *model = model_of("", "{ id = \"p\"; }", ANA, AT("a", "09:00", ""));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct known_of known = rows[i].known;
		struct view view = {.owner = &known, .begun = begun, .paused = paused};
		struct lines lines;

		preview(model, &view, "2026-06-03", "ana", &lines);
		assert_string_equal(lines.text, rows[i].said);
	}
	model_unref(model);
}

static void less_is_every_second_one(void **state)
{
	struct model *model = model_of("", "{ id = \"p\"; }", ANA, AT("a", "09:00", ""));
	struct known_of known = {BY_LESS, "", INT64_MIN};
	struct view view = {.owner = &known, .begun = begun, .paused = paused};
	const char *last = "";

	for (int day = 1; day <= 20; day++) {
		char date[CIVIL_TEXT];
		struct lines lines;
		const char *now;

		date_write(date_from_ymd(2026, 6, day), date);
		preview(model, &view, date, "ana", &lines);
		now = strstr(lines.text, "skipped(less)") ? "skipped" : "send";
		assert_non_null(strstr(lines.text, now));
		assert_string_not_equal(now, last);
		last = now;
	}
	model_unref(model);
}

static void less_of_an_interval_is_every_second_one_too(void **state)
{
	static const char *const periods[] = {"90min", "2h", "25h", "1h"};

	for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
		auto_free char *text = str_printf(
			"{ id = \"a\"; every = \"%s\"; to = [ \"ana\" ]; text = \"x\"; }",
			periods[i]);
		struct model *model = model_of("", "{ id = \"p\"; }", ANA, text);
		const struct reminder *reminder = model->reminders[0];
		struct slot slot = {.utc = INT64_C(1780477200)};
		uint64_t last = 0;

		for (int n = 0; n < 20; n++) {
			uint64_t ordinal;

			assert_true(rule_next(reminder->rule, model->zone, NULL, slot.utc, &slot));
			ordinal = resolver_ordinal(reminder, model_place(model, "p"), &slot);
			assert_true(n == 0 || ordinal == last + 1);
			last = ordinal;
		}
		model_unref(model);
	}
}

/* ---- fading ---- */

static bool faded(
	void *owner, const struct reminder *reminder, const struct person *person, struct fade *ret)
{
	*ret = *(const struct fade *)owner;
	return true;
}

static const char *never_paused(void *owner, const struct reminder *reminder,
	const struct person *person, int64_t at, enum rule_id *ret_rule, int64_t *ret_since)
{
	return NULL;
}

#define FADING(when) AT("a", when, "fade = { after = 4; };")
#define WORKS "{ id = \"p\"; hours = \"Mon..Fri 08:00-18:00\"; }"

/* From 2026-06-01, a Monday and slot 151 of the year (of weekdays 107), on: one letter a day that
 * the schedule names; x sent, f left out, a for another reason. */
static const struct {
	const char *place, *more, *reminder;
	struct fade fade;
	const char *days;
} FADES[] = {
	{"{ id = \"p\"; }", "", FADING("09:00"), {3, 0, FADE_ANSWERED}, "xxxxxxxxxx"},
	{"{ id = \"p\"; }", "", FADING("09:00"), {4, 0, FADE_ANSWERED}, "fxfxfxfxfx"},
	{"{ id = \"p\"; }", "", FADING("09:00"), {4, 0, FADE_PASSED}, "fxfxfxfxfx"},
	{"{ id = \"p\"; }", "", FADING("09:00"), {8, 0, FADE_ANSWERED}, "fxfffxfffx"},
	{"{ id = \"p\"; }", "", FADING("09:00"), {900, 0, FADE_ANSWERED}, "fxfffffffx"},
	{"{ id = \"p\"; }", "", FADING("09:00"), {900, 0, FADE_ASKED}, "xxxxxxxxxx"},
	{"{ id = \"p\"; }", "", AT("a", "09:00", ""), {900, 0, FADE_ANSWERED}, "xxxxxxxxxx"},
	{WORKS, "", FADING("Mon..Fri 09:00"), {4, 0, FADE_ANSWERED}, "fxfxfxfxfx"},
	/* What the place or an absence takes makes no gap twice as long: the next one goes. */
	{WORKS, "", FADING("09:00"), {4, 0, FADE_ANSWERED}, "xxfxfaaxfx"},
	{"{ id = \"p\"; }", "away = ( { from = \"2026-06-02\"; until = \"2026-06-02\"; } );",
		FADING("09:00"), {4, 0, FADE_ANSWERED}, "faxxfxfxfx"},
	{"{ id = \"p\"; }", "away = ( { from = \"2026-06-02\"; until = \"2026-06-04\"; } );",
		FADING("09:00"), {8, 0, FADE_ANSWERED}, "faaaxxfffx"},
	{"{ id = \"p\"; }", "away = ( { from = \"2026-06-02\"; until = \"2026-06-05\"; } );",
		FADING("09:00"), {8, 0, FADE_ANSWERED}, "faaaaxfffx"},
};

static char letter_of(const char *line)
{
	return strstr(line, "skipped(fade)") ? 'f' : strstr(line, "skipped") ? 'a' : 'x';
}

static void what_fades_goes_evenly_and_over_holidays(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(FADES); i++) {
		struct fade fade = FADES[i].fade;
		struct view view = {
			.owner = &fade, .begun = begun, .paused = never_paused, .faded = faded};
		auto_free char *ana = str_printf(
			"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; %s }", FADES[i].more);
		struct model *model = model_of("", FADES[i].place, ana, FADES[i].reminder);
		char said[32] = "";

		view.begun = NULL;
		for (int32_t date = date_from_ymd(2026, 6, 1); strlen(said) < 10; date++) {
			char text[CIVIL_TEXT];
			struct lines lines;

			date_write(date, text);
			preview(model, &view, text, "ana", &lines);
			if (*lines.text)
				said[strlen(said)] = letter_of(lines.text);
		}
		if (strcmp(said, FADES[i].days))
			fail_msg("row %zu: %s, not %s", i, said, FADES[i].days);
		model_unref(model);
	}
}

static void nothing_fades_by_the_configuration_alone(void **state)
{
	struct model *model = model_of("", WORKS, ANA, FADING("Mon..Fri 09:00"));
	struct fade fade;
	struct lines lines;

	assert_int_equal(resolver_every(NULL, model->reminders[0], model->people[0], &fade), 1);
	for (int day = 1; day <= 5; day++) {
		char date[CIVIL_TEXT];

		date_write(date_from_ymd(2026, 6, day), date);
		preview(model, NULL, date, "ana", &lines);
		assert_string_equal(lines.text, "a 09:00 send");
	}
	model_unref(model);
}

static void absence_is_inclusive_and_holds_for_the_subject_too(void **state)
{
	static const struct {
		const char *date, *ana, *sam;
	} rows[] = {
		{"2026-06-01", "a 09:00 send", "talk 10:00 send"},
		{"2026-06-02", "a 09:00 skipped(away)", "talk 10:00 skipped(about-away)"},
		{"2026-06-03", "a 09:00 skipped(away)", "talk 10:00 skipped(about-away)"},
		{"2026-06-04", "a 09:00 send", "talk 10:00 send"},
	};
	struct model *model = model_of("", "{ id = \"p\"; }",
		"{ id = \"ana\"; via = [ \"hook\" ]; place = \"p\"; manager = \"sam\"; "
		"away = ( { from = \"2026-06-02\"; until = \"2026-06-03\"; } ); }, "
		"{ id = \"sam\"; via = [ \"hook\" ]; place = \"p\"; }",
		AT("a", "09:00", "") ", { id = \"talk\"; kind = \"note\"; text = \"x\"; about = [ "
				     "\"ana\" ]; to = [ \"manager\" ]; calendar = \"10:00\"; }");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lines lines;

		preview(model, NULL, rows[i].date, "ana", &lines);
		assert_string_equal(lines.text, rows[i].ana);
		preview(model, NULL, rows[i].date, "sam", &lines);
		assert_string_equal(lines.text, rows[i].sam);
	}
	model_unref(model);
}

/* ---- jitter and numbers ---- */

static bool keep_planned(void *owner, const struct planned *planned)
{
	*(struct planned *)owner = *planned;
	return true;
}

static void jitter_is_the_same_every_time_and_stays_in_its_span(void **state)
{
	char people[4096] = "";
	struct model *model;
	int different = 0;
	int64_t last = 0;

	for (int i = 0; i < 20; i++)
		snprintf(people + strlen(people), sizeof(people) - strlen(people),
			"%s{ id = \"p%d\"; via = [ \"hook\" ]; place = \"p\"; }", i ? "," : "", i);
	model = model_of("", "{ id = \"p\"; hours = \"09:00-12:00\"; }", people,
		"{ id = \"a\"; kind = \"note\"; text = \"x\"; to = [ \"all\" ]; calendar = "
		"\"11:50\"; "
		"jitter = \"20min\"; }");
	for (size_t i = 0; i < model->n_people; i++) {
		struct preview_query query = {.person = model->people[i]};
		struct planned first = {0}, second = {0};

		assert_int_equal(date_parse("2026-06-03", &query.from), 0);
		query.to = query.from;
		resolver_preview(model, NULL, &query, keep_planned, &first);
		resolver_preview(model, NULL, &query, keep_planned, &second);
		assert_true(first.send_at == second.send_at);
		assert_true(first.send_at >= first.due_at);
		/* Never outside the hours that allowed it. */
		assert_true(first.send_at < first.due_at + 10 * 60 * 1000);
		different += first.send_at != last;
		last = first.send_at;
	}
	assert_true(different > 5);
	model_unref(model);
}

static void ordinals_count_the_slots_of_a_year(void **state)
{
	struct model *model = model_of("", "{ id = \"p\"; }", ANA, AT("a", "Mon 09,15:00", ""));
	const struct place *place = model_place(model, "p");
	const struct reminder *reminder = model->reminders[0];
	struct slot slots[250];
	int64_t after = INT64_C(1767225600) - 1; /* 2026-01-01T00:00Z */

	for (int i = 0; i < 250; i++) {
		assert_true(rule_next(reminder->rule, resolver_zone(reminder, place),
			place->workdays, after, &slots[i]));
		after = slots[i].utc;
	}
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 250; i++) {
			/* 2026 has 52 Mondays: backwards the memo helps nobody. */
			int at = pass ? 249 - i : i;
			uint64_t expected = at < 104 ? at : at < 208 ? at - 104 : at - 208;

			assert_int_equal(resolver_ordinal(reminder, place, &slots[at]), expected);
		}
	model_unref(model);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_decides),
		cmocka_unit_test(the_daily_limit_merges_the_least_important),
		cmocka_unit_test(what_a_day_has_used_counts),
		cmocka_unit_test(what_is_known_of_a_person_decides),
		cmocka_unit_test(less_is_every_second_one),
		cmocka_unit_test(less_of_an_interval_is_every_second_one_too),
		cmocka_unit_test(what_fades_goes_evenly_and_over_holidays),
		cmocka_unit_test(nothing_fades_by_the_configuration_alone),
		cmocka_unit_test(absence_is_inclusive_and_holds_for_the_subject_too),
		cmocka_unit_test(jitter_is_the_same_every_time_and_stays_in_its_span),
		cmocka_unit_test(ordinals_count_the_slots_of_a_year),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	return failed;
}
