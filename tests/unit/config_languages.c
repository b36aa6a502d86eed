/* Languages of people, places, reminders and prompt packs: who gets which text, and what is said of
 * translations that are missing, wrong or of no use. */
#include "config_fixture.h"

#define FRUIT                                                                                      \
	"packs = ( { id = \"fruit\"; prompts = (\n"                                                \
	"{ id = \"apple\"; title = \"Apple\"; cue = \"C\"; act = \"A.\"; question = \"Q?\"; },\n"  \
	"{ id = \"pear\"; act = \"Pear.\"; } ); } );\n"
#define FRUIT_IN(WORDS) "packs = ( { id = \"fruit\"; prompts = (\n" WORDS " ); } );\n"
#define APPLE_DE                                                                                   \
	"{ id = \"apple\"; title = \"Apfel\"; cue = \"C\"; act = \"A.\"; question = \"F?\"; }"
#define PEAR_DE "{ id = \"pear\"; act = \"Birne.\"; }"
#define TOP "prompts = \"packs.d\"; "

static void put_packs(const char *de)
{
	put("packs.d/fruit.conf", FRUIT);
	put("packs.d/de/fruit.conf", de);
}

static int set_up_packs(void **state)
{
	make_folder("packs.d");
	make_folder("packs.d/de");
	put_packs(FRUIT_IN(PEAR_DE ",\n" APPLE_DE));
	return 0;
}

static int tear_down_packs(void **state)
{
	drop("packs.d/fruit.conf");
	drop("packs.d/de/fruit.conf");
	drop("packs.d/de");
	drop("packs.d");
	return 0;
}

/* The title, or else the act, that ana gets of one place in the pack. */
static const char *shown(size_t place, const char *expected_language)
{
	const struct reminder *reminder = model->reminders[0];
	const struct person *ana = model_person(model, "ana");
	const struct language *language;
	const struct prompt *prompt = prompt_in(model_pack(model, "fruit"), place,
		reminder_language(reminder, ana, ana->place), &language);

	assert_string_equal(language->id, expected_language);
	return template_source(prompt->title ? prompt->title : prompt->act);
}

