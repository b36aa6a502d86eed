/* Writes iCalendar: CRLF, lines folded at 75 octets and never inside a character, text escaped. An
 * event's UID is a hash of the occurrence's identity, so that importing a newer file moves the event
 * instead of doubling it. */
#include "face/ics.h"

#include "base/buf.h"
#include "base/random.h"
#include "base/str.h"
#include "time/civil.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_OCTETS = 75, TEXT_MAX = 256 << 10 };

struct ics {
	struct buf out;
	char stamp[CIVIL_TEXT];
	char last_uid[64]; /* one event for all channels of one message */
};

/* "20261123T090000Z" from "2026-11-23T09:00:00Z". */
static void write_stamp(const char *text, char stamp[static CIVIL_TEXT])
{
	size_t n = 0;

	for (; *text && n < CIVIL_TEXT - 1; text++)
		if (*text != '-' && *text != ':')
			stamp[n++] = *text;
	stamp[n] = '\0';
}

static void add_line(struct buf *out, const char *line)
{
	size_t len = strlen(line), limit = LINE_OCTETS;

	while (len > limit) {
		size_t cut = str_utf8_cut(line, len, limit);

		buf_add(out, line, cut);
		buf_add_str(out, "\r\n ");
		line += cut;
		len -= cut;
		limit = LINE_OCTETS - 1; /* the space counts */
	}
	buf_add(out, line, len);
	buf_add_str(out, "\r\n");
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	cleanup(buf_free) struct buf line = BUF_MAX(TEXT_MAX * 2);

	buf_printf(&line, "%s:", name);
	for (; *text; text++)
		if (*text == '\n')
			buf_add_str(&line, "\\n");
		else if (*text == '\\' || *text == ';' || *text == ',')
			buf_printf(&line, "\\%c", *text);
		else if (!iscntrl((unsigned char)*text))
			buf_add_char(&line, *text);
	add_line(out, buf_str(&line));
}

struct ics *ics_new(int64_t now_s, size_t max)
{
	struct ics *ics = mem_new(sizeof(*ics));
	char now[CIVIL_TEXT];

	ics->out = BUF_MAX(max);
	utc_write(now_s, now);
	write_stamp(now, ics->stamp);
	add_line(&ics->out, "BEGIN:VCALENDAR");
	add_line(&ics->out, "VERSION:2.0");
	add_line(&ics->out, "PRODID:-//nudged//nudgectl " NUDGED_VERSION "//EN");
	add_line(&ics->out, "CALSCALE:GREGORIAN");
	add_line(&ics->out, "METHOD:PUBLISH");
	return ics;
}

void ics_free(struct ics *ics)
{
	buf_free(&ics->out);
	free(ics);
}

static const char *member(const json_t *planned, const char *name)
{
	const char *text = json_string_value(json_object_get(planned, name));

	return text ? text : "";
}

static void write_uid(const json_t *planned, char *uid, size_t size)
{
	const char *person = member(planned, "person");
	const char *room = *person ? "" : member(planned, "channel");
	uint64_t hash = HASH_OF(member(planned, "reminder"), person, room, member(planned, "about"),
		member(planned, "due"));

	snprintf(uid, size, "UID:%016" PRIx64 "@nudged", hash);
}

/* The text and, where it is not simply sent on schedule, why. */
static void add_description(struct ics *ics, const json_t *planned)
{
	const char *text = member(planned, "text"), *reason = member(planned, "reason");
	cleanup(buf_free) struct buf whole = BUF_MAX(TEXT_MAX);

	buf_add_str(&whole, text);
	if (!str_eq(member(planned, "decision"), "send"))
		buf_printf(&whole, "%s(%s: %s)", *text ? "\n\n" : "", member(planned, "decision"),
			reason);
	add_text(&ics->out, "DESCRIPTION", buf_str(&whole));
}

void ics_add(struct ics *ics, const json_t *planned)
{
	char uid[sizeof(ics->last_uid)], line[64], stamp[CIVIL_TEXT];
	const char *title = member(planned, "title");

	if (str_eq(member(planned, "decision"), "skipped"))
		return;
	write_uid(planned, uid, sizeof(uid));
	if (str_eq(uid, ics->last_uid))
		return;
	strcpy(ics->last_uid, uid);
	add_line(&ics->out, "BEGIN:VEVENT");
	add_line(&ics->out, uid);
	snprintf(line, sizeof(line), "DTSTAMP:%s", ics->stamp);
	add_line(&ics->out, line);
	write_stamp(member(planned, "at"), stamp);
	snprintf(line, sizeof(line), "DTSTART:%s", stamp);
	add_line(&ics->out, line);
	add_text(&ics->out, "SUMMARY", *title ? title : member(planned, "reminder"));
	add_description(ics, planned);
	add_text(&ics->out, "CATEGORIES", member(planned, "reminder"));
	add_line(&ics->out, "TRANSP:TRANSPARENT");
	add_line(&ics->out, "END:VEVENT");
}

int ics_end(struct ics *ics, const struct buf **ret)
{
	add_line(&ics->out, "END:VCALENDAR");
	if (ics->out.overflow)
		return -EFBIG;
	*ret = &ics->out;
	return 0;
}
