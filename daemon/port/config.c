/* The configuration's door: the steps of a load in their order, the complaints, and what the other
 * parts share. Owns the trees and entries until the model is built; the model itself goes to the
 * caller whole, or not at all. */
#include "port/config_parts.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum {
	COMPLAINTS_MAX = 1000,
	REPEATS_MAX = 5,      /* of the same words in one file */
	FEW_NAMES = 2000,     /* searched for a suggestion without a second thought */
	NAMED_MAX = 3,        /* people in one complaint */
	SUGGESTIONS_MAX = 20, /* among more than that */
};

/* ---- complaints ---- */

static void complaint_clear(struct complaint *complaint)
{
	free(complaint->file);
	free(complaint->message);
}

/* Room for one more error is worth more than an old warning. */
static bool drop_warning(struct complaints *complaints)
{
	for (size_t i = complaints->count; i-- > 0;) {
		struct complaint *old = &complaints->list[i];

		if (!old->warning)
			continue;
		complaint_clear(old);
		memmove(old, old + 1, (--complaints->count - i) * sizeof(*old));
		return true;
	}
	return false;
}

/* What was quoted may have been cut inside a character, or be no text at all. */
static char *make_printable(char *text)
{
	for (char *at = text; *at;) {
		unsigned char c = *at;
		size_t want = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
		size_t len = strnlen(at, want);

		if (len == want && str_is_utf8(at, len) && str_is_printable(at, len, false)) {
			at += len;
			continue;
		}
		*at++ = '?';
	}
	return text;
}

/* One slip in a generated file is thousands of the same complaint: the last of a few counts them. */
static bool is_repeated(struct complaints *complaints, const struct complaint *new)
{
	size_t same = 0;

	for (size_t i = 0; i < complaints->count; i++) {
		struct complaint *old = &complaints->list[i];

		if (old->warning != new->warning || !str_eq(old->message, new->message) ||
			!str_eq(old->file, new->file))
			continue;
		if (old->line != new->line && ++same < REPEATS_MAX)
			continue;
		old->more++;
		return true;
	}
	return false;
}

void complaints_add(
	struct complaints *complaints, bool warning, struct where where, const char *format, ...)
{
	struct complaint new = {str_new(where.file ? where.file : "nudged"), where.line, warning};
	struct buf message = BUF_MAX(2048);
	va_list args;

	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	new.message = make_printable(buf_take(&message));
	complaints->errors += !warning;
	if (is_repeated(complaints, &new)) {
		complaint_clear(&new);
		return;
	}
	if (complaints->count == COMPLAINTS_MAX) {
		complaints->cut = true;
		if (warning || !drop_warning(complaints)) {
			complaint_clear(&new);
			return;
		}
	}
	ARRAY_GROW(complaints->list, complaints->count, complaints->capacity);
	complaints->list[complaints->count++] = new;
}

void complaints_clear(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		complaint_clear(&complaints->list[i]);
	free(complaints->list);
	*complaints = (struct complaints){0};
}

char *complaint_write(const struct complaint *complaint)
{
	const char *kind = complaint->warning ? "warning: " : "";

	char line[16] = "", more[64] = "";

	if (complaint->line > 0)
		snprintf(line, sizeof(line), ":%d", complaint->line);
	if (complaint->more)
		snprintf(more, sizeof(more), " (%zu more like this)", complaint->more);
	return str_printf("%s%s: %s%s%s", complaint->file, line, kind, complaint->message, more);
}

struct ranked {
	size_t file, at;
	struct complaint complaint;
};

static size_t file_rank(const struct model *model, const char *file)
{
	for (size_t i = 0; i < model->n_files; i++) {
		if (str_eq(model->files[i], file))
			return i;
	}
	return model->n_files;
}

static int by_place(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->complaint.line != y->complaint.line)
		return x->complaint.line < y->complaint.line ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* In the order in which files were read, then by line, then as they were found. */
static void sort_complaints(const struct model *model, struct complaints *complaints)
{
	struct ranked *ranked = mem_new_array(complaints->count, sizeof(*ranked));

	for (size_t i = 0; i < complaints->count; i++)
		ranked[i] = (struct ranked){
			file_rank(model, complaints->list[i].file), i, complaints->list[i]};
	qsort(ranked, complaints->count, sizeof(*ranked), by_place);
	for (size_t i = 0; i < complaints->count; i++)
		complaints->list[i] = ranked[i].complaint;
	free(ranked);
}

/* ---- what the parts share ---- */

