"""Explain: each step names what it looked at, whatever decided, and a date that names no time says why."""

import json
import re

import pytest

from scenario.harness import hook, person, reminder
from scenario.house import BUILD, on_terminal, run_ctl

pytestmark = pytest.mark.sanitized

# 2026: 3 June is a Wednesday, 4 June and 5 June are holidays, 8 June is a Monday.
HOLIDAYS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + "".join(
    f"BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART;VALUE=DATE:2026060{n}\r\nSUMMARY:Feast {n}\r\nEND:VEVENT\r\n" for n in (4, 5)) + "END:VCALENDAR\r\n"
ORDER = ["schedule", "dates", "gap", "not-begun", "holiday", "day-off", "hours", "quiet", "superseded", "paused", "stopped", "less",
         "away", "about-away", "declined", "hold-out", "fade", "not-their-turn", "limit", "grace", "catch-up", "no-channel"]

REMINDERS = "".join([
    reminder("daily", "ana", 'calendar = "Mon..Fri 10:00"'),
    reminder("late", "ana", 'calendar = "Mon..Fri 18:30"', 'grace = "20min";'),
    reminder("early", "ana", 'calendar = "Mon..Fri 07:30"', "priority = 5;"),
    reminder("lunch", "ana", 'calendar = "Mon..Fri 12:15"'),
    reminder("after", "ana", 'calendar = "*-*-04 11:00"', 'shift = "after"; priority = 5;'),
    reminder("before", "ana", 'calendar = "*-*-04 11:00"', 'shift = "before";'),
    reminder("night", "ana", 'calendar = "*-03,10-25..31 02:30"', 'anywhere = true; dst_gap = "skip";'),
    reminder("night-after", "ana", 'calendar = "*-03,10-25..31 02:30"', "anywhere = true;"),
    reminder("limited", "ana", 'calendar = "Mon..Fri 10:00"', 'from = "2026-06-08"; until = "2026-06-26"; except = [ "2026-06-10..2026-06-12" ];'),
    reminder("counted", "ana", 'rrule = "FREQ=DAILY"; start = "2026-06-08T10:00"', 'exdate = [ "2026-06-09T10:00" ]; until = "2026-06-30";'),
    reminder("review", "li", 'calendar = "Mon 10:00"', 'about = [ "ana" ];'),
    reminder("room", "room:lobby", 'calendar = "Mon..Fri 10:00"', 'place = "here";'),
    reminder("tick", "li", 'every = "90min"', 'anywhere = true; jitter = "5min"; catch_up = "none";'),
])


@pytest.fixture(name="org")
def fixture_org(nudged, receiver, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "feasts.ics").write_text(HOLIDAYS)
    lobby = '{ id = "lobby"; plugin = "webhook"; dialect = "slack"; url = "%s"; allow_private = true; },' % receiver.url("/lobby")
    daemon = nudged(
        top="daily_limit = 2;", channels=hook(receiver) + lobby,
        places=f'{{ id = "here"; timezone = "Europe/Berlin"; holidays = [ "{tmp_path}/feasts.ics" ]; hours = "Mon..Fri 08:00-18:00"; '
               'quiet = "12:00-13:00"; },',
        people=person("ana", 'place = "here"; away = ( { from = "2026-06-17"; until = "2026-06-17"; } );') + person("li", 'place = "here";'),
        reminders=REMINDERS)
    return daemon


def words(daemon):
    return "-c", str(daemon.file), "--plugins", str(BUILD / "plugins")


