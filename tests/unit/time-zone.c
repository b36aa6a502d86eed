/* Zones made in memory, so that no answer changes with the system's tzdata. */
#include "time/zone.h"

#include "time/tzif.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { FILE_MAX = 4096 };

struct file {
	uint8_t bytes[FILE_MAX];
	size_t len;
};

struct change {
	int64_t at;
	uint8_t type;
};

static void put(struct file *file, int64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--)
		file->bytes[file->len++] = (uint8_t)((uint64_t)value >> (8 * i));
}

static void put_header(struct file *file, char version, size_t changes, size_t types)
{
	memcpy(file->bytes + file->len, "TZif", 4);
	file->bytes[file->len + 4] = (uint8_t)version;
	memset(file->bytes + file->len + 5, 0, 15);
	file->len += 20;
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, (int64_t)changes, 4);
	put(file, (int64_t)types, 4);
	put(file, 4, 4);
}

static void put_block(struct file *file, int size, const struct change *changes, size_t n,
	const int32_t *types, size_t n_types)
{
	for (size_t i = 0; i < n; i++)
		put(file, changes[i].at, size);
	for (size_t i = 0; i < n; i++)
		put(file, changes[i].type, 1);
	for (size_t i = 0; i < n_types; i++) {
		put(file, types[i], 4);
		put(file, 0, 2);
	}
	put(file, 0x41424300, 4); /* "ABC" */
}

/* Version 2 with an empty first block, as slim files have it. */
static struct file slim(const struct change *changes, size_t n, const int32_t *types,
	size_t n_types, const char *footer)
{
	struct file file = {.len = 0};

	put_header(&file, '2', 0, 1);
	put_block(&file, 4, NULL, 0, types, 1);
	put_header(&file, '2', n, n_types);
	put_block(&file, 8, changes, n, types, n_types);
	file.len += (size_t)snprintf(
		(char *)file.bytes + file.len, FILE_MAX - file.len, "\n%s\n", footer);
	return file;
}

static struct zone *zone_of(const struct file *file)
{
	struct zone *zone = NULL;

	assert_int_equal(zone_parse("Test/Zone", file->bytes, file->len, &zone), 0);
	return zone;
}

static struct zone *zone_of_footer(const char *footer)
{
	const int32_t types[] = {0};
	struct file file = slim(NULL, 0, types, 1, footer);

	return zone_of(&file);
}

static int64_t instant(const char *text)
{
	int64_t value;
	bool has_offset;

	assert_int_equal(civil_parse(text, &value, &has_offset), 0);
	return value;
}

static void footers_say_when_the_offset_changes(void **state)
{
	static const struct {
		const char *footer, *at;
		int32_t before, after;
	} rows[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2037-03-29T01:00Z", 3600, 7200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2199-10-27T01:00Z", 7200, 3600},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2040-03-25T01:00Z", 0, 3600},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2040-10-28T01:00Z", 3600, 0},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2030-04-06T15:00Z", 39600, 37800},
		{"<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2030-09-08T04:00Z", -14400, -10800},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31T01:00Z", -7200, -3600},
		{"AAA0BBB,J60/0,J300/0", "2024-03-01T00:00Z", 0, 3600},
		{"AAA0BBB,J60/0,J300/0", "2025-03-01T00:00Z", 0, 3600},
		{"AAA0BBB,59/0,300/0", "2024-02-29T00:00Z", 0, 3600},
		{"AAA0BBB,59/0,300/0", "2025-03-01T00:00Z", 0, 3600},
		{"AAA0BBB,M1.1.0/167,M7.1.0/-167", "2023-01-07T23:00Z", 0, 3600},
		{"NST3:30NDT,M3.2.0,M11.1.0", "2030-03-10T05:30Z", -12600, -9000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone *zone = zone_of_footer(rows[i].footer);
		int64_t at = instant(rows[i].at);
		int32_t before, after;

		(void)zone_to_local(zone, at - 1, &before);
		(void)zone_to_local(zone, at, &after);
		if (before != rows[i].before || after != rows[i].after)
			fail_msg("%s at %s: %d to %d", rows[i].footer, rows[i].at, before, after);
		zone_unref(zone);
	}
}

static void a_footer_may_mean_summer_all_year(void **state)
{
	struct zone *zone = zone_of_footer("XXX3EDT4,0/0,J365/23");
	struct zone_stretch s = zone_stretch_at(zone, instant("2030-01-01T03:00Z"));

	assert_int_equal(s.offset, -14400);
	assert_true(s.from < instant("1971-01-01T00:00Z"));
	zone_unref(zone);
}

