/* What the parts of the configuration's door share: nobody outside config*.c includes this.
 *
 * A load goes in steps: files to text (config_file), text to trees (config_text, libconfig), trees
 * and the people file to entries by the keys table (config_walk, config_csv), entries to the model
 * (config_channels, config_people, config_reminders, config_who, config_prompts), then the checks
 * that look at all of it (config_check). A part that complains goes on, so that all is said at
 * once. */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "model/index.h"
#include "model/keys.h"
#include "port/config.h"

#include <libconfig.h>

enum {
	CONFIG_FILE_MAX = 16 << 20,
	CONFIG_PEOPLE_FILE_MAX = 64 << 20,
	CONFIG_SECRET_MAX = 64 << 10,
	CONFIG_FILES_MAX = 1000, /* conf.d, prompt packs, folders of them, each */
	CONFIG_LANGUAGES_MAX = 1000,
	CONFIG_REMINDERS_MAX = 10000,
	CONFIG_PEOPLE_MAX = 1000000,
	CONFIG_LINE_MAX = 4096,
	CONFIG_TEXT_MAX = 65536,
};

struct document {
	const char *file; /* lent by the model */
	config_t tree;
};

/* Who belongs to what: the people of group g are list[first[g]] .. list[first[g + 1] - 1], in order
 * of index. */
struct members {
	uint32_t *list;
	size_t *first;
};

/* A text, and the file that it stands in. */
struct placed {
	struct where where;
	char *text;
};

struct loader {
	const struct config_needs *needs;
	bool check_only;
	struct complaints *complaints;
	struct model *model;
	char *folder; /* of the main file, absolute where it was given so */

	bool *file_is_private; /* beside model->files */
	struct document **documents;
	size_t n_documents, documents_room;

	bool incomplete;       /* a file could not be read: what it holds is not known */
	bool packs_incomplete; /* the same, of prompt packs */
	struct top_entry top;  /* of all files together */
	struct where top_where[KEYS_MAX];
	struct placed *alert_via; /* of all files */
	size_t n_alert_via, alert_via_room;

	struct zone **zones; /* one of each name; the loader's references */
	size_t n_zones, zones_room;
	struct index channels, places, teams, roles, people_by_id, reminders, packs, calendars;
	struct index languages;
	size_t teams_room, roles_room, calendars_room, languages_room;
	struct members of_teams, of_roles; /* once the people are built */
	bool roles_are_listed;
	const bool *practises;     /* beside model->people, while plans are checked */
	bool *channel_works;       /* beside model->channels: its plugin took its settings */
	bool *via_is_wrong;        /* beside model->people: complained about already */
	size_t n_pairs;            /* of all reminders so far */
	unsigned suggestions_left; /* searches among thousands of names */
};

/* ---- config.c ---- */

#define complain(loader, where, ...)                                                               \
	complaints_add((loader)->complaints, false, (where), __VA_ARGS__)
#define warn(loader, where, ...) complaints_add((loader)->complaints, true, (where), __VA_ARGS__)
/* The path as written, or below the folder of the main file. Owned by the caller. */
char *config_path(const struct loader *loader, const char *path) must_check;
/* The first few of many people, for one complaint: "ana, bo, cy and 7 more". */
struct names {
	char text[256];
	size_t count;
};
void config_names_add(struct names *names, const char *id);
const char *config_names(struct names *names); /* lent; call once, at the end */
/* Two of a kind with one id: says where the first one is. */
void config_complain_twice(struct loader *loader, struct where where, const char *what,
	const char *id, struct where first);
/* ` (did you mean "x"?)` or "", from n objects whose first member is their id; lent until the next
 * call. */
const char *config_suggest(struct loader *loader, const char *word, void *const *objects, size_t n);

/* ---- config_file.c ---- */

/* A name that entries may lend. */
const char *config_file_add(struct loader *loader, const char *path, bool is_private);
bool config_file_is_private(const struct loader *loader, const char *file);
/* Reads a regular file that nobody else may write, into text. ret_private (may be NULL): nobody
 * else may read it either. where: what names the file. False after complaining. */
