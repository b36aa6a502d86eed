/* The pictures of somebody's progress: a curve that has no top, and the days of the last weeks. Pure.
 * What a picture shows stands beside it in words. */
#include "face/me.h"

#include "face/page_parts.h"

enum {
	CURVE_WIDTH = 560,
	CURVE_HEIGHT = 150,
	CURVE_STEPS = 40,
	CURVE_LEAST = 60, /* practices, so that a beginning looks like one */
	CELL = 18,
	MAP_LEFT = 34,
};

/* ---- the curve ---- */

static int curve_y(int practices)
{
	return CURVE_HEIGHT - CURVE_HEIGHT * practice_curve(practices) / 100;
}

static void add_curve(struct buf *out, int practices)
{
	int last = MAX_OF(practices * 2, (int)CURVE_LEAST);

	buf_printf(out,
		"<svg role=\"img\" aria-label=\"A curve that rises for ever and never reaches its "
		"top; "
		"you are at %d %%\" viewBox=\"-6 -10 %d %d\">\n"
		"<path class=\"axis\" stroke-dasharray=\"4 6\" d=\"M0 0H%d\"/>\n"
		"<path class=\"axis\" d=\"M0 %dH%d\"/>\n<path class=\"curve\" d=\"M0 %d",
		practice_curve(practices), CURVE_WIDTH + 12, CURVE_HEIGHT + 20, CURVE_WIDTH,
		CURVE_HEIGHT, CURVE_WIDTH, curve_y(0));
	for (int i = 1; i <= CURVE_STEPS; i++)
		buf_printf(out, "L%d %d", CURVE_WIDTH * i / CURVE_STEPS,
			curve_y(last * i / CURVE_STEPS));
	buf_printf(out, "\"/>\n<circle class=\"here\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n</svg>\n",
		CURVE_WIDTH * practices / last, curve_y(practices));
}

/* ---- the days ---- */

/* Not asked, asked and silent or left out, practised once, more than once. */
static int shade_of(const struct me_day *day)
{
	if (day->practised)
		return day->practised > 1 ? 3 : 2;
	return day->asked ? 1 : 0;
}

static void add_map(struct buf *out, const struct me_progress *progress)
{
	buf_printf(out,
		"<svg class=\"map\" role=\"img\" aria-label=\"The last %d weeks, a square a day; "
		"the "
		"numbers follow\" viewBox=\"0 0 %d %d\">\n",
		ME_WEEKS, MAP_LEFT + ME_WEEKS * CELL, 7 * CELL);
	for (int weekday = 0; weekday < 7; weekday += 2)
		buf_printf(out, "<text x=\"0\" y=\"%d\">%s</text>\n", weekday * CELL + 13,
			weekday_names[weekday]);
	for (int i = 0; i < ME_WEEKS * 7; i++)
		if (progress->first + i <= progress->today)
			buf_printf(out,
				"<rect class=\"h%d\" x=\"%d\" y=\"%d\" width=\"15\" height=\"15\" "
				"rx=\"3\"/>\n",
				shade_of(&progress->days[i]), MAP_LEFT + i / 7 * CELL,
				i % 7 * CELL);
	buf_add_str(out, "</svg>\n<p class=\"legend\"><span class=\"h1\">asked</span> "
			 "<span class=\"h2\">practised</span> <span class=\"h3\">more than "
			 "once</span></p>\n");
}

static void add_weeks(struct buf *out, const struct me_progress *progress)
{
	buf_add_str(out, "<details>\n<summary>The same in numbers</summary>\n<table>\n"
			 "<tr><th scope=\"col\">Week from</th><th scope=\"col\">Days asked</th>"
			 "<th scope=\"col\">Days practised</th></tr>\n");
	for (int week = 0; week < ME_WEEKS; week++) {
		int asked = 0, practised = 0;

		for (int i = week * 7; i < week * 7 + 7; i++) {
			asked += progress->days[i].asked > 0;
			practised += progress->days[i].practised > 0;
		}
		buf_add_str(out, "<tr><th scope=\"row\">");
		page_add_date(out, progress->first + week * 7);
		buf_printf(out, "</th><td>%d</td><td>%d</td></tr>\n", asked, practised);
	}
	buf_add_str(out, "</table>\n</details>\n");
}

/* ---- in words ---- */

static const char *plural(int count)
{
	return count == 1 ? "" : "s";
}

static void add_words(struct buf *out, const struct practice *practice)
{
	buf_printf(
		out, "<p><b>%d</b> practice%s", practice->practices, plural(practice->practices));
	if (practice->streak > 1)
		buf_printf(
			out, ", the last <b>%d days</b> you were asked in a row", practice->streak);
	buf_add_str(out, ".");
	if (practice->rate >= 0)
		buf_printf(out, " In four weeks you were asked %d time%s and practised %d.",
			practice->asked - practice->skipped,
			plural(practice->asked - practice->skipped),
			practice->done + practice->stuck);
	if (practice->mendable)
		buf_add_str(out, " You missed the last one: the next practice mends your row.");
	buf_printf(out,
		"</p>\n<p>Being stuck counts: it is practice. The next mark is %d, and the way "
		"goes on behind it.</p>\n",
		practice_next_count(practice->practices));
}

void me_add_progress(struct buf *out, const struct me_progress *progress)
{
	if (!progress->practice.practices) {
		buf_add_str(out,
			"<p>Your first practice is still to come. One small act is enough.</p>\n");
		return;
	}
	add_words(out, &progress->practice);
	add_curve(out, progress->practice.practices);
	add_map(out, progress);
	add_weeks(out, progress);
}
