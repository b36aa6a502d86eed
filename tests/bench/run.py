#!/usr/bin/python3
"""make bench: the figures, each a ratio or a count measured in this run on this machine.

usage: run.py [--build DIR] [--quick] [NAME...]     names: next, recompute, preview, store, dispatch, start,
                                                     start_open, lateness, growth, pages, rivals
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dispatch
import digests
import growth
import pages
import peers
import rivals
from load import Daemon, at_text, configuration, reminder, scratch
from receipts import Sink

HERE = Path(__file__).resolve().parent


def bench_dispatch(build, quick):
    dispatch.bench(build, quick)


def bench_start(build, quick):
    sizes = [(100, 10), (1000, 10), (1000, 100)] + ([] if quick else [(10000, 100)])
    last = None
    for people, reminders in sizes:
        folder = scratch()
        config = configuration(folder, 9, people, 20,
                               ",".join(reminder(i, f'calendar = "Mon..Fri {i % 24:02}:{i % 60:02}";')
                                        for i in range(reminders)))
        daemon = Daemon(build, folder, config)
        schedules, memory = people * reminders, daemon.memory_mb()
        print(f"start_s {schedules:>9,} schedules: {daemon.ready_s:.3f} s, {memory:.0f} MB resident, "
              f"bytes_per_schedule {memory * 1048576 / schedules:,.0f}")
        last = daemon if (people, reminders) == sizes[-1] else last
        if last is daemon:
            bench_idle_of(daemon, quick)
        daemon.stop()
        shutil.rmtree(folder)


def ask(build, folder, *words):
    done = subprocess.run([build / "nudgectl", "--control", folder / "control", *words], check=True, capture_output=True, text=True)
    return done.stdout


def bench_start_open(build, quick):
    """A start that finds deliveries open: what an administrator held back when they came due."""
    folder, people, reminders = scratch(), 1000 if quick else 10000, 10
    due = int(time.time()) + 6 + people // 2000
    config = configuration(folder, 9, people, 20, ",".join(reminder(i, f'at = "{at_text(due)}";') for i in range(reminders)))
    daemon = Daemon(build, folder, config)
    ask(build, folder, "pause", "channel:hook", "--reason", "bench")
    while json.loads(ask(build, folder, "status", "--json"))["counts"]["waiting"] < people * reminders:
        time.sleep(0.5)
    daemon.stop()
    ready = []
    for _ in range(3):
        daemon = Daemon(build, folder, config)
        ready.append(daemon.ready_s)
        memory = daemon.memory_mb()
        daemon.stop()
    shutil.rmtree(folder)
    print(f"start_open_s {min(ready):.3f} with {people * reminders:,} open deliveries ({max(ready):.3f} at most), {memory:.0f} MB resident")


def bench_idle_of(daemon, quick):
    time.sleep(1)
    seconds = 10 if quick else 30
    wakeups, cpu = daemon.wakeups(), daemon.cpu_s()
    time.sleep(seconds)
    print(f"idle_wakeups_per_minute {(daemon.wakeups() - wakeups) * 60 / seconds:.0f}")
    print(f"idle_cpu {(daemon.cpu_s() - cpu) / seconds * 100:.2f} %")


def bench_lateness(build, quick):
    """So many due every second, all at the whole second, to one receiver."""
    for people in (100, 1000):
        folder, sink, seconds = scratch(), Sink(build), 5 if quick else 15
        config = configuration(folder, sink.port, people, 5, reminder(0, 'calendar = "*:*:*";'))
        daemon = Daemon(build, folder, config)
        time.sleep(3)
        sink.ask("/reset")
        time.sleep(seconds)
        stats = sink.ask("/stats")
        print(f"lateness_p99_ms {stats['p99'] / 100:.1f} (p50 {stats['p50'] / 100:.1f}) at {stats['count'] / seconds:,.0f} due a second")
        daemon.stop()
        sink.close()
        shutil.rmtree(folder)


def bench_growth(build, quick):
    growth.bench(build, quick)


def bench_pages(build, quick):
    pages.bench(build, quick)


def bench_digests(build, quick):
    digests.bench(build, quick)


def bench_rivals(build, quick):
    rivals.bench(build, quick)


def bench_next(build, _quick):
    peers.bench(build)


def bench_daysoff(build, _quick):
    subprocess.run([build / "bench/daysoff"], check=True)


def on_model(build, what, people, places, schedules, extra=""):
    """What bench/agenda prints of a configuration without a daemon."""
    folder = scratch()
    (folder / "nudged.conf").write_text(configuration(folder, 9, people, places, ",".join(
        reminder(i, schedule) for i, schedule in enumerate(schedules)), extra))
    (folder / "nudged.conf").chmod(0o600)
    done = subprocess.run([build / "bench/agenda", folder / "nudged.conf", build / "plugins", what], check=True,
                          capture_output=True, text=True)
    shutil.rmtree(folder)
    return [float(word) for word in done.stdout.split()]


def bench_recompute(build, _quick):
    """After a clock step: all schedules anew, in the engine (people of a place share the work)."""
    schedules, entries, seconds = on_model(build, "recompute", 10000, 20, [
        f'calendar = "Mon..Fri {i % 24:02}:{i % 60:02}";' for i in range(100)])
    print(f"recompute_million_s {seconds:.3f} for {schedules:,.0f} schedules, {entries:,.0f} of them computed")


def bench_preview(build, quick):
    """A year of 10,000 people with 20 weekly reminders, all decisions."""
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    weekly = [f'calendar = "{days[i % 5]} {9 + i % 8:02}:{i % 60:02}";' for i in range(20)]
    for name, extra in [("without a daily limit", "daily_limit = 0;"), ("with one of three", "daily_limit = 3;")]:
        count, seconds = on_model(build, "preview", 1000 if quick else 10000, 20, weekly, extra)
        print(f"preview_per_s {count / seconds:,.0f}: {count:,.0f} occurrences of a year in {seconds:.1f} s, {name}")


def bench_store(build, quick):
    folder = scratch()
    subprocess.run([build / "bench/store", "sqlite", folder / "state", "20000" if quick else "100000"], check=True)
    shutil.rmtree(folder)


BENCHES = {"next": bench_next, "daysoff": bench_daysoff, "recompute": bench_recompute, "preview": bench_preview, "store": bench_store,
           "dispatch": bench_dispatch, "start": bench_start,
           "start_open": bench_start_open, "lateness": bench_lateness, "growth": bench_growth, "pages": bench_pages, "digests": bench_digests,
           "rivals": bench_rivals}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    for name in args.names or BENCHES:
        BENCHES[name](args.build.resolve(), args.quick)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
