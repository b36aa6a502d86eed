/* Damaged databases: which ones are noticed, that they are set aside whole and never replaced
 * silently, what lives on, and what is no damage. pread and fdatasync of this program fail when told to. */
#include "port/store_sqlite.h"
#include "store_help.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { NOW_S = 1780473595, HOUR_S = 3600 }; /* 2026-06-03T07:59:55Z */

static volatile bool reads_fail, sync_fails;

/* These stand before the library's. */
ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
	if (!reads_fail)
		return syscall(SYS_pread64, fd, bytes, len, at);
	errno = EIO;
	return -1;
}

int fdatasync(int fd)
{
	if (!sync_fails)
		return syscall(SYS_fdatasync, fd);
	errno = EIO;
	return -1;
}

static struct {
	int asides, damages;
	struct store_aside last;
	char path[4096], why[256];
	int64_t now_s;
} seen;

static void on_aside(void *owner, const struct store_aside *aside)
{
	seen.asides++;
	seen.last = *aside;
	snprintf(seen.path, sizeof(seen.path), "%s", aside->path);
	snprintf(seen.why, sizeof(seen.why), "%s", aside->why);
}

static void on_damaged(void *owner)
{
	seen.damages++;
}

/* The refusal's sentence, lent until the next one; NULL: it opened. */
static const char *try_open(struct bed *bed)
{
	static char *sentence;
	struct store_settings settings = {.kind = "sqlite",
		.folder = bed->folder,
		.loop = bed->loop,
		.now_at = (seen.now_s += 5) * 1000,
		.on_aside = on_aside,
		.on_damaged = on_damaged};

	free(sentence);
	sentence = NULL;
	return store_open(&settings, &bed->store, &sentence) < 0 ? sentence : NULL;
}

static void open_again(struct bed *bed)
{
	const char *sentence = try_open(bed);

	if (sentence)
		fail_msg("%s", sentence);
}

static void close_store(struct bed *bed)
{
	store_close(bed->store);
	bed->store = NULL;
}

static void put_small_things(struct bed *bed)
{
	struct change *change = change_new();

	change_set_value(change, "mark", "1234");
	change_set_value(change, "link-key", "secret");
	change_put_pause(change, "stop:ana:scales", 5, TIME_NEVER, "she said stop");
	change_put_pause(change, "person:bo", 6, 7, "ill");
	change_begin(change, "reminder:scales", 4);
	change_keep(change, "ana", "share", "mentor");
	assert_int_equal(bed_apply(bed, change), 0);
}

static void put_occurrences(struct bed *bed, int64_t first, int64_t count)
{
	struct change *change = change_new();

	for (int64_t i = first; i < first + count; i++) {
		struct occurrence o = make_occurrence("r", "ana", i);
		struct delivery d = make_delivery("ana", &o, NULL);

		o.follow_at = 77;
		change_record_occurrence(change, &o);
		change_record_delivery(change, &d);
	}
	assert_int_equal(bed_apply(bed, change), 0);
}

/* A closed store: small things, and occurrences on many pages. */
static int open_yard(void **state)
{
	struct bed *bed = bed_new("sqlite");

	reads_fail = false;
	memset(&seen, 0, sizeof(seen));
	seen.now_s = NOW_S - 10;
	open_again(bed);
	put_small_things(bed);
	put_occurrences(bed, 10, 300);
	close_store(bed);
	*state = bed;
	return 0;
}

static int close_yard(void **state)
{
	bed_free(*state);
	return 0;
}

static char *in_folder(const struct bed *bed, const char *name)
{
	return str_printf("%s/%s", bed->folder, name);
}

static bool has_file(const struct bed *bed, const char *name)
{
	auto_free char *path = in_folder(bed, name);

	return access(path, F_OK) == 0;
}

static void write_at(const struct bed *bed, const char *name, int64_t at, size_t len)
{
	auto_free char *path = in_folder(bed, name);
	auto_free uint8_t *junk = mem_new(len);
	int fd = open(path, O_WRONLY);

	memset(junk, 0xA5, len);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, len, at), len);
	close(fd);
}

static void cut_at(const struct bed *bed, const char *name, int64_t size)
{
	auto_free char *path = in_folder(bed, name);

	assert_int_equal(truncate(path, size), 0);
}

