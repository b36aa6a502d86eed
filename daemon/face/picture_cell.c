/* What a day says in a cell of a picture: times and reminders, counts for many people, bare numbers
 * where there is no room. Owns nothing and knows no dates. */
#include "face/picture_parts.h"

#include "base/str.h"
#include "model/record.h"

#include <stdio.h>

enum { CELL_NAMES = 9, CELL_WORDS = 14 /* columns from which names, and words, find room */ };

const struct mark_facts mark_facts[MARKS] = {
	[MARK_OVER] = {'!', SHADE_BAD, "more than the daily limit"},
	[MARK_SHIFTED] = {'>', SHADE_WARN, "moved"},
	[MARK_MERGED] = {'+', SHADE_WARN, "several in one message"},
	[MARK_SKIPPED] = {'x', SHADE_DIM, "not sent"},
	[MARK_OFF] = {'~', SHADE_DIM, "day off"},
};

int64_t day_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const char *day_text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

bool day_has_mark(const json_t *day, enum mark mark)
{
	static const char *const names[] = {"over", "shifted", "merged", "skipped"};

	if (mark == MARK_OFF)
		return json_is_true(json_object_get(day, "off"));
	return day_number(day, names[mark]) > 0;
}

static enum mark mark_of(const json_t *group)
{
	static const enum mark of[DECISIONS] = {[DECISION_SEND] = MARKS,
		[DECISION_SHIFTED] = MARK_SHIFTED,
		[DECISION_MERGED] = MARK_MERGED,
		[DECISION_SKIPPED] = MARK_SKIPPED};

	for (enum decision i = 0; i < DECISIONS; i++)
		if (str_eq(day_text(group, "decision"), decision_names[i]))
			return of[i];
	return MARKS;
}

void count_write(int64_t count, size_t room, char text[static COUNT_TEXT])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)count), n = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[n++] = ',';
		text[n++] = digits[i];
	}
	text[n] = '\0';
	if (n <= room)
		return;
	assert(count >= 1000);
	if (count < 10000 && room >= 4)
		snprintf(text, COUNT_TEXT, "%lld.%lldk", (long long)count / 1000,
			(long long)count % 1000 / 100);
	else if (count < 1000000)
		snprintf(text, COUNT_TEXT, "%lldk", (long long)count / 1000);
	else
		snprintf(text, COUNT_TEXT, "%lldM", (long long)count / 1000000);
}

/* ---- messages ---- */

static void message_add(struct message *message, const json_t *group)
{
	size_t len = strlen(message->names), room = sizeof(message->names) - len;
	auto_free char *name = terminal_clean(day_text(group, "reminder"));

	message->count = MAX_OF(message->count, day_number(group, "count"));
	snprintf(message->names + len, room, "%s%s", len ? ", " : "", name);
	len = strlen(message->names);
	message->names[str_utf8_cut(message->names, len, len)] = '\0';
}

static bool goes_with(const struct message *message, const json_t *group)
{
	return message->mark == MARK_MERGED && group && mark_of(group) == MARK_MERGED &&
	       str_eq(day_text(group, "time"), message->time);
}

bool message_next(const json_t *groups, size_t *at, struct message *ret)
{
	const json_t *group = json_array_get(groups, *at);

	if (!group)
		return false;
	*ret = (struct message){
		.time = day_text(group, "time"), .group = group, .mark = mark_of(group)};
	do {
		message_add(ret, group);
		group = json_array_get(groups, ++*at);
	} while (goes_with(ret, group));
	return true;
}

/* The next one that the cell shows. */
static bool next_shown(
	const json_t *groups, const struct cell_style *style, size_t *at, struct message *ret)
{
	while (message_next(groups, at, ret))
		if (style->skipped || ret->mark != MARK_SKIPPED)
			return true;
	return false;
}

/* ---- cells ---- */

static void cell_add(struct cell *cell, enum shade shade, const char *format, ...)
	printf_like(3, 4);
