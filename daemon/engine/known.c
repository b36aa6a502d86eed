/* Begins, pauses and what is kept for people in hashes by name. Owns copies. The view it gives answers
 * the resolver in O(1) when nothing is paused, which is nearly always. */
#include "engine/known.h"
#include "base/str.h"
#include "engine/rounds.h"
#include "model/kept.h"
#include "port/store.h"

#include <stdio.h>
#include <uthash.h>

struct begin {
	char *what;
	int64_t at;
	UT_hash_handle hh;
};

struct pause {
	char *what;
	int64_t since_at, until_at;
	char *reason;
	UT_hash_handle hh;
};

struct faded {
	char *what; /* PERSON:REMINDER */
	struct fade fade;
	UT_hash_handle hh;
};

/* All of one person, in the order of names. */
struct keeper {
	char *person;
	struct kept_value {
		char *name, *value;
	} list[KEPT_NAMES_MAX];
	size_t count;
	struct focus foci[KEPT_FOCI]; /* as list says; without a skill: none */
	UT_hash_handle hh;
};

struct mark {
	char *name;
	UT_hash_handle hh;
};

struct known {
	struct keeper *keepers;
	struct mark *marks;
	struct begin *begins;
	struct faded *faded;
	struct pause *pauses;
	struct view view;
};

#define FADE "fade:"

enum { WHAT_MAX = 256 };

static const struct begin *find_begin(const struct known *known, const char *prefix, const char *id)
{
	char what[WHAT_MAX];
	size_t before = strlen(prefix), len = strlen(id);
	struct begin *begin;

	/* Asked twice for each message that is planned: no printf. */
	if (before + 1 + len > sizeof(what))
		return NULL;
	memcpy(what, prefix, before);
	what[before] = ':';
	memcpy(what + before + 1, id, len);
	HASH_FIND(hh, known->begins, what, before + 1 + len, begin);
	return begin;
}

int64_t known_person_begun(const struct known *known, const char *person)
{
	const struct begin *begin = find_begin(known, "person", person);

	return begin ? begin->at : TIME_NEVER;
}

static int64_t on_begun(void *owner, const struct reminder *reminder, const struct person *person)
{
	const struct begin *first = find_begin(owner, "reminder", reminder->id);
	const struct begin *second = person ? find_begin(owner, "person", person->id) : NULL;
	int64_t at = INT64_MIN;

	if (first)
		at = first->at;
	if (second)
		at = MAX_OF(at, second->at);
	return at;
}

static const struct pause *find_pause(
	const struct known *known, int64_t at, const char *prefix, const char *a, const char *b)
{
	char what[WHAT_MAX];
	struct pause *pause;

	snprintf(what, sizeof(what), "%s%s%s%s%s", prefix, a ? ":" : "", a ? a : "", b ? ":" : "",
		b ? b : "");
	HASH_FIND_STR(known->pauses, what, pause);
	return pause && at >= pause->since_at && at < pause->until_at ? pause : NULL;
}

static const struct pause *find_person_pause(const struct known *known,
	const struct reminder *reminder, const struct person *person, int64_t at, enum rule_id *ret)
{
	const struct pause *pause = find_pause(known, at, "person", person->id, NULL);

	for (size_t i = 0; !pause && i < person->n_teams; i++)
		pause = find_pause(known, at, "team", person->teams[i]->id, NULL);
	if (pause)
		return pause;
	*ret = BY_STOPPED;
	pause = find_pause(known, at, "stop", person->id, reminder->id);
	if (pause)
		return pause;
	*ret = BY_LESS;
	return find_pause(known, at, "less", person->id, reminder->id);
}

static const char *on_paused(void *owner, const struct reminder *reminder,
	const struct person *person, int64_t at, enum rule_id *ret_rule, int64_t *ret_since)
{
	const struct known *known = owner;
	const struct pause *pause;

	if (!known->pauses)
		return NULL;
	*ret_rule = BY_PAUSE;
	pause = find_pause(known, at, "all", NULL, NULL);
	if (!pause)
		pause = find_pause(known, at, "reminder", reminder->id, NULL);
	if (!pause && person)
		pause = find_person_pause(known, reminder, person, at, ret_rule);
	if (!pause)
		return NULL;
	*ret_since = pause->since_at;
	return pause->reason;
}

