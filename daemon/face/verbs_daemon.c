/* The verbs that ask the daemon: what goes into the call, and how the reply looks to people. */
#include "face/tool.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/show.h"
#include "face/table.h"
#include "model/record.h"
#include "time/span.h"

#include <stdio.h>

enum { DEAD_COUNTED = 1000 }; /* the daemon counts no further */

static void print_reply(void *owner, json_t *reply)
{
	tool_print_json(reply);
}

static void say_nothing(void *owner, json_t *reply)
{
	const struct tool *tool = owner;

	if (tool->json)
		tool_print_json(reply);
}

static void say_summary(void *owner, json_t *reply)
{
	const char *summary = show_member(reply, "summary");

	if (((const struct tool *)owner)->json)
		tool_print_json(reply);
	else if (*summary)
		table_print_line(stdout, SHADE_PLAIN, summary);
}

/* ---- status ---- */

static void show_counts(const json_t *counts)
{
	cleanup(buf_free) struct buf line = BUF_MAX(1024);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)counts, key, value) if (json_integer_value(value))
		buf_printf(&line, "%s%s %lld", line.len ? ", " : "", key,
			(long long)json_integer_value(value));
	for (char *c = line.data; c && *c; c++)
		if (*c == '_')
			*c = ' ';
	if (line.len)
		printf("%s\n", buf_str(&line));
}

static void show_dead(const json_t *dead)
{
	json_int_t count = json_integer_value(dead);
	auto_free char *line = NULL;

	if (!count)
		return;
	line = str_printf("%lld%s dead letter%s: nudgectl deliveries --dead lists them",
		(long long)count, count == DEAD_COUNTED ? " or more" : "", count == 1 ? "" : "s");
	table_print_line(stdout, SHADE_WARN, line);
}

static void show_heartbeat(const json_t *heartbeat)
{
	const char *reason = json_string_value(json_object_get(heartbeat, "reason"));
	auto_free char *last = show_time(json_object_get(heartbeat, "last"));
	auto_free char *line = NULL;

	if (!json_is_object(heartbeat))
		return;
	if (reason)
		line = str_printf("no heartbeat: %s; the last one was heard at %s", reason, last);
	else
		line = str_printf("heartbeat heard at %s", last);
	table_print_line(stdout, reason ? SHADE_BAD : SHADE_PLAIN, line);
}

static void show_channels(const json_t *channels)
{
	struct table *table = table_new(7, (const char *const[]){"CHANNEL", "PLUGIN", "STATE",
						   "WAITING", "SENDING", "RESTS UNTIL", "REASON"});
	json_t *channel;
	size_t i;

	json_array_foreach(channels, i, channel)
	{
		auto_free char *until = show_time(json_object_get(channel, "paused_until"));
		auto_free char *waiting = show_number(channel, "waiting");
		auto_free char *sending = show_number(channel, "in_flight");
		bool rests = json_is_string(json_object_get(channel, "paused_until"));
		bool broken = json_is_true(json_object_get(channel, "broken"));

		TABLE_ADD(table,
			broken  ? SHADE_BAD
			: rests ? SHADE_WARN
				: SHADE_PLAIN,
			show_member(channel, "id"), show_member(channel, "plugin"),
			broken  ? "broken"
			: rests ? "rests"
				: "works",
			waiting, sending, until, show_member(channel, "reason"));
	}
	if (table_count(table)) {
		printf("\n");
		table_print(table, stdout);
	}
	table_free(table);
}

static void show_pauses(const json_t *pauses)
{
	struct table *table =
		table_new(4, (const char *const[]){"PAUSED", "SINCE", "UNTIL", "REASON"});
	json_t *pause;
	size_t i;

	json_array_foreach(pauses, i, pause)
	{
		auto_free char *since = show_time(json_object_get(pause, "since"));
		auto_free char *until = show_time(json_object_get(pause, "until"));

		TABLE_ADD(table, SHADE_WARN, show_member(pause, "what"), since, until,
			show_member(pause, "reason"));
	}
	if (table_count(table)) {
		printf("\n");
		table_print(table, stdout);
	}
	table_free(table);
}

