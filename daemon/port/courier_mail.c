/* SMTP sessions (RFC 5321). curl connects, greets, starts TLS and logs in; what follows is said here,
 * because curl 7.88 waits on the caller's thread for the answers to the final dot and to QUIT: minutes,
 * if the server likes. Each session has a hub and a connection of its own, and keeps it for the next
 * mail with the same login. Never waits, never says more than was answered, and knows of every mail
 * whether its final dot left. */
#include "port/courier_internal.h"

#include "base/str.h"
#include "model/mime.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum {
	FINAL_DOT_MS = 600000, /* RFC 5321, 4.5.3.2.6 */
	KEEP_MS = 30000,       /* relays dislike idle guests */
	REPLY_MAX = 512,       /* of a line that people see: RFC 5321, 4.5.3.1.5 */
	LINE_ROOM = 4096,      /* of any line */
	ANSWER_MAX = 65536,    /* of all lines of one reply */
};

enum step {
	STEP_NONE, /* no connection */
	STEP_CONNECT,
	STEP_RESET, /* after a refusal, before the next mail */
	STEP_SENDER,
	STEP_RECIPIENT,
	STEP_DATA,
	STEP_CONTENT, /* until the answer to the final dot */
	STEP_REST,    /* connected, between two mails */
};

/* What the answers to a step concern, and the one that lets the next step follow. */
static const struct {
	enum nudged_stage stage;
	int go_on; /* first digit */
} steps[] = {
	[STEP_NONE] = {NUDGED_STAGE_CONNECT, 0},
	[STEP_CONNECT] = {NUDGED_STAGE_CONNECT, 0},
	[STEP_RESET] = {NUDGED_STAGE_SENDER, 2},
	[STEP_SENDER] = {NUDGED_STAGE_SENDER, 2},
	[STEP_RECIPIENT] = {NUDGED_STAGE_RECIPIENT, 2},
	[STEP_DATA] = {NUDGED_STAGE_CONTENT, 3},
	[STEP_CONTENT] = {NUDGED_STAGE_CONTENT, 2},
	[STEP_REST] = {NUDGED_STAGE_NONE, 0},
};

struct session {
	struct hub hub;
	struct event socket; /* from when curl handed it over until it is closed */
	short awaited;       /* EV_READ, EV_WRITE: what `socket` is added for; 0: nothing */
	struct event limit;  /* of the step */
	enum step step;
	unsigned char login[crypto_generichash_BYTES]; /* whom the connection was made for */
	bool in_hub;                                   /* the easy handle is */
	bool kept;                                     /* the connection carried a mail before */
	bool transaction;                              /* refused in the middle: RSET first */
	bool may_keep;                                 /* nothing is left unsaid */
	CURLcode lost; /* found where nothing may be told; CURLE_OK: not */

	char *sender, *recipient; /* the commands */
	struct buf content;       /* of the mail: dots doubled, final dot included */
	const char *out;          /* what is being said; lent */
	size_t out_len, sent;

	char in[LINE_ROOM];
	size_t in_len, answered; /* bytes of `in`; of this reply */
	int status;              /* of the last reply; 0: none yet */
	char reply[REPLY_MAX];
	char enhanced[16];
};

static void on_limit(evutil_socket_t fd, short what, void *owner);
static void on_socket(evutil_socket_t fd, short what, void *owner);

/* ---- the connection ---- */

static void session_limit(struct session *session, int64_t ms)
{
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	evtimer_add(&session->limit, &wait);
}

static void session_await(struct session *session, short what)
{
	struct event *event = &session->socket;

	if (session->awaited == what)
		return;
	if (session->awaited)
		event_del(event);
	session->awaited = what;
	if (!what)
		return;
	event_assign(event, event_get_base(event), event_get_fd(event), what | EV_PERSIST,
		on_socket, event_get_callback_arg(event));
	event_add(event, NULL);
}

