/* Calendar events as systemd.time(7) describes them, in whole seconds:
 * [WEEKDAYS] [[YEAR-]MONTH-DAY] [HOUR:MINUTE[:SECOND]] [ZONE], shorthands and @SECONDS.
 * Fills a rule in; keeps the text in systemd's normal form. */
#include "time/rule-parts.h"

#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { VALUES_MAX = 240 };

enum field_id { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

static const struct {
	const char *name;
	int min, max;
} fields[FIELDS] = {
	[YEAR] = {"year", YEAR_FIRST, YEAR_LAST},
	[MONTH] = {"month", 1, 12},
	[DAY] = {"day", 1, 31},
	[HOUR] = {"hour", 0, 23},
	[MINUTE] = {"minute", 0, 59},
	[SECOND] = {"second", 0, 59},
};

static const struct {
	const char *name, *event;
} shorthands[] = {
	{"minutely", "*-*-* *:*:00"},
	{"hourly", "*-*-* *:00:00"},
	{"daily", "*-*-* 00:00:00"},
	{"weekly", "Mon *-*-* 00:00:00"},
	{"monthly", "*-*-01 00:00:00"},
	{"quarterly", "*-01,04,07,10-01 00:00:00"},
	{"semiannually", "*-01,07-01 00:00:00"},
	{"semi-annually", "*-01,07-01 00:00:00"},
	{"biannually", "*-01,07-01 00:00:00"},
	{"bi-annually", "*-01,07-01 00:00:00"},
	{"yearly", "*-01-01 00:00:00"},
	{"annually", "*-01-01 00:00:00"},
};

/* "5", "5/10", "5..20", "5..20/3" */
struct value {
	int first, last, step; /* last -1: none given; step 0: none given */
	const char *where;
};

struct list {
	struct value values[VALUES_MAX];
	size_t count;
	bool any; /* "*" */
	const char *where;
};

struct event {
	struct list lists[FIELDS];
	uint8_t weekdays;
	bool from_end; /* "~": days count from the end of the month */
};

/* --- reading ---------------------------------------------------------------------------------- */

static int value_take(struct scan *scan, struct value *value)
{
	*value = (struct value){.last = -1, .where = scan->at};
	if (*scan->at == '*')
		return scan_fail(scan, scan->at, "* stands alone: for every second one write 0/2");
	if (!scan_number(&scan->at, &value->first))
		return scan_fail(scan, scan->at, "expected a number or *");
	if (strncmp(scan->at, "..", 2) == 0) {
		scan->at += 2;
		if (!scan_number(&scan->at, &value->last))
			return scan_fail(scan, scan->at, "expected the number that ends the range");
	}
	if (*scan->at == '/') {
		scan->at++;
		if (!scan_number(&scan->at, &value->step))
			return scan_fail(scan, scan->at, "expected a number after /");
		if (!value->step)
			return scan_fail(scan, scan->at - 1, "a repetition of 0 never advances");
	}
	return 0;
}

static int list_take(struct scan *scan, struct list *list)
{
	int r;

	list->where = scan->at;
	list->count = 0;
	list->any = *scan->at == '*';
	if (list->any) {
		scan->at++;
		if (*scan->at == '/' || *scan->at == ',')
			return scan_fail(scan, scan->at,
				"* stands alone: for every second one write 0/2 (days and months "
				"1/2)");
		return 0;
	}
	do {
		if (list->count == VALUES_MAX)
			return scan_fail(scan, scan->at, "more than %d values", VALUES_MAX);
		r = value_take(scan, &list->values[list->count]);
		if (r < 0)
			return r;
		list->count++;
	} while (*scan->at == ',' && scan->at++);
	return 0;
}

static void list_set_any(struct list *list)
{
	list->any = true;
	list->count = 0;
}

static void list_set_one(struct list *list, int value, const char *where)
{
	list->any = false;
	list->count = 1;
	list->where = where;
	list->values[0] = (struct value){.first = value, .last = -1, .where = where};
}

static void list_swap_in(struct list *to, const struct list *from)
{
	to->count = from->count;
	to->any = from->any;
	to->where = from->where;
	memcpy(to->values, from->values, from->count * sizeof(*from->values));
}

/* The day, after - or ~; sets from_end. */
static int day_separator_take(struct scan *scan, struct event *event, const char *expected)
{
	if (*scan->at != '-' && *scan->at != '~')
		return scan_fail(scan, scan->at, "%s", expected);
	event->from_end = *scan->at++ == '~';
	return 0;
}

static int date_take(struct scan *scan, struct event *event)
{
	/* Which field the first list is shows only after the second. */
	struct list *first = &event->lists[YEAR], *second = &event->lists[MONTH];
	int r = list_take(scan, first);

	if (!r)
		r = day_separator_take(
			scan, event, "expected a date such as *-*-01 or a time such as 09:00");
	if (!r)
		r = list_take(scan, second);
	if (r < 0)
		return r;
	if (!*scan->at || *scan->at == ' ') {
		list_swap_in(&event->lists[DAY], second);
		list_swap_in(&event->lists[MONTH], first);
		list_set_any(&event->lists[YEAR]);
		return 0;
	}
	if (event->from_end)
		return scan_fail(scan, scan->at, "~ belongs before the day, as in *-02~03");
	r = day_separator_take(scan, event, "expected - or ~ before the day");
	if (!r)
		r = list_take(scan, &event->lists[DAY]);
	if (!r && *scan->at && *scan->at != ' ')
		return scan_fail(scan, scan->at, "expected a space after the date");
	return r;
}

static int time_take(struct scan *scan, struct event *event)
{
	int r = list_take(scan, &event->lists[HOUR]);

	if (r < 0)
		return r;
	if (*scan->at != ':')
		return scan_fail(scan, scan->at, "expected : after the hour, as in 09:00");
	scan->at++;
	r = list_take(scan, &event->lists[MINUTE]);
	if (r < 0 || *scan->at != ':')
		return r;
	scan->at++;
	r = list_take(scan, &event->lists[SECOND]);
	if (!r && *scan->at == '.')
		return scan_fail(scan, scan->at, "whole seconds only");
	return r;
}

/* True when the word at the place is a date: it has a - or ~ outside of nothing. */
static bool date_ahead(const char *at)
{
	size_t len = strcspn(at, " ");

	return memchr(at, '-', len) || memchr(at, '~', len);
}

static void spaces_skip(struct scan *scan)
{
	scan->at += strspn(scan->at, " ");
}

static int event_take(struct scan *scan, struct event *event)
{
	const char *wrong = weekdays_take(&scan->at, &event->weekdays);
	int r = 0;

	if (wrong)
		return scan_fail(scan, scan->at, "%s", wrong);
	for (int f = YEAR; f <= DAY; f++)
		list_set_any(&event->lists[f]);
	for (int f = HOUR; f <= SECOND; f++)
		list_set_one(&event->lists[f], 0, scan->text);
	spaces_skip(scan);
	if (*scan->at && date_ahead(scan->at)) {
		r = date_take(scan, event);
		spaces_skip(scan);
	}
	if (!r && *scan->at)
		r = time_take(scan, event);
	if (!r && *scan->at)
		return scan_fail(scan, scan->at, "expected the end, found \"%.20s\"", scan->at);
	return r;
}

/* --- checking and normalising ----------------------------------------------------------------- */

static int year_complete(int year)
{
	return year < 0 || year > 99 ? year : year < 70 ? year + 2000 : year + 1900;
}

static int value_check(struct scan *scan, enum field_id f, bool from_end, struct value *v)
{
	int min = fields[f].min, max = fields[f].max;

	if (f == YEAR) {
		v->first = year_complete(v->first);
		v->last = year_complete(v->last);
	}
	if (v->first < min || v->first > max)
		return scan_fail(scan, v->where, "%s %d is not in %d..%d", fields[f].name, v->first,
			min, max);
	if (v->last >= 0 && (v->last < v->first || v->last > max))
		return scan_fail(scan, v->where, "the range of %ss %d..%d must rise and end by %d",
			fields[f].name, v->first, v->last, max);
	if (v->last < 0 && v->step && (from_end ? v->step >= v->first : v->step > max - v->first))
		return scan_fail(scan, v->where,
			"%d/%d never repeats inside %ss %d..%d: use every for intervals", v->first,
			v->step, fields[f].name, min, max);
	if (v->last >= 0 && v->step)
		v->last = v->first + (v->last - v->first) / v->step * v->step;
	/* A single value; in times one with a / is kept as a range, because it is WILD. */
	if (v->last == v->first && (f < HOUR || !v->step)) {
		v->last = -1;
		v->step = 0;
	}
	return 0;
}

static int value_order(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

static int list_check(struct scan *scan, enum field_id f, bool from_end, struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		int r = value_check(scan, f, from_end, &list->values[i]);

		if (r < 0)
			return r;
	}
	qsort(list->values, list->count, sizeof(*list->values), value_order);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || value_order(&list->values[kept - 1], &list->values[i]) != 0)
			list->values[kept++] = list->values[i];
	}
	list->count = kept;
	return 0;
}

