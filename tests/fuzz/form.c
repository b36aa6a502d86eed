/* A content type, a line feed, a body: fields that are text, each name once, or a refusal. */
#include "base/str.h"
#include "face/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *feed = size ? memchr(data, '\n', size) : NULL;
	auto_free char *type = feed ? str_new_n((const char *)data, (size_t)(feed - data)) : NULL;
	/* Exactly as long as it says: what is read beyond it is found. */
	size_t len = feed ? size - (size_t)(feed - data) - 1 : 0;
	auto_free char *body = len ? mem_copy(feed + 1, len) : NULL;
	struct form form = {.count = 0};

	if (!body || form_parse(type, body, len, &form) < 0) {
		FUZZ_CHECK(form.count == 0);
		return 0;
	}
	FUZZ_CHECK(form.count <= FORM_FIELDS);
	for (size_t i = 0; i < form.count; i++) {
		const struct form_field *field = &form.fields[i];

		FUZZ_CHECK(str_is_utf8(field->name, strlen(field->name)));
		FUZZ_CHECK(str_is_utf8(field->value, strlen(field->value)));
		FUZZ_CHECK(strlen(field->value) <= len);
		FUZZ_CHECK(form_get(&form, field->name) == field->value);
	}
	form_clear(&form);
	return 0;
}
