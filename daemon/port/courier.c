/* The courier's loop: curl's multi interface on libevent. Owns handles, sockets' events and timers.
 * Never calls curl inside a callback of curl: socket and timer callbacks only arrange events, and
 * everything that ended is collected after each action. */
#include "port/courier_internal.h"

#include "base/str.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
enum { CONNECT_TIMEOUT_MS = 10000 };

static void account_drain(struct account *account);
static void account_settle(struct account *account);
static void account_free(struct account *account);

/* ---- addresses that a message may not go to ---- */

struct range {
	const char *address;
	int bits;
};

/* RFC 6890 and its successors: nothing of the public network lies in these. */
static const struct range barred4[] = {
	{"0.0.0.0", 8},
	{"10.0.0.0", 8},
	{"100.64.0.0", 10},
	{"127.0.0.0", 8},
	{"169.254.0.0", 16},
	{"172.16.0.0", 12},
	{"192.0.0.0", 24},
	{"192.168.0.0", 16},
	{"198.18.0.0", 15},
	{"224.0.0.0", 3},
};
static const struct range barred6[] = {
	{"::", 127},
	{"fc00::", 7},
	{"fe80::", 10},
	{"fec0::", 10},
	{"ff00::", 8},
};
/* An IPv4 address inside an IPv6 one: where it begins. */
static const struct {
	struct range range;
	int at;
} carriers[] = {
	{{"::ffff:0:0", 96}, 12}, {{"64:ff9b::", 96}, 12}, {{"2002::", 16}, 2}, {{"::", 96}, 12}};

static bool in_range(int family, const void *bytes, const struct range *range)
{
	unsigned char base[16];
	const unsigned char *address = bytes;
	int whole = range->bits / 8, rest = range->bits % 8;

	if (inet_pton(family, range->address, base) != 1)
		return true;
	if (memcmp(address, base, whole) != 0)
		return false;
	return !rest || ((address[whole] ^ base[whole]) >> (8 - rest)) == 0;
}

static bool is_barred4(const void *bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(barred4); i++)
		if (in_range(AF_INET, bytes, &barred4[i]))
			return true;
	return false;
}

