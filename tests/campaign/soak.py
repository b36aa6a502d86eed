#!/usr/bin/python3
"""The soak: the real daemon under steady load for as long as one likes, while its configuration is reloaded,
its receiver dies and comes back, and its history is pruned. Its memory and descriptors stay flat, nobody's
message comes later as time goes by, and the receiver's ledger accounts for every one.

usage: soak.py [--minutes N] [--rate N] [--history N]     rate: messages a second; history: old ones to prune
"""

import argparse
import sqlite3
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import storm  # noqa: E402
from scenario.harness import Daemon, eventually, hook, reminder  # noqa: E402
from storm import expect, instant  # noqa: E402

DAY = 86400
CONCURRENCY = 8
DOWN_S = 2  # how long the receiver is away
RECOVER_MAX_S = 60
PRUNE_AFTER_S = 75  # it looks a minute after the start for the first time
DRIFT_MS = 100  # how much later the last third may come than the first, at the median
TICK = reminder("tick", "all", 'calendar = "*:*:*"', 'catch_up = "all";')


class Watch:
    """Resident memory and open descriptors, once a second."""

    def __init__(self, process):
        self.folder = Path(f"/proc/{process.pid}")
        self.samples = []  # (seconds, kB, descriptors)

    def look(self, now):
        pages = int((self.folder / "statm").read_text(encoding="utf-8").split()[1])
        self.samples.append((now, pages * 4, len(list((self.folder / "fd").iterdir()))))


