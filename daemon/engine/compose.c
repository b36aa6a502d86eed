/* Words for a decision. Owns nothing; pure: the same decision gives the same words, so that
 * preview, test and delivery agree. */
#include "engine/compose.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/wording.h"

enum { TITLE_MAX = 400 };

/* What stands where a digest will be: its figures are read when it is sent. */
static const char *const unread[] = {
	[DIGEST_OWN] = "(your practice, as it is when this is sent)",
	[DIGEST_TEAM] = "(what the team practised, as it is when this is sent)",
	[DIGEST_REPORTS] = "(talks that are due then)",
	[DIGEST_PROGRAMME] = "(how each reminder fares, as it is when this is sent)",
};

#define ALONE_TITLE "Nobody to meet this time"
#define ALONE_TEXT                                                                                 \
	"Everybody else has somebody already, or works at other hours. Next time you are the "     \
	"first to get somebody."

struct words {
	const char *values[TEMPLATE_NAMES];
	char date[CIVIL_TEXT], time[CIVIL_TEXT];
	char *prompt, *parts[4]; /* rendered prompt: whole, title, cue, act, question */
};

static void set_focus(struct words *words, const struct focus *focus)
{
	if (!focus)
		return;
	words->values[NAME_FOCUS] = focus->skill;
	words->values[NAME_FOCUS_SKILL] = focus->skill;
	words->values[NAME_FOCUS_WHY] = focus->why;
	words->values[NAME_FOCUS_GOAL] = focus->goal;
	words->values[NAME_FOCUS_CUE] = focus->cue;
	words->values[NAME_FOCUS_ACT] = focus->act;
	words->values[NAME_FOCUS_MEASURE] = focus->measure;
}

/* Objectives take turns: each slot has the next one. */
static void set_role(
	struct words *words, const struct planned *planned, const struct person *subject)
{
	const struct role *role = subject->role;
	uint64_t turn;

	if (!role)
		return;
	words->values[NAME_ROLE] = words->values[NAME_ROLE_NAME] = role->name;
	if (!role->n_objectives)
		return;
	turn = HASH_OF(planned->reminder->id, subject->id) +
	       resolver_ordinal(planned->reminder, planned->place, &planned->slot);
	words->values[NAME_ROLE_OBJECTIVE] = role->objectives[turn % role->n_objectives];
}

/* The local time of the slot where its recipient is. */
static void set_due(struct words *words, const struct planned *planned)
{
	const struct place *place = planned->person ? planned->person->place : planned->place;
	int64_t local = zone_to_local(place->zone, planned->due_at / 1000, NULL);

	date_write(local_date(local), words->date);
	local_write(local, words->time);
	memmove(words->time, words->time + strlen(words->time) - 8, 5);
	words->time[5] = 0;
	words->values[NAME_DUE_DATE] = words->date;
	words->values[NAME_DUE_TIME] = words->time;
}

static char *render(const struct template *template, const char *const *values)
{
	struct buf text = BUF_MAX(RENDERED_MAX);

	if (!template)
		return NULL;
	template_render(template, values, &text);
	return buf_take(&text);
}

const struct prompt *compose_prompt(
	const struct planned *planned, const struct language **ret_language)
{
	const struct reminder *reminder = planned->reminder;
	const char *who = planned->person ? planned->person->id : planned->room->id;
	size_t place;

	if (!reminder->prompts)
		return NULL;
	place = prompt_pick(reminder->prompts,
		HASH_OF(reminder->id, who, planned->about ? planned->about->id : ""),
		wording_number(planned));
	return prompt_in(reminder->prompts, place,
		reminder_language(reminder, planned->person, planned->place), ret_language);
}

static void set_prompt(struct words *words, const struct prompt *prompt)
{
	static const enum template_name names[] = {
		NAME_PROMPT_TITLE, NAME_PROMPT_CUE, NAME_PROMPT_ACT, NAME_PROMPT_QUESTION};
	const struct template *templates[] = {
		prompt->title, prompt->cue, prompt->act, prompt->question};
	struct buf whole = BUF_MAX(RENDERED_MAX);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		words->values[names[i]] = words->parts[i] = render(templates[i], words->values);
	prompt_render(prompt, words->values, &whole);
	words->values[NAME_PROMPT] = words->prompt = buf_take(&whole);
}

