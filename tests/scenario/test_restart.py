"""Crashes, restarts, and clocks that jump: nothing lost, nothing twice, nothing early."""

import random
import time

import pytest

from scenario.harness import eventually, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

DAY = "2026-06-03"


def occurrences_of(events):
    return {(e.reminder, e.person, e.due) for e in events}


def test_every_recorded_occurrence_is_delivered_over_a_kill_in_a_burst(nudged, receiver):
    """Forty people at one instant, killed while the messages leave: those in flight may repeat, under the same id."""
    people = "".join(person(f"p{i}") for i in range(40))
    receiver.reply = lambda a: time.sleep(0.05) or 200
    daemon = nudged(channels=hook(receiver, more="concurrency = 4;"), people=people,
                    reminders=once("stretch", "all") + once("look-up", "all", 2)).start()
    for _ in range(3):
        receiver.wait(len(receiver.all()) + random.randint(1, 15))
        daemon.kill()
        daemon.start()
    eventually("every message arrived", lambda: len({(a.person, a.reminders[0]) for a in receiver.all()}) == 80)
    recorded = daemon.events("recorded")
    assert len(occurrences_of(recorded)) == 80
    ids = {}
    for arrival in receiver.all():
        ids.setdefault((arrival.person, arrival.reminders[0]), set()).add(arrival.id)
    assert all(len(i) == 1 for i in ids.values()), ids
    repeats = len(receiver.all()) - 80
    assert repeats <= 3 * (4 + 4), repeats  # those in flight, and a group that was not durable yet, each time
    eventually("the record says so", lambda: daemon.status()["counts"]["waiting"] == 0)


def test_a_restart_within_grace_catches_up_one_of_each_reminder(nudged, receiver):
    tick = 'calendar = "*:*:0/10"'
    daemon = nudged(channels=hook(receiver), people=person("ana"),
                    reminders=reminder("newest", "ana", tick) + reminder("nothing", "ana", tick, 'catch_up = "none";') +
                    reminder("every", "ana", tick, 'catch_up = "all";'))
    daemon.start(clock=f"@{DAY} 12:00:01")
    daemon.stop()  # nothing was due yet, and still the time that follows is missed
    daemon.start(clock=f"@{DAY} 12:00:35")
    receiver.wait(4)
    time.sleep(1)
    due = {}
    for a in receiver.all():
        due.setdefault(a.reminders[0], []).append(a.items[0]["due"][-3:-1])
    # Several are under way at once: which of them arrives first is nobody's promise.
    assert {r: sorted(d) for r, d in due.items()} == {"newest": ["30"], "every": ["10", "20", "30"]}
    assert daemon.events("missed", reminder="nothing") and daemon.events("caught_up", reminder="newest")


def test_what_is_later_than_its_grace_is_recorded_as_skipped(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"),
                    reminders=reminder("early", "ana", f'at = "{DAY}T12:00:10"', 'grace = "30min";'))
    daemon.start(clock=f"@{DAY} 12:00:00")
    daemon.stop()
    daemon.start(clock=f"@{DAY} 12:40:00")
    event = daemon.wait("skipped", reminder="early")[0]
    assert "grace" in event.message
    time.sleep(0.5)
    assert not receiver.all()


def test_a_reminder_begins_when_it_is_first_accepted(nudged, receiver):
    tick = 'calendar = "*:*:0/10"'
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("old", "ana", tick, 'catch_up = "all";'))
    daemon.start(clock=f"@{DAY} 12:00:01")
    daemon.stop()
    daemon.write(reminders=daemon.sections["reminders"] + reminder("new", "ana", tick, 'catch_up = "all";'),
                 people=person("ana") + person("bo"))
    daemon.start(clock=f"@{DAY} 12:00:35")
    receiver.wait(3)
    receiver.wait(1, reminder="new")
    assert receiver.all(reminder="new")[0].items[0]["due"] == f"{DAY}T12:00:40Z"


