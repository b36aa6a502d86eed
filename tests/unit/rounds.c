/* Turns and pairs over weeks of a small company: what the preview says, what is kept, and that the one
 * comes true by the other. */
#include "model_help.h"

#include "base/random.h"
#include "engine/rounds.h"

#define DAY_MS INT64_C(86400000)
#define MONDAY INT64_C(1780272000) /* 2026-06-01T00:00Z */

/* ---- a record of what is kept ---- */

enum { KEPT_MOST = 400 };

struct kept {
	char person[80], name[80], value[2001];
};

struct shelf {
	struct kept list[KEPT_MOST];
	size_t count, written;
	const char *paused; /* a person who is */
	int64_t begun_at;
};

static struct shelf shelf;

static const char *find_kept(void *owner, const struct person *person, const char *name)
{
	struct shelf *on = owner;

	for (size_t i = 0; i < on->count; i++)
		if (str_eq(on->list[i].person, person->id) && str_eq(on->list[i].name, name))
			return on->list[i].value;
	return NULL;
}

static void keep(void *owner, const char *person, const char *name, const char *value)
{
	struct shelf *on = owner;
	size_t at = 0;

	while (at < on->count &&
		!(str_eq(on->list[at].person, person) && str_eq(on->list[at].name, name)))
		at++;
	assert_true(at < KEPT_MOST && strlen(value) <= 2000 && strlen(name) < 80);
	on->count = MAX_OF(on->count, at + 1);
	on->written++;
	snprintf(on->list[at].person, sizeof(on->list[at].person), "%s", person);
	snprintf(on->list[at].name, sizeof(on->list[at].name), "%s", name);
	snprintf(on->list[at].value, sizeof(on->list[at].value), "%s", value);
}

static const char *is_paused(void *owner, const struct reminder *reminder,
	const struct person *person, int64_t at, enum rule_id *ret_rule, int64_t *ret_since)
{
	struct shelf *on = owner;

	*ret_rule = BY_PAUSE;
	*ret_since = 0;
	return person && on->paused && str_eq(person->id, on->paused) ? "a course" : NULL;
}

static int64_t begun(void *owner, const struct reminder *reminder, const struct person *person)
{
	return ((struct shelf *)owner)->begun_at;
}

static struct view *new_view(void)
{
	static struct view view;

	rounds_free(view.rounds);
	shelf = (struct shelf){.begun_at = INT64_MIN};
	view = (struct view){
		.owner = &shelf, .begun = begun, .paused = is_paused, .kept = find_kept};
	view.rounds = rounds_new(&view);
	return &view;
}

/* ---- a company ---- */

enum { PEOPLE_MAX = 4096 };

struct company {
	struct model *model;
	struct view *view;
	const struct reminder *reminder;
};

/* One word a person: "ana@berlin"; away: from and until, of the first one. */
static struct company company_of(const char *who, const char *away, const char *reminder)
{
	char people[PEOPLE_MAX] = "", *copy = str_new(who), *save = NULL;
	struct company company = {.view = new_view()};

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *at = strchr(word, '@');

		snprintf(people + strlen(people), sizeof(people) - strlen(people),
			"%s{ id = \"%.*s\"; via = [ \"hook\" ]; place = \"%s\"; %s }",
			*people ? ", " : "", at ? (int)(at - word) : (int)strlen(word), word,
			at ? at + 1 : "london", *people || !away ? "" : away);
	}
	company.model = model_of("daily_limit = 0;",
		"{ id = \"london\"; timezone = \"Europe/London\"; hours = \"Mon..Fri "
		"08:00-18:00\"; }, "
		"{ id = \"berlin\"; timezone = \"Europe/Berlin\"; hours = \"Mon..Fri "
		"08:00-18:00\"; }, "
		"{ id = \"auckland\"; timezone = \"Pacific/Auckland\"; hours = \"Mon..Fri "
		"09:00-17:00\"; }",
		people, reminder);
	company.reminder = company.model->reminders[0];
	free(copy);
	return company;
}

#define REMINDER(MORE)                                                                             \
	"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; calendar = \"Mon..Fri "    \
	"09:00\"; " MORE " }"

