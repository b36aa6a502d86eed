/* The content of mails: what the bytes are. That others read them as they were meant is proved with
 * Python's parser in tests/peer. */
#include "model/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define TEXT "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"

static char *write_parts(size_t count, const struct nudged_part *const *parts)
{
	const char *headers[] = {"Subject: one\r\n two"};
	struct nudged_mail mail = {
		.header_count = 1, .headers = headers, .part_count = count, .parts = parts};
	struct buf out = BUF_MAX(MIME_MAX);

	mime_write(&out, &mail);
	assert_false(out.overflow);
	return buf_take(&out);
}

static void assert_one(const char *type, const void *data, size_t len, const char *wanted)
{
	struct nudged_part part = {sizeof(part), type, data, len};
	auto_free char *found = write_parts(1, (const struct nudged_part *const[]){&part});
	cleanup(buf_free) struct buf whole = BUF_MAX(MIME_MAX);

	buf_printf(&whole, "Subject: one\r\n two\r\nMIME-Version: 1.0\r\n%s", wanted);
	assert_string_equal(found, buf_str(&whole));
}

static void text_is_quoted(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"", ""},
		{"a", "a\r\n"},
		{"a\n", "a\r\n"},
		{"a\r\nb\rc\nd\n\n", "a\r\nb\r\nc\r\nd\r\n\r\n"},
		{"1=2", "1=3D2\r\n"},
		{"\xC3\xA9", "=C3=A9\r\n"},
		{"one \ntwo\t\n three", "one=20\r\ntwo=09\r\n three\r\n"},
		{".\n..\nx.", "=2E\r\n=2E.\r\nx.\r\n"},
		{"From me\nfrom From you\nFrom", "=46rom me\r\nfrom From you\r\nFrom\r\n"},
		{"\x01\x7F", "=01=7F\r\n"},
		/* 75 and the soft break are 76, and an escape is not torn. */
		{"123456789012345678901234567890123456789012345678901234567890123456789012345",
			"12345678901234567890123456789012345678901234567890123456789012345678901234"
			"5\r\n"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890123456",
			"12345678901234567890123456789012345678901234567890123456789012345678901234"
			"5=\r\n6\r\n"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890123=",
			"1234567890123456789012345678901234567890123456789012345678901234567890123="
			"\r\n=3D\r\n"},
		{"123456789012345678901234567890123456789012345678901234567890123456789012=",
			"123456789012345678901234567890123456789012345678901234567890123456789012="
			"3D\r\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf_free) struct buf wanted = BUF_MAX(MIME_MAX);

		buf_printf(&wanted, TEXT "%s", rows[i].wanted);
		assert_one("text/plain", rows[i].text, strlen(rows[i].text), buf_str(&wanted));
	}
}

static void other_things_are_base64(void **state)
{
	char data[58];

	memset(data, 0xFF, sizeof(data));
	assert_one("image/png", data, sizeof(data),
		"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		"////////////////////////////////////////////////////////////////////////////\r\n"
		"/w==\r\n");
	assert_one("image/png", NULL, 0,
		"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n");
}

static void several_parts_are_alternatives(void **state)
{
	struct nudged_part plain = {sizeof(plain), "text/plain", "a", 1};
	struct nudged_part rich = {sizeof(rich), "text/html", "--=_nudged--\n", 13};
	auto_free char *found = write_parts(2, (const struct nudged_part *const[]){&plain, &rich});

	assert_string_equal(found,
		"Subject: one\r\n two\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative; boundary=\"=_nudged\"\r\n\r\n"
		"--=_nudged\r\n" TEXT "a\r\n"
		"--=_nudged\r\nContent-Type: text/html\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"--=3D_nudged--\r\n\r\n"
		"--=_nudged--\r\n");
}

static void the_worst_text_fits(void **state)
{
	size_t size = 1 << 20;
	auto_free char *text = mem_new(size);
	struct nudged_part part = {sizeof(part), "text/plain", text, size};

	memset(text, '=', size);
	free(write_parts(1, (const struct nudged_part *const[]){&part}));
	memset(text, '\n', size);
	free(write_parts(1, (const struct nudged_part *const[]){&part}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_quoted),
		cmocka_unit_test(other_things_are_base64),
		cmocka_unit_test(several_parts_are_alternatives),
		cmocka_unit_test(the_worst_text_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
