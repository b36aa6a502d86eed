/* Who is told of nudged's own trouble, and what is asked for while there is none: alert_via and the
 * heartbeat. Never puts the heartbeat's URL, which is a secret, into a complaint. */
#include "port/config_parts.h"

enum { ALERT_WAYS_MAX = 16 };

/* ---- alert_via ---- */

static bool is_known_way(const struct model *model, const struct alert_way *way)
{
	for (size_t i = 0; i < model->n_alert_via; i++)
		if (model->alert_via[i].channel == way->channel &&
			str_eq(model->alert_via[i].address, way->address))
			return true;
	return false;
}

/* NULL after complaining. */
static const struct channel *find_channel(
	struct loader *loader, const struct placed *placed, size_t len)
{
	const struct model *model = loader->model;
	auto_free char *id = str_new_n(placed->text, len);
	const struct channel *channel = index_find(&loader->channels, id);

	if (!channel)
		complain(loader, placed->where, "\"alert_via\": there is no channel \"%.80s\"%s",
			id,
			config_suggest(
				loader, id, (void *const *)model->channels, model->n_channels));
	return channel;
}

/* False after complaining. */
static bool check_address(struct loader *loader, const struct placed *placed,
	const struct channel *channel, const char *address)
{
	const struct config_needs *needs = loader->needs;
	const char *why;

	if (!loader->channel_works[channel->index])
		return false; /* complained about */
	if (!channel->needs_address) {
		if (address)
			complain(loader, placed->where,
				"\"alert_via\": the channel \"%s\" takes no address: write \"%s\" "
				"alone",
				channel->id, channel->id);
		return !address;
	}
	if (!address) {
		complain(loader, placed->where,
			"\"alert_via\": the channel \"%s\" needs an address: write "
			"\"%s:ADDRESS\"",
			channel->id, channel->id);
		return false;
	}
	why = needs->check_address(needs->owner, channel, address);
	if (why)
		complain(loader, placed->where, "\"alert_via\": the address \"%.80s\" for %s: %s",
			address, channel->id, why);
	return !why;
}

static void add_way(struct loader *loader, const struct placed *placed)
{
	struct model *model = loader->model;
	size_t len = strcspn(placed->text, ":");
	const char *address = placed->text[len] ? placed->text + len + 1 : NULL;
	struct alert_way way = {.channel = find_channel(loader, placed, len)};

	if (!way.channel || !check_address(loader, placed, way.channel, address))
		return;
	way.address = str_new(address);
	if (is_known_way(model, &way)) {
		complain(loader, placed->where, "\"alert_via\": \"%.80s\" is there twice",
			placed->text);
		free(way.address);
		return;
	}
	model->alert_via[model->n_alert_via++] = way;
}

static void build_ways(struct loader *loader)
{
	loader->model->alert_via = mem_new_array(ALERT_WAYS_MAX, sizeof(*loader->model->alert_via));
	if (loader->n_alert_via > ALERT_WAYS_MAX) {
		complain(loader, loader->alert_via[ALERT_WAYS_MAX].where,
			"\"alert_via\" names more than %d", ALERT_WAYS_MAX);
		return;
	}
	for (size_t i = 0; i < loader->n_alert_via; i++)
		add_way(loader, &loader->alert_via[i]);
}

/* ---- the heartbeat ---- */

/* NULL, or what is wrong with it. */
static const char *why_not_url(const char *url, bool allow_private)
{
	const char *host = str_starts(url, "https://")  ? url + 8
			   : str_starts(url, "http://") ? url + 7
							: NULL;
	size_t len = host ? strcspn(host, "/?#") : 0;

	if (!host)
		return "is no URL that begins with https://";
	if (host == url + 7 && !allow_private)
		return "must begin with https://: http:// needs heartbeat_allow_private = true";
	if (!len || *host == ':' || strpbrk(url, " \\\"<>"))
		return "is no URL";
	if (memchr(host, '@', len))
		return "cannot hold a user name";
	return NULL;
}

static void warn_without(struct loader *loader, const char *key)
{
	const struct key *row = section_key(&keys_top, key);

	if (loader->top_where[row - keys_top.keys].line)
		warn(loader, config_top_where(loader, key),
			"\"%s\" has no use without \"heartbeat_url\"", key);
}

static void build_heartbeat(struct loader *loader)
{
	struct where where = config_top_where(loader, "heartbeat_url");
	struct model *model = loader->model;
	const char *why;

	model->heartbeat_every_s = loader->top.heartbeat_every_s;
	model->heartbeat_allow_private = loader->top.heartbeat_allow_private;
	if (!loader->top.heartbeat_url) {
		warn_without(loader, "heartbeat_every");
		warn_without(loader, "heartbeat_allow_private");
		return;
	}
	if (!config_secret_read(loader, where, "heartbeat_url", loader->top.heartbeat_url, true,
		    &model->heartbeat_url) ||
		!model->heartbeat_url)
		return;
	why = why_not_url(secret_reveal(model->heartbeat_url), model->heartbeat_allow_private);
	if (why)
		complain(loader, where, "\"heartbeat_url\" %s", why);
}

void config_alerts_build(struct loader *loader)
{
	build_ways(loader);
	build_heartbeat(loader);
}
