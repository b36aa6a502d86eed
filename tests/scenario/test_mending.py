"""Failures that are visible and mendable: dead letters listed, tried again and dropped; channels tried out."""

import base64
import json
import re
import socket
import subprocess

import pytest

from scenario.harness import BUILD, eventually, hook, once, person, reminder
from scenario.house import on_terminal
from scenario.test_mail import post  # noqa: F401 (a fixture)

pytestmark = pytest.mark.sanitized

CANARY = "canary4b1d0c0ffee5"
NEVER = 'at = "2199-01-01T00:00"'
UNKNOWN = "0" * 25 + "1"


def shown_on(daemon, *words, columns):
    return on_terminal("--control", daemon.control, *words, columns=columns, NO_COLOR="1", TZ="UTC")[0]


@pytest.fixture
def dead(nudged, receiver):
    """Messages that were refused by one receiver, and one that waits for another which does not listen."""
    receiver.reply = lambda a: (400, {}) if a.path == "/hook" else 200
    daemon = nudged(channels=hook(receiver) + hook(receiver, "fine") +
                    '{ id = "gone"; plugin = "webhook"; url = "http://127.0.0.1:1/in"; allow_private = true; retry_base = "1h"; },',
                    people="".join(person(f"p{i}") for i in range(3)) + person("ok", via="fine") + person("far", via="gone"),
                    reminders=reminder("a", "p0 p1 p2", NEVER) + reminder("b", "p0 ok far", NEVER)).start()
    daemon.ctl("send", "a")
    daemon.ctl("send", "b")
    daemon.wait("refused", 4)
    daemon.wait("delivered", 1)
    daemon.wait("retry", 1)
    eventually("all of it is recorded", lambda: len(daemon.rows("deliveries", "--dead")) == 4)
    return daemon


def test_dead_letters_are_listed_by_state_reminder_channel_person_and_time(dead):
    def found(*words):
        return sorted((r["recipient"], *r["reminders"]) for r in dead.rows("deliveries", *words))

    all_dead = [("p0", "a"), ("p0", "b"), ("p1", "a"), ("p2", "a")]
    assert found("--dead") == found("--state", "refused") == found("--state", "expired,refused,quarantined") == all_dead
    assert found("--dead", "--channel", "hook") == all_dead and not found("--dead", "--channel", "gone")
    assert found("--dead", "--person", "p0") == [("p0", "a"), ("p0", "b")]
    assert found("--dead", "--reminder", "b") == [("p0", "b")]
    assert found("--reminder", "b", "--all") == [("far", "b"), ("ok", "b"), ("p0", "b")]
    assert found("--since", "1h") == sorted(all_dead + [("far", "b"), ("ok", "b")]) == found("--since", "2020-01-01", "--all")
    assert found("--since", "0s") == []
    assert found() == found("--state", "waiting") == [("far", "b")]
    assert found("--state", "delivered") == [("ok", "b")]
    row = dead.rows("deliveries")[0]
    assert row["attempts"] == 1 and row["next"] and "could not be reached" in row["reason"]
    assert dead.status()["dead"] == 4
    assert "4 dead letters: nudgectl deliveries --dead lists them" in dead.ctl("status").stdout


def test_pages_follow_each_other_to_the_last(dead):
    seen, after = [], []
    while True:
        done = dead.ctl("deliveries", "--all", "--limit", "4", "--json", *after)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        seen += [r["delivery"] for r in rows]
        if not done.stderr:
            break
        assert len(rows) == 4
        after = re.fullmatch(r"There are more: go on with (--after) (\w+)\n", done.stderr).groups()
    assert seen == sorted(seen, reverse=True) and len(set(seen)) == len(seen) == 6


@pytest.mark.parametrize("words", [("--state", "lost"), ("--state", "refused,"[:7] + "x"), ("--since", "soon"), ("--since", "2199-01-01"),
                                   ("--after", "x"), ("--after", "0" * 26)])
def test_what_cannot_be_asked_for_is_refused(dead, words):
    done = dead.ctl("deliveries", *words, status=1)
    assert done.stderr.count("\n") == 1 and not done.stdout


