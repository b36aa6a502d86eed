/* The store's door: the queue of work, the thread that does it, and the way back onto the loop.
 *
 * Work is done in groups: the changes of a group share one commit, and questions are asked after
 * it, so that nobody hears of what is not durable. A store without a thread does the same work in
 * the same order from the loop. The implementation is touched by one thread at a time: the worker,
 * or the loop while the worker is known to rest (load, close). */
#include "port/store_work.h"
#include "base/str.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

enum {
	GROUP_VERBS = 16384,   /* of one commit, at most (and one change more) */
	QUEUE_VERBS = 1 << 18, /* waiting; what comes above is answered -ENOBUFS */
	TURN_ANSWERS = 128,    /* completions in one turn of the loop */
	WAIT_WORTH_US = 1000,  /* a commit that takes less is not worth waiting for */
	WAIT_MAX_US = 4000,
	FIND_LIMIT = 100,
	FIND_LIMIT_MAX = 10000,
};

enum job_kind { JOB_APPLY, JOB_PRUNE, JOB_FORGET, JOB_FIND, JOB_FACTS, JOB_BACKUP };

struct job {
	STAILQ_ENTRY(job) in_queue;
	enum job_kind kind;
	size_t verbs;
	struct change *change;
	char *text; /* person or path */
	int64_t before_at;
	size_t limit;
	struct store_find find;
	struct fact_find *facts; /* of JOB_FACTS; owned */
	struct outcome outcome;
	store_on_done on_done;
	store_on_occurrences on_occurrences;
	store_on_deliveries on_deliveries;
	store_on_facts on_facts;
	void *owner;
};
STAILQ_HEAD(jobs, job);

struct store {
	const struct store_kind *kind;
	void *context;
	int signal_fd;
	struct event *signal_event;
	struct jobs answers;             /* the loop's share of done, in order */
	size_t pending;                  /* the loop's */
	void (*on_damaged)(void *owner); /* NULL once it was told */
	void *owner;

	pthread_t thread;
	pthread_mutex_t lock; /* everything below, in both directions */
	pthread_cond_t work, rest;
	struct jobs queue;
	size_t queued_verbs;
	bool working, closing;
	struct jobs done;

	/* The worker's alone. */
	struct jobs unfinished; /* questions that need more slices */
	int64_t commit_us;      /* how long commits take, smoothed */
	size_t last_group;      /* verbs in it */
};

/* ---- ids, rows and conditions, shared with the implementations ---- */

void id_list_add(struct id_list *list, struct id id)
{
	ARRAY_GROW(list->ids, list->count, list->capacity);
	list->ids[list->count++] = id;
}

bool id_list_has(const struct id_list *list, struct id id)
{
	for (size_t i = list->count; i-- > 0;) {
		if (id_eq(list->ids[i], id))
			return true;
	}
	return false;
}

void id_list_free(struct id_list *list)
{
	free(list->ids);
	*list = (struct id_list){0};
}

void store_find_add(struct store_find *find, void *row)
{
	ARRAY_GROW(find->rows, find->count, find->capacity);
	find->rows[find->count++] = row;
}

static bool wants_id(const struct store_query *query, struct id id)
{
	int order = memcmp(id.bytes, query->after.bytes, sizeof(id.bytes));

	if (!id_none(query->id) && !id_eq(id, query->id))
		return false;
	if (id_none(query->after))
		return true;
	return query->newest_first ? order < 0 : order > 0;
}

bool store_query_wants_occurrence(
	const struct store_query *query, const struct occurrence *occurrence)
{
	const struct occurrence_key *key = &occurrence->key;

	return wants_id(query, occurrence->id) &&
	       (!query->recipient || str_eq(query->recipient, key->recipient)) &&
	       (!query->reminder || str_eq(query->reminder, key->reminder)) &&
	       (!query->open_only || occurrence->state == OCCURRENCE_OPEN) &&
	       (!query->has_local ||
		       (key->local >= query->local_from && key->local < query->local_to));
}

bool store_query_wants_delivery(const struct store_query *query, const struct delivery *delivery)
{
	return wants_id(query, delivery->id) && delivery->created_at >= query->created_at &&
	       (!query->recipient || str_eq(query->recipient, delivery->recipient)) &&
	       (!query->channel || str_eq(query->channel, delivery->channel)) &&
	       (!query->open_only || delivery_is_open(delivery->state)) &&
	       (!query->dead_only || delivery_is_dead(delivery->state)) &&
	       (!query->states || query->states >> delivery->state & 1);
}

