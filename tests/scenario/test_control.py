"""The control socket: Varlink as written, every limit, and every rude client."""

import json
import os
import re
import socket
import stat
import subprocess

import pytest

from scenario.house import BUILD, House, wait_for

pytestmark = pytest.mark.sanitized

IDLE_LIMIT = 64


@pytest.fixture(scope="module")
def house():
    with House() as house:
        yield house.start()


class Line:
    """One connection that speaks Varlink."""

    def __init__(self, house):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(house.control))
        self.rest = b""

    def send(self, method, parameters=None, **more):
        self.raw(json.dumps({"method": method, "parameters": parameters or {}, **more}).encode() + b"\0")

    def raw(self, data):
        self.socket.sendall(data)

    def receive(self):
        while b"\0" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, parameters=None, **more):
        self.send(method, parameters, **more)
        return self.receive()

    def is_closed(self):
        try:
            return self.receive() is None
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


def still_answers(house):
    with Line(house) as line:
        return "status" in line.call("org.nudged.Status")["parameters"]


def test_the_service_says_who_it_is_and_describes_its_interfaces(house):
    with Line(house) as line:
        info = line.call("org.varlink.service.GetInfo")["parameters"]
        assert info["product"] == "nudged" and "org.nudged" in info["interfaces"]
        for name in info["interfaces"]:
            text = line.call("org.varlink.service.GetInterfaceDescription", {"interface": name})
            text = text["parameters"]["description"]
            assert f"interface {name}\n" in text
            for number, row in enumerate(text.splitlines()):
                assert re.match(r"(#|interface |type \w+ \(|\t|method [A-Z]\w*\(.*\) -> \(.*\)$|error \w+ \(|$)", row), (
                    number, row)
            declared = set(re.findall(r"^type (\w+)", text, re.MULTILINE))
            used = set(re.findall(r"(?:\[\]|: \??)([A-Z]\w+)", text))
            assert used <= declared


def test_every_method_of_the_description_exists(house):
    with Line(house) as line:
        text = line.call("org.varlink.service.GetInterfaceDescription", {"interface": "org.nudged"})
        for name in re.findall(r"^method (\w+)", text["parameters"]["description"], re.MULTILINE):
            error = line.call(f"org.nudged.{name}", {"no_such_parameter": 1}).get("error")
            assert error == "org.varlink.service.InvalidParameter", name


def test_an_unknown_method_interface_and_parameter_are_errors_of_their_own(house):
    with Line(house) as line:
        for method, parameters, error, about in [
            ("org.nudged.Fly", {}, "MethodNotFound", {"method": "org.nudged.Fly"}),
            ("org.example.Status", {}, "InterfaceNotFound", {"interface": "org.example.Status"}),
            ("Status", {}, "InterfaceNotFound", {"interface": "Status"}),
            ("org.nudged.Resume", {}, "InvalidParameter", {"parameter": "what"}),
            ("org.nudged.Retry", {"deliveries": ["x", 7]}, "InvalidParameter", {"parameter": "deliveries"}),
            ("org.nudged.Retry", {"delivery": 7}, "InvalidParameter", {"parameter": "delivery"}),
            ("org.nudged.List", {"al": True}, "InvalidParameter", {"parameter": "al"}),
            ("org.nudged.List", {"all": "yes"}, "InvalidParameter", {"parameter": "all"}),
            ("org.nudged.Watch", {}, "ExpectedMore", {}),
        ]:
            reply = line.call(method, parameters)
            assert (reply["error"], reply["parameters"]) == (f"org.varlink.service.{error}", about)


def test_a_refusal_gives_its_reason_and_the_connection_lives_on(house):
    with Line(house) as line:
        reply = line.call("org.nudged.Retry", {"delivery": "nonsense"})
        assert reply["error"] == "org.nudged.Refused" and "nonsense" in reply["parameters"]["reason"]
        assert "status" in line.call("org.nudged.Status")["parameters"]


