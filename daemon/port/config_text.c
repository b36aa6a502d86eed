/* The text of a libconfig file before libconfig sees it: what that would take silently (numbers that
 * wrap, @include around our checks), badly (binary, endless strings), or slowly (deep nesting, huge
 * groups). Follows the grammar only as far as that needs. */
#include "port/config_parts.h"

#include <ctype.h>
#include <inttypes.h>

enum {
	DEPTH_MAX = 16,
	MEMBERS_MAX = 1000,     /* of one group: libconfig's time for them is quadratic */
	SETTINGS_MAX = 4000000, /* of a file: about 100 bytes each */
	CREDIBLE_NUMBER = 64,   /* characters */
};

struct scan {
	struct loader *loader;
	const char *file;
	char *at, *end;
	int line;
	int depth;
	int members[DEPTH_MAX + 1];
	int settings;
};

static struct where here(const struct scan *scan, int line)
{
	return (struct where){scan->file, line};
}

static void blank(char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from != '\n')
			*from = ' ';
	}
}

/* ---- is it text at all ---- */

static bool check_line(struct scan *scan, const char *text, size_t len, int line)
{
	const char *nul = memchr(text, '\0', len);

	if (nul)
		complain(scan->loader, here(scan, line),
			"this is no text: it holds a NUL byte in column %zu", nul - text + 1);
	else if (!str_is_utf8(text, len))
		complain(scan->loader, here(scan, line),
			"this line is not valid UTF-8: save the file in that encoding");
	else
		return true;
	return false;
}

static bool check_bytes(struct scan *scan)
{
	int line = 1;

	for (const char *text = scan->at; text < scan->end; line++) {
		const char *feed = memchr(text, '\n', scan->end - text);
		size_t len = (feed ? feed : scan->end) - text;

		if (!check_line(scan, text, len, line))
			return false;
		text += len + 1;
	}
	return true;
}

/* ---- tokens ---- */

static bool skip_string(struct scan *scan)
{
	int begin = scan->line;

	for (scan->at++; scan->at < scan->end; scan->at++) {
		if (*scan->at == '"') {
			scan->at++;
			return true;
		}
		if (*scan->at == '\n')
			scan->line++;
		if (*scan->at != '\\' || scan->at + 1 >= scan->end)
			continue;
		if (strncasecmp(scan->at, "\\x00", 4) == 0) {
			complain(
				scan->loader, here(scan, scan->line), "\\x00 cannot stand in text");
			blank(scan->at, scan->at + 4);
		}
		scan->at++;
		if (*scan->at == '\n')
			scan->line++;
	}
	complain(scan->loader, here(scan, begin), "the text that begins here has no closing quote");
	return false;
}

static bool skip_comment(struct scan *scan)
{
	int begin = scan->line;

	for (scan->at += 2; scan->at < scan->end; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		if (scan->at[0] == '*' && scan->at + 1 < scan->end && scan->at[1] == '/') {
			scan->at += 2;
			return true;
		}
	}
	complain(scan->loader, here(scan, begin), "the comment that begins here has no end");
	return false;
}

static char *line_end(const struct scan *scan)
{
	char *feed = memchr(scan->at, '\n', scan->end - scan->at);

	return feed ? feed : scan->end;
}

static void skip_include(struct scan *scan)
{
	char *end = line_end(scan);

	if ((size_t)(end - scan->at) >= strlen("@include") &&
		memcmp(scan->at, "@include", strlen("@include")) == 0) {
		complain(scan->loader, here(scan, scan->line),
			"@include is not allowed: put files into the folder conf.d beside the main "
			"file");
		blank(scan->at, end);
	}
	scan->at = MAX_OF(scan->at + 1, end);
}

/* Decimal or hexadecimal digits of text, with how many bits the value needs at most: 65 for more
 * than 64. */
static bool read_magnitude(
	const char *text, size_t len, bool *ret_hex, uint64_t *ret, bool *ret_over)
{
	bool hex = len > 2 && text[0] == '0' && (text[1] | 32) == 'x';
	unsigned base = hex ? 16 : 10;
	uint64_t value = 0;
	bool over = false;

	for (size_t i = hex ? 2 : 0; i < len; i++) {
		unsigned digit = isdigit((unsigned char)text[i])
					 ? (unsigned)(text[i] - '0')
					 : (unsigned)((text[i] | 32) - 'a' + 10);

		if (!isxdigit((unsigned char)text[i]) || digit >= base)
			return false;
		over |= __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value);
	}
	*ret_hex = hex;
	*ret = value;
	*ret_over = over;
	return len > 0;
}