struct where config_top_where(const struct loader *loader, const char *name)
{
	return loader->top_where[section_key(&keys_top, name) - keys_top.keys];
}

char *config_path(const struct loader *loader, const char *path)
{
	if (*path == '/' || str_eq(loader->folder, "."))
		return str_new(path);
	return str_printf("%s/%s", loader->folder, path);
}

void config_complain_twice(struct loader *loader, struct where where, const char *what,
	const char *id, struct where first)
{
	complain(loader, where, "the %s \"%s\" is there already, at %s:%d", what, id, first.file,
		first.line);
}

void config_names_add(struct names *names, const char *id)
{
	size_t len = strlen(names->text);

	if (names->count++ < NAMED_MAX)
		snprintf(names->text + len, sizeof(names->text) - len, "%s%s", len ? ", " : "", id);
}

const char *config_names(struct names *names)
{
	size_t len = strlen(names->text);

	if (names->count > NAMED_MAX)
		snprintf(names->text + len, sizeof(names->text) - len, " and %zu more",
			names->count - NAMED_MAX);
	return names->text;
}

const char *config_suggest(struct loader *loader, const char *word, void *const *objects, size_t n)
{
	static char text[128];
	const char **names;
	const char *nearest;

	if (n == 0 || (n > FEW_NAMES && loader->suggestions_left == 0))
		return "";
	loader->suggestions_left -= n > FEW_NAMES;
	names = mem_new_array(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = *(char *const *)objects[i];
	nearest = strlen(word) <= 64 ? str_nearest(word, names) : NULL;
	free(names);
	if (!nearest)
		return "";
	snprintf(text, sizeof(text), " (did you mean \"%s\"?)", nearest);
	return text;
}

/* ---- reading ---- */

static void place_words(struct loader *loader, const char *file, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		struct where where = {file, words->lines[i]};

		ARRAY_GROW(loader->alert_via, loader->n_alert_via, loader->alert_via_room);
		loader->alert_via[loader->n_alert_via++] =
			(struct placed){where, str_new(words->list[i])};
	}
}

/* What a later file says replaces it; lists it appends to. */
static void merge_top(struct loader *loader, struct top_entry *from)
{
	for (size_t i = 0; i < keys_top.count; i++) {
		const struct key *key = &keys_top.keys[i];
		char *into = (char *)&loader->top + key->offset;
		char *member = (char *)from + key->offset;

		if ((key->flags & KEY_LATER) || key->type == KEY_GROUPS || !from->entry.lines[i])
			continue;
		loader->top_where[i] = (struct where){from->entry.where.file, from->entry.lines[i]};
		if (key->type == KEY_WORDS) {
			place_words(loader, from->entry.where.file, (struct words *)member);
		} else if (key->type == KEY_BOOL) {
			*(bool *)into = *(bool *)member;
		} else if (key->type == KEY_INT) {
			*(int *)into = *(int *)member;
		} else if (key->type == KEY_SPAN_S) {
			*(int64_t *)into = *(int64_t *)member;
		} else if (*(char **)member) {
			free(*(char **)into);
			*(char **)into = *(char **)member;
			*(char **)member = NULL;
		}
	}
}

/* The lists were walked straight into the loader's. */
static void lend_lists(struct top_entry *to, struct top_entry *from)
{
	to->channels = from->channels;
	to->places = from->places;
	to->roles = from->roles;
	to->people = from->people;
	to->reminders = from->reminders;
	from->channels = from->places = from->roles = from->people = from->reminders =
		(struct entries){0};
}

static void read_document(struct loader *loader, const char *path)
{
	struct where whole = {loader->model->file, 0};
	struct document *document = config_document_read(loader, path, whole);
	struct top_entry top = {0};

	if (!document) {
		loader->incomplete = true;
		return;
	}
	ARRAY_GROW(loader->documents, loader->n_documents, loader->documents_room);
	loader->documents[loader->n_documents++] = document;
	lend_lists(&top, &loader->top);
	config_walk_group(
		loader, document->file, config_root_setting(&document->tree), &keys_top, &top);
	lend_lists(&loader->top, &top);
	merge_top(loader, &top);
	entry_clear(&keys_top, &top);
}

static void read_drop_ins(struct loader *loader)
{
	struct where whole = {loader->model->file, 0};
	auto_free char *folder = str_printf("%s/conf.d", loader->folder);
	char **paths;
	size_t count;
	int r = config_file_list(folder, &paths, &count);

	if (r == -ENOENT)
		return;
	if (r < 0) {
		complain(loader, whole, "cannot read the folder %s: %s", folder, strerror(-r));
		return;
	}
	if (count > CONFIG_FILES_MAX)
		complain(loader, whole, "more than %d files in %s", CONFIG_FILES_MAX, folder);
	for (size_t i = 0; i < count; i++) {
		if (count <= CONFIG_FILES_MAX)
			read_document(loader, paths[i]);
		free(paths[i]);
	}
	free(paths);
}

