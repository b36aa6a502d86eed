/* Signed answer links. Pure: knows no clock, no store and no person. What a token says is readable
 * by whoever holds it; what it proves is that this daemon wrote it. Keys are derived from the
 * configured secret for this purpose only, so that the same secret elsewhere gives another key. */
#include "model/link.h"

#include "base/str.h"

#include <errno.h>
#include <sodium.h>

enum { VERSION = 1, MAC = 16, SIGNED = 1 + 1 + 16 + 5, WIRE = SIGNED + MAC };
enum {
	PERSON_VERSION = 2,
	TAG = 8,
	PERSON_SIGNED = 1 + 1 + 1 + TAG,
	PERSON_WIRE = PERSON_SIGNED + MAC
};

static_assert(crypto_auth_hmacsha256_KEYBYTES == LINK_KEY, "the key is one HMAC-SHA-256 key");
static_assert(
	sodium_base64_ENCODED_LEN(WIRE, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == LINK_TOKEN,
	"LINK_TOKEN counts the final NUL");
static_assert(sodium_base64_ENCODED_LEN(PERSON_WIRE, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
		      LINK_PERSON_TOKEN,
	"LINK_PERSON_TOKEN counts the final NUL");
static_assert(crypto_shorthash_KEYBYTES == LINK_TAG_KEY && crypto_shorthash_BYTES == TAG,
	"the tag is one SipHash");
static_assert(LINK_KEY + 1 + LINK_TAG_KEY <= crypto_auth_hmacsha512_BYTES,
	"both keys and the id come from one derivation");

enum { SECRET_LEAST = 16 };

int link_key_derive(const char *secret, struct link_key *ret)
{
	static const unsigned char purpose[LINK_KEY] = "nudged answer link";
	unsigned char derived[crypto_auth_hmacsha512_BYTES];
	crypto_auth_hmacsha512_state state;
	size_t len = strlen(secret);

	if (len < SECRET_LEAST)
		return -EINVAL;
	crypto_auth_hmacsha512_init(&state, purpose, sizeof(purpose));
	crypto_auth_hmacsha512_update(&state, (const unsigned char *)secret, len);
	crypto_auth_hmacsha512_final(&state, derived);
	memcpy(ret->bytes, derived, LINK_KEY);
	ret->id = derived[LINK_KEY];
	memcpy(ret->tag, derived + LINK_KEY + 1, LINK_TAG_KEY);
	sodium_memzero(derived, sizeof(derived));
	sodium_memzero(&state, sizeof(state));
	return 0;
}

/* The tag is over everything before it; only its first half travels. */
static void sign(const struct link_key *key, const uint8_t *wire, uint8_t mac[static MAC])
{
	unsigned char whole[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(whole, wire, SIGNED, key->bytes);
	memcpy(mac, whole, MAC);
}

void link_write(const struct link_key *key, struct id occurrence, int64_t expires_s,
	char token[static LINK_TOKEN])
{
	uint8_t wire[WIRE] = {VERSION, key->id};

	assert(expires_s >= 0 && expires_s >> 40 == 0);
	memcpy(wire + 2, occurrence.bytes, sizeof(occurrence.bytes));
	for (int i = 0; i < 5; i++)
		wire[18 + i] = (uint8_t)(expires_s >> (32 - 8 * i));
	sign(key, wire, wire + SIGNED);
	sodium_bin2base64(token, LINK_TOKEN, wire, WIRE, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Exactly one spelling is accepted, so that a token can be compared, counted and blocked as text.
 */
static bool decode(const char *token, size_t text_size, uint8_t *wire, size_t size)
{
	size_t len = 0;

	if (strnlen(token, text_size) != text_size - 1)
		return false;
	return sodium_base642bin(wire, size, token, text_size - 1, NULL, &len, NULL,
		       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       len == size;
}

static int64_t read_expiry(const uint8_t wire[static WIRE])
{
	int64_t expires_s = 0;

	for (int i = 0; i < 5; i++)
		expires_s = expires_s << 8 | wire[18 + i];
	return expires_s;
}

int64_t link_expiry_s(const char *token)
{
	uint8_t wire[WIRE];
	bool is_ours = decode(token, LINK_TOKEN, wire, WIRE);

	assert(is_ours);
	return read_expiry(wire);
}

enum link_fit link_read(
	const struct link_key *key, const char *token, int64_t now_s, struct id *ret_occurrence)
{
	uint8_t wire[WIRE], mac[MAC];

	if (!decode(token, LINK_TOKEN, wire, WIRE) || wire[0] != VERSION || wire[1] != key->id)
		return LINK_FORGED;
	sign(key, wire, mac);
	if (sodium_memcmp(mac, wire + SIGNED, MAC) != 0)
		return LINK_FORGED;
	memcpy(ret_occurrence->bytes, wire + 2, sizeof(ret_occurrence->bytes));
	return now_s < read_expiry(wire) ? LINK_GOOD : LINK_EXPIRED;
}

/* ---- persons ---- */

static void write_number(uint64_t number, uint8_t bytes[static 8])
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t link_tag(const struct link_key *key, const char *person)
{
	unsigned char bytes[TAG];
	uint64_t tag;

	crypto_shorthash(bytes, (const unsigned char *)person, strlen(person), key->tag);
	memcpy(&tag, bytes, sizeof(tag));
	return tag;
}

void link_write_person(const struct link_key *key, enum link_purpose purpose, const char *person,
	int64_t number, char token[static LINK_PERSON_TOKEN])
{
	uint8_t wire[PERSON_WIRE] = {PERSON_VERSION, key->id, (uint8_t)purpose}, count[8];
	unsigned char whole[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	uint64_t tag = link_tag(key, person);

	memcpy(wire + 3, &tag, sizeof(tag));
	write_number((uint64_t)number, count);
	crypto_auth_hmacsha256_init(&state, key->bytes, sizeof(key->bytes));
	crypto_auth_hmacsha256_update(&state, wire, PERSON_SIGNED);
	crypto_auth_hmacsha256_update(&state, count, sizeof(count));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)person, strlen(person));
	crypto_auth_hmacsha256_final(&state, whole);
	memcpy(wire + PERSON_SIGNED, whole, MAC);
	sodium_bin2base64(token, LINK_PERSON_TOKEN, wire, PERSON_WIRE,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool link_read_tag(const char *token, uint64_t *ret_tag)
{
	uint8_t wire[PERSON_WIRE];

	if (!decode(token, LINK_PERSON_TOKEN, wire, PERSON_WIRE) || wire[0] != PERSON_VERSION)
		return false;
	memcpy(ret_tag, wire + 3, sizeof(*ret_tag));
	return true;
}

bool link_is_of(const struct link_key *key, const char *token, enum link_purpose purpose,
	const char *person, int64_t number)
{
	char right[LINK_PERSON_TOKEN];

	link_write_person(key, purpose, person, number, right);
	return strnlen(token, LINK_PERSON_TOKEN) == LINK_PERSON_TOKEN - 1 &&
	       sodium_memcmp(right, token, LINK_PERSON_TOKEN - 1) == 0;
}
