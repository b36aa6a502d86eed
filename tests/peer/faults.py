"""Receivers that misbehave: one table of faults, NAME -> what the peer does -> how each message must end. A peer
misbehaves for a number of exchanges and is well afterwards; of every message that it takes it leaves a receipt."""

import email
import email.policy
import email.utils
import json
import re
import threading
import time
from collections import namedtuple

from peer.receivers import Connection, Receiver

# How a message ends, and how many copies the receiver may have taken by then.
DELIVERED = "delivered"  # at the first attempt, one copy
ONCE = "once"  # delivered, at whichever attempt, one copy
RETRIED = "retried"  # at a later attempt, one copy
TWICE = "twice"  # delivered; taken once or twice, since no answer came the first time
REFUSED = "refused"  # no copy
EXPIRED = "expired"  # no copy
UNSURE = "unsure"  # expired: taken twice at most, and never an answer

MARK = re.compile(r"mark-([a-z0-9-]+)-kram")  # what a text carries, so that a message without an id is known

Receipt = namedtuple("Receipt", "channel id mark attempt at occurrences")


class Book:
    """The receipts of all receivers, in the order in which they took the messages."""

    def __init__(self):
        self.receipts = []
        self.lock = threading.Lock()

    def take(self, channel, id=None, mark=None, attempt=None, occurrences=None):
        with self.lock:
            self.receipts.append(Receipt(channel, id, mark, attempt, time.time(), occurrences))

    def take_request(self, channel, request):
        """A webhook's request; only the generic dialect says which delivery it is."""
        mark = MARK.search(request.body.decode())
        data = json.loads(request.body).get("data", {}) if request.header("webhook-id") else {}
        self.take(channel, request.header("webhook-id"), mark and mark[1], data.get("attempt"),
                  [item["occurrence"] for item in data.get("items", [])] or None)

    def take_mail(self, channel, lines):
        message = email.message_from_bytes(b"\r\n".join(lines), policy=email.policy.default)
        mark = MARK.search(message["Subject"])
        self.take(channel, message["Message-ID"], mark and mark[1])

    def of(self, channel):
        with self.lock:
            return [r for r in self.receipts if r.channel == channel]


class Talk:
    """One exchange with a webhook, for the functions of the table."""

    def __init__(self, peer, connection):
        self.peer, self.connection = peer, connection

    def read(self):
        return self.connection.read_request()

    def take(self):
        self.peer.book.take_request(self.peer.channel, self.read())

    def send(self, text):
        self.connection.send(text)

    def answer(self, status, body="", headers=""):
        self.send(f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body.encode())}\r\n{headers}\r\n{body}")

    def reset(self):
        self.connection.reset()
        raise ConnectionResetError

    def close(self):
        self.connection.close()
        raise ConnectionResetError

    def leave(self):
        """Nothing more is said; the other side hangs up."""
        self.connection.wait_for_end()
        raise ConnectionResetError

    def drip(self, text, pause=0.3):
        for byte in text if isinstance(text, bytes) else text.encode():
            self.send(bytes([byte]))
            time.sleep(pause)

    def good(self):
        self.take()
        self.answer(200, "ok")


# ---- faults of HTTP; after any of them that returns, the connection goes on ----

def slow(talk):
    talk.take()
    time.sleep(0.5)
    talk.answer(200, "ok")


def reset_after(talk):
    talk.take()
    talk.reset()


def silent(talk):
    talk.take()
    talk.leave()


def byte_a_second(talk):
    talk.take()
    talk.drip("HTTP/1.1 200 OK and much more that never comes to its end")


def accepted(talk, head, chunk):
    """Says 200, and more than anybody wants to hear."""
    if talk.peer.kind != "slack":  # it takes only "ok" for a yes
        talk.take()
    else:
        talk.read()
    talk.send("HTTP/1.1 200 OK\r\n" + head)
    while True:
        talk.send(chunk)


def huge(talk):
    accepted(talk, "Content-Length: 90000000\r\n\r\n", b"x" * 65536)


def chunked(talk):
    accepted(talk, "Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n")


def dribbled(talk):
    accepted(DribbledTalk(talk.peer, talk.connection), "\r\n", b"x")


class DribbledTalk(Talk):
    def send(self, text):
        time.sleep(0.2)
        super().send(text)


