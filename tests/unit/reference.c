/* The keys table and the manual say the same. With --write FILE it puts the reference between the
 * marks of that page instead of testing. */
#include "base/buf.h"
#include "base/str.h"
#include "model/keys.h"
#include "port/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PAGE "conf/nudged.conf.5"
#define SAMPLE "conf/nudged.conf"
#define BEGIN ".\\\" BEGIN KEYS\n"
#define END ".\\\" END KEYS\n"

static char *read_text(const char *path)
{
	struct buf text = BUF_MAX(1 << 20);

	if (buf_read_file(&text, path) < 0)
		fail_msg("cannot read %s: tests run in the project's folder", path);
	return buf_take(&text);
}

/* The generated part of the page: where it begins, and its length. */
static char *find_reference(char *page, size_t *ret_len)
{
	char *begin = strstr(page, BEGIN), *end = strstr(page, END);

	assert_non_null(begin);
	assert_non_null(end);
	begin += strlen(BEGIN);
	*ret_len = end - begin;
	return begin;
}

static void the_manual_lists_the_keys_as_the_table_has_them(void **state)
{
	auto_free char *page = read_text(PAGE), *reference = config_reference();
	size_t len;
	const char *listed = find_reference(page, &len);

	if (len != strlen(reference) || memcmp(listed, reference, len) != 0)
		fail_msg("%s is older than the keys table: build/unit/reference --write %s", PAGE,
			PAGE);
}

static void every_key_has_help_that_ends_in_a_full_stop(void **state)
{
	for (size_t i = 0; keys_sections[i]; i++) {
		const struct section *section = keys_sections[i];

		assert_true(str_ends(section->help, "."));
		for (size_t j = 0; j < section->count; j++) {
			assert_non_null(section->keys[j].help);
			assert_true(str_ends(section->keys[j].help, "."));
		}
	}
}

static void the_sample_shows_every_key_that_is_built(void **state)
{
	auto_free char *sample = read_text(SAMPLE);

	for (size_t i = 0; keys_sections[i] != &keys_pack_file; i++) {
		const struct section *section = keys_sections[i];

		for (size_t j = 0; j < section->count; j++) {
			const char *name = section->keys[j].name;
			auto_free char *shown = str_printf("%s = ", name);
			bool built = !(section->keys[j].flags & KEY_LATER);

			if (built && !strstr(sample, shown))
				fail_msg("%s does not show \"%s\" of %s", SAMPLE, name,
					section->group);
		}
	}
}

static int write_page(const char *path)
{
	auto_free char *page = read_text(path), *reference = config_reference();
	size_t len;
	char *begin = find_reference(page, &len);
	FILE *file = fopen(path, "w");

	if (!file)
		return 1;
	fprintf(file, "%.*s%s%s", (int)(begin - page), page, reference, begin + len);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_lists_the_keys_as_the_table_has_them),
		cmocka_unit_test(every_key_has_help_that_ends_in_a_full_stop),
		cmocka_unit_test(the_sample_shows_every_key_that_is_built),
	};

	if (argc == 3 && str_eq(argv[1], "--write"))
		return write_page(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
