#!/usr/bin/python3
"""A company lives a year in simulated time: two hundred people in five countries, with managers, mentors, partners,
holidays and absences, who answer, get stuck, snooze, stop or say nothing, each in a way of their own. What reaches them
is held against rules that know nothing of the engine.

usage: company.py [--seed N] [--people N] [--days N]

Exit 1 when there are findings.
"""

import argparse
import heapq
import os
import random
import sys
import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

import teller  # noqa: E402

BUILD = Path(os.environ.get("NUDGED_BUILD", teller.ROOT / "build"))
START = datetime(2026, 11, 30, 4, tzinfo=timezone.utc)
STEP_MS = 1800 * 1000
LIMIT = 3
MEMORY = 6     # rounds in which nobody meets somebody twice
HOLD_OUT = 20  # percent
PLACES = {  # zone, hours, language, holidays as (month, day)
    "london": ("Europe/London", (9, 18), "en", [(12, 25), (12, 28), (1, 1), (5, 3), (8, 30)]),
    "berlin": ("Europe/Berlin", (8, 17), "de", [(12, 25), (1, 1), (5, 6), (10, 3)]),
    "boston": ("America/New_York", (9, 18), "en", [(12, 25), (1, 1), (7, 5), (11, 25)]),
    "tokyo": ("Asia/Tokyo", (10, 19), "en", [(1, 1), (5, 3), (5, 4), (5, 5), (11, 23)]),
    "recife": ("America/Recife", (9, 18), "en", [(12, 25), (1, 1), (9, 7)]),
}
MANNERS = {  # chances of done, stuck, skip, snooze; the rest is silence; and hours until the answer
    "keen": ((0.90, 0.05, 0.02, 0.02), (0.1, 3)),
    "fair": ((0.55, 0.15, 0.10, 0.05), (0.5, 26)),
    "slow": ((0.30, 0.10, 0.10, 0.10), (4, 60)),
    "mute": ((0.00, 0.00, 0.00, 0.00), (1, 2)),
}


class Person:
    def __init__(self, rng, number, count):
        self.id = f"p{number:03}"
        self.place = list(PLACES)[number % len(PLACES)]
        self.zone = ZoneInfo(PLACES[self.place][0])
        self.team = f"t{number // 10:02}"
        boss = number // 10 * 10
        self.manager = f"p{boss:03}" if number != boss else "p000" if number else None
        self.mentor = f"p{(number + 37) % count:03}"
        self.partner = f"p{number ^ 1:03}"
        self.manner = rng.choice(["keen", "keen", "fair", "fair", "fair", "slow", "mute"])
        self.away = []
        for _ in range(rng.randrange(4)):
            first = START.date() + timedelta(days=rng.randrange(360))
            self.away.append((first, first + timedelta(days=rng.choice([0, 1, 4, 13, 20]))))

    def is_away(self, day):
        return any(first <= day <= last for first, last in self.away)

    def text(self):
        away = ", ".join(f'{{ from = "{first}"; until = "{last}"; }}' for first, last in self.away)
        manager = f'manager = "{self.manager}"; ' if self.manager else ""
        return (f'{{ id = "{self.id}"; place = "{self.place}"; teams = [ "{self.team}" ]; {manager}mentor = "{self.mentor}"; '
                f'partner = "{self.partner}"; via = [ "hook" ]; away = ( {away} ); focus = ( {{ skill = "craft {self.id}"; '
                f'cue = "after lunch"; act = "one small try"; }} ); }}')


