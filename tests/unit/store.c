/* What every store must do: one suite, run against each. */
#include "store_help.h"

/* ---- recording ---- */

static void every_member_comes_back(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct delivery d = make_delivery("ana", &o, NULL);
	cleanup(buf_free) struct buf expected = BUF_MAX(10000);
	struct change *change = change_new();

	o.key.about = (char *)"ben";
	o.key.pass = 1;
	o.kind = (char *)"feedback";
	o.decision = DECISION_SHIFTED;
	o.rule = (char *)"quiet hours";
	o.about_name = (char *)"Ben \xC3\x89";
	o.follow_at = 77;
	o.nudges = 2;
	o.answer = ANSWER_STUCK;
	o.answer_text = (char *)"";
	o.answered_at = -5;
	o.share = SHARE_MANAGER;
	o.personal = true;
	d.purpose = PURPOSE_ESCALATE;
	d.budget_date = -3;
	d.state = DELIVERY_HELD;
	d.attempts = 3;
	d.next_at = TIME_NEVER;
	d.status = 503;
	d.reason = (char *)"busy";
	d.receipt = (char *)"abc";
	d.fallback = (char *)"mail sms";
	change_record_occurrence(change, &o);
	change_record_delivery(change, &d);
	assert_int_equal(change_size(change), 2);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known + bed->n_dropped, 0);
	write_delivery(&expected, &d);
	assert_string_equal(bed_deliveries(bed, &(struct store_query){0}), buf_str(&expected));
	buf_reset(&expected);
	write_occurrence(&expected, &o);
	assert_string_equal(bed_occurrences(bed, &(struct store_query){0}), buf_str(&expected));
}

static void a_known_occurrence_and_its_delivery_are_left_out(void **state)
{
	struct bed *bed = *state;
	struct occurrence first = make_occurrence("r", "ana", 5), again = first;
	struct delivery d;
	struct change *change = change_new();

	bed_record(bed, &first, DELIVERY_WAITING);
	again.id = id_new(NOON);
	d = make_delivery("ana", &again, NULL);
	change_record_occurrence(change, &again);
	change_record_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known, 1);
	assert_true(id_eq(bed->known[0], again.id));
	assert_int_equal(bed->n_dropped, 1);
	assert_true(id_eq(bed->dropped[0], d.id));
	assert_int_equal(count_occurrences(bed), 1);
	assert_int_equal(count_deliveries(bed), 1);
}

static void the_same_change_again_changes_nothing(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct delivery d = make_delivery("ana", &o, NULL);
	auto_free char *before = NULL, *after = NULL;

	for (int i = 0; i < 3; i++) {
		struct change *change = change_new();

		change_record_occurrence(change, &o);
		change_record_delivery(change, &d);
		assert_int_equal(bed_apply(bed, change), 0);
		assert_int_equal(bed->n_known, i > 0);
		assert_int_equal(bed->n_dropped, i > 0);
		free(after);
		after = bed_dump(bed);
		if (i == 0)
			before = bed_dump(bed);
	}
	assert_string_equal(after, before);
}

static void a_delivery_keeps_the_items_that_are_new(void **state)
{
	struct bed *bed = *state;
	struct occurrence first = make_occurrence("r", "ana", 5), again = first;
	struct occurrence other = make_occurrence("r", "ana", 6);
	struct delivery d;
	struct change *change = change_new();

	bed_record(bed, &first, DELIVERY_DELIVERED);
	again.id = id_new(NOON);
	d = make_delivery("ana", &again, &other);
	change_record_occurrence(change, &again);
	change_record_occurrence(change, &other);
	change_record_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known, 1);
	assert_int_equal(bed->n_dropped, 0);
	bed_deliveries(bed, &(struct store_query){.id = d.id});
	assert_int_equal(bed->count, 1);
	assert_non_null(strstr(buf_str(&bed->rows), " ana - 6 "));
	assert_null(strstr(buf_str(&bed->rows), " ana - 5 "));
}

