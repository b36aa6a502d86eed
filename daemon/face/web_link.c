/* "Send me the link to my page", asked for on an answer page: that page gets forwarded, so the link goes to
 * the person and never to who asks. Owns the wishes under way; says the same to everybody. */
#include "face/web_parts.h"

#include "base/str.h"
#include "engine/engine.h"
#include "port/store.h"

#include <errno.h>

struct mailing {
	struct engine *engine;
	struct http_visit *visit;
};

static void on_sent(void *owner, int error, const char *why)
{
	struct mailing *mailing = owner;
	cleanup(buf_free) struct buf html = BUF_MAX(PAGE_MAX);
	const struct page page = {.heading = "Your practice page",
		.notice = error == -EBUSY
				  ? "The link was sent within the last hour: look where your "
				    "reminders come."
				  : "The link is on its way to where your reminders come."};

	if (error && error != -EBUSY) {
		web_answer_error(mailing->visit, error, why);
	} else {
		page_write(&html, &page);
		web_answer_html(mailing->visit, 200, NULL, &html);
	}
	free(mailing);
}

static void on_found(void *owner, int error, struct occurrence *const *list, size_t count)
{
	struct mailing *mailing = owner;

	if (!error && count) {
		engine_send_link(mailing->engine, list[0]->key.recipient, on_sent, mailing);
		return;
	}
	web_answer_plain(mailing->visit, error ? 503 : 404, NULL);
	free(mailing);
}

void web_send_link(struct engine *engine, struct http_visit *visit, struct id occurrence)
{
	struct mailing *mailing = mem_new(sizeof(*mailing));

	*mailing = (struct mailing){engine, visit};
	engine_find_occurrences(
		engine, &(struct store_query){.id = occurrence, .limit = 1}, on_found, mailing);
}
