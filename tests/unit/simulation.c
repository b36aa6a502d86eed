/* Weeks of a made-up organisation in seconds: the real engine, SQLite and HTTP on a simulated clock.
 * Two questions. Does a live run send exactly what the preview said (people in several zones, hours,
 * limits, jitter, restarts)? And with nudges, answers, restarts and a clock that is set: is anybody
 * over the limit, anything early, twice, or asked after an answer? Seeded: SIMULATION_SEED repeats a
 * run, SIMULATION_RUNS makes more of them. */
#include "engine_help.h"

#include "base/random.h"

enum { PEOPLE = 9, STEP_MS = 60 * 1000, HOUR_MS = 3600 * 1000, NAME = 64 };

/* One thing that a message says. */
struct item {
	int64_t at;     /* of the message */
	char text[160]; /* recipient, message, reminder, subject, slot */
};

struct items {
	struct item *list;
	size_t count, capacity;
};

struct seen {
	char occurrence[ID_TEXT], person[NAME], reminder[NAME], about[NAME], kind[NAME];
	int64_t at, due_at, answered_at;
	int count; /* messages that carried it */
};

struct message {
	char delivery[ID_TEXT], person[NAME];
	int64_t at;
};

struct world {
	uint64_t seed;
	struct bed bed;
	int limit;
	bool nudges;
	struct seen *seen;
	size_t n_seen, seen_capacity;
	struct message *messages;
	size_t n_messages, messages_capacity;
};

static const char *const zones[] = {"Europe/London", "America/New_York", "Asia/Kathmandu",
	"Pacific/Chatham", "Australia/Lord_Howe", "America/St_Johns", "UTC"};
static const char *const windows[] = {"", "hours = \"Mon..Fri 08:30-18:00\";",
	"quiet = \"19:00-08:00\";", "hours = \"Mon..Sat 07:00-20:00\"; quiet = \"12:00-13:00\";"};

/* ---- the organisation ---- */

static uint64_t pick(uint64_t bound)
{
	return random_below(bound);
}

static void write_place(struct buf *text, size_t i)
{
	buf_printf(text, "%s{ id = \"place%zu\"; timezone = \"%s\"; %s }", i ? "," : "", i,
		zones[pick(ARRAY_LEN(zones))], windows[pick(ARRAY_LEN(windows))]);
}

static void write_person(struct buf *text, int i, const char *start)
{
	buf_printf(text, "%s{ id = \"p%d\"; place = \"place%d\"; via = [ \"hook\" ];", i ? "," : "",
		i, (int)pick(4));
	if (i)
		buf_printf(
			text, " manager = \"p%d\"; mentor = \"p%d\";", (int)pick(i), (int)pick(i));
	if (pick(4) == 0) {
		int32_t day;
		char from[CIVIL_TEXT], until[CIVIL_TEXT];

		assert_int_equal(date_parse(start, &day), 0);
		day += (int32_t)pick(8);
		date_write(day, from);
		date_write(day + (int32_t)pick(3), until);
		buf_printf(text, " away = ( { from = \"%s\"; until = \"%s\"; } );", from, until);
	}
	buf_printf(text, " }");
}

static void write_schedule(struct buf *text, const char *start)
{
	static const char *const days[] = {"Mon..Fri", "*-*-*", "Mon,Wed,Sat", "Tue"};
	int hour = (int)pick(24), minute = (int)pick(60);

	switch (pick(5)) {
	case 0:
		buf_printf(text, "every = \"%dh\";", 3 + (int)pick(20));
		break;
	case 1:
		buf_printf(text, "every = \"%d days\"; start = \"%sT%02d:%02d\";", 1 + (int)pick(3),
			start, hour, minute);
		break;
	case 2:
		buf_printf(text, "calendar = \"%s %02d,%02d:%02d\";", days[pick(ARRAY_LEN(days))],
			hour, (hour + 1 + (int)pick(8)) % 24, minute);
		break;
	default:
		buf_printf(text, "calendar = \"%s %02d:%02d\";", days[pick(ARRAY_LEN(days))], hour,
			minute);
	}
}

