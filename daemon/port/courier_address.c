/* Addresses that a message may not go to unless its channel says so: whatever is not of the public
 * network, in any spelling. Knows addresses only, no names. */
#include "port/courier_internal.h"

#include <arpa/inet.h>
#include <string.h>

struct range {
	const char *address;
	int bits;
};

/* RFC 6890 and its successors: nothing of the public network lies in these. */
static const struct range barred4[] = {
	{"0.0.0.0", 8},
	{"10.0.0.0", 8},
	{"100.64.0.0", 10},
	{"127.0.0.0", 8},
	{"169.254.0.0", 16},
	{"172.16.0.0", 12},
	{"192.0.0.0", 24},
	{"192.168.0.0", 16},
	{"198.18.0.0", 15},
	{"224.0.0.0", 3},
};
static const struct range barred6[] = {
	{"::", 127},
	{"fc00::", 7},
	{"fe80::", 10},
	{"fec0::", 10},
	{"ff00::", 8},
};
/* An IPv4 address inside an IPv6 one: where it begins. */
static const struct {
	struct range range;
	int at;
} carriers[] = {
	{{"::ffff:0:0", 96}, 12}, {{"64:ff9b::", 96}, 12}, {{"2002::", 16}, 2}, {{"::", 96}, 12}};

static bool in_range(int family, const void *bytes, const struct range *range)
{
	unsigned char base[16];
	const unsigned char *address = bytes;
	int whole = range->bits / 8, rest = range->bits % 8;

	if (inet_pton(family, range->address, base) != 1)
		return true;
	if (memcmp(address, base, whole) != 0)
		return false;
	return !rest || ((address[whole] ^ base[whole]) >> (8 - rest)) == 0;
}

static bool is_barred4(const void *bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(barred4); i++)
		if (in_range(AF_INET, bytes, &barred4[i]))
			return true;
	return false;
}

static bool is_barred6(const void *bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(barred6); i++)
		if (in_range(AF_INET6, bytes, &barred6[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
		if (in_range(AF_INET6, bytes, &carriers[i].range))
			return is_barred4((const char *)bytes + carriers[i].at);
	return false;
}

bool address_is_barred(const struct curl_sockaddr *address)
{
	const void *at = &address->addr;

	if (address->family == AF_INET)
		return is_barred4(&((const struct sockaddr_in *)at)->sin_addr);
	if (address->family == AF_INET6)
		return is_barred6(&((const struct sockaddr_in6 *)at)->sin6_addr);
	return true;
}
