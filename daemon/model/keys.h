/* The keys table: one row a key serves parsing, its default, its range, the complaint about a
 * misspelt one, and the reference in nudged.conf(5). A section is the table of one kind of group; a
 * group as it was written is read into the section's own struct below, still text where it names
 * something else, with the line of every key. Knows nothing of libconfig or files. */
#pragma once

#include "model/model.h"

enum key_type {
	KEY_LINE,     /* char *: one line of text */
	KEY_TEXT,     /* char *: text, may have several lines */
	KEY_ID,       /* char *: the group's own id */
	KEY_REF,      /* char *: the id of something else */
	KEY_PATH,     /* char *: relative to the folder of the main file */
	KEY_SECRET,   /* char *: credential:NAME, file:PATH, or the secret itself */
	KEY_WORDS,    /* struct words: a list of lines */
	KEY_MAP,      /* struct words: a group of lines whose names are ids */
	KEY_INT,      /* int, min..max */
	KEY_BOOL,     /* bool */
	KEY_CHOICE,   /* int: place in choices */
	KEY_SPAN_S,   /* int64_t seconds, min..max seconds */
	KEY_SPAN_MS,  /* int64_t milliseconds, min..max milliseconds */
	KEY_RATE,     /* double: messages a second; 0 none */
	KEY_LANGUAGE, /* char *: the tag of a language, in lower case */
	KEY_DATE,     /* int32_t: a local date */
	KEY_GROUP,    /* struct entries: at most one group of `inner` */
	KEY_GROUPS,   /* struct entries: a list of groups of `inner` */
};

enum key_flag {
	KEY_REQUIRED = 1,
	KEY_LATER = 2, /* known, but not built into this release: refused */
	KEY_LONE = 4,  /* of WORDS: a text by itself is a list of one */
};

struct words {
	char **list;
	char **names; /* of a MAP, else NULL */
	int *lines;
	size_t count;
};

struct section;

/* Groups in the order they were written, each section->size bytes. */
struct entries {
	char *bytes;
	size_t count, capacity;
};

struct key {
	const char *name;
	enum key_type type;
	unsigned flags;
	int64_t min, max;
	const char *preset; /* the default, as it would be written; NULL: none */
	const char *const *choices;
	const struct section *inner;
	size_t offset;
	const char *help; /* sentences, ended by a full stop */
};

struct section {
	const char *name;  /* "channels", "people.away"; "" for the top */
	const char *group; /* "a channel" */
	const char *help;
	size_t size; /* of the struct it is read into */
	size_t count;
	const struct key *keys;
	bool open; /* further keys are a plugin's */
};

enum { KEYS_MAX = 40 };

/* How every struct below begins. */
struct entry {
	struct where where;
	const void *source;  /* the group in the file's tree, lent; NULL: a line of people_file */
	int lines[KEYS_MAX]; /* of each key of the table; 0: not given */
};

struct top_entry {
	struct entry entry;
	char *vision, *timezone, *state, *store, *control, *listen, *listen_admin, *public_url,
		*link_key, *prompts;
	char *people_file, *heartbeat_url, *language;
	struct words alert_via; /* of one file; all of them are in the loader */
	int daily_limit, focus_limit;
	int64_t keep_s, heartbeat_every_s;
	bool heartbeat_allow_private;
	struct entries channels, places, roles, people, reminders;
};

struct channel_entry {
	struct entry entry;
	char *id, *plugin, *ca_file, *client_cert, *proxy;
	double rate;
	int concurrency;
	int64_t timeout_ms, retry_base_ms, retry_max_ms, expire_s;
	bool allow_private, shared;
};

struct place_entry {
	struct entry entry;
	char *id, *timezone, *hours, *quiet, *language;
	struct words holidays;
};

struct away_entry {
	struct entry entry;
	int32_t from, until;
};

struct focus_entry {
	struct entry entry;
	char *skill, *why, *goal, *cue, *act, *measure;
	int32_t from, until;
};

struct role_entry {
	struct entry entry;
	char *id, *name;
	struct words objectives;
	bool mentored;
};

struct person_entry {
	struct entry entry;
	char *id, *name, *place, *role, *manager, *mentor, *partner, *language;
	struct words teams, via, address, absence;
	bool via_all;
	struct entries away, focus;
};

struct nudge_entry {
	struct entry entry;
	int64_t after_s;
	int at_most;
	char *escalate;
};

struct fade_entry {
	struct entry entry;
	int after;
	int64_t at_least_s;
};

struct reminder_entry {
	struct entry entry;
	char *id;
	int kind;
	char *schedules[RULE_FORMS]; /* by form; exactly one is wanted */
	char *start, *place, *title, *text, *prompts, *language, *digest, *measure;
	int32_t from, until;
	struct words except, rdate, exdate, to, about, via;
	int short_month, dst_gap, dst_overlap, catch_up, shift, priority, memory, hold_out;
	int64_t grace_s, jitter_s;
	bool anywhere, turn, pair;
	struct entries nudge, fade;
};

struct prompt_entry {
	struct entry entry;
	char *id, *title, *cue, *act, *question;
};

struct pack_entry {
	struct entry entry;
	char *id, *language, *summary;
	struct entries prompts;
};

struct pack_file_entry {
	struct entry entry;
	struct entries packs;
};

extern const struct section keys_top, keys_channel, keys_place, keys_person, keys_away, keys_focus,
	keys_role, keys_reminder, keys_nudge, keys_fade, keys_pack_file, keys_pack, keys_prompt;
/* All of them in the order of the manual, NULL at the end. */
extern const struct section *const keys_sections[];

/* The row, or NULL. */
const struct key *section_key(const struct section *section, const char *name);
/* A suggestion for a misspelt key, or NULL. */
const char *section_nearest(const struct section *section, const char *name);
/* The line of a key, or of the group when it was not given; both in the group's file. */
struct where entry_where(const struct section *section, const void *entry, const char *name);
bool entry_has(const struct section *section, const void *entry, const char *name);
/* Frees what the members own, not the struct itself. */
void entry_clear(const struct section *section, void *entry);
void entries_free(const struct section *section, struct entries *entries);
/* The next one, zeroed; valid until the next call. */
void *entries_add(const struct section *section, struct entries *entries);
void *entries_at(const struct section *section, const struct entries *entries, size_t i);
void words_add(struct words *words, const char *name, const char *text, size_t len, int line);
void words_free(struct words *words);