struct heard {
	const struct person *person, *about;
	int64_t local, send_at;
	bool again;
};

struct diary {
	struct heard list[2000];
	size_t count;
};

static bool hear(void *owner, const struct planned *planned)
{
	struct diary *diary = owner;

	assert_true(diary->count < ARRAY_LEN(diary->list));
	diary->list[diary->count++] = (struct heard){planned->person, planned->about,
		planned->slot.local, planned->send_at, planned->meets_again};
	return true;
}

static void forecast(const struct company *company, int from, int days, struct diary *diary)
{
	struct preview_query query = {.from = MONDAY / DAY_S + from};

	query.to = query.from + days - 1;
	diary->count = 0;
	resolver_preview(company->model, company->view, &query, hear, diary);
}

/* As the planner does: place by place as their time comes, each settled when it is due. */
static void live(const struct company *company, int from, int days)
{
	for (int64_t at = (MONDAY + from * DAY_S) * 1000;
		at < (MONDAY + (from + days) * DAY_S) * 1000; at += 3600000) {
		rounds_begin(company->view->rounds, at - 1);
		for (size_t p = 0; p < company->model->n_places; p++) {
			struct place_slot slot;

			if (resolver_first(
				    company->reminder, company->model->places[p], at - 1, &slot) &&
				slot.send_at < at + 3600000)
				rounds_settle(
					company->view->rounds, company->model, &slot, keep, &shelf);
		}
		rounds_begin(company->view->rounds, at + 3599999);
	}
}

static void begin(const struct company *company, int day)
{
	rounds_begin(company->view->rounds, (MONDAY + day * DAY_S) * 1000 - 1);
}

/* "ana bo ana": in the order in which it goes out. */
static char *turns(const struct diary *diary)
{
	struct buf out = BUF_MAX(8000);

	for (size_t i = 0; i < diary->count; i++)
		buf_printf(&out, "%s%s", i ? " " : "", diary->list[i].person->id);
	return buf_take(&out);
}

static void check_turns(const struct company *company, int from, int days, const char *expected)
{
	struct diary diary;
	auto_free char *said = NULL;

	forecast(company, from, days, &diary);
	said = turns(&diary);
	assert_string_equal(said, expected);
}

/* ---- turns ---- */

static void each_slot_goes_to_the_next_one(void **state)
{
	struct company company = company_of("ana bo cy", NULL, REMINDER("turn = true;"));

	begin(&company, 0);
	check_turns(&company, 0, 7, "ana bo cy ana bo");
	live(&company, 0, 2);
	/* What is to come stays as it was said. */
	check_turns(&company, 2, 5, "cy ana bo");
	assert_int_equal(shelf.written, 2);
	model_unref(company.model);
}

static void who_is_away_is_passed_over_and_comes_first_then(void **state)
{
	struct company company = company_of("ana bo cy",
		"away = ( { from = \"2026-06-01\"; until = \"2026-06-02\"; } );",
		REMINDER("turn = true;"));

	begin(&company, 0);
	check_turns(&company, 0, 7, "bo cy ana bo cy");
	live(&company, 0, 2);
	check_turns(&company, 2, 5, "ana bo cy");
	shelf.paused = "ana";
	rounds_forget(company.view->rounds);
	check_turns(&company, 2, 5, "bo cy bo");
	live(&company, 2, 1);
	shelf.paused = NULL;
	rounds_forget(company.view->rounds);
	check_turns(&company, 3, 2, "ana cy");
	model_unref(company.model);
}

static void who_joins_comes_last_and_who_leaves_moves_nobody(void **state)
{
	struct company company = company_of("ana bo cy", NULL, REMINDER("turn = true;"));
	struct shelf before;
	struct company later;

	begin(&company, 0);
	live(&company, 0, 2);
	before = shelf;
	model_unref(company.model);
	later = company_of("abe ana cy dora", NULL, REMINDER("turn = true;"));
	shelf = before;
	shelf.begun_at = (MONDAY + DAY_S) * 1000 + 1; /* of all whom nothing is kept of */
	begin(&later, 2);
	/* Ana had Monday; all others came on Tuesday, and of them the file's order decides. */
	check_turns(&later, 2, 9, "ana abe cy dora ana abe cy");
	model_unref(later.model);
}

