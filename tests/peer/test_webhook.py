"""The webhook plugin and the courier against receivers of our own, well-behaved and not."""

import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import socket
import time

import pytest
from peer.receivers import WEBHOOK, Authority, Receiver, answer, answering, carry, complaints, outcomes

pytestmark = pytest.mark.sanitized

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ITEM = {"occurrence": "o1", "reminder": "review-practice", "kind": "practice", "due": 1795424400, "title": "Practice: naming",
        "text": "After stand-up: review one change.", "answer_url": "https://nudge.example.org/a/x"}
ANA = {"id": "d1", "person": "ana", "person_name": "Ana Ruiz", "items": [ITEM]}


def post(receiver, deliveries=(ANA,), settings=None, **job):
    return outcomes(carry(WEBHOOK, {"url": receiver.url(), **(settings or {})}, list(deliveries), **job))


def verdict(script, settings=None, context=None, **job):
    with Receiver(script, context) as receiver:
        lines = post(receiver, settings=settings, **job)
        assert len(lines) == 1, lines
        return lines[0]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


# ---- the generic dialect ----

def test_the_body_says_what_the_contract_says():
    with Receiver(answer(200)) as receiver:
        assert post(receiver)[0]["outcome"] == "sent"
    body = json.loads(receiver.requests[0].body)
    item = {"occurrence": "o1", "reminder": "review-practice", "kind": "practice", "due": "2026-11-23T09:00:00Z", "about": None,
            "title": "Practice: naming", "text": "After stand-up: review one change.", "answer_url": "https://nudge.example.org/a/x"}
    assert body == {"type": "nudged.reminder", "timestamp": "2026-11-23T09:00:00Z",
                    "data": {"delivery": "d1", "attempt": 1, "purpose": "remind", "person": {"id": "ana", "name": "Ana Ruiz"}, **item, "items": [item]}}
    request = receiver.requests[0]
    assert (request.method, request.header("Content-Type")) == ("POST", "application/json")
    assert request.header("User-Agent").startswith("nudged/")
    assert request.header("Expect") is None


def test_a_signature_can_be_verified_over_the_bytes_that_arrived():
    with Receiver(answer(204)) as receiver:
        assert post(receiver, [{**ANA, "attempt": 3, "now": 1795424999}], {"secret": SECRET})[0]["outcome"] == "sent"
    request = receiver.requests[0]
    assert request.header("webhook-id") == "d1"
    assert request.header("webhook-timestamp") == "1795424999"
    signed = b"d1.1795424999." + request.body
    assert request.header("webhook-signature") == "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()


def test_an_unsigned_webhook_still_carries_its_id_and_time():
    with Receiver(answer(200)) as receiver:
        post(receiver)
    assert receiver.requests[0].header("webhook-id") == "d1"
    assert receiver.requests[0].header("webhook-signature") is None


def test_a_room_has_no_person_and_no_answer_link_where_there_is_none():
    item = {key: value for key, value in ITEM.items() if key != "answer_url"}
    with Receiver(answer(200)) as receiver:
        post(receiver, [{"id": "d1", "items": [item]}])
    data = json.loads(receiver.requests[0].body)["data"]
    assert data["person"] is None
    assert "answer_url" not in data and "answer_url" not in data["items"][0]


def test_a_subject_has_its_id_and_name():
    with Receiver(answer(200)) as receiver:
        post(receiver, [{**ANA, "items": [{**ITEM, "about": "bo", "about_name": "Bo Nyström"}]}])
    assert json.loads(receiver.requests[0].body)["data"]["about"] == {"id": "bo", "name": "Bo Nyström"}


def test_any_text_arrives_byte_for_byte():
    text = "\"\\/ <script> & \u202eright to left\u202c \U0001f469\u200d\U0001f469 \u0001\t\n. \n.\r\n" + "x" * 10000
    with Receiver(answer(200)) as receiver:
        post(receiver, [{**ANA, "items": [{**ITEM, "text": text}]}])
    assert json.loads(receiver.requests[0].body)["data"]["text"] == text


