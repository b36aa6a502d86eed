/* A few days a person, in a hash by id. Owns its entries, never the deliveries. */
#include "engine/ledger.h"
#include "base/str.h"

#include <uthash.h>

enum { DAYS = 6 };

struct account_of_person {
	char *person;
	struct ledger_day days[DAYS];
	UT_hash_handle hh;
};

struct ledger {
	struct account_of_person *people;
};

struct ledger *ledger_new(void)
{
	return mem_new(sizeof(struct ledger));
}

void ledger_free(struct ledger *ledger)
{
	struct account_of_person *account, *next;

	if (!ledger)
		return;
	HASH_ITER(hh, ledger->people, account, next) {
		HASH_DEL(ledger->people, account);
		free(account->person);
		free(account);
	}
	free(ledger);
}

static struct account_of_person *find(struct ledger *ledger, const char *person)
{
	struct account_of_person *account;

	HASH_FIND_STR(ledger->people, person, account);
	return account;
}

struct ledger_day *ledger_find(struct ledger *ledger, const char *person, int32_t date)
{
	struct account_of_person *account = find(ledger, person);

	for (int i = 0; account && i < DAYS; i++)
		if (account->days[i].date == date)
			return &account->days[i];
	return NULL;
}

/* The one to be forgotten: what still gathers is kept, also when the clock was set back before it. */
static struct ledger_day *oldest_day(struct account_of_person *account)
{
	struct ledger_day *oldest = &account->days[0];

	for (int i = 1; i < DAYS; i++) {
		struct ledger_day *day = &account->days[i];

		if (!oldest->held == !day->held ? day->date < oldest->date : !day->held)
			oldest = day;
	}
	return oldest;
}

struct ledger_day *ledger_day(struct ledger *ledger, const char *person, int32_t date)
{
	struct ledger_day *day = ledger_find(ledger, person, date);
	struct account_of_person *account;

	if (day)
		return day;
	account = find(ledger, person);
	if (!account) {
		account = mem_new(sizeof(*account));
		account->person = str_new(person);
		for (int i = 0; i < DAYS; i++)
			account->days[i].date = INT32_MIN;
		HASH_ADD_KEYPTR(
			hh, ledger->people, account->person, strlen(account->person), account);
	}
	day = oldest_day(account);
	*day = (struct ledger_day){.date = date};
	return day;
}

struct budget ledger_budget(const struct ledger_day *day, int limit)
{
	struct budget budget = {.limit = limit};

	if (!day)
		return budget;
	budget.used = day->used;
	budget.has_held = day->held != NULL;
	budget.join_next = day->held && day->join_next;
	budget.held_at = day->held ? day->held->not_before_at : 0;
	return budget;
}

void ledger_close_held(struct ledger *ledger, const struct delivery *delivery)
{
	struct ledger_day *day = ledger_find(ledger, delivery->recipient, delivery->budget_date);

	if (day && day->held == delivery)
		day->held = NULL;
}

void ledger_take_back(struct ledger *ledger, const struct delivery *delivery)
{
	struct ledger_day *day;

	if (delivery->budget_date == INT32_MIN)
		return;
	day = ledger_find(ledger, delivery->recipient, delivery->budget_date);
	if (!day)
		return;
	/* Its day may have been forgotten and begun anew since. */
	day->used -= day->used > 0;
	if (day->held == delivery)
		day->held = NULL;
}
