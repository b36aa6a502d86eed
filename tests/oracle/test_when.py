"""Phrases, generated with what they mean. Two judges: Remind (Dianne Skoll's, in UTC, for what it can say)
and a walk over every day here, with zoneinfo for the clock. The walk asks of each day whether the week,
month, quarter or year it lies in chooses it, and whether that one counts."""

import re
import subprocess
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from nexts import FULL, MANDATORY_ZONES, ROOT, changes, offset, seeded, text_of

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]
MONTHS += ["November", "December"]
SHORT = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ORDINALS = ["", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
NUMBERS = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
MOST = {"day": {"month": 31, "quarter": 92, "year": 366}, "weekday": {"week": 5, "month": 23, "quarter": 66, "year": 262},
        "working": {"week": 7, "month": 31, "quarter": 92, "year": 366}, "named": {"month": 5, "quarter": 14, "year": 53}}
ALL_MONTHS = frozenset(range(1, 13))
COUNT = 12
YEARS = 12  # how far the walk goes


# --- units: each date lies in one of each, which has a number -----------------------------------------


def number_of(unit, day):
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - 1) // 7  # 0001-01-01 was a Monday
    if unit == "month":
        return day.year * 12 + day.month - 1
    if unit == "quarter":
        return day.year * 4 + (day.month - 1) // 3
    return day.year


