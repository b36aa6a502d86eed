/* Draws the days of a preview as a calendar. Owns nothing, reads neither clock nor environment nor
 * store: the same days and style give the same text. What a day holds was counted by face/tally.h,
 * what is said of it in little room is picture_cell.c's. */
#include "face/picture.h"

#include "base/str.h"
#include "face/picture_parts.h"
#include "time/civil.h"

#include <stdio.h>

enum {
	WEEK = 7,
	SIX_WEEKS = 42,
	CELL_MOST = 26,   /* columns: more would be emptiness */
	CELL_COLUMN = 17, /* from here on a week's days stand side by side */
	MONTH_LINES = 6,
	FEW_PEOPLE = 4, /* more: counts instead of times */
	NAME_LEAST = 4, /* columns of a holiday's name in a cell */
	NAME_MOST = 28, /* columns of reminders' names in a timeline */
	LEGEND_GAP = 3,
	TEXT_MOST = 4096,
};

#define BAR "\xe2\x94\x82"
#define DASH "\xe2\x94\x80"
#define CROSS "\xe2\x94\xbc"

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};

struct picture {
	const struct picture_style *style;
	const json_t *days;
	int32_t first, last; /* dates of the days */
	bool many;
	struct buf *out;
};

/* A part of a picture with its own grid: a month, or the whole. */
struct grid {
	int32_t from, to; /* what is drawn of it */
	int columns;
	struct cell_style cell;
	bool weekdays_in_cells;
	bool months_in_cells;
};

static const json_t *day_at(const struct picture *picture, int32_t date)
{
	if (date < picture->first || date > picture->last)
		return NULL;
	return json_array_get(picture->days, (size_t)(date - picture->first));
}

static void put(const struct picture *picture, enum shade shade, const char *text, size_t columns)
{
	terminal_add_field(picture->out, picture->style->colours, shade, text, columns);
}

/* Ends a line, without the spaces that would fill up its last cell. */
static void end_line(const struct picture *picture)
{
	struct buf *out = picture->out;

	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	buf_add_char(out, '\n');
}

static void put_line(const struct picture *picture, enum shade shade, const char *text)
{
	put(picture, shade, text, MIN_OF(terminal_measure(text), picture->style->width));
	end_line(picture);
}

/* ---- the head of a cell: its date and what is off, its marks at the right ---- */

static void write_date(
	const struct picture *picture, const struct grid *grid, int32_t date, char out[static 48])
{
	bool today = date == picture->style->today;
	int year, month, day;
	char name[16] = "", before[16] = "";

	date_to_ymd(date, &year, &month, &day);
	if (grid->weekdays_in_cells)
		snprintf(before, sizeof(before), "%s ", weekday_names[date_weekday(date)]);
	if (grid->weekdays_in_cells ||
		(grid->months_in_cells && (day == 1 || date == picture->first)))
		snprintf(name, sizeof(name), " %.3s", months[month - 1]);
	snprintf(out, 48, "%s%s%d%s%s", today ? "[" : "", before, day, name, today ? "]" : "");
}

/* What the cell's lines do not tell by themselves. */
static void write_signs(const struct grid *grid, const json_t *day, char out[static 48])
{
	char count[COUNT_TEXT];
	size_t n = 0;

	for (enum mark mark = MARK_OVER; mark < MARK_SKIPPED; mark++)
		if (day_has_mark(day, mark) && (grid->cell.many || mark == MARK_OVER))
			out[n++] = mark_facts[mark].sign;
	out[n] = '\0';
	if (grid->cell.skipped || !day_has_mark(day, MARK_SKIPPED))
		return;
	count_write(day_number(day, "skipped"), 3, count);
	snprintf(out + n, 48 - n, "%s%c%s", n ? " " : "", mark_facts[MARK_SKIPPED].sign, count);
}

/* The date, and as much of what is off as fits. */
static void write_left(const struct picture *picture, const struct grid *grid, int32_t date,
	const char *when, size_t columns, struct buf *out)
{
	const json_t *day = day_at(picture, date);
	auto_free char *holiday = terminal_clean(day_text(day, "holiday"));
	size_t gap = grid->cell.width >= CELL_TIMES, used = terminal_measure(when);

	buf_add_str(out, when);
	if (day_has_mark(day, MARK_OFF) && used + gap < columns) {
		buf_printf(out, "%s%c", gap ? " " : "", mark_facts[MARK_OFF].sign);
		used += gap + 1;
	} else if (*holiday && used < columns) {
		buf_add_char(out, ' ');
		used++;
	}
	if (*holiday && used + NAME_LEAST <= columns)
		terminal_add_cut(out, holiday, columns - used);
}

