/* What Prometheus and its kin read: counters and gauges in the text format of OpenMetrics. No person,
 * no title, no address is ever in it. */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"

enum { METRICS_MAX = 4 << 20 };
extern const char metrics_type[]; /* the Content-Type */

/* dead: messages that died and that nobody saw to; negative: the store did not say. */
void metrics_write(struct buf *out, const struct engine *engine, int64_t dead);
