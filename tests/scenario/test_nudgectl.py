"""nudgectl: what each verb says and does, its exit status, and what a program reads of it."""

import json
import os
import re
import stat
import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scenario.house import BUILD, ROOT, House, on_terminal, run_ctl, wait_for

pytestmark = pytest.mark.sanitized

OFFLINE = ["next", "check", "preview", "explain", "calendar", "render", "channels", "test-plugin"]
ONLINE = ["status", "list", "deliveries", "answer", "send", "retry", "drop", "pause", "resume", "test-channel", "reload",
          "backup", "export", "link", "forget", "watch"]
PREVIEW_MEMBERS = {"basis", "at", "local", "reminder", "person", "about", "channel", "title", "text", "decision", "reason"}
WEEK = ("--from", "2027-03-01", "--to", "2027-03-05")


@pytest.fixture(scope="module")
def house():
    with House(store="sqlite") as house:
        yield house.start()


def config(house, *words, code=0):
    """Runs a verb on the configuration alone."""
    done = run_ctl("-c", house.config, "--plugins", BUILD / "plugins", *words)
    assert done.returncode == code, done.stderr
    return done


# ---- the line ----


def test_every_verb_has_its_help_and_its_place_in_the_usage():
    names = run_ctl("--verbs").stdout.split()
    assert set(names) == set(OFFLINE + ONLINE)
    usage = run_ctl("--help").stdout
    for name in names:
        done = run_ctl(name, "--help")
        assert done.returncode == 0 and "usage:" in done.stdout.lower() and name in done.stdout, done
        assert re.search(rf"^  {name} ", usage, re.MULTILINE)


def test_the_shell_completes_every_verb_and_every_option():
    script = ('source "$1"; COMP_WORDS=(nudgectl ${2:+"$2"} "$3"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; '
              '_nudgectl; echo "${COMPREPLY[@]}"')

    def offered(verb, word):
        return set(subprocess.run(["bash", "-c", script, "bash", ROOT / "units" / "nudgectl.completion", verb, word],
                                  capture_output=True, text=True, check=True).stdout.split())

    assert {word for word in offered("", "") if word[0] != "-"} == set(OFFLINE + ONLINE)
    for verb in OFFLINE[1:] + ONLINE:
        options = set(re.findall(r"^  (--[a-z-]+)", run_ctl(verb, "--help").stdout, re.MULTILINE))
        assert offered(verb, "--") == options, verb


@pytest.mark.parametrize("line", [
    [], ["fly"], ["--fly"], ["status", "--fly"], ["status", "twice"], ["answer"], ["answer", "x", "perhaps"],
    ["answer", "x", "snooze"], ["answer", "x", "snooze=soon"], ["answer", "x", "done=2h"], ["explain", "ana"],
    ["explain", "ana", "practice", "someday"], ["preview", "--from", "today-ish"], ["preview", "--from", "2027-02-30"],
    ["preview", "--from", "2027-02-02", "--to", "2027-02-01"], ["list", "--limit", "0"], ["list", "--limit", "many"],
    ["pause", "all"], ["pause", "--reason", "x"], ["render", "practice"], ["send"], ["next"]])
def test_a_line_that_is_not_understood_ends_with_2_and_says_where_to_look(line):
    done = run_ctl(*line)
    assert done.returncode == 2 and done.stdout == "" and done.stderr, done


def test_what_is_no_text_is_not_understood():
    for words in ([b"send", b"\xff"], [b"\xff"], [b"preview", b"--person", b"a\xc3"], [b"answer", b"x", b"done", b"\xed\xa0\x80"]):
        done = subprocess.run([BUILD / "nudgectl", *words], capture_output=True, timeout=60, check=False)
        assert done.returncode == 2 and b"UTF-8" in done.stderr


def test_a_misspelt_verb_is_answered_with_the_nearest_one():
    assert 'did you mean "status"?' in run_ctl("statsu").stderr


