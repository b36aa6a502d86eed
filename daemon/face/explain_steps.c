/* The steps of one decision: each rule in the order in which the resolver asks it, with what it looked
 * at. Decides nothing: which rule decided, and why, is the resolver's word. */
#include "face/explain.h"

#include "base/buf.h"
#include "base/str.h"
#include "engine/compose.h"
#include "face/shape.h"
#include "time/span.h"

#include <stdio.h>

struct facts {
	const struct explain_query *query;
	const struct planned *planned;
	const struct place *place;
	struct place_slot slot; /* what the place made of it, before any person */
	size_t day_planned;     /* of the person, on that date */
};

void explain_add_step(json_t *steps, const char *rule, const char *result, const char *detail)
{
	json_array_append_new(steps, json_pack("{ss ss so}", "rule", rule, "result", result,
					     "detail", shape_text(detail)));
}

/* ---- words ---- */

static const struct zone *zone_of(const struct facts *facts)
{
	return resolver_zone(facts->planned->reminder, facts->place);
}

static int64_t local_of(const struct facts *facts, int64_t at)
{
	return zone_to_local(facts->place->zone, at / 1000, NULL);
}

/* "09:00", as the place's clock shows it. */
static char *clock_of(const struct facts *facts, int64_t at)
{
	char text[CIVIL_TEXT];

	local_write(local_of(facts, at), text);
	return str_printf("%.5s", text + strlen(text) - 8);
}

static char *date_of(const struct facts *facts, int64_t at)
{
	int32_t date = local_date(local_of(facts, at));
	char text[CIVIL_TEXT];

	date_write(date, text);
	return str_printf("%s %s", weekday_names[date_weekday(date)], text);
}

/* "UTC+01:00" */
static char *offset_of(const struct zone *zone, int64_t utc)
{
	char text[CIVIL_TEXT];
	int32_t offset;
	int64_t local = zone_to_local(zone, utc, &offset);

	local_write_offset(local, offset, text);
	return str_printf("UTC%s", text + strcspn(text, "T") + strlen("T00:00:00"));
}

static const char *place_name(const struct facts *facts)
{
	return facts->place->id ? facts->place->id : zone_name(facts->place->zone);
}

static bool is_anywhere(const struct facts *facts)
{
	return facts->planned->reminder->anywhere;
}

/* ---- the schedule ---- */

static char *describe_schedule(const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	const struct reminder *reminder = planned->reminder;
	const struct zone *zone = zone_of(facts);
	auto_free char *offset = offset_of(zone, planned->slot.utc);
	char local[CIVIL_TEXT], utc[CIVIL_TEXT];

	local_write(rule_is_elapsed(reminder->rule) ? zone_to_local(zone, planned->slot.utc, NULL)
						    : planned->slot.local,
		local);
	utc_write(planned->slot.utc, utc);
	if (planned->slot.missing)
		return str_printf("%s = \"%s\" names %s in %s", rule_form_names[reminder->form],
			reminder->schedule, local, zone_name(zone));
	return str_printf("%s = \"%s\" names %s in %s (%s), which is %s",
		rule_form_names[reminder->form], reminder->schedule, local, zone_name(zone), offset,
		utc);
}

static char *describe_limits(const struct facts *facts)
{
	cleanup(buf_free) struct buf out = BUF_MAX(200);
	int32_t first, last;
	size_t excepts;
	char date[CIVIL_TEXT];

	rule_limits(facts->planned->reminder->rule, &first, &last, &excepts);
	if (first != INT32_MIN) {
		date_write(first, date);
		buf_printf(&out, "from %s", date);
	}
	if (last != INT32_MAX) {
		date_write(last, date);
		buf_printf(&out, "%suntil %s", out.len ? ", " : "", date);
	}
	if (excepts)
		buf_printf(&out, "%snot among %zu excepted date%s", out.len ? ", " : "", excepts,
			excepts == 1 ? "" : "s or ranges");
	return str_new(out.len ? buf_str(&out) : "no first, last or excepted date is set");
}

/* ---- what a rule looked at when it did not decide ---- */

