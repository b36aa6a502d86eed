/* Passes that are repeated, cut off or moved: a crash between the last slice and the mark, a store
 * that fails, new rules of a time zone while the daemon runs or is down, a clock that is set. The
 * real engine, its stores and HTTP on a simulated clock; zones of our own, so that no answer changes
 * with the system's. */
#include "passes_help.h"

/* ---- a pass that is repeated ---- */

struct counts {
	uint64_t recorded, skipped, delivered, refused, expired, missed;
	size_t follow_ups, held, waiting;
};

static struct counts count(void)
{
	struct engine_status status;

	engine_status(bed.engine, &status);
	return (struct counts){status.recorded, status.skipped, status.delivered, status.refused,
		status.expired, status.missed, status.follow_ups, status.held, status.waiting};
}

static void assert_same(const struct counts *a)
{
	struct counts b = count();

	assert_int_equal(a->recorded, b.recorded);
	assert_int_equal(a->skipped, b.skipped);
	assert_int_equal(a->delivered, b.delivered);
	assert_int_equal(a->refused, b.refused);
	assert_int_equal(a->expired, b.expired);
	assert_int_equal(a->follow_ups, b.follow_ups);
	assert_int_equal(a->held, b.held);
	assert_int_equal(a->waiting, b.waiting);
}

#define FOLLOWED "nudge = { after = \"3h\"; at_most = 1; };"

static void a_pass_that_a_crash_repeats_records_and_sends_nothing_again(void **state)
{
	struct counts before;
	int64_t mark_at;

	open_house("sqlite", "daily_limit = 3;",
		DAILY("r", "14:30", FOLLOWED) "," DAILY("s", "14:30", "") "," DAILY(
			"t", "13:00", "grace = \"10min\"; catch_up = \"all\";"),
		NOON - 2 * HOUR_MS);
	mark_at = planner_mark(bed.engine->planner);
	clock_step(bed.clock, NOON + 30 * MINUTE_MS);
	bed_settle(&bed);
	assert_told("ana: r, ana: s, bo: r, bo: s");
	assert_int_equal(count().follow_ups, 2);
	for (int i = 0; i < 2; i++) {
		before = count();
		take_mark_back(mark_at);
		bed_restart(&bed);
		assert_told("");
		assert_same(&before);
	}
	close_house();
}

/* The same on one engine: what it holds in memory (budgets, messages that gather) must not count
 * twice either. */
static void a_pass_that_is_repeated_leaves_budgets_and_held_messages_as_they_were(void **state)
{
	static const char *const stores[] = {"memory", "sqlite"};

	for (size_t i = 0; i < ARRAY_LEN(stores); i++) {
		struct counts before;
		struct ledger_day *day;
		int64_t mark_at;

		open_house(stores[i], "daily_limit = 2;",
			DAILY("r", "14:10", FOLLOWED) "," DAILY("s", "14:20", "") "," DAILY(
				"t", "14:30", "") "," DAILY("u", "17:00", ""),
			NOON - 2 * HOUR_MS);
		mark_at = planner_mark(bed.engine->planner);
		step_to(NOON + 30 * MINUTE_MS);
		assert_told("ana: r, bo: r");
		before = count();
		assert_int_equal(before.held, 2);
		day = ledger_day(bed.engine->ledger, "ana", local_date(NOON / 1000));
		assert_int_equal(day->used, 2);
		planner_use_model(bed.engine->planner, bed.engine->model, mark_at);
		engine_run(bed.engine);
		bed_settle(&bed);
		assert_told("");
		assert_same(&before);
		day = ledger_day(bed.engine->ledger, "ana", local_date(NOON / 1000));
		assert_int_equal(day->used, 2);
		step_to(NOON + 4 * HOUR_MS);
		assert_told("ana: s t u, bo: s t u");
		close_house();
	}
}

/* ---- what a day has used ---- */

static void on_answered(void *owner, int error, const char *why unused_arg)
{
	assert_int_equal(error, 0);
	*(bool *)owner = true;
}

static void answer_newest(void)
{
	struct id id;
	bool done = false;

	assert_int_equal(id_read(newest, &id), 0);
	engine_answer(bed.engine, id, ANSWER_DONE, 0, NULL, SHARES, on_answered, &done);
	while (!done)
		bed_turn(&bed);
	bed_settle(&bed);
}

