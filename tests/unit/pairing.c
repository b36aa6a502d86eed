/* Pairs of a round: against every matching that there is, and over many rounds of small companies. */
#include "model/pairing.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SMALL = 11, COMPANIES = 600, ROUNDS = 60 };

/* What pairs are worth: how many, and how often again. */
struct worth {
	int pairs, again;
};

static struct worth worth_of(const struct pairing *pairing, const size_t *mates)
{
	struct worth worth = {0, 0};

	for (size_t i = 0; i < pairing->count; i++) {
		if (mates[i] == PAIRING_ALONE)
			continue;
		assert_true(mates[i] < pairing->count && mates[i] != i);
		assert_int_equal(mates[mates[i]], i);
		assert_int_not_equal(pairing_wish_of(pairing, i, mates[i]), PAIRING_NEVER);
		worth.pairs += mates[i] > i;
		worth.again +=
			mates[i] > i && pairing_wish_of(pairing, i, mates[i]) != PAIRING_FRESH;
	}
	return worth;
}

/* ---- the judge: every matching of a few people, by sets of them ---- */

static int fewest_again[1 << SMALL]; /* of pairs that cover exactly this set; -1: none do */

static void judge(const struct pairing *pairing)
{
	int all = 1 << pairing->count;

	for (int set = 0; set < all; set++) {
		int first = set ? __builtin_ctz(set) : 0;

		fewest_again[set] = set ? -1 : 0;
		for (size_t b = first + 1; set && b < pairing->count; b++) {
			int rest = set & ~(1 << first) & ~(1 << b), cost;

			if (!(set >> b & 1) ||
				pairing_wish_of(pairing, first, b) == PAIRING_NEVER ||
				fewest_again[rest] < 0)
				continue;
			cost = fewest_again[rest] +
			       (pairing_wish_of(pairing, first, b) != PAIRING_FRESH);
			if (fewest_again[set] < 0 || cost < fewest_again[set])
				fewest_again[set] = cost;
		}
	}
}

static int most_pairs(const struct pairing *pairing)
{
	int most = 0;

	for (int set = 0; set < 1 << pairing->count; set++)
		if (fewest_again[set] >= 0)
			most = MAX_OF(most, __builtin_popcount(set) / 2);
	return most;
}

/* Those alone, the latest first: of two lists the fairer one is the one whose first difference was
 * alone longer ago. */
static int64_t alone_at(const struct pairing *pairing, int set, size_t place)
{
	for (size_t n = 0;; n++) {
		int64_t latest = INT64_MIN;
		size_t found = pairing->count;

		for (size_t i = 0; i < pairing->count; i++)
			if (!(set >> i & 1) &&
				(found == pairing->count || pairing->odd_since[i] > latest)) {
				found = i;
				latest = pairing->odd_since[i];
			}
		if (found == pairing->count || n == place)
			return latest;
		set |= 1 << found;
	}
}

static bool is_fairer(const struct pairing *pairing, int a, int b)
{
	for (size_t i = 0; i < pairing->count; i++) {
		int64_t x = alone_at(pairing, a, i), y = alone_at(pairing, b, i);

		if (x != y)
			return x < y;
	}
	return false;
}

static int set_of(const struct pairing *pairing, const size_t *mates)
{
	int set = 0;

	for (size_t i = 0; i < pairing->count; i++)
		set |= (mates[i] != PAIRING_ALONE) << i;
	return set;
}

static struct pairing *random_pairing(void)
{
	struct pairing *pairing = pairing_new(random_below(SMALL + 1));
	uint64_t never = random_below(4) ? 0 : random_below(80), met = random_below(100);

	pairing->number = random_below(100);
	for (size_t i = 0; i < pairing->count; i++) {
		pairing->odd_since[i] = random_below(2) ? INT64_MIN : (int64_t)random_below(4);
		for (size_t k = 0; k < i; k++)
			pairing_wish(pairing, i, k,
				random_below(100) < never ? PAIRING_NEVER
				: random_below(100) < met ? 1 + random_below(20)
							  : PAIRING_FRESH);
	}
	return pairing;
}

static bool all_can_meet(const struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->count; i++)
		for (size_t k = 0; k < i; k++)
			if (pairing_wish_of(pairing, i, k) == PAIRING_NEVER)
				return false;
	return true;
}

static void judge_one(const struct pairing *pairing)
{
	size_t mates[SMALL];
	struct worth worth;
	int set;

	pairing_solve(pairing, mates);
	worth = worth_of(pairing, mates);
	set = set_of(pairing, mates);
	judge(pairing);
	assert_int_equal(worth.pairs, most_pairs(pairing));
	for (int other = 0; other < 1 << pairing->count; other++) {
		if (fewest_again[other] < 0 || __builtin_popcount(other) / 2 != worth.pairs)
			continue;
		assert_false(is_fairer(pairing, other, set));
		/* Without repeats where that is possible as fairly. */
		if (!is_fairer(pairing, set, other) && fewest_again[other] == 0)
			assert_int_equal(worth.again, 0);
	}
	if (all_can_meet(pairing))
		assert_int_equal(worth.again, fewest_again[set]);
}

static void as_many_as_can_be_as_fairly_and_as_seldom_again(void **state)
{
	uint64_t seed = random_below(UINT64_MAX);

	printf("seed %llu\n", (unsigned long long)seed);
	random_seed(seed);
	for (int i = 0; i < COMPANIES; i++) {
		struct pairing *pairing = random_pairing();

		judge_one(pairing);
		pairing_free(pairing);
	}
}

