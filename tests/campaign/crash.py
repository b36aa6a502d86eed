#!/usr/bin/python3
"""The campaign of crashes: a busy daemon is killed at random instants, or at the k-th call of each system call, and
started again on the same folder. The oracle compares store, log and receipts; what was answered must be there.

usage: crash.py --kills N [--seed N]             random instants
       crash.py --calls all|NAME,... [--step N]  every (system call, k) of a busy run, or each N-th k

Exit 1 when there are findings.
"""

import argparse
import json
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from oracle import Oracle  # noqa: E402
from peer.faults import DELIVERED, Book, Peer, Row, mail, smtp  # noqa: E402
from scenario.harness import Daemon, Event, eventually, person, reminder  # noqa: E402

PEOPLE = 150
EPOCH = 40  # kills on one folder
READY_MAX = 2.0
CONCURRENCY = 4
NEVER = 'at = "2190-01-01T00:00:00Z"'
GROUP = 256  # outcomes of one commit
CALLS = ("write pwrite64 writev fdatasync fsync ftruncate unlink unlinkat rename openat close sendto sendmsg recvfrom recvmsg "
         "read pread64 connect accept4 socket epoll_ctl epoll_wait futex mmap munmap fcntl fstat timerfd_settime poll").split()


class World:
    """A folder, three channels, and a daemon that always has something to do."""

    def __init__(self, folder, pause_s=0.012):
        self.book = Book()

        def slowly(talk):
            time.sleep(pause_s)
            talk.good()

        self.hooks = [Peer(self.book, f"hook-{n}", "generic", Row(slowly, DELIVERED, times=10**9)).start() for n in range(2)]
        self.mail = Peer(self.book, "mail", "mail", mail(smtp(), DELIVERED, times=0)).start()
        # Not one that an outgoing connection may have by the next start.
        listen = f'listen = "127.0.0.1:{random.SystemRandom().randrange(20000, 30000)}";'
        self.daemon = Daemon(Path(folder) / "nudged", top=listen, channels=self.channels(), people=self.people(),
                             reminders=self.reminders())
        self.died_at, self.ready_s = [], []
        self.kept = {}  # what was answered ok: (kind, key): value

    def channels(self):
        more = f'allow_private = true; retry_base = "20ms"; retry_max = "100ms"; concurrency = {CONCURRENCY};'
        out = "".join(f'{{ id = "{p.channel}"; plugin = "webhook"; url = "http://127.0.0.1:{p.receiver.port}/in"; {more} }},' for p in self.hooks)
        return out + (f'{{ id = "mail"; plugin = "email"; url = "smtp://127.0.0.1:{self.mail.receiver.port}"; tls = "none"; '
                      f'from = "Practice <practice@example.org>"; {more} }},')

    @staticmethod
    def people():
        ways = ("hook-0", "hook-1", "hook-0", "hook-1", "mail")
        return "".join(person(f"p{n}", f'address = {{ mail = "p{n}@example.org"; }};', ways[n % 5]) for n in range(PEOPLE))

    @staticmethod
    def reminders(schedule='every = "1s"'):
        rare = "".join(f'{{ id = "rare-{n}"; kind = "note"; at = "2190-01-01T00:00:00Z"; to = [ "p0" ]; text = "Rare."; }},'
                       for n in range(EPOCH * 4))
        return reminder("tick", "all", schedule, 'title = "mark-tick-kram"; catch_up = "all"; grace = "5min";') + rare

    def close(self):
        for peer in [*self.hooks, self.mail]:
            peer.stop()
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.kill()
        Path(self.daemon.control).unlink(missing_ok=True)

    # ---- one life ----

    def ready(self, limit=30):
        """Seconds until it answers, or None when it ended before."""
        start = time.monotonic()
        while self.daemon.process.poll() is None and time.monotonic() - start < limit:
            if self.daemon.answers():
                return time.monotonic() - start
            time.sleep(0.002)
        return None

    def call(self, method, **parameters):
        """Asks the daemon as nudgectl does; raises when it dies meanwhile."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.daemon.control)
            s.sendall(json.dumps({"method": f"org.nudged.{method}", "parameters": parameters}).encode() + b"\0")
            answer = b""
            while not answer.endswith(b"\0"):
                more = s.recv(65536)
                if not more:
                    raise ConnectionResetError
                answer += more
        return json.loads(answer[:-1])

    def ask(self, number, chance):
        """An answer to something that arrived, or a pause: noted when it was answered ok."""
        text = f"text-{number}"
        with self.book.lock:
            known = [r.occurrences[0] for r in self.book.receipts[-40:] if r.occurrences]
        if known and chance.random() < 0.7:
            key, verb = ("answer", chance.choice(known)), "Answer"
            self.kept.pop(key, None)  # until it is answered, the store may have either
            reply = self.call("Answer", occurrence=key[1], answer=chance.choice(["done", "stuck"]), text=text)
        else:
            key, verb = ("pause", f"reminder:rare-{chance.randrange(EPOCH * 4)}"), "Pause"
            self.kept.pop(key, None)
            reply = self.call("Pause", what=key[1], reason=text)
        assert "error" not in reply, (verb, key, reply)
        self.kept[key] = text

    def life(self, number, chance):
        """Starts, works, dies."""
        self.daemon.spawn(level="info")
        process = self.daemon.process
        unborn = chance.random() < 0.15
        timer = None
        if unborn:
            timer = threading.Timer(chance.uniform(0, 0.03), process.kill)
            timer.start()
        ready = self.ready()
        if ready is None and not unborn:
            self.daemon.ended()
            raise AssertionError(f"it did not become ready: {self.daemon.log[-20:]}")
        if ready is not None:
            self.ready_s.append(ready)
        if not timer:
            timer = threading.Timer(chance.uniform(0, 0.12), process.kill)
            timer.start()
        asked = 0
        try:
            while process.poll() is None and ready is not None:
                self.ask(f"{number}-{asked}", chance)
                asked += 1
        except OSError:
            pass  # it died while it was asked
        timer.join()
        self.end()

    def end(self):
        """After its death: what it sent has arrived before anything of the next life can."""
        self.daemon.ended()
        for peer in [*self.hooks, self.mail]:
            peer.receiver.settle()
        self.died_at.append(time.time())

    def calm_down(self):
        """One more life without anything new, until nothing is open; then a stop."""
        self.daemon.write(reminders=self.reminders(NEVER))
        self.daemon.spawn(level="info")
        ready = self.ready()
        assert ready is not None, self.daemon.log[-20:]
        self.ready_s.append(ready)
        self.drain()
        # Who was killed three times with a message under way does not send it again unasked.
        suspects = {e.delivery for e in self.daemon.events("quarantined")}
        for delivery in suspects:
            self.call("Retry", delivery=delivery)
        self.quarantined = len(suspects)
        self.drain()
        self.daemon.stop()

    def drain(self):
        try:
            eventually("nothing waits", lambda: self.daemon.status()["counts"]["waiting"] == 0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.daemon.rows('deliveries')[:5]} {self.daemon.log[-10:]}") from error

    # ---- what became of it ----

    @staticmethod
    def is_needless(store, delivery):
        """Everything in it was answered before it went, or before its arrival could be recorded."""
        return delivery["reason"] == "answered" and all(store.occurrences[item]["answer"] for item in delivery["items"])

    def judge(self, events=None):
        events = self.daemon.events() if events is None else events
        oracle = Oracle(self.daemon.folder / "state", self.book.receipts, events, died_at=self.died_at,
                        at_risk=3 * CONCURRENCY + GROUP)
        findings = oracle.judge()
        findings += [f"{d['state']} and not delivered: {d['id']} by {d['channel']}: {d['reason']}"
                     for d in oracle.store.deliveries.values() if d["state"] != "delivered" and not self.is_needless(oracle.store, d)]
        for (kind, key), text in self.kept.items():
            found = self.found(oracle.store, kind, key)
            if found != text:
                findings.append(f"answered ok and lost: {kind} {key} {text}, the store has {found}")
        for seconds in self.ready_s:
            if seconds > READY_MAX:
                findings.append(f"ready after {seconds:.1f} s")
        return findings, oracle

    @staticmethod
    def found(store, kind, key):
        if kind == "answer":
            return store.occurrences.get(key, {}).get("answer_text")
        return store.pauses.get(key)


# ---- random instants ----

def run_kills(folder, kills, seed):
    """An epoch: (findings, lives, repeats, most repeats of a crash, slowest start)."""
    chance = random.Random(seed)
    world = World(folder)
    try:
        for number in range(kills):
            world.life(number, chance)
        world.calm_down()
        findings, oracle = world.judge()
    finally:
        world.close()
    return findings, oracle, world


def campaign_kills(kills, seed, say=print):
    """An interrupt ends it early, and the figures are those until then."""
    start, bad, repeats, most, slowest, messages, quarantined = time.monotonic(), 0, 0, 0, 0, 0, 0
    done = 0
    for first in range(0, kills, EPOCH):
        with tempfile.TemporaryDirectory(prefix="nudged-crash-") as folder:
            try:
                findings, oracle, world = run_kills(folder, min(EPOCH, kills - first), seed + first)
            except KeyboardInterrupt:
                break
            except AssertionError as error:
                say(f"seed {seed + first}: {error}")
                bad += 1
                continue
            for finding in findings:
                say(f"seed {seed + first}: {finding}")
            if findings:
                shutil.copytree(folder, f"/tmp/nudged-crash-seed-{seed + first}", dirs_exist_ok=True)
        done = min(first + EPOCH, kills)
        bad += len(findings)
        repeats, most = repeats + oracle.repeats, max(most, oracle.most_repeated)
        quarantined += world.quarantined
        slowest, messages = max([slowest, *world.ready_s]), messages + len(oracle.store.deliveries)
    took = time.monotonic() - start
    say(f"{done} kills, {messages} messages, {bad} findings, {repeats} repeats, at most {most} a crash, {quarantined} quarantined, ready in {slowest:.2f} s at most, "
        f"{done / took:.1f} kills a second, in {took:.0f} s")
    return bad


# ---- every system call ----

class Template:
    """A folder of a daemon that died with open deliveries; each run begins with a copy of it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        world = World(self.folder / "template")
        for peer in world.hooks:
            peer.stop()
        world.mail.stop()
        world.daemon.start()
        eventually("enough is open", lambda: world.daemon.status()["counts"]["waiting"] >= PEOPLE)
        world.daemon.kill()
        world.close()
        self.state, self.log = world.daemon.folder / "state", list(world.daemon.log)

    def world(self, name):
        world = World(self.folder / name, 0)
        # Nothing new: what follows must not depend on how long ago the folder was made.
        world.daemon.write(reminders=world.reminders(NEVER))
        shutil.copytree(self.state, world.daemon.folder / "state")
        world.daemon.log = list(self.log)
        return world


