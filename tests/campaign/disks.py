#!/usr/bin/python3
"""Disks that give out under a busy daemon, each another way: full at another size, without inodes, with a limit on
file sizes, read-only, failing. Each is mended after a while; then the oracle says whether anything was lost, came
twice or was sent without a record, and nothing may be missing between two slots.

usage: disks.py [--sizes N] [--inodes N] [--limits N] [--read-only N] [--errors N] [--jobs N] [--seed N]
       --sizes      lives on a small tmpfs, from 4 KiB up, 4 KiB more each
       --inodes     with so many inodes, from 2 up
       --limits     under RLIMIT_FSIZE, 4 KiB more each
       --read-only  where every write gives EROFS after a while
       --errors     where writes, syncs or reads give other errors
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign.oracle import Oracle  # noqa: E402
from fault.disk import Disk  # noqa: E402
from peer.faults import Receipt  # noqa: E402
from scenario.harness import Daemon, Receiver, eventually, hook, person, reminder  # noqa: E402

KIB = 1024
PEOPLE = 10
FILL_S = 16  # a disk that is not full by then is large enough
RECOVER_S = 60  # as promised
LONG = "Play the scale of the day slowly, twice with each hand, and write down what was uneven. " * 60
ROOM = "size=64m,nr_inodes=1000"


class Failed(Exception):
    pass


class Small:
    """A tmpfs for the state, in a mount namespace that outlives the daemon."""

    def __init__(self, state, options):
        self.state = state
        script = f'mount -t tmpfs -o {options},mode=0700 none "{state}" && echo ready && exec sleep 100000'
        self.holder = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if self.holder.stdout.readline() != b"ready\n":
            raise Failed("no tmpfs can be mounted: be root")
        self.wrap = ["nsenter", "-t", str(self.holder.pid), "-m"]
        self.inside = Path(f"/proc/{self.holder.pid}/root{state}")

    def resize(self, options):
        subprocess.run([*self.wrap, "mount", "-o", f"remount,{options}", str(self.state)], check=True)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Fault:
    """What is wrong, when, and how it is mended. The base: nothing ever is."""

    options = ROOM
    fill_s = FILL_S

    def __init__(self, number, chance, folder):
        self.number, self.chance, self.folder = number, chance, folder
        self.environment = {}

    def begin(self, daemon, small):
        """The daemon runs."""

    def mend(self, daemon, small):
        """It is over."""

    def close(self):
        """Nothing of it is needed any more."""


class Size(Fault):
    @property
    def options(self):
        return f"size={(self.number + 1) * 4 * KIB},nr_inodes=1000"

    def mend(self, daemon, small):
        small.resize(ROOM)


class Inodes(Size):
    fill_s = 1  # what is open needs none

    @property
    def options(self):
        return f"size=4m,nr_inodes={2 + self.number}"


class Limit(Fault):
    def limit(self, daemon, bytes):
        subprocess.run(["prlimit", "--pid", str(daemon.process.pid), f"--fsize={bytes}:unlimited"], check=True)

    def begin(self, daemon, small):
        self.limit(daemon, (self.number + 1) * 4 * KIB)

    def mend(self, daemon, small):
        self.limit(daemon, "unlimited")


class Orders(Fault):
    """By the preloaded calls of tests/fault/disk.c."""

    choices = [{"write_error": "EROFS"}]

    def __init__(self, number, chance, folder):
        super().__init__(number, chance, folder)
        self.disk = Disk(folder)
        self.environment = self.disk.environment

    def begin(self, daemon, small):
        time.sleep(self.chance.uniform(0, 2))
        self.disk.set(**self.chance.choice(self.choices))

    def mend(self, daemon, small):
        self.disk.heal()

    def close(self):
        if self.disk.get("retried"):
            raise Failed("a sync that failed was tried again on the same descriptor")
        self.disk.__exit__()


class Errors(Orders):
    choices = [{"sync_error": "EIO"}, {"write_error": "EIO"}, {"write_error": "EDQUOT"}, {"write_error": "ENOSPC"},
               {"write_error": "EIO", "sync_error": "EIO", "read_error": "EIO"}, {"read_error": "EIO", "sync_error": "EIO"}]


KINDS = {"sizes": Size, "inodes": Inodes, "limits": Limit, "read_only": Orders, "errors": Errors}


def start(daemon, small, fault):
    """True when it runs; a refusal must be a sentence that names the folder."""
    daemon.spawn(wrap=small.wrap, environment=fault.environment)
    eventually("it answers or ends", lambda: daemon.process.poll() is not None or daemon.answers())
    if daemon.process.poll() is None:
        return True
    status = daemon.ended()
    said = [line for line in daemon.log if line.startswith("<3>") and "state" in line]
    if status != 1 or not said:
        raise Failed(f"it ended with {status} and said {daemon.log}")
    return False


def answer_politely(daemon, receiver):
    """Recorded, or refused with a page: never anything else."""
    arrivals = receiver.all()
    if not arrivals:
        return 0
    status, page = daemon.answer(arrivals[0].items[0]["answer_url"], "done")
    if status != 200 and (status != 503 or "Nothing can be recorded just now" not in page):
        raise Failed(f"an answer got {status}: {page[:200]}")
    return status == 200


def suffer(daemon, receiver, small, fault):
    """From the fault to its end: what it led to."""
    fault.begin(daemon, small)
    end = time.monotonic() + fault.fill_s
    while time.monotonic() < end and not daemon.events("store_failed"):
        time.sleep(0.05)
    failed = len(daemon.events("store_failed"))
    time.sleep(fault.chance.uniform(0, 1))
    answered = answer_politely(daemon, receiver)
    daemon.status()
    fault.mend(daemon, small)
    if failed:
        eventually("store_recovered", lambda: len(daemon.events("store_recovered")) >= failed, RECOVER_S)
    recorded = len(daemon.events("recorded"))
    eventually("it goes on", lambda: len(daemon.events("recorded")) >= recorded + 2 * PEOPLE)
    if failed and len(daemon.events("store_failed")) > failed + 1:
        raise Failed("it says again and again that it cannot record")
    if answered and not daemon.events("answered"):
        raise Failed("an answer that was taken is not in the log")
    return "held" if failed else "unharmed"


def judge_gaps(store):
    """Every second of every person, from the first to the last."""
    for name in {o["recipient"] for o in store.occurrences.values()}:
        local = sorted(o["local"] for o in store.occurrences.values() if o["recipient"] == name)
        gaps = [(a, b) for a, b in zip(local, local[1:]) if b != a + 1]
        if gaps:
            yield f"{name}: nothing between {gaps[:3]}"


def receipts_of(receiver):
    return [Receipt("hook", a.id, None, a.attempt, a.at, a.occurrences) for a in receiver.all()]


def judge(daemon, receiver, small):
    oracle = Oracle(small.inside, receipts_of(receiver), daemon.events())
    return oracle.judge() + list(judge_gaps(oracle.store))


def live(kind, number, seed):
    """One life, (what became of it, findings); another one where a port was taken meanwhile."""
    for _ in range(5):
        became, findings = live_once(kind, number, seed)
        if not any("in use" in words for words in findings):
            break
    return became, findings


def live_once(kind, number, seed):
    chance = random.Random(f"{seed} {kind} {number}")
    with tempfile.TemporaryDirectory(prefix="nudged-disks-") as folder:
        receiver, fault = Receiver(), KINDS[kind](number, chance, Path(folder) / "orders")
        daemon = Daemon(Path(folder) / "n", channels=hook(receiver), people="".join(person(f"p{i}") for i in range(PEOPLE)),
                        reminders=reminder("tick", "all", 'every = "1s"', 'catch_up = "all";').replace("Practise tick.", LONG))
        (daemon.folder / "state").mkdir(mode=0o700)
        small = Small(daemon.folder / "state", fault.options)
        try:
            receiver.start()
            refused = not start(daemon, small, fault)
            if refused:
                fault.mend(daemon, small)
                if not start(daemon, small, fault):
                    raise Failed(f"it does not start on a disk with room: {daemon.log}")
            became = suffer(daemon, receiver, small, fault)
            daemon.stop()
            return "refused, then well" if refused else became, judge(daemon, receiver, small)
        except (Failed, AssertionError, OSError, subprocess.SubprocessError) as error:
            return "failed", [f"{error}", *daemon.log[-5:]]
        finally:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
            fault.close()
            small.close()
            receiver.stop()
            Path(daemon.control).unlink(missing_ok=True)


def campaign(lives, seed, jobs, say):
    """Lives are (kind, number); how many of them had findings."""
    became, bad = Counter(), 0
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for (kind, number), (what, findings) in zip(lives, pool.map(lambda life: live(*life, seed), lives)):
            became[kind, what] += 1
            if findings:
                bad += 1
                say(f"{kind} {number} (seed {seed}): " + "\n    ".join(findings[:10]))
    kinds = "; ".join(f"{kind}: " + ", ".join(f"{n} {what}" for (k, what), n in sorted(became.items()) if k == kind)
                      for kind in KINDS if any(k == kind for k, _ in lives))
    say(f"disks: {len(lives)} lives, {bad} with findings ({kinds}), seed {seed}")
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for kind, count in (("sizes", 1000), ("inodes", 6), ("limits", 200), ("read_only", 50), ("errors", 100)):
        parser.add_argument("--" + kind.replace("_", "-"), type=int, default=count)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lives = [(kind, number) for kind in KINDS for number in range(getattr(options, kind))]
    return 1 if campaign(lives, options.seed, options.jobs, lambda text: print(text, flush=True)) else 0


if __name__ == "__main__":
    sys.exit(main())