static bool is_barred6(const void *bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(barred6); i++)
		if (in_range(AF_INET6, bytes, &barred6[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
		if (in_range(AF_INET6, bytes, &carriers[i].range))
			return is_barred4((const char *)bytes + carriers[i].at);
	return false;
}

static bool is_barred(const struct curl_sockaddr *address)
{
	const void *at = &address->addr;

	if (address->family == AF_INET)
		return is_barred4(&((const struct sockaddr_in *)at)->sin_addr);
	if (address->family == AF_INET6)
		return is_barred6(&((const struct sockaddr_in6 *)at)->sin6_addr);
	return true;
}

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

static bool is_local_end(int fd, const struct transfer *transfer)
{
	struct sockaddr_storage address = {0};
	const struct sockaddr_in *v4 = (const void *)&address;
	const struct sockaddr_in6 *v6 = (const void *)&address;
	char text[INET6_ADDRSTRLEN] = "";
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return false;
	if (address.ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	return ntohs(v4->sin_port) == transfer->self_port && str_eq(text, transfer->self);
}

/* What it opened itself may not have been connected yet; a kept one is known by its end. */
void transfer_hang_up(struct transfer *transfer)
{
	const struct account *account = transfer->account;

	for (size_t fd = 0; fd < account->watch_count; fd++) {
		const struct watch *watch = account->watches[fd];

		if (watch && watch->open &&
			(watch->opened_for == transfer->turn ||
				(transfer->started && is_local_end((int)fd, transfer))))
			shutdown((int)fd, SHUT_RDWR);
	}
}

/* ---- callbacks of curl: they arrange, and call nothing ---- */

/* Sees every resolved address just before connect, so no name and no spelling gets around it. A
 * proxy is the administrator's choice, and filters for itself. */
static curl_socket_t on_open_socket(
	void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = owner;
	const struct account_settings *settings = &transfer->account->settings;
	struct watch *watch;
	int fd;

	if (!settings->allow_private && !settings->proxy && is_barred(address)) {
		transfer->barred = true;
		return CURL_SOCKET_BAD;
	}
	transfer->opened = true;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	watch = account_watch(transfer->account, fd);
	watch->open = true;
	watch->opened_for = transfer->turn;
	return fd;
}

/* Before the descriptor can become somebody else's. */
static int on_close_socket(void *owner, curl_socket_t fd)
{
	struct watch *watch = account_watch(owner, fd);

	watch_stop(watch);
	watch->open = false;
	return close(fd);
}

/* The connection stands, TLS and login included; the request comes next. Called once more when curl
 * repeats a request on a fresh connection because a kept one turned out to be dead. */
static int on_connected(void *owner, char *peer, char *self, int peer_port, int self_port)
{
	struct transfer *transfer = owner;

	transfer->started = true;
	transfer->replies = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &transfer->sent_before);
	snprintf(transfer->self, sizeof(transfer->self), "%s", self);
	transfer->self_port = self_port;
	if (!transfer->account->reached) {
		transfer->account->reached = true;
		event_active(&transfer->account->later, EV_TIMEOUT, 1);
	}
	return CURL_PREREQFUNC_OK;
}

static int on_curl_timer(CURLM *multi, long ms, void *owner)
{
	struct account *account = owner;
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	if (ms < 0)
		evtimer_del(&account->timer);
	else
		evtimer_add(&account->timer, &wait);
	return 0;
}

static void on_socket_ready(evutil_socket_t fd, short what, void *owner)
{
	struct account *account = owner;
	struct watch *watch = account_watch(account, fd);
	int running, action = (what & EV_READ ? CURL_CSELECT_IN : 0) |
			      (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	if (watch->rests) {
		watch_stop(watch);
		return;
	}
	account->busy++;
	curl_multi_socket_action(account->multi, fd, action, &running);
	account_drain(account);
	account->busy--;
	account_settle(account);
}

static void on_timer(evutil_socket_t fd, short what, void *owner)
{
	struct account *account = owner;
	int running;

	account->busy++;
	curl_multi_socket_action(account->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	account_drain(account);
	account->busy--;
	account_settle(account);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int wanted, void *owner, void *socket_owner)
{
	struct account *account = owner;
	struct watch *watch = account_watch(account, fd);
	short what =
		(wanted & CURL_POLL_IN ? EV_READ : 0) | (wanted & CURL_POLL_OUT ? EV_WRITE : 0);

	/* Between two transfers of a connection nothing is taken down: the next one nearly always
	 * wants the same, and what happens meanwhile happens once. What curl opened by itself, for
	 * its resolver, it closes without a word. */
	watch->rests = wanted == CURL_POLL_REMOVE && watch->open;
	if (wanted == CURL_POLL_REMOVE)
		what = 0;
	if (watch->rests || what == watch->what)
		return 0;
	watch_stop(watch);
	if (!what)
		return 0;
	event_assign(&watch->event, account->courier->loop, fd, what | EV_PERSIST, on_socket_ready,
		account);
	event_add(&watch->event, NULL);
	watch->what = what;
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
	struct transfer *transfer = owner;
	size_t len = size * count, left = RESPONSE_BODY_MAX - transfer->body.len;

	buf_add(&transfer->body, data, MIN_OF(len, left));
	if (len <= left)
		return len;
	transfer->too_large = true;
	return CURL_WRITEFUNC_ERROR;
}

/* ---- transfers ---- */

static void easy_set_trust(CURL *easy, const struct account_settings *settings)
{
	const char *ca_file = settings->ca_file;

	if (!ca_file && access(SYSTEM_CA_FILE, R_OK) == 0)
		ca_file = SYSTEM_CA_FILE;
	if (ca_file) {
		/* A folder of certificates switches curl's cache of trusted ones off: 17 ms of CPU
		 * for each new connection instead of 0.6. */
		EASY_SET(easy, CURLOPT_CAPATH, NULL);
		EASY_SET(easy, CURLOPT_CAINFO, ca_file);
	}
	EASY_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	EASY_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	EASY_SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (settings->client_cert) {
		EASY_SET(easy, CURLOPT_SSLCERT, settings->client_cert);
		EASY_SET(easy, CURLOPT_SSLKEY, settings->client_cert);
	}
}

static void transfer_prepare(struct transfer *transfer, enum nudged_protocol protocol)
{
	const struct account_settings *settings = &transfer->account->settings;
	CURL *easy = transfer->easy;

	curl_easy_reset(easy);
	free(transfer->url);
	transfer->url = NULL;
	EASY_SET(easy, CURLOPT_PRIVATE, transfer);
	EASY_SET(easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(easy, CURLOPT_QUICK_EXIT, 1L); /* else a hanging resolver blocks the loop */
	EASY_SET(easy, CURLOPT_PROXY, settings->proxy ? settings->proxy : "");
	/* Else the environment is asked, for each message, whom a proxy is not for. */
	EASY_SET(easy, CURLOPT_NOPROXY, settings->proxy ? "" : "*");
	EASY_SET(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	EASY_SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	EASY_SET(easy, CURLOPT_OPENSOCKETDATA, transfer);
	EASY_SET(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	EASY_SET(easy, CURLOPT_CLOSESOCKETDATA, transfer->account);
	EASY_SET(easy, CURLOPT_PREREQFUNCTION, on_connected);
	EASY_SET(easy, CURLOPT_PREREQDATA, transfer);
	EASY_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	EASY_SET(easy, CURLOPT_WRITEDATA, transfer);
	EASY_SET(easy, CURLOPT_ERRORBUFFER, transfer->why);
	EASY_SET(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)MIN_OF(settings->timeout_ms, CONNECT_TIMEOUT_MS));
	easy_set_trust(easy, settings);
	transfer->protocol = protocol;
	if (protocol == NUDGED_HTTP)
		http_prepare(transfer);
	else
		mail_prepare(transfer);
}

void transfer_set_url(struct transfer *transfer, const char *url)
{
	if (str_eq(transfer->url, url))
		return;
	free(transfer->url);
	transfer->url = str_new(url);
	EASY_SET(transfer->easy, CURLOPT_URL, url);
}

size_t transfer_link_header(struct transfer *transfer, size_t n, const char *header)
{
	assert(n < HEADER_NODES_MAX);
	transfer->nodes[n] = (struct curl_slist){(char *)header, NULL};
	if (n)
		transfer->nodes[n - 1].next = &transfer->nodes[n];
	return n + 1;
}

size_t transfer_link_headers(struct transfer *transfer, size_t count, const char *const *headers)
{
	size_t n = 0;

	while (n < count)
		n = transfer_link_header(transfer, n, headers[n]);
	return n;
}

enum nudged_transport transport_before_sending(const struct transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
		/* The other side hung up in the middle of the handshake: a restart, not a setting.
		 */
		if (strstr(transfer->why, "SSL_ERROR_SYSCALL") ||
			strstr(transfer->why, "unexpected eof") ||
			strstr(transfer->why, "reset by peer"))
			return NUDGED_NOT_SENT;
		return NUDGED_TLS_FAILED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_USE_SSL_FAILED:
		return NUDGED_TLS_FAILED;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_READ_ERROR:
		return NUDGED_FORBIDDEN;
	default:
		return transfer->barred && !transfer->opened ? NUDGED_FORBIDDEN : NUDGED_NOT_SENT;
	}
}

static struct transfer *transfer_take(struct account *account)
{
	struct transfer *transfer = LIST_FIRST(&account->idle);

	if (transfer) {
		LIST_REMOVE(transfer, link);
	} else {
		transfer = mem_new(sizeof(*transfer));
		transfer->account = account;
		transfer->protocol = -1;
		transfer->body = BUF_MAX(RESPONSE_BODY_MAX);
		transfer->easy = curl_easy_init();
		if (!transfer->easy)
			mem_gone();
	}
	LIST_INSERT_HEAD(&account->under_way, transfer, link);
	account->in_flight++;
	account->courier->in_flight++;
	return transfer;
}

/* Off curl's hands and back to the idle ones, its request freed. */
static void transfer_release(struct transfer *transfer)
{
	struct account *account = transfer->account;

	if (transfer->in_multi)
		curl_multi_remove_handle(account->multi, transfer->easy);
	else
		TAILQ_REMOVE(&account->refused, transfer, refused_link);
	transfer->in_multi = false;
	if (transfer->protocol == NUDGED_MAIL)
		mail_unload(transfer);
	free(transfer->request);
	transfer->request = NULL;
	transfer->on_done = NULL;
	LIST_REMOVE(transfer, link);
	LIST_INSERT_HEAD(&account->idle, transfer, link);
	account->in_flight--;
	account->courier->in_flight--;
}

static void transfer_free(struct transfer *transfer)
{
	LIST_REMOVE(transfer, link);
	curl_easy_cleanup(transfer->easy);
	buf_free(&transfer->body);
	free(transfer->url);
	free(transfer);
}

static bool transfer_load(struct transfer *transfer)
{
	transfer->started = transfer->opened = transfer->barred = false;
	transfer->sent_before = 0;
	transfer->too_large = transfer->stalled = false;
	transfer->why[0] = 0;
	buf_reset(&transfer->body);
	if (transfer->protocol != (int)transfer->request->protocol)
		transfer_prepare(transfer, transfer->request->protocol);
	return transfer->protocol == NUDGED_HTTP ? http_load(transfer) : mail_load(transfer);
}

static void transfer_start(struct transfer *transfer)
{
	struct account *account = transfer->account;

	transfer->in_multi = transfer_load(transfer) &&
			     curl_multi_add_handle(account->multi, transfer->easy) == CURLM_OK;
	if (transfer->in_multi)
		return;
	TAILQ_INSERT_TAIL(&account->refused, transfer, refused_link);
	event_active(&account->later, EV_TIMEOUT, 1);
}

struct transfer *courier_send(struct account *account, struct nudged_request *request,
	courier_on_done on_done, void *owner)
{
	struct transfer *transfer;

	assert(account_has_room(account));
	assert(!account->closing);
	transfer = transfer_take(account);
	transfer->request = request;
	transfer->on_done = on_done;
	transfer->owner = owner;
	transfer->resent = false;
	transfer->turn = ++account->turns;
	transfer_start(transfer);
	account->had_room = account_has_room(account);
	return transfer;
}

/* Takes it back in the middle. Of a mail, curl would write the end first, whatever was said before,
 * and wait for the answer. */
static void transfer_abandon(struct transfer *transfer)
{
	if (transfer->protocol == NUDGED_MAIL)
		transfer_hang_up(transfer);
	transfer_release(transfer);
}

void transfer_cancel(struct transfer *transfer)
{
	struct account *account = transfer->account;

	transfer_abandon(transfer);
	event_active(&account->later, EV_TIMEOUT, 1);
}

/* Tells the owner. Everything the response lends lives until the end of this function. Only while
 * account->busy: the owner may close the account. */
static void transfer_end(struct transfer *transfer, CURLcode code)
{
	struct account *account = transfer->account;
	courier_on_done on_done = transfer->on_done;
	void *owner = transfer->owner;
	struct buf body = transfer->body;
	char enhanced[sizeof(transfer->enhanced)], reply[sizeof(transfer->reply)];
	struct nudged_response response = {.size = sizeof(response), .retry_after = -1};

	response.protocol = transfer->request->protocol;
	response.body = body.data ? body.data : "";
	response.body_len = body.len;
	if (!transfer->in_multi)
		response.transport = NUDGED_FORBIDDEN;
	else if (response.protocol == NUDGED_HTTP)
		http_conclude(transfer, code, &response);
	else
		mail_conclude(transfer, code, &response);
	if (response.protocol == NUDGED_MAIL) {
		memcpy(enhanced, transfer->enhanced, sizeof(enhanced));
		memcpy(reply, transfer->reply, sizeof(reply));
		response.enhanced = *enhanced ? enhanced : NULL;
		response.body = reply;
		response.body_len = strlen(reply);
	}
	/* Where nobody answered, the body is free to say why. */
	if (code && (response.transport == NUDGED_NOT_SENT ||
			    response.transport == NUDGED_TLS_FAILED)) {
		response.body = curl_easy_strerror(code);
		response.body_len = strlen(response.body);
	}
	/* A name that does not resolve any more: the next transfer goes alone again. */
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		account->reached = false;
	log_debug("channel %s: transport %d, status %d (curl %d: %s)", account->settings.id,
		response.transport, response.status, code, curl_easy_strerror(code));
	/* The handle may carry the next request before on_done returns. */
	transfer->body = BUF_MAX(RESPONSE_BODY_MAX);
	transfer_release(transfer);
	on_done(owner, &response);
	if (transfer->body.data)
		buf_free(&body);
	else
		transfer->body = body;
}

/* ---- accounts ---- */

static void account_drain(struct account *account)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(account->multi, &left))) {
		struct transfer *transfer;
		char *private;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK)
			mem_gone();
		transfer = (struct transfer *)private;
		if (transfer->protocol == NUDGED_HTTP && http_must_resend(transfer, code)) {
			curl_multi_remove_handle(account->multi, transfer->easy);
			transfer->resent = true;
			transfer_start(transfer);
		} else {
			transfer_end(transfer, code);
		}
	}
}

/* What may only happen at the end of a turn: news of room, and the end of a closed account. */
static void account_settle(struct account *account)
{
	if (account->busy)
		return;
	if (account->closing) {
		if (!account->in_flight)
			account_free(account);
		return;
	}
	if (account->had_room || !account_has_room(account))
		return;
	account->had_room = true;
	if (account->on_room)
		account->on_room(account->on_room_owner);
}

void transfer_give_up(struct transfer *transfer)
{
	struct account *account = transfer->account;

	account->busy++;
	transfer_hang_up(transfer);
	transfer_end(transfer, CURLE_OPERATION_TIMEDOUT);
	account_drain(account);
	account->busy--;
	account_settle(account);
}

static void on_later(evutil_socket_t fd, short what, void *owner)
{
	struct account *account = owner;
	struct transfer *transfer;

	account->busy++;
	while ((transfer = TAILQ_FIRST(&account->refused)))
		transfer_end(transfer, CURLE_BAD_FUNCTION_ARGUMENT);
	account_drain(account);
	account->busy--;
	account_settle(account);
}

static void multi_set_up(CURLM *multi, struct account *account, int concurrency)
{
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, account);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, account);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)concurrency);
}

