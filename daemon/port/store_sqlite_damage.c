/* What can be told of a database and its log from outside, before SQLite opens them: SQLite takes a
 * log that is broken in the middle for one that ends there, and begins an empty file anew, both
 * without a word. Reads the files, changes nothing, owns nothing.
 *
 * What a crash may leave is no damage: the frames of one commit that was never answered, torn in any
 * order. The log's header is synced before the first frame is written, so it is never torn. */
#include "port/store_sqlite.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WHOLE_CHECK_BYTES = 32 << 20, /* a database up to this size is checked whole: 50 ms */
	WORD = 4,
	LOG_MAGIC = 0x377F0682, /* the lowest bit: checksums of big-endian words */
	LOG_VERSION = 3007000,
	PAGE_MAX = 65536,
	COUNT_AT = 28, /* in the database's header: its pages */
	CHANGED_AT = 24,
	COUNTED_AT = 92, /* equal to the change counter when the count is good */
	DB_HEADER = 100,
	APPLICATION_AT = 68,
	TORN_COMMITS = 1,
};

static const char magic[16] = "SQLite format 3";

/* The log, read from its start. */
struct log {
	int fd;
	int64_t size;
	uint32_t page_size, salt[2], sum[2];
	bool big_endian;
	uint32_t pages;       /* of the database, by the last commit; 0: there is none */
	int64_t frames, kept; /* good ones; those of them up to the last commit */
	uint8_t frame[SQLITE_LOG_FRAME + PAGE_MAX];
};

static uint32_t get_word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static uint32_t get_summed(const struct log *log, const uint8_t *at)
{
	if (log->big_endian)
		return get_word(at);
	return (uint32_t)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

static void add_sum(struct log *log, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += 2 * WORD) {
		log->sum[0] += get_summed(log, bytes + at) + log->sum[1];
		log->sum[1] += get_summed(log, bytes + at + WORD) + log->sum[0];
	}
}

static bool has_sum(const struct log *log, const uint8_t *at)
{
	return get_word(at) == log->sum[0] && get_word(at + WORD) == log->sum[1];
}

