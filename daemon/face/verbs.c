/* The verbs of nudgectl: one table, which is the usage, each verb's --help, the names for the shell's
 * completion, and what reads the line. */
#include "face/tool.h"

#include "base/str.h"
#include "face/next.h"

#include <stdio.h>

#define OPTION_PERSON                                                                              \
	{                                                                                          \
		"person", "ID", "only what goes to this person"                                    \
	}
#define OPTION_REMINDER                                                                            \
	{                                                                                          \
		"reminder", "ID", "only this reminder"                                             \
	}
#define OPTION_CHANNEL                                                                             \
	{                                                                                          \
		"channel", "ID", "only this channel"                                               \
	}
#define OPTION_DEAD                                                                                \
	{                                                                                          \
		"dead", NULL, "refused, expired and quarantined ones"                              \
	}
#define OPTION_STATE                                                                               \
	{                                                                                          \
		"state", "STATE", "in this state, or one of several: held,waiting"                 \
	}
#define OPTION_SINCE                                                                               \
	{                                                                                          \
		"since", "TIME", "made since a date, a time, or so long ago (2h)"                  \
	}
#define OPTIONS_MEND                                                                               \
	OPTION_DEAD, OPTION_CHANNEL, OPTION_PERSON, OPTION_REMINDER, OPTION_STATE, OPTION_SINCE,   \
	{                                                                                          \
		"count", "N", "how many these are"                                                 \
	}
#define OPTION_ALL                                                                                 \
	{                                                                                          \
		"all", NULL, "closed ones too"                                                     \
	}
#define OPTION_LIMIT                                                                               \
	{                                                                                          \
		"limit", "N", "at most so many, 1 to 1000 (50)"                                    \
	}
#define OPTIONS_RANGE                                                                              \
	{"from", "DATE", "the first local date (today)"},                                          \
	{                                                                                          \
		"to", "DATE", "the last one"                                                       \
	}

