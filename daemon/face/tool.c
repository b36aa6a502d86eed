/* Reads nudgectl's line by the table of verbs and runs one. Owns no knowledge of any verb. */
#include "face/tool.h"

#include "base/clock.h"
#include "base/str.h"
#include "face/table.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	OPTION_CONTROL = 256,
	OPTION_PLUGINS,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_VERBS,
	OPTION_OF_VERB
};

enum { LINE_MAX_BYTES = 1000 };

static const struct option common[] = {
	{"control", required_argument, NULL, OPTION_CONTROL},
	{"plugins", required_argument, NULL, OPTION_PLUGINS},
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"verbs", no_argument, NULL, OPTION_VERBS},
};

enum { COMMON_IN_FRONT_ONLY = 2 /* the last so many */ };

const char *tool_option(const struct tool *tool, const char *name)
{
	for (size_t i = 0; i < VERB_OPTIONS && tool->verb->options[i].name; i++)
		if (str_eq(tool->verb->options[i].name, name))
			return tool->values[i];
	return NULL;
}

/* One line, whatever was typed or came from the daemon: cut where it is endless, and without
 * anything that a terminal would obey. */
static void say(const char *who, const char *format, va_list args)
{
	auto_free char *text = NULL, *line = NULL;
	size_t len;

	if (vasprintf(&text, format, args) < 0)
		mem_gone();
	len = strlen(text);
	line = str_printf("%s: %.*s%s", who, (int)str_utf8_cut(text, len, LINE_MAX_BYTES), text,
		len > LINE_MAX_BYTES ? "..." : "");
	table_print_line(stderr, SHADE_PLAIN, line);
}

int tool_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("nudgectl", format, args);
	va_end(args);
	return TOOL_REFUSED;
}

int tool_misuse(const struct tool *tool, const char *format, ...)
{
	const char *name = tool->verb ? tool->verb->name : NULL;
	auto_free char *who = str_printf("nudgectl%s%s", name ? " " : "", name ? name : "");
	va_list args;

	va_start(args, format);
	say(who, format, args);
	va_end(args);
	fprintf(stderr, "Try: nudgectl%s%s --help\n", name ? " " : "", name ? name : "");
	return TOOL_USAGE;
}

void tool_print_json(json_t *object)
{
	auto_free char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);

	puts(text ? text : "null"); /* a daemon of another version may leave it out */
}

int64_t tool_now(void)
{
	struct clock *clock = clock_new_real();
	int64_t now_at = clock_now(clock);

	clock_free(clock);
	return now_at;
}

/* What counts in front of the verb and behind it. -1: not a common option. */
static int take_common(struct tool *tool, int option)
{
	switch (option) {
	case 'c':
		tool->config = optarg;
		return 0;
	case OPTION_CONTROL:
		tool->control = optarg;
		return 0;
	case OPTION_PLUGINS:
		tool->plugins = optarg;
		return 0;
	case OPTION_JSON:
		tool->json = true;
		return 0;
	}
	return -1;
}

/* The word that getopt has just refused. */
static int misuse_option(const struct tool *tool, const struct option *options, char **argv)
{
	const char *word = argv[optind - 1];
	size_t len = strcspn(word, "=");

	for (const struct option *known = options; known->name; known++)
		if (len > 2 && strlen(known->name) == len - 2 &&
			strncmp(word + 2, known->name, len - 2) == 0)
			return tool_misuse(tool, "%.*s %s", (int)len, word,
				known->has_arg ? "needs a value" : "takes no value");
	return tool_misuse(tool, "there is no option \"%s\"", word);
}

/* The options before the verb: -1 to go on, else the exit status. */
static int read_front(struct tool *tool, int argc, char **argv)
{
	struct option options[ARRAY_LEN(common) + 1] = {{0}};
	int option;

	memcpy(options, common, sizeof(common));
	while ((option = getopt_long(argc, argv, "+c:", options, NULL)) != -1) {
		if (take_common(tool, option) == 0)
			continue;
		if (option == OPTION_HELP)
			tool_print_usage();
		else if (option == OPTION_VERSION)
			printf("nudgectl %s\n", NUDGED_VERSION);
		else if (option == OPTION_VERBS)
			for (const struct verb *verb = verbs; verb->name; verb++)
				puts(verb->name);
		else
			return misuse_option(tool, options, argv);
		return TOOL_DONE;
	}
	return -1;
}

