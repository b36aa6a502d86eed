"""What every scenario needs: the real daemon on a scratch folder with free ports, a receiver that records what
arrives and answers as told, and waiting with a limit."""

import http.server
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build")).resolve()
SANITIZED = BUILD.name == "sanitize"
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
FAKETIME = str(FAKETIME) if FAKETIME else None
PATIENCE = 60 if SANITIZED else 30  # seconds: a limit for what never comes, not a measure


claims = []  # of the ports that this process gave out, until it ends


def free_port():
    """One that stays free until it is used, also between two uses: outgoing connections take theirs from a range of
    their own, and a name that only one process can have keeps other tests off."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    ports = list(range(10000, lowest))
    random.shuffle(ports)
    for port in ports:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0nudged-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        claims.append(claim)
        return port
    raise RuntimeError(f"no port is free from 10000 to {lowest}")


def eventually(what, condition, limit=PATIENCE):
    """Asks until the condition gives something true, and returns it."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= end:
            raise AssertionError(f"never seen in {limit} s: {what}")
        time.sleep(0.02)


class Arrival:
    """One request as it came."""

    def __init__(self, handler, body):
        self.at = time.time()
        self.path = handler.path
        self.headers = {k.lower(): v for k, v in handler.headers.items()}
        self.text = body.decode()
        self.body = json.loads(body) if body.startswith(b"{") else {}
        self.id = self.headers.get("webhook-id")
        self.status = None
        data = self.body.get("data", {})
        self.attempt = data.get("attempt")
        self.person = (data.get("person") or {}).get("id")
        self.items = data.get("items", [])
        self.reminders = [i["reminder"] for i in self.items]
        self.title = data.get("title")
        self.occurrences = [i["occurrence"] for i in self.items]

    def __repr__(self):
        return f"<{self.path} {self.id} to {self.person} #{self.attempt}: {self.items} -> {self.status}>"