static void the_nearest_language_that_is_given_counts(void **state)
{
	static const struct {
		struct lines lines;
		const char *language, *apple, *pear;
	} rows[] = {
		{{.top = TOP}, "en", "Apple", "Pear."},
		{{.top = TOP "language = \"de\";"}, "de", "Apfel", "Birne."},
		{{.top = TOP, .place = "language = \"de\";", .person = "place = \"london\";"}, "de",
			"Apfel", "Birne."},
		{{.top = TOP "language = \"de\";",
			 .place = "language = \"en\";",
			 .person = "place = \"london\";"},
			"en", "Apple", "Pear."},
		{{.top = TOP,
			 .place = "language = \"en\";",
			 .person = "place = \"london\"; language = \"DE\";"},
			"de", "Apfel", "Birne."},
		{{.top = TOP "language = \"de\";", .person = "place = \"london\";"}, "de", "Apfel",
			"Birne."},
		{{.top = TOP, .person = "language = \"de-AT\";"}, "de", "Apfel", "Birne."},
		{{.top = TOP, .person = "language = \"en-GB\";"}, "en", "Apple", "Pear."},
		{{.top = TOP, .person = "language = \"en\";", .reminder = "language = \"de\";"},
			"de", "Apfel", "Birne."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lines lines = rows[i].lines;
		auto_free char *reminder = str_printf("calendar = \"09:00\"; to = [ \"ana\" ]; "
						      "prompts = \"fruit\"; %s",
			OR_NOTHING(lines.reminder));

		lines.reminder = reminder;
		load_lines(lines);
		expect_good();
		assert_string_equal(shown(0, rows[i].language), rows[i].apple);
		assert_string_equal(shown(1, rows[i].language), rows[i].pear);
	}
}

static void a_room_has_the_language_of_its_place(void **state)
{
	const struct reminder *reminder;

	load_lines((struct lines){.top = TOP,
		.place = "language = \"de\";",
		.reminder = "calendar = \"09:00\"; to = [ \"room:chat\" ]; place = \"london\"; "
			    "prompts = \"fruit\";"});
	expect_good();
	reminder = model->reminders[0];
	assert_string_equal(reminder_language(reminder, NULL, reminder->place)->id, "de");
}

static void a_column_of_the_people_file_gives_a_language(void **state)
{
	put("people.csv", "id,language,name\nann,pt-BR,Ann\nbob,,Bob\n");
	load(TOP "people_file = \"people.csv\";");
	expect_good();
	assert_string_equal(model_person(model, "ann")->language->id, "pt-br");
	assert_string_equal(model_person(model, "ann")->language->wider->id, "pt");
	assert_null(model_person(model, "bob")->language);
	drop("people.csv");
}

static void a_pack_may_be_in_any_language_first(void **state)
{
	put("packs.d/fruit.conf",
		"packs = ( { id = \"fruit\"; language = \"de\"; prompts = (\n" PEAR_DE
		" ); } );\n");
	drop("packs.d/de/fruit.conf");
	load(TOP "language = \"de-CH\";");
	expect_good();
	assert_string_equal(model_pack(model, "fruit")->language->id, "de");
	assert_null(strstr(buf_str(&said), "no prompt pack is in"));
	make_folder("packs.d/EN");
	put("packs.d/EN/fruit.conf", FRUIT_IN("{ id = \"pear\"; act = \"Pear.\"; }"));
	load(TOP "language = \"en\";");
	expect_good();
	assert_int_equal(model_pack(model, "fruit")->n_translations, 1);
	assert_string_equal(model_pack(model, "fruit")->translations[0].language->id, "en");
	drop("packs.d/EN/fruit.conf");
	drop("packs.d/EN");
}

static void what_is_wrong_with_a_translation_is_said(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{FRUIT_IN(APPLE_DE),
			"packs.d/de/fruit.conf:1: warning: 1 of 2 prompts of \"fruit\" are not in "
			"\"de\", and go out as they are: pear\n"},
		{FRUIT_IN(PEAR_DE
			 ",\n{ id = \"apple\"; title = \"Apfel\"; cue = \"C\"; act = \"A.\"; }"),
			"packs.d/de/fruit.conf:3: warning: the prompt \"apple\" has no "
			"\"question\" "
			"in \"de\", where the original has one\n"},
		{FRUIT_IN(PEAR_DE ",\n{ id = \"apple\"; question = \"F?\"; }"),
			"packs.d/de/fruit.conf:3: warning: the prompt \"apple\" has no \"act\" "
			"in "},
		{FRUIT_IN(PEAR_DE ",\n{ id = \"aple\"; act = \"A.\"; }"),
			"packs.d/de/fruit.conf:3: the pack \"fruit\" has no prompt \"aple\" to "
			"translate (it stands in "},
		{FRUIT_IN(PEAR_DE ",\n" PEAR_DE),
			"packs.d/de/fruit.conf:3: the prompt \"pear\" is in this pack already\n"},
		{FRUIT_IN(PEAR_DE ",\n{ id = \"apple\"; act = \"{{person.nam}}\"; }"),
			"packs.d/de/fruit.conf:3: \"act\", column 3: unknown name \"person.nam\""},
		{"packs = ( { id = \"fruit\"; prompts = ( ); } );\n",
			"packs.d/de/fruit.conf:1: the pack \"fruit\" has no prompts\n"},
		{"packs = ( { id = \"fruits\"; prompts = (" PEAR_DE "); } );\n",
			"packs.d/de/fruit.conf:1: there is no prompt pack \"fruits\" to translate "
			"(did you mean \"fruit\"?): what is in one language only stands one folder "
			"up, and says language = \"de\"\n"},
		{"packs = ( { id = \"fruit\"; language = \"fr\"; prompts = (" PEAR_DE "); } );\n",
			"packs.d/de/fruit.conf:1: the pack \"fruit\" says \"fr\", and lies in the "
			"folder of \"de\"\n"},
		{"packs = ( { id = \"fruit\"; prompts = (" PEAR_DE "," APPLE_DE
		 "); }, { id = \"fruit\"; "
		 "prompts = (" PEAR_DE "); } );\n",
			"packs.d/de/fruit.conf:1: the prompt pack \"fruit\" is there already, at "},
		{"packs = ( { id = \"fruit\"; prompts = (\n{ id = \"pear\"; act = \"K\xF6rner.\"; "
		 "} ); } );\n",
			"packs.d/de/fruit.conf:2: this line is not valid UTF-8: save the file in "
			"that "
			"encoding\n"},
	};

	put_packs(FRUIT_IN(PEAR_DE "," APPLE_DE ",{ act = \"A.\"; }"));
	load(TOP);
	expect_said("a prompt needs the key \"id\"");
	assert_null(strstr(buf_str(&said), "to translate"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_packs(rows[i].text);
		load(TOP);
		expect_said(rows[i].said);
		assert_true((model != NULL) == (strstr(rows[i].said, "warning") != NULL));
	}
}

static void a_translation_of_what_is_in_that_language_is_one_too_many(void **state)
{
	put("packs.d/fruit.conf",
		"packs = ( { id = \"fruit\"; language = \"de\"; prompts = (" PEAR_DE "); } );\n");
	load(TOP);
	expect_said("packs.d/de/fruit.conf:1: the prompt pack \"fruit\" is there already, at ");
}

static void a_language_that_no_pack_has_is_a_warning_for_all_who_have_it(void **state)
{
	load_lines((struct lines){.top = TOP "language = \"cy\";",
		.place = "language = \"fr-CA\";",
		.person = "language = \"cy\";",
		.reminder = "calendar = \"09:00\"; to = [ \"ana\" ]; text = \"x\"; language = "
			    "\"cy\";"});
	expect_said(
		"nudged.conf:1: warning: no prompt pack is in \"cy\", the language of this file, "
		"ana, tea: they get the packs as they are (there are \"en\", \"de\")\n");
	expect_said(
		"nudged.conf:7: warning: no prompt pack is in \"fr-ca\", the language of london: "
		"they get the packs as they are (there are \"en\", \"de\")\n");
	assert_null(strstr(strstr(buf_str(&said), "\"fr-ca\""), "no prompt pack"));
	load(TOP "language = \"cy\"; places = ( { id = \"bern\"; } );");
	expect_said("the language of this file: they");
	load(TOP "language = \"de-AT\"; places = ( { id = \"bern\"; }, { id = \"wien\"; language = "
		 "\"en\"; } );");
	expect_good();
	assert_null(strstr(buf_str(&said), "no prompt pack"));
	drop("packs.d/de/fruit.conf");
	load(TOP "language = \"de\";");
	expect_said("(there is \"en\")");
	drop("packs.d/fruit.conf");
	load(TOP "language = \"de\";");
	expect_good();
	assert_null(strstr(buf_str(&said), "no prompt pack"));
}

static void a_reminder_without_prompts_has_no_use_for_a_language(void **state)
{
	load_lines((struct lines){.top = TOP,
		.reminder = "calendar = \"09:00\"; to = [ \"ana\" ]; text = \"x\";\nlanguage = "
			    "\"de\";"});
	expect_said("nudged.conf:17: warning: \"language\" has no use without \"prompts\"");
	load_lines((struct lines){.top = TOP,
		.reminder =
			"calendar = \"09:00\"; to = [ \"ana\" ]; prompts = \"fruit\"; language = "
			"\"de\";"});
	expect_good();
	assert_null(strstr(buf_str(&said), "has no use"));
}

static void nothing_is_said_of_languages_while_a_pack_cannot_be_read(void **state)
{
	put("packs.d/fruit.conf", "packs = (");
	load(TOP);
	assert_null(strstr(buf_str(&said), "to translate"));
	put("packs.d/fruit.conf", FRUIT);
	put("packs.d/de/fruit.conf", "packs = (");
	load(TOP "language = \"cy\";");
	assert_null(strstr(buf_str(&said), "no prompt pack is in"));
}

static void a_folder_that_is_no_language_is_not_read(void **state)
{
	make_folder("packs.d/archive");
	make_folder("packs.d/.git");
	put("packs.d/.git/x.conf", "?");
	load(TOP);
	expect_good();
	assert_null(strstr(buf_str(&said), "is not read"));
	put("packs.d/archive/x.conf", "?");
	load(TOP);
	expect_said(
		"packs.d/archive is not read: a folder of translations has the name of a language, "
		"such as \"de\" or \"pt-BR\"\n");
	expect_good();
	drop("packs.d/archive/x.conf");
	drop("packs.d/archive");
	drop("packs.d/.git/x.conf");
	drop("packs.d/.git");
}

static void link_to(const char *target, const char *name)
{
	auto_free char *path = path_of(name);

	assert_int_equal(symlink(target, path), 0);
}

static void a_link_to_a_folder_is_one_and_another_link_is_not(void **state)
{
	link_to("de", "packs.d/fr");
	link_to("fruit.conf", "packs.d/it");
	link_to("nowhere", "packs.d/es");
	load(TOP);
	expect_good();
	assert_int_equal(model_pack(model, "fruit")->n_translations, 2);
	link_to("pl", "packs.d/pl");
	load(TOP "reminders = ( { id = \"r\"; calendar = \"9:00\"; to = [ \"all\" ]; prompts = "
		 "\"x\"; } );");
	expect_said("packs.d/pl: Too many levels of symbolic links\n");
	assert_null(strstr(buf_str(&said), "there is no prompt pack"));
	drop("packs.d/pl");
	drop("packs.d/es");
	drop("packs.d/it");
	drop("packs.d/fr");
}

static void a_folder_of_too_many_files_is_not_read(void **state)
{
	char name[64];

	for (int i = 0; i <= 1000; i++) {
		snprintf(name, sizeof(name), "packs.d/de/%d.conf", i);
		put(name, "packs = (");
	}
	load(TOP);
	expect_said(": more than 1000 files in ");
	assert_null(strstr(buf_str(&said), "7.conf"));
	for (int i = 0; i <= 1000; i++) {
		snprintf(name, sizeof(name), "packs.d/de/%d.conf", i);
		drop(name);
	}
}

static void too_many_folders_are_not_looked_into(void **state)
{
	char name[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "packs.d/%d", i);
		make_folder(name);
	}
	put("packs.d/999/x.conf", "?");
	load(TOP);
	expect_said(": more than 1000 folders in ");
	assert_null(strstr(buf_str(&said), "is not read"));
	drop("packs.d/999/x.conf");
	drop("packs.d/999");
	load(TOP);
	expect_good();
	for (int i = 0; i < 999; i++) {
		snprintf(name, sizeof(name), "packs.d/%d", i);
		drop(name);
	}
}