def strace(folder, *options):
    return ["strace", "-D", "-f", "-qq", "-o", str(Path(folder) / "trace"), *options, "--"]


def works(world):
    """Until nothing is open and it was stopped, or it died. True: it lived."""
    if world.ready() is None:
        world.daemon.ended()
        return False
    process = world.daemon.process
    try:
        eventually("nothing waits", lambda: process.poll() is not None or world.call("Status")["parameters"]["status"]["counts"]["waiting"] == 0)
        process.terminate()
    except OSError:
        pass  # it died while it was asked
    return world.daemon.ended() == 0


def count_calls(template):
    """How often each system call is made by one thread of an undisturbed run."""
    world = template.world("count")
    try:
        world.daemon.spawn(wrap=strace(template.folder, f"-etrace={','.join(CALLS)}"))
        assert works(world), world.daemon.log[-20:]
    finally:
        world.close()
    counts = {}
    for line in (template.folder / "trace").read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match:
            counts[match[2], match[1]] = counts.get((match[2], match[1]), 0) + 1
    return {call: max((n for (c, _), n in counts.items() if c == call), default=0) for call in CALLS}


def run_call(template, call, k):
    """(findings, whether it died)"""
    name = f"{call}-{k}"
    world = template.world(name)
    try:
        world.daemon.spawn(wrap=strace(world.daemon.folder, f"-etrace={call}", f"-einject={call}:signal=KILL:when={k}"))
        lived = works(world)
        world.end()
        world.calm_down()
        findings, oracle = world.judge([Event(line) for line in world.daemon.log if "NUDGED_EVENT=" in line])
    except AssertionError as error:
        findings, lived, oracle = [str(error)[:2000]], False, None
    finally:
        world.close()
    shutil.rmtree(template.folder / name)
    return [f"{call} {k}: {f}" for f in findings], not lived, oracle


def campaign_calls(calls, step, say=print):
    start, runs, deaths, bad, repeats = time.monotonic(), 0, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="nudged-crash-") as folder:
        template = Template(folder)
        counts = count_calls(template)
        for call in calls:
            for k in range(1, counts[call] + 1, step):
                findings, died, oracle = run_call(template, call, k)
                runs, deaths, bad = runs + 1, deaths + died, bad + len(findings)
                repeats = max(repeats, oracle.most_repeated if oracle else 0)
                for finding in findings:
                    say(finding)
    took = time.monotonic() - start
    say(f"{runs} (system call, k) of {sum(counts[c] for c in calls)} in {len(calls)} system calls, {deaths} deaths, {bad} findings, "
        f"at most {repeats} repeats, in {took:.0f} s")
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--calls")
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    bad = 0
    if args.kills:
        bad += campaign_kills(args.kills, args.seed)
    if args.calls:
        bad += campaign_calls(CALLS if args.calls == "all" else args.calls.split(","), args.step)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
