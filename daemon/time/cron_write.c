/* Cron expressions, written from a rule: months and weekdays by name, three or more in a row as a
 * range, seconds and years only where they say something, and a step or a star in the times exactly
 * where these are WILD. */
#include "time/cron-parts.h"

#include <string.h>

enum { CRON_TEXT_MAX = 4000 };

static const char *const months[] = {
	"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

const struct cron_field_info cron_fields[CRON_FIELDS] = {
	[CRON_SECOND] = {"second", "0 to 59 or *", 0, 59, 60},
	[CRON_MINUTE] = {"minute", "0 to 59 or *", 0, 59, 60},
	[CRON_HOUR] = {"hour", "0 to 23 or *", 0, 23, 24},
	[CRON_DAY] = {"day of month", "1 to 31, L, LW or *", 1, 31, 31},
	[CRON_MONTH] = {"month", "1 to 12, JAN to DEC or *", 1, 12, 12, months},
	[CRON_WEEKDAY] = {"day of week", "0 to 7, SUN to SAT or *", 0, CRON_SUNDAY, 7, weekdays},
	[CRON_YEAR] = {"year", "1970 to 2199 or *", YEAR_FIRST, YEAR_LAST,
		YEAR_LAST - YEAR_FIRST + 1},
};

bool cron_has_days(const struct date_set *set)
{
	return set->days || set->days_from_end || set->near_workdays;
}

bool cron_has_weekdays(const struct date_set *set)
{
	return set->weekdays || date_set_has_nth(set);
}

static void value_write(struct buf *text, enum cron_field f, int value)
{
	if (cron_fields[f].names)
		buf_add_str(text, cron_fields[f].names[f == CRON_WEEKDAY ? value % 7 : value - 1]);
	else
		buf_printf(text, "%d", value);
}

void cron_range_write(struct buf *text, enum cron_field f, int first, int last)
{
	value_write(text, f, first);
	if (last == first)
		return;
	buf_add_char(text, '-');
	value_write(text, f, last);
}

/* The values of one field. */
struct values {
	enum cron_field field;
	uint64_t bits[4];
};

static struct values values_of(const struct rule_values *v, enum cron_field f)
{
	struct values values = {.field = f};

	switch (f) {
	case CRON_SECOND:
		values.bits[0] = v->times.seconds;
		break;
	case CRON_MINUTE:
		values.bits[0] = v->times.minutes;
		break;
	case CRON_HOUR:
		values.bits[0] = v->times.hours;
		break;
	case CRON_DAY:
		values.bits[0] = v->dates.days;
		break;
	case CRON_MONTH:
		values.bits[0] = v->dates.months;
		break;
	case CRON_WEEKDAY:
		values.bits[0] = (uint64_t)v->dates.weekdays << 1;
		break;
	case CRON_YEAR:
		memcpy(values.bits, v->dates.years, sizeof(values.bits));
		break;
	case CRON_FIELDS:
		break;
	}
	return values;
}

static bool values_have(const struct values *values, int value)
{
	int bit = value - (values->field == CRON_YEAR ? YEAR_FIRST : 0);

	return values->bits[bit / 64] >> (bit % 64) & 1;
}

static int values_min(enum cron_field f)
{
	return f == CRON_WEEKDAY ? 1 : cron_fields[f].min;
}

struct progression {
	enum cron_field field;
	int first, last, count;
	int step; /* 0: the values are none */
};

static struct progression progression_of(const struct values *values)
{
	struct progression p = {.field = values->field, .step = 1};

	for (int n = values_min(p.field); n <= cron_fields[p.field].max; n++) {
		if (!values_have(values, n))
			continue;
		if (!p.count++)
			p.first = n;
		else if (p.count == 2)
			p.step = n - p.first;
		else if (n - p.last != p.step)
			p.step = 0;
		p.last = n;
	}
	return p;
}

static bool is_full(const struct progression *p)
{
	return p->count == cron_fields[p->field].count;
}

/* From how many values on a progression is written with a step; 0: never. */
struct style {
	int star;          /* one that runs through the whole field */
	int range;         /* any other */
	bool must_be_wild; /* a step at any price */
};

static const struct style fixed_style = {0}, wild_style = {.star = 2, .range = 3},
			  forced_style = {.range = 2, .must_be_wild = true},
			  date_style = {.star = 4, .range = 4};

static bool is_starred(const struct progression *p, struct style style)
{
	return style.star && p->step > 1 && p->count >= style.star &&
	       p->first == values_min(p->field) && p->last + p->step > cron_fields[p->field].max;
}

static bool is_stepped(const struct progression *p, struct style style)
{
	return style.range && p->step > 1 && p->count >= style.range;
}

/* Single values, and three or more in a row as a range. */
static void runs_write(struct buf *text, const struct values *values, bool must_be_wild)
{
	int max = cron_fields[values->field].max;
	const char *before = "";

	for (int n = values_min(values->field); n <= max; n++) {
		int last = n;

		if (!values_have(values, n))
			continue;
		while (last < max && values_have(values, last + 1))
			last++;
		if (last < n + 2)
			last = n;
		buf_add_str(text, before);
		cron_range_write(text, values->field, n, last);
		if (must_be_wild && last == n)
			buf_printf(text, "-%d", n);
		if (must_be_wild)
			buf_add_str(text, "/1");
		must_be_wild = false;
		before = ",";
		n = last;
	}
}

static void field_write(struct buf *text, const struct values *values, struct style style)
{
	struct progression p = progression_of(values);

	if (is_starred(&p, style)) {
		buf_printf(text, "*/%d", p.step);
	} else if (is_stepped(&p, style)) {
		cron_range_write(text, p.field, p.first, p.last);
		buf_printf(text, "/%d", p.step);
	} else {
		runs_write(text, values, style.must_be_wild);
	}
}

/* --- times ------------------------------------------------------------------------------------ */

/* The field that has to show that the times are WILD when none does by itself; else CRON_FIELDS. */
static enum cron_field forced_field(const struct rule_values *v)
{
	static const enum cron_field order[] = {CRON_MINUTE, CRON_HOUR, CRON_SECOND};
	enum cron_field forced = CRON_FIELDS;

	if (!v->times.wild)
		return CRON_FIELDS;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct values values = values_of(v, order[i]);
		struct progression p = progression_of(&values);

		if (is_full(&p) || is_starred(&p, wild_style) || is_stepped(&p, wild_style))
			return CRON_FIELDS;
		if (forced == CRON_FIELDS && p.count > 1 && p.step)
			forced = order[i];
	}
	return forced == CRON_FIELDS ? CRON_HOUR : forced;
}