static void keys_differ_in_every_part(void **state)
{
	struct bed *bed = *state;
	struct occurrence base = make_occurrence("r", "ana", 5);
	struct change *change = change_new();

	change_record_occurrence(change, &base);
	for (int part = 0; part < 6; part++) {
		struct occurrence other = base;

		other.id = id_new(NOON);
		other.key.reminder = (char *)(part == 0 ? "r2" : "r");
		other.key.recipient = (char *)(part == 1 ? "ben" : "ana");
		other.key.about = (char *)(part == 2 ? "cy" : part == 3 ? "" : NULL);
		other.key.local += part == 4;
		other.key.pass += part == 5;
		change_record_occurrence(change, &other);
	}
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known, 0);
	assert_int_equal(count_occurrences(bed), 7);
}

static void a_later_delivery_may_carry_an_earlier_occurrence(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct occurrence gone = make_occurrence("r", "ana", 6);
	struct delivery nudge, lost, bare;
	struct change *change = change_new();

	bed_record(bed, &o, DELIVERY_DELIVERED);
	nudge = make_delivery("ana", &o, &gone);
	change_record_delivery(change, &nudge);
	lost = make_delivery("ana", &gone, NULL);
	change_record_delivery(change, &lost);
	bare = make_delivery("ana", NULL, NULL);
	change_record_delivery(change, &bare);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_dropped, 1);
	assert_true(id_eq(bed->dropped[0], lost.id));
	assert_int_equal(count_deliveries(bed), 3);
}

/* ---- many records at once, against the same ones one by one ---- */

enum { BATCH = 8, ITEMS = 3 };
enum batch_flaw {
	FLAWLESS,
	SOME_KNOWN,
	ONE_TWICE,
	BACKWARDS,
	NONE_CARRIED,
	AN_EARLIER_ONE,
	A_STRANGER,
	SAME_KEY,
	FLAWS
};

struct batch {
	struct occurrence occurrences[BATCH], known[2], earlier, stranger;
	struct delivery deliveries[BATCH];
	struct occurrence *items[BATCH][ITEMS];
};

static void make_batch(struct batch *batch, enum batch_flaw flaw)
{
	batch->earlier = make_occurrence("early", "ana", 1);
	batch->stranger = make_occurrence("never", "ana", 50);
	for (int i = 0; i < BATCH; i++)
		batch->occurrences[i] = make_occurrence("r", i % 2 ? "ana" : "ben", 10 + i);
	for (int i = 0; i < BATCH; i++) {
		struct delivery *delivery = &batch->deliveries[i];

		*delivery = make_delivery("ana", NULL, NULL);
		delivery->items = batch->items[i];
		batch->items[i][0] = &batch->occurrences[i];
		batch->items[i][1] = &batch->occurrences[MIN_OF(i + 1, BATCH - 1)];
		delivery->count = i == 4 || i == BATCH - 1 ? 1 : 2;
	}
	for (int i = 0; i < 2; i++) {
		batch->known[i] = batch->occurrences[flaw == SOME_KNOWN ? 2 + i : 0];
		batch->known[i].id = id_new(NOON);
		batch->known[i].key.local += flaw == SOME_KNOWN ? 0 : 100 + i;
	}
	if (flaw == ONE_TWICE)
		batch->items[3][1] = batch->items[3][0];
	if (flaw == BACKWARDS)
		batch->items[3][0] = &batch->occurrences[5];
	if (flaw == NONE_CARRIED)
		batch->deliveries[3].count = 0;
	if (flaw == AN_EARLIER_ONE)
		batch->items[3][1] = &batch->earlier;
	if (flaw == A_STRANGER) {
		batch->items[3][0] = &batch->stranger;
		batch->deliveries[3].count = 1;
	}
	if (flaw == SAME_KEY)
		batch->occurrences[6].key = batch->occurrences[4].key;
}

static void take_outcome(struct bed *bed, struct buf *known)
{
	char text[ID_TEXT];

	for (size_t i = 0; i < bed->n_known + bed->n_dropped; i++) {
		id_write(i < bed->n_known ? bed->known[i] : bed->dropped[i - bed->n_known], text);
		buf_printf(known, "%s %s\n", i < bed->n_known ? "known" : "dropped", text);
	}
}