#define ANA_AT_HOME "{ id = \"ana\"; place = \"home\"; via = [ \"hook\" ]; }"

/* The nudge of a full day waits for tomorrow; the answer takes it back, and tomorrow is as before. */
static void a_held_nudge_that_is_answered_leaves_the_next_day_as_it_was(void **state)
{
	people = ANA_AT_HOME;
	open_house("memory", "daily_limit = 1;", DAILY("r", "14:30", FOLLOWED), NOON);
	step_to(NOON + 4 * HOUR_MS);
	assert_told("ana: r");
	assert_int_equal(count().held, 1);
	answer_newest();
	assert_int_equal(count().held, 0);
	step_to(NOON + 25 * HOUR_MS);
	assert_told("ana: r");
	close_house();
}

/* What today has no room for waits for tomorrow's time of day, and there for all that will go with it:
 * gone before, tomorrow would have no room either. */
static void what_was_carried_over_goes_with_the_rest_of_its_new_day(void **state)
{
	open_house("sqlite", "daily_limit = 2;",
		DAILY("r", "13:00", "") "," DAILY("s", "13:30", ""), NOON - 2 * HOUR_MS);
	step_to(NOON);
	assert_told("ana: r, ana: s, bo: r, bo: s");
	use_reminders(DAILY("u", "14:30", ""));
	step_to(NOON + 5 * HOUR_MS);
	assert_told("");
	use_reminders(
		DAILY("a", "14:30", "") "," DAILY("b", "15:30", "") "," DAILY("c", "16:30", ""));
	step_to(NOON + 24 * HOUR_MS + 31 * MINUTE_MS);
	assert_told("ana: a, bo: a");
	step_to(NOON + 26 * HOUR_MS);
	assert_told("");
	step_to(NOON + 27 * HOUR_MS);
	assert_told("ana: u b c, bo: u b c");
	close_house();
}

/* Two dates of a home fourteen hours east have been used when ana goes west and meets them again. */
static void move_ana_west(const char *follows, const char *more)
{
	auto_free char *before = str_printf(
		DAILY("q", "2026-06-04 01:00", "") "," DAILY("r", "2026-06-03 20:00", "%s"),
		follows);
	auto_free char *after = str_printf("%s%s", before, more);

	people = ANA_AT_HOME;
	first_hours = 14;
	open_house("sqlite", "daily_limit = 1;", before, NOON - 7 * HOUR_MS);
	step_to(NOON - 30 * MINUTE_MS); /* half past one on the 4th */
	assert_told("ana: q, ana: r");
	bed_restart(&bed);
	people = "{ id = \"ana\"; via = [ \"hook\" ]; }"; /* half past eleven on the 3rd */
	write_house("sqlite", "daily_limit = 1;", after);
	reload();
}

static void assert_told_on_the_5th(const char *expected)
{
	step_to(NOON + 36 * HOUR_MS);
	assert_told("");
	step_to(NOON + 60 * HOUR_MS);
	assert_told(expected);
	close_house();
}

static void who_meets_a_date_again_has_used_it(void **state)
{
	move_ana_west("", "," DAILY("s", "2026-06-03 15:00", ""));
	assert_told_on_the_5th("ana: s");
}

static void nor_is_there_room_for_a_nudge_on_it(void **state)
{
	move_ana_west("nudge = { after = \"7h\"; at_most = 1; };", "");
	assert_told_on_the_5th("ana: r");
}

/* The same over midnight in Greenwich, after which a restart would forget the day before. */
static void also_where_it_is_yesterday_in_greenwich(void **state)
{
	people = ANA_AT_HOME;
	open_house("sqlite", "daily_limit = 1;", DAILY("r", "2026-06-03 20:00", ""), NOON);
	step_to(NOON + 14 * HOUR_MS);
	assert_told("ana: r");
	bed_restart(&bed);
	write_home(-10); /* 16:00 on the 3rd */
	write_house("sqlite", "daily_limit = 1;",
		DAILY("r", "2026-06-03 20:00", "") "," DAILY("s", "2026-06-03 18:00", ""));
	reload();
	step_to(NOON + 36 * HOUR_MS);
	assert_told("");
	step_to(NOON + 60 * HOUR_MS);
	assert_told("ana: s");
	close_house();
}

