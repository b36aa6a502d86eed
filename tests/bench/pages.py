"""What a visit costs the daemon: processor time and bytes of each page, one visitor after the other, as they come."""

import json
import re
import shutil
import socket
import subprocess

from load import Daemon, configuration, reminder, run_ns, scratch

PORT = 8939
PEOPLE, REMINDERS = 10000, 20


def visit(path):
    """The whole answer."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"{path[:6]}... says {answer[:40]}")
    return answer


def ask(build, folder, *words):
    done = subprocess.run([build / "nudgectl", "--control", folder / "control", *words, "--json"], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def paths(build, folder):
    ask(build, folder, "send", "r0", "--to", "p7")
    text = ask(build, folder, "list", "--person", "p7")[0]["text"]
    links = ask(build, folder, "link", "p7")[0]
    return {"answer_page": re.search(r"/a/\S+", text)[0],
            **{name: links[key].split(str(PORT), 1)[1] for name, key in (("practice_page", "page"), ("calendar_feed", "calendar"))}}


def bench(build, quick):
    folder = scratch()
    extra = f'listen = "127.0.0.1:{PORT}"; daily_limit = 3;'
    rows = ",".join(reminder(i, f'calendar = "Mon..Fri {i % 24:02}:{i % 60:02}";') for i in range(REMINDERS))
    daemon = Daemon(build, folder, configuration(folder, 9, PEOPLE, 20, rows.replace('one specific', '{{answer_url}} one specific'), extra))
    count = 200 if quick else 2000
    for name, path in paths(build, folder).items():
        size = len(visit(path))
        before = run_ns(daemon.process.pid)
        for _ in range(count):
            visit(path)
        took = (run_ns(daemon.process.pid) - before) / count / 1000
        print(f"{name}_us {took:,.0f} of processor, {size:,} bytes ({PEOPLE:,} people, {REMINDERS} reminders each)")
    daemon.stop()
    shutil.rmtree(folder)
