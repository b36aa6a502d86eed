/* Files that are changed in every way that editors, package tools and orchestrators change them, and
 * what is told of it. Each test makes the change that must not be told first, then one that must be:
 * nothing is proved by waiting. */
#include "base/str.h"
#include "port/watch.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATHS = 8, PATIENCE_S = 30 };

struct bench {
	char folder[64];
	struct event_base *loop;
	struct watch *watch;
	int told, troubles, error;
	size_t n_paths;
	char paths[PATHS][PATH_MAX];
};

static void on_change(void *owner, const char *const *paths, size_t count)
{
	struct bench *bench = owner;

	bench->told++;
	bench->n_paths = count;
	for (size_t i = 0; i < MIN_OF(count, (size_t)PATHS); i++)
		snprintf(bench->paths[i], PATH_MAX, "%s", paths[i]);
	event_base_loopbreak(bench->loop);
}

static void on_trouble(void *owner, const char *path, int error)
{
	struct bench *bench = owner;

	bench->troubles++;
	bench->error = error;
	assert_non_null(path);
}

static void open_bench(struct bench *bench, int64_t quiet_ms, int64_t at_most_ms)
{
	struct watch_settings settings = {.quiet_ms = quiet_ms,
		.at_most_ms = at_most_ms,
		.owner = bench,
		.on_change = on_change,
		.on_trouble = on_trouble};

	*bench = (struct bench){.folder = "/tmp/nudged-watch-XXXXXX"};
	assert_non_null(mkdtemp(bench->folder));
	settings.loop = bench->loop = event_base_new();
	assert_int_equal(watch_new(&settings, &bench->watch), 0);
}

static void shell(const struct bench *bench, const char *command)
{
	auto_free char *whole = str_printf("cd %s && %s", bench->folder, command);

	assert_int_equal(system(whole), 0);
}

static void close_bench(struct bench *bench)
{
	watch_free(bench->watch);
	event_base_free(bench->loop);
	shell(bench, "rm -rf \"$PWD\"");
}

/* names: of the folder, with spaces between. */
static void set_paths(struct bench *bench, const char *names)
{
	char text[256], *save, *path[PATHS];
	size_t count = 0;

	snprintf(text, sizeof(text), "%s", names);
	for (char *name = strtok_r(text, " ", &save); name; name = strtok_r(NULL, " ", &save))
		path[count++] = str_printf("%s/%s", bench->folder, name);
	watch_set(bench->watch, (const char *const *)path, count);
	while (count)
		free(path[--count]);
}

static void on_limit(evutil_socket_t fd, short what, void *data)
{
	fail_msg("nothing was told in %d s", PATIENCE_S);
}

/* Until something was told. */
static void wait_told(struct bench *bench)
{
	struct timeval limit = {.tv_sec = PATIENCE_S};
	struct event *timer = evtimer_new(bench->loop, on_limit, NULL);

	evtimer_add(timer, &limit);
	event_base_dispatch(bench->loop);
	event_free(timer);
}

static bool was_told(const struct bench *bench, const char *name)
{
	auto_free char *path = str_printf("%s/%s", bench->folder, name);

	for (size_t i = 0; i < bench->n_paths; i++)
		if (str_eq(bench->paths[i], path))
			return true;
	return false;
}

/* Whether the loop has work that only time would bring: idle, there must be none. */
static bool timer_runs(const struct bench *bench)
{
	return event_base_get_num_events(bench->loop, EVENT_BASE_COUNT_ADDED) > 1;
}