/* What the store holds afterwards, and what it said. */
static char *record_batch(struct bed *bed, struct batch *batch, bool at_once)
{
	struct change *change = change_new();
	cleanup(buf_free) struct buf known = BUF_MAX(65536);
	auto_free char *dump = NULL, *without_ben = NULL;

	change_record_occurrence(change, &batch->earlier);
	for (int i = 0; i < 2; i++)
		change_record_occurrence(change, &batch->known[i]);
	assert_int_equal(bed_apply(bed, change), 0);
	change = change_new();
	for (int i = 0; i < 2 * BATCH; i++) {
		if (i < BATCH)
			change_record_occurrence(change, &batch->occurrences[i]);
		else
			change_record_delivery(change, &batch->deliveries[i - BATCH]);
		if (at_once && i + 1 < 2 * BATCH)
			continue;
		if (i + 1 == 2 * BATCH)
			change_set_value(change, "mark", "1");
		assert_int_equal(bed_apply(bed, change), 0);
		take_outcome(bed, &known);
		change = change_new();
	}
	change_free(change);
	dump = bed_dump(bed);
	assert_int_equal(bed_forget(bed, "ben"), 0); /* asks which deliveries carry what */
	without_ben = bed_dump(bed);
	return str_printf("%s%s%s", buf_str(&known), dump, without_ben);
}

static void many_records_are_written_as_one_by_one(void **state)
{
	struct bed *bed = *state;

	for (enum batch_flaw flaw = FLAWLESS; flaw < FLAWS; flaw++) {
		struct bed *first = bed_new(bed->kind), *second = bed_new(bed->kind);
		struct batch batch = {0};
		auto_free char *at_once = NULL, *one_by_one = NULL;

		make_batch(&batch, flaw);
		bed_open(first);
		bed_open(second);
		at_once = record_batch(first, &batch, true);
		one_by_one = record_batch(second, &batch, false);
		assert_string_equal(at_once, one_by_one);
		assert_true((strstr(at_once, "known ") != NULL) ==
			    (flaw == SOME_KNOWN || flaw == SAME_KEY));
		bed_free(first);
		bed_free(second);
	}
}

static void a_change_is_whole_or_not_at_all(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct id held = bed_record(bed, &o, DELIVERY_HELD);
	auto_free char *before = NULL, *after = NULL;
	struct change *change = change_new();
	struct occurrence other = make_occurrence("r", "ana", 6), more = other;
	struct delivery settled = make_delivery("ana", NULL, NULL);

	change_set_value(change, "mark", "1");
	change_begin(change, "reminder:r", 5);
	change_put_pause(change, "all", 1, 2, "x");
	assert_int_equal(bed_apply(bed, change), 0);
	before = bed_dump(bed);
	change = change_new();
	change_record_occurrence(change, &other);
	change_join_delivery(change, held, other.id, 99, 100);
	change_follow_occurrence(change, o.id, OCCURRENCE_CLOSED, 5, 5);
	change_follow_occurrence(change, o.id, OCCURRENCE_SKIPPED, 6, 6);
	change_answer_occurrence(change, o.id, ANSWER_DONE, "ok", SHARE_ME, 5, TIME_NEVER);
	change_set_value(change, "mark", NULL);
	change_set_value(change, "new", "2");
	change_begin(change, "reminder:s", 5);
	change_remove_pause(change, "all");
	settled.id = held;
	settled.state = DELIVERY_DELIVERED;
	change_settle_delivery(change, &settled);
	more.key.local++;
	change_record_occurrence(change, &more); /* an id that is taken */
	assert_int_equal(bed_apply(bed, change), -EEXIST);
	assert_int_equal(bed->n_known, 0);
	after = bed_dump(bed);
	assert_string_equal(after, before);
}

static void a_failed_change_does_not_take_its_neighbours_with_it(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5), p = make_occurrence("r", "ana", 6);
	struct change *good = change_new(), *bad = change_new(), *last = change_new();

	change_record_occurrence(good, &o);
	change_set_value(bad, "bad", "1");
	change_join_delivery(bad, id_new(NOON), o.id, 5, 6);
	change_record_occurrence(last, &p);
	store_apply(bed->store, good, NULL, NULL);
	store_apply(bed->store, bad, bed_on_done, bed);
	store_apply(bed->store, last, NULL, NULL);
	assert_int_equal(store_pending(bed->store), 3);
	bed_wait(bed);
	assert_int_equal(bed->error, -ESTALE);
	assert_int_equal(count_occurrences(bed), 2);
	assert_int_equal(store_pending(bed->store), 0);
}