bool store_query_wants_items(const struct store_query *query, const struct delivery *delivery)
{
	if (!id_none(query->carries) && !delivery_has_item(delivery, query->carries))
		return false;
	if (!query->reminder)
		return true;
	for (size_t i = 0; i < delivery->count; i++)
		if (str_eq(delivery->items[i]->key.reminder, query->reminder))
			return true;
	return false;
}

void store_forgotten_name(const char *person, char name[static FORGOTTEN_NAME])
{
	uint8_t digest[16];

	crypto_generichash(
		digest, sizeof(digest), (const uint8_t *)person, strlen(person), NULL, 0);
	memcpy(name, FORGOTTEN, 10);
	str_hex(digest, sizeof(digest), name + 10);
}

/* ---- jobs ---- */

static struct job *job_new(enum job_kind kind, void *owner)
{
	struct job *job = mem_new(sizeof(*job));

	job->kind = kind;
	job->owner = owner;
	job->verbs = 1;
	return job;
}

static void job_free(struct job *job)
{
	change_free(job->change);
	free(job->text);
	free((char *)job->find.query.recipient);
	free((char *)job->find.query.reminder);
	free((char *)job->find.query.channel);
	for (size_t i = 0; i < job->find.count; i++) {
		if (job->find.of_deliveries)
			delivery_free(job->find.rows[i]);
		else
			occurrence_free(job->find.rows[i]);
	}
	free(job->find.rows);
	if (job->facts)
		fact_find_clear(job->facts);
	free(job->facts);
	id_list_free(&job->outcome.known);
	id_list_free(&job->outcome.dropped);
	id_list_free(&job->outcome.recorded);
	free(job);
}

static void jobs_free(struct jobs *jobs)
{
	struct job *job;

	while ((job = STAILQ_FIRST(jobs))) {
		STAILQ_REMOVE_HEAD(jobs, in_queue);
		job_free(job);
	}
}

static bool job_writes(const struct job *job)
{
	return job->kind == JOB_APPLY || job->kind == JOB_PRUNE || job->kind == JOB_FORGET;
}

static void job_answer(struct job *job)
{
	const struct outcome *outcome = &job->outcome;
	struct store_result result = {
		.error = outcome->error,
		.n_known = outcome->error ? 0 : outcome->known.count,
		.known = outcome->known.ids,
		.n_dropped = outcome->error ? 0 : outcome->dropped.count,
		.dropped = outcome->dropped.ids,
		.count = outcome->error ? 0 : outcome->count,
	};
	const struct store_removed *removed = &outcome->removed;
	size_t rows = outcome->error ? 0 : job->find.count;

	if (!outcome->error && job->kind == JOB_FORGET) {
		result.removed = *removed;
		result.count = removed->occurrences + removed->deliveries + removed->pauses +
			       removed->begins + removed->kept;
	}
	if (job->on_done)
		job->on_done(job->owner, &result);
	if (job->on_occurrences)
		job->on_occurrences(job->owner, outcome->error,
			(struct occurrence *const *)job->find.rows, rows);
	if (job->on_deliveries)
		job->on_deliveries(
			job->owner, outcome->error, (struct delivery *const *)job->find.rows, rows);
	if (job->on_facts)
		job->on_facts(job->owner, outcome->error, job->facts->facts,
			outcome->error ? 0 : job->facts->count);
}

/* ---- doing the work ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int write_one(struct store *store, struct job *job)
{
	if (job->outcome.error) /* refused at the door */
		return 0;
	switch (job->kind) {
	case JOB_APPLY:
		return store->kind->apply(store->context, job->change, &job->outcome);
	case JOB_PRUNE:
		return store->kind->prune(
			store->context, job->before_at, job->limit, &job->outcome);
	default:
		return store->kind->forget(store->context, job->text, &job->outcome);
	}
}

static int commit(struct store *store)
{
	int64_t start = now_us();
	int error = store->kind->commit(store->context);

	store->commit_us = (3 * store->commit_us + (now_us() - start)) / 4;
	return error;
}

/* One transaction over the changes of a group: all of them share its fate, but one that fails by
 * itself fails alone. */
