"""Recurrence rules against dateutil, in UTC: it knows no zones. Left out is what dateutil reads
differently: plain and numbered BYDAY together, set positions in a first week that begins mid-week,
and SKIP, which has vectors of its own here."""

import calendar
from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr

from nexts import FULL, instant, seeded

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(rng, values, most=3):
    return sorted(rng.sample(list(values), rng.randint(1, most)))


def joined(values):
    return ",".join(str(value) for value in values)


def byday(rng, freq, has_month):
    days = rng.sample(DAYS, rng.randint(1, 4))
    if freq in ("MONTHLY", "YEARLY") and rng.random() < 0.5:
        most = 53 if freq == "YEARLY" and not has_month else 5
        return [f"{rng.choice([-1, 1]) * rng.randint(1, most)}{day}" for day in days]
    return days


def rule(rng):
    freq = rng.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.randint(2, 60 if freq == 'DAILY' else 7)}")
    has_month = rng.random() < 0.35
    if has_month:
        parts.append(f"BYMONTH={joined(some(rng, range(1, 13), 5))}")
    has_by = False
    if freq in ("DAILY", "MONTHLY") or (freq == "YEARLY" and has_month):
        if rng.random() < 0.4:
            days = [day for day in some(rng, range(-31, 32), 6) if day] or [15]
            parts.append(f"BYMONTHDAY={joined(days)}")
            has_by = True
    if rng.random() < 0.5:
        parts.append(f"BYDAY={joined(byday(rng, freq, has_month))}")
        has_by = True
    if rng.random() < 0.3:
        parts.append(f"BYHOUR={joined(some(rng, range(24), 4))}")
    if rng.random() < 0.3:
        parts.append(f"BYMINUTE={joined(some(rng, range(60), 3))}")
    if rng.random() < 0.3:
        parts.append(f"WKST={rng.choice(DAYS)}")
    if has_by and freq in ("MONTHLY", "YEARLY") and rng.random() < 0.4:
        parts.append(f"BYSETPOS={joined(position for position in some(rng, range(-6, 7), 3) if position) or '1'}")
        parts[-1] = parts[-1] if parts[-1] != "BYSETPOS=" else "BYSETPOS=1"
    return ";".join(parts)


def start(rng):
    return datetime(2000, 1, 1) + timedelta(seconds=rng.randrange(0, 40 * 365 * 86400, 60))


def theirs(text, first, after, count):
    found = []
    for at in rrulestr(text, dtstart=first).xafter(after, inc=False):
        if at.year > 2120 or len(found) == count:
            break
        found.append(at)
    return found