@pytest.mark.parametrize("verb", [[v] for v in ("status", "list", "deliveries", "reload", "watch", "preview", "calendar")] + [
    ["answer", "x", "done"], ["send", "x"], ["retry", "x"], ["drop", "x"], ["pause", "all", "--reason", "x"], ["resume", "all"],
    ["test-channel", "x"], ["backup", "/x"], ["export", "x"], ["link", "x"], ["forget", "x"], ["explain", "a", "b", "2027-01-01"]])
def test_without_a_daemon_every_asking_verb_ends_with_3_and_names_the_socket(verb, tmp_path):
    done = run_ctl("--control", tmp_path / "nobody", *verb)
    assert done.returncode == 3 and f"{tmp_path}/nobody" in done.stderr and "--control" in done.stderr
    assert ("-c FILE" in done.stderr) == (verb[0] in ("preview", "calendar", "explain"))


def test_the_configuration_says_where_the_socket_is(house):
    done = run_ctl("-c", house.config, "--plugins", BUILD / "plugins", "status")
    assert done.returncode == 0, done.stderr


def test_options_may_stand_before_and_behind_the_verb(house):
    one = run_ctl("--json", "--control", house.control, "list", "--all").stdout
    assert run_ctl("list", "--all", "--json", "--control", house.control).stdout == one


# ---- without a daemon ----


def test_check_says_ok_or_every_complaint_with_its_line(house, tmp_path):
    assert config(house, "check", house.config).stdout == f"{house.config}: ok\n"
    bad = tmp_path / "bad.conf"
    bad.write_text("timezone = \"Nowhere/Land\";\ncolour = 1;\n")
    bad.chmod(0o600)
    complaints = config(house, "check", bad, code=1).stderr
    assert f"{bad}:1: " in complaints and f"{bad}:2: " in complaints


def test_preview_from_a_file_shows_what_is_sent_shifted_and_skipped(house):
    rows = [json.loads(line) for line in config(house, "preview", *WEEK, "--json").stdout.splitlines()]
    assert all(PREVIEW_MEMBERS <= set(row) and row["basis"] == "config" for row in rows)
    monday = [row for row in rows if row["local"].startswith("2027-03-01") and row["person"] == "ana"]
    assert [(row["reminder"], row["at"], row["decision"]) for row in monday] == [
        ("early", "2027-03-01T08:30:00Z", "shifted"), ("practice", "2027-03-01T09:00:00Z", "send"),
        ("nightly", "2027-03-01T23:00:00Z", "skipped")]
    assert all(row["reason"] for row in rows)
    only = config(house, "preview", *WEEK, "--person", "bo", "--json").stdout.splitlines()
    assert {json.loads(line)["reminder"] for line in only} == {"lost"}
    people = config(house, "preview", *WEEK).stdout
    assert "Mon 2027-03-01" in people and "08:30" in people and "\033" not in people


def test_preview_of_the_daemon_is_the_same_but_for_its_basis(house):
    live, alone = house.rows("preview", *WEEK), [
        json.loads(line) for line in config(house, "preview", *WEEK, "--json").stdout.splitlines()]
    assert {row.pop("basis") for row in live} == {"live"} and {row.pop("basis") for row in alone} == {"config"}
    assert live == alone


def test_explain_names_the_rule_that_decided_step_by_step(house):
    for words in (("-c", house.config, "--plugins", BUILD / "plugins"), ("--control", house.control)):
        done = run_ctl(*words, "explain", "ana", "nightly", "2027-03-01", "--json")
        slot = json.loads(done.stdout)["slots"][0]
        assert slot["decision"] == "skipped"
        results = [(step["rule"], step["result"]) for step in slot["steps"]]
        assert results[0] == ("schedule", "passes") and ("hours", "decides") in results
        assert results.index(("hours", "decides")) < results.index(("limit", "not reached"))
        text = run_ctl(*words, "explain", "ana", "nightly", "2027-03-01").stdout
        assert re.search(r"hours +decides +\S", text)
    nothing = json.loads(house.ctl("explain", "ana", "practice", "2027-03-06", "--json").stdout)
    assert not nothing["slots"] and "names no time" in nothing["summary"] and nothing["next"] == "2027-03-08T09:00:00Z"
    other = json.loads(house.ctl("explain", "bo", "practice", "2027-03-01", "--json").stdout)
    assert "not among the recipients" in other["summary"]


