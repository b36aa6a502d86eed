"""`nudgectl next` as a script meets it: lines, statuses, and a batch that survives bad lines."""

import json
import subprocess

import pytest

from nexts import DRIVER

pytestmark = [pytest.mark.usefixtures("built"), pytest.mark.sanitized]


def run(*arguments, lines=None):
    return subprocess.run(
        [DRIVER, *arguments], input=lines, capture_output=True, text=True, timeout=60
    )


def test_each_line_is_a_local_time_with_its_offset():
    done = run("--calendar", "Mon..Fri 09:00", "--timezone", "Europe/London", "--from", "2026-10-23T09:00", "--count", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["2026-10-26T09:00:00+00:00", "2026-10-27T09:00:00+00:00"]


def test_the_zone_a_schedule_names_wins():
    done = run("--calendar", "09:00 Asia/Kathmandu", "--timezone", "UTC", "--from", "2026-10-23T00:00:00Z", "--count", "1")
    assert done.stdout.splitlines() == ["2026-10-23T09:00:00+05:45"]


def test_five_are_printed_when_nothing_says_how_many():
    assert len(run("--every", "90min").stdout.splitlines()) == 5


def test_a_schedule_that_ends_prints_what_there_is():
    done = run("--at", "2026-12-24T18:00", "--timezone", "UTC", "--from", "2026-01-01", "--count", "9")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["2026-12-24T18:00:00+00:00"])
    done = run("--at", "2026-12-24T18:00", "--timezone", "UTC", "--from", "2026-12-24T18:00")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "arguments, status, says",
    [
        (["--calendar", "Mon 25:00"], 1, "column 5: hour 25"),
        (["--cron", "0 9 * * FRI-MON"], 1, "column 9: day of week: a range rises"),
        (["--when", "weekdays at 9"], 1, "column 13: \"9\" may be morning or evening"),
        (["--rrule", "FREQ=DAILY"], 1, "start"),
        (["--calendar", "daily", "--timezone", "Europe/Lundon"], 1, "Europe/Lundon"),
        (["--calendar", "daily", "--from", "soon"], 1, "soon"),
        ([], 2, "give a schedule"),
        (["--calendar", "daily", "--at", "2026-12-24T18:00"], 2, "one schedule"),
        (["--calendar", "daily", "--count", "0"], 2, "1 to 10000"),
        (["--calendar", "daily", "--count", "10001"], 2, "1 to 10000"),
        (["--calendar", "daily", "--dst-gap", "jump"], 2, "after or skip"),
        (["--calendar", "daily", "--until", "never"], 2, "never"),
        (["--calendar", "daily", "--except", "2026-13-01"], 2, "2026-13-01"),
        (["--calendar", "daily", "--sideways"], 2, "sideways"),
        (["daily"], 2, "begin with --"),
        (["--batch", "--count", "3"], 2, "--batch"),
    ],
)
def test_what_is_refused_says_why(arguments, status, says):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr


def test_help_names_every_option():
    done = run("--help")
    assert done.returncode == 0
    for option in ["calendar", "rrule", "every", "at", "timezone", "from", "count", "start", "until", "except"]:
        assert f"--{option}" in done.stdout
    for option in ["short-month", "dst-gap", "dst-overlap", "batch", "rdate", "exdate", "cron", "when"]:
        assert f"--{option}" in done.stdout


def test_a_batch_answers_each_line_in_order_and_survives_bad_ones():
    good = {"calendar": "Mon..Fri 09:00", "timezone": "Europe/Berlin", "from": "2027-01-01T00:00:00Z", "count": 2}
    lines = [
        json.dumps(good),
        '{"calendar": nine}',
        "",
        "[]",
        json.dumps({"calendar": "Mon 25:00"}),
        json.dumps({"calendar": "daily", "colour": "red"}),
        json.dumps({"calendar": "daily", "count": "2"}),
        json.dumps({"calendar": "daily", "count": 10001}),
        json.dumps({"calendar": 7}),
        '{"calendar":"da\\u0000ily"}',
        "\x00{}",
        json.dumps({"pad": "x" * 70000}),
        json.dumps({"every": "1 month", "start": "2026-01-31T10:00", "short_month": "last_day", "timezone": "UTC",
                    "from": "2026-01-01T00:00:00Z", "count": 2, "dst_gap": "skip", "dst_overlap": "both",
                    "until": "2026-12-31", "except": ["2026-01-31", "2026-02-01..2026-02-27"]}),
    ]
    done = run("--batch", lines="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(answers) == len(lines)
    assert answers[0] == {"next": ["2027-01-01T08:00:00Z", "2027-01-04T08:00:00Z"]}
    assert answers[-1] == {"next": ["2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"]}
    for answer in answers[1:-1]:
        assert set(answer) == {"error", "column"} and answer["error"], answer
    assert answers[1]["column"] > 1
    assert answers[4] == {"error": "hour 25 is not in 0..23", "column": 5}
    assert "colour" in answers[5]["error"]
    assert "65536" in answers[11]["error"]


def test_a_batch_answers_before_the_next_line_comes():
    with subprocess.Popen([DRIVER, "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(b'{"every":"90min","count":10000,"from":"2026-01-01T00:00:00Z"}\n')
            process.stdin.flush()
            assert len(json.loads(process.stdout.readline())["next"]) == 10000
        process.stdin.close()
    assert process.returncode == 0
