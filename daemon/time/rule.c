/* The life of a rule: what the options say, the form's parser, the checks that hold for all forms.
 * A rule never changes once rule_parse has returned it. */
#include "time/rule-parts.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { COUNT_MAX = 10000, LIST_MAX = 10000, RULE_TEXT_MAX = 4096 };

/* No zone is further than this from UTC. */
#define ZONE_SPAN (14 * 3600)

const char *const rule_form_names[RULE_FORMS + 1] = {
	[RULE_CALENDAR] = "calendar",
	[RULE_CRON] = "cron",
	[RULE_RRULE] = "rrule",
	[RULE_WHEN] = "when",
	[RULE_EVERY] = "every",
	[RULE_AT] = "at",
};

static int (*const parsers[RULE_FORMS])(struct draft *draft) = {
	[RULE_CALENDAR] = calendar_parse,
	[RULE_CRON] = cron_parse,
	[RULE_RRULE] = rrule_parse,
	[RULE_WHEN] = when_parse,
	[RULE_EVERY] = every_parse,
	[RULE_AT] = at_parse,
};

struct rule *rule_ref(struct rule *rule)
{
	rule->refs++;
	return rule;
}

void rule_unref(struct rule *rule)
{
	if (!rule || --rule->refs)
		return;
	zone_unref(rule->zone);
	free(rule->text);
	free(rule->times);
	free(rule->positions);
	free(rule->extra);
	free(rule->excluded);
	free(rule->except);
	free(rule);
}

struct zone *rule_own_zone(const struct rule *rule)
{
	return rule->zone;
}

bool rule_is_elapsed(const struct rule *rule)
{
	return rule->v.kind == KIND_ELAPSED || rule->v.kind == KIND_ONCE;
}

int64_t rule_period_s(const struct rule *rule)
{
	return rule->v.kind == KIND_ELAPSED ? rule->v.every_s : 0;
}

char *rule_write(const struct rule *rule)
{
	return str_new(rule->text);
}

const char *rule_warning(const struct rule *rule)
{
	return rule->warning;
}

static bool bytes_equal(const void *a, size_t n_a, const void *b, size_t n_b, size_t size)
{
	return n_a == n_b && (!n_a || memcmp(a, b, n_a * size) == 0);
}

static bool own_zones_equal(const struct rule *a, const struct rule *b)
{
	if (!a->zone || !b->zone)
		return a->zone == b->zone;
	return str_eq(zone_name(a->zone), zone_name(b->zone)) && zone_equal(a->zone, b->zone);
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return a == b ||
	       (memcmp(&a->v, &b->v, sizeof(a->v)) == 0 && own_zones_equal(a, b) &&
		       bytes_equal(a->times, a->n_times, b->times, b->n_times, sizeof(*a->times)) &&
		       bytes_equal(a->positions, a->n_positions, b->positions, b->n_positions,
			       sizeof(*a->positions)) &&
		       bytes_equal(a->extra, a->n_extra, b->extra, b->n_extra, sizeof(*a->extra)) &&
		       bytes_equal(a->excluded, a->n_excluded, b->excluded, b->n_excluded,
			       sizeof(*a->excluded)) &&
		       bytes_equal(
			       a->except, a->n_except, b->except, b->n_except, sizeof(*a->except)));
}

void times_set_one(struct rule *rule, int32_t second)
{
	rule->v.times.hours = UINT32_C(1) << (second / 3600);
	rule->v.times.minutes = UINT64_C(1) << (second / 60 % 60);
	rule->v.times.seconds = UINT64_C(1) << (second % 60);
}

int draft_need_local_start(struct draft *draft, const char *form)
{
	if (!draft->has_start)
		return scan_fail(&draft->scan, NULL,
			"%s needs start, a local time such as start = \"2026-01-06T10:00\"", form);
	if (draft->start_is_utc && !draft->rule->zone) {
		size_t len = strlen(draft->options->start);

		if ((draft->options->start[len - 1] | 0x20) != 'z')
			return scan_fail(&draft->scan, NULL,
				"start of %s must be a local time: leave the offset out", form);
		if (zone_load("UTC", &draft->rule->zone) < 0)
			return scan_fail(&draft->scan, NULL, "the zone UTC cannot be loaded");
	}
	return 0;
}

/* --- options ---------------------------------------------------------------------------------- */

