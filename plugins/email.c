/* The email plugin: one message, one recipient, text and HTML, with headers written here: encoded
 * (RFC 2047), folded at 78, no control characters, the same on every attempt. The connection is
 * nudged's. Never keeps anything between calls but its settings. */
#include "nudged-plugin.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	LINE_MAX_LENGTH = 76, /* RFC 2047, section 2: a line with encoded words */
	WORD_COVER = 12,      /* =?UTF-8?B? and ?= */
	ADDRESS_LENGTH = 254,
	LOCAL_LENGTH = 64,
	SUBJECT_MAX = 200, /* characters */
	NAME_MAX_CHARACTERS = 80,
	HEADERS_MAX = 12,
	REASON_MAX = 200,
	SHOWN_REPLY_MAX = 150,
};

struct mailer {
	char *url;
	bool plain;
	char *user, *password, *token;
	char *from;     /* a whole header */
	char *sender;   /* bare */
	char *reply_to; /* a whole header, or NULL */
};

/* ---- text in pieces ---- */

struct writer {
	FILE *file;
	char *text;
	size_t len;
};

static void writer_open(struct writer *writer)
{
	*writer = (struct writer){NULL};
	writer->file = open_memstream(&writer->text, &writer->len);
	if (!writer->file)
		abort();
}

static char *writer_close(struct writer *writer)
{
	fclose(writer->file);
	return writer->text;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7F;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (is_control(*text))
			return true;
	return false;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static size_t character_length(const char *text)
{
	size_t len = 1;

	while (((unsigned char)text[len] & 0xC0) == 0x80)
		len++;
	return len;
}

/* One line of at most max characters: controls become blanks, blanks at the ends go. Owned. */
static char *one_line(const char *text, size_t max)
{
	struct writer out;
	size_t characters = 0;
	char *line;

	writer_open(&out);
	text += strspn(text, " \t\r\n");
	for (; *text; characters++) {
		size_t len = character_length(text);

		if (characters == max - 1 && text[len]) {
			fputs("…", out.file);
			break;
		}
		if (is_control(*text))
			fputc(' ', out.file);
		else
			fwrite(text, 1, len, out.file);
		text += len;
	}
	line = writer_close(&out);
	for (size_t len = strlen(line); len && line[len - 1] == ' ';)
		line[--len] = 0;
	return line;
}

/* ---- headers ---- */

/* Encoded words, on as many lines as it takes; a code point is never split. Between two of them the
 * folding vanishes, so the text comes back as it was. Returns the column after the last. */
static size_t write_encoded(FILE *out, const char *text, size_t column)
{
	char encoded[LINE_MAX_LENGTH + 4];

	while (*text) {
		size_t room = (LINE_MAX_LENGTH - WORD_COVER - column) / 4 * 3, len = 0;

		while (text[len] && len + character_length(text + len) <= room)
			len += character_length(text + len);
		if (len) {
			sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)text,
				len, sodium_base64_VARIANT_ORIGINAL);
			fprintf(out, "=?UTF-8?B?%s?=", encoded);
			column += WORD_COVER + strlen(encoded);
			text += len;
		}
		if (*text) {
			fputs("\r\n ", out);
			column = 1;
		}
	}
	return column;
}

/* Words that may stand as they are: no double blanks that folding could lose, none that looks encoded,
 * none too long to fold. */
static bool is_foldable(const char *text)
{
	size_t word = 0;

	if (!is_ascii(text) || strstr(text, "=?") || strstr(text, "  "))
		return false;
	for (; *text; text++) {
		word = *text == ' ' ? 0 : word + 1;
		if (word > LINE_MAX_LENGTH - 12)
			return false;
	}
	return true;
}

static void write_words(FILE *out, const char *text, size_t column)
{
	while (*text) {
		size_t len = 1 + strcspn(text + 1, " ");

		if (column + len > LINE_MAX_LENGTH && *text == ' ') {
			fputs("\r\n", out);
			column = 0;
		}
		fwrite(text, 1, len, out);
		column += len;
		text += len;
	}
}

