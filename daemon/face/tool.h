/* The control tool: its verbs as one table of facts, and what every verb's function may use. */
#pragma once

#include "base/mem.h"
#include "face/terminal.h"
#include "model/model.h"

#include <jansson.h>

enum tool_exit { TOOL_DONE, TOOL_REFUSED, TOOL_USAGE, TOOL_NO_DAEMON };

#define TOOL_CONFIG "/etc/nudged/nudged.conf"
#define TOOL_CONTROL "/run/nudged/control"

enum { VERB_OPTIONS = 10 };

struct tool;

enum verb_needs {
	NEEDS_NOTHING, /* neither daemon nor socket */
	NEEDS_DAEMON,
	NEEDS_EITHER, /* the daemon, or -c FILE */
};

struct verb {
	const char *name, *arguments, *summary, *help;
	struct verb_option {
		const char *name, *value, *help; /* value NULL: a flag; "[X]": X may be left out */
	} options[VERB_OPTIONS];
	int least, most; /* words behind the verb; most -1: any number */
	enum verb_needs needs;
	const char *method; /* of the daemon, or NULL */
	int (*run)(struct tool *tool);
	int (*run_main)(int argc, char **argv); /* reads its own options */
};
extern const struct verb verbs[]; /* ends with a NULL name */

struct tool {
	const struct verb *verb;
	const char *config, *control, *plugins; /* as given, or NULL */
	bool json;
	int count;
	char **words;
	const char *values[VERB_OPTIONS]; /* of the verb's options; of a flag: "" when given */
};

const struct verb *verb_find(const char *name);
void verb_print_usage(const struct verb *verb);
void tool_print_usage(void);

/* Reads the line and runs the verb: the exit status. */
int tool_main(int argc, char **argv);

const char *tool_option(const struct tool *tool, const char *name);
/* Says it on stderr; gives TOOL_REFUSED or TOOL_USAGE. */
int tool_refuse(const char *format, ...) printf_like(1, 2);
int tool_misuse(const struct tool *tool, const char *format, ...) printf_like(2, 3);
void tool_print_json(json_t *object); /* one line; lent */
int64_t tool_now(void);               /* ms */
void tool_print_list(json_t *list);   /* one line for each of it */
enum shade tool_shade_of_state(const char *state);
/* The parameters of a list: its filters and limit; NULL after a complaint, with its status. */
json_t *tool_read_filters(struct tool *tool, int *ret_status);

/* ---- the configuration, for verbs without a daemon ---- */

struct channels;
struct offline {
	struct channels *channels;
	struct model *model;
};
/* TOOL_DONE, or TOOL_REFUSED after printing every complaint. `quiet` leaves out the warnings. */
int offline_load(const struct tool *tool, const char *file, bool quiet, struct offline *ret);
void offline_clear(struct offline *offline);
/* The folder of the plugins: as given, or where the daemon looks. Owned. */
char *tool_plugin_folder(const struct tool *tool);

/* ---- the daemon ---- */

/* Asks; parameters are taken; on_reply gets the parameters of each reply (lent). Prints what goes
 * wrong. */
int client_ask(const struct tool *tool, const char *method, json_t *parameters, bool more,
	void (*on_reply)(void *owner, json_t *reply), void *owner);

/* ---- the functions of the verbs ---- */

int verb_status(struct tool *tool);
int verb_list(struct tool *tool);
int verb_deliveries(struct tool *tool);
int verb_answer(struct tool *tool);
int verb_send(struct tool *tool);
int verb_one_word(struct tool *tool); /* resume, forget: the method's only parameter */
int verb_mend(struct tool *tool);     /* retry, drop */
int verb_pause(struct tool *tool);
int verb_link(struct tool *tool);
int verb_test_channel(struct tool *tool);
int verb_reload(struct tool *tool);
int verb_backup(struct tool *tool);
int verb_export(struct tool *tool);
int verb_watch(struct tool *tool);

int verb_preview(struct tool *tool);
int verb_explain(struct tool *tool);
int verb_calendar(struct tool *tool);

int verb_check(struct tool *tool);
int verb_render(struct tool *tool);
int verb_channels(struct tool *tool);
int verb_test_plugin(struct tool *tool);
