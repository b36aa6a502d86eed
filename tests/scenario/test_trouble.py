"""Nudged in trouble: who is told of it, how often and with which words, and the heartbeat that stays away."""

import base64
import http.server
import re
import socket
import subprocess
import threading

import pytest

from scenario.harness import eventually, hook, once, person, reminder
from scenario.test_mail import mail, post  # noqa: F401 (a fixture)

CANARY = "canary4b1d0c0ffee5"
CANARY_SECRET = base64.b64encode(CANARY.encode() * 2).decode()


def ops(receiver, id="ops", more=""):
    return hook(receiver, id, more=more)


def alerts(receiver, id="ops"):
    return [a for a in receiver.all(path=f"/{id}") if a.reminders == ["nudged"]]


def texts(receiver, id="ops"):
    return [a.body["data"]["text"] for a in alerts(receiver, id)]


def wait_alert(receiver, words, id="ops"):
    return eventually(f"an alert with {words!r}; there are {texts(receiver, id)}",
                      lambda: [a for a in alerts(receiver, id) if words in a.body["data"]["text"]])[-1]


class Switch:
    """What a receiver answers by path; 200 where nothing is said."""

    def __init__(self, receiver, **answers):
        self.answers = answers
        receiver.reply = lambda a: self.answers.get(a.path[1:], 200)

    def set(self, path, answer):
        self.answers[path] = answer


def test_a_channel_that_breaks_and_works_again_is_told_once_each(nudged, receiver):
    switch = Switch(receiver, hook=302)
    daemon = nudged(top='alert_via = "ops";\ntimezone = "Europe/Berlin";', channels=hook(receiver) + ops(receiver), people=person("ana"),
                    reminders=once("a", "ana")).start()
    alert = wait_alert(receiver, "Channel hook does not work since")
    assert alert.title.startswith(f"nudged on {socket.gethostname()}: channel hook does not work since ")
    text = alert.body["data"]["text"]
    assert "nudgectl test-channel hook --send" in text and "Europe/Berlin" in text and re.search(r"since \d\d:\d\d\.", text)
    data = alert.body["data"]
    assert data["kind"] == "note" and data["person"] is None and data["delivery"] == alert.id
    daemon.wait("retry", 3)
    switch.set("hook", 200)
    daemon.wait("channel_recovered")
    again = wait_alert(receiver, "Channel hook works again; it did not since")
    assert "test-channel" not in again.body["data"]["text"]
    assert [e.channel for e in daemon.wait("alerted", 2)] == ["ops", "ops"]
    assert len(alerts(receiver)) == 2
    assert daemon.status()["counts"]["alerted"] == 2


def test_everybody_is_told_by_mail_and_by_room(nudged, receiver, post):  # noqa: F811
    Switch(receiver, hook=302)
    daemon = nudged(top='alert_via = [ "ops", "mail:night@example.org", "mail:day@example.org" ];',
                    channels=hook(receiver) + ops(receiver) + mail(post), people=person("ana"), reminders=once("a", "ana")).start()
    wait_alert(receiver, "Channel hook does not work")
    messages = post.wait(2)
    assert sorted(r for _, to, _ in messages for r in to) == ["day@example.org", "night@example.org"]
    for _, _, message in messages:
        assert "channel hook does not work" in message["Subject"] and message["Message-ID"]
        assert "nudgectl status" in message.get_body(("plain",)).get_content()
    daemon.wait("alerted", 3)


def test_of_a_broken_channel_the_other_one_tells(nudged, receiver, post):  # noqa: F811
    """The broken one is in the list itself."""
    Switch(receiver, ops=302)
    daemon = nudged(top='alert_via = [ "ops", "mail:night@example.org" ];', channels=ops(receiver) + mail(post),
                    people=person("ana", via="ops"), reminders=once("a", "ana")).start()
    messages = post.wait(1)
    assert "channel ops does not work" in messages[0][2]["Subject"]
    daemon.wait("alerted", channel="mail")
    daemon.wait("retry", 4)
    assert not alerts(receiver) and not daemon.events("alert_failed")


