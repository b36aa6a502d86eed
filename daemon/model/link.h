/* Signed links: which occurrence an answer is for, without personal data and without a look-up; and
 * whose own page or calendar it is.
 *
 * TOKEN = base64url(version 1 byte | key id 1 byte | occurrence id 16 | expiry 5, seconds, big-endian
 * | mac 16), no padding. The mac is the first half of HMAC-SHA-256 with a key derived for this
 * purpose. Compared in constant time.
 *
 * A person's TOKEN = base64url(version 1 byte | key id 1 byte | purpose 1 byte | tag 8 | mac 16). The
 * tag is a keyed hash of the person's id, by which they are found; the mac is over the rest, the id
 * and a number, which makes older links void when it changes. They do not expire. */
#pragma once

#include "base/id.h"
#include "base/secret.h"

enum { LINK_TOKEN = 53, LINK_PERSON_TOKEN = 37, LINK_KEY = 32, LINK_TAG_KEY = 16 };

struct link_key {
	uint8_t id; /* changes when the key does: which key a token was made with */
	uint8_t bytes[LINK_KEY];
	uint8_t tag[LINK_TAG_KEY]; /* of the keyed hash of persons */
};

/* From any secret text of at least 16 bytes: 0 or -EINVAL. */
int link_key_derive(const char *secret, struct link_key *ret) must_check;
void link_write(const struct link_key *key, struct id occurrence, int64_t expires_s,
	char token[static LINK_TOKEN]);

enum link_fit { LINK_GOOD, LINK_EXPIRED, LINK_FORGED };
/* *ret_occurrence is set unless forged. now_s: seconds since the epoch. */
enum link_fit link_read(
	const struct link_key *key, const char *token, int64_t now_s, struct id *ret_occurrence);
/* When a token that is not forged ends, seconds. */
int64_t link_expiry_s(const char *token);

enum link_purpose { LINK_PAGE = 1, LINK_CALENDAR = 2 };

/* What stands for a person in their links; two may share one. */
uint64_t link_tag(const struct link_key *key, const char *person);
void link_write_person(const struct link_key *key, enum link_purpose purpose, const char *person,
	int64_t number, char token[static LINK_PERSON_TOKEN]);
/* The tag that a token names. False: it is no token of a person's. What it names is not proved yet. */
bool link_read_tag(const char *token, uint64_t *ret_tag);
/* Whether the token was written for this purpose, person and number. */
bool link_is_of(const struct link_key *key, const char *token, enum link_purpose purpose,
	const char *person, int64_t number);