static void draw_head(const struct picture *picture, const struct grid *grid, int32_t date)
{
	const json_t *day = day_at(picture, date);
	cleanup(buf_free) struct buf left = BUF_MAX(TEXT_MOST);
	enum shade shade = date == picture->style->today ? SHADE_STRONG
			   : day_has_mark(day, MARK_OFF) ? SHADE_DIM
							 : SHADE_PLAIN;
	char when[48], signs[48] = "";
	size_t n, room;

	write_date(picture, grid, date, when);
	if (grid->cell.width >= CELL_TIMES)
		write_signs(grid, day, signs);
	room = grid->cell.width - MIN_OF(terminal_measure(when), grid->cell.width);
	n = MIN_OF(strlen(signs), room);
	signs[n] = '\0';
	room = grid->cell.width - n;
	write_left(picture, grid, date, when, room - (n > 0), &left);
	put(picture, shade, buf_str(&left), room);
	put(picture, day_has_mark(day, MARK_OVER) ? SHADE_BAD : SHADE_DIM, signs, n);
}

/* ---- grids ---- */

static void draw_rule(const struct picture *picture, const struct grid *grid)
{
	for (int i = 0; i < grid->columns; i++) {
		buf_add_str(picture->out, i ? CROSS : "");
		for (size_t k = 0; k < grid->cell.width; k++)
			buf_add_str(picture->out, DASH);
	}
	end_line(picture);
}

static void draw_weekdays(const struct picture *picture, const struct grid *grid)
{
	for (int i = 0; i < grid->columns; i++) {
		buf_add_str(picture->out, i ? BAR : "");
		put(picture, SHADE_STRONG, weekday_names[i], grid->cell.width);
	}
	end_line(picture);
}

static bool is_drawn(const struct grid *grid, int32_t date)
{
	return date >= grid->from && date <= grid->to;
}

/* One row of cells, whose first is `date`. */
static void draw_cells(const struct picture *picture, const struct grid *grid, int32_t date)
{
	auto_free struct cell *cells = mem_new_array((size_t)grid->columns, sizeof(*cells));
	size_t height = 0;

	for (int i = 0; i < grid->columns; i++) {
		buf_add_str(picture->out, i ? BAR : "");
		if (!is_drawn(grid, date + i)) {
			put(picture, SHADE_PLAIN, "", grid->cell.width);
			continue;
		}
		draw_head(picture, grid, date + i);
		cell_fill(&cells[i], day_at(picture, date + i), &grid->cell);
		height = MAX_OF(height, cells[i].count);
	}
	end_line(picture);
	for (size_t line = 0; line < height; line++) {
		for (int i = 0; i < grid->columns; i++) {
			bool has = line < cells[i].count;

			buf_add_str(picture->out, i ? BAR : "");
			put(picture, has ? cells[i].lines[line].shade : SHADE_PLAIN,
				has ? cells[i].lines[line].text : "", grid->cell.width);
		}
		end_line(picture);
	}
}

static size_t cell_width(const struct picture *picture, int columns)
{
	size_t bars = (size_t)columns - 1;

	return MIN_OF((picture->style->width - bars) / (size_t)columns, (size_t)CELL_MOST);
}

static void draw_title(const struct picture *picture, const struct grid *grid, const char *title)
{
	size_t width = grid->cell.width * (size_t)grid->columns + (size_t)grid->columns - 1;
	size_t pad = (width - MIN_OF(terminal_measure(title), width)) / 2;

	put(picture, SHADE_PLAIN, "", pad);
	put_line(picture, SHADE_STRONG, title);
}

/* Weeks from Monday to Sunday, one below the other. */
static void draw_weeks(const struct picture *picture, int32_t from, int32_t to, const char *title)
{
	struct grid grid = {.from = from,
		.to = to,
		.columns = WEEK,
		.cell = {cell_width(picture, WEEK), MONTH_LINES, picture->many, false}};

	grid.months_in_cells =
		picture->last - picture->first < SIX_WEEKS && grid.cell.width >= CELL_TIMES + 2;
	draw_title(picture, &grid, title);
	draw_weekdays(picture, &grid);
	for (int32_t monday = from - date_weekday(from); monday <= to; monday += WEEK) {
		draw_rule(picture, &grid);
		draw_cells(picture, &grid, monday);
	}
}

