/* A configuration, with people after a line "%%": it becomes a model that holds together, or
 * complaints that can be printed. */
#include "base/buf.h"
#include "base/str.h"
#include "port/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text it was reading when a syntax error follows it: some 64 bytes for each
 * refused file. */
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "url", NUDGED_OPTION_URL, NULL, NULL, 1, "help"},
	{sizeof(struct nudged_option), "dialect", NUDGED_OPTION_CHOICE, "generic slack", NULL, 0,
		"help"},
	{sizeof(struct nudged_option), "secret", NUDGED_OPTION_SECRET, NULL, NULL, 0, "help"},
	{sizeof(struct nudged_option), "headers", NUDGED_OPTION_HEADERS, NULL, NULL, 0, "help"},
	{sizeof(struct nudged_option), "compact", NUDGED_OPTION_BOOL, NULL, NULL, 0, "help"},
};

static int give_options(void *owner, const char *plugin, const struct nudged_option **ret,
	size_t *ret_count, char **ret_error)
{
	*ret = options;
	*ret_count = ARRAY_LEN(options);
	return 0;
}

static bool check_channel(
	void *owner, struct channel *channel, bool check_only, struct complaints *complaints)
{
	channel->needs_address = str_eq(channel->plugin, "email");
	channel->is_room = str_starts(channel->id, "r");
	return true;
}

static const char *check_address(void *owner, const struct channel *channel, const char *address)
{
	return *address == '!' ? "it begins so" : NULL;
}

static void put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	FUZZ_CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static void check_model(const struct model *model)
{
	FUZZ_CHECK(model->n_places > 0 && model->zone && model->state && model->control);
	for (size_t i = 0; i < model->n_people; i++) {
		const struct person *person = model->people[i];

		FUZZ_CHECK(person->index == i && person->place && person->place->zone);
		FUZZ_CHECK(model_person(model, person->id) == person);
	}
	for (size_t i = 0; i < model->n_reminders; i++) {
		const struct reminder *reminder = model->reminders[i];

		FUZZ_CHECK(
			reminder->rule && reminder->place && (reminder->text || reminder->prompts));
		for (size_t j = 0; j < reminder->n_pairs; j++) {
			const struct pair *pair = &reminder->pairs[j];

			FUZZ_CHECK(pair->recipient < model->n_people);
			FUZZ_CHECK(pair->subject < model->n_people);
			FUZZ_CHECK(j == 0 || pair[-1].recipient < pair->recipient ||
				   (pair[-1].recipient == pair->recipient &&
					   pair[-1].subject < pair->subject));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char folder[] = "/tmp/nudged-fuzz-XXXXXX", path[64], people[64];
	static const struct config_needs needs = {
		NULL, give_options, check_channel, check_address, INT64_C(1795262400)};
	struct complaints complaints = {0};
	struct model *model = NULL;
	const uint8_t *mark = size ? memmem(data, size, "\n%%\n", 4) : NULL;
	size_t len = mark ? (size_t)(mark - data) + 1 : size;
	int r;

	if (!path[0]) {
		FUZZ_CHECK(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/nudged.conf", folder);
		snprintf(people, sizeof(people), "%s/people.csv", folder);
	}
	put(path, data, len);
	put(people, mark ? mark + 4 : data, mark ? size - len - 3 : 0);
	r = config_load(path, &needs, true, &model, &complaints);
	FUZZ_CHECK(r == (complaints.errors ? -EINVAL : 0) && (model != NULL) == (r == 0));
	for (size_t i = 0; i < complaints.count; i++) {
		auto_free char *line = complaint_write(&complaints.list[i]);

		FUZZ_CHECK(str_is_utf8(line, strlen(line)));
		FUZZ_CHECK(str_is_printable(line, strlen(line), false));
	}
	if (model)
		check_model(model);
	model_unref(model);
	complaints_clear(&complaints);
	return 0;
}