/* ---- new rules of a zone ---- */

/* 11:00 at home is 09:00Z; half past eight, a quarter of an hour after the mark. */
static void open_before_eleven(const char *reminders)
{
	auto_free char *all =
		str_printf("%s,%s", DAILY("q", "2026-06-03 10:15 Test/Home", ""), reminders);

	open_house("sqlite", "", all, NOON - 5 * HOUR_MS);
	step_to(NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	assert_true(n_told > 0);
	n_told = 0;
}

static void change_home(int hours)
{
	write_home(hours);
	files_take_changes(bed.engine);
	bed_settle(&bed);
}

static void a_slot_that_new_rules_put_into_the_past_is_caught_up_on(void **state)
{
	uint64_t changed = report_count(EVENT_FILE_CHANGED);

	open_before_eleven(DAILY("r", "11:00", ""));
	change_home(3);
	assert_told("ana: r, bo: r");
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 1);
	/* And back: the slot is known by its name, whatever instant it has. */
	change_home(2);
	step_to(NOON);
	assert_told("");
	step_to(NOON + 20 * HOUR_MS);
	assert_told("");
	step_to(NOON + 21 * HOUR_MS);
	assert_told("ana: r, bo: r");
	close_house();
}

static void a_slot_that_new_rules_put_into_the_future_again_is_not_repeated(void **state)
{
	open_before_eleven(DAILY("r", "11:00", ""));
	step_to(NOON - 3 * HOUR_MS);
	assert_told("ana: r, bo: r");
	change_home(1);
	step_to(NOON + 21 * HOUR_MS);
	assert_told("");
	step_to(NOON + 22 * HOUR_MS);
	assert_told("ana: r, bo: r");
	close_house();
}

static void a_slot_that_new_rules_put_off_goes_at_its_new_instant(void **state)
{
	open_before_eleven(DAILY("r", "11:00", ""));
	change_home(1);
	step_to(NOON - 2 * HOUR_MS - 1);
	assert_told("");
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: r, bo: r");
	close_house();
}

static void what_new_rules_made_late_follows_grace_and_catch_up(void **state)
{
	uint64_t skipped = report_count(EVENT_SKIPPED), missed = report_count(EVENT_MISSED);

	open_before_eleven(DAILY("late", "11:00", "grace = \"29min\";") "," DAILY("none", "11:00",
		"catch_up = \"none\";") "," DAILY("list", "10:50,55", "") "," DAILY("each",
		"10:50,55",
		"catch_up = \"all\";") "," DAILY("grace", "11:00", "grace = \"30min\";"));
	change_home(3);
	assert_told("ana: each, ana: each, ana: grace, ana: list, "
		    "bo: each, bo: each, bo: grace, bo: list");
	assert_int_equal(report_count(EVENT_SKIPPED), skipped + 2);
	assert_int_equal(report_count(EVENT_MISSED), missed + 2);
	close_house();
}