def test_a_person_begins_when_they_are_first_accepted(nudged, receiver):
    tick = 'calendar = "*:*:0/10"'
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("old", "all", tick, 'catch_up = "all";'))
    daemon.start(clock=f"@{DAY} 12:00:01")
    daemon.stop()
    daemon.write(people=person("ana") + person("bo"))
    daemon.start(clock=f"@{DAY} 12:00:35")
    receiver.wait(3, person="ana")
    receiver.wait(1, person="bo")
    assert receiver.all(person="bo")[0].items[0]["due"] == f"{DAY}T12:00:40Z"


def test_a_clock_that_went_back_repeats_nothing(nudged, receiver):
    tick = 'calendar = "*:*:0/3"'
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", tick))
    daemon.start(clock=f"@{DAY} 12:00:02")
    receiver.wait(2)
    daemon.stop()
    daemon.start(clock=f"@{DAY} 12:00:01")
    receiver.wait(3)
    due = [a.items[0]["due"] for a in receiver.all()]
    assert len(due) == len(set(due)), due


def test_a_mark_far_ahead_of_the_clock_is_reported_and_reset(nudged, receiver):
    tick = 'calendar = "*:*:0/5"'
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", tick))
    daemon.start(clock="@2026-06-05 12:00:03")
    receiver.wait(1)
    daemon.stop()
    daemon.start(clock=f"@{DAY} 12:00:03")
    daemon.wait("mark_reset")
    receiver.wait(2)


def test_a_delivery_past_its_time_expires_and_is_not_sent(nudged, receiver):
    receiver.reply = lambda a: 503
    daemon = nudged(channels=hook(receiver, more='expire = "1min";'), people=person("ana"),
                    reminders=reminder("a", "ana", f'at = "{DAY}T12:00:02"'))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(1)
    daemon.kill()
    receiver.reply = lambda a: 200
    daemon.start(clock=f"@{DAY} 12:01:10")
    daemon.wait("expired")
    time.sleep(0.5)
    assert not receiver.all(accepted=True)
    row = daemon.rows("deliveries", "--all")[0]
    assert row["state"] == "expired" and row["reason"]


def test_a_removed_person_gets_nothing_after_a_restart(nudged, receiver):
    receiver.reply = lambda a: 503
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=once("a", "all")).start()
    receiver.wait(1, person="ana")
    receiver.wait(1, person="bo")
    daemon.kill()
    receiver.reply = lambda a: 200
    daemon.write(people=person("ana"))
    daemon.start()
    receiver.wait(1, person="ana", accepted=True)
    daemon.wait("cancelled", person="bo")
    assert not receiver.all(person="bo", accepted=True)


def test_two_daemons_never_share_a_folder(nudged, receiver):
    first = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana", 5)).start()
    second = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana", 5))
    second.write(top=f'state = "{first.folder}/state";')
    second.spawn()
    assert second.ended() == 1
    assert any(str(first.process.pid) in line for line in second.log), second.log
    receiver.wait(1)


def test_sigterm_and_sigint_finish_what_is_in_flight_and_exit_0(nudged, receiver):
    import signal

    receiver.reply = lambda a: time.sleep(1) or 200
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana")).start()
    daemon.wait("recorded")
    time.sleep(0.2)
    daemon.stop()
    assert daemon.events("delivered") and len(receiver.all()) == 1
    daemon.start()
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.ended() == 0
    time.sleep(0.3)
    assert len(receiver.all()) == 1


def test_a_daemon_that_can_be_seen_can_be_stopped(nudged, receiver):
    # The second face is slow to open: the first one answers for a while before the daemon is ready.
    slow = ("strace", "-D", "-f", "-o", "/dev/null", "-e", "inject=listen:delay_enter=1000000:when=2")
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana"))
    daemon.start(wrap=slow, environment={"ASAN_OPTIONS": "detect_leaks=0"})  # it cannot look for leaks under strace
    daemon.stop()
