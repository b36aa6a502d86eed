"""Recurrence rules in the mandatory zones against rrule-temporal. It leaves out what a gap swallows, so
it is asked for with dst_gap=skip; COUNT, which counts times that a gap swallows here and not there, is
compared without those.

Left out is where it departs from RFC 5545 and 7529: the 53rd of a weekday in a year that has 52, plain
beside numbered weekdays of a year, SKIP with BYMONTHDAY (test_rrule.py walks those), and Cairo before
2015, whose weeks without daylight saving within a summer its offsets miss."""

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from nexts import FULL, MANDATORY_ZONES, changes, instant, node_program, offset, seeded, text_of, zones_agreed
from rules import DAYS, joined, rule, some, start

HORIZON = instant("2060-01-01T00:00:00Z")
EPOCH = datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def temporal():
    process = node_program("rrule-temporal.js", "rrule-temporal")
    yield process
    process.close()


@pytest.fixture(scope="module")
def zones(temporal):
    return zones_agreed(temporal, MANDATORY_ZONES)


@lru_cache(maxsize=None)
def changes_of(name):
    return changes(ZoneInfo(name), 2015 if name == "Africa/Cairo" else 2000, 2040)


def exists(zone, local):
    back = local.replace(tzinfo=zone).astimezone(timezone.utc).astimezone(zone)
    return back.replace(tzinfo=None) == local


def zoned(rng, zones):
    """A zone and a start that it has, often so that a change is near."""
    name = rng.choice(zones)
    zone = ZoneInfo(name)
    first = start(rng)
    if changes_of(name) and rng.random() < 0.5:
        at = rng.choice(changes_of(name))
        local = at + min(offset(zone, at - 1), offset(zone, at)) + rng.randrange(-1800, 5400, 300)
        first = EPOCH + timedelta(seconds=local, days=-rng.choice([0, 1, 7, 28, 30, 31, 365]))
    if name == "Africa/Cairo":
        first = first.replace(year=max(first.year, 2015), day=min(first.day, 28))
    while not exists(zone, first):
        first += timedelta(minutes=30)
    return name, first


def basic(local):
    return local.strftime("%Y%m%dT%H%M%S")


def extended(local):
    return local.strftime("%Y-%m-%dT%H:%M:%S")


class Both:
    """One rule, asked of both."""

    def __init__(self, nexts, temporal, text, name, first, rdate=(), exdate=()):
        self.nexts, self.temporal, self.text, self.name, self.first = nexts, temporal, text, name, first
        self.rdate, self.exdate = rdate, exdate

    def ours(self, count, after=None, **more):
        begin = int((self.first - EPOCH).total_seconds()) - 2 * 86400 if after is None else after
        found = self.nexts.instants(**{
            "rrule": self.text, "start": extended(self.first), "timezone": self.name, "count": count, "dst_gap": "skip",
            "rdate": [extended(at) for at in self.rdate], "exdate": [extended(at) for at in self.exdate],
            "from": text_of(begin), **more})
        return [utc for utc in found if utc <= HORIZON]

    def theirs(self, count, after=None, periods=40000):
        lines = [f"DTSTART;TZID={self.name}:{basic(self.first)}", f"RRULE:{self.text}"]
        for key, times in [("RDATE", self.rdate), ("EXDATE", self.exdate)]:
            if times:
                lines.append(f"{key};TZID={self.name}:{joined(map(basic, times))}")
        answer = self.temporal.answer(text="\n".join(lines), after=after, count=count, until=HORIZON, periods=periods)
        assert "next" in answer, (lines, answer)
        return answer["next"]

    def swallowed(self, count, text=None):
        """How many of the first nominal times a gap swallows: those of the rule in UTC that the zone has not."""
        zone = ZoneInfo(self.name)
        nominal = self.ours(count, timezone="UTC", rrule=text or self.text)
        return sum(not exists(zone, EPOCH + timedelta(seconds=at)) for at in nominal)

    def compare(self, count, after=None):
        if "BYSETPOS" in self.text and self.swallowed(5000, re.sub(";BYSETPOS=[-+0-9,]*", "", self.text)):
            return 0
        got = self.ours(count, after)
        # It walks tens of thousands of periods before it says "never".
        want = self.theirs(count, after, 40000 if got else 200)
        assert got == want, (self.text, self.name, str(self.first), after, self.rdate, self.exdate)
        return len(want)


