/* HTML of the organiser's page. Reads the engine's own state; what the store knows is given. Everything
 * that a picture shows stands in a table, too. */
#include "face/organiser.h"

#include "base/clock.h"
#include "base/str.h"
#include "face/page_parts.h"

#include <inttypes.h>
#include <string.h>

enum {
	BARS_WIDTH = 960,
	BARS_HEIGHT = 160,
	BAR_STEP = BARS_WIDTH / ORGANISER_HOURS,
	PAUSES_MOST = 100
};

/* ---- addresses ---- */

/* A word with an @ keeps its first letter and what follows the @. */
static void mask_word(struct buf *out, const char *word, size_t len)
{
	const char *at = memchr(word, '@', len);
	size_t first = 1;

	while (first < len && (word[first] & 0xC0) == 0x80)
		first++;
	if (!at) {
		buf_add(out, word, len);
		return;
	}
	buf_add(out, word, word + first <= at ? first : 0);
	buf_add_str(out, "***");
	buf_add(out, at, (size_t)(word + len - at));
}

char *organiser_mask(const char *text)
{
	static const char between[] = " \t\n<>()[]{},;:\"'";
	struct buf out = BUF_MAX(8192);

	if (!text)
		return NULL;
	while (*text) {
		size_t len = strcspn(text, between);

		mask_word(&out, text, len);
		text += len;
		if (*text)
			buf_add_char(&out, *text++);
	}
	return buf_take(&out);
}

/* No name of a service, no digits of a number: a letter or two are enough to tell. */
static void add_address(struct buf *out, const struct model *model, const struct delivery *delivery)
{
	const struct person *person = model_person(model, delivery->recipient);
	const struct channel *channel = model_channel(model, delivery->channel);
	const char *address = person && channel ? person_address(person, channel) : NULL;
	auto_free char *masked = organiser_mask(address);

	if (masked && !strchr(masked, '@'))
		masked[str_utf8_cut(masked, strlen(masked), 2)] = '\0';
	page_escape(out, masked);
	if (masked && !strchr(masked, '@'))
		buf_add_str(out, "***");
}

/* ---- times ---- */

static void add_time(struct buf *out, const struct organiser *organiser, int64_t at)
{
	char text[CIVIL_TEXT];

	if (at == TIME_NEVER) {
		buf_add_str(out, "-");
		return;
	}
	local_write(zone_to_local(engine_model(organiser->engine)->zone, at / 1000, NULL), text);
	text[10] = ' ';
	text[16] = '\0';
	buf_add_str(out, text);
}

/* ---- the day ---- */

static uint64_t most_of(const struct organiser *organiser)
{
	uint64_t most = 1;

	for (int i = 0; i < ORGANISER_HOURS; i++) {
		const struct organiser_hour *hour = &organiser->hours[i];

		most = MAX_OF(
			most, MAX_OF(hour->recorded, MAX_OF(hour->delivered, hour->answered)));
	}
	return most;
}

static void add_bars(struct buf *out, const struct organiser_hour *hour, int place, uint64_t most)
{
	const struct {
		uint64_t count;
		const char *class;
	} bars[] = {{hour->recorded, "b1"}, {hour->delivered, "b2"}, {hour->answered, "b3"}};

	for (size_t i = 0; i < ARRAY_LEN(bars); i++) {
		int height = (int)(bars[i].count * BARS_HEIGHT / most);

		if (bars[i].count)
			buf_printf(out,
				"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" "
				"height=\"%d\"/>\n",
				bars[i].class, place * BAR_STEP + 3 + (int)i * 11,
				BARS_HEIGHT - MAX_OF(height, 2), MAX_OF(height, 2));
	}
	if (place % 3 == 0)
		buf_printf(out, "<text x=\"%d\" y=\"%d\">%02d</text>\n", place * BAR_STEP + 3,
			BARS_HEIGHT + 20, hour->hour);
}

