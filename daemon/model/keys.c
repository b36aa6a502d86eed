/* The rows of the keys table, and the small tools to hold what was read by it. Every key that a
 * configuration may have stands here once, with its help; nothing else knows a key's default. */
#include "model/keys.h"
#include "model/trial.h"
#include "base/str.h"

static const char *const short_month_names[] = {"omit", "last_day", "next_day", NULL};
static const char *const shift_names[] = {"none", "skip", "before", "after", NULL};
static const char *const dst_gap_names[] = {"after", "skip", NULL};
static const char *const dst_overlap_names[] = {"first", "last", "both", NULL};

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_SECONDS = 86400,
	YEAR_S = 366 * DAY_SECONDS,
};
#define SECONDS_MS INT64_C(1000)

#define AT(type, member) .offset = offsetof(struct type, member)
#define LATER(NAME, HELP)                                                                          \
	{                                                                                          \
		.name = NAME, .flags = KEY_LATER, .help = HELP                                     \
	}
#define SECTION(NAME, GROUP, STRUCT, KEYS, HELP)                                                   \
	.name = NAME, .group = GROUP, .size = sizeof(struct STRUCT), .count = ARRAY_LEN(KEYS),     \
	.keys = KEYS, .help = HELP

static const struct key away_keys[] = {
	{"from", KEY_DATE, KEY_REQUIRED, AT(away_entry, from), .help = "First day of absence."},
	{"until", KEY_DATE, KEY_REQUIRED, AT(away_entry, until),
		.help = "Last day of absence; it is part of it."},
};
_Static_assert(ARRAY_LEN(away_keys) <= KEYS_MAX, "");
const struct section keys_away = {SECTION("people.away", "an absence", away_entry, away_keys,
	"Days on which a person receives nothing and, as a subject, is not asked about.")};

static const struct key focus_keys[] = {
	{"skill", KEY_LINE, KEY_REQUIRED, AT(focus_entry, skill),
		.help = "The skill the person works on."},
	{"why", KEY_LINE, AT(focus_entry, why), .help = "Why it matters to them."},
	{"goal", KEY_LINE, AT(focus_entry, goal), .help = "What it should lead to."},
	{"cue", KEY_LINE, AT(focus_entry, cue),
		.help = "When to practise: an event of the day, not a time."},
	{"act", KEY_LINE, AT(focus_entry, act), .help = "The one thing to do then."},
	{"measure", KEY_LINE, AT(focus_entry, measure), .help = "How they will know."},
	{"from", KEY_DATE, AT(focus_entry, from), .help = "First day; absent: since ever."},
	{"until", KEY_DATE, AT(focus_entry, until),
		.help = "Last day, inclusive; absent: open end."},
};
_Static_assert(ARRAY_LEN(focus_keys) <= KEYS_MAX, "");
const struct section keys_focus = {SECTION("people.focus", "a focus", focus_entry, focus_keys,
	"What a person practises. The first focus that covers the date is the one that templates "
	"name.")};

static const struct key nudge_keys[] = {
	{"after", KEY_SPAN_S, KEY_REQUIRED, 1, 30 * DAY_SECONDS, AT(nudge_entry, after_s),
		.help = "How long to wait for an answer before each nudge."},
	{"at_most", KEY_INT, 0, 0, 20, "1", AT(nudge_entry, at_most),
		.help = "How many nudges the person gets; then comes the escalation."},
	{"escalate", KEY_REF, AT(nudge_entry, escalate),
		.help = "Who is told when no nudge was answered: manager, mentor or partner of the "
			"recipient, or the id of a person. Absent: nobody."},
};
_Static_assert(ARRAY_LEN(nudge_keys) <= KEYS_MAX, "");
const struct section keys_nudge = {SECTION("reminders.nudge", "a nudge", nudge_entry, nudge_keys,
	"What follows when nobody answers. Any answer stops it at once.")};

