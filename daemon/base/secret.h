/* Values that must never be seen: printed as *** by every sink, wiped when freed. */
#pragma once

#include "base/mem.h"

struct secret;

/* Copies text into memory that is wiped when freed. */
struct secret *secret_new(const char *text, size_t len) __attribute__((returns_nonnull));
void secret_free(struct secret *secret); /* NULL is fine */
/* The value, lent. The only way to it: grep for this name to audit every use. */
const char *secret_reveal(const struct secret *secret);
bool secret_equal(const struct secret *a, const struct secret *b); /* both may be NULL */
#define SECRET_SHOWN "***"
