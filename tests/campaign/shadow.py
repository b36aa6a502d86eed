"""The shadow model: what nudged must have decided in a story, by its promises and nothing else. Slots are
found by walking dates, decisions are made one by one; daily limits and follow-ups are judged elsewhere.
Instants are milliseconds, but for those of slots, which are seconds."""

import datetime

from zones import DAY, zone

CATCH_UP = {"latest": 1, "none": 0, "all": 1000}
BEFORE, BEYOND = 9 * DAY, 60 * DAY  # of the story's start: where slots are looked for


class Decision:
    """One (reminder, recipient, subject, slot), decided at an instant."""

    __slots__ = ("keys", "world", "reminder", "recipient", "about", "slot", "fire", "at",
                 "send", "rule", "sent", "shifted", "late")  # fmt: skip


class Named:
    """A slot as the place sees it: when its decision is taken, and what the place says."""

    __slots__ = ("slot", "fire", "rule", "shifted")

    def __init__(self, slot, fire, rule, shifted):
        self.slot, self.fire, self.rule, self.shifted = slot, fire, rule, shifted


class Entry:
    def __init__(self, world, reminder, place, pairs, named, at):
        self.world, self.reminder, self.place, self.pairs = world, reminder, place, pairs
        self.named, self.next = named, at

    def fire(self):
        return self.named[self.next].fire if self.next < len(self.named) else None


