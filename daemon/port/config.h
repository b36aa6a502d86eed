/* The configuration's door: libconfig files, conf.d, people_file, prompt packs and secrets become
 * one model, or complaints. Every complaint has its file and line, all are reported at once, and one
 * refuses the whole. Driven by the keys table (model/keys.h), which is also the manual's source. */
#pragma once

#include "model/model.h"
#include "nudged-plugin.h"

struct complaint {
	char *file;
	int line; /* 0: the file as a whole */
	bool warning;
	char *message;
	size_t more; /* others of the same words, in the same file, that are not in the list */
};

struct complaints {
	struct complaint *list;
	size_t count, capacity;
	size_t errors; /* those that are not warnings */
	bool cut;      /* more than the ceiling of 1,000 */
};

void complaints_add(struct complaints *complaints, bool warning, struct where where,
	const char *format, ...) printf_like(4, 5);
void complaints_clear(struct complaints *complaints);
/* "FILE:LINE: message" or "FILE:LINE: warning: message"; owned by the caller. */
char *complaint_write(const struct complaint *complaint);

/* What the loader must ask of those above it. */
struct config_needs {
	void *owner;
	/* The options of a plugin: 0 with the table (lent while the owner lives), or -errno with a
	 * sentence (owned). */
	int (*plugin_options)(void *owner, const char *plugin, const struct nudged_option **ret,
		size_t *ret_count, char **ret_error);
	/* Opens the channel with its settings to check them: complains, and fills in is_room and
	 * needs_address. False when it can't be used. */
	bool (*check_channel)(void *owner, struct channel *channel, bool check_only,
		struct complaints *complaints);
	/* NULL: fine, else why (static text). Only after check_channel() said true. */
	const char *(*check_address)(
		void *owner, const struct channel *channel, const char *address);
	/* Seconds since the epoch: to tell what lies in the past. */
	int64_t now;
};

/* Reads it all. check_only: secrets that need $CREDENTIALS_DIRECTORY are checked for form when that
 * variable is unset (offline verbs, --check).
 * 0 with a model (perhaps with warnings), -EINVAL with at least one complaint. */
int config_load(const char *file, const struct config_needs *needs, bool check_only,
	struct model **ret, struct complaints *complaints) must_check;

/* Reads the calendar files of a model in use again: true when the content of one changed. One that
 * is missing or broken leaves what was known, after a complaint. */
bool config_refresh_calendars(struct model *model, struct complaints *complaints);

/* The reference of every key, in mdoc, for nudged.conf(5); owned by the caller. */
char *config_reference(void);