static void write_reminder(struct world *world, struct buf *text, int i, const char *start)
{
	bool about = pick(5) == 0;

	buf_printf(text, "%s{ id = \"r%d\"; kind = \"note\"; text = \"x\"; priority = %d;",
		i ? "," : "", i, 1 + (int)pick(5));
	write_schedule(text, start);
	buf_printf(text, " grace = \"%dh\";", 1 + (int)pick(12));
	if (pick(3) == 0)
		buf_printf(text, " jitter = \"%dmin\";", 1 + (int)pick(40));
	if (pick(6) == 0)
		buf_printf(text, " anywhere = true;");
	if (world->nudges && pick(2))
		buf_printf(text,
			" nudge = { after = \"%dmin\"; at_most = %d; escalate = \"mentor\"; };",
			30 + (int)pick(300), (int)pick(3));
	buf_printf(text,
		about ? " about = [ \"all\" ]; to = [ \"manager\" ]; }" : " to = [ \"all\" ]; }");
}

static void write_config(struct world *world, const char *start)
{
	struct buf text = BUF_MAX(1 << 20);
	int reminders = 3 + (int)pick(6);

	world->limit = (int)pick(5);
	buf_printf(&text,
		"timezone = \"UTC\"; state = \"%s/state\"; daily_limit = %d;\n"
		"channels = ( { id = \"hook\"; plugin = \"webhook\"; url = "
		"\"http://127.0.0.1:%d/\"; "
		"allow_private = true; } );\nplaces = (",
		world->bed.folder, world->limit, world->bed.port);
	for (size_t i = 0; i < 4; i++)
		write_place(&text, i);
	buf_printf(&text, ");\npeople = (");
	for (int i = 0; i < PEOPLE; i++)
		write_person(&text, i, start);
	buf_printf(&text, ");\nreminders = (");
	for (int i = 0; i < reminders; i++)
		write_reminder(world, &text, i, start);
	buf_printf(&text, ");\n");
	bed_write(&world->bed, buf_str(&text));
	buf_free(&text);
}

/* ---- what arrives ---- */

static struct seen *find_seen(struct world *world, const char *occurrence)
{
	for (size_t i = 0; i < world->n_seen; i++)
		if (str_eq(world->seen[i].occurrence, occurrence))
			return &world->seen[i];
	return NULL;
}

static void copy(char *to, size_t size, const json_t *from)
{
	snprintf(to, size, "%s", json_is_string(from) ? json_string_value(from) : "");
}

static void see(struct world *world, const char *person, const json_t *item)
{
	const char *occurrence = json_string_value(json_object_get(item, "occurrence"));
	struct seen *seen = find_seen(world, occurrence);
	int64_t due;
	bool offset;

	if (!seen) {
		ARRAY_GROW(world->seen, world->n_seen, world->seen_capacity);
		seen = &world->seen[world->n_seen++];
		*seen = (struct seen){.answered_at = TIME_NEVER};
		snprintf(seen->occurrence, sizeof(seen->occurrence), "%s", occurrence);
		copy(seen->reminder, sizeof(seen->reminder), json_object_get(item, "reminder"));
		copy(seen->kind, sizeof(seen->kind), json_object_get(item, "kind"));
		copy(seen->about, sizeof(seen->about),
			json_object_get(json_object_get(item, "about"), "id"));
	}
	assert_int_equal(
		civil_parse(json_string_value(json_object_get(item, "due")), &due, &offset), 0);
	seen->due_at = due * 1000;
	seen->at = clock_now(world->bed.clock);
	snprintf(seen->person, sizeof(seen->person), "%s", person);
	seen->count++;
	if (seen->at > seen->answered_at)
		fail_msg("seed %llu: %s for %s came after its answer (%s)",
			(unsigned long long)world->seed, seen->reminder, person, seen->occurrence);
	if (seen->at < seen->due_at && !world->nudges)
		fail_msg("seed %llu: %s for %s is early", (unsigned long long)world->seed,
			seen->reminder, person);
}

static void keep_message(struct world *world, const json_t *data)
{
	struct message *message;

	ARRAY_GROW(world->messages, world->n_messages, world->messages_capacity);
	message = &world->messages[world->n_messages++];
	copy(message->delivery, sizeof(message->delivery), json_object_get(data, "delivery"));
	copy(message->person, sizeof(message->person),
		json_object_get(json_object_get(data, "person"), "id"));
	message->at = clock_now(world->bed.clock);
}

static int on_message(void *owner, const char *path, const json_t *data)
{
	struct world *world = owner;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(data, "items"), i, item) see(world,
		json_string_value(json_object_get(json_object_get(data, "person"), "id")), item);
	keep_message(world, data);
	return 200;
}

/* ---- running ---- */

