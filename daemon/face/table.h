/* Tables for people: columns that line up, colours on a terminal only (and not under NO_COLOR), cut
 * to the terminal's width there and never elsewhere. Control characters never reach a terminal. */
#pragma once

#include "face/terminal.h"

enum { TABLE_COLUMNS = 9 };

struct table;

/* heads ends with NULL; head NULL: no head line. The columns are as many as there are heads. */
struct table *table_new(size_t columns, const char *const *heads);
void table_free(struct table *table);
/* Cells are copied; NULL is shown as "-". */
void table_add(struct table *table, enum shade shade, const char *const *cells);
#define TABLE_ADD(table, shade, ...) table_add(table, shade, (const char *const[]){__VA_ARGS__})
/* Stands below the row that was added last, wrapped on a terminal. */
void table_add_note(struct table *table, const char *note);
size_t table_count(const struct table *table);
void table_print(const struct table *table, FILE *out);

/* One line in a shade. */
void table_print_line(FILE *out, enum shade shade, const char *text);
