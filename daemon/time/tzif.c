/* Reads TZif (RFC 9636) and the POSIX TZ string in its footer. Every count and offset in the file
 * is checked before it is used. Keeps no abbreviations and no DST flags: only offsets matter here.
 */
#include "time/tzif.h"

#include "time/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_LEN = 44,
	CHANGES_MAX = 10000, /* the longest real file has about 250 */
	OFFSET_MAX = 93600,  /* 26 hours: RFC 9636 section 3.2 */
	YEAR_FIRST = 1900,
	YEAR_LAST = 2201,
};
#define INSTANT_MIN (-(INT64_C(1) << 59)) /* the earliest a writer should use */
#define INSTANT_MAX (INT64_C(1) << 59)

/* --- the footer: std offset dst offset,start/time,end/time ------------------------------------ */

struct yearly {
	enum { YEARLY_JULIAN, YEARLY_DAY, YEARLY_MONTH } kind; /* Jn, n, Mm.w.d */
	int day, week, month;
	int32_t time; /* s after local midnight, -167 h to 167 h */
};

struct footer {
	int32_t standard, summer; /* s east of UTC */
	bool has_summer;
	struct yearly start, end; /* of summer */
};

static bool number_take(const char **at, int max, int *ret)
{
	int value = 0, digits = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
		value = value * 10 + (**at - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return digits > 0;
}

static bool abbreviation_take(const char **at)
{
	const char *p = *at;
	bool quoted = *p == '<';
	size_t len = 0;

	p += quoted;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		(quoted && ((*p >= '0' && *p <= '9') || *p == '+' || *p == '-'))) {
		p++;
		len++;
	}
	if (len < 3 || (quoted && *p++ != '>'))
		return false;
	*at = p;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool hms_take(const char **at, int max_hours, int32_t *ret)
{
	int sign = **at == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (**at == '-' || **at == '+')
		(*at)++;
	if (!number_take(at, max_hours, &hours))
		return false;
	if (**at == ':') {
		(*at)++;
		if (!number_take(at, 59, &minutes))
			return false;
		if (**at == ':') {
			(*at)++;
			if (!number_take(at, 59, &seconds))
				return false;
		}
	}
	*ret = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool char_take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool yearly_take(const char **at, struct yearly *yearly)
{
	if (char_take(at, 'M')) {
		yearly->kind = YEARLY_MONTH;
		if (!number_take(at, 12, &yearly->month) || !char_take(at, '.') ||
			!number_take(at, 5, &yearly->week) || !char_take(at, '.') ||
			!number_take(at, 6, &yearly->day) || !yearly->month || !yearly->week)
			return false;
	} else if (char_take(at, 'J')) {
		yearly->kind = YEARLY_JULIAN;
		if (!number_take(at, 365, &yearly->day) || !yearly->day)
			return false;
	} else {
		yearly->kind = YEARLY_DAY;
		if (!number_take(at, 365, &yearly->day))
			return false;
	}
	yearly->time = 2 * 3600;
	return !char_take(at, '/') || hms_take(at, 167, &yearly->time);
}

static bool footer_read(const char *at, struct footer *footer)
{
	int32_t west;

	if (!abbreviation_take(&at) || !hms_take(&at, 24, &west))
		return false;
	footer->standard = footer->summer = -west;
	footer->has_summer = *at != '\0';
	if (!footer->has_summer)
		return true;
	if (!abbreviation_take(&at))
		return false;
	footer->summer = footer->standard + 3600;
	if (*at != ',') {
		if (!hms_take(&at, 24, &west))
			return false;
		footer->summer = -west;
	}
	return char_take(&at, ',') && yearly_take(&at, &footer->start) && char_take(&at, ',') &&
	       yearly_take(&at, &footer->end) && !*at;
}

/* The local time a yearly rule names in a year, in civil seconds. */
static int64_t yearly_local(const struct yearly *yearly, int year)
{
	int32_t date = date_from_ymd(year, 1, 1);
	int last;

	switch (yearly->kind) {
	case YEARLY_JULIAN: /* 29 February is never counted */
		date += yearly->day - 1 + (yearly->day >= 60 && month_days(year, 2) == 29);
		break;
	case YEARLY_DAY:
		date += yearly->day;
		break;
	case YEARLY_MONTH:
		date = date_from_ymd(year, yearly->month, 1);
		last = date + month_days(year, yearly->month) - 1;
		/* The footer counts weekdays from Sunday, we from Monday. */
		date += (yearly->day + 6 - date_weekday(date)) % 7 + (yearly->week - 1) * 7;
		if (date > last)
			date -= 7;
		break;
	}
	return date * DAY_S + yearly->time;
}

/* --- the list of changes ---------------------------------------------------------------------- */

struct changes {
	struct tzif_change *list;
	size_t count, capacity;
};

static void change_add(struct changes *changes, int64_t at, int32_t offset)
{
	ARRAY_GROW(changes->list, changes->count, changes->capacity);
	changes->list[changes->count++] = (struct tzif_change){at, offset};
}

static int change_order(const void *a, const void *b)
{
	const struct tzif_change *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Appends what the footer says about the time after the last change of the file. */
static void footer_write_out(const struct footer *footer, struct changes *changes)
{
	int64_t last = changes->count ? changes->list[changes->count - 1].at : INSTANT_MIN;
	int year = YEAR_FIRST, month, day;
	size_t first = changes->count;

	if (last > date_from_ymd(YEAR_FIRST, 1, 1) * DAY_S &&
		last < date_from_ymd(YEAR_LAST, 1, 1) * DAY_S)
		date_to_ymd(local_date(last), &year, &month, &day);
	for (year -= 1; footer->has_summer && year <= YEAR_LAST; year++) {
		int64_t start = yearly_local(&footer->start, year) - footer->standard;
		int64_t end = yearly_local(&footer->end, year) - footer->summer;

		if (start > last)
			change_add(changes, start, footer->summer);
		if (end > last)
			change_add(changes, end, footer->standard);
	}
	if (changes->count > first)
		qsort(changes->list + first, changes->count - first, sizeof(*changes->list),
			change_order);
}

bool tzif_tidy(struct tzif *tzif)
{
	int32_t before = tzif->first_offset;
	int64_t last_local = INT64_MIN;
	size_t kept = 0;

	for (size_t i = 0; i < tzif->count; i++) {
		struct tzif_change change = tzif->changes[i];

		/* An end and a start of summer at one instant: summer all year. */
		if (i + 1 < tzif->count && tzif->changes[i + 1].at == change.at) {
			i++;
			continue;
		}
		if (change.offset == before)
			continue;
		if (change.at + MIN_OF(before, change.offset) < last_local)
			return false;
		last_local = change.at + MAX_OF(before, change.offset);
		tzif->changes[kept++] = change;
		before = change.offset;
	}
	tzif->count = kept;
	return true;
}

/* --- the file --------------------------------------------------------------------------------- */

struct block {
	const uint8_t *times, *kinds, *types; /* inside the file */
	uint32_t time_count, type_count;
	uint32_t leap_count;
	size_t len; /* of the data, without its header */
};

static int64_t be_read(const uint8_t *p, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value = value << 8 | p[i];
	return size == 4 ? (int32_t)value : (int64_t)value;
}

/* The block whose header is at `bytes`; time_size is 4 or 8. */
static bool block_read(const uint8_t *bytes, size_t len, int time_size, struct block *block)
{
	uint64_t utc_count, std_count, char_count, total;

	if (len < HEADER_LEN || memcmp(bytes, "TZif", 4) != 0)
		return false;
	utc_count = (uint32_t)be_read(bytes + 20, 4);
	std_count = (uint32_t)be_read(bytes + 24, 4);
	block->leap_count = (uint32_t)be_read(bytes + 28, 4);
	block->time_count = (uint32_t)be_read(bytes + 32, 4);
	block->type_count = (uint32_t)be_read(bytes + 36, 4);
	char_count = (uint32_t)be_read(bytes + 40, 4);
	total = (uint64_t)block->time_count * (uint64_t)(time_size + 1) +
		(uint64_t)block->type_count * 6 + char_count +
		(uint64_t)block->leap_count * (uint64_t)(time_size + 4) + utc_count + std_count;
	if (total > len - HEADER_LEN || block->type_count < 1 || block->type_count > 256)
		return false;
	block->times = bytes + HEADER_LEN;
	block->kinds = block->times + (size_t)block->time_count * (size_t)time_size;
	block->types = block->kinds + block->time_count;
	block->len = (size_t)total;
	return true;
}

static bool type_offset(const struct block *block, uint32_t type, int32_t *ret)
{
	int64_t offset;

	if (type >= block->type_count)
		return false;
	offset = be_read(block->types + (size_t)type * 6, 4);
	*ret = (int32_t)offset;
	return offset >= -OFFSET_MAX && offset <= OFFSET_MAX;
}

static bool block_changes(const struct block *block, int time_size, struct changes *changes)
{
	int64_t last = INT64_MIN;
	int32_t offset;

	if (block->leap_count || block->time_count > CHANGES_MAX)
		return false;
	for (uint32_t i = 0; i < block->time_count; i++) {
		int64_t at = be_read(block->times + (size_t)i * (size_t)time_size, time_size);

		if (at <= last || at < INSTANT_MIN || at > INSTANT_MAX ||
			!type_offset(block, block->kinds[i], &offset))
			return false;
		change_add(changes, at, offset);
		last = at;
	}
	return true;
}

/* The text between two newlines after the second block; empty is allowed: nothing is known. */
static bool footer_take(
	const uint8_t *bytes, size_t len, struct changes *changes, int32_t *first_offset)
{
	struct footer footer;
	char text[128];
	const uint8_t *end;

	if (len < 2 || bytes[0] != '\n')
		return false;
	end = memchr(bytes + 1, '\n', MIN_OF(len - 1, sizeof(text)));
	if (!end || (size_t)(end - bytes) > sizeof(text))
		return false;
	if (end == bytes + 1)
		return true;
	memcpy(text, bytes + 1, (size_t)(end - bytes) - 1);
	text[end - bytes - 1] = '\0';
	if (!footer_read(text, &footer))
		return false;
	if (!changes->count && !footer.has_summer)
		*first_offset = footer.standard;
	footer_write_out(&footer, changes);
	return true;
}

int tzif_read(const void *bytes, size_t len, struct tzif *ret)
{
	struct changes changes = {0};
	struct block block;
	struct tzif tzif;
	int32_t first_offset = 0;
	const uint8_t *at = bytes;
	int time_size = 4;
	bool fine = block_read(at, len, 4, &block);

	if (fine && at[4] >= '2') {
		size_t skip = HEADER_LEN + block.len;

		time_size = 8;
		at += skip;
		len -= skip;
		fine = block_read(at, len, 8, &block);
	}
	fine = fine && type_offset(&block, 0, &first_offset) &&
	       block_changes(&block, time_size, &changes);
	if (fine && time_size == 8)
		fine = footer_take(at + HEADER_LEN + block.len, len - HEADER_LEN - block.len,
			&changes, &first_offset);
	tzif = (struct tzif){first_offset, changes.list, changes.count};
	if (!fine || !tzif_tidy(&tzif)) {
		tzif_free(&tzif);
		return -EBADMSG;
	}
	*ret = tzif;
	return 0;
}

void tzif_free(struct tzif *tzif)
{
	free(tzif->changes);
	tzif->changes = NULL;
	tzif->count = 0;
}