class Receiver:
    """A webhook's other end. `reply(arrival)` returns a status, (status, headers) or (status, headers, body)."""

    def __init__(self, reply=lambda arrival: 200):
        self.reply = reply
        self.arrivals = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                arrival = Arrival(self, self.rfile.read(int(self.headers["Content-Length"])))
                reply = receiver.reply(arrival)
                status, headers, body = (*reply, "")[:3] if isinstance(reply, tuple) else (reply, {}, "")
                arrival.status = status
                with receiver.lock:
                    receiver.arrivals.append(arrival)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.handler, self.server_class = Handler, Server
        self.server = None
        self.port = free_port()

    def start(self):
        self.server = self.server_class(("127.0.0.1", self.port), self.handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def url(self, path="/in"):
        return f"http://127.0.0.1:{self.port}{path}"

    def all(self, accepted=False, **wanted):
        """Arrivals whose members are as wanted; `reminder` means: among the items."""
        reminder = wanted.pop("reminder", None)
        with self.lock:
            return [a for a in self.arrivals
                    if (not accepted or 200 <= a.status < 300) and (reminder is None or reminder in a.reminders)
                    and all(getattr(a, k) == v for k, v in wanted.items())]

    def wait(self, count=1, **wanted):
        return eventually(f"{count} arrivals {wanted}; there are {self.arrivals}",
                          lambda: (a := self.all(**wanted)) and len(a) >= count and a)


class Event:
    def __init__(self, line):
        match = re.match(r"<(\d)>(.*?)((?: [A-Z_]+=\S*)*)$", line)
        self.priority = int(match[1]) if match else None
        self.message = match[2] if match else line
        self.fields = dict(f.split("=", 1) for f in match[3].split()) if match else {}
        self.name = self.fields.get("NUDGED_EVENT")

    def __getattr__(self, name):
        return self.fields.get("NUDGED_" + name.upper())

    def __repr__(self):
        return f"<{self.name} {self.message} {self.fields}>"


class Daemon:
    """nudged on a folder of its own. The configuration is text; `sections` of it are replaced by reload()."""

    def __init__(self, folder, **sections):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "nudged.conf"
        self.port = free_port()
        self.control = f"/tmp/nudged-{os.getpid()}-{self.port}"
        self.process = None
        self.log = []  # lines of every run
        self.runs = []
        self.sections = {"top": "", "channels": "", "places": "", "people": "", "reminders": ""}
        self.write(**sections)

    def write(self, **sections):
        self.sections.update(sections)
        s = self.sections
        lists = "".join(f"{name} = ( {s[name].strip().rstrip(',')} );\n" for name in ("channels", "places", "people", "reminders") if s[name].strip())
        top = s["top"]
        defaults = {"timezone": '"UTC"', "state": '"state"', "daily_limit": "0", "listen": f'"127.0.0.1:{self.port}"'}
        for key, value in defaults.items():
            if not re.search(rf"^\s*{key}\s*=", top, re.MULTILINE):
                top = f"{key} = {value};\n" + top
        self.file.write_text(top + "\n" + lists, encoding="utf-8")
        self.file.chmod(0o600)

    def command(self):
        return [str(BUILD / "nudged"), "-c", str(self.file), "--control", self.control]

    def spawn(self, clock=None, wrap=(), environment=None, level="info", fds=()):
        """clock: "@2026-06-03 07:59:55" (UTC) or "+70s": what the daemon alone takes for the time; fds: what it inherits."""
        env = {**os.environ, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=1", **(environment or {})}
        if clock:
            env.update(LD_PRELOAD=FAKETIME, FAKETIME=clock, FAKETIME_DONT_FAKE_MONOTONIC="1", TZ="UTC",
                       ASAN_OPTIONS="detect_leaks=1:verify_asan_link_order=0")
        env.pop("JOURNAL_STREAM", None)
        self.process = subprocess.Popen([*wrap, *self.command(), "--log-level", level], env=env, cwd=self.folder, text=True,
                                        errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True, pass_fds=fds)
        run = []
        self.runs.append(run)

        def read(stream):
            for line in stream:
                run.append(line.rstrip("\n"))
                self.log.append(line.rstrip("\n"))

        self.reader = threading.Thread(target=read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        return self

    def start(self, **how):
        self.spawn(**how)
        eventually("the daemon answers", lambda: self.process.poll() is not None or self.answers())
        assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log}"
        return self

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.control)
                return True
        except OSError:
            return False

    def events(self, name=None, run=None, **wanted):
        lines = list(self.log if run is None else self.runs[run])
        events = [Event(line) for line in lines if "NUDGED_EVENT=" in line]
        return [e for e in events if (name is None or e.name == name) and all(getattr(e, k) == v for k, v in wanted.items())]

    def wait(self, name, count=1, **wanted):
        return eventually(f"{count} events {name} {wanted}; the log is {self.log[-20:]}",
                          lambda: (e := self.events(name, **wanted)) and len(e) >= count and e)

    def reload(self, refused=False, **sections):
        name = "reload_refused" if refused else "reloaded"
        before = len(self.events(name))
        if sections:
            self.write(**sections)
        self.process.send_signal(signal.SIGHUP)
        self.wait(name, before + 1)

    def ended(self, limit=PATIENCE):
        status = self.process.wait(limit)
        self.reader.join(limit)
        return status

    def stop(self):
        """SIGTERM; it must exit 0, and a sanitizer must have nothing to say."""
        self.process.send_signal(signal.SIGTERM)
        status = self.ended()
        assert status == 0, (status, self.log[-40:])
        self.check_sane()

    def kill(self):
        self.process.kill()
        self.ended()

    def check_sane(self):
        bad = [line for line in self.log if "Sanitizer" in line or "runtime error" in line or "Assertion" in line]
        assert not bad, "\n".join(self.log[-60:])

    def ctl(self, *arguments, status=0):
        done = subprocess.run([str(BUILD / "nudgectl"), "-c", str(self.file), "--control", self.control, *arguments],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert status is None or done.returncode == status, (arguments, done)
        return done

    def rows(self, *arguments):
        """What a verb says with --json: one object a line, or a list."""
        text = self.ctl(*arguments, "--json").stdout
        try:
            whole = json.loads(text)
            return whole if isinstance(whole, list) else [whole]
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines()]

    def status(self):
        return self.rows("status")[0]

    def answer(self, url, answer, text=None, **more):
        """POSTs the form behind an answer link: the status and the page."""
        fields = {"answer": answer, **({"text": text} if text else {}), **more}
        return fetch(url, urllib.parse.urlencode(fields).encode())

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            if kind is None:
                self.stop()
            else:
                self.kill()
        elif self.process and kind is None:
            self.reader.join(PATIENCE)
            self.check_sane()
        if kind is not None:
            print("\n".join(self.log[-200:]))
        Path(self.control).unlink(missing_ok=True)


def fetch(url, data=None, method=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=PATIENCE) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def hook(receiver, id="hook", path=None, more=""):
    """A channel's entry; path tells channels at one receiver apart."""
    return (f'{{ id = "{id}"; plugin = "webhook"; url = "{receiver.url(path or "/" + id)}"; allow_private = true; '
            f'retry_base = "100ms"; {more} }},')


def person(id, more="", via="hook"):
    ways = ", ".join(f'"{v}"' for v in via.split())
    return f'{{ id = "{id}"; name = "{id.capitalize()}"; via = [ {ways} ]; {more} }},'


def reminder(id, to, schedule='every = "1h"', more=""):
    who = ", ".join(f'"{w}"' for w in to.split())
    return f'{{ id = "{id}"; kind = "practice"; {schedule}; to = [ {who} ]; text = "Practise {id}."; {more} }},'


def utc(seconds_from_now, now=None):
    """The instant as a schedule's `at`: absolute, whole seconds, at least as far away as asked for."""
    at = int((time.time() if now is None else now) + seconds_from_now) + (4 if SANITIZED else 1)  # a slow start is no miss
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), at


def once(id, to, seconds_from_now=1, more=""):
    """A reminder that fires once, soon."""
    return reminder(id, to, f'at = "{utc(seconds_from_now)[0]}"', more)
