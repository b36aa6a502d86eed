/* The rules of who, when, whether and why. Owns nothing but a memo of slot numbers (the same
 * content gives the same number, so it can never be wrong). Never reads a clock, the store or a
 * file. */
#include "engine/resolver.h"
#include "engine/rounds.h"
#include "base/random.h"
#include "base/str.h"
#include "model/trial.h"

#include <stdio.h>

const char *const rule_id_names[RULE_IDS + 1] = {"schedule", "gap", "not-begun", "holiday",
	"day-off", "hours", "quiet", "superseded", "paused", "stopped", "less", "away",
	"about-away", "declined", "hold-out", "fade", "not-their-turn", "limit", "grace",
	"catch-up", "no-channel", NULL};

enum { ORDINAL_MEMO = 4096, SLOTS_A_DAY_COUNTED = 24 };

const struct zone *resolver_zone(const struct reminder *reminder, const struct place *place)
{
	const struct zone *own = rule_own_zone(reminder->rule);

	return own ? own : place->zone;
}

/* ---- days and hours on which a place rests ---- */

static enum shift shift_of(const struct reminder *reminder)
{
	if (!reminder)
		return SHIFT_HOLIDAY;
	return reminder->anywhere && reminder->shift == SHIFT_HOLIDAY ? SHIFT_NONE
								      : reminder->shift;
}

/* Whether the reminder must leave a local date of the place alone: BY_HOLIDAY or BY_DAY_OFF, else
 * BY_SCHEDULE. */
static enum rule_id date_rests(const struct place *place, enum shift shift, int32_t date)
{
	if (shift == SHIFT_NONE)
		return BY_SCHEDULE;
	if (shift == SHIFT_HOLIDAY && !place->n_holidays)
		return BY_SCHEDULE;
	if (workdays_has(place->workdays, date))
		return BY_SCHEDULE;
	if (place->n_holidays && place_holiday(place, date))
		return BY_HOLIDAY;
	return shift == SHIFT_HOLIDAY ? BY_SCHEDULE : BY_DAY_OFF;
}

/* The first whole minute of the place's clock from an instant on. */
static int64_t whole_minute(const struct place *place, int64_t utc)
{
	int64_t local = zone_to_local(place->zone, utc, NULL);

	return utc + (60 - local_second_of_day(local) % 60) % 60;
}

/* When the clock that shows local at utc comes to a later time; or when it is changed, if that is
 * before: one that is put back may show an allowed time again. */
static int64_t instant_of(const struct place *place, int64_t utc, int64_t local, int64_t next)
{
	if (next == INT64_MAX)
		return INT64_MAX;
	return MIN_OF(utc + next - local, zone_stretch_at(place->zone, utc).until);
}

/* What forbids an instant, or BY_SCHEDULE; *ret_next is until when, at the least, or INT64_MAX. */
static enum rule_id time_rests(
	const struct place *place, const struct reminder *reminder, int64_t utc, int64_t *ret_next)
{
	bool anywhere = reminder && reminder->anywhere;
	enum shift shift = shift_of(reminder);
	int64_t local = zone_to_local(place->zone, utc, NULL), next, until;
	enum rule_id rule = date_rests(place, shift, local_date(local));

	if (rule != BY_SCHEDULE) {
		next = ((int64_t)local_date(local) + 1) * DAY_S;
	} else if (place->n_holidays && shift != SHIFT_NONE &&
		   place_closed_at(place, utc, &until)) {
		*ret_next = whole_minute(place, until);
		return BY_HOLIDAY;
	} else if (!anywhere && place->hours && !week_contains(place->hours, local)) {
		next = week_next(place->hours, local, true);
		rule = BY_HOURS;
	} else if (!anywhere && place->quiet && week_contains(place->quiet, local)) {
		next = week_next(place->quiet, local, false);
		rule = BY_QUIET;
	} else {
		return BY_SCHEDULE;
	}
	*ret_next = instant_of(place, utc, local, next);
	return rule;
}