def test_a_message_of_many_items_carries_all():
    items = [{**ITEM, "occurrence": f"o{n}"} for n in range(40)]
    with Receiver(answer(200)) as receiver:
        post(receiver, [{**ANA, "items": items}])
    data = json.loads(receiver.requests[0].body)["data"]
    assert [item["occurrence"] for item in data["items"]] == [f"o{n}" for n in range(40)]
    assert data["occurrence"] == "o0"


def test_own_headers_are_sent():
    with Receiver(answer(200)) as receiver:
        post(receiver, settings={"headers": "Authorization: Bearer abc\nX-Team: platform"})
    assert receiver.requests[0].header("Authorization") == "Bearer abc"
    assert receiver.requests[0].header("X-Team") == "platform"


@pytest.mark.parametrize("status, outcome, whole", [
    (200, "sent", False), (201, "sent", False), (202, "sent", False), (204, "sent", False), (299, "sent", False),
    (301, "misconfigured", True), (302, "misconfigured", True), (307, "misconfigured", True), (304, "misconfigured", True),
    (400, "refused payload", False), (413, "refused payload", False), (422, "refused payload", False), (405, "refused payload", False),
    (401, "refused destination", True), (403, "refused destination", True), (404, "refused destination", True), (410, "refused destination", True),
    (408, "retry", False), (425, "retry", False), (429, "retry", True), (500, "retry", False), (502, "retry", False), (503, "retry", True), (504, "retry", False),
])
def test_a_status_means(status, outcome, whole):
    body = "" if status in (204, 304) else "because"
    line = verdict(answer(status, body, "Location: /elsewhere\r\n" if status // 100 == 3 else ""))
    assert (line["outcome"], line["whole"], line["status"]) == (outcome, whole, status)


def test_retry_after_in_seconds_is_obeyed():
    line = verdict(answer(429, headers="Retry-After: 17\r\n"))
    assert (line["outcome"], line["delay_ms"], line["whole"]) == ("retry", 17000, True)


def test_retry_after_as_a_date_is_obeyed():
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    line = verdict(answer(503, headers=f"Retry-After: {email.utils.format_datetime(at, usegmt=True)}\r\n"))
    assert line["outcome"] == "retry"
    assert 7000_000 < line["delay_ms"] <= 7200_000


def test_retry_after_without_sense_is_ignored():
    line = verdict(answer(503, headers="Retry-After: soon\r\n"))
    assert (line["outcome"], line["delay_ms"]) == ("retry", -1)


@pytest.mark.parametrize("status, headers, body, wanted", [
    (429, "", '{"message":"You are being rate limited.","retry_after":0.75,"global":false}', 750),
    (429, "", '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', 2500),
    (429, "", '{"code":"RATE_LIMIT_HIT","result":"error","retry-after":28.7}', 28700),
    (429, "", '{"ok":false,"error_code":429,"parameters":{"retry_after":35}}', 35000),
    (503, "", '{"retry_after":4}', 4000),
    (429, "Retry-After: 3\r\n", '{"retry_after":9.5}', 9500),  # whichever is larger
    (429, "Retry-After: 12\r\n", '{"retry_after":9.5}', 12000),
    (429, "", '{"retry_after":"9"}', -1), (429, "", '{"retry_after":-4}', -1), (429, "", '{"retry_after":null}', -1),
    (429, "", '{"parameters":[35]}', -1), (429, "", '[9]', -1), (429, "", '9', -1), (429, "", '{"retry_after":', -1),
    (429, "", '{"retry_after":1e999}', -1),
])
def test_what_a_body_asks_for_is_obeyed(status, headers, body, wanted):
    line = verdict(answer(status, body, headers))
    assert (line["outcome"], line["delay_ms"]) == ("retry", wanted)


def test_a_redirect_is_never_followed():
    with Receiver(answer(200)) as other, Receiver(answer(302, headers=f"Location: {other.url()}\r\n")) as receiver:
        assert post(receiver)[0]["outcome"] == "misconfigured"
        assert other.connections == 0


@pytest.mark.parametrize("settings, setting, word", [
    ({}, "url", "needs a url"),
    ({"url": "ftp://host/x"}, "url", "https://"),
    ({"url": "https://"}, "url", "host"),
    ({"url": "https://user:pass@host/x"}, "url", "password"),
    ({"url": "https://host/a b"}, "url", "spaces"),
    ({"url": "https://host/a\r\nX: y"}, "url", "control"),
    ({"url": "https://host/x", "dialect": "klingon"}, "dialect", "generic slack teams"),
    ({"url": "https://host/x", "secret": "whsec_short"}, "secret", "24 to 64"),
    ({"url": "https://host/x", "secret": "whsec_" + base64.b64encode(bytes(65)).decode()}, "secret", "24 to 64"),
    ({"url": "https://host/x", "secret": "whsec_" + "!" * 44}, "secret", "24 to 64"),
    ({"url": "https://host/x", "to": "{{person.name}}"}, "to", "generic"),
    ({"url": "https://host/x", "headers": "no colon here"}, "headers", "Name: value"),
    ({"url": "https://host/x", "headers": "Content-Length: 3"}, "headers", "nudged itself"),
    ({"url": "https://host/x", "headers": "X: a\rY: b"}, "headers", "control"),
    ({"url": "https://host/x", "dialect": "slack", "secret": SECRET}, "secret", "slack"),
])
def test_a_bad_setting_is_a_complaint(settings, setting, word):
    said = complaints(carry(WEBHOOK, settings, []))
    assert len(said) == 1
    assert said[0][0] == setting and word in said[0][1]


def test_plain_http_needs_to_be_allowed():
    said = complaints(carry(WEBHOOK, {"url": "http://127.0.0.1/token-in-path"}, [], allow_private=False))
    assert said[0][0] == "url" and "allow_private" in said[0][1] and "token-in-path" not in said[0][1]


def test_checking_only_needs_no_secrets():
    lines = carry(WEBHOOK, {"secret": "***"}, [], check_only=True)
    assert lines[0]["opened"] == "webhook"


# ---- slack ----

def slack(script_or_items, **delivery):
    with Receiver(answer(200, "ok")) as receiver:
        lines = post(receiver, [{"id": "d1", "items": script_or_items, **delivery}], {"dialect": "slack"})
        assert lines[0]["outcome"] == "sent"
    return json.loads(receiver.requests[0].body)


def test_slack_gets_text_and_blocks():
    body = slack([{"title": "Demo day", "text": "What did we learn?"}])
    assert body == {"text": "Demo day\nWhat did we learn?", "unfurl_links": False, "unfurl_media": False, "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Demo day", "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "What did we learn?", "emoji": False}}]}


def test_slack_can_not_be_made_to_mention_a_channel():
    body = slack([{"title": "<!channel> & <@U1>", "text": "<!here|x> a>b"}])
    assert body["text"] == "&lt;!channel&gt; &amp; &lt;@U1&gt;\n&lt;!here|x&gt; a&gt;b"
    assert [block["text"]["type"] for block in body["blocks"]] == ["plain_text", "plain_text"]


def test_slack_limits_are_cut_on_characters_before_escaping():
    body = slack([{"title": "é" * 200, "text": "&\U0001f600" * 4000}])
    header, section = (block["text"]["text"] for block in body["blocks"])
    assert header == "é" * 149 + "…"
    assert section.replace("&amp;", "&") == ("&\U0001f600" * 4000)[:2999] + "…"
    assert len(body["text"].replace("&amp;", "&")) == 4000


def test_slack_never_gets_more_than_fifty_blocks():
    body = slack([{"title": f"T{n}", "text": "x"} for n in range(60)])
    assert len(body["blocks"]) <= 50
    assert body["blocks"][-1]["text"]["text"] == "and 36 more"


def test_slack_gets_something_even_of_an_empty_message():
    body = slack([{"title": "", "text": " \n", "reminder": "demo-day"}])
    assert body["text"] == "demo-day" and len(body["blocks"]) == 1


@pytest.mark.parametrize("status, body, outcome", [
    (200, "ok", "sent"), (200, "ok\n", "sent"), (200, "<html>hello", "misconfigured"), (200, "okay", "misconfigured"),
    (400, "invalid_payload", "refused payload"), (400, "invalid_token", "refused destination"), (403, "invalid_token", "refused destination"),
    (403, "action_prohibited", "refused destination"), (404, "channel_not_found", "refused destination"),
    (404, "no_service", "refused destination"), (410, "channel_is_archived", "refused destination"), (500, "rollup_error", "retry"),
    (400, "no_text", "refused payload"), (429, "rate_limited", "retry"), (502, "Bad gateway", "retry"), (500, "ok", "retry"),
    (200, "no_service", "refused destination"),
])
def test_slack_is_judged_by_its_words(status, body, outcome):
    assert verdict(answer(status, body), {"dialect": "slack"})["outcome"] == outcome


def test_slack_says_its_rate_and_is_a_room():
    opened = carry(WEBHOOK, {"url": "https://hooks.slack.com/services/T/B/X", "dialect": "slack"}, [])[0]
    assert (opened["is_room"], opened["rate"]) == (True, 1.0)


def test_slack_without_an_answer_is_not_safe_to_repeat():
    line = verdict(lambda connection: (connection.read_request(), connection.reset()), {"dialect": "slack"})
    assert (line["outcome"], line["safe"]) == ("unknown", False)


# ---- faults ----

def test_a_refused_connection_was_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    line = outcomes(carry(WEBHOOK, {"url": f"http://127.0.0.1:{port}/"}, [ANA]))[0]
    assert (line["outcome"], line["transport"]) == ("retry", "not sent")


def test_a_name_that_does_not_exist_was_not_sent():
    line = outcomes(carry(WEBHOOK, {"url": "http://nobody.invalid/"}, [ANA]))[0]
    assert (line["outcome"], line["transport"]) == ("retry", "not sent")


def test_a_receiver_that_never_answers_is_unknown():
    def script(connection):
        connection.read_request()
        connection.wait_for_end()
    line = verdict(script, account={"timeout_ms": 400})
    assert (line["outcome"], line["transport"], line["safe"]) == ("unknown", "no answer", True)


def test_a_receiver_that_accepts_and_reads_nothing_is_not_mistaken_for_success():
    line = verdict(lambda connection: connection.wait_for_end(), account={"timeout_ms": 400})
    assert line["outcome"] == "unknown"


def test_a_reset_before_the_answer_is_unknown():
    line = verdict(lambda connection: (connection.read_request(), connection.reset()))
    assert (line["outcome"], line["transport"]) == ("unknown", "no answer")


def test_an_empty_answer_is_unknown():
    line = verdict(lambda connection: connection.read_request())
    assert (line["outcome"], line["transport"]) == ("unknown", "no answer")


def test_a_status_counts_when_the_rest_is_lost():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
        connection.reset()
    line = verdict(script)
    assert (line["outcome"], line["status"]) == ("sent", 200)


def test_a_wrong_length_does_not_hide_the_status():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nshort")
    line = verdict(script)
    assert (line["outcome"], line["status"]) == ("retry", 503)


def test_only_an_interim_answer_is_no_answer():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 102 Processing\r\n\r\n")
    line = verdict(script)
    assert (line["outcome"], line["status"]) == ("unknown", 0)


def test_something_else_than_http_is_no_answer():
    line = verdict(lambda connection: (connection.read_request(), connection.send("hello there\r\n")))
    assert line["transport"] == "no answer"


def test_a_huge_answer_is_cut_and_its_status_counts():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)
    line = verdict(script)
    assert (line["outcome"], line["transport"]) == ("sent", "body too large")


def test_an_answer_chunked_for_ever_is_cut():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
    line = verdict(script)
    assert (line["outcome"], line["transport"]) == ("sent", "body too large")


def test_one_byte_at_a_time_ends_at_the_deadline():
    def script(connection):
        connection.read_request()
        for byte in b"HTTP/1.1 200 OK and much more that never comes to its end":
            connection.send(bytes([byte]))
            time.sleep(0.1)
    line = verdict(script, account={"timeout_ms": 700})
    assert (line["outcome"], line["transport"]) == ("unknown", "no answer")


def test_a_header_without_end_is_bounded():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\n")
        while True:
            connection.send(b"X-Long: " + b"x" * 60000 + b"\r\n")
    assert verdict(script, account={"timeout_ms": 3000})["outcome"] in ("sent", "unknown")


def test_an_early_refusal_of_a_large_body_is_heard():
    def script(connection):
        connection.read_head()
        connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.wait_for_end()
    line = verdict(script)
    assert (line["outcome"], line["status"]) == ("refused payload", 413)


# ---- connections ----

def test_connections_are_kept_and_never_more_than_allowed():
    deliveries = [{**ANA, "id": f"d{n}"} for n in range(60)]
    with Receiver(answer(200, "fine")) as receiver:
        lines = post(receiver, deliveries, account={"concurrency": 4})
    assert sorted(line["id"] for line in lines) == sorted(d["id"] for d in deliveries)
    assert {line["outcome"] for line in lines} == {"sent"}
    assert receiver.connections <= 4


def test_a_kept_connection_that_died_is_replaced_without_a_false_unknown():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.reset()
    with Receiver(script) as receiver:
        lines = post(receiver, [{**ANA, "id": f"d{n}"} for n in range(10)], in_turn=True)
    assert [line["outcome"] for line in lines] == ["sent"] * 10
    assert len(receiver.requests) == 10


def test_the_first_transfer_to_an_unknown_host_goes_alone():
    seen = []

    def script(connection):
        seen.append(receiver.connections)
        connection.reset()
    with Receiver(script) as receiver:
        post(receiver, [{**ANA, "id": f"d{n}"} for n in range(3)], account={"concurrency": 8})
    assert seen[0] == 1


def test_nothing_turns_while_nothing_happens():
    with Receiver(answer(200)) as receiver:
        lines = carry(WEBHOOK, {"url": receiver.url()}, [{**ANA, "id": f"d{n}"} for n in range(20)], idle_ms=1000)
    assert lines[-1]["idle_turns"] <= 5


def test_a_receiver_that_hangs_up_on_idle_connections_wakes_nobody():
    def script(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)
        connection.close()
    with Receiver(script) as receiver:
        lines = carry(WEBHOOK, {"url": receiver.url()}, [ANA], idle_ms=800)
    assert lines[-1]["idle_turns"] <= 5


# ---- safety ----

@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
                                  "10.1.2.3", "192.168.0.1", "172.31.255.255", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[fe80::1]",
                                  "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]", "224.0.0.1", "198.18.0.1", "192.0.0.8"])