static void every_way_to_change_a_file_is_seen(void **state)
{
	static const struct {
		const char *before, *change, *path;
	} rows[] = {
		{"echo 1 >a", "echo 2 >a", "a"},
		{"echo 1 >a", "echo 2 >>a", "a"},
		{"echo 1 >a", "echo 2 >new && mv new a", "a"},
		{"echo 1 >a", "rm a", "a"},
		{"echo 1 >a", "mv a old", "a"},
		{"echo 1 >a", "chmod 600 a", "a"},
		{"echo 1 >a", "touch a", "a"},
		{"echo 1 >a", "rm a && echo 2 >b && ln b a", "a"},
		{"echo 1 >a", "rm a && ln -s /etc/hosts a", "a"},
		{"true", "echo 1 >a", "a"},
		/* Folders that are not there yet, and some that go. */
		{"true", "mkdir -p x/y/z && echo 1 >x/y/z/a", "x/y/z/a"},
		{"mkdir x", "mkdir x/y && echo 1 >x/y/a", "x/y/a"},
		{"mkdir -p x/y && echo 1 >x/y/a", "rm -r x", "x/y/a"},
		{"mkdir -p x/y && echo 1 >x/y/a", "mv x old", "x/y/a"},
		{"mkdir -p x/y && echo 1 >x/y/a", "mv x/y old", "x/y/a"},
		/* A file where a folder should be. */
		{"echo 1 >x", "rm x && mkdir x && echo 1 >x/a", "x/a"},
		/* Links: to a file elsewhere, by another link, relative, to a folder. */
		{"mkdir t && echo 1 >t/real && ln -s \"$PWD/t/real\" a", "echo 2 >t/real", "a"},
		{"mkdir t && echo 1 >t/real && ln -s \"$PWD/t/real\" a",
			"echo 2 >t/new && mv t/new t/real", "a"},
		{"mkdir t && echo 1 >t/real && ln -s t/real b && ln -s b a", "echo 2 >t/real", "a"},
		{"mkdir t && echo 1 >t/real && ln -s t/real a && echo 1 >b", "ln -sfn b a", "a"},
		{"mkdir t && echo 1 >t/real && ln -s ../t/real t/b && ln -s t/b a", "rm t/real",
			"a"},
		{"ln -s nowhere a", "echo 1 >nowhere", "a"},
		/* A volume of Kubernetes: the folder behind a link is exchanged. */
		{"mkdir 1 2 && echo 1 >1/a && echo 2 >2/a && ln -s 1 data && ln -s data/a a",
			"ln -s 2 tmp && mv -T tmp data", "a"},
		{"mkdir 1 2 && echo 1 >1/a && echo 2 >2/a && ln -s 1 data",
			"ln -s 2 tmp && mv -T tmp data", "data/a"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench bench;

		open_bench(&bench, 20, 10000);
		shell(&bench, rows[i].before);
		set_paths(&bench, rows[i].path);
		shell(&bench, rows[i].change);
		wait_told(&bench);
		if (bench.n_paths != 1 || !was_told(&bench, rows[i].path))
			fail_msg("%s: %s was not told alone", rows[i].change, rows[i].path);
		assert_int_equal(bench.troubles, 0);
		close_bench(&bench);
	}
}

/* After each change it is watched where it is then. */
static void a_file_is_followed_wherever_it_goes(void **state)
{
	static const char *const changes[] = {"mkdir -p x/y && echo 1 >x/y/a", "echo 2 >x/y/a",
		"rm -r x", "mkdir -p x/y && echo 3 >x/y/a", "mv x old && mkdir -p n/y && ln -s n x",
		"echo 4 >n/y/a", "rm x && mv old x", "echo 5 >x/y/new && mv x/y/new x/y/a",
		"mkdir t && mv x/y/a t/a && ln -s ../../t/a x/y/a", "echo 6 >t/a"};
	struct bench bench;

	open_bench(&bench, 20, 10000);
	set_paths(&bench, "x/y/a");
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		shell(&bench, changes[i]);
		wait_told(&bench);
		assert_true(was_told(&bench, "x/y/a"));
		assert_false(timer_runs(&bench));
	}
	close_bench(&bench);
}

static void only_what_changed_is_told(void **state)
{
	struct bench bench;

	open_bench(&bench, 20, 10000);
	shell(&bench, "mkdir x y && touch a b x/a y/a");
	set_paths(&bench, "a b x/a y/a missing");
	shell(&bench, "touch other x/other && rm other && cat a >/dev/null && mkdir z");
	shell(&bench, "echo 1 >b && echo 1 >y/a");
	wait_told(&bench);
	assert_int_equal(bench.told, 1);
	assert_int_equal(bench.n_paths, 2);
	assert_true(was_told(&bench, "b") && was_told(&bench, "y/a"));
	assert_false(timer_runs(&bench));
	shell(&bench, "echo 1 >a");
	wait_told(&bench);
	assert_int_equal(bench.n_paths, 1);
	assert_true(was_told(&bench, "a"));
	close_bench(&bench);
}