/* --- filling the rule in ---------------------------------------------------------------------- */

static void bit_set(uint64_t *bits, int n)
{
	bits[n / 64] |= UINT64_C(1) << (n % 64);
}

/* The values as bits counted from the field's minimum (days and months: from 0). */
static void list_bits(enum field_id f, bool from_end, const struct list *list, uint64_t bits[4])
{
	int base = f == YEAR ? YEAR_FIRST : 0;

	memset(bits, 0, 4 * sizeof(*bits));
	if (list->any) {
		for (int n = fields[f].min; n <= fields[f].max; n++)
			bit_set(bits, n - base);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct value *v = &list->values[i];
		int last = v->last >= 0 ? v->last : v->step ? fields[f].max : v->first;
		int step = v->step ? v->step : 1;

		/* From the end, repetition runs towards the end of the month. */
		if (from_end) {
			int begin = v->last >= 0 ? v->last : v->first;
			int end = v->last >= 0 || !v->step ? v->first : 1;

			for (int n = begin; n >= end; n -= step)
				bit_set(bits, n);
			continue;
		}
		for (int n = v->first; n <= last; n += step)
			bit_set(bits, n - base);
	}
}

static bool list_is_wild(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i].step)
			return true;
	}
	return list->any;
}

static void event_fill(const struct event *event, struct rule_values *v)
{
	uint64_t bits[4];

	list_bits(YEAR, false, &event->lists[YEAR], v->dates.years);
	list_bits(MONTH, false, &event->lists[MONTH], bits);
	v->dates.months = (uint16_t)bits[0];
	list_bits(DAY, event->from_end, &event->lists[DAY], bits);
	if (event->lists[DAY].any)
		;
	else if (event->from_end)
		v->dates.days_from_end = (uint32_t)bits[0];
	else
		v->dates.days = (uint32_t)bits[0];
	v->dates.weekdays = event->weekdays;
	list_bits(HOUR, false, &event->lists[HOUR], bits);
	v->times.hours = (uint32_t)bits[0];
	list_bits(MINUTE, false, &event->lists[MINUTE], bits);
	v->times.minutes = bits[0];
	list_bits(SECOND, false, &event->lists[SECOND], bits);
	v->times.seconds = bits[0];
	for (int f = HOUR; f <= SECOND; f++)
		v->times.wild |= list_is_wild(&event->lists[f]);
}

