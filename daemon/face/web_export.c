/* What is recorded about a person, as one JSON file for themselves. Read from the store in pages, so
 * that neither the loop nor the memory notices; owns the file under way. */
#include "face/web_parts.h"

#include "base/clock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "face/shape.h"
#include "face/standing.h"
#include "port/store.h"

#include <errno.h>

enum { EXPORT_PAGE = 50, EXPORT_BYTES = 8 << 20 };

struct dump {
	struct engine *engine;
	struct http_visit *visit;
	char *person;
	struct id after;
	bool deliveries; /* the occurrences are through */
	size_t count;    /* in the list that is under way */
	struct buf out;
};

static void dump_end(struct dump *dump)
{
	buf_free(&dump->out);
	free(dump->person);
	free(dump);
}

/* Takes the object. */
static void add_object(struct dump *dump, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	buf_add_str(&dump->out, dump->count++ ? ",\n" : "\n");
	buf_add_str(&dump->out, text);
	free(text);
	json_decref(object);
}

static void begin_list(struct dump *dump, const char *name)
{
	buf_printf(&dump->out, "%s\"%s\":[", dump->out.len > 2 ? "],\n" : "", name);
	dump->count = 0;
}

static void add_list(struct dump *dump, const char *name, json_t *list)
{
	json_t *object;
	size_t i;

	begin_list(dump, name);
	json_array_foreach(list, i, object) add_object(dump, json_incref(object));
	json_decref(list);
}

static void dump_send(struct dump *dump)
{
	struct http_reply reply = {.status = 200,
		.type = "application/json",
		.extra = "Content-Disposition: attachment; filename=\"my-practice.json\"\r\n"};

	add_list(dump, "pauses", standing_of(dump->engine, dump->person));
	add_list(dump, "kept", standing_kept(dump->engine, dump->person));
	buf_add_str(&dump->out, "]}\n");
	if (dump->out.overflow) {
		web_answer_plain(dump->visit, 503, "That is more than fits in one file.");
	} else {
		reply.body = dump->out.data;
		reply.body_len = dump->out.len;
		http_answer(dump->visit, &reply);
	}
	dump_end(dump);
}

static void dump_step(struct dump *dump);

/* One page is through. */
static void dump_go_on(struct dump *dump, int error, size_t count, struct id last)
{
	if (error) {
		web_answer_plain(dump->visit, 503, NULL);
		dump_end(dump);
	} else if (count == EXPORT_PAGE && !dump->out.overflow) {
		dump->after = last;
		dump_step(dump);
	} else if (!dump->deliveries) {
		dump->deliveries = true;
		dump->after = (struct id){0};
		begin_list(dump, "deliveries");
		dump_step(dump);
	} else {
		dump_send(dump);
	}
}

static void on_occurrences(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct dump *dump = owner;

	for (size_t i = 0; !error && i < count; i++)
		add_object(dump, shape_occurrence_private(list[i]));
	dump_go_on(dump, error, count, count ? list[count - 1]->id : (struct id){0});
}

static void on_deliveries(void *owner, int error, struct delivery *const *list, size_t count)
{
	struct dump *dump = owner;

	for (size_t i = 0; !error && i < count; i++)
		add_object(dump, shape_delivery(list[i]));
	dump_go_on(dump, error, count, count ? list[count - 1]->id : (struct id){0});
}

static void dump_step(struct dump *dump)
{
	const struct store_query query = {
		.recipient = dump->person, .after = dump->after, .limit = EXPORT_PAGE};

	if (dump->deliveries)
		engine_find_deliveries(dump->engine, &query, on_deliveries, dump);
	else
		engine_find_occurrences(dump->engine, &query, on_occurrences, dump);
}

void web_serve_export(struct engine *engine, struct http_visit *visit, const char *person)
{
	struct dump *dump = mem_new(sizeof(*dump));

	dump->engine = engine;
	dump->visit = visit;
	dump->person = str_new(person);
	dump->out = BUF_MAX(EXPORT_BYTES);
	buf_add_str(&dump->out, "{");
	begin_list(dump, "occurrences");
	dump_step(dump);
}