/* The first allowed minute at or after an instant, or INT64_MAX. */
static int64_t allowed_from(const struct place *place, const struct reminder *reminder, int64_t utc,
	int64_t limit, enum rule_id *ret_rule)
{
	/* Each step passes a whole window; holidays, hours and quiet hours push each other forward,
	 * so that this many steps without rest mean: never. */
	enum { STEPS_MOST = 400 };

	*ret_rule = BY_SCHEDULE;
	for (int step = 0; step < STEPS_MOST && utc <= limit; step++) {
		int64_t next = utc;
		enum rule_id by = time_rests(place, reminder, utc, &next);

		if (by == BY_SCHEDULE)
			return utc;
		if (*ret_rule == BY_SCHEDULE)
			*ret_rule = by;
		utc = next;
	}
	return INT64_MAX;
}

int64_t resolver_allowed_at(const struct place *place, const struct reminder *reminder, int64_t at,
	int64_t limit_s, enum rule_id *ret_rule)
{
	int64_t allowed;

	*ret_rule = BY_SCHEDULE;
	if (!place->hours && !place->quiet && !place->n_holidays &&
		shift_of(reminder) <= SHIFT_NONE)
		return at;
	allowed = allowed_from(place, reminder, at / 1000, at / 1000 + limit_s, ret_rule);
	if (allowed == at / 1000)
		return at;
	return allowed == INT64_MAX ? TIME_NEVER : allowed * 1000;
}

/* ---- slots ---- */

/* A slot on a day of rest moves to the nearest working day at the same time of day: when that is
 * (ms), due_at when it may stay, or TIME_NEVER. */
static int64_t shifted_at(const struct reminder *reminder, const struct place *place,
	int64_t due_at, enum rule_id *ret_rule)
{
	enum shift shift = shift_of(reminder);
	int64_t local = zone_to_local(place->zone, due_at / 1000, NULL), first, second;
	int32_t date;

	*ret_rule = date_rests(place, shift, local_date(local));
	if (*ret_rule == BY_SCHEDULE)
		return due_at;
	if (shift != SHIFT_BEFORE && shift != SHIFT_AFTER)
		return TIME_NEVER;
	date = workdays_nearest(place->workdays, local_date(local), shift == SHIFT_AFTER ? 1 : -1);
	if (date == INT32_MAX)
		return TIME_NEVER;
	zone_to_utc(place->zone, date * DAY_S + local_second_of_day(local), &first, &second);
	return first * 1000;
}

/* What moved back to a working day is for that day. */
static int64_t moved_grace_s(const struct place_slot *slot, int64_t moved_at)
{
	int64_t local = zone_to_local(slot->place->zone, moved_at / 1000, NULL);

	if (moved_at >= slot->due_at)
		return slot->reminder->grace_s;
	return MIN_OF(slot->reminder->grace_s, DAY_S - 1 - local_second_of_day(local));
}

/* One slot by itself, without a look at those beside it. */
static struct place_slot slot_decide(
	const struct reminder *reminder, const struct place *place, const struct slot *slot)
{
	struct place_slot ret = {.reminder = reminder,
		.place = place,
		.slot = *slot,
		.due_at = slot->utc * 1000,
		.send_at = slot->utc * 1000,
		.decision = DECISION_SKIPPED,
		.rule = BY_GAP};
	enum rule_id rule;
	int64_t moved_at, send_at;

	if (slot->missing)
		return ret;
	moved_at = shifted_at(reminder, place, ret.due_at, &ret.rule);
	if (moved_at == TIME_NEVER)
		return ret;
	send_at = resolver_allowed_at(
		place, reminder, moved_at, moved_grace_s(&ret, moved_at), &rule);
	/* Later slots may move back too: in the agenda nothing may wait behind this one. */
	ret.send_at = MIN_OF(ret.due_at, moved_at);
	if (ret.rule == BY_SCHEDULE || send_at == TIME_NEVER)
		ret.rule = rule;
	if (send_at == TIME_NEVER)
		return ret;
	ret.decision = send_at == ret.due_at ? DECISION_SEND : DECISION_SHIFTED;
	ret.send_at = send_at;
	return ret;
}

/* Several slots that end up in one minute are one: the one whose own minute it is, else, of those
 * that move on, the last, and of those that move back, the first. */
