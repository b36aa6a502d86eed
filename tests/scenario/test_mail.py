"""Mail through a real SMTP server, and what a person with two ways gets."""

import email
import email.policy
import re
import threading
import time

import pytest

from peer.faults import UNSURE, Book, Peer, mail as row, smtp
from scenario.harness import eventually, fetch, free_port, hook, once, person

aiosmtpd = pytest.importorskip("aiosmtpd.controller")
pytestmark = pytest.mark.sanitized


class Post:
    """Keeps every message; answers as told."""

    def __init__(self):
        self.messages = []
        self.say = lambda envelope: "250 kept"
        self.lock = threading.Lock()

    async def handle_DATA(self, server, session, envelope):
        answer = self.say(envelope)
        with self.lock:
            self.messages.append((answer, envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return answer

    def wait(self, count=1):
        return eventually(f"{count} mails; there are {len(self.messages)}", lambda: len(self.messages) >= count and list(self.messages))


@pytest.fixture
def post():
    post = Post()
    controller = aiosmtpd.Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    post.port = controller.port
    yield post
    controller.stop()


def mail(post):
    return (f'{{ id = "mail"; plugin = "email"; url = "smtp://127.0.0.1:{post.port}"; tls = "none"; allow_private = true; '
            'from = "Practice <practice@example.org>"; retry_base = "100ms"; },')


def somebody(id, via="mail"):
    return person(id, f'address = {{ mail = "{id}@example.org"; }};', via)


def test_a_reminder_arrives_as_a_mail_with_its_link(nudged, post):
    daemon = nudged(channels=mail(post), people=somebody("ana") + somebody("bo"), reminders=once("stretch", "all")).start()
    messages = post.wait(2)
    assert sorted(r for _, to, _ in messages for r in to) == ["ana@example.org", "bo@example.org"]
    for _, to, message in messages:
        assert message["From"].addresses[0].addr_spec == "practice@example.org"
        assert message["To"].addresses[0].addr_spec == to[0]
        assert message["Message-ID"] and message["Date"]
        text = message.get_body(("plain",)).get_content()
        assert "Practise stretch." in text and f"http://127.0.0.1:{daemon.port}/a/" in text
    daemon.wait("delivered", 2)
    time.sleep(0.5)
    assert len(post.messages) == 2


def test_a_mail_that_is_put_off_comes_again_under_the_same_message_id(nudged, post):
    post.say = lambda e: "250 kept" if len(post.messages) >= 2 else "451 later, please"
    daemon = nudged(channels=mail(post), people=somebody("ana"), reminders=once("stretch", "ana")).start()
    messages = post.wait(3)
    daemon.wait("delivered")
    assert len({m["Message-ID"] for _, _, m in messages}) == 1
    assert [a[:3] for a, _, _ in messages] == ["451", "451", "250"]


def test_a_refused_address_leads_to_the_next_way(nudged, post, receiver):
    post.say = lambda e: "550 5.1.1 no such person here"
    daemon = nudged(channels=mail(post) + hook(receiver), people=somebody("ana", "mail hook"), reminders=once("stretch", "ana")).start()
    arrival = receiver.wait(1)[0]
    assert arrival.reminders == ["stretch"]
    daemon.wait("delivered", channel="hook")
    time.sleep(0.5)
    assert len(post.messages) == 1 and len(receiver.all()) == 1


def test_a_mail_server_that_is_down_gets_it_later(nudged, post, receiver):
    port = free_port()
    daemon = nudged(channels=mail(post).replace(str(post.port), str(port)), people=somebody("ana"), reminders=once("stretch", "ana")).start()
    daemon.wait("retry", 2)
    late = Post()
    controller = aiosmtpd.Controller(late, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        late.wait(1)
        daemon.wait("delivered")
    finally:
        controller.stop()
    assert len(late.messages) == 1


@pytest.mark.parametrize("step", ["EHLO", "RCPT", "DATA", "DOT"])
def test_a_mail_that_is_dropped_under_way_ends_unfinished_and_holds_nobody_up(nudged, receiver, step):
    """The server is silent: whoever waits for it, waits for minutes."""
    book = Book()
    silent = Peer(book, "mail", "mail", row(smtp(**{step: ""}), UNSURE, times=9)).start()
    silent.port = silent.receiver.port
    daemon = nudged(channels=mail(silent) + hook(receiver), people=somebody("ana") + person("bo"), reminders=once("stretch", "ana")
                    + once("look-up", "bo", 3)).start()
    delivery = eventually("it is under way", lambda: silent.receiver.connections and daemon.rows("deliveries"))[0]
    daemon.ctl("drop", delivery["delivery"])
    daemon.wait("cancelled")
    receiver.wait(1, person="bo")
    daemon.stop()
    silent.stop()
    assert not book.receipts


def test_the_link_to_my_own_page_goes_to_me_and_never_to_who_has_an_answer_link(nudged, post):
    daemon = nudged(channels=mail(post), people=somebody("ana") + somebody("bo"), reminders=once("stretch", "ana")).start()
    text = post.wait(1)[0][2].get_body(("plain",)).get_content()
    answer = re.search(r"http://\S+/a/\S+", text)[0]
    status, page = fetch(answer)
    assert status == 200 and "Send me the link to my practice page" in page and "/me/" not in page
    status, page = fetch(answer, b"do=link", "POST")
    assert status == 200 and "on its way" in page and "/me/" not in page
    _, to, message = post.wait(2)[1]
    assert to == ["ana@example.org"]
    own = re.search(r"http://\S+/me/\S+", message.get_body(("plain",)).get_content())[0]
    assert own == daemon.rows("link", "ana")[0]["page"] and "Your practice, Ana" in fetch(own)[1]
    status, page = fetch(answer, b"do=link", "POST")
    assert status == 200 and "within the last hour" in page and len(post.messages) == 2
    assert own not in "\n".join(daemon.log)


def test_a_person_without_an_address_is_not_offered_the_link_to_their_page(nudged, receiver):
    nudged(channels=hook(receiver), people=person("ana"), reminders=once("stretch", "ana")).start()
    answer = receiver.wait()[0].items[0]["answer_url"]
    assert "Send me the link" not in fetch(answer)[1]
    status, page = fetch(answer, b"do=link", "POST")
    assert status == 400 and "ask your organiser" in page and len(receiver.all()) == 1