struct account *account_open(struct courier *courier, const struct account_settings *settings)
{
	struct account *account = mem_new(sizeof(*account));

	assert(settings->concurrency >= 1 && settings->timeout_ms > 0);
	account->courier = courier;
	account->settings = *settings;
	account->settings.id = str_new(settings->id);
	account->settings.ca_file = str_new(settings->ca_file);
	account->settings.client_cert = str_new(settings->client_cert);
	account->settings.proxy = str_new(settings->proxy);
	account->multi = curl_multi_init();
	if (!account->multi)
		mem_gone();
	multi_set_up(account->multi, account, settings->concurrency);
	evtimer_assign(&account->timer, courier->loop, on_timer, account);
	event_assign(&account->later, courier->loop, -1, 0, on_later, account);
	LIST_INIT(&account->under_way);
	LIST_INIT(&account->idle);
	TAILQ_INIT(&account->refused);
	account->had_room = true;
	LIST_INSERT_HEAD(&courier->accounts, account, link);
	return account;
}

/* curl's farewell of a mail connection waits for the answer, up to two minutes. */
static void account_shut_all(struct account *account)
{
	for (size_t fd = 0; fd < account->watch_count; fd++)
		if (account->watches[fd] && account->watches[fd]->open)
			shutdown((int)fd, SHUT_RDWR);
}

