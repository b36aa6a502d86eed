/* people_file: comma-separated values as in RFC 4180, with a header that names the keys of a person.
 * Takes LF or CRLF and a byte order mark. Each line becomes one entry by the keys table, with its
 * line number; a record may span lines inside quotes. */
#include "port/config_parts.h"

enum { COLUMNS_MAX = 256 };

struct column {
	const struct key *key; /* NULL: unknown, its cells are passed over */
	char *channel;         /* of address.CHANNEL */
};

struct csv {
	struct loader *loader;
	const char *file;
	const char *at, *end;
	int line;
	struct column columns[COLUMNS_MAX];
	size_t n_columns;
	struct buf cell;
};

static struct where here(const struct csv *csv, int line)
{
	return (struct where){csv->file, line};
}

/* ---- cells ---- */

enum after_cell { AFTER_COMMA, AFTER_LINE, AFTER_FAULT };

static enum after_cell end_cell(struct csv *csv)
{
	if (csv->at < csv->end && *csv->at == ',') {
		csv->at++;
		return AFTER_COMMA;
	}
	if (csv->at + 1 < csv->end && csv->at[0] == '\r' && csv->at[1] == '\n')
		csv->at++;
	if (csv->at < csv->end && *csv->at == '\n') {
		csv->at++;
		csv->line++;
		return AFTER_LINE;
	}
	if (csv->at == csv->end)
		return AFTER_LINE;
	complain(csv->loader, here(csv, csv->line), "after the closing quote a comma must follow");
	return AFTER_FAULT;
}

static enum after_cell read_quoted(struct csv *csv)
{
	int begin = csv->line;

	for (csv->at++; csv->at < csv->end; csv->at++) {
		if (*csv->at == '"') {
			csv->at++;
			if (csv->at == csv->end || *csv->at != '"')
				return end_cell(csv);
		}
		if (*csv->at == '\n')
			csv->line++;
		buf_add_char(&csv->cell, *csv->at);
	}
	complain(csv->loader, here(csv, begin), "the quote that begins here is never closed");
	return AFTER_FAULT;
}

/* The next cell into csv->cell. */
static enum after_cell read_cell(struct csv *csv)
{
	const char *begin = csv->at;

	buf_reset(&csv->cell);
	if (csv->at < csv->end && *csv->at == '"')
		return read_quoted(csv);
	while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n')
		csv->at++;
	if (csv->at < csv->end && *csv->at == '\n' && csv->at > begin && csv->at[-1] == '\r')
		csv->at--;
	buf_add(&csv->cell, begin, csv->at - begin);
	return end_cell(csv);
}

static void skip_line(struct csv *csv)
{
	const char *feed = memchr(csv->at, '\n', csv->end - csv->at);

	csv->at = feed ? feed + 1 : csv->end;
	csv->line++;
}

/* ---- the header ---- */

static bool key_fits_a_cell(const struct key *key)
{
	return key && !(key->flags & KEY_LATER) && key->type != KEY_GROUPS &&
	       key->type != KEY_GROUP && key->type != KEY_MAP;
}

static void name_column(struct csv *csv, struct column *column, const char *name, int line)
{
	const char *dot = strchr(name, '.');

	if (str_starts(name, "address.") && str_is_id(dot + 1)) {
		column->key = section_key(&keys_person, "address");
		column->channel = str_new(dot + 1);
		return;
	}
	column->key = section_key(&keys_person, name);
	if (column->key && (column->key->flags & KEY_LATER))
		complain(csv->loader, here(csv, line),
			"\"%s\" is not built into this release of nudged", name);
	else if (column->key && !key_fits_a_cell(column->key))
		complain(csv->loader, here(csv, line), "\"%s\" cannot be a column%s", name,
			str_eq(name, "address") ? ": write address.CHANNEL"
						: ": write such people into the configuration");
	else if (!column->key && (name[0] == '\0' || !str_is_printable(name, strlen(name), false) ||
					 !str_is_utf8(name, strlen(name))))
		complain(csv->loader, here(csv, line), "a column of the header has no proper name");
	else if (!column->key)
		config_walk_unknown(csv->loader, here(csv, line), &keys_person, name);
	if (!key_fits_a_cell(column->key))
		column->key = NULL;
}

static bool is_column_twice(const struct csv *csv, const struct column *column)
{
	for (const struct column *other = csv->columns; other < column; other++) {
		if (other->key == column->key && str_eq(other->channel, column->channel))
			return column->key != NULL;
	}
	return false;
}

