"""The rules for daylight saving against a walk: every minute of the days around a change is looked at
in Python's zoneinfo, and the rules are applied as they are written in the manual."""

from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from nexts import FULL, MANDATORY_ZONES, all_zones, changes, offset, seeded, text_of

# The same times in each form that can say them; name, forms, hours, minutes, FIXED.
SHAPES = [
    ("every midnight", {"calendar": "*-*-* 00:00", "cron": "0 0 * * *"}, [0], [0], True),
    ("half past midnight", {"calendar": "*-*-* 00:30", "cron": "30 0 * * *"}, [0], [30], True),
    ("half past one", {"calendar": "*-*-* 01:30", "cron": "30 1 * * *"}, [1], [30], True),
    ("two", {"calendar": "*-*-* 02:00", "cron": "0 2 * * *"}, [2], [0], True),
    ("half past two", {"calendar": "*-*-* 02:30", "cron": "30 2 * * *"}, [2], [30], True),
    ("three", {"calendar": "*-*-* 03:00", "cron": "0 3 * * *"}, [3], [0], True),
    ("a range of hours", {"calendar": "*-*-* 0..4:15,45", "cron": "15,45 0-4 * * *"}, range(5), [15, 45], True),
    ("the end of the day", {"calendar": "*-*-* 23:59", "cron": "59 23 * * *"}, [23], [59], True),
    ("every hour", {"calendar": "*-*-* *:00", "cron": "@hourly"}, range(24), [0], False),
    ("every twenty minutes", {"calendar": "*-*-* *:0/20", "cron": "*/20 * * * *"}, range(24), [0, 20, 40], False),
    ("every second hour", {"calendar": "*-*-* 0/2:30", "cron": "30 */2 * * *"}, range(0, 24, 2), [30], False),
    ("every minute of the night", {"calendar": "*-*-* 0..3:*", "cron": "* 0-3 * * *"}, range(4), range(60), False),
]


for _, forms, hours, minutes, fixed in SHAPES:
    if fixed:
        by = f"BYHOUR={','.join(map(str, hours))};BYMINUTE={','.join(map(str, minutes))}"
        forms["rrule"] = f"FREQ=DAILY;{by}"
        forms["when"] = "every day at " + " and ".join(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)


@lru_cache(maxsize=4)
def minutes_around(name, change):
    """(instant, local seconds) of each minute from three days before a change to three days after. Local
    times are on whole minutes in all years looked at."""
    zone = ZoneInfo(name)
    begin = (change - 3 * 86400) // 60 * 60
    return [(utc, utc + offset(zone, utc)) for utc in range(begin, begin + 6 * 86400, 60)]


def expected(name, change, hours, minutes, fixed, gap, overlap):
    walk = minutes_around(name, change)
    by_local = {}
    for utc, local in walk:
        by_local.setdefault(local, []).append(utc)
    fires = set()
    first, last = walk[0][1] // 86400, walk[-1][1] // 86400
    zone = ZoneInfo(name)
    after_offset = offset(zone, change)
    for date in range(first + 1, last):
        for hour in hours:
            for minute in minutes:
                local = date * 86400 + hour * 3600 + minute * 60
                shown = by_local.get(local, [])
                if not shown:
                    if fixed and gap == "after" and (change + after_offset) // 86400 == date:
                        fires.add(change)
                elif not fixed or overlap == "both":
                    fires.update(shown)
                else:
                    fires.add(shown[0] if overlap == "first" else shown[-1])
    return fires


def request(form, text):
    return {form: text, **({"start": "2000-01-01T00:00"} if form == "rrule" else {})}


def check(nexts, name, change, shape, form, gap, overlap):
    _, forms, hours, minutes, fixed = shape
    low, high = change - 30 * 3600, change + 30 * 3600
    want = sorted(
        utc for utc in expected(name, change, hours, minutes, fixed, gap, overlap) if low < utc <= high
    )
    got = nexts.instants(
        **request(form, forms[form]),
        timezone=name,
        count=len(want) + 1,
        dst_gap=gap,
        dst_overlap=overlap,
        **{"from": text_of(low)},
    )
    got = [utc for utc in got if utc <= high]
    assert got == want, (name, text_of(change), forms[form], gap, overlap)


def some_changes(name, rng):
    """Changes of ten years for all; for the mandatory zones also those that made them mandatory."""
    found = changes(ZoneInfo(name), 2020, 2029) if FULL else changes(ZoneInfo(name), 2026, 2028)
    # Another change within the days that are walked would need a second policy there.
    found = [c for c, n in zip(found, found[1:] + [1 << 60]) if n - c > 7 * 86400]
    if not FULL and len(found) > 2:
        found = rng.sample(found, 2)
    if name == "Pacific/Apia":
        found += [1325239200]  # 2011-12-30 never was
    return found


@pytest.mark.parametrize("name", all_zones() if FULL else MANDATORY_ZONES)
def test_a_change_of_the_clock_is_treated_as_written(nexts, name):
    for change in some_changes(name, seeded()):
        for shape in SHAPES:
            for form in shape[1]:
                for gap, overlap in [("after", "first"), ("skip", "last"), ("after", "both")]:
                    check(nexts, name, change, shape, form, gap, overlap)


def test_an_elapsed_interval_does_not_see_the_change(nexts):
    rng = seeded()
    for name in MANDATORY_ZONES:
        for change in some_changes(name, rng):
            got = nexts.instants(every="90min", timezone=name, count=20, **{"from": text_of(change - 36000)})
            first = (change - 36000) // 5400 * 5400 + 5400
            assert got == [first + i * 5400 for i in range(20)]


def test_the_next_instant_is_the_same_wherever_the_question_is_asked_from(nexts):
    """Asking from each instant of a list gives the rest of the list: nothing depends on the past."""
    rng = seeded()
    for name in MANDATORY_ZONES:
        for change in some_changes(name, rng):
            for shape in rng.sample(SHAPES, 3):
                form = rng.choice(list(shape[1]))
                common = {**request(form, shape[1][form]), "timezone": name, "dst_overlap": rng.choice(["first", "last", "both"])}
                whole = nexts.instants(count=40, **common, **{"from": text_of(change - 86400)})
                for utc, following in zip(whole, whole[1:]):
                    assert nexts.instants(count=1, **common, **{"from": text_of(utc)}) == [following]
                    if following - utc > 1:
                        asked = rng.randrange(utc, following)
                        assert nexts.instants(count=1, **common, **{"from": text_of(asked)}) == [following]


def test_an_elapsed_interval_goes_on_where_an_excepted_day_ends_for_the_second_time(nexts):
    """In St. John's 7 November 2010 had a first minute, then the 6th once more from 23:01."""
    got = nexts.instants(every="1s", timezone="America/St_Johns", count=2, **{"from": "2010-11-07T02:30:58Z", "except": ["2010-11-06"]})
    assert [text_of(at) for at in got] == ["2010-11-07T02:30:59Z", "2010-11-07T03:30:00Z"]
