"""What is private stays so: words of an answer, a personal focus and the reasons of an absence are looked for in every
log line, every verb, every page and everybody else's messages, on a day on which as much as possible happens."""

import json
import re
import sqlite3
import subprocess
from contextlib import closing

import pytest

from scenario.harness import BUILD, eventually, fetch, free_port, hook, person, reminder

pytestmark = pytest.mark.sanitized

DAY = "2026-06-03"  # a Wednesday
FOCUS, ACT, REASON = "quokka fugues", "zymurgy aria", "xylem surgery"
MINE, SHARED, MANAGERS = "vexillology words", "jacquard line", "kumquat praise"
CANARIES = (FOCUS, ACT, REASON, MINE, SHARED, MANAGERS)

ABSENCE = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260604
DTEND;VALUE=DATE:20260606
SUMMARY:{REASON}
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

NUDGE = 'nudge = { after = "3s"; at_most = 1; escalate = "mentor"; };'
ABOUT = 'about = [ "ana" ]; text = "About {{about.name}}: {{focus.skill}}."; nudge = { after = "3s"; at_most = 1; }; '
OWN = 'title = "Own: {{focus.skill}}"; text = "Now {{focus.act}}."; '


def at(clock, id, to, more=""):
    return reminder(id, to, f'at = "{DAY}T{clock}"', more).replace(f'text = "Practise {id}."; ', "" if "text =" in more else
                                                                   f'text = "Practise {id}."; ')


def people():
    return (person("ana", 'mentor = "li"; partner = "bo"; manager = "sam"; teams = [ "band" ]; absence = [ "away.ics" ];') +
            person("bo", 'teams = [ "band" ];') + person("li") + person("sam"))


def reminders():
    return (at("12:00:02", "own", "ana", OWN + NUDGE) + at("12:00:03", "first", "ana") + at("12:00:03", "second", "ana bo") +
            at("12:00:04", "review", "manager", ABOUT) +
            at("12:00:04", "wall", "room:wall", 'text = "Team, go."; ') +
            reminder("daily", "ana", 'calendar = "*-*-04..20 13:00"', OWN).replace('text = "Practise daily."; ', ""))


def keep(daemon, **values):
    with closing(sqlite3.connect(daemon.folder / "state" / "nudged.db")) as db, db:
        for name, value in values.items():
            db.execute("INSERT INTO kept VALUES ('ana', ?, ?)", (name.replace("_", "."), value))


@pytest.fixture
def band(nudged, receiver):
    """A day with answers, nudges, an escalation, a merged message, and an absence."""
    wall = f'{{ id = "wall"; plugin = "webhook"; dialect = "slack"; url = "{receiver.url("/wall")}"; allow_private = true; }},'
    admin = free_port()
    daemon = nudged(top=f'daily_limit = 2; listen_admin = "127.0.0.1:{admin}";', channels=hook(receiver) + wall, people=people(), reminders=reminders())
    (daemon.folder / "away.ics").write_text(ABSENCE, encoding="utf-8", newline="")
    (daemon.folder / "away.ics").chmod(0o600)
    daemon.start(clock=f"@{DAY} 11:00:00", level="debug")
    daemon.stop()
    keep(daemon, focus_1=json.dumps({"skill": FOCUS, "act": ACT}), share="team")
    daemon.start(clock=f"@{DAY} 12:00:00", level="debug")
    daemon.admin = f"http://127.0.0.1:{admin}"
    eventually("the mentor is told", lambda: receiver.all(person="li"))
    eventually("the manager is asked again", lambda: len(receiver.all(person="sam")) == 2)
    return daemon


def answers(daemon, receiver):
    own = next(a for a in receiver.all(person="ana") if "own" in a.reminders)
    merged = next(a for a in receiver.all(person="ana") if "second" in a.reminders)
    review = next(a for a in receiver.all(person="sam") if "review" in a.reminders)
    by = {item["reminder"]: item["answer_url"] for a in (own, merged, review) for item in a.items}
    assert daemon.answer(by["first"], "stuck", MINE, share="me")[0] == 200
    assert daemon.answer(by["second"], "done", SHARED, share="mentor")[0] == 200
    assert daemon.answer(by["review"], "done", MANAGERS, share="me")[0] == 200
    assert daemon.answer(by["own"], "snooze", **{"for": "1h"})[0] == 200
    return own, by


def links(daemon, who):
    """Their own page and their calendar."""
    return re.findall(r"http://\S+", daemon.ctl("link", who).stdout)


