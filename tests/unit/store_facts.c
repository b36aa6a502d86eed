/* Facts: the same order, ranges and pages in every store; and what carries an occurrence. */
#include "store_help.h"

#define DAY 86400

/* ana and ben have one of each reminder at nine and at three o'clock of each of these days. */
enum { FIRST_DAY = 20000, DAYS = 4 };

static const char *const people[] = {"ana", "ben"};
static const char *const reminders[] = {"scales", "review"};

static int64_t local_of(int day, int hour)
{
	return (int64_t)(FIRST_DAY + day) * DAY + hour * 3600;
}

static void record_days(struct bed *bed)
{
	struct change *change = change_new();

	for (int i = 0; i < DAYS * 8; i++) {
		struct occurrence o = make_occurrence(
			reminders[i / 4 % 2], people[i / 2 % 2], local_of(i / 8, i % 2 ? 9 : 15));

		/* Whenever it was recorded: the order is that of the nominal days. */
		o.id = id_new(NOON + (DAYS * 8 - i) * (int64_t)DAY * 1000);
		o.kind = (char *)"practice";
		o.nudges = i;
		change_record_occurrence(change, &o);
	}
	assert_int_equal(bed_apply(bed, change), 0);
}

static void a_fact_says_what_became_of_it(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	const struct fact_query query = {.local_to = 10};
	cleanup(buf_free) struct buf expected = BUF_MAX(1000);
	struct change *change = change_new();
	struct fact fact;

	o.key.about = (char *)"ben";
	o.kind = (char *)"feedback";
	o.decision = DECISION_MERGED;
	o.nudges = 3;
	o.due_at = -77;
	bed_record(bed, &o, DELIVERY_DELIVERED);
	change_answer_occurrence(change, o.id, ANSWER_STUCK, "bar 12", SHARE_MENTOR, 70, 80);
	assert_int_equal(bed_apply(bed, change), 0);
	fact = (struct fact){.id = o.id,
		.recipient = "ana",
		.reminder = "r",
		.about = "ben",
		.local = 5,
		.due_at = -77,
		.kind = "feedback",
		.state = OCCURRENCE_ANSWERED,
		.decision = DECISION_MERGED,
		.answer = ANSWER_STUCK,
		.answered_at = 70,
		.share = SHARE_MENTOR,
		.words = "bar 12",
		.nudges = 3};
	write_fact(&expected, &fact);
	assert_string_equal(bed_facts(bed, &query), buf_str(&expected));
	assert_int_equal(bed->error, 0);
}

static size_t count_facts(struct bed *bed, const struct fact_query *query)
{
	bed_facts(bed, query);
	assert_int_equal(bed->error, 0);
	return bed->count;
}

static void a_range_is_half_open_and_to_the_second(void **state)
{
	static const struct {
		int64_t from, to;
		size_t count;
	} rows[] = {
		{INT64_MIN, INT64_MAX, 32},
		{0, INT64_MAX, 32},
		{FIRST_DAY * (int64_t)DAY, (FIRST_DAY + DAYS) * (int64_t)DAY, 32},
		{(FIRST_DAY + 1) * (int64_t)DAY, (FIRST_DAY + 2) * (int64_t)DAY, 8},
		{FIRST_DAY * (int64_t)DAY + 9 * 3600, FIRST_DAY * (int64_t)DAY + 15 * 3600, 4},
		{FIRST_DAY * (int64_t)DAY + 9 * 3600, FIRST_DAY * (int64_t)DAY + 15 * 3600 + 1, 8},
		{FIRST_DAY * (int64_t)DAY + 9 * 3600 + 1, FIRST_DAY * (int64_t)DAY + 15 * 3600, 0},
		{FIRST_DAY * (int64_t)DAY + 5, FIRST_DAY * (int64_t)DAY + 5, 0},
		{INT64_MAX, INT64_MIN, 0},
		{(FIRST_DAY + DAYS) * (int64_t)DAY, INT64_MAX, 0},
		{INT64_MIN, FIRST_DAY * (int64_t)DAY, 0},
	};
	struct bed *bed = *state;

	record_days(bed);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fact_query query = {.local_from = rows[i].from, .local_to = rows[i].to};

		assert_int_equal(count_facts(bed, &query), rows[i].count);
		query.recipients = (const char *const[]){"ben", "nobody"};
		query.n_recipients = 2;
		assert_int_equal(count_facts(bed, &query), rows[i].count / 2);
		query.reminder = "review";
		assert_int_equal(count_facts(bed, &query), rows[i].count / 4);
		query.n_recipients = 0;
		assert_int_equal(count_facts(bed, &query), rows[i].count / 2);
	}
}

static void times_that_no_key_can_tell_are_found(void **state)
{
	static const int64_t locals[] = {-5 * DAY, -1, 0, 70000 * (int64_t)DAY, INT64_MAX / 2000};
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		struct occurrence o = make_occurrence("r", "ana", 0);

		o.key.local = locals[i];
		bed_record(bed, &o, DELIVERY_DELIVERED);
	}
	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		const struct fact_query query = {.recipients = (const char *const[]){"ana"},
			.n_recipients = i % 2,
			.local_from = locals[i],
			.local_to = locals[i] + 1};

		assert_int_equal(count_facts(bed, &query), 1);
	}
}

