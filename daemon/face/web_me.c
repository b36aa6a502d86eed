/* People's own pages: who holds the link may see and change what is theirs, and nothing else. GET only
 * shows; each POST names one deed. Owns the visits under way. Never logs a token, a wish's reason or
 * somebody's words. */
#include "face/web_parts.h"

#include "base/clock.h"
#include "base/str.h"
#include "face/form.h"
#include "face/ics.h"
#include "face/me.h"
#include "face/shape.h"
#include "face/until.h"
#include "port/store.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum {
	CALENDAR_DAYS = 28,
	CALENDAR_EVENTS = 500,
	CALENDAR_BYTES = 1 << 20,
	CALENDAR_MS = 30,
	FACT_DAYS = 400,
	FACTS_SHOWN = 10000
};

/* One visit under way. */
struct own {
	struct engine *engine;
	struct http_visit *visit;
	char *person, *token;
	const char *notice;
	char *thanks; /* owned notice */
	struct form form;
	struct web_wish wish;
	struct id occurrence;
	struct me_progress *progress; /* NULL: not known */
	size_t choice;                /* the one of the form that is kept next */
};

static void own_free(struct own *own)
{
	form_clear(&own->form);
	free(own->person);
	free(own->token);
	free(own->thanks);
	free(own->progress);
	free(own);
}

static void own_refuse(struct own *own, int status, const char *notice)
{
	web_answer_plain(own->visit, status, notice);
	own_free(own);
}

/* ---- showing ---- */

/* The person may have left the configuration while the store answered. */
static void on_open(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct own *own = owner;
	const struct model *model = engine_model(own->engine);
	cleanup(buf_free) struct buf html = BUF_MAX(PAGE_MAX);
	struct me me = {.person = model_person(model, own->person)};
	auto_free char *calendar = NULL;

	if (error || !me.person) {
		own_refuse(own, error ? 503 : 404, NULL);
		return;
	}
	calendar = engine_person_url(own->engine, me.person, LINK_CALENDAR);
	me.calendar_url = calendar;
	me.token = own->token;
	me.notice = own->thanks ? own->thanks : own->notice;
	me.progress = own->progress;
	me.open = list;
	me.n_open = count;
	me_gather(&me, own->engine);
	me_write(&html, &me);
	me_clear(&me);
	web_answer_html(own->visit, 200, NULL, &html);
	own_free(own);
}

static void find_open(struct own *own)
{
	struct store_query query = {.recipient = own->person,
		.open_only = true,
		.newest_first = true,
		.limit = ME_OPEN};

	engine_find_occurrences(own->engine, &query, on_open, own);
}

static int32_t today_of(const struct own *own, const struct person *person)
{
	int64_t now_at = clock_now(engine_clock(own->engine));

	return local_date(zone_to_local(person->place->zone, now_at / 1000, NULL));
}

static void on_facts(void *owner, int error, const struct fact *facts, size_t count)
{
	struct own *own = owner;
	const struct person *person = model_person(engine_model(own->engine), own->person);

	if (!error && person) {
		own->progress = mem_new(sizeof(*own->progress));
		me_count_progress(facts, count, today_of(own, person), own->progress);
	}
	find_open(own);
}

/* The whole page: first what the store says of the past, then what is open. */
static void show(struct own *own)
{
	const struct person *person = model_person(engine_model(own->engine), own->person);
	struct fact_query query = {.recipients = (const char *const *)&own->person,
		.n_recipients = 1,
		.limit = FACTS_SHOWN};

	if (!person) {
		own_refuse(own, 404, NULL);
		return;
	}
	query.local_to = (today_of(own, person) + 2) * DAY_S;
	query.local_from = query.local_to - FACT_DAYS * DAY_S;
	engine_find_facts(own->engine, &query, on_facts, own);
}

static void on_deed(void *owner, int error, const char *why)
{
	struct own *own = owner;

	/* What was ended already is as it was asked for. */
	if (!error || error == -ENOENT) {
		show(own);
		return;
	}
	web_answer_error(own->visit, error, why);
	own_free(own);
}

/* ---- answers ---- */

static void on_own_occurrence(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct own *own = owner;

	if (error || !count || !str_eq(list[0]->key.recipient, own->person)) {
		own_refuse(own, error ? 503 : 404, NULL);
		return;
	}
	own->thanks = page_thanks(NULL, own->wish.answer, own->wish.span);
	engine_answer(own->engine, own->occurrence, own->wish.answer, own->wish.span_s,
		own->wish.text, own->wish.share, on_deed, own);
}

static const char *do_answer(struct own *own)
{
	const char *id = form_get(&own->form, "occurrence");
	const char *why = web_read_wish(&own->form, &own->wish);

	if (why)
		return why;
	if (!id || id_read(id, &own->occurrence) < 0 || id_none(own->occurrence))
		return "The form does not say what it answers.";
	engine_find_occurrences(own->engine,
		&(struct store_query){.id = own->occurrence, .limit = 1}, on_own_occurrence, own);
	return NULL;
}

