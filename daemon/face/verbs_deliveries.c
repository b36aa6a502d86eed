/* The verbs about deliveries: looking at them, trying them again, dropping them. What a choice such as
 * --dead means is decided once, by what the daemon lists: what is done is done to those, by their
 * ids, and only when somebody said how many they are. */
#include "face/tool.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/show.h"
#include "face/table.h"
#include "time/civil.h"
#include "time/span.h"

#include <stdio.h>

enum {
	WIDE = 150, /* columns, from which on a delivery has one line */
	PAGE_MOST = 1000,
	CHOSEN_MOST = 20000,
	BATCH = 500,
	FILTERS_MOST = 8,
};

void tool_print_list(json_t *list)
{
	json_t *object;
	size_t i;

	json_array_foreach(list, i, object) tool_print_json(object);
}

enum shade tool_shade_of_state(const char *state)
{
	if (str_eq(state, "answered") || str_eq(state, "delivered"))
		return SHADE_GOOD;
	if (str_eq(state, "refused") || str_eq(state, "expired") || str_eq(state, "quarantined"))
		return SHADE_BAD;
	return str_eq(state, "skipped") || str_eq(state, "cancelled") || str_eq(state, "closed")
		       ? SHADE_DIM
		       : SHADE_PLAIN;
}

/* ---- the table ---- */

static char *join(const json_t *list)
{
	cleanup(buf_free) struct buf text = BUF_MAX(4096);
	json_t *word;
	size_t i;

	json_array_foreach(list, i, word)
		buf_printf(&text, "%s%s", i ? ", " : "", json_string_value(word));
	return str_new(text.len ? buf_str(&text) : "-");
}

/* "in 2min 30s (14:03:10)", "now", or "-". */
static char *show_next(const json_t *delivery)
{
	const json_t *next = json_object_get(delivery, "next");
	auto_free char *local = show_time(next);
	char span[SPAN_TEXT];
	bool has_offset;
	int64_t at, wait;

	if (!json_is_string(next) || civil_parse(json_string_value(next), &at, &has_offset) < 0)
		return str_new("-");
	wait = at - tool_now() / 1000;
	if (wait <= 0)
		return str_new("now");
	span_write(wait, span);
	return str_printf(
		"in %s (%s)", span, wait < DAY_S && strlen(local) > 11 ? local + 11 : local);
}

static void add_wide(struct table *table, const json_t *delivery)
{
	auto_free char *created = show_time(json_object_get(delivery, "created"));
	auto_free char *tries = show_number(delivery, "attempts");
	auto_free char *what = join(json_object_get(delivery, "reminders"));
	auto_free char *next = show_next(delivery);
	const char *state = show_member(delivery, "state");

	TABLE_ADD(table, tool_shade_of_state(state), show_member(delivery, "delivery"), created,
		show_member(delivery, "channel"), show_member(delivery, "recipient"), what, state,
		tries, next, show_member(delivery, "reason"));
}

/* What a table of 80 columns has no room for stands below the row. */
static void add_narrow(struct table *table, const json_t *delivery)
{
	json_int_t attempts = json_integer_value(json_object_get(delivery, "attempts"));
	const char *state = show_member(delivery, "state");
	const char *reason = json_string_value(json_object_get(delivery, "reason"));
	auto_free char *what = join(json_object_get(delivery, "reminders"));
	auto_free char *next = show_next(delivery);
	auto_free char *note = str_printf("%lld attempt%s%s%s%s%s", (long long)attempts,
		attempts == 1 ? "" : "s", *next == '-' ? "" : ", next ", *next == '-' ? "" : next,
		reason ? ": " : "", reason ? reason : "");

	TABLE_ADD(table, tool_shade_of_state(state), show_member(delivery, "delivery"), state,
		show_member(delivery, "channel"), show_member(delivery, "recipient"), what);
	table_add_note(table, note);
}

