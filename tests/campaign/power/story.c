/* What change n does, as a function of n alone. Owns nothing. */
#include "story.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { START_MS = 1780488000, PEOPLE = 7, LONG_EVERY = 11, SHORT_TEXT = 40 };

struct id story_id(enum story_kind kind, int n)
{
	/* Every second delivery has the id after its occurrence, which the store writes shorter. */
	struct id id = {.bytes = {[15] = kind + (kind == STORY_DELIVERY && n % 2)}};
	int64_t ms = (int64_t)START_MS * 1000 + n;

	for (int i = 0; i < 6; i++)
		id.bytes[i] = ms >> (8 * (5 - i));
	return id;
}

static char *recipient(int n)
{
	static char *const people[PEOPLE] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6"};

	return people[n % PEOPLE];
}

void story_occurrence(int n, char text[static STORY_TEXT_MAX], struct occurrence *ret)
{
	int len = n % LONG_EVERY ? SHORT_TEXT + n % SHORT_TEXT : STORY_TEXT_MAX - 1;

	memset(text, 'a' + n % 26, len);
	text[len] = 0;
	snprintf(text, SHORT_TEXT, "text of %d", n);
	text[strlen(text)] = ' ';
	*ret = (struct occurrence){.id = story_id(STORY_OCCURRENCE, n),
		.key = {.reminder = "story", .recipient = recipient(n), .local = n},
		.kind = "note",
		.due_at = (int64_t)START_MS * 1000 + n,
		.planned_at = (int64_t)START_MS * 1000 + n,
		.rule = "schedule",
		.title = "A story",
		.text = text,
		.follow_at = TIME_NEVER,
		.answered_at = TIME_NEVER};
}

void story_delivery(int n, int age, struct delivery *ret)
{
	int64_t now = (int64_t)START_MS * 1000 + n;

	*ret = (struct delivery){.id = story_id(STORY_DELIVERY, n),
		.channel = "hook",
		.recipient = recipient(n),
		.budget_date = INT32_MIN,
		.created_at = now,
		.not_before_at = now,
		.expire_at = now + 1000000,
		.state = DELIVERY_WAITING,
		.next_at = now};
	if (age >= STORY_TRIED) {
		ret->attempts = 1;
		ret->next_at = now + 1000;
		ret->reason = "tried";
	}
	if (age >= STORY_ENDED) {
		ret->attempts = 2;
		ret->state = n % 3 ? DELIVERY_DELIVERED : DELIVERY_CANCELLED;
		ret->reason = "ended";
		ret->receipt = "receipt";
	}
}
