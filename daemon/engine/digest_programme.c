/* How a programme fares: every fact of the last weeks, counted as it is read, page by page. Keeps numbers
 * and nothing that anybody said. */
#include "base/str.h"
#include "engine/digest_internal.h"
#include "model/trial.h"
#include "port/store.h"

#include <errno.h>

enum {
	PAGE = 8192,
	LATE_DAYS = 7, /* so long after its end, a quarter is still what is told */
};

static bool is_measured(const struct model *model, const struct reminder *measure)
{
	for (size_t i = 0; i < model->n_reminders; i++)
		if (model->reminders[i]->measure == measure)
			return true;
	return false;
}

void digest_programme_begin(struct digest *digest)
{
	const struct model *model = digest->model;

	if (digest->fares)
		return;
	digest->fares = mem_new_array(model->n_reminders, sizeof(*digest->fares));
	for (size_t i = 0; i < model->n_reminders; i++)
		if (is_measured(model, model->reminders[i]))
			digest->fares[i].people =
				mem_new_array(model->n_people, sizeof(*digest->fares[i].people));
}

void digest_programme_free(struct digest *digest)
{
	for (size_t i = 0; digest->fares && i < digest->model->n_reminders; i++)
		free(digest->fares[i].people);
	free(digest->fares);
}

/* The first day of the quarter that is told of. */
static int32_t told_quarter(int32_t today)
{
	return trial_quarter(today - LATE_DAYS);
}

static bool is_practice(enum answer answer)
{
	return answer == ANSWER_DONE || answer == ANSWER_STUCK;
}

/* Of the day itself only what was answered is over. */
static void count(struct fare *fare, const struct fact *fact, int32_t date, int32_t today)
{
	bool silent = fact->answer == ANSWER_NONE || fact->answer == ANSWER_SNOOZE;

	if (date <= today - DIGEST_DAYS || (silent && date >= today))
		return;
	fare->asked++;
	fare->practised += is_practice(fact->answer);
	fare->skipped += fact->answer == ANSWER_SKIP;
	fare->less += fact->answer == ANSWER_LESS;
	fare->stop += fact->answer == ANSWER_STOP;
}

static void measure(struct fare *fare, const struct person *person, const struct fact *fact,
	int32_t date, int32_t today)
{
	struct measured *measured = &fare->people[person->index];

	if (trial_quarter(date) != told_quarter(today) || date >= today ||
		measured->asked == UINT16_MAX)
		return;
	measured->asked++;
	measured->done += is_practice(fact->answer);
}

static void take(struct digest *digest, const struct fact *fact)
{
	const struct reminder *reminder = model_reminder(digest->model, fact->reminder);
	const struct person *person = model_person(digest->model, fact->recipient);
	int32_t today = local_date(digest->now_at / 1000), date;
	struct fare *fare;

	/* Word to somebody about another's silence is no question to them. */
	if (!reminder || !person || fact->state == OCCURRENCE_SKIPPED ||
		(fact->about && !reminder->has_about))
		return;
	fare = &digest->fares[reminder->index];
	date = local_date(zone_to_local(person->place->zone, fact->due_at / 1000, NULL));
	count(fare, fact, date, today);
	if (fare->people)
		measure(fare, person, fact, date, today);
}

static void on_page(void *owner, int error, const struct fact *facts, size_t n)
{
	struct digest *digest = owner;

	for (size_t i = 0; i < n && !error && !digest->orphan; i++)
		take(digest, &facts[i]);
	if (error == -ESTALE) {
		digest->cut = true;
		error = 0;
		n = 0;
	}
	if (error || n < PAGE || digest->orphan) {
		digest_programme_end(digest, error);
		return;
	}
	digest->after = facts[n - 1].id;
	digest_programme_ask(digest);
}

void digest_programme_ask(struct digest *digest)
{
	int32_t today = local_date(digest->now_at / 1000);
	int64_t from = MIN_OF(told_quarter(today), today - DIGEST_DAYS) - 1;
	const struct fact_query query = {.local_from = from * DAY_S,
		.local_to = (today + INT64_C(2)) * DAY_S,
		.limit = PAGE,
		.after = digest->after};

	store_find_facts(digest->store, &query, on_page, digest);
}

/* ---- words ---- */

static void add_fare(struct buf *out, const struct reminder *reminder, const struct fare *fare)
{
	int counted = fare->asked - fare->skipped;

	buf_printf(out, "\n- %s: asked %d times", reminder->id, fare->asked);
	if (counted > 0)
		buf_printf(out, ", practised %d %%", fare->practised * 100 / counted);
	if (fare->skipped)
		buf_printf(out, ", skipped %d", fare->skipped);
	if (fare->less || fare->stop)
		buf_printf(out, "; it cost %d less and %d stop", fare->less, fare->stop);
}

static void add_trial(const struct digest *digest, const struct reminder *reminder, int32_t today,
	struct buf *out)
{
	const struct fare *fare = &digest->fares[reminder->measure->index];
	int32_t quarter = told_quarter(today);
	struct trial_group with = {0}, without = {0};
	char text[TRIAL_TEXT];

	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct person *person = digest->model->people[reminder->pairs[i].recipient];
		const struct measured *measured = &fare->people[person->index];
		bool out_of_it =
			trial_holds_out(reminder->id, reminder->hold_out, person->id, quarter);

		trial_add(out_of_it ? &without : &with, measured->asked, measured->done);
	}
	trial_write(with, without, text);
	buf_printf(out, "\n- %s, by %s: %s", reminder->id, reminder->measure->id, text);
}

void digest_write_programme(const struct digest *digest, int32_t today, struct buf *out)
{
	const struct model *model = digest->model;
	size_t lines = 0;

	for (size_t i = 0; i < model->n_reminders; i++) {
		if (!digest->fares[i].asked)
			continue;
		if (lines++ == 0)
			buf_add_str(out, "The last four weeks:");
		add_fare(out, model->reminders[i], &digest->fares[i]);
	}
	if (!lines)
		buf_add_str(out, "Nobody was asked anything in the last four weeks.");
	lines = 0;
	for (size_t i = 0; i < model->n_reminders; i++) {
		if (!model->reminders[i]->measure)
			continue;
		if (lines++ == 0)
			buf_add_str(out, "\n\nDoes it help? People with and without it, this "
					 "quarter:");
		add_trial(digest, model->reminders[i], today, out);
	}
	if (digest->cut)
		buf_add_str(out, "\n\nThe record was cleared while it was read: some of it is "
				 "missing here.");
}
