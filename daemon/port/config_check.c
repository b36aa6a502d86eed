/* What only shows when a configuration is looked at as a whole: addresses and folders of the daemon
 * itself, history that is kept too short, reminders that never reach anybody, practice without a
 * plan. Mostly warnings: what is wrong by itself is said where it is read. */
#include "port/config_parts.h"
#include "time/span.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	SLOTS_SAMPLED = 20,
	MOVES_MAX = 64, /* between hours and quiet hours before an answer is given up */
	LINK_KEY_MIN = 16,
};

/* ---- the daemon's own keys ---- */

static bool split_listen(const char *text, char *host, size_t room, int64_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	struct in6_addr v6;
	struct in_addr v4;

	if (!colon || len == 0 || len >= room || str_to_int64(colon + 1, ret_port) < 0 ||
		*ret_port < 1 || *ret_port > 65535)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (*host == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 1);
		host[len - 2] = '\0';
		return inet_pton(AF_INET6, host, &v6) == 1;
	}
	return str_eq(host, "localhost") || inet_pton(AF_INET, host, &v4) == 1;
}

static bool is_loopback(const char *host)
{
	return str_starts(host, "127.") || str_eq(host, "::1") || str_eq(host, "localhost");
}

static void check_listen(struct loader *loader)
{
	const char *text = loader->top.listen;
	char host[INET6_ADDRSTRLEN + 2];
	int64_t port;

	if (!text)
		return;
	if (!split_listen(text, host, sizeof(host), &port))
		complain(loader, config_top_where(loader, "listen"),
			"\"listen\" cannot be \"%.80s\": write an address and a port, as "
			"\"127.0.0.1:8930\" or \"[::1]:8930\"",
			text);
	else if (!is_loopback(host))
		warn(loader, config_top_where(loader, "listen"),
			"\"listen\" is open to other machines and speaks plain HTTP: listen on "
			"loopback "
			"behind a proxy that speaks HTTPS");
}

/* Who reads it knows how the organisation is: it never leaves the machine by itself. */
static void check_listen_admin(struct loader *loader)
{
	const char *text = loader->top.listen_admin;
	struct where where = config_top_where(loader, "listen_admin");
	char host[INET6_ADDRSTRLEN + 2];
	int64_t port;

	if (!text || (str_starts(text, "unix:/") && text[6]))
		return;
	if (!split_listen(text, host, sizeof(host), &port))
		complain(loader, where,
			"\"listen_admin\" cannot be \"%.80s\": write \"unix:/run/nudged/admin\", "
			"or "
			"a loopback address and a port, as \"127.0.0.1:8931\"",
			text);
	else if (!is_loopback(host))
		complain(loader, where,
			"\"listen_admin\" cannot be \"%.80s\": metrics and the organiser's page "
			"are "
			"for this machine alone; use \"unix:/run/nudged/admin\", or 127.0.0.1",
			text);
	else if (str_eq(text, loader->top.listen))
		complain(loader, where,
			"\"listen_admin\" is the address of \"listen\": they are never mixed; use "
			"another port");
}

static bool is_base_url(const char *url)
{
	const char *host = str_starts(url, "https://")  ? url + 8
			   : str_starts(url, "http://") ? url + 7
							: NULL;
	size_t len = host ? strcspn(host, "/") : 0;

	return len > 0 && *host != ':' && !strpbrk(host, "?# \\\"<>@") &&
	       str_is_printable(url, strlen(url), false);
}

static void check_public_url(struct loader *loader)
{
	struct where where = config_top_where(loader, "public_url");
	struct model *model = loader->model;
	size_t len;

	if (!loader->top.public_url) {
		if (loader->top.listen)
			model->public_url = str_printf("http://%s", loader->top.listen);
		return;
	}
	model->public_url = str_new(loader->top.public_url);
	if (!is_base_url(model->public_url))
		complain(loader, where,
			"\"public_url\" must be like \"https://nudge.example.org\": http or https, "
			"a host, "
			"perhaps a path");
	else if (!loader->top.listen)
		warn(loader, where, "\"public_url\" has no use without \"listen\"");
	len = strlen(model->public_url);
	while (len && model->public_url[len - 1] == '/')
		model->public_url[--len] = '\0';
}