def test_explain_of_nobody_and_nothing_is_refused(house):
    for words in (("nobody", "practice"), ("ana", "nothing"), ("room:hook", "practice")):
        for where in (("--control", house.control), ("-c", house.config, "--plugins", BUILD / "plugins")):
            done = run_ctl(*where, "explain", *words, "2027-03-01")
            assert done.returncode == 1 and done.stderr.count("\n") == 1


def test_render_shows_the_request_with_its_secrets_masked(house):
    text = config(house, "render", "practice", "--channel", "hook").stdout
    assert "POST http://127.0.0.1" in text and "after stand-up: review one change." in text
    assert "/in" not in text.split("\n", 1)[0]
    row = json.loads(config(house, "render", "practice", "--channel", "hook", "--json").stdout)
    assert row["title"] == 'Practice: code <review> & "naming"'
    for words in (("nothing", "--channel", "hook"), ("practice", "--channel", "nothing"),
                  ("practice", "--channel", "hook", "--person", "bo"), ("practice", "--channel", "hook", "--person", "nobody")):
        config(house, "render", *words, code=1)


def test_channels_lists_them_and_explains_a_plugins_options(house):
    rows = [json.loads(line) for line in config(house, "channels", "--json").stdout.splitlines()]
    assert [(row["id"], row["plugin"], row["room"]) for row in rows] == [("hook", "webhook", False), ("dead", "webhook", False)]
    for words in (("--help", "webhook"), ("--help=webhook",)):
        text = run_ctl("--plugins", BUILD / "plugins", "channels", *words).stdout
        assert re.search(r"^url +url +\(needed\)", text, re.MULTILINE)
    assert "usage:" in run_ctl("channels", "--help").stdout
    assert run_ctl("--plugins", BUILD / "plugins", "channels", "--help", "no-such").returncode == 1


def test_test_plugin_passes_the_plugins_that_come_with_nudged():
    for plugin in sorted((BUILD / "plugins").glob("*.so")):
        done = run_ctl("test-plugin", plugin)
        lines = done.stdout.splitlines()
        assert done.returncode == 0, [line for line in lines if line.startswith("not ok")]
        assert lines[-1] == f"1..{len(lines) - 1}" and all(line.startswith("ok ") for line in lines[:-1])


BAD_PLUGIN = r"""
#include "nudged-plugin.h"
#include <stdlib.h>
static const struct nudged_option options[] = {
	{sizeof(struct nudged_option), "rate", NUDGED_OPTION_STRING, NULL, NULL, 0, "Clashes."}};
static int no(void *c) { return 0; }
static double none(void *c) { return 0; }
static const char *fine(void *c, const char *a) { return NULL; }
static int open_it(const struct nudged_settings *s, const struct nudged_sink *k, void **r) { return 0; }
static void close_it(void *c) {}
static int encode(void *c, const struct nudged_delivery *d, const struct nudged_sink *k) {
	static int n;
	struct nudged_http h = {sizeof(h), "POST", "https://example.org/", 0, NULL, "x", 1};
	struct nudged_request r = {sizeof(r), NUDGED_HTTP};
	if (CRASH) abort();
	h.body = n++ % 2 ? "x" : "y";
	r.http = &h;
	k->request(k->owner, &r);
	return 0;
}
static int judge(void *c, const struct nudged_response *p, const struct nudged_sink *k) {
	struct nudged_verdict v = {sizeof(v), NUDGED_SENT, -1};
	k->verdict(k->owner, &v);
	return 0;
}
const struct nudged_plugin nudged_plugin = {ABI, sizeof(nudged_plugin), "bad", "1", "Bad",
	1, options, open_it, close_it, no, no, fine, none, encode, judge, NULL};
"""


