/* What a form sent: application/x-www-form-urlencoded or multipart/form-data. */
#pragma once

#include "base/mem.h"

enum { FORM_FIELDS = 16 };

struct form {
	struct form_field {
		char *name, *value;
	} fields[FORM_FIELDS];
	size_t count;
};

/* 0, or -EINVAL: neither of the two types, damaged, a field twice, a NUL, or no UTF-8. */
int form_parse(const char *type, const char *body, size_t len, struct form *ret) must_check;
void form_clear(struct form *form);
/* NULL when it is not there. */
const char *form_get(const struct form *form, const char *name);
