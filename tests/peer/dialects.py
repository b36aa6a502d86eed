"""What the services of the webhook plugin document, written down a second time: settings that do, limits, and the
texts that would ring there. Their own words and numbers, not ours."""

import html
import json
import random
import re
import urllib.parse

TOKEN = "sesame-token-1234567890"
ROOMS = ["slack", "teams", "discord", "mattermost", "rocketchat", "googlechat"]
SECRETS = {"slack-bot": "xoxb-" + TOKEN, "matrix": TOKEN, "zulip": "bot@example.org:" + TOKEN, "ntfy": "tk_" + TOKEN, "gotify": TOKEN,
           "telegram": "123456:" + TOKEN, "webex": TOKEN}
ADDRESSES = {"slack-bot": "U024BE7LH", "matrix": "!abc123:example.org", "zulip": "ana@example.org", "ntfy": "practice-ana", "gotify": None,
             "telegram": "424242", "webex": "ana@example.org"}
ROOM_TARGETS = {"slack-bot": "C024BE91L", "matrix": "!team:example.org", "zulip": "#practice>reminders", "ntfy": "team", "telegram": "-1001234567890",
                "webex": "Y2lzY29zcGFyazovL3VzL1JPT00vYmJjZWI"}
SERVICES = ROOMS + list(SECRETS)


def settings(service, url, room=False):
    found = {"url": url, "dialect": service.removesuffix("-bot")}
    if service in SECRETS:
        found["secret"] = SECRETS[service]
    if room and service in ROOM_TARGETS:
        found["to"] = ROOM_TARGETS[service]
    return found


def delivery(service, items, id="d1", **more):
    """To a room where the service is one, else to Ana."""
    if service in ROOMS:
        return {"id": id, "items": items, **more}
    return {"id": id, "person": "ana", "person_name": "Ana Ruiz", "address": ADDRESSES[service], "items": items, **more}


# ---- reminders that nobody would write, and somebody will ----

