"""People's own pages: what they show, what they change, and whom they let in."""

import base64
import hashlib
import hmac
import json
import re
from html.parser import HTMLParser

import pytest

from scenario.harness import fetch, hook, person, reminder
from scenario.house import KEY, House, ask

pytestmark = pytest.mark.sanitized

PERSON_BYTES = 27
MORE_REMINDERS = """,
  { id = "also"; kind = "note"; calendar = "Mon..Fri 09:30"; to = [ "ana", "bo" ]; title = "Also"; text = "Your page: {{practice_url}}"; },
  { id = "hers"; kind = "note"; calendar = "Mon..Fri 11:00"; to = [ "bo" ]; title = "Only for Bo <b>"; text = "Bo's <own> words"; }
"""


@pytest.fixture(scope="module")
def house():
    with House(reminders=MORE_REMINDERS) as house:
        yield house.use_key().start()


def post(house, path, body, **headers):
    return ask(house, "POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded", **headers})


def links(house, person="ana"):
    row = house.rows("link", person)[0]
    return [row[name].split(house.listen, 1)[1] for name in ("page", "calendar")]


def open_item(house, text):
    return re.search(r'name="occurrence" value="([0-9a-z]{26})"', text).group(1)


def record(house, occurrence):
    return next(row for row in house.rows("list", "--all", "--limit", "1000") if row["occurrence"] == occurrence)


def pauses(house):
    return {pause["what"]: pause for pause in house.rows("status")[0]["pauses"]}


def test_the_page_shows_what_waits_what_comes_and_what_can_be_changed(house):
    item = house.send()
    page = ask(house, "GET", links(house)[0])
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Your practice, Ana Ruiz</h1>" in page.text
    assert item["occurrence"] in page.text and "after stand-up: review one change." in page.text
    for heading in ("Waiting for your answer", "Coming up", "Take a rest", "How often", "Your data"):
        assert heading in page.text
    assert "Europe/London" in page.text and "Practice: code &lt;review&gt;" in page.text
    assert "<script" not in page.text and "style=" not in page.text and "http-equiv" not in page.text


def test_what_belongs_to_somebody_else_is_never_on_it(house):
    page = ask(house, "GET", links(house)[0])
    assert "Bo Ny" not in page.text and 'value="hers"' not in page.text and 'value="lost"' not in page.text and "Only for Bo" not in page.text
    other = ask(house, "GET", links(house, "bo")[0])
    assert "Ana" not in other.text and "Only for Bo &lt;b&gt;" in other.text


def test_the_link_in_a_message_opens_the_page_of_who_got_it(house):
    house.ctl("send", "also", "--to", "ana")
    item = house.receiver.wait(1, person="ana", reminder="also")[-1].body["data"]
    path = item["text"].split(house.listen, 1)[1]
    assert path == links(house)[0]
    assert "Ana Ruiz" in ask(house, "GET", path).text


def test_links_are_of_one_person_and_one_purpose_and_nothing_else_opens(house):
    page, calendar = links(house)
    assert page != links(house, "bo")[0] and len(page) == len("/me/") + 36
    assert calendar.endswith(".ics") and calendar[:-4] != page
    assert ask(house, "GET", calendar[:-4]).status == 403 and ask(house, "GET", page + ".ics").status == 403
    for path in (page + "x", page[:-1], "/me/", "/me/x", page.replace("/me/", "/a/"), "/me/../healthz", "/me/" + page[4:].swapcase()):
        assert ask(house, "GET", path).status == 403, path
        assert post(house, path, "do=resume").status == 403, path
    assert ask(house, "GET", page + "/nothing").status == 404
    answer = house.send()["answer_url"].split("/a/")[1]
    assert ask(house, "GET", "/me/" + answer).status == 403


def make_token(person, purpose=1, number=0, secret=KEY, tag=None):
    """The documented form, by another implementation, with the tag of a real one."""
    derived = hmac.new(b"nudged answer link".ljust(32, b"\0"), secret.encode(), hashlib.sha512).digest()
    wire = bytes([2, derived[32], purpose]) + tag
    mac = hmac.new(derived[:32], wire + number.to_bytes(8, "big") + person.encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(wire + mac).decode().rstrip("=")


def test_a_persons_token_is_as_documented_and_any_changed_byte_is_forged(house):
    page = links(house)[0]
    wire = base64.urlsafe_b64decode(page.rsplit("/", 1)[1])
    assert len(wire) == PERSON_BYTES and b"ana" not in wire
    assert "/me/" + make_token("ana", tag=wire[3:11]) == page
    for token in (make_token("bo", tag=wire[3:11]), make_token("ana", purpose=2, tag=wire[3:11]),
                  make_token("ana", number=1, tag=wire[3:11]), make_token("ana", secret=KEY + "x", tag=wire[3:11])):
        assert ask(house, "GET", "/me/" + token).status == 403
    for at in range(PERSON_BYTES):
        forged = wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1:]
        assert ask(house, "GET", "/me/" + base64.urlsafe_b64encode(forged).decode()).status == 403, at


