/* Files and entries of folders: what is certain, and what is under way. Knows nothing of databases. */
#include "disk.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

struct pending {
	const struct op *op;
	const char *data;
};

struct list {
	struct pending *list;
	size_t count, capacity;
};

struct content {
	char *data;
	size_t len, capacity;
};

struct file {
	struct content certain;
	struct list pending;
};

struct entry {
	char *path;
	uint32_t file; /* 0: a folder */
};

struct entries {
	struct entry *list;
	size_t count, capacity;
};

struct disk {
	struct file *files; /* by number, from 1 */
	size_t count, capacity;
	struct entries certain;
	struct list pending; /* of entries */
};

struct disk *disk_new(void)
{
	return mem_new(sizeof(struct disk));
}

static void list_add(struct list *list, const struct op *op, const char *data)
{
	ARRAY_GROW(list->list, list->count, list->capacity);
	list->list[list->count++] = (struct pending){op, data};
}

static struct file *disk_file(struct disk *disk, uint32_t number)
{
	while (disk->count < number) {
		ARRAY_GROW(disk->files, disk->count, disk->capacity);
		disk->files[disk->count++] = (struct file){0};
	}
	return &disk->files[number - 1];
}

/* ---- contents ---- */

static void content_resize(struct content *content, size_t len)
{
	if (len > content->capacity) {
		content->capacity = MAX_OF(len, content->capacity * 2);
		content->data = mem_resize(content->data, content->capacity, 1);
	}
	if (len > content->len)
		memset(content->data + content->len, 0, len - content->len);
	content->len = len;
}

static void content_put(struct content *content, size_t at, const char *data, size_t len)
{
	if (at + len > content->len)
		content_resize(content, at + len);
	memcpy(content->data + at, data, len);
}

static void content_apply(struct content *content, const struct pending *pending)
{
	if (pending->op->kind == OP_TRUNCATE)
		content_resize(content, pending->op->offset);
	else
		content_put(content, pending->op->offset, pending->data, pending->op->length);
}

/* Each sector by chance, of `percent`. */
static void content_apply_torn(
	struct content *content, const struct pending *pending, unsigned percent)
{
	size_t at = pending->op->offset, end = at + pending->op->length;

	if (pending->op->kind == OP_TRUNCATE) {
		if (random_below(100) < percent)
			content_resize(content, at);
		return;
	}
	while (at < end) {
		size_t next = MIN_OF((at / SECTOR + 1) * SECTOR, end);

		if (random_below(100) < percent)
			content_put(
				content, at, pending->data + (at - pending->op->offset), next - at);
		at = next;
	}
}

static size_t longest(const struct file *file)
{
	size_t len = file->certain.len;

	for (size_t i = 0; i < file->pending.count; i++) {
		const struct op *op = file->pending.list[i].op;

		len = MAX_OF(len, op->offset + op->length);
	}
	return len;
}

static void file_write_image(const struct file *file, const char *path)
{
	/* Nothing, all, or some: the ends are tried most. */
	static const unsigned shares[] = {0, 0, 10, 50, 50, 90, 100, 100};
	struct content content = {0};
	unsigned percent = shares[random_below(ARRAY_LEN(shares))];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	content_put(&content, 0, file->certain.data ? file->certain.data : "", file->certain.len);
	for (size_t i = 0; i < file->pending.count; i++)
		content_apply_torn(&content, &file->pending.list[i], percent);
	if (random_below(4) == 0 && longest(file) > content.len)
		content_resize(&content, longest(file));
	if (fd < 0 ||
		write(fd, content.data ? content.data : "", content.len) != (ssize_t)content.len)
		abort();
	close(fd);
	free(content.data);
}

static void file_sync(struct file *file)
{
	for (size_t i = 0; i < file->pending.count; i++)
		content_apply(&file->certain, &file->pending.list[i]);
	file->pending.count = 0;
}

/* ---- entries ---- */

static void entries_remove(struct entries *entries, const char *path)
{
	for (size_t i = 0; i < entries->count; i++)
		if (str_eq(entries->list[i].path, path)) {
			free(entries->list[i].path);
			entries->list[i] = entries->list[--entries->count];
			return;
		}
}