static void one_language_in_two_folders_is_there_twice(void **state)
{
	make_folder("packs.d/DE");
	put("packs.d/DE/fruit.conf", FRUIT_IN(PEAR_DE));
	load(TOP);
	expect_said("packs.d/de/fruit.conf:1: the prompt pack \"fruit\" is there already, at ");
	drop("packs.d/DE/fruit.conf");
	drop("packs.d/DE");
}

static void a_pack_and_a_list_of_languages_have_an_end(void **state)
{
	struct buf text = BUF_MAX(1 << 20);

	buf_add_str(&text, "packs = ( { id = \"fruit\"; prompts = (\n");
	for (int i = 0; i <= PACK_PROMPTS_MAX; i++)
		buf_printf(&text, "%s{ id = \"p%d\"; act = \"A\"; }", i ? ",\n" : "", i);
	buf_add_str(&text, " ); } );\n");
	put("packs.d/fruit.conf", buf_str(&text));
	load(TOP);
	expect_said("packs.d/fruit.conf:1: the pack \"fruit\" has more than 1000 prompts\n");
	buf_reset(&text);
	put_packs(FRUIT_IN(PEAR_DE "," APPLE_DE));
	buf_add_str(&text, "id,language\n");
	for (int i = 0; i < 1001; i++)
		buf_printf(&text, "p%d,x%c%c\n", i, 'a' + i / 26 % 26, 'a' + i % 26);
	for (int i = 0; i < 1001; i++)
		buf_printf(&text, "q%d,y%c%c\n", i, 'a' + i / 26 % 26, 'a' + i % 26);
	put("people.csv", buf_str(&text));
	load(TOP "people_file = \"people.csv\";");
	expect_said("is one too many: at most 1000 languages\n");
	drop("people.csv");
	buf_free(&text);
}

