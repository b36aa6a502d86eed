/* What is gathered from a calendar file while it is read: its strings and its warnings, a few of
 * each kind. Owns the lists that the parts of the reader fill. */
#include "time/ical.h"

#include <stdio.h>
#include <string.h>

void ical_warn(struct ical *ical, enum ical_damage kind, int line, const char *format, ...)
{
	char message[400];
	size_t used;
	va_list args;

	if (++ical->warned[kind] > ICAL_WARNINGS_EACH || !ical->on_warning)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	used = strlen(message);
	if (ical->warned[kind] == ICAL_WARNINGS_EACH)
		snprintf(message + used, sizeof(message) - used,
			" (more of this kind are not listed)");
	ical->on_warning(ical->owner, line, message);
}

ical_string ical_string_add(struct ical *ical, const char *text)
{
	size_t at = ical->strings.len;

	if (!*text)
		return 0;
	buf_add(&ical->strings, text, strlen(text) + 1);
	return (ical_string)at;
}

void ical_free(struct ical *ical)
{
	for (size_t i = 0; i < ical->n_zones; i++)
		zone_unref(ical->zones[i].zone);
	zone_unref(ical->utc);
	buf_free(&ical->strings);
	free(ical->zones);
	free(ical->observances);
	free(ical->zone_rdates);
	free(ical->events);
	free(ical->exdates);
	free(ical->rdates);
}