static void write_group(struct store *store, struct jobs *group)
{
	struct job *job;
	bool writes = false;
	int error = 0;

	STAILQ_FOREACH(job, group, in_queue)
	writes |= job_writes(job);
	if (!writes)
		return;
	error = store->kind->begin(store->context);
	STAILQ_FOREACH(job, group, in_queue)
	{
		if (!error && job_writes(job))
			error = write_one(store, job);
	}
	if (!error)
		error = commit(store);
	if (!error)
		return;
	store->kind->roll_back(store->context);
	STAILQ_FOREACH(job, group, in_queue)
	{
		if (job_writes(job) && !job->outcome.error)
			job->outcome.error = error;
	}
}

/* One slice of every open question; the finished ones move to done. */
static void ask_group(struct store *store, struct jobs *asked, struct jobs *done)
{
	struct jobs again = STAILQ_HEAD_INITIALIZER(again);
	struct job *job;

	while ((job = STAILQ_FIRST(asked))) {
		int more = 0;

		STAILQ_REMOVE_HEAD(asked, in_queue);
		if (job->kind == JOB_FIND && !job->outcome.error)
			more = store->kind->find(store->context, &job->find);
		else if (job->kind == JOB_FACTS && !job->outcome.error)
			more = store->kind->find_facts(store->context, job->facts);
		else if (job->kind == JOB_BACKUP && !job->outcome.error)
			more = store->kind->backup(store->context, job->text);
		if (more < 0)
			job->outcome.error = more;
		if (more > 0)
			STAILQ_INSERT_TAIL(&again, job, in_queue);
		else
			STAILQ_INSERT_TAIL(done, job, in_queue);
	}
	STAILQ_CONCAT(&store->unfinished, &again);
}

/* Takes the next group from the head of the queue, under the lock. A copy of the whole store ends a
 * group: it takes long, and what was written before it is answered first. */
static void take_group(struct store *store, struct jobs *group)
{
	struct job *job;
	size_t verbs = 0;

	while ((job = STAILQ_FIRST(&store->queue)) && verbs < GROUP_VERBS) {
		if (job->kind == JOB_BACKUP && !STAILQ_EMPTY(group))
			break;
		STAILQ_REMOVE_HEAD(&store->queue, in_queue);
		STAILQ_INSERT_TAIL(group, job, in_queue);
		verbs += job->verbs;
		if (job->kind == JOB_BACKUP)
			break;
	}
	store->queued_verbs -= verbs;
	store->last_group = verbs;
}

/* Does one group; the finished jobs are left in it: what wrote, in the order it came, then what
 * asked. Whoever hears an answer has heard before of every change that it shows. */
static void do_group(struct store *store, struct jobs *group)
{
	struct jobs asked = STAILQ_HEAD_INITIALIZER(asked);
	struct jobs done = STAILQ_HEAD_INITIALIZER(done);
	struct job *job;

	write_group(store, group);
	/* Older questions first, so that none starves. */
	STAILQ_CONCAT(&asked, &store->unfinished);
	while ((job = STAILQ_FIRST(group))) {
		STAILQ_REMOVE_HEAD(group, in_queue);
		if (job_writes(job))
			STAILQ_INSERT_TAIL(&done, job, in_queue);
		else
			STAILQ_INSERT_TAIL(&asked, job, in_queue);
	}
	ask_group(store, &asked, &done);
	STAILQ_CONCAT(group, &done);
}

static bool has_work(const struct store *store)
{
	return !STAILQ_EMPTY(&store->queue) || !STAILQ_EMPTY(&store->unfinished);
}

static void wake_loop(struct store *store)
{
	uint64_t one = 1;
	ssize_t written = write(store->signal_fd, &one, sizeof(one));

	/* A counter cannot fail but by overflow, and then the loop is awake already. */
	assert(written == sizeof(one) || errno == EAGAIN);
}

/* ---- the thread ---- */

/* Where commits are slow and the last group was larger than this one, the rest of those who wait
 * for their answers is on its way: a share of a commit is well spent on them. */
static void wait_for_more(struct store *store)
{
	int64_t until_us, wait_us = MIN_OF(store->commit_us / 4, WAIT_MAX_US);
	struct timespec until;

	if (store->commit_us < WAIT_WORTH_US || store->closing || STAILQ_EMPTY(&store->queue))
		return;
	until_us = now_us() + wait_us;
	until.tv_sec = until_us / 1000000;
	until.tv_nsec = until_us % 1000000 * 1000;
	while (store->queued_verbs < MIN_OF(store->last_group, (size_t)GROUP_VERBS) &&
		!store->closing) {
		if (pthread_cond_timedwait(&store->work, &store->lock, &until) == ETIMEDOUT)
			break;
	}
}

