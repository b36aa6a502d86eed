"""Answer links: what shows, what records, and what a listener on a hostile network must survive."""

import base64
import hashlib
import hmac
import re
import socket
import time
from html.parser import HTMLParser

import pytest

from scenario.house import KEY, House, ask

pytestmark = pytest.mark.sanitized

OTHER_KEY = "another secret, just as long as it"
TOKEN_BYTES = 39
CONNECTIONS = 1024
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


@pytest.fixture(scope="module")
def house():
    with House() as house:
        yield house.use_key().start()


def post(house, path, body, kind="application/x-www-form-urlencoded"):
    return ask(house, "POST", path, body, **{"Content-Type": kind})


def raw(house, data, shut=False):
    """Sends bytes; gives all that comes back."""
    host, port = house.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        try:
            line.sendall(data)
            if shut:
                line.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        answer = b""
        try:
            while piece := line.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


def status_of(answer):
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(match.group(1)) if match else None


def make_token(occurrence, expires, secret=KEY):
    """The documented form, by another implementation."""
    derived = hmac.new(b"nudged answer link".ljust(32, b"\0"), secret.encode(), hashlib.sha512).digest()
    wire = bytes([1, derived[32]]) + occurrence + int(expires).to_bytes(5, "big")
    mac = hmac.new(derived[:32], wire, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(wire + mac).decode().rstrip("=")


def send(house):
    """A fresh occurrence: its id and the path of its link."""
    item = house.send()
    return item["occurrence"], item["answer_url"].split(house.listen, 1)[1]


def bytes_of(path):
    return base64.urlsafe_b64decode(path.rsplit("/", 1)[1] + "==")


def record(house, occurrence):
    return next(row for row in house.rows("list", "--all", "--limit", "1000") if row["occurrence"] == occurrence)


def private_text(house, occurrence):
    return next(row["answer_text"] for row in house.rows("export", "ana") if row.get("occurrence") == occurrence)


def test_the_page_shows_the_message_and_a_plain_form(house):
    _, path = send(house)
    page = ask(house, "GET", path)
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Practice: code &lt;review&gt; &amp; &quot;naming&quot;" in page.text
    assert "after stand-up: review one change." in page.text and "<review>" not in page.text
    for answer in ("done", "stuck", "snooze", "skip", "less", "stop"):
        assert f'<button name="answer" value="{answer}"' in page.text.replace(' class="main"', "")
    assert f'<form method="post" action="{path.rsplit("/", 1)[1]}">' in page.text and 'name="text"' in page.text and 'name="for"' in page.text
    assert "<script" not in page.text and "http-equiv" not in page.text


class Outline(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.labels, self.controls, self.open, self.lang = set(), [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html":
            self.lang = attributes.get("lang")
        if tag == "label":
            self.labels.add(attributes["for"])
        if tag in ("input", "select"):
            self.controls.append(attributes["id"])
        if tag not in ("meta", "input", "hr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_can_be_read_by_everybody(house):
    _, path = send(house)
    text = ask(house, "GET", path).text
    outline = Outline(text)
    assert outline.lang == "en" and not outline.open
    assert outline.controls and set(outline.controls) <= outline.labels
    assert 'name="viewport"' in text and "prefers-color-scheme:dark" in text and "<h1>" in text


def test_every_reply_carries_the_headers_that_keep_it_private(house):
    _, path = send(house)
    for page in (ask(house, "GET", path), ask(house, "GET", "/nothing"), ask(house, "GET", "/healthz"),
                 ask(house, "PUT", path), post(house, path, "answer=done"), ask(house, "GET", "/a/forged")):
        assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
        policy = page.headers["content-security-policy"]
        for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert part in policy
        for style in re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{digest}'" in policy


def test_looking_changes_nothing_however_often(house):
    occurrence, path = send(house)
    before = record(house, occurrence)
    for _ in range(5):
        assert ask(house, "GET", path).status == 200
        head = ask(house, "HEAD", path)
        assert head.status == 200 and head.text == "" and int(head.headers["content-length"]) > 1000
        assert ask(house, "GET", path + "?answer=done&text=x").status == 200
    assert record(house, occurrence) == before


@pytest.mark.parametrize("answer", ["done", "stuck", "skip"])
def test_a_posted_answer_is_recorded_and_the_page_says_so(house, answer):
    occurrence, path = send(house)
    page = post(house, path, f"answer={answer}")
    assert page.status == 200 and 'role="status"' in page.text
    assert record(house, occurrence)["answer"] == answer


def test_a_replay_shows_the_same_and_a_change_of_mind_is_taken(house):
    occurrence, path = send(house)
    first = post(house, path, "answer=done&text=it+went+well")
    again = post(house, path, "answer=done&text=it+went+well")
    assert (first.status, first.text) == (again.status, again.text) == (200, first.text)
    assert post(house, path, "answer=stuck").status == 200
    assert record(house, occurrence)["answer"] == "stuck"
    assert "You answered: stuck" in ask(house, "GET", path).text


def test_snooze_needs_a_span_that_makes_sense(house):
    occurrence, path = send(house)
    assert post(house, path, "answer=snooze&for=2h").status == 200
    row = record(house, occurrence)
    assert row["answer"] == "snooze" and row["follow"]
    for body in ("answer=snooze", "answer=snooze&for=", "answer=snooze&for=soon", "answer=snooze&for=1s",
                 "answer=snooze&for=99w", "answer=snooze&for=-2h"):
        assert post(house, path, body).status == 400, body


def test_the_words_of_an_answer_are_for_the_person_alone(house):
    occurrence, path = send(house)
    page = post(house, path, "answer=stuck&text=" + "secret%20words%20%3Cb%3E%0d%0aline")
    assert page.status == 200 and "secret words" not in page.text
    assert private_text(house, occurrence) == "secret words <b>  line"
    assert "secret words" not in ask(house, "GET", path).text
    for verb in ("list", "deliveries", "status"):
        assert "secret words" not in house.ctl(verb, *(["--all"] if verb != "status" else []), "--json").stdout
    assert "secret words" not in house.log and path.rsplit("/", 1)[1] not in house.log


def multipart(fields, boundary="line-between"):
    parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                    for name, value in fields)
    return f"{parts}--{boundary}--\r\n", f"multipart/form-data; boundary={boundary}"


def test_a_multipart_form_is_taken_too(house):
    occurrence, path = send(house)
    body, kind = multipart([("answer", "done"), ("text", "näh -- wirklich")])
    assert post(house, path, body.encode(), kind).status == 200
    assert private_text(house, occurrence) == "näh -- wirklich"
    body, kind = multipart([("answer", "stuck")], boundary="a b'c")
    assert post(house, path, body, kind.replace("a b'c", "\"a b'c\"")).status == 200


@pytest.mark.parametrize("body,kind", [
    ("answer=perhaps", None), ("answer=", None), ("text=x", None), ("", None), ("answer=none", None),
    ("answer=done&answer=stuck", None), ("answer=done&text=%00", None), ("answer=done&text=%ff", None),
    ("answer=done&text=%4", None), ("answer=done&text=%zz", None), ("answer=done&text=" + "x" * 4001, None),
    ("&".join(f"f{n}=1" for n in range(17)) + "&answer=done", None), ("List-Unsubscribe=Two-Click", None),
    ("answer=done", "application/json"), ("answer=done", "text/plain"), ("answer=done", "multipart/form-data"),
    ("answer=done", "multipart/form-data; boundary=x"), ("--x\r\n\r\ndone\r\n--x--", "multipart/form-data; boundary=x"),
    ('--x\r\nContent-Disposition: form-data; name="answer"\r\n\r\ndone', "multipart/form-data; boundary=x"),
    ('--x\r\nContent-Disposition: form-data; name="answer"\r\n\r\ndone\r\n--x', "multipart/form-data; boundary=x"),
    ('--x\r\nContent-Disposition: form-data; filename="answer"\r\n\r\ndone\r\n--x--', "multipart/form-data; boundary=x"),
    ("x", "multipart/form-data; boundary=" + "y" * 71)])
def test_a_form_that_makes_no_sense_is_refused_and_changes_nothing(house, body, kind):
    occurrence, path = send(house)
    page = post(house, path, body, kind or "application/x-www-form-urlencoded")
    assert page.status == 400, page.text
    assert record(house, occurrence)["answer"] is None


def test_one_click_unsubscribe_of_mail_programs_means_stop(house):
    for body, kind in (("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
                       multipart([("List-Unsubscribe", "One-Click")])):
        occurrence, path = send(house)
        assert post(house, path, body, kind).status == 200
        assert record(house, occurrence)["answer"] == "stop"
    pauses = [row for row in house.rows("export", "ana") if row.get("what", "").startswith("stop:")]
    assert [row["what"] for row in pauses] == ["stop:ana:practice"]


def test_a_token_with_any_byte_changed_is_forged(house):
    occurrence, path = send(house)
    wire = bytes_of(path)
    assert len(wire) == TOKEN_BYTES
    for at in range(TOKEN_BYTES):
        forged = wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1:]
        link = "/a/" + base64.urlsafe_b64encode(forged).decode().rstrip("=")
        assert ask(house, "GET", link).status == 403, at
        assert post(house, link, "answer=done").status == 403, at
    assert record(house, occurrence)["answer"] is None


def test_a_token_of_another_key_length_or_alphabet_is_forged(house):
    _, path = send(house)
    occurrence, later = bytes_of(path)[2:18], time.time() + 3600
    assert ask(house, "GET", "/a/" + make_token(occurrence, later)).status == 200
    for token in (make_token(occurrence, later, OTHER_KEY), path[3:-1], path[3:] + "A", path[3:] + "=", "%41" + path[4:],
                  path[3:].replace(path[10], "!"), "x", "A" * 5000):
        assert ask(house, "GET", "/a/" + token).status == 403
        assert post(house, "/a/" + token, "answer=done").status == 403


def test_an_expired_token_is_gone_and_records_nothing(house):
    occurrence, path = send(house)
    expired = "/a/" + make_token(bytes_of(path)[2:18], time.time() - 1)
    for page in (ask(house, "GET", expired), post(house, expired, "answer=done")):
        assert page.status == 410 and "expired" in page.text
    assert record(house, occurrence)["answer"] is None


def test_a_good_token_of_nothing_is_not_found(house):
    link = "/a/" + make_token(b"\x01" * 16, time.time() + 3600)
    assert ask(house, "GET", link).status == 404
    assert post(house, link, "answer=done").status == 404


@pytest.mark.parametrize("path", [
    "/", "/a", "/a/x/y", "/a/../healthz", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//a/x", "/metrics", "/healthz/",
    "/A/x", "/a/./x"])
def test_there_is_nothing_else(house, path):
    assert status_of(raw(house, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())) == 404


def test_other_methods_are_named_what_is_allowed(house):
    _, path = send(house)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        page = ask(house, method, path)
        assert page.status == 405 and page.headers["allow"] == "GET, HEAD, POST"
    page = ask(house, "POST", "/healthz", "")
    assert page.status == 405 and page.headers["allow"] == "GET, HEAD"


def test_health_says_ok_and_no_more(house):
    page = ask(house, "GET", "/healthz")
    assert (page.status, page.text) == (200, "ok\n")
    assert ask(house, "HEAD", "/healthz").text == ""


@pytest.mark.parametrize("request_text,status", [
    (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    (b"GET /healthz HTTP/2.0\r\n\r\n", 505), (b"GET /healthz\r\n\r\n", 400), (b"GET  /healthz HTTP/1.1\r\n\r\n", 400),
    (b"\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400), (b"GET http://x/healthz HTTP/1.1\r\n\r\n", 400),
    (b"G<T /healthz HTTP/1.1\r\n\r\n", 400), (b"GET /health\x00z HTTP/1.1\r\n\r\n", 400), (b"GET /\x01 HTTP/1.1\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\n folded: x\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nName : x\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
    (b"POST /a/x HTTP/1.1\r\n\r\n", 411), (b"POST /a/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc", 400), (b"POST /a/x HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc", 400),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400), (b"POST /a/x HTTP/1.1\r\nContent-Length:\r\n\r\n", 400),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", 413),
    (b"POST /a/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 403)])
def test_requests_that_are_no_plain_http_are_refused_with_their_status(house, request_text, status):
    assert status_of(raw(house, request_text)) == status


def test_a_huge_header_and_a_huge_body_are_refused_while_they_come(house):
    assert status_of(raw(house, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 8000 + b"\r\n\r\n")) == 200
    assert status_of(raw(house, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n")) == 431
    assert status_of(raw(house, b"GET /" + b"x" * 100000)) == 431
    assert status_of(raw(house, b"POST /a/x HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000)) == 413
    _, path = send(house)
    assert post(house, path, "answer=done&more=" + "x" * 16000).status == 200


def test_only_one_request_of_a_connection_is_heard(house):
    twice = raw(house, b"GET /healthz HTTP/1.1\r\n\r\n" * 2)
    assert twice.count(b"HTTP/1.1 ") == 1


def test_who_asks_for_leave_to_send_the_body_gets_it(house):
    _, path = send(house)
    host, port = house.listen.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 11\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"answer=done")
        assert status_of(line.recv(1000)) == 200


def test_slow_clients_are_cut_off_and_others_are_served_meanwhile(house):
    host, port = house.listen.split(":")
    _, path = send(house)
    slow = [socket.create_connection((host, int(port)), timeout=60) for _ in range(3)]
    start = time.monotonic()
    slow[1].sendall(b"GET /heal")
    slow[2].sendall(f"POST {path} HTTP/1.1\r\nContent-Length: 11\r\n\r\nans".encode())
    assert ask(house, "GET", "/healthz").status == 200
    endings = []
    for line in slow:
        endings.append((status_of(line.recv(1000)), time.monotonic() - start))
        line.close()
    assert [status for status, _ in endings] == [408, 408, 408]
    # Never sooner than the limits say; how much later is the machine's business.
    assert endings[0][1] > 4.5 and endings[2][1] > 9.5


def test_at_the_limit_the_oldest_connection_makes_room(house):
    host, port = house.listen.split(":")
    lines = []
    try:
        for _ in range(CONNECTIONS + 50):
            lines.append(socket.create_connection((host, int(port)), timeout=20))
        assert ask(house, "GET", "/healthz").status == 200
        assert lines[0].recv(10) == b"" and lines[49].recv(10) == b""
    finally:
        for line in lines:
            line.close()
    _, path = send(house)
    assert ask(house, "GET", path).status == 200


def test_a_client_that_hangs_up_at_any_moment_harms_nothing(house):
    _, path = send(house)
    host, port = house.listen.split(":")
    whole = f"POST {path} HTTP/1.1\r\nContent-Length: 11\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nanswer=done"
    for cut in range(0, len(whole) + 1, 7):
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(whole[:cut].encode())
    assert status_of(raw(house, whole.encode(), shut=True)) == 200
    assert ask(house, "GET", "/healthz").status == 200


def test_without_a_listener_there_are_no_links():
    with House() as house:
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(re.sub(r"(?m)^listen = .*$", "", text), encoding="utf-8")
        house.start()
        assert "answer_url" not in house.send()
