/* Identifiers that are globally unique and grow with time: 48 bits of milliseconds, 80 random bits
 * (incremented inside one millisecond, and when the clock steps back, so that order holds).
 * Written as 26 characters of lower-case Crockford base 32: no row number ever leaves the house. */
#pragma once

#include "base/mem.h"

#include <string.h>

enum { ID_TEXT = 27 };

struct id {
	uint8_t bytes[16]; /* all zero: none */
};

/* The next id of this process; now_ms is the clock's. */
struct id id_new(int64_t now_ms);
void id_write(struct id id, char text[static ID_TEXT]);
/* 0, or -EINVAL when the text is not exactly an id. */
int id_read(const char *text, struct id *ret) must_check;
static inline bool id_eq(struct id a, struct id b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}
static inline bool id_none(struct id a)
{
	return id_eq(a, (struct id){0});
}
/* The instant inside, ms since the epoch. */
int64_t id_time(struct id id);
/* The ids beside it, by its lower half: id_new() counts like this inside a millisecond. */
struct id id_after(struct id id);
struct id id_before(struct id id);
/* The least id of an instant: none that was made earlier is as large. */
struct id id_first(int64_t at_ms);