def test_a_list_without_anything_says_so(nudged):
    daemon = nudged().start()
    assert daemon.ctl("deliveries").stdout == "No open deliveries.\n"
    assert daemon.ctl("deliveries", "--dead").stdout == "No dead letters.\n"
    assert daemon.ctl("deliveries", "--all").stdout == "No such deliveries.\n"
    assert daemon.ctl("deliveries", "--json").stdout == ""
    assert daemon.status()["dead"] == 0 and "dead letter" not in daemon.ctl("status").stdout


def test_the_table_fits_its_terminal_and_says_the_next_try_both_ways(dead):
    narrow = shown_on(dead, "deliveries", "--all", columns=80)
    assert all(len(line) <= 80 for line in narrow.splitlines()) and narrow.splitlines()[0].split() == ["DELIVERY", "STATE", "CHANNEL", "TO", "WHAT"]
    assert re.search(r"^    1 attempt, next in [\d hmins]+\(\d\d:\d\d:\d\d\): the", narrow, re.MULTILINE)
    words = " ".join(narrow.split())  # a reason is whole, on as many lines as it takes
    assert "the receiver could not be reached: Couldn't connect to server" in words and "1 attempt: the receiver answered 400" in words
    wide = shown_on(dead, "deliveries", "--all", columns=200)
    assert len(wide.splitlines()) == 7 and wide.splitlines()[0].split()[-1] == "REASON"
    assert re.search(r" in [\d hmins]+\(\d\d:\d\d:\d\d\)  the receiver could not be reached: Couldn't connect to server$", wide, re.MULTILINE)


def test_several_are_tried_again_and_each_that_is_not_says_why(dead, receiver):
    receiver.reply = lambda a: 200
    letters = [r["delivery"] for r in dead.rows("deliveries", "--dead")]
    delivered = dead.rows("deliveries", "--state", "delivered")[0]["delivery"]
    done = dead.ctl("retry", letters[0], delivered, UNKNOWN, "nonsense", letters[1], status=1)
    assert done.stdout == "2 of 5 tried again\n"
    assert sorted(done.stderr.splitlines()) == sorted([f"{delivered}: it was delivered", f"{UNKNOWN}: no such delivery",
                                                       "nonsense: that is not the id of a delivery"])
    dead.wait("delivered", 3)
    assert {e.delivery for e in dead.wait("resubmitted", 2)} == set(letters[:2])
    assert dead.status()["dead"] == 2
    one = dead.ctl("retry", delivered, status=1)
    assert one.stderr == "nudgectl: it was delivered\n"


def test_a_waiting_one_is_tried_at_once(dead):
    row = dead.rows("deliveries")[0]
    dead.ctl("retry", row["delivery"])
    assert dead.wait("resubmitted", delivery=row["delivery"])[0].channel == "gone"
    eventually("another attempt", lambda: dead.rows("deliveries")[0]["attempts"] == 2)


def test_what_is_chosen_is_tried_again_when_its_number_is_known(dead, receiver):
    receiver.reply = lambda a: 200
    assert "that is 4 deliveries: to retry them, say --count 4" in dead.ctl("retry", "--dead", status=1).stderr
    for count in "035":
        assert "it is 4 deliveries by now" in dead.ctl("retry", "--dead", "--count", count, status=1).stderr
    assert "there is no such delivery" in dead.ctl("retry", "--dead", "--channel", "gone", status=1).stderr
    assert len(dead.rows("deliveries", "--dead")) == 4 and not dead.events("resubmitted")
    assert dead.ctl("retry", "--dead", "--channel", "hook", "--count", "4").stdout == "4 of 4 tried again\n"
    dead.wait("delivered", 5)
    assert dead.status()["dead"] == 0 and not dead.rows("deliveries", "--dead")


def test_a_dropped_dead_letter_is_seen_and_stays_in_the_record(dead):
    letters = dead.rows("deliveries", "--dead")
    dead.ctl("drop", letters[0]["delivery"])
    assert dead.ctl("drop", "--dead", "--person", "p1", "--count", "1").stdout == "1 of 1 dropped\n"
    assert len(dead.rows("deliveries", "--dead")) == 2 == dead.status()["dead"]
    row = next(r for r in dead.rows("deliveries", "--all") if r["delivery"] == letters[0]["delivery"])
    assert row["state"] == "cancelled" and row["attempts"] == 1
    assert row["reason"].startswith("dropped by an administrator; it was refused: the receiver answered 400")
    assert dead.wait("cancelled", delivery=letters[0]["delivery"])
    assert "it is cancelled already" in dead.ctl("drop", letters[0]["delivery"], status=1).stderr
    assert "it was cancelled (dropped by an administrator" in dead.ctl("retry", letters[0]["delivery"], status=1).stderr
    dead.stop()
    dead.start()
    assert dead.status()["dead"] == 2 and len(dead.rows("deliveries", "--state", "cancelled")) == 2


