/* Languages: one object for each tag of a load, however many people have it, and with it the wider
 * ones that stand in for it. Which text a language gets is model/prompt's business. */
#include "port/config_parts.h"

struct language *config_language(struct loader *loader, struct where where, const char *tag)
{
	struct model *model = loader->model;
	struct language *language = tag ? index_find(&loader->languages, tag) : NULL;
	const char *dash = tag ? strrchr(tag, '-') : NULL;

	if (!tag || language)
		return language;
	if (model->n_languages == CONFIG_LANGUAGES_MAX) {
		complain(loader, where, "\"%s\" is one too many: at most %d languages", tag,
			CONFIG_LANGUAGES_MAX);
		return NULL;
	}
	language = mem_new(sizeof(*language));
	language->id = str_new(tag);
	language->index = model->n_languages;
	ARRAY_GROW(model->languages, model->n_languages, loader->languages_room);
	model->languages[model->n_languages++] = language;
	index_put(&loader->languages, language);
	if (dash) {
		auto_free char *wider = str_new_n(tag, dash - tag);

		language->wider = config_language(loader, where, wider);
	}
	return language;
}

/* ---- languages that nobody wrote for ---- */

/* Who has a language. */
struct speakers {
	struct where where; /* of the first one */
	struct names names;
};

static void add_speaker(
	struct speakers *all, const struct language *language, struct where where, const char *id)
{
	struct speakers *speakers;

	if (!language)
		return;
	speakers = &all[language->index];
	if (speakers->names.count == 0)
		speakers->where = where;
	config_names_add(&speakers->names, id);
}

static void add_speakers(const struct loader *loader, struct speakers *all)
{
	const struct model *model = loader->model;
	const struct language *common = model->places[0]->language;

	add_speaker(all, common, config_top_where(loader, "language"), "this file");
	for (size_t i = 1; i < model->n_places; i++) {
		const struct place *place = model->places[i];

		if (place->language != common)
			add_speaker(all, place->language, place->where, place->id);
	}
	for (size_t i = 0; i < model->n_people; i++)
		add_speaker(all, model->people[i]->language, model->people[i]->where,
			model->people[i]->id);
	for (size_t i = 0; i < model->n_reminders; i++)
		add_speaker(all, model->reminders[i]->language, model->reminders[i]->where,
			model->reminders[i]->id);
}

static bool has_packs(const struct language *language)
{
	for (; language; language = language->wider) {
		if (language->has_packs)
			return true;
	}
	return false;
}

/* "de", "en". */
static void write_languages_of_packs(const struct model *model, struct buf *out)
{
	for (size_t i = 0; i < model->n_languages; i++) {
		if (model->languages[i]->has_packs)
			buf_printf(out, "%s\"%s\"", out->len ? ", " : "", model->languages[i]->id);
	}
}

void config_languages_check(struct loader *loader)
{
	const struct model *model = loader->model;
	auto_free struct speakers *all = mem_new_array(model->n_languages, sizeof(*all));
	cleanup(buf_free) struct buf known = BUF_MAX(512);

	if (loader->packs_incomplete || !model->n_packs)
		return;
	write_languages_of_packs(model, &known);
	add_speakers(loader, all);
	for (size_t i = 0; i < model->n_languages; i++) {
		const struct language *language = model->languages[i];

		if (all[i].names.count && !has_packs(language))
			warn(loader, all[i].where,
				"no prompt pack is in \"%s\", the language of %s: they get the "
				"packs "
				"as they are (there %s %s)",
				language->id, config_names(&all[i].names),
				strchr(buf_str(&known), ',') ? "are" : "is", buf_str(&known));
	}
}