/* What was let go by its catch_up stays so: only what lay ahead is decided again. */
static void what_was_let_go_before_does_not_come_back_by_new_rules(void **state)
{
	open_house("sqlite", "", DAILY("r", "10:10,20", ""), NOON - 5 * HOUR_MS);
	clock_step(bed.clock, NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	bed_settle(&bed);
	assert_told("ana: r, bo: r");
	change_home(3);
	step_to(NOON);
	assert_told("");
	close_house();
}

/* Nor is it counted as missed once more. */
static void elapsed_time_knows_no_new_rules(void **state)
{
	uint64_t missed;

	open_house("sqlite", "",
		"{ id = \"r\"; kind = \"note\"; text = \"x\"; to = [ \"ana\" ]; every = \"20min\"; "
		"}",
		NOON - 6 * HOUR_MS - 10 * MINUTE_MS);
	clock_step(bed.clock, NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	bed_settle(&bed);
	assert_told("ana: r");
	missed = report_count(EVENT_MISSED);
	change_home(3);
	change_home(1);
	assert_told("");
	assert_int_equal(report_count(EVENT_MISSED), missed);
	step_to(NOON - 3 * HOUR_MS);
	assert_told("ana: r, ana: r");
	close_house();
}

/* However far a file moves a clock, a day is the most. */
static void no_more_than_a_day_is_decided_again(void **state)
{
	first_hours = -11;
	open_house("sqlite", "",
		DAILY("q", "2026-06-03 00:55", "") "," DAILY("r", "11:00",
			"grace = \"48h\";") "," DAILY("s", "2026-06-03 01:30", "grace = \"48h\";"),
		NOON - 48 * HOUR_MS);
	step_to(NOON);
	n_told = 0;
	change_home(14);
	assert_told("ana: r, bo: r");
	close_house();
}

static void see_value(void *owner, const char *name, const char *value)
{
	struct buf *text = owner;

	if (str_starts(name, ZONES_PREFIX))
		buf_printf(text, "%s=%s ", name + strlen(ZONES_PREFIX), value);
}

static void assert_kept(const char *expected)
{
	static const struct store_visitor visitor = {.value = see_value};
	struct buf text = BUF_MAX(1000);

	engine_free(bed.engine);
	{
		auto_free char *folder = str_printf("%s/state", bed.folder);
		struct store_settings settings = {
			.kind = "sqlite", .loop = bed.loop, .folder = folder};
		auto_free char *error = NULL;
		struct store *store;

		assert_int_equal(store_open(&settings, &store, &error), 0);
		assert_int_equal(store_load(store, 0, &visitor, &text), 0);
		store_close(store);
	}
	assert_string_equal(buf_str(&text), expected);
	buf_free(&text);
	bed_start(&bed);
}

static void what_each_clock_showed_is_kept_beside_the_mark(void **state)
{
	open_before_eleven(DAILY("r", "11:00", "") "," DAILY("s", "12:00", ""));
	assert_kept("Test/Home=7200 UTC=0 ");
	change_home(1);
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: r, bo: r");
	assert_kept("Test/Home=3600 UTC=0 ");
	change_home(-3);
	assert_kept("Test/Home=3600 UTC=0 "); /* nothing was decided by it yet */
	{
		auto_free char *text = str_printf(
			"timezone = \"UTC\"; state = \"%s/state\";\n"
			"channels = ( { id = \"hook\"; plugin = \"webhook\"; allow_private = true; "
			"url = \"http://127.0.0.1:%d/in\"; } );\n"
			"people = ( { id = \"ana\"; via = [ \"hook\" ]; } );\n"
			"reminders = ( " DAILY("t", "12:10", "") " );\n",
			bed.folder, bed.port);

		bed_write(&bed, text);
	}
	reload();
	step_to(NOON + 10 * MINUTE_MS);
	assert_told("ana: t");
	assert_kept("UTC=0 ");
	close_house();
}

static void what_waits_for_the_hours_goes_when_new_rules_open_them(void **state)
{
	people = "{ id = \"ana\"; place = \"open\"; via = [ \"hook\" ]; }";
	open_house("sqlite", "", DAILY("r", "07:30", ""), NOON - 8 * HOUR_MS);
	step_to(NOON - 6 * HOUR_MS - 15 * MINUTE_MS); /* 07:45; the hours begin at 06:00Z */
	assert_told("");
	change_home(3);
	assert_told("ana: r");
	step_to(NOON);
	assert_told("");
	close_house();
}

static void a_rule_with_a_zone_of_its_own_follows_it(void **state)
{
	uint64_t changed = report_count(EVENT_FILE_CHANGED);

	people = "{ id = \"ana\"; via = [ \"hook\" ]; }";
	open_before_eleven(DAILY("r", "11:00 Test/Home", "") "," DAILY("s", "11:40 Test/Home", ""));
	change_home(3);
	assert_told("ana: r");
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 1);
	step_to(NOON - 3 * HOUR_MS - 20 * MINUTE_MS);
	assert_told("ana: s");
	step_to(NOON);
	assert_told("");
	close_house();
}

/* Each change is measured by what decided last. */
static void rules_may_change_again_and_again(void **state)
{
	open_before_eleven(DAILY("r", "11:00", "") "," DAILY("s", "12:10", "") "," DAILY(
		"u", "2026-06-03 11:14", ""));
	change_home(1);
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: r, bo: r");
	step_to(NOON - 2 * HOUR_MS + 15 * MINUTE_MS);
	assert_told("ana: u, bo: u");
	change_home(2);
	assert_told("ana: s, bo: s");
	change_home(1);
	change_home(3);
	step_to(NOON);
	assert_told("");
	close_house();
}

static void a_file_that_cannot_be_used_leaves_the_old_rules_and_is_said_once(void **state)
{
	uint64_t changed = report_count(EVENT_FILE_CHANGED);
	uint64_t unusable = report_count(EVENT_FILE_UNUSABLE);

	open_before_eleven(DAILY("r", "11:00", "") "," DAILY("s", "12:00", ""));
	damage_home();
	files_take_changes(bed.engine);
	files_take_changes(bed.engine);
	remove_home();
	files_take_changes(bed.engine);
	bed_settle(&bed);
	assert_int_equal(report_count(EVENT_FILE_UNUSABLE), unusable + 1);
	step_to(NOON - 3 * HOUR_MS);
	assert_told("ana: r, bo: r");
	change_home(2); /* mended, and as before */
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 1);
	files_take_changes(bed.engine);
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 1);
	damage_home();
	files_take_changes(bed.engine);
	assert_int_equal(report_count(EVENT_FILE_UNUSABLE), unusable + 2);
	change_home(3);
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 2);
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: s, bo: s");
	close_house();
}

