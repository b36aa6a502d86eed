"""The real `nudged --check` on good, bad and hostile configurations."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build"))

GOOD = """
channels = ( {{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:9/"; allow_private = true; }} );
places = ( {{ id = "london"; timezone = "Europe/London"; }} );
people = ( {{ id = "ana"; name = "Ana Ruiz"; place = "london"; via = [ "hook" ]; }} );
reminders = ( {{ id = "tea"; calendar = "Mon..Fri 09:00"; to = [ "ana" ]; text = "Tea"; }} );
{more}
"""


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


def check(path, **environment):
    env = {k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"}
    return subprocess.run([BUILD / "nudged", "--check", "--plugins", BUILD / "plugins", "-c", path],
                          env=env | environment, capture_output=True, text=True, errors="replace",
                          timeout=60, check=False)


def check_text(folder, text, mode=0o644):
    path = folder / "nudged.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return check(path)


@pytest.fixture
def conf(folder):
    """The project's configurations as if they were installed: a checkout may belong to anybody."""
    return Path(shutil.copytree(ROOT / "conf", folder / "conf"))


def complaints(done):
    """[(file name, line or None, is a warning, message)]; whatever else stderr holds is a failure."""
    rows = []
    for row in done.stderr.splitlines():
        if row.endswith(": ok"):
            continue
        found = re.fullmatch(r"(.+?):(?:(\d+):)? (warning: )?(.+)", row)
        assert found, row
        rows.append((Path(found[1]).name, found[2] and int(found[2]), bool(found[3]), found[4]))
    return rows


def uncomment(text):
    """The sample with every example in it taken."""
    text = re.sub(r"^#(?=[a-z{)]|  )", "", text, flags=re.M)
    return re.sub(r"^( +)#(?=[a-z])", r"\1", text, flags=re.M)


@pytest.mark.sanitized
def test_a_good_configuration_is_ok_and_exits_0(folder):
    done = check_text(folder, GOOD.format(more=""))
    assert done.returncode == 0, done.stderr
    assert f"{folder}/nudged.conf: ok" in done.stdout + done.stderr
    assert not complaints(done)


def test_the_sample_that_is_installed_is_ok(conf):
    done = check(conf / "nudged.conf")
    assert done.returncode == 0, done.stderr


def test_the_sample_with_every_example_taken_is_ok(folder, conf):
    (folder / "prompts.d").symlink_to(conf / "prompts")
    (folder / "people.csv").write_text("id,name,via,role\nzoe,Zoe,hook,backend\n")
    (folder / "ca.pem").touch()
    (folder / "us.pem").touch(mode=0o600)
    for name in ("holidays/gb.ics", "absence/ana.ics"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n")
    done = check_text(folder, uncomment((ROOT / "conf/nudged.conf").read_text()))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "conf/examples").glob("*.conf")))
def test_an_example_for_real_teams_is_ok(conf, name):
    done = check(conf / "examples" / name)
    assert done.returncode == 0, done.stderr
    assert not complaints(done)


@pytest.mark.sanitized
def test_every_complaint_is_said_at_once_with_its_file_and_line(folder):
    (folder / "conf.d").mkdir()
    (folder / "conf.d/10-more.conf").write_text('places = ( { id = "paris";\ntimezone = "Europe/Pari"; } );\n')
    (folder / "people.csv").write_text("id,place\nbo,pari\n")
    done = check_text(folder, GOOD.format(more='people_file = "people.csv";\ndaly_limit = 3;\nkeep = 90;\n'))
    assert done.returncode == 1
    found = [(name, line) for name, line, warning, _ in complaints(done) if not warning]
    assert found == [("nudged.conf", 7), ("nudged.conf", 8), ("10-more.conf", 2), ("people.csv", 2)]
    assert 'did you mean "daily_limit"?' in done.stderr
    assert 'did you mean "paris"?' in done.stderr


def test_a_warning_does_not_change_the_exit_status(folder):
    done = check_text(folder, GOOD.format(more="").replace('text = "Tea"', 'text = "Tea"; kind = "practice"'))
    assert done.returncode == 0
    assert {row[2] for row in complaints(done)} == {True}


HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 64,
    "ends in the middle of a word": GOOD.format(more="").encode()[:200],
    "nested deep": b"x = " + b"(" * 100000 + b")" * 100000 + b";",
    "one long line": b"timezone = \"" + b"x" * 1000000 + b"\";",
    "many keys": b"".join(b"k%d = 1;\n" % i for i in range(100000)),
    "many groups": b"people = (" + b"{}," * 200000 + b"{});",
    "a number that wraps": b"daily_limit = 4294967299;",
    "a device included": b'@include "/dev/zero"\n',
    "quotes without end": b'"' * 99999,
    "text after text": b'timezone = ' + b'"a" ' * 100000 + b";",
    "50 MB": b"#" * (50 << 20),
}


