#!/usr/bin/python3
"""Shows nudged at work: the real daemon on conf/demo.conf in a scratch folder, with receivers of our
own on free ports. Ana answers her reminder and is left alone; Bo does not, and is nudged; his mentor
hears of it. Exit status 0 only if all of that was really seen.

usage: demo.py [BUILD]     (the folder with nudged and plugins/, by default build)"""

import base64
import ctypes
import html.parser
import os
import queue
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from receivers import HttpReceiver, MailReceiver
from screen import Screen

ROOT = Path(__file__).resolve().parents[2]
READY_S, FIRST_S, OTHERS_S, FOLLOW_S, STOP_S = 10, 25, 10, 14, 12  # how long each part may take
NUDGE_AFTER_S, NEXT_SLOT_S = 4, 15                                 # as conf/demo.conf says
HER_WORDS = "Two names were misleading; both are changed."
MAIL_USER = "practice"


class Unseen(Exception):
    """Something that should have been seen was not."""


class FormReader(html.parser.HTMLParser):
    """The form of an answer page: its method, and the names and values it can send."""

    def __init__(self, page):
        super().__init__()
        self.method, self.fields = None, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.method = (given.get("method") or "get").lower()
        elif tag in ("input", "button", "textarea", "select", "option"):
            self.fields.append((given.get("name"), given.get("value")))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent():
    """The daemon ends when the demo is killed in a way that nobody can handle (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Daemon:
    """The real nudged, and what it says on stderr."""

    def __init__(self, build, folder):
        self.lines = []
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "STATE_DIRECTORY")}
        self.process = subprocess.Popen(
            [build / "nudged", "-c", folder / "demo.conf", "--plugins", build / "plugins"],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
            preexec_fn=end_with_parent)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def events(self, event, **fields):
        """Log lines of one event, as KEY=value pairs say."""
        wanted = [f"NUDGED_EVENT={event}"] + [f"NUDGED_{k.upper()}={v}" for k, v in fields.items()]
        return [line for line in self.lines if all(w in line.split() for w in wanted)]

    def stop(self):
        """Its exit status after SIGTERM, or None when it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.reader.join(2)
        return status


