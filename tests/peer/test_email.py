"""The email plugin and the courier against real mail servers, and one that misbehaves as scripted."""

import base64
import email
import email.header
import email.policy
import email.utils
import hashlib
import re
import shutil
import socket
import subprocess
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from peer.receivers import EMAIL, Authority, Receiver, carry, complaints, outcomes
from scenario.harness import free_port

pytestmark = pytest.mark.sanitized

FROM = "Practice <practice@example.org>"
ITEM = {"occurrence": "o1", "reminder": "review-practice", "kind": "practice", "due": 1795424400, "title": "Practice: naming",
        "text": "After stand-up:\nreview one change.", "answer_url": "https://nudge.example.org/a/x?y=1&z=2"}
ANA = {"id": "d1", "person": "ana", "person_name": "Ana Ruiz", "address": "ana@example.org", "items": [ITEM]}


class Inbox:
    """aiosmtpd's handler: keeps every envelope."""

    def __init__(self):
        self.envelopes = []
        self.logins = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope):
        self.envelopes.append(envelope)
        return "250 2.0.0 Ok: queued as 4F2A"

    def authenticate(self, server, session, envelope, mechanism, login):
        self.logins.append((mechanism, login.login, login.password, session.ssl is not None))
        return AuthResult(success=login.password == b"right", handled=False)


class MailServer:
    """aiosmtpd on a port of its own, with STARTTLS, implicit TLS or neither."""

    def __init__(self, tls=None, implicit=False, login=False):
        self.inbox = Inbox()
        arguments = {"hostname": "127.0.0.1", "port": free_port(), "data_size_limit": 4_000_000}
        if tls and implicit:
            arguments["ssl_context"] = tls
        elif tls:
            arguments.update(tls_context=tls, require_starttls=True)
        if login:
            arguments.update(authenticator=self.inbox.authenticate, auth_required=True, auth_require_tls=not implicit)
        self.controller = Controller(self.inbox, **arguments)
        self.url = f"{'smtps' if implicit else 'smtp'}://127.0.0.1:{self.controller.port}"

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


def send(url, deliveries=(ANA,), settings=None, **job):
    return carry(EMAIL, {"url": url, "from": FROM, **(settings or {})}, list(deliveries), **job)


def send_plain(url, deliveries=(ANA,), settings=None, **job):
    return send(url, deliveries, {"tls": "none", **(settings or {})}, **job)


def receive(*deliveries, settings=None):
    """What a mail reader sees of each delivery."""
    with MailServer() as server:
        lines = outcomes(send_plain(server.url, deliveries, settings))
        assert [line["outcome"] for line in lines] == ["sent"] * len(deliveries), lines
        return [envelope.content for envelope in server.inbox.envelopes]


def parse(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def parts(message):
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return tuple(part.get_content().replace("\r\n", "\n") for part in (plain, html))


def assert_same(found, wanted):
    """Without a diff: of long lines it takes minutes."""
    at = next((n for n, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]), min(len(found), len(wanted)))
    same = found == wanted
    assert same, f"at {at}: {found[at:at + 60]!r} where {wanted[at:at + 60]!r} was wanted"


def longest_line(content):
    """But for curl's own line with the boundary."""
    return max(len(line) for line in content.split(b"\r\n") if b"boundary=" not in line)


# ---- what a reader sees ----

