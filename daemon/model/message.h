/* Requests, responses and verdicts between a plugin and the courier, as owned copies, and the checks
 * that no request may skip. See plugins/nudged-plugin.h for the contract itself. */
#pragma once

#include "base/mem.h"
#include "nudged-plugin.h"

enum {
	MESSAGE_BODY_MAX = 1 << 20, /* of a request, bytes */
	MESSAGE_HEADERS_MAX = 64,
	MESSAGE_HEADER_MAX = 8192,
	MESSAGE_URL_MAX = 8192,
	MESSAGE_PARTS_MAX = 8,
	RESPONSE_BODY_MAX = 65536,
};

/* A deep copy in one allocation: free() it. Honours the sizes the plugin gave. NULL with a sentence
 * (static text) when the request is not acceptable: over a ceiling, CR/LF/NUL in a header, address
 * or URL, a missing member, a scheme that is not http, https, smtp or smtps. */
struct nudged_request *request_copy(const struct nudged_request *request, const char **ret_why);

/* Asks for a URL and brings nothing: no plugin may do that. As above. */
struct nudged_request *request_get(const char *url, const char **ret_why);

struct verdict {
	enum nudged_outcome outcome;
	int64_t delay_ms; /* -1: none asked */
	bool whole_destination, safe_to_repeat;
	char *receipt, *address, *reason; /* owned, printable, cut at 200 characters; may be NULL */
};
void verdict_copy(const struct nudged_verdict *from, struct verdict *ret);
void verdict_clear(struct verdict *verdict);
/* What people may be shown of words that came from a plugin: one line, printable, at most 200
 * characters; owned; NULL gives NULL. */
char *message_clean(const char *text) __attribute__((malloc));
extern const char *const outcome_names[NUDGED_UNKNOWN + 2];
