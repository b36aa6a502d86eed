/* The plugins behind the configured channels: loads them, checks channels for the configuration's
 * loader, opens outlets, and shows requests with their secrets masked. */
#pragma once

#include "model/record.h"
#include "port/config.h"
#include "port/plugin.h"

struct channels;

/* Where plugins are by default: `plugins` beside the program when it is there (a build tree), else
 * the installed folder. Owned by the caller. */
char *channels_default_folder(void);

struct channels *channels_new(const char *plugin_folder);
void channels_free(struct channels *channels);
/* What config_load needs, with now (seconds). Lent while `channels` lives. */
struct config_needs channels_needs(struct channels *channels, int64_t now);
/* Opens the outlet of an accepted channel: 0 or -errno with a sentence (owned). check_only: secrets
 * that were not read are replaced by stand-ins. */
int channels_open_outlet(struct channels *channels, const struct channel *channel, bool check_only,
	struct outlet **ret, char **ret_error) must_check;

/* The delivery as the plugin sees it: everything in one allocation, free() it. Lends from delivery,
 * person_name, address and urls (one for each item; urls or its members may be NULL). */
struct nudged_delivery *channels_view_delivery(const struct delivery *delivery,
	const char *person_name, const char *address, const char *const *urls, int64_t now_at);
/* A request as text for people: method, URL (masked after its host), headers (secrets masked), body
 * or mail parts. Owned by the caller. */
char *channels_show_request(const struct nudged_request *request);
