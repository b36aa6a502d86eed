"""One oracle for every campaign on the real daemon: compares what the store says, what was logged and what the
receivers took. Knows the promises and the tables of the store, and nothing of how nudged works."""

import hashlib
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
STATES = ("held", "waiting", "delivered", "refused", "expired", "cancelled", "quarantined")
OPEN = ("held", "waiting")
SKIPPED = 3
ALONE = b"\1"


def id_text(blob):
    number = int.from_bytes(blob, "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def items_of(id, items):
    """The ids of what a delivery carries; one byte stands for the id before its own."""
    if items == ALONE:
        items = (int.from_bytes(id, "big") - 1).to_bytes(16, "big")
    return [id_text(items[at : at + 16]) for at in range(0, len(items), 16)]


def instant(id, stored):
    """Small numbers are milliseconds after the instant in the id."""
    small = 1 << 31
    if stored is None or abs(stored) >= small:
        return stored - (1 << 62) if stored and abs(stored - (1 << 62)) < small else stored
    return int.from_bytes(id[:6], "big") + stored


def mail_id(delivery):
    return hashlib.sha256(delivery.encode()).hexdigest()[:32]


class Store:
    """What nudged.db holds. It is read from a copy: looking must not change what a start will find."""

    def __init__(self, folder):
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("nudged.db", "nudged.db-wal"):
                if (Path(folder) / name).exists():
                    shutil.copy(Path(folder) / name, scratch)
            db = sqlite3.connect(Path(scratch) / "nudged.db")
            db.row_factory = sqlite3.Row
            self.integrity = [row[0] for row in db.execute("PRAGMA integrity_check")]
            self.occurrences = {id_text(r["id"]): self.occurrence(r) for r in db.execute("SELECT * FROM occurrence")}
            self.deliveries = {id_text(r["id"]): self.delivery(r) for r in db.execute("SELECT * FROM delivery")}
            self.pauses = {r["what"]: r["reason"] for r in db.execute("SELECT * FROM pause")}
            self.carried = {(id_text(r["occurrence"]), id_text(r["delivery"])) for r in db.execute("SELECT * FROM carried")}
            db.close()

    @staticmethod
    def occurrence(row):
        instants = {name: instant(row["id"], row[name]) for name in ("due_at", "planned_at")}
        return dict(row, **instants, id=id_text(row["id"]), rule="schedule: on schedule" if row["rule"] == "" else row["rule"])

    @staticmethod
    def delivery(row):
        instants = {name: instant(row["id"], row[name]) for name in ("created_at", "not_before_at", "expire_at")}
        items = items_of(row["id"], row["items"])
        return dict(row, **instants, id=id_text(row["id"]), state=STATES[row["state"]], items=items, alone=row["items"] == ALONE,
                    reason="delivered" if row["reason"] == "" else row["reason"])


class Oracle:
    """receipts: peer.faults.Receipt. events: harness.Event, of all runs in order. died_at: the instants of crashes, and
    at_risk: how many deliveries each may repeat. may_repeat(channel): copies that are allowed without a crash. Channels to
    ignore have no receipts worth comparing."""

    def __init__(self, folder, receipts, events=(), died_at=(), at_risk=0, may_repeat=lambda channel: 1, ignore=()):
        self.store, self.events, self.ignore = Store(folder), list(events), set(ignore)
        self.receipts = [r for r in receipts if r.channel not in self.ignore]
        self.died_at, self.at_risk, self.may_repeat = sorted(died_at), at_risk, may_repeat
        self.findings = []
        self.repeats = self.most_repeated = 0  # copies in all, and of one crash
        self.mails = {mail_id(id): id for id in self.store.deliveries}
        self.marks = defaultdict(list)
        for delivery in self.store.deliveries.values():
            for item in delivery["items"]:
                if item in self.store.occurrences:
                    self.marks[self.store.occurrences[item]["reminder"]].append(delivery["id"])

    def add(self, words, *values):
        if len(self.findings) < 60:
            self.findings.append(words % values)

    def judge(self):
        self.copies = self.match()
        self.judge_store()
        self.judge_events()
        self.judge_copies()
        self.judge_crashes()
        return self.findings

    # ---- receipts and deliveries ----

    def delivery_of(self, receipt):
        """A webhook says its delivery, a mail a hash of it, a room only the reminder's mark in its text."""
        id = receipt.id
        if id and "@" in id:
            id = self.mails.get(id.strip("<> ").split("@")[0])
        elif not id:
            known = [d for d in self.marks[receipt.mark] if self.store.deliveries[d]["channel"] == receipt.channel]
            id = known[0] if len(known) == 1 else None
        return self.store.deliveries.get(id)

    def match(self):
        """Receipts by delivery and channel, in order of time."""
        copies = defaultdict(list)
        for receipt in self.receipts:
            delivery = self.delivery_of(receipt)
            if not delivery:
                self.add("sent and not recorded: %s", receipt)
                continue
            if receipt.occurrences is not None and receipt.occurrences != delivery["items"]:
                self.add("sent %s, recorded %s", receipt, delivery["items"])
            copies[delivery["id"], receipt.channel].append(receipt)
        return copies

    # ---- the store alone ----

    def judge_store(self):
        if self.store.integrity != ["ok"]:
            self.add("the database is damaged: %s", self.store.integrity[:3])
        keys = Counter((o["reminder"], o["recipient"], o["about"], o["local"], o["pass"]) for o in self.store.occurrences.values())
        for key, count in keys.items():
            if count > 1:
                self.add("recorded %d times: %s", count, key)
        carried = {(item, d["id"]) for d in self.store.deliveries.values() for item in d["items"]}
        told = {(d["items"][0], d["id"]) for d in self.store.deliveries.values() if d["alone"]}
        for pair in carried ^ (self.store.carried | told):
            self.add("the tables of what is carried differ: %s", pair)
        for delivery in self.store.deliveries.values():
            self.judge_delivery(delivery)
        for occurrence in self.store.occurrences.values():
            if occurrence["state"] != SKIPPED and not any(occurrence["id"] == item for item, _ in carried):
                self.add("recorded, and in no delivery: %s of %s", occurrence["id"], occurrence["reminder"])

    def judge_delivery(self, delivery):
        if not delivery["items"] or any(item not in self.store.occurrences for item in delivery["items"]):
            self.add("a delivery of unknown occurrences: %s", delivery["id"])
        if delivery["state"] in OPEN:
            if delivery["next_at"] is None and delivery["not_before_at"] is None:
                self.add("open without a next try: %s", delivery["id"])
        elif not delivery["reason"]:
            self.add("%s without a reason: %s", delivery["state"], delivery["id"])

    # ---- the log ----

    def judge_events(self):
        recorded = {e.occurrence for e in self.events if e.name == "recorded"}
        for id in recorded - set(self.store.occurrences):
            self.add("logged as recorded, and lost: %s", id)
        if not self.events:
            return
        written = {id for id, o in self.store.occurrences.items() if o["state"] != SKIPPED}
        # Killed between the commit and the log: a group for each crash.
        if len(written - recorded) > len(self.died_at) * self.at_risk:
            self.add("%d recorded and not logged, %d crashes: %s", len(written - recorded), len(self.died_at), list(written - recorded)[:3])
        delivered = {e.delivery for e in self.events if e.name == "delivered"}
        for delivery in self.store.deliveries.values():
            if delivery["state"] == "delivered" and delivery["id"] not in delivered:
                self.add("delivered, and not logged: %s", delivery["id"])
            if delivery["state"] != "delivered" and delivery["id"] in delivered and not self.died_at:
                self.add("logged as delivered, and %s: %s", delivery["state"], delivery["id"])

    # ---- all three ----

    def judge_copies(self):
        taken = {id for id, _ in self.copies}
        for delivery in self.store.deliveries.values():
            if delivery["channel"] in self.ignore:
                continue
            if delivery["state"] == "delivered" and (delivery["id"], delivery["channel"]) not in self.copies:
                self.add("delivered, and nobody has it: %s by %s", delivery["id"], delivery["channel"])
            sure = self.may_repeat(delivery["channel"]) < 2
            if delivery["state"] != "delivered" and delivery["id"] in taken and sure and not self.died_at:
                self.add("taken, and %s: %s by %s (%s)", delivery["state"], delivery["id"], delivery["channel"], delivery["reason"])
        for (id, channel), receipts in self.copies.items():
            repeats = [b for a, b in zip(receipts, receipts[1:]) if not self.died_between(a.at, b.at)]
            self.repeats += len(receipts) - 1
            if len(repeats) + 1 > self.may_repeat(channel):
                self.add("taken %d times without a crash between: %s by %s, attempts %s", len(repeats) + 1, id, channel,
                         [r.attempt for r in receipts])

    def died_between(self, since, until):
        return any(since <= at <= until for at in self.died_at)

    def judge_crashes(self):
        """What a crash repeats was in flight: taken before it, and again later."""
        again = Counter()
        for receipts in self.copies.values():
            for a, b in zip(receipts, receipts[1:]):
                first = next((at for at in self.died_at if a.at <= at <= b.at), None)
                again[first] += first is not None
        for at, count in again.items():
            self.most_repeated = max(self.most_repeated, count)
            if count > self.at_risk:
                self.add("crash %d repeated %d deliveries, and at most %d were in flight", self.died_at.index(at), count, self.at_risk)
