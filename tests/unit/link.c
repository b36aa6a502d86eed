/* Answer links: what was written reads back, and nothing else does. */
#include "base/str.h"
#include "model/link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECRET "correct horse battery"
static const int64_t expires_s = INT64_C(1800000000);

static struct link_key key_of(const char *secret)
{
	struct link_key key;

	assert_int_equal(link_key_derive(secret, &key), 0);
	return key;
}

static struct id some_id(void)
{
	struct id id;

	for (size_t i = 0; i < sizeof(id.bytes); i++)
		id.bytes[i] = (uint8_t)(i * 37 + 5);
	return id;
}

static void reads_back_what_was_written(void **state)
{
	struct link_key key = key_of(SECRET);
	struct id read = {0};
	char token[LINK_TOKEN];

	link_write(&key, some_id(), expires_s, token);
	assert_int_equal(strlen(token), LINK_TOKEN - 1);
	assert_int_equal(
		strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
		LINK_TOKEN - 1);
	assert_int_equal(link_read(&key, token, expires_s - 1, &read), LINK_GOOD);
	assert_true(id_eq(read, some_id()));
}

static void expires_at_the_second_it_says(void **state)
{
	struct link_key key = key_of(SECRET);
	struct id read = {0};
	char token[LINK_TOKEN];

	link_write(&key, some_id(), expires_s, token);
	assert_int_equal(link_read(&key, token, expires_s, &read), LINK_EXPIRED);
	assert_true(id_eq(read, some_id()));
	link_write(&key, some_id(), (INT64_C(1) << 40) - 1, token);
	assert_int_equal(link_read(&key, token, (INT64_C(1) << 40) - 2, &read), LINK_GOOD);
}

static void every_changed_byte_is_a_forgery(void **state)
{
	struct link_key key = key_of(SECRET);
	char token[LINK_TOKEN], forged[LINK_TOKEN];
	struct id read;

	link_write(&key, some_id(), expires_s, token);
	for (size_t at = 0; at < LINK_TOKEN - 1; at++)
		for (int byte = 1; byte < 256; byte++) {
			if ((char)byte == token[at])
				continue;
			memcpy(forged, token, sizeof(forged));
			forged[at] = (char)byte;
			read = (struct id){0};
			assert_int_equal(link_read(&key, forged, 0, &read), LINK_FORGED);
			assert_true(id_none(read));
		}
}

static void a_token_of_another_length_is_a_forgery(void **state)
{
	struct link_key key = key_of(SECRET);
	char token[LINK_TOKEN], longer[LINK_TOKEN + 3];
	struct id read;

	link_write(&key, some_id(), expires_s, token);
	snprintf(longer, sizeof(longer), "%sA", token);
	assert_int_equal(link_read(&key, longer, 0, &read), LINK_FORGED);
	snprintf(longer, sizeof(longer), "%s=", token);
	assert_int_equal(link_read(&key, longer, 0, &read), LINK_FORGED);
	while (*token) {
		token[strlen(token) - 1] = '\0';
		assert_int_equal(link_read(&key, token, 0, &read), LINK_FORGED);
	}
}

static void another_key_reads_nothing(void **state)
{
	struct link_key key = key_of(SECRET), other = key_of(SECRET "!");
	char token[LINK_TOKEN];
	struct id read;

	link_write(&key, some_id(), expires_s, token);
	assert_int_equal(link_read(&other, token, 0, &read), LINK_FORGED);
	other.id = key.id; /* also when the key ids collide */
	assert_int_equal(link_read(&other, token, 0, &read), LINK_FORGED);
	memcpy(other.bytes, key.bytes, sizeof(other.bytes));
	other.id = (uint8_t)(key.id + 1); /* and the id itself counts */
	assert_int_equal(link_read(&other, token, 0, &read), LINK_FORGED);
}

static void a_short_secret_is_refused(void **state)
{
	struct link_key key;

	assert_int_equal(link_key_derive("", &key), -EINVAL);
	assert_int_equal(link_key_derive("fifteen letters", &key), -EINVAL);
	assert_int_equal(link_key_derive("sixteen letters!", &key), 0);
}

/* The token was made by another implementation (HMAC of the Python library). */
static void the_same_secret_gives_the_same_token_for_ever(void **state)
{
	struct link_key key = key_of(SECRET);
	char token[LINK_TOKEN];

	link_write(&key, some_id(), expires_s, token);
	assert_string_equal(token, "AVMFKk90mb7jCC1Sd5zB5gswAGtJ0gBBwg3O5ZQgQKcApZzUdTRa");
}