static char *describe_gap(const struct facts *facts)
{
	const struct slot *slot = &facts->planned->slot;
	const struct zone *zone = zone_of(facts);
	int64_t first, second;
	char text[CIVIL_TEXT];

	if (rule_is_elapsed(facts->planned->reminder->rule))
		return str_new("an instant: changes of the clock do not touch it");
	switch (zone_to_utc(zone, slot->local, &first, &second)) {
	case ZONE_GAP:
		local_write(zone_to_local(zone, slot->utc, NULL), text);
		return str_printf("the clock leaves this time out: %s stands for it", text);
	case ZONE_OVERLAP:
		return str_printf("the clock shows it twice: this is the %s",
			slot->pass ? "second" : "first");
	default:
		return str_new("the clock shows it once");
	}
}

static char *describe_begun(const struct facts *facts)
{
	const struct view *view = facts->query->view;
	int64_t at;
	char text[CIVIL_TEXT];

	if (!view || !view->begun)
		return str_new("not known from the configuration alone");
	at = view->begun(view->owner, facts->planned->reminder, facts->planned->person);
	if (at == INT64_MIN)
		return str_new("known from the beginning");
	utc_write(at / 1000, text);
	return str_printf("first accepted %s, before this", text);
}

static char *describe_holiday(const struct facts *facts)
{
	enum shift shift = facts->planned->reminder->shift;
	auto_free char *date = date_of(facts, facts->planned->due_at);

	if (shift == SHIFT_NONE)
		return str_new("the reminder says shift = \"none\"");
	if (shift == SHIFT_HOLIDAY && is_anywhere(facts))
		return str_new("the reminder says anywhere");
	if (!facts->place->n_holidays)
		return str_printf("no holidays are set for %s", place_name(facts));
	return str_printf("%s is no holiday of %s", date, place_name(facts));
}

static char *describe_day_off(const struct facts *facts)
{
	auto_free char *date = date_of(facts, facts->slot.send_at);

	if (facts->planned->reminder->shift <= SHIFT_NONE)
		return str_new("the reminder's shift asks for no working day");
	return str_printf("%s is a working day", date);
}

static char *describe_hours(const struct facts *facts)
{
	auto_free char *at = clock_of(facts, facts->slot.send_at);

	if (is_anywhere(facts))
		return str_new("the reminder says anywhere");
	if (!facts->place->hours)
		return str_printf("no working hours are set for %s", place_name(facts));
	return str_printf("%s is inside the working hours of %s", at, place_name(facts));
}

static char *describe_quiet(const struct facts *facts)
{
	auto_free char *at = clock_of(facts, facts->slot.send_at);

	if (is_anywhere(facts))
		return str_new("the reminder says anywhere");
	if (!facts->place->quiet)
		return str_printf("no quiet hours are set for %s", place_name(facts));
	return str_printf("%s is outside the quiet hours of %s", at, place_name(facts));
}

static char *describe_superseded(const struct facts *facts)
{
	return str_new("no other slot of it goes at the same minute");
}

static char *describe_pause(const struct facts *facts)
{
	return str_new(facts->query->view ? "no pause holds it"
					  : "not known from the configuration alone");
}

static char *describe_stopped(const struct facts *facts)
{
	if (!facts->planned->person)
		return str_new("nobody answers in a room");
	return str_new(facts->query->view ? "\"stop\" was not answered"
					  : "not known from the configuration alone");
}

static char *describe_less(const struct facts *facts)
{
	if (!facts->planned->person)
		return str_new("nobody answers in a room");
	return str_new(facts->query->view ? "\"less\" does not leave it out"
					  : "not known from the configuration alone");
}

static char *describe_away(const struct facts *facts)
{
	const struct person *person = facts->planned->person;
	auto_free char *date = date_of(facts, facts->planned->fire_at);

	if (!person)
		return str_new("a room is never away");
	if (!person->n_away && !person->n_absence)
		return str_printf("no absence of %s is set", person->id);
	return str_printf("%s is not away on %s", person->id, date);
}

static char *describe_about_away(const struct facts *facts)
{
	const struct person *about = facts->planned->about;

	return about ? str_printf("%s, whom it is about, is not away", about->id)
		     : str_new("it is about nobody else");
}