/* ---- what has faded ---- */

char *known_fade_name(const char *person, const char *reminder)
{
	return str_printf(FADE "%s:%s", person, reminder);
}

bool known_fade(
	const struct known *known, const char *person, const char *reminder, struct fade *ret)
{
	char what[WHAT_MAX];
	struct faded *faded;

	*ret = (struct fade){.asked = INT64_MIN, .last = FADE_PASSED};
	if (!known->faded)
		return false;
	snprintf(what, sizeof(what), "%s:%s", person, reminder);
	HASH_FIND_STR(known->faded, what, faded);
	if (faded)
		*ret = faded->fade;
	return faded != NULL;
}

size_t known_thinned(const struct known *known, const struct model *model)
{
	size_t count = 0;

	for (struct faded *faded = known->faded; faded; faded = faded->hh.next) {
		const struct reminder *reminder =
			model_reminder(model, strchr(faded->what, ':') + 1);

		count += reminder && fade_every(&reminder->fading, &faded->fade) > 1;
	}
	return count;
}

static bool on_faded(
	void *owner, const struct reminder *reminder, const struct person *person, struct fade *ret)
{
	return known_fade(owner, person->id, reminder->id, ret);
}

/* What cannot be read begins anew: every message is sent. */
static void put_fade(struct known *known, const char *what, const char *text)
{
	struct faded *faded;
	struct fade fade;

	if (!strchr(what, ':') || fade_read(text ? text : "", &fade) < 0)
		return;
	HASH_FIND_STR(known->faded, what, faded);
	if (!faded) {
		faded = mem_new(sizeof(*faded));
		faded->what = str_new(what);
		HASH_ADD_KEYPTR(hh, known->faded, faded->what, strlen(faded->what), faded);
	}
	faded->fade = fade;
}

static const char *on_kept(void *owner, const struct person *person, const char *name)
{
	return known_kept(owner, person->id, name);
}

static struct mark *find_mark(const struct known *known, const char *name)
{
	struct mark *mark;

	HASH_FIND_STR(known->marks, name, mark);
	return mark;
}

void known_mark(struct known *known, const char *name)
{
	struct mark *mark;

	if (find_mark(known, name))
		return;
	mark = mem_new(sizeof(*mark));
	mark->name = str_new(name);
	HASH_ADD_KEYPTR(hh, known->marks, mark->name, strlen(mark->name), mark);
}

void known_unmark(struct known *known, const char *name)
{
	struct mark *mark = find_mark(known, name);

	if (!mark)
		return;
	HASH_DEL(known->marks, mark);
	free(mark->name);
	free(mark);
}

/* Nobody is, nearly always: then it costs no hash. */
bool known_is_forgotten(const struct known *known, const char *person)
{
	char name[FORGOTTEN_NAME];

	if (!known->marks)
		return false;
	store_forgotten_name(person, name);
	return find_mark(known, name) != NULL;
}

static bool on_forgotten(void *owner, const struct person *person)
{
	return known_is_forgotten(owner, person->id);
}

static const struct focus *on_personal(void *owner, const struct person *person, int32_t date)
{
	return known_focus(owner, person->id, date);
}

struct known *known_new(void)
{
	struct known *known = mem_new(sizeof(*known));

	known->view = (struct view){.owner = known,
		.begun = on_begun,
		.paused = on_paused,
		.faded = on_faded,
		.kept = on_kept,
		.forgotten = on_forgotten,
		.personal = on_personal};
	known->view.rounds = rounds_new(&known->view);
	return known;
}

static void pause_free(struct known *known, struct pause *pause)
{
	HASH_DEL(known->pauses, pause);
	free(pause->what);
	free(pause->reason);
	free(pause);
}

