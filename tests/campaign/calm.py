"""What can be said to the message while nothing unforeseen happens: daily limits, follow-ups, and that the
preview of a time was what that time brought."""

from bisect import bisect_left, bisect_right

from zones import DAY, zone

INFINITE = 1 << 60
QUIET = ("advance", "preview", "receiver", "answer", "dump")


class Calm:
    def __init__(self, judge):
        self.judge, self.record, self.findings = judge, judge.record, judge.findings
        self.disturbed = sorted(set(self.disturbances()))
        self.longest = max((end - begin for begin, end in self.disturbed), default=0)
        self.last = judge.log[-1][2]
        self.told = {}  # recipient: the deliveries that are no reminders
        self.carried = {}  # (recipient, day): when a message was made that its own day had no room for
        for d in self.record.deliveries.values():
            if d["purpose"] != "remind":
                self.told.setdefault(d["recipient"], []).append(d)
            self.carried.setdefault((d["recipient"], d["budget"]), []).append(d["created"])
        self.sent = [(d, o) for d in judge.shadow.decisions if (o := self.record.find(d)) and o["state"] != "skipped"]

    def disturbances(self):
        """(begin, end) of each: a downtime, or a clock put forward, is one from its first instant to its last.
        What was due in it is decided late, and counts to the day on which it goes: what the limit makes of it
        is not for the day of its slot to say."""
        for event, before, after, said in self.judge.log:
            if event[0] not in QUIET:
                yield min(before, after), max(before, after)
            elif any(s["e"] == "died" for s in said):
                yield before, before
                yield after, after
        for at, _, answer, _ in self.judge.answers:
            if answer in ("less", "stop"):
                yield at, at

    def is_calm(self, begin, end):
        """Whether nothing was disturbed in [begin, end]."""
        if end > self.last:
            return False
        since = bisect_left(self.disturbed, (begin - self.longest, begin - self.longest))
        until = bisect_right(self.disturbed, (end, INFINITE))
        return all(there < begin for _, there in self.disturbed[since:until])

    def check(self):
        if not self.judge.backwards:
            self.check_limits()
            self.check_follow_ups()
            self.check_previews()

    # ---- daily limits ----

    def is_told(self, recipient, day, begin, end):
        """Whether follow-ups, or what was carried over, share a day's budget."""
        return any(d["budget"] in (day, day - 1) or begin <= d["created"] < end for d in self.told.get(recipient, [])) or any(
            created < begin + DAY * 1000 for created in self.carried.get((recipient, day), []))

    def check_limits(self):
        days = {}
        for d, o in self.sent:
            if d.world.limit and not d.recipient.startswith("room:"):
                home = zone(d.world.place_of(d.reminder, d.recipient).zone_name)
                days.setdefault((d.recipient, home, home.date(d.fire // 1000), d.world.limit), []).append((d, o))
        for (recipient, home, day, limit), same in days.items():
            begin, end = home.first(day * DAY) * 1000, home.first((day + 1) * DAY) * 1000
            if self.is_calm(begin - DAY * 1000, end) and not self.is_told(recipient, day, begin - DAY * 1000, end):
                self.judge.checked += 1
                self.check_day(recipient, same, limit)

    def first_message(self, o):
        """The one that it went with; nudges about it may go with others, also with one that was opened at the
        same instant for something else: what stands first in a message is what it was made for."""
        messages = self.record.of_item[o["id"]]
        own = [m for m in messages if o["decision"] != "merged" and m["created"] == o["made"] and m["purpose"] == "remind"]
        made_for = [m for m in own if m["items"][0] == o["id"]]
        return min(made_for or own or messages, key=lambda m: m["id"])

    def check_day(self, recipient, same, limit):
        ranked = sorted(same, key=lambda p: (-p[0].reminder.priority, p[0].slot.utc, p[0].reminder.name, p[0].about or "", p[0].slot.nth))
        ours = {o["id"] for _, o in same}
        if any(item not in ours for _, o in same for item in self.first_message(o)["items"]):
            return  # a nudge went along
        alone = ranked if len(ranked) <= limit else ranked[: limit - 1]
        rest = [] if len(ranked) <= limit else ranked[limit - 1 :]
        for d, o in alone:
            if o["decision"] == "merged" or len(self.first_message(o)["items"]) > 1:
                self.findings.add("%s: %d that day, %d the limit, and it does not go alone", self.judge.what(d), len(same), limit)
        messages = {self.first_message(o)["id"] for d, o in rest}
        last = max((d.send for d, _ in rest), default=0)
        for d, o in rest:
            if o["decision"] != "merged" or len(messages) != 1:
                self.findings.add("%s: %d that day, %d the limit: %s, in %d messages", self.judge.what(d), len(same), limit, o["decision"], len(messages))
        if len(messages) == 1 and not any(d.reminder.jitter for d, _ in rest):
            goes = self.record.deliveries[messages.pop()]["not_before"]
            if goes != last:
                self.findings.add("the message of the rest for %s goes at %d, the last one at %d", recipient, goes, last)

    # ---- follow-ups ----

    def check_follow_ups(self):
        series = {}
        for d, o in self.sent:
            series.setdefault((d.reminder.name, d.recipient, d.about), []).append((d, o))
        paused = any(event[0] == "pause" for event, *_ in self.judge.log)
        for same in series.values():
            same.sort(key=lambda p: p[1]["made"])
            for at, (d, o) in enumerate(same):
                if not d.world.limit and not paused and d.reminder.nudge and not d.recipient.startswith("room:"):
                    self.check_steps(d, o, [other for _, other in same[at + 1 :]])

    def check_steps(self, d, o, newer):
        person, place = d.world.people[d.recipient], d.world.place_of(d.reminder, d.recipient)
        after, most, escalate = d.reminder.nudge
        told = getattr(person, escalate) if escalate else None
        involved = [person] + ([d.world.people[told]] if told else [])
        begin = max(o["due"], o["planned"])
        answers = [at for at, a, _, _ in self.judge.answers if a is o]
        ends = min([n["made"] for n in newer if max(n["due"], n["planned"]) > begin] + answers, default=1 << 60)
        if any(p.away or p.absence.name for p in involved) or d.late or d.at != d.fire:
            return
        steps, at, n = [], begin + after * 1000, 0
        while True:
            target = person if n < most else involved[-1]
            there = d.world.places[target.place]
            allowed = there.allowed_at(-(-at // 1000), 7 * DAY, d.reminder.what_shifts(), d.reminder.anywhere)
            if (n == most and not told) or at >= ends or allowed is None:
                break
            if allowed * 1000 > at and allowed != -(-at // 1000):
                at = allowed * 1000
                continue
            steps.append((at, "nudge" if n < most else "escalate"))
            if n == most:
                break
            n += 1
            at = max(begin + after * 1000 * (n + 1), at + after * 500)
        if not self.is_calm(o["made"], max([s[0] for s in steps], default=o["made"]) + 1000) or place is None:
            return
        if any(a is o and answer == "snooze" for _, a, answer, _ in self.judge.answers):
            return
        if any(a in ("less", "stop") and x["recipient"] in [p.name for p in involved] for _, x, a, _ in self.judge.answers):
            return
        self.judge.checked += 1
        made = sorted((m["created"], m["purpose"]) for m in self.record.of_item.get(o["id"], []) if m["purpose"] == "nudge")
        expected = [s for s in steps if s[1] == "nudge" and s[0] < self.last]
        if made != expected:
            self.findings.add("%s: nudged at %s, expected %s", self.judge.what(d), made, expected)
        word = self.record.by_key.get((d.reminder.name, told, d.recipient, o["local"], 2000), [])
        due = [s[0] for s in steps if s[1] == "escalate" and s[0] < self.last]
        if due and not word:
            self.findings.add("%s: %s should have been told at %s", self.judge.what(d), told, due)

    # ---- previews ----

    def check_previews(self):
        for event, at, _, said in self.judge.log:
            if event[0] == "preview":
                for planned in said:
                    self.check_planned(at, planned, said)

    def waits_for_an_earlier(self, planned, said):
        """A slot that is left out is written down in turn: with a slot before it that goes later, at the earliest."""
        same = ("reminder", "recipient", "about")
        return planned["decision"] == "skipped" and any(
            p["due"] < planned["due"] and p["fire"] >= self.last and all(p[k] == planned[k] for k in same) for p in said)

    def check_planned(self, at, planned, said):
        key = tuple(planned[k] for k in ("reminder", "recipient", "about", "local", "pass"))
        found = self.record.by_key.get(key, [None])[0]
        decision = self.judge.shadow.known.get(key)
        if found and found["made"] <= at:
            return  # whoever moved west meets the same local time again, and gets nothing
        if planned["fire"] <= at or not self.is_calm(at, planned["fire"] + 1000):
            return
        if not found:
            if not self.waits_for_an_earlier(planned, said):
                self.findings.add("the preview at %s said, and it never was: %s", at, planned)
            return
        if not decision or decision.recipient.startswith("room:"):
            return
        home = zone(decision.world.place_of(decision.reminder, decision.recipient).zone_name)
        day = home.date(planned["fire"] // 1000)
        begin, end = home.first(day * DAY) * 1000, home.first((day + 1) * DAY) * 1000
        if decision.world.limit and (
            not self.is_calm(begin - DAY * 1000, end) or begin < at or self.is_told(planned["recipient"], day, begin - DAY * 1000, end)
        ):
            return
        self.judge.checked += 1
        same = (planned["decision"], planned["rule"]) == (found["decision"], found["rule"].split(":")[0])
        if not same or (planned["decision"] != "skipped" and planned["send"] != found["planned"]):
            self.findings.add("the preview at %s said %s, and it was %s", at, planned, found)
