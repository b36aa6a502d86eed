/* The doubles: the memory store behind the name of the SQLite one, kept when its engine goes, and a
 * courier without a network. Owns the disk and the receivers' moods. Decides nothing by itself. */
#include "doubles.h"

#include "base/str.h"
#include "port/courier.h"
#include "port/store_work.h"

#include <errno.h>

enum { MOODS = 8 };

const char *const death_names[DEATHS + 1] = {
	"none", "before-commit", "after-commit", "accepted", NULL};
const char *const receiver_names[RECEIVERS + 1] = {"ok", "busy", "gone", "away", "silent", NULL};

struct doubles doubles;

static void *disk;
static struct {
	char channel[32];
	enum receiver receiver;
} moods[MOODS];

static bool dies_now(enum death death)
{
	if (doubles.death != death || --doubles.dies_in > 0)
		return false;
	doubles.death = DEATH_NONE;
	doubles.dead = true;
	return true;
}

void doubles_reset(void)
{
	if (disk)
		store_memory.close(disk);
	disk = NULL;
	memset(moods, 0, sizeof(moods));
	doubles_revive();
}

void doubles_set_death(enum death death, int in)
{
	doubles.death = death;
	doubles.dies_in = in;
}

void doubles_revive(void)
{
	doubles.death = DEATH_NONE;
	doubles.dead = false;
}

/* ---- the disk ---- */

static int disk_open(const struct store_settings *settings, void **ret, char **ret_error)
{
	int r = disk ? 0 : store_memory.open(settings, &disk, ret_error);

	if (r == 0)
		*ret = disk;
	return r;
}

static void disk_close(void *context unused_arg)
{
}

static int disk_begin(void *context)
{
	/* The memory store cannot take back what was applied: it dies before that. */
	return doubles.dead || dies_now(DEATH_BEFORE_COMMIT) ? -EIO : store_memory.begin(context);
}

static int disk_apply(void *context, const struct change *change, struct outcome *outcome)
{
	for (size_t i = 0; i < change_count(change); i++) {
		const struct verb *verb = change_verb(change, i);

		if (verb->kind == VERB_RECORD_OCCURRENCE &&
			memcmp(&verb->occurrence.record.id, &doubles.applied,
				sizeof(doubles.applied)) > 0)
			doubles.applied = verb->occurrence.record.id;
	}
	return store_memory.apply(context, change, outcome);
}

static int disk_prune(void *context, int64_t before_at, size_t limit, struct outcome *outcome)
{
	return store_memory.prune(context, before_at, limit, outcome);
}

static int disk_forget(void *context, const char *person, struct outcome *outcome)
{
	return store_memory.forget(context, person, outcome);
}

static int disk_commit(void *context)
{
	int r = store_memory.commit(context);

	if (r == 0)
		doubles.durable = doubles.applied;
	dies_now(DEATH_AFTER_COMMIT);
	return r;
}

static void disk_roll_back(void *context)
{
	store_memory.roll_back(context);
}

static int disk_find(void *context, struct store_find *find)
{
	return store_memory.find(context, find);
}

static int disk_find_facts(void *context, struct fact_find *find)
{
	return store_memory.find_facts(context, find);
}

static int disk_backup(void *context, const char *path)
{
	return store_memory.backup(context, path);
}

static int disk_load(
	void *context, int32_t budget_since, const struct store_visitor *visitor, void *owner)
{
	return store_memory.load(context, budget_since, visitor, owner);
}

const struct store_kind store_sqlite = {
	.name = "sqlite",
	.open = disk_open,
	.close = disk_close,
	.begin = disk_begin,
	.apply = disk_apply,
	.prune = disk_prune,
	.forget = disk_forget,
	.commit = disk_commit,
	.roll_back = disk_roll_back,
	.find = disk_find,
	.find_facts = disk_find_facts,
	.backup = disk_backup,
	.load = disk_load,
};

struct reading {
	const char *name;
	char *ret;
	size_t size;
};

static void on_value(void *owner, const char *name, const char *value)
{
	struct reading *reading = owner;

	if (str_eq(name, reading->name))
		snprintf(reading->ret, reading->size, "%s", value);
}

void doubles_read_value(const char *name, char *ret, size_t size)
{
	struct reading reading = {name, ret, size};
	const struct store_visitor visitor = {.value = on_value};

	ret[0] = 0;
	if (disk && store_memory.load(disk, INT32_MAX, &visitor, &reading) < 0)
		ret[0] = 0;
}

