/* From text and libconfig's tree to entries, by the keys table: types, ranges, choices, defaults,
 * unknown and missing keys, each complaint with its line. Never looks at what an id names: that is
 * for the parts that build the model. */
#include "port/config_parts.h"
#include "time/span.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const reserved_ids[] = {"all", "self", "manager", "mentor", "partner", NULL};

const char *config_walk_type(int type)
{
	switch (type) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	case CONFIG_TYPE_STRING:
		return "text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return "a list";
	default:
		return "nothing";
	}
}

static const char *wanted_type(const struct key *key)
{
	static const char *const names[] = {[KEY_LINE] = "text",
		[KEY_TEXT] = "text",
		[KEY_ID] = "an id as text",
		[KEY_REF] = "an id as text",
		[KEY_PATH] = "a path as text",
		[KEY_SECRET] = "text",
		[KEY_WORDS] = "a list of texts: [ \"...\", \"...\" ]",
		[KEY_MAP] = "a group of texts: { name = \"...\"; }",
		[KEY_INT] = "a whole number",
		[KEY_BOOL] = "true or false",
		[KEY_CHOICE] = "text",
		[KEY_SPAN_S] = "a span as text, such as \"90min\"",
		[KEY_SPAN_MS] = "a span as text, such as \"30s\"",
		[KEY_RATE] = "a rate as text, such as \"10/s\"",
		[KEY_LANGUAGE] = "the tag of a language as text, such as \"de\"",
		[KEY_DATE] = "a date as text, such as \"2026-12-24\"",
		[KEY_GROUP] = "a group: { ... }",
		[KEY_GROUPS] = "a list of groups: ( { ... }, { ... } )"};

	if (key->flags & KEY_LONE)
		return "text, or a list of texts: [ \"...\", \"...\" ]";
	return names[key->type];
}

/* ---- one value as text ---- */

static bool check_line(struct loader *loader, struct where where, const char *name,
	const char *text, size_t len, bool multiline)
{
	size_t ceiling = multiline ? CONFIG_TEXT_MAX : CONFIG_LINE_MAX;

	if (len == 0)
		complain(loader, where, "\"%s\" is empty: leave it out instead", name);
	else if (len > ceiling)
		complain(loader, where, "\"%s\" is longer than %zu bytes", name, ceiling);
	else if (!str_is_utf8(text, len))
		complain(loader, where, "\"%s\" is not valid UTF-8", name);
	else if (!str_is_printable(text, len, multiline))
		complain(loader, where, "\"%s\" holds %s", name,
			!multiline && memchr(text, '\n', len) ? "more than one line"
							      : "a control character");
	else
		return true;
	return false;
}

static bool check_id(
	struct loader *loader, struct where where, const struct key *key, const char *text)
{
	if (!str_is_id(text)) {
		complain(loader, where,
			"\"%s\" cannot be \"%.80s\": an id is a lower-case letter, then letters, "
			"digits "
			"and hyphens, at most 64 in all",
			key->name, text);
		return false;
	}
	for (size_t i = 0; key->type == KEY_ID && reserved_ids[i]; i++) {
		if (strcmp(text, reserved_ids[i]) == 0) {
			complain(loader, where, "the id \"%s\" is reserved", text);
			return false;
		}
	}
	return true;
}

static void write_range(const struct key *key, char *text, size_t room)
{
	char low[SPAN_TEXT], high[SPAN_TEXT];

	if (key->type == KEY_INT) {
		snprintf(text, room, "%" PRId64 " to %" PRId64, key->min, key->max);
	} else if (key->type == KEY_SPAN_S) {
		span_write(key->min, low);
		span_write(key->max, high);
		snprintf(text, room, "%s to %s", low, high);
	} else {
		span_write(key->max / 1000, high);
		snprintf(text, room, "%" PRId64 "ms to %s", key->min, high);
	}
}

static bool check_range(
	struct loader *loader, struct where where, const struct key *key, int64_t value)
{
	char range[2 * SPAN_TEXT + 8];

	if (value >= key->min && value <= key->max)
		return true;
	write_range(key, range, sizeof(range));
	complain(loader, where, "\"%s\" must be %s", key->name, range);
	return false;
}

