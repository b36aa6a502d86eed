/* Preloaded into a program: records what it does to the files below $RECORD_ROOT, and the lines that it
 * writes to stderr, into $RECORD_LOG. One lock keeps the order; a change is written down after it was
 * made, and a sync after it returned. Never fails a call by itself. */
#include "oplog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024, FILES_MAX = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *root;
static size_t root_len;
static struct {
	uint32_t file; /* 0: not recorded */
	bool is_folder;
	char *path;
} descriptors[DESCRIPTORS_MAX];
static struct {
	char *path;
	uint32_t number;
} files[FILES_MAX];
static int n_files;
static uint32_t last_number;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("RECORD_LOG");

	root = getenv("RECORD_ROOT");
	if (!root || !path)
		return;
	root_len = strlen(root);
	log_fd = (int)syscall(SYS_openat, AT_FDCWD, path,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

static void record(enum op_kind kind, uint32_t file, uint64_t offset, const void *data, size_t len)
{
	struct op op = {kind, file, offset, len};
	char *whole = malloc(sizeof(op) + len);
	int saved = errno;

	memcpy(whole, &op, sizeof(op));
	if (len)
		memcpy(whole + sizeof(op), data, len);
	if (syscall(SYS_write, log_fd, whole, sizeof(op) + len) != (long)(sizeof(op) + len))
		abort();
	free(whole);
	errno = saved;
}

static void record_path(enum op_kind kind, uint32_t file, const char *path)
{
	record(kind, file, 0, path, strlen(path));
}

/* The path below the root, or NULL. */
static char *inside(int folder, const char *path)
{
	char whole[PATH_MAX], link[64];
	ssize_t len = 0;

	if (log_fd < 0)
		return NULL;
	if (path[0] != '/' && folder != AT_FDCWD) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
		len = readlink(link, whole, sizeof(whole) - 1);
		if (len < 0)
			return NULL;
		whole[len++] = '/';
	}
	snprintf(whole + len, sizeof(whole) - len, "%s", path);
	if (strncmp(whole, root, root_len) != 0 || whole[root_len] != '/')
		return strcmp(whole, root) == 0 ? strdup(".") : NULL;
	return strdup(whole + root_len + 1);
}

static int find_file(const char *path)
{
	for (int i = 0; i < n_files; i++)
		if (strcmp(files[i].path, path) == 0)
			return i;
	return -1;
}

static uint32_t file_number(const char *path)
{
	int at = find_file(path);

	if (at >= 0)
		return files[at].number;
	if (n_files == FILES_MAX)
		abort();
	files[n_files].path = strdup(path);
	files[n_files++].number = ++last_number;
	record_path(OP_CREATE, last_number, path);
	return last_number;
}

static void note_open(int fd, int folder, const char *path)
{
	char *name = inside(folder, path);
	struct stat st;

	if (fd < 0 || fd >= DESCRIPTORS_MAX || !name || fstat(fd, &st) < 0) {
		free(name);
		return;
	}
	pthread_mutex_lock(&lock);
	free(descriptors[fd].path);
	descriptors[fd].path = name;
	descriptors[fd].is_folder = S_ISDIR(st.st_mode);
	descriptors[fd].file = S_ISDIR(st.st_mode) ? UINT32_MAX : file_number(name);
	pthread_mutex_unlock(&lock);
}

#define OPENS(name)                                                                                \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
		int fd;                                                                            \
		va_start(args, flags);                                                             \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;                 \
		va_end(args);                                                                      \
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);                        \
		note_open(fd, AT_FDCWD, path);                                                     \
		return fd;                                                                         \
	}
#define OPENS_AT(name)                                                                             \
	int name(int folder, const char *path, int flags, ...)                                     \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
		int fd;                                                                            \
		va_start(args, flags);                                                             \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;                 \
		va_end(args);                                                                      \
		fd = (int)syscall(SYS_openat, folder, path, flags, mode);                          \
		note_open(fd, folder, path);                                                       \
		return fd;                                                                         \
	}
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