static void world_open(struct world *world, uint64_t seed, bool nudges, int64_t *ret_start_at)
{
	static const char *const starts[] = {"2026-03-05", "2026-03-26", "2026-04-02", "2026-10-22",
		"2026-10-30", "2026-06-10", "2027-02-26"};
	const char *start;
	int32_t date;

	random_seed(seed);
	*world = (struct world){.seed = seed, .nudges = nudges};
	start = starts[pick(ARRAY_LEN(starts))];
	assert_int_equal(date_parse(start, &date), 0);
	*ret_start_at = (int64_t)date * DAY_S * 1000 + (int64_t)pick(24 * HOUR_MS);
	bed_open(&world->bed, *ret_start_at, on_message, world);
	write_config(world, start);
	bed_start(&world->bed);
}

static void world_close(struct world *world)
{
	bed_close(&world->bed);
	free(world->seen);
	free(world->messages);
}

/* ---- the preview of the same time ---- */

struct expected {
	struct world *world;
	struct items items;
	int64_t end_at;
};

static void add_item(struct items *items, int64_t at, const char *person, const char *reminder,
	const char *about, int64_t due_at)
{
	struct item *item;

	ARRAY_GROW(items->list, items->count, items->capacity);
	item = &items->list[items->count++];
	item->at = at;
	snprintf(item->text, sizeof(item->text), "%s %s %s %lld", person, reminder, about,
		(long long)due_at / 1000);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct expected *expected = owner;

	if (planned->send_at < expected->end_at)
		add_item(&expected->items, planned->send_at, planned->person->id,
			planned->reminder->id, planned->about ? planned->about->id : "",
			planned->due_at);
	return true;
}

static void preview(struct world *world, int64_t start_at, int64_t end_at, struct items *ret)
{
	struct expected expected = {.world = world, .end_at = end_at};
	struct preview_query query = {
		.from = local_date(start_at / 1000) - 1, .to = local_date(end_at / 1000) + 1};

	resolver_preview(world->bed.engine->model, engine_view(world->bed.engine), &query,
		on_planned, &expected);
	*ret = expected.items;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->text, ((const struct item *)b)->text);
}

/* Both in the same order; says the first difference. */
static void compare(struct world *world, struct items *said, struct items *sent)
{
	char at[CIVIL_TEXT], came[CIVIL_TEXT];

	if (said->count)
		qsort(said->list, said->count, sizeof(*said->list), by_text);
	if (sent->count)
		qsort(sent->list, sent->count, sizeof(*sent->list), by_text);
	for (size_t i = 0; i < said->count || i < sent->count; i++) {
		struct item *x = i < said->count ? &said->list[i] : NULL;
		struct item *y = i < sent->count ? &sent->list[i] : NULL;

		if (x)
			utc_write(x->at / 1000, at);
		if (y)
			utc_write(y->at / 1000, came);
		if (!y || (x && strcmp(x->text, y->text) < 0))
			fail_msg("seed %llu: said, not sent: %s at %s",
				(unsigned long long)world->seed, x->text, at);
		if (!x || strcmp(x->text, y->text) > 0)
			fail_msg("seed %llu: sent, not said: %s at %s",
				(unsigned long long)world->seed, y->text, came);
		if (y->at < x->at || y->at > x->at + STEP_MS)
			fail_msg("seed %llu: %s said for %s, sent at %s",
				(unsigned long long)world->seed, x->text, at, came);
	}
}

/* ---- shadow checks ---- */

static int32_t date_of(const struct world *world, const struct message *message)
{
	const struct person *person = model_person(world->bed.engine->model, message->person);

	return local_date(zone_to_local(person->place->zone, message->at / 1000, NULL));
}

/* No person gets more messages on a local date than the limit. */
static void check_limit(struct world *world)
{
	for (size_t i = 0; i < world->n_messages && world->limit; i++) {
		const struct message *message = &world->messages[i];
		int32_t date = date_of(world, message);
		int count = 1;
		char text[CIVIL_TEXT];

		for (size_t j = 0; j < i; j++)
			count += str_eq(world->messages[j].person, message->person) &&
				 date_of(world, &world->messages[j]) == date;
		date_write(date, text);
		if (count > world->limit)
			fail_msg("seed %llu: %s gets more than %d on %s",
				(unsigned long long)world->seed, message->person, world->limit,
				text);
	}
}

static void check_once(struct world *world)
{
	for (size_t i = 0; i < world->n_seen; i++)
		for (size_t j = 0; j < i; j++) {
			const struct seen *x = &world->seen[i], *y = &world->seen[j];

			/* Word about somebody's silence is a check-in of its own. */
			if (x->due_at == y->due_at && str_eq(x->reminder, y->reminder) &&
				str_eq(x->kind, y->kind) && str_eq(x->person, y->person) &&
				str_eq(x->about, y->about))
				fail_msg("seed %llu: %s for %s has two occurrences of one slot",
					(unsigned long long)world->seed, x->reminder, x->person);
		}
}

