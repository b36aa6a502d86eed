"""A damaged database: set aside, named, and never replaced silently; what can be read of it lives on."""

import calendar
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from scenario.harness import eventually, hook, once, person, reminder

pytestmark = pytest.mark.sanitized


def database(daemon):
    return daemon.folder / "state/nudged.db"


def destroy_page_of(daemon, table):
    """The last leaf of a table; the daemon rests or has nothing of it in memory."""
    with sqlite3.connect(f"file:{database(daemon)}?mode=ro&immutable=1", uri=True) as db:
        page = db.execute("SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)).fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with open(database(daemon), "r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


def set_aside(daemon):
    """The files, apart from their logs."""
    return sorted(f for f in (daemon.folder / "state").glob("nudged.db.damaged*") if not f.name.endswith("-wal"))


def answer_url(arrival):
    return arrival.items[0]["answer_url"]


def test_what_a_damaged_database_still_says_lives_on(nudged, receiver):
    """Who said stop is left alone, who is paused stays so, an old link still works, nothing is sent again."""
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo") + person("cy"),
                    reminders=reminder("tick", "ana bo cy", 'every = "1s"') + once("old", "bo"))
    daemon.start()
    first = receiver.wait(1, person="ana")[0]
    old = receiver.wait(1, reminder="old")[0]
    assert daemon.answer(answer_url(first), "stop")[0] == 200
    daemon.ctl("pause", "person:cy", "--until", "2099-01-01", "--reason", "ill")
    daemon.wait("paused")
    daemon.stop()
    destroy_page_of(daemon, "carried")
    damaged = database(daemon).read_bytes()
    sent = receiver.all()

    daemon.start()
    said = daemon.wait("store_set_aside")
    assert len(said) == 1 and said[0].priority == 2, said
    aside = set_aside(daemon)
    assert len(aside) == 1 and str(aside[0]) in said[0].message, (aside, said)
    assert aside[0].read_bytes() == damaged
    assert aside[0].stat().st_mode & 0o777 == 0o600
    assert "2 pauses and opt-outs" in said[0].message and "the key of answer links" in said[0].message, said
    receiver.wait(len(receiver.all(person="bo")) + 2, person="bo")
    assert daemon.answer(answer_url(old), "done")[0] == 200
    for name in ("ana", "cy"):
        assert len(receiver.all(person=name)) == len([a for a in sent if a.person == name])
    slots = [(a.person, i["reminder"], i["due"]) for a in receiver.all() for i in a.items]
    assert len(slots) == len(set(slots)), sorted(slots)
    daemon.stop()
    daemon.start()
    assert len(daemon.events("store_set_aside")) == 1


def test_of_a_destroyed_header_nothing_is_left_and_nothing_earlier_is_sent(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1s"', 'catch_up = "all";'))
    daemon.start()
    receiver.wait(2)
    daemon.stop()
    with open(database(daemon), "r+b") as file:
        file.write(b"this was a database once, and now it is something else" * 100)
    sent = len(receiver.all())
    time.sleep(2)
    began = time.time()
    daemon.start()
    message = daemon.wait("store_set_aside")[0].message
    assert "not the key of answer links" in message and "Nothing that came due before now is sent" in message
    receiver.wait(sent + 2)
    for arrival in receiver.all()[sent:]:
        due = calendar.timegm(time.strptime(arrival.items[0]["due"], "%Y-%m-%dT%H:%M:%SZ"))
        assert due >= began - 1, arrival


def test_a_log_broken_after_a_kill_is_set_aside_with_its_database(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1s"', 'catch_up = "all";'))
    daemon.start()
    receiver.wait(4)
    daemon.kill()
    with open(f"{database(daemon)}-wal", "r+b") as file:
        file.seek(32 + 24 + 1000)
        file.write(b"\xff" * 8)
    before = {i["due"] for a in receiver.all() for i in a.items}
    daemon.start()
    assert "its log is broken in the middle" in daemon.wait("store_set_aside")[0].message
    receiver.wait(len(before) + 2)
    due = [i["due"] for a in receiver.all() for i in a.items]
    assert len(due) == len(set(due)), due
    assert sorted(f.name.endswith("-wal") for f in (daemon.folder / "state").glob("nudged.db.damaged*")) == [False, True]


def test_damage_found_on_the_way_ends_it_with_a_failure_and_the_next_start_goes_on(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=reminder("tick", "ana", 'every = "1s"'))
    daemon.start()
    daemon.ctl("pause", "person:bo", "--until", "2099-01-01", "--reason", "ill")
    receiver.wait(1)
    daemon.stop()
    daemon.start()
    # A file that may not grow: the store opens its files anew, and then reads what was destroyed meanwhile.
    subprocess.run(["prlimit", "--pid", str(daemon.process.pid), "--fsize=1000:unlimited"], check=True)
    daemon.wait("store_failed")
    destroy_page_of(daemon, "pause")
    subprocess.run(["prlimit", "--pid", str(daemon.process.pid), "--fsize=unlimited:unlimited"], check=True)
    daemon.wait("store_recovered")
    daemon.ctl("backup", str(daemon.folder / "backup.db"), status=3)  # it ends before it answers
    assert daemon.ended() == 1
    assert len([e for e in daemon.events("store_failed") if "sets it aside at the next start" in e.message]) == 1
    sent = len(receiver.all())
    daemon.start()
    assert "0 pauses and opt-outs (the others cannot be read)" in daemon.wait("store_set_aside")[0].message
    receiver.wait(sent + 1)


def test_a_database_that_is_damaged_again_and_again_is_the_disks_fault(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1h"'))
    for _ in range(4):
        daemon.spawn()
        eventually("it answers or ends", lambda: daemon.process.poll() is not None or daemon.answers())
        if daemon.process.poll() is None:
            daemon.stop()
        database(daemon).write_bytes(b"junk" * 5000)
    daemon.spawn()
    assert daemon.ended() == 1
    assert any("set aside 3 times within an hour" in line for line in daemon.log), daemon.log
    assert database(daemon).read_bytes() == b"junk" * 5000
    assert len(set_aside(daemon)) == 3
    assert daemon.process.returncode != -signal.SIGABRT


def test_a_database_of_another_program_is_refused_and_left_as_it_is(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1h"'))
    (daemon.folder / "state").mkdir(mode=0o700)
    with sqlite3.connect(database(daemon)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")
    database(daemon).chmod(0o600)
    before = database(daemon).read_bytes()
    daemon.spawn()
    assert daemon.ended() == 1
    assert any("another program" in line for line in daemon.log), daemon.log
    assert database(daemon).read_bytes() == before
    assert not set_aside(daemon)
