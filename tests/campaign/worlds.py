"""Random organisations: places, people and reminders as plain data, and as the text that nudged reads."""

import copy

import schedules
from schedules import iso
from zones import DAY, nexts, zone

MINUTE = 60000
CHANNELS = ["hook", "spare", "hall"]


class Calendar:
    """Days off, and hours off (instants), as a file tells them."""

    def __init__(self, name, days, hours):
        self.name, self.days, self.hours = name, days, hours

    def text(self):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//simulated//days off//EN"]
        for i, day in enumerate(sorted(self.days)):
            lines += ["BEGIN:VEVENT", "UID:day%d@%s" % (i, self.name), "DTSTAMP:20260101T000000Z"]
            lines += ["DTSTART;VALUE=DATE:" + iso(day).replace("-", ""), "SUMMARY:off", "END:VEVENT"]
        for i, (a, b) in enumerate(self.hours):
            lines += ["BEGIN:VEVENT", "UID:hours%d@%s" % (i, self.name), "DTSTAMP:20260101T000000Z"]
            lines += ["DTSTART:" + stamp(a), "DTEND:" + stamp(b), "END:VEVENT"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""])

    def until(self, utc):
        """When the hours off that an instant lies in end, or None."""
        return max((b for a, b in self.hours if a <= utc < b), default=None)


NO_CALENDAR = Calendar("", set(), [])


def stamp(utc):
    return schedules.iso_minute(utc).replace("-", "").replace(":", "") + "00Z"