@pytest.mark.sanitized
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_complaint_and_nothing_worse(folder, name):
    done = check_text(folder, HOSTILE[name])
    assert done.returncode == 1, done.stderr[-2000:]
    assert 1 <= len(done.stderr.splitlines()) <= 1001
    assert all(file == "nudged.conf" for file, *_ in complaints(done))


def test_what_is_not_a_file_is_refused_without_waiting(folder):
    os.mkfifo(folder / "pipe")
    for path in (folder / "missing", folder, folder / "pipe", "/dev/zero"):
        done = check(path)
        assert done.returncode == 1
        assert f"{path}: cannot read" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read it")
def test_a_file_that_may_not_be_read_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nudged.conf"
        path.parent.chmod(0o755)
        path.write_text(GOOD.format(more=""))
        path.chmod(0o600)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BUILD / "nudged",
                               "--check", "-c", path], capture_output=True, text=True, timeout=60, check=False)
    if "setpriv" in done.stderr:
        pytest.skip("the build cannot be run by another user here")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr


def test_what_others_can_write_is_refused(folder):
    done = check_text(folder, GOOD.format(more=""), mode=0o666)
    assert done.returncode == 1
    assert "can be written by others" in done.stderr
    folder.chmod(0o777)
    done = check_text(folder, GOOD.format(more=""))
    folder.chmod(0o700)
    assert done.returncode == 1
    assert f"{folder} can be written by others" in done.stderr


def test_a_secret_written_out_is_refused_where_others_can_read_and_never_shown(folder):
    text = GOOD.format(more="").replace("allow_private", 'secret = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"; allow_private')
    done = check_text(folder, text)
    assert done.returncode == 1
    assert "is a secret in a file that others can read" in done.stderr
    assert "Y2FuYXJ5" not in done.stderr + done.stdout
    done = check_text(folder, text, mode=0o600)
    assert done.returncode == 0, done.stderr
    assert {row[2] for row in complaints(done)} == {True}
    assert "Y2FuYXJ5" not in done.stderr + done.stdout


def test_a_credential_that_is_missing_is_refused_once_there_are_credentials(folder):
    text = GOOD.format(more="").replace("allow_private", 'secret = "credential:key"; allow_private')
    assert check_text(folder, text).returncode == 0
    done = check(folder / "nudged.conf", CREDENTIALS_DIRECTORY=str(folder))
    assert done.returncode == 1
    assert "cannot read the credential key" in done.stderr
    (folder / "key").write_text("whsec_" + "QUJD" * 8 + "\n")
    done = check(folder / "nudged.conf", CREDENTIALS_DIRECTORY=str(folder))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", ['store = "postgres:x";'])
def test_what_is_not_built_is_refused_and_never_ignored(folder, line):
    done = check_text(folder, GOOD.format(more="") + line)
    assert done.returncode == 1
    assert "not built into this release" in done.stderr
    assert len(complaints(done)) == 1


def test_ten_thousand_people_are_read_and_a_mistake_in_the_last_is_found(folder):
    rows = ["id,name,place,via"] + [f'p{i},"Person, number {i}",london,hook' for i in range(10000)]
    (folder / "people.csv").write_text("\r\n".join(rows) + "\r\nlast,Last,londn,hook\r\n")
    done = check_text(folder, GOOD.format(more='people_file = "people.csv";').replace('"ana" ]', '"all" ]'))
    assert [row[:2] for row in complaints(done)] == [("people.csv", 10002)]
    assert 'did you mean "london"?' in done.stderr
