/* The preview as people look at it: a list, a week, months, and below it the days on which somebody
 * would get more than the daily limit. Programs get what the daemon or the resolver gives. */
#include "face/plans.h"

#include "base/str.h"
#include "face/picture.h"
#include "face/show.h"
#include "face/terminal.h"
#include "time/civil.h"

#include <unistd.h>

enum { WEEK = 7, FIVE_WEEKS = 35, WARNINGS_MOST = 10 };

#define PICTURE_MAX ((size_t)16 << 20)

/* ---- warnings ---- */

struct warning {
	char date[11];
	char *person, *at;
	int planned, limit, together;
};

struct warnings {
	struct warning list[WARNINGS_MOST + 1]; /* the worst; the earlier where they are equal */
	size_t count;
	int64_t total;
};

static void warning_clear(struct warning *warning)
{
	free(warning->person);
	free(warning->at);
}

static void warnings_clear(struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		warning_clear(&warnings->list[i]);
}

static void warnings_add(struct warnings *warnings, const char *date, const json_t *limit)
{
	struct warning warning = {.person = str_new(show_member(limit, "person")),
		.at = str_new(show_member(limit, "at")),
		.planned = (int)json_integer_value(json_object_get(limit, "planned")),
		.limit = (int)json_integer_value(json_object_get(limit, "limit")),
		.together = (int)json_integer_value(json_object_get(limit, "together"))};
	size_t at = warnings->count;

	memcpy(warning.date, date, MIN_OF(strlen(date), sizeof(warning.date) - 1));
	while (at && warnings->list[at - 1].planned < warning.planned)
		at--;
	memmove(&warnings->list[at + 1], &warnings->list[at],
		(warnings->count - at) * sizeof(warning));
	warnings->list[at] = warning;
	if (warnings->count == WARNINGS_MOST)
		warning_clear(&warnings->list[WARNINGS_MOST]);
	else
		warnings->count++;
}

static void warnings_gather(struct warnings *warnings, const json_t *day)
{
	json_t *limit;
	size_t i;

	warnings->total += json_integer_value(json_object_get(day, "over"));
	json_array_foreach(json_object_get(day, "limits"), i, limit)
		warnings_add(warnings, show_member(day, "date"), limit);
}

static void warnings_print(const struct warnings *warnings)
{
	fflush(stdout);
	for (size_t i = 0; i < warnings->count; i++) {
		const struct warning *warning = &warnings->list[i];
		auto_free char *line =
			str_printf("%s: %d planned on %s, limit %d: %d go as one message at %s",
				warning->person, warning->planned, warning->date, warning->limit,
				warning->together, warning->at);

		terminal_print_wrapped(stderr, SHADE_WARN, line);
	}
	if (warnings->total > (int64_t)warnings->count) {
		auto_free char *line = str_printf("and %lld more such days",
			(long long)warnings->total - (long long)warnings->count);

		terminal_print_wrapped(stderr, SHADE_WARN, line);
	}
}

/* ---- the picture ---- */

struct album {
	json_t *days;
	struct warnings warnings;
};

static void on_days(void *owner, json_t *list)
{
	struct album *album = owner;
	json_t *day;
	size_t i;

	json_array_foreach(list, i, day)
	{
		warnings_gather(&album->warnings, day);
		if (album->days)
			json_array_append(album->days, day);
	}
}

static void draw(const struct tool *tool, const json_t *days, enum picture_view view)
{
	cleanup(buf_free) struct buf out = BUF_MAX(PICTURE_MAX);
	struct picture_style style = {.view = view,
		.width = terminal_picture_width(stdout),
		.colours = terminal_has_colours(stdout),
		.today = plans_today()};
	json_t *day;
	size_t i;

	if (tool->json) {
		json_array_foreach(days, i, day) tool_print_json(day);
		return;
	}
	picture_draw(days, &style, &out);
	fputs(buf_str(&out), stdout);
}

static int show_picture(const struct tool *tool, const struct range *range, enum picture_view view)
{
	struct album album = {.days = json_array()};
	int status = plans_count(tool, range, on_days, &album);

	if (status == TOOL_DONE) {
		draw(tool, album.days, view);
		if (!tool->json)
			warnings_print(&album.warnings);
	}
	warnings_clear(&album.warnings);
	json_decref(album.days);
	return status;
}

/* ---- the list ---- */

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

static int show_all(const struct tool *tool, const struct range *range)
{
	struct timeline timeline = {.tool = tool};
	struct album album = {0};
	int status = plans_ask(tool, range, show_list, &timeline);

	if (status != TOOL_DONE || tool->json)
		return status;
	status = plans_count(tool, range, on_days, &album);
	warnings_print(&album.warnings);
	warnings_clear(&album.warnings);
	return status;
}

/* ---- the verb ---- */

int verb_preview(struct tool *tool)
{
	bool week = tool_option(tool, "week"), month = tool_option(tool, "month"),
	     list = tool_option(tool, "list");
	struct range range;
	int status;

	if (week + month + list > 1)
		return tool_misuse(tool, "--week, --month and --list are three ways to look at it: "
					 "choose one");
	status = plans_read_range(tool, month ? FIVE_WEEKS : WEEK, &range);
	if (status != TOOL_DONE)
		return status;
	if (month && !tool_option(tool, "to"))
		range.to -= date_weekday(range.from);
	if (list || (!week && !month && (tool->json || !isatty(STDOUT_FILENO))))
		return show_all(tool, &range);
	if (!week && !month)
		month = range.to - range.from >= PICTURE_WEEK_DAYS;
	return show_picture(tool, &range, month ? PICTURE_MONTH : PICTURE_WEEK);
}
