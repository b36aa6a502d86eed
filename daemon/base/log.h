/* The log: one structured entry to the systemd journal, and a line on stderr when stderr is not
 * the journal itself (JOURNAL_STREAM), as `<PRIORITY>MESSAGE KEY=value ...`.
 *
 * Used by main, port (debug), engine and face; base, time and model never log. Values are escaped:
 * no control character leaves. Never pass a secret's value or an answer's text. */
#pragma once

#include "base/mem.h"

#include <syslog.h> /* LOG_ERR ... LOG_DEBUG */

struct log_field {
	const char *key;   /* upper case; NULL ends the list */
	const char *value; /* NULL: the field is left out */
};

/* Entries above max_priority are dropped. Call once, before threads. */
void log_open(const char *identifier, int max_priority);
void log_set_level(int max_priority);
bool log_wants(int priority);
/* 0, or -EINVAL: "emerg" ... "debug" or 0..7. */
int log_level_from_name(const char *name, int *ret) must_check;

void log_entry(int priority, const struct log_field *fields, const char *format, ...)
	printf_like(3, 4);

#define log_error(...) log_entry(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_entry(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_entry(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_entry(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_entry(LOG_DEBUG, NULL, __VA_ARGS__)