static const struct key fade_keys[] = {
	{"after", KEY_INT, 0, 1, 100, "4", AT(fade_entry, after),
		.help = "How many answers (done or stuck) in a row halve the messages, and halve "
			"them again: every 2nd after 4, every 4th after 8."},
	{"at_least", KEY_SPAN_S, 0, DAY_SECONDS, YEAR_S, "2w", AT(fade_entry, at_least_s),
		.help = "It never thins out beyond one message in this time."},
};
_Static_assert(ARRAY_LEN(fade_keys) <= KEYS_MAX, "");
const struct section keys_fade = {SECTION("reminders.fade", "a fade", fade_entry, fade_keys,
	"Fewer messages as answers come, and all of them again after one without. See Fading "
	"above.")};

static const struct key channel_keys[] = {
	{"id", KEY_ID, KEY_REQUIRED, AT(channel_entry, id), .help = "Its name in this file."},
	{"plugin", KEY_REF, KEY_REQUIRED, AT(channel_entry, plugin),
		.help = "The plugin that speaks to it: webhook or email."},
	{"rate", KEY_RATE, AT(channel_entry, rate),
		.help = "Most messages in a time, as \"10/s\", \"60/min\" or \"500/h\"; \"none\" "
			"for no "
			"limit. Absent: the limit that the service documents, if it does."},
	{"concurrency", KEY_INT, 0, 1, 1000, "8", AT(channel_entry, concurrency),
		.help = "Most transfers under way at once."},
	{"timeout", KEY_SPAN_MS, 0, 1 * SECONDS_MS, 10 * MINUTE_S *SECONDS_MS, "30s",
		AT(channel_entry, timeout_ms),
		.help = "How long one attempt may take. Mail: each reply of the server, and ten "
			"minutes for the one after the message."},
	{"retry_base", KEY_SPAN_MS, 0, 10, HOUR_S *SECONDS_MS, "1s",
		AT(channel_entry, retry_base_ms),
		.help = "The first wait before another attempt; it doubles each time."},
	{"retry_max", KEY_SPAN_MS, 0, 10, DAY_SECONDS *SECONDS_MS, "1h",
		AT(channel_entry, retry_max_ms), .help = "The longest wait between attempts."},
	{"expire", KEY_SPAN_S, 0, MINUTE_S, 30 * DAY_SECONDS, "1d", AT(channel_entry, expire_s),
		.help = "A delivery is tried until its reminder's grace is over, at least 15 "
			"minutes, "
			"and never longer than this."},
	{"allow_private", KEY_BOOL, 0, 0, 0, "false", AT(channel_entry, allow_private),
		.help = "Whether it may reach loopback, private and link-local addresses, plain "
			"http:// and mail without TLS."},
	{"shared", KEY_BOOL, 0, 0, 0, "false", AT(channel_entry, shared),
		.help = "Whether a room may stand in somebody's via: what goes there is read by "
			"everybody in it."},
	{"ca_file", KEY_PATH, AT(channel_entry, ca_file),
		.help = "Certificates (PEM) to trust in place of the system's."},
	{"client_cert", KEY_PATH, AT(channel_entry, client_cert),
		.help = "A certificate with its key (PEM) to show to the server."},
	{"proxy", KEY_LINE, AT(channel_entry, proxy),
		.help = "The proxy's URL. Absent: none, whatever the environment says."},
};
_Static_assert(ARRAY_LEN(channel_keys) <= KEYS_MAX, "");
const struct section keys_channel = {.open = true,
	SECTION("channels", "a channel", channel_entry, channel_keys,
		"Ways out. Beside these keys a channel has those of its plugin: nudgectl channels "
		"lists them.")};

