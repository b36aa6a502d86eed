/* Loading a configuration: what is accepted becomes the model it should, and whatever is wrong is
 * said with file and line, all of it at once. Plugins are played by a table of options here. */
#include "base/buf.h"
#include "base/str.h"
#include "model/keys.h"
#include "port/config.h"

#include <errno.h>
#include <libconfig.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-11-21T12:00:00Z */
#define NOW INT64_C(1795262400)

static char scratch[] = "/tmp/nudged-config-XXXXXX";

/* ---- plugins ---- */

#define OPTION(NAME, TYPE, CHOICES, REQUIRED)                                                      \
	{                                                                                          \
		sizeof(struct nudged_option), NAME, TYPE, CHOICES, NULL, REQUIRED, "help"          \
	}

static const struct nudged_option webhook_options[] = {
	OPTION("url", NUDGED_OPTION_URL, NULL, 1),
	OPTION("dialect", NUDGED_OPTION_CHOICE, "generic slack", 0),
	OPTION("secret", NUDGED_OPTION_SECRET, NULL, 0),
	OPTION("headers", NUDGED_OPTION_HEADERS, NULL, 0),
	OPTION("compact", NUDGED_OPTION_BOOL, NULL, 0),
};
static const struct nudged_option email_options[] = {
	OPTION("url", NUDGED_OPTION_URL, NULL, 1),
	OPTION("from", NUDGED_OPTION_STRING, NULL, 0),
	OPTION("password", NUDGED_OPTION_SECRET, NULL, 0),
};

static int give_options(void *owner, const char *plugin, const struct nudged_option **ret,
	size_t *ret_count, char **ret_error)
{
	if (str_eq(plugin, "webhook")) {
		*ret = webhook_options;
		*ret_count = ARRAY_LEN(webhook_options);
	} else if (str_eq(plugin, "email")) {
		*ret = email_options;
		*ret_count = ARRAY_LEN(email_options);
	} else {
		*ret_error = str_new("there is no such plugin");
		return -ENOENT;
	}
	return 0;
}

static bool check_channel(
	void *owner, struct channel *channel, bool check_only, struct complaints *complaints)
{
	channel->needs_address = str_eq(channel->plugin, "email");
	for (size_t i = 0; i < channel->n_settings; i++) {
		if (str_eq(channel->settings[i].text, "slack"))
			channel->is_room = true;
	}
	return true;
}

static const char *check_address(void *owner, const struct channel *channel, const char *address)
{
	return strchr(address, '@') ? NULL : "it has no @";
}

static const struct config_needs needs = {NULL, give_options, check_channel, check_address, NOW};

/* ---- files ---- */

static char *path_of(const char *name)
{
	return str_printf("%s/%s", scratch, name);
}

static void put_bytes(const char *name, const void *bytes, size_t len, mode_t mode)
{
	auto_free char *path = path_of(name);
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text), 0600);
}

static void drop(const char *name)
{
	auto_free char *path = path_of(name);

	if (unlink(path) < 0)
		rmdir(path);
}

static void make_folder(const char *name)
{
	auto_free char *path = path_of(name);

	assert_int_equal(mkdir(path, 0700), 0);
}

/* ---- loading ---- */

static struct model *model; /* of the last load; NULL when it was refused */
static struct buf said;     /* its complaints, a line each, without the scratch folder */

static void forget(void)
{
	model_unref(model);
	model = NULL;
	buf_free(&said);
	said = BUF_MAX(1 << 20);
}

static void load_with(bool check_only)
{
	auto_free char *path = path_of("nudged.conf");
	struct complaints complaints = {0};
	int r;

	forget();
	r = config_load(path, &needs, check_only, &model, &complaints);
	for (size_t i = 0; i < complaints.count; i++) {
		auto_free char *line = complaint_write(&complaints.list[i]);

		buf_printf(&said, "%s\n",
			str_starts(line, scratch) ? line + strlen(scratch) + 1 : line);
	}
	assert_int_equal(r, complaints.errors ? -EINVAL : 0);
	assert_true((model != NULL) == (r == 0));
	complaints_clear(&complaints);
}

static void load(const char *text)
{
	put("nudged.conf", text);
	load_with(false);
}

static void expect_said(const char *what)
{
	if (!strstr(buf_str(&said), what))
		fail_msg("expected: %s\nsaid:\n%s", what, buf_str(&said));
}

static void expect_good(void)
{
	if (!model)
		fail_msg("refused:\n%s", buf_str(&said));
}

static int set_up(void **state)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	said = BUF_MAX(1 << 20);
	return mkdtemp(scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	forget();
	drop("nudged.conf");
	return rmdir(scratch);
}

/* ---- a good configuration, with room for one line in each group ---- */

struct lines {
	const char *top, *channel, *place, *person, *reminder;
};

#define OR_NOTHING(text) ((text) ? (text) : "")

/* Line 1 is the top's, 3 the channel's, 8 the place's, 11 the person's, 16 the reminder's. */
static char *write_config(const struct lines *lines)
{
	return str_printf(
		"%s\n"
		"channels = ( { id = \"hook\"; plugin = \"webhook\"; url = \"http://127.0.0.1/\";\n"
		"%s\n"
		"}, { id = \"mail\"; plugin = \"email\"; url = \"smtp://127.0.0.1\"; },\n"
		" { id = \"chat\"; plugin = \"webhook\"; dialect = \"slack\"; url = "
		"\"http://127.0.0.1/\"; } );\n"
		"\n"
		"places = ( { id = \"london\"; timezone = \"Europe/London\";\n"
		"%s\n"
		"} );\n"
		"people = ( { id = \"ana\"; teams = [ \"platform\" ]; via = [ \"hook\" ];\n"
		"%s\n"
		"}, { id = \"sam\"; place = \"london\"; address = { mail = \"sam@x.example\"; }; "
		"via = [ \"mail\" ]; }\n"
		");\n"
		"\n"
		"reminders = ( { id = \"tea\";\n"
		"%s\n"
		"} );\n",
		OR_NOTHING(lines->top), OR_NOTHING(lines->channel), OR_NOTHING(lines->place),
		OR_NOTHING(lines->person),
		lines->reminder ? lines->reminder
				: "calendar = \"09:00\"; to = [ \"ana\" ]; text = \"Tea\";");
}

static void load_lines(struct lines lines)
{
	auto_free char *text = write_config(&lines);

	load(text);
}

#define REMINDER(rest) "calendar = \"09:00\"; to = [ \"ana\" ]; text = \"Tea\"; " rest
#define TO(rest) "calendar = \"09:00\"; text = \"Tea\"; " rest