static void cell_add(struct cell *cell, enum shade shade, const char *format, ...)
{
	struct cell_line *line = &cell->lines[cell->count++];
	va_list args;

	assert(cell->count <= CELL_LINES_MOST);
	va_start(args, format);
	vsnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
	line->shade = shade;
}

static void add_message(
	struct cell *cell, const struct message *message, const struct cell_style *style)
{
	bool marked = message->mark < MARKS, named = style->width >= CELL_NAMES;
	enum shade shade = marked ? mark_facts[message->mark].shade : SHADE_PLAIN;
	char sign = marked ? mark_facts[message->mark].sign : ' ', count[COUNT_TEXT] = "";

	if (message->count > 1 && style->width >= CELL_WORDS)
		snprintf(count, sizeof(count), "%dx ", (int)message->count);
	cell_add(cell, shade, "%s%c%s%s", message->time, sign, named ? count : "",
		named ? message->names : "");
}

static void fill_times(struct cell *cell, const json_t *day, const struct cell_style *style)
{
	const json_t *groups = json_object_get(day, "groups");
	size_t at = 0, left = (size_t)day_number(day, "more");
	struct message message;

	while (next_shown(groups, style, &at, &message))
		left++;
	for (at = 0; next_shown(groups, style, &at, &message); left--) {
		if (left > 1 && cell->count + 1 == style->most)
			break;
		add_message(cell, &message, style);
	}
	if (left)
		cell_add(cell, SHADE_DIM, "%zu more", left);
}

struct portion {
	const char *reminder;
	int64_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct portion *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->reminder, y->reminder);
}

/* All together, then the reminders with the most. */
static void fill_counts(struct cell *cell, const json_t *day, const struct cell_style *style)
{
	json_t *reminders = json_object_get(day, "reminders"), *value;
	auto_free struct portion *shares =
		mem_new_array(json_object_size(reminders) + 1, sizeof(*shares));
	char count[COUNT_TEXT];
	const char *key;
	size_t n = 0;

	if (!day_number(day, "messages"))
		return;
	json_object_foreach(reminders, key, value) shares[n++] =
		(struct portion){key, json_integer_value(value)};
	qsort(shares, n, sizeof(*shares), by_count);
	count_write(day_number(day, "messages"), style->width, count);
	cell_add(cell, SHADE_STRONG, "%s%s", count, style->width >= CELL_WORDS ? " messages" : "");
	for (size_t i = 0; i < n && style->width >= CELL_NAMES; i++) {
		auto_free char *name = terminal_clean(shares[i].reminder);

		if (i + 1 < n && cell->count + 1 == style->most) {
			cell_add(cell, SHADE_DIM, "%zu more", n - i);
			return;
		}
		count_write(shares[i].count, 5, count);
		cell_add(cell, SHADE_PLAIN, "%s %s", count, name);
	}
}

/* How many messages, and as many of the marks as fit: the first are the weightiest. */
static void fill_narrow(struct cell *cell, const json_t *day, size_t width)
{
	int64_t messages = day_number(day, "messages");
	char count[COUNT_TEXT] = "", signs[MARKS + 1] = "";
	size_t n = 0;

	for (enum mark mark = MARK_OVER; mark < MARK_OFF; mark++)
		if (day_has_mark(day, mark))
			signs[n++] = mark_facts[mark].sign;
	if (messages)
		count_write(messages, width - (n > 0), count);
	if (messages || n)
		cell_add(cell, day_has_mark(day, MARK_OVER) ? SHADE_BAD : SHADE_PLAIN, "%s%.*s",
			count, (int)(width - MIN_OF(strlen(count), width)), signs);
}

void cell_fill(struct cell *cell, const json_t *day, const struct cell_style *style)
{
	assert(style->most >= 2 && style->most <= CELL_LINES_MOST);
	cell->count = 0;
	if (!day)
		return;
	if (style->width < CELL_TIMES)
		fill_narrow(cell, day, style->width);
	else if (style->many)
		fill_counts(cell, day, style);
	else
		fill_times(cell, day, style);
}
