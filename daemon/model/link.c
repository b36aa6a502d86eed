/* Signed answer links. Pure: knows no clock, no store and no person. What a token says is readable
 * by whoever holds it; what it proves is that this daemon wrote it. Keys are derived from the
 * configured secret for this purpose only, so that the same secret elsewhere gives another key. */
#include "model/link.h"

#include "base/str.h"

#include <errno.h>
#include <sodium.h>

enum { VERSION = 1, MAC = 16, SIGNED = 1 + 1 + 16 + 5, WIRE = SIGNED + MAC };

static_assert(crypto_auth_hmacsha256_KEYBYTES == LINK_KEY, "the key is one HMAC-SHA-256 key");
static_assert(
	sodium_base64_ENCODED_LEN(WIRE, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == LINK_TOKEN,
	"LINK_TOKEN counts the final NUL");

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
static bool decode(const char *token, uint8_t wire[static WIRE])
{
	size_t len = 0;

	if (strnlen(token, LINK_TOKEN) != LINK_TOKEN - 1)
		return false;
	return sodium_base642bin(wire, WIRE, token, LINK_TOKEN - 1, NULL, &len, NULL,
		       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       len == WIRE;
}

enum link_fit link_read(
	const struct link_key *key, const char *token, int64_t now_s, struct id *ret_occurrence)
{
	uint8_t wire[WIRE], mac[MAC];
	int64_t expires_s = 0;

	if (!decode(token, wire) || wire[0] != VERSION || wire[1] != key->id)
		return LINK_FORGED;
	sign(key, wire, mac);
	if (sodium_memcmp(mac, wire + SIGNED, MAC) != 0)
		return LINK_FORGED;
	for (int i = 0; i < 5; i++)
		expires_s = expires_s << 8 | wire[18 + i];
	memcpy(ret_occurrence->bytes, wire + 2, sizeof(ret_occurrence->bytes));
	return now_s < expires_s ? LINK_GOOD : LINK_EXPIRED;
}
