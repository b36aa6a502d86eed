/* Strings: copies, UTF-8, spelling, lists. All functions take NUL-terminated text unless a length
 * is given; results named "new" are owned by the caller. */
#pragma once

#include "base/mem.h"

#include <string.h>

char *str_new(const char *text) __attribute__((malloc)); /* NULL gives NULL */
char *str_new_n(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *str_printf(const char *format, ...) printf_like(1, 2) __attribute__((malloc));

static inline bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
static inline bool str_empty(const char *a)
{
	return !a || !*a;
}
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Strict UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool str_is_utf8(const char *text, size_t len);
/* True when there is no C0 control character but TAB, LF (if multiline), no DEL and no NUL. */
bool str_is_printable(const char *text, size_t len, bool multiline);
/* The largest cut <= max that does not split a code point. */
size_t str_utf8_cut(const char *text, size_t len, size_t max);
/* Takes out, in place, every byte that belongs to no code point: what a precision cut in two. */
void str_utf8_mend(char *text);
/* An id of the configuration: [a-z][a-z0-9-]*, at most 64 bytes. */
bool str_is_id(const char *text);
/* The tag of a language as BCP 47 writes it: "de", "pt-BR", "zh-Hant-TW"; two or three letters, then
 * parts of letters and digits, at most 35 bytes. Does not know which languages there are. */
bool str_is_language(const char *text);
/* A to Z become a to z, in place. */
void str_lower(char *text);

/* The candidate nearest in spelling (Damerau-Levenshtein, at most a third of the length wrong),
 * or NULL. candidates ends with NULL. */
const char *str_nearest(const char *word, const char *const *candidates);

/* Decimal number of the whole text, or -EINVAL, -ERANGE. */
int str_to_int64(const char *text, int64_t *ret) must_check;

/* Hexadecimal, lower case; out holds 2 * len + 1 bytes. */
void str_hex(const void *bytes, size_t len, char *out);
