/* Loading from files as they lie on the disk: what is no text, too large, written by others or
 * missing; conf.d, secrets, people in bulk and prompt packs. */
#include "config_fixture.h"

/* ---- calendars of days off ---- */

#define EVENT(date, more)                                                                          \
	"BEGIN:VEVENT\r\nUID:" date "\r\nDTSTART;VALUE=DATE:" date "\r\n" more "END:VEVENT\r\n"
#define CALENDAR(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" events "END:VCALENDAR\r\n"

static void put_with_calendars(void)
{
	auto_free char *text = write_config(&(struct lines){
		.place = "holidays = [ \"gb.ics\" ];", .person = "absence = [ \"gb.ics\" ];"});

	put("nudged.conf", text);
}

static bool is_holiday(const char *date)
{
	const struct place *place = model_place(model, "london");
	int32_t day;

	assert_int_equal(date_parse(date, &day), 0);
	assert_true(workdays_has(place->workdays, day) == !place_holiday(place, day));
	return place_holiday(place, day) != NULL;
}

static void a_calendar_is_read_once_and_read_again_when_it_changes(void **state)
{
	struct complaints complaints = {0};

	put_with_calendars();
	put("gb.ics", CALENDAR(EVENT("20261225", "SUMMARY:Christmas\r\n")));
	load_with(false);
	expect_good();
	assert_int_equal(model->n_calendars, 1);
	assert_true(is_holiday("2026-12-25"));
	assert_false(is_holiday("2026-12-28"));
	assert_true(person_is_away(model_person(model, "ana"), date_from_ymd(2026, 12, 25)));

	assert_false(config_refresh_calendars(model, &complaints));
	put("gb.ics", CALENDAR(EVENT("20261228", "")));
	assert_true(config_refresh_calendars(model, &complaints));
	assert_int_equal(complaints.count, 0);
	assert_false(is_holiday("2026-12-25"));
	assert_true(is_holiday("2026-12-28"));

	/* Broken, then missing, then not to be trusted: what was known stays. */
	put("gb.ics", "<html>");
	assert_false(config_refresh_calendars(model, &complaints));
	drop("gb.ics");
	assert_false(config_refresh_calendars(model, &complaints));
	put_bytes("gb.ics", CALENDAR(""), strlen(CALENDAR("")), 0666);
	assert_false(config_refresh_calendars(model, &complaints));
	assert_int_equal(complaints.errors, 3);
	assert_true(is_holiday("2026-12-28"));
	complaints_clear(&complaints);
	drop("gb.ics");
}

