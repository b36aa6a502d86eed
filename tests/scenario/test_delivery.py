"""From a slot to a message that was accepted, once."""

import time

import pytest

from scenario.harness import Receiver, eventually, hook, once, person, reminder

pytestmark = pytest.mark.sanitized


def test_a_due_reminder_is_delivered_once_to_each_person(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"),
                    reminders=once("stretch", "all")).start()
    receiver.wait(2)
    daemon.wait("delivered", 2)
    time.sleep(1)
    assert sorted(a.person for a in receiver.all()) == ["ana", "bo"]
    assert len({a.id for a in receiver.all()}) == 2
    assert all(a.attempt == 1 and a.reminders == ["stretch"] for a in receiver.all())


def test_nothing_is_sent_before_it_was_recorded_nor_early(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("tick", "ana", 'every = "1s"')).start()
    receiver.wait(3)
    names = [e.name for e in daemon.events() if e.name in ("recorded", "delivered")]
    assert names[0] == "recorded"
    for arrival in receiver.all():
        due = time.mktime(time.strptime(arrival.items[0]["due"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert arrival.at >= due
    ids = [a.occurrences[0] for a in receiver.all()]
    assert len(ids) == len(set(ids))


def test_a_receiver_that_is_down_gets_the_message_when_it_is_back_under_the_same_id(nudged):
    receiver = Receiver(lambda a: 503)
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("stretch", "ana")).start()
    daemon.wait("retry", 2)  # nobody listens
    receiver.start()
    tried = receiver.wait(2)  # it listens, and is not well
    receiver.reply = lambda a: 200
    receiver.wait(accepted=True)
    receiver.stop()
    attempts = [a.attempt for a in receiver.all()]
    assert attempts == sorted(set(attempts)) and attempts[0] >= 3, attempts
    assert len({a.id for a in receiver.all()}) == 1 and tried
    assert len(receiver.all(accepted=True)) == 1


def test_a_receiver_that_asks_for_time_is_left_alone_for_so_long(nudged, receiver):
    receiver.reply = lambda a: 200 if len(receiver.arrivals) else (429, {"Retry-After": "3"})
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=once("stretch", "ana") +
                    once("look-up", "bo", 2)).start()
    arrivals = receiver.wait(3)
    assert arrivals[0].status == 429
    assert all(a.at - arrivals[0].at >= 2.99 for a in arrivals[1:]), [a.at - arrivals[0].at for a in arrivals]
    assert {a.person for a in arrivals[1:]} == {"ana", "bo"}
    assert daemon.events("retry")


def test_a_channel_that_is_gone_hands_over_to_the_persons_next_one(nudged, receiver):
    receiver.reply = lambda a: 410 if a.path == "/first" else 200
    daemon = nudged(channels=hook(receiver, "first") + hook(receiver, "second"), people=person("ana", via="first second"),
                    reminders=once("stretch", "ana")).start()
    arrival = receiver.wait(path="/second")[0]
    assert arrival.reminders == ["stretch"]
    daemon.wait("delivered", channel="second")
    assert len(receiver.all(path="/first")) == 1
    assert daemon.wait("channel_failed")[0].channel == "first"


def test_a_message_that_is_refused_everywhere_ends_refused_with_a_reason(nudged, receiver):
    receiver.reply = lambda a: 400
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("stretch", "ana")).start()
    daemon.wait("refused")
    rows = eventually("a refused delivery", lambda: [r for r in daemon.rows("deliveries", "--all") if r["state"] == "refused"])
    assert rows[0]["reason"] and rows[0]["status"] == 400
    assert len(receiver.all()) == 1


def test_a_person_with_all_ways_gets_one_on_each(nudged, receiver):
    daemon = nudged(channels=hook(receiver, "first") + hook(receiver, "second"),
                    people=person("ana", "via_all = true;", "first second"), reminders=once("stretch", "ana")).start()
    arrivals = receiver.wait(2)
    daemon.wait("delivered", 2)
    assert {a.path for a in arrivals} == {"/first", "/second"}
    assert len({a.id for a in arrivals}) == 2
    assert len({a.occurrences[0] for a in arrivals}) == 1


def test_one_receiver_that_hangs_does_not_hold_up_another(nudged, receiver):
    slow = Receiver(lambda a: time.sleep(3) or 200).start()
    nudged(channels=hook(slow, "slow") + hook(receiver, "quick"), people=person("ana", via="slow") + person("bo", via="quick"),
           reminders=reminder("tick", "all", 'every = "1s"')).start()
    receiver.wait(3)
    assert not slow.all()
    slow.stop()


def test_a_room_gets_one_message_without_answer_links(nudged, receiver):
    nudged(channels=f'{{ id = "chat"; plugin = "webhook"; dialect = "slack"; url = "{receiver.url("/chat")}"; allow_private = true; }},',
           people="", reminders=once("stand-up", "room:chat")).start()
    arrival = receiver.wait(path="/chat")[0]
    assert "/a/" not in arrival.text and "stand-up" in arrival.text


def test_a_pause_keeps_back_what_waits_for_another_try_and_a_resume_lets_it_go(nudged, receiver):
    receiver.reply = lambda a: 503
    daemon = nudged(channels=hook(receiver, more='retry_max = "300ms";'), people=person("ana") + person("bo"),
                    reminders=once("a", "all")).start()
    receiver.wait(2, person="ana")
    daemon.ctl("pause", "person:ana", "--reason", "at a wedding")
    time.sleep(0.5)  # for a try that was under way
    receiver.reply = lambda a: 200
    receiver.wait(1, person="bo", accepted=True)
    time.sleep(1)
    assert not receiver.all(person="ana", accepted=True)
    daemon.ctl("resume", "person:ana")
    receiver.wait(1, person="ana", accepted=True)
