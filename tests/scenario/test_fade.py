"""A reminder that fades: rarer as answers come, all of it again after a miss, and a word for it everywhere."""

import json

import pytest

from scenario.harness import eventually, hook, person, reminder
from scenario.house import BUILD, run_ctl

pytestmark = pytest.mark.sanitized

DAILY = reminder("stretch", "ana", 'calendar = "09:00"', "fade = { after = 1; };")


class Days:
    """One daemon that lives through days: each begins five seconds before nine o'clock."""

    def __init__(self, nudged, receiver):
        self.daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=DAILY)
        self.receiver = receiver
        self.sent = 0

    def morning(self, day):
        if self.daemon.process:
            self.daemon.stop()
        self.daemon.start(clock=f"@2026-06-{day:02} 08:59:55")
        return self

    def gets_it(self):
        self.sent += 1
        return self.receiver.wait(self.sent)[self.sent - 1].occurrences[0]

    def misses_it(self):
        self.daemon.wait("skipped", len(self.daemon.events("skipped")) + 1)
        assert len(self.receiver.all()) == self.sent

    def reason(self, day):
        return self.daemon.rows("explain", "ana", "stretch", f"2026-06-{day:02}")[0]["summary"]


def test_answers_make_it_rarer_and_a_miss_brings_all_of_it_back(nudged, receiver):
    days = Days(nudged, receiver)
    daemon = days.daemon
    # 2 June is slot 152 of the year: of every two the first.
    first = days.morning(2).gets_it()
    assert daemon.status()["thinned"] == 0
    assert "the last one has no answer" in str(daemon.rows("explain", "ana", "stretch", "2026-06-03"))
    daemon.ctl("answer", first, "done")
    assert daemon.status()["thinned"] == 1
    assert "thinned out by fade: 1" in daemon.ctl("status").stdout
    sent = [row["local"][:10] for row in daemon.rows("preview", "--from", "2026-06-03", "--to", "2026-06-08") if row["decision"] == "send"]
    assert sent == ["2026-06-04", "2026-06-06", "2026-06-08"]
    days.morning(3).misses_it()
    assert days.reason(3) == "skipped: fade: every 2nd since 1 answer in a row; back at once after a miss"
    skipped = [o for o in daemon.rows("list", "--all") if o["decision"] == "skipped"]
    assert [o["reason"].split(":")[0] for o in skipped] == ["fade"]
    days.morning(4).gets_it()
    days.morning(5).gets_it()  # that of the day before has no answer
    assert "fade" not in days.reason(5)
    kept = [row["reason"] for row in daemon.rows("export", "ana") if row.get("what") == "fade:ana:stretch"]
    assert kept == ["0 in a row; asked 2026-06-05T09:00:00"]


def test_from_the_configuration_alone_nothing_fades(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=DAILY)
    done = run_ctl("-c", daemon.file, "--plugins", BUILD / "plugins", "preview", "--from", "2026-06-01", "--to", "2026-06-07", "--json")
    assert [json.loads(line)["decision"] for line in done.stdout.splitlines()] == ["send"] * 7, done.stderr


def test_a_change_of_mind_takes_its_step_back(nudged, receiver):
    days = Days(nudged, receiver)
    first = days.morning(2).gets_it()
    for answer, thinned in (("done", 1), ("stuck", 1), ("skip", 0), ("done", 1)):
        days.daemon.ctl("answer", first, answer)
        assert eventually("the status follows", lambda: days.daemon.status()["thinned"] == thinned or None), answer
