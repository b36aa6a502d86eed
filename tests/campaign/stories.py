"""Random stories: thirty days around a change of the clock, and what befalls nudged in them. A story is a
list of events that can be told again, also with some of them left out."""

import random

import worlds
from worlds import MINUTE
from zones import DAY, nexts, zone

HOUR_MS, DAY_MS = 60 * MINUTE, DAY * 1000
DAYS = 30


class Story:
    def __init__(self, seed, start_at, world, events):
        self.seed, self.start_at, self.world, self.events = seed, start_at, world, events


def begin(rng):
    """Up to three weeks before a change of a mandatory zone; now and then at the end of a year, or a leap day."""
    if rng.random() < 0.15:
        day = rng.choice([20424, 20794, 21238])  # 2025-12-02, 2026-12-07, 2028-02-24
    else:
        changes = [c for n in nexts.MANDATORY_ZONES for c in zone(n).changes if 1767225600 < c < 1830297600]
        day = rng.choice(changes) // DAY - rng.randint(1, 21)
    return day * DAY_MS + rng.randrange(DAY) * 1000


def span(rng, low, high):
    """Milliseconds, small ones as likely as large ones; mostly whole minutes."""
    value = int(low * (high / low) ** rng.random())
    return value // MINUTE * MINUTE if rng.random() < 0.7 and value > MINUTE else value


def pause_of(rng, world):
    what = rng.choice(["all", "person", "person", "team:red", "reminder", "reminder"])
    if what == "person":
        what = "person:" + rng.choice(list(world.people))
    elif what == "reminder":
        what = "reminder:" + rng.choice(list(world.reminders))
    return what


def befall(rng, world, now, fresh, story):
    """One event; the world after it."""
    kind = rng.choice(story["kinds"])
    if kind == "forth":
        return ("step", span(rng, MINUTE, 3 * DAY_MS)), world
    if kind == "back":
        return ("step", -span(rng, MINUTE, 3 * DAY_MS)), world
    if kind in ("stop", "kill"):
        return (kind, span(rng, 1000, rng.choice([HOUR_MS, 3 * DAY_MS]))), world
    if kind == "die":
        death = rng.choice(["before-commit", "after-commit", "accepted"])
        return ("die", death, rng.randint(1, 60), span(rng, 1000, rng.choice([HOUR_MS, DAY_MS]))), world
    if kind == "reload":
        other, words = worlds.change(rng, world, now // 1000, fresh)
        return ("reload", other, words), other
    if kind == "answer":
        answer = rng.choice(["done", "done", "done", "skip", "stuck", "snooze", "snooze", "less", "stop"])
        return ("answer", rng.randrange(20), answer, rng.choice([600, 7200, DAY]) if answer == "snooze" else 0), world
    if kind == "pause":
        return ("pause", pause_of(rng, world), rng.choice([None, span(rng, HOUR_MS, 5 * DAY_MS)])), world
    if kind == "resume":
        return ("resume", rng.randrange(4)), world
    if kind == "preview":
        return ("preview", 3), world
    mood = rng.choice(["ok", "ok", "busy", "away", "silent", "gone"])
    return ("receiver", rng.choice(worlds.CHANNELS), mood), world


# What a story is about: some are quiet, so that the strictest questions can be asked.
THEMES = [
    ["answer", "preview"],
    ["preview", "stop", "answer"],
    ["forth", "back", "preview"],
    ["stop", "kill", "die", "die"],
    ["back", "back", "stop", "kill"],
    ["reload", "reload", "stop", "preview"],
    ["pause", "resume", "answer", "preview"],
    ["receiver", "receiver", "answer", "stop"],
    ["forth", "back", "stop", "kill", "die", "reload", "answer", "answer", "pause", "resume", "receiver", "preview"],
    ["forth", "back", "stop", "kill", "die", "reload", "answer", "answer", "pause", "resume", "receiver", "preview"],
]


def make(seed):
    rng = random.Random(seed)
    start_at = begin(rng)
    world = first = worlds.make(rng, start_at // 1000)
    story = {"kinds": rng.choice(THEMES)}
    events, at, fresh = [], start_at, 20
    while at < start_at + DAYS * DAY_MS:
        step = span(rng, 10 * MINUTE, 2 * DAY_MS)
        events.append(("advance", step))
        at += step
        event, world = befall(rng, world, at, fresh, story)
        fresh += 1
        events.append(event)
        if event[0] == "step":
            at += event[1]
    return Story(seed, start_at, first, events)