/* Without a word: after a fault there is nobody to listen. */
static void session_disconnect(struct transfer *transfer)
{
	struct session *session = transfer->session;

	session_await(session, 0);
	evtimer_del(&session->limit);
	if (session->in_hub)
		curl_multi_remove_handle(session->hub.multi, transfer->easy);
	session->in_hub = session->kept = session->may_keep = session->transaction = false;
	session->in_len = 0;
	session->lost = CURLE_OK;
	session->step = STEP_NONE;
}

/* Polite servers log a guest that leaves without it. Its answer is not waited for. */
static void session_part(struct transfer *transfer)
{
	size_t sent;

	if (transfer->session->step == STEP_REST)
		curl_easy_send(transfer->easy, "QUIT\r\n", strlen("QUIT\r\n"), &sent);
	session_disconnect(transfer);
}

static bool session_connect(struct transfer *transfer)
{
	struct session *session = transfer->session;

	session->step = STEP_CONNECT;
	session->in_hub = curl_multi_add_handle(session->hub.multi, transfer->easy) == CURLM_OK;
	session_limit(session, transfer->account->settings.timeout_ms);
	return session->in_hub;
}

/* A kept connection may have ended on its own, or be wanted back, while this mail was on its way to it:
 * nothing of the mail was taken, so it goes on a fresh one, once. */
static bool session_renew(struct transfer *transfer)
{
	struct session *session = transfer->session;

	if (!session->kept || session->step > STEP_SENDER)
		return false;
	session_disconnect(transfer);
	session->status = 0;
	return session_connect(transfer);
}

/* It ended, took too long or cannot be trusted. */
static void session_lose(struct transfer *transfer, CURLcode code)
{
	transfer->session->may_keep = false;
	if (!session_renew(transfer))
		transfer_end(transfer, code);
}

/* ---- saying ---- */

static bool all_is_sent(const struct session *session)
{
	return session->sent == session->out_len;
}

/* As much as goes. A connection that is lost is told by the next event: the caller may be in the middle
 * of a call of somebody's. */
static void session_push(struct transfer *transfer)
{
	struct session *session = transfer->session;
	CURLcode code = CURLE_OK;

	while (!code && !all_is_sent(session)) {
		size_t sent = 0;

		code = curl_easy_send(transfer->easy, session->out + session->sent,
			session->out_len - session->sent, &sent);
		session->sent += sent;
	}
	session_await(session, all_is_sent(session) ? EV_READ : EV_READ | EV_WRITE);
	if (!code || code == CURLE_AGAIN)
		return;
	session->lost = code;
	event_active(&session->socket, EV_WRITE, 1);
}

static void session_say(struct transfer *transfer, enum step step)
{
	struct session *session = transfer->session;
	const char *const words[] = {
		[STEP_RESET] = "RSET\r\n",
		[STEP_SENDER] = session->sender,
		[STEP_RECIPIENT] = session->recipient,
		[STEP_DATA] = "DATA\r\n",
		[STEP_CONTENT] = session->content.data,
	};

	session->step = step;
	session->may_keep = false;
	session->out = words[step];
	session->out_len = step == STEP_CONTENT ? session->content.len : strlen(session->out);
	session->sent = session->answered = 0;
	session_limit(session,
		step == STEP_CONTENT ? FINAL_DOT_MS : transfer->account->settings.timeout_ms);
	session_push(transfer);
}

/* ---- hearing ---- */

/* "5.7.1 " at the start of a reply's text (RFC 3463). */
static void read_enhanced(struct session *session, const char *text)
{
	size_t len = strspn(text, "0123456789.");

	session->enhanced[0] = 0;
	if (len < 5 || len >= sizeof(session->enhanced) || text[1] != '.' ||
		!strchr("245", text[0]) || (text[len] && text[len] != ' '))
		return;
	memcpy(session->enhanced, text, len);
	session->enhanced[len] = 0;
}