static char *header_text(const char *name, const char *text)
{
	struct writer out;

	writer_open(&out);
	fprintf(out.file, "%s: ", name);
	if (is_foldable(text))
		write_words(out.file, text, strlen(name) + 2);
	else
		write_encoded(out.file, text, strlen(name) + 2);
	return writer_close(&out);
}

/* Atoms as they are, other ASCII quoted, the rest encoded; never the address (RFC 2047, 5). */
static size_t write_name(FILE *out, const char *name, size_t column)
{
	static const char atoms[] = " !#$%&'*+-/=?^_`{|}~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(name);

	if (!is_foldable(name) || len > 50)
		return write_encoded(out, name, column);
	if (strspn(name, atoms) == len) {
		fputs(name, out);
		return column + len;
	}
	fputc('"', out);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', out);
		fputc(*name, out);
	}
	fputc('"', out);
	return column + len + 2;
}

static char *header_mailbox(const char *header, const char *name, const char *address)
{
	struct writer out;
	char *line = name ? one_line(name, NAME_MAX_CHARACTERS) : NULL;

	writer_open(&out);
	fprintf(out.file, "%s: ", header);
	if (line && *line) {
		size_t column = write_name(out.file, line, strlen(header) + 2);
		bool fits = column + strlen(address) + 3 <= LINE_MAX_LENGTH;

		fprintf(out.file, "%s<%s>", fits ? " " : "\r\n ", address);
	} else {
		fputs(address, out.file);
	}
	free(line);
	return writer_close(&out);
}

/* RFC 5322, 3.3, whatever the locale. */
static char *header_date(int64_t at)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct writer out;
	time_t t = at;
	struct tm tm = {0};

	if (!gmtime_r(&t, &tm))
		abort();
	writer_open(&out);
	fprintf(out.file, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return writer_close(&out);
}

/* From the delivery's id alone: a repeated message is recognised as the same. */
static char *header_message_id(const struct mailer *mailer, const char *delivery)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[33];
	struct writer out;

	crypto_hash_sha256(hash, (const unsigned char *)delivery, strlen(delivery));
	sodium_bin2hex(hex, sizeof(hex), hash, 16);
	writer_open(&out);
	fprintf(out.file, "Message-ID: <%s%s>", hex, strchr(mailer->sender, '@'));
	return writer_close(&out);
}

static char *header_list_id(const struct mailer *mailer, const char *reminder)
{
	struct writer out;

	writer_open(&out);
	fprintf(out.file, "List-Id: <%s.%s>", reminder, strchr(mailer->sender, '@') + 1);
	return writer_close(&out);
}

static const char *blank_to_null(const char *text)
{
	return text[strspn(text, " \t\r\n")] ? text : NULL;
}

/* The title, or the first line of the text, or the reminder. Owned. */
static char *item_title(const struct nudged_item *item, size_t max)
{
	const char *text = blank_to_null(item->text);
	char *first, *line;

	if (blank_to_null(item->title))
		return one_line(item->title, max);
	if (!text)
		return one_line(item->reminder, max);
	text += strspn(text, " \t\r\n");
	first = strndup(text, strcspn(text, "\r\n"));
	line = one_line(first, max);
	free(first);
	return line;
}

/* Not one borrowed from the text that follows. */
static bool has_own_title(const struct nudged_item *item)
{
	return blank_to_null(item->title) || !blank_to_null(item->text);
}

static char *header_subject(const struct nudged_delivery *delivery)
{
	char *title = item_title(delivery->items[0], SUBJECT_MAX), *header;
	struct writer out;

	writer_open(&out);
	fputs(title, out.file);
	if (delivery->count > 1)
		fprintf(out.file, " (and %zu more)", delivery->count - 1);
	free(title);
	title = writer_close(&out);
	header = header_text("Subject", title);
	free(title);
	return header;
}

/* ---- the two parts ---- */

