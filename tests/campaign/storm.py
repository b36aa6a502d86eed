#!/usr/bin/python3
"""Storms: everything due at the same instant, and everything that was missed in seven days. The real daemon
and a receiver that writes down what comes, whose ledger says: all of it, once, none early, and each channel
within its rate.

usage: storm.py [--hour N] [--week N] [--crowd N]     messages of each; 0 leaves one out
       --hour    due at a full hour, through channels with and without a limit
       --week    schedules of a daemon that was down for a week
       --crowd   due at one instant, in 250 MB of memory
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.receipts import Sink  # noqa: E402
from scenario.harness import BUILD, Daemon, hook, reminder  # noqa: E402

HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
MEMORY_MB = 250
PATIENCE_S = 120  # beyond what the limits ask for
JITTER_S = 1  # how long a machine under load may hold back what was sent in time


class Failed(Exception):
    pass


def expect(holds, story, *values):
    if not holds:
        raise Failed(story % values)


def instant(due):
    return time.mktime(time.strptime(due, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@contextmanager
def house():
    """A folder and a receiver with its ledger; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="nudged-storm-") as folder:
        sink = Sink(BUILD, Path(folder) / "ledger")
        try:
            yield Path(folder), sink
        finally:
            sink.close()


def people_file(daemon, people, ways):
    """People in bulk; `ways(number)` is the channel of each."""
    file = daemon.folder / "people.csv"
    file.write_text("id,name,via\n" + "".join(f"p{i},Person {i},{ways(i)}\n" for i in range(people)), encoding="utf-8")
    file.chmod(0o600)


def memory_mb(daemon, what):
    text = Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(rf"{what}:\s+(\d+)", text).group(1)) / 1024


def burst_over(times, rate):
    """How many more than a bucket of one second's worth had come, at the worst moment."""
    room, last, worst = max(rate, 1), times[0], 0.0
    for at in times:
        room = min(max(rate, 1), room + (at - last) * rate) - 1
        last = at
        worst = max(worst, -room)
    return worst


def judge_rate(times, channel, rate):
    """A receiver sees what was sent in time later or sooner, but never more of it in the long run."""
    times = sorted(times)
    worst = burst_over(times, rate)
    long_run = (len(times) - max(rate, 1)) / max(times[-1] - times[0], 1)
    expect(worst <= rate * JITTER_S + 1, "%s: %.0f over its limit of %d/s at one moment", channel, worst, rate)
    expect(long_run <= rate * 1.02, "%s: %.1f/s all the time, its limit is %d/s", channel, long_run, rate)
    return worst


def judge_once(receipts):
    twice = [slot for slot, n in Counter(r.slot() for r in receipts).items() if n > 1]
    expect(not twice, "%d slots came more than once: %s", len(twice), twice[:3])
    expect(len({r.id for r in receipts}) == len(receipts), "two messages under one webhook-id")


def judge_not_early(receipts, offset):
    early = [r.slot() for r in receipts if r.at + offset < instant(r.due)]
    expect(not early, "%d came early: %s", len(early), early[:3])


def quiet(daemon, *known):
    """A storm is no reason to complain, but about the configuration and what is known."""
    said = [line for line in daemon.log if line.startswith(("<0>", "<1>", "<2>", "<3>", "<4>"))
            and not any(word in line for word in (": warning: ", *known))]
    expect(not said, "the daemon complained: %s", said[:3])


# ---- the full hour ----

LIMITS = {"free": 0, "brisk": 200, "slow": 100}  # messages a second; 0: none


def channels(sink, limits):
    return "".join(hook(sink, name, more=f'rate = "{rate}/s";' if rate else "") for name, rate in limits.items())


