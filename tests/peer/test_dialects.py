"""Every dialect of the webhook plugin: what it sends, that nobody is rung by a text, that what is documented as a limit
holds, and what each answer means. NUDGED_HOSTILE=10000 sends as many hostile messages to each; NUDGED_SEED repeats."""

import html
import json
import os
import random
import re
import urllib.parse

import pytest
from peer import dialects
from peer.dialects import ADDRESSES, LIMITS, ROOM_TARGETS, ROOMS, SERVICES, TOKEN
from peer.receivers import WEBHOOK, Receiver, answer, carry, complaints, outcomes

pytestmark = pytest.mark.sanitized

LINK = "https://nudge.example.org/a/x"
ITEM = {"occurrence": "o1", "reminder": "review-practice", "title": "Practice: naming", "text": "After stand-up:\nreview one change.", "answer_url": LINK}
HERE = "https://host.example/in"
HOSTILE = int(os.environ.get("NUDGED_HOSTILE", "60"))
SEED = int(os.environ.get("NUDGED_SEED", random.SystemRandom().randrange(10**9)))


def encode(service, *deliveries, room=False, url=HERE, **more):
    lines = carry(WEBHOOK, {**dialects.settings(service, url, room), **more}, list(deliveries), carry=False)
    assert len(lines) == 1 + len(deliveries), lines[:3]
    return [line["request"] for line in lines[1:]]


def sent(service, *items, room=False, **more):
    """The body of one message, as the service reads it."""
    found = dialects.delivery(service, list(items))
    if room:
        found = {"id": "d1", "items": list(items)}
    return dialects.read_body(service, encode(service, found, room=room, **more)[0])


# ---- what is sent ----