static void draw_months(const struct picture *picture)
{
	for (int32_t date = picture->first; date <= picture->last;) {
		int year, month, day;
		char title[32];
		int32_t last;

		date_to_ymd(date, &year, &month, &day);
		last = MIN_OF(picture->last, date - day + month_days(year, month));
		snprintf(title, sizeof(title), "%s %d", months[month - 1], year);
		if (date != picture->first)
			end_line(picture);
		draw_weeks(picture, date, last, title);
		date = last + 1;
	}
}

static void draw_month_view(const struct picture *picture)
{
	int year, month, day, last_year, last_month, last_day;
	char title[80];

	if (picture->last - picture->first >= SIX_WEEKS) {
		draw_months(picture);
		return;
	}
	date_to_ymd(picture->first, &year, &month, &day);
	date_to_ymd(picture->last, &last_year, &last_month, &last_day);
	if (year == last_year && month == last_month)
		snprintf(title, sizeof(title), "%s %d", months[month - 1], year);
	else if (year == last_year)
		snprintf(title, sizeof(title), "%s to %s %d", months[month - 1],
			months[last_month - 1], year);
	else
		snprintf(title, sizeof(title), "%s %d to %s %d", months[month - 1], year,
			months[last_month - 1], last_year);
	draw_weeks(picture, picture->first, picture->last, title);
}

/* ---- a week ---- */

static void draw_columns(const struct picture *picture, int columns)
{
	for (int32_t date = picture->first; date <= picture->last; date += columns) {
		struct grid grid = {.from = date,
			.to = picture->last,
			.columns = columns,
			.cell = {cell_width(picture, columns), CELL_LINES_MOST, false, true},
			.weekdays_in_cells = true};

		if (date != picture->first)
			draw_rule(picture, &grid);
		draw_cells(picture, &grid, date);
	}
}

/* "ana, bo and 3 more", "one-on-one about bo". */
static void write_people(const struct message *message, struct buf *out)
{
	const json_t *names = json_object_get(message->group, "people");
	const char *about = day_text(message->group, "about");
	size_t shown = json_array_size(names);

	for (size_t i = 0; i < shown; i++) {
		auto_free char *name = terminal_clean(json_string_value(json_array_get(names, i)));

		buf_printf(out, "%s%s", i ? ", " : "", name);
	}
	if (message->count > (int64_t)shown)
		buf_printf(out, " and %lld more", (long long)message->count - (long long)shown);
	if (*about)
		buf_printf(out, " about %s", about);
}

static void draw_message(const struct picture *picture, const struct message *message, size_t names)
{
	cleanup(buf_free) struct buf line = BUF_MAX(TEXT_MOST * 8), name = BUF_MAX(TEXT_MOST);
	bool marked = message->mark < MARKS;

	buf_printf(&line, "  %s %c ", message->time, marked ? mark_facts[message->mark].sign : ' ');
	terminal_add_field(&line, false, SHADE_PLAIN, message->names, names);
	buf_add_str(&line, "  ");
	write_people(message, &line);
	if (marked) {
		auto_free char *reason = terminal_clean(day_text(message->group, "reason"));

		buf_printf(&line, "  %s", reason);
	}
	put_line(picture, marked ? mark_facts[message->mark].shade : SHADE_PLAIN, buf_str(&line));
}

static void draw_date_line(const struct picture *picture, int32_t date)
{
	const json_t *day = day_at(picture, date);
	auto_free char *holiday = terminal_clean(day_text(day, "holiday"));
	bool off = day_has_mark(day, MARK_OFF), today = date == picture->style->today;
	cleanup(buf_free) struct buf line = BUF_MAX(TEXT_MOST * 4);
	int year, month, number;

	date_to_ymd(date, &year, &month, &number);
	buf_printf(&line, "%s%s %d %s %d%s", today ? "[" : "", weekday_names[date_weekday(date)],
		number, months[month - 1], year, today ? "]" : "");
	if (off || *holiday)
		buf_printf(&line, "  %c %s", off ? mark_facts[MARK_OFF].sign : ' ',
			*holiday ? holiday : "day off");
	if (day_has_mark(day, MARK_OVER))
		buf_printf(&line, "  %c", mark_facts[MARK_OVER].sign);
	put_line(picture, off && !today ? SHADE_DIM : SHADE_STRONG, buf_str(&line));
}

static void draw_day(const struct picture *picture, int32_t date, size_t names)
{
	const json_t *day = day_at(picture, date), *groups = json_object_get(day, "groups");
	struct message message;
	size_t at = 0;

	draw_date_line(picture, date);
	while (message_next(groups, &at, &message))
		draw_message(picture, &message, names);
	if (day_number(day, "more")) {
		auto_free char *more =
			str_printf("  and %lld more", (long long)day_number(day, "more"));

		put_line(picture, SHADE_DIM, more);
	}
}

