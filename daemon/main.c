/* nudged: options, the parts in starting order, the loop. Owns the loop, the clock, the signals and
 * the order of things; every decision is made further down. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/channels.h"
#include "engine/engine.h"
#include "engine/report.h"
#include "face/admin.h"
#include "face/control.h"
#include "face/web.h"
#include "port/service.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DRAIN_MS = 10000, EXIT_USAGE = 2 };

static const char usage[] =
	"usage: nudged [-c FILE] [--check] [--state DIR] [--control PATH] [--plugins DIR]\n"
	"              [--log-level LEVEL] [--version] [--help]\n"
	"\n"
	"Schedules practice reminders, nudges and feedback prompts; see nudged(8).\n"
	"\n"
	"  -c, --config FILE    the configuration (default /etc/nudged/nudged.conf)\n"
	"      --check          say what is wrong with it, or that it is ok, and end\n"
	"      --state DIR      the state folder, instead of the configuration's\n"
	"      --control PATH   the control socket, instead of the configuration's\n"
	"      --plugins DIR    where the plugins are\n"
	"      --log-level L    emerg, alert, crit, err, warning, notice, info or debug\n";

struct options {
	const char *config, *state, *control, *plugins;
	int level;
	bool check;
};

struct daemon {
	struct options options;
	struct event_base *loop;
	struct clock *clock;
	struct engine *engine;
	struct control *control;
	struct web *web;
	struct admin *admin;
	struct event *term, *interrupt, *hangup, *watchdog;
	bool stopping, failed;
};

/* 0: go on; else the exit status + 1. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'k'}, {"state", required_argument, NULL, 's'},
		{"control", required_argument, NULL, 'o'},
		{"plugins", required_argument, NULL, 'p'},
		{"log-level", required_argument, NULL, 'l'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", list, NULL)) >= 0) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check = true;
			break;
		case 's':
			options->state = optarg;
			break;
		case 'o':
			options->control = optarg;
			break;
		case 'p':
			options->plugins = optarg;
			break;
		case 'l':
			if (log_level_from_name(optarg, &options->level) == 0)
				break;
			fprintf(stderr,
				"nudged: no such log level: %s; there are emerg, alert, crit, err, "
				"warning, notice, info and debug\n",
				optarg);
			return EXIT_USAGE + 1;
		case 'v':
			puts("nudged " NUDGED_VERSION);
			return EXIT_SUCCESS + 1;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS + 1;
		default:
			fputs("Try: nudged --help\n", stderr);
			return EXIT_USAGE + 1;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr,
		"nudged: what is \"%s\"? Give the configuration with -c\nTry: nudged --help\n",
		argv[optind]);
	return EXIT_USAGE + 1;
}

static void print_complaints(const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		auto_free char *line = complaint_write(&complaints->list[i]);

		fprintf(stderr, "%s\n", line);
	}
}

static void log_complaints(const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		auto_free char *line = complaint_write(&complaints->list[i]);

		log_entry(complaints->list[i].warning ? LOG_WARNING : LOG_ERR, NULL, "%s", line);
	}
}

static int check(const struct options *options)
{
	struct clock *clock = clock_new_real();
	struct channels *channels = channels_new(options->plugins);
	struct config_needs needs = channels_needs(channels, clock_now(clock) / 1000);
	struct complaints complaints = {0};
	struct model *model = NULL;
	int r = config_load(options->config, &needs, true, &model, &complaints);

	print_complaints(&complaints);
	if (r == 0)
		printf("%s: ok\n", options->config);
	complaints_clear(&complaints);
	model_unref(model);
	channels_free(channels);
	clock_free(clock);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- signals ---- */

static void on_stopped(void *owner)
{
	struct daemon *daemon = owner;

	event_base_loopbreak(daemon->loop);
}

static void begin_to_stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	service_stopping();
	log_notice("stopping: what is under way is finished first");
	engine_stop(daemon->engine, DRAIN_MS, on_stopped, daemon);
}

static void on_term(evutil_socket_t number unused_arg, short what unused_arg, void *data)
{
	begin_to_stop(data);
}

static void on_failed(void *owner)
{
	struct daemon *daemon = owner;

	daemon->failed = true;
	begin_to_stop(daemon);
}

static void say_ready(struct daemon *daemon)
{
	struct engine_status status;

	engine_status(daemon->engine, &status);
	service_status("%zu reminders for %zu people through %zu channels", status.reminders,
		status.people, status.channels);
	service_ready();
}

static void on_hangup(evutil_socket_t number unused_arg, short what unused_arg, void *data)
{
	struct daemon *daemon = data;
	struct complaints complaints = {0};

	if (daemon->stopping)
		return;
	service_reloading();
	(void)!engine_reload(daemon->engine, &complaints); /* it has said so itself */
	log_complaints(&complaints);
	complaints_clear(&complaints);
	say_ready(daemon);
}

static void on_watchdog(evutil_socket_t fd unused_arg, short what unused_arg, void *data unused_arg)
{
	service_watchdog_ping();
}

static int add_signal(
	struct daemon *daemon, int number, event_callback_fn on_signal, struct event **ret)
{
	*ret = evsignal_new(daemon->loop, number, on_signal, daemon);
	if (*ret && evsignal_add(*ret, NULL) == 0)
		return 0;
	log_error("signal %d cannot be listened to: %m", number);
	return -EIO;
}

