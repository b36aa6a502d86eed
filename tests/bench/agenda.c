/* The work of a clock step and of a preview, on a configuration: agenda CONFIG PLUGINS recompute|preview.
 * recompute: the agenda of everything anew, the best of five. preview: every decision of a year for
 * everybody, counted as for `nudgectl preview --month`. Prints schedules or decisions, seconds. */
#include "engine/agenda.h"
#include "face/tool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, NEW_YEAR = 20454 /* 2026-01-01 */, YEAR_DAYS = 365 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t always_there(
	void *owner, const struct reminder *reminder, const struct person *person)
{
	return INT64_MIN;
}

static void measure_recompute(const struct model *model)
{
	const struct view view = {.begun = always_there};
	double best = 0;
	size_t schedules = 0, entries = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double began = seconds(), taken;
		struct agenda *agenda = agenda_new(model, &view, NEW_YEAR * DAY_S * 1000);

		taken = seconds() - began;
		best = i && best < taken ? best : taken;
		schedules = agenda->schedules;
		entries = agenda->count;
		agenda_free(agenda);
	}
	printf("%zu %zu %.4f\n", schedules, entries, best);
}

static bool count_one(void *owner, const struct planned *planned)
{
	++*(size_t *)owner;
	return true;
}

static void measure_preview(const struct model *model)
{
	const struct preview_query query = {
		.from = NEW_YEAR, .to = NEW_YEAR + YEAR_DAYS - 1, .skipped = true, .terse = true};
	size_t count = 0;
	double began = seconds();

	resolver_preview(model, NULL, &query, count_one, &count);
	printf("%zu %.3f\n", count, seconds() - began);
}

int main(int argc, char **argv)
{
	const struct tool tool = {.plugins = argc > 2 ? argv[2] : NULL};
	struct offline offline;

	if (argc != 4 || offline_load(&tool, argv[1], true, &offline) != TOOL_DONE)
		return 1;
	if (strcmp(argv[3], "preview") == 0)
		measure_preview(offline.model);
	else
		measure_recompute(offline.model);
	offline_clear(&offline);
	return 0;
}