static void *work(void *argument)
{
	struct store *store = argument;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		struct jobs group = STAILQ_HEAD_INITIALIZER(group);

		while (!has_work(store) && !store->closing)
			pthread_cond_wait(&store->work, &store->lock);
		if (!has_work(store))
			break;
		wait_for_more(store);
		take_group(store, &group);
		store->working = true;
		pthread_mutex_unlock(&store->lock);
		do_group(store, &group);
		pthread_mutex_lock(&store->lock);
		STAILQ_CONCAT(&store->done, &group);
		wake_loop(store);
		pthread_mutex_unlock(&store->lock);
		if (store->kind->tend)
			store->kind->tend(store->context);
		pthread_mutex_lock(&store->lock);
		store->working = false;
		pthread_cond_signal(&store->rest);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

static int start_thread(struct store *store)
{
	pthread_condattr_t clock;
	sigset_t all, before;
	int error;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&store->work, &clock);
	pthread_condattr_destroy(&clock);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&store->thread, NULL, work, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

/* ---- the loop's side ---- */

/* Does what is waiting without a thread; the answers stay in done. */
static void work_here(struct store *store, bool all)
{
	do {
		struct jobs group = STAILQ_HEAD_INITIALIZER(group);

		take_group(store, &group);
		do_group(store, &group);
		STAILQ_CONCAT(&store->done, &group);
	} while (all && has_work(store));
}

static void tell_damage(struct store *store, const struct job *job)
{
	void (*on_damaged)(void *owner) = store->on_damaged;

	if (job->outcome.error != -EBADMSG || !on_damaged)
		return;
	store->on_damaged = NULL;
	on_damaged(store->owner);
}

/* Answers what is done, some in a turn; what remains keeps the descriptor readable. */
static void on_signal(evutil_socket_t fd, short what, void *owner)
{
	struct store *store = owner;
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));

	assert(got == sizeof(count) || errno == EAGAIN);
	if (!store->kind->threaded && has_work(store))
		work_here(store, false);
	pthread_mutex_lock(&store->lock);
	STAILQ_CONCAT(&store->answers, &store->done);
	pthread_mutex_unlock(&store->lock);
	for (int i = 0; i < TURN_ANSWERS && !STAILQ_EMPTY(&store->answers); i++) {
		struct job *job = STAILQ_FIRST(&store->answers);

		STAILQ_REMOVE_HEAD(&store->answers, in_queue);
		if (job_writes(job))
			store->pending--;
		tell_damage(store, job);
		job_answer(job);
		job_free(job);
	}
	if (!STAILQ_EMPTY(&store->answers) || (!store->kind->threaded && has_work(store)))
		wake_loop(store);
}

static void submit(struct store *store, struct job *job)
{
	bool idle;

	if (job_writes(job))
		store->pending++;
	pthread_mutex_lock(&store->lock);
	if (store->queued_verbs + job->verbs > QUEUE_VERBS) {
		/* It keeps its place in the order, not its memory. */
		job->outcome.error = -ENOBUFS;
		change_free(job->change);
		job->change = NULL;
		job->verbs = 0;
	}
	idle = STAILQ_EMPTY(&store->queue);
	STAILQ_INSERT_TAIL(&store->queue, job, in_queue);
	store->queued_verbs += job->verbs;
	if (store->kind->threaded)
		pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->lock);
	if (!store->kind->threaded && idle)
		wake_loop(store);
}

/* Until nothing waits and the worker rests; answers may wait for the loop. */
static void drain(struct store *store)
{
	if (!store->kind->threaded) {
		if (has_work(store))
			work_here(store, true);
		return;
	}
	pthread_mutex_lock(&store->lock);
	while (has_work(store) || store->working)
		pthread_cond_wait(&store->rest, &store->lock);
	pthread_mutex_unlock(&store->lock);
}

/* ---- opening and closing ---- */

static const struct store_kind *kind_by_name(const char *name)
{
	static const struct store_kind *const kinds[] = {&store_sqlite, &store_memory};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_eq(name, kinds[i]->name))
			return kinds[i];
	}
	return NULL;
}

static void store_free(struct store *store)
{
	if (store->context)
		store->kind->close(store->context);
	if (store->signal_event)
		event_free(store->signal_event);
	if (store->signal_fd >= 0)
		close(store->signal_fd);
	pthread_cond_destroy(&store->work);
	pthread_cond_destroy(&store->rest);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

static struct store *store_new(const struct store_kind *kind)
{
	struct store *store = mem_new(sizeof(*store));

	store->kind = kind;
	store->signal_fd = -1;
	STAILQ_INIT(&store->answers);
	STAILQ_INIT(&store->queue);
	STAILQ_INIT(&store->done);
	STAILQ_INIT(&store->unfinished);
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->rest, NULL);
	return store;
}

