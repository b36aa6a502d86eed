/* One call on the control socket as the function that serves it sees it: its parameters, who asked,
 * and the way back. A call outlives its connection while the engine still works for it.
 *
 * A serving function ends every call exactly once, by call_reply() or call_refuse(): at once, later
 * from a completion, or at the end of a stream. */
#pragma once

#include "base/mem.h"

#include <jansson.h>
#include <sys/types.h>

struct call;
struct conn;
struct engine;

struct peer {
	uid_t uid;
	pid_t pid;
};

struct method {
	const char *name;    /* "Status" */
	const char *summary; /* one line, for the interface description */
	const char *in;      /* Varlink's own notation: "what: string, until: ?string" */
	const char *out;
	bool changes; /* logged with who asked */
	bool streams; /* needs `more` */
	void (*serve)(struct call *call);
};

struct call_request {
	const struct method *method;
	json_t *parameters; /* taken; an object */
	bool more, oneway;
	struct peer peer;
};

/* For the control socket. */
struct call *call_new(struct engine *engine, struct conn *conn, const struct call_request *request);
/* The connection is gone: nothing is written any more, the call ends as soon as it can. */
void call_hang_up(struct call *call);
/* Makes the next piece of a stream, if there is one to make now. */
void call_step(struct call *call);
/* Whether it ends only when its caller goes. */
bool call_is_endless(const struct call *call);

/* Parameters, checked against the method's `in` before. */
const char *call_text(const struct call *call, const char *name); /* NULL: absent */
bool call_flag(const struct call *call, const char *name);
const json_t *call_list(const struct call *call, const char *name); /* of texts; NULL: absent */
int64_t call_number(const struct call *call, const char *name, int64_t otherwise);
struct engine *call_engine(const struct call *call);
const char *call_method_name(const struct call *call);

/* The end of a call; both take or copy what they are given. */
void call_reply(struct call *call, json_t *parameters);
void call_refuse(struct call *call, const char *format, ...) printf_like(2, 3);
/* org.nudged.Refused with a list of complaints (taken). */
void call_refuse_list(struct call *call, const char *reason, json_t *complaints);
/* Any other error; parameters are taken, NULL: none. */
void call_fail(struct call *call, const char *error, json_t *parameters);

/* The engine was asked and will complete with this call as its owner. */
void call_wait(struct call *call);
/* First thing in every completion: false when nobody listens any more (the call is gone then). */
bool call_resume(struct call *call) must_check;
/* The same for what the store was asked: false also after refusing because of its error (-errno). */
bool call_resume_with(struct call *call, int error) must_check;

/* A stream: step is called whenever there is room for more; it sends some pieces, or waits for the
 * engine, or ends the call. `state` is the stream's own, freed with the call. */
void call_stream(struct call *call, void (*step)(struct call *call), void *state,
	void (*free_state)(void *state));
/* Something to keep with the call while the engine works. */
void call_keep(struct call *call, void *state, void (*free_state)(void *state));
void *call_state(const struct call *call);
void call_send(struct call *call, json_t *parameters); /* one piece; taken */
/* Whether enough waits for the reader already. */
bool call_is_full(const struct call *call);
/* A stream without end (watch): there is no step, pieces come from outside, on_gone tells when to
 * stop. */
void call_stay(struct call *call, void *state, void (*on_gone)(void *state));
