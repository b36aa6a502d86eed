/* The dates a place works on: its weekdays less the days off of its calendars. Pure; local dates.
 *
 * Filled once, then only read. Where NULL is given for one, Monday to Friday are meant, without any
 * day off. */
#pragma once

#include "time/civil.h"

struct workdays;

enum { WORKDAYS_MON_FRI = 0x1f };

/* weekdays: bit 0 = Monday .. 6; none at all counts as Monday to Friday. */
struct workdays *workdays_new(uint8_t weekdays);
void workdays_free(struct workdays *workdays); /* NULL is fine */
/* A day off; dates outside 1970..2199 are left out. */
void workdays_add_off(struct workdays *workdays, int32_t date);

/* The same for the same working days; NULL has one too. Reads all of them. */
uint64_t workdays_hash(const struct workdays *workdays);

/* Dates outside 1970..2199 are judged by their weekday. */
bool workdays_has(const struct workdays *workdays, int32_t date);
/* Whether the weekday is one of work, whatever the date's own calendar says. */
bool workdays_has_weekday(const struct workdays *workdays, int weekday);
/* The working days of a month as bits 1..length; first is its 1st. */
uint32_t workdays_month(const struct workdays *workdays, int32_t first, int length);
/* The nearest working day at or after (step 1), at or before (step -1) a date, at most
 * WORKDAYS_REACH days away; INT32_MAX when there is none. */
enum { WORKDAYS_REACH = 62 };
int32_t workdays_nearest(const struct workdays *workdays, int32_t date, int step);
