"""Random schedules: what is written into the configuration, and what it means, by walking dates. The forms
are made side by side, word by word, so that no parser is needed here."""

from datetime import date, datetime, timedelta

from zones import DAY, zone

EPOCH = date(1970, 1, 1)
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def iso(day):
    return (EPOCH + timedelta(days=day)).isoformat()


def iso_minute(local):
    return (datetime(1970, 1, 1) + timedelta(seconds=local)).strftime("%Y-%m-%dT%H:%M")


class Slot:
    """One nominal time: its instant, the local times that name it, and its pass. missing: the clock leaves it
    out, and the instant is the end of the gap."""

    __slots__ = ("utc", "locals", "nth", "missing")

    def __init__(self, utc, local, nth=0, missing=False):
        self.utc, self.locals, self.nth, self.missing = utc, {local}, nth, missing


class Schedule:
    """text: the keys of the reminder. hits(date): the seconds of the day, or None where the form names
    instants instead (elapsed). by_work(date, works): the same of a phrase about working days; works(date) is the
    place's. fixed: see the manual on daylight saving."""

    def __init__(self, text, hits=None, fixed=True, every=None, once=None, own_zone=None, by_work=None):
        self.text, self.hits, self.fixed, self.by_work = text, hits, fixed, by_work
        self.every, self.once, self.own_zone = every, once, own_zone
        self.gap, self.overlap = "after", "first"
        self.first_date = self.last_date = None
        self.excepted = []
        self.skip_locals = set()
        self.more_locals = set()

    @property
    def elapsed(self):
        return bool(self.every or self.once)

    def wanted(self, day):
        return (
            (self.first_date is None or day >= self.first_date)
            and (self.last_date is None or day <= self.last_date)
            and not any(a <= day <= b for a, b in self.excepted)
        )

    def slots(self, place_zone, begin, end, works=lambda day: weekday(day) < 5):
        """All slots in [begin, end), in order; those that share an instant are one."""
        home = zone(self.own_zone or place_zone)
        found = self.instants(home, begin, end) if self.elapsed else self.named(home, begin, end, works)
        merged = {}
        for slot in sorted(found, key=lambda s: (s.missing, s.utc, s.nth)):
            if not begin <= slot.utc < end:
                continue
            known = merged.setdefault(slot.utc, slot)
            if known.missing == slot.missing:
                known.locals |= slot.locals
        return [merged[utc] for utc in sorted(merged)]

    def instants(self, home, begin, end):
        if self.once:
            every = [self.once]
        else:
            period, anchor, anchored = self.every
            if isinstance(anchor, str):
                anchor = home.first(int(anchor))
            first = begin + (anchor - begin) % period
            every = range(max(first, anchor) if anchored else first, end, period)
        return [Slot(utc, utc) for utc in every if self.wanted(home.date(utc))]

    def named(self, home, begin, end, works):
        for day in range(begin // DAY - 2, end // DAY + 3):
            extra = [at % DAY for at in self.more_locals if at // DAY == day]
            if not self.wanted(day):
                continue
            hits = self.by_work(day, works) if self.by_work else self.hits(day)
            for second in [*hits, *extra]:
                local = day * DAY + second
                if local not in self.skip_locals:
                    yield from self.resolve(home, day, local)

    def resolve(self, home, day, local):
        shown = home.instants(local)
        if not shown:
            if self.fixed:
                gap = home.after_gap(local)
                drops = self.gap == "skip" or home.date(gap) != day
                yield Slot(gap, local, missing=drops)
        elif len(shown) == 1:
            yield Slot(shown[0], local)
        elif not self.fixed or self.overlap == "both":
            yield Slot(shown[0], local)
            yield Slot(shown[1], local, 1)
        elif self.overlap == "first":
            yield Slot(shown[0], local)
        else:
            yield Slot(shown[1], local, 1)


# ---- the forms ----


def minute(rng):
    return rng.choice([0, 0, 30, 15, 45, rng.randrange(60)])


def hour(rng):
    """Working hours, and those at which clocks change."""
    return rng.choice([rng.randrange(24), rng.randrange(8, 18), rng.randrange(8, 18), rng.randrange(4), 23])


def weekdays(rng):
    """The text of a calendar event's days, and the set of them."""
    kind = rng.randrange(4)
    if kind == 0:
        return "", set(range(7))
    if kind == 1:
        return "Mon..Fri ", set(range(5))
    chosen = sorted(rng.sample(range(7), rng.randint(1, 4)))
    return ",".join(DAYS[d] for d in chosen) + " ", set(chosen)


def weekday(day):
    return (day + 3) % 7


def calendar_fixed(rng, now):
    words, days = weekdays(rng)
    hours = sorted({hour(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))})
    minutes = sorted({minute(rng) for _ in range(rng.choice([1, 1, 1, 2]))})
    times = [h * 3600 + m * 60 for h in hours for m in minutes]
    event = "%s%s:%s" % (words, ",".join("%02d" % h for h in hours), ",".join("%02d" % m for m in minutes))
    own = rng.choice(["Europe/Berlin", "America/Santiago", "UTC"]) if rng.random() < 0.08 else None
    text = 'calendar = "%s%s";' % (event, " " + own if own else "")
    return Schedule(text, lambda day: times if weekday(day) in days else [], own_zone=own)


def calendar_wild(rng, now):
    words, days = weekdays(rng)
    step, at = rng.choice([(1, rng.randrange(60)), (2, 30), (3, 0), (6, 15), (4, 0)])
    hours = range(0, 24, step)
    event = "%s%s:%02d" % (words, "*" if step == 1 else "0/%d" % step, at)
    times = [h * 3600 + at * 60 for h in hours]
    return Schedule('calendar = "%s";' % event, lambda day: times if weekday(day) in days else [], fixed=False)


def calendar_dates(rng, now):
    dates = sorted(rng.sample(range(1, 32), rng.randint(2, 6)))
    second = hour(rng) * 3600 + minute(rng) * 60
    event = "*-*-%s %02d:%02d" % (",".join("%02d" % d for d in dates), second // 3600, second // 60 % 60)

    def hits(day):
        return [second] if (EPOCH + timedelta(days=day)).day in dates else []

    return Schedule('calendar = "%s";' % event, hits)


def every_elapsed(rng, now):
    minutes = rng.choice([60, 90, 150, 5 * 60, 8 * 60, 25 * 60, 24 * 60, 7 * 60 + 30])
    text = 'every = "%dmin";' % minutes
    if rng.random() < 0.5:
        return Schedule(text, every=(minutes * 60, 0, False))
    day = now // DAY - rng.randrange(-3, 40)
    local = day * DAY + hour(rng) * 3600
    if rng.random() < 0.5:
        return Schedule(text + ' start = "%sZ";' % iso_minute(local), every=(minutes * 60, local, True))
    return Schedule(text + ' start = "%s";' % iso_minute(local), every=(minutes * 60, str(local), True))


def every_period(rng, now):
    n, unit = rng.choice([(1, "days"), (2, "days"), (3, "days"), (1, "weeks"), (2, "weeks"), (1, "months")])
    start = now // DAY - rng.randrange(-3, 70)
    second = hour(rng) * 3600 + minute(rng) * 60
    first = EPOCH + timedelta(days=start)
    period = n * (7 if unit == "weeks" else 1)

    def hits(day):
        if day < start:
            return []
        if unit == "months":
            return [second] if (EPOCH + timedelta(days=day)).day == first.day else []
        return [second] if (day - start) % period == 0 else []

    return Schedule('every = "%d %s"; start = "%s";' % (n, unit, iso_minute(start * DAY + second)), hits)


def once(rng, now):
    local = now // DAY * DAY + rng.randrange(1, 30 * 24 * 4) * 900
    if rng.random() < 0.3:
        return Schedule('at = "%sZ";' % iso_minute(local), once=local)
    day = local // DAY
    return Schedule('at = "%s";' % iso_minute(local), lambda d: [local % DAY] if d == day else [])


def rrule(rng, now):
    start = now // DAY - rng.randrange(0, 70)
    second = hour(rng) * 3600 + minute(rng) * 60
    kind = rng.randrange(4)
    monday = start - weekday(start)
    if kind == 0:
        n = rng.randint(1, 3)
        rule = "FREQ=DAILY;INTERVAL=%d" % n
        on = lambda day: (day - start) % n == 0  # noqa: E731
    elif kind == 1:
        n, days = rng.randint(1, 2), sorted(rng.sample(range(7), rng.randint(1, 4)))
        rule = "FREQ=WEEKLY;INTERVAL=%d;BYDAY=%s" % (n, ",".join(DAYS[d][:2].upper() for d in days))
        on = lambda day: weekday(day) in days and (day - monday) // 7 % n == 0  # noqa: E731
    elif kind == 2:
        which, nth = rng.randrange(7), rng.choice([1, 2, 3, 4, -1])
        rule = "FREQ=MONTHLY;BYDAY=%d%s" % (nth, DAYS[which][:2].upper())
        on = lambda day: weekday(day) == which and is_nth(day, nth)  # noqa: E731
    else:
        last = rng.randint(-3, -1)
        rule = "FREQ=MONTHLY;BYMONTHDAY=%d" % last
        on = lambda day: (EPOCH + timedelta(days=day - last)).day == 1  # noqa: E731
    times = [second]
    if rng.random() < 0.3:
        hours = sorted({hour(rng) for _ in range(3)})
        rule += ";BYHOUR=" + ",".join(map(str, hours))
        times = [h * 3600 + second % 3600 for h in hours]
    schedule = Schedule("", lambda day: times if day >= start and on(day) else [])
    first_local = start * DAY + second
    hits = schedule.hits
    schedule.hits = lambda day: [s for s in hits(day) if day * DAY + s >= first_local]
    if rng.random() < 0.2:
        count = rng.randint(5, 60)
        rule += ";COUNT=%d" % count
        counted, day = set(), start
        while len(counted) < count and day < start + 4000:
            counted.update(day * DAY + s for s in sorted(schedule.hits(day)))
            day += 1
        counted = set(sorted(counted)[:count])
        every = schedule.hits
        schedule.hits = lambda day: [s for s in every(day) if day * DAY + s in counted]
    schedule.text = 'rrule = "%s"; start = "%s";' % (rule, iso_minute(first_local))
    return schedule


def cron(rng, now):
    second = hour(rng) * 3600 + minute(rng) * 60
    at = "%d %d" % (second // 60 % 60, second // 3600)
    kind = rng.randrange(4)
    if kind == 0:
        days = sorted(rng.sample(range(7), rng.randint(1, 5)))
        text = "%s * * %s" % (at, ",".join(DAYS[d].upper() for d in days))
        return Schedule('cron = "%s";' % text, lambda day: [second] if weekday(day) in days else [])
    if kind == 1:
        dates = sorted(rng.sample(range(1, 32), rng.randint(1, 5)))
        text = "%s %s * *" % (at, ",".join(map(str, dates)))
        return Schedule('cron = "%s";' % text, lambda day: [second] if civil(day).day in dates else [])
    if kind == 2:
        step = rng.choice([2, 3, 4, 6])
        times = [h * 3600 + second // 60 % 60 * 60 for h in range(0, 24, step)]
        text = "%d */%d * * *" % (second // 60 % 60, step)
        return Schedule('cron = "%s";' % text, lambda day: times, fixed=False)
    date, which = rng.randint(1, 28), rng.randrange(7)
    text = "%s %d * %s" % (at, date, DAYS[which].upper())
    return Schedule('cron = "%s";' % text, lambda day: [second] if civil(day).day == date or weekday(day) == which else [])


def phrase(rng, now):
    second = hour(rng) * 3600 + minute(rng) * 60
    at = " at %d:%02d" % (second // 3600, second // 60 % 60)
    kind = rng.randrange(5)
    which, nth = rng.randrange(7), rng.choice([1, 2, 3, 4, -1])
    if kind == 0:
        return Schedule('when = "weekdays%s";' % at, lambda day: [second] if weekday(day) < 5 else [])
    if kind == 1:
        return Schedule('when = "every %s%s";' % (LONG[which], at), lambda day: [second] if weekday(day) == which else [])
    if kind == 2:
        words = "%s %s of the month%s" % (NTH[nth], LONG[which], at)
        return Schedule('when = "%s";' % words, lambda day: [second] if weekday(day) == which and is_nth(day, nth) else [])
    if kind == 3:
        words = "%s working day of the month%s" % (NTH[nth], at)
        return Schedule('when = "%s";' % words, by_work=lambda day, works: [second] if is_nth_work(day, nth, works) else [])
    return Schedule('when = "every day%s";' % at, lambda day: [second])


LONG = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}


def civil(day):
    return EPOCH + timedelta(days=day)


def is_nth_work(day, nth, works):
    if not works(day):
        return False
    if nth > 0:
        return sum(works(d) for d in range(day - civil(day).day + 1, day + 1)) == nth
    later = day + 1
    while civil(later).month == civil(day).month:
        if works(later):
            return False
        later += 1
    return True


def is_nth(day, nth):
    here = EPOCH + timedelta(days=day)
    if nth > 0:
        return (here.day - 1) // 7 + 1 == nth
    return (here + timedelta(days=7)).month != here.month


FORMS = [calendar_fixed] * 6 + [calendar_wild, calendar_dates, every_elapsed, every_elapsed]
FORMS += [every_period, every_period, once, rrule, rrule, rrule, cron, cron, cron, phrase, phrase, phrase]


def make(rng, now, forms=FORMS):
    """A schedule of any form, with the keys that narrow it."""
    while True:
        schedule = narrow(rng, rng.choice(forms)(rng, now), now // DAY)
        if schedule.slots("UTC", now - 100 * DAY, now + 120 * DAY):
            return schedule


def narrow(rng, schedule, today):
    if rng.random() < 0.12:
        schedule.first_date = today + rng.randrange(-5, 12)
        schedule.text += ' from = "%s";' % iso(schedule.first_date)
    if rng.random() < 0.12:
        schedule.last_date = today + rng.randrange(12, 35)
        schedule.text += ' until = "%s";' % iso(schedule.last_date)
    if rng.random() < 0.15:
        a = today + rng.randrange(0, 25)
        b = a + rng.choice([0, 0, 2])
        schedule.excepted = [(a, b)]
        schedule.text += ' except = [ "%s" ];' % (iso(a) if a == b else "%s..%s" % (iso(a), iso(b)))
    if not schedule.elapsed and rng.random() < 0.2:
        schedule.gap = "skip"
        schedule.text += ' dst_gap = "skip";'
    if not schedule.elapsed and rng.random() < 0.25:
        schedule.overlap = rng.choice(["last", "both"])
        schedule.text += ' dst_overlap = "%s";' % schedule.overlap
    return schedule