class Place:
    """Windows are (weekdays, first minute, last minute) of the week, on quarters of an hour; an end at or
    before its start is on the next day."""

    def __init__(self, name, zone_name, hours, quiet, holidays=NO_CALENDAR):
        self.name, self.zone_name, self.hours, self.quiet = name, zone_name, hours, quiet
        self.holidays = holidays
        self.asked = {}

    def text(self):
        text = '{ id = "%s"; timezone = "%s";' % (self.name, self.zone_name)
        if self.hours:
            text += ' hours = "%s";' % window_text(self.hours)
        if self.quiet:
            text += ' quiet = "%s";' % window_text(self.quiet)
        if self.holidays.name:
            text += ' holidays = [ "%s.ics" ];' % self.holidays.name
        return text + " }"

    def works_weekday(self, day):
        return schedules.weekday(day) in (self.hours[0] if self.hours else range(5))

    def works(self, day):
        return self.works_weekday(day) and day not in self.holidays.days

    def day_rests(self, day, shift):
        """Why a reminder with such a shift leaves a local date alone, or None."""
        if shift == "none":
            return None
        if day in self.holidays.days:
            return "holiday"
        return "day-off" if shift != "holiday" and not self.works_weekday(day) else None

    def why_not(self, utc, shift, anywhere):
        """None, or what forbids the instant."""
        local = zone(self.zone_name).local(utc)
        rests = self.day_rests(local // DAY, shift)
        if rests:
            return rests
        if shift != "none" and self.holidays.until(utc):
            return "holiday"
        if anywhere:
            return None
        if self.hours and not inside(self.hours, local):
            return "hours"
        if self.quiet and inside(self.quiet, local):
            return "quiet"
        return None

    def allowed_at(self, utc, most, shift, anywhere):
        """The first allowed whole minute from an instant on, at most so many seconds later, or None."""
        if self.why_not(utc, shift, anywhere) is None:
            return utc
        key = (utc // 900, shift, anywhere)
        known = self.asked.get(key)
        if known is None:
            # All windows and all offsets are on quarters of an hour: those are looked at, one by one.
            known = utc // 900 * 900 + 900
            while self.why_not(known, shift, anywhere) is not None:
                known += 900
                if known > utc + 15 * DAY:
                    return None
            self.asked[key] = known
        return known if known - utc <= most else None


def inside(window, local):
    days, first, last = window
    day, minute = local // DAY, local % DAY // 60
    if first < last:
        return schedules.weekday(day) in days and first <= minute < last
    return (schedules.weekday(day) in days and minute >= first) or (
        schedules.weekday(day - 1) in days and minute < last
    )


def window_text(window):
    days, first, last = window
    names = "" if len(days) == 7 else ",".join(schedules.DAYS[d] for d in sorted(days)) + " "
    return "%s%02d:%02d-%02d:%02d" % (names, first // 60, first % 60, last // 60, last % 60)


class Person:
    def __init__(self, name, place):
        self.name, self.place = name, place
        self.teams, self.away, self.via, self.via_all = [], [], ["hook"], False
        self.manager = self.mentor = None
        self.absence = NO_CALENDAR

    def text(self):
        text = '{ id = "%s"; place = "%s"; via = [ %s ];' % (
            self.name,
            self.place,
            ", ".join('"%s"' % v for v in self.via),
        )
        if self.via_all:
            text += " via_all = true;"
        if self.teams:
            text += " teams = [ %s ];" % ", ".join('"%s"' % t for t in self.teams)
        for relation in ("manager", "mentor"):
            if getattr(self, relation):
                text += ' %s = "%s";' % (relation, getattr(self, relation))
        if self.away:
            text += " away = ( %s );" % ", ".join(
                '{ from = "%s"; until = "%s"; }' % (iso(a), iso(b)) for a, b in self.away
            )
        if self.absence.name:
            text += ' absence = [ "%s.ics" ];' % self.absence.name
        return text + " }"

    def is_away(self, day):
        return any(a <= day <= b for a, b in self.away) or day in self.absence.days


class Reminder:
    def __init__(self, name, schedule):
        self.name, self.schedule = name, schedule
        self.to, self.about, self.place = ["all"], None, None
        self.grace, self.jitter, self.catch_up, self.priority = 3600, 0, "latest", 3
        self.anywhere, self.nudge, self.shift = False, None, None

    def what_shifts(self):
        """What a day of rest does to it: "holiday" where nothing is said."""
        return self.shift or ("none" if self.anywhere else "holiday")

    def text(self):
        text = '{ id = "%s"; text = "x"; priority = %d; %s' % (self.name, self.priority, self.schedule.text)
        text += " to = [ %s ];" % ", ".join('"%s"' % t for t in self.to)
        if self.about:
            text += ' about = [ "%s" ];' % self.about
        if self.place:
            text += ' place = "%s";' % self.place
        text += ' grace = "%ds"; catch_up = "%s";' % (self.grace, self.catch_up)
        if self.jitter:
            text += ' jitter = "%ds";' % self.jitter
        if self.anywhere:
            text += " anywhere = true;"
        if self.shift:
            text += ' shift = "%s";' % self.shift
        if self.nudge:
            after, most, escalate = self.nudge
            text += ' nudge = { after = "%ds"; at_most = %d;%s };' % (
                after,
                most,
                ' escalate = "%s";' % escalate if escalate else "",
            )
        return text + " }"


class World:
    def __init__(self):
        self.limit, self.places, self.people, self.reminders = 0, {}, {}, {}

    def copy(self):
        """Deep, but for the schedules, which never change."""
        other = World()
        other.limit = self.limit
        other.places = {n: copy.copy(p) for n, p in self.places.items()}
        other.people = {n: copy.copy(p) for n, p in self.people.items()}
        other.reminders = {n: copy.copy(r) for n, r in self.reminders.items()}
        return other

    def text(self):
        channels = ", ".join(
            '{ id = "%s"; plugin = "webhook"; url = "http://127.0.0.1:9/"; allow_private = true;'
            ' retry_base = "20s"; retry_max = "30min"; }' % c
            for c in CHANNELS
        )
        parts = [
            'timezone = "UTC"; daily_limit = %d; channels = ( %s );' % (self.limit, channels),
            "places = ( %s );" % ",\n ".join(p.text() for p in self.places.values()),
            "people = ( %s );" % ",\n ".join(p.text() for p in self.people.values()),
            "reminders = ( %s );" % ",\n ".join(r.text() for r in self.reminders.values()),
        ]
        return "\n".join(parts) + "\n"

    def files(self):
        """What lies beside the configuration."""
        calendars = [p.holidays for p in self.places.values()] + [p.absence for p in self.people.values()]
        return {c.name + ".ics": c.text() for c in calendars if c.name}

    def group(self, word):
        if word == "all":
            return list(self.people)
        if word.startswith("team:"):
            return [n for n, p in self.people.items() if word[5:] in p.teams]
        return [word] if word in self.people else []

    def pairs(self, reminder):
        """Every (recipient, subject or None) of it, rooms too."""
        found = set()
        for word in reminder.to:
            if word.startswith("room:"):
                found.add((word, None))
            elif not reminder.about:
                found.update((name, None) for name in self.group(word))
            else:
                for subject in self.group(reminder.about):
                    if word == "self":
                        found.add((subject, subject))
                    elif getattr(self.people[subject], word):
                        found.add((getattr(self.people[subject], word), subject))
        return sorted(found, key=str)

    def place_of(self, reminder, recipient):
        if recipient.startswith("room:"):
            return self.places[reminder.place]
        return self.places[self.people[recipient].place]


# ---- making them ----


def make_window(rng, lengths):
    days = set(range(7)) if rng.random() < 0.5 else set(range(rng.choice([5, 5, 6])))
    first = rng.randrange(96) * 15
    return days, first, (first + rng.choice(lengths)) % 1440 or 1440


def make_place(rng, name, today):
    hours = quiet = None
    if rng.random() < 0.55:
        hours = rng.choice([(set(range(5)), 510, 1080), (set(range(6)), 420, 1200), make_window(rng, [480, 660])])
    if rng.random() < 0.4:
        quiet = rng.choice([(set(range(7)), 1140, 480), (set(range(7)), 720, 780), make_window(rng, [60, 240, 600])])
        quiet = (set(range(7)), quiet[1], quiet[2])
    holidays = NO_CALENDAR
    if rng.random() < 0.4:
        holidays = make_calendar(rng, "holidays-" + name, today, rng.randint(1, 6))
    return Place(name, rng.choice(nexts.MANDATORY_ZONES), hours, quiet, holidays)


def make_calendar(rng, name, today, most):
    days = {today + rng.randrange(-2, 34) for _ in range(rng.randint(0, most))}
    hours = []
    for _ in range(rng.randint(0, 3)):
        a = (today + rng.randrange(0, 32)) * DAY + rng.randrange(96) * 900
        hours.append((a, a + rng.choice([3600, 5 * 3600, 9 * 3600, 7 * 900])))
    return Calendar(name, days, hours)


def make_person(rng, name, world, today):
    person = Person(name, rng.choice(list(world.places)))
    person.teams = [t for t in ("red", "blue") if rng.random() < 0.4]
    if rng.random() < 0.3:
        person.via = ["hook", "spare"]
        person.via_all = rng.random() < 0.3
    if rng.random() < 0.35:
        a = today + rng.randrange(0, 25)
        person.away = [(a, a + rng.randrange(0, 6))]
    if rng.random() < 0.3:
        person.absence = make_calendar(rng, "absence-" + name, today, 4)
    return person


def make_reminder(rng, name, world, now):
    reminder = Reminder(name, schedules.make(rng, now))
    kind = rng.randrange(10)
    if kind < 6:
        reminder.to = [rng.choice(["all", "all", "team:red", "team:blue", rng.choice(list(world.people))])]
    elif kind < 8:
        reminder.about = rng.choice(["all", "team:red", rng.choice(list(world.people))])
        reminder.to = rng.choice([["manager"], ["mentor"], ["manager", "self"]])
    else:
        reminder.to = ["room:hall"]
        reminder.place = rng.choice(list(world.places))
    reminder.grace = rng.choice([600, 3600, 3600, 7200, 6 * 3600, 16 * 3600, 3 * DAY])
    reminder.catch_up = rng.choice(["latest", "latest", "none", "all"])
    reminder.priority = rng.randint(1, 5)
    if rng.random() < 0.25:
        reminder.jitter = rng.choice([300, 1800, 7200])
    if rng.random() < 0.35 and not reminder.schedule.elapsed:
        reminder.shift = rng.choice(["none", "skip", "before", "after"])
    reminder.anywhere = rng.random() < 0.15
    if rng.random() < 0.35:
        reminder.nudge = (rng.choice([1200, 3600, 10800, DAY]), rng.randrange(4), rng.choice(["mentor", "manager", None]))
        if not reminder.nudge[1] and not reminder.nudge[2]:
            reminder.nudge = (reminder.nudge[0], 1, None)
    return reminder


def sort_out(world, rng):
    """Relations for all, and nobody is their own."""
    names = list(world.people)
    for name, person in world.people.items():
        for relation in ("manager", "mentor"):
            if getattr(person, relation) not in names:
                setattr(person, relation, rng.choice([n for n in names if n != name]))


def make(rng, now):
    world = World()
    world.limit = rng.choice([0, 0, 1, 2, 3, 5])
    for i in range(rng.randint(1, 4)):
        world.places["place%d" % i] = make_place(rng, "place%d" % i, now // DAY)
    for i in range(rng.randint(3, 8)):
        world.people["p%d" % i] = make_person(rng, "p%d" % i, world, now // DAY)
    for team in ("red", "blue"):
        rng.choice(list(world.people.values())).teams.append(team)
    for person in world.people.values():
        person.teams = sorted(set(person.teams))
    sort_out(world, rng)
    for i in range(rng.randint(2, 9)):
        world.reminders["r%d" % i] = make_reminder(rng, "r%d" % i, world, now)
    return world


def change(rng, world, now, fresh):
    """Another configuration for a reload, and what was done."""
    other = world.copy()
    kind = rng.randrange(6)
    if kind == 0:
        other.reminders["r%d" % fresh] = make_reminder(rng, "r%d" % fresh, other, now)
        return other, "r%d is new" % fresh
    if kind == 1 and len(other.reminders) > 1:
        name = rng.choice(list(other.reminders))
        del other.reminders[name]
        return other, name + " is removed"
    if kind == 2:
        name = rng.choice(list(other.reminders))
        other.reminders[name] = make_reminder(rng, name, other, now)
        return other, name + " is changed"
    if kind == 3:
        name = rng.choice(list(other.people))
        other.people[name].place = rng.choice(list(other.places))
        return other, "%s moves to %s" % (name, other.people[name].place)
    if kind == 4:
        old = rng.choice(list(other.places))
        new = "place%d" % fresh
        rename_place(other, old, new)
        return other, "%s is renamed %s" % (old, new)
    name = "p%d" % fresh
    other.people[name] = make_person(rng, name, other, now // DAY)
    sort_out(other, rng)
    return other, name + " is new"


def rename_place(world, old, new):
    """It keeps its rank, and is the same in all but its name."""
    world.places = {new if n == old else n: p for n, p in world.places.items()}
    world.places[new].name = new
    for person in world.people.values():
        if person.place == old:
            person.place = new
    for reminder in world.reminders.values():
        if reminder.place == old:
            reminder.place = new
