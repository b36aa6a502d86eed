/* The SQLite store and the disk: who may open a folder, what is refused and in which words, what a
 * kill or a failing disk leaves behind. fdatasync and fsync of this program fail when told to. */
#include "port/store_sqlite.h"
#include "store_help.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile bool sync_fails;

/* Stand before the library's. */
int fdatasync(int fd)
{
	if (!sync_fails)
		return syscall(SYS_fdatasync, fd);
	errno = EIO;
	return -1;
}

static int open_bed(void **state)
{
	struct bed *bed = bed_new("sqlite");

	bed_open(bed);
	*state = bed;
	return 0;
}

/* Tries to open the folder; the sentence of the refusal is lent until the next one. */
static const char *refusal(const char *folder, int expected)
{
	static char *sentence;
	struct event_base *loop = event_base_new();
	struct store_settings settings = {.kind = "sqlite", .folder = folder, .loop = loop};
	struct store *store = NULL;

	free(sentence);
	sentence = NULL;
	assert_int_equal(store_open(&settings, &store, &sentence), expected);
	assert_null(store);
	assert_non_null(sentence);
	event_base_free(loop);
	return sentence;
}

static char *in_folder(const struct bed *bed, const char *name)
{
	return str_printf("%s/%s", bed->folder, name);
}