static bool slot_is_superseded(const struct place_slot *slot)
{
	enum { BESIDE_MOST = 200 };
	const struct reminder *reminder = slot->reminder;
	const struct place *place = slot->place;
	const struct zone *zone = resolver_zone(reminder, place);
	int64_t minute = slot->send_at / 1000;
	bool moves_back = minute < slot->slot.utc;
	int64_t until = moves_back ? slot->slot.utc - 1 : minute;
	struct slot other;

	if (rule_next(reminder->rule, zone, place->workdays, minute - 1, &other) &&
		other.utc == minute)
		return true;
	other.utc = moves_back ? minute - reminder->grace_s - 1 : slot->slot.utc;
	for (int i = 0; i < BESIDE_MOST; i++) {
		struct place_slot beside;

		if (!rule_next(reminder->rule, zone, place->workdays, other.utc, &other) ||
			other.utc > until)
			return false;
		beside = slot_decide(reminder, place, &other);
		if (beside.decision != DECISION_SKIPPED && beside.send_at == slot->send_at)
			return true;
	}
	return false;
}

bool resolver_next(const struct reminder *reminder, const struct place *place, int64_t after_utc,
	struct place_slot *ret)
{
	struct slot slot;

	if (!rule_next_named(reminder->rule, resolver_zone(reminder, place), place->workdays,
		    after_utc, &slot))
		return false;
	*ret = slot_decide(reminder, place, &slot);
	if (ret->decision == DECISION_SHIFTED && slot_is_superseded(ret)) {
		ret->decision = DECISION_SKIPPED;
		ret->rule = BY_SUPERSEDED;
		ret->send_at = MIN_OF(ret->due_at, ret->send_at);
	}
	return true;
}

int64_t resolver_reach_s(const struct reminder *reminder, const struct place *place)
{
	int64_t reach = reminder->grace_s;

	if (!place->n_holidays && shift_of(reminder) <= SHIFT_NONE &&
		(reminder->anywhere || (!place->hours && !place->quiet)))
		return 0;
	if (reminder->shift == SHIFT_AFTER)
		reach += (WORKDAYS_REACH + 1) * DAY_S;
	return reach;
}

static bool is_decided_after(const struct place_slot *slot, int64_t at, int64_t utc)
{
	return slot->send_at != at ? slot->send_at > at : slot->slot.utc > utc;
}

/* Whether every slot from this one on is decided on a later date than the best one: a working day
 * lies between, and none moves back beyond it. */
static bool nothing_moves_before(const struct place_slot *slot, const struct place_slot *best)
{
	const struct place *place = slot->place;
	int32_t date = local_date(zone_to_local(place->zone, slot->due_at / 1000, NULL));
	int32_t works = workdays_nearest(place->workdays, date, -1);

	return MIN_OF(works, date) >
	       local_date(zone_to_local(place->zone, best->send_at / 1000, NULL));
}

/* Of a reminder whose slots move back: the first one decided after (at, utc). */
static bool first_decided_after(const struct reminder *reminder, const struct place *place,
	int64_t at, int64_t utc, struct place_slot *ret)
{
	int64_t from = at / 1000 - reminder->grace_s - 1;
	struct place_slot slot, best;
	bool found = false;

	while (resolver_next(reminder, place, from, &slot)) {
		from = slot.slot.utc;
		if (is_decided_after(&slot, at, utc) &&
			(!found || !is_decided_after(&slot, best.send_at, best.slot.utc))) {
			best = slot;
			found = true;
		}
		if (found && nothing_moves_before(&slot, &best))
			break;
	}
	if (found)
		*ret = best;
	return found;
}

bool resolver_first(const struct reminder *reminder, const struct place *place, int64_t after_at,
	struct place_slot *ret)
{
	int64_t after = after_at / 1000 - resolver_reach_s(reminder, place);
	struct place_slot slot;
	bool more;

	if (shift_of(reminder) == SHIFT_BEFORE)
		return first_decided_after(reminder, place, after_at, INT64_MAX, ret);
	more = resolver_next(reminder, place, after - (after_at % 1000 ? 0 : 1), &slot);
	while (more && slot.send_at <= after_at)
		more = resolver_next(reminder, place, slot.slot.utc, &slot);
	if (more)
		*ret = slot;
	return more;
}

