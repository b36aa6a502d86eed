/* The inside of a picture: what a day says in so much room. Private to face/picture*.c. */
#pragma once

#include "base/buf.h"
#include "face/terminal.h"

#include <jansson.h>

/* What stands out; in the order in which the signs stand in a cell. */
enum mark { MARK_OVER, MARK_SHIFTED, MARK_MERGED, MARK_SKIPPED, MARK_OFF, MARKS };
struct mark_facts {
	char sign;
	enum shade shade;
	const char *meaning;
};
extern const struct mark_facts mark_facts[MARKS];

bool day_has_mark(const json_t *day, enum mark mark); /* day NULL: none */
int64_t day_number(const json_t *object, const char *name);
const char *day_text(const json_t *object, const char *name); /* "" when it is not there */

/* "1,234", or where that takes more than `room` columns, at least 3, "1.2k", "34k", "2M". */
enum { COUNT_TEXT = 32 };
void count_write(int64_t count, size_t room, char text[static COUNT_TEXT]);

/* A message of a day: several groups when it was merged of them. */
struct message {
	const char *time;
	const json_t *group; /* the first */
	enum mark mark;      /* MARKS: none */
	int64_t count;       /* of people who get one like it */
	char names[200];     /* of its reminders */
};
/* The next one, *at being 0 at first; false when there is none. */
bool message_next(const json_t *groups, size_t *at, struct message *ret);

enum { CELL_LINES_MOST = 25, CELL_TIMES = 6 /* columns: narrower ones hold numbers only */ };

struct cell {
	struct cell_line {
		enum shade shade;
		char text[240];
	} lines[CELL_LINES_MOST];
	size_t count;
};
struct cell_style {
	size_t width, most; /* columns, lines */
	bool many;          /* people: counts instead of times */
	bool skipped;       /* also what is not sent */
};
void cell_fill(struct cell *cell, const json_t *day, const struct cell_style *style);
