"""Calendars of days off against independent readers: python3-icalendar takes the lines apart,
dateutil repeats, zoneinfo knows the zones. What neither knows, which version of an event counts and
what is a whole date, is walked by hand here, as daemon/time/daysoff.h says it."""

import os
import re
import subprocess
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from nexts import BUILD, FULL, MANDATORY_ZONES, ROOT, seeded
from test_rrule import rule

icalendar = pytest.importorskip("icalendar")

STEP = 900
DAY = timedelta(days=1)
UTC = timezone.utc
# Names that only the file itself can explain: of whose rules it says so, and their text.
OWN_ZONES = {
    "W. Europe Standard Time": ("Europe/Berlin", "+0100", "+0200", "-1SU;BYMONTH=3", "020000", "-1SU;BYMONTH=10", "030000"),
    "Eastern Standard Time": ("America/New_York", "-0500", "-0400", "2SU;BYMONTH=3", "020000", "1SU;BYMONTH=11", "020000"),
}
PREFIXES = ["", "", "", "/mozilla.org/20050126_1/", "/freeassociation.sourceforge.net/"]


# --- writing calendars -------------------------------------------------------------------------


def own_zone(name):
    _, standard, summer, to_summer, summer_at, to_standard, standard_at = OWN_ZONES[name]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    for kind, before, after, day, at in (("STANDARD", summer, standard, to_standard, standard_at),
                                         ("DAYLIGHT", standard, summer, to_summer, summer_at)):
        lines += [f"BEGIN:{kind}", f"DTSTART:16010101T{at}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}",
                  f"RRULE:FREQ=YEARLY;BYDAY={day}", f"END:{kind}"]
    return lines + ["END:VTIMEZONE"]


def stamp(at, whole):
    return at.strftime("%Y%m%d") if whole else at.strftime("%Y%m%dT%H%M%S")


