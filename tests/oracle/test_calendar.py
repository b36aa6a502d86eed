"""Calendar events against `systemd-analyze calendar`: what it accepts, what it says comes next, and
its normal form. systemd skips the times of a gap and falls silent in the second pass of an overlap,
so events with a zone are FIXED and asked for with dst_gap=skip."""

import calendar
import os
import re
import subprocess
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from nexts import FULL, MANDATORY_ZONES, instant, seeded

BASE = "2027-01-01 00:00:00 UTC"
FROM = "2027-01-01T00:00:00Z"
COUNT = 25
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def systemd(event):
    """(normal form, instants), or None where systemd refuses the event. The instants are None where it
    gives up: it stops after a number of steps, which far dates in zones exceed."""
    run = subprocess.run(
        ["systemd-analyze", "calendar", f"--iterations={COUNT}", f"--base-time={BASE}", "--", event],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if run.returncode:
        return ("", None) if "Failed to determine next elapse" in run.stderr else None
    normal = re.search(r"Normalized form: (.*)", run.stdout)[1]
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+) (\S+) UTC", run.stdout)
    return normal, [instant(f"{date}T{time}Z") for date, time in found]


def members(text, low, high, from_end=False):
    """The numbers a component of a normal form stands for."""
    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("..")
        if first == "*":
            return set(range(low, high + 1))
        if from_end and step and not last:
            found.update(range(int(first), 0, -int(step)))
            continue
        end = int(last) if last else high if step else int(first)
        found.update(range(int(first), end + 1, int(step or 1)))
    return found


def walk(normal):
    """The instants of a normal form, by looking at every day."""
    words = normal.split(" ")
    zone = ZoneInfo(words.pop() if words[-1][0].isalpha() else "UTC")
    days = words.pop(0) if len(words) == 3 else "Mon..Sun"
    for index, name in enumerate(WEEKDAYS):
        days = days.replace(name, str(index))
    from_end = "~" in words[0]
    weekdays, (years, months, monthdays) = members(days, 0, 6), re.split("[-~]", words[0])
    years, months = members(years, 2026, 2060), members(months, 1, 12)
    monthdays = members(monthdays, 1, 31, from_end)
    hours, minutes, seconds = (sorted(members(t, 0, m)) for t, m in zip(words[1].split(":"), [23, 59, 59]))
    date = datetime(2026, 12, 30)
    found = []
    while date.year <= 2060 and len(found) < COUNT:
        day = calendar.monthrange(date.year, date.month)[1] + 1 - date.day if from_end else date.day
        if date.weekday() in weekdays and date.year in years and date.month in months and day in monthdays:
            for hour, minute, second in product(hours, minutes, seconds):
                local = date.replace(hour=hour, minute=minute, second=second)
                utc = int(local.replace(tzinfo=zone).timestamp())
                exists = datetime.fromtimestamp(utc, zone).replace(tzinfo=None) == local
                if exists and utc > instant(FROM):
                    found.append(utc)
        date += timedelta(days=1)
    return found[:COUNT]


def value(rng, low, high, wild):
    first = rng.randint(low, high)
    kind = rng.random()
    if kind < 0.6:
        return str(first)
    if first == high:
        return str(first)  # systemd takes 5..5 in some fields only
    if kind < 0.85 or not wild:
        return f"{first}..{rng.randint(first + 1, high)}"
    if kind < 0.95:
        return f"{first}/{rng.randint(1, high - first)}"
    return f"{first}..{rng.randint(first + 1, high)}/{rng.randint(1, 9)}"


