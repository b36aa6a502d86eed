/* The store in memory: the reference that says what the verbs mean, for tests and simulations.
 *
 * Every record is replaced, never changed: what a change replaced is kept in a journal until the
 * change has succeeded, and put back when it has not. Nothing here survives the process. */
#include "port/store_work.h"
#include "base/clock.h"
#include "base/str.h"

#include <errno.h>

/* A delivery; its items are ids, record.items stays NULL. */
struct parcel {
	struct delivery record;
	struct id_list items;
};

struct note {
	char *name;           /* of what is kept: "PERSON NAME" */
	char *text;           /* value, or a pause's reason */
	int64_t at, until_at; /* begin: at; pause: both */
};

enum shelf_kind { OCCURRENCES, KEYS, DELIVERIES, PAUSES, BEGINS, KEPT, VALUES, SHELVES };

/* Records in the order of their keys. KEYS holds the occurrences once more, by key hash, and does
 * not own them. */
struct shelf {
	void **records;
	size_t count, capacity;
};

struct undo {
	enum shelf_kind shelf;
	void *before, *after; /* NULL: there was none */
};

struct memory {
	struct shelf shelves[SHELVES];
	struct undo *journal;
	size_t undo_count, undo_capacity;
};

struct kept {
	struct occurrence *occurrence;
	uint8_t hash[OCCURRENCE_HASH];
};

/* ---- shelves ---- */

static const void *key_of(enum shelf_kind shelf, const void *record)
{
	switch (shelf) {
	case OCCURRENCES:
		return &((const struct kept *)record)->occurrence->id;
	case KEYS:
		return ((const struct kept *)record)->hash;
	case DELIVERIES:
		return &((const struct parcel *)record)->record.id;
	default:
		return ((const struct note *)record)->name;
	}
}

static int compare_keys(enum shelf_kind shelf, const void *a, const void *b)
{
	switch (shelf) {
	case OCCURRENCES:
	case DELIVERIES:
		return memcmp(a, b, sizeof(struct id));
	case KEYS:
		return memcmp(a, b, OCCURRENCE_HASH);
	default:
		return strcmp(a, b);
	}
}

static void record_free(enum shelf_kind shelf, void *record)
{
	struct parcel *parcel = record;
	struct kept *kept = record;
	struct note *note = record;

	if (!record || shelf == KEYS)
		return;
	if (shelf == OCCURRENCES) {
		occurrence_free(kept->occurrence);
	} else if (shelf == DELIVERIES) {
		free(parcel->record.channel);
		free(parcel->record.recipient);
		free(parcel->record.reason);
		free(parcel->record.receipt);
		free(parcel->record.fallback);
		id_list_free(&parcel->items);
	} else {
		free(note->name);
		free(note->text);
	}
	free(record);
}

