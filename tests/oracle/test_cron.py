"""Cron expressions against croner: what it accepts, and when it says they fire, in zones and around
changes of their clocks. What is refused here and not there is listed below; nothing else may differ."""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from nexts import FULL, MANDATORY_ZONES, all_zones, changes, instant, node_program, offset, seeded, text_of, zones_agreed

pytestmark = pytest.mark.usefixtures("nexts")

BASE = instant("2026-01-01T00:00:00Z")
TEN_YEARS = 10 * 365 * 86400
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@pytest.fixture(scope="module")
def croner():
    process = node_program("croner.js", "croner")
    yield process
    process.close()


@pytest.fixture(scope="module")
def zones(croner):
    return zones_agreed(croner, all_zones() if FULL else MANDATORY_ZONES)


# --- making expressions -------------------------------------------------------------------------


def spelled(rng, value, low, names):
    if names and rng.random() < 0.4:
        name = names[(value - low) % len(names)]
        return rng.choice([name, name.lower(), name.title()])
    return str(value) if rng.random() < 0.95 else f"0{value}"


def item(rng, low, high, names=None, steps=True):
    first = rng.randint(low, high)
    kind = rng.random()
    if kind < 0.55 or first == high:
        return spelled(rng, first, low, names)
    span = f"{spelled(rng, first, low, names)}-{spelled(rng, rng.randint(first, high), low, names)}"
    return f"{span}/{rng.randint(1, high - low)}" if steps and kind > 0.85 else span


