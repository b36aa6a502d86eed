"""Compares what nudged recorded and sent with what it had to, and with what may never happen."""

from calm import Calm
from shadow import Shadow
from zones import DAY, zone

ESCALATION_PASS = 2000
MINUTE = 60000


class Findings(list):
    def add(self, words, *args):
        if len(self) < 40:
            self.append(words % args)


def key_of(o):
    return (o["reminder"], o["recipient"], o["about"], o["local"], o["pass"])


def clock(ms):
    from datetime import datetime, timezone

    if ms is None:
        return "never"
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Record:
    """What is in the store at the end, and what the receivers saw."""

    def __init__(self, log):
        last = next((entry for entry in reversed(log) if entry[0][0] == "dump"), None)
        self.whole = last is not None
        said = last[3] if last else []
        self.now = last[1] if last else 0
        self.occurrences = {s["id"]: s for s in said if s["e"] == "occurrence"}
        self.deliveries = {s["id"]: s for s in said if s["e"] == "delivery"}
        self.got = [s for entry in log for s in entry[3] if s["e"] == "got"]
        self.by_key = {}
        for o in self.occurrences.values():
            self.by_key.setdefault(key_of(o), []).append(o)
        self.of_item = {}
        for d in self.deliveries.values():
            for item in d["items"]:
                self.of_item.setdefault(item, []).append(d)

    def find(self, decision):
        for key in decision.keys:
            if key in self.by_key:
                return self.by_key[key][0]
        return None


