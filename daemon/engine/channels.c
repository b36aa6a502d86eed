/* Plugins, outlets and what a plugin sees of a delivery. Owns the loaded plugins and, while a
 * configuration is checked, one outlet a channel. Never shows a setting's value. */
#include "engine/channels.h"
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

enum { SHOWN_MAX = 256 * 1024, SHOWN_BODY = 64 * 1024 };

struct loaded {
	char *name;
	struct plugin *plugin;
	SLIST_ENTRY(loaded) link;
};

/* The outlet that a channel was checked with: answers questions about addresses. */
struct checked {
	const struct channel *channel;
	struct outlet *outlet;
	SLIST_ENTRY(checked) link;
};

struct channels {
	char *folder;
	SLIST_HEAD(, loaded) loaded;
	SLIST_HEAD(, checked) checked;
};

char *channels_default_folder(void)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash, *folder;

	if (len > 0) {
		program[len] = 0;
		slash = strrchr(program, '/');
		*slash = 0;
		folder = str_printf("%s/plugins", program);
		if (access(folder, X_OK) == 0)
			return folder;
		free(folder);
	}
	return str_new(NUDGED_PLUGIN_DIR);
}

struct channels *channels_new(const char *plugin_folder)
{
	struct channels *channels = mem_new(sizeof(*channels));

	channels->folder = str_new(plugin_folder);
	SLIST_INIT(&channels->loaded);
	SLIST_INIT(&channels->checked);
	return channels;
}

static void forget_checked(struct channels *channels)
{
	struct checked *checked;

	while ((checked = SLIST_FIRST(&channels->checked))) {
		SLIST_REMOVE_HEAD(&channels->checked, link);
		outlet_close(checked->outlet);
		free(checked);
	}
}

void channels_free(struct channels *channels)
{
	struct loaded *loaded;

	if (!channels)
		return;
	forget_checked(channels);
	while ((loaded = SLIST_FIRST(&channels->loaded))) {
		SLIST_REMOVE_HEAD(&channels->loaded, link);
		plugin_unref(loaded->plugin);
		free(loaded->name);
		free(loaded);
	}
	free(channels->folder);
	free(channels);
}

static int find_plugin(
	struct channels *channels, const char *name, struct plugin **ret, char **ret_error)
{
	struct loaded *loaded;
	struct plugin *plugin;
	int r;

	SLIST_FOREACH(loaded, &channels->loaded, link)
	{
		if (str_eq(loaded->name, name)) {
			*ret = loaded->plugin;
			return 0;
		}
	}
	r = plugin_load(channels->folder, name, &plugin, ret_error);
	if (r < 0)
		return r;
	loaded = mem_new(sizeof(*loaded));
	loaded->name = str_new(name);
	*ret = loaded->plugin = plugin;
	SLIST_INSERT_HEAD(&channels->loaded, loaded, link);
	return 0;
}

static int plugin_options_of(void *owner, const char *name, const struct nudged_option **ret,
	size_t *ret_count, char **ret_error)
{
	struct plugin *plugin;
	int r = find_plugin(owner, name, &plugin, ret_error);

	if (r < 0)
		return r;
	*ret = plugin_options(plugin, ret_count);
	return 0;
}

/* ---- opening ---- */

static const char *stand_in(const struct plugin *plugin, const char *name)
{
	size_t count;
	const struct nudged_option *options = plugin_options(plugin, &count);

	for (size_t i = 0; i < count; i++)
		if (str_eq(options[i].name, name) && options[i].type == NUDGED_OPTION_URL)
			return "https://stand-in.invalid/";
	return "";
}

struct sorrow {
	const struct channel *channel;
	struct complaints *complaints; /* NULL: collect a sentence */
	char *sentence;
};

static void on_complaint(void *owner, const char *setting, const char *message)
{
	struct sorrow *sorrow = owner;

	if (sorrow->complaints)
		complaints_add(sorrow->complaints, false, sorrow->channel->where,
			"channel \"%s\"%s%s: %s", sorrow->channel->id, setting ? ": " : "",
			setting ? setting : "", message);
	else if (!sorrow->sentence)
		sorrow->sentence = str_printf("channel \"%s\"%s%s: %s", sorrow->channel->id,
			setting ? ": " : "", setting ? setting : "", message);
}