def field(rng, low, high, names=None, any_chance=0.3, steps=True):
    if rng.random() < any_chance:
        return "*"
    if steps and rng.random() < 0.12:
        return f"*/{rng.randint(1, high - low)}"
    return ",".join(item(rng, low, high, names, steps) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def days(rng):
    kind = rng.random()
    if kind < 0.06:
        return rng.choice(["LW", "lw"])
    parts = field(rng, 1, 31, any_chance=0.4).split(",")
    if kind < 0.3 and parts != ["*"]:
        parts = rng.sample(parts, rng.randint(0, len(parts))) if kind < 0.2 else parts
        parts += rng.sample(["L", "1W", "15W", "31W", f"{rng.randint(1, 31)}W"], rng.randint(1, 2))
        rng.shuffle(parts)
    return ",".join(parts)


def week(rng):
    if rng.random() < 0.45:
        return "*"
    parts = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind = rng.random()
        day = spelled(rng, rng.randint(0, 7), 0, WEEKDAYS)
        if kind < 0.25:
            parts.append(f"{day}#{rng.choice('12345Ll')}")
        elif kind < 0.35:
            parts.append(f"{day}L")
        else:
            parts.append(field(rng, 0, rng.choice([6, 7]), WEEKDAYS, 0.02))
    return ("+" if rng.random() < 0.3 else "") + ",".join(parts)


def years(rng):
    # croner counts */N from year 0, the specification from 1970: only where they are the same.
    first = rng.randint(2026, 2040)
    return rng.choice(["*", "*/2", str(first), f"{first}-{first + rng.randint(0, 30)}",
                       f"{first}-{first + 40}/{rng.randint(1, 9)}", f"{first},{first + 3}"])


def times(rng, fixed):
    any_chance = 0 if fixed else 0.3
    return [field(rng, 0, 59, None, any_chance, not fixed), field(rng, 0, 23, None, any_chance, not fixed)]


def expression(rng):
    if rng.random() < 0.02:
        return rng.choice(["@yearly", "@monthly", "@weekly", "@daily", "@Midnight", "@hourly"])
    fixed = rng.random() < 0.5
    words = [*times(rng, fixed), days(rng), field(rng, 1, 12, MONTHS, 0.6), week(rng)]
    if rng.random() < 0.3:
        words.insert(0, field(rng, 0, 59, None, 0 if fixed else 0.1, not fixed))
        if rng.random() < 0.4:
            words.append(years(rng))
    return rng.choice([" ", "  ", "\t"]).join(words)


def night(rng):
    """Times around the hours in which clocks change, on every day or nearly."""
    hour = rng.choice(["0", "1", "2", "3", "0-3", "1,2", "2-4", "23", "*", "*/2", "0-4/2", "1-3/1", "0,23"])
    minute = rng.choice(["0", "30", "15,45", "0,30,59", "*/20", "*", "29-31", "5-50/15", "0-59/30", "59"])
    day = rng.choice(["*", "*", "*", "*/2", "L", "1-7", "15W"])
    weekday = rng.choice(["*", "*", "SUN", "FRI-SUN", "+SUN#L", "6,7"])
    second = rng.choice(["", "", "", "0 ", "30 ", "0,59 ", "*/30 "])
    return f"{second}{minute} {hour} {day} * {weekday}"


# --- comparing ----------------------------------------------------------------------------------

# What nudged refuses although croner takes it, by what it says.
REFUSED_HERE_ONLY = re.compile(
    r"\? is not understood"
    r"|SUN-SUN is read as one day and as seven"  # croner: seven; others: one
    r"|follows one day of the week: write each"  # MON-FRI#1 is not the first working day
    r"|year: \d+ is not in 1970\.\.2199"
)
# croner does not look at the end of a stepped range that no step reaches.
STEP_PASSES_THE_END = re.compile(r"-\d+/\d+")
# croner counts the steps of years from 0, the specification from 1970.
YEARS_FROM_ZERO = re.compile(r"\*/(?!2\s*$)\d+\s*$")


@lru_cache(maxsize=512)
def zone_of(name):
    return ZoneInfo(name)


def same(nexts, croner, text, zone, begin, count):
    """The number of instants that were compared."""
    theirs = croner.answer(pattern=text, zone=zone, **{"from": begin, "count": count})
    request = {"cron": text, "timezone": zone, "from": text_of(begin), "count": count}
    ours = nexts.answer(**request)
    if "error" in ours and "never fires" not in ours["error"]:
        assert 0 < ours["column"] <= len(text) + 1 or not text.strip(), (text, ours)
        known = REFUSED_HERE_ONLY.search(ours["error"]) or STEP_PASSES_THE_END.search(text) and "is not in" in ours["error"]
        assert "error" in theirs or known, (text, ours)
        return 0
    assert "error" not in theirs, (text, theirs)
    if len(text.split()) == 7 and YEARS_FROM_ZERO.search(text):
        return 0
    want = [utc for utc in theirs["next"] if utc < 7226582400 or datetime.fromtimestamp(utc, zone_of(zone)).year < 2200]
    got = [instant(t) for t in ours.get("next", [])]
    assert got == want, f"{text!r} in {zone} after {text_of(begin)}: ours {ours}, theirs {list(map(text_of, want))}"
    return len(want)


def mutated(rng, text):
    for _ in range(rng.choice([1, 1, 2])):
        at, kind = rng.randrange(len(text) + 1), rng.random()
        put = rng.choice("0123456789*/,-LW#+ ?~H\tMONSUJANe@%x") if kind < 0.7 else ""
        text = text[:at] + put + text[at + (kind > 0.4) :]
    return text


def test_random_expressions_fire_when_croner_says(nexts, croner, zones):
    rng = seeded()
    compared = 0
    for _ in range(60000 if FULL else 700):
        begin = BASE + rng.randrange(TEN_YEARS)
        compared += same(nexts, croner, expression(rng), rng.choice(zones), begin, 20)
    print(f"{compared} instants are the same")


def test_random_expressions_fire_when_croner_says_around_a_change_of_the_clock(nexts, croner, zones):
    rng = seeded()
    compared = 0
    for zone in zones:
        found = changes(zone_of(zone), 2026, 2036)
        for change in found if FULL else rng.sample(found, min(len(found), 4)):
            for _ in range(12 if FULL else 7):
                begin = change - rng.randrange(1, 40 * 3600)
                compared += same(nexts, croner, night(rng), zone, begin, 30)
    print(f"{compared} instants are the same")


def test_an_expression_with_a_slip_is_refused_where_croner_refuses_it(nexts, croner):
    rng = seeded()
    for _ in range(60000 if FULL else 1500):
        same(nexts, croner, mutated(rng, expression(rng)), "UTC", BASE, 3)


@pytest.mark.parametrize(
    "text",
    [
        *["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", " @Daily ", "@reboot", "@", "@x"],
        *["", " ", "* * * *", "* * * * * * * *", "0 9 * * 0-7", "0 9 * * 7-7", "0 9 * * 1-7/2", "0 9 * * 0-7/2"],
        *["0 9 * * FRI-MON", "0 22-2 * * *", "0 9 1 * +*", "0 9 1 * *,MON", "0 9 *,1 * MON", "0 9 */1 * MON"],
        *["0 9 1-31 * MON", "0 9 1 * 0-6", "0 9 LW,15 * *", "0 9 15W,3 * *", "0 9 L-2 * *", "0 9 * * L", "0 9 * * 5L"],
        *["0 9 * * 1,1#2", "0 9 * * 5#5", "0 9 31W 2 *", "0 9 29 2 *", "0 9 30 2 *", "0 9 31 2 +MON", "0 9 29 2 +SUN"],
        *["*/60 * * * *", "*/61 * * * *", "5-5/3 9 * * *", "0 0 9 29 2 SUN 2028-2199", "59 59 23 31 12 * 2199"],
    ],
)
def test_a_chosen_expression_fires_when_croner_says(nexts, croner, text):
    same(nexts, croner, text, "Europe/Berlin", BASE, 30)