static const struct {
	struct lines lines;
	const char *expected; /* NULL: nothing is said at all */
} rows[] = {
	{{0}, NULL},
	/* top */
	{{.top = "timezone = \"Europe/Lundon\";"},
		"nudged.conf:1: \"timezone\" cannot be \"Europe/Lundon\""},
	{{.top = "timezone = \"../etc/passwd\";"}, "nudged.conf:1: \"timezone\" cannot be"},
	{{.top = "timezon = \"UTC\";"},
		"nudged.conf:1: unknown key \"timezon\" in the file; did you mean \"timezone\"?"},
	{{.top = "zebra = 1;"}, "nudged.conf:1: unknown key \"zebra\" in the file\n"},
	{{.top = "timezone = \"\";"}, "nudged.conf:1: \"timezone\" is empty"},
	{{.top = "store = \"oracle\";"}, "nudged.conf:1: \"store\" cannot be"},
	{{.top = "store = \"postgres:host=db\";"},
		"nudged.conf:1: \"store\": postgres is not built into this release"},
	{{.top = "vision = \"x\";"}, "nudged.conf:1: \"vision\" is not built into this release"},
	{{.top = "alert_via = \"x\";"},
		"nudged.conf:1: \"alert_via\" is not built into this release"},
	{{.top = "heartbeat_url = \"x\";"},
		"nudged.conf:1: \"heartbeat_url\" is not built into this release"},
	{{.top = "focus_limit = 1;"},
		"nudged.conf:1: \"focus_limit\" is not built into this release"},
	{{.top = "listen_admin = \"x\";"},
		"nudged.conf:1: \"listen_admin\" is not built into this release"},
	{{.top = "daily_limit = -1;"}, "nudged.conf:1: \"daily_limit\" must be 0 to 1000"},
	{{.top = "daily_limit = 0;"}, NULL},
	{{.top = "daily_limit = 3L;"}, NULL},
	{{.top = "daily_limit = 4294967299;"}, "nudged.conf:1: the number 4294967299 does not fit "
					       "into 32 bits: write 4294967299L"},
	{{.top = "daily_limit = 0xFFFFFFFF;"},
		"nudged.conf:1: the number 0xFFFFFFFF does not fit into 32 bits"},
	{{.top = "daily_limit = 99999999999999999999L;"},
		"nudged.conf:1: the number 99999999999999999999L is too large"},
	{{.top = "# 99999999999 \"\n"}, NULL},
	{{.top = "/* 99999999999 */ // 99999999999"}, NULL},
	{{.top = "keep = \"12h\";"}, "nudged.conf:1: \"keep\" must be 1d to"},
	{{.top = "keep = \"1d\";"},
		"nudged.conf:1: \"keep\" is 1d, which is not longer than the expire of \"hook\""},
	{{.top = "keep = \"soon\";"}, "nudged.conf:1: \"keep\" is no span of time"},
	{{.top = "listen = \"8930\";"}, "nudged.conf:1: \"listen\" cannot be"},
	{{.top = "listen = \"127.0.0.1:99999\";"}, "nudged.conf:1: \"listen\" cannot be"},
	{{.top = "listen = \"[::1]:8930\";"}, NULL},
	{{.top = "listen = \"0.0.0.0:8930\";"},
		"nudged.conf:1: warning: \"listen\" is open to other machines"},
	{{.top = "listen = \"127.0.0.1:1\"; public_url = \"ftp://x\";"},
		"nudged.conf:1: \"public_url\" must be like"},
	{{.top = "listen = \"127.0.0.1:1\"; public_url = \"https://x.example/?a\";"},
		"nudged.conf:1: \"public_url\" must be like"},
	{{.top = "listen = \"127.0.0.1:1\"; public_url = \"https://x.example/y\";"}, NULL},
	{{.top = "link_key = \"short\";"},
		"nudged.conf:1: \"link_key\" is shorter than 16 characters"},
	{{.top = "@include \"/etc/passwd\""}, "nudged.conf:1: @include is not allowed"},
	{{.top = "people_file = \"none.csv\";"}, "nudged.conf:1: cannot read"},
	{{.top = "prompts = \"none.d\";"}, "nudged.conf:1: cannot read the prompts folder"},
	/* channels */
	{{.channel = "secrt = \"x\";"}, "nudged.conf:3: unknown key \"secrt\" in a channel of the "
					"plugin webhook; did you mean \"secret\"?"},
	{{.channel = "concurency = 4;"}, "nudged.conf:3: unknown key \"concurency\" in a channel "
					 "of the plugin webhook; did you mean \"concurrency\"?"},
	{{.channel = "concurrency = 0;"}, "nudged.conf:3: \"concurrency\" must be 1 to 1000"},
	{{.channel = "rate = \"10/s\";"}, NULL},
	{{.channel = "rate = \"ten\";"}, "nudged.conf:3: \"rate\" is no rate"},
	{{.channel = "rate = \"0/s\";"}, "nudged.conf:3: \"rate\" is no rate"},
	{{.channel = "timeout = \"1h\";"}, "nudged.conf:3: \"timeout\" must be"},
	{{.channel = "retry_base = \"1h\"; retry_max = \"1s\";"},
		"nudged.conf:3: \"retry_base\" is longer than \"retry_max\""},
	{{.channel = "dialect = \"klingon\";"},
		"nudged.conf:3: \"dialect\" cannot be \"klingon\": it is one of generic slack"},
	{{.channel = "secret = \"open\";"},
		"nudged.conf:3: warning: \"secret\" is a secret written out"},
	{{.channel = "secret = \"credential:x\";"},
		"nudged.conf:3: \"secret\": no credentials were given"},
	{{.channel = "secret = \"credential:../x\";"},
		"nudged.conf:3: \"secret\": \"../x\" cannot be the name of a credential"},
	{{.channel = "secret = \"file:none\";"}, "nudged.conf:3: cannot read"},
	{{.channel = "compact = 1;"},
		"nudged.conf:3: \"compact\" must be true or false, not a whole number"},
	{{.channel = "headers = \"X: y\";"}, "nudged.conf:3: \"headers\" must be a list of texts"},
	{{.channel = "headers = [ \"X y\" ];"}, "nudged.conf:3: \"headers\": write each as"},
	{{.channel = "headers = [ \"X: y\\nZ: w\" ];"},
		"nudged.conf:3: \"headers\" is not one line of printable text"},
	{{.channel = "headers = [ \"X-Team: y\" ];"}, NULL},
	{{.channel = "headers = [ \"Authorization: Bearer x\" ];"},
		"nudged.conf:3: warning: \"headers\" is a secret"},
	{{.channel = "proxy = \"nowhere\";"}, "nudged.conf:3: \"proxy\" must be a URL"},
	{{.channel = "ca_file = \"none.pem\";"}, "nudged.conf:3: \"ca_file\": "},
	{{.channel = "}, { id = \"hook\"; plugin = \"webhook\"; url = \"http://127.0.0.1/\";"},
		"nudged.conf:3: the channel \"hook\" is there already, at "},
	{{.channel = "}, { id = \"pigeon\"; plugin = \"post\";"},
		"nudged.conf:3: the plugin \"post\": there is no such plugin"},
	{{.channel = "}, { id = \"bare\"; plugin = \"webhook\";"},
		"nudged.conf:3: the channel \"bare\" needs the key \"url\""},
	{{.channel = "}, { plugin = \"webhook\"; url = \"http://127.0.0.1/\";"},
		"nudged.conf:3: a channel needs the key \"id\""},
	/* places */
	{{.place = "hours = \"Mon..Fri 08:30-18:00\"; quiet = \"19:00-08:00\";"}, NULL},
	{{.place = "hours = \"whenever\";"}, "nudged.conf:8: \"hours\", column"},
	{{.place = "holidays = [ \"gb.ics\" ];"},
		"nudged.conf:8: \"holidays\" is not built into this release"},
	{{.place = "}, { id = \"london\";"},
		"nudged.conf:8: the place \"london\" is there already"},
	{{.place = "}, { id = \"self\";"}, "nudged.conf:8: the id \"self\" is reserved"},
	{{.place = "}, { id = \"Berlin\";"}, "nudged.conf:8: \"id\" cannot be \"Berlin\""},
	/* people */
	{{.person = "place = \"lodnon\";"},
		"nudged.conf:11: there is no place \"lodnon\" (did you mean \"london\"?)"},
	{{.person = "manager = \"smm\";"}, "nudged.conf:11: \"manager\" of \"ana\": there is no "
					   "person \"smm\" (did you mean \"sam\"?)"},
	{{.person = "manager = \"ana\";"}, "nudged.conf:11: \"ana\" cannot be their own manager"},
	{{.person = "manager = \"sam\";"}, NULL},
	{{.person = "address = { pigeon = \"x\"; };"},
		"nudged.conf:11: \"address\": there is no channel \"pigeon\""},
	{{.person = "address = { mail = \"nowhere\"; };"},
		"nudged.conf:11: the address \"nowhere\" of \"ana\" for mail: it has no @"},
	{{.person = "}, { id = \"bo\"; via = [ \"mail\" ];"},
		"nudged.conf:11: \"bo\" has no address on the channel \"mail\""},
	{{.person = "}, { id = \"bo\"; via = [ \"chat\" ];"},
		"nudged.conf:11: \"via\": \"chat\" is a room that others read too"},
	{{.person = "}, { id = \"bo\"; via = [ \"hok\" ];"},
		"nudged.conf:11: \"via\": there is no channel \"hok\" (did you mean \"hook\"?)"},
	{{.person = "}, { id = \"ana\";"}, "nudged.conf:11: the person \"ana\" is there already"},
	{{.person = "}, { id = \"all\";"}, "nudged.conf:11: the id \"all\" is reserved"},
	{{.person = "name = \"A\\nB\";"}, "nudged.conf:11: \"name\" holds more than one line"},
	{{.person = "name = \"A\\x07\";"}, "nudged.conf:11: \"name\" holds a control character"},
	{{.person = "name = \"A\\xff\";"}, "nudged.conf:11: \"name\" is not valid UTF-8"},
	{{.person = "name = \"A\\x00B\";"}, "nudged.conf:11: \\x00 cannot stand in text"},
	{{.person = "away = ( { from = \"2026-12-24\"; until = \"2026-12-20\"; } );"},
		"nudged.conf:11: this absence ends before it begins"},
	{{.person = "away = ( { from = \"2026-12-24\"; } );"},
		"nudged.conf:11: an absence needs the key \"until\""},
	{{.person = "away = ( { from = \"2026-02-30\"; until = \"2026-12-20\"; } );"},
		"nudged.conf:11: \"from\" is no date"},
	{{.person = "focus = ( { why = \"x\"; } );"},
		"nudged.conf:11: a focus needs the key \"skill\""},
	{{.person = "language = \"cy\";"},
		"nudged.conf:11: \"language\" is not built into this release"},
	{{.top = "roles = ( { id = \"backend\"; objectives = [ \"x\" ]; } );",
		 .person = "role = \"bakend\";"},
		"nudged.conf:11: there is no role \"bakend\" (did you mean \"backend\"?)"},
	{{.top = "roles = ( { id = \"backend\"; objectives = [ \"x\" ]; } );",
		 .person = "role = \"backend\";"},
		"nudged.conf:12: warning: \"sam\" has neither objectives by role nor a focus"},
	/* reminders: when */
	{{.reminder = "to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:15: the reminder \"tea\" needs a schedule"},
	{{.reminder = REMINDER("every = \"1h\";")},
		"nudged.conf:16: a reminder has one schedule: \"calendar\" is given already"},
	{{.reminder = "calendar = \"Mon..Fry 09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"calendar\", column"},
	{{.reminder = "calendar = \"*-02-30 09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"calendar\""},
	{{.reminder = "cron = \"0 9 * * *\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"cron\""},
	{{.reminder = "when = \"weekdays at 9:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"when\""},
	{{.reminder = "every = \"2 weeks\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"every\""},
	{{.reminder = "every = \"90min\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = "at = \"2020-01-01T09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: warning: \"tea\" lies in the past"},
	{{.reminder = "at = \"2027-01-01T09:00\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = REMINDER("except = [ \"2026-12-24..2026-12-20\" ];")},
		"nudged.conf:16: \"except\" cannot be"},
	{{.reminder = REMINDER("from = \"2027-02-01\"; until = \"2027-01-01\";")},
		"nudged.conf:16: \"until\" is before \"from\""},
	{{.reminder = REMINDER("shift = \"skip\";")},
		"nudged.conf:16: \"shift\" is not built into this release"},
	{{.reminder = REMINDER("fade = true;")},
		"nudged.conf:16: \"fade\" is not built into this release"},
	{{.reminder = REMINDER("dst_gap = \"jump\";")},
		"nudged.conf:16: \"dst_gap\" cannot be \"jump\": it is one of after, skip"},
	{{.reminder = REMINDER("priority = 6;")}, "nudged.conf:16: \"priority\" must be 1 to 5"},
	{{.reminder = REMINDER("grace = \"91d\";")}, "nudged.conf: \"keep\" is"},
	/* reminders: who */
	{{.reminder = TO("to = [ \"anna\" ];")},
		"nudged.conf:16: \"to\": there is no person \"anna\" (did you mean \"ana\"?)"},
	{{.reminder = TO("to = [ \"platform\" ];")}, "nudged.conf:16: \"to\": there is no person "
						     "\"platform\"; the team is team:platform"},
	{{.reminder = TO("to = [ \"team:platfrom\" ];")},
		"nudged.conf:16: \"to\": there is no team \"platfrom\" (did you mean "
		"\"platform\"?)"},
	{{.reminder = TO("to = [ \"role:boss\" ];")},
		"nudged.conf:16: \"to\": there is no role \"boss\""},
	{{.reminder = TO("to = [ \"crew:x\" ];")}, "nudged.conf:16: \"to\" cannot be \"crew:x\""},
	{{.reminder = TO("to = [ \"manager\" ];")},
		"nudged.conf:16: \"to\": \"manager\" is seen from whom it is about"},
	{{.reminder = TO("to = [ \"manager\" ]; about = [ \"manager\" ];")},
		"nudged.conf:16: \"about\": there is no person \"manager\""},
	{{.reminder = TO("to = [ \"manager\" ]; about = [ \"room:chat\" ];")},
		"nudged.conf:16: \"about\" cannot be \"room:chat\""},
	{{.reminder = TO("to = [ ];")}, "nudged.conf:16: \"to\" names nobody"},
	{{.reminder = TO("")}, "nudged.conf:15: a reminder needs the key \"to\""},
	{{.reminder = TO("to = [ \"room:chat\" ];")}, NULL},
	{{.reminder = TO("to = [ \"room:chat\" ]; place = \"london\";")}, NULL},
	{{.reminder = TO("to = [ \"room:mail\" ];")},
		"nudged.conf:16: room:mail: this channel reaches people by their addresses"},
	{{.reminder = TO("to = [ \"room:chats\" ];")},
		"nudged.conf:16: \"to\": there is no channel \"chats\" (did you mean \"chat\"?)"},
	{{.reminder = TO("to = [ \"room:chat\" ]; about = [ \"ana\" ];")},
		"nudged.conf:16: \"about\" means nothing to a room"},
	{{.reminder = REMINDER("place = \"london\";")},
		"nudged.conf:16: \"place\" is that of a room"},
	{{.reminder = REMINDER("via = [ \"mail\" ];")},
		"nudged.conf:16: \"ana\" has no address on the channel \"mail\""},
	{{.reminder = REMINDER("via = [ \"chat\" ];")},
		"nudged.conf:16: \"via\": \"chat\" is a room"},
	{{.reminder = REMINDER("via = [ ];")}, "nudged.conf:16: \"via\" names no channel"},
	{{.person = "}, { id = \"bo\";", .reminder = TO("to = [ \"bo\" ];")},
		"nudged.conf:16: \"bo\" cannot be reached"},
	{{.person = "}, { id = \"bo\";", .reminder = TO("to = [ \"bo\" ]; via = [ \"hook\" ];")},
		NULL},
	{{.reminder = TO("to = [ \"manager\" ]; about = [ \"all\" ];")},
		"nudged.conf:16: warning: nobody is asked about ana, sam: no manager is given "
		"there"},
	{{.reminder = TO("to = [ \"sam\" ]; about = [ \"team:platform\" ];")}, NULL},
	{{.reminder = REMINDER(
		  "}, { id = \"tea\"; calendar = \"10:00\"; to = [ \"ana\" ]; text = \"x\";")},
		"nudged.conf:16: the reminder \"tea\" is there already, at "},
	/* reminders: what */
	{{.reminder = "calendar = \"09:00\"; to = [ \"ana\" ];"},
		"nudged.conf:15: the reminder \"tea\" says nothing"},
	{{.reminder = REMINDER("title = \"{{persn.name}}\";")},
		"nudged.conf:16: \"title\", column"},
	{{.reminder = REMINDER("title = \"{{prompt.act}}\";")},
		"nudged.conf:16: \"tea\" names a prompt, but"},
	{{.reminder = REMINDER("title = \"{{about.name}}\";")},
		"nudged.conf:16: warning: \"tea\" names whom it is about"},
	{{.reminder = REMINDER("prompts = \"none\";")},
		"nudged.conf:16: there is no prompt pack \"none\""},
	{{.reminder = REMINDER("kind = \"praktice\";")},
		"nudged.conf:16: \"kind\" cannot be \"praktice\": it is one of practice, feedback"},
	{{.reminder = REMINDER("kind = \"practice\";")},
		"nudged.conf:16: warning: practice works with a cue and one act, and \"tea\" lacks "
		"both"},
	{{.reminder = "calendar = \"09:00\"; to = [ \"ana\" ]; kind = \"practice\"; text = "
		      "\"{{focus.cue}} {{focus.act}}\";"},
		"nudged.conf:16: warning: \"tea\" takes cue and act from the focus: ana has none"},
	{{.person = "focus = ( { skill = \"x\"; cue = \"y\"; act = \"z\"; } );",
		 .reminder = "calendar = \"09:00\"; to = [ \"ana\" ]; kind = \"practice\"; text = "
			     "\"{{focus.cue}} {{focus.act}}\";"},
		NULL},
	{{.reminder = REMINDER("nudge = { after = \"3h\"; at_most = 2; escalate = \"boss\"; };")},
		"nudged.conf:16: \"escalate\": \"boss\" is neither"},
	{{.reminder = REMINDER("nudge = { after = \"3h\"; escalate = \"sam\"; };")}, NULL},
	{{.reminder = REMINDER("nudge = { at_most = 2; };")},
		"nudged.conf:16: a nudge needs the key \"after\""},
	{{.reminder = REMINDER("nudge = { after = \"3h\"; at_most = 0; };")},
		"nudged.conf:16: warning: this nudge does nothing"},
	/* hours: half past eight in the evening is never theirs */
	{{.place = "hours = \"Mon..Fri 09:00-17:00\";",
		 .reminder = "calendar = \"20:30\"; to = [ \"sam\" ]; text = \"Tea\";"},
		"nudged.conf:16: warning: \"tea\" always falls outside the hours of \"london\": "
		"\"sam\" will never get it"},
	{{.place = "hours = \"Mon..Fri 09:00-17:00\";",
		 .reminder = "calendar = \"08:30\"; to = [ \"sam\" ]; text = \"Tea\";"},
		NULL},
	{{.place = "hours = \"Mon..Fri 09:00-17:00\";",
		 .reminder = "calendar = \"20:30\"; to = [ \"sam\" ]; text = \"Tea\"; anywhere = "
			     "true;"},
		NULL},
	{{.place = "quiet = \"20:00-07:00\";",
		 .reminder = "calendar = \"20:30\"; to = [ \"sam\" ]; text = \"Tea\"; grace = "
			     "\"11h\";"},
		NULL},
};

static void each_line_that_is_wrong_is_named(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		load_lines(rows[i].lines);
		if (rows[i].expected)
			expect_said(rows[i].expected);
		else if (said.len)
			fail_msg("row %zu: expected nothing, said:\n%s", i, buf_str(&said));
	}
}

/* ---- every key of the table ---- */

/* A configuration whose only group of this section holds the one line. */
static char *write_only(const struct section *section, const char *line)
{
	static const struct {
		const struct section *section;
		const char *before, *after;
	} frames[] = {
		{&keys_top, "", ""},
		{&keys_channel, "channels = ( {", "} );"},
		{&keys_place, "places = ( {", "} );"},
		{&keys_person, "people = ( {", "} );"},
		{&keys_away, "people = ( { away = ( {", "} ); } );"},
		{&keys_focus, "people = ( { focus = ( {", "} ); } );"},
		{&keys_role, "roles = ( {", "} );"},
		{&keys_reminder, "reminders = ( {", "} );"},
		{&keys_nudge, "reminders = ( { nudge = {", "}; } );"},
		{&keys_pack_file, "", ""},
		{&keys_pack, "packs = ( {", "} );"},
		{&keys_prompt, "packs = ( { prompts = ( {", "} ); } );"},
	};

	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		if (frames[i].section == section)
			return str_printf("%s\n%s\n%s\n", frames[i].before, line, frames[i].after);
	}
	fail_msg("the section \"%s\" has no test", section->name);
	return NULL;
}

static bool is_of_packs(const struct section *section)
{
	return section == &keys_pack_file || section == &keys_pack || section == &keys_prompt;
}

/* Loads it, packs by a prompts folder; what is said begins with the name that is given. */
static const char *load_only(const struct section *section, const char *line)
{
	auto_free char *text = write_only(section, line);

	if (!is_of_packs(section)) {
		load(text);
		return "nudged.conf";
	}
	make_folder("packs.d");
	put("packs.d/a.conf", text);
	load("prompts = \"packs.d\";");
	drop("packs.d/a.conf");
	drop("packs.d");
	return "packs.d/a.conf";
}

static const struct {
	int type;
	const char *text;
} values[] = {
	{CONFIG_TYPE_GROUP, "{ }"}, {CONFIG_TYPE_INT, "7"}, {CONFIG_TYPE_FLOAT, "1.5"},
	{CONFIG_TYPE_STRING, "\"x\""}, {CONFIG_TYPE_BOOL, "true"},
	{CONFIG_TYPE_LIST, "( 1 )"}, /* as an element it is wrong in every list */
};

static int right_type(const struct key *key)
{
	switch (key->type) {
	case KEY_INT:
		return CONFIG_TYPE_INT;
	case KEY_BOOL:
		return CONFIG_TYPE_BOOL;
	case KEY_MAP:
	case KEY_GROUP:
		return CONFIG_TYPE_GROUP;
	case KEY_WORDS:
	case KEY_GROUPS:
		return CONFIG_TYPE_NONE;
	default:
		return CONFIG_TYPE_STRING;
	}
}

static void check_types_of(const struct section *section, const struct key *key)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		auto_free char *line = str_printf("%s = %s;", key->name, values[i].text);
		auto_free char *expected = NULL;
		const char *file;

		if (values[i].type == right_type(key))
			continue;
		file = load_only(section, line);
		expected = str_printf("%s:2: \"%s\" must be ", file, key->name);
		expect_said(expected);
	}
}

static void every_key_refuses_every_wrong_type(void **state)
{
	for (size_t i = 0; keys_sections[i]; i++) {
		for (size_t j = 0; j < keys_sections[i]->count; j++) {
			const struct key *key = &keys_sections[i]->keys[j];

			if (!(key->flags & KEY_LATER))
				check_types_of(keys_sections[i], key);
		}
	}
}

static void every_key_that_is_not_built_says_so(void **state)
{
	for (size_t i = 0; keys_sections[i]; i++) {
		for (size_t j = 0; j < keys_sections[i]->count; j++) {
			const struct key *key = &keys_sections[i]->keys[j];
			auto_free char *line = str_printf("%s = \"x\";", key->name);
			auto_free char *expected =
				str_printf("nudged.conf:2: \"%s\" is not built into", key->name);

			if (!(key->flags & KEY_LATER))
				continue;
			load_only(keys_sections[i], line);
			expect_said(expected);
		}
	}
}

static void every_section_knows_the_key_that_was_meant(void **state)
{
	for (size_t i = 0; keys_sections[i]; i++) {
		const struct section *section = keys_sections[i];
		const char *name = section->keys[section->count > 1 ? 1 : 0].name;
		auto_free char *line = str_printf("%sq = 1;", name);
		auto_free char *expected = str_printf("unknown key \"%sq\"", name);
		auto_free char *meant = str_printf("did you mean \"%s\"?", name);

		if (section == &keys_channel)
			continue; /* without a plugin nobody knows its keys; see the rows */
		load_only(section, line);
		expect_said(expected);
		expect_said(meant);
	}
}

/* ---- files ---- */

static void put_good(mode_t mode)
{
	auto_free char *text = write_config(&(struct lines){0});

	put_bytes("nudged.conf", text, strlen(text), mode);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
	drop("nudged.conf");
	load_with(false);
	expect_said("nudged.conf: cannot read");
	expect_said("No such file");
	make_folder("nudged.conf");
	load_with(false);
	expect_said("it is a folder");
	drop("nudged.conf");
	load("");
	expect_said("nudged.conf: the file is empty");
	load("# only a comment\n");
	expect_said("nudged.conf: the file is empty");
}

static void what_is_no_text_is_refused_with_its_line(void **state)
{
	put_bytes("nudged.conf", "a = 1;\nb = \0 2;\n", 16, 0600);
	load_with(false);
	expect_said("nudged.conf:2: this is no text: it holds a NUL byte in column 5");
	load("timezone = \"UTC\";\n# caf\xE9\n");
	expect_said("nudged.conf:2: this line is not valid UTF-8");
	load("\xEF\xBB\xBFtimezone = \"UTC\";\n");
	expect_good();
	load("timezone = \"UTC\";\r\nstore = \"memory\";\r\n");
	expect_good();
	load("timezone = \"UTC;\n");
	expect_said("nudged.conf:1: the text that begins here has no closing quote");
	load("/* never\nended\n");
	expect_said("nudged.conf:1: the comment that begins here has no end");
	load("timezone = \"UTC\"\n\n;;\nstore = ;\n");
	expect_said("syntax error");
	load("keep = \"90d\";\nkeep = \"91d\";\n");
	expect_said("nudged.conf:2: duplicate setting name");
}

static void a_truncated_file_is_refused_wherever_it_ends(void **state)
{
	auto_free char *text = write_config(&(struct lines){0});
	size_t last = strlen(text) - strlen(" );\n");

	for (size_t len = strlen("\nchannels"); len < last; len += 7) {
		auto_free char *part = str_new_n(text, len);

		load(part);
		if (model) /* it ends where a list does */
			expect_said("there are no reminders");
	}
}

static void what_is_too_large_or_too_deep_is_refused(void **state)
{
	size_t len = 50 << 20;
	char *text = mem_new(len);
	char deep[] = "x = "
		      "((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))"
		      ")))));\n";
	struct buf wide = BUF_MAX(1 << 20);

	memset(text, ' ', len);
	put_bytes("nudged.conf", text, len, 0600);
	free(text);
	load_with(false);
	expect_said("it is too large");
	load(deep);
	expect_said("nudged.conf:1: brackets are nested deeper than 16 levels");
	for (int i = 0; i < 2000; i++)
		buf_printf(&wide, "k%d = 1;\n", i);
	load(buf_str(&wide));
	buf_free(&wide);
	expect_said("more than 1000 settings in one group");
}

static void what_others_could_have_written_is_not_read(void **state)
{
	put_good(0666);
	load_with(false);
	expect_said("it can be written by others: chmod go-w it");
	put_good(0660);
	load_with(false);
	expect_said("it can be written by others");
	put_good(0644);
	load_with(false);
	expect_good();
	assert_int_equal(chmod(scratch, 0777), 0);
	load_with(false);
	expect_said("can be written by others: chmod go-w it");
	assert_int_equal(chmod(scratch, 01777), 0);
	load_with(false);
	expect_good();
	assert_int_equal(chmod(scratch, 0700), 0);
	if (geteuid() != 0)
		return;
	put_good(0644);
	{
		auto_free char *path = path_of("nudged.conf");

		assert_int_equal(chown(path, 12345, 0), 0);
	}
	load_with(false);
	expect_said("it belongs to user 12345, not to root or to us");
}

static void drop_ins_are_read_in_order_of_name(void **state)
{
	make_folder("conf.d");
	put("conf.d/20-late.conf",
		"daily_limit = 7;\npeople = ( { id = \"zoe\"; via = [ \"hook\" ]; } );\n");
	put("conf.d/10-early.conf", "daily_limit = 5;\nkeep = \"30d\";\n");
	put("conf.d/notes.txt", "this is not read");
	put("conf.d/.30-hidden.conf", "nor is this");
	load_lines((struct lines){0});
	expect_good();
	assert_int_equal(model->daily_limit, 7);
	assert_int_equal(model->keep_s, 30 * 86400);
	assert_int_equal(model->n_people, 3);
	assert_string_equal(model->people[2]->id, "zoe");
	assert_true(str_ends(model->people[2]->where.file, "conf.d/20-late.conf"));
	put("conf.d/10-early.conf", "daily_limit = 5000;\n\nkep = 1;\n");
	put("conf.d/20-late.conf", "daily_limit = -7;\n");
	load_lines((struct lines){.top = "store = \"x\";"});
	assert_string_equal(buf_str(&said),
		"nudged.conf:1: \"store\" cannot be \"x\": it is \"sqlite\" or \"memory\"\n"
		"conf.d/10-early.conf:1: \"daily_limit\" must be 0 to 1000\n"
		"conf.d/10-early.conf:3: unknown key \"kep\" in the file; did you mean \"keep\"?\n"
		"conf.d/20-late.conf:1: \"daily_limit\" must be 0 to 1000\n");
	drop("conf.d/notes.txt");
	drop("conf.d/.30-hidden.conf");
	drop("conf.d/10-early.conf");
	drop("conf.d/20-late.conf");
	drop("conf.d");
}

/* ---- secrets ---- */

static const char *setting_secret(const char *channel, const char *name)
{
	const struct channel *found = model_channel(model, channel);

	for (size_t i = 0; found && i < found->n_settings; i++) {
		if (str_eq(found->settings[i].name, name) && found->settings[i].secret)
			return secret_reveal(found->settings[i].secret);
	}
	return NULL;
}

static void secrets_come_from_credentials_and_private_files(void **state)
{
	struct lines lines = {.channel = "secret = \"credential:key\";"};

	make_folder("credentials");
	put("credentials/key", "open sesame\n");
	{
		auto_free char *folder = path_of("credentials");

		setenv("CREDENTIALS_DIRECTORY", folder, 1);
	}
	load_lines(lines);
	expect_good();
	assert_string_equal(setting_secret("hook", "secret"), "open sesame");
	drop("credentials/key");
	load_lines(lines);
	expect_said("nudged.conf:3: \"secret\": cannot read the credential key");
	put("credentials/key", "two\nlines\n");
	load_lines(lines);
	expect_said("is not one line of text");
	put("credentials/key", "\n");
	load_lines(lines);
	expect_said("is empty");
	unsetenv("CREDENTIALS_DIRECTORY");
	drop("credentials/key");
	drop("credentials");
	lines.channel = "secret = \"file:key\";";
	put("key", "open sesame");
	load_lines(lines);
	expect_good();
	assert_string_equal(setting_secret("hook", "secret"), "open sesame");
	put_bytes("key", "x", 1, 0644);
	load_lines(lines);
	expect_said("others can read");
	drop("key");
}

static void without_credentials_a_check_looks_at_the_form_only(void **state)
{
	auto_free char *text =
		write_config(&(struct lines){.channel = "secret = \"credential:key\";"});

	put("nudged.conf", text);
	load_with(true);
	expect_good();
	assert_null(setting_secret("hook", "secret"));
}

static void a_secret_written_out_needs_a_private_file(void **state)
{
	static const struct {
		const char *line;
		bool is_secret;
	} urls[] = {
		{"secret = \"open\";", true},
		{"}, { id = \"a\"; plugin = \"webhook\"; url = \"https://x.example/in\";", false},
		{"}, { id = \"a\"; plugin = \"webhook\"; url = \"https://u:p@x.example/in\";",
			true},
		{"}, { id = \"a\"; plugin = \"webhook\"; url = \"https://x.example/in?sig=1\";",
			true},
		{"}, { id = \"a\"; plugin = \"webhook\"; url = "
		 "\"https://x.example/T01/B01/abcdefghijklmnopqrstuvwx\";",
			true},
		{"}, { id = \"a\"; plugin = \"webhook\"; dialect = \"slack\"; url = "
		 "\"https://x.example/in\";",
			true},
		{"}, { id = \"a\"; plugin = \"webhook\"; dialect = \"slack\"; url = "
		 "\"http://[::1]:80/in\";",
			false},
		{"}, { id = \"a\"; plugin = \"webhook\"; url = \"http://127.0.0.1.x.example/?a\";",
			true},
		{"}, { id = \"a\"; plugin = \"email\"; url = \"smtp://mail.example:587\";", false},
		{"proxy = \"http://u:p@127.0.0.1:3128\";", true},
		{"proxy = \"http://127.0.0.1:3128\";", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		auto_free char *text = write_config(&(struct lines){.channel = urls[i].line});

		put_bytes("nudged.conf", text, strlen(text), 0644);
		load_with(false);
		if (urls[i].is_secret)
			expect_said("is a secret in a file that others can read");
		else
			expect_good();
		put("nudged.conf", text);
		load_with(false);
		expect_good();
		assert_true(urls[i].is_secret == (strstr(buf_str(&said), "written out") != NULL));
	}
}

static void no_complaint_shows_a_secret(void **state)
{
	load_lines((struct lines){.top = "link_key = \"canary\";",
		.channel =
			"secret = \"canary\\n\"; }, { id = \"b\"; plugin = \"webhook\"; secret = "
			"\"canary\"; url = \"https://canary:canary@x.example/?canary\";"});
	assert_null(model);
	assert_null(strstr(buf_str(&said), "canary"));
}

/* ---- people in bulk ---- */

static void load_people(const char *csv)
{
	put("people.csv", csv);
	load_lines((struct lines){.top = "people_file = \"people.csv\";"});
	drop("people.csv");
}

static void people_come_from_a_file_of_comma_separated_values(void **state)
{
	const struct person *person;

	load_people("\xEF\xBB\xBF"
		    "id,name,place,teams,manager,via,via_all,address.mail\r\n"
		    "\"ann\",\"Ann \"\"A\"\" Other, Ms\",london,\"web  core\",sam,hook "
		    "mail,true,a@x.example\r\n"
		    "\r\n"
		    "ben,,,,,,,\n"
		    "cy,Cy,,web,ann,hook,false,");
	expect_good();
	assert_int_equal(model->n_people, 5);
	person = model_person(model, "ann");
	assert_string_equal(person->name, "Ann \"A\" Other, Ms");
	assert_string_equal(person->place->id, "london");
	assert_int_equal(person->n_teams, 2);
	assert_true(person_in_team(person, model_team(model, "core")));
	assert_ptr_equal(person->manager, model_person(model, "sam"));
	assert_int_equal(person->n_via, 2);
	assert_true(person->via_all);
	assert_string_equal(person_address(person, model_channel(model, "mail")), "a@x.example");
	person = model_person(model, "ben");
	assert_string_equal(person->name, "ben");
	assert_int_equal(person->where.line, 4);
	assert_ptr_equal(model_person(model, "cy")->manager, model_person(model, "ann"));
}

static void what_is_wrong_in_the_people_file_has_its_line(void **state)
{
	static const struct {
		const char *csv, *expected;
	} files[] = {
		{"", "people.csv: the file is empty"},
		{"name\nAnn\n", "people.csv:1: the header has no column \"id\""},
		{"id,nme\nann,Ann\n",
			"people.csv:1: unknown key \"nme\" in a person; did you mean \"name\"?"},
		{"id,focus\nann,x\n", "people.csv:1: \"focus\" cannot be a column"},
		{"id,address\nann,x\n",
			"people.csv:1: \"address\" cannot be a column: write address.CHANNEL"},
		{"id,id\nann,ann\n", "people.csv:1: the column \"id\" is there twice"},
		{"id,language\nann,cy\n",
			"people.csv:1: \"language\" is not built into this release"},
		{"id,name\nann,Ann,x\n", "people.csv:2: 3 fields, where the header names 2"},
		{"id,name\n\nann\n", "people.csv:3: 1 fields, where the header names 2"},
		{"id,name\n,Ann\n", "people.csv:2: a person needs the key \"id\""},
		{"id,name\nann,\"A\nB\"\nben,\"B\n",
			"people.csv:4: the quote that begins here is never closed"},
		{"id,name\nann,\"A\nB\"\n", "people.csv:2: \"name\" holds more than one line"},
		{"id,name\nann,\"A\"B\n",
			"people.csv:2: after the closing quote a comma must follow"},
		{"id,place\nann,lodnon\n",
			"people.csv:2: there is no place \"lodnon\" (did you mean \"london\"?)"},
		{"id,via\nann,hook hok\n", "people.csv:2: \"via\": there is no channel \"hok\""},
		{"id,via\nann,mail\n",
			"people.csv:2: \"ann\" has no address on the channel \"mail\""},
		{"id,via_all\nann,perhaps\n", "people.csv:2: \"via_all\" must be true or false"},
		{"id\nana\n", "people.csv:2: the person \"ana\" is there already, at "},
		{"id,address.post\nann,x\n",
			"people.csv:2: \"address\": there is no channel \"post\""},
		{"id,name\nann,\xFF\n", "people.csv:2: \"name\" is not valid UTF-8"},
		{"id,name\nAnn,Ann\n", "people.csv:2: \"id\" cannot be \"Ann\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		load_people(files[i].csv);
		expect_said(files[i].expected);
	}
}

/* ---- prompt packs ---- */

static void prompt_packs_come_from_their_folder(void **state)
{
	make_folder("packs.d");
	put("packs.d/a.conf", "packs = ( { id = \"mentor\"; summary = \"S\"; prompts = (\n"
			      "{ id = \"one\"; title = \"T\"; cue = \"C\"; act = \"A\"; },\n"
			      "{ id = \"two\"; question = \"Q, {{about.name}}?\"; } ); } );\n");
	load_lines((struct lines){.top = "prompts = \"packs.d\";",
		.reminder = "calendar = \"09:00\"; to = [ \"ana\" ]; prompts = \"mentor\";"});
	expect_good();
	assert_int_equal(model_pack(model, "mentor")->count, 2);
	assert_non_null(model->reminders[0]->prompts);
	assert_null(model_pack(model, "mentor")->prompts[1].act);
	put("packs.d/a.conf",
		"packs = ( { id = \"mentor\"; prompts = (\n"
		"{ id = \"one\"; title = \"T\"; },\n"
		"{ id = \"one\"; act = \"{{nobody}}\"; } ); },\n"
		"{ id = \"bare\"; prompts = ( ); }, { id = \"mentor\"; prompts = ( ); } );\n");
	load("prompts = \"packs.d\";");
	expect_said("packs.d/a.conf:2: the prompt \"one\" needs an \"act\" or a \"question\"");
	expect_said("packs.d/a.conf:3: the prompt \"one\" is in this pack already");
	expect_said("packs.d/a.conf:3: \"act\", column ");
	expect_said("packs.d/a.conf:4: the pack \"bare\" has no prompts");
	expect_said("packs.d/a.conf:4: the prompt pack \"mentor\" is there already");
	drop("packs.d/a.conf");
	drop("packs.d");
}

/* ---- who ---- */

static void expect_pairs(const char *to, const char *about, const char *expected)
{
	struct buf pairs = BUF_MAX(4096);
	auto_free char *line =
		str_printf("calendar = \"09:00\"; text = \"Tea\"; via = [ \"hook\" ]; "
			   "to = [ %s ]; %s%s%s",
			to, about ? "about = [ " : "", OR_NOTHING(about), about ? " ];" : "");

	load_lines((struct lines){.reminder = line,
		.person = "manager = \"sam\"; }, { id = \"bo\"; teams = [ \"platform\" ]; role = "
			  "\"lead\"; "
			  "manager = \"sam\"; partner = \"ana\"; },\n{ id = \"cy\"; manager = "
			  "\"bo\";"});
	expect_good();
	for (size_t i = 0; i < model->reminders[0]->n_pairs; i++) {
		const struct pair *pair = &model->reminders[0]->pairs[i];

		buf_printf(&pairs, "%s%s/%s", i ? " " : "", model->people[pair->recipient]->id,
			model->people[pair->subject]->id);
	}
	assert_string_equal(buf_str(&pairs), expected);
	buf_free(&pairs);
}

static void recipients_and_subjects_become_sorted_pairs(void **state)
{
	size_t count;

	/* People are, in this order: ana, bo, cy, sam. */
	expect_pairs("\"ana\"", NULL, "ana/ana");
	expect_pairs("\"sam\", \"ana\", \"team:platform\"", NULL, "ana/ana bo/bo sam/sam");
	expect_pairs("\"all\"", NULL, "ana/ana bo/bo cy/cy sam/sam");
	expect_pairs("\"role:lead\"", NULL, "bo/bo");
	expect_pairs("\"manager\"", "\"all\"", "bo/cy sam/ana sam/bo");
	expect_pairs("\"manager\", \"partner\"", "\"team:platform\"", "ana/bo sam/ana sam/bo");
	expect_pairs("\"self\"", "\"cy\", \"ana\"", "ana/ana cy/cy");
	expect_pairs("\"cy\", \"sam\", \"manager\"", "\"ana\"", "cy/ana sam/ana");
	expect_pairs("\"room:chat\"", NULL, "");
	expect_pairs("\"manager\"", "\"all\"", "bo/cy sam/ana sam/bo");
	assert_non_null(reminder_pairs_of(model->reminders[0], model_person(model, "sam"), &count));
	assert_int_equal(count, 2);
	assert_null(reminder_pairs_of(model->reminders[0], model_person(model, "ana"), &count));
	assert_int_equal(count, 0);
}

/* ---- the whole ---- */

static void a_good_configuration_becomes_its_model(void **state)
{
	const struct reminder *reminder;
	const struct channel *hook;

	load_lines((struct lines){.top = "timezone = \"Europe/Berlin\"; state = \"st\"; control = "
					 "\"/run/x\"; listen = "
					 "\"127.0.0.1:80\";",
		.channel = "rate = \"60/min\"; expire = \"2h\"; retry_base = \"500ms\"; secret = "
			   "\"open\";",
		.person = "focus = ( { skill = \"x\"; from = \"2026-10-01\"; until = "
			  "\"2026-12-31\"; } ); "
			  "away = ( { from = \"2026-12-20\"; until = \"2027-01-03\"; } ); name = "
			  "\"Ana Ruiz\";",
		.reminder = "kind = \"checkin\"; calendar = \"Mon..Fri 09:00\"; to = [ \"ana\", "
			    "\"room:chat\" ];\n"
			    "place = \"london\"; title = \"T\"; text = \"X\"; grace = \"2h\"; "
			    "jitter = \"5min\";\n"
			    "catch_up = \"none\"; priority = 5; nudge = { after = \"3h\"; at_most "
			    "= 2; escalate = "
			    "\"mentor\"; };"});
	expect_good();
	assert_string_equal(zone_name(model->places[0]->zone), "Europe/Berlin");
	assert_null(model->places[0]->id);
	assert_true(str_starts(model->state, scratch) && str_ends(model->state, "/st"));
	assert_string_equal(model->control, "/run/x");
	assert_string_equal(model->public_url, "http://127.0.0.1:80");
	assert_int_equal(model->daily_limit, 3);
	hook = model_channel(model, "hook");
	assert_true(hook->rate == 1 && hook->expire_s == 7200 && hook->retry_base_ms == 500);
	assert_true(model_channel(model, "mail")->rate < 0);
	assert_true(model_channel(model, "chat")->is_room);
	assert_true(model_channel(model, "mail")->needs_address);
	assert_string_equal(setting_secret("hook", "url"), "http://127.0.0.1/");
	assert_ptr_equal(model_person(model, "ana")->place, model->places[0]);
	assert_ptr_equal(model_person(model, "sam")->place, model_place(model, "london"));
	assert_non_null(person_focus(model_person(model, "ana"), date_from_ymd(2026, 12, 31)));
	assert_null(person_focus(model_person(model, "ana"), date_from_ymd(2027, 1, 1)));
	assert_true(person_is_away(model_person(model, "ana"), date_from_ymd(2027, 1, 3)));
	assert_false(person_is_away(model_person(model, "ana"), date_from_ymd(2027, 1, 4)));
	reminder = model_reminder(model, "tea");
	assert_int_equal(reminder->kind, KIND_CHECKIN);
	assert_int_equal(reminder->n_pairs, 1);
	assert_int_equal(reminder->n_rooms, 1);
	assert_string_equal(reminder->place->id, "london");
	assert_true(reminder->grace_s == 7200 && reminder->jitter_s == 300);
	assert_int_equal(reminder->catch_up, CATCH_UP_NONE);
	assert_int_equal(reminder->priority, 5);
	assert_int_equal(reminder->nudge.escalate_relation, RELATION_MENTOR);
	assert_int_equal(reminder->nudge.after_s, 3 * 3600);
	assert_int_equal(reminder->where.line, 15);
}

static int64_t hash_of(struct lines lines)
{
	load_lines(lines);
	expect_good();
	return model->reminders[0]->changed_hash;
}

static void a_reminders_hash_changes_with_when_and_to_whom(void **state)
{
	static const struct lines others[] = {
		{.reminder = "calendar = \"09:01\"; to = [ \"ana\" ]; text = \"Tea\";"},
		{.reminder = TO("to = [ \"ana\", \"sam\" ];")},
		{.reminder = TO("to = [ \"room:chat\" ];")},
		{.reminder = REMINDER("grace = \"2h\";")},
		{.reminder = REMINDER("except = [ \"2026-12-24\" ];")},
		{.reminder = REMINDER("until = \"2027-12-24\";")},
		{.reminder = REMINDER("via = [ \"hook\" ];")},
		{.reminder = REMINDER("nudge = { after = \"3h\"; };")},
		{.person = "place = \"london\";"},
	};
	int64_t hash = hash_of((struct lines){0});

	assert_true(hash == hash_of((struct lines){0}));
	assert_true(hash == hash_of((struct lines){.reminder = REMINDER("title = \"T\";")}));
	assert_true(hash == hash_of((struct lines){.place = "}, { id = \"paris\";"}));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(hash != hash_of(others[i]));
}

static void all_complaints_come_at_once_in_order_and_have_a_ceiling(void **state)
{
	struct buf text = BUF_MAX(1 << 20);
	size_t lines = 0;

	load_lines((struct lines){.top = "stor = 1;",
		.channel = "rat = 1;",
		.place = "hour = 1;",
		.person = "plce = 1;",
		.reminder =
			"calendar = \"x\"; to = [ \"nobody\" ]; text = \"{{x}}\"; gracee = 1;"});
	expect_said("nudged.conf:1: ");
	assert_true(strstr(buf_str(&said), "nudged.conf:1: ") <
		    strstr(buf_str(&said), "nudged.conf:3: "));
	assert_true(strstr(buf_str(&said), "nudged.conf:3: ") <
		    strstr(buf_str(&said), "nudged.conf:8: "));
	assert_true(strstr(buf_str(&said), "nudged.conf:8: ") <
		    strstr(buf_str(&said), "nudged.conf:11: "));
	assert_true(strstr(buf_str(&said), "nudged.conf:11: ") <
		    strstr(buf_str(&said), "nudged.conf:16: "));
	buf_add_str(&text, "people = (\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "%s{ id = \"p%d\"; manager = \"q%d\"; }\n", i ? "," : "", i, i);
	buf_add_str(&text, ");\n");
	load(buf_str(&text));
	buf_free(&text);
	for (const char *at = buf_str(&said); *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 1000);
}

static void more_than_ten_thousand_reminders_are_refused(void **state)
{
	struct buf text = BUF_MAX(4 << 20);

	buf_add_str(&text, "reminders = (\n");
	for (int i = 0; i <= 10000; i++)
		buf_printf(&text,
			"%s{ id = \"r%d\"; calendar = \"09:00\"; to = [ \"all\" ]; text = \"x\"; "
			"}\n",
			i ? "," : "", i);
	buf_add_str(&text, ");\n");
	load(buf_str(&text));
	buf_free(&text);
	expect_said("nudged.conf:10002: more than 10000 reminders");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_that_is_wrong_is_named),
		cmocka_unit_test(every_key_refuses_every_wrong_type),
		cmocka_unit_test(every_key_that_is_not_built_says_so),
		cmocka_unit_test(every_section_knows_the_key_that_was_meant),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
		cmocka_unit_test(what_is_no_text_is_refused_with_its_line),
		cmocka_unit_test(a_truncated_file_is_refused_wherever_it_ends),
		cmocka_unit_test(what_is_too_large_or_too_deep_is_refused),
		cmocka_unit_test(what_others_could_have_written_is_not_read),
		cmocka_unit_test(drop_ins_are_read_in_order_of_name),
		cmocka_unit_test(secrets_come_from_credentials_and_private_files),
		cmocka_unit_test(without_credentials_a_check_looks_at_the_form_only),
		cmocka_unit_test(a_secret_written_out_needs_a_private_file),
		cmocka_unit_test(no_complaint_shows_a_secret),
		cmocka_unit_test(people_come_from_a_file_of_comma_separated_values),
		cmocka_unit_test(what_is_wrong_in_the_people_file_has_its_line),
		cmocka_unit_test(prompt_packs_come_from_their_folder),
		cmocka_unit_test(recipients_and_subjects_become_sorted_pairs),
		cmocka_unit_test(a_good_configuration_becomes_its_model),
		cmocka_unit_test(a_reminders_hash_changes_with_when_and_to_whom),
		cmocka_unit_test(all_complaints_come_at_once_in_order_and_have_a_ceiling),
		cmocka_unit_test(more_than_ten_thousand_reminders_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
