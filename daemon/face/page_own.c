/* HTML of what a person keeps for themselves: choices, and foci that nobody else sees. Pure. */
#include "face/me.h"

#include "base/str.h"
#include "face/page_parts.h"

/* ---- choices ---- */

struct option {
	const char *value, *label;
};

static void add_choice(struct buf *out, const char *name, const char *question,
	const struct option *options, const char *chosen)
{
	buf_printf(out, "<label for=\"%s\">%s</label>\n<select id=\"%s\" name=\"%s\">\n", name,
		question, name, name);
	for (; options->value; options++) {
		buf_printf(out, "<option value=\"%s\"%s>", options->value,
			str_eq(options->value, chosen) ? " selected" : "");
		page_escape(out, options->label);
		buf_add_str(out, "</option>\n");
	}
	buf_add_str(out, "</select>\n");
}

static void add_share(struct buf *out, const struct readers *readers)
{
	struct option options[SHARES + 1] = {0};
	size_t n = 0;

	for (int i = 0; i < SHARES; i++)
		if (readers->names[i])
			options[n++] = (struct option){share_names[i], readers->names[i]};
	add_choice(out, "share",
		"Who may see the line you write with an answer, unless you say otherwise", options,
		share_names[readers->usual]);
}

void me_add_preferences(struct buf *out, const struct me *me)
{
	static const struct option celebrate[] = {{"me", "with me alone"},
		{"partner", "with my partner"}, {"team", "with my team"}, {"off", "not at all"},
		{NULL, NULL}};
	static const struct option plateau[] = {
		{"no", "no, only me"}, {"yes", "yes"}, {NULL, NULL}};
	static const struct option consent[] = {{"yes", "yes"}, {"no", "no"}, {NULL, NULL}};

	page_begin_form(out, "choose");
	add_share(out, &me->readers);
	add_choice(out, "celebrate", "Celebrate what I have done", celebrate,
		me->kept_celebrate ? me->kept_celebrate : "me");
	add_choice(out, "plateau",
		"When nothing moves for weeks, may my manager hear that a new area might help?",
		plateau, me->kept_plateau ? me->kept_plateau : "no");
	add_choice(
		out, "pair", "Pair me with others", consent, me->kept_pair ? me->kept_pair : "yes");
	add_choice(out, "partner", "Ask me as somebody's partner", consent,
		me->kept_partner ? me->kept_partner : "yes");
	buf_add_str(out, "<div class=\"row\"><button>Save</button></div>\n</form>\n");
}

/* ---- foci ---- */

static void add_line(struct buf *out, int number, const char *name, const char *label,
	const char *value, bool needed)
{
	buf_printf(out,
		"<label for=\"%s%d\">%s</label>\n<input id=\"%s%d\" name=\"%s\" maxlength=\"100\" "
		"autocomplete=\"off\"%s value=\"",
		name, number, label, name, number, name, needed ? " required" : "");
	page_escape(out, value);
	buf_add_str(out, "\">\n");
}

static void add_day(
	struct buf *out, int number, const char *name, const char *label, bool has, int32_t date)
{
	char text[CIVIL_TEXT] = "";

	if (has)
		date_write(date, text);
	buf_printf(out,
		"<div><label for=\"%s%d\">%s</label>\n<input id=\"%s%d\" name=\"%s\" type=\"date\" "
		"value=\"%s\"></div>\n",
		name, number, label, name, number, name, text);
}

static void add_focus_form(struct buf *out, int number, const struct focus *focus, bool is_new)
{
	page_begin_form(out, "focus");
	buf_printf(out, "<input type=\"hidden\" name=\"number\" value=\"%d\">\n", number);
	add_line(out, number, "skill", "What I want to get better at", focus->skill, true);
	add_line(out, number, "why", "Why it matters to me", focus->why, false);
	add_line(out, number, "goal", "What good looks like", focus->goal, false);
	add_line(out, number, "cue", "When: after what", focus->cue, false);
	add_line(out, number, "act", "One small act", focus->act, false);
	add_line(out, number, "measure", "How I will know", focus->measure, false);
	buf_add_str(out, "<div class=\"row\">\n");
	add_day(out, number, "from", "From", focus->has_from, focus->from);
	add_day(out, number, "until", "Until", focus->has_until, focus->until);
	buf_add_str(out, "</div>\n<div class=\"row\">\n"
			 "<button class=\"main\" name=\"then\" value=\"keep\">Keep it</button>\n");
	if (!is_new)
		buf_add_str(out, "<button name=\"then\" value=\"remove\" formnovalidate>Remove "
				 "it</button>\n");
	buf_add_str(out, "</div>\n</form>\n");
}

static void add_focus(struct buf *out, int number, const char *json)
{
	struct focus focus = {.skill = NULL};
	auto_free char *why = NULL;

	if (focus_parse(json, &focus, &why) < 0)
		focus.skill = str_new("(unreadable)");
	buf_add_str(out, "<details class=\"card\">\n<summary>");
	page_escape(out, focus.skill);
	buf_add_str(out, " <small>yours alone</small></summary>\n");
	add_focus_form(out, number, &focus, false);
	buf_add_str(out, "</details>\n");
	focus_clear(&focus);
}

static void add_given(struct buf *out, const struct me *me)
{
	for (size_t i = 0; i < me->person->n_foci; i++) {
		const struct focus *focus = &me->person->foci[i];

		buf_add_str(out, "<p><b>");
		page_escape(out, focus->skill);
		buf_add_str(out, "</b> <small>agreed with your organisation</small>");
		if (focus->why) {
			buf_add_str(out, "<br>");
			page_escape(out, focus->why);
		}
		buf_add_str(out, "</p>\n");
	}
}

void me_add_foci(struct buf *out, const struct me *me)
{
	static const struct focus none;
	int free_number = 0;

	add_given(out, me);
	buf_add_str(out, "<p>What you add here is kept for you, and shown to nobody else.</p>\n");
	for (int i = KEPT_FOCI; i >= 1; i--)
		if (!me->foci[i - 1])
			free_number = i;
	for (int i = 1; i <= KEPT_FOCI; i++)
		if (me->foci[i - 1])
			add_focus(out, i, me->foci[i - 1]);
	if (!free_number)
		return;
	buf_add_str(out, "<details class=\"card\">\n<summary>Add a focus of your own</summary>\n");
	add_focus_form(out, free_number, &none, true);
	buf_add_str(out, "</details>\n");
}
