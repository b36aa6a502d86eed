"""What the oracles of time share: one `nudgectl next --batch` that stays, seeds, the zones."""

import json
import os
import random
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build"))
DRIVER = BUILD / "next-driver"
FULL = os.environ.get("NUDGED_ORACLE_FULL") == "1"
NPM = ROOT / "build" / "npm" / "node_modules"
ZONEINFO = Path("/usr/share/zoneinfo")

MANDATORY_ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "UTC",
]


def seeded():
    """A generator whose seed is printed, so that a failure can be seen again: NUDGED_SEED=N."""
    seed = int(os.environ.get("NUDGED_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 32)
    print(f"NUDGED_SEED={seed}")
    return random.Random(seed)


def all_zones():
    """Every zone of the system, one name for those whose files are the same."""
    names = {}
    for path in sorted(ZONEINFO.rglob("*")):
        name = str(path.relative_to(ZONEINFO))
        if name.startswith(("posix/", "right/")) or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"TZif"):
            names.setdefault(content, name)
    return sorted(names.values())


def instant(text):
    """Seconds since the epoch of "2027-01-01T08:00:00Z"."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def text_of(utc):
    return datetime.fromtimestamp(utc, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def offset(zone, utc):
    return int(datetime.fromtimestamp(utc, zone).utcoffset().total_seconds())


def changes(zone, first, last):
    """Every change of offset, by halving steps of a week between two years."""
    step = 7 * 86400
    begin = int(datetime(first, 1, 2, tzinfo=timezone.utc).timestamp())
    end = int(datetime(last, 12, 30, tzinfo=timezone.utc).timestamp())
    found = []
    for at in range(begin, end, step):
        low, high = at, at + step
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == offset(zone, low):
                low = middle
            else:
                high = middle
        found.append(high)
    return found


class Answers:
    """One process that answers a request a line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def answer(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class Next(Answers):
    def __init__(self):
        super().__init__(DRIVER, "--batch")

    def instants(self, **request):
        """The instants in seconds; a refusal is an empty list, as other programs say "never"."""
        answer = self.answer(**request)
        if "error" in answer and "never fires" in answer["error"]:
            return []
        assert "next" in answer, (request, answer)
        return [instant(text) for text in answer["next"]]


def node_program(name, package):
    """A program of this folder that runs on node with a package of tests/packages-npm; skips without."""
    if not shutil.which("node"):
        pytest.skip("there is no node")
    if not (NPM / package).is_dir():
        pytest.skip(f"{package} is not in build/npm: tests/deps installs it where npm can be reached")
    return Answers("node", Path(__file__).parent / name, NPM / package)


def zones_agreed(process, wanted):
    """Those of the zones that a node program knows as the system does; the others are named and left out."""
    good = [name for name in wanted if offsets_agree(process, name)]
    out = sorted(set(wanted) - set(good))
    print(f"{len(good)} zones; left out, since node's own time zone data differs: {', '.join(out) or 'none'}")
    assert len(good) >= 5
    return good


def offsets_agree(process, name):
    zone = ZoneInfo(name)
    year = 365 * 86400
    weeks = [utc for first, count in [(30, 60), (129, 2), (228, 2)] for utc in range(first * year, (first + count) * year, 604800)]
    edges = [utc for change in changes(zone, 2000, 2060) for utc in (change - 1, change)]
    answer = process.answer(zone=name, instants=weeks + edges)
    return answer.get("offsets") == [offset(zone, utc) for utc in weeks + edges]