static void put_span(struct loader *loader, struct where where, const struct key *key,
	const char *text, void *member)
{
	int64_t value;
	int column = 0;
	int r = key->type == KEY_SPAN_S ? span_parse_s(text, &value, &column)
					: span_parse_ms(text, &value, &column);

	if (r < 0)
		complain(loader, where,
			"\"%s\" is no span of time: \"%.80s\" (column %d); write it as \"90min\" "
			"or \"2h 30s\"",
			key->name, text, column);
	else if (check_range(loader, where, key, value))
		*(int64_t *)member = value;
}

static bool read_rate(const char *text, double *ret)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"/s", 1}, {"/min", 60}, {"/h", 3600}, {"/d", 86400}};
	char *end;
	double count;

	if (str_eq(text, "none")) {
		*ret = 0;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	count = strtod(text, &end);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (str_eq(end, units[i].unit) && count > 0 && count <= 1e6) {
			*ret = count / units[i].seconds;
			return true;
		}
	}
	return false;
}

static void put_choice(struct loader *loader, struct where where, const struct key *key,
	const char *text, void *member)
{
	cleanup(buf_free) struct buf known = BUF_MAX(512);

	for (int i = 0; key->choices[i]; i++) {
		if (strcmp(text, key->choices[i]) == 0) {
			*(int *)member = i;
			return;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", key->choices[i]);
	}
	complain(loader, where, "\"%s\" cannot be \"%.80s\": it is one of %s", key->name, text,
		buf_str(&known));
}

/* One spelling for "pt-BR" and "pt-br". */
static void put_language(struct loader *loader, struct where where, const struct key *key,
	const char *text, char **member)
{
	if (!str_is_language(text)) {
		complain(loader, where,
			"\"%s\" cannot be \"%.80s\": write the tag of a language, such as \"de\" "
			"or \"pt-BR\"",
			key->name, text);
		return;
	}
	free(*member);
	*member = str_new(text);
	str_lower(*member);
}

/* Of people_file and defaults only: in libconfig these are no text. */
static void put_word_like(struct loader *loader, struct where where, const struct key *key,
	const char *text, void *member)
{
	int64_t value;

	if (key->type == KEY_BOOL) {
		if (str_eq(text, "true") || str_eq(text, "false"))
			*(bool *)member = *text == 't';
		else
			complain(loader, where, "\"%s\" must be true or false", key->name);
	} else if (key->type == KEY_INT) {
		if (str_to_int64(text, &value) < 0)
			complain(loader, where, "\"%s\" must be a whole number", key->name);
		else if (check_range(loader, where, key, value))
			*(int *)member = (int)value;
	} else if (key->type == KEY_WORDS) {
		for (size_t len; *(text += strspn(text, " ")); text += len) {
			len = strcspn(text, " ");
			words_add(member, NULL, text, len, where.line);
		}
	} else {
		complain(loader, where, "\"%s\" cannot stand here", key->name);
	}
}

static void put_text(struct loader *loader, struct where where, const struct key *key,
	const char *text, void *member)
{
	switch (key->type) {
	case KEY_ID:
	case KEY_REF:
		if (!check_id(loader, where, key, text))
			return;
		/* fall through */
	case KEY_LINE:
	case KEY_TEXT:
	case KEY_PATH:
	case KEY_SECRET:
		free(*(char **)member);
		*(char **)member = str_new(text);
		return;
	case KEY_LANGUAGE:
		put_language(loader, where, key, text, member);
		return;
	case KEY_CHOICE:
		put_choice(loader, where, key, text, member);
		return;
	case KEY_SPAN_S:
	case KEY_SPAN_MS:
		put_span(loader, where, key, text, member);
		return;
	case KEY_RATE:
		if (!read_rate(text, member))
			complain(loader, where,
				"\"%s\" is no rate: \"%.80s\"; write it as \"10/s\", \"60/min\" or "
				"\"none\"",
				key->name, text);
		return;
	case KEY_DATE:
		if (date_parse(text, member) < 0)
			complain(loader, where,
				"\"%s\" is no date: \"%.80s\"; write it as 2026-12-24", key->name,
				text);
		return;
	default:
		put_word_like(loader, where, key, text, member);
	}
}

void config_walk_text(struct loader *loader, struct where where, const struct section *section,
	const struct key *key, const char *text, size_t len, void *entry)
{
	struct entry *head = entry;

	head->lines[key - section->keys] = where.line;
	if (check_line(loader, where, key->name, text, len, key->type == KEY_TEXT))
		put_text(loader, where, key, text, (char *)entry + key->offset);
}

void config_walk_presets(const struct section *section, void *entry)
{
	struct complaints none = {0};
	struct loader loader = {.complaints = &none};

	for (size_t i = 0; i < section->count; i++) {
		const struct key *key = &section->keys[i];

		if (key->preset)
			put_text(&loader, (struct where){0}, key, key->preset,
				(char *)entry + key->offset);
	}
	assert(none.count == 0); /* the table's own values are good */
}

/* ---- what a group says ---- */

static struct where line_of(const char *file, const config_setting_t *setting)
{
	return (struct where){file, (int)setting->line};
}

static void complain_type(
	struct loader *loader, struct where where, const struct key *key, int type)
{
	complain(loader, where, "\"%s\" must be %s, not %s", key->name, wanted_type(key),
		config_walk_type(type));
}

static void put_word(struct loader *loader, const char *file, const config_setting_t *word,
	const struct key *key, struct words *words)
{
	const char *text = config_setting_get_string(word);
	const char *name = key->type == KEY_MAP ? word->name : NULL;
	struct where where = line_of(file, word);

	if (!text)
		complain_type(loader, where, key, config_setting_type(word));
	else if (check_line(loader, where, name ? name : key->name, text, strlen(text), false))
		words_add(words, name, text, strlen(text), where.line);
}

static void put_words(struct loader *loader, const char *file, const config_setting_t *list,
	const struct key *key, struct words *words)
{
	for (int i = 0; i < config_setting_length(list); i++)
		put_word(loader, file, config_setting_get_elem(list, i), key, words);
}

static void put_groups(struct loader *loader, const char *file, const config_setting_t *list,
	const struct key *key, struct entries *entries)
{
	int count = config_setting_length(list);

	for (int i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, i);

		if (!config_setting_is_group(group))
			complain_type(
				loader, line_of(file, group), key, config_setting_type(group));
		else
			config_walk_group(
				loader, file, group, key->inner, entries_add(key->inner, entries));
	}
}