def test_the_canaries_are_where_they_belong(band, receiver):
    """Else the search below would prove nothing."""
    own, by = answers(band, receiver)
    assert own.title == f"Own: {FOCUS}" and ACT in own.text
    assert own.items[0]["text"] == f"Now {ACT}."
    exported = json.dumps(band.rows("export", "ana"))
    assert all(word in exported for word in (FOCUS, ACT, MINE, SHARED)) and MANAGERS not in exported
    assert MANAGERS in json.dumps(band.rows("export", "sam"))
    assert FOCUS in fetch(links(band, "ana")[0])[1]
    assert FOCUS in fetch(by["own"])[1] and MINE not in fetch(by["first"])[1]


def test_nobody_else_is_told_any_of_it(band, receiver):
    own, by = answers(band, receiver)
    away = band.rows("explain", "ana", "daily", "2026-06-04")[0]["slots"]
    assert [slot["decision"] for slot in away] == ["skipped"]
    verbs = [("status",), ("list", "--all", "--limit", "1000"), ("deliveries", "--all", "--limit", "1000"),
             ("preview", "--from", DAY, "--to", "2026-06-10"), ("preview", "--from", DAY, "--to", "2026-06-10", "--week"),
             ("explain", "ana", "own", DAY), ("explain", "ana", "daily", "2026-06-04"), ("explain", "ana", "daily", DAY),
             ("calendar", "--from", DAY, "--to", "2026-06-10"), ("send", "own", "--dry-run"), ("export", "bo"), ("export", "li"),
             ("export", "sam")]
    for verb in verbs:
        for form in ((), ("--json",)):
            if verb[0] == "calendar" and form:
                continue
            said = band.ctl(*verb, *form, status=None).stdout
            found = [word for word in CANARIES if word in said and not (verb == ("export", "sam") and word == MANAGERS)]
            assert not found, (verb, form, found)
    assert "(personal)" in band.ctl("list", "--all").stdout and "(personal)" in band.ctl("preview", "--from", DAY, "--to", DAY).stdout
    assert any(row["title"] == "(personal)" for row in band.rows("preview", "--from", DAY, "--to", "2026-06-10"))
    for arrival in receiver.all():
        if arrival.person == "ana":
            continue
        assert not [word for word in CANARIES if word in json.dumps(arrival.body)], arrival
    # Words are in no message at all; the focus in those to its owner, the escalation names the reminder.
    assert not [a for a in receiver.all() for word in (REASON, MINE, SHARED, MANAGERS) if word in json.dumps(a.body)]
    told = receiver.all(person="li")[0]
    assert "own" in told.items[0]["text"] and "Ana" in told.items[0]["title"]
    lines = "\n".join(band.log)
    assert not [word for word in CANARIES if word in lines]
    # What was asked of the manager and the mentor, everybody's own pages, the administrator's; the calendars.
    urls = [by["review"], told.items[0]["answer_url"], band.admin + "/", band.admin + "/metrics"]
    urls += [url for who in ("bo", "li", "sam") for url in links(band, who)] + [links(band, "ana")[1]]
    for url in urls:
        status, page = fetch(url)
        assert status == 200 and not [word for word in CANARIES if word in page], url


def test_what_watches_events_is_told_no_words(band, receiver, tmp_path):
    said = tmp_path / "said"
    with open(said, "w", encoding="utf-8") as out:
        watching = subprocess.Popen([BUILD / "nudgectl", "--control", band.control, "watch", "--json"], stdout=out)
    try:
        # It has begun to listen when it hears of a message.
        eventually("it watches", lambda: band.ctl("send", "own") and said.read_text(encoding="utf-8"))
        answers(band, receiver)
        eventually("it heard of the answers", lambda: said.read_text(encoding="utf-8").count('"answered"') >= 4)
    finally:
        watching.terminate()
        watching.wait()
    assert not [word for word in CANARIES if word in said.read_text(encoding="utf-8")]


def test_a_receiver_that_repeats_what_it_got_is_not_quoted(band, receiver):
    receiver.reply = lambda arrival: (400, {"Content-Type": "text/plain"}, f"Cannot take: {arrival.items[0]['text']}")
    band.ctl("send", "own")
    refused = band.wait("refused")[0]
    assert "the receiver answered 400" in refused.message and not [word for word in CANARIES if word in refused.message]
    band.ctl("send", "first")
    assert "Cannot take" in band.wait("refused", 2)[1].message, "else the search proves nothing"
    said = band.ctl("deliveries", "--all", "--json").stdout + band.ctl("status").stdout + "\n".join(band.log)
    assert not [word for word in CANARIES if word in said]


def test_a_personal_focus_ends_with_being_forgotten(band, receiver):
    band.reload(people=person("bo") + person("li") + person("sam"), reminders=at("12:30:00", "other", "bo"))
    said = band.ctl("forget", "ana").stdout
    assert re.search(r"\b2 kept values", said)
    assert band.rows("export", "ana") == []
    band.stop()
    left = (band.folder / "state" / "nudged.db").read_bytes()
    assert FOCUS.encode() not in left and MINE.encode() not in left