bool resolver_follow(const struct place_slot *after, struct place_slot *ret)
{
	struct place_slot from = *after; /* it may be *ret itself */

	if (shift_of(from.reminder) == SHIFT_BEFORE)
		return first_decided_after(
			from.reminder, from.place, from.send_at, from.slot.utc, ret);
	return resolver_next(from.reminder, from.place, from.slot.utc, ret);
}

/* ---- rotation ---- */

uint64_t resolver_ordinal(
	const struct reminder *reminder, const struct place *place, const struct slot *slot)
{
	static struct {
		uint64_t key;
		int64_t utc;
		uint64_t ordinal;
	} memo[ORDINAL_MEMO];
	const struct zone *zone = resolver_zone(reminder, place);
	int year, month, day;
	char number[64];
	struct slot step = {0};
	uint64_t key, ordinal = 0;
	int64_t from, first, second;

	/* One more with each slot, wherever the count begins. */
	if (rule_is_elapsed(reminder->rule))
		return HASH_OF(reminder->id) +
		       (uint64_t)(slot->utc / MAX_OF(rule_period_s(reminder->rule), 1));
	date_to_ymd(local_date(slot->local), &year, &month, &day);
	snprintf(number, sizeof(number), "%d %llx %u %llx", year, (long long)reminder->changed_hash,
		zone_revision(zone), (unsigned long long)place->workdays_hash);
	key = HASH_OF(reminder->id, number, zone_name(zone));
	zone_to_utc(zone, (int64_t)date_from_ymd(year, 1, 1) * DAY_S, &first, &second);
	from = first - 1;
	if (memo[key % ORDINAL_MEMO].key == key && memo[key % ORDINAL_MEMO].utc <= slot->utc) {
		from = memo[key % ORDINAL_MEMO].utc;
		ordinal = memo[key % ORDINAL_MEMO].ordinal;
		if (from == slot->utc)
			return ordinal;
		ordinal++;
	}
	while (rule_next(reminder->rule, zone, place->workdays, from, &step) &&
		step.utc < slot->utc) {
		if (++ordinal > SLOTS_A_DAY_COUNTED * 366)
			return (uint64_t)slot->utc / 60;
		from = step.utc;
	}
	memo[key % ORDINAL_MEMO].key = key;
	memo[key % ORDINAL_MEMO].utc = slot->utc;
	memo[key % ORDINAL_MEMO].ordinal = ordinal;
	return ordinal;
}

/* ---- plans ---- */

void plan_clear(struct plan *plan)
{
	plan->count = 0;
}

void plan_free(struct plan *plan)
{
	free(plan->list);
	*plan = (struct plan){0};
}

/* Of many members only those that count are set: most decisions need no more. */
static void planned_begin(struct planned *planned, const struct place_slot *slot)
{
	planned->reminder = slot->reminder;
	planned->place = slot->place;
	planned->person = planned->about = NULL;
	planned->room = NULL;
	planned->slot = slot->slot;
	planned->due_at = slot->due_at;
	planned->send_at = planned->fire_at = slot->send_at;
	planned->decision = slot->decision;
	planned->rule = slot->rule;
	planned->meets_again = false;
	planned->every = 1;
	planned->message = 0;
	planned->detail[0] = 0;
}

static struct planned *plan_add(struct plan *plan, const struct place_slot *slot)
{
	ARRAY_GROW(plan->list, plan->count, plan->capacity);
	planned_begin(&plan->list[plan->count], slot);
	return &plan->list[plan->count++];
}

enum { CLOCK_TEXT = 6 };

static void clock_text(const struct place *place, int64_t at, char text[static CLOCK_TEXT])
{
	char local[CIVIL_TEXT];

	local_write(zone_to_local(place->zone, at / 1000, NULL), local);
	memcpy(text, local + strlen(local) - 8, 5);
	text[5] = 0;
}

/* "2026-12-28 09:00", or the time alone when it is on the date of the slot. */
static void moment_text(const struct planned *planned, int64_t at, char text[static CIVIL_TEXT])
{
	const struct zone *zone = planned->place->zone;
	int64_t local = zone_to_local(zone, at / 1000, NULL);

	if (local_date(local) == local_date(zone_to_local(zone, planned->due_at / 1000, NULL))) {
		clock_text(planned->place, at, text);
		return;
	}
	local_write(local, text);
	text[10] = ' ';
	text[16] = 0;
}