def test_looking_changes_nothing(house):
    item, page = house.send(), links(house)[0]
    before = record(house, item["occurrence"])
    for method in ("GET", "HEAD"):
        assert ask(house, method, page + "?do=answer&answer=done").status == 200
    assert record(house, item["occurrence"]) == before and not pauses(house)
    for method in ("PUT", "DELETE", "OPTIONS"):
        reply = ask(house, method, page)
        assert reply.status == 405 and reply.headers["allow"] == "GET, HEAD, POST"


def test_an_open_item_is_answered_on_the_page(house):
    item, page = house.send(), links(house)[0]
    reply = post(house, page, f"do=answer&occurrence={item['occurrence']}&answer=stuck&text=secret+words")
    assert reply.status == 200 and 'role="status"' in reply.text and "secret words" not in reply.text
    assert record(house, item["occurrence"])["answer"] == "stuck"
    assert f'value="{item["occurrence"]}"' not in reply.text
    assert "secret words" not in house.log and page.rsplit("/", 1)[1] not in house.log


def test_somebody_elses_item_cannot_be_answered_from_my_page(house):
    house.ctl("send", "hers")
    theirs = next(row for row in house.rows("list", "--all") if row["reminder"] == "hers")["occurrence"]
    reply = post(house, links(house)[0], f"do=answer&occurrence={theirs}&answer=done")
    assert reply.status == 404 and record(house, theirs)["answer"] is None
    shown = ask(house, "GET", links(house, "bo")[0]).text
    assert "Bo&#39;s &lt;own&gt; words" in shown and "<own>" not in shown


def test_a_rest_is_taken_and_ended_by_the_person_and_nobody_learns_why(house):
    page = links(house)[0]
    reply = post(house, page, "do=pause&until=2030-01-07")
    assert reply.status == 200 and "Nothing is sent to you until" in reply.text and "Mon 7 January, 00:00" in reply.text
    assert pauses(house)["person:ana"]["until"] == "2030-01-07T00:00:00Z"
    assert "Nothing in the next two weeks" in reply.text
    reply = post(house, page, "do=resume")
    assert reply.status == 200 and "person:ana" not in pauses(house)
    assert post(house, page, "do=resume").status == 200
    for until in ("", "soon", "2001-01-01", "2030-02-30"):
        assert post(house, page, f"do=pause&until={until}").status == 400, until
    assert post(house, page, "do=pause").status == 400


def test_an_organisers_pause_is_shown_and_not_theirs_to_end(house):
    page = links(house)[0]
    house.ctl("pause", "person:ana", "--reason", "parental leave", "--until", "2030-01-07")
    try:
        shown = ask(house, "GET", page)
        assert "An organiser arranged this" in shown.text and "parental leave" not in shown.text
        assert post(house, page, "do=resume").status == 400 and post(house, page, "do=pause&until=2031-01-01").status == 400
        assert pauses(house)["person:ana"]["reason"] == "parental leave"
    finally:
        house.ctl("resume", "person:ana")


def test_less_and_stop_have_a_way_back(house):
    page = links(house)[0]
    assert post(house, page, "do=pace&reminder=practice&pace=stop").status == 200
    assert list(pauses(house)) == ["stop:ana:practice"]
    shown = ask(house, "GET", page).text
    assert '<option value="stop" selected>' in shown and "Practice: code" not in re.sub(r"(?s)<details.*</details>", "", shown)
    assert post(house, page, "do=pace&reminder=practice&pace=less").status == 200
    assert list(pauses(house)) == ["less:ana:practice"]
    assert post(house, page, "do=pace&reminder=practice&pace=planned").status == 200
    assert not pauses(house)
    assert post(house, page, "do=pace&reminder=practice&pace=planned").status == 200


@pytest.mark.parametrize("body", [
    "", "do=", "do=nothing", "do=pace", "do=pace&reminder=practice", "do=pace&reminder=nothing&pace=stop",
    "do=pace&reminder=practice&pace=done", "do=pace&reminder=practice&pace=", "do=answer", "do=answer&answer=done",
    "do=answer&answer=done&occurrence=x", "do=answer&answer=done&occurrence=00000000000000000000000000",
    "do=resume&do=pause", "do=%00", "do=%ff", "answer=done", "do=pace&reminder=%0d%0a&pace=stop"])
