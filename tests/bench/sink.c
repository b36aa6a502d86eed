/* A receiver as fast as can be: HTTP/1.1 with keep-alive on one epoll thread. Answers every POST with
 * an empty 200 and counts it; GET /stats tells: count, bytes of bodies, first and last receipt
 * (microseconds of the wall clock), connections seen. With a ledger each receipt is a line there, in
 * the file before it is answered: microseconds, path, webhook-id, attempt, person, reminder, due.
 * GET /delay/MS: answers wait so long from then on.
 * usage: sink PORT [LEDGER]; ends when its standard input does. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ANSWERS = 65536,
	CONNECTION_BUFFER = 65536,
	EVENTS = 256,
	LATE_BUCKETS = 200000,
	WORD_MAX = 80
};

struct connection {
	int fd;
	size_t len;
	char data[CONNECTION_BUFFER];
};

static uint64_t count, bytes, connections;
static int64_t first_us, last_us;
static int ledger = -1;
static uint32_t late_ms[LATE_BUCKETS]; /* receipts by ms after a whole second */

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
}

static void send_stats(int fd)
{
	char body[512], head[128];
	uint64_t seen = 0;
	int p50 = -1, p99 = -1;

	for (int i = 0; i < LATE_BUCKETS; i++) {
		seen += late_ms[i];
		if (p50 < 0 && seen * 2 >= count)
			p50 = i;
		if (p99 < 0 && seen * 100 >= count * 99)
			p99 = i;
	}
	snprintf(body, sizeof(body), "%llu %llu %lld %lld %llu %d %d\n", (unsigned long long)count,
		(unsigned long long)bytes, (long long)first_us, (long long)last_us,
		(unsigned long long)connections, p50, p99);
	snprintf(
		head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	send_all(fd, head, strlen(head));
	send_all(fd, body, strlen(body));
}

/* One word of text between start and end: what follows mark, up to one of the stops; "-" without. */
static size_t word_after(
	const char *start, const char *end, const char *mark, const char *stops, char *out)
{
	const char *at = memmem(start, end - start, mark, strlen(mark));
	size_t len = 0;

	for (at = at ? at + strlen(mark) : end; at < end && len < WORD_MAX && !strchr(stops, *at);
		at++)
		out[len++] = *at;
	if (!len)
		out[len++] = '-';
	return len;
}

static void note(const char *start, const char *body, const char *end, int64_t now)
{
	static const char *const in_body[][2] = {{"\"attempt\":", ",}"},
		{"\"person\":{\"id\":\"", "\""}, {"\"reminder\":\"", "\""}, {"\"due\":\"", "\""}};
	char line[32 + 6 * (WORD_MAX + 1)];
	size_t len = snprintf(line, 32, "%lld ", (long long)now);

	len += word_after(start, body, " ", " ", line + len);
	line[len++] = ' ';
	len += word_after(start, body, "webhook-id: ", "\r", line + len);
	for (size_t i = 0; i < 4; i++) {
		line[len++] = ' ';
		len += word_after(body, end, in_body[i][0], in_body[i][1], line + len);
	}
	line[len++] = '\n';
	if (write(ledger, line, len) != (ssize_t)len) {
		perror("ledger");
		exit(1);
	}
}

/* Answers that wait, in their order; fd -1: the connection is gone. */
static struct {
	int fd;
	int64_t at_us;
} answers[ANSWERS];
static uint64_t answers_first, answers_end;
static int64_t delay_us;

static void send_answer(int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

	if (fd >= 0)
		send_all(fd, answer, sizeof(answer) - 1);
}

/* ms until the next is due; -1: none waits. */
static int send_due(void)
{
	int64_t now = now_us();

	for (; answers_first < answers_end; answers_first++) {
		int64_t wait_us = answers[answers_first % ANSWERS].at_us - now;

		if (wait_us > 0)
			return (int)(wait_us / 1000 + 1);
		send_answer(answers[answers_first % ANSWERS].fd);
	}
	return -1;
}

static void answer(int fd, int64_t now)
{
	if (!delay_us || answers_end - answers_first == ANSWERS) {
		send_answer(fd);
		return;
	}
	answers[answers_end % ANSWERS].fd = fd;
	answers[answers_end++ % ANSWERS].at_us = now + delay_us;
}

static void forget_answers(int fd)
{
	for (uint64_t i = answers_first; i < answers_end; i++)
		if (answers[i % ANSWERS].fd == fd)
			answers[i % ANSWERS].fd = -1;
}

static void receipt(int fd, const char *start, const char *text, size_t body)
{
	int64_t now = now_us();
	/* Lateness against the whole second: the load is due on whole seconds. In 1/100 ms. */
	int64_t late = now % 1000000 / 10;

	if (!count++)
		first_us = now;
	last_us = now;
	bytes += body;
	if (late < LATE_BUCKETS)
		late_ms[late]++;
	if (ledger >= 0)
		note(start, text, text + body, now);
	answer(fd, now);
}

static size_t content_length(const char *head, const char *end)
{
	for (const char *line = head; line < end; line = strstr(line, "\r\n") + 2)
		if (strncasecmp(line, "content-length:", 15) == 0)
			return strtoul(line + 15, NULL, 10);
	return 0;
}

/* Takes every whole request out of the buffer; false: give the connection up. */
static int take_requests(struct connection *c)
{
	char *start = c->data;

	for (;;) {
		char *end, *next;
		size_t body;

		c->data[c->len] = 0;
		end = strstr(start, "\r\n\r\n");
		if (!end)
			break;
		body = content_length(start, end);
		next = end + 4 + body;
		if (next > c->data + c->len)
			break;
		if (strncmp(start, "GET /reset", 10) == 0) {
			count = bytes = 0;
			memset(late_ms, 0, sizeof(late_ms));
			send_stats(c->fd);
		} else if (strncmp(start, "GET /delay/", 11) == 0) {
			delay_us = strtol(start + 11, NULL, 10) * 1000;
			send_stats(c->fd);
		} else if (strncmp(start, "GET ", 4) == 0) {
			send_stats(c->fd);
		} else {
			receipt(c->fd, start, end + 4, body);
		}
		start = next;
	}
	c->len -= start - c->data;
	memmove(c->data, start, c->len);
	return c->len < CONNECTION_BUFFER - 1;
}

static void serve(int epoll, struct connection *c)
{
	ssize_t n = recv(c->fd, c->data + c->len, CONNECTION_BUFFER - 1 - c->len, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		c->len += n;
		if (take_requests(c))
			return;
	}
	forget_answers(c->fd);
	epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	free(c);
}

static void add(int epoll, int fd, void *data)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), one = 1;
	struct epoll_event events[EVENTS];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 1024) < 0) {
		perror("sink");
		return 1;
	}
	if (argc > 2 &&
		(ledger = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) < 0) {
		perror(argv[2]);
		return 1;
	}
	add(epoll, listener, &listener);
	add(epoll, STDIN_FILENO, NULL);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, send_due());

		for (int i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				return 0;
			if (events[i].data.ptr != &listener) {
				serve(epoll, events[i].data.ptr);
				continue;
			}
			struct connection *c = calloc(1, sizeof(*c));
			c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			connections++;
			add(epoll, c->fd, c);
		}
	}
}
