"""People together: turns, pairs, both sides of a mentoring. The daemon alone is told what time it is."""

import time
import urllib.parse

import pytest

from scenario.harness import eventually, fetch, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

DAY = "2026-06-03"  # a Wednesday
SECONDS = "12:00:02,04,06,08"


def turn(to, more="", when=SECONDS):
    return reminder("lead", to, f'calendar = "{when}"', "turn = true; " + more)


def pairs(to, more="", when=SECONDS):
    return (f'{{ id = "coffee"; kind = "checkin"; calendar = "{when}"; to = [ "{to}" ]; pair = true; title = "Coffee"; '
            f'text = "Meet {{{{about.name}}}}."; {more} }},')


def preview(daemon, *more):
    return [r for r in daemon.rows("preview", "--from", DAY, "--to", DAY, *more) if r["decision"] != "skipped"]


def who(rows):
    return [r["person"] for r in rows]


def about(arrival):
    return (arrival.items[0]["about"] or {}).get("id") if isinstance(arrival.items[0]["about"], dict) else arrival.items[0]["about"]


def test_each_slot_goes_to_the_next_one_as_the_preview_said_over_a_crash(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo") + person("cy"), reminders=turn("all"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    said = who(preview(daemon))
    assert said == ["ana", "bo", "cy", "ana"]
    receiver.wait(2)
    eventually("the second arrival is on record",
               lambda: sum(r["state"] == "delivered" for r in daemon.rows("deliveries", "--all")) == 2)
    daemon.kill()
    daemon.start(clock=f"@{DAY} 12:00:05")
    assert who(preview(daemon)) == said
    receiver.wait(4)
    assert [a.person for a in receiver.all()] == said
    assert len(daemon.rows("list", "--all")) == 4  # nothing is recorded of those whose turn it was not


def test_who_is_away_or_on_pause_is_passed_over_and_comes_first_then(nudged, receiver):
    daemon = nudged(channels=hook(receiver),
                    people=person("ana", f'away = ( {{ from = "{DAY}"; until = "{DAY}"; }} );') + person("bo") + person("cy"),
                    reminders=turn("all", when="12:00:02,04,09"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    assert who(preview(daemon)) == ["bo", "cy", "bo"]
    receiver.wait(2)
    daemon.ctl("pause", "person:bo", "--reason", "a course")
    assert who(preview(daemon)) == ["bo", "cy", "cy"]
    daemon.reload(people=person("ana") + person("bo") + person("cy"))
    receiver.wait(3)
    assert [a.person for a in receiver.all()] == ["bo", "cy", "ana"]


def test_explain_tells_whose_turn_it_is(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"), reminders=turn("all", when="12:00,59:02"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(1)

    def steps(name, at):
        slots = daemon.rows("explain", name, "lead", DAY)[0]["slots"]
        slot = next(s for s in slots if at in s["local"])
        return slot["decision"], {s["rule"]: (s["result"], s["detail"]) for s in slot["steps"]}

    decision, rules = steps("ana", "12:59")
    assert decision == "skipped" and rules["not-their-turn"] == ("decides", "it is another one's turn: Bo")
    decision, rules = steps("bo", "12:59")
    assert decision == "send" and rules["not-their-turn"][0] == "passes" and "turn of bo" in rules["not-their-turn"][1]
    decision, rules = steps("bo", "12:00:02")
    assert decision == "skipped" and rules["not-their-turn"] == ("decides", "it is another one's turn: Ana")


def test_a_turn_is_not_sent_by_hand_to_everybody(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"),
                    reminders=turn("all", when="23:00") + pairs("all", when="23:00")).start(clock=f"@{DAY} 12:00:00")
    assert "say to whom" in daemon.ctl("send", "lead", status=1).stderr
    assert "say to whom" in daemon.ctl("send", "lead", "--dry-run", status=1).stderr
    assert "by hand" in daemon.ctl("send", "coffee", "--to", "ana", status=1).stderr
    daemon.ctl("send", "lead", "--to", "bo")
    assert receiver.wait(1)[0].person == "bo"


def test_pairs_are_told_on_both_sides_and_the_odd_one_too_as_the_preview_said(nudged, receiver):
    names = "ana bo cy dora eli".split()
    daemon = nudged(channels=hook(receiver), people="".join(map(person, names)), reminders=pairs("all", when="12:00:02,05"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    said = {(r["local"], r["person"]): r["about"] for r in preview(daemon)}
    first = receiver.wait(5)[:5]
    daemon.stop()
    daemon.start(clock=f"@{DAY} 12:00:03")
    assert {(r["local"], r["person"]): r["about"] for r in preview(daemon)} == said
    second = receiver.wait(10)[5:]
    odd = []
    for clock, arrivals in (("12:00:02", first), ("12:00:05", second)):
        assert sorted(a.person for a in arrivals) == names
        met = {a.person: about(a) for a in arrivals}
        assert met == {p: o for (local, p), o in said.items() if clock in local}
        assert all(met[o] == p for p, o in met.items() if o)
        assert [a.items[0]["text"] for a in arrivals if about(a) == "bo"] in ([], ["Meet Bo."])
        alone = [a for a in arrivals if not about(a)]
        assert [a.title for a in alone] == ["Nobody to meet this time"] and "the first" in alone[0].items[0]["text"]
        odd.append(alone[0].person)
    assert odd[0] != odd[1]
    assert not {frozenset((a.person, about(a))) for a in first if about(a)} & {frozenset((a.person, about(a))) for a in second}


def test_a_pair_of_which_one_was_told_stays_over_a_reload_in_the_middle_of_the_round(nudged, receiver):
    """Berlin comes to it an hour before London."""
    def places(name):
        return f'place = "{name}";'

    def people(*left_out):
        of = {"ana": "london", "bo": "berlin", "cy": "london", "dora": "berlin", "eli": "london", "fay": "london", "gus": "london", "hal": "london"}
        return "".join(person(n, places(p)) for n, p in of.items() if n not in left_out)

    daemon = nudged(channels=hook(receiver), people=people(), reminders=pairs("all", when="12:00:00"),
                    places='{ id = "london"; timezone = "Europe/London"; }, { id = "berlin"; timezone = "Europe/Berlin"; },')
    daemon.start(clock=f"@{DAY} 09:59:58")
    told = {a.person: about(a) for a in receiver.wait(2)}
    assert set(told) == {"bo", "dora"} and all(told.values())
    daemon.stop()
    # Somebody goes with whom nobody was told that they will meet.
    free = next(r["person"] for r in preview_of(daemon, told))
    daemon.write(people=people(free))
    daemon.start(clock=f"@{DAY} 10:59:58")
    later = {a.person: about(a) for a in receiver.wait(7)[2:]}
    assert set(later) == {"ana", "cy", "eli", "fay", "gus", "hal"} - {free}
    for berliner, londoner in told.items():
        if londoner in later:
            assert later[londoner] == berliner
    time.sleep(0.5)
    assert len(receiver.all()) == 7


def preview_of(daemon, told):
    """Londoners who have nobody in Berlin."""
    daemon.start(clock=f"@{DAY} 10:10:00")
    rows = [r for r in preview(daemon) if r["person"] not in told and r["person"] not in told.values() and r["about"]]
    daemon.stop()
    return rows


def test_the_nudge_asks_whether_they_met_and_done_is_the_answer(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana") + person("bo"),
                    reminders=pairs("all", 'nudge = { after = "3s"; at_most = 1; };', when="12:00:02"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    ana = receiver.wait(2, reminder="coffee") and receiver.all(person="ana")[0]
    assert daemon.answer(ana.items[0]["answer_url"], "done")[0] == 200
    asked = receiver.wait(3)[2]
    assert (asked.person, asked.title, asked.items[0]["text"]) == ("bo", "Did you meet Ana yet?", "Meet Ana.")
    time.sleep(1.5)
    assert len(receiver.all()) == 3


def test_the_next_round_ends_the_question_about_the_one_before(nudged, receiver):
    names = "ana bo cy dora".split()
    daemon = nudged(channels=hook(receiver), people="".join(map(person, names)),
                    reminders=pairs("all", 'nudge = { after = "4s"; at_most = 1; };', when="12:00:02,05"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(12)
    second = {a.person: about(a) for a in receiver.all()[4:8]}
    assert {a.person: a.title for a in receiver.all()[8:]} == {p: f"Did you meet {o.capitalize()} yet?" for p, o in second.items()}
    time.sleep(1)
    assert len(receiver.all()) == 12


def test_one_reminder_asks_both_sides(nudged, receiver):
    text = "{{#about}}How is {{about.name}}?{{/about}}{{^about}}How are you?{{/about}}"
    daemon = nudged(channels=hook(receiver), people=person("ana", 'mentor = "li"; partner = "bo";') + person("li") + person("bo"),
                    reminders=f'{{ id = "both"; kind = "checkin"; at = "{DAY}T12:00:02"; about = [ "ana" ]; '
                              f'to = [ "self", "mentor", "partner" ]; text = "{text}"; }}')
    daemon.start(clock=f"@{DAY} 12:00:00")
    assert {a.person: a.items[0]["text"] for a in receiver.wait(3)} == {
        "ana": "How are you?", "li": "How is Ana?", "bo": "How is Ana?"}


@pytest.mark.parametrize("kind, silence", [("checkin", "No check-in from Ana yet"), ("practice", "No answer from Ana yet")])
def test_whoever_is_told_of_silence_hears_nothing_of_the_message(nudged, receiver, kind, silence):
    daemon = nudged(channels=hook(receiver), people=person("ana", 'partner = "bo";') + person("bo"),
                    reminders=once("act", "ana", 1, 'title = "Canary"; nudge = { after = "1s"; at_most = 0; escalate = "partner"; };')
                    .replace('kind = "practice"', f'kind = "{kind}"')).start()
    told = receiver.wait(1, person="bo")[0]
    assert told.title == silence
    assert "Canary" not in str(told.body) and "Practise" not in str(told.body) and "act" in told.items[0]["text"]
    daemon.wait("escalated")


def test_a_week_without_a_check_in_is_called_one(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana", 'mentor = "li";') + person("li"),
                    reminders=f'{{ id = "week"; kind = "checkin"; at = "{DAY}T12:00:02"; to = [ "ana" ]; text = "How was it?"; '
                              'nudge = { after = "6d"; at_most = 0; escalate = "mentor"; }; }')
    daemon.start(clock=f"@{DAY} 12:00:00")
    receiver.wait(1, person="ana")
    daemon.stop()
    daemon.start(clock="@2026-06-09 12:00:00")
    assert receiver.wait(1, person="li")[0].title == "No check-in from Ana this week"


def choose(daemon, name, **choices):
    """What somebody sends from their own page."""
    page = next(w for w in daemon.ctl("link", name).stdout.split() if "/me/" in w)
    assert fetch(page, urllib.parse.urlencode({"do": "choose", **choices}).encode())[0] == 200


def test_whoever_wants_to_be_nobodys_partner_is_not_asked_nor_told(nudged, receiver):
    people = person("ana", 'partner = "bo"; mentor = "li";') + person("bo") + person("li")
    daemon = nudged(channels=hook(receiver), people=people,
                    reminders=f'{{ id = "both"; kind = "checkin"; at = "{DAY}T12:00:03"; about = [ "ana" ]; to = [ "mentor", "partner" ]; '
                              'text = "How is Ana?"; }, ' +
                              reminder("act", "ana", f'at = "{DAY}T12:00:03"', 'nudge = { after = "1s"; at_most = 0; escalate = "partner"; };'))
    daemon.start(clock=f"@{DAY} 12:00:00")
    choose(daemon, "bo", partner="no")
    receiver.wait(2)
    assert "declined" in daemon.wait("skipped", person="bo")[0].message
    time.sleep(2)
    assert sorted(a.person for a in receiver.all()) == ["ana", "li"]


def test_whoever_takes_no_part_in_pairs_is_left_out_from_then_on(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people="".join(map(person, "ana bo cy".split())), reminders=pairs("all", when="12:00:04"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    assert len(preview(daemon)) == 3
    choose(daemon, "cy", pair="no")
    assert {r["person"]: r["about"] for r in preview(daemon)} == {"ana": "bo", "bo": "ana"}
    assert {a.person: about(a) for a in receiver.wait(2)} == {"ana": "bo", "bo": "ana"}
    assert "declined" in daemon.wait("skipped", person="cy")[0].message
