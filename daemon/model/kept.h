/* What is kept for one person and shown to nobody else: preferences and personal foci. The names there
 * are, and what each may say; the values come from forms and from stores of unknown origin. */
#pragma once

#include "model/model.h"

enum {
	KEPT_NAMES_MAX = 64,   /* of one person */
	KEPT_VALUE_MAX = 2000, /* bytes */
	KEPT_FOCI = 5,         /* focus.1 to focus.5 */
	KEPT_NAME = 16,        /* holds every name */
};

#define KEPT_PLATEAU "plateau"     /* yes: the manager may be told of one */
#define KEPT_PRACTISED "practised" /* how often, all in all: counted as answers come */

/* NULL when the value can be kept under the name, else a sentence for people. Owned. */
char *kept_why_not(const char *name, const char *value);
/* Of a note that nudged itself makes, "turn.REMINDER" or "pair.REMINDER", the reminder's id; NULL: it
 * is the person's to choose. */
const char *kept_note_of(const char *name);
/* "focus.1" ...; number from 1 on. */
void kept_focus_name(int number, char name[static KEPT_NAME]);
int kept_focus_number(const char *name); /* 0: it is none of them */

/* A personal focus, as JSON: skill (needed), why, goal, cue, act, measure: one line each; from, until:
 * dates, inclusive. 0, or -EINVAL with a sentence (owned) that names the member. */
int focus_parse(const char *json, struct focus *ret, char **ret_why) must_check;