static const struct key place_keys[] = {
	{"id", KEY_ID, KEY_REQUIRED, AT(place_entry, id), .help = "Its name in this file."},
	{"timezone", KEY_LINE, AT(place_entry, timezone),
		.help = "A name of the tz database, such as Europe/London. Absent: the timezone of "
			"the file."},
	{"hours", KEY_LINE, AT(place_entry, hours),
		.help = "Working hours, as \"Mon..Fri 08:30-18:00\"; several windows are separated "
			"by "
			"commas. A message outside them moves to the next allowed minute within "
			"its "
			"reminder's grace, or is skipped. Absent: any time."},
	{"quiet", KEY_LINE, AT(place_entry, quiet),
		.help = "Hours of silence, as \"19:00-08:00\"; they win over hours."},
	{"holidays", KEY_WORDS, AT(place_entry, holidays),
		.help = "Calendar files (.ics) of days off. On a holiday nothing is sent unless "
			"the "
			"reminder's shift says otherwise. The files are read again when they "
			"change."},
	{"language", KEY_LANGUAGE, AT(place_entry, language),
		.help = "The language of prompts for its people and its rooms, as \"de\" or "
			"\"pt-BR\". Absent: that of the file. See Languages above."},
};
_Static_assert(ARRAY_LEN(place_keys) <= KEYS_MAX, "");
const struct section keys_place = {SECTION("places", "a place", place_entry, place_keys,
	"Time zone and hours that people share. Who has no place is in the timezone of the file, "
	"at "
	"any hour.")};

static const struct key person_keys[] = {
	{"id", KEY_ID, KEY_REQUIRED, AT(person_entry, id),
		.help = "Their name in this file; all, self, manager, mentor and partner are "
			"reserved."},
	{"name", KEY_LINE, AT(person_entry, name),
		.help = "Their name for people. Absent: the id."},
	{"place", KEY_REF, AT(person_entry, place), .help = "The id of their place."},
	{"teams", KEY_WORDS, AT(person_entry, teams),
		.help = "Teams they belong to. A team exists once somebody is in it."},
	{"role", KEY_REF, AT(person_entry, role),
		.help = "Their role. Where roles are listed it must be one of them."},
	{"manager", KEY_REF, AT(person_entry, manager), .help = "The id of a person."},
	{"mentor", KEY_REF, AT(person_entry, mentor), .help = "The id of a person."},
	{"partner", KEY_REF, AT(person_entry, partner), .help = "The id of a person."},
	{"address", KEY_MAP, AT(person_entry, address),
		.help = "Addresses by channel: { mail = \"ana@example.org\"; }."},
	{"via", KEY_WORDS, AT(person_entry, via),
		.help = "Channels in order: the next one is used when the one before refuses, "
			"expires "
			"or has not worked for five minutes."},
	{"via_all", KEY_BOOL, 0, 0, 0, "false", AT(person_entry, via_all),
		.help = "Whether to use all channels of via at once."},
	{"away", KEY_GROUPS, .inner = &keys_away, AT(person_entry, away), .help = "Absences."},
	{"absence", KEY_WORDS, AT(person_entry, absence),
		.help = "Calendar files (.ics) of absences, read again when they change. Whole "
			"days "
			"are like those of away; at an absence of some hours a message waits for "
			"its end, within its grace."},
	{"focus", KEY_GROUPS, .inner = &keys_focus, AT(person_entry, focus),
		.help = "What they practise."},
	{"language", KEY_LANGUAGE, AT(person_entry, language),
		.help = "The language of their prompts. Absent: that of their place. See Languages "
			"above."},
};
_Static_assert(ARRAY_LEN(person_keys) <= KEYS_MAX, "");
const struct section keys_person = {SECTION("people", "a person", person_entry, person_keys,
	"Who receives, and whom it is about. In bulk they come from people_file.")};