static int fill_options(const struct verb *verb, struct option *options)
{
	int n = 0;

	for (int i = 0; i < VERB_OPTIONS && verb->options[i].name; i++) {
		const char *value = verb->options[i].value;

		options[n++] = (struct option){verb->options[i].name,
			!value          ? no_argument
			: *value == '[' ? optional_argument
					: required_argument,
			NULL, OPTION_OF_VERB + i};
	}
	for (size_t i = 0; i < ARRAY_LEN(common) - COMMON_IN_FRONT_ONLY; i++) {
		bool taken = false;

		for (int k = 0; k < n; k++)
			taken |= str_eq(options[k].name, common[i].name);
		if (!taken)
			options[n++] = common[i];
	}
	return n;
}

/* An optional value may stand alone behind its option too. */
static const char *value_of(const struct verb_option *option, int argc, char **argv)
{
	if (!option->value)
		return "";
	if (!optarg && *option->value == '[' && optind < argc && argv[optind][0] != '-')
		return argv[optind++];
	return optarg ? optarg : "";
}

static int read_back(struct tool *tool, int argc, char **argv)
{
	struct option options[VERB_OPTIONS + ARRAY_LEN(common) + 1] = {{0}};
	const struct verb *verb = tool->verb;
	int option;

	fill_options(verb, options);
	optind = 0; /* begins anew, and may permute now */
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (take_common(tool, option) == 0)
			continue;
		if (option == OPTION_HELP) {
			verb_print_usage(verb);
			return TOOL_DONE;
		}
		if (option < OPTION_OF_VERB)
			return misuse_option(tool, options, argv);
		option -= OPTION_OF_VERB;
		tool->values[option] = value_of(&verb->options[option], argc, argv);
	}
	tool->count = argc - optind;
	tool->words = argv + optind;
	if (tool->count < verb->least)
		return tool_misuse(tool, "something is missing: it takes %s", verb->arguments);
	if (verb->most >= 0 && tool->count > verb->most)
		return tool_misuse(tool, "\"%s\" is too much: it takes %s", tool->words[verb->most],
			str_empty(verb->arguments) ? "no arguments" : verb->arguments);
	return -1;
}

int tool_main(int argc, char **argv)
{
	struct tool tool = {0};
	int status, at;

	for (int i = 1; i < argc; i++)
		if (!str_is_utf8(argv[i], strlen(argv[i])))
			return tool_misuse(&tool, "argument %d is not valid UTF-8", i);
	opterr = 0; /* what is wrong is said here, once */
	status = read_front(&tool, argc, argv);
	at = optind;
	if (status >= 0)
		return status;
	if (at == argc)
		return tool_misuse(&tool, "which verb?");
	tool.verb = verb_find(argv[at]);
	if (!tool.verb) {
		const char *names[64] = {0};

		for (size_t i = 0; verbs[i].name && i < ARRAY_LEN(names) - 1; i++)
			names[i] = verbs[i].name;
		names[0] = str_nearest(argv[at], names);
		return tool_misuse(&tool, "there is no verb \"%s\"%s%s%s", argv[at],
			names[0] ? "; did you mean \"" : "", names[0] ? names[0] : "",
			names[0] ? "\"?" : "");
	}
	if (tool.verb->run_main) {
		static char name[] = "nudgectl next";

		argv[at] = name; /* what getopt begins its sentence with */
		optind = 0;
		opterr = 1;
		return tool.verb->run_main(argc - at, argv + at);
	}
	status = read_back(&tool, argc - at, argv + at);
	return status >= 0 ? status : tool.verb->run(&tool);
}