/* Unheard, only SIGKILL would end it: then it does not start. */
static int listen_to_signals(struct daemon *daemon)
{
	int64_t ms = service_watchdog_ms() / 3;
	struct timeval period = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	int r = add_signal(daemon, SIGTERM, on_term, &daemon->term);

	if (r == 0)
		r = add_signal(daemon, SIGINT, on_term, &daemon->interrupt);
	if (r == 0)
		r = add_signal(daemon, SIGHUP, on_hangup, &daemon->hangup);
	if (r < 0 || !ms)
		return r;
	daemon->watchdog = event_new(daemon->loop, -1, EV_PERSIST, on_watchdog, daemon);
	event_add(daemon->watchdog, &period);
	service_watchdog_ping();
	return 0;
}

/* ---- starting, in order; stopping is the reverse ---- */

static int start_engine(struct daemon *daemon)
{
	struct engine_settings settings = {.config_file = daemon->options.config,
		.state = daemon->options.state,
		.plugin_folder = daemon->options.plugins,
		.loop = daemon->loop,
		.clock = daemon->clock,
		.on_failed = on_failed,
		.owner = daemon};
	struct complaints complaints = {0};
	auto_free char *error = NULL;
	int r = engine_new(&settings, &daemon->engine, &complaints, &error);

	log_complaints(&complaints);
	if (r < 0 && error)
		log_error("%s", error);
	else if (r < 0)
		log_error("%s: not started, %zu error%s", daemon->options.config, complaints.errors,
			complaints.errors == 1 ? "" : "s");
	complaints_clear(&complaints);
	return r;
}

static char *control_path(const struct daemon *daemon)
{
	const struct model *model = engine_model(daemon->engine);
	const char *folder = getenv("RUNTIME_DIRECTORY");

	if (daemon->options.control)
		return str_new(daemon->options.control);
	if (model->control)
		return str_new(model->control);
	return str_printf("%s/control", str_empty(folder) ? "/run/nudged" : folder);
}

static int start_faces(struct daemon *daemon)
{
	const struct model *model = engine_model(daemon->engine);
	auto_free char *path = control_path(daemon);
	auto_free char *error = NULL;
	int answers = service_take_socket("answers"), admin = service_take_socket("admin"), r;

	r = control_open(daemon->loop, daemon->engine, path, service_take_socket("control"),
		&daemon->control, &error);
	if (r == 0 && (model->listen || answers >= 0))
		r = web_open(
			daemon->loop, daemon->engine, model->listen, answers, &daemon->web, &error);
	if (r == 0 && (model->listen_admin || admin >= 0))
		r = admin_open(daemon->loop, daemon->engine, model->listen_admin, admin,
			&daemon->admin, &error);
	if (r < 0)
		log_error("%s", error);
	service_close_sockets();
	return r;
}

static void stop(struct daemon *daemon)
{
	struct event *events[] = {
		daemon->term, daemon->interrupt, daemon->hangup, daemon->watchdog};

	admin_close(daemon->admin);
	web_close(daemon->web);
	control_close(daemon->control);
	engine_free(daemon->engine);
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (events[i])
			event_free(events[i]);
	clock_free(daemon->clock);
	event_base_free(daemon->loop);
}

static int run(struct daemon *daemon)
{
	int r;

	daemon->loop = event_base_new();
	daemon->clock = clock_new_real();
	if (!daemon->loop) {
		log_error("the event loop cannot be set up");
		return EXIT_FAILURE;
	}
	/* Before anything is opened: they are heard in the loop, and a start is never cut off. */
	r = listen_to_signals(daemon);
	if (r == 0)
		r = start_engine(daemon);
	if (r == 0)
		r = start_faces(daemon);
	if (r == 0) {
		report(EVENT_STARTED, NULL, "running with %s", daemon->options.config);
		engine_start(daemon->engine);
		say_ready(daemon);
		if (event_base_dispatch(daemon->loop) < 0) {
			log_error("the event loop cannot wait any more: %m");
			daemon->failed = true;
		}
		report(EVENT_STOPPED, NULL, "stopped");
	}
	stop(daemon);
	return r == 0 && !daemon->failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Libraries that go on as if nothing were wrong when an allocation fails: all of theirs are small. */
static void guard_memory(void)
{
	event_set_mem_functions(mem_plain, mem_plain_resized, free);
	json_set_alloc_funcs(mem_plain, free);
}

/* Secrets live in this memory: no core files, no attaching by others. */
static void guard_process(void)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a full quota is an error to report, not an end */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
	umask(0077);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	struct daemon daemon = {
		.options = {.config = "/etc/nudged/nudged.conf", .level = LOG_INFO}};
	auto_free char *plugins = channels_default_folder();
	int r = read_options(argc, argv, &daemon.options);

	if (r)
		return r - 1;
	if (sodium_init() < 0) {
		fputs("nudged: libsodium cannot be set up\n", stderr);
		return EXIT_FAILURE;
	}
	if (!daemon.options.plugins)
		daemon.options.plugins = plugins;
	if (daemon.options.check)
		return check(&daemon.options);
	guard_process();
	guard_memory();
	log_open("nudged", daemon.options.level);
	return run(&daemon);
}