/* Ten past ten moves the mark; then the daemon is down, and eleven has passed when it comes back. */
static void rules_that_change_while_it_is_down_lose_no_slot(void **state)
{
	open_house("sqlite", "", DAILY("r", "10:10", "") "," DAILY("s", "11:00", ""),
		NOON - 5 * HOUR_MS);
	step_to(NOON - 3 * HOUR_MS - 40 * MINUTE_MS);
	assert_told("ana: r, bo: r");
	engine_free(bed.engine);
	write_home(3);
	clock_advance(bed.clock, NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	bed_start(&bed);
	assert_told("ana: s, bo: s");
	bed_restart(&bed);
	step_to(NOON + 20 * HOUR_MS - 1);
	assert_told("ana: r, bo: r");
	step_to(NOON + 20 * HOUR_MS);
	assert_told("ana: s, bo: s");
	close_house();
}

/* The change is known, the slot was not recorded yet: a crash here must not lose it. */
static void a_crash_after_new_rules_loses_no_slot(void **state)
{
	open_house("sqlite", "", DAILY("r", "10:10", "") "," DAILY("s", "11:00", ""),
		NOON - 5 * HOUR_MS);
	step_to(NOON - 3 * HOUR_MS - 40 * MINUTE_MS);
	assert_told("ana: r, bo: r");
	write_home(3);
	files_take_changes(bed.engine);
	bed_restart(&bed);
	assert_told("ana: s, bo: s");
	close_house();
}

static void a_reload_takes_new_rules_and_loses_no_slot(void **state)
{
	open_before_eleven(DAILY("r", "11:00", "") "," DAILY("s", "12:00", ""));
	write_home(3);
	reload();
	assert_told("ana: r, bo: r");
	/* A schedule that is written into the past by hand was never promised. */
	write_house("sqlite", "", DAILY("r", "11:00", "") "," DAILY("s", "11:15", ""));
	write_home(2);
	reload();
	write_house("sqlite", "", DAILY("r", "10:15", "") "," DAILY("s", "11:15", ""));
	reload();
	assert_told("");
	step_to(NOON);
	assert_told("ana: s, bo: s");
	close_house();
}

static void write_calendar(const char *events)
{
	auto_free char *path = str_printf("%s/days.ics", bed.folder);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s", events);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	files_take_changes(bed.engine);
	bed_settle(&bed);
}

#define CALENDAR(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" events "END:VCALENDAR\r\n"
#define DAY_OFF(date)                                                                              \
	"BEGIN:VEVENT\r\nUID:" date "\r\nDTSTART;VALUE=DATE:" date "\r\nEND:VEVENT\r\n"

static void a_calendar_that_changes_decides_what_is_still_to_come(void **state)
{
	static const char with_calendar[] = "{ id = \"ana\"; place = \"home\"; via = [ \"hook\" ]; "
					    "absence = [ \"days.ics\" ]; }";
	uint64_t changed, unusable, skipped;

	open_before_eleven(DAILY("r", "11:00", ""));
	write_calendar(CALENDAR());
	people = with_calendar;
	write_house("sqlite", "", DAILY("r", "11:00", ""));
	reload();
	changed = report_count(EVENT_FILE_CHANGED);
	unusable = report_count(EVENT_FILE_UNUSABLE);
	skipped = report_count(EVENT_SKIPPED);
	write_calendar(CALENDAR(DAY_OFF("20260603")));
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 1);
	step_to(NOON);
	assert_told("");
	assert_int_equal(report_count(EVENT_SKIPPED), skipped + 1);
	write_calendar("no calendar at all");
	files_take_changes(bed.engine);
	assert_int_equal(report_count(EVENT_FILE_UNUSABLE), unusable + 1);
	write_calendar(CALENDAR(DAY_OFF("20260603")));
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 2);
	change_home(3);
	assert_int_equal(report_count(EVENT_FILE_CHANGED), changed + 3);
	step_to(NOON + 24 * HOUR_MS);
	assert_told("ana: r");
	close_house();
}