def test_a_form_that_makes_no_sense_is_refused_and_changes_nothing(house, body):
    assert post(house, links(house)[0], body).status == 400
    assert not pauses(house)


def test_a_form_without_a_type_or_too_large_is_refused(house):
    page = links(house)[0]
    assert ask(house, "POST", page, "do=resume").status == 400
    assert ask(house, "POST", page, "do=resume", Content_Type="application/json").status == 400
    assert post(house, page, "do=resume&more=" + "x" * 16384).status == 413


def test_a_form_on_a_page_of_somebody_else_is_refused(house):
    page = links(house)[0]
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example"},
                    {"Origin": f"http://{house.listen}.evil.example"}, {"Origin": "http://127.0.0.1"},
                    {"Origin": "null", "Sec_Fetch_Site": "cross-site"}):
        assert post(house, page, "do=pace&reminder=practice&pace=stop", **headers).status == 403, headers
    assert not pauses(house)
    for headers in ({"Origin": f"http://{house.listen}"}, {"Origin": "null"}, {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
                    {"Sec_Fetch_Site": "none"}, {"Origin": "https://proxy.example", "Host": "proxy.example"}):
        assert post(house, page, "do=resume", **headers).status == 200, headers


def test_my_data_is_a_file_with_my_words_and_nobody_elses(house):
    item, page = house.send(), links(house)[0]
    post(house, page, f"do=answer&occurrence={item['occurrence']}&answer=done&text=my+own+words")
    post(house, page, "do=pace&reminder=also&pace=less")
    reply = ask(house, "GET", page + "/data.json")
    assert reply.status == 200 and reply.headers["content-disposition"].startswith("attachment")
    data = json.loads(reply.text)
    assert next(row for row in data["occurrences"] if row["occurrence"] == item["occurrence"])["answer_text"] == "my own words"
    assert {row["recipient"] for row in data["occurrences"] + data["deliveries"]} == {"ana"}
    assert [pause["what"] for pause in data["pauses"]] == ["less:ana:also"]
    assert len(data["occurrences"]) == len([row for row in house.rows("list", "--all", "--person", "ana", "--limit", "1000")])
    assert ask(house, "GET", links(house, "bo")[0] + "/data.json").text.count('"ana"') == 0
    post(house, page, "do=pace&reminder=also&pace=planned")


def test_data_of_many_pages_is_whole(house):
    before = len(json.loads(ask(house, "GET", links(house)[0] + "/data.json").text)["occurrences"])
    for _ in range(60):
        house.ctl("send", "practice")
    data = json.loads(ask(house, "GET", links(house)[0] + "/data.json").text)
    assert len(data["occurrences"]) == before + 60
    assert len({row["occurrence"] for row in data["occurrences"]}) == before + 60


def test_the_calendar_shows_four_weeks_of_that_person_alone(house):
    calendar = links(house)[1]
    reply = ask(house, "GET", calendar)
    assert reply.status == 200 and reply.headers["content-type"] == "text/calendar; charset=utf-8"
    icalendar = pytest.importorskip("icalendar")
    events = icalendar.Calendar.from_ical(reply.text).walk("VEVENT")
    assert {str(event["CATEGORIES"].to_ical(), "utf-8") for event in events} <= {"practice", "early", "nightly", "also"}
    assert 19 <= sum(1 for event in events if event["CATEGORIES"].to_ical() == b"practice") <= 20
    assert "Bo" not in reply.text
    assert post(house, calendar, "do=resume").status == 405
    post(house, links(house)[0], "do=pace&reminder=practice&pace=stop")
    assert "CATEGORIES:practice" not in ask(house, "GET", calendar).text
    post(house, links(house)[0], "do=pace&reminder=practice&pace=planned")


def test_choices_are_kept_and_shown_again(house):
    page = links(house)[0]
    reply = post(house, page, "do=choose&share=team&celebrate=off&plateau=yes&pair=no")
    assert reply.status == 200 and "Your choices are kept" in reply.text
    shown = ask(house, "GET", page).text
    for name, value in (("share", "team"), ("celebrate", "off"), ("plateau", "yes"), ("pair", "no")):
        field = re.search(rf'(?s)<select id="{name}".*?</select>', shown)[0]
        assert f'<option value="{value}" selected>' in field, name
    for body in ("celebrate=loud", "plateau=", "share=everybody"):
        assert post(house, page, "do=choose&" + body).status == 400, body
    assert post(house, page, "do=choose&share=me&celebrate=me&plateau=no&pair=yes").status == 200


def test_a_focus_of_my_own_is_kept_changed_and_removed_and_seen_by_nobody_else(house):
    page = links(house)[0]
    body = "do=focus&number={}&then={}&skill=secret+singing+%3Cb%3E%22&why=joy&goal=&cue=&act=&measure=&from=2027-01-01&until="
    assert post(house, page, body.format(1, "keep")).status == 200
    shown = ask(house, "GET", page).text
    assert shown.count("secret singing &lt;b&gt;&quot;") == 2 and 'value="2027-01-01"' in shown and 'value="joy"' in shown
    for text in (ask(house, "GET", links(house, "bo")[0]).text, house.log, *(house.ctl(*words, "--json").stdout for words in (
            ("status",), ("list", "--all"), ("deliveries", "--all"), ("preview",), ("export", "bo"))),
            ask(house, "GET", links(house)[1]).text, ask(house, "GET", house.send()["answer_url"].split(house.listen, 1)[1]).text):
        assert "secret singing" not in text
    assert "secret singing" in ask(house, "GET", page + "/data.json").text
    assert post(house, page, body.format(1, "keep").replace("singing", "dancing")).status == 200
    assert "secret dancing" in ask(house, "GET", page).text
    assert post(house, page, body.format(1, "remove")).status == 200
    assert "secret dancing" not in ask(house, "GET", page).text
    for wrong in (body.format(0, "keep"), body.format(6, "keep"), body.format(1, "burn"), body.format("x", "keep"),
                  "do=focus&number=1&then=keep&skill=", "do=focus&number=1&then=keep&skill=x&from=2027-13-01",
                  "do=focus&number=1&then=keep&skill=x&from=2027-02-01&until=2027-01-01",
                  "do=focus&number=1&then=keep&skill=" + "x" * 301, "do=focus"):
        assert post(house, page, wrong).status == 400, wrong


def test_progress_is_counted_and_never_whole(house):
    page = links(house)[0]
    for _ in range(3):
        post(house, page, f"do=answer&occurrence={house.send()['occurrence']}&answer=done")
    text = ask(house, "GET", page).text
    count = int(re.search(r"<b>(\d+)</b> practice", text)[1])
    assert count >= 3 and "100 %" not in text
    post(house, page, f"do=answer&occurrence={house.send()['occurrence']}&answer=stuck")
    assert f"<b>{count + 1}</b> practice" in ask(house, "GET", page).text
    assert "Your first practice is still to come" in ask(house, "GET", links(house, "bo")[0]).text


def test_new_links_make_the_older_ones_void(house):
    before = links(house)
    row = house.rows("link", "ana", "--new")[0]
    after = [row[name].split(house.listen, 1)[1] for name in ("page", "calendar")]
    assert after == links(house) and not set(after) & set(before)
    assert [ask(house, "GET", path).status for path in before + after] == [403, 403, 200, 200]
    assert post(house, before[0], "do=resume").status == 403
    assert ask(house, "GET", links(house, "bo")[0]).status == 200
    assert house.ctl("link", "nobody", "--new", ok=False).returncode == 1


def test_a_pace_is_kept_over_a_restart_and_so_is_the_way_back():
    with House(store="sqlite") as house:
        house.start()
        for pace, kept in (("stop", ["stop:ana:practice"]), ("less", ["less:ana:practice"]), ("planned", [])):
            assert post(house, links(house)[0], "do=pace&reminder=practice&pace=" + pace).status == 200
            house.stop()
            house.start()
            assert list(pauses(house)) == kept


def test_what_went_today_is_not_shown_as_coming(nudged, receiver):
    today = "".join(reminder(f"at-{hour}", "ana", f'calendar = "{hour}:00"') for hour in ("09", "12", "15"))
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=today)
    daemon.start(clock="@2026-06-02 18:00:00")
    daemon.stop()
    daemon.start(clock="@2026-06-03 12:30:00")
    page = fetch(daemon.rows("link", "ana")[0]["page"])[1]
    first = re.search(r"(?s)<h3>Today, Wed 3 June</h3>(.*?)</ul>", page)[1]
    assert re.findall(r"<b>(\d\d):00</b>", first) == ["15"]
    tomorrow = re.search(r"(?s)<h3>Tomorrow, Thu 4 June</h3>(.*?)</ul>", page)[1]
    assert re.findall(r"<b>(\d\d):00</b>", tomorrow) == ["09", "12", "15"]


