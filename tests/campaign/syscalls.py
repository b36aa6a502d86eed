#!/usr/bin/python3
"""System calls that fail: a busy start of the daemon in which one call fails, once or from then on, each time another
one with another error. It may end with a sentence, never crash or hang; then it is started as it is, and the oracle
says whether anything was lost, came twice or was sent without a record.

usage: syscalls.py [--runs N] [--seed N] [--jobs N] [--only NUMBER]
"""

import argparse
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign.disks import judge_gaps, receipts_of  # noqa: E402
from campaign.oracle import Oracle  # noqa: E402
from scenario.harness import Daemon, Receiver, eventually, hook, person, reminder  # noqa: E402

PEOPLE = 4
BEHIND_S = 8  # what a start has to catch up on: so many messages for each
BUSY_S = 1.0
ERRORS = ["EIO", "ENOSPC", "ENOMEM", "EINTR", "EAGAIN", "EMFILE", "EACCES", "EINVAL"]
# What the daemon and its libraries ask of the kernel, but for what never fails and what glibc itself cannot do without:
# futex, signals and their masks, brk (whose failures are no error numbers), the beginnings and ends of processes.
FILES = ["openat", "read", "write", "pread64", "pwrite64", "fdatasync", "fsync", "ftruncate", "newfstatat", "fcntl", "close",
         "unlink", "rename", "lseek", "flock", "fchmod", "getdents64", "access", "faccessat2", "mkdir"]
NETWORK = ["socket", "connect", "bind", "listen", "accept4", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockopt",
           "setsockopt", "getsockname", "getpeername", "poll", "socketpair", "pipe2", "ioctl"]
LOOP = ["epoll_create1", "epoll_ctl", "epoll_wait", "eventfd2", "timerfd_create", "timerfd_settime", "inotify_init1",
        "inotify_add_watch"]
MEMORY = ["mmap", "mprotect", "munmap", "clone3", "getrandom", "prlimit64", "prctl", "sysinfo", "uname"]
CALLS = FILES + NETWORK + LOOP + MEMORY
# Without memory a small allocation aborts, as documented; and glibc aborts where it cannot draw random bytes.
MAY_ABORT = {"mmap", "mprotect", "getrandom"}
# Not for ever: then no signal could be heard and nothing said; and no kernel interrupts for ever.
ONCE = {"read", "write", "EINTR"}


class Failed(Exception):
    pass


def make_daemon(folder, receiver):
    return Daemon(folder, channels=hook(receiver, more='retry_max = "300ms";'), people="".join(person(f"p{i}") for i in range(PEOPLE)),
                  reminders=reminder("tick", "all", 'every = "1s"', 'catch_up = "all";'))


def make_template(folder):
    """A state that a start goes on from."""
    receiver = Receiver().start()
    try:
        with make_daemon(folder, receiver).start() as daemon:
            receiver.wait(PEOPLE)
            daemon.stop()
        return folder / "state"
    finally:
        receiver.stop()


def make_state(template, state):
    """The same, as if it had been down for some seconds."""
    shutil.copytree(template, state)
    state.chmod(0o700)
    db = sqlite3.connect(state / "nudged.db", isolation_level=None)
    at = int(time.time() - BEHIND_S) * 1000
    db.execute("UPDATE value SET value = ? WHERE name = 'mark'", (str(at),))
    db.execute("UPDATE begin SET at = ?", (at,))
    for table in ("occurrence", "delivery", "carried"):
        db.execute(f"DELETE FROM {table}")
    db.close()


def count_calls(template):
    """How often a run makes each call."""
    with tempfile.TemporaryDirectory(prefix="nudged-syscalls-") as folder:
        daemon, receiver = prepare(template, Path(folder))
        try:
            counts = Path(folder) / "counts"
            daemon.spawn(wrap=["strace", "-D", "-f", "-c", "-U", "name,calls", "-o", str(counts)])
            be_busy(daemon, receiver)
            end(daemon)
            eventually("the counts", lambda: counts.exists() and counts.read_text())
            rows = [line.split() for line in counts.read_text().splitlines()[2:]]
            return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[0] in CALLS}
        finally:
            clean(daemon, receiver)


def prepare(template, folder):
    receiver = Receiver().start()
    daemon = make_daemon(folder / "n", receiver)
    make_state(template, daemon.folder / "state")
    return daemon, receiver


def clean(daemon, receiver):
    if daemon.process and daemon.process.poll() is None:
        daemon.kill()
    receiver.stop()
    Path(daemon.control).unlink(missing_ok=True)


def be_busy(daemon, receiver):
    """Slots are recorded and sent, an answer is given, nudgectl asks."""
    until = time.monotonic() + BUSY_S
    while time.monotonic() < until and daemon.process.poll() is None and len(receiver.all()) < PEOPLE * BEHIND_S:
        time.sleep(0.02)
    arrivals = receiver.all()
    try:
        if arrivals:
            form = urllib.parse.urlencode({"answer": "done"}).encode()
            urllib.request.urlopen(arrivals[0].items[0]["answer_url"], form, timeout=1).close()
        daemon.ctl("status", status=None)
    except (OSError, AssertionError, subprocess.TimeoutExpired):
        pass  # the daemon may be unable to; that it lives and ends is what counts


def end(daemon):
    """How it ended; a hang is a failure."""
    if daemon.process.poll() is None:
        daemon.process.send_signal(signal.SIGTERM)
    try:
        return daemon.ended(25)
    except subprocess.TimeoutExpired:
        raise Failed("it hangs: SIGTERM did not end it in 25 s") from None