/* Of several in one mail: a list, and its order. */
#define TOGETHER "%zu things in one message, what matters most first."

/* Lines stay; other control characters have no business in a mail. */
static void write_plain(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (is_control(*text) && !strchr("\t\r\n", *text))
			fputs("\xEF\xBF\xBD", out);
		else
			fputc(*text, out);
	}
}

static char *body_text(const struct nudged_delivery *delivery)
{
	struct writer out;

	writer_open(&out);
	if (delivery->count > 1)
		fprintf(out.file, TOGETHER "\n\n", delivery->count);
	for (size_t i = 0; i < delivery->count; i++) {
		const struct nudged_item *item = delivery->items[i];

		if (i)
			fputs("\n\n", out.file);
		if (has_own_title(item) && (delivery->count > 1 || !blank_to_null(item->text))) {
			char *title = item_title(item, SUBJECT_MAX);

			fprintf(out.file, "%s\n%s", title, blank_to_null(item->text) ? "\n" : "");
			free(title);
		}
		if (blank_to_null(item->text)) {
			write_plain(out.file, item->text);
			fputc('\n', out.file);
		}
		if (item->answer_url)
			fprintf(out.file, "\nAnswer: %s\n", item->answer_url);
	}
	return writer_close(&out);
}

static void write_html(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\r':
			if (text[1] == '\n')
				break;
			/* fallthrough */
		case '\n':
			fputs("<br>\n", out);
			break;
		default:
			write_plain(out, (char[]){*text, 0});
		}
	}
}

static bool is_web_link(const char *url)
{
	return (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) &&
	       !has_control(url);
}

static void write_html_item(FILE *out, const struct nudged_item *item)
{
	char *title = item_title(item, SUBJECT_MAX);

	fputs("<section>\n", out);
	if (has_own_title(item)) {
		fputs("<h1 dir=\"auto\" style=\"font-size:1.25em;line-height:1.3;margin:0 0 "
		      ".5em\">",
			out);
		write_html(out, title);
		fputs("</h1>\n", out);
	}
	if (blank_to_null(item->text)) {
		fputs("<p dir=\"auto\" style=\"margin:0 0 1em\">", out);
		write_html(out, item->text);
		fputs("</p>\n", out);
	}
	if (item->answer_url && is_web_link(item->answer_url)) {
		fputs("<p style=\"margin:0 0 2em\"><a href=\"", out);
		write_html(out, item->answer_url);
		/* What a screen reader says when the link stands alone names its reminder. */
		fputs("\" style=\"display:inline-block;padding:.6em 1.2em;border-radius:.4em;"
		      "background:#1a4fa3;color:#ffffff;text-decoration:none\" "
		      "aria-label=\"Answer: ",
			out);
		write_html(out, title);
		fputs("\">Answer</a></p>\n", out);
	}
	fputs("</section>\n", out);
	free(title);
}

static char *body_html(const struct nudged_delivery *delivery)
{
	struct writer out;
	char *title = item_title(delivery->items[0], SUBJECT_MAX);

	writer_open(&out);
	fputs("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
		out.file);
	write_html(out.file, title);
	/* No colours but the button's: light and dark are the reader's own. */
	fputs("</title>\n<style>:root{color-scheme:light dark}</style>\n</head>\n"
	      "<body style=\"font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;"
	      "max-width:40em;margin:0 auto;padding:1em\">\n<main>\n",
		out.file);
	if (delivery->count > 1)
		fprintf(out.file, "<p>" TOGETHER "</p>\n", delivery->count);
	for (size_t i = 0; i < delivery->count; i++)
		write_html_item(out.file, delivery->items[i]);
	fputs("</main>\n</body>\n</html>\n", out.file);
	free(title);
	return writer_close(&out);
}

/* ---- addresses ---- */

