"""Stop, restart, upgrade and reload under load: while nothing crashes, nothing is lost and nothing comes twice."""

import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter

import pytest

from scenario.harness import BUILD, eventually, hook, once, person, reminder

EVERY_SECOND = reminder("tick", "all", 'calendar = "*:*:*"', 'catch_up = "all";')
PEOPLE = 20


def busy(nudged, receiver, **more):
    """Twenty messages a second to a receiver that thinks, so that some are always under way."""
    receiver.reply = lambda a: time.sleep(0.1) or 200
    people = "".join(person(f"p{i}") for i in range(PEOPLE))
    return nudged(channels=hook(receiver, more="concurrency = 4;"), people=people, reminders=EVERY_SECOND, **more)


def due(arrival):
    return time.mktime(time.strptime(arrival.items[0]["due"], "%Y-%m-%dT%H:%M:%SZ"))


def assert_all_once(receiver):
    """Every person got every second, from the first to the last that all of them have, once."""
    seen = Counter((due(a), a.person) for a in receiver.all())
    assert [slot for slot, n in seen.items() if n > 1] == []
    first, last = min(at for at, _ in seen), max(at for at, _ in seen)
    gaps = [(int(at - first), f"p{i}") for at in range(int(first), int(last)) for i in range(PEOPLE) if not seen[(at, f"p{i}")]]
    assert gaps == []


def settled(receiver, daemon):
    """Until nothing is open at an instant between two seconds; then stops."""
    receiver.wait(len(receiver.all()) + PEOPLE)
    eventually("nothing is open", lambda: daemon.status()["counts"]["waiting"] == 0)
    daemon.stop()


def moments(count):
    """So many instants within a second; the seed is printed."""
    seed = random.randrange(1000000)
    print("seed", seed)
    return [random.Random(seed + n).random() for n in range(count)]


def test_a_restart_under_load_loses_nothing_and_repeats_nothing(nudged, receiver):
    daemon = busy(nudged, receiver).start()
    for moment in moments(5):
        receiver.wait(len(receiver.all()) + 5)
        time.sleep(moment)
        daemon.stop()
        assert len(receiver.all()) == len(daemon.events("delivered")), "what was under way was not waited for"
        daemon.start()
    settled(receiver, daemon)
    assert_all_once(receiver)


LISTENER = 'exec 3<&$FD; exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=answers "$@"'


