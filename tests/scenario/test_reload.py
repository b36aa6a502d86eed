"""A new configuration is taken whole or not at all, and costs no message."""

import time

import pytest

from scenario.harness import eventually, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

DAY = "2026-06-03"


def test_reloads_under_load_lose_nothing_and_repeat_nothing(nudged, receiver):
    people = "".join(person(f"p{i}") for i in range(20))
    ticks = reminder("tick", "all", 'every = "1s"') + reminder("tock", "all", 'every = "1s"')
    daemon = nudged(channels=hook(receiver), people=people, reminders=ticks).start()
    receiver.wait(20)
    for i in range(6):
        daemon.reload(reminders=ticks + (once("extra", "p1", 3600) if i % 2 else ""))
        time.sleep(0.3)
    receiver.wait(len(receiver.all()) + 40)
    seen = [(a.person, a.reminders[0], a.items[0]["due"]) for a in receiver.all()]
    assert len(seen) == len(set(seen))
    due = sorted({s[2] for s in seen})[1:-1]
    for second in due:
        assert sum(s[2] == second for s in seen) == 40, second
    times = [int(time.mktime(time.strptime(d, "%Y-%m-%dT%H:%M:%SZ"))) for d in due]
    assert times == list(range(times[0], times[-1] + 1))


def test_a_refused_reload_says_why_and_keeps_the_old_configuration(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1s"')).start()
    receiver.wait(1)
    good = daemon.sections["reminders"]
    daemon.reload(refused=True, reminders=good + '{ id = "broken"; kind = "practice"; to = [ "nobody" ]; calendar = "Mox 09:00"; text = "x"; }')
    assert any("nobody" in line for line in daemon.log) and any("calendar" in line for line in daemon.log)
    receiver.wait(len(receiver.all()) + 2)
    daemon.reload(reminders=good)


def test_a_key_that_needs_a_restart_is_refused_by_name(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana", 3600)).start()
    daemon.reload(refused=True, top='state = "elsewhere";')
    assert any("`state`" in line and "restart" in line for line in daemon.log)


def test_open_deliveries_of_a_removed_person_are_cancelled_and_the_others_go_on(nudged, receiver):
    receiver.reply = lambda a: 503
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=once("a", "all")).start()
    daemon.wait("retry", person="ana")
    daemon.wait("retry", person="bo")
    daemon.reload(people=person("ana"))
    daemon.wait("cancelled", person="bo")
    receiver.reply = lambda a: 200
    receiver.wait(1, person="ana", accepted=True)
    time.sleep(0.5)
    assert not receiver.all(person="bo", accepted=True)


def test_open_deliveries_of_a_removed_reminder_are_cancelled(nudged, receiver):
    receiver.reply = lambda a: 503
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana") + once("b", "ana")).start()
    daemon.wait("retry", reminder="a")
    daemon.wait("retry", reminder="b")
    daemon.reload(reminders=once("b", "ana", 3600))
    daemon.wait("cancelled", reminder="a")
    receiver.reply = lambda a: 200
    receiver.wait(1, reminder="b", accepted=True)
    assert not receiver.all(reminder="a", accepted=True)


def test_open_deliveries_of_a_removed_channel_go_by_the_next_one(nudged, receiver):
    receiver.reply = lambda a: 503 if a.path == "/first" else 200
    daemon = nudged(channels=hook(receiver, "first") + hook(receiver, "second"), people=person("ana", via="first second"),
                    reminders=once("a", "ana")).start()
    daemon.wait("retry", 2)
    daemon.reload(channels=hook(receiver, "second"), people=person("ana", via="second"))
    receiver.wait(1, path="/second")
    eventually("it is delivered once", lambda: len(daemon.events("delivered")) == 1)


def test_a_channel_removed_while_its_receiver_thinks_is_handed_on_afterwards(nudged, receiver):
    receiver.reply = lambda a: (time.sleep(1) or 503) if a.path == "/first" else 200
    daemon = nudged(channels=hook(receiver, "first") + hook(receiver, "second"), people=person("ana", via="first second"),
                    reminders=once("a", "ana")).start()
    daemon.wait("recorded")
    time.sleep(0.3)
    daemon.reload(channels=hook(receiver, "second"), people=person("ana", via="second"))
    receiver.wait(1, path="/second")
    assert len(receiver.all(path="/first")) == 1
    receiver.wait(1, path="/second")


def test_the_next_attempt_uses_a_changed_channel(nudged, receiver):
    receiver.reply = lambda a: 503 if a.path == "/old" else 200
    daemon = nudged(channels=hook(receiver, "hook", "/old"), people=person("ana"), reminders=once("a", "ana")).start()
    daemon.wait("retry", 2)
    daemon.reload(channels=hook(receiver, "hook", "/new"))
    arrival = receiver.wait(1, path="/new")[0]
    assert arrival.id == receiver.all(path="/old")[0].id
    time.sleep(0.5)
    assert len(receiver.all(path="/new")) == 1


def test_a_schedule_moved_into_the_past_hour_does_not_fire_at_the_reload(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("a", "ana", 'calendar = "13:00:00"'))
    daemon.start(clock=f"@{DAY} 12:00:01")
    daemon.stop()
    daemon.start(clock=f"@{DAY} 12:30:01")
    daemon.reload(reminders=reminder("a", "ana", 'calendar = "12:15:00"'))
    time.sleep(1)
    assert not daemon.events("recorded", reminder="a") and not daemon.events("skipped")
    daemon.kill()
    daemon.start(clock=f"@{DAY} 12:30:10")  # nor after a crash
    time.sleep(1)
    assert not receiver.all()


def test_a_new_person_gets_their_first_message_at_the_next_slot(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "all", 'every = "2s"')).start()
    receiver.wait(1)
    daemon.reload(people=person("ana") + person("bo"))
    accepted = time.time()
    arrival = receiver.wait(1, person="bo")[0]
    due = time.mktime(time.strptime(arrival.items[0]["due"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert due >= accepted - 2