def judge_end(daemon, status, call):
    said = [line for line in daemon.log if line.startswith(("<0>", "<1>", "<2>", "<3>")) or line.startswith(("nudged: ", "[err] "))]
    if status == 0 or status == 1 and said or status == 127 and daemon.log:
        return "stopped" if status == 0 else "ended with a sentence"
    if status == -signal.SIGABRT and call in MAY_ABORT:
        return "aborted without memory"
    if status == -signal.SIGABRT and call in ("read", "write") and any("wake_loop" in line or "on_signal" in line for line in daemon.log):
        daemon.log[:] = [line for line in daemon.log if "Assertion" not in line]
        return "aborted because an eventfd failed, which none does"
    if status == -signal.SIGTERM and any("NUDGED_EVENT=stopped" in line for line in daemon.log):
        return "ended by itself"
    if not daemon.log and (status == -signal.SIGSEGV and call in MAY_ABORT or status == -signal.SIGTERM):
        return "ended before main()"
    raise Failed(f"it ended with {status}")


def go_on(daemon, receiver):
    """Started as it is, until it is up to now."""
    daemon.spawn()
    eventually("it answers", lambda: daemon.process.poll() is not None or daemon.answers())
    if daemon.process.poll() is not None:
        raise Failed(f"afterwards it does not start: {daemon.log[-3:]}")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    for i in range(PEOPLE):
        eventually("it is up to now", lambda: any(a.person == f"p{i}" and a.items[0]["due"] >= now for a in receiver.all()))
    counts = ("waiting", "in_flight")
    eventually("all is sent", lambda: not any(daemon.status()["counts"][name] for name in counts))
    daemon.stop()


def judge_state(daemon, receiver, call, died_at):
    """Two copies are fine where the network was cut between the receiver and us, or after a crash."""
    sure = call in FILES and call not in ("read", "write", "close", "fcntl")
    oracle = Oracle(daemon.folder / "state", receipts_of(receiver), daemon.events(), died_at=died_at, at_risk=PEOPLE * BEHIND_S,
                    may_repeat=lambda channel: 1 if sure else 10**6)
    findings = oracle.judge() + list(judge_gaps(oracle.store))
    # The log is written like everything else.
    return [f for f in findings if call != "write" or "not logged" not in f]


def run_once(template, plan):
    call, error, when, onwards = plan
    with tempfile.TemporaryDirectory(prefix="nudged-syscalls-") as folder:
        daemon, receiver = prepare(template, Path(folder))
        inject = f"inject={call}:error={error}:when={when}{'+' if onwards else ''}"
        try:
            daemon.spawn(wrap=["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject])
            be_busy(daemon, receiver)
            status = end(daemon)
            what = judge_end(daemon, status, call)
            # An outcome that could not be recorded before the end is as after a crash.
            unsaved = len(daemon.events("store_failed")) > len(daemon.events("store_recovered"))
            died_at = [time.time()] if status or unsaved else []
            go_on(daemon, receiver)
            return what, judge_state(daemon, receiver, call, died_at)
        except (Failed, AssertionError) as failure:
            return "failed", [str(failure), *daemon.log[-6:]]
        finally:
            clean(daemon, receiver)


def again(once):
    """(what, findings) of once(); once more where a port was taken meanwhile."""
    for _ in range(5):
        try:
            what, findings = once()
        except OSError:
            continue
        if not any("in use" in words or "another daemon answers" in words for words in findings):
            return what, findings
    return "kept its port", []


def make_plans(counts, runs, seed):
    """Every call with every error first, then wherever chance puts it."""
    chance = random.Random(seed)
    every = [(call, error, onwards) for call in sorted(counts) for error in ERRORS for onwards in (False, True)
             if not (onwards and {call, error} & ONCE)]
    chance.shuffle(every)
    for number in range(runs):
        call, error, onwards = every[number % len(every)]
        # The first calls are the start's, and there are few of them: all orders of size alike.
        when = int(counts[call] ** chance.random()) if chance.random() < 0.5 else chance.randint(1, counts[call])
        yield call, error, when, onwards


def judge(plans, jobs, run, describe, say):
    """What became of the runs, counted, and how many had findings; each of these is told."""
    became, bad = Counter(), 0
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for (number, plan), (what, findings) in zip(plans, pool.map(lambda p: again(lambda: run(p[1])), plans)):
            became[what] += 1
            if findings:
                bad += 1
                say(f"--only {number}: {describe(plan)}: " + "\n    ".join(f[:400] for f in findings[:10]))
    return ", ".join(f"{n} {what}" for what, n in became.most_common()), bad


def in_words(plan):
    call, error, when, onwards = plan
    return f"{call} {error} at {when}{'+' if onwards else ''}"


def campaign(runs, seed, jobs, say, only=None):
    """How many runs had findings."""
    with tempfile.TemporaryDirectory(prefix="nudged-syscalls-") as folder:
        template = make_template(Path(folder) / "template")
        counts = count_calls(template)
        plans = list(enumerate(make_plans(counts, runs, seed)))
        plans = [p for p in plans if only in (None, p[0])]
        became, bad = judge(plans, jobs, lambda plan: run_once(template, plan), in_words, say)
    say(f"syscalls: {len(plans)} runs over {len(counts)} calls x {len(ERRORS)} errors, once and onwards, {bad} with findings "
        f"({became}), seed {seed}")
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    return 1 if campaign(options.runs, options.seed, options.jobs, lambda text: print(text, flush=True), options.only) else 0


if __name__ == "__main__":
    sys.exit(main())