static void check_store(struct loader *loader)
{
	const char *store = loader->top.store;
	struct where where = config_top_where(loader, "store");

	if (str_starts(store, "postgres"))
		complain(loader, where,
			"\"store\": postgres is not built into this release of nudged; use "
			"\"sqlite\"");
	else if (!str_eq(store, "sqlite") && !str_eq(store, "memory"))
		complain(loader, where,
			"\"store\" cannot be \"%.40s\": it is \"sqlite\" or \"memory\"", store);
}

static void check_link_key(struct loader *loader)
{
	struct where where = config_top_where(loader, "link_key");
	struct secret **key = &loader->model->link_key;

	if (loader->top.link_key &&
		config_secret_read(loader, where, "link_key", loader->top.link_key, true, key) &&
		*key && strlen(secret_reveal(*key)) < LINK_KEY_MIN)
		complain(loader, where, "\"link_key\" is shorter than %d characters", LINK_KEY_MIN);
}

void config_check_top(struct loader *loader)
{
	check_listen(loader);
	check_listen_admin(loader);
	check_public_url(loader);
	check_store(loader);
	check_link_key(loader);
}

/* ---- can it ever be sent ---- */

/* The first minute from local on at which the place may be disturbed. */
static int64_t next_allowed(const struct place *place, int64_t local)
{
	for (int i = 0; i < MOVES_MAX && local != INT64_MAX; i++) {
		if (place->hours && !week_contains(place->hours, local))
			local = week_next(place->hours, local, true);
		else if (place->quiet && week_contains(place->quiet, local))
			local = week_next(place->quiet, local, false);
		else
			return local;
	}
	return INT64_MAX;
}

enum reach { REACHES, NEVER_ALLOWED, NO_SLOTS };

static enum reach sample_slots(
	const struct reminder *reminder, const struct place *place, int64_t now)
{
	const struct zone *zone = rule_own_zone(reminder->rule);
	struct slot slot;
	int seen = 0;

	for (int64_t after = now; seen < SLOTS_SAMPLED; seen++, after = slot.utc) {
		int64_t local;

		if (!rule_next(reminder->rule, zone ? zone : place->zone, place->workdays, after,
			    &slot))
			break;
		local = zone_to_local(place->zone, slot.utc, NULL);
		if (reminder->anywhere || next_allowed(place, local) <= local + reminder->grace_s)
			return REACHES;
	}
	return seen ? NEVER_ALLOWED : NO_SLOTS;
}

struct place_use {
	size_t people;
	const struct person *first;
};

static void warn_hours(struct loader *loader, const struct reminder *reminder,
	const struct place *place, const struct place_use *use, struct where where)
{
	if (!use)
		warn(loader, where, "\"%s\" always falls outside the hours of \"%s\"", reminder->id,
			place->id);
	else if (use->people == 1)
		warn(loader, where,
			"\"%s\" always falls outside the hours of \"%s\": \"%s\" will never get it",
			reminder->id, place->id, use->first->id);
	else
		warn(loader, where,
			"\"%s\" always falls outside the hours of \"%s\": \"%s\" and %zu more will "
			"never "
			"get it",
			reminder->id, place->id, use->first->id, use->people - 1);
}

static void count_places(
	const struct model *model, const struct reminder *reminder, struct place_use *uses)
{
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct pair *pair = &reminder->pairs[i];
		const struct person *person = model->people[pair->recipient];
		struct place_use *use = &uses[person->place->index];

		if (i && pair[-1].recipient == pair->recipient)
			continue;
		if (use->people++ == 0)
			use->first = person;
	}
}

static void check_hours(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	const struct model *model = loader->model;
	struct where where = entry_where(&keys_reminder, entry, rule_form_names[reminder->form]);
	auto_free struct place_use *uses = mem_new_array(model->n_places, sizeof(*uses));
	bool ended = true, asked = false;

	count_places(model, reminder, uses);
	for (size_t i = 0; i < model->n_places; i++) {
		const struct place *place = model->places[i];
		bool is_rooms = reminder->n_rooms && reminder->place == place;
		enum reach reach;

		if ((!uses[i].people && !is_rooms) || !place->zone)
			continue;
		reach = sample_slots(reminder, place, loader->needs->now);
		asked = true;
		ended = ended && reach == NO_SLOTS;
		if (reach == NEVER_ALLOWED)
			warn_hours(
				loader, reminder, place, uses[i].people ? &uses[i] : NULL, where);
	}
	if (asked && ended)
		warn(loader, where, "\"%s\" lies in the past: it will not be sent again",
			reminder->id);
}

