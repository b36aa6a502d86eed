/* Hubs: curl's multi handles on the loop. Owns their timers and the events of their sockets. Never calls
 * curl inside a callback of curl: the callbacks of sockets and timers only arrange events. */
#include "port/courier_internal.h"

#include <string.h>
#include <unistd.h>

/* ---- sockets by descriptor ---- */

static struct watch *account_watch(struct account *account, curl_socket_t fd)
{
	if ((size_t)fd >= account->watch_count) {
		size_t count = MAX_OF((size_t)fd + 1, account->watch_count * 2);

		account->watches = mem_resize(account->watches, count, sizeof(*account->watches));
		memset(account->watches + account->watch_count, 0,
			(count - account->watch_count) * sizeof(*account->watches));
		account->watch_count = count;
	}
	if (!account->watches[fd])
		account->watches[fd] = mem_new(sizeof(struct watch));
	return account->watches[fd];
}

static void watch_stop(struct watch *watch)
{
	if (!watch->what)
		return;
	event_del(&watch->event);
	watch->what = 0;
	watch->rests = false;
}

void account_open_socket(struct account *account, int fd)
{
	account_watch(account, fd)->open = true;
}

int account_close_socket(struct account *account, int fd)
{
	struct watch *watch = account_watch(account, fd);

	watch_stop(watch);
	watch->open = false;
	return close(fd);
}

/* ---- callbacks of curl ---- */

static int on_curl_timer(CURLM *multi, long ms, void *owner)
{
	struct hub *hub = owner;
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	if (ms < 0)
		evtimer_del(&hub->timer);
	else
		evtimer_add(&hub->timer, &wait);
	return 0;
}

static void hub_act(struct hub *hub, curl_socket_t fd, int action)
{
	struct account *account = hub->account;
	int running;

	account->busy++;
	curl_multi_socket_action(hub->multi, fd, action, &running);
	hub_drain(hub);
	account->busy--;
	account_settle(account);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *owner)
{
	struct hub *hub = owner;
	struct watch *watch = account_watch(hub->account, fd);

	if (watch->rests)
		watch_stop(watch);
	else
		hub_act(hub, fd,
			(what & EV_READ ? CURL_CSELECT_IN : 0) |
				(what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *owner)
{
	hub_act(owner, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int wanted, void *owner, void *socket_owner)
{
	struct hub *hub = owner;
	struct watch *watch = account_watch(hub->account, fd);
	short what =
		(wanted & CURL_POLL_IN ? EV_READ : 0) | (wanted & CURL_POLL_OUT ? EV_WRITE : 0);

	/* Between two transfers of a connection nothing is taken down: the next one nearly always
	 * wants the same, and what happens meanwhile happens once. What curl opened by itself, for
	 * its resolver, it closes without a word. */
	watch->rests = wanted == CURL_POLL_REMOVE && watch->open && hub->sockets_rest;
	if (wanted == CURL_POLL_REMOVE)
		what = 0;
	if (watch->rests || what == watch->what)
		return 0;
	watch_stop(watch);
	if (!what)
		return 0;
	event_assign(&watch->event, hub->account->courier->loop, fd, what | EV_PERSIST,
		on_socket_ready, hub);
	event_add(&watch->event, NULL);
	watch->what = what;
	return 0;
}

/* ---- hubs ---- */

void hub_open(struct hub *hub, struct account *account, int connections)
{
	hub->account = account;
	hub->multi = curl_multi_init();
	if (!hub->multi)
		mem_gone();
	curl_multi_setopt(hub->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(hub->multi, CURLMOPT_SOCKETDATA, hub);
	curl_multi_setopt(hub->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(hub->multi, CURLMOPT_TIMERDATA, hub);
	curl_multi_setopt(hub->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	evtimer_assign(&hub->timer, account->courier->loop, on_timer, hub);
}

void hub_close(struct hub *hub)
{
	curl_multi_cleanup(hub->multi);
	event_del(&hub->timer);
}

void account_free_watches(struct account *account)
{
	for (size_t i = 0; i < account->watch_count; i++)
		free(account->watches[i]);
	free(account->watches);
}
