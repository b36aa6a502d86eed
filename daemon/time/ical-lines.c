/* Content lines of a calendar file: folded lines joined, name, parameters and value told apart.
 * Copies a line before it cuts it up. Judges nothing: a line that has no such form says so. */
#include "time/ical.h"

#include <string.h>
#include <strings.h>

void ical_reader_init(struct ical_reader *reader, const char *bytes, size_t len)
{
	*reader = (struct ical_reader){
		.at = bytes, .end = bytes + len, .line = 1, .text = BUF_MAX(DAYSOFF_BYTES_MAX)};
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;
}

bool ical_is(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* Adds the physical line at the reader to the text. */
static void physical_line_take(struct ical_reader *reader)
{
	size_t left = (size_t)(reader->end - reader->at);
	const char *newline = memchr(reader->at, '\n', left);
	size_t len = newline ? (size_t)(newline - reader->at) : left;

	reader->line++;
	buf_add(&reader->text, reader->at, len - (len && reader->at[len - 1] == '\r'));
	reader->at += newline ? len + 1 : len;
}

/* A NUL would end a text too early; as another control character it is cleaned away later. */
static void nuls_replace(struct buf *text)
{
	char *at = text->data, *end = text->data + text->len;

	while ((at = memchr(at, '\0', (size_t)(end - at))))
		*at++ = '\1';
}

static bool is_name(char c)
{
	return scan_is_letter(c) || scan_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* The parameter at `at`, just behind its semicolon; the place behind it, or NULL. */
static char *parameter_take(char *at, struct ical_line *line)
{
	char *name = at, *value;
	bool quoted;

	while (is_name(*at))
		at++;
	if (*at != '=')
		return NULL;
	*at++ = '\0';
	quoted = *at == '"';
	value = at + quoted;
	/* Of a list only the first is of interest, but all of it is walked over. */
	for (quoted = false; *at && (quoted || (*at != ';' && *at != ':')); at++)
		quoted ^= *at == '"';
	if (!*at)
		return NULL;
	if (at > value && at[-1] == '"')
		at[-1] = '\0';
	if (ical_is(name, "TZID"))
		line->tzid = value;
	else if (ical_is(name, "VALUE"))
		line->type = value;
	else if (ical_is(name, "RANGE"))
		line->range = value;
	return at;
}

static void line_cut(char *at, struct ical_line *line)
{
	char *name = at;

	while (is_name(*at))
		at++;
	if (at == name)
		return;
	while (*at == ';') {
		*at = '\0';
		at = parameter_take(at + 1, line);
		if (!at)
			return;
	}
	if (*at != ':')
		return;
	*at = '\0';
	line->name = name;
	line->value = at + 1;
}

static bool is_blank(const struct buf *text)
{
	return strspn(buf_str(text), " \t\r") == text->len;
}

bool ical_line_next(struct ical_reader *reader, struct ical_line *ret)
{
	*ret = (struct ical_line){0};
	do {
		if (reader->at == reader->end)
			return false;
		buf_reset(&reader->text);
		ret->number = reader->line;
		physical_line_take(reader);
		while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t')) {
			reader->at++;
			physical_line_take(reader);
		}
		if (reader->text.len)
			nuls_replace(&reader->text);
	} while (is_blank(&reader->text));
	line_cut(reader->text.data, ret);
	return true;
}
