/* Allocation that never returns NULL. Owns nothing. Aborts with one line when memory is gone;
 * never used for a size that came from outside without a ceiling. */
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void mem_gone(void)
{
	fputs("nudged: out of memory\n", stderr);
	abort();
}

static void *mem_checked(void *p)
{
	if (!p)
		mem_gone();
	return p;
}

void *mem_new(size_t size)
{
	return mem_checked(calloc(1, size ? size : 1));
}

void *mem_new_array(size_t count, size_t size)
{
	return mem_plain_zeroed(count, size);
}

void *mem_resize(void *p, size_t count, size_t size)
{
	return mem_checked(reallocarray(p, count ? count : 1, size));
}

void *mem_copy(const void *p, size_t size)
{
	void *copy = mem_checked(malloc(size ? size : 1));

	if (size)
		memcpy(copy, p, size);
	return copy;
}

void mem_free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void *mem_plain(size_t size)
{
	return mem_checked(malloc(size ? size : 1));
}

void *mem_plain_zeroed(size_t count, size_t size)
{
	return mem_checked(calloc(count ? count : 1, size ? size : 1));
}

void *mem_plain_resized(void *p, size_t size)
{
	return mem_checked(realloc(p, size ? size : 1));
}

char *mem_plain_text(const char *text)
{
	return mem_checked(strdup(text));
}
