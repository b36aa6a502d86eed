"""What an administrator mistypes and an attacker sends: one clear line, the right exit status, nothing more."""

import json
import os
import shutil
import socket
import subprocess
import threading

import pytest

from scenario.harness import BUILD, PATIENCE, eventually, free_port, hook, once, person, reminder

pytestmark = pytest.mark.sanitized

GOOD = """timezone = "UTC";
channels = ( { id = "hook"; plugin = "webhook"; url = "https://hooks.example.org/in"; } );
people = (
  { id = "ana"; via = [ "hook" ]; }
);
reminders = ( { id = "a"; kind = "note"; calendar = "Mon..Fri 09:00"; to = [ "ana" ]; text = "x"; } );
"""


def check(folder, text, plugins=BUILD / "plugins"):
    """The exit status, and the complaints without the name of the file."""
    file = folder / "nudged.conf"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    done = subprocess.run([BUILD / "nudged", "--check", "--plugins", plugins, "-c", file], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, [line.removeprefix(f"{file}:") for line in done.stderr.splitlines()]


def ctl(*words, timeout=PATIENCE):
    return subprocess.run([BUILD / "nudgectl", *words], capture_output=True, timeout=timeout, check=False)


# ---- the configuration ----


def test_one_slip_in_ten_thousand_people_is_a_few_complaints_with_their_number(tmp_path):
    people = "".join(f'{{ id = "p{i}"; via = [ "hok" ]; }},\n' for i in range(10000))
    status, lines = check(tmp_path, GOOD.replace("people = (\n", "people = (\n" + people))
    assert status == 1
    assert lines[0] == '4: "via": there is no channel "hok" (did you mean "hook"?)'
    assert lines[4] == '8: "via": there is no channel "hok" (did you mean "hook"?) (9995 more like this)'
    assert len(lines) == 5


def test_a_key_given_twice_is_named_by_its_line(tmp_path):
    assert check(tmp_path, GOOD + 'timezone = "UTC";\n') == (1, ["7: a key on this line is set already: keep one of the two"])


def test_a_listener_needs_a_port(tmp_path):
    status, lines = check(tmp_path, 'listen = "127.0.0.1:0";\n' + GOOD)
    assert status == 1 and '"listen" cannot be "127.0.0.1:0"' in lines[0]


def test_the_files_own_name_is_said_once(tmp_path):
    done = subprocess.run([BUILD / "nudged", "--check", "-c", tmp_path / "gone.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/gone.conf: cannot read it: No such file or directory\n"


# ---- plugins ----


@pytest.fixture
def plugins(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    return folder


def test_an_unknown_plugin_is_answered_with_those_that_are_there(tmp_path, plugins):
    for name in ("webhook", "email"):
        shutil.copy(BUILD / "plugins" / f"{name}.so", plugins)
    status, lines = check(tmp_path, GOOD.replace('"webhook"', '"webhok"'), plugins)
    assert (status, lines) == (1, [f'2: the plugin "webhok": there is no webhok.so in {plugins}: it has email, webhook'])


@pytest.mark.parametrize("keep", [0, 3, 64, 4096, 20000])
def test_a_plugin_that_was_copied_half_is_refused_and_not_mapped(tmp_path, plugins, keep):
    (plugins / "webhook.so").write_bytes((BUILD / "plugins" / "webhook.so").read_bytes()[:keep])
    status, lines = check(tmp_path, GOOD, plugins)
    assert status == 1 and len(lines) == 1, (status, lines)
    assert "cut short" in lines[0] or "no ELF library" in lines[0]


# ---- the daemon ----


def test_a_refused_reload_is_one_line_and_its_complaints(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("r", "ana")).start()
    before = len(daemon.log)
    daemon.reload(refused=True, people=person("ana", via="none"))
    eventually("the complaint", lambda: any("none" in line for line in daemon.log[before:]))
    said = [line for line in daemon.log[before:] if line.startswith("<3>")]
    assert "has 1 error; the old one stays" in said[0]
    assert len(said) == 2 and 'there is no channel "none"' in said[1]


def test_why_a_receiver_cannot_be_reached_is_said_in_words(nudged):
    daemon = nudged(channels=f'{{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:{free_port()}/token"; allow_private = true; }},',
                    people=person("ana"), reminders=once("r", "ana", 0)).start()
    message = daemon.wait("retry")[0].message
    assert "could not be reached: Couldn't connect to server" in message
    assert "token" not in "".join(daemon.log)


def test_a_receiver_that_repeats_its_request_does_not_bring_a_secret_into_the_record(nudged):
    def repeat(connection):
        with connection:
            asked = connection.recv(65536).split(b"\r\n")
            said = b"Cannot " + asked[0] + b" with " + b" ".join(line for line in asked if line.lower().startswith(b"x-"))
            connection.sendall(b"HTTP/1.1 500 " + said + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(said) + said)

    def serve():
        while True:
            try:
                repeat(server.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        daemon = nudged(channels=f'{{ id = "hook"; plugin = "webhook"; url = "http://127.0.0.1:{server.getsockname()[1]}/services/canary-path?key=canary-key"; '
                                 'headers = [ "X-Token: canary-header" ]; allow_private = true; },',
                        people=person("ana"), reminders=once("r", "ana", 0)).start(level="debug")
        assert "the receiver answered 500" in daemon.wait("retry")[0].message
        said = "\n".join(daemon.log) + "".join(daemon.ctl(*verb).stdout for verb in (["status"], ["deliveries", "--json"], ["export", "ana"]))
        daemon.stop()
    assert "canary" not in said
    assert not [file for file in (daemon.folder / "state").iterdir() if b"canary" in file.read_bytes()]


def test_two_programs_on_one_port_are_told_apart_by_a_sentence(nudged, receiver):
    daemon = nudged(top=f'listen = "127.0.0.1:{receiver.port}";', channels=hook(receiver), people=person("ana"),
                    reminders=reminder("r", "ana")).spawn()
    assert daemon.ended() == 1
    assert "another program listens there" in daemon.log[-1]


# ---- nudgectl ----


@pytest.mark.parametrize("words, line", [
    (["status", "--frob"], b'nudgectl status: there is no option "--frob"'),
    (["--frob"], b'nudgectl: there is no option "--frob"'),
    (["pause", "all", "--reason"], b"nudgectl pause: --reason needs a value"),
    (["explain", "ana"], b"nudgectl explain: something is missing: it takes PERSON REMINDER DATE"),
    (["send", "a", "b"], b'nudgectl send: "b" is too much: it takes REMINDER'),
    (["status", "x"], b'nudgectl status: "x" is too much: it takes no arguments'),
])
def test_a_misuse_is_one_line_and_where_to_look(words, line):
    done = ctl(*words)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.splitlines()[0] == line
    assert len(done.stderr.splitlines()) == 2 and done.stderr.splitlines()[1].startswith(b"Try: nudgectl")


def test_what_was_typed_is_repeated_without_its_controls_and_not_endlessly(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("r", "ana")).start()
    done = ctl("--control", daemon.control, "send", "a\x1b[31m\x07b")
    assert done.returncode == 1 and b"\x1b" not in done.stderr and b"\x07" not in done.stderr
    done = ctl("--control", daemon.control, "retry", "x" * 10240)
    assert done.returncode == 1 and len(done.stderr) < 1100 and done.stderr.count(b"\n") == 1


def test_an_id_of_zeros_is_nobodys(nudged, receiver):
    receiver.reply = lambda arrival: 400
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("r", "ana", 0)).start()
    daemon.wait("refused")
    for verb in ("retry", "drop"):
        done = daemon.ctl(verb, "0" * 26, status=1)
        assert "is not the id of" in done.stderr
    assert len(receiver.arrivals) == 1


def test_an_answer_that_is_too_long_is_refused_before_it_is_sent(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=once("r", "ana", 0)).start()
    arrival = receiver.wait(1)[0]
    done = daemon.ctl("answer", arrival.occurrences[0], "done", "t" * 100000, status=1)
    assert "longer than the 65536 bytes" in done.stderr


def test_a_backup_never_overwrites_and_names_the_file(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=reminder("r", "ana")).start()
    file = daemon.folder / "copy"
    file.write_text("precious")
    done = daemon.ctl("backup", str(file), status=1)
    assert f"cannot write the backup to {file}: it exists already" in done.stderr and file.read_text() == "precious"
    done = daemon.ctl("backup", str(daemon.folder / "no" / "copy"), status=1)
    assert "No such file or directory" in done.stderr


class Impostor:
    """Answers whatever is asked on the control socket with the same bytes, and hangs up."""

    def __init__(self, path, reply):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.reply = reply
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(self.reply)


@pytest.mark.parametrize("reply, line", [
    (b"\xff\xfehello\0", b"what answers there is not nudged"),
    (b"[1, 2]\0", b"what answers there is not nudged"),
    (b"{}\0", b"what answers there is not nudged"),
    (b"[" * 100000 + b"\0", b"what answers there is not nudged"),
    (b'{"parameters":{', b"the daemon ended the connection without an answer"),
    (b"", b"the daemon ended the connection without an answer"),
    (json.dumps({"error": "org.x.Y\x1b[31m"}).encode() + b"\0", b"is it of another version?"),
    (json.dumps({"error": "x", "parameters": {"reason": "no\x1b[2J", "complaints": [1, None]}}).encode() + b"\0", b"no?[2J"),
])
@pytest.mark.parametrize("verb", [["status"], ["preview"], ["send", "x"], ["export", "x"]])
def test_who_pretends_to_be_the_daemon_is_refused_in_one_line(tmp_path, verb, reply, line):
    path = f"/tmp/nudged-impostor-{os.getpid()}"
    impostor = Impostor(path, reply)
    try:
        done = ctl("--control", path, *verb)
    finally:
        impostor.socket.close()
        os.unlink(path)
    assert done.returncode == (3 if b"without an answer" in line else 1) and not done.stdout
    assert done.stderr.count(b"\n") == 1 and line in done.stderr and b"\x1b" not in done.stderr