static void days_follow_each_other_and_a_recipients_stand_together(void **state)
{
	struct bed *bed = *state;
	const struct fact_query query = {.local_to = INT64_MAX};
	const char *at, *before = NULL;
	int turns = 0;

	record_days(bed);
	for (at = bed_facts(bed, &query); *at; at = strchr(at, '\n') + 1) {
		const char *name = at + strlen("fact ") + ID_TEXT;

		turns += before && strncmp(name, before, 3) != 0;
		before = name;
	}
	/* Within each day from one to the other; where one day ends with whom the next begins, not. */
	assert_in_range(turns, DAYS, DAYS * 2 - 1);
}

/* All pages of so many, one after the other; the caller's. */
static char *turn_pages(struct bed *bed, struct fact_query query, size_t limit)
{
	struct buf text = BUF_MAX(1 << 20);

	query.limit = limit;
	for (;;) {
		buf_add_str(&text, bed_facts(bed, &query));
		assert_int_equal(bed->error, 0);
		assert_true(bed->count <= limit);
		if (bed->count < limit)
			return buf_take(&text);
		query.after = bed->known[0];
	}
}

static void pages_miss_and_repeat_nothing(void **state)
{
	static const char *const both[] = {"ben", "ana"};
	struct bed *bed = *state;
	struct fact_query query = {.local_to = INT64_MAX};

	record_days(bed);
	for (int who = 0; who < 2; who++) {
		auto_free char *whole = str_new(bed_facts(bed, &query));

		for (size_t limit = 1; limit < 40; limit += limit < 9 ? 1 : 7) {
			auto_free char *paged = turn_pages(bed, query, limit);

			assert_string_equal(paged, whole);
		}
		query.recipients = both;
		query.n_recipients = 2;
	}
	query.after = id_new(NOON);
	bed_facts(bed, &query);
	assert_int_equal(bed->error, -ESTALE);
}

/* More than is looked at in one go, and commits in between are seen or not, never half. */
static void many_facts_are_all_found(void **state)
{
	enum { PEOPLE = 900, EACH = 7 };
	struct bed *bed = *state;
	const char *names[PEOPLE];
	char texts[PEOPLE][24];
	struct fact_query query = {.recipients = names, .local_to = INT64_MAX};
	struct change *change = change_new();

	for (int i = 0; i < PEOPLE; i++) {
		snprintf(texts[i], sizeof(texts[i]), "person-%d", i);
		names[PEOPLE - 1 - i] = texts[i];
		for (int day = 0; day < EACH; day++) {
			struct occurrence o = make_occurrence("r", texts[i], local_of(day, 9));

			o.id = id_new(NOON);
			change_record_occurrence(change, &o);
		}
	}
	assert_int_equal(bed_apply(bed, change), 0);
	for (int n = 0; n < 4; n++) {
		auto_free char *paged = NULL;

		query.n_recipients = (size_t[]){0, PEOPLE, 1, 450}[n];
		assert_int_equal(count_facts(bed, &query),
			EACH * (query.n_recipients ? query.n_recipients : PEOPLE));
		paged = turn_pages(bed, query, 1999);
		assert_string_equal(paged, bed_facts(bed, &query));
	}
}

static void what_carries_an_occurrence_is_found_in_both_orders(void **state)
{
	struct bed *bed = *state;
	struct occurrence first = make_occurrence("r", "ana", 5), second = first;
	struct delivery both, nudge;
	struct change *change = change_new();
	struct id alone;

	second = make_occurrence("r", "ana", 6);
	alone = bed_record(bed, &first, DELIVERY_DELIVERED);
	bed_record(bed, &second, DELIVERY_DELIVERED);
	both = make_delivery("ana", &first, &second);
	change_record_delivery(change, &both);
	nudge = make_delivery("ana", &first, NULL);
	change_record_delivery(change, &nudge);
	assert_int_equal(bed_apply(bed, change), 0);
	for (int newest_first = 0; newest_first < 2; newest_first++) {
		const struct store_query query = {
			.carries = first.id, .newest_first = newest_first};
		const struct store_query one = {
			.carries = first.id, .newest_first = newest_first, .limit = 1};
		char id[ID_TEXT];

		bed_deliveries(bed, &query);
		assert_int_equal(bed->count, 3);
		id_write(newest_first ? nudge.id : alone, id);
		assert_true(str_starts(bed_deliveries(bed, &one) + strlen("delivery "), id));
		assert_int_equal(bed->count, 1);
	}
	bed_deliveries(bed, &(struct store_query){.carries = second.id});
	assert_int_equal(bed->count, 2);
	bed_deliveries(bed, &(struct store_query){.carries = alone});
	assert_int_equal(bed->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGAINST_EACH(a_fact_says_what_became_of_it),
		AGAINST_EACH(a_range_is_half_open_and_to_the_second),
		AGAINST_EACH(times_that_no_key_can_tell_are_found),
		AGAINST_EACH(days_follow_each_other_and_a_recipients_stand_together),
		AGAINST_EACH(pages_miss_and_repeat_nothing),
		AGAINST_EACH(many_facts_are_all_found),
		AGAINST_EACH(what_carries_an_occurrence_is_found_in_both_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
