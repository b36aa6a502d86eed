"""The administrator's listener: metrics that a scraper reads, a page that an organiser reads, and nothing private."""

import http.client
import re
import socket

import pytest

from scenario.harness import free_port
from scenario.house import House, wait_for

pytestmark = pytest.mark.sanitized

SECRETS = ("Ana", "ana@", "after stand-up", "review one change", "code &lt;review", "secret words")


@pytest.fixture(scope="module")
def house():
    port = free_port()
    with House(more=f'listen_admin = "127.0.0.1:{port}";') as house:
        house.admin = port
        yield house.start()


def ask(house, path, method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", house.admin, timeout=20)
    try:
        connection.request(method, path, headers={"Host": host} if host else {})
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read().decode("utf-8")
    finally:
        connection.close()


def families(text):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def value(house, name):
    return families(ask(house, "/metrics")[2])[name].samples[0].value


def test_metrics_are_openmetrics_and_count_what_happens(house):
    status, headers, text = ask(house, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    before = families(text)
    assert before["nudged_people"].samples[0].value == 2 and before["nudged_store_works"].samples[0].value == 1
    assert {sample.labels["channel"] for sample in before["nudged_channel_works"].samples} == {"hook", "dead"}
    recorded = before["nudged_recorded"].samples[0].value
    house.send()
    wait_for(lambda: value(house, "nudged_delivered") >= 1)
    assert value(house, "nudged_recorded") == recorded + 1
    assert all(family.type in ("counter", "gauge", "info") and family.documentation for family in before.values())


def test_the_organisers_page_shows_channels_dead_letters_and_the_day(house):
    item = house.send()
    house.ctl("answer", item["occurrence"], "stuck", "secret words")
    house.ctl("pause", "person:ana", "--reason", "a reason for absence")
    house.ctl("pause", "reminder:early", "--reason", "too early")
    status, headers, text = ask(house, "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store"
    for heading in ("The last 24 hours", "Channels", "Dead letters", "Pauses"):
        assert heading in text
    assert "reminder:early" in text and "too early" in text
    assert "a reason for absence" not in text and "person:ana" not in text
    assert "<svg" in text and "<script" not in text and "style=" not in text
    house.ctl("resume", "person:ana")
    house.ctl("resume", "reminder:early")


def test_nothing_private_is_in_either(house):
    item = house.send()
    house.ctl("answer", item["occurrence"], "done", "secret words")
    for path in ("/metrics", "/"):
        text = ask(house, path)[2]
        for secret in (*SECRETS, item["occurrence"]):
            assert secret not in text, (path, secret)
    assert "ana" not in re.findall(r"[a-z]+", ask(house, "/metrics")[2])


def test_a_dead_letter_is_shown_with_its_reason_and_half_an_address():
    port = free_port()
    with House(more=f'listen_admin = "127.0.0.1:{port}";') as house:
        house.receiver.reply = lambda arrival: 410
        house.admin = port
        house.start()
        house.ctl("send", "practice")
        wait_for(lambda: house.rows("deliveries", "--dead"))
        dead = house.rows("deliveries", "--dead")[0]
        text = ask(house, "/")[2]
        assert dead["delivery"] in text and "refused" in text and "410" in text
        assert families(ask(house, "/metrics")[2])["nudged_dead_letters"].samples[0].value == 1


def test_it_only_shows(house):
    for method in ("POST", "PUT", "DELETE"):
        status, headers, _ = ask(house, "/", method)
        assert status == 405 and headers["Allow"] == "GET, HEAD"
    assert ask(house, "/", "HEAD")[2] == "" and ask(house, "/healthz")[2] == "ok\n"
    for path in ("/a/x", "/me/x", "/nothing", "/metrics/"):
        assert ask(house, path)[0] == 404


def test_a_name_that_was_bent_to_this_machine_is_refused(house):
    assert ask(house, "/", host="evil.example")[0] == 403
    assert ask(house, "/metrics", host="127.0.0.1.evil.example:80")[0] == 403
    for host in ("localhost", f"localhost:{house.admin}", f"127.0.0.1:{house.admin}", "[::1]:80"):
        assert ask(house, "/", host=host)[0] == 200, host


def test_neither_is_on_the_public_listener(house):
    host, port = house.listen.split(":")
    for path in ("/", "/metrics"):
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        connection.request("GET", path)
        assert connection.getresponse().status == 404
        connection.close()


def test_on_a_unix_socket_it_is_for_its_group_alone():
    with House() as house:
        path = house.folder / "admin"
        house.write_config(more=f'listen_admin = "unix:{path}";')
        house.start()
        wait_for(path.exists)  # the control socket is there before it
        assert path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(b"GET /metrics HTTP/1.1\r\nHost: anything\r\n\r\n")
            reply = b""
            while piece := line.recv(65536):
                reply += piece
        assert reply.startswith(b"HTTP/1.1 200 ") and reply.endswith(b"# EOF\n")
        house.stop()
        assert not path.exists()


def test_a_change_of_its_address_needs_a_restart(house):
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(text.replace(f'listen_admin = "127.0.0.1:{house.admin}"', 'listen_admin = "127.0.0.1:1"'), encoding="utf-8")
    done = house.ctl("reload", ok=False)
    house.config.write_text(text, encoding="utf-8")
    assert done.returncode == 1 and "`listen_admin` changed" in done.stderr
