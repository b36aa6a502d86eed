"""nudged as a service of a real systemd: what an administrator installs, starts, reloads and relies on."""

import json
import os
import time
from pathlib import Path

import boxed
import pytest

boxed.skip_without_box()
pytestmark = pytest.mark.sanitized

PROJECT = Path(__file__).resolve().parents[2]
BUILD = os.environ.get("NUDGED_BUILD", str(PROJECT / "build"))

# The staged tree is what a package would unpack; then what a package's scripts would run.
POPULATE = f"""
make -s -C {PROJECT} -o all install BUILD={BUILD} DESTDIR=$ROOT prefix=/usr >/dev/null
systemd-sysusers --root=$ROOT
journalctl --update-catalog --root=$ROOT
"""

RECEIVER = '''
import http.server, json
class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("/var/lib/received", "a") as out:
            print(json.dumps({"id": self.headers["webhook-id"], "signature": self.headers["webhook-signature"], "body": body}), file=out)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
'''

CONFIGURATION = """
timezone = "UTC";
listen = "127.0.0.1:8930";
daily_limit = 0;
channels = ( { id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:8080/in"; allow_private = true;
               secret = "credential:hook-secret"; retry_base = "100ms"; retry_max = "1s"; } );
places = ( { id = "here"; timezone = "UTC"; } );
people = ( { id = "ana"; name = "Ana Ruiz"; place = "here"; via = [ "hook" ]; } );
reminders = ( { id = "hello"; kind = "note"; every = "@EVERY@"; to = [ "ana" ]; anywhere = true; title = "@TITLE@"; text = "Try one small thing."; } );
"""

# Restarts and the watchdog by the unit's own rules, only faster.
QUICK = """
[Service]
RestartSec=100ms
WatchdogSec=2s
LoadCredential=hook-secret:/etc/nudged/credentials/hook-secret
# Of a build with AddressSanitizer: its search for leaks needs ptrace, which the service may not have.
Environment=ASAN_OPTIONS=detect_leaks=0
"""


def configure(box, title="Hello", every="1h"):
    text = CONFIGURATION.replace("@TITLE@", title).replace("@EVERY@", every)
    box.write("/etc/nudged/nudged.conf", text, "0640", "root:nudged")


def received(box):
    return [json.loads(line) for line in box.run("cat", "/var/lib/received").stdout.splitlines()]


def occurrences_received(box):
    return {item["occurrence"] for message in received(box) for item in message["body"]["data"]["items"]}


def send(box):
    box.sh("nudgectl", "send", "hello", "--to", "ana")


