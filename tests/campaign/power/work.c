/* A busy store, for the recorder: change n of the story is the same in every run, so that whoever finds
 * a database of later can say what must be in it. Says "submitted N" before and "answered N" after each
 * change is durable. usage: power-work FOLDER CHANGES SESSION SEED */
#include "story.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "port/store.h"

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

enum { BURST = 6 };

/* One write(): the recorder sees nothing else. */
static void say(const char *word, int number)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%s %d\n", word, number);

	if (write(STDERR_FILENO, line, len) != len)
		abort();
}

static void on_done(void *owner, const struct store_result *result)
{
	int *answered = owner;

	if (result->error) {
		say("failed", result->error);
		_exit(1);
	}
	say("answered", ++*answered);
}

static void submit_occurrence(struct change *change, int n)
{
	struct occurrence occurrence;
	char text[STORY_TEXT_MAX];

	story_occurrence(n, text, &occurrence);
	change_record_occurrence(change, &occurrence);
}

static void submit_delivery(struct change *change, int n)
{
	struct occurrence occurrence, *items[] = {&occurrence};
	struct delivery delivery;
	char text[STORY_TEXT_MAX];

	story_occurrence(n, text, &occurrence);
	story_delivery(n, 0, &delivery);
	delivery.items = items;
	delivery.count = 1;
	change_record_delivery(change, &delivery);
}

static void submit_settled(struct change *change, int n, int age)
{
	struct delivery delivery;

	if (n < 1)
		return;
	story_delivery(n, age, &delivery);
	change_settle_delivery(change, &delivery);
}

static void submit(struct store *store, int n, int *answered)
{
	struct change *change = change_new();
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	submit_occurrence(change, n);
	submit_delivery(change, n);
	submit_settled(change, n - STORY_TRIED, STORY_TRIED);
	submit_settled(change, n - STORY_ENDED, STORY_ENDED);
	if (n > STORY_ANSWERED)
		change_answer_occurrence(change, story_id(STORY_OCCURRENCE, n - STORY_ANSWERED),
			ANSWER_DONE, number, SHARE_ME, n, TIME_NEVER);
	change_set_value(change, "story", number);
	say("submitted", n);
	store_apply(store, change, on_done, answered);
}

/* From `first` on, so many changes; then the store is closed in order. */
static void live(const char *folder, struct event_base *loop, int first, int count, int *answered)
{
	struct store_settings settings = {.kind = "sqlite", .folder = folder, .loop = loop};
	struct store *store;
	char *error = NULL;
	int next = first;

	if (store_open(&settings, &store, &error) < 0) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	while (*answered < first + count - 1) {
		int burst = 1 + (int)random_below(BURST);

		while (burst-- > 0 && next < first + count)
			submit(store, next++, answered);
		while (store_pending(store) > random_below(BURST))
			event_base_loop(loop, EVLOOP_ONCE);
	}
	store_close(store);
}

int main(int argc, char **argv)
{
	struct event_base *loop = event_base_new();
	int changes, session, answered = 0;

	if (argc != 5)
		return 2;
	changes = atoi(argv[2]);
	session = atoi(argv[3]);
	random_seed(strtoull(argv[4], NULL, 10));
	for (int first = 1; first <= changes; first += session)
		live(argv[1], loop, first, MIN_OF(session, changes - first + 1), &answered);
	event_base_free(loop);
	return 0;
}