def storm_hour(count, say):
    reminders = 10
    people = count // reminders
    ways = ["free", "free", "brisk", "slow"]  # half of them without a limit
    share = {name: ways.count(name) * (people // len(ways)) * reminders for name in LIMITS}
    with house() as (folder, sink):
        daemon = Daemon(folder / "n", top='people_file = "people.csv";', channels=channels(sink, LIMITS),
                        reminders="".join(reminder(f"r{i}", "all", 'calendar = "*:00"') for i in range(reminders)))
        people_file(daemon, people, lambda i: ways[i % len(ways)])
        now = int(time.time())
        due = now // HOUR * HOUR + HOUR
        offset = due - now - 10 - count // 5000  # so that it is soon
        with daemon.start(clock=f"+{offset}s", level="notice"):
            expect(time.time() + offset < due, "it took longer to start than there was time for")
            sink.wait(count, 10 + count // 5000 + max(n / LIMITS[c] for c, n in share.items() if LIMITS[c]) + PATIENCE_S)
            time.sleep(1)  # for one too many
        receipts = sink.receipts()
        expect(len(receipts) == count, "%d of %d came", len(receipts), count)
        judge_once(receipts)
        judge_not_early(receipts, offset)
        expect({r.due for r in receipts} == {utc(due)}, "not all of them are of the hour")
        times = {name: [r.at for r in receipts if r.path == "/" + name] for name in LIMITS}
        over = {name: judge_rate(times[name], name, rate) for name, rate in LIMITS.items() if rate}
        ends = {name: max(t) + offset - due for name, t in times.items()}
        expect(ends["free"] < ends["slow"], "the channel without a limit waited for the others")
        quiet(daemon)
    say(f"storm hour: {count} due at a full hour came once, none early; without a limit in {ends['free']:.2f} s, "
        + ", ".join(f"at {LIMITS[c]}/s in {ends[c]:.1f} s ({over[c]:.1f} over at most)" for c in over))


# ---- a week down ----

WEEK_LIMITS = {"free": 0, "brisk": 200}
LATEST = [  # schedules, and at most how old what they missed last is
    ('calendar = "*:0/10"', 600), ('calendar = "*:25"', HOUR), ('calendar = "*-*-* 09:00"', DAY), ('calendar = "Mon 10:00"', WEEK),
    ('cron = "*/7 * * * *"', 600), ('cron = "0 6 * * *"', DAY), ('every = "90min"', 5400), ('every = "1h"', HOUR),
    ('when = "every day at 16:00"', DAY), ('rrule = "FREQ=HOURLY;INTERVAL=6"; start = "2026-01-01T00:00"', 6 * HOUR)]
LONG = 'grace = "8d";'


def week_reminders(start):
    """Of ten: one sends nothing, one is too late for its grace, the others send the newest of what they missed."""
    late = time.gmtime(start - 12 * HOUR).tm_hour
    special = (reminder("none", "all", 'calendar = "*:0/10"', LONG + 'catch_up = "none";') +
               reminder("late", "all", f'calendar = "*-*-* {late:02}:00"', 'grace = "2h";') +
               reminder("every", "p0", 'calendar = "*:30"', LONG + 'catch_up = "all";'))
    return special + "".join(reminder(f"r{i}", "all", schedule, LONG) for i, (schedule, _) in enumerate(LATEST[:8]))


def judge_week(receipts, start, people):
    """Returns how many were caught up on. What came due after the start is not of the week."""
    missed = [r for r in receipts if instant(r.due) <= start]
    found = Counter((r.person, r.reminder) for r in missed if r.reminder != "every")
    wanted = {(f"p{p}", f"r{i}"): 1 for p in range(people) for i in range(8)}
    unlike = [(key, found[key], wanted.get(key, 0)) for key in {*found, *wanted} if found[key] != wanted.get(key, 0)]
    expect(not unlike, "%d reminders caught up otherwise than once: %s", len(unlike), unlike[:3])
    old = [r.slot() for r in missed if r.reminder.startswith("r") and instant(r.due) < start - LATEST[int(r.reminder[1:])][1]]
    expect(not old, "%d are not the newest: %s", len(old), old[:3])
    hours = {instant(r.due) for r in missed if r.reminder == "every"}
    expect(len(hours) == WEEK // HOUR, "catch_up = all brought %d of %d", len(hours), WEEK // HOUR)
    return len(missed)


def judge_counted(daemon):
    """What is not sent is counted: all slots of the week but the one that went."""
    for id, sent in [("r0", 1), ("none", 0)]:
        said = [e.message for e in daemon.events("missed", reminder=id)]
        counts = [int(re.search(r": (\d+) slots", m)[1]) for m in said]
        expect(len(counts) == 1 and 0 <= counts[0] - (WEEK // 600 - sent) <= 1, "the missed slots of %s were counted so: %s", id, said)


def storm_week(count, say):
    people = count // 10
    with house() as (folder, sink):
        begin = int(time.time())
        daemon = Daemon(folder / "n", top='people_file = "people.csv";', channels=channels(sink, WEEK_LIMITS),
                        reminders=week_reminders(begin + WEEK))
        people_file(daemon, people, lambda i: ("free", "brisk")[i % 2])
        daemon.start(level="notice")
        daemon.ctl("pause", "person:p0", "--reason", "what is answered is kept, and all before it")
        daemon.ctl("resume", "person:p0")
        daemon.kill()
        expect(len(sink.receipts()) < count, "it was to be down, and sent")
        before = len(sink.receipts())
        wanted = before + people * 8 + WEEK // HOUR
        began = time.time()
        with daemon.start(clock=f"+{WEEK}s", level="notice"):
            started = time.time() + WEEK
            sink.wait(wanted, wanted / 2 / WEEK_LIMITS["brisk"] + PATIENCE_S)
            time.sleep(1)
            took = time.time() - began
        with daemon.start(clock=f"+{WEEK}s", level="notice"):  # and nothing of it again
            time.sleep(1)
        receipts = sink.receipts()[before:]
        judge_once(receipts)
        judge_not_early(receipts, WEEK)
        caught_up = judge_week(receipts, started, people)
        judge_counted(daemon)
        over = judge_rate([r.at for r in receipts if r.path == "/brisk"], "brisk", WEEK_LIMITS["brisk"])
        quiet(daemon, "NUDGED_EVENT=missed", "NUDGED_EVENT=caught_up")
    say(f"storm week: {count} schedules down for seven days, {caught_up} caught up on in {took:.0f} s, one of each reminder at most, "
        f"{over:.1f} over {WEEK_LIMITS['brisk']}/s at most")


# ---- a crowd ----

def storm_crowd(count, say):
    people = max(count // 100, 1)
    with house() as (folder, sink):
        due = int(time.time()) + 15 + count // 20000
        daemon = Daemon(folder / "n", top='people_file = "people.csv";', channels=hook(sink, more="concurrency = 64;"),
                        reminders="".join(reminder(f"r{i}", "all", f'at = "{utc(due)}"') for i in range(count // people)))
        people_file(daemon, people, lambda i: "hook")
        with daemon.start(level="warning"):
            expect(time.time() < due, "it took longer to start than there was time for")
            before = memory_mb(daemon, "VmRSS")
            stats = sink.wait(count, 15 + count // 20000 + count / 1000 + PATIENCE_S, lambda: daemon.process.poll() is None)
            expect(daemon.process.poll() is None, "it ended with %s", daemon.process.returncode)
            time.sleep(1)
            most, after = memory_mb(daemon, "VmHWM"), memory_mb(daemon, "VmRSS")
        with open(sink.ledger, encoding="utf-8") as lines:
            ids = [line.split(" ", 3)[2] for line in lines]
        expect(len(ids) == count == len(set(ids)), "%d came under %d ids, and %d were due; the daemon said %s", len(ids), len(set(ids)),
               count, daemon.log[-5:])
        expect(stats["first_us"] >= due * 1000000, "the first came early")
    rate = count / (stats["last_us"] / 1e6 - due)
    say(f"storm crowd: {count} due at once came once, none early, {rate:,.0f} a second; resident {before:.0f} MB before, "
        f"{most:.0f} MB at most, {after:.0f} MB after")
    quiet(daemon)
    expect(most < MEMORY_MB, "it took %.0f MB, and may take %d", most, MEMORY_MB)


def campaign(hour, week, crowd, say=print):
    """Storms of so many messages each; raises Failed with what went wrong."""
    for storm, count in [(storm_hour, hour), (storm_week, week), (storm_crowd, crowd)]:
        if count:
            storm(count, say)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--hour", type=int, default=10000)
    parser.add_argument("--week", type=int, default=10000)
    parser.add_argument("--crowd", type=int, default=1000000)
    args = parser.parse_args()
    try:
        campaign(args.hour, args.week, args.crowd)
    except Failed as failed:
        print(f"storm: FAILED: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
