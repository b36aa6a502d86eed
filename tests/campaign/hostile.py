#!/usr/bin/python3
"""The campaign with receivers that misbehave: every fault of peer.faults on a channel of its own beside calm ones, and
one dead receiver among fifty. The oracle compares store, log and receipts; the calm ones must not notice.

usage: hostile.py [--rounds N]             every fault N times
       hostile.py --dead [--seconds N]     each fault in turn, for ever, on one channel of fifty
       hostile.py [--dead] --only WORD     the faults whose name contains it

Exit 1 when there are findings.
"""

import argparse
import copy
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from oracle import Oracle  # noqa: E402
from peer.faults import (DELIVERED, EXPIRED, HTTP, ONCE, REFUSED, RETRIED, SMTP, TWICE, UNSURE, Book, Peer, Row, Talk,  # noqa: E402
                         certificates, for_ever)
from peer.names import Names, available  # noqa: E402
from peer.receivers import Authority  # noqa: E402
from scenario.harness import Daemon, eventually, free_port, person, reminder, utc  # noqa: E402

CALM = 10
FIFTY = 50
LATENESS_MAX = 1.0
FINAL = ("delivered", "refused", "expired")


class Way:
    """A channel with the row of its fault, its peer, and what is sent through it."""

    def __init__(self, number, kind, name, row, book, papers):
        self.id, self.kind, self.name, self.row = f"{kind}-{number}", kind, name, row
        self.peer = Peer(book, self.id, kind, row, papers)
        self.port = free_port() if row.late else self.peer.start().receiver.port
        self.host = f"{self.id}.test" if row.name else "127.0.0.1"

    def channel(self, authority):
        tls = self.row.tls
        if self.kind == "mail":
            more = f'url = "smtp://{self.host}:{self.port}"; from = "Practice <practice@example.org>"; '
            more += f'ca_file = "{authority}"; ' if tls else 'tls = "none"; '
        else:
            more = f'url = "http{"s" if tls else ""}://{self.host}:{self.port}/in"; dialect = "{self.kind}"; '
            more += f'ca_file = "{authority}"; ' if tls else ""
        plugin = "email" if self.kind == "mail" else "webhook"
        return (f'{{ id = "{self.id}"; plugin = "{plugin}"; {more} allow_private = true; timeout = "1s"; retry_base = "300ms"; '
                f'retry_max = "600ms"; concurrency = 1; }},')

    def people(self):
        if self.kind == "slack":
            return ""
        address = f'address = {{ {self.id} = "{self.id}@example.org"; }};' if self.kind == "mail" else ""
        return person(f"p-{self.id}", address, self.id)

    def reminders(self, due):
        whom = f"room:{self.id}" if self.kind == "slack" else f"p-{self.id}"
        out = ""
        for n in range(self.row.messages):
            id = f"r-{self.id}-{n}"
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due + n))
            out += reminder(id, whom, f'at = "{at}"', f'title = "mark-{id}-kram";')
        return out

    def copies(self):
        """How many the receiver may have without a crash (DELIVERY.md, 0): generic ones drop doubles."""
        return 2 if self.row.ends[self.kind] in (TWICE, UNSURE) else 1

    def judge(self, deliveries, receipts):
        end, said = self.row.ends[self.kind], []
        wanted = {DELIVERED: ("delivered", 1), ONCE: ("delivered", 1), RETRIED: ("delivered", 1), TWICE: ("delivered", 2),
                  REFUSED: ("refused", 0), EXPIRED: ("expired", 0), UNSURE: ("expired", 2)}[end]
        if len(deliveries) != self.row.messages:
            said.append(f"{len(deliveries)} messages, {self.row.messages} were due")
        for delivery in deliveries:
            if delivery["state"] != wanted[0]:
                said.append(f"{delivery['state']} after {delivery['attempts']} attempts ({delivery['reason']}), not {wanted[0]}")
        if end == DELIVERED and any(d["attempts"] != 1 for d in deliveries) or end == RETRIED and any(d["attempts"] < 2 for d in deliveries):
            said.append(f"attempts {[d['attempts'] for d in deliveries]}, and it should be {end}")
        most = wanted[1] * self.row.messages
        if len(receipts) > most:
            said.append(f"{len(receipts)} copies, and at most {most} are allowed")
        if receipts and receipts[0].at - min(d["created_at"] for d in deliveries) / 1000 < self.row.least:
            said.append(f"asked for {self.row.least} s, and tried again after {receipts[0].at - deliveries[0]['created_at'] / 1000:.1f} s")
        return [f"{self.kind}, {self.name}: {words}" for words in said]


class Calm:
    """Channels that behave, with a message each second."""

    def __init__(self, count, book):
        self.ids = [f"calm-{n}" for n in range(count)]
        self.peers = [Peer(book, id, "generic", Row(Talk.good, DELIVERED, times=0)).start() for id in self.ids]

    def channels(self):
        return "".join(f'{{ id = "{id}"; plugin = "webhook"; url = "http://127.0.0.1:{p.receiver.port}/in"; allow_private = true; }},'
                       for id, p in zip(self.ids, self.peers))

    def people(self):
        return "".join(person(f"p-{id}", "", id) for id in self.ids)

    def reminders(self):
        return reminder("tick", " ".join(f"p-{id}" for id in self.ids), 'every = "1s"')

    def lateness(self, oracle, since):
        """Seconds, sorted, of what was due from then on."""
        late = []
        for receipt in oracle.receipts:
            if receipt.channel in self.ids:
                due = oracle.store.occurrences[receipt.occurrences[0]]["due_at"] / 1000
                if due >= since:
                    late.append(receipt.at - due)
        return sorted(late)

    def stop(self):
        for peer in self.peers:
            peer.stop()


