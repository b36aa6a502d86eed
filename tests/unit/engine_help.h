/* A bed for tests of the whole engine: a simulated clock, SQLite in a scratch folder, and an HTTP
 * receiver on the same loop. */
#pragma once

#include "base/str.h"
#include "engine/engine_internal.h"

#include <curl/curl.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { BED_TURNS_MAX = 1000000 };

/* What arrived: its path and its `data`. Returns the status; 0: no answer, ever. */
typedef int (*bed_on_message)(void *owner, const char *path, const json_t *data);

struct bed {
	struct event_base *loop;
	struct clock *clock;
	struct engine *engine;
	struct evhttp *http;
	int port;
	char folder[64], *config;
	bed_on_message on_message;
	void *owner;
};

static char *bed_plugins;

static void bed_begin(const char *program)
{
	bed_plugins =
		str_printf("%.*s/../plugins", (int)(strrchr(program, '/') - program), program);
	log_open("test", getenv("TEST_LOG") ? LOG_DEBUG : LOG_EMERG);
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void bed_end(void)
{
	curl_global_cleanup();
	free(bed_plugins);
}

static void bed_on_request(struct evhttp_request *request, void *data)
{
	struct bed *bed = data;
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(body);
	json_error_t error;
	json_t *message = json_loadb((char *)evbuffer_pullup(body, -1), len, 0, &error);
	int status;

	assert_non_null(message);
	status = bed->on_message(
		bed->owner, evhttp_request_get_uri(request), json_object_get(message, "data"));
	json_decref(message);
	if (status) /* else nobody answers */
		evhttp_send_reply(request, status, "said", NULL);
}

static void bed_listen(struct bed *bed)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	bed->http = evhttp_new(bed->loop);
	evhttp_set_gencb(bed->http, bed_on_request, bed);
	bound = evhttp_bind_socket_with_handle(bed->http, "127.0.0.1", 0);
	assert_non_null(bound);
	getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &len);
	bed->port = ntohs(name.sin_port);
}

static void bed_open(struct bed *bed, int64_t start_at, bed_on_message on_message, void *owner)
{
	*bed = (struct bed){.on_message = on_message, .owner = owner};
	snprintf(bed->folder, sizeof(bed->folder), "/tmp/nudged-test-XXXXXX");
	assert_non_null(mkdtemp(bed->folder));
	bed->config = str_printf("%s/nudged.conf", bed->folder);
	bed->loop = event_base_new();
	bed->clock = clock_new_simulated(start_at);
	bed_listen(bed);
}

static void bed_write(struct bed *bed, const char *text)
{
	FILE *file = fopen(bed->config, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(bed->config, 0600);
}

static void bed_on_barrier(void *owner, int error, struct occurrence *const *list, size_t count)
{
	*(bool *)owner = true;
}

/* Waits for a question that the store answers after all that was asked of it before. */
static void bed_turn(struct bed *bed)
{
	struct store_query query = {.limit = 1};
	bool done = false;

	store_find_occurrences(bed->engine->store, &query, bed_on_barrier, &done);
	while (!done)
		event_base_loop(bed->loop, EVLOOP_ONCE);
}

static bool bed_is_busy(const struct bed *bed)
{
	const struct engine *engine = bed->engine;

	return store_pending(engine->store) || dispatch_in_flight(engine->dispatch) ||
	       planner_is_busy(engine->planner);
}

/* Until everything that this instant asks for is done and durable. */
static void bed_settle(struct bed *bed)
{
	int quiet = 0;

	for (int turns = 0; quiet < 3; turns++) {
		bed_turn(bed);
		event_base_loop(bed->loop, EVLOOP_NONBLOCK);
		quiet = bed_is_busy(bed) ? 0 : quiet + 1;
		assert_true(turns < BED_TURNS_MAX);
	}
}

/* Without waiting for what is due at once. */
static void bed_launch(struct bed *bed)
{
	struct engine_settings settings = {.config_file = bed->config,
		.plugin_folder = bed_plugins,
		.loop = bed->loop,
		.clock = bed->clock};
	struct complaints complaints = {0};
	auto_free char *error = NULL;

	if (engine_new(&settings, &bed->engine, &complaints, &error) < 0)
		fail_msg("%s %s", error ? error : "",
			complaints.count ? complaints.list[0].message : "");
	complaints_clear(&complaints);
	engine_start(bed->engine);
}

static unused_arg void bed_start(struct bed *bed)
{
	bed_launch(bed);
	bed_settle(bed);
}

static unused_arg void bed_restart(struct bed *bed)
{
	engine_free(bed->engine);
	bed_start(bed);
}

/* So much time, with every alarm in it at its own instant. */
static unused_arg void bed_step(struct bed *bed, int64_t ms)
{
	int64_t end = clock_now(bed->clock) + ms, next;

	while ((next = clock_next_alarm(bed->clock)) <= end) {
		clock_advance(bed->clock, MAX_OF(next, clock_now(bed->clock)));
		bed_settle(bed);
	}
	clock_advance(bed->clock, end);
	dispatch_review(bed->engine->dispatch);
	bed_settle(bed);
}

static void bed_close(struct bed *bed)
{
	auto_free char *command = str_printf("rm -rf %s", bed->folder);

	engine_free(bed->engine);
	evhttp_free(bed->http);
	clock_free(bed->clock);
	event_base_free(bed->loop);
	assert_int_equal(system(command), 0);
	free(bed->config);
}