static void keeper_free(struct known *known, struct keeper *keeper)
{
	HASH_DEL(known->keepers, keeper);
	for (size_t i = 0; i < keeper->count; i++) {
		free(keeper->list[i].name);
		free(keeper->list[i].value);
	}
	for (int i = 0; i < KEPT_FOCI; i++)
		focus_clear(&keeper->foci[i]);
	free(keeper->person);
	free(keeper);
}

static void faded_free(struct known *known, struct faded *faded)
{
	HASH_DEL(known->faded, faded);
	free(faded->what);
	free(faded);
}

static void begin_free(struct known *known, struct begin *begin)
{
	HASH_DEL(known->begins, begin);
	free(begin->what);
	free(begin);
}

void known_free(struct known *known)
{
	struct keeper *keeper, *next_keeper;
	struct begin *begin, *next_begin;
	struct pause *pause, *next_pause;
	struct faded *faded, *next_faded;

	if (!known)
		return;
	HASH_ITER(hh, known->keepers, keeper, next_keeper)
		keeper_free(known, keeper);
	HASH_ITER(hh, known->begins, begin, next_begin)
		begin_free(known, begin);
	HASH_ITER(hh, known->pauses, pause, next_pause)
		pause_free(known, pause);
	HASH_ITER(hh, known->faded, faded, next_faded)
		faded_free(known, faded);
	rounds_free(known->view.rounds);
	while (known->marks)
		known_unmark(known, known->marks->name);
	free(known);
}

const struct view *known_view(const struct known *known)
{
	return &known->view;
}

void known_begin(struct known *known, const char *what, int64_t at)
{
	struct begin *begin;

	HASH_FIND_STR(known->begins, what, begin);
	if (begin)
		return;
	begin = mem_new(sizeof(*begin));
	begin->what = str_new(what);
	begin->at = at;
	HASH_ADD_KEYPTR(hh, known->begins, begin->what, strlen(begin->what), begin);
}

void known_begin_by(struct known *known, int64_t now_at, struct change *change)
{
	for (struct begin *begin = known->begins; begin; begin = begin->hh.next) {
		if (begin->at <= now_at)
			continue;
		begin->at = now_at;
		change_begin(change, begin->what, now_at);
	}
}

static void accept_one(struct known *known, const char *prefix, const char *id, int64_t now_at,
	struct change *change)
{
	auto_free char *what = NULL;

	if (find_begin(known, prefix, id))
		return;
	what = str_printf("%s:%s", prefix, id);
	known_begin(known, what, now_at);
	change_begin(change, what, now_at);
}

void known_accept(
	struct known *known, const struct model *model, int64_t now_at, struct change *change)
{
	for (size_t i = 0; i < model->n_reminders; i++)
		accept_one(known, "reminder", model->reminders[i]->id, now_at, change);
	for (size_t i = 0; i < model->n_people; i++)
		if (!known_is_forgotten(known, model->people[i]->id))
			accept_one(known, "person", model->people[i]->id, now_at, change);
}

void known_pause(struct known *known, const char *what, int64_t since_at, int64_t until_at,
	const char *reason)
{
	struct pause *pause;

	if (str_starts(what, FADE)) {
		put_fade(known, what + strlen(FADE), reason);
		return;
	}
	known_resume(known, what);
	rounds_forget(known->view.rounds);
	pause = mem_new(sizeof(*pause));
	*pause = (struct pause){.what = str_new(what),
		.since_at = since_at,
		.until_at = until_at,
		.reason = str_new(reason ? reason : "")};
	HASH_ADD_KEYPTR(hh, known->pauses, pause->what, strlen(pause->what), pause);
}

bool known_resume(struct known *known, const char *what)
{
	struct pause *pause;

	HASH_FIND_STR(known->pauses, what, pause);
	if (pause)
		pause_free(known, pause);
	rounds_forget(known->view.rounds);
	return pause != NULL;
}

bool known_pauses(const struct known *known)
{
	return known->pauses != NULL;
}

static struct pause_status status_of(const struct pause *pause)
{
	return (struct pause_status){.what = pause->what,
		.reason = pause->reason,
		.since_at = pause->since_at,
		.until_at = pause->until_at};
}

