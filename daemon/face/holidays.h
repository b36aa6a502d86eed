/* Calendar files that a command line names, as days off. */
#pragma once

#include "time/workdays.h"
#include "time/zone.h"

struct holidays;

struct holidays *holidays_new(void);
void holidays_free(struct holidays *holidays); /* NULL is fine */
/* Reads one more file; says on stderr, with file and line, what is odd in it or why it cannot be read.
 * 0 or negative errno. */
int holidays_add(struct holidays *holidays, const char *file) must_check;
/* Monday to Friday less their days off, as a zone sees them; NULL without any file. Lent until the next
 * call. */
const struct workdays *holidays_workdays(struct holidays *holidays, const struct zone *zone);
