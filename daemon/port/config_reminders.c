/* Reminders: entries become rules, templates, recipients and follow-ups, each by the module that
 * knows it; what they complain about is said with the line of the key. */
#include "port/config_parts.h"
#include "base/random.h"

#include <errno.h>
#include <inttypes.h>

struct template *config_template(
	struct loader *loader, struct where where, const char *key, const char *text)
{
	struct template *template = NULL;
	struct template_error error;

	if (!text || template_compile(text, &template, &error) == 0)
		return template;
	if (error.line > 1)
		complain(loader, where, "\"%s\", line %d, column %d: %s", key, error.line,
			error.column, error.message);
	else
		complain(loader, where, "\"%s\", column %d: %s", key, error.column, error.message);
	return NULL;
}

static bool has_channel(const struct channel **list, size_t count, const struct channel *channel)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == channel)
			return true;
	}
	return false;
}

const struct channel **config_via(struct loader *loader, const struct section *section,
	const void *entry, const struct words *via, size_t *ret_count)
{
	const struct channel **list = mem_new_array(via->count, sizeof(*list));
	struct where where = ((const struct entry *)entry)->where;
	size_t n = 0;

	for (size_t i = 0; i < via->count; i++) {
		const struct channel *channel = index_find(&loader->channels, via->list[i]);

		where.line = via->lines[i];
		if (!channel)
			complain(loader, where, "\"via\": there is no channel \"%.80s\"%s",
				via->list[i],
				config_suggest(loader, via->list[i],
					(void **)loader->model->channels,
					loader->model->n_channels));
		else if (channel->is_room && !channel->shared)
			complain(loader, where,
				"\"via\": \"%s\" is a room that others read too: use \"room:%s\" "
				"in a "
				"reminder's \"to\", or say shared = true there",
				channel->id, channel->id);
		else if (!has_channel(list, n, channel))
			list[n++] = channel;
	}
	*ret_count = n;
	return list;
}

/* ---- when ---- */

static bool read_range(const char *text, struct date_range *ret)
{
	const char *dots = strstr(text, "..");
	auto_free char *first = str_new_n(text, dots ? (size_t)(dots - text) : strlen(text));

	return date_parse(first, &ret->first) == 0 &&
	       date_parse(dots ? dots + 2 : first, &ret->last) == 0 && ret->first <= ret->last;
}

static struct date_range *read_except(
	struct loader *loader, const struct reminder_entry *entry, size_t *ret_count)
{
	struct date_range *ranges = mem_new_array(entry->except.count, sizeof(*ranges));
	size_t n = 0;

	for (size_t i = 0; i < entry->except.count; i++) {
		if (read_range(entry->except.list[i], &ranges[n]))
			n++;
		else
			complain(loader,
				((struct where){entry->entry.where.file, entry->except.lines[i]}),
				"\"except\" cannot be \"%.80s\": write 2026-12-24, or "
				"2026-12-24..2027-01-02",
				entry->except.list[i]);
	}
	*ret_count = n;
	return ranges;
}

static bool is_local_time(
	struct loader *loader, struct where where, const char *key, const char *text)
{
	bool has_offset = false;
	int64_t local;
	int r = civil_parse(text, &local, &has_offset);

	if (r == -ERANGE)
		complain(loader, where, "\"%s\" cannot be \"%.40s\": there is no such time", key,
			text);
	else if (r < 0 || has_offset)
		complain(loader, where,
			"\"%s\" cannot be \"%.40s\": write a local time such as 2026-12-24T18:00%s",
			key, text, has_offset ? ", without Z or an offset" : "");
	return !r && !has_offset;
}

