/* One mail on an easy handle: SMTP through curl, with what curl 7.88 leaves to its callers done
 * here: one TLS mode for the life of an account, CRLF line ends, a deadline for each reply, and the
 * meaning of replies, which the CURLcode does not tell. */
#include "port/courier_internal.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	FINAL_DOT_MS = 600000, /* RFC 5321, 4.5.3.2.6 */
	KEEP_S = 30,           /* relays dislike idle guests */
};
/* Complete replies after the connection stands: to MAIL, RCPT, DATA and the final dot. */
enum { REPLY_MAIL = 1, REPLY_RCPT, REPLY_DATA, REPLY_DOT };

/* ---- replies ---- */

static void transfer_await_reply(struct transfer *transfer)
{
	int64_t ms = transfer->account->settings.timeout_ms;
	struct timeval wait;

	if (transfer->started && transfer->replies >= REPLY_DATA)
		ms = FINAL_DOT_MS;
	wait = (struct timeval){ms / 1000, (ms % 1000) * 1000};
	evtimer_add(&transfer->stall, &wait);
}

static void on_stall(evutil_socket_t fd, short what, void *owner)
{
	struct transfer *transfer = owner;

	transfer->stalled = true;
	transfer_give_up(transfer);
}

/* "5.7.1 " at the start of a reply's text (RFC 3463). */
static void read_enhanced(struct transfer *transfer, const char *text)
{
	size_t len = strspn(text, "0123456789.");

	transfer->enhanced[0] = 0;
	if (len < 5 || len >= sizeof(transfer->enhanced) || text[1] != '.' ||
		!strchr("245", text[0]) || (text[len] && text[len] != ' '))
		return;
	memcpy(transfer->enhanced, text, len);
	transfer->enhanced[len] = 0;
}

/* One line of a reply: "250-more" or "250 last". */
static size_t on_reply(char *data, size_t size, size_t count, void *owner)
{
	struct transfer *transfer = owner;
	size_t len = size * count, shown;

	if (len < 3 || !isdigit((unsigned char)data[0]) || !isdigit((unsigned char)data[1]) ||
		!isdigit((unsigned char)data[2]))
		return len;
	shown = MIN_OF(len, sizeof(transfer->reply) - 1);
	while (shown && (data[shown - 1] == '\r' || data[shown - 1] == '\n'))
		shown--;
	memcpy(transfer->reply, data, shown);
	transfer->reply[shown] = 0;
	transfer->status = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
	read_enhanced(transfer, shown > 4 ? transfer->reply + 4 : "");
	transfer_await_reply(transfer);
	if (len >= 4 && data[3] == '-')
		return len;
	transfer->replies++;
	/* curl closes the connection after a refusal, and waits for the answer to its QUIT on our
	 * loop, up to minutes: a connection that is shut can't be waited for. */
	if (transfer->started && transfer->status >= 400)
		transfer_hang_up(transfer);
	return len;
}

/* ---- the request ---- */

void mail_prepare(struct transfer *transfer)
{
	const struct account_settings *settings = &transfer->account->settings;
	CURL *easy = transfer->easy;

	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	EASY_SET(easy, CURLOPT_HEADERFUNCTION, on_reply);
	EASY_SET(easy, CURLOPT_HEADERDATA, transfer);
	/* Our own timer watches each reply; these are the last resort. */
	EASY_SET(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, FINAL_DOT_MS / 1000L + 60);
	EASY_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->timeout_ms * 4);
	EASY_SET(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms * 12 + FINAL_DOT_MS);
	EASY_SET(easy, CURLOPT_MAXAGE_CONN, (long)KEEP_S);
	evtimer_assign(&transfer->stall, transfer->account->courier->loop, on_stall, transfer);
}

/* Lone CR and LF become CRLF: curl stuffs only dots after CRLF, and its encoder writes a lone LF as
 * =0A, which loses the line. */
static void add_crlf_text(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t line = i;

		while (line < len && text[line] != '\r' && text[line] != '\n')
			line++;
		buf_add(out, text + i, line - i);
		if (line == len)
			return;
		buf_add(out, "\r\n", 2);
		i = line + 1 + (text[line] == '\r' && line + 1 < len && text[line + 1] == '\n');
	}
}

static bool mime_add(curl_mime *mime, const struct nudged_part *from)
{
	cleanup(buf_free) struct buf text = BUF_MAX(2 * MESSAGE_BODY_MAX);
	curl_mimepart *part = curl_mime_addpart(mime);
	bool is_text = strncasecmp(from->type, "text/", 5) == 0;

	if (is_text)
		add_crlf_text(&text, from->data, from->len);
	else
		buf_add(&text, from->data, from->len);
	return part && curl_mime_data(part, buf_str(&text), text.len) == CURLE_OK &&
	       curl_mime_type(part, from->type) == CURLE_OK &&
	       curl_mime_encoder(part, is_text ? "quoted-printable" : "base64") == CURLE_OK;
}