CARD = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "fallbackText": "Practice: naming\nAfter stand-up:\nreview one change.", "body": [
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "Practice: naming", "weight": "Bolder"}]},
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "After stand-up:"}]},
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "review one change."}], "spacing": "None"}]}
PLAIN = "Practice: naming\nAfter stand-up:\nreview one change."
BOLD = "**Practice: naming**\nAfter stand-up:\nreview one change."
BODIES = {
    "teams": {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": CARD}]},
    "discord": {"content": "**Practice: naming**", "embeds": [{"description": "After stand-up:\nreview one change."}], "allowed_mentions": {"parse": []}},
    "mattermost": {"text": BOLD},
    "rocketchat": {"text": "*Practice: naming*\nAfter stand-up:\nreview one change."},
    "googlechat": {"fallbackText": PLAIN, "cardsV2": [{"cardId": "nudged", "card": {"sections": [
        {"header": "Practice: naming", "widgets": [{"textParagraph": {"text": "After stand-up:\nreview one change."}}]}]}}]},
    "matrix": {"msgtype": "m.notice", "body": f"{PLAIN}\nAnswer: {LINK}", "format": "org.matrix.custom.html", "m.mentions": {},
               "formatted_body": f'<strong>Practice: naming</strong><br>After stand-up:<br>review one change.<br><a href="{LINK}">Answer</a>'},
    "zulip": {"type": "direct", "to": '["ana@example.org"]', "content": f"{BOLD}\n[Answer]({LINK})"},
    "ntfy": {"topic": "practice-ana", "title": "Practice: naming", "message": "After stand-up:\nreview one change.", "click": LINK,
             "actions": [{"action": "view", "label": "Answer", "url": LINK, "clear": True}]},
    "gotify": {"title": "Practice: naming", "message": f"After stand-up:\nreview one change.\nAnswer: {LINK}", "priority": 5,
               "extras": {"client::display": {"contentType": "text/plain"}, "client::notification": {"click": {"url": LINK}}}},
    "telegram": {"chat_id": 424242, "text": "<b>Practice: naming</b>\nAfter stand-up:\nreview one change.", "parse_mode": "HTML",
                 "link_preview_options": {"is_disabled": True}, "reply_markup": {"inline_keyboard": [[{"text": "Answer", "url": LINK}]]}},
    "webex": {"toPersonEmail": "ana@example.org", "text": f"{PLAIN}\nAnswer: {LINK}",
              "markdown": f"**Practice: naming**  \nAfter stand-up:  \nreview one change.  \n[Answer]({LINK})"},
    "slack-bot": {"channel": "U024BE7LH", "text": PLAIN, "unfurl_links": False, "unfurl_media": False, "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Practice: naming", "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "After stand-up:\nreview one change.", "emoji": False}},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"<{LINK}|Answer>"}}]},
}


@pytest.mark.parametrize("service", BODIES)
def test_a_message_reads_as_the_service_documents(service):
    assert sent(service, ITEM) == BODIES[service]


@pytest.mark.parametrize("service, method, url, login", [
    ("teams", "POST", HERE, None), ("mattermost", "POST", HERE, None), ("rocketchat", "POST", HERE, None),
    ("discord", "POST", HERE + "?wait=true", None), ("googlechat", "POST", HERE + "?requestId=d1", None),
    ("slack-bot", "POST", HERE + "/api/chat.postMessage", "Authorization: Bearer xoxb-" + TOKEN),
    ("matrix", "PUT", HERE + "/_matrix/client/v3/rooms/%21abc123%3Aexample.org/send/m.room.message/d1", "Authorization: Bearer " + TOKEN),
    ("zulip", "POST", HERE + "/api/v1/messages", "Authorization: Basic Ym90QGV4YW1wbGUub3JnOnNlc2FtZS10b2tlbi0xMjM0NTY3ODkw"),
    ("ntfy", "POST", HERE, "Authorization: Bearer tk_" + TOKEN), ("gotify", "POST", HERE + "/message", "X-Gotify-Key: " + TOKEN),
    ("telegram", "POST", HERE + f"/bot123456:{TOKEN}/sendMessage", None), ("webex", "POST", HERE + "/v1/messages", "Authorization: Bearer " + TOKEN),
])
def test_a_request_goes_where_the_service_listens(service, method, url, login):
    request = encode(service, dialects.delivery(service, [ITEM]))[0]
    assert (request["method"], request["url"]) == (method, url)
    assert request["headers"][1:] == ([login] if login else [])


@pytest.mark.parametrize("service, url, wanted", [
    ("googlechat", "https://chat.example/v1/spaces/S/messages?key=k&token=t", "https://chat.example/v1/spaces/S/messages?key=k&token=t&requestId=d1"),
    ("teams", "https://x.api.powerplatform.com/workflows/1/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sig=a_B%2D",
     "https://x.api.powerplatform.com/workflows/1/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sig=a_B%2D"),
    ("webex", "https://webexapis.com/v1/messages", "https://webexapis.com/v1/messages"), ("webex", "https://webexapis.com/", "https://webexapis.com/v1/messages"),
    ("slack-bot", "https://slack.com/api/chat.postMessage", "https://slack.com/api/chat.postMessage"),
])
def test_a_url_keeps_its_query_and_its_path(service, url, wanted):
    assert encode(service, dialects.delivery(service, [ITEM]), url=url)[0]["url"] == wanted


@pytest.mark.parametrize("service, wanted", [
    ("slack-bot", {"channel": "C024BE91L"}), ("zulip", {"type": "stream", "to": "practice", "topic": "reminders"}), ("ntfy", {"topic": "team"}),
    ("telegram", {"chat_id": -1001234567890}), ("webex", {"roomId": ROOM_TARGETS["webex"]})])
def test_a_fixed_target_is_a_room(service, wanted):
    opened = carry(WEBHOOK, dialects.settings(service, HERE, room=True), [])[0]
    assert (opened["is_room"], opened["needs_address"]) == (True, False)
    assert sent(service, ITEM, room=True).items() >= wanted.items()


@pytest.mark.parametrize("service", SERVICES)
def test_a_room_never_gets_a_link(service):
    if service in ROOMS or service in ROOM_TARGETS:
        body = json.dumps(dialects.texts(sent(service, {**ITEM, "title": "Demo day"}, room=True)))
        assert "Demo day" in body and "nudge.example.org" not in body and "Answer" not in body


def test_a_person_in_a_shared_room_gets_no_link_either():
    for service, room in (("slack", False), ("slack-bot", True), ("telegram", True)):
        request = encode(service, {"id": "d1", "person": "ana", "items": [ITEM]}, room=room)[0]
        assert "Practice: naming" in request["body"] and "nudge.example.org" not in request["body"]


@pytest.mark.parametrize("service", SERVICES)
def test_many_items_can_be_told_apart(service):
    items = [{**ITEM, "title": f"Title {n}", "text": f"text {n}", "answer_url": f"{LINK}{n}"} for n in range(3)]
    everything = "\n".join(dialects.texts(sent(service, *items)))
    assert all(f"Title {n}" in everything and f"text {n}" in everything for n in range(3)), everything
    if service not in ROOMS:
        assert all(f"{LINK}{n}" in everything for n in range(3))


@pytest.mark.parametrize("service", SERVICES)
def test_a_long_item_does_not_crowd_out_the_others(service):
    items = [{**ITEM, "title": "Long", "text": "word " * 10000}, {**ITEM, "title": "Short", "text": "the other one"}]
    everything = "\n".join(dialects.texts(sent(service, *items)))
    assert "the other one" in everything and "…" in everything


@pytest.mark.parametrize("service", SERVICES)
def test_more_than_fits_is_said(service):
    items = [{**ITEM, "title": f"Title {n}", "text": "x" * 200} for n in range(400)]
    everything = " ".join(dialects.texts(sent(service, *items)))
    assert re.search(r"and [0-9]+ more", everything)


@pytest.mark.parametrize("service", SERVICES)
def test_even_an_empty_message_says_something(service):
    for item in ({"title": "", "text": " \n", "reminder": "demo-day"}, {"title": "Only a title", "text": ""}):
        everything = "\n".join(dialects.texts(sent(service, item)))
        assert (item["title"] or "demo-day") in everything.replace("\\-", "-")


def test_a_late_message_says_when_it_was_due_in_the_readers_own_time():
    late = {**ITEM, "due": 1795424400 - 3600}
    assert "<t:1795420800:f>" in sent("discord", late)["embeds"][0]["description"]
    assert sent("slack", late)["blocks"][2]["text"]["text"] == "<!date^1795420800^{date_short_pretty} {time}|2026-11-23 08:00 UTC>"
    assert "<t:" not in json.dumps(sent("discord", ITEM)) and "!date" not in json.dumps(sent("slack", ITEM))


def test_telegram_gets_buttons_only_for_links_that_it_takes():
    body = sent("telegram", {**ITEM, "answer_url": "http://nudge.lan/a/x"})
    assert "reply_markup" not in body and body["text"].endswith('<a href="http://nudge.lan/a/x">Answer</a>')


def test_ntfy_has_three_buttons_and_links_beyond():
    body = sent("ntfy", *[{**ITEM, "title": f"T{n}", "answer_url": f"{LINK}{n}"} for n in range(4)])
    assert [action["label"] for action in body["actions"]] == ["T0", "T1", "T2"] and f"Answer: {LINK}3" in body["message"]


# ---- nobody is rung ----

# What rings there, when a text holds it as it is; of the rest a field of the request forbids it.
RINGS = {"slack": r"<[!@#]", "slack-bot": r"<[!@#]", "mattermost": r"@\w|<!", "rocketchat": r"@\w|<\w", "googlechat": r"<users/", "zulip": r"@\*|@_\*|#\*",
         "telegram": r"@\w", "webex": r"<@"}


@pytest.mark.parametrize("service", RINGS)
@pytest.mark.parametrize("room", [False, True])
def test_no_text_mentions_anybody(service, room):
    if room and service not in ROOM_TARGETS and service not in ROOMS:
        return
    everything = " ".join(dialects.MENTIONS)
    body = sent(service, {**ITEM, "title": everything, "text": everything + "\n" + everything}, room=room)
    for name, value in body.items():
        if (service, name) in (("googlechat", "fallbackText"), ("webex", "text"), ("webex", "toPersonEmail")):
            continue  # plain text there
        for text in dialects.texts(value):
            assert not re.search(RINGS[service], text.replace("<!date", "").replace("ana@example.org", "")), (service, name, text)


@pytest.mark.parametrize("service", ["teams", "matrix", "telegram", "googlechat"])
def test_no_text_is_markup(service):
    body = sent(service, {"title": "<b>x</b>", "text": "<script>&amp;</script><at>Ana</at> \"q\""})
    if service == "teams":  # a run of text has none
        runs = [run for block in body["attachments"][0]["content"]["body"] for run in block["inlines"]]
        assert [run["text"] for run in runs] == ["<b>x</b>", "<script>&amp;</script><at>Ana</at> \"q\""]
        return
    text = {"matrix": lambda: body["formatted_body"], "telegram": lambda: body["text"],
            "googlechat": lambda: body["cardsV2"][0]["card"]["sections"][0]["widgets"][0]["textParagraph"]["text"]}[service]()
    assert "&lt;script&gt;&amp;amp;&lt;/script&gt;&lt;at&gt;Ana&lt;/at&gt; &quot;q&quot;" in text


@pytest.mark.parametrize("service", ["discord", "mattermost", "webex"])
def test_no_text_is_markdown(service):
    written = "# a\n- b\n    c\n> d\n*e* _f_ `g` ~h~ [i](http://e.example) |j| \\k"
    found = sent(service, {"title": "", "text": written})
    text = found.get("markdown") or found.get("text") or found["embeds"][0]["description"]
    bare = re.sub(r"\\[\\`*_\[\]<>~|#+=-]", "", html.unescape(text) if service != "discord" else text)
    assert not re.search(r"[`*_\[\]~|\\#]|^[-+=]|^ {4}", bare, re.MULTILINE), text


@pytest.mark.parametrize("service", ["discord", "mattermost", "rocketchat", "zulip", "webex", "telegram", "matrix"])
def test_a_link_in_a_text_stays_one(service):
    link = "https://e.example/a_b/~c?x=1&y=*2*@home#top"
    found = sent(service, {"title": "", "text": f"see {link} now"})
    text = found.get("markdown") or found.get("formatted_body") or found.get("text") or found.get("content") or found["embeds"][0]["description"]
    word = html.unescape(text.split()[1])
    assert urllib.parse.unquote(word) == link and word.endswith("#top"), text


def test_control_characters_and_overrides_of_direction_are_left_out():
    for service in SERVICES:
        found = sent(service, {"title": "a\u202eb", "text": "c\x1b[31m\x07d\u2066e\x7f\tf\r\ng"})
        everything = "".join(dialects.texts(found))
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", everything), service


# ---- limits ----

def test_a_link_is_never_cut_inside():
    for before in range(3500, 4000, 97):
        message = sent("ntfy", {**ITEM, "text": "x" * before + " https://e.example/" + "p" * 600})["message"]
        assert "https" not in message and message.endswith(" …")


def test_a_request_to_ntfy_is_at_most_twice_a_message():
    body = sent("ntfy", {**ITEM, "title": '"' * 300, "text": '"' * 4096})
    assert len(json.dumps(body, separators=(",", ":"))) <= 8000
    assert len(sent("ntfy", {**ITEM, "text": "x" * 4096})["message"]) > 3900  # not less than it must


def test_a_card_has_no_more_lines_than_it_can_carry():
    request = encode("teams", dialects.delivery("teams", [{"title": "T", "text": "\n".join(f"line {n}" for n in range(700))}]))[0]
    LIMITS["teams"](request, json.loads(request["body"]))
    assert len(json.loads(request["body"])["attachments"][0]["content"]["body"]) <= 51 and "line 600" in request["body"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("cluster", dialects.CLUSTERS)
def test_a_text_is_cut_between_the_characters_that_people_see(service, cluster):
    found = [text for text in dialects.texts(sent(service, {"title": cluster * 300, "text": cluster * 20000})) if "…" in text]
    assert found
    for text in found:
        for line in re.split("\n|<br>", re.sub(r"</?(?:b|strong)>|\*\*|  $|\\|^\*|\*$", "", text)):
            if line:
                assert line.rstrip("* ").removesuffix("…") == cluster * (len(line.rstrip("* ").removesuffix("…")) // len(cluster)), line[-40:]


@pytest.mark.parametrize("service", SERVICES)
def test_hostile_messages_stay_within_the_limits(service):
    print(f"NUDGED_SEED={SEED} NUDGED_HOSTILE={HOSTILE}")
    chance = dialects.seeded(f"{SEED} {service}")
    left = HOSTILE
    while left:
        messages = [dialects.hostile(chance) for _ in range(min(left, 60))]
        left -= len(messages)
        requests = encode(service, *[dialects.delivery(service, items, id=f"d{n}") for n, items in enumerate(messages)])
        for items, request in zip(messages, requests):
            body = dialects.read_body(service, request)
            LIMITS[service](request, body)
            body.pop("reply_markup", None)
            everything = "".join(dialects.texts(body))
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", everything)
            assert service not in ROOMS or "nudge.example.org" not in everything
            if service in RINGS and service not in ("googlechat", "webex", "slack", "slack-bot"):
                assert not re.search(RINGS[service], everything)


@pytest.mark.parametrize("service", SERVICES)
def test_a_message_is_the_same_on_every_attempt(service):
    first = {**dialects.delivery(service, [ITEM]), "attempt": 1}
    one, two = encode(service, first, {**first, "attempt": 3, "now": 1795429999})
    assert one == two


# ---- settings ----

@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_whom_it_reaches_and_how_fast(service):
    opened = carry(WEBHOOK, dialects.settings(service, HERE), [])[0]
    assert (opened["is_room"], opened["needs_address"]) == (service in ROOMS, ADDRESSES.get(service) is not None)
    assert opened["rate"] == pytest.approx({"teams": 4, "discord": 0.5, "mattermost": 10, "rocketchat": 0, "matrix": 0, "zulip": 200 / 60, "ntfy": 0.2,
                                            "gotify": 0, "telegram": 30, "webex": 0}.get(service, 1))


def test_a_group_at_telegram_is_slower_than_persons():
    assert carry(WEBHOOK, dialects.settings("telegram", HERE, room=True), [])[0]["rate"] == pytest.approx(20 / 60)


@pytest.mark.parametrize("service", ["matrix", "zulip", "gotify", "telegram", "webex"])
def test_a_service_with_logins_needs_its_secret(service):
    said = complaints(carry(WEBHOOK, {"url": HERE, "dialect": service}, []))
    assert len(said) == 1 and said[0][0] == "secret" and "token" in said[0][1] or "key" in said[0][1]
    assert carry(WEBHOOK, {"url": HERE, "dialect": service}, [], check_only=True)[0]["opened"] == "webhook"


@pytest.mark.parametrize("settings, setting, word", [
    ({"dialect": "teams", "secret": "x"}, "secret", "URL is the secret"), ({"dialect": "teams", "to": "x"}, "to", "no targets"),
    ({"dialect": "slack", "to": "C024BE91L"}, "to", "without a secret"), ({"dialect": "slack", "secret": "nonsense"}, "secret", "xoxb"),
    ({"dialect": "zulip", "secret": "no-colon"}, "secret", "colon"), ({"dialect": "telegram", "secret": "a b:c"}, "secret", "123456:ABC"),
    ({"dialect": "matrix", "secret": "a\r\nX: y"}, "secret", "access token"),
    ({"dialect": "ntfy", "to": "{{person.id}}"}, "to", "{{address}} can"), ({"dialect": "ntfy", "to": "{{address}}{{address}}"}, "to", "once"),
    ({"dialect": "ntfy", "to": "two words"}, "to", "1 to 64"), ({"dialect": "ntfy", "to": ""}, "to", "empty"),
    ({"dialect": "zulip", "secret": "a:b", "to": "#practice>{{address}}"}, "to", "others read"),
    ({"dialect": "zulip", "secret": "a:b", "to": "#practice"}, "to", "#CHANNEL>TOPIC"),
    ({"dialect": "zulip", "secret": "a:b", "to": "#practice>" + "x" * 61}, "to", "60 characters"),
    ({"dialect": "webex", "secret": "a", "to": "ana@example.org"}, "to", "leave"),
])
def test_a_setting_that_does_not_fit_is_a_complaint(settings, setting, word):
    said = complaints(carry(WEBHOOK, {"url": HERE, **settings}, []))
    assert len(said) == 1 and said[0][0] == setting and word in said[0][1], said
    assert "nonsense" not in said[0][1]


@pytest.mark.parametrize("service, good, bad", [
    ("slack-bot", ["U024BE7LH", "W012A3CDE", "D0G9QPY56"], ["ana", "C024BE91L", "#general", "", "U 1"]),
    ("matrix", ["!abc:example.org", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"], ["@ana:example.org", "#room:example.org", "!", "!a b:c", ""]),
    ("zulip", ["ana@example.org", "12"], ["#practice>x", "Ana Ruiz", ""]), ("ntfy", ["practice-ana", "A_1"], ["a/b", "a b", "x" * 65, "é", ""]),
    ("telegram", ["424242"], ["-100123", "@group", "ana", "1" * 19, ""]), ("webex", ["ana@example.org", "Y" * 60], ["ana", "a b@c", "<@all>@x", ""]),
])
def test_an_address_is_of_the_service(service, good, bad):
    lines = carry(WEBHOOK, dialects.settings(service, HERE), [], addresses=good + bad)
    why = {line["check"]: line["why"] for line in lines if "check" in line}
    assert {text for text in why if why[text] is None} == set(good)


def test_a_target_may_have_the_address_as_a_part():
    settings = {"to": "team-{{address}}-x7"}
    assert sent("ntfy", ITEM, **settings)["topic"] == "team-practice-ana-x7"
    lines = carry(WEBHOOK, {**dialects.settings("ntfy", HERE), **settings}, [], addresses=["ana", "a/b", "x" * 60])
    assert [line["why"] is None for line in lines if "check" in line] == [True, False, False]
    assert lines[0]["needs_address"] and not lines[0]["is_room"]


# ---- answers ----

GOOD = {"slack": "ok", "teams": "", "discord": '{"id":"123","content":"x"}', "mattermost": "ok", "rocketchat": '{"success":true}',
        "googlechat": '{"name":"spaces/S/messages/M"}', "slack-bot": '{"ok":true,"ts":"1503435956.000247"}', "matrix": '{"event_id":"$e1"}',
        "zulip": '{"result":"success","msg":"","id":42}', "ntfy": '{"id":"xE73","event":"message"}', "gotify": '{"id":7,"message":"x"}',
        "telegram": '{"ok":true,"result":{"message_id":1}}', "webex": '{"id":"Y2lz","text":"x"}'}
RECEIPTS = {"discord": "123", "googlechat": "spaces/S/messages/M", "slack-bot": "1503435956.000247", "matrix": "$e1", "zulip": "42", "ntfy": "xE73", "gotify": "7",
            "webex": "Y2lz"}


def verdict(service, script, room=False):
    with Receiver(script) as receiver:
        lines = outcomes(carry(WEBHOOK, dialects.settings(service, receiver.url(), room), [dialects.delivery(service, [ITEM])]))
    assert len(lines) == 1 and TOKEN not in (lines[0]["reason"] or "")
    return lines[0]


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_service_took_is_sent(service):
    line = verdict(service, answer(202 if service == "teams" else 200, GOOD[service]))
    assert (line["outcome"], line["receipt"]) == ("sent", RECEIPTS.get(service))


@pytest.mark.parametrize("service", [service for service in SERVICES if service != "teams"])
@pytest.mark.parametrize("body, outcome", [("<html>hello</html>", "misconfigured"), ("{}", "misconfigured"), ("", "unknown"), ("[1]", "misconfigured")])
def test_a_200_of_something_else_is_no_success(service, body, outcome):
    line = verdict(service, answer(200, body))
    assert (line["outcome"], line["whole"]) == (outcome, outcome == "misconfigured")
    assert line["safe"] == (outcome == "unknown" and service in ("googlechat", "matrix"))


REPLIES = [
    # service, status, body, outcome, whole
    ("slack-bot", 200, '{"ok":false,"error":"channel_not_found"}', "refused destination", False),
    ("slack-bot", 200, '{"ok":false,"error":"invalid_auth"}', "misconfigured", True),
    ("slack-bot", 200, '{"ok":false,"error":"missing_scope","needed":"chat:write"}', "misconfigured", True),
    ("slack-bot", 200, '{"ok":false,"error":"invalid_blocks"}', "refused payload", False),
    ("slack-bot", 200, '{"ok":false,"error":"internal_error"}', "retry", False),
    ("slack-bot", 200, '{"ok":false,"error":"a_new_error"}', "refused payload", False),
    ("slack-bot", 429, '{"ok":false,"error":"ratelimited"}', "retry", True), ("slack-bot", 503, "busy", "retry", True),
    ("teams", 200, "1", "sent", False), ("teams", 400, '{"error":{"code":"TriggerInputSchemaMismatch"}}', "refused payload", False),
    ("teams", 401, '{"error":{"code":"DirectApiAuthorizationRequired"}}', "refused destination", True), ("teams", 404, "{}", "refused destination", True),
    ("teams", 410, "", "refused destination", True), ("teams", 413, "", "refused payload", False), ("teams", 429, "", "retry", True), ("teams", 502, "", "retry", False),
    ("discord", 404, '{"message":"Unknown Webhook","code":10015}', "refused destination", True),
    ("discord", 401, '{"message":"Invalid Webhook Token","code":50027}', "refused destination", True),
    ("discord", 400, '{"message":"Invalid Form Body","code":50035}', "refused payload", False),
    ("discord", 400, '{"message":"Cannot send an empty message","code":50006}', "refused payload", False),
    ("discord", 400, '{"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}', "misconfigured", True),
    ("discord", 403, '{"message":"internal network error","code":40333}', "misconfigured", True),
    ("discord", 429, '{"message":"You are being rate limited.","retry_after":0.5,"global":false}', "retry", True), ("discord", 204, "", "unknown", False),
    ("mattermost", 400, '{"id":"web.incoming_webhook.invalid.app_error","message":"Invalid webhook","status_code":400}', "refused payload", False),
    ("mattermost", 404, '{"message":"Failed to get the webhook"}', "refused destination", True), ("mattermost", 429, "limit exceeded", "retry", True),
    ("mattermost", 500, '{"message":"x"}', "retry", False),
    ("rocketchat", 200, '{"success":false}', "refused payload", False), ("rocketchat", 400, '{"success":false,"error":"invalid-channel"}', "refused destination", True),
    ("rocketchat", 503, '{"success":false,"error":"Service Unavailable"}', "refused destination", True), ("rocketchat", 503, "Service Unavailable", "refused destination", True),
    ("rocketchat", 404, '{"success":false,"error":"Invalid integration id or token provided."}', "refused destination", True),
    ("rocketchat", 429, '{"success":false,"error":"Error, too many requests."}', "retry", True),
    ("googlechat", 400, '{"error":{"code":400,"status":"INVALID_ARGUMENT"}}', "refused payload", False),
    ("googlechat", 403, '{"error":{"code":403,"status":"PERMISSION_DENIED"}}', "refused destination", True),
    ("googlechat", 404, '{"error":{"code":404,"status":"NOT_FOUND"}}', "refused destination", True),
    ("googlechat", 429, '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', "retry", True), ("googlechat", 500, "", "retry", False),
    ("matrix", 403, '{"errcode":"M_FORBIDDEN","error":"You are not in the room"}', "refused destination", False),
    ("matrix", 401, '{"errcode":"M_UNKNOWN_TOKEN","error":"x"}', "misconfigured", True), ("matrix", 404, '{"errcode":"M_NOT_FOUND","error":"x"}', "refused destination", False),
    ("matrix", 404, '{"errcode":"M_UNRECOGNIZED","error":"x"}', "misconfigured", True), ("matrix", 404, "<html>", "misconfigured", True),
    ("matrix", 413, '{"errcode":"M_TOO_LARGE","error":"x"}', "refused payload", False), ("matrix", 403, '{"errcode":"M_USER_DEACTIVATED"}', "misconfigured", True),
    ("matrix", 429, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}', "retry", True), ("matrix", 500, '{"errcode":"M_UNKNOWN"}', "retry", False),
    ("zulip", 400, '{"result":"error","code":"BAD_REQUEST","msg":"Invalid email"}', "refused payload", False),
    ("zulip", 400, '{"result":"error","code":"STREAM_DOES_NOT_EXIST","stream":"x"}', "refused destination", False),
    ("zulip", 401, '{"result":"error","code":"INVALID_API_KEY"}', "misconfigured", True), ("zulip", 401, '{"result":"error","code":"UNAUTHORIZED"}', "misconfigured", True),
    ("zulip", 429, '{"result":"error","code":"RATE_LIMIT_HIT","retry-after":28.7}', "retry", True), ("zulip", 200, '{"result":"error","msg":"x"}', "refused payload", False),
    ("ntfy", 400, '{"code":40009,"http":400,"error":"invalid request: topic invalid"}', "refused destination", False),
    ("ntfy", 401, '{"code":40101,"http":401,"error":"unauthorized"}', "misconfigured", True), ("ntfy", 403, '{"code":40301,"http":403,"error":"forbidden"}', "refused destination", False),
    ("ntfy", 413, '{"code":41303,"http":413,"error":"JSON body too large"}', "refused payload", False),
    ("ntfy", 429, '{"code":42901,"http":429,"error":"limit reached: too many requests"}', "retry", True),
    ("gotify", 400, '{"error":"Bad Request","errorCode":400}', "refused payload", False), ("gotify", 401, '{"error":"Unauthorized","errorCode":401}', "refused destination", True),
    ("gotify", 403, '{"error":"Forbidden"}', "refused destination", True), ("gotify", 500, "", "retry", False),
    ("telegram", 403, '{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}', "refused destination", False),
    ("telegram", 403, '{"ok":false,"error_code":403,"description":"Forbidden: user is deactivated"}', "refused destination", False),
    ("telegram", 400, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', "refused destination", False),
    ("telegram", 403, '{"ok":false,"error_code":403,"description":"Forbidden: the group chat was deleted"}', "refused destination", False),
    ("telegram", 403, '{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the supergroup chat"}', "refused destination", False),
    ("telegram", 400, '{"ok":false,"error_code":400,"description":"Bad Request: can\'t parse entities"}', "refused payload", False),
    ("telegram", 401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', "misconfigured", True),
    ("telegram", 404, '{"ok":false,"error_code":404,"description":"Not Found"}', "misconfigured", True),
    ("telegram", 429, '{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}', "retry", True),
    ("telegram", 200, '{"ok":false,"description":"x"}', "refused payload", False), ("telegram", 500, '{"ok":false}', "retry", False),
    ("webex", 400, '{"message":"x","errors":[]}', "refused payload", False), ("webex", 401, '{"message":"x"}', "misconfigured", True),
    ("webex", 404, '{"message":"Could not find a person"}', "refused destination", False), ("webex", 404, "<html>", "misconfigured", True),
    ("webex", 429, "", "retry", True), ("webex", 503, "", "retry", True),
]


@pytest.mark.parametrize("service, status, body, outcome, whole", REPLIES)
def test_an_answer_means(service, status, body, outcome, whole):
    line = verdict(service, answer(status, body))
    assert (line["outcome"], line["whole"]) == (outcome, whole), line
    assert (line["reason"] is None) == (outcome == "sent")


@pytest.mark.parametrize("service", ROOM_TARGETS)
def test_a_room_that_refuses_refuses_the_whole_channel(service):
    body = {"telegram": '{"ok":false,"description":"Bad Request: chat not found"}', "matrix": '{"errcode":"M_FORBIDDEN"}'}.get(service, "{}")
    line = verdict(service, answer(403, body), room=True)
    assert (line["outcome"], line["whole"]) == ("refused destination", True)


@pytest.mark.parametrize("service, body, wanted", [
    ("discord", '{"retry_after":1.5}', 1500), ("matrix", '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', 2500),
    ("zulip", '{"code":"RATE_LIMIT_HIT","retry-after":28.7}', 28700), ("telegram", '{"ok":false,"parameters":{"retry_after":35}}', 35000),
    ("ntfy", '{"code":42908}', 3600_000), ("ntfy", '{"code":42901}', 7000), ("googlechat", "{}", 7000), ("webex", "{}", 7000)])
def test_the_time_that_a_service_asks_for_is_given(service, body, wanted):
    asked = "" if wanted % 7000 or service == "telegram" else "Retry-After: 7\r\n"
    line = verdict(service, answer(429, body, asked))
    assert (line["outcome"], line["delay_ms"], line["whole"]) == ("retry", wanted, True)


def test_a_group_that_became_a_supergroup_has_moved():
    body = '{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded","parameters":{"migrate_to_chat_id":-1009}}'
    line = verdict("telegram", answer(400, body), room=True)
    assert (line["outcome"], line["address"]) == ("moved", "-1009")
    again = encode("telegram", {"id": "d1", "items": [ITEM], "address": "-1009"}, room=True)[0]
    assert json.loads(again["body"])["chat_id"] == -1009


@pytest.mark.parametrize("service", SERVICES)
def test_without_an_answer_only_an_idempotent_service_is_asked_again(service):
    line = verdict(service, lambda connection: (connection.read_request(), connection.reset()))
    assert (line["outcome"], line["safe"]) == ("unknown", service in ("googlechat", "matrix"))


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_that_repeats_the_secret_is_shown_to_nobody(service):
    def echo(connection):
        request = connection.read_request()
        body = request.path + " " + (request.header("Authorization") or "") + " " + (request.header("X-Gotify-Key") or "")
        connection.send(f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    line = verdict(service, echo)
    assert TOKEN not in json.dumps(line["reason"]) and "400" in line["reason"]
