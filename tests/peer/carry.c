/* A driver for the tests against real peers: loads a plugin, opens it, encodes deliveries, carries
 * them with the courier and prints what came of it, as JSON lines. One job as JSON on stdin:
 *
 *   {"plugin": PATH, "settings": {NAME: VALUE}, "allow_private": true, "check_only": false,
 *    "account": {"concurrency": 8, "timeout_ms": 3000, "ca_file": PATH},
 *    "addresses": [TEXT], "deliveries": [{"id": ..., "items": [...]}], "carry": true,
 *    "in_turn": false, "idle_ms": 0}
 */
#include "base/str.h"
#include "port/courier.h"
#include "port/plugin.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct run {
	json_t *job;
	struct event_base *loop;
	struct courier *courier;
	struct account *account;
	struct outlet *outlet;
	size_t next;  /* of the deliveries */
	bool in_turn; /* one at a time */
	bool pumping;
};

struct parcel {
	struct run *run;
	const char *id;
};

static void run_pump(void *owner);

static void print(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

/* Bytes as text; anything that is not UTF-8 as null. */
static json_t *bytes(const void *data, size_t len)
{
	json_t *text = data ? json_stringn(data, len) : NULL;

	return text ? text : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text ? bytes(text, strlen(text)) : json_null();
}

static const char *get(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t get_int(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static bool get_bool(const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

/* ---- deliveries ---- */

static struct nudged_item *read_item(const json_t *from)
{
	struct nudged_item *item = mem_new(sizeof(*item));

	item->size = sizeof(*item);
	item->occurrence = get(from, "occurrence");
	item->reminder = get(from, "reminder") ?: "review-practice";
	item->kind = get(from, "kind") ?: "practice";
	item->due = get_int(from, "due", 1795424400);
	item->about = get(from, "about");
	item->about_name = get(from, "about_name");
	item->title = get(from, "title") ?: "";
	item->text = get(from, "text") ?: "";
	item->answer_url = get(from, "answer_url");
	return item;
}

static void read_delivery(const json_t *from, struct nudged_delivery *ret)
{
	const json_t *items = json_object_get(from, "items");
	size_t count = json_array_size(items);
	const struct nudged_item **list = mem_new_array(count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = read_item(json_array_get(items, i));
	*ret = (struct nudged_delivery){
		.size = sizeof(*ret),
		.id = get(from, "id") ?: "d0",
		.attempt = (int)get_int(from, "attempt", 1),
		.now = get_int(from, "now", 1795424405),
		.first = get_int(from, "first", 1795424400),
		.purpose = (int)get_int(from, "purpose", NUDGED_REMIND),
		.person = get(from, "person"),
		.person_name = get(from, "person_name"),
		.address = get(from, "address"),
		.count = count,
		.items = list,
	};
}

static void clear_delivery(struct nudged_delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++)
		free((void *)delivery->items[i]);
	free((void *)delivery->items);
}

static json_t *show_http(const struct nudged_http *http)
{
	json_t *headers = json_array();

	for (size_t i = 0; i < http->header_count; i++)
		json_array_append_new(headers, text_or_null(http->headers[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "method", http->method, "url", http->url,
		"headers", headers, "body", bytes(http->body, http->body_len));
}

static json_t *show_mail(const struct nudged_mail *mail)
{
	json_t *headers = json_array(), *parts = json_array();

	for (size_t i = 0; i < mail->header_count; i++)
		json_array_append_new(headers, text_or_null(mail->headers[i]));
	for (size_t i = 0; i < mail->part_count; i++)
		json_array_append_new(
			parts, json_pack("{s:s, s:o}", "type", mail->parts[i]->type, "data",
				       bytes(mail->parts[i]->data, mail->parts[i]->len)));
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "url", mail->url, "sender", mail->sender,
		"recipient", mail->recipient, "plain", mail->plain, "headers", headers, "parts",
		parts);
}

static void on_done(void *owner, const struct nudged_response *response)
{
	static const char *const transports[] = {"arrived", "not sent", "no answer", "tls failed",
		"login refused", "forbidden", "body too large"};
	struct parcel *parcel = owner;
	struct run *run = parcel->run;
	struct verdict verdict;

	outlet_judge(run->outlet, response, &verdict);
	print(json_pack("{s:s, s:s, s:I, s:b, s:b, s:o, s:o, s:o, s:s, s:i, s:i, s:o, s:I, s:o}",
		"id", parcel->id, "outcome", outcome_names[verdict.outcome], "delay_ms",
		(json_int_t)verdict.delay_ms, "whole", verdict.whole_destination, "safe",
		verdict.safe_to_repeat, "reason", text_or_null(verdict.reason), "receipt",
		text_or_null(verdict.receipt), "address", text_or_null(verdict.address),
		"transport", transports[response->transport], "status", response->status, "stage",
		response->stage, "enhanced", text_or_null(response->enhanced), "retry_after",
		(json_int_t)response->retry_after, "body",
		bytes(response->body, MIN_OF(response->body_len, 300))));
	verdict_clear(&verdict);
	free(parcel);
	run_pump(run);
}

static void run_send(struct run *run, const json_t *from)
{
	struct nudged_delivery delivery;
	struct nudged_request *request;
	struct parcel *parcel;
	char *error;

	read_delivery(from, &delivery);
	if (outlet_encode(run->outlet, &delivery, &request, &error) < 0) {
		print(json_pack("{s:s, s:s}", "id", delivery.id, "encode_error", error));
		free(error);
	} else if (!get_bool(run->job, "carry", true)) {
		print(json_pack("{s:s, s:o}", "id", delivery.id, "request",
			request->protocol == NUDGED_HTTP ? show_http(request->http)
							 : show_mail(request->mail)));
		free(request);
	} else {
		parcel = mem_new(sizeof(*parcel));
		*parcel = (struct parcel){run, get(from, "id") ?: "d0"};
		courier_send(run->account, request, on_done, parcel);
	}
	clear_delivery(&delivery);
}

static void run_pump(void *owner)
{
	struct run *run = owner;
	const json_t *deliveries = json_object_get(run->job, "deliveries");

	if (run->pumping)
		return;
	run->pumping = true;
	while (run->next < json_array_size(deliveries) && account_has_room(run->account) &&
		!(run->in_turn && courier_in_flight(run->courier)))
		run_send(run, json_array_get(deliveries, run->next++));
	run->pumping = false;
}

/* ---- the job ---- */

static void on_complaint(void *owner, const char *setting, const char *message)
{
	print(json_pack("{s:o, s:s}", "setting", text_or_null(setting), "complaint", message));
}

static struct outlet *open_outlet(const json_t *job, struct plugin *plugin)
{
	struct nudged_setting list[32];
	struct nudged_settings settings = {.size = sizeof(settings),
		.channel = "test",
		.settings = list,
		.allow_private = get_bool(job, "allow_private", true),
		.check_only = get_bool(job, "check_only", false)};
	struct outlet *outlet = NULL;
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(job, "settings"), key,
		value) if (settings.count < ARRAY_LEN(list)) list[settings.count++] =
		(struct nudged_setting){sizeof(list[0]), key, json_string_value(value)};
	if (outlet_open(plugin, &settings, on_complaint, NULL, &outlet) < 0)
		return NULL;
	print(json_pack("{s:s, s:s, s:b, s:b, s:f}", "opened", plugin_name(plugin), "version",
		plugin_version(plugin), "is_room", outlet_is_room(outlet), "needs_address",
		outlet_needs_address(outlet), "rate", outlet_default_rate(outlet)));
	return outlet;
}

static void check_addresses(const json_t *job, const struct outlet *outlet)
{
	json_t *address;
	size_t i;

	json_array_foreach(json_object_get(job, "addresses"), i, address)
		print(json_pack("{s:O, s:o}", "check", address, "why",
			text_or_null(outlet_check_address(outlet, json_string_value(address)))));
}

/* Turns of the loop while nothing happens: a busy loop shows here, whatever the machine's speed. */
static void run_idle(struct run *run, int64_t ms)
{
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
	size_t turns = 0;

	if (!ms)
		return;
	event_base_loopexit(run->loop, &wait);
	do {
		event_base_loop(run->loop, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
		turns++;
	} while (!event_base_got_exit(run->loop));
	print(json_pack("{s:I}", "idle_turns", (json_int_t)turns));
}

static void carry(struct run *run)
{
	const json_t *from = json_object_get(run->job, "account");
	struct account_settings settings = {.id = "test",
		.concurrency = (int)get_int(from, "concurrency", 8),
		.timeout_ms = get_int(from, "timeout_ms", 5000),
		.allow_private = get_bool(run->job, "allow_private", true),
		.ca_file = get(from, "ca_file"),
		.client_cert = get(from, "client_cert"),
		.proxy = get(from, "proxy")};

	run->loop = event_base_new();
	if (!run->loop || courier_new(run->loop, &run->courier) < 0)
		abort();
	run->account = account_open(run->courier, &settings);
	account_on_room(run->account, run_pump, run);
	run_pump(run);
	while (courier_in_flight(run->courier))
		event_base_loop(run->loop, EVLOOP_ONCE);
	run_idle(run, get_int(run->job, "idle_ms", 0));
	account_close(run->account);
	courier_free(run->courier);
	event_base_free(run->loop);
}

int main(void)
{
	json_error_t where;
	struct run run = {.job = json_loadf(stdin, 0, &where)};
	struct plugin *plugin;
	char *error;

	if (!run.job) {
		fprintf(stderr, "job: %s at %d:%d\n", where.text, where.line, where.column);
		return 2;
	}
	run.in_turn = get_bool(run.job, "in_turn", false);
	if (plugin_load_file(get(run.job, "plugin"), &plugin, &error) < 0) {
		print(json_pack("{s:s}", "error", error));
		free(error);
	} else {
		run.outlet = open_outlet(run.job, plugin);
		plugin_unref(plugin);
	}
	if (run.outlet) {
		check_addresses(run.job, run.outlet);
		carry(&run);
		outlet_close(run.outlet);
	}
	json_decref(run.job);
	return 0;
}
