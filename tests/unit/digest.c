/* The words of digests, from records made by hand. */
#include "model_help.h"

#include "engine/digest_internal.h"
#include "model/trial.h"

/* 2026-11-20T15:00:00Z, a Friday. */
#define NOW_AT INT64_C(1795186800000)

static const char *kept_plateau, *kept_practised;

static const char *kept(void *owner, const struct person *person, const char *name)
{
	if (str_eq(person->id, "ana"))
		return str_eq(name, "plateau")     ? kept_plateau
		       : str_eq(name, "practised") ? kept_practised
						   : NULL;
	return NULL;
}

static const struct view view = {.kept = kept};

/* Days before the digest, oldest first: d done, s stuck, k skip, . no answer, a left out. */
static struct member *add(struct digest *digest, const char *id, const char *days)
{
	const struct person *person = model_person(digest->model, id);
	struct member *member = mem_new(sizeof(*member));
	size_t n = strlen(days);

	member->person = person;
	HASH_ADD_KEYPTR(hh, digest->members, person->id, strlen(person->id), member);
	for (size_t i = 0; i < n; i++) {
		int64_t at = NOW_AT - (int64_t)(n - i) * DAY_S * 1000;

		ARRAY_GROW(member->list, member->count, member->capacity);
		member->list[member->count++] = (struct said){.due_at = at,
			.date = local_date(at / 1000),
			.practice = true,
			.asked = days[i] != 'a',
			.answer = days[i] == 'd'   ? ANSWER_DONE
				  : days[i] == 's' ? ANSWER_STUCK
				  : days[i] == 'k' ? ANSWER_SKIP
						   : ANSWER_NONE};
	}
	return member;
}

static void say(struct member *member, size_t days_ago, enum share share, const char *words)
{
	struct said *said = &member->list[member->count - days_ago];

	said->share = share;
	said->words = str_new(words);
}

#define PEOPLE                                                                                     \
	"{ id = \"ana\"; name = \"Ana\"; teams = [ \"crew\" ]; via = [ \"hook\" ]; manager = "     \
	"\"sam\"; partner = \"bo\"; mentor = \"bo\"; }, { id = \"bo\"; name = \"Bo\"; teams = [ "  \
	"\"crew\" ]; via = [ \"hook\" ]; manager = \"sam\"; }, { id = \"cy\"; name = \"Cy\"; "     \
	"teams = [ \"crew\" ]; via = [ \"hook\" ]; }, { id = \"sam\"; name = \"Sam\"; via = [ "    \
	"\"hook\" ]; }"
static struct digest *digest_of(const char *of, const char *more)
{
	auto_free char *reminders =
		str_printf("{ id = \"sum\"; kind = \"digest\"; calendar = \"Fri 15:00\"; to = [ "
			   "\"all\" ]; digest = \"%s\"; } %s",
			of, more);
	struct model *model = model_of("", "{ id = \"p\"; }", PEOPLE, reminders);
	struct digest *digest = digest_new(model, NULL, &view, NOW_AT);

	model_unref(model);
	kept_plateau = kept_practised = NULL;
	return digest;
}

static char *said_to(struct digest *digest, const char *person)
{
	struct planned planned = {.reminder = model_reminder(digest->model, "sum"),
		.person = model_person(digest->model, person),
		.place = digest->model->places[0],
		.due_at = NOW_AT,
		.send_at = NOW_AT,
		.fire_at = NOW_AT};

	return digest_write(digest, &planned);
}