/* ---- the courier ---- */

struct courier {
	struct event_base *loop;
	size_t in_flight;
};

struct account {
	struct courier *courier;
	char *id;
	size_t in_flight, most;
	void (*on_room)(void *owner);
	void *owner;
	bool closed;
};

struct transfer {
	struct account *account;
	struct nudged_request *request;
	courier_on_done on_done;
	void *owner;
	struct event *event;
};

void doubles_set_receiver(const char *channel, enum receiver receiver)
{
	for (size_t i = 0; i < MOODS; i++) {
		if (moods[i].channel[0] && !str_eq(moods[i].channel, channel))
			continue;
		snprintf(moods[i].channel, sizeof(moods[i].channel), "%s", channel);
		moods[i].receiver = receiver;
		return;
	}
}

static enum receiver mood_of(const char *channel)
{
	for (size_t i = 0; i < MOODS; i++)
		if (str_eq(moods[i].channel, channel))
			return moods[i].receiver;
	return RECEIVER_OK;
}

int courier_new(struct event_base *loop, struct courier **ret)
{
	*ret = mem_new(sizeof(**ret));
	(*ret)->loop = loop;
	return 0;
}

void courier_free(struct courier *courier)
{
	free(courier);
}

size_t courier_in_flight(const struct courier *courier)
{
	return courier->in_flight;
}

struct account *account_open(struct courier *courier, const struct account_settings *settings)
{
	struct account *account = mem_new(sizeof(*account));

	account->courier = courier;
	account->id = str_new(settings->id);
	account->most = (size_t)settings->concurrency;
	return account;
}

static void account_release(struct account *account)
{
	if (!account->closed || account->in_flight)
		return;
	free(account->id);
	free(account);
}

void account_close(struct account *account)
{
	account->closed = true;
	account->on_room = NULL;
	account_release(account);
}

bool account_has_room(const struct account *account)
{
	return account->in_flight < account->most;
}

void account_on_room(struct account *account, void (*on_room)(void *owner), void *owner)
{
	account->on_room = on_room;
	account->owner = owner;
}

static void transfer_free(struct transfer *transfer)
{
	struct account *account = transfer->account;

	account->in_flight--;
	account->courier->in_flight--;
	event_free(transfer->event);
	free(transfer->request);
	free(transfer);
	account_release(account);
}

void transfer_cancel(struct transfer *transfer)
{
	transfer_free(transfer);
}

static struct nudged_response response_of(enum receiver receiver)
{
	static const int statuses[] = {
		[RECEIVER_OK] = 200, [RECEIVER_BUSY] = 503, [RECEIVER_GONE] = 410};
	struct nudged_response response = {.size = sizeof(response),
		.protocol = NUDGED_HTTP,
		.transport = NUDGED_ARRIVED,
		.retry_after = -1,
		.body = ""};

	if (receiver == RECEIVER_AWAY)
		response.transport = NUDGED_NOT_SENT;
	else if (receiver == RECEIVER_SILENT)
		response.transport = NUDGED_NO_ANSWER;
	else
		response.status = statuses[receiver];
	return response;
}

static void on_carried(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	struct transfer *transfer = data;
	struct account *account = transfer->account;
	const struct nudged_http *http = transfer->request->http;
	enum receiver receiver = mood_of(account->id);
	struct nudged_response response = response_of(receiver);
	bool full = !account_has_room(account);
	void (*on_room)(void *owner) = account->on_room;
	void *owner = account->owner;
	courier_on_done on_done = transfer->on_done;
	void *job = transfer->owner;
	json_t *message;

	if (doubles.dead)
		return;
	message = json_loadb(http->body, http->body_len, 0, NULL);
	assert(message);
	doubles.on_message(account->id, receiver_names[receiver], json_object_get(message, "data"));
	json_decref(message);
	if (receiver == RECEIVER_OK && dies_now(DEATH_ACCEPTED))
		return;
	transfer_free(transfer);
	on_done(job, &response);
	if (full && on_room)
		on_room(owner);
}

struct transfer *courier_send(struct account *account, struct nudged_request *request,
	courier_on_done on_done, void *owner)
{
	struct transfer *transfer = mem_new(sizeof(*transfer));

	*transfer = (struct transfer){
		.account = account, .request = request, .on_done = on_done, .owner = owner};
	transfer->event = event_new(account->courier->loop, -1, 0, on_carried, transfer);
	account->in_flight++;
	account->courier->in_flight++;
	event_active(transfer->event, 0, 0);
	return transfer;
}
