/* Prompt packs. Owns what hangs on a pack; which prompt a slot shows is arithmetic over the seed
 * and the slot's number, and remembers nothing. Never reads a clock or rolls dice. */
#include "model/prompt.h"

#include "base/str.h"

static void free_prompts(struct prompt *prompts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(prompts[i].id);
		template_free(prompts[i].title);
		template_free(prompts[i].cue);
		template_free(prompts[i].act);
		template_free(prompts[i].question);
	}
	free(prompts);
}

void prompt_pack_free(struct prompt_pack *pack)
{
	if (!pack)
		return;
	for (size_t i = 0; i < pack->n_translations; i++)
		free_prompts(pack->translations[i].prompts, pack->count);
	free(pack->translations);
	free_prompts(pack->prompts, pack->count);
	free(pack->summary);
	free(pack->id);
	free(pack);
}

/* The next number of a splitmix64 sequence. */
static uint64_t mix_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static void shuffle(uint64_t seed, size_t *items, size_t count)
{
	uint64_t state = seed;

	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)((unsigned __int128)mix_next(&state) * i >> 64);
		size_t item = items[i - 1];

		items[i - 1] = items[other];
		items[other] = item;
	}
}

/* The seed deals the pack into two halves, once; each round shows the first half and then the
 * second, each in an order of its own. So the whole other half lies between two showings of one
 * prompt, and no round needs to know the one before. */
size_t prompt_pick(const struct prompt_pack *pack, uint64_t seed, uint64_t ordinal)
{
	size_t count = pack->count, half = count / 2;
	auto_free size_t *order = mem_new_array(count, sizeof(*order));
	uint64_t round_seed, place;

	assert(count > 0);
	round_seed = seed + (ordinal / count + 1) * UINT64_C(0xD1B54A32D192ED03);
	place = ordinal % count;
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	shuffle(seed, order, count);
	if (place < half)
		shuffle(round_seed, order, half);
	else
		shuffle(round_seed, order + half, count - half);
	return order[place];
}

/* The prompt of a pack in exactly this language, or NULL. */
static const struct prompt *prompt_exactly_in(
	const struct prompt_pack *pack, size_t place, const struct language *language)
{
	if (pack->language == language)
		return &pack->prompts[place];
	for (size_t i = 0; i < pack->n_translations; i++) {
		const struct translation *translation = &pack->translations[i];

		if (translation->language == language && translation->prompts[place].id)
			return &translation->prompts[place];
	}
	return NULL;
}

const struct prompt *prompt_in(const struct prompt_pack *pack, size_t place,
	const struct language *language, const struct language **ret_language)
{
	assert(place < pack->count);
	for (; language; language = language->wider) {
		const struct prompt *prompt = prompt_exactly_in(pack, place, language);

		*ret_language = language;
		if (prompt)
			return prompt;
	}
	*ret_language = pack->language;
	return &pack->prompts[place];
}

/* Renders a part that may be missing; true when it gave any text. */
static bool render_part(
	const struct template *part, const char *const values[TEMPLATE_NAMES], struct buf *out)
{
	size_t before = out->len;

	if (part)
		template_render(part, values, out);
	return out->len > before;
}

/* Where the bit is that tells a small letter from its capital: A to Z, and the Latin letters that
 * two bytes hold (U+00C0 to U+00DE), so that "ecris" and its proper spelling are read alike. NULL:
 * it begins with no small letter. */
static char *small_letter(char *text)
{
	unsigned char first = text[0], second = first ? text[1] : 0;

	if (first >= 'a' && first <= 'z')
		return text;
	if (first == 0xC3 && second >= 0xA0 && second <= 0xBE && second != 0xB7)
		return text + 1;
	return NULL;
}

void prompt_render(
	const struct prompt *prompt, const char *const values[TEMPLATE_NAMES], struct buf *out)
{
	struct buf act cleanup(buf_free) = BUF_MAX(RENDERED_MAX);
	struct buf question cleanup(buf_free) = BUF_MAX(RENDERED_MAX);
	bool has_cue = render_part(prompt->cue, values, out);
	bool has_act = render_part(prompt->act, values, &act);
	char *small = has_act ? small_letter(act.data) : NULL;

	/* "After lunch, read it aloud." but "After lunch: Ana's turn." and "Read it aloud." */
	if (has_cue && has_act)
		buf_add_str(out, small ? ", " : ": ");
	else if (small)
		*small &= ~('a' - 'A');
	buf_add(out, buf_str(&act), act.len);
	if (!render_part(prompt->question, values, &question))
		return;
	if (has_cue || has_act)
		buf_add_char(out, '\n');
	buf_add(out, buf_str(&question), question.len);
}