def test_an_alert_that_fails_is_no_reason_for_another(nudged, receiver):
    """The only channel of alerts is the dead one."""
    Switch(receiver, ops=404)
    daemon = nudged(top='alert_via = "ops";', channels=ops(receiver), people=person("ana", via="ops"), reminders=once("a", "ana")).start()
    daemon.wait("channel_failed")
    failed = daemon.wait("alert_failed", channel="ops")
    assert len(failed) == 1 and "channel ops does not work" in failed[0].message
    daemon.reload(refused=True, reminders="nonsense")
    failed = daemon.wait("alert_failed", 2)  # of what came since, the refused reload is all
    assert len(failed) == 2 and "a new configuration was refused 1 time" in failed[1].message and "more" not in failed[1].message
    assert len(alerts(receiver)) == 2 and len(daemon.events("channel_failed")) == 1
    assert daemon.status()["counts"]["alert_failed"] == 2


def test_an_alert_is_tried_again_under_the_same_id_and_given_up_at_last(nudged, receiver):
    tries = []
    receiver.reply = lambda a: 200 if a.path != "/ops" else 500 if len(tries) < 12 and not tries.append(a.id) else 200
    daemon = nudged(top='alert_via = "ops";', channels=ops(receiver, more='retry_max = "200ms";'), people=person("ana", via="ops")).start()
    daemon.reload(refused=True, reminders="nonsense")
    daemon.wait("alert_failed")
    assert len(tries) == 10 and len(set(tries)) == 1
    assert [a.attempt for a in alerts(receiver)] == list(range(1, 11))
    daemon.reload(refused=True)
    arrived = eventually("the next alert", lambda: [a for a in alerts(receiver) if a.status == 200])[0]
    assert arrived.id != tries[0] and arrived.attempt == 3
    assert "(1 message before this one did not get through here.)" in arrived.body["data"]["text"]


def test_an_alert_that_may_have_arrived_is_repeated_once(nudged):
    """The room takes it and hangs up without a word: it cannot tell doubles apart."""
    taken = []
    with socket.socket() as room:
        room.bind(("127.0.0.1", 0))
        room.listen()

        def hang_up():
            while True:
                try:
                    line, _ = room.accept()
                except OSError:
                    return
                with line:
                    taken.append(line.recv(65536))

        threading.Thread(target=hang_up, daemon=True).start()
        daemon = nudged(top='alert_via = "room";',
                        channels=f'{{ id = "room"; plugin = "webhook"; dialect = "slack"; url = "http://127.0.0.1:{room.getsockname()[1]}/"; '
                        'allow_private = true; retry_base = "100ms"; },').start()
        daemon.reload(refused=True, reminders="nonsense")
        assert daemon.wait("alert_failed")[0].attempt == "2"
        assert len(taken) == 2
        room.shutdown(socket.SHUT_RDWR)


def test_refused_and_expired_messages_are_counted_in_one_alert(nudged, receiver):
    Switch(receiver, hook=400)
    people = "".join(person(f"p{i}") for i in range(7))
    daemon = nudged(top='alert_via = "ops";', channels=hook(receiver) + ops(receiver), people=people, reminders=once("a", "all")).start()
    text = wait_alert(receiver, "refused for good since").body["data"]["text"]
    assert "7 messages by hook were refused for good" in text and 'nudgectl deliveries --dead --channel hook' in text
    daemon.ctl("send", "a")
    daemon.wait("refused", 14)
    daemon.reload(refused=True, reminders="nonsense")
    text = wait_alert(receiver, "A new configuration was refused").body["data"]["text"]
    assert "refused for good" not in text and len(alerts(receiver)) == 2  # that is not told twice in an hour


def test_a_refusal_that_another_channel_mends_is_no_alert(nudged, receiver):
    Switch(receiver, hook=400)
    daemon = nudged(top='alert_via = "ops";', channels=hook(receiver) + hook(receiver, "spare") + ops(receiver),
                    people=person("ana", via="hook spare"), reminders=once("a", "ana")).start()
    daemon.wait("delivered", channel="spare")
    daemon.wait("refused", channel="hook")
    daemon.reload(refused=True, reminders="nonsense")
    assert "refused for good" not in wait_alert(receiver, "A new configuration was refused").body["data"]["text"]


def test_a_refused_reload_is_told_with_what_to_do(nudged, receiver):
    daemon = nudged(top='alert_via = "ops";', channels=ops(receiver), people=person("ana", via="ops"), reminders=reminder("a", "ana")).start()
    daemon.reload(refused=True, reminders=reminder("a", f"{CANARY}-nobody"))
    text = wait_alert(receiver, "A new configuration was refused 1 time since").body["data"]["text"]
    assert "nudged --check" in text and "the old one stays" in text and CANARY not in text


