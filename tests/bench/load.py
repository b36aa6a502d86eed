"""What the benches share: nudged on a scratch folder with a configuration of any size, and everything in it due
at one instant."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CONNECTIONS, MAIL_CONNECTIONS = 64, 8
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """Of a process with its threads, and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def run_ns(pid):
    """Nanoseconds on a processor, of all its threads that live."""
    return sum(int((task / "schedstat").read_text(encoding="utf-8").split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


class Daemon:
    """nudged on a scratch folder; `ready_s` from exec to READY."""

    def __init__(self, build, folder, config, wrap=(), level="warning", limit=120, environment=None):
        self.folder = folder
        path = folder / "nudged.conf"
        path.write_text(config)
        path.chmod(0o600)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(folder / "notify"))
        notify.settimeout(limit)
        began = time.monotonic()
        self.process = subprocess.Popen(
            [*wrap, build / "nudged", "-c", path, "--log-level", level],
            env={**os.environ, **(environment or {}), "NOTIFY_SOCKET": str(folder / "notify")},
            stderr=open(folder / "log", "w", encoding="utf-8"))
        while b"READY=1" not in notify.recv(4096):
            pass
        self.ready_s = time.monotonic() - began
        notify.close()
        (folder / "notify").unlink()

    def memory_mb(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def cpu_s(self):
        return cpu_s(self.process.pid)

    def wakeups(self):
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            text = (task / "status").read_text(encoding="utf-8")
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))
        return total

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def at_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def scratch():
    return Path(tempfile.mkdtemp(prefix="nudged-bench-"))


def hook_channel(port):
    return (f'{{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:{port}/in"; allow_private = true; '
            f'concurrency = {CONNECTIONS}; secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="; }}')


def mail_channel(port):
    return (f'{{ id = "hook"; plugin = "email"; url = "smtp://127.0.0.1:{port}"; allow_private = true; tls = "none"; '
            f'concurrency = {MAIL_CONNECTIONS}; from = "Practice <practice@example.org>"; }}')


def configuration(folder, port, people, places, reminders, extra="daily_limit = 0;", channel=hook_channel):
    zones = ["Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"]
    mail = (lambda i: f"p{i}@example.org") if channel is mail_channel else (lambda i: "")
    with open(folder / "people.csv", "w", encoding="utf-8") as csv:
        csv.write("id,name,place,via,address.hook\n")
        for i in range(people):
            csv.write(f"p{i},Person Number {i},place{i % places},hook,{mail(i)}\n")
    place = ",\n".join(f'{{ id = "place{i}"; timezone = "{zones[i % len(zones)]}"; }}' for i in range(places))
    return f"""
state = "state"; control = "control"; people_file = "people.csv"; {extra}
channels = ( {channel(port)} );
places = ( {place} );
reminders = ( {reminders} );
"""


def reminder(number, schedule):
    return (f'{{ id = "r{number}"; kind = "note"; {schedule} to = [ "all" ]; title = "Hello {{{{person.name}}}}"; '
            f'text = "At {{{{due.time}}}} on {{{{due.date}}}}: one specific thing, then say what happened."; }}')


def wait_count(sink, wanted, limit):
    stats = sink.wait(wanted, limit)
    if stats["count"] < wanted:
        raise SystemExit(f"only {stats['count']} of {wanted} arrived in {limit} s")
    return stats


def one_dispatch(build, sink, people, reminders, wrap=(), channel=hook_channel, lead=6):
    """Everything due at one instant; seconds from that instant to the last receipt, CPU, bytes a body."""
    folder = scratch()
    due = int(time.time()) + lead + people // 10000
    config = configuration(folder, sink.port, people, 5,
                           ",".join(reminder(i, f'at = "{at_text(due)}";') for i in range(reminders)), channel=channel)
    sink.ask("/reset")
    daemon = Daemon(build, folder, config, wrap)
    before = daemon.cpu_s()
    if time.time() > due:
        raise SystemExit("the machine is too slow for this bench: it was due before it was ready")
    stats = wait_count(sink, people * reminders, 120)
    time.sleep(0.3)
    cpu, memory = daemon.cpu_s() - before, daemon.memory_mb()
    log = (folder / "log").read_text(encoding="utf-8")
    daemon.stop()
    shutil.rmtree(folder)
    unexpected = [line for line in log.splitlines() if "written out" not in line]
    if unexpected:
        print("  daemon said:", unexpected[0][:300])
    return (stats["last_us"] / 1e6 - due), cpu, stats["bytes"] // stats["count"], memory
