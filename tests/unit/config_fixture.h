/* What the tests of config_load() share: a scratch folder, plugins played by tables of options, a
 * load whose complaints are kept as text, and a good configuration with room for a line anywhere. */
#pragma once

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

static unused_arg int give_options(void *owner, const char *plugin,
	const struct nudged_option **ret, size_t *ret_count, char **ret_error)
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

static unused_arg bool check_channel(
	void *owner, struct channel *channel, bool check_only, struct complaints *complaints)
{
	channel->needs_address = str_eq(channel->plugin, "email");
	for (size_t i = 0; i < channel->n_settings; i++) {
		if (str_eq(channel->settings[i].text, "slack"))
			channel->is_room = true;
	}
	return true;
}

static unused_arg const char *check_address(
	void *owner, const struct channel *channel, const char *address)
{
	return strchr(address, '@') ? NULL : "it has no @";
}

static const struct config_needs needs = {NULL, give_options, check_channel, check_address, NOW};

/* ---- files ---- */

static unused_arg char *path_of(const char *name)
{
	return str_printf("%s/%s", scratch, name);
}

static unused_arg void put_bytes(const char *name, const void *bytes, size_t len, mode_t mode)
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

static unused_arg void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text), 0600);
}

static unused_arg void drop(const char *name)
{
	auto_free char *path = path_of(name);

	if (unlink(path) < 0)
		rmdir(path);
}

static unused_arg void make_folder(const char *name)
{
	auto_free char *path = path_of(name);

	assert_int_equal(mkdir(path, 0700), 0);
}

/* ---- loading ---- */

static struct model *model; /* of the last load; NULL when it was refused */
static struct buf said;     /* its complaints, a line each, without the scratch folder */

static unused_arg void forget(void)
{
	model_unref(model);
	model = NULL;
	buf_free(&said);
	said = BUF_MAX(1 << 20);
}

static unused_arg void load_with(bool check_only)
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

static unused_arg void load(const char *text)
{
	put("nudged.conf", text);
	load_with(false);
}

static unused_arg void expect_said(const char *what)
{
	if (!strstr(buf_str(&said), what))
		fail_msg("expected: %s\nsaid:\n%s", what, buf_str(&said));
}

static unused_arg void expect_good(void)
{
	if (!model)
		fail_msg("refused:\n%s", buf_str(&said));
}

static unused_arg int set_up(void **state)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	said = BUF_MAX(1 << 20);
	return mkdtemp(scratch) ? 0 : -1;
}

static unused_arg int tear_down(void **state)
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
static unused_arg char *write_config(const struct lines *lines)
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

static unused_arg void load_lines(struct lines lines)
{
	auto_free char *text = write_config(&lines);

	load(text);
}

static unused_arg const char *setting_secret(const char *channel, const char *name)
{
	const struct channel *found = model_channel(model, channel);

	for (size_t i = 0; found && i < found->n_settings; i++) {
		if (str_eq(found->settings[i].name, name) && found->settings[i].secret)
			return secret_reveal(found->settings[i].secret);
	}
	return NULL;
}