def first_of(unit, number):
    if unit == "day":
        return date.fromordinal(number)
    if unit == "week":
        return date.fromordinal(number * 7 + 1)
    if unit == "month":
        return date(number // 12, number % 12 + 1, 1)
    if unit == "quarter":
        return date(number // 4, number % 4 * 3 + 1, 1)
    return date(number, 1, 1)


@lru_cache(maxsize=4096)
def days_of(unit, number):
    first, end = first_of(unit, number), first_of(unit, number + 1)
    return [first + timedelta(days=i) for i in range((end - first).days)]


class Days:
    """A phrase without its times: its words, and the dates of each unit it chooses."""

    def __init__(self, words, unit, pick, n=1, remind=None):
        self.words, self.unit, self.n, self.remind = words, unit, n, remind
        self.chosen = lru_cache(maxsize=None)(lambda number: frozenset(pick(number)))

    def anchor(self, start, times):
        """The number of a unit that counts."""
        if start is None:
            return number_of(self.unit, date(1970, 1, 5) if self.unit in ("day", "week") else date(1970, 1, 1))
        day = start.date()
        while day.year < 2100:
            for owner in self.owners(day):
                if day in self.chosen(owner) and datetime.combine(day, times[-1]) >= start:
                    return owner
            day += timedelta(days=1)
        return 0

    def owners(self, day):
        """The units whose dates it may be: a month without the day may choose the first of the next."""
        return {number_of(self.unit, day), number_of(self.unit, day - timedelta(days=1))}

    def takes(self, day, anchor):
        return any((owner - anchor) % self.n == 0 and day in self.chosen(owner) for owner in self.owners(day))


# --- words --------------------------------------------------------------------------------------------


def listed(rng, items):
    if len(items) == 1:
        return items[0]
    last = rng.choice([" and ", ", ", ", and "])
    return rng.choice([", ", " , "]).join(items[:-1]) + last + items[-1]


def suffixed(n):
    return f"{n}{'th' if n // 10 % 10 == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def ordinal(rng, n):
    if n == -1:
        return "last"
    word = ORDINALS[abs(n)] if abs(n) <= 10 and rng.random() < 0.5 else suffixed(abs(n))
    return word if n > 0 else word + rng.choice([" to last", " last", "-to-last", " to last"])


def day_name(rng, w):
    return rng.choice([DAYS[w], DAYS[w], DAYS[w] + "s", SHORT[w], DAYS[w].lower()])


def month_name(rng, m):
    return rng.choice([MONTHS[m - 1], MONTHS[m - 1][:3], MONTHS[m - 1].upper()])


def some(rng, values, most=3):
    return sorted(rng.sample(list(values), rng.randint(1, most)))


def some_months(rng):
    """(words, set)"""
    if rng.random() < 0.3:
        first, count = rng.randint(1, 12), rng.randint(2, 5)
        months = [(first - 1 + i) % 12 + 1 for i in range(count)]
        return f"{month_name(rng, first)} {rng.choice(['to', '-', 'through'])} {month_name(rng, months[-1])}", frozenset(months)
    months = rng.sample(range(1, 13), rng.randint(1, 4))
    return listed(rng, [month_name(rng, m) for m in months]), frozenset(months)


def some_weekdays(rng, words_too=True):
    kind = rng.random()
    if words_too and kind < 0.15:
        return "weekdays", frozenset(range(5))
    if words_too and kind < 0.25:
        return "weekends", frozenset([5, 6])
    if kind < 0.4:
        first, count = rng.randrange(7), rng.randint(2, 5)
        days = [(first + i) % 7 for i in range(count)]
        return f"{day_name(rng, first)} {rng.choice(['to', '-', 'through'])} {day_name(rng, days[-1])}", frozenset(days)
    days = rng.sample(range(7), rng.choice([1, 1, 1, 2, 3, 4]))
    return listed(rng, [day_name(rng, w) for w in days]), frozenset(days)


def repeated(rng, unit, n):
    """every 2 weeks"""
    if n == 1:
        adverb = {"week": "weekly", "month": "monthly", "quarter": "quarterly", "year": rng.choice(["yearly", "annually"])}
        return rng.choice([f"every {unit}", f"each {unit}", adverb.get(unit, f"every {unit}")])
    ways = [f"every {n} {unit}s", f"every {suffixed(n)} {unit}"]
    if n == 2:
        ways += [f"every other {unit}"] + (["every fortnight", "fortnightly"] if unit == "week" else [])
    if n <= 10:
        ways += [f"every {ORDINALS[n]} {unit}", f"every {NUMBERS[n]} {unit}s"]
    return rng.choice(ways)


# --- productions --------------------------------------------------------------------------------------


def weekly(rng):
    n = rng.choice([1, 1, 2, 2, 3, 4, 5, 13])
    words, weekdays = some_weekdays(rng)
    base = [date(2019, 12, 30).toordinal() + w for w in sorted(weekdays)]  # from a Monday on
    if n == 1:
        words = rng.choice(["every ", "", "on ", "each ", "weekly on ", "every week on "]) + words
    elif rng.random() < 0.3 and all(word not in words for word in ["week", "to", "-", "through"]):
        words = f"every {ORDINALS[n] if n < 10 else suffixed(n)} {words}"
    elif rng.random() < 0.2:
        words = f"{words} {repeated(rng, 'week', n).replace('fortnightly', 'every fortnight')}"
    else:
        words = f"{repeated(rng, 'week', n)} on {words}"
    months = ALL_MONTHS
    if rng.random() < 0.25:
        more, months = some_months(rng)
        words += f" in {more}"

    def pick(number):
        return [d for d in days_of("week", number) if d.weekday() in weekdays and d.month in months]

    def remind():
        epoch = number_of("week", date(1970, 1, 5))
        for first in base:
            day = date.fromordinal(first)
            while (number_of("week", day) - epoch) % n:
                day += timedelta(days=7)
            yield within(months), f"{day} *{7 * n}"

    return Days(words, "week", pick, n, remind)


def working(rng):
    words = rng.choice(["every working day", "working days", "workdays", "each business day", "on work days"])
    return Days(words, "day", lambda n: [d for d in days_of("day", n) if d.weekday() < 5], 1,
                lambda: [("1", "Mon Tue Wed Thu Fri")])


def daily(rng):
    n = rng.choice([1, 2, 3, 5, 10, 90])
    words = rng.choice(["daily", "every day", "each day"]) if n == 1 else repeated(rng, "day", n)
    start = date.fromordinal(date(2020, 1, 1).toordinal() - (date(2020, 1, 1) - date(1970, 1, 5)).days % n)
    return Days(words, "day", lambda number: days_of("day", number), n, lambda: [("1", f"{start} *{n}")])


def chosen_kind(rng, unit):
    kind = rng.choice([k for k in MOST if unit in MOST[k]])
    if kind == "named":
        w = rng.randrange(7)
        return kind, day_name(rng, w), lambda d: d.weekday() == w
    if kind == "weekday":
        return kind, rng.choice(["weekday", "weekdays"]), lambda d: d.weekday() < 5
    if kind == "working":
        return kind, rng.choice(["working day", "workday", "business day"]), lambda d: d.weekday() < 5
    return kind, "day", lambda d: True


def of_unit(rng, words, unit, n):
    if n > 1:
        way = repeated(rng, unit, n)
        if rng.random() < 0.3 and way.startswith("every") and "fortnight" not in way:
            return f"{words} {rng.choice(['of ', ''])}{way}"
        return f"{way} on the {words}"
    ways = [f"{words} of the {unit}", f"on the {words} of each {unit}", f"{words} in the {unit}", f"every {words} of the {unit}"]
    ways += [f"{repeated(rng, unit, 1)} on the {words}", f"{words} every {unit}"]
    return rng.choice(ways)


def selection(rng, short):
    """first and last working day of the quarter"""
    unit = rng.choice(["week", "month", "month", "quarter", "year"])
    kind, name, fits = chosen_kind(rng, unit)
    most = min(MOST[kind][unit], rng.choice([3, 5, 400]))
    positions = [n for n in rng.sample(range(-most, most + 1), min(rng.choice([1, 1, 2, 3]), most)) if n] or [1]
    n = rng.choice([1, 1, 1, 2, 3, 6]) if unit != "quarter" else 1
    months, words = ALL_MONTHS, f"{listed(rng, [ordinal(rng, p) for p in positions])} {name}"
    if unit == "month" and n == 1 and rng.random() < 0.4:
        more, months = some_months(rng)
        words = f"{words} {rng.choice(['of', 'in'])} {more}"
    else:
        words = of_unit(rng, words, unit, n)

    def pick(number):
        if unit == "month" and number % 12 + 1 not in months:
            return []
        if unit == "month" and kind == "day":
            return in_month(number, [p for p in positions if p > 0], [-p for p in positions if p < 0], short)
        fit = [d for d in days_of(unit, number) if fits(d)]
        return [fit[p - 1 if p > 0 else p] for p in positions if abs(p) <= len(fit)]

    def remind():
        return remind_selection(unit, kind, name, positions, n, months)

    return Days(words, unit, pick, n, remind)


def within(months):
    return f"isany($Um,{','.join(map(str, months))})"


def remind_selection(unit, kind, name, positions, n, months):
    """Its own words where it has them; else it counts the days that are not omitted, up to or from today."""
    omit = {"day": [], "weekday": SHORT[5:], "working": SHORT[5:]}.get(kind, [d for d in SHORT if d.lower() != name[:3].lower()])
    first = {"week": "$U-(wkdaynum($U)+6)%7", "month": "date($Uy,$Um,1)", "year": "date($Uy,1,1)",
             "quarter": "date($Uy,3*(($Um-1)/3)+1,1)"}[unit]
    last = {"week": f"{first}+6", "month": "date($Uy,$Um,daysinmon($Um,$Uy))", "year": "date($Uy,12,31)",
            "quarter": "date($Uy,3*(($Um-1)/3)+3,daysinmon(3*(($Um-1)/3)+3,$Uy))"}[unit]
    counted = {"week": "($U-date(2001,1,1))/7+1617", "month": "($Uy-1970)*12+$Um-1", "year": "$Uy-1970", "quarter": "0"}[unit]
    names = "".join(f',"{o}"' for o in omit)
    for p in positions:
        guard = f"({counted})%{n}==0 && {within(months)}"
        span = f"nonomitted({first},$U+1{names})" if p > 0 else f"nonomitted($U,{last}+1{names})"
        if unit == "month" and kind == "named" and p in (1, 2, 3, 4, -1):
            yield guard, f"{['', 'First', 'Second', 'Third', 'Fourth', 'Last'][p]} {name[:3]}"
        elif unit == "month" and kind == "working" and p == 1:
            yield guard, "1 OMIT Sat Sun AFTER"
        elif unit == "month" and kind == "working" and -10 < p < 0:
            yield guard, f"1 {p} OMIT Sat Sun"
        else:
            yield f"nonomitted($U,$U+1{names})==1 && {span}=={abs(p)} && {guard}", ""


def numbered(rng):
    """first Monday and third Thursday of the month"""
    groups = [(some(rng, [1, 2, 3, 4, 5, -1, -2, -3], 2), rng.sample(range(7), rng.choice([1, 1, 2])))
              for _ in range(rng.choice([1, 2, 2, 3]))]
    n = rng.choice([1, 1, 2, 3])
    words = listed(rng, [f"{listed(rng, [ordinal(rng, p) for p in ps])} {listed(rng, [day_name(rng, w) for w in ws])}"
                         for ps, ws in groups])

    def pick(number):
        days = days_of("month", number)
        for positions, weekdays in groups:
            for w in weekdays:
                fit = [d for d in days if d.weekday() == w]
                yield from (fit[p - 1 if p > 0 else p] for p in positions if abs(p) <= len(fit))

    def remind():
        for positions, weekdays in groups:
            for w in weekdays:
                yield from remind_selection("month", "named", SHORT[w], positions, n, ALL_MONTHS)

    return Days(of_unit(rng, words, "month", n), "month", pick, n, remind)


def in_month(number, days, from_end, short):
    """The dates of a month, with what stands for the days that it does not have."""
    here = days_of("month", number)
    found = [here[d - 1] for d in days if d <= len(here)] + [here[-d] for d in from_end if d <= len(here)]
    if any(d > len(here) for d in days):
        found += {"omit": [], "last_day": [here[-1]], "next_day": [here[-1] + timedelta(days=1)]}[short]
    return found


def month_days(rng, short):
    """1st and last day of the month"""
    days = some(rng, range(1, 32), 3)
    from_end = some(rng, range(1, 6), 2) if rng.random() < 0.3 else []
    n = rng.choice([1, 1, 2, 3, 5])
    months = ALL_MONTHS
    if n == 1 and rng.random() < 0.4:
        more, months = some_months(rng)
        longest = max(len(days_of("month", 2000 * 12 + m - 1)) for m in months)
        days = [d for d in days if d <= longest] or [longest]
    words = listed(rng, [ordinal(rng, d) for d in days] + [ordinal(rng, -d) for d in from_end])
    words += " day" if from_end else ""
    if months != ALL_MONTHS:
        words = rng.choice([f"{words} of {more}", f"on the {words} of {more}"])
    else:
        words = of_unit(rng, words, "month", n)

    def pick(number):
        return in_month(number, days, from_end, short) if number % 12 + 1 in months else []

    def remind():
        guard = f"(($Uy-1970)*12+$Um-1)%{n}==0 && {within(months)}"
        # Remind 4.2.3 does not see a plain "29" on 29 February.
        yield from ((guard, str(d)) if d != 29 else (f"{guard} && $Ud==29", "") for d in days)
        yield from ((guard, f"1 --{d}") for d in from_end)

    return Days(words, "month", pick, n, remind if short == "omit" else None)


def yearly(rng, short):
    """24 December"""
    month, n = rng.randint(1, 12), rng.choice([1, 1, 2, 4])
    days = some(rng, range(1, days_of("month", 2000 * 12 + month - 1)[-1].day + 1), 2)
    spelled = listed(rng, list(map(rng.choice([str, suffixed]), days)))
    if rng.random() < 0.5:
        words = f"{spelled} {rng.choice(['', 'of '])}{month_name(rng, month)}"
    else:
        words = f"{month_name(rng, month)} {spelled}"
    if n > 1:
        words = rng.choice([f"{repeated(rng, 'year', n)} on {words}", f"{words} {repeated(rng, 'year', n)}"])
    else:
        words = rng.choice([words, f"on {words}", f"{repeated(rng, 'year', 1)} on {words}", f"{words} every year", f"every {words}"])

    def pick(number):
        return in_month(number * 12 + month - 1, days, [], short)

    def remind():
        for d in days:
            yield f"($Uy-1970)%{n}==0", f"{d} {MONTHS[month - 1]}"

    return Days(words, "year", pick, n, remind if short == "omit" else None)


def once(rng):
    dates = [date(2027, 1, 1) + timedelta(days=rng.randrange(4000)) for _ in range(rng.choice([1, 2, 3]))]
    words = [rng.choice([f"{d.day} {MONTHS[d.month - 1]} {d.year}", f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
                         f"the {suffixed(d.day)} of {MONTHS[d.month - 1]} {d.year}"]) for d in dates]
    return Days(rng.choice(["on ", ""]) + " and ".join(words), "day", lambda n: [d for d in days_of("day", n) if d in dates],
                1, lambda: [("1", str(d)) for d in dates])


def days(rng, short="omit"):
    plain = [weekly, weekly, working, daily, numbered, once]
    shortened = [selection, selection, selection, month_days, yearly]
    return rng.choice(plain + [lambda r, way=way: way(r, short) for way in shortened])(rng)


def a_time(rng, minute):
    hour, rest = divmod(minute, 60)
    half = f"{(hour + 11) % 12 + 1}{'' if rest == 0 else ':%02d' % rest}{rng.choice(['', ' '])}{'am' if hour < 12 else 'pm'}"
    return rng.choice([f"{hour}:{rest:02}", f"{hour:02}:{rest:02}", half, "noon" if minute == 720 else f"{hour}:{rest:02}"])


def times(rng):
    """(words, times)"""
    if rng.random() < 0.2:
        first, step = rng.randrange(0, 900), rng.choice([5, 30, 60, 90, 120])
        last = rng.randrange(first, 1440)
        unit = f"{step} minutes" if step % 60 or rng.random() < 0.3 else "hour" if step == 60 else f"{step // 60} hours"
        window = rng.choice(["from {} to {}", "between {} and {}", "from {} until {}"])
        minutes = range(first, last + 1, step)
        words = f"every {unit} " + window.format(a_time(rng, first), a_time(rng, last))
    else:
        minutes = some(rng, [0, 30, 60, 90, 120, 150, 180, 540, 720, 810, 1020, 1439, rng.randrange(1440)], 3)
        words = rng.choice(["at ", "at ", ""]) + listed(rng, [a_time(rng, m) for m in rng.sample(minutes, len(minutes))])
    return words, [datetime.min.replace(hour=m // 60, minute=m % 60).time() for m in minutes]


def phrase(rng, what, words):
    whole = rng.choice([f"{what.words} {words}", f"{what.words}, {words}", f"{words} {what.words}", f"{words}, {what.words}"])
    return rng.choice([whole, whole, whole.upper(), whole.replace(" ", "  ")])


# --- the walk -----------------------------------------------------------------------------------------


def fires(zone, local, gap):
    """The instant of a fixed local time, or None."""
    exact = local.replace(tzinfo=zone)
    utc = int(exact.timestamp())
    if datetime.fromtimestamp(utc, zone).replace(tzinfo=None) == local:
        return utc
    if gap == "skip":
        return None
    low, high = int(exact.replace(fold=1).timestamp()) - 1, utc
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
    return high if datetime.fromtimestamp(high, zone).date() == local.date() else None


def walk(what, clock, zone, after, start, gap):
    """(instants, the end of what was looked at)"""
    anchor = what.anchor(start, clock) if what.n > 1 else 0
    day = datetime.fromtimestamp(after, zone).date() - timedelta(days=2)
    end = day.replace(year=day.year + YEARS, day=1)
    found = []
    while day < end and len(found) < COUNT + 3:
        if what.takes(day, anchor):
            local = [datetime.combine(day, time) for time in clock]
            instants = {fires(zone, at, gap) for at in local if start is None or at >= start} - {None}
            found += sorted(at for at in instants if at > after and at not in found)
        day += timedelta(days=1)
    return found[:COUNT], int(datetime.combine(end, datetime.min.time()).replace(tzinfo=timezone.utc).timestamp()) - 2 * 86400


@lru_cache(maxsize=None)
def changes_of(name):
    return changes(ZoneInfo(name), 2024, 2040)


def test_random_phrases_fire_as_a_walk_over_every_day_says(nexts):
    rng = seeded()
    for _ in range(8000 if FULL else 200):
        name = rng.choice(MANDATORY_ZONES)
        zone, short, gap = ZoneInfo(name), rng.choice(["omit", "omit", "last_day", "next_day"]), rng.choice(["after", "after", "skip"])
        what = days(rng, short)
        words, clock = times(rng)
        text = phrase(rng, what, words)
        after = rng.choice(changes_of(name) or [1900000000]) - rng.randrange(0, 40 * 86400)
        start = datetime.fromtimestamp(after - rng.randrange(-10**7, 10**8), timezone.utc).replace(tzinfo=None, second=0)
        start = rng.choice([None, start])
        request = {"when": text, "timezone": name, "from": text_of(after), "count": COUNT, "short_month": short, "dst_gap": gap}
        if start:
            request["start"] = start.strftime("%Y-%m-%dT%H:%M")
        wanted, end = walk(what, clock, zone, after, start, gap)
        found = nexts.instants(**request)
        found = found if len(wanted) == COUNT else [at for at in found if at < end]
        wanted = [at for at in wanted if len(wanted) == COUNT or at < end]
        assert found == wanted, f"{request}\n found {[text_of(t) for t in found]}\nwanted {[text_of(t) for t in wanted]}"


# --- Remind -------------------------------------------------------------------------------------------


REMIND_YEARS = 5


def reminded(phrases):
    """The dates of each from 2026 on, by Remind."""
    lines = [line for i, what in enumerate(phrases) for guard, trigger in what.remind()
             for line in (f"IF {guard}", f"REM {trigger} MSG <{i}>", "ENDIF")]
    run = subprocess.run(["remind", f"-s{12 * REMIND_YEARS}", "-", "2026-01-01"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0 and not run.stderr, run.stderr[:2000]
    found = [set() for _ in phrases]
    for line in run.stdout.splitlines():
        found[int(line.rsplit("<", 1)[1].rstrip(">"))].add(date(*map(int, line.split(" ", 1)[0].split("/"))))
    return [sorted(dates) for dates in found]


def same_dates(nexts, text, wanted):
    found = nexts.instants(when=text, timezone="UTC", count=2000, until=f"{2025 + REMIND_YEARS}-12-31", **{"from": "2026-01-01"})
    found = [datetime.fromtimestamp(at, timezone.utc).date() for at in found]
    assert found == wanted, f"{text}: {[str(d) for d in sorted(set(found) ^ set(wanted))[:9]]}"


def test_random_phrases_fall_on_the_dates_that_remind_gives(nexts):
    rng = seeded()
    for _ in range(20 if FULL else 1):
        phrases = [days(rng) for _ in range(70)]
        for what, wanted in zip(phrases, reminded(phrases)):
            same_dates(nexts, phrase(rng, what, "at 9:00"), wanted)


def test_the_phrases_of_the_manual_fall_on_the_dates_it_gives(nexts):
    manual = (ROOT / "conf/nudged.conf.5").read_text()
    rows = re.findall(r"^\.It (.+) Ta (2\d{3}-.+)$", manual, re.MULTILINE)
    assert len(rows) > 20
    for text, dates in rows:
        found = nexts.instants(when=text, timezone="UTC", count=12, **{"from": "2025-12-31T23:59:59Z"})
        found = list(dict.fromkeys(text_of(at)[:10] for at in found))
        assert ", ".join(found[:2]) == dates, text