def test_requests_sent_together_are_answered_in_order(house):
    with Line(house) as line:
        for number in range(30):
            line.send("org.nudged.List" if number % 3 else "org.nudged.Status")
        for number in range(30):
            assert ("occurrences" if number % 3 else "status") in line.receive()["parameters"]


def test_oneway_calls_get_no_reply(house):
    with Line(house) as line:
        line.send("org.nudged.Fly", oneway=True)
        line.send("org.nudged.Status", oneway=True)
        assert "interfaces" in line.call("org.varlink.service.GetInfo")["parameters"]


def test_a_request_may_come_byte_by_byte(house):
    with Line(house) as line:
        for byte in b'{"method":"org.nudged.Status"}\0':
            line.raw(bytes([byte]))
        assert "status" in line.receive()["parameters"]


@pytest.mark.parametrize("garbage", [
    b"\0", b"GET / HTTP/1.1\r\n\r\n\0", b"[]\0", b'"text"\0', b"{}\0", b'{"method":1}\0', b'{"method":"a","method":"b"}\0',
    b'{"method":"org.nudged.Status","parameters":[]}\0', b'{"method":"\xff\xfe"}\0', b"[" * 60000 + b"\0",
    b'{"method":"org.nudged.Status\\u0000"}\0'])
def test_garbage_closes_the_connection_and_nothing_else(house, garbage):
    with Line(house) as line:
        line.raw(garbage)
        assert line.is_closed()
    assert still_answers(house)


def test_a_request_over_64_kib_closes_the_connection(house):
    with Line(house) as line:
        fits = {"person": "x" * (65536 - len('{"method":"org.nudged.Export","parameters":{"person":""},"more":true}'))}
        text = json.dumps({"method": "org.nudged.Export", "parameters": fits, "more": True}, separators=(",", ":"))
        assert len(text) == 65536
        line.raw(text.encode() + b"\0")
        assert line.receive()["error"] == "org.nudged.Refused"
    for message in (b"x" * 65537 + b"\0", b"x" * 200000):
        with Line(house) as line:
            try:
                line.raw(message)
            except ConnectionError:
                pass
            assert line.is_closed()
    assert still_answers(house)


def test_half_a_message_and_a_closed_connection_harm_nothing(house):
    for _ in range(20):
        with Line(house) as line:
            line.raw(b'{"method":"org.nudg')
        with Line(house) as line:
            line.send("org.nudged.List")
    assert still_answers(house)


def test_who_has_said_everything_still_gets_the_answer(house):
    with Line(house) as line:
        line.send("org.nudged.List", {"all": True})
        line.socket.shutdown(socket.SHUT_WR)
        assert "occurrences" in line.receive()["parameters"]
        assert line.is_closed()


def test_the_idle_connection_that_is_oldest_makes_room_for_a_new_one(house):
    lines = [Line(house) for _ in range(IDLE_LIMIT)]
    lines[1].call("org.varlink.service.GetInfo")
    extra = Line(house)
    assert "status" in extra.call("org.nudged.Status")["parameters"]
    assert lines[0].is_closed()
    assert "status" in lines[1].call("org.nudged.Status")["parameters"]
    for line in [*lines, extra]:
        line.close()


def test_a_slow_reader_of_a_long_preview_holds_up_nobody_and_costs_little():
    more = "".join(f', {{ id = "extra-{n}"; kind = "note"; calendar = "09..17:00/5"; to = [ "ana" ]; '
                   f'title = "Extra"; text = "{"long " * 200}"; }}' for n in range(8))
    with House(reminders=more) as house:
        house.start()
        status = f"/proc/{house.daemon.pid}/status"

        def resident():
            with open(status, encoding="ascii") as lines:
                return int(re.search(r"VmRSS:\s+(\d+)", lines.read()).group(1))

        with Line(house) as slow:
            before = resident()
            slow.send("org.nudged.Preview", {"from": "2027-01-01", "to": "2027-12-31", "skipped": True}, more=True)
            for _ in range(50):
                assert still_answers(house)
            assert resident() - before < 16 * 1024  # of more than 30 MiB in all
            count, reply = 0, {"continues": True}
            while reply.get("continues") and count < 20000:
                reply = slow.receive()
                count += len(reply["parameters"]["planned"])
            assert count >= 20000


