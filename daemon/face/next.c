/* `nudgectl next`: prints the instants of one schedule, or, with --batch, answers one JSON object a
 * line on stdin with one on stdout, in order. Owns no state between requests but the zone it read
 * last and the holidays of the command line. Never reads the configuration. */
#include "face/next.h"

#include "base/clock.h"
#include "base/str.h"
#include "face/holidays.h"
#include "face/terminal.h"
#include "time/rule.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COUNT_DEFAULT = 5, COUNT_MAX = 10000, LINE_MAX_BYTES = 64 * 1024, LIST_MAX = 10000 };
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct texts {
	const char **list; /* lent */
	size_t count, capacity;
};

struct request {
	bool is_set;      /* anything at all */
	const char *text; /* of the schedule; all texts are lent */
	enum rule_form form;
	const char *timezone, *from;
	int count;
	struct rule_options options;
	struct texts except, rdate, exdate;
	struct date_range *except_ranges;
};

/* The arguments of a request: options with - on the command line, keys with _ in JSON. */
enum {
	KEY_FORM = 256, /* + enum rule_form */
	KEY_TIMEZONE = KEY_FORM + RULE_FORMS,
	KEY_FROM,
	KEY_COUNT,
	KEY_START,
	KEY_UNTIL,
	KEY_EXCEPT,
	KEY_RDATE,
	KEY_EXDATE,
	KEY_SHORT_MONTH,
	KEY_DST_GAP,
	KEY_DST_OVERLAP,
	KEY_LAST, /* below: the command line only */
	OPTION_HOLIDAYS,
	OPTION_BATCH,
	OPTION_HELP,
};