REMINDERS = f"""
  {{ id = "practice"; kind = "practice"; calendar = "Mon..Fri 10:30"; to = [ "all" ]; prompts = "deliberate-practice"; priority = 4;
    grace = "3h"; fade = {{ after = 4; at_least = "2w"; }}; nudge = {{ after = "2h"; at_most = 1; }}; }},
  {{ id = "deep"; kind = "practice"; calendar = "Mon,Wed,Fri 14:00"; to = [ "all" ]; prompts = "deep-work"; priority = 2; grace = "2h"; }},
  {{ id = "mistakes"; kind = "practice"; calendar = "Tue,Thu 15:30"; to = [ "all" ]; prompts = "mistakes"; grace = "2h";
    nudge = {{ after = "90min"; at_most = 2; escalate = "mentor"; }}; }},
  {{ id = "one-on-one"; kind = "feedback"; rrule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"; start = "2026-12-01T11:00"; about = [ "all" ];
    to = [ "manager" ]; prompts = "one-on-one"; priority = 5; grace = "4h"; }},
  {{ id = "for-partner"; kind = "checkin"; calendar = "Thu 12:00"; about = [ "all" ]; to = [ "partner" ]; prompts = "partner"; grace = "4h"; }},
  {{ id = "coffee"; kind = "checkin"; calendar = "Wed 13:00"; to = [ "all" ]; pair = true; memory = {MEMORY};
    text = "{{{{#about}}}}Meet {{{{about.name}}}}.{{{{/about}}}}"; grace = "4h"; }},
  {{ id = "lead"; kind = "note"; calendar = "Mon 13:30"; to = [ "team:t01" ]; turn = true; text = "You lead."; grace = "4h"; }},
  {{ id = "held"; kind = "note"; calendar = "Fri 11:30"; to = [ "all" ]; hold_out = {HOLD_OUT}; text = "One thing."; priority = 1; grace = "4h"; }}
"""


def configuration(people):
    places = ",\n".join(
        f'{{ id = "{name}"; timezone = "{zone}"; hours = "Mon..Fri {a:02}:00-{b:02}:00"; language = "{language}"; '
        f'holidays = [ "{name}.ics" ]; }}' for name, (zone, (a, b), language, _) in PLACES.items())
    return (f'timezone = "UTC"; state = "state"; store = "memory"; keep = "500d"; daily_limit = {LIMIT}; prompts = "{teller.ROOT}/conf/prompts";\n'
            'channels = ( { id = "hook"; plugin = "webhook"; url = "https://hooks.example.org/in"; } );\n'
            f'places = ( {places} );\npeople = ( {",".join(p.text() for p in people)} );\nreminders = ( {REMINDERS} );\n')


def calendar_file(days):
    events = "".join(f"BEGIN:VEVENT\r\nUID:{d}@x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:{d:%Y%m%d}\r\nEND:VEVENT\r\n" for d in days)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//company//EN\r\n{events}END:VCALENDAR\r\n"


def holidays(place):
    return [date(year, month, day) for year in (2026, 2027) for month, day in PLACES[place][3]]


class Year:
    """Tells the simulator, answers for everybody, and keeps what came."""

    def __init__(self, seed, count, days):
        self.rng = random.Random(seed)
        self.people = {p.id: p for p in (Person(self.rng, i, count) for i in range(count))}
        self.days, self.seed = days, seed
        self.got, self.answered = [], []
        self.pending = []  # heap of (instant, occurrence, answer)

    def think(self, said):
        """Each message, a nudge too, is answered or not in the person's own way."""
        for s in said:
            if s["e"] != "got":
                continue
            self.got.append(s)
            chances, hours = MANNERS[self.people[s["person"]["id"]].manner]
            for item in s["items"]:
                answer = self.rng.choices(["done", "stuck", "skip", "snooze", None], [*chances, 1 - sum(chances)])[0]
                if answer is None and self.rng.random() < 0.001:
                    answer = self.rng.choice(["less", "stop"])
                if answer:
                    heapq.heappush(self.pending, (s["t"] + int(self.rng.uniform(*hours) * 3600000), item, answer))

    def live(self, simulator):
        at, end = int(START.timestamp() * 1000), int((START + timedelta(days=self.days)).timestamp() * 1000)
        simulator.ask("begin", simulator.folder, at, self.seed)
        said, ended = simulator.ask("start")
        if not ended["ok"]:
            raise RuntimeError(said)
        while at < end:
            at += STEP_MS
            self.think(simulator.ask("advance", at)[0])
            while self.pending and self.pending[0][0] <= at:
                _, item, answer = heapq.heappop(self.pending)
                said, _ = simulator.ask("reply", item, answer, 7200 if answer == "snooze" else 0)
                self.answered += [s for s in said if s["e"] == "answered"]
                self.think(said)
        said, _ = simulator.ask("dump")
        self.occurrences = {s["id"]: s for s in said if s["e"] == "occurrence"}
        self.deliveries = {s["id"]: s for s in said if s["e"] == "delivery"}


# ---- what must hold ----