/* Everything but the implementation: the way back onto the loop, and the thread. */
static int start(struct store *store, struct event_base *loop)
{
	int error;

	store->signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->signal_fd < 0)
		return -errno;
	store->signal_event =
		event_new(loop, store->signal_fd, EV_READ | EV_PERSIST, on_signal, store);
	if (!store->signal_event || event_add(store->signal_event, NULL) < 0)
		return -ENOMEM;
	error = store->kind->threaded ? start_thread(store) : 0;
	return error;
}

int store_open(const struct store_settings *settings, struct store **ret, char **ret_error)
{
	const struct store_kind *kind = kind_by_name(settings->kind);
	struct store *store;
	int error;

	if (!kind) {
		*ret_error = str_printf(
			"there is no store \"%s\": use \"sqlite\" or \"memory\"", settings->kind);
		return -EINVAL;
	}
	store = store_new(kind);
	store->on_damaged = settings->on_damaged;
	store->owner = settings->owner;
	error = kind->open(settings, &store->context, ret_error);
	if (!error) {
		error = start(store, settings->loop);
		if (error)
			*ret_error = str_printf("cannot start the store: %s", strerror(-error));
	}
	if (error) {
		store_free(store);
		return error;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	drain(store);
	if (store->kind->threaded) {
		pthread_mutex_lock(&store->lock);
		store->closing = true;
		pthread_cond_signal(&store->work);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
	}
	jobs_free(&store->answers);
	jobs_free(&store->done);
	store_free(store);
}

/* ---- the verbs ---- */

void store_apply(struct store *store, struct change *change, store_on_done on_done, void *owner)
{
	struct job *job = job_new(JOB_APPLY, owner);

	job->change = change;
	job->verbs = MAX_OF(change_count(change), (size_t)1);
	job->on_done = on_done;
	submit(store, job);
}

size_t store_pending(const struct store *store)
{
	return store->pending;
}

int store_load(
	struct store *store, int32_t budget_since, const struct store_visitor *visitor, void *owner)
{
	drain(store);
	return store->kind->load(store->context, budget_since, visitor, owner);
}

static struct job *find_new(const struct store_query *query, void *owner)
{
	struct job *job = job_new(JOB_FIND, owner);
	struct store_query *copy = &job->find.query;

	*copy = *query;
	copy->recipient = str_new(query->recipient);
	copy->reminder = str_new(query->reminder);
	copy->channel = str_new(query->channel);
	copy->limit = query->limit ? MIN_OF(query->limit, (size_t)FIND_LIMIT_MAX) : FIND_LIMIT;
	return job;
}

void store_find_occurrences(struct store *store, const struct store_query *query,
	store_on_occurrences on_done, void *owner)
{
	struct job *job = find_new(query, owner);

	job->on_occurrences = on_done;
	submit(store, job);
}

void store_find_deliveries(struct store *store, const struct store_query *query,
	store_on_deliveries on_done, void *owner)
{
	struct job *job = find_new(query, owner);

	job->find.of_deliveries = true;
	job->on_deliveries = on_done;
	submit(store, job);
}

void store_find_facts(
	struct store *store, const struct fact_query *query, store_on_facts on_done, void *owner)
{
	struct job *job = job_new(JOB_FACTS, owner);

	job->facts = mem_new(sizeof(*job->facts));
	fact_find_set(job->facts, query);
	job->on_facts = on_done;
	submit(store, job);
}

void store_backup(struct store *store, const char *path, store_on_done on_done, void *owner)
{
	struct job *job = job_new(JOB_BACKUP, owner);

	job->text = str_new(path);
	job->on_done = on_done;
	submit(store, job);
}

void store_prune(
	struct store *store, int64_t before_at, size_t limit, store_on_done on_done, void *owner)
{
	struct job *job = job_new(JOB_PRUNE, owner);

	job->before_at = before_at;
	job->limit = limit;
	job->on_done = on_done;
	submit(store, job);
}

void store_forget(struct store *store, const char *person, store_on_done on_done, void *owner)
{
	struct job *job = job_new(JOB_FORGET, owner);

	job->text = str_new(person);
	job->on_done = on_done;
	submit(store, job);
}
