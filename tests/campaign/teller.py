"""One simulator that stays: tells it a story, and gathers what it says."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Simulator:
    def __init__(self, build):
        self.folder = Path(tempfile.mkdtemp(prefix="nudged-campaign-"))
        self.process = subprocess.Popen(
            [build / "campaign" / "simulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)
        shutil.rmtree(self.folder)

    def ask(self, *words):
        """What it said, and the line that ended it."""
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            answer = json.loads(line)
            if "ok" in answer:
                return said, answer
            said.append(answer)
        raise RuntimeError("the simulator ended (%s) at: %s" % (self.process.wait(), words))

    def write(self, world):
        for name, text in [*world.files().items(), ("nudged.conf", world.text())]:
            file = self.folder / name
            if not file.exists() or name == "nudged.conf":
                file.write_text(text, encoding="utf-8", newline="")
                file.chmod(0o600)


def tell(simulator, story):
    """The log: what was done, when it was done and what was said to it, as (event, before, after, said).
    Every death is followed by another start."""
    log = []
    state = {"t": story.start_at, "pauses": [], "down": 0}

    def do(event, *words):
        before = state["t"]
        said, end = simulator.ask(*words)
        state["t"] = end["t"]
        log.append((event, before, end["t"], said))
        return end

    def start():
        do(("start",), "start")

    def rest(ms):
        do(("down",), "advance", state["t"] + ms)

    def advance(ms):
        end = do(("advance",), "advance", state["t"] + ms)
        if end["dead"]:
            died_at = state["t"]
            rest(state["down"])
            start()
            left = ms - (state["t"] - died_at)
            if left > 0:
                advance(left)

    simulator.write(story.world)
    simulator.ask("begin", simulator.folder, story.start_at, story.seed)
    start()
    if any(said["e"] in ("complaint", "error") for said in log[0][3]):
        return log
    for event in [*story.events, *EPILOGUE]:
        kind = event[0]
        if state["t"] > story.start_at + LONGEST_MS and event not in EPILOGUE:
            continue
        if kind == "advance":
            advance(event[1])
            # It dies while time passes, or not at all: what was asked of it then is another question.
            simulator.ask("die", "none", 0)
        elif kind == "step":
            do(event, "step", max(state["t"] + event[1], 1000))
        elif kind in ("stop", "kill"):
            do(event, kind)
            rest(event[1])
            start()
        elif kind == "die":
            state["down"] = event[3]
            do(event, "die", event[1], event[2])
        elif kind == "reload":
            simulator.write(event[1])
            do(event, "reload")
        elif kind == "answer":
            do(event, "answer", event[1], event[2], event[3])
        elif kind == "pause":
            until = "never" if event[2] is None else state["t"] + event[2]
            state["pauses"].append(event[1])
            do((*event[:2], until), "pause", event[1], until)
        elif kind == "resume" and state["pauses"]:
            what = state["pauses"].pop(event[1] % len(state["pauses"]))
            do(("resume", what), "resume", what)
        elif kind == "receiver":
            do(event, *event)
        elif kind == "preview":
            day = state["t"] // 86400000
            do(event, "preview", day - 1, day + event[1])
        elif kind == "dump":
            do(event, "dump")
    simulator.ask("end")
    return log


LONGEST_MS = 45 * 86400000  # with all downtimes

# Receivers work again, and what is under way comes to its end.
EPILOGUE = [
    *[("receiver", c, "ok") for c in ("hook", "spare", "hall")],
    ("advance", 2 * 86400000),
    ("dump",),
]