CLUSTERS = ["\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3", "e\u0301", "n\u0303\u0323", "\u0915\u094d",
            "\u05e9\u05c1", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\u1100\u1161\u11a8", "\U0001f600", "é", "Ω", "中", "a"]
MENTIONS = ["@everyone", "@here", "@all", "@channel", "@ana", "<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S1>", "<@U024BE7LH>", "<@123456789>",
            "<@&987654321>", "<#C024BE91L>", "@**all**", "@**Ana Ruiz**", "@_**Ana**", "@*team*", "#**general**", "<users/all>", "<users/123>",
            "<at>Ana</at>", "@room", "<@all>", "<@personEmail:ana@example.org>", "<@personEmail:ana@example.org|Ana>"]
MARKUP = ["*bold*", "**bold**", "_it_", "~~gone~~", "`code`", "```\nfence", "[x](javascript:alert(1))", "![x](http://e.example/p.png)", "<b>b</b>",
          "<a href=\"http://e.example\">x</a>", "<script>alert(1)</script>", "&amp;&lt;", "# head", "> quote", "- list", "    code", "||spoiler||", "$$x^2$$",
          "<http://e.example|text>", "|a|b|", "\\", "\\*", "</p>", "{{person.name}}", "https://e.example/a_b_c?x=1&y=*2*#top", "%s%n"]
ODD = ["\u202eright to left\u202c", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u2066iso\u2069", "\x00", "\x01\x1b[31m", "\x7f\x85", "\u2028", "\ufeff",
       "\r\n", "\n", "\n\n", "\t", "\"", "'", "Z" + "\u0301" * 200, "\u200b", "  "]


def piece(chance):
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice(CLUSTERS) * chance.choice([1, 3, 40])
    if kind == 1:
        return chance.choice(MENTIONS)
    if kind == 2:
        return chance.choice(MARKUP)
    if kind == 3:
        return chance.choice(ODD)
    return chance.choice(["review one change ", "word ", "x" * chance.choice([5, 300])])


def text(chance, longest):
    if chance.random() < 0.05:
        return chance.choice(["x", "é", "&", "\\", "\"", "<", "@", "*", "\n", "\U0001f600"]) * longest
    found = "".join(piece(chance) for _ in range(chance.choice([0, 1, 4, 12, 40])))
    if chance.random() < 0.1:
        found *= 60
    return found.replace("\x00", "")[:longest]


def hostile(chance):
    """The items of one message."""
    return [{"occurrence": f"o{n}", "reminder": "review-practice", "title": text(chance, 400), "text": text(chance, 10000), "due": 1795424400 - chance.choice([0, 0, 7200]),
             **({"answer_url": f"https://nudge.example.org/a/{chance.randrange(10**30)}"} if chance.random() < 0.9 else {})}
            for n in range(chance.choice([1, 1, 1, 1, 2, 3, 12, 60]))]


def seeded(seed):
    return random.Random(seed)


# ---- limits ----

def units(text):
    return len(text.encode("utf-16-le")) // 2


def size(text):
    return len(text.encode())


def within_slack(request, body):
    assert len(body["text"].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")) <= 4000
    assert 1 <= len(body["blocks"]) <= 50
    for block in body["blocks"]:
        most = {"header": 150, "section": 3000}[block["type"]]
        assert 1 <= len(html.unescape(block["text"]["text"])) <= most
        if block["text"]["type"] == "mrkdwn":
            assert block["text"]["text"].startswith(("<https://nudge.example.org/a/", "<!date^"))


def within_teams(request, body):
    assert size(request["body"]) <= 20_000
    card = body["attachments"][0]["content"]
    assert all(run["text"] and "\n" not in run["text"] for block in card["body"] for run in block["inlines"])


def within_discord(request, body):
    assert units(body["content"]) <= 2000 and len(body["embeds"]) <= 10
    assert body["content"] or body["embeds"]
    assert body["allowed_mentions"] == {"parse": []}
    assert sum(units(embed.get("title", "")) + units(embed.get("description", "")) for embed in body["embeds"]) <= 6000
    assert all(units(embed.get("title", "")) <= 256 and units(embed.get("description", "")) <= 4096 for embed in body["embeds"])


def within_googlechat(request, body):
    assert size(request["body"]) <= 32_000
    assert all(1 <= len(section["widgets"]) and len(section["widgets"][0]["textParagraph"]["text"]) > 0 for section in body["cardsV2"][0]["card"]["sections"])


def within_matrix(request, body):
    assert size(request["body"]) <= 64_000
    assert body["m.mentions"] == {} and body["msgtype"] == "m.notice" and body["body"]


def within_zulip(request, body):
    assert 1 <= len(body["content"]) <= 10_000


def within_ntfy(request, body):
    assert 1 <= size(body["message"]) <= 4096 and size(request["body"]) <= 8192 and len(body.get("actions", [])) <= 3


def within_gotify(request, body):
    assert body["message"] and size(request["body"]) <= 64_000


def within_telegram(request, body):
    assert 1 <= units(html.unescape(body["text"])) <= 4096
    assert all(re.fullmatch('</?b>|<a href="https://nudge.example.org/a/[0-9]+">|</a>', tag) for tag in re.findall("<[^>]*>", body["text"]))


def within_webex(request, body):
    assert 1 <= size(body["markdown"]) <= 7439 and 1 <= size(body["text"]) <= 7439


def within_mattermost(request, body):
    assert 1 <= len(body["text"]) <= 16_383


def within_rocketchat(request, body):
    assert 1 <= units(body["text"]) <= 5000


LIMITS = {service: globals()["within_" + service.removesuffix("-bot")] for service in SERVICES}


def read_body(service, request):
    """As the service reads it."""
    if service != "zulip":
        return json.loads(request["body"])
    return {name: values[0] for name, values in urllib.parse.parse_qs(request["body"], keep_blank_values=True, strict_parsing=True).items()}


def texts(value):
    """Every text in a body, however deep."""
    if isinstance(value, dict):
        return [found for inner in value.values() for found in texts(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in texts(inner)]
    return [value] if isinstance(value, str) else []