/* What stood in the way of the slot, in words. */
static void describe_obstacle(const struct planned *planned, char *text, size_t size)
{
	const struct place *place = planned->place;
	int64_t local = zone_to_local(place->zone, planned->due_at / 1000, NULL), until;
	const char *name;
	char due[CIVIL_TEXT];

	clock_text(place, planned->due_at, due);
	if (planned->rule == BY_HOURS || planned->rule == BY_QUIET) {
		snprintf(text, size, "%s is %s", due,
			planned->rule == BY_HOURS ? "outside working hours" : "inside quiet hours");
		return;
	}
	date_write(local_date(local), due);
	if (planned->rule == BY_DAY_OFF) {
		snprintf(text, size, "%s is no working day", due);
		return;
	}
	name = place_holiday(place, local_date(local));
	if (!name) {
		name = place_closed_at(place, planned->due_at / 1000, &until);
		clock_text(place, planned->due_at, due);
	}
	snprintf(text, size, "%s is a holiday%s%.40s%s", due, str_empty(name) ? "" : " (",
		name ? name : "", str_empty(name) ? "" : ")");
}

/* The place's decision, or the daily limit's, in words. */
void planned_describe(struct planned *planned)
{
	char obstacle[96], send[CIVIL_TEXT], due[CIVIL_TEXT];
	const char *end = "";

	if (*planned->detail)
		return;
	switch (planned->rule) {
	case BY_LIMIT:
		clock_text(planned->place, planned->send_at, send);
		snprintf(planned->detail, sizeof(planned->detail),
			"%d planned that day, %d the limit: one message at %s",
			planned->day_planned, planned->day_limit, send);
		return;
	case BY_SCHEDULE:
		strcpy(planned->detail, "on schedule");
		return;
	case BY_SUPERSEDED:
		strcpy(planned->detail, "another slot of this reminder goes at the same minute");
		return;
	case BY_GAP:
		local_write(planned->slot.local, due);
		snprintf(planned->detail, sizeof(planned->detail),
			"%s does not exist in %s: the clock leaves it out", due,
			zone_name(resolver_zone(planned->reminder, planned->place)));
		return;
	default:
		break;
	}
	describe_obstacle(planned, obstacle, sizeof(obstacle));
	moment_text(planned, planned->send_at, send);
	if (planned->decision == DECISION_SHIFTED) {
		snprintf(planned->detail, sizeof(planned->detail), "%.80s: moved to %.16s",
			obstacle, send);
		return;
	}
	if (planned->rule == BY_HOURS || planned->rule == BY_QUIET)
		end = ", and no allowed minute follows within its grace";
	snprintf(planned->detail, sizeof(planned->detail), "%.70s%s", obstacle, end);
}

static void skip_because(
	struct planned *planned, enum rule_id rule, const char *words, const char *reason)
{
	planned->decision = DECISION_SKIPPED;
	planned->rule = rule;
	planned->send_at = planned->fire_at;
	snprintf(planned->detail, sizeof(planned->detail), "%s%s%.80s", words, *reason ? ": " : "",
		reason);
}

static int32_t date_at(const struct person *person, int64_t at)
{
	return local_date(zone_to_local(person->place->zone, at / 1000, NULL));
}

static bool is_away(const struct person *person, int64_t at)
{
	return (person->n_away || person->n_absence) && person_is_away(person, date_at(person, at));
}

static bool held_by_view(struct planned *planned, const struct view *view)
{
	enum rule_id rule = BY_PAUSE;
	int64_t since = 0;
	const char *reason;

	if (view->begun && MIN_OF(planned->due_at, planned->fire_at) <=
				   view->begun(view->owner, planned->reminder, planned->person)) {
		skip_because(planned, BY_NOT_BEGUN, "before it was first accepted", "");
		return true;
	}
	if (!view->paused)
		return false;
	reason = view->paused(
		view->owner, planned->reminder, planned->person, planned->fire_at, &rule, &since);
	if (!reason)
		return false;
	if (rule == BY_LESS) {
		planned->every = 2;
		if (resolver_ordinal(planned->reminder, planned->place, &planned->slot) % 2 == 0)
			return false;
		skip_because(planned, rule, "every second one, since \"less\" was answered", "");
	} else if (rule == BY_STOPPED) {
		skip_because(planned, rule, "\"stop\" was answered", "");
	} else {
		skip_because(planned, rule, "paused", reason);
	}
	return true;
}