static void a_turn_is_the_same_wherever_it_is_asked_about(void **state)
{
	struct company company = company_of(
		"ana@auckland bo@london cy@berlin dora@london", NULL, REMINDER("turn = true;"));
	struct diary whole, day;
	auto_free char *all = NULL;

	begin(&company, 0);
	forecast(&company, 0, 28, &whole);
	assert_int_equal(whole.count, 20);
	for (size_t i = 4; i < whole.count; i++)
		assert_ptr_equal(whole.list[i].person, whole.list[i - 4].person);
	for (int i = 27; i >= 0; i--) { /* backwards, and by itself */
		forecast(&company, i, 1, &day);
		for (size_t k = 0; k < day.count; k++) {
			size_t at = 0;

			while (whole.list[at].local != day.list[k].local)
				at++;
			assert_ptr_equal(whole.list[at].person, day.list[k].person);
		}
	}
	live(&company, 0, 10);
	forecast(&company, 10, 18, &day);
	assert_int_equal(day.count, 12);
	for (size_t k = 0; k < day.count; k++)
		assert_ptr_equal(day.list[k].person, whole.list[k + 8].person);
	model_unref(company.model);
}

static void a_pass_that_is_repeated_gives_the_same_turn(void **state)
{
	struct company company = company_of("ana bo cy", NULL, REMINDER("turn = true;"));

	begin(&company, 0);
	live(&company, 0, 1);
	live(&company, 0, 1);
	begin(&company, 0);
	check_turns(&company, 0, 2, "ana bo");
	model_unref(company.model);
}

static void each_pass_of_an_hour_is_a_turn(void **state)
{
	struct company company = company_of("ana bo cy", NULL,
		"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; anywhere = true; "
		"calendar = \"*:30:00\"; turn = true; }");
	struct diary diary;
	int32_t date;

	assert_int_equal(date_parse("2026-10-25", &date), 0);
	rounds_begin(company.view->rounds, (date * DAY_S - 7200) * 1000);
	forecast(&company, date - MONDAY / DAY_S, 1, &diary);
	assert_int_equal(diary.count, 25);
	for (size_t i = 1; i < diary.count; i++)
		assert_ptr_not_equal(diary.list[i].person, diary.list[i - 1].person);
	model_unref(company.model);
}

static void a_time_that_the_clock_leaves_out_is_a_turn_too(void **state)
{
	struct company company = company_of("ana bo@berlin", NULL,
		"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; anywhere = true; "
		"calendar = \"01:30:00\"; turn = true; }");
	struct diary diary;
	int32_t date;

	assert_int_equal(date_parse("2027-03-28", &date), 0); /* in London alone */
	for (int i = 0; i < 2; i++) {
		rounds_begin(company.view->rounds, ((date - i) * DAY_S - 3 * 3600) * 1000);
		forecast(&company, date - MONDAY / DAY_S, 1, &diary);
		assert_int_equal(diary.count, 1);
		assert_ptr_equal(diary.list[0].person, company.model->people[i]);
	}
	model_unref(company.model);
}

static void one_elsewhere_has_the_turn_when_it_is_time_there(void **state)
{
	struct company company = company_of("ana@london bo@berlin", NULL, REMINDER("turn = true;"));
	struct place_slot slot;

	begin(&company, 0);
	assert_true(resolver_first(
		company.reminder, model_place(company.model, "berlin"), MONDAY * 1000, &slot));
	rounds_settle(company.view->rounds, company.model, &slot, keep, &shelf);
	assert_int_equal(shelf.written, 0);
	rounds_begin(company.view->rounds, slot.send_at);
	check_turns(&company, 0, 1, "ana");
	/* On pause meanwhile, and nobody else has this time ahead of them. */
	shelf.paused = "ana";
	rounds_forget(company.view->rounds);
	check_turns(&company, 0, 2, "bo");
	model_unref(company.model);
}