/* The local times of rdate or exdate, lent; none of them when one is complained about. */
static const char *const *read_times(struct loader *loader, const struct reminder_entry *entry,
	const char *key, const struct words *words, size_t *ret_count)
{
	struct where where = entry_where(&keys_reminder, entry, key);
	size_t good = 0;

	if (entry_has(&keys_reminder, entry, key) && !entry_has(&keys_reminder, entry, "rrule")) {
		complain(loader, where, "\"%s\" belongs to rrule only", key);
		return NULL;
	}
	for (size_t i = 0; i < words->count; i++) {
		where.line = words->lines[i];
		good += is_local_time(loader, where, key, words->list[i]);
	}
	*ret_count = good == words->count ? good : 0;
	return (const char *const *)words->list;
}

/* The one form that is given, or RULE_FORMS after complaining. */
static enum rule_form find_form(struct loader *loader, const struct reminder_entry *entry)
{
	enum rule_form found = RULE_FORMS;

	for (int form = 0; form < RULE_FORMS; form++) {
		if (!entry_has(&keys_reminder, entry, rule_form_names[form]))
			continue;
		if (found != RULE_FORMS) {
			complain(loader, entry_where(&keys_reminder, entry, rule_form_names[form]),
				"a reminder has one schedule: \"%s\" is given already",
				rule_form_names[found]);
			return RULE_FORMS;
		}
		found = form;
	}
	if (found == RULE_FORMS)
		complain(loader, entry->entry.where,
			"the reminder \"%s\" needs a schedule: one of when, calendar, cron, every, "
			"at or rrule",
			entry->id);
	else if (!entry->schedules[found])
		return RULE_FORMS; /* its text was complained about */
	return found;
}

static void read_schedule(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	enum rule_form form = find_form(loader, entry);
	struct rule_options options = {.start = entry->start,
		.has_from = entry_has(&keys_reminder, entry, "from"),
		.has_until = entry_has(&keys_reminder, entry, "until"),
		.from = entry->from,
		.until = entry->until,
		.dst_gap = entry->dst_gap,
		.dst_overlap = entry->dst_overlap,
		.short_month = entry->short_month};
	auto_free struct date_range *except = read_except(loader, entry, &options.n_except);
	struct rule_error error = {0};
	const char *name;

	options.except = except;
	options.rdate = read_times(loader, entry, "rdate", &entry->rdate, &options.n_rdate);
	options.exdate = read_times(loader, entry, "exdate", &entry->exdate, &options.n_exdate);
	if (form == RULE_FORMS)
		return;
	name = rule_form_names[form];
	reminder->form = form;
	reminder->schedule = str_new(entry->schedules[form]);
	if (options.has_from && options.has_until && options.from > options.until)
		complain(loader, entry_where(&keys_reminder, entry, "until"),
			"\"until\" is before \"from\"");
	else if (rule_parse(form, reminder->schedule, &options, &reminder->rule, &error) < 0 &&
		 error.column > 0)
		complain(loader, entry_where(&keys_reminder, entry, name), "\"%s\", column %d: %s",
			name, error.column, error.message);
	else if (!reminder->rule)
		complain(loader, entry_where(&keys_reminder, entry, name), "\"%s\": %s", name,
			error.message);
	else if (rule_warning(reminder->rule))
		warn(loader, entry_where(&keys_reminder, entry, name), "\"%s\": %s", name,
			rule_warning(reminder->rule));
}

/* A day moves with all of its times; what has no days, or single ones, would overtake itself. */
static void check_shift(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	if (reminder->shift < SHIFT_BEFORE || !reminder->rule)
		return;
	if (rule_is_elapsed(reminder->rule) && reminder->form == RULE_EVERY)
		complain(loader, entry_where(&keys_reminder, entry, "shift"),
			"\"shift\" moves days, and an interval of hours has none: use a calendar "
			"event");
	else if (entry->rdate.count)
		complain(loader, entry_where(&keys_reminder, entry, "shift"),
			"\"shift\" = before and after do not go with \"rdate\"");
}

/* ---- to whom, through what ---- */

static void read_place(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "place");
	const struct place *place = index_find(&loader->places, entry->place);

	reminder->place = place ? place : loader->model->places[0];
	if (entry->place && !place)
		complain(loader, where, "there is no place \"%s\"%s", entry->place,
			config_suggest(loader, entry->place, (void **)loader->model->places + 1,
				loader->model->n_places - 1));
	else if (place && !reminder->n_rooms)
		complain(loader, where,
			"\"place\" is that of a room; people are reminded at their own place");
}