static const struct key role_keys[] = {
	{"id", KEY_REF, KEY_REQUIRED, AT(role_entry, id), .help = "Its name in this file."},
	{"name", KEY_LINE, AT(role_entry, name), .help = "Its name for people. Absent: the id."},
	{"objectives", KEY_WORDS, AT(role_entry, objectives),
		.help = "What whoever has this role works towards."},
	{"mentored", KEY_BOOL, 0, 0, 0, "false", AT(role_entry, mentored),
		.help = "Whether whoever has it should have a mentor: --check says who has none."},
};
_Static_assert(ARRAY_LEN(role_keys) <= KEYS_MAX, "");
const struct section keys_role = {SECTION("roles", "a role", role_entry, role_keys,
	"Roles with their objectives. Without this list a role exists once somebody has it.")};

static const struct key reminder_keys[] = {
	{"id", KEY_ID, KEY_REQUIRED, AT(reminder_entry, id),
		.help = "Its name, also in the record of what was sent: a reminder with a new id "
			"is a "
			"new reminder."},
	{"kind", KEY_CHOICE, 0, 0, 0, "note", kind_names, AT(reminder_entry, kind),
		.help = "What it is for."},
	{"calendar", KEY_LINE, AT(reminder_entry, schedules[RULE_CALENDAR]),
		.help = "A calendar event as in systemd.time(7): \"Mon..Fri 09:00\". Exactly one "
			"of when, calendar, cron, every, at and rrule is needed."},
	{"every", KEY_LINE, AT(reminder_entry, schedules[RULE_EVERY]),
		.help = "A period. \"90min\" counts elapsed time; days, weeks and months are those "
			"of "
			"the calendar and need a start."},
	{"at", KEY_LINE, AT(reminder_entry, schedules[RULE_AT]),
		.help = "Once: a local time such as \"2026-12-24T18:00\", or an instant with Z or "
			"an "
			"offset."},
	{"rrule", KEY_LINE, AT(reminder_entry, schedules[RULE_RRULE]),
		.help = "A recurrence rule of RFC 5545, with start: "
			"\"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU\"."},
	{"cron", KEY_LINE, AT(reminder_entry, schedules[RULE_CRON]),
		.help = "A cron expression: \"0 9 * * MON-FRI\". Five fields, six with seconds "
			"before them, seven with years after those."},
	{"when", KEY_LINE, AT(reminder_entry, schedules[RULE_WHEN]),
		.help = "A phrase: \"weekdays at 9:00\", \"last working day of the month at "
			"16:00\". See Phrases above."},
	{"start", KEY_LINE, AT(reminder_entry, start),
		.help = "Where every and rrule begin, and what a phrase such as every second "
			"Tuesday counts from: a local time, or an instant."},
	{"from", KEY_DATE, AT(reminder_entry, from), .help = "No slot before this local date."},
	{"until", KEY_DATE, AT(reminder_entry, until), .help = "No slot after this local date."},
	{"except", KEY_WORDS, AT(reminder_entry, except),
		.help = "Local dates without a slot: \"2026-12-24\", or \"2026-12-24..2027-01-02\" "
			"with "
			"both ends included."},
	{"rdate", KEY_WORDS, AT(reminder_entry, rdate),
		.help = "Further slots of an rrule, as local times: [ \"2026-12-24T18:00\" ]."},
	{"exdate", KEY_WORDS, AT(reminder_entry, exdate),
		.help = "Slots of an rrule to leave out, as local times; they win over rdate. For "
			"whole days see except."},
	{"short_month", KEY_CHOICE, 0, 0, 0, "omit", short_month_names,
		AT(reminder_entry, short_month), .help = "What a month without the day does."},
	{"shift", KEY_CHOICE, 0, 0, 0, NULL, shift_names, AT(reminder_entry, shift),
		.help = "What a slot on a holiday or on a weekday without working hours does "
			"(Saturday and Sunday, where the place has no hours): none is sent all the "
			"same, skip is left out, before and after move to the nearest working day, "
			"same time. Absent: a holiday leaves it out, a weekday off is a matter of "
			"hours."},
	{"dst_gap", KEY_CHOICE, 0, 0, 0, "after", dst_gap_names, AT(reminder_entry, dst_gap),
		.help = "A time that the clock leaves out: the first instant after the gap, or not "
			"at "
			"all."},
	{"dst_overlap", KEY_CHOICE, 0, 0, 0, "first", dst_overlap_names,
		AT(reminder_entry, dst_overlap), .help = "A time that the clock has twice."},
	{"to", KEY_WORDS, KEY_REQUIRED, AT(reminder_entry, to),
		.help = "Who receives: the id of a person, team:T, role:R, all, room:CHANNEL (one "
			"message to the room), or, seen from each subject of about, manager, "
			"mentor, partner "
			"or self."},
	{"about", KEY_WORDS, AT(reminder_entry, about),
		.help = "Whom it is about: the id of a person, team:T, role:R or all; one message "
			"for "
			"each. An absent subject is left out."},
	{"place", KEY_REF, AT(reminder_entry, place),
		.help = "The place of a room. People have their own."},
	{"anywhere", KEY_BOOL, 0, 0, 0, "false", AT(reminder_entry, anywhere),
		.help = "Whether hours, quiet hours and (unless shift is given) holidays do not "
			"hold it."},
	{"via", KEY_WORDS, AT(reminder_entry, via),
		.help = "Channels in order, in place of each person's own."},
	{"title", KEY_LINE, AT(reminder_entry, title), .help = "A template of one line."},
	{"text", KEY_TEXT, AT(reminder_entry, text),
		.help = "A template. Needed unless prompts or digest is given."},
	{"digest", KEY_LINE, AT(reminder_entry, digest),
		.help = "What a reminder of the kind digest sums up: own (each recipient's "
			"practice), team:T (a team's, without names), reports (talks due with "
			"those whom the recipient manages) or programme (how each reminder fares). "
			"See Digests above."},
	{"prompts", KEY_REF, AT(reminder_entry, prompts),
		.help = "The id of a prompt pack: each slot shows another prompt of it."},
	{"grace", KEY_SPAN_S, 0, MINUTE_S, YEAR_S, "1h", AT(reminder_entry, grace_s),
		.help = "How late a slot may still be sent."},
	{"catch_up", KEY_CHOICE, 0, 0, 0, "latest", catch_up_names, AT(reminder_entry, catch_up),
		.help = "What happens with slots missed while nudged did not run: one message for "
			"all "
			"of them, none, or each (the newest 1,000)."},
	{"nudge", KEY_GROUP, .inner = &keys_nudge, AT(reminder_entry, nudge),
		.help = "What follows when nobody answers."},
	{"jitter", KEY_SPAN_S, 0, 0, DAY_SECONDS, "0s", AT(reminder_entry, jitter_s),
		.help = "Spreads recipients over this span after the slot; the same every time."},
	{"priority", KEY_INT, 0, 1, 5, "3", AT(reminder_entry, priority),
		.help = "What goes alone when a person's daily limit is reached: the highest "
			"first."},
	{"hold_out", KEY_INT, 0, 0, TRIAL_PERCENT_MOST, "0", AT(reminder_entry, hold_out),
		.help = "Percent of the recipients who do not get it, others in each quarter of "
			"the year, so that it can be seen whether it helps. See Hold-out above."},
	{"measure", KEY_REF, AT(reminder_entry, measure),
		.help = "The id of the reminder by whose answers those with hold_out and those "
			"without are compared."},
	{"fade", KEY_GROUP, .inner = &keys_fade, AT(reminder_entry, fade),
		.help = "Fewer messages as answers come: fade = { }. See Fading above."},
	{"turn", KEY_BOOL, 0, 0, 0, "false", AT(reminder_entry, turn),
		.help = "Whether each slot goes to one of its recipients alone: the one who has "
			"waited the longest for a turn. See People together above."},
	{"pair", KEY_BOOL, 0, 0, 0, "false", AT(reminder_entry, pair),
		.help = "Whether each slot makes pairs of its recipients, whom it is then about. "
			"See People together above."},
	{"memory", KEY_INT, 0, 0, REMINDER_MEMORY_MAX, "6", AT(reminder_entry, memory),
		.help = "Of pair: with how many of their last partners somebody is not paired "
			"again, where that is possible."},
	{"language", KEY_LANGUAGE, AT(reminder_entry, language),
		.help = "The language of its prompts, whoever gets them. Absent: each person's, "
			"and "
			"for a room that of the place."},
};
_Static_assert(ARRAY_LEN(reminder_keys) <= KEYS_MAX, "");
const struct section keys_reminder = {
	SECTION("reminders", "a reminder", reminder_entry, reminder_keys,
		"What is sent: when, to whom, through what, and what follows. At most 10,000.")};