static void what_lies_too_far_ahead_is_nobodys_turn(void **state)
{
	struct company company = company_of("ana bo", NULL,
		"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; every = \"1s\"; "
		"turn = true; }");
	struct place_slot slot;

	begin(&company, 0);
	assert_true(resolver_next(
		company.reminder, model_place(company.model, "london"), MONDAY + 8 * 3600, &slot));
	assert_non_null(rounds_turn(company.view->rounds, company.model, &slot));
	assert_true(resolver_next(company.reminder, model_place(company.model, "london"),
		MONDAY + 2000 * DAY_S, &slot));
	assert_null(rounds_turn(company.view->rounds, company.model, &slot));
	model_unref(company.model);
}

static void what_is_kept_is_of_what_was_decided_alone(void **state)
{
	struct company company = company_of("ana bo cy", NULL, REMINDER("turn = true;"));
	struct place_slot slot;
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 28, &diary);
	assert_true(resolver_first(
		company.reminder, model_place(company.model, "london"), MONDAY * 1000, &slot));
	rounds_settle(company.view->rounds, company.model, &slot, keep, &shelf);
	assert_int_equal(shelf.count, 1);
	assert_null(strchr(shelf.list[0].value, ' '));
	model_unref(company.model);
}

static void without_a_record_the_year_begins_it(void **state)
{
	struct company company = company_of("ana bo cy", NULL, REMINDER("turn = true;"));
	struct diary month, day;

	company.view = NULL;
	forecast(&company, 0, 28, &month);
	forecast(&company, 14, 1, &day);
	assert_int_equal(month.count, 20);
	assert_ptr_equal(day.list[0].person, month.list[10].person);
	model_unref(company.model);
}

/* ---- pairs ---- */

#define PAIR(MEMORY)                                                                               \
	"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; calendar = \"Mon "         \
	"09:00\"; "                                                                                \
	"pair = true; memory = " MEMORY "; }"

/* Both sides of each pair of a round, once, and as many alone as there are; returns those. */
static size_t check_round(const struct diary *diary, int64_t local)
{
	size_t alone = 0;

	for (size_t i = 0; i < diary->count; i++) {
		const struct heard *heard = &diary->list[i];
		size_t sides = 0;

		if (heard->local != local)
			continue;
		alone += !heard->about;
		for (size_t k = 0; k < diary->count; k++) {
			const struct heard *other = &diary->list[k];

			if (other->local != local || k == i)
				continue;
			assert_ptr_not_equal(other->person, heard->person);
			sides += other->person == heard->about && other->about == heard->person;
		}
		assert_int_equal(sides, heard->about ? 1 : 0);
	}
	return alone;
}

static int64_t week(int n)
{
	return MONDAY + 9 * 3600 + n * 7 * DAY_S;
}

static void everybody_has_one_other_and_nobody_twice_within_the_memory(void **state)
{
	struct company company = company_of("a b c d e f g h", NULL, PAIR("6"));
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 98, &diary);
	assert_int_equal(diary.count, 14 * 8);
	for (int n = 0; n < 14; n++)
		assert_int_equal(check_round(&diary, week(n)), 0);
	for (size_t i = 0; i < diary.count; i++)
		assert_false(diary.list[i].again);
	model_unref(company.model);
}

static void the_odd_one_is_told_and_is_another_one_each_time(void **state)
{
	struct company company = company_of("a b c d e", NULL, PAIR("3"));
	int alone[5] = {0};
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 70, &diary);
	for (int n = 0; n < 10; n++)
		assert_int_equal(check_round(&diary, week(n)), 1);
	for (size_t i = 0; i < diary.count; i++)
		alone[diary.list[i].person->index] += !diary.list[i].about;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(alone[i], 2);
	model_unref(company.model);
}

static void what_was_said_of_pairs_comes_true(void **state)
{
	struct company company = company_of("a b@berlin c d@berlin e f g@berlin", NULL, PAIR("20"));
	struct diary whole, rest;

	begin(&company, 0);
	forecast(&company, 0, 7 * 12, &whole);
	live(&company, 0, 7 * 6);
	forecast(&company, 7 * 6, 7 * 6, &rest);
	assert_int_equal(rest.count, 6 * 7);
	for (size_t i = 0; i < rest.count; i++) {
		assert_ptr_equal(rest.list[i].person, whole.list[6 * 7 + i].person);
		assert_ptr_equal(rest.list[i].about, whole.list[6 * 7 + i].about);
	}
	model_unref(company.model);
}

