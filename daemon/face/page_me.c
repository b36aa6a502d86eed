/* HTML of a person's own page. Pure. One column, one form for each thing that can be done, and every
 * one works without a script. Other people's words and names reach it only escaped. */
#include "face/me.h"

#include "base/clock.h"
#include "base/str.h"
#include "face/page_parts.h"

#include <stdio.h>

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};

static int64_t local_of(const struct me *me, int64_t at)
{
	return zone_to_local(me->person->place->zone, at / 1000, NULL);
}

void page_add_date(struct buf *out, int32_t date)
{
	int year, month, day;

	date_to_ymd(date, &year, &month, &day);
	buf_printf(out, "%s %d %s", weekday_names[date_weekday(date)], day, months[month - 1]);
}

static void add_instant(struct buf *out, const struct me *me, int64_t at)
{
	int64_t local = local_of(me, at);
	int32_t second = local_second_of_day(local);

	page_add_date(out, local_date(local));
	buf_printf(out, ", %02d:%02d", second / 3600, second / 60 % 60);
}

static void begin_section(struct buf *out, const char *id, const char *heading)
{
	buf_printf(
		out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, heading);
}

static void end_section(struct buf *out)
{
	buf_add_str(out, "</section>\n");
}

void page_begin_form(struct buf *out, const char *deed)
{
	buf_printf(out,
		"<form method=\"post\">\n<input type=\"hidden\" name=\"do\" value=\"%s\">\n", deed);
}

/* ---- what waits for an answer ---- */

static void add_open(struct buf *out, const struct me *me)
{
	begin_section(out, "open", "Waiting for your answer");
	if (!me->n_open)
		buf_add_str(out, "<p>Nothing. Enjoy the quiet.</p>\n");
	for (size_t i = 0; i < me->n_open; i++) {
		const struct occurrence *item = me->open[i];
		char id[ID_TEXT], suffix[24];

		id_write(item->id, id);
		snprintf(suffix, sizeof(suffix), "-%zu", i + 1);
		buf_printf(out, "<details class=\"card\"%s>\n<summary>", i ? "" : " open");
		page_escape(out, str_empty(item->title) ? item->key.reminder : item->title);
		buf_add_str(out, " <small>");
		add_instant(out, me, item->due_at);
		buf_add_str(out, "</small></summary>\n<p class=\"text\">");
		page_escape(out, item->text);
		buf_add_str(out, "</p>\n");
		page_begin_form(out, "answer");
		buf_printf(out, "<input type=\"hidden\" name=\"occurrence\" value=\"%s\">\n", id);
		page_add_answers(out, item, &me->readers, suffix);
		buf_add_str(out, "</form>\n</details>\n");
	}
	end_section(out);
}

/* ---- what comes ---- */

static void add_day(struct buf *out, const struct me *me, int32_t date, int32_t today)
{
	buf_add_str(out, "<h3>");
	if (date - today < 2)
		buf_add_str(out, date == today ? "Today, " : "Tomorrow, ");
	page_add_date(out, date);
	buf_add_str(out, "</h3>\n<ul class=\"plain\">\n");
}

static void add_coming(struct buf *out, const struct me *me)
{
	int32_t today = local_date(local_of(me, me->now_at)), last = INT32_MIN;
	bool later = false;

	begin_section(out, "coming", "Coming up");
	if (!me->n_coming)
		buf_add_str(out, "<p>Nothing in the next two weeks.</p>\n");
	for (size_t i = 0; i < me->n_coming; i++) {
		const struct me_coming *coming = &me->coming[i];
		int64_t local = local_of(me, coming->at);
		int32_t second = local_second_of_day(local);

		if (local_date(local) != last) {
			if (last != INT32_MIN)
				buf_add_str(out, "</ul>\n");
			last = local_date(local);
			if (!later && last >= today + 7) {
				buf_add_str(out, "<details>\n<summary>The week after</summary>\n");
				later = true;
			}
			add_day(out, me, last, today);
		}
		buf_printf(out, "<li><b>%02d:%02d</b> ", second / 3600, second / 60 % 60);
		page_escape(out, str_empty(coming->title) ? coming->reminder : coming->title);
		if (coming->moved || coming->merged)
			buf_printf(out, " <small>%s</small>",
				coming->moved ? "moved to your hours"
					      : "in one message with others");
		buf_add_str(out, "</li>\n");
	}
	if (last != INT32_MIN)
		buf_add_str(out, "</ul>\n");
	if (later)
		buf_add_str(out, "</details>\n");
	if (me->coming_cut)
		buf_add_str(out, "<p>And more: only the next ones are shown.</p>\n");
	if (me->calendar_url) {
		buf_add_str(out, "<p>In your own calendar: subscribe to <a href=\"");
		page_escape(out, me->calendar_url);
		buf_add_str(
			out, "\">this calendar</a>. Whoever has its address can read it.</p>\n");
	}
	end_section(out);
}

static void add_progress(struct buf *out, const struct me *me)
{
	begin_section(out, "progress", "Your progress");
	if (me->progress)
		me_add_progress(out, me->progress);
	else
		buf_add_str(out, "<p>It could not be read just now.</p>\n");
	end_section(out);
}

/* ---- rest ---- */

