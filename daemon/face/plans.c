/* Preview, calendar and explain: the same questions to the daemon or, with -c, to the configuration
 * alone. Decides nothing: both ways end in the resolver. */
#include "face/tool.h"

#include "base/str.h"
#include "engine/resolver.h"
#include "face/explain.h"
#include "face/ics.h"
#include "face/shape.h"
#include "face/show.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PREVIEW_DAYS = 7, CALENDAR_DAYS = 28, RANGE_DAYS = 400 };

static bool asks_daemon(const struct tool *tool)
{
	return !tool->config || tool->control;
}

struct range {
	int32_t from, to;
};

/* The reader's own today: what "today" means to who types it. */
static int32_t today(void)
{
	time_t now = (time_t)(tool_now() / 1000);
	struct tm local;

	localtime_r(&now, &local);
	return date_from_ymd(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

static int read_date(const struct tool *tool, const char *name, int32_t otherwise, int32_t *ret)
{
	const char *text = tool_option(tool, name);

	*ret = otherwise;
	if (!text || date_parse(text, ret) == 0)
		return TOOL_DONE;
	if (str_eq(text, "today") || str_eq(text, "tomorrow")) {
		*ret = today() + str_eq(text, "tomorrow");
		return TOOL_DONE;
	}
	return tool_misuse(tool, "--%s: \"%s\" is no date: write 2026-12-24", name, text);
}

static int read_range(const struct tool *tool, int days, struct range *ret)
{
	int status = read_date(tool, "from", today(), &ret->from);

	if (status == TOOL_DONE)
		status = read_date(tool, "to", ret->from + days - 1, &ret->to);
	if (status == TOOL_DONE && (ret->to < ret->from || ret->to - ret->from >= RANGE_DAYS))
		return tool_misuse(
			tool, "--to must not be before --from, nor %d days later", RANGE_DAYS);
	return status;
}

/* ---- one source of decisions, wherever they come from ---- */

struct source {
	void (*on_list)(void *owner, json_t *list);
	void *owner;
	json_t *list; /* of the configuration alone: gathered a date at a time */
};

static void on_reply(void *owner, json_t *reply)
{
	struct source *source = owner;

	source->on_list(source->owner, json_object_get(reply, "planned"));
}

static void on_object(void *owner, json_t *object)
{
	json_array_append_new(((struct source *)owner)->list, object);
}

static bool on_planned(void *owner, const struct planned *planned)
{
	shape_planned(planned, "config", on_object, owner);
	return true;
}

static int plan_from_file(const struct tool *tool, const struct range *range, struct source *source)
{
	const char *person = tool_option(tool, "person"), *reminder = tool_option(tool, "reminder");
	struct preview_query query = {.skipped = true};
	struct offline offline;
	int status = offline_load(tool, tool->config, true, &offline);

	if (status != TOOL_DONE)
		return status;
	query.person = person ? model_person(offline.model, person) : NULL;
	query.reminder = reminder ? model_reminder(offline.model, reminder) : NULL;
	if (person && !query.person)
		status = tool_refuse("there is no person \"%s\"", person);
	else if (reminder && !query.reminder)
		status = tool_refuse("there is no reminder \"%s\"", reminder);
	for (int32_t date = range->from; status == TOOL_DONE && date <= range->to; date++) {
		query.from = query.to = date;
		source->list = json_array();
		resolver_preview(offline.model, NULL, &query, on_planned, source);
		source->on_list(source->owner, source->list);
		json_decref(source->list);
	}
	offline_clear(&offline);
	return status;
}

static int plan(const struct tool *tool, const struct range *range,
	void (*on_list)(void *owner, json_t *list), void *owner)
{
	struct source source = {.on_list = on_list, .owner = owner};
	char from[CIVIL_TEXT], to[CIVIL_TEXT];

	if (!asks_daemon(tool))
		return plan_from_file(tool, range, &source);
	date_write(range->from, from);
	date_write(range->to, to);
	return client_ask(tool, "Preview",
		json_pack("{ss ss ss* ss* sb}", "from", from, "to", to, "person",
			tool_option(tool, "person"), "reminder", tool_option(tool, "reminder"),
			"skipped", 1),
		true, on_reply, &source);
}

/* ---- preview ---- */

struct timeline {
	const struct tool *tool;
	char last_date[11];
};

static void show_list(void *owner, json_t *list)
{
	struct timeline *timeline = owner;
	json_t *object;
	size_t i;

	if (!timeline->tool->json) {
		show_timeline(list, timeline->last_date);
		return;
	}
	json_array_foreach(list, i, object) tool_print_json(object);
}

int verb_preview(struct tool *tool)
{
	struct timeline timeline = {.tool = tool};
	struct range range;
	int status = read_range(tool, PREVIEW_DAYS, &range);

	return status == TOOL_DONE ? plan(tool, &range, show_list, &timeline) : status;
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
	struct range range;
	struct ics *ics;
	int status = read_range(tool, CALENDAR_DAYS, &range);

	if (status != TOOL_DONE)
		return status;
	ics = ics_new(tool_now() / 1000);
	status = plan(tool, &range, show_events, ics);
	if (status == TOOL_DONE)
		ics_print(ics, stdout);
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

	if (str_eq(tool->words[2], "today") || str_eq(tool->words[2], "tomorrow"))
		date = today() + str_eq(tool->words[2], "tomorrow");
	else if (date_parse(tool->words[2], &date) < 0)
		return tool_misuse(tool, "\"%s\" is no date: write 2026-12-24", tool->words[2]);
	if (!asks_daemon(tool))
		return explain_from_file(tool, date);
	date_write(date, text);
	return client_ask(tool, "Explain",
		json_pack("{ss ss ss}", "person", tool->words[0], "reminder", tool->words[1],
			"date", text),
		false, show_explained, tool);
}