static void check_number(struct scan *scan, const char *token, size_t len)
{
	bool negative = *token == '-', is_long = false, hex, over;
	size_t sign = negative || *token == '+', digits = len;
	uint64_t value, limit;

	while (digits > sign && (token[digits - 1] | 32) == 'l') {
		is_long = true;
		digits--;
	}
	if (!read_magnitude(token + sign, digits - sign, &hex, &value, &over))
		return; /* a float, or libconfig's to refuse */
	limit = is_long ? (uint64_t)INT64_MAX + negative : (uint64_t)INT32_MAX + negative;
	if (!over && value <= limit)
		return;
	if (is_long || over || value > INT64_MAX)
		complain(scan->loader, here(scan, scan->line), "the number %.*s is too large",
			(int)MIN_OF(len, CREDIBLE_NUMBER), token);
	else
		complain(scan->loader, here(scan, scan->line),
			"the number %.*s does not fit into 32 bits: write %.*sL", (int)len, token,
			(int)len, token);
}

static void skip_number(struct scan *scan)
{
	const char *token = scan->at++;
	bool hex = false;

	for (; scan->at < scan->end; scan->at++) {
		unsigned char c = *scan->at;
		bool exponent = (scan->at[-1] | 32) == 'e' && !hex;

		hex |= (c | 32) == 'x';
		if (!isalnum(c) && c != '.' && !(exponent && (c == '-' || c == '+')))
			break;
	}
	check_number(scan, token, scan->at - token);
}

static void skip_name(struct scan *scan)
{
	while (scan->at < scan->end &&
		(isalnum((unsigned char)*scan->at) || strchr("-_*", *scan->at)))
		scan->at++;
}

static bool count_setting(struct scan *scan, bool named)
{
	if (named && ++scan->members[scan->depth] > MEMBERS_MAX) {
		complain(scan->loader, here(scan, scan->line),
			"more than %d settings in one group: use lists", MEMBERS_MAX);
		return false;
	}
	if (++scan->settings > SETTINGS_MAX) {
		complain(scan->loader, here(scan, scan->line),
			"more than %d settings in one file: use people_file for people",
			SETTINGS_MAX);
		return false;
	}
	return true;
}

static bool open_bracket(struct scan *scan)
{
	if (scan->depth == DEPTH_MAX) {
		complain(scan->loader, here(scan, scan->line),
			"brackets are nested deeper than %d levels", DEPTH_MAX);
		return false;
	}
	scan->members[++scan->depth] = 0;
	return count_setting(scan, false);
}

/* One token, or a character between tokens. */
static bool scan_one(struct scan *scan)
{
	char c = *scan->at, next = scan->at + 1 < scan->end ? scan->at[1] : '\0';

	if (c == '"')
		return skip_string(scan);
	if (c == '/' && next == '*')
		return skip_comment(scan);
	if (c == '#' || (c == '/' && next == '/')) {
		scan->at = line_end(scan);
	} else if (c == '@') {
		skip_include(scan);
	} else if (isalpha((unsigned char)c) || c == '*') {
		skip_name(scan);
	} else if (isdigit((unsigned char)c) ||
		   ((c == '-' || c == '+') && isdigit((unsigned char)next))) {
		skip_number(scan);
	} else {
		scan->at++;
		scan->line += c == '\n';
		if (c == '{' || c == '(' || c == '[')
			return open_bracket(scan);
		if ((c == '}' || c == ')' || c == ']') && scan->depth > 0)
			scan->depth--;
		if (c == '=' || c == ':' || c == ',')
			return count_setting(scan, c != ',');
	}
	return true;
}

bool config_text_check(struct loader *loader, const char *file, char *text, size_t len)
{
	struct scan scan = {loader, file, text, text + len, .line = 1};

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		blank(text, text + 3);
	if (!check_bytes(&scan))
		return false;
	while (scan.at < scan.end) {
		if (!scan_one(&scan))
			return false;
	}
	return true;
}