static const struct option options[] = {
	{"calendar", required_argument, NULL, KEY_FORM + RULE_CALENDAR},
	{"cron", required_argument, NULL, KEY_FORM + RULE_CRON},
	{"rrule", required_argument, NULL, KEY_FORM + RULE_RRULE},
	{"when", required_argument, NULL, KEY_FORM + RULE_WHEN},
	{"every", required_argument, NULL, KEY_FORM + RULE_EVERY},
	{"at", required_argument, NULL, KEY_FORM + RULE_AT},
	{"timezone", required_argument, NULL, KEY_TIMEZONE},
	{"from", required_argument, NULL, KEY_FROM},
	{"count", required_argument, NULL, KEY_COUNT},
	{"start", required_argument, NULL, KEY_START},
	{"until", required_argument, NULL, KEY_UNTIL},
	{"except", required_argument, NULL, KEY_EXCEPT},
	{"rdate", required_argument, NULL, KEY_RDATE},
	{"exdate", required_argument, NULL, KEY_EXDATE},
	{"short-month", required_argument, NULL, KEY_SHORT_MONTH},
	{"dst-gap", required_argument, NULL, KEY_DST_GAP},
	{"dst-overlap", required_argument, NULL, KEY_DST_OVERLAP},
	{"holidays", required_argument, NULL, OPTION_HOLIDAYS},
	{"batch", no_argument, NULL, OPTION_BATCH},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: nudgectl next SCHEDULE [OPTION]...\n"
	"       nudgectl next [--holidays FILE]... --batch\n"
	"\n"
	"Prints when a schedule fires: one local time with its offset a line.\n"
	"\n"
	"SCHEDULE is one of\n"
	"  --when 'weekdays at 9:00'          a phrase, see nudged.conf(5)\n"
	"  --calendar 'Mon..Fri 09:00'        a calendar event, see systemd.time(7)\n"
	"  --cron '0 9 * * MON-FRI'           a cron expression of 5, 6 or 7 fields\n"
	"  --rrule 'FREQ=WEEKLY;BYDAY=TU'     a recurrence rule of RFC 5545; needs --start\n"
	"  --every '90min', --every '2 weeks' an interval; days and longer need --start\n"
	"  --at 2026-12-24T18:00              once\n"
	"\n"
	"  --timezone ZONE       default: the system's, else UTC\n"
	"  --from TIME           only later than this; default: now\n"
	"  --count N             how many, 1 to 10000; default: 5\n"
	"  --start TIME          where the schedule begins, and what it counts from\n"
	"  --until DATE          the last date\n"
	"  --except DATE[..DATE] not on these dates; may be repeated\n"
	"  --rdate, --exdate TIME      times added to and taken from --rrule; may be repeated\n"
	"  --short-month omit|last_day|next_day   a day that a month does not have\n"
	"  --dst-gap after|skip                   a time the clock jumps over\n"
	"  --dst-overlap first|last|both          a time the clock shows twice\n"
	"  --holidays FILE.ics   days that are no working days; may be repeated\n"
	"\n"
	"On a terminal it first says on standard error how it understood the schedule.\n"
	"\n"
	"--batch reads one JSON object a line, with the same names (_ for -), and answers each\n"
	"with {\"next\":[...]} in UTC or {\"error\":\"...\",\"column\":N}.\n"
	"\n"
	"Exit status: 0 done, 1 refused with a reason, 2 usage.\n";

static void request_clear(struct request *request)
{
	free(request->except.list);
	free(request->rdate.list);
	free(request->exdate.list);
	free(request->except_ranges);
}

static int fail(struct rule_error *error, const char *format, ...) printf_like(2, 3);
static int fail(struct rule_error *error, const char *format, ...)
{
	va_list args;

	error->column = 0;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return -EINVAL;
}

static int choice_set(const char *key, const char *value, const char *const *choices, int *ret,
	struct rule_error *error)
{
	for (int i = 0; choices[i]; i++) {
		if (str_eq(value, choices[i])) {
			*ret = i;
			return 0;
		}
	}
	return fail(error, "%s is %s%s%s%s%s, not \"%.40s\"", key, choices[0],
		choices[2] ? ", " : " or ", choices[1], choices[2] ? " or " : "",
		choices[2] ? choices[2] : "", value);
}

static int texts_add(
	struct texts *texts, const char *key, const char *value, struct rule_error *error)
{
	if (texts->count == LIST_MAX)
		return fail(error, "%s has more than %d entries", key, LIST_MAX);
	ARRAY_GROW(texts->list, texts->count, texts->capacity);
	texts->list[texts->count++] = value;
	return 0;
}

static int count_set(struct request *request, int64_t count, struct rule_error *error)
{
	if (count < 1 || count > COUNT_MAX)
		return fail(error, "count is 1 to %d", COUNT_MAX);
	request->count = (int)count;
	return 0;
}

static int form_set(struct request *request, int key, const char *value, struct rule_error *error)
{
	if (request->text)
		return fail(error, "give one schedule: %s or %s", rule_form_names[request->form],
			rule_form_names[key - KEY_FORM]);
	request->form = (enum rule_form)(key - KEY_FORM);
	request->text = value;
	return 0;
}

static int policy_set(struct request *request, int key, const char *value, struct rule_error *error)
{
	static const char *const short_months[] = {"omit", "last_day", "next_day", NULL};
	static const char *const gaps[] = {"after", "skip", NULL};
	static const char *const overlaps[] = {"first", "last", "both", NULL};
	int choice = 0, r;

	switch (key) {
	case KEY_SHORT_MONTH:
		r = choice_set("short_month", value, short_months, &choice, error);
		request->options.short_month = (enum short_month)choice;
		return r;
	case KEY_DST_GAP:
		r = choice_set("dst_gap", value, gaps, &choice, error);
		request->options.dst_gap = (enum dst_gap)choice;
		return r;
	default:
		r = choice_set("dst_overlap", value, overlaps, &choice, error);
		request->options.dst_overlap = (enum dst_overlap)choice;
		return r;
	}
}

static int request_set(
	struct request *request, int key, const char *value, struct rule_error *error)
{
	int64_t count;

	request->is_set = true;
	if (key >= KEY_FORM && key < KEY_FORM + RULE_FORMS)
		return form_set(request, key, value, error);
	switch (key) {
	case KEY_TIMEZONE:
		request->timezone = value;
		return 0;
	case KEY_FROM:
		request->from = value;
		return 0;
	case KEY_COUNT:
		return count_set(request, str_to_int64(value, &count) < 0 ? 0 : count, error);
	case KEY_START:
		request->options.start = value;
		return 0;
	case KEY_UNTIL:
		request->options.has_until = true;
		return date_parse(value, &request->options.until) < 0
			       ? fail(error, "until is a date such as 2026-12-24, not \"%.40s\"",
					 value)
			       : 0;
	case KEY_EXCEPT:
		return texts_add(&request->except, "except", value, error);
	case KEY_RDATE:
		return texts_add(&request->rdate, "rdate", value, error);
	case KEY_EXDATE:
		return texts_add(&request->exdate, "exdate", value, error);
	default:
		return policy_set(request, key, value, error);
	}
}

/* "2026-12-24" or "2026-12-24..2027-01-02" */
static int range_parse(const char *text, struct date_range *ret)
{
	const char *dots = strstr(text, "..");
	char first[16];

	if (!dots) {
		int r = date_parse(text, &ret->first);

		ret->last = ret->first;
		return r;
	}
	if ((size_t)(dots - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	return date_parse(first, &ret->first) < 0 ? -EINVAL : date_parse(dots + 2, &ret->last);
}

static int request_finish(struct request *request, struct rule_error *error)
{
	struct rule_options *o = &request->options;

	if (!request->text)
		return fail(error, "give a schedule: when, calendar, cron, rrule, every or at");
	request->except_ranges =
		mem_new_array(request->except.count, sizeof(*request->except_ranges));
	for (size_t i = 0; i < request->except.count; i++) {
		if (range_parse(request->except.list[i], &request->except_ranges[i]) < 0)
			return fail(error,
				"except is a date or a range such as 2026-12-24..2027-01-02, "
				"not \"%.40s\"",
				request->except.list[i]);
	}
	o->except = request->except_ranges;
	o->n_except = request->except.count;
	o->rdate = request->rdate.list;
	o->n_rdate = request->rdate.count;
	o->exdate = request->exdate.list;
	o->n_exdate = request->exdate.count;
	return 0;
}

/* --- answering -------------------------------------------------------------------------------- */

/* The system's zone by the target of /etc/localtime, else UTC. */
static int zone_load_system(struct zone **ret)
{
	char target[PATH_MAX];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *name;

	if (len > 0) {
		target[len] = '\0';
		name = strstr(target, "zoneinfo/");
		if (name && zone_load(name + strlen("zoneinfo/"), ret) == 0)
			return 0;
	}
	return zone_load("UTC", ret);
}

/* Keeps the zone in *cached when the name is the same as last time. */
static int zone_find(const char *name, struct zone **cached, struct rule_error *error)
{
	struct zone *zone;
	int r;

	if (*cached && name && str_eq(zone_name(*cached), name))
		return 0;
	r = name ? zone_load(name, &zone) : zone_load_system(&zone);
	if (r < 0)
		return fail(error, "timezone: there is no zone \"%.64s\"%s", name ? name : "UTC",
			r == -EBADMSG || r == -EFBIG ? " that can be read: its file is damaged"
						     : "; zones look like Europe/London");
	zone_unref(*cached);
	*cached = zone;
	return 0;
}

static int from_read(const struct request *request, const struct zone *zone, int64_t *ret,
	struct rule_error *error)
{
	struct clock *clock;
	bool has_offset = false;
	int64_t at, second;
	int32_t date;

	if (!request->from) {
		clock = clock_new_real();
		*ret = clock_now(clock) / 1000;
		clock_free(clock);
		return 0;
	}
	if (date_parse(request->from, &date) == 0)
		at = date * DAY_S;
	else if (civil_parse(request->from, &at, &has_offset) < 0)
		return fail(error,
			"from is a time such as 2027-01-01T09:00 or 2027-01-01T08:00:00Z, "
			"not \"%.40s\"",
			request->from);
	if (has_offset)
		*ret = at;
	else
		(void)zone_to_utc(zone, at, ret, &second);
	return 0;
}

/* What outlives a request. */
struct session {
	struct zone *zone; /* of the last request */
	struct holidays *holidays;
	bool echo; /* how a schedule was understood */
};

static void session_clear(struct session *session)
{
	zone_unref(session->zone);
	holidays_free(session->holidays);
}

/* The canonical form, the zone that decides when the text names none, and what may not be meant. */
static void echo(const struct rule *rule, const struct zone *zone)
{
	auto_free char *written = rule_write(rule);
	const char *warning = rule_warning(rule);
	bool in_zone = !rule_own_zone(rule);
	auto_free char *line = str_printf("%s%s%s%s%s%s", written, in_zone ? " in " : "",
		in_zone ? zone_name(zone) : "", warning ? " (" : "", warning ? warning : "",
		warning ? ")" : "");

	terminal_print_wrapped(stderr, SHADE_STRONG, line);
}

/* Calls on_slot for each instant. */
static int request_answer(const struct request *request, struct session *session,
	void (*on_slot)(void *owner, const struct zone *zone, int64_t utc), void *owner,
	struct rule_error *error)
{
	const struct workdays *workdays;
	struct rule *rule;
	const struct zone *zone;
	struct slot slot;
	int64_t after;
	int r = zone_find(request->timezone, &session->zone, error);

	if (!r)
		r = from_read(request, session->zone, &after, error);
	if (!r)
		r = rule_parse(request->form, request->text, &request->options, &rule, error);
	if (r < 0)
		return r;
	zone = rule_own_zone(rule) ? rule_own_zone(rule) : session->zone;
	workdays = holidays_workdays(session->holidays, zone);
	if (session->echo)
		echo(rule, zone);
	for (int i = 0; i < request->count && rule_next(rule, zone, workdays, after, &slot); i++) {
		on_slot(owner, zone, slot.utc);
		after = slot.utc;
	}
	rule_unref(rule);
	return 0;
}

static void on_slot_print(void *owner, const struct zone *zone, int64_t utc)
{
	char text[CIVIL_TEXT];
	int32_t offset;
	int64_t local = zone_to_local(zone, utc, &offset);

	local_write_offset(local, offset, text);
	puts(text);
}

static void on_slot_append(void *owner, const struct zone *zone, int64_t utc)
{
	char text[CIVIL_TEXT];

	utc_write(utc, text);
	json_array_append_new(owner, json_string(text));
}

/* --- the batch -------------------------------------------------------------------------------- */

/* 0: not a key of a request. */
static int key_find(const char *name)
{
	for (const struct option *o = options; o->name && o->val < KEY_LAST; o++) {
		size_t i = 0;

		while (name[i] && name[i] == (o->name[i] == '-' ? '_' : o->name[i]))
			i++;
		if (!name[i] && !o->name[i])
			return o->val;
	}
	return 0;
}

static int member_set(
	struct request *request, const char *name, json_t *value, struct rule_error *error)
{
	int key = key_find(name);
	bool list = key == KEY_EXCEPT || key == KEY_RDATE || key == KEY_EXDATE;
	json_t *item;
	size_t i;
	int r;

	if (str_eq(name, "holidays"))
		return fail(error, "holidays are files of the command line: --holidays FILE "
				   "beside --batch");
	if (!key)
		return fail(error, "unknown name \"%.40s\"", name);
	if (key == KEY_COUNT)
		return json_is_integer(value) ? count_set(request, json_integer_value(value), error)
					      : fail(error, "count must be a number");
	if (json_is_string(value))
		return request_set(request, key, json_string_value(value), error);
	if (!list || !json_is_array(value))
		return fail(error, "%s must be a text%s", name, list ? " or a list of texts" : "");
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return fail(error, "%s must be a list of texts", name);
		r = request_set(request, key, json_string_value(item), error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int line_answer(const char *line, size_t len, struct session *session, json_t *instants,
	struct rule_error *error)
{
	cleanup(request_clear) struct request request = {.count = COUNT_DEFAULT};
	json_error_t wrong;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &wrong), *value;
	const char *name;
	int r = 0;

	if (!object) {
		(void)fail(error, "not JSON: %s", wrong.text);
		error->column = MAX_OF(wrong.column, 1);
		return -EINVAL;
	}
	if (!json_is_object(object))
		r = fail(error, "a request is an object such as {\"calendar\":\"Mon 09:00\"}");
	json_object_foreach(object, name, value)
	{
		if (!r)
			r = member_set(&request, name, value, error);
	}
	if (!r)
		r = request_finish(&request, error);
	if (!r)
		r = request_answer(&request, session, on_slot_append, instants, error);
	json_decref(object);
	return r;
}

/* A line without its newline; *ret_len is larger than LINE_MAX_BYTES when it was too long (the rest
 * is read and dropped). False at the end of the input. */
static bool line_read(FILE *in, char line[static LINE_MAX_BYTES], size_t *ret_len)
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (len < LINE_MAX_BYTES)
			line[len] = (char)c;
		if (len <= LINE_MAX_BYTES)
			len++;
	}
	*ret_len = len;
	return c != EOF || len > 0;
}

static int batch_main(struct session *session)
{
	auto_free char *line = mem_new(LINE_MAX_BYTES);
	size_t len;
	int status = EXIT_DONE;

	while (status == EXIT_DONE && line_read(stdin, line, &len)) {
		struct rule_error error = {0};
		json_t *instants = json_array(), *answer;
		int r;

		if (len > LINE_MAX_BYTES)
			r = fail(&error, "a line is at most %d bytes", LINE_MAX_BYTES);
		else
			r = line_answer(line, len, session, instants, &error);
		answer = r < 0 ? json_pack("{s:s,s:i}", "error", error.message, "column",
					 error.column)
			       : json_pack("{s:O}", "next", instants);
		if (!answer)
			answer = json_pack("{s:s,s:i}", "error", "not UTF-8", "column", 0);
		if (json_dumpf(answer, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF ||
			fflush(stdout) == EOF)
			status = EXIT_REFUSED;
		json_decref(answer);
		json_decref(instants);
	}
	return status;
}

/* --- the command line ------------------------------------------------------------------------- */

static int complain(int status, const struct request *request, const struct rule_error *error)
{
	if (error->column && request->text)
		fprintf(stderr, "nudgectl next: %s, column %d: %s\n",
			rule_form_names[request->form], error->column, error->message);
	else
		fprintf(stderr, "nudgectl next: %s\n", error->message);
	return status;
}

/* Reads the options: -1 to go on, else the exit status. */
static int options_read(
	int argc, char **argv, struct request *request, struct session *session, bool *ret_batch)
{
	struct rule_error error = {0};
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == 'h' || option == OPTION_HELP) {
			fputs(help, stdout);
			return EXIT_DONE;
		}
		if (option == OPTION_BATCH)
			*ret_batch = true;
		else if (option == OPTION_HOLIDAYS && holidays_add(session->holidays, optarg) < 0)
			return EXIT_REFUSED;
		else if (option != OPTION_HOLIDAYS &&
			 request_set(request, option, optarg, &error) < 0)
			return complain(EXIT_USAGE, request, &error);
	}
	return -1;
}

int next_main(int argc, char **argv)
{
	cleanup(request_clear) struct request request = {.count = COUNT_DEFAULT};
	cleanup(session_clear) struct session session = {.holidays = holidays_new()};
	struct rule_error error = {0};
	bool batch = false;
	int r = options_read(argc, argv, &request, &session, &batch);

	if (r >= 0)
		return r;
	if (optind < argc || (batch && request.is_set)) {
		fprintf(stderr, "nudgectl next: %s; see nudgectl next --help\n",
			batch ? "--batch takes no other argument than --holidays"
			      : "arguments begin with --");
		return EXIT_USAGE;
	}
	if (batch)
		return batch_main(&session);
	session.echo = isatty(STDERR_FILENO);
	if (request_finish(&request, &error) < 0)
		return complain(EXIT_USAGE, &request, &error);
	r = request_answer(&request, &session, on_slot_print, NULL, &error);
	return r < 0 ? complain(EXIT_REFUSED, &request, &error) : EXIT_DONE;
}
