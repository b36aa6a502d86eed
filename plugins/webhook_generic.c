/* The daemon's own body. It is sent most, so it is put together without a tree, and text that needs no
 * escape is copied as it is; every other text is escaped by jansson. Owns the body until it is
 * returned. */
#include "webhook.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TIME_TEXT = 32 };

static int append(const char *bytes, size_t len, void *owner)
{
	struct body *body = owner;

	body_add(body, bytes, len);
	return body->failed ? -1 : 0;
}

/* Eight bytes of ASCII that JSON takes as they are. */
static bool is_plain8(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t eight, quote, backslash;

	memcpy(&eight, text, sizeof(eight));
	quote = eight ^ ones * '"';
	backslash = eight ^ ones * '\\';
	/* A byte below N borrows in x - N; one that was above 127 is found by itself. */
	return !(((eight - ones * 0x20) | (quote - ones) | (backslash - ones) | eight) & highs);
}

static bool is_plain(const char *text, size_t len)
{
	size_t i = 0;

	while (len - i >= 8 && is_plain8(text + i))
		i += 8;
	for (; i < len; i++)
		if ((signed char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
			return false;
	return true;
}

static void put_escaped(struct body *body, const char *text)
{
	json_t *string = json_string(text);

	if (!string || json_dump_callback(string, append, body, JSON_ENCODE_ANY) < 0)
		body->failed = true;
	json_decref(string);
}

/* The key with what stands before it, then the text in quotes, or null. */
static void put_text(struct body *body, const char *key, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	body_put(body, key);
	if (!text) {
		body_put(body, "null");
	} else if (is_plain(text, len)) {
		body_add(body, "\"", 1);
		body_add(body, text, len);
		body_add(body, "\"", 1);
	} else {
		put_escaped(body, text);
	}
}

static void put_someone(struct body *body, const char *key, const char *id, const char *name)
{
	body_put(body, key);
	if (!id) {
		body_put(body, "null");
		return;
	}
	put_text(body, "{\"id\":", id);
	put_text(body, ",\"name\":", name ? name : id);
	body_put(body, "}");
}

static char *put_digits(char *at, int number, int digits, char after)
{
	for (int i = digits; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	at[digits] = after;
	return at + digits + 1;
}

static void write_time(int64_t at, char text[static TIME_TEXT])
{
	time_t t = at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
		gmtime_r(&(time_t){0}, &tm);
	text = put_digits(text, tm.tm_year + 1900, 4, '-');
	text = put_digits(text, tm.tm_mon + 1, 2, '-');
	text = put_digits(text, tm.tm_mday, 2, 'T');
	text = put_digits(text, tm.tm_hour, 2, ':');
	text = put_digits(text, tm.tm_min, 2, ':');
	text = put_digits(text, tm.tm_sec, 2, 'Z');
	*text = 0;
}

/* The members of an item, without the braces. */
static void put_item(struct body *body, const struct nudged_item *item)
{
	char due[TIME_TEXT];

	write_time(item->due, due);
	put_text(body, "\"occurrence\":", item->occurrence);
	put_text(body, ",\"reminder\":", item->reminder);
	put_text(body, ",\"kind\":", item->kind);
	put_text(body, ",\"due\":", due);
	put_someone(body, ",\"about\":", item->about, item->about_name);
	put_text(body, ",\"title\":", item->title);
	put_text(body, ",\"text\":", item->text);
	if (item->answer_url)
		put_text(body, ",\"answer_url\":", item->answer_url);
}

static const char *purpose_name(enum nudged_purpose purpose)
{
	static const char *const names[] = {
		[NUDGED_REMIND] = "remind",
		[NUDGED_NUDGE] = "nudge",
		[NUDGED_ESCALATE] = "escalate",
		[NUDGED_TEST] = "test",
	};

	return (unsigned)purpose < COUNT(names) ? names[purpose] : "remind";
}

/* The first item is repeated beside the list, for receivers that know only one. */
static void put_items(struct body *body, const struct nudged_delivery *delivery)
{
	size_t from = body->len, len;

	put_item(body, delivery->items[0]);
	len = body->len - from;
	body_put(body, ",\"items\":[{");
	if (body_reserve(body, len))
		body_add(body, body->text + from, len);
	for (size_t i = 1; i < delivery->count; i++) {
		body_put(body, "},{");
		put_item(body, delivery->items[i]);
	}
	body_put(body, "}]");
}

static char *encode(const struct letter *letter)
{
	const struct nudged_delivery *delivery = letter->delivery;
	struct body body = {0};
	char first[TIME_TEXT], attempt[48];

	write_time(delivery->first, first);
	snprintf(attempt, sizeof(attempt), ",\"attempt\":%d", delivery->attempt);
	put_text(&body, "{\"type\":\"nudged.reminder\",\"timestamp\":", first);
	put_text(&body, ",\"data\":{\"delivery\":", delivery->id);
	body_put(&body, attempt);
	put_text(&body, ",\"purpose\":", purpose_name(delivery->purpose));
	put_someone(&body, ",\"person\":", delivery->person, delivery->person_name);
	body_put(&body, ",");
	put_items(&body, delivery);
	body_put(&body, "}}");
	return body_take(&body);
}

const struct dialect dialect_generic = {
	.name = "generic",
	.reach = REACH_ANYBODY,
	.login = LOGIN_SIGN,
	.drops_duplicates = true,
	.encode = encode,
};