static void what_is_odd_in_a_calendar_is_a_warning_with_its_line(void **state)
{
	put_with_calendars();
	put("gb.ics", CALENDAR(EVENT("20261225", "") EVENT("20260230", "")));
	load_with(false);
	expect_good();
	expect_said("gb.ics:");
	expect_said("warning: ");
	assert_true(is_holiday("2026-12-25"));
	put("gb.ics", "<html>");
	load_with(false);
	assert_null(model);
	expect_said("gb.ics:");
	drop("gb.ics");
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
	expect_said("nudged.conf:2: a key on this line is set already: keep one of the two");
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
	expect_said("it is larger than");
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

static void who_is_told_is_gathered_from_all_files(void **state)
{
	make_folder("conf.d");
	put("conf.d/a.conf", "daily_limit = 5;\n");
	put("conf.d/b.conf",
		"heartbeat_allow_private = true;\n"
		"alert_via = [ \"mail:a@b\",\n \"chat\" ];\nheartbeat_every = \"2h\";\n");
	load_lines((struct lines){
		.top = "alert_via = \"hook\"; heartbeat_url = \"http://a.example\";"});
	expect_good();
	assert_int_equal(model->n_alert_via, 3);
	assert_string_equal(model->alert_via[0].channel->id, "hook");
	assert_null(model->alert_via[0].address);
	assert_string_equal(model->alert_via[1].channel->id, "mail");
	assert_string_equal(model->alert_via[1].address, "a@b");
	assert_string_equal(model->alert_via[2].channel->id, "chat");
	assert_string_equal(secret_reveal(model->heartbeat_url), "http://a.example");
	assert_true(model->heartbeat_allow_private);
	assert_int_equal(model->heartbeat_every_s, 7200);
	put("conf.d/b.conf", "\n\nalert_via = [ \"chat\",\n \"hook\" ];\n");
	load_lines((struct lines){.top = "alert_via = \"hook\";"});
	assert_string_equal(
		buf_str(&said), "conf.d/b.conf:4: \"alert_via\": \"hook\" is there twice\n");
	drop("conf.d/a.conf");
	drop("conf.d/b.conf");
	drop("conf.d");
	load_lines((struct lines){.top = "heartbeat_url = \"https://a.example\";"});
	expect_good();
	assert_int_equal(model->heartbeat_every_s, 60);
	assert_false(model->heartbeat_allow_private);
}

static void more_are_told_than_anybody_needs(void **state)
{
	for (int count = 16; count <= 17; count++) {
		struct buf text = BUF_MAX(4096);

		for (int i = 0; i < count; i++)
			buf_printf(&text, "%s\"mail:%c@b\"", i ? ", " : "alert_via = [ ", 'a' + i);
		buf_add_str(&text, " ];");
		load_lines((struct lines){.top = buf_str(&text)});
		assert_string_equal(buf_str(&said),
			count > 16 ? "nudged.conf:1: \"alert_via\" names more than 16\n" : "");
		buf_free(&text);
	}
}

/* ---- secrets ---- */

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
		{"}, { id = \"a\"; plugin = \"webhook\"; dialect = \"slack\"; url = "
		 "\"https://x.example/\";",
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
	{
		auto_free char *text = write_config(
			&(struct lines){.top = "heartbeat_url = \"https://x.example/in\";"});

		put_bytes("nudged.conf", text, strlen(text), 0644);
		load_with(false);
		expect_said("\"heartbeat_url\" is a secret in a file that others can read");
	}
}

static void no_complaint_shows_a_secret(void **state)
{
	load_lines((struct lines){.top = "link_key = \"canary\"; heartbeat_url = \"canary\";",
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
		{"id,language\nann,welsh\n", "people.csv:2: \"language\" cannot be \"welsh\": "
					     "write the tag of a language"},
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
	expect_said("warning: the prompts of \"mentor\" name whom they are about (\"two\"), but "
		    "\"tea\" "
		    "has no \"about\"\n");
	load_lines((struct lines){.top = "prompts = \"packs.d\";",
		.reminder =
			"calendar = \"09:00\"; to = [ \"ana\" ]; about = [ \"sam\" ]; prompts = "
			"\"mentor\";"});
	expect_good();
	assert_null(strstr(buf_str(&said), "whom they are about"));
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
		cmocka_unit_test(what_is_no_text_is_refused_with_its_line),
		cmocka_unit_test(a_truncated_file_is_refused_wherever_it_ends),
		cmocka_unit_test(what_is_too_large_or_too_deep_is_refused),
		cmocka_unit_test(what_others_could_have_written_is_not_read),
		cmocka_unit_test(a_calendar_is_read_once_and_read_again_when_it_changes),
		cmocka_unit_test(what_is_odd_in_a_calendar_is_a_warning_with_its_line),
		cmocka_unit_test(drop_ins_are_read_in_order_of_name),
		cmocka_unit_test(who_is_told_is_gathered_from_all_files),
		cmocka_unit_test(more_are_told_than_anybody_needs),
		cmocka_unit_test(secrets_come_from_credentials_and_private_files),
		cmocka_unit_test(without_credentials_a_check_looks_at_the_form_only),
		cmocka_unit_test(a_secret_written_out_needs_a_private_file),
		cmocka_unit_test(no_complaint_shows_a_secret),
		cmocka_unit_test(people_come_from_a_file_of_comma_separated_values),
		cmocka_unit_test(what_is_wrong_in_the_people_file_has_its_line),
		cmocka_unit_test(prompt_packs_come_from_their_folder),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
