/* Stands before the C library's calls that touch files (LD_PRELOAD): syncs that wait or hang, and
 * calls that fail as told, of a running process. What to do stands in a shared page, the file that
 * NUDGED_DISK names; what was seen is counted there. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 1024, FOREVER = -1 };

/* tests/fault/disk.py writes and reads the same. */
struct orders {
	_Atomic int32_t sync_ms, sync_error, write_error, read_error;
	_Atomic int32_t syncs_begun, syncs_done, retried;
};

static struct orders none;
static atomic_bool failed[FDS];

static struct orders *orders(void)
{
	static struct orders *_Atomic shared;
	const char *path = getenv("NUDGED_DISK");
	struct orders *page = shared;
	int fd;

	if (page)
		return page;
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	page = fd < 0 ? MAP_FAILED
		      : mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		syscall(SYS_close, fd);
	shared = page == MAP_FAILED ? &none : page;
	return shared;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static void rest(int32_t ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

/* A sync that follows a failed one on the same descriptor says that all is well, and lies. */
static int sync_as_told(int fd, long call)
{
	struct orders *o = orders();

	o->syncs_begun++;
	if (fd >= 0 && fd < FDS && failed[fd])
		o->retried++;
	if (o->sync_ms > 0)
		rest(o->sync_ms);
	while (o->sync_ms == FOREVER)
		rest(5);
	o->syncs_done++;
	if (!o->sync_error)
		return syscall(call, fd);
	if (fd >= 0 && fd < FDS)
		failed[fd] = true;
	return fail(o->sync_error);
}

int fsync(int fd)
{
	return sync_as_told(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_as_told(fd, SYS_fdatasync);
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		failed[fd] = false;
	return syscall(SYS_close, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	int32_t error = orders()->write_error;

	return error ? fail(error) : syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite64(fd, bytes, len, at);
}

int ftruncate64(int fd, off64_t size)
{
	int32_t error = orders()->write_error;

	return error ? fail(error) : syscall(SYS_ftruncate, fd, size);
}

int truncate(const char *path, off_t size)
{
	int32_t error = orders()->write_error;

	return error ? fail(error) : syscall(SYS_truncate, path, size);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
	int32_t error = orders()->read_error;

	return error ? fail(error) : syscall(SYS_pread64, fd, bytes, len, at);
}