/* 1 when all of it was there, 0 at the end of the file, or -errno. */
static int read_at(int fd, void *bytes, size_t len, int64_t at)
{
	ssize_t got;

	do
		got = pread(fd, bytes, len, at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return (size_t)got == len;
}

static int read_header(struct log *log)
{
	uint8_t header[SQLITE_LOG_HEADER];
	int got = read_at(log->fd, header, sizeof(header), 0);

	if (got <= 0)
		return got;
	log->big_endian = header[3] & 1;
	log->page_size = get_word(header + 8);
	log->salt[0] = get_word(header + 16);
	log->salt[1] = get_word(header + 20);
	add_sum(log, header, 24);
	return (get_word(header) & ~1u) == LOG_MAGIC && get_word(header + 4) == LOG_VERSION &&
	       log->page_size >= 512 && log->page_size <= PAGE_MAX &&
	       (log->page_size & (log->page_size - 1)) == 0 && has_sum(log, header + 24);
}

/* Reads frame `at` into log->frame, the page only when asked for: 1, 0 at the end, or -errno. */
static int read_frame(struct log *log, int64_t at, bool with_page)
{
	size_t whole = SQLITE_LOG_FRAME + log->page_size;

	return read_at(log->fd, log->frame, with_page ? whole : SQLITE_LOG_FRAME,
		SQLITE_LOG_HEADER + at * whole);
}

static bool is_of_this_log(const struct log *log)
{
	return get_word(log->frame + 8) == log->salt[0] &&
	       get_word(log->frame + 12) == log->salt[1];
}

/* Counts the good frames from the start on. */
static int read_frames(struct log *log)
{
	int got;

	while ((got = read_frame(log, log->frames, true)) > 0) {
		add_sum(log, log->frame, 8);
		add_sum(log, log->frame + SQLITE_LOG_FRAME, log->page_size);
		if (!is_of_this_log(log) || !get_word(log->frame) || !has_sum(log, log->frame + 16))
			break;
		log->frames++;
		if (get_word(log->frame + 4)) {
			log->pages = get_word(log->frame + 4);
			log->kept = log->frames;
		}
	}
	return MIN_OF(got, 0);
}

/* How many commits of this same log stand behind the end of what is good: *ret. */
static int count_lost(struct log *log, size_t *ret)
{
	int got;

	*ret = 0;
	for (int64_t at = log->frames; (got = read_frame(log, at, false)) > 0; at++)
		*ret += is_of_this_log(log) && get_word(log->frame + 4);
	return got;
}

static int check_log(struct log *log, const char **ret_why)
{
	size_t lost = 0;
	int got = log->size > SQLITE_LOG_HEADER ? read_header(log) : 1;

	if (got == 0)
		*ret_why = "the header of its log is destroyed";
	if (got <= 0 || log->size <= SQLITE_LOG_HEADER)
		return MIN_OF(got, 0);
	got = read_frames(log);
	if (got == 0)
		got = count_lost(log, &lost);
	if (got == 0 && lost > TORN_COMMITS)
		*ret_why = "its log is broken in the middle";
	return got;
}

/* ---- the database ---- */

/* The pages beyond the end of the file must all stand in the log. */
static int check_missing(struct log *log, int64_t in_file, int64_t pages, const char **ret_why)
{
	int64_t missing = pages - in_file, found = 0;
	uint8_t *seen;
	int got = 1;

	if (missing <= 0)
		return 0;
	*ret_why = "it was cut off";
	if (missing > log->kept)
		return 0;
	seen = mem_new(missing);
	for (int64_t at = 0; at < log->kept && got > 0; at++) {
		int64_t page;

		got = read_frame(log, at, false);
		page = get_word(log->frame) - INT64_C(1) - in_file;
		if (page < 0 || page >= missing || seen[page])
			continue;
		seen[page] = true;
		found++;
	}
	free(seen);
	if (found == missing)
		*ret_why = NULL;
	return MIN_OF(got, 0);
}

static int check_size(struct log *log, int fd, int64_t size, const char **ret_why)
{
	uint8_t header[DB_HEADER];
	int64_t pages = log->pages;
	int got = read_at(fd, header, sizeof(header), 0);

	if (got < 0)
		return got;
	if (got == 0) {
		*ret_why = size ? "it was cut off" : "it is empty";
		return 0;
	}
	if (memcmp(header, magic, sizeof(magic)) != 0)
		return 0; /* SQLite says so */
	if (!log->pages)
		log->page_size = header[16] << 8 | header[17];
	if (!pages && get_word(header + CHANGED_AT) == get_word(header + COUNTED_AT))
		pages = get_word(header + COUNT_AT);
	if (log->page_size < 512)
		return 0;
	return check_missing(log, size / log->page_size, pages, ret_why);
}

/* A log belongs to whoever wrote the database beside it. */
static bool is_foreign(int fd)
{
	uint8_t header[DB_HEADER];

	return read_at(fd, header, sizeof(header), 0) > 0 &&
	       memcmp(header, magic, sizeof(magic)) == 0 &&
	       get_word(header + APPLICATION_AT) != STORE_APPLICATION_ID;
}

static int open_plain(const char *path, int *ret, int64_t *ret_size)
{
	struct stat st;
	int error, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*ret = fd;
	*ret_size = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = fstat(fd, &st) < 0 ? -errno : 0;
	*ret_size = error ? 0 : st.st_size;
	return error;
}

static int check_both(
	struct log *log, int fd, int64_t size, bool *ret_log_whole, const char **ret_why)
{
	int error;

	if (fd < 0) {
		if (log->size)
			*ret_why = "it is gone, and its log is not";
		return 0;
	}
	if (is_foreign(fd))
		return 0;
	error = check_log(log, ret_why);
	*ret_log_whole = !*ret_why;
	if (!error && !*ret_why)
		error = check_size(log, fd, size, ret_why);
	return error;
}

int store_sqlite_check_files(
	const char *path, const char *log_path, bool *ret_log_whole, const char **ret_why)
{
	struct log *log = mem_new(sizeof(*log));
	int64_t size = 0;
	int fd = -1, error = open_plain(log_path, &log->fd, &log->size);

	*ret_why = NULL;
	*ret_log_whole = true;
	if (!error)
		error = open_plain(path, &fd, &size);
	if (!error)
		error = check_both(log, fd, size, ret_log_whole, ret_why);
	if (fd >= 0)
		close(fd);
	if (log->fd >= 0)
		close(log->fd);
	free(log);
	return error;
}

/* ---- inside ---- */

static int check_inside(struct sqlite *s, const char *text)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(s->db, text, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		code = str_eq((const char *)sqlite3_column_text(statement, 0), "ok")
			       ? SQLITE_OK
			       : SQLITE_CORRUPT;
	sqlite3_finalize(statement);
	return store_sqlite_error(s->db, code);
}

int store_sqlite_check_inside(struct sqlite *s)
{
	static const char *const small[] = {"PRAGMA quick_check(value)",
		"PRAGMA quick_check(begin)", "PRAGMA quick_check(pause)"};
	struct stat st;
	int error = 0;

	if (stat(s->path, &st) == 0 && st.st_size <= WHOLE_CHECK_BYTES)
		return check_inside(s, "PRAGMA quick_check(1)");
	for (size_t i = 0; i < ARRAY_LEN(small) && !error; i++)
		error = check_inside(s, small[i]);
	return error;
}
