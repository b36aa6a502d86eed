/* Reads "until when" and "since when". Pure: the zone and the present are the caller's. */
#include "face/until.h"

#include "base/str.h"
#include "time/span.h"

static int64_t local_to_ms(const struct zone *zone, int64_t local)
{
	int64_t first, second;

	zone_to_utc(zone, local, &first, &second);
	return first * 1000;
}

/* sign: what a span does to the present. */
static const char *parse(
	const char *text, const struct zone *zone, int64_t now_at, int sign, int64_t *ret_at)
{
	bool has_offset;
	int64_t seconds;
	int32_t date;

	if (date_parse(text, &date) == 0)
		*ret_at = local_to_ms(zone, (int64_t)date * DAY_S);
	else if (civil_parse(text, &seconds, &has_offset) == 0)
		*ret_at = has_offset ? seconds * 1000 : local_to_ms(zone, seconds);
	else if (span_parse_s(text, &seconds, NULL) == 0)
		*ret_at = now_at + sign * seconds * 1000;
	else
		return "write a date (2026-12-24), a time (2026-12-24T18:00) or a span (2h, 3d)";
	return NULL;
}

const char *until_parse(const char *text, const struct zone *zone, int64_t now_at, int64_t *ret_at)
{
	int64_t at;
	const char *why = parse(text, zone, now_at, 1, &at);

	if (!why && at <= now_at)
		why = "that is not in the future";
	if (!why)
		*ret_at = at;
	return why;
}

const char *since_parse(const char *text, const struct zone *zone, int64_t now_at, int64_t *ret_at)
{
	int64_t at;
	const char *why = parse(text, zone, now_at, -1, &at);

	if (!why && at > now_at)
		why = "that is in the future";
	if (!why)
		*ret_at = at;
	return why;
}
