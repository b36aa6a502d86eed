/* A change: a list of verbs and one arena for their texts, filled on the loop's thread, read on the
 * store's. Owns its memory and nothing else; never looks at what is stored. */
#include "port/store_work.h"
#include "base/clock.h"
#include "base/str.h"

struct change {
	struct verb *verbs;
	size_t count, capacity;
	struct arena texts;
};

struct change *change_new(void)
{
	return mem_new(sizeof(struct change));
}

void change_free(struct change *change)
{
	if (!change)
		return;
	arena_free(&change->texts);
	free(change->verbs);
	free(change);
}

size_t change_size(const struct change *change)
{
	return change->count;
}

size_t change_count(const struct change *change)
{
	return change->count;
}

const struct verb *change_verb(const struct change *change, size_t at)
{
	assert(at < change->count);
	return &change->verbs[at];
}

static char *keep_text(struct change *change, const char *text)
{
	return arena_text(&change->texts, text);
}

static struct verb *add(struct change *change, enum verb_kind kind)
{
	ARRAY_GROW(change->verbs, change->count, change->capacity);
	change->verbs[change->count] = (struct verb){.kind = kind};
	return &change->verbs[change->count++];
}

void change_record_occurrence(struct change *change, const struct occurrence *occurrence)
{
	struct verb *verb = add(change, VERB_RECORD_OCCURRENCE);
	struct occurrence *record = &verb->occurrence.record;

	assert(!id_none(occurrence->id) && occurrence->key.reminder && occurrence->key.recipient);
	*record = *occurrence;
	record->key.reminder = keep_text(change, occurrence->key.reminder);
	record->key.recipient = keep_text(change, occurrence->key.recipient);
	record->key.about = keep_text(change, occurrence->key.about);
	record->kind = keep_text(change, occurrence->kind);
	record->rule = keep_text(change, occurrence->rule);
	record->about_name = keep_text(change, occurrence->about_name);
	record->title = keep_text(change, occurrence->title);
	record->text = keep_text(change, occurrence->text);
	record->answer_text = keep_text(change, occurrence->answer_text);
	occurrence_key_hash(&occurrence->key, verb->occurrence.hash);
}

static struct verb *add_delivery(
	struct change *change, enum verb_kind kind, const struct delivery *delivery)
{
	struct verb *verb = add(change, kind);
	struct delivery *record = &verb->delivery.record;

	assert(!id_none(delivery->id) && delivery->channel && delivery->recipient);
	*record = *delivery;
	record->channel = keep_text(change, delivery->channel);
	record->recipient = keep_text(change, delivery->recipient);
	record->reason = keep_text(change, delivery->reason);
	record->receipt = keep_text(change, delivery->receipt);
	record->fallback = keep_text(change, delivery->fallback);
	if (delivery->state == DELIVERY_HELD)
		record->next_at = TIME_NEVER; /* nothing is tried before it is released */
	record->items = NULL;
	record->count = 0;
	return verb;
}

void change_record_delivery(struct change *change, const struct delivery *delivery)
{
	struct verb *verb = add_delivery(change, VERB_RECORD_DELIVERY, delivery);
	auto_free struct id *items = mem_new_array(delivery->count + 1, sizeof(*items));

	for (size_t i = 0; i < delivery->count; i++)
		items[i] = delivery->items[i]->id;
	verb->delivery.record.count = delivery->count;
	verb->delivery.items = arena_keep(&change->texts, items, delivery->count * sizeof(*items));
}

void change_join_delivery(struct change *change, struct id delivery, struct id occurrence,
	int64_t not_before_at, int64_t expire_at)
{
	struct verb *verb = add(change, VERB_JOIN);

	verb->join.delivery = delivery;
	verb->join.occurrence = occurrence;
	verb->join.not_before_at = not_before_at;
	verb->join.expire_at = expire_at;
}

void change_settle_delivery(struct change *change, const struct delivery *delivery)
{
	add_delivery(change, VERB_SETTLE, delivery);
}

void change_reopen_delivery(struct change *change, const struct delivery *delivery)
{
	add_delivery(change, VERB_REOPEN, delivery);
}

void change_follow_occurrence(struct change *change, struct id occurrence,
	enum occurrence_state state, int64_t follow_at, int nudges)
{
	struct verb *verb = add(change, VERB_FOLLOW);

	verb->follow.occurrence = occurrence;
	verb->follow.state = state;
	verb->follow.follow_at = follow_at;
	verb->follow.nudges = nudges;
}

void change_answer_occurrence(struct change *change, struct id occurrence, enum answer answer,
	const char *text, enum share share, int64_t answered_at, int64_t follow_at)
{
	struct verb *verb = add(change, VERB_ANSWER);

	verb->answer.occurrence = occurrence;
	verb->answer.answer = answer;
	verb->answer.text = keep_text(change, text);
	verb->answer.share = share;
	verb->answer.answered_at = answered_at;
	verb->answer.follow_at = follow_at;
}

void change_put_pause(struct change *change, const char *what, int64_t since_at, int64_t until_at,
	const char *reason)
{
	struct verb *verb = add(change, VERB_PUT_PAUSE);

	assert(what);
	verb->pause.what = keep_text(change, what);
	verb->pause.reason = keep_text(change, reason);
	verb->pause.since_at = since_at;
	verb->pause.until_at = until_at;
}

void change_remove_pause(struct change *change, const char *what)
{
	struct verb *verb = add(change, VERB_REMOVE_PAUSE);

	assert(what);
	verb->pause.what = keep_text(change, what);
}

void change_begin(struct change *change, const char *what, int64_t at)
{
	struct verb *verb = add(change, VERB_BEGIN);

	assert(what);
	verb->begin.what = keep_text(change, what);
	verb->begin.at = at;
}

void change_keep(struct change *change, const char *person, const char *name, const char *value)
{
	struct verb *verb = add(change, VERB_KEEP);

	assert(person && name);
	verb->keep.person = keep_text(change, person);
	verb->keep.name = keep_text(change, name);
	verb->keep.value = keep_text(change, value);
}

void change_set_value(struct change *change, const char *name, const char *value)
{
	struct verb *verb = add(change, VERB_SET_VALUE);

	assert(name);
	verb->value.name = keep_text(change, name);
	verb->value.value = keep_text(change, value);
}