/* ---- rest ---- */

/* An organiser's pause is theirs. */
static bool rests_by_organiser(const struct own *own, const char *what)
{
	struct pause_status pause;

	return engine_find_pause(own->engine, what, &pause) &&
	       pause.until_at > clock_now(engine_clock(own->engine)) &&
	       !str_eq(pause.reason, ME_PAUSE_REASON);
}

static const char *do_pause(struct own *own)
{
	const struct person *person = model_person(engine_model(own->engine), own->person);
	const char *until = form_get(&own->form, "until"), *why;
	auto_free char *what = str_printf("person:%s", own->person);
	int64_t until_at;

	if (rests_by_organiser(own, what))
		return "An organiser paused your reminders already.";
	why = until ? until_parse(until, person->place->zone, clock_now(engine_clock(own->engine)),
			      &until_at)
		    : "Say until when, such as 2026-12-24.";
	if (why)
		return why;
	own->notice = "Nothing is sent to you until then. Rest well.";
	engine_pause(own->engine, what, until_at, ME_PAUSE_REASON, on_deed, own);
	return NULL;
}

static const char *do_resume(struct own *own)
{
	auto_free char *what = str_printf("person:%s", own->person);

	if (rests_by_organiser(own, what))
		return "An organiser paused your reminders: ask them to end it.";
	own->notice = "Welcome back: reminders come again as planned.";
	engine_resume(own->engine, what, on_deed, own);
	return NULL;
}

/* ---- how often ---- */

static const char *do_pace(struct own *own)
{
	const char *reminder = form_get(&own->form, "reminder");
	const char *pace = form_get(&own->form, "pace");
	enum answer answer = pace ? answer_from_name(pace) : ANSWER_NONE;

	if (!reminder || !model_reminder(engine_model(own->engine), reminder))
		return "There is no such reminder.";
	if (!str_eq(pace, "planned") && answer != ANSWER_LESS && answer != ANSWER_STOP)
		return "A reminder comes as planned, less or stops.";
	own->notice = answer == ANSWER_STOP   ? "Recorded: it does not come any more."
		      : answer == ANSWER_LESS ? "Recorded: it comes every second time."
					      : "Recorded: it comes as planned.";
	engine_set_pace(own->engine, own->person, reminder, answer, on_deed, own);
	return NULL;
}

/* ---- what is kept ---- */

static void on_chosen(void *owner, int error, const char *why);

/* The next choice of the form; the page when there is none left. */
static const char *do_choose(struct own *own)
{
	static const char *const names[] = {"share", "celebrate", "plateau", "pair", "partner"};

	while (own->choice < ARRAY_LEN(names)) {
		const char *name = names[own->choice++], *value = form_get(&own->form, name);

		if (!value)
			continue;
		engine_keep(own->engine, own->person, name, value, on_chosen, own);
		return NULL;
	}
	own->notice = "Your choices are kept.";
	show(own);
	return NULL;
}

static void on_chosen(void *owner, int error, const char *why)
{
	struct own *own = owner;

	if (error)
		on_deed(owner, error, why);
	else
		do_choose(own);
}

/* The focus of the form as JSON (owned), or NULL: a line is too long. */
static char *read_focus(const struct form *form)
{
	static const char *const names[] = {
		"skill", "why", "goal", "cue", "act", "measure", "from", "until"};
	json_t *object = json_object();
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = form_get(form, names[i]);

		if (!str_empty(value) && web_clean_text((char *)value))
			json_object_set_new(object, names[i], json_string(value));
	}
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

static const char *do_focus(struct own *own)
{
	const char *then = form_get(&own->form, "then");
	const char *text = form_get(&own->form, "number");
	auto_free char *focus = NULL;
	char name[KEPT_NAME];
	int64_t number;

	if (!text || str_to_int64(text, &number) < 0 || number < 1 || number > KEPT_FOCI)
		return "The form does not say which focus it is.";
	if (str_eq(then, "keep"))
		focus = read_focus(&own->form);
	else if (!str_eq(then, "remove"))
		return "A focus is kept or removed.";
	kept_focus_name((int)number, name);
	own->notice = focus ? "Your focus is kept, for you alone." : "The focus is removed.";
	engine_keep(own->engine, own->person, name, focus, on_deed, own);
	return NULL;
}

/* ---- forms ---- */

static void take_form(struct own *own, const struct http_request *request)
{
	static const struct {
		const char *name;
		/* NULL: it is under way; or why not. */
		const char *(*run)(struct own *own);
	} deeds[] = {{"answer", do_answer}, {"pause", do_pause}, {"resume", do_resume},
		{"pace", do_pace}, {"choose", do_choose}, {"focus", do_focus}};
	const char *deed, *why = "The form does not say what to do.";

	if (form_parse(request->content_type, request->body, request->body_len, &own->form) < 0) {
		own_refuse(own, 400, "The form could not be read.");
		return;
	}
	deed = form_get(&own->form, "do");
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (str_eq(deeds[i].name, deed)) {
			why = deeds[i].run(own);
			break;
		}
	if (why)
		own_refuse(own, 400, why);
}