static void gaps_and_overlaps_are_told_apart(void **state)
{
	static const struct {
		const char *local;
		enum zone_fit fit;
		const char *first, *second;
	} rows[] = {
		{"2026-03-29T01:59:59", ZONE_UNIQUE, "2026-03-29T00:59:59Z",
			"2026-03-29T00:59:59Z"},
		{"2026-03-29T02:00:00", ZONE_GAP, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"2026-03-29T02:59:59", ZONE_GAP, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"2026-03-29T03:00:00", ZONE_UNIQUE, "2026-03-29T01:00:00Z",
			"2026-03-29T01:00:00Z"},
		{"2026-10-25T01:59:59", ZONE_UNIQUE, "2026-10-24T23:59:59Z",
			"2026-10-24T23:59:59Z"},
		{"2026-10-25T02:00:00", ZONE_OVERLAP, "2026-10-25T00:00:00Z",
			"2026-10-25T01:00:00Z"},
		{"2026-10-25T02:59:59", ZONE_OVERLAP, "2026-10-25T00:59:59Z",
			"2026-10-25T01:59:59Z"},
		{"2026-10-25T03:00:00", ZONE_UNIQUE, "2026-10-25T02:00:00Z",
			"2026-10-25T02:00:00Z"},
	};
	struct zone *zone = zone_of_footer("CET-1CEST,M3.5.0,M10.5.0/3");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t first, second;

		assert_int_equal(
			zone_to_utc(zone, instant(rows[i].local), &first, &second), rows[i].fit);
		assert_int_equal(first, instant(rows[i].first));
		assert_int_equal(second, instant(rows[i].second));
	}
	zone_unref(zone);
}

static void a_whole_day_can_be_missing(void **state)
{
	const int32_t types[] = {-36000, 50400};
	const struct change changes[] = {{1325239200, 1}};
	struct file file = slim(changes, 1, types, 2, "<+14>-14");
	struct zone *zone = zone_of(&file);
	int64_t first, second;

	assert_int_equal(zone_to_utc(zone, instant("2011-12-30T12:00"), &first, &second), ZONE_GAP);
	assert_int_equal(first, 1325239200);
	assert_int_equal(
		zone_to_utc(zone, instant("2011-12-29T23:59:59"), &first, &second), ZONE_UNIQUE);
	assert_int_equal(first, 1325239199);
	zone_unref(zone);
}

static void version_1_has_only_32_bits(void **state)
{
	const int32_t types[] = {0, 3600};
	const struct change changes[] = {{-100, 1}, {100000, 0}};
	struct file file = {.len = 0};
	struct zone *zone;

	put_header(&file, '\0', 2, 2);
	put_block(&file, 4, changes, 2, types, 2);
	zone = zone_of(&file);
	assert_int_equal(zone_to_local(zone, -101, NULL), -101);
	assert_int_equal(zone_to_local(zone, -100, NULL), 3500);
	assert_int_equal(zone_to_local(zone, 100000, NULL), 100000);
	zone_unref(zone);
}