def test_a_channels_queue_can_be_dropped_as_a_whole(dead):
    assert dead.ctl("drop", "--channel", "gone", "--count", "1").stdout == "1 of 1 dropped\n"
    assert dead.ctl("deliveries").stdout == "No open deliveries.\n"
    assert len(dead.rows("deliveries", "--dead")) == 4  # of another channel


def test_thousands_of_dead_letters_are_tried_again_in_one_go(nudged, receiver):
    receiver.reply = lambda a: 400
    daemon = nudged(channels=hook(receiver), people="".join(person(f"p{i}") for i in range(1203)), reminders=reminder("a", "all", NEVER)).start()
    daemon.ctl("send", "a")
    daemon.wait("refused", 1203)
    eventually("all of it is recorded", lambda: daemon.status()["dead"] == 1000)  # as far as it counts
    assert "1000 or more dead letters" in daemon.ctl("status").stdout
    receiver.reply = lambda a: 200
    assert daemon.ctl("retry", "--dead", "--count", "1203").stdout == "1203 of 1203 tried again\n"
    eventually("all have arrived", lambda: len(receiver.all(accepted=True)) == 1203)
    assert len({a.id for a in receiver.all(accepted=True)}) == 1203


@pytest.mark.parametrize("words", [[], ["x", "--dead"], ["x", "--count", "1"], ["--count", "1"], ["--dead", "--count", "many"]])
@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_choice_that_is_none_is_not_understood(dead, verb, words):
    done = dead.ctl(verb, *words, status=2)
    assert done.stderr and not done.stdout


def test_a_broken_channel_shows_in_the_status(nudged, receiver):
    receiver.reply = lambda a: 410
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana")).start()
    daemon.wait("channel_failed")
    channel = daemon.status()["channels"][0]
    assert channel["broken"] and channel["broken_since"] and channel["paused_until"] and "410" in channel["reason"]
    assert re.search(r"^hook +webhook +broken +", daemon.ctl("status").stdout, re.MULTILINE)


# ---- trying a channel ----

ROOMS = ["slack", "teams", "discord", "mattermost", "rocketchat", "googlechat"]
# Of the others: what comes before the secret, where a message goes, and where the request goes.
OTHERS = {"matrix": ("", "!r:example.org"), "zulip": ("bot@example.org:", "#practice>x"), "ntfy": ("", "topic"), "telegram": ("1:", "-1001"), "webex": ("", "ROOM"),
          "gotify": ("", None)}


