/* The words of digests, from what was read. Nobody is named for silence, an answer is quoted only to
 * whom it was meant for, and a team's number is told only when nobody can be read out of it. */
#include "base/buf.h"
#include "base/str.h"
#include "engine/compose.h"
#include "engine/digest_internal.h"
#include "model/kept.h"

enum {
	TEXT_MAX = 16000,
	BAR_WIDTH = 20,
	WEEK_DAYS = 7,
	WEEK_SLOTS_MOST = 400, /* of one reminder */
	WEEK_LINES = 12,
	WORDS_LINES = 12,
	WORDS_MOST = 280,
	NAMELESS_LEAST = 3, /* people, before their total is told */
};

/* ---- small ones ---- */

/* [########            ] */
static void add_bar(struct buf *out, int percent)
{
	int full = percent * BAR_WIDTH / 100;

	buf_add_char(out, '[');
	for (int i = 0; i < BAR_WIDTH; i++)
		buf_add_char(out, i < full ? '#' : '.');
	buf_printf(out, "] %d %%", percent);
}

static const char *plural(int count)
{
	return count == 1 ? "" : "s";
}

static int32_t date_of(const struct planned *planned)
{
	const struct place *place = planned->person ? planned->person->place : planned->place;

	return local_date(zone_to_local(place->zone, planned->send_at / 1000, NULL));
}

/* A paragraph of its own. */
static void begin_part(struct buf *out, const char *title)
{
	if (out->len)
		buf_add_str(out, "\n\n");
	buf_add_str(out, title);
}

/* In one line, and no longer than is read. */
static void add_words(struct buf *out, const char *words)
{
	size_t len = strlen(words), cut = str_utf8_cut(words, len, WORDS_MOST);

	for (size_t i = 0; i < cut; i++)
		buf_add_char(out, (unsigned char)words[i] < 0x20 ? ' ' : words[i]);
	if (cut < len)
		buf_add_str(out, "...");
}

/* The practice of a member, of days in (today - days, today]. */
static void count_member(const struct member *member, int32_t today, int days, struct practice *ret)
{
	struct practice_fact *facts =
		mem_new_array(MAX_OF(member->count, (size_t)1), sizeof(*facts));
	size_t n = 0;

	for (size_t i = 0; i < member->count; i++)
		if (member->list[i].practice)
			facts[n++] = (struct practice_fact){member->list[i].date,
				member->list[i].asked, member->list[i].answer};
	practice_count(facts, n, today, days, ret);
	free(facts);
}

/* ---- words that were shared ---- */

static bool knows(const struct person *reader, const struct person *writer)
{
	return writer->partner == reader || writer->mentor == reader || writer->manager == reader;
}

static bool may_read(const struct person *reader, const struct person *writer, enum share share)
{
	return (share == SHARE_PARTNER && writer->partner == reader) ||
	       (share == SHARE_MENTOR && writer->mentor == reader) ||
	       (share == SHARE_MANAGER && writer->manager == reader);
}

/* What was said in the last week; reader NULL: what is for the team. */
static void add_shared(struct buf *out, const struct digest *digest, const struct person *reader,
	const struct team *team, int32_t today, const char *title)
{
	int lines = 0;

	for (const struct member *m = digest->members; m; m = m->hh.next) {
		if (team ? !person_in_team(m->person, team) : !knows(reader, m->person))
			continue;
		for (size_t i = 0; i < m->count && lines < WORDS_LINES; i++) {
			const struct said *said = &m->list[i];
			bool meant = team ? said->share == SHARE_TEAM
					  : may_read(reader, m->person, said->share);

			if (!meant || str_empty(said->words) || said->date <= today - WEEK_DAYS)
				continue;
			if (lines++ == 0)
				begin_part(out, title);
			buf_printf(out, "\n- %s: ", m->person->name);
			add_words(out, said->words);
		}
	}
}

/* To the person alone: not where others read. */
static void add_shared_with(
	struct buf *out, const struct digest *digest, const struct planned *planned, int32_t today)
{
	if (!compose_reaches_others(planned))
		add_shared(out, digest, planned->person, NULL, today, "Shared with you this week:");
}

/* ---- the coming week ---- */

static int by_send_time(const void *a, const void *b)
{
	const struct place_slot *x = a, *y = b;

	if (x->send_at != y->send_at)
		return x->send_at < y->send_at ? -1 : 1;
	return (x->reminder->index > y->reminder->index) -
	       (x->reminder->index < y->reminder->index);
}