static void the_same_changes_are_equal_whatever_the_file_looks_like(void **state)
{
	const int32_t types[] = {3600, 7200};
	const struct change changes[] = {{instant("1996-03-31T01:00Z"), 1},
		{instant("1996-10-27T01:00Z"), 0}, {instant("1997-03-30T01:00Z"), 1},
		{instant("1997-10-26T01:00Z"), 0}};
	struct file one = slim(changes, 4, types, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
	struct file two = slim(changes, 2, types, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
	struct file three = slim(changes, 2, types, 2, "CET-1CEST,M3.5.0,M10.5.0/2");
	struct zone *a = zone_of(&one), *b = zone_of(&two), *c = zone_of(&three);

	assert_true(zone_equal(a, b));
	assert_false(zone_equal(a, c));
	zone_unref(a);
	zone_unref(b);
	zone_unref(c);
}

static void damaged_files_are_refused(void **state)
{
	static const char *const footers[] = {"CET", "CE-1", "CET-1CEST", "CET-25",
		"CET-1CEST,M3.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,J0,J5",
		"CET-1CEST,366,5", "<CET-1", "CET-1CEST,M3.5.0,M10.5.0x"};
	const int32_t types[] = {3600, 7200}, far[] = {3600, 100000};
	const struct change backwards[] = {{1000, 1}, {1000, 0}}, wild[] = {{1000, 9}};
	const struct change hasty[] = {{1000, 1}, {1100, 0}, {1200, 1}};
	struct zone *zone = NULL;
	struct file file;

	for (size_t i = 0; i < ARRAY_LEN(footers); i++) {
		file = slim(NULL, 0, types, 1, footers[i]);
		if (zone_parse("x", file.bytes, file.len, &zone) != -EBADMSG)
			fail_msg("taken: %s", footers[i]);
	}
	file = slim(backwards, 2, types, 2, "CET-1");
	assert_int_equal(zone_parse("x", file.bytes, file.len, &zone), -EBADMSG);
	file = slim(wild, 1, types, 2, "CET-1");
	assert_int_equal(zone_parse("x", file.bytes, file.len, &zone), -EBADMSG);
	file = slim(hasty, 3, types, 2, "CET-1");
	assert_int_equal(zone_parse("x", file.bytes, file.len, &zone), -EBADMSG);
	file = slim(wild, 0, far, 2, "CET-1");
	file.bytes[file.len - 7] = 'X';
	assert_int_equal(zone_parse("x", file.bytes, file.len, &zone), -EBADMSG);
	file = slim(NULL, 0, types, 1, "CET-1");
	file.bytes[28 + 3] = 1; /* a leap second */
	assert_int_equal(zone_parse("x", file.bytes, file.len, &zone), -EBADMSG);
	assert_null(zone);
}

static void every_cut_of_a_file_is_refused(void **state)
{
	const int32_t types[] = {3600, 7200};
	const struct change changes[] = {{1000, 1}, {900000, 0}};
	struct file file = slim(changes, 2, types, 2, "CET-1CEST,M3.5.0,M10.5.0/3");

	for (size_t len = 0; len < file.len; len++) {
		/* Its own block of memory, so that the sanitizer sees a read past the end. */
		uint8_t *copy = mem_copy(file.bytes, len);
		struct zone *zone;

		assert_int_equal(zone_parse("x", copy, len, &zone), -EBADMSG);
		free(copy);
	}
}

static void names_cannot_leave_the_folder(void **state)
{
	static const char *const names[] = {"", "/etc/passwd", "../passwd", "Europe/../../x",
		"posix/UTC", "right/UTC", "Europe/", "a b", ".hidden", "Europe/\xff"};
	struct zone *zone = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(zone_load(names[i], &zone), -EINVAL);
	assert_int_equal(zone_load("Nowhere/Land", &zone), -ENOENT);
	assert_int_equal(zone_load("Europe", &zone), -ENOENT);
	assert_null(zone);
	assert_int_equal(zone_load("UTC", &zone), 0);
	assert_string_equal(zone_name(zone), "UTC");
	assert_int_equal(zone_to_local(zone, 12345, NULL), 12345);
	zone_unref(zone_ref(zone));
	zone_unref(zone);
	zone_unref(NULL);
}

static void what_does_not_change_the_offset_is_no_change(void **state)
{
	struct tzif_change list[] = {{100, 0}, {90000, 3600}, {180000, 3600}};
	struct tzif tzif = {.changes = list, .count = ARRAY_LEN(list)};

	assert_true(tzif_tidy(&tzif));
	assert_int_equal(tzif.count, 1);
	assert_int_equal(list[0].at, 90000);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

/* All who hold it see what the file says now; what cannot be used changes nothing. */
static void a_zone_that_is_read_again_changes_for_all_who_hold_it(void **state)
{
	static const int32_t one[] = {3600}, two[] = {7200};
	struct file before = slim(NULL, 0, one, 1, "ABC-1"), after = slim(NULL, 0, two, 1, "ABC-2");
	char folder[] = "/tmp/nudged-zone-XXXXXX", path[64], long_path[80];
	struct zone *zone, *held;
	unsigned revision;
	char *own;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/Home", folder);
	setenv("TZDIR", folder, 1);
	own = zone_path("Home");
	assert_string_equal(own, path);
	free(own);
	assert_null(zone_path("UTC"));
	assert_null(zone_path("../Home"));
	write_file(path, before.bytes, before.len);
	assert_int_equal(zone_load("Home", &zone), 0);
	held = zone_ref(zone);
	revision = zone_revision(zone);
	assert_int_equal(zone_reload(zone), 0);
	assert_int_equal(zone_revision(zone), revision);
	write_file(path, after.bytes, after.len);
	assert_int_equal(zone_to_local(held, INT64_C(1780488000), NULL), INT64_C(1780491600));
	assert_int_equal(zone_reload(zone), 1);
	assert_int_equal(zone_to_local(held, INT64_C(1780488000), NULL), INT64_C(1780495200));
	assert_int_not_equal(zone_revision(zone), revision);
	assert_string_equal(zone_name(held), "Home");
	revision = zone_revision(zone);
	write_file(path, after.bytes, 30);
	assert_int_equal(zone_reload(zone), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(zone_reload(zone), -ENOENT);
	snprintf(long_path, sizeof(long_path), "%s/gone", folder);
	setenv("TZDIR", long_path, 1);
	assert_int_equal(zone_reload(zone), -ENOENT);
	assert_int_equal(zone_to_local(held, INT64_C(1780488000), NULL), INT64_C(1780495200));
	assert_int_equal(zone_revision(zone), revision);
	unsetenv("TZDIR");
	assert_int_equal(rmdir(folder), 0);
	zone_unref(zone);
	assert_string_equal(zone_name(held), "Home");
	zone_unref(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(footers_say_when_the_offset_changes),
		cmocka_unit_test(a_footer_may_mean_summer_all_year),
		cmocka_unit_test(gaps_and_overlaps_are_told_apart),
		cmocka_unit_test(a_whole_day_can_be_missing),
		cmocka_unit_test(version_1_has_only_32_bits),
		cmocka_unit_test(the_same_changes_are_equal_whatever_the_file_looks_like),
		cmocka_unit_test(what_does_not_change_the_offset_is_no_change),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(every_cut_of_a_file_is_refused),
		cmocka_unit_test(a_zone_that_is_read_again_changes_for_all_who_hold_it),
		cmocka_unit_test(names_cannot_leave_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
