/* Bytes of one connection: at most one request that keeps its promises, and one reply that begins as
 * replies do. */
#include "base/str.h"
#include "face/http.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static struct event_base *loop;
static struct http_server *server;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int requests;

static void on_request(void *owner, struct http_visit *visit, const struct http_request *request)
{
	const struct http_reply reply = {
		.status = 200, .type = "text/plain", .body = "ok", .body_len = 2};

	requests++;
	FUZZ_CHECK(request->path[0] == '/' && !strpbrk(request->path, "?\r\n "));
	FUZZ_CHECK(request->body_len <= HTTP_BODY_MAX && !request->body[request->body_len]);
	FUZZ_CHECK(!strpbrk(request->content_type, "\r\n"));
	http_answer(visit, &reply);
}

static void on_refusal(void *owner, struct http_visit *visit, int status)
{
	const struct http_reply reply = {.status = status, .type = "text/plain", .body = ""};

	FUZZ_CHECK(status >= 400 && status < 600);
	http_answer(visit, &reply);
}

/* A listening socket without a name in the file system. */
static void open_server(void)
{
	struct http_settings settings = {
		.headers = "", .on_request = on_request, .on_refusal = on_refusal};

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "nudged-fuzz-http-%d",
		(int)getpid());
	event_set_mem_functions(mem_plain, mem_plain_resized, free);
	loop = event_base_new();
	settings.loop = loop;
	settings.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FUZZ_CHECK(bind(settings.fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	FUZZ_CHECK(http_open(&settings, &server) == 0);
}

static void turn(void)
{
	for (int i = 0; i < 6; i++)
		event_base_loop(loop, EVLOOP_NONBLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char reply[1024];
	ssize_t n;
	int fd;

	if (!server)
		open_server();
	requests = 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FUZZ_CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	if (size && send(fd, data, size, MSG_NOSIGNAL) < 0)
		size = 0;
	turn();
	n = recv(fd, reply, sizeof(reply), 0);
	FUZZ_CHECK(requests <= 1);
	FUZZ_CHECK(n <= 0 || (n > 12 && memcmp(reply, "HTTP/1.1 ", 9) == 0));
	FUZZ_CHECK(!requests || n > 0);
	close(fd);
	turn();
	return 0;
}
