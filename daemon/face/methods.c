/* The table of methods: what can be asked on the control socket, with its parameters in Varlink's
 * own notation. That notation is the only copy: it checks the calls and it is what the interface
 * description shows. */
#include "face/methods.h"

#include "base/buf.h"
#include "base/str.h"
#include "face/serve.h"

#include <stdio.h>

static void serve_get_info(struct call *call);
static void serve_describe(struct call *call);

static const struct method service_methods[] = {
	{"GetInfo", "Who answers here", "",
		"vendor: string, product: string, version: string, url: string, interfaces: "
		"[]string",
		.serve = serve_get_info},
	{"GetInterfaceDescription", "The text of an interface", "interface: string",
		"description: string", .serve = serve_describe},
};

static const struct method nudged_methods[] = {
	{"Status", "How the daemon is", "", "status: Status", .serve = serve_status},
	{"List", "Occurrences, the newest first; open ones unless all is set",
		"person: ?string, reminder: ?string, all: ?bool, limit: ?int",
		"occurrences: []Occurrence", .serve = serve_list},
	{"Deliveries",
		"Messages, the newest first; open ones unless all, state, dead or since is set. "
		"more is "
		"what to give as after for the next page",
		"person: ?string, channel: ?string, reminder: ?string, state: ?string, dead: "
		"?bool, "
		"since: ?string, all: ?bool, limit: ?int, after: ?string",
		"deliveries: []Delivery, more: ?string", .serve = serve_deliveries},
	{"Watch", "Every event from now on; never ends", "",
		"event: ?string, message: ?string, fields: ?[string]string, lost: ?int",
		.streams = true, .serve = serve_watch},
	{"Export", "Everything kept about a person, page by page", "person: string",
		"occurrences: ?[]Occurrence, deliveries: ?[]Delivery, pauses: ?[]Pause, kept: "
		"?[]Kept, begun: ?string",
		.streams = true, .changes = true, .serve = serve_export},
	{"Answer",
		"Records an answer; span goes with snooze; share says who else may see the text: "
		"me, "
		"partner, mentor, manager or team",
		"occurrence: string, answer: string, span: ?string, text: ?string, share: ?string",
		"", .changes = true, .serve = serve_answer},
	{"Send", "Sends a reminder now; dry_run shows what would go and to whom",
		"reminder: string, person: ?string, dry_run: ?bool",
		"summary: string, messages: ?[]Message", .changes = true, .serve = serve_send},
	{"Retry", "Tries a delivery once more, or each of a list of up to 500",
		"delivery: ?string, deliveries: ?[]string", "done: ?int, refused: ?[]Refusal",
		.changes = true, .serve = serve_retry},
	{"Drop", "Cancels a delivery that is open or dead, or each of a list of up to 500",
		"delivery: ?string, deliveries: ?[]string", "done: ?int, refused: ?[]Refusal",
		.changes = true, .serve = serve_drop},
	{"Pause", "Holds what is sent; until is a date, a local time, an instant or a span",
		"what: string, until: ?string, reason: string", "until: ?string", .changes = true,
		.serve = serve_pause},
	{"Resume", "Ends a pause", "what: string", "", .changes = true, .serve = serve_resume},
	{"TestChannel",
		"The request of a test message, secrets masked; with send, what became of it",
		"channel: string, address: ?string, send: ?bool",
		"request: string, verdict: ?string", .changes = true, .serve = serve_test_channel},
	{"Reload", "Takes the configuration anew, whole or not at all", "", "warnings: []string",
		.changes = true, .serve = serve_reload},
	{"Backup", "A consistent copy of the store in a new file", "file: string", "",
		.changes = true, .serve = serve_backup},
	{"Link",
		"The addresses of a person's own page and calendar; with new, others than before, "
		"which lead nowhere any more",
		"person: string, new: ?bool", "page: string, calendar: string", .changes = true,
		.serve = serve_link},
	{"Forget", "Removes everything about a person", "person: string", "summary: string",
		.changes = true, .serve = serve_forget},
	{"Preview",
		"What would be sent from one local date to another; counts gives a summary of each "
		"date",
		"from: string, to: string, person: ?string, reminder: ?string, skipped: ?bool, "
		"counts: ?bool",
		"planned: ?[]Planned, days: ?[]Day", .streams = true, .serve = serve_preview},
	{"Explain", "Why something was, was not, will or will not be sent",
		"person: string, reminder: string, date: string", "explanation: Explanation",
		.serve = serve_explain},
};

