/* The content of a mail as a server takes it after DATA, but for the doubled dots: the headers as
 * they were given, the parts behind them (RFC 2045, RFC 2046). */
#pragma once

#include "base/buf.h"
#include "nudged-plugin.h"

/* No content that request_copy() accepts is longer. */
enum { MIME_MAX = 5 << 20 };

/* Appends it: lines end in CRLF and are 7-bit, of a body at most 76 long; text is quoted-printable,
 * its line ends (CR, LF or both) become CRLF; anything else is base64. One part stands alone, more
 * are multipart/alternative in their order. The same mail gives the same bytes. */
void mime_write(struct buf *out, const struct nudged_mail *mail);
