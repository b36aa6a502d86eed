/* The reference of every key, for nudged.conf(5), out of the keys table. Writes mdoc; the prose
 * around it is the page's own. */
#include "port/config_parts.h"
#include "time/span.h"

#include <inttypes.h>

static const char *type_words(const struct key *key)
{
	switch (key->type) {
	case KEY_LINE:
		return "a line of text";
	case KEY_TEXT:
		return "text";
	case KEY_ID:
	case KEY_REF:
		return "an id";
	case KEY_PATH:
		return "a path";
	case KEY_SECRET:
		return "a secret";
	case KEY_WORDS:
		return key->flags & KEY_LONE ? "a text, or a list of texts" : "a list of texts";
	case KEY_MAP:
		return "a group of texts";
	case KEY_BOOL:
		return "true or false";
	case KEY_RATE:
		return "a rate";
	case KEY_LANGUAGE:
		return "a language";
	case KEY_DATE:
		return "a date";
	case KEY_GROUP:
		return "a group";
	case KEY_GROUPS:
		return "a list of groups";
	default:
		return "";
	}
}

static void write_bound(struct buf *out, const struct key *key, int64_t bound)
{
	char span[SPAN_TEXT];

	if (key->type == KEY_SPAN_MS && bound % 1000) {
		buf_printf(out, "%" PRId64 "ms", bound);
		return;
	}
	span_write(key->type == KEY_SPAN_MS ? bound / 1000 : bound, span);
	buf_add_str(out, span);
}

static void write_type(struct buf *out, const struct key *key)
{
	if (key->type == KEY_CHOICE) {
		for (int i = 0; key->choices[i]; i++)
			buf_printf(out, "%s%s", i ? ", " : "one of ", key->choices[i]);
	} else if (key->type == KEY_INT) {
		buf_printf(out, "a whole number, %" PRId64 " to %" PRId64, key->min, key->max);
	} else if (key->type == KEY_SPAN_S || key->type == KEY_SPAN_MS) {
		buf_add_str(out, "a span, ");
		write_bound(out, key, key->min);
		buf_add_str(out, " to ");
		write_bound(out, key, key->max);
	} else {
		buf_add_str(out, type_words(key));
	}
}

/* A line of text in mdoc: no line may begin as a request, and a backslash is itself. */
static void write_text(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_add_str(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_add_str(out, "\\e");
		else if (*text == '"')
			buf_add_str(out, "\\(dq");
		else
			buf_add_char(out, *text);
		if (*text == '.' && text[1] == ' ') { /* a sentence a line */
			buf_add_char(out, '\n');
			text++;
			if (text[1] == '.' || text[1] == '\'')
				buf_add_str(out, "\\&");
		}
	}
	buf_add_char(out, '\n');
}

static void write_key(struct buf *out, const struct key *key)
{
	buf_printf(out, ".It Ic %s\n", key->name);
	if (key->flags & KEY_LATER) {
		write_text(out, key->help);
		buf_add_str(out, "Not built into this release: it is refused.\n");
		return;
	}
	buf_add_char(out, '(');
	write_type(out, key);
	if (key->flags & KEY_REQUIRED)
		buf_add_str(out, "; required");
	if (key->preset)
		buf_printf(out, "; default %s", key->preset);
	buf_add_str(out, ")\n");
	write_text(out, key->help);
}

char *config_reference(void)
{
	struct buf out = BUF_MAX(1 << 20);

	for (size_t i = 0; keys_sections[i]; i++) {
		const struct section *section = keys_sections[i];

		if (*section->name)
			buf_printf(&out, ".Ss %s\n", section->name);
		else
			buf_add_str(&out, ".Ss Top of the file\n");
		write_text(&out, section->help);
		buf_add_str(&out, ".Bl -tag -width Ds\n");
		for (size_t j = 0; j < section->count; j++)
			write_key(&out, &section->keys[j]);
		buf_add_str(&out, ".El\n");
	}
	return buf_take(&out);
}