class Judge:
    def __init__(self, year):
        self.year, self.findings, self.checked = year, [], 0
        self.by_person, self.by_item = defaultdict(list), defaultdict(list)
        for s in year.got:
            self.by_person[s["person"]["id"]].append(s)
        for s in year.answered:
            self.by_item[s["occurrence"]].append(s)

    def expect(self, truth, text, *values):
        self.checked += 1
        if not truth:
            self.findings.append(text % values)

    def local(self, person, at):
        return datetime.fromtimestamp(at / 1000, person.zone)

    def limits_and_hours(self):
        """Never more a day than the limit, never outside working hours, on a holiday or while away; nothing twice."""
        times = Counter(s["delivery"] for s in self.year.got)
        self.expect(not [d for d, n in times.items() if n > 1], "came twice: %s", [d for d, n in times.items() if n > 1][:3])
        for name, messages in self.by_person.items():
            person, days = self.year.people[name], Counter()
            _, (begin, end), _, off = PLACES[person.place]
            for s in messages:
                at = self.local(person, s["t"])
                days[at.date()] += 1
                self.expect(begin <= at.hour < end and at.weekday() < 5, "%s got %s at %s", name, s, at)
                self.expect((at.month, at.day) not in off, "%s got %s on a holiday: %s", name, s, at)
                self.expect(not person.is_away(at.date()), "%s got %s while away: %s", name, s, at)
            for day, n in days.items():
                self.expect(n <= LIMIT, "%s got %d messages on %s", name, n, day)

    def answers(self):
        """What was answered is never asked again, but for what was put off."""
        closed = {}
        for s in self.year.answered:
            self.expect(s["error"] == 0, "an answer was refused: %s", s)
            if s["answer"] == "snooze":
                closed.pop(s["occurrence"], None)
            else:
                closed.setdefault(s["occurrence"], s["t"])
        for s in self.year.got:
            for item in s["items"]:
                self.expect(s["t"] <= closed.get(item, s["t"]), "%s came after its answer: %s", item, s)

    def answered_once(self):
        """Every answer is on record, the last one counts."""
        last = {s["occurrence"]: s["answer"] for s in self.year.answered}
        for item, answer in last.items():
            self.expect(self.year.occurrences[item]["answer"] == answer, "%s is not %s", self.year.occurrences[item], answer)

    def stopped(self):
        """After "stop" a reminder never comes again."""
        ends = {}
        for s in self.year.answered:
            if s["answer"] == "stop":
                o = self.year.occurrences[s["occurrence"]]
                ends.setdefault((o["reminder"], o["recipient"]), s["t"])
        for o in self.year.occurrences.values():
            if o["state"] != "skipped":
                self.expect(o["made"] <= ends.get((o["reminder"], o["recipient"]), o["made"]), "stopped, and made: %s", o)

    def variety(self):
        """A prompt does not come back within four slots, those that somebody was away for counted too. What thins out is
        left alone: each step of it begins at another place of the pack."""
        titles = {}
        for s in self.year.got:
            for item, title in zip(s["items"], s["titles"]):
                titles.setdefault(item, title)
        series, thinner = defaultdict(list), set()
        for o in self.year.occurrences.values():
            if o["rule"].startswith(("fade", "less")):
                thinner.add((o["reminder"], o["recipient"]))
            elif not o["pass"]:
                series[(o["reminder"], o["recipient"], o["about"])].append(o)
        for (name, who, _), slots in series.items():
            shown = [titles.get(o["id"]) for o in sorted(slots, key=lambda o: o["local"])]
            for n, title in enumerate(shown):
                if title and name != "practice" and (name, who) not in thinner:
                    self.expect(title not in shown[max(n - 4, 0) : n], "%s shows %s again after %s", name, who, shown[max(n - 4, 0) : n])

    def fading(self):
        """Thinner by a row of answers, all of them again after one without; by a count of our own."""
        slots = defaultdict(list)
        for o in self.year.occurrences.values():
            if o["reminder"] == "practice" and (o["state"] != "skipped" or o["rule"].startswith("fade")):
                slots[o["recipient"]].append(o)
        for of_person in slots.values():
            row, asked = 0, None
            for o in sorted(of_person, key=lambda o: o["due"]):
                answer = self.answer_by(asked, o["made"]) if asked else "skip"
                now = 0 if answer is None else row + (answer in ("done", "stuck"))
                every = min(2 ** (now // 4), 8)
                if o["state"] != "skipped":
                    row, asked = now, o
                else:
                    self.expect(every > 1 and f"every {every}" in o["rule"], "%s: by our count %d in a row", o, now)

    def answer_by(self, o, at):
        """How it was answered before an instant (snooze is no answer), or None."""
        found = [s["answer"] for s in self.by_item[o["id"]] if s["t"] < at and s["answer"] != "snooze"]
        return found[-1] if found else None

    def together(self):
        """Who meets meets both ways, and nobody again within the memory; a turn comes to everybody before anybody again."""
        rounds, turns = defaultdict(dict), []
        for o in self.year.occurrences.values():
            if o["state"] != "skipped" and o["reminder"] == "coffee" and not o["pass"]:
                rounds[o["local"] // 86400][o["recipient"]] = o["about"]
            elif o["state"] != "skipped" and o["reminder"] == "lead":
                turns.append((o["local"], o["recipient"]))
        met = defaultdict(list)
        for day, pairs in sorted(rounds.items()):
            alone = [one for one, other in pairs.items() if other is None]
            for one, other in pairs.items():
                if other is not None:
                    self.expect(pairs.get(other, one) == one, "%s meets %s, who meets %s", one, other, pairs.get(other))
                    self.expect(other not in met[one][-MEMORY:], "%s meets %s again on %s: %s", one, other, day, met[one][-MEMORY:])
                met[one].append(other)
            self.expect(len(alone) <= 1, "alone on %s: %s", day, alone)
        order = [who for _, who in sorted(turns)]
        team = [p.id for p in self.year.people.values() if p.team == "t01"]
        for n in range(len(order) - 2):
            self.expect(order[n] not in order[n + 1 : n + 2], "%s leads twice in a row: %s", order[n], order[n : n + 3])
        if len(order) > 3 * len(team):
            counts = Counter(order)
            self.expect(set(counts) >= {t for t in team if self.year.people[t].manner != "mute"}, "who never leads: %s", counts)

    def held_out(self):
        """The same people for a whole quarter, about as many as asked for, and none of them gets it."""
        groups = defaultdict(lambda: defaultdict(set))
        for o in self.year.occurrences.values():
            out = o["rule"].startswith("hold-out")
            if o["reminder"] == "held" and (out or o["state"] != "skipped"):
                day = datetime.fromtimestamp(o["local"], timezone.utc)
                groups[(day.year, (day.month - 1) // 3)][out].add(o["recipient"])
        for quarter, group in groups.items():
            both = group[True] & group[False]
            self.expect(not both, "in and out in %s: %s", quarter, sorted(both)[:5])
            share = 100 * len(group[True]) / max(len(group[True] | group[False]), 1)
            wide = 400 * (HOLD_OUT * (100 - HOLD_OUT)) ** 0.5 / 100 / len(self.year.people) ** 0.5
            self.expect(abs(share - HOLD_OUT) < wide, "%.0f %% are held out in %s", share, quarter)

    def judge(self):
        for check in (self.together, self.held_out, self.limits_and_hours, self.answers, self.answered_once, self.stopped, self.variety, self.fading):
            check()
        return self.findings


def campaign(seed, count=200, days=366, say=print):
    """The findings."""
    year, simulator, began = Year(seed, count, days), teller.Simulator(BUILD), time.monotonic()
    try:
        for place in PLACES:
            (simulator.folder / f"{place}.ics").write_text(calendar_file(holidays(place)), encoding="utf-8", newline="")
        file = simulator.folder / "nudged.conf"
        file.write_text(configuration(list(year.people.values())), encoding="utf-8")
        file.chmod(0o600)
        year.live(simulator)
    finally:
        simulator.close()
    judge = Judge(year)
    judge.judge()
    for finding in judge.findings[:20]:
        say("seed %d: %s" % (seed, finding))
    rules = Counter(o["rule"].split(":")[0] for o in year.occurrences.values() if o["state"] == "skipped")
    say("seed %d: %d people, %d days: %d occurrences, %d messages, %d answers; left out %s; %d checked, %d findings, in %.0f s" % (
        seed, count, days, len(year.occurrences), len(year.got), len(year.answered), dict(rules.most_common()), judge.checked,
        len(judge.findings), time.monotonic() - began))
    return judge.findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--days", type=int, default=366)
    args = parser.parse_args()
    return 1 if campaign(args.seed, args.people, args.days) else 0


if __name__ == "__main__":
    sys.exit(main())
