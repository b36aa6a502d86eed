/* Recurrence rules of RFC 5545, with SKIP of RFC 7529: FREQ=DAILY to YEARLY. Fills a rule in, in
 * local time; parts that implementations read differently are refused by name. The canonical text
 * has the parts in one order and their values sorted. */
#include "time/rule-parts.h"

#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	INTERVAL_MAX = 100000,
	POSITIONS_MAX = 366,
	NTH_OF_YEAR_MAX = 53,
	NTH_OF_MONTH_MAX = 5,
	RRULE_TEXT_MAX = 16384,
};

enum part {
	PART_FREQ,
	PART_INTERVAL,
	PART_COUNT,
	PART_UNTIL,
	PART_BYMONTH,
	PART_BYMONTHDAY,
	PART_BYDAY,
	PART_BYHOUR,
	PART_BYMINUTE,
	PART_BYSETPOS,
	PART_WKST,
	PART_SKIP,
	PART_RSCALE,
	PARTS,
};

static const char *const part_names[PARTS + 1] = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH",
	"BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS", "WKST", "SKIP", "RSCALE", NULL};

static const struct {
	const char *name, *why;
} refused[] = {
	{"BYWEEKNO", "use BYMONTH and BYDAY"},
	{"BYYEARDAY", "use BYMONTH and BYMONTHDAY"},
	{"BYSECOND", "the second is that of start"},
	/* Lines that stand beside the rule in a calendar. */
	{"DTSTART", "give it as start = \"2026-01-06T10:00\", a local time"},
	{"RDATE", "give it as rdate"},
	{"EXDATE", "give it as exdate"},
};