static int open_outlet(struct plugin *plugin, const struct channel *channel, bool check_only,
	struct sorrow *sorrow, struct outlet **ret)
{
	auto_free struct nudged_setting *list = mem_new_array(channel->n_settings, sizeof(*list));
	struct nudged_settings settings = {.size = sizeof(settings),
		.channel = channel->id,
		.count = channel->n_settings,
		.settings = list,
		.allow_private = channel->allow_private,
		.check_only = check_only};

	for (size_t i = 0; i < channel->n_settings; i++) {
		const struct setting *setting = &channel->settings[i];

		list[i].size = sizeof(list[i]);
		list[i].name = setting->name;
		list[i].value = setting->secret ? secret_reveal(setting->secret) : setting->text;
		if (!list[i].value)
			list[i].value = stand_in(plugin, setting->name);
	}
	return outlet_open(plugin, &settings, on_complaint, sorrow, ret);
}

int channels_open_outlet(struct channels *channels, const struct channel *channel, bool check_only,
	struct outlet **ret, char **ret_error)
{
	struct sorrow sorrow = {.channel = channel};
	struct plugin *plugin;
	int r = find_plugin(channels, channel->plugin, &plugin, ret_error);

	if (r < 0)
		return r;
	r = open_outlet(plugin, channel, check_only, &sorrow, ret);
	if (r < 0)
		*ret_error = sorrow.sentence;
	else
		free(sorrow.sentence);
	return r;
}

static bool check_channel(
	void *owner, struct channel *channel, bool check_only, struct complaints *complaints)
{
	struct channels *channels = owner;
	struct sorrow sorrow = {.channel = channel, .complaints = complaints};
	struct checked *checked;
	struct plugin *plugin;
	struct outlet *outlet;
	auto_free char *error = NULL;

	if (find_plugin(channels, channel->plugin, &plugin, &error) < 0) {
		complaints_add(complaints, false, channel->where, "channel \"%s\": %s", channel->id,
			error);
		return false;
	}
	if (open_outlet(plugin, channel, check_only, &sorrow, &outlet) < 0)
		return false;
	channel->is_room = outlet_is_room(outlet);
	channel->needs_address = outlet_needs_address(outlet);
	checked = mem_new(sizeof(*checked));
	checked->channel = channel;
	checked->outlet = outlet;
	SLIST_INSERT_HEAD(&channels->checked, checked, link);
	return true;
}

static const char *check_address(void *owner, const struct channel *channel, const char *address)
{
	struct channels *channels = owner;
	struct checked *checked;

	SLIST_FOREACH(checked, &channels->checked, link)
	if (checked->channel == channel)
		return outlet_check_address(checked->outlet, address);
	return NULL;
}

struct config_needs channels_needs(struct channels *channels, int64_t now)
{
	forget_checked(channels);
	return (struct config_needs){.owner = channels,
		.plugin_options = plugin_options_of,
		.check_channel = check_channel,
		.check_address = check_address,
		.now = now};
}

/* ---- what a plugin sees ---- */

static enum nudged_purpose plugin_purpose(enum purpose purpose)
{
	static const enum nudged_purpose of[PURPOSES] = {[PURPOSE_REMIND] = NUDGED_REMIND,
		[PURPOSE_NUDGE] = NUDGED_NUDGE,
		[PURPOSE_ESCALATE] = NUDGED_ESCALATE,
		[PURPOSE_MANUAL] = NUDGED_REMIND};

	return of[purpose];
}

static void view_item(
	struct nudged_item *item, const struct occurrence *occurrence, const char *url)
{
	*item = (struct nudged_item){.size = sizeof(*item),
		.reminder = occurrence->key.reminder,
		.kind = occurrence->kind,
		.due = occurrence->due_at / 1000,
		.about = occurrence->key.about,
		.about_name = occurrence->about_name,
		.title = occurrence->title ? occurrence->title : "",
		.text = occurrence->text ? occurrence->text : "",
		.answer_url = url};
}