def same(nexts, text, first, after, count=20):
    # dateutil walks empty rules to the year 9999: those are for the other tests.
    want = theirs(text, first, after, count)
    got = nexts.instants(
        rrule=text,
        start=first.strftime("%Y-%m-%dT%H:%M:%S"),
        timezone="UTC",
        count=count,
        **{"from": after.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    got = [datetime.utcfromtimestamp(utc) for utc in got]
    got = [at for at in got if at.year <= 2120]
    assert got == want, f"{text} from {first}, after {after}"


def test_random_rules_fire_when_dateutil_says(nexts):
    rng = seeded()
    for _ in range(4000 if FULL else 300):
        first = start(rng)
        same(nexts, rule(rng), first, first - timedelta(days=1))


def test_random_rules_are_the_same_from_the_middle(nexts):
    rng = seeded()
    for _ in range(1500 if FULL else 80):
        first = start(rng)
        same(nexts, rule(rng), first, first + timedelta(seconds=rng.randrange(8 * 365 * 86400)), 8)


def test_count_and_until_end_where_dateutil_ends(nexts):
    rng = seeded()
    for _ in range(1000 if FULL else 100):
        first = start(rng)
        end = f"COUNT={rng.randint(1, 15)}"
        if rng.random() < 0.5:
            end = "UNTIL=" + (first + timedelta(days=rng.randint(1, 1500))).strftime("%Y%m%dT%H%M%S")
        same(nexts, f"{rule(rng)};{end}", first, first - timedelta(days=1))


def test_set_positions_of_weeks_fire_when_dateutil_says(nexts):
    rng = seeded()
    for _ in range(500 if FULL else 60):
        wkst = rng.randrange(7)
        first = start(rng)
        first -= timedelta(days=(first.weekday() - wkst) % 7)
        days = joined(rng.sample(DAYS, rng.randint(2, 6)))
        position = rng.choice([-2, -1, 1, 2])
        text = f"FREQ=WEEKLY;INTERVAL={rng.randint(1, 4)};BYDAY={days};BYSETPOS={position};WKST={DAYS[wkst]}"
        same(nexts, text, first, first - timedelta(days=1))


def ours(nexts, text, first, count):
    answer = nexts.instants(rrule=text, start=first, timezone="UTC", count=count, **{"from": "2000-01-01T00:00:00Z"})
    return [datetime.utcfromtimestamp(utc).strftime("%m-%d") for utc in answer]


@pytest.mark.parametrize(
    "skip, dates",
    [
        ("OMIT", ["01-31", "03-31", "05-31", "07-31", "08-31"]),
        ("BACKWARD", ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        ("FORWARD", ["01-31", "03-01", "03-31", "05-01", "05-31"]),
    ],
)
def test_skip_moves_what_a_short_month_does_not_have(nexts, skip, dates):
    assert ours(nexts, f"FREQ=MONTHLY;SKIP={skip}", "2014-01-31T10:00", 5) == dates


def test_a_birthday_on_29_february_may_move_to_either_side(nexts):
    first = "2016-02-29T10:00"
    assert ours(nexts, "FREQ=YEARLY;SKIP=BACKWARD", first, 5) == ["02-29", "02-28", "02-28", "02-28", "02-29"]
    assert ours(nexts, "FREQ=YEARLY;SKIP=FORWARD", first, 5) == ["02-29", "03-01", "03-01", "03-01", "02-29"]


def test_plain_and_numbered_weekdays_are_a_union(nexts):
    got = nexts.instants(
        rrule="FREQ=MONTHLY;BYDAY=FR,1MO", start="2026-01-01T09:00", timezone="UTC", count=70, **{"from": "2026-01-01T00:00:00Z"}
    )
    for month in range(1, 13):
        days = [datetime.utcfromtimestamp(utc) for utc in got]
        days = [at.day for at in days if (at.year, at.month) == (2026, month)]
        weeks = calendar.monthcalendar(2026, month)
        mondays = [week[0] for week in weeks if week[0]]
        assert days == sorted([week[4] for week in weeks if week[4]] + mondays[:1])


@pytest.mark.parametrize(
    "text, word",
    [
        ("FREQ=YEARLY;BYWEEKNO=3", "BYWEEKNO"),
        ("FREQ=YEARLY;BYYEARDAY=3", "BYYEARDAY"),
        ("FREQ=DAILY;BYSECOND=3", "BYSECOND"),
        ("FREQ=HOURLY", "FREQ"),
        ("FREQ=YEARLY;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "COUNT"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=MONTHLY;RSCALE=CHINESE", "RSCALE"),
        ("BYDAY=MO", "FREQ"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "never fires"),
    ],
)
def test_a_part_that_is_not_supported_is_named(nexts, text, word):
    answer = nexts.answer(rrule=text, start="2026-01-01T09:00", timezone="UTC")
    assert word in answer["error"], answer


def test_dates_can_be_added_and_taken_away(nexts):
    got = nexts.instants(
        rrule="FREQ=DAILY",
        start="2026-01-01T09:00",
        rdate=["2026-01-02T12:00", "2026-01-02T12:00"],
        exdate=["2026-01-03T09:00"],
        timezone="UTC",
        count=4,
        **{"from": "2026-01-01T00:00:00Z"},
    )
    assert got == [instant(t) for t in ["2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z", "2026-01-02T12:00:00Z", "2026-01-04T09:00:00Z"]]
