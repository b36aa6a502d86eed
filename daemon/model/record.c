/* Records and the names of their states. Owns nothing: copies, frees, names, and the one way from
 * an occurrence's identity to the bytes that make it unique. Never change what is hashed: a store
 * that was written before would no longer know its own occurrences. */
#include "model/record.h"
#include "base/random.h"
#include "base/str.h"

#include <sodium.h>
#include <stddef.h>

const char *const occurrence_state_names[OCCURRENCE_STATES + 1] = {
	[OCCURRENCE_OPEN] = "open",
	[OCCURRENCE_ANSWERED] = "answered",
	[OCCURRENCE_CLOSED] = "closed",
	[OCCURRENCE_SKIPPED] = "skipped",
};

const char *const answer_names[ANSWERS + 1] = {
	[ANSWER_NONE] = "none",
	[ANSWER_DONE] = "done",
	[ANSWER_STUCK] = "stuck",
	[ANSWER_SNOOZE] = "snooze",
	[ANSWER_SKIP] = "skip",
	[ANSWER_LESS] = "less",
	[ANSWER_STOP] = "stop",
};

const char *const share_names[SHARES + 1] = {
	[SHARE_ME] = "me",
	[SHARE_PARTNER] = "partner",
	[SHARE_MENTOR] = "mentor",
	[SHARE_MANAGER] = "manager",
	[SHARE_TEAM] = "team",
};

const char *const decision_names[DECISIONS + 1] = {
	[DECISION_SEND] = "send",
	[DECISION_SHIFTED] = "shifted",
	[DECISION_MERGED] = "merged",
	[DECISION_SKIPPED] = "skipped",
};

const char *const delivery_state_names[DELIVERY_STATES + 1] = {
	[DELIVERY_HELD] = "held",
	[DELIVERY_WAITING] = "waiting",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_REFUSED] = "refused",
	[DELIVERY_EXPIRED] = "expired",
	[DELIVERY_CANCELLED] = "cancelled",
	[DELIVERY_QUARANTINED] = "quarantined",
};

const char *const purpose_names[PURPOSES + 1] = {
	[PURPOSE_REMIND] = "remind",
	[PURPOSE_NUDGE] = "nudge",
	[PURPOSE_ESCALATE] = "escalate",
	[PURPOSE_MANUAL] = "manual",
};

enum answer answer_from_name(const char *name)
{
	for (int i = 0; i < ANSWERS; i++) {
		if (str_eq(name, answer_names[i]))
			return i;
	}
	return ANSWER_NONE;
}

enum share share_from_name(const char *name)
{
	int share = 0;

	while (share < SHARES && !str_eq(name, share_names[share]))
		share++;
	return share;
}

static void put_big_endian(uint8_t *to, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = value >> (8 * (bytes - 1 - i));
}

/* Each part with its length, and none told apart from empty: "ab","c" is not "a","bc". */
static void hash_text(crypto_generichash_state *hash, const char *text)
{
	uint8_t len[4];

	put_big_endian(len, text ? strlen(text) : UINT32_MAX, sizeof(len));
	crypto_generichash_update(hash, len, sizeof(len));
	if (text)
		crypto_generichash_update(hash, (const uint8_t *)text, strlen(text));
}

int64_t occurrence_day(int64_t local)
{
	return local / DAY_S - (local % DAY_S < 0);
}

void occurrence_key_day(int64_t day, const char *recipient, uint8_t start[static OCCURRENCE_DAY])
{
	put_big_endian(start, (uint64_t)MIN_OF(MAX_OF(day, 0), UINT16_MAX), 2);
	put_big_endian(start + 2, record_place(recipient) >> 8, 3);
}

void occurrence_key_hash(const struct occurrence_key *key, uint8_t hash[static OCCURRENCE_HASH])
{
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES_MIN], number[8];

	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	hash_text(&state, key->reminder);
	hash_text(&state, key->recipient);
	hash_text(&state, key->about);
	put_big_endian(number, (uint64_t)key->local, 8);
	crypto_generichash_update(&state, number, 8);
	put_big_endian(number, (uint64_t)key->pass, 4);
	crypto_generichash_update(&state, number, 4);
	crypto_generichash_final(&state, digest, sizeof(digest));
	occurrence_key_day(occurrence_day(key->local), key->recipient, hash);
	memcpy(hash + OCCURRENCE_DAY, digest, OCCURRENCE_HASH - OCCURRENCE_DAY);
}