/* One line, without control characters, cut between code points. */
static char *clean_title(char *title)
{
	size_t len;

	for (char *c = title; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = ' ';
	len = strlen(title);
	title[str_utf8_cut(title, len, TITLE_MAX)] = 0;
	return title;
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		text[--len] = 0;
}

/* Whom no pair was left for is told so: in the reminder's own words where it has them. */
static void choose_alone(const struct reminder *reminder, const struct words *words,
	char **ret_title, char **ret_text)
{
	const struct template *title = reminder->title, *text = reminder->text;

	*ret_title = title && template_minds(title, NAME_ABOUT) ? render(title, words->values)
								: str_new(ALONE_TITLE);
	*ret_text = text && template_minds(text, NAME_ABOUT) ? render(text, words->values)
							     : str_new(ALONE_TEXT);
}

/* What the reminder says, else what its prompt says, else its id. */
static void choose(const struct reminder *reminder, const struct words *words, char **ret_title,
	char **ret_text)
{
	*ret_title = render(reminder->title, words->values);
	*ret_text = render(reminder->text, words->values);
	if (!*ret_title)
		*ret_title = str_new(words->values[NAME_PROMPT_TITLE]);
	if (!*ret_title)
		*ret_title = str_new(*ret_text ? "" : reminder->id);
	if (!*ret_text)
		*ret_text = str_new(words->prompt                ? words->prompt
				    : words->values[NAME_DIGEST] ? words->values[NAME_DIGEST]
								 : "");
}

static bool uses_practice(const struct template *template)
{
	return template && template_uses(template, NAME_PRACTICE_URL);
}

/* Owned, or NULL: a signature is made only where it is shown. */
static char *make_practice_url(const struct compose_links *links, const struct planned *planned,
	const struct prompt *prompt)
{
	const struct reminder *reminder = planned->reminder;

	if (!links || !links->practice_url || !planned->person)
		return NULL;
	if (uses_practice(reminder->title) || uses_practice(reminder->text) ||
		(prompt && (uses_practice(prompt->title) || uses_practice(prompt->cue) ||
				   uses_practice(prompt->act) || uses_practice(prompt->question))))
		return links->practice_url(links->owner, planned->person);
	return NULL;
}

static const struct person *subject_of(const struct planned *planned)
{
	return planned->about ? planned->about : planned->person;
}

static int32_t date_of(const struct planned *planned, const struct person *subject)
{
	return local_date(zone_to_local(subject->place->zone, planned->due_at / 1000, NULL));
}

/* focus: of the subject; NULL: none. */
static void compose_with(const struct planned *planned, const struct focus *focus,
	const struct compose_links *links, char **ret_title, char **ret_text)
{
	struct words words = {0};
	const struct person *subject = subject_of(planned);
	const struct language *language;
	const struct prompt *prompt = compose_prompt(planned, &language);
	auto_free char *practice = make_practice_url(links, planned, prompt);

	if (planned->person) {
		words.values[NAME_PERSON_ID] = planned->person->id;
		words.values[NAME_PERSON_NAME] = planned->person->name;
	}
	if (planned->about && planned->about != planned->person) {
		words.values[NAME_ABOUT] = words.values[NAME_ABOUT_NAME] = planned->about->name;
		words.values[NAME_ABOUT_ID] = planned->about->id;
	}
	set_due(&words, planned);
	set_focus(&words, focus);
	if (subject)
		set_role(&words, planned, subject);
	words.values[NAME_REMINDER_ID] = planned->reminder->id;
	words.values[NAME_REMINDER_KIND] = kind_names[planned->reminder->kind];
	words.values[NAME_ANSWER_URL] = links ? links->answer_url : NULL;
	words.values[NAME_PRACTICE_URL] = practice;
	words.values[NAME_VISION] = planned->reminder->vision;
	if (planned->reminder->digest)
		words.values[NAME_DIGEST] =
			links && links->digest ? links->digest : unread[planned->reminder->digest];
	if (prompt)
		set_prompt(&words, prompt);
	if (planned->reminder->pair && planned->person && !planned->about)
		choose_alone(planned->reminder, &words, ret_title, ret_text);
	else
		choose(planned->reminder, &words, ret_title, ret_text);
	clean_title(*ret_title);
	trim_end(*ret_text);
	free(words.prompt);
	for (size_t i = 0; i < ARRAY_LEN(words.parts); i++)
		free(words.parts[i]);
}

void compose_message(const struct planned *planned, const struct compose_links *links,
	char **ret_title, char **ret_text)
{
	const struct person *subject = subject_of(planned);

	compose_with(planned, subject ? person_focus(subject, date_of(planned, subject)) : NULL,
		links, ret_title, ret_text);
}

bool compose_reaches_others(const struct planned *planned)
{
	const struct reminder *reminder = planned->reminder;
	const struct channel **via = reminder->via ? reminder->via : planned->person->via;
	size_t n_via = reminder->via ? reminder->n_via : planned->person->n_via;

	for (size_t i = 0; i < n_via; i++)
		if (via[i]->is_room || via[i]->shared)
			return true;
	return false;
}

static const struct focus *personal_focus(const struct planned *planned, const struct view *view)
{
	const struct person *person = planned->person;
	int32_t date;

	if (!view || !view->personal || !person || subject_of(planned) != person ||
		compose_reaches_others(planned))
		return NULL;
	date = date_of(planned, person);
	return person_focus(person, date) ? NULL : view->personal(view->owner, person, date);
}

bool compose_personal(const struct planned *planned, const struct view *view,
	const struct compose_links *links, char **ret_title, char **ret_text)
{
	const struct focus *focus = personal_focus(planned, view);
	auto_free char *title = NULL, *text = NULL;

	compose_message(planned, links, ret_title, ret_text);
	if (!focus)
		return false;
	title = *ret_title;
	text = *ret_text;
	compose_with(planned, focus, links, ret_title, ret_text);
	return !str_eq(title, *ret_title) || !str_eq(text, *ret_text);
}

void compose_masked(
	const struct planned *planned, const struct view *view, char **ret_title, char **ret_text)
{
	if (!compose_personal(planned, view, NULL, ret_title, ret_text))
		return;
	free(*ret_title);
	free(*ret_text);
	*ret_title = str_new(COMPOSE_MASK);
	*ret_text = str_new(COMPOSE_MASK);
}
