/* The secret type. Owns one wiped-on-free copy; never prints it. */
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

struct secret {
	size_t len;
	char text[];
};

struct secret *secret_new(const char *text, size_t len)
{
	struct secret *secret = mem_new(sizeof(*secret) + len + 1);

	secret->len = len;
	memcpy(secret->text, text, len);
	return secret;
}

void secret_free(struct secret *secret)
{
	if (!secret)
		return;
	sodium_memzero(secret->text, secret->len);
	free(secret);
}

const char *secret_reveal(const struct secret *secret)
{
	return secret->text;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return a == b;
	return a->len == b->len && sodium_memcmp(a->text, b->text, a->len) == 0;
}
