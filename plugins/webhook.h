/* What the parts of the webhook plugin share: a dialect's row, and small writers of JSON. */
#pragma once

#include "nudged-plugin.h"

#include <jansson.h>
#include <stdbool.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct dialect {
	const char *name;
	bool is_room;
	bool takes_secret;
	bool drops_duplicates; /* by an id of ours: an attempt without an answer may be repeated */
	double rate;           /* messages a second the service documents; 0: none */
	/* The body, to be freed, or NULL when it cannot be expressed. */
	char *(*encode)(const struct nudged_delivery *delivery);
	/* Judges an answer by what its body says; false: judge by the status alone. */
	bool (*judge_body)(const struct nudged_response *response, struct nudged_verdict *verdict);
};

/* Seconds that a JSON body asks for, or a negative number: it says nothing. */
double hint_delay(const struct nudged_response *response);

char *generic_encode(const struct nudged_delivery *delivery);
char *slack_encode(const struct nudged_delivery *delivery);
bool slack_judge_body(const struct nudged_response *response, struct nudged_verdict *verdict);
