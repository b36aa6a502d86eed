/* Text helpers. Owns nothing; never depends on the locale. */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

char *str_new(const char *text)
{
	return text ? mem_copy(text, strlen(text) + 1) : NULL;
}

char *str_new_n(const char *text, size_t len)
{
	char *copy = mem_new(len + 1);

	if (len)
		memcpy(copy, text, len);
	return copy;
}

char *str_printf(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		mem_gone();
	va_end(args);
	return text;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);

	return len >= tail && memcmp(text + len - tail, suffix, tail) == 0;
}

/* Length of the code point at p (1 to 4), or 0 when it is not well-formed (Unicode 15, table 3-7).
 */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t need;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		need = 2;
	else if ((p[0] & 0xF0) == 0xE0)
		need = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		need = 4;
	else
		return 0;
	if (left < need)
		return 0;
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return need;
}

/* Most text is ASCII: eight bytes at a time. */
static size_t ascii_length(const char *text, size_t len)
{
	size_t i = 0;
	uint64_t eight;

	for (; len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text + i, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

bool str_is_utf8(const char *text, size_t len)
{
	for (size_t i = ascii_length(text, len); i < len;) {
		size_t n = utf8_length((const unsigned char *)text + i, len - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

/* Of ASCII without control characters, eight bytes at a time. */
static size_t plain_length(const char *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;
	uint64_t eight;

	for (; len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text + i, sizeof(eight));
		if ((eight | (eight - ones * 0x20) | ((eight ^ ones * 0x7F) - ones)) & ones << 7)
			break;
	}
	return i;
}

bool str_is_printable(const char *text, size_t len, bool multiline)
{
	for (size_t i = plain_length(text, len); i < len; i++) {
		unsigned char c = text[i];

		if (c == '\t' || (c == '\n' && multiline))
			continue;
		if (c < 0x20 || c == 0x7F)
			return false;
	}
	return true;
}

size_t str_utf8_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

void str_utf8_mend(char *text)
{
	size_t len = strlen(text), kept = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length((const unsigned char *)text + i, len - i);

		memmove(text + kept, text + i, n);
		kept += n;
		i += n ? n : 1;
	}
	text[kept] = '\0';
}

bool str_is_id(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 64 || text[0] < 'a' || text[0] > 'z')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

bool str_is_language(const char *text)
{
	size_t len = strlen(text), part = 0;
	bool first = true;

	if (len > 35)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (is_letter(text[i]) || (!first && text[i] >= '0' && text[i] <= '9')) {
			part++;
		} else if ((text[i] == '-' || !text[i]) && part >= (first ? 2 : 1) &&
			   part <= (first ? 3 : 8)) {
			first = false;
			part = 0;
		} else {
			return false;
		}
	}
	return true;
}

void str_lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text += 'a' - 'A';
}

enum { SPELL_MAX = 48 };

static size_t spelling_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][SPELL_MAX + 1];
	size_t *before = rows[0], *previous = rows[1], *row = rows[2];

	if (la > SPELL_MAX || lb > SPELL_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		previous[j] = j;
	for (size_t i = 1; i <= la; i++) {
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			size_t best = MIN_OF(previous[j] + 1, row[j - 1] + 1);

			best = MIN_OF(best, previous[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN_OF(best, before[j - 2] + 1);
			row[j] = best;
		}
		size_t *spare = before;
		before = previous;
		previous = row;
		row = spare;
	}
	return previous[lb];
}

const char *str_nearest(const char *word, const char *const *candidates)
{
	const char *nearest = NULL;
	size_t best = strlen(word) / 3 + 1;

	for (size_t i = 0; candidates[i]; i++) {
		size_t distance = spelling_distance(word, candidates[i]);

		if (distance <= best && (!nearest || distance < best)) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

int str_to_int64(const char *text, int64_t *ret)
{
	char *end;
	long long value;

	if (!(*text == '-' || (*text >= '0' && *text <= '9')))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (*end || end == text)
		return -EINVAL;
	*ret = value;
	return 0;
}

void str_hex(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = 0;
}
