/* The plugins' door: dlopen from one folder, ownership and ABI checked, calls wrapped so that
 * nothing a plugin gives back is trusted. Never opens a socket; never logs a setting's value. */
#pragma once

#include "model/message.h"

struct plugin; /* one loaded file */
struct outlet; /* a plugin opened with one channel's settings */

/* Loads FOLDER/NAME.so. NAME is [a-z][a-z0-9-]*. The file, and the folder, must be owned by root or
 * by us and not writable by others (a sticky parent is allowed). Loading the same name again gives
 * the same plugin with one more reference. 0 or -errno with a sentence for people (owned). */
int plugin_load(
	const char *folder, const char *name, struct plugin **ret, char **ret_error) must_check;
/* The same from a path, for `nudgectl test-plugin`. */
int plugin_load_file(const char *path, struct plugin **ret, char **ret_error) must_check;
void plugin_unref(struct plugin *plugin); /* NULL is fine */
const char *plugin_name(const struct plugin *plugin);
const char *plugin_version(const struct plugin *plugin);
const char *plugin_summary(const struct plugin *plugin);
const struct nudged_option *plugin_options(const struct plugin *plugin, size_t *ret_count);

typedef void (*plugin_on_complaint)(void *owner, const char *setting, const char *message);

/* 0, or -EINVAL after at least one complaint. The outlet keeps the plugin loaded. */
int outlet_open(struct plugin *plugin, const struct nudged_settings *settings,
	plugin_on_complaint on_complaint, void *owner, struct outlet **ret) must_check;
void outlet_close(struct outlet *outlet); /* NULL is fine */
bool outlet_is_room(const struct outlet *outlet);
bool outlet_needs_address(const struct outlet *outlet);
const char *outlet_check_address(const struct outlet *outlet, const char *address); /* NULL: fine */
double outlet_default_rate(const struct outlet *outlet);

/* 0 with an owned request (free()), or -EINVAL with a sentence (owned) why it cannot be expressed or
 * was not acceptable. */
int outlet_encode(const struct outlet *outlet, const struct nudged_delivery *delivery,
	struct nudged_request **ret, char **ret_error) must_check;
/* Always gives a verdict: a plugin that gives none is judged MISCONFIGURED. verdict_clear() it. */
void outlet_judge(
	const struct outlet *outlet, const struct nudged_response *response, struct verdict *ret);