static void nobody_is_paired_with_whom_they_never_work_at_once(void **state)
{
	struct company company =
		company_of("a b@auckland c@berlin d@auckland e@berlin f", NULL, PAIR("3"));
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 70, &diary);
	for (size_t i = 0; i < diary.count; i++) {
		const struct heard *heard = &diary.list[i];

		assert_non_null(heard->about);
		assert_int_equal(str_eq(heard->person->place->id, "auckland"),
			str_eq(heard->about->place->id, "auckland"));
	}
	model_unref(company.model);
}

static void a_pair_of_which_one_was_told_stays(void **state)
{
	/* Berlin comes an hour before London. */
	struct company company = company_of("a b@berlin c d@berlin e f", NULL, PAIR("4"));
	int64_t berlin = (MONDAY + 7 * 3600) * 1000;
	struct diary before, after;
	struct place_slot slot;

	begin(&company, 0);
	forecast(&company, 0, 1, &before);
	assert_true(resolver_first(
		company.reminder, model_place(company.model, "berlin"), berlin - 1, &slot));
	assert_int_equal(slot.send_at, berlin);
	rounds_settle(company.view->rounds, company.model, &slot, keep, &shelf);
	rounds_begin(company.view->rounds, berlin);
	/* One who has no part in those pairs goes. */
	for (size_t i = 0; i < before.count; i++)
		if (before.list[i].about && !str_eq(before.list[i].person->place->id, "berlin") &&
			!str_eq(before.list[i].about->place->id, "berlin"))
			shelf.paused = before.list[i].person->id;
	assert_non_null(shelf.paused);
	rounds_forget(company.view->rounds);
	forecast(&company, 0, 1, &after);
	for (size_t i = 0; i < after.count; i++)
		for (size_t k = 0; k < before.count; k++)
			if (before.list[k].person == after.list[i].person && before.list[k].about &&
				(str_eq(before.list[k].person->place->id, "berlin") ||
					str_eq(before.list[k].about->place->id, "berlin")))
				assert_ptr_equal(before.list[k].about, after.list[i].about);
	for (size_t i = 0; i < after.count; i++)
		assert_false(after.list[i].about && str_eq(after.list[i].about->id, shelf.paused));
	assert_int_equal(after.count, 5);
	model_unref(company.model);
}

static void all_meet_all_in_turn_whatever_the_memory(void **state)
{
	struct company company = company_of("a b c d e f", NULL, PAIR("1"));
	bool met[6][6] = {{0}};
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 35, &diary);
	for (size_t i = 0; i < diary.count; i++)
		met[diary.list[i].person->index][diary.list[i].about->index] = true;
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++)
			assert_true(i == k || met[i][k]);
	model_unref(company.model);
}

static void when_all_have_met_those_meet_again_who_did_first(void **state)
{
	struct company company = company_of("a b c d", NULL, PAIR("20"));
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 7 * 12, &diary);
	for (size_t i = 0; i < diary.count; i++) {
		assert_int_equal(diary.list[i].again, i >= 3 * 4);
		if (i >= 3 * 4)
			assert_ptr_equal(diary.list[i].about, diary.list[i - 3 * 4].about);
	}
	model_unref(company.model);
}

static void whoever_was_alone_last_is_not_so_again(void **state)
{
	struct company company = company_of("a b c", NULL, PAIR("1"));

	for (size_t i = 0; i < 3; i++) {
		const char *id = company.model->people[i]->id;
		struct diary diary;

		shelf.count = 0;
		keep(&shelf, id, "pair.r", "3559399200:-"); /* the Monday before */
		begin(&company, 0);
		forecast(&company, 0, 7, &diary);
		for (size_t k = 0; k < diary.count; k++)
			assert_true(diary.list[k].about || !str_eq(diary.list[k].person->id, id));
	}
	model_unref(company.model);
}