static void put_int(struct loader *loader, struct where where, const struct key *key,
	const config_setting_t *setting, int *member)
{
	int64_t value = config_setting_type(setting) == CONFIG_TYPE_INT64
				? config_setting_get_int64(setting)
				: config_setting_get_int(setting);

	if (check_range(loader, where, key, value))
		*member = (int)value;
}

/* False when the setting has another type than its key. */
static bool put_setting(struct loader *loader, const char *file, const config_setting_t *setting,
	const struct section *section, const struct key *key, void *entry)
{
	void *member = (char *)entry + key->offset;
	struct where where = line_of(file, setting);
	int type = config_setting_type(setting);
	bool is_list = type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY;
	bool fits = type == CONFIG_TYPE_STRING;

	switch (key->type) {
	case KEY_WORDS:
		if (fits && (key->flags & KEY_LONE))
			put_word(loader, file, setting, key, member);
		else if ((fits = is_list))
			put_words(loader, file, setting, key, member);
		break;
	case KEY_MAP:
		if ((fits = type == CONFIG_TYPE_GROUP))
			put_words(loader, file, setting, key, member);
		break;
	case KEY_GROUPS:
		if ((fits = is_list))
			put_groups(loader, file, setting, key, member);
		break;
	case KEY_GROUP:
		if ((fits = type == CONFIG_TYPE_GROUP))
			config_walk_group(
				loader, file, setting, key->inner, entries_add(key->inner, member));
		break;
	case KEY_INT:
		if ((fits = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64))
			put_int(loader, where, key, setting, member);
		break;
	case KEY_BOOL:
		if ((fits = type == CONFIG_TYPE_BOOL))
			*(bool *)member = config_setting_get_bool(setting);
		break;
	default:
		if (fits)
			config_walk_text(loader, where, section, key,
				config_setting_get_string(setting),
				strlen(config_setting_get_string(setting)), entry);
	}
	return fits;
}

