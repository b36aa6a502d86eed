/* TZif files (RFC 9636) as a list of changes of offset. The bytes are hostile. */
#pragma once

#include "base/mem.h"

struct tzif_change {
	int64_t at;     /* instant, s */
	int32_t offset; /* from then on, s east of UTC */
};

struct tzif {
	int32_t first_offset;        /* before the first change */
	struct tzif_change *changes; /* ascending; each one changes the offset */
	size_t count;
};

/* Versions 1 to 4, the footer written out until 2201. 0 or -EBADMSG. Files with leap seconds are
 * refused: their times are not POSIX times. */
int tzif_read(const void *bytes, size_t len, struct tzif *ret) must_check;
/* Keeps only changes, in ascending order, that change the offset; two at one instant cancel out.
 * False when two are closer together than the jump they make, so that local times would not be in
 * order: no real zone does that. */
bool tzif_tidy(struct tzif *tzif) must_check;
void tzif_free(struct tzif *tzif);