static int64_t size_of(const struct bed *bed, const char *name)
{
	auto_free char *path = in_folder(bed, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void read_whole(const struct bed *bed, const char *name, struct buf *ret)
{
	auto_free char *path = in_folder(bed, name);

	*ret = BUF_MAX(64 << 20);
	assert_int_equal(buf_read_file(ret, path), 0);
}

/* Of a page of this table; the closed database is looked at by another connection. */
static int64_t page_of(const struct bed *bed, const char *table)
{
	auto_free char *path = in_folder(bed, "nudged.db");
	sqlite3_stmt *statement;
	sqlite3 *db;
	int64_t page;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT max(pageno) FROM dbstat WHERE name = ?1"
				 " AND pagetype = 'leaf'",
				 -1, &statement, NULL),
		SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	page = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return (page - 1) * STORE_PAGE;
}

/* In a process that ends without closing: commits of one occurrence each stay in the log. */
static void leave_log(struct bed *bed, int64_t commits)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		open_again(bed);
		for (int64_t i = 0; i < commits; i++)
			put_occurrences(bed, 1000 + i, 1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void assert_set_aside(struct bed *bed, int times, const char *why)
{
	assert_int_equal(seen.asides, times);
	assert_string_equal(seen.why, why);
	assert_int_equal(access(seen.path, F_OK), 0);
	assert_false(has_file(bed, "nudged.db.damaged"));
	assert_false(has_file(bed, "nudged.db.damaged-wal"));
	assert_false(has_file(bed, "nudged.db.new"));
}

static bool dump_has(struct bed *bed, const char *text)
{
	auto_free char *dump = bed_dump(bed);

	return strstr(dump, text);
}

static void assert_small_things(struct bed *bed, bool mark)
{
	assert_int_equal(dump_has(bed, "value mark=1234"), mark);
	assert_true(dump_has(bed, "value link-key=secret"));
	assert_true(dump_has(bed, "pause stop:ana:scales 5 9223372036854775807 she said stop"));
	assert_true(dump_has(bed, "pause person:bo 6 7 ill"));
	assert_true(dump_has(bed, "begin reminder:scales 4"));
	assert_true(dump_has(bed, "kept ana share=mentor\n"));
	assert_int_equal(seen.last.has_mark, mark);
	assert_true(seen.last.has_link_key);
	assert_true(seen.last.values.whole && seen.last.pauses.whole && seen.last.begins.whole);
	assert_int_equal(seen.last.pauses.rows, 2);
	assert_int_equal(seen.last.begins.rows, 1);
	assert_true(seen.last.kept.whole);
	assert_int_equal(seen.last.kept.rows, 1);
}

/* ---- what is noticed ---- */

static void a_destroyed_header_is_set_aside_and_named(void **state)
{
	struct bed *bed = *state;
	cleanup(buf_free) struct buf before, after;
	struct stat st;

	write_at(bed, "nudged.db", 0, 100);
	read_whole(bed, "nudged.db", &before);
	open_again(bed);
	assert_set_aside(bed, 1, "SQLite finds it malformed");
	assert_true(str_ends(seen.path, "/nudged.db.damaged-20260603T075955Z"));
	read_whole(bed, "nudged.db.damaged-20260603T075955Z", &after);
	assert_int_equal(after.len, before.len);
	assert_memory_equal(after.data, before.data, before.len);
	assert_int_equal(stat(seen.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(seen.last.has_mark || seen.last.has_link_key || seen.last.pauses.whole);
	/* The new one works, and stays. */
	put_small_things(bed);
	close_store(bed);
	open_again(bed);
	assert_int_equal(seen.asides, 1);
	assert_true(dump_has(bed, "value mark=1234"));
}

static void what_can_be_read_lives_on(void **state)
{
	struct bed *bed = *state;
	size_t saved;

	write_at(bed, "nudged.db", page_of(bed, "occurrence"), STORE_PAGE);
	open_again(bed);
	assert_set_aside(bed, 1, "SQLite finds it malformed");
	assert_small_things(bed, true);
	assert_false(seen.last.occurrences.whole);
	assert_true(seen.last.deliveries.whole);
	assert_int_equal(seen.last.deliveries.rows, 300);
	saved = count_occurrences(bed);
	assert_int_equal(saved, seen.last.occurrences.rows);
	assert_true(saved > 0 && saved < 300);
	/* What was saved is known: it is not recorded twice. */
	put_occurrences(bed, 10, 1);
	assert_int_equal(bed->n_known + count_occurrences(bed), saved + 1);
}

static void rows_are_read_from_both_ends_towards_the_damage(void **state)
{
	struct bed *bed = *state;
	int64_t last = page_of(bed, "occurrence");

	/* Neither the first leaf nor the last one. */
	write_at(bed, "nudged.db", last - 2 * STORE_PAGE, STORE_PAGE);
	open_again(bed);
	assert_int_equal(seen.asides, 1);
	assert_true(dump_has(bed, " ana - 10 0 "));
	assert_true(dump_has(bed, " ana - 309 0 "));
}

/* By another connection: the store is closed. */
static void run_sql(const struct bed *bed, const char *text)
{
	auto_free char *path = in_folder(bed, "nudged.db");
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void rows_that_no_record_can_hold_are_left_behind(void **state)
{
	struct bed *bed = *state;

	run_sql(bed, "UPDATE occurrence SET state = 99 WHERE local = 12;"
		     "UPDATE occurrence SET share = 2 WHERE local = 13;"
		     "UPDATE occurrence SET share = 99 WHERE local = 14;"
		     "UPDATE delivery SET state = 77, items = x'00' WHERE id ="
		     " (SELECT min(id) FROM delivery)");
	write_at(bed, "nudged.db", page_of(bed, "carried"), STORE_PAGE);
	open_again(bed);
	assert_int_equal(seen.asides, 1);
	assert_int_equal(seen.last.occurrences.rows, 299);
	assert_int_equal(seen.last.deliveries.rows, 299);
	assert_int_equal(count_occurrences(bed), 299);
	/* Whom an answer was shared with is believed when it is somebody, and nobody else sees it. */
	assert_true(dump_has(bed, " for mentor\n"));
	assert_false(dump_has(bed, " for team\n"));
}

static void rename_in(const struct bed *bed, const char *from, const char *to)
{
	auto_free char *old = in_folder(bed, from), *new = in_folder(bed, to);

	assert_int_equal(rename(old, new), 0);
}

static void what_an_older_or_damaged_database_had_is_known(void **state)
{
	struct bed *bed = *state;

	run_sql(bed, "UPDATE occurrence SET key = CAST(zeroblob(7) || key AS BLOB),"
		     " place = 77; UPDATE occurrence SET key = zeroblob(13) WHERE"
		     " local = 12; PRAGMA user_version = 4");
	/* So it is set aside before anything in it is brought up. */
	rename_in(bed, "nudged.db", "nudged.db.damaged");
	open_again(bed);
	assert_int_equal(seen.asides, 1);
	bed_occurrences(bed, &(struct store_query){.recipient = "ana", .limit = 1000});
	assert_int_equal(bed->count, 300);
	put_occurrences(bed, 10, 40);
	assert_int_equal(bed->n_known, 40);
}

static void items_that_no_delivery_can_have_are_damage(void **state)
{
	struct bed *bed = *state;

	run_sql(bed, "UPDATE delivery SET items = x'02' WHERE id ="
		     " (SELECT min(id) FROM delivery)");
	open_again(bed);
	assert_int_equal(seen.asides, 0);
	store_find_deliveries(bed->store, &(struct store_query){0}, bed_on_deliveries, bed);
	bed_wait(bed);
	assert_int_equal(bed->error, -EBADMSG);
	assert_int_equal(seen.damages, 1);
}

static void a_database_that_was_cut_off_is_set_aside(void **state)
{
	struct bed *bed = *state;

	cut_at(bed, "nudged.db", size_of(bed, "nudged.db") - STORE_PAGE);
	open_again(bed);
	assert_set_aside(bed, 1, "it was cut off");
	close_store(bed);
	cut_at(bed, "nudged.db", 50);
	open_again(bed);
	assert_set_aside(bed, 2, "it was cut off");
	close_store(bed);
	cut_at(bed, "nudged.db", 0);
	open_again(bed);
	assert_set_aside(bed, 3, "it is empty");
}

static void a_log_without_its_database_is_set_aside(void **state)
{
	struct bed *bed = *state;
	auto_free char *path = in_folder(bed, "nudged.db");

	leave_log(bed, 3);
	assert_int_equal(unlink(path), 0);
	open_again(bed);
	assert_int_equal(seen.asides, 1);
	assert_string_equal(seen.why, "it is gone, and its log is not");
	assert_true(has_file(bed, "nudged.db.damaged-20260603T075955Z-wal"));
}

static void a_log_that_is_broken_in_the_middle_is_set_aside(void **state)
{
	struct bed *bed = *state;

	leave_log(bed, 20);
	write_at(bed, "nudged.db-wal", SQLITE_LOG_HEADER + SQLITE_LOG_FRAME + 100, 1);
	open_again(bed);
	assert_set_aside(bed, 1, "its log is broken in the middle");
	assert_true(has_file(bed, "nudged.db.damaged-20260603T075955Z-wal"));
	assert_small_things(bed, false);
	assert_false(seen.last.log_whole);
	/* What was open may have been done: nothing is sent, nobody is asked again. */
	assert_int_equal(seen.last.deliveries.rows, 0);
	assert_int_equal(seen.last.occurrences.rows, 300);
	assert_false(dump_has(bed, "follow occurrence"));
}

static void a_destroyed_log_is_set_aside(void **state)
{
	struct bed *bed = *state;

	leave_log(bed, 2);
	write_at(bed, "nudged.db-wal", 0, 8);
	open_again(bed);
	assert_set_aside(bed, 1, "the header of its log is destroyed");
	assert_small_things(bed, false);
}

static void pages_that_only_the_log_has_are_not_missing(void **state)
{
	struct bed *bed = *state;
	int64_t size = size_of(bed, "nudged.db");
	auto_free char *database = in_folder(bed, "nudged.db"), *path = in_folder(bed, "copy");
	cleanup(buf_free) struct buf before;
	int fd;

	/* The database as it was before the log was copied into it. */
	read_whole(bed, "nudged.db", &before);
	leave_log(bed, 300);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, before.data, before.len), before.len);
	close(fd);
	assert_int_equal(rename(path, database), 0);
	assert_int_equal(size_of(bed, "nudged.db"), size);
	open_again(bed);
	assert_int_equal(seen.asides, 0);
	assert_int_equal(count_occurrences(bed), 600);
}

/* ---- what is no damage ---- */

static void a_torn_end_of_the_log_is_no_damage(void **state)
{
	struct bed *bed = *state;
	int64_t size;

	leave_log(bed, 5);
	size = size_of(bed, "nudged.db-wal");
	/* The last commit was not answered when the power went. */
	write_at(bed, "nudged.db-wal", size - STORE_PAGE, 512);
	open_again(bed);
	assert_int_equal(seen.asides, 0);
	assert_int_equal(count_occurrences(bed), 304);
	close_store(bed);
	leave_log(bed, 5);
	cut_at(bed, "nudged.db-wal", size_of(bed, "nudged.db-wal") - 100);
	open_again(bed);
	assert_int_equal(seen.asides, 0);
}

static void a_log_left_by_a_kill_is_no_damage(void **state)
{
	struct bed *bed = *state;

	for (int i = 1; i < 6; i++) {
		leave_log(bed, i * i);
		open_again(bed);
		assert_int_equal(seen.asides, 0);
		close_store(bed);
	}
}

static void an_error_of_the_medium_is_no_damage(void **state)
{
	struct bed *bed = *state;
	cleanup(buf_free) struct buf before, after;
	const char *sentence;

	read_whole(bed, "nudged.db", &before);
	reads_fail = true;
	sentence = try_open(bed);
	reads_fail = false;
	assert_non_null(sentence);
	assert_non_null(strstr(sentence, "Input/output error: check the disk"));
	assert_int_equal(seen.asides, 0);
	read_whole(bed, "nudged.db", &after);
	assert_int_equal(after.len, before.len);
	open_again(bed);
	assert_int_equal(count_occurrences(bed), 300);
}

/* ---- how often, and how far ---- */

static void the_fourth_time_within_an_hour_is_refused(void **state)
{
	struct bed *bed = *state;
	const char *sentence;

	for (int i = 0; i < 3; i++) {
		write_at(bed, "nudged.db", 0, 100);
		open_again(bed);
		close_store(bed);
	}
	assert_int_equal(seen.asides, 3);
	write_at(bed, "nudged.db", 0, 100);
	sentence = try_open(bed);
	assert_non_null(sentence);
	assert_non_null(strstr(sentence, "set aside 3 times within an hour"));
	assert_true(has_file(bed, "nudged.db"));
	assert_false(has_file(bed, "nudged.db.damaged"));
	/* An hour later the first one is history. */
	seen.now_s += HOUR_S;
	open_again(bed);
	assert_int_equal(seen.asides, 4);
}

static void two_within_a_second_have_two_names(void **state)
{
	struct bed *bed = *state;

	write_at(bed, "nudged.db", 0, 100);
	open_again(bed);
	close_store(bed);
	seen.now_s -= 5;
	write_at(bed, "nudged.db", 0, 100);
	open_again(bed);
	assert_true(has_file(bed, "nudged.db.damaged-20260603T075955Z"));
	assert_true(has_file(bed, "nudged.db.damaged-20260603T075956Z"));
}

static void whoever_starts_next_goes_on_where_a_kill_left_it(void **state)
{
	struct bed *bed = *state;

	/* Between the two moves. */
	leave_log(bed, 3);
	rename_in(bed, "nudged.db", "nudged.db.damaged");
	open_again(bed);
	assert_set_aside(bed, 1, "damage was found in it while nudged ran");
	assert_small_things(bed, true);
	assert_int_equal(count_occurrences(bed), 303);
	close_store(bed);
	/* After both, and with half a new one. */
	leave_log(bed, 3);
	rename_in(bed, "nudged.db-wal", "nudged.db.damaged-wal");
	rename_in(bed, "nudged.db", "nudged.db.damaged");
	open_again(bed);
	assert_set_aside(bed, 2, "damage was found in it while nudged ran");
	assert_small_things(bed, true);
	close_store(bed);
	/* With the new one in place, or a backup that somebody put there. */
	rename_in(bed, "nudged.db", "backup");
	open_again(bed);
	put_small_things(bed);
	close_store(bed);
	rename_in(bed, "nudged.db", "nudged.db.damaged");
	rename_in(bed, "backup", "nudged.db");
	open_again(bed);
	assert_int_equal(seen.asides, 3);
	assert_true(seen.last.replaced);
	assert_true(count_occurrences(bed) >= 303);
}

static void half_a_new_database_is_made_again(void **state)
{
	struct bed *bed = *state;
	auto_free char *path = in_folder(bed, "nudged.db.new");
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	rename_in(bed, "nudged.db", "nudged.db.damaged");
	open_again(bed);
	assert_set_aside(bed, 1, "damage was found in it while nudged ran");
	assert_small_things(bed, true);
}

/* ---- while it runs ---- */

static void damage_found_on_the_way_is_told_once_and_set_aside_by_the_next(void **state)
{
	struct bed *bed = *state;
	auto_free char *backup = in_folder(bed, "backup");

	int64_t page = page_of(bed, "carried");
	struct change *change = change_new();

	change_set_value(change, "a", "b");

	open_again(bed);
	write_at(bed, "nudged.db", page, STORE_PAGE);
	/* What it has in memory is good: a failed commit makes it read again. */
	sync_fails = true;
	assert_int_equal(bed_apply(bed, change), -EIO);
	sync_fails = false;
	assert_int_equal(seen.damages, 0);
	assert_int_equal(bed_backup(bed, backup), -EBADMSG);
	assert_int_equal(seen.damages, 1);
	assert_int_equal(bed_forget(bed, "nobody"), -EBADMSG);
	assert_int_equal(bed_backup(bed, backup), -EBADMSG);
	assert_int_equal(seen.damages, 1);
	assert_true(has_file(bed, "nudged.db.damaged"));
	assert_false(has_file(bed, "nudged.db"));
	close_store(bed);
	open_again(bed);
	assert_set_aside(bed, 1, "damage was found in it while nudged ran");
	assert_small_things(bed, true);
}

#define IN_A_YARD(test) cmocka_unit_test_setup_teardown(test, open_yard, close_yard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_YARD(a_destroyed_header_is_set_aside_and_named),
		IN_A_YARD(what_can_be_read_lives_on),
		IN_A_YARD(rows_are_read_from_both_ends_towards_the_damage),
		IN_A_YARD(rows_that_no_record_can_hold_are_left_behind),
		IN_A_YARD(what_an_older_or_damaged_database_had_is_known),
		IN_A_YARD(items_that_no_delivery_can_have_are_damage),
		IN_A_YARD(a_database_that_was_cut_off_is_set_aside),
		IN_A_YARD(a_log_without_its_database_is_set_aside),
		IN_A_YARD(a_log_that_is_broken_in_the_middle_is_set_aside),
		IN_A_YARD(a_destroyed_log_is_set_aside),
		IN_A_YARD(pages_that_only_the_log_has_are_not_missing),
		IN_A_YARD(a_torn_end_of_the_log_is_no_damage),
		IN_A_YARD(a_log_left_by_a_kill_is_no_damage),
		IN_A_YARD(an_error_of_the_medium_is_no_damage),
		IN_A_YARD(the_fourth_time_within_an_hour_is_refused),
		IN_A_YARD(two_within_a_second_have_two_names),
		IN_A_YARD(whoever_starts_next_goes_on_where_a_kill_left_it),
		IN_A_YARD(half_a_new_database_is_made_again),
		IN_A_YARD(damage_found_on_the_way_is_told_once_and_set_aside_by_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