static void entries_apply(struct entries *entries, const struct pending *pending)
{
	const char *from = pending->data;
	char *path = str_new_n(from, pending->op->length); /* of a rename: the old one */

	if (pending->op->kind == OP_UNLINK || pending->op->kind == OP_RENAME)
		entries_remove(entries, path);
	if (pending->op->kind == OP_RENAME) {
		size_t len = strlen(path) + 1;

		free(path);
		path = str_new_n(from + len, pending->op->length - len);
		entries_remove(entries, path);
	}
	if (pending->op->kind == OP_UNLINK) {
		free(path);
		return;
	}
	ARRAY_GROW(entries->list, entries->count, entries->capacity);
	entries->list[entries->count++] = (struct entry){path, pending->op->file};
}

static void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->list[i].path);
	free(entries->list);
}

static bool lies_in(const struct pending *pending, const char *folder)
{
	auto_free char *path = str_new_n(pending->data, pending->op->length);
	char *slash = strrchr(path, '/');

	if (!slash)
		return str_eq(folder, ".");
	*slash = 0;
	return str_eq(folder, path);
}

static void disk_sync_folder(struct disk *disk, const char *folder)
{
	size_t left = 0;

	for (size_t i = 0; i < disk->pending.count; i++) {
		if (lies_in(&disk->pending.list[i], folder))
			entries_apply(&disk->certain, &disk->pending.list[i]);
		else
			disk->pending.list[left++] = disk->pending.list[i];
	}
	disk->pending.count = left;
}

void disk_apply(struct disk *disk, const struct op *op, const char *data)
{
	auto_free char *path = str_new_n(data, op->length);

	switch (op->kind) {
	case OP_CREATE:
		disk_file(disk, op->file);
		list_add(&disk->pending, op, data);
		return;
	case OP_FOLDER:
	case OP_UNLINK:
	case OP_RENAME:
		list_add(&disk->pending, op, data);
		return;
	case OP_WRITE:
	case OP_TRUNCATE:
		list_add(&disk_file(disk, op->file)->pending, op, data);
		return;
	case OP_SYNC:
		file_sync(disk_file(disk, op->file));
		return;
	case OP_SYNC_FOLDER:
		disk_sync_folder(disk, path);
		return;
	default:
		abort();
	}
}

/* Some of what was changed since they were synced, in order: all, nothing, or to some point. */
static struct entries entries_left(const struct disk *disk)
{
	struct entries left = {0};
	size_t count = disk->pending.count;

	for (size_t i = 0; i < disk->certain.count; i++) {
		ARRAY_GROW(left.list, left.count, left.capacity);
		left.list[left.count++] = (struct entry){
			str_new(disk->certain.list[i].path), disk->certain.list[i].file};
	}
	if (random_below(2))
		count = random_below(count + 1);
	for (size_t i = 0; i < count; i++)
		entries_apply(&left, &disk->pending.list[i]);
	return left;
}

void disk_write_image(const struct disk *disk, const char *folder)
{
	struct entries left = entries_left(disk);

	mkdir(folder, 0700);
	for (size_t i = 0; i < left.count; i++) {
		auto_free char *path = str_printf("%s/%s", folder, left.list[i].path);

		if (!left.list[i].file)
			mkdir(path, 0700);
	}
	for (size_t i = 0; i < left.count; i++) {
		auto_free char *path = str_printf("%s/%s", folder, left.list[i].path);
		char *slash = strrchr(path, '/');
		bool has_folder;

		*slash = 0;
		has_folder = access(path, F_OK) == 0;
		*slash = '/';
		if (left.list[i].file && has_folder)
			file_write_image(&disk->files[left.list[i].file - 1], path);
	}
	entries_free(&left);
}

void disk_free(struct disk *disk)
{
	for (size_t i = 0; i < disk->count; i++) {
		free(disk->files[i].certain.data);
		free(disk->files[i].pending.list);
	}
	free(disk->files);
	entries_free(&disk->certain);
	free(disk->pending.list);
	free(disk);
}
