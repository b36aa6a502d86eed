"""A person's day: hours, quiet hours, absence, and the daily limit. The daemon alone is told what time it is."""

import time

from scenario.harness import eventually, hook, person, reminder

DAY, NEXT_DAY = "2026-06-03", "2026-06-04"  # a Wednesday


def at(clock, id, to="ana", more=""):
    return reminder(id, to, f'at = "{DAY}T{clock}"', more)


def london(more):
    return f'{{ id = "london"; timezone = "Europe/London"; {more} }},'


def place(more):
    return f'{{ id = "here"; timezone = "UTC"; {more} }},'


def test_a_day_over_its_limit_ends_in_one_message_at_the_last_ones_time(nudged, receiver):
    daemon = nudged(top="daily_limit = 2;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a") + at("12:00:03", "b") + at("12:00:04", "c") + at("12:00:06", "d"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    arrivals = receiver.wait(2)
    time.sleep(1)
    assert [a.reminders for a in receiver.all()] == [["a"], ["b", "c", "d"]]
    assert arrivals[1].at - arrivals[0].at >= 3.5
    assert len({o for a in arrivals for o in a.occurrences}) == 4
    assert all(i["answer_url"] for i in arrivals[1].items)
    assert len({i["answer_url"] for i in arrivals[1].items}) == 3


def test_the_more_important_ones_go_alone_and_the_others_wait_for_the_last(nudged, receiver):
    daemon = nudged(top="daily_limit = 3;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more="priority = 1;") + at("12:00:03", "b", more="priority = 5;") +
                    at("12:00:04", "c", more="priority = 4;") + at("12:00:05", "d"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(3)
    time.sleep(1)
    assert [sorted(a.reminders) for a in receiver.all()] == [["b"], ["c"], ["a", "d"]]


def test_a_limit_of_one_is_one_message_with_everything(nudged, receiver):
    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=person("ana") + person("bo"),
                    reminders=at("12:00:02", "a", "ana bo") + at("12:00:04", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(2)
    time.sleep(1)
    assert [a.reminders for a in receiver.all(person="ana")] == [["a", "b"]]
    assert [a.reminders for a in receiver.all(person="bo")] == [["a"]]


def test_one_message_for_many_lists_what_matters_most_first(nudged, receiver):
    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more="priority = 1;") + at("12:00:03", "b") + at("12:00:04", "c", more="priority = 5;") +
                    at("12:00:05", "d"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    arrival = receiver.wait(1)[0]
    assert arrival.reminders == ["c", "b", "d", "a"] and arrival.title == arrival.items[0]["title"]
    for item in arrival.items:
        assert daemon.answer(item["answer_url"], "done")[0] == 200
    assert {r["reminder"]: r["answer"] for r in daemon.rows("list", "--all")} == dict.fromkeys("abcd", "done")


def test_the_limit_holds_over_a_crash_between_the_messages(nudged, receiver):
    daemon = nudged(top="daily_limit = 2;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a") + at("12:00:04", "b") + at("12:00:12", "c"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(1)
    daemon.wait("recorded", 2)
    daemon.kill()
    daemon.start(clock=f"@{DAY} 12:00:08")
    receiver.wait(2)
    time.sleep(1)
    assert [a.reminders for a in receiver.all()] == [["a"], ["b", "c"]]


def test_a_nudge_joins_the_next_message_of_the_day(nudged, receiver):
    daemon = nudged(top="daily_limit = 3;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more='nudge = { after = "2s"; at_most = 1; };') + at("12:00:07", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(2)
    time.sleep(1)
    assert [sorted(a.reminders) for a in receiver.all()] == [["a"], ["a", "b"]]


def test_an_answer_takes_a_nudge_out_of_the_message_that_it_waits_for(nudged, receiver):
    daemon = nudged(top="daily_limit = 3;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more='nudge = { after = "2s"; at_most = 1; };') + at("12:00:09", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    first = receiver.wait(1)[0]
    daemon.wait("nudged")
    assert daemon.answer(first.items[0]["answer_url"], "done")[0] == 200
    receiver.wait(2)
    time.sleep(0.5)
    assert [a.reminders for a in receiver.all()] == [["a"], ["b"]]


def test_an_answered_nudge_stays_out_of_its_message_over_a_crash(nudged, receiver):
    daemon = nudged(top="daily_limit = 3;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more='nudge = { after = "2s"; at_most = 1; };') + at("12:00:12", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    first = receiver.wait(1)[0]
    daemon.wait("nudged")
    assert daemon.answer(first.items[0]["answer_url"], "done")[0] == 200
    daemon.kill()
    daemon.start(clock=f"@{DAY} 12:00:08")
    receiver.wait(2)
    time.sleep(0.5)
    assert [a.reminders for a in receiver.all()] == [["a"], ["b"]]


def test_a_message_that_waits_for_the_last_one_is_not_nudged_before_it_went(nudged, receiver):
    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=person("ana"),
                    reminders=at("12:00:02", "a", more='nudge = { after = "2s"; at_most = 1; };') + at("12:00:08", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    arrival = receiver.wait(1)[0]
    assert arrival.reminders == ["a", "b"]  # each once


def test_quiet_hours_move_a_message_to_their_end(nudged, receiver):
    daemon = nudged(channels=hook(receiver), places=place('quiet = "19:00-08:00";'), people=person("ana", 'place = "here";'),
                    reminders=at("07:30:00", "early"))
    daemon.start(clock=f"@{DAY} 07:29:58")
    time.sleep(2.5)
    assert not receiver.all()
    daemon.stop()
    daemon.start(clock=f"@{DAY} 07:59:57")
    receiver.wait(1)
    assert "quiet" in daemon.wait("recorded")[0].message


def test_a_message_that_finds_no_allowed_minute_within_its_grace_is_skipped_with_the_reason(nudged, receiver):
    daemon = nudged(channels=hook(receiver), places=place('hours = "Mon..Fri 09:00-17:00";'), people=person("ana", 'place = "here";'),
                    reminders=at("07:30:01", "early") + at("07:30:01", "anyway", more="anywhere = true;"))
    daemon.start(clock=f"@{DAY} 07:29:59")
    arrival = receiver.wait(1)[0]
    assert arrival.reminders == ["anyway"]
    assert "hours" in daemon.wait("skipped", reminder="early")[0].message


def test_who_is_away_is_skipped_with_the_reason_and_so_is_what_is_about_them(nudged, receiver):
    away = f'away = ( {{ from = "{DAY}"; until = "{DAY}"; }} );'
    daemon = nudged(channels=hook(receiver), people=person("ana", away + 'manager = "sam";') + person("sam"),
                    reminders=at("12:00:02", "a", "ana sam") + f'{{ id = "talk"; kind = "feedback"; at = "{DAY}T12:00:02"; '
                    'about = [ "ana" ]; to = [ "manager" ]; text = "Talk."; }')
    daemon.start(clock=f"@{DAY} 12:00:00")
    daemon.wait("skipped", 2)
    receiver.wait(1)
    time.sleep(0.5)
    assert [(a.person, a.reminders) for a in receiver.all()] == [("sam", ["a"])]
    assert all("away" in e.message for e in daemon.events("skipped"))


def test_a_mentor_is_not_told_about_somebody_who_is_away(nudged, receiver):
    """Recorded the evening before; the escalation would come on the first day of absence."""
    away = 'away = ( { from = "2026-06-04"; until = "2026-06-05"; } );'
    daemon = nudged(channels=hook(receiver), people=person("ana", away + 'mentor = "li";') + person("li"),
                    reminders=reminder("a", "ana", f'at = "{DAY}T23:59:58"', 'nudge = { after = "3s"; at_most = 0; escalate = "mentor"; };'))
    daemon.start(clock=f"@{DAY} 23:59:56")
    receiver.wait(1, person="ana")
    time.sleep(5)
    assert not receiver.all(person="li")


def test_a_paused_person_gets_nothing_until_resumed(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=reminder("tick", "all", 'every = "1s"')).start()
    receiver.wait(2, person="ana")
    daemon.ctl("pause", "person:ana", "--reason", "on a course")
    time.sleep(0.3)
    before = len(receiver.all(person="ana"))
    receiver.wait(len(receiver.all(person="bo")) + 3, person="bo")
    assert len(receiver.all(person="ana")) == before
    daemon.ctl("resume", "person:ana")
    receiver.wait(before + 2, person="ana")


def test_a_nudge_that_a_full_day_puts_off_does_not_come_while_they_are_away(nudged, receiver):
    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=person("ana", f'away = ( {{ from = "{NEXT_DAY}"; until = "{NEXT_DAY}"; }} );'),
                    reminders=at("12:00:02", "a", more='nudge = { after = "2s"; at_most = 1; };'))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(1)
    eventually("nothing follows any more", lambda: daemon.rows("list", "--all")[0]["state"] == "closed")
    assert not daemon.events("nudged") and len(daemon.rows("deliveries", "--all")) == 1
