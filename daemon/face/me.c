/* What a person's own page shows, from the model and the resolver: the same decisions as the preview
 * and the live run. Bounded in time as in number: somebody with ten thousand reminders holds the loop
 * up no longer than anybody else. Never reads the store. */
#include "face/me.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/compose.h"
#include "port/store.h"

enum { COMING_DAYS = 14, COMING_MS = 20 };

struct gathering {
	struct me *me;
	const struct view *view;
	struct clock *clock;
	int64_t until_mono;
};

static bool on_coming(void *owner, const struct planned *planned)
{
	const struct gathering *gathering = owner;
	struct me *me = gathering->me;
	struct me_coming *coming = &me->coming[me->n_coming];
	auto_free char *text = NULL;

	if (planned->send_at <= me->now_at)
		return true;
	if (me->n_coming == ME_COMING || clock_mono(gathering->clock) > gathering->until_mono) {
		me->coming_cut = true;
		return false;
	}
	*coming = (struct me_coming){.at = planned->send_at,
		.reminder = planned->reminder->id,
		.moved = planned->decision == DECISION_SHIFTED,
		.merged = planned->decision == DECISION_MERGED};
	compose_personal(planned, gathering->view, NULL, &coming->title, &text);
	me->n_coming++;
	return true;
}

static void gather_coming(struct me *me, const struct engine *engine)
{
	struct clock *clock = engine_clock(engine);
	struct gathering gathering = {
		me, engine_view(engine), clock, clock_mono(clock) + COMING_MS};
	struct preview_query query = {.person = me->person, .terse = true};

	query.from = local_date(zone_to_local(me->person->place->zone, me->now_at / 1000, NULL));
	query.to = query.from + COMING_DAYS - 1;
	resolver_preview(engine_model(engine), engine_view(engine), &query, on_coming, &gathering);
}

static enum answer pace_of(
	const struct engine *engine, const struct person *person, const struct reminder *reminder)
{
	auto_free char *stop = str_printf("stop:%s:%s", person->id, reminder->id);
	auto_free char *less = str_printf("less:%s:%s", person->id, reminder->id);
	struct pause_status pause;

	return engine_find_pause(engine, stop, &pause)   ? ANSWER_STOP
	       : engine_find_pause(engine, less, &pause) ? ANSWER_LESS
							 : ANSWER_NONE;
}

static void gather_reminders(struct me *me, const struct engine *engine)
{
	const struct model *model = engine_model(engine);

	for (size_t i = 0; i < model->n_reminders; i++) {
		const struct reminder *reminder = model->reminders[i];
		size_t pairs;

		reminder_pairs_of(reminder, me->person, &pairs);
		if (!pairs)
			continue;
		if (me->n_reminders == ME_REMINDERS) {
			me->reminders_cut = true;
			return;
		}
		me->reminders[me->n_reminders++] =
			(struct me_reminder){reminder, pace_of(engine, me->person, reminder)};
	}
}

/* Practice alone is counted: other kinds ask for nothing that is practised. */
static bool is_practice(const struct fact *fact)
{
	return str_eq(fact->kind, kind_names[KIND_PRACTICE]);
}

void me_count_progress(
	const struct fact *facts, size_t count, int32_t today, struct me_progress *ret)
{
	auto_free struct practice_fact *list = mem_new_array(count, sizeof(*list));
	size_t n = 0;

	*ret = (struct me_progress){
		.today = today, .first = today - date_weekday(today) - (ME_WEEKS - 1) * 7};
	for (size_t i = 0; i < count; i++) {
		int32_t date = local_date(facts[i].local);
		bool asked = facts[i].state != OCCURRENCE_SKIPPED;
		struct me_day *day =
			date >= ret->first && date <= today ? &ret->days[date - ret->first] : NULL;

		if (!is_practice(&facts[i]))
			continue;
		list[n++] = (struct practice_fact){date, asked, facts[i].answer};
		if (day) {
			day->asked += asked;
			day->practised +=
				facts[i].answer == ANSWER_DONE || facts[i].answer == ANSWER_STUCK;
		}
	}
	practice_count(list, n, today, PRACTICE_WINDOW, &ret->practice);
}

static void gather_kept(struct me *me, const struct engine *engine)
{
	const char *id = me->person->id;
	char name[KEPT_NAME];

	me->kept_celebrate = engine_kept(engine, id, "celebrate");
	me->kept_plateau = engine_kept(engine, id, "plateau");
	me->kept_pair = engine_kept(engine, id, "pair");
	me->kept_partner = engine_kept(engine, id, "partner");
	for (int i = 0; i < KEPT_FOCI; i++) {
		kept_focus_name(i + 1, name);
		me->foci[i] = engine_kept(engine, id, name);
	}
}

void me_gather(struct me *me, const struct engine *engine)
{
	auto_free char *what = str_printf("person:%s", me->person->id);
	struct pause_status pause;

	me->now_at = clock_now(engine_clock(engine));
	if (engine_find_pause(engine, what, &pause) && pause.until_at > me->now_at) {
		me->paused = true;
		me->pause_is_own = str_eq(pause.reason, ME_PAUSE_REASON);
		me->pause_until_at = pause.until_at;
	}
	readers_of(engine, me->person->id, &me->readers);
	gather_coming(me, engine);
	gather_reminders(me, engine);
	gather_kept(me, engine);
}

void me_clear(struct me *me)
{
	for (size_t i = 0; i < me->n_coming; i++)
		free(me->coming[i].title);
	readers_clear(&me->readers);
}
