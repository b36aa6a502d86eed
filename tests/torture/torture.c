/* One target of tests/fuzz on inputs of which every allocation fails once, each in a process of its own:
 * that must end well and give everything back, or abort with the sentence for it. Allocations are the
 * C library's, counted on their way. */
#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INPUT_MAX = 1 << 20,
	SECONDS_MAX = 20,
	FRAMES = 24,
	LEAKED = 33, /* exit status */
	SAID_MAX = 65536,
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static int64_t made, alive, fail_at;
static void *frames[FRAMES];
static int n_frames;

static bool fails(void)
{
	if (++made != fail_at)
		return false;
	n_frames = backtrace(frames, FRAMES);
	return true;
}

static void *kept(void *p)
{
	alive += p != NULL;
	return p;
}

void *malloc(size_t size)
{
	return fails() ? NULL : kept(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : kept(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
	void *grown;

	if (!p)
		return malloc(size);
	if (fails())
		return NULL;
	grown = __libc_realloc(p, size);
	alive -= !grown && !size;
	return grown;
}

void *reallocarray(void *p, size_t count, size_t size)
{
	size_t whole;

	return __builtin_mul_overflow(count, size, &whole) ? NULL : realloc(p, whole);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : kept(__libc_memalign(alignment, size));
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	*ret = aligned_alloc(alignment, size);
	return *ret ? 0 : 12;
}

void free(void *p)
{
	alive -= p != NULL;
	__libc_free(p);
}

static void show_failed(void)
{
	(void)!write(STDERR_FILENO, "failed at\n", 10);
	backtrace_symbols_fd(frames, n_frames, STDERR_FILENO);
}

static void on_crash(int number)
{
	void *here[FRAMES];

	show_failed();
	(void)!write(STDERR_FILENO, "crashed at\n", 11);
	backtrace_symbols_fd(here, backtrace(here, FRAMES), STDERR_FILENO);
	signal(number, SIG_DFL);
	raise(number);
}

/* In a child. Silent when all is well. */
static void run_with(const uint8_t *data, size_t size, int64_t at, int64_t leaks)
{
	int64_t before;

	signal(SIGSEGV, on_crash);
	signal(SIGABRT, on_crash);
	alarm(SECONDS_MAX);
	made = 0;
	fail_at = at;
	before = alive;
	(void)LLVMFuzzerTestOneInput(data, size);
	fail_at = 0;
	if (alive - before <= leaks)
		_exit(EXIT_SUCCESS);
	fprintf(stderr, "%lld more than usual not given back\n",
		(long long)(alive - before - leaks));
	show_failed();
	_exit(LEAKED);
}

struct tally {
	int64_t allocations, well, aborted, libconfig, bad;
};

/* What the child says, until it ends; its status. */
static int listen_to(pid_t child, int fd, char *said)
{
	size_t len = 0;
	ssize_t got;
	int status;

	while ((got = read(fd, said + len, SAID_MAX - 1 - len)) > 0)
		len += got;
	said[len] = 0;
	close(fd);
	waitpid(child, &status, 0);
	return status;
}

/* libconfig 1.5 looks at none of its allocations: it crashes, leaves a name or value out, or exits. */
static bool is_of_libconfig(const char *said)
{
	const char *failed = strstr(said, "failed at\n"), *crashed = strstr(said, "crashed at\n");
	const char *inside = failed ? strstr(failed, "libconfig.so") : NULL;

	return (inside && (!crashed || inside < crashed)) || strstr(said, "out of dynamic memory");
}

static void show_bad(const char *name, int64_t at, int status, const char *said)
{
	printf("%s, allocation %lld: %s %d: %.2000s\n", name, (long long)at,
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
}

static void fail_once(const char *name, const uint8_t *data, size_t size, int64_t at, int64_t leaks,
	struct tally *tally)
{
	static char said[SAID_MAX];
	int ends[2], status;
	pid_t child;

	if (pipe(ends) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		run_with(data, size, at, leaks);
	}
	close(ends[1]);
	status = listen_to(child, ends[0], said);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
		tally->well++;
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
		   strstr(said, "out of memory")) {
		tally->aborted++;
	} else if (is_of_libconfig(said)) {
		tally->libconfig++;
	} else {
		tally->bad++;
		show_bad(name, at, status, said);
	}
}

static void torture(const char *name, const uint8_t *data, size_t size, struct tally *tally)
{
	int64_t leaks, count;

	/* What is made once is made now. */
	(void)LLVMFuzzerTestOneInput(data, size);
	(void)LLVMFuzzerTestOneInput(data, size);
	leaks = alive;
	made = 0;
	(void)LLVMFuzzerTestOneInput(data, size);
	leaks = alive - leaks;
	count = made;
	for (int64_t at = 1; at <= count; at++)
		fail_once(name, data, size, at, leaks, tally);
	tally->allocations += count;
}

int main(int argc, char **argv)
{
	static uint8_t data[INPUT_MAX];
	struct tally tally = {0};

	n_frames = backtrace(frames, FRAMES); /* it loads what it needs the first time */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");
		size_t size = file ? fread(data, 1, sizeof(data), file) : 0;

		if (!file)
			return EXIT_FAILURE;
		fclose(file);
		torture(argv[i], data, size, &tally);
	}
	printf("%lld allocations: %lld well, %lld aborted, %lld ended by libconfig, %lld bad\n",
		(long long)tally.allocations, (long long)tally.well, (long long)tally.aborted,
		(long long)tally.libconfig, (long long)tally.bad);
	return tally.bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
