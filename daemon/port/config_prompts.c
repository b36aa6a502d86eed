/* Prompt packs: every *.conf of the prompts folder, in order of name. A pack's texts are templates,
 * compiled here. Which prompt a slot shows is model/prompt's business. */
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
			complain(loader, entry_where(&keys_prompt, prompt, "id"),
				"the prompt \"%s\" is in this pack already", prompt->id);
		pack->count++;
	}
	if (entry->prompts.count == 0)
		complain(loader, entry->entry.where, "the pack \"%s\" has no prompts", entry->id);
	index_free(&ids);
}

static void build_pack(struct loader *loader, const struct pack_entry *entry)
{
	struct model *model = loader->model;
	const struct prompt_pack *twin;
	struct prompt_pack *pack;

	if (!entry->id)
		return;
	pack = mem_new(sizeof(*pack));
	pack->id = str_new(entry->id);
	pack->index = model->n_packs;
	pack->file = entry->entry.where.file;
	pack->line = entry->entry.where.line;
	pack->summary = str_new(entry->summary);
	model->packs = mem_resize(model->packs, model->n_packs + 1, sizeof(pack));
	model->packs[model->n_packs++] = pack;
	build_prompts(loader, entry, pack);
	twin = index_put(&loader->packs, pack);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_pack, entry, "id"), "prompt pack",
			pack->id, (struct where){twin->file, twin->line});
}

static void read_file(struct loader *loader, struct where where, const char *path)
{
	struct document *document = config_document_read(loader, path, where);
	struct pack_file_entry file = {0};

	if (!document) {
		loader->packs_incomplete = true;
		return;
	}
	config_walk_group(loader, document->file, config_root_setting(&document->tree),
		&keys_pack_file, &file);
	for (size_t i = 0; i < file.packs.count; i++)
		build_pack(loader, entries_at(&keys_pack, &file.packs, i));
	entry_clear(&keys_pack_file, &file);
	config_document_free(document);
}

static void read_folder(struct loader *loader, struct where where, const char *folder)
{
	char **paths;
	size_t count;
	int r = config_file_list(folder, &paths, &count);

	if (r < 0) {
		loader->packs_incomplete = true;
		complain(loader, where, "cannot read the prompts folder %s: %s", folder,
			strerror(-r));
		return;
	}
	if (count > CONFIG_FILES_MAX)
		complain(loader, where, "more than %d files in %s", CONFIG_FILES_MAX, folder);
	for (size_t i = 0; i < count; i++) {
		if (count <= CONFIG_FILES_MAX)
			read_file(loader, where, paths[i]);
		free(paths[i]);
	}
	free(paths);
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
