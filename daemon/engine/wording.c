/* Numbers the messages of a reminder without a memory of them: from the identity of the slot alone, so
 * that a preview says what will be sent. Owns a memo of what rules bring a year, which the same content
 * gives again. Knows no clock. */
#include "engine/wording.h"

#include "base/random.h"

#include <stdio.h>

enum {
	MEMO = 1024,
	SLOTS_COUNTED = 1100, /* four years of working days */
	DAYS_COUNTED = 1461,
	FIRST_DATE = 10957, /* 2000-01-01 */
};

struct pace {
	uint64_t
		slots; /* in four years, by the first ones that the rule has since 2000; rounded up */
	uint64_t
		densest; /* slots of a day, at most: one year may have a day of these more than another */
	int32_t first; /* local date of the first of them */
};

static struct pace count_slots(const struct reminder *reminder, const struct place *place)
{
	const struct zone *zone = resolver_zone(reminder, place);
	struct slot slot = {.utc = FIRST_DATE * DAY_S};
	int64_t first = 0, span = DAYS_COUNTED * DAY_S;
	int32_t date = INT32_MIN;
	struct pace pace = {0};
	uint64_t count = 0, of_day = 0;

	while (rule_next(reminder->rule, zone, place->workdays, slot.utc, &slot)) {
		if (!count) {
			first = slot.utc;
			pace.first = local_date(slot.local);
		}
		if (count == SLOTS_COUNTED) {
			span = slot.utc - first;
			break;
		}
		if (slot.utc - first >= DAYS_COUNTED * DAY_S)
			break;
		of_day = local_date(slot.local) == date ? of_day + 1 : 1;
		date = local_date(slot.local);
		pace.densest = MAX_OF(pace.densest, of_day);
		count++;
	}
	pace.slots = (count * DAYS_COUNTED * DAY_S + (uint64_t)span - 1) / (uint64_t)span;
	return pace;
}

static struct pace pace_of(const struct reminder *reminder, const struct place *place)
{
	static struct {
		uint64_t key;
		struct pace pace;
	} memo[MEMO];
	const struct zone *zone = resolver_zone(reminder, place);
	char number[64];
	uint64_t key;

	snprintf(number, sizeof(number), "%llx %u %llx", (long long)reminder->changed_hash,
		zone_revision(zone), (unsigned long long)place->workdays_hash);
	key = HASH_OF(reminder->id, number, zone_name(zone));
	if (memo[key % MEMO].key != key) {
		memo[key % MEMO].key = key;
		memo[key % MEMO].pace = count_slots(reminder, place);
	}
	return memo[key % MEMO].pace;
}

uint64_t wording_number(const struct planned *planned)
{
	const struct reminder *reminder = planned->reminder;
	uint64_t ordinal = resolver_ordinal(reminder, planned->place, &planned->slot);
	uint64_t every = (uint64_t)MAX_OF(planned->every, 1), before;
	int year, month, day;
	struct pace pace;
	int32_t date;

	/* It never begins anew. */
	if (rule_is_elapsed(reminder->rule))
		return ordinal / every;
	date_to_ymd(local_date(planned->slot.local), &year, &month, &day);
	pace = pace_of(reminder, planned->place);
	date = MAX_OF(date_from_ymd(year, 1, 1), pace.first);
	before = (uint64_t)MAX_OF(date, 0) * pace.slots / DAYS_COUNTED;
	/* More each year than it can have: rather a prompt left out than one shown twice. */
	before += (uint64_t)year * pace.densest;
	return (before + every - 1) / every + (uint64_t)year + ordinal / every;
}