/* ---- the tests ---- */

static uint64_t first_seed(void)
{
	const char *text = getenv("SIMULATION_SEED");

	return text ? strtoull(text, NULL, 10) : 1795304133000;
}

static int runs(void)
{
	const char *text = getenv("SIMULATION_RUNS");

	return text ? atoi(text) : 3;
}

static void run_and_compare(uint64_t seed, int days)
{
	struct world world;
	struct items said, sent = {0};
	int64_t start_at, end_at;

	world_open(&world, seed, false, &start_at);
	end_at = start_at + days * INT64_C(86400000);
	preview(&world, start_at, end_at, &said);
	while (clock_now(world.bed.clock) < end_at) {
		bed_step(&world.bed, STEP_MS);
		if (pick(2000) == 0)
			bed_restart(&world.bed);
	}
	for (size_t i = 0; i < world.n_seen; i++) {
		const struct seen *seen = &world.seen[i];

		assert_int_equal(seen->count, 1);
		if (seen->at < end_at)
			add_item(&sent, seen->at, seen->person, seen->reminder, seen->about,
				seen->due_at);
	}
	compare(&world, &said, &sent);
	check_limit(&world);
	printf("seed %llu: %zu items in %zu messages, limit %d, as the preview said\n",
		(unsigned long long)seed, sent.count, world.n_messages, world.limit);
	free(said.list);
	free(sent.list);
	world_close(&world);
}

static void a_live_run_sends_what_the_preview_said(void **state)
{
	uint64_t seed = first_seed();

	for (int i = 0; i < runs(); i++)
		run_and_compare(seed + (uint64_t)i, 9);
}

static void on_answered(void *owner, int error, const char *why)
{
	assert_int_equal(error, 0);
	*(bool *)owner = true;
}

/* Somebody answers something that they were asked. */
static void answer_one(struct world *world)
{
	struct seen *seen;
	struct id id;
	bool done = false;

	if (!world->n_seen)
		return;
	seen = &world->seen[world->n_seen - 1 - pick(MIN_OF(world->n_seen, (size_t)20))];
	if (seen->answered_at != TIME_NEVER)
		return;
	assert_int_equal(id_read(seen->occurrence, &id), 0);
	engine_answer(world->bed.engine, id, pick(2) ? ANSWER_DONE : ANSWER_SKIP, 0, NULL, SHARES,
		on_answered, &done);
	while (!done)
		bed_turn(&world->bed);
	seen->answered_at = clock_now(world->bed.clock);
	bed_settle(&world->bed);
}

static void run_and_check(uint64_t seed, int days, bool sets_clock)
{
	struct world world;
	int64_t start_at, end_at;

	world_open(&world, seed, true, &start_at);
	end_at = start_at + days * INT64_C(86400000);
	while (clock_now(world.bed.clock) < end_at) {
		bed_step(&world.bed, STEP_MS);
		if (pick(40) == 0)
			answer_one(&world);
		if (pick(1000) == 0)
			bed_restart(&world.bed);
		if (sets_clock && pick(1500) == 0) {
			clock_step(world.bed.clock, clock_now(world.bed.clock) +
							    (int64_t)pick(10 * HOUR_MS) -
							    4 * HOUR_MS);
			bed_settle(&world.bed);
		}
	}
	/* What waited for its minute when the clock was set comes late, perhaps on another date. */
	if (!sets_clock)
		check_limit(&world);
	check_once(&world);
	printf("seed %llu: %zu occurrences in %zu messages, limit %d, all in order\n",
		(unsigned long long)seed, world.n_seen, world.n_messages, world.limit);
	world_close(&world);
}

static void nobody_is_over_the_limit_asked_twice_or_after_an_answer(void **state)
{
	uint64_t seed = first_seed();

	for (int i = 0; i < runs(); i++)
		run_and_check(seed + (uint64_t)i, 9, false);
}

static void a_clock_that_is_set_brings_nothing_twice_or_after_an_answer(void **state)
{
	uint64_t seed = first_seed();

	for (int i = 0; i < runs(); i++)
		run_and_check(seed + (uint64_t)i, 9, true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_live_run_sends_what_the_preview_said),
		cmocka_unit_test(nobody_is_over_the_limit_asked_twice_or_after_an_answer),
		cmocka_unit_test(a_clock_that_is_set_brings_nothing_twice_or_after_an_answer),
	};

	int failed;

	bed_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bed_end();
	return failed;
}