def limit_files(daemon, size):
    """The running daemon can write no file beyond so many bytes."""
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", f"--fsize={size}:"], check=True)


def test_a_store_that_fails_is_told_though_nothing_can_be_recorded(nudged, receiver):
    daemon = nudged(top='alert_via = "ops";', channels=hook(receiver) + ops(receiver), people=person("ana"),
                    reminders=reminder("a", "ana", 'at = "2199-01-01T00:00"')).start()
    limit_files(daemon, 0)
    daemon.ctl("send", "a", status=1)
    daemon.wait("store_failed")
    alert = wait_alert(receiver, "The store does not record since")
    assert "nothing new is sent" in alert.body["data"]["text"] and "space" in alert.body["data"]["text"]
    limit_files(daemon, "unlimited")
    daemon.wait("store_recovered")
    wait_alert(receiver, "The store records again; it did not since")


def test_a_damaged_database_that_was_set_aside_at_the_start_is_told(nudged, receiver):
    daemon = nudged(top='alert_via = "ops";', channels=hook(receiver) + ops(receiver), people=person("ana"),
                    reminders=reminder("tick", "ana", 'every = "1s"')).start()
    receiver.wait(2, person="ana")
    daemon.stop()
    with open(daemon.folder / "state/nudged.db", "r+b") as file:
        file.write(b"nothing of a database" * 20)
    daemon.start()
    alert = wait_alert(receiver, "The database was damaged and was set aside at")
    assert "nudged.db.damaged" in alert.body["data"]["text"]


