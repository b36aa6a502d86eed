/* Reads forms. Pure; the body is hostile and already bounded by whoever took it off the network. */
#include "face/form.h"

#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 /* RFC 2046 */ };

void form_clear(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		free(form->fields[i].name);
		free(form->fields[i].value);
	}
	form->count = 0;
}

const char *form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (str_eq(form->fields[i].name, name))
			return form->fields[i].value;
	return NULL;
}

/* Takes both texts. */
static int add_field(struct form *form, char *name, char *value)
{
	if (form->count < FORM_FIELDS && !form_get(form, name)) {
		form->fields[form->count++] = (struct form_field){name, value};
		return 0;
	}
	free(name);
	free(value);
	return -EINVAL;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Owned text, or NULL when it is damaged. */
static char *decode(const char *text, size_t len)
{
	cleanup(buf_free) struct buf out = BUF_MAX(len + 1);

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (!c)
			return NULL;
		buf_add_char(&out, c);
	}
	return str_is_utf8(buf_str(&out), out.len) ? buf_take(&out) : NULL;
}

static int parse_pairs(const char *body, size_t len, struct form *form)
{
	const char *end = body + len;

	while (body < end) {
		const char *stop = memchr(body, '&', (size_t)(end - body));
		const char *equals, *pair = body;
		char *name, *value;

		stop = stop ? stop : end;
		body = stop + 1;
		if (stop == pair)
			continue;
		equals = memchr(pair, '=', (size_t)(stop - pair));
		name = decode(pair, (size_t)((equals ? equals : stop) - pair));
		value = equals ? decode(equals + 1, (size_t)(stop - equals - 1)) : str_new("");
		if (!name || !value) {
			free(name);
			free(value);
			return -EINVAL;
		}
		if (add_field(form, name, value) < 0)
			return -EINVAL;
	}
	return 0;
}

/* The value of a parameter: `; name=value` or `; name="value"`, without escapes. */
static char *find_parameter(const char *text, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t at = 0; at < len; at++) {
		const char *value, *stop;
		size_t left;

		if (text[at] != ';')
			continue;
		while (at + 1 < len && (text[at + 1] == ' ' || text[at + 1] == '\t'))
			at++;
		if (len - at - 1 <= name_len || strncasecmp(text + at + 1, name, name_len) != 0 ||
			text[at + 1 + name_len] != '=')
			continue;
		value = text + at + 2 + name_len;
		left = len - (size_t)(value - text);
		if (left && *value == '"') {
			stop = memchr(value + 1, '"', left - 1);
			return stop ? str_new_n(value + 1, (size_t)(stop - value - 1)) : NULL;
		}
		stop = memchr(value, ';', left);
		return str_new_n(value, stop ? (size_t)(stop - value) : left);
	}
	return NULL;
}

/* The name in a part's Content-Disposition line. */
static char *part_name(const char *header, size_t len)
{
	static const char field[] = "Content-Disposition:";

	while (len) {
		const char *stop = memmem(header, len, "\r\n", 2);
		size_t line = stop ? (size_t)(stop - header) : len;

		if (line > strlen(field) && strncasecmp(header, field, strlen(field)) == 0)
			return find_parameter(header, line, "name");
		len -= MIN_OF(len, line + 2);
		header += line + 2;
	}
	return NULL;
}

static int parse_part(const char *part, size_t len, struct form *form)
{
	const char *stop = memmem(part, len, "\r\n\r\n", 4);
	char *name, *value;
	size_t header;

	if (!stop)
		return -EINVAL;
	header = (size_t)(stop - part);
	len -= header + 4;
	if (memchr(stop + 4, 0, len) || !str_is_utf8(stop + 4, len))
		return -EINVAL;
	name = part_name(part, header);
	if (!name || !str_is_utf8(name, strlen(name))) {
		free(name);
		return -EINVAL;
	}
	value = str_new_n(stop + 4, len);
	return add_field(form, name, value);
}

/* Parts stand between delimiters (RFC 2046): CRLF "--" boundary, the last one with "--" behind. */
static int parse_multipart(const char *boundary, const char *body, size_t len, struct form *form)
{
	auto_free char *delimiter = str_printf("\r\n--%s", boundary);
	size_t size = strlen(delimiter);
	const char *end = body + len, *part, *stop;

	if (len < size - 2 || memcmp(body, delimiter + 2, size - 2) != 0)
		return -EINVAL;
	part = body + size - 2;
	while (end - part >= 2 && memcmp(part, "\r\n", 2) == 0) {
		part += 2;
		stop = memmem(part, (size_t)(end - part), delimiter, size);
		if (!stop || parse_part(part, (size_t)(stop - part), form) < 0)
			return -EINVAL;
		part = stop + size;
	}
	return end - part >= 2 && memcmp(part, "--", 2) == 0 ? 0 : -EINVAL;
}

static bool is_type(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	return strncasecmp(type, wanted, len) == 0 && (!type[len] || strchr("; \t", type[len]));
}

static int parse(const char *type, const char *body, size_t len, struct form *form)
{
	auto_free char *boundary = NULL;

	if (is_type(type, "application/x-www-form-urlencoded"))
		return parse_pairs(body, len, form);
	if (!is_type(type, "multipart/form-data"))
		return -EINVAL;
	boundary = find_parameter(type, strlen(type), "boundary");
	if (str_empty(boundary) || strlen(boundary) > BOUNDARY_MAX)
		return -EINVAL;
	return parse_multipart(boundary, body, len, form);
}

int form_parse(const char *type, const char *body, size_t len, struct form *ret)
{
	struct form form = {.count = 0};
	int r = parse(type, body, len, &form);

	if (r < 0)
		form_clear(&form);
	else
		*ret = form;
	return r;
}
