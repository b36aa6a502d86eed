/* How fast the store records and settles: store [KIND [FOLDER [COUNT]]]. Changes of 256 messages, a
 * few of them under way at a time, as dispatch makes them. Prints rates and bytes written. */
#include "base/clock.h"
#include "base/str.h"
#include "port/store.h"

#include <event2/event.h>
#include <stdio.h>
#include <time.h>

enum { PEOPLE = 5000, CHANGE = 256, UNDER_WAY = 8 };

struct bench {
	struct event_base *loop;
	struct store *store;
	size_t count, next, answered, failed;
	struct id *deliveries, *occurrences;
	struct change *(*fill)(struct bench *bench, size_t from, size_t to);
	size_t *order;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static long long bytes_written(void)
{
	long long bytes = 0;
	char line[128];
	FILE *io = fopen("/proc/self/io", "re");

	while (io && fgets(line, sizeof(line), io))
		sscanf(line, "wchar: %lld", &bytes);
	if (io)
		fclose(io);
	return bytes;
}

static struct delivery make_delivery(struct bench *bench, size_t at, char *person)
{
	snprintf(person, 32, "person-%zu", at % PEOPLE);
	return (struct delivery){
		.id = bench->deliveries[at],
		.channel = (char *)"chat-practice",
		.recipient = person,
		.budget_date = 20000,
		.created_at = INT64_C(1790000000000),
		.not_before_at = INT64_C(1790000000000),
		.expire_at = INT64_C(1790003600000),
		.state = DELIVERY_WAITING,
		.next_at = INT64_C(1790000000000),
	};
}

static struct change *fill_record(struct bench *bench, size_t from, size_t to)
{
	struct change *change = change_new();

	for (size_t i = from; i < to; i++) {
		char person[32];
		struct delivery delivery = make_delivery(bench, i, person);
		struct occurrence occurrence = {
			.id = bench->occurrences[i],
			.key = {(char *)"scales-daily", person, NULL,
				INT64_C(1790000000) + i / PEOPLE * 3600, 0},
			.kind = (char *)"practice",
			.due_at = INT64_C(1790000000000) + i / PEOPLE * 3600000,
			.planned_at = INT64_C(1790000000000),
			.rule = (char *)"sent at its time",
			.title = (char *)"Ten minutes of sight reading",
			.text = (char *)"Take the page you marked yesterday. Slowly, hands apart, "
					"then together. Say what was hard.",
			.follow_at = TIME_NEVER,
			.answered_at = TIME_NEVER,
		};
		struct occurrence *item = &occurrence;

		delivery.items = &item;
		delivery.count = 1;
		change_record_occurrence(change, &occurrence);
		change_record_delivery(change, &delivery);
	}
	return change;
}

static struct change *fill_settle(struct bench *bench, size_t from, size_t to)
{
	struct change *change = change_new();

	for (size_t i = from; i < to; i++) {
		char person[32];
		struct delivery delivery = make_delivery(bench, bench->order[i], person);

		delivery.state = DELIVERY_DELIVERED;
		delivery.attempts = 1 + (bench->order[0] != 0);
		delivery.next_at = TIME_NEVER;
		delivery.status = 200;
		delivery.receipt = (char *)"1790000000.000100";
		change_settle_delivery(change, &delivery);
	}
	return change;
}

static struct change *fill_close(struct bench *bench, size_t from, size_t to)
{
	struct change *change = change_new();

	for (size_t i = from; i < to; i++)
		change_follow_occurrence(
			change, bench->occurrences[i], OCCURRENCE_CLOSED, TIME_NEVER, 0);
	return change;
}

static void on_done(void *owner, const struct store_result *result);

static void submit(struct bench *bench)
{
	size_t to = MIN_OF(bench->next + CHANGE, bench->count);

	if (bench->next == bench->count)
		return;
	store_apply(bench->store, bench->fill(bench, bench->next, to), on_done, bench);
	bench->next = to;
}

static void on_done(void *owner, const struct store_result *result)
{
	struct bench *bench = owner;

	bench->failed += result->error != 0;
	submit(bench);
	if (store_pending(bench->store) == 0)
		event_base_loopbreak(bench->loop);
}

static double run(struct bench *bench, const char *name,
	struct change *(*fill)(struct bench *bench, size_t from, size_t to))
{
	double start = seconds(), took;
	long long bytes = bytes_written();

	bench->fill = fill;
	bench->next = 0;
	for (int i = 0; i < UNDER_WAY; i++)
		submit(bench);
	event_base_loop(bench->loop, EVLOOP_NO_EXIT_ON_EMPTY);
	took = seconds() - start;
	printf("%-24s %8.0f a second, %5.0f bytes each%s\n", name, bench->count / took,
		(double)(bytes_written() - bytes) / bench->count,
		bench->failed ? " (SOME FAILED)" : "");
	return took;
}

static void on_pruned(void *owner, const struct store_result *result)
{
	struct bench *bench = owner;

	bench->answered = result->count;
	bench->failed += result->error != 0;
	event_base_loopbreak(bench->loop);
}

static void run_prune(struct bench *bench)
{
	double start = seconds(), slice, longest = 0;
	size_t pruned = 0;

	do {
		slice = seconds();
		store_prune(bench->store, INT64_MAX - 1, 1000, on_pruned, bench);
		event_base_loop(bench->loop, EVLOOP_NO_EXIT_ON_EMPTY);
		pruned += bench->answered;
		longest = MAX_OF(longest, seconds() - slice);
	} while (bench->answered == 1000);
	printf("%-24s %8.0f a second, longest slice of 1000: %.1f ms\n", "prune",
		pruned / (seconds() - start), longest * 1000);
}

static void shuffle(size_t *order, size_t count)
{
	unsigned seed = 1;

	for (size_t i = count - 1; i > 0; i--) {
		size_t other = rand_r(&seed) % (i + 1), swap = order[i];

		order[i] = order[other];
		order[other] = swap;
	}
}

int main(int argc, char **argv)
{
	struct store_settings settings = {
		.kind = argc > 1 ? argv[1] : "memory",
		.folder = argc > 2 ? argv[2] : NULL,
	};
	struct bench bench = {.count = argc > 3 ? atol(argv[3]) : 100000};
	char *error = NULL;
	double took;

	bench.loop = settings.loop = event_base_new();
	if (store_open(&settings, &bench.store, &error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	bench.deliveries = mem_new_array(bench.count, sizeof(struct id));
	bench.occurrences = mem_new_array(bench.count, sizeof(struct id));
	bench.order = mem_new_array(bench.count, sizeof(size_t));
	for (size_t i = 0; i < bench.count; i++) {
		bench.occurrences[i] = id_new(INT64_C(1790000000000) + i / 100);
		bench.deliveries[i] = id_new(INT64_C(1790000000000) + i / 100);
		bench.order[i] = i;
	}
	took = run(&bench, "record", fill_record);
	took += run(&bench, "settle", fill_settle);
	printf("%-24s %8.0f a second\n", "recorded and settled", bench.count / took);
	shuffle(bench.order, bench.count);
	run(&bench, "settle, any order", fill_settle);
	run(&bench, "close", fill_close);
	if (settings.folder) /* the reference prunes in quadratic time */
		run_prune(&bench);
	store_close(bench.store);
	event_base_free(bench.loop);
	free(bench.deliveries);
	free(bench.occurrences);
	free(bench.order);
	return bench.failed != 0;
}