/* The first place whose key is not below the one given. */
static size_t shelf_place(const struct memory *m, enum shelf_kind kind, const void *key)
{
	const struct shelf *shelf = &m->shelves[kind];
	size_t low = 0, high = shelf->count;

	/* Keys grow: what comes is nearly always put at the end. */
	if (high && compare_keys(kind, key_of(kind, shelf->records[high - 1]), key) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_keys(kind, key_of(kind, shelf->records[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void *shelf_find(const struct memory *m, enum shelf_kind kind, const void *key)
{
	const struct shelf *shelf = &m->shelves[kind];
	size_t at = shelf_place(m, kind, key);

	if (at == shelf->count || compare_keys(kind, key_of(kind, shelf->records[at]), key) != 0)
		return NULL;
	return shelf->records[at];
}

/* Puts `after` where `before` is; either may be NULL, and then the record comes or goes. */
static void shelf_swap(struct memory *m, enum shelf_kind kind, void *before, void *after)
{
	struct shelf *shelf = &m->shelves[kind];
	size_t at = shelf_place(m, kind, key_of(kind, before ? before : after));

	if (before && after) {
		shelf->records[at] = after;
	} else if (after) {
		ARRAY_GROW(shelf->records, shelf->count, shelf->capacity);
		memmove(&shelf->records[at + 1], &shelf->records[at],
			(shelf->count++ - at) * sizeof(void *));
		shelf->records[at] = after;
	} else {
		memmove(&shelf->records[at], &shelf->records[at + 1],
			(--shelf->count - at) * sizeof(void *));
	}
}

static void replace(struct memory *m, enum shelf_kind kind, void *before, void *after)
{
	shelf_swap(m, kind, before, after);
	ARRAY_GROW(m->journal, m->undo_count, m->undo_capacity);
	m->journal[m->undo_count++] =
		(struct undo){.shelf = kind, .before = before, .after = after};
}

/* An occurrence stands on two shelves. */
static void replace_occurrence(struct memory *m, struct kept *before, struct kept *after)
{
	replace(m, OCCURRENCES, before, after);
	replace(m, KEYS, before, after); /* last, so that it is undone first: it owns nothing */
}

static void journal_keep(struct memory *m)
{
	for (size_t i = 0; i < m->undo_count; i++)
		record_free(m->journal[i].shelf, m->journal[i].before);
	m->undo_count = 0;
}

static void journal_undo(struct memory *m)
{
	while (m->undo_count > 0) {
		struct undo *undo = &m->journal[--m->undo_count];

		shelf_swap(m, undo->shelf, undo->after, undo->before);
		record_free(undo->shelf, undo->after);
	}
}

/* ---- the verbs of a change ---- */

static int record_occurrence(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	const struct occurrence *record = &verb->occurrence.record;
	struct kept *kept;

	if (shelf_find(m, KEYS, verb->occurrence.hash)) {
		id_list_add(&outcome->known, record->id);
		return 0;
	}
	if (shelf_find(m, OCCURRENCES, &record->id))
		return -EEXIST;
	kept = mem_new(sizeof(*kept));
	kept->occurrence = occurrence_copy(record);
	memcpy(kept->hash, verb->occurrence.hash, OCCURRENCE_HASH);
	replace_occurrence(m, NULL, kept);
	return 0;
}

static struct parcel *parcel_new(const struct delivery *from)
{
	struct parcel *parcel = mem_new(sizeof(*parcel));

	parcel->record = *from;
	parcel->record.channel = str_new(from->channel);
	parcel->record.recipient = str_new(from->recipient);
	parcel->record.reason = str_new(from->reason);
	parcel->record.receipt = str_new(from->receipt);
	parcel->record.fallback = str_new(from->fallback);
	return parcel;
}

static struct parcel *parcel_copy(const struct parcel *from)
{
	struct parcel *parcel = parcel_new(&from->record);

	for (size_t i = 0; i < from->items.count; i++)
		id_list_add(&parcel->items, from->items.ids[i]);
	return parcel;
}

static bool is_kept(const struct memory *m, const struct outcome *outcome, struct id occurrence)
{
	return !id_list_has(&outcome->known, occurrence) && shelf_find(m, OCCURRENCES, &occurrence);
}

static int record_delivery(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	const struct delivery *record = &verb->delivery.record;
	struct parcel *parcel;

	parcel = parcel_new(record);
	parcel->record.count = 0;
	for (size_t i = 0; i < record->count; i++) {
		if (is_kept(m, outcome, verb->delivery.items[i]) &&
			!id_list_has(&parcel->items, verb->delivery.items[i]))
			id_list_add(&parcel->items, verb->delivery.items[i]);
	}
	if (record->count > 0 && parcel->items.count == 0) {
		id_list_add(&outcome->dropped, record->id);
		record_free(DELIVERIES, parcel);
		return 0;
	}
	if (shelf_find(m, DELIVERIES, &record->id)) {
		record_free(DELIVERIES, parcel);
		return -EEXIST;
	}
	replace(m, DELIVERIES, NULL, parcel);
	return 0;
}

static int join(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct parcel *before = shelf_find(m, DELIVERIES, &verb->join.delivery), *after;

	if (!is_kept(m, outcome, verb->join.occurrence))
		return 0;
	if (!before || before->record.state != DELIVERY_HELD)
		return -ESTALE;
	after = parcel_copy(before);
	if (!id_list_has(&after->items, verb->join.occurrence))
		id_list_add(&after->items, verb->join.occurrence);
	after->record.not_before_at = verb->join.not_before_at;
	after->record.expire_at = verb->join.expire_at;
	replace(m, DELIVERIES, before, after);
	return 0;
}

static int settle(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	const struct delivery *from = &verb->delivery.record;
	struct parcel *before = shelf_find(m, DELIVERIES, &from->id), *after;
	struct delivery *to;

	if (!before || (verb->kind == VERB_SETTLE && !delivery_is_open(before->record.state)))
		return 0;
	after = parcel_new(from);
	to = &after->record;
	free(to->recipient);
	to->recipient = str_new(before->record.recipient);
	to->purpose = before->record.purpose;
	to->budget_date = before->record.budget_date;
	to->created_at = before->record.created_at;
	for (size_t i = 0; i < before->items.count; i++)
		id_list_add(&after->items, before->items.ids[i]);
	replace(m, DELIVERIES, before, after);
	return 0;
}

/* A copy of the occurrence to change, in its place; or NULL. */
static struct occurrence *rewrite_occurrence(struct memory *m, struct id id)
{
	struct kept *before = shelf_find(m, OCCURRENCES, &id), *after;

	if (!before)
		return NULL;
	after = mem_copy(before, sizeof(*before));
	after->occurrence = occurrence_copy(before->occurrence);
	replace_occurrence(m, before, after);
	return after->occurrence;
}

static int follow(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct occurrence *occurrence = rewrite_occurrence(m, verb->follow.occurrence);

	if (!occurrence)
		return 0;
	occurrence->state = verb->follow.state;
	occurrence->follow_at = verb->follow.follow_at;
	occurrence->nudges = verb->follow.nudges;
	return 0;
}

static int answer(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct occurrence *occurrence = rewrite_occurrence(m, verb->answer.occurrence);

	if (!occurrence)
		return -ENOENT;
	occurrence->state = OCCURRENCE_ANSWERED;
	occurrence->answer = verb->answer.answer;
	occurrence->answered_at = verb->answer.answered_at;
	occurrence->follow_at = verb->answer.follow_at;
	if (verb->answer.share != SHARES)
		occurrence->share = verb->answer.share;
	if (verb->answer.text) {
		free(occurrence->answer_text);
		occurrence->answer_text = str_new(verb->answer.text);
	}
	return 0;
}

/* Replaces the note of this name. */
static int put_note(struct memory *m, enum shelf_kind kind, const struct note *from)
{
	struct note *before = shelf_find(m, kind, from->name);
	struct note *after = mem_copy(from, sizeof(*from));

	after->name = str_new(from->name);
	after->text = str_new(from->text);
	replace(m, kind, before, after);
	return 0;
}

static int remove_note(struct memory *m, enum shelf_kind kind, const char *name)
{
	struct note *before = shelf_find(m, kind, name);

	if (before)
		replace(m, kind, before, NULL);
	return 0;
}

static int put_pause(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct note pause = {
		.name = (char *)verb->pause.what,
		.text = (char *)verb->pause.reason,
		.at = verb->pause.since_at,
		.until_at = verb->pause.until_at,
	};

	return put_note(m, PAUSES, &pause);
}

static int remove_pause(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	return remove_note(m, PAUSES, verb->pause.what);
}

static int begin(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct note mark = {.name = (char *)verb->begin.what, .at = verb->begin.at};

	const struct note *before = shelf_find(m, BEGINS, mark.name);

	return before && before->at <= mark.at ? 0 : put_note(m, BEGINS, &mark);
}

static int keep(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	auto_free char *name = str_printf("%s %s", verb->keep.person, verb->keep.name);
	struct note note = {.name = name, .text = (char *)verb->keep.value};

	return note.text ? put_note(m, KEPT, &note) : remove_note(m, KEPT, name);
}

static int set_value(struct memory *m, const struct verb *verb, struct outcome *outcome)
{
	struct note value = {.name = (char *)verb->value.name, .text = (char *)verb->value.value};

	return value.text ? put_note(m, VALUES, &value) : remove_note(m, VALUES, value.name);
}

static int (*const verbs[VERBS])(
	struct memory *m, const struct verb *verb, struct outcome *outcome) = {
	[VERB_RECORD_OCCURRENCE] = record_occurrence,
	[VERB_RECORD_DELIVERY] = record_delivery,
	[VERB_JOIN] = join,
	[VERB_SETTLE] = settle,
	[VERB_REOPEN] = settle,
	[VERB_FOLLOW] = follow,
	[VERB_ANSWER] = answer,
	[VERB_PUT_PAUSE] = put_pause,
	[VERB_REMOVE_PAUSE] = remove_pause,
	[VERB_BEGIN] = begin,
	[VERB_KEEP] = keep,
	[VERB_SET_VALUE] = set_value,
};

static int memory_apply(void *context, const struct change *change, struct outcome *outcome)
{
	struct memory *m = context;

	for (size_t i = 0; i < change_count(change) && !outcome->error; i++) {
		const struct verb *verb = change_verb(change, i);

		outcome->error = verbs[verb->kind](m, verb, outcome);
	}
	if (outcome->error)
		journal_undo(m);
	else
		journal_keep(m);
	return 0;
}

/* ---- removing ---- */

static bool has_open_delivery(const struct memory *m, struct id occurrence)
{
	const struct shelf *deliveries = &m->shelves[DELIVERIES];

	for (size_t i = 0; i < deliveries->count; i++) {
		const struct parcel *parcel = deliveries->records[i];

		if (delivery_is_open(parcel->record.state) &&
			id_list_has(&parcel->items, occurrence))
			return true;
	}
	return false;
}

/* Takes the occurrence out of every delivery; a delivery that carries nothing more goes too. */
static void remove_occurrence(struct memory *m, struct kept *kept)
{
	struct id id = kept->occurrence->id;

	for (size_t i = m->shelves[DELIVERIES].count; i-- > 0;) {
		struct parcel *before = m->shelves[DELIVERIES].records[i], *after;

		if (!id_list_has(&before->items, id))
			continue;
		after = before->items.count > 1 ? parcel_copy(before) : NULL;
		if (after) {
			after->items.count = 0;
			for (size_t j = 0; j < before->items.count; j++) {
				if (!id_eq(before->items.ids[j], id))
					id_list_add(&after->items, before->items.ids[j]);
			}
		}
		replace(m, DELIVERIES, before, after);
	}
	replace_occurrence(m, kept, NULL);
}

static int memory_prune(void *context, int64_t before_at, size_t limit, struct outcome *outcome)
{
	struct memory *m = context;

	for (size_t i = 0; i < m->shelves[OCCURRENCES].count && outcome->count < limit;) {
		struct kept *kept = m->shelves[OCCURRENCES].records[i];
		const struct occurrence *occurrence = kept->occurrence;

		if (id_time(occurrence->id) >= before_at || occurrence->due_at >= before_at ||
			occurrence->follow_at != TIME_NEVER || has_open_delivery(m, occurrence->id))
			i++;
		else {
			remove_occurrence(m, kept);
			outcome->count++;
		}
	}
	journal_keep(m);
	return 0;
}

static bool is_kept_for(const char *name, const char *person)
{
	return str_starts(name, person) && name[strlen(person)] == ' ';
}

static size_t forget_notes(struct memory *m, enum shelf_kind kind, const char *person)
{
	bool (*is_of)(const char *name, const char *who) = kind == KEPT ? is_kept_for : note_is_of;
	size_t before = m->shelves[kind].count;

	for (size_t i = before; i-- > 0;) {
		struct note *note = m->shelves[kind].records[i];

		if (is_of(note->name, person))
			replace(m, kind, note, NULL);
	}
	return before - m->shelves[kind].count;
}

static void forget_records(struct memory *m, const char *person)
{
	for (size_t i = m->shelves[OCCURRENCES].count; i-- > 0;) {
		struct kept *kept = m->shelves[OCCURRENCES].records[i];

		if (str_eq(kept->occurrence->key.recipient, person) ||
			str_eq(kept->occurrence->key.about, person))
			remove_occurrence(m, kept);
	}
	for (size_t i = m->shelves[DELIVERIES].count; i-- > 0;) {
		struct parcel *parcel = m->shelves[DELIVERIES].records[i];

		if (str_eq(parcel->record.recipient, person))
			replace(m, DELIVERIES, parcel, NULL);
	}
}

static int memory_forget(void *context, const char *person, struct outcome *outcome)
{
	struct memory *m = context;
	char name[FORGOTTEN_NAME];
	struct note mark = {.name = name, .text = (char *)"1"};
	size_t occurrences = m->shelves[OCCURRENCES].count;
	size_t deliveries = m->shelves[DELIVERIES].count;

	forget_records(m, person);
	outcome->removed = (struct store_removed){
		.occurrences = occurrences - m->shelves[OCCURRENCES].count,
		.deliveries = deliveries - m->shelves[DELIVERIES].count,
		.pauses = forget_notes(m, PAUSES, person),
		.begins = forget_notes(m, BEGINS, person),
		.kept = forget_notes(m, KEPT, person),
	};
	store_forgotten_name(person, name);
	put_note(m, VALUES, &mark);
	journal_keep(m);
	return 0;
}

/* ---- reading ---- */

static struct delivery *unpack(const struct memory *m, const struct parcel *parcel)
{
	struct delivery *delivery = delivery_copy(&parcel->record);

	for (size_t i = 0; i < parcel->items.count; i++) {
		struct kept *kept = shelf_find(m, OCCURRENCES, &parcel->items.ids[i]);

		if (kept)
			delivery_add_item(delivery, kept->occurrence);
	}
	return delivery;
}

static void add_delivery(struct store_find *find, struct delivery *delivery)
{
	if (store_query_wants_items(&find->query, delivery))
		store_find_add(find, delivery);
	else
		delivery_free(delivery);
}

static int compare_next(const void *a, const void *b)
{
	const struct delivery *one = &(*(struct parcel *const *)a)->record;
	const struct delivery *other = &(*(struct parcel *const *)b)->record;

	if (one->next_at != other->next_at)
		return one->next_at < other->next_at ? -1 : 1;
	return memcmp(&one->id, &other->id, sizeof(one->id));
}

static bool waits_after(const struct store_query *query, const struct delivery *record)
{
	if (record->state != DELIVERY_WAITING || !str_eq(record->channel, query->channel))
		return false;
	return record->next_at > query->after_at ||
	       (record->next_at == query->after_at &&
		       memcmp(&record->id, &query->after, sizeof(record->id)) > 0);
}

static int find_waiting(const struct memory *m, struct store_find *find)
{
	const struct shelf *shelf = &m->shelves[DELIVERIES];
	auto_free struct parcel **waiting = mem_new_array(shelf->count + 1, sizeof(*waiting));
	size_t count = 0;

	for (size_t i = 0; i < shelf->count; i++) {
		struct parcel *parcel = shelf->records[i];

		if (waits_after(&find->query, &parcel->record))
			waiting[count++] = parcel;
	}
	qsort(waiting, count, sizeof(struct parcel *), compare_next);
	for (size_t i = 0; i < MIN_OF(count, find->query.limit); i++)
		store_find_add(find, unpack(m, waiting[i]));
	return 0;
}

static int memory_find(void *context, struct store_find *find)
{
	struct memory *m = context;
	enum shelf_kind kind = find->of_deliveries ? DELIVERIES : OCCURRENCES;
	const struct shelf *shelf = &m->shelves[kind];
	size_t begin = 0, end = shelf->count;

	if (find->query.by_next)
		return find_waiting(m, find);
	if (!id_none(find->query.id)) {
		begin = shelf_place(m, kind, &find->query.id);
		end = MIN_OF(begin + 1, end);
	}
	for (size_t n = begin; n < end && find->count < find->query.limit; n++) {
		void *record = shelf->records[find->query.newest_first ? end - 1 - (n - begin) : n];
		struct parcel *parcel = record;
		struct kept *kept = record;

		if (find->of_deliveries) {
			if (store_query_wants_delivery(&find->query, &parcel->record))
				add_delivery(find, unpack(m, parcel));
		} else if (store_query_wants_occurrence(&find->query, kept->occurrence)) {
			store_find_add(find, occurrence_copy(kept->occurrence));
		}
	}
	return 0;
}

static struct fact fact_of(const struct occurrence *o)
{
	return (struct fact){
		.id = o->id,
		.recipient = o->key.recipient,
		.reminder = o->key.reminder,
		.about = o->key.about,
		.local = o->key.local,
		.due_at = o->due_at,
		.kind = o->kind,
		.state = o->state,
		.decision = o->decision,
		.answer = o->answer,
		.answered_at = o->answered_at,
		.share = o->share,
		.words = o->answer_text,
		.nudges = o->nudges,
	};
}

static int memory_find_facts(void *context, struct fact_find *find)
{
	struct memory *m = context;
	const struct shelf *keys = &m->shelves[KEYS];
	int64_t first_day, last_day;
	size_t at = 0;

	fact_find_days(find, &first_day, &last_day);
	if (first_day > last_day)
		return 0;
	if (!id_none(find->query.after)) {
		const struct kept *after = shelf_find(m, OCCURRENCES, &find->query.after);

		if (!after)
			return -ESTALE;
		at = shelf_place(m, KEYS, after->hash) + 1;
	}
	for (; at < keys->count && !fact_find_has_enough(find); at++) {
		const struct fact fact = fact_of(((struct kept *)keys->records[at])->occurrence);

		fact_find_look(find, &fact);
	}
	return 0;
}

static void load_kept(const struct note *note, const struct store_visitor *visitor, void *owner)
{
	const char *name = strchr(note->name, ' ') + 1;
	auto_free char *person = str_new_n(note->name, (size_t)(name - 1 - note->name));

	visitor->kept(owner, person, name, note->text);
}

static void load_notes(const struct memory *m, const struct store_visitor *visitor, void *owner)
{
	const struct shelf *values = &m->shelves[VALUES], *begins = &m->shelves[BEGINS];
	const struct shelf *pauses = &m->shelves[PAUSES];

	for (size_t i = 0; visitor->value && i < values->count; i++) {
		const struct note *note = values->records[i];

		visitor->value(owner, note->name, note->text);
	}
	for (size_t i = 0; visitor->begin && i < begins->count; i++) {
		const struct note *note = begins->records[i];

		visitor->begin(owner, note->name, note->at);
	}
	for (size_t i = 0; visitor->pause && i < pauses->count; i++) {
		const struct note *note = pauses->records[i];

		visitor->pause(owner, note->name, note->at, note->until_at, note->text);
	}
	for (size_t i = 0; visitor->kept && i < m->shelves[KEPT].count; i++)
		load_kept(m->shelves[KEPT].records[i], visitor, owner);
}

/* The channel with open deliveries that follows a name, or NULL. */
static const char *next_open_channel(const struct memory *m, const char *after)
{
	const struct shelf *shelf = &m->shelves[DELIVERIES];
	const char *next = NULL;

	for (size_t i = 0; i < shelf->count; i++) {
		const struct delivery *record = &((struct parcel *)shelf->records[i])->record;

		if (delivery_is_open(record->state) && strcmp(record->channel, after) > 0 &&
			(!next || strcmp(record->channel, next) < 0))
			next = record->channel;
	}
	return next;
}

static void load_held(const struct memory *m, const char *channel,
	const struct store_visitor *visitor, void *owner)
{
	const struct shelf *shelf = &m->shelves[DELIVERIES];

	for (size_t i = 0; i < shelf->count; i++) {
		const struct parcel *parcel = shelf->records[i];
		struct delivery *delivery;

		if (parcel->record.state != DELIVERY_HELD ||
			!str_eq(parcel->record.channel, channel))
			continue;
		delivery = unpack(m, parcel);
		visitor->held(owner, delivery);
		delivery_free(delivery);
	}
}

static size_t count_waiting(const struct memory *m, const char *channel)
{
	const struct shelf *shelf = &m->shelves[DELIVERIES];
	size_t count = 0;

	for (size_t i = 0; i < shelf->count; i++) {
		const struct delivery *record = &((struct parcel *)shelf->records[i])->record;

		count += record->state == DELIVERY_WAITING && str_eq(record->channel, channel);
	}
	return count;
}

static void load_open(const struct memory *m, const struct store_visitor *visitor, void *owner)
{
	const char *channel = "";

	while ((channel = next_open_channel(m, channel))) {
		if (visitor->backlog)
			visitor->backlog(owner, channel, count_waiting(m, channel));
		if (visitor->held)
			load_held(m, channel, visitor, owner);
	}
}

static void load_budget(const struct parcel *parcel, int32_t budget_since,
	const struct store_visitor *visitor, void *owner)
{
	const struct delivery *record = &parcel->record;

	if (visitor->budget && record->budget_date != INT32_MIN &&
		record->budget_date >= budget_since && record->state != DELIVERY_CANCELLED)
		visitor->budget(
			owner, record->recipient, record->budget_date, record->id, record->state);
}

static int memory_load(
	void *context, int32_t budget_since, const struct store_visitor *visitor, void *owner)
{
	struct memory *m = context;

	load_notes(m, visitor, owner);
	load_open(m, visitor, owner);
	for (size_t i = 0; i < m->shelves[DELIVERIES].count; i++)
		load_budget(m->shelves[DELIVERIES].records[i], budget_since, visitor, owner);
	for (size_t i = 0; visitor->follow && i < m->shelves[OCCURRENCES].count; i++) {
		const struct kept *kept = m->shelves[OCCURRENCES].records[i];

		if (kept->occurrence->follow_at != TIME_NEVER)
			visitor->follow(owner, kept->occurrence);
	}
	return 0;
}

/* ---- the rest ---- */

static int memory_open(const struct store_settings *settings, void **ret, char **ret_error)
{
	*ret = mem_new(sizeof(struct memory));
	return 0;
}

static void memory_close(void *context)
{
	struct memory *m = context;

	for (int kind = 0; kind < SHELVES; kind++) {
		for (size_t i = 0; i < m->shelves[kind].count; i++)
			record_free(kind, m->shelves[kind].records[i]);
		free(m->shelves[kind].records);
	}
	free(m->journal);
	free(m);
}

static int memory_begin(void *context)
{
	return 0;
}

static int memory_commit(void *context)
{
	return 0;
}

static void memory_roll_back(void *context)
{
}

static int memory_backup(void *context, const char *path)
{
	return -EOPNOTSUPP;
}

const struct store_kind store_memory = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.begin = memory_begin,
	.apply = memory_apply,
	.prune = memory_prune,
	.forget = memory_forget,
	.commit = memory_commit,
	.roll_back = memory_roll_back,
	.find = memory_find,
	.find_facts = memory_find_facts,
	.backup = memory_backup,
	.load = memory_load,
};