static void add_day_table(struct buf *out, const struct organiser *organiser)
{
	buf_add_str(out, "<details>\n<summary>The same in numbers</summary>\n<div class=\"scroll\" "
			 "tabindex=\"0\" role=\"region\" aria-label=\"Counts an hour\">\n<table>\n"
			 "<tr><th scope=\"col\">Hour</th><th scope=\"col\">Due</th>"
			 "<th scope=\"col\">Delivered</th><th scope=\"col\">Answered</th></tr>\n");
	for (int i = 0; i < ORGANISER_HOURS; i++) {
		const struct organiser_hour *hour = &organiser->hours[i];

		if (hour->known)
			buf_printf(out,
				"<tr><th scope=\"row\">%02d:00</th><td>%" PRIu64 "</td><td>%" PRIu64
				"</td><td>%" PRIu64 "</td></tr>\n",
				hour->hour, hour->recorded, hour->delivered, hour->answered);
	}
	buf_add_str(out, "</table>\n</div>\n</details>\n");
}

static void add_day(struct buf *out, const struct organiser *organiser)
{
	uint64_t most = most_of(organiser);

	buf_printf(out,
		"<section aria-labelledby=\"day\">\n<h2 id=\"day\">The last 24 hours</h2>\n"
		"<p class=\"legend\"><span class=\"b1\">due</span> <span "
		"class=\"b2\">delivered</span> "
		"<span class=\"b3\">answered</span></p>\n"
		"<svg role=\"img\" aria-label=\"Counts an hour; the numbers follow\" viewBox=\"0 "
		"-8 %d %d\">\n"
		"<path class=\"axis\" d=\"M0 %d H%d\"/>\n",
		BARS_WIDTH, BARS_HEIGHT + 34, BARS_HEIGHT, BARS_WIDTH);
	for (int i = 0; i < ORGANISER_HOURS; i++)
		add_bars(out, &organiser->hours[i], i, most);
	buf_printf(out,
		"</svg>\n<p><small>The highest bar stands for %" PRIu64
		". Counted since nudged started.</small></p>\n",
		most);
	add_day_table(out, organiser);
	buf_add_str(out, "</section>\n");
}

/* ---- how it is ---- */

static void add_summary(struct buf *out, const struct organiser *organiser)
{
	struct engine_status status;

	engine_status(organiser->engine, &status);
	if (status.store_error)
		buf_printf(out,
			"<p class=\"notice bad\" role=\"alert\">Nothing can be recorded, so "
			"nothing is "
			"sent: %s.</p>\n",
			strerror(-status.store_error));
	if (status.heartbeat_is_on && status.heartbeat_reason) {
		buf_add_str(out, "<p class=\"notice bad\">No heartbeat: ");
		page_escape(out, status.heartbeat_reason);
		buf_add_str(out, "</p>\n");
	}
	buf_printf(out,
		"<p>%zu reminders for %zu people through %zu channels. Next: ", status.reminders,
		status.people, status.channels);
	add_time(out, organiser, status.next_at);
	buf_add_str(out, ". Running since ");
	add_time(out, organiser, status.started_at);
	buf_printf(out,
		".</p>\n<p>%zu waiting, %zu on their way, %zu gathering, "
		"%zu to follow up.</p>\n",
		status.waiting, status.in_flight, status.held, status.follow_ups);
}

static void begin_table(
	struct buf *out, const char *id, const char *heading, const char *const *heads)
{
	buf_printf(out,
		"<section>\n<h2 id=\"%s\">%s</h2>\n<div class=\"scroll\" "
		"tabindex=\"0\" role=\"region\" aria-labelledby=\"%s\">\n<table>\n<tr>",
		id, heading, id);
	for (; *heads; heads++)
		buf_printf(out, "<th scope=\"col\">%s</th>", *heads);
	buf_add_str(out, "</tr>\n");
}

static void end_table(struct buf *out)
{
	buf_add_str(out, "</table>\n</div>\n</section>\n");
}

static void add_channels(struct buf *out, const struct organiser *organiser)
{
	static const char *const heads[] = {
		"Channel", "By", "State", "Waiting", "On their way", "Rests until", "Reason", NULL};
	struct channel_status status;

	begin_table(out, "channels", "Channels", heads);
	for (size_t i = 0; engine_channel_status(organiser->engine, i, &status); i++) {
		bool rests = status.paused_until_at != 0;
		auto_free char *reason = organiser_mask(status.reason);

		buf_printf(out,
			"<tr><th "
			"scope=\"row\">%s</th><td>%s</td><td%s>%s</td><td>%zu</td><td>%zu</td><td>",
			status.id, status.plugin, status.broken ? " class=\"bad\"" : "",
			status.broken ? "broken"
			: rests       ? "rests"
				      : "works",
			status.waiting, status.in_flight);
		if (rests)
			add_time(out, organiser, status.paused_until_at);
		buf_add_str(out, "</td><td>");
		page_escape(out, reason);
		buf_add_str(out, "</td></tr>\n");
	}
	end_table(out);
}

