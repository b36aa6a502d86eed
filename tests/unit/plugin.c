/* Loading by bare name from one folder. What hostile plugins can and cannot do is proved with real
 * ones in tests/peer. */
#include "base/str.h"
#include "port/plugin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* BUILD/plugins, beside BUILD/unit where this program lies. */
static char folder[PATH_MAX + 16];

static int find_folder(void **state)
{
	char self[PATH_MAX] = "";
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	for (int i = 0; i < 2; i++)
		*strrchr(self, '/') = 0;
	snprintf(folder, sizeof(folder), "%s/plugins", self);
	return 0;
}

static void a_name_twice_is_one_plugin(void **state)
{
	struct plugin *first, *again;
	size_t count;
	char *error;

	assert_int_equal(plugin_load(folder, "webhook", &first, &error), 0);
	assert_int_equal(plugin_load(folder, "webhook", &again, &error), 0);
	assert_ptr_equal(first, again);
	plugin_unref(first);
	assert_string_equal(plugin_name(again), "webhook");
	assert_string_equal(plugin_options(again, &count)[0].name, "url");
	assert_true(count >= 5);
	plugin_unref(again);
	plugin_unref(NULL);
}

static void a_name_is_bare(void **state)
{
	static const char *const names[] = {
		"", "../webhook", "/tmp/webhook", "webhook.so", "Webhook", "a b", "."};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct plugin *plugin;
		char *error = NULL;

		assert_int_equal(plugin_load(folder, names[i], &plugin, &error), -EINVAL);
		assert_non_null(error);
		free(error);
	}
}

static void a_missing_one_is_said(void **state)
{
	struct plugin *plugin;
	char *error = NULL;

	assert_int_equal(plugin_load(folder, "carrier-pigeon", &plugin, &error), -ENOENT);
	assert_non_null(strstr(error, "carrier-pigeon.so"));
	free(error);
}

static void a_file_is_named_as_its_plugin(void **state)
{
	char scratch[] = "/tmp/nudged-plugin-XXXXXX";
	auto_free char *command = NULL, *file = NULL;
	struct plugin *plugin;
	char *error = NULL;

	assert_non_null(mkdtemp(scratch));
	file = str_printf("%s/other.so", scratch);
	command = str_printf("cp %s/webhook.so %s", folder, file);
	assert_int_equal(system(command), 0);
	assert_int_equal(plugin_load(scratch, "other", &plugin, &error), -ENOEXEC);
	assert_non_null(strstr(error, "calls itself webhook"));
	free(error);
	unlink(file);
	rmdir(scratch);
}

static void an_outlet_keeps_its_plugin(void **state)
{
	struct nudged_setting setting = {sizeof(setting), "url", "https://host.example.org/in"};
	struct nudged_settings settings = {
		.size = sizeof(settings), .channel = "c", .count = 1, .settings = &setting};
	struct plugin *plugin;
	struct outlet *outlet;
	char *error;

	assert_int_equal(plugin_load(folder, "webhook", &plugin, &error), 0);
	assert_int_equal(outlet_open(plugin, &settings, NULL, NULL, &outlet), 0);
	plugin_unref(plugin);
	assert_false(outlet_is_room(outlet));
	assert_false(outlet_needs_address(outlet));
	assert_null(outlet_check_address(outlet, "anything"));
	assert_true(outlet_default_rate(outlet) == 0);
	outlet_close(outlet);
	outlet_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_twice_is_one_plugin),
		cmocka_unit_test(a_name_is_bare),
		cmocka_unit_test(a_missing_one_is_said),
		cmocka_unit_test(a_file_is_named_as_its_plugin),
		cmocka_unit_test(an_outlet_keeps_its_plugin),
	};

	return cmocka_run_group_tests(tests, find_folder, NULL);
}
