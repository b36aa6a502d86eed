/* Texts within limits: whole characters as readers see them, cut before they are escaped, and only
 * text wherever they land. Control characters and overrides of direction, which could reach beyond
 * their text, are left out. A link in a text stays a link: its characters are encoded, not escaped. */
#include "webhook.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CLUSTER_MAX = 32, /* characters: longer ones are no language's */
	LINK_MAX = 2000,  /* bytes that are not cut inside */
	BODY_FIRST = 2048,
};

#define ELLIPSIS "\xe2\x80\xa6"
#define ZERO_WIDTH_SPACE "\xe2\x80\x8b"
#define NO_BREAK_SPACE "\xc2\xa0"

const struct escape escape_nothing = {.entities = "", .backslashed = "", .broken = ""};

/* ---- bodies ---- */

bool body_reserve(struct body *body, size_t len)
{
	size_t room = body->room ? body->room : BODY_FIRST;
	char *text;

	while (room < body->len + len + 1)
		room *= 2;
	if (room == body->room)
		return true;
	text = realloc(body->text, room);
	if (!text) {
		body->failed = true;
		return false;
	}
	body->text = text;
	body->room = room;
	return true;
}

void body_add(struct body *body, const char *bytes, size_t len)
{
	if (!body_reserve(body, len))
		return;
	memcpy(body->text + body->len, bytes, len);
	body->len += len;
	body->text[body->len] = 0;
}