/* What the fortified headers make of an open() without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags);
}

int __openat64_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags);
}

int close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < DESCRIPTORS_MAX)
		descriptors[fd].file = 0;
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_close, fd);
}

static uint32_t file_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS_MAX && !descriptors[fd].is_folder ? descriptors[fd].file
									     : 0;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	ssize_t n;

	pthread_mutex_lock(&lock);
	n = syscall(SYS_pwrite64, fd, data, size, offset);
	if (n > 0 && file_of(fd))
		record(OP_WRITE, file_of(fd), offset, data, n);
	pthread_mutex_unlock(&lock);
	return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite64(fd, data, size, offset);
}

/* Files are written at an offset only; a write to one at its position would not be understood. */
ssize_t write(int fd, const void *data, size_t size)
{
	ssize_t n;

	pthread_mutex_lock(&lock);
	if (file_of(fd))
		abort();
	if (fd == STDERR_FILENO && log_fd >= 0)
		record(OP_SAID, 0, 0, data, size);
	n = syscall(SYS_write, fd, data, size);
	pthread_mutex_unlock(&lock);
	return n;
}

int ftruncate64(int fd, off64_t size)
{
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_ftruncate, fd, size);
	if (r == 0 && file_of(fd))
		record(OP_TRUNCATE, file_of(fd), size, NULL, 0);
	pthread_mutex_unlock(&lock);
	return r;
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int truncate64(const char *path, off64_t size)
{
	char *name = inside(AT_FDCWD, path);
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_truncate, path, size);
	if (r == 0 && name)
		record(OP_TRUNCATE, file_number(name), size, NULL, 0);
	pthread_mutex_unlock(&lock);
	free(name);
	return r;
}

int truncate(const char *path, off_t size)
{
	return truncate64(path, size);
}

static int sync_one(long call, int fd)
{
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(call, fd);
	if (r == 0 && fd < DESCRIPTORS_MAX && descriptors[fd].file) {
		if (descriptors[fd].is_folder)
			record_path(OP_SYNC_FOLDER, 0, descriptors[fd].path);
		else
			record(OP_SYNC, descriptors[fd].file, 0, NULL, 0);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

int fsync(int fd)
{
	return sync_one(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_one(SYS_fdatasync, fd);
}

static void forget_file(const char *path)
{
	int at = find_file(path);

	if (at < 0)
		return;
	free(files[at].path);
	files[at] = files[--n_files];
}

static void note_rename(const char *from, const char *to)
{
	size_t len = strlen(from) + 1 + strlen(to);
	char *both = malloc(len + 1);
	int at;

	memcpy(both, from, strlen(from) + 1);
	strcpy(both + strlen(from) + 1, to);
	forget_file(to);
	at = find_file(from);
	if (at < 0)
		abort();
	free(files[at].path);
	files[at].path = strdup(to);
	record(OP_RENAME, files[at].number, 0, both, len);
	free(both);
}

int rename(const char *from, const char *to)
{
	char *old = inside(AT_FDCWD, from), *new = inside(AT_FDCWD, to);
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_rename, from, to);
	if (r == 0 && old && new)
		note_rename(old, new);
	pthread_mutex_unlock(&lock);
	free(old);
	free(new);
	return r;
}

static void note_unlink(const char *name)
{
	record_path(OP_UNLINK, 0, name);
	forget_file(name);
}

static void note_folder(const char *name)
{
	record_path(OP_FOLDER, 0, name);
}

static int call_with_path(long call, const char *path, mode_t mode, void (*note)(const char *name))
{
	char *name = inside(AT_FDCWD, path);
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(call, path, mode);
	if (r == 0 && name)
		note(name);
	pthread_mutex_unlock(&lock);
	free(name);
	return r;
}

int unlink(const char *path)
{
	return call_with_path(SYS_unlink, path, 0, note_unlink);
}

int mkdir(const char *path, mode_t mode)
{
	return call_with_path(SYS_mkdir, path, mode, note_folder);
}