static const struct key prompt_keys[] = {
	{"id", KEY_REF, KEY_REQUIRED, AT(prompt_entry, id), .help = "Its name in the pack."},
	{"title", KEY_LINE, AT(prompt_entry, title), .help = "A template of one line."},
	{"cue", KEY_LINE, AT(prompt_entry, cue), .help = "A template: when to do it."},
	{"act", KEY_TEXT, AT(prompt_entry, act), .help = "A template: the one thing to do."},
	{"question", KEY_TEXT, AT(prompt_entry, question),
		.help = "A template: what to ask afterwards. An act or a question is needed."},
};
_Static_assert(ARRAY_LEN(prompt_keys) <= KEYS_MAX, "");
const struct section keys_prompt = {
	SECTION("packs.prompts", "a prompt", prompt_entry, prompt_keys, "One prompt of a pack.")};

static const struct key pack_keys[] = {
	{"id", KEY_REF, KEY_REQUIRED, AT(pack_entry, id),
		.help = "Its name for the prompts key of a reminder."},
	{"language", KEY_LANGUAGE, AT(pack_entry, language),
		.help = "The language it is written in. Absent: English (en), or in a folder of "
			"translations that of the folder."},
	{"summary", KEY_LINE, AT(pack_entry, summary), .help = "What it is for, in one line."},
	{"prompts", KEY_GROUPS, KEY_REQUIRED, .inner = &keys_prompt, AT(pack_entry, prompts),
		.help = "Its prompts, at most 1,000."},
};
_Static_assert(ARRAY_LEN(pack_keys) <= KEYS_MAX, "");
const struct section keys_pack = {SECTION("packs", "a prompt pack", pack_entry, pack_keys,
	"The packs of a file in the prompts folder.")};

