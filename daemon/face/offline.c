/* The verbs that need no daemon: check, channels, render. Loads a configuration as the daemon does, with
 * secrets checked for their form only, and shows what would be made of it. Sends nothing. */
#include "face/tool.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/channels.h"
#include "engine/compose.h"
#include "face/shape.h"
#include "face/show.h"
#include "face/table.h"

#include <stdio.h>
#include <string.h>

/* ---- the configuration ---- */

char *tool_plugin_folder(const struct tool *tool)
{
	return tool->plugins ? str_new(tool->plugins) : channels_default_folder();
}

static void print_complaints(const struct complaints *complaints, bool quiet)
{
	for (size_t i = 0; i < complaints->count; i++) {
		auto_free char *text = complaint_write(&complaints->list[i]);

		if (!quiet || !complaints->list[i].warning)
			fprintf(stderr, "%s\n", text);
	}
}

int offline_load(const struct tool *tool, const char *file, bool quiet, struct offline *ret)
{
	cleanup(complaints_clear) struct complaints complaints = {0};
	auto_free char *folder = tool_plugin_folder(tool);
	struct channels *channels = channels_new(folder);
	struct config_needs needs = channels_needs(channels, tool_now() / 1000);
	struct model *model;
	int r = config_load(file, &needs, true, &model, &complaints);

	print_complaints(&complaints, quiet);
	if (r < 0) {
		channels_free(channels);
		return TOOL_REFUSED;
	}
	ret->channels = channels;
	ret->model = model;
	return TOOL_DONE;
}

void offline_clear(struct offline *offline)
{
	model_unref(offline->model);
	channels_free(offline->channels);
}

static const char *config_file(const struct tool *tool)
{
	return tool->config ? tool->config : TOOL_CONFIG;
}

int verb_check(struct tool *tool)
{
	const char *file = tool->count ? tool->words[0] : config_file(tool);
	struct offline offline;
	int status = offline_load(tool, file, false, &offline);

	if (status != TOOL_DONE)
		return status;
	if (tool->json)
		printf("{\"file\":\"ok\"}\n");
	else
		printf("%s: ok\n", file);
	offline_clear(&offline);
	return TOOL_DONE;
}

/* ---- channels ---- */

static json_t *shape_channel(const struct channel *channel)
{
	return json_pack("{so so sb sb si sf}", "id", shape_text(channel->id), "plugin",
		shape_text(channel->plugin), "room", channel->is_room, "needs_address",
		channel->needs_address, "concurrency", channel->concurrency, "rate", channel->rate);
}

static void list_channels(const struct tool *tool, const struct model *model)
{
	struct table *table =
		table_new(4, (const char *const[]){"CHANNEL", "PLUGIN", "REACHES", "RATE"});

	for (size_t i = 0; i < model->n_channels; i++) {
		const struct channel *channel = model->channels[i];
		json_t *object = shape_channel(channel);
		auto_free char *rate = channel->rate < 0   ? str_new("the service's own")
				       : channel->rate > 0 ? str_printf("%g/s", channel->rate)
							   : str_new("none");

		if (tool->json)
			tool_print_json(object);
		json_decref(object);
		TABLE_ADD(table, SHADE_PLAIN, channel->id, channel->plugin,
			channel->is_room         ? "a room"
			: channel->needs_address ? "people, by address"
						 : "people",
			rate);
	}
	if (!tool->json)
		table_print(table, stdout);
	table_free(table);
}

static const char *type_name(enum nudged_option_type type)
{
	static const char *const names[] = {"text", "secret", "url", "choice", "headers", "bool"};

	return (size_t)type < ARRAY_LEN(names) ? names[type] : "unknown";
}

static void list_options(const struct tool *tool, const struct plugin *plugin)
{
	struct table *table =
		table_new(4, (const char *const[]){"OPTION", "TYPE", "DEFAULT", "MEANING"});
	size_t count;
	const struct nudged_option *options = plugin_options(plugin, &count);

	if (!tool->json)
		printf("%s %s: %s\n\n", plugin_name(plugin), plugin_version(plugin),
			plugin_summary(plugin));
	for (size_t i = 0; i < count; i++) {
		const struct nudged_option *option = &options[i];
		json_t *object = json_pack("{so ss so sb so so}", "name", shape_text(option->name),
			"type", type_name(option->type), "default",
			shape_text(option->default_value), "required", option->required, "choices",
			shape_text(option->choices), "help", shape_text(option->help));

		if (tool->json)
			tool_print_json(object);
		json_decref(object);
		TABLE_ADD(table, SHADE_PLAIN, option->name, type_name(option->type),
			option->required ? "(needed)" : option->default_value, option->help);
	}
	if (!tool->json)
		table_print(table, stdout);
	table_free(table);
	/* Below, since a service is known by many names. */
	for (size_t i = 0; i < count && !tool->json; i++)
		if (options[i].choices)
			printf("\n%s is one of: %s\n", options[i].name, options[i].choices);
}

static int describe_plugin(const struct tool *tool, const char *name)
{
	auto_free char *folder = tool_plugin_folder(tool), *error = NULL;
	struct plugin *plugin;

	if (plugin_load(folder, name, &plugin, &error) < 0)
		return tool_refuse("%s", error);
	list_options(tool, plugin);
	plugin_unref(plugin);
	return TOOL_DONE;
}

int verb_channels(struct tool *tool)
{
	const char *plugin = tool_option(tool, "help");
	struct offline offline;
	int status;

	if (plugin && *plugin)
		return describe_plugin(tool, plugin);
	if (plugin) {
		verb_print_usage(tool->verb);
		return TOOL_DONE;
	}
	status = offline_load(tool, config_file(tool), true, &offline);
	if (status != TOOL_DONE)
		return status;
	list_channels(tool, offline.model);
	offline_clear(&offline);
	return TOOL_DONE;
}