def test_a_message_has_the_headers_it_should():
    message = parse(receive(ANA)[0])
    assert message["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert message["From"] == FROM
    assert message["To"] == "Ana Ruiz <ana@example.org>"
    assert message["Subject"] == "Practice: naming"
    assert message["Message-ID"] == f"<{hashlib.sha256(b'd1').hexdigest()[:32]}@example.org>"
    assert message["MIME-Version"] == "1.0"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"] == "<review-practice.example.org>"
    assert not message.defects


def test_every_attempt_is_the_same_message():
    first, again = receive(ANA, {**ANA, "attempt": 4, "now": ANA.get("now", 1795424405) + 9000})
    unbounded = [re.sub(rb"-{20,}\w+", b"BOUNDARY", content) for content in (first, again)]
    assert unbounded[0] == unbounded[1]


def test_text_and_html_say_the_same():
    plain, html = parts(parse(receive(ANA)[0]))
    assert plain == "After stand-up:\nreview one change.\n\nAnswer: https://nudge.example.org/a/x?y=1&z=2\n"
    assert "After stand-up:<br>\nreview one change." in html
    assert 'href="https://nudge.example.org/a/x?y=1&amp;z=2"' in html
    assert "color-scheme" in html


HARD_TEXTS = {
    "a lone dot": "before\n.\nafter", "dots everywhere": ".\n..\n...\n.\n", "dot first": ".hidden", "dot and more": "x\n.\r\n.\r\ny",
    "a long line": "x" * 10000, "a long line of emoji": "\U0001f469\u200d\U0001f4bb" * 2500, "right to left": "שלום \u202eabc\u202c עולם",
    "blanks at ends": "one  \ntwo\t\n   three", "equals signs": "a=b =3D =\n=", "From at a line's start": "From me\nFrom you",
    "HTML": "<script>alert(1)</script> & \"x\" 'y'", "many lines": "\n".join(f"line {n}" for n in range(3000)), "accents": "é" * 76 + "\n" + "ü" * 75,
    "empty lines": "a\n\n\n\nb", "odd sizes": "\n".join("y" * n for n in range(60, 90)), "a boundary": "--------------------------abc\n--x--",
}


@pytest.mark.parametrize("name", HARD_TEXTS)
def test_text_arrives_exactly(name):
    text = HARD_TEXTS[name]
    item = {**ITEM, "text": text, "answer_url": None}
    content = receive({**ANA, "items": [item]})[0]
    plain, html = parts(parse(content))
    assert_same(plain, text.replace("\r\n", "\n") + "\n")
    assert "<script" not in html
    assert longest_line(content) <= 78
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
    assert content.isascii()
    assert b"=0A" not in content and b"=0D" not in content  # lines are lines, not encoded away


@pytest.mark.parametrize("size", [*range(16340, 16420, 7), 32700, 65535, 65536, 65537, 250000])
def test_no_size_of_body_is_special(size):
    text = ("0123456789abcde\n" * (size // 16 + 1))[:size - 1] + "."
    plain, _ = parts(parse(receive({**ANA, "items": [{**ITEM, "text": text, "answer_url": None}]})[0]))
    assert_same(plain, text + "\n")


@pytest.mark.parametrize("title", [
    "Übung: Namen", "\U0001f469\u200d\U0001f4bb" * 40, "x" * 190, "word " * 38 + "end", "=?UTF-8?B?YWJj?=", "two  blanks", "日本語の練習" * 20,
    "a" * 60 + " " + "é" * 60, "tab\there", "שלום עולם", "\"quoted\" <angle>", "é" + "x" * 150, "x=?y"])
def test_a_subject_comes_back_as_it_was(title):
    content = receive({**ANA, "items": [{**ITEM, "title": title}]})[0]
    assert parse(content)["Subject"] == title.replace("\t", " ")
    head = content.split(b"\r\n\r\n")[0]
    assert longest_line(head) <= 78
    assert head.isascii()
    for word in re.findall(rb"=\?UTF-8\?B\?[^?]*\?=", head):
        assert len(word) <= 75
        if title != "=?UTF-8?B?YWJj?=":
            base64.b64decode(word[10:-2]).decode()


def test_an_endless_title_is_cut():
    subject = parse(receive({**ANA, "items": [{**ITEM, "title": "é" * 5000}]})[0])["Subject"]
    assert subject == "é" * 199 + "…"


@pytest.mark.parametrize("name", ["Bo Nyström", "O'Hara, \"Pat\" (she)", "李伟", "Dr. A. B. C.", "a\\b", "x" * 70, "\U0001f600", "at@sign"])
def test_a_name_comes_back_as_it_was(name):
    # The old parser: the new one leaves a blank between encoded words of a name, against RFC 2047, 6.2.
    header = email.message_from_bytes(receive({**ANA, "person_name": name})[0])["To"]
    found, address = email.utils.parseaddr(header)
    assert (str(email.header.make_header(email.header.decode_header(found))), address) == (name, "ana@example.org")


@pytest.mark.parametrize("evil", ["x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\r\n\r\nbody", "x\rBcc: eve@example.org", "\r\n.\r\nMAIL FROM:<e@e>", "x\x00y".replace("\x00", "\x01")])
def test_no_field_can_add_a_header(evil):
    item = {**ITEM, "title": evil, "text": evil, "answer_url": None}
    message = parse(receive({**ANA, "person_name": evil, "items": [item]})[0])
    assert message["Bcc"] is None and len(message.keys()) == 10
    assert parts(message)[0].startswith(evil[:1].strip())


def test_a_message_without_a_title_takes_the_first_line():
    message = parse(receive({**ANA, "items": [{**ITEM, "title": "", "text": "\nFirst line\nsecond"}]})[0])
    assert message["Subject"] == "First line"


def test_a_merged_message_reads_as_one():
    items = [{**ITEM, "title": f"T{n}", "text": f"text {n}", "answer_url": f"https://nudge.example.org/a/{n}"} for n in range(3)]
    message = parse(receive({**ANA, "items": items})[0])
    plain, html = parts(message)
    assert message["Subject"] == "T0 (and 2 more)"
    assert message["List-Id"] is None
    assert plain == "3 things in one message, what matters most first.\n\n" + "\n\n".join(f"T{n}\n\ntext {n}\n\nAnswer: https://nudge.example.org/a/{n}\n" for n in range(3))
    assert html.count("<section>") == 3 and html.count(">Answer</a>") == 3


def test_replies_go_where_they_should():
    message = parse(receive(ANA, settings={"reply_to": "Sam Iyer <sam@example.org>"})[0])
    assert message["Reply-To"] == "Sam Iyer <sam@example.org>"


# ---- TLS and login ----

def test_starttls_and_login(authority):
    with MailServer(authority.context(), login=True) as server:
        lines = outcomes(send(server.url, [{**ANA, "id": f"d{n}"} for n in range(3)], {"user": "practice", "password": "right"},
                              account={"ca_file": str(authority.file), "concurrency": 1}))
        assert [(line["outcome"], line["receipt"]) for line in lines] == [("sent", "250 2.0.0 Ok: queued as 4F2A")] * 3
        assert len(server.inbox.envelopes) == 3
        # one connection for all three
        assert [(login, password, tls) for _, login, password, tls in server.inbox.logins] == [(b"practice", b"right", True)]


def test_implicit_tls(authority):
    with MailServer(authority.context(), implicit=True) as server:
        line = outcomes(send(server.url, account={"ca_file": str(authority.file)}))[0]
        assert line["outcome"] == "sent"
        envelope = server.inbox.envelopes[0]
        assert (envelope.mail_from, envelope.rcpt_tos) == ("practice@example.org", ["ana@example.org"])


def test_a_wrong_password_is_for_the_administrator(authority):
    with MailServer(authority.context(), login=True) as server:
        line = outcomes(send(server.url, settings={"user": "practice", "password": "wrong"}, account={"ca_file": str(authority.file)}))[0]
        assert (line["outcome"], line["transport"], line["status"], line["whole"]) == ("misconfigured", "login refused", 535, True)
        assert "wrong" not in line["reason"]


def test_an_unknown_certificate_gets_no_mail_and_no_password(authority):
    with MailServer(authority.context(), login=True) as server:
        line = outcomes(send(server.url, settings={"user": "practice", "password": "right"}))[0]
        assert (line["outcome"], line["transport"]) == ("misconfigured", "tls failed")
        assert not server.inbox.logins and not server.inbox.envelopes


def test_a_server_without_starttls_gets_no_mail_and_no_password():
    with MailServer() as server:
        line = outcomes(send(server.url, settings={"user": "practice", "password": "right"}))[0]
        assert (line["outcome"], line["transport"]) == ("misconfigured", "tls failed")
        assert not server.inbox.envelopes


def test_private_relays_need_to_be_allowed():
    line = outcomes(send("smtp://127.0.0.1:9", allow_private=False))[0]
    assert (line["outcome"], line["transport"]) == ("misconfigured", "forbidden")


# ---- settings ----

@pytest.mark.parametrize("settings, setting, word", [
    ({"url": "https://host"}, "url", "smtp://"),
    ({"url": "smtp://user:secret@host"}, "url", "password"),
    ({"url": "smtp://host\r\nQUIT"}, "url", "control"),
    ({"url": "smtp://"}, "url", "host"),
    ({"from": "Practice"}, "from", "mail address"),
    ({"from": "Practice <a@b>\r\nBcc: x@y"}, "from", "control"),
    ({"from": "A <a@b> , c <d@e>x"}, "from", "without a name"),
    ({"reply_to": "nobody@"}, "reply_to", "host name"),
    ({"tls": "maybe"}, "tls", "required"),
    ({"tls": "none", "user": "u", "password": "p"}, "tls", "clear text"),
    ({"tls": "none", "url": "smtps://host"}, "tls", "smtps"),
    ({"password": "p"}, "user", "needs a user"),
    ({"user": "u"}, "password", "needs a password"),
    ({"user": "u", "password": "p\r\nx"}, "password", "one line"),
    ({"user": "u", "password": "p", "token_file": "t"}, "token_file", "either"),
    ({"user": "u", "token_file": "/etc/token"}, "token_file", "file:"),
])
def test_a_bad_setting_is_a_complaint(settings, setting, word):
    said = complaints(carry(EMAIL, {"url": "smtp://host", "from": FROM, **settings}, []))
    assert [name for name, _ in said][0] == setting and word in said[0][1], said
    assert "secret" not in said[0][1]


def test_checking_only_needs_no_secrets():
    settings = {"url": "https://stand-in.invalid/", "from": FROM, "user": "practice", "password": ""}
    assert carry(EMAIL, settings, [], check_only=True)[0].get("opened") == "email"
    assert complaints(carry(EMAIL, {**settings, "url": "https://mail.example.org"}, [], check_only=True))[0][0] == "url"


def test_clear_text_needs_to_be_allowed():
    said = complaints(carry(EMAIL, {"url": "smtp://host", "from": FROM, "tls": "none"}, [], allow_private=False))
    assert said[0][0] == "tls" and "allow_private" in said[0][1]


@pytest.mark.parametrize("address, fine", [
    ("ana@example.org", True), ("a.b+c@sub.example.org", True), ("ana@localhost", True), ("o'hara@example.org", True),
    ("Ana <ana@example.org>", False), ("ana", False), ("@example.org", False), ("ana@", False), ("a@b, c@d", False), ("a@b c", False),
    ("ana@example.org\r\nRCPT TO:<eve@example.org>", False), ("ana@ex\u00e4mple.org", False), ("\u00e4na@example.org", False),
    (".ana@example.org", False), ("a..b@example.org", False), ("ana@-example.org", False), ("x" * 65 + "@example.org", False),
    ("\"a b\"@example.org", False), ("ana@example.org>", False), ("", False),
])
def test_an_address_is_checked(address, fine):
    said = [line for line in carry(EMAIL, {"url": "smtp://host", "from": FROM}, [], addresses=[address]) if "check" in line]
    assert (said[0]["why"] is None) == fine, said


def test_a_bad_address_is_refused_at_use_too():
    lines = send("smtp://127.0.0.1:9", [{**ANA, "address": "ana@example.org\r\nRCPT TO:<eve@example.org>"}])
    assert "encode_error" in lines[-1]


# ---- a server that misbehaves ----

def smtp(replies=None, after=None, heard=None):
    """A server that answers as usual but for `replies` = {command: text}; None hangs up, "" stays silent for ever."""
    usual = {"GREETING": "220 host ESMTP", "EHLO": "250-host\r\n250 8BITMIME", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok",
             "DATA": "354 go on", ".": "250 2.0.0 Ok: queued", "RSET": "250 2.0.0 Ok", "QUIT": "221 bye", **(replies or {})}

    def say(connection, command):
        reply = usual.get(command, "500 5.5.2 what?")
        if reply is None:
            connection.reset() if after == "reset" else connection.close()
            raise ConnectionResetError
        if not reply:
            connection.wait_for_end()
            raise ConnectionResetError
        connection.send(reply + "\r\n")

    def script(connection):
        say(connection, "GREETING")
        while True:
            line = connection.read_line().decode()
            command = line.split(" ")[0].upper()
            if heard is not None:
                heard.append(line)
            say(connection, command)
            if command == "DATA" and usual["DATA"].startswith("354"):
                while connection.read_line() != b".":
                    pass
                if heard is not None:
                    heard.append(".")
                say(connection, ".")
    return script


def mail_verdict(replies, after=None, **job):
    with Receiver(smtp(replies, after)) as receiver:
        return outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", **job))[0]


@pytest.mark.parametrize("replies, outcome, whole, status", [
    ({}, "sent", False, 250),
    ({"GREETING": "421 4.3.2 busy"}, "retry", True, 421),
    ({"GREETING": "554 5.7.1 go away"}, "misconfigured", True, 554),
    ({"MAIL": "451 4.3.0 later"}, "retry", True, 451),
    ({"MAIL": "550 5.7.1 not you"}, "misconfigured", True, 550),
    ({"MAIL": "552 5.3.4 too large"}, "refused payload", False, 552),
    ({"RCPT": "450 4.2.0 greylisted"}, "retry", False, 450),
    ({"RCPT": "550 5.1.1 no such user"}, "refused destination", False, 550),
    ({"RCPT": "550-5.1.1 no such\r\n550 5.1.1 user"}, "refused destination", False, 550),
    ({"RCPT": "552 5.2.2 mailbox full"}, "refused payload", False, 552),
    ({"RCPT": "530 5.7.0 login first"}, "misconfigured", True, 530),
    ({"DATA": "451 4.3.0 later"}, "retry", False, 451),
    ({"DATA": "554 5.5.1 no"}, "refused payload", False, 554),
    ({".": "452 4.3.1 disk full"}, "retry", False, 452),
    ({".": "554 5.6.0 spam"}, "refused payload", False, 554),
])
def test_a_reply_means(replies, outcome, whole, status):
    line = mail_verdict(replies)
    assert (line["outcome"], line["whole"], line["status"]) == (outcome, whole, status), line


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_connection_lost_before_the_content_was_not_sent(step, how):
    line = mail_verdict({step: None}, how)
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
def test_silence_before_the_content_was_not_sent(step):
    line = mail_verdict({step: ""}, account={"timeout_ms": 300})
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_connection_lost_after_the_final_dot_is_unknown(how):
    line = mail_verdict({".": None}, how)
    assert (line["outcome"], line["transport"], line["safe"]) == ("unknown", "no answer", False)


def test_the_answer_to_the_final_dot_may_take_longer_than_any_other():
    def script(connection):
        connection.send("220 host ESMTP\r\n")
        for reply in ("250 host", "250 Ok", "250 Ok", "354 go on"):
            connection.read_line()
            connection.send(reply + "\r\n")
        while connection.read_line() != b".":
            pass
        time.sleep(1)
        connection.send("250 2.0.0 Ok\r\n")
    with Receiver(script) as receiver:
        line = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", account={"timeout_ms": 300}))[0]
    assert line["outcome"] == "sent"


def test_a_refusing_server_that_is_silent_on_quit_holds_nobody_up():
    heard = []
    deliveries = [{**ANA, "id": f"d{n}"} for n in range(5)]
    with Receiver(smtp({"RCPT": "550 5.1.1 no", "QUIT": ""}, heard=heard)) as receiver:
        start = time.monotonic()
        lines = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", deliveries, account={"timeout_ms": 30000}))
        assert time.monotonic() - start < 20  # each would wait for 30 s or more
    assert [line["outcome"] for line in lines] == ["refused destination"] * 5


def test_an_endless_reply_is_bounded():
    def script(connection):
        while True:
            connection.send("220-" + "x" * 500 + "\r\n")
    with Receiver(script) as receiver:
        line = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", account={"timeout_ms": 300}))[0]
    assert line["outcome"] == "retry"


def test_a_mail_connection_is_used_again():
    with Receiver(smtp()) as receiver:
        lines = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", [{**ANA, "id": f"d{n}"} for n in range(10)], account={"concurrency": 2}))
        assert [line["outcome"] for line in lines] == ["sent"] * 10
        assert receiver.connections <= 2


def several(count):
    return [{**ANA, "id": f"d{n}"} for n in range(count)]


def send_in_turn(script, count, settings=None, **job):
    with Receiver(script) as receiver:
        lines = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", several(count), in_turn=True, **job))
        return lines, receiver.connections


@pytest.mark.parametrize("step, resets", [("RCPT", 4), ("DATA", 4), ("MAIL", 4), (".", 0)])
def test_a_refusal_costs_no_connection(step, resets):
    heard = []
    lines, connections = send_in_turn(smtp({step: "451 4.3.0 later"}, heard=heard), 5)
    assert [line["status"] for line in lines] == [451] * 5
    assert (connections, heard.count("RSET"), heard[-1]) == (1, resets, "QUIT")


def test_a_server_that_knows_no_reset_gets_a_new_connection():
    lines, connections = send_in_turn(smtp({"RCPT": "550 5.1.1 no", "RSET": "502 5.5.1 what?"}), 3)
    assert ([line["outcome"] for line in lines], connections) == (["refused destination"] * 3, 3)


@pytest.mark.parametrize("farewell", [b"", b"421 4.4.2 enough\r\n"])
@pytest.mark.parametrize("when", ["at once", "at the next mail"])
def test_a_kept_connection_that_ends_takes_no_mail_with_it(farewell, when):
    mails = []

    def script(connection):
        connection.send("220 host ESMTP\r\n")
        for reply in ("250 host", "250 Ok", "250 Ok", "354 go on"):
            connection.read_line()
            connection.send(reply + "\r\n")
        while (line := connection.read_line()) != b".":
            if line.startswith(b"Message-ID"):
                mails.append(line)
        connection.send("250 2.0.0 Ok\r\n")
        if when != "at once":
            connection.read_line()
        if farewell:
            connection.sock.sendall(farewell)
    lines, connections = send_in_turn(script, 4, idle_ms=200)
    assert [line["outcome"] for line in lines] == ["sent"] * 4
    assert (len(set(mails)), len(mails), connections) == (4, 4, 4)


def test_a_mail_on_a_kept_connection_is_not_said_twice():
    """Only one that was not begun may go on another connection."""
    for lost, outcome in (("RCPT", "retry"), ("DATA", "retry"), (".", "unknown")):
        mails = []

        def script(connection, lost=lost, mails=mails):
            connection.send("220 host ESMTP\r\n")
            while True:
                command = connection.read_line().decode().split(" ")[0]
                mails.append(command)
                if command == lost and mails.count(command) > 1:
                    connection.close()
                    return
                connection.send("354 go on\r\n" if command == "DATA" else "250 Ok\r\n")
                while command == "DATA" and connection.read_line() != b".":
                    pass
                if command == "DATA":
                    mails.append(".")
                    if lost == "." and mails.count(".") > 1:
                        connection.close()
                        return
                    connection.send("250 Ok\r\n")
        lines, connections = send_in_turn(script, 2)
        assert [line["outcome"] for line in lines] == ["sent", outcome], (lost, lines)
        assert connections == 1


@pytest.mark.parametrize("replies, outcome", [({".": "250 Ok\r\n250 and more"}, "sent"), ({"DATA": "250 Ok"}, "retry")])
def test_a_connection_that_says_too_much_or_the_wrong_thing_is_not_kept(replies, outcome):
    lines, connections = send_in_turn(smtp(replies), 3)
    assert ([line["outcome"] for line in lines], connections) == ([outcome] * 3, 3)


def test_half_a_refusal_is_none():
    line = mail_verdict({"RCPT": "550-5.1.1 no such user, and"}, account={"timeout_ms": 300})
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


def test_after_a_refusal_in_the_middle_the_next_mail_goes_on_a_new_connection():
    def script(connection):
        connection.send("220 host ESMTP\r\n")
        for reply in ("250 host", "250 Ok", "250 Ok", "354 go on", "552 5.3.4 too large"):
            connection.read_line()
            connection.send(reply + "\r\n")
        connection.read_no_more()
    with Receiver(script, narrow=True) as receiver:
        deliveries = [{**LARGE, "id": f"d{n}"} for n in range(2)]
        lines = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", deliveries, in_turn=True))
        assert ([line["status"] for line in lines], receiver.connections) == ([552] * 2, 2)


def test_each_reply_has_its_own_time():
    def script(connection):
        for reply in ("220 host", "250 host", "250 Ok"):
            time.sleep(0.8)
            connection.send(reply + "\r\n")
            connection.read_line()
        for reply in ("250 Ok", "354 go on"):
            connection.send(reply + "\r\n")
            connection.read_line()
        while connection.read_line() != b".":
            pass
        connection.send("250 2.0.0 Ok\r\n")
    with Receiver(script) as receiver:
        line = outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", account={"timeout_ms": 1500}))[0]
    assert line["outcome"] == "sent", line


def scripted(before=None, after_354=None, at_dot=None):
    """As usual until DATA is accepted, and then as told. `before` = {command: what is said instead}."""
    def script(connection):
        connection.send("220 host ESMTP\r\n")
        for command, reply in (("EHLO", "250 host"), ("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 go on")):
            assert connection.read_line().decode().startswith(command)
            connection.send((before or {}).get(command, reply) + "\r\n")
        if after_354:
            after_354(connection)
        while connection.read_line() != b".":
            pass
        connection.send((at_dot or "250 2.0.0 Ok") + "\r\n")
        connection.wait_for_end()
    return script


def script_verdict(script, delivery=ANA):
    with Receiver(script, narrow=True) as receiver:
        return outcomes(send_plain(f"smtp://127.0.0.1:{receiver.port}", [delivery], account={"timeout_ms": 1000}))[0]


@pytest.mark.parametrize("before", [{"MAIL": "250 Ok\r\n250 Ok\r\n354 go on\r\n250 Ok"}, {"RCPT": "250 Ok\r\n354 go on"}, {"DATA": "354 go on\r\n250 Ok"},
                                    {"DATA": "250 Ok"}, {"MAIL": "354 go on"}, {"RCPT": "110 what?"}, {"RCPT": "yes"}, {"RCPT": "25"},
                                    {"RCPT": "250-" + "x" * 9000}, {"DATA": "250-more\r\n" * 9000 + "354 go on"}])
def test_an_answer_to_what_was_not_asked_counts_for_nothing(before):
    line = script_verdict(scripted(before))
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


@pytest.mark.parametrize("answer", ["354 go on", "babble", "250-" + "x" * 9000])
def test_nonsense_after_the_final_dot_is_unknown(answer):
    line = script_verdict(scripted(at_dot=answer))
    assert (line["outcome"], line["transport"], line["safe"]) == ("unknown", "no answer", False), line


LARGE = {**ANA, "items": [{**ITEM, "text": "=" * 500_000}]}  # three bytes each on the wire


def test_a_server_that_hangs_up_in_the_middle_of_the_content_was_not_sent_it():
    """More than the buffers between hold: the final dot was never written, so nobody may deliver it."""
    line = script_verdict(scripted(after_354=lambda connection: connection.reset()), LARGE)
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


def test_a_refusal_in_the_middle_of_the_content_is_an_answer():
    def refuse(connection):
        connection.send("552 5.3.4 too large\r\n")
        connection.read_no_more()
    line = script_verdict(scripted(after_354=refuse), LARGE)
    assert (line["outcome"], line["status"]) == ("refused payload", 552), line


def test_an_acceptance_in_the_middle_of_the_content_is_none():
    def accept(connection):
        connection.send("250 2.0.0 Ok\r\n")
        connection.read_no_more()
    line = script_verdict(scripted(after_354=accept), LARGE)
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


def test_a_large_mail_arrives_whole():
    """With a reader slower than the writer."""
    with MailServer() as server:
        line = outcomes(send_plain(server.url, [LARGE]))[0]
        assert line["outcome"] == "sent"
        plain, _ = parts(parse(server.inbox.envelopes[0].content))
        assert "=" * 500_000 in plain


def test_a_line_in_drips_has_the_time_of_one_reply():
    def drip(connection):
        connection.send("220 host ESMTP\r\n")
        connection.read_line()
        connection.send("250 host\r\n")
        connection.read_line()
        while True:
            connection.send("250-more\r\n")
            time.sleep(0.05)
    line = script_verdict(drip)
    assert (line["outcome"], line["transport"]) == ("retry", "not sent"), line


def test_a_login_that_fails_for_the_moment_is_tried_again(authority):
    def script(connection):
        connection.send("220 host ESMTP\r\n")
        connection.read_line()
        connection.send("250-host\r\n250 AUTH PLAIN\r\n")
        connection.read_line()
        connection.send("454 4.7.0 try later\r\n")
        connection.wait_for_end()
    with Receiver(script, authority.context()) as receiver:
        line = outcomes(send(f"smtps://127.0.0.1:{receiver.port}", settings={"user": "u", "password": "right"}, account={"ca_file": str(authority.file)}))[0]
    assert (line["outcome"], line["status"], line["whole"]) == ("retry", 454, True), line


def test_a_token_is_sent_as_xoauth2(authority):
    heard = []

    def script(connection):
        connection.send("220 host ESMTP\r\n")
        connection.read_line()
        connection.send("250-host\r\n250 AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2\r\n")
        heard.append(connection.read_line().decode())
        connection.send("535 5.7.8 expired\r\n")
        connection.wait_for_end()
    with Receiver(script, authority.context()) as receiver:
        line = outcomes(send(f"smtps://127.0.0.1:{receiver.port}", settings={"user": "u", "token_file": "ya29.token\n"}, account={"ca_file": str(authority.file)}))[0]
    assert (line["outcome"], line["transport"]) == ("misconfigured", "login refused"), line
    if heard[0] == "AUTH XOAUTH2":
        return
    assert base64.b64decode(heard[0].removeprefix("AUTH XOAUTH2 ")) == b"user=u\1auth=Bearer ya29.token\1\1"


@pytest.mark.skipif(not shutil.which("smtp-sink", path="/usr/sbin:/usr/bin"), reason="postfix's smtp-sink is not installed")
def test_postfix_takes_many():
    port = free_port()
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        lines = outcomes(send_plain(f"smtp://127.0.0.1:{port}", [{**ANA, "id": f"d{n}"} for n in range(200)]))
        assert [line["outcome"] for line in lines] == ["sent"] * 200
    finally:
        sink.terminate()
        sink.wait()