def test_who_asks_to_be_forgotten_is_and_gets_nothing_any_more_until_they_come_back():
    with House(store="sqlite", reminders=MORE_REMINDERS) as house:
        house.start()
        item, (page, calendar) = house.send(), links(house)
        post(house, page, f"do=answer&occurrence={item['occurrence']}&answer=done&text=secret+words")
        post(house, page, "do=focus&number=1&then=keep&skill=secret+singing")
        asking = ask(house, "GET", page + "/forget")
        check_outline(asking.text)
        assert asking.status == 200 and "Everything that is recorded about you is removed" in asking.text
        for body in ("", "sure=", "sure=yes", "do=forget"):
            assert post(house, page + "/forget", body).status == 400, body
        assert post(house, page + "/forget", "sure=forget+me", Sec_Fetch_Site="cross-site").status == 403
        assert ask(house, "GET", page).status == 200
        done = post(house, page + "/forget", "do=forget&sure=Forget+me")
        assert done.status == 200 and "You are forgotten" in done.text
        assert [ask(house, "GET", path).status for path in (page, page + "/data.json", calendar)] == [403] * 3
        for _ in range(2):
            assert not [row for row in house.rows("export", "ana") if "occurrence" in row or "delivery" in row or "name" in row]
            assert not [row for row in house.rows("preview") if row["person"] == "ana"]
            assert any(row["person"] == "bo" for row in house.rows("preview"))
            assert house.ctl("send", "practice", ok=False).returncode == 1
            house.stop()
            kept = b"".join(file.read_bytes() for file in (house.folder / "state").iterdir() if file.is_file())
            assert not any(words in kept + house.log.encode() for words in (b"secret words", b"secret singing"))
            house.start()
        house.ctl("reload")
        assert not [row for row in house.rows("export", "ana") if "begun" in row or "occurrence" in row]
        assert house.ctl("resume", "forgotten:bo", ok=False).returncode == 1
        house.ctl("resume", "forgotten:ana")
        assert any(row["person"] == "ana" for row in house.rows("preview"))
        assert house.send()["occurrence"] and ask(house, "GET", links(house)[0]).status == 200