class Shadow:
    def __init__(self, start_at):
        self.begin, self.end = start_at // 1000 - BEFORE, start_at // 1000 + BEYOND
        self.world, self.entries = None, []
        self.mark, self.passes = None, []
        self.begun, self.pauses = {}, {}
        self.decisions, self.known = [], {}
        self.missed, self.resets = [], []
        self.slots, self.years, self.parity = {}, {}, {}
        self.was_left_out = lambda reminder, slot: False

    # ---- slots ----

    def named(self, reminder, place):
        """Every slot of the window as the place sees it, in order."""
        key = (id(reminder.schedule), place.zone_name, str(place.hours), str(place.quiet), id(place.holidays),
               reminder.what_shifts(), reminder.anywhere, reminder.grace)  # fmt: skip
        if key not in self.slots:
            # The schedule is kept with it, so that its id stays its own.
            self.slots[key] = (reminder.schedule, place.holidays, self.look(reminder, place))
        return self.slots[key][2]

    def look(self, reminder, place):
        slots = reminder.schedule.slots(place.zone_name, self.begin, self.end, place.works)
        found = [self.place_decides(reminder, place, slot) for slot in slots]
        self.merge_minutes(found)
        if reminder.what_shifts() == "before":
            return sorted(found, key=lambda n: (n.fire, n.slot.utc))
        return found

    def place_decides(self, reminder, place, slot):
        shift, anywhere, home = reminder.what_shifts(), reminder.anywhere, zone(place.zone_name)
        if slot.missing:
            return Named(slot, slot.utc * 1000, "gap", False)
        moved, grace = slot.utc, reminder.grace
        local = home.local(slot.utc)
        rests = place.day_rests(local // DAY, shift)
        if rests and shift not in ("before", "after"):
            return Named(slot, slot.utc * 1000, rests, False)
        if rests:
            day = local // DAY
            while not place.works(day):
                day += 1 if shift == "after" else -1
            moved = home.first(day * DAY + local % DAY)
            if shift == "before":
                # What moved back is for that day.
                grace = min(grace, DAY - 1 - home.local(moved) % DAY)
        at = place.allowed_at(moved, grace, shift, anywhere)
        if at is None:
            return Named(slot, min(slot.utc, moved) * 1000, place.why_not(moved, shift, anywhere), False)
        if at == slot.utc:
            return Named(slot, at * 1000, None, False)
        return Named(slot, at * 1000, rests or place.why_not(moved, shift, anywhere), True)

    def merge_minutes(self, found):
        """Slots that end up in one minute are one: the one whose own minute it is, else the last of those
        that move on, else the first of those that move back."""
        minutes = {}
        for named in found:
            if named.shifted or named.rule is None:
                minutes.setdefault(named.fire, []).append(named)
        for fire, same in minutes.items():
            own = [n for n in same if not n.shifted]
            on = [n for n in same if n.shifted and n.slot.utc * 1000 < fire]
            stays = own[0] if own else on[-1] if on else same[0]
            for named in same:
                if named is not stays:
                    named.fire = min(named.slot.utc * 1000, fire)
                    named.shifted, named.rule = False, "superseded"

    def build(self):
        """From what is decided up to the mark to what is next."""
        self.entries = []
        for reminder in self.world.reminders.values():
            by_place = {}
            for recipient, about in self.world.pairs(reminder):
                place = self.world.place_of(reminder, recipient)
                by_place.setdefault(place.name, []).append((recipient, about))
            for name, pairs in by_place.items():
                place = self.world.places[name]
                named = self.named(reminder, place)
                since = max(self.mark, self.begun.get("reminder:" + reminder.name, 0))
                # Where a later slot was moved is decided later, too, and so is what follows it.
                at = next((i for i, n in enumerate(named) if n.fire > since), len(named))
                self.entries.append(Entry(self.world, reminder, place, pairs, named, at))

    # ---- what happens ----

    def accept(self, world, at):
        self.world = world
        for name in world.reminders:
            self.begun.setdefault("reminder:" + name, at)
        for name in world.people:
            self.begun.setdefault("person:" + name, at)

    def begin_by(self, at):
        self.begun = {what: min(begun, at) for what, begun in self.begun.items()}

    def start(self, world, at, durable_mark):
        self.begin_by(at)
        self.accept(world, at)
        self.mark = durable_mark if durable_mark else at
        self.passes.append((self.mark, len(self.decisions)))
        self.reset(at)
        self.build()
        self.run(at, True)

    def reset(self, at):
        """A mark more than a day ahead of the clock: the clock was wrong."""
        if self.mark > at + DAY * 1000:
            self.resets.append(at)
            self.begin_by(at)
            self.mark = at
            self.passes.append((at, len(self.decisions)))

    def advance(self, to):
        while True:
            fires = [f for f in (e.fire() for e in self.entries) if f is not None and f <= to]
            if not fires:
                return
            self.run(min(fires), False)

    def step(self, at):
        before = self.mark
        self.reset(at)
        if self.mark != before:
            self.build()
        self.run(at, True)

    def reload(self, world, at):
        nearest = min((f for f in (e.fire() for e in self.entries) if f is not None), default=at + 1)
        self.mark = max(self.mark, min(at, nearest - 1))
        self.passes.append((self.mark, len(self.decisions)))
        self.accept(world, at)
        self.build()
        self.run(at, False)

    def run(self, at, missed):
        due = [e for e in self.entries if e.fire() is not None and e.fire() <= at]
        if not due:
            return
        for entry in due:
            taken = []
            while entry.fire() is not None and entry.fire() <= at:
                taken.append(entry.named[entry.next])
                entry.next += 1
            if missed:
                taken = self.catch_up(entry, taken, at)
            for named in taken:
                for recipient, about in entry.pairs:
                    self.decide(entry, named, recipient, about, at)
        self.mark = max(self.mark, at)
        self.passes.append((self.mark, len(self.decisions)))

    def catch_up(self, entry, taken, at):
        """What stands for the time that was not watched; the rest is counted."""
        could = [n for n in taken if n.rule is None or n.shifted]
        most = CATCH_UP[entry.reminder.catch_up]
        kept = could[len(could) - most :] if most < len(could) else could
        if len(taken) > len(kept):
            self.missed.append((at, entry.reminder.name, entry.place.name, len(taken) - len(kept), bool(kept)))
        return kept

    def decide(self, entry, named, recipient, about, at):
        reminder, slot = entry.reminder, named.slot
        keys = [(reminder.name, recipient, about, local, slot.nth) for local in slot.locals]
        if any(k in self.known for k in keys):
            return
        d = Decision()
        d.keys, d.world, d.reminder, d.recipient, d.about = keys, entry.world, reminder, recipient, about
        d.slot, d.fire, d.at = slot, named.fire, at
        d.shifted, d.send = named.shifted, named.fire
        d.rule = self.why_not(entry, named, recipient, about)
        if d.rule is None and recipient in entry.world.people:
            self.wait_for_return(entry, d)
        d.late = at - named.fire > reminder.grace * 1000
        if d.rule is None and d.late:
            d.rule = "grace"
        d.sent = d.rule is None
        self.decisions.append(d)
        for key in keys:
            self.known[key] = d

    def wait_for_return(self, entry, d):
        """An absence of some hours: it waits for their end, within its grace."""
        person, place, reminder = entry.world.people[d.recipient], entry.place, d.reminder
        at = fire = d.fire // 1000
        while at <= fire + reminder.grace:
            until = person.absence.until(at)
            if until is None:
                d.send, d.shifted = at * 1000, d.shifted or at != fire
                return
            until += -until % 60
            at = place.allowed_at(until, reminder.grace, reminder.what_shifts(), reminder.anywhere)
            if at is None or person.is_away(zone(place.zone_name).date(at)):
                break
        d.rule = "away"

    # ---- why not ----

    def paused(self, what, at):
        since, until = self.pauses.get(what, (at + 1, at))
        return since <= at < until

    def why_not(self, entry, named, recipient, about):
        reminder, place = entry.reminder, entry.place
        person = entry.world.people.get(recipient)
        begun = self.begun["reminder:" + reminder.name]
        if person:
            begun = max(begun, self.begun["person:" + recipient])
        if min(named.slot.utc * 1000, named.fire) <= begun:
            return "not-begun"
        if self.paused("all", named.fire) or self.paused("reminder:" + reminder.name, named.fire):
            return "paused"
        if person:
            held = self.why_not_person(reminder, place, person, named)
            if held:
                return held
        if named.rule and not named.shifted:
            return named.rule
        day = zone(place.zone_name).date(named.fire // 1000)
        if person and person.is_away(day):
            return "away"
        if about:
            other = entry.world.people[about]
            there = zone(entry.world.places[other.place].zone_name)
            if other.is_away(there.date(named.fire // 1000)):
                return "about-away"
        return None

    def why_not_person(self, reminder, place, person, named):
        if self.paused("person:" + person.name, named.fire):
            return "paused"
        if any(self.paused("team:" + team, named.fire) for team in person.teams):
            return "paused"
        if self.paused("stop:%s:%s" % (person.name, reminder.name), named.fire):
            return "stopped"
        if self.paused("less:%s:%s" % (person.name, reminder.name), named.fire):
            if self.is_left_out(reminder, place, named.slot):
                return "less"
        return None

    def is_left_out(self, reminder, place, slot):
        """Whether "less" leaves it out: every second slot of a local year. Of elapsed intervals every second
        one, too; with which of them it begins the first one on record says."""
        schedule = reminder.schedule
        if schedule.elapsed:
            count = slot.utc // schedule.every[0] if schedule.every else 0
            first = self.parity.setdefault(reminder.name, count % 2 != self.was_left_out(reminder, slot))
            return count % 2 != first
        key = (id(schedule), place.zone_name, id(place.holidays), str(place.hours))
        if key not in self.years:
            home = zone(schedule.own_zone or place.zone_name)
            years = {}
            for year in (2025, 2026, 2027, 2028):
                new_year = (datetime.date(year, 1, 1) - datetime.date(1970, 1, 1)).days * DAY
                next_year = (datetime.date(year + 1, 1, 1) - datetime.date(1970, 1, 1)).days * DAY
                begin, end = home.first(new_year), home.first(next_year)
                if end > self.begin and begin < self.end:
                    found = [s.utc for s in schedule.slots(place.zone_name, begin, end, place.works) if not s.missing]
                    years.update({utc: i for i, utc in enumerate(found)})
            self.years[key] = (schedule, years, place)
        return self.years[key][1].get(slot.utc, 0) % 2 == 1

    # ---- death ----

    def die(self, durable_mark, recorded):
        """Of the last pass only that is left which was durable; recorded(decision) says. Returns whether the
        mark is one that a death can leave."""
        while self.passes and self.passes[-1][0] != durable_mark and len(self.passes) > 1:
            self.passes.pop()
        fits = not self.passes or self.passes[-1][0] == durable_mark
        kept = self.passes[-1][1] if fits and self.passes else 0
        late = self.decisions[kept:]
        for d in late:
            if not recorded(d):
                for key in d.keys:
                    del self.known[key]
        self.decisions[kept:] = [d for d in late if recorded(d)]
        return fits