static const char nudged_types[] =
	"type Status (version: string, started: string, reloaded: ?string, next: ?string, people: "
	"int,\n"
	"\treminders: int, schedules: int, thinned: int, counts: [string]int, store: ?string, "
	"dead: ?int,\n"
	"\theartbeat: ?Heartbeat, channels: []ChannelStatus, pauses: []Pause)\n\n"
	"type Heartbeat (last: ?string, ok: bool, reason: ?string)\n\n"
	"type ChannelStatus (id: string, plugin: string, waiting: int, in_flight: int,\n"
	"\tpaused_until: ?string, broken: bool, broken_since: ?string, reason: string)\n\n"
	"type Pause (what: string, since: ?string, until: ?string, reason: string)\n\n"
	"type Occurrence (occurrence: string, reminder: string, recipient: string, about: "
	"?string,\n"
	"\tkind: ?string, due: ?string, planned: ?string, state: string, decision: string,\n"
	"\treason: ?string, title: ?string, text: ?string, follow: ?string, nudges: int,\n"
	"\tanswer: ?string, answered: ?string, share: ?string, answer_text: ?string)\n\n"
	"type Kept (name: string, value: string)\n\n"
	"type Delivery (delivery: string, channel: string, recipient: string, purpose: string,\n"
	"\tcreated: string, not_before: ?string, expire: ?string, state: string, attempts: int,\n"
	"\tnext: ?string, status: int, reason: ?string, receipt: ?string, occurrences: "
	"[]string,\n\treminders: []string)\n\n"
	"type Refusal (delivery: string, reason: string)\n\n"
	"type Planned (basis: string, at: string, local: string, due: string, reminder: string,\n"
	"\tperson: ?string, about: ?string, channel: ?string, title: string, text: string,\n"
	"\tdecision: string, reason: string)\n\n"
	"type Day (date: string, messages: int, people: int, send: int, shifted: int, merged: "
	"int,\n"
	"\tskipped: int, over: int, off: bool, holiday: ?string, groups: []Group, more: int,\n"
	"\treminders: [string]int, limits: []Limit)\n\n"
	"type Group (time: string, reminder: string, decision: string, reason: string, about: "
	"?string,\n"
	"\tcount: int, people: []string)\n\n"
	"type Limit (person: string, planned: int, limit: int, together: int, at: ?string)\n\n"
	"type Message (person: ?string, about: ?string, channel: ?string, title: string, text: "
	"string)\n\n"
	"type Step (rule: string, result: string, detail: string)\n\n"
	"type Slot (basis: string, due: string, local: string, about: ?string, decision: string,\n"
	"\treason: string, at: ?string, steps: []Step, occurrence: ?Occurrence,\n"
	"\tdeliveries: ?[]Delivery)\n\n"
	"type Explanation (person: string, reminder: string, date: string, summary: string,\n"
	"\tslots: []Slot, next: ?string)\n\n";

static const struct interface {
	const char *name, *summary, *types, *errors;
	const struct method *methods;
	size_t n_methods;
} interfaces[] = {
	{"org.varlink.service", "What every Varlink service can say of itself", "",
		"error InterfaceNotFound (interface: string)\n\n"
		"error MethodNotFound (method: string)\n\n"
		"error MethodNotImplemented (method: string)\n\n"
		"error InvalidParameter (parameter: string)\n\n"
		"error PermissionDenied ()\n\n"
		"error ExpectedMore ()\n",
		service_methods, ARRAY_LEN(service_methods)},
	{"org.nudged", "The control interface of nudged; times are RFC 3339 in UTC", nudged_types,
		"error Refused (reason: string, complaints: ?[]string)\n", nudged_methods,
		ARRAY_LEN(nudged_methods)},
};

static const struct interface *find_interface(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(interfaces); i++)
		if (strlen(interfaces[i].name) == len && memcmp(interfaces[i].name, name, len) == 0)
			return &interfaces[i];
	return NULL;
}

static const struct method *find_method(const struct interface *interface, const char *name)
{
	for (size_t i = 0; i < interface->n_methods; i++)
		if (str_eq(interface->methods[i].name, name))
			return &interface->methods[i];
	return NULL;
}