static struct table *make_table(json_t *list)
{
	static const char *const wide[] = {
		"DELIVERY", "CREATED", "CHANNEL", "TO", "WHAT", "STATE", "TRIES", "NEXT", "REASON"};
	static const char *const narrow[] = {"DELIVERY", "STATE", "CHANNEL", "TO", "WHAT"};
	size_t width = terminal_width(stdout);
	bool is_wide = !width || width >= WIDE;
	struct table *table =
		is_wide ? table_new(ARRAY_LEN(wide), wide) : table_new(ARRAY_LEN(narrow), narrow);
	json_t *delivery;
	size_t i;

	json_array_foreach(list, i, delivery)
	{
		if (is_wide)
			add_wide(table, delivery);
		else
			add_narrow(table, delivery);
	}
	return table;
}

static const char *say_none(const struct tool *tool)
{
	if (tool_option(tool, "dead"))
		return "No dead letters.";
	if (tool_option(tool, "all") || tool_option(tool, "state") || tool_option(tool, "since"))
		return "No such deliveries.";
	return "No open deliveries.";
}

static void show_deliveries(void *owner, json_t *reply)
{
	const struct tool *tool = owner;
	json_t *list = json_object_get(reply, "deliveries");
	const char *more = json_string_value(json_object_get(reply, "more"));
	struct table *table;

	if (tool->json) {
		tool_print_list(list);
	} else if (!json_array_size(list)) {
		printf("%s\n", say_none(tool));
	} else {
		table = make_table(list);
		table_print(table, stdout);
		table_free(table);
	}
	if (more)
		fprintf(stderr, "There are more: go on with --after %s\n", more);
}

/* ---- what is asked for ---- */

json_t *tool_read_filters(struct tool *tool, int *ret_status)
{
	static const char *const texts[] = {
		"person", "reminder", "channel", "state", "since", "after"};
	static const char *const flags[] = {"all", "dead"};
	const char *limit = tool_option(tool, "limit");
	json_t *parameters = json_object();
	int64_t number;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (tool_option(tool, texts[i]))
			json_object_set_new(
				parameters, texts[i], json_string(tool_option(tool, texts[i])));
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (tool_option(tool, flags[i]))
			json_object_set_new(parameters, flags[i], json_true());
	if (!limit)
		return parameters;
	if (str_to_int64(limit, &number) < 0 || number < 1 || number > PAGE_MOST) {
		json_decref(parameters);
		*ret_status = tool_misuse(tool, "--limit is a number from 1 to %d", PAGE_MOST);
		return NULL;
	}
	json_object_set_new(parameters, "limit", json_integer(number));
	return parameters;
}

int verb_deliveries(struct tool *tool)
{
	int status = TOOL_DONE;
	json_t *parameters = tool_read_filters(tool, &status);

	return parameters ? client_ask(tool, "Deliveries", parameters, false, show_deliveries, tool)
			  : status;
}

/* ---- retry and drop ---- */

struct choice {
	struct tool *tool;
	json_t *ids;
	char *after; /* the next page begins behind it; NULL: there is none */
	json_int_t done;
	size_t refused;
};

static void on_page(void *owner, json_t *reply)
{
	struct choice *choice = owner;
	json_t *delivery;
	size_t i;

	json_array_foreach(json_object_get(reply, "deliveries"), i, delivery)
		json_array_append(choice->ids, json_object_get(delivery, "delivery"));
	free(choice->after);
	choice->after = str_new(json_string_value(json_object_get(reply, "more")));
}

/* All that the daemon lists by the filters. */
static int choose(struct choice *choice)
{
	int status = TOOL_DONE;

	do {
		json_t *parameters = tool_read_filters(choice->tool, &status);

		if (!parameters)
			return status;
		json_object_set_new(parameters, "limit", json_integer(PAGE_MOST));
		if (choice->after)
			json_object_set_new(parameters, "after", json_string(choice->after));
		status = client_ask(choice->tool, "Deliveries", parameters, false, on_page, choice);
		if (status == TOOL_DONE && json_array_size(choice->ids) > CHOSEN_MOST)
			return tool_refuse(
				"more than %d deliveries: choose fewer of them", CHOSEN_MOST);
	} while (status == TOOL_DONE && choice->after);
	return status;
}

