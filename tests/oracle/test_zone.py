"""Zones against Python's zoneinfo, and against the C library by zdump: an `at` of a local time gives
to-UTC with its gap and overlap; the local midnights that come out give to-local."""

import re
import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from nexts import FULL, MANDATORY_ZONES, ZONEINFO, all_zones, changes, offset, seeded, text_of

YEARS = (1970, 2199)


def local_text(local):
    return (datetime(1970, 1, 1) + timedelta(seconds=local)).strftime("%Y-%m-%dT%H:%M:%S")


def passes(zone, local):
    """The instants that show a local time, ascending, by asking every offset a day around it."""
    offsets = {offset(zone, local + shift) for shift in range(-108000, 108001, 1800)}
    return sorted({local - o for o in offsets if offset(zone, local - o) == o})


def instants_of(nexts, name, local):
    """The slots of one local time with both passes and without a gap policy are its instants."""
    return nexts.instants(
        at=local_text(local),
        timezone=name,
        count=5,
        dst_gap="skip",
        dst_overlap="both",
        **{"from": text_of(local - 4 * 86400)},
    )


def check_local(nexts, name, zone, local):
    assert instants_of(nexts, name, local) == passes(zone, local), (name, local_text(local))


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


def zdump_changes(name):
    """(instant, offset before, offset after) of each change, as the C library has them."""
    text = subprocess.run(["zdump", "-v", "-c", f"{YEARS[0]},{YEARS[1]}", name], env={"LC_ALL": "C", "PATH": "/usr/bin:/usr/sbin"},
                          capture_output=True, text=True, check=True, timeout=60).stdout
    rows = []
    for shown, offset_s in re.findall(r"  \w+ (\w+ +\d+ [\d:]+ \d+) UT = .* gmtoff=(-?\d+)", text):
        at = datetime.strptime(shown, "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)
        rows.append((int(at.timestamp()), int(offset_s)))
    pairs = [(utc, before, after) for (last, before), (utc, after) in zip(rows, rows[1:]) if utc == last + 1 and before != after]
    # Two changes within the days that a local time is looked for in would show it more often.
    return [c for c, following in zip(pairs, pairs[1:] + [(1 << 40,)]) if following[0] - c[0] > 3 * 86400]


def test_local_times_around_changes_have_the_instants_the_c_library_gives(nexts):
    rng = seeded()
    names = all_zones() if FULL else sorted(rng.sample(all_zones(), 12)) + MANDATORY_ZONES
    compared = 0
    for name in names:
        found = zdump_changes(name)
        assert found or not changes(ZoneInfo(name), *YEARS), name
        for utc, before, after in found if FULL else rng.sample(found, min(len(found), 30)):
            apart = after - before
            both = [[utc + apart, utc], [utc - 1, utc - 1 - apart]] if apart < 0 else [[], []]
            for local, want in [
                (utc - 1 + min(before, after), [utc - 1 + min(0, apart)]),
                (utc + min(before, after), both[0]),
                (utc - 1 + max(before, after), both[1]),
                (utc + max(before, after), [utc - min(0, apart)]),
            ]:
                assert instants_of(nexts, name, local) == want, (name, local_text(local))
            compared += 1
    print(f"{compared} changes of {len(names)} zones")


def test_every_name_of_the_system_can_be_used(nexts):
    names = [str(path.relative_to(ZONEINFO)) for path in ZONEINFO.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"TZif"]
    names = [name for name in names if not name.startswith(("posix/", "right/"))]
    for name in names:
        local = 1795262400 + offset(ZoneInfo(name), 1795262400)
        assert instants_of(nexts, name, local) == [1795262400], name
    print(f"{len(names)} names")
    assert len(names) > 400