static void ones_own_record_is_told_without_blame(void **state)
{
	static const struct {
		const char *days, *practised, *said;
	} rows[] = {
		{"", NULL, "Nothing was asked of you in the last four weeks."},
		{"aaaaa", NULL, "Nothing was asked of you in the last four weeks."},
		{"d", NULL,
			"Practised in the last four weeks: 1 of 1 time.\nDays of practice in a "
			"row: "
			"1.\nPractised in all: 1 time. This way has no "
			"end:\n[....................] 1 %"},
		{"ddsd", "120",
			"Practised in the last four weeks: 4 of 4 times, and being stuck counts.\n"
			"Days of practice in a row: 4, more than ever in this time.\nPractised in "
			"all: 120 times. This way has no end:\n[#################...] 86 %"},
		{"dddd..d", NULL,
			"Practised in the last four weeks: 5 of 7 times.\nDays of practice in a "
			"row: 1.\nPractised"},
		{"ddk.", NULL,
			"Practised in the last four weeks: 2 of 3 times.\nDays of practice in a "
			"row: 2, more than ever in this time. One day is missing; the next "
			"practice mends it."},
		{"....", NULL, "Practised in the last four weeks: 0 of 4 times."},
		/* What the record forgot is still counted. */
		{"d", "rubbish", "Practised in all: 1 time."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest *digest = digest_of("own", "");
		auto_free char *text = NULL;

		add(digest, "ana", rows[i].days);
		kept_practised = rows[i].practised;
		text = said_to(digest, "ana");
		if (!strstr(text, rows[i].said))
			fail_msg("row %zu: \"%s\", not \"%s\"", i, text, rows[i].said);
		digest_free(digest);
	}
}

/* Whoever gets the digest, and what of Ana's line "canary", shared with each, they may read. */
static void a_line_reaches_those_alone_whom_it_was_written_for(void **state)
{
	static const struct {
		const char *of, *to;
		enum share share;
		size_t days_ago;
		bool read;
	} rows[] = {
		{"own", "bo", SHARE_ME, 1, false},
		{"own", "bo", SHARE_PARTNER, 1, true},
		{"own", "bo", SHARE_MENTOR, 1, true},
		{"own", "bo", SHARE_MANAGER, 1, false},
		{"own", "bo", SHARE_TEAM, 1, false},
		{"own", "bo", SHARE_PARTNER, 6, true},
		{"own", "bo", SHARE_PARTNER, 7, false}, /* a week ago: it was in the last one */
		{"own", "sam", SHARE_MANAGER, 1, true},
		{"own", "sam", SHARE_PARTNER, 1, false},
		{"own", "ana", SHARE_PARTNER, 1, false},
		{"own", "cy", SHARE_TEAM, 1, false},
		{"reports", "sam", SHARE_MANAGER, 1, true},
		{"reports", "sam", SHARE_ME, 1, false},
		{"reports", "bo", SHARE_MANAGER, 1, false},
		{"team:crew", "cy", SHARE_TEAM, 1, true},
		{"team:crew", "sam", SHARE_TEAM, 1, false}, /* who is not in it */
		{"team:crew", "sam", SHARE_MANAGER, 1, false},
		{"team:crew", "cy", SHARE_ME, 1, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest *digest = digest_of(rows[i].of, "");
		auto_free char *text = NULL;

		say(add(digest, "ana", "dddddddd"), rows[i].days_ago, rows[i].share,
			"a\ncanary\tsings");
		add(digest, "bo", "");
		add(digest, "cy", "");
		add(digest, "sam", "");
		text = said_to(digest, rows[i].to);
		if (!!strstr(text, "- Ana: a canary sings") != rows[i].read ||
			!!strstr(text, "canary") != rows[i].read)
			fail_msg("row %zu: %s", i, text);
		digest_free(digest);
	}
}

static void a_team_is_one_number_of_at_least_three(void **state)
{
	static const struct {
		const char *ana, *bo, *cy, *said;
	} rows[] = {
		{"ddd", "ddd", "", "This week fewer than 3 people of crew practised"},
		{"ddd", "ds", "d", "Together crew practised 6 times this week; the week before 0."},
		{"dddddddddd", "d", "d",
			"Together crew practised 8 times this week; the week before 4."},
		{"d.......", "d", "d", "fewer than 3"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest *digest = digest_of("team:crew", "");
		auto_free char *text = NULL;

		add(digest, "ana", rows[i].ana);
		add(digest, "bo", rows[i].bo);
		add(digest, "cy", rows[i].cy);
		add(digest, "sam", "dddddd"); /* of no team */
		text = said_to(digest, "cy");
		if (!strstr(text, rows[i].said))
			fail_msg("row %zu: %s", i, text);
		assert_null(strstr(text, "Ana"));
		digest_free(digest);
	}
}

static void a_plateau_is_told_by_consent_alone(void **state)
{
	static const struct {
		const char *consent, *days;
		bool told;
	} rows[] = {
		{NULL, "dddddddddddddddddddddddddddd", false},
		{"no", "dddddddddddddddddddddddddddd", false},
		{"yes", "dddddddddddddddddddddddddddd", true},
		{"yes", "............................", true},
		{"yes", "dddddddddddddsdddddddddddddd", false},
		{"yes", "dddddddddd", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest *digest = digest_of("reports", "");
		auto_free char *text = NULL, *other = NULL;

		add(digest, "ana", rows[i].days);
		add(digest, "bo", rows[i].days);
		kept_plateau = rows[i].consent;
		text = said_to(digest, "sam");
		other = said_to(digest, "cy");
		if (!!strstr(text, "Ana may be ready for something new") != rows[i].told)
			fail_msg("row %zu: %s", i, text);
		assert_null(strstr(text, "Bo"));
		assert_null(strstr(other, "Ana"));
		digest_free(digest);
	}
}

static void the_coming_week_is_that_of_the_person(void **state)
{
	struct digest *digest = digest_of("own",
		", { id = \"tea\"; calendar = \"09,18:00\"; to = [ \"ana\" ]; text = \"x\"; title "
		"= "
		"\"Tea\"; }, { id = \"other\"; calendar = \"10:00\"; to = [ \"bo\" ]; text = "
		"\"x\"; }, { id = \"often\"; calendar = \"*:*\"; to = [ \"cy\" ]; text = \"x\"; }");
	auto_free char *ana = NULL, *sam = NULL, *cy = NULL;

	for (size_t i = 0; i < digest->model->n_people; i++)
		add(digest, digest->model->people[i]->id, "");
	ana = said_to(digest, "ana");
	sam = said_to(digest, "sam");
	cy = said_to(digest, "cy");

	assert_non_null(strstr(ana, "The coming week:\n- Fri 2026-11-20 18:00  Tea\n- Sat "
				    "2026-11-21 09:00  Tea\n"));
	assert_non_null(strstr(ana, "\n- and 2 more"));
	assert_null(strstr(ana, "other"));
	assert_null(strstr(sam, "coming week"));
	assert_non_null(strstr(cy, "more"));
	digest_free(digest);
}

/* ---- the programme ---- */

#define COMPARED                                                                                   \
	"{ id = \"sum\"; kind = \"digest\"; calendar = \"Fri 15:00\"; to = [ \"p0\" ]; digest = "  \
	"\"programme\"; }, { id = \"tea\"; calendar = \"09:00\"; to = [ \"all\" ]; text = "        \
	"\"x\"; hold_out = 50; measure = \"week\"; }, { id = \"week\"; calendar = \"Fri 10:00\"; " \
	"to = [ \"all\" ]; text = \"x\"; }"

static struct digest *programme_of(int people)
{
	struct buf list = BUF_MAX(20000);
	struct model *model;
	struct digest *digest;

	for (int i = 0; i < people; i++)
		buf_printf(&list, "%s{ id = \"p%d\"; via = [ \"hook\" ]; }", i ? ", " : "", i);
	model = model_of("", "{ id = \"p\"; }", buf_str(&list), COMPARED);
	digest = digest_new(model, NULL, &view, NOW_AT);
	digest_want(digest, model_reminder(model, "sum"), model->people[0]);
	model_unref(model);
	buf_free(&list);
	return digest;
}

/* With it they did it so often of two times, without it so often. */
static const struct {
	int people, with, without;
	const char *said;
} COMPARISONS[] = {
	{10, 2, 0, "- tea, by week: too few to tell: "},
	{100, 2, 0, "points (95 %: +90 to +100), it helps"},
	{100, 0, 2, "it does harm"},
	{100, 1, 1, "+0 points (95 %: -"},
	{100, 1, 1, "that may be chance"},
};

static void a_programme_tells_whether_it_helps(void **state)
{
	int32_t today = local_date(NOW_AT / 1000);

	for (size_t i = 0; i < ARRAY_LEN(COMPARISONS); i++) {
		struct digest *digest = programme_of(COMPARISONS[i].people);
		const struct model *model = digest->model;
		auto_free char *text = NULL;

		for (size_t k = 0; k < model->n_people; k++) {
			bool out = trial_holds_out("tea", 50, model->people[k]->id, today);
			struct fare *week = &digest->fares[model_reminder(model, "week")->index];

			week->people[k] = (struct measured){
				2, out ? COMPARISONS[i].without : COMPARISONS[i].with};
		}
		digest->fares[model_reminder(model, "tea")->index] = (struct fare){
			.asked = 10, .practised = 6, .skipped = 2, .less = 1, .stop = 3};
		text = said_to(digest, "p0");
		if (!strstr(text, COMPARISONS[i].said))
			fail_msg("row %zu: %s", i, text);
		assert_non_null(strstr(text, "The last four weeks:\n- tea: asked 10 times, "
					     "practised 75 %, skipped 2; it "
					     "cost 1 less and 3 stop\n"));
		digest_free(digest);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ones_own_record_is_told_without_blame),
		cmocka_unit_test(a_line_reaches_those_alone_whom_it_was_written_for),
		cmocka_unit_test(a_team_is_one_number_of_at_least_three),
		cmocka_unit_test(a_plateau_is_told_by_consent_alone),
		cmocka_unit_test(the_coming_week_is_that_of_the_person),
		cmocka_unit_test(a_programme_tells_whether_it_helps),
	};
	int failed;

	model_begin(argv[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_end();
	return failed;
}
