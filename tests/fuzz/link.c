/* Tokens of links: what is read as one, in whatever purpose, was written by the key; a text is not both. */
#include "base/str.h"
#include "model/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *token = str_new_n((const char *)data, size);
	char again[LINK_TOKEN];
	struct link_key key;
	struct id id;
	uint64_t tag;

	if (link_key_derive("a secret of the fuzzer", &key) < 0)
		abort();
	if (link_read(&key, token, 0, &id) == LINK_GOOD) {
		link_write(&key, id, 0, again);
		if (link_read_tag(token, &tag) || strncmp(token, again, 24) != 0)
			abort();
	}
	for (int purpose = LINK_PAGE; purpose <= LINK_CALENDAR; purpose++)
		if (link_is_of(&key, token, (enum link_purpose)purpose, "ana", 0) &&
			(!link_read_tag(token, &tag) || tag != link_tag(&key, "ana")))
			abort();
	return 0;
}
