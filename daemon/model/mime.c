/* Writes mails. The boundary is always the same: it holds "=_", which neither quoted-printable nor
 * base64 can (RFC 2045, 6.7), so no text of anybody's can end a part. */
#include "model/mime.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY "=_nudged"

enum {
	LINE = 76,        /* RFC 2045, 6.7 and 6.8, without CRLF */
	LINE_BYTES = 57,  /* that make a line of base64 */
	ESCAPE_WIDTH = 3, /* =3D */
};

struct quoting {
	struct buf *out;
	size_t column;
};

/* A byte, as it is or as =XX; the last column is the soft line break's. */
static void quote_byte(struct quoting *quoting, unsigned char byte, bool escape)
{
	static const char hex[] = "0123456789ABCDEF";
	char text[ESCAPE_WIDTH] = {'=', hex[byte >> 4], hex[byte & 15]};
	size_t width = escape ? ESCAPE_WIDTH : 1;

	if (quoting->column + width > LINE - 1) {
		buf_add_str(quoting->out, "=\r\n");
		quoting->column = 0;
	}
	buf_add(quoting->out, escape ? text : (const char *)&byte, width);
	quoting->column += width;
}

/* Blanks at the end of a line get lost on the way, and what stands at the start of one may not: "." to
 * careless servers, "From " to mailboxes (RFC 2049, 3). */
static void quote_line(struct quoting *quoting, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = line[i];
		bool blank = byte == ' ' || byte == '\t';
		bool delicate = !quoting->column &&
				(byte == '.' || (len - i >= 5 && !memcmp(line + i, "From ", 5)));

		quote_byte(quoting, byte,
			delicate || byte == '=' || byte >= 0x7F || (byte < ' ' && !blank) ||
				(blank && i + 1 == len));
	}
}

static void write_quoted(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		struct quoting quoting = {out, 0};
		size_t line = i;

		while (line < len && text[line] != '\r' && text[line] != '\n')
			line++;
		quote_line(&quoting, text + i, line - i);
		if (line == len)
			return;
		buf_add(out, "\r\n", 2);
		i = line + 1 + (text[line] == '\r' && line + 1 < len && text[line + 1] == '\n');
	}
}

static void write_base64(struct buf *out, const unsigned char *data, size_t len)
{
	char line[LINE + 1];

	for (size_t i = 0; i < len; i += LINE_BYTES) {
		sodium_bin2base64(line, sizeof(line), data + i, MIN_OF(len - i, (size_t)LINE_BYTES),
			sodium_base64_VARIANT_ORIGINAL);
		buf_printf(out, "%s\r\n", line);
	}
}

static void write_part(struct buf *out, const struct nudged_part *part)
{
	bool is_text = strncasecmp(part->type, "text/", 5) == 0;

	buf_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", part->type,
		is_text ? "quoted-printable" : "base64");
	if (is_text)
		write_quoted(out, part->data, part->len);
	else
		write_base64(out, part->data, part->len);
}

void mime_write(struct buf *out, const struct nudged_mail *mail)
{
	for (size_t i = 0; i < mail->header_count; i++)
		buf_printf(out, "%s\r\n", mail->headers[i]);
	buf_add_str(out, "MIME-Version: 1.0\r\n");
	if (mail->part_count == 1) {
		write_part(out, mail->parts[0]);
		if (memcmp(out->data + out->len - 2, "\r\n", 2) != 0)
			buf_add_str(out, "\r\n");
		return;
	}
	buf_add_str(out, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n");
	for (size_t i = 0; i < mail->part_count; i++) {
		buf_add_str(out, "--" BOUNDARY "\r\n");
		write_part(out, mail->parts[i]);
		buf_add_str(out, "\r\n"); /* the boundary's, not the text's */
	}
	buf_add_str(out, "--" BOUNDARY "--\r\n");
}