static bool mail_load_content(struct transfer *transfer, const struct nudged_mail *mail)
{
	size_t n = transfer_link_headers(transfer, mail->header_count, mail->headers);

	/* curl takes the kind of the whole from here, and adds the boundary. */
	transfer_link_header(transfer, n, "Content-Type: multipart/alternative");
	transfer->mime = curl_mime_init(transfer->easy);
	if (!transfer->mime)
		return false;
	for (size_t i = 0; i < mail->part_count; i++)
		if (!mime_add(transfer->mime, mail->parts[i]))
			return false;
	EASY_SET(transfer->easy, CURLOPT_HTTPHEADER, transfer->nodes);
	return curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

/* curl 7.88 sends on a clear-text connection when one of the same host is kept, whatever is asked
 * for later: an account is one or the other for life, and has a connection cache of its own. */
static bool account_accepts_security(struct account *account, const struct nudged_mail *mail)
{
	int wanted = mail->plain ? MAIL_SECURITY_PLAIN : MAIL_SECURITY_TLS;

	if (mail->plain && !account->settings.allow_private)
		return false;
	if (account->mail_security == MAIL_SECURITY_OPEN)
		account->mail_security = wanted;
	return account->mail_security == wanted;
}

bool mail_load(struct transfer *transfer)
{
	const struct nudged_mail *mail = transfer->request->mail;
	CURL *easy = transfer->easy;

	transfer->status = transfer->replies = 0;
	transfer->reply[0] = transfer->enhanced[0] = 0;
	if (!account_accepts_security(transfer->account, mail))
		return false;
	transfer_set_url(transfer, mail->url);
	EASY_SET(easy, CURLOPT_USE_SSL, mail->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	EASY_SET(easy, CURLOPT_USERNAME, mail->user);
	EASY_SET(easy, CURLOPT_PASSWORD, mail->password);
	EASY_SET(easy, CURLOPT_XOAUTH2_BEARER, mail->token);
	EASY_SET(easy, CURLOPT_LOGIN_OPTIONS, mail->token ? "AUTH=XOAUTH2" : NULL);
	EASY_SET(easy, CURLOPT_MAIL_FROM, mail->sender);
	transfer->recipient = (struct curl_slist){(char *)mail->recipient, NULL};
	EASY_SET(easy, CURLOPT_MAIL_RCPT, &transfer->recipient);
	if (!mail_load_content(transfer, mail))
		return false;
	transfer_await_reply(transfer);
	return true;
}

void mail_unload(struct transfer *transfer)
{
	evtimer_del(&transfer->stall);
	curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_MAIL_RCPT, NULL);
	curl_mime_free(transfer->mime);
	transfer->mime = NULL;
}

/* ---- the end ---- */

static enum nudged_stage mail_stage(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_LOGIN_DENIED)
		return NUDGED_STAGE_LOGIN;
	if (!transfer->started)
		return NUDGED_STAGE_CONNECT;
	if (transfer->replies <= REPLY_MAIL)
		return NUDGED_STAGE_SENDER;
	return transfer->replies == REPLY_RCPT ? NUDGED_STAGE_RECIPIENT : NUDGED_STAGE_CONTENT;
}

static enum nudged_transport mail_transport(const struct transfer *transfer, CURLcode code)
{
	bool refused = transfer->status >= 400 && !transfer->stalled;

	if (code == CURLE_OK)
		return NUDGED_ARRIVED;
	if (code == CURLE_USE_SSL_FAILED)
		return refused && transfer->status < 500 ? NUDGED_ARRIVED : NUDGED_TLS_FAILED;
	if (code == CURLE_LOGIN_DENIED)
		return refused && transfer->status < 500 ? NUDGED_ARRIVED : NUDGED_LOGIN_REFUSED;
	/* A refusal is an answer, however the connection ended after it. */
	if (refused)
		return NUDGED_ARRIVED;
	if (transfer->started && transfer->replies >= REPLY_DATA && code != CURLE_READ_ERROR)
		return NUDGED_NO_ANSWER;
	return transport_before_sending(transfer, code);
}

void mail_conclude(struct transfer *transfer, CURLcode code, struct nudged_response *response)
{
	response->transport = mail_transport(transfer, code);
	response->status = transfer->status;
	response->stage = mail_stage(transfer, code);
}