/* A channel of the reminder's own `via` on which they have no address, or NULL. */
static const struct channel *missing_address(
	const struct reminder *reminder, const struct person *person)
{
	for (size_t i = 0; i < reminder->n_via; i++) {
		if (reminder->via[i]->needs_address && !person_address(person, reminder->via[i]))
			return reminder->via[i];
	}
	return NULL;
}

static void check_recipients(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	struct names unreachable = {0}, homeless = {0};
	const struct channel *channel = NULL;

	if (entry_has(&keys_reminder, entry, "via") && !reminder->n_via)
		return; /* complained about */
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct pair *pair = &reminder->pairs[i];
		const struct person *person = loader->model->people[pair->recipient];
		const struct channel *missing = missing_address(reminder, person);

		if (i && pair[-1].recipient == pair->recipient)
			continue;
		if (!reminder->n_via && !person->n_via && !loader->via_is_wrong[person->index])
			config_names_add(&unreachable, person->id);
		if (missing)
			config_names_add(&homeless, person->id);
		channel = channel ? channel : missing;
	}
	if (unreachable.count)
		complain(loader, entry_where(&keys_reminder, entry, "to"),
			"%s cannot be reached: give them a \"via\"", config_names(&unreachable));
	if (channel)
		complain(loader, entry_where(&keys_reminder, entry, "via"),
			"no address on the channel \"%s\": %s", channel->id,
			config_names(&homeless));
}

/* Turns and pairs choose among people, each of whom is one recipient. */
static void check_rounds(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	const char *key = reminder->turn ? "turn" : "pair";
	struct where where = entry_where(&keys_reminder, entry, key);

	if (entry_has(&keys_reminder, entry, "memory") && !reminder->pair)
		complain(loader, entry_where(&keys_reminder, entry, "memory"),
			"\"memory\" belongs to \"pair\" only");
	if (!reminder->turn && !reminder->pair)
		return;
	if (reminder->turn && reminder->pair)
		complain(loader, entry_where(&keys_reminder, entry, "pair"),
			"a reminder has \"turn\" or \"pair\", not both");
	else if (reminder->has_about)
		complain(loader, where, "\"%s\" does not go with \"about\"%s", key,
			reminder->pair ? ": it is about whom they meet" : "");
	else if (reminder->n_rooms)
		complain(loader, where, "\"%s\" is among people: a room is none", key);
	else if (entry->fade.count || entry->digest)
		complain(loader, where, "\"%s\" does not go with \"%s\"", key,
			entry->digest ? "digest" : "fade");
	else if (reminder->pair && reminder->n_pairs > REMINDER_PAIRED_MAX)
		complain(loader, where,
			"\"pair\" is for at most %d people, and these are %zu: make it a reminder "
			"for each team",
			REMINDER_PAIRED_MAX, reminder->n_pairs);
	else if (reminder->n_pairs == 1)
		warn(loader, where, "\"%s\" has no use: \"%s\" is the only one", key,
			loader->model->people[reminder->pairs[0].recipient]->id);
}

/* ---- what follows ---- */

static void read_escalation(
	struct loader *loader, const struct nudge_entry *entry, struct nudge *nudge)
{
	struct where where = entry_where(&keys_nudge, entry, "escalate");

	for (int i = RELATION_MANAGER; relation_names[i]; i++) {
		if (str_eq(entry->escalate, relation_names[i])) {
			nudge->escalate_relation = i;
			return;
		}
	}
	nudge->escalate_person = index_find(&loader->people_by_id, entry->escalate);
	if (!nudge->escalate_person)
		complain(loader, where,
			"\"escalate\": \"%s\" is neither manager, mentor or partner nor a person%s",
			entry->escalate,
			config_suggest(loader, entry->escalate, (void **)loader->model->people,
				loader->model->n_people));
	else if (!nudge->escalate_person->n_via &&
		 !loader->via_is_wrong[nudge->escalate_person->index])
		complain(loader, where, "\"%s\" cannot be reached: give them a \"via\"",
			entry->escalate);
}