class Outline(HTMLParser):
    """What somebody finds who cannot see the page."""

    def __init__(self, text):
        super().__init__()
        self.labels, self.controls, self.levels, self.ids, self.named, self.open = set(), [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "label":
            self.labels.add(attributes["for"])
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden":
            self.controls.append(attributes["id"])
        if tag in ("h1", "h2", "h3"):
            self.levels.append(int(tag[1]))
        if tag in ("section", "nav", "svg"):
            self.named.append(attributes.get("aria-label") or attributes.get("aria-labelledby"))
        if tag not in ("meta", "input", "hr", "br", "path", "rect", "circle", "text"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "rect", "circle", "text"):
            assert self.open.pop() == tag


def check_outline(text):
    outline = Outline(text)
    assert not outline.open and len(outline.ids) == len(set(outline.ids))
    assert set(outline.controls) <= outline.labels and all(outline.named)
    assert outline.levels[0] == 1 and outline.levels.count(1) == 1
    assert all(later - before <= 1 for before, later in zip(outline.levels, outline.levels[1:]))


def test_the_page_can_be_read_by_everybody(house):
    for _ in range(3):
        house.send()
    check_outline(ask(house, "GET", links(house)[0]).text)


def test_at_most_twenty_open_items_are_shown(house):
    for _ in range(25):
        house.ctl("send", "practice")
    page = ask(house, "GET", links(house)[0])
    assert page.text.count('name="occurrence"') == 20 and len(page.text) < 100000


def test_somebody_who_left_the_configuration_has_no_page(house):
    page = links(house, "bo")[0]
    assert ask(house, "GET", page).status == 200
    text = house.config.read_text(encoding="utf-8")
    try:
        house.config.write_text(re.sub(r"(?s)\{ id = \"bo\".*?\}", '{ id = "cy"; via = [ "hook" ]; place = "london"; }', text, count=1)
                                .replace('"bo"', '"cy"'), encoding="utf-8")
        house.ctl("reload")
        assert ask(house, "GET", page).status == 403
        assert ask(house, "GET", links(house, "cy")[0]).status == 200
    finally:
        house.config.write_text(text, encoding="utf-8")
        house.ctl("reload")
    assert ask(house, "GET", page).status == 200


def test_without_a_listener_there_is_no_link_and_the_daemon_says_so():
    with House() as house:
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(re.sub(r"(?m)^listen = .*$", "", text), encoding="utf-8")
        house.start()
        done = house.ctl("link", "ana", ok=False)
        assert done.returncode == 1 and "listen" in done.stderr
