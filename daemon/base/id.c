/* Growing unique ids. Owns the last id given out (one thread: the loop's). */
#include "base/id.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static struct id last;

int64_t id_time(struct id id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.bytes[i];
	return ms;
}

struct id id_first(int64_t at_ms)
{
	struct id id = {0};

	for (int i = 0; i < 6; i++)
		id.bytes[i] = MAX_OF(at_ms, 0) >> (8 * (5 - i));
	return id;
}

static struct id count(struct id id, uint64_t by)
{
	uint64_t lower;

	memcpy(&lower, id.bytes + 8, sizeof(lower));
	lower = htobe64(be64toh(lower) + by);
	memcpy(id.bytes + 8, &lower, sizeof(lower));
	return id;
}

struct id id_after(struct id id)
{
	return count(id, 1);
}

struct id id_before(struct id id)
{
	return count(id, UINT64_MAX);
}

struct id id_new(int64_t now_ms)
{
	assert(now_ms >= 0 && now_ms < INT64_C(1) << 48);
	if (now_ms <= id_time(last)) {
		for (int i = 15; i >= 0 && ++last.bytes[i] == 0; i--)
			continue;
		return last;
	}
	last = id_first(now_ms);
	randombytes_buf(last.bytes + 6, 10);
	last.bytes[6] &= 0x7F; /* room to count up inside the millisecond */
	return last;
}

void id_write(struct id id, char text[static ID_TEXT])
{
	unsigned __int128 bits = 0;

	for (size_t i = 0; i < sizeof(id.bytes); i++)
		bits = bits << 8 | id.bytes[i];
	/* 128 bits in 26 characters: the first carries 3 bits, the others 5. */
	for (int c = 25; c >= 0; c--, bits >>= 5)
		text[c] = alphabet[bits & 31];
	text[26] = 0;
}

int id_read(const char *text, struct id *ret)
{
	struct id id = {0};

	for (int c = 0; c < 26; c++) {
		const char *digit = text[c] ? strchr(alphabet, text[c]) : NULL;

		if (!digit || (c == 0 && digit - alphabet > 7))
			return -EINVAL;
		for (int b = 0; b < 5; b++) {
			int bit = c * 5 + b - 2;

			if (bit >= 0 && (digit - alphabet) >> (4 - b) & 1)
				id.bytes[bit / 8] |= 1 << (7 - bit % 8);
		}
	}
	if (text[26])
		return -EINVAL;
	*ret = id;
	return 0;
}