static void nothing_wakes_up_for_what_nobody_asked_about(void **state)
{
	struct bench bench;

	open_bench(&bench, 20, 10000);
	shell(&bench, "touch a");
	set_paths(&bench, "a");
	shell(&bench, "touch other && rm other && cat a >/dev/null");
	event_base_loop(bench.loop, EVLOOP_NONBLOCK);
	assert_false(timer_runs(&bench));
	assert_int_equal(bench.told, 0);
	close_bench(&bench);
}

static void a_list_that_is_replaced_is_watched_no_more(void **state)
{
	struct bench bench;

	open_bench(&bench, 20, 10000);
	shell(&bench, "mkdir x && touch x/a b");
	set_paths(&bench, "x/a b");
	shell(&bench, "echo 1 >x/a");
	event_base_loop(bench.loop, EVLOOP_ONCE);
	assert_true(timer_runs(&bench));
	set_paths(&bench, "b"); /* a change that is on its way is forgotten with it */
	assert_false(timer_runs(&bench));
	shell(&bench, "echo 2 >x/a");
	event_base_loop(bench.loop, EVLOOP_NONBLOCK);
	assert_false(timer_runs(&bench));
	shell(&bench, "echo 1 >b");
	wait_told(&bench);
	assert_int_equal(bench.n_paths, 1);
	assert_true(was_told(&bench, "b"));
	set_paths(&bench, "");
	shell(&bench, "echo 2 >b");
	event_base_loop(bench.loop, EVLOOP_NONBLOCK);
	assert_false(timer_runs(&bench));
	close_bench(&bench);
}

/* So quiet never comes, and it is told all the same. */
static void what_never_rests_is_told_all_the_same(void **state)
{
	struct bench bench;
	int writes = 0;

	open_bench(&bench, 1000 * INT64_C(86400), 50);
	shell(&bench, "touch a");
	set_paths(&bench, "a");
	while (!bench.told && ++writes < 100000) {
		shell(&bench, "echo 1 >>a");
		event_base_loop(bench.loop, EVLOOP_NONBLOCK);
	}
	assert_int_equal(bench.told, 1);
	assert_true(was_told(&bench, "a"));
	close_bench(&bench);
}

/* What comes together is told together: quiet begins again with each change. */
static void a_burst_is_told_once(void **state)
{
	struct bench bench;

	open_bench(&bench, 2000, 60000);
	shell(&bench, "touch a b c");
	set_paths(&bench, "a b c");
	shell(&bench, "echo 1 >a");
	event_base_loop(bench.loop, EVLOOP_ONCE);
	shell(&bench, "echo 1 >b && echo 2 >a");
	event_base_loop(bench.loop, EVLOOP_ONCE);
	shell(&bench, "echo 1 >c");
	wait_told(&bench);
	assert_int_equal(bench.told, 1);
	assert_int_equal(bench.n_paths, 3);
	close_bench(&bench);
}

static void a_queue_that_overflows_is_a_change_of_everything(void **state)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	struct bench bench;
	int events = 0;
	char path[128];

	assert_non_null(limit);
	assert_int_equal(fscanf(limit, "%d", &events), 1);
	fclose(limit);
	if (events > 1000000)
		skip();
	open_bench(&bench, 20, 10000);
	shell(&bench, "mkdir x && touch x/a y z");
	set_paths(&bench, "x/a y z");
	/* Two of a kind in a row are one event, so a pair of names. */
	for (int i = 0; i <= events; i++) {
		snprintf(path, sizeof(path), "%s/x/%d", bench.folder, i % 2);
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	}
	wait_told(&bench);
	assert_int_equal(bench.n_paths, 3);
	close_bench(&bench);
}

