/* How long a receiver asks to be left alone, from what its body says: services that count requests
 * say it more exactly there than in the Retry-After header. */
#include "webhook.h"

#include <string.h>

/* Where services say it, and how many of its unit are a second. */
static const struct {
	const char *inside; /* of this object; NULL: of the whole */
	const char *name;
	double units;
} places[] = {
	{NULL, "retry_after", 1},         /* Discord: seconds with a fraction */
	{NULL, "retry_after_ms", 1000},   /* Matrix */
	{NULL, "retry-after", 1},         /* Zulip: seconds with a fraction */
	{"parameters", "retry_after", 1}, /* Telegram */
	{"error", "retry_after", 1},
};

double hint_delay(const struct nudged_response *response)
{
	json_t *body = json_loadb(response->body, response->body_len, JSON_REJECT_DUPLICATES, NULL);
	double delay = -1;

	for (size_t i = 0; i < COUNT(places); i++) {
		const json_t *object =
			places[i].inside ? json_object_get(body, places[i].inside) : body;
		const json_t *value = json_object_get(object, places[i].name);
		double said = json_number_value(value) / places[i].units;

		if (json_is_number(value) && said >= 0 && said > delay)
			delay = said;
	}
	json_decref(body);
	return delay;
}