static void add_dead(struct buf *out, const struct organiser *organiser)
{
	static const char *const heads[] = {
		"Message", "Made", "Channel", "Address", "State", "Attempts", "Reason", NULL};
	const struct model *model = engine_model(organiser->engine);

	if (organiser->store_error || !organiser->n_dead) {
		buf_printf(out,
			"<section aria-labelledby=\"dead\">\n<h2 id=\"dead\">Dead letters</h2>\n"
			"<p>%s</p>\n</section>\n",
			organiser->store_error ? "The store did not say." : "None.");
		return;
	}
	begin_table(out, "dead", "Dead letters", heads);
	for (size_t i = 0; i < organiser->n_dead; i++) {
		const struct delivery *dead = organiser->dead[i];
		auto_free char *reason = organiser_mask(dead->reason);
		char id[ID_TEXT];

		id_write(dead->id, id);
		buf_printf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>", id);
		add_time(out, organiser, dead->created_at);
		buf_add_str(out, "</td><td>");
		page_escape(out, dead->channel);
		buf_add_str(out, "</td><td>");
		add_address(out, model, dead);
		buf_printf(out, "</td><td>%s</td><td>%d</td><td>",
			delivery_state_names[dead->state], dead->attempts);
		page_escape(out, reason);
		buf_add_str(out, "</td></tr>\n");
	}
	end_table(out);
	buf_add_str(out, "<p><small><code>nudgectl retry --dead</code> sends them once more, "
			 "<code>nudgectl drop --dead</code> closes them.</small></p>\n");
}

/* ---- pauses ---- */

/* Why a person rests, and what they stopped, is nobody's business here. */
static bool is_of_all(const struct pause_status *pause)
{
	return str_eq(pause->what, "all") || str_starts(pause->what, "team:") ||
	       str_starts(pause->what, "reminder:") || str_starts(pause->what, "channel:");
}

static bool is_of_person(const struct pause_status *pause)
{
	return str_starts(pause->what, "person:") || str_starts(pause->what, "stop:") ||
	       str_starts(pause->what, "less:");
}

static void add_pauses(struct buf *out, const struct organiser *organiser)
{
	static const char *const heads[] = {"Paused", "Since", "Until", "Reason", NULL};
	struct pause_status pause = {0};
	size_t of_people = 0, shown = 0;

	begin_table(out, "pauses", "Pauses", heads);
	while (engine_next_pause(organiser->engine, pause.what, &pause)) {
		of_people += is_of_person(&pause);
		if (!is_of_all(&pause))
			continue;
		if (shown++ == PAUSES_MOST)
			break;
		buf_add_str(out, "<tr><th scope=\"row\">");
		page_escape(out, pause.what);
		buf_add_str(out, "</th><td>");
		add_time(out, organiser, pause.since_at);
		buf_add_str(out, "</td><td>");
		add_time(out, organiser, pause.until_at);
		buf_add_str(out, "</td><td>");
		page_escape(out, pause.reason);
		buf_add_str(out, "</td></tr>\n");
	}
	if (!shown)
		buf_add_str(out, "<tr><td colspan=\"4\">None.</td></tr>\n");
	end_table(out);
	buf_printf(out,
		"<p><small>People have %zu pauses, stops and wishes for less of their "
		"own.</small></p>\n",
		of_people);
}

void organiser_write(struct buf *out, const struct organiser *organiser)
{
	const struct page_frame frame = {.heading = "nudged", .wide = true};

	page_begin(out, &frame);
	add_summary(out, organiser);
	add_day(out, organiser);
	add_channels(out, organiser);
	add_dead(out, organiser);
	add_pauses(out, organiser);
	buf_add_str(out, "<footer>This page only shows. Times are those of ");
	page_escape(out, zone_name(engine_model(organiser->engine)->zone));
	buf_add_str(out, ". <a href=\"metrics\">Metrics</a></footer>\n");
	page_end(out);
}
