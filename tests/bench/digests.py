"""What digests of everybody cost: how long all of them take, and what they do to messages that are due meanwhile."""

import shutil
import subprocess
import time

from growth import house
from load import Daemon, at_text, reminder, scratch, wait_count
from receipts import Sink

DAYS = 20
DIGEST = '{{ id = "sums"; kind = "digest"; digest = "own"; at = "{at}"; to = [ "all" ]; via = [ "c0" ]; }}'


def one(build, people, digests):
    """Seconds from when the digests are due to the last of them, and the lateness of 100 messages a second beside them, ms."""
    folder, sums, sink, due = scratch(), Sink(build), Sink(build), int(time.time()) + 60
    subprocess.run([build / "bench/history", folder / "state", str(people), str(DAYS), str(due)], check=True)
    due = int(time.time()) + 8
    beside = reminder(0, 'calendar = "*:*:*"; via = [ "c1" ];').replace('"all"', '"team:few"')
    text = ", ".join([beside] + ([DIGEST.format(at=at_text(due))] if digests else []))
    daemon = Daemon(build, folder, house(folder, [sums.url("/sums"), sink.url("/in")], people, text, 64,
                                         lambda i: "few" if i < 100 else ""))
    time.sleep(max(0, due - 0.5 - time.time()))
    sink.ask("/reset")
    stats = wait_count(sums, people, 60) if digests else None
    time.sleep(max(0, due + 5.5 - time.time()))
    late = sink.ask("/stats")
    daemon.stop()
    sums.close()
    sink.close()
    shutil.rmtree(folder)
    return stats and stats["last_us"] / 1e6 - due, late["p99"] / 100, late["count"]


def bench(build, quick):
    people = 2000 if quick else 10000
    took, late, count = one(build, people, True)
    _, alone, _ = one(build, people, False)
    print(f"digests_s {took:.2f} for {people:,} people with a record of {DAYS} days; beside them {count} messages, p99 {late:.1f} ms late, "
          f"without them {alone:.1f} ms", flush=True)
