"""Days of rest: holidays and absences from calendar files, shift, and what is recorded of them. The daemon alone is
told what time it is."""

import json
from pathlib import Path

import pytest

from scenario.harness import hook, person, reminder
from scenario.house import run_ctl

# 2026: 3 June is a Wednesday, 4 June a holiday, 5 June a Friday.


def event(start, end=None, name="Corpus Christi", more=""):
    kind = "" if "T" in start else ";VALUE=DATE"
    lines = [f"UID:{start}{name}", f"DTSTART{kind}:{start}", *([f"DTEND{kind}:{end}"] if end else []), f"SUMMARY:{name}"]
    return "BEGIN:VEVENT\r\n" + "\r\n".join(lines) + f"\r\n{more}END:VEVENT\r\n"


def calendar(*events):
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + "".join(events) + "END:VCALENDAR\r\n"


@pytest.fixture(name="holidays")
def fixture_holidays(tmp_path):
    tmp_path.chmod(0o700)
    file = tmp_path / "gb.ics"
    file.write_text(calendar(event("20260604"), event("20260610T120000", "20260610T120005", "A short closure")))
    return file


def place(holidays, more='hours = "Mon..Fri 08:00-18:00";'):
    return f'{{ id = "here"; timezone = "UTC"; holidays = [ "{holidays}" ]; {more} }},'


def explain(daemon, id, date, who="ana"):
    return daemon.rows("explain", who, id, date)[0]["slots"][0]


def test_a_holiday_skips_the_slot_and_the_record_names_it(nudged, receiver, holidays):
    daemon = nudged(channels=hook(receiver), places=place(holidays), people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", 'calendar = "12:00:02"') +
                    reminder("b", "ana", 'calendar = "12:00:04"', 'shift = "none";'))
    daemon.start(clock="@2026-06-04 12:00:00")
    receiver.wait(1)
    assert [a.reminders for a in receiver.all()] == [["b"]]
    assert len(daemon.wait("skipped", 1)) == 1
    slot = explain(daemon, "a", "2026-06-04")
    assert (slot["basis"], slot["decision"]) == ("record", "skipped")
    assert "holiday" in slot["reason"]


def test_a_slot_on_a_holiday_goes_on_the_working_day_that_shift_says(nudged, receiver, holidays):
    slot = 'calendar = "*-*-04 12:00:02"'
    daemon = nudged(channels=hook(receiver), places=place(holidays), people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", slot, 'shift = "before";') + reminder("b", "ana", slot, 'shift = "after";'))
    daemon.start(clock="@2026-06-03 12:00:00")
    [before] = receiver.wait(1)
    assert before.reminders == ["a"] and before.items[0]["due"] == "2026-06-04T12:00:02Z"
    daemon.stop()
    daemon.start(clock="@2026-06-05 12:00:00")
    _, after = receiver.wait(2)
    assert after.reminders == ["b"] and after.items[0]["due"] == "2026-06-04T12:00:02Z"
    daemon.stop()
    # On the day itself and later nothing more comes of it.
    daemon.start(clock="@2026-06-05 12:10:00")
    assert len(receiver.all()) == 2


def test_hours_that_a_calendar_closes_put_the_message_off(nudged, receiver, holidays):
    daemon = nudged(channels=hook(receiver), places=place(holidays), people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", 'calendar = "12:00:01"'))
    daemon.start(clock="@2026-06-10 11:50:00")
    [planned] = daemon.rows("preview", "--from", "2026-06-10", "--to", "2026-06-10")
    assert (planned["decision"], planned["at"]) == ("shifted", "2026-06-10T12:01:00Z")
    assert "A short closure" in planned["reason"]


def test_an_absence_from_a_calendar_is_an_absence(nudged, receiver, holidays):
    away = 'place = "here"; absence = [ "%s" ];' % holidays
    daemon = nudged(channels=hook(receiver), places='{ id = "here"; timezone = "UTC"; },',
                    people=person("ana", away) + person("bo", 'place = "here";'),
                    reminders=reminder("a", "ana bo", 'calendar = "12:00:02"'))
    daemon.start(clock="@2026-06-04 12:00:00")
    receiver.wait(1)
    [skipped] = daemon.wait("skipped", 1)
    assert skipped.person == "ana"
    assert [a.person for a in receiver.all()] == ["bo"]
    assert "Corpus" not in explain(daemon, "a", "2026-06-04")["reason"]  # whose absence is called what is their own affair


def test_a_time_that_the_clock_leaves_out_is_recorded_as_skipped(nudged, receiver):
    berlin = '{ id = "here"; timezone = "Europe/Berlin"; },'
    daemon = nudged(channels=hook(receiver), places=berlin, people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", 'calendar = "02:30"', 'dst_gap = "skip";') +
                    reminder("b", "ana", 'calendar = "02:30"'))
    daemon.start(clock="@2027-03-28 00:59:57")
    [arrival] = receiver.wait(1)
    [skipped] = daemon.wait("skipped", 1)
    assert arrival.reminders == ["b"] and skipped.reminder == "a"
    slot = explain(daemon, "a", "2027-03-28")
    assert (slot["basis"], slot["decision"]) == ("record", "skipped") and "does not exist" in slot["reason"]


@pytest.mark.parametrize(("text", "said"), [
    ("", "gb.ics"), ("<html>no</html>", "gb.ics"), (None, "cannot read"), ("x" * (9 << 20), "larger than")],
                         ids=["empty", "html", "missing", "huge"])
def test_what_is_no_calendar_is_refused_with_its_name(nudged, receiver, holidays, text, said):
    daemon = nudged(channels=hook(receiver), places=place(holidays), people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", 'calendar = "12:00:02"'))
    holidays.unlink()
    if text is not None:
        Path(holidays).write_text(text)
    done = daemon.ctl("check", str(daemon.file), status=1)
    assert said in done.stdout + done.stderr


def test_a_preview_of_a_year_knows_the_holidays_of_each_place(nudged, receiver, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "xmas.ics").write_text(calendar(event("20201225", name="Christmas", more="RRULE:FREQ=YEARLY\r\n")))
    daemon = nudged(channels=hook(receiver), places=place(tmp_path / "xmas.ics", ""), people=person("ana", 'place = "here";'),
                    reminders=reminder("a", "ana", 'calendar = "09:00"'))
    done = run_ctl("-c", str(daemon.file), "preview", "--from", "2026-12-01", "--to", "2027-12-31", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    skipped = [(row["local"][:10], row["reason"]) for row in rows if row["decision"] == "skipped"]
    assert skipped == [("2026-12-25", "2026-12-25 is a holiday (Christmas)"), ("2027-12-25", "2027-12-25 is a holiday (Christmas)")]
