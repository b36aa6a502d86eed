/* A random walk of changes and questions through both stores, side by side: the one in memory says
 * what the other must answer. The seed is fixed; a failure repeats. */
#include "store_help.h"

enum { STEPS = 600, PICKS = 24 };

struct walk {
	unsigned seed, made;
	size_t facts;
	struct id occurrences[PICKS], deliveries[PICKS];
	int64_t day; /* ms since NOON */
};

static unsigned pick(struct walk *walk, unsigned below)
{
	return rand_r(&walk->seed) / 7 % below;
}

/* Grows with the walk, and comes out the same when it is replayed. */
static struct id next_id(struct walk *walk)
{
	int64_t ms = NOON + walk->day;
	struct id id = {0};

	walk->made++;
	for (int i = 0; i < 6; i++)
		id.bytes[i] = ms >> (8 * (5 - i));
	for (int i = 0; i < 4; i++)
		id.bytes[12 + i] = walk->made >> (8 * (3 - i));
	return id;
}

static void add_delivery(struct walk *walk, struct change *change, struct occurrence *o)
{
	struct occurrence earlier = {.id = walk->occurrences[pick(walk, PICKS)]};
	struct delivery d =
		make_delivery(pick(walk, 2) ? "ana" : "ben", o, pick(walk, 3) ? NULL : &earlier);

	d.state = pick(walk, DELIVERY_STATES);
	d.created_at = pick(walk, 300);
	d.budget_date = pick(walk, 3) ? (int)pick(walk, 30) : INT32_MIN;
	d.id = walk->deliveries[pick(walk, PICKS)] = next_id(walk);
	change_record_delivery(change, &d);
}

static void add_answer(struct walk *walk, struct change *change, struct id occurrence)
{
	change_answer_occurrence(change, occurrence, pick(walk, ANSWERS),
		pick(walk, 2) ? "t" : NULL, pick(walk, SHARES + 1), 8, 9);
}

static void add_verb(struct walk *walk, struct change *change)
{
	static const char *const names[] = {"all", "person:ana", "stop:ana:r", "person:ben", "x"};
	static char people[][4] = {"ana", "ben", "cy"};
	const char *name = names[pick(walk, ARRAY_LEN(names))];
	struct id occurrence = walk->occurrences[pick(walk, PICKS)];
	struct delivery settled = make_delivery("x", NULL, NULL);
	struct occurrence o;

	walk->day += pick(walk, 3) * 30000000;
	switch (pick(walk, 12)) {
	case 0 ... 2:
		o = make_occurrence("r", people[pick(walk, 3)], pick(walk, 200));
		o.id = walk->occurrences[pick(walk, PICKS)] = next_id(walk);
		/* Recorded on its day, or some days beside. */
		if (pick(walk, 2))
			o.key.local += 86400 * (walk->day / 86400000 + pick(walk, 5) - 2);
		o.key.about = pick(walk, 4) ? NULL : people[pick(walk, 3)];
		o.state = pick(walk, OCCURRENCE_STATES);
		o.follow_at = pick(walk, 2) ? TIME_NEVER : 5;
		change_record_occurrence(change, &o);
		add_delivery(walk, change, &o);
		break;
	case 3:
		change_join_delivery(
			change, walk->deliveries[pick(walk, PICKS)], occurrence, 44, 55);
		break;
	case 4:
		settled.id = walk->deliveries[pick(walk, PICKS)];
		settled.state = pick(walk, DELIVERY_STATES);
		settled.starts = pick(walk, 3);
		if (pick(walk, 4))
			change_settle_delivery(change, &settled);
		else
			change_reopen_delivery(change, &settled);
		break;
	case 5:
		change_follow_occurrence(
			change, occurrence, pick(walk, OCCURRENCE_STATES), 6, pick(walk, 3));
		break;
	case 6:
		add_answer(walk, change, occurrence);
		break;
	case 7:
		change_put_pause(change, name, pick(walk, 9), 4, NULL);
		break;
	case 8:
		change_remove_pause(change, name);
		break;
	case 9:
		change_begin(change, name, pick(walk, 9));
		break;
	case 10:
		change_keep(change, people[pick(walk, 3)], name, pick(walk, 3) ? "v" : NULL);
		break;
	default:
		change_set_value(change, name, pick(walk, 3) ? "v" : NULL);
		break;
	}
}

