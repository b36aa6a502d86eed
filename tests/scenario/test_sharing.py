"""Whose eyes an answer's line is for, what one page lets answer, and for which occurrence an answer counts."""

import html
import json
import re
import time

import pytest

from scenario.harness import eventually, fetch, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

DAY = "2026-06-03"  # a Wednesday
SHARES = ("me", "partner", "mentor", "manager", "team")


def at(clock, id, to="ana", more=""):
    return reminder(id, to, f'at = "{DAY}T{clock}"', more)


def family():
    return (person("ana", 'mentor = "li"; partner = "bo"; teams = [ "platform" ];') + person("li") +
            person("bo", 'manager = "li";'))


def link(arrival, number=0):
    return arrival.items[number]["answer_url"]


def row_of(daemon, occurrence):
    return next(row for row in daemon.rows("list", "--all", "--limit", "1000") if row["occurrence"] == occurrence)


def exported(daemon, person, occurrence):
    return next(row for row in daemon.rows("export", person) if row.get("occurrence") == occurrence)


class Form:
    def __init__(self, text):
        self.action = re.search(r'action="([^"]+)"', text).group(1)
        self.options = re.findall(r'<option value="([a-z]+)"( selected)?>([^<]+)</option>',
                                  (re.search(r'name="share">(.*?)</select>', text, re.DOTALL) or [None, ""])[1])
        self.shares = [value for value, _, _ in self.options]
        self.chosen = next((value for value, selected, _ in self.options if selected), None)


def forms(page):
    return [Form(text) for text in re.findall(r"<form.*?</form>", page, re.DOTALL)]


def test_the_form_asks_who_may_see_the_line_of_those_that_the_person_has(nudged, receiver):
    nudged(channels=hook(receiver), people=family(),
           reminders=once("a", "ana") + once("b", "bo") + once("c", "li")).start()
    receiver.wait(3)
    pages = {who: fetch(link(receiver.all(person=who)[0]))[1] for who in ("ana", "bo", "li")}
    assert forms(pages["ana"])[0].shares == ["me", "partner", "mentor", "team"]
    assert "My mentor, Li" in pages["ana"] and "My partner, Bo" in pages["ana"] and "My team" in pages["ana"]
    assert forms(pages["ana"])[0].chosen == "me"
    assert forms(pages["bo"])[0].shares == ["me", "manager"]
    assert forms(pages["li"])[0].shares == [] and "(only for you)" in pages["li"]


def test_a_line_is_shared_as_it_was_chosen_and_its_words_are_not_shown_again(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=once("a", "ana")).start()
    arrival = receiver.wait(1)[0]
    occurrence = arrival.occurrences[0]
    status, page = daemon.answer(link(arrival), "done", "canary words", share="mentor")
    assert status == 200 and "canary" not in page
    page = fetch(link(arrival))[1]
    assert "You answered: done, with a line for you and: My mentor, Li" in page and "canary" not in page
    assert forms(page)[0].chosen == "mentor"
    assert row_of(daemon, occurrence)["share"] == "mentor" and "canary" not in json.dumps(row_of(daemon, occurrence))
    assert exported(daemon, "ana", occurrence)["answer_text"] == "canary words"
    assert exported(daemon, "ana", occurrence)["share"] == "mentor"
    assert "done (mentor)" in daemon.ctl("list", "--all").stdout
    # Another answer without a line: the line and its readers stay; then its readers are changed alone.
    assert daemon.answer(link(arrival), "stuck")[0] == 200
    assert exported(daemon, "ana", occurrence)["answer_text"] == "canary words"
    assert row_of(daemon, occurrence)["share"] == "mentor"
    assert daemon.answer(link(arrival), "stuck", share="me")[0] == 200
    assert row_of(daemon, occurrence)["share"] == "me"
    assert "with a line for you alone" in fetch(link(arrival))[1]


def test_nobody_is_chosen_whom_the_person_does_not_have(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=once("a", "ana")).start()
    arrival = receiver.wait(1)[0]
    for share in ("manager", "everybody", "", "ME"):
        status, _ = daemon.answer(link(arrival), "done", "words", share=share)
        assert status == 400, share
    assert row_of(daemon, arrival.occurrences[0])["answer"] is None
    assert "ana has no manager to share it with" in daemon.ctl("answer", arrival.occurrences[0], "done", "x", "--share", "manager",
                                                               status=1).stderr
    daemon.ctl("answer", arrival.occurrences[0], "done", "x", "--share", "all", status=2)