struct nudged_delivery *channels_view_delivery(const struct delivery *delivery,
	const char *person_name, const char *address, const char *const *urls, int64_t now_at)
{
	/* One block: the delivery, the list of items, the items, the ids as text. */
	struct block {
		struct nudged_delivery delivery;
		char id[ID_TEXT];
		const struct nudged_item **list;
		struct {
			struct nudged_item item;
			char id[ID_TEXT];
		} items[];
	} * block;
	size_t n = delivery->count;
	bool room = delivery->recipient && str_starts(delivery->recipient, "room:");

	block = mem_new(sizeof(*block) + n * sizeof(block->items[0]) + n * sizeof(*block->list));
	block->list = (const struct nudged_item **)&block->items[n];
	id_write(delivery->id, block->id);
	for (size_t i = 0; i < n; i++) {
		view_item(&block->items[i].item, delivery->items[i], urls ? urls[i] : NULL);
		if (!id_none(delivery->items[i]->id)) {
			id_write(delivery->items[i]->id, block->items[i].id);
			block->items[i].item.occurrence = block->items[i].id;
		}
		block->list[i] = &block->items[i].item;
	}
	block->delivery = (struct nudged_delivery){.size = sizeof(struct nudged_delivery),
		.id = block->id,
		.attempt = MAX_OF(delivery->attempts, 1),
		.now = now_at / 1000,
		.first = delivery->created_at / 1000,
		.purpose = plugin_purpose(delivery->purpose),
		.person = room ? NULL : delivery->recipient,
		.person_name = person_name,
		.address = address,
		.count = n,
		.items = block->list};
	return &block->delivery;
}

/* ---- showing a request ---- */

/* Scheme and host stay; path and query carry tokens. */
static void show_url(struct buf *out, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	host = host ? host + 3 : url;
	len = (size_t)(host - url) + strcspn(host, "/?#");
	buf_add(out, url, len);
	if (url[len] && url[len + 1])
		buf_add_str(out, "/" SECRET_SHOWN);
}

static bool header_is_secret(const char *header)
{
	static const char *const shown[] = {
		"content-type:", "user-agent:", "webhook-id:", "webhook-timestamp:", "date:",
		"from:", "to:", "subject:", "message-id:", "reply-to:", "auto-submitted:",
		"list-id:", "x-auto-response-suppress:", "mime-version:", NULL};

	for (size_t i = 0; shown[i]; i++)
		if (strncasecmp(header, shown[i], strlen(shown[i])) == 0)
			return false;
	return true;
}

static void show_headers(struct buf *out, size_t count, const char *const *headers)
{
	for (size_t i = 0; i < count; i++) {
		if (header_is_secret(headers[i]))
			buf_printf(out, "%.*s: " SECRET_SHOWN "\n", (int)strcspn(headers[i], ":"),
				headers[i]);
		else
			buf_printf(out, "%s\n", headers[i]);
	}
}

static void show_bytes(struct buf *out, const void *bytes, size_t len)
{
	buf_add_char(out, '\n');
	buf_add(out, bytes, MIN_OF(len, (size_t)SHOWN_BODY));
	buf_add_char(out, '\n');
}

char *channels_show_request(const struct nudged_request *request)
{
	struct buf out = BUF_MAX(SHOWN_MAX);

	if (request->protocol == NUDGED_HTTP) {
		buf_printf(&out, "%s ", request->http->method);
		show_url(&out, request->http->url);
		buf_add_char(&out, '\n');
		show_headers(&out, request->http->header_count, request->http->headers);
		show_bytes(&out, request->http->body, request->http->body_len);
		return buf_take(&out);
	}
	buf_add_str(&out, "MAIL ");
	show_url(&out, request->mail->url);
	buf_printf(&out, "\nfrom <%s> to <%s>%s\n", request->mail->sender, request->mail->recipient,
		request->mail->user ? ", logged in" : "");
	show_headers(&out, request->mail->header_count, request->mail->headers);
	for (size_t i = 0; i < request->mail->part_count; i++) {
		buf_printf(&out, "\n[%s]\n", request->mail->parts[i]->type);
		show_bytes(&out, request->mail->parts[i]->data, request->mail->parts[i]->len);
	}
	return buf_take(&out);
}
