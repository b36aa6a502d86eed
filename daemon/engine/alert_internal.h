/* Inside alerts: what is told and when (alert.c), and the ways that it takes (alert_post.c). */
#pragma once

#include "base/str.h"
#include "engine/alert.h"
#include "engine/report.h"
#include "model/retry.h"

#include <sys/queue.h>

/* A message to one of alert_via, until it has arrived or is given up. */
struct letter {
	STAILQ_ENTRY(letter) in_way;
	char *title, *text;
	struct id id;
	int64_t created_at;
	int tries;
};

/* One of alert_via. */
struct way {
	LIST_ENTRY(way) link;
	struct alert *alert;
	char *channel, *address; /* address NULL: the channel needs none */
	STAILQ_HEAD(, letter) letters;
	unsigned queued, lost; /* lost: messages that did not get through, not yet told */
	struct flight *flight;
	int64_t next_mono; /* of the next try */
	struct retry_policy policy;
	bool kept; /* the new model names it, too */
};
LIST_HEAD(way_list, way);

/* Messages since the first of an hour. */
struct hour {
	int64_t since_mono;
	int told;
};

struct alert {
	struct alert_settings settings;
	struct dispatch *dispatch;
	struct model *model;
	struct alarm *alarm;
	struct topic *topics;
	size_t n_topics, topics_room;
	unsigned untold; /* events for which there was no more room */
	struct hour hour;
	int64_t told_mono;
	struct way_list ways;
};

void alert_set_alarm(struct alert *alert);
/* Whether the channel is known not to work. */
bool alert_is_broken(const struct alert *alert, const char *channel);

void post_use_model(struct alert *alert);
/* To each way that works, or to all where none does. */
void post_letter(struct alert *alert, const char *title, const char *text);
void post_run(struct alert *alert);
int64_t post_next_mono(const struct alert *alert); /* TIME_NEVER: nothing to do */
void post_free(struct alert *alert);