static void read_nudge(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	const struct nudge_entry *nudge;

	if (!entry->nudge.count)
		return;
	nudge = entries_at(&keys_nudge, &entry->nudge, 0);
	reminder->nudge.after_s = nudge->after_s;
	reminder->nudge.at_most = nudge->at_most;
	if (nudge->escalate)
		read_escalation(loader, nudge, &reminder->nudge);
	else if (nudge->at_most == 0)
		warn(loader, nudge->entry.where,
			"this nudge does nothing: at_most is 0, and nobody is told");
}

static void read_fade(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "fade");
	const struct fade_entry *fade;
	int most;

	if (!entry->fade.count || !reminder->rule)
		return;
	fade = entries_at(&keys_fade, &entry->fade, 0);
	most = fade_most(reminder->rule, loader->model->zone, fade->at_least_s);
	if (reminder->has_about)
		complain(loader, where,
			"\"fade\" does not go with \"about\": word about somebody does not thin "
			"out");
	else if (!reminder->n_pairs && reminder->n_rooms)
		complain(loader, where, "\"fade\" has no use here: nobody in a room can answer");
	else if (most == 0)
		complain(loader, where,
			"\"fade\" is for what comes at most 24 times a day: ask less often");
	else if (most == 1)
		warn(loader, where,
			"\"fade\" leaves nothing out: every 2nd would be less than one in its "
			"at_least");
	reminder->fading = (struct fading){fade->after, MAX_OF(most, 1)};
}

static void read_hold_out(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "hold_out");

	reminder->hold_out = entry->hold_out;
	if (entry->measure && !entry->hold_out)
		complain(loader, entry_where(&keys_reminder, entry, "measure"),
			"\"measure\" compares those of a hold-out with the others: give "
			"\"hold_out\", too");
	if (!entry->hold_out)
		return;
	if (reminder->has_about || !reminder->n_pairs)
		complain(loader, where,
			"\"hold_out\" is for reminders to persons, of themselves: not for rooms, "
			"and not with \"about\"");
	if (!entry->measure)
		warn(loader, where,
			"nobody will see whether it helps: name the reminder to compare by in "
			"\"measure\"");
}

/* When all are there. */
static void find_measure(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "measure");
	const struct reminder *measure = index_find(&loader->reminders, entry->measure);

	if (!entry->measure)
		return;
	reminder->measure = measure;
	if (!measure)
		complain(loader, where, "\"measure\": there is no reminder \"%.80s\"%s",
			entry->measure,
			config_suggest(loader, entry->measure, (void **)loader->model->reminders,
				loader->model->n_reminders));
	else if (measure == reminder || measure->hold_out || !measure->n_pairs)
		complain(loader, where,
			"\"measure\" needs another reminder, which persons get, with and without "
			"this one: \"%s\" is none",
			measure->id);
}

static void read_digest(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "digest");
	const char *of = entry->digest;

	if (!of)
		return;
	if (str_eq(of, "own"))
		reminder->digest = DIGEST_OWN;
	else if (str_eq(of, "reports"))
		reminder->digest = DIGEST_REPORTS;
	else if (str_eq(of, "programme"))
		reminder->digest = DIGEST_PROGRAMME;
	else if (str_starts(of, "team:"))
		reminder->digest = DIGEST_TEAM;
	else
		complain(loader, where,
			"\"digest\" cannot be \"%.80s\": it is own, team:T, reports or "
			"programme",
			of);
	if (reminder->digest == DIGEST_TEAM) {
		reminder->digest_team = index_find(&loader->teams, of + strlen("team:"));
		if (!reminder->digest_team)
			complain(loader, where, "\"digest\": there is no team \"%.80s\"%s",
				of + strlen("team:"),
				config_suggest(loader, of + strlen("team:"),
					(void **)loader->model->teams, loader->model->n_teams));
	}
	if (reminder->kind != KIND_DIGEST)
		complain(loader, where, "\"digest\" belongs to reminders of the kind digest");
	if (reminder->has_about)
		complain(loader, where, "\"digest\" does not go with \"about\"");
	if (reminder->n_rooms && reminder->digest && reminder->digest != DIGEST_TEAM)
		complain(loader, where,
			"a room gets the digest of a team: digest = \"%s\" is for persons", of);
}