class Writer:
    def __init__(self, rng):
        self.rng = rng
        self.uid = 0

    def zone(self):
        """Parameter and suffix of one event's times: a date, floating, UTC, a zone of the system or of the file."""
        kind = self.rng.choice(["date", "date", "date", "floating", "utc", "tz", "tz", "own"])
        if kind == "tz":
            name = self.rng.choice(PREFIXES) + self.rng.choice([z for z in MANDATORY_ZONES if "/" in z])
            return kind, f';TZID={name}' if self.rng.random() < 0.5 else f';TZID="{name}"', ""
        if kind == "own":
            return kind, f';TZID="{self.rng.choice(list(OWN_ZONES))}"', ""
        return kind, ";VALUE=DATE" if kind == "date" else "", "Z" if kind == "utc" else ""

    def start(self, year, whole):
        at = datetime(year, 1, 1) + timedelta(days=self.rng.randrange(365))
        if whole or self.rng.random() < 0.3:
            return at
        # The hours of the night, where the clock jumps, more often than others.
        hour = self.rng.choice([0, 1, 2, 3, 9, 17, 22, 23])
        return at + timedelta(hours=hour, minutes=self.rng.choice([0, 0, 15, 30, 45]))

    def length(self, kind, at, parameter, suffix):
        whole = kind == "date"
        roll = self.rng.random()
        if roll < 0.15:
            return []
        if whole:
            days = timedelta(days=self.rng.choice([1, 1, 1, 2, 3, 10, 40]))
            if roll < 0.3:
                return [f"DURATION:P{days.days}D"]
            return [f"DTEND{parameter}:{stamp(at + days, True)}"]
        seconds = self.rng.choice([1800, 3600, 7200, 8 * 3600, 9 * 3600, 86400, 86400, 2 * 86400, 3 * 86400 + 3600])
        if roll < 0.3:
            text = self.rng.choice([f"P{seconds // 86400}DT{seconds % 86400 // 3600}H{seconds % 3600 // 60}M",
                                    f"PT{seconds // 60}M", f"PT{seconds}S"])
            return [f"DURATION:{text}"]
        return [f"DTEND{parameter}:{stamp(at + timedelta(seconds=seconds), False)}{suffix}"]

    def repetition(self, at, whole, suffix):
        roll = self.rng.random()
        if roll < 0.45:
            return []
        if roll < 0.6:
            text = rule(self.rng)
            while "BYSETPOS" in text and ("WEEKLY" in text or "DAILY" in text):
                text = rule(self.rng)
            if whole or "BYHOUR" in text or "BYMINUTE" in text:
                text = ";".join(p for p in text.split(";") if not p.startswith(("BYHOUR", "BYMINUTE")))
        else:
            text = self.rng.choice(["FREQ=YEARLY", "FREQ=YEARLY", "FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=3",
                                    "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=-1FR",
                                    f"FREQ=YEARLY;BYMONTH={at.month};BYMONTHDAY={at.day}", "FREQ=WEEKLY;INTERVAL=2"])
        if "BYSETPOS" in text and not any(p in text for p in ("BYDAY", "BYMONTHDAY", "BYMONTH=")):
            text = "FREQ=MONTHLY"
        roll = self.rng.random()
        if roll < 0.3:
            text += f";COUNT={self.rng.randint(1, 40)}"
        elif roll < 0.6:
            until = at + timedelta(days=self.rng.randrange(1, 900))
            text += f";UNTIL={stamp(until, whole)}{'' if whole or suffix != 'Z' and self.rng.random() < 0.3 else 'Z'}"
        parts = text.split(";")
        if self.rng.random() < 0.2:
            self.rng.shuffle(parts)
        return ["RRULE:" + ";".join(parts)]

    def exceptions(self, name, at, whole, parameter, suffix):
        lines = []
        for _ in range(self.rng.choice([0, 0, 1, 3])):
            days = [at + timedelta(days=self.rng.choice([0, 1, 2, 3, 7, 7, 14, 21, 28, 30, 60, 365]))
                    for _ in range(self.rng.randint(1, 3))]
            if not whole and name == "EXDATE" and self.rng.random() < 0.2:
                lines.append(f"{name};VALUE=DATE:{','.join(stamp(d, True) for d in days)}")
            else:
                lines.append(f"{name}{parameter}:{','.join(stamp(d, whole) + suffix for d in days)}")
        return lines

    def event(self, year):
        self.uid += 1
        kind, parameter, suffix = self.zone()
        whole = kind == "date"
        at = self.start(year, whole)
        head = [f"UID:{self.uid}@example.org", "DTSTAMP:20260101T000000Z"]
        times = [f"DTSTART{parameter}:{stamp(at, whole)}{suffix}"] + self.length(kind, at, parameter, suffix)
        body = times + self.repetition(at, whole, suffix)
        body += self.exceptions("EXDATE", at, whole, parameter, suffix) + self.exceptions("RDATE", at, whole, parameter, suffix)
        if self.rng.random() < 0.1:
            body.append("STATUS:CANCELLED")
        events = [head + [f"SUMMARY:Off {self.uid}\\, and 'twas über so €\\nlong"] + body]
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            was = at + timedelta(days=self.rng.choice([0, 1, 7, 14, 30, 365]))
            moved = was + timedelta(days=self.rng.randint(-2, 2))
            change = [f"RECURRENCE-ID{parameter}:{stamp(was, whole)}{suffix}", f"SEQUENCE:{self.rng.randint(0, 3)}",
                      f"DTSTART{parameter}:{stamp(moved, whole)}{suffix}"] + self.length(kind, moved, parameter, suffix)
            if self.rng.random() < 0.3:
                change.append("STATUS:CANCELLED")
            events.append(head + change)
        if self.rng.random() < 0.1:
            newer = self.start(year, whole)
            events.append(head + [f"DTSTART{parameter}:{stamp(newer, whole)}{suffix}", "SEQUENCE:7"] +
                          self.length(kind, newer, parameter, suffix))
        self.rng.shuffle(events)
        return [self.dressed(e) for e in events]

    def dressed(self, lines):
        if self.rng.random() < 0.3:
            lines = lines + ["BEGIN:VALARM", "TRIGGER:-PT10M", "DURATION:PT1H", "SUMMARY:Not this", "END:VALARM"]
        else:
            lines = lines + ['ATTENDEE;CN="Ruiz; Ana: x";ROLE=CHAIR:mailto:ana@example.org', "X-ODD;A=b,\"c:d\":e:f"]
        return ["BEGIN:VEVENT", *lines, "END:VEVENT"]

    def calendar(self, year):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//test//EN"]
        zones = [own_zone(name) for name in OWN_ZONES]
        events = [e for _ in range(self.rng.randint(1, 12)) for e in self.event(year + self.rng.randint(-3, 2))]
        parts = zones + events if self.rng.random() < 0.7 else events + zones
        return self.folded([line for part in ([lines] + parts + [["END:VCALENDAR"]]) for line in part])

    def folded(self, lines):
        newline = self.rng.choice([b"\r\n", b"\r\n", b"\n"])
        out = []
        for line in lines:
            raw = line.encode()
            while len(raw) > 75 or (len(raw) > 9 and self.rng.random() < 0.1):
                cut = self.rng.randint(8, min(70, len(raw) - 1))
                out.append(raw[:cut])
                raw = self.rng.choice([b" ", b"\t"]) + raw[cut:]
            out.append(raw)
        return newline.join(out) + (newline if self.rng.random() < 0.8 else b"")