void config_walk_unknown(
	struct loader *loader, struct where where, const struct section *section, const char *name)
{
	const char *nearest = section_nearest(section, name);

	if (nearest)
		complain(loader, where, "unknown key \"%.80s\" in %s; did you mean \"%s\"?", name,
			section->group, nearest);
	else
		complain(loader, where, "unknown key \"%.80s\" in %s", name, section->group);
}

static void walk_setting(struct loader *loader, const char *file, const config_setting_t *setting,
	const struct section *section, void *entry)
{
	const struct key *key = section_key(section, setting->name);
	struct where where = line_of(file, setting);

	if (!key) {
		if (!section->open)
			config_walk_unknown(loader, where, section, setting->name);
		return;
	}
	((struct entry *)entry)->lines[key - section->keys] = where.line;
	if (key->flags & KEY_LATER)
		complain(loader, where, "\"%s\" is not built into this release of nudged",
			key->name);
	else if (!put_setting(loader, file, setting, section, key, entry))
		complain_type(loader, where, key, config_setting_type(setting));
}

void config_walk_required(struct loader *loader, const struct section *section, const void *entry)
{
	const struct entry *head = entry;

	for (size_t i = 0; i < section->count; i++) {
		if ((section->keys[i].flags & KEY_REQUIRED) && !head->lines[i])
			complain(loader, head->where, "%s needs the key \"%s\"", section->group,
				section->keys[i].name);
	}
}

void config_walk_group(struct loader *loader, const char *file, const config_setting_t *group,
	const struct section *section, void *entry)
{
	struct entry *head = entry;
	int count = config_setting_length(group);

	head->where = line_of(file, group);
	head->source = group;
	config_walk_presets(section, entry);
	for (int i = 0; i < count; i++)
		walk_setting(loader, file, config_setting_get_elem(group, i), section, entry);
	config_walk_required(loader, section, entry);
}

/* ---- a file ---- */

static void free_wiped(struct buf *text)
{
	if (text->data)
		explicit_bzero(text->data, text->len);
	buf_free(text);
}

/* Texts may be secrets, and libconfig would leave them in freed memory. */
static void wipe_texts(config_setting_t *setting)
{
	if (config_setting_type(setting) == CONFIG_TYPE_STRING && setting->value.sval)
		explicit_bzero(setting->value.sval, strlen(setting->value.sval));
	if (!config_setting_is_aggregate(setting))
		return;
	for (int i = 0; i < config_setting_length(setting); i++)
		wipe_texts(config_setting_get_elem(setting, i));
}

void config_document_free(struct document *document)
{
	wipe_texts(config_root_setting(&document->tree));
	config_destroy(&document->tree);
	free(document);
}

static void complain_syntax(struct loader *loader, const char *file, const config_t *tree)
{
	const char *text = config_error_text(tree);
	struct where where = {file, config_error_line(tree)};

	if (str_eq(text, "duplicate setting name"))
		complain(loader, where, "a key on this line is set already: keep one of the two");
	else if (!text || str_eq(text, "syntax error"))
		complain(loader, where,
			"syntax error: is a ';', a ',' or a bracket missing here or on the line "
			"before?");
	else
		complain(loader, where, "%s", text);
}

struct document *config_document_read(struct loader *loader, const char *path, struct where where)
{
	cleanup(free_wiped) struct buf text = BUF_MAX(CONFIG_FILE_MAX);
	struct document *document;
	bool is_private;

	if (!config_file_read(loader, path, where, &text, &is_private))
		return NULL;
	document = mem_new(sizeof(*document));
	document->file = config_file_add(loader, path, is_private);
	config_init(&document->tree);
	if (!text.data || config_text_check(loader, document->file, text.data, text.len)) {
		if (config_read_string(&document->tree, buf_str(&text)))
			return document;
		complain_syntax(loader, document->file, &document->tree);
	}
	config_document_free(document);
	return NULL;
}
