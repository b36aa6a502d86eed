/* The yardstick: a bare libcurl multi loop on libevent that sends N bodies of one size to a URL over
 * C connections, with the headers that a signed webhook has. Records nothing, judges nothing.
 * usage: bare URL N CONNECTIONS BODY_BYTES; prints the seconds it took and its CPU seconds. */
#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static CURLM *multi;
static struct event_base *loop;
static struct event *timer;
static struct curl_slist *headers;
static long left, done, total;
static char *body;

static size_t ignore(char *data, size_t size, size_t n, void *owner)
{
	(void)data;
	(void)owner;
	return size * n;
}

static void start(CURL *easy)
{
	left--;
	curl_multi_add_handle(multi, easy);
}

static void drain(void)
{
	CURLMsg *message;
	int queued;

	while ((message = curl_multi_info_read(multi, &queued))) {
		CURL *easy = message->easy_handle;

		if (message->data.result != CURLE_OK)
			fprintf(stderr, "bare: %s\n", curl_easy_strerror(message->data.result));
		curl_multi_remove_handle(multi, easy);
		if (++done == total)
			event_base_loopbreak(loop);
		if (left > 0)
			start(easy);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *data)
{
	int running, action = (what & EV_READ ? CURL_CSELECT_IN : 0) |
			      (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)data;
	curl_multi_socket_action(multi, fd, action, &running);
	drain();
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
	int running;

	(void)fd;
	(void)what;
	(void)data;
	curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain();
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *owner, void *data)
{
	struct event *event = data;
	short wanted = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
		       (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	(void)owner;
	if (event) {
		event_free(event);
		curl_multi_assign(multi, fd, NULL);
	}
	if (what == CURL_POLL_REMOVE)
		return 0;
	event = event_new(loop, fd, wanted, on_socket, NULL);
	event_add(event, NULL);
	curl_multi_assign(multi, fd, event);
	return 0;
}

static int timer_wanted(CURLM *m, long ms, void *owner)
{
	struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)m;
	(void)owner;
	if (ms < 0)
		evtimer_del(timer);
	else
		evtimer_add(timer, &delay);
	return 0;
}

static CURL *make(const char *url, size_t bytes)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)bytes);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	return easy;
}

static double seconds(const struct timeval *tv)
{
	return tv->tv_sec + tv->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage usage;
	long connections, bytes;

	if (argc != 5)
		return 2;
	total = left = atol(argv[2]);
	connections = atol(argv[3]);
	bytes = atol(argv[4]);
	body = malloc(bytes + 1);
	memset(body, 'x', bytes);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	loop = event_base_new();
	timer = evtimer_new(loop, on_timeout, NULL);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "User-Agent: nudged/" NUDGED_VERSION);
	headers = curl_slist_append(headers, "webhook-id: 01m805ak80f2jtsczqb3b8t5ym");
	headers = curl_slist_append(headers, "webhook-timestamp: 1795300000");
	headers = curl_slist_append(
		headers, "webhook-signature: v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < connections && left > 0; i++)
		start(make(argv[1], bytes));
	event_base_dispatch(loop);
	clock_gettime(CLOCK_MONOTONIC, &to);
	getrusage(RUSAGE_SELF, &usage);
	printf("%.6f %.6f\n", to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9,
		seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
	return 0;
}