static void account_free(struct account *account)
{
	struct transfer *transfer;

	if (account->mail_security != MAIL_SECURITY_OPEN)
		account_shut_all(account);
	while ((transfer = LIST_FIRST(&account->idle)))
		transfer_free(transfer);
	curl_multi_cleanup(account->multi);
	event_del(&account->timer);
	event_del(&account->later);
	for (size_t i = 0; i < account->watch_count; i++)
		free(account->watches[i]);
	free(account->watches);
	LIST_REMOVE(account, link);
	free((char *)account->settings.id);
	free((char *)account->settings.ca_file);
	free((char *)account->settings.client_cert);
	free((char *)account->settings.proxy);
	free(account);
}

void account_close(struct account *account)
{
	if (!account)
		return;
	account->closing = true;
	account->on_room = NULL;
	account_settle(account);
}

bool account_has_room(const struct account *account)
{
	if (account->in_flight >= (size_t)account->settings.concurrency)
		return false;
	return account->reached || account->in_flight == 0;
}

void account_on_room(struct account *account, void (*on_room)(void *owner), void *owner)
{
	account->on_room = on_room;
	account->on_room_owner = owner;
}

int courier_new(struct event_base *loop, struct courier **ret)
{
	struct courier *courier;

	/* OpenSSL writes to sockets that may be closed, and curl is told to leave signals alone. */
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_plain, free, mem_plain_resized,
		    mem_plain_text, mem_plain_zeroed) != CURLE_OK)
		return -EIO;
	courier = mem_new(sizeof(*courier));
	courier->loop = loop;
	LIST_INIT(&courier->accounts);
	*ret = courier;
	return 0;
}

void courier_free(struct courier *courier)
{
	struct account *account;

	if (!courier)
		return;
	while ((account = LIST_FIRST(&courier->accounts))) {
		struct transfer *transfer;

		while ((transfer = LIST_FIRST(&account->under_way)))
			transfer_abandon(transfer);
		account_free(account);
	}
	free(courier);
	curl_global_cleanup();
}

size_t courier_in_flight(const struct courier *courier)
{
	return courier->in_flight;
}
