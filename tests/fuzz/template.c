/* Templates: what compiles is rendered with everything there, with nothing there, and into too
 * little room; what does not compile has a printable message and a place. */
#include "base/str.h"
#include "model/template.h"

enum { ROOM_LITTLE = 20 };

static void render(const struct template *template, const char *value, size_t room)
{
	const char *values[TEMPLATE_NAMES] = {NULL};
	struct buf out = BUF_MAX(room);

	for (int i = 0; i < TEMPLATE_NAMES; i++)
		values[i] = value;
	template_render(template, values, &out);
	if (out.len > room || buf_str(&out)[out.len])
		abort();
	buf_free(&out);
}

static void check_error(const struct template_error *error)
{
	size_t len = strlen(error->message);

	if (error->line < 1 || error->column < 1 || !len || len >= sizeof(error->message) - 1 ||
		!str_is_utf8(error->message, len) || !str_is_printable(error->message, len, false))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = str_new_n((const char *)data, size);
	struct template *template;
	struct template_error error;

	if (template_compile(text, &template, &error) < 0) {
		check_error(&error);
		return 0;
	}
	render(template, "{{#focus}}", RENDERED_MAX);
	render(template, NULL, RENDERED_MAX);
	render(template, "value", ROOM_LITTLE);
	for (int i = 0; i < TEMPLATE_NAMES; i++)
		template_uses(template, i);
	if (!str_eq(template_source(template), text))
		abort();
	template_free(template);
	return 0;
}
