"""nudgectl calendar: a file that other programs read, and that says what the preview says."""

import json
import subprocess
from datetime import datetime, timedelta

import icalendar
import pytest

from scenario.house import BUILD, House

pytestmark = pytest.mark.sanitized

WEEK = ("--from", "2027-03-01", "--to", "2027-03-05")
NASTY = ', { id = "nasty"; kind = "note"; at = "2027-03-01T10:00"; to = [ "ana" ]; title = "' + "Nyström ☕ " * 20 + \
        '"; text = "a;b\\\\c, \\"d\\"\\nBEGIN:VEVENT\\nDTSTART:19700101T000000Z\\n ☕"; }'


@pytest.fixture(scope="module")
def house():
    with House(store="sqlite", reminders=NASTY, more="daily_limit = 2;") as house:
        yield house.start()


def config(house):
    return ("-c", house.config, "--plugins", BUILD / "plugins")


def export(*words):
    done = subprocess.run([BUILD / "nudgectl", *map(str, words)], capture_output=True, timeout=60, check=True)
    return done.stdout


def unfold(raw):
    text = raw.decode("utf-8")
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "") and "\r" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    return text.replace("\r\n ", "").split("\r\n")


def events(raw):
    calendar = icalendar.Calendar.from_ical(raw)
    assert str(calendar["VERSION"]) == "2.0" and calendar["PRODID"]
    assert not any(component.errors for component in calendar.walk())
    return calendar.walk("VEVENT")


def rows(*words):
    return [json.loads(line) for line in export(*words, "--json").splitlines()]


def test_another_reader_finds_the_events_of_the_preview(house):
    for where in (config(house), ("--control", house.control)):
        for words in (WEEK, (*WEEK, "--person", "ana"), (*WEEK, "--reminder", "practice")):
            sent = [row for row in rows(*where, "preview", *words) if row["decision"] != "skipped"]
            assert {row["decision"] for row in sent} > {"send"} or "--reminder" in words
            wanted = [(row["at"], row["title"], row["reminder"],
                       row["text"] if row["decision"] == "send" else f'{row["text"]}\n\n({row["decision"]}: {row["reason"]})')
                      for row in sent]
            there = events(export(*where, "calendar", *words))
            found = [(event.decoded("DTSTART").strftime("%Y-%m-%dT%H:%M:%SZ"), str(event["SUMMARY"]),
                      event["CATEGORIES"].to_ical().decode(), str(event["DESCRIPTION"]))
                     for event in there]
            assert found == wanted and found
            assert {event.decoded("DTSTART").utcoffset() for event in there} == {timedelta(0)}


def test_every_line_is_folded_between_characters_and_every_text_escaped(house):
    raw = export(*config(house), "calendar", *WEEK, "--reminder", "nasty")
    lines = unfold(raw)
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""] and lines.count("BEGIN:VEVENT") == 1
    assert "SUMMARY:" + "Nyström ☕ " * 20 in lines
    assert any(line.startswith('DESCRIPTION:a\\;b\\\\c\\, "d"\\nBEGIN:VEVENT\\nDTSTART:19700101T000000Z\\n ☕') for line in lines)
    for stamp in (line[8:] for line in lines if line.startswith("DTSTAMP:")):
        datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")


def test_an_event_keeps_its_uid(house):
    def uids(*words):
        return [str(event["UID"]) for event in events(export(*config(house), "calendar", *words))]

    week = uids(*WEEK)
    assert len(set(week)) == len(week) > 10
    assert set(uids("--from", "2027-03-03", "--to", "2027-03-03")) <= set(week)
    assert uids(*WEEK) == week


def test_a_message_on_several_channels_is_one_event():
    with House(more="daily_limit = 0;") as house:
        text = house.config.read_text(encoding="utf-8").replace('via = [ "hook" ];', 'via = [ "hook", "dead" ]; via_all = true;', 1)
        house.config.write_text(text, encoding="utf-8")
        words = (*WEEK, "--person", "ana", "--reminder", "practice")
        assert len(rows(*config(house), "preview", *words)) == 10
        assert len(events(export(*config(house), "calendar", *words))) == 5


def test_a_calendar_of_nothing_is_still_one(house):
    assert not events(export(*config(house), "calendar", "--from", "2027-03-06", "--to", "2027-03-06"))