void body_put(struct body *body, const char *text)
{
	body_add(body, text, strlen(text));
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static void put_percent(struct body *body, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	body_add(body, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
}

void body_put_encoded(struct body *body, const char *text)
{
	for (; *text; text++)
		if (is_unreserved((unsigned char)*text))
			body_add(body, text, 1);
		else
			put_percent(body, (unsigned char)*text);
}

char *body_take(struct body *body)
{
	if (!body->failed && !body->text)
		body_add(body, "", 0);
	if (!body->failed)
		return body->text;
	free(body->text);
	return NULL;
}

json_t *json_take(char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	free(text);
	return string;
}

char *body_of_json(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

/* ---- characters ---- */

/* Bytes of the character; 1 for what is none. */
static size_t read_character(const char *text, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = *p < 0xC0 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
	uint32_t c = len == 1 ? *p : *p & (0x7Fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3F);
	}
	*ret = c;
	return len;
}

static bool is_flag_letter(uint32_t c)
{
	return c >= 0x1F1E6 && c <= 0x1F1FF;
}

size_t text_cluster(const char *text)
{
	uint32_t before = 0, c = 0;
	size_t len;

	if (!*text)
		return 0;
	if (text[0] == '\r' && text[1] == '\n')
		return 2;
	len = read_character(text, &before);
	if (is_flag_letter(before)) {
		size_t more = text[len] ? read_character(text + len, &c) : 0;

		if (more && is_flag_letter(c))
			len += more;
	}
	for (int i = 0; i < CLUSTER_MAX && (text[len] & 0x80); i++) {
		size_t more = read_character(text + len, &c);

		if (!mark_is(c) && before != 0x200D)
			break;
		before = c;
		len += more;
	}
	return len;
}

/* Not for anybody's eyes, or with effects beyond the text. */
static bool is_unwelcome(const char *cluster)
{
	uint32_t c = 0;

	read_character(cluster, &c);
	if (c < 0x20)
		return c != '\n' && c != '\t' && c != '\r';
	return (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool text_is_blank(const char *text)
{
	static const char *const invisible[] = {ZERO_WIDTH_SPACE, NO_BREAK_SPACE, "\xef\xbb\xbf"};

	while (*text) {
		size_t len = strspn(text, " \t\r\n");

		for (size_t i = 0; i < COUNT(invisible) && !len; i++)
			if (strncmp(text, invisible[i], strlen(invisible[i])) == 0)
				len = strlen(invisible[i]);
		if (!len && is_unwelcome(text))
			len = text_cluster(text);
		if (!len)
			return false;
		text += len;
	}
	return true;
}

static size_t count_bytes(const char *text, size_t len, enum unit unit)
{
	size_t count = 0;

	if (unit == UNIT_BYTES)
		return len;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		count += (c & 0xC0) != 0x80;
		count += unit == UNIT_UTF16 && c >= 0xF0;
	}
	return count;
}

size_t text_count(const char *text, enum unit unit)
{
	return count_bytes(text, strlen(text), unit);
}

/* ---- links in a text ---- */

static bool is_of_link(char c)
{
	return is_unreserved((unsigned char)c) || (c && strchr(":/?#@!$&'()*+,;=%", c));
}

/* Bytes of the link that begins here, or 0. */
static size_t link_len(const char *text)
{
	size_t len = strncasecmp(text, "https://", 8) == 0  ? 8
		     : strncasecmp(text, "http://", 7) == 0 ? 7
							    : 0;

	if (!len || !is_unreserved((unsigned char)text[len]))
		return 0;
	while (len < LINK_MAX && is_of_link(text[len]))
		len++;
	return len;
}

/* ---- escaping ---- */

static bool is_in(const char *set, char c)
{
	return c && set && strchr(set, c);
}

static void put_entity(struct body *body, char c)
{
	body_put(body, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
}

static void put_of_link(struct body *body, char c, const struct escape *escape)
{
	if (is_in(escape->entities, c))
		put_entity(body, c);
	else if (c != '#' && (is_in(escape->backslashed, c) || is_in(escape->broken, c)))
		put_percent(body, (unsigned char)c);
	else
		body_add(body, &c, 1);
}

struct pen {
	const struct escape *escape;
	const char *newline;
	bool line_start, in_link;
	const char *link_end;
};

/* What would make a list, a heading or code of the line. False: nothing special. */
static bool put_first_of_line(struct pen *pen, struct body *body, char c)
{
	if (c == ' ' || c == '\t') {
		body_put(body, NO_BREAK_SPACE);
		return true;
	}
	pen->line_start = false;
	if (is_in("-+=", c))
		body_put(body, "\\");
	return false;
}

static void put_ascii(struct pen *pen, struct body *body, const char *at)
{
	const struct escape *escape = pen->escape;

	if (escape->lines && pen->line_start && put_first_of_line(pen, body, *at))
		return;
	if (is_in(escape->entities, *at)) {
		put_entity(body, *at);
		return;
	}
	if (is_in(escape->backslashed, *at))
		body_put(body, "\\");
	body_add(body, at, 1);
	if (is_in(escape->broken, *at))
		body_put(body, ZERO_WIDTH_SPACE);
}

/* One character as readers see it, escaped. */
static void put_cluster(struct pen *pen, struct body *body, const char *at, size_t len)
{
	if (*at == '\n' || *at == '\r') {
		body_put(body, pen->newline);
		pen->line_start = true;
		return;
	}
	if (*at & 0x80 && len)
		pen->line_start = false;
	else if (pen->in_link)
		put_of_link(body, *at, pen->escape);
	else
		put_ascii(pen, body, at);
	if (*at & 0x80)
		body_add(body, at, len);
	else
		body_add(body, at + 1, len - 1); /* its marks */
}

/* ---- pages ---- */

size_t page_left(const struct page *page)
{
	return page->max - page->used;
}

bool page_put(struct page *page, const char *markup)
{
	size_t count = text_count(markup, page->unit);

	if (count > page_left(page))
		return false;
	body_put(&page->body, markup);
	page->used += count;
	return true;
}

static size_t count_cluster(const struct page *page, size_t from, const char *at, size_t len)
{
	if (page->unit == UNIT_SHOWN)
		return count_bytes(at, *at == '\r' ? 1 : len, UNIT_SHOWN);
	return count_bytes(page->body.text + from, page->body.len - from, page->unit);
}

/* Bytes that no dialect escapes, each a character by itself wherever it is counted. Most of a text. */
static size_t plain_run(const char *text, size_t most)
{
	size_t n = 0;

	while (n < most &&
		((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z') ||
			(text[n] >= '0' && text[n] <= '9') || is_in(" ,.;:?!'()", text[n]))) {
		if ((text[n] | 0x20) == 'h' && (text[n + 1] | 0x20) == 't')
			break; /* perhaps a link */
		n++;
	}
	return n && text[n] & 0x80 ? n - 1 : n; /* perhaps with a mark */
}

/* Where the text may be cut: how much was written, and of how many units. */
struct mark {
	size_t len, used;
};

static bool page_cut(struct page *page, const struct mark *fit, bool has_room)
{
	page->body.len = fit->len;
	page->used = fit->used;
	if (page->body.text)
		page->body.text[fit->len] = 0;
	if (has_room)
		page_put(page, ELLIPSIS);
	return false;
}

bool page_write(struct page *page, const char *text, size_t max, const struct escape *escape,
	const char *newline)
{
	size_t ellipsis = text_count(ELLIPSIS, page->unit), most = page_left(page), len;
	struct pen pen = {.escape = escape, .newline = newline, .line_start = true};
	struct mark fit = {page->body.len, page->used};

	most = page->used + (max < most ? max : most);
	for (const char *at = text; *at && !page->body.failed; at += len) {
		size_t from = page->body.len, link = pen.in_link ? 0 : link_len(at);
		size_t room = most - page->used > ellipsis ? most - page->used - ellipsis : 0;

		len = pen.in_link || link || (pen.line_start && escape->lines)
			      ? 0
			      : plain_run(at, room);
		if (len) {
			body_add(&page->body, at, len);
			page->used += len;
			fit = (struct mark){page->body.len, page->used};
			continue;
		}
		if (link) {
			pen.in_link = true;
			pen.link_end = at + link;
		}
		len = text_cluster(at);
		if (!is_unwelcome(at)) {
			put_cluster(&pen, &page->body, at, len);
			page->used += count_cluster(page, from, at, len);
		}
		if (page->used > most)
			return page_cut(page, &fit, ellipsis <= most - fit.used);
		pen.in_link = pen.in_link && at + len < pen.link_end;
		if (!pen.in_link && page->used + ellipsis <= most)
			fit = (struct mark){page->body.len, page->used};
	}
	return true;
}

char *text_fit(const char *text, size_t max, enum unit unit, const struct escape *escape)
{
	struct page page = {.unit = unit, .max = max};

	page_write(&page, text, max, escape, "\n");
	return body_take(&page.body);
}
