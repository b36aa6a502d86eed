/* How thin a reminder has become for a person. A row is a count of answers; how many slots that skips
 * follows from it alone, so that preview and live run agree. */
#include "model/fade.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>

enum {
	EVERY_MOST = 64,
	ROW_MOST = 1000000,
	SLOTS_A_DAY_MOST = 24,
	CLOCK_CHANGES_S = 2 * 3600, /* may lie in a span */
	REPEATED_S = 8 * 86400,
};

static const char *const last_names[FADE_LASTS + 1] = {
	[FADE_ASKED] = "asked", [FADE_ANSWERED] = "answered", [FADE_PASSED] = "passed"};

int fade_every(const struct fading *fading, const struct fade *fade)
{
	int every = 1;

	if (!fading->after || fade->last == FADE_ASKED)
		return 1;
	for (int row = fade->row; row >= fading->after && every < fading->most;
		row -= fading->after)
		every *= 2;
	return every;
}

bool fade_ask(struct fade *fade, int64_t local)
{
	/* Once more after a crash, or the clock was put back; not one that was years ahead. */
	if (local <= fade->asked && fade->asked - local < REPEATED_S)
		return false;
	if (fade->last == FADE_ASKED)
		fade->row = 0;
	fade->asked = local;
	fade->last = FADE_ASKED;
	return true;
}

bool fade_answer(struct fade *fade, int64_t local, enum answer answer)
{
	enum fade_last before = fade->last;

	if (fade->asked != local || answer == ANSWER_NONE || answer == ANSWER_SNOOZE)
		return false;
	fade->last = answer == ANSWER_DONE || answer == ANSWER_STUCK ? FADE_ANSWERED : FADE_PASSED;
	if (fade->last == before)
		return false;
	if (fade->last == FADE_ANSWERED)
		fade->row = MIN_OF(fade->row + 1, ROW_MOST);
	else if (before == FADE_ANSWERED)
		fade->row = MAX_OF(fade->row - 1, 0);
	return true;
}

int fade_most(const struct rule *rule, const struct zone *zone, int64_t at_least_s)
{
	struct slot slot = {.utc = (int64_t)date_from_ymd(2000, 1, 1) * DAY_S};
	int64_t first = 0;
	int most = 1;

	for (int n = 0; n <= EVERY_MOST; n++) {
		if (!rule_next(rule, zone, NULL, slot.utc, &slot))
			break;
		if (n == 0)
			first = slot.utc;
		if (n == SLOTS_A_DAY_MOST && slot.utc - first < DAY_S - CLOCK_CHANGES_S)
			return 0;
		if (n == most * 2 && slot.utc - first <= at_least_s + CLOCK_CHANGES_S)
			most = n;
	}
	return most;
}

void fade_write(const struct fade *fade, char text[static FADE_TEXT])
{
	char asked[CIVIL_TEXT];

	local_write(fade->asked, asked);
	snprintf(text, FADE_TEXT, "%d in a row; %s %s", fade->row, last_names[fade->last], asked);
}

int fade_read(const char *text, struct fade *ret)
{
	struct fade fade;
	char last[16];
	int at = 0;
	bool has_offset;

	if (sscanf(text, "%7d in a row; %15[a-z] %n", &fade.row, last, &at) != 2 || !at ||
		fade.row < 0 || fade.row > ROW_MOST ||
		civil_parse(text + at, &fade.asked, &has_offset) < 0 || has_offset)
		return -EINVAL;
	for (fade.last = 0; fade.last < FADE_LASTS; fade.last++)
		if (str_eq(last, last_names[fade.last])) {
			*ret = fade;
			return 0;
		}
	return -EINVAL;
}
