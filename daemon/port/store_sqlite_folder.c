/* The state folder: made, checked, locked, so that one daemon alone writes there, and no other user
 * can. Owns the lock's descriptor (kept in struct sqlite). Every refusal is one sentence that says
 * what to do. */
#include "port/store_sqlite.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	int error;
	const char *advice;
} advices[] = {
	{EACCES, "give nudged's user access to it"},
	{EPERM, "give it to nudged's user"},
	{EROFS, "mount it writable, or use another state folder"},
	{ENOSPC, "free some space"},
	{EDQUOT, "free some space, or raise the quota"},
	{EFBIG, "raise the limit on file sizes"},
	{ENOTDIR, "use a folder"},
	{EISDIR, "move it away"},
	{ENOENT, "create the folder above it, or use another state folder"},
	{ELOOP, "use a path without a symbolic link at its end"},
	{EBUSY, "end the other program that has it open"},
	{EBADMSG, "restore a backup, or move the file away to start anew"},
	{EIO, "check the disk"},
};

char *store_sqlite_explain(const char *path, const char *doing, int error)
{
	const char *what = error == -EBADMSG ? "it is damaged" : strerror(-error);

	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		if (advices[i].error == -error)
			return str_printf("%s %s: %s: %s", doing, path, what, advices[i].advice);
	}
	return str_printf("%s %s: %s", doing, path, what);
}

static int check_folder(const char *folder, const struct stat *st, char **ret_error)
{
	if (st->st_uid != geteuid()) {
		*ret_error =
			str_printf("%s belongs to user %u, and nudged runs as user %u: chown it, "
				   "or use another state folder",
				folder, (unsigned)st->st_uid, (unsigned)geteuid());
		return -EPERM;
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		*ret_error = str_printf("%s can be written by others (mode %04o): chmod go-w %s",
			folder, (unsigned)st->st_mode & 07777, folder);
		return -EPERM;
	}
	return 0;
}

/* Makes the folder's last component when it is missing; a power loss does not take it away again,
 * unless the folder above is one that we may write and not read. */
static int make_folder(const char *folder)
{
	auto_free char *copy = str_new(folder);
	int error;

	if (mkdir(folder, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	error = store_sqlite_sync(dirname(copy), O_RDONLY | O_DIRECTORY);
	return error == -EACCES ? 0 : error;
}

static int open_folder(const char *folder, int *ret, char **ret_error)
{
	struct stat st;
	int fd, error = make_folder(folder);

	if (error) {
		*ret_error = store_sqlite_explain(folder, "cannot make the state folder", error);
		return error;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error = -errno;
		*ret_error = store_sqlite_explain(folder, "cannot open the state folder", error);
		if (fd >= 0)
			close(fd);
		return error;
	}
	error = check_folder(folder, &st, ret_error);
	if (error) {
		close(fd);
		return error;
	}
	*ret = fd;
	return 0;
}

/* Opens a file of the folder that only we can read; with O_CREAT, makes it. */
static int open_private(
	const char *folder, int folder_fd, const char *name, int flags, int *ret, char **ret_error)
{
	auto_free char *path = str_printf("%s/%s", folder, name);
	struct stat st;
	int error, fd = openat(folder_fd, name,
			   flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0 || fstat(fd, &st) < 0 || fchmod(fd, 0600) < 0) {
		error = -errno;
		*ret_error = store_sqlite_explain(path, "cannot write", error);
	} else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		error = -EPERM;
		*ret_error =
			str_printf("%s is not a plain file of nudged's user: move it away", path);
	} else {
		*ret = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return error;
}

/* "process 123 (nudged)", from what the holder wrote into the lock. */
static char *describe_holder(int fd)
{
	cleanup(buf_free) struct buf pid = BUF_MAX(32), name = BUF_MAX(64);
	char path[64];
	int64_t number;

	if (buf_read_fd(&pid, fd) < 0)
		return str_new("another process");
	pid.data[strcspn(buf_str(&pid), "\n")] = 0;
	if (str_to_int64(buf_str(&pid), &number) < 0)
		return str_new("another process");
	snprintf(path, sizeof(path), "/proc/%jd/comm", (intmax_t)number);
	if (buf_read_file(&name, path) < 0 || str_empty(buf_str(&name)))
		return str_printf("process %jd", (intmax_t)number);
	return str_printf("process %jd (%.*s)", (intmax_t)number,
		(int)strcspn(buf_str(&name), "\n"), buf_str(&name));
}

static int take_lock(const char *folder, int fd, char **ret_error)
{
	char pid[32];
	int len = snprintf(pid, sizeof(pid), "%jd\n", (intmax_t)getpid());

	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		auto_free char *holder = describe_holder(fd);

		*ret_error =
			str_printf("%s/lock is held by %s: stop it, or use another state folder",
				folder, holder);
		return error;
	}
	/* The lock is what counts; on a full disk its text may be missing. */
	if (pwrite(fd, pid, len, 0) == len && ftruncate(fd, len) < 0)
		return 0;
	return 0;
}

/* SQLite gives its log the mode of the database. It is closed again before SQLite opens it: closing
 * it later would drop SQLite's locks. */
static int check_database(const char *folder, int folder_fd, char **ret_error)
{
	int fd, error;

	if (faccessat(folder_fd, "nudged.db", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	error = open_private(folder, folder_fd, "nudged.db", 0, &fd, ret_error);
	if (!error)
		close(fd);
	return error;
}

int store_sqlite_take_folder(struct sqlite *s, char **ret_error)
{
	int folder_fd, error = open_folder(s->folder, &folder_fd, ret_error);

	if (error)
		return error;
	error = open_private(s->folder, folder_fd, "lock", O_CREAT, &s->lock_fd, ret_error);
	if (!error)
		error = take_lock(s->folder, s->lock_fd, ret_error);
	if (!error)
		error = check_database(s->folder, folder_fd, ret_error);
	close(folder_fd);
	return error;
}

int store_sqlite_make_private(struct sqlite *s, const char *name, char **ret_error)
{
	int folder_fd, fd, error = open_folder(s->folder, &folder_fd, ret_error);

	if (error)
		return error;
	error = open_private(s->folder, folder_fd, name, O_CREAT | O_EXCL, &fd, ret_error);
	if (!error)
		close(fd);
	close(folder_fd);
	return error;
}

int store_sqlite_sync(const char *path, int flags)
{
	int error, fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	error = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return error;
}
