/* One accepted configuration: places, people, teams, roles, channels, reminders, prompt packs.
 * Immutable once loaded, but for what other files say (zones, calendars), which is replaced behind
 * its handles. Counted by references, compared field by field at reload. Who receives what is
 * expanded here, once. Knows nothing of files, the store or the loop.
 *
 * Everything hangs on the model: pointers between its parts are lent for its life. `index` is an
 * object's place in its array: stable within one model only; ids are stable between models. */
#pragma once

#include "base/secret.h"
#include "model/fade.h"
#include "model/prompt.h"
#include "model/template.h"
#include "time/daysoff.h"
#include "time/rule.h"
#include "time/week.h"

struct where {
	const char *file; /* lent by the model; NULL: built in */
	int line;
};

struct setting {
	char *name;
	char *text; /* NULL when secret */
	struct secret *
		secret; /* NULL when the credential was not readable and only the form is checked */
};

struct channel {
	char *id;
	uint32_t index;
	struct where where;
	char *plugin;
	struct setting *settings; /* the plugin's own keys */
	size_t n_settings;
	double rate; /* messages a second; 0: none; negative: the plugin's default */
	int concurrency;
	int64_t timeout_ms, retry_base_ms, retry_max_ms, expire_s;
	bool allow_private, shared;
	char *ca_file, *client_cert, *proxy;
	/* What the plugin says of it (filled while loading, by the engine's channel check). */
	bool is_room, needs_address;
};

/* One .ics file, however many places and people name it. Its content is replaced when the file was
 * changed: the one part of a model that is not for ever. */
struct calendar_file {
	char *path;         /* absolute */
	struct where where; /* who names it first */
	struct daysoff *daysoff;
	unsigned char digest[16]; /* of the content, to see whether it changed */
};

struct place {
	char *id; /* NULL: the default place of whoever has none */
	uint32_t index;
	struct where where;
	struct zone *zone;
	struct week *hours; /* NULL: any time */
	struct week *quiet; /* NULL: never */
	const struct calendar_file **holidays;
	size_t n_holidays;
	const struct language *language; /* NULL: packs as they are */
	struct workdays *workdays; /* the weekdays of its hours less its holidays; NULL: neither */
	uint64_t workdays_hash;
};

struct focus {
	struct where where;
	char *skill, *why, *goal, *cue, *act, *measure;
	bool has_from, has_until;
	int32_t from, until; /* local dates, inclusive */
};

struct away {
	int32_t from, until; /* local dates, inclusive */
};

struct address {
	const struct channel *channel;
	char *text;
};

struct role {
	char *id;
	uint32_t index;
	struct where where;
	char *name;
	char **objectives;
	size_t n_objectives;
	bool mentored; /* whoever has it should have a mentor */
};

struct team {
	char *id;
	uint32_t index;
};

enum relation { RELATION_NONE, RELATION_SELF, RELATION_MANAGER, RELATION_MENTOR, RELATION_PARTNER };
extern const char *const relation_names[6]; /* "", "self", "manager", "mentor", "partner", NULL */

struct person {
	char *id;
	uint32_t index;
	struct where where;
	char *name; /* the id when none is given */
	const struct place *place;
	const struct role *role;         /* NULL */
	const struct language *language; /* NULL: their place's */
	const struct team **teams;
	size_t n_teams;
	const struct person *manager, *mentor, *partner; /* NULL */
	struct address *addresses;
	size_t n_addresses;
	const struct channel **via;
	size_t n_via;
	bool via_all;
	struct away *away;
	size_t n_away;
	const struct calendar_file **absence;
	size_t n_absence;
	struct focus *foci;
	size_t n_foci;
};

enum kind {
	KIND_PRACTICE,
	KIND_FEEDBACK,
	KIND_CHECKIN,
	KIND_CELEBRATE,
	KIND_OPPORTUNITY,
	KIND_RENEWAL,
	KIND_DIGEST,
	KIND_NOTE,
	KINDS,
};
extern const char *const kind_names[KINDS + 1];

/* What a slot on a holiday or a weekday without work does. By default a holiday skips it, and a
 * weekday off is a matter of hours. */
enum shift { SHIFT_HOLIDAY, SHIFT_NONE, SHIFT_SKIP, SHIFT_BEFORE, SHIFT_AFTER };

/* What a digest sums up. */
enum digest_of {
	DIGEST_NONE,      /* it is no digest */
	DIGEST_OWN,       /* each recipient's own practice */
	DIGEST_TEAM,      /* that of a team, without names */
	DIGEST_REPORTS,   /* talks due with those whom the recipient manages */
	DIGEST_PROGRAMME, /* rates and costs of each reminder, and whether it helps */
};

enum catch_up { CATCH_UP_LATEST, CATCH_UP_NONE, CATCH_UP_ALL };
extern const char *const catch_up_names[4];

struct nudge {
	int64_t after_s; /* 0: no nudges */
	int at_most;
	enum relation escalate_relation;      /* RELATION_NONE: see person */
	const struct person *escalate_person; /* NULL: no escalation, unless there is a relation */
};

/* One (recipient, subject) of a reminder. subject == recipient's index where there is no `about`. */
struct pair {
	uint32_t recipient, subject; /* indices of people */
};