/* ---- does it say what it should ---- */

static bool uses(const struct reminder *reminder, enum template_name name)
{
	return (reminder->title && template_uses(reminder->title, name)) ||
	       (reminder->text && template_uses(reminder->text, name));
}

static const char *words_key(const struct reminder *reminder)
{
	return reminder->text ? "text" : reminder->title ? "title" : "id";
}

static bool prompt_needs(const struct prompt *prompt, enum template_name name)
{
	const struct template *parts[] = {
		prompt->title, prompt->cue, prompt->act, prompt->question};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i] && template_needs(parts[i], name))
			return true;
	}
	return false;
}

/* A prompt of the pack that leaves a gap where nobody else is spoken of, or NULL. */
static const struct prompt *find_about(const struct prompt_pack *pack)
{
	for (size_t i = 0; pack && i < pack->count; i++) {
		if (prompt_needs(&pack->prompts[i], NAME_ABOUT))
			return &pack->prompts[i];
	}
	return NULL;
}

static bool needs(const struct reminder *reminder, enum template_name name)
{
	return (reminder->title && template_needs(reminder->title, name)) ||
	       (reminder->text && template_needs(reminder->text, name));
}

static bool asks_oneself(const struct reminder *reminder)
{
	for (size_t i = 0; reminder->has_about && i < reminder->n_pairs; i++) {
		if (reminder->pairs[i].recipient == reminder->pairs[i].subject)
			return true;
	}
	return false;
}

/* Words about somebody, where nobody but the recipient is spoken of. */
static bool leaves_gap(const struct reminder *reminder)
{
	return needs(reminder, NAME_ABOUT) || (!reminder->text && find_about(reminder->prompts));
}

/* Who has no role, or none with objectives, that the words would quote. */
static void check_role_names(
	struct loader *loader, struct where where, const struct reminder *reminder)
{
	bool objective = needs(reminder, NAME_ROLE_OBJECTIVE);
	struct names names = {0};

	if (!needs(reminder, NAME_ROLE))
		return;
	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct person *person = loader->model->people[reminder->pairs[i].subject];

		if (!person->role || (objective && !person->role->n_objectives))
			config_names_add(&names, person->id);
	}
	if (names.count)
		warn(loader, where, "\"%s\" quotes %s: %s %s none", reminder->id,
			objective ? "an objective of the role" : "the role", config_names(&names),
			names.count == 1 ? "has" : "have");
}

static void check_names(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, words_key(reminder));

	if (uses(reminder, NAME_PROMPT) && !reminder->prompts)
		complain(loader, where,
			"\"%s\" names a prompt, but the reminder has no \"prompts\"", reminder->id);
	if (uses(reminder, NAME_DIGEST) && !reminder->digest)
		complain(loader, where,
			"\"%s\" names what a digest sums up, but the reminder has no \"digest\"",
			reminder->id);
	if ((uses(reminder, NAME_ABOUT_ID) || uses(reminder, NAME_ABOUT_NAME)) &&
		!reminder->has_about && !reminder->pair)
		warn(loader, where, "\"%s\" names whom it is about, but has no \"about\"",
			reminder->id);
	if (!reminder->has_about && !reminder->pair && find_about(reminder->prompts))
		warn(loader, entry_where(&keys_reminder, entry, "prompts"),
			"the prompts of \"%s\" name whom they are about (\"%s\"), but \"%s\" has "
			"no "
			"\"about\"",
			reminder->prompts->id, find_about(reminder->prompts)->id, reminder->id);
	if (asks_oneself(reminder) && leaves_gap(reminder))
		warn(loader, where,
			"\"%s\" names whom it is about, and goes to themselves, too: put that "
			"between {{#about}} and {{/about}}",
			reminder->id);
	if (!reminder->vision && needs(reminder, NAME_VISION))
		warn(loader, where, "\"%s\" quotes the vision, but the file has no \"vision\"",
			reminder->id);
	check_role_names(loader, where, reminder);
	if (loader->top.listen)
		return;
	if (uses(reminder, NAME_ANSWER_URL))
		warn(loader, where, "\"%s\" gives a link to answer, but there is no \"listen\"",
			reminder->id);
	if (uses(reminder, NAME_PRACTICE_URL))
		warn(loader, where,
			"\"%s\" gives a link to people's own pages, but there is no \"listen\"",
			reminder->id);
}