static const struct key pack_file_keys[] = {
	{"packs", KEY_GROUPS, .inner = &keys_pack, AT(pack_file_entry, packs),
		.help = "Prompt packs."},
};
const struct section keys_pack_file = {SECTION("prompt packs", "a file of prompt packs",
	pack_file_entry, pack_file_keys,
	"Files NAME.conf in the prompts folder, and in its folders of translations, hold this "
	"one key, not the main file.")};

static const struct key top_keys[] = {
	{"timezone", KEY_LINE, 0, 0, 0, "UTC", AT(top_entry, timezone),
		.help = "The time zone of whoever has no place."},
	{"state", KEY_PATH, AT(top_entry, state),
		.help = "The folder of the record. Absent: $STATE_DIRECTORY, else /var/lib/nudged. "
			"A "
			"change needs a restart."},
	{"store", KEY_LINE, 0, 0, 0, "sqlite", AT(top_entry, store),
		.help = "How the record is kept: sqlite, or memory (forgotten at the end). A "
			"change needs "
			"a restart."},
	{"control", KEY_PATH, 0, 0, 0, "/run/nudged/control", AT(top_entry, control),
		.help = "The socket of nudgectl(8). A change needs a restart."},
	{"listen", KEY_LINE, AT(top_entry, listen),
		.help = "Address and port for answers, as \"127.0.0.1:8930\" or \"[::1]:8930\". "
			"Absent: "
			"no listener, and messages carry no links. A change needs a restart."},
	{"listen_admin", KEY_LINE, AT(top_entry, listen_admin),
		.help = "Where metrics (/metrics) and the organiser's page are: \"unix:PATH\", or "
			"a port of this machine alone, as \"127.0.0.1:8931\". Absent: nowhere. A "
			"change needs a restart."},
	{"public_url", KEY_LINE, AT(top_entry, public_url),
		.help = "What links in messages begin with. Absent: http:// and the listen "
			"address."},
	{"link_key", KEY_SECRET, AT(top_entry, link_key),
		.help = "The key that signs links, at least 16 characters. Absent: made once and "
			"kept "
			"in the record."},
	{"prompts", KEY_PATH, AT(top_entry, prompts),
		.help = "The folder of prompt packs. Absent: those that come with nudged."},
	{"people_file", KEY_PATH, AT(top_entry, people_file),
		.help = "People in bulk: comma-separated values (RFC 4180). The first line names "
			"the keys "
			"of people, address.CHANNEL for an address; teams and via are separated by "
			"spaces."},
	{"daily_limit", KEY_INT, 0, 0, 1000, "3", AT(top_entry, daily_limit),
		.help = "Most messages a person gets in a local day; what is more is merged into "
			"the last "
			"one. 0: no limit."},
	{"keep", KEY_SPAN_S, 0, DAY_SECONDS, 100 * INT64_C(365) * DAY_SECONDS, "90d",
		AT(top_entry, keep_s),
		.help = "How long history is kept; longer than every grace and expire."},
	{"channels", KEY_GROUPS, .inner = &keys_channel, AT(top_entry, channels),
		.help = "Ways out."},
	{"places", KEY_GROUPS, .inner = &keys_place, AT(top_entry, places),
		.help = "Time zones and hours that people share."},
	{"people", KEY_GROUPS, .inner = &keys_person, AT(top_entry, people), .help = "People."},
	{"roles", KEY_GROUPS, .inner = &keys_role, AT(top_entry, roles),
		.help = "Roles with their objectives."},
	{"reminders", KEY_GROUPS, .inner = &keys_reminder, AT(top_entry, reminders),
		.help = "What is sent."},
	{"alert_via", KEY_WORDS, KEY_LONE, AT(top_entry, alert_via),
		.help = "Who is told when nudged itself is in trouble: the id of a channel that "
			"needs no address, such as a room, or CHANNEL:ADDRESS, as "
			"\"mail:ops@example.org\". See Alerts above."},
	{"heartbeat_url", KEY_SECRET, AT(top_entry, heartbeat_url),
		.help = "What is asked for (GET) while all is well, so that a monitor which hears "
			"nothing can call somebody. See Alerts above."},
	{"heartbeat_every", KEY_SPAN_S, 0, 10, DAY_SECONDS, "1min",
		AT(top_entry, heartbeat_every_s), .help = "How often."},
	{"heartbeat_allow_private", KEY_BOOL, 0, 0, 0, "false",
		AT(top_entry, heartbeat_allow_private),
		.help = "Whether heartbeat_url may be plain http:// or lead to loopback, private "
			"and link-local addresses."},
	{"focus_limit", KEY_INT, 0, 0, 100, "1", AT(top_entry, focus_limit),
		.help = "How many foci of the file a person may have on one date before --check "
			"warns: with several goals, plans lose their force. 0: any number."},
	{"language", KEY_LANGUAGE, AT(top_entry, language),
		.help = "The language of prompts for whoever has none, person or place. Absent: "
			"packs are shown as they are, which is in English for those that come with "
			"nudged. See Languages above."},
	{"vision", KEY_LINE, AT(top_entry, vision),
		.help = "What it is all for, in a sentence: templates quote it as {{vision}}."},
};
_Static_assert(ARRAY_LEN(top_keys) <= KEYS_MAX, "");
const struct section keys_top = {SECTION("", "the file", top_entry, top_keys,
	"Keys at the top of the file. In conf.d lists are appended to, and everything else is "
	"replaced.")};

