/* The link to somebody's own page, sent to them because they asked on a page that others may see. Past
 * the record, as a test message goes: it reminds of nothing, is not tried again, and says nothing that a
 * link of `nudgectl link` does not say. Owns when it went to whom; once an hour is enough. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <uthash.h>

enum { EVERY_MS = 3600 * 1000, SENT_MOST = 100000 };

struct invited {
	char *person;
	int64_t at;
	UT_hash_handle hh;
};

struct invites {
	struct invited *sent;
};

/* The first of the person's ways that has an address of theirs; a room or a hook is not theirs alone. */
static const struct channel *way_of(const struct person *person)
{
	for (size_t i = 0; i < person->n_via; i++)
		if (person->via[i]->needs_address && person_address(person, person->via[i]))
			return person->via[i];
	return NULL;
}

bool engine_can_send_link(const struct engine *engine, const char *id)
{
	const struct person *person = model_person(engine->model, id);

	return person && engine->model->public_url && way_of(person);
}

static void forget_one(struct invites *invites, struct invited *invited)
{
	HASH_DEL(invites->sent, invited);
	free(invited->person);
	free(invited);
}

void invites_free(struct engine *engine)
{
	struct invited *invited, *next;

	if (!engine->invites)
		return;
	HASH_ITER(hh, engine->invites->sent, invited, next)
		forget_one(engine->invites, invited);
	free(engine->invites);
}

/* Whether an hour has gone by; if so, another one begins. */
static bool take_turn(struct engine *engine, const char *person, int64_t now)
{
	struct invited *invited;

	if (!engine->invites)
		engine->invites = mem_new(sizeof(*engine->invites));
	/* The oldest stand first. */
	while ((invited = engine->invites->sent) &&
		(now - invited->at >= EVERY_MS || now < invited->at))
		forget_one(engine->invites, invited);
	HASH_FIND_STR(engine->invites->sent, person, invited);
	if (invited || HASH_COUNT(engine->invites->sent) >= SENT_MOST)
		return false;
	invited = mem_new(sizeof(*invited));
	invited->person = str_new(person);
	invited->at = now;
	HASH_ADD_KEYPTR(
		hh, engine->invites->sent, invited->person, strlen(invited->person), invited);
	return true;
}

/* ---- one wish ---- */

struct invite {
	engine_on_done on_done;
	void *owner;
	int error;
	const char *why;
};

static void on_answered(void *owner, const struct store_result *result unused_arg)
{
	struct invite *invite = owner;

	invite->on_done(invite->owner, invite->error, invite->why);
	free(invite);
}

static void on_gone(void *owner unused_arg, const struct verdict *verdict, int status)
{
	if (verdict && verdict->outcome != NUDGED_SENT)
		log_warning("the link to somebody's own page was not accepted (status %d); "
			    "`nudgectl link` shows it",
			status);
}

static int send_it(struct engine *engine, const struct person *person, int64_t now)
{
	const struct channel *way = way_of(person);
	auto_free char *url = engine_person_url(engine, person, LINK_PAGE);
	auto_free char *text = NULL, *error = NULL;
	struct note note = {.channel = way->id,
		.address = person_address(person, way),
		.reminder = "practice-page",
		.title = "Your practice page",
		.id = id_new(now),
		.attempt = 1,
		.created_at = now};
	int r;

	text = str_printf(
		"Here is your own page: what waits, what comes, your progress, and every "
		"choice you have.\n\n%s\n\nIt is yours alone: whoever has this link can use "
		"it. If you did not ask for it, somebody who has one of your reminders "
		"did; nothing has changed.",
		url);
	note.text = text;
	r = dispatch_send_note(engine->dispatch, &note, on_gone, NULL, NULL, &error);
	if (r < 0)
		log_warning("the link to %s's own page cannot be sent: %s", person->id, error);
	return r;
}

void engine_send_link(struct engine *engine, const char *id, engine_on_done on_done, void *owner)
{
	const struct person *person = model_person(engine->model, id);
	struct invite *invite = mem_new(sizeof(*invite));
	int64_t now = clock_now(engine->clock);

	*invite = (struct invite){.on_done = on_done, .owner = owner};
	if (!engine_can_send_link(engine, id)) {
		invite->error = -EINVAL;
		invite->why = "There is no address of yours to send it to: ask your organiser.";
	} else if (!take_turn(engine, id, now)) {
		invite->error = -EBUSY;
	} else {
		invite->error = send_it(engine, person, now);
	}
	store_apply(engine->store, change_new(), on_answered, invite);
}