bool known_find_pause(const struct known *known, const char *what, struct pause_status *ret)
{
	const struct pause *pause;

	HASH_FIND_STR(known->pauses, what, pause);
	if (pause)
		*ret = status_of(pause);
	return pause != NULL;
}

bool known_next_pause(const struct known *known, const char *after, struct pause_status *ret)
{
	const struct pause *pause = known->pauses;

	if (after) {
		HASH_FIND_STR(known->pauses, after, pause);
		pause = pause ? pause->hh.next : NULL;
	}
	if (pause)
		*ret = status_of(pause);
	return pause != NULL;
}

/* ---- what is kept ---- */

static struct keeper *find_keeper(const struct known *known, const char *person)
{
	struct keeper *keeper;

	HASH_FIND_STR(known->keepers, person, keeper);
	return keeper;
}

/* The place of a name, or where it would stand. */
static size_t keeper_place(const struct keeper *keeper, const char *name)
{
	size_t at = 0;

	while (at < keeper->count && strcmp(keeper->list[at].name, name) < 0)
		at++;
	return at;
}

static struct kept_value *find_kept(struct keeper *keeper, const char *name)
{
	size_t at = keeper ? keeper_place(keeper, name) : 0;

	return keeper && at < keeper->count && str_eq(keeper->list[at].name, name)
		       ? &keeper->list[at]
		       : NULL;
}

const char *known_kept(const struct known *known, const char *person, const char *name)
{
	const struct kept_value *found = find_kept(find_keeper(known, person), name);

	return found ? found->value : NULL;
}

bool known_kept_at(const struct known *known, const char *person, size_t index,
	const char **ret_name, const char **ret_value)
{
	const struct keeper *keeper = find_keeper(known, person);

	if (!keeper || index >= keeper->count)
		return false;
	*ret_name = keeper->list[index].name;
	*ret_value = keeper->list[index].value;
	return true;
}

bool known_can_keep(const struct known *known, const char *person, const char *name)
{
	struct keeper *keeper = find_keeper(known, person);

	return !keeper || keeper->count < KEPT_NAMES_MAX || find_kept(keeper, name);
}

/* After the value of a name has changed; NULL: it is gone. */
static void read_focus(struct keeper *keeper, const char *name, const char *value)
{
	int number = kept_focus_number(name);
	struct focus *focus = &keeper->foci[MAX_OF(number - 1, 0)];
	auto_free char *why = NULL;

	if (!number)
		return;
	focus_clear(focus);
	*focus = (struct focus){.skill = NULL};
	if (value && focus_parse(value, focus, &why) < 0)
		focus->skill = NULL;
}

const struct focus *known_focus(const struct known *known, const char *person, int32_t date)
{
	const struct keeper *keeper = find_keeper(known, person);

	for (int i = 0; keeper && i < KEPT_FOCI; i++)
		if (keeper->foci[i].skill && focus_covers(&keeper->foci[i], date))
			return &keeper->foci[i];
	return NULL;
}

static void remove_kept(struct known *known, const char *person, const char *name)
{
	struct keeper *keeper = find_keeper(known, person);
	struct kept_value *found = find_kept(keeper, name);

	if (!found)
		return;
	read_focus(keeper, name, NULL);
	free(found->name);
	free(found->value);
	keeper->count--;
	memmove(found, found + 1, (size_t)(&keeper->list[keeper->count] - found) * sizeof(*found));
	if (!keeper->count)
		keeper_free(known, keeper);
}

static struct keeper *keeper_of(struct known *known, const char *person)
{
	struct keeper *keeper = find_keeper(known, person);

	if (keeper)
		return keeper;
	keeper = mem_new(sizeof(*keeper));
	keeper->person = str_new(person);
	HASH_ADD_KEYPTR(hh, known->keepers, keeper->person, strlen(keeper->person), keeper);
	return keeper;
}

