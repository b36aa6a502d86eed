/* Stands before the C library's allocator (LD_PRELOAD): of a whole process, the allocation whose number
 * NUDGED_MALLOC says fails, and where it was asked for goes to stderr. The file that NUDGED_MALLOCS names learns how many there were. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

enum { FRAMES = 24 };

static _Atomic int64_t made, fail_at;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("NUDGED_MALLOC");

	if (text)
		(void)backtrace((void *[1]){0}, 1); /* it loads what it needs the first time */
	made = 0;
	fail_at = text ? atoll(text) : 0;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("NUDGED_MALLOCS");
	char text[32];
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	int len = snprintf(text, sizeof(text), "%lld\n", (long long)made);

	if (fd >= 0)
		(void)!write(fd, text, len);
}

static bool fails(void)
{
	void *frames[FRAMES];

	if (++made != fail_at)
		return false;
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t count, size_t size)
{
	size_t whole;

	return __builtin_mul_overflow(count, size, &whole) ? NULL : realloc(p, whole);
}