/* ---- what it says ---- */

static void read_words(
	struct loader *loader, const struct reminder_entry *entry, struct reminder *reminder)
{
	reminder->title = config_template(
		loader, entry_where(&keys_reminder, entry, "title"), "title", entry->title);
	reminder->text = config_template(
		loader, entry_where(&keys_reminder, entry, "text"), "text", entry->text);
	reminder->prompts = index_find(&loader->packs, entry->prompts);
	if (entry->prompts && !reminder->prompts && !loader->packs_incomplete)
		complain(loader, entry_where(&keys_reminder, entry, "prompts"),
			"there is no prompt pack \"%s\"%s", entry->prompts,
			config_suggest(loader, entry->prompts, (void **)loader->model->packs,
				loader->model->n_packs));
	reminder->vision = loader->model->vision;
	reminder->language = config_language(
		loader, entry_where(&keys_reminder, entry, "language"), entry->language);
	if (entry->language && !entry_has(&keys_reminder, entry, "prompts"))
		warn(loader, entry_where(&keys_reminder, entry, "language"),
			"\"language\" has no use without \"prompts\": \"text\" is sent as it is "
			"written");
	if (!entry_has(&keys_reminder, entry, "text") &&
		!entry_has(&keys_reminder, entry, "prompts") &&
		!entry_has(&keys_reminder, entry, "digest"))
		complain(loader, entry->entry.where,
			"the reminder \"%s\" says nothing: give it \"text\" or \"prompts\"",
			entry->id);
}

/* ---- what a reload compares ---- */

static uint64_t mix_in(uint64_t hash, uint64_t value)
{
	hash ^= value + UINT64_C(0x9E3779B97F4A7C15) + (hash << 6) + (hash >> 2);
	return hash * UINT64_C(0xFF51AFD7ED558CCD) ^ hash >> 33;
}

static uint64_t hash_text(const char *text)
{
	return text ? HASH_OF(text) : 0;
}

static uint64_t hash_words(uint64_t hash, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		hash = mix_in(hash, hash_text(words->list[i]));
	return mix_in(hash, words->count);
}

static uint64_t hash_place(const struct place *place)
{
	return mix_in(hash_text(place->id), place->zone ? hash_text(zone_name(place->zone)) : 0);
}

static uint64_t hash_when(const struct reminder_entry *entry, const struct reminder *reminder)
{
	int64_t numbers[] = {reminder->kind, reminder->form, entry->from, entry->until,
		entry_has(&keys_reminder, entry, "from"), entry_has(&keys_reminder, entry, "until"),
		entry->short_month, entry->dst_gap, entry->dst_overlap, reminder->anywhere,
		reminder->has_about, reminder->grace_s, reminder->jitter_s, reminder->catch_up,
		reminder->shift, reminder->nudge.after_s, reminder->nudge.at_most,
		reminder->nudge.escalate_relation, reminder->priority, reminder->turn,
		reminder->pair, reminder->memory};
	const struct person *told = reminder->nudge.escalate_person;
	uint64_t hash = mix_in(hash_text(reminder->schedule), hash_text(entry->start));

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		hash = mix_in(hash, (uint64_t)numbers[i]);
	hash = hash_words(hash, &entry->except);
	hash = hash_words(hash, &entry->rdate);
	hash = hash_words(hash, &entry->exdate);
	hash = mix_in(hash, told ? hash_text(told->id) : 0);
	return mix_in(hash, hash_place(reminder->place));
}