static const char *address_refuse(const char *address)
{
	static const char atext[] = "!#$%&'*+-/=?^_`{|}~.0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char host[] = ".-0123456789"
				   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t local = strspn(address, atext);
	const char *domain = address + local + 1;

	if (has_control(address))
		return "a mail address must not hold control characters";
	if (address[local] == '<' || strchr(address, '<'))
		return "write the bare address, without a name and < >";
	if (strpbrk(address, ",; "))
		return "write one address: a message has one recipient";
	if (!is_ascii(address))
		return "a mail address is ASCII: write an international domain in its xn-- form";
	if (!local || address[local] != '@' || local > LOCAL_LENGTH ||
		strlen(address) > ADDRESS_LENGTH)
		return "this is not a mail address, such as ana@example.org";
	if (address[0] == '.' || address[local - 1] == '.' || strstr(address, ".."))
		return "a mail address has no dot at the ends of its parts and no two in a row";
	if (!*domain || strspn(domain, host) != strlen(domain) || strchr(".-", domain[0]) ||
		strchr(".-", domain[strlen(domain) - 1]))
		return "the part after @ is not a host name";
	return NULL;
}

/* "Name <address>" or an address alone; both owned. */
static void split_mailbox(const char *text, char **ret_name, char **ret_address)
{
	const char *open = strrchr(text, '<');
	size_t len = strlen(text);
	char *name;

	*ret_name = NULL;
	if (!open || text[len - 1] != '>') {
		*ret_address = strdup(text);
		return;
	}
	*ret_address = strndup(open + 1, text + len - 1 - (open + 1));
	while (open > text && open[-1] == ' ')
		open--;
	name = strndup(text, open - text);
	len = strlen(name);
	if (len >= 2 && name[0] == '"' && name[len - 1] == '"') {
		memmove(name, name + 1, len - 2);
		name[len - 2] = 0;
	}
	*ret_name = name;
}

/* ---- settings ---- */

static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "url", NUDGED_OPTION_URL, NULL, NULL, 1,
		"the relay: smtp://host:587 (STARTTLS required) or smtps://host:465"},
	{sizeof(struct nudged_option), "tls", NUDGED_OPTION_CHOICE, "required none", "required", 0,
		"none: clear text, only with allow_private and without a password"},
	{sizeof(struct nudged_option), "from", NUDGED_OPTION_STRING, NULL, NULL, 1,
		"who it comes from: \"Practice <practice@example.org>\"; bounces go there too"},
	{sizeof(struct nudged_option), "reply_to", NUDGED_OPTION_STRING, NULL, NULL, 0,
		"where replies go"},
	{sizeof(struct nudged_option), "user", NUDGED_OPTION_STRING, NULL, NULL, 0,
		"the login's name"},
	{sizeof(struct nudged_option), "password", NUDGED_OPTION_SECRET, NULL, NULL, 0,
		"the login's password"},
	{sizeof(struct nudged_option), "token_file", NUDGED_OPTION_SECRET, NULL, NULL, 0,
		"an XOAUTH2 token in place of a password: \"file:PATH\" or \"credential:NAME\""},
};

struct opening {
	const struct nudged_settings *settings;
	const struct nudged_sink *sink;
	bool failed;
};

/* Settings may be of another stride than ours. */
static const char *find(const struct opening *opening, const char *name)
{
	const char *at = (const char *)opening->settings->settings;

	for (size_t i = 0; i < opening->settings->count; i++) {
		const struct nudged_setting *setting = (const void *)at;

		if (strcmp(setting->name, name) == 0)
			return setting->value;
		at += setting->size;
	}
	return NULL;
}

static void complain(struct opening *opening, const char *setting, const char *message)
{
	opening->sink->complain(opening->sink->owner, setting, message);
	opening->failed = true;
}