static void show_status(void *owner, json_t *reply)
{
	const struct tool *tool = owner;
	const json_t *status = json_object_get(reply, "status");
	auto_free char *started = show_time(json_object_get(status, "started"));
	auto_free char *next = show_time(json_object_get(status, "next"));
	auto_free char *people = show_number(status, "people");
	auto_free char *reminders = show_number(status, "reminders");
	auto_free char *schedules = show_number(status, "schedules");
	auto_free char *thinned = show_number(status, "thinned");

	if (tool->json) {
		tool_print_json((json_t *)status);
		return;
	}
	printf("nudged %s runs since %s; next at %s\n", show_member(status, "version"), started,
		next);
	printf("people %s, reminders %s, schedules %s\n", people, reminders, schedules);
	if (json_integer_value(json_object_get(status, "thinned")))
		printf("thinned out by fade: %s (one reminder of one person each)\n", thinned);
	show_counts(json_object_get(status, "counts"));
	if (json_is_string(json_object_get(status, "store"))) {
		auto_free char *line =
			str_printf("The store does not take records (%s): nothing is sent.",
				show_member(status, "store"));

		table_print_line(stdout, SHADE_BAD, line);
	}
	show_dead(json_object_get(status, "dead"));
	show_heartbeat(json_object_get(status, "heartbeat"));
	show_channels(json_object_get(status, "channels"));
	show_pauses(json_object_get(status, "pauses"));
}

int verb_status(struct tool *tool)
{
	return client_ask(tool, "Status", json_object(), false, show_status, tool);
}

/* ---- the record ---- */

/* "done", or "done (team)" of one whose line the team may see. */
static char *show_answer(const json_t *occurrence)
{
	const char *answer = show_member(occurrence, "answer");
	const char *share = json_string_value(json_object_get(occurrence, "share"));

	if (!share || str_eq(share, share_names[SHARE_ME]))
		return str_new(answer);
	return str_printf("%s (%s)", answer, share);
}

static void show_occurrences(void *owner, json_t *reply)
{
	json_t *list = json_object_get(reply, "occurrences"), *occurrence;
	struct table *table = table_new(7, (const char *const[]){"OCCURRENCE", "DUE", "REMINDER",
						   "TO", "STATE", "ANSWER", "TITLE"});
	size_t i;

	json_array_foreach(list, i, occurrence)
	{
		auto_free char *due = show_time(json_object_get(occurrence, "due"));
		auto_free char *answer = show_answer(occurrence);
		const char *state = show_member(occurrence, "state");

		TABLE_ADD(table, tool_shade_of_state(state), show_member(occurrence, "occurrence"),
			due, show_member(occurrence, "reminder"),
			show_member(occurrence, "recipient"), state, answer,
			show_member(occurrence, "title"));
	}
	if (((const struct tool *)owner)->json)
		tool_print_list(list);
	else if (table_count(table))
		table_print(table, stdout);
	table_free(table);
}

int verb_list(struct tool *tool)
{
	int status = TOOL_DONE;
	json_t *parameters = tool_read_filters(tool, &status);

	return parameters ? client_ask(tool, "List", parameters, false, show_occurrences, tool)
			  : status;
}

static void show_export(void *owner, json_t *reply)
{
	tool_print_list(json_object_get(reply, "occurrences"));
	tool_print_list(json_object_get(reply, "deliveries"));
	tool_print_list(json_object_get(reply, "pauses"));
	tool_print_list(json_object_get(reply, "kept"));
	if (json_is_string(json_object_get(reply, "begun"))) {
		json_t *begun = json_pack("{sO}", "begun", json_object_get(reply, "begun"));

		tool_print_json(begun);
		json_decref(begun);
	}
}

int verb_export(struct tool *tool)
{
	return client_ask(tool, "Export", json_pack("{ss}", "person", tool->words[0]), true,
		show_export, tool);
}

static void show_event(void *owner, json_t *reply)
{
	json_t *lost = json_object_get(reply, "lost");
	auto_free char *line = NULL;

	if (((const struct tool *)owner)->json)
		tool_print_json(reply);
	else if (lost)
		printf("(%lld events lost: this reader was too slow)\n",
			(long long)json_integer_value(lost));
	else {
		line = str_printf(
			"%-12s %s", show_member(reply, "event"), show_member(reply, "message"));
		table_print_line(stdout, SHADE_PLAIN, line);
	}
	fflush(stdout);
}

int verb_watch(struct tool *tool)
{
	return client_ask(tool, "Watch", json_object(), true, show_event, tool);
}

/* ---- changes ---- */