static void add_rest(struct buf *out, const struct me *me)
{
	char least[CIVIL_TEXT];

	begin_section(out, "rest", "Take a rest");
	if (me->paused) {
		buf_add_str(out, "<p>Nothing is sent to you ");
		if (me->pause_until_at == TIME_NEVER) {
			buf_add_str(out, "until somebody ends the pause");
		} else {
			buf_add_str(out, "until ");
			add_instant(out, me, me->pause_until_at);
		}
		buf_add_str(out, ".</p>\n");
	}
	if (me->paused && !me->pause_is_own) {
		buf_add_str(out, "<p>An organiser arranged this: ask them to end it sooner.</p>\n");
	} else if (me->paused) {
		page_begin_form(out, "resume");
		buf_add_str(out, "<button class=\"main\">Go on now</button>\n</form>\n");
	} else {
		date_write(local_date(local_of(me, me->now_at)) + 1, least);
		page_begin_form(out, "pause");
		buf_printf(out,
			"<label for=\"until\">Nothing until the morning of</label>\n"
			"<div class=\"row\">\n<input id=\"until\" name=\"until\" type=\"date\" "
			"min=\"%s\" required>\n<button>Rest until then</button>\n</div>\n</form>\n",
			least);
	}
	end_section(out);
}

/* ---- how often ---- */

static void add_pace(struct buf *out, const struct me_reminder *row, size_t number)
{
	static const struct {
		enum answer pace;
		const char *value, *label;
	} paces[] = {{ANSWER_NONE, "planned", "as planned"},
		{ANSWER_LESS, "less", "every second time"}, {ANSWER_STOP, "stop", "not at all"}};

	page_begin_form(out, "pace");
	buf_add_str(out, "<input type=\"hidden\" name=\"reminder\" value=\"");
	page_escape(out, row->reminder->id);
	buf_printf(out, "\">\n<label for=\"pace%zu\"><b>", number);
	page_escape(out, row->reminder->id);
	buf_add_str(out, "</b> ");
	page_escape(out, row->reminder->schedule);
	buf_printf(out, "</label>\n<div class=\"row\">\n<select id=\"pace%zu\" name=\"pace\">\n",
		number);
	for (size_t i = 0; i < ARRAY_LEN(paces); i++)
		buf_printf(out, "<option value=\"%s\"%s>%s</option>\n", paces[i].value,
			paces[i].pace == row->pace ? " selected" : "", paces[i].label);
	buf_printf(out,
		"</select>\n<button aria-label=\"Save %s\">Save</button>\n</div>\n</form>\n",
		row->reminder->id);
}

static void add_reminders(struct buf *out, const struct me *me)
{
	begin_section(out, "reminders", "What comes to you, and how often");
	if (!me->n_reminders)
		buf_add_str(out, "<p>No reminder is for you.</p>\n");
	for (size_t i = 0; i < me->n_reminders; i++)
		add_pace(out, &me->reminders[i], i + 1);
	if (me->reminders_cut)
		buf_add_str(out, "<p>And more, which have no room here.</p>\n");
	end_section(out);
}

/* ---- the rest of the page ---- */

static void add_data(struct buf *out, const struct me *me)
{
	begin_section(out, "data", "Your data");
	buf_printf(out,
		"<p><a href=\"%s/data.json\">Download everything that is recorded about you</a>, "
		"as "
		"JSON. What you wrote with your answers is in it, and nowhere else.</p>\n"
		"<p><a href=\"%s/forget\">Forget me</a>: remove all of it, and send me nothing any "
		"more. You are asked once again first.</p>\n",
		me->token, me->token);
	end_section(out);
}

static void add_contents(struct buf *out)
{
	static const char *const parts[][2] = {{"open", "Answers"}, {"coming", "Coming up"},
		{"progress", "Progress"}, {"rest", "Rest"}, {"reminders", "How often"},
		{"foci", "Your foci"}, {"choices", "Choices"}, {"data", "Your data"}};

	buf_add_str(out, "<nav aria-label=\"On this page\">\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		buf_printf(out, "<a href=\"#%s\">%s</a>\n", parts[i][0], parts[i][1]);
	buf_add_str(out, "</nav>\n");
}

void me_write_forget(struct buf *out)
{
	const struct page_frame frame = {.heading = "Forget me"};

	page_begin(out, &frame);
	buf_add_str(out,
		"<p>Everything that is recorded about you is removed at once: what you were asked "
		"and "
		"what you answered, your lines, your progress, your foci and your choices. It does "
		"not "
		"come back, and there is no copy but one that you download first.</p>\n"
		"<p>From then on nothing is sent to you, and nothing about you to anybody. What "
		"stays "
		"is a mark, made of a hash, that says so. If you want to come back, ask your "
		"organiser.</p>\n");
	page_begin_form(out, "forget");
	buf_add_str(out,
		"<label for=\"sure\">Write <b>forget me</b> if you are sure</label>\n"
		"<input id=\"sure\" name=\"sure\" autocomplete=\"off\" required>\n"
		"<div class=\"row\"><button>Remove everything about me</button></div>\n</form>\n");
	page_end(out);
}

void me_write(struct buf *out, const struct me *me)
{
	auto_free char *heading = str_printf("Your practice, %s", me->person->name);
	const struct page_frame frame = {.heading = heading, .notice = me->notice};

	page_begin(out, &frame);
	add_contents(out);
	add_open(out, me);
	add_coming(out, me);
	add_progress(out, me);
	add_rest(out, me);
	add_reminders(out, me);
	begin_section(out, "foci", "Your foci");
	me_add_foci(out, me);
	end_section(out);
	begin_section(out, "choices", "Your choices");
	me_add_preferences(out, me);
	end_section(out);
	add_data(out, me);
	buf_add_str(out, "<footer>This page is yours alone: whoever has its address can use it, so "
			 "keep it to yourself. Times are those of ");
	page_escape(out, zone_name(me->person->place->zone));
	buf_add_str(out, ".</footer>\n");
	page_end(out);
}