def test_nudgectl_shares_a_line_with_whom_it_is_told_and_else_with_nobody(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=once("a", "ana")).start()
    occurrence = receiver.wait(1)[0].occurrences[0]
    daemon.ctl("answer", occurrence, "done", "one line")
    assert exported(daemon, "ana", occurrence)["share"] == "me"
    daemon.ctl("answer", occurrence, "stuck", "two lines", "--share", "team")
    assert (exported(daemon, "ana", occurrence)["share"], exported(daemon, "ana", occurrence)["answer_text"]) == ("team", "two lines")
    daemon.ctl("answer", occurrence, "skip")
    assert exported(daemon, "ana", occurrence)["share"] == "team"
    # An answer without words is nothing to share.
    assert [row["share"] for row in daemon.rows("export", "li") if "share" in row] == []


def test_who_is_asked_about_somebody_chooses_among_their_own_people(nudged, receiver):
    people = person("sam", 'mentor = "li";') + person("li") + person("ana", 'manager = "sam"; partner = "li"; teams = [ "p" ];')
    ask = 'about = [ "ana" ]; '
    daemon = nudged(channels=hook(receiver), people=people, reminders=once("one-on-one", "manager", more=ask)).start()
    arrival = receiver.wait(1, person="sam")[0]
    assert arrival.items[0]["about"]["id"] == "ana"
    page = fetch(link(arrival))[1]
    assert forms(page)[0].shares == ["me", "mentor"] and "My mentor, Li" in page
    assert daemon.answer(link(arrival), "done", "praised", share="partner")[0] == 400
    assert daemon.answer(link(arrival), "done", "praised", share="mentor")[0] == 200
    assert exported(daemon, "sam", arrival.occurrences[0])["answer_text"] == "praised"