const struct section *const keys_sections[] = {&keys_top, &keys_channel, &keys_place, &keys_person,
	&keys_away, &keys_focus, &keys_role, &keys_reminder, &keys_nudge, &keys_fade,
	&keys_pack_file, &keys_pack, &keys_prompt, NULL};

const struct key *section_key(const struct section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	}
	return NULL;
}

const char *section_nearest(const struct section *section, const char *name)
{
	const char *names[KEYS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < section->count; i++) {
		if (!(section->keys[i].flags & KEY_LATER))
			names[n++] = section->keys[i].name;
	}
	names[n] = NULL;
	return str_nearest(name, names);
}

static int key_line(const struct section *section, const void *entry, const char *name)
{
	const struct key *key = section_key(section, name);

	assert(key);
	return ((const struct entry *)entry)->lines[key - section->keys];
}

struct where entry_where(const struct section *section, const void *entry, const char *name)
{
	struct where where = ((const struct entry *)entry)->where;
	int line = key_line(section, entry, name);

	if (line)
		where.line = line;
	return where;
}

bool entry_has(const struct section *section, const void *entry, const char *name)
{
	return key_line(section, entry, name) != 0;
}

/* ---- what the structs own ---- */

void words_add(struct words *words, const char *name, const char *text, size_t len, int line)
{
	/* Room is the next power of two: no capacity is kept. */
	if ((words->count & (words->count - 1)) == 0) {
		size_t room = words->count ? words->count * 2 : 1;

		words->list = mem_resize(words->list, room, sizeof(*words->list));
		words->lines = mem_resize(words->lines, room, sizeof(*words->lines));
		if (name)
			words->names = mem_resize(words->names, room, sizeof(*words->names));
	}
	words->list[words->count] = str_new_n(text, len);
	words->lines[words->count] = line;
	if (name)
		words->names[words->count] = str_new(name);
	words->count++;
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		free(words->list[i]);
		if (words->names)
			free(words->names[i]);
	}
	free(words->list);
	free(words->names);
	free(words->lines);
	*words = (struct words){0};
}