static void time_write(struct buf *text, const struct rule_values *v, enum cron_field f)
{
	struct values values = values_of(v, f);
	struct progression p = progression_of(&values);
	struct style style = v->times.wild ? wild_style : fixed_style;

	if (v->times.wild && is_full(&p))
		buf_add_char(text, '*');
	else
		field_write(text, &values, f == forced_field(v) ? forced_style : style);
	buf_add_char(text, ' ');
}

/* --- dates ------------------------------------------------------------------------------------ */

/* A comma, unless the field has only begun. */
static void comma_write(struct buf *text, size_t begin)
{
	if (text->len > begin)
		buf_add_char(text, ',');
}

static void days_write(struct buf *text, const struct rule_values *v)
{
	const struct date_set *set = &v->dates;
	struct values values = values_of(v, CRON_DAY);
	size_t begin = text->len;

	if (!cron_has_days(set))
		buf_add_char(text, '*');
	field_write(text, &values, date_style);
	for (int day = 1; day <= cron_fields[CRON_DAY].max; day++) {
		if (!(set->near_workdays >> day & 1))
			continue;
		comma_write(text, begin);
		buf_printf(text, "%dW", day);
	}
	if (set->near_workdays >> NEAR_LAST_BIT & 1)
		buf_add_str(text, "LW");
	if (set->days_from_end) {
		comma_write(text, begin);
		buf_add_char(text, 'L');
	}
	buf_add_char(text, ' ');
}

static void nth_write(struct buf *text, const struct date_set *set, int w, size_t begin)
{
	for (int n = 1; n <= CRON_NTH_MAX; n++) {
		if (!(set->nth[w] >> (n - 1) & 1))
			continue;
		comma_write(text, begin);
		value_write(text, CRON_WEEKDAY, w + 1);
		buf_printf(text, "#%d", n);
	}
	if (set->nth_from_end[w]) {
		comma_write(text, begin);
		value_write(text, CRON_WEEKDAY, w + 1);
		buf_add_str(text, "#L");
	}
}

static void week_write(struct buf *text, const struct rule_values *v)
{
	struct values values = values_of(v, CRON_WEEKDAY);
	bool both = cron_has_days(&v->dates) && cron_has_weekdays(&v->dates) && !v->dates.either;
	size_t begin;

	buf_add_str(text, both ? "+" : "");
	begin = text->len;
	if (!cron_has_weekdays(&v->dates))
		buf_add_char(text, '*');
	field_write(text, &values, fixed_style);
	for (int w = 0; w < 7; w++)
		nth_write(text, &v->dates, w, begin);
}

char *cron_write(const struct rule_values *v)
{
	struct buf text = BUF_MAX(CRON_TEXT_MAX);
	struct values month = values_of(v, CRON_MONTH), year = values_of(v, CRON_YEAR);
	struct progression months_all = progression_of(&month), years_all = progression_of(&year);

	if (!is_full(&years_all) || v->times.seconds != 1)
		time_write(&text, v, CRON_SECOND);
	time_write(&text, v, CRON_MINUTE);
	time_write(&text, v, CRON_HOUR);
	days_write(&text, v);
	if (is_full(&months_all))
		buf_add_char(&text, '*');
	else
		field_write(&text, &month, date_style);
	buf_add_char(&text, ' ');
	week_write(&text, v);
	if (!is_full(&years_all)) {
		buf_add_char(&text, ' ');
		field_write(&text, &year, date_style);
	}
	assert(!text.overflow);
	return buf_take(&text);
}
