"""Preview as people look at it: pictures on a terminal, lines in a pipe, and warnings of full days."""

import json
import re
import unicodedata
from datetime import date

import pytest

from scenario.house import BUILD, House, on_terminal, run_ctl

pytestmark = pytest.mark.sanitized

REMINDERS = "".join(
    f', {{ id = "tuesday-{n}"; kind = "note"; calendar = "Tue {9 + n}:30"; to = [ "ana" ]; title = "T"; text = "T"; }}' for n in range(4)) + \
    ', { id = "worst"; kind = "note"; at = "2027-03-09T14:00"; to = [ "ana" ]; title = "T"; text = "T"; }'
MONTH = ("--from", "2027-03-01", "--to", "2027-03-31")
WEEK = ("--from", "2027-03-01", "--to", "2027-03-07")


@pytest.fixture(scope="module")
def house():
    with House(store="sqlite", reminders=REMINDERS, more="daily_limit = 3;") as house:
        yield house.start()


def offline(house, *words):
    return ("-c", house.config, "--plugins", BUILD / "plugins", *words)


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_a_terminal_gets_a_picture_and_a_pipe_gets_lines(house):
    for where in (offline(house), ("--control", house.control)):
        picture, _ = on_terminal(*where, "preview", *WEEK, NO_COLOR="1")
        assert picture.startswith("Mon 1 March 2027\n  08:30 > early ") and "\033" not in picture
        month, _ = on_terminal(*where, "preview", *MONTH, "--person", "ana", NO_COLOR="1")
        assert "March 2027\n" in month and "\nMon  " in month and "08:30>ear" in month
        lines = run_ctl(*where, "preview", *WEEK).stdout
        assert lines.startswith("Mon 2027-03-01\n") and "hook" in lines
        listed, _ = on_terminal(*where, "preview", *WEEK, "--list", columns=500, NO_COLOR="1")
        assert listed == lines


def test_a_picture_is_the_same_without_colours_and_without_a_terminal(house):
    words = (*offline(house), "preview", *MONTH, "--person", "ana")
    coloured, _ = on_terminal(*words)
    plain, _ = on_terminal(*words, NO_COLOR="1")
    piped = run_ctl(*words, "--month", environment={"COLUMNS": ""}).stdout
    assert "\033[33m" in coloured and "\033" not in plain
    assert [line.rstrip() for line in re.sub("\033\\[[0-9]*m", "", coloured).split("\n")] == plain.split("\n")
    assert piped == plain


@pytest.mark.parametrize("columns", [40, 57, 80, 133, 250])
@pytest.mark.parametrize("view", ["--week", "--month"])
def test_a_picture_is_as_wide_as_the_terminal_or_as_columns_says(house, columns, view):
    words = (*offline(house), "preview", "--from", "2027-03-01", "--to", "2027-03-10", view)
    picture, _ = on_terminal(*words, columns=columns, NO_COLOR="1")
    assert max(map(width, picture.split("\n"))) <= columns
    assert run_ctl(*words, environment={"COLUMNS": str(columns)}).stdout == picture
    assert on_terminal(*words, columns=200, COLUMNS=str(columns), NO_COLOR="1")[0] == picture


def test_the_daemon_counts_as_the_configuration_does(house):
    for words in (WEEK, MONTH, ("--person", "ana", *MONTH), ("--reminder", "tuesday-1", *MONTH)):
        alone = run_ctl(*offline(house), "preview", "--month", "--json", *words).stdout
        assert alone and house.ctl("preview", "--month", "--json", *words).stdout == alone


def test_counts_agree_with_the_list_they_summarise(house):
    rows = [json.loads(line) for line in run_ctl(*offline(house), "preview", *MONTH, "--json").stdout.splitlines()]
    days = [json.loads(line) for line in run_ctl(*offline(house), "preview", *MONTH, "--month", "--json").stdout.splitlines()]
    assert [day["date"] for day in days] == [f"2027-03-{n:02}" for n in range(1, 32)]
    for day in days:
        mine = [row for row in rows if row["local"].startswith(day["date"])]
        for decision in ("send", "shifted", "merged", "skipped"):
            assert day[decision] == len([row for row in mine if row["decision"] == decision])
        sent = [row for row in mine if row["decision"] != "skipped"]
        assert day["people"] == len({row["person"] for row in sent})
        assert day["messages"] == len({(row["person"], row["at"]) if row["decision"] == "merged" else
                                       (row["person"], row["reminder"], row["at"]) for row in sent})
        assert day["reminders"] == {name: len([row for row in sent if row["reminder"] == name])
                                    for name in {row["reminder"] for row in sent}}
        assert sorted((group["time"], group["reminder"], group["decision"], group["reason"]) for group in day["groups"]) == sorted(
            {(row["local"][11:16], row["reminder"], row["decision"], row["reason"]) for row in mine})
        assert sum(group["count"] for group in day["groups"]) + day["more"] == len(mine)


def test_days_with_more_than_the_limit_are_marked_and_told(house):
    wanted = "ana: 6 planned on 2027-03-02, limit 3: 4 go as one message at 12:30\n"
    for words in (("--list",), ("--week",), ("--month",), ("--month", "--reminder", "practice")):
        done = run_ctl(*offline(house), "preview", *WEEK, *words)
        assert done.stderr == wanted, words
    assert "Tue 2 March 2027  !" in run_ctl(*offline(house), "preview", *WEEK, "--week").stdout
    assert run_ctl(*offline(house), "preview", *WEEK, "--json").stderr == ""
    assert run_ctl(*offline(house), "preview", *WEEK, "--person", "bo").stderr == ""
    year = run_ctl(*offline(house), "preview", "--from", "2027-01-01", "--to", "2027-12-31", "--month").stderr.splitlines()
    assert len(year) == 11 and year[10] == "and 42 more such days" and year[0].startswith("ana: 7 planned on 2027-03-09, ")
    assert [line[:31] for line in year[1:3]] == ["ana: 6 planned on 2027-01-05, l", "ana: 6 planned on 2027-01-12, l"]


def test_a_range_may_be_said_as_people_say_it(house):
    def dates(*words):
        days = [json.loads(line)["date"] for line in
                run_ctl(*offline(house), "preview", "--month", "--json", *words).stdout.splitlines()]
        return days[0], days[-1], len(days)

    today, last, count = dates()
    assert 29 <= count <= 35 and date.fromisoformat(last).weekday() == 6
    assert dates("--from", "today", "--to", "+6d")[0::2] == (today, 7)
    assert dates("--from", "tomorrow", "--to", "+2w")[2] == 15 and dates("--from", "yesterday", "--to", "tomorrow")[1:] == (
        dates("--from", "tomorrow", "--to", "tomorrow")[0], 3)
    assert dates("--from", "2027-03-01", "--to", "+3d")[:2] == ("2027-03-01", "2027-03-04")
    assert "[" in run_ctl(*offline(house), "preview", "--week").stdout


def test_only_one_way_to_look_at_it_can_be_chosen(house):
    done = run_ctl(*offline(house), "preview", "--week", "--month")
    assert done.returncode == 2 and "choose" in done.stderr