int verb_one_word(struct tool *tool)
{
	static const struct {
		const char *method, *parameter;
	} words[] = {{"Resume", "what"}, {"Forget", "person"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(words[i].method, tool->verb->method))
			return client_ask(tool, words[i].method,
				json_pack("{ss}", words[i].parameter, tool->words[0]), false,
				say_summary, tool);
	assert(!"a verb without its parameter");
	return TOOL_USAGE;
}

int verb_answer(struct tool *tool)
{
	const char *span = strchr(tool->words[1], '='), *share = tool_option(tool, "share");
	auto_free char *answer = str_new_n(
		tool->words[1], span ? (size_t)(span - tool->words[1]) : strlen(tool->words[1]));
	json_t *parameters;
	int64_t seconds;
	int column;

	if (answer_from_name(answer) == ANSWER_NONE || (span != NULL) != str_eq(answer, "snooze"))
		return tool_misuse(
			tool, "an answer is done, stuck, snooze=SPAN, skip, less or stop");
	if (span && span_parse_s(span + 1, &seconds, &column) < 0)
		return tool_misuse(tool,
			"\"%s\" is no span of time (at its character %d): write 30min, "
			"2h or 1d",
			span + 1, column);
	if (share && share_from_name(share) == SHARES)
		return tool_misuse(tool, "--share is me, partner, mentor, manager or team");
	parameters = json_pack("{ss ss ss* ss* ss*}", "occurrence", tool->words[0], "answer",
		answer, "span", span ? span + 1 : NULL, "text",
		tool->count > 2 ? tool->words[2] : NULL, "share", share);
	return client_ask(tool, "Answer", parameters, false, say_nothing, tool);
}

static void show_sent(void *owner, json_t *reply)
{
	json_t *message;
	size_t i;

	say_summary(owner, reply);
	if (((const struct tool *)owner)->json)
		return;
	json_array_foreach(json_object_get(reply, "messages"), i, message)
	{
		const char *person = json_string_value(json_object_get(message, "person"));
		const char *about = json_string_value(json_object_get(message, "about"));
		auto_free char *head = str_printf("%s%s%s on %s: %s", person ? person : "the room",
			about ? " about " : "", about ? about : "", show_member(message, "channel"),
			show_member(message, "title"));

		printf("\n");
		table_print_line(stdout, SHADE_STRONG, head);
		show_text(show_member(message, "text"));
	}
}

int verb_send(struct tool *tool)
{
	json_t *parameters = json_pack("{ss ss* sb}", "reminder", tool->words[0], "person",
		tool_option(tool, "to"), "dry_run", tool_option(tool, "dry-run") != NULL);

	return client_ask(tool, "Send", parameters, false, show_sent, tool);
}

int verb_pause(struct tool *tool)
{
	const char *reason = tool_option(tool, "reason");

	if (str_empty(reason))
		return tool_misuse(tool, "--reason is missing: it is shown wherever the pause is");
	return client_ask(tool, "Pause",
		json_pack("{ss ss* ss}", "what", tool->words[0], "until",
			tool_option(tool, "until"), "reason", reason),
		false, say_nothing, tool);
}

static void show_link(void *owner, json_t *reply)
{
	if (((const struct tool *)owner)->json) {
		tool_print_json(reply);
		return;
	}
	printf("page      %s\n", show_member(reply, "page"));
	printf("calendar  %s\n", show_member(reply, "calendar"));
}

int verb_link(struct tool *tool)
{
	return client_ask(tool, "Link",
		json_pack("{ss sb}", "person", tool->words[0], "new",
			tool_option(tool, "new") != NULL),
		false, show_link, tool);
}

static void show_test(void *owner, json_t *reply)
{
	if (((const struct tool *)owner)->json) {
		tool_print_json(reply);
		return;
	}
	show_text(show_member(reply, "request"));
	if (json_is_string(json_object_get(reply, "verdict"))) {
		printf("\n");
		table_print_line(stdout, SHADE_STRONG, show_member(reply, "verdict"));
	}
}

int verb_test_channel(struct tool *tool)
{
	return client_ask(tool, "TestChannel",
		json_pack("{ss ss* sb}", "channel", tool->words[0], "address",
			tool_option(tool, "to"), "send", tool_option(tool, "send") != NULL),
		false, show_test, tool);
}

static void show_reload(void *owner, json_t *reply)
{
	json_t *warning;
	size_t i;

	if (((const struct tool *)owner)->json) {
		print_reply(owner, reply);
		return;
	}
	json_array_foreach(json_object_get(reply, "warnings"), i, warning)
		fprintf(stderr, "%s\n", json_string_value(warning));
}

int verb_reload(struct tool *tool)
{
	return client_ask(tool, "Reload", json_object(), false, show_reload, tool);
}

int verb_backup(struct tool *tool)
{
	auto_free char *here = tool->words[0][0] == '/' ? NULL : realpath(".", NULL);
	auto_free char *file =
		here ? str_printf("%s/%s", here, tool->words[0]) : str_new(tool->words[0]);

	return client_ask(
		tool, "Backup", json_pack("{ss}", "file", file), false, say_nothing, tool);
}