@pytest.mark.parametrize("abi,crash,finding", [
    ("NUDGED_PLUGIN_ABI", 0, "not ok .*option rate"), ("NUDGED_PLUGIN_ABI", 0, "not ok .*twice alike"),
    ("NUDGED_PLUGIN_ABI", 0, "not ok .*fault: sent"), ("NUDGED_PLUGIN_ABI", 1, "not ok - it ended the process"),
    ("99", 0, "not ok 1 - it loads")])
def test_test_plugin_finds_what_is_wrong_with_a_bad_one(tmp_path, abi, crash, finding):
    source, plugin = tmp_path / "bad.c", tmp_path / "bad.so"
    source.write_text(BAD_PLUGIN)
    tmp_path.chmod(0o700)
    subprocess.run(["cc", "-shared", "-fPIC", f"-DABI={abi}", f"-DCRASH={crash}", f"-I{BUILD.parent}/plugins",
                    f"-I{BUILD.parent.parent}/plugins", "-o", plugin, source], check=True)
    plugin.chmod(0o700)
    done = run_ctl("test-plugin", plugin)
    assert done.returncode == 1 and re.search(finding, done.stdout), done.stdout


# ---- with the daemon ----


def test_status_tells_people_and_programs_the_same(house):
    row = house.rows("status")[0]
    assert row["people"] == 2 and row["reminders"] == 4 and {c["id"] for c in row["channels"]} == {"hook", "dead"}
    text = house.ctl("status").stdout
    assert f"nudged {row['version']} runs since" in text and "people 2, reminders 4" in text and "\033" not in text


def test_a_sent_reminder_is_listed_answered_and_explained_from_the_record(house):
    item = house.send()
    row = wait_for(lambda: [r for r in house.rows("list", "--person", "ana") if r["occurrence"] == item["occurrence"]])[0]
    assert (row["reminder"], row["recipient"], row["state"]) == ("practice", "ana", "open")
    house.ctl("answer", item["occurrence"], "stuck", "the names of the tests")
    assert item["occurrence"] not in {r["occurrence"] for r in house.rows("list")}
    row = next(r for r in house.rows("list", "--all") if r["occurrence"] == item["occurrence"])
    assert row["answer"] == "stuck" and "names of the tests" not in json.dumps(row)
    date = re.match(r"\d{4}-\d\d-\d\d", row["due"]).group(0)
    told = json.loads(house.ctl("explain", "ana", "practice", date, "--json").stdout)
    slot = next(s for s in told["slots"] if s.get("occurrence", {}).get("occurrence") == item["occurrence"])
    assert slot["basis"] == "record" and slot["deliveries"][0]["state"] == "delivered"
    assert {"answer", "manual"} <= {step["rule"] for step in slot["steps"]}


@pytest.mark.parametrize("answer", ["done", "snooze=2h", "skip"])
def test_every_answer_can_be_given_by_hand(house, answer):
    item = house.send()
    house.ctl("answer", item["occurrence"], answer)
    row = next(r for r in house.rows("list", "--all") if r["occurrence"] == item["occurrence"])
    assert row["answer"] == answer.split("=")[0]


def test_a_dry_run_shows_what_would_go_and_sends_nothing(house):
    before = len(house.receiver.all()), len(house.rows("list", "--all", "--limit", "1000"))
    text = house.ctl("send", "practice", "--dry-run").stdout
    assert "1 message would go" in text and "after stand-up" in text
    row = house.rows("send", "practice", "--to", "ana", "--dry-run")[0]
    assert [(m["person"], m["channel"]) for m in row["messages"]] == [("ana", "hook")]
    assert (len(house.receiver.all()), len(house.rows("list", "--all", "--limit", "1000"))) == before


