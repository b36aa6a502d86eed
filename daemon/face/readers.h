/* Whom a person may choose to see the line of an answer, as the pages call them. */
#pragma once

#include "engine/engine.h"
#include "model/record.h"

struct readers {
	char *names[SHARES]; /* owned; NULL: not to be chosen */
	enum share usual;    /* what is chosen before anybody says otherwise */
	bool any;            /* beside SHARE_ME */
};

void readers_of(const struct engine *engine, const char *person, struct readers *ret);
void readers_clear(struct readers *readers);