def explain(daemon, who, what, date):
    done = run_ctl(*words(daemon), "explain", who, what, date, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def steps(slot):
    return {step["rule"]: (step["result"], step["detail"]) for step in slot["steps"]}


# (who, reminder, date, decision, rule that decides, part of its words)
DECIDED = [
    ("ana", "early", "2026-06-02", "shifted", "hours", "07:30 is outside working hours: moved to 08:00"),
    ("ana", "late", "2026-06-02", "skipped", "hours", "18:30 is outside working hours, and no allowed minute"),
    ("ana", "daily", "2026-06-04", "skipped", "holiday", "2026-06-04 is a holiday (Feast 4)"),
    ("ana", "after", "2026-06-04", "shifted", "holiday", "Feast 4): moved to 2026-06-08 11:00"),
    ("ana", "after", "2026-07-04", "shifted", "day-off", "2026-07-04 is no working day: moved to 2026-07-06 11:00"),
    ("ana", "daily", "2026-06-17", "skipped", "away", "away that day"),
    ("ana", "lunch", "2026-06-02", "merged", "limit", "3 planned that day, 2 the limit"),
    ("ana", "night", "2026-03-29", "skipped", "gap", "does not exist in Europe/Berlin"),
]


@pytest.mark.parametrize("who,what,date,decision,rule,said", DECIDED)
def test_the_rule_that_decided_is_named_among_all_in_their_order(org, who, what, date, decision, rule, said):
    [slot] = explain(org, who, what, date)["slots"]
    assert [step["rule"] for step in slot["steps"]] == ORDER
    decides = [step for step in slot["steps"] if step["result"] == "decides"]
    assert (slot["decision"], [step["rule"] for step in decides]) == (decision, [rule]) and said in decides[0]["detail"]
    results = [step["result"] for step in slot["steps"]]
    after = results[results.index("decides") + 1:]
    assert set(after) == ({"not reached"} if decision == "skipped" else {"passes"})
    assert all(step["detail"] for step in slot["steps"] if step["result"] != "not reached")


def test_every_step_tells_what_it_looked_at(org):
    [slot] = explain(org, "ana", "daily", "2026-06-02")["slots"]
    said = steps(slot)
    for rule, words_of_it in {
            "schedule": 'calendar = "Mon..Fri 10:00" names 2026-06-02T10:00:00 in Europe/Berlin (UTC+02:00), which is 2026-06-02T08:00:00Z',
            "dates": "no first, last or excepted date is set", "gap": "the clock shows it once",
            "not-begun": "not known from the configuration alone", "holiday": "Tue 2026-06-02 is no holiday of here",
            "day-off": "shift asks for no working day", "hours": "10:00 is inside the working hours of here",
            "quiet": "10:00 is outside the quiet hours of here", "away": "ana is not away on Tue 2026-06-02",
            "about-away": "it is about nobody else", "grace": "it may be sent up to 1h late", "catch-up": "the last one stands for all",
            "no-channel": "by hook"}.items():
        assert said[rule][0] == "passes" and words_of_it in said[rule][1], rule
    winter = steps(explain(org, "ana", "daily", "2026-12-01")["slots"][0])
    assert "(UTC+01:00)" in winter["schedule"][1]


def test_other_facts_have_other_words(org):
    def of(who, what, date, rule):
        return steps(explain(org, who, what, date)["slots"][0])[rule][1]

    assert "the clock leaves this time out: 2026-03-29T03:00:00 stands for it" in of("ana", "night-after", "2026-03-29", "gap")
    assert "the clock shows it twice: this is the first" in of("ana", "night", "2026-10-25", "gap")
    assert of("ana", "night", "2026-03-26", "hours") == of("ana", "night", "2026-03-26", "holiday") == "the reminder says anywhere"
    assert "from 2026-06-08, until 2026-06-26, not among 1 excepted date" == of("ana", "limited", "2026-06-08", "dates")
    assert of("li", "review", "2026-06-08", "about-away") == "ana, whom it is about, is not away"
    assert of("li", "review", "2026-06-08", "away") == "no absence of li is set"
    assert " planned that day, 2 the limit" in of("li", "review", "2026-06-08", "limit")
    assert of("room:lobby", "room", "2026-06-02", "limit") == "a room has no daily limit"
    assert of("room:lobby", "room", "2026-06-02", "no-channel") == "to the room lobby"
    assert of("room:lobby", "room", "2026-06-02", "away") == "a room is never away"
    assert "an instant" in of("li", "tick", "2026-06-02", "gap") and "not sent any more" in of("li", "tick", "2026-06-02", "catch-up")
    assert "Mon 2026-06-08 is a working day" in steps(explain(org, "ana", "after", "2026-06-08")["slots"][0])["day-off"][1]


def test_a_slot_that_moved_is_found_from_the_day_it_left_and_from_the_day_it_goes(org):
    for what, there in (("after", "2026-06-08"), ("before", "2026-06-03")):
        away, here = explain(org, "ana", what, "2026-06-04"), explain(org, "ana", what, there)
        assert [slot["due"] for slot in away["slots"]] == ["2026-06-04T09:00:00Z"]
        assert away["slots"] == here["slots"] and here["slots"][0]["at"].startswith(there)
        between = explain(org, "ana", what, "2026-06-05")
        assert between["slots"] == [] and "names no time on 2026-06-05" in between["summary"]


def test_what_a_place_moved_before_the_limit_merged_it_is_told_too(org):
    org.write(reminders=reminder("a", "ana", 'calendar = "Tue 09:00"') + reminder("b", "ana", 'calendar = "Tue 09:30"') +
              reminder("c", "ana", 'calendar = "Tue 12:15"'))
    [slot] = explain(org, "ana", "c", "2026-06-02")["slots"]
    said = steps(slot)
    assert slot["decision"] == "merged" and said["limit"][0] == "decides"
    assert said["quiet"] == ("moves", "12:15 is inside quiet hours: moved to 13:00")


@pytest.mark.parametrize("what,date,said", [
    ("daily", "2026-06-06", 'calendar = "Mon..Fri 10:00" names no time on 2026-06-06; the next is 2026-06-08T10:00:00+02:00'),
    ("limited", "2026-06-05", "begins on 2026-06-08; the next is 2026-06-08T10:00:00+02:00"),
    ("limited", "2026-06-29", "ended on 2026-06-26; there is no time after that date"),
    ("limited", "2026-06-10", "except has 2026-06-10..2026-06-12; the next is 2026-06-15T10:00:00+02:00"),
    ("limited", "2026-06-12", "except has 2026-06-12; the next is 2026-06-15T10:00:00+02:00"),
    ("limited", "2026-06-14", "names no time on 2026-06-14; the next is 2026-06-15"),
    ("counted", "2026-06-09", 'exdate takes out all that rrule = "FREQ=DAILY" names on 2026-06-09; the next is 2026-06-10'),
    ("counted", "2026-06-07", "begins on 2026-06-08"), ("counted", "2026-07-01", "ended on 2026-06-30"),
    ("review", "2026-06-08", "ana is not among the recipients of review")])
def test_a_date_that_names_no_time_says_why(org, what, date, said):
    told = explain(org, "ana", what, date)
    assert told["slots"] == [] and said in told["summary"]
    lines = run_ctl(*words(org), "explain", "ana", what, date).stdout.splitlines()
    assert lines == [told["summary"]]


def test_the_record_is_found_from_both_days_of_a_moved_slot(org, receiver):
    org.write(reminders=reminder("a", "ana", 'calendar = "*-*-04 11:00:02"', 'shift = "after";'))
    org.start(clock="@2026-06-03 09:00:00")
    org.stop()
    org.start(clock="@2026-06-05 08:00:00")
    org.ctl("send", "a")
    org.stop()
    org.start(clock="@2026-06-08 09:00:00")
    receiver.wait(2)
    org.wait("delivered", 2)
    for date in ("2026-06-04", "2026-06-08"):
        [slot] = org.rows("explain", "ana", "a", date)[0]["slots"]
        assert (slot["basis"], slot["decision"], slot["due"]) == ("record", "shifted", "2026-06-04T09:00:02Z")
        assert "Feast 4" in slot["reason"] and slot["deliveries"]
    [by_hand] = org.rows("explain", "ana", "a", "2026-06-05")[0]["slots"]
    assert (by_hand["basis"], by_hand["due"][:10]) == ("record", "2026-06-05") and "sent by hand" in by_hand["reason"]


def test_a_daemon_knows_more_than_the_configuration(org, receiver):
    org.start(clock="@2026-06-01 00:00:00")
    org.ctl("pause", "person:ana", "--until", "2026-06-03T00:00Z", "--reason", "a move")
    said = steps(org.rows("explain", "ana", "daily", "2026-06-03")[0]["slots"][0])
    assert "first accepted 2026-05-31T" in said["not-begun"][1] or "first accepted 2026-06-01T" in said["not-begun"][1]
    assert said["paused"] == ("passes", "no pause holds it") and "not answered" in said["stopped"][1]
    [slot] = org.rows("explain", "ana", "daily", "2026-06-02")[0]["slots"]
    assert slot["decision"] == "skipped" and steps(slot)["paused"] == ("decides", "paused: a move")


def test_a_narrow_terminal_gets_every_word(org):
    line = (*words(org), "explain", "ana", "late", "2026-06-02")
    piped = run_ctl(*line).stdout
    assert on_terminal(*line, columns=500, NO_COLOR="1")[0] == piped
    for columns in (40, 60, 80):
        text, _ = on_terminal(*line, columns=columns, NO_COLOR="1")
        assert max(map(len, text.splitlines())) <= columns
        assert re.sub(r"\s+", " ", text) == re.sub(r"\s+", " ", piped)