@pytest.fixture(scope="module", name="booted")
def fixture_booted():
    with boxed.Box(POPULATE) as box:
        box.write("/etc/nudged/credentials/hook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "0600")
        box.write("/etc/systemd/system/nudged.service.d/quick.conf", QUICK)
        box.write("/usr/local/lib/receiver.py", RECEIVER)
        configure(box)
        box.sh("systemctl", "daemon-reload")
        box.sh("systemd-run", "--unit=receiver", "/usr/bin/python3", "/usr/local/lib/receiver.py")
        box.wait("the receiver listens", lambda: box.run("curl", "-s", "http://127.0.0.1:8080/").returncode == 0)
        yield box


@pytest.fixture(name="box")
def fixture_box(booted):
    """Each test finds the service running on the plain configuration, with an empty receiver."""
    configure(booted)
    booted.sh("sh", "-c", ": >/var/lib/received")
    booted.sh("systemctl", "reset-failed")
    booted.sh("systemctl", "restart", "nudged")
    yield booted


@pytest.mark.parametrize("unit", ["nudged.service", "nudged.socket"])
def test_systemd_has_nothing_to_say_against_the_unit(booted, unit):
    """Silent too: an unknown key is only a warning, and exit 0."""
    said = booted.run("systemd-analyze", "verify", "--man=no", unit)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_start_returns_when_it_is_ready_and_status_says_what_it_does(box):
    assert box.sh("systemctl", "is-active", "nudged").strip() == "active"
    assert box.show("nudged", "StatusText")
    assert box.journal("_SYSTEMD_UNIT=nudged.service", "NUDGED_EVENT=started")


def test_the_sample_configuration_is_ready_to_be_changed(booted):
    """What a fresh install finds in its place, read as the daemon's user."""
    sample = (PROJECT / "conf/nudged.conf").read_text(encoding="utf-8") + 'language = "de";\n'
    booted.write("/etc/nudged/sample.conf", sample, "0640", "root:nudged")
    said = booted.run("setpriv", "--reuid=nudged", "--regid=nudged", "--clear-groups", "/usr/sbin/nudged", "-c", "/etc/nudged/sample.conf", "--check")
    assert (said.returncode, said.stdout) == (0, "/etc/nudged/sample.conf: ok\n"), said.stderr
    assert "no prompt pack" not in said.stderr


def test_the_configuration_is_for_root_and_the_daemon_only(booted):
    booted.sh("systemd-tmpfiles", "--create", "nudged.conf")
    assert booted.sh("stat", "-c", "%U %G %a", "/etc/nudged", "/etc/nudged/nudged.conf").split("\n")[:2] == \
        ["root nudged 750", "root nudged 640"]
    assert booted.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat", "/etc/nudged/nudged.conf").returncode != 0


def test_a_changed_calendar_of_days_off_is_taken_while_the_service_runs(box):
    calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{}END:VCALENDAR\n"
    day = "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY\nSUMMARY:Christmas\nEND:VEVENT\n"
    box.write("/etc/nudged/off.ics", calendar.format(""), "0640", "root:nudged")
    text = CONFIGURATION.replace("@TITLE@", "Hello").replace("@EVERY@", "1h").replace("anywhere = true", "anywhere = false")
    text = text.replace('{ id = "here";', '{ id = "here"; holidays = [ "off.ics" ];')
    box.write("/etc/nudged/nudged.conf", text, "0640", "root:nudged")
    box.sh("systemctl", "reload", "nudged")
    box.write("/etc/nudged/off.ics", calendar.format(day), "0640", "root:nudged")
    box.wait("the calendar is read", lambda: box.journal("_SYSTEMD_UNIT=nudged.service", "NUDGED_EVENT=file_changed"))
    assert "Christmas" in box.sh("nudgectl", "preview", "--from", "2027-12-25", "--to", "2027-12-25", "--list")


def test_it_runs_as_its_own_user_without_any_right_and_keeps_its_state_to_itself(box):
    status = box.sh("cat", f"/proc/{box.show('nudged', 'MainPID')}/status")
    user = box.sh("id", "-u", "nudged").strip()
    assert f"Uid:\t{user}\t{user}" in status
    assert "CapBnd:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert box.sh("stat", "-c", "%U %a", "/var/lib/nudged").strip() == "nudged 700"
    assert box.sh("stat", "-c", "%U %G %a", "/run/nudged/control").strip() == "nudged nudged 660"
    assert box.sh("stat", "-c", "%U %G %a", "/etc/nudged/nudged.conf").strip() == "root nudged 640"


def test_a_reminder_arrives_signed_with_the_credential_and_the_journal_tells_of_it(box):
    send(box)
    box.wait("the message", lambda: received(box))
    assert received(box)[0]["signature"].startswith("v1,")
    entry = box.wait("the event", lambda: box.journal("NUDGED_EVENT=delivered", "NUDGED_REMINDER=hello"))[-1]
    assert entry["NUDGED_PERSON"] == "ana" and entry["NUDGED_CHANNEL"] == "hook"
    assert entry["NUDGED_DELIVERY"] in {message["id"] for message in received(box)}
    assert len(entry["MESSAGE_ID"]) == 32
    assert len(box.journal("NUDGED_EVENT=delivered", f"NUDGED_DELIVERY={entry['NUDGED_DELIVERY']}")) == 1
    assert not box.journal("_SYSTEMD_UNIT=nudged.service", "_TRANSPORT=stdout"), "what the journal has, standard error does not repeat"


def test_without_its_credential_it_says_which_one_is_missing(booted):
    booted.write("/etc/systemd/system/nudged.service.d/zz.conf", "[Service]\nLoadCredential=\nLoadCredential=other:/etc/nudged/credentials/hook-secret\n")
    try:
        booted.sh("systemctl", "daemon-reload")
        assert booted.run("systemctl", "restart", "nudged").returncode != 0
        booted.wait("the complaint", lambda: [e for e in booted.journal("_SYSTEMD_UNIT=nudged.service", "PRIORITY=3")
                                              if "hook-secret" in e["MESSAGE"] and "/etc/nudged/nudged.conf:" in e["MESSAGE"]])
    finally:
        booted.sh("rm", "/etc/systemd/system/nudged.service.d/zz.conf")
        booted.sh("systemctl", "daemon-reload")


def test_the_catalog_explains_the_event(box):
    send(box)
    box.wait("the event", lambda: box.journal("NUDGED_EVENT=delivered"))
    shown = box.sh("journalctl", "-x", "--no-pager", "NUDGED_EVENT=delivered")
    assert "A message was delivered" in shown and "Nothing needs to be done" in shown


def test_the_secret_is_in_no_log(box):
    send(box)
    box.wait("the message", lambda: received(box))
    assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in box.sh("journalctl", "-o", "export", "--no-pager", "-a")


def test_a_reload_takes_the_new_configuration(box):
    before = box.show("nudged", "MainPID")
    configure(box, title="After the reload")
    box.sh("systemctl", "reload", "nudged")
    box.wait("the event", lambda: box.journal(f"_PID={before}", "NUDGED_EVENT=reloaded"))
    assert box.show("nudged", "MainPID") == before
    box.wait("it is running again", lambda: box.show("nudged", "SubState") == "running")
    send(box)
    box.wait("the new title", lambda: [m for m in received(box) if m["body"]["data"]["title"] == "After the reload"])


def test_a_reload_of_a_bad_configuration_changes_nothing(box):
    before = box.show("nudged", "MainPID")
    box.write("/etc/nudged/nudged.conf", 'reminders = "all of them";\n', "0640", "root:nudged")
    box.run("systemctl", "reload", "nudged")
    box.wait("the refusal", lambda: box.journal(f"_PID={before}", "NUDGED_EVENT=reload_refused"))
    box.wait("it is running again", lambda: box.show("nudged", "SubState") == "running")
    assert box.show("nudged", "MainPID") == before
    send(box)
    box.wait("the old title", lambda: [m for m in received(box) if m["body"]["data"]["title"] == "Hello"])


def test_after_kill_9_it_comes_back_and_whatever_was_recorded_arrives(box):
    earlier = len(box.journal("NUDGED_EVENT=recorded"))
    configure(box, every="1s")
    box.sh("systemctl", "reload", "nudged")
    for _ in range(4):
        so_far = len(received(box))
        box.wait("another reminder arrives", lambda n=so_far: len(received(box)) > n)
        victim = box.show("nudged", "MainPID")
        send(box)
        box.sh("kill", "-KILL", victim)
        box.wait("it is back", lambda v=victim: is_back(box, v))
    recorded = {entry["NUDGED_OCCURRENCE"] for entry in box.journal("NUDGED_EVENT=recorded")[earlier:]}
    assert len(recorded) >= 8
    box.wait("everything recorded has arrived", lambda: recorded <= occurrences_received(box))


def is_back(box, victim):
    return box.show("nudged", "MainPID") not in ("0", victim) and box.show("nudged", "ActiveState") == "active"


def test_the_watchdog_restarts_it_when_the_loop_stands_still(box):
    victim = box.show("nudged", "MainPID")
    box.sh("kill", "-STOP", victim)
    box.wait("the watchdog bites", lambda: is_back(box, victim))
    assert int(box.show("nudged", "NRestarts")) >= 1
    send(box)
    box.wait("it works again", lambda: received(box))


def test_the_watchdog_leaves_a_healthy_daemon_alone(box):
    before = box.show("nudged", "MainPID")
    time.sleep(5)
    assert box.show("nudged", "MainPID") == before and box.show("nudged", "NRestarts") == "0"


def test_a_socket_unit_holds_the_listener_open_while_the_daemon_is_down(box):
    box.sh("systemctl", "stop", "nudged")
    box.sh("systemctl", "start", "nudged.socket")
    try:
        assert box.show("nudged", "ActiveState") == "inactive"
        code = box.sh("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8930/a/forged")
        assert code == "403"
        assert box.show("nudged", "ActiveState") == "active"
        box.sh("kill", "-KILL", box.show("nudged", "MainPID"))
        assert box.sh("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8930/a/forged") == "403"
    finally:
        box.sh("systemctl", "stop", "nudged.socket", "nudged.service")


def test_stop_is_clean_and_quick(box):
    box.sh("systemctl", "stop", "nudged")
    assert box.show("nudged", "Result") == "success"
    assert box.show("nudged", "ExecMainStatus") == "0"
    assert not box.run("ls", "/run/nudged").stdout