def test_every_dialect_is_listed():
    shown = subprocess.run([BUILD / "nudgectl", "--plugins", BUILD / "plugins", "channels", "--help", "webhook", "--json"], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert set(next(row for row in rows if row["name"] == "dialect")["choices"].split()) == {"generic", *ROOMS, *OTHERS}


@pytest.fixture
def channels(nudged, receiver, post):  # noqa: F811
    """One of each sort, with a secret wherever there is room for one."""
    secret = "whsec_" + base64.b64encode(CANARY.encode() * 2).decode()
    url = receiver.url(f"/{CANARY}/in?token={CANARY}")
    text = "".join(f'{{ id = "{d}"; plugin = "webhook"; dialect = "{d}"; url = "{url}"; allow_private = true; }},' for d in ROOMS)
    for dialect, (before, to) in OTHERS.items():
        text += (f'{{ id = "{dialect}"; plugin = "webhook"; dialect = "{dialect}"; url = "{url.split("?")[0]}"; secret = "{before}{CANARY}"; allow_private = true; '
                 + (f'to = "{to}"; ' if to else "") + "},")
    text += (f'{{ id = "generic"; plugin = "webhook"; url = "{url}"; secret = "{secret}"; allow_private = true; '
             f'headers = [ "Authorization: Bearer {CANARY}", "X-Team: {CANARY}" ]; }},')
    text += (f'{{ id = "mail"; plugin = "email"; url = "smtp://127.0.0.1:{post.port}"; tls = "none"; allow_private = true; '
             'from = "Practice <practice@example.org>"; },')
    text += ('{ id = "login"; plugin = "email"; url = "smtps://127.0.0.1:1"; allow_private = true; '
             f'from = "practice@example.org"; user = "{CANARY}user"; password = "{CANARY}"; timeout = "2s"; }},')
    return nudged(channels=text, people=person("ana", 'address = { mail = "ana@example.org"; };', "generic mail")).start()


def test_every_channel_shows_the_request_of_a_test_and_no_secret(channels, receiver, post):  # noqa: F811
    secret = base64.b64encode(CANARY.encode() * 2).decode()
    for id in (*ROOMS, *OTHERS, "generic"):
        shown = channels.ctl("test-channel", id).stdout
        assert re.search(f"(POST|PUT) http://127.0.0.1:{receiver.port}/\\*\\*\\*", shown) and re.search("If.you.can.read.this|If%20you", shown), shown
        assert CANARY not in shown and secret not in shown, shown
    assert "Authorization: ***" in channels.ctl("test-channel", "generic").stdout
    assert re.search(r"webhook-signature: \*\*\*", channels.ctl("test-channel", "generic").stdout)
    for id in ("mail", "login"):
        shown = channels.ctl("test-channel", id, "--to", "ops@example.org").stdout
        assert "to <ops@example.org>" in shown and "If you can read this" in shown
        assert CANARY not in shown, shown
    assert "to <ana@example.org>" in channels.ctl("test-channel", "mail").stdout
    assert not receiver.all() and not post.messages


def test_a_test_that_is_sent_arrives_and_says_what_became_of_it(channels, receiver, post):  # noqa: F811
    receiver.reply = lambda a: 204
    row = channels.rows("test-channel", "generic", "--send")[0]
    arrival = receiver.wait(1)[0]
    assert "sent (status 204)" in row["verdict"] and arrival.title == "A test from nudged" and arrival.id == arrival.body["data"]["delivery"]
    assert arrival.headers["authorization"] == f"Bearer {CANARY}" and arrival.body["data"]["purpose"] == "test"
    assert "sent" in channels.rows("test-channel", "mail", "--to", "ops@example.org", "--send")[0]["verdict"]
    assert post.wait(1)[0][1] == ["ops@example.org"]
    receiver.reply = lambda a: 403
    for id in ("generic", *ROOMS, *OTHERS):
        done = channels.ctl("test-channel", id, "--send", status=1)
        assert "403" in done.stderr and CANARY not in done.stdout + done.stderr
    assert CANARY not in channels.ctl("test-channel", "login", "--to", "x@example.org", "--send", status=1).stderr
    assert not channels.events() or {e.name for e in channels.events()} <= {"started"}  # of a test the record knows nothing
    assert channels.ctl("deliveries", "--all").stdout == "No such deliveries.\n" and CANARY not in "\n".join(channels.log)


def test_a_stop_does_not_wait_for_a_test(nudged):
    with socket.socket() as silent:  # takes the connection, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        daemon = nudged(channels=f'{{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:{silent.getsockname()[1]}/"; allow_private = true; }},')
        daemon.start()
        test = subprocess.Popen([BUILD / "nudgectl", "--control", daemon.control, "test-channel", "hook", "--send"], stderr=subprocess.DEVNULL)
        silent.accept()
        daemon.stop()
        assert test.wait(30) != 0


@pytest.mark.parametrize("words, why", [
    (("nothing",), "there is no channel"), (("slack", "--to", "x@example.org"), "takes no address"), (("mail", "--to", "nonsense"), "nonsense"),
    (("mail", "--to", "a@b\r\nRCPT TO:<c@d>"), ""), (("login",), "nobody has an address")])
def test_a_test_that_cannot_be_made_says_why(channels, words, why):
    done = channels.ctl("test-channel", *words, status=1)
    assert why in done.stderr and done.stderr.count("\n") == 1 and not done.stdout
