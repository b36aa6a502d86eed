/* Prompts: the order in which a pack is shown, and how one prompt reads. */
#include "model/prompt.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SEEDS = 300, ROUNDS = 12, PACK_MAX = 14 };

static size_t picked(struct prompt *prompts, size_t count, uint64_t seed, uint64_t ordinal)
{
	const struct prompt_pack pack = {.prompts = prompts, .count = count};

	return prompt_pick(&pack, seed, ordinal);
}

static void a_round_shows_the_whole_pack(void **state)
{
	struct prompt prompts[PACK_MAX] = {{0}};

	for (size_t count = 1; count <= PACK_MAX; count++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			for (uint64_t round = 0; round < ROUNDS; round++) {
				uint32_t seen = 0;

				for (size_t i = 0; i < count; i++)
					seen |= 1u
						<< picked(prompts, count, seed, round * count + i);
				assert_int_equal(seen, (1u << count) - 1);
			}
		}
	}
}

static void half_the_pack_lies_between_two_showings_of_a_prompt(void **state)
{
	struct prompt prompts[PACK_MAX] = {{0}};

	for (size_t count = 2; count <= PACK_MAX; count++) {
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			uint64_t shown[PACK_MAX] = {0}; /* the last slot of each, from 1 */

			for (uint64_t i = 1; i <= count * ROUNDS; i++) {
				size_t now = picked(prompts, count, seed, i - 1);

				if (shown[now])
					assert_true(i - shown[now] > count / 2);
				shown[now] = i;
			}
		}
	}
}

static void seeds_and_rounds_differ_in_their_order(void **state)
{
	struct prompt prompts[PACK_MAX] = {{0}};
	size_t by_seed = 0, by_round = 0, first[PACK_MAX] = {0};

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		size_t pick = picked(prompts, PACK_MAX, seed, 3);

		by_seed += pick != picked(prompts, PACK_MAX, seed + 1, 3);
		by_round += pick != picked(prompts, PACK_MAX, seed, 3 + PACK_MAX);
		first[picked(prompts, PACK_MAX, seed, 0)]++;
	}
	assert_true(by_seed > SEEDS * 3 / 4);
	assert_true(by_round > SEEDS * 3 / 4);
	for (size_t i = 0; i < PACK_MAX; i++)
		assert_in_range(first[i], SEEDS / PACK_MAX / 4, SEEDS * 4 / PACK_MAX);
}

static void the_choice_is_the_same_for_ever(void **state)
{
	/* A preview made by an older version must stay true: change these only on purpose. */
	static const size_t ORDER[] = {0, 4, 5, 3, 1, 2, 6, 0, 4, 5, 1, 3, 2, 6};
	struct prompt prompts[7] = {{0}};

	for (size_t i = 0; i < ARRAY_LEN(ORDER); i++)
		assert_int_equal(picked(prompts, 7, 2026, i), ORDER[i]);
	assert_true(picked(prompts, 7, UINT64_MAX, UINT64_MAX) < 7);
}

static void a_language_changes_the_text_and_not_the_place(void **state)
{
	struct language en = {.id = "en"}, de = {.id = "de"}, fr = {.id = "fr"};
	struct language at = {.id = "de-at", .wider = &de}, gb = {.id = "en-gb", .wider = &en};
	struct prompt words[PACK_MAX] = {{0}}, worte[PACK_MAX] = {{0}}, hier[PACK_MAX] = {{0}};
	struct translation translations[] = {
		{.language = &at, .prompts = hier}, {.language = &de, .prompts = worte}};
	const struct prompt_pack pack = {.language = &en,
		.prompts = words,
		.count = PACK_MAX,
		.translations = translations,
		.n_translations = ARRAY_LEN(translations)};
	const struct language *found;

	for (size_t i = 0; i < PACK_MAX; i++) {
		/* The last prompt is not translated, the second one in Austria only. */
		words[i].id = "x";
		worte[i].id = i < PACK_MAX - 1 ? "x" : NULL;
		hier[i].id = i == 1 ? "x" : NULL;
	}
	for (uint64_t slot = 0; slot < 4 * PACK_MAX; slot++) {
		size_t place = prompt_pick(&pack, 2026, slot);
		const struct prompt *german = place < PACK_MAX - 1 ? &worte[place] : &words[place];

		assert_ptr_equal(prompt_in(&pack, place, NULL, &found), &words[place]);
		assert_ptr_equal(found, &en);
		assert_ptr_equal(prompt_in(&pack, place, &fr, &found), &words[place]);
		assert_ptr_equal(found, &en);
		assert_ptr_equal(prompt_in(&pack, place, &gb, &found), &words[place]);
		assert_ptr_equal(found, &en);
		assert_ptr_equal(prompt_in(&pack, place, &en, &found), &words[place]);
		assert_ptr_equal(prompt_in(&pack, place, &de, &found), german);
		assert_ptr_equal(found, place < PACK_MAX - 1 ? &de : &en);
		assert_ptr_equal(
			prompt_in(&pack, place, &at, &found), place == 1 ? &hier[place] : german);
		assert_ptr_equal(found, place == 1 ? &at : place < PACK_MAX - 1 ? &de : &en);
	}
}

