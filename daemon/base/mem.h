/* Memory and the small words of C that we wish we had.
 *
 * Small allocations abort when memory is gone: the restart that follows loses nothing, because
 * whatever matters is in the store. Anything sized from outside has a ceiling before it gets here.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define unused_arg __attribute__((unused))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* Runs f(&variable) when the variable leaves its scope. */
#define cleanup(f) __attribute__((cleanup(f)))
#define auto_free cleanup(mem_free_pointer)

/* Says that memory is gone, and aborts. */
void mem_gone(void) __attribute__((noreturn, cold));
#define uthash_fatal(message) mem_gone() /* what <uthash.h> calls then */
/* For libraries that check few of their allocations, all of them small, and let them be replaced: as
 * malloc, calloc, realloc and strdup, but never NULL. */
void *mem_plain(size_t size);
void *mem_plain_zeroed(size_t count, size_t size);
void *mem_plain_resized(void *p, size_t size);
char *mem_plain_text(const char *text);
/* Zeroed memory; never NULL. */
void *mem_new(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed array; aborts when count * size overflows. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks; new bytes are not cleared. */
void *mem_resize(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
void *mem_copy(const void *p, size_t size) __attribute__((malloc, returns_nonnull));
void mem_free_pointer(void *pointer_to_pointer);

/* Makes room for one more element in a growing array: array, count and capacity are the caller's.
 */
#define ARRAY_GROW(array, count, capacity)                                                         \
	do {                                                                                       \
		if ((count) == (capacity)) {                                                       \
			(capacity) = (capacity) ? (capacity)*2 : 8;                                \
			(array) = mem_resize((array), (capacity), sizeof(*(array)));               \
		}                                                                                  \
	} while (0)
