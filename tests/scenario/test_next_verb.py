"""nudgectl next: what it says on a terminal beside the instants, and days off from files."""

import json
import os
import pty
import re
import subprocess

import pytest

from scenario.house import BUILD, ROOT, read_terminal, run_ctl

pytestmark = pytest.mark.sanitized

FROM = ("--from", "2027-01-01T00:00:00Z", "--timezone", "Europe/Berlin", "--count", "2")
FORMS = [
    (("--when", "every weekday at 9:00"), "weekdays at 09:00 in Europe/Berlin"),
    (("--calendar", "Mon 9:00"), "Mon *-*-* 09:00:00 in Europe/Berlin"),
    (("--calendar", "Mon 9:00 Asia/Tokyo"), "Mon *-*-* 09:00:00 Asia/Tokyo"),
    (("--cron", "0 9 * * 1"), "0 9 * * MON in Europe/Berlin"),
    (("--rrule", "FREQ=WEEKLY;BYDAY=TU", "--start", "2026-01-06T09:00"), "FREQ=WEEKLY;BYDAY=TU in Europe/Berlin"),
    (("--every", "90min"), "90min in Europe/Berlin"),
    (("--at", "2027-01-05T09:00"), "2027-01-05T09:00:00 in Europe/Berlin"),
]
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20270129\r\nSUMMARY:A holiday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def said_on_terminal(*words):
    """What goes to standard output, a pipe, and to standard error, a terminal."""
    parent, child = pty.openpty()
    done = subprocess.run([BUILD / "nudgectl", "next", *words], stdout=subprocess.PIPE, stderr=child, text=True, timeout=60,
                          env={**os.environ, "NO_COLOR": "1"}, check=True)
    os.close(child)
    return done.stdout, read_terminal(parent)


@pytest.mark.parametrize("words,understood", FORMS)
def test_a_terminal_is_told_how_the_schedule_was_understood(words, understood):
    printed, said = said_on_terminal(*words, *FROM)
    assert said == understood + "\n"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", line) for line in printed.splitlines()) and printed
    piped = run_ctl("next", *words, *FROM)
    assert piped.stdout == printed and piped.stderr == ""


def test_what_may_not_be_meant_is_told_beside_it():
    _, said = said_on_terminal("--cron", "0 9 1 * MON", *FROM)
    assert said.startswith("0 9 1 * MON in Europe/Berlin (") and "days of the month" in said


def test_the_echo_is_a_form_that_is_understood_the_same():
    for words, _ in FORMS:
        printed, said = said_on_terminal(*words, *FROM)
        again = said.removesuffix("\n").removesuffix(" in Europe/Berlin")
        assert said_on_terminal(words[0], again, *words[2:], *FROM) == (printed, said)


def test_holidays_are_no_working_days(tmp_path):
    file, other = tmp_path / "gb.ics", tmp_path / "more.ics"
    file.write_text(CALENDAR)
    other.write_text(CALENDAR.replace("20270129", "20270128"))
    words = ("next", "--when", "last working day of the month at 16:00", *FROM[:4], "--count", "1")
    for files, last in (((), "29"), ((file,), "28"), ((file, other), "27")):
        options = [word for name in files for word in ("--holidays", name)]
        assert run_ctl(*words, *options).stdout == f"2027-01-{last}T16:00:00+01:00\n"


def test_a_file_of_holidays_is_read_or_refused_with_its_line(tmp_path):
    file = tmp_path / "gb.ics"
    file.write_text(CALENDAR)
    words = ("--calendar", "Mon 9:00", *FROM)
    assert run_ctl("next", "--holidays", file, "--holidays", file, *words).stdout == run_ctl("next", *words).stdout
    missing = run_ctl("next", "--holidays", tmp_path / "none.ics", *words)
    assert missing.returncode == 1 and missing.stdout == "" and f"{tmp_path}/none.ics: No such file" in missing.stderr
    file.write_text("Dear colleagues,\n")
    other = run_ctl("next", "--holidays", file, *words)
    assert other.returncode == 1 and other.stdout == "" and other.stderr.startswith(f"{file}:1: ")
    file.write_text(CALENDAR.replace("20270129", "20271329"))
    odd = run_ctl("next", "--holidays", file, *words)
    assert odd.returncode == 0 and odd.stdout and odd.stderr.startswith(f"{file}:") and "warning: " in odd.stderr


def test_a_batch_takes_holidays_from_the_command_line_alone(tmp_path):
    file = tmp_path / "gb.ics"
    file.write_text(CALENDAR)
    line = {"calendar": "Mon 9:00", "from": "2027-01-01", "timezone": "UTC", "count": 1}
    done = run_ctl("next", "--holidays", file, "--batch", stdin=json.dumps(line) + "\n" + json.dumps({**line, "holidays": [str(file)]}))
    answers = [json.loads(answer) for answer in done.stdout.splitlines()]
    assert done.returncode == 0 and answers[0] == {"next": ["2027-01-04T09:00:00Z"]} and "--holidays" in answers[1]["error"]
    for words in (("--batch", "--count", "2"), ("--batch", "--calendar", "Mon"), ("--batch", "more")):
        assert run_ctl("next", *words, stdin="").returncode == 2


def test_a_holiday_from_midnight_to_midnight_is_one_where_that_is_midnight(tmp_path):
    file = tmp_path / "berlin.ics"
    file.write_text(CALENDAR.replace("DTSTART;VALUE=DATE:20270129", "DTSTART:20270128T230000Z\r\nDTEND:20270129T230000Z"))
    lines = [{"when": "last working day of the month at 16:00", "from": "2027-01-01", "timezone": zone, "count": 1}
             for zone in ("Europe/Berlin", "UTC", "Europe/Berlin")]
    done = run_ctl("next", "--holidays", file, "--batch", stdin="\n".join(map(json.dumps, lines)))
    assert [json.loads(line)["next"] for line in done.stdout.splitlines()] == [
        ["2027-01-28T15:00:00Z"], ["2027-01-29T16:00:00Z"], ["2027-01-28T15:00:00Z"]]


def test_the_help_and_the_shell_know_every_option():
    options = set(re.findall(r"--[a-z-]+", run_ctl("next", "--help").stdout))
    completion = (ROOT / "units" / "nudgectl.completion").read_text(encoding="utf-8")
    offered = set(re.findall(r"--[a-z-]+", re.search(r'next\) words="([^"]*)"', completion, re.DOTALL).group(1)))
    assert offered | {"--help"} == options | {"--help"}
