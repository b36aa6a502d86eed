/* Draws tables. Owns copies of the cells; what a terminal shows of them is face/terminal.h's. */
#include "face/table.h"

#include "base/buf.h"
#include "base/str.h"

enum { GAP = 2, CELL_MAX = 4096, NOTE_INDENT = 4 };

struct row {
	enum shade shade;
	char *cells[TABLE_COLUMNS];
	char *note; /* below it; NULL: none */
};

struct table {
	size_t columns;
	struct row *rows;
	size_t count, capacity;
	bool has_head;
};

void table_add(struct table *table, enum shade shade, const char *const *cells)
{
	struct row row = {.shade = shade};

	for (size_t i = 0; i < table->columns; i++)
		row.cells[i] = terminal_clean(cells[i] ? cells[i] : "-");
	ARRAY_GROW(table->rows, table->count, table->capacity);
	table->rows[table->count++] = row;
}

void table_add_note(struct table *table, const char *note)
{
	assert(table->count);
	table->rows[table->count - 1].note = terminal_clean(note);
}

struct table *table_new(size_t columns, const char *const *heads)
{
	struct table *table = mem_new(sizeof(*table));

	assert(columns && columns <= TABLE_COLUMNS);
	table->columns = columns;
	table->has_head = heads != NULL;
	if (heads)
		table_add(table, SHADE_STRONG, heads);
	return table;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		for (size_t k = 0; k < table->columns; k++)
			free(table->rows[i].cells[k]);
	for (size_t i = 0; i < table->count; i++)
		free(table->rows[i].note);
	free(table->rows);
	free(table);
}

size_t table_count(const struct table *table)
{
	return table->count - table->has_head;
}

void table_print_line(FILE *out, enum shade shade, const char *text)
{
	auto_free char *line = terminal_clean(text);

	terminal_print(out, shade, line);
}

static void print_note(const struct row *row, FILE *out, size_t limit)
{
	cleanup(buf_free) struct buf line = BUF_MAX(CELL_MAX * 3);

	buf_printf(&line, "%*s", NOTE_INDENT, "");
	terminal_add_wrapped(&line, row->note, NOTE_INDENT, limit);
	terminal_print(out, SHADE_PLAIN, buf_str(&line));
}

void table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMNS] = {0}, limit = terminal_width(out);

	for (size_t i = 0; i < table->count; i++)
		for (size_t k = 0; k < table->columns; k++)
			widths[k] = MAX_OF(widths[k], terminal_measure(table->rows[i].cells[k]));
	for (size_t i = 0; i < table->count; i++) {
		cleanup(buf_free) struct buf line = BUF_MAX((CELL_MAX + GAP) * 3 * TABLE_COLUMNS);
		cleanup(buf_free) struct buf shown = BUF_MAX(line.max);
		const struct row *row = &table->rows[i];

		for (size_t k = 0; k < table->columns; k++) {
			size_t pad = widths[k] + GAP - terminal_measure(row->cells[k]);

			buf_add_str(&line, row->cells[k]);
			if (k + 1 < table->columns)
				buf_printf(&line, "%*s", (int)pad, "");
		}
		if (limit)
			terminal_add_cut(&shown, buf_str(&line), limit);
		terminal_print(out, row->shade, buf_str(limit ? &shown : &line));
		if (row->note)
			print_note(row, out, limit);
	}
}
