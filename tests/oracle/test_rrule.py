"""Recurrence rules against dateutil, in UTC: it knows no zones. Left out is what dateutil reads
differently: plain and numbered BYDAY together, set positions in a first week that begins mid-week,
and SKIP, which it does not know: a walk over the months is its judge."""

import calendar
import re
from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr

from nexts import FULL, instant, seeded
from rules import DAYS, joined, rule, signed, some, start


def theirs(text, first, after, count):
    found = []
    for at in rrulestr(text, dtstart=first).xafter(after, inc=False):
        if at.year > 2120 or len(found) == count:
            break
        found.append(at)
    return found


def same(nexts, text, first, after, count=20):
    got = nexts.instants(
        rrule=text,
        start=first.strftime("%Y-%m-%dT%H:%M:%S"),
        timezone="UTC",
        count=count,
        **{"from": after.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    got = [datetime.utcfromtimestamp(utc) for utc in got]
    got = [at for at in got if at.year <= 2120]
    # Where nothing more comes dateutil walks to the year 9999: only the whole campaign waits for it.
    ends = len(got) < count and not FULL and not re.search("COUNT|UNTIL", text)
    want = theirs(text, first, after, len(got) if ends else count)
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


def moved(year, month, day, skip):
    """The date a day of a month stands for, or None; days from the end count from there."""
    length = calendar.monthrange(year, month)[1]
    if day < 0:
        return datetime(year, month, length + 1 + day)
    if day <= length:
        return datetime(year, month, day)
    if skip == "FORWARD":
        return datetime(year, month, length) + timedelta(days=1)
    return datetime(year, month, length) if skip == "BACKWARD" else None


def walk(parts, first, count):
    """RFC 7529 in its own order, a period after the other: months, days, SKIP, weekdays, hours, positions."""
    yearly, skip = parts["FREQ"] == "YEARLY", parts["SKIP"]
    at, found = first.year * 12 + first.month - 1, set()
    if yearly:
        at -= at % 12
    while len(found) < count and at < 2200 * 12:  # no instant after 2199
        months = [divmod(at + i, 12) for i in range(12 if yearly else 1)]
        months = [(year, month + 1) for year, month in months if month + 1 in parts.get("BYMONTH", range(1, 13))]
        dates = {moved(year, month, day, skip) for year, month in months for day in parts["BYMONTHDAY"]} - {None}
        dates = [date for date in sorted(dates) if date.weekday() in parts.get("BYDAY", range(7))]
        times = [date.replace(hour=hour, minute=first.minute) for date in dates for hour in parts["BYHOUR"]]
        if "BYSETPOS" in parts:
            chosen = {p - 1 if p > 0 else len(times) + p for p in parts["BYSETPOS"]}
            times = [time for i, time in enumerate(times) if i in chosen]
        found.update(time for time in times if time >= first)
        at += parts["INTERVAL"] * (12 if yearly else 1)
    return sorted(found)[:count]


def test_what_skip_moves_is_filtered_and_chosen_from_as_a_walk_does(nexts):
    rng = seeded()
    for _ in range(3000 if FULL else 150):
        parts = {
            "FREQ": rng.choice(["MONTHLY", "MONTHLY", "YEARLY"]),
            "SKIP": rng.choice(["OMIT", "BACKWARD", "FORWARD"]),
            "INTERVAL": rng.randint(1, 4),
            "BYMONTHDAY": sorted({rng.choice([-28, -2, -1, 1, 15, 28, 29, 30, 31]) for _ in range(4)}),
            "BYHOUR": some(rng, range(24)),
        }
        if parts["FREQ"] == "YEARLY" or rng.random() < 0.3:
            parts["BYMONTH"] = some(rng, range(1, 13), 5)
        if rng.random() < 0.4:
            parts["BYDAY"] = some(rng, range(7), 4)
        if parts["SKIP"] != "FORWARD" and rng.random() < 0.4:
            parts["BYSETPOS"] = signed(rng, 4, 3)
        said = {**parts, "BYDAY": [DAYS[day] for day in parts.get("BYDAY", range(7))]}
        text = ";".join(f"{key}={joined(value) if isinstance(value, list) else value}" for key, value in said.items())
        first = start(rng).replace(second=0)
        got = nexts.instants(
            rrule=text, start=first.strftime("%Y-%m-%dT%H:%M"), timezone="UTC", count=20, **{"from": "1999-01-01T00:00:00Z"}
        )
        assert [datetime.utcfromtimestamp(utc) for utc in got] == walk(parts, first, 20), (text, str(first))


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
        ("FREQ=MONTHLY;BYMONTHDAY=1,-29;SKIP=BACKWARD", "BYMONTHDAY"),
        ("SKIP=FORWARD;BYMONTHDAY=-31;FREQ=MONTHLY", "BYMONTHDAY"),
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


def test_until_a_date_has_all_of_that_day_and_nothing_of_the_next(nexts):
    got = nexts.instants(
        rrule="FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,59;UNTIL=20260102",
        start="2026-01-01T00:00:59",
        timezone="Pacific/Apia",
        count=20,
        **{"from": "2025-12-31T00:00:00Z"},
    )
    assert len(got) == 8 and got[-1] == instant("2026-01-02T10:59:59Z")
