/* Zone files: whatever is taken answers without contradiction. */
#include "time-rule.h"

static void zone_check(const struct zone *zone, int64_t utc)
{
	struct zone_stretch s = zone_stretch_at(zone, utc);
	int64_t first, second, local = zone_to_local(zone, utc, NULL);

	FUZZ_CHECK(s.from <= utc && utc < s.until && local == utc + s.offset);
	switch (zone_to_utc(zone, local, &first, &second)) {
	case ZONE_UNIQUE:
		FUZZ_CHECK(first == utc && second == utc);
		break;
	case ZONE_OVERLAP:
		FUZZ_CHECK(first < second && (first == utc || second == utc));
		break;
	case ZONE_GAP:
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *zone;
	int64_t utc = -6000000000;

	if (zone_parse("fuzz", data, size, &zone) < 0)
		return 0;
	for (int i = 0; i < 300; i++) {
		struct zone_stretch s = zone_stretch_at(zone, utc);

		zone_check(zone, utc);
		if (s.until >= ZONE_END || s.until > 7300000000)
			break;
		zone_check(zone, s.until - 1);
		utc = s.until;
	}
	zone_unref(zone);
	return 0;
}