enum {
	REMINDER_MEMORY_MAX = 20,   /* last partners that are known of somebody who is paired */
	REMINDER_PAIRED_MAX = 2000, /* people who are paired: the work grows with their square */
};

struct reminder {
	char *id;
	uint32_t index;
	struct where where;
	enum kind kind;
	enum rule_form form;
	char *schedule; /* as written */
	struct rule *rule;
	const struct place *place; /* of rooms; the default place when none is given */
	bool anywhere;             /* hours and quiet hours do not hold it */
	bool has_about;
	struct pair *pairs; /* sorted by recipient, then subject; no doubles */
	size_t n_pairs;
	const struct channel **rooms;
	size_t n_rooms;
	const struct channel **via; /* NULL: the person's */
	size_t n_via;
	struct template *title, *text;     /* NULL: from the pack */
	const struct prompt_pack *prompts; /* NULL */
	const struct language *language;   /* NULL: each recipient's */
	const char *vision;                /* the model's, lent; NULL */
	int64_t grace_s, jitter_s;
	enum catch_up catch_up;
	enum shift shift;
	struct nudge nudge;
	struct fading fading;
	enum digest_of digest;
	int hold_out; /* percent of people who do not get it, another part each quarter; 0: none */
	const struct reminder *measure; /* by whose answers both parts are compared; NULL */
	const struct team *digest_team; /* of DIGEST_TEAM */
	bool turn;                      /* each slot goes to one of its recipients, in turn */
	bool pair;                      /* each slot makes pairs of its recipients */
	int memory;                     /* of pairs: 0..REMINDER_MEMORY_MAX */
	bool to_partner;                /* `to` names the partner of whom it is about */
	int priority;                   /* 1..5 */
	int64_t changed_hash; /* over everything that decides when and to whom: for reload */
};

/* Who is told of nudged's own trouble. */
struct alert_way {
	const struct channel *channel;
	char *address; /* NULL: the channel needs none */
};

struct model {
	int refs;
	char *file; /* the main configuration file */
	struct zone *zone;
	char *state, *store, *control, *listen, *listen_admin, *public_url, *prompts, *people_file;
	char *vision;            /* NULL: none */
	struct secret *link_key; /* NULL: generated and kept in the store */
	int daily_limit;         /* 0: none */
	int64_t keep_s;
	struct alert_way *alert_via;
	size_t n_alert_via;
	struct secret *heartbeat_url; /* NULL: none */
	int64_t heartbeat_every_s;
	bool heartbeat_allow_private;

	struct channel **channels;
	struct calendar_file **calendars;
	struct place **places; /* [0] is the default place */
	struct team **teams;
	struct role **roles;
	struct person **people;
	struct reminder **reminders;
	struct prompt_pack **packs;
	struct language **languages;
	size_t n_channels, n_calendars, n_places, n_teams, n_roles, n_people, n_reminders, n_packs;
	size_t n_languages;

	char **files; /* names that `where` lends */
	size_t n_files;
	void *by_name; /* indices of ids; model.c's own */
};

/* Every zone that something in the model is reckoned in, each handle once (rules with a zone of
 * their own may bring one name again). The array is the caller's, the zones are lent. */
struct zone **model_zones(const struct model *model, size_t *ret_count) must_check;

struct model *model_new(void);
struct model *model_ref(struct model *model);
void model_unref(struct model *model); /* NULL is fine */

/* Builds the indices by id from what is in (again, when more came). Duplicate ids are the loader's
 * business: the first one is found. */
void model_build_index(struct model *model);
/* By id, or NULL; O(1) after model_build_index(). */
struct channel *model_channel(const struct model *model, const char *id);
struct place *model_place(const struct model *model, const char *id);
struct team *model_team(const struct model *model, const char *id);
struct role *model_role(const struct model *model, const char *id);
struct person *model_person(const struct model *model, const char *id);
struct reminder *model_reminder(const struct model *model, const char *id);
struct prompt_pack *model_pack(const struct model *model, const char *id);

bool person_in_team(const struct person *person, const struct team *team);
const struct person *person_related(const struct person *person, enum relation relation);
/* The address on a channel, or NULL. */
const char *person_address(const struct person *person, const struct channel *channel);
/* In which language a reminder's prompts go to a person (NULL: to a room) at a place; NULL: as they
 * are. */
const struct language *reminder_language(
	const struct reminder *reminder, const struct person *person, const struct place *place);
void focus_clear(struct focus *focus); /* frees its texts */
bool focus_covers(const struct focus *focus, int32_t date);
/* The focus of a local date (the first that covers it), or NULL. */
const struct focus *person_focus(const struct person *person, int32_t date);
/* Absent on the whole of a local date. */
bool person_is_away(const struct person *person, int32_t date);
/* Absent at an instant (seconds) by an absence that has hours; *ret_until is when that one ends. */
bool person_is_out(const struct person *person, int64_t utc, int64_t *ret_until);
/* The holiday of a local date: its name ("" without one; lent), or NULL. */
const char *place_holiday(const struct place *place, int32_t date);
/* The same at an instant, of one that has hours; *ret_until is when it ends. */
const char *place_closed_at(const struct place *place, int64_t utc, int64_t *ret_until);
/* The pairs of one recipient: first one and count (0: none). O(log n). */
const struct pair *reminder_pairs_of(
	const struct reminder *reminder, const struct person *recipient, size_t *ret_count);