static void look_out(
	const struct digest *digest, const struct place *place, struct outlook *outlook)
{
	int64_t until = digest->now_at + WEEK_DAYS * DAY_S * 1000;
	const struct model *model = digest->model;

	outlook->known = true;
	for (size_t i = 0; i < model->n_reminders; i++) {
		const struct reminder *reminder = model->reminders[i];
		struct place_slot slot;
		bool more = reminder->n_pairs && !reminder->digest &&
			    resolver_first(reminder, place, digest->now_at, &slot);

		for (int n = 0; more && slot.send_at < until && n < WEEK_SLOTS_MOST; n++) {
			ARRAY_GROW(outlook->slots, outlook->count, outlook->capacity);
			outlook->slots[outlook->count++] = slot;
			more = resolver_follow(&slot, &slot);
		}
	}
	if (outlook->count)
		qsort(outlook->slots, outlook->count, sizeof(*outlook->slots), by_send_time);
}

/* How many slots from one on are of its date. */
static size_t slots_of_date(const struct outlook *outlook, size_t from)
{
	const struct zone *zone = outlook->slots[from].place->zone;
	int32_t date = local_date(zone_to_local(zone, outlook->slots[from].send_at / 1000, NULL));
	size_t n = 1;

	while (from + n < outlook->count &&
		local_date(zone_to_local(zone, outlook->slots[from + n].send_at / 1000, NULL)) ==
			date)
		n++;
	return n;
}

/* "Mon 23 Nov" would need months: the date as everywhere. */
static void add_coming(struct buf *out, const struct planned *planned, bool about_only)
{
	auto_free char *title = NULL, *text = NULL;
	int64_t local = zone_to_local(planned->place->zone, planned->send_at / 1000, NULL);
	char when[CIVIL_TEXT];

	local_write(local, when);
	when[16] = 0;
	when[10] = ' ';
	compose_message(planned, NULL, &title, &text);
	buf_printf(out, "\n- %s %s  %s", weekday_names[date_weekday(local_date(local))], when,
		*title ? title : planned->reminder->id);
	if (planned->about)
		buf_printf(out, " (%s)", planned->about->name);
	if (!about_only || !planned->about)
		return;
	{
		const struct focus *focus = person_focus(planned->about, local_date(local));

		if (focus)
			buf_printf(out, ", who works on %s", focus->skill);
	}
}

/* Of a person; about_only: what asks them about somebody. */
static void add_week(struct buf *out, const struct digest *digest, const struct person *person,
	bool about_only, const char *title)
{
	struct outlook *outlook = &digest->outlooks[person->place->index];
	const struct budget budget = {.limit = digest->model->daily_limit};
	cleanup(plan_free) struct plan plan = {.terse = true};
	int lines = 0, left = 0;

	if (!outlook->known)
		look_out(digest, person->place, outlook);
	for (size_t i = 0, n; i < outlook->count; i += n) {
		n = slots_of_date(outlook, i);
		resolver_plan_person(
			digest->model, person, outlook->slots + i, n, digest->view, &budget, &plan);
	}
	for (size_t i = 0; i < plan.count; i++) {
		const struct planned *planned = &plan.list[i];

		if (planned->decision == DECISION_SKIPPED || (about_only && !planned->about))
			continue;
		if (lines == WEEK_LINES) {
			left++;
			continue;
		}
		if (lines++ == 0)
			begin_part(out, title);
		add_coming(out, planned, about_only);
	}
	if (left)
		buf_printf(out, "\n- and %d more", left);
}

/* ---- one's own ---- */

static int practised_in_all(const struct digest *digest, const struct person *person, int seen)
{
	const struct view *view = digest->view;
	const char *kept = view->kept ? view->kept(view->owner, person, KEPT_PRACTISED) : NULL;
	int64_t number;

	if (!kept || str_to_int64(kept, &number) < 0)
		return seen;
	return (int)MIN_OF(MAX_OF(number, seen), INT32_MAX);
}

static void add_streak(struct buf *out, const struct practice *practice)
{
	if (practice->streak)
		buf_printf(out, "\nDays of practice in a row: %d%s.", practice->streak,
			practice->streak == practice->longest && practice->streak > 1
				? ", more than ever in this time"
				: "");
	if (practice->mendable)
		buf_add_str(out, " One day is missing; the next practice mends it.");
}