class Judge:
    def __init__(self, story, log):
        self.story, self.log = story, log
        self.record = Record(log)
        self.findings = Findings()
        self.shadow = Shadow(story.start_at)
        self.shadow.was_left_out = self.was_left_out
        self.checked = 0
        self.backwards = False
        self.answers = []

    def was_left_out(self, reminder, slot):
        return any(
            o["rule"].startswith("less")
            for o in self.record.occurrences.values()
            if o["reminder"] == reminder.name and o["due"] == slot.utc * 1000
        )

    # ---- the story again ----

    def tell(self):
        shadow = self.shadow
        worlds = [self.story.world]
        missed, resets, died = [], [], None
        for event, before, after, said in self.log:
            kind = event[0]
            for s in said:
                if s["e"] == "missed":
                    missed.append(s)
                elif s["e"] == "store_failed":
                    self.findings.add("at %s: %s", clock(s["t"]), s["message"].split(" cannot ")[-1])
                elif s["e"] == "mark_reset":
                    resets.append(s["t"])
                elif s["e"] == "died":
                    died = dict(s, midway=kind != "kill")
            if kind == "start":
                self.start(worlds[-1], said, after, died)
                died = None
            elif kind == "advance":
                shadow.advance(after)
            elif kind == "step":
                self.backwards |= after < before
                shadow.step(after)
            elif kind == "reload" and not any(s["e"] == "complaint" for s in said):
                worlds.append(event[1])
                shadow.reload(event[1], after)
            elif kind == "reload":
                self.findings.add("a configuration is refused: %s", said[:2])
            elif kind == "pause":
                until = 1 << 60 if event[2] == "never" else event[2]
                if self.ok_pause(event[1]):
                    shadow.pauses[event[1]] = (after, until)
            elif kind == "resume":
                shadow.pauses.pop(event[1], None)
            elif kind == "answer":
                self.answer(said, after)
        self.compare_missed(missed)
        if resets != shadow.resets:
            self.findings.add("the mark was reset at %s, expected %s", resets, shadow.resets)

    def ok_pause(self, what):
        word, _, name = what.partition(":")
        world = self.shadow.world
        return {
            "all": lambda: True,
            "person": lambda: name in world.people,
            "reminder": lambda: name in world.reminders,
            "team": lambda: any(name in p.teams for p in world.people.values()),
        }[word]()

    def start(self, world, said, at, died):
        mark = next((s["mark"] for s in said if s["e"] == "starting"), "")
        mark = int(mark) if mark else None
        shadow = self.shadow
        if mark is not None and shadow.passes:
            midway = died is not None and died["midway"]
            lost = len(shadow.passes)

            def recorded(decision):
                o = self.record.find(decision)
                return o is not None and (not died or o["id"] <= died["durable"])

            fits = shadow.die(mark, recorded)
            if not fits or lost - len(shadow.passes) > (2 if midway else 0):
                self.findings.add("the mark is %s at the start at %s", clock(mark), clock(at))
        shadow.start(world, at, mark)

    def answer(self, said, at):
        for s in said:
            if s["e"] != "answered" or s["error"]:
                continue
            o = self.record.occurrences.get(s["occurrence"])
            if not o:
                self.findings.add("an answer to %s, which is not in the record", s["occurrence"])
                continue
            self.answers.append((at, o, s["answer"], s["snooze"]))
            if s["answer"] in ("less", "stop"):
                self.shadow.pauses["%s:%s:%s" % (s["answer"], o["recipient"], o["reminder"])] = (at, 1 << 60)

    def compare_missed(self, missed):
        said = sorted((s["t"], s["message"].split(" slots")[0], s["message"].split(" in ")[-1].split(" and")[0]) for s in missed)
        due = sorted((t, "%s: %d" % (r, n), p) for t, r, p, n, _ in self.shadow.missed)
        for line in [s for s in said if s not in due][:3]:
            self.findings.add("counted as missed, and should not be: %s %s", clock(line[0]), line[1:])
        for line in [d for d in due if d not in said][:3]:
            self.findings.add("missed and not counted: %s %s", clock(line[0]), line[1:])

    # ---- decisions ----

    def what(self, d):
        return "%s for %s%s, due %s (fires %s, decided %s)" % (
            d.reminder.name,
            d.recipient,
            " about " + d.about if d.about else "",
            clock(d.slot.utc * 1000),
            clock(d.fire),
            clock(d.at),
        )

    def compare_decisions(self):
        expected = set()
        for d in self.shadow.decisions:
            o = self.record.find(d)
            self.checked += 1
            if not o:
                self.findings.add("nothing is recorded of %s: %s", self.what(d), "to be sent" if d.sent else d.rule)
                continue
            expected.add(o["id"])
            self.compare_one(d, o)
        for o in self.record.occurrences.values():
            if o["id"] not in expected and o["pass"] != ESCALATION_PASS:
                self.findings.add("recorded, and should not be: %s due %s made %s, %s", key_of(o), clock(o["due"]), clock(o["made"]), o["rule"])

    def compare_one(self, d, o):
        skipped = o["state"] == "skipped"
        if skipped == d.sent:
            self.findings.add("%s: recorded as %s (%s), expected %s", self.what(d), o["decision"], o["rule"], d.rule or "sent")
            return
        if o["due"] != d.slot.utc * 1000:
            self.findings.add("%s: due %s in the record", self.what(d), clock(o["due"]))
        if o["made"] != d.at and (not self.backwards or o["made"] < d.at):
            self.findings.add("%s: decided at %s", self.what(d), clock(o["made"]))
        rule = o["rule"].split(":")[0]
        if skipped and rule != d.rule:
            self.findings.add("%s: skipped by %s, expected %s", self.what(d), rule, d.rule)
        if not skipped:
            self.compare_sent(d, o)

    def compare_sent(self, d, o):
        place = d.world.place_of(d.reminder, d.recipient)
        planned, limited = o["planned"], d.world.limit and not d.recipient.startswith("room:")
        if planned < d.send:
            self.findings.add("%s: early, planned for %s", self.what(d), clock(planned))
        if o["decision"] == "merged":
            if not limited:
                self.findings.add("%s: merged without a limit", self.what(d))
        elif planned >= d.send + max(d.reminder.jitter * 1000, 1):
            self.findings.add("%s: planned for %s", self.what(d), clock(planned))
        elif (o["decision"] == "shifted") != d.shifted:
            self.findings.add("%s: %s", self.what(d), o["decision"])
        # A message that gathers goes at the last one's time, which may be anywhere's.
        why_not = place.why_not(planned // 1000, d.reminder.what_shifts(), d.reminder.anywhere)
        if planned != d.fire and o["decision"] != "merged" and why_not:
            self.findings.add("%s: planned for %s, in %s", self.what(d), clock(planned), why_not)
        messages = self.record.of_item.get(o["id"], [])
        reminds = [m for m in messages if m["purpose"] == "remind"]
        person = d.world.people.get(d.recipient)
        ways = 1 if not person or not person.via_all else len(person.via)
        snoozes = sum(1 for _, a, answer, _ in self.answers if a is o and answer == "snooze")
        again = o["nudges"] + snoozes
        # Where days are limited, it and its nudges may be taken up by one that is on its way.
        if not messages or len(messages) > ways + again or (not limited and len(reminds) != ways):
            self.findings.add("%s: in %d messages, %d as a reminder", self.what(d), len(messages), len(reminds))

    # ---- invariants ----

    def check_once(self):
        for key, same in self.record.by_key.items():
            if len(same) > 1:
                self.findings.add("%s is recorded %d times", key, len(same))

    def check_deliveries(self):
        accepted = {}
        for got in self.record.got:
            if got["answer"] == "ok":
                accepted.setdefault(got["delivery"], []).append(got)
            self.check_got(got)
        deaths = sum(1 for e in self.log if any(s["e"] == "died" for s in e[3]))
        again = 0
        for d in self.record.deliveries.values():
            self.checked += 1
            n = len(accepted.get(d["id"], []))
            again += max(n - 1, 0)
            if d["state"] in ("held", "waiting"):
                if d["expire"] <= self.record.now and d["not_before"] <= self.record.now:
                    self.findings.add("the message %s for %s is %s after its time: %s", d["id"], d["recipient"], d["state"], d)
            elif not d["reason"]:
                self.findings.add("the message %s ended %s without a reason", d["id"], d["state"])
            if d["state"] == "delivered" and not n:
                self.findings.add("delivered, and nobody got it: %s", d)
            if n and d["state"] != "delivered" and not deaths:
                self.findings.add("accepted, and %s: %s", d["state"], d)
            if d["next"] and d["expire"] < d["not_before"]:
                self.findings.add("it expires before it may go: %s", d)
        if again > deaths * 8:
            self.findings.add("%d messages arrived again, %d deaths", again, deaths)

    def check_got(self, got):
        d = self.record.deliveries.get(got["delivery"])
        if not d:
            self.findings.add("a message that is not in the record: %s", got)
            return
        if got["t"] < d["not_before"] and not self.backwards:
            self.findings.add("a message for %s is early: %s", d["recipient"], got)
        if got["t"] >= d["expire"]:
            self.findings.add("a message for %s is tried after its expiry %s: %s", d["recipient"], clock(d["expire"]), got)
        for item in got["items"]:
            if item not in self.record.occurrences:
                self.findings.add("an item that is not in the record: %s", got)

    def check_limit(self):
        if self.shadow.resets:
            return  # the same dates came several times, with days between them
        used = {}
        for d in self.record.deliveries.values():
            if d["budget"] > 0 and d["state"] != "cancelled":
                used.setdefault((d["recipient"], d["budget"]), []).append(d)
        limit = max(w.limit for w in [self.story.world])
        for (recipient, day), messages in used.items():
            if limit and len(messages) > limit:
                self.findings.add("%s has %d messages on day %d, %d the limit", recipient, len(messages), day, limit)

    def simulated_ms(self):
        return sum(max(after - before, 0) for event, before, after, _ in self.log if event[0] in ("advance", "down"))

    def judge(self):
        first = self.log[0][3]
        bad = [s for s in first if s["e"] in ("complaint", "error")]
        if bad:
            self.findings.add("no start: %s", bad[:2])
            return self.findings
        self.tell()
        self.compare_decisions()
        self.check_once()
        self.check_deliveries()
        self.check_limit()
        if self.record.whole:
            Calm(self).check()
        return self.findings
