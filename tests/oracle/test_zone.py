"""Zones against Python's zoneinfo: an `at` of a local time gives to-UTC with its gap and overlap, and
the offset a printed local time carries gives to-local."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nexts import FULL, MANDATORY_ZONES, all_zones, changes, offset, seeded, text_of

YEARS = (1970, 2199)


def local_text(local):
    return (datetime(1970, 1, 1) + timedelta(seconds=local)).strftime("%Y-%m-%dT%H:%M:%S")


def passes(zone, local):
    """The instants that show a local time, ascending, by asking every offset a day around it."""
    offsets = {offset(zone, local + shift) for shift in range(-108000, 108001, 1800)}
    return sorted({local - o for o in offsets if offset(zone, local - o) == o})


def check_local(nexts, name, zone, local):
    """The slots of one local time with both passes and without a gap policy are its instants."""
    ours = nexts.instants(
        at=local_text(local),
        timezone=name,
        count=5,
        dst_gap="skip",
        dst_overlap="both",
        **{"from": text_of(local - 4 * 86400)},
    )
    assert ours == passes(zone, local), (name, local_text(local))


def test_local_times_around_changes_have_the_instants_zoneinfo_gives(nexts):
    rng = seeded()
    names = all_zones() if FULL else sorted(rng.sample(all_zones(), 25)) + MANDATORY_ZONES
    for name in names:
        zone = ZoneInfo(name)
        years = YEARS if FULL else (rng.randint(1970, 2190),) * 2
        for at in changes(zone, years[0], years[1]):
            before, after = offset(zone, at - 1), offset(zone, at)
            low, high = at + min(before, after), at + max(before, after)
            for local in {low - 1, low, rng.randint(low, high), high - 1, high}:
                check_local(nexts, name, zone, local)


def test_midnight_of_every_zone_is_where_zoneinfo_has_it(nexts):
    rng = seeded()
    for name in all_zones():
        zone = ZoneInfo(name)
        start = rng.randrange(0, 7258000000)
        ours = nexts.instants(
            calendar="*-*-* 00:00:00", timezone=name, count=400 if FULL else 40, dst_gap="skip", **{"from": text_of(start)}
        )
        for utc in ours:
            local = datetime.fromtimestamp(utc, zone)
            assert (local.hour, local.minute, local.second) == (0, 0, 0), (name, text_of(utc))
        dates = [datetime.fromtimestamp(utc, zone).date() for utc in ours]
        for first, second in zip(dates, dates[1:]):
            missing = first + timedelta(days=1)
            while missing < second:
                at = int((datetime(missing.year, missing.month, missing.day) - datetime(1970, 1, 1)).total_seconds())
                assert not passes(zone, at), (name, missing)
                missing += timedelta(days=1)