def headers_without_end(talk):
    talk.take()
    talk.send("HTTP/1.1 200 OK\r\n")
    while True:
        talk.send(b"X-Long: " + b"x" * 60000 + b"\r\n")


def saying(status, body="", headers=""):
    """Answers, and takes nothing."""
    def play(talk):
        talk.read()
        talk.answer(status, body, headers if isinstance(headers, str) else headers())
    return play


def in_two_seconds():
    return f"Retry-After: {email.utils.formatdate(time.time() + 2, usegmt=True)}\r\n"


def short(talk):
    talk.take()
    talk.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok")
    talk.close()


def long(talk):
    talk.take()
    talk.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more than was announced")


def an_answer_too_many(talk):
    """The second answer must not be taken for that of the next request."""
    talk.take()
    talk.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * 2)
    talk.connection.wait_for_more()
    talk.read()
    talk.reset()


def interim(talk):
    talk.take()
    talk.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    talk.close()


def not_http(talk):
    talk.take()
    talk.send("hello there, this is another protocol\r\n")
    talk.close()


def early_refusal(talk):
    talk.connection.read_head()
    talk.answer(413, "", "Connection: close\r\n")
    talk.leave()


def hangs_up_between(talk):
    """Says that the connection stays, and goes."""
    talk.good()
    talk.close()


def empty(talk):
    talk.take()
    talk.answer(200)


# ---- faults of SMTP: what is said instead; None hangs up, "" says nothing ----

USUAL = {"GREETING": "220 host ESMTP", "EHLO": "250-host\r\n250 8BITMIME", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok",
         "DATA": "354 go on", ".": "250 2.0.0 Ok: queued", "STARTTLS": "220 go on", "RSET": "250 2.0.0 Ok",
         "QUIT": "221 bye"}