static void same_answers(const struct bed *a, const struct bed *b)
{
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->n_known, b->n_known);
	assert_int_equal(a->n_dropped, b->n_dropped);
	assert_memory_equal(a->known, b->known, sizeof(struct id) * a->n_known);
	assert_memory_equal(a->dropped, b->dropped, sizeof(struct id) * a->n_dropped);
}

static void compare_question(struct walk *walk, struct bed *a, struct bed *b)
{
	struct store_query query = {
		.recipient = pick(walk, 2) ? "ana" : NULL,
		.reminder = pick(walk, 4) ? NULL : "r",
		.open_only = pick(walk, 3) == 0,
		.dead_only = pick(walk, 3) == 0,
		.states = pick(walk, 3) ? 0 : pick(walk, 1u << DELIVERY_STATES),
		.created_at = pick(walk, 3) ? 0 : pick(walk, 200),
		.has_local = pick(walk, 3) == 0,
		.local_from = pick(walk, 100),
		.local_to = 100 + pick(walk, 100),
		.newest_first = pick(walk, 2),
		.limit = pick(walk, 20),
	};
	auto_free char *first = NULL;

	if (pick(walk, 3) == 0)
		query.after = walk->occurrences[pick(walk, PICKS)];
	if (pick(walk, 4) == 0)
		query.carries = walk->occurrences[pick(walk, PICKS)];
	first = str_new(bed_occurrences(a, &query));
	assert_string_equal(first, bed_occurrences(b, &query));
	free(first);
	first = str_new(bed_deliveries(a, &query));
	assert_string_equal(first, bed_deliveries(b, &query));
}

static void compare_facts(struct walk *walk, struct bed *a, struct bed *b)
{
	static const char *const people[] = {"ben", "cy", "nobody", "ana"};
	struct fact_query query = {
		.recipients = people + pick(walk, 2),
		.n_recipients = pick(walk, 4),
		.reminder = pick(walk, 4) ? NULL : "r",
		.local_from = 86400 * (int64_t)pick(walk, 3) + pick(walk, 150),
		.local_to = 86400 * (int64_t)pick(walk, 40) + pick(walk, 150),
		.limit = pick(walk, 2) ? 0 : 1 + pick(walk, 9),
	};
	auto_free char *first = NULL;
	int error;

	if (pick(walk, 3) == 0)
		query.after = walk->occurrences[pick(walk, PICKS)];
	first = str_new(bed_facts(a, &query));
	error = a->error;
	assert_string_equal(first, bed_facts(b, &query));
	assert_int_equal(b->error, error);
	walk->facts += a->count;
}

/* The same verbs into both: the walk is replayed from a copy of its state. */
static void step_both(struct walk *walk, struct bed *a, struct bed *b)
{
	struct walk replay = *walk;
	struct change *one = change_new(), *two = change_new();
	unsigned verbs = 1 + pick(walk, 5);

	pick(&replay, 5);
	for (unsigned i = 0; i < verbs; i++) {
		add_verb(walk, one);
		add_verb(&replay, two);
	}
	bed_apply(a, one);
	bed_apply(b, two);
	same_answers(a, b);
	if (pick(walk, 20) == 0) {
		bed_prune(a, id_time(id_new(NOON)) + 1, 3);
		bed_prune(b, id_time(id_new(NOON)) + 1, 3);
		same_answers(a, b);
	}
	if (pick(walk, 150) == 0) {
		bed_forget(a, "cy");
		bed_forget(b, "cy");
		same_answers(a, b);
	}
}

static void two_stores_answer_alike(void **state)
{
	struct bed *a = bed_new("memory"), *b = bed_new("sqlite");
	struct walk walk = {.seed = 4711};
	auto_free char *kept = NULL;

	bed_open(a);
	bed_open(b);
	for (int i = 0; i < PICKS; i++)
		walk.occurrences[i] = walk.deliveries[i] = next_id(&walk); /* not stored */
	for (int i = 0; i < STEPS; i++) {
		step_both(&walk, a, b);
		compare_question(&walk, a, b);
		compare_facts(&walk, a, b);
		if (i % 50 == 0) {
			auto_free char *first = bed_dump(a), *second = bed_dump(b);

			assert_string_equal(first, second);
		}
	}
	kept = bed_dump(b);
	assert_true(strlen(kept) > 2000 && walk.facts > 2000); /* it compared something */
	bed_reopen(b);
	free(kept);
	kept = bed_dump(b);
	bed_free(b);
	{
		auto_free char *reference = bed_dump(a);

		assert_string_equal(kept, reference);
	}
	bed_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_stores_answer_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
