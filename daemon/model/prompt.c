/* Prompt packs. Owns what hangs on a pack; which prompt a slot shows is arithmetic over the seed
 * and the slot's number, and remembers nothing. Never reads a clock or rolls dice. */
#include "model/prompt.h"

#include "base/str.h"

void prompt_pack_free(struct prompt_pack *pack)
{
	if (!pack)
		return;
	for (size_t i = 0; i < pack->count; i++) {
		struct prompt *prompt = &pack->prompts[i];

		free(prompt->id);
		template_free(prompt->title);
		template_free(prompt->cue);
		template_free(prompt->act);
		template_free(prompt->question);
	}
	free(pack->prompts);
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

static size_t mix_below(uint64_t *state, size_t bound)
{
	return (size_t)((unsigned __int128)mix_next(state) * bound >> 64);
}

/* The order of one round: a shuffle of 0 .. count - 1. */
static void round_order(uint64_t seed, uint64_t round, size_t *order, size_t count)
{
	uint64_t state = seed ^ round * UINT64_C(0xD1B54A32D192ED03);

	for (size_t i = 0; i < count; i++) {
		size_t j = mix_below(&state, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

/* Three or more: the first two of a round change places when the first was the last of the round
 * before. That never touches a round's own last, so one look back is enough. */
static size_t pick_of_many(size_t count, uint64_t seed, uint64_t round, size_t place)
{
	auto_free size_t *order = mem_new_array(count, sizeof(*order));
	size_t last;

	if (round > 0 && place < 2) {
		round_order(seed, round - 1, order, count);
		last = order[count - 1];
		round_order(seed, round, order, count);
		return order[order[0] == last ? 1 - place : place];
	}
	round_order(seed, round, order, count);
	return order[place];
}

const struct prompt *prompt_pick(const struct prompt_pack *pack, uint64_t seed, uint64_t ordinal)
{
	uint64_t state = seed;
	size_t count = pack->count;

	assert(count > 0);
	if (count < 3) /* one has no choice; two can only take turns */
		return &pack->prompts[(mix_below(&state, count) + ordinal % count) % count];
	return &pack->prompts[pick_of_many(count, seed, ordinal / count, ordinal % count)];
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

void prompt_render(
	const struct prompt *prompt, const char *const values[TEMPLATE_NAMES], struct buf *out)
{
	struct buf act cleanup(buf_free) = BUF_MAX(RENDERED_MAX);
	struct buf question cleanup(buf_free) = BUF_MAX(RENDERED_MAX);
	bool has_cue = render_part(prompt->cue, values, out);
	bool has_act = render_part(prompt->act, values, &act);
	bool is_clause = has_act && act.data[0] >= 'a' && act.data[0] <= 'z';

	/* "After lunch, read it aloud." but "After lunch: Ana's turn." and "Read it aloud." */
	if (has_cue && has_act)
		buf_add_str(out, is_clause ? ", " : ": ");
	else if (is_clause)
		act.data[0] -= 'a' - 'A';
	buf_add(out, buf_str(&act), act.len);
	if (!render_part(prompt->question, values, &question))
		return;
	if (has_cue || has_act)
		buf_add_char(out, '\n');
	buf_add(out, buf_str(&question), question.len);
}