const struct verb verbs[] = {
	{.name = "next",
		.arguments = "--calendar TEXT | --when TEXT | --cron TEXT | ... [--count N]",
		.summary = "when a schedule fires",
		.most = -1,
		.run_main = next_main},
	{.name = "check",
		.arguments = "[FILE]",
		.summary = "check a configuration",
		.help = "Prints every complaint with its file and line, or that all is well.",
		.most = 1,
		.run = verb_check},
	{.name = "preview",
		.summary = "all that would be sent, in order",
		.help = "Decided by the same code as the real thing: by the daemon with its "
			"pauses,\n"
			"answers and history or, with -c FILE, from that configuration alone. On "
			"a\n"
			"terminal it is drawn as a calendar: up to ten days as a week, more as "
			"months.\n"
			"A DATE is 2026-12-24, today, tomorrow, yesterday or +7d: so many days (or "
			"2w)\n"
			"after today, and --to after --from.",
		.options = {OPTIONS_RANGE, OPTION_PERSON, OPTION_REMINDER,
			{"week", NULL, "draw days with their messages (7 days)"},
			{"month", NULL, "draw weeks below each other (to the fifth Sunday)"},
			{"list", NULL, "one line a message, as when it is piped"}},
		.needs = NEEDS_EITHER,
		.method = "Preview",
		.run = verb_preview},
	{.name = "explain",
		.arguments = "PERSON REMINDER DATE",
		.summary = "why it was, was not, will or will not be sent",
		.help = "Goes through the rules in the order in which they are asked and names the "
			"one\n"
			"that decided. What has passed is told from the record. With -c FILE from "
			"that\n"
			"configuration alone. PERSON may be room:CHANNEL.",
		.least = 3,
		.most = 3,
		.needs = NEEDS_EITHER,
		.method = "Explain",
		.run = verb_explain},
	{.name = "calendar",
		.summary = "the preview as an .ics file",
		.help = "Four weeks unless --to says otherwise. An event keeps its UID for ever.",
		.options = {OPTIONS_RANGE, OPTION_PERSON, OPTION_REMINDER},
		.needs = NEEDS_EITHER,
		.method = "Preview",
		.run = verb_calendar},
	{.name = "render",
		.arguments = "REMINDER --channel ID",
		.summary = "the request that a channel would make of a reminder",
		.help = "Secrets are masked, and nothing is sent.",
		.options = {{"channel", "ID", "the channel; needed"},
			{"person", "ID", "for this person (the first who gets it)"}},
		.least = 1,
		.most = 1,
		.run = verb_render},
	{.name = "channels",
		.summary = "the configured channels, or a plugin's options",
		.help = "--help PLUGIN lists the options of a plugin.",
		.options = {{"help", "[PLUGIN]", "the options of this plugin"}},
		.run = verb_channels},
	{.name = "test-plugin",
		.arguments = "FILE.so [OPTION=VALUE ...]",
		.summary = "whether a plugin keeps the contract",
		.help = "Opens it with good and bad settings, has it encode hostile text and judge "
			"a\n"
			"table of responses. Sends nothing. Prints a line for each promise.",
		.least = 1,
		.most = -1,
		.run = verb_test_plugin},
	{.name = "status",
		.summary = "how the daemon is",
		.help = "Since when it runs, what is next, what waits, how each channel fares, "
			"what is\n"
			"paused.",
		.needs = NEEDS_DAEMON,
		.method = "Status",
		.run = verb_status},
	{.name = "list",
		.summary = "occurrences: what people were asked",
		.help = "The newest first; only open ones without --all.",
		.options = {OPTION_PERSON, OPTION_REMINDER, OPTION_ALL, OPTION_LIMIT},
		.needs = NEEDS_DAEMON,
		.method = "List",
		.run = verb_list},
	{.name = "deliveries",
		.summary = "messages and what became of them",
		.help = "The newest first; only open ones without --all, --dead, --state or "
			"--since.\n"
			"Reasons are whole on a terminal, and with --json.",
		.options = {OPTION_DEAD, OPTION_STATE, OPTION_CHANNEL, OPTION_PERSON,
			OPTION_REMINDER, OPTION_SINCE, OPTION_ALL, OPTION_LIMIT,
			{"after", "ID", "go on behind this delivery"}},
		.needs = NEEDS_DAEMON,
		.method = "Deliveries",
		.run = verb_deliveries},
	{.name = "answer",
		.arguments = "OCCURRENCE done|stuck|snooze=SPAN|skip|less|stop [TEXT]",
		.summary = "record an answer for somebody",
		.help = "A later answer replaces an earlier one. TEXT is for that person alone, "
			"unless\n"
			"--share or their own usual choice says who else may see it.",
		.options = {{"share", "WHO",
			"who may see TEXT: me, partner, mentor, manager or team"}},
		.least = 2,
		.most = 3,
		.needs = NEEDS_DAEMON,
		.method = "Answer",
		.run = verb_answer},
	{.name = "send",
		.arguments = "REMINDER",
		.summary = "send a reminder now",
		.help = "Outside its schedule and the daily limit.",
		.options = {{"to", "PERSON", "to this person only"},
			{"dry-run", NULL, "show what would go and to whom"}},
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Send",
		.run = verb_send},
	{.name = "retry",
		.arguments = "DELIVERY ... | --dead [--channel ID] --count N",
		.summary = "try deliveries once more",
		.help = "A waiting one at once; a refused, expired or quarantined one with a new "
			"expiry.\n"
			"Those that are chosen by options are tried when --count says how many "
			"they are.",
		.options = {OPTIONS_MEND},
		.most = -1,
		.needs = NEEDS_DAEMON,
		.method = "Retry",
		.run = verb_mend},
	{.name = "drop",
		.arguments = "DELIVERY ... | --dead [--channel ID] --count N",
		.summary = "cancel deliveries that are open or dead",
		.help = "A refused, expired or quarantined one is no dead letter any more; it "
			"stays in the\n"
			"record with its reason. Those that are chosen by options are dropped when "
			"--count\n"
			"says how many they are.",
		.options = {OPTIONS_MEND},
		.most = -1,
		.needs = NEEDS_DAEMON,
		.method = "Drop",
		.run = verb_mend},
	{.name = "pause",
		.arguments = "WHAT --reason TEXT",
		.summary = "send nothing for a while",
		.help = "WHAT is all, person:ID, team:ID, reminder:ID or channel:ID.",
		.options = {{"until", "TIME",
				    "a date, a local time, or a span from now (for ever)"},
			{"reason", "TEXT", "shown wherever the pause is; needed"}},
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Pause",
		.run = verb_pause},
	{.name = "resume",
		.arguments = "WHAT",
		.summary = "end a pause",
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Resume",
		.run = verb_one_word},
	{.name = "test-channel",
		.arguments = "CHANNEL",
		.summary = "the request of a test message",
		.help = "Secrets are masked. Nothing is sent without --send.",
		.options = {{"to", "ADDRESS", "to this address (the first person's)"},
			{"send", NULL, "send it, and show the verdict"}},
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "TestChannel",
		.run = verb_test_channel},
	{.name = "reload",
		.summary = "take the configuration anew",
		.help = "Whole, or not at all with every complaint.",
		.needs = NEEDS_DAEMON,
		.method = "Reload",
		.run = verb_reload},
	{.name = "backup",
		.arguments = "FILE",
		.summary = "write a consistent copy of the store",
		.help = "While the daemon runs; the daemon writes it, so that its rights count.",
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Backup",
		.run = verb_backup},
	{.name = "export",
		.arguments = "PERSON",
		.summary = "everything that is kept about a person",
		.help = "JSON, one object a line: what they were asked and answered with their "
			"words, what\n"
			"was sent, their pauses and opt-outs, what they keep: for that person's "
			"eyes.",
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Export",
		.run = verb_export},
	{.name = "link",
		.arguments = "PERSON",
		.summary = "the addresses of a person's own page and calendar",
		.help = "For that person alone: whoever has the first can answer and change what "
			"is "
			"theirs,\nwhoever has the second sees what is planned for them.",
		.options = {{"new", NULL, "new ones; those of before lead nowhere any more"}},
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Link",
		.run = verb_link},
	{.name = "forget",
		.arguments = "PERSON",
		.summary = "remove everything about a person",
		.help = "Says what it removed, and leaves only a hashed mark. Somebody who is "
			"still in the\n"
			"configuration is not forgotten: take them out and reload first.",
		.least = 1,
		.most = 1,
		.needs = NEEDS_DAEMON,
		.method = "Forget",
		.run = verb_one_word},
	{.name = "watch",
		.summary = "every event as it happens",
		.help = "Until interrupted.",
		.needs = NEEDS_DAEMON,
		.method = "Watch",
		.run = verb_watch},
	{.name = NULL},
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (str_eq(verb->name, name))
			return verb;
	return NULL;
}

