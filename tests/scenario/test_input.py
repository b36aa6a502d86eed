"""Input that is wrong, hostile or missing: a sentence with a place, exit 1, and never a crash."""

import os
import subprocess

import pytest

from scenario.harness import BUILD, PATIENCE, hook, once, person, reminder

pytestmark = pytest.mark.sanitized


def check(file, *more):
    done = subprocess.run([str(BUILD / "nudged"), "-c", str(file), "--check", *more], capture_output=True, text=True,
                          errors="replace", timeout=PATIENCE, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def refused(file, *words):
    done = check(file)
    assert done.returncode == 1, done
    assert str(file) in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    return done.stderr


GOOD = ('timezone = "UTC"; channels = ( { id = "hook"; plugin = "webhook"; url = "https://hooks.example.org/in"; } );\n'
        'people = ( { id = "ana"; via = [ "hook" ]; } );\n'
        'reminders = ( { id = "a"; kind = "note"; calendar = "Mon..Fri 09:00"; to = [ "ana" ]; text = "x"; } );\n')


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "nudged.conf"
    file.write_text(GOOD)
    file.chmod(0o600)
    return file


def test_a_good_configuration_is_ok(file):
    done = check(file)
    assert done.returncode == 0 and f"{file}: ok" in done.stdout + done.stderr


WRONG = {
    "binary": bytes(range(256)) * 64,
    "nul": GOOD.encode().replace(b"ana", b"a\0a", 1),
    "truncated": GOOD.encode()[:len(GOOD) // 2],
    "unclosed": b'timezone = "UTC',
    "nested": b"a = " + b"(" * 100000,
    "latin-1": GOOD.encode().replace(b'"x"', b'"\xe9\xff"'),
    "include": b'@include "other.conf"\n' + GOOD.encode(),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_configuration_is_refused_by_name(file, name):
    file.write_bytes(WRONG[name])
    refused(file)


def test_an_empty_and_a_huge_file_never_crash_it(file):
    for content in (b"", b'timezone = "UTC";\n' + b"# filler\n" * 8_000_000):
        file.write_bytes(content)
        assert check(file).returncode in (0, 1)


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "nothing.conf")


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "folder.conf"
    folder.mkdir()
    refused(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_file_that_cannot_be_read_is_named(file):
    file.chmod(0o000)
    done = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", str(BUILD / "nudged"), "-c", str(file), "--check"],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0 and done.stderr


def test_a_file_that_others_can_write_is_refused(file):
    file.chmod(0o666)
    refused(file, "writ")


def test_a_folder_that_others_can_write_is_refused(file):
    file.parent.chmod(0o777)
    refused(file)


def test_a_literal_secret_in_a_file_for_others_is_refused(file):
    file.write_text(GOOD.replace('url = "https', 'secret = "whsec_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; url = "https'))
    file.chmod(0o644)
    refused(file, "secret")


def test_every_complaint_comes_at_once_with_its_line(file):
    file.write_text(GOOD + 'daily_limt = 3;\nkeep = "soon";\nplaces = ( { id = "x"; timezone = "Mars/Base"; } );\n')
    text = refused(file, "daily_limit", "Mars/Base", "keep")
    assert f"{file}:4:" in text and f"{file}:5:" in text and f"{file}:6:" in text


def test_http_without_allow_private_is_refused(file):
    file.write_text(GOOD.replace("https://", "http://"))
    refused(file, "allow_private")


def test_a_daemon_is_not_started_by_a_wrong_configuration(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("a", "nobody"))
    daemon.spawn()
    assert daemon.ended() == 1
    assert any("nobody" in line for line in daemon.log)
    assert not (daemon.folder / "state").exists()


def test_an_unknown_plugin_or_one_of_another_time_is_named(nudged, receiver, tmp_path):
    daemon = nudged(channels=hook(receiver).replace('"webhook"', '"carrier-pigeon"'), people=person("ana"), reminders=once("a", "ana"))
    daemon.spawn()
    assert daemon.ended() == 1
    assert any("carrier-pigeon" in line for line in daemon.log), daemon.log
    source = tmp_path / "old.c"
    source.write_text('#include "nudged-plugin.h"\n'
                      'const struct nudged_plugin nudged_plugin = { .size = sizeof(struct nudged_plugin), .abi = 9999 };\n')
    built = subprocess.run(["gcc", "-shared", "-fPIC", f"-I{BUILD.parent if BUILD.name == 'sanitize' else BUILD}/../plugins",
                            "-o", tmp_path / "old.so", source], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"no plugin can be built here: {built.stderr[:200]}")
    daemon = nudged(channels=hook(receiver).replace('"webhook"', '"old"'), people=person("ana"), reminders=once("a", "ana"))
    command = daemon.command()
    daemon.command = lambda: [*command, "--plugins", str(tmp_path)]
    daemon.spawn()
    assert daemon.ended() == 1
    assert any("old" in line and "9999" in line for line in daemon.log), daemon.log


CANARY = "canary-5e1f0c"


def test_no_secret_is_in_any_sink(nudged, receiver):
    """In the URL, in a header, in the signing secret, in the link key: not in the log, the status or the record."""
    receiver.reply = lambda a: 503 if len(receiver.arrivals) < 3 else 200
    (secret := nudged().folder / "secret").write_text(f"whsec_{'YWJj' * 10}")
    secret.chmod(0o600)
    entry = (f'{{ id = "hook"; plugin = "webhook"; url = "{receiver.url("/" + CANARY)}"; allow_private = true; retry_base = "100ms"; '
             f'headers = [ "X-Token: {CANARY}" ]; secret = "file:{secret}"; }},')
    daemon = nudged(top=f'link_key = "{CANARY}-{CANARY}-{CANARY}";', channels=entry, people=person("ana"), reminders=once("a", "ana"))
    daemon.start(level="debug")
    arrival = receiver.wait(1, accepted=True)[0]
    assert arrival.path == f"/{CANARY}" and arrival.headers["x-token"] == CANARY
    assert arrival.headers["webhook-signature"].startswith("v1,")
    said = "\n".join(daemon.log)
    for verb in (["status"], ["list", "--all"], ["deliveries", "--all"], ["test-channel", "hook"], ["export", "ana"]):
        done = daemon.ctl(*verb, "--json", status=None)
        said += done.stdout + done.stderr
    daemon.stop()
    said += "\n".join(daemon.log)
    assert CANARY not in said and "YWJjYWJj" not in said
    assert daemon.answer  # the daemon spoke, and what it said was looked at
    assert "NUDGED_EVENT=delivered" in said and "NUDGED_EVENT=retry" in said