static bool read_header(struct csv *csv)
{
	enum after_cell after = AFTER_COMMA;
	bool has_id = false;

	while (after == AFTER_COMMA) {
		int line = csv->line;
		struct column *column = &csv->columns[csv->n_columns];

		after = read_cell(csv);
		if (after == AFTER_FAULT)
			return false;
		if (csv->n_columns == COLUMNS_MAX) {
			complain(csv->loader, here(csv, line), "more than %d columns", COLUMNS_MAX);
			return false;
		}
		name_column(csv, column, buf_str(&csv->cell), line);
		if (is_column_twice(csv, column))
			complain(csv->loader, here(csv, line), "the column \"%s\" is there twice",
				buf_str(&csv->cell));
		has_id |= column->key && str_eq(column->key->name, "id");
		csv->n_columns++;
	}
	if (!has_id)
		complain(csv->loader, here(csv, 1),
			"the header has no column \"id\": the first line names the keys of a "
			"person");
	return has_id;
}

/* ---- the people ---- */

static void put_cell(
	struct csv *csv, const struct column *column, int line, struct person_entry *person)
{
	const char *text = buf_str(&csv->cell);
	size_t len = csv->cell.len;

	if (!column->key || len == 0)
		return;
	if (!column->channel) {
		config_walk_text(
			csv->loader, here(csv, line), &keys_person, column->key, text, len, person);
		return;
	}
	if (len > CONFIG_LINE_MAX || !str_is_utf8(text, len) || !str_is_printable(text, len, false))
		complain(csv->loader, here(csv, line),
			"\"address.%s\" is not one line of printable text", column->channel);
	else
		words_add(&person->address, column->channel, text, len, line);
}

static void read_person(struct csv *csv)
{
	enum after_cell after = AFTER_COMMA;
	struct person_entry *person;
	int begin = csv->line;
	size_t cells = 0;

	person = entries_add(&keys_person, &csv->loader->top.people);
	person->entry.where = here(csv, begin);
	config_walk_presets(&keys_person, person);
	while (after == AFTER_COMMA) {
		int line = csv->line;

		after = read_cell(csv);
		if (after == AFTER_FAULT) {
			csv->loader->incomplete = true; /* whoever stands there */
			skip_line(csv);
			return;
		}
		if (cells < csv->n_columns)
			put_cell(csv, &csv->columns[cells], line, person);
		cells++;
	}
	if (cells != csv->n_columns)
		complain(csv->loader, here(csv, begin), "%zu fields, where the header names %zu",
			cells, csv->n_columns);
	else
		config_walk_required(csv->loader, &keys_person, person);
}

static bool is_blank_line(struct csv *csv)
{
	const char *at = csv->at;

	if (at + 1 < csv->end && at[0] == '\r' && at[1] == '\n')
		at++;
	if (*at != '\n')
		return false;
	csv->at = at + 1;
	csv->line++;
	return true;
}

static void read_people(struct csv *csv)
{
	if (memchr(csv->at, '\0', csv->end - csv->at)) {
		complain(csv->loader, here(csv, 0), "this is no text: it holds a NUL byte");
		return;
	}
	if (csv->end - csv->at >= 3 && memcmp(csv->at, "\xEF\xBB\xBF", 3) == 0)
		csv->at += 3;
	if (csv->at == csv->end) {
		complain(csv->loader, here(csv, 0),
			"the file is empty: its first line names the keys of a person");
		return;
	}
	if (!read_header(csv)) {
		csv->loader->incomplete = true;
		return;
	}
	while (csv->at < csv->end) {
		if (is_blank_line(csv))
			continue;
		if (csv->loader->top.people.count >= CONFIG_PEOPLE_MAX) {
			complain(csv->loader, here(csv, csv->line), "more than %d people",
				CONFIG_PEOPLE_MAX);
			return;
		}
		read_person(csv);
	}
}

void config_csv_read(struct loader *loader, struct where where, const char *path)
{
	cleanup(buf_free) struct buf text = BUF_MAX(CONFIG_PEOPLE_FILE_MAX);
	struct csv csv = {.loader = loader, .line = 1, .cell = BUF_MAX(CONFIG_TEXT_MAX)};
	bool is_private;

	if (!config_file_read(loader, path, where, &text, &is_private)) {
		loader->incomplete = true;
		return;
	}
	csv.file = config_file_add(loader, path, is_private);
	csv.at = buf_str(&text);
	csv.end = csv.at + text.len;
	read_people(&csv);
	for (size_t i = 0; i < csv.n_columns; i++)
		free(csv.columns[i].channel);
	buf_free(&csv.cell);
}
