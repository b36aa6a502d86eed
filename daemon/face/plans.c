/* Preview, calendar and explain: the same questions to the daemon or, with -c, to the configuration
 * alone. Decides nothing: both ways end in the resolver. */
#include "face/plans.h"

#include "base/str.h"
#include "engine/resolver.h"
#include "face/dates.h"
#include "face/explain.h"
#include "face/ics.h"
#include "face/shape.h"
#include "face/show.h"
#include "face/tally.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CALENDAR_DAYS = 28, CALENDAR_MIB = 256, RANGE_DAYS = 400 };

static bool asks_daemon(const struct tool *tool)
{
	return !tool->config || tool->control;
}

int32_t plans_today(void)
{
	time_t now = (time_t)(tool_now() / 1000);
	struct tm local;

	localtime_r(&now, &local);
	return date_from_ymd(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

static int read_date(
	const struct tool *tool, const char *name, int32_t base, int32_t otherwise, int32_t *ret)
{
	const char *text = tool_option(tool, name);

	*ret = otherwise;
	if (!text || dates_read(text, plans_today(), base, ret) == 0)
		return TOOL_DONE;
	return tool_misuse(tool, "--%s: \"%s\" is no date: " DATES_HINT, name, text);
}

int plans_read_range(const struct tool *tool, int days, struct range *ret)
{
	int32_t today = plans_today();
	int status = read_date(tool, "from", today, today, &ret->from);

	if (status == TOOL_DONE)
		status = read_date(tool, "to", ret->from, ret->from + days - 1, &ret->to);
	if (status == TOOL_DONE && (ret->to < ret->from || ret->to - ret->from >= RANGE_DAYS))
		return tool_misuse(
			tool, "--to must not be before --from, nor %d days later", RANGE_DAYS);
	return status;
}

/* ---- one source of decisions, wherever they come from ---- */

struct source {
	const char *member; /* of a reply: where the list is */
	void (*on_list)(void *owner, json_t *list);
	void *owner;
	json_t *list; /* of the configuration alone: the date under way */
};

static void on_reply(void *owner, json_t *reply)
{
	struct source *source = owner;

	source->on_list(source->owner, json_object_get(reply, source->member));
}

static void on_object(void *owner, json_t *object)
{
	json_array_append_new(((struct source *)owner)->list, object);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	shape_planned(planned, NULL, "config", on_object, owner);
	return true;
}

/* The configuration and what is asked of it. */
static int load_question(
	const struct tool *tool, struct offline *offline, struct preview_query *ret)
{
	const char *person = tool_option(tool, "person"), *reminder = tool_option(tool, "reminder");
	int status = offline_load(tool, tool->config, true, offline);

	if (status != TOOL_DONE)
		return status;
	ret->person = person ? model_person(offline->model, person) : NULL;
	ret->reminder = reminder ? model_reminder(offline->model, reminder) : NULL;
	if (person && !ret->person)
		status = tool_refuse("there is no person \"%s\"", person);
	else if (reminder && !ret->reminder)
		status = tool_refuse("there is no reminder \"%s\"", reminder);
	if (status != TOOL_DONE)
		offline_clear(offline);
	return status;
}

static void on_date(void *owner, int32_t date unused_arg)
{
	struct source *source = owner;

	source->on_list(source->owner, source->list);
	json_array_clear(source->list);
}

static void on_day(void *owner, json_t *day)
{
	on_object(owner, day);
	on_date(owner, 0);
}

static int plan_from_file(
	const struct tool *tool, const struct range *range, bool counts, struct source *source)
{
	struct preview_query query = {
		.from = range->from, .to = range->to, .skipped = true, .on_date = on_date};
	struct offline offline;
	int status = load_question(tool, &offline, &query);

	if (status != TOOL_DONE)
		return status;
	source->list = json_array();
	if (counts) {
		struct tally *tally = tally_new(offline.model, NULL, query.person, query.reminder);

		tally_days(tally, range->from, range->to, on_day, source);
		tally_free(tally);
	} else {
		resolver_preview(offline.model, NULL, &query, on_planned, source);
	}
	json_decref(source->list);
	offline_clear(&offline);
	return TOOL_DONE;
}

static int ask(
	const struct tool *tool, const struct range *range, const char *flag, struct source *source)
{
	char from[CIVIL_TEXT], to[CIVIL_TEXT];

	date_write(range->from, from);
	date_write(range->to, to);
	return client_ask(tool, "Preview",
		json_pack("{ss ss ss* ss* sb}", "from", from, "to", to, "person",
			tool_option(tool, "person"), "reminder", tool_option(tool, "reminder"),
			flag, 1),
		true, on_reply, source);
}

int plans_ask(const struct tool *tool, const struct range *range,
	void (*on_list)(void *owner, json_t *list), void *owner)
{
	struct source source = {.member = "planned", .on_list = on_list, .owner = owner};

	return asks_daemon(tool) ? ask(tool, range, "skipped", &source)
				 : plan_from_file(tool, range, false, &source);
}

int plans_count(const struct tool *tool, const struct range *range,
	void (*on_list)(void *owner, json_t *list), void *owner)
{
	struct source source = {.member = "days", .on_list = on_list, .owner = owner};

	return asks_daemon(tool) ? ask(tool, range, "counts", &source)
				 : plan_from_file(tool, range, true, &source);
}

/* ---- calendar ---- */

static void show_events(void *owner, json_t *list)
{
	json_t *object;
	size_t i;

	json_array_foreach(list, i, object) ics_add(owner, object);
}

int verb_calendar(struct tool *tool)
{
	const struct buf *text;
	struct range range;
	struct ics *ics;
	int status = plans_read_range(tool, CALENDAR_DAYS, &range);

	if (status != TOOL_DONE)
		return status;
	ics = ics_new(tool_now() / 1000, (size_t)CALENDAR_MIB << 20);
	status = plans_ask(tool, &range, show_events, ics);
	if (status == TOOL_DONE && ics_end(ics, &text) == 0)
		fwrite(text->data, 1, text->len, stdout);
	else if (status == TOOL_DONE)
		status = tool_refuse("that is more than the %d MiB of a calendar file: ask for "
				     "fewer days or one person",
			CALENDAR_MIB);
	ics_free(ics);
	return status;
}

/* ---- explain ---- */

static void show_explained(void *owner, json_t *reply)
{
	const struct tool *tool = owner;
	json_t *explanation = json_object_get(reply, "explanation");

	if (tool->json)
		tool_print_json(explanation);
	else
		show_explanation(explanation);
}

static int explain_from_file(struct tool *tool, int32_t date)
{
	struct explain_query query = {
		.person = tool->words[0], .reminder = tool->words[1], .date = date};
	auto_free char *why = NULL;
	struct offline offline;
	json_t *reply;
	int status = offline_load(tool, tool->config, true, &offline);

	if (status != TOOL_DONE)
		return status;
	query.model = offline.model;
	query.now_at = tool_now();
	why = explain_check(&query);
	if (why) {
		status = tool_refuse("%s", why);
	} else {
		reply = json_pack("{so}", "explanation", explain(&query, NULL));
		show_explained(tool, reply);
		json_decref(reply);
	}
	offline_clear(&offline);
	return status;
}

int verb_explain(struct tool *tool)
{
	char text[CIVIL_TEXT];
	int32_t date;

	if (dates_read(tool->words[2], plans_today(), plans_today(), &date) < 0)
		return tool_misuse(tool, "\"%s\" is no date: " DATES_HINT, tool->words[2]);
	if (!asks_daemon(tool))
		return explain_from_file(tool, date);
	date_write(date, text);
	return client_ask(tool, "Explain",
		json_pack("{ss ss ss}", "person", tool->words[0], "reminder", tool->words[1],
			"date", text),
		false, show_explained, tool);
}
