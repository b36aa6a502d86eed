/* A model for tests of the engine, from a configuration's text. */
#pragma once

#include "base/str.h"
#include "engine/channels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *model_plugins;

/* Before the tests: finds the plugins beside the program. */
static void model_begin(const char *program)
{
	model_plugins =
		str_printf("%.*s/../plugins", (int)(strrchr(program, '/') - program), program);
}

static void model_end(void)
{
	free(model_plugins);
}

/* One channel, "hook", and what is given; it is Wednesday, 2026-06-03. */
static struct model *model_of(
	const char *top, const char *places, const char *people, const char *reminders)
{
	char name[] = "/tmp/nudged-model-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	struct channels *channels = channels_new(model_plugins);
	struct config_needs needs = channels_needs(channels, 1780444800);
	struct complaints complaints = {0};
	struct model *model = NULL;

	fprintf(file,
		"timezone = \"UTC\"; %s\nchannels = ( { id = \"hook\"; plugin = \"webhook\"; "
		"url = \"https://hooks.example.org/\"; } );\nplaces = ( %s );\npeople = ( %s );\n"
		"reminders = ( %s );\n",
		top, places, people, reminders);
	fclose(file);
	chmod(name, 0600);
	if (config_load(name, &needs, true, &model, &complaints) < 0)
		fail_msg("%s", complaints.list[0].message);
	complaints_clear(&complaints);
	channels_free(channels);
	unlink(name);
	return model;
}