static char *describe_hold_out(const struct facts *facts)
{
	int percent = facts->planned->reminder->hold_out;

	if (!percent)
		return str_new("nobody does without it to compare");
	return str_printf("not one of the %d %% who do without it this quarter", percent);
}

static char *describe_fade(const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	const struct fading *fading = &planned->reminder->fading;
	const struct view *view = facts->query->view;
	struct fade fade;
	int every;

	if (!fading->after || !planned->person)
		return str_new("it does not fade");
	if (!view || !view->faded)
		return str_new("not known from the configuration alone");
	every = resolver_every(view, planned->reminder, planned->person, &fade);
	if (every > 1)
		return str_printf("one of every %d goes since %d answer%s in a row, and this is it",
			every, fade.row, fade.row == 1 ? "" : "s");
	if (!view->faded(view->owner, planned->reminder, planned->person, &fade))
		return str_new("every one goes: nothing was asked yet");
	if (fade.last == FADE_ASKED)
		return str_new("every one goes: the last one has no answer");
	return str_printf("every one goes: %d answer%s in a row, and it thins out after %d",
		fade.row, fade.row == 1 ? "" : "s", fading->after);
}

static char *describe_declined(const struct facts *facts)
{
	const struct planned *planned = facts->planned;

	if (planned->reminder->pair)
		return str_printf("%s takes part in pairs", planned->person->id);
	if (planned->person && planned->about && planned->about->partner == planned->person)
		return str_printf(
			"%s is the partner of %s", planned->person->id, planned->about->id);
	return str_new("it asks nobody to be a partner");
}

static char *describe_pair(const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	int memory = planned->reminder->memory;

	if (!planned->about)
		return str_printf("nobody is left for %s this time: next time they come first",
			planned->person->id);
	if (planned->meets_again)
		return str_printf("with %s again: of those whom they did not meet in their last %d "
				  "rounds nobody is left",
			planned->about->id, memory);
	return str_printf("with %s, whom they did not meet in their last %d rounds",
		planned->about->id, memory);
}

static char *describe_turn(const struct facts *facts)
{
	const struct reminder *reminder = facts->planned->reminder;

	if (reminder->pair)
		return describe_pair(facts);
	if (reminder->turn)
		return str_printf("it is the turn of %s: of all who are there nobody has waited "
				  "longer",
			facts->planned->person->id);
	return str_new("it goes to all of its recipients");
}

static char *describe_limit(const struct facts *facts)
{
	int limit = facts->query->model->daily_limit;

	if (!facts->planned->person)
		return str_new("a room has no daily limit");
	if (!limit)
		return str_new("no daily limit is set");
	return str_printf("%zu planned that day, %d the limit", facts->day_planned, limit);
}

static char *describe_grace(const struct facts *facts)
{
	char span[SPAN_TEXT];

	span_write(facts->planned->reminder->grace_s, span);
	return str_printf("it may be sent up to %s late", span);
}

static char *describe_catch_up(const struct facts *facts)
{
	static const char *const words[] = {
		[CATCH_UP_LATEST] = "of several that were missed the last one stands for all",
		[CATCH_UP_NONE] = "what was missed is not sent any more",
		[CATCH_UP_ALL] = "all that were missed are sent",
	};

	return str_new(words[facts->planned->reminder->catch_up]);
}

static char *describe_channel(const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	const struct reminder *reminder = planned->reminder;
	cleanup(buf_free) struct buf out = BUF_MAX(4096);
	const struct channel *const *via;
	size_t n;

	if (!planned->person)
		return str_printf("to the room %s", planned->room->id);
	via = reminder->n_via ? reminder->via : planned->person->via;
	n = reminder->n_via ? reminder->n_via : planned->person->n_via;
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s",
			!i                         ? "by "
			: planned->person->via_all ? " and "
						   : ", else ",
			via[i]->id);
	return str_new(n ? buf_str(&out) : "no channel is set");
}