def test_no_alert_shows_a_secret_or_what_was_written_to_people(nudged, receiver):
    """The receiver repeats all that it got, URL and headers too, in its refusals."""

    class Echo(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = f"{self.path} {self.headers} ".replace("\n", " ").encode() + body
            self.send_response(403)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        more = f'secret = "whsec_{CANARY_SECRET}"; headers = [ "Authorization: Bearer {CANARY}bearer" ];'
        echo = (f'{{ id = "echo"; plugin = "webhook"; url = "http://127.0.0.1:{server.server_port}/{CANARY}/in?token={CANARY}"; '
                f'allow_private = true; {more} }},')
        daemon = nudged(top=f'alert_via = "ops";\nlink_key = "{CANARY}-link-key";', channels=echo + ops(receiver),
                        people=person("ana", via="echo").replace('name = "Ana"', f'name = "{CANARY}name"'),
                        reminders=once("a", "ana").replace("Practise a.", f"Practise {CANARY}text for {{{{person.name}}}}.")).start()
        wait_alert(receiver, "Channel echo does not work")
        daemon.wait("alerted")
        said = "".join(a.text + str(a.headers) for a in alerts(receiver))
        assert CANARY not in said and CANARY_SECRET not in said and "ana" not in " ".join(texts(receiver))
    finally:
        server.shutdown()
        server.server_close()


def test_alerts_go_on_by_the_new_list_after_a_reload(nudged, receiver):
    switch = Switch(receiver, hook=302)
    daemon = nudged(top='alert_via = "ops";', channels=hook(receiver) + ops(receiver) + ops(receiver, "night"), people=person("ana"),
                    reminders=once("a", "ana")).start()
    wait_alert(receiver, "Channel hook does not work")
    daemon.reload(top='alert_via = "night";')
    switch.set("hook", 200)
    daemon.wait("channel_recovered")
    wait_alert(receiver, "Channel hook works again", id="night")
    assert len(alerts(receiver)) == 1
    daemon.reload(top="")
    daemon.reload(refused=True, reminders="nonsense")
    daemon.reload(reminders=reminder("b", "ana"), top='alert_via = "ops";')
    daemon.reload(refused=True, reminders="nonsense")
    assert "refused 1 time" in wait_alert(receiver, "A new configuration").body["data"]["text"]


# ---- the heartbeat ----


class Monitor:
    """What is asked for, and when; answers as told."""

    def __init__(self):
        self.asked = []
        self.status = 200
        self.headers = {}
        monitor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                monitor.asked.append((self.command, self.path, dict(self.headers)))
                self.send_response(monitor.status)
                for name, value in monitor.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            do_GET = do_POST = do_HEAD = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def top(self, more=""):
        return (f'heartbeat_url = "http://127.0.0.1:{self.server.server_port}/{CANARY}";\nheartbeat_every = "10s";\n'
                f'heartbeat_allow_private = true;\n{more}')

    def wait(self, count):
        return eventually(f"{count} heartbeats; there are {self.asked}", lambda: len(self.asked) >= count and list(self.asked))


@pytest.fixture
def monitor():
    monitor = Monitor()
    yield monitor
    monitor.server.shutdown()
    monitor.server.server_close()


def test_a_heartbeat_is_sent_while_all_is_well(nudged, monitor):
    daemon = nudged(top=monitor.top()).start()
    asked = monitor.wait(2)
    assert {(method, path) for method, path, _ in asked} == {("GET", f"/{CANARY}")}
    assert all("Content-Length" not in headers and "Content-Type" not in headers for _, _, headers in asked)
    heartbeat = eventually("it was heard", lambda: daemon.status()["heartbeat"]["last"] and daemon.status()["heartbeat"])
    assert heartbeat["ok"] and heartbeat["reason"] is None
    assert re.search(r"heartbeat heard at \d{4}-", daemon.ctl("status").stdout)
    assert not daemon.events("heartbeat_failed") and CANARY not in "\n".join(daemon.log) + daemon.ctl("status", "--json").stdout


def test_a_heartbeat_that_nobody_hears_is_told_once(nudged, monitor):
    monitor.status = 503
    daemon = nudged(top=monitor.top()).start()
    failed = daemon.wait("heartbeat_failed")
    assert "answered 503" in failed[0].message and CANARY not in "\n".join(daemon.log)
    assert daemon.status()["heartbeat"] == {"last": None, "ok": False, "reason": "the monitor answered 503"}
    assert "no heartbeat: the monitor answered 503" in daemon.ctl("status").stdout
    daemon.reload()  # the next one is now
    monitor.wait(2)
    monitor.status = 200
    eventually("it is heard again", lambda: daemon.reload() or daemon.events("heartbeat_recovered"))
    assert len(daemon.events("heartbeat_failed")) == 1 and daemon.status()["heartbeat"]["ok"]


def test_a_heartbeat_is_not_led_elsewhere(nudged, monitor, receiver):
    monitor.status, monitor.headers = 302, {"Location": receiver.url()}
    daemon = nudged(top=monitor.top()).start()
    assert "302, a redirect" in daemon.wait("heartbeat_failed")[0].message
    assert not receiver.all()


def test_a_heartbeat_does_not_reach_private_addresses_unasked(nudged, monitor):
    top = monitor.top().replace("http://", "https://").replace("heartbeat_allow_private = true", "heartbeat_allow_private = false")
    daemon = nudged(top=top).start()
    assert "its address is private" in daemon.wait("heartbeat_failed")[0].message
    assert not monitor.asked


def test_a_heartbeat_needs_a_good_certificate(nudged, monitor, tmp_path):
    ssl = pytest.importorskip("ssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                    "-subj", "/CN=127.0.0.1"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    monitor.server.socket = context.wrap_socket(monitor.server.socket, server_side=True)
    daemon = nudged(top=monitor.top().replace("http://", "https://")).start()
    assert "certificate is not acceptable" in daemon.wait("heartbeat_failed")[0].message
    assert not monitor.asked


def test_without_a_record_there_is_no_heartbeat(nudged, monitor):
    daemon = nudged(top=monitor.top()).start()
    monitor.wait(1)
    limit_files(daemon, 0)
    daemon.reload()  # the next beat is now
    daemon.wait("store_failed")
    assert "the store cannot record" in daemon.wait("heartbeat_failed")[0].message
    assert len(monitor.asked) == 1 and not daemon.status()["heartbeat"]["ok"]
    limit_files(daemon, "unlimited")
    daemon.wait("store_recovered")
    daemon.reload()  # the next beat is now
    daemon.wait("heartbeat_recovered")
    assert len(monitor.asked) == 2


def test_a_heartbeat_ends_with_the_reload_that_takes_it_away(nudged, monitor):
    daemon = nudged(top=monitor.top()).start()
    monitor.wait(1)
    daemon.reload(top="")
    assert daemon.status()["heartbeat"] is None and "heartbeat" not in daemon.ctl("status").stdout
    daemon.reload(top=monitor.top())
    monitor.wait(2)
