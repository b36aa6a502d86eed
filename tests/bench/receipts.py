"""The sink of tests/bench/sink.c from Python: what it counted, and its ledger of receipts."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scenario.harness import free_port  # noqa: E402


class Receipt:
    __slots__ = ("at", "path", "id", "attempt", "person", "reminder", "due")

    def __init__(self, line):
        us, self.path, self.id, self.attempt, self.person, self.reminder, self.due = line.split()
        self.at = int(us) / 1e6

    def slot(self):
        return self.person, self.reminder, self.due


class Sink:
    """A receiver that can die and come back on its port; with a ledger it knows every receipt."""

    def __init__(self, build, ledger=None):
        self.command = [str(Path(build) / "bench/sink")]
        self.ledger = Path(ledger) if ledger else None
        self.port = free_port()
        self.start()

    def start(self):
        more = [str(self.ledger)] if self.ledger else []
        self.process = subprocess.Popen([*self.command, str(self.port), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise RuntimeError("the sink did not start")

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            keys = ("count", "bytes", "first_us", "last_us", "connections", "p50", "p99")
            return dict(zip(keys, map(int, answer.read().split())))

    def wait(self, wanted, limit, alive=lambda: True):
        """Until so many came, or the limit is over, or nobody sends any more; what it counted then."""
        end = time.monotonic() + limit
        while (stats := self.ask("/stats"))["count"] < wanted and time.monotonic() < end and alive():
            time.sleep(0.1)
        return stats

    def url(self, path="/in"):
        return f"http://127.0.0.1:{self.port}{path}"

    def receipts(self):
        with open(self.ledger, encoding="utf-8") as lines:
            return [Receipt(line) for line in lines]

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
