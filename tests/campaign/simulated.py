#!/usr/bin/python3
"""The campaign in simulated time: random organisations live through thirty days of clock changes, deaths,
reloads and answers, and a model that knows nothing of the engine says what must have come of it.

usage: simulated.py [--seeds N] [--first SEED] [--jobs N]   the figure; exit 1 when there are findings
       simulated.py --years N [--first SEED]                years lived against their previews
       simulated.py --seed SEED [--verbose] [--shrink]      one story: told, and made as short as it fails
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import stories  # noqa: E402
import teller  # noqa: E402
import years  # noqa: E402
from judge import Judge, clock  # noqa: E402

BUILD = Path(os.environ.get("NUDGED_BUILD", teller.ROOT / "build"))
SLICE = 10  # stories of one task


def run(story):
    """What became of it."""
    simulator = teller.Simulator(BUILD)
    try:
        log = teller.tell(simulator, story)
    except RuntimeError as error:
        judge = Judge(story, [])
        judge.findings.add("%s", error)
        return judge
    finally:
        simulator.close()
    judge = Judge(story, log)
    judge.judge()
    return judge


def run_slice(seeds):
    """(seed, findings, checked, simulated ms) of each, small enough to be sent between processes."""
    results = []
    for seed in seeds:
        judge = run(stories.make(seed))
        results.append((seed, list(judge.findings), judge.checked, judge.simulated_ms()))
    return results


def words_of(event):
    if event[0] == "reload":
        return "reload: " + event[2]
    return " ".join(str(word) for word in event)


def tell_all(judge):
    print(judge.story.world.text())
    for event, before, after, said in judge.log:
        print("%s  %s" % (clock(after), words_of(event)))
        for s in said:
            if s["e"] not in ("planned", "occurrence", "delivery"):
                print("        " + " ".join("%s=%s" % item for item in s.items()))


def shrink(story):
    """Leaves out what is not needed for a finding: halves of the events first, then single ones."""
    size = max(len(story.events) // 2, 1)
    while True:
        at = 0
        while at < len(story.events):
            fewer = stories.Story(story.seed, story.start_at, story.world, story.events[:at] + story.events[at + size :])
            if run(fewer).findings:
                story = fewer
            else:
                at += size
        if size == 1:
            return story
        size //= 2


def one(args):
    story = stories.make(args.seed)
    judge = run(story)
    if args.shrink and judge.findings:
        story = shrink(story)
        judge = run(story)
        for event in story.events:
            print("    " + words_of(event))
    if args.verbose:
        tell_all(judge)
    for finding in judge.findings:
        print("seed %d: %s" % (args.seed, finding))
    print("%d checked, %d findings" % (judge.checked, len(judge.findings)))
    return 1 if judge.findings else 0


def campaign(first, count, jobs, say=print):
    """The seeds with findings."""
    start = time.monotonic()
    slices = [range(at, min(at + SLICE, first + count)) for at in range(first, first + count, SLICE)]
    checked = simulated = 0
    bad = []
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for results in pool.map(run_slice, slices):
            for seed, findings, n, ms in results:
                checked += n
                simulated += ms
                if findings:
                    bad.append(seed)
                for finding in findings[:3]:
                    say("seed %d: %s" % (seed, finding))
    took = time.monotonic() - start
    say(
        "%d seeds from %d, %d simulated days, %.0f times real speed, %d decisions and messages checked, "
        "%d seeds with findings, in %.0f s"
        % (count, first, simulated // 86400000, simulated / 1000 / took, checked, len(bad), took)
    )
    return bad


def live_years(first, count, say=print):
    """The findings in so many years."""
    found = 0
    for seed in range(first, first + count):
        messages, findings = years.judge(BUILD, seed)
        found += len(findings)
        for finding in findings[:3]:
            say("year %d: %s" % (seed, finding))
        say("year %d: %d messages, %d not as the preview said" % (seed, messages, len(findings)))
    return found


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--years", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    args = parser.parse_args()
    if args.seed is not None:
        return one(args)
    if args.years:
        return 1 if live_years(args.first, args.years) else 0
    return 1 if campaign(args.first, args.seeds, args.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
