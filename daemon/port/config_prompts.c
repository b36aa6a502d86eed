/* Prompt packs: every *.conf of the prompts folder, in order of name, then their translations: every
 * *.conf of the folders in it that have the name of a language. A pack's texts are templates, compiled
 * here. Which prompt a slot shows, and in which language, is model/prompt's business. */
#include "port/config_parts.h"

#include <errno.h>
#include <unistd.h>

static void build_prompt(
	struct loader *loader, const struct prompt_entry *entry, struct prompt *prompt)
{
	prompt->id = str_new(entry->id);
	prompt->title = config_template(
		loader, entry_where(&keys_prompt, entry, "title"), "title", entry->title);
	prompt->cue =
		config_template(loader, entry_where(&keys_prompt, entry, "cue"), "cue", entry->cue);
	prompt->act =
		config_template(loader, entry_where(&keys_prompt, entry, "act"), "act", entry->act);
	prompt->question = config_template(
		loader, entry_where(&keys_prompt, entry, "question"), "question", entry->question);
	if (!entry->act && !entry->question)
		complain(loader, entry->entry.where,
			"the prompt \"%s\" needs an \"act\" or a \"question\"", entry->id);
}

/* ---- a pack as its author wrote it ---- */

static void check_size(struct loader *loader, const struct pack_entry *entry)
{
	if (entry->prompts.count == 0)
		complain(loader, entry->entry.where, "the pack \"%s\" has no prompts", entry->id);
	else if (entry->prompts.count > PACK_PROMPTS_MAX)
		complain(loader, entry->entry.where, "the pack \"%s\" has more than %d prompts",
			entry->id, PACK_PROMPTS_MAX);
}

static void complain_prompt_twice(struct loader *loader, const struct prompt_entry *prompt)
{
	complain(loader, entry_where(&keys_prompt, prompt, "id"),
		"the prompt \"%s\" is in this pack already", prompt->id);
}

static void build_prompts(
	struct loader *loader, const struct pack_entry *entry, struct prompt_pack *pack)
{
	struct index ids = {0};

	pack->prompts = mem_new_array(entry->prompts.count, sizeof(*pack->prompts));
	for (size_t i = 0; i < entry->prompts.count; i++) {
		const struct prompt_entry *prompt = entries_at(&keys_prompt, &entry->prompts, i);

		if (!prompt->id)
			continue;
		build_prompt(loader, prompt, &pack->prompts[pack->count]);
		if (index_put(&ids, &pack->prompts[pack->count]))
			complain_prompt_twice(loader, prompt);
		pack->count++;
	}
	index_free(&ids);
}

/* The language that the pack says, or else this one. */
static struct language *pack_language(
	struct loader *loader, const struct pack_entry *entry, const char *otherwise)
{
	struct language *language =
		config_language(loader, entry_where(&keys_pack, entry, "language"),
			entry->language ? entry->language : otherwise);

	if (language)
		language->has_packs = true;
	return language;
}

static void build_pack(struct loader *loader, const struct pack_entry *entry)
{
	struct model *model = loader->model;
	const struct prompt_pack *twin;
	struct prompt_pack *pack;

	pack = mem_new(sizeof(*pack));
	pack->id = str_new(entry->id);
	pack->index = model->n_packs;
	pack->file = entry->entry.where.file;
	pack->line = entry->entry.where.line;
	pack->language = pack_language(loader, entry, "en");
	pack->summary = str_new(entry->summary);
	model->packs = mem_resize(model->packs, model->n_packs + 1, sizeof(pack));
	model->packs[model->n_packs++] = pack;
	build_prompts(loader, entry, pack);
	twin = index_put(&loader->packs, pack);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_pack, entry, "id"), "prompt pack",
			pack->id, (struct where){twin->file, twin->line});
}

/* ---- a pack in another language ---- */

/* The one that this pack is a translation of, or NULL after complaining. */
static struct prompt_pack *find_original(
	struct loader *loader, const struct pack_entry *entry, const struct language *language)
{
	struct where where = entry_where(&keys_pack, entry, "id");
	struct prompt_pack *pack = index_find(&loader->packs, entry->id);