def test_a_preview_that_a_reload_overtakes_says_so():
    more = f', {{ id = "long"; kind = "note"; calendar = "09..17:00/10"; to = [ "ana" ]; title = "T"; text = "{"long " * 2000}"; }}'
    with House(reminders=more) as house:
        house.start()
        with Line(house) as slow, Line(house) as other:
            slow.send("org.nudged.Preview", {"from": "2027-01-01", "to": "2027-12-31"}, more=True)
            assert slow.receive()["continues"]
            assert "warnings" in other.call("org.nudged.Reload")["parameters"]
            reply = {"continues": True}
            while reply.get("continues"):
                reply = slow.receive()
            assert reply["error"] == "org.nudged.Refused" and "reloaded" in reply["parameters"]["reason"]


def test_a_preview_in_pieces_is_whole_and_in_order(house):
    with Line(house) as line:
        line.send("org.nudged.Preview", {"from": "2027-03-01", "to": "2027-03-31"}, more=True)
        planned, reply = [], {"continues": True}
        while reply.get("continues"):
            reply = line.receive()
            planned += reply["parameters"]["planned"]
    assert len([p for p in planned if p["reminder"] == "practice"]) == 23
    assert [p["at"] for p in planned] == sorted(p["at"] for p in planned)


def test_a_watcher_hears_what_happens(house):
    with Line(house) as line:
        line.send("org.nudged.Watch", more=True)
        with Line(house) as other:
            other.call("org.nudged.Send", {"reminder": "practice"})
        heard = []
        while "delivered" not in heard:
            reply = line.receive()
            assert reply["continues"]
            heard.append(reply["parameters"]["event"])
        assert heard.index("recorded") < heard.index("delivered")
    assert still_answers(house)


def test_a_change_is_logged_with_who_asked(house):
    with Line(house) as line:
        line.call("org.nudged.Resume", {"what": "all"})
    wait_for(lambda: f"uid {os.getuid()}, pid {os.getpid()} asked for Resume" in house.log)


def test_the_socket_is_for_owner_and_group_only(house):
    mode = house.control.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_a_stranger_is_turned_away_even_if_the_folder_lets_him_in(house):
    house.folder.chmod(0o755)
    house.control.chmod(0o666)
    try:
        # The mode at start decides; the file's mode now lets the stranger connect at all.
        code = ("import socket, sys\n"
                "line = socket.socket(socket.AF_UNIX)\n"
                "line.settimeout(20)\n"
                "line.connect(sys.argv[1])\n"
                "try:\n"
                "    line.sendall(b'{\"method\":\"org.nudged.Status\"}\\0')\n"
                "    print('heard', len(line.recv(100)))\n"
                "except ConnectionError:\n"
                "    print('heard 0')\n")
        done = subprocess.run(["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               "/usr/bin/python3", "-c", code, str(house.control)],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == "heard 0\n", done.stderr
    finally:
        house.control.chmod(0o660)
        house.folder.chmod(0o700)
    assert still_answers(house)


def test_the_socket_of_a_dead_daemon_is_replaced_and_of_a_living_one_refused():
    with House() as house:
        house.start()
        second = subprocess.run([BUILD / "nudged", "-c", house.config, "--plugins", BUILD / "plugins"],
                                capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode != 0 and "answers" in second.stderr
        assert still_answers(house)
        house.daemon.kill()
        house.daemon.wait()
        assert house.control.exists()
        house.start()
        assert still_answers(house)
        house.stop()
        assert not house.control.exists()


def test_what_is_no_socket_is_never_removed():
    with House() as house:
        house.control.write_text("precious")
        done = subprocess.run([BUILD / "nudged", "-c", house.config, "--plugins", BUILD / "plugins"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0 and "no socket" in done.stderr
        assert house.control.read_text() == "precious"
