/* Reads for digests: of each recipient and of those whose words or totals they get, in batches that the
 * store answers quickly. */
#include "base/clock.h"
#include "base/str.h"
#include "engine/digest_internal.h"
#include "port/store.h"

enum {
	RECIPIENTS_MOST = 256, /* of one question */
};

struct digest *digest_new(
	struct model *model, struct store *store, const struct view *view, int64_t now_at)
{
	struct digest *digest = mem_new(sizeof(*digest));

	digest->model = model_ref(model);
	digest->store = store;
	digest->view = view;
	digest->now_at = now_at;
	digest->outlooks = mem_new_array(model->n_places, sizeof(*digest->outlooks));
	return digest;
}

static void member_free(struct digest *digest, struct member *member)
{
	HASH_DEL(digest->members, member);
	for (size_t i = 0; i < member->count; i++)
		free(member->list[i].words);
	free(member->list);
	free(member);
}

void digest_free(struct digest *digest)
{
	struct member *member, *next;

	if (!digest)
		return;
	if (digest->reading) {
		digest->orphan = true;
		return;
	}
	HASH_ITER(hh, digest->members, member, next)
		member_free(digest, member);
	for (size_t i = 0; i < digest->model->n_places; i++)
		free(digest->outlooks[i].slots);
	digest_programme_free(digest);
	free(digest->outlooks);
	model_unref(digest->model);
	free(digest);
}

static struct member *find_member(const struct digest *digest, const char *person)
{
	struct member *member;

	HASH_FIND_STR(digest->members, person, member);
	return member;
}

const struct member *digest_member(const struct digest *digest, const struct person *person)
{
	return find_member(digest, person->id);
}

static struct member *want_member(struct digest *digest, const struct person *person)
{
	struct member *member = find_member(digest, person->id);

	if (member)
		return member;
	member = mem_new(sizeof(*member));
	member->person = person;
	HASH_ADD_KEYPTR(hh, digest->members, person->id, strlen(person->id), member);
	return member;
}

void digest_want(
	struct digest *digest, const struct reminder *reminder, const struct person *person)
{
	const struct model *model = digest->model;

	assert(!digest->reading);
	if (reminder->digest == DIGEST_OWN || reminder->digest == DIGEST_REPORTS) {
		if (person)
			want_member(digest, person)->reads = true;
		return;
	}
	if (reminder->digest == DIGEST_PROGRAMME) {
		digest_programme_begin(digest);
		return;
	}
	for (size_t i = 0; i < model->n_people; i++)
		if (person_in_team(model->people[i], reminder->digest_team))
			want_member(digest, model->people[i]);
}

static bool reads(const struct digest *digest, const struct person *person)
{
	const struct member *member = person ? find_member(digest, person->id) : NULL;

	return member && member->reads;
}

/* Whose words may be meant for somebody who gets a digest. */
static void want_writers(struct digest *digest)
{
	const struct model *model = digest->model;

	for (size_t i = 0; i < model->n_people; i++) {
		const struct person *person = model->people[i];

		if (reads(digest, person->partner) || reads(digest, person->mentor) ||
			reads(digest, person->manager))
			want_member(digest, person);
	}
}

/* ---- reading ---- */

static void take_fact(struct digest *digest, const struct fact *fact)
{
	struct member *member = find_member(digest, fact->recipient);
	const struct zone *zone;
	struct said *said;

	if (!member)
		return;
	zone = member->person->place->zone;
	ARRAY_GROW(member->list, member->count, member->capacity);
	said = &member->list[member->count++];
	*said = (struct said){.due_at = fact->due_at,
		.date = local_date(zone_to_local(zone, fact->due_at / 1000, NULL)),
		.practice = str_eq(fact->kind, kind_names[KIND_PRACTICE]),
		.asked = fact->state != OCCURRENCE_SKIPPED,
		.answer = fact->answer,
		.share = fact->share,
		.words = fact->share == SHARE_ME ? NULL : str_new(fact->words)};
}

static int by_due(const void *a, const void *b)
{
	const struct said *x = a, *y = b;

	return (x->due_at > y->due_at) - (x->due_at < y->due_at);
}

static void end_reading(struct digest *digest, int error);

void digest_programme_end(struct digest *digest, int error)
{
	end_reading(digest, error);
}

static void end_reading(struct digest *digest, int error)
{
	for (struct member *member = digest->members; member; member = member->hh.next)
		if (member->count)
			qsort(member->list, member->count, sizeof(*member->list), by_due);
	digest->reading = false;
	if (digest->orphan)
		digest_free(digest);
	else
		digest->on_done(digest->owner, error);
}

static void ask(struct digest *digest);

static void on_facts(void *owner, int error, const struct fact *facts, size_t count)
{
	struct digest *digest = owner;

	for (size_t i = 0; i < count && !error && !digest->orphan; i++)
		take_fact(digest, &facts[i]);
	if (count == FACTS_MAX) {
		digest->after = facts[count - 1].id;
	} else {
		digest->after = (struct id){0};
		digest->next = digest->end;
	}
	if (!error && !digest->orphan && !digest->next && digest->fares)
		digest_programme_ask(digest);
	else if (error || digest->orphan || !digest->next)
		end_reading(digest, error);
	else
		ask(digest);
}

static void ask(struct digest *digest)
{
	const char *recipients[RECIPIENTS_MOST];
	int64_t today = local_date(digest->now_at / 1000);
	struct fact_query query = {.recipients = recipients,
		.local_from = (today - DIGEST_DAYS - 1) * DAY_S,
		.local_to = (today + 2) * DAY_S,
		.after = digest->after};
	const struct member *next = digest->next;

	for (; next && query.n_recipients < RECIPIENTS_MOST; next = next->hh.next)
		recipients[query.n_recipients++] = next->person->id;
	if (!query.n_recipients)
		recipients[query.n_recipients++] = ""; /* nobody, and an answer all the same */
	digest->end = next;
	store_find_facts(digest->store, &query, on_facts, digest);
}

void digest_read(struct digest *digest, void (*on_done)(void *owner, int error), void *owner)
{
	digest->on_done = on_done;
	digest->owner = owner;
	want_writers(digest);
	digest->next = digest->members;
	digest->reading = true;
	ask(digest);
}
