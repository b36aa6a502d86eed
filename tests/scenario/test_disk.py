"""No record, no send: disks that are slow, hang, fail or are read-only, under a daemon that goes on living."""

import socket
import subprocess
import threading
import time

import pytest

from fault.disk import FOREVER, Disk
from scenario.harness import SANITIZED, eventually, fetch, hook, person, reminder

CAN_MOUNT = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
needs_mounts = pytest.mark.skipif(not CAN_MOUNT, reason="needs root and mounts of its own (unshare -m)")
pytestmark = pytest.mark.skipif(SANITIZED, reason="its preloaded calls stand in the sanitizer's way")

TICK = reminder("tick", "ana", 'every = "1s"', 'catch_up = "all";')


@pytest.fixture
def disk(tmp_path):
    with Disk(tmp_path) as disk:
        yield disk


def ticking(nudged, receiver, disk, **environment):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=TICK)
    return daemon.start(environment={**disk.environment, **environment})


def answer_url(arrival):
    return arrival.items[0]["answer_url"]


def nothing_was_lost_or_doubled(receiver):
    due = [i["due"] for a in receiver.all() for i in a.items]
    assert len(due) == len(set(due)), sorted(due)
    seconds = sorted(time.mktime(time.strptime(d, "%Y-%m-%dT%H:%M:%SZ")) for d in due)
    assert all(b - a == 1 for a, b in zip(seconds, seconds[1:])), sorted(due)


def goes_on(daemon, receiver):
    """No gap is left once what was held has come."""
    receiver.wait(len(receiver.all()) + 3)

    def whole():
        try:
            nothing_was_lost_or_doubled(receiver)
            return True
        except AssertionError:
            return False

    eventually("no gap is left", whole)
    daemon.stop()
    nothing_was_lost_or_doubled(receiver)


@pytest.mark.parametrize("fault", [{"sync_error": "EIO"}, {"write_error": "EROFS"}, {"write_error": "EDQUOT"},
                                   {"sync_error": "EIO", "write_error": "EIO", "read_error": "EIO"}],
                         ids=lambda f: "-".join(f"{k}-{v}" for k, v in f.items()))
def test_a_failing_disk_holds_everything_and_heals_by_itself(nudged, receiver, disk, fault):
    daemon = ticking(nudged, receiver, disk)
    first = receiver.wait(2)[0]
    disk.set(**fault)
    said = daemon.wait("store_failed")
    assert "nothing new is sent until it can" in said[0].message
    time.sleep(1)  # what was under way comes
    before = len(receiver.all())
    recorded = {e.occurrence for e in daemon.events("recorded")}
    status, page = daemon.answer(answer_url(first), "done", "It went well.")
    assert status == 503 and "Nothing can be recorded just now" in page
    assert daemon.status()["store"]
    time.sleep(2)
    assert len(receiver.all()) == before
    assert {o for a in receiver.all() for o in a.occurrences} <= recorded
    disk.heal()
    daemon.wait("store_recovered")
    assert daemon.answer(answer_url(first), "done", "It went well.")[0] == 200
    goes_on(daemon, receiver)
    assert len(daemon.events("store_failed")) == 1, "it is said once"
    assert disk.get("retried") == 0, "a sync that failed was tried again on the same descriptor"


def test_with_syncs_of_two_seconds_everything_else_goes_on_and_nothing_is_lost(nudged, receiver, disk):
    daemon = ticking(nudged, receiver, disk)
    receiver.wait(1)
    disk.set(sync_ms=2000)
    done = disk.get("syncs_done")
    eventually("three slow syncs", lambda: disk.get("syncs_done") >= done + 3)
    assert not daemon.events("store_failed")
    assert daemon.answer(answer_url(receiver.all()[-1]), "done")[0] == 200
    disk.heal()
    goes_on(daemon, receiver)