static void open_url(struct opening *opening, struct mailer *mailer)
{
	const char *url = find(opening, "url"), *host;

	/* A stand-in for a URL that is not known yet is below .invalid, whatever its scheme. */
	if (opening->settings->check_only &&
		(!url || !strstr(url, "://") || strstr(url, ".invalid/")))
		return;
	if (!url || (strncasecmp(url, "smtp://", 7) && strncasecmp(url, "smtps://", 8))) {
		complain(opening, "url", "must begin with smtp:// (STARTTLS required) or smtps://");
		return;
	}
	host = strstr(url, "://") + 3;
	if (has_control(url) || strpbrk(url, " \\"))
		complain(opening, "url", "must not hold spaces, backslashes or control characters");
	else if (memchr(host, '@', strcspn(host, "/?#")))
		complain(opening, "url", "must not hold a login: use user and password");
	else if (!strcspn(host, "/?#:"))
		complain(opening, "url", "has no host");
	else
		mailer->url = strdup(url);
}

static void open_tls(struct opening *opening, struct mailer *mailer)
{
	const char *tls = find(opening, "tls");

	if (tls && strcmp(tls, "none") && strcmp(tls, "required")) {
		complain(opening, "tls", "must be \"required\" or \"none\"");
		return;
	}
	mailer->plain = tls && strcmp(tls, "none") == 0;
	if (!mailer->plain)
		return;
	if (!opening->settings->allow_private)
		complain(opening, "tls",
			"\"none\" sends mail in clear text: only with "
			"allow_private = true, to a relay of your own");
	if (find(opening, "user") || find(opening, "password") || find(opening, "token_file"))
		complain(opening, "tls", "\"none\" would send the password in clear text");
	if (mailer->url && strncasecmp(mailer->url, "smtps:", 6) == 0)
		complain(opening, "tls", "\"none\" contradicts smtps://");
}

static char *open_mailbox(
	struct opening *opening, const char *setting, const char *header, char **ret_address)
{
	const char *text = find(opening, setting), *why;
	char *name, *address, *line = NULL;

	if (!text)
		return NULL;
	split_mailbox(text, &name, &address);
	why = has_control(text) ? "must not hold control characters" : address_refuse(address);
	if (why)
		complain(opening, setting, why);
	else
		line = header_mailbox(header, name, address);
	free(name);
	if (ret_address && !why)
		*ret_address = address;
	else
		free(address);
	return line;
}

static char *duplicate_login(struct opening *opening, const char *setting)
{
	const char *text = find(opening, setting);

	if (!text || !*text)
		return NULL;
	if (has_control(text)) {
		complain(opening, setting, "must be one line without control characters");
		return NULL;
	}
	return strdup(text);
}

static void open_login(struct opening *opening, struct mailer *mailer)
{
	const char *token = find(opening, "token_file");
	bool check_only = opening->settings->check_only;

	mailer->user = duplicate_login(opening, "user");
	mailer->password = duplicate_login(opening, "password");
	if (token) {
		/* What nudged read: a file ends with a line end. */
		mailer->token = strndup(token, strcspn(token, "\r\n"));
		if (mailer->token[0] == '/')
			complain(opening, "token_file",
				"is the token itself: write file: before a path");
	}
	if (mailer->password && mailer->token)
		complain(opening, "token_file", "give either a password or a token");
	if ((mailer->password || mailer->token) && !mailer->user)
		complain(opening, "user", "a password needs a user");
	if (mailer->user && !mailer->password && !mailer->token && !check_only)
		complain(opening, "password", "a user needs a password or a token_file");
}