# --- reading them independently ----------------------------------------------------------------


def instant_of(local, zone):
    """Seconds: in a gap by the offset before it, in an overlap the first: what fold=0 means."""
    return int(local.replace(tzinfo=zone).timestamp())


def local_of(utc, zone):
    return datetime.fromtimestamp(utc, zone).replace(tzinfo=None)


class Moment:
    """A value of a property: whole, its digits, and its zone (None: floating)."""

    def __init__(self, text, parameters, asked):
        self.whole = "T" not in text
        self.local = datetime.strptime(text.rstrip("Z"), "%Y%m%d" if self.whole else "%Y%m%dT%H%M%S")
        self.own = None
        tzid = parameters.get("TZID")
        if text.endswith("Z"):
            self.own = ZoneInfo("UTC")
        elif not self.whole and tzid:
            self.own = ZoneInfo(OWN_ZONES[tzid][0] if tzid in OWN_ZONES else "/".join(tzid.split("/")[-2:]))
        self.zone = self.own or asked

    def digits_in(self, other):
        if self.whole or self.own is None or other.own is None:
            return self.local
        return local_of(instant_of(self.local, self.own), other.own)


def events_of(content):
    """The properties of each event: {name: [(parameters, text)]}. icalendar's own events lose rules
    that it does not know, such as BYDAY=-10MO."""
    inside = []
    for line in icalendar.parser.Contentlines.from_ical(content):
        if not line:
            continue
        name, parameters, text = line.parts()
        name = name.upper()
        if name == "BEGIN":
            inside.append(text)
            properties = {} if text == "VEVENT" else properties if "VEVENT" in inside else None
        elif name == "END":
            if inside.pop() == "VEVENT":
                yield properties
        elif inside[-1] == "VEVENT":
            properties.setdefault(name, []).append((parameters, text))


def moments(event, name, asked):
    for parameters, text in event.get(name, []):
        for value in text.split(","):
            yield Moment(value, parameters, asked)


def text_of(event, name, otherwise=""):
    return event[name][0][1] if name in event else otherwise


def units(text, letters):
    return timedelta(seconds=sum(int(n) * {"W": 604800, "D": 86400, "H": 3600, "M": 60, "S": 1}[u]
                                 for n, u in re.findall(f"([0-9]+)([{letters}])", text)))