def test_an_upgrade_under_load_keeps_messages_links_and_whoever_is_just_answering(nudged, receiver, tmp_path):
    """Another program takes over the folder and the socket that a service manager holds."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as held:
        daemon = busy(nudged, receiver, top=f'listen = "127.0.0.1:{held.getsockname()[1]}";')
        how = {"wrap": ("bash", "-c", LISTENER, "bash"), "fds": (held.fileno(),), "environment": {"FD": str(held.fileno())}}
        daemon.start(**how)
        receiver.wait(30)
        old = daemon.command()
        daemon.stop()
        link = receiver.all()[0].items[0]["answer_url"]
        answered = []
        asking = threading.Thread(target=lambda: answered.append(daemon.answer(link, "done")))
        asking.start()
        new = shutil.copy(BUILD / "nudged", tmp_path / "nudged-new")
        daemon.command = lambda: [str(new), *old[1:], "--plugins", str(BUILD / "plugins")]
        daemon.start(**how)
        asking.join()
        assert answered[0][0] == 200 and daemon.wait("answered")
        receiver.wait(len(receiver.all()) + 30)
        settled(receiver, daemon)
    assert_all_once(receiver)


def test_reloads_that_change_the_channel_under_load_lose_nothing_and_repeat_nothing(nudged, receiver):
    """What is under way ends on the channel as it was, what waits goes by the changed one."""
    daemon = busy(nudged, receiver).start()
    for n, moment in enumerate(moments(6)):
        receiver.wait(len(receiver.all()) + 5)
        time.sleep(moment / 2)
        daemon.reload(channels=hook(receiver, path=f"/way-{n}", more=f"concurrency = {2 + n};"))
    receiver.wait(PEOPLE, path="/way-5")
    settled(receiver, daemon)
    assert_all_once(receiver)


def test_a_stop_that_is_asked_for_again_and_again_is_one_stop(nudged, receiver):
    """A second SIGTERM cuts nothing off, and a reload meanwhile is too late."""
    receiver.reply = lambda a: time.sleep(1.5) or 200
    people = "".join(person(f"p{i}") for i in range(6))
    daemon = nudged(channels=hook(receiver, more="concurrency = 3;"), people=people, reminders=once("a", "all")).start()
    daemon.wait("recorded", 6)
    time.sleep(0.5)
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        daemon.process.send_signal(number)
        time.sleep(0.1)
    assert "stopping" in daemon.ctl("reload", status=1).stderr
    daemon.stop()
    assert len(receiver.all()) == len(daemon.events("delivered")) == 3 and not daemon.events("reloaded")
    receiver.reply = lambda a: 200
    daemon.start()
    receiver.wait(6)
    daemon.stop()
    assert Counter(a.person for a in receiver.all()) == {f"p{i}": 1 for i in range(6)}


def test_a_receiver_that_hangs_holds_a_stop_up_for_a_bounded_time(nudged, receiver):
    """After ten seconds what has no answer yet is left to the next start, under the same id."""
    free = threading.Event()
    receiver.reply = lambda a: free.wait(120) and 200
    people = "".join(person(f"p{i}") for i in range(8))
    daemon = nudged(channels=hook(receiver, more='concurrency = 4; timeout = "10min";'), people=people, reminders=once("a", "all")).start()
    daemon.wait("recorded", 8)
    time.sleep(0.5)
    daemon.stop()
    assert not daemon.events("delivered")
    free.set()
    daemon.start()
    daemon.wait("delivered", 8)
    ids = {a.person: {b.id for b in receiver.all(person=a.person)} for a in receiver.all()}
    assert len(ids) == 8 and all(len(i) == 1 for i in ids.values())
    assert len(receiver.all()) == 8 + 4, "the four that hung come again, the others came once"


def test_a_disk_that_heals_while_it_stops_starts_nothing_new(nudged, receiver):
    receiver.reply = lambda a: time.sleep(1) or 200
    people = "".join(person(f"p{i}") for i in range(5))
    daemon = nudged(channels=hook(receiver, more="concurrency = 1;"), people=people, reminders=once("a", "all")).start()
    daemon.wait("recorded", 5)
    limit = lambda size: subprocess.run(["prlimit", "--pid", str(daemon.process.pid), f"--fsize={size}:unlimited"], check=True)  # noqa: E731
    limit(0)
    daemon.wait("store_failed")
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(4.5)
    started = len(receiver.all())  # with what was under way
    limit("unlimited")
    daemon.stop()
    assert len(receiver.all()) == started
    daemon.start()
    receiver.wait(5)
    daemon.stop()
    assert Counter(a.person for a in receiver.all()) == {f"p{i}": 1 for i in range(5)}


@pytest.mark.parametrize("call", ["mkdir:when=1", "flock:when=1", "timerfd_create:when=1", "listen:when=1", "listen:when=2",
                                  "inotify_init1:when=1"])
def test_a_signal_at_any_moment_of_a_start_is_heard(nudged, receiver, call):
    """SIGTERM is an orderly end from the first thing that is opened on, SIGHUP is no end at all."""
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("a", "ana", 2))
    at = lambda name: ("strace", "-D", "-f", "-o", "/dev/null", "-e", f"inject={call.replace(':', f':signal={name}:')}")  # noqa: E731
    environment = {"ASAN_OPTIONS": "detect_leaks=0"}  # it cannot look for leaks where strace looks at it
    daemon.spawn(wrap=at("TERM"), environment=environment)
    assert daemon.ended() == 0, daemon.log
    assert daemon.events("stopped")
    shutil.rmtree(daemon.folder / "state")
    daemon.start(wrap=at("HUP"), environment=environment)
    daemon.wait("reloaded")
    receiver.wait(1)
    daemon.stop()
    assert len(receiver.all()) == 1


def test_twenty_thousand_open_messages_are_there_again_after_a_restart(nudged, receiver):
    """What an administrator holds back stays open over the restart, and then leaves once."""
    count = 20000 if not str(BUILD).endswith("sanitize") else 2000
    daemon = nudged(top='people_file = "people.csv";', channels=hook(receiver, more="concurrency = 32;"),
                    reminders="".join(once(f"r{i}", "all", 4) for i in range(10)))
    file = daemon.folder / "people.csv"
    file.write_text("id,name,via\n" + "".join(f"p{i},Person {i},hook\n" for i in range(count // 10)))
    file.chmod(0o600)
    daemon.start(level="warning")
    daemon.ctl("pause", "channel:hook", "--reason", "the room is full")
    eventually("all of them are recorded", lambda: daemon.status()["counts"]["waiting"] == count)
    daemon.stop()
    assert not receiver.all()
    daemon.start(level="warning")
    assert daemon.status()["counts"]["waiting"] == count
    daemon.ctl("resume", "channel:hook")
    eventually("all of them are sent", lambda: daemon.status()["counts"]["waiting"] == 0, 240)
    daemon.stop()
    seen = Counter((a.person, a.reminders[0]) for a in receiver.all())
    assert len(seen) == count and set(seen.values()) == {1}