/* One line of a reply, "250-more" or "250 last", with or without its end. False: it is not one. */
static bool read_reply(struct session *session, const char *line, size_t len)
{
	size_t shown = MIN_OF(len, sizeof(session->reply) - 1);

	if (len < 3 || !isdigit((unsigned char)line[0]) || !isdigit((unsigned char)line[1]) ||
		!isdigit((unsigned char)line[2]))
		return false;
	while (shown && (line[shown - 1] == '\r' || line[shown - 1] == '\n'))
		shown--;
	memcpy(session->reply, line, shown);
	session->reply[shown] = 0;
	session->status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	read_enhanced(session, shown > 4 ? session->reply + 4 : "");
	return true;
}

/* While curl has the connection. */
static size_t on_reply(char *data, size_t size, size_t count, void *owner)
{
	struct transfer *transfer = owner;

	if (read_reply(transfer->session, data, size * count))
		session_limit(transfer->session, transfer->account->settings.timeout_ms);
	return size * count;
}

static void session_refused(struct transfer *transfer)
{
	struct session *session = transfer->session;

	/* 421: the service is closing, whatever it was asked (RFC 5321, 3.8). */
	if ((session->status == 421 || session->step == STEP_RESET) && session_renew(transfer))
		return;
	session->transaction = session->step != STEP_CONTENT;
	transfer_end(transfer, CURLE_OK);
}

/* A reply is complete. */
static void session_answer(struct transfer *transfer)
{
	struct session *session = transfer->session;
	enum step step = session->step;
	bool early = session->in_len || !all_is_sent(session);

	session->may_keep = !early;
	if (session->status >= 400) {
		session_refused(transfer);
	} else if (session->status / 100 != steps[step].go_on || (early && step != STEP_CONTENT) ||
		   !all_is_sent(session)) {
		/* It answers what was not asked: nothing that it says can be trusted to mean us. */
		session->status = 0;
		session_lose(transfer, CURLE_WEIRD_SERVER_REPLY);
	} else if (step == STEP_CONTENT) {
		session->transaction = false;
		transfer_end(transfer, CURLE_OK);
	} else {
		session_say(transfer, step + 1);
	}
}

enum heard { HEARD_LINE, HEARD_NOTHING, HEARD_ALL };

/* The next whole line. ALL: the session has gone on, or is another mail's, or freed. */
static enum heard session_read_line(struct transfer *transfer)
{
	struct session *session = transfer->session;
	const char *end = memchr(session->in, '\n', session->in_len);
	size_t len = end ? (size_t)(end + 1 - session->in) : session->in_len;
	bool last;

	if (!end && len < sizeof(session->in))
		return HEARD_NOTHING;
	session->answered += len;
	if (!end || session->answered > ANSWER_MAX || !read_reply(session, session->in, len)) {
		session->status = 0;
		session_lose(transfer, CURLE_WEIRD_SERVER_REPLY);
		return HEARD_ALL;
	}
	last = session->in[3] != '-';
	session->in_len -= len;
	memmove(session->in, session->in + len, session->in_len);
	if (!last)
		return HEARD_LINE;
	session_answer(transfer);
	return HEARD_ALL;
}