static void list_write(struct buf *text, const struct list *list)
{
	if (list->any)
		buf_add_char(text, '*');
	for (size_t i = 0; i < list->count; i++) {
		const struct value *v = &list->values[i];

		buf_printf(text, "%s%02d", i ? "," : "", v->first);
		if (v->last >= 0)
			buf_printf(text, "..%02d", v->last);
		if (v->step)
			buf_printf(text, "/%d", v->step);
	}
}

static char *event_write(const struct event *event, const struct zone *zone)
{
	static const char after[FIELDS] = {'-', '-', ' ', ':', ':', '\0'};
	struct buf text = BUF_MAX(FIELDS * VALUES_MAX * 24);

	if (event->weekdays) {
		char weekdays[WEEKDAYS_TEXT];

		weekdays_write(event->weekdays, weekdays);
		buf_printf(&text, "%s ", weekdays);
	}
	for (int f = 0; f < FIELDS; f++) {
		list_write(&text, &event->lists[f]);
		if (f == MONTH && event->from_end && !event->lists[DAY].any)
			buf_add_char(&text, '~');
		else if (after[f])
			buf_add_char(&text, after[f]);
	}
	if (zone)
		buf_printf(&text, " %s", zone_name(zone));
	return buf_take(&text);
}

/* --- the whole text --------------------------------------------------------------------------- */