/* Whether every prompt has one. */
static bool pack_gives(const struct prompt_pack *pack, bool cue)
{
	for (size_t i = 0; pack && i < pack->count; i++) {
		if (!(cue ? pack->prompts[i].cue : pack->prompts[i].act))
			return false;
	}
	return pack != NULL;
}

/* Whose foci lack what the message takes from them. */
static void warn_foci(struct loader *loader, struct where where, const struct reminder *reminder,
	bool wants_cue, bool wants_act)
{
	const struct model *model = loader->model;
	int32_t today = (int32_t)(loader->needs->now / DAY_S);
	struct names names = {0};

	for (size_t i = 0; i < reminder->n_pairs; i++) {
		const struct person *person = model->people[reminder->pairs[i].subject];
		const struct focus *focus = person_focus(person, today);
		/* One that is still to come is in order. */
		bool comes = !focus && person->n_foci && person->foci[0].has_from &&
			     person->foci[0].from > today;
		bool given = focus && (focus->cue || !wants_cue) && (focus->act || !wants_act);

		if (!comes && !given)
			config_names_add(&names, person->id);
	}
	if (names.count)
		warn(loader, where, "\"%s\" takes %s from the focus: %s %s none", reminder->id,
			wants_cue && wants_act ? "cue and act"
			: wants_cue            ? "the cue"
					       : "the act",
			config_names(&names), names.count == 1 ? "has" : "have");
}

/* Plans of the form "when this happens, I do that" work: practice has a cue and one act. */
static void check_practice(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, words_key(reminder));
	bool focus_cue = uses(reminder, NAME_FOCUS_CUE), focus_act = uses(reminder, NAME_FOCUS_ACT);
	bool cue = focus_cue || pack_gives(reminder->prompts, true);
	bool act = focus_act || pack_gives(reminder->prompts, false);

	if (reminder->kind != KIND_PRACTICE)
		return;
	if (!cue || !act)
		warn(loader, where,
			"practice works with a cue and one act, and \"%s\" lacks %s: use "
			"{{focus.cue}} "
			"and {{focus.act}}, or a prompt pack",
			reminder->id,
			cue   ? "the act"
			: act ? "the cue"
			      : "both");
	if (focus_cue || focus_act)
		warn_foci(loader, where, reminder, focus_cue, focus_act);
}

/* ---- does the follow-up reach anybody ---- */

static void check_follow_up(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	struct where where = entry_where(&keys_reminder, entry, "nudge");
	enum relation relation = reminder->nudge.escalate_relation;
	struct names missing = {0}, silent = {0};

	if (!reminder->nudge.after_s)
		return;
	if (reminder->n_rooms && !reminder->n_pairs)
		warn(loader, where, "a nudge has no use here: nobody in a room can answer");
	for (size_t i = 0; relation && i < reminder->n_pairs; i++) {
		const struct pair *pair = &reminder->pairs[i];
		const struct person *person = loader->model->people[pair->recipient];
		const struct person *told = person_related(person, relation);

		if (i && pair[-1].recipient == pair->recipient)
			continue;
		if (!told)
			config_names_add(&missing, person->id);
		else if (!told->n_via && !reminder->n_via && !loader->via_is_wrong[told->index])
			config_names_add(&silent, person->id);
	}
	if (missing.count)
		warn(loader, where, "nobody is told when %s %s not answer: no %s is given there",
			config_names(&missing), missing.count == 1 ? "does" : "do",
			relation_names[relation]);
	if (silent.count)
		warn(loader, where, "the %s of %s cannot be reached: give them a \"via\"",
			relation_names[relation], config_names(&silent));
}

void config_check_reminder(
	struct loader *loader, const struct reminder_entry *entry, const struct reminder *reminder)
{
	if (reminder->rule)
		check_hours(loader, entry, reminder);
	check_names(loader, entry, reminder);
	check_practice(loader, entry, reminder);
	check_follow_up(loader, entry, reminder);
}

/* ---- history ---- */

static void complain_keep(struct loader *loader, const char *what, const char *id, int64_t span_s)
{
	char keep[SPAN_TEXT], span[SPAN_TEXT];

	span_write(loader->top.keep_s, keep);
	span_write(span_s, span);
	complain(loader, config_top_where(loader, "keep"),
		"\"keep\" is %s, which is not longer than the %s of \"%s\" (%s)", keep, what, id,
		span);
}