static void check_not_empty(struct loader *loader)
{
	struct where whole = {loader->model->file, 0};

	for (size_t i = 0; i < loader->n_documents; i++) {
		if (config_setting_length(config_root_setting(&loader->documents[i]->tree)) > 0)
			return;
	}
	complain(loader, whole, "the file is empty: it sets nothing");
}

static void read_people_file(struct loader *loader)
{
	struct model *model = loader->model;

	if (!loader->top.people_file)
		return;
	model->people_file = config_path(loader, loader->top.people_file);
	config_csv_read(loader, config_top_where(loader, "people_file"), model->people_file);
}

/* The first folder that systemd made for us, or the usual one. */
static char *default_state(void)
{
	const char *given = getenv("STATE_DIRECTORY");

	if (str_empty(given) || *given != '/')
		return str_new("/var/lib/nudged");
	return str_new_n(given, strcspn(given, ":"));
}

static void take_top(struct loader *loader)
{
	struct top_entry *top = &loader->top;
	struct model *model = loader->model;

	model->state = top->state ? config_path(loader, top->state) : default_state();
	model->control = config_path(loader, top->control);
	model->store = str_new(top->store);
	model->listen = str_new(top->listen);
	model->listen_admin = str_new(top->listen_admin);
	model->vision = str_new(top->vision);
	model->daily_limit = top->daily_limit;
	model->keep_s = top->keep_s;
	config_check_top(loader);
}

static void build(struct loader *loader)
{
	take_top(loader);
	config_places_build(loader);
	config_channels_build(loader);
	config_alerts_build(loader);
	config_people_build(loader);
	config_prompts_read(loader);
	config_reminders_build(loader);
	config_check_all(loader);
	model_build_index(loader->model);
}

static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return str_new(".");
	return slash == file ? str_new("/") : str_new_n(file, slash - file);
}

static void loader_clear(struct loader *loader)
{
	entry_clear(&keys_top, &loader->top);
	for (size_t i = 0; i < loader->n_documents; i++)
		config_document_free(loader->documents[i]);
	for (size_t i = 0; i < loader->n_zones; i++)
		zone_unref(loader->zones[i]);
	index_free(&loader->channels);
	index_free(&loader->places);
	index_free(&loader->teams);
	index_free(&loader->roles);
	index_free(&loader->people_by_id);
	index_free(&loader->reminders);
	index_free(&loader->packs);
	index_free(&loader->calendars);
	index_free(&loader->languages);
	for (size_t i = 0; i < loader->n_alert_via; i++)
		free(loader->alert_via[i].text);
	free(loader->alert_via);
	free(loader->documents);
	free(loader->zones);
	free(loader->file_is_private);
	free(loader->of_teams.list);
	free(loader->of_teams.first);
	free(loader->of_roles.list);
	free(loader->of_roles.first);
	free(loader->channel_works);
	free(loader->via_is_wrong);
	free(loader->folder);
}

int config_load(const char *file, const struct config_needs *needs, bool check_only,
	struct model **ret, struct complaints *complaints)
{
	struct loader loader = {.needs = needs,
		.check_only = check_only,
		.complaints = complaints,
		.model = model_new(),
		.folder = folder_of(file),
		.suggestions_left = SUGGESTIONS_MAX};
	size_t errors = complaints->errors;

	loader.model->file = str_new(file);
	config_walk_presets(&keys_top, &loader.top);
	for (size_t i = 0; i < keys_top.count; i++)
		loader.top_where[i] = (struct where){loader.model->file, 0};
	read_document(&loader, file);
	if (loader.n_documents) {
		read_drop_ins(&loader);
		read_people_file(&loader);
		check_not_empty(&loader);
	}
	/* What the rest names may stand in the file that could not be read. */
	if (!loader.incomplete)
		build(&loader);
	sort_complaints(loader.model, complaints);
	loader_clear(&loader);
	if (complaints->errors == errors)
		*ret = loader.model;
	else
		model_unref(loader.model);
	/* glibc keeps what the trees and entries used, which may be hundreds of megabytes. */
	malloc_trim(0);
	return complaints->errors == errors ? 0 : -EINVAL;
}