class Post:
    """One connection with a mail server."""

    def __init__(self, peer, connection, replies, how):
        self.peer, self.connection, self.how = peer, connection, how
        self.replies = {**USUAL, **replies}
        self.mails = 0
        if peer.row.tls and "EHLO" not in replies:
            self.replies["EHLO"] = "250-host\r\n250 STARTTLS"

    def say(self, command):
        reply = self.replies.get(command, "500 5.5.2 what?")
        if reply is None:
            if self.how == "reset":
                self.connection.reset()
            raise ConnectionResetError
        if reply == "":
            self.connection.wait_for_end()
            raise ConnectionResetError
        for part in [reply + "\r\n"] if self.how != "drip" else reply + "\r\n":
            self.connection.send(part)
            time.sleep(0.02 if self.how == "drip" else 0)
        return reply

    def read_content(self):
        lines = []
        while (line := self.connection.read_line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.replies["."] is None or self.replies["."].startswith("250"):
            self.peer.book.take_mail(self.peer.channel, lines)
        self.say(".")
        if self.how == "reset":
            self.connection.reset()
            raise ConnectionResetError

    def begin(self):
        """A connection that is kept does not keep the fault."""
        self.mails += 1
        if self.mails > 1 and not self.peer.misbehaves():
            self.replies, self.how = dict(USUAL), None

    def serve(self):
        self.say("GREETING")
        while True:
            command = self.connection.read_line().decode().split(" ")[0].upper()
            if command == "MAIL":
                self.begin()
            reply = self.say(command)
            if command == "STARTTLS" and reply.startswith("220"):
                self.connection.start_tls(self.peer.certificate())
                self.replies["EHLO"] = USUAL["EHLO"]
            elif command == "DATA" and reply.startswith("354"):
                self.read_content()
            elif command == "QUIT":
                return


def smtp(how=None, **replies):
    """DOT stands for the answer to the final dot."""
    if "DOT" in replies:
        replies["."] = replies.pop("DOT")
    return lambda peer, connection: Post(peer, connection, replies, how).serve()


def endless_reply(peer, connection):
    while True:
        connection.send("220-" + "x" * 500 + "\r\n")


def babble(peer, connection):
    connection.send("SSH-2.0-OpenSSH_9.2p1\r\n")
    connection.wait_for_end()


# ---- the tables ----

class Row:
    """tls: the certificate at first ("good" or a bad one); name: how its name resolves at first; least: seconds
    between the first attempts; late: seconds for which nobody listens."""

    def __init__(self, play, ends, times=1, messages=1, tls=None, name=None, least=0, late=0):
        self.play, self.times, self.messages, self.tls = play, times, messages, tls
        self.name, self.least, self.late = name, least, late
        self.ends = ends if isinstance(ends, dict) else {"generic": ends, "slack": ends}


def by(generic, slack):
    return {"generic": generic, "slack": slack}


for_ever = 10**9

HTTP = {
    "slow": Row(slow, DELIVERED),
    "nobody listens": Row(Talk.good, RETRIED, late=1.5, times=0),
    "reset before the request": Row(Talk.reset, RETRIED),
    "reset after the request": Row(reset_after, TWICE),
    "reads nothing": Row(Talk.leave, RETRIED),
    "half open": Row(silent, TWICE),
    "silent for ever": Row(silent, {"slack": UNSURE}, times=for_ever),
    "a byte a second": Row(byte_a_second, TWICE),
    "huge answer": Row(huge, by(DELIVERED, RETRIED)),
    "chunked for ever": Row(chunked, by(DELIVERED, RETRIED)),
    "dribbled for ever": Row(dribbled, by(DELIVERED, RETRIED)),
    "headers without end": Row(headers_without_end, by(DELIVERED, TWICE)),
    "moved": Row(saying(302, "", "Location: http://127.0.0.1:1/elsewhere\r\n"), RETRIED),
    "moved for good": Row(saying(308, "", "Location: http://127.0.0.1:1/elsewhere\r\n"), RETRIED),
    "429 with seconds": Row(saying(429, "", "Retry-After: 2\r\n"), RETRIED, least=2),
    "429 with a date": Row(saying(429, "", in_two_seconds), RETRIED, least=1),
    "429 with a fraction": Row(saying(429, '{"retry_after": 0.4}', "Retry-After: 0.4\r\n"), RETRIED),
    "429 for two days": Row(saying(429, "", "Retry-After: 172800\r\n"), EXPIRED, times=for_ever),
    "500": Row(saying(500, "<html>oops"), RETRIED, times=2),
    "503 with seconds": Row(saying(503, "", "Retry-After: 1\r\n"), RETRIED, least=1),
    "400": Row(saying(400, "what?"), REFUSED, times=for_ever),
    "404": Row(saying(404), REFUSED, times=for_ever),
    "410": Row(saying(410), REFUSED, times=for_ever),
    "refused early": Row(early_refusal, REFUSED, times=for_ever),
    "short": Row(short, DELIVERED),
    "long": Row(long, DELIVERED, messages=3, times=2),
    "an answer too many": Row(an_answer_too_many, {"generic": ONCE}, messages=3),
    "interim answers only": Row(interim, TWICE),
    "not HTTP": Row(not_http, TWICE),
    "nothing in the answer": Row(empty, by(DELIVERED, TWICE)),
    "hangs up between": Row(hangs_up_between, DELIVERED, messages=3, times=3),
    "certificate ended": Row(None, RETRIED, tls="ended"),
    "certificate of another": Row(None, RETRIED, tls="another"),
    "unknown authority": Row(None, RETRIED, tls="unknown"),
    "no TLS": Row(None, RETRIED, tls="none"),
    "silent in TLS": Row(None, RETRIED, tls="silent"),
    "reset in TLS": Row(None, RETRIED, tls="reset"),
    "name does not exist": Row(None, RETRIED, name="nxdomain", times=0),
    "name server fails": Row(None, RETRIED, name="servfail", times=0),
    "name server is silent": Row(None, RETRIED, name="silent", times=0),
}


def mail(play, end, **more):
    return Row(play, {"mail": end}, **more)


SMTP = {
    "greets with 421": mail(smtp(GREETING="421 4.3.2 busy"), RETRIED),
    "greets with 554": mail(smtp(GREETING="554 5.7.1 go away"), RETRIED),
    "greets with 554, silent to QUIT": mail(smtp(GREETING="554 5.7.1 go away", QUIT=""), RETRIED),
    "greets for ever": mail(endless_reply, RETRIED),
    "not SMTP": mail(babble, RETRIED),
    "nobody listens": mail(smtp(), RETRIED, late=1.5, times=0),
    "a byte at a time": mail(smtp("drip"), DELIVERED),
    "no STARTTLS": mail(smtp(EHLO="250 host"), RETRIED, tls="good"),
    "no STARTTLS, silent to QUIT": mail(smtp(EHLO="250 host", QUIT=""), RETRIED, tls="good"),
    "STARTTLS put off": mail(smtp(STARTTLS="454 4.7.0 not now"), RETRIED, tls="good"),
    "certificate ended": mail(smtp(), RETRIED, tls="ended"),
    "certificate of another": mail(smtp(), RETRIED, tls="another"),
    "unknown authority": mail(smtp(), RETRIED, tls="unknown"),
    "450 to the sender": mail(smtp(MAIL="450 4.3.0 later"), RETRIED),
    "550 to the sender": mail(smtp(MAIL="550 5.7.1 not you"), RETRIED),
    "greylisted": mail(smtp(RCPT="450 4.2.0 greylisted"), RETRIED, times=2),
    "greylisted, silent to QUIT": mail(smtp(RCPT="450 4.2.0 greylisted", QUIT=""), RETRIED),
    "greylisted, knows no RSET": mail(smtp(RCPT="450 4.2.0 greylisted", RSET="502 5.5.1 what?"), RETRIED, times=2),
    "550 to the recipient": mail(smtp(RCPT="550 5.1.1 no such user"), REFUSED, times=for_ever),
    "451 to DATA": mail(smtp(DATA="451 4.3.0 later"), RETRIED),
    "554 to DATA": mail(smtp(DATA="554 5.5.1 no"), REFUSED, times=for_ever),
    "452 to the message": mail(smtp(DOT="452 4.3.1 disk full"), RETRIED),
    "554 to the message": mail(smtp(DOT="554 5.6.0 spam"), REFUSED, times=for_ever),
    "closed after the final dot": mail(smtp(DOT=None), TWICE),
    "reset after the final dot": mail(smtp("reset", DOT=None), TWICE),
    "closed after every final dot": mail(smtp(DOT=None), UNSURE, times=for_ever),
    "reset after 250": mail(smtp("reset"), TWICE),
    "silent to QUIT": mail(smtp(QUIT=""), DELIVERED),
    "name does not exist": mail(smtp(), RETRIED, name="nxdomain", times=0),
    "name server is silent": mail(smtp(), RETRIED, name="silent", times=0),
    **{f"silent at {step}": mail(smtp(**{step: ""}), RETRIED) for step in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA")},
    **{f"closed at {step}": mail(smtp(**{step: None}), RETRIED) for step in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA")},
}


class Peer:
    """One channel's other end, misbehaving as the row says. kind: generic, slack or mail."""

    def __init__(self, book, channel, kind, row, certificates=None):
        self.book, self.channel, self.kind, self.row = book, channel, kind, row
        self.certificates = certificates  # by name: contexts
        self.turns = row.times if row.late == 0 else 0
        self.lock = threading.Lock()
        self.receiver = None

    def start(self, port=0):
        self.receiver = Receiver(self.script, port=port).__enter__()
        return self

    def stop(self):
        receiver, self.receiver = self.receiver, None
        if receiver:
            receiver.__exit__()

    def misbehaves(self):
        with self.lock:
            self.turns -= 1
            return self.turns >= 0

    def certificate(self):
        return self.certificates["good" if self.row.tls == "good" or not self.misbehaves() else self.row.tls]

    def script(self, connection: Connection):
        if self.kind == "mail":
            self.serve_mail(connection)
        else:
            self.serve_web(connection)

    def serve_mail(self, connection):
        bad_from_start = self.row.tls in (None, "good") and self.misbehaves()
        (self.row.play if bad_from_start else smtp())(self, connection)

    def shake_hands(self, connection):
        bad = self.row.tls if self.misbehaves() else "good"
        if bad == "silent":
            connection.wait_for_end()
        elif bad == "reset":
            connection.wait_for_more()
            connection.reset()
        elif bad != "none":
            connection.start_tls(self.certificates[bad])

    def serve_web(self, connection):
        if self.row.tls:
            self.shake_hands(connection)
        while True:
            connection.wait_for_more()
            bad = not self.row.tls and self.misbehaves()
            (self.row.play if bad else Talk.good)(Talk(self, connection))


def certificates(authority, stranger):
    """What Peer needs: two authorities of receivers.Authority, of which only the first is trusted."""
    import datetime

    return {"good": authority.context(), "ended": authority.context(until=datetime.datetime(2001, 1, 1)),
            "another": authority.context("elsewhere.example"), "unknown": stranger.context()}