static void a_pack_in_the_very_language_comes_before_a_wider_one(void **state)
{
	struct language de = {.id = "de"}, at = {.id = "de-at", .wider = &de};
	struct prompt hier = {.id = "x"}, worte = {.id = "x"};
	struct translation wider = {.language = &de, .prompts = &worte};
	const struct prompt_pack pack = {.language = &at,
		.prompts = &hier,
		.count = 1,
		.translations = &wider,
		.n_translations = 1};
	const struct language *found;

	assert_ptr_equal(prompt_in(&pack, 0, &at, &found), &hier);
	assert_ptr_equal(prompt_in(&pack, 0, &de, &found), &worte);
}

static struct template *part(const char *text)
{
	struct template *template = NULL;
	struct template_error error;

	if (text)
		assert_int_equal(template_compile(text, &template, &error), 0);
	return template;
}

static void a_prompt_reads_as_a_sentence(void **state)
{
	static const char *const values[TEMPLATE_NAMES] = {[NAME_ABOUT_NAME] = "Ana"};
	static const struct {
		const char *cue, *act, *question, *shown;
	} ROWS[] = {
		{"After lunch", "read it aloud.", "What did you hear?",
			"After lunch, read it aloud.\nWhat did you hear?"},
		{"After lunch", "{{about.name}} goes first.", NULL, "After lunch: Ana goes first."},
		{NULL, "read it aloud.", "Well?", "Read it aloud.\nWell?"},
		{"{{focus.cue}}", "read it aloud.", "{{focus.why}}", "Read it aloud."},
		{"After lunch", NULL, "Well?", "After lunch\nWell?"},
		{NULL, NULL, "Well?", "Well?"},
		{NULL, NULL, NULL, ""},
		{"Nach dem Essen", "Lies es laut.", "Und?", "Nach dem Essen: Lies es laut.\nUnd?"},
		{"\xC3\x80 midi",
			"\xC3\xA9"
			"cris-le.",
			NULL,
			"\xC3\x80 midi, \xC3\xA9"
			"cris-le."},
		{NULL,
			"\xC3\xA9"
			"cris-le.",
			NULL,
			"\xC3\x89"
			"cris-le."},
		{NULL, "\xC3\xBE.", NULL, "\xC3\x9E."},
		{"1",
			"\xC3\x89"
			"cris-le.",
			NULL,
			"1: \xC3\x89"
			"cris-le."},
		{"1", "\xC3\xB7 2.", NULL, "1: \xC3\xB7 2."},
		{"1", "\xC3\x9F.", NULL, "1: \xC3\x9F."},
		{"1", "\xC2\xA0.", NULL, "1: \xC2\xA0."},
		{"1", "\xC3\xA0.", NULL, "1, \xC3\xA0."},
		{"1", "\xC3\xBF.", NULL, "1: \xC3\xBF."},
		{"1", "`2.", NULL, "1: `2."},
		{"1", "{2.", NULL, "1: {2."},
	};

	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct prompt_pack *pack = mem_new(sizeof(*pack));
		struct buf out = BUF_MAX(RENDERED_MAX);

		pack->prompts = mem_new(sizeof(*pack->prompts));
		pack->count = 1;
		pack->prompts->cue = part(ROWS[i].cue);
		pack->prompts->act = part(ROWS[i].act);
		pack->prompts->question = part(ROWS[i].question);
		prompt_render(pack->prompts, values, &out);
		assert_string_equal(buf_str(&out), ROWS[i].shown);
		buf_free(&out);
		prompt_pack_free(pack);
	}
	prompt_pack_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_shows_the_whole_pack),
		cmocka_unit_test(half_the_pack_lies_between_two_showings_of_a_prompt),
		cmocka_unit_test(seeds_and_rounds_differ_in_their_order),
		cmocka_unit_test(the_choice_is_the_same_for_ever),
		cmocka_unit_test(a_language_changes_the_text_and_not_the_place),
		cmocka_unit_test(a_pack_in_the_very_language_comes_before_a_wider_one),
		cmocka_unit_test(a_prompt_reads_as_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
