/* The ledger: what each person's local days have used of the daily limit, and which message of a
 * day is still open to take more. Rebuilt from the store at start; borrows deliveries from the
 * holds. */
#pragma once

#include "engine/resolver.h"

struct delivery;

struct ledger_day {
	int32_t date; /* INT32_MIN: unused */
	int used;
	struct delivery *held; /* lent; NULL: none open */
	bool join_next;        /* held waits to go with the next planned message */
};

struct ledger;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);
/* The day of a person, made when it is missing. A few are kept: asking for another date forgets the
 * oldest on which nothing gathers any more. Lent until the next call. */
struct ledger_day *ledger_day(struct ledger *ledger, const char *person, int32_t date);
/* The same, or NULL when nothing is known. */
struct ledger_day *ledger_find(struct ledger *ledger, const char *person, int32_t date);
struct budget ledger_budget(const struct ledger_day *day, int limit);
/* The delivery is not open for more any longer (it goes, or was cancelled). */
void ledger_close_held(struct ledger *ledger, const struct delivery *delivery);
/* It will never go: its day has the room again that it used, if it used any. */
void ledger_take_back(struct ledger *ledger, const struct delivery *delivery);