bool config_file_read(struct loader *loader, const char *path, struct where where, struct buf *text,
	bool *ret_private);
/* NULL, or why its owner, its bits or its folders are not to be trusted; lent until the next call. */
const char *config_file_distrust(const char *path, bool *ret_private);
/* The regular *.conf files of a folder in order of name: count and owned paths, or -errno. */
int config_file_list(const char *folder, char ***ret, size_t *ret_count) must_check;
/* The same of what may be folders in it; whether they are shows when they are listed. */
int config_file_folders(const char *folder, char ***ret, size_t *ret_count) must_check;

/* ---- config_text.c ---- */

/* Looks at the text before libconfig does, and blanks out what that must not see. False after
 * complaining when it must not be parsed at all. */
bool config_text_check(struct loader *loader, const char *file, char *text, size_t len);

/* ---- config_walk.c ---- */

/* Reads and parses one file; NULL after complaining. */
struct document *config_document_read(struct loader *loader, const char *path, struct where where);
void config_document_free(struct document *document);
/* Fills a zeroed entry with the defaults and what the group says. */
void config_walk_group(struct loader *loader, const char *file, const config_setting_t *group,
	const struct section *section, void *entry);
/* One value as text, by the type of its key: for people_file and defaults too. Sets the line. */
void config_walk_text(struct loader *loader, struct where where, const struct section *section,
	const struct key *key, const char *text, size_t len, void *entry);
void config_walk_presets(const struct section *section, void *entry);
void config_walk_required(struct loader *loader, const struct section *section, const void *entry);
void config_walk_unknown(
	struct loader *loader, struct where where, const struct section *section, const char *name);
/* "text", "a number" ... of a libconfig type. */
const char *config_walk_type(int type);

/* ---- config_secret.c ---- */

/* A secret as it was written: credential:NAME, file:PATH or itself. literal_is_secret false: a
 * literal may be read by anybody. False after complaining; *ret is NULL when only the form could be
 * checked. */
bool config_secret_read(struct loader *loader, struct where where, const char *key,
	const char *text, bool literal_is_secret, struct secret **ret);
bool config_secret_is_reference(const char *text);
/* Whether a URL opens something to whoever reads it. */
bool config_secret_is_url_secret(const char *url, bool is_room);

/* ---- the model's parts ---- */

void config_channels_build(struct loader *loader);
/* alert_via and heartbeat_url; once the channels are built. */
void config_alerts_build(struct loader *loader);
void config_places_build(struct loader *loader);
/* The zone of this name, with a reference of its own; NULL after complaining. */
struct zone *config_zone(struct loader *loader, struct where where, const char *name);
/* The calendars of a list of paths, read; those that could not be are left out after complaining. */
const struct calendar_file **config_calendars(
	struct loader *loader, const char *file, const struct words *paths, size_t *ret_count);
/* A place's working days, from its hours and holidays. */
void config_workdays_build(struct place *place);
void config_csv_read(struct loader *loader, struct where where, const char *path);
void config_people_build(struct loader *loader);
void config_prompts_read(struct loader *loader);
/* The language of this tag, one object for all who have it; NULL without a tag, and after complaining
 * about too many. */
struct language *config_language(struct loader *loader, struct where where, const char *tag);
/* Warns about languages in which no prompt pack is written; once everything is built. */
void config_languages_check(struct loader *loader);
/* NULL without text, and after complaining. */
struct template *config_template(
	struct loader *loader, struct where where, const char *key, const char *text);
void config_reminders_build(struct loader *loader);
/* Channels of a `via`: the list and its count, NULL when none was good. */
const struct channel **config_via(struct loader *loader, const struct section *section,
	const void *entry, const struct words *via, size_t *ret_count);
/* to and about of a reminder become pairs and rooms. */
void config_who_expand(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder);
/* Where a key at the top was given; else the main file. */
struct where config_top_where(const struct loader *loader, const char *name);
/* What follows from all of it together. */
void config_check_all(struct loader *loader);
void config_check_reminder(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder);
/* listen, public_url, store ... */
void config_check_top(struct loader *loader);