static bool is_list_of_texts(const json_t *value)
{
	const json_t *text;
	size_t i;

	json_array_foreach(value, i, text) if (!json_is_string(text)) return false;
	return json_is_array(value);
}

static bool fits(const json_t *value, const char *type, size_t len)
{
	bool optional = *type == '?';

	if (!value || json_is_null(value))
		return optional;
	type += optional;
	len -= optional;
	if (len == 6 && memcmp(type, "string", 6) == 0)
		return json_is_string(value);
	if (len == 4 && memcmp(type, "bool", 4) == 0)
		return json_is_boolean(value);
	if (len == 8 && memcmp(type, "[]string", 8) == 0)
		return is_list_of_texts(value);
	assert(len == 3 && memcmp(type, "int", 3) == 0);
	return json_is_integer(value);
}

/* Walks "name: type, name: type": the first parameter that does not fit, or NULL. Unknown ones
 * count too: a misspelt option must not be taken for its default. */
static const char *wrong_parameter(const struct method *method, const json_t *parameters)
{
	static char name[64];
	size_t known = 0;
	const char *at = method->in, *key;
	json_t *value;

	while (*at) {
		size_t len = strcspn(at, ":");
		const char *type = at + len + 2;
		size_t type_len = strcspn(type, ",");

		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		value = json_object_get(parameters, name);
		if (!fits(value, type, type_len))
			return name;
		known += value != NULL;
		at = type + type_len;
		at += *at ? 2 : 0;
	}
	if (known == json_object_size(parameters))
		return NULL;
	json_object_foreach((json_t *)parameters, key, value)
	{
		snprintf(name, sizeof(name), "%s: ", key);
		at = strstr(method->in, name);
		if (!at || (at != method->in && at[-1] != ' '))
			return key;
	}
	return NULL;
}

const char *methods_find(const char *name, const struct call_request *request,
	const struct method **ret, const char **ret_field)
{
	const char *dot = strrchr(name, '.');
	const struct interface *interface = dot ? find_interface(name, (size_t)(dot - name)) : NULL;
	const struct method *method = interface ? find_method(interface, dot + 1) : NULL;

	*ret_field = name;
	if (!interface)
		return "org.varlink.service.InterfaceNotFound";
	if (!method)
		return "org.varlink.service.MethodNotFound";
	*ret_field = wrong_parameter(method, request->parameters);
	if (*ret_field)
		return "org.varlink.service.InvalidParameter";
	*ret_field = name;
	if (method->streams && (!request->more || request->oneway))
		return "org.varlink.service.ExpectedMore";
	*ret = method;
	return NULL;
}

const char *methods_error_field(const char *error)
{
	if (str_ends(error, ".ExpectedMore"))
		return NULL;
	if (str_ends(error, ".InterfaceNotFound"))
		return "interface";
	return str_ends(error, ".InvalidParameter") ? "parameter" : "method";
}

char *methods_describe(const char *name)
{
	const struct interface *interface = find_interface(name, strlen(name));
	cleanup(buf_free) struct buf text = BUF_MAX(65536);

	if (!interface)
		return NULL;
	buf_printf(&text, "# %s\ninterface %s\n\n%s", interface->summary, interface->name,
		interface->types);
	for (size_t i = 0; i < interface->n_methods; i++) {
		const struct method *method = &interface->methods[i];

		buf_printf(&text, "# %s\nmethod %s(%s) -> (%s)\n\n", method->summary, method->name,
			method->in, method->out);
	}
	buf_add_str(&text, interface->errors);
	assert(!text.overflow);
	return buf_take(&text);
}

bool methods_has(const char *name)
{
	return find_method(find_interface("org.nudged", strlen("org.nudged")), name) != NULL;
}

static void serve_get_info(struct call *call)
{
	json_t *names = json_array();

	for (size_t i = 0; i < ARRAY_LEN(interfaces); i++)
		json_array_append_new(names, json_string(interfaces[i].name));
	call_reply(call, json_pack("{ss ss ss ss so}", "vendor", "nudged", "product", "nudged",
				 "version", NUDGED_VERSION, "url", "", "interfaces", names));
}

static void serve_describe(struct call *call)
{
	const char *name = call_text(call, "interface");
	auto_free char *text = methods_describe(name);

	if (text)
		call_reply(call, json_pack("{ss}", "description", text));
	else
		call_fail(call, "org.varlink.service.InterfaceNotFound",
			json_pack("{ss}", "interface", name));
}