	if (entry->language && !str_eq(entry->language, language->id)) {
		complain(loader, entry_where(&keys_pack, entry, "language"),
			"the pack \"%s\" says \"%s\", and lies in the folder of \"%s\"", entry->id,
			entry->language, language->id);
		return NULL;
	}
	if (!pack && !loader->packs_incomplete)
		complain(loader, where,
			"there is no prompt pack \"%s\" to translate%s: what is in one language "
			"only stands one folder up, and says language = \"%s\"",
			entry->id,
			config_suggest(loader, entry->id, (void **)loader->model->packs,
				loader->model->n_packs),
			language->id);
	if (!pack)
		return NULL;
	if (pack->language == language) {
		config_complain_twice(loader, where, "prompt pack", pack->id,
			(struct where){pack->file, pack->line});
		return NULL;
	}
	for (size_t i = 0; i < pack->n_translations; i++) {
		const struct translation *twin = &pack->translations[i];

		if (twin->language != language)
			continue;
		config_complain_twice(loader, where, "prompt pack", pack->id,
			(struct where){twin->file, twin->line});
		return NULL;
	}
	return pack;
}

/* A message is in one language: what a translated prompt lacks is not taken from the original. */
static void check_parts(struct loader *loader, const struct prompt_entry *entry,
	const struct prompt *original, const struct language *language)
{
	const struct {
		const char *name;
		bool is_there, is_here;
	} parts[] = {{"title", original->title, entry->title}, {"cue", original->cue, entry->cue},
		{"act", original->act, entry->act},
		{"question", original->question, entry->question}};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].is_there && !parts[i].is_here)
			warn(loader, entry->entry.where,
				"the prompt \"%s\" has no \"%s\" in \"%s\", where the original has "
				"one",
				entry->id, parts[i].name, language->id);
	}
}

static void translate_prompts(struct loader *loader, const struct pack_entry *entry,
	const struct prompt_pack *pack, const struct translation *translation)
{
	struct index originals = {0};

	for (size_t i = 0; i < pack->count; i++)
		index_put(&originals, &pack->prompts[i]);
	for (size_t i = 0; i < entry->prompts.count; i++) {
		const struct prompt_entry *prompt = entries_at(&keys_prompt, &entry->prompts, i);
		struct prompt *original = index_find(&originals, prompt->id), *into;

		if (!prompt->id)
			continue;
		if (!original) {
			complain(loader, entry_where(&keys_prompt, prompt, "id"),
				"the pack \"%s\" has no prompt \"%s\" to translate (it stands in "
				"%s)",
				pack->id, prompt->id, pack->file);
			continue;
		}
		into = &translation->prompts[original - pack->prompts];
		if (into->id) {
			complain_prompt_twice(loader, prompt);
			continue;
		}
		build_prompt(loader, prompt, into);
		check_parts(loader, prompt, original, translation->language);
	}
	index_free(&originals);
}

static void warn_untranslated(struct loader *loader, const struct pack_entry *entry,
	const struct prompt_pack *pack, const struct translation *translation)
{
	struct names names = {0};

	for (size_t i = 0; i < pack->count; i++) {
		if (!translation->prompts[i].id)
			config_names_add(&names, pack->prompts[i].id);
	}
	if (names.count)
		warn(loader, entry->entry.where,
			"%zu of %zu prompts of \"%s\" are not in \"%s\", and go out as they are: "
			"%s",
			names.count, pack->count, pack->id, translation->language->id,
			config_names(&names));
}

static void translate_pack(
	struct loader *loader, const struct pack_entry *entry, struct language *language)
{
	struct prompt_pack *pack = find_original(loader, entry, language);
	struct translation *translation;

	if (!pack)
		return;
	pack->translations = mem_resize(
		pack->translations, pack->n_translations + 1, sizeof(*pack->translations));
	translation = &pack->translations[pack->n_translations++];
	*translation = (struct translation){.language = language,
		.file = entry->entry.where.file,
		.line = entry->entry.where.line,
		.prompts = mem_new_array(pack->count, sizeof(*translation->prompts))};
	language->has_packs = true;
	translate_prompts(loader, entry, pack, translation);
	warn_untranslated(loader, entry, pack, translation);
}

