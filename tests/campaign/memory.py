#!/usr/bin/python3
"""Memory that is not there: every allocation of the parsers and of the listener fails once, each in a process of its
own (build/torture, the targets of the fuzzer); and of a busy daemon, wherever chance puts it. That must end well and
give everything back, or abort with the sentence for it; a daemon that ended is started as it is, and the oracle says
whether anything was lost, came twice or was sent without a record.

usage: memory.py [--runs N] [--most N] [--seed N] [--jobs N] [--only NUMBER]
       --runs   of the daemon
       --most   bytes of an input of the parsers; every allocation of each
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign import syscalls  # noqa: E402
from scenario.harness import BUILD, ROOT, eventually  # noqa: E402

ZONEINFO = Path("/usr/share/zoneinfo")
POST = b"POST /a/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\nanswer=done"
INPUTS = {
    "config": [*ROOT.glob("conf/*.conf"), *ROOT.glob("conf/examples/*.conf")],
    "form": [b"answer=done&text=It+went+well%2c+%F0%9F%8E%BA&for=1h"],
    "http": [POST, b"GET /a/x HTTP/1.1\r\nHost: h\r\n\r\n", b"BAD\r\n\r\n"],
    "template": [b"{{focus.cue}}: {{focus.act}}{{#person.name}}, {{.}}{{/person.name}}", b"{{nonsense", b"{{unknown.word}}"],
    "time-calendar": [b"Mon..Fri 09:00,13:30", b"*-*~01 Europe/London", b"Mom 09:00"],
    "time-cron": [b"0 9 * * MON-FRI", b"0 9 LW * *", b"61 * * * *"],
    "time-daysoff": [*ROOT.glob("tests/oracle/calendars/*.ics"), *ROOT.glob("conf/examples/*.ics")],
    "time-rrule": [b"FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2MO;COUNT=40", b"FREQ=NEVER"],
    "time-span": [b"90min", b"2 weeks", b"3 moons"],
    "time-tzif": [ZONEINFO / "Europe/Berlin", ZONEINFO / "UTC"],
    "time-week": [b"Mon..Fri 08:30-18:00, Sat 09:00-12:00", b"Mon 99:00"],
    "time-when": [b"every second Tuesday at 9:00 and 13:30", b"last working day of the month at 16:00", b"whenever you like"],
}


def inputs(target, most, folder):
    """Files, also behind the zero bytes where targets keep their policies; none larger than `most`."""
    texts = [text if isinstance(text, bytes) else text.read_bytes() for text in INPUTS[target] if isinstance(text, bytes) or text.exists()]
    if target.startswith("time-") and target != "time-tzif":
        texts = [b"\0" * zeros + text for text in texts for zeros in range(3)]
    for number, text in enumerate(t for t in texts if len(t) <= most):
        file = folder / f"{target}-{number}"
        file.write_bytes(text)
        yield str(file)


def torture(most, say):
    """The number of allocations whose failure ended badly."""
    total, bad = Counter(), 0
    with tempfile.TemporaryDirectory(prefix="nudged-memory-") as folder:
        for target in INPUTS:
            files = list(inputs(target, most, Path(folder)))
            done = subprocess.run([str(BUILD / "torture" / target), *files], capture_output=True, text=True, errors="replace", check=False)
            last = done.stdout.splitlines()[-1] if done.stdout else ""
            for part in last.replace(":", ",").split(","):
                number, _, what = part.strip().partition(" ")
                if number.isdigit():
                    total[what] += int(number)
            if done.returncode or "allocations" not in last:
                bad += 1
                say(f"{target}: {done.stdout[:3000]}{done.stderr[:500]}")
    say("memory: " + ", ".join(f"{n} {what}" for what, n in total.items()) + f" over {len(INPUTS)} parsers, {bad} of them with findings")
    return bad


# ---- the daemon ----

def count_allocations(template):
    with tempfile.TemporaryDirectory(prefix="nudged-memory-") as folder:
        daemon, receiver = syscalls.prepare(template, Path(folder))
        try:
            counts = Path(folder) / "counts"
            daemon.spawn(environment={"LD_PRELOAD": str(BUILD / "fault/malloc.so"), "NUDGED_MALLOCS": str(counts)})
            syscalls.be_busy(daemon, receiver)
            syscalls.end(daemon)
            eventually("the count", lambda: counts.exists() and counts.read_text().endswith("\n"))
            return int(counts.read_text())
        finally:
            syscalls.clean(daemon, receiver)


def judge_end(daemon, status):
    if status == 0:
        return "well"
    said = "\n".join(daemon.log)
    if status == 1 and "<3>" in said or status == 127:
        return "ended with a sentence"
    if status == -signal.SIGABRT and "out of memory" in said:
        return "aborted"
    # libconfig 1.5 looks at none of its allocations.
    if "libconfig.so" in said:
        return "ended by libconfig"
    raise syscalls.Failed(f"it ended with {status}: " + "; ".join(line.split("(")[0] + "(" + line.split("(")[-1] for line in daemon.log if "[0x" in line))


def run_once(template, at):
    with tempfile.TemporaryDirectory(prefix="nudged-memory-") as folder:
        daemon, receiver = syscalls.prepare(template, Path(folder))
        try:
            daemon.spawn(environment={"LD_PRELOAD": str(BUILD / "fault/malloc.so"), "NUDGED_MALLOC": str(at)})
            syscalls.be_busy(daemon, receiver)
            status = syscalls.end(daemon)
            what = judge_end(daemon, status)
            died_at = [time.time()] if status else []
            syscalls.go_on(daemon, receiver)
            return what, syscalls.judge_state(daemon, receiver, "malloc", died_at)
        except (syscalls.Failed, AssertionError) as failure:
            return "failed", [str(failure), *daemon.log[-6:]]
        finally:
            syscalls.clean(daemon, receiver)


def campaign(runs, seed, jobs, say, only=None):
    """How many runs of the daemon had findings."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="nudged-memory-") as folder:
        template = syscalls.make_template(Path(folder) / "template")
        count = count_allocations(template)
        plans = [(number, chance.randint(1, count)) for number in range(runs)]
        plans = [p for p in plans if only in (None, p[0])]
        became, bad = syscalls.judge(plans, jobs, lambda at: run_once(template, at), lambda at: f"allocation {at}", say)
    say(f"memory: {len(plans)} runs of a daemon that makes {count} allocations, {bad} with findings "
        f"({became}), seed {seed}")
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--most", type=int, default=1 << 17)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()

    def say(text):
        print(text, flush=True)

    bad = 0 if options.only is not None else torture(options.most, say)
    return 1 if bad + campaign(options.runs, options.seed, options.jobs, say, options.only) else 0


if __name__ == "__main__":
    sys.exit(main())