/* An absence of some hours: the message waits for its end, within its grace. */
static void wait_for_return(struct planned *planned)
{
	enum { ABSENCES_MOST = 16 };
	const struct person *person = planned->person;
	int64_t at = planned->fire_at, limit = planned->fire_at + planned->reminder->grace_s * 1000;
	char text[CIVIL_TEXT];
	enum rule_id rule;
	int64_t until;

	for (int i = 0; i < ABSENCES_MOST && at <= limit; i++) {
		if (!person_is_out(person, at / 1000, &until)) {
			if (at == planned->fire_at)
				return;
			planned->decision = DECISION_SHIFTED;
			planned->rule = BY_AWAY;
			planned->send_at = at;
			moment_text(planned, at, text);
			snprintf(planned->detail, sizeof(planned->detail),
				"away at that time: moved to %s", text);
			return;
		}
		until += (60 - until % 60) % 60;
		at = resolver_allowed_at(person->place, planned->reminder, until * 1000,
			planned->reminder->grace_s, &rule);
		if (at == TIME_NEVER || is_away(person, at))
			break;
	}
	skip_because(planned, BY_AWAY, "away at that time, and beyond its grace", "");
}

int resolver_every(const struct view *view, const struct reminder *reminder,
	const struct person *person, struct fade *ret)
{
	if (!reminder->fading.after || !person || !view || !view->faded ||
		!view->faded(view->owner, reminder, person, ret))
		return 1;
	return fade_every(&reminder->fading, ret);
}

/* Whether one of the slots of the same reminder that come shortly before this one, at most so many,
 * was for the person: no rest of the place, no absence. */
static bool has_one_before(const struct planned *planned, int most)
{
	enum { REACH_S = 400 * DAY_S, LOOK_MOST = 64 };
	bool sent[LOOK_MOST] = {0};
	int64_t reach = DAY_S, from;
	struct place_slot slot;
	int n;

	assert(most < LOOK_MOST);
	/* There is no way back along a rule: from further and further before. */
	do {
		reach *= 2;
		n = 0;
		from = planned->slot.utc - reach;
		while (resolver_next(planned->reminder, planned->place, from, &slot) &&
			slot.slot.utc < planned->slot.utc) {
			sent[n++ % LOOK_MOST] = slot.decision != DECISION_SKIPPED &&
						!is_away(planned->person, slot.send_at);
			from = slot.slot.utc;
		}
	} while (n < most && reach < REACH_S);
	for (int i = 0; i < MIN_OF(n, most); i++)
		if (sent[(n - 1 - i) % LOOK_MOST])
			return true;
	return false;
}

/* Of each group of so many slots, counted from the beginning of the year, the first that is for the
 * person goes: a holiday makes no gap twice as long. */
static void leave_out_faded(struct planned *planned, const struct view *view)
{
	struct fade fade;
	int every, place;
	char words[80];

	every = resolver_every(view, planned->reminder, planned->person, &fade);
	if (every == 1)
		return;
	planned->every = every;
	place = (int)(resolver_ordinal(planned->reminder, planned->place, &planned->slot) %
		      (uint64_t)every);
	if (place == 0 || !has_one_before(planned, place))
		return;
	snprintf(words, sizeof(words),
		"every %d%s since %d answer%s in a row; back at once after a miss", every,
		every == 2 ? "nd" : "th", fade.row, fade.row == 1 ? "" : "s");
	skip_because(planned, BY_FADE, words, "");
}

/* Whoever does not want to be paired, or to be anybody's partner, is left alone with it. */
static bool declines(const struct planned *planned, const struct view *view)
{
	const struct reminder *reminder = planned->reminder;
	bool as_partner = reminder->to_partner && planned->about &&
			  planned->about->partner == planned->person;

	if (!view || !view->kept || !(reminder->pair || as_partner))
		return false;
	return str_eq(view->kept(view->owner, planned->person, reminder->pair ? "pair" : "partner"),
		"no");
}

