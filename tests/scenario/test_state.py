"""The state folder and the disk under it: whose it is, whether it is there, whether there is room."""

import os
import shutil
import subprocess
import time

import pytest

from scenario.harness import BUILD, eventually, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
CAN_MOUNT = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
needs_mounts = pytest.mark.skipif(not CAN_MOUNT, reason="needs root and mounts of its own (unshare -m)")


def small(nudged, receiver, **more):
    return nudged(channels=hook(receiver), people=person("ana"), reminders=more.pop("reminders", None) or once("a", "ana"), **more)


def refuses(daemon, word, **how):
    daemon.spawn(**how)
    assert daemon.ended() == 1
    lines = [line for line in daemon.log if word in line]
    assert lines, daemon.log
    daemon.check_sane()
    return lines[0]


def test_a_missing_state_folder_is_made_for_its_owner_alone(nudged, receiver):
    daemon = small(nudged, receiver).start()
    receiver.wait(1)
    assert (daemon.folder / "state").stat().st_mode & 0o777 == 0o700
    for file in (daemon.folder / "state").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_state_folder_that_cannot_be_made_is_named(nudged, receiver):
    daemon = small(nudged, receiver)
    (daemon.folder / "file").write_text("in the way")
    daemon.write(top='state = "file/state";')
    refuses(daemon, "file/state")


@needs_root
def test_a_state_folder_of_another_owner_is_refused(nudged, receiver):
    daemon = small(nudged, receiver)
    (daemon.folder / "state").mkdir(mode=0o700)
    shutil.chown(daemon.folder / "state", "nobody")
    refuses(daemon, "state")


def test_a_state_folder_that_others_can_write_is_refused(nudged, receiver):
    daemon = small(nudged, receiver)
    (daemon.folder / "state").mkdir()
    (daemon.folder / "state").chmod(0o777)
    refuses(daemon, "state")


@needs_mounts
def test_a_read_only_state_folder_is_refused_with_a_sentence(nudged, receiver):
    daemon = small(nudged, receiver)
    (daemon.folder / "state").mkdir(mode=0o700)
    mount = f'mount --bind "{daemon.folder}/state" "{daemon.folder}/state" && mount -o remount,bind,ro "{daemon.folder}/state" && exec "$@"'
    refuses(daemon, "state", wrap=["unshare", "-m", "sh", "-c", mount, "sh"])


@needs_mounts
def test_a_full_disk_is_said_holds_everything_and_heals_by_itself(nudged, receiver):
    """No record, no send: while the disk is full nothing new leaves; with room again it goes on."""
    daemon = small(nudged, receiver, reminders=reminder("tick", "ana", 'every = "1s"', 'catch_up = "all";'))
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    script = f'mount -t tmpfs -o size=1m,mode=0700 none "{state}" && exec "$@"'
    daemon.start(wrap=["unshare", "-m", "sh", "-c", script, "sh"])
    receiver.wait(2)
    inside = ["nsenter", "-t", str(daemon.process.pid), "-m"]
    subprocess.run([*inside, "sh", "-c", f'cat /dev/zero > "{state}/filler" 2>/dev/null; true'], check=True)
    daemon.wait("store_failed")
    time.sleep(1)
    before = receiver.all()
    recorded = {e.occurrence for e in daemon.events("recorded")}
    assert {o for a in before for o in a.occurrences} <= recorded
    time.sleep(2.5)
    assert len(receiver.all()) == len(before)
    assert daemon.answers()
    subprocess.run([*inside, "rm", f"{state}/filler"], check=True)
    daemon.wait("store_recovered")
    receiver.wait(len(before) + 3)
    eventually("no gap is left", lambda: no_gap(receiver))


@needs_mounts
def test_what_waits_for_another_try_is_not_tried_while_the_disk_is_full(nudged, receiver):
    """An attempt whose outcome could not be recorded might be repeated for ever."""
    receiver.reply = lambda a: 503 if a.person == "bo" else 200
    daemon = nudged(channels=hook(receiver, more='retry_max = "500ms";'), people=person("ana") + person("bo"),
                    reminders=once("stuck", "bo") + reminder("tick", "ana", 'every = "1s"'))
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    daemon.start(wrap=["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=1m,mode=0700 none "{state}" && exec "$@"', "sh"])
    receiver.wait(3, person="bo")
    inside = ["nsenter", "-t", str(daemon.process.pid), "-m"]
    subprocess.run([*inside, "sh", "-c", f'cat /dev/zero > "{state}/filler" 2>/dev/null; true'], check=True)
    daemon.wait("store_failed")
    time.sleep(1)
    before = len(receiver.all(person="bo"))
    time.sleep(3)
    assert len(receiver.all(person="bo")) == before
    subprocess.run([*inside, "rm", f"{state}/filler"], check=True)
    daemon.wait("store_recovered")
    receiver.wait(before + 2, person="bo")


def no_gap(receiver):
    arrivals = receiver.all()
    due = sorted({time.mktime(time.strptime(a.items[0]["due"], "%Y-%m-%dT%H:%M:%SZ")) for a in arrivals})
    assert len(due) == len(arrivals), arrivals
    return all(b - a == 1 for a, b in zip(due, due[1:]))


@needs_mounts
def test_a_stop_while_the_disk_is_full_still_ends(nudged, receiver):
    daemon = small(nudged, receiver, reminders=reminder("tick", "ana", 'every = "1s"'))
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    daemon.start(wrap=["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=1m,mode=0700 none "{state}" && exec "$@"', "sh"])
    receiver.wait(1)
    subprocess.run(["nsenter", "-t", str(daemon.process.pid), "-m", "sh", "-c", f'cat /dev/zero > "{state}/filler" 2>/dev/null; true'], check=True)
    daemon.wait("store_failed")
    daemon.stop()


@needs_root
def test_it_runs_as_a_user_without_privileges(nudged, receiver, tmp_path):
    daemon = small(nudged, receiver)
    for parent in [daemon.folder, *daemon.folder.parents]:
        if str(parent).startswith("/tmp/") and parent != daemon.folder.parents[-1]:
            parent.chmod(0o755 if parent != daemon.folder else 0o700)
    plugins = daemon.folder / "plugins"
    shutil.copytree(BUILD / "plugins", plugins)
    shutil.copy(BUILD / "nudged", daemon.folder / "nudged-copy")
    subprocess.run(["chown", "-R", "nobody:nogroup", daemon.folder], check=True)
    subprocess.run(["chown", "-R", "root:root", plugins], check=True)
    command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", str(daemon.folder / "nudged-copy"),
               "-c", str(daemon.file), "--control", daemon.control, "--plugins", str(plugins)]
    daemon.command = lambda: command
    daemon.start()
    receiver.wait(1)
