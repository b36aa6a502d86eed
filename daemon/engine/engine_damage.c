/* A damaged database, in words: what was set aside at a start and what of it lives on, and what is
 * done when damage shows while messages go out. Decides nothing about the files: that is the
 * store's. */
#include "base/buf.h"
#include "engine/engine_internal.h"
#include "port/store.h"

#include <errno.h>

static void add_part(struct buf *text, const char *what, const struct store_salvaged *part)
{
	buf_printf(text, "%s%zu %s", text->len ? ", " : "", part->rows, what);
	if (!part->whole)
		buf_add_str(text, " (the others cannot be read)");
}

static char *list_saved(const struct store_aside *aside)
{
	struct buf text = BUF_MAX(2048);

	add_part(&text, "pauses and opt-outs", &aside->pauses);
	add_part(&text, "preferences", &aside->kept);
	add_part(&text, "beginnings of reminders and people", &aside->begins);
	add_part(&text, "occurrences", &aside->occurrences);
	if (aside->log_whole)
		add_part(&text, "deliveries", &aside->deliveries);
	buf_add_str(&text, aside->has_link_key ? ", the key of answer links"
					       : "; not the key of answer links, so those sent "
						 "before are refused");
	return buf_take(&text);
}

void damage_on_aside(void *owner, const struct store_aside *aside)
{
	const struct engine *engine = owner;
	auto_free char *saved = list_saved(aside);

	if (aside->replaced) {
		report(EVENT_STORE_SET_ASIDE, NULL,
			"the damaged database of %s is set aside as %s; the one that stands in its "
			"place is used",
			engine->state, aside->path);
		return;
	}
	report(EVENT_STORE_SET_ASIDE, NULL,
		"the database of %s is damaged (%s): it is set aside as %s, and a new one is "
		"begun. Saved from it: %s. %s",
		engine->state, aside->why, aside->path, saved,
		aside->has_mark ? "What came due since it was last written is caught up on"
				: "Nothing that came due before now is sent");
}

/* What is under way ends, and then this process: the next one begins with what can be trusted. */
void damage_on_found(void *owner)
{
	struct engine *engine = owner;

	engine->damaged = true;
	engine->store_error = -EBADMSG;
	report(EVENT_STORE_FAILED, NULL,
		"the database of %s is damaged: nothing more is sent; nudged ends, and sets it "
		"aside at the next start",
		engine->state);
	dispatch_hold(engine->dispatch, true);
	if (engine->on_failed)
		engine->on_failed(engine->owner);
}
