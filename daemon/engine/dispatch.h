/* Dispatch: takes recorded deliveries to their channels as each channel's rate and concurrency
 * allow, judges what came back, and settles it in grouped transactions. One lane a channel: a dead
 * receiver delays nobody else. Never sends what was not recorded; holds while the store cannot
 * record. */
#pragma once

#include "engine/channels.h"
#include "engine/engine.h"
#include "model/link.h"
#include "port/courier.h"
#include "port/store.h"

struct dispatch;

/* When the answer links of a message end, seconds: the same for its text and its buttons. */
int64_t dispatch_link_expiry_s(int64_t created_at);

struct dispatch_settings {
	struct event_base *loop;
	struct clock *clock;
	struct channels *channels;
	struct store *store;
	const struct link_key *link_key;
	void *owner;
	/* Until when a channel is paused by an administrator (ms), 0: it is not. */
	int64_t (*paused_until)(void *owner, const char *channel);
	/* The same for one delivery, because of whom it is for or what is in it. */
	int64_t (*held_until)(void *owner, const struct delivery *delivery);
	/* A settlement could not be recorded (-errno), or could again (0). */
	void (*on_store)(void *owner, int error);
};

int dispatch_new(const struct dispatch_settings *settings, struct dispatch **ret) must_check;
void dispatch_free(struct dispatch *dispatch);

/* Opens the lanes of a model and keeps a reference. Open deliveries follow the reload rules: of a
 * removed person or reminder they are cancelled, of a removed channel they go to the next of their
 * way, of a changed channel the next attempt uses the change. 0, or -errno with a sentence (owned),
 * and nothing has changed. */
int dispatch_use_model(struct dispatch *dispatch, struct model *model, char **ret_error) must_check;
/* Takes a recorded delivery in state WAITING. Beyond what there is room for in memory it is left to
 * the store, and comes from there in its turn. */
void dispatch_submit(struct dispatch *dispatch, struct delivery *delivery);
/* At a start: the store has about so many open deliveries of a channel. */
void dispatch_add_backlog(struct dispatch *dispatch, const char *channel, size_t count);
/* What was recorded up to that instant was open when the process ended by itself: its starts are
 * recorded, and one that is being sent at the third such end is quarantined. */
void dispatch_suspect(struct dispatch *dispatch, int64_t recorded_by);
/* One that waits in the store is taken from there and tried at once. */
void dispatch_pull(struct dispatch *dispatch, struct id id);
/* An open delivery that is not in dispatch's hands is being closed by the caller. */
void dispatch_withdraw(struct dispatch *dispatch, struct id id);
/* An open delivery in dispatch's hands, lent, or NULL. */
const struct delivery *dispatch_find(const struct dispatch *dispatch, struct id id);
/* Tries it now. False: not in its hands. */
bool dispatch_hurry(struct dispatch *dispatch, struct id id);
/* Cancels it with a reason. False: not in its hands. */
bool dispatch_cancel(struct dispatch *dispatch, struct id id, const char *reason);
/* Takes what the answer makes needless out of waiting messages, but for those sent by hand; what is left
 * empty is cancelled. */
void dispatch_drop_answered(
	struct dispatch *dispatch, const struct occurrence *answered, const char *reason);

/* Cancels everything open for a person. */
void dispatch_cancel_person(struct dispatch *dispatch, const char *person, const char *reason);

/* Starts nothing new while held. */
void dispatch_hold(struct dispatch *dispatch, bool held);
/* Looks again at clock and pauses. */
void dispatch_review(struct dispatch *dispatch);
size_t dispatch_waiting(const struct dispatch *dispatch);
size_t dispatch_in_flight(const struct dispatch *dispatch); /* under way, or not yet settled */
bool dispatch_is_held(const struct dispatch *dispatch);
/* Whether a channel was reported as failing, and not as working again since. */
bool dispatch_is_failing(const struct dispatch *dispatch, const char *channel);
bool dispatch_channel_status(
	const struct dispatch *dispatch, size_t index, struct channel_status *ret);

/* A message that is not in the store: a test, or word of our own trouble. Texts are lent. */
struct note {
	const char *channel,
		*address;     /* address NULL: the first person's there, where one is needed */
	const char *reminder; /* what stands in the place of a reminder's id */
	const char *title, *text;
	struct id id; /* the same on every attempt */
	int attempt;  /* 1.. */
	int64_t created_at;
	bool is_test;
};
struct flight; /* a note under way */
/* verdict NULL: dispatch ends. */
typedef void (*dispatch_on_note)(void *owner, const struct verdict *verdict, int status);

/* The request that a note would be, secrets masked (owned). 0, -ENOENT (no such channel) or -errno,
 * with a sentence (owned). */
int dispatch_show_note(struct dispatch *dispatch, const struct note *note, char **ret_shown,
	char **ret_error) must_check;
/* Sends it once, past the channel's queue, rate and pauses. on_done is called once, later; the flight
 * ends with it. ret may be NULL. */
int dispatch_send_note(struct dispatch *dispatch, const struct note *note, dispatch_on_note on_done,
	void *owner, struct flight **ret, char **ret_error) must_check;
void dispatch_cancel_note(struct flight *flight); /* on_done is not called */
