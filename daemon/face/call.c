/* Calls of the control socket: their life between a connection that may go away at any time and an
 * engine that completes when it likes. Knows Varlink's envelope; knows no method and no socket. */
#include "face/call.h"

#include "base/str.h"
#include "face/conn.h"

#include <stdio.h>

struct call {
	struct engine *engine;
	struct conn *conn; /* NULL: the caller has gone */
	struct call_request request;
	bool waiting; /* the engine holds a pointer to us */
	bool stays;
	void (*step)(struct call *call);
	void *state;
	void (*free_state)(void *state);
};

struct call *call_new(struct engine *engine, struct conn *conn, const struct call_request *request)
{
	struct call *call = mem_new(sizeof(*call));

	call->engine = engine;
	call->conn = conn;
	call->request = *request;
	return call;
}

static void call_free(struct call *call)
{
	if (call->free_state)
		call->free_state(call->state);
	json_decref(call->request.parameters);
	free(call);
}

void call_hang_up(struct call *call)
{
	call->conn = NULL;
	if (!call->waiting)
		call_free(call);
}

void call_step(struct call *call)
{
	if (call->step && !call->waiting)
		call->step(call);
}

bool call_is_endless(const struct call *call)
{
	return call->stays;
}

const char *call_text(const struct call *call, const char *name)
{
	return json_string_value(json_object_get(call->request.parameters, name));
}

bool call_flag(const struct call *call, const char *name)
{
	return json_is_true(json_object_get(call->request.parameters, name));
}

const json_t *call_list(const struct call *call, const char *name)
{
	const json_t *value = json_object_get(call->request.parameters, name);

	return json_is_array(value) ? value : NULL;
}

int64_t call_number(const struct call *call, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(call->request.parameters, name);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

struct engine *call_engine(const struct call *call)
{
	return call->engine;
}

const char *call_method_name(const struct call *call)
{
	return call->request.method->name;
}

/* Every call ends here. */
static void finish(struct call *call, json_t *message)
{
	struct conn *conn = call->conn;

	assert(conn && !call->waiting);
	if (call->request.oneway)
		json_decref(message);
	else
		conn_write(conn, message);
	conn_call_ended(conn);
	call_free(call);
}

void call_reply(struct call *call, json_t *parameters)
{
	finish(call, json_pack("{so}", "parameters", parameters ? parameters : json_object()));
}

void call_fail(struct call *call, const char *error, json_t *parameters)
{
	finish(call, json_pack("{ss so}", "error", error, "parameters",
			     parameters ? parameters : json_object()));
}

void call_refuse(struct call *call, const char *format, ...)
{
	auto_free char *reason = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&reason, format, args) < 0)
		mem_gone();
	va_end(args);
	call_refuse_list(call, reason, NULL);
}

void call_refuse_list(struct call *call, const char *reason, json_t *complaints)
{
	json_t *text = json_string(reason);

	/* A reason may quote what came from outside; jansson refuses what is no UTF-8. */
	if (!text)
		text = json_string("the reason is not valid UTF-8");
	call_fail(call, "org.nudged.Refused",
		json_pack("{so so*}", "reason", text, "complaints", complaints));
}

void call_wait(struct call *call)
{
	assert(!call->waiting);
	call->waiting = true;
}

bool call_resume(struct call *call)
{
	assert(call->waiting);
	call->waiting = false;
	if (call->conn)
		return true;
	call_free(call);
	return false;
}

bool call_resume_with(struct call *call, int error)
{
	if (!call_resume(call))
		return false;
	if (error)
		call_refuse(call, "the store did not answer: %s", strerror(-error));
	return !error;
}

void call_stream(struct call *call, void (*step)(struct call *call), void *state,
	void (*free_state)(void *state))
{
	call->step = step;
	call_keep(call, state, free_state);
	conn_kick(call->conn);
}

void call_keep(struct call *call, void *state, void (*free_state)(void *state))
{
	call->state = state;
	call->free_state = free_state;
}

void *call_state(const struct call *call)
{
	return call->state;
}

void call_send(struct call *call, json_t *parameters)
{
	assert(call->request.more && !call->waiting);
	conn_write(call->conn, json_pack("{so sb}", "parameters", parameters, "continues", 1));
}

bool call_is_full(const struct call *call)
{
	return conn_is_full(call->conn);
}

void call_stay(struct call *call, void *state, void (*on_gone)(void *state))
{
	call->stays = true;
	call_keep(call, state, on_gone);
}