static const char *const frequencies[] = {
	[PERIOD_DAY] = "DAILY",
	[PERIOD_WEEK] = "WEEKLY",
	[PERIOD_MONTH] = "MONTHLY",
	[PERIOD_YEAR] = "YEARLY",
	NULL,
};
static const char *const finer_frequencies[] = {"HOURLY", "MINUTELY", "SECONDLY", NULL};
static const char *const weekday_codes[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU", NULL};
static const char *const skips[] = {
	[SHORT_MONTH_OMIT] = "OMIT",
	[SHORT_MONTH_LAST_DAY] = "BACKWARD",
	[SHORT_MONTH_NEXT_DAY] = "FORWARD",
	NULL,
};

struct rrule {
	struct scan *scan;
	struct rule *rule;
	const char *where[PARTS]; /* where the value of a part is; NULL: not given */
	int count;
	int positions[POSITIONS_MAX];
	size_t n_positions;
	char until[24]; /* canonical */
};

/* --- reading the parts ------------------------------------------------------------------------ */

static bool part_ends(const char *at)
{
	return !*at || *at == ';';
}

/* The index of the word at the place among the names, or -1; the word ends at a comma, a ; or =. */
static int word_take(const char **at, const char *const *names)
{
	size_t len = strcspn(*at, ",;=");

	for (int i = 0; names[i]; i++) {
		if (strlen(names[i]) == len && strncasecmp(*at, names[i], len) == 0) {
			*at += len;
			return i;
		}
	}
	return -1;
}

/* [+-]N in min..max, and not 0. */
static int signed_take(struct scan *scan, const char *name, int min, int max, int *ret)
{
	const char *where = scan->at;
	int sign = *scan->at == '-' ? -1 : 1;

	if (*scan->at == '-' || *scan->at == '+')
		scan->at++;
	if (!scan_number(&scan->at, ret))
		return scan_fail(scan, where, "%s: expected a number", name);
	*ret *= sign;
	if (*ret < min || *ret > max || (*ret == 0 && min < 0))
		return scan_fail(scan, where, "%s: %d is not in %d..%d%s", name, *ret, min, max,
			min < 0 ? " without 0" : "");
	return 0;
}

/* A list of numbers, each handed to `put`. */
static int numbers_take(struct rrule *rr, enum part part, int min, int max,
	int (*put)(struct rrule *rr, int number))
{
	int r, number;

	do {
		r = signed_take(rr->scan, part_names[part], min, max, &number);
		if (!r)
			r = put(rr, number);
		if (r < 0)
			return r;
	} while (*rr->scan->at == ',' && rr->scan->at++);
	return 0;
}

static int put_month(struct rrule *rr, int month)
{
	rr->rule->v.dates.months |= (uint16_t)(1 << month);
	return 0;
}

static int put_day(struct rrule *rr, int day)
{
	if (day > 0)
		rr->rule->v.dates.days |= UINT32_C(1) << day;
	else
		rr->rule->v.dates.days_from_end |= UINT32_C(1) << -day;
	return 0;
}

static int put_hour(struct rrule *rr, int hour)
{
	rr->rule->v.times.hours |= UINT32_C(1) << hour;
	return 0;
}

static int put_minute(struct rrule *rr, int minute)
{
	rr->rule->v.times.minutes |= UINT64_C(1) << minute;
	return 0;
}

static int put_position(struct rrule *rr, int position)
{
	for (size_t i = 0; i < rr->n_positions; i++) {
		if (rr->positions[i] == position)
			return 0;
	}
	if (rr->n_positions == POSITIONS_MAX)
		return scan_fail(
			rr->scan, rr->scan->at, "BYSETPOS: more than %d values", POSITIONS_MAX);
	rr->positions[rr->n_positions++] = position;
	return 0;
}

static int byday_take(struct rrule *rr)
{
	struct date_set *set = &rr->rule->v.dates;
	struct scan *scan = rr->scan;

	do {
		const char *where = scan->at;
		int n = 0, w, r = 0;

		if (scan_is_digit(*scan->at) || *scan->at == '+' || *scan->at == '-')
			r = signed_take(scan, "BYDAY", -NTH_OF_YEAR_MAX, NTH_OF_YEAR_MAX, &n);
		if (r < 0)
			return r;
		w = word_take(&scan->at, weekday_codes);
		if (w < 0)
			return scan_fail(
				scan, scan->at, "BYDAY: expected MO, TU, WE, TH, FR, SA or SU");
		if (n > 0)
			set->nth[w] |= UINT64_C(1) << (n - 1);
		else if (n < 0)
			set->nth_from_end[w] |= UINT64_C(1) << (-n - 1);
		else
			set->weekdays |= (uint8_t)(1 << w);
		if (n && rr->rule->v.period.unit < PERIOD_MONTH)
			return scan_fail(scan, where,
				"BYDAY: numbers belong to FREQ=MONTHLY and YEARLY only");
		if (rr->rule->v.period.unit == PERIOD_MONTH && abs(n) > NTH_OF_MONTH_MAX)
			return scan_fail(scan, where, "BYDAY: a month has at most %d of a weekday",
				NTH_OF_MONTH_MAX);
	} while (*scan->at == ',' && scan->at++);
	return 0;
}

/* Basic format, 20261224[T180000[Z]]; a date means the whole day. */
static int until_take(struct rrule *rr)
{
	struct rule_values *v = &rr->rule->v;
	const char *at = rr->scan->at;
	size_t len = strcspn(at, ";");
	char extended[CIVIL_TEXT];
	bool has_offset = false;
	int64_t until = 0;
	int32_t date;
	int r = -EINVAL;

	if (strspn(at, "0123456789") == 8 && len == 8) {
		snprintf(extended, sizeof(extended), "%.4s-%.2s-%.2s", at, at + 4, at + 6);
		r = date_parse(extended, &date);
		if (!r)
			until = (date + 1) * DAY_S - 1;
	} else if ((len == 15 || (len == 16 && (at[15] | 0x20) == 'z')) && (at[8] | 0x20) == 't') {
		snprintf(extended, sizeof(extended), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%s", at, at + 4,
			at + 6, at + 9, at + 11, at + 13, len == 16 ? "Z" : "");
		r = civil_parse(extended, &until, &has_offset);
	}
	if (r < 0)
		return scan_fail(rr->scan, at,
			"UNTIL: expected a time that exists, such as 20261224T180000, with Z for "
			"UTC, "
			"or a date");
	if (has_offset)
		v->last_utc = until;
	else
		v->last_local = MIN_OF(v->last_local, until);
	snprintf(rr->until, sizeof(rr->until), "%.*s", (int)len, at);
	for (char *c = rr->until; *c; c++)
		*c = *c == 't' ? 'T' : *c == 'z' ? 'Z' : *c;
	rr->scan->at += len;
	return 0;
}

static int freq_take(struct rrule *rr)
{
	const char *where = rr->scan->at, *finer = where;
	int unit = word_take(&rr->scan->at, frequencies);

	if (unit >= 0) {
		rr->rule->v.period.unit = (enum period_unit)unit;
		return 0;
	}
	if (word_take(&finer, finer_frequencies) >= 0)
		return scan_fail(
			rr->scan, where, "FREQ: nothing finer than DAILY: use every or calendar");
	return scan_fail(rr->scan, where, "FREQ: expected DAILY, WEEKLY, MONTHLY or YEARLY");
}

static int choice_take(struct rrule *rr, enum part part, const char *const *choices,
	const char *expected, int *ret)
{
	*ret = word_take(&rr->scan->at, choices);
	return *ret < 0 ? scan_fail(rr->scan, rr->scan->at, "%s: expected %s", part_names[part],
				  expected)
			: 0;
}

static int value_take(struct rrule *rr, enum part part)
{
	static const char *const calendars[] = {"GREGORIAN", NULL};
	struct rule_values *v = &rr->rule->v;
	int choice = 0, r;

	switch (part) {
	case PART_FREQ:
		return freq_take(rr);
	case PART_INTERVAL:
		return signed_take(rr->scan, "INTERVAL", 1, INTERVAL_MAX, &v->period.interval);
	case PART_COUNT:
		return signed_take(rr->scan, "COUNT", 1, INT_MAX, &rr->count);
	case PART_UNTIL:
		return until_take(rr);
	case PART_BYMONTH:
		return numbers_take(rr, part, 1, 12, put_month);
	case PART_BYMONTHDAY:
		return numbers_take(rr, part, -31, 31, put_day);
	case PART_BYDAY:
		return byday_take(rr);
	case PART_BYHOUR:
		return numbers_take(rr, part, 0, 23, put_hour);
	case PART_BYMINUTE:
		return numbers_take(rr, part, 0, 59, put_minute);
	case PART_BYSETPOS:
		return numbers_take(rr, part, -366, 366, put_position);
	case PART_WKST:
		return choice_take(rr, part, weekday_codes, "MO, TU, WE, TH, FR, SA or SU",
			&v->period.week_start);
	case PART_SKIP:
		r = choice_take(rr, part, skips, "OMIT, BACKWARD or FORWARD", &choice);
		if (!r)
			v->short_month = (enum short_month)choice;
		return r;
	case PART_RSCALE:
		return choice_take(rr, part, calendars, "GREGORIAN", &choice);
	case PARTS:
		break;
	}
	assert(!"a part of the table");
	return -EINVAL;
}

static int name_take(struct rrule *rr, enum part *ret)
{
	struct scan *scan = rr->scan;
	const char *where = scan->at;
	size_t len = strcspn(where, ";=,:");
	int part = word_take(&scan->at, part_names);

	for (size_t i = 0; part < 0 && i < ARRAY_LEN(refused); i++) {
		if (strlen(refused[i].name) == len && strncasecmp(where, refused[i].name, len) == 0)
			return scan_fail(scan, where, "%s is not supported here: %s",
				refused[i].name, refused[i].why);
	}
	if (part < 0)
		return scan_fail(scan, where,
			"expected a part such as FREQ=WEEKLY or BYDAY=MO, found \"%.*s\"",
			(int)MIN_OF(len, (size_t)20), where);
	if (*scan->at != '=')
		return scan_fail(scan, scan->at, "expected = after %s", part_names[part]);
	if (rr->where[part])
		return scan_fail(scan, where, "%s is given twice", part_names[part]);
	rr->where[part] = ++scan->at;
	*ret = (enum part)part;
	return 0;
}

/* What the numbers of BYDAY count in depends on FREQ, which may come after it. */
static int freq_find(struct rrule *rr)
{
	const char *start = rr->scan->at;
	int r = 0;

	for (const char *at = start; at; at = strchr(at, ';')) {
		at += *at == ';';
		if (strncasecmp(at, "FREQ=", 5) == 0) {
			rr->scan->at = at + 5;
			r = freq_take(rr);
			break;
		}
	}
	rr->scan->at = start;
	return r;
}

static int parts_take(struct rrule *rr)
{
	struct scan *scan = rr->scan;
	int r;

	if (strncasecmp(scan->at, "RRULE:", 6) == 0)
		scan->at += 6;
	r = freq_find(rr);
	if (r < 0)
		return r;
	do {
		enum part part = PART_FREQ;

		r = name_take(rr, &part);
		if (!r)
			r = value_take(rr, part);
		if (r < 0)
			return r;
		if (!part_ends(scan->at))
			return scan_fail(scan, scan->at, "%s: unexpected \"%.10s\"",
				part_names[part], scan->at);
	} while (*scan->at == ';' && *++scan->at);
	return 0;
}

/* --- what the parts mean together ------------------------------------------------------------- */

static int parts_check(struct rrule *rr)
{
	const struct rule_values *v = &rr->rule->v;
	const char *const *where = rr->where;
	enum period_unit unit = v->period.unit;

	if (where[PART_COUNT] && where[PART_UNTIL])
		return scan_fail(rr->scan, where[PART_COUNT], "COUNT and UNTIL exclude each other");
	if (unit == PERIOD_WEEK && where[PART_BYMONTHDAY])
		return scan_fail(rr->scan, where[PART_BYMONTHDAY],
			"BYMONTHDAY does not go with FREQ=WEEKLY");
	if (unit == PERIOD_YEAR && where[PART_BYMONTHDAY] && !where[PART_BYMONTH])
		return scan_fail(rr->scan, where[PART_BYMONTHDAY],
			"BYMONTHDAY with FREQ=YEARLY needs BYMONTH: programs disagree what it "
			"means");
	if (where[PART_BYSETPOS] && !where[PART_BYMONTH] && !where[PART_BYMONTHDAY] &&
		!where[PART_BYDAY] && !where[PART_BYHOUR] && !where[PART_BYMINUTE])
		return scan_fail(rr->scan, where[PART_BYSETPOS],
			"BYSETPOS needs another BY part to choose from");
	if (v->short_month == SHORT_MONTH_NEXT_DAY && rr->n_positions)
		return scan_fail(rr->scan, where[PART_BYSETPOS],
			"BYSETPOS does not go with moving short months to the next day");
	if (v->short_month == SHORT_MONTH_NEXT_DAY && v->dates.days && date_set_has_nth(&v->dates))
		return scan_fail(rr->scan, where[PART_BYDAY],
			"numbered BYDAY does not go with moving short months to the next day");
	if (v->short_month != SHORT_MONTH_OMIT && v->dates.days_from_end >> 29)
		return scan_fail(rr->scan, where[PART_BYMONTHDAY],
			"BYMONTHDAY: -29 to -31 do not go with moving short months: programs "
			"disagree what it means");
	if (unit == PERIOD_YEAR && where[PART_BYMONTH]) {
		for (int w = 0; w < 7; w++) {
			if ((v->dates.nth[w] | v->dates.nth_from_end[w]) >> NTH_OF_MONTH_MAX)
				return scan_fail(rr->scan, where[PART_BYDAY],
					"BYDAY with BYMONTH counts in the month: at most %d",
					NTH_OF_MONTH_MAX);
		}
	}
	return 0;
}

/* What the rule leaves open comes from start. */
static void defaults_fill(struct rrule *rr, int64_t start)
{
	struct rule_values *v = &rr->rule->v;
	struct civil c = civil_unpack(start);
	enum period_unit unit = v->period.unit;
	bool by_day = rr->where[PART_BYMONTHDAY] || rr->where[PART_BYDAY];

	if (unit == PERIOD_YEAR && !by_day && !rr->where[PART_BYMONTH])
		v->dates.months = (uint16_t)(1 << c.month);
	if (unit >= PERIOD_MONTH && !by_day)
		v->dates.days = UINT32_C(1) << c.day;
	if (unit == PERIOD_WEEK && !by_day)
		v->dates.weekdays = (uint8_t)(1 << date_weekday(local_date(start)));
	v->dates.nth_in_year =
		unit == PERIOD_YEAR && !rr->where[PART_BYMONTH] && date_set_has_nth(&v->dates);
	if (!v->dates.months)
		v->dates.months = 0x1ffe;
	if (!v->times.hours)
		v->times.hours = UINT32_C(1) << c.hour;
	if (!v->times.minutes)
		v->times.minutes = UINT64_C(1) << c.minute;
	v->times.seconds = UINT64_C(1) << c.second;
	memset(v->dates.years, 0xff, sizeof(v->dates.years));
}

static int int_order(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static void positions_take(struct rrule *rr)
{
	struct rule *rule = rr->rule;

	if (!rr->n_positions)
		return;
	qsort(rr->positions, rr->n_positions, sizeof(*rr->positions), int_order);
	rule->positions = mem_copy(rr->positions, rr->n_positions * sizeof(*rr->positions));
	rule->n_positions = rr->n_positions;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void comma_unless(struct buf *text, bool *first)
{
	if (!*first)
		buf_add_char(text, ',');
	*first = false;
}

/* ";NAME=1,2,-1": the bits from..to, then the negative ones from far to near. */
static void bits_write(struct buf *text, const char *name, uint64_t bits, uint64_t from_end)
{
	bool first = true;

	buf_printf(text, ";%s=", name);
	for (int n = 0; n < 64; n++) {
		if (bits >> n & 1) {
			comma_unless(text, &first);
			buf_printf(text, "%d", n);
		}
	}
	for (int n = 63; n >= 0; n--) {
		if (from_end >> n & 1) {
			comma_unless(text, &first);
			buf_printf(text, "-%d", n);
		}
	}
}

static void byday_write(struct buf *text, const struct date_set *set)
{
	bool first = true;

	buf_add_str(text, ";BYDAY=");
	for (int w = 0; w < 7; w++) {
		if (set->weekdays >> w & 1) {
			comma_unless(text, &first);
			buf_add_str(text, weekday_codes[w]);
		}
		for (int n = 1; n <= NTH_OF_YEAR_MAX; n++) {
			if (set->nth[w] >> (n - 1) & 1) {
				comma_unless(text, &first);
				buf_printf(text, "%d%s", n, weekday_codes[w]);
			}
			if (set->nth_from_end[w] >> (n - 1) & 1) {
				comma_unless(text, &first);
				buf_printf(text, "-%d%s", n, weekday_codes[w]);
			}
		}
	}
}

static char *rrule_write(const struct rrule *rr)
{
	const struct rule_values *v = &rr->rule->v;
	struct buf text = BUF_MAX(RRULE_TEXT_MAX);

	buf_printf(&text, "FREQ=%s", frequencies[v->period.unit]);
	if (v->period.interval > 1)
		buf_printf(&text, ";INTERVAL=%d", v->period.interval);
	if (rr->count)
		buf_printf(&text, ";COUNT=%d", rr->count);
	if (rr->where[PART_UNTIL])
		buf_printf(&text, ";UNTIL=%s", rr->until);
	if (rr->where[PART_BYMONTH])
		bits_write(&text, "BYMONTH", v->dates.months, 0);
	if (rr->where[PART_BYMONTHDAY])
		bits_write(&text, "BYMONTHDAY", v->dates.days, v->dates.days_from_end);
	if (rr->where[PART_BYDAY])
		byday_write(&text, &v->dates);
	if (rr->where[PART_BYHOUR])
		bits_write(&text, "BYHOUR", v->times.hours, 0);
	if (rr->where[PART_BYMINUTE])
		bits_write(&text, "BYMINUTE", v->times.minutes, 0);
	for (size_t i = 0; i < rr->n_positions; i++)
		buf_printf(&text, "%s%d", i ? "," : ";BYSETPOS=", rr->positions[i]);
	if (rr->where[PART_WKST])
		buf_printf(&text, ";WKST=%s", weekday_codes[v->period.week_start]);
	if (rr->where[PART_SKIP])
		buf_printf(&text, ";SKIP=%s", skips[v->short_month]);
	return buf_take(&text);
}

int rrule_parse(struct draft *draft)
{
	auto_free struct rrule *rr = mem_new(sizeof(*rr));
	int r;

	rr->scan = &draft->scan;
	rr->rule = draft->rule;
	r = parts_take(rr);
	if (!r && !rr->where[PART_FREQ])
		r = scan_fail(&draft->scan, NULL, "FREQ is missing");
	if (!r)
		r = parts_check(rr);
	if (!r)
		r = draft_need_local_start(draft, "rrule");
	if (r < 0)
		return r;
	/* Written before start fills the rest in: the text says what was said. */
	positions_take(rr);
	draft->rule->text = rrule_write(rr);
	defaults_fill(rr, draft->start);
	draft->rule->v.period.anchor = local_date(draft->start);
	draft->count = rr->count;
	return 0;
}
