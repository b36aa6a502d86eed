"""Civil time by Python's zoneinfo, in whole seconds: local seconds count from 1970-01-01T00:00 of the wall
clock, dates are days since then. Nothing here knows how nudged computes."""

import sys
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import nexts  # noqa: E402

DAY = 86400
FIRST_YEAR, LAST_YEAR = 2025, 2029  # of the changes that are looked at


class Zone:
    def __init__(self, name):
        self.name = name
        self.info = ZoneInfo(name)
        self.changes = nexts.changes(self.info, FIRST_YEAR, LAST_YEAR)
        self.offsets = [nexts.offset(self.info, c - 1) for c in self.changes[:1]]
        self.offsets += [nexts.offset(self.info, c) for c in self.changes]
        self.offsets = self.offsets or [nexts.offset(self.info, 1790000000)]

    def local(self, utc):
        return utc + self.offsets[bisect_right(self.changes, utc)]

    def date(self, utc):
        return self.local(utc) // DAY

    def instants(self, local):
        """Every instant at which the wall clock shows it, in order: none, one or two."""
        near = bisect_right(self.changes, local)
        offsets = self.offsets[max(near - 2, 0) : near + 3]
        return sorted({local - o for o in offsets if self.local(local - o) == local})

    def after_gap(self, local):
        """The instant at which the clock leapt over a local time that it does not show."""
        return next(c for i, c in enumerate(self.changes) if c + self.offsets[i] <= local < c + self.offsets[i + 1])

    def first(self, local):
        """The first instant at or after a local time."""
        return (self.instants(local) or [self.after_gap(local)])[0]


@lru_cache(maxsize=None)
def zone(name):
    return Zone(name)