class Demo:
    def __init__(self, build, folder, screen):
        self.build, self.folder, self.screen = build, folder, screen
        self.inbox = queue.Queue()
        self.got = []        # every message, in the order of arrival
        self.found = {}      # the first of each kind
        self.rows = []       # of the closing table
        self.http = self.mail = self.daemon = None

    def saw(self, what, proof):
        self.rows.append((True, what, proof))

    def expect(self, condition, what, proof):
        self.rows.append((bool(condition), what, str(proof)))
        if not condition:
            raise Unseen(what)

    # ---- the scratch folder ----

    def write_private(self, name, text):
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)

    def prepare(self):
        hook_secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        password = secrets.token_urlsafe(18)
        self.write_private("hook-secret", hook_secret + "\n")
        self.write_private("mail-password", password + "\n")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "1", "-subj", "/CN=nudged demo", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.folder / "key.pem", "-out", self.folder / "ca.pem"],
            check=True, capture_output=True)
        self.http = HttpReceiver(self.inbox, hook_secret)
        self.mail = MailReceiver(self.inbox, self.folder / "ca.pem", self.folder / "key.pem", MAIL_USER, password)
        self.mail.start()
        self.configure({8930: free_port(), 8931: self.http.port, 8932: self.mail.port})

    def configure(self, ports):
        shutil.copytree(ROOT / "conf" / "prompts", self.folder / "prompts")
        text = (ROOT / "conf" / "demo.conf").read_text(encoding="utf-8")
        for written, free in ports.items():
            text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{free}")
        (self.folder / "demo.conf").write_text(text, encoding="utf-8")
        (self.folder / "demo.conf").chmod(0o600)
        self.listener = ports[8930]

    # ---- what arrives ----

    WAYS = {"hook": "signed webhook", "chat": "Slack webhook", "mail": "mail over TLS"}

    def next_message(self, until):
        """The next message, shown; None when the time is up. One that is sent again is no new one."""
        while True:
            try:
                message = self.inbox.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                if self.daemon.process.poll() is not None:
                    raise Unseen("nudged is running") from None
                if time.monotonic() >= until:
                    return None
                continue
            if all((message.path, message.id) != (old.path, old.id) for old in self.got):
                self.got.append(message)
                return message

    def kind_of(self, message):
        """reminder, nudge or escalation: by whom it reached and how often before."""
        if message.to == "bo@example.org":
            return "Bo's reminder" if self.count(message) == 1 else "Bo's nudge"
        return {"Ana Ruiz": "Ana's reminder" if self.count(message) == 1 else "Ana again",
                "sam@example.org": "Sam's prompt for the one-to-one",
                "li@example.org": "Bo's mentor hears of it"}.get(message.to, "the room's prompt")

    def count(self, message):
        return sum(old.to == message.to for old in self.got)

    def collect(self, wanted, seconds):
        """Shows what arrives until each wanted kind is there."""
        until = time.monotonic() + seconds
        while wanted - self.found.keys():
            message = self.next_message(until)
            if message is None:
                missing = sorted(wanted - self.found.keys())
                self.rows += [(False, kind, f"not within {seconds} s") for kind in missing]
                raise Unseen(", ".join(missing))
            kind = self.kind_of(message)
            self.screen.message(kind, self.WAYS[message.path], message)
            self.found.setdefault(kind, message)
            if message.complaint:
                self.expect(False, kind, message.complaint)

    # ---- the story ----

    def check(self):
        done = subprocess.run([self.build / "nudged", "-c", self.folder / "demo.conf", "--plugins",
                               self.build / "plugins", "--check"], capture_output=True, text=True, check=False)
        complaints = (done.stdout + done.stderr).strip()
        self.expect(done.returncode == 0, "the configuration is accepted", complaints.split("\n")[0].rsplit("/", 1)[-1])

    def start(self):
        self.daemon = Daemon(self.build, self.folder)
        until = time.monotonic() + READY_S
        while time.monotonic() < until and self.daemon.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.listener), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            self.expect(False, "nudged is running", "it did not come up")
        self.screen.step("nudged runs; everything is due at the next quarter of a minute")

    def reminders(self):
        """Ana's, which she answers at once; then the others' of the same instant."""
        self.collect({"Ana's reminder"}, FIRST_S)
        ana = self.found["Ana's reminder"]
        self.saw("Ana's reminder", f"webhook, {ana.proof}")
        self.expect("code review" in ana.title, "templates are filled in", ana.title)
        self.answer(ana)
        self.collect({"Bo's reminder", "Sam's prompt for the one-to-one", "the room's prompt"}, OTHERS_S)
        bo, sam, room = (self.found[kind] for kind in (
            "Bo's reminder", "Sam's prompt for the one-to-one", "the room's prompt"))
        self.saw("Bo's reminder", f"mail, {bo.proof}")
        self.expect("Ana Ruiz" in sam.title + sam.text, "Sam's prompt for the one-to-one", "mail, it names Ana")
        self.saw("the room's prompt", room.proof)
        return ana, bo

    def fetch(self, url, form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(url, data), timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def answer(self, ana):
        url = ana.body["answer_url"]
        status, page = self.fetch(url)
        form = FormReader(page)
        self.expect(status == 200 and form.method == "post" and ("answer", "done") in form.fields,
                    "the answer link shows a form", f"GET {status}")
        time.sleep(0.3)
        self.expect(not self.daemon.events("answered"), "looking at it records nothing", "no answer in the log")
        forged = url[:-1] + ("A" if url[-1] != "A" else "B")
        status, _ = self.fetch(forged, {"answer": "done"})
        self.expect(status == 403, "a forged link is refused", f"POST {status}")
        status, _ = self.fetch(url, {"answer": "done", "text": HER_WORDS})
        self.expect(status == 200, "Ana answers: done", f"POST {status}")
        self.screen.line()
        self.screen.step(self.screen.paint("yellow", "Ana opens her link and answers: done. Bo does not."))

    def follow_up(self, ana, bo):
        self.collect({"Bo's nudge", "Bo's mentor hears of it"}, FOLLOW_S)
        nudge, told = self.found["Bo's nudge"], self.found["Bo's mentor hears of it"]
        waited = nudge.at - bo.at
        self.expect(NUDGE_AFTER_S - 1 <= waited <= NEXT_SLOT_S - 2, "Bo is nudged", f"mail, {waited:.1f} s after his reminder")
        self.expect(nudge.id != bo.id, "the nudge is a message of its own", "another Message-ID")
        self.expect("Bo Nyström" in told.title + told.text, "Bo's mentor hears of it", f"mail, {told.at - bo.at:.1f} s after")
        again = [old for old in self.got if old.to == ana.to and old is not ana
                 and old.body["occurrence"] == ana.body["occurrence"]]
        self.expect(not again and not self.daemon.events("nudged", person="ana"),
                    "Ana was left alone", f"nothing in the {told.at - ana.at:.1f} s in which Bo was nudged")

    def log(self):
        """What nudged says of it, and what it keeps to itself."""
        for event in ("recorded", "delivered", "answered"):
            count = len(self.daemon.events(event, person="ana", reminder="practice"))
            self.expect(count == 1, f"in the log once: {event}", f"NUDGED_EVENT={event} NUDGED_PERSON=ana")
        order = [self.daemon.lines.index(self.daemon.events(event, person="ana", reminder="practice")[0])
                 for event in ("recorded", "delivered", "answered")]
        self.expect(order == sorted(order), "in this order", "recorded, delivered, answered")
        self.expect(not any(HER_WORDS in line for line in self.daemon.lines),
                    "her words are in no log", f"{len(self.daemon.lines)} lines looked at")

    def run(self):
        self.screen.heading("nudged: a demonstration")
        self.prepare()
        self.check()
        self.start()
        ana, bo = self.reminders()
        self.follow_up(ana, bo)
        self.log()
        status = self.daemon.stop()
        self.expect(status == 0, "nudged stops when asked", f"exit status {status}")

    def close(self):
        """Ends what was started, whatever happened before."""
        if self.daemon:
            self.daemon.stop()
        if self.http:
            self.http.close()
        if self.mail:
            self.mail.stop(no_assert=True)


def interrupted(number, _frame):
    raise KeyboardInterrupt(number)


def show(build, screen):
    status, failed, log = 1, "", []
    with tempfile.TemporaryDirectory(prefix="nudged-demo-") as scratch:
        demo = Demo(build, Path(scratch), screen)
        try:
            demo.run()
            status = 0
        except Unseen as unseen:
            failed = f"Not seen: {unseen}."
        except KeyboardInterrupt:
            status, failed = 130, "Interrupted."
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            demo.close()
            log = demo.daemon.lines if demo.daemon else []
    gone = not Path(scratch).exists() and (not demo.daemon or demo.daemon.process.poll() is not None)
    demo.rows.append((gone, "nothing is left", "process ended, scratch folder removed"))
    screen.table(demo.rows)
    if failed and status != 130:
        screen.line("The last that nudged said:" if log else "nudged said nothing.")
        for line in log[-15:]:
            screen.line("  " + line)
    screen.line(failed or f"All of it was seen, in {time.monotonic() - screen.start:.0f} s.")
    return status if gone else 1


def main():
    build = (ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")).resolve()
    if len(sys.argv) > 2 or not (build / "nudged").exists():
        print(__doc__ if len(sys.argv) > 2 else f"{build / 'nudged'} is not there: run make", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    return show(build, Screen())


if __name__ == "__main__":
    sys.exit(main())
