"""A year lived against the preview of it, asked on its first day: message by message, with nothing that
could not be foreseen."""

import random

import schedules
import teller
import worlds
from judge import Record, clock
from zones import DAY, nexts

DAYS = 366
KEY = ("reminder", "recipient", "about", "local", "pass")


def calendar(rng, name, today, most):
    days = {today + rng.randrange(DAYS) for _ in range(most)}
    starts = [(today + rng.randrange(DAYS)) * DAY + rng.randrange(96) * 900 for _ in range(most // 2)]
    return worlds.Calendar(name, days, [(a, a + rng.choice([3600, 9 * 3600])) for a in starts])


def make(seed):
    """Every form of schedule, at places of many zones, with limits, jitter, days of rest and absences."""
    rng = random.Random(seed)
    start = (20454 + rng.randrange(700)) * DAY + rng.randrange(DAY)
    world = worlds.World()
    world.limit = rng.choice([0, 2, 3])
    for i, name in enumerate(rng.sample(nexts.MANDATORY_ZONES, 5)):
        place = worlds.make_place(rng, "place%d" % i, start // DAY)
        place.zone_name, place.holidays = name, calendar(rng, "holidays%d" % i, start // DAY, 16)
        world.places[place.name] = place
    for i in range(7):
        person = worlds.make_person(rng, "p%d" % i, world, start // DAY)
        person.teams, person.absence = ["red", "blue"][: i % 3], calendar(rng, "absence%d" % i, start // DAY, 20)
        world.people[person.name] = person
    worlds.sort_out(world, rng)
    for form in sorted(set(schedules.FORMS), key=lambda f: f.__name__):
        reminder = worlds.make_reminder(rng, form.__name__.replace("_", "-"), world, start)
        reminder.schedule, reminder.nudge = schedules.make(rng, start, [form]), None
        if reminder.schedule.elapsed:
            reminder.shift = None
        world.reminders[reminder.name] = reminder
    return start, world


def live(build, seed):
    """(what was said, the record at the end, the first date that is compared), after a whole year."""
    start, world = make(seed)
    simulator = teller.Simulator(build)
    try:
        simulator.write(world)
        simulator.ask("begin", simulator.folder, start * 1000, seed)
        said, end = simulator.ask("start")
        assert end["ok"], said
        day = start // DAY
        planned, _ = simulator.ask("preview", day, day + DAYS + 1)
        got, _ = simulator.ask("advance", (start + DAYS * DAY) * 1000)
        recorded, _ = simulator.ask("dump")
    finally:
        simulator.close()
    log = [(("advance",), start * 1000, (start + DAYS * DAY) * 1000, got), (("dump",), (start + DAYS * DAY) * 1000, 0, recorded)]
    return planned, Record(log), start


def compare(planned, record, start):
    """What differs, in words."""
    begin, end = (start + 2 * DAY) * 1000, (start + (DAYS - 2) * DAY) * 1000
    planned = [p for p in planned if begin <= p["fire"] < end]
    keys = {tuple(p[k] for k in KEY) for p in planned}
    for p in planned:
        o = record.by_key.get(tuple(p[k] for k in KEY), [None])[0]
        if not o:
            yield "said, and it never was: %s" % p
        elif (p["decision"], p["rule"]) != (o["decision"], o["rule"].split(":")[0]):
            yield "said %s by %s, and it was %s" % (p["decision"], p["rule"], o)
        elif p["decision"] != "skipped" and p["send"] != o["planned"]:
            yield "said for %s, and it was %s" % (clock(p["send"]), o)
    for key, (o,) in record.by_key.items():
        if begin <= o["made"] < end and key not in keys:
            yield "it was, and was never said: %s" % o
    # What is merged is of one date: those at both ends may be cut.
    yield from compare_messages(planned, record, begin + 2 * DAY * 1000, end - 2 * DAY * 1000)


def compare_messages(planned, record, begin, end):
    """One message for each that goes alone, one for those that are merged; each at its minute."""
    said = {}
    for p in planned:
        if p["decision"] != "skipped":
            key = tuple(p[k] for k in KEY)
            alone = p["decision"] != "merged"
            said.setdefault((p["recipient"], p["send"], key if alone else None), set()).add(key)
    arrived = {}
    for got in record.got:
        items = frozenset(tuple(record.occurrences[i][k] for k in KEY) for i in got["items"])
        arrived.setdefault(items, []).append(got)
    for (recipient, at, _), items in said.items():
        if not begin <= at < end:
            continue
        messages = arrived.get(frozenset(items), [])
        if not messages:
            yield "no such message for %s at %s: %s" % (recipient, clock(at), sorted(items, key=str))
        for message in messages:
            if message["t"] != at:
                yield "the message for %s at %s came at %s" % (recipient, clock(at), clock(message["t"]))


def judge(build, seed):
    """(messages, findings)"""
    planned, record, start = live(build, seed)
    return len(record.got), list(compare(planned, record, start))
