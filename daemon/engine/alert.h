/* Alerts: word of nudged's own trouble to those whom alert_via names. Hears of it where every event is
 * told (engine/report.h), gathers it, and sends few, short messages outside of the record, since the
 * store may be what failed. Best effort: some tries, nothing kept over a restart. Never about itself,
 * and never more than what happened, since when and what to do: no secret, no name of a person, no
 * text of a message, no word of a receiver. */
#pragma once

#include "engine/dispatch.h"

struct alert;

struct alert_settings {
	struct event_base *loop;
	struct clock *clock;
};

/* Listens from here on: the start itself may bring trouble. */
int alert_new(
	const struct alert_settings *settings, struct model *model, struct alert **ret) must_check;
void alert_free(struct alert *alert); /* before dispatch; NULL is fine */
/* Those whom it names from now on, once dispatch has the model. Who stays keeps what is on its way. */
void alert_use_model(struct alert *alert, struct dispatch *dispatch, struct model *model);