def test_refusals_end_with_1_and_one_sentence(house):
    unknown = "01h0000000000000000000000a"
    for words in (("send", "nothing"), ("send", "practice", "--to", "nobody"), ("send", "practice", "--to", "bo"),
                  ("answer", "nonsense", "done"), ("answer", unknown, "done"), ("retry", "nonsense"), ("retry", unknown),
                  ("drop", unknown), ("pause", "person:nobody", "--reason", "x"), ("pause", "everything", "--reason", "x"),
                  ("pause", "all", "--until", "yesterday", "--reason", "x"), ("pause", "all", "--until", "2020-01-01", "--reason", "x"),
                  ("resume", "person:ana"), ("test-channel", "nothing"), ("export", "../x"), ("link", "nobody"), ("forget", "UPPER"),
                  ("preview", "--person", "nobody"), ("preview", "--reminder", "nothing"),
                  ("backup", house.folder / "no" / "such" / "folder")):
        done = house.ctl(*words, ok=False)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stdout == "", (words, done)


def test_an_undeliverable_message_can_be_retried_and_dropped(house):
    house.ctl("send", "lost")
    row = wait_for(lambda: [r for r in house.rows("deliveries", "--channel", "dead") if r["attempts"]])[0]
    assert row["state"] == "waiting" and row["reason"]
    house.ctl("retry", row["delivery"])
    wait_for(lambda: [r for r in house.rows("deliveries", "--person", "bo") if r["attempts"] > row["attempts"]])
    house.ctl("drop", row["delivery"])
    assert not [r for r in house.rows("deliveries") if r["delivery"] == row["delivery"]]
    after = next(r for r in house.rows("deliveries", "--all") if r["delivery"] == row["delivery"])
    assert after["state"] == "cancelled" and after["reason"]
    assert house.ctl("drop", row["delivery"], ok=False).returncode == 1


@pytest.mark.parametrize("until", [None, "2199-01-01", "2199-01-01T08:00", "2199-01-01T08:00:00Z", "2h 30min"])
def test_a_pause_shows_with_its_reason_until_it_is_ended(house, until):
    house.ctl("pause", "reminder:practice", *(["--until", until] if until else []), "--reason", "office move")
    pause = next(p for p in house.rows("status")[0]["pauses"] if p["what"] == "reminder:practice")
    assert pause["reason"] == "office move" and bool(pause["until"]) == bool(until)
    if until and until.startswith("2199"):
        assert pause["until"].startswith("2199-01-01")
        told = house.rows("preview", *WEEK, "--reminder", "practice")
        assert {row["decision"] for row in told} == {"skipped"} and "office move" in told[0]["reason"]
    house.ctl("resume", "reminder:practice")
    assert not [p for p in house.rows("status")[0]["pauses"] if p["what"] == "reminder:practice"]


def test_test_channel_sends_only_when_it_is_told_to(house):
    before = len(house.receiver.all())
    assert "POST http://127.0.0.1" in house.ctl("test-channel", "hook").stdout
    assert len(house.receiver.all()) == before
    row = house.rows("test-channel", "hook", "--send")[0]
    assert row["verdict"] and len(house.receiver.all()) == before + 1


def test_reload_takes_the_new_configuration_or_gives_every_complaint(house):
    house.write_config(reminders=', { id = "fresh"; kind = "note"; at = "2199-01-01T10:00"; to = [ "ana" ]; title = "F"; text = "F"; }')
    house.ctl("reload")
    assert house.rows("status")[0]["reminders"] == 5
    house.write_config(reminders=", { id = 7; colour = 3; }")
    done = house.ctl("reload", ok=False)
    assert done.returncode == 1 and f"{house.config}:" in done.stderr and "colour" in done.stderr
    assert house.rows("status")[0]["reminders"] == 5
    house.write_config()
    house.ctl("reload")


