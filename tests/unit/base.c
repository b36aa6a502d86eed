/* The floor of the house: heap, ids, buffers, text, secrets, chance, clock and alarms. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

/* ---- heap ---- */

struct number {
	struct heap_node node;
};

static void check_heap(const struct heap *heap)
{
	for (size_t i = 0; i < heap->count; i++) {
		assert_int_equal(heap->nodes[i]->at, i + 1);
		if (i)
			assert_true(heap->nodes[(i - 1) / 2]->key <= heap->nodes[i]->key);
	}
}

static void a_heap_gives_the_smallest_whatever_was_moved_or_removed(void **state)
{
	static struct number numbers[500];
	struct heap heap = {0};
	int64_t last = INT64_MIN;

	random_seed(7);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		heap_put(&heap, &numbers[i].node, (int64_t)random_below(100));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i += 3)
		heap_put(&heap, &numbers[i].node, (int64_t)random_below(1000) - 500);
	check_heap(&heap);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i += 7) {
		heap_remove(&heap, &numbers[i].node);
		heap_remove(&heap, &numbers[i].node);
		assert_false(heap_has(&numbers[i].node));
		check_heap(&heap);
	}
	for (struct heap_node *first; (first = heap_first(&heap));) {
		assert_true(first->key >= last);
		last = first->key;
		heap_remove(&heap, first);
	}
	heap_free(&heap);
}

/* ---- ids ---- */

static void ids_grow_also_in_one_millisecond_and_when_the_clock_steps_back(void **state)
{
	struct id last = id_new(1000000);

	for (int i = 0; i < 5000; i++) {
		struct id next = id_new(i < 2500 ? 1000000 : 900000 + i);

		assert_true(memcmp(next.bytes, last.bytes, sizeof(next.bytes)) > 0);
		last = next;
	}
	assert_int_equal(id_time(id_new(2000000)), 2000000);
}