/* TOOL_DONE when the number that was given is theirs. */
static int confirm(const struct choice *choice)
{
	const struct tool *tool = choice->tool;
	const char *text = tool_option(tool, "count");
	size_t count = json_array_size(choice->ids);
	const char *s = count == 1 ? "y" : "ies";
	int64_t number;

	if (!count)
		return tool_refuse("there is no such delivery");
	if (!text)
		return tool_refuse("that is %zu deliver%s: to %s %s, say --count %zu", count, s,
			tool->verb->name, count == 1 ? "it" : "them", count);
	if (str_to_int64(text, &number) < 0)
		return tool_misuse(tool, "--count is a number");
	if ((size_t)number != count)
		return tool_refuse("it is %zu deliver%s by now: look at them again", count, s);
	return TOOL_DONE;
}

static void on_mended(void *owner, json_t *reply)
{
	struct choice *choice = owner;
	json_t *refused = json_object_get(reply, "refused"), *refusal;
	size_t i;

	if (choice->tool->json)
		tool_print_json(reply);
	choice->done += json_integer_value(json_object_get(reply, "done"));
	choice->refused += json_array_size(refused);
	if (choice->tool->json)
		return;
	json_array_foreach(refused, i, refusal)
	{
		auto_free char *line = str_printf(
			"%s: %s", show_member(refusal, "delivery"), show_member(refusal, "reason"));

		table_print_line(stderr, SHADE_PLAIN, line);
	}
}

static int mend_all(struct choice *choice)
{
	const struct tool *tool = choice->tool;
	size_t count = json_array_size(choice->ids);
	int status = TOOL_DONE;

	for (size_t at = 0; at < count && status == TOOL_DONE; at += BATCH) {
		json_t *part = json_array();

		for (size_t i = at; i < MIN_OF(at + BATCH, count); i++)
			json_array_append(part, json_array_get(choice->ids, i));
		status = client_ask(tool, tool->verb->method, json_pack("{so}", "deliveries", part),
			false, on_mended, choice);
	}
	if (status == TOOL_DONE && !tool->json)
		printf("%lld of %zu %s\n", (long long)choice->done, count,
			str_eq(tool->verb->name, "drop") ? "dropped" : "tried again");
	return status == TOOL_DONE && choice->refused ? TOOL_REFUSED : status;
}

static bool has_filter(const struct tool *tool)
{
	static const char *const names[] = {
		"dead", "channel", "person", "reminder", "state", "since", NULL};

	for (int i = 0; names[i]; i++)
		if (tool_option(tool, names[i]))
			return true;
	return false;
}

static void say_one(void *owner, json_t *reply)
{
	if (((const struct tool *)owner)->json)
		tool_print_json(reply);
}

int verb_mend(struct tool *tool)
{
	struct choice choice = {.tool = tool};
	int status = TOOL_DONE;

	if (!tool->count == !has_filter(tool))
		return tool_misuse(
			tool, "name deliveries, or choose them by --dead, --channel and the like");
	if (tool->count && tool_option(tool, "count"))
		return tool_misuse(tool, "--count goes with a choice, not with names");
	if (tool->count == 1)
		return client_ask(tool, tool->verb->method,
			json_pack("{ss}", "delivery", tool->words[0]), false, say_one, tool);
	choice.ids = json_array();
	for (int i = 0; i < tool->count; i++)
		json_array_append_new(choice.ids, json_string(tool->words[i]));
	if (!tool->count)
		status = choose(&choice);
	if (status == TOOL_DONE && !tool->count)
		status = confirm(&choice);
	if (status == TOOL_DONE)
		status = mend_all(&choice);
	json_decref(choice.ids);
	free(choice.after);
	return status;
}
