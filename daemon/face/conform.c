/* test-plugin: whether a plugin keeps the contract of nudged-plugin.h. Runs it in a child, so that a
 * crash is a finding; opens it with good and bad settings, has it encode hostile text and judge a
 * table of responses. Sends nothing. */
#include "face/tool.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/table.h"
#include "port/plugin.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETTINGS_MAX = 32, LIMIT_S = 60, LONG_TEXT = 60000 };

struct run {
	struct tool *tool;
	struct plugin *plugin;
	const struct nudged_option *options;
	size_t n_options;
	int count, failed;
};

static void report(struct run *run, bool fine, const char *format, ...) printf_like(3, 4);
static void report(struct run *run, bool fine, const char *format, ...)
{
	cleanup(buf_free) struct buf line = BUF_MAX(4096);
	va_list args;

	buf_printf(&line, "%s %d - ", fine ? "ok" : "not ok", ++run->count);
	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	table_print_line(stdout, SHADE_PLAIN, buf_str(&line));
	fflush(stdout);
	run->failed += !fine;
}

/* ---- the table of options ---- */

static bool is_key(const char *name)
{
	return name && *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_among(const char *word, const char *choices)
{
	size_t len = strlen(word);

	for (const char *at = choices; at && *at;
		at += strcspn(at, " ") + (at[strcspn(at, " ")] == ' '))
		if (strcspn(at, " ") == len && memcmp(at, word, len) == 0)
			return true;
	return false;
}

static const char *fault_of_option(const struct nudged_option *option)
{
	static const char *const common[] = {"id", "plugin", "rate", "concurrency", "timeout",
		"retry_base", "retry_max", "expire", "allow_private", "ca_file", "client_cert",
		"proxy", "shared", NULL};

	if (!is_key(option->name))
		return "its name is not made of a-z, 0-9 and _";
	for (size_t i = 0; common[i]; i++)
		if (str_eq(option->name, common[i]))
			return "its name is one that every channel has";
	if (str_empty(option->help) || str_ends(option->help, "."))
		return "its help must be a line that does not end with a full stop";
	if (option->type > NUDGED_OPTION_BOOL)
		return "its type is unknown";
	if (option->type == NUDGED_OPTION_CHOICE && str_empty(option->choices))
		return "it is a choice without choices";
	if (option->type == NUDGED_OPTION_CHOICE && option->default_value &&
		!is_among(option->default_value, option->choices))
		return "its default is not among its choices";
	return NULL;
}

static void check_options(struct run *run)
{
	for (size_t i = 0; i < run->n_options; i++) {
		const char *fault = fault_of_option(&run->options[i]);

		report(run, !fault, "option %s is described as it should%s%s",
			run->options[i].name ? run->options[i].name : "(none)", fault ? ": " : "",
			fault ? fault : "");
	}
}

/* ---- settings ---- */

struct settings {
	struct nudged_setting list[SETTINGS_MAX];
	struct nudged_settings all;
};

static const char *given(const struct run *run, const char *name)
{
	size_t len = strlen(name);

	for (int i = 1; i < run->tool->count; i++)
		if (strncmp(run->tool->words[i], name, len) == 0 && run->tool->words[i][len] == '=')
			return run->tool->words[i] + len + 1;
	return NULL;
}

static const char *stand_in(const struct nudged_option *option, const char *url)
{
	switch (option->type) {
	case NUDGED_OPTION_URL:
		return url;
	case NUDGED_OPTION_SECRET:
		return "c3RhbmQtaW4tc2VjcmV0LW9mLTMyLWJ5dGVzIQ==";
	case NUDGED_OPTION_HEADERS:
		return "X-Stand-In: 1";
	case NUDGED_OPTION_BOOL:
		return "false";
	default:
		return "practice@example.org";
	}
}

static void put_setting(struct settings *settings, const char *name, const char *value)
{
	if (settings->all.count < SETTINGS_MAX)
		settings->list[settings->all.count++] = (struct nudged_setting){
			.size = sizeof(struct nudged_setting), .name = name, .value = value};
}

/* What is needed and what was given; `choice` sets one option to one of its choices. */
static void fill_settings(const struct run *run, const char *url,
	const struct nudged_option *chosen, const char *choice, struct settings *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->all = (struct nudged_settings){.size = sizeof(ret->all), .channel = "test"};
	ret->all.settings = ret->list;
	for (size_t i = 0; i < run->n_options; i++) {
		const struct nudged_option *option = &run->options[i];
		const char *value = option == chosen ? choice : given(run, option->name);

		if (!value)
			value = option->default_value;
		if (!value && option->required)
			value = option->type == NUDGED_OPTION_CHOICE ? "" : stand_in(option, url);
		if (value)
			put_setting(ret, option->name, value);
	}
}

struct heard {
	const struct run *run;
	int count;
	bool strange;
	char first[200];
};

static void on_complaint(void *owner, const char *setting, const char *message)
{
	struct heard *heard = owner;
	bool known = !setting;

	for (size_t i = 0; i < heard->run->n_options; i++)
		known |= str_eq(heard->run->options[i].name, setting);
	heard->strange |= !known || str_empty(message);
	if (!heard->count++)
		snprintf(heard->first, sizeof(heard->first), "%s", message ? message : "");
}

static struct outlet *open_with(
	const struct run *run, const struct settings *settings, struct heard *heard)
{
	struct outlet *outlet = NULL;

	*heard = (struct heard){.run = run};
	if (outlet_open(run->plugin, &settings->all, on_complaint, heard, &outlet) < 0)
		return NULL;
	return outlet;
}

/* Addresses that are good for one plugin and not for another: one of them must do. */
static const char *const urls[] = {"https://example.org/hook/T0/B0/secret",
	"smtps://mail.example.org", "smtp://mail.example.org:587", NULL};

static struct outlet *open_somehow(const struct run *run, const struct nudged_option *chosen,
	const char *choice, struct heard *heard)
{
	struct settings settings;
	struct outlet *outlet;
	struct heard first;

	for (size_t i = 0; urls[i]; i++) {
		fill_settings(run, urls[i], chosen, choice, &settings);
		outlet = open_with(run, &settings, heard);
		if (outlet)
			return outlet;
		if (i == 0)
			first = *heard;
	}
	*heard = first; /* of the others it also says that they are no addresses */
	return NULL;
}

static bool needs_something(const struct run *run)
{
	for (size_t i = 0; i < run->n_options; i++)
		if (run->options[i].required)
			return true;
	return false;
}

static void check_bad_settings(struct run *run)
{
	struct settings settings = {.all = {.size = sizeof(settings.all), .channel = "test"}};
	struct heard heard;
	struct outlet *outlet;

	settings.all.settings = settings.list;
	if (needs_something(run)) {
		outlet = open_with(run, &settings, &heard);
		report(run, !outlet && heard.count,
			"it does not open without what it needs, and says so");
		report(run, !heard.strange, "it complains about its own options only");
		outlet_close(outlet);
	}
	for (size_t i = 0; i < run->n_options; i++) {
		const struct nudged_option *option = &run->options[i];

		if (option->type != NUDGED_OPTION_URL)
			continue;
		fill_settings(run, "gopher://example.org/\r\nX: 1", NULL, NULL, &settings);
		for (size_t k = 0; k < settings.all.count; k++)
			if (str_eq(settings.list[k].name, option->name))
				settings.list[k].value = "gopher://example.org/\r\nX: 1";
		outlet = open_with(run, &settings, &heard);
		report(run, !outlet && heard.count, "it refuses a %s that is none", option->name);
		outlet_close(outlet);
	}
}

/* ---- encoding ---- */

static const char hostile[] =
	"\"}],\r\nBcc: all@example.org\r\n\r\n<!channel> <@everyone> </script> "
	"{{person.name}} %n%s \xe2\x80\xae\xf0\x9f\x8e\xbb `*_~[x](javascript:x)\\";

struct message {
	struct nudged_item items[3];
	const struct nudged_item *list[3];
	struct nudged_delivery delivery;
};

static void fill_message(struct message *message, bool room, const char *text, size_t count)
{
	memset(message, 0, sizeof(*message));
	for (size_t i = 0; i < count; i++) {
		message->items[i] = (struct nudged_item){.size = sizeof(struct nudged_item),
			.occurrence = "01h0000000000000000000000a",
			.reminder = "review",
			.kind = "practice",
			.due = 1800000000,
			.title = i ? "" : text,
			.text = text,
			.answer_url = room ? NULL : "https://nudge.example.org/a/TOKEN"};
		message->list[i] = &message->items[i];
	}
	message->delivery = (struct nudged_delivery){.size = sizeof(struct nudged_delivery),
		.id = "01h0000000000000000000000b",
		.attempt = 1,
		.now = 1800000001,
		.first = 1800000001,
		.purpose = NUDGED_REMIND,
		.person = room ? NULL : "ana",
		.person_name = room ? NULL : text,
		.address = room ? NULL : "ana@example.org",
		.count = count,
		.items = message->list};
}

static bool same_request(const struct nudged_request *a, const struct nudged_request *b)
{
	if (a->protocol != b->protocol)
		return false;
	if (a->protocol == NUDGED_MAIL)
		return str_eq(a->mail->url, b->mail->url) &&
		       a->mail->part_count == b->mail->part_count &&
		       str_eq(a->mail->recipient, b->mail->recipient);
	return str_eq(a->http->url, b->http->url) && a->http->body_len == b->http->body_len &&
	       memcmp(a->http->body, b->http->body, a->http->body_len) == 0;
}

static void check_text(struct run *run, const struct outlet *outlet, const char *what,
	const char *text, size_t count)
{
	struct nudged_request *first = NULL, *second = NULL;
	auto_free char *error = NULL, *again = NULL;
	struct message message;

	fill_message(&message, outlet_is_room(outlet), text, count);
	if (outlet_encode(outlet, &message.delivery, &first, &error) < 0)
		report(run, !str_empty(error), "it encodes %s, or says why not (%s)", what,
			error ? error : "");
	else
		report(run,
			outlet_encode(outlet, &message.delivery, &second, &again) == 0 &&
				same_request(first, second),
			"it encodes %s, twice alike", what);
	free(first);
	free(second);
}

static void check_encoding(struct run *run, const struct outlet *outlet)
{
	auto_free char *text = mem_new(LONG_TEXT + 1);

	memset(text, 'x', LONG_TEXT);
	check_text(run, outlet, "a plain message", "One small thing", 1);
	check_text(run, outlet, "hostile text", hostile, 1);
	check_text(run, outlet, "several items", hostile, 3);
	check_text(run, outlet, "an empty text", "", 1);
	check_text(run, outlet, "60,000 characters", text, 1);
}

/* ---- judging ---- */

struct answer_row {
	const char *what;
	enum nudged_transport transport;
	int http, mail;
	bool may_be_sent, may_be_retried;
};

static const struct answer_row answer_rows[] = {
	{"nothing was reached", NUDGED_NOT_SENT, 0, 0, false, true},
	{"no answer came", NUDGED_NO_ANSWER, 0, 0, false, true},
	{"TLS failed", NUDGED_TLS_FAILED, 0, 0, false, true},
	{"the login was refused", NUDGED_LOGIN_REFUSED, 0, 535, false, true},
	{"nudged itself refused", NUDGED_FORBIDDEN, 0, 0, false, true},
	{"the receiver is overloaded", NUDGED_ARRIVED, 429, 421, false, true},
	{"the receiver has a fault", NUDGED_ARRIVED, 500, 451, false, true},
	{"the receiver is down", NUDGED_ARRIVED, 503, 450, false, true},
	{"a redirect", NUDGED_ARRIVED, 302, 251, true, true},
	{"unauthorized", NUDGED_ARRIVED, 401, 550, false, false},
	{"not found", NUDGED_ARRIVED, 404, 550, false, false},
	{"gone", NUDGED_ARRIVED, 410, 550, false, false},
	{"too large", NUDGED_ARRIVED, 413, 552, false, false},
};

static void judge_row(struct run *run, const struct outlet *outlet, enum nudged_protocol protocol,
	const struct answer_row *row)
{
	struct nudged_response response = {.size = sizeof(response),
		.protocol = protocol,
		.transport = row->transport,
		.status = protocol == NUDGED_HTTP ? row->http : row->mail,
		.retry_after = row->http == 429 ? 30 : -1,
		.body = hostile,
		.body_len = strlen(hostile)};
	bool may_be_sent = row->may_be_sent && protocol == NUDGED_MAIL;
	struct verdict verdict;

	outlet_judge(outlet, &response, &verdict);
	report(run,
		(may_be_sent || verdict.outcome != NUDGED_SENT) &&
			(row->may_be_retried || verdict.outcome != NUDGED_RETRY) &&
			verdict.outcome <= NUDGED_UNKNOWN,
		"when %s: %s", row->what, outcome_names[verdict.outcome]);
	verdict_clear(&verdict);
}

static void check_judging(struct run *run, const struct outlet *outlet)
{
	struct nudged_response good = {.size = sizeof(good),
		.transport = NUDGED_ARRIVED,
		.retry_after = -1,
		.body = "ok",
		.body_len = 2};
	struct nudged_request *request = NULL;
	auto_free char *error = NULL;
	struct message message;
	struct verdict verdict;

	fill_message(&message, outlet_is_room(outlet), "One small thing", 1);
	if (outlet_encode(outlet, &message.delivery, &request, &error) < 0)
		return;
	good.protocol = request->protocol;
	good.status = request->protocol == NUDGED_HTTP ? 200 : 250;
	outlet_judge(outlet, &good, &verdict);
	/* Some services say no inside a 200: so "ok" alone may be doubted, but never retried for ever. */
	report(run, verdict.outcome <= NUDGED_UNKNOWN, "when it was accepted: %s",
		outcome_names[verdict.outcome]);
	verdict_clear(&verdict);
	for (size_t i = 0; i < ARRAY_LEN(answer_rows); i++)
		judge_row(run, outlet, good.protocol, &answer_rows[i]);
	free(request);
}

/* ---- the whole run ---- */

static void check_outlet(struct run *run, const struct nudged_option *chosen, const char *choice)
{
	struct heard heard;
	struct outlet *outlet = open_somehow(run, chosen, choice, &heard);

	/* A choice may need settings of its own; the bare plugin must open. */
	if (!outlet && chosen) {
		report(run, heard.count > 0, "with %s = %s it says what it needs (%s)",
			chosen->name, choice, heard.first);
		return;
	}
	report(run, outlet != NULL, "it opens%s%s%s%s%s%s",
		chosen ? " with " : " with good settings", chosen ? chosen->name : "",
		chosen ? " = " : "", chosen ? choice : "", outlet ? "" : ": ",
		outlet ? "" : heard.first);
	if (!outlet)
		return;
	check_encoding(run, outlet);
	check_judging(run, outlet);
	outlet_close(outlet);
}

static void check_choices(struct run *run)
{
	for (size_t i = 0; i < run->n_options; i++) {
		const char *at = run->options[i].choices;

		while (run->options[i].type == NUDGED_OPTION_CHOICE && at && *at) {
			size_t len = strcspn(at, " ");
			auto_free char *choice = str_new_n(at, len);

			check_outlet(run, &run->options[i], choice);
			at += len + (at[len] == ' ');
		}
	}
}

static int run_checks(struct tool *tool)
{
	struct run run = {.tool = tool};
	auto_free char *error = NULL;

	if (plugin_load_file(tool->words[0], &run.plugin, &error) < 0) {
		report(&run, false, "it loads: %s", error);
		return TOOL_REFUSED;
	}
	run.options = plugin_options(run.plugin, &run.n_options);
	report(&run, true, "it loads: %s %s", plugin_name(run.plugin), plugin_version(run.plugin));
	report(&run, !str_empty(plugin_summary(run.plugin)), "it says what it is");
	check_options(&run);
	check_bad_settings(&run);
	check_outlet(&run, NULL, NULL);
	check_choices(&run);
	printf("1..%d\n", run.count);
	fflush(stdout);
	plugin_unref(run.plugin);
	return run.failed ? TOOL_REFUSED : TOOL_DONE;
}

int verb_test_plugin(struct tool *tool)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child < 0)
		return tool_refuse("cannot start a child");
	if (child == 0) {
		alarm(LIMIT_S);
		_exit(run_checks(tool));
	}
	if (waitpid(child, &status, 0) < 0)
		return tool_refuse("cannot wait for the child");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("not ok - it ended the process: %s\n", strsignal(WTERMSIG(status)));
	return TOOL_REFUSED;
}
