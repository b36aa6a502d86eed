/* Fills a new store with a record of practice: history FOLDER PEOPLE DAYS NOW. One answered occurrence
 * a day for each of the people p0, p1..., the last one of yesterday (of NOW, seconds since the epoch). */
#include "base/clock.h"
#include "base/str.h"
#include "port/store.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

enum { CHANGE = 1000, DAY = 86400 };

static void on_done(void *owner unused_arg, const struct store_result *result)
{
	if (result->error) {
		fprintf(stderr, "history: %s\n", strerror(-result->error));
		exit(1);
	}
}

static void add(struct change *change, int person, int64_t local)
{
	char id[24];
	struct occurrence occurrence = {.id = id_new(local * 1000),
		.key = {(char *)"stretch", id, NULL, local, 0},
		.kind = (char *)"practice",
		.due_at = local * 1000,
		.planned_at = local * 1000,
		.rule = (char *)"schedule: on schedule",
		.title = (char *)"Ten minutes of sight reading",
		.text = (char *)"Take the page you marked yesterday. Slowly, hands apart.",
		.follow_at = TIME_NEVER};

	snprintf(id, sizeof(id), "p%d", person);
	change_record_occurrence(change, &occurrence);
	if (person % 7 != local / DAY % 7)
		change_answer_occurrence(change, occurrence.id,
			person % 3 ? ANSWER_DONE : ANSWER_STUCK, "It went well.",
			person % 4 ? SHARE_ME : SHARE_PARTNER, local * 1000 + 60000, TIME_NEVER);
}

int main(int argc, char **argv)
{
	struct event_base *loop = event_base_new();
	struct store_settings settings = {
		.kind = "sqlite", .folder = argc > 1 ? argv[1] : "", .loop = loop};
	int64_t people, days, now;
	struct store *store;
	char *error = NULL;

	if (argc != 5 || str_to_int64(argv[2], &people) < 0 || str_to_int64(argv[3], &days) < 0 ||
		str_to_int64(argv[4], &now) < 0) {
		fprintf(stderr, "usage: history FOLDER PEOPLE DAYS NOW\n");
		return 2;
	}
	if (store_open(&settings, &store, &error) < 0) {
		fprintf(stderr, "history: %s\n", error);
		return 1;
	}
	for (int64_t day = days; day > 0; day--)
		for (int64_t person = 0; person < people; person += CHANGE) {
			struct change *change = change_new();

			for (int64_t i = person; i < MIN_OF(person + CHANGE, people); i++)
				add(change, (int)i, (now / DAY - day) * DAY + 9 * 3600);
			store_apply(store, change, on_done, NULL);
			while (store_pending(store) > 8)
				event_base_loop(loop, EVLOOP_ONCE);
		}
	while (store_pending(store))
		event_base_loop(loop, EVLOOP_ONCE);
	store_close(store);
	event_base_free(loop);
	return 0;
}