static void put_kept(struct keeper *keeper, const char *name, const char *value)
{
	struct kept_value *found = find_kept(keeper, name);
	size_t at = keeper_place(keeper, name);

	read_focus(keeper, name, value);
	if (found) {
		free(found->value);
		found->value = str_new(value);
		return;
	}
	memmove(&keeper->list[at + 1], &keeper->list[at],
		(keeper->count - at) * sizeof(keeper->list[0]));
	keeper->list[at] = (struct kept_value){str_new(name), str_new(value)};
	keeper->count++;
}

void known_keep(struct known *known, const char *person, const char *name, const char *value)
{
	auto_free char *why = value ? kept_why_not(name, value) : NULL;

	if (!value)
		remove_kept(known, person, name);
	else if (!why && known_can_keep(known, person, name))
		put_kept(keeper_of(known, person), name, value);
	/* Who takes part; of all else, rounds know or need nothing. */
	if (str_eq(name, "pair"))
		rounds_forget(known->view.rounds);
}

/* What the person chooses finds room beside what is noted of them. */
static bool can_note(const struct known *known, const char *person, const char *name)
{
	enum { CHOICES = 16 };
	struct keeper *keeper = find_keeper(known, person);

	return !keeper || keeper->count < KEPT_NAMES_MAX - CHOICES || find_kept(keeper, name);
}

static void drop_old_notes(
	struct known *known, const struct model *model, struct change *change, const char *person)
{
	const char *name, *value;

	for (size_t i = 0; known_kept_at(known, person, i, &name, &value);) {
		const char *reminder = kept_note_of(name);

		if (!reminder || model_reminder(model, reminder)) {
			i++;
			continue;
		}
		change_keep(change, person, name, NULL);
		remove_kept(known, person, name);
	}
}

void known_note(struct known *known, const struct model *model, struct change *change,
	const char *person, const char *name, const char *value)
{
	if (!can_note(known, person, name))
		drop_old_notes(known, model, change, person);
	if (!can_note(known, person, name))
		return;
	known_keep(known, person, name, value);
	change_keep(change, person, name, value);
}

/* ---- a person who is forgotten ---- */

void known_forget(struct known *known, const char *person)
{
	struct keeper *keeper = find_keeper(known, person);
	struct begin *begin, *next_begin;
	struct pause *pause, *next_pause;
	struct faded *faded, *next_faded;
	auto_free char *prefix = str_printf("%s:", person);

	rounds_forget(known->view.rounds);
	if (keeper)
		keeper_free(known, keeper);
	HASH_ITER(hh, known->begins, begin, next_begin) {
		if (note_is_of(begin->what, person))
			begin_free(known, begin);
	}
	HASH_ITER(hh, known->pauses, pause, next_pause) {
		if (note_is_of(pause->what, person))
			pause_free(known, pause);
	}
	HASH_ITER(hh, known->faded, faded, next_faded) {
		if (str_starts(faded->what, prefix))
			faded_free(known, faded);
	}
}

int64_t known_delivery_paused_until(const struct known *known, const struct delivery *delivery,
	const struct person *person, int64_t at)
{
	const struct pause *pause;
	int64_t until = TIME_NEVER;

	pause = find_pause(known, at, "all", NULL, NULL);
	if (!pause && person)
		pause = find_pause(known, at, "person", person->id, NULL);
	for (size_t i = 0; !pause && person && i < person->n_teams; i++)
		pause = find_pause(known, at, "team", person->teams[i]->id, NULL);
	if (pause)
		return pause->until_at;
	for (size_t i = 0; i < delivery->count; i++) {
		pause = find_pause(known, at, "reminder", delivery->items[i]->key.reminder, NULL);
		if (!pause)
			return 0;
		until = MIN_OF(until, pause->until_at);
	}
	return delivery->count ? until : 0;
}

int64_t known_channel_paused_until(const struct known *known, const char *channel)
{
	char what[WHAT_MAX];
	struct pause *pause;

	if (!known->pauses)
		return 0;
	snprintf(what, sizeof(what), "channel:%s", channel);
	HASH_FIND_STR(known->pauses, what, pause);
	return pause ? pause->until_at : 0;
}