static uint64_t hash_whom(const struct model *model, const struct reminder *reminder, uint64_t hash)
{
	for (size_t i = 0; i < reminder->n_rooms; i++)
		hash = mix_in(hash, hash_text(reminder->rooms[i]->id));
	for (size_t i = 0; i < reminder->n_via; i++)
		hash = mix_in(hash, hash_text(reminder->via[i]->id) + 1);
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct person *recipient = model->people[reminder->pairs[i].recipient];
		const struct person *subject = model->people[reminder->pairs[i].subject];

		hash = mix_in(hash, hash_text(recipient->id));
		if (subject != recipient)
			hash = mix_in(hash, hash_text(subject->id));
		hash = mix_in(hash, hash_text(recipient->place->id));
	}
	return hash;
}

/* ---- all of it ---- */

static void build_reminder(struct loader *loader, struct reminder_entry *entry)
{
	struct model *model = loader->model;
	struct reminder *reminder = mem_new(sizeof(*reminder));
	const struct reminder *twin;

	*reminder = (struct reminder){.id = str_new(entry->id),
		.index = model->n_reminders,
		.where = entry->entry.where,
		.kind = entry->kind,
		.anywhere = entry->anywhere,
		.has_about = entry_has(&keys_reminder, entry, "about"),
		.grace_s = entry->grace_s,
		.jitter_s = entry->jitter_s,
		.catch_up = entry->catch_up,
		.shift = entry_has(&keys_reminder, entry, "shift") ? SHIFT_NONE + entry->shift
								   : SHIFT_HOLIDAY,
		.turn = entry->turn,
		.pair = entry->pair,
		.memory = entry->memory,
		.priority = entry->priority};
	model->reminders[model->n_reminders++] = reminder;
	twin = index_put(&loader->reminders, reminder);
	if (twin)
		config_complain_twice(loader, entry_where(&keys_reminder, entry, "id"), "reminder",
			reminder->id, twin->where);
	read_schedule(loader, entry, reminder);
	check_shift(loader, entry, reminder);
	if (entry_has(&keys_reminder, entry, "via"))
		reminder->via =
			config_via(loader, &keys_reminder, entry, &entry->via, &reminder->n_via);
	if (reminder->via && entry->via.count == 0)
		complain(loader, entry_where(&keys_reminder, entry, "via"),
			"\"via\" names no channel");
	config_who_expand(loader, entry, reminder);
	read_place(loader, entry, reminder);
	check_recipients(loader, entry, reminder);
	check_rounds(loader, entry, reminder);
	read_nudge(loader, entry, reminder);
	read_fade(loader, entry, reminder);
	read_digest(loader, entry, reminder);
	read_hold_out(loader, entry, reminder);
	read_words(loader, entry, reminder);
	reminder->changed_hash = (int64_t)hash_whom(model, reminder, hash_when(entry, reminder));
	config_check_reminder(loader, entry, reminder);
}

void config_reminders_build(struct loader *loader)
{
	struct entries *entries = &loader->top.reminders;
	struct model *model = loader->model;

	if (entries->count > CONFIG_REMINDERS_MAX) {
		const struct entry *over =
			entries_at(&keys_reminder, entries, CONFIG_REMINDERS_MAX);

		complain(loader, over->where,
			"more than %d reminders: a reminder can be for many people, who may come "
			"from "
			"people_file",
			CONFIG_REMINDERS_MAX);
		return;
	}
	model->reminders = mem_new_array(entries->count, sizeof(*model->reminders));
	for (size_t i = 0; i < entries->count; i++) {
		struct reminder_entry *entry = entries_at(&keys_reminder, entries, i);

		if (entry->id)
			build_reminder(loader, entry);
	}
	for (size_t i = 0, n = 0; i < entries->count; i++) {
		struct reminder_entry *entry = entries_at(&keys_reminder, entries, i);

		if (entry->id)
			find_measure(loader, entry, model->reminders[n++]);
	}
}