/* ---- render ---- */

/* Whom they really meet is only known when there is a record. */
static const struct person *somebody_else(
	const struct model *model, const struct reminder *reminder, const struct person *person)
{
	for (size_t i = 0; i < reminder->n_pairs; i++)
		if (reminder->pairs[i].recipient != person->index)
			return model->people[reminder->pairs[i].recipient];
	return NULL;
}

/* The next slot for this recipient: what will really be sent next. */
static bool find_planned(const struct model *model, const struct reminder *reminder,
	const struct channel *channel, const char *person, struct planned *ret)
{
	struct planned planned = {.reminder = reminder, .place = reminder->place};
	const struct pair *pair = reminder->pairs;
	struct place_slot slot;
	size_t count = reminder->n_pairs;

	if (person && model_person(model, person))
		pair = reminder_pairs_of(reminder, model_person(model, person), &count);
	else if (person)
		return false;
	if (channel->is_room && !channel->shared) {
		planned.room = channel;
	} else if (count) {
		planned.person = model->people[pair->recipient];
		planned.place = planned.person->place;
		if (reminder->has_about && pair->subject != pair->recipient)
			planned.about = model->people[pair->subject];
		if (reminder->pair)
			planned.about = somebody_else(model, reminder, planned.person);
	} else {
		return false;
	}
	if (resolver_next(reminder, planned.place, tool_now() / 1000, &slot)) {
		planned.slot = slot.slot;
		planned.due_at = slot.due_at;
		planned.send_at = slot.send_at;
	}
	*ret = planned;
	return true;
}

static struct delivery *make_delivery(
	const struct planned *planned, const char *title, const char *text)
{
	struct delivery *delivery = mem_new(sizeof(*delivery));
	struct occurrence occurrence = {
		.id = id_new(planned->due_at),
		.key = {.reminder = planned->reminder->id,
			.about = planned->about ? planned->about->id : NULL},
		.kind = (char *)kind_names[planned->reminder->kind],
		.about_name = planned->about ? planned->about->name : NULL,
		.due_at = planned->due_at,
		.planned_at = planned->send_at,
		.title = (char *)title,
		.text = (char *)text,
	};

	delivery->id = id_new(planned->due_at);
	delivery->recipient = planned->person ? str_new(planned->person->id)
					      : str_printf("room:%s", planned->room->id);
	occurrence.key.recipient = delivery->recipient;
	delivery->created_at = planned->send_at;
	delivery_add_item(delivery, &occurrence);
	return delivery;
}

static char *example_url(void *owner, const struct person *person unused_arg)
{
	return owner ? str_printf("%s/me/EXAMPLE", (const char *)owner) : NULL;
}

static int render_planned(const struct tool *tool, struct offline *offline,
	const struct channel *channel, const struct planned *planned)
{
	const char *base = offline->model->public_url;
	auto_free char *url = base && planned->person ? str_printf("%s/a/EXAMPLE", base) : NULL;
	const struct compose_links links = {url, example_url, (void *)base};
	auto_free char *title = NULL, *text = NULL, *error = NULL, *shown = NULL;
	struct nudged_request *request = NULL;
	struct nudged_delivery *view;
	struct delivery *delivery;
	struct outlet *outlet;
	const char *address = planned->person ? person_address(planned->person, channel) : NULL;
	const char *name = planned->person ? planned->person->name : NULL;
	json_t *object;

	compose_message(planned, &links, &title, &text);
	if (channels_open_outlet(offline->channels, channel, true, &outlet, &error) < 0)
		return tool_refuse("%s", error);
	delivery = make_delivery(planned, title, text);
	view = channels_view_delivery(
		delivery, name, address, (const char *const[]){url}, planned->send_at);
	if (outlet_encode(outlet, view, &request, &error) == 0)
		shown = channels_show_request(request);
	free(view);
	delivery_free(delivery);
	outlet_close(outlet);
	free(request);
	if (!shown)
		return tool_refuse("%s cannot express it: %s", channel->id, error);
	object = json_pack("{so so so}", "title", shape_text(title), "text", shape_text(text),
		"request", shape_text(shown));
	if (tool->json)
		tool_print_json(object);
	else
		show_text(shown);
	json_decref(object);
	return TOOL_DONE;
}

static int render(struct tool *tool, struct offline *offline)
{
	const char *id = tool_option(tool, "channel"), *person = tool_option(tool, "person");
	const struct reminder *reminder = model_reminder(offline->model, tool->words[0]);
	const struct channel *channel = model_channel(offline->model, id);
	struct planned planned;

	if (!reminder)
		return tool_refuse("there is no reminder \"%s\"", tool->words[0]);
	if (!channel)
		return tool_refuse("there is no channel \"%s\"", id);
	if (person && !model_person(offline->model, person))
		return tool_refuse("there is no person \"%s\"", person);
	if (!find_planned(offline->model, reminder, channel, person, &planned))
		return tool_refuse("%s goes to nobody%s%s", reminder->id, person ? " called " : "",
			person ? person : "");
	if (planned.person && channel->needs_address && !person_address(planned.person, channel))
		return tool_refuse("%s has no address on %s", planned.person->id, channel->id);
	return render_planned(tool, offline, channel, &planned);
}

int verb_render(struct tool *tool)
{
	struct offline offline;
	int status;

	if (!tool_option(tool, "channel"))
		return tool_misuse(tool, "--channel is missing");
	status = offline_load(tool, config_file(tool), true, &offline);
	if (status != TOOL_DONE)
		return status;
	status = render(tool, &offline);
	offline_clear(&offline);
	return status;
}
