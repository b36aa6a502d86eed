/* What an answer means: by how far the request came, by what the service says in its body, and by the
 * status where it says nothing. A dialect's row holds the words. A 200 whose body says no is no success.
 * Keeps nothing; what it returns lives in the caller's judgement. */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BODY_MAX = 100, WORD_MAX = 128 };

static void write_cause(
	struct judgement *judgement, const char *what, const struct nudged_response *response)
{
	size_t len = response->body_len < SHOWN_BODY_MAX ? response->body_len : SHOWN_BODY_MAX;

	snprintf(judgement->reason, sizeof(judgement->reason), "%s%s%.*s", what, len ? ": " : "",
		(int)len, (const char *)response->body);
}

static void misconfigure(struct judgement *judgement)
{
	judgement->verdict.outcome = NUDGED_MISCONFIGURED;
	judgement->verdict.whole_destination = 1;
}

/* False: the receiver answered, and its answer decides. */
static bool judge_transport(const struct dialect *dialect, const struct nudged_response *response,
	struct judgement *judgement)
{
	struct nudged_verdict *verdict = &judgement->verdict;

	switch (response->transport) {
	case NUDGED_ARRIVED:
	case NUDGED_BODY_TOO_LARGE:
		return false;
	case NUDGED_NOT_SENT:
		verdict->outcome = NUDGED_RETRY;
		write_cause(judgement, "the receiver could not be reached", response);
		return true;
	case NUDGED_TLS_FAILED:
		misconfigure(judgement);
		write_cause(judgement,
			"the receiver's TLS certificate or protocol is not acceptable", response);
		return true;
	case NUDGED_FORBIDDEN:
		misconfigure(judgement);
		snprintf(judgement->reason, sizeof(judgement->reason),
			"nudged refused the address: private ones need allow_private = true");
		return true;
	default:
		verdict->outcome = NUDGED_UNKNOWN;
		verdict->safe_to_repeat = dialect->drops_duplicates;
		snprintf(judgement->reason, sizeof(judgement->reason), "sent, but no answer came");
		return true;
	}
}

static enum nudged_outcome outcome_of_status(int status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
		return NUDGED_RETRY;
	case 401:
	case 403:
	case 404:
	case 410:
		return NUDGED_REFUSED_DESTINATION;
	case 407:
		return NUDGED_MISCONFIGURED;
	}
	switch (status / 100) {
	case 2:
		return NUDGED_SENT;
	case 3:
		return NUDGED_MISCONFIGURED;
	case 4:
		return NUDGED_REFUSED_PAYLOAD;
	default:
		return NUDGED_RETRY;
	}
}

/* ---- what the body says ---- */

struct answer {
	const struct dialect *dialect;
	const struct nudged_response *response;
	const char *body;
	size_t len;   /* without line ends */
	json_t *json; /* or NULL */
	bool room;
};