static void check_keep(struct loader *loader)
{
	const struct model *model = loader->model;

	for (size_t i = 0; i < model->n_channels; i++) {
		if (model->channels[i]->expire_s >= loader->top.keep_s)
			complain_keep(loader, "expire", model->channels[i]->id,
				model->channels[i]->expire_s);
	}
	for (size_t i = 0; i < model->n_reminders; i++) {
		if (model->reminders[i]->grace_s >= loader->top.keep_s)
			complain_keep(loader, "grace", model->reminders[i]->id,
				model->reminders[i]->grace_s);
	}
}

static bool has_no_plan(const struct loader *loader, const struct person *person)
{
	return (loader->roles_are_listed || loader->practises[person->index]) && !person->n_foci &&
	       !(person->role && person->role->n_objectives);
}

/* Who gets practice reminders, by index. */
static bool *list_practising(const struct model *model)
{
	bool *practises = mem_new_array(model->n_people + 1, sizeof(*practises));

	for (size_t i = 0; i < model->n_reminders; i++) {
		const struct reminder *reminder = model->reminders[i];

		for (size_t n = 0; reminder->kind == KIND_PRACTICE && n < reminder->n_pairs; n++)
			practises[reminder->pairs[n].subject] = true;
	}
	return practises;
}

static bool lacks_mentor(const struct loader *loader, const struct person *person)
{
	return person->role && person->role->mentored && !person->mentor;
}

static int by_date(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* The most foci that a person has on one date: as many as have begun by then and not ended before. */
static size_t most_foci(const struct person *person)
{
	size_t count = person->n_foci, ended = 0, most = 0;
	auto_free int32_t *from = mem_new_array(count + 1, sizeof(*from));
	auto_free int32_t *until = mem_new_array(count + 1, sizeof(*until));

	for (size_t i = 0; i < count; i++) {
		from[i] = person->foci[i].has_from ? person->foci[i].from : INT32_MIN;
		until[i] = person->foci[i].has_until ? person->foci[i].until : INT32_MAX;
	}
	qsort(from, count, sizeof(*from), by_date);
	qsort(until, count, sizeof(*until), by_date);
	for (size_t begun = 1; begun <= count; begun++) {
		while (until[ended] < from[begun - 1])
			ended++;
		most = MAX_OF(most, begun - ended);
	}
	return most;
}

static bool has_too_many_foci(const struct loader *loader, const struct person *person)
{
	size_t limit = (size_t)loader->top.focus_limit;

	return limit && person->n_foci > limit && most_foci(person) > limit;
}

/* One warning for all of whom it is true, at the first of them. */
static void warn_people(struct loader *loader,
	bool (*is_true)(const struct loader *loader, const struct person *person), const char *what)
{
	const struct model *model = loader->model;
	const struct person *first = NULL;
	struct names names = {0};

	for (size_t i = 0; i < model->n_people; i++) {
		if (!is_true(loader, model->people[i]))
			continue;
		first = first ? first : model->people[i];
		config_names_add(&names, model->people[i]->id);
	}
	if (first)
		warn(loader, first->where, "%s: %s", what, config_names(&names));
}

static void check_roles(struct loader *loader)
{
	const struct model *model = loader->model;
	auto_free bool *taken = mem_new_array(model->n_roles + 1, sizeof(*taken));

	for (size_t i = 0; i < model->n_people; i++)
		if (model->people[i]->role)
			taken[model->people[i]->role->index] = true;
	for (size_t i = 0; i < model->n_roles; i++)
		if (!taken[i] && model->roles[i]->n_objectives)
			warn(loader, model->roles[i]->where,
				"nobody has the role \"%s\": nobody works on its objectives",
				model->roles[i]->id);
}

static void check_plans(struct loader *loader)
{
	auto_free char *many =
		str_printf("more foci on one date than focus_limit = %d", loader->top.focus_limit);
	auto_free bool *practises = list_practising(loader->model);

	loader->practises = practises;
	warn_people(loader, has_no_plan, "neither objectives by role nor a focus");
	loader->practises = NULL;
	warn_people(loader, has_too_many_foci, many);
	warn_people(loader, lacks_mentor, "no mentor, which their role asks for");
	check_roles(loader);
}

void config_check_all(struct loader *loader)
{
	struct where whole = {loader->model->file, 0};

	check_keep(loader);
	check_plans(loader);
	config_languages_check(loader);
	if (loader->top.reminders.count == 0)
		warn(loader, whole, "there are no reminders");
}
