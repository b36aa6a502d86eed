"""next_ns, and beside it other programs on the same rules in the same run: libical, croner and dateutil, each
as what it takes for what we take once. A program walks on from its own last answer, which is the best it can
do, and leaves out what it cannot say."""

import shutil
import subprocess
import time
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
CRONER = HERE.parents[1] / "build/npm/node_modules/croner"


def rows(text):
    """{(shape, zone): nanoseconds} of lines `SHAPE ZONE NANOSECONDS`, and the lines of two words."""
    words = [line.split() for line in text.splitlines()]
    return {(w[0], w[1]): float(w[2]) for w in words if len(w) == 3}, [w for w in words if len(w) == 2]


def asked(command, lines):
    return rows(subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True).stdout)[0]


def with_libical(build, shapes, zones):
    found = asked([build / "bench/next-libical"], [f"{name} {rrule} {zone}" for zone in zones for name, _, rrule in shapes if rrule != "-"])
    return found or "it was built without: libical-dev"


def with_croner(_build, shapes, zones):
    if not shutil.which("node") or not CRONER.is_dir():
        return "not in build/npm: tests/deps installs it"
    lines = [f"{name}\t{cron}\t{zone}" for zone in zones for name, cron, _ in shapes if cron != "-"]
    return asked(["node", HERE / "next-croner.js", CRONER], lines)


def dateutil_ns(rrule, zone, steps=200):
    from dateutil.rrule import rrulestr

    rule = rrulestr(rrule, dtstart=datetime(2026, 1, 6, 10))
    started = time.monotonic_ns()
    count = sum(1 for at in islice(rule, steps) if at.replace(tzinfo=zone).astimezone(timezone.utc))
    return (time.monotonic_ns() - started) / count


def with_dateutil(_build, shapes, zones):
    try:
        import dateutil  # noqa: F401
    except ImportError:
        return "python3-dateutil is not installed"
    return {(name, zone): min(dateutil_ns(rrule, ZoneInfo(zone)) for _ in range(2))
            for zone in zones for name, _, rrule in shapes if rrule != "-"}


PEERS = {"libical": with_libical, "croner": with_croner, "dateutil": with_dateutil}


def bench(build):
    shapes = [line.split("\t") for line in
              subprocess.run([build / "bench/next", "shapes"], capture_output=True, text=True, check=True).stdout.splitlines()]
    ours, others = rows(subprocess.run([build / "bench/next"], capture_output=True, text=True, check=True).stdout)
    zones = sorted({zone for _, zone in ours})
    print(f"next_ns {median(ours.values()):.0f}, the median of {len(shapes)} shapes in {len(zones)} zones")
    for shape, _, _ in shapes:
        of = [ns for (name, _), ns in ours.items() if name == shape]
        print(f"  {shape} {median(of):.0f} ({min(of):.0f} to {max(of):.0f})")
    for name, measure in PEERS.items():
        found = measure(build, shapes, zones)
        if isinstance(found, str):
            print(f"next_vs_{name} skipped: {found}")
            continue
        print(f"next_vs_{name} {median(ns / ours[key] for key, ns in found.items()):.1f} times as long, the median of "
              f"{len({shape for shape, _ in found})} shapes in {len({zone for _, zone in found})} zones "
              f"({median(found.values()):,.0f} ns)")
    for name, value in others:
        print(name, value)
