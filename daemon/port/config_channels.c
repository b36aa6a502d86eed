/* Channels and places: the parts of the model that stand on their own. A channel's further keys are
 * read by the options table of its plugin, which then looks at all of them; a place's zone and hours
 * are read by time/. */
#include "port/config_parts.h"

#include <errno.h>

/* ---- a channel's own keys ---- */

static const struct nudged_option *find_option(
	const struct nudged_option *options, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(options[i].name, name))
			return &options[i];
	}
	return NULL;
}

static void complain_unknown(struct loader *loader, struct where where, const char *name,
	const struct channel *channel, const struct nudged_option *options, size_t count)
{
	const char **names = mem_new_array(keys_channel.count + count + 1, sizeof(*names));
	const char *nearest;

	for (size_t i = 0; i < count; i++)
		names[i] = options[i].name;
	for (size_t i = 0; i < keys_channel.count; i++)
		names[count + i] = keys_channel.keys[i].name;
	nearest = str_nearest(name, names);
	complain(loader, where, "unknown key \"%.80s\" in a channel of the plugin %s%s%s%s", name,
		channel->plugin, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?" : "");
	free(names);
}

static bool check_setting_text(
	struct loader *loader, struct where where, const char *name, const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		complain(loader, where, "\"%s\" is empty: leave it out instead", name);
	else if (len > CONFIG_LINE_MAX)
		complain(loader, where, "\"%s\" is longer than %d bytes", name, CONFIG_LINE_MAX);
	else if (!str_is_utf8(text, len) || !str_is_printable(text, len, false))
		complain(loader, where, "\"%s\" is not one line of printable text", name);
	else
		return true;
	return false;
}

static void check_choice(struct loader *loader, struct where where,
	const struct nudged_option *option, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = option->choices; at && *(at += strspn(at, " "));) {
		size_t word = strcspn(at, " ");

		if (word == len && strncmp(at, text, len) == 0)
			return;
		at += word;
	}
	complain(loader, where, "\"%s\" cannot be \"%.80s\": it is one of %s", option->name, text,
		option->choices ? option->choices : "nothing");
}

static bool name_is_private(const char *header, size_t len)
{
	static const char *const parts[] = {
		"authorization", "token", "secret", "key", "cookie", "password", NULL};
	auto_free char *name = str_new_n(header, len);

	for (int i = 0; parts[i]; i++) {
		if (strcasestr(name, parts[i]))
			return true;
	}
	return false;
}

/* One "Name: value"; the value may be a reference to a secret. */
static bool add_header(struct loader *loader, struct where where, const char *header,
	struct buf *lines, bool *ret_private)
{
	const char *colon = strchr(header, ':'), *value = colon ? colon + 1 : "";
	struct secret *secret = NULL;
	bool is_private;

	value += strspn(value, " ");
	if (!colon || colon == header || !*value || memchr(header, ' ', colon - header)) {
		complain(loader, where, "\"headers\": write each as \"Name: value\"");
		return false;
	}
	is_private = name_is_private(header, colon - header) || config_secret_is_reference(value);
	*ret_private |= is_private;
	if (!config_secret_read(loader, where, "headers", value, is_private, &secret))
		return false;
	if (secret)
		buf_printf(lines, "%s%.*s: %s", lines->len ? "\n" : "", (int)(colon - header),
			header, secret_reveal(secret));
	secret_free(secret);
	return true;
}

static void read_headers(struct loader *loader, const char *file, const config_setting_t *list,
	struct setting *setting)
{
	struct buf lines = BUF_MAX(CONFIG_TEXT_MAX);
	bool is_private = false;

	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *header = config_setting_get_elem(list, i);
		struct where where = {file, (int)header->line};
		const char *text = config_setting_get_string(header);

		if (!text)
			complain(loader, where, "\"%s\" must be a list of texts", setting->name);
		else if (check_setting_text(loader, where, setting->name, text))
			add_header(loader, where, text, &lines, &is_private);
	}
	if (lines.overflow)
		complain(loader, ((struct where){file, (int)list->line}),
			"\"headers\" are too long");
	if (is_private)
		setting->secret = secret_new(buf_str(&lines), lines.len);
	else
		setting->text = str_new(buf_str(&lines));
	if (is_private && lines.data)
		explicit_bzero(lines.data, lines.len);
	buf_free(&lines);
}