def test_private_addresses_are_refused(host):
    line = outcomes(carry(WEBHOOK, {"url": f"https://{host}:9/"}, [ANA], allow_private=False))[0]
    assert (line["outcome"], line["transport"]) == ("misconfigured", "forbidden")


def test_tls_is_verified_and_works(authority):
    with Receiver(answer(200), authority.context()) as receiver:
        lines = post(receiver, [{**ANA, "id": f"d{n}"} for n in range(5)], account={"ca_file": str(authority.file)})
        assert [line["outcome"] for line in lines] == ["sent"] * 5


def test_an_unknown_authority_is_refused(authority):
    line = verdict(answer(200), context=authority.context())
    assert (line["outcome"], line["transport"]) == ("misconfigured", "tls failed")


def test_a_certificate_for_somebody_else_is_refused(authority):
    line = verdict(answer(200), context=authority.context("other.example.org"), account={"ca_file": str(authority.file)})
    assert (line["outcome"], line["transport"]) == ("misconfigured", "tls failed")


def test_https_to_a_receiver_without_tls_sends_nothing():
    with Receiver(answering("HTTP/1.1 200 OK\r\n\r\n")) as receiver:
        line = outcomes(carry(WEBHOOK, {"url": receiver.url().replace("http", "https")}, [ANA], account={"timeout_ms": 2000}))[0]
        assert line["outcome"] in ("misconfigured", "retry") and not receiver.requests
