/* A growing byte buffer with a ceiling. Writing past the ceiling sets `overflow` and writes
 * nothing more: check it once, at the end. The bytes are always NUL-terminated. */
#pragma once

#include "base/mem.h"

#include <stdarg.h>

struct buf {
	char *data;  /* NULL while empty */
	size_t len;  /* bytes, without the final NUL */
	size_t room; /* allocated */
	size_t max;  /* ceiling for len */
	bool overflow;
};

#define BUF_MAX(n)                                                                                 \
	(struct buf)                                                                               \
	{                                                                                          \
		.max = (n)                                                                         \
	}

void buf_free(struct buf *buf);  /* for cleanup(); leaves an empty buffer with the same ceiling */
void buf_reset(struct buf *buf); /* keeps the memory, forgets the bytes */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) printf_like(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) printf_like(2, 0);
/* Removes the first len bytes. */
void buf_consume(struct buf *buf, size_t len);
/* The text so far, never NULL; lent until the next write. */
const char *buf_str(const struct buf *buf);
/* Takes the text out; the caller owns it; never NULL. */
char *buf_take(struct buf *buf);
/* Reads a whole file of at most buf->max bytes: 0, -EFBIG or what open and read say. */
int buf_read_file(struct buf *buf, const char *path) must_check;
int buf_read_fd(struct buf *buf, int fd) must_check;