bool note_is_of(const char *what, const char *person)
{
	static const char *const kinds[] = {"person:", "stop:", "less:", "fade:"};
	size_t len = strlen(person);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *rest = what + strlen(kinds[i]);

		if (str_starts(what, kinds[i]) && str_starts(rest, person) &&
			rest[len] == (i == 0 ? 0 : ':'))
			return true;
	}
	return false;
}

uint32_t record_place(const char *recipient)
{
	return (uint32_t)HASH_OF(recipient);
}

/* The texts that lie in one block with a copy. */
static const size_t occurrence_texts[] = {offsetof(struct occurrence, key.reminder),
	offsetof(struct occurrence, key.recipient), offsetof(struct occurrence, key.about),
	offsetof(struct occurrence, kind), offsetof(struct occurrence, rule),
	offsetof(struct occurrence, about_name), offsetof(struct occurrence, title),
	offsetof(struct occurrence, text)};

static char **text_at(const struct occurrence *occurrence, size_t n)
{
	return (char **)((char *)occurrence + occurrence_texts[n]);
}

void occurrence_free(struct occurrence *occurrence)
{
	if (!occurrence)
		return;
	if (occurrence->shares) {
		occurrence->shares--;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(occurrence_texts) && !occurrence->in_one_block; i++)
		free(*text_at(occurrence, i));
	free(occurrence->answer_text);
	free(occurrence);
}

struct occurrence *occurrence_copy(const struct occurrence *occurrence)
{
	size_t sizes[ARRAY_LEN(occurrence_texts)], size = sizeof(*occurrence);
	struct occurrence *copy;
	char *at;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *text = *text_at(occurrence, i);

		sizes[i] = text ? strlen(text) + 1 : 0;
		size += sizes[i];
	}
	copy = mem_resize(NULL, size, 1);
	*copy = *occurrence;
	at = (char *)(copy + 1);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		if (!sizes[i])
			continue;
		*text_at(copy, i) = memcpy(at, *text_at(occurrence, i), sizes[i]);
		at += sizes[i];
	}
	copy->answer_text = str_new(occurrence->answer_text);
	copy->in_one_block = true;
	copy->shares = 0;
	return copy;
}

struct occurrence *occurrence_share(struct occurrence *occurrence)
{
	occurrence->shares++;
	return occurrence;
}

void delivery_free(struct delivery *delivery)
{
	if (!delivery)
		return;
	for (size_t i = 0; i < delivery->count; i++)
		occurrence_free(delivery->items[i]);
	free(delivery->items);
	free(delivery->channel);
	free(delivery->recipient);
	free(delivery->reason);
	free(delivery->receipt);
	free(delivery->fallback);
	free(delivery);
}

struct delivery *delivery_copy(const struct delivery *delivery)
{
	struct delivery *copy = mem_copy(delivery, sizeof(*delivery));

	copy->channel = str_new(delivery->channel);
	copy->recipient = str_new(delivery->recipient);
	copy->reason = str_new(delivery->reason);
	copy->receipt = str_new(delivery->receipt);
	copy->fallback = str_new(delivery->fallback);
	copy->items = delivery->count ? mem_new_array(delivery->count, sizeof(*copy->items)) : NULL;
	for (size_t i = 0; i < delivery->count; i++)
		copy->items[i] = occurrence_copy(delivery->items[i]);
	return copy;
}

static void own_item(struct delivery *delivery, struct occurrence *item)
{
	delivery->items =
		mem_resize(delivery->items, delivery->count + 1, sizeof(*delivery->items));
	delivery->items[delivery->count++] = item;
}

void delivery_add_item(struct delivery *delivery, const struct occurrence *occurrence)
{
	own_item(delivery, occurrence_copy(occurrence));
}

void delivery_share_item(struct delivery *delivery, struct occurrence *occurrence)
{
	own_item(delivery, occurrence_share(occurrence));
}

bool delivery_has_item(const struct delivery *delivery, struct id occurrence)
{
	for (size_t i = 0; i < delivery->count; i++)
		if (id_eq(delivery->items[i]->id, occurrence))
			return true;
	return false;
}

void delivery_drop_item(struct delivery *delivery, struct id occurrence)
{
	size_t kept = 0;

	for (size_t i = 0; i < delivery->count; i++) {
		if (id_eq(delivery->items[i]->id, occurrence))
			occurrence_free(delivery->items[i]);
		else
			delivery->items[kept++] = delivery->items[i];
	}
	delivery->count = kept;
}