class Event:
    def __init__(self, event, asked):
        self.asked = asked
        self.start = next(moments(event, "DTSTART", asked))
        self.wall, self.exact = self.length(event)
        self.raw = event
        self.uid = text_of(event, "UID")
        self.sequence = int(text_of(event, "SEQUENCE", "0"))
        self.cancelled = text_of(event, "STATUS") == "CANCELLED"
        self.change_of = next(moments(event, "RECURRENCE-ID", asked), None)

    def length(self, event):
        none = timedelta(0)
        if "DTEND" in event:
            end = next(moments(event, "DTEND", self.asked))
            wall = end.digits_in(self.start) - self.start.local
            if self.start.whole or self.start.own is None or wall % DAY == none:
                return wall, none
            zone = self.start.own
            return none, timedelta(seconds=instant_of(self.start.local + wall, zone) - instant_of(self.start.local, zone))
        if "DURATION" in event:
            text = text_of(event, "DURATION")
            return units(text, "WD"), units(text, "HMS")
        return (DAY if self.start.whole else none), none

    def excluded(self, changes):
        dates, times = set(), set()
        for moment in [*moments(self.raw, "EXDATE", self.asked), *(c.change_of for c in changes)]:
            if self.start.whole or moment.whole:
                dates.add(moment.local.date())
            else:
                times.add(moment.digits_in(self.start))
        return lambda local: local.date() in dates or local in times

    def instances(self, changes, last):
        """Local starts, in the event's own zone or that of whoever asks."""
        found = {(self.start.local, self.start.zone)}
        if "RRULE" in self.raw and not self.change_of:
            text = text_of(self.raw, "RRULE")
            until = [p[6:] for p in text.split(";") if p.startswith("UNTIL=")]
            end = last
            if until:
                digits = datetime.strptime(until[0].rstrip("Z")[:15], "%Y%m%dT%H%M%S" if "T" in until[0] else "%Y%m%d")
                if self.start.whole or "T" not in until[0]:
                    digits = datetime(digits.year, digits.month, digits.day, 23, 59, 59)
                elif until[0].endswith("Z") and self.start.own:
                    digits = local_of(int(digits.replace(tzinfo=UTC).timestamp()), self.start.own)
                end = min(end, digits)
                if digits < self.start.local:
                    found = set()
            text = ";".join(p for p in text.split(";") if not p.startswith("UNTIL="))
            for local in rrulestr(text, dtstart=self.start.local):
                if local > end:
                    break
                found.add((local, self.start.zone))
        is_excluded = self.excluded(changes)
        found = {f for f in found if not is_excluded(f[0])}
        for moment in moments(self.raw, "RDATE", self.asked):
            if not is_excluded(moment.digits_in(self.start)):
                found.add((moment.local, moment.zone))
        return found


def counting(events):
    """Which versions count, each with the changes of its single dates."""
    by_uid = {}
    for event in events:
        by_uid.setdefault(event.uid, []).append(event)
    for versions in by_uid.values():
        masters = [e for e in versions if not e.change_of]
        newest = max(masters, key=lambda e: e.sequence) if masters else None
        if newest and newest.cancelled:
            continue
        changes = {}
        for event in versions:
            if event.change_of:
                key = event.change_of.local
                if key not in changes or event.sequence >= changes[key].sequence:
                    changes[key] = event
        if newest:
            yield newest, list(changes.values())
        yield from ((c, []) for c in changes.values() if not c.cancelled)


