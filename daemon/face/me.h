/* A person's own page: what it shows, and its HTML. Pure: web_me.c gathers, and everything is lent. */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"
#include "face/readers.h"
#include "model/kept.h"
#include "model/progress.h"
#include "model/record.h"

/* What tells a pause that somebody asked for on their page from an organiser's. */
#define ME_PAUSE_REASON "their own wish"

enum { ME_COMING = 60, ME_REMINDERS = 100, ME_OPEN = 20, ME_WEEKS = 13 };

struct me_coming {
	int64_t at;
	char *title;
	const char *reminder;
	bool moved, merged; /* from its own time; into one message with others */
};

struct me_day {
	int asked, practised; /* occurrences */
};

struct me_progress {
	struct practice practice;
	int32_t today, first; /* a Monday */
	struct me_day days[ME_WEEKS * 7];
};

struct me_reminder {
	const struct reminder *reminder;
	enum answer pace; /* ANSWER_NONE: as planned; ANSWER_LESS, ANSWER_STOP */
};

struct me {
	const struct person *person;
	const char *token, *notice, *calendar_url;
	int64_t now_at;
	struct me_coming coming[ME_COMING];
	size_t n_coming;
	bool coming_cut;
	struct me_reminder reminders[ME_REMINDERS];
	size_t n_reminders;
	bool reminders_cut;
	struct occurrence *const *open;
	size_t n_open;
	struct readers readers;
	bool paused, pause_is_own;
	int64_t pause_until_at;
	const struct me_progress *progress; /* NULL: the store did not say */
	const char *kept_celebrate, *kept_plateau, *kept_pair, *kept_partner; /* NULL: as it is */
	const char *foci[KEPT_FOCI];                                          /* JSON, or NULL */
};

/* Of facts in order of nominal days. */
struct fact;
void me_count_progress(
	const struct fact *facts, size_t count, int32_t today, struct me_progress *ret);
void me_add_progress(struct buf *out, const struct me_progress *progress);
/* Preferences and personal foci. */
void me_add_preferences(struct buf *out, const struct me *me);
void me_add_foci(struct buf *out, const struct me *me);

/* Everything that the model and the engine know by now; `open` is the caller's. me_clear() frees. */
void me_gather(struct me *me, const struct engine *engine);
void me_clear(struct me *me);
void me_write(struct buf *out, const struct me *me);
/* The page that asks once more before everything is forgotten. */
void me_write_forget(struct buf *out);