static void free_secret(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

static void email_close(void *context)
{
	struct mailer *mailer = context;

	free_secret(mailer->url);
	free_secret(mailer->user);
	free_secret(mailer->password);
	free_secret(mailer->token);
	free(mailer->from);
	free(mailer->sender);
	free(mailer->reply_to);
	free(mailer);
}

static int email_open(
	const struct nudged_settings *settings, const struct nudged_sink *sink, void **ret_context)
{
	struct opening opening = {settings, sink, false};
	struct mailer *mailer = calloc(1, sizeof(*mailer));

	if (!mailer || sodium_init() < 0)
		abort();
	open_url(&opening, mailer);
	open_tls(&opening, mailer);
	if (!find(&opening, "from"))
		complain(&opening, "from",
			"must say who it comes from: \"Practice <practice@example.org>\"");
	mailer->from = open_mailbox(&opening, "from", "From", &mailer->sender);
	mailer->reply_to = open_mailbox(&opening, "reply_to", "Reply-To", NULL);
	open_login(&opening, mailer);
	if (opening.failed) {
		email_close(mailer);
		return -1;
	}
	*ret_context = mailer;
	return 0;
}

static int email_needs_address(void *context)
{
	return 1;
}

static const char *email_check_address(void *context, const char *address)
{
	return address_refuse(address);
}

/* ---- encode ---- */

/* The same on every attempt: Date is when the message was composed. */
static size_t write_headers(const struct mailer *mailer, const struct nudged_delivery *delivery,
	char *owned[HEADERS_MAX])
{
	size_t n = 0;

	owned[n++] = header_date(delivery->first);
	owned[n++] = strdup(mailer->from);
	owned[n++] = header_mailbox("To", delivery->person_name, delivery->address);
	owned[n++] = header_subject(delivery);
	owned[n++] = header_message_id(mailer, delivery->id);
	if (mailer->reply_to)
		owned[n++] = strdup(mailer->reply_to);
	if (delivery->count == 1)
		owned[n++] = header_list_id(mailer, delivery->items[0]->reminder);
	/* RFC 3834, and what Exchange reads instead: no vacation replies. */
	owned[n++] = strdup("Auto-Submitted: auto-generated");
	owned[n++] = strdup("X-Auto-Response-Suppress: All");
	return n;
}

static int email_encode(
	void *context, const struct nudged_delivery *delivery, const struct nudged_sink *sink)
{
	const struct mailer *mailer = context;
	char *headers[HEADERS_MAX], *text, *html;
	struct nudged_part plain = {.size = sizeof(plain), .type = "text/plain; charset=utf-8"};
	struct nudged_part rich = {.size = sizeof(rich), .type = "text/html; charset=utf-8"};
	const struct nudged_part *parts[] = {&plain, &rich};
	struct nudged_mail mail = {
		.size = sizeof(mail), .url = mailer->url, .plain = mailer->plain};
	struct nudged_request request = {sizeof(request), NUDGED_MAIL, {.mail = &mail}};

	if (!mailer->url || !delivery->count || !delivery->address ||
		address_refuse(delivery->address))
		return -1;
	mail.user = mailer->user;
	mail.password = mailer->password;
	mail.token = mailer->token;
	mail.sender = mailer->sender;
	mail.recipient = delivery->address;
	mail.header_count = write_headers(mailer, delivery, headers);
	mail.headers = (const char *const *)headers;
	plain.data = text = body_text(delivery);
	plain.len = strlen(text);
	rich.data = html = body_html(delivery);
	rich.len = strlen(html);
	mail.parts = parts;
	mail.part_count = COUNT(parts);
	sink->request(sink->owner, &request);
	for (size_t i = 0; i < mail.header_count; i++)
		free(headers[i]);
	free(text);
	free(html);
	return 0;
}

/* ---- judge ---- */

static bool enhanced_is(const struct nudged_response *response, const char *prefix)
{
	return response->enhanced && strncmp(response->enhanced, prefix, strlen(prefix)) == 0;
}

/* A permanent refusal: whom does it concern? The step that was refused says it, unless the enhanced
 * code (RFC 3463) says it better. */
static void judge_refusal(const struct nudged_response *response, struct nudged_verdict *verdict)
{
	switch (response->stage) {
	case NUDGED_STAGE_CONTENT:
		verdict->outcome = NUDGED_REFUSED_PAYLOAD;
		return;
	case NUDGED_STAGE_RECIPIENT:
		verdict->outcome = NUDGED_REFUSED_DESTINATION;
		if (enhanced_is(response, "5.2.2") || enhanced_is(response, "5.2.3"))
			verdict->outcome = NUDGED_REFUSED_PAYLOAD; /* full, or too large */
		if (response->status != 530 && !enhanced_is(response, "5.5."))
			return;
		break;
	case NUDGED_STAGE_SENDER:
		if (response->status == 552 || enhanced_is(response, "5.3.4")) {
			verdict->outcome = NUDGED_REFUSED_PAYLOAD; /* larger than it takes */
			return;
		}
		break;
	default:
		break;
	}
	verdict->outcome = NUDGED_MISCONFIGURED;
	verdict->whole_destination = 1;
}

static void judge_reply(const struct nudged_response *response, struct nudged_verdict *verdict)
{
	if (response->status / 100 == 2) {
		verdict->outcome = NUDGED_SENT;
	} else if (response->status / 100 == 5) {
		judge_refusal(response, verdict);
	} else {
		verdict->outcome = NUDGED_RETRY;
		/* Before the recipient it is the relay that has no time, not this message. */
		verdict->whole_destination = response->stage < NUDGED_STAGE_RECIPIENT;
	}
}

static void judge_transport(const struct nudged_response *response, struct nudged_verdict *verdict)
{
	switch (response->transport) {
	case NUDGED_ARRIVED:
	case NUDGED_BODY_TOO_LARGE:
		judge_reply(response, verdict);
		return;
	case NUDGED_NOT_SENT:
		verdict->outcome = NUDGED_RETRY;
		verdict->reason = "the mail server could not be reached, or hung up early";
		return;
	case NUDGED_TLS_FAILED:
		verdict->reason = "no acceptable TLS: the certificate, or STARTTLS is not offered";
		break;
	case NUDGED_LOGIN_REFUSED:
		break;
	case NUDGED_FORBIDDEN:
		verdict->reason =
			"nudged refused the address: private ones need allow_private = true";
		break;
	default:
		verdict->outcome = NUDGED_UNKNOWN;
		verdict->reason = "the message was sent, but no answer came";
		return;
	}
	verdict->outcome = NUDGED_MISCONFIGURED;
	verdict->whole_destination = 1;
}

static int email_judge(
	void *context, const struct nudged_response *response, const struct nudged_sink *sink)
{
	const struct mailer *mailer = context;
	struct nudged_verdict verdict = {.size = sizeof(verdict), .delay = -1};
	int len = response->body_len < SHOWN_REPLY_MAX ? (int)response->body_len : SHOWN_REPLY_MAX;
	char reply[SHOWN_REPLY_MAX + 1], reason[REASON_MAX + 1];

	snprintf(reply, sizeof(reply), "%.*s", len, (const char *)response->body);
	if ((mailer->password && strstr(reply, mailer->password)) ||
		(mailer->token && strstr(reply, mailer->token)))
		snprintf(reply, sizeof(reply), "(it repeats our secret)");
	judge_transport(response, &verdict);
	if (len && (response->transport == NUDGED_NOT_SENT ||
			   response->transport == NUDGED_TLS_FAILED)) {
		snprintf(reason, sizeof(reason), "%s: %.100s", verdict.reason, reply);
		verdict.reason = reason;
	}
	if (verdict.outcome == NUDGED_SENT) {
		/* "250 2.0.0 Ok: queued as 4F2A": what the relay's log can be searched for. */
		verdict.receipt = reply;
	} else if (!verdict.reason) {
		snprintf(reason, sizeof(reason), "the mail server %s: %s",
			response->transport == NUDGED_LOGIN_REFUSED ? "refused the login"
								    : "answered",
			reply);
		verdict.reason = reason;
	}
	sink->verdict(sink->owner, &verdict);
	return 0;
}

extern const struct nudged_plugin nudged_plugin;
const struct nudged_plugin nudged_plugin = {
	.abi = NUDGED_PLUGIN_ABI,
	.size = sizeof(struct nudged_plugin),
	.name = "email",
	.version = "0.1.0",
	.summary = "mail through an SMTP relay, one recipient a message",
	.option_count = COUNT(options),
	.options = options,
	.open = email_open,
	.close = email_close,
	.needs_address = email_needs_address,
	.check_address = email_check_address,
	.encode = email_encode,
	.judge = email_judge,
};