/* ---- many rounds ---- */

struct company {
	size_t count, memory;
	int met[40][40];   /* the round of the last meeting; 0: never */
	int64_t alone[40]; /* the round */
	int times_alone[40];
};

/* The last partners of one, as many as the memory holds. */
static int place_in_memory(const struct company *company, size_t who, size_t other)
{
	int later = 0;

	if (!company->met[who][other])
		return -1;
	for (size_t i = 0; i < company->count; i++)
		later += company->met[who][i] > company->met[who][other];
	return later < (int)company->memory ? later : -1;
}

static void play_as(struct company *company, int round, uint64_t number, int *ret_again)
{
	struct pairing *pairing = pairing_new(company->count);
	size_t mates[40];

	pairing->number = number;
	for (size_t i = 0; i < company->count; i++) {
		pairing->odd_since[i] = company->alone[i];
		for (size_t k = 0; k < i; k++) {
			int place = place_in_memory(company, i, k);

			pairing_wish(pairing, i, k, place < 0 ? PAIRING_FRESH : 1 + place);
		}
	}
	pairing_solve(pairing, mates);
	for (size_t i = 0; i < company->count; i++) {
		if (mates[i] == PAIRING_ALONE) {
			company->alone[i] = round;
			company->times_alone[i]++;
		} else {
			*ret_again += place_in_memory(company, i, mates[i]) >= 0;
			company->met[i][mates[i]] = round;
		}
	}
	pairing_free(pairing);
}

static void play(struct company *company, int round, int *ret_again)
{
	play_as(company, round, round, ret_again);
}

static void everybody_meets_everybody_before_anybody_again(void **state)
{
	for (size_t count = 2; count <= 40; count++) {
		struct company company = {.count = count, .memory = count - 2};
		int again = 0;

		for (size_t i = 0; i < count; i++)
			company.alone[i] = INT64_MIN;
		for (int round = 1; round <= ROUNDS; round++)
			play(&company, round, &again);
		assert_int_equal(again, 0);
		/* The odd one is another each time, until all were. */
		for (size_t i = 0; i < count; i++)
			assert_in_range(company.times_alone[i], count % 2 ? ROUNDS / (int)count : 0,
				count % 2 ? ROUNDS / (int)count + 1 : 0);
	}
}

static void a_short_memory_leaves_nobody_out_for_ever(void **state)
{
	struct company company = {.count = 10, .memory = 2};
	int again = 0;

	for (size_t i = 0; i < company.count; i++)
		company.alone[i] = INT64_MIN;
	for (int round = 1; round <= 9; round++)
		play(&company, round, &again);
	for (size_t i = 0; i < company.count; i++)
		for (size_t k = 0; k < company.count; k++)
			assert_true(i == k || company.met[i][k]);
}

/* As at the beginning of a year, when rounds are counted anew. */
static void a_count_that_begins_again_repeats_no_pair(void **state)
{
	for (size_t count = 4; count <= 20; count += 2) {
		struct company company = {.count = count, .memory = count - 2};
		int again = 0, half = (int)count / 2;

		for (size_t i = 0; i < count; i++)
			company.alone[i] = INT64_MIN;
		for (int round = 1; round < (int)count; round++)
			play_as(&company, round, round <= half ? round : round - half, &again);
		assert_int_equal(again, 0);
	}
}

static void a_long_memory_makes_repeats_as_old_as_can_be(void **state)
{
	struct company company = {.count = 6, .memory = 20};
	int again = 0;

	for (size_t i = 0; i < 6; i++)
		company.alone[i] = INT64_MIN;
	for (int round = 1; round <= 5; round++)
		play(&company, round, &again);
	assert_int_equal(again, 0);
	play(&company, 6, &again);
	/* All have met: those who met in the first round do so again. */
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++)
			assert_int_not_equal(company.met[i][k], 1);
}

static void the_largest_round_is_solved(void **state)
{
	enum { MANY = 2000 };
	struct pairing *pairing = pairing_new(MANY - 1);
	auto_free size_t *mates = mem_new_array(MANY, sizeof(*mates));
	struct worth worth;

	memset(pairing->wishes, PAIRING_FRESH, pairing->count * pairing->count);
	for (size_t i = 0; i < pairing->count; i++) {
		pairing->odd_since[i] = i; /* the first one is the fair choice */
		for (size_t k = 1; k <= 20; k++)
			pairing_wish(pairing, i,
				(i * 7 + k * 31 + 1) % pairing->count == i
					? (i + 1) % pairing->count
					: (i * 7 + k * 31 + 1) % pairing->count,
				k);
	}
	pairing_solve(pairing, mates);
	worth = worth_of(pairing, mates);
	assert_int_equal(worth.pairs, MANY / 2 - 1);
	assert_int_equal(worth.again, 0);
	assert_int_equal(mates[0], PAIRING_ALONE);
	pairing_free(pairing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_can_be_as_fairly_and_as_seldom_again),
		cmocka_unit_test(everybody_meets_everybody_before_anybody_again),
		cmocka_unit_test(a_short_memory_leaves_nobody_out_for_ever),
		cmocka_unit_test(a_count_that_begins_again_repeats_no_pair),
		cmocka_unit_test(a_long_memory_makes_repeats_as_old_as_can_be),
		cmocka_unit_test(the_largest_round_is_solved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