/* ---- forgetting ---- */

static void on_forgotten(void *owner, int error, const char *why)
{
	struct own *own = owner;
	cleanup(buf_free) struct buf html = BUF_MAX(PAGE_MAX);
	const struct page page = {.heading = "You are forgotten",
		.notice = "Everything about you is removed. Nothing is sent to you any more, and "
			  "this "
			  "address leads nowhere now. We wish you well."};

	if (error) {
		web_answer_error(own->visit, error, why);
	} else {
		page_write(&html, &page);
		web_answer_html(own->visit, 200, NULL, &html);
	}
	own_free(own);
}

static void take_forget(struct own *own, const struct http_request *request)
{
	const char *sure;

	if (form_parse(request->content_type, request->body, request->body_len, &own->form) < 0) {
		own_refuse(own, 400, "The form could not be read.");
		return;
	}
	sure = form_get(&own->form, "sure");
	if (!sure || strcasecmp(sure, "forget me") != 0)
		own_refuse(own, 400, "Nothing was removed: write \"forget me\" if you are sure.");
	else
		engine_forget_self(own->engine, own->person, on_forgotten, own);
}

static void show_forget(struct http_visit *visit)
{
	cleanup(buf_free) struct buf html = BUF_MAX(PAGE_MAX);

	me_write_forget(&html);
	web_answer_html(visit, 200, NULL, &html);
}

/* ---- the calendar ---- */

struct feed {
	const struct view *view;
	struct ics *ics;
	struct clock *clock;
	int64_t until_mono;
	size_t count;
};

static void on_event(void *owner, json_t *object)
{
	ics_add(((struct feed *)owner)->ics, object);
	json_decref(object);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	struct feed *feed = owner;

	if (feed->count++ == CALENDAR_EVENTS || clock_mono(feed->clock) > feed->until_mono)
		return false;
	shape_planned(planned, feed->view, "live", on_event, feed);
	return true;
}

static void serve_calendar(
	struct engine *engine, struct http_visit *visit, const struct person *person)
{
	struct clock *clock = engine_clock(engine);
	int64_t now_s = clock_now(clock) / 1000;
	struct feed feed = {.view = engine_view(engine),
		.ics = ics_new(now_s, CALENDAR_BYTES),
		.clock = clock,
		.until_mono = clock_mono(clock) + CALENDAR_MS};
	struct preview_query query = {.person = person};
	struct http_reply reply = {.status = 200, .type = "text/calendar; charset=utf-8"};
	const struct buf *text;

	query.from = local_date(zone_to_local(person->place->zone, now_s, NULL));
	query.to = query.from + CALENDAR_DAYS - 1;
	resolver_preview(engine_model(engine), engine_view(engine), &query, on_planned, &feed);
	if (ics_end(feed.ics, &text) == 0) {
		reply.body = text->data;
		reply.body_len = text->len;
		http_answer(visit, &reply);
	} else {
		web_answer_plain(visit, 503, NULL);
	}
	ics_free(feed.ics);
}

/* ---- who comes ---- */

static struct own *own_new(
	struct web *web, struct http_visit *visit, const struct person *person, const char *token)
{
	struct own *own = mem_new(sizeof(*own));

	own->engine = web->engine;
	own->visit = visit;
	own->person = str_new(person->id);
	own->token = str_new(token);
	return own;
}

void web_serve_me(struct web *web, struct http_visit *visit, const struct http_request *request,
	const char *rest)
{
	size_t len = strcspn(rest, "./");
	auto_free char *token = str_new_n(rest, len);
	enum link_purpose purpose = str_eq(rest + len, ".ics") ? LINK_CALENDAR : LINK_PAGE;
	const struct person *person = engine_link_person(web->engine, token, purpose);
	struct own *own;

	if (!person) {
		web_answer_plain(visit, 403, NULL);
	} else if (request->method == HTTP_POST && web_is_foreign(web, request)) {
		web_answer_plain(visit, 403, "This form was not sent from your page.");
	} else if (str_eq(rest + len, "/forget") && request->method == HTTP_POST) {
		take_forget(own_new(web, visit, person, token), request);
	} else if (request->method == HTTP_OTHER || (request->method == HTTP_POST && rest[len])) {
		web_answer_plain(visit, 405, NULL);
	} else if (str_eq(rest + len, "/forget")) {
		show_forget(visit);
	} else if (purpose == LINK_CALENDAR) {
		serve_calendar(web->engine, visit, person);
	} else if (str_eq(rest + len, "/data.json")) {
		web_serve_export(web->engine, visit, person->id);
	} else if (rest[len]) {
		web_answer_plain(visit, 404, NULL);
	} else {
		own = own_new(web, visit, person, token);
		if (request->method == HTTP_POST)
			take_form(own, request);
		else
			show(own);
	}
}