def slope(points):
    """By least squares, of (x, y)."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    over = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / over if over else 0.0


def channel(sink, turn):
    """Every third reload also changes the channel."""
    return hook(sink, more=f'concurrency = {CONCURRENCY - turn // 3 % 2}; retry_max = "1s"; expire = "1h";')


def history_of(daemon):
    with closing(sqlite3.connect(f"file:{daemon.folder}/state/nudged.db?mode=ro", uri=True)) as store:
        return store.execute("SELECT count(*) FROM occurrence WHERE reminder = 'old'").fetchone()[0]


def make_history(daemon, sink, count):
    """Messages of three days ago, which nobody keeps for longer than one: each but the last gave way to a newer one."""
    storm.people_file(daemon, count // 10, lambda i: "hook")
    daemon.write(reminders=reminder("old", "all", 'calendar = "*:*:0/2"'))
    with daemon.start(clock=f"-{3 * DAY}s", level="warning"):
        sink.wait(count, 60 + count / 500)
    return history_of(daemon)


def disturb(daemon, sink, second, cycle, troubles):
    """At a quarter of each cycle a reload, at half of it the receiver dies for a while."""
    at, turn = second % cycle, second // cycle
    if at == cycle // 4:
        more = reminder("guest", "p0", 'calendar = "Mon 03:00"') if turn % 2 else ""
        daemon.reload(channels=channel(sink, turn), reminders=TICK + more)
    elif at == cycle // 2:
        sink.kill()
        troubles.append([time.time(), None])
    elif at == cycle // 2 + DOWN_S:
        sink.start()
        troubles[-1][1] = time.time()


def run(daemon, sink, seconds, cycle):
    watch, troubles = Watch(daemon.process), []
    begin = time.monotonic()
    for second in range(seconds):
        time.sleep(max(begin + second - time.monotonic(), 0))
        watch.look(second)
        disturb(daemon, sink, second, cycle, troubles)
    if sink.process.poll() is not None:
        sink.start()
        troubles[-1][1] = time.time()
    eventually("one more second is delivered", lambda: daemon.status()["counts"]["waiting"] == 0)
    return watch, troubles


def judge_all(receipts, people, deaths):
    """Every person, every second: once, but for what was under way when the receiver died."""
    by_slot = defaultdict(list)
    for r in receipts:
        by_slot[(instant(r.due), r.person)].append(r)
    first, last = min(at for at, _ in by_slot), max(at for at, _ in by_slot)
    lost = [(storm.utc(at), f"p{i}") for at in range(int(first), int(last)) for i in range(people) if (at, f"p{i}") not in by_slot]
    expect(not lost, "%d were lost: %s", len(lost), lost[:3])
    twice = {slot: rs for slot, rs in by_slot.items() if len(rs) > 1}
    expect(all(len({r.id for r in rs}) == 1 for rs in twice.values()), "a slot came under two ids: %s", list(twice)[:3])
    expect(len(twice) <= deaths * CONCURRENCY, "%d came twice, and the receiver died %d times: %s", len(twice), deaths, list(twice)[:3])
    return len(by_slot), len(twice)


def judge_lateness(receipts, troubles, drift_ms):
    """Seconds count as calm when no receiver was away; after it came back, from the first that is on time again."""
    late = defaultdict(list)
    for r in receipts:
        late[int(instant(r.due))].append(r.at - instant(r.due))
    recover, calm = 0.0, set(late)
    for died, back in troubles:
        on_time = [s for s in sorted(late) if s >= back and max(late[s]) < 1]
        expect(on_time, "nothing was on time again after the receiver had come back")
        recover = max(recover, on_time[0] - back)
        calm -= {s for s in calm if died - 1 <= s < on_time[0]}
    expect(recover < RECOVER_MAX_S, "it took %.1f s until messages were on time again", recover)
    middles = [(s, median(late[s]) * 1000) for s in sorted(calm)]
    third = max(len(middles) // 3, 1)
    drift = median(m for _, m in middles[-third:]) - median(m for _, m in middles[:third])
    expect(drift <= drift_ms, "the last third came %.1f ms later than the first, and may %d", drift, drift_ms)
    return median(m for _, m in middles), drift, recover


def judge_flat(watch, seconds):
    """After a third to warm up in: what the fitted line grows by, and descriptors but for the connections."""
    warm = [s for s in watch.samples if s[0] >= seconds / 3]
    growth = slope([(at, kb) for at, kb, _ in warm]) * (warm[-1][0] - warm[0][0])
    bound = max(4096, 8 * seconds / 60)
    expect(growth <= bound, "memory grew by %.0f kB, and may by %.0f", growth, bound)
    most = max(fds for _, _, fds in watch.samples)
    early = max(fds for at, _, fds in watch.samples if at < seconds / 3)
    expect(most <= early + CONCURRENCY, "%d descriptors were open, %d in the beginning", most, early)
    return growth, median(kb for _, kb, _ in warm) / 1024, most


def campaign(minutes, rate=50, history=2000, cycle=60, drift_ms=DRIFT_MS, say=print):
    seconds = int(minutes * 60)
    with storm.house() as (folder, sink):
        daemon = Daemon(folder / "n", top='people_file = "people.csv"; keep = "1d";', channels=channel(sink, 0))
        history = make_history(daemon, sink, history)
        storm.people_file(daemon, rate, lambda i: "hook")
        daemon.write(reminders=TICK)
        with daemon.start(level="notice"):
            watch, troubles = run(daemon, sink, seconds, cycle)
        pruned = history - history_of(daemon)
        receipts = [r for r in sink.receipts() if r.reminder == "tick"]
        count, twice = judge_all(receipts, rate, len(troubles))
        middle, drift, recover = judge_lateness(receipts, troubles, drift_ms)
        growth, resident, fds = judge_flat(watch, seconds)
        expect(pruned or seconds < PRUNE_AFTER_S, "nothing was pruned")
    say(f"soak: {minutes:g} minutes, {count} messages at {rate}/s all came, {twice} of them twice in {len(troubles)} deaths of the receiver "
        f"(on time again after {recover:.1f} s), {len(daemon.events('reloaded'))} reloads, {pruned} of {history} old ones pruned; "
        f"lateness {middle:.1f} ms, drift {drift:+.1f} ms; resident {resident:.1f} MB, grew {growth:+.0f} kB; {fds} descriptors at most")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--history", type=int, default=100000)
    args = parser.parse_args()
    try:
        campaign(args.minutes, args.rate, args.history)
    except storm.Failed as failed:
        print(f"soak: FAILED: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