static void an_id_reads_back_and_nothing_else_is_one(void **state)
{
	char text[ID_TEXT], before[ID_TEXT] = "";
	struct id id = {0}, back;
	static const char *const wrong[] = {"", "0", "0000000000000000000000000",
		"000000000000000000000000000", "80000000000000000000000000",
		"0000000000000000000000000i", "0000000000000000000000000A",
		"00000000000000000000000000 "};

	for (int i = 0; i < 2000; i++) {
		id = id_new(3000000 + i * 37);
		id_write(id, text);
		assert_int_equal(strlen(text), 26);
		assert_true(strcmp(text, before) > 0);
		assert_int_equal(id_read(text, &back), 0);
		assert_true(id_eq(id, back));
		strcpy(before, text);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(id_read(wrong[i], &back), -EINVAL);
	memset(id.bytes, 0xFF, sizeof(id.bytes));
	id_write(id, text);
	assert_string_equal(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
}

/* ---- buffers ---- */

static void a_buffer_stops_at_its_ceiling(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_MAX(10);

	assert_string_equal(buf_str(&buf), "");
	buf_printf(&buf, "%s", "12345678");
	buf_add(&buf, "90", 2);
	assert_false(buf.overflow);
	buf_add_char(&buf, 'x');
	assert_true(buf.overflow);
	assert_string_equal(buf_str(&buf), "1234567890");
	buf_consume(&buf, 4);
	assert_string_equal(buf_str(&buf), "567890");
	buf_reset(&buf);
	buf_add(&buf, "toolongtoolong", 14);
	assert_true(buf.overflow);
	assert_string_equal(buf_str(&buf), "");
}

static void a_file_over_the_ceiling_is_refused_and_a_missing_one_too(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_MAX(4);
	char path[] = "/tmp/nudged-base-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "abcd", 4), 4);
	assert_int_equal(buf_read_file(&buf, path), 0);
	assert_string_equal(buf_str(&buf), "abcd");
	assert_int_equal(write(fd, "e", 1), 1);
	buf_reset(&buf);
	assert_int_equal(buf_read_file(&buf, path), -EFBIG);
	unlink(path);
	assert_int_equal(buf_read_file(&buf, path), -ENOENT);
	close(fd);
}

/* ---- text ---- */

static void utf8_is_what_unicode_says(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"", true},
		{"plain", true},
		{"\xC3\xA9", true},
		{"\xE2\x82\xAC", true},
		{"\xF0\x9F\x98\x80", true},
		{"\xF4\x8F\xBF\xBF", true},
		{"\xC0\x80", false},         /* overlong NUL */
		{"\xE0\x80\x80", false},     /* overlong */
		{"\xED\xA0\x80", false},     /* a surrogate */
		{"\xF4\x90\x80\x80", false}, /* beyond U+10FFFF */
		{"\xC3", false},
		{"\x80", false},
		{"\xE2\x82", false},
		{"\xFF", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(str_is_utf8(rows[i].text, strlen(rows[i].text)), rows[i].good);
	assert_int_equal(str_utf8_cut("a\xE2\x82\xAC", 4, 3), 1);
	assert_int_equal(str_utf8_cut("a\xE2\x82\xAC", 4, 4), 4);
	assert_int_equal(str_utf8_cut("abc", 3, 2), 2);
}

static void the_nearest_word_is_near_or_none(void **state)
{
	static const char *const words[] = {"calendar", "every", "at", "daily_limit", "via", NULL};
	static const struct {
		const char *word, *nearest;
	} rows[] = {{"calender", "calendar"}, {"evry", "every"}, {"daily-limit", "daily_limit"},
		{"vai", "via"}, {"something", NULL}, {"", NULL}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *found = str_nearest(rows[i].word, words);

		if (rows[i].nearest)
			assert_string_equal(found ? found : "", rows[i].nearest);
		else if (*rows[i].word)
			assert_null(found);
	}
}

/* Text is read in pieces: every byte at every place of some of them. */
static void assert_control_is_found_anywhere(void)
{
	char text[20];

	for (size_t at = 0; at < sizeof(text); at++) {
		for (int byte = 0; byte < 256; byte++) {
			bool control = byte < 0x20 || byte == 0x7F;

			memset(text, 'a', sizeof(text));
			text[at] = (char)byte;
			assert_int_equal(str_is_printable(text, sizeof(text), false),
				!control || byte == '\t');
			assert_int_equal(str_is_utf8(text, sizeof(text)), byte < 0x80);
		}
	}
}

static void ids_and_numbers_are_read_strictly(void **state)
{
	char tag[] = "zh-Hant-TW@[`{";
	int64_t number = 5;

	assert_true(str_is_id("a-1"));
	assert_false(str_is_id("") || str_is_id("1a") || str_is_id("A") || str_is_id("a b") ||
		     str_is_id("-a"));
	assert_true(str_is_language("de") && str_is_language("gsw") && str_is_language("pt-BR") &&
		    str_is_language("zh-Hant-TW") && str_is_language("de-1996") &&
		    str_is_language("en-x-pirate") &&
		    str_is_language("aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-ll"));
	assert_false(str_is_language("") || str_is_language("d") || str_is_language("dede") ||
		     str_is_language("d1") || str_is_language("pt_BR") || str_is_language("de-") ||
		     str_is_language("-de") || str_is_language("de--at") ||
		     str_is_language("de-abcdefghi") || str_is_language("d\xC3\xA9") ||
		     str_is_language("../de") || str_is_language("de.at") ||
		     str_is_language("d[") ||
		     str_is_language("aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-lll"));
	str_lower(tag);
	assert_string_equal(tag, "zh-hant-tw@[`{");
	assert_int_equal(str_to_int64("-12", &number), 0);
	assert_int_equal(number, -12);
	assert_int_equal(str_to_int64("12x", &number), -EINVAL);
	assert_int_equal(str_to_int64(" 12", &number), -EINVAL);
	assert_int_equal(str_to_int64("", &number), -EINVAL);
	assert_int_equal(str_to_int64("9223372036854775808", &number), -ERANGE);
	assert_int_equal(number, -12);
	assert_false(str_is_printable("a\nb", 3, false));
	assert_true(str_is_printable("a\nb", 3, true));
	assert_false(str_is_printable("a\x1b", 2, true));
	assert_control_is_found_anywhere();
}

/* ---- secrets, chance ---- */

static void secrets_compare_by_value(void **state)
{
	struct secret *a = secret_new("one", 3), *b = secret_new("one", 3),
		      *c = secret_new("two", 3);

	assert_true(secret_equal(a, b));
	assert_false(secret_equal(a, c) || secret_equal(a, NULL));
	assert_true(secret_equal(NULL, NULL));
	assert_string_equal(secret_reveal(a), "one");
	secret_free(a);
	secret_free(b);
	secret_free(c);
}

/* Wording and jitter hang on it: another value here would change what people get. */
static void the_hash_of_an_identity_never_changes(void **state)
{
	assert_true(HASH_OF("ab", "c") != HASH_OF("a", "bc"));
	assert_true(HASH_OF("a") != HASH_OF("a", ""));
	assert_int_equal(HASH_OF("review-practice", "ana", ""), UINT64_C(0xB05295B49DD59756));
}

static void seeded_chance_repeats_and_stays_in_bounds(void **state)
{
	uint64_t first[50];

	random_seed(42);
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		assert_true((first[i] = random_below(1000)) < 1000);
	random_seed(42);
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		assert_int_equal(random_below(1000), first[i]);
}

/* ---- clock and alarms ---- */

struct rings {
	struct clock *clock;
	struct event_base *loop;
	int count, sets;
	int64_t at[8];
};

static void on_ring(void *owner, bool clock_set)
{
	struct rings *rings = owner;

	rings->sets += clock_set;
	if (!clock_set)
		rings->at[rings->count++] = clock_now(rings->clock);
	if (rings->loop)
		event_base_loopbreak(rings->loop);
}

static void simulated_alarms_ring_in_order_and_hear_the_clock_being_set(void **state)
{
	struct rings rings = {.clock = clock_new_simulated(1000)};
	struct alarm *a, *b;

	assert_int_equal(alarm_new(rings.clock, NULL, on_ring, &rings, &a), 0);
	assert_int_equal(alarm_new(rings.clock, NULL, on_ring, &rings, &b), 0);
	assert_int_equal(alarm_set(a, 5000), 0);
	assert_int_equal(alarm_set(b, 3000), 0);
	assert_int_equal(clock_next_alarm(rings.clock), 3000);
	clock_advance(rings.clock, 10000);
	assert_int_equal(rings.count, 2);
	assert_int_equal(rings.at[0], 3000);
	assert_int_equal(rings.at[1], 5000);
	assert_int_equal(clock_mono(rings.clock), 9000);
	clock_step(rings.clock, 2000);
	assert_int_equal(rings.sets, 2);
	assert_int_equal(clock_now(rings.clock), 2000);
	assert_int_equal(clock_mono(rings.clock), 9000);
	alarm_free(a);
	alarm_free(b);
	clock_free(rings.clock);
}

static void a_real_alarm_rings_at_its_instant_and_never_before(void **state)
{
	struct rings rings = {.clock = clock_new_real(), .loop = event_base_new()};
	struct alarm *alarm;
	int64_t at = clock_now(rings.clock) + 30;

	assert_int_equal(alarm_new(rings.clock, rings.loop, on_ring, &rings, &alarm), 0);
	assert_int_equal(alarm_set(alarm, at), 0);
	event_base_dispatch(rings.loop);
	assert_int_equal(rings.count, 1);
	assert_true(rings.at[0] >= at);
	/* An instant in the past rings at once. */
	assert_int_equal(alarm_set(alarm, 1), 0);
	event_base_dispatch(rings.loop);
	assert_int_equal(rings.count, 2);
	alarm_free(alarm);
	event_base_free(rings.loop);
	clock_free(rings.clock);
}

/* ---- log ---- */

static void a_log_line_is_one_line_whatever_is_in_it(void **state)
{
	cleanup(buf_free) struct buf out = BUF_MAX(10000);
	struct log_field fields[] = {
		{"NUDGED_PERSON", "an\na"}, {"NUDGED_CHANNEL", NULL}, {"NUDGED_EVENT", "x"}, {0}};
	int pipes[2], saved = dup(STDERR_FILENO), level;

	assert_int_equal(pipe(pipes), 0);
	unsetenv("JOURNAL_STREAM");
	log_open("nudged-test", LOG_INFO);
	dup2(pipes[1], STDERR_FILENO);
	log_entry(LOG_WARNING, fields, "a %s\x1b[31m", "line\nof two");
	log_debug("not wanted");
	dup2(saved, STDERR_FILENO);
	close(pipes[1]);
	assert_int_equal(buf_read_fd(&out, pipes[0]), 0);
	close(pipes[0]);
	close(saved);
	assert_string_equal(buf_str(&out),
		"<4>a line\\x0aof two\\x1b[31m NUDGED_PERSON=an\\x0aa NUDGED_EVENT=x\n");
	assert_int_equal(log_level_from_name("debug", &level), 0);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_from_name("8", &level), -EINVAL);
	assert_int_equal(log_level_from_name("loud", &level), -EINVAL);
}

static void what_is_cut_in_two_is_taken_out(void **state)
{
	static const struct {
		const char *text, *mended;
	} rows[] = {{"", ""}, {"caf\xC3\xA9", "caf\xC3\xA9"}, {"caf\xC3", "caf"}, {"\xA9 x", " x"},
		{"a\xE2\x98\"b", "a\"b"}, {"\xFF\xFE", ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text = str_new(rows[i].text);

		str_utf8_mend(text);
		assert_string_equal(text, rows[i].mended);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_in_two_is_taken_out),
		cmocka_unit_test(a_heap_gives_the_smallest_whatever_was_moved_or_removed),
		cmocka_unit_test(ids_grow_also_in_one_millisecond_and_when_the_clock_steps_back),
		cmocka_unit_test(an_id_reads_back_and_nothing_else_is_one),
		cmocka_unit_test(a_buffer_stops_at_its_ceiling),
		cmocka_unit_test(a_file_over_the_ceiling_is_refused_and_a_missing_one_too),
		cmocka_unit_test(utf8_is_what_unicode_says),
		cmocka_unit_test(the_nearest_word_is_near_or_none),
		cmocka_unit_test(ids_and_numbers_are_read_strictly),
		cmocka_unit_test(secrets_compare_by_value),
		cmocka_unit_test(the_hash_of_an_identity_never_changes),
		cmocka_unit_test(seeded_chance_repeats_and_stays_in_bounds),
		cmocka_unit_test(simulated_alarms_ring_in_order_and_hear_the_clock_being_set),
		cmocka_unit_test(a_real_alarm_rings_at_its_instant_and_never_before),
		cmocka_unit_test(a_log_line_is_one_line_whatever_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