static void run_sql(const struct bed *bed, const char *text)
{
	auto_free char *path = in_folder(bed, "nudged.db");
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void close_store(struct bed *bed)
{
	store_close(bed->store);
	bed->store = NULL;
}

static int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* ---- the folder ---- */

static void a_missing_folder_is_made_for_us_alone(void **state)
{
	struct bed *bed = *state;
	auto_free char *folder = in_folder(bed, "state");
	auto_free char *database = in_folder(bed, "state/nudged.db");
	auto_free char *log = in_folder(bed, "state/nudged.db-wal");
	auto_free char *lock = in_folder(bed, "state/lock");
	mode_t before = umask(0);
	struct bed inner = {.kind = "sqlite", .folder = folder, .loop = bed->loop};
	struct change *change = change_new();

	bed_open(&inner);
	change_set_value(change, "a", "1");
	assert_int_equal(bed_apply(&inner, change), 0);
	assert_int_equal(mode_of(folder), 0700);
	assert_int_equal(mode_of(database), 0600);
	assert_int_equal(mode_of(log), 0600);
	assert_int_equal(mode_of(lock), 0600);
	close_store(&inner);
	umask(before);
}

static void the_second_opener_hears_who_the_first_is(void **state)
{
	struct bed *bed = *state;
	auto_free char *expected = str_printf("%s/lock is held by process %d (store_sqlite): stop "
					      "it, or use another state folder",
		bed->folder, (int)getpid());

	assert_string_equal(refusal(bed->folder, -EBUSY), expected);
	close_store(bed);
	bed_open(bed);
}

static void bad_folders_are_refused_in_one_sentence(void **state)
{
	struct bed *bed = *state;
	auto_free char *orphan = in_folder(bed, "no/such");
	auto_free char *file = in_folder(bed, "nudged.db");
	auto_free char *open_to_all = in_folder(bed, "open");
	auto_free char *foreign = in_folder(bed, "foreign");

	assert_non_null(strstr(refusal(orphan, -ENOENT), "create the folder above it"));
	assert_non_null(strstr(refusal(file, -ENOTDIR), "use a folder"));
	assert_int_equal(mkdir(open_to_all, 0700), 0);
	assert_int_equal(chmod(open_to_all, 0770), 0);
	assert_non_null(strstr(
		refusal(open_to_all, -EPERM), "can be written by others (mode 0770): chmod"));
	if (geteuid() == 0) {
		assert_int_equal(mkdir(foreign, 0700), 0);
		assert_int_equal(chown(foreign, 12345, 12345), 0);
		assert_non_null(strstr(refusal(foreign, -EPERM), "belongs to user 12345"));
	}
}

static void a_link_in_place_of_the_database_is_refused(void **state)
{
	struct bed *bed = *state;
	auto_free char *database = in_folder(bed, "nudged.db");

	close_store(bed);
	assert_int_equal(unlink(database), 0);
	assert_int_equal(symlink("/etc/hostname", database), 0);
	assert_non_null(strstr(refusal(bed->folder, -ELOOP), "without a symbolic link"));
}

static void another_programs_database_is_refused(void **state)
{
	struct bed *bed = *state;

	close_store(bed);
	run_sql(bed, "PRAGMA application_id = 17");
	assert_non_null(strstr(refusal(bed->folder, -ENOTSUP), "of another program"));
}

/* ---- versions ---- */

static void a_newer_database_is_refused(void **state)
{
	struct bed *bed = *state;

	close_store(bed);
	run_sql(bed, "PRAGMA user_version = 77");
	assert_non_null(strstr(refusal(bed->folder, -ENOTSUP), "a newer nudged (schema 77, this"));
}

static void an_older_database_is_brought_up_step_by_step(void **state)
{
	static const char *const steps[] = {"CREATE TABLE a (x);", "ALTER TABLE a ADD COLUMN y;",
		"INSERT INTO a VALUES (1, 2); CREATE INDEX b ON a (y);", "nonsense;"};
	char *sentence = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(store_sqlite_migrate(db, "x", steps, 1, &sentence), 0);
	assert_int_equal(sqlite3_exec(db, "SELECT y FROM a", NULL, NULL, NULL), SQLITE_ERROR);
	assert_int_equal(store_sqlite_migrate(db, "x", steps, 3, &sentence), 0);
	assert_int_equal(store_sqlite_migrate(db, "x", steps, 3, &sentence), 0);
	assert_int_equal(sqlite3_exec(db, "SELECT y FROM a", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP INDEX b", NULL, NULL, NULL), SQLITE_OK);
	/* A step that fails leaves the version before it. */
	assert_true(store_sqlite_migrate(db, "x", steps, 4, &sentence) < 0);
	assert_non_null(sentence);
	free(sentence);
	assert_int_equal(store_sqlite_migrate(db, "x", steps, 3, &sentence), 0);
	sqlite3_close(db);
}

/* Change n records n % 4 + 1 occurrences, one delivery of the first two, and the value "last". */
static struct change *numbered_change(int64_t n)
{
	struct change *change = change_new();
	struct occurrence first = make_occurrence("r", "ana", n * 10);
	struct occurrence second = make_occurrence("r", "ana", n * 10 + 1);
	struct delivery d = make_delivery("ana", &first, n % 4 ? &second : NULL);
	char number[24];

	change_record_occurrence(change, &first);
	if (n % 4)
		change_record_occurrence(change, &second);
	for (int64_t i = 2; i <= n % 4; i++) {
		struct occurrence more = make_occurrence("r", "ana", n * 10 + i);

		change_record_occurrence(change, &more);
	}
	change_record_delivery(change, &d);
	snprintf(number, sizeof(number), "%jd", (intmax_t)n);
	change_set_value(change, "last", number);
	return change;
}

#define OLDER_OCCURRENCE                                                                           \
	"INSERT INTO occurrence VALUES (x'%032x', x'%040x', 1, 'ana', 'r', NULL, %d, 0, 'note',"   \
	" 5, 6, 0, 0, 'why', NULL, 'title', 'text', NULL, 0, 0, NULL, NULL)"
#define OLDER_DELIVERY                                                                             \
	"INSERT INTO delivery VALUES (x'%032x', 'chat', 'ana', 0, NULL, 7, 8, 9, %d, 0, %s, 0,"    \
	" NULL, NULL, NULL, "
#define OLDER_CARRIED "INSERT INTO carried VALUES (x'%032x', x'%032x')"

/* Takes the text. */
static void run_older(sqlite3 *db, char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	free(text);
}

/* A database as an older nudged left it, of 8 KiB pages: ana has an occurrence of each of two days,
 * recorded on the first, and one that was caught up late; one delivery carries the first two, and each
 * of the others the last. */
static void make_older(struct bed *bed)
{
	auto_free char *path = in_folder(bed, "nudged.db");
	char *sentence = NULL;
	sqlite3 *db;

	close_store(bed);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(sqlite3_exec(db, "PRAGMA page_size = 8192", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_sqlite_migrate(db, path, store_sqlite_steps, 4, &sentence), 0);
	run_older(db, str_printf(OLDER_OCCURRENCE, 1, 1, 5));
	run_older(db, str_printf(OLDER_OCCURRENCE, 2, 2, 86405));
	run_older(db, str_printf(OLDER_OCCURRENCE, 4, 4, 864005));
	run_older(db, str_printf(OLDER_DELIVERY "x'%032x%032x', 0)", 3, 2, "10", 1, 2));
	run_older(db, str_printf(OLDER_DELIVERY "x'%032x', 0)", 5, 0, "NULL", 4));
	run_older(db, str_printf(OLDER_DELIVERY "x'%032x', 0)", 6, 2, "10", 4));
	run_older(db, str_printf(OLDER_CARRIED, 1, 3));
	run_older(db, str_printf(OLDER_CARRIED, 2, 3));
	run_older(db, str_printf(OLDER_CARRIED, 4, 5));
	run_older(db, str_printf(OLDER_CARRIED, 4, 6));
	sqlite3_close(db);
	bed_open(bed);
}

static void an_older_database_is_known_and_found(void **state)
{
	static const int64_t locals[] = {5, 86405, 864005};
	struct bed *bed = *state;
	auto_free char *before = NULL;

	make_older(bed);
	before = bed_dump(bed);
	for (int newest_first = 0; newest_first < 2; newest_first++) {
		bed_occurrences(bed,
			&(struct store_query){.recipient = "ana", .newest_first = newest_first});
		assert_int_equal(bed->count, 3);
	}
	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		struct occurrence o = make_occurrence("r", "ana", locals[i]);
		struct delivery d = make_delivery("ana", &o, NULL);
		struct change *change = change_new();

		change_record_occurrence(change, &o);
		change_record_delivery(change, &d);
		assert_int_equal(bed_apply(bed, change), 0);
		assert_int_equal(bed->n_known, 1);
		assert_int_equal(bed->n_dropped, 1);
	}
	bed_reopen(bed);
	{
		auto_free char *after = bed_dump(bed);

		assert_string_equal(after, before);
	}
	/* The late one is being sent. */
	assert_int_equal(bed_prune(bed, 1000, 9), 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(count_deliveries(bed), 2);
	assert_int_equal(bed_forget(bed, "ana"), 0);
	assert_int_equal(bed->count, 3);
	assert_int_equal(count_deliveries(bed), 0);
}

static void an_older_database_keeps_what_stood_before_a_failed_commit(void **state)
{
	struct bed *bed = *state;
	auto_free char *before = NULL, *after = NULL;
	struct occurrence o = make_occurrence("r", "ben", 5);

	make_older(bed);
	bed_record(bed, &o, DELIVERY_WAITING);
	before = bed_dump(bed);
	sync_fails = true;
	assert_int_equal(bed_apply(bed, numbered_change(7)), -EIO);
	sync_fails = false;
	after = bed_dump(bed);
	assert_string_equal(after, before);
	assert_int_equal(bed_apply(bed, numbered_change(7)), 0);
	assert_int_equal(bed->n_known, 0);
}

static int64_t number(const struct bed *bed, const char *text)
{
	auto_free char *path = in_folder(bed, "nudged.db");
	int64_t found = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(store_sqlite_get_number(db, text, &found), 0);
	sqlite3_close(db);
	return found;
}

static void a_delivery_of_the_id_before_its_own_says_it_by_its_row(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5), later = o;
	struct id held = bed_record(bed, &o, DELIVERY_HELD);
	struct change *change = change_new();

	close_store(bed);
	assert_int_equal(number(bed, "SELECT count(*) FROM carried"), 0);
	assert_int_equal(number(bed, "SELECT length(items) FROM delivery"), 1);
	bed_open(bed);
	later.id = id_new(NOON);
	later.key.local++;
	change_record_occurrence(change, &later);
	change_join_delivery(change, held, later.id, 44, 55);
	assert_int_equal(bed_apply(bed, change), 0);
	close_store(bed);
	assert_int_equal(number(bed, "SELECT count(*) FROM carried"), 2);
	assert_int_equal(number(bed, "SELECT length(items) FROM delivery"), 32);
	bed_open(bed);
}

/* ---- copies ---- */

static void a_copy_opens_and_holds_the_same(void **state)
{
	struct bed *bed = *state;
	auto_free char *folder = in_folder(bed, "copy");
	auto_free char *copy = in_folder(bed, "copy/nudged.db");
	auto_free char *dump = NULL, *copied = NULL;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct bed other = {.kind = "sqlite", .folder = folder, .loop = bed->loop};

	other.rows = BUF_MAX(1 << 20);
	bed_record(bed, &o, DELIVERY_HELD);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(bed_backup(bed, copy), 0);
	assert_int_equal(mode_of(copy), 0600);
	assert_int_equal(bed_backup(bed, copy), -EEXIST);
	assert_int_equal(bed_backup(bed, "relative"), -EINVAL);
	assert_int_equal(bed_backup(bed, "/no/such/folder/x"), -ENOENT);
	bed_open(&other);
	dump = bed_dump(bed);
	copied = bed_dump(&other);
	assert_string_equal(copied, dump);
	close_store(&other);
	buf_free(&other.rows);
	/* The original goes on. */
	o = make_occurrence("r", "ana", 6);
	bed_record(bed, &o, DELIVERY_HELD);
}

/* ---- kill ---- */

struct stream {
	struct store *store;
	int64_t submitted, done;
	int out;
};

static void on_streamed(void *owner, const struct store_result *result)
{
	struct stream *stream = owner;

	stream->done++;
	if (result->error || write(stream->out, &stream->done, 8) != 8)
		_exit(1);
	while (stream->submitted < stream->done + 40)
		store_apply(
			stream->store, numbered_change(++stream->submitted), on_streamed, stream);
}

/* In the child: changes for ever; each completed one is told to the parent. */
static void stream_changes(const char *folder, int out)
{
	struct store_settings settings = {
		.kind = "sqlite", .folder = folder, .loop = event_base_new()};
	struct stream stream = {.out = out};
	char *sentence = NULL;

	if (store_open(&settings, &stream.store, &sentence) < 0)
		_exit(2);
	store_apply(stream.store, numbered_change(++stream.submitted), on_streamed, &stream);
	event_base_loop(settings.loop, EVLOOP_NO_EXIT_ON_EMPTY);
	_exit(3);
}

static int64_t kill_in_the_stream(const char *folder, int64_t after)
{
	int64_t last = 0, read_now;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		stream_changes(folder, ends[1]);
	close(ends[1]);
	while (last < after && read(ends[0], &read_now, 8) == 8)
		last = read_now;
	kill(child, SIGKILL);
	while (read(ends[0], &read_now, 8) == 8)
		last = read_now;
	close(ends[0]);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	return last;
}

struct census {
	int64_t last;
	size_t count;
};

static void take_last(void *owner, const char *name, const char *value)
{
	struct census *census = owner;

	if (str_eq(name, "last"))
		census->last = atoll(value);
}

static void what_was_answered_survives_a_kill(void **state)
{
	static const struct store_visitor visitor = {.value = take_last};

	for (int round = 0; round < 12; round++) {
		struct bed *bed = bed_new("sqlite");
		int64_t answered = kill_in_the_stream(bed->folder, 1 + round * round * 25);
		struct census census = {0};
		int64_t occurrences = 0;

		bed_open(bed);
		assert_int_equal(store_load(bed->store, 0, &visitor, &census), 0);
		assert_true(census.last >= answered);
		for (int64_t n = 1; n <= census.last; n++)
			occurrences += n % 4 + 1;
		/* All of each change up to the last one, and nothing of a later one. */
		census.count = 0;
		for (struct store_query query = {.limit = 10000, .has_local = true};
			query.local_from <= census.last * 10 + 100;
			query.local_from = query.local_to) {
			query.local_to = query.local_from + 20000;
			bed_occurrences(bed, &query);
			census.count += bed->count;
		}
		assert_int_equal(census.count, occurrences);
		bed_free(bed);
	}
}

/* ---- a failing disk ---- */

static struct change *big_change(int64_t n)
{
	struct change *change = change_new();
	char text[4001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (int64_t i = 0; i < 500; i++) {
		struct occurrence o = make_occurrence("big", "ana", n * 1000 + i);
		struct delivery d = make_delivery("ana", &o, NULL);

		o.text = text;
		change_record_occurrence(change, &o);
		change_record_delivery(change, &d);
	}
	return change;
}

static void nothing_of_a_failed_commit_comes_back(void **state)
{
	struct bed *bed = *state;
	auto_free char *before = NULL, *after = NULL;
	struct occurrence o = make_occurrence("r", "ana", 5);

	bed_record(bed, &o, DELIVERY_WAITING);
	before = bed_dump(bed);
	for (int i = 0; i < 3; i++) {
		/* The commit stands whole in the log when its sync fails. */
		sync_fails = true;
		assert_int_equal(bed_apply(bed, numbered_change(7)), -EIO);
		assert_int_equal(bed_apply(bed, numbered_change(7)), -EIO);
		sync_fails = false;
		free(after);
		after = bed_dump(bed);
		assert_string_equal(after, before);
	}
	assert_int_equal(bed_apply(bed, numbered_change(7)), 0);
	assert_int_equal(bed->n_known, 0);
	bed_reopen(bed);
	assert_int_equal(bed_apply(bed, numbered_change(7)), 0);
	assert_int_equal(bed->n_known, 4);
}

static void a_whole_group_fails_with_its_commit(void **state)
{
	struct bed *bed = *state;
	struct occurrence old = make_occurrence("r", "ana", 1);

	old.state = OCCURRENCE_CLOSED;
	bed_record(bed, &old, DELIVERY_DELIVERED);
	sync_fails = true;
	for (int i = 0; i < 20; i++)
		store_apply(bed->store, numbered_change(i), NULL, NULL);
	assert_int_equal(bed_apply(bed, numbered_change(30)), -EIO);
	assert_int_equal(bed_prune(bed, 5000, 5), -EIO);
	assert_int_equal(bed_forget(bed, "ana"), -EIO);
	sync_fails = false;
	bed_occurrences(bed, &(struct store_query){0});
	assert_int_equal(bed->count, 1);
}

/* Fails by what room() takes away, reads on, and goes on once it is given back. */
static void fill_and_recover(
	struct bed *bed, void (*room)(struct bed *bed, bool enough), int expected)
{
	auto_free char *before = NULL, *after = NULL;
	struct occurrence o = make_occurrence("r", "ana", 5);
	int error = 0;

	bed_record(bed, &o, DELIVERY_WAITING);
	before = bed_dump(bed);
	room(bed, false);
	for (int64_t n = 0; n < 40 && !error; n++) {
		error = bed_apply(bed, big_change(n));
		if (!error) {
			free(before);
			before = bed_dump(bed);
		}
	}
	assert_int_equal(error, expected);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bed_apply(bed, big_change(100)), expected);
	after = bed_dump(bed);
	assert_string_equal(after, before);
	room(bed, true);
	assert_int_equal(bed_apply(bed, big_change(100)), 0);
	assert_int_equal(bed->n_known + bed->n_dropped, 0);
}

static int lift_limit(void **state)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	sync_fails = false;
	return close_bed(state);
}

static void limit_files(struct bed *bed, bool enough)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = enough ? limit.rlim_max : 1 << 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_limit_on_file_sizes_is_survived(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	fill_and_recover(*state, limit_files, -EFBIG);
}

static void resize_disk(struct bed *bed, bool enough)
{
	assert_int_equal(
		mount(NULL, bed->folder, NULL, MS_REMOUNT, enough ? "size=64m" : "size=3m"), 0);
}

/* In a mount namespace of its own; exits 77 where that is not allowed. */
static void use_small_disk(void (*test)(struct bed *bed))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct bed *bed = bed_new("sqlite");

		if (unshare(CLONE_NEWNS) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("none", bed->folder, "tmpfs", 0, "size=64m,mode=0700") < 0)
			_exit(77);
		bed_open(bed);
		test(bed);
		close_store(bed);
		umount2(bed->folder, MNT_DETACH);
		bed_free(bed);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void fill_disk(struct bed *bed)
{
	fill_and_recover(bed, resize_disk, -ENOSPC);
}

static void a_full_disk_is_survived(void **state)
{
	use_small_disk(fill_disk);
}

static void lock_disk(struct bed *bed)
{
	struct occurrence o = make_occurrence("r", "ana", 5);

	bed_record(bed, &o, DELIVERY_WAITING);
	close_store(bed);
	assert_int_equal(mount(NULL, bed->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_non_null(strstr(refusal(bed->folder, -EROFS), "mount it writable"));
	assert_int_equal(mount(NULL, bed->folder, NULL, MS_REMOUNT, NULL), 0);
	bed_open(bed);
}

static void a_read_only_disk_is_refused_at_the_start(void **state)
{
	use_small_disk(lock_disk);
}

static void start_on_a_full_disk(struct bed *bed)
{
	auto_free char *filler = in_folder(bed, "filler");
	char block[4096] = {1};
	struct occurrence o = make_occurrence("r", "ana", 5);
	int fd;

	close_store(bed);
	nftw(bed->folder, bed_remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(mount(NULL, bed->folder, NULL, MS_REMOUNT, "size=64k"), 0);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	close(fd);
	assert_non_null(strstr(refusal(bed->folder, -ENOSPC), "free some space"));
	unlink(filler);
	assert_int_equal(mount(NULL, bed->folder, NULL, MS_REMOUNT, "size=64m"), 0);
	bed_open(bed);
	bed_record(bed, &o, DELIVERY_WAITING);
}

static void a_full_disk_is_named_at_the_start(void **state)
{
	use_small_disk(start_on_a_full_disk);
}

#define ON_A_BED(test)                                                                             \
	{                                                                                          \
#test, test, open_bed, lift_limit, NULL                                            \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BED(a_missing_folder_is_made_for_us_alone),
		ON_A_BED(the_second_opener_hears_who_the_first_is),
		ON_A_BED(bad_folders_are_refused_in_one_sentence),
		ON_A_BED(a_link_in_place_of_the_database_is_refused),
		ON_A_BED(another_programs_database_is_refused),
		ON_A_BED(a_newer_database_is_refused),
		cmocka_unit_test(an_older_database_is_brought_up_step_by_step),
		ON_A_BED(an_older_database_is_known_and_found),
		ON_A_BED(an_older_database_keeps_what_stood_before_a_failed_commit),
		ON_A_BED(a_delivery_of_the_id_before_its_own_says_it_by_its_row),
		ON_A_BED(a_copy_opens_and_holds_the_same),
		cmocka_unit_test(what_was_answered_survives_a_kill),
		ON_A_BED(nothing_of_a_failed_commit_comes_back),
		ON_A_BED(a_whole_group_fails_with_its_commit),
		ON_A_BED(a_limit_on_file_sizes_is_survived),
		cmocka_unit_test(a_full_disk_is_survived),
		cmocka_unit_test(a_read_only_disk_is_refused_at_the_start),
		cmocka_unit_test(a_full_disk_is_named_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
