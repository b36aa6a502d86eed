/* What a store may write shorter comes back as it was: instants near and far, words usual and not. */
#include "store_help.h"

/* Made at this instant, whatever was made before. */
static struct id id_at(int64_t at_ms, int n)
{
	struct id id = id_first(at_ms);

	id.bytes[14] = (uint8_t)(n >> 8);
	id.bytes[15] = (uint8_t)n;
	return id;
}

/* Both as they were given, by the id of the delivery. */
static void assert_kept(struct bed *bed, const struct delivery *wanted)
{
	struct buf text = BUF_MAX(1 << 20);

	write_delivery(&text, wanted);
	assert_string_equal(
		bed_deliveries(bed, &(struct store_query){.id = wanted->id}), buf_str(&text));
	buf_free(&text);
}

static void record_both(struct bed *bed, struct occurrence *o, const struct delivery *d)
{
	struct change *change = change_new();

	change_record_occurrence(change, o);
	change_record_delivery(change, d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known, 0);
}

static void settle(struct bed *bed, const struct delivery *d)
{
	struct change *change = change_new();

	change_reopen_delivery(change, d);
	assert_int_equal(bed_apply(bed, change), 0);
}

static const int64_t near = INT64_C(1) << 31, now = INT64_C(1795336355000);

static void instants_come_back_however_far_they_are(void **state)
{
	const int64_t made[] = {0, NOON, near, now};
	const int64_t instants[] = {0, 1, -1, 7, near - 1, near, near + 1, -near, 1 - near, now,
		now + near - 1, now + near, now - near, now - near + 1, -now, INT64_C(1) << 61,
		INT64_MAX - 1, INT64_MIN, INT64_MIN + 1, TIME_NEVER};
	struct bed *bed = *state;
	int n = 0;

	for (size_t m = 0; m < ARRAY_LEN(made); m++)
		for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
			int64_t at = instants[i], other = instants[(i + 1) % ARRAY_LEN(instants)];
			struct occurrence o = make_occurrence("r", "ana", n);
			struct delivery d = make_delivery("ana", &o, NULL);

			o.id = id_at(made[m], 4 * n + 1);
			d.id = id_at(made[m], 4 * n++ + 3);
			o.due_at = d.next_at = at;
			d.created_at = MAX_OF(at, 0); /* earlier ones are never asked for */
			o.planned_at = d.not_before_at = other;
			d.expire_at = at;
			record_both(bed, &o, &d);
			assert_kept(bed, &d);
			for (int s = 0; s < DELIVERY_STATES; s++) {
				d.state = s;
				d.not_before_at = at;
				d.expire_at = s % 2 ? at : other;
				d.next_at = s == DELIVERY_HELD ? TIME_NEVER : d.expire_at;
				settle(bed, &d);
				assert_kept(bed, &d);
			}
		}
}

static void words_come_back_however_usual_they_are(void **state)
{
	static char *const words[] = {NULL, "schedule: on schedule", "delivered", "Delivered",
		"delivered ", "schedule: on schedule, late", "\1", " "};
	struct bed *bed = *state;
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct occurrence o = make_occurrence("r", "ana", n++);
		struct delivery d = make_delivery("ana", &o, NULL);

		o.rule = d.reason = words[i];
		record_both(bed, &o, &d);
		assert_kept(bed, &d);
		d.state = DELIVERY_EXPIRED;
		d.reason = words[(i + 1) % ARRAY_LEN(words)];
		settle(bed, &d);
		assert_kept(bed, &d);
	}
}

static void a_held_delivery_is_moved_to_any_instant(void **state)
{
	struct bed *bed = *state;
	struct occurrence first = make_occurrence("r", "ana", 1),
			  second = make_occurrence("r", "ana", 2);
	struct delivery d = make_delivery("ana", &first, NULL);
	struct occurrence *both[] = {&first, &second};
	struct change *change = change_new();

	d.state = DELIVERY_HELD;
	d.next_at = TIME_NEVER;
	record_both(bed, &first, &d);
	change_record_occurrence(change, &second);
	change_join_delivery(change, d.id, second.id, NOON + 5, now);
	assert_int_equal(bed_apply(bed, change), 0);
	d.items = both;
	d.count = 2;
	d.not_before_at = NOON + 5;
	d.expire_at = now;
	assert_kept(bed, &d);
}

static void what_is_due_later_is_not_pruned(void **state)
{
	const int64_t due[] = {NOON - 1, NOON, NOON + near, TIME_NEVER, 0, NOON - near};
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_LEN(due); i++) {
		struct occurrence o = make_occurrence("r", "ana", (int64_t)i);

		o.id = id_at(NOON - 10, (int)i + 1);
		o.due_at = due[i];
		bed_record(bed, &o, DELIVERY_DELIVERED);
	}
	assert_int_equal(bed_prune(bed, NOON, 9), 0);
	assert_int_equal(bed->count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGAINST_EACH(instants_come_back_however_far_they_are),
		AGAINST_EACH(words_come_back_however_usual_they_are),
		AGAINST_EACH(a_held_delivery_is_moved_to_any_instant),
		AGAINST_EACH(what_is_due_later_is_not_pruned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