static void a_taken_delivery_id_fails_the_change(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5), p = make_occurrence("r", "ana", 6);
	struct delivery d;
	struct change *change = change_new();
	struct id taken = bed_record(bed, &o, DELIVERY_WAITING);

	d = make_delivery("ana", &p, NULL);
	d.id = taken;
	change_record_occurrence(change, &p);
	change_record_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), -EEXIST);
	assert_int_equal(count_occurrences(bed), 1);
}

/* ---- joining, settling, following, answering ---- */

static void joining_adds_to_what_is_held_only(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5), p = make_occurrence("r", "ana", 6);
	struct occurrence known = o;
	struct id held = bed_record(bed, &o, DELIVERY_HELD);
	struct change *change = change_new();
	struct delivery d = make_delivery("ana", NULL, NULL);

	known.id = id_new(NOON);
	change_record_occurrence(change, &p);
	change_join_delivery(change, held, p.id, 500, 509);
	change_record_occurrence(change, &known);
	change_join_delivery(change, held, known.id, 900, 909);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_int_equal(bed->n_known, 1);
	bed_deliveries(bed, &(struct store_query){.id = held});
	assert_non_null(strstr(buf_str(&bed->rows), " 7 500 509 held "));
	assert_non_null(strstr(buf_str(&bed->rows), " ana - 5 "));
	assert_non_null(strstr(buf_str(&bed->rows), " ana - 6 "));

	d.id = held;
	change = change_new();
	change_settle_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	change = change_new();
	change_join_delivery(change, held, p.id, 600, 609);
	assert_int_equal(bed_apply(bed, change), -ESTALE);
}

static void settling_changes_what_it_says_and_nothing_else(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct id id = bed_record(bed, &o, DELIVERY_WAITING);
	struct change *change = change_new();
	struct delivery d = {.id = id,
		.channel = (char *)"mail",
		.recipient = (char *)"else",
		.purpose = PURPOSE_NUDGE,
		.state = DELIVERY_REFUSED,
		.attempts = 4,
		.starts = 2,
		.next_at = 50,
		.not_before_at = 60,
		.expire_at = 90,
		.status = 404,
		.reason = (char *)"gone",
		.receipt = (char *)"rcpt",
		.fallback = (char *)"sms"};
	struct delivery unknown = d;

	unknown.id = id_new(NOON);
	change_settle_delivery(change, &d);
	change_settle_delivery(change, &unknown);
	assert_int_equal(bed_apply(bed, change), 0);
	bed_deliveries(bed, &(struct store_query){0});
	assert_int_equal(bed->count, 1);
	assert_non_null(strstr(buf_str(&bed->rows), " mail ana remind -2147483648 7 60 90 refused "
						    "4 2 50 404 gone rcpt sms: occurrence"));
}

static void what_is_closed_is_opened_by_hand_alone(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct delivery d = make_delivery("ana", &o, NULL);
	struct change *change = change_new();

	d.id = bed_record(bed, &o, DELIVERY_DELIVERED);
	d.state = DELIVERY_WAITING;
	/* A word that comes late. */
	change_settle_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_non_null(strstr(bed_deliveries(bed, &(struct store_query){0}), " delivered "));
	change = change_new();
	change_reopen_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
	assert_non_null(strstr(bed_deliveries(bed, &(struct store_query){0}), " waiting "));
}

static void answers_may_be_given_again(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct change *change = change_new();

	bed_record(bed, &o, DELIVERY_DELIVERED);
	change_answer_occurrence(change, o.id, ANSWER_STUCK, "bar 12", SHARE_TEAM, 70, 80);
	assert_int_equal(bed_apply(bed, change), 0);
	bed_occurrences(bed, &(struct store_query){.id = o.id});
	assert_non_null(strstr(buf_str(&bed->rows), "answered"));
	assert_non_null(strstr(buf_str(&bed->rows), "follow 80 0 stuck bar 12 70 for team\n"));
	change = change_new();
	change_answer_occurrence(change, o.id, ANSWER_DONE, NULL, SHARES, 71, TIME_NEVER);
	assert_int_equal(bed_apply(bed, change), 0);
	bed_occurrences(bed, &(struct store_query){.id = o.id});
	assert_non_null(strstr(buf_str(&bed->rows), "done bar 12 71 for team\n"));
	change = change_new();
	change_answer_occurrence(change, id_new(NOON), ANSWER_DONE, NULL, SHARES, 71, TIME_NEVER);
	assert_int_equal(bed_apply(bed, change), -ENOENT);
}

