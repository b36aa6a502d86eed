"""A daemon of one's own for a scenario: a scratch folder, a receiver that keeps what it is sent, the
real nudged and nudgectl. Everything it starts ends with it."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build"))
PATIENCE = 20  # seconds until a test gives up waiting for something that should be there at once

CONFIG = """
timezone = "Europe/London";
state = "state";
store = "{store}";
control = "{control}";
listen = "{listen}";
{more}
channels = (
  {{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:{port}/in"; allow_private = true; }},
  {{ id = "dead"; plugin = "webhook"; url = "http://127.0.0.1:1/in"; allow_private = true; retry_base = "1h"; }}
);
places = ( {{ id = "london"; timezone = "Europe/London"; hours = "Mon..Fri 08:30-18:00"; }} );
people = (
  {{ id = "ana"; name = "Ana Ruiz"; place = "london"; teams = [ "platform" ]; via = [ "hook" ];
     focus = ( {{ skill = "code <review> & \\"naming\\""; cue = "after stand-up"; act = "review one change"; }} ); }},
  {{ id = "bo"; name = "Bo Nyström"; place = "london"; via = [ "dead" ]; }}
);
reminders = (
  {{ id = "practice"; kind = "practice"; calendar = "Mon..Fri 09:00"; to = [ "ana" ];
     title = "Practice: {{{{focus.skill}}}}"; text = "{{{{focus.cue}}}}: {{{{focus.act}}}}."; }},
  {{ id = "early"; kind = "note"; calendar = "Mon..Fri 07:00"; to = [ "ana" ]; title = "Early"; text = "Up, early"; grace = "2h"; }},
  {{ id = "nightly"; kind = "note"; calendar = "Mon..Fri 23:00"; to = [ "ana" ]; title = "Late"; text = "Late"; grace = "1h"; }},
  {{ id = "lost"; kind = "note"; calendar = "Mon..Fri 10:00"; to = [ "bo" ]; title = "Lost"; text = "Nobody hears"; }}
  {reminders}
);
"""


def wait_for(what, seconds=PATIENCE):
    """The first true value of what(); fails the test after a time that no healthy run needs."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Receiver:
    """Takes every POST with 200 and keeps its body."""

    def __init__(self):
        receiver = self
        self.got = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class House:
    def __init__(self, store="memory", more="", reminders="", listen=None):
        self.folder = Path(tempfile.mkdtemp(prefix="nudged-test-"))
        self.receiver = Receiver()
        self.listen = listen or f"127.0.0.1:{free_port()}"
        self.control = self.folder / "control"
        self.config = self.folder / "nudged.conf"
        self.values = {"store": store, "more": more, "reminders": reminders}
        self.daemon = None
        self.write_config()
        (self.folder / "state").mkdir(mode=0o700)

    def write_config(self, **changes):
        text = CONFIG.format(control=self.control, listen=self.listen, port=self.receiver.port,
                             **{**self.values, **changes})
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o600)

    @property
    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def start(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(
                [BUILD / "nudged", "-c", self.config, "--plugins", BUILD / "plugins", "--log-level", "debug"],
                stdout=log, stderr=log, cwd=self.folder)
        wait_for(lambda: self.daemon.poll() is not None or self.answers())
        assert self.daemon.poll() is None, self.log
        return self

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.control)) == 0

    def ctl(self, *words, ok=True):
        """Runs nudgectl against this daemon; checks that it succeeded unless told otherwise."""
        done = run_ctl("--control", self.control, *words)
        if ok:
            assert done.returncode == 0, done.stderr + self.log[-2000:]
        return done

    def rows(self, *words):
        """The JSON lines that a verb prints."""
        return [json.loads(line) for line in self.ctl(*words, "--json").stdout.splitlines()]

    def send(self, reminder="practice"):
        """Sends by hand; gives the item that arrived."""
        before = len(self.receiver.got)
        self.ctl("send", reminder)
        wait_for(lambda: len(self.receiver.got) > before)
        return self.receiver.got[before]["data"]

    def stop(self):
        if not self.daemon:
            return 0
        self.daemon.terminate()
        try:
            code = self.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            code = self.daemon.wait()
        self.daemon = None
        return code

    def __enter__(self):
        return self

    def __exit__(self, *what):
        try:
            code = self.stop()
            assert code == 0 or what[0], f"nudged ended with {code}: {self.log}"
        finally:
            self.receiver.close()
            shutil.rmtree(self.folder)


def run_ctl(*words, stdin=None, environment=None):
    return subprocess.run([BUILD / "nudgectl", *map(str, words)], input=stdin, capture_output=True, text=True,
                          timeout=60, env={**os.environ, **(environment or {})}, check=False)
