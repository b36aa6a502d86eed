"""What happens when nobody answers, and when somebody does."""

import time

import pytest

from scenario.harness import eventually, hook, once, person, reminder, utc

pytestmark = pytest.mark.sanitized

NUDGE = 'nudge = { after = "2s"; at_most = 2; escalate = "mentor"; };'


def people():
    return person("ana", 'mentor = "li";') + person("li")


def answer_url(arrival):
    return arrival.items[0]["answer_url"]


def test_silence_is_nudged_so_often_and_then_the_mentor_is_told(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    arrivals = receiver.wait(4)
    assert [a.person for a in arrivals] == ["ana", "ana", "ana", "li"]
    assert len({a.id for a in arrivals}) == 4
    assert len({a.occurrences[0] for a in arrivals[:3]}) == 1
    gaps = [round(b.at - arrivals[0].at) for b in arrivals[1:]]
    assert gaps == [2, 4, 6]
    assert arrivals[3].items[0]["about"] == "ana" or "Ana" in arrivals[3].title
    time.sleep(2.5)
    assert len(receiver.all()) == 4
    assert len(daemon.events("nudged")) == 2 and len(daemon.events("escalated")) == 1


def test_an_answer_by_the_link_stops_the_follow_up_at_once(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    first = receiver.wait(1)[0]
    status, _ = daemon.answer(answer_url(first), "done", "It went well.")
    assert status == 200
    daemon.wait("answered")
    time.sleep(4.5)
    assert len(receiver.all()) == 1
    assert daemon.answer(answer_url(first), "stuck")[0] == 200  # a change of mind
    assert not any("It went well" in line for line in daemon.log)


def test_an_answer_by_nudgectl_stops_the_follow_up_after_the_first_nudge(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    nudge = receiver.wait(2)[1]
    daemon.ctl("answer", nudge.occurrences[0], "stuck", "Hard today.")
    time.sleep(4.5)
    assert len(receiver.all()) == 2


def test_looking_at_the_link_answers_nothing(nudged, receiver):
    from scenario.harness import fetch

    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    url = answer_url(receiver.wait(1)[0])
    status, page = fetch(url)
    assert status == 200 and "<form" in page
    assert fetch(url, method="HEAD")[0] == 200
    receiver.wait(2)
    assert not daemon.events("answered")


def test_a_forged_link_is_refused(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1)).start()
    url = answer_url(receiver.wait(1)[0])
    for forged in (url[:-1] + ("A" if url[-1] != "A" else "B"), url + "A", url[:-8]):
        assert daemon.answer(forged, "done")[0] == 403, forged
    head, token = url.rsplit("/", 1)
    parts = token.split(".")
    for i in range(len(parts)):
        changed = [p if n != i else ("0" * len(p) if p != "0" * len(p) else "1" * len(p)) for n, p in enumerate(parts)]
        assert daemon.answer(f"{head}/{'.'.join(changed)}", "done")[0] == 403
    assert not daemon.events("answered")


def test_a_snoozed_reminder_comes_back(nudged, receiver):
    """The shortest snooze is a minute: the rest of the wait is the machine's word, so the record is asked."""
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    first = receiver.wait(1)[0]
    status, _ = daemon.answer(answer_url(first), "snooze", **{"for": "1min"})
    assert status == 200
    eventually("the follow-up is set anew", lambda: [r for r in daemon.rows("list", "--all") if r["answer"] == "snooze" and r["follow"]])
    daemon.stop()
    daemon.start(clock="+70s")
    again = receiver.wait(2)[1]
    assert again.occurrences == first.occurrences and again.id != first.id
    time.sleep(2.5)
    assert len(receiver.all()) == 2


def test_stop_ends_the_reminder_for_that_person_alone(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=reminder("tick", "ana li", 'every = "2s"')).start()
    first = receiver.wait(1, person="ana")[0]
    assert daemon.answer(answer_url(first), "stop")[0] == 200
    daemon.wait("answered")
    time.sleep(0.5)
    before = len(receiver.all(person="ana"))
    receiver.wait(before + 2, person="li")
    assert len(receiver.all(person="ana")) == before
    assert "stopped" in daemon.wait("skipped", person="ana")[0].message
    daemon.stop()
    daemon.start()
    receiver.wait(before + 4, person="li")
    assert len(receiver.all(person="ana")) == before


def test_the_next_slot_closes_the_older_one(nudged, receiver):
    nudge = 'nudge = { after = "3s"; at_most = 1; };'
    daemon = nudged(channels=hook(receiver), people=people(), reminders=reminder("tick", "ana", 'every = "2s"', nudge)).start()
    receiver.wait(4)
    assert not daemon.events("nudged")
    closed = eventually("a closed occurrence", lambda: [r for r in daemon.rows("list", "--all") if r["state"] == "closed"])
    assert closed


def test_an_answer_takes_back_a_nudge_that_still_waits_for_its_receiver(nudged, receiver):
    """The nudge is recorded, and its receiver is not well: the answer comes in between."""
    receiver.reply = lambda a: 200 if len(receiver.arrivals) == 0 else 503
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    first = receiver.wait(1)[0]
    daemon.wait("nudged")
    daemon.wait("retry")
    assert daemon.answer(answer_url(first), "done")[0] == 200
    daemon.wait("cancelled")
    receiver.reply = lambda a: 200
    time.sleep(3)
    assert len(receiver.all(accepted=True)) == 1


def test_an_answer_takes_back_an_escalation_that_still_waits_for_its_receiver(nudged, receiver):
    receiver.reply = lambda a: 503 if a.person == "li" else 200
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once(
        "stretch", "ana", 1, 'nudge = { after = "1s"; at_most = 0; escalate = "mentor"; };')).start()
    first = receiver.wait(1, person="ana")[0]
    receiver.wait(1, person="li")
    assert daemon.answer(answer_url(first), "done")[0] == 200
    daemon.wait("cancelled")
    receiver.reply = lambda a: 200
    time.sleep(2)
    assert not receiver.all(accepted=True, person="li")


def test_nudges_go_on_after_a_restart(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=people(), reminders=once("stretch", "ana", 1, NUDGE)).start()
    receiver.wait(1)
    eventually("its arrival is on record, so that the kill repeats nothing",
               lambda: any(r["state"] == "delivered" for r in daemon.rows("deliveries", "--all")))
    daemon.kill()
    daemon.start()
    arrivals = receiver.wait(4)
    assert [a.person for a in arrivals] == ["ana", "ana", "ana", "li"]


def test_a_mentor_who_is_mentor_and_subject_at_once_is_still_told(nudged, receiver):
    """Sam is asked about Ana, and Boss about Sam, by one reminder: Sam's silence reaches Boss as a message of its own."""
    daemon = nudged(channels=hook(receiver), people=person("ana", 'manager = "sam";') + person("sam", 'manager = "boss";') + person("boss"),
                    reminders=f'{{ id = "talk"; kind = "feedback"; at = "{utc(1)[0]}"; about = [ "ana", "sam" ]; to = [ "manager" ]; '
                              'text = "Talk."; nudge = { after = "1s"; at_most = 0; escalate = "manager"; }; }').start()
    daemon.wait("escalated")
    told = eventually("boss is told", lambda: [a for a in receiver.all(person="boss") if "No answer" in a.title])
    assert "Sam" in told[0].title
