/* Cron expressions: five fields, six with seconds before them, seven with years after those; the
 * @ names; L, W, # and + as the Open Cron Pattern Specification has them. What other programs read
 * in different ways is refused, with what to write instead. Fills a rule in. */
#include "time/cron-parts.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_FEWEST = 5, NAME_LEN = 3 };

static const struct {
	const char *name, *expression;
} macros[] = {
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

struct field {
	uint64_t bits[4]; /* bit value - base */
	bool any;         /* nothing but * */
};

struct cron {
	struct scan scan;
	struct date_set *dates; /* takes what is no plain value: L, W, # */
	struct field fields[CRON_FIELDS];
	bool wild, both;
};

/* "5", "1-5", "1-5/2", "*" or "*" with a step. */
struct item {
	const char *where;
	int first, last, step; /* step 0: none given */
	bool star, range;
};

static void field_add(struct field *field, enum cron_field f, int value)
{
	int bit = value - (f == CRON_YEAR ? YEAR_FIRST : 0);

	field->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* --- reading a field -------------------------------------------------------------------------- */

static bool field_ends(char c)
{
	return !c || c == ' ' || c == '\t';
}

static char upper(char c)
{
	return scan_is_letter(c) ? (char)(c & ~0x20) : c;
}

/* Says what is wrong with the character at the place, which ends no value and begins none. */
static int refuse_here(struct scan *scan, enum cron_field f)
{
	static const struct {
		char c;
		const char *why;
	} known[] = {
		{'?', "? is not understood: write *"},
		{'~', "~ is not understood: write one time, and spread it with jitter"},
		{'H', "H is not understood: write a number, and spread it with jitter"},
		{'W', "W follows one day of the month, as in 15W, or L, as in LW"},
		{'#', "# follows one day of the week, as in MON#1 or FRI#L"},
		{'/', "a step needs a range or *, as in */15"},
		{'L', "L is the last day of the month, or follows a day of the week, as in FRI#L"},
		{'+', "+ stands before the whole day of week, as in 0 9 1 * +MON"},
	};
	const char *at = scan->at;
	size_t len = strcspn(at, " \t");

	if (*at == '/' && !scan_is_digit(at[1]))
		return scan_fail(scan, at, "leave the command out: only its times belong here");
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (upper(*at) == known[i].c)
			return scan_fail(scan, at, "%s", known[i].why);
	}
	if (!len)
		return scan_fail(
			scan, at, "%s: expected %s", cron_fields[f].name, cron_fields[f].expected);
	return scan_fail(scan, at, "%s: expected %s, not \"%.*s\"", cron_fields[f].name,
		cron_fields[f].expected, (int)str_utf8_cut(at, len, 20), at);
}

/* A month or a weekday of three letters; the L of FRIL may follow. -1: there is none. */
static int name_take(struct scan *scan, enum cron_field f)
{
	char after;

	for (int i = 0; cron_fields[f].names && cron_fields[f].names[i]; i++) {
		if (strncasecmp(scan->at, cron_fields[f].names[i], NAME_LEN) != 0)
			continue;
		after = scan->at[NAME_LEN];
		if (scan_is_letter(after) && upper(after) != 'L')
			break;
		scan->at += NAME_LEN;
		return cron_fields[f].min + i;
	}
	return -1;
}

static int value_take(struct scan *scan, enum cron_field f, int *ret, bool *ret_named)
{
	const char *where = scan->at;
	int value = name_take(scan, f);

	*ret_named = value >= 0;
	if (value < 0 && !scan_is_digit(*where))
		return refuse_here(scan, f);
	if (value < 0 && !scan_number(&scan->at, &value))
		return scan_fail(scan, where, "%s: the number is too long", cron_fields[f].name);
	if (value < cron_fields[f].min || value > cron_fields[f].max)
		return scan_fail(scan, where, "%s: %d is not in %d..%d", cron_fields[f].name, value,
			cron_fields[f].min, cron_fields[f].max);
	*ret = value;
	return 0;
}

static int range_refuse(struct scan *scan, enum cron_field f, const struct item *item)
{
	struct buf two = BUF_MAX(64);
	int first = f == CRON_WEEKDAY ? item->first % 7 : item->first, r;

	/* To the field's end, then on from its beginning. */
	if (first > item->last) {
		cron_range_write(
			&two, f, first, f == CRON_WEEKDAY ? CRON_SUNDAY - 1 : cron_fields[f].max);
		buf_add_char(&two, ',');
		first = cron_fields[f].min;
	}
	cron_range_write(&two, f, first, item->last);
	r = scan_fail(scan, item->where, "%s: a range rises: write %s", cron_fields[f].name,
		buf_str(&two));
	buf_free(&two);
	return r;
}

static int range_take(struct scan *scan, enum cron_field f, struct item *item, bool named)
{
	bool last_named;
	int r;

	scan->at++;
	r = value_take(scan, f, &item->last, &last_named);
	if (r < 0)
		return r;
	item->range = true;
	if (f == CRON_WEEKDAY && last_named && item->last == 0) {
		if (named && item->first == 0)
			return scan_fail(scan, item->where,
				"day of week: SUN-SUN is read as one day and as seven: write SUN, "
				"or *");
		item->last = CRON_SUNDAY;
	}
	return item->first > item->last ? range_refuse(scan, f, item) : 0;
}

static int step_take(struct scan *scan, enum cron_field f, struct item *item)
{
	const char *slash = scan->at++, *where = scan->at;

	if (!scan_number(&scan->at, &item->step))
		return scan_fail(scan, where, "%s: expected the number of a step after /",
			cron_fields[f].name);
	if (item->step < 1 || item->step > cron_fields[f].count)
		return scan_fail(scan, where, "%s: a step is 1 to %d, not %d", cron_fields[f].name,
			cron_fields[f].count, item->step);
	if (!item->star && !item->range)
		return scan_fail(scan, item->where,
			"%s: a step needs a range or *: write %.*s-%d/%d", cron_fields[f].name,
			(int)(slash - item->where), item->where, cron_fields[f].max, item->step);
	return 0;
}

/* The n of #n and the L of #L or L, after one weekday. */
static int nth_take(struct cron *cron, const struct item *item)
{
	struct scan *scan = &cron->scan;
	const char *where = scan->at;
	int weekday = (item->first + 6) % 7, n;

	if (item->star || item->range)
		return scan_fail(scan, where,
			"%c follows one day of the week: write each, as in MON#1,TUE#1",
			upper(*where));
	if (*where == '#')
		scan->at++;
	if (upper(*scan->at) == 'L') {
		scan->at++;
		cron->dates->nth_from_end[weekday] |= 1;
		return 0;
	}
	where = scan->at;
	if (!scan_number(&scan->at, &n) || n < 1 || n > CRON_NTH_MAX)
		return scan_fail(scan, where, "day of week: # takes 1 to %d or L", CRON_NTH_MAX);
	cron->dates->nth[weekday] |= UINT64_C(1) << (n - 1);
	return 0;
}

/* L and LW among the days of the month. */
static int last_day_take(struct cron *cron, const char *field)
{
	struct scan *scan = &cron->scan;
	const char *where = scan->at++;

	if (*scan->at == '-')
		return scan_fail(scan, where,
			"L is the last day only: for days before it use calendar, as in *-*~03 "
			"09:00");
	if (upper(*scan->at) != 'W') {
		cron->dates->days_from_end |= 1 << 1;
		return 0;
	}
	scan->at++;
	if (where > field || *scan->at == ',')
		return scan_fail(scan, where, "LW stands alone");
	cron->dates->near_workdays |= UINT32_C(1) << NEAR_LAST_BIT;
	return 0;
}

static int near_workday_take(struct cron *cron, const struct item *item)
{
	struct scan *scan = &cron->scan;

	if (item->star || item->range)
		return scan_fail(scan, item->where, "day of month: W follows one day, as in 15W");
	scan->at++;
	cron->dates->near_workdays |= UINT32_C(1) << item->first;
	return 0;
}

static int span_take(struct scan *scan, enum cron_field f, struct item *item)
{
	bool named = false;
	int r = 0;

	*item = (struct item){.where = scan->at, .star = *scan->at == '*'};
	if (item->star) {
		scan->at++;
		item->first = cron_fields[f].min;
		item->last = cron_fields[f].max;
	} else {
		r = value_take(scan, f, &item->first, &named);
		item->last = item->first;
		if (!r && *scan->at == '-')
			r = range_take(scan, f, item, named);
	}
	if (!r && *scan->at == '/')
		r = step_take(scan, f, item);
	return r;
}

static int item_take(struct cron *cron, enum cron_field f, const char *begin)
{
	struct field *field = &cron->fields[f];
	struct scan *scan = &cron->scan;
	struct item item;
	int r;

	if (f == CRON_DAY && upper(*scan->at) == 'L')
		return last_day_take(cron, begin);
	r = span_take(scan, f, &item);
	if (r < 0)
		return r;
	if (f == CRON_DAY && upper(*scan->at) == 'W')
		return near_workday_take(cron, &item);
	if (f == CRON_WEEKDAY && (*scan->at == '#' || upper(*scan->at) == 'L'))
		return nth_take(cron, &item);
	for (int n = item.first; n <= item.last; n += item.step ? item.step : 1)
		field_add(field, f, f == CRON_WEEKDAY && n == 0 ? CRON_SUNDAY : n);
	field->any = item.star && !item.step && item.where == begin && field_ends(*scan->at);
	cron->wild |= f <= CRON_HOUR && (item.star || item.step);
	return 0;
}

static int field_take(struct cron *cron, enum cron_field f)
{
	struct scan *scan = &cron->scan;
	const char *begin;
	int r;

	scan->at += strspn(scan->at, " \t");
	if (f == CRON_WEEKDAY && *scan->at == '+') {
		cron->both = true;
		scan->at++;
	}
	begin = scan->at;
	cron->fields[f] = (struct field){0};
	do
		r = item_take(cron, f, begin);
	while (!r && *scan->at == ',' && scan->at++);
	return !r && !field_ends(*scan->at) ? refuse_here(scan, f) : r;
}

/* --- reading the whole ------------------------------------------------------------------------ */

/* The number of fields; *ret_eighth is where one too many begins, or the end. */
static int fields_count(const char *text, const char **ret_eighth)
{
	int count = 0;

	for (text += strspn(text, " \t"); *text && count < CRON_FIELDS; count++) {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	*ret_eighth = text;
	return count + (*text != '\0');
}

/* Replaces a name such as @daily by its expression. */
static int macro_take(struct scan *scan)
{
	size_t len = strcspn(scan->at, " \t");

	for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
		if (strlen(macros[i].name) != len ||
			strncasecmp(scan->at, macros[i].name, len) != 0)
			continue;
		if (scan->at[len + strspn(scan->at + len, " \t")])
			return scan_fail(scan, scan->at + len, "%s stands alone", macros[i].name);
		scan->text = scan->at = macros[i].expression;
		return 0;
	}
	if (len == strlen("@reboot") && strncasecmp(scan->at, "@reboot", len) == 0)
		return scan_fail(scan, scan->at,
			"@reboot is not a time: write when it shall happen, as in @daily");
	return scan_fail(scan, scan->at,
		"expected @yearly, @monthly, @weekly, @daily or @hourly; for intervals use every");
}

static int cron_take(struct cron *cron)
{
	struct scan *scan = &cron->scan;
	const char *end;
	int count, r = 0;

	scan->at += strspn(scan->at, " \t");
	if (!*scan->at)
		return scan_fail(
			scan, NULL, "empty: write a cron expression such as 0 9 * * MON-FRI");
	if (memchr(scan->at, '=', strcspn(scan->at, " \t")))
		return scan_fail(scan, scan->at,
			"leave the variable out: the time zone is that of the place");
	if (*scan->at == '@')
		r = macro_take(scan);
	if (r < 0)
		return r;
	count = fields_count(scan->at, &end);
	if (count > CRON_FIELDS)
		return scan_fail(scan, end,
			"more than %d fields: leave a command out; a cron expression looks like "
			"0 9 * * MON-FRI",
			CRON_FIELDS);
	if (count < FIELDS_FEWEST)
		return scan_fail(scan, end,
			"%d field%s: write minute, hour, day of month, month and day of week, as "
			"in 0 9 * * MON-FRI",
			count, count == 1 ? "" : "s");
	for (int f = count == FIELDS_FEWEST ? CRON_MINUTE : CRON_SECOND; f < CRON_FIELDS && !r;
		f++) {
		if (f < CRON_YEAR || count == CRON_FIELDS)
			r = field_take(cron, f);
	}
	return r;
}

/* --- filling the rule in ---------------------------------------------------------------------- */

static void cron_fill(const struct cron *cron, struct rule_values *v)
{
	struct date_set *set = &v->dates;

	memcpy(set->years, cron->fields[CRON_YEAR].bits, sizeof(set->years));
	set->months = (uint16_t)cron->fields[CRON_MONTH].bits[0];
	if (!cron->fields[CRON_DAY].any)
		set->days = (uint32_t)cron->fields[CRON_DAY].bits[0];
	if (!cron->fields[CRON_WEEKDAY].any)
		set->weekdays = (uint8_t)(cron->fields[CRON_WEEKDAY].bits[0] >> 1);
	for (int w = 0; w < 7; w++) {
		if (set->weekdays >> w & 1)
			set->nth[w] = set->nth_from_end[w] = 0; /* among them already */
	}
	set->either = !cron->both && cron_has_days(set) && cron_has_weekdays(set);
	v->times.seconds = cron->fields[CRON_SECOND].bits[0];
	v->times.minutes = cron->fields[CRON_MINUTE].bits[0];
	v->times.hours = (uint32_t)cron->fields[CRON_HOUR].bits[0];
	v->times.wild = cron->wild;
}

int cron_parse(struct draft *draft)
{
	struct rule *rule = draft->rule;
	struct cron cron = {.scan = draft->scan, .dates = &rule->v.dates};
	int r;

	field_add(&cron.fields[CRON_SECOND], CRON_SECOND, 0);
	for (int year = YEAR_FIRST; year <= YEAR_LAST; year++)
		field_add(&cron.fields[CRON_YEAR], CRON_YEAR, year);
	r = cron_take(&cron);
	if (r < 0)
		return r;
	cron_fill(&cron, &rule->v);
	rule->text = cron_write(&rule->v);
	if (rule->v.dates.either)
		rule->warning = "fires on these days of the month and on these weekdays besides: "
				"for days that are both, put + before the day of week";
	return 0;
}