def theirs(content, zone_name, first, last):
    """({dates}, [(from, until)]) of a calendar in a zone."""
    zone = ZoneInfo(zone_name)
    dates, hours = set(), []
    horizon = datetime(last.year, last.month, last.day) + timedelta(days=60)

    def begin(day):
        return instant_of(datetime(day.year, day.month, day.day), zone)

    events = [Event(e, zone) for e in events_of(content)]
    for event, changes in counting(events):
        for local, own in event.instances(changes, horizon):
            if event.start.whole:
                days = max(1, (event.wall + event.exact + DAY - timedelta(seconds=1)) // DAY)
                dates |= {local.date() + DAY * i for i in range(days)}
                continue
            since = instant_of(local, own)
            until = instant_of(local + event.wall, own) + int(event.exact.total_seconds())
            a, b = local_of(since, zone).date(), local_of(until, zone).date()
            if b > a and begin(a) == since and begin(b) == until:
                dates |= {a + DAY * i for i in range((b - a).days)}
            elif until > since:
                hours.append((since, until))
    return {d for d in dates if first <= d <= last}, sorted(hours)


def walk(hours, first, last):
    """[(at, until)] wherever the latest end of what holds an instant of the grid changes."""
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    end = int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp()) + 86400
    latest = {}
    for since, until in hours:
        at = max(begin, -(-since // STEP) * STEP)
        while at < min(end, until):
            latest[at] = max(latest.get(at, 0), until)
            at += STEP
    found, before = [], 0
    for at in range(begin, end, STEP):
        if latest.get(at, 0) != before:
            before = latest.get(at, 0)
            found.append((at, before))
    return found


# --- the tests ---------------------------------------------------------------------------------


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([BUILD / "daysoff-driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, content, zone, first, last):
        self.process.stdin.write(f"{len(content)} {zone} {first} {last} {STEP}\n".encode() + content)
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().decode().rstrip("\n")) != ".":
            assert line, "the driver has ended"
            lines.append(line)
        return lines

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def ours():
    if "NUDGED_BUILD" not in os.environ:
        subprocess.run(["make", "-s", "build/daysoff-driver"], cwd=ROOT, check=True, timeout=600)
    process = Ours()
    yield process
    process.close()


def same(ours, content, zone, first, last, name):
    """What we say, once it is what they say and every name is of that form."""
    lines = ours.ask(content, zone, first, last)
    dates, hours = theirs(content.removeprefix(b"\xef\xbb\xbf"), zone, first, last)
    got_dates = {date.fromisoformat(line.split()[1]) for line in lines if line.startswith("date ")}
    got_hours = {tuple(map(int, line.split()[1:])) for line in lines if line.startswith("at ")}
    names = {line.partition(" ")[2].partition(" ")[2] for line in lines if line.startswith("date ")}
    want_hours = set(walk(hours, first, last))
    wrong = {
        # A rule without any date is said to be one: the first date alone is then the same.
        "said": [line for line in lines if not line.startswith(("date ", "at ")) and "this never fires" not in line],
        "names": [n for n in names if not re.fullmatch(name, n)],
        "dates too many": sorted(map(str, got_dates - dates)),
        "dates missing": sorted(map(str, dates - got_dates)),
        "hours too many": sorted(got_hours - want_hours),
        "hours missing": sorted(want_hours - got_hours),
    }
    wrong = "\n".join(f"{what}: {values[:5]}" for what, values in wrong.items() if values)
    assert not wrong, f"{wrong}\n{zone} {first}..{last}\n{content.decode(errors='replace')}"
    return lines


def test_random_calendars_are_off_when_an_independent_reader_says_so(ours):
    rng = seeded()
    for i in range(20000 if FULL else 120):
        year = rng.randint(2008, 2060)
        first = date(year, 1, 1)
        content = Writer(rng).calendar(year)
        same(ours, content, MANDATORY_ZONES[i % len(MANDATORY_ZONES)], first, first + timedelta(days=800),
             "|Off [0-9]+, and 'twas über so € long")


# Calendars as programs write them: whole dates of two years by name, and how often hours begin.
SAMPLES = {
    "holiday-generator": ("Europe/London", {"New Year's Day": 2, "Good Friday": 2, "Spring bank holiday": 2,
                                            "Christmas, and the day after it": 4}, 0),
    "web-calendar": ("Europe/London", {"Holiday ☀️": 12}, 27),
    "office-server": ("Europe/Berlin", {"Free Friday": 24}, 5),
    "desk-calendar": ("America/Santiago", {"Moving house": 1, "Day of the change": 1}, 3),
    "own-cloud": ("Europe/Berlin", {"Brückentage": 5}, 4),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_calendars_as_programs_write_them_are_read(ours, sample):
    zone, wanted, hours = SAMPLES[sample]
    content = (ROOT / f"tests/oracle/calendars/{sample}.ics").read_bytes()
    first, last = date(2026, 1, 1), date(2027, 12, 31)
    lines = same(ours, content, zone, first, last, "|".join(map(re.escape, wanted)))
    names = [line.split(" ", 2)[2] for line in lines if line.startswith("date ")]
    assert {name: names.count(name) for name in names} == wanted
    assert len([line for line in lines if line.startswith("at ") and not line.endswith(" 0")]) == hours
    for other in MANDATORY_ZONES:
        same(ours, content, other, first, last, ".*")