static void write_own(const struct digest *digest, const struct planned *planned, struct buf *out)
{
	const struct member *member = digest_member(digest, planned->person);
	int32_t today = date_of(planned);
	struct practice practice;
	int all;

	count_member(member, today, DIGEST_DAYS, &practice);
	all = practised_in_all(digest, planned->person, practice.practices);
	if (practice.rate < 0)
		buf_add_str(out, "Nothing was asked of you in the last four weeks.");
	else
		buf_printf(out, "Practised in the last four weeks: %d of %d time%s%s.",
			practice.done + practice.stuck, practice.asked - practice.skipped,
			plural(practice.asked - practice.skipped),
			practice.stuck ? ", and being stuck counts" : "");
	add_streak(out, &practice);
	if (all) {
		buf_printf(out, "\nPractised in all: %d time%s. This way has no end:\n", all,
			plural(all));
		add_bar(out, practice_curve(all));
	}
	add_shared_with(out, digest, planned, today);
	add_week(out, digest, planned->person, false, "The coming week:");
}

/* ---- a team's ---- */

struct total {
	int practised, before; /* this week, and the one before */
	int people;            /* who practised this week */
};

static struct total total_of(const struct digest *digest, const struct team *team, int32_t today)
{
	struct total total = {0};

	for (const struct member *m = digest->members; m; m = m->hh.next) {
		struct practice week, two_weeks;

		if (!person_in_team(m->person, team))
			continue;
		count_member(m, today, DIGEST_TEAM_DAYS, &week);
		count_member(m, today, 2 * DIGEST_TEAM_DAYS, &two_weeks);
		total.practised += week.done + week.stuck;
		total.people += week.done + week.stuck > 0;
		total.before += two_weeks.done + two_weeks.stuck - week.done - week.stuck;
	}
	return total;
}

static void write_team(const struct digest *digest, const struct planned *planned, struct buf *out)
{
	const struct team *team = planned->reminder->digest_team;
	int32_t today = date_of(planned);
	struct total total = total_of(digest, team, today);

	if (total.people < NAMELESS_LEAST)
		buf_printf(out,
			"This week fewer than %d people of %s practised: with so few, no number "
			"is told.",
			NAMELESS_LEAST, team->id);
	else
		buf_printf(out, "Together %s practised %d times this week; the week before %d.",
			team->id, total.practised, total.before);
	/* What is said to a team is for whoever is in it, and for its room. */
	if (!planned->person ||
		(person_in_team(planned->person, team) && !compose_reaches_others(planned)))
		add_shared(out, digest, NULL, team, today, "Shared with the team:");
}

/* ---- a manager's ---- */

/* Who agreed that a plateau may be told to the manager. */
static bool tells_plateau(const struct digest *digest, const struct person *person)
{
	const struct view *view = digest->view;

	return view->kept && str_eq(view->kept(view->owner, person, KEPT_PLATEAU), "yes");
}

static void add_plateaus(
	struct buf *out, const struct digest *digest, const struct person *manager, int32_t today)
{
	for (const struct member *m = digest->members; m; m = m->hh.next) {
		struct practice practice;

		if (m->person->manager != manager || !tells_plateau(digest, m->person))
			continue;
		count_member(m, today, DIGEST_DAYS, &practice);
		if (practice.plateau == PLATEAU_NONE)
			continue;
		begin_part(out, "");
		buf_printf(out,
			"%s may be ready for something new: ask what they would like to "
			"learn next.",
			m->person->name);
	}
}

static void write_reports(
	const struct digest *digest, const struct planned *planned, struct buf *out)
{
	int32_t today = date_of(planned);

	add_week(out, digest, planned->person, true, "Talks in the coming week:");
	if (!out->len)
		buf_add_str(out, "No talk about anybody is due in the coming week.");
	if (!compose_reaches_others(planned))
		add_plateaus(out, digest, planned->person, today);
	add_shared_with(out, digest, planned, today);
}

char *digest_write(struct digest *digest, const struct planned *planned)
{
	struct buf out = BUF_MAX(TEXT_MAX);

	assert(!digest->reading);
	if (planned->reminder->digest == DIGEST_TEAM)
		write_team(digest, planned, &out);
	else if (planned->reminder->digest == DIGEST_PROGRAMME)
		digest_write_programme(digest, date_of(planned), &out);
	else if (planned->person && planned->reminder->digest == DIGEST_OWN)
		write_own(digest, planned, &out);
	else if (planned->person && planned->reminder->digest == DIGEST_REPORTS)
		write_reports(digest, planned, &out);
	return buf_take(&out);
}