enum { WEEKS = 20, MANY = 9 };

/* Of everybody who was there all the time somebody is not alone twice while another one never was. */
static void check_fairness(const struct diary *diary, const bool there[MANY][WEEKS])
{
	int last[MANY], seen[MANY] = {0};

	for (int n = 0; n < WEEKS; n++)
		for (size_t i = 0; i < diary->count; i++) {
			size_t who = diary->list[i].person->index;

			if (diary->list[i].local != week(n) || diary->list[i].about)
				continue;
			for (size_t k = 0; seen[who] && k < MANY; k++) {
				bool all = k != who;

				for (int w = last[who]; w <= n; w++)
					all = all && there[k][w];
				assert_true(!all || (seen[k] && last[k] > last[who]));
			}
			seen[who] = 1;
			last[who] = n;
		}
}

static void nobody_is_alone_twice_before_all_others_were(void **state)
{
	uint64_t seed = random_below(UINT64_MAX);
	struct company company = company_of("a b c d e f g h i", NULL, PAIR("4"));

	printf("seed %llu\n", (unsigned long long)seed);
	random_seed(seed);
	for (int round = 0; round < 30; round++) {
		bool there[MANY][WEEKS];
		struct diary diary = {.count = 0}, one;

		shelf.count = 0;
		for (int n = 0; n < WEEKS; n++) {
			for (size_t i = 0; i < MANY; i++)
				there[i][n] = true;
			shelf.paused = random_below(3)
					       ? NULL
					       : company.model->people[random_below(MANY)]->id;
			if (shelf.paused)
				there[model_person(company.model, shelf.paused)->index][n] = false;
			begin(&company, n * 7);
			forecast(&company, n * 7, 1, &one);
			assert_int_equal(check_round(&one, week(n)), shelf.paused ? 0 : 1);
			for (size_t i = 0; i < one.count; i++)
				diary.list[diary.count++] = one.list[i];
			live(&company, n * 7, 1);
		}
		check_fairness(&diary, there);
	}
	model_unref(company.model);
}

/* Two places are open at once for so many minutes. */
static void half_an_hour_in_common_is_enough(void **state)
{
	static const struct {
		const char *hours;
		bool meets;
	} rows[] = {{"Mon..Fri 06:00-09:30", true}, {"Mon..Fri 06:00-09:29", false},
		{"Sun 06:00-12:00", true}, {"Sat,Sun 19:00-21:00", false},
		{"Mon 07:00-10:00", true}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct company company = {.view = new_view()};
		struct diary diary;
		char places[400];

		snprintf(places, sizeof(places),
			"{ id = \"one\"; timezone = \"UTC\"; hours = \"%s\"; }, "
			"{ id = \"two\"; timezone = \"UTC\"; hours = \"09:00-18:00\"; }",
			rows[i].hours);
		company.model = model_of("daily_limit = 0;", places,
			"{ id = \"a\"; via = [ \"hook\" ]; place = \"one\"; }, "
			"{ id = \"b\"; via = [ \"hook\" ]; place = \"two\"; }",
			"{ id = \"r\"; kind = \"note\"; to = [ \"all\" ]; text = \"x\"; "
			"calendar = \"Mon 09:00\"; pair = true; anywhere = true; }");
		begin(&company, 0);
		forecast(&company, 0, 1, &diary);
		assert_int_equal(diary.count, 2);
		if ((diary.list[0].about != NULL) != rows[i].meets)
			fail_msg("%s", rows[i].hours);
		model_unref(company.model);
	}
}

static void what_was_decided_is_still_known(void **state)
{
	struct company company = company_of("a b c", NULL, PAIR("2"));
	struct place_slot slot;
	struct diary diary;

	begin(&company, 0);
	forecast(&company, 0, 1, &diary);
	live(&company, 0, 1);
	assert_true(resolver_first(
		company.reminder, model_place(company.model, "london"), MONDAY * 1000, &slot));
	for (size_t i = 0; i < diary.count; i++) {
		struct meeting meeting = rounds_meeting(
			company.view->rounds, company.model, &slot, diary.list[i].person);

		assert_ptr_equal(meeting.other, diary.list[i].about);
		assert_int_equal(meeting.fit, meeting.other ? MEETING_WITH : MEETING_ALONE);
	}
	model_unref(company.model);
}