static void draw_rows(const struct picture *picture)
{
	struct message message;
	size_t names = 0;

	for (int32_t date = picture->first; date <= picture->last; date++) {
		const json_t *groups = json_object_get(day_at(picture, date), "groups");

		for (size_t at = 0; message_next(groups, &at, &message);)
			names = MAX_OF(names, terminal_measure(message.names));
	}
	names = MIN_OF(names, MIN_OF((size_t)NAME_MOST, picture->style->width / 3));
	for (int32_t date = picture->first; date <= picture->last; date++)
		draw_day(picture, date, names);
}

static void draw_week_view(const struct picture *picture)
{
	int32_t days = picture->last - picture->first + 1;
	int columns = days <= PICTURE_WEEK_DAYS ? days : WEEK;

	if (days > 1 && !picture->many && cell_width(picture, columns) >= CELL_COLUMN)
		draw_columns(picture, columns);
	else
		draw_rows(picture);
}

/* ---- the foot ---- */

static int64_t sum_of(const struct picture *picture, const char *name)
{
	const json_t *day;
	int64_t sum = 0;
	size_t i;

	json_array_foreach(picture->days, i, day) sum += day_number(day, name);
	return sum;
}

static void add_sum(
	const struct picture *picture, struct buf *line, const char *name, const char *words)
{
	char count[COUNT_TEXT];

	if (!sum_of(picture, name))
		return;
	count_write(sum_of(picture, name), COUNT_TEXT, count);
	buf_printf(line, ", %s %s", count, words);
}

static void draw_sums(const struct picture *picture)
{
	cleanup(buf_free) struct buf sums = BUF_MAX(TEXT_MOST);
	int64_t messages = sum_of(picture, "messages");
	char count[COUNT_TEXT];

	count_write(messages, COUNT_TEXT, count);
	buf_printf(&sums, "%s message%s", messages ? count : "no", messages == 1 ? "" : "s");
	add_sum(picture, &sums, "shifted", "moved");
	add_sum(picture, &sums, "merged", "gathered in one with others");
	add_sum(picture, &sums, "skipped", "not sent");
	terminal_add_wrapped(picture->out, buf_str(&sums), 0, picture->style->width);
	end_line(picture);
}

/* A piece of the legend, on the line that ends at *at or on the next. */
static void add_meaning(
	const struct picture *picture, size_t *at, const char *sign, const char *meaning)
{
	size_t len = strlen(sign) + 1 + strlen(meaning);

	if (*at && *at + LEGEND_GAP + len > picture->style->width) {
		end_line(picture);
		*at = 0;
	}
	buf_printf(picture->out, "%*s%s %s", *at ? LEGEND_GAP : 0, "", sign, meaning);
	*at += len + (*at ? LEGEND_GAP : 0);
}

static bool is_seen(const struct picture *picture, enum mark mark)
{
	for (int32_t date = picture->first; date <= picture->last; date++)
		if (day_has_mark(day_at(picture, date), mark))
			return true;
	return false;
}

static void draw_legend(const struct picture *picture)
{
	const struct picture_style *style = picture->style;
	size_t at = 0;

	if (style->view == PICTURE_MONTH && cell_width(picture, WEEK) < CELL_TIMES)
		add_meaning(picture, &at, "1, 2", "messages");
	for (enum mark mark = 0; mark < MARKS; mark++) {
		const char sign[] = {mark_facts[mark].sign, '\0'};

		if (is_seen(picture, mark))
			add_meaning(picture, &at, sign, mark_facts[mark].meaning);
	}
	if (style->today >= picture->first && style->today <= picture->last)
		add_meaning(picture, &at, "[ ]", "today");
	if (at)
		end_line(picture);
}

void picture_draw(const json_t *days, const struct picture_style *style, struct buf *out)
{
	struct picture picture = {.style = style, .days = days, .out = out};
	const json_t *day;
	size_t i;

	assert(style->width >= TERMINAL_LEAST);
	if (date_parse(day_text(json_array_get(days, 0), "date"), &picture.first) < 0)
		return;
	picture.last = picture.first + (int32_t)json_array_size(days) - 1;
	json_array_foreach(days, i, day) picture.many |= day_number(day, "people") > FEW_PEOPLE;
	if (style->view == PICTURE_WEEK)
		draw_week_view(&picture);
	else
		draw_month_view(&picture);
	buf_add_char(out, '\n');
	draw_sums(&picture);
	draw_legend(&picture);
}