static void write_word(const json_t *value, char word[static WORD_MAX])
{
	word[0] = 0;
	if (json_is_string(value))
		snprintf(word, WORD_MAX, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(word, WORD_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static const struct meaning *find_word(const struct dialect *dialect, const char *word, size_t len)
{
	for (const struct meaning *meaning = dialect->meanings; meaning && meaning->word; meaning++)
		if (dialect->words_within
				? memmem(word, len, meaning->word, strlen(meaning->word)) != NULL
				: strlen(meaning->word) == len &&
					  memcmp(word, meaning->word, len) == 0)
			return meaning;
	return NULL;
}

static const struct meaning *find_meaning(const struct answer *answer)
{
	const struct dialect *dialect = answer->dialect;
	char word[WORD_MAX];

	for (size_t i = 0; i < COUNT(dialect->codes) && dialect->codes[i]; i++) {
		const struct meaning *meaning;

		write_word(json_object_get(answer->json, dialect->codes[i]), word);
		meaning = *word ? find_word(dialect, word, strlen(word)) : NULL;
		if (meaning)
			return meaning;
	}
	return dialect->words_within ? NULL : find_word(dialect, answer->body, answer->len);
}

static bool is_proof(const json_t *value, const char *wanted)
{
	if (json_is_string(value))
		return wanted ? strcmp(json_string_value(value), wanted) == 0
			      : json_string_length(value) > 0;
	return !wanted && (json_is_true(value) || json_is_number(value));
}

static bool is_success(const struct answer *answer)
{
	const struct dialect *dialect = answer->dialect;

	if (answer->response->status / 100 != 2)
		return false;
	if (dialect->proof)
		return is_proof(
			json_object_get(answer->json, dialect->proof), dialect->proof_value);
	return !dialect->ok || (strlen(dialect->ok) == answer->len &&
				       memcmp(answer->body, dialect->ok, answer->len) == 0);
}

static void take_receipt(const struct answer *answer, struct judgement *judgement)
{
	const struct dialect *dialect = answer->dialect;
	const char *name = dialect->receipt ? dialect->receipt : dialect->proof;
	char word[WORD_MAX];

	if (!name)
		return;
	write_word(json_object_get(answer->json, name), word);
	snprintf(judgement->receipt, sizeof(judgement->receipt), "%s", word);
	if (*word)
		judgement->verdict.receipt = judgement->receipt;
}

/* It answered 2xx, and not as the service does. */
static void doubt(const struct answer *answer, struct judgement *judgement)
{
	const struct dialect *dialect = answer->dialect;
	bool cut = !answer->len || answer->response->transport == NUDGED_BODY_TOO_LARGE;

	if (cut) {
		judgement->verdict.outcome = NUDGED_UNKNOWN;
		judgement->verdict.safe_to_repeat = dialect->drops_duplicates;
		snprintf(judgement->reason, sizeof(judgement->reason),
			"the answer does not say that %s took it", dialect->name);
	} else if (dialect->proof && json_object_get(answer->json, dialect->proof)) {
		judgement->verdict.outcome = NUDGED_REFUSED_PAYLOAD;
	} else {
		misconfigure(judgement);
		snprintf(judgement->reason, sizeof(judgement->reason),
			"the answer is not %s's: is this the right URL?", dialect->name);
	}
}

/* An address that is refused concerns one person, a login all of them. */
static void judge_status(const struct answer *answer, struct judgement *judgement)
{
	struct nudged_verdict *verdict = &judgement->verdict;
	int status = answer->response->status;
	bool addressed = answer->dialect->reach == REACH_ADDRESS;

	verdict->outcome = outcome_of_status(status);
	if (addressed && (status == 401 || (status == 404 && !answer->json)))
		verdict->outcome = NUDGED_MISCONFIGURED;
	verdict->whole_destination =
		verdict->outcome == NUDGED_MISCONFIGURED || status == 429 || status == 503 ||
		(verdict->outcome == NUDGED_REFUSED_DESTINATION && !(addressed && !answer->room));
}

static void judge_meaning(
	const struct answer *answer, const struct meaning *meaning, struct judgement *judgement)
{
	struct nudged_verdict *verdict = &judgement->verdict;
	int status = answer->response->status;

	verdict->outcome = meaning->outcome;
	verdict->whole_destination =
		meaning->whole ||
		(verdict->outcome == NUDGED_RETRY && (status == 429 || status == 503)) ||
		(answer->room && verdict->outcome == NUDGED_REFUSED_DESTINATION);
	verdict->delay = meaning->delay ? meaning->delay : -1;
}

static bool has_moved(const struct answer *answer, struct judgement *judgement)
{
	if (!answer->dialect->find_new_address)
		return false;
	judgement->address = answer->dialect->find_new_address(answer->json);
	if (!judgement->address)
		return false;
	judgement->verdict.outcome = NUDGED_MOVED;
	judgement->verdict.address = judgement->address;
	snprintf(judgement->reason, sizeof(judgement->reason),
		"it has moved to %.80s: write that into the configuration", judgement->address);
	return true;
}

static void judge_answer(const struct answer *answer, struct judgement *judgement)
{
	const struct meaning *meaning;

	if (is_success(answer)) {
		judgement->verdict.outcome = NUDGED_SENT;
		take_receipt(answer, judgement);
		return;
	}
	if (has_moved(answer, judgement))
		return;
	meaning = find_meaning(answer);
	if (meaning)
		judge_meaning(answer, meaning, judgement);
	else if (answer->response->status / 100 == 2)
		doubt(answer, judgement);
	else
		judge_status(answer, judgement);
}

/* ---- in words ---- */

/* The first line of an answer often says what was wrong; a page of HTML does not. */
static void write_reason(const struct answer *answer, bool may_show, struct judgement *judgement)
{
	int status = answer->response->status;
	size_t len = 0;
	char *reason = judgement->reason, *more;

	while (len < answer->len && len < SHOWN_BODY_MAX && answer->body[len] &&
		!strchr("\r\n", answer->body[len]))
		len++;
	more = reason +
	       snprintf(reason, sizeof(judgement->reason), "the receiver answered %d", status);
	if (status / 100 == 3)
		strcpy(more, ", a redirect: give its final URL");
	else if ((status == 404 || status == 410) && !answer->json)
		strcpy(more, ": is this the right URL?");
	else if (len && answer->body[0] != '<' && may_show)
		sprintf(more, ": %.*s", (int)len, answer->body);
}

static void ask_for_time(const struct answer *answer, struct nudged_verdict *verdict)
{
	double hint = hint_delay(answer->response);

	if (hint > verdict->delay)
		verdict->delay = hint;
	if (answer->response->retry_after >= 0 && answer->response->retry_after > verdict->delay)
		verdict->delay = (double)answer->response->retry_after;
}

void judge_response(const struct dialect *dialect, bool room,
	const struct nudged_response *response, bool may_show, struct judgement *judgement)
{
	struct answer answer = {dialect, response, response->body ? response->body : "",
		response->body ? response->body_len : 0, NULL,
		room || dialect->reach == REACH_ROOM};
	struct nudged_verdict *verdict = &judgement->verdict;

	*judgement = (struct judgement){.verdict = {.size = sizeof(*verdict), .delay = -1}};
	verdict->reason = judgement->reason;
	if (judge_transport(dialect, response, judgement))
		return;
	while (answer.len && strchr("\r\n", answer.body[answer.len - 1]))
		answer.len--;
	answer.json = json_loadb(answer.body, answer.len, 0, NULL);
	judge_answer(&answer, judgement);
	if (verdict->outcome == NUDGED_RETRY)
		ask_for_time(&answer, verdict);
	if (verdict->outcome == NUDGED_SENT)
		verdict->reason = NULL;
	else if (!*judgement->reason)
		write_reason(&answer, may_show, judgement);
	json_decref(answer.json);
}