static bool option_takes(enum nudged_option_type option, int type)
{
	if (option == NUDGED_OPTION_BOOL)
		return type == CONFIG_TYPE_BOOL;
	if (option == NUDGED_OPTION_HEADERS)
		return type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
	return type == CONFIG_TYPE_STRING;
}

static const char *option_wants(enum nudged_option_type option)
{
	return option == NUDGED_OPTION_BOOL      ? "true or false"
	       : option == NUDGED_OPTION_HEADERS ? "a list of texts: [ \"Name: value\" ]"
						 : "text";
}

static void read_setting(struct loader *loader, const char *file, const config_setting_t *source,
	const struct nudged_option *option, struct setting *setting)
{
	struct where where = {file, (int)source->line};
	int type = config_setting_type(source);
	const char *text = config_setting_get_string(source);

	setting->name = str_new(option->name);
	if (!option_takes(option->type, type)) {
		complain(loader, where, "\"%s\" must be %s, not %s", option->name,
			option_wants(option->type), config_walk_type(type));
		return;
	}
	if (option->type == NUDGED_OPTION_HEADERS) {
		read_headers(loader, file, source, setting);
		return;
	}
	if (option->type == NUDGED_OPTION_BOOL) {
		setting->text = str_new(config_setting_get_bool(source) ? "true" : "false");
		return;
	}
	if (!check_setting_text(loader, where, option->name, text))
		return;
	if (option->type == NUDGED_OPTION_CHOICE)
		check_choice(loader, where, option, text);
	if (option->type == NUDGED_OPTION_SECRET)
		config_secret_read(loader, where, option->name, text, true, &setting->secret);
	else if (option->type == NUDGED_OPTION_URL) /* whether it is private shows later */
		config_secret_read(loader, where, option->name, text, false, &setting->secret);
	else
		setting->text = str_new(text);
}

static void read_settings(struct loader *loader, const struct channel_entry *entry,
	struct channel *channel, const struct nudged_option *options, size_t count)
{
	const config_setting_t *group = entry->entry.source;
	int members = config_setting_length(group);

	channel->settings = mem_new_array(members + 1, sizeof(*channel->settings));
	for (int i = 0; i < members; i++) {
		const config_setting_t *source = config_setting_get_elem(group, i);
		const struct nudged_option *option;

		if (section_key(&keys_channel, source->name))
			continue;
		option = find_option(options, count, source->name);
		if (option)
			read_setting(loader, entry->entry.where.file, source, option,
				&channel->settings[channel->n_settings++]);
		else
			complain_unknown(loader,
				(struct where){entry->entry.where.file, (int)source->line},
				source->name, channel, options, count);
	}
	for (size_t i = 0; i < count; i++) {
		if (options[i].required && !config_setting_get_member(group, options[i].name))
			complain(loader, entry->entry.where,
				"the channel \"%s\" needs the key \"%s\" of the plugin %s",
				channel->id, options[i].name, channel->plugin);
	}
}

/* Once the plugin has said whether the channel is a room. */
static void check_urls(struct loader *loader, const struct channel_entry *entry,
	const struct channel *channel, const struct nudged_option *options, size_t count)
{
	const config_setting_t *group = entry->entry.source;

	for (size_t i = 0; i < count; i++) {
		const config_setting_t *source = config_setting_get_member(group, options[i].name);
		const char *text = source ? config_setting_get_string(source) : NULL;
		struct secret *again = NULL;

		if (options[i].type != NUDGED_OPTION_URL || !text ||
			config_secret_is_reference(text))
			continue;
		if (config_secret_is_url_secret(text, channel->is_room))
			config_secret_read(loader,
				(struct where){entry->entry.where.file, (int)source->line},
				options[i].name, text, true, &again);
		secret_free(again);
	}
}