/* In the order in which they are asked. */
static char *(*const looked_at[RULE_IDS])(const struct facts *facts) = {
	[BY_GAP] = describe_gap,
	[BY_NOT_BEGUN] = describe_begun,
	[BY_HOLIDAY] = describe_holiday,
	[BY_DAY_OFF] = describe_day_off,
	[BY_HOURS] = describe_hours,
	[BY_QUIET] = describe_quiet,
	[BY_SUPERSEDED] = describe_superseded,
	[BY_PAUSE] = describe_pause,
	[BY_STOPPED] = describe_stopped,
	[BY_LESS] = describe_less,
	[BY_AWAY] = describe_away,
	[BY_ABOUT_AWAY] = describe_about_away,
	[BY_HOLD_OUT] = describe_hold_out,
	[BY_FADE] = describe_fade,
	[BY_DECLINED] = describe_declined,
	[BY_TURN] = describe_turn,
	[BY_LIMIT] = describe_limit,
	[BY_GRACE] = describe_grace,
	[BY_CATCH_UP] = describe_catch_up,
	[BY_NO_CHANNEL] = describe_channel,
};

/* ---- the walk ---- */

/* The place moved it before another rule decided: its words for that. */
static char *describe_move(const struct facts *facts)
{
	struct planned moved = *facts->planned;

	moved.rule = facts->slot.rule;
	moved.decision = facts->slot.decision;
	moved.send_at = facts->slot.send_at;
	moved.detail[0] = '\0';
	planned_describe(&moved);
	return str_new(moved.detail);
}

static void add_rule(json_t *steps, const struct facts *facts, enum rule_id rule)
{
	const struct planned *planned = facts->planned;
	const char *name = rule_id_names[rule];
	bool skipped = planned->decision == DECISION_SKIPPED;
	auto_free char *detail = NULL;

	if (rule == planned->rule) {
		explain_add_step(steps, name, "decides", planned->detail);
	} else if (skipped && rule > planned->rule) {
		explain_add_step(steps, name, "not reached", "");
	} else if (rule == facts->slot.rule && facts->slot.decision == DECISION_SHIFTED) {
		detail = describe_move(facts);
		explain_add_step(steps, name, "moves", detail);
	} else {
		detail = looked_at[rule](facts);
		explain_add_step(steps, name, "passes", detail);
	}
}

/* Where the words come from, and in which language; only of a reminder with a prompt pack. */
static void add_words(json_t *steps, const struct facts *facts)
{
	const struct planned *planned = facts->planned;
	const struct language *found, *asked;
	const struct prompt *prompt = compose_prompt(planned, &found);
	auto_free char *detail = NULL;

	if (!prompt)
		return;
	asked = reminder_language(planned->reminder, planned->person, planned->place);
	if (planned->decision == DECISION_SKIPPED)
		explain_add_step(steps, "words", "not reached", "");
	else if (!asked || asked == found)
		detail = str_printf("the prompt \"%s\" of \"%s\", in \"%s\"", prompt->id,
			planned->reminder->prompts->id, found->id);
	else
		detail = str_printf("the prompt \"%s\" of \"%s\", in \"%s\": it is not in \"%s\"",
			prompt->id, planned->reminder->prompts->id, found->id, asked->id);
	if (detail)
		explain_add_step(steps, "words", "passes", detail);
}

json_t *explain_steps(
	const struct explain_query *query, const struct planned *planned, size_t day_planned)
{
	struct facts facts = {query, planned, planned->place, .day_planned = day_planned};
	auto_free char *schedule = describe_schedule(&facts), *limits = describe_limits(&facts);
	json_t *steps = json_array();

	if (!resolver_next(planned->reminder, planned->place, planned->slot.utc - 1, &facts.slot) ||
		facts.slot.slot.local != planned->slot.local)
		facts.slot = (struct place_slot){.send_at = planned->send_at, .rule = BY_SCHEDULE};
	explain_add_step(steps, "schedule", "passes", schedule);
	explain_add_step(steps, "dates", "passes", limits);
	for (enum rule_id rule = BY_SCHEDULE + 1; rule < RULE_IDS; rule++)
		add_rule(steps, &facts, rule);
	add_words(steps, &facts);
	return steps;
}
