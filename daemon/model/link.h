/* Signed links: which occurrence an answer is for, without personal data and without a look-up.
 *
 * TOKEN = base64url(version 1 byte | key id 1 byte | occurrence id 16 | expiry 5, seconds, big-endian
 * | mac 16), no padding. The mac is the first half of HMAC-SHA-256 with a key derived for this
 * purpose. Compared in constant time. */
#pragma once

#include "base/id.h"
#include "base/secret.h"

enum { LINK_TOKEN = 53, LINK_KEY = 32 };

struct link_key {
	uint8_t id; /* changes when the key does: which key a token was made with */
	uint8_t bytes[LINK_KEY];
};

/* From any secret text of at least 16 bytes: 0 or -EINVAL. */
int link_key_derive(const char *secret, struct link_key *ret) must_check;
void link_write(const struct link_key *key, struct id occurrence, int64_t expires_s,
	char token[static LINK_TOKEN]);

enum link_fit { LINK_GOOD, LINK_EXPIRED, LINK_FORGED };
/* *ret_occurrence is set unless forged. now_s: seconds since the epoch. */
enum link_fit link_read(
	const struct link_key *key, const char *token, int64_t now_s, struct id *ret_occurrence);
