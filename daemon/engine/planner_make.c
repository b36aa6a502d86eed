/* From a decision to records: the occurrence with its words, and the deliveries with their way,
 * budget and expiry. Pure but for new ids. */
#include "base/str.h"
#include "engine/compose.h"
#include "engine/digest.h"
#include "engine/planner_internal.h"

enum {
	EXPIRE_AT_LEAST_S = 15 * 60,
	RULE_TEXT = 32 + sizeof(((struct planned *)NULL)->detail),
};

static char *recipient_of(const struct planned *planned)
{
	if (planned->room)
		return str_printf("room:%s", planned->room->id);
	return str_new(planned->person->id);
}

/* Counted from when it was to go; whoever was told later still has half of the time at least. */
static int64_t follow_at(const struct planned *planned, int64_t created_at)
{
	const struct nudge *nudge = &planned->reminder->nudge;

	if (!nudge->after_s || planned->room || planned->decision == DECISION_SKIPPED)
		return TIME_NEVER;
	/* Nobody is asked whether they met nobody. */
	if (planned->reminder->pair && !planned->about)
		return TIME_NEVER;
	return MAX_OF(MAX_OF(planned->due_at, planned->send_at) + nudge->after_s * 1000,
		created_at + nudge->after_s * 1000 / 2);
}

static void write_rule(const struct planned *planned, char text[static RULE_TEXT])
{
	char *end = stpcpy(stpcpy(text, rule_id_names[planned->rule]), ": ");

	stpcpy(end, planned->detail);
}

/* Put together of lent texts, and copied as a whole: one block of memory for each. */
struct occurrence *planner_make_occurrence(struct planner *planner, const struct planned *planned,
	int64_t created_at, struct digest *digest)
{
	const struct planner_settings *settings = &planner->settings;
	struct occurrence made = {.id = id_new(created_at),
		.kind = (char *)kind_names[planned->reminder->kind],
		.due_at = planned->due_at,
		.planned_at = planned->send_at,
		.decision = planned->decision,
		.follow_at = follow_at(planned, created_at)};
	auto_free char *url = NULL, *title = NULL, *text = NULL, *sum = NULL;
	struct compose_links links = {
		.practice_url = settings->practice_url, .owner = settings->owner};
	auto_free char *room = planned->room ? recipient_of(planned) : NULL;
	char rule[RULE_TEXT];

	write_rule(planned, rule);
	made.rule = rule;
	made.key.reminder = planned->reminder->id;
	made.key.recipient = room ? room : planned->person->id;
	made.key.local =
		rule_is_elapsed(planned->reminder->rule) ? planned->slot.utc : planned->slot.local;
	made.key.pass = planned->slot.pass;
	if (planned->about) {
		made.key.about = planned->about->id;
		made.about_name = planned->about->name;
	}
	if (planned->decision == DECISION_SKIPPED) {
		made.state = OCCURRENCE_SKIPPED;
		return occurrence_copy(&made);
	}
	if (!planned->room)
		url = settings->answer_url(settings->owner, made.id, created_at);
	links.answer_url = url;
	if (planned->reminder->digest)
		links.digest = sum = digest_write(digest, planned);
	made.personal = compose_personal(planned, settings->view, &links, &title, &text) ||
			planned->reminder->digest == DIGEST_OWN ||
			planned->reminder->digest == DIGEST_REPORTS;
	made.title = title;
	made.text = text;
	return occurrence_copy(&made);
}

/* The channels of a message to a person, in order: the reminder's own, else the person's; only those
 * it can be reached on. */
static size_t ways_of(const struct planned *planned, const struct channel **ways, size_t max)
{
	const struct reminder *reminder = planned->reminder;
	const struct person *person = planned->person;
	const struct channel **via = reminder->via ? reminder->via : person->via;
	size_t n_via = reminder->via ? reminder->n_via : person->n_via, n = 0;

	for (size_t i = 0; i < n_via && n < max; i++)
		if (!via[i]->needs_address || person_address(person, via[i]))
			ways[n++] = via[i];
	return n;
}

enum { WAYS_MAX = 32 };

size_t planner_ways(const struct planned *planned)
{
	const struct channel *ways[WAYS_MAX];

	if (planned->room)
		return 1;
	return planned->person->via_all ? ways_of(planned, ways, WAYS_MAX)
					: MIN_OF(ways_of(planned, ways, WAYS_MAX), 1);
}

static void set_ways(struct delivery *delivery, const struct planned *planned, size_t way)
{
	const struct channel *ways[WAYS_MAX];
	size_t n = ways_of(planned, ways, WAYS_MAX);
	struct buf rest = BUF_MAX(4096);

	assert(way < n);
	delivery->channel = str_new(ways[way]->id);
	if (planned->person->via_all)
		return;
	for (size_t i = 1; i < n; i++)
		buf_printf(&rest, "%s%s", i > 1 ? " " : "", ways[i]->id);
	if (rest.len)
		delivery->fallback = buf_take(&rest);
}

/* Tried until due + grace, at least 15 minutes, never beyond the channel's expire. */
static int64_t expiry(const struct model *model, const struct planned *planned,
	const struct delivery *delivery, int64_t created_at)
{
	const struct channel *channel = model_channel(model, delivery->channel);
	int64_t from = MAX_OF(planned->send_at, created_at);
	int64_t until = MAX_OF(planned->send_at + planned->reminder->grace_s * 1000,
		from + INT64_C(1000) * EXPIRE_AT_LEAST_S);

	return channel ? MIN_OF(until, from + channel->expire_s * 1000) : until;
}

struct delivery *planner_make_delivery(const struct model *model, const struct planned *planned,
	enum purpose purpose, int64_t created_at, size_t way)
{
	struct delivery *delivery = mem_new(sizeof(*delivery));

	delivery->id = id_new(created_at);
	delivery->recipient = recipient_of(planned);
	delivery->purpose = purpose;
	delivery->created_at = created_at;
	delivery->not_before_at = delivery->next_at = planned->send_at;
	delivery->state = DELIVERY_WAITING;
	delivery->budget_date = INT32_MIN;
	if (planned->room)
		delivery->channel = str_new(planned->room->id);
	else
		set_ways(delivery, planned, way);
	delivery->expire_at = expiry(model, planned, delivery, created_at);
	return delivery;
}