class Manager:
    """The socket of a service manager: what was said to it."""

    def __init__(self, path):
        self.path = str(path)
        self.said = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.said.append(self.socket.recv(4096))
            except OSError:
                return

    def alive(self):
        return sum(b"WATCHDOG=1" in said for said in self.said)


def test_while_a_sync_hangs_the_loop_the_listener_and_the_watchdog_go_on(nudged, receiver, disk, tmp_path):
    manager = Manager(tmp_path / "notify")
    daemon = ticking(nudged, receiver, disk, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="1500000")
    first = receiver.wait(1)[0]
    disk.set(sync_ms=FOREVER)
    eventually("a sync that hangs", lambda: disk.get("syncs_begun") > disk.get("syncs_done"))
    held = disk.get("syncs_done")
    before = len(receiver.all())
    replies = []
    waiting = threading.Thread(target=lambda: replies.append(daemon.answer(answer_url(first), "done")))
    waiting.start()
    assert daemon.status()["people"] == 1
    assert fetch(f"http://127.0.0.1:{daemon.port}/healthz") == (200, "ok\n")
    alive = manager.alive()
    eventually("three signs of life", lambda: manager.alive() >= alive + 3)
    waiting.join()
    assert replies[0][0] == 503 and "Nothing can be recorded just now" in replies[0][1], replies
    assert disk.get("syncs_done") == held
    assert len(receiver.all()) <= before + 1  # what was recorded before may have been on its way
    disk.heal()
    daemon.wait("answered")  # late, and not lost
    goes_on(daemon, receiver)


def test_a_start_on_a_slow_disk_is_only_slow(nudged, receiver, disk):
    disk.set(sync_ms=300)
    daemon = ticking(nudged, receiver, disk)
    receiver.wait(2)
    disk.heal()
    goes_on(daemon, receiver)


@needs_mounts
@pytest.mark.parametrize("inodes", range(2, 6))
def test_a_start_without_inodes_is_refused_with_a_sentence_or_works(nudged, receiver, inodes):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=TICK)
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    script = f'mount -t tmpfs -o size=4m,nr_inodes={inodes},mode=0700 none "{state}" && exec "$@"'
    daemon.spawn(wrap=["unshare", "-m", "sh", "-c", script, "sh"])
    eventually("it answers or ends", lambda: daemon.process.poll() is not None or daemon.answers())
    if daemon.process.poll() is None:
        receiver.wait(2)
        return
    assert daemon.ended() == 1
    assert any("state" in line and "free some space" in line for line in daemon.log), daemon.log


@needs_mounts
def test_a_file_system_that_gave_up_is_said_and_loses_nothing(nudged, receiver, tmp_path):
    """ext4 after an error of its own: read-only for good, under a daemon that has its files open."""
    image, state = tmp_path / "image", None
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=TICK)
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    image.write_bytes(bytes(8 << 20))
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    mount = f'mount -o loop "{image}" "{state}" && chmod 700 "{state}" && exec "$@"'
    wrap = ["unshare", "-m", "sh", "-c", mount, "sh"]
    if subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs loop devices")
    daemon.start(wrap=wrap)
    first = receiver.wait(2)[0]
    # What came and is not on record when the file system gives up comes once more, as after a crash.
    eventually("all that came is on record",
               lambda: sum(r["state"] == "delivered" for r in daemon.rows("deliveries", "--all")) == len(receiver.all()))
    subprocess.run(["nsenter", "-t", str(daemon.process.pid), "-m", "mount", "-o", "remount,abort", str(state)], check=True)
    daemon.wait("store_failed")
    assert daemon.answer(answer_url(first), "done")[0] == 503
    assert daemon.status()["store"]
    daemon.stop()
    subprocess.run(["e2fsck", "-fy", str(image)], capture_output=True, check=False)
    daemon.start(wrap=wrap)
    assert not daemon.events("store_set_aside")
    assert daemon.answer(answer_url(first), "done")[0] == 200
    goes_on(daemon, receiver)