static bool is_held_out(struct planned *planned)
{
	const struct reminder *reminder = planned->reminder;
	char words[80];

	if (!trial_holds_out(reminder->id, reminder->hold_out, planned->person->id,
		    local_date(planned->slot.local)))
		return false;
	snprintf(words, sizeof(words), "one of the %d %% who do without it this quarter",
		reminder->hold_out);
	skip_because(planned, BY_HOLD_OUT, words, "");
	return true;
}

/* The rules of one person, after the place's. */
static void decide_person(struct planned *planned, const struct view *view)
{
	if (view && held_by_view(planned, view))
		return;
	if (planned->decision == DECISION_SKIPPED)
		return;
	if (is_away(planned->person, planned->fire_at))
		skip_because(planned, BY_AWAY, "away that day", "");
	else if (planned->about && is_away(planned->about, planned->fire_at))
		skip_because(planned, BY_ABOUT_AWAY, "away that day", planned->about->name);
	else if (declines(planned, view))
		skip_because(planned, BY_DECLINED,
			planned->reminder->pair ? "takes no part in pairs"
						: "does not want to be a partner",
			"");
	else if (planned->person->n_absence)
		wait_for_return(planned);
	if (planned->decision != DECISION_SKIPPED && !is_held_out(planned))
		leave_out_faded(planned, view);
}

/* Spreads people over the reminder's jitter, by identity, inside the allowed minutes. */
static void add_jitter(struct planned *planned)
{
	char local[24];
	enum rule_id rule;
	int64_t at;

	if (!planned->reminder->jitter_s || planned->decision == DECISION_SKIPPED)
		return;
	snprintf(local, sizeof(local), "%lld", (long long)planned->slot.local);
	at = planned->send_at +
	     (int64_t)(HASH_OF(planned->reminder->id, planned->person->id, local) %
		       (uint64_t)(planned->reminder->jitter_s * 1000));
	if (resolver_allowed_at(planned->place, planned->reminder, at, 0, &rule) == at)
		planned->send_at = at;
}

/* Higher priority first, then earlier, then by id: a total order. */
static int by_importance(const void *a, const void *b)
{
	const struct planned *x = *(struct planned *const *)a, *y = *(struct planned *const *)b;
	int order;

	if (x->reminder->priority != y->reminder->priority)
		return y->reminder->priority - x->reminder->priority;
	if (x->due_at != y->due_at)
		return x->due_at < y->due_at ? -1 : 1;
	order = strcmp(x->reminder->id, y->reminder->id);
	if (order)
		return order;
	if (x->about != y->about)
		return strcmp(x->about ? x->about->id : "", y->about ? y->about->id : "");
	return x->slot.pass - y->slot.pass;
}

static void merge(struct planned **rest, size_t count, size_t planned, const struct budget *budget)
{
	int64_t at = budget->has_held && !budget->join_next ? budget->held_at : 0;

	for (size_t i = 0; i < count; i++)
		at = MAX_OF(at, rest[i]->send_at);
	for (size_t i = 0; i < count; i++) {
		rest[i]->decision = DECISION_MERGED;
		rest[i]->rule = BY_LIMIT;
		rest[i]->send_at = at;
		rest[i]->message = rest[0]->message;
		rest[i]->day_planned = (int)planned;
		rest[i]->day_limit = budget->limit;
		rest[i]->detail[0] = 0;
	}
}

/* The daily limit (of k planned over a limit L: the L-1 most important alone, the rest as one
 * message at the last one's time), with what the day has used already. */
static void apply_limit(struct planned *list, size_t count, const struct budget *budget)
{
	struct planned **sorted;
	size_t sendable = 0;
	int left = budget->limit - budget->used + (budget->has_held && budget->join_next);
	bool gathers = budget->has_held && !budget->join_next;
	size_t alone;

	for (size_t i = 0; i < count; i++) {
		list[i].message = i + 1;
		sendable += list[i].decision != DECISION_SKIPPED;
	}
	if (!budget->limit || (left > 0 && sendable <= (size_t)left) || !sendable)
		return;
	sorted = mem_new_array(sendable, sizeof(*sorted));
	for (size_t i = 0, n = 0; i < count; i++)
		if (list[i].decision != DECISION_SKIPPED)
			sorted[n++] = &list[i];
	qsort(sorted, sendable, sizeof(*sorted), by_importance);
	alone = MAX_OF(gathers ? left : left - 1, 0);
	if (alone < sendable)
		merge(sorted + alone, sendable - alone, sendable, budget);
	free(sorted);
}