static void notes_are_put_kept_and_removed(void **state)
{
	struct bed *bed = *state;
	auto_free char *dump = NULL;
	struct change *change = change_new();

	change_put_pause(change, "all", 1, TIME_NEVER, "holiday");
	change_put_pause(change, "all", 2, 3, NULL);
	change_put_pause(change, "team:x", 2, 3, NULL);
	change_remove_pause(change, "team:x");
	change_remove_pause(change, "never:there");
	change_begin(change, "reminder:r", 5);
	change_begin(change, "reminder:r", 4);
	change_begin(change, "reminder:r", 6);
	change_keep(change, "ana", "share", "me");
	change_keep(change, "ana", "share", "team");
	change_keep(change, "ana", "pair", "no");
	change_keep(change, "ana", "pair", NULL);
	change_keep(change, "anabel", "pair", "no");
	change_keep(change, "ben", "never.there", NULL);
	change_set_value(change, "a", "1");
	change_set_value(change, "a", "2");
	change_set_value(change, "b", "");
	change_set_value(change, "c", "3");
	change_set_value(change, "c", NULL);
	assert_int_equal(bed_apply(bed, change), 0);
	dump = bed_dump(bed);
	assert_string_equal(dump,
		"value a=2\nvalue b=\nbegin reminder:r 4\npause all 2 3 -\nkept ana share=team\n"
		"kept anabel pair=no\nbudgets 0\n");
}

/* ---- reading ---- */

static void sum_budget(void *owner, const char *recipient, int32_t date, struct id delivery,
	enum delivery_state state)
{
	*(int *)owner += date;
}

static void a_start_hears_what_is_open(void **state)
{
	static const struct store_visitor budgets = {.budget = sum_budget};
	static const struct store_visitor open_ones = {
		.held = write_held, .backlog = write_backlog};
	static const struct store_visitor follows = {.follow = write_follow};
	struct bed *bed = *state;
	cleanup(buf_free) struct buf text = BUF_MAX(100000);
	int sum = 0;

	for (int i = 0; i < DELIVERY_STATES; i++) {
		struct occurrence o = make_occurrence("r", "ana", 10 + i);
		struct delivery d = make_delivery("ana", &o, NULL);
		struct change *change = change_new();

		o.follow_at = i == 3 ? 1000 : TIME_NEVER;
		d.state = i;
		d.budget_date = 1 << i;
		change_record_occurrence(change, &o);
		change_record_delivery(change, &d);
		assert_int_equal(bed_apply(bed, change), 0);
	}
	assert_int_equal(store_load(bed->store, 2, &budgets, &sum), 0);
	assert_int_equal(sum, 2 + 4 + 8 + 16 + 64);
	assert_int_equal(store_load(bed->store, 2, &open_ones, &text), 0);
	assert_true(str_starts(buf_str(&text), "backlog chat 1\nheld delivery"));
	assert_null(strstr(buf_str(&text) + 18, "held delivery"));
	assert_null(strstr(buf_str(&text), " waiting "));
	buf_reset(&text);
	assert_int_equal(store_load(bed->store, 2, &follows, &text), 0);
	assert_true(str_starts(buf_str(&text), "follow occurrence"));
	assert_null(strstr(buf_str(&text) + 10, "follow occurrence"));
}

static void record_waiting(struct bed *bed, const char *channel, int64_t next_at, struct id *ret)
{
	static int64_t local;
	struct occurrence o = make_occurrence("r", "ana", ++local);
	struct delivery d = make_delivery("ana", &o, NULL);
	struct change *change = change_new();

	d.channel = (char *)channel;
	d.state = DELIVERY_WAITING;
	d.next_at = next_at;
	*ret = d.id;
	change_record_occurrence(change, &o);
	change_record_delivery(change, &d);
	assert_int_equal(bed_apply(bed, change), 0);
}

/* The instants of the next tries, in the order given. */
static void on_waiting(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct bed *bed = owner;

	bed->answered = true;
	bed->error = error;
	for (size_t i = 0; i < count; i++)
		buf_printf(&bed->rows, "%jd:%zu ", (intmax_t)list[i]->next_at, list[i]->count);
}

