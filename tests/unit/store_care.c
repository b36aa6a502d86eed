/* What becomes of old and unwanted records, in every store. */
#include "store_help.h"

/* An instant after all that was recorded so far. */
static int64_t just_now(void)
{
	return id_time(id_new(NOON)) + 1;
}

static void pruning_takes_what_is_old_and_at_rest(void **state)
{
	struct bed *bed = *state;
	enum occurrence_state states[] = {OCCURRENCE_CLOSED, OCCURRENCE_ANSWERED,
		OCCURRENCE_SKIPPED, OCCURRENCE_OPEN, OCCURRENCE_CLOSED, OCCURRENCE_OPEN,
		OCCURRENCE_ANSWERED, OCCURRENCE_CLOSED, OCCURRENCE_CLOSED};
	struct change *change = change_new();
	int64_t now = just_now() + 1000;
	struct id nudged;

	for (int i = 0; i < 9; i++) {
		struct occurrence o = make_occurrence("r", "ana", 5 + i);

		o.state = states[i];
		/* the fifth waits still, the sixth will be nudged and the seventh asked again, the last
		 * are due and recorded too late */
		o.follow_at = i == 5 || i == 6 ? now : TIME_NEVER;
		if (i == 5)
			nudged = o.id;
		if (i == 7)
			o.due_at = now;
		if (i == 8)
			o.id = id_new(now);
		bed_record(bed, &o, i == 4 ? DELIVERY_WAITING : DELIVERY_EXPIRED);
	}
	assert_int_equal(bed_prune(bed, now, 2), 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed_prune(bed, now, 3), 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed_prune(bed, now, 2), 0);
	assert_int_equal(bed->count, 0);
	assert_int_equal(count_occurrences(bed), 5);
	assert_int_equal(count_deliveries(bed), 5);
	change_follow_occurrence(change, nudged, OCCURRENCE_OPEN, TIME_NEVER, 1);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed_prune(bed, now, 2), 0);
	assert_int_equal(bed->count, 1);
	assert_int_equal(bed_prune(bed, now + 1, 9), 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed_prune(bed, -1, 9), 0);
	assert_int_equal(bed->count, 0);
}

static void pruning_leaves_a_delivery_its_other_items(void **state)
{
	struct bed *bed = *state;
	struct occurrence old = make_occurrence("r", "ana", 10),
			  young = make_occurrence("r", "ana", 90);
	struct delivery d = make_delivery("ana", &old, &young);
	struct change *change = change_new();

	young.due_at = just_now();
	d.state = DELIVERY_DELIVERED;
	change_record_occurrence(change, &old);
	change_record_occurrence(change, &young);
	change_record_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed_prune(bed, young.due_at, 10), 0);
	assert_int_equal(bed->count, 1);
	bed_deliveries(bed, &(struct store_query){0});
	assert_int_equal(bed->count, 1);
	assert_null(strstr(buf_str(&bed->rows), " ana - 10 "));
	assert_non_null(strstr(buf_str(&bed->rows), " ana - 90 "));
}

static void forgetting_removes_one_person_and_nobody_else(void **state)
{
	static const char *const whats[] = {"person:ana", "person:anabel", "stop:ana:r",
		"less:ana:r", "fade:ana:r", "stop:anabel:r", "fade:anabel:r", "team:ana", "all"};
	struct bed *bed = *state;
	struct occurrence hers = make_occurrence("r", "ana", 1),
			  his = make_occurrence("r", "ben", 2);
	struct occurrence about = make_occurrence("r", "ben", 3);
	struct delivery to_room;
	struct change *change = change_new();
	auto_free char *dump = NULL;

	about.key.about = (char *)"ana";
	bed_record(bed, &hers, DELIVERY_WAITING);
	bed_record(bed, &his, DELIVERY_WAITING);
	bed_record(bed, &about, DELIVERY_WAITING);
	to_room = make_delivery("room:chat", &hers, &his);
	change_record_delivery(change, &to_room);
	for (size_t i = 0; i < ARRAY_LEN(whats); i++)
		change_put_pause(change, whats[i], 1, 2, NULL);
	change_begin(change, "person:ana", 5);
	change_begin(change, "person:ben", 5);
	change_keep(change, "ana", "share", "me");
	change_keep(change, "ana", "pair", "no");
	change_keep(change, "anabel", "pair", "no");
	assert_int_equal(bed_apply(bed, change), 0);

	assert_int_equal(bed_forget(bed, "ana"), 0);
	assert_int_equal(bed->count, 2 + 2 + 4 + 1 + 2);
	assert_int_equal(bed->removed.occurrences, 2);
	assert_int_equal(bed->removed.deliveries, 2);
	assert_int_equal(bed->removed.pauses, 4);
	assert_int_equal(bed->removed.begins, 1);
	assert_int_equal(bed->removed.kept, 2);
	dump = bed_dump(bed);
	assert_null(strstr(dump, " ana "));
	assert_null(strstr(dump, "person:ana "));
	assert_null(strstr(dump, ":ana:r"));
	assert_non_null(strstr(dump, "value forgotten:"));
	assert_non_null(strstr(dump, "pause team:ana 1 2 -\n"));
	assert_non_null(strstr(dump, "pause person:anabel"));
	assert_non_null(strstr(dump, "pause stop:anabel:r"));
	assert_non_null(strstr(dump, "pause fade:anabel:r"));
	assert_non_null(strstr(dump, "pause all"));
	assert_non_null(strstr(dump, "kept anabel pair=no"));
	assert_null(strstr(dump, "kept ana "));
	assert_non_null(strstr(dump, "begin person:ben"));
	assert_non_null(strstr(dump, " room:chat "));
	assert_int_equal(count_occurrences(bed), 1);
	assert_int_equal(count_deliveries(bed), 2);
	/* A forgotten delivery is settled in vain, not in error. */
	change = change_new();
	change_follow_occurrence(change, hers.id, OCCURRENCE_CLOSED, TIME_NEVER, 0);
	assert_int_equal(bed_apply(bed, change), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGAINST_EACH(pruning_takes_what_is_old_and_at_rest),
		AGAINST_EACH(pruning_leaves_a_delivery_its_other_items),
		AGAINST_EACH(forgetting_removes_one_person_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