int main(void)
{
#define WITH_PACKS(test) cmocka_unit_test_setup_teardown(test, set_up_packs, tear_down_packs)
	static const struct CMUnitTest tests[] = {
		WITH_PACKS(the_nearest_language_that_is_given_counts),
		WITH_PACKS(a_room_has_the_language_of_its_place),
		WITH_PACKS(a_column_of_the_people_file_gives_a_language),
		WITH_PACKS(a_pack_may_be_in_any_language_first),
		WITH_PACKS(what_is_wrong_with_a_translation_is_said),
		WITH_PACKS(a_translation_of_what_is_in_that_language_is_one_too_many),
		WITH_PACKS(a_language_that_no_pack_has_is_a_warning_for_all_who_have_it),
		WITH_PACKS(a_reminder_without_prompts_has_no_use_for_a_language),
		WITH_PACKS(nothing_is_said_of_languages_while_a_pack_cannot_be_read),
		WITH_PACKS(a_folder_that_is_no_language_is_not_read),
		WITH_PACKS(a_link_to_a_folder_is_one_and_another_link_is_not),
		WITH_PACKS(a_folder_of_too_many_files_is_not_read),
		WITH_PACKS(too_many_folders_are_not_looked_into),
		WITH_PACKS(one_language_in_two_folders_is_there_twice),
		WITH_PACKS(a_pack_and_a_list_of_languages_have_an_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