static void assert_waiting(struct bed *bed, const struct store_query *query, const char *expected)
{
	buf_reset(&bed->rows);
	store_find_deliveries(bed->store, query, on_waiting, bed);
	bed_wait(bed);
	assert_int_equal(bed->error, 0);
	assert_string_equal(buf_str(&bed->rows), expected);
}

static void what_waits_is_given_in_the_order_of_its_next_try(void **state)
{
	static const int64_t order[] = {50, 20, 70, 10, 60, 30};
	struct bed *bed = *state;
	struct id ids[ARRAY_LEN(order)], other, last;
	struct store_query query = {.channel = "chat", .by_next = true, .limit = 3};
	struct delivery settled = make_delivery("ana", NULL, NULL);
	struct change *change = change_new();

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		record_waiting(bed, "chat", order[i], &ids[i]);
	record_waiting(bed, "mail", 15, &other);
	assert_waiting(bed, &query, "10:1 20:1 30:1 ");
	query.after_at = 30;
	query.after = ids[5];
	assert_waiting(bed, &query, "50:1 60:1 70:1 ");
	/* One that is done leaves, one that is tried later moves, one on another channel joins. */
	settled.id = ids[4];
	settled.state = DELIVERY_DELIVERED;
	change_settle_delivery(change, &settled);
	settled.id = ids[1];
	settled.state = DELIVERY_WAITING;
	settled.next_at = 65;
	change_settle_delivery(change, &settled);
	settled.id = other;
	settled.next_at = 66;
	change_settle_delivery(change, &settled);
	assert_int_equal(bed_apply(bed, change), 0);
	query.limit = 9;
	assert_waiting(bed, &query, "50:1 65:1 66:1 70:1 ");
	/* Of one instant, in the order of ids. */
	record_waiting(bed, "chat", 70, &last);
	query.after_at = 70;
	query.after = ids[2];
	assert_waiting(bed, &query, "70:1 ");
	query.after = last;
	assert_waiting(bed, &query, "");
	query.channel = "mail";
	query.after_at = 0;
	assert_waiting(bed, &query, "");
}

static void record_two_people(struct bed *bed, struct id *ids)
{
	/* Over several days: ids grow with the local time here. */
	for (int i = 0; i < 40; i++) {
		struct occurrence o =
			make_occurrence(i % 3 ? "r" : "s", i % 2 ? "ana" : "ben", i * 40000000);

		bed_record(bed, &o, i % 5 ? DELIVERY_DELIVERED : DELIVERY_WAITING);
		ids[i] = o.id;
	}
}

static void questions_combine_their_conditions(void **state)
{
	struct bed *bed = *state;
	struct id ids[40];
	const struct {
		struct store_query query;
		size_t occurrences, deliveries;
	} rows[] = {
		{{.recipient = "ana"}, 20, 20},
		{{.recipient = "nobody"}, 0, 0},
		{{.reminder = "s"}, 14, 14},
		{{.recipient = "ana", .reminder = "s"}, 7, 7},
		{{.channel = "chat"}, 40, 40},
		{{.channel = "mail"}, 40, 0},
		{{.open_only = true}, 40, 8},
		{{.open_only = true, .recipient = "ana"}, 20, 4},
		{{.dead_only = true}, 40, 0},
		{{.states = 1u << DELIVERY_WAITING}, 40, 8},
		{{.states = 1u << DELIVERY_DELIVERED | 1u << DELIVERY_REFUSED}, 40, 32},
		{{.has_local = true, .local_from = 40000000, .local_to = 160000000}, 3, 40},
		{{.has_local = true,
			 .local_from = 40000000,
			 .local_to = 160000000,
			 .recipient = "ana"},
			2, 20},
		{{.recipient = "ana", .limit = 3}, 3, 3},
		{{.limit = 1, .newest_first = true}, 1, 1},
	};

	record_two_people(bed, ids);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bed_occurrences(bed, &rows[i].query);
		assert_int_equal(bed->count, rows[i].occurrences);
		bed_deliveries(bed, &rows[i].query);
		assert_int_equal(bed->count, rows[i].deliveries);
	}
	bed_occurrences(bed, &(struct store_query){.id = ids[7], .recipient = "ben"});
	assert_int_equal(bed->count, 0);
}