/* On time is on time, also when new rules come in the same moment: catch_up is for what was missed. */
static void what_is_due_when_new_rules_come_goes_first(void **state)
{
	open_before_eleven(DAILY("r", "11:00", "catch_up = \"none\";") "," DAILY("s", "12:00", ""));
	write_home(3);
	/* Past the instant without its alarm: the change is seen first. */
	clock_step(bed.clock, NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	bed_settle(&bed);
	assert_int_equal(alarm_set(bed.engine->alarm, TIME_NEVER), 0);
	clock_advance(bed.clock, NOON - 3 * HOUR_MS);
	files_take_changes(bed.engine);
	bed_settle(&bed);
	assert_told("ana: r, ana: s, bo: r, bo: s");
	close_house();
}

/* ---- a clock that is set, a machine that sleeps ---- */

static void set_clock(int64_t at)
{
	clock_step(bed.clock, at);
	bed_settle(&bed);
}

/* Noon at home is ten o'clock UTC. */
static void a_machine_that_slept_catches_up_once_by_grace_and_catch_up(void **state)
{
	uint64_t missed = report_count(EVENT_MISSED), skipped = report_count(EVENT_SKIPPED);

	open_house("sqlite", "",
		DAILY("one", "12:00", "") "," DAILY(
			"list", "11..14:00", "grace = \"1h\";") "," DAILY("each", "13,14:00",
			"catch_up = \"all\"; grace = \"2h\";") "," DAILY("none", "13:00",
			"catch_up = \"none\";") "," DAILY("late", "12:00", "grace = \"59min\";"),
		NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	step_to(NOON - 3 * HOUR_MS); /* eleven */
	assert_told("ana: list, bo: list");
	set_clock(NOON + MINUTE_MS); /* one minute past two in the afternoon */
	assert_told("ana: each, ana: each, ana: list, bo: each, bo: each, bo: list");
	assert_int_equal(report_count(EVENT_MISSED), missed + 2);   /* of list and none */
	assert_int_equal(report_count(EVENT_SKIPPED), skipped + 4); /* one and late */
	step_to(NOON + 20 * HOUR_MS);
	assert_told("");
	close_house();
}

static void a_clock_that_is_set_back_repeats_nothing_and_goes_on_after_the_mark(void **state)
{
	uint64_t set = report_count(EVENT_CLOCK_SET), reset = report_count(EVENT_MARK_RESET);

	open_house("sqlite", "",
		DAILY("r", "11,12:00", "") "," DAILY(
			"s", "12:30", "") ","
					  "{ id = \"t\"; kind = \"note\"; text = \"x\"; to = [ "
					  "\"ana\" ]; every = \"1h\"; }",
		NOON - 3 * HOUR_MS - 30 * MINUTE_MS);
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: r, ana: r, ana: t, ana: t, bo: r, bo: r");
	for (int i = 0; i < 2; i++) {
		set_clock(NOON - 3 * HOUR_MS - 10 * MINUTE_MS);
		bed_restart(&bed);
		step_to(NOON - 2 * HOUR_MS);
		assert_told("");
	}
	assert_int_equal(report_count(EVENT_CLOCK_SET), set + 2);
	assert_int_equal(report_count(EVENT_MARK_RESET), reset);
	step_to(NOON - HOUR_MS);
	assert_told("ana: s, ana: t, bo: s");
	close_house();
}

/* The clock was two days ahead for a while: what went then does not go again, and the days between
 * have their messages. */
static void a_mark_far_ahead_is_reset_and_what_was_sent_is_not_sent_again(void **state)
{
	uint64_t reset = report_count(EVENT_MARK_RESET);

	open_house("sqlite", "", DAILY("r", "12:00", "grace = \"3h\";"), NOON - 3 * HOUR_MS);
	set_clock(NOON + 46 * HOUR_MS);
	assert_told("ana: r, bo: r"); /* of the day after tomorrow */
	set_clock(NOON - 3 * HOUR_MS);
	assert_int_equal(report_count(EVENT_MARK_RESET), reset + 1);
	step_to(NOON - 2 * HOUR_MS);
	assert_told("ana: r, bo: r");
	bed_restart(&bed);
	step_to(NOON + 22 * HOUR_MS);
	assert_told("ana: r, bo: r");
	step_to(NOON + 46 * HOUR_MS);
	assert_told("");
	step_to(NOON + 70 * HOUR_MS);
	assert_told("ana: r, bo: r");
	close_house();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pass_that_a_crash_repeats_records_and_sends_nothing_again),
		cmocka_unit_test(
			a_pass_that_is_repeated_leaves_budgets_and_held_messages_as_they_were),
		cmocka_unit_test(a_held_nudge_that_is_answered_leaves_the_next_day_as_it_was),
		cmocka_unit_test(what_was_carried_over_goes_with_the_rest_of_its_new_day),
		cmocka_unit_test(who_meets_a_date_again_has_used_it),
		cmocka_unit_test(nor_is_there_room_for_a_nudge_on_it),
		cmocka_unit_test(also_where_it_is_yesterday_in_greenwich),
		cmocka_unit_test(a_slot_that_new_rules_put_into_the_past_is_caught_up_on),
		cmocka_unit_test(a_slot_that_new_rules_put_into_the_future_again_is_not_repeated),
		cmocka_unit_test(a_slot_that_new_rules_put_off_goes_at_its_new_instant),
		cmocka_unit_test(what_new_rules_made_late_follows_grace_and_catch_up),
		cmocka_unit_test(what_was_let_go_before_does_not_come_back_by_new_rules),
		cmocka_unit_test(elapsed_time_knows_no_new_rules),
		cmocka_unit_test(no_more_than_a_day_is_decided_again),
		cmocka_unit_test(what_each_clock_showed_is_kept_beside_the_mark),
		cmocka_unit_test(what_waits_for_the_hours_goes_when_new_rules_open_them),
		cmocka_unit_test(a_rule_with_a_zone_of_its_own_follows_it),
		cmocka_unit_test(rules_may_change_again_and_again),
		cmocka_unit_test(a_file_that_cannot_be_used_leaves_the_old_rules_and_is_said_once),
		cmocka_unit_test(rules_that_change_while_it_is_down_lose_no_slot),
		cmocka_unit_test(a_crash_after_new_rules_loses_no_slot),
		cmocka_unit_test(a_reload_takes_new_rules_and_loses_no_slot),
		cmocka_unit_test(a_calendar_that_changes_decides_what_is_still_to_come),
		cmocka_unit_test(a_machine_that_slept_catches_up_once_by_grace_and_catch_up),
		cmocka_unit_test(
			a_clock_that_is_set_back_repeats_nothing_and_goes_on_after_the_mark),
		cmocka_unit_test(a_mark_far_ahead_is_reset_and_what_was_sent_is_not_sent_again),
		cmocka_unit_test(what_is_due_when_new_rules_come_goes_first),
	};
	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