def test_a_merged_message_is_answered_item_by_item_on_one_page(nudged, receiver):
    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=family(),
                    reminders=at("12:00:02", "a") + at("12:00:03", "b") + at("12:00:04", "c", "ana bo"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    merged = receiver.wait(1, person="ana")[0]
    receiver.wait(1, person="bo")
    assert sorted(merged.reminders) == ["a", "b", "c"]
    daemon.wait("delivered", 2)
    for number in range(3):
        page = fetch(link(merged, number))[1]
        own = forms(page)
        assert len(own) == 3 and len({form.action for form in own}) == 3
        # The one that the link is of stands first, and its form goes to the very same place.
        assert page.index(f"Practise {merged.reminders[number]}.") == min(page.index(f"Practise {r}.") for r in "abc")
        assert own[0].action == link(merged, number).rsplit("/", 1)[1]
        assert len(set(re.findall(r' id="([^"]+)"', page))) == len(re.findall(r' id="([^"]+)"', page))
    base = link(merged).rsplit("/", 1)[0]
    order = [r for _, r in sorted((page.index(f"Practise {r}."), r) for r in "abc")]
    for form, answer in zip(own, ("done", "stuck", "skip")):
        status, page = daemon.answer(f"{base}/{form.action}", answer)
        assert status == 200 and len(forms(page)) == 3
    given = {row["reminder"]: row["answer"] for row in daemon.rows("list", "--all") if row["recipient"] == "ana"}
    assert [given[r] for r in order] == ["done", "stuck", "skip"]
    page = fetch(link(merged))[1]
    assert all(f"You answered: {answer}" in page for answer in ("done", "stuck", "skip"))
    assert all(row["answer"] is None for row in daemon.rows("list", "--all") if row["recipient"] == "bo")


def test_links_to_the_other_items_end_when_the_one_that_shows_them_does(nudged, receiver):
    import base64

    daemon = nudged(top="daily_limit = 1;", channels=hook(receiver), people=family(),
                    reminders=at("12:00:02", "a") + at("12:00:03", "b"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    merged = receiver.wait(1)[0]
    page = fetch(link(merged))[1]
    ends = {base64.urlsafe_b64decode(form.action + "==")[18:23] for form in forms(page)}
    assert len(forms(page)) == 2 and ends == {base64.urlsafe_b64decode(link(merged).rsplit("/", 1)[1] + "==")[18:23]}


def test_what_still_gathers_is_not_shown_before_it_comes(nudged, receiver):
    nudge = 'nudge = { after = "4s"; at_most = 1; };'
    daemon = nudged(top="daily_limit = 2;", channels=hook(receiver), people=family(),
                    reminders=at("12:00:02", "a", more=nudge) + at("12:00:03", "b") + at("12:05:00", "c"))
    daemon.start(clock=f"@{DAY} 12:00:00")
    first = receiver.wait(1)[0]
    assert first.reminders == ["a"]
    daemon.wait("nudged")
    page = fetch(link(first))[1]
    assert len(forms(page)) == 1 and "Practise b." not in page


# ---- for which occurrence an answer counts ----


def test_a_late_answer_counts_for_the_occurrence_it_was_asked_for(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=reminder("tick", "ana", 'every = "2s"')).start()
    arrivals = receiver.wait(3)
    occurrences = [a.occurrences[0] for a in arrivals[:3]]
    assert daemon.answer(link(arrivals[0]), "stuck")[0] == 200
    rows = {row["occurrence"]: row for row in daemon.rows("list", "--all", "--limit", "1000")}
    assert rows[occurrences[0]]["answer"] == "stuck"
    assert rows[occurrences[1]]["answer"] is rows[occurrences[2]]["answer"] is None


def test_an_answer_after_the_next_slot_closed_it_still_counts_for_it_and_not_for_the_next(nudged, receiver):
    nudge = 'nudge = { after = "1min"; at_most = 1; };'
    daemon = nudged(channels=hook(receiver), people=family(), reminders=reminder("tick", "ana", 'every = "3s"', nudge)).start()
    first = receiver.wait(2)[0]
    eventually("the older one is closed", lambda: row_of(daemon, first.occurrences[0])["state"] == "closed")
    assert daemon.answer(link(first), "done", "late words")[0] == 200
    assert row_of(daemon, first.occurrences[0])["state"] == "answered"
    newer = [row for row in daemon.rows("list", "--all") if row["occurrence"] != first.occurrences[0]]
    assert newer and all(row["answer"] is None for row in newer)
    assert any(row["state"] == "open" and row["follow"] for row in newer)


def test_an_answer_after_midnight_counts_for_the_day_it_was_asked_on(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=reminder("evening", "ana", 'calendar = "*-*-* 23:59:58"'))
    daemon.start(clock=f"@{DAY} 23:59:55")
    first = receiver.wait(1)[0]
    time.sleep(3.5)
    assert daemon.answer(link(first), "done")[0] == 200
    row = row_of(daemon, first.occurrences[0])
    assert row["due"] == f"{DAY}T23:59:58Z" and row["answer"] == "done"
    assert row["answered"].startswith("2026-06-04T00:00")
    daemon.stop()
    daemon.start(clock="@2026-06-04 23:59:55")
    second = receiver.wait(2)[1]
    assert row_of(daemon, second.occurrences[0])["answer"] is None


def test_the_last_of_several_answers_counts_also_when_they_come_at_once(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=once("a", "ana")).start()
    arrival = receiver.wait(1)[0]
    for _ in range(5):
        for answer in ("done", "stuck", "skip"):
            assert daemon.answer(link(arrival), answer, f"word {answer}")[0] == 200
    row = exported(daemon, "ana", arrival.occurrences[0])
    assert (row["answer"], row["answer_text"]) == ("skip", "word skip")
    daemon.kill()
    daemon.start()
    assert exported(daemon, "ana", arrival.occurrences[0])["answer_text"] == "word skip"


# ---- everything about a person ----


def test_an_export_holds_everything_and_forgetting_says_what_went(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=family(), reminders=once("a", "ana bo")).start()
    receiver.wait(2)
    arrival = receiver.all(person="ana")[0]
    daemon.answer(link(arrival), "stop", "no more of these", share="team")
    rows = daemon.rows("export", "ana")
    assert [row["answer_text"] for row in rows if row.get("occurrence")] == ["no more of these"]
    assert [row["channel"] for row in rows if row.get("delivery")] == ["hook"]
    assert [row["what"] for row in rows if row.get("what")] == ["stop:ana:a"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", next(row["begun"] for row in rows if "begun" in row))
    assert "no more" not in json.dumps(daemon.rows("export", "bo"))
    daemon.ctl("forget", "ana", status=1)
    daemon.reload(people=person("li") + person("bo"), reminders=once("b", "bo", 3600))
    said = daemon.ctl("forget", "ana").stdout
    assert html.unescape(said).startswith("4 rows removed: 1 occurrences, 1 deliveries, 1 pauses and opt-outs, 1 beginnings, 0 kept")
    assert [row for row in daemon.rows("export", "ana")] == []
    assert [row for row in daemon.rows("export", "bo") if row.get("occurrence")]
