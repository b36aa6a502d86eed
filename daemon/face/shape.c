/* The JSON of records and decisions. Pure; decides nothing but which fields are shown, and where an
 * answer's words may appear. */
#include "face/shape.h"

#include "base/buf.h"
#include "base/str.h"
#include "engine/compose.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the character that begins here, or 0 when none does. */
static size_t character_len(const char *text, size_t left)
{
	for (size_t n = 1; n <= 4 && n <= left; n++)
		if (str_is_utf8(text, n))
			return n;
	return 0;
}

static json_t *repaired(const char *text)
{
	size_t len = strlen(text);
	cleanup(buf_free) struct buf out = BUF_MAX(len * 3 + 1);

	for (size_t at = 0; at < len;) {
		size_t n = character_len(text + at, len - at);

		if (n)
			buf_add(&out, text + at, n);
		else
			buf_add_str(&out, REPLACEMENT);
		at += n ? n : 1;
	}
	return json_string(buf_str(&out));
}

json_t *shape_text(const char *text)
{
	json_t *string;

	if (!text)
		return json_null();
	string = json_string(text);
	return string ? string : repaired(text);
}

json_t *shape_time(int64_t at)
{
	char text[CIVIL_TEXT];

	if (at == TIME_NEVER || at == INT64_MIN)
		return json_null();
	utc_write(at >= 0 ? at / 1000 : (at - 999) / 1000, text);
	return json_string(text);
}

json_t *shape_id(struct id id)
{
	char text[ID_TEXT];

	id_write(id, text);
	return json_string(text);
}

static json_t *shape_words(const struct occurrence *occurrence, const char *words)
{
	return shape_text(words && occurrence->personal ? COMPOSE_MASK : words);
}

json_t *shape_occurrence(const struct occurrence *occurrence)
{
	bool answered = occurrence->answer != ANSWER_NONE;

	return json_pack("{so so so so so so so ss ss so so so so si so so so}", "occurrence",
		shape_id(occurrence->id), "reminder", shape_text(occurrence->key.reminder),
		"recipient", shape_text(occurrence->key.recipient), "about",
		shape_text(occurrence->key.about), "kind", shape_text(occurrence->kind), "due",
		shape_time(occurrence->due_at), "planned", shape_time(occurrence->planned_at),
		"state", occurrence_state_names[occurrence->state], "decision",
		decision_names[occurrence->decision], "reason", shape_text(occurrence->rule),
		"title", shape_words(occurrence, occurrence->title), "text",
		shape_words(occurrence, occurrence->text), "follow",
		shape_time(occurrence->follow_at), "nudges", occurrence->nudges, "answer",
		answered ? json_string(answer_names[occurrence->answer]) : json_null(), "answered",
		answered ? shape_time(occurrence->answered_at) : json_null(), "share",
		occurrence->answer_text ? json_string(share_names[occurrence->share])
					: json_null());
}

json_t *shape_occurrence_private(const struct occurrence *occurrence)
{
	json_t *object = shape_occurrence(occurrence);

	json_object_set_new(object, "title", shape_text(occurrence->title));
	json_object_set_new(object, "text", shape_text(occurrence->text));
	json_object_set_new(object, "answer_text", shape_text(occurrence->answer_text));
	return object;
}

static bool has_text(const json_t *list, const char *text)
{
	const json_t *element;
	size_t i;

	json_array_foreach(
		list, i, element) if (str_eq(json_string_value(element), text)) return true;
	return false;
}

/* Each once. */
static json_t *shape_reminders(const struct delivery *delivery)
{
	json_t *list = json_array();

	for (size_t i = 0; i < delivery->count; i++)
		if (!has_text(list, delivery->items[i]->key.reminder))
			json_array_append_new(list, shape_text(delivery->items[i]->key.reminder));
	return list;
}

json_t *shape_delivery(const struct delivery *delivery)
{
	bool open = delivery_is_open(delivery->state);
	json_t *items = json_array();

	for (size_t i = 0; i < delivery->count; i++)
		json_array_append_new(items, shape_id(delivery->items[i]->id));
	return json_pack("{so so so ss so so so ss si so si so so so so}", "delivery",
		shape_id(delivery->id), "channel", shape_text(delivery->channel), "recipient",
		shape_text(delivery->recipient), "purpose", purpose_names[delivery->purpose],
		"created", shape_time(delivery->created_at), "not_before",
		shape_time(delivery->not_before_at), "expire", shape_time(delivery->expire_at),
		"state", delivery_state_names[delivery->state], "attempts", delivery->attempts,
		"next", open ? shape_time(delivery->next_at) : json_null(), "status",
		delivery->status, "reason", shape_text(delivery->reason), "receipt",
		shape_text(delivery->receipt), "occurrences", items, "reminders",
		shape_reminders(delivery));
}

static json_t *planned_on(const struct planned *planned, const char *basis, const char *channel,
	const char *title, const char *text)
{
	bool sent = planned->decision != DECISION_SKIPPED;
	int64_t at = sent ? planned->send_at : planned->due_at;
	char local[CIVIL_TEXT];
	int32_t offset;
	int64_t civil =
		zone_to_local(resolver_zone(planned->reminder, planned->place), at / 1000, &offset);

	local_write_offset(civil, offset, local);
	return json_pack("{ss so ss so so so so so so so ss so}", "basis", basis, "at",
		shape_time(at), "local", local, "due", shape_time(planned->due_at), "reminder",
		shape_text(planned->reminder->id), "person",
		shape_text(planned->person ? planned->person->id : NULL), "about",
		shape_text(planned->about ? planned->about->id : NULL), "channel",
		shape_text(channel), "title", shape_text(title), "text", shape_text(text),
		"decision", decision_names[planned->decision], "reason",
		shape_text(*planned->detail ? planned->detail : rule_id_names[planned->rule]));
}

void shape_planned(const struct planned *planned, const struct view *view, const char *basis,
	void (*on_object)(void *owner, json_t *object), void *owner)
{
	const struct reminder *reminder = planned->reminder;
	const struct person *person = planned->person;
	auto_free char *title = NULL, *text = NULL;
	const struct channel *const *via;
	size_t n = 1;

	compose_masked(planned, view, &title, &text);
	if (!person) {
		on_object(owner, planned_on(planned, basis, planned->room->id, title, text));
		return;
	}
	via = reminder->n_via ? reminder->via : person->via;
	if (person->via_all && planned->decision != DECISION_SKIPPED)
		n = reminder->n_via ? reminder->n_via : person->n_via;
	for (size_t i = 0; i < MAX_OF(n, (size_t)1); i++) {
		const char *id = reminder->n_via + person->n_via ? via[i]->id : NULL;

		on_object(owner, planned_on(planned, basis, id, title, text));
	}
}
