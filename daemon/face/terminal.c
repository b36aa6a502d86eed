/* Measures, cuts and colours text for a terminal, by code points and their widths in columns. Owns
 * nothing. Reads the environment for COLUMNS, NO_COLOR and TERM only. */
#include "face/terminal.h"

#include "base/str.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { TEXT_MAX = 4096, WIDTH_MOST = 1000, INDENT_LEAST_LEFT = 24 };

#define ELLIPSIS "\xe2\x80\xa6"

static const char *const colours[] = {
	[SHADE_PLAIN] = "",
	[SHADE_STRONG] = "\033[1m",
	[SHADE_DIM] = "\033[2m",
	[SHADE_GOOD] = "\033[32m",
	[SHADE_WARN] = "\033[33m",
	[SHADE_BAD] = "\033[31m",
};

/* ---- the terminal ---- */

static size_t width_from_environment(void)
{
	const char *text = getenv("COLUMNS");
	int64_t columns;

	if (!text || str_to_int64(text, &columns) < 0 || columns < 1 || columns > WIDTH_MOST)
		return 0;
	return MAX_OF((size_t)columns, (size_t)TERMINAL_LEAST);
}

size_t terminal_width(FILE *out)
{
	struct winsize size;
	size_t told = width_from_environment();

	if (!isatty(fileno(out)))
		return 0;
	if (told || ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return told;
	return MIN_OF(MAX_OF((size_t)size.ws_col, (size_t)TERMINAL_LEAST), (size_t)WIDTH_MOST);
}

size_t terminal_picture_width(FILE *out)
{
	size_t width = terminal_width(out);

	if (!width)
		width = width_from_environment();
	return width ? width : TERMINAL_USUAL;
}

bool terminal_has_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && (!no || !*no) && term && !str_eq(term, "dumb");
}

void terminal_print(FILE *out, enum shade shade, const char *line)
{
	bool shaded = shade != SHADE_PLAIN && terminal_has_colours(out);

	fprintf(out, "%s%s%s\n", shaded ? colours[shade] : "", line, shaded ? "\033[0m" : "");
}

/* ---- text ---- */

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

size_t terminal_measure(const char *text)
{
	size_t width = 0;
	wchar_t c;

	while (*text) {
		text += decode(text, &c);
		width += width_of(c);
	}
	return width;
}

/* Bytes of the text that take at most so many columns. */
static size_t fit(const char *text, size_t columns)
{
	size_t width = 0, at = 0;
	wchar_t c;

	while (text[at]) {
		size_t n = decode(text + at, &c);

		width += width_of(c);
		if (width > columns)
			break;
		at += n;
	}
	return at;
}

char *terminal_clean(const char *text)
{
	size_t len = strnlen(text, TEXT_MAX);
	cleanup(buf_free) struct buf out = BUF_MAX(TEXT_MAX * 3);
	wchar_t c;

	len = str_utf8_cut(text, len, TEXT_MAX);
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

void terminal_add_cut(struct buf *out, const char *text, size_t columns)
{
	if (!columns)
		return;
	if (terminal_measure(text) <= columns) {
		buf_add_str(out, text);
		return;
	}
	buf_add(out, text, fit(text, columns - 1));
	buf_add_str(out, ELLIPSIS);
}

void terminal_add_field(
	struct buf *out, bool has_colours, enum shade shade, const char *text, size_t columns)
{
	cleanup(buf_free) struct buf shown = BUF_MAX(TEXT_MAX * 3);
	size_t width;

	terminal_add_cut(&shown, text, columns);
	width = terminal_measure(buf_str(&shown));
	if (has_colours && shade != SHADE_PLAIN && shown.len)
		buf_printf(out, "%s%s\033[0m", colours[shade], buf_str(&shown));
	else
		buf_add_str(out, buf_str(&shown));
	buf_printf(out, "%*s", (int)(columns - width), "");
}

/* Bytes up to where the line may break: at the last space that fits, else in the middle. */
static size_t fit_words(const char *text, size_t columns)
{
	size_t most = fit(text, columns), at = most;

	if (!text[most])
		return most;
	while (at && text[at] != ' ')
		at--;
	assert(most);
	return at ? at : most;
}

void terminal_add_wrapped(struct buf *out, const char *text, size_t indent, size_t width)
{
	/* Too far right for words: under the line's own beginning, then. */
	if (width && indent + INDENT_LEAST_LEFT > width) {
		indent = MIN_OF((size_t)4, width / 4);
		while (out->len && out->data[out->len - 1] == ' ')
			out->len--;
		buf_printf(out, "\n%*s", (int)indent, "");
	}
	while (width && terminal_measure(text) > width - indent) {
		size_t n = fit_words(text, width - indent), shown = n;

		while (shown && text[shown - 1] == ' ')
			shown--;
		buf_add(out, text, shown);
		buf_printf(out, "\n%*s", (int)indent, "");
		text += n + strspn(text + n, " ");
	}
	buf_add_str(out, text);
}

void terminal_print_wrapped(FILE *out, enum shade shade, const char *text)
{
	cleanup(buf_free) struct buf lines = BUF_MAX(TEXT_MAX * 3);
	auto_free char *clean = terminal_clean(text);

	terminal_add_wrapped(&lines, clean, 0, terminal_width(out));
	terminal_print(out, shade, buf_str(&lines));
}
