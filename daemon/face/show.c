/* Replies for people's eyes. The only place that knows of the reader's own time zone: the C library's,
 * since this is a tool of one thread and not the daemon. */
#include "face/show.h"

#include "base/str.h"
#include "face/table.h"
#include "time/civil.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STEP_GAP = 2, STEP_MAX = 64 << 10 };

const char *show_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

char *show_number(const json_t *object, const char *name)
{
	return str_printf("%lld", (long long)json_integer_value(json_object_get(object, name)));
}

char *show_time(const json_t *text)
{
	bool has_offset;
	char written[64];
	struct tm local;
	int64_t utc;
	time_t t;

	if (!json_is_string(text) || civil_parse(json_string_value(text), &utc, &has_offset) < 0)
		return str_new("-");
	t = (time_t)utc;
	if (!localtime_r(&t, &local) ||
		!strftime(written, sizeof(written), "%Y-%m-%d %H:%M:%S", &local))
		return str_new(json_string_value(text));
	return str_new(written);
}

void show_text(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		auto_free char *line = str_printf("  %.*s", (int)len, text);

		table_print_line(stdout, SHADE_PLAIN, line);
		text += len + (text[len] == '\n');
	}
}

static enum shade shade_of(const char *decision)
{
	if (str_eq(decision, "skipped"))
		return SHADE_DIM;
	return str_eq(decision, "send") ? SHADE_PLAIN : SHADE_WARN;
}

static void print_date(const char *local, char last_date[static 11])
{
	int32_t date;

	if (strncmp(local, last_date, 10) == 0)
		return;
	snprintf(last_date, 11, "%.10s", local);
	if (date_parse(last_date, &date) == 0) {
		auto_free char *head =
			str_printf("%s %s", weekday_names[date_weekday(date)], last_date);

		table_print_line(stdout, SHADE_STRONG, head);
	}
}

static void add_decision(struct table *table, const json_t *planned)
{
	const char *decision = show_member(planned, "decision"),
		   *to = show_member(planned, "person");
	const char *about = json_string_value(json_object_get(planned, "about"));
	auto_free char *time = str_printf("  %.5s", show_member(planned, "local") + 11);
	auto_free char *who = str_printf(
		"%s%s%s", *to == '-' ? "(room)" : to, about ? " about " : "", about ? about : "");
	bool plain = str_eq(decision, "send");

	TABLE_ADD(table, shade_of(decision), time, plain ? "" : decision, who,
		show_member(planned, "reminder"), show_member(planned, "channel"),
		plain ? show_member(planned, "title") : show_member(planned, "reason"));
}

void show_timeline(const json_t *list, char last_date[static 11])
{
	struct table *table = table_new(6, NULL);
	json_t *planned;
	size_t i;

	json_array_foreach(list, i, planned)
	{
		const char *local = show_member(planned, "local");

		if (strlen(local) < 16)
			continue;
		if (strncmp(local, last_date, 10) != 0) {
			table_print(table, stdout);
			table_free(table);
			table = table_new(6, NULL);
			print_date(local, last_date);
		}
		add_decision(table, planned);
	}
	table_print(table, stdout);
	table_free(table);
}

static enum shade shade_of_result(const char *result)
{
	if (str_eq(result, "decides"))
		return SHADE_STRONG;
	return str_eq(result, "moves") ? SHADE_WARN : SHADE_PLAIN;
}

static bool is_not_reached(const json_t *step)
{
	return str_eq(show_member(step, "result"), "not reached");
}

/* A rule, its result and the rest, wrapped under itself. */
static void show_step(const json_t *step, size_t rules, size_t results)
{
	cleanup(buf_free) struct buf line = BUF_MAX(STEP_MAX);
	auto_free char *rule = terminal_clean(show_member(step, "rule"));
	auto_free char *result = terminal_clean(show_member(step, "result"));
	auto_free char *detail = terminal_clean(show_member(step, "detail"));

	buf_add_str(&line, "  ");
	terminal_add_field(&line, false, SHADE_PLAIN, rule, rules + STEP_GAP);
	if (*detail) {
		terminal_add_field(&line, false, SHADE_PLAIN, result, results + STEP_GAP);
		terminal_add_wrapped(
			&line, detail, 2 + rules + results + 2 * STEP_GAP, terminal_width(stdout));
	} else {
		buf_add_str(&line, result);
	}
	terminal_print(stdout, shade_of_result(result), buf_str(&line));
}

/* The rules behind the one that ended it: their names are enough. */
static void show_not_reached(const json_t *steps)
{
	cleanup(buf_free) struct buf names = BUF_MAX(STEP_MAX), line = BUF_MAX(STEP_MAX);
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		auto_free char *rule = terminal_clean(show_member(step, "rule"));

		if (is_not_reached(step))
			buf_printf(&names, "%s%s", names.len ? ", " : "", rule);
	}
	if (!names.len)
		return;
	buf_add_str(&line, "  not reached: ");
	terminal_add_wrapped(&line, buf_str(&names), line.len, terminal_width(stdout));
	terminal_print(stdout, SHADE_DIM, buf_str(&line));
}

static void show_slot(const json_t *slot)
{
	const char *about = json_string_value(json_object_get(slot, "about"));
	auto_free char *head = str_printf("%s%s%s: %s (%s)", show_member(slot, "local"),
		about ? " about " : "", about ? about : "", show_member(slot, "decision"),
		show_member(slot, "basis"));
	const json_t *steps = json_object_get(slot, "steps");
	size_t rules = 0, results = 0, i;
	json_t *step;

	printf("\n");
	terminal_print_wrapped(stdout, SHADE_STRONG, head);
	json_array_foreach(steps, i, step)
	{
		if (is_not_reached(step))
			continue;
		rules = MAX_OF(rules, strlen(show_member(step, "rule")));
		results = MAX_OF(results, strlen(show_member(step, "result")));
	}
	json_array_foreach(steps, i, step) if (!is_not_reached(step))
		show_step(step, rules, results);
	show_not_reached(steps);
}

void show_explanation(const json_t *explanation)
{
	const json_t *next = json_object_get(explanation, "next"),
		     *slots = json_object_get(explanation, "slots");
	json_t *slot;
	size_t i;

	terminal_print_wrapped(stdout, SHADE_PLAIN, show_member(explanation, "summary"));
	json_array_foreach(slots, i, slot) show_slot(slot);
	if (json_is_string(next) && json_array_size(slots)) {
		auto_free char *time = show_time(next);

		auto_free char *line = str_printf("The next time after that date: %s", time);

		printf("\n");
		terminal_print_wrapped(stdout, SHADE_PLAIN, line);
	}
}
