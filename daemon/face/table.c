/* Draws tables. Measures text in columns of a terminal, by code points; owns copies of the cells. */
#include "face/table.h"

#include "base/buf.h"
#include "base/str.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { GAP = 2, CELL_MAX = 4096, WIDTH_LEAST = 40 };

struct row {
	enum shade shade;
	char *cells[TABLE_COLUMNS];
};

struct table {
	size_t columns;
	struct row *rows;
	size_t count, capacity;
	bool has_head;
};

static const char *const colours[] = {
	[SHADE_PLAIN] = "",
	[SHADE_STRONG] = "\033[1m",
	[SHADE_DIM] = "\033[2m",
	[SHADE_GOOD] = "\033[32m",
	[SHADE_WARN] = "\033[33m",
	[SHADE_BAD] = "\033[31m",
};

/* Decodes one code point of valid UTF-8; gives its length. */
static size_t decode(const char *text, wchar_t *ret)
{
	unsigned char c = (unsigned char)*text;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	wchar_t value = len == 1 ? c : c & (0x7f >> len);

	for (size_t i = 1; i < len; i++)
		value = value << 6 | (text[i] & 0x3f);
	*ret = value;
	return len;
}

static size_t width_of(wchar_t c)
{
	int width = wcwidth(c);

	return width < 0 ? 1 : (size_t)width;
}

size_t table_width(const char *text)
{
	size_t width = 0;
	wchar_t c;

	while (*text) {
		text += decode(text, &c);
		width += width_of(c);
	}
	return width;
}

/* What a terminal may be shown: no controls (C0, DEL, C1), no bytes that are no text. */
static char *clean(const char *text)
{
	size_t len = strnlen(text, CELL_MAX);
	cleanup(buf_free) struct buf out = BUF_MAX(CELL_MAX * 3);
	wchar_t c;

	len = str_utf8_cut(text, len, CELL_MAX);
	if (!str_is_utf8(text, len))
		return str_new("(not text)");
	for (size_t at = 0; at < len;) {
		size_t n = decode(text + at, &c);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_add_char(&out, c == '\n' || c == '\t' ? ' ' : '?');
		else
			buf_add(&out, text + at, n);
		at += n;
	}
	return buf_take(&out);
}

void table_add(struct table *table, enum shade shade, const char *const *cells)
{
	struct row row = {.shade = shade};

	for (size_t i = 0; i < table->columns; i++)
		row.cells[i] = clean(cells[i] ? cells[i] : "-");
	ARRAY_GROW(table->rows, table->count, table->capacity);
	table->rows[table->count++] = row;
}

struct table *table_new(size_t columns, const char *const *heads)
{
	struct table *table = mem_new(sizeof(*table));

	assert(columns && columns <= TABLE_COLUMNS);
	table->columns = columns;
	table->has_head = heads != NULL;
	if (heads)
		table_add(table, SHADE_STRONG, heads);
	return table;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		for (size_t k = 0; k < table->columns; k++)
			free(table->rows[i].cells[k]);
	free(table->rows);
	free(table);
}

size_t table_count(const struct table *table)
{
	return table->count - table->has_head;
}

/* 0: no terminal, no limit. */
static size_t terminal_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return 0;
	return MAX_OF(size.ws_col, WIDTH_LEAST);
}

static bool has_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && (!no || !*no) && term && !str_eq(term, "dumb");
}

static void print_shaded(FILE *out, enum shade shade, const char *text)
{
	bool shaded = shade != SHADE_PLAIN && has_colours(out);

	fprintf(out, "%s%s%s\n", shaded ? colours[shade] : "", text, shaded ? "\033[0m" : "");
}

void table_print_line(FILE *out, enum shade shade, const char *text)
{
	auto_free char *line = clean(text);

	print_shaded(out, shade, line);
}

/* Cuts a line to so many columns, with an ellipsis; 0: not at all. */
static void cut_line(struct buf *line, size_t limit)
{
	size_t width = 0, at = 0, fits = 0;
	wchar_t c;

	if (!limit || table_width(buf_str(line)) <= limit)
		return;
	while (at < line->len) {
		size_t n = decode(line->data + at, &c);

		width += width_of(c);
		if (width > limit - 1)
			break;
		at += n;
		fits = at;
	}
	line->len = fits;
	buf_add_str(line, "\xe2\x80\xa6");
}

void table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMNS] = {0}, limit = terminal_width(out);

	for (size_t i = 0; i < table->count; i++)
		for (size_t k = 0; k < table->columns; k++)
			widths[k] = MAX_OF(widths[k], table_width(table->rows[i].cells[k]));
	for (size_t i = 0; i < table->count; i++) {
		cleanup(buf_free) struct buf line = BUF_MAX((CELL_MAX + GAP) * 3 * TABLE_COLUMNS);
		const struct row *row = &table->rows[i];

		for (size_t k = 0; k < table->columns; k++) {
			size_t pad = widths[k] + GAP - table_width(row->cells[k]);

			buf_add_str(&line, row->cells[k]);
			if (k + 1 < table->columns)
				buf_printf(&line, "%*s", (int)pad, "");
		}
		cut_line(&line, limit);
		print_shaded(out, row->shade, buf_str(&line));
	}
}