static void loops_and_impossible_paths_end(void **state)
{
	struct bench bench;
	char deep[2 * PATH_MAX];
	const char *paths[] = {"", "/", "//", ".", deep, "/proc/self/exe/x/y"};

	memset(deep, 'x', sizeof(deep) - 1);
	deep[0] = '/';
	deep[sizeof(deep) - 1] = '\0';
	open_bench(&bench, 20, 10000);
	shell(&bench, "ln -s b a && ln -s a b && ln -s c/c c");
	watch_set(bench.watch, paths, ARRAY_LEN(paths));
	set_paths(&bench, "a c/x d");
	shell(&bench, "touch d");
	wait_told(&bench);
	assert_int_equal(bench.n_paths, 1);
	shell(&bench, "ln -sfn d b");
	wait_told(&bench);
	assert_true(was_told(&bench, "a"));
	close_bench(&bench);
}

static void relative_paths_begin_where_we_are(void **state)
{
	struct bench bench;
	char here[PATH_MAX];
	const char *path = "./x/../a";

	open_bench(&bench, 20, 10000);
	shell(&bench, "mkdir x");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(bench.folder), 0);
	watch_set(bench.watch, &path, 1);
	shell(&bench, "touch a");
	wait_told(&bench);
	assert_string_equal(bench.paths[0], path);
	assert_int_equal(chdir(here), 0);
	close_bench(&bench);
}

/* In a user namespace of its own a process may set the limits of inotify for itself. */
static bool limit_watches(int count)
{
	FILE *limit;
	bool done;

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	limit = fopen("/proc/sys/user/max_inotify_watches", "w");
	if (!limit)
		return false;
	done = fprintf(limit, "%d\n", count) > 0;
	return fclose(limit) == 0 && done;
}

enum { CHILD_FINE, CHILD_WRONG, CHILD_CANNOT = 77 };

static int watch_with_few(void)
{
	struct bench bench;
	int result = CHILD_WRONG;

	if (!limit_watches(4))
		return CHILD_CANNOT;
	open_bench(&bench, 20, 10000);
	shell(&bench, "mkdir 1 2 3 4 5 6");
	set_paths(&bench, "1/a 2/a 3/a 4/a 5/a 6/a");
	if (bench.troubles == 1 && bench.error == -ENOSPC) {
		shell(&bench, "touch 1/a"); /* what can be watched is */
		wait_told(&bench);
		if (was_told(&bench, "1/a") && bench.troubles == 1) {
			set_paths(&bench, "1/a");
			set_paths(&bench, "1/a 2/a 3/a 4/a 5/a 6/a");
			result = bench.troubles == 2 ? CHILD_FINE : CHILD_WRONG;
		}
	}
	close_bench(&bench);
	return result;
}

static void where_the_kernel_has_no_room_it_is_said_once(void **state)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(watch_with_few());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT)
		skip();
	assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

static void more_paths_than_the_ceiling_are_said_and_left_out(void **state)
{
	const char **paths = mem_new_array(WATCH_PATHS_MAX + 1, sizeof(*paths));
	struct bench bench;

	open_bench(&bench, 20, 10000);
	for (int i = 0; i <= WATCH_PATHS_MAX; i++)
		paths[i] = str_printf("%s/%d", bench.folder, i);
	watch_set(bench.watch, paths, WATCH_PATHS_MAX);
	assert_int_equal(bench.troubles, 0);
	watch_set(bench.watch, paths, WATCH_PATHS_MAX + 1);
	assert_int_equal(bench.troubles, 1);
	assert_int_equal(bench.error, -E2BIG);
	for (int i = 0; i <= WATCH_PATHS_MAX; i++)
		free((char *)paths[i]);
	free(paths);
	close_bench(&bench);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_change_a_file_is_seen),
		cmocka_unit_test(a_file_is_followed_wherever_it_goes),
		cmocka_unit_test(only_what_changed_is_told),
		cmocka_unit_test(nothing_wakes_up_for_what_nobody_asked_about),
		cmocka_unit_test(a_list_that_is_replaced_is_watched_no_more),
		cmocka_unit_test(what_never_rests_is_told_all_the_same),
		cmocka_unit_test(a_burst_is_told_once),
		cmocka_unit_test(a_queue_that_overflows_is_a_change_of_everything),
		cmocka_unit_test(loops_and_impossible_paths_end),
		cmocka_unit_test(relative_paths_begin_where_we_are),
		cmocka_unit_test(where_the_kernel_has_no_room_it_is_said_once),
		cmocka_unit_test(more_paths_than_the_ceiling_are_said_and_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
