/* Loading a configuration: what is accepted becomes the model it should, and whatever is wrong in it
 * is said with file and line, all of it at once. */
#include "config_fixture.h"

#define REMINDER(rest) "calendar = \"09:00\"; to = [ \"ana\" ]; text = \"Tea\"; " rest
#define RRULE(rest)                                                                                \
	"rrule = \"FREQ=DAILY\"; start = \"2026-12-01T09:00\"; to = [ \"ana\" ]; text = "          \
	"\"Tea\"; " rest
#define FOCI(one, other) "focus = ( { skill = \"a\"; " one " }, { skill = \"b\"; " other " } );"
#define DIGEST(rest) "calendar = \"09:00\"; to = [ \"ana\" ]; kind = \"digest\"; " rest
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
	{{.top = "vision = \"x\";"}, NULL},
	{{.top = "vision = \"x\";", .reminder = TO("to = [ \"ana\" ]; title = \"{{vision}}\";")},
		NULL},
	{{.reminder = TO("to = [ \"ana\" ]; title = \"{{vision}}\";")},
		"nudged.conf:16: warning: \"tea\" quotes the vision, but the file has no "
		"\"vision\""},
	{{.reminder = TO("to = [ \"ana\" ]; title = \"{{#vision}}{{vision}}{{/vision}}\";")}, NULL},
	{{.top = "alert_via = \"hook\";"}, NULL},
	{{.top = "alert_via = [ \"chat\", \"mail:ops@example.org\" ];"}, NULL},
	{{.top = "alert_via = [];"}, NULL},
	{{.top = "alert_via = 1;"},
		"nudged.conf:1: \"alert_via\" must be text, or a list of texts: [ \"...\", "},
	{{.top = "alert_via = [ 1 ];"}, "nudged.conf:1: \"alert_via\" must be text, or a list"},
	{{.top = "alert_via = \"\";"}, "nudged.conf:1: \"alert_via\" is empty"},
	{{.top = "alert_via = \"hok\";"}, "nudged.conf:1: \"alert_via\": there is no channel "
					  "\"hok\" (did you mean \"hook\"?)"},
	{{.top = "alert_via = \":x\";"}, "nudged.conf:1: \"alert_via\": there is no channel \"\""},
	{{.top = "alert_via = \"hook:ops\";"}, "nudged.conf:1: \"alert_via\": the channel \"hook\" "
					       "takes no address: write \"hook\""},
	{{.top = "alert_via = \"mail\";"}, "nudged.conf:1: \"alert_via\": the channel \"mail\" "
					   "needs an address: write \"mail:ADDRESS\""},
	{{.top = "alert_via = \"mail:ops\";"},
		"nudged.conf:1: \"alert_via\": the address \"ops\" for mail: it has no @"},
	{{.top = "alert_via = \"mail:\";"},
		"nudged.conf:1: \"alert_via\": the address \"\" for mail: it has no @"},
	{{.top = "alert_via = [ \"hook\", \"hook\" ];"},
		"nudged.conf:1: \"alert_via\": \"hook\" is there twice"},
	{{.top = "alert_via = [ \"mail:a@b\", \"mail:c@b\" ];"}, NULL},
	{{.top = "heartbeat_url = \"https://hc.example.org/ping/1\";"},
		"nudged.conf:1: warning: \"heartbeat_url\" is a secret written out"},
	{{.top = "heartbeat_url = \"hc.example.org\";"},
		"nudged.conf:1: \"heartbeat_url\" is no URL that begins with https://"},
	{{.top = "heartbeat_url = \"http://hc.example.org/\";"},
		"nudged.conf:1: \"heartbeat_url\" must begin with https://: http:// needs "
		"heartbeat_allow_private = true"},
	{{.top = "heartbeat_url = \"https://\";"}, "nudged.conf:1: \"heartbeat_url\" is no URL\n"},
	{{.top = "heartbeat_url = \"https://:443/\";"},
		"nudged.conf:1: \"heartbeat_url\" is no URL\n"},
	{{.top = "heartbeat_url = \"https://a.example/b c\";"},
		"nudged.conf:1: \"heartbeat_url\" is no URL\n"},
	{{.top = "heartbeat_url = \"https://me:pass@a.example/\";"},
		"nudged.conf:1: \"heartbeat_url\" cannot hold a user name"},
	{{.top = "heartbeat_url = [ \"https://a.example/\" ];"},
		"nudged.conf:1: \"heartbeat_url\" must be text"},
	{{.top = "heartbeat_every = \"30s\";"},
		"nudged.conf:1: warning: \"heartbeat_every\" has no use without \"heartbeat_url\""},
	{{.top = "heartbeat_allow_private = true;"},
		"nudged.conf:1: warning: \"heartbeat_allow_private\" has no use without"},
	{{.top = "heartbeat_every = \"9s\";"}, "nudged.conf:1: \"heartbeat_every\" must be 10s to"},
	{{.top = "heartbeat_every = \"25h\";"},
		"nudged.conf:1: \"heartbeat_every\" must be 10s to"},
	{{.top = "focus_limit = -1;"}, "nudged.conf:1: \"focus_limit\" must be 0 to 100"},
	{{.top = "listen_admin = \"x\";"},
		"nudged.conf:1: \"listen_admin\" cannot be \"x\": write \"unix:"},
	{{.top = "listen_admin = \"unix:admin\";"}, "nudged.conf:1: \"listen_admin\" cannot be"},
	{{.top = "listen_admin = \"192.0.2.1:8931\";"},
		"nudged.conf:1: \"listen_admin\" cannot be \"192.0.2.1:8931\": metrics and the "
		"organiser's page are for this machine alone"},
	{{.top = "listen_admin = \"[::]:8931\";"},
		"nudged.conf:1: \"listen_admin\" cannot be \"[::]:8931\": metrics"},
	{{.top = "listen = \"127.0.0.1:8930\"; listen_admin = \"127.0.0.1:8930\";"},
		"nudged.conf:1: \"listen_admin\" is the address of \"listen\""},
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
	{{.place = "holidays = [ \"gb.ics\" ];"}, "nudged.conf:8: cannot read "},
	{{.place = "holidays = \"gb.ics\";"}, "nudged.conf:8: \"holidays\" must be a list"},
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
	{{.person = "language = \"pt_BR\";"}, "nudged.conf:11: \"language\" cannot be \"pt_BR\": "
					      "write the tag of a language, such "
					      "as \"de\" or \"pt-BR\""},
	{{.person = "language = 7;"}, "nudged.conf:11: \"language\" must be the tag of a language "
				      "as text, such as \"de\""},
	{{.top = "language = \"English\";"}, "nudged.conf:1: \"language\" cannot be \"English\""},
	{{.reminder = REMINDER("language = \"\";")}, "\"language\" is empty"},
	{{.top = "roles = ( { id = \"backend\"; objectives = [ \"x\" ]; } );",
		 .person = "role = \"bakend\";"},
		"nudged.conf:11: there is no role \"bakend\" (did you mean \"backend\"?)"},
	{{.top = "roles = ( { id = \"backend\"; objectives = [ \"x\" ]; } );",
		 .person = "role = \"backend\";"},
		"nudged.conf:12: warning: neither objectives by role nor a focus: sam"},
	{{.top = "roles = ( { id = \"backend\"; objectives = [ \"x\" ]; } );",
		 .person = "focus = ( { skill = \"a\"; } );"},
		"nudged.conf:1: warning: nobody has the role \"backend\": nobody works on its "
		"objectives"},
	{{.top = "roles = ( { id = \"backend\"; mentored = true; } );",
		 .person = "role = \"backend\"; focus = ( { skill = \"a\"; } );"},
		"nudged.conf:10: warning: no mentor, which their role asks for: ana"},
	{{.top = "roles = ( { id = \"lead\"; objectives = [ \"x\" ]; mentored = true; } );",
		 .person =
			 "role = \"lead\"; mentor = \"sam\"; }, { id = \"kim\"; role = \"lead\";"},
		"nudged.conf:11: warning: no mentor, which their role asks for: kim"},
	{{.person = FOCI("until = \"2026-12-10\";", "from = \"2026-12-11\";")}, NULL},
	{{.person = FOCI("until = \"2026-12-10\";", "from = \"2026-12-10\";")},
		"nudged.conf:10: warning: more foci on one date than focus_limit = 1: ana"},
	{{.person = FOCI("", "")}, "nudged.conf:10: warning: more foci on one date"},
	{{.person = FOCI("from = \"2027-01-01\";", "until = \"2026-12-31\";")}, NULL},
	{{.top = "focus_limit = 2;", .person = FOCI("", "")}, NULL},
	{{.top = "focus_limit = 0;", .person = FOCI("", "")}, NULL},
	/* reminders: when */
	{{.reminder = "to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:15: the reminder \"tea\" needs a schedule"},
	{{.reminder = REMINDER("every = \"1h\";")},
		"nudged.conf:16: a reminder has one schedule: \"calendar\" is given already"},
	{{.reminder = "calendar = \"Mon..Fry 09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"calendar\", column"},
	{{.reminder = "calendar = \"*-02-30 09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"calendar\""},
	{{.reminder = "cron = \"0 9 * * FRI-MON\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"cron\", column 9: day of week: a range rises"},
	{{.reminder = "to = [ \"ana\" ]; text = \"Tea\";\ncron = \"0 9 1 * MON\";"},
		"nudged.conf:17: warning: \"cron\": fires on these days of the month and"},
	{{.reminder = "cron = \"0 9 1 * +MON\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = "when = \"weekdays at 9:00\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = "when = \"weekdays at 9\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"when\", column 13: \"9\" may be morning or evening"},
	{{.reminder = "when = \"every 3 days at 9:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: warning: \"when\": counted from Monday 5 January 1970"},
	{{.reminder = "every = \"2 weeks\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: \"every\""},
	{{.reminder = "every = \"90min\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = "at = \"2020-01-01T09:00\"; to = [ \"ana\" ]; text = \"Tea\";"},
		"nudged.conf:16: warning: \"tea\" lies in the past"},
	{{.reminder = "at = \"2027-01-01T09:00\"; to = [ \"ana\" ]; text = \"Tea\";"}, NULL},
	{{.reminder = REMINDER("except = [ \"2026-12-24..2026-12-20\" ];")},
		"nudged.conf:16: \"except\" cannot be"},
	{{.reminder = RRULE("rdate = [ \"2026-12-24T18:00\", \"2026-12-25 18:00:30\" ]; "
			    "exdate = [ \"2026-12-24T09:00\" ];")},
		NULL},
	{{.reminder = REMINDER("rdate = [ \"2026-12-24T18:00\" ];")},
		"nudged.conf:16: \"rdate\" belongs to rrule only"},
	{{.reminder = REMINDER("\nexdate = [];")},
		"nudged.conf:17: \"exdate\" belongs to rrule only"},
	{{.reminder = RRULE("rdate = [ \"2026-12-24T18:00\",\n\"2026-12-25T18:00Z\" ];")},
		"nudged.conf:17: \"rdate\" cannot be \"2026-12-25T18:00Z\": write a local time "
		"such as "
		"2026-12-24T18:00, without Z or an offset\n"},
	{{.reminder = RRULE("exdate = [ \"2026-12-24T18:00+01:00\" ];")},
		"nudged.conf:16: \"exdate\" cannot be \"2026-12-24T18:00+01:00\""},
	{{.reminder = RRULE("exdate = [ \"2026-12-24\" ];")},
		"nudged.conf:16: \"exdate\" cannot be \"2026-12-24\": write a local time such as "
		"2026-12-24T18:00\n"},
	{{.reminder = RRULE("exdate = [ \"2026-02-30T09:00\" ];")},
		"nudged.conf:16: \"exdate\" cannot be \"2026-02-30T09:00\": there is no such time"},
	{{.reminder = RRULE("rdate = \"2026-12-24T18:00\";")},
		"nudged.conf:16: \"rdate\" must be a list of texts"},
	{{.reminder = REMINDER("from = \"2027-02-01\"; until = \"2027-01-01\";")},
		"nudged.conf:16: \"until\" is before \"from\""},
	{{.reminder = REMINDER("shift = \"skip\";")}, NULL},
	{{.reminder = REMINDER("shift = \"later\";")},
		"nudged.conf:16: \"shift\" cannot be \"later\": it is one of none, skip, before, "
		"after"},
	{{.reminder = "every = \"13h\"; to = [ \"ana\" ]; text = \"Tea\"; shift = \"after\";"},
		"nudged.conf:16: \"shift\" moves days, and an interval of hours has none"},
	{{.reminder = "every = \"13h\"; to = [ \"ana\" ]; text = \"Tea\"; shift = \"skip\";"},
		NULL},
	{{.reminder = RRULE("rdate = [ \"2026-12-24T18:00\" ]; shift = \"before\";")},
		"nudged.conf:16: \"shift\" = before and after do not go with \"rdate\""},
	{{.reminder = REMINDER("fade = { };")}, NULL},
	{{.reminder = REMINDER("hold_out = 51; measure = \"tea\";")},
		"nudged.conf:16: \"hold_out\" must be 0 to 50"},
	{{.reminder = REMINDER("hold_out = 10;")},
		"nudged.conf:16: warning: nobody will see whether it helps"},
	{{.reminder = REMINDER("measure = \"tea\";")},
		"nudged.conf:16: \"measure\" compares those of a hold-out"},
	{{.reminder = REMINDER("hold_out = 10; measure = \"te\";")},
		"nudged.conf:16: \"measure\": there is no reminder \"te\" (did you mean \"tea\"?)"},
	{{.reminder = REMINDER("hold_out = 10; measure = \"tea\";")},
		"nudged.conf:16: \"measure\" needs another reminder"},
	{{.reminder = REMINDER("hold_out = 10; measure = \"cake\"; }, { id = \"cake\"; calendar = "
			       "\"10:00\"; to = [ \"ana\" ]; text = \"Cake\";")},
		NULL},
	{{.reminder = TO("to = [ \"manager\" ]; about = [ \"ana\" ]; hold_out = 10; measure = "
			 "\"tea\";")},
		"nudged.conf:16: \"hold_out\" is for reminders to persons"},
	{{.reminder = DIGEST("digest = \"own\";")}, NULL},
	{{.reminder = DIGEST("digest = \"team:platform\"; text = \"{{digest}}\";")}, NULL},
	{{.reminder = DIGEST("digest = \"mine\";")},
		"nudged.conf:16: \"digest\" cannot be \"mine\": it is own, team:T, reports or "
		"programme"},
	{{.reminder = DIGEST("digest = \"team:platfrom\";")},
		"nudged.conf:16: \"digest\": there is no team \"platfrom\" (did you mean "
		"\"platform\"?)"},
	{{.reminder = REMINDER("digest = \"own\";")},
		"nudged.conf:16: \"digest\" belongs to reminders of the kind digest"},
	{{.reminder = REMINDER("title = \"{{digest}}\";")},
		"nudged.conf:16: \"tea\" names what a digest sums up, but the reminder has no "
		"\"digest\""},
	{{.reminder = TO("kind = \"digest\"; to = [ \"room:chat\" ]; digest = \"own\";")},
		"nudged.conf:16: a room gets the digest of a team"},
	{{.reminder = TO("kind = \"digest\"; to = [ \"room:chat\" ]; digest = \"team:platform\";")},
		NULL},
	{{.reminder = TO("kind = \"digest\"; to = [ \"manager\" ]; about = [ \"ana\" ]; digest = "
			 "\"own\";")},
		"nudged.conf:16: \"digest\" does not go with \"about\""},
	{{.reminder = REMINDER("fade = true;")},
		"nudged.conf:16: \"fade\" must be a group: { ... }"},
	{{.reminder = REMINDER("fade = { after = 0; };")},
		"nudged.conf:16: \"after\" must be 1 to 100"},
	{{.reminder = REMINDER("fade = { at_least = \"1d\"; };")},
		"nudged.conf:16: warning: \"fade\" leaves nothing out"},
	{{.reminder = "calendar = \"*:0/30\"; to = [ \"ana\" ]; text = \"Tea\"; fade = { };"},
		"nudged.conf:16: \"fade\" is for what comes at most 24 times a day"},
	{{.reminder = TO("to = [ \"manager\" ]; about = [ \"ana\" ]; fade = { };")},
		"nudged.conf:16: \"fade\" does not go with \"about\""},
	{{.reminder = TO("to = [ \"room:chat\" ]; fade = { };")},
		"nudged.conf:16: \"fade\" has no use here: nobody in a room can answer"},
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
		"nudged.conf:16: no address on the channel \"mail\": ana"},
	{{.reminder = REMINDER("via = [ \"chat\" ];")},
		"nudged.conf:16: \"via\": \"chat\" is a room"},
	{{.reminder = REMINDER("via = [ ];")}, "nudged.conf:16: \"via\" names no channel"},
	{{.person = "}, { id = \"bo\";", .reminder = TO("to = [ \"bo\" ];")},
		"nudged.conf:16: bo cannot be reached"},
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
	{{.reminder = REMINDER("nudge = { after = \"3h\"; escalate = \"mentor\"; };")},
		"nudged.conf:16: warning: nobody is told when ana does not answer: no mentor is "
		"given there"},
	{{.person = "mentor = \"sam\";",
		 .reminder = REMINDER("nudge = { after = \"3h\"; escalate = \"mentor\"; };")},
		NULL},
	{{.person = "mentor = \"bo\"; }, { id = \"bo\";",
		 .reminder = REMINDER("nudge = { after = \"3h\"; escalate = \"mentor\"; };")},
		"nudged.conf:16: warning: the mentor of ana cannot be reached"},
	{{.reminder = TO("to = [ \"room:chat\" ]; nudge = { after = \"3h\"; };")},
		"nudged.conf:16: warning: a nudge has no use here"},
	{{.reminder = TO("to = [ \"aäääääääääääääääääääääääääääääääääääääääääääääääääääääää\" ];")},
		"ä?\"\n"},
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
		{&keys_fade, "reminders = ( { fade = {", "}; } );"},
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
		return key->flags & KEY_LONE ? CONFIG_TYPE_STRING : CONFIG_TYPE_NONE;
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

/* ---- who ---- */

static void expect_pairs(const char *to, const char *about, const char *expected)
{
	struct buf pairs = BUF_MAX(4096);
	auto_free char *line =
		str_printf("calendar = \"09:00\"; text = \"Tea\"; via = [ \"hook\" ]; "
			   "to = [ %s ]; %s%s%s",
			to, about ? "about = [ " : "", OR_NOTHING(about), about ? " ];" : "");

	load_lines((struct lines){.reminder = line,
		.person = "manager = \"sam\"; }, { id = \"bo\"; teams = [ \"platform\", \"web\" ]; "
			  "role = "
			  "\"lead\"; "
			  "manager = \"sam\"; partner = \"ana\"; },\n{ id = \"cy\"; teams = [ "
			  "\"web\", \"ops\" ]; role = \"guest\"; manager = "
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
	expect_pairs("\"role:guest\"", NULL, "cy/cy");
	expect_pairs("\"team:platform\"", NULL, "ana/ana bo/bo");
	expect_pairs("\"team:web\"", NULL, "bo/bo cy/cy");
	expect_pairs("\"team:ops\"", NULL, "cy/cy");
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
		{.reminder = REMINDER("shift = \"none\";")},
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

static void a_reminders_hash_changes_with_every_list_of_times(void **state)
{
	int64_t hashes[] = {
		hash_of((struct lines){.reminder = RRULE("")}),
		hash_of((struct lines){.reminder = RRULE("rdate = [ \"2026-12-24T18:00\" ];")}),
		hash_of((struct lines){.reminder = RRULE("exdate = [ \"2026-12-24T18:00\" ];")}),
		hash_of((struct lines){.reminder = RRULE("except = [ \"2026-12-24\" ];")}),
		hash_of((struct lines){.reminder = RRULE("rdate = [ \"2026-12-24T19:00\" ];")}),
	};

	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(hashes[i] != hashes[j]);
	}
}

static void further_times_are_added_and_taken_away(void **state)
{
	static const char *const expected[] = {
		"2026-12-23T09:00:00Z", "2026-12-24T18:00:00Z", "2026-12-25T09:00:00Z"};
	int64_t after = INT64_C(1797984000); /* 2026-12-23 */
	char text[CIVIL_TEXT];
	struct slot slot;

	load_lines((struct lines){.reminder = RRULE("rdate = [ \"2026-12-24T18:00\" ]; "
						    "exdate = [ \"2026-12-24T09:00\" ];")});
	expect_good();
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_true(rule_next(
			model->reminders[0]->rule, model->places[0]->zone, NULL, after, &slot));
		utc_write(slot.utc, text);
		assert_string_equal(text, expected[i]);
		after = slot.utc;
	}
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
		cmocka_unit_test(recipients_and_subjects_become_sorted_pairs),
		cmocka_unit_test(a_good_configuration_becomes_its_model),
		cmocka_unit_test(a_reminders_hash_changes_with_when_and_to_whom),
		cmocka_unit_test(a_reminders_hash_changes_with_every_list_of_times),
		cmocka_unit_test(further_times_are_added_and_taken_away),
		cmocka_unit_test(all_complaints_come_at_once_in_order_and_have_a_ceiling),
		cmocka_unit_test(more_than_ten_thousand_reminders_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