static int start_read(struct draft *draft)
{
	const char *text = draft->options->start;
	int32_t date;
	int r;

	if (!text)
		return 0;
	r = civil_parse(text, &draft->start, &draft->start_is_utc);
	if (r < 0 && date_parse(text, &date) == 0) {
		draft->start = date * DAY_S;
		r = 0;
	}
	if (r == -ERANGE)
		return scan_fail(
			&draft->scan, NULL, "start \"%.40s\": there is no such time", text);
	if (r < 0)
		return scan_fail(&draft->scan, NULL,
			"start \"%.40s\" must look like 2026-01-06T10:00", text);
	draft->has_start = true;
	return 0;
}

static int int64_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int range_order(const void *a, const void *b)
{
	const struct date_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int except_read(struct draft *draft)
{
	const struct rule_options *o = draft->options;
	struct rule *rule = draft->rule;
	struct date_range *list;
	size_t kept = 0;

	if (!o->n_except)
		return 0;
	if (o->n_except > LIST_MAX)
		return scan_fail(&draft->scan, NULL, "except has more than %d entries", LIST_MAX);
	list = mem_copy(o->except, o->n_except * sizeof(*list));
	rule->except = list;
	qsort(list, o->n_except, sizeof(*list), range_order);
	for (size_t i = 0; i < o->n_except; i++) {
		if (list[i].last < list[i].first)
			return scan_fail(
				&draft->scan, NULL, "except: a range ends before it begins");
		if (kept && (int64_t)list[i].first <= (int64_t)list[kept - 1].last + 1)
			list[kept - 1].last = MAX_OF(list[kept - 1].last, list[i].last);
		else
			list[kept++] = list[i];
	}
	rule->n_except = kept;
	return 0;
}

/* rdate and exdate: local times, sorted, each once. */
static int local_list_read(struct draft *draft, const char *key, const char *const *texts, size_t n,
	int64_t **list, size_t *ret_n)
{
	size_t kept = 0;

	if (!n)
		return 0;
	if (draft->rule->v.form != RULE_RRULE)
		return scan_fail(&draft->scan, NULL, "%s belongs to rrule only", key);
	if (n > LIST_MAX)
		return scan_fail(&draft->scan, NULL, "%s has more than %d entries", key, LIST_MAX);
	*list = mem_new_array(n, sizeof(**list));
	for (size_t i = 0; i < n; i++) {
		bool has_offset;
		int64_t local;

		if (civil_parse(texts[i], &local, &has_offset) < 0 || has_offset)
			return scan_fail(&draft->scan, NULL,
				"%s \"%.40s\" must be a local time such as 2026-01-06T10:00", key,
				texts[i]);
		if (local >= LOCAL_FIRST && local <= LOCAL_LAST)
			(*list)[kept++] = local;
	}
	qsort(*list, kept, sizeof(**list), int64_order);
	for (size_t i = 0; i < kept; i++) {
		if (!*ret_n || (*list)[*ret_n - 1] != (*list)[i])
			(*list)[(*ret_n)++] = (*list)[i];
	}
	return 0;
}

static int options_read(struct draft *draft)
{
	const struct rule_options *o = draft->options;
	struct rule *rule = draft->rule;
	int r;

	rule->v.first_local = LOCAL_FIRST;
	rule->v.last_local = rule->v.base_last = LOCAL_LAST;
	rule->v.first_utc = INT64_MIN;
	rule->v.last_utc = INT64_MAX;
	rule->v.dst_gap = o->dst_gap;
	rule->v.dst_overlap = o->dst_overlap;
	rule->v.short_month = o->short_month;
	rule->v.period.interval = 1;
	if (o->has_from)
		rule->v.first_local = MAX_OF(LOCAL_FIRST, o->from * DAY_S);
	if (o->has_until)
		rule->v.last_local = MIN_OF(LOCAL_LAST, ((int64_t)o->until + 1) * DAY_S - 1);
	r = start_read(draft);
	if (!r)
		r = except_read(draft);
	if (!r)
		r = local_list_read(
			draft, "rdate", o->rdate, o->n_rdate, &rule->extra, &rule->n_extra);
	if (!r)
		r = local_list_read(draft, "exdate", o->exdate, o->n_exdate, &rule->excluded,
			&rule->n_excluded);
	return r;
}

/* --- what follows from the parsed form -------------------------------------------------------- */

/* Writes a short FIXED set out as a list. */
static void times_list(struct rule *rule)
{
	const struct time_set *t = &rule->v.times;
	int count = __builtin_popcount(t->hours) * __builtin_popcountll(t->minutes) *
		    __builtin_popcountll(t->seconds);

	if (t->wild || rule->times || count > TIMES_LISTED)
		return;
	rule->times = mem_new_array((size_t)count, sizeof(*rule->times));
	for (uint64_t h = t->hours; h; h &= h - 1) {
		for (uint64_t m = t->minutes; m; m &= m - 1) {
			for (uint64_t s = t->seconds; s; s &= s - 1)
				rule->times[rule->n_times++] = __builtin_ctzll(h) * 3600 +
							       __builtin_ctzll(m) * 60 +
							       __builtin_ctzll(s);
		}
	}
}

void rule_masks_fill(struct rule_values *v)
{
	for (int length = 28; length <= 31; length++) {
		for (int w = 0; w < 7; w++)
			v->month_masks[length - 28][w] = date_set_month(v, length, w);
	}
}

/* COUNT counts nominal local times from start on; what they become in a zone does not matter. */
static int count_apply(struct draft *draft)
{
	struct rule *rule = draft->rule;
	int64_t local = rule_next_base(rule, NULL, draft->start);

	if (draft->start < LOCAL_FIRST)
		return scan_fail(&draft->scan, NULL,
			"COUNT counts from start, which must not lie before %d: use UNTIL",
			YEAR_FIRST);
	for (int i = 1; i < draft->count && local != NO_SLOT; i++) {
		if (i == COUNT_MAX)
			return scan_fail(&draft->scan, NULL,
				"COUNT is larger than %d: use UNTIL for a far end", COUNT_MAX);
		rule->v.base_last = local;
		local = rule_next_base(rule, NULL, local + 1);
	}
	rule->v.base_last = MIN_OF(local, LOCAL_LAST);
	return 0;
}

/* Whether there can be a slot in any zone at all. Where the zone decides, it may. */
static bool rule_can_fire(const struct rule *rule)
{
	struct zone *utc;
	struct slot slot;
	int64_t local;
	bool fires;

	if (rule->v.kind == KIND_ONCE)
		return rule->v.anchor + ZONE_SPAN >= rule->v.first_local &&
		       rule->v.anchor - ZONE_SPAN <= rule->v.last_local;
	if (rule->v.kind == KIND_ELAPSED) {
		if (rule->v.anchored && rule->v.anchor - ZONE_SPAN > rule->v.last_local)
			return false;
		if (zone_load("UTC", &utc) < 0)
			return true;
		fires = rule_next(rule, utc, NULL, INT64_MIN, &slot);
		zone_unref(utc);
		return fires;
	}
	local = rule_next_local(rule, NULL, LOCAL_FIRST);
	return local != NO_SLOT && local - ZONE_SPAN <= MIN_OF(rule->v.last_utc, LOCAL_LAST);
}

static int form_parse(struct draft *draft)
{
	struct rule *rule = draft->rule;
	int r = options_read(draft);

	if (!r)
		r = parsers[rule->v.form](draft);
	if (r < 0)
		return r;
	if (rule->v.kind == KIND_DATES) {
		struct period *p = &rule->v.period;
		int day;

		date_to_ymd(p->anchor, &p->anchor_year, &p->anchor_month, &day);
		times_list(rule);
		rule_masks_fill(&rule->v);
	}
	/* Where start is no anchor it is a beginning all the same. */
	if (draft->has_start && draft->start_is_utc &&
		!(rule->zone && rule->v.form != RULE_CALENDAR))
		rule->v.first_utc = MAX_OF(rule->v.first_utc, draft->start);
	else if (draft->has_start && rule->v.kind != KIND_ELAPSED && rule->v.kind != KIND_ONCE)
		rule->v.first_local = MAX_OF(rule->v.first_local, draft->start);
	if (draft->count) {
		r = count_apply(draft);
		if (r < 0)
			return r;
	}
	if (!rule_can_fire(rule))
		return scan_fail(&draft->scan, NULL,
			"this never fires: no such time from %d to %d, or start, from, until and "
			"except "
			"leave none",
			YEAR_FIRST, YEAR_LAST);
	return 0;
}

int rule_parse(enum rule_form form, const char *text, const struct rule_options *options,
	struct rule **ret, struct rule_error *ret_error)
{
	static const struct rule_options none;
	struct draft draft = {
		.options = options ? options : &none,
		.scan = {.text = text, .at = text, .error = ret_error},
	};
	int r;

	assert(form < RULE_FORMS);
	if (strnlen(text, RULE_TEXT_MAX + 1) > RULE_TEXT_MAX)
		return scan_fail(&draft.scan, NULL, "longer than %d bytes", RULE_TEXT_MAX);
	draft.rule = mem_new(sizeof(*draft.rule));
	draft.rule->refs = 1;
	draft.rule->v.form = form;
	r = form_parse(&draft);
	if (r < 0) {
		rule_unref(draft.rule);
		return r;
	}
	assert(draft.rule->text);
	*ret = draft.rule;
	return 0;
}
