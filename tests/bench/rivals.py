"""Other programs that send the same messages, counted at the same receiver, and the CPU of all their processes:
Alertmanager, a pool of undici, one curl a message, and a pool of nodemailer. Rounds are interleaved with ours,
and best stands against best. What is not installed is left out, and said."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from load import CONNECTIONS, MAIL_CONNECTIONS, cpu_s, hook_channel, mail_channel, one_dispatch
from receipts import Sink, free_port

HERE = Path(__file__).resolve().parent
NPM = HERE.parents[1] / "build/npm/node_modules"
BODY = 700


class MailSink:
    """smtp-sink of postfix, and what it counted."""

    def __init__(self, _build):
        self.port = free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([shutil.which("smtp-sink"), *user, "-c", f"127.0.0.1:{self.port}", "128"], stdout=subprocess.PIPE)
        self.seen, self.base, self.last_us = 0, 0, 0
        threading.Thread(target=self.read, daemon=True).start()
        time.sleep(0.5)

    def read(self):
        rest = b""
        while data := os.read(self.process.stdout.fileno(), 65536):
            *whole, rest = (rest + data).split(b"\r")
            for line in whole[-1:]:
                seen = int(re.search(rb"mesg=(\d+)", line)[1])
                if seen > self.seen:
                    self.seen, self.last_us = seen, int(time.time() * 1e6)

    def ask(self, path):
        if path == "/reset":
            self.base = self.seen
        return {"count": self.seen - self.base, "last_us": self.last_us, "bytes": 0}

    def wait(self, wanted, limit, alive=lambda: True):
        end = time.monotonic() + limit
        while (stats := self.ask("/stats"))["count"] < wanted and time.monotonic() < end and alive():
            time.sleep(0.02)
        return stats

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def arrived(sink, count, began):
    """Seconds until all of them are at the receiver."""
    stats = sink.wait(count, 300)
    if stats["count"] < count:
        raise SystemExit(f"only {stats['count']} of {count} arrived")
    return stats["last_us"] / 1e6 - began


# ---- each sends so many to the sink: messages a second, seconds of CPU a message ----

def node(script, package, connections, *more):
    """A script that is ready, then sends; its start is not counted."""

    def run(_build, sink, count):
        sink.ask("/reset")
        process = subprocess.Popen(["node", HERE / script, NPM / package, *[w(sink) for w in more], str(count), str(connections), str(BODY)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        before, began = cpu_s(process.pid), time.time()
        process.stdin.write(b"go\n")
        process.stdin.flush()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return count / arrived(sink, count, began), (used.ru_utime + used.ru_stime - before) / count

    return run


def curl(_build, sink, count):
    sink.ask("/reset")
    before, began = os.times(), time.time()
    for _ in range(count):
        subprocess.run(["curl", "-s", "-o", "/dev/null", "-d", "x" * BODY, sink.url()], check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return count / arrived(sink, count, began), cpu / count


ALERTMANAGER = """
route: { receiver: sink, group_by: ["..."], group_wait: 0s, group_interval: 1h, repeat_interval: 4h }
receivers: [ { name: sink, webhook_configs: [ { url: "URL", send_resolved: false } ] } ]
"""


def alert(number):
    return {"labels": {"alertname": "practice", "person": f"p{number}"}, "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "annotations": {"title": f"Hello Person Number {number}", "text": "One specific thing, then say what happened."}}


def post(url, data):
    request = urllib.request.Request(url, json.dumps(data).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status


def alertmanager(_build, sink, count):
    folder, port = Path(tempfile.mkdtemp(prefix="nudged-bench-")), free_port()
    (folder / "config.yml").write_text(ALERTMANAGER.replace("URL", sink.url()), encoding="utf-8")
    process = subprocess.Popen(["prometheus-alertmanager", f"--config.file={folder}/config.yml", f"--storage.path={folder}", "--log.level=error",
                                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stderr=subprocess.DEVNULL)
    try:
        api = f"http://127.0.0.1:{port}/api/v2/alerts"
        wait_for(api.replace("alerts", "status"))
        sink.ask("/reset")
        before, began = cpu_s(process.pid), time.time()
        for first in range(0, count, 1000):
            post(api, [alert(n) for n in range(first, min(first + 1000, count))])
        seconds = arrived(sink, count, began)
        return count / seconds, (cpu_s(process.pid) - before) / count
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)


def wait_for(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def ours(channel):
    def run(build, sink, count):
        seconds, cpu, _, _ = one_dispatch(build, sink, max(count // 10, 1), 10, channel=channel)
        return count / seconds, cpu / count

    return run


# ---- beside each other ----

def program(name, where):
    return None if shutil.which(name) else f"{where} is not installed"


def package(name):
    return program("node", "nodejs") or (None if (NPM / name).is_dir() else f"{name} is not in build/npm: tests/deps installs it")


RIVALS = {  # what it sends in a round, and we; why it is left out
    "alertmanager": (alertmanager, 8000, ours(hook_channel), 50000, Sink, lambda: program("prometheus-alertmanager", "prometheus-alertmanager")),
    "undici": (node("rival-undici.js", "undici", CONNECTIONS, lambda sink: f"http://127.0.0.1:{sink.port}"), 50000, ours(hook_channel), 50000,
               Sink, lambda: package("undici")),
    "curl_per_message": (curl, 200, ours(hook_channel), 20000, Sink, lambda: program("curl", "curl")),
    "nodemailer": (node("rival-nodemailer.js", "nodemailer", MAIL_CONNECTIONS, lambda sink: str(sink.port)), 5000, ours(mail_channel), 5000,
                   MailSink, lambda: package("nodemailer") or program("smtp-sink", "postfix")),
}


def compare(build, name, rounds):
    rival, its_count, we, our_count, sink_of, why_not = RIVALS[name]
    if missing := why_not():
        print(f"dispatch_vs_{name} skipped: {missing}")
        return
    sink = sink_of(build)
    theirs, mine = [], []
    for _ in range(rounds):
        mine.append(we(build, sink, our_count))
        theirs.append(rival(build, sink, its_count))
    sink.close()
    rate, its_rate = max(r for r, _ in mine), max(r for r, _ in theirs)
    cpu, its_cpu = min(c for _, c in mine), min(c for _, c in theirs)
    print(f"dispatch_vs_{name} {rate / its_rate:.1f} ({rate:,.0f}/s to {its_rate:,.0f}/s)")
    print(f"cpu_of_{name}_vs_dispatch {its_cpu / cpu:.1f} ({its_cpu * 1e6:,.0f} us a message to {cpu * 1e6:,.0f} us)", flush=True)


def bench(build, quick):
    for name in RIVALS:
        compare(build, name, 2 if quick else 3)