def p99(sorted_values):
    return sorted_values[min(len(sorted_values) * 99 // 100, len(sorted_values) - 1)]


def ended(daemon, ways):
    ids = {w.id for w in ways}
    return sum(1 for e in daemon.events() if e.name in FINAL and e.channel in ids) >= sum(w.row.messages for w in ways)


class Stage:
    """The ways with their faults, calm channels beside them, and one daemon for all: what happened, and who was late."""

    def __init__(self, folder, rows, calm):
        self.folder = Path(folder)
        (self.folder / "stranger").mkdir(parents=True)
        self.authority = Authority(self.folder)
        papers = certificates(self.authority, Authority(self.folder / "stranger"))
        self.book = Book()
        self.ways = [Way(n, kind, name, row, self.book, papers) for n, (kind, name, row) in enumerate(rows)]
        self.calm = Calm(calm, self.book)
        self.names = Names(self.folder / "names") if any(w.row.name for w in self.ways) else None

    def __enter__(self):
        if self.names:
            self.names.__enter__()
            for way in self.ways:
                if way.row.name:
                    self.names.misbehave(way.host, way.row.name, way.row.times or 1)
        return self

    def __exit__(self, *_):
        for way in self.ways:
            way.peer.stop()
        self.calm.stop()
        if self.names:
            self.names.__exit__()

    def daemon(self, reminders):
        ways = self.ways
        return Daemon(self.folder / "nudged", channels=self.calm.channels() + "".join(w.channel(self.authority.file) for w in ways),
                      people=self.calm.people() + "".join(w.people() for w in ways), reminders=self.calm.reminders() + reminders)

    def how(self):
        return {"wrap": self.names.wrap()} if self.names else {}

    def judge(self, daemon, since, **how):
        """The findings of the oracle, the store, and the lateness of the calm ones."""
        by_id = {w.id: w for w in self.ways}
        oracle = Oracle(self.folder / "nudged/state", self.book.receipts, daemon.events(),
                        may_repeat=lambda channel: by_id[channel].copies() if channel in by_id else 1, **how)
        findings = oracle.judge()
        late = self.calm.lateness(oracle, since)
        if not late or p99(late) > LATENESS_MAX:
            findings.append(f"the calm ones were late: {late[-3:]}")
        return findings, oracle.store, late


def run_faults(folder, rows):
    """All these rows, [(kind, name, row)], at once: the findings, and the lateness of the calm ones."""
    with Stage(folder, rows, CALM) as stage:
        due = utc(4)[1]
        daemon = stage.daemon("".join(w.reminders(due) for w in stage.ways))
        with daemon.start(**stage.how()):
            for way in sorted(stage.ways, key=lambda w: w.row.late):
                if way.row.late:
                    time.sleep(max(due + way.row.late - time.time(), 0))
                    way.peer.start(way.port)
            try:
                eventually("every message has its end", lambda: ended(daemon, stage.ways), 60)
            except AssertionError:
                pass  # the rows say which
            daemon.stop()
        findings, store, late = stage.judge(daemon, due)
        for way in stage.ways:
            findings += way.judge([d for d in store.deliveries.values() if d["channel"] == way.id], stage.book.of(way.id))
    return findings, late


def run_dead(folder, kind, name, seconds=4):
    """One channel of fifty has this fault for ever, and as much to send as every other."""
    row = copy.copy((SMTP if kind == "mail" else HTTP)[name])
    row.times, row.late = for_ever, 0
    with Stage(folder, [(kind, name, row)], FIFTY - 1) as stage:
        way = stage.ways[0]
        whom = f"room:{way.id}" if kind == "slack" else f"p-{way.id}"
        daemon = stage.daemon(reminder("dead", whom, 'every = "1s"', f'title = "mark-{way.id}-kram";'))
        with daemon.start(**stage.how()):
            since = time.time() + 1
            time.sleep(seconds + 1)
            died_at = time.time()
            daemon.kill()  # a stop waits for what is under way
        findings, _, late = stage.judge(daemon, since, ignore=[way.id], died_at=[died_at], at_risk=FIFTY)
    return [f"{kind}, {name}: {words}" for words in findings], late


def all_rows(word=""):
    """(kind, name, row) of the whole table; without the names where no name server can be had."""
    rows = [(kind, name, row) for name, row in HTTP.items() for kind in row.ends]
    rows += [("mail", name, row) for name, row in SMTP.items()]
    names = available()
    return [r for r in rows if word in r[1] and (names or not r[2].name)]


def each(rows, rounds, dead, seconds):
    """(findings, lateness) of every run."""
    for _ in range(rounds):
        for kind, name, _ in rows if dead else [(None, None, None)]:
            with tempfile.TemporaryDirectory(prefix="nudged-hostile-") as folder:
                yield run_dead(folder, kind, name, seconds) if dead else run_faults(folder, rows)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dead", action="store_true")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    rows, start, bad, late = all_rows(args.only), time.monotonic(), 0, []
    if not available():
        print("without the faults of names: they need root, mounts of their own and port 53 of a loopback address")
    for findings, lateness in each(rows, args.rounds, args.dead, args.seconds):
        bad, late = bad + len(findings), sorted(late + lateness)
        for finding in findings:
            print(finding, flush=True)
    print(f"{len(rows)} faults{', each as the dead one of 50' if args.dead else ''}, {args.rounds} rounds: {bad} findings, "
          f"lateness of the others p99 {p99(late) * 1000:.0f} ms, most {late[-1] * 1000:.0f} ms of {len(late)}, "
          f"in {time.monotonic() - start:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