struct page {
	struct bed *bed;
	struct id last;
	size_t count;
	bool down;
};

static void on_page(void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct page *page = owner;

	for (size_t i = 0; i < count; i++) {
		int order = memcmp(occurrences[i]->id.bytes, page->last.bytes, 16);

		assert_true(id_none(page->last) || (page->down ? order < 0 : order > 0));
		page->last = occurrences[i]->id;
	}
	page->count = count;
	page->bed->answered = true;
}

static void pages_follow_each_other_in_both_orders(void **state)
{
	struct bed *bed = *state;
	struct id ids[40];

	record_two_people(bed, ids);
	for (int way = 0; way < 4; way++) {
		struct page page = {.bed = bed, .down = way & 1};
		size_t total = 0;

		do {
			struct store_query query = {.after = page.last,
				.limit = 7,
				.newest_first = page.down,
				.recipient = way & 2 ? "ana" : NULL};

			store_find_occurrences(bed->store, &query, on_page, &page);
			bed_wait(bed);
			total += page.count;
		} while (page.count == 7);
		assert_int_equal(total, way & 2 ? 20 : 40);
	}
}

static void a_question_sees_what_was_submitted_before_it(void **state)
{
	struct bed *bed = *state;
	struct occurrence o = make_occurrence("r", "ana", 5);
	struct change *change = change_new();

	change_record_occurrence(change, &o);
	store_apply(bed->store, change, NULL, NULL);
	assert_int_equal(count_occurrences(bed), 1);
}

/* How many occurrences the caller has been told are recorded, and how many it has seen. */
struct hearing {
	size_t told, seen, answers;
};

static void on_told(void *owner, const struct store_result *result)
{
	((struct hearing *)owner)->told++;
}

static void on_seen(void *owner, int error, struct occurrence *const *occurrences, size_t count)
{
	struct hearing *hearing = owner;

	hearing->seen = count;
	hearing->answers++;
	assert_true(hearing->seen <= hearing->told);
}

static void nothing_is_seen_before_it_was_told_of(void **state)
{
	struct bed *bed = *state;
	struct store_query all = {.limit = 10000};
	struct hearing hearing = {0};

	/* Asked before, and done in one group with what follows. */
	for (int i = 0; i < 200; i++) {
		struct occurrence o = make_occurrence("r", "ana", i);
		struct change *change = change_new();

		store_find_occurrences(bed->store, &all, on_seen, &hearing);
		change_record_occurrence(change, &o);
		store_apply(bed->store, change, on_told, &hearing);
	}
	while (hearing.told < 200 || hearing.answers < 200)
		event_base_loop(bed->loop, EVLOOP_ONCE);
	assert_true(hearing.seen > 0);
}

/* More rows than one slice looks at, in one day and for one person. */
static void a_long_question_keeps_its_place(void **state)
{
	struct bed *bed = *state;
	struct store_query hers = {.recipient = "ana", .limit = 10000};

	for (int i = 0; i < 4500; i += 500) {
		struct change *change = change_new();

		for (int j = i; j < i + 500; j++) {
			struct occurrence o = make_occurrence("r", j % 4499 ? "ana" : "ben", j);
			struct delivery d = make_delivery(o.key.recipient, &o, NULL);

			change_record_occurrence(change, &o);
			change_record_delivery(change, &d);
		}
		store_apply(bed->store, change, NULL, NULL);
	}
	bed_deliveries(bed, &(struct store_query){.recipient = "ben"});
	assert_int_equal(bed->count, 2); /* the first and the last */
	bed_occurrences(bed, &(struct store_query){.recipient = "ben", .newest_first = true});
	assert_int_equal(bed->count, 2);
	bed_occurrences(bed, &hers);
	assert_int_equal(bed->count, 4498);
	hers.newest_first = true;
	bed_occurrences(bed, &hers);
	assert_int_equal(bed->count, 4498);
	bed_deliveries(bed, &hers);
	assert_int_equal(bed->count, 4498);
}

/* ---- order and groups ---- */

