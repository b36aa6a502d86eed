/* The heartbeat: while all is well, heartbeat_url is asked for again and again, so that a monitor which
 * hears nothing can call somebody. Sent only after a tiny write of its own became durable, and only
 * while the engine says that it turns. Without a URL there is neither timer nor wake-up. The URL is a
 * secret: it stands in no log and no status. */
#pragma once

#include "model/model.h"
#include "port/store.h"

struct clock;
struct event_base;
struct heartbeat;

struct heartbeat_settings {
	struct event_base *loop;
	struct clock *clock;
	struct store *store;
	void *owner;
	/* NULL, or why the engine does not turn as it should (static text). Asked once a beat. */
	const char *(*why_not)(void *owner);
	void (*on_store_error)(void *owner, int error);
};

struct heartbeat *heartbeat_new(const struct heartbeat_settings *settings);
void heartbeat_free(struct heartbeat *heartbeat); /* NULL is fine */
void heartbeat_stop(struct heartbeat *heartbeat);
/* Begins, goes on or ends as the model says; the first beat comes at once. 0 or -errno: then there
 * is none. */
int heartbeat_use_model(struct heartbeat *heartbeat, const struct model *model) must_check;

struct heartbeat_status {
	bool is_on;
	int64_t last_at;    /* of the last one that was heard; 0: none */
	const char *reason; /* why the last one was not sent or not heard; NULL: all is well */
};
void heartbeat_status(const struct heartbeat *heartbeat, struct heartbeat_status *ret);