static void session_hear(struct transfer *transfer)
{
	struct session *session = transfer->session;
	enum heard heard = HEARD_NOTHING;

	while (heard != HEARD_ALL) {
		size_t got = 0;
		CURLcode code = curl_easy_recv(transfer->easy, session->in + session->in_len,
			sizeof(session->in) - session->in_len, &got);

		if (code == CURLE_AGAIN)
			return;
		if (code || !got) {
			session_lose(transfer, code ? code : CURLE_RECV_ERROR);
			return;
		}
		session->in_len += got;
		do
			heard = session_read_line(transfer);
		while (heard == HEARD_LINE);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *owner)
{
	struct transfer *transfer = owner;
	struct session *session = transfer->session;
	struct account *account = transfer->account;

	account->busy++;
	if (session->step == STEP_REST)
		session_disconnect(transfer); /* whatever it says, it is good-bye */
	else if (session->lost)
		session_lose(transfer, session->lost);
	else if (what & EV_READ) /* first: what it says in the middle is not about the end */
		session_hear(transfer);
	else
		session_push(transfer);
	account->busy--;
	account_settle(account);
}

static void on_limit(evutil_socket_t fd, short what, void *owner)
{
	struct transfer *transfer = owner;
	struct account *account = transfer->account;

	account->busy++;
	if (transfer->session->step == STEP_REST)
		session_part(transfer);
	else
		session_lose(transfer, CURLE_OPERATION_TIMEDOUT);
	account->busy--;
	account_settle(account);
}

void mail_connected(struct transfer *transfer, CURLcode code)
{
	struct session *session = transfer->session;
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!code)
		code = curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (code) {
		transfer_end(transfer, code);
		return;
	}
	event_assign(&session->socket, transfer->account->courier->loop, fd, EV_READ | EV_PERSIST,
		on_socket, transfer);
	session_say(transfer, STEP_SENDER);
}

/* ---- the request ---- */

void mail_prepare(struct transfer *transfer)
{
	struct session *session = mem_new(sizeof(*session));
	CURL *easy = transfer->easy;

	hub_open(&session->hub, transfer->account, 1);
	evtimer_assign(&session->limit, transfer->account->courier->loop, on_limit, transfer);
	session->content = BUF_MAX(2 * MIME_MAX);
	transfer->session = session;
	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	EASY_SET(easy, CURLOPT_CONNECT_ONLY, 1L);
	EASY_SET(easy, CURLOPT_HEADERFUNCTION, on_reply);
	EASY_SET(easy, CURLOPT_HEADERDATA, transfer);
	/* Our own timer watches each reply: greeting, EHLO, STARTTLS and login have this together. */
	EASY_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->account->settings.timeout_ms * 4);
}

/* What a connection is made for; nothing else may use it. */
static void hash_login(const struct nudged_mail *mail, unsigned char *ret)
{
	const char *const texts[] = {mail->url, mail->user, mail->password, mail->token};
	crypto_generichash_state state;
	unsigned char plain = mail->plain != 0;

	crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
	crypto_generichash_update(&state, &plain, 1);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		unsigned char given = texts[i] != NULL;

		crypto_generichash_update(&state, &given, 1);
		if (given)
			crypto_generichash_update(
				&state, (const unsigned char *)texts[i], strlen(texts[i]) + 1);
	}
	crypto_generichash_final(&state, ret, crypto_generichash_BYTES);
	sodium_memzero(&state, sizeof(state));
}

