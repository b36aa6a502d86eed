/* What a call needs of its connection: between call.c and control.c only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct conn;

/* Writes one message; takes it. */
void conn_write(struct conn *conn, json_t *message);
/* Whether as much waits for a slow reader as may wait. */
bool conn_is_full(const struct conn *conn);
/* The call is over: its owner lets go of it, the connection takes the next request. */
void conn_call_ended(struct conn *conn);
/* Calls call_step() on the loop's next turn, when there is room. */
void conn_kick(struct conn *conn);