static void a_queue_that_is_full_refuses_in_its_turn(void **state)
{
	struct bed *bed = *state;
	struct change *large = change_new(), *small = change_new();

	for (int i = 0; i < 1 << 18; i++)
		change_remove_pause(large, "x");
	change_set_value(small, "a", "1");
	store_apply(bed->store, large, NULL, NULL);
	assert_int_equal(bed_apply(bed, small), -ENOBUFS);
	assert_int_equal(store_pending(bed->store), 0); /* the large one was answered before it */
	small = change_new();
	change_set_value(small, "a", "1");
	assert_int_equal(bed_apply(bed, small), 0);
}

struct sequence {
	struct bed *bed;
	int next, total;
};

struct mark {
	struct sequence *sequence;
	int number;
};

static void on_mark(void *owner, const struct store_result *result)
{
	struct mark *mark = owner;

	assert_int_equal(mark->sequence->next++, mark->number);
	assert_int_equal(result->error, mark->number % 7 == 3 ? -ENOENT : 0);
	mark->sequence->bed->answered = mark->sequence->next == mark->sequence->total;
	free(mark);
}

static void answers_come_in_the_order_of_the_changes(void **state)
{
	struct sequence sequence = {.bed = *state, .total = 3000};
	auto_free char *dump = NULL;

	for (int i = 0; i < sequence.total; i++) {
		struct change *change = change_new();
		struct mark *mark = mem_new(sizeof(*mark));
		char number[16];

		*mark = (struct mark){&sequence, i};
		snprintf(number, sizeof(number), "%d", i);
		change_set_value(change, "last", number);
		if (i % 7 == 3)
			change_answer_occurrence(
				change, id_new(NOON), ANSWER_DONE, NULL, SHARES, 1, 1);
		store_apply(sequence.bed->store, change, on_mark, mark);
	}
	assert_int_equal(store_pending(sequence.bed->store), sequence.total);
	bed_wait(sequence.bed);
	dump = bed_dump(sequence.bed); /* 2999 is one that failed */
	assert_string_equal(dump, "value last=2998\nbudgets 0\n");
}

static void no_answer_comes_after_the_close(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 100; i++) {
		struct change *change = change_new();

		change_set_value(change, "a", "1");
		store_apply(bed->store, change, bed_on_done, bed);
	}
	store_close(bed->store);
	bed->store = NULL;
	event_base_loop(bed->loop, EVLOOP_NONBLOCK);
	assert_false(bed->answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGAINST_EACH(every_member_comes_back),
		AGAINST_EACH(a_known_occurrence_and_its_delivery_are_left_out),
		AGAINST_EACH(the_same_change_again_changes_nothing),
		AGAINST_EACH(a_delivery_keeps_the_items_that_are_new),
		AGAINST_EACH(keys_differ_in_every_part),
		AGAINST_EACH(a_later_delivery_may_carry_an_earlier_occurrence),
		AGAINST_EACH(many_records_are_written_as_one_by_one),
		AGAINST_EACH(a_change_is_whole_or_not_at_all),
		AGAINST_EACH(a_failed_change_does_not_take_its_neighbours_with_it),
		AGAINST_EACH(a_taken_delivery_id_fails_the_change),
		AGAINST_EACH(joining_adds_to_what_is_held_only),
		AGAINST_EACH(settling_changes_what_it_says_and_nothing_else),
		AGAINST_EACH(what_is_closed_is_opened_by_hand_alone),
		AGAINST_EACH(answers_may_be_given_again),
		AGAINST_EACH(notes_are_put_kept_and_removed),
		AGAINST_EACH(a_start_hears_what_is_open),
		AGAINST_EACH(what_waits_is_given_in_the_order_of_its_next_try),
		AGAINST_EACH(questions_combine_their_conditions),
		AGAINST_EACH(pages_follow_each_other_in_both_orders),
		AGAINST_EACH(a_question_sees_what_was_submitted_before_it),
		AGAINST_EACH(nothing_is_seen_before_it_was_told_of),
		AGAINST_EACH(a_long_question_keeps_its_place),
		{"a_queue_that_is_full_refuses_in_its_turn (memory)",
			a_queue_that_is_full_refuses_in_its_turn, open_memory, close_bed, NULL},
		AGAINST_EACH(answers_come_in_the_order_of_the_changes),
		AGAINST_EACH(no_answer_comes_after_the_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