static void who_takes_no_part_is_left_out(void **state)
{
	struct company company = company_of("a b c", NULL, PAIR("2"));
	struct diary diary;

	keep(&shelf, "b", "pair", "no");
	begin(&company, 0);
	forecast(&company, 0, 7, &diary);
	assert_int_equal(diary.count, 2);
	assert_ptr_equal(diary.list[0].about, diary.list[1].person);
	model_unref(company.model);
}

static void what_is_kept_of_pairs_is_bounded(void **state)
{
	struct company company =
		company_of("a-long-name-that-takes-up-a-lot-of-room-in-what-is-kept-0001 "
			   "a-long-name-that-takes-up-a-lot-of-room-in-what-is-kept-0002 "
			   "a-long-name-that-takes-up-a-lot-of-room-in-what-is-kept-0003",
			NULL, PAIR("20"));

	for (int n = 0; n < 30; n++)
		live(&company, n * 7, 1); /* keep() looks at the length */
	assert_true(strlen(shelf.list[0].value) > 1000);
	model_unref(company.model);
}

static void nonsense_in_the_record_is_no_meeting(void **state)
{
	static const char *const values[] = {"", " ", ":", "x:y", "1:", ":b",
		"99999999999999999999:b", "12:nobody 13:- 14:a", "7:b 7:b 7:c", "-5:b",
		"1:b  2:c   3:-  "};
	struct company company = company_of("a b c d", NULL, PAIR("3"));

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct diary diary;

		keep(&shelf, "a", "pair.r", values[i]);
		begin(&company, 0);
		forecast(&company, 0, 7, &diary);
		assert_int_equal(diary.count, 4);
		assert_int_equal(check_round(&diary, week(0)), 0);
	}
	model_unref(company.model);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slot_goes_to_the_next_one),
		cmocka_unit_test(who_is_away_is_passed_over_and_comes_first_then),
		cmocka_unit_test(who_joins_comes_last_and_who_leaves_moves_nobody),
		cmocka_unit_test(a_turn_is_the_same_wherever_it_is_asked_about),
		cmocka_unit_test(a_pass_that_is_repeated_gives_the_same_turn),
		cmocka_unit_test(each_pass_of_an_hour_is_a_turn),
		cmocka_unit_test(a_time_that_the_clock_leaves_out_is_a_turn_too),
		cmocka_unit_test(one_elsewhere_has_the_turn_when_it_is_time_there),
		cmocka_unit_test(what_lies_too_far_ahead_is_nobodys_turn),
		cmocka_unit_test(what_is_kept_is_of_what_was_decided_alone),
		cmocka_unit_test(without_a_record_the_year_begins_it),
		cmocka_unit_test(everybody_has_one_other_and_nobody_twice_within_the_memory),
		cmocka_unit_test(the_odd_one_is_told_and_is_another_one_each_time),
		cmocka_unit_test(what_was_said_of_pairs_comes_true),
		cmocka_unit_test(nobody_is_paired_with_whom_they_never_work_at_once),
		cmocka_unit_test(a_pair_of_which_one_was_told_stays),
		cmocka_unit_test(all_meet_all_in_turn_whatever_the_memory),
		cmocka_unit_test(when_all_have_met_those_meet_again_who_did_first),
		cmocka_unit_test(whoever_was_alone_last_is_not_so_again),
		cmocka_unit_test(nobody_is_alone_twice_before_all_others_were),
		cmocka_unit_test(half_an_hour_in_common_is_enough),
		cmocka_unit_test(what_was_decided_is_still_known),
		cmocka_unit_test(who_takes_no_part_is_left_out),
		cmocka_unit_test(what_is_kept_of_pairs_is_bounded),
		cmocka_unit_test(nonsense_in_the_record_is_no_meeting),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	rounds_free(new_view()->rounds);
	return failed;
}