def component(rng, low, high, any_chance=0.3, wild=True):
    if rng.random() < any_chance:
        return "*"
    return ",".join(value(rng, low, high, wild) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def weekdays(rng):
    parts = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        first = rng.randrange(7)
        last = rng.randrange(first, 7)
        parts.append(WEEKDAYS[first] if rng.random() < 0.6 else f"{WEEKDAYS[first]}..{WEEKDAYS[last]}")
    return ",".join(parts)


def event(rng, zone=None):
    wild = zone is None
    any_chance = 0.3 if wild else 0
    words = []
    if rng.random() < 0.4:
        words.append(weekdays(rng))
    if rng.random() < 0.6:
        year = "*" if rng.random() < 0.8 else value(rng, 2027, 2060, True)
        if rng.random() < 0.25:
            # systemd takes at most 28 days from the end, and three fewer with each entry of a list.
            day = "~" + ",".join(value(rng, 1, 22, True) for _ in range(rng.choice([1, 2])))
        else:
            day = "-" + component(rng, 1, 31)
        words.append(f"{year}-{component(rng, 1, 12, 0.5)}{day}")
    time = f"{component(rng, 0, 23, any_chance, wild)}:{component(rng, 0, 59, any_chance, wild)}"
    if rng.random() < 0.4:
        time += f":{component(rng, 0, 59, any_chance, wild)}"
    words.append(time)
    return " ".join(words + ([zone] if zone else []))


def same(nexts, text):
    theirs = systemd(text)
    if theirs is None:
        answer = nexts.answer(calendar=text, **{"from": FROM})
        assert "error" in answer and answer["column"] > 0, text
        return
    if theirs[1] is None:
        return
    ours = nexts.instants(calendar=text, count=COUNT, dst_gap="skip", timezone="UTC", **{"from": FROM})
    # systemd 252 can miss an instant after a carry (from :48 into the next hour, from 31 December into
    # a later day of January): a walk over its own normal form is the judge then.
    assert ours == theirs[1] or ours == walk(theirs[0]), f"{text}: {theirs[0]}"


def test_random_events_fire_when_systemd_says(nexts):
    rng = seeded()
    for _ in range(3000 if FULL else 250):
        same(nexts, event(rng))


def test_random_events_in_zones_fire_when_systemd_says(nexts):
    rng = seeded()
    for _ in range(2000 if FULL else 120):
        same(nexts, event(rng, rng.choice(MANDATORY_ZONES)))


@pytest.mark.parametrize(
    "text",
    [
        *["minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "bi-annually"],
        *["yearly", "annually", "Daily", "weekly Pacific/Auckland", "daily UTC", "daily utc"],
        *["Sat,Thu,Mon..Wed,Sat..Sun", "Mon,Sun 27-*-* 2,1:23", "Wed *-1", "Wed..Wed,Wed *-1"],
        *["Wed, 17:48", "Wed..Sat,Tue 28-10-15 1:2:3", "*-*-7 0:0:0", "10-15", "monday *-12-* 17:00"],
        *["Mon,Fri *-*-3,1,2 *:30:45", "12,14,13,12:20,10,30", "12..14:10,20,30", "mon,fri *-1/2-1,3 *:30:45"],
        *["03-05 08:05:40", "08:05:40", "Sat,Sun 12-05 08:05:40", "2030-03-05 05:40", "2032-02..04-05"],
        *["2031-03-05 05:40 UTC", "2031-03-05", "*:2/3", "*-02~03", "Mon *-05~07/1", "*-*~1..5/2"],
        *["Mon-Fri 10:00", "@2600000000", "10:5..50/60", "*-*-1/30", "9..17/1:00", "*-*-31", "*-02-29"],
        *["Mon *-02-29", "*-*-* *:*:*", "69-1-1", "2199-12-31 23:59:59", "2026-02-29", "*-02-30"],
        *["Mon *-*~01", "*-*-13 12:00", "*:*:30", "0..23:0..59:0..59", "Fri *-*-13"],
    ],
)
def test_an_event_of_the_manual_fires_when_systemd_says(nexts, text):
    same(nexts, text)


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "Mon..", "Mon..10:00", "Mon,,Tue 9:00", "9:00,", "*/2:00", "*:0/60", "*:50/15", "5:60", "24:00"],
        *["*:*:0..60", "12..5:00", "*-*-1/31", "*-*~32", "01-31~3~2", "2300-1-1", "*:0/0", "9 :00"],
        *["9", "tomorrow", "Mon Tue", "*-13-01", "*-*-0", "9:00 Nowhere/Land", "9:00 ../../etc/passwd", "1-2-3-4"],
        *["9:00:00:00", "Mon.. Tue", "-1:00", "*-*-*-*", "~07/1", "*~*~1", "@-1", "@99999999999999999999", "Foo 9:00"],
    ],
)
def test_an_event_that_systemd_refuses_is_refused_at_a_column(nexts, text):
    assert systemd(text) is None
    answer = nexts.answer(calendar=text)
    assert "error" in answer and 0 <= answer["column"] <= len(text) + 1, answer