bool view_has_forgotten(const struct view *view, const struct person *person)
{
	return view && view->forgotten && view->forgotten(view->owner, person);
}

bool resolver_reaches(
	const struct place_slot *slot, const struct person *person, const struct view *view)
{
	struct planned planned;

	if (view_has_forgotten(view, person))
		return false;
	planned_begin(&planned, slot);
	planned.person = person;
	decide_person(&planned, view);
	return planned.decision != DECISION_SKIPPED;
}

/* Whom the slot is for, of those who could get it. */
static void decide_turn(struct planned *planned, const struct person *holder)
{
	if (planned->decision == DECISION_SKIPPED || planned->person == holder)
		return;
	if (holder)
		skip_because(planned, BY_TURN, "it is another one's turn", holder->name);
	else
		skip_because(planned, BY_TURN, "it was another one's turn", "");
}

static void decide_meeting(struct planned *planned, const struct model *model,
	const struct place_slot *slot, const struct view *view)
{
	struct meeting meeting;

	if (planned->decision == DECISION_SKIPPED)
		return;
	meeting = rounds_meeting(view->rounds, model, slot, planned->person);
	planned->about = meeting.other;
	planned->meets_again = meeting.fit == MEETING_AGAIN;
	if (meeting.fit == MEETING_NONE)
		skip_because(planned, BY_TURN, "the pairs of this round were made before", "");
}

/* False: the slot is somebody else's, and nobody asks why. */
static bool is_concerned(const struct model *model, const struct place_slot *slot,
	const struct person *person, const struct view *view, const struct plan *plan,
	const struct person **ret_holder)
{
	if (!slot->reminder->turn || !view || !view->rounds)
		return true;
	*ret_holder = rounds_turn(view->rounds, model, slot);
	return *ret_holder == person || plan->bystanders;
}

void resolver_plan_person(const struct model *model, const struct person *person,
	const struct place_slot *slots, size_t count, const struct view *view,
	const struct budget *budget, struct plan *plan)
{
	size_t before = plan->count;

	if (view_has_forgotten(view, person))
		return;
	for (size_t i = 0; i < count; i++) {
		bool has_about = slots[i].reminder->has_about;
		size_t n;
		const struct pair *pair = reminder_pairs_of(slots[i].reminder, person, &n);
		const struct person *holder = person;

		if (n && !is_concerned(model, &slots[i], person, view, plan, &holder))
			continue;
		for (size_t j = 0; j < n; j++) {
			const struct person *subject = model->people[pair[j].subject];
			struct planned *planned;

			if (has_about && view_has_forgotten(view, subject))
				continue;
			planned = plan_add(plan, &slots[i]);
			planned->person = person;
			if (has_about)
				planned->about = subject;
			decide_person(planned, view);
			decide_turn(planned, holder);
			if (slots[i].reminder->pair && view && view->rounds)
				decide_meeting(planned, model, &slots[i], view);
			add_jitter(planned);
		}
	}
	apply_limit(plan->list + before, plan->count - before, budget);
	for (size_t i = before; i < plan->count && !plan->terse; i++)
		planned_describe(&plan->list[i]);
}

const char *resolver_why_not_by_hand(const struct reminder *reminder, const struct person *person)
{
	if (reminder->pair)
		return "it makes pairs at its own times, and by hand nobody is paired";
	if (reminder->turn && !person)
		return "it goes to one person in turn: say to whom, with --to";
	return NULL;
}

void resolver_plan_rooms(const struct place_slot *slot, const struct view *view, struct plan *plan)
{
	for (size_t i = 0; i < slot->reminder->n_rooms; i++) {
		struct planned *planned = plan_add(plan, slot);

		planned->room = slot->reminder->rooms[i];
		planned->message = plan->count;
		if (view)
			held_by_view(planned, view);
		if (!plan->terse)
			planned_describe(planned);
	}
}