/* Cuts a zone from the end of the working copy and loads it. `offset` of a column is unchanged. */
static int zone_cut(struct scan *scan, char *work, struct zone **ret)
{
	char *space = strrchr(work, ' ');
	const char *name;
	uint8_t weekdays = 0;
	int r;

	if (!space || !scan_is_letter(space[1]))
		return 0;
	name = space + 1;
	if (!weekdays_take(&name, &weekdays) && weekdays)
		return scan_fail(scan, space + 1, "join weekdays with a comma, as in Mon,Tue");
	name = space + 1;
	r = zone_load(strcasecmp(name, "UTC") == 0 ? "UTC" : name, ret);
	if (r == -EBADMSG || r == -EFBIG)
		return scan_fail(
			scan, name, "the file of the time zone \"%.64s\" is damaged", name);
	if (r < 0)
		return scan_fail(scan, name,
			"there is no time zone \"%.64s\": zones look like Europe/London", name);
	while (space > work && space[-1] == ' ')
		space--;
	*space = '\0';
	return 0;
}

/* "@1600000000": an instant, in UTC. */
static int instant_take(struct scan *scan, struct event *event, struct zone **zone)
{
	const char *where = scan->at;
	struct civil c;
	int64_t utc;

	if (*zone)
		return scan_fail(scan, where, "@ names an instant: leave the zone out");
	if (str_to_int64(where + 1, &utc) < 0 || utc < LOCAL_FIRST || utc > LOCAL_LAST)
		return scan_fail(scan, where, "expected seconds since 1970 after @, not beyond %d",
			YEAR_LAST);
	c = civil_unpack(utc);
	for (int f = 0; f < FIELDS; f++)
		list_set_one(&event->lists[f],
			(int[]){c.year, c.month, c.day, c.hour, c.minute, c.second}[f], where);
	return zone_load("UTC", zone);
}

/* Replaces a shorthand by its meaning. */
static const char *shorthand_find(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(shorthands); i++) {
		if (strcasecmp(text, shorthands[i].name) == 0)
			return shorthands[i].event;
	}
	return NULL;
}

static int event_parse(struct draft *draft, struct scan *scan, char *work, struct event *event)
{
	struct rule *rule = draft->rule;
	const char *meaning;
	int r;

	scan->at += strspn(work, " ");
	for (size_t len = strlen(work); len && work[len - 1] == ' ';)
		work[--len] = '\0';
	if (!*scan->at)
		return scan_fail(
			scan, NULL, "empty: write a calendar event such as Mon..Fri 09:00");
	r = zone_cut(scan, work, &rule->zone);
	if (r < 0)
		return r;
	if (*scan->at == '@')
		return instant_take(scan, event, &rule->zone);
	meaning = shorthand_find(scan->at);
	if (meaning)
		scan->text = scan->at = meaning;
	r = event_take(scan, event);
	for (int f = 0; f < FIELDS && !r; f++)
		r = list_check(scan, f, f == DAY && event->from_end, &event->lists[f]);
	return r;
}

int calendar_parse(struct draft *draft)
{
	auto_free char *work = str_new(draft->scan.text);
	auto_free struct event *event = mem_new(sizeof(*event));
	struct scan scan = {.text = work, .at = work, .error = draft->scan.error};
	int r = event_parse(draft, &scan, work, event);

	if (r < 0)
		return r;
	event_fill(event, &draft->rule->v);
	draft->rule->text = event_write(event, draft->rule->zone);
	return 0;
}