static void print_option(const struct verb_option *option)
{
	auto_free char *shown = str_printf("--%s%s%s", option->name, option->value ? " " : "",
		option->value ? option->value : "");

	printf("  %-18s %s\n", shown, option->help);
}

void verb_print_usage(const struct verb *verb)
{
	printf("usage: nudgectl [-c FILE] [--control PATH] %s%s%s%s\n\n%c%s.\n", verb->name,
		verb->arguments ? " " : "", verb->arguments ? verb->arguments : "",
		verb->options[0].name ? " [OPTION ...]" : "", verb->summary[0] - 'a' + 'A',
		verb->summary + 1);
	if (verb->help)
		printf("%s\n", verb->help);
	printf("\n");
	for (size_t i = 0; i < VERB_OPTIONS && verb->options[i].name; i++)
		print_option(&verb->options[i]);
	printf("  %-18s %s\n  %-18s %s\n", "--json", "one JSON object a line, for programs",
		"--help", "this text");
}

void tool_print_usage(void)
{
	static const struct {
		enum verb_needs needs;
		const char *title;
	} groups[] = {{NEEDS_NOTHING, "Verbs that need no daemon"},
		{NEEDS_EITHER, "Verbs that ask the daemon, or read the configuration with -c"},
		{NEEDS_DAEMON, "Verbs that ask the daemon"}};

	printf("usage: nudgectl [-c FILE] [--control PATH] [--plugins DIR] VERB [ARGUMENT ...]\n"
	       "       nudgectl VERB --help\n");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		printf("\n%s:\n", groups[i].title);
		for (const struct verb *verb = verbs; verb->name; verb++)
			if (verb->needs == groups[i].needs)
				printf("  %-14s %s\n", verb->name, verb->summary);
	}
	printf("\nExit status: 0 done, 1 refused, 2 usage, 3 no daemon.\n");
}
