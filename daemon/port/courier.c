/* Accounts and their transfers: how one starts, where it may go, how its end is told. Everything that
 * ended is collected after each action of curl's, never inside one. */
#include "port/courier_internal.h"

#include "base/str.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
enum { CONNECT_TIMEOUT_MS = 10000 };

static void account_free(struct account *account);

/* ---- callbacks of curl: they arrange, and call nothing ---- */

/* Sees every resolved address just before connect, so no name and no spelling gets around it. A
 * proxy is the administrator's choice, and filters for itself. */
static curl_socket_t on_open_socket(
	void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = owner;
	const struct account_settings *settings = &transfer->account->settings;
	int fd;

	if (!settings->allow_private && !settings->proxy && address_is_barred(address)) {
		transfer->barred = true;
		return CURL_SOCKET_BAD;
	}
	transfer->opened = true;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	account_open_socket(transfer->account, fd);
	return fd;
}

/* Before the descriptor can become somebody else's. */
static int on_close_socket(void *owner, curl_socket_t fd)
{
	return account_close_socket(owner, fd);
}

/* The connection stands, TLS and login included; the request comes next. Called once more when curl
 * repeats a request on a fresh connection because a kept one turned out to be dead. */
static int on_connected(void *owner, char *peer, char *self, int peer_port, int self_port)
{
	struct transfer *transfer = owner;

	transfer->started = true;
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &transfer->sent_before);
	if (!transfer->account->reached) {
		transfer->account->reached = true;
		event_active(&transfer->account->later, EV_TIMEOUT, 1);
	}
	return CURL_PREREQFUNC_OK;
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

	if (transfer->session)
		mail_close(transfer);
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

	if (transfer->refused)
		TAILQ_REMOVE(&account->refused, transfer, refused_link);
	else if (transfer->protocol == NUDGED_MAIL)
		mail_release(transfer);
	else
		curl_multi_remove_handle(account->hub.multi, transfer->easy);
	transfer->refused = false;
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
	if (transfer->session)
		mail_close(transfer);
	curl_easy_cleanup(transfer->easy);
	buf_free(&transfer->body);
	free(transfer->url);
	free(transfer);
}

/* False: it cannot be sent. */
static bool transfer_begin(struct transfer *transfer)
{
	transfer->started = transfer->opened = transfer->barred = false;
	transfer->sent_before = 0;
	transfer->too_large = false;
	transfer->why[0] = 0;
	buf_reset(&transfer->body);
	if (transfer->protocol != (int)transfer->request->protocol)
		transfer_prepare(transfer, transfer->request->protocol);
	if (transfer->protocol == NUDGED_MAIL)
		return mail_begin(transfer);
	return http_load(transfer) &&
	       curl_multi_add_handle(transfer->account->hub.multi, transfer->easy) == CURLM_OK;
}

static void transfer_start(struct transfer *transfer)
{
	struct account *account = transfer->account;

	transfer->refused = !transfer_begin(transfer);
	if (!transfer->refused)
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
	transfer_start(transfer);
	account->had_room = account_has_room(account);
	return transfer;
}

void transfer_cancel(struct transfer *transfer)
{
	struct account *account = transfer->account;

	transfer_release(transfer);
	event_active(&account->later, EV_TIMEOUT, 1);
}

static void response_fill(
	struct transfer *transfer, CURLcode code, struct nudged_response *response)
{
	response->protocol = transfer->request->protocol;
	response->body = buf_str(&transfer->body);
	response->body_len = transfer->body.len;
	if (transfer->refused)
		response->transport = NUDGED_FORBIDDEN;
	else if (response->protocol == NUDGED_HTTP)
		http_conclude(transfer, code, response);
	else
		mail_conclude(transfer, code, response);
	/* Where nobody answered, the body is free to say why. */
	if (code && (response->transport == NUDGED_NOT_SENT ||
			    response->transport == NUDGED_TLS_FAILED)) {
		response->body = curl_easy_strerror(code);
		response->body_len = strlen(response->body);
	}
}

/* Everything the response lends lives until the end of this function. */
void transfer_end(struct transfer *transfer, CURLcode code)
{
	struct account *account = transfer->account;
	courier_on_done on_done = transfer->on_done;
	void *owner = transfer->owner;
	struct buf body;
	struct nudged_response response = {.size = sizeof(response), .retry_after = -1};

	response_fill(transfer, code, &response);
	/* A name that does not resolve any more: the next transfer goes alone again. */
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		account->reached = false;
	log_debug("channel %s: transport %d, status %d (curl %d: %s)", account->settings.id,
		response.transport, response.status, code, curl_easy_strerror(code));
	/* The handle may carry the next request before on_done returns. */
	body = transfer->body;
	transfer->body = BUF_MAX(RESPONSE_BODY_MAX);
	transfer_release(transfer);
	on_done(owner, &response);
	if (transfer->body.data)
		buf_free(&body);
	else
		transfer->body = body;
}

/* ---- accounts ---- */

static void transfer_collect(struct transfer *transfer, CURLcode code)
{
	if (transfer->protocol == NUDGED_MAIL) {
		mail_connected(transfer, code);
	} else if (http_must_resend(transfer, code)) {
		curl_multi_remove_handle(transfer->account->hub.multi, transfer->easy);
		transfer->resent = true;
		transfer_start(transfer);
	} else {
		transfer_end(transfer, code);
	}
}

void hub_drain(struct hub *hub)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(hub->multi, &left))) {
		char *private;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK)
			mem_gone();
		transfer_collect((struct transfer *)private, code);
	}
}

void account_settle(struct account *account)
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

static void on_later(evutil_socket_t fd, short what, void *owner)
{
	struct account *account = owner;
	struct transfer *transfer;

	account->busy++;
	while ((transfer = TAILQ_FIRST(&account->refused)))
		transfer_end(transfer, CURLE_BAD_FUNCTION_ARGUMENT);
	hub_drain(&account->hub);
	account->busy--;
	account_settle(account);
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
	hub_open(&account->hub, account, settings->concurrency);
	account->hub.sockets_rest = true;
	event_assign(&account->later, courier->loop, -1, 0, on_later, account);
	LIST_INIT(&account->under_way);
	LIST_INIT(&account->idle);
	TAILQ_INIT(&account->refused);
	account->had_room = true;
	LIST_INSERT_HEAD(&courier->accounts, account, link);
	return account;
}

static void account_free(struct account *account)
{
	struct transfer *transfer;

	while ((transfer = LIST_FIRST(&account->idle)))
		transfer_free(transfer);
	hub_close(&account->hub);
	event_del(&account->later);
	account_free_watches(account);
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
			transfer_release(transfer);
		account_free(account);
	}
	free(courier);
	curl_global_cleanup();
}

size_t courier_in_flight(const struct courier *courier)
{
	return courier->in_flight;
}