static void check_proxy(struct loader *loader, const struct channel_entry *entry)
{
	struct where where = entry_where(&keys_channel, entry, "proxy");
	struct secret *value = NULL;

	if (!entry->proxy)
		return;
	if (!strstr(entry->proxy, "://"))
		complain(loader, where,
			"\"proxy\" must be a URL, such as \"http://proxy.example.org:3128\"");
	else if (strchr(entry->proxy, '@'))
		config_secret_read(loader, where, "proxy", entry->proxy, true, &value);
	secret_free(value);
}

static void check_readable(
	struct loader *loader, struct where where, const char *name, const char *path)
{
	bool is_private;
	const char *why = path ? config_file_distrust(path, &is_private) : NULL;

	if (why)
		complain(loader, where, "\"%s\": %s: %s", name, path, why);
	else if (path && str_eq(name, "client_cert") && !is_private)
		complain(loader, where,
			"\"%s\": others can read %s, which holds a key: chmod 600 it", name, path);
}

static char *take_path(struct loader *loader, char **path)
{
	return *path ? config_path(loader, *path) : NULL;
}

static struct channel *new_channel(struct loader *loader, struct channel_entry *entry)
{
	struct channel *channel = mem_new(sizeof(*channel));

	*channel = (struct channel){.id = str_new(entry->id),
		.where = entry->entry.where,
		.plugin = str_new(entry->plugin),
		.rate = entry_has(&keys_channel, entry, "rate") ? entry->rate : -1,
		.concurrency = entry->concurrency,
		.timeout_ms = entry->timeout_ms,
		.retry_base_ms = entry->retry_base_ms,
		.retry_max_ms = entry->retry_max_ms,
		.expire_s = entry->expire_s,
		.allow_private = entry->allow_private,
		.shared = entry->shared,
		.ca_file = take_path(loader, &entry->ca_file),
		.client_cert = take_path(loader, &entry->client_cert),
		.proxy = str_new(entry->proxy)};
	return channel;
}

static void ask_plugin(struct loader *loader, struct channel_entry *entry, struct channel *channel)
{
	const struct config_needs *needs = loader->needs;
	const struct nudged_option *options;
	size_t count, before = loader->complaints->errors;
	auto_free char *error = NULL;

	if (needs->plugin_options(needs->owner, channel->plugin, &options, &count, &error) < 0) {
		complain(loader, entry_where(&keys_channel, entry, "plugin"),
			"the plugin \"%s\": %s", channel->plugin,
			error ? error : "cannot be loaded");
		return;
	}
	read_settings(loader, entry, channel, options, count);
	if (loader->complaints->errors != before)
		return; /* it would only say the same again */
	loader->channel_works[channel->index] =
		needs->check_channel(needs->owner, channel, loader->check_only, loader->complaints);
	check_urls(loader, entry, channel, options, count);
}

static void build_channel(struct loader *loader, struct channel_entry *entry)
{
	struct model *model = loader->model;
	struct channel *channel;
	const struct channel *twin;

	if (!entry->id || !entry->plugin)
		return; /* complained about */
	channel = new_channel(loader, entry);
	channel->index = model->n_channels;
	model->channels = mem_resize(model->channels, model->n_channels + 1, sizeof(channel));
	model->channels[model->n_channels++] = channel;
	twin = index_put(&loader->channels, channel);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_channel, entry, "id"), "channel",
			channel->id, twin->where);
	if (entry->retry_base_ms > entry->retry_max_ms)
		complain(loader, entry_where(&keys_channel, entry, "retry_base"),
			"\"retry_base\" is longer than \"retry_max\"");
	check_proxy(loader, entry);
	check_readable(
		loader, entry_where(&keys_channel, entry, "ca_file"), "ca_file", channel->ca_file);
	check_readable(loader, entry_where(&keys_channel, entry, "client_cert"), "client_cert",
		channel->client_cert);
	ask_plugin(loader, entry, channel);
}

void config_channels_build(struct loader *loader)
{
	struct entries *entries = &loader->top.channels;

	loader->channel_works = mem_new_array(entries->count, sizeof(bool));
	for (size_t i = 0; i < entries->count; i++)
		build_channel(loader, entries_at(&keys_channel, entries, i));
}
