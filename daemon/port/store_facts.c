/* Questions for facts, as far as every store asks them: the conditions, the order of the recipients,
 * and the copies. Owns what struct fact_find owns; looks at nothing that is stored. */
#include "port/store_work.h"
#include "base/str.h"

static int compare_places(const void *a, const void *b)
{
	const struct fact_place *one = a, *other = b;
	int order = memcmp(one->start, other->start, sizeof(one->start));

	return order ? order : strcmp(one->recipient, other->recipient);
}

void fact_find_set(struct fact_find *find, const struct fact_query *query)
{
	size_t count = query->n_recipients;

	assert(count <= FACT_RECIPIENTS_MAX);
	find->query = *query;
	find->query.recipients = NULL;
	find->query.reminder = str_new(query->reminder);
	find->query.limit =
		query->limit ? MIN_OF(query->limit, (size_t)FACTS_MAX) : (size_t)FACTS_MAX;
	find->places = count ? mem_new_array(count, sizeof(*find->places)) : NULL;
	for (size_t i = 0; i < count; i++) {
		find->places[i].recipient = str_new(query->recipients[i]);
		occurrence_key_day(0, query->recipients[i], find->places[i].start);
	}
	if (count)
		qsort(find->places, count, sizeof(*find->places), compare_places);
}

void fact_find_clear(struct fact_find *find)
{
	free((char *)find->query.reminder);
	for (size_t i = 0; find->places && i < find->query.n_recipients; i++)
		free(find->places[i].recipient);
	free(find->places);
	free(find->facts);
	arena_free(&find->texts);
}

/* What lies beyond the days that a key can tell stands with the first or the last one. */
static int64_t key_day(int64_t local)
{
	return MIN_OF(MAX_OF(occurrence_day(local), INT64_C(0)), (int64_t)UINT16_MAX);
}

void fact_find_days(const struct fact_find *find, int64_t *ret_first, int64_t *ret_last)
{
	const struct fact_query *query = &find->query;
	bool empty = query->local_from >= query->local_to;

	*ret_first = key_day(query->local_from);
	*ret_last = empty ? *ret_first - 1 : key_day(query->local_to - 1);
}

bool fact_find_has_enough(const struct fact_find *find)
{
	return find->count >= find->query.limit;
}

static bool wants(const struct fact_find *find, const struct fact *fact)
{
	const struct fact_query *query = &find->query;
	struct fact_place place = {.recipient = (char *)fact->recipient};

	if (fact->local < query->local_from || fact->local >= query->local_to ||
		(query->reminder && !str_eq(query->reminder, fact->reminder)))
		return false;
	occurrence_key_day(0, fact->recipient, place.start);
	return !query->n_recipients ||
	       bsearch(&place, find->places, query->n_recipients, sizeof(place), compare_places);
}

/* One recipient's stand together, and a reminder's name comes again: those are copied once. */
static const char *keep_again(struct fact_find *find, const char *text, const char *before)
{
	return str_eq(text, before) ? before : arena_text(&find->texts, text);
}

void fact_find_look(struct fact_find *find, const struct fact *fact)
{
	const struct fact *before = find->count ? &find->facts[find->count - 1] : NULL;
	struct fact kept = *fact;

	if (!wants(find, fact))
		return;
	kept.recipient = keep_again(find, fact->recipient, before ? before->recipient : NULL);
	kept.reminder = keep_again(find, fact->reminder, before ? before->reminder : NULL);
	kept.about = keep_again(find, fact->about, before ? before->about : NULL);
	kept.kind = keep_again(find, fact->kind, before ? before->kind : NULL);
	kept.words = arena_text(&find->texts, fact->words);
	ARRAY_GROW(find->facts, find->count, find->capacity);
	find->facts[find->count++] = kept;
}
