/* The door to the service manager, against a notification socket of our own and sockets passed the
 * way systemd passes them. Each case is a child process: the descriptors start at 3, as they do. */
#include "base/log.h"
#include "base/str.h"
#include "port/service.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[] = "/tmp/nudged-service-XXXXXX";
static int manager = -1;

static int open_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!mkdtemp(scratch))
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", scratch);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (manager < 0 || bind(manager, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static int close_manager(void **state)
{
	char *path = str_printf("%s/notify", scratch);

	close(manager);
	unlink(path);
	free(path);
	return rmdir(scratch);
}

static const char *heard(void)
{
	static char text[2048];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void what_we_say_arrives(void **state)
{
	unsigned long long us;
	char rest;

	service_ready();
	assert_string_equal(heard(), "READY=1");
	service_stopping();
	assert_string_equal(heard(), "STOPPING=1");
	service_watchdog_ping();
	assert_string_equal(heard(), "WATCHDOG=1");
	service_reloading();
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%llu%c", &us, &rest), 1);
	assert_true(us > 0);
}

static void a_status_is_one_line_whatever_is_in_it(void **state)
{
	char long_text[2000];
	const char *text;

	service_status("%d people, next %s", 3, "09:00");
	assert_string_equal(heard(), "STATUS=3 people, next 09:00");
	service_status("%s", "bad\nREADY=1\tname");
	assert_string_equal(heard(), "STATUS=bad READY=1 name");

	for (size_t odd = 0; odd < 2; odd++) {
		memset(long_text, 'x', odd);
		for (size_t i = odd; i + 2 < sizeof(long_text); i += 2)
			memcpy(long_text + i, "\u00e9", 3);
		service_status("%s", long_text);
		text = heard();
		assert_in_range(strlen(text), 500, 520);
		assert_true(str_is_utf8(text, strlen(text)));
	}
}

static void without_a_manager_nothing_happens(void **state)
{
	char *path = str_new(getenv("NOTIFY_SOCKET"));

	unsetenv("NOTIFY_SOCKET");
	service_ready();
	service_status("nobody hears");
	service_reloading();
	service_stopping();
	service_watchdog_ping();
	assert_string_equal(heard(), "");
	assert_int_equal(service_watchdog_ms(), 0);
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	service_ready();
	setenv("NOTIFY_SOCKET", path, 1);
	free(path);
}

static void the_watchdog_watches_only_the_process_it_names(void **state)
{
	char *self = str_printf("%d", getpid());

	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(service_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", self, 1);
	assert_int_equal(service_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(service_watchdog_ms(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(service_watchdog_ms(), 0);
	unsetenv("WATCHDOG_USEC");
	free(self);
}

/* ---- passed sockets ---- */

#define EXPECT(what)                                                                               \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #what);                 \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Puts fds at 3, 4, ... and runs what in a child that believes systemd passed them. */
static void in_a_child_with(const int *fds, int count, const char *names, void (*what)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		char *pid = str_printf("%d", getpid()), *number = str_printf("%d", count);
		int high[8];

		for (int i = 0; i < count; i++)
			EXPECT((high[i] = fcntl(fds[i], F_DUPFD, 100)) >= 0);
		for (int i = 0; i < count; i++)
			EXPECT(dup2(high[i], SD_LISTEN_FDS_START + i) >= 0);
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", number, 1);
		setenv("LISTEN_FDNAMES", names, 1);
		free(pid);
		free(number);
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int listener(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void take_them(void)
{
	int first, second;

	first = service_take_socket("answers");
	EXPECT(first >= SD_LISTEN_FDS_START);
	EXPECT(fcntl(first, F_GETFL) & O_NONBLOCK);
	EXPECT(fcntl(first, F_GETFD) & FD_CLOEXEC);
	EXPECT(!getenv("LISTEN_FDS"));
	second = service_take_socket("answers");
	EXPECT(second >= SD_LISTEN_FDS_START && second != first);
	EXPECT(service_take_socket("answers") == -ENOENT);
	EXPECT(service_take_socket("control") == -EINVAL);
	EXPECT(service_take_socket("control") == -ENOENT);
	EXPECT(service_close_sockets() == 1);
	EXPECT(service_close_sockets() == 0);
	EXPECT(service_take_socket("other") == -ENOENT);
	close(first);
	close(second);
}

static void sockets_are_taken_by_name_once(void **state)
{
	int not_listening = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fds[] = {listener(), not_listening, listener(), listener()};

	in_a_child_with(fds, 4, "answers:control:other:answers", take_them);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void find_none_of_another(void)
{
	setenv("LISTEN_PID", "1", 1);
	EXPECT(service_take_socket("answers") == -ENOENT);
	EXPECT(service_close_sockets() == 0);
}

static void the_sockets_of_another_process_are_not_ours(void **state)
{
	int fd = listener();

	in_a_child_with(&fd, 1, "answers", find_none_of_another);
	close(fd);
}

/* ---- credentials ---- */

static void credentials_are_found_by_name_and_nothing_else(void **state)
{
	static const char *const impossible[] = {"", ".", "..", "../notify", "a/b", "a\nb"};
	char *path = NULL;

	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(service_find_credential("notify", &path), -ENXIO);
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	assert_int_equal(service_find_credential("notify", &path), -ENXIO);
	setenv("CREDENTIALS_DIRECTORY", scratch, 1);
	assert_int_equal(service_find_credential("absent", &path), -ENOENT);
	for (size_t i = 0; i < ARRAY_LEN(impossible); i++)
		assert_int_equal(service_find_credential(impossible[i], &path), -EINVAL);
	assert_null(path);
	assert_int_equal(service_find_credential("notify", &path), 0);
	assert_string_equal(path, getenv("NOTIFY_SOCKET"));
	free(path);
	unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_say_arrives),
		cmocka_unit_test(a_status_is_one_line_whatever_is_in_it),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(the_watchdog_watches_only_the_process_it_names),
		cmocka_unit_test(sockets_are_taken_by_name_once),
		cmocka_unit_test(the_sockets_of_another_process_are_not_ours),
		cmocka_unit_test(credentials_are_found_by_name_and_nothing_else),
	};

	return cmocka_run_group_tests_name("service", tests, open_manager, close_manager);
}
