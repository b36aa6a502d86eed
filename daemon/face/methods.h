/* The methods of the control socket: one table, from which parameters are checked and the interface
 * description is written. */
#pragma once

#include "face/call.h"

/* Finds the method and checks the parameters against it. NULL, or the error's full name with what
 * it is about in *ret_field (lent by the request or static). */
const char *methods_find(const char *name, const struct call_request *request,
	const struct method **ret, const char **ret_field);
/* The name of the one parameter such an error carries; NULL: none. */
const char *methods_error_field(const char *error);
/* The text of an interface, or NULL; owned by the caller. */
char *methods_describe(const char *interface);
/* Whether org.nudged has a method of this name: for tests of the verbs table. */
bool methods_has(const char *name);
