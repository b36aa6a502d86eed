#!/usr/bin/python3
"""The campaign of power losses: what a busy store writes and syncs is recorded, and of each moment images are built
as a disk may have kept them: sectors torn, dropped, out of order. The store opens every one, and it must hold whole
changes only, and all that were answered before the cut.

usage: power.py --images N [--seed N] [--jobs N]    exit 1 when there are findings
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD = Path(os.environ.get("NUDGED_BUILD", Path(__file__).parents[2] / "build")).resolve()
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SLICE = 4000  # images of one story
LONG_EVERY = 5  # of these slices, one is a long story: the log is copied into the database while it goes on
LONG_IMAGES = 150


def record(folder, changes, session, seed):
    """The record of a store that made so many changes and was closed in order after each session of so many."""
    work, log = Path(folder) / "work", Path(folder) / "log"
    work.mkdir()
    environment = {**os.environ, "RECORD_ROOT": str(work), "RECORD_LOG": str(log), "LD_PRELOAD": str(BUILD / "campaign/recorder.so")}
    done = subprocess.run([BUILD / "campaign/power-work", work / "state", str(changes), str(session), str(seed)], env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    shutil.rmtree(work)
    return log


def check(folder, log, images, seed):
    """(findings as lines, images opened)"""
    (Path(folder) / "images").mkdir(exist_ok=True)
    done = subprocess.run([BUILD / "campaign/power-check", log, Path(folder) / "images", str(images), str(seed)], capture_output=True,
                          text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 0:
        return [], images
    return lines + done.stderr.splitlines()[-3:] + [f"exit {done.returncode}"], images


def story(seed, images):
    """One recorded run and its images."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="nudged-power-", dir=SCRATCH) as folder:
        if seed % LONG_EVERY == 0:
            found = check(folder, record(folder, 1500, chance.randint(1000, 1500), seed), min(images, LONG_IMAGES), seed)
        else:
            found = check(folder, record(folder, chance.randint(30, 90), chance.randint(8, 40), seed), images, seed)
    return [f"seed {seed}: {line}" for line in found[0]], found[1]


def campaign(images, seed, jobs, say=print):
    start, opened, bad, at = time.monotonic(), 0, 0, seed
    with ThreadPoolExecutor(jobs) as pool:
        while opened < images:
            share = min(SLICE, max((images - opened) // jobs, 1))
            for findings, count in pool.map(lambda s, n=share: story(s, n), range(at, at + jobs)):
                opened, bad = opened + count, bad + len(findings)
                for finding in findings:
                    say(finding)
            at += jobs
    took = time.monotonic() - start
    say(f"{opened} images of {at - seed} recorded runs, seeds from {seed}, {bad} findings, {opened / took:.0f} a second, in {took:.0f} s")
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    return 1 if campaign(args.images, args.seed, args.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
