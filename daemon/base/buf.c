/* Bounded buffers. Owns the bytes; never grows past the ceiling its owner gave. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_MAX(buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data)
		buf->data[0] = 0;
}

/* Room for len more bytes and the NUL, or false and overflow. */
static bool buf_reserve(struct buf *buf, size_t len)
{
	size_t need, room;

	if (buf->overflow || len > buf->max || buf->len > buf->max - len) {
		buf->overflow = true;
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->room)
		return true;
	room = buf->room ? buf->room : 64;
	while (room < need)
		room *= 2;
	buf->data = mem_resize(buf->data, room, 1);
	buf->room = room;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = 0;
}

void buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0 || !buf_reserve(buf, len))
		return;
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	buf->len += len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_consume(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (!len)
		return;
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data ? buf->data : mem_new(1);

	*buf = BUF_MAX(buf->max);
	return text;
}

int buf_read_fd(struct buf *buf, int fd)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			return 0;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		buf_add(buf, chunk, n);
		if (buf->overflow)
			return -EFBIG;
	}
}

int buf_read_file(struct buf *buf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = buf_read_fd(buf, fd);
	close(fd);
	return r;
}