/* ---- links of persons ---- */

static void token_of(const struct link_key *key, enum link_purpose purpose, const char *person,
	int64_t number, char token[static LINK_PERSON_TOKEN])
{
	link_write_person(key, purpose, person, number, token);
	assert_int_equal(strlen(token), LINK_PERSON_TOKEN - 1);
}

static void a_persons_link_names_their_tag_and_proves_them(void **state)
{
	struct link_key key = key_of(SECRET);
	char token[LINK_PERSON_TOKEN];
	uint64_t tag = 0;

	token_of(&key, LINK_PAGE, "ana", 0, token);
	assert_true(link_read_tag(token, &tag));
	assert_true(tag == link_tag(&key, "ana"));
	assert_true(tag != link_tag(&key, "anb"));
	assert_true(link_is_of(&key, token, LINK_PAGE, "ana", 0));
	assert_null(strstr(token, "ana"));
}

static void a_link_of_another_person_purpose_number_or_key_proves_nothing(void **state)
{
	struct link_key key = key_of(SECRET), other = key_of(SECRET "!");
	char token[LINK_PERSON_TOKEN];

	token_of(&key, LINK_PAGE, "ana", 7, token);
	assert_true(link_is_of(&key, token, LINK_PAGE, "ana", 7));
	assert_false(link_is_of(&key, token, LINK_PAGE, "anb", 7));
	assert_false(link_is_of(&key, token, LINK_PAGE, "an", 7));
	assert_false(link_is_of(&key, token, LINK_CALENDAR, "ana", 7));
	assert_false(link_is_of(&key, token, LINK_PAGE, "ana", 6));
	assert_false(link_is_of(&key, token, LINK_PAGE, "ana", 8));
	assert_false(link_is_of(&other, token, LINK_PAGE, "ana", 7));
	assert_true(link_tag(&key, "ana") != link_tag(&other, "ana"));
}

static void every_changed_byte_of_a_persons_link_is_a_forgery(void **state)
{
	struct link_key key = key_of(SECRET);
	char token[LINK_PERSON_TOKEN], forged[LINK_PERSON_TOKEN + 1];
	uint64_t tag;

	token_of(&key, LINK_PAGE, "ana", 0, token);
	for (size_t at = 0; at < LINK_PERSON_TOKEN - 1; at++)
		for (int byte = 1; byte < 256; byte++) {
			if ((char)byte == token[at])
				continue;
			memcpy(forged, token, LINK_PERSON_TOKEN);
			forged[at] = (char)byte;
			assert_false(link_is_of(&key, forged, LINK_PAGE, "ana", 0));
		}
	snprintf(forged, sizeof(forged), "%sA", token);
	assert_false(link_is_of(&key, forged, LINK_PAGE, "ana", 0));
	assert_false(link_read_tag(forged, &tag));
	token[LINK_PERSON_TOKEN - 2] = '\0';
	assert_false(link_is_of(&key, token, LINK_PAGE, "ana", 0));
	assert_false(link_read_tag(token, &tag));
}

static void links_of_answers_and_of_persons_are_never_taken_for_each_other(void **state)
{
	struct link_key key = key_of(SECRET);
	char answer[LINK_TOKEN], person[LINK_PERSON_TOKEN];
	struct id read;
	uint64_t tag;

	link_write(&key, some_id(), expires_s, answer);
	token_of(&key, LINK_PAGE, "ana", 0, person);
	assert_false(link_read_tag(answer, &tag));
	assert_false(link_is_of(&key, answer, LINK_PAGE, "ana", 0));
	assert_int_equal(link_read(&key, person, 0, &read), LINK_FORGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_was_written),
		cmocka_unit_test(expires_at_the_second_it_says),
		cmocka_unit_test(every_changed_byte_is_a_forgery),
		cmocka_unit_test(a_token_of_another_length_is_a_forgery),
		cmocka_unit_test(another_key_reads_nothing),
		cmocka_unit_test(a_short_secret_is_refused),
		cmocka_unit_test(the_same_secret_gives_the_same_token_for_ever),
		cmocka_unit_test(a_persons_link_names_their_tag_and_proves_them),
		cmocka_unit_test(a_link_of_another_person_purpose_number_or_key_proves_nothing),
		cmocka_unit_test(every_changed_byte_of_a_persons_link_is_a_forgery),
		cmocka_unit_test(links_of_answers_and_of_persons_are_never_taken_for_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