void *entries_add(const struct section *section, struct entries *entries)
{
	void *entry;

	if (entries->count == entries->capacity) {
		entries->capacity = entries->capacity ? entries->capacity * 2 : 4;
		entries->bytes = mem_resize(entries->bytes, entries->capacity, section->size);
	}
	entry = entries->bytes + entries->count++ * section->size;
	memset(entry, 0, section->size);
	return entry;
}

void *entries_at(const struct section *section, const struct entries *entries, size_t i)
{
	assert(i < entries->count);
	return entries->bytes + i * section->size;
}

void entries_free(const struct section *section, struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entry_clear(section, entries_at(section, entries, i));
	free(entries->bytes);
	*entries = (struct entries){0};
}

void entry_clear(const struct section *section, void *entry)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct key *key = &section->keys[i];
		void *member = (char *)entry + key->offset;

		if (key->flags & KEY_LATER)
			continue;
		switch (key->type) {
		case KEY_LINE:
		case KEY_TEXT:
		case KEY_ID:
		case KEY_REF:
		case KEY_PATH:
		case KEY_LANGUAGE:
			free(*(char **)member);
			break;
		case KEY_SECRET:
			if (*(char **)member)
				explicit_bzero(*(char **)member, strlen(*(char **)member));
			free(*(char **)member);
			break;
		case KEY_WORDS:
		case KEY_MAP:
			words_free(member);
			break;
		case KEY_GROUP:
		case KEY_GROUPS:
			entries_free(key->inner, member);
			break;
		default:
			break;
		}
	}
}