/* ---- files and folders ---- */

/* language: of the folder; NULL: packs as their authors wrote them. */
static void read_file(
	struct loader *loader, struct where where, const char *path, struct language *language)
{
	struct document *document = config_document_read(loader, path, where);
	struct pack_file_entry file = {0};

	if (!document) {
		loader->packs_incomplete = true;
		return;
	}
	config_walk_group(loader, document->file, config_root_setting(&document->tree),
		&keys_pack_file, &file);
	for (size_t i = 0; i < file.packs.count; i++) {
		const struct pack_entry *entry = entries_at(&keys_pack, &file.packs, i);

		if (!entry->id)
			continue;
		check_size(loader, entry);
		if (language)
			translate_pack(loader, entry, language);
		else
			build_pack(loader, entry);
	}
	entry_clear(&keys_pack_file, &file);
	config_document_free(document);
}

static void complain_folder(
	struct loader *loader, struct where where, const char *folder, int error)
{
	loader->packs_incomplete = true;
	complain(loader, where, "cannot read the prompts folder %s: %s", folder, strerror(-error));
}

static void read_files(struct loader *loader, struct where where, const char *folder, char **paths,
	size_t count, struct language *language)
{
	if (count > CONFIG_FILES_MAX)
		complain(loader, where, "more than %d files in %s", CONFIG_FILES_MAX, folder);
	for (size_t i = 0; i < count && count <= CONFIG_FILES_MAX; i++)
		read_file(loader, where, paths[i], language);
}

static void free_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

/* A folder beside the packs: translations, if its name is a language and it holds any. */
static void read_translations(struct loader *loader, struct where where, const char *folder)
{
	auto_free char *name = str_new(strrchr(folder, '/') + 1);
	struct language *language;
	size_t count;
	char **paths;
	int r = config_file_list(folder, &paths, &count);

	if (r == -ENOTDIR || r == -ENOENT)
		return; /* a file after all, or a link to nothing */
	if (r < 0) {
		complain_folder(loader, where, folder, r);
		return;
	}
	str_lower(name);
	if (count && !str_is_language(name)) {
		warn(loader, where,
			"%s is not read: a folder of translations has the name of a language, such "
			"as "
			"\"de\" or \"pt-BR\"",
			folder);
	} else if (count) {
		language = config_language(loader, where, name);
		if (language)
			read_files(loader, where, folder, paths, count, language);
	}
	free_paths(paths, count);
}

static void read_folder(struct loader *loader, struct where where, const char *folder)
{
	char **paths, **folders;
	size_t count, n_folders;
	int r = config_file_list(folder, &paths, &count);

	if (r < 0) {
		complain_folder(loader, where, folder, r);
		return;
	}
	read_files(loader, where, folder, paths, count, NULL);
	free_paths(paths, count);
	r = config_file_folders(folder, &folders, &n_folders);
	if (r < 0) {
		complain_folder(loader, where, folder, r);
		return;
	}
	if (n_folders > CONFIG_FILES_MAX)
		complain(loader, where, "more than %d folders in %s", CONFIG_FILES_MAX, folder);
	for (size_t i = 0; i < n_folders && n_folders <= CONFIG_FILES_MAX; i++)
		read_translations(loader, where, folders[i]);
	free_paths(folders, n_folders);
}

void config_prompts_read(struct loader *loader)
{
	struct where where = loader->top_where[section_key(&keys_top, "prompts") - keys_top.keys];

	if (loader->top.prompts)
		loader->model->prompts = config_path(loader, loader->top.prompts);
	else if (access(NUDGED_DATA_DIR "/prompts", F_OK) == 0)
		loader->model->prompts = str_new(NUDGED_DATA_DIR "/prompts");
	if (loader->model->prompts)
		read_folder(loader, where, loader->model->prompts);
}
