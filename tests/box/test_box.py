"""The harness itself: a real systemd boots, does its work, and leaves nothing behind."""

import subprocess
import time
from pathlib import Path

import boxed
import pytest

boxed.skip_without_box()

POPULATE = """
cat >$ROOT/etc/systemd/system/trivial.service <<UNIT
[Service]
Type=notify
NotifyAccess=all
LoadCredential=word:/etc/word
ExecStart=/bin/sh -c 'systemd-notify --ready --status="said $(cat $CREDENTIALS_DIRECTORY/word)"; exec sleep 1000'
UNIT
echo hello >$ROOT/etc/word
"""


@pytest.fixture(scope="module", name="box")
def fixture_box():
    with boxed.Box(POPULATE.replace("$(", r"\$(").replace("$CRED", r"\$CRED")) as box:
        yield box


def test_a_unit_becomes_ready_and_reads_its_credential(box):
    box.sh("systemctl", "start", "trivial")
    assert box.show("trivial", "StatusText") == "said hello"
    assert box.journal("_SYSTEMD_UNIT=init.scope", "UNIT=trivial.service")


def test_inside_is_another_machine(box):
    assert box.sh("hostname").strip() == "box"
    assert box.sh("cat", "/proc/1/comm").strip() == "systemd"
    assert "lo" in box.sh("ls", "/sys/class/net").split()
    assert "ro" in box.sh("findmnt", "-no", "OPTIONS", "/proc/sys").split(",")


@pytest.mark.parametrize("process", ["1", "self"])
def test_nobody_inside_may_set_the_clock_or_load_a_module(box, process):
    """Read from the capabilities, never tried: there is only one clock, and it is the machine's."""
    status = dict(line.split(":", 1) for line in box.sh("cat", f"/proc/{process}/status").splitlines())
    for kind in ("CapBnd", "CapPrm", "CapEff"):
        held = int(status[kind], 16)
        for name, bit in (("sys_module", 16), ("sys_rawio", 17), ("sys_boot", 22), ("sys_time", 25), ("syslog", 34)):
            assert not held >> bit & 1, f"{kind} of {process} holds {name}"


def test_what_is_written_inside_stays_inside(box):
    box.write("/etc/seen-only-inside", "x")
    assert not Path("/etc/seen-only-inside").exists()


def seen_soon(happened):
    end = time.monotonic() + 20
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)
    return happened()


def running(pid):
    """False also for what has ended and waits for a parent to hear of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_box_goes_when_its_owner_is_killed(tmp_path):
    state = tmp_path / "state"
    owner = subprocess.Popen(["sh", "-c", '"$0" start "$1"; exec sleep 1000', boxed.BOX, state],
                             stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert owner.stdout.readline().strip() in ("running", "degraded")
        outer = int((state / "init").read_text().split()[1])
    finally:
        owner.kill()
        owner.wait()
    assert seen_soon(lambda: not state.exists())
    assert seen_soon(lambda: not running(outer))


def test_a_box_that_cannot_boot_says_why_and_leaves_nothing(tmp_path):
    populate = tmp_path / "populate"
    populate.write_text("#!/bin/sh\necho no disk today >&2\nexit 3\n")
    populate.chmod(0o755)
    state = tmp_path / "state"
    started = subprocess.run([boxed.BOX, "start", state, populate], capture_output=True, text=True, check=False)
    assert started.returncode == 1 and "no disk today" in started.stderr
    assert seen_soon(lambda: not state.exists())
