/* A configuration, and after lines "%%" a people file, a file of prompt packs (in packs.d) and one of
 * translations: it becomes a model that holds together, or complaints that can be printed. */
#include "base/buf.h"
#include "base/str.h"
#include "port/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
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

/* In each language every prompt of a pack says something, and is its own. */
static void check_pack(const struct model *model, const struct prompt_pack *pack)
{
	FUZZ_CHECK(pack->count > 0 && pack->count <= PACK_PROMPTS_MAX && pack->language);
	for (size_t i = 0; i < model->n_languages; i++) {
		for (size_t place = 0; place < pack->count; place++) {
			const struct language *found;
			const struct prompt *prompt =
				prompt_in(pack, place, model->languages[i], &found);

			FUZZ_CHECK(prompt->act || prompt->question);
			FUZZ_CHECK(str_eq(prompt->id, pack->prompts[place].id));
			FUZZ_CHECK(found && found->has_packs);
		}
	}
}

static void check_model(const struct model *model)
{
	FUZZ_CHECK(model->n_places > 0 && model->zone && model->state && model->control);
	for (size_t i = 0; i < model->n_people; i++) {
		const struct person *person = model->people[i];

		FUZZ_CHECK(person->index == i && person->place && person->place->zone);
		FUZZ_CHECK(model_person(model, person->id) == person);
	}
	for (size_t i = 0; i < model->n_packs; i++)
		check_pack(model, model->packs[i]);
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

/* The next part of the input, up to a line "%%", into a file. */
static void put_part(const char *path, const uint8_t **data, size_t *size)
{
	const uint8_t *mark = *size ? memmem(*data, *size, "\n%%\n", 4) : NULL;
	size_t len = mark ? (size_t)(mark - *data) + 1 : *size, skip = mark ? len + 3 : len;

	put(path, *data, len);
	*data += skip;
	*size -= skip;
}

static void put_parts(const char *folder, const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"nudged.conf", "people.csv", "packs.d/a.conf", "packs.d/de/a.conf"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = str_printf("%s/%s", folder, names[i]);

		put_part(path, &data, &size);
	}
}

static void make_folders(char *folder)
{
	auto_free char *packs = NULL, *german = NULL;

	FUZZ_CHECK(mkdtemp(folder));
	packs = str_printf("%s/packs.d", folder);
	german = str_printf("%s/de", packs);
	FUZZ_CHECK(mkdir(packs, 0700) == 0 && mkdir(german, 0700) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char folder[] = "/tmp/nudged-fuzz-XXXXXX", path[64];
	static const struct config_needs needs = {
		NULL, give_options, check_channel, check_address, INT64_C(1795262400)};
	struct complaints complaints = {0};
	struct model *model = NULL;
	int r;

	if (!path[0]) {
		make_folders(folder);
		snprintf(path, sizeof(path), "%s/nudged.conf", folder);
	}
	put_parts(folder, data, size);
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
