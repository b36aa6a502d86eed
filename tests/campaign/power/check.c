/* Builds what a power loss may leave of recorded work, opens each with the store, and compares it with
 * the story: whole changes only, none lost that was answered, none before it was submitted.
 *
 * Until a file is synced, each sector that was written may have arrived or not, whatever came later; a
 * new length may have arrived without its bytes. Until a folder is synced, its entries change in order,
 * to some point. usage: power-check OPLOG FOLDER IMAGES SEED */
#include "disk.h"
#include "story.h"

#include "base/buf.h"
#include "base/random.h"
#include "base/str.h"
#include "port/store.h"

#include <event2/event.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
	int submitted, answered; /* when the power went */
	int findings, images, most_behind;
	size_t cut;
	bool aside;
} check;

static void printf_like(1, 2) finding(const char *format, ...)
{
	va_list args;

	check.findings++;
	printf("cut after %zu, image %d (%d answered of %d): ", check.cut, check.images,
		check.answered, check.submitted);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* ---- what must be there ---- */

static bool same_text(sqlite3_stmt *row, int column, const char *wanted)
{
	return str_eq((const char *)sqlite3_column_text(row, column), wanted);
}

static bool same_id(sqlite3_stmt *row, struct id wanted)
{
	return sqlite3_column_bytes(row, 0) == sizeof(wanted.bytes) &&
	       memcmp(sqlite3_column_blob(row, 0), wanted.bytes, sizeof(wanted.bytes)) == 0;
}

static bool occurrence_is_right(sqlite3_stmt *row, int n, int last)
{
	char text[STORY_TEXT_MAX], number[16];
	struct occurrence wanted;
	bool answered = last >= n + STORY_ANSWERED;

	story_occurrence(n, text, &wanted);
	snprintf(number, sizeof(number), "%d", n + STORY_ANSWERED);
	return same_id(row, wanted.id) && same_text(row, 1, wanted.text) &&
	       sqlite3_column_int(row, 2) == (answered ? ANSWER_DONE : ANSWER_NONE) &&
	       same_text(row, 3, answered ? number : NULL);
}

static bool items_are_right(sqlite3_stmt *row, int column, int n)
{
	struct id item = story_id(STORY_OCCURRENCE, n);
	bool is_before = id_eq(id_after(item), story_id(STORY_DELIVERY, n));
	int size = is_before ? 1 : (int)sizeof(item);

	return sqlite3_column_bytes(row, column) == size &&
	       memcmp(sqlite3_column_blob(row, column), is_before ? "\1" : (char *)item.bytes,
		       (size_t)size) == 0;
}

/* The store writes that of a closed one as what it is later than its id. */
static int64_t written_next(const struct delivery *d)
{
	return delivery_is_open(d->state) ? d->next_at : d->next_at - id_time(d->id);
}

static bool delivery_is_right(sqlite3_stmt *row, int n, int last)
{
	struct delivery wanted;

	story_delivery(n, last - n, &wanted);
	return same_id(row, wanted.id) && sqlite3_column_int(row, 1) == (int)wanted.state &&
	       sqlite3_column_int(row, 2) == wanted.attempts &&
	       sqlite3_column_int64(row, 3) == written_next(&wanted) &&
	       same_text(row, 4, wanted.reason) && items_are_right(row, 5, n);
}

static void check_rows(sqlite3 *db, const char *text, int last,
	bool (*is_right)(sqlite3_stmt *row, int n, int last))
{
	sqlite3_stmt *rows = NULL;
	int n = 0, code = sqlite3_prepare_v2(db, text, -1, &rows, NULL);

	while (code == SQLITE_OK && sqlite3_step(rows) == SQLITE_ROW)
		if (!is_right(rows, ++n, last)) {
			finding("row %d of %d is not as it was: %s", n, last, text);
			break;
		}
	if (code != SQLITE_OK || (n != last && !check.findings))
		finding("%d rows and not %d (%s): %s", n, last, sqlite3_errmsg(db), text);
	sqlite3_finalize(rows);
}

static int get_text(sqlite3 *db, const char *statement, char *ret, size_t size)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(db, statement, -1, &row, NULL);

	ret[0] = 0;
	if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
		snprintf(ret, size, "%s", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return code;
}

static void check_content(sqlite3 *db)
{
	char text[200];
	int last;

	get_text(db, "PRAGMA integrity_check", text, sizeof(text));
	if (!str_eq(text, "ok"))
		finding("damaged: %s", text);
	get_text(db, "SELECT value FROM value WHERE name = 'story'", text, sizeof(text));
	last = atoi(text);
	if (last < check.answered)
		finding("it holds %d changes", last);
	if (last > check.submitted)
		finding("it holds %d changes, more than there were", last);
	check.most_behind = MAX_OF(check.most_behind, check.submitted - last);
	check_rows(db, "SELECT id, text, answer, answer_text FROM occurrence ORDER BY id", last,
		occurrence_is_right);
	check_rows(db,
		"SELECT id, state, attempts, next_at, reason, items FROM delivery ORDER BY id",
		last, delivery_is_right);
}

static void on_aside(void *owner, const struct store_aside *aside)
{
	check.aside = true;
}

static void check_image(const char *folder)
{
	auto_free char *state = str_printf("%s/state", folder);
	auto_free char *path = str_printf("%s/nudged.db", state);
	auto_free char *error = NULL;
	struct event_base *loop = event_base_new();
	struct store_settings settings = {
		.kind = "sqlite", .folder = state, .loop = loop, .on_aside = on_aside};
	struct store *store = NULL;
	sqlite3 *db = NULL;

	check.aside = false;
	if (store_open(&settings, &store, &error) < 0) {
		finding("%s", error);
	} else {
		store_close(store);
		if (check.aside)
			finding("it was taken for a damaged one");
		else if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
			finding("cannot read %s", path);
		else
			check_content(db);
		sqlite3_close(db);
	}
	event_base_free(loop);
}

/* ---- the cuts ---- */

static void hear(const struct op *op, const char *data)
{
	char line[64];

	snprintf(line, sizeof(line), "%.*s", (int)MIN_OF(op->length, sizeof(line) - 1), data);
	if (sscanf(line, "submitted %d", &check.submitted) != 1)
		sscanf(line, "answered %d", &check.answered);
}

static void try_cut(const struct disk *disk, const char *folder, int images)
{
	auto_free char *image = str_printf("%s/image", folder);

	for (int i = 0; i < images; i++) {
		int before = check.findings;

		check.images++;
		disk_write_image(disk, image);
		check_image(image);
		if (check.findings > before && check.findings > 20)
			exit(1);
		nftw(image, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	}
}

static size_t count_ops(const struct buf *log)
{
	size_t count = 0;

	for (size_t at = 0; at < log->len; count++)
		at += sizeof(struct op) + ((const struct op *)(log->data + at))->length;
	return count;
}

/* Every op is a cut, with as many images as make the sum. */
static void replay(const struct buf *log, const char *folder, int images)
{
	struct disk *disk = disk_new();
	size_t ops = count_ops(log), at = 0;

	for (size_t n = 1; n <= ops; n++) {
		const struct op *op = (const struct op *)(log->data + at);
		int64_t due = (int64_t)images * n / ops;

		if (op->kind == OP_SAID)
			hear(op, log->data + at + sizeof(*op));
		else
			disk_apply(disk, op, log->data + at + sizeof(*op));
		check.cut = n;
		try_cut(disk, folder, (int)(due - check.images));
		at += sizeof(*op) + op->length;
	}
	disk_free(disk);
}

int main(int argc, char **argv)
{
	struct buf log = BUF_MAX(1 << 30);

	if (argc != 5 || buf_read_file(&log, argv[1]) < 0)
		return 2;
	random_seed(strtoull(argv[4], NULL, 10));
	replay(&log, argv[2], atoi(argv[3]));
	printf("%d images, %d findings, at most %d unanswered changes missing\n", check.images,
		check.findings, check.most_behind);
	buf_free(&log);
	return check.findings ? 1 : 0;
}
