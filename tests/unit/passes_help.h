/* What the tests of passes share: a house in a zone of our own, whose receiver keeps what it is told, on
 * a simulated clock. */
#pragma once

#include "engine/planner_internal.h"
#include "engine_help.h"

static const int64_t NOON = INT64_C(1780488000000); /* Wednesday, 2026-06-03T12:00:00Z */
enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, MESSAGES = 64 };

struct told {
	char person[32], reminders[128]; /* with spaces between */
	char first[40];                  /* the id of its first occurrence: they grow */
	int64_t at;
};

static struct bed bed;
static struct told told[MESSAGES];
static size_t n_told, n_follows;
static char newest[40]; /* the occurrence that was told last */

static int on_message(void *owner, const char *path, const json_t *data)
{
	struct told *message = &told[n_told++];
	json_t *item;
	size_t i;

	assert_true(n_told < MESSAGES);
	*message = (struct told){.at = clock_now(bed.clock)};
	snprintf(message->person, sizeof(message->person), "%s",
		json_string_value(json_object_get(json_object_get(data, "person"), "id")));
	json_array_foreach(json_object_get(data, "items"), i, item)
	{
		size_t len = strlen(message->reminders);

		snprintf(message->reminders + len, sizeof(message->reminders) - len, "%s%s",
			i ? " " : "", json_string_value(json_object_get(item, "reminder")));
		if (!i)
			snprintf(message->first, sizeof(message->first), "%s",
				json_string_value(json_object_get(item, "occurrence")));
		snprintf(newest, sizeof(newest), "%s",
			json_string_value(json_object_get(item, "occurrence")));
	}
	return 200;
}

static int by_person(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	int order = strcmp(x->person, y->person);

	return order ? order : strcmp(x->reminders, y->reminders);
}

/* Everything that was told since it was last asked: "ana: r, bo: r s". What goes at one instant
 * arrives in any order. */
static void assert_told(const char *expected)
{
	struct buf text = BUF_MAX(4096);

	if (n_told)
		qsort(told, n_told, sizeof(*told), by_person);
	for (size_t i = 0; i < n_told; i++)
		buf_printf(&text, "%s%s: %s", i ? ", " : "", told[i].person, told[i].reminders);
	assert_string_equal(buf_str(&text), expected);
	buf_free(&text);
	n_told = 0;
}

/* ---- zones of our own ---- */

static char *zone_folder;

static void put(FILE *file, int64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--)
		fputc((int)((uint64_t)value >> (8 * i) & 255), file);
}

static void put_block(FILE *file, int32_t offset)
{
	fputs("TZif2", file);
	for (int i = 0; i < 15; i++)
		fputc(0, file);
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, 1, 4); /* types */
	put(file, 4, 4); /* letters */
	put(file, offset, 4);
	put(file, 0, 2);
	put(file, 0x41424300, 4);
}

/* The zone Test/Home, so many hours east of UTC for ever. */
static void write_home(int hours)
{
	auto_free char *path = str_printf("%s/Test/Home", zone_folder);
	auto_free char *new = str_printf("%s/Test/new", zone_folder);
	FILE *file = fopen(new, "w");

	assert_non_null(file);
	put_block(file, hours * 3600);
	put_block(file, hours * 3600);
	fprintf(file, "\n<HOM>%d\n", -hours);
	fclose(file);
	assert_int_equal(rename(new, path), 0);
}

static unused_arg void damage_home(void)
{
	auto_free char *path = str_printf("%s/Test/Home", zone_folder);

	assert_int_equal(truncate(path, 30), 0);
}

static unused_arg void remove_home(void)
{
	auto_free char *path = str_printf("%s/Test/Home", zone_folder);

	assert_int_equal(unlink(path), 0);
}

/* ---- the house ---- */

#define DAILY(id, time, more)                                                                      \
	"{ id = \"" id                                                                             \
	"\"; kind = \"practice\"; text = \"x\"; to = [ \"all\" ]; calendar = \"" time "\"; " more  \
	" }"

#define AT_HOME                                                                                    \
	"{ id = \"ana\"; place = \"home\"; via = [ \"hook\" ]; },"                                 \
	"{ id = \"bo\"; place = \"home\"; via = [ \"hook\" ]; }"

static const char *people = AT_HOME;

static void write_house(const char *store, const char *top, const char *reminders)
{
	auto_free char *text = str_printf(
		"timezone = \"UTC\"; state = \"%s/state\"; store = \"%s\"; %s\n"
		"channels = ( { id = \"hook\"; plugin = \"webhook\"; allow_private = true; "
		"url = \"http://127.0.0.1:%d/in\"; } );\n"
		"places = ( { id = \"home\"; timezone = \"Test/Home\"; }, { id = \"open\"; "
		"timezone = \"Test/Home\"; hours = \"08:00-20:00\"; } );\n"
		"people = ( %s );\nreminders = ( %s );\n",
		bed.folder, store, *top ? top : "daily_limit = 0;", bed.port, people, reminders);

	bed_write(&bed, text);
}

static int first_hours = 2;

/* Starts in a zone of two hours east, long before anything is due. */
static void open_house(const char *store, const char *top, const char *reminders, int64_t at)
{
	n_told = n_follows = 0;
	bed_open(&bed, at, on_message, NULL);
	zone_folder = str_printf("%s/zones", bed.folder);
	assert_int_equal(mkdir(zone_folder, 0700), 0);
	{
		auto_free char *folder = str_printf("%s/Test", zone_folder);

		assert_int_equal(mkdir(folder, 0700), 0);
	}
	setenv("TZDIR", zone_folder, 1);
	write_home(first_hours);
	write_house(store, top, reminders);
	bed_start(&bed);
}

static void close_house(void)
{
	bed_close(&bed);
	free(zone_folder);
	people = AT_HOME;
	unsetenv("TZDIR");
	first_hours = 2;
}

static void step_to(int64_t at)
{
	bed_step(&bed, at - clock_now(bed.clock));
}

/* The mark as it was: a crash after the last slice was durable, and before its mark was. */
static unused_arg void take_mark_back(int64_t mark_at)
{
	struct change *change = change_new();
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)mark_at);
	change_set_value(change, "mark", text);
	store_apply(bed.engine->store, change, NULL, NULL);
	bed_settle(&bed);
}

static unused_arg void reload(void)
{
	struct complaints complaints = {0};

	assert_int_equal(engine_reload(bed.engine, &complaints), 0);
	bed_settle(&bed);
	complaints_clear(&complaints); /* warnings */
}

static unused_arg void use_reminders(const char *reminders)
{
	write_house("sqlite", "daily_limit = 2;", reminders);
	reload();
}