static void set_login(struct transfer *transfer, const struct nudged_mail *mail)
{
	CURL *easy = transfer->easy;

	transfer_set_url(transfer, mail->url);
	EASY_SET(easy, CURLOPT_USE_SSL, mail->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	EASY_SET(easy, CURLOPT_USERNAME, mail->user);
	EASY_SET(easy, CURLOPT_PASSWORD, mail->password);
	EASY_SET(easy, CURLOPT_XOAUTH2_BEARER, mail->token);
	EASY_SET(easy, CURLOPT_LOGIN_OPTIONS, mail->token ? "AUTH=XOAUTH2" : NULL);
}

/* With the dots that begin a line doubled (RFC 5321, 4.5.2). */
static bool load_content(struct session *session, const struct nudged_mail *mail)
{
	cleanup(buf_free) struct buf mime = BUF_MAX(MIME_MAX);

	mime_write(&mime, mail);
	if (mime.overflow)
		return false;
	buf_reset(&session->content);
	for (size_t i = 0; i < mime.len;) {
		const char *line = mime.data + i, *end = memchr(line, '\n', mime.len - i);

		if (*line == '.')
			buf_add_char(&session->content, '.');
		buf_add(&session->content, line, end + 1 - line);
		i += end + 1 - line;
	}
	buf_add_str(&session->content, ".\r\n");
	return !session->content.overflow;
}

static bool session_load(struct transfer *transfer, const struct nudged_mail *mail)
{
	struct session *session = transfer->session;

	session->status = 0;
	session->reply[0] = session->enhanced[0] = 0;
	session->sender = str_printf("MAIL FROM:<%s>\r\n", mail->sender);
	session->recipient = str_printf("RCPT TO:<%s>\r\n", mail->recipient);
	return load_content(session, mail) &&
	       (!mail->plain || transfer->account->settings.allow_private);
}

static void session_unload(struct session *session)
{
	free(session->sender);
	free(session->recipient);
	session->sender = session->recipient = NULL;
	buf_free(&session->content);
	session->out = "";
	session->out_len = session->sent = 0;
}

bool mail_begin(struct transfer *transfer)
{
	const struct nudged_mail *mail = transfer->request->mail;
	struct session *session = transfer->session;
	unsigned char login[sizeof(session->login)];

	hash_login(mail, login);
	if (session->step != STEP_REST || memcmp(login, session->login, sizeof(login)) != 0)
		session_part(transfer);
	if (!session_load(transfer, mail)) {
		session_unload(session);
		return false;
	}
	if (session->step == STEP_REST) {
		transfer->started = session->kept = true;
		session_say(transfer, session->transaction ? STEP_RESET : STEP_SENDER);
		return true;
	}
	memcpy(session->login, login, sizeof(login));
	set_login(transfer, mail);
	if (session_connect(transfer))
		return true;
	session_disconnect(transfer);
	session_unload(session);
	return false;
}

void mail_release(struct transfer *transfer)
{
	struct session *session = transfer->session;

	session_unload(session);
	if (!session->may_keep) {
		session_disconnect(transfer);
		return;
	}
	session->may_keep = false;
	session->step = STEP_REST;
	session_await(session, EV_READ);
	session_limit(session, KEEP_MS);
}

void mail_close(struct transfer *transfer)
{
	struct session *session = transfer->session;

	session_part(transfer);
	session_unload(session);
	hub_close(&session->hub);
	free(session);
	transfer->session = NULL;
}

/* ---- the end ---- */

static enum nudged_transport mail_transport(struct transfer *transfer, CURLcode code)
{
	struct session *session = transfer->session;
	bool refused = session->status >= 400 && code != CURLE_OPERATION_TIMEDOUT;

	if (code == CURLE_OK)
		return NUDGED_ARRIVED;
	if (code == CURLE_USE_SSL_FAILED)
		return refused && session->status < 500 ? NUDGED_ARRIVED : NUDGED_TLS_FAILED;
	if (code == CURLE_LOGIN_DENIED)
		return refused && session->status < 500 ? NUDGED_ARRIVED : NUDGED_LOGIN_REFUSED;
	/* A refusal is an answer, however the connection ended after it. */
	if (refused)
		return NUDGED_ARRIVED;
	/* Without its final dot, no server may deliver it (RFC 5321, 4.1.1.4). */
	if (session->step == STEP_CONTENT && all_is_sent(session))
		return NUDGED_NO_ANSWER;
	return transport_before_sending(transfer, code);
}

void mail_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response)
{
	struct session *session = transfer->session;
	struct buf *body = &transfer->body;

	response->transport = mail_transport(transfer, code);
	response->status = session->status;
	response->stage =
		code == CURLE_LOGIN_DENIED ? NUDGED_STAGE_LOGIN : steps[session->step].stage;
	/* Copies: the session may carry the next mail while these are read. */
	buf_reset(body);
	buf_add(body, session->reply, strlen(session->reply) + 1);
	buf_add_str(body, session->enhanced);
	response->body = body->data;
	response->body_len = strlen(session->reply);
	response->enhanced = *session->enhanced ? body->data + response->body_len + 1 : NULL;
}