def test_a_backup_is_a_new_private_file(house):
    house.ctl("backup", house.folder / "copy.db")
    mode = (house.folder / "copy.db").stat()
    assert stat.S_IMODE(mode.st_mode) == 0o600 and mode.st_size > 4096
    assert house.ctl("backup", house.folder / "copy.db", ok=False).returncode == 1


def test_export_gives_all_of_a_person_and_forget_removes_it():
    with House(store="sqlite") as house:
        house.start()
        items = [house.send() for _ in range(45)]
        house.ctl("answer", items[0]["occurrence"], "done", "only mine")
        rows = house.rows("export", "ana")
        assert {i["occurrence"] for i in items} == {r["occurrence"] for r in rows if "occurrence" in r}
        assert len([r for r in rows if "delivery" in r]) == 45
        assert [r["answer_text"] for r in rows if r.get("answer")] == ["only mine"]
        refused = house.ctl("forget", "ana", ok=False)
        assert refused.returncode == 1 and "configuration" in refused.stderr
        house.config.write_text(house.config.read_text(encoding="utf-8").replace('"ana"', '"cy"'), encoding="utf-8")
        house.ctl("reload")
        assert house.ctl("forget", "ana").stdout.strip()
        assert not [r for r in house.rows("export", "ana") if "occurrence" in r or "delivery" in r]


def test_watch_prints_events_as_they_happen(house):
    with subprocess.Popen([BUILD / "nudgectl", "--control", house.control, "watch", "--json"], stdout=subprocess.PIPE,
                          text=True) as watch:
        try:
            wait_for(lambda: os.path.exists(f"/proc/{watch.pid}") and house.rows("status"))
            seen = set()
            while "delivered" not in seen:
                house.send()
                seen |= {json.loads(watch.stdout.readline())["event"] for _ in range(2)}
        finally:
            watch.terminate()


def test_colours_are_for_terminals_that_want_them(house):
    def shown(**environment):
        return on_terminal("--control", house.control, "preview", *WEEK, **environment)[0]

    assert "\033[" in shown() and "\033[" not in shown(NO_COLOR="1") and "\033[" not in shown(TERM="dumb")


def test_what_was_sent_on_time_is_explained_from_the_record_and_not_from_the_plan():
    zone = ZoneInfo("Europe/London")
    at = datetime.now(zone).replace(microsecond=0, tzinfo=None) + timedelta(seconds=3)
    with House(reminders=f', {{ id = "once"; kind = "note"; at = "{at.isoformat()}"; anywhere = true; to = [ "ana" ]; '
               'title = "T"; text = "T"; }') as house:
        house.start()
        wait_for(lambda: house.rows("deliveries", "--all") and house.rows("deliveries", "--all")[0]["state"] == "delivered")
        told = json.loads(house.ctl("explain", "ana", "once", at.date(), "--json").stdout)
        assert [(slot["basis"], slot["decision"]) for slot in told["slots"]] == [("record", "send")]
        assert told["slots"][0]["deliveries"][0]["state"] == "delivered"


def test_what_an_interval_sent_is_explained_from_the_record():
    with House(reminders=', { id = "tick"; kind = "note"; every = "1s"; anywhere = true; to = [ "ana" ]; title = "T"; text = "T"; }',
               more='daily_limit = 0;') as house:
        house.start()
        wait_for(lambda: house.receiver.all())
        row = house.rows("list", "--reminder", "tick", "--all")[-1]
        date = datetime.fromisoformat(row["due"]).astimezone(ZoneInfo("Europe/London")).date()
        told = json.loads(house.ctl("explain", "ana", "tick", date, "--json").stdout)
        assert row["occurrence"] in {slot["occurrence"]["occurrence"] for slot in told["slots"] if slot["basis"] == "record"}
        assert len(told["slots"]) < 300 and "more that are not shown" in told["summary"]
