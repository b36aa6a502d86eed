"""Chat services through the whole daemon: a person at Telegram and Matrix, a room at Discord, a receiver that says no in a 200."""

import html
import json
import re
import subprocess
import urllib.parse

import pytest

from scenario.harness import BUILD, eventually, fetch, hook, once, person

pytestmark = pytest.mark.sanitized

TELEGRAM = '{{ id = "tg"; plugin = "webhook"; dialect = "telegram"; url = "{}"; secret = "123:sesame"; allow_private = true; {} }},'
DISCORD = '{{ id = "guild"; plugin = "webhook"; dialect = "discord"; url = "{}"; allow_private = true; retry_base = "100ms"; }},'
MATRIX = '{{ id = "mx"; plugin = "webhook"; dialect = "matrix"; url = "{}"; secret = "sesame"; allow_private = true; retry_base = "100ms"; }},'
TOOK = '{"ok":true,"result":{"message_id":7}}'
ANA = person("ana", 'address = { tg = "424242"; };', "tg")


def test_a_person_at_telegram_gets_a_message_and_answers_by_its_link(nudged, receiver):
    receiver.reply = lambda a: (200, {}, TOOK)
    daemon = nudged(channels=TELEGRAM.format(receiver.url(""), ""), people=ANA, reminders=once("stretch", "ana")).start()
    arrival = receiver.wait(1)[0]
    assert arrival.path == "/bot123:sesame/sendMessage"
    assert arrival.body["chat_id"] == 424242 and arrival.body["parse_mode"] == "HTML" and "Practise stretch." in arrival.body["text"]
    link = html.unescape(re.search('<a href="([^"]+)">Answer</a>', arrival.body["text"])[1])
    daemon.wait("delivered", channel="tg")
    assert fetch(link, b"answer=done")[0] == 200
    daemon.wait("answered")
    assert "sesame" not in "\n".join(daemon.log)


def test_a_200_that_says_no_goes_to_the_persons_next_channel(nudged, receiver):
    receiver.reply = lambda a: (200, {}, '{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}') if "bot123" in a.path else 200
    daemon = nudged(channels=TELEGRAM.format(receiver.url(""), "") + hook(receiver), people=ANA.replace('"tg" ]', '"tg", "hook" ]'),
                    reminders=once("stretch", "ana")).start()
    assert receiver.wait(1, path="/hook")[0].reminders == ["stretch"]
    daemon.wait("delivered", channel="hook")
    assert not [c for c in daemon.status()["channels"] if c["broken"]]  # it was one person's refusal


def test_a_room_at_discord_gets_one_message_again_until_it_was_taken(nudged, receiver):
    replies = [(429, {}, '{"message":"You are being rate limited.","retry_after":0.3}'), (200, {}, '{"id":"1144"}')]
    receiver.reply = lambda a: replies.pop(0)
    daemon = nudged(channels=DISCORD.format(receiver.url("/api/webhooks/1/t")), people="", reminders=once("demo", "room:guild")).start()
    daemon.wait("delivered", channel="guild")
    arrivals = receiver.all()
    assert [a.path for a in arrivals] == ["/api/webhooks/1/t?wait=true"] * 2 and arrivals[0].text == arrivals[1].text
    assert "Practise demo." in arrivals[0].text and "/a/" not in arrivals[0].text
    row = eventually("the delivery", lambda: [r for r in daemon.rows("deliveries", "--all") if r["state"] == "delivered"])[0]
    assert row["attempts"] == 2


def test_a_matrix_server_sees_the_same_transaction_until_it_answers(nudged, receiver):
    replies = [500, (200, {}, '{"event_id":"$e"}')]
    receiver.reply = lambda a: replies.pop(0)
    daemon = nudged(channels=MATRIX.format(receiver.url("")), people=person("ana", 'address = { mx = "!ana:example.org"; };', "mx"), reminders=once("stretch", "ana")).start()
    daemon.wait("delivered", channel="mx")
    first, second = receiver.all()
    assert first.path == second.path and urllib.parse.unquote(first.path).startswith("/_matrix/client/v3/rooms/!ana:example.org/send/m.room.message/")
    assert first.headers["authorization"] == "Bearer sesame" and json.loads(first.text)["msgtype"] == "m.notice"


@pytest.mark.parametrize("channels, people, why", [
    (TELEGRAM.format("https://api.telegram.org", 'to = "-1001";'), person("ana", via="tg"), "is a room that others read too"),
    (TELEGRAM.format("https://api.telegram.org", ""), person("ana", via="tg"), "has no address on the channel"),
    (TELEGRAM.format("https://api.telegram.org", ""), person("ana", 'address = { tg = "@ana"; };', "tg"), "a person at Telegram is a number"),
    (TELEGRAM.format("https://api.telegram.org", 'to = "ana";'), "", "a chat at Telegram is a number"),
])
def test_what_a_service_cannot_reach_is_a_complaint(nudged, channels, people, why):
    daemon = nudged(channels=channels, people=people, reminders="")
    done = subprocess.run([BUILD / "nudged", "--plugins", BUILD / "plugins", "-c", daemon.file, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and why in done.stderr, done.stderr
