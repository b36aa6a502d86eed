"""A small organisation for the scenarios of the faces: one configuration with people, places and
reminders of every sort, its daemon and its nudgectl. Everything it starts ends with it."""

import fcntl
import http.client
import json
import os
import pty
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
from pathlib import Path

from scenario.harness import BUILD, PATIENCE, ROOT, Receiver, eventually, free_port

__all__ = ["BUILD", "KEY", "ROOT", "House", "ask", "on_terminal", "run_ctl", "wait_for"]

KEY = "a secret of the tests, long enough"  # of House.use_key()

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


def wait_for(condition):
    return eventually("what the test waits for", condition)


class House:
    def __init__(self, store="memory", more="", reminders="", listen=None):
        self.folder = Path(tempfile.mkdtemp(prefix="nudged-test-"))
        self.receiver = Receiver().start()
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

    def use_key(self):
        """Links are signed with a key that the test knows, too."""
        key = self.folder / "key"
        key.write_text(KEY)
        key.chmod(0o600)
        self.values["more"] = f'link_key = "file:{key}";'
        self.write_config()
        return self

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
        before = len(self.receiver.all())
        self.ctl("send", reminder)
        return self.receiver.wait(before + 1)[before].body["data"]

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
            self.receiver.stop()
            shutil.rmtree(self.folder)


class Page:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode("utf-8")


def ask(house, method, path, body=None, **headers):
    """What the listener answers; a name's _ stands for -."""
    host, port = house.listen.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request(method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Page(connection.getresponse())
    finally:
        connection.close()


def run_ctl(*words, stdin=None, environment=None):
    return subprocess.run([BUILD / "nudgectl", *map(str, words)], input=stdin, capture_output=True, text=True,
                          timeout=60, env={**os.environ, **(environment or {})}, check=False)


def read_terminal(parent):
    """All that was written to the other end of a pseudo-terminal, which nobody has open here any more."""
    text = b""
    try:
        while piece := os.read(parent, 65536):
            text += piece
    except OSError:
        pass  # how Linux says that nobody writes any more
    os.close(parent)
    return text.decode("utf-8").replace("\r\n", "\n")


def on_terminal(*words, columns=80, **environment):
    """What a terminal of that width gets on standard output, and standard error."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    keep = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen([BUILD / "nudgectl", *map(str, words)], stdout=child, stderr=subprocess.PIPE,
                          env={**keep, "TERM": "xterm", **environment}) as process:
        os.close(child)
        text = read_terminal(parent)
        said = process.stderr.read().decode()
        assert process.wait(60) == 0, said
    return text, said
