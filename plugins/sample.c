/* A plugin to start from: posts each message as plain text. Copy it, rename it, and build it with
 *
 *     cc -std=gnu11 -Wall -fPIC -shared -o NAME.so NAME.c
 *
 * then put NAME.so into the plugins' folder and say `plugin = "NAME"` in a channel. nudgectl
 * test-plugin NAME.so shows what nudged thinks of it. The whole contract: nudged-plugin(7). */
#include "nudged-plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the channel may set. nudged checks names and types, and lists them in its help. */
static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "url", NUDGED_OPTION_URL, NULL, NULL, 1, "where to post"},
};

/* Called for each channel that uses this plugin. The context is ours until close(). */
static int sample_open(
	const struct nudged_settings *settings, const struct nudged_sink *sink, void **ret_context)
{
	/* Settings are `size` bytes apart: a newer nudged may have longer ones. */
	const char *at = (const char *)settings->settings, *url = NULL;

	for (size_t i = 0; i < settings->count; i++) {
		const struct nudged_setting *setting = (const void *)at;

		if (strcmp(setting->name, "url") == 0)
			url = setting->value;
		at += setting->size;
	}
	/* With check_only the secrets may be missing: a URL counts as one. */
	if (!settings->check_only && (!url || strncmp(url, "http", 4) != 0)) {
		sink->complain(sink->owner, "url", "must begin with https://");
		return -1;
	}
	*ret_context = url ? strdup(url) : NULL;
	return 0;
}

static void sample_close(void *context)
{
	free(context);
}

/* From a delivery to a request. What we hand to the sink is copied before it returns. */
static int sample_encode(
	void *context, const struct nudged_delivery *delivery, const struct nudged_sink *sink)
{
	static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8"};
	struct nudged_http http = {.size = sizeof(http),
		.method = "POST",
		.url = context,
		.header_count = 1,
		.headers = headers};
	struct nudged_request request = {sizeof(request), NUDGED_HTTP, {.http = &http}};
	char *text = NULL;
	FILE *out = open_memstream(&text, &http.body_len);

	if (!out)
		return -1;
	/* A message may carry several reminders. */
	for (size_t i = 0; i < delivery->count; i++)
		fprintf(out, "%s%s\n\n%s\n", i ? "\n" : "", delivery->items[i]->title,
			delivery->items[i]->text);
	fclose(out);
	http.body = text;
	sink->request(sink->owner, &request);
	free(text);
	return 0;
}

/* From what came back to what it means. */
static int sample_judge(
	void *context, const struct nudged_response *response, const struct nudged_sink *sink)
{
	struct nudged_verdict verdict = {.size = sizeof(verdict), .delay = -1};

	if (response->transport == NUDGED_NO_ANSWER)
		verdict.outcome = NUDGED_UNKNOWN; /* it may have arrived: nudged repeats it once */
	else if (response->transport == NUDGED_NOT_SENT)
		verdict.outcome = NUDGED_RETRY;
	else if (response->transport != NUDGED_ARRIVED)
		verdict.outcome = NUDGED_MISCONFIGURED;
	else if (response->status / 100 == 2)
		verdict.outcome = NUDGED_SENT;
	else if (response->status == 429 || response->status / 100 == 5)
		verdict.outcome = NUDGED_RETRY;
	else
		verdict.outcome = NUDGED_REFUSED_PAYLOAD;
	if (verdict.outcome == NUDGED_RETRY && response->retry_after >= 0)
		verdict.delay = response->retry_after;
	sink->verdict(sink->owner, &verdict);
	return 0;
}

/* The one symbol that leaves this file. What is not set has a default: persons, without an address. */
extern const struct nudged_plugin nudged_plugin;
const struct nudged_plugin nudged_plugin = {
	.abi = NUDGED_PLUGIN_ABI,
	.size = sizeof(struct nudged_plugin),
	.name = "sample",
	.version = "0.1.0",
	.summary = "plain text over HTTP: a plugin to start from",
	.option_count = sizeof(options) / sizeof(options[0]),
	.options = options,
	.open = sample_open,
	.close = sample_close,
	.encode = sample_encode,
	.judge = sample_judge,
};