def random_rule(rng):
    return rule(rng, mixed=True, weeks=52, positions=("WEEKLY", "MONTHLY", "YEARLY"))


def test_random_rules_fire_in_each_zone_when_rrule_temporal_says(nexts, temporal, zones):
    rng = seeded()
    compared = sum(
        Both(nexts, temporal, random_rule(rng), *zoned(rng, zones)).compare(rng.choice([5, 25, 60]))
        for _ in range(60000 if FULL else 350)
    )
    print(f"{compared} instants")


def test_random_rules_are_the_same_from_the_middle(nexts, temporal, zones):
    rng = seeded()
    for _ in range(5000 if FULL else 50):
        name, first = zoned(rng, zones)
        after = int((first - EPOCH).total_seconds()) + rng.randrange(4 * 365 * 86400)
        if changes_of(name) and rng.random() < 0.5:
            after = rng.choice([at for at in changes_of(name) if at > after] or [after]) + rng.randrange(-86400, 86400)
        Both(nexts, temporal, random_rule(rng), name, first).compare(3, after)


def test_count_ends_where_rrule_temporal_ends(nexts, temporal, zones):
    rng = seeded()
    for _ in range(3000 if FULL else 60):
        count = rng.randint(1, 30)
        name, first = zoned(rng, zones)
        text = rule(rng, mixed=True, weeks=52, positions=())
        both = Both(nexts, temporal, f"{text};COUNT={count}", name, first)
        got = both.ours(count + 1)
        want = both.theirs(count + 1, periods=40000 if got else 200)
        assert got == want[: len(got)], (both.text, name, str(first))
        short = len(want) - len(got)  # the horizon may hide some
        assert short == both.swallowed(count) if len(want) == count else short <= 1, (both.text, name, str(first))


def test_until_ends_where_rrule_temporal_ends(nexts, temporal, zones):
    rng = seeded()
    for _ in range(3000 if FULL else 50):
        name, first = zoned(rng, zones)
        text = rule(rng, mixed=True, weeks=52, positions=())
        shown = Both(nexts, temporal, text, name, first).ours(20)
        if not shown:
            continue
        until = rng.choice(shown) + rng.choice([-1, 0, 0, 1])
        ends = f"{text};UNTIL={basic(EPOCH + timedelta(seconds=until))}Z"
        both = Both(nexts, temporal, ends, name, first)
        got = both.ours(40)
        assert got == both.theirs(40, periods=40000 if got else 200), (ends, name, str(first))
        assert got == [at for at in shown if at <= until]


def test_further_and_excluded_times_are_the_same(nexts, temporal, zones):
    rng = seeded()
    for _ in range(5000 if FULL else 60):
        name, first = zoned(rng, zones)
        zone = ZoneInfo(name)
        text = random_rule(rng)
        plain = Both(nexts, temporal, text, name, first).ours(20)
        if not plain:
            continue
        shown = [datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in plain]
        further = [first + timedelta(seconds=rng.randrange(0, 400 * 86400, 300)) for _ in range(rng.randint(0, 5))]
        further = [at for at in further if exists(zone, at)]
        excluded = [at for at in shown + further if rng.random() < 0.3]
        Both(nexts, temporal, text, name, first, further, excluded).compare(15)


def test_skip_moves_a_day_that_a_month_does_not_have(nexts, temporal, zones):
    rng = seeded()
    for _ in range(3000 if FULL else 60):
        name, first = zoned(rng, zones)
        first = first.replace(month=rng.choice([1, 5, 7, 8, 10, 12]), day=rng.randint(28, 31), hour=12)
        text = f"FREQ=MONTHLY;INTERVAL={rng.randint(1, 5)};RSCALE=GREGORIAN;SKIP={rng.choice(['OMIT', 'BACKWARD', 'FORWARD'])}"
        text += f";BYHOUR={joined(some(rng, range(24)))};WKST={rng.choice(DAYS)}"
        Both(nexts, temporal, text, name, first).compare(30)
